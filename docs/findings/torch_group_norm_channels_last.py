"""PyTorch: group_norm of images with the channels last is wrong on a CPU where the numbers are far from zero.

The error is that of a variance computed as the mean of the squares less the square of the mean: for numbers around 1000
that differ by 1, both are about a million, and float32 knows them to a tenth. The same images in the usual memory
format are normalized correctly.

Declared as:
group_norm_far_from_zero: torch.nn.functional.group_norm of torch.channels_last
"""

import sys

import numpy as np
import torch

random = np.random.default_rng(0)

print(f"torch {torch.__version__}, float32, two groups of eight channels, 16 x 16 points, deviation 1")
errors = []
for mean in (10, 100, 1000, 3000):
    x = random.normal(mean, 1, (2, 8, 16, 16)).astype(np.float32)
    groups = x.astype(np.float64).reshape(2, 2, -1)
    centred = groups - groups.mean(2, keepdims=True)
    truth = (centred / np.sqrt((centred**2).mean(2, keepdims=True) + 1e-5)).reshape(x.shape)
    for name, memory_format in (("contiguous", torch.contiguous_format), ("channels last", torch.channels_last)):
        y = torch.nn.functional.group_norm(torch.tensor(x).contiguous(memory_format=memory_format), 2)
        errors.append(np.abs(y.numpy() - truth).max())
        print(f"mean {mean}, {name}: largest error {errors[-1]:.1e} (largest true value {np.abs(truth).max():.1f})")
sys.exit(0 if max(errors) > 0.01 else "no longer wrong")
