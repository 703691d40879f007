"""PyTorch: logsigmoid of numbers above 103 is 0.0, although logarithms of numbers below 1 are negative.

It is min(0, x) - log1p(exp(-|x|)), and 0 - 0 is 0.0. In float64 it happens above 745. TensorFlow gives -softplus(-x),
which is -0.0, the result that a negative number too small for the format rounds to. It shows when the result is a
divisor.

Declared as:
every_logsigmoid: torch.nn.functional.logsigmoid
extremes_of_logsigmoid: torch.nn.functional.logsigmoid
"""

import math
import sys

import torch

print(f"torch {torch.__version__}; -0.0 is right, and 1 / -0.0 is minus infinity")
wrong = []
for dtype, x in ((torch.float64, 750.0), (torch.float32, 110.0), (torch.float16, 110.0), (torch.bfloat16, 110.0)):
    y = torch.nn.functional.logsigmoid(torch.tensor([x], dtype=dtype))
    print(f"{dtype}: logsigmoid({x:.0f}) = {float(y[0])}, 1 / logsigmoid({x:.0f}) = {float(1 / y[0])}")
    wrong.append(math.copysign(1.0, float(y[0])) > 0)
sys.exit(0 if any(wrong) else "no longer wrong")
