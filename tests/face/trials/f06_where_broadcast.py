"""A learned vector in the place of masked positions: np.where of arrays of different shapes."""

from parity import Case, integers, normal


def declare(name, formula):
    case = Case(
        name,
        "Masked positions replaced by a learned vector.",
        sizes=dict(N=3, T=5, C=4),
        inputs=dict(x=normal("N T C"), m=integers("N T", 0, 2)),
        weights=dict(token=normal("C")),
        outputs=dict(y="N T C"),
        dtypes=["float32"],
    )
    case.reference(formula)

    @case.torch("torch.where")
    def _(torch, x, m, token):
        return torch.where(m[:, :, None] > 0, token, x)

    @case.tensorflow("tf.where")
    def _(tf, x, m, token):
        return tf.where(m[:, :, None] > 0, token, x)


def by_where(np, x, m, token):
    return np.where(m[:, :, None] > 0, token, x)


def by_product(np, x, m, token):
    masked = (m[:, :, None] > 0) * 1.0
    return masked * token + (1 - masked) * x


declare("f06_where", by_where)
declare("f06_product", by_product)
