"""The engine of formulas: NumPy that is differentiated, runs in any precision, and can be off by rounding on purpose.

``names`` says what a formula may use, ``namespace`` is what it gets, ``rounding`` the model of rounding. The other
modules are the functions: ``elementwise``, ``arrays``, ``sums``, ``fourier`` and ``linear``, differentiated by autograd
with the help of ``derivatives``.
"""
