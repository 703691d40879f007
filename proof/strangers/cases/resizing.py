"""Images made larger and smaller, cut into blocks, and sampled between pixels."""

from parity import Case, normal, uniform

FLOATS = ["float32", "float64"]


def bilinear_weights(np, before, after, corners=False):
    """The matrix from rows before to rows after."""
    places = (
        np.arange(after) * ((before - 1) / (after - 1)) if corners else (np.arange(after) + 0.5) * before / after - 0.5
    )
    places = np.clip(places, 0, before - 1)
    return np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(before)))


def tf_between(tf, x, rows, columns):
    """Linear interpolation of images (N H W C) at places between rows and columns."""
    down, across = (
        tf.nn.relu(1 - tf.abs(at[:, None] - tf.range(n, dtype=x.dtype)))
        for at, n in ((rows, x.shape[1]), (columns, x.shape[2]))
    )
    return tf.einsum("ph,nhwc,qw->npqc", down, x, across)


def computed_in_float32(case, api):
    """Declare that TensorFlow's kernels take images in any dtype, and give float32."""
    known = dict(dtypes=["float64"], because="the kernel computes in float32", source="measured with tensorflow 2.21.0")
    case.deviation(api, quantities=["output:y"], dtype="float32", **known)
    case.deviation(api, quantities=["grad:x"], within=1e-5, **known)


# Bilinear, half pixels ---------------------------------------------------------------------------------------------

bilinear = Case(
    "resize_bilinear",
    "Pixels are areas whose centres lie half a pixel in: the default of both frameworks today.",
    sizes=dict(N=2, C=3, H=12, W=10, P=30, Q=25),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    dtypes=FLOATS,
)

computed_in_float32(bilinear, "tf.image.resize")


@bilinear.reference
def _(np, x, *, H, W, P, Q):
    return np.einsum("ph,nchw,qw->ncpq", bilinear_weights(np, H, P), x, bilinear_weights(np, W, Q))


@bilinear.torch("torch.nn.functional.interpolate")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", align_corners=False)


