"""What a formula may use of NumPy, by name.

The table imports nothing, so that declarations are checked without autograd.
"""

from __future__ import annotations

import difflib


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CONSTANTS = words("e euler_gamma inf nan newaxis pi")

TYPES = words(
    "bool bool_ complex64 complex128 clongdouble float16 float32 float64 floating generic inexact int8 int16 int32 "
    "int64 integer intp longdouble ndarray number uint8 uint16 uint32 uint64 dtype finfo iinfo result_type errstate "
    "ndindex s_"
)

GROUPS = {
    "Element by element": words(
        "abs absolute acos acosh add angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 "
        "atanh cbrt ceil clip conj conjugate copysign cos cosh deg2rad degrees divide exp exp2 expm1 fabs float_power "
        "floor fmax fmin fmod heaviside hypot imag log log10 log1p log2 logaddexp logaddexp2 maximum minimum mod "
        "multiply nan_to_num negative positive pow power rad2deg radians real reciprocal remainder rint sign sin sinc "
        "sinh sqrt square subtract tan tanh true_divide trunc"
    ),
    "Sums, products and order": words(
        "amax amin average bincount convolve correlate cross cumprod cumsum diff dot einsum inner interp kron matmul "
        "max mean median min nanmax nanmean nanmin nanprod nansum outer percentile prod ptp quantile std sum tensordot "
        "trace trapezoid var vdot vecdot"
    ),
    "Moving and selecting": words(
        "append argsort around array_split atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to column_stack "
        "concat concatenate copy delete diag diagonal dsplit dstack expand_dims flip fliplr flipud hsplit hstack "
        "meshgrid moveaxis pad permute_dims ravel repeat reshape roll rollaxis rot90 round select sort split squeeze "
        "stack swapaxes take take_along_axis tile transpose tril triu vsplit vstack where"
    ),
    "Finding and comparing": words(
        "all allclose any argmax argmin argwhere array_equal bitwise_and bitwise_or bitwise_xor broadcast_shapes "
        "count_nonzero diag_indices digitize equal flatnonzero floor_divide gcd greater greater_equal indices invert "
        "isclose iscomplexobj isfinite isin isinf isnan isneginf isposinf isreal isscalar ix_ lcm left_shift less "
        "less_equal lexsort logical_and logical_not logical_or logical_xor ndim nonzero not_equal ravel_multi_index "
        "right_shift searchsorted shape signbit size tril_indices triu_indices unique unravel_index"
    ),
    "Making arrays": words(
        "arange array asanyarray asarray ascontiguousarray bartlett blackman eye full full_like geomspace hamming "
        "hanning identity kaiser linspace logspace ones ones_like tri vander zeros zeros_like"
    ),
    "Of this package": words("exact stop_gradient straight_through"),
}
"""What a formula may call, as docs/writing-formulas.md lists it."""

FUNCTIONS = frozenset(name for group in GROUPS.values() for name in group)

MODULES = {
    "fft": words(
        "fft fft2 fftfreq fftn fftshift ifft ifft2 ifftn ifftshift irfft irfft2 irfftn rfft rfft2 rfftfreq rfftn"
    ),
    "linalg": words(
        "cholesky det eigh eigvalsh inv matrix_norm matrix_power matrix_transpose multi_dot norm outer pinv qr slogdet "
        "solve svd svdvals trace vector_norm"
    ),
}

