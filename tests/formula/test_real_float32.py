"""The error that is measured is that of real code: float32 results of NumPy and LAPACK lie as far from the truth."""

import numpy as np
import pytest

from parity.formula.namespace import EXACT as FORMULA
from parity.formula.namespace import ROUNDED
from parity.formula.rounding import UNIT, lifted, rounding

RUNS = 8


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def positive_definite(count, n):
    x = normal(count, n, n)
    return x @ x.transpose(0, 2, 1) + np.eye(n, dtype=np.float32)


OPERATIONS = {
    "fft of 2 ** 9": (lambda np, x: np.fft.fft(x), normal(8, 512)),
    "fft of 3 * 5 * 7": (lambda np, x: np.fft.fft(x), normal(8, 105)),
    "fft of a prime": (lambda np, x: np.fft.fft(x), normal(8, 101)),
    "rfft": (lambda np, x: np.fft.rfft(x), normal(8, 512)),
    "ifft": (lambda np, x: np.fft.ifft(x), normal(8, 360)),
    "irfft": (lambda np, x: np.fft.irfft(x), normal(8, 129)),
    "fft2": (lambda np, x: np.fft.fft2(x), normal(4, 32, 24)),
    "solve": (lambda np, a, b: np.linalg.solve(a, b), normal(20, 16, 16), normal(20, 16, 3)),
    "inv": (lambda np, a: np.linalg.inv(a), normal(20, 12, 12)),
    "det": (lambda np, a: np.linalg.det(a), normal(40, 8, 8)),
    "slogdet": (lambda np, a: np.linalg.slogdet(a)[1], normal(40, 12, 12)),
    "cholesky": (lambda np, a: np.linalg.cholesky(a), positive_definite(20, 16)),
    "qr": (lambda np, a: np.linalg.qr(a)[1], normal(20, 16, 8)),
    "orthogonal factor": (lambda np, a: np.linalg.qr(a)[0], normal(20, 16, 8)),
    "eigvalsh": (lambda np, a: np.linalg.eigvalsh(a), positive_definite(20, 12)),
    "eigenvectors": (lambda np, a: np.linalg.eigh(a)[1] ** 2, positive_definite(20, 6)),
    "singular values": (lambda np, a: np.linalg.svd(a, compute_uv=False), normal(20, 12, 8)),
    "singular vectors": (lambda np, a: np.linalg.svd(a, full_matrices=False)[0] ** 2, normal(20, 12, 6)),
    "pinv": (lambda np, a: np.linalg.pinv(a), normal(20, 12, 4)),
    "matrix power": (lambda np, a: np.linalg.matrix_power(a, 5), normal(10, 8, 8)),
    "norm": (lambda np, x: np.linalg.norm(x, axis=-1), normal(100, 64)),
    "norm of power 3": (lambda np, x: np.linalg.norm(x, 3, axis=-1), normal(100, 64)),
    "nuclear norm": (lambda np, a: np.linalg.norm(a, "nuc", axis=(1, 2)), normal(40, 8, 8)),
    "quantile": (lambda np, x: np.quantile(x, 0.3, axis=-1), normal(100, 64)),
    "median": (lambda np, x: np.median(x, axis=-1), normal(100, 64)),
    "cumsum": (lambda np, x: np.cumsum(x, axis=-1), normal(20, 400)),
    "cumprod": (lambda np, x: np.cumprod(x, axis=-1), 1 + normal(20, 100) / 10),
    "var": (lambda np, x: np.var(x, axis=-1), normal(100, 64)),
    "var of large numbers": (lambda np, x: np.var(x, axis=-1), normal(100, 64) + 100),
    "std": (lambda np, x: np.std(x, axis=-1, ddof=1), normal(100, 64)),
    "mean": (lambda np, x: np.mean(x, axis=0), normal(64, 100)),
    "sum": (lambda np, x: np.sum(x, axis=0), normal(64, 100)),
    "prod": (lambda np, x: np.prod(x, axis=-1), 1 + normal(100, 40) / 10),
    "average": (lambda np, x, w: np.average(x, axis=-1, weights=w), normal(100, 64), np.abs(normal(64))),
    "convolve": (lambda np, a, v: np.convolve(a, v), normal(300), normal(20)),
    "correlate": (lambda np, a, v: np.correlate(a, v, "same"), normal(300), normal(20)),
    "trapezoid": (lambda np, y: np.trapezoid(y, axis=0), normal(64, 100)),
    "einsum": (lambda np, x, y: np.einsum("ij,kj->ik", x, y), normal(40, 64), normal(30, 64)),
    "matmul": (lambda np, x, y: x @ y, normal(40, 64), normal(64, 30)),
    "kron": (lambda np, x, y: np.kron(x, y), normal(6, 5), normal(4, 3)),
    "cross": (lambda np, x, y: np.cross(x, y), normal(100, 3), normal(100, 3, seed=1)),
    "sinc": (lambda np, x: np.sinc(x), normal(1000)),
    "logaddexp": (lambda np, x, y: np.logaddexp(x, y), normal(1000), normal(1000, seed=1)),
    "power": (lambda np, x: np.abs(x) ** 2.7, normal(1000)),
    "softmax": (lambda np, x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True), normal(100, 20)),
    "a complex product": (lambda np, x, y: (x + 1j * y) * (y - 1j * x + 1), normal(500), normal(500, seed=1)),
}


