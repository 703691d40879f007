"""Calls of what a formula may use: element by element."""

from .form import C3, COLUMN, ROW, UNIT, A, B, D, P, Q, binary, form, unary

unary("exp exp2 expm1 sin cos tan sinh cosh tanh arctan arcsinh square negative positive sinc", A, C3)
unary("abs absolute fabs sign reciprocal floor ceil rint trunc", D)
unary("log log2 log10 log1p sqrt cbrt", P)
unary("arcsin arccos arctanh asin acos atan asinh atanh", UNIT)
unary("arccosh acosh", P + 1.0)
unary("deg2rad rad2deg degrees radians real imag conj conjugate nan_to_num isfinite isnan isinf signbit", D)
unary("angle", D)
binary("add subtract multiply arctan2 atan2 hypot logaddexp logaddexp2", A, B)
binary("divide true_divide", A, Q)
binary("power pow float_power", P, B)
binary("maximum minimum fmax fmin copysign heaviside", D, B)
binary("mod remainder fmod", D, Q)
form("power", lambda np, x: np.power(x, 3), A, lambda np, x: x**2, A, lambda np, x: np.power(x, -1), D)
form("power", lambda np, x: x ** np.array([0, 1, 2, 3]), A, lambda np, x: 2.0**x, A)
form("clip", lambda np, x: np.clip(x, -1.0, 1.0), D)
form("clip", lambda np, x: np.clip(x, 0.1, None), D)
form("clip", lambda np, x: np.clip(x, None, 0.1), D)
form("clip", lambda np, x: np.clip(x, a_min=-0.5, a_max=0.75), D)
form("clip", lambda np, x: np.clip(x, min=-0.5, max=0.75), D)
form("clip", lambda np, x, low, high: np.clip(x, low - 2, high + 2), D, ROW, COLUMN)
form("sinc", lambda np, x: np.sinc(x * np.array([0.0, 1.0, 2.0, 0.5])), P)
form("nan_to_num", lambda np, x: np.nan_to_num(x, nan=2.0, posinf=3.0, neginf=-1.0), D)
form("angle", lambda np, x, y: np.angle(x + 1j * y), A, B, lambda np, x: np.angle(x + 1j, deg=True), A)
for name in ["abs", "exp", "square", "negative", "conj", "real", "imag", "sqrt", "sin", "cos", "reciprocal", "log"]:
    form(name, lambda np, x, y, name=name: getattr(np, name)(x + 1j * y), P, B)
for name in ["add", "subtract", "multiply", "divide"]:
    form(name, lambda np, x, y, z, name=name: getattr(np, name)(x + 1j * y, z - 2j * x), P, B, Q)
    form(name, lambda np, x, y, name=name: getattr(np, name)(x, y * 1j + 0.5), P, B)
form("power", lambda np, x, y: (x + 1j * y) ** 2, P, B)
