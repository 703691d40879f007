"""The exceptions that bad declarations, and implementations that do not keep to theirs, raise."""

from __future__ import annotations


class DeclarationError(Exception):
    """A case is declared wrongly. The message says where, what is wrong and how to mend it."""


class ResultError(DeclarationError):
    """A function returns other results than its case declares: ``kind`` is ``count`` or ``shape`` (another rank).

    A trap may be declared to do so (``KINDS`` in ``known.py``).
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
