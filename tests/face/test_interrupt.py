"""Ctrl-C: what is done is kept, and no worker stays behind."""

import csv
import json
import signal
import subprocess
import sys
import threading

import pytest

SLOW = """
import os, time
from pathlib import Path
from parity import Case, grid, normal

slow = Case(
    "slow", "y = 2 x, a hundred times.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"),
    variants=grid(number=list(range(100))), dtypes=["float32"],
)

def wait(number):
    Path(__file__).with_name(f"pid-{os.getpid()}").touch()
    time.sleep(0.01 if number < 3 else 3600)

@slow.reference
def _(np, x, *, number):
    Path(__file__).with_name(f"pid-{os.getpid()}").touch()
    return 2 * x

@slow.torch("torch.mul")
def _(torch, x, *, number):
    wait(number)
    return torch.mul(x, 2)

@slow.tensorflow("tf.multiply")
def _(tf, x, *, number):
    wait(number)
    return tf.multiply(x, 2)
"""


@pytest.fixture(scope="module")
def interrupted(folder_of, environment, interpreters):
    """A run that is interrupted when three items are done: its folder, exit code and output."""
    folder = folder_of({"cases/slow.py": SLOW})
    command = [sys.executable, "-m", "pytest", "cases", "-v", "--reports=reports", *interpreters]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell that runs the tests in the background has them ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:
        hangs = threading.Timer(180, running.kill)
        hangs.start()
        out = ""
        while out.count("PASSED") < 3 and (line := running.stdout.readline()):
            out += line
        running.send_signal(signal.SIGINT)
        out += running.communicate()[0]
        hangs.cancel()
    return folder, running.returncode, out


def test_the_run_ends_as_interrupted(interrupted):
    _, code, out = interrupted
    assert code == 2
    assert "KeyboardInterrupt" in out
    assert "INTERNALERROR" not in out
    assert "3 passed" in out


def test_what_was_done_is_in_the_record(interrupted):
    folder = interrupted[0]
    with (folder / "reports" / "parity.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["variant"] for row in rows} == {"number=0", "number=1", "number=2"}
    assert len(rows) == 3 * 6
    assert {row["verdict"] for row in rows} == {"pass"}
    assert json.loads((folder / "reports" / "environment.json").read_text())["items"] == 3
    assert (folder / "reports" / "parity.html").exists()


def test_no_worker_stays_behind(interrupted, ended):
    pids = [int(path.name.partition("-")[2]) for path in (interrupted[0] / "cases").glob("pid-*")]
    assert len(pids) == 3
    assert all(ended(pid) for pid in pids)
