"""PyTorch: soft_margin_loss is infinite, and its gradient NaN, where a prediction is 89 on the wrong side.

The loss is log(1 + exp(x)), taken literally: exp overflows although the result is nearly x. softplus computes the same
function without overflow. The limit is 89 in float32 and bfloat16, and 710 in float64.

Declared as:
soft_margin_far_out: torch.nn.functional.soft_margin_loss (exp overflows)
"""

import sys

import numpy as np
import torch

print(f"torch {torch.__version__}; the target is -1")
results = []
for dtype, values in ((torch.float32, [80.0, 89.0, 100.0]), (torch.float64, [100.0, 800.0])):
    x = torch.tensor(values, dtype=dtype, requires_grad=True)
    loss = torch.nn.functional.soft_margin_loss(x, torch.full_like(x, -1), reduction="none")
    loss.sum().backward()
    truth = np.logaddexp(0, values)
    results += loss.tolist()
    print(f"{dtype}, predictions {values}: loss {loss.tolist()}, where {truth.tolist()} is right")
    print(f"{dtype}, predictions {values}: gradient {x.grad.tolist()}, where ones are right")
sys.exit(0 if not np.isfinite(results).all() else "no longer wrong")
