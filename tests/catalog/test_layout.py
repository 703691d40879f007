"""Layouts: what is written is where elements land, and restoring brings them back."""

import numpy as np
import pytest

from parity.catalog.errors import DeclarationError
from parity.catalog.layout import parse

GATES = {"G": ("i", "f", "g", "o")}


def numbered(*shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


def refused(function, *arguments):
    with pytest.raises(DeclarationError) as caught:
        function(*arguments)
    return str(caught.value)


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("N H W C", (("N",), ("H",), ("W",), ("C",))),
        ("(C M) 1 KH KW", (("C", "M"), (), ("KH",), ("KW",))),
        ("  N   ( T  I )  ", (("N",), ("T", "I"))),
        ("", ()),
        ("1", ((),)),
        ("()", ((),)),
        ("batch_2 _x", (("batch_2",), ("_x",))),
    ],
)
def test_groups_of_axes(text, groups):
    assert parse(text).groups == groups


def test_label_order_is_read():
    layout = parse("I (G[f i o g] H)")
    assert layout.groups == (("I",), ("G", "H"))
    assert layout.label_order == (("G", ("f", "i", "o", "g")),)
    assert layout.axes == ("I", "G", "H")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("N (C H", "layout 'N (C H' has no closing bracket"),
        ("N C)", "layout 'N C)' has an unexpected ')'"),
        ("N ((C) H)", "layout 'N ((C) H)' has an unexpected '('"),
        ("N (1 C)", "layout 'N (1 C)' has an unexpected '1'"),
        ("N, C", "layout 'N, C' cannot be read from ', C' on"),
        ("N 2", "layout 'N 2' cannot be read from ' 2' on"),
        ("N G[i f", "layout 'N G[i f' cannot be read from '[i f' on"),
    ],
)
def test_unreadable_layouts_say_where(text, message):
    assert refused(parse, text) == message


@pytest.mark.parametrize(
    ("text", "axes", "message"),
    [
        ("N H", "N C", "layout 'N H' leaves out C and adds H: it must name each of the axes N C once"),
        ("N", "N C", "layout 'N' leaves out C: it must name each of the axes N C once"),
        ("N C C", "N C", "layout 'N C C' repeats C: it must name each of the axes N C once"),
        ("N", "", "layout 'N' adds N: it must name each of the axes (none) once"),
    ],
)
def test_a_layout_must_name_every_axis_once(text, axes, message):
    assert refused(parse(text).check, axes.split()) == message


@pytest.mark.parametrize("text", ["N C H", "H (N C)", "1 (C H N) 1"])
def test_a_layout_that_names_every_axis_once_is_good(text):
    parse(text).check(["N", "C", "H"])


# Laying out ------------------------------------------------------------------------------------------------------


def test_a_permutation_moves_each_element():
    x = numbered(2, 3, 4, 5)
    laid = parse("N H W C").lay_out(x, list("NCHW"), {})
    assert laid.shape == (2, 4, 5, 3)
    for n, c, h, w in np.ndindex(x.shape):
        assert laid[n, h, w, c] == x[n, c, h, w]


def test_merged_axes_have_the_first_outermost_and_a_one_adds_an_axis():
    x = numbered(2, 3, 4)
    laid = parse("(M C) 1 K").lay_out(x, list("CMK"), {})
    assert laid.shape == (6, 1, 4)
    for c, m, k in np.ndindex(x.shape):
        assert laid[m * 2 + c, 0, k] == x[c, m, k]


def test_labels_are_reordered_within_a_merged_axis():
    x = numbered(4, 3, 2)
    laid = parse("I (G[f o i g] H)").lay_out(x, list("GHI"), GATES)
    assert laid.shape == (2, 12)
    for g, h, i in np.ndindex(x.shape):
        place = ("f", "o", "i", "g").index(GATES["G"][g])
        assert laid[i, place * 3 + h] == x[g, h, i]


