"""Torch.jit.script warns in PyTorch 2.13 that it is deprecated.

release notes of PyTorch 2.10: TorchScript is deprecated
"""

from parity import Case, normal

jit_script_deprecated = Case(
    "jit_script_deprecated",
    "A scripted layer: x Wᵀ + b.",
    sizes=dict(N=3, I=4, O=2),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I"), bias=normal("O")),
    outputs=dict(y="N O"),
    dtypes=["float32"],
)


@jit_script_deprecated.reference
def _(np, x, kernel, bias):
    return x @ kernel.T + bias


@jit_script_deprecated.torch("torch.jit.script")
def _(torch, x, kernel, bias):
    layer = torch.jit.script(torch.nn.Bilinear(1, 1, 1))
    assert layer is not None
    return torch.nn.functional.linear(x, kernel, bias)


@jit_script_deprecated.tensorflow("tf.matmul")
def _(tf, x, kernel, bias):
    return tf.matmul(x, kernel, transpose_b=True) + bias
