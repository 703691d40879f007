"""Transposed convolutions in one and two dimensions: TensorFlow's paddings, and PyTorch's with its output padding."""

from parity import Case, grid, normal

SPACE = {1: "L", 2: "H W"}
POSITIONS = {1: "P", 2: "P Q"}
KERNEL = {1: "K", 2: "KH KW"}
LENGTHS = {1: dict(L=6), 2: dict(H=3, W=6)}
PRODUCT = {1: "ncpk,cok->nop", 2: "ncpkql,cokl->nopq"}

VALID_AND_SAME = {
    1: grid(kernel_size=[(2,), (3,)], stride=[(1,), (2,), (3,)], padding=["valid", "same"])
    + grid(kernel_size=[(4,)], stride=[(2,)], padding=["valid", "same"], bias=[False])
    + grid(kernel_size=[(1,)], stride=[(2,)], padding=["valid", "same"]),
    2: grid(kernel_size=[(3, 2)], stride=[(1, 1), (2, 2), (3, 1), (2, 3)], padding=["valid", "same"])
    + grid(kernel_size=[(4, 5)], stride=[(2, 2)], padding=["same"], bias=[False])
    + grid(kernel_size=[(1, 1)], stride=[(1, 1)], padding=["valid"]),
}
SYMMETRIC = {
    1: grid(kernel_size=[(3,)], stride=[(2,)], padding=[(1,)], output_padding=[(0,), (1,)])
    + grid(kernel_size=[(4,)], stride=[(3,)], padding=[(2,)], output_padding=[(1,)], bias=[False]),
    2: grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=[(1, 1)], output_padding=[(0, 0), (1, 1)])
    + grid(kernel_size=[(4, 3)], stride=[(2, 3)], padding=[(1, 2)], output_padding=[(0, 2)], bias=[False]),
}


def full_length(length, kernel_size, stride):
    """The elements that the kernel reaches when it is laid at each element of an axis."""
    return (length - 1) * stride + kernel_size


def valid_and_same_length(length, kernel_size, stride, padding):
    """The length of TensorFlow's result: SAME is a whole stride for each element, VALID at least that."""
    return length * stride + (max(kernel_size - stride, 0) if padding == "valid" else 0)


def lengths(shape, kernel_size, stride, padding):
    axes = zip(shape, kernel_size, stride, strict=True)
    return [valid_and_same_length(length, size, step, padding) for length, size, step in axes]


def cut_off(kernel_size, stride, padding):
    """The elements of the full result that SAME leaves out at the start: the smaller half of what is too much."""
    return [
        max(size - step, 0) // 2 if padding == "same" else 0 for size, step in zip(kernel_size, stride, strict=True)
    ]


def spread(np, x, kernel_size, stride, starts, results):
    """The elements of x that reach each position: each space axis becomes two, the position and the offset."""
    for size, step, start, result in zip(kernel_size, stride, starts, results, strict=True):
        position, offset = np.arange(result)[:, None, None], np.arange(size)[:, None]
        reached = np.arange(x.shape[2]) * step + offset == position + start
        x = np.tensordot(x, reached, (2, 2))
    return x


def transposed(name, summary, rank, variants, *, O=5, **parameters):
    """A transposed convolution with its tensors; ``kernel`` has the input channels first."""
    space = KERNEL[rank].split()
    return Case(
        name,
        summary,
        sizes=dict(N=2, C=4, O=O) | LENGTHS[rank] | {axis: kernel_axis(index) for index, axis in enumerate(space)},
        parameters=dict(bias=True) | parameters,
        inputs=dict(x=normal(f"N C {SPACE[rank]}")),
        weights=lambda bias: dict(kernel=normal(f"C O {KERNEL[rank]}"), **(dict(bias=normal("O")) if bias else {})),
        outputs=dict(y=f"N O {POSITIONS[rank]}"),
        variants=variants,
    )


def kernel_axis(index):
    return lambda kernel_size: kernel_size[index]


def variables(kernel, layout):
    return lambda bias: {kernel: f"kernel: {layout}", **(dict(bias="bias: O") if bias else {})}


def channels_last(rank):
    return dict(x=f"N {SPACE[rank]} C", kernel=f"{KERNEL[rank]} O C", y=f"N {POSITIONS[rank]} O")


