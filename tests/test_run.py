"""A run over an engine: what is asked of it, what is kept, in whatever order the answers come."""

import json
import math
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from parity import Case, Tolerance, grid, normal
from parity.catalog.load import Broken
from parity.judge import Row
from parity.plan.work import AS_DECLARED, Item
from parity.record.read import read_environment, read_quick, read_rows
from parity.record.schema import SCHEMA_VERSION
from parity.run import AHEAD, Run, Totals
from parity.workers.local import Greeting, StartError
from parity.workers.protocol import Failure, Observation, Result

AGAIN = 2
"""Units of the one item of a case that is computed again in fresh processes."""

VERSIONS = {"reference": "2.4.6", "torch": "2.13.0", "tensorflow": "2.21.0"}


class MemoryEngine:
    """An engine in this process. ``answer`` gives a unit's observation; ``hold`` keeps the answers back."""

    def __init__(self, answer=None, hold=False):
        self.answer = answer or (lambda unit: good(unit))
        self.hold = hold
        self.started, self.stopped = [], 0
        self.submitted = []

    def start(self, frameworks):
        self.started.append(list(frameworks))
        return {name: Greeting({"version": VERSIONS[name], "threads": 1}, ("cpu",)) for name in frameworks}

    def submit(self, unit):
        future = Future()
        self.submitted.append((unit, future))
        if not self.hold or unit.instead != AS_DECLARED:
            self.release(len(self.submitted) - 1)
        return future

    def release(self, number):
        unit, future = self.submitted[number]
        answer = self.answer(unit)
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def stop(self):
        self.stopped += 1

    @property
    def items(self):
        """The items submitted, in order."""
        return list(dict.fromkeys(unit.item for unit, _ in self.submitted))


def good(unit, offset=0.0, **more):
    number = float(unit.item.variant.removeprefix("k=")) if unit.item.variant else 1.0
    dtype = "float64" if unit.framework == "reference" else unit.item.dtype
    given = {
        "input_digest": unit.item.variant,
        "harness_seconds": 0.5,
        "framework_seconds": 0.25,
        "peak_bytes": 100,
        **more,
    }
    return Observation({"output:y": Result(np.array([number, number + offset], dtype), dtype)}, **given)


def wrong(api, offset=0.5):
    return lambda unit: good(unit, offset if unit.api == api else 0.0)


def made(count, dtypes=("float32",)):
    """A case with ``count`` variants, and its items."""
    case = Case(
        "op",
        "A case.",
        sizes={"N": 2},
        inputs={"x": normal("N")},
        outputs={"y": "N"},
        variants=grid(k=range(count)),
        dtypes=dtypes,
    )
    case.reference(lambda np, x: x)
    case.torch("torch.f")(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)
    items = [Item("ops.py", "op", v.id, dtype, "cpu") for v in case.variants for dtype in dtypes]
    return case, items


def begin(engine, count, **options):
    case, items = made(count)
    run = Run(engine, **options)
    run.start((item, case) for item in items)
    return run, case, items


# Order and window ------------------------------------------------------------------------------------------------


def test_all_workers_are_started_once():
    engine = MemoryEngine()
    run, case, items = begin(engine, 2)
    run.greet()
    run.result(items[0], case)
    assert engine.started == [["reference", "torch", "tensorflow"]]
    assert run.greetings["torch"].environment["version"] == "2.13.0"


def test_a_worker_that_does_not_start_ends_the_run_and_leaves_the_last_record(tmp_path):
    class Broken(MemoryEngine):
        def start(self, frameworks):
            raise StartError("the torch worker cannot be started with /no/python: No such file or directory")

    last, case, items = begin(MemoryEngine(), 1, reports=tmp_path)
    last.result(items[0], case)
    last.close()
    run = Run(Broken(), reports=tmp_path)
    with pytest.raises(StartError, match="/no/python"):
        run.start([])
    run.close()
    assert len(read_rows(tmp_path)) == 3
    assert read_environment(tmp_path)["items"] == 1


def test_each_item_becomes_a_unit_for_the_formula_and_each_implementation():
    engine = MemoryEngine()
    run, case, items = begin(engine, 1, seed=5)
    run.result(items[0], case)
    assert [(u.framework, u.api, u.seed, u.timed, u.again) for u, _ in engine.submitted] == [
        ("reference", "reference", 5, False, False),
        ("torch", "torch.f", 5, True, False),
        ("tensorflow", "tf.f", 5, True, False),
        ("torch", "torch.f", 5, False, True),
        ("tensorflow", "tf.f", 5, False, True),
    ]