@bilinear.tensorflow("tf.image.resize", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    return tf.image.resize(x, (P, Q))


@bilinear.torch("WRONG: align_corners")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", align_corners=True)


@bilinear.tensorflow("WRONG: no half pixels", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    y = tf.compat.v1.image.resize_bilinear(tf.cast(x, tf.float32), (P, Q), half_pixel_centers=False)
    return tf.cast(y, x.dtype)


@bilinear.torch("WRONG: height and width exchanged on the way")
def _(torch, x, *, P, Q):
    y = torch.nn.functional.interpolate(x, (Q, P), mode="bilinear", align_corners=False)
    return torch.nn.functional.interpolate(y, (P, Q), mode="nearest")


@bilinear.torch("WRONG: one pixel is its neighbour")
def _(torch, x, *, P, Q):
    y = torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", align_corners=False)
    hit = torch.zeros(P, Q, dtype=torch.bool)
    hit[7, 9] = True
    return torch.where(hit, y.roll(1, -1), y)


# Bilinear, aligned corners -----------------------------------------------------------------------------------------

corners = Case(
    "resize_align_corners",
    "The corner pixels stay at the corners.",
    sizes=dict(N=2, C=3, H=7, W=9, P=19, Q=21),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    dtypes=FLOATS,
)

computed_in_float32(corners, "tf.compat.v1.image.resize")


@corners.reference
def _(np, x, *, H, W, P, Q):
    down, across = bilinear_weights(np, H, P, corners=True), bilinear_weights(np, W, Q, corners=True)
    return np.einsum("ph,nchw,qw->ncpq", down, x, across)


@corners.torch("torch.nn.Upsample")
def _(torch, x, *, P, Q):
    return torch.nn.Upsample((P, Q), mode="bilinear", align_corners=True)(x)


@corners.tensorflow("tf.compat.v1.image.resize", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    return tf.compat.v1.image.resize(x, (P, Q), align_corners=True)


@corners.torch("WRONG: half pixels")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", align_corners=False)


@corners.torch("WRONG: bicubic")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bicubic", align_corners=True)


@corners.tensorflow("WRONG: (H - 1) / P", x="N H W C", y="N P Q C")
def _(tf, x, *, H, W, P, Q):
    rows, columns = tf.range(P, dtype=x.dtype) * ((H - 1) / P), tf.range(Q, dtype=x.dtype) * ((W - 1) / Q)
    return tf_between(tf, x, rows, columns)


# Nearest -----------------------------------------------------------------------------------------------------------

nearest = Case(
    "resize_nearest",
    "The pixel whose area holds the centre of the new one.",
    sizes=dict(N=2, C=3, H=8, W=10, P=5, Q=23),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    exact=["output:*"],
)


@nearest.reference
def _(np, x, *, H, W, P, Q):
    rows = np.floor((np.arange(P) + 0.5) * H / P).astype(int)
    columns = np.floor((np.arange(Q) + 0.5) * W / Q).astype(int)
    return x[:, :, rows][..., columns]


@nearest.torch("torch.nn.functional.interpolate")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="nearest-exact")


@nearest.tensorflow("tf.image.resize", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    return tf.image.resize(x, (P, Q), "nearest")


@nearest.torch("WRONG: mode nearest, which begins at the corner")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="nearest")


@nearest.tensorflow("WRONG: one column late", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    return tf.image.resize(tf.roll(x, 1, 2), (P, Q), "nearest")


@nearest.torch("WRONG: the gradient is shared out evenly")
def _(torch, x, *, P, Q):
    exact = torch.nn.functional.interpolate(x, (P, Q), mode="nearest-exact").detach()
    smooth = torch.nn.functional.interpolate(x, (P, Q), mode="area")
    return exact + smooth - smooth.detach()


# Bicubic -----------------------------------------------------------------------------------------------------------

bicubic = Case(
    "resize_bicubic",
    "Catmull and Rom's cubic (a = -0.5); beyond the border weights are left out and the others scaled up.",
    sizes=dict(N=2, C=3, H=8, W=6, P=20, Q=15),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    dtypes=FLOATS,
)


def cubic_weights(np, before, after):
    places = (np.arange(after) + 0.5) * before / after - 0.5
    distance = np.abs(places[:, None] - np.arange(before))
    near = (1.5 * distance - 2.5) * distance * distance + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    return weights / np.sum(weights, axis=1, keepdims=True)


@bicubic.reference
def _(np, x, *, H, W, P, Q):
    return np.einsum("ph,nchw,qw->ncpq", cubic_weights(np, H, P), x, cubic_weights(np, W, Q))


@bicubic.torch("torch.nn.functional.interpolate, antialiased")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bicubic", antialias=True)


@bicubic.tensorflow("tf.einsum", x="N H W C", y="N P Q C")
def _(tf, x, *, H, W, P, Q):
    def weights(before, after):
        places = (tf.range(after, dtype=x.dtype) + 0.5) * (before / after) - 0.5
        d = tf.abs(places[:, None] - tf.range(before, dtype=x.dtype))
        near, far = (1.5 * d - 2.5) * d * d + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2
        made = tf.where(d < 1, near, tf.where(d < 2, far, 0))
        return made / tf.reduce_sum(made, 1, keepdims=True)

    return tf.einsum("ph,nhwc,qw->npqc", weights(H, P), x, weights(W, Q))


@bicubic.torch("WRONG: a = -0.75")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bicubic")


@bicubic.torch("WRONG: bilinear")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", antialias=True)


@bicubic.torch("WRONG: clamped to the input's range")
def _(torch, x, *, P, Q):
    y = torch.nn.functional.interpolate(x, (P, Q), mode="bicubic", antialias=True)
    return y.clamp(x.min().item() / 2, x.max().item() / 2)


# Antialiased reduction ---------------------------------------------------------------------------------------------

smaller = Case(
    "resize_antialias",
    "Bilinear reduction whose triangle is as wide as the reduction is large.",
    sizes=dict(N=2, C=3, H=24, W=21, P=9, Q=8),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    dtypes=FLOATS,
)

smaller.deviation(
    "tf.image.resize",
    dtypes=["float64"],
    quantities=["output:y"],
    dtype="float32",
    because="the kernel computes in float32",
    source="measured with tensorflow 2.21.0",
)
smaller.limitation(
    "tf.image.resize",
    dtypes=["float64"],
    stage="gradient",
    raises="InvalidArgumentError: cannot compute ScaleAndTranslateGrad",
    because="the gradient's kernel takes what the images are, and the result is float32",
    source="measured with tensorflow 2.21.0",
)


@smaller.reference
def _(np, x, *, H, W, P, Q):
    def weights(before, after):
        places = (np.arange(after) + 0.5) * before / after - 0.5
        made = np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(before)) * after / before)
        return made / np.sum(made, axis=1, keepdims=True)

    return np.einsum("ph,nchw,qw->ncpq", weights(H, P), x, weights(W, Q))


@smaller.torch("torch.nn.functional.interpolate")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", antialias=True)


@smaller.tensorflow("tf.image.resize", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    return tf.image.resize(x, (P, Q), "bilinear", antialias=True)


@smaller.torch("WRONG: without antialiasing")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear")


@smaller.tensorflow("WRONG: averages of areas", x="N H W C", y="N P Q C")
def _(tf, x, *, P, Q):
    return tf.cast(tf.stop_gradient(tf.image.resize(x, (P, Q), "area")), x.dtype) + 0 * tf.reduce_sum(x)


@smaller.torch("WRONG: one pixel mirrored")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x.flip(-1), (P, Q), mode="bilinear", antialias=True).flip(-1).roll(1, -1)


# Areas -------------------------------------------------------------------------------------------------------------

area = Case(
    "resize_area",
    "Averages of blocks.",
    sizes=dict(N=2, C=3, H=24, W=20, P=lambda H: H // 3, Q=lambda W: W // 2),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
)


@area.reference
def _(np, x, *, N, C, P, Q):
    return np.mean(np.reshape(x, (N, C, P, 3, Q, 2)), axis=(3, 5))


@area.torch("torch.nn.functional.interpolate")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="area")


@area.torch("torch.nn.functional.adaptive_avg_pool2d")
def _(torch, x, *, P, Q):
    return torch.nn.functional.adaptive_avg_pool2d(x, (P, Q))


@area.tensorflow("tf.nn.avg_pool2d", x="N H W C", y="N P Q C")
def _(tf, x):
    return tf.nn.avg_pool2d(x, (3, 2), (3, 2), "VALID")


@area.torch("WRONG: sums")
def _(torch, x):
    return torch.nn.functional.avg_pool2d(x, (3, 2), divisor_override=1)


@area.torch("WRONG: the middle pixel")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="nearest-exact")


