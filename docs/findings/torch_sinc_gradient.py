"""PyTorch: the gradient of sinc has no right digit near zero.

It is the difference of cos(z) / z and sin(z) / z**2, two large numbers that are nearly equal: at 1e-4 the float32
gradient is wrong by more than itself, and so is the float64 one at 4e-9. At zero itself it is right.

Declared as:
sinc_near_zero: torch.sinc
"""

import sys

import numpy as np
import torch

print(f"torch {torch.__version__}")
errors = []
for dtype, values in ((torch.float32, [1e-4, 2e-4, 1e-3]), (torch.float64, [4e-9, 1e-6, 1e-4])):
    x = torch.tensor(values, dtype=dtype, requires_grad=True)
    torch.sinc(x).sum().backward()
    z = np.pi * x.detach().numpy().astype(np.float64)
    truth = -np.pi * z / 3 * (1 - z**2 / 10)
    gradient = x.grad.numpy().astype(np.float64)
    errors.append(np.abs(gradient / truth - 1) / torch.finfo(dtype).eps)
    for value, found, right in zip(values, gradient, truth, strict=True):
        print(f"{dtype}, x = {value:g}: gradient {found:.6e}, where {right:.6e} is right")
sys.exit(0 if np.max(errors) > 1e4 else "no longer wrong")
