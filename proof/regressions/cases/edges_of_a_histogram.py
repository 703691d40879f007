"""The edges of keras.ops.histogram with a range were float64 for float32 data up to Keras 3.10.

measured with Keras 3.10.0 and 3.12.0
"""

from parity import Case, buffer, normal

edges_of_a_histogram = Case(
    "edges_of_a_histogram",
    "The edges of 4 bins from -2 to 2.",
    sizes=dict(N=40, E=5),
    inputs=dict(x=normal("N", gradient=False)),
    outputs=dict(y=buffer("E")),
    dtypes=["float32"],
)


@edges_of_a_histogram.reference
def _(np, x):
    return np.arange(5.0).astype(x.dtype) - 2


@edges_of_a_histogram.tensorflow("keras.ops.histogram")
def _(tf, x):
    return tf.keras.ops.histogram(x, 4, range=(-2, 2))[1]


@edges_of_a_histogram.torch("torch.histogram")
def _(torch, x):
    return torch.histogram(x, 4, range=(-2.0, 2.0))[1]
