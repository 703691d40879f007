"""What a run writes of a declaration, for the pages."""

import json
import textwrap

import pytest

from parity.catalog.load import load
from parity.report.declared import declared

CASES = '''
"""Lines: straight ones.

More about them.
"""

from parity import Case, grid, normal

def doubled(x):
    return 2 * x

line = Case(
    "line", "y = a x + b.", sizes=dict(N=2, I=3, O=4), inputs=dict(x=normal("N I")),
    weights=dict(a=normal("O I"), b=normal("O")), outputs=dict(y="N O"), variants=grid(bias=[True, False]),
    pooled=False,
)

@line.reference
def _(np, x, a, b, *, bias):
    return doubled(x) @ a.T / 2 + (b if bias else 0 * b)

@line.torch("torch.nn.functional.linear")
def _(torch, x, a, b, *, bias):
    return torch.nn.functional.linear(x, a, b if bias else 0 * b)

@line.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="a: I O", bias="b: O"))
def _(tf, *, O):
    return tf.keras.layers.Dense(O)

@line.tensorflow.naive(
    "tf.matmul", "kernel as it is", because="rows and columns", source="measured", fix="transpose",
    when=dict(bias=True), raises="InvalidArgumentError: Matrix size",
)
def _(tf, x, a, b):
    return tf.matmul(x, a) + b
'''


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    path = tmp_path_factory.mktemp("declared") / "lines.py"
    path.write_text(textwrap.dedent(CASES).lstrip())
    file = load(path)
    assert not file.broken
    return declared(file.case("line"), path)


def test_it_is_json(line):
    assert json.loads(json.dumps(line)) == line


def test_what_is_told_of_a_case(line):
    assert (line["case"], line["family"], line["summary"], line["pooled"]) == ("line", "Lines", "y = a x + b.", False)
    assert line["place"].endswith("lines.py:11")
    assert line["variants"] == ["bias=true", "bias=false"]
    assert line["texts"][line["formula"]] == "doubled(x) @ a.T / 2 + (b if bias else 0 * b)"
    assert line["texts"][line["helpers"]] == "def doubled(x):\n    return 2 * x"


def test_what_is_told_of_implementations(line):
    found = {api: (each["framework"], each["kind"]) for api, each in line["implementations"].items()}
    assert found == {
        "torch.nn.functional.linear": ("torch", "function"),
        "keras.layers.Dense": ("tensorflow", "layer"),
        "tf.matmul (kernel as it is)": ("tensorflow", "function"),
    }
    dense = line["implementations"]["keras.layers.Dense"]
    assert line["texts"][dense["code"]] == "tf.keras.layers.Dense(O)"
    assert json.loads(line["texts"][dense["mapping"][0]]) == [
        ["kernel [I, O]", "<-", ["a [O, I]"]],
        ["bias [O]", "<-", ["b [O]"]],
    ]


def test_a_script_for_each_variant(line):
    scripts = ["".join(line["texts"][n] for n in s) for s in line["implementations"]["keras.layers.Dense"]["script"]]
    assert all("tf.keras.layers.Dense(O)" in script for script in scripts)
    assert [f"bias={value}" in script for script, value in zip(scripts, ("True", "False"), strict=True)] == [True, True]


def test_a_naive_port_has_its_fault_and_only_the_variants_that_it_is_run_for(line):
    port = line["implementations"]["tf.matmul (kernel as it is)"]
    assert port["naive"] == {
        "title": "kernel as it is", "because": "rows and columns", "source": "measured", "fix": "transpose",
    }  # fmt: skip
    assert [bool(script) for script in port["script"]] == [True, False]
    assert line["implementations"]["torch.nn.functional.linear"]["naive"] is None


def test_a_source_that_is_gone_does_not_stop_the_run(tmp_path):
    path = tmp_path / "gone.py"
    path.write_text(textwrap.dedent(CASES).lstrip())
    case = load(path).case("line")
    path.unlink()
    found = declared(case, path)
    assert (found["case"], found["summary"], found["implementations"]) == ("line", "y = a x + b.", {})
    assert found["problem"].startswith("FileNotFoundError: ")