@pytest.mark.parametrize(
    ("dtypes", "timed"),
    [
        (("float64", "float32", "bfloat16"), {("k=0", "float32"), ("k=1", "float32"), ("k=0", "float64")}),
        (("float64", "float16"), {("k=0", "float64"), ("k=1", "float64")}),
        (("float16", "bfloat16"), {("k=0", "float16"), ("k=1", "float16")}),
    ],
)
def test_a_case_is_timed_in_float32_and_its_first_variant_in_float64_or_it_is_in_its_first_dtype(dtypes, timed):
    engine = MemoryEngine(lambda unit: Observation(failure=Failure("forward", "ValueError", "no")))
    case, items = made(2, dtypes)
    run = Run(engine)
    run.greet()
    for item in items:
        run.result(item, case)
    assert {(unit.item.variant, unit.item.dtype) for unit, _ in engine.submitted if unit.timed} == timed


def test_a_case_without_quick_timings_is_listed_with_the_reason():
    def answer(unit):
        if unit.item.case == "failing":
            return Observation(failure=Failure("forward", "ValueError", "no"))
        return good(unit, timings={"forward": [0.5]} if unit.timed else {})

    run = Run(MemoryEngine(answer))
    run.greet()
    timed, items = made(1, ("float32", "float16"))
    run.result(items[0], timed)
    run.result(items[1], timed)
    for name, dtypes, reason in (("counting", ("float32",), "it counts"), ("left", ("float32", "float16"), "")):
        case, items = made(1, dtypes)
        case.untimed = reason
        run.result(replace(items[-1], case=name), case)
    case, items = made(1)
    run.result(replace(items[0], case="failing"), case)
    assert run.environment()["quick_timings"] == {
        "cases": 1,
        "untimed": {
            "counting": "it counts",
            "left": "its quick timings are taken in float32, which the run left out",
            "failing": "not timed: ValueError: no",
        },
    }


def test_answers_that_come_in_the_opposite_order_go_to_their_items():
    def each(unit):
        number = int(unit.item.variant.removeprefix("k="))
        return good(unit, offset=0.5 if unit.api == "torch.f" and number % 2 else 0.0)

    engine = MemoryEngine(each, hold=True)

    def answer_when_all_are_there(unit, submit=engine.submit):
        future = submit(unit)
        if len(engine.submitted) == 3 * 6 + AGAIN:
            for number in reversed(range(3 * 6 + AGAIN)):
                engine.release(number)
        return future

    engine.submit = answer_when_all_are_there
    run, case, items = begin(engine, 6)
    for number, item in enumerate(items):
        judged = run.result(item, case)
        assert {row.variant for row in judged.rows} == {item.variant}
        assert {row.left for row in judged.red} == ({"torch.f"} if number % 2 else set())
        assert {name.removesuffix(", again") for name in judged.observations} == {"reference", "torch.f", "tf.f"}


def test_the_workers_are_kept_busy_but_not_flooded():
    count = 2 * AHEAD + 5
    engine = MemoryEngine()
    run, case, items = begin(engine, count)
    assert engine.submitted == []
    for done, item in enumerate(items):
        run.result(item, case)
        assert len(engine.items) == min(done + AHEAD, count)
    assert engine.items == items
    assert len(engine.submitted) == 3 * count + AGAIN


def test_items_may_be_asked_for_in_any_order():
    engine = MemoryEngine()
    run, case, items = begin(engine, 12)
    for item in reversed(items):
        assert {row.variant for row in run.result(item, case).rows} == {item.variant}
    assert len(engine.submitted) == 3 * 12 + AGAIN


def test_an_item_asked_for_long_before_its_turn_is_done_once():
    engine = MemoryEngine()
    run, case, items = begin(engine, AHEAD + 20)
    early = items[-1]
    run.result(early, case)
    for item in items[:-1]:
        run.result(item, case)
    assert [unit.item for unit, _ in engine.submitted if not unit.again].count(early) == 3
    assert len(engine.submitted) == 3 * len(items) + AGAIN


