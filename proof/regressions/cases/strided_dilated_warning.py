"""Tf.nn.depthwise_conv2d warns of strides with dilation in TensorFlow 2.21.

docs/upgrade-gate.md; tensorflow/python/ops/nn_impl.py of 2.21.0
"""

from parity import Case, buffer, normal

strided_dilated_warning = Case(
    "strided_dilated_warning",
    "x plus nothing: a depthwise convolution with a kernel of zeros.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@strided_dilated_warning.reference
def _(np, x):
    return 1 * x


@strided_dilated_warning.tensorflow("tf.nn.depthwise_conv2d")
def _(tf, x):
    y = tf.nn.depthwise_conv2d(tf.ones((1, 8, 8, 1)), tf.zeros((2, 2, 1, 1)), (1, 2, 2, 1), "SAME", dilations=(2, 2))
    return x + tf.reduce_sum(y)


@strided_dilated_warning.torch("torch.clone")
def _(torch, x):
    return x.clone()
