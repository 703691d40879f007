"""What a formula may use of NumPy, by name. The table imports nothing, so that declarations are checked without autograd."""

from __future__ import annotations

import difflib

CONSTANTS = tuple("e euler_gamma inf nan newaxis pi".split())

TYPES = tuple(
    "bool bool_ complex64 complex128 clongdouble float16 float32 float64 floating generic inexact int8 int16 int32 int64 "
    "integer intp longdouble ndarray number uint8 uint16 uint32 uint64 dtype finfo iinfo result_type".split()
)

FUNCTIONS = tuple(
    sorted(
        # Elementwise
        "abs absolute add angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil clip conj conjugate "
        "copysign cos cosh deg2rad degrees divide exp exp2 expm1 fabs float_power floor fmax fmin fmod heaviside hypot "
        "imag log log10 log1p log2 logaddexp logaddexp2 maximum minimum mod multiply nan_to_num negative positive pow "
        "power rad2deg radians real reciprocal remainder rint sign sin sinc sinh sqrt square subtract tan tanh "
        "true_divide trunc "
        # Sums, products, order
        "amax amin average bincount convolve correlate cross cumprod cumsum diff dot einsum inner interp kron matmul max "
        "mean median min nanmean nansum outer percentile prod ptp quantile std sum tensordot trace trapezoid var vdot "
        # Moving and selecting
        "append argsort around array_split atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to column_stack "
        "concatenate copy delete diag diagonal expand_dims flip fliplr flipud hstack meshgrid moveaxis pad permute_dims "
        "ravel repeat reshape roll rollaxis rot90 round select sort split squeeze stack swapaxes take take_along_axis "
        "tile transpose tril triu vstack where "
        # Finding and comparing
        "all allclose any argmax argmin argwhere array_equal bitwise_and bitwise_or bitwise_xor broadcast_shapes "
        "count_nonzero diag_indices digitize equal flatnonzero floor_divide gcd greater greater_equal indices invert "
        "isclose iscomplexobj isfinite isin isinf isnan isneginf isposinf isreal isscalar ix_ lcm left_shift less "
        "less_equal lexsort logical_and logical_not logical_or logical_xor ndim nonzero not_equal ravel_multi_index "
        "right_shift searchsorted shape signbit size tri tril_indices triu_indices unique unravel_index "
        # Making
        "arange array asarray bartlett blackman eye full full_like geomspace hamming hanning identity kaiser linspace "
        "logspace ones ones_like vander zeros zeros_like "
        # Of this package
        "exact stop_gradient straight_through".split()
    )
)

MODULES = {
    "fft": tuple(
        "fft fft2 fftfreq fftn fftshift ifft ifft2 ifftn ifftshift irfft irfft2 irfftn rfft rfft2 rfftfreq rfftn".split()
    ),
    "linalg": tuple(
        "cholesky det eigh eigvalsh inv matrix_norm matrix_power matrix_transpose multi_dot norm outer pinv qr slogdet "
        "solve svd svdvals trace vector_norm".split()
    ),
}

INSTEAD = {
    "random": "it as an input, such as normal('N C') or uniform('N', 0, 1): a formula draws nothing",
    "empty": "np.zeros or np.full",
    "empty_like": "np.zeros_like",
    "vectorize": "arithmetic on whole arrays, with np.where for cases",
    "apply_along_axis": "arithmetic on whole arrays, or np.stack of a list comprehension over rows",
    "nanmax": "np.max(np.where(np.isnan(x), -np.inf, x), axis)",
    "nanmin": "np.min(np.where(np.isnan(x), np.inf, x), axis)",
    "nanvar": "np.where(np.isnan(x), 0.0, x) with np.sum over the count",
    "nanstd": "np.where(np.isnan(x), 0.0, x) with np.sum over the count",
    "nancumsum": "np.cumsum(np.where(np.isnan(x), 0.0, x), axis)",
    "nancumprod": "np.cumprod(np.where(np.isnan(x), 1.0, x), axis)",
    "partition": "np.sort",
    "argpartition": "np.argsort",
    "trapz": "np.trapezoid",
    "gradient": "np.diff with np.concatenate for both ends",
    "cov": "np.matmul of x - np.mean(x) with its transpose",
    "corrcoef": "np.matmul of x - np.mean(x) with its transpose, over the norms",
    "histogram": "np.bincount of np.digitize",
    "piecewise": "np.where or np.select",
    "polyval": "Horner's scheme: for c in coefficients: y = y * x + c",
    "put_along_axis": "np.where with a mask made by comparing places",
    "fill_diagonal": "np.where(np.eye(n, dtype=bool), value, x)",
    "add.at": "np.einsum with a mask: np.einsum('kn,n->k', (np.arange(K)[:, None] == ids) * 1.0, x)",
    "linalg.eig": "np.linalg.eigh for symmetric matrices",
    "linalg.eigvals": "np.linalg.eigvalsh for symmetric matrices",
    "linalg.lstsq": "np.linalg.pinv(a) @ b, or np.linalg.solve of the normal equations",
    "linalg.matrix_rank": "np.sum(np.linalg.svdvals(a) > bound)",
    "linalg.cond": "the quotient of np.linalg.svdvals(a)",
    "linalg.tensorsolve": "np.linalg.solve of reshaped arrays",
    "linalg.tensorinv": "np.linalg.inv of a reshaped array",
    "fft.hfft": "np.fft.irfft of the conjugate, times the length",
    "fft.ihfft": "the conjugate of np.fft.rfft over the length",
}


def allowed(name: str) -> bool:
    """Whether a formula may use ``np.<name>``; ``name`` can have a module in front (``linalg.solve``)."""
    module, _, function = name.rpartition(".")
    if module:
        return module in MODULES and function in MODULES[module]
    return name in FUNCTIONS or name in CONSTANTS or name in TYPES or name in MODULES


def instead(name: str) -> str:
    """What to write in the place of a name that a formula may not use."""
    if name in INSTEAD:
        return f"write {INSTEAD[name]}"
    module, _, function = name.rpartition(".")
    near = difflib.get_close_matches(function, MODULES.get(module, FUNCTIONS), 1, 0.75)
    prefix = f"{module}." if module else ""
    nearest = f"the nearest name is np.{prefix}{near[0]}; " if near else ""
    return f"{nearest}docs/writing-formulas.md lists what a formula may use"


def refusal(name: str) -> str:
    """Why a formula may not use a name, with what to write instead."""
    return f"np.{name} is not modelled, so that its rounding and its gradient would be wrong: {instead(name)}"