def test_the_result_is_contiguous():
    assert parse("C N").lay_out(numbered(2, 3), ["N", "C"], {}).flags.c_contiguous


@pytest.mark.parametrize(
    ("text", "axes", "shape"),
    [
        ("N C H W", "N C H W", (2, 3, 4, 5)),
        ("W N C H", "N C H W", (2, 3, 4, 5)),
        ("(N C) (H W)", "N C H W", (2, 3, 4, 5)),
        ("(W H C N)", "N C H W", (2, 3, 4, 5)),
        ("1 (W C) 1 1 (H N)", "N C H W", (2, 3, 4, 5)),
        ("G[o g f i] H I", "G H I", (4, 3, 2)),
        ("(I G[g i f o] H)", "G H I", (4, 3, 2)),
        ("C N", "N C", (0, 3)),
        ("(C N)", "N C", (0, 3)),
        ("1", "", ()),
        ("", "", ()),
    ],
)
def test_restoring_undoes_laying_out(text, axes, shape):
    names, x, layout = axes.split(), numbered(*shape), parse(text)
    laid = layout.lay_out(x, names, GATES)
    assert sorted(laid.reshape(-1)) == sorted(x.reshape(-1))
    restored = layout.restore(laid, names, dict(zip(names, shape, strict=True)), GATES)
    assert restored.shape == shape
    assert np.array_equal(restored, x)


# Restoring -------------------------------------------------------------------------------------------------------


def test_an_axis_without_a_size_takes_what_the_array_has():
    x = numbered(2, 7)
    assert np.array_equal(parse("P N").restore(x.T, ["N", "P"], {"N": 2}, {}), x)


def test_an_axis_without_a_size_takes_what_a_merged_axis_leaves():
    restored = parse("(C P) N").restore(numbered(12, 2), ["N", "C", "P"], {"N": 2, "C": 3}, {})
    assert restored.shape == (2, 3, 4)
    assert restored[1, 2, 3] == numbered(12, 2)[2 * 4 + 3, 1]


@pytest.mark.parametrize(
    ("text", "shape", "sizes", "message"),
    [
        ("N C", (2, 3, 4), {"N": 2, "C": 3}, "shape (2, 3, 4) has 3 axes where layout 'N C' has 2"),
        (
            "(N C)",
            (7,),
            {"N": 2, "C": 3},
            "an axis of length 7 in shape (7,) cannot be split into (N C) of layout '(N C)'",
        ),
        ("(N C)", (7,), {"N": 2}, "an axis of length 7 in shape (7,) cannot be split into (N C) of layout '(N C)'"),
        ("(N C)", (6,), {}, "an axis of length 6 in shape (6,) cannot be split into (N C) of layout '(N C)'"),
        ("1 N C", (2, 2, 3), {}, "an axis of length 2 in shape (2, 2, 3) cannot be split into () of layout '1 N C'"),
    ],
)
def test_a_shape_that_cannot_have_the_layout_is_refused(text, shape, sizes, message):
    assert refused(parse(text).restore, np.zeros(shape), ["N", "C"], sizes, {}) == message


@pytest.mark.parametrize(
    ("text", "labels", "message"),
    [
        ("G[i f g] H", GATES, "axis G has the labels i f g o, not i f g"),
        ("G[i f g x] H", GATES, "axis G has the labels i f g o, not i f g x"),
        ("G[i f g g] H", GATES, "axis G has the labels i f g o, not i f g g"),
        ("G[i f g o] H", {}, "axis G has the labels (none), not i f g o"),
    ],
)
def test_labels_must_be_those_of_the_axis(text, labels, message):
    layout, axes = parse(text), ["G", "H"]
    assert refused(layout.lay_out, np.zeros((4, 3)), axes, labels) == message
    assert refused(layout.restore, np.zeros((4, 3)), axes, {"G": 4, "H": 3}, labels) == message
