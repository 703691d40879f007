"""The rate that get_last_lr returned, a tensor, changed with the next step before.

measured with 2.9.1 and 2.13.0: get_last_lr returned the optimizer's own tensor
"""

from parity import Case, buffer, normal

last_rate_aliased = Case(
    "last_rate_aliased",
    "The learning rate before a step, 1, looked at after the step.",
    sizes=dict(N=5),
    inputs=dict(w=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@last_rate_aliased.reference
def _(np, w):
    return w * 1.0


@last_rate_aliased.torch("torch.optim.lr_scheduler.LRScheduler.get_last_lr")
def _(torch, w):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=torch.tensor(1.0), foreach=False)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    before = schedule.get_last_lr()[0]
    optimizer.step()
    schedule.step()
    return w * before


@last_rate_aliased.tensorflow("tf.identity")
def _(tf, w):
    return tf.identity(w)
