"""Wrong declarations: each is reported with file, line, case and mend."""

import pytest

KERNEL = "weights=dict(kernel=normal('C')),"
TAKES = "\n\n@op.torch({arguments})\ndef _(torch, {parameters}):\n    return x\n"


def added(text, arguments, parameters="x"):
    return text() + TAKES.format(arguments=arguments, parameters=parameters)


def only_problem(file):
    assert file.cases == ()
    (broken,) = file.broken
    assert (broken.case, broken.where) == ("op", "ops.py:4")
    assert str(broken) == f"ops.py:4: op: {broken.message}"
    return broken.message


def test_the_case_that_the_others_change_is_good(loaded, text):
    file = loaded(text())
    assert [case.name for case in file.cases] == ["op"]
    assert file.broken == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"inputs": "dict(x=normal('N Q'))"},
            "tensor x has the axis Q, which no size names: add Q=... to sizes",
        ),
        (
            {"sizes": "dict(N=3, C=3)"},
            "axes N and C of tensor x both have length 3, so swapping them would not show: "
            "give them different lengths (or C=lambda N: N if they must be equal)",
        ),
        ({"sizes": "dict(N=2, C=-1)"}, "axis C has size -1: a size is a whole number from 0 up"),
        ({"sizes": "dict(N=lambda C: C, C=lambda N: N)"}, "the sizes of N and C depend on each other"),
        ({"outputs": "dict()"}, "has no outputs: name at least one"),
        ({"outputs": "dict(y=3)"}, "3 is no output: write its axes, such as 'N C H W'"),
        ({"more": "variants=grid(k=[])"}, "has no variants: the grid is empty"),
        ({"more": "untimed=True"}, "untimed=True: give the reason as text"),
        ({"more": "eager_only=1"}, "eager_only=1: give the reason as text"),
        ({"more": "variants=grid(k=[1, '1'])"}, "declares the variant 'k=1' 2 times"),
        (
            {"more": "dtypes=['float32', 'float31', 'int8']"},
            "dtypes names the unknown dtype float31, int8: choose from float64, float32, float16, bfloat16",
        ),
        (
            {"inputs": "dict(x=integers('N C', -1, 256, dtype='uint8'))"},
            "tensor x is drawn from [-1, 256), which uint8 cannot hold",
        ),
        (
            {"inputs": "dict(x=integers('N C', 0, 9, dtype='float32'))"},
            "tensor x cannot be float32: choose from int8, int16, int32, int64, uint8, uint16, uint32, uint64",
        ),
        (
            {"inputs": "dict(x=normal('N C', dtype='int8'))"},
            "tensor x cannot be int8: choose from float64, float32, float16, bfloat16",
        ),
        (
            {"inputs": "dict(x=normal('N C', dtype='float64'))"},
            "tensor x is float64, but for float32, float16, bfloat16 the formula is computed in float64, which is no "
            "more precise: declare dtypes=['float64'], and give the narrower tensors a dtype of their own",
        ),
        (
            {"inputs": "dict(x=special('N C', 'nan huge'))"},
            "tensor x holds the unknown special numbers huge: choose from nan, infinity, zero, denormal, limit",
        ),
        (
            {"outputs": "dict(y=buffer('N C', dtype='int'))"},
            "result y has the unknown dtype int: choose from float64, float32, float16, bfloat16, complex64, "
            "complex128, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool",
        ),
        (
            {"outputs": "dict(y=output('N C', dtype='int32'))"},
            "result y is int32, which has no derivative: declare it with buffer(...)",
        ),
        (
            {"outputs": "dict(y=buffer('N C', dtype='complex128'))", "more": "dtypes=['float64', 'float32']"},
            "result y is complex128, but for float32 the formula is computed in float64, which is no more precise: "
            "declare dtypes=['float64'], and give the narrower tensors a dtype of their own",
        ),
        (
            {"outputs": "dict(y=buffer('N K', at_most='K'))"},
            "result y: at_most='K' must be one of its axes, with the most it can be in sizes",
        ),
        (
            {"more": "accumulate='float31'"},
            "accumulate names the unknown dtype float31: choose from float64, float32, float16, bfloat16",
        ),
        (
            {"more": "unsigned_zeros=True"},
            "unsigned_zeros of *: True is not a reason: say why the sign of a zero means nothing",
        ),
        (
            {"more": "unsigned_zeros={'output:y': ''}"},
            "unsigned_zeros of output:y: '' is not a reason: say why the sign of a zero means nothing",
        ),
        (
            {"more": "unsigned_zeros={'grad:x': 'b'}"},
            "unsigned_zeros names grad:x, but the sign of a gradient's zero is not compared in any case",
        ),
        (
            {"more": "unsigned_zeros={'output:z': 'b'}"},
            "unsigned_zeros: no quantity is called 'output:z'; there are output:y, grad:x",
        ),
        (
            {"more": "weights=dict(kernel=normal('C'))"},
            "the formula does not take the tensor 'kernel': add it to the function's arguments; "
            "torch.f does not take the tensor 'kernel': add it to the function's arguments; "
            "tf.f does not take the tensor 'kernel': add it to the function's arguments",
        ),
        (
            {"inputs": "lambda k: 1 / 0", "more": "variants=grid(k=[1])"},
            "variant k=1: a function of the declaration raised ZeroDivisionError: division by zero",
        ),
        (
            {"sizes": "dict(N=2, C=lambda k: k)", "more": "variants=grid(k=[3, -3])"},
            "variant k=-3: axis C has size -3: a size is a whole number from 0 up",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_wrong_tensors_sizes_and_variants(loaded, text, changes, message):
    assert only_problem(loaded(text(**changes))) == message


def test_axes_of_equal_length_that_must_be_equal_are_declared_so(loaded, text):
    assert loaded(text(sizes="dict(N=3, C=lambda N: N)")).broken == ()
    assert loaded(text(sizes="dict(N=1, C=1)")).broken == ()


@pytest.mark.parametrize(
    ("arguments", "parameters", "message"),
    [
        (
            "'torch.f'",
            "x",
            "torch.f: is declared twice: give each implementation its own API path",
        ),
        (
            "'torch.g', x='N H'",
            "x",
            "torch.g: x: layout 'N H' leaves out C and adds H: it must name each of the axes N C once",
        ),
        ("'torch.g', y='(N C'", "x", "torch.g: y: layout '(N C' has no closing bracket"),
        ("'torch.g', z='N C'", "x", "torch.g: a layout is given for 'z', but the tensors are x, y"),
        ("'torch.g'", "x, *, stride", "torch.g asks for 'stride', which is neither a parameter nor an axis"),
        ("'torch.g'", "", "torch.g does not take the tensor 'x': add it to the function's arguments"),
    ],
)
def test_wrong_implementations(loaded, text, arguments, parameters, message):
    assert only_problem(loaded(added(text, arguments, parameters))) == message


def test_an_implementation_may_ask_for_parameters_axes_and_the_dtype(loaded, text):
    source = text(more="parameters=dict(stride=1),") + TAKES.format(
        arguments="'torch.g', x='C N'", parameters="x, *, stride, N, dtype"
    )
    assert loaded(source).broken == ()


def test_an_implementation_may_ask_for_the_way_to_capture(loaded, text):
    assert loaded(added(text, "'torch.g'", "x, *, capture")).broken == ()


def test_a_formula_may_not(loaded, text):
    source = text().replace("def _(np, x):", "def _(np, x, *, capture):")
    assert only_problem(loaded(source)) == (
        "the formula asks for 'capture', which only implementations may: a formula runs as it is"
    )


LAYER = "\n\n@op.torch.layer('torch.L', weights={weights})\ndef _(torch):\n    return torch.L()\n"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("dict(w='kernel: C', v='kernl: C')", "torch.L: variable v copies 'kernl', but the weights are kernel"),
        (
            "dict(w='kernel')",
            "torch.L: 'kernel' is no weight source: write 'weight: layout', such as 'kernel: KH KW C O'",
        ),
        (
            "lambda: dict(w='kernel')",
            "'kernel' is no weight source: write 'weight: layout', such as 'kernel: KH KW C O'",
        ),
        ("dict(w=concat('kernel: C', 'b: C'))", "torch.L: variable w copies 'b', but the weights are kernel"),
    ],
)
def test_wrong_variables_of_a_layer(loaded, text, weights, message):
    source = text(more=KERNEL).replace(", x):", ", x, kernel):") + LAYER.format(weights=weights)
    assert only_problem(loaded(source)) == message


