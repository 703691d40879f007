"""Signatures of functions, also of those that are not written in Python."""

import inspect

import pytest

from parity.workers.signatures import signature_of


class Builtin:
    """What a function of C++ looks like: documented, and without a signature."""

    __name__ = "pool"
    __signature__ = "none"

    def __init__(self, documentation):
        self.__doc__ = documentation

    def __call__(self): ...


def documented(text):
    return [
        (name, p.kind.name, "required" if p.default is p.empty else p.default)
        for name, p in signature_of(Builtin(text)).parameters.items()
    ]


@pytest.fixture(autouse=True)
def no_signature(monkeypatch):
    def raising(function):
        if isinstance(function, Builtin):
            raise ValueError("no signature")
        return real(function)

    real = inspect.signature
    monkeypatch.setattr(inspect, "signature", raising)


def test_a_signature_is_read_from_the_documentation():
    text = "\npool(input, size=(2, 2), *, mode='max', layout=torch.strided, out=None) -> Tensor\n\nPools."
    assert documented(text) == [
        ("input", "POSITIONAL_OR_KEYWORD", "required"),
        ("size", "POSITIONAL_OR_KEYWORD", (2, 2)),
        ("mode", "KEYWORD_ONLY", "max"),
        ("layout", "KEYWORD_ONLY", "torch.strided"),
        ("out", "KEYWORD_ONLY", None),
    ]
    assert documented("torch.pool(*sizes, **options)") == [
        ("sizes", "VAR_POSITIONAL", "required"),
        ("options", "VAR_KEYWORD", "required"),
    ]


@pytest.mark.parametrize("text", ["", "Pools.", "pool(size, (a, b)) -> Tensor", "other(size) -> Tensor"])
def test_where_none_is_documented_there_is_none(text):
    with pytest.raises(ValueError, match="no signature of pool is documented"):
        signature_of(Builtin(text))


def test_what_python_knows_is_taken():
    assert list(signature_of(sorted).parameters) == ["iterable", "key", "reverse"]
