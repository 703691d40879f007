"""Rms_scaling of LayerNormalization warns in Keras 3.12 that it is wrong and deprecated.

release notes of Keras 3.12: rms_scaling of LayerNormalization is deprecated
"""

from parity import Case, buffer, normal

rms_scaling_deprecated = Case(
    "rms_scaling_deprecated",
    "x / std of each row.",
    sizes=dict(N=3, D=6),
    inputs=dict(x=normal("N D")),
    outputs=dict(y=buffer("N D")),
    dtypes=["float32"],
    parameters=dict(epsilon=1e-3),
)


@rms_scaling_deprecated.reference
def _(np, x, *, epsilon):
    return x / np.sqrt(np.var(x, axis=-1, keepdims=True) + epsilon)


@rms_scaling_deprecated.tensorflow("keras.layers.LayerNormalization")
def _(tf, x, *, epsilon):
    return tf.keras.layers.LayerNormalization(epsilon=epsilon, rms_scaling=True)(x)


@rms_scaling_deprecated.torch("torch.var")
def _(torch, x, *, epsilon):
    return x / torch.sqrt(x.var(-1, correction=0, keepdim=True) + epsilon)
