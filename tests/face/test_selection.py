"""Which items there are, what they are called and how they are chosen: without starting any framework."""

import json

import pytest

CONV2D = [
    f"cases/convolution.py::conv2d[stride={stride}-padding={padding}]-{dtype}-cpu"
    for stride in (1, 2)
    for padding in ("valid", "same")
    for dtype in ("float32", "float64")
]
DOUBLE = [f"cases/double.py::double-{dtype}-cpu" for dtype in ("float64", "float32", "float16", "bfloat16")]
PLAIN = ["cases/test_beside.py::test_plain", "elsewhere/test_elsewhere.py::test_plain"]


@pytest.fixture(scope="module")
def listed(run_in):
    """``listed(folder, *arguments)``: ``pytest --collect-only -q`` with interpreters that run nothing."""

    def run(folder, *arguments, **keywords):
        nothing = ["--torch-python=true", "--tensorflow-python=true", "--device=cpu"]
        return run_in(folder, "--collect-only", "-q", *nothing, *arguments, **keywords)

    return run


def test_everything_is_listed_with_readable_ids_and_no_framework(stranger, listed):
    outcome = listed(stranger)
    assert outcome.code == 0
    assert sorted(outcome.ids) == sorted(CONV2D + DOUBLE + PLAIN)
    assert "cases/convolution.py::conv2d[stride=2-padding=same]-float32-cpu" in outcome.ids
    modules = json.loads((stranger / "modules.json").read_text())
    assert "parity.face.plugin" in modules
    assert not {"torch", "tensorflow", "keras"} & set(modules)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cases/double.py"], DOUBLE),
        (["cases/convolution.py::conv2d"], CONV2D),
        ([CONV2D[-2]], [CONV2D[-2]]),
        ([CONV2D[0], DOUBLE[1]], [CONV2D[0], DOUBLE[1]]),
        (["cases", "-k", "conv2d and same and not float64"], [i for i in CONV2D if "same]-float32" in i]),
        (["-k", "double and not float"], []),
        (["cases", "--dtype=float16"], [DOUBLE[2]]),
        (["cases", "--dtype=float16,bfloat16"], DOUBLE[2:]),
        (["cases/double.py", "--dtype=float32", "--dtype", "float64"], DOUBLE[:2]),
        (["cases/double.py", "--mode=graph"], [f"{item}-graph" for item in DOUBLE]),
        (["cases/double.py", "--mode=compiled,eager", "-k", "float64"], [f"{DOUBLE[0]}-compiled", DOUBLE[0]]),
        ([f"{CONV2D[1]}-graph", "--mode=eager,graph"], [f"{CONV2D[1]}-graph"]),
        (["cases", f"--deselect={CONV2D[0]}", "--deselect=cases/double.py"], [*CONV2D[1:], PLAIN[0]]),
        (["cases", "--ignore=cases/convolution.py"], [*DOUBLE, PLAIN[0]]),
    ],
    ids=[
        "file",
        "case",
        "item",
        "items",
        "keyword",
        "nothing",
        "dtype",
        "dtypes",
        "dtype twice",
        "mode",
        "modes",
        "item of a mode",
        "deselect",
        "ignore",
    ],
)
def test_items_are_chosen_as_with_any_tests(stranger, listed, arguments, expected):
    if "--dtype=float16" in " ".join(arguments):
        expected = [*expected, PLAIN[0]]
    outcome = listed(stranger, *arguments)
    assert sorted(outcome.ids) == sorted(expected)
    assert outcome.code == (0 if expected else 5)


def test_a_dtype_that_no_case_declares_selects_nothing(stranger, listed):
    outcome = listed(stranger, "cases/convolution.py", "--dtype=bfloat16")
    assert outcome.code == 5
    assert "no tests" in outcome.out


def test_an_item_that_is_not_there_is_a_usage_error(stranger, listed):
    outcome = listed(stranger, "cases/double.py::double-float32-gpu:7")
    assert outcome.code == 4
    assert "not found: " in outcome.all
    assert "Traceback" not in outcome.all


@pytest.mark.parametrize("pattern", ["*.py", "*.py test_*.py"])
def test_a_repository_that_collects_every_file_gets_each_item_once(folder_of, listed, pattern, stranger):
    folder = folder_of(
        {
            "pytest.ini": f"[pytest]\npython_files = {pattern}\n",
            "cases/double.py": (stranger / "cases" / "double.py").read_text(),
        }
    )
    assert listed(folder).ids == DOUBLE
    assert listed(folder, "cases/double.py").ids == DOUBLE


def test_a_file_that_imports_the_package_through_helpers_is_collected(folder_of, listed, stranger):
    text = (stranger / "cases" / "double.py").read_text().replace("from parity import", "from _again import")
    folder = folder_of({
        "cases/double.py": text,
        "cases/_again.py": "from _names import *\n",
        "cases/_names.py": "import _again\nfrom parity import *\n",
        "cases/_round.py": "import _about\n",
        "cases/_about.py": "import _round\n",
        "cases/other.py": "import _round\n",
    })  # fmt: skip
    assert listed(folder).ids == DOUBLE


def test_the_folders_of_cases_can_be_named(folder_of, listed, stranger):
    text = (stranger / "cases" / "double.py").read_text()
    ini = "[pytest]\nparity_cases = operations layers\n"
    folder = folder_of({"pytest.ini": ini, "sub/operations/double.py": text, "cases/other.py": text})
    assert listed(folder).ids == [i.replace("cases/", "sub/operations/") for i in DOUBLE]


def test_a_file_outside_the_folders_of_cases_is_left_alone(stranger, listed):
    outcome = listed(stranger, "elsewhere/double.py")
    assert outcome.code in (4, 5)
    assert outcome.ids == []


def test_listing_writes_no_reports_and_keeps_those_that_are_there(stranger, listed):
    before = stranger / "kept" / "parity.csv"
    before.parent.mkdir()
    before.write_text("a record")
    assert listed(stranger, "--reports=kept").code == 0
    assert listed(stranger, "--reports=new").code == 0
    assert [path.name for path in before.parent.iterdir()] == ["parity.csv"]
    assert before.read_text() == "a record"
    assert not (stranger / "new").exists()


def test_ordinary_tests_run_without_any_framework(folder_of, run_in, bare_python):
    """A `cases` folder that has nothing to do with parity stays what it was."""
    folder = folder_of(
        {
            "cases/data.py": "raise RuntimeError('an ordinary file was imported')\n",
            "cases/test_one.py": "def test_one():\n    assert 1 + 1 == 2\n",
            "test_two.py": "import parity\n\ndef test_two():\n    assert parity.__version__\n",
        }
    )
    without = [f"--torch-python={bare_python}", f"--tensorflow-python={bare_python}"]
    outcome = run_in(folder, "--reports=reports", *without)
    assert outcome.code == 0
    assert "2 passed" in outcome.out
    assert "at parity" not in outcome.out
    assert not (folder / "reports" / "parity.csv").exists()
