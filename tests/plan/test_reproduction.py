"""The command that runs an item again."""

import shlex

from parity.plan.reproduction import Reproduction

ITEM = "cases/conv.py::conv2d[stride=2-padding=same]-float32-cpu"


def test_the_item_stands_between_the_program_and_the_options():
    command = Reproduction("nox -s parity --", "--seed=3").command(ITEM, "eager")
    assert command == f"nox -s parity -- '{ITEM}' --seed=3"


def test_another_mode_is_named():
    assert Reproduction().command("cases/a.py::a-float32-cpu-graph", "graph") == (
        "python -m pytest cases/a.py::a-float32-cpu-graph --mode=graph"
    )


def test_a_hostile_name_is_one_word():
    hostile = "cases/a.py::$(rm -rf ~)'; true"
    assert shlex.split(Reproduction("pytest").command(hostile, "")) == ["pytest", hostile]
