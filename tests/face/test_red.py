"""A run with everything that can be wrong in a case: each is reported where it is, and the other cases still run."""

import re
import shlex
import subprocess
import sys

import pytest

HEAD = """
import os, signal, time
from parity import Case, grid, normal

SETTINGS = dict(sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")), outputs=dict(y="N M"), dtypes=["float32"])

def case(name, **more):
    made = Case(name, "y = 2 x.", **{**SETTINGS, **more})

    @made.reference
    def _(np, x):
        return 2 * x

    return made

def fill(made, torch_too=True, tensorflow_too=True):
    if torch_too:
        @made.torch("torch.mul")
        def _(torch, x):
            return torch.mul(x, 2)

    if tensorflow_too:
        @made.tensorflow("tf.multiply")
        def _(tf, x):
            return tf.multiply(x, 2)
"""
NUMBERS = (
    HEAD
    + """
right = case("right")
fill(right)

torch_is_wrong = case("torch_is_wrong")
fill(torch_is_wrong, torch_too=False)

@torch_is_wrong.torch("torch.mul")
def _(torch, x):
    wrong = torch.zeros_like(x)
    wrong[1, 2] = 0.5
    return torch.mul(x, 2) + wrong

tensorflow_is_wrong = case("tensorflow_is_wrong")
fill(tensorflow_is_wrong, tensorflow_too=False)

@tensorflow_is_wrong.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 3)

gradient_is_wrong = case("gradient_is_wrong")
fill(gradient_is_wrong, torch_too=False)

@gradient_is_wrong.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 1) + x.detach()

formula_is_wrong = case("formula_is_wrong")
fill(formula_is_wrong)

@formula_is_wrong.reference
def _(np, x):
    return 2.5 * x

other_epsilon = case("other_epsilon", parameters=dict(eps=1e-3), dtypes=["float64"])

@other_epsilon.reference
def _(np, x, *, eps):
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + eps)

@other_epsilon.torch("torch.nn.functional.rms_norm")
def _(torch, x, *, eps, M):
    return torch.nn.functional.rms_norm(x, (M,), eps=1e-5)

@other_epsilon.tensorflow("tf.math.rsqrt")
def _(tf, x, *, eps):
    return x * tf.math.rsqrt(tf.reduce_mean(x**2, axis=1, keepdims=True) + eps)
"""
)
RUNTIME = (
    HEAD
    + """
raising = case("raising", variants=grid(padding=["same"]))
fill(raising, torch_too=False)

@raising.torch("torch.mul")
def _(torch, x):
    raise ValueError("no such option")

wrong_rank = case("wrong_rank")
fill(wrong_rank, torch_too=False)

@wrong_rank.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 2).reshape(-1)

wrong_shape = case("wrong_shape")
fill(wrong_shape, tensorflow_too=False)

@wrong_shape.tensorflow("tf.multiply")
def _(tf, x):
    return tf.transpose(tf.multiply(x, 2))

wrong_number = case("wrong_number")
fill(wrong_number, tensorflow_too=False)

@wrong_number.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 2), x

colourful = case("colourful")
fill(colourful, torch_too=False)

@colourful.torch("torch.mul")
def _(torch, x):
    import warnings
    warnings.warn("\\x1b[5mblinks\\u202e")
    raise ValueError("\\x1b[2J\\x1b]0;owned\\x07red\\nand \\u202egnorw\\u200b\\x08 \\x1b[31mtext")

wrong_formula = case("wrong_formula")
fill(wrong_formula)

@wrong_formula.reference
def _(np, x):
    return 2 * np.transpose(x)

flat_formula = case("flat_formula")
fill(flat_formula)

@flat_formula.reference
def _(np, x):
    return 2 * x.reshape(-1)

loses = case("loses", weights=dict(bias=normal("M")))
repeats = case("repeats", weights=dict(bias=normal("M")))
for made in (loses, repeats):

    @made.reference
    def _(np, x, bias):
        return x + bias

    @made.tensorflow("tf.add")
    def _(tf, x, bias):
        return x + bias

@loses.torch.layer("torch.nn.Identity", weights={})
def _(torch):
    return torch.nn.Identity()

@repeats.torch.layer("torch.nn.Linear", weights=dict(weight="bias: M", bias="bias: M"))
def _(torch, *, M):
    return torch.nn.Linear(M, M)

killed = case("killed")
fill(killed, torch_too=False)

@killed.torch("torch.mul")
def _(torch, x):
    os.kill(os.getpid(), signal.SIGKILL)

hanging = case("hanging")
fill(hanging, tensorflow_too=False)

@hanging.tensorflow("tf.multiply")
def _(tf, x):
    time.sleep(3600)

after_all = case("after_all")
fill(after_all)
"""
)
DECLARED = (
    HEAD
    + """
no_size = case("no_size", inputs=dict(x=normal("N Q")))
fill(no_size)

layout = case("layout")
fill(layout, torch_too=False)

@layout.torch("torch.mul", x="N K")
def _(torch, x):
    return x

for _ in range(2):
    fill(case("twice"))

twin = case("twin")
fill(twin)

twin_again = Case("twin", "y = 2 x.", **SETTINGS)
twin_again.reference(twin.formula)
fill(twin_again)

no_formula = Case("no_formula", "Nothing.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"))

one_sided = case("one_sided")
fill(one_sided, tensorflow_too=False)

taken = case("taken")
fill(taken)

among_them = case("among_them")
fill(among_them)
"""
)
STOPS = (
    HEAD
    + """
before_the_stop = case("before_the_stop")
fill(before_the_stop)
undefined_name
"""
)
FILES = {
    "cases/declared.py": DECLARED,
    "cases/imports.py": "import no_such_package\nfrom parity import Case\n",
    "cases/none.py": "from parity import Case\n",
    "cases/figures.py": NUMBERS,
    "cases/runtime.py": RUNTIME,
    "cases/stops.py": STOPS,
    "cases/syntax.py": "from parity import Case\n\nbroken = Case('broken'\n",
    "cases/taken.py": HEAD + 'taken = case("taken")\nfill(taken)\n',
}
GOOD = {"right", "after_all", "twin", "twice", "taken", "among_them", "before_the_stop"}

