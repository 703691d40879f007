"""Minus infinity inside a formula: a masked softmax, with -np.inf and with -1e30 for what is masked."""

from parity import Case, normal


def declare(name, low):
    case = Case(
        name,
        f"Causal softmax of scores q k, times v; masked scores are {low}.",
        sizes=dict(N=3, T=6, S=lambda T: T, D=4),
        inputs=dict(q=normal("N T D"), k=normal("N S D"), v=normal("N S D"), b=normal("D")),
        outputs=dict(y="N T D"),
        dtypes=["float32", "float16", "bfloat16"],
    )

    @case.reference
    def _(np, q, k, v, b, *, T):
        a = np.einsum("ntd,nsd->nts", q, k + b)
        steps = np.arange(T)
        a = np.where(steps[:, None] >= steps, a, low)
        a = np.exp(a - np.max(a, axis=-1, keepdims=True))
        return np.einsum("nts,nsd->ntd", a / np.sum(a, axis=-1, keepdims=True), v)

    @case.torch("torch.softmax")
    def _(torch, q, k, v, b, *, T):
        mask = torch.ones(T, T, dtype=torch.bool, device=q.device).tril()
        a = (q @ (k + b).transpose(1, 2)).masked_fill(~mask, -torch.inf)
        return torch.softmax(a, -1) @ v

    @case.tensorflow("tf.nn.softmax")
    def _(tf, q, k, v, b, *, T):
        mask = tf.linalg.band_part(tf.ones([T, T], tf.bool), -1, 0)
        a = tf.matmul(q, k + b, transpose_b=True)
        a = tf.where(mask, a, tf.constant(float("-inf"), a.dtype))
        return tf.matmul(tf.nn.softmax(a), v)


declare("f01_minus_infinity", -float("inf"))
declare("f01_minus_large", -1e30)
