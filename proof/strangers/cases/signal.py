"""Spectra, filters and what is computed by way of them."""

from parity import Case, normal, uniform

FLOATS = ["float32", "float64"]

# Power spectrum ----------------------------------------------------------------------------------------------------

power = Case(
    "power_spectrum",
    "The squared magnitude of the Fourier transform of a real signal, over its length.",
    sizes=dict(N=3, L=500),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N F"),
    dtypes=FLOATS,
)


@power.reference
def _(np, x, *, L):
    return np.abs(np.fft.rfft(x)) ** 2 / L


@power.torch("torch.fft.rfft")
def _(torch, x, *, L):
    return torch.fft.rfft(x).abs().square() / L


@power.torch("torch.fft.rfft, orthonormal")
def _(torch, x):
    spectrum = torch.view_as_real(torch.fft.rfft(x, norm="ortho"))
    return spectrum.square().sum(-1)


@power.tensorflow("tf.signal.rfft")
def _(tf, x, *, L):
    spectrum = tf.signal.rfft(x)
    return (tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2) / L


@power.torch("WRONG: one-sided scaling, doubled between the ends")
def _(torch, x, *, L):
    y = torch.fft.rfft(x).abs().square() / L
    return torch.cat([y[:, :1], 2 * y[:, 1:-1], y[:, -1:]], -1)


@power.tensorflow("WRONG: the mean is taken away first")
def _(tf, x, *, L):
    return tf.abs(tf.signal.rfft(x - tf.reduce_mean(x, -1, keepdims=True))) ** 2 / L


@power.torch("WRONG: the signal in float32 (float64 only)")
def _(torch, x, *, L):
    return (torch.fft.rfft(x.float()).abs().square() / L).to(x.dtype)


@power.torch("WRONG: the gradient of the imaginary parts is lost")
def _(torch, x, *, L):
    spectrum = torch.fft.rfft(x)
    return (spectrum.real.square() + spectrum.imag.detach().square()) / L


# Short-time transform ----------------------------------------------------------------------------------------------

stft = Case(
    "stft_magnitude",
    "Magnitudes of the Fourier transforms of frames under a periodic Hann window, without padding.",
    sizes=dict(N=2, L=700),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N T F"),
    dtypes=FLOATS,
    parameters=dict(frame=128, step=48),
)


@stft.reference
def _(np, x, *, L, frame, step):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    places = np.arange(0, L - frame + 1, step)[:, None] + np.arange(frame)
    return np.abs(np.fft.rfft(x[:, places] * window))


def torch_stft(torch, x, frame, step, window=None, **options):
    window = torch.hann_window(frame, dtype=x.dtype) if window is None else window
    made = torch.stft(x, frame, step, window=window, return_complex=True, **{"center": False, **options})
    return made.abs().transpose(1, 2)


@stft.torch("torch.stft")
def _(torch, x, *, frame, step):
    return torch_stft(torch, x, frame, step)


@stft.tensorflow("tf.signal.stft")
def _(tf, x, *, frame, step):
    return tf.abs(tf.signal.stft(x, frame, step, fft_length=frame))


@stft.tensorflow("keras.ops.stft")
def _(tf, x, *, frame, step):
    real, imaginary = tf.keras.ops.stft(x, frame, step, frame, window="hann", center=False)
    return tf.sqrt(real**2 + imaginary**2)


@stft.torch("WRONG: symmetric window")
def _(torch, x, *, frame, step):
    window = torch.hann_window(frame, periodic=False, dtype=x.dtype)
    return torch_stft(torch, x, frame, step, window)


@stft.torch("WRONG: normalised")
def _(torch, x, *, frame, step):
    return torch_stft(torch, x, frame, step, normalized=True)


@stft.torch("WRONG: frames are one sample late")
def _(torch, x, *, frame, step):
    return torch_stft(torch, x.roll(-1, 1), frame, step)


@stft.tensorflow("WRONG: the window is squared")
def _(tf, x, *, frame, step):
    def window(length, dtype):
        return tf.signal.hann_window(length, dtype=dtype) ** 2

    return tf.abs(tf.signal.stft(x, frame, step, fft_length=frame, window_fn=window))


# Overlapping and adding --------------------------------------------------------------------------------------------

overlap = Case(
    "inverse_stft",
    "Frames of spectra back to a signal: windowed inverse transforms, overlapped by half and added.",
    sizes=dict(N=2, T=9, L=64, F=lambda L: L // 2 + 1, S=lambda T, L: (T + 1) * L // 2),
    inputs=dict(re=normal("N T F"), im=normal("N T F")),
    outputs=dict(y="N S"),
    dtypes=FLOATS,
)


@overlap.reference
def _(np, re, im, *, L, S, T):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(L) / L)
    frames = np.fft.irfft(re + 1j * im, L) * window
    early, late = np.split(frames, 2, axis=-1)
    early = np.pad(early, ((0, 0), (0, 1), (0, 0)))
    late = np.pad(late, ((0, 0), (1, 0), (0, 0)))
    return np.reshape(early + late, (-1, S))


