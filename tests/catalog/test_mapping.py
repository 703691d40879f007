"""Weight mappings: one trace loads the weights and brings gradients back; what is lost or repeated is refused."""

import numpy as np
import pytest

from parity import concat, stack, zeros
from parity.catalog.errors import DeclarationError
from parity.catalog.mapping import source, trace, weights_of

SIZES = {"G": 4, "H": 3, "I": 5, "C": 2, "M": 3}
LABELS = {"G": ("i", "f", "g", "o")}


def traced(variables, weights):
    axes = {name: text.split() for name, text in weights.items()}
    return trace({name: source(part) for name, part in variables.items()}, axes, SIZES, LABELS)


def canonical(weights):
    random = np.random.Generator(np.random.Philox(3))
    return {name: random.normal(size=[SIZES[axis] for axis in axes.split()]) for name, axes in weights.items()}


def refused(variables, weights):
    with pytest.raises(DeclarationError) as caught:
        traced(variables, weights)
    return str(caught.value)


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["kernel", "", ": H I", "a b: H", "2: H"])
def test_a_source_names_a_weight_and_a_layout(text):
    with pytest.raises(DeclarationError) as caught:
        source(text)
    assert str(caught.value) == (f"{text!r} is no weight source: write 'weight: layout', such as 'kernel: KH KW C O'")


@pytest.mark.parametrize("make", [lambda: source("kernel: (H I"), lambda: zeros("(H"), lambda: concat("bias: H)")])
def test_an_unreadable_layout_is_refused_where_it_is_written(make):
    with pytest.raises(DeclarationError, match=r"^layout "):
        make()


def test_weights_of_a_nested_source():
    assert weights_of(concat(stack("a: H", "b: H"), zeros("1 H"), "c: 1 H")) == {"a", "b", "c"}
    assert weights_of(zeros("H")) == set()


# Loading ---------------------------------------------------------------------------------------------------------


def test_a_transposed_kernel():
    weights = {"kernel": "H I"}
    w = canonical(weights)
    assert np.array_equal(traced({"weight": "kernel: I H"}, weights).load(w)["weight"], w["kernel"].T)


def test_gates_reordered_and_merged():
    weights = {"kernel": "G H I"}
    w = canonical(weights)["kernel"]
    loaded = traced({"k": "kernel: I (G[f i g o] H)"}, weights).load({"kernel": w})["k"]
    assert np.array_equal(loaded, np.concatenate([w[1].T, w[0].T, w[2].T, w[3].T], axis=1))


def test_parts_concatenated_and_stacked():
    weights = {"a": "H I", "b": "G I", "c": "H", "d": "H"}
    w = canonical(weights)
    loaded = traced({"ab": concat("a: I H", "b: I G", axis=1), "cd": stack("c: H", "d: H", axis=-1)}, weights).load(w)
    assert np.array_equal(loaded["ab"], np.concatenate([w["a"].T, w["b"].T], axis=1))
    assert np.array_equal(loaded["cd"], np.stack([w["c"], w["d"]], axis=1))


def test_zeros_fill_a_variable_or_a_part_of_one():
    weights = {"bias": "G H"}
    w = canonical(weights)
    loaded = traced({"second": zeros("(G H)"), "both": stack("bias: (G H)", zeros("(G H)"))}, weights).load(w)
    assert np.array_equal(loaded["second"], np.zeros(12))
    assert np.array_equal(loaded["both"], [w["bias"].reshape(-1), np.zeros(12)])


def test_zeros_alone_need_no_weight():
    assert np.array_equal(traced({"bias": zeros("H")}, {}).load({})["bias"], np.zeros(3))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint16])
def test_the_dtype_stays(dtype):
    weights = {"bias": "H"}
    w = {"bias": np.array([1, 2, 3], dtype)}
    mapping = traced({"b": concat("bias: H", zeros("H"))}, weights)
    loaded = mapping.load(w)
    assert loaded["b"].dtype == dtype
    assert list(loaded["b"]) == [1, 2, 3, 0, 0, 0]
    assert mapping.bring_back(loaded)["bias"].dtype == dtype


