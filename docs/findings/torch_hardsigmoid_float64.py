"""PyTorch: the gradient of hardsigmoid multiplies by 1/6 rounded to float32, also for float64 tensors.

The backward kernel has one sixth as a float32 constant, so that float64 gradients are wrong from the eighth digit on.
On a GPU the forward kernel does the same.

Declared as:
hard_sigmoid: torch.nn.functional.hardsigmoid
hard_sigmoid: torch.nn.Hardsigmoid
extremes_of_hard_sigmoid: torch.nn.functional.hardsigmoid
kinks_of_hard_sigmoid: torch.nn.functional.hardsigmoid
"""

import sys

import numpy as np
import torch

values = np.linspace(-2.5, 2.5, 11)
devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]

print(f"torch {torch.__version__}, float64; rounding alone explains about {np.finfo(float).eps:.0e}")
errors = []
for device in devices:
    for name, call in (("F.hardsigmoid", torch.nn.functional.hardsigmoid), ("nn.Hardsigmoid", torch.nn.Hardsigmoid())):
        x = torch.tensor(values, device=device, requires_grad=True)
        y = call(x)
        y.sum().backward()
        assert x.grad.dtype == torch.float64
        forward = np.abs(y.detach().cpu().numpy() - (values / 6 + 0.5)).max()
        errors.append(float(np.abs(x.grad.cpu().numpy() - 1 / 6).max()))
        print(f"{name} on {device}: largest error of the gradient {errors[-1]:.1e}, of the result {forward:.1e}")
sys.exit(0 if min(errors) > 1e-12 else "no longer wrong")
