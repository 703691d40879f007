"""Scripts of their own: they print what a run measures, and one can be written for everything in the catalogue."""

import ast
import builtins
import dis
import inspect
import math
import os
import re
import subprocess
import sys
import textwrap
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS
from parity.catalog.load import load
from parity.plan.data import cotangent, values
from parity.plan.work import Item
from parity.report.docs import load_all
from parity.run import Run
from parity.script.source import Source, builds_pair
from parity.script.writer import PACKAGED, parts, script
from parity.workers.local import LocalEngine

CASES = Path(__file__).parents[2] / "cases"
DTYPES = Path(__file__).parents[1] / "face" / "dtype_cases.py"
SEED = 3
ITEMS = [
    ("linear.py", "linear", "float64", "eager"),
    ("linear.py", "linear", "float32", "graph"),
    ("gru.py", "gru", "float32", "eager"),
    ("embedding.py", "embedding", "float16", "eager"),
    ("normalization.py", "batch_norm2d", "bfloat16", "eager"),
    ("dropout.py", "dropout_evaluation", "float32", "eager"),
    ("sweeps.py", "every_sqrt", "bfloat16", "eager"),
    ("max_pooling.py", "max_pool2d", "float32", "eager"),
    (DTYPES, "fourier", "float32", "eager"),
    (DTYPES, "wrong_small_part", "float32", "eager"),
    (DTYPES, "wrong_argmax", "float32", "eager"),
    (DTYPES, "wrong_positive", "float32", "eager"),
    (DTYPES, "wrong_beyond_2_53", "float32", "eager"),
    (DTYPES, "wrong_saturating", "float32", "eager"),
    (DTYPES, "wrong_masked", "float32", "eager"),
    (DTYPES, "special", "float16", "eager"),
    (DTYPES, "mixed_weights", "float32", "eager"),
    (DTYPES, "linear", "bfloat16", "eager"),
    (DTYPES, "kept", "float32", "eager"),
    (DTYPES, "unique", "float32", "eager"),
    (DTYPES, "attention", "float32", "eager"),
    (DTYPES, "additive_attention", "float32", "eager"),
]
"""Functions and layers, naive ports, packed weights, whole numbers, states, random numbers, exact results, dtypes."""

DRIVER = """
import runpy, sys
for path in sys.argv[1:]:
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
    print(path, flush=True)
    try:
        runpy.run_path(path, run_name="__main__")
    except Exception as error:
        print(f"raises: {error}", flush=True)
"""

PRINTED = re.compile(r"(\S+): max_abs_error (\S+) at (\[.*\]): (\S+), where the formula gives (\S+)")


@pytest.fixture(scope="module")
def catalogue():
    return [case for file in load_all(CASES) for case in file.cases]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder to import autograd and einops from, and nothing else that is installed for the harness."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("autograd", "einops"):
        (folder / name).symlink_to(find_spec(name).submodule_search_locations[0])
    return folder


@pytest.fixture(scope="module")
def judged(pythons):
    """The rows against the formula of a run of all items: the row of each quantity by implementation and item."""
    items = [
        (Item(str(CASES / file), name, case.variants[0].id, dtype, "cpu", mode), case)
        for file, name, dtype, mode in ITEMS
        for case in [load(CASES / file).case(name)]
    ]
    run = Run(LocalEngine(pythons), seed=SEED)
    try:
        run.start(items)
        return {(item, case): run.result(item, case).rows for item, case in items}
    finally:
        run.close()


