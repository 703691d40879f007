"""Conv2DTranspose refused output_padding=0 up to Keras 3.10.

release notes of Keras 3.11; measured with 3.10.0 and 3.12.0
"""

from parity import Case, buffer, normal

output_padding_zero = Case(
    "output_padding_zero",
    "x plus what a transposed convolution with a kernel of zeros gives: 0.",
    sizes=dict(N=2, H=3, W=4, C=1),
    inputs=dict(x=normal("N H W C")),
    outputs=dict(y=buffer("N H W C")),
    dtypes=["float32"],
)


@output_padding_zero.reference
def _(np, x):
    return 2 * x


@output_padding_zero.tensorflow("keras.layers.Conv2DTranspose")
def _(tf, x):
    layer = tf.keras.layers.Conv2DTranspose(1, 1, padding="same", output_padding=0, kernel_initializer="ones")
    return x + layer(x)


@output_padding_zero.torch("torch.mul")
def _(torch, x):
    return 2 * x
