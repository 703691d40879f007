"""Torch.export.export_for_training is there in PyTorch 2.8, and gone in 2.13.

torch.export.export_for_training was deprecated for torch.export.export; measured with 2.9.1 and 2.13.0
"""

from parity import Case, buffer, normal

export_for_training_gone = Case(
    "export_for_training_gone",
    "A function that was exported: 2 x.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@export_for_training_gone.reference
def _(np, x):
    return 2 * x


@export_for_training_gone.torch("torch.export.export_for_training")
def _(torch, x):
    class Twice(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    return torch.export.export_for_training(Twice(), (x.detach(),)).module()(x.detach())


@export_for_training_gone.tensorflow("tf.multiply")
def _(tf, x):
    return 2 * x
