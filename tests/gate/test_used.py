"""Which framework functions a user's code uses, without running it, and which implementations stand for them."""

import json
import time

import pytest

from parity.gate.used import UsedError, touched, used
from parity.record.read import read_asked
from parity.report.causes import called


def test_nothing_is_run(code, tmp_path):
    code({"a.py": f"import torch\nopen({str(tmp_path / 'pwned')!r}, 'w')", "conftest.py": "raise SystemExit"})
    assert not (tmp_path / "pwned").exists()


def test_what_does_not_exist_or_is_empty(tmp_path):
    with pytest.raises(UsedError, match="does not exist: name a folder or a file"):
        used(tmp_path / "missing")
    usage = used(tmp_path)
    assert (usage.uses, usage.files, usage.warnings) == ({}, 0, ())


def test_a_thousand_files_take_seconds(code):
    body = (
        "import torch\nfrom torch import nn\n"
        + "def f(x, y):\n    return nn.Linear(x)(torch.exp(y)) + x.sum() * 2\n" * 75
    )
    started = time.process_time()
    usage = code({f"p{i // 100}/m{i}.py": body for i in range(200)})
    assert usage.files == 200
    assert time.process_time() - started < 10


# The catalogue's implementations ----------------------------------------------------------------------------------


def touching(usage, implementations, asked=()):
    calls = {}
    for implementation, names in dict(asked).items():
        calls[implementation] = set(names)
    return touched(usage, implementations, calls)


@pytest.mark.parametrize(
    ("source", "api"),
    [
        ("from torch import nn\nnn.GELU()", "torch.nn.GELU"),
        ("from torch import nn\nnn.GELU()", "torch.nn.GELU (approximate left at its default)"),
        ("from torch import nn\nnn.GELU()", "torch.nn.GELU(approximate='tanh')"),
        ("import tensorflow as tf\ntf.keras.layers.Conv2D(1)", "keras.layers.Conv2D (padding=same)"),
        ("import keras\nkeras.layers.Conv2D(1)", "tf.keras.layers.Conv2D"),
        ("import keras\nkeras.layers.Convolution2D(1)", "keras.layers.Conv2D"),
        ("import keras\nkeras.layers.MaxPool2D(1)", "keras.layers.MaxPooling2D"),
        ("import tensorflow as tf\ntf.nn.l2_normalize(x)", "tf.cast + tf.nn.l2_normalize"),
        ("import tensorflow as tf\ntf.math.reduce_sum(x)", "tf.reduce_sum"),
        ("import tensorflow as tf\ntf.sigmoid(x)", "tf.nn.sigmoid"),
        ("import torch\nx.clamp(0)\ntorch.zeros(1)", "torch.clamp"),
        ("import torch\nx.clamp_(0)\ntorch.zeros(1)", "torch.Tensor.clamp"),
        ("import torch\ntorch.relu(x)", "torch.nn.functional.relu"),
        ("import torch\n(q @ k) + torch.zeros(1)", "torch.matmul"),
        ("import keras\nkeras.ops.nn.softmax(x)", "keras.ops.softmax"),
    ],
)
def test_an_implementation_that_is_named_after_a_use_is_touched(code, source, api):
    found = touching(
        code({"a.py": source}), [("case", api), ("other", "torch.nn.GELUTanh"), ("other", "a * d - b * c")]
    )
    assert list(found.implementations) == [("case", api)]
    assert found.implementations["case", api][0].places == ("a.py:2",)


@pytest.mark.parametrize(
    "api", ["torch.nn.Linear (torch.nn.GELU in front)", "torch.nn.GELUs", "torch series", "my.torch.nn.GELU"]
)
def test_other_implementations_are_not(code, api):
    assert touching(code({"a.py": "from torch import nn\nnn.GELU()"}), [("case", api)]).implementations == {}


def test_a_function_without_cases_of_its_own_stands_for_those_that_call_it(code):
    usage = code({"a.py": "import torch\ntorch.erfinv(x)\ntorch.cat(x)"})
    asked = {
        ("quantile", "torch series"): ["torch.erfinv", "torch.cat"],
        ("joined", "torch.cat"): ["torch.cat"],
        ("lstm", "torch.nn.LSTM"): ["torch.nn.LSTM", "torch.nn.LSTM.__call__", "torch.cat"],
    }
    found = touching(usage, asked, asked)
    assert {key: [use.name for use in uses] for key, uses in found.implementations.items()} == {
        ("quantile", "torch series"): ["torch.erfinv"],
        ("joined", "torch.cat"): ["torch.cat"],
    }


def test_a_helper_that_many_call_touches_none(code):
    usage = code({"a.py": "import torch\nwith torch.no_grad():\n    torch.exp(x)"})
    asked = {(f"case{i}", "torch series"): ["torch.no_grad"] for i in range(21)}
    found = touching(usage, asked, asked)
    assert found.implementations == {}
    assert [use.name for use in found.uncovered] == ["torch.exp"]
    few = dict(list(asked.items())[:20])
    assert len(touching(usage, few, few).implementations) == 20


def test_uses_that_no_implementation_stands_for_are_told(code):
    usage = code({"a.py": "import torch\ntorch.exp(x)\ntorch.frobnicate(x)\nz = torch.float32\nx.odd()"})
    found = touching(usage, [("exp", "torch.exp")])
    assert [use.name for use in found.uncovered] == ["torch.frobnicate"]


def test_with_a_real_record(code, tmp_path):
    row = dict(case="norm", implementation="a by hand", framework="torch", variant="", kind="call", defaults={})
    lines = [{**row, "name": "torch.rsqrt", "given": {}}, {**row, "kind": "read", "name": "torch.exp", "given": {}}]
    (tmp_path / "asked.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    usage = code({"a.py": "import torch\ntorch.rsqrt(x)\ntorch.exp(x)"})
    found = touched(usage, [("norm", "a by hand")], called(read_asked(tmp_path)))
    assert [use.name for use in found.implementations["norm", "a by hand"]] == ["torch.rsqrt"]
    assert [use.name for use in found.uncovered] == ["torch.exp"]
