"""Every class of change, from a recorded pair of real workers (``record.py``), one of which had functions exchanged."""

from dataclasses import replace

import pytest

from parity.catalog.frameworks import REFERENCE
from parity.gate.classes import CLASSES, FASTER, GONE, NEW, NEW_RED, SLOWER, UNCHANGED
from parity.gate.compare import compare
from parity.gate.snapshot import Entry

TORCH = {
    "kept": ("torch.relu", "unchanged", "unchanged"),
    "drifting": ("torch.exp", "drifted", "drifted"),
    "drifting_elsewhere": ("torch.log1p", "unchanged", "unchanged"),
    "breaking": ("torch.tanh", "broke parity", "broke parity"),
    "mending": ("torch.sin", "restored parity", "restored parity"),
    "mending_as_declared": ("torch.cos", "restored parity", "restored parity"),
    "reshaping": ("torch.sinh", "changed shape or dtype", "broke parity"),
    "retyping": ("torch.cosh", "changed shape or dtype", "unchanged"),
    "raising": ("torch.atan", "now raises", "now raises"),
    "crashing": ("torch.asinh", "now raises", "now raises"),
    "raising_no_more": ("torch.sqrt", "no longer raises", "no longer raises"),
    "raising_otherwise": ("torch.log", "raises differently", "raises differently"),
    "vanishing": ("torch.square", "removed", "removed"),
    "warning": ("torch.abs", "unchanged", "unchanged", "new warning"),
    "unsteady": ("torch.sigmoid", "new nondeterminism", "new nondeterminism"),
    "worse": ("torch.expm1", "further from the truth", "further from the truth"),
    "worse_as_declared": ("torch.rsqrt", "further from the truth", "further from the truth"),
    "wrong_as_declared_now": ("torch.reciprocal", "broke parity", "broke parity"),
    "wrong_otherwise_now": ("torch.round", "broke parity", "unchanged"),
    "wrong_then_as_declared": ("torch.neg", "drifted", "drifted"),
    "silent": ("torch.negative", "further from the truth", "further from the truth"),
    "wrong_instead_of_raising": ("torch.tan", "wrong instead of raising", "wrong instead of raising"),
    "wrong_from_the_first": ("torch.acosh", "wrong instead of raising", "wrong instead of raising"),
    "right_from_the_first": ("torch.positive", "no longer raises", "no longer raises"),
    "mending_the_shape": ("torch.ceil", "restored parity", "unchanged"),
    "steadied": ("torch.sign", "restored parity", "unchanged"),
}


@pytest.mark.parametrize("case", TORCH)
def test_every_result_has_one_class(changes, case):
    api, *classes = TORCH[case]
    assert [change.change for change in changes[case, api]] == classes


def test_every_class_is_among_them(changes):
    found = {change.change for own in changes.values() for change in own}
    elsewhere = {NEW, NEW_RED, GONE, SLOWER, FASTER}
    assert found == {each.name for each in CLASSES if each not in elsewhere}


def test_only_what_moved_has_changed(changes):
    moved = [key for key, own in changes.items() if any(change.change != UNCHANGED.name for change in own)]
    tensorflow = [api for _, api in moved if api.startswith("tf.")]
    assert tensorflow == ["tf.math.log1p"]
    assert {change.moved for change in changes["drifting_elsewhere", "tf.math.log1p"]} == {"tensorflow"}
    assert {change.moved for change in changes["breaking", "torch.tanh"]} == {"torch"}


def test_a_drift_is_measured_and_the_truth_tells_which_way(changes):
    change = changes["drifting", "torch.exp"][0]
    assert 1 <= change.ulps <= 2
    assert not change.at_most
    assert change.old_share < change.new_share < 1
    assert change.truth == "worse"
    assert changes["mending", "torch.sin"][0].truth == "better"


def test_a_name_that_is_gone_is_named_with_the_nearest(changes):
    assert changes["vanishing", "torch.square"][0].detail.startswith("torch.square is gone; the nearest name is torch.")


def test_a_warning_is_told_once_with_where_it_is_raised(changes):
    change = changes["warning", "torch.abs"][-1]
    assert change.detail.startswith("DeprecationWarning: torch.abs is deprecated, use torch.absolute (raised in ")
    assert "gate/operations.py:" in change.detail


def test_a_crash_and_an_error_are_told(changes):
    assert "SIGABRT" in changes["crashing", "torch.asinh"][0].detail
    assert changes["raising", "torch.atan"][0].detail == "ValueError: atan of 12 elements"


def test_nothing_changes_between_a_record_and_itself(old):
    found = compare(old, old)
    assert {change.change for change in found.changes} == {"unchanged"}
    assert found.missing == []


def test_what_only_one_record_holds_is_new_or_missing(old, new):
    kept = {key: entry for key, entry in old.results.items() if key[0] != "kept"}
    found = compare(replace(old, results=kept), new)
    own = [change for change in found.changes if change.case == "kept"]
    assert {change.change for change in own} == {"new"}
    assert not any(change.needs for change in own)
    back = compare(old, replace(new, results={k: e for k, e in new.results.items() if k[0] != "kept"}))
    assert [item[0] for item in back.missing] == ["kept"]


def test_an_implementation_that_an_item_no_longer_has_is_gone(old, new):
    left = {k: e for k, e in new.results.items() if e.row.implementation != "torch.relu"}
    found = compare(old, replace(new, results=left))
    gone = [change for change in found.changes if change.change == "gone"]
    assert {(change.case, change.implementation, change.needs) for change in gone} == {("kept", "torch.relu", "")}
    assert {change.old for change in gone} == {"pass"}


