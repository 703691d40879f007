"""Colours, edges, likeness of pictures, and boxes."""

from parity import Case, grid, normal, uniform

FLOATS = ["float32", "float64"]

# Colours -----------------------------------------------------------------------------------------------------------

hsv = Case(
    "rgb_to_hsv",
    "Hue, saturation and value of pixels, each from 0 to 1.",
    sizes=dict(N=2, H=9, W=8, C=3, K=3),
    inputs=dict(x=uniform("N H W C", 0.05, 0.95, gradient=False)),
    outputs=dict(y="N H W K"),
    dtypes=FLOATS,
)


@hsv.reference
def _(np, x):
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    value = np.max(x, axis=-1)
    spread = value - np.min(x, axis=-1)
    safe = np.where(spread > 0, spread, 1.0)
    of_red = np.where(g >= b, (g - b) / safe / 6, (g - b) / safe / 6 + 1)
    hue = np.where(value == r, of_red, np.where(value == g, (b - r) / safe / 6 + 1 / 3, (r - g) / safe / 6 + 2 / 3))
    return np.stack([np.where(spread > 0, hue, 0.0), spread / value, value], axis=-1)


def torch_hsv(torch, x):
    r, g, b = x.unbind(-1)
    value = x.amax(-1)
    spread = value - x.amin(-1)
    safe = torch.where(spread > 0, spread, 1)
    of_red = ((g - b) / safe) % 6
    hue = torch.where(value == r, of_red, torch.where(value == g, (b - r) / safe + 2, (r - g) / safe + 4)) / 6
    return hue, spread / value, value


@hsv.torch("torch.amax")
def _(torch, x):
    return torch.stack(torch_hsv(torch, x), -1)


@hsv.tensorflow("tf.image.rgb_to_hsv")
def _(tf, x):
    return tf.image.rgb_to_hsv(x)


@hsv.torch("WRONG: hue in degrees")
def _(torch, x):
    hue, saturation, value = torch_hsv(torch, x)
    return torch.stack([hue * 360, saturation, value], -1)


@hsv.tensorflow("WRONG: blue, green, red")
def _(tf, x):
    return tf.image.rgb_to_hsv(x[..., ::-1])


@hsv.torch("WRONG: HSL's saturation")
def _(torch, x):
    hue, saturation, value = torch_hsv(torch, x)
    spread, light = saturation * value, value - saturation * value / 2
    return torch.stack([hue, spread / (1 - (2 * light - 1).abs()), value], -1)


rgb = Case(
    "hsv_to_rgb",
    "Pixels from hue, saturation and value.",
    sizes=dict(N=30, C=3, K=3),
    inputs=dict(x=uniform("N C", 0.02, 0.98)),
    outputs=dict(y="N K"),
    dtypes=FLOATS,
)


@rgb.reference
def _(np, x):
    hue, saturation, value = x[:, :1], x[:, 1:2], x[:, 2:]
    k = np.mod(np.array([5.0, 3.0, 1.0]) + 6 * hue, 6.0)
    return value * (1 - saturation * np.maximum(0.0, np.minimum(np.minimum(k, 4 - k), 1.0)))


def torch_rgb(torch, x, offsets=(5.0, 3.0, 1.0)):
    hue, saturation, value = x.split(1, -1)
    k = (torch.tensor(offsets, dtype=x.dtype) + 6 * hue) % 6
    return value * (1 - saturation * torch.minimum(k, 4 - k).clamp(0, 1))


@rgb.torch("torch.minimum")
def _(torch, x):
    return torch_rgb(torch, x)


@rgb.tensorflow("tf.math.floormod")
def _(tf, x):
    hue, saturation, value = tf.split(x, 3, -1)
    k = tf.math.floormod(tf.constant([5.0, 3.0, 1.0], x.dtype) + 6 * hue, 6)
    return value - value * saturation * tf.clip_by_value(tf.minimum(k, 4 - k), 0, 1)


@rgb.torch("WRONG: red and blue exchanged")
def _(torch, x):
    return torch_rgb(torch, x, (1.0, 3.0, 5.0))


@rgb.torch("WRONG: the saturation is not trained")
def _(torch, x):
    fixed = torch.cat([x[:, :1], x[:, 1:2].detach(), x[:, 2:]], -1)
    return torch_rgb(torch, fixed)


