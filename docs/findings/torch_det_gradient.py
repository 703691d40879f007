"""PyTorch: the gradient of the determinant of a singular matrix is zero, where the cofactors are right.

The gradient of a determinant is the determinant times the inverse, which a singular matrix has not; the cofactors are
the same where there is an inverse, and are polynomials of the elements, which always exist. Numerical differences agree
with them, and PyTorch gives zeros.

Declared as:
determinant_of_singular: torch.linalg.det
"""

import sys

import numpy as np
import torch

print(f"torch {torch.__version__}, float64")
errors = []
for rows in ([[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]):
    matrix = np.array(rows)
    size = len(rows)
    truth = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            minor = np.delete(np.delete(matrix, i, 0), j, 1)
            truth[i, j] = (-1) ** (i + j) * np.linalg.det(minor)
    x = torch.tensor(matrix, requires_grad=True)
    torch.linalg.det(x).backward()
    errors.append(np.abs(x.grad.numpy() - truth).max())
    print(f"matrix {rows}: gradient {(x.grad.numpy() + 0).tolist()}")
    print(f"where {truth.round(9).tolist()} is right: largest error {errors[-1]:g}")
sys.exit(0 if max(errors) > 1e-6 else "no longer wrong")
