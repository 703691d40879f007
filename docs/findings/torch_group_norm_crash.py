"""PyTorch: training a group norm on images with the channels last kills the process on a CPU.

Where the images need no gradient, as at the start of a network, the gradients of scale and shift end in SIGSEGV, in
every format. The usual memory format is right, and so are images that require a gradient. The script trains in
processes of their own.

Declared as:
group_norm_of_data: torch.nn.functional.group_norm of torch.channels_last
"""

import sys

import numpy as np
import torch


def train(memory_format, requires_grad):
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 4, 3, 5))).contiguous(memory_format=memory_format)
    scale, shift = torch.ones(4, dtype=x.dtype, requires_grad=True), torch.zeros(4, dtype=x.dtype, requires_grad=True)
    torch.nn.functional.group_norm(x.requires_grad_(requires_grad), 2, scale, shift).sum().backward()


if __name__ == "__main__":
    print(f"torch {torch.__version__}, float64", flush=True)
    statuses = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        for requires_grad in (True, False):
            process = torch.multiprocessing.get_context("spawn").Process(
                target=train, args=(memory_format, requires_grad)
            )
            process.start()
            process.join()
            statuses.append(process.exitcode)
            ended = "trained" if process.exitcode == 0 else f"died, exit status {process.exitcode}"
            print(f"{memory_format}, images {'require' if requires_grad else 'do not require'} a gradient: {ended}")
    sys.exit(0 if any(statuses) else "no longer wrong")
