"""The names that scripts take from Autograd's NumPy: in none of their forms is a value or gradient wrong unnoticed."""

import os
import subprocess
import sys
from pathlib import Path

from parity.formula.names import OF_AUTOGRAD

PROGRAM = """
import sys, warnings
import numpy as np, autograd.numpy as anp
from autograd import make_vjp
from autograd.builtins import tuple as traced_tuple
from forms import FORMS

np.seterr(all="ignore")
warnings.simplefilter("error", UserWarning)  # That the result does not depend on what it depends on.
step = np.longdouble(2e-4)


def flat(result):
    parts = result if isinstance(result, (tuple, list)) else [result]
    return np.concatenate([np.ravel(np.asarray(part)) for part in parts])


def check(form):
    expected = flat(form.call(np, *form.arrays))
    np.testing.assert_allclose(flat(form.call(anp, *form.arrays)), expected, rtol=1e-12, atol=1e-12)
    if not form.arrays or expected.dtype.kind not in "fc" or not expected.size or not np.any(expected):
        return
    point = tuple(np.asarray(array, np.longdouble) for array in form.arrays)
    back, results = make_vjp(lambda arrays: form.call(anp, *arrays))(point)
    generator = np.random.default_rng(0)
    given = generator.standard_normal(np.shape(results)).astype(np.asarray(results).dtype)
    directions = [generator.standard_normal(array.shape) for array in point]
    along = lambda k: flat(form.call(np, *(x + k * step * d for x, d in zip(point, directions))))
    change = (along(1) - along(-1)) / (2 * step)
    found = sum(np.sum(gradient * d) for gradient, d in zip(back(given), directions))
    np.testing.assert_allclose(float(found), float(np.sum(np.real(change * np.ravel(given)))), rtol=1e-4, atol=1e-4)


for form in FORMS:
    if form.name in sys.argv[1:]:
        try:
            check(form)
        except AssertionError as error:
            print(form.id, error)
        except Exception:
            pass  # Refused: a script says so.
"""
WITH_WHERE = {"sum-13", "mean-11"}
"""Sums over a mask, which the script tells from their keyword."""


def test_what_scripts_take_from_autograd_is_right_or_raises():
    forms = Path(__file__).parents[1] / "formula"
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *sorted(OF_AUTOGRAD)],
        env={**os.environ, "PYTHONPATH": str(forms)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    wrong = {line.split()[0] for line in run.stdout.splitlines() if line[:1].isalpha() and "-" in line.split()[0]}
    assert wrong - WITH_WHERE == set(), run.stdout
