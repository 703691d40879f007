"""MultiHeadAttention with a negative attention axis attended over another axis up to Keras 3.10.

https://github.com/keras-team/keras/pull/21721
"""

from parity import Case, buffer, normal

attention_over_negative_axis = Case(
    "attention_over_negative_axis",
    "Attention over the next to last axis, with the identity for each projection: softmax(x xᵀ / √D) x.",
    sizes=dict(N=2, G=3, T=5, D=4),
    inputs=dict(x=normal("N G T D")),
    outputs=dict(y=buffer("N G T D")),
    dtypes=["float32"],
)


@attention_over_negative_axis.reference
def _(np, x):
    scores = np.einsum("ngtd,ngsd->ngts", x, x) / 2
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return np.einsum("ngts,ngsd->ngtd", weights / np.sum(weights, axis=-1, keepdims=True), x)


@attention_over_negative_axis.tensorflow("keras.layers.MultiHeadAttention")
def _(tf, x):
    layer = tf.keras.layers.MultiHeadAttention(1, 4, use_bias=False, attention_axes=(-2,))
    layer(x, x)
    for weight in layer.weights:
        weight.assign(tf.reshape(tf.eye(4), weight.shape))
    return layer(x, x)


@attention_over_negative_axis.torch("torch.softmax")
def _(torch, x):
    return torch.softmax(x @ x.transpose(2, 3) / 2, -1) @ x
