"""The one exception that bad declarations raise."""

from __future__ import annotations


class DeclarationError(Exception):
    """A case is declared wrongly. The message says where, what is wrong and how to mend it."""
