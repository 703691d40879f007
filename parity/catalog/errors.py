"""The exceptions that bad declarations, and implementations that do not keep to theirs, raise."""

from __future__ import annotations


class DeclarationError(Exception):
    """A case is declared wrongly. The message says where, what is wrong and how to mend it."""


class ResultError(DeclarationError):
    """A function returns other results than its case declares: another number of them, or another rank."""