def tensorflow_convention(rank, name, summary, variants, **options):
    case = transposed(name, summary, rank, variants, **options)

    @case.reference
    def _(np, x, kernel, bias=None, *, kernel_size, stride, padding):
        results = lengths(x.shape[2:], kernel_size, stride, padding)
        reached = spread(np, x, kernel_size, stride, cut_off(kernel_size, stride, padding), results)
        y = np.einsum(PRODUCT[rank], reached, kernel)
        return y if bias is None else y + bias.reshape(-1, *(1,) * rank)

    def window(shape, kernel_size, stride, padding):
        """The part of PyTorch's result that is TensorFlow's."""
        starts, results = cut_off(kernel_size, stride, padding), lengths(shape, kernel_size, stride, padding)
        return (..., *(slice(start, start + result) for start, result in zip(starts, results, strict=True)))

    def beyond(kernel_size, stride):
        """PyTorch's output padding: the positions between two strides that a smaller kernel does not reach."""
        return [max(step - size, 0) for size, step in zip(kernel_size, stride, strict=True)]

    @case.torch(f"torch.nn.functional.conv_transpose{rank}d")
    def _(torch, x, kernel, bias=None, *, kernel_size, stride, padding):
        conv_transpose = getattr(torch.nn.functional, f"conv_transpose{rank}d")
        y = conv_transpose(x, kernel, bias, stride, output_padding=beyond(kernel_size, stride))
        return y[window(x.shape[2:], kernel_size, stride, padding)]

    @case.torch.layer(f"torch.nn.ConvTranspose{rank}d", weights=variables("weight", f"C O {KERNEL[rank]}"))
    def _(torch, *, C, O, kernel_size, stride, padding, bias):
        ConvTranspose = getattr(torch.nn, f"ConvTranspose{rank}d")
        layer = ConvTranspose(C, O, kernel_size, stride, output_padding=beyond(kernel_size, stride), bias=bias)
        return layer, lambda x: layer(x)[window(x.shape[2:], kernel_size, stride, padding)]

    @case.tensorflow(f"tf.nn.conv{rank}d_transpose", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, N, O, kernel_size, stride, padding):
        shape = (N, *lengths(x.shape[1:-1], kernel_size, stride, padding), O)
        y = getattr(tf.nn, f"conv{rank}d_transpose")(x, kernel, shape, stride, padding.upper())
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow.layer(
        f"keras.layers.Conv{rank}DTranspose",
        weights=variables("kernel", f"{KERNEL[rank]} O C"),
        **channels_last(rank),
    )
    def _(tf, *, O, kernel_size, stride, padding, bias):
        return getattr(tf.keras.layers, f"Conv{rank}DTranspose")(O, kernel_size, stride, padding, use_bias=bias)

    return case


def torch_convention(rank):
    case = transposed(
        f"padded_conv_transpose{rank}d",
        "PyTorch's convention: both ends lose the padding, and the far end gets the output padding back.",
        rank,
        SYMMETRIC[rank],
    )

    def results_of(shape, kernel_size, stride, padding, output_padding):
        return [
            full_length(length, size, step) - 2 * margin + extra
            for length, size, step, margin, extra in zip(
                shape, kernel_size, stride, padding, output_padding, strict=True
            )
        ]

    @case.reference
    def _(np, x, kernel, bias=None, *, kernel_size, stride, padding, output_padding):
        results = results_of(x.shape[2:], kernel_size, stride, padding, output_padding)
        y = np.einsum(PRODUCT[rank], spread(np, x, kernel_size, stride, padding, results), kernel)
        return y if bias is None else y + bias.reshape(-1, *(1,) * rank)

    @case.torch(f"torch.nn.functional.conv_transpose{rank}d")
    def _(torch, x, kernel, bias=None, *, stride, padding, output_padding):
        conv_transpose = getattr(torch.nn.functional, f"conv_transpose{rank}d")
        return conv_transpose(x, kernel, bias, stride, padding, output_padding)

    @case.torch.layer(f"torch.nn.ConvTranspose{rank}d", weights=variables("weight", f"C O {KERNEL[rank]}"))
    def _(torch, *, C, O, kernel_size, stride, padding, output_padding, bias):
        ConvTranspose = getattr(torch.nn, f"ConvTranspose{rank}d")
        return ConvTranspose(C, O, kernel_size, stride, padding, output_padding, bias=bias)

    @case.tensorflow(f"tf.nn.conv{rank}d_transpose", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, N, O, kernel_size, stride, padding, output_padding):
        results = results_of(x.shape[1:-1], kernel_size, stride, padding, output_padding)
        if rank == 2:
            added = [(0, 0), *((margin, margin) for margin in padding), (0, 0)]
            y = tf.nn.conv2d_transpose(x, kernel, (N, *results, O), stride, added)
        else:
            full = padding[0] + results[0] + padding[0]
            y = tf.nn.conv1d_transpose(x, kernel, (N, full, O), stride, "VALID")
            y = y[:, padding[0] : padding[0] + results[0]]
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow.layer(
        f"keras.layers.Conv{rank}DTranspose",
        weights=variables("kernel", f"{KERNEL[rank]} O C"),
        **channels_last(rank),
    )
    def _(tf, *, O, kernel_size, stride, padding, output_padding, bias):
        ConvTranspose = getattr(tf.keras.layers, f"Conv{rank}DTranspose")
        layer = ConvTranspose(O, kernel_size, stride, "valid", output_padding, use_bias=bias)
        crop = getattr(tf.keras.layers, f"Cropping{rank}D")(padding if rank > 1 else padding[0])
        return layer, lambda x: crop(layer(x))

    return case