@area.tensorflow("WRONG: divided by 5", x="N H W C", y="N P Q C")
def _(tf, x):
    return tf.nn.avg_pool2d(x, (3, 2), (3, 2), "VALID") * 6 / 5


# Blocks to channels ------------------------------------------------------------------------------------------------

shuffle = Case(
    "pixel_shuffle",
    "Every R² channels become a block of R by R pixels.",
    sizes=dict(N=2, C=3, H=5, W=4, R=2, D=lambda C, R: C * R * R),
    inputs=dict(x=normal("N D H W")),
    outputs=dict(y="N C P Q"),
    exact=True,
)


@shuffle.reference
def _(np, x, *, N, C, H, W, R):
    blocks = np.reshape(x, (N, C, R, R, H, W))
    return np.reshape(np.transpose(blocks, (0, 1, 4, 2, 5, 3)), (N, C, H * R, W * R))


@shuffle.torch("torch.nn.functional.pixel_shuffle")
def _(torch, x, *, R):
    return torch.nn.functional.pixel_shuffle(x, R)


@shuffle.tensorflow("tf.nn.depth_to_space", x="N H W D", y="N P Q C")
def _(tf, x, *, N, C, H, W, R):
    x = tf.reshape(tf.transpose(tf.reshape(x, (N, H, W, C, R * R)), (0, 1, 2, 4, 3)), (N, H, W, C * R * R))
    return tf.nn.depth_to_space(x, R)


@shuffle.tensorflow("WRONG: channels in TensorFlow's order", x="N H W D", y="N P Q C")
def _(tf, x, *, R):
    return tf.nn.depth_to_space(x, R)


@shuffle.torch("WRONG: rows and columns of a block exchanged")
def _(torch, x, *, C, R):
    return torch.nn.functional.pixel_shuffle(x.unflatten(1, (C, R, R)).transpose(2, 3).flatten(1, 3), R)


@shuffle.torch("WRONG: one block is repeated")
def _(torch, x, *, R):
    y = torch.nn.functional.pixel_shuffle(x, R)
    return torch.cat([y[..., :-R], y[..., -2 * R : -R]], -1)


# Blocks of a picture -----------------------------------------------------------------------------------------------

unfold = Case(
    "im2col",
    "The patches of 3 by 2 pixels, two rows apart, channel by channel.",
    sizes=dict(N=2, C=3, H=9, W=7, K=lambda C: C * 6),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N K L"),
)


