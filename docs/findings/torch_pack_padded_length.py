"""PyTorch: pack_padded_sequence takes a length beyond the time axis, and packs fewer steps than it says.

The packed data hold what there is, and the batch sizes count what was asked for: the two contradict each other. The
error comes later, in a recurrent layer or pad_packed_sequence, and says nothing of lengths.

Declared as:
packed_steps: torch.nn.utils.rnn.pack_padded_sequence (longer than the data)
"""

import sys

import numpy as np
import torch

rnn = torch.nn.utils.rnn
x = torch.tensor(np.arange(6, dtype=np.float32).reshape(2, 3, 1))

print(f"torch {torch.__version__}; two sequences of three steps, lengths 5 and 2")
try:
    packed = rnn.pack_padded_sequence(x, [5, 2], batch_first=True)
except (RuntimeError, ValueError) as error:
    print(f"pack_padded_sequence: {type(error).__name__}: {error}")
    sys.exit("no longer wrong")
steps, counted = len(packed.data), int(packed.batch_sizes.sum())
print(f"pack_padded_sequence: {steps} steps in data, {counted} by batch_sizes {packed.batch_sizes.tolist()}")
try:
    print(f"pad_packed_sequence: {rnn.pad_packed_sequence(packed, batch_first=True)}")
except RuntimeError as error:
    print(f"pad_packed_sequence: {type(error).__name__}: {error}")
sys.exit(0 if steps != counted else "no longer wrong")
