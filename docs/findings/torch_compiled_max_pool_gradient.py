"""PyTorch: compiled for a CPU, a small convolutional network gets no gradient before its max-pooling.

torch.compile gives the convolution a gradient of zero, without a word, where ReLU, max-pooling and a linear layer
follow it. In the code that Inductor generates, the kernel that masks the gradient for ReLU reads the zeros into which
the gradient of the pooling is to be scattered; the scattering comes after that. It depends on the sizes which kernels
are put together, and so whether a network trains; eagerly and with backend="aot_eager" the gradient is right.

Declared as:
convnet: torch.nn.Sequential
"""

import sys

import numpy as np
import torch

nn = torch.nn
random = np.random.default_rng(0)
wrong = []
print(f"torch {torch.__version__}, float32, convolution of 3 x 3, ReLU, max-pooling of 2 x 2, linear")
for images, channels, features, size in ((4, 3, 16, 18), (3, 3, 8, 32), (4, 3, 6, 32), (32, 3, 16, 32), (16, 1, 6, 28)):
    pooled = (size - 2) // 2
    convolution = nn.Conv2d(channels, features, 3)
    model = nn.Sequential(
        convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(features * pooled * pooled, 10)
    )
    x = torch.tensor(random.normal(size=(images, channels, size, size)).astype(np.float32))
    largest = {}
    for name, call in (("eager", model), ("compiled", torch.compile(model, dynamic=False))):
        (gradient,) = torch.autograd.grad(call(x).square().sum(), convolution.weight)
        largest[name] = gradient.abs().max().item()
    print(f"{images} images of {channels} x {size} x {size}, {features} features: largest gradient {largest}")
    wrong.append(largest["compiled"] == 0 < largest["eager"])
sys.exit(0 if any(wrong) else "no longer wrong")