@pytest.fixture(scope="module")
def printed(judged, pythons, packages, tmp_path_factory):
    """What the script of each implementation of each item prints."""
    folder = tmp_path_factory.mktemp("scripts")
    found = {}
    for framework in pythons:
        written = {}
        for item, case in judged:
            variant = case.variant(item.variant)
            naive = case.divergences_for(variant, item.dtype, item.mode)
            for implementation in (*case.implementations, *naive):
                if implementation.framework == framework:
                    path = folder / f"{framework}_{len(written)}.py"
                    path.write_text(
                        script(case, variant, implementation, dtype=item.dtype, seed=SEED, mode=item.mode),
                        encoding="utf-8",
                    )
                    written[str(path)] = (item, implementation.api)
        environment = {**os.environ, "PYTHONPATH": str(packages), "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        output = subprocess.run(
            [pythons[framework], "-c", DRIVER, *written], env=environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        for text in re.split(rf"^(?={re.escape(str(folder))})", output, flags=re.MULTILINE)[1:]:
            path, _, lines = text.partition("\n")
            found[written[path]] = lines
    return found


def test_a_script_prints_what_a_run_measures(judged, printed):
    compared = {"torch": 0, "tensorflow": 0}
    for (item, case), rows in judged.items():
        for row in rows:
            if row.right != "reference" or ", eager" in row.left:
                continue
            output = printed[item, row.left]
            if row.max_abs_error is None:  # It raised, or there are infinities on one side only.
                if not row.quantity:
                    raised = case.implementation(row.left).divergence.raises
                    assert raised.partition(": ")[2] in output
                continue
            measured = {name: (error, place) for name, error, place, *_ in PRINTED.findall(output)}
            assert measured[row.quantity][0] == f"{row.max_abs_error:.6g}", (item.name, row.left, output)
            compared[row.left_framework] += 1
    assert min(compared.values()) > 40


def test_a_script_prints_the_place_and_both_values(judged, printed):
    (item, case), rows = next(iter(judged.items()))
    row = next(row for row in rows if row.left == "tf.matmul (kernel reshaped instead of transposed)")
    for name, error, place, value, truth in PRINTED.findall(printed[item, row.left]):
        if name == row.quantity:
            assert abs(float(value) - float(truth)) == pytest.approx(float(error), rel=1e-5)
            assert len(ast.literal_eval(place)) == len(case.outputs(case.variants[0])["y"].axes)


def test_a_script_makes_the_inputs_of_a_run(catalogue):
    for case in catalogue:
        variant = case.variants[-1]
        for dtype in case.dtypes:
            text = script(case, variant, case.implementations[0], dtype=dtype, seed=SEED)
            made = {"np": np, "math": math, "blake2b": blake2b}
            with np.errstate(all="ignore"):
                exec(text[text.index("SEED = ") : text.index("# The formula")], made)
                wanted = values(case, variant, dtype, SEED)
                for name, tensor in case.inputs(variant).items() | case.weights(variant).items():
                    exact = wanted[name] if tensor.whole else FLOATS[dtype].decode(wanted[name])
                    np.testing.assert_array_equal(made["data"][name], exact, f"{case.name} {variant.id} {dtype} {name}")
            if "cotangent" in made:
                key = (SEED, case.name, variant.id, "cotangent of y")
                np.testing.assert_array_equal(
                    made["cotangent"]("y", np.zeros((2, 3))), FLOATS[dtype].decode(cotangent((2, 3), dtype, key))
                )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_script_rounds_as_the_formats_are_defined(dtype):
    case = load(CASES / "linear.py").case("linear")
    text = script(case, case.variants[0], case.implementations[0], dtype=dtype)
    made = {"np": np, "math": math, "blake2b": blake2b}
    every = FLOATS[dtype].decode(np.arange(2**16).astype(np.uint16).view(FLOATS[dtype].storage))
    ordered = np.unique(every[np.isfinite(every)])
    between = (ordered[1:] + ordered[:-1]) / 2
    near = np.concatenate([np.nextafter(between, np.inf), between, np.nextafter(between, -np.inf)])
    tried = np.concatenate([every, near, [1e39, -1e39, 1e300, 3.4e38, 65520.0, 65519.9]])
    with np.errstate(all="ignore"):
        exec(text[text.index("SEED = ") : text.index("# The formula")], made)
        rounded, exact = made["rounded"](tried), FLOATS[dtype].decode(FLOATS[dtype].encode(tried))
    np.testing.assert_array_equal(rounded, exact)
    number = ~np.isnan(exact)
    np.testing.assert_array_equal(np.signbit(rounded[number]), np.signbit(exact[number]))


def steps(code):
    """The instructions of a module and of all functions in it."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from steps(constant)


def test_everything_in_the_catalogue_has_a_script(catalogue):
    checked = set()
    for case in catalogue:
        for variant in case.variants:
            naive = [i for i in case.divergences if i.divergence.applies(case.settings(variant))]
            for implementation in (*case.implementations, *naive):
                where = f"{case.name} {variant.id} {implementation.api}"
                text = "".join(parts(case, variant, implementation))
                code = compile(text, where, "exec")
                if (case.name, implementation.api) not in checked:
                    checked.add((case.name, implementation.api))
                    stands_alone(text, code, where)
    assert len(checked) > 1000


def test_helpers_that_are_decorated_held_in_dataclasses_or_classes_stand_in_the_script(tmp_path):
    (tmp_path / "declared.py").write_text(
        textwrap.dedent("""
        import logging
        from contextlib import contextmanager
        from dataclasses import dataclass

        from parity import Case, normal

        @dataclass(frozen=True)
        class Settings:
            factor: float
            scale: object

        SETTINGS = Settings(2.0, lambda x: 3 * x)

        class Silent(logging.Filter):
            def filter(self, record):
                return False

        @contextmanager
        def silently():
            added = Silent()
            yield added

        c = Case("c", "Doubles.", sizes=dict(N=2), inputs=dict(x=normal("N")), outputs=dict(y="N"))

        @c.reference
        def _(np, x):
            return 6 * x

        @c.torch("torch.mul")
        def _(torch, x):
            with silently():
                return torch.mul(SETTINGS.scale(x), SETTINGS.factor)

        @c.tensorflow("tf.multiply")
        def _(tf, x):
            return tf.multiply(x, 6.0)
        """)
    )
    case = load(tmp_path / "declared.py").case("c")
    text = "".join(parts(case, case.variants[0], case.implementations[0]))
    stands_alone(text, compile(text, "script", "exec"), "c")
    assert "@contextmanager\ndef silently():" in text
    assert "class Silent(logging.Filter):" in text
    assert "SimpleNamespace(" in text


def stands_alone(text, code, where):
    """Every name is defined once, and nothing is imported but the frameworks and what a formula needs."""
    done = {}
    for step in steps(code):
        done.setdefault(step.opname, set()).add(step.argval)
    used = done.get("LOAD_GLOBAL", set()) | done["LOAD_NAME"]
    assert used <= done["STORE_NAME"] | set(dir(builtins)) | {"__name__"}, where
    imported = {name.partition(".")[0] for name in done["IMPORT_NAME"]} - sys.stdlib_module_names
    packages = {"torch", "tensorflow", "keras", "tf_keras", "numpy", "autograd", "einops"}
    assert imported <= packages | ({"parity"} if PACKAGED in text else set()), where
    defined = re.findall(r"^(?:def|class) (\w+)", text, re.MULTILINE)
    assert len(defined) == len(set(defined)), where


def test_only_four_lines_depend_on_the_circumstances():
    case = load(CASES / "linear.py").case("linear")
    given = (case, case.variants[0], case.implementation("keras.layers.Dense"))
    one = script(*given, dtype="float32").splitlines()
    other = script(*given, dtype="bfloat16", seed=7, device="gpu:0", mode="compiled").splitlines()
    different = [line for line, before in zip(other, one, strict=True) if line != before]
    assert different == ["SEED = 7", 'DTYPE = "bfloat16"', 'DEVICE = "gpu:0"', 'MODE = "compiled"']


def test_variants_and_implementations_share_parts():
    case = load(CASES / "linear.py").case("linear")
    one, variant, api = (
        set(parts(case, case.variants[v], case.implementation(name)))
        for v, name in ((0, "torch.nn.Linear"), (1, "torch.nn.Linear"), (0, "keras.layers.Dense"))
    )
    assert len(one & variant) > len(one) / 2
    assert len(one & api) > len(one) / 3


DECLARED = '''
"""Things that are called the same."""

import math

from parity import Case, normal

RATES = {"half": lambda x: x / 2}
data = 3


def outer(function, times):
    def call(x):
        return function(x) * times

    return call


case = Case("same", "Names.", sizes=dict(N=2), inputs=dict(x=normal("N")), outputs=dict(y="N"))


def declare(rate, start=data):
    @case.torch(rate)
    def _(torch, x, shift=start):
        data = 1
        return outer(RATES[rate], math.pi)(x) * data + shift


case.reference(lambda np, x: outer(lambda y: y * y, data)(x))
declare("half")


@case.tensorflow("any")
def _(tf, x):
    return x


@case.torch.layer("pair", weights={})
def _(torch):
    return torch.nn.Identity(), lambda x: x


@case.torch.layer("plain", weights={})
def _(torch):
    return torch.nn.Identity().eval()


@case.torch.layer("unclear", weights={})
def _(torch):
    return outer(torch, 2)
'''


@pytest.fixture
def same(tmp_path):
    """The case of this file."""
    path = tmp_path / "same.py"
    path.write_text(textwrap.dedent(DECLARED))
    return load(path).case("same")


def test_what_functions_use_comes_with_them_under_names_of_its_own(same):
    functions = {"reference": same.formula, "implementation": same.implementation("half").function}
    source = Source(functions, ["data", "call"])
    assert source.imports == {"import math"}
    made = {"math": math}
    exec("\n".join(text for texts in source.texts.values() for text in texts), made)
    assert made["reference"](None, 5) == same.formula(None, 5) == 75
    assert made["implementation"](None, 4) == functions["implementation"](None, 4)
    assert made["data_2"] == 3
    assert "data" not in made


def test_what_a_layers_function_returns_is_seen_where_it_is_plain(same):
    assert [builds_pair(same.implementation(api).function) for api in ("pair", "plain", "unclear")] == [
        True,
        False,
        None,
    ]
