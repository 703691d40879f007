"""Which arguments a run passed: counted from its calls, kept in a table, and shown on a page."""

import pytest

from parity.record.schema import AskedRow
from parity.report.arguments import Argument, argument_coverage, arguments, read_arguments, write_arguments
from parity.report.inventory import InventoryError

DEFAULTS = {"stride": "1", "padding": "0", "ceil_mode": "False"}


def asked(name, given, defaults=None, *, case="pool", framework="torch", kind="call"):
    return AskedRow(case, name, framework, "", kind, name, given, defaults or {})


@pytest.fixture
def found():
    return arguments(
        [
            asked("tf.abs", {"x": "tf.Tensor"}, framework="tensorflow"),
            asked("torch.nn.Pool", {"kernel": "2", "stride": "1"}, DEFAULTS),
            asked("torch.nn.Pool", {"kernel": "3", "stride": "1"}, case="other"),
            asked("torch.nn.Pool", {"kernel": "3", "padding": "'same'"}, case="other"),
            asked("torch.Tensor.sum", {"0": "-1"}),
            asked("torch.Tensor.shape", {}, kind="read"),
        ]
    )


def test_arguments_are_counted_with_their_values_and_those_never_passed(found):
    assert found == [
        Argument("torch", "torch.Tensor.sum", "0", "", ("-1",), 1, 1),
        Argument("torch", "torch.nn.Pool", "kernel", "", ("2", "3"), 2, 2),
        Argument("torch", "torch.nn.Pool", "stride", "1", ("1",), 1, 2),
        Argument("torch", "torch.nn.Pool", "padding", "0", ("'same'",), 1, 1),
        Argument("torch", "torch.nn.Pool", "ceil_mode", "False", (), 0, 0),
        Argument("tensorflow", "tf.abs", "x", "", ("tf.Tensor",), 1, 1),
    ]


def test_many_values_are_counted_and_the_first_are_kept():
    (one,) = arguments(asked("torch.roll", {"0": str(number)}) for number in range(20))
    assert one.values == ("0", "1", "2", "3", "4", "5")
    assert one.number == 20
    assert "`1st` (`0`, `1`, `2`, `3`, `4`, `5`, +14)" in argument_coverage([one])


def test_the_table_holds_what_was_found(tmp_path, found):
    assert read_arguments(tmp_path) == []
    write_arguments(tmp_path, found)
    assert read_arguments(tmp_path) == found
    (tmp_path / "arguments.csv").write_text("name,argument\ntorch.sum,dim\n")
    with pytest.raises(InventoryError, match=r"arguments\.csv: its columns are not framework, name, argument"):
        read_arguments(tmp_path)


def test_the_page_shows_what_is_passed_and_what_never_is(found):
    page = argument_coverage(found)
    assert (
        "3 functions with 3 arguments that have a known default: 1 are passed with another value, 1 only with" in page
    )
    assert (
        "### `torch.nn`\n\n| function | passed | never passed |\n| --- | --- | --- |\n"
        "| `Pool` | `kernel` (`2`, `3`), `stride` (only the default), `padding` (`'same'`) | `ceil_mode` |\n"
    ) in page
    assert "| `Tensor.sum` | `1st` (`-1`) |  |" in page
    assert "tf.abs" not in page, "it takes nothing but tensors"
