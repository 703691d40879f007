"""Piecewise functions exactly at their kinks, with the gradient that each framework chooses there."""

from _extremes import TENSORFLOW, TORCH, along, of_tables, wrong

from parity import LeastScale

POINTS = (
    (-7, -6, -4, -3, -2.5, -2),
    (-1, -0.5, -0.25, 0, 0.25, 0.5),
    (1, 2, 2.5, 3, 5, 6),
    (6.5, -3, 3, 0, 1, -1),
)
"""The bounds of every function below, some of them twice, and numbers on either side."""


def kinks(name, summary, formula, torch, tensorflow, **arguments):
    return of_tables(
        f"kinks_of_{name}", f"{summary}, at its kinks.", formula, torch, tensorflow, POINTS, outputs="R C", **arguments
    )


def inside(np, x, low, high):
    """x between its bounds, exclusive, and the bounds beyond, which have no gradient."""
    return np.where((x > low) & (x < high), x, np.where(x <= low, low, high))


relu = kinks(
    "relu",
    "ReLU",
    lambda np, x: np.where(x > 0, x, 0),
    {"torch.relu": along("torch.relu"), "torch.nn.functional.threshold": along("torch.nn.functional.threshold", 0, 0)},
    {"tf.nn.relu": along("tf.nn.relu"), "keras.activations.relu": along("keras.activations.relu")},
)
relu6 = kinks(
    "relu6",
    "ReLU capped at 6",
    lambda np, x: inside(np, x, 0, 6),
    {"torch.nn.functional.relu6": along("torch.nn.functional.relu6")},
    {"tf.nn.relu6": along("tf.nn.relu6"), "keras.activations.relu6": along("keras.activations.relu6")},
)
hardtanh = kinks(
    "hardtanh",
    "x between -1 and 1",
    lambda np, x: inside(np, x, -1, 1),
    {"torch.nn.functional.hardtanh": along("torch.nn.functional.hardtanh")},
    {"keras.activations.hard_tanh": along("keras.activations.hard_tanh")},
)
clip = kinks(
    "clip",
    "x between -1 and 1; the bounds count as inside",
    lambda np, x: np.where((x >= -1) & (x <= 1), x, np.where(x < -1, -1, 1)),
    {"torch.clamp": along("torch.clamp", -1, 1)},
    {"tf.clip_by_value": along("tf.clip_by_value", -1, 1), "keras.ops.clip": along("keras.ops.clip", -1, 1)},
)
hard_sigmoid = kinks(
    "hard_sigmoid",
    "x / 6 + 1 / 2 between 0 and 1",
    lambda np, x: inside(np, x, -3, 3) / 6 + 0.5,
    {"torch.nn.functional.hardsigmoid": along("torch.nn.functional.hardsigmoid")},
    {"keras.activations.hard_sigmoid": along("keras.activations.hard_sigmoid")},
)
hard_swish = kinks(
    "hard_swish",
    "x times its hard sigmoid",
    lambda np, x: x * (inside(np, x, -3, 3) / 6 + 0.5),
    {"torch.nn.functional.hardswish": along("torch.nn.functional.hardswish")},
    {"keras.activations.hard_silu": along("keras.activations.hard_silu")},
)
softshrink = kinks(
    "softshrink",
    "x nearer to zero by 0.5, or zero",
    lambda np, x: np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, 0)),
    {"torch.nn.functional.softshrink": along("torch.nn.functional.softshrink")},
    {"keras.activations.soft_shrink": along("keras.activations.soft_shrink")},
    unsigned_zeros="between the bounds the result is a zero of either sign",
)
hardshrink = kinks(
    "hardshrink",
    "x, or zero up to 0.5",
    lambda np, x: np.where(np.abs(x) > 0.5, x, 0),
    {"torch.nn.functional.hardshrink": along("torch.nn.functional.hardshrink")},
    {"keras.activations.hard_shrink": along("keras.activations.hard_shrink")},
)
leaky_relu = kinks(
    "leaky_relu",
    "ReLU with a slope of 0.25 for negative numbers",
    lambda np, x: np.where(x > 0, x, 0.25 * x),
    {"torch.nn.functional.leaky_relu": along("torch.nn.functional.leaky_relu", 0.25)},
    {"tf.nn.leaky_relu": along("tf.nn.leaky_relu", 0.25)},
)
elu = kinks(
    "elu",
    "ELU with alpha = 2, whose slopes at zero are 2 and 1",
    lambda np, x: np.where(x > 0, x, 2 * np.expm1(np.where(x > 0, 0, x))),
    {"torch.nn.functional.elu": along("torch.nn.functional.elu", 2.0)},
    {"keras.activations.elu": along("keras.activations.elu", 2.0)},
    least_scale=LeastScale(
        2, ["output:y", "grad:z"], "exp(x) is rounded before 1 is subtracted, and y before 2 is added"
    ),
)
absolute = kinks(
    "abs",
    "The magnitude",
    lambda np, x: np.abs(x),
    {"torch.abs": along("torch.abs")},
    {"tf.abs": along("tf.abs")},
)
rounding = kinks(
    "round",
    "The nearest whole number, an even one where there are two",
    lambda np, x: np.rint(x),
    {"torch.round": along("torch.round")},
    {"tf.round": along("tf.round"), "keras.ops.round": along("keras.ops.round")},
    slopes=False,
    exact=True,
)

wrong(hardtanh, "keras.activations.hard_tanh", "grad:z", "the bounds count as inside: it is a clip", TENSORFLOW, 4)
hard_sigmoid.deviation(
    "torch.nn.functional.hardsigmoid",
    quantities=["grad:z"],
    within=1e-7,
    because="the gradient is multiplied by a sixth that is rounded to float32",
    source=TORCH,
    dtypes=["float64"],
    devices=["cpu"],
)
