"""Uses are told once, at their places, and a method only where PyTorch is used."""

from usages import certain


def test_each_place_is_told_once_in_order(code):
    usage = code({
        "b.py": "import torch\n\ntorch.exp(torch.exp(x))\ntorch.exp(x)",
        "a/c.py": "import torch\ntorch.exp(x)",
    })  # fmt: skip
    assert certain(usage) == {"torch.exp": ["a/c.py:2", "b.py:3", "b.py:4"]}
    assert usage.files == 2
    assert usage.warnings == ()


def test_methods_of_code_without_pytorch_are_no_tensors(code):
    assert code({"a.py": "import tensorflow as tf\nx.clamp(0)", "b.py": "x.clamp(0)"}).uses == {}
