"""What the tests of the face share: running pytest as a user does, in a folder of its own outside this project."""

import csv
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest


class Outcome:
    """What one run of pytest left behind."""

    def __init__(self, folder, done):
        self.folder, self.code = folder, done.returncode
        self.out, self.err = done.stdout, done.stderr

    @property
    def all(self):
        return self.out + self.err

    @property
    def ids(self):
        """The ids that ``--collect-only -q`` lists."""
        return [
            line for line in self.out.splitlines() if "::" in line and not line.startswith((" ", "ERROR", "FAILED"))
        ]

    def rows(self, **wanted):
        """The rows of ``reports/parity.csv``, or those with the given cells."""
        with (self.folder / "reports" / "parity.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def json(self, name):
        return json.loads((self.folder / "reports" / name).read_text())

    def junit(self, path="reports/parity.junit.xml"):
        """The test cases by name, with the kinds of what is reported of them."""
        cases = ElementTree.parse(self.folder / path).getroot().iter("testcase")
        return {case.get("name"): {part.tag for part in case} - {"properties"} for case in cases}

    def screen(self, name):
        """The lines that the section of a failing item prints."""
        lines = self.out.splitlines()
        (start,) = (number for number, line in enumerate(lines) if line.strip("_ ") == name and line.startswith("_"))
        after = lines[start + 1 :]
        end = next(number for number, line in enumerate(after) if line.startswith(("____", "====", "----")))
        return after[:end]


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory):
    """``folder_of({path: text})``: a folder with these files, whose root pytest finds without looking above it."""

    def make(files):
        folder = tmp_path_factory.mktemp("stranger")
        for name, text in {"pytest.ini": "[pytest]\n", **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return folder

    return make


@pytest.fixture(scope="session")
def environment():
    """The environment of a user's shell: nothing of this test run in it."""
    dropped = ("PYTEST_", "PARITY_", "NOX_")
    return {**{k: v for k, v in os.environ.items() if not k.startswith(dropped)}, "COLUMNS": "200"}


@pytest.fixture(scope="session")
def run_in(environment):
    """``run_in(folder, *arguments)``: run pytest there and wait for its outcome."""

    def run(folder, *arguments, cwd=None):
        command = [sys.executable, "-m", "pytest", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd or folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        return Outcome(Path(folder), done)

    return run


@pytest.fixture(scope="session")
def interpreters(pythons):
    """The options that name the frameworks' interpreters."""
    return [f"--{name}-python={python}" for name, python in pythons.items()]


CONVOLUTION = """
from parity import Case, grid, normal

conv2d = Case(
    "conv2d",
    "A convolution with a kernel of one element.",
    sizes=dict(N=2, C=3, O=4, H=5, W=6),
    inputs=dict(x=normal("N C H W")),
    weights=dict(kernel=normal("O C"), bias=normal("O")),
    outputs=dict(y="N O P Q"),
    variants=grid(stride=[1, 2], padding=["valid", "same"]),
    dtypes=["float32", "float64"],
)

@conv2d.reference
def _(np, x, kernel, bias, *, stride):
    return np.einsum("nchw,oc->nohw", x[:, :, ::stride, ::stride], kernel) + bias[:, None, None]

@conv2d.torch("torch.nn.functional.conv2d", kernel="O C 1 1")
def _(torch, x, kernel, bias, *, stride):
    return torch.nn.functional.conv2d(x, kernel, bias, stride=stride)

@conv2d.tensorflow("tf.nn.conv2d", x="N H W C", kernel="1 1 C O", y="N P Q O")
def _(tf, x, kernel, bias, *, stride, padding):
    return tf.nn.conv2d(x, kernel, stride, padding.upper()) + bias
"""
DOUBLE = """
from parity import Case, normal

double = Case("double", "y = 2 x.", sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")), outputs=dict(y="N M"))

@double.reference
def _(np, x):
    return 2 * x

@double.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 2)

@double.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 2)
"""
PLAIN = """
def test_plain():
    assert True
"""


@pytest.fixture(scope="session")
def stranger(folder_of):
    """Someone's repository: case files, ordinary tests beside them, and folders that only look alike."""
    return folder_of(
        {
            "cases/convolution.py": CONVOLUTION,
            "cases/double.py": DOUBLE,
            "cases/helper.py": "raise RuntimeError('a file without cases was imported')\n",
            "cases/_private.py": "from parity import Case\nraise RuntimeError('a private file was imported')\n",
            "cases/test_beside.py": PLAIN,
            "cases/conftest.py": "from parity import Case\n",
            "elsewhere/double.py": DOUBLE,
            "elsewhere/test_elsewhere.py": PLAIN,
            "conftest.py": """
                import json, sys
                from pathlib import Path

                def pytest_sessionfinish():
                    Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
            """,
        }
    )
