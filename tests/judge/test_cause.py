"""Each cause is produced by really computing that way, and named from the result alone."""

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS, NARROWER, narrowed
from parity.judge.cause import cause
from parity.judge.tolerance import ROUNDINGS, own_scale, pooled
from parity.workers.protocol import Result

N = 48


def product(x, w):
    return x @ w


def values(seed, dtype):
    generator = np.random.default_rng(seed)
    return [FLOATS[dtype].encode(generator.standard_normal(shape)) for shape in ((20, N), (N, 15))]


def told(computed, dtype, seed):
    """The cause named for ``computed(x, w)``, whose arguments are storage arrays."""
    stored = values(seed, dtype)
    exact = [FLOATS[dtype].decode(a).astype(np.longdouble) for a in stored]
    truth = product(*exact)
    scale = pooled(own_scale(truth, np.sqrt(N) * product(*map(np.abs, exact))), truth)
    result = Result(FLOATS[dtype].encode(np.asarray(computed(*stored), np.float64)), dtype)
    unit = FLOATS[dtype].unit_roundoff
    rho = np.sqrt(np.mean((result.values - truth) ** 2) / np.mean(scale**2)) / unit

    def alternatives(inputs_as):
        rounded = [FLOATS[dtype].decode(narrowed(a, dtype, inputs_as)) for a in stored]
        return {"output:y": Result(product(*rounded), "float64")}

    assert set(NARROWER[dtype]) or dtype == "bfloat16"
    return cause("output:y", result, truth, ROUNDINGS * unit * scale, float(rho), dtype, alternatives)


SEEDS = pytest.mark.parametrize("seed", range(5))


@SEEDS
@pytest.mark.parametrize(("inputs_as", "named"), [("tf32", "TF32"), ("bfloat16", "bfloat16")])
def test_rounded_inputs(seed, inputs_as, named):
    def computed(x, w):
        return product(narrowed(x, "float32", inputs_as), narrowed(w, "float32", inputs_as))

    assert told(computed, "float32", seed) == f"{named}-like inputs"


@SEEDS
def test_inputs_rounded_to_float16_are_like_those_of_tf32_which_has_as_many_bits(seed):
    def computed(x, w):
        return product(x.astype(np.float16).astype(np.float32), w.astype(np.float16).astype(np.float32))

    assert told(computed, "float32", seed) in ("TF32-like inputs", "float16-like inputs")


@SEEDS
def test_float64_computed_from_float32_inputs(seed):
    def computed(x, w):
        return product(x.astype(np.float32).astype(np.float64), w.astype(np.float32).astype(np.float64))

    assert told(computed, "float64", seed) == "float32-like inputs"


@SEEDS
def test_a_float32_constant_inside_float64(seed):
    assert told(lambda x, w: product(x, w) * (1 + 2.0**-26), "float64", seed) == (
        "float32 constants or arithmetic inside float64"
    )


@SEEDS
def test_accumulation_in_float16(seed):
    def computed(x, w):
        total = np.zeros((20, 15), np.float16)
        for k in range(N):
            total = (total + np.outer(x[:, k], w[k]).astype(np.float32)).astype(np.float16)
        return total

    assert told(computed, "float32", seed) == "accumulated or stored in float16"


@SEEDS
def test_a_dropped_term(seed):
    assert told(lambda x, w: product(x[:, 1:], w[1:]), "float32", seed) == (
        "of the size of whole terms: one dropped, added or wrong"
    )


@SEEDS
def test_a_wrong_element(seed):
    def computed(x, w):
        y = product(x, w)
        y[3, 4] *= 1.01
        return y

    assert told(computed, "float32", seed) == "1 of 300 elements only"


def test_nothing_is_said_of_nan():
    assert told(lambda x, w: product(x, w) * np.nan, "float32", 0) == ""