def test_an_item_that_was_not_announced_is_done():
    engine = MemoryEngine()
    run, case, items = begin(engine, 2)
    other = Item("ops.py", "op", "k=1", "float64", "cpu")
    assert {row.dtype for row in run.result(other, case).rows} == {"float64"}
    assert {row.variant for row in run.result(items[0], case).rows} == {"k=0"}


def test_an_item_can_be_done_again():
    engine = MemoryEngine()
    run, case, items = begin(engine, 2)
    first, again = run.result(items[0], case), run.result(items[0], case)
    assert first.rows == again.rows
    assert [unit.item for unit, _ in engine.submitted].count(items[0]) == 6


# What comes of an item -------------------------------------------------------------------------------------------


def test_rows_carry_the_run():
    run, case, items = begin(MemoryEngine(), 1, seed=3)
    rows = run.result(items[0], case).rows
    assert {(row.run, row.seed, row.left_version) for row in rows} == {(run.name, 3, "2.13.0"), (run.name, 3, "2.21.0")}
    assert [row.verdict for row in rows] == ["pass"] * 3


def test_the_tolerance_of_the_run_is_used():
    tolerance = Tolerance(0.0, 0.5, "--atol")
    run, case, items = begin(MemoryEngine(wrong("torch.f")), 1, tolerance=tolerance)
    judged = run.result(items[0], case)
    assert judged.red == []
    assert {row.reason for row in judged.rows} == {"--atol"}


def test_totals():
    def answer(unit):
        if unit.item.variant == "k=2" and unit.api == "tf.f":
            return Observation(failure=Failure("crash", "", "killed by SIGSEGV"))
        return good(unit, offset=1e-7 if unit.api == "torch.f" and unit.item.variant == "k=1" else 0.0)

    run, case, items = begin(MemoryEngine(answer), 3)
    run.result(items[0], case)
    assert run.totals.at_parity
    assert run.totals.worst_row is None
    run.result(items[1], case)
    assert run.totals.at_parity
    assert run.totals.worst_row.variant == "k=1"
    assert 0 < run.totals.worst_ratio < 1
    run.result(items[2], case)
    assert not run.totals.at_parity
    assert run.totals.items == 3
    assert (run.totals.verdicts["pass"], run.totals.verdicts["crash"]) == (7, 1)


def test_nothing_done_is_not_parity():
    assert not Totals().at_parity


@pytest.mark.parametrize("verdict", ["crash", "timeout", "error", "fail", "unexpected"])
def test_one_red_row_is_no_parity(verdict):
    totals = Totals()
    totals.add([Row(verdict="pass"), Row(verdict=verdict)])
    assert not totals.at_parity


def test_a_broken_declaration_is_a_row_and_no_parity(tmp_path):
    run = Run(MemoryEngine(), seed=4, reports=tmp_path)
    row = run.broken(Broken("op", "ops.py:4", "has no outputs: name at least one"))
    assert (row.case, row.verdict, row.seed) == ("op", "error", 4)
    assert row.reason == "ops.py:4: has no outputs: name at least one"
    assert not run.totals.at_parity
    run.close()
    assert list(read_rows(tmp_path).reason) == [row.reason]


def test_what_environments_cost():
    run, case, items = begin(MemoryEngine(lambda unit: good(unit, peak_bytes=100 + len(unit.item.variant))), 11)
    for item in items:
        run.result(item, case)
    for name in VERSIONS:
        cost = run.costs[name]
        count = 11 if name == "reference" else 12  # One item is computed again.
        assert (cost.units, cost.harness_seconds) == (count, 0.5 * count)
        assert (cost.framework_seconds, cost.peak_bytes) == (0.25 * count, 104)


# The record ------------------------------------------------------------------------------------------------------


def test_timings_are_kept(tmp_path):
    seconds = {"forward": [0.5, 4.0, 0.25], "forward+backward": [3.0, 2.0]}
    answer = lambda unit: good(unit, timings=seconds if unit.api == "torch.f" else {})  # noqa: E731
    run, case, items = begin(MemoryEngine(answer), 1, reports=tmp_path)
    judged = run.result(items[0], case)
    run.close()
    table = read_quick(tmp_path)
    assert list(table.measure) == ["forward", "forward+backward"]
    assert set(zip(table.implementation, table.framework, table.version, strict=True)) == {
        ("torch.f", "torch", "2.13.0")
    }
    assert list(table.rounds) == [3, 2]
    assert list(table.min_seconds) == [0.25, 2.0]
    assert list(table.median_seconds) == [0.5, 2.5]
    assert list(table.max_seconds) == [4.0, 3.0]
    assert [row.measure for row in judged.timings] == list(table.measure)