DECLARATIONS = {
    "no_size": ("cases/declared.py:", "axis Q, which no size names", "add Q=... to sizes"),
    "layout": (
        "cases/declared.py:",
        "torch.mul: x: layout 'N K' leaves out M and adds K",
        "must name each of the axes",
    ),
    "twice": ("cases/declared.py:", "the name is taken by the case on line", "rename one of them"),
    "twin": ("cases/declared.py:", "the name is taken by the case on line", "rename one of them"),
    "no_formula": ("cases/declared.py:", "has no formula", "add a function under @no_formula.reference"),
    "one_sided": ("cases/declared.py:", "has no tensorflow implementation", "add a function under"),
    "taken": ("cases/taken.py:", "the name is taken by the case at cases/declared.py:", "rename one of them"),
    "syntax": ("cases/syntax.py:3", "syntax error", "mend the line"),
    "stops": ("cases/stops.py:", "NameError: name 'undefined_name' is not defined", "below this line are not loaded"),
    "imports": ("cases/imports.py:1", "ModuleNotFoundError: No module named 'no_such_package'", "import only parity"),
    "none": ("cases/none.py", "declares no case", "create one with parity.Case"),
}
"""What each broken declaration's message holds: where, what and the mend."""

FAILURES = {
    "raising": ("error", "torch", ("ValueError: no such option", "cases/runtime.py:")),
    "wrong_rank": ("fail", "torch", ("torch.mul returns y in the wrong shape: shape (12,) has 1 axes", "runtime.py:")),
    "wrong_number": (
        "fail",
        "tensorflow",
        ("tf.multiply returns 2 results where the case names 1 (y)", "runtime.py:"),
    ),
    "colourful": ("error", "torch", (r"ValueError: red and \u202egnorw\u200b\x08 text", "runtime.py:")),
    "loses": ("error", "torch", ("loses 4 of the 4 elements of weight bias: name the missing part", "runtime.py:")),
    "repeats": (
        "error",
        "torch",
        ("repeats 4 of the 4 elements of weight bias: copy each element once", "runtime.py:"),
    ),
    "killed": ("crash", "torch", ("killed by SIGKILL",)),
    "hanging": ("timeout", "tensorflow", ("no answer within 6 s",)),
}
"""The verdict, the blamed framework and the reason of implementations that give no result."""


