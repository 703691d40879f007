"""What a case's functions ask of a framework is recorded under its public names, and changes nothing else."""

import textwrap

import pytest

from parity.catalog.load import load
from parity.workers.protocol import Asked

HELPERS = """
def scaled(torch, x, *, by):
    return torch.mul(x, by)
"""

CASES = """
from _helpers import scaled

from parity import Case, normal

c = Case("c", "Calls of every kind.", sizes=dict(N=2, I=3, O=4), inputs=dict(x=normal("N I")),
         weights=dict(kernel=normal("O I"), bias=normal("O")), outputs=dict(y="N O"))

@c.reference
def _(np, x, kernel, bias):
    return np.einsum("ni,oi->no", x, kernel) + bias

@c.torch.layer("torch.nn.Linear", weights=dict(weight="kernel: O I", bias="bias: O"))
def _(torch, *, I, O):
    class Net(torch.nn.Linear):
        def __init__(self):
            super().__init__(I, O, bias=True)

        def forward(self, x):
            return super().forward(x)

    return Net()

@c.torch("torch.Tensor")
def _(torch, x, kernel, bias):
    layer = torch.nn.Linear(3, out_features=4)
    layer.weight.data = scaled(torch, kernel, by=1.0).detach()
    rows = [torch.nn.functional.linear(row, kernel) for row in x]
    try:
        torch.no_such_function(x)
    except AttributeError:
        pass
    return torch.stack(rows, dim=0) + bias

@c.tensorflow.layer("keras.Sequential", weights={"dense/kernel": "kernel: I O", "dense/bias": "bias: O"})
def _(tf, *, O):
    return tf.keras.Sequential([tf.keras.layers.Dense(O)])

@c.tensorflow("keras.layers.Dense")
def _(tf, x, kernel, bias):
    assert "tf" in locals()
    layer = tf.keras.layers.Dense(4, activation="relu")
    layer.build([None, 3])
    return tf.compat.v1.nn.bias_add(tf.matmul(x, kernel, transpose_b=True), bias)
"""


@pytest.fixture(scope="module")
def file(case_file):
    path = case_file(CASES)
    (path.parent / "_helpers.py").write_text(textwrap.dedent(HELPERS))
    return path


@pytest.fixture(scope="module")
def seen(engine_of, pythons, file, unit):
    """``seen(framework, api, dtype)``: the observation of one unit."""
    engine = engine_of(pythons)
    engine.start(["torch", "tensorflow"])

    def observe(framework, api, dtype="float64", **more):
        answer = engine.submit(unit(file, "c", framework, api, dtype=dtype, **more)).result()
        assert answer.failure is None, answer.failure
        return answer

    return observe


def named(observation, name):
    """The arguments of each call of a name, and how it was asked for."""
    return [(asked.kind, dict(asked.given)) for asked in observation.asked if asked.name == name]


def test_functions_have_the_names_and_arguments_they_are_called_with(seen):
    found = seen("torch", "torch.Tensor")
    assert named(found, "torch.nn.Linear") == [("call", {"in_features": "3", "out_features": "4"})]
    assert named(found, "torch.stack") == [("call", {"tensors": "(torch.Tensor, torch.Tensor)", "dim": "0"})]
    defaults = next(asked.defaults for asked in found.asked if asked.name == "torch.nn.Linear")
    assert dict(defaults)["bias"] == "True"


def test_what_a_helper_asks_counts_for_the_case(seen):
    assert named(seen("torch", "torch.Tensor"), "torch.mul") == [("call", {"input": "torch.Tensor", "other": "1.0"})]


def test_attributes_operators_loops_and_absent_names_are_seen(seen):
    asked = {(a.kind, a.name) for a in seen("torch", "torch.Tensor").asked}
    assert ("write", "torch.Tensor.data") in asked
    assert ("read", "torch.nn.Linear.weight") in asked
    assert ("call", "torch.Tensor.__add__") in asked
    assert ("call", "torch.Tensor.__iter__") in asked
    assert ("absent", "torch.no_such_function") in asked
    assert ("call", "torch.no_such_function") not in asked


def test_a_class_of_the_case_asks_under_the_name_of_the_framework(seen):
    asked = seen("torch", "torch.nn.Linear").asked
    assert Asked("read", "torch.nn.Linear") in asked
    assert any(a.name.startswith("torch.nn.") and dict(a.given).get("bias") == "True" for a in asked)


def test_aliases_of_modules_are_called_by_their_public_names(seen):
    found = seen("tensorflow", "keras.layers.Dense")
    assert named(found, "keras.layers.Dense") == [("call", {"units": "4", "activation": "'relu'"})]
    assert named(found, "tf.matmul")[0][1]["transpose_b"] == "True"
    assert named(found, "tf.matmul")[0][1]["a"] == "tf.Tensor"
    assert named(found, "tf.compat.v1.nn.bias_add")
    assert not any(".src." in a.name or ".python." in a.name or "_api" in a.name for a in found.asked)


