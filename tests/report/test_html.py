"""The page says what the record says, and nothing in a record can act on the page."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from parity.judge.row import VERDICTS, Row
from parity.record.schema import CATALOGUE, ENVIRONMENT, HTML, PARITY, QUICK, QuickRow
from parity.record.write import RecordWriter
from parity.report import html
from parity.report.html import write_report

HOSTILE = "<script>alert(1)</script>"
REASON = "\"><img src=x onerror='alert(2)'> {{ 7 * 7 }} https://example.org/a\"onclick=alert(3) </style>"
VOID = {"meta", "br", "wbr", "input", "link", "img"}

ROW = Row(
    run="20260101T000000Z", case="linear", variant="bias=true", dtype="float32", device="cpu", mode="eager",
    quantity="output:y", left="torch.nn.Linear", right="reference", left_framework="torch", left_version="2.13.0",
    right_framework="reference", right_version="2.4.6", shape="4x5", max_abs_error=1e-7, max_rel_error=2e-7,
    max_ulp=2.0, allowed=1e-6, error_ratio=0.1149, verdict="pass", blame="", reason="", seed=3, input_digest="ab",
)  # fmt: skip
KERAS = replace(ROW, left="keras.layers.Dense", left_framework="tensorflow", left_version="2.21.0")
PAIR = replace(ROW, right="keras.layers.Dense", right_framework="tensorflow", right_version="2.21.0")
FAILED = replace(
    KERAS, quantity="grad:kernel", verdict="fail", error_ratio=31.6, blame="tensorflow", reason="at [0, 1]",
    cause="the truth times 0.5",
)  # fmt: skip
UNMEASURED = dict.fromkeys(("max_abs_error", "max_rel_error", "max_ulp", "allowed", "error_ratio"))
TIMING = QuickRow(
    ROW.run, "linear", "bias=true", "float32", "cpu", "eager", "torch.nn.Linear", "torch", "2.13.0", "forward", 5,
    1e-5, 1.68e-5, 2e-5,
)  # fmt: skip


def environment(rows: list[Row], **changes: Any) -> dict[str, Any]:
    """What a run that came to its end writes into ``environment.json``."""
    return {
        "began": "2026-01-01T00:00:00+00:00", "seconds": 12.34, "seed": 3, "tolerance": None, "items": len(rows),
        "machine": {"system": "Linux"},
        "environments": {
            "reference": {"version": "2.4.6", "devices": ["cpu"]},
            "torch": {"version": "2.13.0", "tf32": False, "devices": ["cpu"], "gpus": []},
            "tensorflow": {"version": "2.21.0", "keras": "3.15.1", "devices": ["cpu"], "gpus": []},
        },
        "verdicts": {verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS},
        **changes,
    }  # fmt: skip


def declaration(case: str, naive: Mapping[str, str] | None = None, api: str = "keras.layers.Dense") -> dict[str, Any]:
    """What a run writes of a case into ``catalogue.jsonl``, so far as the page has it before a script runs."""
    implementations = {api: {"framework": "tensorflow", "kind": "layer", "code": 0, "mapping": [0], "naive": naive}}
    return {"case": case, "family": "Fully connected", "implementations": implementations, "texts": ["[]"]}


def record(
    folder: Path,
    rows: list[Row],
    timings: list[QuickRow] | None = None,
    declarations: Sequence[dict[str, Any]] = (),
    **changes: Any,
) -> str:
    """Write a record and return its page."""
    writer = RecordWriter(folder)
    writer.add(rows, timings or [])
    for each in declarations:
        writer.add_declaration(each)
    writer.environment(environment(rows, **changes))
    writer.close()
    return page(folder)


def page(folder: Path) -> str:
    written = write_report(folder)
    assert written == folder / HTML
    assert [entry.suffix for entry in folder.iterdir()].count(".part") == 0
    return written.read_text(encoding="utf-8")


class Document(HTMLParser):
    """Checks that tags are balanced; keeps the elements, the text and the text of each table."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("script", "style"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def counts(source: str) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r'<b data-count="([^"]+)">(\d+)</b>', source)}


def test_a_run_at_parity(tmp_path: Path) -> None:
    source = record(tmp_path, [ROW, KERAS, PAIR], [TIMING, replace(TIMING, measure="forward+backward")])
    words = Document(source).words
    assert "✓ at parity" in words
    assert "PyTorch2.13.0" in words.replace(" ", "")
    assert "2.21.0 with Keras 3.15.1" in words
    assert "cpu (no GPU was present)" in words
    assert "12.3 s" in words
    assert "2026-01-01 00:00:00 UTC" in words
    assert "✓ pass 11 %" in words
    assert "16.8 µs" in words
    assert "nothing was left out" in words
    assert "Incomplete" not in words
    assert "python -m pytest cases" in words


def test_counts_are_those_of_the_csv(tmp_path: Path) -> None:
    rows = [replace(ROW, verdict=verdict, reason="why") for verdict in VERDICTS for _ in range(VERDICTS.index(verdict))]
    source = record(tmp_path, rows)
    with (tmp_path / PARITY).open(newline="", encoding="utf-8") as stream:
        found = [line["verdict"] for line in csv.DictReader(stream)]
    assert counts(source) == {verdict: found.count(verdict) for verdict in VERDICTS}


def test_what_failed_and_who_is_named(tmp_path: Path) -> None:
    words = Document(record(tmp_path, [ROW, KERAS, FAILED, PAIR])).words
    assert "✗ NOT at parity" in words
    assert "✗ fail 1 row, linear: keras.layers.Dense in float32; the truth times 0.5" in words
    assert "likely cause: the truth times 0.5" in words
    assert "grad:kernel" in words
    assert "31.6 \u00d7" in words
    assert "at [0, 1]" in words


def test_the_worst_comes_first(tmp_path: Path) -> None:
    worse = replace(FAILED, case="worse", error_ratio=float("inf"))
    crashed = replace(FAILED, case="crashed", verdict="crash", quantity="", reason="signal 11", **UNMEASURED)
    source = record(tmp_path, [ROW, FAILED, worse, crashed])
    table = source[source.index('<section id="red">') : source.index('<section id="matrix">')]
    assert re.findall(r'<th scope="row" class="name"><a href="[^"]*">(\w+)<?', table) == ["crashed", "worse", "linear"]
    assert "everything" in table
    assert "∞" in table


def test_expected_rows_are_put_together(tmp_path: Path) -> None:
    known = replace(KERAS, verdict="expected", reason="eps differs (https://example.org/doc)")
    rows = [
        replace(known, variant=f"n={number}", dtype=dtype) for number in range(30) for dtype in ("float32", "float64")
    ]
    source = record(tmp_path, [ROW, *rows, replace(PAIR, verdict="expected", reason=known.reason)])
    assert source.count("eps differs") == 1
    assert '<td class="amount" data-value="61">61</td>' in source
    assert '<a href="https://example.org/doc" rel="noreferrer">' in source
    assert "at parity" in source


def test_naive_ports_are_divergences_and_no_part_of_the_operations(tmp_path: Path) -> None:
    naive = {
        "title": "kernel not transposed",
        "because": "Keras has [I, O]",
        "source": "https://example.org/doc",
        "fix": "transpose",
    }
    api = "keras.layers.Dense (kernel not transposed)"
    wrong = replace(KERAS, left=api, verdict="expected", error_ratio=1e9, max_abs_error=0.25, reason="why")
    source = record(tmp_path, [ROW, wrong], declarations=[declaration("linear", naive, api)])
    table = source[source.index('<section id="divergences">') : source.index('<section id="expected">')]
    words = Document(table).words
    assert "kernel not transposed" in words
    assert "0.25" in words
    assert "Keras has [I, O] (https://example.org/doc)" in words
    operations = Document(source[source.index('<section id="matrix">') : source.index('<section id="rows"')]).words
    assert "Fully connected" in operations
    assert "expected" not in operations
    agreed = record(
        tmp_path, [ROW, replace(wrong, verdict="unexpected")], declarations=[declaration("linear", naive, api)]
    )
    assert (
        "unexpected"
        in Document(agreed[agreed.index('<section id="matrix">') : agreed.index('<section id="rows"')]).words
    )


def test_what_was_not_run_is_given_with_its_reason(tmp_path: Path) -> None:
    skipped = replace(
        ROW, case="conv", verdict="not-run", quantity="", reason="the formula gave no truth", **UNMEASURED
    )
    words = Document(record(tmp_path, [ROW, skipped])).words
    assert "1 row: which, and why" in words
    assert "the formula gave no truth" in words


def test_a_gpu_that_was_left_out_is_named(tmp_path: Path) -> None:
    described = environment([])["environments"]
    described["torch"] = {"version": "2.13.0", "devices": ["cpu", "gpu:0"], "gpus": ["Some GPU"]}
    words = Document(record(tmp_path, [ROW], environments=described)).words
    assert "cpu (PyTorch sees gpu:0: not run)" in words
    assert "Some GPU" in words


def test_an_allowance_from_the_command_line_is_said(tmp_path: Path) -> None:
    words = Document(record(tmp_path, [ROW], tolerance={"rtol": 0.5, "atol": 1e-3})).words
    assert "Allowance set on the command line: rtol 0.5, atol 0.001" in words


def test_the_kernels_of_each_mode_are_told_in_words(tmp_path: Path) -> None:
    mixed = {"float64": "eigen", "float32": "onednn", "float16": "eigen", "bfloat16": "onednn"}
    named = {"eager": mixed, "graph": mixed, "compiled": dict.fromkeys(mixed, "avx512")}
    described = environment([ROW])["environments"]
    described["tensorflow"]["kernels"], described["torch"]["kernels"] = named, "nothing that is known"
    words = Document(record(tmp_path, [ROW], environments=described)).words
    assert "kernels eager eigen: float64, float16; onednn: float32, bfloat16" in words
    assert "kernels compiled avx512" in words


def test_the_worst_item_can_be_run_again(tmp_path: Path) -> None:
    again = {"before": "python3 -m nox -s parity --", "after": "--seed=3 --rtol=0.5"}
    catalogue = {"files": {"linear": "cases/linear.py"}}
    words = Document(record(tmp_path, [ROW, FAILED], reproduction=again, catalogue=catalogue)).words
    item = "'cases/linear.py::linear[bias=true]-float32-cpu'"
    assert f"python3 -m nox -s parity -- {item} --seed=3 --rtol=0.5" in words


def test_hostile_strings_are_text(tmp_path: Path) -> None:
    fields = dict.fromkeys(("case", "variant", "dtype", "device", "mode", "left", "blame", "shape"), HOSTILE)
    hostile = replace(FAILED, **fields, quantity=f"{HOSTILE}:y", left_framework=HOSTILE, reason=REASON, cause=REASON)
    rows = [replace(hostile, verdict=verdict) for verdict in VERDICTS]
    timing = replace(TIMING, case=HOSTILE, variant=HOSTILE, implementation=HOSTILE, dtype=HOSTILE, device=HOSTILE)
    described = {
        **environment([])["environments"],
        "torch": {HOSTILE: HOSTILE, "version": HOSTILE, "devices": [HOSTILE]},
    }
    source = record(
        tmp_path, rows, [timing], [declaration(HOSTILE, dict.fromkeys(("title", "because", "source", "fix"), REASON))],
        environments=described, machine={"system": HOSTILE}, tolerance={HOSTILE: HOSTILE}, seed=HOSTILE, began=HOSTILE,
        reproduction={"before": HOSTILE, "after": HOSTILE},
    )  # fmt: skip
    document = Document(source)
    assert [script.get("type") for script in document.all("script")] == ["text/plain", None]
    assert document.all("img") == []
    assert HOSTILE in document.text
    assert "{{ 7 * 7 }}" in document.text
    assert not any(name.startswith("on") for _, attributes in document.elements for name in attributes)
    assert {link["href"] for link in document.all("a") if str(link["href"]).startswith("http")} == {
        "https://example.org/a"
    }


def test_the_page_is_self_contained_and_labelled(tmp_path: Path) -> None:
    document = Document(record(tmp_path, [ROW, KERAS, FAILED, PAIR], [TIMING]))
    assert not any("src" in attributes for _, attributes in document.elements)
    assert document.all("link") == []
    policy = document.all("meta")[1]["content"] or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert len(document.all("table")) == len(document.all("caption"))
    assert all("scope" in attributes for attributes in document.all("th"))
    names = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(names) == len(set(names))
    targets = [str(link["href"])[1:] for link in document.all("a") if str(link["href"]).startswith("#")]
    assert {target.partition("?")[0] for target in targets} - {"row"} <= set(names)


def test_long_lists_are_cut_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "LISTED", 3)
    monkeypatch.setattr(html, "TIMED", 2)
    rows = [replace(FAILED, variant=f"n={n}", reason="y" * 5000) for n in range(7)]
    source = record(tmp_path, rows, [replace(TIMING, variant=f"n={n}") for n in range(5)])
    assert "The worst 3 of 7 are shown" in source
    assert "7 rows, <code>linear</code>" in source
    assert "The worst 3 are shown." in source
    assert "The first 2 of 5 are shown" in source
    assert "y" * 700 not in source


def test_a_broken_declaration_has_its_line(tmp_path: Path) -> None:
    blank = dict.fromkeys(("variant", "dtype", "device", "mode", "quantity", "left", "right", "left_framework"), "")
    broken = replace(ROW, case="conv2d", verdict="error", reason="cases/x.py:3: mend it", **blank, **UNMEASURED)
    words = Document(record(tmp_path, [broken])).words
    assert "! error 1 row, conv2d: the declaration; cases/x.py:3: mend it" in words
    assert "cases/x.py:3: mend it" in words
    assert "declaration" in words


def test_an_empty_record(tmp_path: Path) -> None:
    source = record(tmp_path, [])
    words = Document(source).words
    assert "○ no verdict" in words
    assert "No row was recorded." in words
    assert "No timing was recorded." in words
    assert counts(source) == dict.fromkeys(VERDICTS, 0)


def test_an_empty_folder(tmp_path: Path) -> None:
    words = Document(page(tmp_path)).words
    assert "no verdict" in words
    for name in (PARITY, QUICK, ENVIRONMENT):
        assert f"Incomplete record. {name}: cannot be read" in words
    assert str(tmp_path) not in words


@pytest.mark.parametrize("name", [PARITY, QUICK, ENVIRONMENT])
@pytest.mark.parametrize("content", [None, "", "[]", '"', "a,b\n1,2\n"])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, name: str, content: str | None) -> None:
    record(tmp_path, [ROW], [TIMING])
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    assert f"Incomplete record. {name}: " in Document(page(tmp_path)).words


