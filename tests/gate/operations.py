"""One operation for each class of change. ``changed.py`` says what the old and the new framework do otherwise."""

from operator import attrgetter

from parity import Case, normal


def operation(name, formula, torch_api, tensorflow_api=None, **more):
    tensorflow_api = tensorflow_api or torch_api.replace("torch", "tf.math")
    case = Case(
        name,
        f"An operation that is {name.replace('_', ' ')}.",
        sizes=dict(N=3, I=4),
        inputs=dict(x=normal("N I", mean=2, std=0.3)),
        outputs=dict(y="N I"),
        dtypes=["float32"],
        **more,
    )
    case.reference(formula)
    case.torch(torch_api)(lambda torch, x: attrgetter(torch_api.partition(".")[2])(torch)(x))
    case.tensorflow(tensorflow_api)(lambda tf, x: attrgetter(tensorflow_api.partition(".")[2])(tf)(x))
    return case


operation("kept", lambda np, x: np.maximum(x, 0), "torch.relu", "tf.nn.relu", exact=["*"]).timed(
    {"large": dict(N=30, I=40)}
)
operation("drifting", lambda np, x: np.exp(x), "torch.exp")
operation("drifting_elsewhere", lambda np, x: np.log1p(x), "torch.log1p")
operation("breaking", lambda np, x: np.tanh(x), "torch.tanh")
operation("mending", lambda np, x: np.sin(x), "torch.sin")
operation("mending_as_declared", lambda np, x: np.cos(x), "torch.cos").deviation(
    "torch.cos", quantities=["*"], within=0.1, because="it is off by one percent", source="measured"
)
operation("reshaping", lambda np, x: np.sinh(x), "torch.sinh")
operation("retyping", lambda np, x: np.cosh(x), "torch.cosh")
operation("raising", lambda np, x: np.arctan(x), "torch.atan")
operation("crashing", lambda np, x: np.arcsinh(x), "torch.asinh")
operation("raising_no_more", lambda np, x: np.sqrt(x), "torch.sqrt").limitation(
    "torch.sqrt", raises="NotImplementedError: sqrt is not", because="it is not there yet", source="measured"
)
operation("raising_otherwise", lambda np, x: np.log(x), "torch.log").limitation(
    "torch.log", raises="NotImplementedError: log is not", because="it is not there yet", source="measured"
)
operation("vanishing", lambda np, x: x * x, "torch.square")
operation("warning", lambda np, x: np.abs(x), "torch.abs", exact=["*"])
operation("unsteady", lambda np, x: 1 / (1 + np.exp(-x)), "torch.sigmoid")

# Pairs that verdicts alone would judge wrongly: see parity/gate/transition.py.
OFF = dict(quantities=["*"], because="it is off", source="measured")

operation("worse", lambda np, x: np.expm1(x), "torch.expm1")
operation("worse_as_declared", lambda np, x: 1 / np.sqrt(x), "torch.rsqrt").deviation(
    "torch.rsqrt", within=float("inf"), **OFF
)
operation("wrong_as_declared_now", lambda np, x: 1 / x, "torch.reciprocal").deviation(
    "torch.reciprocal", within=0.1, **OFF
)
operation("wrong_otherwise_now", lambda np, x: np.round(x), "torch.round").deviation("torch.round", within=0.1, **OFF)
operation("wrong_then_as_declared", lambda np, x: -x, "torch.neg", "tf.math.negative").deviation(
    "torch.neg", within=0.1, **OFF
)
operation("silent", lambda np, x: -x, "torch.negative")
operation("wrong_instead_of_raising", lambda np, x: np.tan(x), "torch.tan")
operation("wrong_from_the_first", lambda np, x: np.arccosh(x), "torch.acosh").deviation(
    "torch.acosh", within=0.1, **OFF
)
operation("right_from_the_first", lambda np, x: 1 * x, "torch.positive", "tf.identity", exact=["*"])
operation("mending_the_shape", lambda np, x: np.ceil(x), "torch.ceil")
operation("steadied", lambda np, x: np.sign(x), "torch.sign")
