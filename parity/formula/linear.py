"""``np.linalg`` in any precision: the textbook algorithms that libraries use, so that they round as libraries do.

Solutions come from elimination with row pivoting, orthogonal factors from Householder's reflections, eigenvalues and
singular values from Jacobi's rotations (Golub and Van Loan, "Matrix Computations", 4th edition, 3.4, 4.2, 5.2, 8.5,
8.6). Gradients are those that frameworks compute (Giles, "Collected matrix derivative results", 2008; Seeger and
others, "Auto-differentiating linear algebra", 2017; Murray, "Differentiation of the Cholesky decomposition", 2016).
Matrices stand in the last two axes. They are real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce, wraps
from typing import Any, NamedTuple

import numpy as np
from autograd.builtins import tuple as traced_tuple
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

from .arrays import MOVED, asarray, tril
from .derivatives import anp, others, root
from .rounding import UNIT, Rounded, lifted
from .sums import add_up, einsum, largest, smallest, trace

SWEEPS = 60
"""Sweeps of Jacobi's rotations after which they have converged for certain; ten are usual."""


NEARLY_SINGULAR = 1e-5
"""The quotient of a matrix's pivots below which its inverse in float32 has few right digits, or none."""


def _batched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call a function of stacks of matrices, ``(B, m, n)``, with any number of axes in front."""

    @wraps(function)
    def call(*matrices: Any) -> Any:
        front = matrices[0].shape[:-2]
        found = function(*(x.reshape(-1, *x.shape[-2:]) for x in matrices))
        parts = found if isinstance(found, tuple) else (found,)
        shaped = tuple(np.reshape(x, (*front, *x.shape[1:])) for x in parts)
        return shaped if isinstance(found, tuple) else shaped[0]

    return call


def _eliminated(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Upper triangular matrices, the right sides after the same steps, and the signs of the row exchanges."""
    kind = np.result_type(a, b)
    a, b, signs = a.astype(kind), b.astype(kind), np.ones(len(a))
    b = lifted(b) if isinstance(a, Rounded) else b
    every = np.arange(len(a))
    for k in range(a.shape[-1]):
        pivot = k + np.argmax(np.abs(np.asarray(a[:, k:, k])), axis=1)
        signs = signs * np.where(pivot == k, 1.0, -1.0)
        for x in (a, b):
            rows = x[every, pivot].copy()
            x[every, pivot] = x[:, k]
            x[:, k] = rows
        head = a[:, k : k + 1, k : k + 1]
        factors = a[:, k + 1 :, k : k + 1] / np.where(np.asarray(head) == 0, 1.0, head)  # Nothing is left below a 0.
        b[:, k + 1 :] = b[:, k + 1 :] - factors * b[:, k : k + 1]
        a[:, k + 1 :, k:] = a[:, k + 1 :, k:] - factors * a[:, k : k + 1, k:]
    return a, b, signs


@_batched
def _solve(a: Any, b: Any) -> Any:
    upper, right, _ = _eliminated(a, b)
    for k in reversed(range(a.shape[-1])):
        rest = np.einsum("bj,bjm->bm", upper[:, k, k + 1 :], right[:, k + 1 :])
        right[:, k] = (right[:, k] - rest) / upper[:, k, k][:, None]
    return right


@_batched
def _pivots(a: Any) -> Any:
    """The pivots of the elimination, the first with the sign of the row exchanges."""
    upper, _, signs = _eliminated(a, a[:, :, :0])
    pivots = np.diagonal(upper, 0, 1, 2).copy()
    pivots[:, 0] = pivots[:, 0] * signs
    return pivots


@_batched
def _cholesky(a: Any) -> Any:
    lower = np.abs(a) * 0.0
    for k in range(a.shape[-1]):
        rest = a[:, k:, k] - np.einsum("bj,bij->bi", lower[:, k, :k], lower[:, k:, :k])
        lower[:, k:, k] = rest / np.sqrt(rest[:, :1])
    return lower