conv_transpose1d, conv_transpose2d = (
    tensorflow_convention(
        rank,
        f"conv_transpose{rank}d",
        "The gradient of a VALID or SAME convolution, as an operation of its own.",
        VALID_AND_SAME[rank],
    )
    for rank in (1, 2)
)
conv_transpose2d.timed({"U-Net": dict(kernel_size=(2, 2), stride=(2, 2), N=1, C=128, O=64, H=28, W=28)})
equal_channels_conv_transpose2d = tensorflow_convention(
    2,
    "equal_channels_conv_transpose2d",
    "As many output channels as input channels, so that no shape tells a kernel from its transpose.",
    grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=["same"]),
    O=lambda C: C,
)
padded_conv_transpose1d, padded_conv_transpose2d = (torch_convention(rank) for rank in (1, 2))

TF_TRANSPOSE = "https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose"
TORCH_TRANSPOSE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html"
SAME_LENGTHS = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/common/backend_utils.py"


@conv_transpose1d.torch.naive(
    "torch.nn.ConvTranspose1d",
    "padding 1 and output padding 1",
    when=dict(kernel_size=(3,), stride=(2,), padding="same"),
    because="SAME cuts its one superfluous element off the end; PyTorch cuts one off either end and adds one",
    source=SAME_LENGTHS,
    fix="compute the full result without padding and cut the last element off",
    weights=dict(weight="kernel: C O K", bias="bias: O"),
)
def _(torch, *, C, O, kernel_size, stride):
    return torch.nn.ConvTranspose1d(C, O, kernel_size, stride, padding=1, output_padding=1)


@conv_transpose2d.torch.naive(
    "torch.nn.functional.conv_transpose2d",
    "padding and output padding that fit",
    when=dict(kernel_size=(4, 5), stride=(2, 2), padding="same"),
    because="where kernel and stride differ by an odd number, SAME cuts one element more off the end than the start, "
    "which no padding does",
    source=SAME_LENGTHS,
    fix="compute the full result without padding and cut (kernel - stride) // 2 elements off the start, the rest off "
    "the end",
)
def _(torch, x, kernel, *, stride):
    return torch.nn.functional.conv_transpose2d(x, kernel, None, stride, padding=(1, 2), output_padding=(0, 1))


@conv_transpose1d.torch.naive(
    "torch.nn.functional.conv_transpose1d",
    "VALID as no padding",
    when=dict(kernel_size=(2,), stride=(3,), padding="valid"),
    kind="shape",
    because="TensorFlow's result is a whole stride for each element, PyTorch's ends with the last kernel",
    source=SAME_LENGTHS,
    fix="give output_padding=stride - kernel_size",
)
def _(torch, x, kernel, bias, *, stride):
    return torch.nn.functional.conv_transpose1d(x, kernel, bias, stride)


