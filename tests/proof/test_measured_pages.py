"""The pages of what was measured: figures come from the records, and stale pages are noticed."""

import json
from types import SimpleNamespace

import pytest

from proof import identical, report, supported, timed_worker, timing_report, upgrade_report
from proof.marked import Marked
from proof.observe import ROOT
from proof.regressions import page as regressions

ROW = {
    "case": "linear", "item": "linear-float32-cpu", "api": "torch.nn.Linear", "measure": "forward", "seconds": 1e-5,
    "ratio": 1.01, "low": 0.98, "high": 1.04, "said": "no difference", "repeated": False,
}  # fmt: skip


def measured(*rows, undecided=0):
    return {"rows": [{**ROW, **row} for row in rows], "undecided": undecided, "operations": 1}


@pytest.fixture
def record():
    alarm = dict(ratio=1.06, low=1.01, said="slower", repeated=True)
    slower = dict(ratio=1.1, low=1.05, high=1.15, said="slower")
    return {
        "processor": "a processor", "processors": 2, "cost": 150.4,
        "same": measured({}, {}, {}, alarm), "busy": measured({}, undecided=2),
        "slower 0.1": measured(slower, slower, slower, {}), "slower 0.2": measured(slower),
        "timer": [{"item": "linear-float32-cpu", "seconds": 2e-5, "ratio": 1.02}],
    }  # fmt: skip


def test_the_page_of_timings_tells_what_was_measured(tmp_path, record):
    (tmp_path / "proof").mkdir()
    (tmp_path / "proof" / "timings.json").write_text(json.dumps(record))
    page = timing_report.document(tmp_path)
    assert "| the machine as it was | 1 | 4 | 1 (25.0%) | 1 | 0 |" in page
    assert "| one processor kept busy by another process | 1 | 1 | 0 (0.0%) | 0 | 2 |" in page
    assert "| 10 % | 1 | 4 | 3 (75.0%) | 1 | 1.100 |" in page
    assert "| 20 % | 1 | 1 | 1 (100.0%) | 0 | 1.100 |" in page
    assert "2.0% apart in the median" in page
    assert "took 150 s" in page


STEP = {
    "candidate": ["torch==2.14.1"], "old": {"torch": "2.13.0", "tensorflow": "2.21.0", "keras": "3.15.1"},
    "new": {"torch": "2.14.1", "tensorflow": "2.21.0", "keras": "3.15.1"}, "compared": 5000, "share": "9 of 9 items",
    "status": 1,
    "counts": {"broke parity": 2, "drifted": 3, "unchanged": 4995},
    "groups": [
        {
            "change": "broke parity", "case": "gelu", "implementation": "torch.nn.GELU",
            "heading": "broke parity: gelu, torch.nn.GELU, 2 items (output:y)", "example": "gelu-float32-cpu",
            "described": "512 ulp apart; PyTorch moved", "truth": {"worse": 2},
        }
    ],
}  # fmt: skip


def test_the_section_of_upgrades_tells_what_was_measured_and_what_the_notes_say(monkeypatch):
    monkeypatch.setattr(upgrade_report, "NOTES", {("torch==2.14.1", "gel*"): "admitted"})
    lines = list(upgrade_report.section({"PyTorch": [STEP]}))
    text = "\n".join(lines)
    assert "| PyTorch | torch 2.13.0 to 2.14.1 | 5,000, 9 of 9 items | 2 broke parity, 3 drifted | 1 |" in text
    assert "| 2 worse | admitted |" in text


def test_a_part_of_a_page_is_replaced_between_its_marks(tmp_path):
    part = Marked(tmp_path / "page.md", title="measured things", session="measure")
    begin, end = "<!-- measured things: written by nox -s measure -->", "<!-- end of measured things -->"
    part.page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    part.write(["new", "lines"])
    assert part.page.read_text() == f"before\n{begin}\n\nnew\nlines\n{end}\nafter\n"
    with pytest.raises(ValueError, match=r"page\.md has no place for the measured things"):
        part.replaced(f"no end\n{begin}\n", [])


def test_an_injected_slowdown_takes_its_share(monkeypatch):
    now = [0.0]

    def work():
        now[0] += 1.0

    def clock():
        now[0] += 0.001
        return now[0]

    monkeypatch.setattr(timed_worker, "time", SimpleNamespace(perf_counter=clock))
    timed_worker.slowed(work, 0.1)()
    assert now[0] == pytest.approx(1.1, abs=0.01)


def records(*names):
    return [json.loads((ROOT / "docs" / "proof" / f"{name}.json").read_text(encoding="utf-8")) for name in names]


@pytest.mark.parametrize(
    ("part", "lines"),
    [
        (upgrade_report.PART, lambda: upgrade_report.section(*records("upgrades"))),
        (upgrade_report.TRANSITIONS, upgrade_report.transitions),
        (regressions.PART, lambda: regressions.section(*records("regressions"))),
        (identical.PART, lambda: identical.section(*records("identical"))),
        (supported.PART, lambda: supported.section(*records("supported"))),
        (report.IN_SHORT, lambda: report.in_short(*records(*report.RECORDS))),
    ],
)
def test_the_generated_parts_of_pages_are_those_of_their_records(part, lines):
    page = part.page.read_text(encoding="utf-8")
    assert part.replaced(page, lines()) == page


@pytest.mark.parametrize(("name", "made"), [(timing_report.PAGE, timing_report), (report.PAGE, report)])
def test_the_generated_pages_are_those_of_their_records(name, made):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made.document(ROOT / "docs")
