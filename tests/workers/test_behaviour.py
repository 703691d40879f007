"""Real workers of both frameworks: inference, what is written to, what has no gradient, and a fresh process."""

from dataclasses import replace

import numpy as np
import pytest

from parity.workers.local import LocalEngine

DECLARED = """
    import os
    from parity import Case, buffer, normal, zeros

    case = Case(
        "case", "y = 2 x.", sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")), outputs=dict(y="N M"),
        dtypes=["float32"],
    )

    @case.reference
    def _(np, x):
        return 2 * x

    @case.torch("plain")
    def _(torch, x):
        return 2 * x

    @case.torch("its own no_grad")
    def _(torch, x):
        with torch.no_grad():
            factor = torch.full_like(x, 2)
        return factor * x

    @case.torch("production")
    def _(torch, x):
        return 2 * x if torch.is_grad_enabled() else 3 * x

    @case.torch("production raises")
    def _(torch, x):
        if not torch.is_grad_enabled():
            raise RuntimeError("no kernel for inference")
        return 2 * x

    @case.torch("differentiates")
    def _(torch, x):
        return torch.autograd.grad((x * x).sum(), x, create_graph=True)[0]

    @case.torch("Jacobian")
    def _(torch, x):
        return torch.autograd.functional.jacobian(lambda x: (x * x).sum(), x, create_graph=True)

    calls = []

    @case.torch("counts")
    def _(torch, x):
        calls.append(0)
        return 2 * x + len(calls)

    def module(torch, forward, **arguments):
        return type("Module", (torch.nn.Module,), dict(forward=forward))()

    @case.torch.layer("training means more", weights={})
    def _(torch):
        return module(torch, lambda self, x: 2 * x if self.training else x)

    @case.torch.layer("training means nothing", weights={})
    def _(torch):
        layer = module(torch, lambda self, x: 2 * x if self.training or torch.is_grad_enabled() else 3 * x)
        layer.inner = torch.nn.Dropout(0.5).eval()
        return layer

    @case.torch.layer("evaluation of its own", weights={})
    def _(torch):
        return torch.nn.Sequential(module(torch, lambda self, x: 2 * x), torch.nn.Dropout(0.0))

    @case.torch.layer("stateful", weights={})
    def _(torch):
        def forward(self, x):
            self.calls += 1
            return (1 + self.calls) * x
        layer = module(torch, forward)
        layer.register_buffer("calls", torch.zeros(()))
        return layer

    @case.torch("writes")
    def _(torch, x):
        y = 2 * x
        with torch.no_grad():
            x[1] = -x[1]
        return y

    @case.torch("writes as gradients come")
    def _(torch, x):
        y = 2 * x
        held = x.detach()
        def hook(gradient):
            held.mul_(3)
        if y.requires_grad:
            y.register_hook(hook)
        return y

    @case.torch("no gradient")
    def _(torch, x):
        return 2 * x.detach()

    @case.torch("hash")
    def _(torch, x):
        return 2 * x + hash("a text") % 1000

    @case.torch("exits elsewhere")
    def _(torch, x):
        if os.environ.get("PYTHONHASHSEED") == "random":
            os._exit(3)
        return 2 * x

    @case.tensorflow("plain in TensorFlow")
    def _(tf, x):
        return 2 * x

    @case.tensorflow("no gradient in TensorFlow")
    def _(tf, x):
        return tf.constant((2 * x).numpy())

    def keras(tf, call):
        return type("Doubling", (tf.keras.layers.Layer,), dict(call=call))()

    @case.tensorflow.layer("training by default", weights={})
    def _(tf):
        return keras(tf, lambda self, x, training=True: 2 * x if training else x)

    @case.tensorflow.layer("training in the record", weights={})
    def _(tf):
        def call(self, x, training=True):
            return 2 * x
        return keras(tf, call)

    weighed = Case(
        "weighed", "y = k x, and b is not used.", sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")),
        weights=dict(k=normal("M"), b=normal("M")), outputs=dict(y="N M"), dtypes=["float32"],
    )

    @weighed.reference
    def _(np, x, k, b):
        return k * x + 0 * b

    def scaled(torch, M, change=False):
        layer = torch.nn.Module()
        layer.k, layer.b = (torch.nn.Parameter(torch.zeros(M)) for _ in range(2))
        layer.register_buffer("seen", torch.zeros(()))
        def call(x):
            y = x * layer.k
            with torch.no_grad():
                layer.seen += 1
                if change:
                    layer.k[0] += 1
            return y
        return layer, call

    @weighed.torch.layer("scaled", weights=dict(k="k: M", b="b: M"))
    def _(torch, *, M):
        return scaled(torch, M)

    @weighed.torch.layer("trained", weights=dict(k="k: M", b="b: M"))
    def _(torch, *, M):
        return scaled(torch, M, change=True)

    @weighed.tensorflow("tf.multiply")
    def _(tf, x, k, b):
        return k * x

    counted = Case(
        "counted", "Nothing is differentiated.", sizes=dict(N=3), inputs=dict(x=normal("N")),
        outputs=dict(y=buffer("N")), dtypes=["float32"],
    )

    @counted.reference
    def _(np, x):
        return 2 * x

    @counted.torch("torch.mul")
    def _(torch, x):
        return 2 * x.detach()

    @counted.tensorflow("tf.multiply")
    def _(tf, x):
        return 2 * x
"""


