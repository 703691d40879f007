"""A run at parity in a stranger's repository: exit code 0, all reports, and no framework in the pytest process."""

import json
import subprocess
import sys

import pytest

from parity.catalog.frameworks import FRAMEWORKS
from parity.judge.row import COLUMNS
from parity.record.schema import QUICK_COLUMNS

REPORTS = {
    "parity.csv", "quick_timings.csv", "results.csv", "warnings.csv", "environment.json", "parity.junit.xml",
    "catalogue.jsonl", "asked.jsonl", "parity.md",
    "parity.html", "benchmarks.json",
}  # fmt: skip

TIMED = 4 + 1 + 1 + 1
"""Items with quick timings: all variants of both cases in float32, and their first ones in float64."""


@pytest.fixture(scope="module")
def green(stranger, run_in, interpreters):
    return run_in(stranger, "cases", "elsewhere", "--reports=reports", "--seed=3", *interpreters)


def test_it_passes_with_the_ordinary_tests_beside_it(green):
    assert green.code == 0, green.all
    assert "14 passed" in green.out


def test_the_summary_says_what_ran_where_and_how(green):
    last = green.out[green.out.index("= parity =") :]
    assert "at parity: 12 items" in last
    assert "NOT at parity" not in last
    for words in (
        "PyTorch ",
        "TensorFlow ",
        "with Keras 3.",
        "NumPy ",
        "seed 3",
        "cpu",
        "kernels on the CPU: PyTorch ",
        "quick timings: 2 of 2 cases",
        "reports/parity.html",
    ):
        assert words in last


def test_every_report_is_written(green):
    assert {path.name for path in (green.folder / "reports").iterdir()} == REPORTS
    assert all(path.stat().st_size > 70 for path in (green.folder / "reports").iterdir())


def test_every_quantity_of_every_item_has_its_rows(green):
    rows = green.rows()
    assert tuple(rows[0]) == COLUMNS
    assert {row["verdict"] for row in rows} == {"pass"}
    assert {row["seed"] for row in rows} == {"3"}
    assert {row["device"] for row in rows} == {"cpu"}
    found = {(row["quantity"], row["left"], row["right"]) for row in green.rows(case="conv2d", dtype="float64")}
    torch, tensorflow = "torch.nn.functional.conv2d", "tf.nn.conv2d"
    pairs = [(torch, "reference"), (tensorflow, "reference"), (torch, tensorflow)]
    quantities = ("output:y", "grad:x", "grad:kernel", "grad:bias")
    assert found == {(quantity, *pair) for quantity in quantities for pair in pairs}
    assert len(rows) == 8 * len(found) + 4 * 2 * len(pairs)
    assert all(float(row["error_ratio"]) <= 1 for row in rows)
    assert all(row["left_version"] and row["right_version"] and row["input_digest"] for row in rows)


def test_timings_are_there_for_each_implementation_and_measure(green):
    lines = (green.folder / "reports" / "quick_timings.csv").read_text().splitlines()
    assert tuple(lines[0].split(",")) == QUICK_COLUMNS
    assert len(lines) - 1 == TIMED * 2 * 2
    assert "forward+backward" in lines[-1]
    assert green.json("environment.json")["quick_timings"] == {"cases": 2, "untimed": {}}


def test_the_environment_names_versions_devices_and_counts(green):
    environment = green.json("environment.json")
    assert set(environment["environments"]) == {"reference", *FRAMEWORKS}
    for described in environment["environments"].values():
        assert described["version"]
        assert described["devices"] == ["cpu"]
    assert environment["items"] == 12
    assert environment["verdicts"]["pass"] == len(green.rows())
    assert environment["seed"] == 3


def test_memory_stays_within_what_was_promised(green):
    environment = green.json("environment.json")
    assert 0 <= environment["peak_bytes"] < 300e6
    assert all(cost["peak_bytes"] < 1e9 for cost in environment["costs"].values())


def test_junit_has_a_case_for_each_item(green):
    junit = green.junit()
    assert len(junit) == 13  # the two ordinary tests share their name
    assert junit["conv2d[stride=2-padding=same]-float32-cpu"] == set()
    assert not any(junit.values())


def test_the_html_report_opens_offline(green):
    text = (green.folder / "reports" / "parity.html").read_text()
    assert "conv2d" in text
    assert 'src="http' not in text
    assert 'href="http://' not in text
    assert '<link rel="stylesheet"' not in text


def test_the_pytest_process_imports_no_framework(green):
    modules = json.loads((green.folder / "modules.json").read_text())
    assert "parity.face.plugin" in modules
    assert "parity.workers.local" in modules
    tops = {name.partition(".")[0] for name in modules}
    assert not {"torch", "tensorflow", "keras", "jax"} & tops
    assert not {"parity.workers.torch", "parity.workers.tensorflow"} & set(modules)


def test_what_pytest_benchmark_saved_can_be_compared(green):
    saved = green.folder / "reports" / "benchmarks.json"
    benchmarks = json.loads(saved.read_text())["benchmarks"]
    names = {entry["fullname"] for entry in benchmarks}
    assert len(names) == len(benchmarks) == TIMED * 2 * 2
    item = "cases/convolution.py::conv2d[stride=2-padding=same]-float32-cpu"
    assert f"{item}::tf.nn.conv2d::forward+backward" in names
    assert all(entry["stats"]["min"] > 0 and entry["stats"]["rounds"] >= 1 for entry in benchmarks)
    compared = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", str(saved), "--group-by=group"],
        cwd=green.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert compared.returncode == 0, compared.stderr
    assert "tf.nn.conv2d forward+backward" in compared.stdout
    assert "torch.nn.functional.conv2d forward+backward" in compared.stdout


def test_one_item_runs_without_pytest_benchmark_and_with_own_files(stranger, run_in, interpreters):
    item = "cases/convolution.py::conv2d[stride=2-padding=same]-float32-cpu"
    outcome = run_in(
        stranger, item, "-q", "-p", "no:benchmark", "--junitxml=own.xml", "--reports=other/reports", *interpreters
    )
    assert outcome.code == 0, outcome.all
    assert "1 passed" in outcome.out
    assert list(outcome.junit("own.xml")) == ["conv2d[stride=2-padding=same]-float32-cpu"]
    written = {path.name for path in (stranger / "other" / "reports").iterdir()}
    assert written == REPORTS - {"parity.junit.xml", "benchmarks.json"}