@_batched
def _qr(a: Any) -> Any:
    a, rows, columns = a.copy(), a.shape[-2], a.shape[-1]
    steps = min(rows, columns)
    reflections = []
    for k in range(steps):
        x = a[:, k:, k]
        length = np.sqrt(np.einsum("bi,bi->b", x, x))
        head = x[:, 0] + np.where(np.asarray(x[:, 0]) < 0, -1.0, 1.0) * length
        v = np.concatenate([head[:, None], x[:, 1:]], axis=1)
        square = np.einsum("bi,bi->b", v, v)
        scale = 2.0 / np.where(np.asarray(square) == 0, 1.0, square)
        if k + 1 == rows:
            scale = scale * 0.0  # The last row of a square matrix is left as it is, as in LAPACK.
        reflections.append((v, scale))
        a[:, k:, k:] = a[:, k:, k:] - np.einsum("b,bi,bj->bij", scale, v, np.einsum("bi,bij->bj", v, a[:, k:, k:]))
    upper = a[:, :steps] * np.triu(np.ones((steps, columns)))
    q = a[:, :, :1] * 0.0 + np.eye(rows, steps)
    for k, (v, scale) in reversed(list(enumerate(reflections))):
        q[:, k:] = q[:, k:] - np.einsum("b,bi,bj->bij", scale, v, np.einsum("bi,bij->bj", v, q[:, k:]))
    return q, upper


def _rotation(alpha: Any, beta: Any, gamma: Any) -> tuple[Any, Any]:
    """Cosine and sine that make ``gamma`` zero in the symmetric 2 x 2 matrix of ``alpha``, ``beta`` and ``gamma``."""
    none = np.asarray(gamma) == 0
    with np.errstate(over="ignore"):  # An infinite quotient turns by nothing.
        zeta = (beta - alpha) / (2.0 * np.where(none, 1.0, gamma))
    t = np.where(np.asarray(zeta) < 0, -1.0, 1.0) / (np.abs(zeta) + np.sqrt(1.0 + zeta * zeta))
    t = np.where(none, 0.0, t)
    c = 1.0 / np.sqrt(1.0 + t * t)
    return c, c * t


def _little(x: Any) -> float:
    """What is left, as a share, when one more sweep makes it nothing: the convergence is quadratic."""
    resolution = 2.0 * UNIT if isinstance(x, Rounded) else float(np.finfo(x.dtype).eps)
    return float(resolution**0.5 / 32)


@lru_cache(maxsize=64)
def _rounds(n: int) -> list[tuple[Any, Any]]:
    """All pairs of n columns, in rounds of pairs that have no column in common: everyone plays everyone once."""
    seats = list(range(n)) + [-1] * (n % 2)
    rounds = []
    for _ in range(len(seats) - 1):
        pairs = [sorted(pair) for pair in zip(seats, reversed(seats), strict=True)][: len(seats) // 2]
        pairs = [pair for pair in pairs if pair[0] >= 0]
        rounds.append((np.array([p for p, _ in pairs]), np.array([q for _, q in pairs])))
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return rounds


@_batched
def _eigh(a: Any) -> Any:
    a = np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)
    n = a.shape[-1]
    v = a * 0.0 + np.eye(n)
    little = False
    for _ in range(SWEEPS):
        converged = little
        size = np.abs(np.asarray(a))
        little = np.where(np.eye(n, dtype=bool), 0.0, size).max(initial=0.0) <= _little(a) * size.max(initial=0.0)
        if converged:
            break
        for p, q in _rounds(n):
            c, s = _rotation(a[:, p, p], a[:, q, q], a[:, p, q])
            up, down = c[:, :, None], s[:, :, None]
            a[:, p], a[:, q] = up * a[:, p] - down * a[:, q], down * a[:, p] + up * a[:, q]
            for m in (a, v):
                _turn(m, p, q, c[:, None, :], s[:, None, :])
    w = np.diagonal(a, 0, 1, 2)
    order = np.argsort(np.asarray(w), axis=1)
    return np.take_along_axis(w, order, 1), np.take_along_axis(v, order[:, None, :], 2)


def _turn(m: Any, p: Any, q: Any, c: Any, s: Any) -> None:
    """Turn columns p and q of matrices against each other."""
    m[:, :, p], m[:, :, q] = c * m[:, :, p] - s * m[:, :, q], s * m[:, :, p] + c * m[:, :, q]


