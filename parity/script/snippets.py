"""The parts of a script (``parity.script.writer``) that are always the same."""

from __future__ import annotations

BITS = '''\
def bits(name, count, shape):
    """So many raw 64-bit numbers for each element: the generator is given by the seed and the names alone."""
    key = blake2b("\\x1f".join([str(SEED), CASE, VARIANT, name]).encode(), digest_size=16).digest()
    raw = np.random.Philox(key=int.from_bytes(key, "little")).random_raw(count * math.prod(shape))
    return raw.reshape(count, *shape)
'''

ROUNDED = '''\
def rounded(values, dtype=DTYPE):
    """The nearest numbers that the dtype has, as float64."""
    return np.asarray(values).astype(dtype).astype(np.float64)
'''

ROUNDED_TO_BFLOAT16 = '''\
def rounded(values, dtype=DTYPE):
    """The nearest numbers that the dtype has, as float64."""
    if dtype != "bfloat16":
        return np.asarray(values).astype(dtype).astype(np.float64)
    spacing = np.maximum(np.frexp(values)[1], -125) - 8  # of numbers of 8 bits, as a power of two
    nearest = np.ldexp(np.rint(np.ldexp(values, -spacing)), spacing)
    return np.where(np.abs(nearest) < 2.0**128, nearest, values * np.inf)
'''

DISTRIBUTIONS = {
    "normal": '''\
def normal(name, shape, mean=0.0, std=1.0, dtype=DTYPE):
    """Numbers around a mean: sums of twelve uniform ones."""
    total = (bits(name, 12, shape) >> np.uint64(6)).astype(np.int64).sum(axis=0) - 6 * 2**58
    return rounded(mean + std * (total.astype(np.float64) * 2.0**-58), dtype)
''',
    "uniform": '''\
def uniform(name, shape, low, high, dtype=DTYPE):
    """Numbers from low to high."""
    unit = (bits(name, 1, shape)[0] >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return rounded(low + (high - low) * unit, dtype)
''',
    "distinct": '''\
def distinct(name, shape):
    """Numbers of both signs, no two of which are equal in any format."""
    raw = bits(name, 2, shape).reshape(2, -1)
    step = max(1, min(16, 4096 // max(math.prod(shape), 1)))
    first = 0x3B80 + (4096 - step * math.prod(shape)) // 4
    order = np.argsort(raw[0] >> np.uint64(12), kind="stable")
    magnitude = ((first + order * step // 2).astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    moved = 1.0 + (raw[1] >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 2.0**-12
    return rounded((np.where(order % 2, -1.0, 1.0) * magnitude * moved).reshape(shape))
''',
    "every": '''\
def every(shape, low=None, high=None):
    """Every number of a 16-bit format; those beyond bounds are moved to them."""
    patterns = np.arange(2**16).astype(np.uint16)
    if DTYPE == "bfloat16":
        numbers = (patterns.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    else:
        numbers = patterns.view(DTYPE).astype(np.float64)
    if low is not None:
        numbers = rounded(np.clip(np.where(np.isnan(numbers), low, numbers), low, high))
    return numbers.reshape(shape)
''',
    "special": '''\
def special(name, shape, kinds):
    """Numbers around 0 among which special ones stand at random places, each in turn."""
    whole = np.uint16 if DTYPE == "bfloat16" else f"uint{np.dtype(DTYPE).itemsize * 8}"
    scale = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}[DTYPE]
    infinity = {"float16": 31, "bfloat16": 255, "float32": 255, "float64": 2047}[DTYPE] << scale
    patterns = {
        "nan": [infinity + 1],
        "infinity": [infinity],
        "zero": [0],
        "denormal": [1, (1 << scale) - 1],
        "limit": [1 << scale, infinity - 1],
    }
    chosen = np.array([pattern for kind in kinds for pattern in patterns[kind]], whole)
    if DTYPE == "bfloat16":
        numbers = (chosen.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    else:
        numbers = chosen.view(DTYPE).astype(np.float64)
    numbers = [signed for number in numbers for signed in ([number] if np.isnan(number) else [number, -number])]
    raw = bits(name, 13, shape)
    total = (raw[:12] >> np.uint64(6)).astype(np.int64).sum(axis=0) - 6 * 2**58
    values = rounded(total.astype(np.float64) * 2.0**-58).ravel()
    places = np.argsort(raw[12].ravel(), kind="stable")[: max(len(numbers), values.size // 4)]
    values[places] = np.resize(numbers, places.shape)
    return values.reshape(shape)
''',
    "integers": '''\
def integers(name, shape, low, high, dtype="int64"):
    """Whole numbers from low up to, but not including, high."""
    offsets = bits(name, 1, shape)[0] % np.uint64(high - low)
    return (offsets + np.uint64(low % 2**64)).astype(dtype)
''',
    "booleans": '''\
def booleans(name, shape):
    """Truth values."""
    return (bits(name, 1, shape)[0] % np.uint64(2)).astype(bool)
''',
}

COTANGENT = '''\
def cotangent(name, result, dtype=DTYPE, most=None):
    """The gradient that reaches a result from what is computed of it: random numbers, too.

    A complex result has a complex one. A result whose length varies has the first of those that the longest would have.
    """
    shape = most or result.shape
    pair = (2,) if np.iscomplexobj(result) else ()
    values = normal(f"cotangent of {name}", (*shape, *pair), dtype=dtype)[tuple(map(slice, result.shape))]
    return values[..., 0] + 1j * values[..., 1] if pair else values
'''

