"""Calls of what a formula may use: Fourier transforms."""

from .form import C3, A, V, form, normal


def transforms(name, x, axes, s=None):
    real = name.startswith("fft.r")

    def call(np, x, y=0.0, **options):
        return getattr(np.fft, name.partition(".")[2])(x if real else x + 1j * y, **options)

    given = (x,) if real else (x, x[::-1] * 0.5)
    for options in ({}, *axes):
        form(name, lambda np, *arrays, options=options: call(np, *arrays, **options), *given)
    if not real and "ir" not in name:
        form(name, lambda np, x: getattr(np.fft, name.partition(".")[2])(x), x)


for name in ["fft", "ifft", "rfft", "irfft"]:
    sizes = [dict(axis=0), dict(n=7), dict(n=3), dict(norm="ortho"), dict(axis=-2, norm="forward"), dict(n=12, axis=1)]
    transforms(f"fft.{name}", normal(3, 5), sizes)
    for length in (2, 6, 8, 7, 9):
        transforms(f"fft.{name}", normal(2, length), [dict(n=length)])
for name in ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]:
    sizes = [dict(axes=(0, 1)), dict(s=(4, 3), axes=(-2, -1)), dict(norm="ortho")]
    transforms(f"fft.{name}", normal(2, 3, 4), sizes)
for name in ["fftshift", "ifftshift"]:
    call = lambda np, x, name=name: getattr(np.fft, name)(x)  # noqa: E731
    form(f"fft.{name}", call, V, call, A, lambda np, x, name=name: getattr(np.fft, name)(x, axes=-1), C3)
for name in ["fftfreq", "rfftfreq"]:
    form(f"fft.{name}", lambda np, name=name: getattr(np.fft, name)(7))
    form(f"fft.{name}", lambda np, name=name: getattr(np.fft, name)(8, d=0.1))
