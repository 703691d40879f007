"""Capturing: what each framework is asked for, and that what an implementation captures itself is what is captured."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from parity.workers.tensorflow import TensorflowAdapter
from parity.workers.torch import TorchAdapter

# What the frameworks are asked for --------------------------------------------------------------------------------


@pytest.fixture
def torch_adapter():
    """An adapter whose PyTorch notes what it is to compile."""
    adapter = object.__new__(TorchAdapter)
    asked = []
    config = SimpleNamespace(fail_on_recompile_limit_hit=False)
    adapter._torch = SimpleNamespace(
        _dynamo=SimpleNamespace(config=config, reset=lambda: asked.append("reset")),
        compile=lambda call, **options: asked.append(options) or "compiled",
    )
    return adapter, asked, config


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("mode", "backend"), [("graph", "aot_eager"), ("compiled", "inductor")])
def test_torch_captures_whole_or_says_where_it_cannot(torch_adapter, mode, backend, whole):
    adapter, asked, config = torch_adapter
    assert adapter.capture(len, mode, whole=whole) == "compiled"
    assert asked == [{"fullgraph": whole, "dynamic": False, "backend": backend}]
    assert config.allow_rnn is True
    assert config.fail_on_recompile_limit_hit is True


def test_an_older_torch_has_no_limit_to_fail_on(torch_adapter):
    adapter, _, config = torch_adapter
    del config.fail_on_recompile_limit_hit
    assert adapter.capture(len, "compiled") == "compiled"
    assert not hasattr(config, "fail_on_recompile_limit_hit")


def test_torch_forgets_what_was_captured_but_imports_nothing_for_that(torch_adapter, monkeypatch):
    adapter, asked, _ = torch_adapter
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    adapter.forget()
    assert asked == []
    monkeypatch.setitem(sys.modules, "torch._dynamo", adapter._torch._dynamo)
    adapter.forget()
    assert asked == ["reset"]


@pytest.mark.parametrize(("mode", "jit"), [("graph", None), ("compiled", True)])
def test_tensorflow_captures_without_rewriting_python(mode, jit):
    adapter = object.__new__(TensorflowAdapter)
    adapter._tf = SimpleNamespace(function=lambda call, **options: (call, options))
    assert adapter.capture(len, mode) == (len, {"autograph": False, "jit_compile": jit})


@pytest.mark.parametrize("adapter", [TorchAdapter, TensorflowAdapter])
def test_what_runs_eagerly_stays_as_it_is(adapter):
    assert object.__new__(adapter).capture(len, "eager") is len


# What is captured -------------------------------------------------------------------------------------------------

WHERE = """
from parity import Case, buffer, normal

where = Case(
    "where",
    "Whether the call, and the part that it captures itself, are captured.",
    sizes=dict(N=3),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N", call=buffer(""), part=buffer("")),
)

@where.reference
def _(np, x):
    return 2 * x, np.array(0.0), np.array(0.0)

def torch_part(torch, x):
    return 2 * x, torch.tensor(float(torch.compiler.is_compiling()))

def torch_where(torch, x, part):
    y, inside = part(torch, x)
    return y, torch.tensor(float(torch.compiler.is_compiling())), inside

@where.torch("whole")
def _(torch, x):
    return torch_where(torch, x, torch_part)

@where.torch("part")
def _(torch, x, *, capture):
    part = capture(lambda x: torch_part(torch, x))
    return torch_where(torch, x, lambda torch, x: part(x))

@where.torch("interrupted")
def _(torch, x, *, capture):
    def part(x):
        torch._dynamo.graph_break()
        return torch_part(torch, x)

    part = capture(part, whole=False)
    return torch_where(torch, x, lambda torch, x: part(x))

@where.torch("broken")
def _(torch, x, *, capture):
    def part(x):
        torch._dynamo.graph_break()
        return torch_part(torch, x)

    return torch_where(torch, x, lambda torch, x: capture(part)(x))

def tensorflow_part(tf, x):
    return 2 * x, tf.constant(float(tf.inside_function()), x.dtype)

@where.tensorflow("whole function")
def _(tf, x):
    return *tensorflow_part(tf, x), tf.constant(float(tf.inside_function()), x.dtype)

@where.tensorflow("part of a function")
def _(tf, x, *, capture):
    y, inside = capture(lambda x: tensorflow_part(tf, x))(x)
    return y, tf.constant(float(tf.inside_function()), x.dtype), inside
"""


@pytest.fixture(scope="module")
def seen(pythons, engine_of, case_file, unit):
    """``seen(framework, api, mode)``: what came of that implementation of ``where``."""
    file = case_file(WHERE)
    engine = engine_of(pythons)
    engine.start(["torch", "tensorflow"])

    def run(framework, api, mode):
        asked = unit(file, "where", framework, api)
        return engine.submit(replace(asked, item=replace(asked.item, mode=mode), mode=mode)).result()

    return run


def captured(seen):
    """Whether the call, and whether the part of it, was captured."""
    assert seen.failure is None, seen.failure
    assert np.all(seen.results["grad:x"].array != 0)
    return tuple(bool(seen.results[f"output:{name}"].array) for name in ("call", "part"))


@pytest.mark.parametrize(
    ("framework", "api"),
    [("torch", "part"), ("torch", "interrupted"), ("tensorflow", "part of a function")],
)
@pytest.mark.parametrize(("mode", "part"), [("eager", False), ("graph", True)])
def test_what_asks_for_capture_is_called_eagerly_and_captures_its_part(seen, framework, api, mode, part):
    assert captured(seen(framework, api, mode)) == (False, part)


@pytest.mark.parametrize(("framework", "api"), [("torch", "whole"), ("tensorflow", "whole function")])
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_what_does_not_is_captured_whole(seen, framework, api, mode):
    assert captured(seen(framework, api, mode)) == ((mode == "graph"),) * 2


def test_a_part_that_cannot_be_captured_whole_is_an_error(seen):
    assert captured(seen("torch", "broken", "eager")) == (False, False)
    failure = seen("torch", "broken", "graph").failure
    assert (failure.stage, failure.kind) == ("forward", "Unsupported")
    assert "graph_break" in failure.message


def test_xla_compiles_what_tensorflow_captures(seen):
    assert captured(seen("tensorflow", "part of a function", "compiled")) == (False, True)