AS_TUPLE = """\
def as_tuple(results):
    return tuple(results) if isinstance(results, (tuple, list)) else (results,)
"""

HIGHER = """\
higher = np.longdouble if DTYPE == "float64" else np.float64
"""

ARGUMENTS = """\
arguments = [values.astype(higher) for values in data.values()]
"""

ARGUMENTS_WITH_INTEGERS = """\
arguments = [values.astype(higher) if values.dtype.kind == "f" else values for values in data.values()]
"""

TORCH = """\
torch.set_default_dtype(getattr(torch, DTYPE))
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
device = torch.device(DEVICE.replace("gpu", "cuda"))


def tensor(values, dtype=DTYPE):
    dtype = dtype if values.dtype.kind == "f" else values.dtype.name
    return torch.tensor(np.array(values, order="C"), dtype=getattr(torch, dtype), device=device)


def array(tensor):
    tensor = tensor.detach().cpu().resolve_conj()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()
"""

TORCH_CAPTURE = '''\
def capture(call, whole=True):
    """The call as MODE wants it: as it is, captured as a graph, or compiled."""
    if MODE == "eager":
        return call
    torch._dynamo.config.allow_rnn = True
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    backend = "inductor" if MODE == "compiled" else "aot_eager"
    return torch.compile(call, fullgraph=whole, dynamic=False, backend=backend)
'''

TENSORFLOW = """\
tf.config.experimental.enable_tensor_float_32_execution(False)


def tensor(values, dtype=DTYPE):
    return tf.constant(values.astype(tf.as_dtype(dtype).as_numpy_dtype) if values.dtype.kind == "f" else values)


def array(tensor):
    values = np.array(tf.convert_to_tensor(tensor).numpy())
    return values if values.dtype.kind in "biuc" else values.astype(np.float64)
"""

KERAS = """\
keras.config.set_floatx(DTYPE)
keras.config.set_dtype_policy(DTYPE)
"""

TENSORFLOW_CAPTURE = '''\
def capture(call, whole=True):
    """The call as MODE wants it: as it is, captured as a graph, or compiled."""
    if MODE == "eager":
        return call
    return tf.function(call, autograph=False, jit_compile=MODE == "compiled" or None)
'''

DIFFERENTIATE = '''\
def differentiate(call, *tensors):
    """The results, and a function from their cotangents to the gradients."""
    wrt = {wrt}
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(wrt)
        results = as_tuple(call(*tensors))
    return results, lambda given: tape.gradient({results}, wrt, given, unconnected_gradients="zero")
'''

AGAIN = '''\
def again(given, *tensors):
    """The gradients by another call: XLA compiles the gradient of a loop only together with the loop."""
    return differentiate(call, *tensors)[1](given)
'''

BY_MODE = """\
if MODE == "compiled":
    results, pullback = as_tuple(capture(call)(*tensors)), lambda given: capture(again)(given, *tensors)
else:
    results, pullback = differentiate(capture(call), *tensors)
"""

EAGERLY = """\
results, pullback = differentiate(call, *tensors)
"""

TORCH_VARIABLES = """\
variables = {**dict(model.named_parameters()), **dict(model.named_buffers())}
"""

TORCH_FILL = """\
with torch.no_grad():
    for name, values in weights.items():
        variables[name].copy_(tensor(values))
"""

KERAS_VARIABLES = """\
if not model.built:
    model.build(tensors[0].shape)
variables = {variable.path.removeprefix(f"{model.name}/"): variable for variable in model.weights}
"""

KERAS_FILL = """\
for name, values in weights.items():
    variables[name].assign(tensor(values))
"""

KERAS_TRACED = """\
if not model.built:
    tf.function(lambda *given: call(*given), autograph=False).get_concrete_function(*tensors)
variables = {variable.path.removeprefix(f"{model.name}/"): variable for variable in model.weights}
"""

TRACED = '''\
def traced(tensors):
    """The tensors, with others for those that PyTorch does not differentiate: the gradients are then zero."""
    return [tensor if tensor.requires_grad else tensor.detach().requires_grad_() for tensor in tensors]
'''

TORCH_GRADIENTS = """\
gradients = torch.autograd.grad(traced({results}), traced(wrt), given, allow_unused=True, materialize_grads=True)
"""

TORCH_SEED = """\
torch.manual_seed(0)
"""

KERAS_SEED = """\
keras.utils.set_random_seed(0)
"""

NUMBERS = '''\
def numbers(values):
    """Complex numbers as two, whole ones and truth values so wide that no difference of them overflows."""
    values = np.asarray(values)
    if values.dtype.kind in "biu":
        return values.astype(np.longdouble)
    return np.stack([values.real, values.imag], axis=-1) if np.iscomplexobj(values) else values
'''

PRINT = """\
for name, expected in true.items():
    value, whole, expected = numbers(found[name]), np.asarray(expected).dtype.kind in "biu", numbers(expected)
    if value.shape != expected.shape or value.size == 0:
        print(f"{{name}}: of shape {{value.shape}}, where the formula gives {{expected.shape}}")
        continue
    nearest = expected if whole else rounded(expected{dtype})
    expected = {expected}
    same = (value == expected) | (np.isnan(value) & np.isnan(expected))
    error = np.where(same, 0, np.abs(value - expected))
    place = np.unravel_index(np.argmax(error), error.shape)
    values = f"{{value[place]:.17g}}, where the formula gives {{expected[place]:.17g}}"
    print(f"{{name}}: max_abs_error {{error[place]:.6g}} at {{list(map(int, place))}}: {{values}}")
"""
