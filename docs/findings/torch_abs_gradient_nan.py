"""PyTorch: the gradient of abs and of l1_loss at NaN is 0.

It is the sign of the number, and PyTorch's sign of NaN is 0. A loss that is NaN then has a gradient of zeros, and
nothing downstream shows that it is lost. The gradients of mse_loss, smooth_l1_loss and huber_loss at NaN are NaN.

Declared as:
extremes_of_abs: torch.abs
extremes_of_l1_loss: torch.nn.functional.l1_loss
"""

import math
import sys

import torch

functional = torch.nn.functional
zero = torch.zeros(1)
print(f"torch {torch.__version__}, x = nan")
found = {}
for name, call in {
    "torch.abs": torch.abs,
    "l1_loss": lambda x: functional.l1_loss(x, zero),
    "smooth_l1_loss": lambda x: functional.smooth_l1_loss(x, zero),
    "mse_loss": lambda x: functional.mse_loss(x, zero),
}.items():
    x = torch.tensor([math.nan], requires_grad=True)
    y = call(x)
    y.sum().backward()
    found[name] = float(x.grad[0])
    print(f"{name}: {float(y.detach().sum())}, its gradient {found[name]}, where nan is right")
sys.exit(0 if found["torch.abs"] == 0 or found["l1_loss"] == 0 else "no longer wrong")