@_batched
def _svd(a: Any) -> Any:
    """Thin factors, by turning the columns until they are orthogonal."""
    if a.shape[-2] < a.shape[-1]:
        u, s, vt = _svd(np.swapaxes(a, -1, -2))
        return np.swapaxes(vt, -1, -2), s, np.swapaxes(u, -1, -2)
    a, n = a.copy(), a.shape[-1]
    v = a[:, :1, :1] * 0.0 + np.eye(n)
    little = False
    for _ in range(SWEEPS):
        converged, worst = little, 0.0
        for p, q in _rounds(n):
            x, y = a[:, :, p], a[:, :, q]
            alpha, beta = np.einsum("bik,bik->bk", x, x), np.einsum("bik,bik->bk", y, y)
            gamma = np.einsum("bik,bik->bk", x, y)
            bound = np.sqrt(np.asarray(alpha * beta))
            share = np.abs(np.asarray(gamma)) / np.where(bound == 0, 1.0, bound)
            worst = max(worst, float(share.max(initial=0.0)))
            c, s = (each[:, None, :] for each in _rotation(alpha, beta, gamma))
            for m in (a, v):
                _turn(m, p, q, c, s)
        little = worst <= _little(a)
        if converged:
            break
    s = np.sqrt(np.einsum("bij,bij->bj", a, a))
    order = np.argsort(-np.asarray(s), axis=1)
    s = np.take_along_axis(s, order, 1)
    a, v = (np.take_along_axis(m, order[:, None, :], 2) for m in (a, v))
    zero = (np.asarray(s) == 0)[:, None, :]
    u = a / np.where(zero, 1.0, s[:, None, :])
    if zero.any():  # The columns of zeros stand for any that are orthogonal to the others.
        u = np.where(zero, _qr(u)[0], u)
    return u, s, np.swapaxes(v, -1, -2)


def _t(x: Any) -> Any:
    return anp.swapaxes(x, -1, -2)


def _real(x: Any) -> Any:
    x = asarray(x)
    if anp.iscomplexobj(x):
        raise ValueError("np.linalg of complex matrices is not modelled: write it with real and imaginary parts")
    return x


solved = primitive(_solve)
lower_factor = primitive(_cholesky)


def _solved_wrt_matrix(result: Any, a: Any, b: Any) -> Any:
    return lambda given: -anp.matmul(solved(_t(a), given), _t(result))


def _lower_gradient(result: Any, a: Any) -> Any:
    def back(given: Any) -> Any:
        n = a.shape[-1]
        inner = tril(anp.matmul(_t(result), given)) * (1.0 - 0.5 * np.eye(n))
        left = solved(_t(result), inner)
        both = _t(solved(_t(result), _t(left)))
        return (both + _t(both)) / 2.0

    return back


@primitive  # type: ignore[untyped-decorator]
def determinant(a: Any) -> Any:
    return np.multiply.reduce(_pivots(a), axis=-1)


def _determinant_gradient(result: Any, a: Any) -> Any:
    """The cofactors: the determinant times the inverse, as frameworks have it, or from singular values near 0."""

    def back(given: Any) -> Any:
        pivots = np.abs(np.asarray(getval(_pivots(getval(a)))))
        if (pivots.min(axis=-1, initial=np.inf) > NEARLY_SINGULAR * pivots.max(axis=-1, initial=0.0)).all():
            return (given * result)[..., None, None] * _t(solve(a, np.eye(a.shape[-1])))
        u, s, vt = singular(a)
        turned = anp.sign(determinant(u) * determinant(vt)) * given
        return anp.matmul(u * (turned[..., None] * others(s))[..., None, :], vt)

    return back


@primitive  # type: ignore[untyped-decorator]
def log_determinant(a: Any) -> Any:
    return np.add.reduce(np.log(np.abs(_pivots(a))), axis=-1)


@primitive  # type: ignore[untyped-decorator]
def orthogonal(a: Any) -> Any:
    return traced_tuple(_qr(a))


def _orthogonal_gradient(result: Any, a: Any) -> Any:
    def back(given: Any) -> Any:
        (q, r), (dq, dr) = result, given
        columns = q.shape[-1]
        if a.shape[-1] > columns:
            raise ValueError("the gradient of np.linalg.qr needs at least as many rows as columns")
        m = anp.matmul(r, _t(dr)) - anp.matmul(_t(dq), q)
        below = tril(m, -1)
        symmetric = below + _t(below) + m * np.eye(columns)
        return _t(solved(r, _t(dq + anp.matmul(q, symmetric))))

    return back


