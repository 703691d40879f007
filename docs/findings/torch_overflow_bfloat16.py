"""PyTorch: hardswish, gelu and silu of bfloat16 numbers overflow on the way to results that can be represented.

They are computed in float32, which has the range of bfloat16, so that every factor above 1 on the way counts:
hardswish multiplies by 6 before it divides by 6, and is infinite above 5.6e37; gelu is infinite above 1.7e38, and NaN
at infinity; silu divides by 1 + exp(-x), which is infinite below -88, where the result is still 1e-37. float32
tensors show the same.

Declared as:
every_hard_swish: torch.nn.functional.hardswish
every_gelu: torch.nn.functional.gelu
every_silu: torch.nn.functional.silu
"""

import math
import sys

import torch

functional = torch.nn.functional
print(f"torch {torch.__version__}, bfloat16")
wrong = []
for name, number, truth in (
    ("hardswish", 1e38, 1e38),
    ("gelu", 2e38, 2e38),
    ("gelu", math.inf, math.inf),
    ("silu", -89.0, -89 / (1 + math.exp(89))),
):
    found = float(getattr(functional, name)(torch.full((64,), number, dtype=torch.bfloat16))[0])
    wrong.append(not math.isclose(found, truth, rel_tol=0.02))
    print(f"{name}({number:.3g}): {found:.3g}, truth {truth:.3g}")
sys.exit(0 if any(wrong) else "no longer wrong")
