"""Cases of every dtype: of each kind a right implementation, and wrong ones that must be caught (``wrong_...``)."""

from math import inf

from parity import Case, booleans, buffer, grid, integers, normal, output, special

SETTINGS = dict(sizes=dict(N=4, T=6), inputs=dict(x=normal("N T")), dtypes=["float32", "float64"])


def case(name, formula, torch_call, tf_call, **options):
    made = Case(name, "A small thing.", **{**SETTINGS, **options})
    made.reference(formula)
    made.torch("torch")(torch_call)
    made.tensorflow("tf")(tf_call)
    return made


# Whole numbers and truth values ------------------------------------------------------------------------------------

ARGMAX = dict(formula=lambda np, x: np.argmax(x, axis=1), outputs=dict(y=buffer("N")))

case("argmax", torch_call=lambda torch, x: x.argmax(1), tf_call=lambda tf, x: tf.argmax(x, 1), **ARGMAX)
case("wrong_argmax", torch_call=lambda torch, x: x.argmin(1), tf_call=lambda tf, x: tf.argmax(x, 1), **ARGMAX)
case("wrong_width", torch_call=lambda torch, x: x.argmax(1).int(), tf_call=lambda tf, x: tf.argmax(x, 1), **ARGMAX)
case("wrong_float", torch_call=lambda torch, x: x.argmax(1).to(x), tf_call=lambda tf, x: tf.argmax(x, 1), **ARGMAX)
narrower = case(
    "narrower",
    torch_call=lambda torch, x: x.argmax(1),
    tf_call=lambda tf, x: tf.argmax(x, 1, output_type=tf.int32),
    **ARGMAX,
)
narrower.deviation("tf", quantities=["output:y"], dtype="int32", because="it was asked for", source="measured")
case(
    "declared_int32",
    torch_call=lambda torch, x: x.argmax(1).int(),
    tf_call=lambda tf, x: tf.argmax(x, 1, output_type=tf.int32),
    formula=ARGMAX["formula"],
    outputs=dict(y=buffer("N", dtype="int32")),
)
case(
    "positive",
    lambda np, x: x > 0,
    lambda torch, x: x > 0,
    lambda tf, x: x > 0,
    outputs=dict(y=buffer("N T")),
)
case(
    "wrong_positive",
    lambda np, x: x > 0,
    lambda torch, x: x > 0,
    lambda tf, x: x > 0.1,
    outputs=dict(y=buffer("N T")),
)

BEYOND = dict(
    formula=lambda np, n: n * 3 + 1,
    inputs=dict(n=integers("N", 2**53, 2**53 + 99)),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)
case("beyond_2_53", torch_call=lambda torch, n: n * 3 + 1, tf_call=lambda tf, n: n * 3 + 1, **BEYOND)
case("wrong_beyond_2_53", torch_call=lambda torch, n: n * 3 + 2, tf_call=lambda tf, n: n * 3 + 1, **BEYOND)

for dtype in ("int8", "int16", "int32", "int64", "uint8"):
    case(
        f"narrow_{dtype}",
        # NumPy's int8 wraps around like the frameworks': a formula that must not widens first.
        lambda np, n: n + n,
        lambda torch, n: n + n,
        lambda tf, n: n + n,
        inputs=dict(n=integers("N T", 0, 9, dtype=dtype)),
        outputs=dict(y=buffer("N T")),
        dtypes=["float32"],
    )
case(
    "wrong_saturating",
    lambda np, n: n + n,
    lambda torch, n: n + n,
    lambda tf, n: tf.saturate_cast(tf.cast(n, tf.int32) * 2, tf.int8),
    inputs=dict(n=integers("N T", -128, 128, dtype="int8")),
    outputs=dict(y=buffer("N T")),
    dtypes=["float32"],
)
MASKED = dict(
    formula=lambda np, x, m: np.where(m, x, 1.0) * x,
    inputs=dict(x=normal("N T"), m=booleans("N T")),
    outputs=dict(y="N T"),
)
case(
    "masked",
    torch_call=lambda torch, x, m: torch.where(m, x, 1.0) * x,
    tf_call=lambda tf, x, m: tf.where(m, x, tf.ones_like(x)) * x,
    **MASKED,
)
case(
    "wrong_masked",
    torch_call=lambda torch, x, m: torch.where(m, x, 1.0) * x,
    tf_call=lambda tf, x, m: tf.where(m, tf.ones_like(x), x) * x,
    **MASKED,
)

# Complex numbers ---------------------------------------------------------------------------------------------------

FOURIER = dict(formula=lambda np, x: np.fft.rfft(x), outputs=dict(y="N F"))


