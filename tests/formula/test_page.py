"""docs/writing-formulas.md lists what a formula may use, and its examples do what it says."""

import re
from pathlib import Path

import numpy as np
import pytest

from parity.formula import names
from parity.formula.namespace import EXACT

PAGE = (Path(__file__).parents[2] / "docs" / "writing-formulas.md").read_text(encoding="utf-8")
MODULES = {f"np.{module}": listed for module, listed in names.MODULES.items()}
LISTS = {**names.GROUPS, **MODULES, "Constants": names.CONSTANTS, "Types and the like": names.TYPES}


@pytest.mark.parametrize("title", LISTS)
def test_the_page_lists_what_the_table_has(title):
    (text,) = re.findall(rf"^- \*\*{re.escape(title)}\*\*: ((?:.+\n)(?:  .+\n)*)", PAGE, re.MULTILINE)
    assert tuple(re.findall(r"`([^`]+)`", text)) == tuple(LISTS[title])


def test_the_refusal_on_the_page_is_the_one_that_is_given():
    assert names.refusal("vectorize") in PAGE


def test_the_examples_run():
    class Case:
        def reference(self, function):
            self.formula = function
            return function

    results = {}
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)):
        case = Case()
        exec(code, {"case": case})
        results[number] = case.formula
    x = np.array([[0.3, 1.4]])
    assert results[0](EXACT, x, np.ones((3, 2)), N=4).tolist() == [[0.85] * 3]
    assert results[1](EXACT, np.ones(2), N=2) == pytest.approx([0.0, 1.0])
    assert results[2](EXACT, x).tolist() == [[0.25, 1.5]]