def test_what_is_to_be_said_of_a_timing_is_kept(tmp_path):
    def answer(unit):
        if unit.api == "tf.f":
            return Observation(failure=Failure("forward", "ValueError", "no"))
        notes = {"forward": "recorded", "forward+backward": "not timed: called again, it raises"}
        return good(unit, timings={"forward": [0.5]}, timing_notes=notes)

    run, case, items = begin(MemoryEngine(answer), 1, reports=tmp_path)
    judged = run.result(items[0], case)
    run.close()
    assert {row.verdict for row in judged.rows if row.left == "torch.f" and row.right == "reference"} == {"pass"}
    table = read_quick(tmp_path)
    assert list(table.measure) == ["forward", "forward+backward", ""]
    assert list(table.note) == ["recorded", "not timed: called again, it raises", "not timed: ValueError: no"]
    assert list(table.rounds) == [1, 0, 0]
    assert list(table.median_seconds.isna()) == [False, True, True]


def test_the_record_of_a_whole_run(tmp_path):
    run, case, items = begin(MemoryEngine(wrong("tf.f")), 3, seed=9, reports=tmp_path)
    rows = [row for item in items for row in run.result(item, case).rows]
    run.close()
    table = read_rows(tmp_path)
    assert list(table.verdict) == [row.verdict for row in rows] == ["pass", "fail", "fail"] * 3
    assert list(table.variant.unique()) == ["k=0", "k=1", "k=2"]
    content = read_environment(tmp_path)
    assert content["run"] == run.name == table.run[0]
    assert (content["seed"], content["items"], content["tolerance"]) == (9, 3, None)
    assert (content["verdicts"]["pass"], content["verdicts"]["fail"]) == (3, 6)
    assert content["environments"]["tensorflow"] == {"version": "2.21.0", "threads": 1, "devices": ["cpu"]}
    assert content["costs"]["torch"]["units"] == 4
    assert content["schema"] == SCHEMA_VERSION


def test_an_interrupted_run_keeps_what_was_done(tmp_path):
    answer = lambda unit: KeyboardInterrupt() if unit.item.variant == "k=2" else good(unit)  # noqa: E731
    engine = MemoryEngine(answer)
    run, case, items = begin(engine, 5, reports=tmp_path)
    run.result(items[0], case)
    run.result(items[1], case)
    with pytest.raises(KeyboardInterrupt):
        run.result(items[2], case)
    assert list(read_rows(tmp_path).variant.unique()) == ["k=0", "k=1"]
    assert json.loads((tmp_path / "environment.json").read_text())["run"] == run.name
    run.close()
    assert engine.stopped == 1
    assert list(read_rows(tmp_path).variant.unique()) == ["k=0", "k=1"]
    assert read_environment(tmp_path)["items"] == 2


def test_a_run_without_truth_is_kept(tmp_path):
    def answer(unit):
        failed = Observation(failure=Failure("forward", "ValueError", "no", "ops.py:3"))
        return failed if unit.framework == "reference" else good(unit)

    run, case, items = begin(MemoryEngine(answer), 1, reports=tmp_path)
    run.result(items[0], case)
    run.close()
    table = read_rows(tmp_path)
    assert list(table.verdict) == ["error", "not-run", "not-run"]
    assert all(math.isnan(ratio) for ratio in table.error_ratio)
    assert not run.totals.at_parity


def test_closing_ends_the_workers_also_when_nothing_was_started():
    engine = MemoryEngine()
    Run(engine).close()
    assert engine.stopped == 1
    assert engine.started == []


def test_a_new_run_replaces_the_record(tmp_path):
    run, case, items = begin(MemoryEngine(), 1, reports=tmp_path)
    run.result(items[0], case)
    run.close()
    run = Run(MemoryEngine(), tolerance=Tolerance(0.5, 0.25, "given"), reports=tmp_path)
    run.start([])
    run.close()
    assert len(read_rows(tmp_path)) == 0
    assert read_environment(tmp_path)["tolerance"] == {"rtol": 0.5, "atol": 0.25}


def test_a_run_without_record_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, case, items = begin(MemoryEngine(), 1)
    run.result(items[0], case)
    run.close()
    assert list(tmp_path.iterdir()) == []
