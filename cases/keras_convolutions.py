"""Convolutions and correlations by their functions, in keras.ops and elsewhere."""

from parity import Case, grid, normal

LAST = dict(x="N L C", y="N P O")

conv = Case(
    "keras_ops_conv",
    "A convolution of sequences without padding.",
    sizes=dict(N=2, L=11, C=4, K=3, O=5),
    inputs=dict(x=normal("N C L"), kernel=normal("K C O")),
    outputs=dict(y="N O P"),
    variants=grid(stride=[1, 2], dilation=[1]) + grid(stride=[1], dilation=[2]),
)


def taken(x, k, length, stride, dilation, axis):
    """What element k of the kernel meets at each place."""
    count = (length - 1 - 2 * dilation) // stride + 1
    places = slice(k * dilation, k * dilation + (count - 1) * stride + 1, stride)
    return x[(slice(None),) * axis + (places,)]


@conv.reference
def _(np, x, kernel, *, L, K, stride, dilation):
    windows = np.stack([taken(x, k, L, stride, dilation, 2) for k in range(K)])
    return np.einsum("kncp,kco->nop", windows, kernel)


@conv.torch("torch.conv1d", kernel="O C K")
def _(torch, x, kernel, *, stride, dilation):
    return torch.conv1d(x, kernel, stride=stride, dilation=dilation)


@conv.tensorflow("keras.ops.conv", **LAST)
def _(tf, x, kernel, *, stride, dilation):
    return tf.keras.ops.conv(x, kernel, stride, "valid", dilation_rate=dilation)


depthwise = Case(
    "keras_ops_depthwise_conv",
    "A convolution of each channel with kernels of its own.",
    sizes=dict(N=2, L=9, C=4, K=3, M=2, O=lambda C, M: C * M),
    inputs=dict(x=normal("N C L"), kernel=normal("K C M")),
    outputs=dict(y="N O P"),
)


@depthwise.reference
def _(np, x, kernel, *, N, L, C, K, M):
    windows = np.stack([taken(x, k, L, 1, 1, 2) for k in range(K)])
    return np.einsum("kncp,kcm->ncmp", windows, kernel).reshape(N, C * M, -1)


@depthwise.torch("torch.conv1d(groups)", kernel="C M K")
def _(torch, x, kernel, *, C, M, K):
    return torch.conv1d(x, kernel.reshape(C * M, 1, K), groups=C)


@depthwise.tensorflow("keras.ops.depthwise_conv", **LAST)
def _(tf, x, kernel):
    return tf.keras.ops.depthwise_conv(x, kernel, 1, "valid")


separable = Case(
    "keras_ops_separable_conv",
    "A convolution of each channel by itself, and a linear layer from channels to channels at each place.",
    sizes=dict(N=2, L=9, C=4, K=3, M=2, D=lambda C, M: C * M, O=5),
    inputs=dict(x=normal("N C L"), depthwise=normal("K C M"), pointwise=normal("D O")),
    outputs=dict(y="N O P"),
)


@separable.reference
def _(np, x, depthwise, pointwise, *, N, L, C, K, M):
    windows = np.stack([taken(x, k, L, 1, 1, 2) for k in range(K)])
    each = np.einsum("kncp,kcm->ncmp", windows, depthwise).reshape(N, C * M, -1)
    return np.einsum("ncp,co->nop", each, pointwise)


@separable.torch("torch.conv1d(groups)", depthwise="C M K", pointwise="O D")
def _(torch, x, depthwise, pointwise, *, C, M, K):
    return torch.conv1d(torch.conv1d(x, depthwise.reshape(C * M, 1, K), groups=C), pointwise[..., None])


@separable.tensorflow("keras.ops.separable_conv", **LAST)
def _(tf, x, depthwise, pointwise):
    return tf.keras.ops.separable_conv(x, depthwise, pointwise[None], 1, "valid")


correlate = Case(
    "correlate",
    "The correlation of two sequences: at the places where the shorter one fits, or at all where they meet.",
    sizes=dict(L=12, K=4),
    inputs=dict(x=normal("L"), kernel=normal("K")),
    outputs=dict(y="P"),
    variants=grid(mode=["valid", "full"]),
)


@correlate.reference
def _(np, x, kernel, *, K, mode):
    margin = K - 1 if mode == "full" else 0
    x = np.concatenate([np.zeros(margin), x, np.zeros(margin)])
    return np.stack([np.sum(x[p : p + K] * kernel) for p in range(x.shape[0] - K + 1)])


@correlate.torch("torch.conv1d")
def _(torch, x, kernel, *, K, mode):
    return torch.conv1d(x[None, None], kernel[None, None], padding=K - 1 if mode == "full" else 0)[0, 0]


@correlate.tensorflow("keras.ops.correlate")
def _(tf, x, kernel, *, mode):
    return tf.keras.ops.correlate(x, kernel, mode)


@correlate.tensorflow("tf.nn.conv1d")
def _(tf, x, kernel, *, K, mode):
    margin = K - 1 if mode == "full" else 0
    x = tf.pad(x, [[margin, margin]])
    return tf.nn.conv1d(x[None, :, None], kernel[:, None, None], 1, "VALID")[0, :, 0]


@correlate.torch.naive(
    "torch.flip",
    "the kernel turned around",
    because="convolution layers correlate; numpy.convolve and signal processing turn the kernel around first",
    source="https://numpy.org/doc/stable/reference/generated/numpy.convolve.html",
    fix="leave the kernel as it is",
)
def _(torch, x, kernel, *, K, mode):
    kernel = torch.flip(kernel, (0,))
    return torch.conv1d(x[None, None], kernel[None, None], padding=K - 1 if mode == "full" else 0)[0, 0]
