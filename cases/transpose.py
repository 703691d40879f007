"""Operations that reorder or join axes: permute, transpose, concatenate, stack."""

from parity import Case, grid, normal

permute = Case(
    "permute",
    "The axes of x in another order.",
    sizes=dict(N=2, A=3, B=4, C=5),
    inputs=dict(x=normal("N A B C")),
    outputs=lambda order: dict(y=" ".join("NABC"[axis] for axis in order)),
    variants=grid(order=[(0, 2, 3, 1), (0, 3, 1, 2), (1, 0, 2, 3), (3, 2, 1, 0)]),
    exact=True,
)
permute.timed({"ResNet-50": dict(N=1, A=64, B=112, C=112)}, moves=False)


@permute.reference
def _(np, x, *, order):
    return np.transpose(x, order)


@permute.torch("torch.permute")
def _(torch, x, *, order):
    return torch.permute(x, order)


@permute.torch("torch.Tensor.permute")
def _(torch, x, *, order):
    return x.permute(*order).contiguous()


@permute.tensorflow("tf.transpose")
def _(tf, x, *, order):
    return tf.transpose(x, perm=order)


@permute.tensorflow("keras.ops.transpose")
def _(tf, x, *, order):
    return tf.keras.ops.transpose(x, order)


@permute.torch.naive(
    "torch.Tensor.view",
    "view instead of permute",
    because="a view renames the axes and leaves the elements in their order",
    source="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html",
    fix="use permute, and contiguous() where a view must follow",
)
def _(torch, x, *, order):
    return x.view([x.shape[axis] for axis in order])


@permute.tensorflow.naive(
    "tf.reshape",
    "reshape instead of transpose",
    because="a reshape keeps the row-major order of the elements",
    source="https://www.tensorflow.org/api_docs/python/tf/reshape",
    fix="use tf.transpose with perm=",
)
def _(tf, x, *, order):
    return tf.reshape(x, [x.shape[axis] for axis in order])


@permute.tensorflow.naive(
    "tf.transpose",
    "inverse permutation",
    when=dict(order=(0, 2, 3, 1)),
    kind="shape",
    because="perm names the axis that each result axis comes from, not the place that each axis goes to",
    source="https://www.tensorflow.org/api_docs/python/tf/transpose",
    fix="read perm=(0, 2, 3, 1) as: result axis 1 is axis 2 of the input",
)
def _(tf, x, *, order):
    return tf.transpose(x, [order.index(axis) for axis in range(len(order))])


permute_features = Case(
    "permute_features",
    "The axes of x in another order, the batch axis staying first and not counted.",
    sizes=dict(N=2, A=3, B=4, C=5),
    inputs=dict(x=normal("N A B C")),
    outputs=lambda order: dict(y=" ".join(["N", *("ABC"[axis - 1] for axis in order)])),
    variants=grid(order=[(2, 1, 3), (2, 3, 1), (3, 1, 2)]),
    exact=True,
)


@permute_features.reference
def _(np, x, *, order):
    return np.transpose(x, (0, *order))


@permute_features.torch("torch.permute")
def _(torch, x, *, order):
    return torch.permute(x, (0, *order))


@permute_features.tensorflow("tf.transpose")
def _(tf, x, *, order):
    return tf.transpose(x, perm=(0, *order))


@permute_features.tensorflow.layer("keras.layers.Permute", weights={})
def _(tf, *, order):
    return tf.keras.layers.Permute(order)


transpose = Case(
    "transpose",
    "Two axes of x exchanged.",
    sizes=dict(A=3, B=4, C=5),
    inputs=dict(x=normal("A B C")),
    outputs=lambda axes: dict(y=" ".join("ABC"[axis] for axis in swapped(axes))),
    variants=grid(axes=[(0, 1), (1, 2), (0, -1)]),
    exact=True,
)


def swapped(axes):
    """The order of three axes after exchanging two."""
    one, other = (axis % 3 for axis in axes)
    return [{one: other, other: one}.get(axis, axis) for axis in range(3)]


@transpose.reference
def _(np, x, *, axes):
    return np.swapaxes(x, *axes)


