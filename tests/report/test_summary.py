"""The Markdown summary says what the page says."""

from dataclasses import replace

from parity.judge.row import VERDICTS, Row
from parity.record.write import RecordWriter
from parity.report.html import write_report

PASSED = Row(
    case="linear", variant="bias=true", dtype="float32", device="cpu", mode="eager", quantity="output:y",
    left="torch.nn.Linear", right="reference", left_framework="torch", right_framework="reference", verdict="pass",
    max_abs_error=1e-7, allowed=1e-6, error_ratio=0.1,
)  # fmt: skip
FAILED = replace(
    PASSED, verdict="fail", blame="torch", error_ratio=31.6, cause="the truth times 1.5",
    reason="at [0, 1]: a | b <img> `c`",
)  # fmt: skip
ENVIRONMENT = {
    "environments": {"torch": {"version": "2.13.0"}}, "catalogue": {"files": {"linear": "cases/linear.py"}},
    "reproduction": {"before": "nox -s parity --", "after": "--seed=3"},
}  # fmt: skip


def summary(folder, rows, **changes):
    writer = RecordWriter(folder)
    writer.add(rows, [])
    writer.environment({
        **ENVIRONMENT, "verdicts": {v: sum(row.verdict == v for row in rows) for v in VERDICTS}, **changes,
    })  # fmt: skip
    writer.close()
    write_report(folder)
    return (folder / "parity.md").read_text(encoding="utf-8")


def test_a_run_at_parity(tmp_path):
    text = summary(tmp_path, [PASSED, replace(PASSED, verdict="expected")])
    assert text.startswith("## Framework parity: at parity\n\n2 rows: 1 pass, 1 expected.\n")
    assert "| PyTorch | 2.13.0 |" in text
    assert "operation" not in text


def test_what_is_not_in_order_has_its_worst_row_and_command(tmp_path):
    text = summary(tmp_path, [PASSED, FAILED, replace(FAILED, error_ratio=2.0)])
    assert "## Framework parity: NOT at parity" in text
    row = "| `linear` | fail | 2 | `output:y` | `torch.nn.Linear` | `reference` | 1e-07 | 31.6\u202f\u00d7 | PyTorch |"
    assert row in text
    assert "`` at [0, 1]: a | b <img> `c` ``  \n  Likely cause: the truth times 1.5  \n" in text
    assert "`nox -s parity -- 'cases/linear.py::linear[bias=true]-float32-cpu' --seed=3`" in text


def test_a_row_without_a_cause_names_none(tmp_path):
    assert "Likely cause" not in summary(tmp_path, [PASSED, replace(FAILED, cause="")])


def test_many_root_causes_are_cut_and_counted(tmp_path):
    text = summary(tmp_path, [replace(FAILED, case=f"case{n}", cause="") for n in range(13)])
    assert text.count("| fail |") == 10
    assert "3 more root causes are in `parity.html`." in text


def test_failures_of_one_root_cause_stand_below_it(tmp_path):
    rows = [replace(FAILED, case=f"case{n}", variant=f"n={v}") for n in range(7) for v in range(2)]
    text = summary(tmp_path, rows)
    cause = "**1.** 14 rows, 7 operations: `torch.nn.Linear` in float32; the truth times 1.5\n"
    assert text.index("### Root causes") < text.index(cause) < text.index("| `case0` | fail | 2 |")
    assert text.count("| fail |") == 5
    assert "2 more operations: `case5`, `case6`." in text
    assert text.count("Likely cause") == 1


def test_the_formula_is_named_where_it_is_the_suspect(tmp_path):
    text = summary(tmp_path, [replace(FAILED, blame="formula"), replace(FAILED, case="other", blame="both")])
    assert "the formula in float32; the formula disagrees with every implementation: check it first" in text
    assert "| the formula |" in text
    assert "| both frameworks |" in text


def test_an_incomplete_run_says_so(tmp_path):
    text = summary(tmp_path, [PASSED], planned=12, items=1)
    assert "## Framework parity: at parity so far" in text
    assert "**Incomplete record.** The run stopped early: 1 of 12 planned items were run." in text
