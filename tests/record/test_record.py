"""Keeping a run: what is written is what is read, and a damaged file is told by name."""

import csv
import math
from dataclasses import asdict, replace

import pytest

from parity.judge import COLUMNS, Row
from parity.record import QuickRow, RecordWriter
from parity.record.read import RecordError, read_catalogue, read_environment, read_quick, read_rows
from parity.record.schema import QUICK_COLUMNS

PASSED = Row(
    run="20260131T235959Z",
    case="op",
    variant="k=1x2",
    dtype="float32",
    device="cpu",
    mode="eager",
    quantity="output:y",
    left="torch.f",
    right="reference",
    left_framework="torch",
    left_version="2.13.0",
    right_framework="reference",
    right_version="2.4.6",
    shape="2x3",
    max_abs_error=1.25e-07,
    max_rel_error=math.inf,
    max_ulp=3.0,
    rule="8 u S",
    scale=2.0,
    own_scale=1.5,
    allowed=7.62939e-06,
    rho=0.25,
    rho_allowed=2.5,
    error_ratio=0.0163840,
    verdict="pass",
    seed=123,
    input_digest="0123456789abcdef",
)
CRASHED = Row(case="op", verdict="crash", reason="killed by SIGSEGV", blame="torch")
TIMED = QuickRow("r", "op", "", "float32", "cpu", "eager", "torch.f", "torch", "2.13.0", "forward", 5, 1e-6, 2e-6, 0.5)


def write(folder, rows, timings=()):
    writer = RecordWriter(folder)
    writer.add(rows, timings)
    writer.close()
    return folder


def refused(read, folder, *parts):
    with pytest.raises(RecordError) as caught:
        read(folder)
    for part in (str(folder), *parts):
        assert part in str(caught.value)


# Round trip ------------------------------------------------------------------------------------------------------


def test_rows_come_back(tmp_path):
    table = read_rows(write(tmp_path, [PASSED, replace(PASSED, quantity="grad:x", max_abs_error=0.0)]))
    assert list(table.columns) == list(COLUMNS)
    assert list(table.quantity) == ["output:y", "grad:x"]
    first = table.iloc[0].to_dict()
    assert first == asdict(PASSED)
    assert table.max_abs_error.dtype == "float64"
    assert table.seed.dtype == "int64"


def test_rows_without_numbers_come_back(tmp_path):
    table = read_rows(write(tmp_path, [CRASHED, PASSED]))
    row = table.iloc[0]
    assert math.isnan(row.error_ratio)
    assert math.isnan(row.max_abs_error)
    assert (row.verdict, row.reason, row.variant, row.seed) == ("crash", "killed by SIGSEGV", "", 0)
    assert table.iloc[1].error_ratio == 0.016384


def test_numbers_that_are_not_finite_come_back(tmp_path):
    row = read_rows(write(tmp_path, [replace(PASSED, max_abs_error=math.nan, max_ulp=math.inf)])).iloc[0]
    assert math.isnan(row.max_abs_error)
    assert row.max_ulp == math.inf


@pytest.mark.parametrize(
    "text",
    [
        'a "quoted", listed\treason',
        "ε ≤ 1 — größer",
        "NaN",
        "NA",
        "null",
        "-inf",
        "=1+1",
        "#",
        "",
    ],
)
def test_text_stays_text(tmp_path, text):
    table = read_rows(write(tmp_path, [replace(PASSED, reason=text, variant=text), PASSED]))
    assert list(table.reason) == [text, ""]
    assert list(table.variant) == [text, "k=1x2"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("two\nlines", "two | lines"),
        ("killed by SIGSEGV\n    Fatal error\n    frame 1", "killed by SIGSEGV | Fatal error | frame 1"),
        ("10 %\r20 %", "10 % | 20 %"),
        ("a\r\nb", "a | b"),
        ("line\u2028separator", "line | separator"),
    ],
)
def test_a_row_is_one_line(tmp_path, text, kept):
    write(tmp_path, [replace(PASSED, reason=text), PASSED])
    assert list(read_rows(tmp_path).reason) == [kept, ""]
    assert (tmp_path / "parity.csv").read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("text", ["10 %\r20 %\r30 %", "a\r\nb", "not \udc80 text", "\x00"])
