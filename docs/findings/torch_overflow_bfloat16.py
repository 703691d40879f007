"""PyTorch: hardswish, gelu and silu overflow on the way to results that can be represented.

bfloat16 numbers are computed in float32, which has the same range, so that every factor above 1 on the way counts:
hardswish multiplies by 6 before it divides by 6, and is infinite above 5.6e37; gelu is infinite above 1.7e38, and NaN
at infinity; silu divides by 1 + exp(-x), which is infinite below -88, where the result is still 1e-37. float32
tensors show the same, and in float64 hardswish is infinite above 3e307.

Declared as:
every_hard_swish: torch.nn.functional.hardswish
every_gelu: torch.nn.functional.gelu
every_silu: torch.nn.functional.silu
extremes_of_hard_swish: torch.nn.functional.hardswish
"""

import math
import sys

import torch

functional = torch.nn.functional
print(f"torch {torch.__version__}")
wrong = []
for dtype, name, number, truth in (
    (torch.bfloat16, "hardswish", 1e38, 1e38),
    (torch.bfloat16, "gelu", 2e38, 2e38),
    (torch.bfloat16, "gelu", math.inf, math.inf),
    (torch.bfloat16, "silu", -89.0, -89 / (1 + math.exp(89))),
    (torch.float32, "hardswish", 1e38, 1e38),
    (torch.float64, "hardswish", 1e308, 1e308),
):
    found = float(getattr(functional, name)(torch.full((64,), number, dtype=dtype))[0])
    wrong.append(not math.isclose(found, truth, rel_tol=0.02))
    print(f"{dtype}: {name}({number:.3g}) = {found:.3g}, truth {truth:.3g}")
sys.exit(0 if any(wrong) else "no longer wrong")
