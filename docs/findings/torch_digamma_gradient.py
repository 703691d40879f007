"""PyTorch: the gradient of digamma, torch.polygamma(1, x), has nine digits in float64.

It is a sum of six terms and an asymptotic series that is cut off after a few, which suits float32. The gradients of
distributions made of gamma functions, such as Dirichlet, inherit the error in their second derivatives.

Declared as:
digamma: torch.digamma
"""

import sys

import numpy as np
import torch

values = np.array([1.0, 1.5, 2.0, 3.0])
z = values + 30
tail = 1 / z + 1 / (2 * z**2) + 1 / (6 * z**3) - 1 / (30 * z**5) + 1 / (42 * z**7) - 1 / (30 * z**9)
truth = tail + sum(1 / (values + k) ** 2 for k in range(30))

x = torch.tensor(values, requires_grad=True)
torch.digamma(x).sum().backward()
error = np.abs(x.grad.numpy() - truth)
print(f"torch {torch.__version__}, float64; rounding alone explains about {np.finfo(float).eps:.0e}")
print(f"pi**2 / 6 = {np.pi**2 / 6:.15f}, the sum {truth[0]:.15f}, the gradient of torch.digamma at 1 {x.grad[0]:.15f}")
print(f"torch.polygamma(1, 1) = {torch.polygamma(1, torch.tensor(1.0, dtype=torch.float64)).item():.15f}")
print(f"errors at {values.tolist()}: {', '.join(f'{e:.1e}' for e in error)}")
sys.exit(0 if error.max() > 1e-12 else "no longer wrong")