def test_whatever_a_worker_prints_the_record_stays_readable(tmp_path, text):
    table = read_rows(write(tmp_path, [replace(PASSED, reason=f"before {text} after"), PASSED]))
    assert table.reason[0].startswith("before ")
    assert table.reason[0].endswith(" after")
    assert list(table.input_digest) == [PASSED.input_digest] * 2


def test_a_ratio_beyond_one_stays_beyond_one(tmp_path):
    ratios = [1.0, math.nextafter(1, 2), 1.0000004]
    table = read_rows(write(tmp_path, [replace(PASSED, error_ratio=ratio) for ratio in ratios]))
    assert list(table.error_ratio <= 1) == [True, False, False]


def test_timings_come_back(tmp_path):
    table = read_quick(write(tmp_path, [], [TIMED]))
    assert list(table.columns) == list(QUICK_COLUMNS)
    assert table.iloc[0].to_dict() == asdict(TIMED)


def test_an_empty_record_comes_back(tmp_path):
    write(tmp_path, [])
    assert len(read_rows(tmp_path)) == 0
    assert list(read_rows(tmp_path).columns) == list(COLUMNS)
    assert len(read_quick(tmp_path)) == 0


def test_the_environment_comes_back(tmp_path):
    writer = RecordWriter(tmp_path)
    writer.environment({"items": 1})
    writer.environment({"items": 2, "name": "größer", "nested": {"a": [1.5, None]}})
    writer.close()
    assert read_environment(tmp_path) == {"items": 2, "name": "größer", "nested": {"a": [1.5, None]}}


# Writing ---------------------------------------------------------------------------------------------------------


def test_the_columns_are_the_documented_ones_in_order(tmp_path):
    write(tmp_path, [PASSED])
    with (tmp_path / "parity.csv").open(encoding="utf-8", newline="") as stream:
        header, cells = csv.reader(stream)
    assert ", ".join(header) == (
        "run, case, variant, dtype, device, mode, quantity, left, right, left_framework, left_version, "
        "right_framework, right_version, shape, max_abs_error, max_rel_error, max_ulp, rule, scale, own_scale, "
        "allowed, error_ratio, rho, rho_allowed, "
        "distribution, worst_index, left_value, right_value, truth_value, growth, cause, verdict, "
        "blame, reason, seed, input_digest"
    )
    assert cells[14:22] == ["1.25e-07", "inf", "3", "8 u S", "2", "1.5", "7.62939e-06", "0.016384"]
    assert b"\r" not in (tmp_path / "parity.csv").read_bytes()


def test_what_is_added_can_be_read_at_once(tmp_path):
    writer = RecordWriter(tmp_path)
    writer.add([PASSED], [TIMED])
    assert len(read_rows(tmp_path)) == 1
    writer.add([PASSED, PASSED], [])
    assert len(read_rows(tmp_path)) == 3
    assert len(read_quick(tmp_path)) == 1
    writer.close()


def test_opening_a_record_empties_the_one_before_and_its_page(tmp_path):
    folder = tmp_path / "deep" / "reports"
    write(folder, [PASSED])
    (folder / "parity.html").write_text("old")
    (folder / "mine.txt").write_text("kept")
    write(folder, [])
    assert len(read_rows(folder)) == 0
    assert not (folder / "parity.html").exists()
    assert (folder / "mine.txt").read_text() == "kept"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        RecordWriter(tmp_path / "file" / "reports")


# Damaged files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "name"),
    [(read_rows, "parity.csv"), (read_quick, "quick_timings.csv"), (read_environment, "environment.json")],
)
def test_files_that_are_missing_empty_or_not_text(tmp_path, read, name):
    refused(read, tmp_path, name, "cannot be read")
    (tmp_path / name).write_text("")
    refused(read, tmp_path, name)
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x9c")
    refused(read, tmp_path, name, "cannot be read")
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    refused(read, tmp_path, name, "cannot be read")


@pytest.mark.parametrize("text", ["[1, 2]", "3", '"text"', "null"])
def test_an_environment_that_is_no_object(tmp_path, text):
    (tmp_path / "environment.json").write_text(text)
    refused(read_environment, tmp_path, "environment.json", "holds no JSON object")


def test_an_environment_that_is_cut_off(tmp_path):
    (tmp_path / "environment.json").write_text('{"items": 3')
    refused(read_environment, tmp_path, "environment.json", "cannot be read")


