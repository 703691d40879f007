"""Linear algebra in a formula, in float32 and float64, and the same by elimination."""

from parity import Case, normal


def declare(name, dtypes, formula, **options):
    case = Case(
        name,
        "Solutions of linear systems; the right side is a matrix.",
        sizes=dict(N=40, R=6, K=lambda R: R, M=2),
        inputs=dict(a=normal("N R K"), b=normal("N R M")),
        outputs=dict(x="N K M"),
        dtypes=dtypes,
        **options,
    )
    case.reference(formula)

    @case.torch("torch.linalg.solve")
    def _(torch, a, b):
        return torch.linalg.solve(a, b)

    @case.tensorflow("tf.linalg.solve")
    def _(tf, a, b):
        return tf.linalg.solve(a, b)


def by_linalg(np, a, b):
    return np.linalg.solve(a, b)


def by_elimination(np, a, b):
    """Gauss-Jordan with row pivoting by hand, all matrices at once: every operation is one that is rounded."""
    n = a.shape[-1]
    m = np.concatenate([a, b], axis=-1)
    for i in range(n):
        best = i + np.argmax(np.abs(m[:, i:, i]), axis=1)
        rows = [
            np.stack([m[j, k] for k in [*range(i), best[j], *[r for r in range(i, n) if r != best[j]]]])
            for j in range(len(m))
        ]
        m = np.stack(rows)
        pivot = m[:, i : i + 1] / m[:, i : i + 1, i : i + 1]
        others = m - m[:, :, i : i + 1] * pivot
        m = np.concatenate([others[:, :i], pivot, others[:, i + 1 :]], axis=1)
    return m[:, :, n:]


declare("f02_solve_linalg", ["float32"], by_linalg)
declare("f02_solve_linalg_double", ["float64"], by_linalg)
declare("f02_solve_elimination", ["float64", "float32"], by_elimination)
