"""The coverage of the source documents counts what a run has executed, and nothing that is only written down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parity.__main__ import main
from parity.catalog.load import load
from parity.judge.row import Row
from parity.record.gpu import read_gpu
from parity.record.schema import AskedRow
from parity.record.write import RecordWriter
from parity.report.coverage import coverage, states_of
from parity.report.docs import documents
from parity.report.inventory import Entry, Executed, InventoryError, executed, read_inventory, wanted
from parity.report.measured import Verdict

ROOT = Path(__file__).parents[2]

CASES = '''
"""Things that pack."""

from parity import Case, normal

packed = Case("packed", "Packs.", sizes=dict(N=2, I=3), inputs=dict(x=normal("N I")), outputs=dict(y="N I"))
drawn = Case("drawn", "Draws.", sizes=dict(N=2), inputs=dict(x=normal("N")), outputs=dict(y="N"), draws=True)


@packed.reference
@drawn.reference
def _(np, x):
    return x


@packed.torch("torch.pack")
@drawn.torch("torch.pack")
def _(torch, x):
    return torch.pack(x)


@packed.tensorflow("tf.pack")
@drawn.tensorflow("tf.pack")
def _(tf, x):
    return tf.pack(x)


@packed.torch.naive("torch.pack", "packed twice", because="b", source="s", fix="f")
def _(torch, x):
    return torch.pack(torch.pack(x))
'''
ENTRY = Entry(
    "001 002", "packing", "operation", "tf.pack(x, axis=0)", "torch.pack; torch.Tensor.data =", "forward", "pack*", ""
)
VERDICTS = {"packed": Verdict("packed", passed=10, expected=1, failed=0, outputs=11, gradients=4, errors=1)}
DONE = [Executed(text, "packed", "any", "") for text in ("tf.pack(x, axis=0)", "torch.pack", "torch.Tensor.data =")]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "things.py").write_text(CASES)
    loaded = load(tmp_path / "cases" / "things.py")
    assert not loaded.broken
    return [loaded]


def asked(name, given=None, *, kind="call", case="packed", defaults=None):
    return AskedRow(case, "some", "torch", "", kind, name, given or {}, defaults or {})


def state(files, entry, verdicts=VERDICTS, calls=DONE):
    return states_of([entry], files, verdicts, calls)[0][2]


@pytest.mark.parametrize(
    ("text", "rows", "met"),
    [
        ("tf.pack", [asked("tf.pack")], True),
        ("tf.pack", [asked("tf.pack", kind="read")], True),
        ("tf.pack", [asked("tf.pack", kind="absent")], False),
        ("tf.pack", [asked("tf.packing")], False),
        ("not tf.pack", [asked("tf.pack", kind="absent")], True),
        ("not tf.pack", [asked("tf.pack")], False),
        ("tf.pack()", [asked("tf.pack", kind="read")], False),
        ("tf.pack(axis=0)", [asked("tf.pack", {"axis": "0"})], True),
        ("tf.pack(axis=0)", [asked("tf.pack", {"axis": "1"}), asked("tf.pack", {"axis": "0"})], True),
        ("tf.pack(axis=0)", [asked("tf.pack", {"axis": "1"})], False),
        ("tf.pack(axis=0)", [asked("tf.pack", defaults={"axis": "0"})], True),
        ("tf.pack(axis=0)", [asked("tf.pack", {"axis": "1"}, defaults={"axis": "0"})], False),
        ("tf.pack(axis)", [asked("tf.pack", defaults={"axis": "0"})], False),
        ("tf.pack(axis)", [asked("tf.pack", {"axis": "tf.Tensor"})], True),
        ("tf.pack(axis=0, name='a')", [asked("tf.pack", {"axis": "0"}), asked("tf.pack", {"name": "'a'"})], False),
        (
            "tf.pack(strides=[1, 2], padding='SAME')",
            [asked("tf.pack", {"strides": "(1, 2)", "padding": "'SAME'"})],
            True,
        ),
        ("torch.nn.LSTM(10, 20, bidirectional=True)", [asked("torch.nn.LSTM", {"0": "10", "1": "20"})], False),
        (
            "torch.nn.LSTM(10, 20, bidirectional=True)",
            [asked("torch.nn.LSTM", {"0": "10", "1": "20", "bidirectional": "True"})],
            True,
        ),
        ("torch.Tensor.data =", [asked("torch.Tensor.data", kind="read")], False),
        ("torch.Tensor.data =", [asked("torch.Tensor.data", kind="write")], True),
        ("tf.pack", [asked("tf.pack", case="elsewhere")], False),
    ],
)
def test_a_name_is_executed_by_a_call_of_the_cases_with_its_arguments(files, text, rows, met):
    entry = replace(ENTRY, tensorflow=text, pytorch="")
    found = executed([entry], files, rows)
    assert [one.wanted for one in found] == ([text] if met else [])
    assert (state(files, entry, calls=found).word == "covered") is met


@pytest.mark.parametrize("text", ["tf.nn.", "a b", "tf.pack(", "tf.pack(axis=)"])
def test_what_is_no_name_is_an_error(text):
    with pytest.raises(ValueError, match="is not a name"):
        wanted(text)


def test_an_entry_is_covered_only_when_all_of_it_ran(files):
    assert state(files, ENTRY).word == "covered"
    partly = state(files, ENTRY, calls=DONE[:2])
    assert (partly.word, partly.gaps) == ("partly", ("not executed: torch.Tensor.data =",))
    assert state(files, ENTRY, calls=[]).word == "missing"
    assert state(files, replace(ENTRY, cases=""), calls=[]).word == "missing"
    elsewhere = [replace(one, case="drawn") for one in DONE]
    assert state(files, ENTRY, calls=elsewhere).word == "missing", "another case proves nothing"


@pytest.mark.parametrize(
    ("compared", "cases", "gap"),
    [
        ("forward gradient error", "packed", ""),
        ("forward state", "packed", "not compared: state"),
        ("statistic", "packed", "not compared: statistic"),
        ("statistic", "drawn", ""),
        ("forward", "drawn", "not compared: forward"),
    ],
)
def test_what_is_said_to_be_compared_has_rows(files, compared, cases, gap):
    entry = replace(ENTRY, compared=compared, cases=cases, tensorflow="", pytorch="")
    assert state(files, entry).gaps == ((gap,) if gap else ())


def test_the_page_counts_an_item_in_each_document_that_has_it(files):
    entries = [ENTRY, replace(ENTRY, documents="002", item="unpacking", cases="packed: packed*", pytorch="torch.gone")]
    found = states_of(entries, files, VERDICTS, DONE)
    text = coverage(found, VERDICTS, {})
    assert "3 items: 2 covered, 1 partly, 0 missing." in text
    assert "1 item: 1 covered, 0 partly, 0 missing." in text
    assert text.count("at parity, with declared exceptions |") == 2
    assert (
        "at parity, with declared exceptions, the trap occurs; **partly**: not executed: `torch.gone` | never |" in text
    )
    red = {"packed": replace(VERDICTS["packed"], failed=1)}
    assert "**not at parity**" in coverage(states_of([ENTRY], files, red, DONE), red, {})
    assert "**not run**" in coverage(states_of([ENTRY], files, {}, DONE), {}, {})


@pytest.mark.parametrize("cases", ["nothing", "packed: another trap"])
def test_inventory_that_names_nothing_is_an_error_with_its_row(files, cases):
    with pytest.raises(InventoryError, match=r"row 2 \(packing\)"):
        states_of([replace(ENTRY, cases=cases)], files, VERDICTS, DONE)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("001,packing,chapter,,,forward,packed,", "'chapter' is not a kind"),
        ("001,packing,operation,,,backward,packed,", "'backward' is not a kind"),
        ("001,packing,operation,tf.,,forward,packed,", "is not a name"),
        ("001,packing", "columns"),
    ],
)
def test_a_damaged_inventory_is_an_error_with_its_row(tmp_path, row, message):
    (tmp_path / "inventory.csv").write_text(f"documents,item,kind,tensorflow,pytorch,compared,cases,today\n{row}\n")
    with pytest.raises(InventoryError, match=f"row 2.*{message}"):
        read_inventory(tmp_path)


@pytest.fixture
def docs(files, tmp_path):
    """A folder of documents written from a record in which the one case ran on the CPU."""
    row = Row(
        run="r", case="packed", device="cpu", mode="eager", dtype="float64", quantity="output:y", left="torch.pack",
        right="reference", left_framework="torch", max_abs_error=0.0, verdict="pass",
    )  # fmt: skip
    trap = replace(row, left="torch.pack (packed twice)", max_abs_error=1.0, verdict="expected", reason="b (s)")
    writer = RecordWriter(tmp_path / "record")
    writer.add([row, trap, replace(row, case="drawn")], [])
    writer.add_asked([asked("tf.pack", {"x": "tf.Tensor", "axis": "0"}), asked("torch.pack")])
    writer.close()
    folder = tmp_path / "docs"
    (folder / "findings").mkdir(parents=True)
    (folder / "inventory.csv").write_text(
        "documents,item,kind,tensorflow,pytorch,compared,cases,today\n"
        '001,packing,operation,"tf.pack(x, axis=0)",torch.pack,forward,packed,\n'
    )
    arguments = ["--cases", str(tmp_path / "cases"), "--output", str(folder)]
    assert main(["docs", str(tmp_path / "record"), *arguments]) == 0
    return folder, arguments


def test_a_run_writes_what_proves_each_name(docs, capsys):
    folder, arguments = docs
    assert (folder / "executed.csv").read_text().splitlines() == [
        "wanted,case,implementation,variant",
        '"tf.pack(x, axis=0)",packed,some,',
        "torch.pack,packed,some,",
    ]
    capsys.readouterr()
    assert main(["coverage", *arguments]) == 0
    assert capsys.readouterr().out == "1 item: 1 covered, 0 partly, 0 missing.\n"
    text = (folder / "inventory.csv").read_text()
    (folder / "inventory.csv").write_text(text.replace("torch.pack,", "torch.unpack,"))
    assert main(["coverage", *arguments]) == 1
    assert "inventory.csv, row 2 (packing): not executed: torch.unpack" in capsys.readouterr().out


def test_a_record_of_a_gpu_turns_its_rows(docs, tmp_path, capsys):
    folder, arguments = docs
    assert "| never |" in (folder / "coverage.md").read_text()
    assert main(["coverage", *arguments, "--add", str(tmp_path / "record")]) == 1
    assert "has no row of a GPU" in capsys.readouterr().err
    assert not (folder / "gpu.csv").exists()
    row = Row(run="r", case="packed", device="gpu:0", mode="eager", quantity="output:y", left="torch.pack",
              right="reference", verdict="pass")  # fmt: skip
    writer = RecordWriter(tmp_path / "gpu")
    writer.add([row, replace(row, verdict="expected"), replace(row, device="cpu", verdict="fail")], [])
    described = {"torch": {"version": "2.13.0", "gpus": ["NVIDIA H200"]}, "tensorflow": {"version": "2.21.0"}}
    writer.environment({"run": "20261130T000000Z", "environments": described})
    writer.close()
    assert main(["coverage", *arguments, "--add", str(tmp_path / "gpu")]) == 0
    run = read_gpu(folder)["packed"]
    assert (run.gpu, run.passed, run.expected, run.failed) == ("NVIDIA H200", 1, 1, 0)
    assert run.versions == "PyTorch 2.13.0, TensorFlow 2.21.0"
    text = (folder / "coverage.md").read_text()
    assert "| ✓ 1 of 1 on NVIDIA H200, run 20261130T000000Z |" in text
    assert documents(tmp_path / "cases", folder)["coverage.md"] == text, "it is up to date"


def test_a_record_of_other_cases_is_refused(docs, tmp_path, capsys):
    folder, arguments = docs
    row = Row(run="r", case="elsewhere", device="gpu:0", quantity="output:y", verdict="pass")
    writer = RecordWriter(tmp_path / "gpu")
    writer.add([row], [])
    writer.environment({"environments": {"torch": {"gpus": None}}})
    writer.close()
    assert main(["coverage", *arguments, "--add", str(tmp_path / "gpu")]) == 1
    assert "has no case elsewhere" in capsys.readouterr().err
    assert not (folder / "gpu.csv").exists()
    (folder / "gpu.csv").write_text("garbage\n")
    assert main(["coverage", *arguments, "--add", str(tmp_path / "gpu")]) == 1
    assert (folder / "gpu.csv").read_text() == "garbage\n"


def test_the_committed_coverage_has_no_gap(capsys):
    code = main(["coverage", "--cases", str(ROOT / "cases"), "--output", str(ROOT / "docs")])
    assert code == 0, capsys.readouterr().out
