"""The argument verbose of StepLR was deprecated in PyTorch 2.2 and is an error in 2.8.

release notes of PyTorch 2.7: verbose of the learning-rate schedulers was removed
"""

from parity import Case, buffer, normal

scheduler_verbose = Case(
    "scheduler_verbose",
    "Two steps of SGD, the second with a tenth of the learning rate.",
    sizes=dict(N=5),
    inputs=dict(w=normal("N"), g=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32", "float64"],
)


@scheduler_verbose.reference
def _(np, w, g):
    return w - 0.5 * g - 0.05 * g


@scheduler_verbose.torch("torch.optim.lr_scheduler.StepLR")
def _(torch, w, g):
    weight = torch.nn.Parameter(w.detach().clone())
    optimizer = torch.optim.SGD([weight], lr=0.5)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, verbose=False)
    for _ in range(2):
        weight.grad = g.detach().clone()
        optimizer.step()
        schedule.step()
    return weight.detach()


@scheduler_verbose.tensorflow("tf.subtract")
def _(tf, w, g):
    return w - 0.55 * g
