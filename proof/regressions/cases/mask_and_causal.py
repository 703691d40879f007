"""Attention with both attn_mask and is_causal gave a result before, and raises in 2.14.

PyTorch's documentation of scaled_dot_product_attention: an error when both are set; measured with 2.13.0 and 2.14.1
"""

from parity import Case, normal

mask_and_causal = Case(
    "mask_and_causal",
    "Causal attention with a bias: softmax(q kᵀ / 2 + b) v, over the past.",
    sizes=dict(N=2, H=3, T=5, S=lambda T: T, D=4),
    inputs=dict(q=normal("N H T D"), k=normal("N H S D"), v=normal("N H S D"), b=normal("T S", gradient=False)),
    outputs=dict(y="N H T D"),
    dtypes=["float32"],
)


@mask_and_causal.reference
def _(np, q, k, v, b, *, T):
    scores = np.einsum("nhtd,nhsd->nhts", q, k) / 2 + b
    past = np.tril(np.ones((T, T))) > 0
    scores = np.where(past, scores, -1e30)
    weights = np.exp(scores - np.stop_gradient(np.max(scores, axis=-1, keepdims=True)))
    return np.einsum("nhts,nhsd->nhtd", weights / np.sum(weights, axis=-1, keepdims=True), v)


@mask_and_causal.torch("torch.nn.functional.scaled_dot_product_attention")
def _(torch, q, k, v, b):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=b, is_causal=True)


@mask_and_causal.tensorflow("tf.linalg.band_part")
def _(tf, q, k, v, b, *, T):
    scores = tf.einsum("nhtd,nhsd->nhts", q, k) / 2 + b
    past = tf.linalg.band_part(tf.ones((T, T)), -1, 0) > 0
    return tf.einsum("nhts,nhsd->nhtd", tf.nn.softmax(tf.where(past, scores, -1e30)), v)
