"""LayerNormalization of float16 overflowed with large numbers up to Keras 3.5.

release notes of Keras 3.7; measured with 3.5.0 and 3.8.0
"""

from parity import Case, buffer, normal

layer_norm_of_large_halves = Case(
    "layer_norm_of_large_halves",
    "(x - mean) / std of numbers whose squares exceed float16.",
    sizes=dict(N=3, D=6),
    inputs=dict(x=normal("N D", std=3000)),
    outputs=dict(y=buffer("N D")),
    dtypes=["float16"],
    accumulate="float32",
)


@layer_norm_of_large_halves.reference
def _(np, x):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True))


@layer_norm_of_large_halves.tensorflow("keras.layers.LayerNormalization")
def _(tf, x):
    return tf.keras.layers.LayerNormalization(dtype="float16")(x)


@layer_norm_of_large_halves.torch("torch.nn.functional.layer_norm")
def _(torch, x):
    return torch.nn.functional.layer_norm(x.float(), (6,)).half()
