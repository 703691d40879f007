"""The scale of a computation: in every format it is small enough to tell a result from nothing."""

from pathlib import Path

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS
from parity.catalog.load import load
from parity.judge.tolerance import allowance, together
from parity.plan.work import Item, Unit
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
