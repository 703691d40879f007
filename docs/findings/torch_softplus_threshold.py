"""PyTorch: softplus of float64 tensors is x itself above a threshold of 20, which leaves out exp(-x).

log(1 + exp(x)) = x + log(1 + exp(-x)) can be computed without overflow for every x, and exp(-20) = 2e-9 counts in
float64, where rounding at 20 is 4e-15. The threshold is documented; it suits float32. threshold=40 avoids the error.

Declared as:
softplus: torch.nn.functional.softplus
softplus: torch.nn.Softplus
"""

import sys

import numpy as np
import torch

values = np.array([19.9, 20.1, 21.0, 25.0, 30.0])
truth = values + np.log1p(np.exp(-values))
slopes = 1 / (1 + np.exp(-values))

print(f"torch {torch.__version__}, float64; rounding alone explains about {np.spacing(30.0):.0e}")
errors = []
for name, call in (("F.softplus", torch.nn.functional.softplus), ("nn.Softplus", torch.nn.Softplus())):
    x = torch.tensor(values, requires_grad=True)
    y = call(x)
    y.sum().backward()
    error, gradient = np.abs(y.detach().numpy() - truth), np.abs(x.grad.numpy() - slopes)
    errors.append(float(error.max()))
    print(f"{name}: errors at {values.tolist()}: {', '.join(f'{e:.1e}' for e in error)}")
    print(f"{name}: errors of the gradient: {', '.join(f'{e:.1e}' for e in gradient)}")
fixed = torch.nn.functional.softplus(torch.tensor(values), threshold=40).numpy()
print(f"F.softplus(threshold=40): largest error {np.abs(fixed - truth).max():.1e}")
sys.exit(0 if min(errors) > 1e-12 else "no longer wrong")
