"""PyTorch: the gradient of a table row that is looked up often stops growing in half precision on a CPU.

embedding and indexing add up the gradients of equal ids in the format of the table: 5000 ones make 256 in bfloat16 and
2048 in float16. Every row of a frequent word is trained with too small a gradient. index_select, gather and
embedding_bag add up in float32.

Declared as:
embedding_of_many: torch.nn.functional.embedding
embedding_of_many: torch.Tensor[...]
"""

import sys

import numpy as np
import torch

ids = torch.tensor(np.zeros(5000, np.int64))
truth = float(len(ids))
calls = {
    "torch.nn.functional.embedding": lambda table: torch.nn.functional.embedding(ids, table),
    "table[ids]": lambda table: table[ids],
    "torch.index_select": lambda table: torch.index_select(table, 0, ids),
}

print(f"torch {torch.__version__}; one id {len(ids)} times, the gradient of the sum is {truth:g} for its row")
errors = []
for dtype in (torch.float32, torch.float16, torch.bfloat16):
    for name, call in calls.items():
        table = torch.zeros(2, 3, dtype=dtype, requires_grad=True)
        call(table).sum().backward()
        gradient = float(table.grad[0, 0])
        errors.append(abs(gradient / truth - 1))
        print(f"{name}, {dtype}: {gradient:g}")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
