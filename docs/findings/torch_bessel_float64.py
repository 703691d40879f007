"""PyTorch: bessel_j0 and bessel_j1 of float64 tensors have six digits beyond 5.

Just above 5 their error is 4e-7, more than float32 rounding, and just below 5 it is 1e-8. Near zero, and far out, they
are right to the last digits.

Declared as:
bessel: torch.special.bessel_j
"""

import sys

import numpy as np
import torch

angles = 2 * np.pi * np.arange(128) / 128
calls = {"bessel_j0": (torch.special.bessel_j0, 0), "bessel_j1": (torch.special.bessel_j1, 1)}

print(f"torch {torch.__version__}, float64; rounding alone explains about {np.finfo(float).eps:.0e}")
errors = []
for name, (call, order) in calls.items():
    for low, high in ((0.1, 1.0), (4.0, 4.99), (5.01, 6.0), (6.0, 12.0), (20.0, 30.0)):
        x = np.linspace(low, high, 500)
        truth = np.cos(order * angles - x[:, None] * np.sin(angles)).mean(1)
        errors.append(np.abs(call(torch.tensor(x)).numpy() - truth).max())
        print(f"torch.special.{name} from {low} to {high}: largest error {errors[-1]:.1e}")
sys.exit(0 if max(errors) > 1e-12 else "no longer wrong")
