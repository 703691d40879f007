"""What frameworks say is heard: each thing once, also what Python would not show, and nothing afterwards."""

import logging
import warnings

from parity.workers.heard import hearing, place


def test_warnings_and_logs_are_heard_once():
    with hearing() as heard:
        for _ in range(3):
            warnings.warn("old\n  name", DeprecationWarning, stacklevel=1)
        logging.getLogger("tensorflow").warning("retracing %d", 5)
        logging.getLogger("tensorflow").info("not this")
    said = list(heard.said)
    assert [(entry.category, entry.message) for entry in said] == [
        ("DeprecationWarning", "old name"),
        ("WARNING", "retracing 5"),
    ]
    assert said[0].where.startswith("workers/test_heard.py:")


def test_paths_in_a_text_do_not_tell_where_things_are_installed():
    with hearing() as heard:
        warnings.warn(
            "From /home/me/cases/rnn.py:45: old (see https://example.org/a/b), 3/4", UserWarning, stacklevel=1
        )
    assert next(iter(heard.said)).message == "From cases/rnn.py:45: old (see https://example.org/a/b), 3/4"


def test_nothing_is_left_behind():
    before, handlers = warnings.showwarning, list(logging.getLogger().handlers)
    with hearing():
        pass
    assert warnings.showwarning is before
    assert logging.getLogger().handlers == handlers


def test_a_long_text_is_cut():
    with hearing() as heard:
        warnings.warn("x" * 10_000, UserWarning, stacklevel=1)
    assert len(next(iter(heard.said)).message) < 500


def test_a_place_does_not_depend_on_where_a_library_is_installed():
    assert place("/home/me/lib/python3.11/site-packages/torch/nn/functional.py") == "torch/nn/functional.py"
    assert place("/home/me/project/cases/conv.py") == "cases/conv.py"