@rgb.tensorflow("WRONG: without the wrap")
def _(tf, x):
    hue, saturation, value = tf.split(x, 3, -1)
    k = tf.constant([5.0, 3.0, 1.0], x.dtype) + 6 * hue
    return value - value * saturation * tf.clip_by_value(tf.minimum(k, 4 - k), 0, 1)


# Edges -------------------------------------------------------------------------------------------------------------

edges = Case(
    "image_gradients",
    "Differences to the next row and column, zero at the end, and Sobel's, the picture being mirrored at its edges.",
    sizes=dict(N=2, C=3, H=20, W=17),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(down="N C H W", right="N C H W", sobel="N C H W"),
)


@edges.reference
def _(np, x):
    down = np.pad(x[:, :, 1:] - x[:, :, :-1], ((0, 0), (0, 0), (0, 1), (0, 0)))
    right = np.pad(x[..., 1:] - x[..., :-1], ((0, 0), (0, 0), (0, 0), (0, 1)))
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
    rows = wide[:, :, 2:] - wide[:, :, :-2]
    return down, right, rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]


def torch_sobel(torch, x, kernel=((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0)), mode="reflect"):
    C = x.shape[1]
    kernel = torch.tensor(kernel, dtype=x.dtype).expand(C, 1, 3, 3)
    return torch.nn.functional.conv2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode=mode), kernel, groups=C)


def torch_edges(torch, x):
    pad = torch.nn.functional.pad
    return pad(x.diff(dim=2), (0, 0, 0, 1)), pad(x.diff(dim=3), (0, 1))


@edges.torch("torch.nn.functional.conv2d")
def _(torch, x):
    return *torch_edges(torch, x), torch_sobel(torch, x)


@edges.tensorflow("tf.image.sobel_edges", x="N H W C", down="N H W C", right="N H W C", sobel="N H W C")
def _(tf, x):
    return *tf.image.image_gradients(x), tf.image.sobel_edges(x)[..., 0]


@edges.torch("WRONG: the picture is padded with zeros")
def _(torch, x):
    return *torch_edges(torch, x), torch_sobel(torch, x, mode="constant")


@edges.tensorflow("WRONG: Sobel's other direction", x="N H W C", down="N H W C", right="N H W C", sobel="N H W C")
def _(tf, x):
    return *tf.image.image_gradients(x), tf.image.sobel_edges(x)[..., 1]


@edges.torch("WRONG: differences to the row before")
def _(torch, x):
    pad = torch.nn.functional.pad
    return pad(x.diff(dim=2), (0, 0, 1, 0)), pad(x.diff(dim=3), (0, 1)), torch_sobel(torch, x)


variation = Case(
    "total_variation",
    "The sum of absolute differences between neighbouring pixels.",
    sizes=dict(N=3, C=2, H=25, W=30),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N"),
    dtypes=FLOATS,
)


@variation.reference
def _(np, x):
    down, right = np.abs(np.diff(x, axis=2)), np.abs(np.diff(x, axis=3))
    return np.sum(down, axis=(1, 2, 3)) + np.sum(right, axis=(1, 2, 3))


@variation.torch("torch.diff")
def _(torch, x):
    return x.diff(dim=2).abs().sum((1, 2, 3)) + x.diff(dim=3).abs().sum((1, 2, 3))


@variation.tensorflow("tf.image.total_variation", x="N H W C")
def _(tf, x):
    return tf.image.total_variation(x)


@variation.torch("WRONG: squares")
def _(torch, x):
    return x.diff(dim=2).square().sum((1, 2, 3)) + x.diff(dim=3).square().sum((1, 2, 3))


@variation.torch("WRONG: over neighbouring channels, too")
def _(torch, x):
    return sum(x.diff(dim=d).abs().sum((1, 2, 3)) for d in (1, 2, 3))


@variation.torch("WRONG: the last column is left out")
def _(torch, x):
    return x.diff(dim=2).abs().sum((1, 2, 3)) + x[..., :-1].diff(dim=3).abs().sum((1, 2, 3))


# Likeness ----------------------------------------------------------------------------------------------------------

