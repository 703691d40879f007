"""What the cases of invalid inputs share: tensors without gradients, and how a refusal is declared."""

from parity import normal

WIDE = ("float64", "float32")
CAPTURED = ("graph", "compiled")
MEASURED = "measured with torch 2.13.0, TensorFlow 2.21.0, Keras 3.15.1"


def drawn(axes):
    return normal(axes, gradient=False)


def refused(case, when, because="both frameworks refuse it", source=MEASURED, modes=None, **messages):
    """Declare the part of its error's text by which each API of ``messages`` refuses what ``when`` matches."""
    for api, message in messages.items():
        case.limitation(api, raises=message, because=because, source=source, when=when, modes=modes)
