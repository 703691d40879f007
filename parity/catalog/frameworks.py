"""The frameworks that cases can be implemented in.

Everything that is particular to one framework stands in its adapter, ``parity/workers/<name>.py``;
this table only lets declarations and messages call it by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Framework:
    """A framework: the name used in declarations and options, its title, and what it is installed and imported as.

    ``packages`` are imported, the first is the framework itself; ``distributions`` are what pip calls its parts.
    ``kernels`` are the names, with titles, of the CPU kernels that it chooses from by processor, mode and dtype.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    distributions: tuple[str, ...]
    kernels: Mapping[str, str]

    @property
    def package(self) -> str:
        return self.packages[0]

    def titles(self, kernels: Iterable[str]) -> list[str]:
        """The titles of CPU kernels, each once. A name that this table lacks is its own title."""
        return list(dict.fromkeys(self.kernels.get(name, name) for name in kernels))


FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework(
            "torch",
            "PyTorch",
            ("torch",),
            ("torch",),
            {"avx512": "AVX-512", "avx2": "AVX2", "default": "scalar"},
        ),
        Framework(
            "tensorflow",
            "TensorFlow",
            ("tensorflow", "keras", "tf_keras"),
            ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu", "keras", "keras-nightly", "tf-keras"),
            {
                "onednn": "oneDNN",
                "eigen": "Eigen",
                "fused": "fused Eigen",
                "avx512": "AVX-512",
                "avx2": "AVX2",
                "default": "scalar",
            },
        ),
    )
}

REFERENCE = "reference"
"""The name under which the NumPy formula runs and appears in reports."""