def test_a_case_without_weights_has_none_to_copy(loaded, text):
    message = only_problem(loaded(text() + LAYER.format(weights="dict(w='kernel: C')")))
    assert message == "torch.L: variable w copies 'kernel', but the weights are (none)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("limitation('torch.g', raises='ValueError: no', ", "limitation of torch.g, which is none of tf.f, torch.f"),
        (
            "limitation('torch.f', raises='ValueError: no', stage='backward', ",
            "limitation of torch.f: unknown stage 'backward'; choose from build, forward, gradient, inference, crash",
        ),
        (
            "limitation('torch.f', raises='ValueError: no', when=dict(stride=2), ",
            "limitation of torch.f: no parameter is called 'stride'",
        ),
        (
            "limitation('torch.f', raises='not supported', ",
            "limitation of torch.f: raises='not supported' names no class: give it and a part of the message, "
            'as in raises="RuntimeError: not supported"',
        ),
        (
            "limitation('torch.f', raises='ValueError: ', ",
            "limitation of torch.f: raises='ValueError: ' names no class: give it and a part of the message, "
            'as in raises="RuntimeError: ValueError: "',
        ),
        ("deviation('tf.g', quantities=['*'], within=1, ", "deviation of tf.g, which is none of tf.f, torch.f"),
        (
            "deviation('tf.f', quantities=['*'], within=1, when=dict(stride=2), ",
            "deviation of tf.f: no parameter is called 'stride'",
        ),
        (
            "deviation('tf.f', quantities=['*'], ",
            "deviation of tf.f: give within= or elements=, or dtype=, or dtype= with one of them, or missing=True",
        ),
        (
            "deviation('tf.f', quantities=['*'], dtype='int', ",
            "deviation of tf.f declares the unknown dtype int: choose from float64, float32, float16, bfloat16, "
            "complex64, complex128, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool",
        ),
        (
            "deviation('tf.f', quantities=['*'], within=1, elements=2, ",
            "deviation of tf.f: give within= or elements=, or dtype=, or dtype= with one of them, or missing=True",
        ),
    ],
)
def test_wrong_limitations_and_deviations(loaded, text, call, message):
    assert only_problem(loaded(f"{text()}\nop.{call}because='b', source='s')\n")) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "deviation('tf.f', quantities=['outptu:y'], within=1, ",
            "deviation of tf.f: no quantity is called 'outptu:y'; there are output:y, grad:x, inference:y, input:x",
        ),
        (
            "limitation('torch.f', raises='ValueError: no', when=dict(stride=3), ",
            "limitation of torch.f applies to no variant and dtype of the case: mend its when= or dtypes=",
        ),
        (
            "limitation('torch.f', raises='ValueError: no', dtypes=['float16'], ",
            "limitation of torch.f applies to no variant and dtype of the case: mend its when= or dtypes=",
        ),
        (
            "limitation('torch.f', raises='ValueError: no', modes=['graph', 'xla'], ",
            "limitation of torch.f names the unknown mode xla: choose from eager, graph, compiled",
        ),
        (
            "limitation('tf.f', raises='ValueError: no', kernels=['onednn', 'mkl'], ",
            "limitation of tf.f names the unknown kernels mkl: choose from onednn, eigen, fused, avx512, avx2, default",
        ),
    ],
)
def test_a_limitation_or_deviation_that_can_never_apply_is_refused(loaded, text, call, message):
    source = text(more="variants=grid(stride=[1, 2]), dtypes=['float32'],")
    assert only_problem(loaded(f"{source}\nop.{call}because='b', source='s')\n")) == message


