"""PyTorch: take_along_dim starts again at the front for indices past the end, without an error.

It gives the element at the index modulo the length. torch.gather, torch.index_select and indexing raise an error for
the same index, and so does take_along_dim without dim.

Declared as:
lookup_out_of_range: torch.take_along_dim (ids past the end)
"""

import sys

import numpy as np
import torch

x, index = torch.tensor(np.array([10.0, 20.0, 30.0])), torch.tensor([4])
calls = {
    "torch.take_along_dim(x, index, 0)": lambda: torch.take_along_dim(x, index, 0),
    "torch.take_along_dim(x, index)": lambda: torch.take_along_dim(x, index),
    "torch.gather(x, 0, index)": lambda: torch.gather(x, 0, index),
    "x[index]": lambda: x[index],
}

print(f"torch {torch.__version__}; x = {x.tolist()}, index = {index.tolist()}")
found = {}
for name, call in calls.items():
    try:
        found[name] = call().tolist()
        print(f"{name}: {found[name]}")
    except (IndexError, RuntimeError) as error:
        print(f"{name}: {type(error).__name__}: {error}")
sys.exit(0 if found else "no longer wrong")
