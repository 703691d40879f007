"""pytest-benchmark on the timings of a run: what it saves, compares and draws, and the options that switch it off.

``nox -s benchmarks-compat`` runs this file with the oldest and the newest pytest-benchmark and pytest.
"""

import csv
import importlib.util
import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.alone

DOUBLE = """
from parity import Case, normal

double = Case(
    "double", "y = 2 x.", sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")), outputs=dict(y="N M"),
    dtypes=["float32"],
)

@double.reference
def _(np, x):
    return 2 * x

@double.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 2)

@double.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 2)
"""
OWN = """
def test_own(benchmark):
    benchmark(sum, range(10))
"""
APIS, MEASURES = ("torch.mul", "tf.multiply"), ("forward", "forward+backward")


@pytest.fixture(scope="module")
def first(folder_of, run_in, interpreters):
    """A run whose benchmarks are saved, beside a benchmark of the user's own."""
    folder = folder_of({"cases/double.py": DOUBLE, "test_own.py": OWN})
    return run_in(folder, "cases", "test_own.py", "--reports=reports", "--benchmark-save=first", *interpreters)


@pytest.fixture(scope="module")
def second(first, run_in, interpreters):
    """A run that is compared with the first, and may not be a thousand million times slower."""
    drawn = ["--benchmark-histogram=plots/plot"] if importlib.util.find_spec("pygal") else []
    return run_in(
        first.folder, "cases", "--benchmark-compare", "--benchmark-compare-fail=min:99999999999%",
        "--benchmark-columns=median,rounds", "--benchmark-group-by=param:measure", "--benchmark-sort=name",
        *drawn, *interpreters,
    )  # fmt: skip


def saved(folder):
    (path,) = (folder / ".benchmarks").glob("*/0001_first.json")
    return path


def test_the_json_holds_the_quick_timings(first):
    assert first.code == 0, first.all
    with (first.folder / "reports" / "quick_timings.csv").open(newline="") as stream:
        quick = {(row["implementation"], row["measure"]): row for row in csv.DictReader(stream)}
    assert set(quick) == {(api, measure) for api in APIS for measure in MEASURES}
    benchmarks = {
        b["fullname"]: b for b in json.loads((first.folder / "reports" / "benchmarks.json").read_text())["benchmarks"]
    }
    assert len(benchmarks) == len(quick) + 1
    for (api, measure), row in quick.items():
        benchmark = benchmarks[f"cases/double.py::double-float32-cpu::{api}::{measure}"]
        stats = benchmark["stats"]
        assert stats["rounds"] == len(stats["data"]) == int(row["rounds"])
        assert stats["iterations"] == 1
        for name in ("min", "median", "max"):
            assert stats[name] == pytest.approx(float(row[f"{name}_seconds"]), rel=1e-5)
        assert benchmark["name"] == f"double-float32-cpu {api} {measure}"
        assert benchmark["group"] == f"double-float32-cpu {measure}"
        assert benchmark["param"] == api
        assert benchmark["params"] == {"implementation": api, "measure": measure}


def test_the_table_has_the_users_own_benchmarks_only(first):
    assert "test_own" in first.out[first.out.index("benchmark: 1 tests") :]
    assert "double-float32-cpu torch.mul" not in first.out


def test_the_table_is_shown_when_an_option_asks_for_it(second):
    assert second.code == 0, second.all
    for measure in MEASURES:
        table = second.out[second.out.index(f"benchmark 'measure={measure}'") :].split("benchmark '")[1]
        assert "Median" in table
        assert "Min" not in table
        named = [line.split()[1] for line in table.splitlines() if line.startswith("double-float32-cpu")]
        assert named == sorted(named)
        assert set(named) == set(APIS)


def test_a_run_is_compared_with_a_saved_one(second):
    for api in APIS:
        for measure in MEASURES:
            assert f"double-float32-cpu {api} {measure} (NOW)" in second.out
            assert f"double-float32-cpu {api} {measure} (0001_first)" in second.out


def test_a_run_that_became_slower_fails(first, run_in, interpreters):
    content = json.loads(saved(first.folder).read_text())
    for benchmark in content["benchmarks"]:
        benchmark["stats"]["min"] /= 1e6
    faster = saved(first.folder).with_name("0000_faster.json")
    faster.write_text(json.dumps(content))
    slower = run_in(
        first.folder, "cases", "--benchmark-compare=0000", "--benchmark-compare-fail=min:50%", *interpreters
    )
    faster.unlink()
    assert slower.code != 0
    assert "Performance has regressed" in slower.all
    assert "double-float32-cpu torch.mul forward" in slower.all


def test_the_command_of_pytest_benchmark_compares_what_was_saved(first):
    command = [sys.executable, "-m", "pytest_benchmark", "compare", saved(first.folder), "--group-by=group,param"]
    done = subprocess.run(command, cwd=first.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for api in APIS:
        for measure in MEASURES:
            assert f"double-float32-cpu {measure} {api}" in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("pygal") is None, reason="pygal draws histograms and is not installed")
def test_histograms_are_drawn(second):
    for measure in MEASURES:
        (plot,) = (second.folder / "plots").glob(f"plot-*{measure.replace('+', '*')}.svg")
        assert "torch.mul" in plot.read_text()


def test_a_histogram_without_pygal_is_refused_before_anything_runs(folder_of, run_in, interpreters):
    folder = folder_of({"cases/double.py": DOUBLE, "block.py": "import sys\nsys.modules['pygal'] = None\n"})
    done = run_in(folder, "-p", "block", "cases", "--benchmark-histogram", *interpreters)
    assert done.code == 4
    assert "--benchmark-histogram needs pygal: python -m pip install 'pytest-benchmark[histogram]'" in done.err
    assert "collected" not in done.out


@pytest.mark.parametrize("option", ["--benchmark-disable", "--benchmark-skip"])
def test_benchmarks_can_be_left_out_and_results_are_compared_all_the_same(first, run_in, interpreters, option):
    old = first.folder / "other" / "benchmarks.json"
    old.parent.mkdir(exist_ok=True)
    old.write_text("{}")
    done = run_in(first.folder, "cases", "--reports=other", option, *interpreters)
    assert done.code == 0, done.all
    assert "1 passed" in done.out
    assert not old.exists(), "that of an earlier run would be taken for this one's"
    assert (first.folder / "other" / "quick_timings.csv").read_text().count("\n") == 5


def test_only_benchmarks_are_run_and_items_are_among_them(first, run_in, interpreters):
    (first.folder / "test_other.py").write_text("def test_other():\n    pass\n")
    done = run_in(first.folder, "cases", "test_other.py", "--benchmark-only", *interpreters)
    assert done.code == 0, done.all
    assert "1 passed, 1 skipped" in done.out
    assert "double-float32-cpu torch.mul forward" in done.out


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_distributed_items_are_compared_and_have_no_benchmarks(first, run_in, interpreters):
    done = run_in(first.folder, "cases", "-n1", *interpreters)
    assert done.code == 0, done.all
    assert "1 passed" in done.out
    assert "Benchmarks are automatically disabled because xdist plugin is active" in done.all
