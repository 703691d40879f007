"""Make mutants of every function that the catalogue calls, and count those that the judge kills.

    python -m proof.mutants --out docs/proof/mutants.json --torch-python PATH --tensorflow-python PATH

A mutant is *killed* when a row is red that is green without it, and *blamed* when the mutant's framework is. One that
changes nothing in any call is *not reached*, and not counted. ``--mutants N`` tries N of them, chosen by the seed.
"""

from __future__ import annotations

import sys

from .session import main

if __name__ == "__main__":
    sys.exit(main())