@pytest.fixture(scope="module")
def red(folder_of, run_in, interpreters):
    options = ["--reports=reports", "--seed=5", "--unit-timeout=6", "--failures=all"]
    return run_in(folder_of(FILES), "cases", *options, *interpreters)


def of_item(case):
    return f"{case}{'[padding=same]' if case == 'raising' else ''}-float32-cpu"


def test_the_run_fails_and_ends_as_a_whole(red):
    assert red.code == 1
    assert "INTERNALERROR" not in red.all
    assert "NOT at parity" in red.out
    written = {path.name for path in (red.folder / "reports").iterdir()}
    assert {"parity.csv", "quick_timings.csv", "environment.json", "parity.junit.xml", "parity.html"} <= written


def test_no_traceback_through_the_harness_is_shown(red):
    assert "Traceback" not in red.all
    assert "parity/face/" not in red.all
    assert "parity/workers/" not in red.all
    assert "parity/catalog/" not in red.all


def test_the_other_cases_run_and_pass(red):
    junit = red.junit()
    passed = {name for name, parts in junit.items() if not parts}
    assert passed == {of_item(case) for case in GOOD}
    for case in GOOD:
        rows = [row for row in red.rows(case=case) if row["dtype"]]
        assert len(rows) == 6, case
        assert {row["verdict"] for row in rows} == {"pass"}, case


@pytest.mark.parametrize("case", DECLARATIONS)
def test_a_broken_declaration_names_file_case_and_mend(red, case):
    shown = "\n".join(red.screen(f"{case}[declaration]"))
    (row,) = [row for row in red.rows(case=case) if not row["dtype"]]
    assert row["verdict"] == "error"
    assert case in shown
    for words in DECLARATIONS[case]:
        assert words in shown
        assert words in row["reason"]
    assert "failure" in red.junit()[f"{case}[declaration]"]


@pytest.mark.parametrize("case", FAILURES)
def test_an_implementation_without_a_result_is_blamed_alone(red, case):
    verdict, framework, words = FAILURES[case]
    rows = red.rows(case=case)
    bad = [row for row in rows if row["verdict"] != "pass"]
    assert bad
    assert {row["verdict"] for row in bad} == {verdict}
    assert {row["blame"] for row in bad} == {framework}
    assert {row["left_framework"] for row in bad} == {framework}
    other = {"torch": "tensorflow", "tensorflow": "torch"}[framework]
    good = [row for row in rows if row["left_framework"] == other]
    assert len(good) >= 2
    assert {row["verdict"] for row in good} == {"pass"}
    shown = "\n".join(red.screen(of_item(case)))
    for word in words:
        assert word in bad[0]["reason"]
        assert word in shown


def test_no_control_character_of_a_message_reaches_terminal_or_record(red):
    texts = {name: (red.folder / "reports" / name).read_text() for name in ("parity.csv", "parity.md", "parity.html")}
    texts |= {name: (red.folder / "reports" / name).read_text() for name in ("warnings.csv", "results.csv")}
    for name, text in {**texts, "terminal": red.all}.items():
        assert not {"\x1b", "\u202e", "\u200b", "\x08", "\x07"} & set(text), name
    assert r"blinks\u202e" in texts["warnings.csv"]


def test_a_wrong_shape_is_named_before_any_value(red):
    bad = [row for row in red.rows(case="wrong_shape", quantity="output:y") if row["verdict"] != "pass"]
    assert bad
    assert {row["blame"] for row in bad} == {"tensorflow"}
    assert all("shape (4, 3) instead of (3, 4)" in row["reason"] for row in bad)
    assert {row["max_abs_error"] for row in bad} == {""}


@pytest.mark.parametrize("case", ["wrong_formula", "flat_formula"])
def test_a_formula_of_the_wrong_shape_is_an_error_and_nobody_else_is_blamed(red, case):
    rows = red.rows(case=case)
    (own,) = [row for row in rows if row["left"] == "reference"]
    assert own["verdict"] == "error"
    assert "the formula gave no truth" in own["reason"]
    assert re.search(r"cases/runtime\.py:\d+", own["reason"])
    assert "y" in own["reason"]
    others = [row for row in rows if row["left"] != "reference"]
    assert {(row["verdict"], row["blame"]) for row in others} == {("not-run", "")}
    assert of_item(case) in red.junit()
    assert red.junit()[of_item(case)] == {"failure"}


