"""Convolutions in one to three dimensions: TensorFlow's and symmetric padding, strides, even and 1x1 kernels."""

from _convolution import channels_last, convolution, keras_variables, tf_margins

from parity import grid

VARIANTS = {
    1: grid(kernel_size=[(2,), (3,)], stride=[(1,), (2,), (3,)], padding=["valid", "same"])
    + grid(kernel_size=[(3,)], stride=[(2,)], padding=["same"], L=[12])
    + grid(kernel_size=[(4,)], stride=[(1,), (2,)], padding=["same"])
    + grid(kernel_size=[(1,)], stride=[(1,), (2,)], padding=["same"], bias=[False])
    + grid(kernel_size=[(3,)], stride=[(1,)], padding=[(1,)])
    + grid(kernel_size=[(4,)], stride=[(3,)], padding=[(2,)])
    + grid(kernel_size=[(3,)], stride=[(1,), (2,)], padding=["causal"]),
    2: grid(kernel_size=[(3, 2)], stride=[(1, 1), (2, 2), (3, 1)], padding=["valid", "same"])
    + grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=["same"], H=[8])
    + grid(kernel_size=[(4, 5)], stride=[(1, 1), (2, 3)], padding=["same"])
    + grid(kernel_size=[(1, 1)], stride=[(1, 1), (2, 3)], padding=["valid"], bias=[False])
    + grid(kernel_size=[(3, 3)], stride=[(1, 1), (2, 2)], padding=[(1, 1)])
    + grid(kernel_size=[(3, 4)], stride=[(1, 3)], padding=[(0, 2)]),
    3: grid(kernel_size=[(2, 3, 1)], stride=[(1, 1, 1)], padding=["valid", "same"])
    + grid(kernel_size=[(3, 2, 4)], stride=[(1, 2, 3)], padding=["valid", "same"])
    + grid(kernel_size=[(2, 2, 2)], stride=[(2, 2, 2)], padding=["same"], bias=[False])
    + grid(kernel_size=[(1, 1, 1)], stride=[(1, 1, 1)], padding=["valid"])
    + grid(kernel_size=[(3, 2, 3)], stride=[(2, 1, 1)], padding=[(1, 0, 2)]),
}


def plain_convolution(rank):
    case = convolution(f"conv{rank}d", "The kernel moved over the input, with a bias added.", rank, VARIANTS[rank])

    @case.tensorflow(f"tf.nn.conv{rank}d", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        if padding in ("valid", "same"):
            padding = padding.upper()
        else:
            added = tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding)
            x, padding = (x, added) if rank == 2 else (tf.pad(x, added), "VALID")
        y = getattr(tf.nn, f"conv{rank}d")(x, kernel, (1, *stride, 1), padding)
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow.layer(f"keras.layers.Conv{rank}D", weights=keras_variables(rank), **channels_last(rank))
    def _(tf, *, O, kernel_size, stride, padding, bias):
        Conv = getattr(tf.keras.layers, f"Conv{rank}D")
        if isinstance(padding, str):
            return Conv(O, kernel_size, stride, padding, use_bias=bias)
        layer = Conv(O, kernel_size, stride, use_bias=bias)
        pad = getattr(tf.keras.layers, f"ZeroPadding{rank}D")(padding if rank > 1 else padding[0])
        return layer, lambda x: layer(pad(x))

    return case


conv1d = plain_convolution(1)
conv2d = plain_convolution(2)
conv3d = plain_convolution(3)
