"""Convolutions whose margins repeat the image: PyTorch has them as a mode of the layer, TensorFlow pads before."""

from _convolution import patches

from parity import Case, grid, normal

SOURCE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html"
LAST = dict(x="N H W C", y="N P Q O")
NUMPY_MODE = dict(reflect="reflect", replicate="edge", circular="wrap")

padded_conv2d = Case(
    "padded_conv2d",
    "Convolution of an image that goes on beyond its edges: mirrored, with its last elements, or from its other edge.",
    sizes=dict(N=2, C=8, O=4, H=6, W=7, KH=3, KW=5),
    parameters=dict(margins=(1, 2)),
    inputs=dict(x=normal("N C H W")),
    weights=dict(kernel=normal("O C KH KW", std=0.3), bias=normal("O")),
    outputs=dict(y="N O P Q"),
    variants=grid(mode=["reflect", "replicate", "circular"]) + grid(mode=["reflect", "circular"], margins=[(2, 0)]),
)


@padded_conv2d.reference
def _(np, x, kernel, bias, *, mode, margins):
    x = np.pad(x, [(0, 0), (0, 0), *((margin, margin) for margin in margins)], mode=NUMPY_MODE[mode])
    under = patches(np, x, kernel.shape[2:], (1, 1), (1, 1), [(0, 0), (0, 0)])
    return np.einsum("nipkql,oikl->nopq", under, kernel) + bias[:, None, None]


@padded_conv2d.torch.layer("torch.nn.Conv2d(padding_mode)", weights=dict(weight="kernel: O C KH KW", bias="bias: O"))
def _(torch, *, C, O, KH, KW, mode, margins):
    return torch.nn.Conv2d(C, O, (KH, KW), padding=margins, padding_mode=mode)


@padded_conv2d.torch("torch.nn.functional.pad(mode)")
def _(torch, x, kernel, bias, *, mode, margins):
    rows, columns = margins
    padded = torch.nn.functional.pad(x, (columns, columns, rows, rows), mode=mode)
    return torch.nn.functional.conv2d(padded, kernel, bias)


def extended(tf, x, mode, margins):
    """A channels-last image with its margins."""
    for axis, margin in enumerate(margins, start=1):
        size = x.shape[axis]
        if mode == "reflect":
            x = tf.pad(x, [[margin, margin] if each == axis else [0, 0] for each in range(4)], "REFLECT")
        elif mode == "circular":
            x = tf.gather(x, [i % size for i in range(-margin, size + margin)], axis=axis)
        else:
            x = tf.gather(x, [min(max(i, 0), size - 1) for i in range(-margin, size + margin)], axis=axis)
    return x


@padded_conv2d.tensorflow("tf.nn.conv2d", **LAST, kernel="KH KW C O")
def _(tf, x, kernel, bias, *, mode, margins):
    return tf.nn.bias_add(tf.nn.conv2d(extended(tf, x, mode, margins), kernel, 1, "VALID"), bias)


@padded_conv2d.tensorflow.layer("keras.layers.Conv2D", weights=dict(kernel="kernel: KH KW C O", bias="bias: O"), **LAST)
def _(tf, *, O, KH, KW, mode, margins):
    layer = tf.keras.layers.Conv2D(O, (KH, KW))
    return layer, lambda x: layer(extended(tf, x, mode, margins))


@padded_conv2d.torch.naive(
    "torch.nn.Conv2d",
    "zeros at the margins",
    when=dict(mode="reflect", margins=(1, 2)),
    because="a padding is of zeros unless padding_mode says otherwise",
    source=SOURCE,
    fix="pass padding_mode",
    weights=dict(weight="kernel: O C KH KW", bias="bias: O"),
)
def _(torch, *, C, O, KH, KW, margins):
    return torch.nn.Conv2d(C, O, (KH, KW), padding=margins)


@padded_conv2d.tensorflow.naive(
    "tf.pad",
    "SYMMETRIC for replicate",
    when=dict(mode="replicate"),
    because="SYMMETRIC mirrors the image with its edge: only a margin of one is the same as the edge repeated",
    source="https://www.tensorflow.org/api_docs/python/tf/pad",
    fix="gather the rows and columns by indices that stop at the edge",
    **LAST,
    kernel="KH KW C O",
)
def _(tf, x, kernel, bias):
    padded = tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], "SYMMETRIC")
    return tf.nn.bias_add(tf.nn.conv2d(padded, kernel, 1, "VALID"), bias)
