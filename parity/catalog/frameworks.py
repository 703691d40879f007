"""The frameworks that cases can be implemented in.

Everything that is particular to one framework stands in its adapter, ``parity/workers/<name>.py``;
this table only lets declarations and messages call it by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Framework:
    """A framework: the name used in declarations and options, its title, and what it is installed and imported as.

    ``packages`` are imported, the first is the framework itself; ``distributions`` are what pip calls its parts.
    ``oldest`` are the oldest versions of its parts that the harness works with (``nox -s supported`` tries them).
    ``kernels`` are the names, with titles, of the CPU kernels that it chooses from by processor, mode and dtype.
    ``aliases`` give the public name of a module for the beginning of the name that the module has itself; the public
    name is empty for a module that is not public. ``tracers`` are the beginnings of names of functions that read the
    code of what they are given, and so would read a watcher, too.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    distributions: tuple[str, ...]
    oldest: Mapping[str, str]
    kernels: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    tracers: tuple[str, ...] = ()

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
            {"torch": "2.4"},
            {"avx512": "AVX-512", "avx2": "AVX2", "default": "scalar"},
            {"torch._C": ""},
            ("torch.compile", "torch.export.", "torch.fx.", "torch.jit."),
        ),
        Framework(
            "tensorflow",
            "TensorFlow",
            ("tensorflow", "keras", "tf_keras"),
            ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu", "keras", "keras-nightly", "tf-keras"),
            {"tensorflow": "2.18", "tensorflow-cpu": "2.18", "keras": "3.5"},
            {
                "onednn": "oneDNN",
                "eigen": "Eigen",
                "fused": "fused Eigen",
                "avx512": "AVX-512",
                "avx2": "AVX2",
                "default": "scalar",
            },
            {
                "tensorflow": "tf",
                "tensorflow._api.v2": "tf",
                "tensorflow.python": "",
                "keras.src": "",
                "keras._tf_keras.keras": "keras",
                "tf_keras.src": "",
                "tf_keras.api._v1.keras": "tf.compat.v1.keras",
                "tf_keras.api._v1.keras.__internal__.legacy.layers": "tf.compat.v1.layers",
                "tf_keras.api._v1.keras.__internal__.legacy.rnn_cell": "tf.compat.v1.nn.rnn_cell",
            },
        ),
    )
}

REFERENCE = "reference"
"""The name under which the NumPy formula runs and appears in reports."""
