"""Functions at the ends of a format: both zeros, infinities, NaN, denormal, smallest normal and largest numbers."""

from parity import Case, buffer, normal, special

TORCH = "measured with torch 2.13.0"
TENSORFLOW = "measured with TensorFlow 2.21.0, Keras 3.15.1"
FLUSHED = "denormal numbers are taken for zero, as inputs and as results"
SWEPT = "it is about the kernels of single operations, which graphs and compilers replace by others"
ALL = "nan infinity zero denormal limit"
NORMAL = "nan infinity zero limit"
COUNTS = dict(nan=1, infinity=2, zero=2, denormal=4, limit=4)
WIDE = dict(float64=1, float32=1, bfloat16=1)
"""The formats whose denormal numbers TensorFlow takes for zero: those of float16 are normal in float32."""


def size_of(kinds):
    """The size of a tensor that holds each special number once or twice: they are a quarter of its elements.

    It is a multiple of the 16 numbers that a kernel takes at a time. What is left over at the end of a tensor is
    computed in another way: there TensorFlow does not take denormal numbers for zero.
    """
    return -(-4 * sum(COUNTS[kind] for kind in kinds.split()) // 16) * 16


def named(api):
    """The function of a framework by its public path; what stands in parentheses is no part of the path."""
    first, *path = api.partition("(")[0].split(".")

    def call(library, *tensors, **options):
        found = library.keras if first == "keras" else library
        for name in path:
            found = getattr(found, name)
        return found(*tensors, **options)

    return call


def implement(case, torch, tensorflow, kind="unary"):
    """Add the implementations: API paths, or functions by what they are called."""
    for framework, apis in ((case.torch, torch), (case.tensorflow, tensorflow)):
        functions = {api: named(api) for api in apis.split()} if isinstance(apis, str) else apis
        for api, function in functions.items():
            ADDERS[kind](framework(api), function)
    return case


ADDERS = dict(
    unary=lambda add, function: add(lambda library, x: function(library, x)),
    both=lambda add, function: add(lambda library, x, z: (function(library, x), function(library, z))),
    pairs=lambda add, function: add(lambda library, a, b: function(library, a[:, None], b[None])),
    slopes=lambda add, function: add(
        lambda library, a, b, p, q: (function(library, a[:, None], b[None]), function(library, p, q))
    ),
)
"""What makes an implementation of a function, by the tensors that the case has."""


def unary(name, formula, torch, tensorflow, *, kinds=ALL, slopes="nan infinity zero", **arguments):
    """A case of a function of one number: of x, which holds each special number, and of z, with its gradient.

    Without ``slopes``, the special numbers of z, no gradient is compared. Close to the ends of a format a gradient can
    be representable or not depending on what it is multiplied by: those are left out of z.
    """
    case = Case(
        f"extremes_of_{name}",
        f"{name} of numbers at the ends of a format: {kinds.replace(' ', ', ')}.",
        sizes=dict(N=size_of(kinds)) | (dict(K=size_of(slopes)) if slopes else {}),
        inputs=dict(x=special("N", kinds, gradient=False)) | (dict(z=special("K", slopes)) if slopes else {}),
        outputs=dict(y=buffer("N")) | (dict(w="K") if slopes else {}),
        pooled=False,
        eager_only=SWEPT,
        **arguments,
    )
    if slopes:
        case.reference(lambda np, x, z: (formula(np, x), formula(np, z)))
    else:
        case.reference(lambda np, x: formula(np, x))
    return implement(case, torch, tensorflow, "both" if slopes else "unary")


def wrong(case, api, quantity, because, source, elements=None, kernels=None, **counts):
    """Declare that so many elements of a quantity are wrong on a CPU, in all formats or by the format."""
    for dtype, count in (counts or {None: elements}).items():
        case.deviation(
            api,
            quantities=[quantity],
            elements=count,
            because=because,
            source=source,
            dtypes=[dtype] if dtype else None,
            devices=["cpu"],
            kernels=kernels,
        )


def binary(name, formula, torch, tensorflow, *, kinds=NORMAL, slopes="nan infinity zero", **arguments):
    """A case of a function of two numbers: of every pair of special numbers, and its gradients at pairs of ``slopes``.

    Without ``slopes`` no gradient is compared.
    """
    case = Case(
        f"extremes_of_{name}",
        f"{name} of every pair of numbers at the ends of a format: {kinds.replace(' ', ', ')}.",
        sizes=dict(A=sum(COUNTS[kind] for kind in kinds.split()) + 2, B=lambda A: A + 1, N=60),
        inputs=dict(a=special("A", kinds, gradient=False), b=special("B", kinds, gradient=False))
        | (dict(p=special("N", slopes), q=special("N", slopes)) if slopes else {}),
        outputs=dict(pairs=buffer("A B")) | (dict(y="N") if slopes else {}),
        pooled=False,
        eager_only=SWEPT,
        **arguments,
    )
    if slopes:
        case.reference(lambda np, a, b, p, q: (formula(np, a[:, None], b[None]), formula(np, p, q)))
    else:
        case.reference(lambda np, a, b: formula(np, a[:, None], b[None]))
    return implement(case, torch, tensorflow, "slopes" if slopes else "pairs")


def along(api, *arguments, **options):
    """The function of a framework by its path, called with more arguments than the tensors."""
    function = named(api)
    return lambda library, *tensors: function(library, *tensors, *arguments, **options)


def of_tables(name, summary, formula, torch, tensorflow, first, second=None, *, outputs="R", slopes=True, **arguments):
    """A case of a function of rows of numbers, which stand in tables.

    The first table has a gradient: that of z, a tensor of zeros that is added to it.
    """
    case = Case(
        name,
        summary,
        sizes=dict(R=len(first), C=len(first[0])),
        inputs=dict(z=normal("R C", std=0, gradient=slopes)),
        outputs=dict(y=outputs if slopes else buffer(outputs)),
        pooled=False,
        eager_only=SWEPT,
        **arguments,
    )
    if second is None:
        case.reference(lambda np, z: formula(np, np.array(first) + z))
    else:
        case.reference(lambda np, z: formula(np, np.array(first) + z, np.array(second)))
    for api, function in torch.items():
        _add_torch(case, api, function, first, second)
    for api, function in tensorflow.items():
        _add_tensorflow(case, api, function, first, second)
    return case


def _add_torch(case, api, function, first, second):
    @case.torch(api)
    def _(torch, z):
        tables = [torch.tensor(table, dtype=z.dtype, device=z.device) for table in (first, second) if table]
        return function(torch, tables[0] + z, *tables[1:])


def _add_tensorflow(case, api, function, first, second):
    @case.tensorflow(api)
    def _(tf, z):
        tables = [tf.constant(table, z.dtype) for table in (first, second) if table]
        return function(tf, tables[0] + z, *tables[1:])