def torch_overlap(torch, frames, S):
    L = frames.shape[-1]
    return torch.nn.functional.fold(frames.transpose(1, 2), (1, S), (1, L), stride=(1, L // 2))[:, 0, 0]


@overlap.torch("torch.nn.functional.fold")
def _(torch, re, im, *, L, S):
    window = torch.hann_window(L, dtype=re.dtype)
    return torch_overlap(torch, torch.fft.irfft(torch.complex(re, im), L) * window, S)


@overlap.tensorflow("tf.signal.inverse_stft")
def _(tf, re, im, *, L):
    return tf.signal.inverse_stft(tf.complex(re, im), L, L // 2, L)


@overlap.torch("WRONG: without a window")
def _(torch, re, im, *, L, S):
    return torch_overlap(torch, torch.fft.irfft(torch.complex(re, im), L), S)


@overlap.torch("WRONG: conjugate spectra")
def _(torch, re, im, *, L, S):
    window = torch.hann_window(L, dtype=re.dtype)
    return torch_overlap(torch, torch.fft.irfft(torch.complex(re, -im), L) * window, S)


@overlap.tensorflow("WRONG: a window that makes forward and back the identity")
def _(tf, re, im, *, L):
    window = tf.signal.inverse_stft_window_fn(L // 2)
    return tf.signal.inverse_stft(tf.complex(re, im), L, L // 2, L, window_fn=window)


# Mel ---------------------------------------------------------------------------------------------------------------

mel = Case(
    "log_mel",
    "Logarithms of mel bands of a power spectrum: triangles on HTK's scale, as tf.signal has them.",
    sizes=dict(N=2, T=5, F=129, M=20),
    inputs=dict(power=uniform("N T F", 0.0, 2.0)),
    outputs=dict(y="N T M"),
    dtypes=FLOATS,
    parameters=dict(rate=8000.0, low=125.0, high=3800.0),
)


@mel.reference
def _(np, power, *, F, M, rate, low, high):
    edges = np.linspace(1127.0 * np.log(1 + low / 700.0), 1127.0 * np.log(1 + high / 700.0), M + 2)
    bins = 1127.0 * np.log(1 + np.linspace(0.0, rate / 2, F) / 700.0)[:, None]
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - lower) / (centre - lower), (upper - bins) / (upper - centre)
    return np.log(power @ np.maximum(0.0, np.minimum(rising, falling)) + 1e-6)


def torch_bands(torch, dtype, F, M, rate, low, high, scale=1127.0, slope=700.0, shift=0):
    def to_mel(hertz):
        return scale * torch.log1p(torch.as_tensor(hertz, dtype=dtype) / slope)

    edges = torch.linspace(to_mel(low).item(), to_mel(high).item(), M + 2, dtype=dtype)
    bins = to_mel(torch.linspace(0, rate / 2, F, dtype=dtype)).roll(shift)[:, None]
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    return torch.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre)).clamp(min=0)


@mel.torch("torch.log")
def _(torch, power, *, F, M, rate, low, high):
    return torch.log(power @ torch_bands(torch, power.dtype, F, M, rate, low, high) + 1e-6)


@mel.tensorflow("tf.signal.linear_to_mel_weight_matrix")
def _(tf, power, *, F, M, rate, low, high):
    bands = tf.signal.linear_to_mel_weight_matrix(M, F, rate, low, high, dtype=power.dtype)
    return tf.math.log(tf.tensordot(power, bands, 1) + 1e-6)


@mel.torch("WRONG: decadic logarithm")
def _(torch, power, *, F, M, rate, low, high):
    return torch.log10(power @ torch_bands(torch, power.dtype, F, M, rate, low, high) + 1e-6)


@mel.torch("WRONG: bands one bin late")
def _(torch, power, *, F, M, rate, low, high):
    return torch.log(power @ torch_bands(torch, power.dtype, F, M, rate, low, high, shift=1) + 1e-6)


@mel.tensorflow("WRONG: bands of equal area")
def _(tf, power, *, F, M, rate, low, high):
    bands = tf.signal.linear_to_mel_weight_matrix(M, F, rate, low, high, dtype=power.dtype)
    return tf.math.log(tf.tensordot(power, bands / tf.reduce_sum(bands, 0), 1) + 1e-6)


# Cosine transform --------------------------------------------------------------------------------------------------

dct = Case(
    "dct",
    "The orthonormal discrete cosine transform of type II.",
    sizes=dict(N=3, L=80, K=lambda L: L),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N K"),
    dtypes=FLOATS,
)


@dct.reference
def _(np, x, *, L):
    basis = np.cos(np.pi / L * np.outer(np.arange(L), np.arange(L) + 0.5))
    factor = np.where(np.arange(L) == 0, np.sqrt(1 / L), np.sqrt(2 / L))
    return np.einsum("nl,kl->nk", x, basis) * factor


def torch_dct(torch, x, shift=0.5):
    L = x.shape[-1]
    order = torch.arange(L, dtype=x.dtype)
    basis = torch.cos(torch.pi / L * torch.outer(order, order + shift)) * (2 / L) ** 0.5
    return x @ basis.T


@dct.torch("torch.cos")
def _(torch, x, *, L):
    y = torch_dct(torch, x)
    return torch.cat([y[:, :1] * 0.5**0.5, y[:, 1:]], -1)


@dct.tensorflow("tf.signal.dct")
def _(tf, x):
    return tf.signal.dct(x, type=2, norm="ortho")


@dct.torch("WRONG: the constant part has the others' factor")
def _(torch, x):
    return torch_dct(torch, x)


@dct.torch("WRONG: half a sample early")
def _(torch, x):
    y = torch_dct(torch, x, shift=0.0)
    return torch.cat([y[:, :1] * 0.5**0.5, y[:, 1:]], -1)


@dct.tensorflow("WRONG: the inverse")
def _(tf, x):
    return tf.signal.idct(x, type=2, norm="ortho")


# Convolution by way of spectra -------------------------------------------------------------------------------------

convolved = Case(
    "fft_convolution",
    "A long filter applied to a signal, from the past only, by way of Fourier transforms of twice the length.",
    sizes=dict(N=2, C=3, L=256),
    inputs=dict(x=normal("N C L")),
    weights=dict(taps=normal("C L")),
    outputs=dict(y="N C L"),
    dtypes=FLOATS,
)


@convolved.reference
def _(np, x, taps, *, L):
    return np.fft.irfft(np.fft.rfft(x, 2 * L) * np.fft.rfft(taps, 2 * L), 2 * L)[..., :L]


@convolved.torch("torch.fft.rfft")
def _(torch, x, taps, *, L):
    return torch.fft.irfft(torch.fft.rfft(x, 2 * L) * torch.fft.rfft(taps, 2 * L), 2 * L)[..., :L]


@convolved.tensorflow("tf.signal.rfft")
def _(tf, x, taps, *, L):
    spectrum = tf.signal.rfft(x, [2 * L]) * tf.signal.rfft(taps, [2 * L])
    return tf.signal.irfft(spectrum, [2 * L])[..., :L]


@convolved.torch("torch.nn.functional.conv1d")
def _(torch, x, taps, *, C, L):
    return torch.nn.functional.conv1d(torch.nn.functional.pad(x, (L - 1, 0)), taps.flip(-1)[:, None], groups=C)


@convolved.torch("WRONG: circular")
def _(torch, x, taps, *, L):
    return torch.fft.irfft(torch.fft.rfft(x) * torch.fft.rfft(taps), L)


@convolved.torch("WRONG: correlation")
def _(torch, x, taps, *, L):
    return torch.fft.irfft(torch.fft.rfft(x, 2 * L) * torch.fft.rfft(taps, 2 * L).conj(), 2 * L)[..., :L]


@convolved.tensorflow("WRONG: one sample late")
def _(tf, x, taps, *, L):
    spectrum = tf.signal.rfft(x, [2 * L]) * tf.signal.rfft(taps, [2 * L])
    return tf.signal.irfft(spectrum, [2 * L])[..., 1 : L + 1]


# Pre-emphasis ------------------------------------------------------------------------------------------------------

emphasis = Case(
    "preemphasis",
    "Every sample less 0.97 times the one before; the first less 0.97 times itself.",
    sizes=dict(N=4, L=1000),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N L"),
)


@emphasis.reference
def _(np, x):
    return x - 0.97 * np.concatenate([x[:, :1], x[:, :-1]], axis=1)


@emphasis.torch("torch.cat")
def _(torch, x):
    return x - 0.97 * torch.cat([x[:, :1], x[:, :-1]], 1)


@emphasis.tensorflow("tf.pad")
def _(tf, x):
    return x - 0.97 * tf.pad(x, [[0, 0], [1, 0]], "SYMMETRIC")[:, :-1]


@emphasis.torch("WRONG: the first sample is kept")
def _(torch, x):
    return torch.cat([x[:, :1], x[:, 1:] - 0.97 * x[:, :-1]], 1)


@emphasis.torch("WRONG: 0.95 (float16, float32, float64 only)")
def _(torch, x):
    return x - 0.95 * torch.cat([x[:, :1], x[:, :-1]], 1)


@emphasis.tensorflow("WRONG: the sample after")
def _(tf, x):
    return x - 0.97 * tf.concat([x[:, 1:], x[:, -1:]], 1)