def tf_rfft(tf, x):
    return tf.signal.rfft(x)


case("fourier", torch_call=lambda torch, x: torch.fft.rfft(x), tf_call=tf_rfft, **FOURIER)
case("wrong_conjugate", torch_call=lambda torch, x: torch.fft.rfft(x).conj(), tf_call=tf_rfft, **FOURIER)
case("wrong_real", torch_call=lambda torch, x: torch.fft.rfft(x).real, tf_call=tf_rfft, **FOURIER)
case(
    "wrong_small_part",
    torch_call=lambda torch, x: torch.fft.rfft(x) * (1 + 1e-5j),
    tf_call=tf_rfft,
    **FOURIER,
)
case(
    "wrong_complex_gradient",
    # Right forward; its gradient misses the imaginary part.
    torch_call=lambda torch, x: torch.complex(torch.fft.rfft(x).real, torch.fft.rfft(x).imag.detach()),
    tf_call=tf_rfft,
    **FOURIER,
)
case(
    "wrong_complex64",
    torch_call=lambda torch, x: torch.fft.rfft(x.float()),
    tf_call=tf_rfft,
    **{**FOURIER, "dtypes": ["float64"]},
)

# A wrong dtype, declared -------------------------------------------------------------------------------------------

HALF = dict(
    formula=lambda np, x: 0.5 * np.exp(x),
    tf_call=lambda tf, x: 0.5 * tf.exp(x),
    inputs=dict(x=normal("N T", gradient=False)),
    outputs=dict(y=buffer("N T")),
    dtypes=["float64"],
)


def deviating(name, torch_call, **deviation):
    made = case(name, torch_call=torch_call, **HALF)
    made.deviation("torch", quantities=["output:y"], because="it computes in float32", source="measured", **deviation)


deviating("in_float32", lambda torch, x: 0.5 * torch.exp(x.float()), dtype="float32")
deviating("in_float32_within", lambda torch, x: 0.5 * torch.exp(x.float()), within=inf)
deviating("wrong_in_float32", lambda torch, x: (0.5 + 1e-5) * torch.exp(x.float()), dtype="float32")
deviating("in_float32_far_off", lambda torch, x: 0.51 * torch.exp(x.float()), dtype="float32", within=0.1)
deviating("wrong_in_float32_far_off", lambda torch, x: 0.71 * torch.exp(x.float()), dtype="float32", within=0.1)
deviating("wrong_right_dtype", lambda torch, x: 0.5 * torch.exp(x), dtype="float32")
deviating("wrong_right_dtype_within", lambda torch, x: 0.5 * torch.exp(x), within=inf)
deviating("wrong_in_float16", lambda torch, x: 0.5 * torch.exp(x.half()), dtype="float32")

WRAPPING = dict(
    formula=lambda np, n: np.sum(n.astype(np.int64)),
    torch_call=lambda torch, n: torch.sum(n),
    tf_call=lambda tf, n: tf.reduce_sum(n),
    inputs=dict(n=integers("N T", 2**30, 2**30 + 5, dtype="int32")),
    outputs=dict(y=buffer("")),
    dtypes=["float32"],
)
for name, deviation in (("wraps", dict(within=inf)), ("wrong_wraps", dict(dtype="int32"))):
    case(name, **WRAPPING).deviation(
        "tf", quantities=["output:y"], because="int32 is summed up in int32", source="measured", **deviation
    )

# Special values ----------------------------------------------------------------------------------------------------

SPECIAL = dict(
    formula=lambda np, x: np.maximum(x, 0.5),
    tf_call=lambda tf, x: tf.maximum(x, tf.constant(0.5, x.dtype)),
    sizes=dict(K=40),
    inputs=dict(x=special("K", gradient=False)),
    outputs=dict(y=buffer("K")),
    pooled=False,
    dtypes=["float16", "bfloat16", "float32", "float64"],
)
case("special", torch_call=lambda torch, x: torch.clamp(x, min=0.5), **SPECIAL)
case("wrong_special", torch_call=lambda torch, x: torch.nan_to_num(torch.clamp(x, min=0.5), nan=0.5), **SPECIAL)

case(
    "beyond_the_largest",
    lambda np, x: x * 2,
    lambda torch, x: x * 2,
    lambda tf, x: x * 2,
    sizes=dict(K=40),
    inputs=dict(x=special("K", "nan infinity zero limit")),
    outputs=dict(y="K"),
    pooled=False,
    dtypes=["float16", "bfloat16", "float32", "float64"],
)

# Accumulated in float32 --------------------------------------------------------------------------------------------


