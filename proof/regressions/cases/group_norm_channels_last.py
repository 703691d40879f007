"""PyTorch 2.13 ended the process at a group norm of channels-last data without weights.

docs/findings.md: a crash of PyTorch 2.13.0
"""

from parity import Case, normal

group_norm_channels_last = Case(
    "group_norm_channels_last",
    "Group norm of channels-last images.",
    sizes=dict(N=2, C=6, H=4, W=5),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C H W"),
    dtypes=["float32"],
)


@group_norm_channels_last.reference
def _(np, x, *, N, C, H, W):
    grouped = np.reshape(x, (N, 3, -1))
    mean = np.mean(grouped, axis=2, keepdims=True)
    variance = np.mean((grouped - mean) ** 2, axis=2, keepdims=True)
    return np.reshape((grouped - mean) / np.sqrt(variance + 1e-5), (N, C, H, W))


@group_norm_channels_last.torch("torch.nn.functional.group_norm")
def _(torch, x):
    return torch.nn.functional.group_norm(x.contiguous(memory_format=torch.channels_last), 3)


@group_norm_channels_last.tensorflow("tf.nn.moments")
def _(tf, x, *, N, C, H, W):
    grouped = tf.reshape(x, (N, 3, -1))
    mean, variance = tf.nn.moments(grouped, 2, keepdims=True)
    return tf.reshape((grouped - mean) / tf.sqrt(variance + 1e-5), (N, C, H, W))