@pytest.fixture(scope="module")
def seen(pythons, engine_of, case_file, unit):
    """``seen(api)``: what an implementation of the case gives; ``again=True`` in a fresh process."""
    engine = engine_of(pythons)
    engine.start(["torch", "tensorflow"])
    file = case_file(DECLARED)

    def observe(api, case="case", framework="torch", **more):
        asked = replace(unit(file, case, framework, api), **{"inferred": True, **more})
        return engine.submit(asked).result(120)

    return observe


@pytest.mark.parametrize(
    "api", ["plain", "its own no_grad", "stateful", "evaluation of its own", "writes as gradients come"]
)
def test_the_same_bits_in_inference_are_no_news(seen, api):
    found = seen(api)
    assert found.failure is None
    assert found.inferred
    assert not found.inference
    assert not found.again
    assert found.inference_failure is None


@pytest.mark.parametrize("api", ["production", "training means nothing"])
def test_another_result_in_inference_is_seen(seen, api):
    found = seen(api)
    assert found.inferred
    assert list(found.inference) == ["inference:y"]
    np.testing.assert_allclose(found.inference["inference:y"].array, found.results["output:y"].array * 1.5, rtol=1e-6)


def test_an_error_in_inference_alone_is_seen_with_its_line(seen):
    found = seen("production raises")
    assert found.failure is None
    assert str(found.inference_failure).startswith("RuntimeError: no kernel for inference (at ")
    assert found.inference_failure.stage == "inference"


@pytest.mark.parametrize("api", ["differentiates", "Jacobian"])
def test_what_differentiates_inside_cannot_be_called_so(seen, api):
    found = seen(api)
    assert found.failure is None
    assert not found.inferred
    assert not found.inference
    assert found.inference_failure is None


@pytest.mark.parametrize(
    ("api", "framework"), [("training means more", "torch"), ("training by default", "tensorflow")]
)
def test_a_layer_that_means_something_else_in_training_is_left_in_it(seen, api, framework):
    found = seen(api, framework=framework)
    assert found.failure is None
    assert (found.inferred, dict(found.inference), found.inference_failure) == (False, {}, None)


def test_a_keras_layer_is_called_with_training_false(seen):
    assert seen("training in the record", framework="tensorflow").inferred


def test_bits_that_are_others_each_time_are_no_matter_of_inference(seen):
    found = seen("counts")
    assert list(found.again) == ["output:y"]
    assert not found.inference


def test_inference_is_timed_as_the_first_of_the_forward_calls(seen):
    found = seen("plain", timed=True)
    assert found.inferred
    assert 1 <= len(found.timings["forward"]) <= 3


def test_an_input_that_is_written_to_is_seen_once(seen):
    (change,) = seen("writes").written
    assert (change.name, change.stage, change.wrong, change.total, change.index) == ("x", "forward", 4, 12, (1, 0))
    assert not change.variable
    (change,) = seen("writes as gradients come").written
    assert (change.name, change.stage, change.wrong) == ("x", "gradient", 12)


def test_a_variable_that_is_written_to_is_seen_and_a_buffer_may_be(seen):
    found = seen("trained", "weighed")
    (change,) = found.written
    assert (change.name, change.stage, change.wrong, change.total, change.variable) == ("k", "forward", 1, 4, True)
    assert not found.inferred, "what trains is not called as in inference"
    assert not seen("scaled", "weighed").written


def test_a_gradient_of_none_is_no_gradient_of_zero(seen):
    for api, framework in (("no gradient", "torch"), ("no gradient in TensorFlow", "tensorflow")):
        found = seen(api, framework=framework)
        assert (list(found.results), dict(found.no_gradient)) == (["output:y"], {"grad:x": ("x",)})
    found = seen("scaled", "weighed")
    assert dict(found.no_gradient) == {"grad:b": ("b",)}
    assert list(found.results) == ["output:y", "grad:x", "grad:k"]
    found = seen("tf.multiply", "weighed", "tensorflow")
    assert dict(found.no_gradient) == {"grad:b": ("b",)}


def test_where_nothing_is_differentiated_no_gradient_is_missed(seen):
    found = seen("torch.mul", "counted")
    assert found.failure is None
    assert (list(found.results), dict(found.no_gradient)) == (["output:y"], {})


# A fresh process -------------------------------------------------------------------------------------------------


def test_what_depends_on_the_process_differs_in_a_fresh_one(seen):
    first, same, fresh = seen("hash"), seen("hash"), seen("hash", again=True, inferred=False)
    assert first.results["output:y"].array.tobytes() == same.results["output:y"].array.tobytes()
    assert first.results["output:y"].array.tobytes() != fresh.results["output:y"].array.tobytes()
    assert first.input_digest == fresh.input_digest


def test_a_crash_in_the_fresh_process_is_its_own(seen):
    assert seen("exits elsewhere").failure is None
    assert seen("exits elsewhere", again=True).failure.message.startswith("exited with status 3")
    assert seen("plain", again=True).failure is None


def test_a_fresh_process_starts_when_it_is_needed(pythons, recording, tmp_path, case_file, unit, ended):
    python = recording(pythons["torch"], tmp_path)
    engine = LocalEngine({**pythons, "torch": python})
    try:
        engine.start(["torch"])
        file = case_file(DECLARED)
        pids = tmp_path / "pids"
        engine.submit(unit(file, "case", "torch", "plain")).result(120)
        assert len(pids.read_text().split()) == 1
        engine.submit(replace(unit(file, "case", "torch", "plain"), again=True)).result(120)
        assert len(pids.read_text().split()) == 2
    finally:
        engine.stop()
    assert all(ended(int(pid)) for pid in pids.read_text().split())
