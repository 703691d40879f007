"""RMSNormalization of float16 squared its input in float16, and gave 0 where that overflowed, up to Keras 3.10.

release notes of Keras 3.11; measured with 3.10.0 and 3.12.0
"""

from parity import Case, buffer, normal

rms_norm_of_large_halves = Case(
    "rms_norm_of_large_halves",
    "x / sqrt(mean x²) of numbers whose squares exceed float16.",
    sizes=dict(N=3, D=6),
    inputs=dict(x=normal("N D", std=500)),
    outputs=dict(y=buffer("N D")),
    dtypes=["float16"],
    accumulate="float32",
)


@rms_norm_of_large_halves.reference
def _(np, x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True))


@rms_norm_of_large_halves.tensorflow("keras.layers.RMSNormalization")
def _(tf, x):
    return tf.keras.layers.RMSNormalization(epsilon=1e-6, dtype="float16")(x)


@rms_norm_of_large_halves.torch("torch.rsqrt")
def _(torch, x):
    x = x.float()
    return (x * torch.rsqrt((x * x).mean(-1, keepdim=True))).half()