@pytest.mark.parametrize(("framework", "api"), [("torch", "torch.Tensor"), ("tensorflow", "keras.Sequential")])
def test_it_is_recorded_in_the_first_dtype_only_and_changes_no_bit(seen, framework, api):
    assert seen(framework, api, "float32").asked == ()
    timed = seen(framework, api, timed=True)
    assert timed.asked == seen(framework, api).asked
    assert timed.timings
    wide, narrow = seen(framework, api).results, seen(framework, api, "float32").results
    assert set(wide) == set(narrow)
    assert abs(wide["output:y"].values - narrow["output:y"].values).max() < 1e-5


ODD = """
from __future__ import annotations

import dataclasses

from parity import Case, normal

c = Case("c", "Odd Python.", sizes=dict(N=2), inputs=dict(x=normal("N")), outputs=dict(y="N"))

@c.reference
def _(np, x):
    return 2 * x

@c.torch("pattern")
def _(torch, x):
    match x:
        case torch.Tensor(requires_grad=True) if x.dim() == 1:
            return torch.add(x, x)

@c.torch("annotation")
def _(torch, x):
    @dataclasses.dataclass
    class Scaled:
        scale: dataclasses.InitVar[float]

        def __post_init__(self, scale):
            self.factor = scale

    return torch.mul(x, Scaled(2.0).factor)

@c.torch("caught")
def _(torch, x):
    def attempt(t):
        try:
            return torch.relu(t.no_such_method())
        except AttributeError:
            return t

    return torch.sum(torch.stack([attempt(x), attempt(x)]), dim=0)

@c.torch("own class")
def _(torch, x):
    class Own(torch.nn.Module):
        def forward(self, q, factor=2):
            return factor * q

    return Own().forward(x)

@c.torch("tracer")
def _(torch, x):
    class Twice(torch.nn.Module):
        def forward(self, t):
            return t.mul(2)

    return torch.compile(torch.fx.symbolic_trace(Twice()), backend="aot_eager", fullgraph=True)(x)

@c.torch("message")
def _(torch, x):
    return torch.add(x, *3)

@c.torch("endless")
def _(torch, x):
    endless = []
    endless.append(endless)
    return torch.mul(x, 2 if torch.is_tensor(endless) is False else 0)

@c.tensorflow("tf.add")
def _(tf, x):
    return tf.add(x, x)
"""


def test_a_case_gives_the_same_whether_it_is_watched_or_not(engine_of, pythons, case_file, unit):
    path, engine = case_file(ODD), engine_of(pythons)
    engine.start(["torch"])
    apis = ("pattern", "annotation", "caught", "own class", "tracer", "message", "endless")
    watched, plain = (
        {api: engine.submit(unit(path, "c", "torch", api, dtype=dtype)).result() for api in apis}
        for dtype in ("float64", "float32")
    )
    for api in apis:
        if api == "message":
            assert watched[api].failure == plain[api].failure
        else:
            assert watched[api].asked, api
            assert watched[api].failure is None, watched[api].failure
            assert plain[api].failure is None, plain[api].failure
    names = {api: {a.name for a in watched[api].asked if a.kind == "call"} for api in apis}
    assert "torch.add" in names["pattern"]
    assert "torch.relu" not in names["caught"], "it was never called"
    assert {"torch.sum", "torch.stack"} <= names["caught"]
    assert "torch.nn.Module.forward" not in names["own class"], "the case's own method"
    assert "torch.fx.symbolic_trace" in names["tracer"]


def test_a_failure_has_the_line_of_the_case_file(engine_of, pythons, case_file, unit):
    path = case_file(CASES.replace("from _helpers import scaled", "").replace("torch.stack(rows, dim=0)", "torch.gone"))
    (path.parent / "_helpers.py").write_text(HELPERS)
    engine = engine_of(pythons)
    engine.start(["torch"])
    path.write_text(path.read_text().replace("scaled(torch, kernel, by=1.0)", "kernel"))
    seen = engine.submit(unit(path, "c", "torch", "torch.Tensor", dtype="float64")).result()
    line = next(n for n, text in enumerate(path.read_text().splitlines(), start=1) if "torch.gone" in text)
    assert seen.failure.missing == "torch.gone"
    assert seen.failure.where.endswith(f"declared.py:{line}")
    assert ("absent", "torch.gone") in {(a.kind, a.name) for a in seen.asked}


def test_a_watched_file_is_that_file(file):
    """Rewriting keeps the lines, and what a file declares; an ordinary load of a helper is not disturbed."""

    class Nothing:
        def __getattr__(self, name):
            return lambda value, name=None: value

        @staticmethod
        def function(call, function):
            return function

        @staticmethod
        def method(call, holder, name):
            return getattr(holder, name)

        @staticmethod
        def positional(call, *given):
            return given

        @staticmethod
        def keywords(call, /, **given):
            return given

    plain, watched = load(file), load(file, watcher=Nothing())
    assert not plain.broken
    assert not watched.broken
    for one, other in zip(plain.cases, watched.cases, strict=True):
        assert one.line == other.line
        assert [i.api for i in one.implementations] == [i.api for i in other.implementations]
        for a, b in zip(one.implementations, other.implementations, strict=True):
            assert a.function.__code__.co_firstlineno == b.function.__code__.co_firstlineno
            assert a.function.__code__ is not b.function.__code__
