"""Mutants: every framework function that the catalogue calls, wrong in one way at a time, generated from the calls.

The faults of ``proof/faults`` were thought of by hand, and show that the judge finds what somebody thought of. Mutants
measure how complete the catalogue is: what is left alive is something that a framework could get wrong unnoticed.
"""
