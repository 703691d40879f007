"""Faults in convolutions: where padding goes, which terms are summed, what a kernel means."""

from typing import Any

from proof.fault import Shows, fault
from proof.tools import backward, scaled, without_gradient

TORCH = ("torch.nn.functional.conv{}d", "torch.nn.Conv{}d")
KERNELS = ("grad:kernel",)
BOTH = ("output:y", "grad:x", "grad:kernel")
TORCH_1D, TORCH_2D, TORCH_3D = (tuple(api.format(rank) for api in TORCH) for rank in (1, 2, 3))


def margins(length: Any, size: Any, stride: Any) -> Any:
    """SAME's zeros with the odd one in front of the axis."""
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total - total // 2, total // 2


@fault(
    "torch-conv2d-odd-zero-in-front",
    "padding side",
    Shows("conv2d", TORCH_2D, BOTH, when=dict(kernel_size=(4, 5), padding="same", stride=(1, 1))),
    torch="torch.nn.functional.conv2d",
)
def _(
    torch: Any, conv2d: Any, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, *more: Any
) -> Any:
    """padding="same" puts the odd zero in front of an axis."""
    if padding == "same":
        (top, bottom), (left, right) = (margins(0, size, 1) for size in weight.shape[2:])
        x, padding = torch.nn.functional.pad(x, (left, right, top, bottom)), 0
    return conv2d(x, weight, bias, stride, padding, *more)


@fault(
    "tensorflow-conv2d-odd-zero-in-front",
    "padding side",
    Shows("conv2d", ("tf.nn.conv2d",), BOTH, when=dict(kernel_size=(3, 3), padding="same")),
    Shows("conv2d", ("tf.nn.conv2d",), BOTH, when=dict(kernel_size=(3, 2), padding="same")),
    tensorflow="tf.nn.conv2d",
)
def _(tf: Any, conv2d: Any, x: Any, filters: Any, strides: Any, padding: Any, *more: Any, **named: Any) -> Any:
    """SAME puts the odd zero in front of an axis."""
    if padding == "SAME" and not isinstance(strides, int):
        space = zip(x.shape[1:3], filters.shape[:2], strides[1:3], strict=True)
        padding = [(0, 0), *(margins(*axis) for axis in space), (0, 0)]
    return conv2d(x, filters, strides, padding, *more, **named)


@fault(
    "keras-conv-odd-zero-in-front",
    "padding side",
    Shows("conv1d", ("keras.layers.Conv1D",), BOTH, when=dict(kernel_size=(4,), padding="same")),
    tensorflow="keras.src.backend.nn.conv",
)
def _(
    tf: Any, conv: Any, inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", *more: Any, **named: Any
) -> Any:
    """padding="same" puts the odd zero in front of a sequence."""
    if padding == "same" and len(inputs.shape) == 3:
        step = strides if isinstance(strides, int) else strides[0]
        added = margins(inputs.shape[1], kernel.shape[0], step)
        inputs, padding = tf.pad(inputs, [(0, 0), added, (0, 0)]), "valid"
    return conv(inputs, kernel, strides, padding, *more, **named)


@fault(
    "keras-conv1d-causal-looks-ahead",
    "padding side",
    Shows("conv1d", ("keras.layers.Conv1D",), BOTH, when=dict(padding="causal")),
    tensorflow="keras.layers.Conv1D._compute_causal_padding",
)
def _(tf: Any, padding: Any, layer: Any, *shape: Any) -> Any:
    """Causal zeros are added behind the sequence."""
    return [axis[::-1] for axis in padding(layer, *shape)]


@fault(
    "torch-conv3d-bias-dropped",
    "a term dropped from an accumulation",
    Shows("conv3d", TORCH_3D, ("output:y", "grad:bias"), may=(), when=dict(bias=True)),
    torch="torch.nn.functional.conv3d",
)
def _(torch: Any, conv3d: Any, x: Any, weight: Any, bias: Any = None, *more: Any) -> Any:
    """The bias is not added."""
    return conv3d(x, weight, None, *more)


@fault(
    "torch-conv2d-last-tap-dropped",
    "a term dropped from an accumulation",
    Shows("conv2d", TORCH_2D, ("output:y", "grad:x"), ("grad:kernel",), when=dict(padding="valid")),
    torch="torch.nn.functional.conv2d",
    reaches=("depthwise_conv2d",),
)
def _(torch: Any, conv2d: Any, x: Any, weight: Any, *more: Any) -> Any:
    """The last product of each output is not added."""
    kept = torch.ones_like(weight)
    kept[:, -1, -1, -1] = 0
    return conv2d(x, weight * kept, *more)


@fault(
    "tensorflow-conv3d-one-wrong-element",
    "one wrong element",
    Shows("conv3d", ("tf.nn.conv3d",), ("output:y",), dtypes=("float32",)),
    tensorflow="tf.nn.conv3d",
)
def _(tf: Any, conv3d: Any, *arguments: Any, **named: Any) -> Any:
    """The last output is that of its neighbour."""
    y = conv3d(*arguments, **named)
    flat = tf.reshape(y, [-1])
    return tf.reshape(tf.concat([flat[:-1], flat[-2:-1]], 0), y.shape)