def changed(folder, change):
    path = write(folder, [PASSED, PASSED]) / "parity.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace("error_ratio", "ratio"), *lines[1:]],
        lambda lines: [lines[0].replace("case,variant", "variant,case"), *lines[1:]],
        lambda lines: [lines[0] + ",extra", *lines[1:]],
        lambda lines: lines[1:],
    ],
    ids=["renamed", "swapped", "added", "no header"],
)
def test_columns_of_another_version(tmp_path, change):
    changed(tmp_path, change)
    refused(read_rows, tmp_path, "parity.csv", "its columns are not those of this version; write the record anew")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:2], lines[2].replace("1.25e-07", "tiny")],
        lambda lines: [*lines[:2], lines[2].replace(",123,", ",,")],
        lambda lines: [*lines[:2], lines[2].replace(",123,", ",1.5,")],
        lambda lines: [*lines[:2], lines[2] + ",more"],
        lambda lines: [lines[0], lines[1] + ",more", lines[2] + ",more"],
        lambda lines: [*lines[:2], lines[2].replace("op,", "")],
        lambda lines: [lines[0], "", *lines[1:]],
        lambda lines: [*lines[:2], '"' + "x" * 200_000],
    ],
    ids=["number", "no seed", "seed", "long row", "long rows", "short row", "empty row", "endless cell"],
)
def test_rows_that_cannot_be_read(tmp_path, change):
    changed(tmp_path, change)
    refused(read_rows, tmp_path, "parity.csv")


def test_a_last_row_that_is_cut_off_is_left_out(tmp_path):
    """A run can be killed in the middle of a row."""
    path = write(tmp_path, [PASSED, replace(PASSED, reason='two "quoted"\nlines')]) / "parity.csv"
    whole = path.read_text(encoding="utf-8")
    complete = whole.index(PASSED.input_digest) + len(PASSED.input_digest) + 1
    for end in range(complete, len(whole)):
        path.write_text(whole[:end], encoding="utf-8")
        assert [row["reason"] for _, row in read_rows(tmp_path).iterrows()] == [""], repr(whole[complete:end])


# Spreadsheets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1+2", "-inf", "'-1", "@SUM(A1)", "'=1", "''=1", "\uff1d1", '=HYPERLINK("http://example.org")'],
)
def test_no_cell_begins_as_a_formula_does_and_reading_gives_the_text_back(tmp_path, text):
    row = replace(PASSED, case=text, left=text, reason=text)
    folder = write(tmp_path, [row])
    with (folder / "parity.csv").open(newline="", encoding="utf-8") as stream:
        cells = next(iter(csv.DictReader(stream)))
    assert {cells["case"], cells["left"], cells["reason"]} == {f"'{text}"}
    assert read_rows(folder).iloc[0][["case", "left", "reason"]].tolist() == [text] * 3


@pytest.mark.parametrize("text", ["a=1", "'quoted'", "1-1", "", "-1", "-0.25", "-1.5e-07"])
def test_other_texts_are_written_as_they_are(tmp_path, text):
    folder = write(tmp_path, [replace(PASSED, reason=text)])
    with (folder / "parity.csv").open(newline="", encoding="utf-8") as stream:
        assert next(iter(csv.DictReader(stream)))["reason"] == text


# Declarations ----------------------------------------------------------------------------------------------------

DECLARED = {"case": "op", "family": "Operations", "implementations": {}, "texts": ["two\nlines \u2028"]}


def test_declarations_come_back_by_name(tmp_path):
    writer = RecordWriter(tmp_path)
    writer.add_declaration(DECLARED)
    assert read_catalogue(tmp_path) == {"op": DECLARED}
    writer.add_declaration({**DECLARED, "case": "other"})
    writer.close()
    assert list(read_catalogue(tmp_path)) == ["op", "other"]


def test_a_declaration_that_is_cut_off_is_left_out(tmp_path):
    writer = RecordWriter(tmp_path)
    writer.add_declaration(DECLARED)
    writer.close()
    path = tmp_path / "catalogue.jsonl"
    whole = path.read_text()
    path.write_text(whole + whole[:-1])
    assert list(read_catalogue(tmp_path)) == ["op"]


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", "{", '{"case": "op"}', '{"case": 1, "family": "", "implementations": {}}']
)
def test_a_damaged_declaration_is_named(tmp_path, text):
    (tmp_path / "catalogue.jsonl").write_text(f"{text}\n")
    with pytest.raises(RecordError, match=r"catalogue\.jsonl: cannot be read"):
        read_catalogue(tmp_path)
