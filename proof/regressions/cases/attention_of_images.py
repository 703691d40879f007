"""Keras.layers.Attention took three axes only up to Keras 3.12.

https://github.com/keras-team/keras/pull/22361
"""

from parity import Case, normal

attention_of_images = Case(
    "attention_of_images",
    "Attention within each group: softmax(q vᵀ) v.",
    sizes=dict(N=2, G=3, T=5, S=6, D=4),
    inputs=dict(q=normal("N G T D"), v=normal("N G S D")),
    outputs=dict(y="N G T D"),
    dtypes=["float32"],
)


@attention_of_images.reference
def _(np, q, v):
    scores = np.einsum("ngtd,ngsd->ngts", q, v)
    weights = np.exp(scores - np.stop_gradient(np.max(scores, axis=-1, keepdims=True)))
    return np.einsum("ngts,ngsd->ngtd", weights / np.sum(weights, axis=-1, keepdims=True), v)


@attention_of_images.tensorflow("keras.layers.Attention")
def _(tf, q, v):
    return tf.keras.layers.Attention()([q, v])


@attention_of_images.torch("torch.softmax")
def _(torch, q, v):
    return torch.softmax(q @ v.transpose(2, 3), -1) @ v
