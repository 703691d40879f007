"""The user's own files are found, under names that stay in their line."""

from usages import certain

from parity.gate.used import used


def test_a_single_file(tmp_path):
    (tmp_path / "train").write_text("import torch\ntorch.exp(x)")
    assert certain(used(tmp_path / "train")) == {"torch.exp": ["train:2"]}


def test_what_is_not_the_users_is_not_read(code):
    other = "import torch\ntorch.exp(x)"
    usage = code({
        ".git/hooks/a.py": other, "node_modules/a.py": other, ".venv/lib/a.py": other, "venv/a.py": other,
        "my-env/pyvenv.cfg": "", "my-env/lib/a.py": other, "lib/site-packages/a.py": other, "notes.txt": other,
        "__pycache__/a.py": other, "a.py": "import torch\ntorch.log(x)",
    })  # fmt: skip
    assert certain(usage) == {"torch.log": ["a.py:2"]}
    assert usage.files == 1


def test_links_that_lead_in_circles_or_nowhere(code, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert certain(code({"a.py": "import torch\ntorch.exp(x)"})) == {"torch.exp": ["a.py:2"]}


def test_a_files_name_stays_in_its_line(code):
    usage = code({"a\n::error::b.py": "import torch\ntorch.exp(x)", "c\nd.py": "("})
    assert certain(usage) == {"torch.exp": ["a\\n::error::b.py:2"]}
    assert usage.warnings[0].startswith("c\\nd.py:1: skipped")
