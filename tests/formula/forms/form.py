"""How formulas call what they may use: for every name some calls, as strangers write them.

The tests of values, derivatives and rounding go through this table, and fail where a name has no entry. The arrays of
a form are what is differentiated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Form:
    """One call: ``call(np, *arrays)``."""

    name: str
    call: Callable[..., Any]
    arrays: tuple[Any, ...]
    id: str


def normal(*shape, seed=0, mean=0.0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape) + mean


def distinct(*shape):
    """Numbers of both signs that are far from each other and from zero, as are their sums."""
    size = int(np.prod(shape))
    order = np.random.default_rng(size).permutation(size)
    return ((order - size / 2 + 0.3) * 0.4 + np.sqrt(order) / 30).reshape(shape)


A, B, C3 = normal(3, 4), normal(3, 4, seed=1), normal(2, 3, 4)
ROW, COLUMN, V, W = normal(4), normal(3, 1), normal(5), normal(5, seed=2)
P, Q = np.abs(A) + 0.5, np.abs(B) + 0.5
D, D3 = distinct(3, 4), distinct(2, 3, 4)
ONE, EMPTY = normal(), np.zeros((0, 4))
SQUARE, BATCH = normal(4, 4) + 2 * np.eye(4), normal(2, 3, 3) + 2 * np.eye(3)
SYMMETRIC = SQUARE + SQUARE.T
SPD, SPDS = SQUARE @ SQUARE.T + np.eye(4), BATCH @ np.swapaxes(BATCH, 1, 2) + np.eye(3)
TALL, WIDE, TALLS = normal(5, 3), normal(3, 5), normal(2, 4, 3)
UNIT = np.tanh(A) * 0.8
PLACES, WHOLE = np.array([2, 0, 2, 1]), np.array([[3, 0, 1, 1], [2, 2, 7, 5], [1, 4, 6, 0]])
MASK = np.array([[1, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 1]], bool)


def complex_of(x, y):
    return x + 1j * y


def symmetric(x):
    return (x + x.swapaxes(-1, -2)) / 2


FORMS: list[Form] = []


def form(name, *calls):
    """Calls of a name: functions, each followed by its arrays."""
    given = []
    for part in (*calls, None):
        if (callable(part) or part is None) and given:
            number = sum(each.name == name for each in FORMS)
            FORMS.append(Form(name, given[0], tuple(given[1:]), f"{name}-{number}"))
            given = []
        given.append(part)


def unary(names, *arrays):
    for name in names.split():
        for array in (*arrays, arrays[0][1, 2], arrays[0][:0]):
            form(name, lambda np, x, name=name: getattr(np, name)(x), array)


def binary(names, x, y):
    for name in names.split():
        pairs = [(x, y), (x, y[1]), (x[:, :1], y[1]), (x[0, 0], y), (x[:0], y[:1])]
        for pair in pairs:
            form(name, lambda np, x, y, name=name: getattr(np, name)(x, y), *pair)
        form(name, lambda np, x, name=name: getattr(np, name)(x, 1.3), x)
        form(name, lambda np, y, name=name: getattr(np, name)(0.7, y), y)


def along(names, x, axes=(None, 0, -1, 1), keepdims=True, **options):
    for name in names.split():
        for axis in axes:
            form(name, lambda np, x, name=name, axis=axis: getattr(np, name)(x, axis=axis), x)
        form(name, lambda np, x, name=name: getattr(np, name)(x, 1), x)
        if keepdims:
            form(name, lambda np, x, name=name: getattr(np, name)(x, axis=(0, -1), keepdims=True), x)
            form(name, lambda np, x, name=name: getattr(np, name)(x, axis=(2, 0)), x)
            form(name, lambda np, x, name=name: getattr(np, name)(x, keepdims=True), x)
            form(name, lambda np, x, name=name: getattr(np, name)(x[0, 0, 0]), x)