@pytest.mark.parametrize(
    "call",
    [
        "deviation('tf.f', quantities=['output:*', 'grad:x'], within=1, when=dict(stride=2), ",
        "limitation('torch.f', raises='ValueError: no', dtypes=['float32'], devices=['gpu'], ",
        "limitation('torch.f', raises='ValueError: no', stage='build', ",
        "limitation('torch.f', raises='ValueError: no', modes=['graph'], ",
        "deviation('tf.f', quantities=['output:*'], within=1, modes=['graph', 'compiled'], ",
        "limitation('torch.f', raises='killed by SIGABRT', stage='crash', ",
    ],
)
def test_a_limitation_or_deviation_that_can_apply_is_good(loaded, text, call):
    source = text(more="variants=grid(stride=[1, 2]), dtypes=['float32'],")
    assert loaded(f"{source}\nop.{call}because='b', source='s')\n").broken == ()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("exact=['output:z']", "exact: no quantity is called 'output:z'; there are output:y, grad:x"),
        (
            "tolerance=Tolerance(1, 1, 'why', ['float31'])",
            "the tolerance names the unknown dtype float31: choose from float64, float32, float16, bfloat16",
        ),
    ],
)
def test_wrong_exact_quantities_and_tolerances(loaded, text, more, message):
    assert only_problem(loaded(text(more=more))) == message