def test_what_is_new_and_wrong_is_a_regression(old, new):
    found = compare(replace(old, results={k: e for k, e in old.results.items() if k[0] != "breaking"}), new)
    own = [change for change in found.changes if change.implementation == "torch.tanh"]
    assert {(change.change, change.needs) for change in own} == {("new and not in order", "regression")}


def changed(snapshot, where, **values):
    """A snapshot in which the rows that ``where`` picks have other values."""
    results = {
        key: Entry(replace(entry.row, **values), entry.distances) if where(entry.row) else entry
        for key, entry in snapshot.results.items()
    }
    return replace(snapshot, results=results)


def test_other_inputs_are_not_compared(old):
    other = changed(old, lambda row: row.case == "kept" and row.quantity == "inputs", digest="0" * 16)
    found = compare(other, old)
    own = [change for change in found.changes if change.case == "kept"]
    assert {(change.change, change.detail) for change in own} == {("new", "its inputs differ from the baseline's")}


def test_when_the_formula_moved_the_distance_is_a_bound(old, new):
    other = changed(old, lambda row: row.case == "drifting" and row.implementation == REFERENCE, digest="f" * 12)
    inputs = {key: entry for key, entry in old.results.items() if key[6] == "inputs"}
    found = compare(replace(other, results={**other.results, **inputs}), new)
    change = next(c for c in found.changes if (c.implementation, c.quantity) == ("torch.exp", "output:y"))
    assert change.at_most
    assert change.ulps >= 2


def test_red_without_any_movement_is_not_hidden(old):
    other = changed(old, lambda row: row.implementation == "torch.exp", verdict="fail")
    own = [change for change in compare(old, other).changes if change.implementation == "torch.exp"]
    assert {change.change for change in own} == {"broke parity"}
    assert "no result moved" in own[0].detail


@pytest.mark.parametrize(
    ("share", "found", "needs", "said"),
    [
        (0.1, "restored parity", "improvement", "Or it is broken in another way now: read its documentation"),
        (1e9, "broke parity", "regression", "it is wrong in another way than declared"),
        (None, "broke parity", "regression", "it is wrong in another way than declared"),
    ],
    ids=["right", "another size", "not a number"],
)
def test_a_trap_that_stopped_is_told_from_one_that_is_wrong_in_another_way(old, new, share, found, needs, said):
    """It has one verdict for all its results, and a share of the allowance for one of them at most."""

    def trap(row):
        return row.implementation == "torch.exp"

    before = changed(old, trap, verdict="expected", error_ratio=None, right="")
    after = changed(new, trap, verdict="unexpected", error_ratio=None, right="")
    right = "" if share is None else "yes" if share <= 1 else "no"
    after = changed(after, lambda row: trap(row) and row.quantity == "output:y", error_ratio=share, right=right)
    own = [change for change in compare(before, after).changes if change.implementation == "torch.exp"]
    assert {(change.change, change.needs) for change in own} == {(found, needs)}
    assert len(own) == 2
    assert all(said in change.detail for change in own)


def test_a_name_that_neither_version_has_is_not_gone(old, new):
    def vanished(row):
        return row.implementation == "torch.square" and row.missing

    def raised(module):
        text = f"module '{module}' has no attribute 'square'"
        return changed(new, vanished, missing=f"{module}.square", message=text)

    same = compare(raised("torch.api"), raised("torch"))
    assert {change.change for change in same.changes if change.implementation == "torch.square"} == {"unchanged"}
    another = changed(new, vanished, missing="torch.api.cube")
    found = {change.change for change in compare(another, new).changes if change.implementation == "torch.square"}
    assert found == {"removed"}


# Beside the values -----------------------------------------------------------------------------------------------


def with_row(snapshot, quantity, **values):
    """A snapshot with another row of the implementation ``torch.relu``, made from that of its output."""
    own = next(
        e for e in snapshot.results.values() if e.row.implementation == "torch.relu" and e.row.quantity == "output:y"
    )
    row = replace(own.row, quantity=quantity, **values)
    return replace(snapshot, results={**snapshot.results, row.key: Entry(row, None)})


def classes(old, new, quantity):
    found = [c for c in compare(old, new).changes if (c.implementation, c.quantity) == ("torch.relu", quantity)]
    return [(change.change, change.old, change.new) for change in found]


def test_a_result_in_inference_is_compared_with_the_recorded_one_where_it_had_no_row(old):
    wrong = with_row(old, "inference:y", digest="f" * 12, verdict="fail")
    right = with_row(old, "inference:y", digest="f" * 12)
    assert classes(old, wrong, "inference:y") == [("broke parity", "pass", "fail")]
    assert classes(old, right, "inference:y") == [("drifted", "pass", "pass")]
    assert classes(wrong, old, "inference:y") == [("restored parity", "fail", "pass")]
    assert classes(wrong, wrong, "inference:y") == [("unchanged", "fail", "fail")]
    raises = with_row(old, "inference:y", found="", shape="", digest="", verdict="error", stage="inference", error="E")
    assert classes(old, raises, "inference:y") == [("now raises", "pass", "error")]
    assert classes(old, raises, "output:y") == [("unchanged", "pass", "pass")]


def test_an_input_that_is_newly_written_to_is_not_in_order(old):
    written = with_row(old, "input:x", found="", shape="", digest="", verdict="fail")
    assert classes(old, written, "input:x") == [("new and not in order", "", "fail")]
    assert classes(written, written, "input:x") == [("unchanged", "fail", "fail")]


def test_a_gradient_that_becomes_none_breaks_parity(old):
    def is_gradient(row):
        return row.implementation == "torch.relu" and row.quantity == "grad:x"

    none = changed(old, is_gradient, found="", shape="", digest="", verdict="fail")
    assert classes(old, none, "grad:x") == [("broke parity", "pass", "fail")]
    assert classes(none, old, "grad:x") == [("restored parity", "fail", "pass")]
