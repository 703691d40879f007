"""The committed documents are those of the catalogue, and what is missing behind them is found."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from parity.__main__ import main
from parity.catalog.load import load
from parity.judge.row import Row
from parity.record.read import read_rows
from parity.record.write import RecordWriter
from parity.report.diagram import diagram
from parity.report.docs import DocsError, documents, load_all, stale, write
from parity.report.findings import Finding, FindingError, findings
from parity.report.guide import guide
from parity.report.markdown import prose
from parity.report.measured import Measured, Verdict, measure, plain, size

ROOT = Path(__file__).parents[2]

CASES = '''
"""Things that pack: layers of two gates."""

from parity import Case, concat, grid, normal, stack, zeros

packed = Case(
    "packed",
    "Two gates.",
    sizes=dict(N=2, I=3, H=4, G=("r", "z")),
    parameters=dict(bias=True),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("G H I"), bias_in=normal("G H"), bias_out=normal("G H")),
    outputs=dict(y="N H"),
    variants=grid(bias=[True, False]),
)


def twice(value):
    return 2 * value


@packed.reference
def _(np, x, kernel, bias_in, bias_out):
    return x


@packed.torch.layer("torch.nn.Packed", weights=dict(
    weight="kernel: (G H) I", bias_ih="bias_in: (G H)", bias_hh="bias_out: (G H)", bias_zero=zeros("H")))
def _(torch):
    return torch.nn.Packed()


@packed.tensorflow.layer("keras.layers.Packed", weights=dict(
    kernel="kernel: I (G[z r] H)", bias=stack("bias_in: (G[z r] H)", "bias_out: (G[z r] H)")))
def _(tf):
    layer = tf.keras.layers.Packed()
    return layer, lambda x: twice(layer(x))


@packed.torch.naive("torch.nn.Packed", "gates left as they are", when=dict(bias=False), because="z comes first",
                    source="https://example.org/docs/packed.html", fix="swap the gates")
def _(torch, x, kernel, bias_in, bias_out):
    return x


packed.deviation("torch.nn.Packed", quantities=["output:y"], within=1, because="it is wrong", source="measured")
'''
NAIVE = "torch.nn.Packed (gates left as they are)"
MEASURED = [
    Measured("packed", NAIVE, "", "bias=false", "float64", "cpu", "output:y", "4e-01", "2e+00", "", "2.13.0"),
    Measured(
        "packed", "torch.nn.Packed", "it is wrong", "", "float64", "cpu", "output:y", "3e-09", "1e+00", "", "2.13"
    ),
]
SCRIPT = '"""PyTorch: packed is wrong.\n\nSomewhat.\n\nDeclared as:\npacked: torch.nn.Packed\n"""\n'
VERDICTS = {"packed": Verdict("packed", passed=10, expected=1, failed=0)}


@pytest.fixture
def files(tmp_path):
    """The one case file above, loaded."""
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "things.py").write_text(CASES)
    loaded = load(folder / "things.py")
    assert not loaded.broken
    return [loaded]


def test_the_committed_documents_are_up_to_date():
    found = stale(ROOT / "cases", ROOT / "docs")
    assert not found, "\n".join(["the documents are stale", *found])


def test_every_operation_is_in_the_guide_with_its_traps():
    texts = documents(ROOT / "cases", ROOT / "docs")
    for file in load_all(ROOT / "cases"):
        page = texts[f"porting-guide/{file.path.stem}.md"]
        for case in file.cases:
            assert f'<a id="op-{case.name}"></a>' in page
            assert f"{file.path.stem}.md#op-{case.name})" in texts["porting-guide.md"]
            for naive in case.divergences:
                assert f"**{prose(naive.divergence.title)}**" in page


def test_a_page_shows_both_sides_the_mapping_and_the_traps(files):
    page = guide(files, MEASURED)["porting-guide/things.md"]
    assert page.startswith("# Things that pack\n")
    assert "torch.nn.Packed()" in page
    assert "def twice(value):\n    return 2 * value" in page
    assert "off by 0.4: 20 % of the largest true value (with `bias=false`)" in page
    assert "Why: z comes first ([example.org, `packed`](https://example.org/docs/packed.html))" in page
    assert "Instead: swap the gates" in page
    assert "off by 3e-9" in page


def test_a_trap_without_a_measurement_says_so(files):
    assert "Measured: not yet" in guide(files, [])["porting-guide/things.md"]


def test_diagram_draws_merged_reordered_stacked_and_zero_parts(files):
    lines = [" ".join(line.split()) for line in diagram(files[0].case("packed")).splitlines()]
    assert "weights kernel [G(r z), H, I] bias_in [G(r z), H] bias_out [G(r z), H]" in lines
    assert "weight [G(r z) x H, I] <- kernel [G(r z), H, I]" in lines
    assert "bias_zero <- zeros [H]" in lines
    assert "kernel [I, G(z r) x H] <- kernel [G(r z), H, I]" in lines
    assert "bias <- stack along a new axis 0:" in lines
    assert "| [G(z r) x H] of bias_out [G(r z), H]" in lines


def test_every_deviation_needs_a_script(files):
    shown = Finding("packed", "PyTorch: packed is wrong", "Somewhat.", (("packed", "torch.nn.Packed"),))
    text = findings([shown], files, MEASURED)
    assert "`output:y` off by 3e-9" in text
    assert "[`findings/packed.py`](findings/packed.py)" in text
    with pytest.raises(FindingError, match=r"an error of torch\.nn\.Packed, which no script shows"):
        findings([], files, MEASURED)
    with pytest.raises(FindingError, match="declares no deviation"):
        findings([Finding("other", "Other", "", (("packed", "torch.other"),))], files, MEASURED)


def test_a_declared_crash_needs_a_script_and_says_where(files):
    files[0].cases[0].limitation(
        "keras.layers.Packed", stage="crash", raises="killed by SIGABRT", because="a check fails", source="measured",
        modes=["graph"],
    )  # fmt: skip
    pairs = ("packed", "torch.nn.Packed"), ("packed", "keras.layers.Packed")
    with pytest.raises(FindingError, match=r"an error of keras\.layers\.Packed, which no script shows"):
        findings([Finding("packed", "Packing is wrong", "", pairs[:1])], files, MEASURED)
    text = findings([Finding("packed", "Packing is wrong", "", pairs)], files, MEASURED)
    assert "| every format, as a graph | `killed by SIGABRT` | a check fails (measured) |" in text
    page = guide(files, MEASURED)["porting-guide/things.md"]
    assert (
        "- `keras.layers.Packed`, as a graph: ends the process, `killed by SIGABRT`: a check fails (measured)" in page
    )


def test_what_an_implementation_does_beside_its_values_is_no_finding(files):
    case, why = files[0].cases[0], dict(because="it is meant so", source="measured")
    case.deviation("keras.layers.Packed", quantities=["grad:x"], missing=True, **why)
    case.deviation("keras.layers.Packed", quantities=["input:x"], **why)
    case.limitation("keras.layers.Packed", stage="inference", raises="RuntimeError: no kernel", **why)
    shown = Finding("packed", "PyTorch: packed is wrong", "", (("packed", "torch.nn.Packed"),))
    assert "keras.layers.Packed" not in findings([shown], files, MEASURED)
    page = guide(files, MEASURED)["porting-guide/things.md"]
    for heading in ("Known to have no gradient (None)", "Known to write to its inputs"):
        assert f"**{heading}**\n\n- `keras.layers.Packed`: it is meant so (measured)" in page
    assert "cannot be called without recording gradients, raises `RuntimeError: no kernel`: it is meant so" in page


def test_what_is_known_of_all_modes_names_none(files):
    for modes, raises in ((["eager"], "no kernel"), (["graph", "compiled"], "no shape")):
        files[0].cases[0].limitation(
            "keras.layers.Packed", raises=raises, because="it is refused", source="measured", modes=modes
        )
    page = guide(files, MEASURED)["porting-guide/things.md"]
    said = "- `keras.layers.Packed`: cannot be called, raises `no kernel`, `no shape`: it is refused (measured)"
    assert said in page


def test_a_deviation_without_a_number_is_told_in_words(files):
    nan = Measured(
        "packed", "torch.nn.Packed", "it is wrong", "", "float64", "cpu", "output:y", "", "", "with NaN", "2.13"
    )
    shown = Finding("packed", "PyTorch: packed is wrong", "", (("packed", "torch.nn.Packed"),))
    assert "`output:y` is with NaN" in findings([shown], files, [nan])


WITHOUT_NUMBERS = dict(
    case="packed", variant="bias=false", dtype="float64", device="cpu", mode="eager", quantity="output:y",
    left="torch.nn.Packed", right="reference", left_version="2.13.0", max_abs_error=float("nan"), seed=0,
    verdict="expected", reason="it is wrong (measured)",
)  # fmt: skip


def test_a_deviation_to_nan_is_measured_in_words(files):
    (found,), _ = measure(files, pd.DataFrame([WITHOUT_NUMBERS]))
    assert (found.error, found.quantity) == ("", "output:y")
    assert found.raised == "of another shape or type, or with NaN or infinity that the truth has not"


def test_what_a_port_raises_does_not_depend_on_what_ran_before_it(files):
    known = next(port.divergence for port in files[0].case("packed").divergences)
    said = "ValueError: {{node x}} Exception encountered when calling layer 'basic_lstm_cell_182' (type Cell_2)."
    reason = f"{known.because} ({known.source}). Instead: {known.fix}: {said} (at keras/layer.py:7)"
    row = WITHOUT_NUMBERS | dict(left=NAIVE, reason=reason)
    (found,), _ = measure(files, pd.DataFrame([row]))
    assert found.raised == "ValueError: Exception encountered when calling layer 'basic_lstm_cell' (type Cell_2)."


def test_a_script_may_show_a_naive_port(files):
    shown = Finding("gates", "PyTorch: packed is wrong", "", (("packed", "torch.nn.Packed"), ("packed", NAIVE)))
    text = findings([shown], files, MEASURED)
    assert "`output:y` off by 0.4: 20 % of the largest true value" in text
    assert "z comes first" in text
    assert "not yet" in findings([shown], files, MEASURED[1:])


@pytest.mark.parametrize("script", sorted((ROOT / "docs" / "findings").glob("*.py")), ids=lambda path: path.stem)
def test_scripts_import_one_framework_and_numpy(script):
    tree = ast.parse(script.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    packages = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert packages <= {script.stem.partition("_")[0], "numpy"}


def test_documents_are_written_from_a_record_and_become_stale(files, tmp_path, capsys):
    record, docs = tmp_path / "reports", tmp_path / "docs"
    row = Row(
        run="r", case="packed", variant="bias=false", dtype="float64", device="cpu", mode="eager", quantity="output:y",
        left="torch.nn.Packed", right="reference", left_framework="torch", left_version="2.13.0",
        right_framework="reference", max_abs_error=3e-9, verdict="expected", reason="it is wrong (measured)",
    )  # fmt: skip
    naive = Row(**{**vars(row), "left": NAIVE, "max_abs_error": 0.44, "reason": "z comes first"})
    passed = Row(**{**vars(row), "left": "keras.layers.Packed", "max_abs_error": 0.0, "verdict": "pass", "reason": ""})
    writer = RecordWriter(record)
    writer.add([row, naive, passed], [])
    writer.close()
    (docs / "findings").mkdir(parents=True)
    (docs / "findings" / "packed.py").write_text(SCRIPT)
    (docs / "inventory.csv").write_text(
        "documents,item,kind,tensorflow,pytorch,compared,cases,today\n001,packing,operation,,,forward,packed,\n"
    )
    cases = files[0].path.parent
    assert main(["docs", str(record), "--cases", str(cases), "--output", str(docs)]) == 0
    assert "porting-guide.md" in capsys.readouterr().out
    assert stale(cases, docs) == []
    assert "packed,1,1,0" in (docs / "verdicts.csv").read_text()
    assert "4e-01" in (docs / "measured.csv").read_text()
    files[0].path.write_text(CASES.replace("swap the gates", "exchange the gates"))
    assert any("porting-guide/things.md" in line for line in stale(cases, docs))
    files[0].path.write_text(CASES.replace("gates left as they are", "gates left"))
    assert any("is not measured" in line for line in stale(cases, docs))


def test_a_deviation_of_a_mode_is_measured_in_that_mode(files, tmp_path, capsys):
    files[0].path.write_text(CASES.replace("within=1, because", 'modes=["compiled"], within=1, because'))
    row = Row(
        run="r", case="packed", variant="bias=false", dtype="float64", device="cpu", mode="eager", quantity="output:y",
        left="torch.nn.Packed", right="reference", left_framework="torch", left_version="2.13.0",
        right_framework="reference", max_abs_error=0.0, verdict="pass",
    )  # fmt: skip
    compiled = {"mode": "compiled", "verdict": "expected", "max_abs_error": 3e-9, "reason": "it is wrong (measured)"}
    for mode, changes in (("eager", {}), ("compiled", compiled)):
        writer = RecordWriter(tmp_path / mode)
        writer.add([Row(**{**vars(row), **changes})], [])
        writer.close()
    rows = pd.concat([read_rows(tmp_path / mode) for mode in ("eager", "compiled")])
    measured, verdicts = measure([load(files[0].path)], rows)
    assert [(entry.declared, entry.error) for entry in measured] == [("it is wrong", "3e-09")]
    assert [(verdict.passed, verdict.expected) for verdict in verdicts] == [(1, 0)]
    case = [load(files[0].path)]
    assert measure(case, read_rows(tmp_path / "eager"), measured)[0] == measured, "it is kept where its mode is not run"
    assert main(["docs", "--of-modes", "--cases", str(files[0].path.parent)]) == 0
    assert capsys.readouterr().out == "packed\n"


def test_what_other_kernels_get_wrong_is_kept_as_it_was_measured(files, tmp_path):
    """A record of a machine where everything is right knows nothing of it."""
    text = CASES.replace("within=1, because", 'kernels=["avx512"], within=1, because')
    files[0].path.write_text(text.replace('fix="swap the gates"', 'fix="swap the gates", kernels=["avx512"]'))
    writer = RecordWriter(tmp_path / "record")
    writer.add([], [])
    writer.close()
    case, rows = load(files[0].path), read_rows(tmp_path / "record")
    other = replace(MEASURED[0], case="gone")
    assert measure([case], rows, [*MEASURED, other])[0] == MEASURED
    assert measure([case], rows)[0] == []
    assert ", with AVX-512 kernels: " in guide([case], MEASURED)["porting-guide/things.md"]
    assert "- Where: with AVX-512 kernels; right with others" in guide([case], MEASURED)["porting-guide/things.md"]


def test_what_cannot_be_written_is_said(files, tmp_path, capsys):
    assert main(["docs", str(tmp_path / "none"), "--cases", str(files[0].path.parent)]) == 1
    assert "cannot be read" in capsys.readouterr().err
    files[0].path.write_text(CASES + "\nnonsense\n")
    with pytest.raises(DocsError, match="nonsense"):
        write([tmp_path / "none"], files[0].path.parent, tmp_path / "docs")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0312, "0.03"), (412.0, "400"), (2.2e-8, "2e-8"), (3e7, "3e7"), (1.0, "1"), (96.0, "100")]
)
def test_sizes_have_one_digit(value, text):
    assert plain(value) == text


def test_an_error_stands_beside_the_truth():
    assert size(MEASURED[0]) == "off by 0.4: 20 % of the largest true value"
    assert size(MEASURED[1]) == "off by 3e-9: 3e-9 times the largest true value"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("pass approximate='tanh'.", "pass `approximate='tanh'`."),
        ("tf.nn.gelu and x * 2 [N]", "`tf.nn.gelu` and x \\* 2 \\[N\\]"),
        ("1e-7 of batch_first", "1e-7 of `batch_first`"),
    ],
)
def test_prose_sets_code_and_means_the_rest_literally(text, markdown):
    assert prose(text) == markdown