@conv_transpose1d.torch.naive(
    "torch.nn.functional.conv1d",
    "zeros between the elements, kernel not flipped",
    when=dict(kernel_size=(3,), stride=(2,), padding="valid"),
    because="as a convolution of the spread input, the kernel runs backwards",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html",
    fix="call conv_transpose1d, or flip the kernel",
)
def _(torch, x, kernel, bias, *, L, kernel_size, stride):
    spread_out = torch.nn.functional.pad(x[..., None], (0, stride[0] - 1)).flatten(2)[..., : (L - 1) * stride[0] + 1]
    return torch.nn.functional.conv1d(spread_out, kernel.transpose(0, 1), bias, padding=kernel_size[0] - 1)


@conv_transpose1d.torch.naive(
    "torch.nn.ConvTranspose1d",
    "padding same",
    when=dict(kernel_size=(3,), stride=(1,), padding="same"),
    raises="TypeError: argument 'padding' (position 5) must be tuple of ints, but found element of type str",
    because="transposed convolutions have no padding same; the constructor takes it all the same, the call does not",
    source="https://github.com/pytorch/pytorch/issues/80301",
    fix="compute the full result without padding and cut off what is too much",
    weights=dict(weight="kernel: C O K", bias="bias: O"),
)
def _(torch, *, C, O, kernel_size, stride):
    return torch.nn.ConvTranspose1d(C, O, kernel_size, stride, padding="same")


@conv_transpose2d.torch.naive(
    "torch.nn.functional.conv_transpose2d",
    "kernel permuted to out first",
    when=dict(kernel_size=(3, 2), stride=(2, 2), padding="valid"),
    raises="RuntimeError: expected input[2, 4, 3, 6] to have 5 channels, but got 4 channels instead",
    because="PyTorch's transposed kernel starts with in and out, TensorFlow's ends with out and in",
    source=TF_TRANSPOSE,
    fix="permute the kernel with (3, 2, 0, 1), as that of a convolution",
    kernel="KH KW O C",
)
def _(torch, x, kernel, bias, *, stride):
    return torch.nn.functional.conv_transpose2d(x, kernel.permute(2, 3, 0, 1), bias, stride)


@equal_channels_conv_transpose2d.torch.naive(
    "torch.nn.functional.conv_transpose2d",
    "kernel permuted to out first, equal channels",
    because="PyTorch's transposed kernel starts with in and out, TensorFlow's ends with out and in",
    source=TF_TRANSPOSE,
    fix="permute the kernel with (3, 2, 0, 1), as that of a convolution",
    kernel="KH KW O C",
)
def _(torch, x, kernel, bias, *, H, W, stride):
    y = torch.nn.functional.conv_transpose2d(x, kernel.permute(2, 3, 0, 1), bias, stride)
    return y[:, :, : H * stride[0], : W * stride[1]]


@equal_channels_conv_transpose2d.tensorflow.naive(
    "keras.layers.Conv2DTranspose",
    "kernel with in and out as in Conv2D",
    because="the kernel of Keras's Conv2D ends with in and out, that of its Conv2DTranspose with out and in",
    source="keras/src/layers/convolutional/base_conv_transpose.py of Keras 3.15.1: BaseConvTranspose.build",
    fix="permute PyTorch's transposed kernel with (2, 3, 1, 0)",
    weights=dict(kernel="kernel: KH KW C O", bias="bias: O"),
    x="N H W C",
    y="N P Q O",
)
def _(tf, *, O, kernel_size, stride):
    return tf.keras.layers.Conv2DTranspose(O, kernel_size, stride, padding="same")


@padded_conv_transpose1d.tensorflow.naive(
    "keras.layers.Conv1DTranspose",
    "same for padding 1 and output padding 1",
    when=dict(kernel_size=(3,), stride=(2,), output_padding=(1,)),
    because="the lengths agree, but SAME cuts nothing off the start, where PyTorch cuts one element off",
    source=TORCH_TRANSPOSE,
    fix="use padding='valid' and output_padding, and cut the padding off both ends",
    weights=dict(kernel="kernel: K O C", bias="bias: O"),
    x="N L C",
    y="N P O",
)
def _(tf, *, O, kernel_size, stride):
    return tf.keras.layers.Conv1DTranspose(O, kernel_size, stride, padding="same")
