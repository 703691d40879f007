"""PyTorch's encoder takes another path in inference, where its padded rows are zero.

https://github.com/pytorch/pytorch/issues/128209
"""

from parity import Case, concat, normal

LENGTHS = (5, 3)

encoder = Case(
    "f05_encoder",
    "Post-norm encoder layer with two heads and ReLU; padding at the end of the second sequence is not attended to.",
    sizes=dict(N=2, T=5, E=lambda H, D: H * D, C=lambda E: E, H=2, D=3, F=8),
    inputs=dict(x=normal("N T E")),
    weights=dict(
        wq=normal("H D E"),
        wk=normal("H D E"),
        wv=normal("H D E"),
        wo=normal("C H D"),
        w1=normal("F E"),
        w2=normal("E F"),
    ),
    outputs=dict(y="N T E"),
    dtypes=["float32"],
)


def padded(T):
    return [[t >= length for t in range(T)] for length in LENGTHS]


@encoder.reference
def _(np, x, wq, wk, wv, wo, w1, w2, *, T, D):
    seen = 1.0 - np.array(padded(T))[:, None, None, :]
    q, k, v = (np.einsum("nte,hde->nhtd", x, w) for w in (wq, wk, wv))
    a = np.einsum("nhtd,nhsd->nhts", q, k) / np.sqrt(D)
    e = np.exp(a - np.max(a, axis=-1, keepdims=True)) * seen
    y = np.einsum("nhtd,chd->ntc", np.einsum("nhts,nhsd->nhtd", e / np.sum(e, axis=-1, keepdims=True), v), wo)

    def norm(x):
        centred = x - np.mean(x, axis=-1, keepdims=True)
        return centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)

    y = norm(x + y)
    return norm(y + np.einsum("ntf,ef->nte", np.maximum(np.einsum("nte,fe->ntf", y, w1), 0), w2))


WEIGHTS = {
    "layers.0.self_attn.in_proj_weight": concat("wq: (H D) E", "wk: (H D) E", "wv: (H D) E"),
    "layers.0.self_attn.in_proj_bias": concat(*["zeros(E)"] * 3) if False else None,
    "layers.0.self_attn.out_proj.weight": "wo: C (H D)",
    "layers.0.linear1.weight": "w1: F E",
    "layers.0.linear2.weight": "w2: E F",
}
WEIGHTS = {name: source for name, source in WEIGHTS.items() if source is not None}


def build(torch, E, H, T, F):
    layer = torch.nn.TransformerEncoderLayer(E, H, F, dropout=0.0, batch_first=True)
    stack = torch.nn.TransformerEncoder(layer, 1).eval()
    for name, parameter in stack.named_parameters():
        if "bias" in name or "norm" in name:
            torch.nn.init.constant_(parameter, float("norm" in name and "weight" in name))
            parameter.requires_grad_(False)
    return stack, torch.tensor(padded(T))


@encoder.torch.layer("torch.nn.TransformerEncoder", weights=WEIGHTS)
def _(torch, *, E, H, T, F):
    stack, pad = build(torch, E, H, T, F)
    return stack, lambda x: stack(x, src_key_padding_mask=pad)


@encoder.torch.naive(
    "torch.nn.TransformerEncoder",
    "without gradients, as in production",
    weights=WEIGHTS,
    because="in evaluation without gradients another path is taken, whose padded rows are zero",
    source="https://github.com/pytorch/pytorch/issues/128209",
    fix="enable_nested_tensor=False",
)
def _(torch, *, E, H, T, F):
    stack, pad = build(torch, E, H, T, F)

    def call(x):
        with torch.no_grad():
            return stack(x, src_key_padding_mask=pad)

    return stack, call


@encoder.tensorflow("tf.nn")
def _(tf, x, wq, wk, wv, wo, w1, w2, *, T, D):
    q, k, v = (tf.einsum("nte,hde->nhtd", x, w) for w in (wq, wk, wv))
    a = tf.matmul(q, k, transpose_b=True) / tf.sqrt(tf.cast(D, x.dtype))
    a = tf.where(tf.constant(padded(T))[:, None, None], tf.constant(float("-inf"), x.dtype), a)
    y = tf.einsum("nhtd,chd->ntc", tf.matmul(tf.nn.softmax(a), v), wo)

    def norm(x):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)

    y = norm(x + y)
    return norm(y + tf.einsum("ntf,ef->nte", tf.nn.relu(tf.einsum("nte,fe->ntf", y, w1)), w2))