@pytest.mark.parametrize("content", [None, "[]\n", '"\n', "{}\n", '{"case": 1, "family": "", "implementations": {}}\n'])
def test_a_missing_or_damaged_catalogue_is_named(tmp_path: Path, content: str | None) -> None:
    record(tmp_path, [ROW], [TIMING], [declaration("linear")])
    if content is None:
        (tmp_path / CATALOGUE).unlink()
    else:
        (tmp_path / CATALOGUE).write_text(content)
    assert f"Incomplete record. {CATALOGUE}: " in Document(page(tmp_path)).words


def test_the_line_that_a_killed_run_had_begun_is_left_out(tmp_path: Path) -> None:
    record(tmp_path, [ROW], [TIMING], [declaration("linear")])
    with (tmp_path / CATALOGUE).open("a") as stream:
        stream.write('{"case": "li')
    words = Document(page(tmp_path)).words
    assert "Incomplete" not in words
    assert "Fully connected" in words


@pytest.mark.parametrize("content", ["{}", '{"environments": [], "verdicts": 3, "machine": null, "seconds": "long"}'])
def test_an_environment_of_another_form_is_survived(tmp_path: Path, content: str) -> None:
    record(tmp_path, [ROW])
    (tmp_path / ENVIRONMENT).write_text(content)
    assert "not recorded" in Document(page(tmp_path)).words


def test_a_verdict_of_another_version_is_named(tmp_path: Path) -> None:
    words = Document(record(tmp_path, [replace(ROW, verdict="perhaps")], verdicts=dict.fromkeys(VERDICTS, 0))).words
    assert "parity.csv: no such verdict: 'perhaps'" in words


def test_an_interrupted_run_is_not_called_at_parity(tmp_path: Path) -> None:
    words = Document(record(tmp_path, [ROW], verdicts=dict.fromkeys(VERDICTS, 0))).words
    assert "✓ at parity" not in words
    assert "○ at parity so far" in words
    assert "The run did not finish" in words


def test_a_run_that_stopped_early_says_so(tmp_path: Path) -> None:
    words = Document(record(tmp_path, [ROW], planned=12)).words
    assert "The run stopped early: 1 of 12 planned items were run." in words
    assert "at parity so far" in words


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path / "nowhere")
