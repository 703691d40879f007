"""What a kernel does not support is a RuntimeError up to PyTorch 2.6 and a NotImplementedError in 2.8.

measured with 2.6.0 and 2.8.0: dispatch errors became NotImplementedError
"""

from parity import Case, buffer, normal

average_pool3d_of_bfloat16 = Case(
    "average_pool3d_of_bfloat16",
    "The mean of blocks of 2 x 2 x 2.",
    sizes=dict(N=2, C=3, X=4, Y=6, Z=8),
    inputs=dict(x=normal("N C X Y Z")),
    outputs=dict(y=buffer("N C P Q R")),
    dtypes=["bfloat16"],
)


@average_pool3d_of_bfloat16.reference
def _(np, x, *, N, C, X, Y, Z):
    return np.mean(np.reshape(x, (N, C, X // 2, 2, Y // 2, 2, Z // 2, 2)), axis=(3, 5, 7))


@average_pool3d_of_bfloat16.torch("torch.nn.functional.avg_pool3d")
def _(torch, x):
    return torch.nn.functional.avg_pool3d(x, 2)


@average_pool3d_of_bfloat16.tensorflow("tf.reduce_mean")
def _(tf, x, *, N, C, X, Y, Z):
    return tf.reduce_mean(tf.reshape(x, (N, C, X // 2, 2, Y // 2, 2, Z // 2, 2)), axis=(3, 5, 7))
