"""Baselines are what was recorded, small, and read with suspicion."""

import gzip
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from parity.gate.snapshot import RecordError, read_snapshot, write_baseline
from parity.record.results import narrow

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(RECORDED / "new", tmp_path / "baseline")


def test_a_baseline_is_read_as_it_was_written(new, tmp_path):
    write_baseline(new, tmp_path / "again")
    again = read_snapshot(tmp_path / "again")
    assert again.environment == new.environment
    assert again.warnings == new.warnings
    assert list(again.results) == list(new.results)
    for key, entry in new.results.items():
        assert again.results[key].row == entry.row
        np.testing.assert_equal(again.results[key].distances, entry.distances)


def test_the_same_baseline_has_the_same_bytes(new, tmp_path):
    for name in ("one", "other"):
        write_baseline(new, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def garbage(path):
    path.write_bytes(b"\x1f\x8bnonsense")


def emptied(path):
    path.write_bytes(b"")


def pickled(path):
    path.write_bytes(gzip.compress(pickle.dumps({"a": 1})))


@pytest.mark.parametrize("name", ["results.csv.gz", "arrays.safetensors.gz"])
@pytest.mark.parametrize("damage", [cut, garbage, emptied, pickled, lambda path: path.unlink()])
def test_a_damaged_file_is_named(folder, name, damage):
    damage(folder / name)
    with pytest.raises(RecordError, match=name.removesuffix(".gz")):
        read_snapshot(folder)


def rewritten(folder, change):
    path = folder / "results.csv.gz"
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()).decode()).encode()))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("case,variant", "variant,case"),
        lambda text: text.replace("3x4", "3x-4"),
        lambda text: text.replace("3x4", "3xfour"),
        lambda text: text.replace("3x4", "999999999x999999999"),
        lambda text: text.replace("3x4", "5x4"),
        lambda text: text + text.splitlines()[-1] + "\n",
        lambda text: text + "one,cell\n",
        lambda text: text.replace("\n", "\0\n", 3),
        lambda text: text.splitlines()[0] + "\n",
    ],
)
def test_a_hostile_table_is_refused(folder, change):
    rewritten(folder, change)
    with pytest.raises(RecordError):
        read_snapshot(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda streams: {**streams, "int8": streams["int8"][:-1]},
        lambda streams: {**streams, "int8": np.append(streams["int8"], np.int8(1))},
        lambda streams: {**streams, "int8": streams["int8"].astype(np.float32)},
        lambda streams: {**streams, "widths": streams["widths"] * 0 + 3},
        lambda streams: {name: stream for name, stream in streams.items() if name != "int64"},
    ],
)
def test_arrays_that_do_not_fit_the_table_are_refused(folder, change):
    path = folder / "arrays.safetensors.gz"
    path.write_bytes(gzip.compress(save(change(load(gzip.decompress(path.read_bytes()))))))
    with pytest.raises(RecordError, match="arrays"):
        read_snapshot(folder)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("schema", 1, "record it anew"),
        ("items", 3, "did not end"),
        ("planned", None, "did not end"),
        ("seed", "zero", "seed"),
        ("environments", [], "environments"),
    ],
)
def test_an_environment_of_another_kind_is_refused(folder, name, value, message):
    path = folder / "environment.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(RecordError, match=message):
        read_snapshot(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"'])
def test_an_environment_that_is_none_is_refused(folder, text):
    (folder / "environment.json").write_text(text)
    with pytest.raises(RecordError, match=r"environment\.json"):
        read_snapshot(folder)


@pytest.mark.parametrize(
    ("values", "width"),
    [([0, -128], "int8"), ([128], "int16"), ([40000], "int32"), ([-(2**62)], "int64"), ([], "int8")],
)
def test_whole_numbers_are_kept_in_the_narrowest_type(values, width):
    kept = narrow(np.array(values, np.int64))
    assert kept.dtype == width
    assert kept.tolist() == values