@unfold.reference
def _(np, x, *, N, C):
    rows = np.arange(0, 7, 2)[:, None, None, None] + np.arange(3)[:, None]
    columns = np.arange(6)[:, None, None] + np.arange(2)
    patches = x[:, :, rows, columns]
    return np.reshape(np.transpose(patches, (0, 1, 4, 5, 2, 3)), (N, C * 6, -1))


@unfold.torch("torch.nn.functional.unfold")
def _(torch, x):
    return torch.nn.functional.unfold(x, (3, 2), stride=(2, 1))


@unfold.tensorflow("tf.image.extract_patches", x="N H W C")
def _(tf, x, *, N, C):
    patches = tf.image.extract_patches(x, (1, 3, 2, 1), (1, 2, 1, 1), (1, 1, 1, 1), "VALID")
    patches = tf.reshape(patches, (N, -1, 6, C))
    return tf.reshape(tf.transpose(patches, (0, 3, 2, 1)), (N, C * 6, -1))


@unfold.tensorflow("WRONG: pixel by pixel", x="N H W C")
def _(tf, x, *, N, C):
    patches = tf.image.extract_patches(x, (1, 3, 2, 1), (1, 2, 1, 1), (1, 1, 1, 1), "VALID")
    return tf.transpose(tf.reshape(patches, (N, -1, 6 * C)), (0, 2, 1))


@unfold.torch("WRONG: patches of 2 by 3")
def _(torch, x):
    y = torch.nn.functional.unfold(x.mT, (3, 2), stride=(1, 2))
    return torch.nn.functional.pad(y, (0, 24 - y.shape[-1]))


@unfold.torch("WRONG: pixels that two patches share get one gradient")
def _(torch, x):
    y = torch.nn.functional.unfold(x, (3, 2), stride=(2, 1))
    first = torch.arange(y.shape[-1]) % 2 == 0
    return torch.where(first, y, y.detach())


# Sampling ----------------------------------------------------------------------------------------------------------

sample = Case(
    "grid_sample",
    "Bilinear samples at given places, -1 and 1 being the outer edges; outside is zero.",
    sizes=dict(N=3, C=4, H=6, W=8, P=5, Q=7, XY=2),
    inputs=dict(x=normal("N C H W"), grid=uniform("N P Q XY", -1.2, 1.2)),
    outputs=dict(y="N C P Q"),
    dtypes=FLOATS,
)


@sample.reference
def _(np, x, grid, *, H, W):
    column, row = ((grid[..., 0] + 1) * W - 1) / 2, ((grid[..., 1] + 1) * H - 1) / 2
    across = np.maximum(0.0, 1 - np.abs(column[..., None] - np.arange(W)))
    down = np.maximum(0.0, 1 - np.abs(row[..., None] - np.arange(H)))
    return np.einsum("npqh,nchw,npqw->ncpq", down, x, across)


@sample.torch("torch.nn.functional.grid_sample")
def _(torch, x, grid):
    return torch.nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


@sample.tensorflow("tf.gather_nd", x="N H W C", y="N P Q C")
def _(tf, x, grid, *, N, H, W, P, Q):
    column, row = ((grid[..., 0] + 1) * W - 1) / 2, ((grid[..., 1] + 1) * H - 1) / 2
    left, top = tf.floor(column), tf.floor(row)
    total = 0.0
    for down in (0, 1):
        for right in (0, 1):
            r, c = top + down, left + right
            weight = (1 - tf.abs(row - r)) * (1 - tf.abs(column - c))
            inside = (r >= 0) & (r < H) & (c >= 0) & (c < W)
            places = [tf.cast(tf.clip_by_value(each, 0, n - 1), tf.int32) for each, n in ((r, H), (c, W))]
            pixels = tf.gather_nd(x, tf.stack(places, -1), batch_dims=1)
            total += tf.where(inside, weight, 0)[..., None] * pixels
    return total


@sample.torch("WRONG: align_corners")
def _(torch, x, grid):
    return torch.nn.functional.grid_sample(x, grid, align_corners=True)


@sample.torch("WRONG: the border outside")
def _(torch, x, grid):
    return torch.nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


@sample.torch("WRONG: x and y exchanged")
def _(torch, x, grid):
    return torch.nn.functional.grid_sample(x, grid.flip(-1), align_corners=False)


@sample.torch("WRONG: the places are not trained")
def _(torch, x, grid):
    return torch.nn.functional.grid_sample(x, grid.detach(), align_corners=False) + 0 * grid.sum()
