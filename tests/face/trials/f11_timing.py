"""An implementation that computes a gradient itself, and cannot be called without a record."""

from parity import Case, normal

case = Case(
    "f11_gradient_penalty",
    "The square of the derivative of softplus, as a gradient penalty takes it.",
    sizes=dict(N=30),
    inputs=dict(x=normal("N", std=3.0)),
    outputs=dict(y="N"),
    dtypes=["float64", "float32"],
)


@case.reference
def _(np, x):
    return (0.5 + 0.5 * np.tanh(0.5 * x)) ** 2


@case.torch("torch.autograd.grad")
def _(torch, x):
    (g,) = torch.autograd.grad(torch.nn.functional.softplus(x).sum(), x, create_graph=True)
    return g**2


@case.tensorflow("tf.GradientTape")
def _(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.softplus(x)
    return tape.gradient(y, x) ** 2