def in_float32(tf, x, w):
    # TensorFlow's own bfloat16 product with Eigen's kernels is off by up to twice that: it rounds on the way.
    return tf.cast(tf.matmul(tf.cast(x, tf.float32), tf.cast(w, tf.float32), transpose_b=True), x.dtype)


LINEAR = dict(
    formula=lambda np, x, w: x @ w.T,
    tf_call=in_float32,
    sizes=dict(N=8, K=256, O=16),
    inputs=dict(x=normal("N K")),
    weights=dict(w=normal("O K")),
    outputs=dict(y="N O"),
    dtypes=["bfloat16", "float16", "float32"],
)


def step_by_step(torch, x, w):
    total = torch.zeros(x.shape[0], w.shape[0], dtype=x.dtype)
    for k in range(x.shape[1]):
        total = total + x[:, k : k + 1] * w[:, k]
    return total


case("linear", torch_call=lambda torch, x, w: torch.nn.functional.linear(x, w), accumulate="float32", **LINEAR)
case("wrong_linear", torch_call=step_by_step, accumulate="float32", **{**LINEAR, "dtypes": ["bfloat16", "float16"]})
# Right where nothing is said of how it accumulates: each sum is rounded, in whatever order.
case(
    "step_by_step", torch_call=step_by_step, **{**LINEAR, "tf_call": lambda tf, x, w: tf.matmul(x, w, transpose_b=True)}
)
MIXED = {
    **LINEAR,
    "weights": dict(w=normal("O K", dtype="bfloat16")),
    "tf_call": lambda tf, x, w: tf.matmul(x, tf.cast(w, x.dtype), transpose_b=True),
    "dtypes": ["float32"],
}
case("mixed_weights", torch_call=lambda torch, x, w: torch.nn.functional.linear(x, w.to(x)), **MIXED)
case("wrong_mixed_weights", torch_call=lambda torch, x, w: torch.nn.functional.linear(x.to(w), w).to(x), **MIXED)

# The sign of zero --------------------------------------------------------------------------------------------------

ZEROS = dict(
    formula=lambda np, x, m: np.where(m > 0, x, 0.0),
    torch_call=lambda torch, x, m: x * m,
    tf_call=lambda tf, x, m: tf.where(m > 0, x, tf.zeros_like(x)),
    sizes=dict(N=40),
    inputs=dict(x=normal("N"), m=integers("N", 0, 2)),
    outputs=dict(y="N"),
    dtypes=["float32"],
)
case("unsigned_zeros", unsigned_zeros="multiplying by a mask of zeros keeps the sign", **ZEROS)
case("unsigned_output", unsigned_zeros={"output:y": "multiplying by a mask of zeros keeps the sign"}, **ZEROS)
case("wrong_signed_zeros", **ZEROS)

# Rows that vary in number ------------------------------------------------------------------------------------------

UNIQUE = dict(
    formula=lambda np, n: np.unique(n),
    tf_call=lambda tf, n: tf.sort(tf.unique(n).y),
    sizes=dict(N=12, M=12),
    inputs=dict(n=integers("N", 0, 9)),
    outputs=dict(y=buffer("M", at_most="M")),
    dtypes=["float32"],
)
case("unique", torch_call=lambda torch, n: torch.unique(n), **UNIQUE)
case("wrong_missing_row", torch_call=lambda torch, n: torch.unique(n)[1:], **UNIQUE)
case("wrong_zero_row", torch_call=lambda torch, n: torch.nn.functional.pad(torch.unique(n), (0, 1)), **UNIQUE)
case("wrong_too_many_rows", torch_call=lambda torch, n: torch.cat([n, n]), **UNIQUE)
case(
    "nonzero",
    lambda np, x: np.argwhere(x > 0),
    lambda torch, x: torch.nonzero(x > 0),
    lambda tf, x: tf.where(x > 0),
    sizes=dict(N=4, T=6, K=24, R=2),
    outputs=dict(places=buffer("K R", at_most="K")),
)
KEPT = dict(
    formula=lambda np, x: np.exp(x[x > 0]),
    tf_call=lambda tf, x: tf.exp(tf.boolean_mask(x, x > 0)),
    sizes=dict(K=20),
    inputs=dict(x=normal("K")),
    outputs=dict(y=output("K", at_most="K")),
    dtypes=["float32"],
)
case("kept", torch_call=lambda torch, x: torch.exp(x[x > 0]), **KEPT)
case("wrong_kept", torch_call=lambda torch, x: torch.exp(x[x > 0].detach()) * x[x > 0] / x[x > 0].detach(), **KEPT)

# Layers of several inputs ------------------------------------------------------------------------------------------

