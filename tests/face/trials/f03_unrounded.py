"""Running sums, convolutions and Fourier transforms, by NumPy's functions and by contractions."""

from parity import Case, normal

cases = {}
for how in ("function", "contraction"):
    cases["cumsum", how] = Case(
        f"f03_cumsum_{how}",
        "The running sums of a few thousand numbers.",
        sizes=dict(N=2, T=4000),
        inputs=dict(x=normal("N T", gradient=False)),
        outputs=dict(y="N T"),
        dtypes=["float32"],
    )
    cases["highpass", how] = Case(
        f"f03_highpass_{how}",
        "A real Fourier transform without its first frequency, of numbers around 100: the rest is small.",
        sizes=dict(N=3, T=64),
        inputs=dict(x=normal("N T", mean=1000.0)),
        outputs=dict(re="N F", im="N F"),
        dtypes=["float32"],
    )


@cases["cumsum", "function"].reference
def _(np, x):
    return np.cumsum(x, axis=1)


@cases["cumsum", "contraction"].reference
def _(np, x, *, T):
    return np.einsum("nt,ts->ns", x, np.triu(np.ones((T, T))))


@cases["highpass", "function"].reference
def _(np, x):
    y = np.fft.rfft(x)[:, 1:]
    return np.real(y), np.imag(y)


@cases["highpass", "contraction"].reference
def _(np, x, *, T):
    angle = 2 * np.pi * (np.outer(np.arange(T), np.arange(1, T // 2 + 1)) % T) / T
    return np.einsum("nt,tf->nf", x, np.cos(angle)), -np.einsum("nt,tf->nf", x, np.sin(angle))


for (name, _how), case in cases.items():
    if name == "cumsum":

        @case.torch("torch.cumsum")
        def _(torch, x):
            return torch.cumsum(x, 1)

        @case.tensorflow("tf.math.cumsum")
        def _(tf, x):
            return tf.math.cumsum(x, 1)

    else:

        @case.torch("torch.fft.rfft")
        def _(torch, x):
            y = torch.fft.rfft(x)[:, 1:]
            return y.real, y.imag

        @case.tensorflow("tf.signal.rfft")
        def _(tf, x):
            y = tf.signal.rfft(x)[:, 1:]
            return tf.math.real(y), tf.math.imag(y)
