"""PyTorch: erf of small float16 and bfloat16 numbers has no correct digit.

For 16-bit formats the CPU kernel is a vector one, of the approximation by Abramowitz and Stegun, whose error of
1.5e-7 is absolute: erf(2e-7) is off by half, and everything below about 1e-7 is wrong, which is two fifths of all
bfloat16 numbers. Tensors in float32 use an accurate kernel. The approximation is described in
https://github.com/pytorch/pytorch/issues/198183, for compiled float32.

Declared as:
every_erf: torch.erf
"""

import math
import sys

import torch

print(f"torch {torch.__version__}")
errors = []
for number in (2.0**-10, 2.0**-22, 2.0**-40):
    for dtype in (torch.float32, torch.bfloat16):
        truth = math.erf(number)
        found = float(torch.erf(torch.full((64,), number, dtype=dtype))[0])
        errors.append(abs(found / truth - 1))
        print(f"erf({number:.3g}) in {dtype}: {found:.5g}, truth {truth:.5g}")
sys.exit(0 if max(errors) > 0.1 else "no longer wrong")
