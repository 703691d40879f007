"""Traps in real workers: the declared way passes, and the same trap fails when its API is broken in another way."""

import pytest

CASES = '''
"""Gradients clipped together, and traps that call an API which may be broken."""

from parity import Case, buffer, integers, normal

clipped = Case(
    "clipped",
    "Two gradients scaled so that the norm of both is at most 1.",
    sizes=dict(A=6, B=7, C=3),
    inputs=dict(kernel=normal("A B", gradient=False), bias=normal("C", gradient=False)),
    outputs=dict(new_kernel=buffer("A B"), new_bias=buffer("C")),
    dtypes=["float64"],
)
WHY = dict(because="the common direction changes", source="this test", fix="pass all in one call")

@clipped.reference
def _(np, kernel, bias):
    norm = np.maximum(np.sqrt(np.sum(kernel * kernel) + np.sum(bias * bias)), 1)
    return kernel / norm, bias / norm

@clipped.torch("torch.linalg.vector_norm")
def _(torch, kernel, bias):
    norm = torch.linalg.vector_norm(torch.cat([kernel.flatten(), bias])).clamp(min=1)
    return kernel / norm, bias / norm

@clipped.tensorflow("tf.clip_by_global_norm")
def _(tf, kernel, bias):
    return tf.clip_by_global_norm([kernel, bias], 1.0)[0]

def each(torch, clip, *gradients):
    parameters = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient.clone()
        clip([parameter], 1.0)
    return tuple(parameter.grad for parameter in parameters)

CLIPS = {
    "works": lambda torch: torch.nn.utils.clip_grad_norm_,
    "does nothing": lambda torch: lambda parameters, most: None,
    "clears": lambda torch: lambda parameters, most: [parameter.grad.fill_(torch.nan) for parameter in parameters],
}

def add(title, choose, **way):
    @clipped.torch.naive("torch.nn.utils.clip_grad_norm_", title, **WHY, **way)
    def _(torch, kernel, bias):
        return each(torch, choose(torch), kernel, bias)

for title, choose in CLIPS.items():
    add(title, choose, size={"output:new_kernel": (1e-5, 1)})
add("does nothing, of any size", CLIPS["does nothing"])

for title, raises in {
    "an argument of NumPy": "TypeError: invalid combination of arguments",
    "another class": "ValueError: invalid combination of arguments",
}.items():

    @clipped.torch.naive("torch.linalg.norm", title, raises=raises, **WHY)
    def _(torch, kernel, bias):
        return kernel / torch.linalg.norm(kernel, axes=1), bias

@clipped.tensorflow.naive("tf.clip_by_norm", "bias left out", kind="shape", wrong="output:new_bias", **WHY)
def _(tf, kernel, bias):
    return *tf.clip_by_global_norm([kernel, bias], 1.0)[0][:1], bias[:, None]

@clipped.tensorflow.naive("tf.clip_by_global_norm", "the pair itself", kind="count", **WHY)
def _(tf, kernel, bias):
    return tf.clip_by_global_norm([kernel, bias], 1.0)[0][0]

signs = Case(
    "signs",
    "Which whole numbers are positive, and their sum.",
    sizes=dict(N=50),
    inputs=dict(n=integers("N", -3, 4)),
    outputs=dict(positive=buffer("N", dtype="bool"), total=buffer("", dtype="int32")),
    dtypes=["float32"],
)

@signs.reference
def _(np, n):
    return n > 0, np.sum(np.maximum(n, 0))

@signs.torch("torch.gt")
def _(torch, n):
    return n > 0, n.clamp(min=0).sum().int()

@signs.tensorflow("tf.greater")
def _(tf, n):
    return n > 0, tf.cast(tf.reduce_sum(tf.maximum(n, 0)), tf.int32)

@signs.torch.naive("torch.ge", "zero counted", wrong="output:positive", size=(0.5, 2), **WHY)
def _(torch, n):
    return n >= 0, n.clamp(min=0).sum().int()

@signs.torch.naive("torch.sum", "twice", size={"output:total": (0.1, 0.6)}, **WHY)
def _(torch, n):
    return n > 0, 2 * n.clamp(min=0).sum().int()

@signs.torch.naive("torch.Tensor.int", "left out", kind="dtype", wrong="output:total", **WHY)
def _(torch, n):
    return n > 0, n.clamp(min=0).sum()
'''


@pytest.fixture(scope="module")
def rows(folder_of, run_in, interpreters):
    outcome = run_in(folder_of({"cases/clipping.py": CASES}), "cases", "--reports=reports", *interpreters)
    assert outcome.code == 1
    return {row["left"]: row for row in outcome.rows() if row["left"].endswith(")")}


CLIP = "torch.nn.utils.clip_grad_norm_"


@pytest.mark.parametrize(
    ("trap", "verdict", "said"),
    [
        (f"{CLIP} (works)", "expected", "the common direction changes"),
        (f"{CLIP} (does nothing)", "unexpected", "1e-05 to 1 is declared"),
        (f"{CLIP} (clears)", "unexpected", "new_kernel has NaN or infinity where the truth has a number"),
        (f"{CLIP} (does nothing, of any size)", "expected", "the common direction changes"),
        ("torch.linalg.norm (an argument of NumPy)", "expected", "TypeError: "),
        (
            "torch.linalg.norm (another class)",
            "error",
            "declared to raise 'ValueError: invalid combination of arguments'",
        ),
        ("tf.clip_by_norm (bias left out)", "expected", "returns new_bias in the wrong shape"),
        ("torch.ge (zero counted)", "expected", "the common direction changes"),
        ("torch.sum (twice)", "unexpected", "the largest error is 1 of the largest magnitude of output:total"),
        ("torch.Tensor.int (left out)", "expected", "the common direction changes"),
        ("tf.clip_by_global_norm (the pair itself)", "expected", "returns 1 results where the case names 2"),
    ],
)
def test_a_trap_must_go_wrong_as_declared(rows, trap, verdict, said):
    assert rows[trap]["verdict"] == verdict
    assert said in rows[trap]["reason"]
