"""A timing run in a stranger's repository: what is timed, what is written, and what fails."""

import csv
import json

import pytest

from parity.record.read import read_timings
from parity.record.schema import TIMING_COLUMNS

pytestmark = pytest.mark.alone

TIMED = """
import os
from parity import Case, grid, normal

double = Case(
    "double", "y = 2 x.", sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")), outputs=dict(y="N M"),
    variants=grid(by=[2, 3]),
)
double.timed({"large": dict(N=300, M=400)}, multiply_adds=lambda: 1)

@double.reference
def _(np, x, *, by):
    return by * x

@double.torch("torch.mul")
def _(torch, x, *, by):
    return torch.mul(x, by)

@double.torch("torch.Tensor *")
def _(torch, x, *, by):
    return x * by

@double.torch.layer("torch.nn.Identity", weights={})
def _(torch, *, by):
    layer = torch.nn.Identity()
    return layer, lambda x: layer(x) * by

@double.tensorflow("tf.multiply")
def _(tf, x, *, by):
    return tf.multiply(x, by)

broken = Case("broken", "y = x.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"))
broken.timed({"large": dict(N=300)})

@broken.reference
def _(np, x):
    return 1 * x

@broken.torch("torch.clone")
def _(torch, x):
    raise ValueError("this cannot be timed, <b>&</b>")

@broken.tensorflow("tf.identity")
def _(tf, x):
    return tf.identity(x)

untimed = Case("untimed", "y = x.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"))

@untimed.reference
def _(np, x):
    return 1 * x

@untimed.torch("torch.clone")
def _(torch, x):
    return torch.clone(x)

@untimed.tensorflow("tf.identity")
def _(tf, x):
    return tf.identity(x)
"""


@pytest.fixture(scope="module")
def timed(folder_of, run_in, interpreters):
    folder = folder_of({"cases/timed.py": TIMED})
    return run_in(folder, "cases", "--timings", "--processes=2", "--reports=reports", *interpreters)


@pytest.fixture(scope="module")
def rows(timed):
    return read_timings(timed.folder / "reports")


def test_small_and_realistic_sizes_of_the_timed_cases_are_the_items(folder_of, run_in):
    folder = folder_of({"cases/timed.py": TIMED})
    listed = run_in(folder, "cases", "--timings", "--collect-only", "-q").ids
    assert [name.partition("::")[2] for name in listed] == [
        "double[by=2]-float32-cpu", "double[large]-float32-cpu", "broken-float32-cpu", "broken[large]-float32-cpu",
    ]  # fmt: skip


def test_results_in_realistic_sizes_are_compared_with_an_option(folder_of, run_in, interpreters):
    """A function that is wrong for 300 rows and more, which no declared variant has."""
    wrong = TIMED.replace("return x * by\n", "return x * by if len(x) < 300 else x * by * 1.001\n")
    folder = folder_of({"cases/timed.py": wrong})
    made = run_in(folder, "cases", "--realistic", "-k", "double", "--reports=reports", *interpreters)
    assert made.code == 1
    assert list(made.junit()) == ["double[large]-float32-cpu"]
    assert {row["left"] for row in made.rows() if row["verdict"] == "fail"} == {"torch.Tensor *"}
    assert "--realistic" in made.out[made.out.index("reproduce:") :].partition("\n")[0]
    both = run_in(folder, "cases", "--realistic", "--timings", *interpreters)
    assert both.code == 4
    assert "run them one by one" in both.all


def test_what_could_not_be_timed_fails_and_says_why(timed):
    assert timed.code == 1
    assert "2 failed, 2 passed" in timed.out
    assert "broken, small, torch.clone: ValueError: this cannot be timed" in timed.out


def test_the_summary_says_what_was_timed_and_how(timed):
    last = timed.out[timed.out.index("= timings =") :]
    assert "timed: 4 items" in last
    for words in (
        "2 without a figure",
        "2 processes of each framework, 1 thread each",
        "GFLOP/s",
        "reports/timings.html",
    ):
        assert words in last


def test_every_measure_has_a_row_with_an_interval(rows):
    double = rows[rows["case"] == "double"]
    assert tuple(rows.columns) == TIMING_COLUMNS
    small, large = (set(double[double["size"] == size]["implementation"]) for size in ("small", "large"))
    assert small == {"torch.mul", "torch.nn.Identity", "tf.multiply"}
    assert large == {"torch.mul", "tf.multiply"}
    assert set(double["measure"]) == {"forward", "forward+backward"}
    assert ((double["low"] < double["seconds"]) & (double["seconds"] < double["high"])).all()
    assert (double["first_seconds"] > 0).all()
    assert set(double["processes"]) <= {2, 4}, "small differences were repeated in as many fresh processes"


