"""The public names of the frameworks' functions and layers, and which of them mean the same."""

from __future__ import annotations

import re
from functools import lru_cache

from ...catalog.frameworks import FRAMEWORKS

PACKAGES = frozenset(package for framework in FRAMEWORKS.values() for package in framework.packages)
"""What the frameworks are imported as."""

_ALIASES = (
    *(
        (rf"{re.escape(own)}(?=\.|$)", public)
        for framework in FRAMEWORKS.values()
        for own, public in sorted(framework.aliases.items(), key=lambda alias: -len(alias[0]))
        if public
    ),
    (r"tf\.compat\.v2(?=\.|$)", "tf"),
    (r"(tf\.python\.keras|keras\.api(\._v2)?(\.keras)?|tf\.keras)(?=\.|$)", "keras"),
    (r"tf_keras(?=\.|$)", "tf.compat.v1.keras"),
    (r"tf\.(?=(losses|metrics|optimizers|initializers)\.)", "keras."),
    (r"torch\.nn\.modules\.[a-z_]+\.(?=[A-Z])", "torch.nn."),
    (r"torch\.optim\.[a-z_]+\.(?=[A-Z])(?!lr_)", "torch.optim."),
)
"""Beginnings of names, and the public name for each, in the order in which they are replaced."""

_ONE = (
    (r"(tf(\.compat\.v1)?)\.(math|nn|linalg)\.(?=\w+$)", r"\1."),
    (r"keras\.ops\.(nn|numpy|math|linalg|core|image)\.(?=\w+$)", "keras.ops."),
    (r"torch\.(nn\.functional|Tensor|special)\.(?=[a-z_]\w*$)", "torch."),
    (r"(?<=^torch\.)__matmul__$", "matmul"),
    (r"(?<=^torch\.)([a-z]\w*[a-z0-9])_$", r"\1"),
    (r"(?<=^keras\.layers\.)(\w*)Convolution(?=\d)", r"\1Conv"),
    (r"(?<=^keras\.layers\.)(\w*)MaxPool(?=\dD)", r"\1MaxPooling"),
    (r"(?<=^keras\.layers\.)(\w*)AvgPool(?=\dD)", r"\1AveragePooling"),
)
"""Names that mean one function: TensorFlow exports it from several modules, PyTorch as a method, too."""


@lru_cache(maxsize=1 << 16)
def canonical(name: str) -> str:
    """The public name of a function or layer: ``tf.keras.layers.Dense`` is ``keras.layers.Dense``."""
    for pattern, public in _ALIASES:
        name = re.sub(f"^{pattern}", public, name)
    return name


@lru_cache(maxsize=1 << 16)
def one(name: str) -> str:
    """Equal for the names of one function."""
    name = canonical(name.removesuffix(".__call__"))
    for pattern, public in _ONE:
        name = re.sub(pattern if pattern.startswith("(?<=") else f"^{pattern}", public, name)
    return name


def names_in(api: str) -> list[str]:
    """The names that an API path begins with: ``tf.cast + tf.nn.l2_normalize`` has two."""
    packages = "|".join(sorted({*PACKAGES, "tf"}))
    return re.findall(rf"(?<![\w.])(?:{packages})(?:\.\w+)+", re.sub(r"\([^()]*\)", "", api))