# Bringing back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "weights"),
    [
        ({"w": "kernel: I H"}, {"kernel": "H I"}),
        ({"w": "kernel: I (G[o f g i] H)", "b": "bias: (G H)"}, {"kernel": "G H I", "bias": "G H"}),
        ({"w": stack(concat("a: H", "b: H"), concat("c: H", zeros("H")))}, {"a": "H", "b": "H", "c": "H"}),
        ({"w": "depth: (C M) 1 I"}, {"depth": "C M I"}),
        ({"scale": "s: 1"}, {"s": ""}),
    ],
)
def test_bringing_back_undoes_loading(variables, weights):
    mapping, w = traced(variables, weights), canonical(weights)
    back = mapping.bring_back(mapping.load(w))
    assert back.keys() == w.keys()
    for name, array in w.items():
        assert back[name].shape == array.shape
        assert np.array_equal(back[name], array)


def test_the_gradient_of_zeros_is_dropped():
    back = traced({"b": stack("bias: H", zeros("H"))}, {"bias": "H"}).bring_back(
        {"b": np.array([[1, 2, 3], [7, 8, 9]])}
    )
    assert list(back) == ["bias"]
    assert list(back["bias"]) == [1, 2, 3]


def test_a_variable_without_gradient_gives_zero():
    mapping = traced({"w": "kernel: I H", "b": "bias: H"}, {"kernel": "H I", "bias": "H"})
    back = mapping.bring_back({"w": np.ones((5, 3), np.float32)})
    assert np.array_equal(back["kernel"], np.ones((3, 5)))
    assert np.array_equal(back["bias"], np.zeros(3))


def test_a_gradient_of_the_wrong_shape_is_refused():
    with pytest.raises(DeclarationError) as caught:
        traced({"w": "kernel: I H"}, {"kernel": "H I"}).bring_back({"w": np.ones((3, 5))})
    assert str(caught.value) == "variable w has shape (5, 3), but its gradient has shape (3, 5)"


# What must be refused ----------------------------------------------------------------------------------------------


def test_a_weight_that_no_variable_copies():
    assert refused({"w": "kernel: I H"}, {"kernel": "H I", "bias": "H"}) == (
        "the mapping loses 3 of the 3 elements of weight bias: name the missing part, or drop the weight from the case"
    )


def test_a_weight_that_is_copied_twice():
    assert refused({"w": "kernel: I H", "v": "kernel: H I"}, {"kernel": "H I"}) == (
        "the mapping repeats 15 of the 15 elements of weight kernel: copy each element once"
    )
    assert "repeats 3 of the 3 elements of weight bias" in refused({"b": concat("bias: H", "bias: H")}, {"bias": "H"})


def test_the_weight_at_fault_is_named_among_others():
    weights = {"a": "H", "b": "I", "c": "G"}
    assert "loses 5 of the 5 elements of weight b" in refused({"v": "a: H", "w": "c: G"}, weights)
    assert "repeats 4 of the 4 elements of weight c" in refused(
        {"v": "a: H", "w": "b: I", "x": stack("c: G", "c: G")}, weights
    )


def test_no_variables_lose_every_weight():
    assert "loses 3 of the 3 elements of weight bias" in refused({}, {"bias": "H"})


def test_a_layout_of_a_weight_must_name_its_axes():
    message = refused({"w": "kernel: I"}, {"kernel": "H I"})
    assert message == "layout 'I' leaves out H: it must name each of the axes H I once"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (concat("a: H I", "b: I"), "parts of shapes (3, 5), (5,) cannot be joined along axis 0"),
        (concat("a: H I", "b: I 1"), "parts of shapes (3, 5), (5, 1) cannot be joined along axis 0"),
        (concat("a: H I", "b: 1 I", axis=2), "parts of shapes (3, 5), (1, 5) cannot be joined along axis 2"),
        (stack("a: H I", "b: I"), "parts of shapes (3, 5), (5,) cannot be joined along axis 0"),
        (concat(), "parts of shapes  cannot be joined along axis 0"),
    ],
)
def test_parts_that_do_not_fit(part, message):
    assert refused({"w": part}, {"a": "H I", "b": "I"}) == message


def test_zeros_of_an_unknown_axis_name_the_axis():
    message = refused({"w": "bias: H", "v": zeros("(Z H)")}, {"bias": "H"})
    assert "Z" in message
    assert "which no size names" in message
