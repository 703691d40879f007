"""A Keras layer of several inputs."""

from parity import Case, normal

case = Case(
    "f13_bilinear_attention",
    "Attention of two inputs by one head, without a bias.",
    sizes=dict(N=2, T=3, S=4, E=6, B=lambda E: E),
    inputs=dict(q=normal("N T E"), v=normal("N S E")),
    weights=dict(wq=normal("B E"), wk=normal("B E"), wv=normal("B E"), wo=normal("E B")),
    outputs=dict(y="N T E"),
    dtypes=["float32"],
)


@case.reference
def _(np, q, v, wq, wk, wv, wo, *, E):
    a = np.einsum("nte,be->ntb", q, wq) @ np.transpose(np.einsum("nse,be->nsb", v, wk), (0, 2, 1)) / np.sqrt(E)
    a = np.exp(a - np.max(a, axis=-1, keepdims=True))
    a = a / np.sum(a, axis=-1, keepdims=True)
    return np.einsum("nts,nsb,eb->nte", a, np.einsum("nse,be->nsb", v, wv), wo)


@case.torch("torch.softmax")
def _(torch, q, v, wq, wk, wv, wo, *, E):
    a = torch.softmax((q @ wq.T) @ (v @ wk.T).transpose(1, 2) / E**0.5, -1)
    return a @ (v @ wv.T) @ wo.T


@case.tensorflow.layer(
    "keras.layers.MultiHeadAttention",
    weights={
        "query/kernel": "wq: E 1 B",
        "key/kernel": "wk: E 1 B",
        "value/kernel": "wv: E 1 B",
        "attention_output/kernel": "wo: 1 B E",
    },
)
def _(tf, *, E):
    return tf.keras.layers.MultiHeadAttention(1, E, use_bias=False)