@primitive  # type: ignore[untyped-decorator]
def eigen(a: Any) -> Any:
    return traced_tuple(_eigh(a))


def _over_gaps(changes: Any, values: Any) -> Any:
    """Changes of vectors over the distances of their values. No change is none, also where two values are equal."""
    gaps = values[..., None, :] - values[..., :, None]
    none = changes == 0
    return anp.where(none, 0.0, changes / anp.where(none, 1.0, gaps))


def _eigen_gradient(result: Any, a: Any) -> Any:
    def back(given: Any) -> Any:
        (w, v), (dw, dv) = result, given
        along = anp.matmul(_t(v), dv) * (1.0 - np.eye(w.shape[-1]))
        inner = dw[..., None, :] * np.eye(w.shape[-1]) + _over_gaps(along, w)
        full = anp.matmul(anp.matmul(v, inner), _t(v))
        return (full + _t(full)) / 2.0

    return back


@primitive  # type: ignore[untyped-decorator]
def singular(a: Any) -> Any:
    return traced_tuple(_svd(a))


def _singular_gradient(result: Any, a: Any) -> Any:
    def back(given: Any) -> Any:
        (u, s, vt), (du, ds, dvt) = result, given
        v, dv = _t(vt), _t(dvt)

        def side(factor: Any, change: Any) -> tuple[Any, Any]:
            along = anp.matmul(_t(factor), change)
            beside = change - anp.matmul(factor, along)
            return _over_gaps(along - _t(along), s * s), beside / s[..., None, :]

        (left, left_rest), (right, right_rest) = side(u, du), side(v, dv)
        inner = left * s[..., None, :] + s[..., :, None] * right + ds[..., None, :] * np.eye(s.shape[-1])
        found = anp.matmul(anp.matmul(u, inner), vt)
        if u.shape[-2] > u.shape[-1]:
            found = found + anp.matmul(left_rest, vt)
        if v.shape[-2] > v.shape[-1]:
            found = found + anp.matmul(u, _t(right_rest))
        return found

    return back


defvjp(solved, _solved_wrt_matrix, lambda result, a, b: lambda given: solved(_t(a), given))
defvjp(lower_factor, _lower_gradient)
defvjp(determinant, _determinant_gradient)
defvjp(
    log_determinant,
    lambda result, a: lambda given: given[..., None, None] * _t(solved(a, np.eye(a.shape[-1]) + anp.zeros(a.shape))),
)
defvjp(orthogonal, _orthogonal_gradient)
defvjp(eigen, _eigen_gradient)
defvjp(singular, _singular_gradient)


class EighResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    Q: Any
    R: Any


class SVDResult(NamedTuple):
    U: Any
    S: Any
    Vh: Any


class SlogdetResult(NamedTuple):
    sign: Any
    logabsdet: Any


def solve(a: Any, b: Any) -> Any:
    a, b = _real(a), _real(b)
    if b.ndim == 1:
        return solve(a, b[:, None])[..., 0]
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (MOVED["broadcast_to"](x, (*front, *x.shape[-2:])) if x.shape[:-2] != front else x for x in (a, b))
    return solved(a, b)


def inv(a: Any) -> Any:
    a = _real(a)
    return solve(a, np.eye(a.shape[-1]))


def det(a: Any) -> Any:
    return determinant(_real(a))


def slogdet(a: Any) -> SlogdetResult:
    a = _real(a)
    return SlogdetResult(anp.sign(determinant(a)), log_determinant(a))


def cholesky(a: Any) -> Any:
    return lower_factor(_real(a))


def qr(a: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "r"):
        raise ValueError(f"np.linalg.qr with mode={mode!r} is not modelled: choose from reduced, r")
    q, r = orthogonal(_real(a))
    return r if mode == "r" else QRResult(q, r)


def eigh(a: Any) -> EighResult:
    w, v = eigen(_real(a))
    return EighResult(w, v)


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    a = _real(a)
    if compute_uv and full_matrices and a.shape[-1] != a.shape[-2]:
        raise ValueError("np.linalg.svd with full_matrices=True is not modelled: say full_matrices=False")
    u, s, vt = singular(a)
    return SVDResult(u, s, vt) if compute_uv else s


