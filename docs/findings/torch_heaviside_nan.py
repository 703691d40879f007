"""PyTorch: heaviside of NaN is 0.

It compares with zero, and every comparison with NaN is false. NumPy gives NaN.

Declared as:
extremes_of_heaviside: torch.heaviside
"""

import sys

import numpy as np
import torch

x, at_zero = np.array([-1.0, 0.0, 1.0, np.nan]), np.full(4, 0.5)
truth = np.heaviside(x, at_zero)

print(f"torch {torch.__version__}; the step at {x} is {truth}")
wrong = []
for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
    found = torch.heaviside(torch.tensor(x, dtype=dtype), torch.tensor(at_zero, dtype=dtype)).tolist()
    print(f"{dtype}: {found}")
    wrong.append(found[-1] == 0)
sys.exit(0 if any(wrong) else "no longer wrong")