def sensitivity(call, arrays):
    exact = call(FORMULA, *(array.astype(np.float64) for array in arrays))
    squares = np.zeros(np.shape(exact))
    for key in range(RUNS):
        with rounding(np.random.Philox(key=key)):
            off = np.asarray(call(ROUNDED, *(lifted(array.astype(np.float64)) for array in arrays)))
        squares += (np.abs(off - exact) / UNIT) ** 2
    return np.sqrt(squares / RUNS)


def compare(real, truth, sigma):
    """The error over its measured size, row by row: those of ill-conditioned matrices would hide the others."""
    rows = (len(truth), -1) if np.ndim(truth) > 1 else (-1, 1)
    error = (np.abs(real - truth).astype(np.float64) / UNIT).reshape(rows)
    size = np.sqrt(np.mean(sigma.reshape(rows) ** 2, axis=1))
    ratio = np.sqrt(np.mean(error**2, axis=1))[size > 0] / size[size > 0]
    assert 0.02 < np.sqrt(np.mean(ratio**2)) < 4
    scale = np.sqrt((sigma**2 + np.mean(sigma**2)) / 2).reshape(rows)
    assert np.max(error / scale) < 8, "beyond the allowance"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_measured_error_is_that_of_real_code(operation):
    call, *arrays = OPERATIONS[operation]
    real = call(np, *arrays)
    assert real.dtype in (np.float32, np.complex64), "computed in float32"
    truth = call(FORMULA, *(array.astype(np.longdouble) for array in arrays))
    compare(real, truth, sensitivity(call, arrays))


@pytest.mark.parametrize("window", ["hanning", "hamming", "blackman", "bartlett"])
def test_windows_are_off_as_in_float32(window):
    n, steps = 64, np.arange(64, dtype=np.float32)
    turn = np.float32(2 * np.pi) * steps / np.float32(n - 1)
    real = {
        "hanning": lambda: np.float32(0.5) - np.float32(0.5) * np.cos(turn),
        "hamming": lambda: np.float32(0.54) - np.float32(0.46) * np.cos(turn),
        "blackman": lambda: np.float32(0.42) - np.float32(0.5) * np.cos(turn) + np.float32(0.08) * np.cos(2 * turn),
        "bartlett": lambda: 1 - np.abs(np.float32(2) * steps / np.float32(n - 1) - 1),
    }[window]()
    compare(real[None], getattr(FORMULA, window)(n)[None], sensitivity(lambda np: getattr(np, window)(n), [])[None])
