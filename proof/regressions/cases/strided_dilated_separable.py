"""Keras.layers.SeparableConv2D refused strides together with dilation up to Keras 3.12.

https://github.com/keras-team/keras/pull/23027
"""

from parity import Case, buffer, normal

strided_dilated_separable = Case(
    "strided_dilated_separable",
    "A depthwise convolution with stride 2 of a kernel that is dilated by 2.",
    sizes=dict(N=2, C=5, H=8, W=11, KH=2, KW=3, P=3, Q=4),
    inputs=dict(x=normal("N H W C")),
    weights=dict(kernel=normal("KH KW C")),
    outputs=dict(y=buffer("N P Q C")),
    dtypes=["float32"],
)


@strided_dilated_separable.reference
def _(np, x, kernel):
    parts = [kernel[i, j] * x[:, 2 * i : 2 * i + 5 : 2, 2 * j : 2 * j + 7 : 2] for i in range(2) for j in range(3)]
    return np.sum(np.stack(parts), axis=0)


@strided_dilated_separable.tensorflow("keras.layers.DepthwiseConv2D")
def _(tf, x, kernel):
    layer = tf.keras.layers.DepthwiseConv2D((2, 3), strides=2, dilation_rate=2, use_bias=False)
    layer.build(x.shape)
    layer.kernel.assign(kernel[..., None])
    return layer(x)


@strided_dilated_separable.torch("torch.nn.functional.conv2d")
def _(torch, x, kernel):
    y = torch.nn.functional.conv2d(
        x.permute(0, 3, 1, 2), kernel.permute(2, 0, 1)[:, None], stride=2, dilation=2, groups=5
    )
    return y.permute(0, 2, 3, 1)
