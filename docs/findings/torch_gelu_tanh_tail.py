"""PyTorch: gelu with approximate="tanh" is zero below -5.

x (1 + tanh(u)) / 2 cancels in float32 where tanh(u) is nearly -1. The formula is x / (1 + exp(-2 u)), which does not:
at -5.1 it is -1.2e-7, a normal number of bfloat16 and float32.

Declared as:
every_gelu_tanh: torch.nn.functional.gelu
"""

import math
import sys

import torch

x = -5.1
truth = x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
print(f"torch {torch.__version__}: at {x} the truth is {truth:.3g}")
found = []
for dtype in (torch.float32, torch.bfloat16):
    found.append(float(torch.nn.functional.gelu(torch.full((64,), x, dtype=dtype), approximate="tanh")[0]))
    print(f"{dtype}: {found[-1]:.3g}")
sys.exit(0 if 0.0 in found else "no longer wrong")
