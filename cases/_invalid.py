"""What the cases of invalid inputs share: tensors without gradients, and how a refusal is declared."""

from types import MappingProxyType

from parity import normal

WIDE = ("float64", "float32")
CAPTURED = ("graph", "compiled")
FAKE = "TorchRuntimeError: when making fake tensor call"
"""What Dynamo says when an operation refuses the shapes that it is traced with; the operation's own words follow."""
MEASURED = "measured with torch 2.13.0, TensorFlow 2.21.0, Keras 3.15.1"


def drawn(axes):
    return normal(axes, gradient=False)


def refused(
    case,
    when,
    because="both frameworks refuse it",
    source=MEASURED,
    modes=None,
    captured=MappingProxyType({}),
    **messages,
):
    """Declare the part of its error's text by which each API of ``messages`` refuses what ``when`` matches.

    ``captured`` are the texts of those that say it in other words when they are traced, before anything is computed.
    """
    for api, message in messages.items():
        own = ("eager",) if api in captured else modes
        case.limitation(api, raises=message, because=because, source=source, when=when, modes=own)
    for api, message in captured.items():
        case.limitation(api, raises=message, because=because, source=source, when=when, modes=CAPTURED)
