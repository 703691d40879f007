"""Torch.load of a saved module works up to PyTorch 2.5 and raises in 2.6.

release notes of PyTorch 2.6: torch.load has weights_only=True by default
"""

from parity import Case, buffer, normal

load_of_a_module = Case(
    "load_of_a_module",
    "A layer that was saved and loaded: x Wᵀ.",
    sizes=dict(N=3, I=4, O=2),
    inputs=dict(x=normal("N I"), kernel=normal("O I")),
    outputs=dict(y=buffer("N O")),
    dtypes=["float32"],
)


@load_of_a_module.reference
def _(np, x, kernel):
    return x @ kernel.T


@load_of_a_module.torch("torch.load")
def _(torch, x, kernel):
    import io

    layer = torch.nn.Linear(4, 2, bias=False)
    layer.weight.data = kernel.detach().clone()
    stored = io.BytesIO()
    torch.save(layer, stored)
    stored.seek(0)
    return torch.load(stored)(x).detach()


@load_of_a_module.tensorflow("tf.matmul")
def _(tf, x, kernel):
    return tf.matmul(x, kernel, transpose_b=True)
