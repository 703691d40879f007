"""Maxima that are subtracted before an exponential, and that no implementation differentiates.

``np.exp(x - np.max(x))`` is how a softmax is written. Through the maximum the rounding of the largest element's
gradient cancels, which happens in no framework: there the maximum is a constant. A formula is therefore measured a
second time with maxima that are constants. Where they are none, as in a max-pooling, that moves the gradients by more
than rounding does, and it does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from autograd.tracer import isbox

from .derivatives import stopped

_constant: ContextVar[bool] = ContextVar("constant maxima", default=False)
_asked: ContextVar[list[bool] | None] = ContextVar("asked for maxima", default=None)


@contextmanager
def noticed(*, constant: bool) -> Iterator[list[bool]]:
    """Within it, maxima of what is differentiated add to the list, and are ``constant`` or not."""
    asked: list[bool] = []
    tokens = _constant.set(constant), _asked.set(asked)
    try:
        yield asked
    finally:
        _constant.reset(tokens[0])
        _asked.reset(tokens[1])


def maximum_of(found: Any) -> Any:
    """A maximum, as it is to be differentiated."""
    asked = _asked.get()
    if asked is None or not isbox(found):
        return found
    asked.append(True)
    return stopped(found) if _constant.get() else found
