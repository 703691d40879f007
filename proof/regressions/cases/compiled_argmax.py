"""Compiled by Inductor, argmax of a transposed view gave the index of the tensor before transposing.

https://github.com/pytorch/pytorch/issues/183082
"""

from parity import Case, buffer, distinct

compiled_argmax = Case(
    "compiled_argmax",
    "The place of the largest sine in the transposed matrix.",
    sizes=dict(N=5, D=7, S=1),
    inputs=dict(x=distinct("N D")),
    outputs=dict(y=buffer("S", dtype="int64")),
    dtypes=["float32"],
)


@compiled_argmax.reference
def _(np, x):
    return np.reshape(np.argmax(np.ravel(np.sin(x).T)), (1,))


@compiled_argmax.torch("torch.argmax")
def _(torch, x):
    x = x.clone()
    x.sin_()
    return x.t().argmax().reshape(1)


@compiled_argmax.tensorflow("tf.argmax")
def _(tf, x):
    return tf.reshape(tf.argmax(tf.reshape(tf.transpose(tf.sin(x)), (-1,))), (1,))
