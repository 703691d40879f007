"""PyTorch: gelu of infinity is NaN in float32 and bfloat16 on a CPU.

It is infinity, which float64 and float16, and gelu(approximate="tanh"), do give. The exact function in float32 and
bfloat16 is oneDNN's, which goes wrong on processors with AVX-512.

Declared as:
gelu_of_infinity: torch.nn.functional.gelu
"""

import sys

import numpy as np
import torch

print(f"torch {torch.__version__}; {np.inf} is right")
results = []
for dtype in (torch.float64, torch.float16, torch.float32, torch.bfloat16):
    for approximate in ("none", "tanh"):
        y = torch.nn.functional.gelu(torch.full((8,), torch.inf, dtype=dtype), approximate=approximate)
        results.append(float(y[0]))
        print(f"torch.nn.functional.gelu(inf, approximate={approximate!r}), {dtype}: {results[-1]}")
sys.exit(0 if np.isnan(results).any() else "no longer wrong")
