"""A name that a framework does not have is told from other errors, and the nearest one is found."""

import sys
from types import ModuleType

import pytest

from parity.workers.missing import missing


@pytest.fixture
def framework(monkeypatch):
    """A package ``ff`` with ``ff.nn.functional``."""
    modules = {}
    for name in ("ff", "ff.nn", "ff.nn.functional", "ff._private"):
        modules[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, modules[name])
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(modules[parent], own, modules[name])
    modules["ff.nn.functional"].gelu = modules["ff.nn.functional"].conv2d = lambda x: x
    modules["ff._private"].secret = lambda x: x
    modules["ff"].Tensor = type("Tensor", (), {"__module__": "ff", "sum": lambda self: self})
    return modules["ff"]


def raised(function):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        function()
    return missing(caught.value, ["ff"])


def test_a_name_that_is_elsewhere_is_found(framework):
    assert raised(lambda: framework.gelu) == ("ff.gelu", "ff.nn.functional.gelu")


def test_a_name_of_similar_spelling_is_found(framework):
    assert raised(lambda: framework.nn.functional.conv3d) == ("ff.nn.functional.conv3d", "ff.nn.functional.conv2d")


def test_a_method_is_named_with_its_class(framework):
    assert raised(lambda: framework.Tensor().sums()) == ("ff.Tensor.sums", "Tensor.sum")


def test_an_import_is_named(framework):
    def load():
        from ff.nn import gelu  # noqa: F401

    assert raised(load) == ("ff.nn.gelu", "ff.nn.functional.gelu")


def test_private_names_are_not_offered(framework):
    assert raised(lambda: framework.secret) == ("ff.secret", "")


@pytest.mark.parametrize(
    "function", [lambda: None.shape, lambda: 1 / 0, lambda: int("a"), lambda: __import__("no_such_module_of_parity")]
)
def test_other_errors_are_none(framework, function):
    assert raised(function) == ("", "")
