"""The gradient of a product of numbers of which one is zero."""

from parity import Case, integers, normal


def declare(name, formula):
    case = Case(
        name,
        "Products of whole numbers n, some of which are zero; the gradient is that of z in n + z.",
        sizes=dict(N=30, T=4),
        inputs=dict(n=integers("N T", -1, 3), z=normal("N T", std=0)),
        outputs=dict(y="N"),
        dtypes=["float64", "float32"],
    )
    case.reference(formula)

    @case.torch("torch.prod")
    def _(torch, n, z):
        return torch.prod(n + z, 1)

    @case.tensorflow("tf.reduce_prod")
    def _(tf, n, z):
        return tf.reduce_prod(tf.cast(n, z.dtype) + z, axis=1)


def by_function(np, n, z):
    return np.prod(n + z, axis=1)


def by_products(np, n, z):
    x = n + z
    return x[:, 0] * x[:, 1] * x[:, 2] * x[:, 3]


declare("f04_prod", by_function)
declare("f04_products", by_products)
