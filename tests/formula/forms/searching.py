"""Calls of what a formula may use: finding and comparing."""

import numpy as np

from .form import MASK, PLACES, SQUARE, WHOLE, A, D, Q, V, form, unary

for name in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]:
    form(name, lambda np, x, y, name=name: getattr(np, name)(x, y), D, np.where(MASK, D, 0.0))
    form(name, lambda np, x, name=name: getattr(np, name)(x, 0.12), D)
for name in ["logical_and", "logical_or", "logical_xor", "isclose"]:
    form(name, lambda np, x, y, name=name: getattr(np, name)(x, y), np.where(MASK, D, 0.0), D)
unary("logical_not isneginf isposinf isreal", np.where(MASK, D, 0.0))
for name in ["all", "any", "argmax", "argmin", "count_nonzero"]:
    form(name, lambda np, x, name=name: getattr(np, name)(x), D)
    form(name, lambda np, x, name=name: getattr(np, name)(x, axis=1), D)
    form(name, lambda np, x, name=name: getattr(np, name)(x, axis=-1, keepdims=True), D)
for name in ["argwhere", "flatnonzero"]:
    form(name, lambda np, x, name=name: getattr(np, name)(x), np.where(MASK, D, 0.0))
form("nonzero", lambda np, x: np.nonzero(x)[0], np.where(MASK, D, 0.0))
for name in ["allclose", "array_equal"]:
    form(name, lambda np, x, name=name: getattr(np, name)(x, x + 0.0), D)
form("iscomplexobj", lambda np, x: np.iscomplexobj(x), A, lambda np, x: np.iscomplexobj(x + 1j), A)
form("isin", lambda np, x: np.isin(np.floor(x), [1.0, 0.0, -2.0]), D)
form("isscalar", lambda np: np.isscalar(3.0))
form("ndim", lambda np, x: np.ndim(x), A)
form("shape", lambda np, x: np.shape(x), A)
form("size", lambda np, x: np.size(x), A)
form("searchsorted", lambda np, x: np.searchsorted(np.array([-1.0, 0.0, 1.0]), x), D)
form("searchsorted", lambda np, x: np.searchsorted(np.sort(x), [0.0, 0.5], side="right"), V)
form("digitize", lambda np, x: np.digitize(x, [-1.0, 0.0, 1.0]), D)
form("lexsort", lambda np, x: np.lexsort((x[0], x[1])), D)
form("unique", lambda np, x: np.unique(np.floor(x)), D, lambda np, x: np.unique(np.floor(x), return_counts=True)[1], D)
form("floor_divide", lambda np, x, y: np.floor_divide(x, y), D, Q, lambda np, x: x // 0.75, D)
for name in ["bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm", "left_shift", "right_shift"]:
    form(name, lambda np, name=name: getattr(np, name)(WHOLE, PLACES))
form("invert", lambda np: np.invert(WHOLE), lambda np: ~MASK)
form("broadcast_shapes", lambda np, x: np.broadcast_shapes(x.shape, (2, 1, 4)), A)
form("diag_indices", lambda np: np.diag_indices(3)[0])
form("indices", lambda np: np.indices((2, 3)))
form("ix_", lambda np, x: x[np.ix_([0, 2], [1, 3])], A)
form("ravel_multi_index", lambda np: np.ravel_multi_index((np.array([1, 0]), np.array([2, 3])), (3, 4)))
form("unravel_index", lambda np, x: np.unravel_index(np.argmax(x), x.shape)[1], D)
form("tri", lambda np: np.tri(3, 4, k=1), lambda np, x: x * np.tri(3, 4), A)
form("tril_indices", lambda np, x: x[np.tril_indices(4)], SQUARE)
form("triu_indices", lambda np, x: x[np.triu_indices(4, k=1)], SQUARE)
