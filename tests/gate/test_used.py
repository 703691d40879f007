"""Which framework functions a user's code uses is read from its source, and told where, without running it."""

import json
import time
import warnings
from textwrap import dedent

import pytest

from parity.gate.used import UsedError, canonical, touched, used
from parity.record.read import read_asked
from parity.report.causes import called


@pytest.fixture
def code(tmp_path):
    """``code({"a.py": "..."})``: what the files use."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return used(tmp_path)

    return write


def certain(usage):
    return {use.name: list(use.places) for use in usage.uses.values() if use.certain}


def maybe(usage):
    return {use.name for use in usage.uses.values() if not use.certain}


# Names of a file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import torch\ntorch.exp(x)", "torch.exp"),
        ("import torch.nn.functional as F\nF.gelu(x)", "torch.nn.functional.gelu"),
        ("import torch.nn.functional\ntorch.nn.functional.gelu(x)", "torch.nn.functional.gelu"),
        ("from torch import nn\nnn.GELU()", "torch.nn.GELU"),
        ("from torch.nn import GELU as Gelu\nGelu()", "torch.nn.GELU"),
        ("from torch.nn.modules.conv import Conv2d\nConv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("from torch.optim.adam import Adam\nAdam(p)", "torch.optim.Adam"),
        ("import tensorflow as tf\ntf.nn.relu(x)", "tf.nn.relu"),
        ("import tensorflow\ntensorflow.nn.relu(x)", "tf.nn.relu"),
        ("import tensorflow.compat.v2 as tf\ntf.nn.relu(x)", "tf.nn.relu"),
        ("import tensorflow.compat.v1 as tf\ntf.get_variable('x')", "tf.compat.v1.get_variable"),
        ("import tensorflow as tf\ntf.keras.layers.Dense(2)", "keras.layers.Dense"),
        ("from tensorflow import keras\nkeras.layers.Dense(2)", "keras.layers.Dense"),
        ("from tensorflow.keras.layers import Dense\nDense(2)", "keras.layers.Dense"),
        ("from tensorflow.python.keras import layers\nlayers.Dense(2)", "keras.layers.Dense"),
        ("from keras import layers\nlayers.Dense(2)", "keras.layers.Dense"),
        ("import keras\nkeras.layers.Dense(2)", "keras.layers.Dense"),
        ("from keras.api.layers import Dense\nDense(2)", "keras.layers.Dense"),
        ("import tf_keras\ntf_keras.layers.LSTM(2)", "tf.compat.v1.keras.layers.LSTM"),
        ("import tensorflow as tf\ntf.losses.MeanSquaredError()", "keras.losses.MeanSquaredError"),
        ("import torch\n@torch.no_grad()\ndef f(): pass", "torch.no_grad"),
        ("import torch\nclass A(torch.nn.LSTM): pass", "torch.nn.LSTM"),
        ("import torch.nn as nn\ndef f(act=nn.GELU): pass", "torch.nn.GELU"),
        ("import torch.nn as nn\nACTS = {'gelu': nn.GELU}", "torch.nn.GELU"),
        ("import torch\ngetattr(torch.nn, 'GELU')()", "torch.nn.GELU"),
        ("import torch\nF = torch.nn.functional\nF.gelu(x)", "torch.nn.functional.gelu"),
        ("from torch import nn\nC = nn.Conv2d if x else nn.Conv3d\nC(1)", "torch.nn.Conv3d"),
        ("def f(x):\n    import torch\n    return torch.exp(x)", "torch.exp"),
        ("import torch\nclass A:\n    def f(self, x):\n        return [torch.exp(y) for y in x]", "torch.exp"),
        ("import torch\nf'{torch.exp(x)}'", "torch.exp"),
        ("import torch\nasync def f():\n    return await g(torch.exp(x))", "torch.exp"),
        ("try:\n    from tensorflow.keras import ops\nexcept ImportError:\n    ops = 0\nops.relu(x)", "keras.ops.relu"),
        ("from torch import nn\nnn.Embedding.from_pretrained(w)", "torch.nn.Embedding"),
        ("from functools import partial\nfrom torch import nn\npartial(nn.LayerNorm, eps=1e-6)", "torch.nn.LayerNorm"),
    ],
)  # fmt: skip
def test_a_name_is_told_however_it_is_imported(code, source, name):
    line = len(source.removesuffix("\ndef f(): pass").split("\n"))
    assert f"a.py:{line}" in certain(code({"a.py": source}))[name]


def test_each_place_is_told_once_in_order(code):
    usage = code({
        "b.py": "import torch\n\ntorch.exp(torch.exp(x))\ntorch.exp(x)",
        "a/c.py": "import torch\ntorch.exp(x)",
    })  # fmt: skip
    assert certain(usage) == {"torch.exp": ["a/c.py:2", "b.py:3", "b.py:4"]}
    assert usage.files == 2
    assert usage.warnings == ()


def test_a_single_file(tmp_path):
    (tmp_path / "train").write_text("import torch\ntorch.exp(x)")
    assert certain(used(tmp_path / "train")) == {"torch.exp": ["train:2"]}


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "from torch import exp",
        "import numpy as np\nnp.exp(x)",
        "import torchvision\ntorchvision.ops.nms(x)",
        "# torch.exp(x)\n'torch.exp(x)'",
        "import torch\ndef f(torch):\n    torch.exp(x)",
        "from torch import exp\ndef f(x):\n    exp = x\n    exp(x)",
        "import torch\ndef f(x: torch.Tensor) -> torch.Tensor:\n    y: torch.nn.GELU\n    return x",
        "import torch\ntorch.__version__.split('.')",
    ],
)
def test_what_is_not_used_is_not_told(code, source):
    assert certain(code({"a.py": source})) == {}


def test_a_class_does_not_hide_names_from_its_methods(code):
    source = """
        from torch import exp
        class A:
            exp = 1
            def f(self, x):
                return exp(x)
    """
    assert certain(code({"a.py": source})) == {"torch.exp": ["a.py:6"]}


# What may be ------------------------------------------------------------------------------------------------------


def test_methods_may_be_a_tensors(code):
    source = """
        import numpy as np
        import torch
        y = torch.exp(x).clamp(0).sum()
        self.weight.data.copy_(y)
        q @ k
        self.run(y)
        np.tile(y)
        " ".join(y)
        super().forward(y)
        Thing.Other(y)
    """
    usage = code({"a.py": source})
    assert certain(usage) == {"torch.exp": ["a.py:4"]}
    assert maybe(usage) == {f"torch.Tensor.{name}" for name in ("clamp", "sum", "copy_", "matmul")}


def test_methods_of_code_without_pytorch_are_no_tensors(code):
    assert code({"a.py": "import tensorflow as tf\nx.clamp(0)", "b.py": "x.clamp(0)"}).uses == {}


def test_star_imports_may_give_a_name(code):
    usage = code({"a.py": "from torch.nn import *\nfrom keras.layers import *\nprint(Linear(1, 2))\n"})
    assert certain(usage) == {}
    assert {"torch.nn.Linear", "keras.layers.Linear"} <= maybe(usage)
    assert not {"torch.nn.print", "keras.layers.print"} & maybe(usage)


def test_activations_that_are_named_by_their_text(code):
    source = """
        from tensorflow.keras import layers
        layers.Dense(2, activation="gelu")
        layers.Activation("tanh")
        print(activation="relu")
    """
    assert maybe(code({"a.py": source})) == {"keras.activations.gelu", "keras.activations.tanh"}


def test_a_computed_name_is_told_as_not_followed(code):
    usage = code({"a.py": "import torch\nlayer = getattr(torch.nn, kind)\ngetattr(x, kind)"})
    assert usage.warnings == ("a.py:2: getattr of torch.nn with a computed name: not followed",)


# Several files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("importing", "exporting"),
    [
        ("from .ops import act\nact(x)", "from torch.nn.functional import gelu as act"),
        ("from . import ops\nops.act(x)", "from torch.nn.functional import gelu as act"),
        ("from .ops import F\nF.gelu(x)", "import torch.nn.functional as F"),
        ("from pkg.ops import F\nF.gelu(x)", "import torch.nn.functional as F"),
        ("import pkg.ops\npkg.ops.F.gelu(x)", "import torch.nn.functional as F"),
        ("import pkg.ops as o\no.F.gelu(x)", "import torch.nn.functional as F"),
        ("from ..pkg.ops import F\nF.gelu(x)", "import torch.nn.functional as F"),
        ("from .ops import *\nF.gelu(x)", "import torch.nn.functional as F"),
        ("from .ops import act\nact(x)", "import torch\nact = torch.nn.functional.gelu"),
        ("from . import act\nact(x)", None),
        ("from ops import act\nact(x)", "from torch.nn.functional import gelu as act"),
    ],
)
def test_names_are_followed_through_the_codes_own_modules(code, importing, exporting):
    usage = code({
        "src/pkg/__init__.py": "from torch.nn.functional import gelu as act" if exporting is None else "",
        "src/pkg/ops.py": exporting or "",
        "src/pkg/net.py": importing,
    })  # fmt: skip
    assert list(certain(usage)) == ["torch.nn.functional.gelu"]
    assert "src/pkg/net.py:2" in usage.uses["torch.nn.functional.gelu"].places


def test_modules_that_import_each_other_end(code):
    assert (
        code({"a.py": "from b import *\nfrom b import x\nx(1)\ny(1)", "b.py": "from a import *\nfrom a import x"}).uses
        == {}
    )


def test_what_is_not_the_users_is_not_read(code):
    other = "import torch\ntorch.exp(x)"
    usage = code({
        ".git/hooks/a.py": other, "node_modules/a.py": other, ".venv/lib/a.py": other, "venv/a.py": other,
        "my-env/pyvenv.cfg": "", "my-env/lib/a.py": other, "lib/site-packages/a.py": other, "notes.txt": other,
        "__pycache__/a.py": other, "a.py": "import torch\ntorch.log(x)",
    })  # fmt: skip
    assert certain(usage) == {"torch.log": ["a.py:2"]}
    assert usage.files == 1


# What cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "bad.py:1: skipped: invalid syntax"),
        ("print 'python 2'\n", "bad.py:1: skipped: Missing parentheses"),
        (b"x = '\xff'\n", "bad.py:1: skipped: (unicode error)"),
        (b"# coding: nonsense\n", "bad.py: skipped: unknown encoding"),
        (b"x = 1\0", "bad.py: skipped: source code string cannot contain null bytes"),
        ("(" * 5000, "bad.py:1: skipped: too many nested parentheses"),
        ("-" * 100_000 + "1", "bad.py: skipped"),
        ("#" * (5 << 20) + "\n", "bad.py: skipped: has more than 5,242,880 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_file_that_cannot_be_read_is_told_and_skipped(code, text, said):
    usage = code({"bad.py": text, "good.py": "import torch\ntorch.exp(x)"})
    assert certain(usage) == {"torch.exp": ["good.py:2"]}
    assert len(usage.warnings) == 1
    assert usage.warnings[0].startswith(said.partition(":1")[0])


def test_long_expressions_are_read(code):
    assert certain(code({"a.py": "import torch\n" + " + ".join(["torch.exp(x)"] * 900)})) == {"torch.exp": ["a.py:2"]}
    chain = "import torch\ny = x" + ".relu()" * 900
    assert maybe(code({"a.py": chain + "\ntorch.exp(y)"})) == {"torch.Tensor.relu"}


def test_other_encodings_and_python_warnings(code):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        usage = code({"a.py": "# coding: latin-1\nimport torch\ntorch.exp('\xe9', '\\d')".encode("latin-1")})
    assert certain(usage) == {"torch.exp": ["a.py:3"]}


def test_links_that_lead_in_circles_or_nowhere(code, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert certain(code({"a.py": "import torch\ntorch.exp(x)"})) == {"torch.exp": ["a.py:2"]}


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


def test_a_files_name_stays_in_its_line(code):
    usage = code({"a\n::error::b.py": "import torch\ntorch.exp(x)", "c\nd.py": "("})
    assert certain(usage) == {"torch.exp": ["a\\n::error::b.py:2"]}
    assert usage.warnings[0].startswith("c\\nd.py:1: skipped")


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


def test_public_names():
    assert canonical("tensorflow._api.v2.nn.relu") == "tf.nn.relu"
    assert canonical("tf_keras.api._v1.keras.layers.LSTM") == "tf.compat.v1.keras.layers.LSTM"
    assert canonical("kerasx.layers") == "kerasx.layers"
