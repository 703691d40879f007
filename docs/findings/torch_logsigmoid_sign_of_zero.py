"""PyTorch: logsigmoid of numbers above 103 is 0.0, although logarithms of numbers below 1 are negative.

It is min(0, x) - log1p(exp(-|x|)), and 0 - 0 is 0.0. TensorFlow gives -softplus(-x), which is -0.0, the result that a
negative number too small for the format rounds to. It shows when the result is a divisor.

Declared as:
every_logsigmoid: torch.nn.functional.logsigmoid
"""

import math
import sys

import torch

y = torch.nn.functional.logsigmoid(torch.tensor([110.0]))
print(f"torch {torch.__version__}: logsigmoid(110) = {float(y[0])}, 1 / logsigmoid(110) = {float(1 / y[0])}")
sys.exit(0 if math.copysign(1.0, float(y[0])) > 0 else "no longer wrong")