INSTEAD = {
    "random": "it as an input, such as normal('N C') or uniform('N', 0, 1): a formula draws nothing",
    "empty": "np.zeros or np.full",
    "empty_like": "np.zeros_like",
    "vectorize": "arithmetic on whole arrays, with np.where for cases",
    "apply_along_axis": "arithmetic on whole arrays, or np.stack of a list comprehension over rows",
    "nanvar": "np.where(np.isnan(x), 0.0, x) with np.sum over the count",
    "nanstd": "np.where(np.isnan(x), 0.0, x) with np.sum over the count",
    "nancumsum": "np.cumsum(np.where(np.isnan(x), 0.0, x), axis)",
    "nancumprod": "np.cumprod(np.where(np.isnan(x), 1.0, x), axis)",
    "partition": "np.sort",
    "argpartition": "np.argsort",
    "trapz": "np.trapezoid",
    "cov": "np.matmul of x - np.mean(x) with its transpose",
    "corrcoef": "np.matmul of x - np.mean(x) with its transpose, over the norms",
    "histogram": "np.bincount of np.digitize",
    "piecewise": "np.where or np.select",
    "polyval": "Horner's scheme: for c in coefficients: y = y * x + c",
    "put_along_axis": "np.where with a mask made by comparing places",
    "fill_diagonal": "np.where(np.eye(n, dtype=bool), value, x)",
    "lib": "x[..., np.arange(n - k + 1)[:, None] + np.arange(k)] for windows of k elements",
    "cumulative_sum": "np.cumsum(x, axis)",
    "cumulative_prod": "np.cumprod(x, axis)",
    "gradient": "np.diff with np.concatenate for both ends",
    "add.reduce": "np.sum(x, axis=0)",
    "add.accumulate": "np.cumsum(x, axis=0)",
    "multiply.reduce": "np.prod(x, axis=0)",
    "multiply.accumulate": "np.cumprod(x, axis=0)",
    "multiply.outer": "np.outer(x, y), or x[:, None] * y",
    "maximum.reduce": "np.max(x, axis=0)",
    "minimum.reduce": "np.min(x, axis=0)",
    "maximum.accumulate": "np.stack([np.max(x[: i + 1], axis=0) for i in range(len(x))])",
    "minimum.accumulate": "np.stack([np.min(x[: i + 1], axis=0) for i in range(len(x))])",
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


OF_AUTOGRAD = frozenset(
    words(
        "abs absolute add all any arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort "
        "array ceil concatenate conj cos cosh count_nonzero cumsum deg2rad divide dot einsum equal exp exp2 "
        "expand_dims expm1 eye floor greater greater_equal identity imag inner isfinite isinf isnan less less_equal "
        "log log10 log1p log2 logical_and logical_not logical_or matmul max maximum mean min minimum moveaxis multiply "
        "ndim negative not_equal ones ones_like outer power ravel real reshape rint round shape sign sin sinh size "
        "sqrt square squeeze stack subtract sum swapaxes tan tanh tensordot transpose tril triu true_divide var zeros "
        "zeros_like"
    )
)
"""What Autograd's own NumPy has right, so that a script of a formula needs nothing of this package."""

NOT_OF_AUTOGRAD = frozenset(
    words(
        ".clip .conj .copy .cumprod .diagonal .dot .flat .imag .mT .prod .real .repeat .std .take .tolist .trace "
        ".transpose"
    )
)
"""Methods of arrays that those of Autograd do not have, or have wrong."""

UFUNC_METHODS = words("accumulate at outer reduce reduceat")
"""What NumPy's elementwise functions have, and those of a formula do not."""


def allowed(name: str) -> bool:
    """Whether a formula may use ``np.<name>``; ``name`` can have a module in front (``linalg.solve``)."""
    module, _, function = name.rpartition(".")
    if module:
        return module in MODULES and function in MODULES[module]
    return name in FUNCTIONS or name in CONSTANTS or name in TYPES or name in MODULES


def needs_package(name: str) -> bool:
    """Whether Autograd has a name of ``np``, or a method (``.clip``), not at all or not right in every form."""
    if name.startswith("."):
        return name in NOT_OF_AUTOGRAD
    return name not in OF_AUTOGRAD and name not in CONSTANTS and name not in TYPES


def instead(name: str) -> str:
    """What to write in the place of a name that a formula may not use."""
    if name in INSTEAD:
        return f"write {INSTEAD[name]}"
    module, _, function = name.rpartition(".")
    if module and module not in MODULES:
        return f"call np.{module} itself, on whole arrays, or write np.stack of a list comprehension"
    near = difflib.get_close_matches(function, sorted(MODULES.get(module, FUNCTIONS)), 1, 0.75)
    prefix = f"{module}." if module else ""
    nearest = f"the nearest name is np.{prefix}{near[0]}; " if near else ""
    return f"{nearest}docs/writing-formulas.md lists what a formula may use"


def refusal(name: str) -> str:
    """Why a formula may not use a name, with what to write instead."""
    return f"np.{name} is not modelled, so that its rounding and its gradient would be wrong: {instead(name)}"


def outside(name: str) -> str:
    """Why a formula may not call NumPy itself where it gets an ``np``."""
    if allowed(name):
        return f"numpy.{name} is called as it is imported: call it as np.{name}, of the np that the formula is given"
    return refusal(name)
