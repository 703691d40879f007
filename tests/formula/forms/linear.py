"""Calls of what a formula may use: linear algebra."""

import numpy as np

from .form import (
    BATCH,
    C3,
    D3,
    ROW,
    SPD,
    SPDS,
    SQUARE,
    SYMMETRIC,
    TALL,
    TALLS,
    WIDE,
    A,
    B,
    D,
    V,
    form,
    normal,
    symmetric,
)

form("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), SQUARE, ROW)
form("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), SQUARE, normal(4, 2))
form("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), BATCH, normal(2, 3, 2))
form("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), BATCH[0], normal(2, 3, 2))
form("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), BATCH, normal(3, 2))
form("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), BATCH, normal(3))
form("linalg.inv", lambda np, a: np.linalg.inv(a), SQUARE, lambda np, a: np.linalg.inv(a), BATCH)
form("linalg.det", lambda np, a: np.linalg.det(a), SQUARE)
form("linalg.det", lambda np, a: np.linalg.det(a), BATCH)
form("linalg.det", lambda np, a: np.linalg.det(a), normal(1, 1))
form("linalg.slogdet", lambda np, a: np.linalg.slogdet(a)[1], SQUARE)
form("linalg.slogdet", lambda np, a: np.linalg.slogdet(-a).logabsdet, BATCH)
form("linalg.slogdet", lambda np, a: np.linalg.slogdet(-a)[0], BATCH)
form("linalg.cholesky", lambda np, a: np.linalg.cholesky(symmetric(a)), SPD)
form("linalg.cholesky", lambda np, a: np.linalg.cholesky(symmetric(a)), SPDS)
for tall in (TALL, SQUARE, TALLS):
    form("linalg.qr", lambda np, a: np.linalg.qr(a)[0], tall)
    form("linalg.qr", lambda np, a: np.linalg.qr(a).R, tall)
    form("linalg.qr", lambda np, a: np.linalg.qr(a, mode="r"), tall)
form("linalg.qr", lambda np, a: sum(np.sum(part * k) for k, part in enumerate(np.linalg.qr(a), 1)), TALL)
for name in ("eigvalsh", "eigh"):
    form(f"linalg.{name}", lambda np, a, name=name: part(getattr(np.linalg, name)(symmetric(a)), 0), SYMMETRIC)
    form(f"linalg.{name}", lambda np, a, name=name: part(getattr(np.linalg, name)(symmetric(a)), 0), SPDS)


def part(found, index):
    return found[index] if isinstance(found, tuple) else found


form("linalg.eigh", lambda np, a: np.linalg.eigh(symmetric(a))[1] ** 2, SYMMETRIC)
form("linalg.eigh", lambda np, a: np.linalg.eigh(symmetric(a)).eigenvectors ** 2, SPDS)
form("linalg.svd", lambda np, a: np.linalg.svd(a, compute_uv=False), TALL)
form("linalg.svd", lambda np, a: np.linalg.svd(a, full_matrices=False)[1], WIDE)
for matrix in (TALL, WIDE, SQUARE, TALLS):
    form("linalg.svd", lambda np, a: np.linalg.svd(a, full_matrices=False).U ** 2, matrix)
    form("linalg.svd", lambda np, a: np.linalg.svd(a, full_matrices=False).Vh ** 2, matrix)
    form(
        "linalg.svd",
        lambda np, a: (lambda u, s, v: u * s[..., None, :] ** 2 @ v)(*np.linalg.svd(a, full_matrices=False)),
        matrix,
    )
form("linalg.svdvals", lambda np, a: np.linalg.svdvals(a), TALLS, lambda np, a: np.linalg.svdvals(a), WIDE)
form("linalg.pinv", lambda np, a: np.linalg.pinv(a), TALL)
form("linalg.pinv", lambda np, a: np.linalg.pinv(a), WIDE)
form("linalg.pinv", lambda np, a: np.linalg.pinv(a), TALLS)
form("linalg.matrix_power", lambda np, a: np.linalg.matrix_power(a, 3), BATCH)
form("linalg.matrix_power", lambda np, a: np.linalg.matrix_power(a, -2), SQUARE)
form("linalg.matrix_power", lambda np, a: np.linalg.matrix_power(a, 0), SQUARE)
form("linalg.matrix_power", lambda np, a: np.linalg.matrix_power(a, 1), SQUARE)
form("linalg.norm", lambda np, x: np.linalg.norm(x), A)
form("linalg.norm", lambda np, x: np.linalg.norm(x), V)
form("linalg.norm", lambda np, x: np.linalg.norm(x, axis=-1), C3)
form("linalg.norm", lambda np, x: np.linalg.norm(x, axis=1, keepdims=True), C3)
form("linalg.norm", lambda np, x: np.linalg.norm(x, axis=(0, 2)), C3)
for order in (None, 1, 2, 3, 0.5, np.inf, -np.inf, 0):
    form("linalg.norm", lambda np, x, order=order: np.linalg.norm(x, ord=order, axis=-1), D)
for order in ("fro", "nuc", 1, 2, np.inf, -1, -np.inf, -2):
    form("linalg.norm", lambda np, x, order=order: np.linalg.norm(x, order), D)
    form("linalg.norm", lambda np, x, order=order: np.linalg.norm(x, order, axis=(2, 0), keepdims=True), D3)
form("linalg.norm", lambda np, x, y: np.linalg.norm(x + 1j * y, axis=0), A, B)
form("linalg.vector_norm", lambda np, x: np.linalg.vector_norm(x), A)
form("linalg.vector_norm", lambda np, x: np.linalg.vector_norm(x, axis=-1, ord=3), A)
form("linalg.matrix_norm", lambda np, x: np.linalg.matrix_norm(x), C3)
form("linalg.matrix_norm", lambda np, x: np.linalg.matrix_norm(x, ord=1), D3)
form("linalg.matrix_transpose", lambda np, x: np.linalg.matrix_transpose(x), C3)
form("linalg.multi_dot", lambda np, x, y, z: np.linalg.multi_dot([x, y, z]), A, SQUARE, ROW)
form("linalg.trace", lambda np, x: np.linalg.trace(x), BATCH)
form("linalg.outer", lambda np, x, y: np.linalg.outer(x, y), V, ROW)
