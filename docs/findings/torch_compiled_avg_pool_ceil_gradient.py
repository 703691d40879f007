"""PyTorch: compiled, the gradient of average pooling with ceil_mode is too small at the end of an axis.

With ceil_mode the last window may reach over the end. Its mean is that of the elements within, and so is its gradient,
eagerly. Inductor divides the gradient by the size of a whole window. The results themselves are right, so that a
compiled training goes wrong without a word. The same happens where a margin of zeros is
counted. https://github.com/pytorch/pytorch/issues/198119

Declared as:
avg_pool2d_divisor: torch.nn.functional.avg_pool2d(divisor_override)
avg_pool2d_divisor: torch.nn.AvgPool2d(divisor_override)
avg_pool2d_edges: torch.nn.functional.avg_pool2d(ceil_mode, count_include_pad)
avg_pool2d_edges: torch.nn.AvgPool2d(ceil_mode, count_include_pad)
"""

import sys

import torch


def pooled(x):
    return torch.nn.functional.avg_pool2d(x, 3, 3, ceil_mode=True)


def with_margin(x):
    return torch.nn.functional.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True, count_include_pad=True)


def gradient(function):
    x = torch.ones(1, 1, 8, 8, requires_grad=True)
    return torch.autograd.grad(function(x).sum(), x)[0][0, 0]


print(f"torch {torch.__version__}: an image of 8 x 8, windows of 3 x 3; the last ones have two rows and columns")
eager, compiled = gradient(pooled), gradient(torch.compile(pooled))
print(f"eager: {eager[0, 0]:.4f} at the beginning, {eager[-1, -1]:.4f} at the end, where a window has 4 elements")
print(f"compiled: {compiled[0, 0]:.4f} at the beginning, {compiled[-1, -1]:.4f} at the end")
wrong = [not torch.allclose(eager, compiled)]

print("windows of 3 x 3 at a distance of 2, and a margin of 1 that is counted; the last ones have two rows and columns")
eager, compiled = gradient(with_margin), gradient(torch.compile(with_margin))
print(f"eager: {eager[-1, -1]:.4f} at the end; compiled: {compiled[-1, -1]:.4f}")
wrong.append(not torch.allclose(eager, compiled))
sys.exit(0 if any(wrong) else "no longer wrong")
