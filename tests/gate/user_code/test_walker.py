"""The names of one file: bound however it imports them, hidden where it hides them, and those that may be meant."""

import pytest
from usages import certain, maybe


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


def test_long_expressions_are_read(code):
    assert certain(code({"a.py": "import torch\n" + " + ".join(["torch.exp(x)"] * 900)})) == {"torch.exp": ["a.py:2"]}
    chain = "import torch\ny = x" + ".relu()" * 900
    assert maybe(code({"a.py": chain + "\ntorch.exp(y)"})) == {"torch.Tensor.relu"}
