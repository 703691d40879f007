"""The scale of a computation: in every format it is small enough to tell a result from nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS
from parity.catalog.load import load
from parity.judge.tolerance import allowance, together
from parity.plan.work import Instead, Item, Unit
from parity.workers.reference import ReferenceAdapter
from parity.workers.sensitivity import Formula

FILES = [load(Path(__file__).parents[2] / "cases" / f"{name}.py") for name in ("convolution", "depthwise_convolution")]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize(
    ("file", "case"),
    [(file, case) for file in FILES for case in file.cases],
    ids=lambda value: getattr(value, "name", ""),
)
def test_zeros_in_place_of_any_result_are_noticed(file, case, dtype):
    """Gradients of convolutions are sums of hundreds of terms, and a bfloat16 has eight digits."""
    formula = Formula(ReferenceAdapter(threads=1), threads=1)
    for variant in case.variants:
        item = Item(str(file.path), case.name, variant.id, dtype, "cpu")
        observed = formula.observe(Unit(item, "reference", "reference", seed=0))
        assert observed.failure is None
        for quantity, result in observed.results.items():
            truth = result.array.astype(np.float64)
            limits = allowance(case, variant, dtype, quantity, truth, observed.sensitivities[quantity], None)
            unit = FLOATS[dtype].unit_roundoff
            rho = np.sqrt(np.mean(truth**2) / np.mean(limits.scale**2)) / unit
            beyond = np.abs(truth) > limits.limits
            assert beyond.any() or rho > together(truth.size, 0.0), (variant.id, quantity)


SCALED = """
from parity import Case, normal

scaled = Case("scaled", "y = x / sqrt(mean(x^2) + eps).", sizes=dict(N=4, M=30), inputs=dict(x=normal("N M")),
              outputs=dict(y="N M"), parameters=dict(eps=1e-3))

@scaled.reference
def _(np, x, *, eps):
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + eps)
"""


def test_the_formula_in_another_way_than_declared(tmp_path):
    """With another parameter, with rounded inputs, or in float32: the truth itself stays as it is."""
    (tmp_path / "scaled.py").write_text(SCALED)
    formula = Formula(ReferenceAdapter(threads=1), threads=1)
    unit = Unit(Item(str(tmp_path / "scaled.py"), "scaled", "", "float64", "cpu"), "reference", "reference", seed=0)

    def given(**instead):
        seen = formula.observe(replace(unit, instead=Instead(**instead)))
        assert seen.failure is None
        assert bool(seen.sensitivities) == (instead.keys() <= {"closer"})
        return {name: result.array for name, result in seen.results.items()}

    truth = given()
    x = truth["output:y"]
    assert set(truth) == {"output:y", "grad:x"}
    for name, values in truth.items():
        errors = {
            label: np.max(np.abs(other[name] - values))
            for label, other in {
                "same": given(parameter="eps", value=1e-3),
                "eps": given(parameter="eps", value=1.0),
                "single": given(single=True),
                "bfloat16": given(inputs_as="bfloat16"),
            }.items()
        }
        assert errors["same"] == 0
        assert errors["eps"] > 0.1
        assert 1e-9 < errors["single"] < 1e-5
        assert 1e-4 < errors["bfloat16"] < 0.1
    assert given(single=True)["output:y"].dtype == np.float32
    assert np.array_equal(given(closer=True)["output:y"], x)
    assert np.array_equal(given()["output:y"], x)


def test_a_closer_look_measures_what_few_runs_can_miss(tmp_path):
    """Eight runs measure the scale of some of 4,000 elements at a third of what it is; 24 come nearer to all."""
    (tmp_path / "many.py").write_text(SCALED.replace("M=30", "M=1000"))
    formula = Formula(ReferenceAdapter(threads=1), threads=1)
    unit = Unit(Item(str(tmp_path / "many.py"), "scaled", "", "float64", "cpu"), "reference", "reference", seed=0)
    least = {}
    for closer in (False, True):
        seen = formula.observe(replace(unit, instead=Instead(closer=closer)))
        assert seen.failure is None, seen.failure
        ratio = seen.sensitivities["output:y"] / np.abs(seen.results["output:y"].array)
        least[closer] = np.min(ratio / np.sqrt(np.mean(ratio**2)))
    assert least[False] < 0.88 < least[True]


SATURATED = """
from parity import Case, normal

def declare(name, shift):
    case = Case(name, "A saturated softmax.", sizes=dict(N=6, C=5), inputs=dict(x=normal("N C", std=12.0)),
                outputs=dict(y="N C"), dtypes=["float32"])
    case.torch("torch.f")(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)

    @case.reference
    def _(np, x):
        e = np.exp(x - shift(np, x))
        return e / np.sum(e, axis=1, keepdims=True)

declare("differentiated", lambda np, x: np.max(x, axis=1, keepdims=True))
declare("constant", lambda np, x: np.stop_gradient(np.max(x, axis=1, keepdims=True)))
pool = Case("pool", "The largest.", sizes=dict(N=6, C=5), inputs=dict(x=normal("N C")), outputs=dict(y="N"))
pool.torch("torch.f")(lambda torch, x: x)
pool.tensorflow("tf.f")(lambda tf, x: x)
pool.reference(lambda np, x: np.max(x, axis=1) * 3.0)
"""


def test_a_maximum_that_is_subtracted_hides_no_rounding(tmp_path):
    file = tmp_path / "saturated.py"
    file.write_text(SATURATED)
    formula = Formula(ReferenceAdapter(threads=1), threads=1)

    def sensitivity(name):
        observed = formula.observe(Unit(Item(str(file), name, "", "float32", "cpu"), "reference", "reference", seed=0))
        assert observed.failure is None
        return observed.sensitivities["grad:x"]

    constant, differentiated = sensitivity("constant"), sensitivity("differentiated")
    assert np.sqrt(np.mean((differentiated / constant) ** 2)) > 0.5
    assert sensitivity("pool").max() < 20  # Units: where the maximum is the result, it is no constant.