def test_the_wrong_side_is_blamed_by_the_truth(red):
    for case, framework in (("torch_is_wrong", "torch"), ("tensorflow_is_wrong", "tensorflow")):
        rows = red.rows(case=case, quantity="output:y")
        verdicts = {frozenset((row["left_framework"], row["right_framework"])): row["verdict"] for row in rows}
        other = {"torch": "tensorflow", "tensorflow": "torch"}[framework]
        assert verdicts == {
            frozenset((framework, "reference")): "fail",
            frozenset((other, "reference")): "pass",
            frozenset((framework, other)): "fail",
        }
        assert {row["blame"] for row in rows if row["verdict"] == "fail"} == {framework}


def test_a_formula_that_every_implementation_contradicts_is_blamed_alone(red):
    rows = red.rows(case="formula_is_wrong")
    assert {(row["right"], row["verdict"], row["blame"]) for row in rows} == {
        ("reference", "fail", "formula"),
        ("tf.multiply", "pass", ""),
    }
    shown = "\n".join(red.screen(of_item("formula_is_wrong")))
    assert re.search(r"check the formula first \(cases/figures\.py:\d+\); if it is right, all of them are wrong", shown)


def test_the_parameter_that_gives_the_result_is_named(red):
    rows = red.rows(case="other_epsilon", verdict="fail", right="reference")
    assert {(row["left_framework"], row["cause"]) for row in rows} == {
        ("torch", "the formula with eps=1e-05 instead of 0.001")
    }


def test_the_root_causes_stand_above_the_failing_items(red):
    lines = red.out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip("= ") == "root causes")
    end = next(number for number, line in enumerate(lines) if line.strip("= ") == "FAILURES")
    assert 10 < end - start <= 41
    text = "\n".join(lines[start:end])
    assert "3 rows, killed: torch.mul in float32; killed by SIGKILL" in text or "more root causes" in text
    failing = sum(bool(parts) for parts in red.junit().values())
    assert lines[end - 1] == f"{failing} of {failing} failing items are shown below"


@pytest.fixture(scope="module")
def few(red, run_in, interpreters):
    return run_in(red.folder, "cases/figures.py", "--failures=2", "--reports=few", "--dtype=float32", *interpreters)


def test_only_some_failing_items_are_shown_in_full_and_the_others_on_request(few):
    assert "2 of 4 failing items are shown below: --failures=all shows all" in few.out
    assert sum(line.startswith("____") for line in few.out.splitlines()) == 2
    assert "4 failed, 1 passed" in few.out
    assert sum(line.startswith("FAILED") for line in few.out.splitlines()) == 2
    for case in ("torch_is_wrong", "tensorflow_is_wrong", "gradient_is_wrong", "formula_is_wrong"):
        assert f"rows, {case}: " in few.out


@pytest.mark.parametrize("given", ["some", "-1", "1.5", ""])
def test_another_number_of_failing_items_is_refused(red, run_in, given):
    outcome = run_in(red.folder, "cases", f"--failures={given}", "--collect-only", "-q")
    assert outcome.code == 4
    assert f"--failures {given}: give a number of items, or all" in outcome.all


def test_a_wrong_gradient_fails_beside_a_right_output(red):
    rows = red.rows(case="gradient_is_wrong")
    assert {row["verdict"] for row in rows if row["quantity"] == "output:y"} == {"pass"}
    bad = [row for row in rows if row["verdict"] == "fail"]
    assert {row["quantity"] for row in bad} == {"grad:x"}
    assert {row["blame"] for row in bad} == {"torch"}
    assert len(bad) == 2


def test_one_screen_says_what_where_how_much_and_whose(red):
    screen = red.screen(of_item("torch_is_wrong"))
    text = "\n".join(screen)
    assert len(screen) <= 24
    assert "output:y" in text
    assert "at [1, 2]: torch.mul" in text
    (row,) = red.rows(case="torch_is_wrong", quantity="output:y", left="torch.mul", right="reference")
    assert row["max_abs_error"] == "0.5"
    assert float(row["error_ratio"]) == pytest.approx(0.5 / float(row["allowed"]), rel=1e-4)
    line = next(line for line in screen if "output:y" in line and "reference" in line)
    assert line.split() == [
        "fail",
        "output:y",
        "torch.mul",
        "reference",
        "0.5",
        format(float(row["allowed"]), ".3g"),
        format(float(row["error_ratio"]), ".3g"),
        "torch",
    ]
    assert "seed 5" in text
    assert row["input_digest"] in text
    assert "cases/figures.py:" in text


