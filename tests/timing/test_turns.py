"""Real workers that are timed in turns: what is measured, and what comes of functions that cannot be timed."""

import textwrap
import time

import pytest

from parity.plan.work import Item, Unit
from parity.timing.estimate import Estimate
from parity.timing.turns import Participant, Precision, Turns
from parity.workers.local import StartError
from parity.workers.timing import BOTH, FORWARD

pytestmark = pytest.mark.alone

CASES = """
import os, threading, time
from parity import Case, normal

case = Case(
    "case",
    "y = x + 1.",
    sizes=dict(N=3, M=4),
    inputs=dict(x=normal("N M")),
    outputs=dict(y="N M"),
)


@case.reference
def _(np, x):
    return x + 1


@case.torch("plain")
def _(torch, x):
    return x + 1


@case.torch("slow")
def _(torch, x):
    time.sleep(0.002)
    return x + 1


@case.torch("spinning")
def _(torch, x):
    end = time.perf_counter() + 0.002
    while time.perf_counter() < end:
        pass
    return x + 1


@case.torch("raising")
def _(torch, x):
    raise ValueError("no such thing")


calls = []


@case.torch("raising later")
def _(torch, x):
    calls.append(None)
    if len(calls) > 8:
        raise ValueError("enough")
    return x + 1


@case.torch("hanging")
def _(torch, x):
    time.sleep(3600)


@case.torch("crashing")
def _(torch, x):
    os.abort()


@case.torch("asynchronous")
def _(torch, x):
    large = torch.ones(3000, 3000)
    threading.Thread(target=torch.matmul, args=(large, large)).start()  # It needs no interpreter lock.
    return x + 1


@case.torch("doubling")
def _(torch, x):
    return torch.matmul(torch.ones(256, 256), torch.ones(256, 256))[:3, :4] + x


@case.tensorflow("tf.add")
def _(tf, x):
    return x + 1
"""


@pytest.fixture(scope="module")
def timed(tmp_path_factory, pythons):
    """``timed(*apis)``: the series of PyTorch's implementations by api and measure, from two sets of processes."""
    path = tmp_path_factory.mktemp("cases") / "declared.py"
    path.write_text(textwrap.dedent(CASES))
    turns = Turns({"torch": ("torch", pythons["torch"])}, processes=2, precision=Precision(0.05, 0.1, 0.5), timeout=5.0)
    turns.start()

    def time_them(*apis):
        item = Item(str(path), "case", "", "float32", "cpu")
        found = turns.time([Participant("torch", Unit(item, "torch", api, 0)) for api in apis])
        return {(participant.unit.api, measure): series for (participant, measure), series in found.items()}

    yield time_them
    turns.stop()


def test_both_measures_are_timed_in_every_set(timed):
    found = timed("plain")
    assert set(found) == {("plain", FORWARD), ("plain", BOTH)}
    for series in found.values():
        assert not series.problem
        assert [len(blocks) >= 2 for blocks in series.blocks] == [True, True]
        assert len(series.first) == 2
        assert all(1e-7 < block < 0.1 for blocks in series.counted for block in blocks)
    forward = found["plain", FORWARD]
    assert (forward.elements, forward.moved) == (12, 2 * 12 * 4)


def test_the_first_call_is_not_a_block(timed):
    series = timed("plain")["plain", BOTH]
    assert min(series.first) > min(min(blocks) for blocks in series.counted)


@pytest.mark.parametrize(
    ("api", "problem"),
    [
        ("raising", "ValueError: no such thing (at "),
        ("raising later", "ValueError: enough"),
        ("hanging", "no answer within 5 s"),
        ("crashing", "killed by SIGABRT"),
    ],
)
def test_what_fails_is_said_and_the_others_are_timed_all_the_same(timed, api, problem):
    found = timed("plain", api)
    assert problem in " ".join(series.problem for (name, _), series in found.items() if name == api)
    for measure in (FORWARD, BOTH):
        assert not found["plain", measure].problem
        assert all(any(block is not None for block in blocks) for blocks in found["plain", measure].taken)


def test_waiting_without_a_processor_is_disturbance_not_time(timed):
    waiting = timed("slow")["slow", FORWARD]
    assert not any(waiting.counted)
    assert waiting.disturbed


def test_who_waits_where_others_compute_is_timed_as_it_is(timed):
    found = timed("plain", "slow")
    assert all(found["slow", FORWARD].counted)
    assert min(min(blocks) for blocks in found["slow", FORWARD].counted) > 0.0019


def test_a_block_takes_as_long_as_the_work(timed):
    assert min(min(blocks) for blocks in timed("spinning")["spinning", FORWARD].counted) > 0.0019


def test_a_block_holds_many_short_calls(timed):
    series = timed("plain")["plain", FORWARD]
    assert min(min(blocks) for blocks in series.counted) < 1e-4


def test_the_peak_of_the_machine_is_measured(timed, pythons):
    turns = Turns({"torch": ("torch", pythons["torch"])}, processes=1)
    turns.start()
    try:
        peak = turns.peak("torch", "cpu", "float32")
    finally:
        turns.stop()
    assert 1e8 < peak["flops"] < 1e14
    assert 1e8 < peak["bytes"] < 1e13


def test_an_interpreter_without_the_framework_is_no_side(bare_python):
    turns = Turns({"torch": ("torch", bare_python)}, processes=2)
    with pytest.raises(StartError, match="torch"):
        turns.start()


def test_stopping_leaves_no_worker(pythons):
    turns = Turns({"torch": ("torch", pythons["torch"])}, processes=1)
    turns.start()
    began = time.monotonic()
    turns.stop()
    assert time.monotonic() - began < 10


def test_work_that_goes_on_after_the_call_has_returned_is_not_believed(timed):
    found = timed("asynchronous")
    assert "the work goes on after the call has returned" in found["asynchronous", FORWARD].problem


@pytest.mark.parametrize(
    ("value", "half", "reached"),
    [
        (1.0, 0.03, True),
        (1.0, 0.05, False),
        (1.2, 0.05, False),
        (3.0, 0.05, True),
        (0.3, 0.09, True),
        (3.0, 0.2, False),
    ],
)
def test_a_ratio_far_from_1_needs_a_wider_interval_only(value, half, reached):
    assert Precision().reached(Estimate(value, value / (1 + half), value * (1 + half))) == reached


def test_no_ratio_is_not_precise():
    assert not Precision().reached(None)
