"""PyTorch: the float16 gradients of log10 and asinh are zero for large numbers, where they can be represented.

The derivative of log10 is 1 / (x log 10), and that of asinh is 1 / sqrt(x**2 + 1). On a CPU both denominators are
float16 numbers, which end at 65504: x log 10 is infinite above 28448, and x**2 from 256 on. acosh does the same. The
square overflows in the wider formats too, from 1.9e19 on in float32.

Declared as:
extremes_of_log10: torch.log10
extremes_of_asinh: torch.asinh
"""

import math
import sys

import torch

print(f"torch {torch.__version__}")
wrong = []
for dtype, function, number, truth in (
    (torch.float16, torch.log10, 65504.0, 1 / (65504 * math.log(10))),
    (torch.float16, torch.log10, 30000.0, 1 / (30000 * math.log(10))),
    (torch.float16, torch.asinh, 65504.0, 1 / 65504),
    (torch.float16, torch.asinh, 256.0, 1 / math.sqrt(256**2 + 1)),
    (torch.float16, torch.acosh, 256.0, 1 / math.sqrt(256**2 - 1)),
    (torch.float32, torch.asinh, 1e20, 1e-20),
):
    x = torch.tensor([number], dtype=dtype, requires_grad=True)
    function(x).sum().backward()
    found = float(x.grad[0])
    print(f"{dtype}, derivative of {function.__name__} at {number:g}: {found:.3g}, truth {truth:.3g}")
    wrong.append(found == 0)
sys.exit(0 if any(wrong) else "no longer wrong")