attention = Case(
    "attention",
    "Attention of one head without bias, and additive attention with a scale.",
    sizes=dict(N=2, T=3, S=4, E=6, B=lambda E: E),
    inputs=dict(q=normal("N T E"), v=normal("N S E")),
    weights=dict(wq=normal("B E"), wk=normal("B E"), wv=normal("B E"), wo=normal("E B")),
    outputs=dict(y="N T E"),
    dtypes=["float32"],
)


@attention.reference
def _(np, q, v, wq, wk, wv, wo, *, E):
    a = np.einsum("nte,be->ntb", q, wq) @ np.transpose(np.einsum("nse,be->nsb", v, wk), (0, 2, 1)) / np.sqrt(E)
    a = np.exp(a - np.max(a, axis=-1, keepdims=True))
    a = a / np.sum(a, axis=-1, keepdims=True)
    return np.einsum("nts,nsb,eb->nte", a, np.einsum("nse,be->nsb", v, wv), wo)


@attention.torch("torch.softmax")
def _(torch, q, v, wq, wk, wv, wo, *, E):
    a = torch.softmax((q @ wq.T) @ (v @ wk.T).transpose(1, 2) / E**0.5, -1)
    return a @ (v @ wv.T) @ wo.T


PROJECTIONS = {"query": "wq", "key": "wk", "value": "wv"}


@attention.tensorflow.layer(
    "keras.layers.MultiHeadAttention",
    weights={f"{name}/kernel": f"{w}: E 1 B" for name, w in PROJECTIONS.items()}
    | {"attention_output/kernel": "wo: 1 B E"},
)
def _(tf, *, E):
    return tf.keras.layers.MultiHeadAttention(1, E, use_bias=False)


two = Case(
    "two_inputs",
    "Two inputs, weighted and added up.",
    sizes=dict(N=3, I=4, J=5, O=6),
    inputs=dict(x=normal("N I"), y=normal("N J")),
    weights=dict(a=normal("I O"), b=normal("J O")),
    outputs=dict(z="N O"),
    dtypes=["float32"],
    variants=grid(way=["build", "sublayers", "list"]),
)
two.reference(lambda np, x, y, a, b: x @ a + y @ b)
two.torch("torch.matmul")(lambda torch, x, y, a, b: x @ a + y @ b)


def names(way):
    made = ("a", "b") if way != "sublayers" else ("dense/kernel", "dense_1/kernel")
    return dict(zip(made, ("a: I O", "b: J O"), strict=True))


@two.tensorflow.layer("keras.layers.Layer", weights=names)
def _(tf, *, O, way):
    keras = tf.keras

    class Named(keras.layers.Layer):
        def build(self, x_shape, y_shape):
            self.a = self.add_weight(shape=(x_shape[-1], O), name="a")
            self.b = self.add_weight(shape=(y_shape[-1], O), name="b")

        def call(self, x, y):
            return x @ self.a + y @ self.b

    class Listed(keras.layers.Layer):
        def build(self, shapes):
            first, second = shapes
            self.a = self.add_weight(shape=(first[-1], O), name="a")
            self.b = self.add_weight(shape=(second[-1], O), name="b")

        def call(self, both):
            return both[0] @ self.a + both[1] @ self.b

    class Sublayers(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b = (keras.layers.Dense(O, use_bias=False) for _ in range(2))

        def call(self, x, y):
            return self.a(x) + self.b(y)

    if way == "list":
        layer = Listed()
        return layer, lambda x, y: layer([x, y])
    return Named() if way == "build" else Sublayers()


additive = Case(
    "additive_attention",
    "Additive attention with a scale.",
    sizes=dict(N=2, T=3, S=4, E=5),
    inputs=dict(q=normal("N T E"), v=normal("N S E")),
    weights=dict(scale=normal("E")),
    outputs=dict(y="N T E"),
    dtypes=["float32"],
)


@additive.reference
def _(np, q, v, scale):
    a = np.sum(scale * np.tanh(q[:, :, None] + v[:, None]), axis=-1)
    a = np.exp(a - np.max(a, axis=-1, keepdims=True))
    return a / np.sum(a, axis=-1, keepdims=True) @ v


@additive.torch("torch.tanh")
def _(torch, q, v, scale):
    return torch.softmax((scale * torch.tanh(q[:, :, None] + v[:, None])).sum(-1), -1) @ v


@additive.tensorflow.layer("keras.layers.AdditiveAttention", weights=dict(scale="scale: E"))
def _(tf):
    layer = tf.keras.layers.AdditiveAttention()
    return layer, lambda q, v: layer([q, v])
