"""Results of every dtype in a record: their digests, and their distances from the formula's, there and back."""

import numpy as np
import pytest

from parity import Case, buffer, normal
from parity.judge import Context, judge
from parity.plan.work import Item
from parity.record.arrays import ArraysWriter, read_arrays
from parity.record.results import result_rows
from parity.workers.protocol import Observation, Result

ITEM = Item("ops.py", "op", "", "float32", "cpu")
CASE = Case(
    "op",
    "A case.",
    sizes=dict(N=3, K=5),
    inputs=dict(x=normal("N", gradient=False)),
    outputs=dict(y=buffer("N"), rows=buffer("K", at_most="K")),
)
CASE.reference(lambda np, x: x)
CASE.torch("torch.f")(lambda torch, x: x)
CASE.tensorflow("tf.f")(lambda tf, x: x)


def kept(truth, found):
    """The rows of ``output:y`` and ``output:rows`` as they are read back, by implementation and quantity."""

    def seen(values, length):
        rows = np.zeros(5, np.int64)
        rows[:length] = 7
        return Observation(
            {
                "output:y": Result(values, values.dtype.name),
                "output:rows": Result(rows, "int64", (0, length)),
            },
            input_digest="d",
        )

    observations = {"reference": seen(truth, 3), "torch.f": seen(found, 3), "tf.f": seen(found, 2)}
    context = Context("run", 0, dict.fromkeys(("torch", "tensorflow", "reference"), "1"))
    judged = judge(CASE, ITEM, observations, context)
    writer, table = ArraysWriter(), []
    for row, distances in result_rows(CASE, ITEM, observations, judged, arrays=True):
        writer.add(row, distances)
        table.append(row)
    return {(row.implementation, row.quantity): (row, d) for row, d in read_arrays(writer.content(), table)}


@pytest.mark.parametrize(
    ("truth", "found", "dtype", "apart"),
    [
        ([True, False, True], [True, True, True], "bool", [0, 1, 0]),
        ([-128, 0, 127], [127, 0, -128], "int8", [255, 0, -255]),
        ([2**53, 0, 2], [2**53 + 1, 0, 2], "int64", [1, 0, 0]),
        ([1 + 1j, 2j, 3], [1 + (1 + 2.0**-23) * 1j, 2j, 3 + 2.0**-22], "complex64", [0, 1, 0, 0, 1, 0]),
    ],
)
def test_distances_of_every_dtype_are_read_back(truth, found, dtype, apart):
    exact = np.array(truth, np.complex128 if dtype.startswith("complex") else dtype)
    rows = kept(exact, np.array(found, dtype))
    formula, _ = rows["reference", "output:y"]
    row, distances = rows["torch.f", "output:y"]
    assert (formula.found, row.found, row.shape) == (dtype, dtype, "3")
    assert row.verdict == ("pass" if dtype == "complex64" else "fail")
    assert distances.tolist() == apart
    same, none = kept(exact, exact.astype(dtype))["torch.f", "output:y"]
    assert same.digest == formula.digest
    assert none is None


def test_a_result_of_another_length_has_its_own_shape_and_no_distances():
    rows = kept(np.array([1, 2, 3]), np.array([1, 2, 3]))
    right, _ = rows["torch.f", "output:rows"]
    wrong, distances = rows["tf.f", "output:rows"]
    assert (right.shape, right.verdict) == ("3", "pass")
    assert (wrong.shape, wrong.verdict, distances) == ("2", "fail", None)
