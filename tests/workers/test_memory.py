"""Memory is told of the program itself, whatever started it."""

import subprocess
import sys

import pytest

CHILD = "from parity.workers.memory import peak_bytes; print(peak_bytes())"

PARENT = f"""
import subprocess, sys
ballast = b"x" * 400_000_000
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hand it on")
def test_a_large_program_does_not_make_those_it_starts_look_large():
    told = subprocess.run([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert 5e6 < int(told) < 200e6
