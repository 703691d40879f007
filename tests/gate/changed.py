"""Interpreters whose PyTorch and TensorFlow do something else: real ones, with functions exchanged after the import."""

from __future__ import annotations

import os
import stat
import time
import warnings
from pathlib import Path
from typing import Any

HOOK = '''
import importlib.abc, importlib.machinery, importlib.util, sys


class After(importlib.abc.MetaPathFinder):
    """Calls ``change`` when a framework has been imported."""

    def find_spec(self, name, path, target=None):
        if name not in ("torch", "tensorflow"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            sys.meta_path.remove(self)
            where = importlib.util.spec_from_file_location("changed", {file!r})
            changed = importlib.util.module_from_spec(where)
            where.loader.exec_module(changed)
            changed.CHANGES[{which!r}, name](module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, After())
'''


def interpreter(folder: Path, python: str, which: str) -> str:
    """An interpreter like ``python`` whose frameworks are the ``old`` or the ``new`` ones."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(HOOK.format(file=str(Path(__file__).resolve()), which=which))
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{python}" "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def exchange(module: Any, name: str, change: Any) -> None:
    """Put ``change(original)`` in the place of a function."""
    setattr(module, name, change(getattr(module, name)))


def raising(error: Exception) -> Any:
    def change(original: Any) -> Any:
        def raises(x: Any) -> Any:
            raise error

        return raises

    return change


def scaled(by: float) -> Any:
    return lambda original: lambda x: original(x) * by


def one_row(original: Any) -> Any:
    return lambda x: original(x)[:1]


def not_a_number(original: Any) -> Any:
    return lambda x: original(x) * float("nan")


def noisy(original: Any) -> Any:
    """The same values with other bits in every process."""
    import numpy
    import torch

    entropy = numpy.random.default_rng()

    def noise(x: Any) -> Any:
        return torch.from_numpy(entropy.integers(0, 2, tuple(x.shape)) * 2.0**-23)

    return lambda x: (original(x) * (1 + noise(x))).to(x.dtype)


def old_torch(torch: Any) -> None:
    exchange(torch, "sin", scaled(1.01))
    exchange(torch, "cos", scaled(1.01))
    exchange(torch, "sqrt", raising(NotImplementedError("sqrt is not implemented")))
    exchange(torch, "log", raising(NotImplementedError("log is not implemented")))
    for name in ("expm1", "rsqrt", "round"):
        exchange(torch, name, scaled(1.01))
    exchange(torch, "neg", scaled(1.5))
    exchange(torch, "negative", not_a_number)
    exchange(torch, "tan", raising(NotImplementedError("tan is not implemented")))
    exchange(torch, "ceil", one_row)
    exchange(torch, "sign", noisy)
    del torch.acosh, torch.positive


def new_torch(torch: Any) -> None:

    def warned(original: Any) -> Any:
        def warns(x: Any) -> Any:
            warnings.warn("torch.abs is deprecated, use torch.absolute", DeprecationWarning, stacklevel=2)
            return original(x)

        return warns

    def aborting(original: Any) -> Any:
        return lambda x: os.abort()

    exchange(torch, "exp", scaled(1 + 2.0**-23))
    exchange(torch, "tanh", scaled(1.001))
    exchange(torch, "sinh", one_row)
    exchange(torch, "cosh", lambda original: lambda x: original(x).double())
    exchange(torch, "atan", raising(ValueError("atan of 12 elements")))
    exchange(torch, "asinh", aborting)
    exchange(torch, "log", raising(TypeError("log does not take this")))
    exchange(torch, "abs", warned)
    exchange(torch, "sigmoid", noisy)
    exchange(torch, "expm1", scaled(1.5))
    exchange(torch, "rsqrt", scaled(2))
    exchange(torch, "round", scaled(1.5))
    for name in ("neg", "negative", "reciprocal", "tan", "acosh"):
        exchange(torch, name, scaled(1.01))
    del torch.square


def new_tensorflow(tf: Any) -> None:
    exchange(tf.math, "log1p", scaled(1 + 2.0**-23))


def slow_torch(torch: Any) -> None:
    def slow(original: Any) -> Any:
        def sleeps(x: Any) -> Any:
            time.sleep(2e-4)
            return original(x)

        return sleeps

    exchange(torch, "relu", slow)


def unchanged(module: Any) -> None:
    """As it is."""


CHANGES = {
    ("old", "torch"): old_torch,
    ("new", "torch"): new_torch,
    ("slow", "torch"): slow_torch,
    ("old", "tensorflow"): unchanged,
    ("new", "tensorflow"): new_tensorflow,
}
