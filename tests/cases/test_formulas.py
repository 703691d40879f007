"""The truth itself: every formula's gradient agrees with a numerical derivative of the formula.

Directional derivatives by central differences in long double, along a random direction, for every variant.
"""

from pathlib import Path

import numpy as np
import pytest

from parity.catalog.calls import bind
from parity.catalog.dtypes import FLOATS
from parity.catalog.load import load
from parity.formula.namespace import EXACT
from parity.plan.data import cotangent, values
from parity.plan.work import Item, Unit
from parity.workers.execute import execute
from parity.workers.reference import ReferenceAdapter

CASES = Path(__file__).parents[2] / "cases"
FILES = [load(path) for path in sorted(CASES.glob("[!_]*.py"))]
KINKS = {
    "maximum_of_ties": "equal elements: the gradient is shared by convention",
    "carried_state": "the carried state is detached by definition",
    "unit_vectors": "vectors as short as the bound on their length",
    "binary_cross_entropy_of_tiny_probabilities": "probabilities closer to 0 than the step",
}
"""Cases whose gradient is no derivative, or none that a finite step can measure, and why."""

STEP = np.longdouble(2.0) ** -20
SHORT_STEP = np.longdouble(2.0) ** -40

if np.finfo(np.longdouble).eps > 1e-18:
    pytest.skip("long double is no wider than float64 on this platform", allow_module_level=True)


def test_the_catalogue_loads():
    assert sum(len(file.cases) for file in FILES) > 20
    assert [str(broken) for file in FILES for broken in file.broken] == []


@pytest.fixture(scope="module")
def adapter():
    return ReferenceAdapter(threads=1)


@pytest.mark.parametrize(
    ("file", "case"),
    [(file, case) for file in FILES for case in file.cases],
    ids=lambda value: getattr(value, "name", ""),
)
def test_gradient_of_the_formula(adapter, file, case):
    if not case.pooled:
        elementwise_gradient(adapter, file, case)
        return
    disagreements = 0
    for variant in case.variants:
        item = Item(str(file.path), case.name, variant.id, "float64", "cpu")
        observed = execute(adapter, Unit(item, "reference", "reference", seed=1))
        assert observed.failure is None, f"{variant.id}: {observed.failure}"
        gradients = {q.removeprefix("grad:"): r.array for q, r in observed.results.items() if q.startswith("grad:")}
        specs = {**case.inputs(variant), **case.weights(variant)}
        point = {
            name: array if specs[name].whole else array.astype(np.longdouble)
            for name, array in values(case, variant, "float64", 1).items()
        }
        for name, gradient in gradients.items():
            direction = np.random.default_rng(0).normal(size=gradient.shape).astype(np.longdouble)
            predicted = (gradient * direction).sum()
            ahead, behind = (
                objective(case, variant, item, {**point, name: point[name] + sign * STEP * direction})
                for sign in (1, -1)
            )
            measured = (ahead - behind) / (2 * STEP)
            scale = np.abs(gradient * direction).sum()
            disagree = not abs(predicted - measured) <= 1e-8 * scale + 1e-12
            if case.name in KINKS:
                disagreements += disagree
            else:
                assert not disagree, (variant.id, name, predicted, measured)
    assert (disagreements > 0) == (case.name in KINKS), f"{case.name} has a derivative now: take it out of KINKS"


def elementwise_gradient(adapter, file, case):
    """Each element's own: between the slopes on its left and right, which differ at a kink."""
    dtype = case.dtypes[0]
    for variant in case.variants:
        item = Item(str(file.path), case.name, variant.id, dtype, "cpu")
        observed = execute(adapter, Unit(item, "reference", "reference", seed=1))
        assert observed.failure is None, f"{variant.id}: {observed.failure}"
        if "grad:x" not in observed.results:
            continue
        x = FLOATS[dtype].decode(values(case, variant, dtype, 1)["x"]).astype(np.longdouble)
        given = FLOATS[dtype].decode(cotangent(x.shape, dtype, (1, case.name, variant.id, "cotangent of y")))
        size = np.maximum(np.abs(x), 1)
        behind, here, ahead = (case.formula(EXACT, x + sign * SHORT_STEP * size) for sign in (-1, 0, 1))
        slopes = [given * rise / (SHORT_STEP * size) for rise in (here - behind, ahead - here)]
        slack = 1e-6 * np.abs(given) * (np.abs(here) + np.abs(ahead - behind) / SHORT_STEP) / size
        gradient = observed.results["grad:x"].array
        wrong = (gradient < np.minimum(*slopes) - slack) | (gradient > np.maximum(*slopes) + slack)
        assert not wrong.any(), (variant.id, x[wrong][:3], gradient[wrong][:3], [slope[wrong][:3] for slope in slopes])


def objective(case, variant, item, point):
    """The sum of the differentiated results, each weighted with its cotangent: what the gradients belong to."""
    known = {**case.axis_sizes(variant), **case.settings(variant), "dtype": "float64"}
    results = bind(case.formula, EXACT, list(point), known)(*point.values())
    results = results if isinstance(results, (tuple, list)) else (results,)
    specs = {**case.outputs(variant), **case.states(variant)}
    total = np.longdouble(0)
    for (name, spec), result in zip(specs.items(), results, strict=True):
        if spec.gradient:
            given = cotangent(result.shape, "float64", (1, item.case, item.variant, f"cotangent of {name}"))
            total += (given.astype(np.longdouble) * result).sum()
    return total
