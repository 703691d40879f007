"""PyTorch: the sign of NaN is 0.

torch.sign and torch.sgn compare with zero, and every comparison with NaN is false. NumPy and TensorFlow give NaN, so
that a step by the sign of the gradient shows that the gradient is lost. Known as
https://github.com/pytorch/pytorch/issues/41245.

Declared as:
every_sign: torch.sign
every_sign: torch.sgn
extremes_of_sign: torch.sign
extremes_of_sign: torch.sgn
special_sign: torch.sign
special_sign: torch.sgn
"""

import math
import sys

import torch

x = torch.tensor([math.nan])
found = [float(function(x)) for function in (torch.sign, torch.sgn)]
print(f"torch {torch.__version__}: sign(nan) = {found[0]}, sgn(nan) = {found[1]}")
sys.exit(0 if not any(map(math.isnan, found)) else "no longer wrong")
