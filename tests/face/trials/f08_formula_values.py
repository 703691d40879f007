"""What a formula may give back or use."""

from parity import Case, buffer, normal


def declare(name, formula, torch_call, tf_call, **options):
    case = Case(
        name, "A small thing.", sizes=dict(N=3, T=4), inputs=dict(x=normal("N T")), dtypes=["float32"], **options
    )
    case.reference(formula)
    case.torch("torch")(torch_call)
    case.tensorflow("tf")(tf_call)


# Elements of rows taken out one by one and sorted: fails in the sensitivity runs only.
declare(
    "f08_elements",
    lambda np, x: np.stack([(np.sort(row)[1] + np.sort(row)[2]) / 2 for row in x]),
    lambda torch, x: torch.sort(x, 1).values[:, 1:3].mean(1),
    lambda tf, x: tf.reduce_mean(tf.sort(x, axis=1)[:, 1:3], axis=1),
    outputs=dict(y="N"),
)
declare(
    "f08_rows",
    lambda np, x: np.stack([row[1] + row[2] for row in x]),
    lambda torch, x: x[:, 1] + x[:, 2],
    lambda tf, x: x[:, 1] + x[:, 2],
    outputs=dict(y="N"),
)
# A complex result: the reference process ends.
declare(
    "f08_complex",
    lambda np, x: np.fft.fft(x),
    lambda torch, x: torch.fft.fft(x),
    lambda tf, x: tf.signal.fft(tf.complex(x, tf.zeros_like(x))),
    outputs=dict(y=buffer("N F")),
)
# Whole numbers and truth values.
declare(
    "f08_integers",
    lambda np, x: np.argmax(x, axis=1),
    lambda torch, x: torch.argmax(x, 1),
    lambda tf, x: tf.argmax(x, axis=1),
    outputs=dict(y=buffer("N")),
)
declare(
    "f08_booleans",
    lambda np, x: x > 0,
    lambda torch, x: x > 0,
    lambda tf, x: x > 0,
    outputs=dict(y=buffer("N T")),
)
declare(
    "f08_flip",
    lambda np, x: np.flip(x, 1),
    lambda torch, x: torch.flip(x, [1]),
    lambda tf, x: tf.reverse(x, [1]),
    outputs=dict(y="N T"),
)
declare(
    "f08_reflect",
    lambda np, x: np.pad(x, [(0, 0), (2, 2)], mode="reflect"),
    lambda torch, x: torch.nn.functional.pad(x, (2, 2), mode="reflect"),
    lambda tf, x: tf.pad(x, [[0, 0], [2, 2]], "REFLECT"),
    outputs=dict(y="N P"),
)
declare(
    "f08_take_along",
    lambda np, x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
    lambda torch, x: torch.sort(x, 1).values,
    lambda tf, x: tf.sort(x, axis=1),
    outputs=dict(y="N T"),
)
declare(
    "f08_sort_axis",
    lambda np, x: np.sort(x, axis=1),
    lambda torch, x: torch.sort(x, 1).values,
    lambda tf, x: tf.sort(x, axis=1),
    outputs=dict(y="N T"),
)
declare(
    "f08_rfft_odd",
    lambda np, x: np.real(np.fft.rfft(x[:, :3])),
    lambda torch, x: torch.fft.rfft(x[:, :3]).real,
    lambda tf, x: tf.math.real(tf.signal.rfft(x[:, :3])),
    outputs=dict(y="N F"),
)
declare(
    "f08_cumprod",
    lambda np, x: np.cumprod(x, axis=1),
    lambda torch, x: torch.cumprod(x, 1),
    lambda tf, x: tf.math.cumprod(x, 1),
    outputs=dict(y="N T"),
)
declare(
    "f08_quantile",
    lambda np, x: np.quantile(x, 0.3, axis=1),
    lambda torch, x: torch.quantile(x, 0.3, dim=1),
    lambda tf, x: tf.keras.ops.quantile(x, 0.3, axis=1),
    outputs=dict(y="N"),
)
declare(
    "f08_list",
    lambda np, x: [x[0], x[1]],
    lambda torch, x: [x[0], x[1]],
    lambda tf, x: [x[0], x[1]],
    outputs=dict(a="T", b="T"),
)
declare(
    "f08_assignment",
    lambda np, x: _assigned(np, x),
    lambda torch, x: torch.nn.functional.pad(x, (1, 0))[:, :4],
    lambda tf, x: tf.pad(x, [[0, 0], [1, 0]])[:, :4],
    outputs=dict(y="N T"),
)
declare(
    "f08_number",
    lambda np, x: float(np.sum(x)),
    lambda torch, x: torch.sum(x),
    lambda tf, x: tf.reduce_sum(x),
    outputs=dict(y=""),
)


def _assigned(np, x):
    y = np.zeros((3, 4))
    y[:, 1:] = x[:, :3]
    return y
