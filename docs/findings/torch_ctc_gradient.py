"""PyTorch: the gradient of ctc_loss is not that of its argument, but that of what log_softmax would be taken of.

The loss takes logarithms of probabilities. The gradient that it gives is only right when log_softmax is applied before
it: numerical differences contradict it, and where an element has no part in the loss it is not zero. Whoever makes
the logarithms otherwise, by torch.log or by an average of models, trains with a wrong gradient.

Declared as:
ctc_of_log_probabilities: torch.nn.functional.ctc_loss
"""

import sys

import numpy as np
import torch

STEPS, CLASSES, LABELS = 3, 3, [1]
random = np.random.default_rng(0)
values = random.normal(size=(STEPS, 1, CLASSES)) - 1


def loss(x):
    return torch.nn.functional.ctc_loss(x, torch.tensor([LABELS]), [STEPS], [len(LABELS)], reduction="sum")


def collapsed(path):
    return [c for c, previous in zip(path, [0, *path], strict=False) if c not in (0, previous)]


def formula(x):
    """Minus the logarithm of the sum over all paths of classes that come down to the labels."""
    paths = [[i, j, k] for i in range(CLASSES) for j in range(CLASSES) for k in range(CLASSES)]
    logs = [sum(x[t, 0, c] for t, c in enumerate(path)) for path in paths if collapsed(path) == LABELS]
    return -np.log(np.exp(logs).sum())


x = torch.tensor(values, requires_grad=True)
result = loss(x)
result.backward()
step, truth = 1e-6, np.zeros(values.shape)
for place in np.ndindex(values.shape):
    shift = np.zeros(values.shape)
    shift[place] = step
    truth[place] = (formula(values + shift) - formula(values - shift)) / (2 * step)

error = np.abs(x.grad.numpy() - truth).max()
print(f"torch {torch.__version__}, float64, labels {LABELS}, {STEPS} steps, {CLASSES} classes")
print(f"loss {result.item():.6f}, by the formula {formula(values):.6f}")
print(f"gradient by numerical differences:\n{truth[:, 0].round(4)}")
print(f"gradient of torch.nn.functional.ctc_loss:\n{x.grad.numpy()[:, 0].round(4)}")
print(f"largest error {error:.2g}")
sys.exit(0 if error > 1e-3 else "no longer wrong")
