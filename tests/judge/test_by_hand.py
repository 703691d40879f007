"""The examples of docs/tolerances.md give the allowances that the judge uses."""

import re
from pathlib import Path

import pytest

from parity.judge.tolerance import allowance
from parity.plan.work import Item, Unit
from parity.workers.reference import ReferenceAdapter
from parity.workers.sensitivity import Formula

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tolerances.md").read_text(encoding="utf-8"), re.DOTALL)
WHICH = [
    ("convolution", "conv3d", "kernel_size=2x2x2-stride=2x2x2-padding=same-bias=false"),
    ("lstm", "lstm", "T=4"),
]


@pytest.mark.parametrize(("code", "which"), list(zip(EXAMPLES, WHICH, strict=True)), ids=["conv3d", "lstm"])
def test_an_allowance_worked_by_hand_is_the_judges(code, which, monkeypatch):
    monkeypatch.chdir(ROOT)
    worked: dict = {}
    exec(code, worked)
    file, case, variant = which
    item = Item(str(ROOT / "cases" / f"{file}.py"), case, variant, "float32", "cpu")
    seen = Formula(ReferenceAdapter(1), 1).observe(Unit(item, "reference", "reference", 0))
    truth, sensitivity = seen.results["output:y"].array, seen.sensitivities["output:y"]
    judged = allowance(worked["case"], worked["variant"], "float32", "output:y", truth, sensitivity, None)
    assert worked["allowed"] == pytest.approx(judged.limits, rel=1e-6)
