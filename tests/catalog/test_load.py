"""Loading case files: whatever a file does, the harness says where and keeps the other cases."""

from parity.catalog.load import load


def names(file):
    return [case.name for case in file.cases]


def told(file):
    return [str(broken) for broken in file.broken]


STOPS = "the cases below this line are not loaded"


def test_cases_come_in_order_with_their_lines(loaded, text):
    file = loaded(text("second") + text("first"))
    assert names(file) == ["second", "first"]
    assert [case.line for case in file.cases] == [4, 4 + text("second").count("\n")]
    assert file.case("first").name == "first"
    assert file.broken == ()


def test_a_syntax_error(loaded, text):
    file = loaded(text() + "def f(:\n")
    assert names(file) == []
    line = text().count("\n") + 1
    assert told(file) == [f"ops.py:{line}: ops: syntax error: invalid syntax; mend the line"]


def test_an_import_that_fails_keeps_the_cases_before_it(loaded, text):
    file = loaded(text() + "import tensorfow\n" + text("later"))
    assert names(file) == ["op"]
    line = text().count("\n") + 1
    assert told(file) == [
        f"ops.py:{line}: ops: the file stops here with ModuleNotFoundError: No module named 'tensorfow'; "
        f"case files import only parity and NumPy, and get the frameworks as arguments of their functions; {STOPS}"
    ]


def test_an_exception_keeps_the_cases_before_it(loaded, text):
    file = loaded(text() + "\n1 / 0\n" + text("later"))
    assert names(file) == ["op"]
    line = text().count("\n") + 2
    assert told(file) == [f"ops.py:{line}: ops: the file stops here with ZeroDivisionError: division by zero; {STOPS}"]


def test_an_exception_in_a_function_names_the_line_within_it(loaded, text):
    file = loaded("def helper():\n    raise ValueError('no')\n\n\nhelper()\n")
    assert told(file) == [f"ops.py:2: ops: the file stops here with ValueError: no; {STOPS}"]


def test_a_file_that_exits(loaded, text):
    file = loaded(text() + "raise SystemExit(3)\n")
    assert names(file) == ["op"]
    assert told(file) == [f"ops.py:{text().count(chr(10)) + 1}: ops: the file stops here with SystemExit: 3; {STOPS}"]


def test_a_framework_that_does_not_exist_names_those_that_do(loaded, text):
    (message,) = told(loaded(text() + "@op.jax('jax.f')\ndef _(jax, x):\n    return x\n"))
    assert "case op has no 'jax'; frameworks are torch, tensorflow" in message


def test_a_duplicate_name_keeps_the_first_case(loaded, text):
    file = loaded(text() + text("other") + text())
    assert names(file) == ["op", "other"]
    assert file.case("op").line == 4
    line = 4 + text().count("\n") + text("other").count("\n")
    assert told(file) == [
        f"ops.py:{line}: op: the name is taken by the case on line 4 of this file: rename one of them"
    ]


def test_a_duplicate_name_never_leaves_another_case_to_the_workers(loaded, text):
    """A worker takes the first case of a name, so a later one may not pass for it when the first is broken."""
    source = text(sizes="dict(N=2)") + text()
    kept = loaded(source)
    worker = loaded(source, check=False)
    assert [case.line for case in kept.cases if case.line != worker.case(case.name).line] == []
    assert told(kept)


def test_a_broken_case_leaves_the_others(loaded, text):
    file = loaded(text("a") + text("b", sizes="dict(N=2)") + text("c"))
    assert names(file) == ["a", "c"]
    (broken,) = file.broken
    assert broken.case == "b"


def test_a_file_without_cases(loaded):
    assert told(loaded("x = 1\n")) == ["ops.py: ops: declares no case: create one with parity.Case(...)"]
    assert told(loaded("")) == ["ops.py: ops: declares no case: create one with parity.Case(...)"]


def test_a_file_that_is_not_there_or_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    assert told(load(tmp_path / "gone.py")) == ["gone.py: gone: cannot be read: No such file or directory"]
    assert told(load(tmp_path / "folder.py")) == ["folder.py: folder: cannot be read: Is a directory"]


def test_bytes_that_are_no_text(loaded):
    (message,) = told(loaded(b"x = '\xff'\n"))
    assert message.startswith("ops.py:")
    assert "can't decode byte 0xff" in message
    (message,) = told(loaded(b"x = 1\0\n"))
    assert message.startswith("ops.py")
    assert "null bytes" in message


def test_a_file_elsewhere_is_shown_with_its_full_path(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = tmp_path / "gone.py"
    assert told(load(path)) == [f"{path}: gone: cannot be read: No such file or directory"]


def test_helpers_beside_the_file_can_be_imported_and_the_path_is_left_alone(loaded, text, tmp_path):
    import sys

    (tmp_path / "helper_beside_cases.py").write_text("LENGTH = 7\n")
    before = list(sys.path)
    file = loaded("from helper_beside_cases import LENGTH\n" + text(sizes="dict(N=LENGTH, C=3)"))
    assert file.broken == ()
    assert file.cases[0].axis_sizes(file.cases[0].variants[0]) == {"N": 7, "C": 3}
    assert sys.path == before
    loaded("1 / 0\n")
    assert sys.path == before


def test_a_changed_file_is_read_anew(loaded, text):
    assert names(loaded(text("one"))) == ["one"]
    assert names(loaded(text("two"))) == ["two"]


def test_cases_made_outside_a_load_belong_to_no_file(loaded, text):
    from parity import Case, normal

    Case("stray", "Not in the file.", sizes={"N": 2}, inputs={"x": normal("N")}, outputs={"y": "N"})
    assert names(loaded(text())) == ["op"]


def test_without_check_wrong_cases_are_kept(loaded, text):
    file = loaded(text(sizes="dict(N=2)"), check=False)
    assert names(file) == ["op"]
    assert file.broken == ()