ssim = Case(
    "ssim",
    "Structural similarity of pictures, with the usual Gaussian window of 11 by 11 pixels.",
    sizes=dict(N=2, C=3, H=18, W=16),
    inputs=dict(x=uniform("N C H W", 0.0, 1.0), y=uniform("N C H W", 0.0, 1.0)),
    outputs=dict(similarity="N"),
    dtypes=FLOATS,
)

ssim.deviation(
    "tf.image.ssim",
    dtypes=["float64"],
    quantities=["output:similarity"],
    dtype="float32",
    because="the result is float32 whatever the pictures are",
    source="measured with tensorflow 2.21.0",
)
ssim.deviation(
    "tf.image.ssim",
    dtypes=["float64"],
    quantities=["grad:*"],
    within=1e-5,
    because="it is computed in float32 whatever the pictures are",
    source="measured with tensorflow 2.21.0",
)


@ssim.reference
def _(np, x, y, *, H, W):
    places = np.arange(11) - 5.0
    window = np.exp(-(places**2) / (2 * 1.5**2))
    window = window / np.sum(window)

    def blurred(a):
        down = sum(window[i] * a[:, :, i : H - 10 + i] for i in range(11))
        return sum(window[i] * down[..., i : W - 10 + i] for i in range(11))

    mx, my = blurred(x), blurred(y)
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    structure = (2 * blurred(x * y) - 2 * mx * my + c2) / (blurred(x**2 + y**2) - mx**2 - my**2 + c2)
    return np.mean(luminance * structure, axis=(1, 2, 3))


def torch_ssim(torch, x, y, sigma=1.5, c2=0.03**2, correction=1.0):
    C = x.shape[1]
    places = torch.arange(11, dtype=x.dtype) - 5
    window = torch.softmax(-places.square() / (2 * sigma**2), 0)
    kernel = torch.outer(window, window).expand(C, 1, 11, 11)

    def blurred(a):
        return torch.nn.functional.conv2d(a, kernel, groups=C)

    mx, my = blurred(x), blurred(y)
    c1 = 0.01**2
    luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    covariance, variance = blurred(x * y) - mx * my, blurred(x**2 + y**2) - mx**2 - my**2
    structure = (2 * correction * covariance + c2) / (correction * variance + c2)
    return (luminance * structure).mean((1, 2, 3))


@ssim.torch("torch.nn.functional.conv2d")
def _(torch, x, y):
    return torch_ssim(torch, x, y)


@ssim.tensorflow("tf.image.ssim", x="N H W C", y="N H W C")
def _(tf, x, y):
    return tf.image.ssim(x, y, max_val=1.0)


@ssim.torch("WRONG: sigma = 2")
def _(torch, x, y):
    return torch_ssim(torch, x, y, sigma=2.0)


@ssim.torch("WRONG: unbiased covariances")
def _(torch, x, y):
    return torch_ssim(torch, x, y, correction=121 / 120)


@ssim.tensorflow("WRONG: pixels up to 255", x="N H W C", y="N H W C")
def _(tf, x, y):
    return tf.image.ssim(x, y, max_val=255.0)


# Boxes -------------------------------------------------------------------------------------------------------------

overlap = Case(
    "box_iou",
    "How much boxes (left, top, right, bottom) overlap, over what both cover.",
    sizes=dict(N=12, M=9, XY=2),
    inputs=dict(
        a=uniform("N XY", 0.0, 1.0), a_size=uniform("N XY", 0.3, 1.0),
        b=uniform("M XY", 0.0, 1.0), b_size=uniform("M XY", 0.3, 1.0),
    ),
    outputs=dict(y="N M"),
    dtypes=FLOATS,
)  # fmt: skip


@overlap.reference
def _(np, a, a_size, b, b_size):
    low = np.maximum(a[:, None], b)
    high = np.minimum((a + a_size)[:, None], b + b_size)
    inner = np.prod(np.maximum(high - low, 0.0), axis=-1)
    return inner / (np.prod(a_size, axis=-1)[:, None] + np.prod(b_size, axis=-1) - inner)


def torch_inner(torch, a, a_size, b, b_size, more=0.0):
    low = torch.maximum(a[:, None], b)
    high = torch.minimum((a + a_size)[:, None], b + b_size)
    return (high - low + more).clamp(min=0).prod(-1)


