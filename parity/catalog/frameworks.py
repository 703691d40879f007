"""The frameworks that cases can be implemented in.

Everything that is particular to one framework stands in its adapter, ``parity/workers/<name>.py``;
this table only lets declarations and messages call it by name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Framework:
    """A framework: the name used in declarations and options, its title, and the package to import."""

    name: str
    title: str
    package: str


FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework("torch", "PyTorch", "torch"),
        Framework("tensorflow", "TensorFlow", "tensorflow"),
    )
}

REFERENCE = "reference"
"""The name under which the NumPy formula runs and appears in reports."""
