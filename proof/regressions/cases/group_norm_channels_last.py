"""PyTorch 2.13 ended the process at a group norm of channels-last data without weights.

docs/findings.md: a crash of PyTorch 2.13.0
"""

from parity import Case, normal

group_norm_channels_last = Case(
    "group_norm_channels_last",
    "Group norm of channels-last images.",
    sizes=dict(N=2, C=4, H=3, W=5),
    inputs=dict(x=normal("N C H W", gradient=False)),
    weights=dict(scale=normal("C"), shift=normal("C")),
    outputs=dict(y="N C H W"),
    eager_only="the layout in memory is what matters",
    dtypes=["float32"],
)


@group_norm_channels_last.reference
def _(np, x, scale, shift, *, N, C, H, W):
    grouped = np.reshape(x, (N, 2, -1))
    mean = np.mean(grouped, axis=2, keepdims=True)
    variance = np.mean((grouped - mean) ** 2, axis=2, keepdims=True)
    y = np.reshape((grouped - mean) / np.sqrt(variance + 1e-5), (N, C, H, W))
    return y * scale[:, None, None] + shift[:, None, None]


@group_norm_channels_last.torch("torch.nn.functional.group_norm")
def _(torch, x, scale, shift):
    return torch.nn.functional.group_norm(x.contiguous(memory_format=torch.channels_last), 2, scale, shift)


@group_norm_channels_last.tensorflow("tf.nn.moments")
def _(tf, x, scale, shift, *, N, C, H, W):
    grouped = tf.reshape(x, (N, 2, -1))
    mean, variance = tf.nn.moments(grouped, 2, keepdims=True)
    y = tf.reshape((grouped - mean) / tf.sqrt(variance + 1e-5), (N, C, H, W))
    return y * scale[:, None, None] + shift[:, None, None]