def pinv(a: Any) -> Any:
    """The pseudo-inverse of a matrix of full rank.

    Its rounding is that of LAPACK's way to singular values, from which frameworks take it: orthogonal factors,
    reflections from both sides, rotations. So is that of its gradient, which TensorFlow takes from there, too, and which
    loses digits where two singular values are near each other. The truth comes from orthogonal factors alone.
    """
    a = _real(a)
    if a.shape[-2] < a.shape[-1]:
        return _t(pinv(_t(a)))
    q, r = orthogonal(a)
    if not isinstance(getval(a), Rounded):
        return solved(r, _t(q))
    right, lower = orthogonal(_t(r))
    left, upper = orthogonal(_t(lower))
    u, s, vt = singular(upper)
    return anp.matmul(anp.matmul(right, _t(vt)) / s[..., None, :], _t(anp.matmul(q, anp.matmul(left, u))))


def matrix_power(a: Any, n: int) -> Any:
    a = _real(a)
    base = inv(a) if n < 0 else a
    return reduce(anp.matmul, [base] * abs(n)) if n else np.eye(a.shape[-1]) + anp.zeros(a.shape)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    x = asarray(x)
    axes = (int(axis),) if isinstance(axis, (int, np.integer)) else axis
    if ord is None or len(axes or x.shape) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes, keepdims)
    rows, columns = (each % x.ndim for each in axes or (-2, -1))
    if ord == "fro":
        return _vector_norm(x, 2, (rows, columns), keepdims)
    found = _matrix_norm(anp.moveaxis(x, (rows, columns), (-2, -1)), ord)
    kept = tuple(1 if each in (rows, columns) else length for each, length in enumerate(x.shape))
    return anp.reshape(found, kept) if keepdims else found


def _matrix_norm(x: Any, order: Any) -> Any:
    if order in (1, -1, np.inf, -np.inf):
        totals = add_up(anp.abs(x), -2 if abs(order) == 1 else -1)
        return (largest if order > 0 else smallest)(totals, -1)
    if order in (2, -2, "nuc"):
        s = svd(x, compute_uv=False)
        return add_up(s, -1) if order == "nuc" else s[..., 0 if order == 2 else -1]
    raise ValueError(f"np.linalg.norm of matrices with ord={order!r} is not modelled: choose fro, nuc, ±1, ±2 or ±inf")


def _vector_norm(x: Any, p: Any, axis: Any, keepdims: bool) -> Any:
    size = anp.abs(x)
    if p == np.inf:
        return largest(size, axis, keepdims=keepdims)
    if p == -np.inf:
        return smallest(size, axis, keepdims=keepdims)
    if p == 0:
        return add_up((size != 0) * 1.0, axis, keepdims=keepdims)
    if p == 1:
        return add_up(size, axis, keepdims=keepdims)
    if p == 2:
        squares = anp.real(x) ** 2 + anp.imag(x) ** 2 if anp.iscomplexobj(x) else x * x
        return root(add_up(squares, axis, keepdims=keepdims))
    return add_up(size**p, axis, keepdims=keepdims) ** (1.0 / p)


def vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002
    return _vector_norm(asarray(x), ord, axis, keepdims)


def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:  # noqa: A002
    return norm(x, ord, (-2, -1), keepdims)


def multi_dot(arrays: Sequence[Any]) -> Any:
    return reduce(anp.dot, map(asarray, arrays))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "solve": solve,
    "inv": inv,
    "det": det,
    "slogdet": slogdet,
    "cholesky": cholesky,
    "qr": qr,
    "eigh": eigh,
    "eigvalsh": lambda a: eigh(a).eigenvalues,
    "svd": svd,
    "svdvals": lambda a: svd(a, compute_uv=False),
    "pinv": pinv,
    "matrix_power": matrix_power,
    "norm": norm,
    "vector_norm": vector_norm,
    "matrix_norm": matrix_norm,
    "matrix_transpose": lambda x: _t(asarray(x)),
    "multi_dot": multi_dot,
    "trace": lambda x: trace(x, 0, -2, -1),
    "outer": lambda a, b: einsum("i,j->ij", a, b),
}