@fault(
    "torch-conv1d-dilation-ignored",
    "wrong parameter",
    Shows("dilated_conv1d", TORCH_1D, ("output:y", "grad:kernel"), when=dict(padding="same")),
    torch="torch.nn.functional.conv1d",
)
def _(
    torch: Any,
    conv1d: Any,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
) -> Any:
    """The dilation is taken for 1."""
    return conv1d(x, weight, bias, stride, padding, 1, groups)


@fault(
    "tensorflow-depthwise-channels-interleaved",
    "wrong axis",
    Shows("depthwise_conv2d", ("tf.nn.depthwise_conv2d", "keras.layers.DepthwiseConv2D"), BOTH),
    tensorflow="tf.nn.depthwise_conv2d",
)
def _(tf: Any, depthwise_conv2d: Any, x: Any, filters: Any, *more: Any, **named: Any) -> Any:
    """The outputs of a channel lie apart instead of side by side."""
    y = depthwise_conv2d(x, filters, *more, **named)
    channels, multiplier = filters.shape[2:]
    apart = tf.reshape(y, [*y.shape[:-1], channels, multiplier])
    return tf.reshape(tf.linalg.matrix_transpose(apart), y.shape)


@fault(
    "tensorflow-conv2d-transpose-kernel-flipped",
    "wrong axis",
    Shows("conv_transpose2d", ("tf.nn.conv2d_transpose",), BOTH, when=dict(kernel_size=(3, 2), stride=(1, 1))),
    tensorflow="tf.nn.conv2d_transpose",
)
def _(tf: Any, conv2d_transpose: Any, x: Any, filters: Any, *more: Any, **named: Any) -> Any:
    """The kernel is mirrored along its width."""
    return conv2d_transpose(x, tf.reverse(filters, [1]), *more, **named)


@fault(
    "torch-conv-transpose1d-output-shifted",
    "padding side",
    Shows(
        "padded_conv_transpose1d",
        ("torch.nn.functional.conv_transpose1d", "torch.nn.ConvTranspose1d"),
        ("output:y", "grad:x", "grad:kernel"),
    ),
    torch="torch.nn.functional.conv_transpose1d",
)
def _(torch: Any, conv_transpose1d: Any, *arguments: Any) -> Any:
    """The padding is cut off one position too late."""
    return torch.roll(conv_transpose1d(*arguments), 1, -1)


@fault(
    "torch-conv2d-kernel-without-gradient",
    "gradient of one weight zero",
    Shows("conv2d", TORCH_2D, KERNELS, may=(), when=dict(padding="valid")),
    torch="torch.nn.functional.conv2d",
)
def _(torch: Any, conv2d: Any, x: Any, weight: Any, *more: Any) -> Any:
    """The kernel gets no gradient; the results are right."""
    return conv2d(x, without_gradient(torch, weight), *more)


@fault(
    "tensorflow-conv2d-kernel-gradient-scaled",
    "gradient scaled by 1 + 1e-4",
    Shows("conv2d", ("tf.nn.conv2d",), KERNELS, may=(), when=dict(padding="valid")),
    tensorflow="tf.nn.conv2d",
)
def _(tf: Any, conv2d: Any, x: Any, filters: Any, *more: Any, **named: Any) -> Any:
    """The kernel's gradient is larger by a ten-thousandth; the results are right."""
    return conv2d(x, backward(tf, filters, scaled(1 + 1e-4)), *more, **named)


@fault(
    "torch-conv1d-input-gradient-cut",
    "one wrong element",
    Shows("conv1d", TORCH_1D, ("grad:x",), may=(), when=dict(padding="same", stride=(1,))),
    torch="torch.nn.functional.conv1d",
)
def _(torch: Any, conv1d: Any, x: Any, *more: Any) -> Any:
    """The input's last position gets no gradient; the results are right."""

    def cut(gradient: Any) -> Any:
        return torch.cat([gradient[..., :-1], torch.zeros_like(gradient[..., -1:])], -1)

    return conv1d(backward(torch, x, cut), *more)


@fault(
    "both-conv1d-kernel-mirrored",
    "both frameworks wrong in the same way",
    Shows(
        "conv1d",
        (*TORCH_1D, "tf.nn.conv1d"),
        ("output:y", "grad:x", "grad:kernel"),
        when=dict(padding="valid", stride=(1,), kernel_size=(3,)),
    ),
    torch="torch.nn.functional.conv1d",
    tensorflow="tf.nn.conv1d",
)
def _(framework: Any, conv1d: Any, x: Any, kernel: Any, *more: Any, **named: Any) -> Any:
    """Both convolve with the mirrored kernel."""
    mirrored = kernel.flip(-1) if framework.__name__ == "torch" else framework.reverse(kernel, [0])
    return conv1d(x, mirrored, *more, **named)