@overlap.torch("torch.maximum")
def _(torch, a, a_size, b, b_size):
    inner = torch_inner(torch, a, a_size, b, b_size)
    return inner / (a_size.prod(-1)[:, None] + b_size.prod(-1) - inner)


@overlap.tensorflow("tf.maximum")
def _(tf, a, a_size, b, b_size):
    low, high = tf.maximum(a[:, None], b), tf.minimum((a + a_size)[:, None], b + b_size)
    inner = tf.reduce_prod(tf.nn.relu(high - low), -1)
    return inner / (tf.reduce_prod(a_size, -1)[:, None] + tf.reduce_prod(b_size, -1) - inner)


@overlap.torch("WRONG: over the sum of both")
def _(torch, a, a_size, b, b_size):
    return torch_inner(torch, a, a_size, b, b_size) / (a_size.prod(-1)[:, None] + b_size.prod(-1))


@overlap.torch("WRONG: negative lengths are not cut off")
def _(torch, a, a_size, b, b_size):
    low = torch.maximum(a[:, None], b)
    inner = (torch.minimum((a + a_size)[:, None], b + b_size) - low).prod(-1)
    return inner / (a_size.prod(-1)[:, None] + b_size.prod(-1) - inner)


@overlap.torch("WRONG: a pixel is added to lengths")
def _(torch, a, a_size, b, b_size):
    inner = torch_inner(torch, a, a_size, b, b_size, 0.01)
    return inner / (a_size.prod(-1)[:, None] + b_size.prod(-1) - inner)


# Blur --------------------------------------------------------------------------------------------------------------

blur = Case(
    "gaussian_blur",
    "Rows and columns convolved with a Gaussian window; the picture goes on as its edge.",
    sizes=dict(N=2, C=3, H=14, W=22),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C H W"),
    variants=grid(sigma=[0.8, 1.5]),
    parameters=dict(radius=4),
    dtypes=FLOATS,
)


@blur.reference
def _(np, x, *, H, W, sigma, radius):
    places = np.arange(-radius, radius + 1)
    window = np.exp(-0.5 * (places / sigma) ** 2)
    window = window / np.sum(window)
    wide = np.pad(x, ((0, 0), (0, 0), (radius, radius), (radius, radius)), mode="edge")
    down = sum(window[i] * wide[:, :, i : i + H] for i in range(2 * radius + 1))
    return sum(window[i] * down[..., i : i + W] for i in range(2 * radius + 1))


def torch_blur(torch, x, sigma, radius, mode="replicate", shift=0):
    C = x.shape[1]
    places = torch.arange(-radius, radius + 1, dtype=x.dtype) - shift
    window = torch.exp(-0.5 * (places / sigma) ** 2)
    window = window / window.sum()
    wide = torch.nn.functional.pad(x, (radius,) * 4, mode=mode)
    down = torch.nn.functional.conv2d(wide, window.view(1, 1, -1, 1).expand(C, 1, -1, 1), groups=C)
    return torch.nn.functional.conv2d(down, window.view(1, 1, 1, -1).expand(C, 1, 1, -1), groups=C)


@blur.torch("torch.nn.functional.conv2d")
def _(torch, x, *, sigma, radius):
    return torch_blur(torch, x, sigma, radius)


@blur.tensorflow("tf.nn.depthwise_conv2d", x="N H W C", y="N H W C")
def _(tf, x, *, C, sigma, radius):
    window = tf.exp(-0.5 * (tf.range(-radius, radius + 1, dtype=x.dtype) / sigma) ** 2)
    window = window / tf.reduce_sum(window)
    for _ in range(radius):
        x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    kernel = tf.tile((window[:, None] * window)[..., None, None], (1, 1, C, 1))
    return tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID")


@blur.torch("WRONG: mirrored edges")
def _(torch, x, *, sigma, radius):
    return torch_blur(torch, x, sigma, radius, mode="reflect")


@blur.torch("WRONG: half a pixel late")
def _(torch, x, *, sigma, radius):
    return torch_blur(torch, x, sigma, radius, shift=0.5)


@blur.torch("WRONG: sigma squared")
def _(torch, x, *, sigma, radius):
    return torch_blur(torch, x, sigma**2, radius)
