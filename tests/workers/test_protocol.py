"""Frames: what is written to the pipe is what is read from it, and a pipe that ends is noticed."""

import io
import json
import struct

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS
from parity.workers.protocol import Failure, Observation, Result, Written, read_frame, write_frame

STORAGE = [dtype.storage for dtype in FLOATS.values()] + [np.dtype(np.int64), np.dtype(np.longdouble), np.dtype(bool)]


def through(header, arrays=None):
    stream = io.BytesIO()
    write_frame(stream, header, arrays)
    stream.seek(0)
    return read_frame(stream)


@pytest.mark.parametrize("dtype", STORAGE, ids=str)
def test_arrays_come_back_with_every_bit(dtype):
    bits = np.random.Generator(np.random.Philox(1)).integers(0, 2, (2, 3, 5))
    array = (bits * 37).astype(dtype)
    _, arrays = through({}, {"y": array, "again": array[:, :1]})
    assert arrays["y"].dtype == dtype
    assert arrays["y"].shape == (2, 3, 5)
    assert np.array_equal(arrays["y"], array)
    assert np.array_equal(arrays["again"], array[:, :1])


def test_nan_payloads_and_signed_zeros_survive():
    array = np.array([0x7FC00001, 0xFFC00002, 0x80000000, 0x7F800000], np.uint32).view(np.float32)
    assert through({}, {"y": array})[1]["y"].tobytes() == array.tobytes()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1)], ids=str)
def test_shapes_without_or_with_a_single_element_survive(shape):
    _, arrays = through({}, {"before": np.arange(3.0), "y": np.ones(shape, np.float32), "after": np.arange(2.0)})
    assert arrays["y"].shape == shape
    assert arrays["y"].dtype == np.float32
    assert list(arrays["after"]) == [0, 1]


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2)], ids=str)
def test_a_frame_of_nothing_but_empty_arrays_is_read(shape):
    assert through({}, {"y": np.ones(shape)})[1]["y"].shape == shape


def test_transposed_and_strided_arrays_arrive_in_their_own_order():
    array = np.arange(24.0).reshape(2, 3, 4)
    _, arrays = through({}, {"transposed": array.T, "strided": array[:, ::2, ::-1]})
    assert np.array_equal(arrays["transposed"], array.T)
    assert np.array_equal(arrays["strided"], array[:, ::2, ::-1])


def test_headers_keep_text_of_any_script_and_do_not_show_how_arrays_are_cut():
    header = {"case": "naïve Σ ✓", "nested": {"list": [1, None, True, 0.1]}}
    assert through(header, {"y": np.arange(3)})[0] == header


def test_frames_follow_each_other():
    stream = io.BytesIO()
    for number in range(3):
        write_frame(stream, {"number": number}, {"y": np.full(number, number)})
    stream.seek(0)
    read = [read_frame(stream) for _ in range(3)]
    assert [header["number"] for header, _ in read] == [0, 1, 2]
    assert [list(arrays["y"]) for _, arrays in read] == [[], [1], [2, 2]]
    with pytest.raises(EOFError):
        read_frame(stream)


def test_a_stream_that_ends_anywhere_in_a_frame_is_an_end_of_file():
    stream = io.BytesIO()
    write_frame(stream, {"number": 7}, {"y": np.arange(3.0)})
    whole = stream.getvalue()
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            read_frame(io.BytesIO(whole[:length]))
    assert read_frame(io.BytesIO(whole))[0] == {"number": 7}


def test_what_is_no_frame_is_refused():
    text = b"this is no JSON"
    with pytest.raises(ValueError, match="Expecting value"):
        read_frame(io.BytesIO(struct.pack(">IQ", len(text), 0) + text))


def test_nothing_that_could_run_code_crosses_the_pipe():
    with pytest.raises(ValueError, match="OBJECT"):
        through({}, {"y": np.array([print, {}], object)})
    with pytest.raises(TypeError):
        through({"function": print})


def test_the_header_is_plain_json():
    stream = io.BytesIO()
    write_frame(stream, {"a": 1}, {"y": np.zeros((2, 3), np.float32)})
    length, body = struct.unpack(">IQ", stream.getvalue()[:12])
    assert json.loads(stream.getvalue()[12 : 12 + length]) == {"a": 1, "arrays": [["y", "<f4", [2, 3]]]}
    assert body == 24


def test_observations_come_back_whole():
    seen = Observation(
        results={
            "output:y": Result(np.array([[1, 2]], np.uint16), "bfloat16"),
            "grad:x": Result(np.ones(2), "float64"),
        },
        failure=Failure("gradient", "ValueError", "no gradient", "cases/a.py:3"),
        timings={"forward": [0.1, 0.2]},
        input_digest="abc",
        harness_seconds=1.5,
        framework_seconds=1.25,
        peak_bytes=123,
        no_gradient={"grad:k": ("weight", "bias")},
        inferred=True,
        inference={"inference:y": Result(np.zeros(3), "float64")},
        inference_failure=Failure("inference", "RuntimeError", "no kernel"),
        again={"output:y": Result(np.zeros(1), "float64")},
        written=(Written("x", "forward", 1, 6, (1, 2)), Written("k", "gradient", 6, 6, None, variable=True)),
    )
    back = Observation.from_frame(*through(*seen.to_frame()))
    assert list(back.results) == ["output:y", "grad:x"]
    assert back.results["output:y"].dtype == "bfloat16"
    assert back.results["output:y"].array.tolist() == [[1, 2]]
    assert (back.failure, back.timings, back.input_digest) == (seen.failure, seen.timings, "abc")
    assert (back.harness_seconds, back.framework_seconds, back.peak_bytes) == (1.5, 1.25, 123)
    assert (back.no_gradient, back.inferred, back.written) == (seen.no_gradient, True, seen.written)
    assert (list(back.inference), list(back.again)) == (["inference:y"], ["output:y"])
    assert back.inference_failure == seen.inference_failure


def test_an_observation_without_failure_comes_back_without():
    assert Observation.from_frame(*through(*Observation().to_frame())) == Observation()


def test_a_failure_reads_as_one_line():
    assert (
        str(Failure("forward", "ValueError", "too small", "cases/a.py:3")) == "ValueError: too small (at cases/a.py:3)"
    )
    assert str(Failure("crash", "", "killed by SIGKILL")) == "killed by SIGKILL"
