"""Files are read whatever their encoding; what cannot be read is told and skipped."""

import warnings

import pytest
from usages import certain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "bad.py:1: skipped: invalid syntax"),
        ("print 'python 2'\n", "bad.py:1: skipped: Missing parentheses"),
        (b"x = '\xff'\n", "bad.py:1: skipped: (unicode error)"),
        (b"# coding: nonsense\n", "bad.py: skipped: unknown encoding"),
        (b"x = 1\0", "bad.py: skipped: source code string cannot contain null bytes"),
        ("(" * 5000, "bad.py:1: skipped: too many nested parentheses"),
        ("-" * 100_000 + "1", "bad.py: skipped"),
        ("#" * (5 << 20) + "\n", "bad.py: skipped: has more than 5,242,880 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_file_that_cannot_be_read_is_told_and_skipped(code, text, said):
    usage = code({"bad.py": text, "good.py": "import torch\ntorch.exp(x)"})
    assert certain(usage) == {"torch.exp": ["good.py:2"]}
    assert len(usage.warnings) == 1
    assert usage.warnings[0].startswith(said.partition(":1")[0])


def test_other_encodings_and_python_warnings(code):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        usage = code({"a.py": "# coding: latin-1\nimport torch\ntorch.exp('\xe9', '\\d')".encode("latin-1")})
    assert certain(usage) == {"torch.exp": ["a.py:3"]}
