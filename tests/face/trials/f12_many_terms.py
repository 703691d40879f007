"""A layer of 4,608 terms, and versions that lose half of the digits of their inputs."""

from parity import Case, grid, normal

case = Case(
    "f12_linear",
    "A linear layer with many inputs.",
    sizes=dict(N=8, O=16),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I", std=0.02)),
    outputs=dict(y="N O"),
    variants=grid(I=[36, 576, 2304, 4608, 12544]),
    dtypes=["float32"],
)
case.sizes["I"] = 4608


@case.reference
def _(np, x, kernel):
    return np.einsum("ni,oi->no", x, kernel)


@case.torch("torch.nn.functional.linear")
def _(torch, x, kernel):
    return torch.nn.functional.linear(x, kernel)


def tf32(torch, x):
    bits = x.detach().view(torch.int32)
    return x + (((bits + 0x1000) & ~0x1FFF).view(torch.float32) - x).detach()


@case.torch("WRONG: inputs in TF32")
def _(torch, x, kernel):
    return torch.nn.functional.linear(tf32(torch, x), tf32(torch, kernel))


@case.torch("WRONG: inputs in float16")
def _(torch, x, kernel):
    return torch.nn.functional.linear(x.half().float(), kernel.half().float())


@case.torch("WRONG: inputs in bfloat16")
def _(torch, x, kernel):
    return torch.nn.functional.linear(x.bfloat16().float(), kernel.bfloat16().float())


@case.tensorflow("tf.matmul")
def _(tf, x, kernel):
    return tf.matmul(x, kernel, transpose_b=True)