def test_a_case_without_formula_or_implementations(loaded, text):
    head = text().partition("@op.reference")[0]
    assert only_problem(loaded(head)) == (
        "has no formula: add a function under @op.reference; "
        'has no torch implementation: add a function under @op.torch("api path"); '
        'has no tensorflow implementation: add a function under @op.tensorflow("api path")'
    )


def test_a_name_that_is_no_identifier(loaded, text):
    file = loaded(text().replace('"op"', '"op-2"'))
    assert [str(broken) for broken in file.broken] == [
        "ops.py:4: op-2: the name 'op-2' is no identifier: use letters, digits and underscores"
    ]


def test_two_problems_are_both_told(loaded, text):
    message = only_problem(loaded(text(inputs="dict(x=normal('P Q'))")))
    assert "tensor x has the axis P, which no size names: add P=... to sizes" in message
    assert "tensor x has the axis Q, which no size names: add Q=... to sizes" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": "dict(x='N C')"}, "tensor x is 'N C': say how its values are drawn, such as normal('N C')"),
        (
            {"inputs": "dict(x=normal('N N'))", "outputs": "dict(y='N C')"},
            "tensor x names the axis N 2 times: give equal axes names of their own",
        ),
        ({"outputs": "dict(y='C C')"}, "result y names the axis C 2 times: give equal axes names of their own"),
        (
            {"inputs": "dict(x=integers('N C', 0, 'V'))"},
            "tensor x is bounded by the axis V, which no size names: add V=... to sizes",
        ),
        ({"inputs": "dict(x=integers('N C', 5, 5))"}, "tensor x is drawn from [5, 5), which is empty"),
        ({"inputs": "dict(x=integers('N C', 5, 'C'))"}, "tensor x is drawn from [5, 3), which is empty"),
        ({"inputs": "dict(x=uniform('N C', 1.0, 0.5))"}, "tensor x is drawn from [1, 0.5), which is empty"),
        (
            {"sizes": "dict(N=2, C=lambda Q: Q)"},
            "the size of C asks for Q, which is neither a parameter nor an axis",
        ),
        (
            {"sizes": "dict(N=64, C=65)", "inputs": "dict(x=distinct('N C'))"},
            "tensor x has 4160 elements, but distinct() holds at most 4096: make it smaller",
        ),
    ],
    ids=str,
)
def test_tensors_that_no_worker_could_draw(loaded, text, changes, message):
    assert only_problem(loaded(text(**changes))) == message


HALF = "dtypes=['float16', 'bfloat16'],"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sizes": "dict(N=300)", "inputs": "dict(x=every('N'))", "outputs": "dict(y='N')", "more": HALF},
            "tensor x has 300 elements, but every() gives 65536: give it one axis of that size",
        ),
        (
            {"sizes": "dict(N=65536)", "inputs": "dict(x=every('N'))", "outputs": "dict(y='N')"},
            "tensor x cannot hold every number of float64, float32: dtypes=['float16', 'bfloat16']",
        ),
        (
            {"sizes": "dict(N=65536)", "inputs": "dict(x=every('N', 2, 1))", "outputs": "dict(y='N')", "more": HALF},
            "tensor x is drawn from [2, 1), which is empty",
        ),
    ],
)
def test_tensors_that_do_not_hold_every_number(loaded, text, changes, message):
    assert only_problem(loaded(text(**changes))) == message


def test_every_number_of_sixteen_bits_is_good(loaded, text):
    source = text(sizes="dict(N=2**16)", inputs="dict(x=every('N'))", outputs="dict(y='N')", more=HALF)
    assert loaded(source).broken == ()


def test_tensors_at_their_limits_are_good(loaded, text):
    assert loaded(text(sizes="dict(N=64, C=lambda N: N)", inputs="dict(x=distinct('N C'))")).broken == ()
    assert loaded(text(inputs="dict(x=integers('N C', 2, 'C'))")).broken == ()
