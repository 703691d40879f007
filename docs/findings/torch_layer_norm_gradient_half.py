"""PyTorch: the gradients of layer_norm's scale and shift stop growing in half precision on a CPU.

Each thread adds up the gradients of its rows in the format of the input: ones make 256 in bfloat16 and 2048 in float16,
also where scale and shift are float32. The result depends on the number of threads. Adding the shift outside, or
group_norm, gives the right gradient.

Declared as:
layer_norm_of_many_rows: torch.nn.functional.layer_norm
"""

import sys

import numpy as np
import torch

ROWS = 5000
rows = np.random.default_rng(0).normal(size=(ROWS, 4))
truth = float(ROWS)

print(
    f"torch {torch.__version__}; the gradient of the sum over {ROWS} rows with respect to the shift, {truth:g} is right"
)
errors = []
for dtype in (torch.float32, torch.float16, torch.bfloat16):
    for weights in dict.fromkeys((dtype, torch.float32)):
        for threads in (1, 2):
            torch.set_num_threads(threads)
            x = torch.tensor(rows).to(dtype)
            scale, shift = torch.ones(4, dtype=weights), torch.zeros(4, dtype=weights, requires_grad=True)
            torch.nn.functional.layer_norm(x, (4,), scale, shift).sum().backward()
            found = float(shift.grad[0])
            errors.append(abs(found / truth - 1))
            print(f"input {dtype}, scale and shift {weights}, {threads} thread(s): {found:g}")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
