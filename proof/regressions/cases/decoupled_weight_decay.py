"""Torch.optim.Adam has decoupled_weight_decay since PyTorch 2.7.

release notes of PyTorch 2.7: decoupled_weight_decay of Adam
"""

from parity import Case, buffer, normal

decoupled_weight_decay = Case(
    "decoupled_weight_decay",
    "A first step of Adam with decoupled weight decay.",
    sizes=dict(N=5),
    inputs=dict(w=normal("N"), g=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32", "float64"],
    parameters=dict(epsilon=1e-8),
)


@decoupled_weight_decay.reference
def _(np, w, g, *, epsilon):
    return w * (1 - 0.1 * 0.5) - 0.1 * g / (np.abs(g) + epsilon)


@decoupled_weight_decay.torch("torch.optim.Adam")
def _(torch, w, g, *, epsilon):
    weight = torch.nn.Parameter(w.detach().clone())
    optimizer = torch.optim.Adam([weight], lr=0.1, eps=epsilon, weight_decay=0.5, decoupled_weight_decay=True)
    weight.grad = g.detach().clone()
    optimizer.step()
    return weight.detach()


@decoupled_weight_decay.tensorflow("tf.abs")
def _(tf, w, g, *, epsilon):
    return w * (1 - 0.1 * 0.5) - 0.1 * g / (tf.abs(g) + epsilon)