@transpose.torch("torch.transpose")
def _(torch, x, *, axes):
    return torch.transpose(x, *axes)


@transpose.torch("torch.swapaxes")
def _(torch, x, *, axes):
    return torch.swapaxes(x, *axes)


@transpose.tensorflow("tf.transpose")
def _(tf, x, *, axes):
    return tf.transpose(x, swapped(axes))


@transpose.tensorflow("keras.ops.swapaxes")
def _(tf, x, *, axes):
    return tf.keras.ops.swapaxes(x, *axes)


@transpose.tensorflow.naive(
    "tf.transpose",
    "without perm",
    kind="shape",
    because="tf.transpose without perm reverses all axes, torch.transpose exchanges two",
    source="https://www.tensorflow.org/api_docs/python/tf/transpose",
    fix="pass perm=, or use keras.ops.swapaxes",
    when=dict(axes=(1, 2)),
)
def _(tf, x):
    return tf.transpose(x)


write_through_transpose = Case(
    "write_through_transpose",
    "Doubling a transposed matrix in place changes the original, for it is a view; TensorFlow makes new tensors.",
    sizes=dict(A=3, B=4),
    inputs=dict(x=normal("A B")),
    outputs=dict(y="A B"),
    exact=True,
)


@write_through_transpose.reference
def _(np, x):
    return 2 * x


@write_through_transpose.torch("torch.transpose")
def _(torch, x):
    y = x.clone()
    torch.transpose(y, 0, 1).mul_(2)
    return y


@write_through_transpose.torch("torch.permute")
def _(torch, x):
    y = x.clone()
    torch.permute(y, (1, 0)).mul_(2)
    return y


@write_through_transpose.tensorflow("tf.transpose")
def _(tf, x):
    return tf.transpose(2 * tf.transpose(x))


@write_through_transpose.torch.naive(
    "torch.Tensor.contiguous",
    "written to a copy",
    size=(0.25, 1),
    because="contiguous copies a transposed matrix, so that the original does not change",
    source="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html",
    fix="write to the transposed matrix itself",
)
def _(torch, x):
    y = x.clone()
    y.transpose(0, 1).contiguous().mul_(2)
    return y


def parts(axis):
    """Three tensors that differ in length along ``axis`` only."""
    names = "ABC"
    joined = names[axis]
    return {f"x{i}": normal(" ".join(f"{joined}{i}" if name == joined else name for name in names)) for i in (1, 2, 3)}


concat = Case(
    "concat",
    "Three tensors joined along one axis.",
    sizes=dict(A=2, B=3, C=4, A1=1, A2=5, A3=6, B1=5, B2=1, B3=6, C1=5, C2=6, C3=1),
    inputs=parts,
    outputs=lambda axis: dict(y=" ".join("P" if name == "ABC"[axis] else name for name in "ABC")),
    variants=grid(axis=[0, 1, 2, -1]),
    exact=True,
)


@concat.reference
def _(np, x1, x2, x3, *, axis):
    return np.concatenate([x1, x2, x3], axis)


@concat.torch("torch.cat")
def _(torch, x1, x2, x3, *, axis):
    return torch.cat([x1, x2, x3], dim=axis)


@concat.tensorflow("tf.concat")
def _(tf, x1, x2, x3, *, axis):
    return tf.concat([x1, x2, x3], axis=axis)


@concat.tensorflow("keras.layers.Concatenate")
def _(tf, x1, x2, x3, *, axis):
    return tf.keras.layers.Concatenate(axis=axis)([x1, x2, x3])


stack = Case(
    "stack",
    "Two tensors joined along a new axis.",
    sizes=dict(A=2, B=3),
    inputs=dict(x1=normal("A B"), x2=normal("A B")),
    outputs=dict(y="P Q R"),
    variants=grid(axis=[0, 1, -1]),
    exact=True,
)


@stack.reference
def _(np, x1, x2, *, axis):
    return np.stack([x1, x2], axis)


@stack.torch("torch.stack")
def _(torch, x1, x2, *, axis):
    return torch.stack([x1, x2], dim=axis)


@stack.tensorflow("tf.stack")
def _(tf, x1, x2, *, axis):
    return tf.stack([x1, x2], axis=axis)
