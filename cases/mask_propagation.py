"""Masks that pass from layer to layer: what a Keras model does by itself, and PyTorch by hand."""

from parity import Case, grid, integers, normal

SIZES = dict(N=4, T=7, V=6, E=3, D=5)
LAYERS = {
    "words/embeddings": "table: V E",
    "dense/kernel": "kernel: E D",
    "dense/bias": "bias: D",
}

stack = Case(
    "mask_through_layers",
    "The mean of the steps that hold a word, after an embedding, a linear layer, tanh and layer normalization.",
    sizes=SIZES,
    parameters=dict(eps=1e-3),
    inputs=dict(ids=integers("N T", 0, "V")),
    weights=dict(table=normal("V E"), kernel=normal("E D"), bias=normal("D")),
    outputs=dict(y="N D"),
    variants=grid(residual=[False, True]),
)


def masked_mean(np, h, ids):
    counts = (ids != 0) * 1.0
    return np.sum(h * counts[..., None], 1) / np.maximum(np.sum(counts, 1, keepdims=True), 1)


@stack.reference
def _(np, ids, table, kernel, bias, *, residual, eps):
    dense = np.tanh(np.dot(table[ids], kernel) + bias)
    centred = dense - np.mean(dense, 2, keepdims=True)
    normed = centred / np.sqrt(np.mean(centred**2, 2, keepdims=True) + eps)
    return masked_mean(np, normed + dense if residual else normed, ids)


@stack.torch.layer(
    "torch.nn.Embedding", weights={"0.weight": "table: V E", "1.weight": "kernel: D E", "1.bias": "bias: D"}
)
def _(torch, *, V, E, D, residual, eps):
    layers = torch.nn.ModuleList([torch.nn.Embedding(V, E), torch.nn.Linear(E, D)])

    def call(ids):
        dense = torch.tanh(layers[1](layers[0](ids)))
        normed = torch.nn.functional.layer_norm(dense, (D,), eps=eps)
        counts = (ids != 0).to(dense.dtype)[..., None]
        h = normed + dense if residual else normed
        return (h * counts).sum(1) / counts.sum(1).clamp(min=1)

    return layers, call


@stack.tensorflow.layer("keras.layers.Embedding(mask_zero)", weights=LAYERS)
def _(tf, *, T, V, E, D, residual, eps, dtype):
    layers = tf.keras.layers
    ids = tf.keras.Input((T,), dtype="int64")
    x = layers.Embedding(V, E, mask_zero=True, name="words", dtype=dtype)(ids)
    dense = layers.Dense(D, "tanh", name="dense", dtype=dtype)(x)
    normed = layers.LayerNormalization(epsilon=eps, center=False, scale=False, dtype=dtype)(dense)
    h = layers.Add(dtype=dtype)([normed, dense]) if residual else normed
    return tf.keras.Model(ids, layers.GlobalAveragePooling1D(dtype=dtype)(h))


@stack.tensorflow("tf.where")
def _(tf, ids, table, kernel, bias, *, residual, eps):
    dense = tf.tanh(tf.gather(table, ids) @ kernel + bias)
    normed = tf.keras.ops.layer_normalization(dense, epsilon=eps)
    counts = tf.cast(ids != 0, dense.dtype)[..., None]
    h = normed + dense if residual else normed
    return tf.reduce_sum(h * counts, 1) / tf.maximum(tf.reduce_sum(counts, 1), tf.ones([], h.dtype))


masked_softmax = Case(
    "masked_softmax",
    "Softmax over the steps that count; the others get nothing.",
    sizes=dict(N=4, T=7),
    inputs=dict(scores=normal("N T"), ids=integers("N T", 0, 3)),
    outputs=dict(y="N T"),
)


@masked_softmax.reference
def _(np, scores, ids):
    counts = (ids != 0) * 1.0
    powers = np.exp(scores) * counts
    return powers / np.maximum(np.sum(powers, 1, keepdims=True), 1e-6)


@masked_softmax.torch("torch.Tensor.masked_fill")
def _(torch, scores, ids):
    lowest = torch.finfo(scores.dtype).min / 2
    weights = torch.softmax(scores.masked_fill(ids == 0, lowest), 1)
    return weights * (ids != 0).any(1, keepdim=True)


@masked_softmax.tensorflow.layer("keras.layers.Softmax(mask)", weights={})
def _(tf):
    layer = tf.keras.layers.Softmax()

    def call(scores, ids):
        return layer(scores, mask=ids != 0) * tf.cast(tf.reduce_any(ids != 0, 1, keepdims=True), scores.dtype)

    return layer, call
