"""What a formula may not use is refused as its declaration loads, wherever it stands, with what to write instead."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from parity.catalog.formulas import refused
from parity.formula.names import INSTEAD, allowed, refusal

PYTHONS = [f"python3.{minor}" for minor in (10, 11, 12, 13)]

FILE = """
import functools

def helper(np, x):
    return np.vectorize(abs)(x)

def later(x, np):
    return np.polyval([1.0], x)

class Helper:
    scale = 2

    def __init__(self, n):
        self.n = n

    def call(self, np, x):
        return np.nanvar(x) * self.n

    @staticmethod
    def other(np, x):
        return np.cov(x)

tool = Helper(3)
table = {"gelu": lambda np, x: np.trapz(x)}
half = functools.partial(helper)

def outer():
    def inner(np, x):
        return np.histogram(x)
    def formula(np, x):
        return inner(np, x)
    return formula

class Formula:
    def __call__(self, np, x):
        return np.empty(3)

def plain(np, x):
    y = np.exp(x)
    return np.gradient(y)

def with_tuple(np, x, y):
    return x + np.corrcoef(x, y)

def comprehension(np, x):
    return [np.partition(row, 1) for row in x]

def generator(np, x):
    return sum(np.piecewise(row, [], []) for row in x)

def nested(np, x):
    def inside(y):
        return np.apply_along_axis(y)
    return inside(x)

def in_class(np, x):
    class Local:
        value = np.empty_like(x)
    return Local.value

def of_module(np, x):
    z = np.linalg.lstsq(x, x)
    return z + np.fft.hfft(x) + np.random.randn(3)

def of_function(np, x):
    return np.maximum.accumulate(x) + np.add.reduce(x) + np.add.at(x, 0, 1) + np.exp(x).sum() + np.sum(x).at

def keyword(np, x, *, axis=0, method=helper):
    return method(np, x)

def allowed(np, x, *, N):
    def inside(y): return np.linalg.solve(y, np.fft.rfft(y).real)
    with np.errstate(all="ignore"):
        rows = [np.sum(row, axis=0) for row in x]
    other = x.vectorize if N else np.float64(3)
    return np.pi * np.where(np.isnan(rows), np.inf, inside(other)) + np.newaxis

by_helper = lambda np, x: helper(np, x)
by_later = lambda np, x: later(x, np)
by_method = lambda np, x: tool.call(np, x)
by_static = lambda np, x: Helper.other(np, x)
by_table = lambda np, x: table["gelu"](np, x)
by_partial = lambda np, x: half(np, x)
by_module = lambda np, x: other.helper_elsewhere(np, x)
renamed = lambda xp, x: xp.vectorize(x)
"""

REFUSED = {
    "plain": ["gradient"],
    "with_tuple": ["corrcoef"],
    "comprehension": ["partition"],
    "generator": ["piecewise"],
    "nested": ["apply_along_axis"],
    "in_class": ["empty_like"],
    "of_module": ["linalg.lstsq", "fft.hfft", "random"],
    "of_function": ["maximum.accumulate", "add.reduce", "add.at"],
    "keyword": ["vectorize"],
    "by_helper": ["vectorize"],
    "by_later": ["polyval"],
    "by_method": ["nanvar"],
    "by_static": ["cov"],
    "by_table": ["trapz"],
    "by_partial": ["vectorize"],
    "by_module": ["histogram"],
    "renamed": ["vectorize"],
    "outer()": ["histogram"],
    "allowed": [],
}


def places(name):
    """The sentences that are expected, up to the line's end, with the line on which a file has the name."""
    for refused_name in REFUSED[name]:
        if name == "by_module":
            yield f"other.py:2: np.{refused_name}"
        else:
            last = "xp." if name == "renamed" else "np."
            lines = (
                n for n, line in enumerate(FILE[1:].splitlines(), 1) if re.search(rf"{last}{refused_name}\b", line)
            )
            yield f"declared.py:{next(lines)}: np.{refused_name}"


@pytest.fixture
def declared(tmp_path):
    (tmp_path / "declared.py").write_text(FILE[1:])
    (tmp_path / "other.py").write_text("def helper_elsewhere(np, x):\n    return np.histogram(x)\n")
    return tmp_path


def sentences(folder, formulas):
    """What is refused of the formulas of a file, as file:line: name."""
    sys.path.insert(0, str(folder))
    try:
        namespace = {"__name__": "declared"}
        namespace["other"] = __import__("other")
        exec(compile(FILE[1:], str(folder / "declared.py"), "exec"), namespace)
        return {name: list(refused(eval(name, namespace))) for name in formulas}
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("other", None)


def test_what_is_not_modelled_is_refused_wherever_it_stands(declared):
    found = sentences(declared, REFUSED)
    for name in REFUSED:
        assert sorted(each.split(" is not")[0] for each in found[name]) == sorted(places(name)), name


@pytest.mark.parametrize("python", PYTHONS)
def test_the_code_of_every_supported_python_is_read(declared, python):
    """The reading needs nothing but the standard library: the modules that it imports are given alone."""
    installed = Path.home().glob(f".pyenv/versions/{python.removeprefix('python')}.*/bin/{python}")
    interpreter = next(map(str, installed), None) or shutil.which(python)
    if interpreter is None:
        pytest.skip(f"{python} is not installed")
    package = Path(__file__).parents[2] / "parity"
    for part in ("catalog", "formula"):
        (declared / "parity" / part).mkdir(parents=True)
        (declared / "parity" / part / "__init__.py").touch()
    (declared / "parity" / "__init__.py").touch()
    (declared / "parity/catalog/calls.py").write_text("Function = object\n")
    shutil.copy(package / "catalog/formulas.py", declared / "parity/catalog")
    shutil.copy(package / "formula/names.py", declared / "parity/formula")
    program = f"""
        import other
        from parity.catalog.formulas import refused
        names = {list(REFUSED)!r}
        space = {{"other": other, "__name__": "declared"}}
        exec(compile(open("declared.py").read(), "declared.py", "exec"), space)
        for name in names:
            for sentence in refused(eval(name, space)):
                print(name, sentence.split(" is not")[0], sep="|")
    """
    run = subprocess.run(
        [interpreter, "-c", dedent(program)],
        cwd=declared,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(declared)},
    )
    assert run.returncode == 0, run.stderr
    found = sorted(tuple(line.split("|")) for line in run.stdout.splitlines())
    assert found == sorted((name, place) for name in REFUSED for place in places(name))


def test_a_refusal_says_what_to_write_instead():
    assert "write it as an input" in refusal("random")
    assert "the nearest name is np.linalg.solve" in refusal("linalg.solved")
    assert "docs/writing-formulas.md" in refusal("nothing_like_it")
    assert refusal("exp.outer").endswith(
        "call np.exp itself, on whole arrays, or write np.stack of a list comprehension"
    )


@pytest.mark.parametrize("name", INSTEAD)
def test_what_is_named_instead_is_no_name_that_is_allowed(name):
    assert not allowed(name)