def test_ratios_are_against_the_first_of_pytorch(rows):
    double = rows[rows["case"] == "double"]
    first = double["implementation"] == "torch.mul"
    assert double[first]["ratio"].isna().all()
    others = double[~first]
    assert (others["against"] == "torch.mul").all()
    assert ((others["ratio_low"] < others["ratio"]) & (others["ratio"] < others["ratio_high"])).all()
    assert set(others["difference"]) <= {"slower", "faster", "no difference"}


def test_work_is_counted_for_forward_only(rows):
    large = rows[(rows["case"] == "double") & (rows["size"] == "large")]
    forward = large[large["measure"] == "forward"]
    moved, done = (forward[name] * 1e9 * forward["seconds"] for name in ("gbytes", "gflops"))
    assert moved.tolist() == pytest.approx([2 * 4 * 300 * 400] * len(forward), rel=1e-4)
    assert done.tolist() == pytest.approx([2 * 300 * 400] * len(forward), rel=1e-4)
    assert large[large["measure"] != "forward"]["gflops"].isna().all()


def test_a_failure_has_a_row_without_figures_and_the_other_framework_has_figures(rows):
    broken = rows[rows["case"] == "broken"]
    torch, tensorflow = (broken[broken["framework"] == name] for name in ("torch", "tensorflow"))
    assert torch["problem"].str.startswith("ValueError: this cannot be timed").all()
    assert torch["seconds"].isna().all()
    assert (tensorflow["problem"] == "").all()
    assert tensorflow["seconds"].notna().all()


def test_the_page_holds_the_rows_and_is_escaped(timed, rows):
    page = (timed.folder / "reports" / "timings.html").read_text()
    assert page.count('<th scope="row" class="name">') == (rows["problem"] == "").sum()
    assert "this cannot be timed, &lt;b&gt;&amp;&lt;/b&gt;" in page
    assert "<b>&</b>" not in page
    assert page.count("<svg") == 2
    assert "style=" not in page.replace('name="style', "")


def test_the_blocks_are_in_the_json_of_pytest_benchmark_by_groups(timed):
    benchmarks = timed.json("timings-benchmarks.json")["benchmarks"]
    groups = {}
    for benchmark in benchmarks:
        groups.setdefault(benchmark["group"], set()).add(benchmark["param"])
    assert groups["double[by=2]-float32-cpu forward"] == {"torch.mul", "torch.nn.Identity", "tf.multiply"}
    assert all(benchmark["stats"]["rounds"] >= 4 for benchmark in benchmarks)


def test_the_environment_tells_of_the_machine(timed):
    environment = timed.json("timings.json")
    assert environment["machine"]["cores"] >= 1
    assert environment["machine"]["processor"]
    assert (environment["threads"], environment["processes"]) == (1, 2)
    assert environment["peaks"][0]["gflops"] > 0
    assert set(environment["environments"]) == {"torch", "tensorflow"}


def test_the_record_of_a_parity_run_beside_it_is_left_alone(timed, run_in, interpreters):
    before = (timed.folder / "reports" / "timings.csv").read_text()
    done = run_in(timed.folder, "cases", "--reports=reports", "-k", "untimed and float32", *interpreters)
    assert done.code == 0, done.all
    assert (timed.folder / "reports" / "timings.csv").read_text() == before
    with (timed.folder / "reports" / "quick_timings.csv").open(newline="") as stream:
        assert {row["case"] for row in csv.DictReader(stream)} == {"untimed"}
    assert json.loads((timed.folder / "reports" / "environment.json").read_text())["items"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--timings", "--processes=1"], "--processes must be at least 2"),
        (["--threads=0"], "--threads 0: give 1 to"),
        (["--threads=4096"], "--threads 4096: give 1 to"),
    ],
)
def test_settings_that_cannot_give_a_figure_are_refused(folder_of, run_in, options, message):
    done = run_in(folder_of({"cases/timed.py": TIMED}), "cases", *options)
    assert done.code == 4
    assert message in done.err


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ('double.timed({"large one": dict(N=3)})', "times the size 'large one': use letters, digits and hyphens"),
        ("double.timed({})", "is timed in no realistic size"),
        ('double.timed({"large": dict(N=-3)})', "axis N has size -3"),
        ('double.timed({"large": dict(N=30)}, multiply_adds=lambda K: K)', "multiply_adds asks for 'K'"),
        ('double.timed({"a": dict(N=30)})\ndouble.timed({"b": dict(N=30)})', "is timed twice"),
    ],
)
def test_a_mistake_in_what_is_timed_is_told(folder_of, run_in, declared, message):
    text = TIMED.partition("broken = ")[0].replace(
        'double.timed({"large": dict(N=300, M=400)}, multiply_adds=lambda: 1)', declared
    )
    done = run_in(folder_of({"cases/timed.py": text}), "cases", "--timings", "--collect-only", "-q")
    assert "double[declaration]" in done.out
    shown = run_in(folder_of({"cases/timed.py": text}), "cases", "--timings", "-k", "declaration")
    assert message in shown.out