def reproduction(outcome, case):
    (line,) = [line for line in outcome.screen(of_item(case)) if "reproduce: " in line]
    return shlex.split(line.partition("reproduce: ")[2])


def again(command, folder, environment, *more):
    assert command[0] == "python"
    return subprocess.run(
        [sys.executable, *command[1:], *more], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_command_that_is_shown_fails_the_same_way(red, environment):
    done = again(reproduction(red, "torch_is_wrong"), red.folder, environment)
    assert done.returncode == 1
    assert "1 failed" in done.stdout

    def reasons(text):
        return [line for line in text.splitlines() if line.startswith(("  fail  ", "  at [", "  seed "))]

    assert len(reasons(done.stdout)) == 5
    assert reasons(done.stdout) == reasons("\n".join(red.screen(of_item("torch_is_wrong"))))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("torch_is_wrong", "torch.mul, output:y: 1 of 12 elements only"),
        ("tensorflow_is_wrong", "tf.multiply, output:y: the truth times 1.5"),
        ("gradient_is_wrong", "torch.mul, grad:x: the truth times 0.5"),
    ],
)
def test_the_screen_names_the_likely_cause(red, case, said):
    assert f"  likely cause of {said}" in red.screen(of_item(case))


def test_the_command_keeps_the_limit_that_a_timeout_ran_into(red):
    (limit,) = [word for word in reproduction(red, "hanging") if word.startswith("--unit-timeout=")]
    assert float(limit.partition("=")[2]) == 6


def test_the_next_run_can_be_of_the_failed_ones_only(red, run_in):
    outcome = run_in(red.folder, "cases", "--lf", "--collect-only", "-q", "--device=cpu")
    failed = {name for name, parts in red.junit().items() if parts}
    assert {item.partition("::")[2] for item in outcome.ids} == failed
    assert len(outcome.ids) == len(failed) == len(DECLARATIONS) + len(FAILURES) + 8


@pytest.fixture(scope="module")
def stopped(red, run_in, interpreters):
    """The same files from their own folder, with -x, an allowance, and another place for the reports."""
    more = ["--rtol=1e-3", "--atol=1e-6", "--reports=../stopped"]
    folder = red.folder / "cases"
    return run_in(red.folder, "figures.py", "-x", "-q", *more, *interpreters, cwd=folder), folder


def test_minus_x_stops_at_the_first_failure(stopped):
    outcome, folder = stopped
    assert outcome.code == 1
    assert "1 failed, 1 passed" in outcome.out
    lines = (folder.parent / "stopped" / "parity.csv").read_text().splitlines()
    assert {line.split(",")[1] for line in lines[1:]} == {"right", "torch_is_wrong"}
    assert len(lines) == 1 + 2 * 6


def test_an_allowance_of_the_run_is_recorded_and_repeated(stopped):
    outcome, folder = stopped
    text = (folder.parent / "stopped" / "parity.csv").read_text()
    assert "allowance set on the command line: rtol 0.001" in text
    assert {"--rtol=0.001", "--atol=1e-06"} <= set(reproduction(outcome, "torch_is_wrong"))
    assert "allowance set on the command line" in outcome.out


def test_the_command_works_from_where_the_user_is(stopped, environment):
    outcome, folder = stopped
    done = again(reproduction(outcome, "torch_is_wrong"), folder, environment, "--collect-only", "-q")
    assert done.returncode == 0, done.stderr
    assert f"cases/figures.py::{of_item('torch_is_wrong')}" in done.stdout


def test_broken_declarations_alone_fail_without_any_framework(folder_of, run_in, bare_python):
    without = [f"--torch-python={bare_python}", f"--tensorflow-python={bare_python}"]
    folder = folder_of({"cases/syntax.py": FILES["cases/syntax.py"]})
    outcome = run_in(folder, "cases", "--reports=reports", *without)
    assert outcome.code == 1
    assert "1 failed" in outcome.out
    assert "cases/syntax.py:3: syntax: syntax error" in outcome.out
    assert "INTERNALERROR" not in outcome.all
    assert [row["verdict"] for row in outcome.rows()] == ["error"]
    assert (folder / "reports" / "parity.html").exists()
