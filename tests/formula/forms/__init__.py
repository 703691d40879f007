"""How formulas call what they may use: for every name some calls, as strangers write them.

The tests of values, derivatives and rounding go through this table, and fail where a name has no entry. The arrays of
a form are what is differentiated.
"""

from . import arrays, elementwise, fourier, linear, making, methods, searching, sums
from .form import FORMS, Form

__all__ = ["FORMS", "Form", "arrays", "elementwise", "fourier", "linear", "making", "methods", "searching", "sums"]
