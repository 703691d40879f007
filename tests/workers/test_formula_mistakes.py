"""What a formula cannot do is told with the place in the formula and with what to write instead."""

import pytest

from parity.plan.work import Item, Unit
from parity.workers.reference import NO_METHOD, NOT_TRACED, ONE_TRUTH, READ_ONLY, ReferenceAdapter
from parity.workers.sensitivity import NOT_FINITE, Formula

FILE = """
import math
import numpy
from parity import Case, normal

case = Case(
    "small",
    "A small thing.",
    sizes=dict(N=3, T=4),
    inputs=dict(x=normal("N T"), z=normal("N T", gradient=False)),
    outputs=dict(y=""),
    dtypes=["float32", "float64"],
)

@case.reference
def _(np, x, z):
    {line}
    return y
"""
AT = FILE[1:].splitlines().index("    {line}") + 1
"""The line of the file on which the formula does it."""

MISTAKES = {
    "an element is assigned": ("y = np.zeros((3, 4)); y[:, 1:] = x[:, :3]", NOT_TRACED),
    "an element is added to": ("y = np.zeros(4); y[0] += x[0, 0]", NOT_TRACED),
    "a slice is added to": ("y = np.zeros((3, 4)); y[1:] += x[1:]", NOT_TRACED),
    "a plain number": ("y = float(np.sum(x)) * x", NOT_TRACED),
    "a whole number": ("y = int(x[0, 0]) * x", NOT_TRACED),
    "a function of math": ("y = math.exp(x[0, 0]) * x", NOT_TRACED),
    "a method that arrays have": ("x.sort(); y = x", NO_METHOD),
    "an input that is not differentiated": ("z += 1; y = x * z", READ_ONLY),
    "an element of an input": ("z[0] = 1; y = x * z", READ_ONLY),
    "a condition": ("y = x if x > 0 else -x", ONE_TRUTH),
    "a condition on another input": ("y = x if z > 0 else -x", ONE_TRUTH),
    "a keyword that is not there": ("y = np.sum(x, out=None)", "np.sum() got an unexpected keyword argument 'out'"),
    "a root of what rounding makes negative": (
        "y = np.sum(np.sqrt(-((x * 0.1 + x * 0.1 - x * 0.2) ** 2)))",
        NOT_FINITE,
    ),
}
RIGHT = {
    "in-place operators": "y = np.zeros((3, 4)); y += x; y *= z",
    "elements of what is not differentiated": "w = np.copy(z); w[0] = 1.0; w[1] += 0.3; y = x * w",
    "a float of what is not differentiated": "y = x * float(np.sum(z))",
    "a condition on one number": "y = x if np.sum(z) > 0 else -x",
    "numbers filled in": "w = np.zeros((3, 4)); w[:, 1:] = z[:, :3]; y = x + w",
    "math on plain numbers": "y = x / math.sqrt(3)",
    "a list of rows": "y = [row * 2 for row in x][1]",
    "rows taken apart": "y = np.stack([np.sort(row)[1] + np.sort(row)[2] for row in x])",
    "a dictionary of numbers": "y = sum(k * x for k, n in {k: 1 for k in np.argmax(z, axis=1)}.items())",
}


def observed(folder, line, dtype="float32"):
    file = folder / "small.py"
    file.write_text(FILE[1:].replace("{line}", line))
    item = Item(str(file), "small", "", dtype, "cpu")
    return Formula(ReferenceAdapter(1), 1).observe(Unit(item, "reference", "reference", 0))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_mend(mistake, tmp_path):
    line, mend = MISTAKES[mistake]
    failure = observed(tmp_path, line).failure
    assert failure is not None
    assert mend in failure.message
    if mend != NOT_FINITE:
        assert failure.where.endswith(f"small.py:{AT}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("use", RIGHT)
def test_what_works(use, dtype, tmp_path):
    observation = observed(tmp_path, RIGHT[use] + "; y = np.sum(y)", dtype)
    assert observation.failure is None, observation.failure
    assert "grad:x" in observation.sensitivities
