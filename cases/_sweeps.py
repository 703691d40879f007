"""Functions of one number, of every number there is in a 16-bit format."""

import numpy

from parity import Case, buffer, every, grid

TORCH = "measured with torch 2.13.0"
TENSORFLOW = "measured with TensorFlow 2.21.0, Keras 3.15.1"
DENORMAL = "denormal numbers are taken for zero, as inputs and on the way; those of float16 are not"

FINITE = (-65504, 65504)
"""The numbers of float16; in bfloat16 the bounds are 65536."""


def sweep(name, summary, formula, torch, tensorflow, *, between=None, **arguments):
    """A case of a function at all 65,536 bit patterns, and of its derivative ``between`` two numbers.

    ``torch`` and ``tensorflow`` hold functions of the framework and the tensor by their API paths.
    """

    def inputs(differentiated):
        return dict(x=every("N", *between) if differentiated else every("N", gradient=False))

    case = Case(
        f"every_{name}",
        summary,
        sizes=dict(N=2**16),
        inputs=inputs,
        outputs=lambda differentiated: dict(y="N" if differentiated else buffer("N")),
        variants=grid(differentiated=[False, True] if between else [False]),
        dtypes=["float16", "bfloat16"],
        pooled=False,
        eager_only="it sweeps the kernels of single operations, which graphs and compilers replace by others",
        **arguments,
    )
    case.reference(lambda np, x: formula(np, x))
    for framework, functions in ((case.torch, torch), (case.tensorflow, tensorflow)):
        for api, function in functions.items():
            declare(framework, api, function)
    return case


def declare(framework, api, function):
    framework(api)(lambda library, x: function(library, x))


def elementwise(function):
    """A function of a Python number, for formulas that are not differentiated."""
    return numpy.vectorize(function, otypes=[float])


def deviation(case, api, elements, because, source, quantity="output:y", kernels=None):
    """At most so many elements of ``quantity`` are wrong, by the dtype."""
    differentiated = {"output:y": dict(differentiated=False), "grad:x": dict(differentiated=True), "*": {}}
    for dtype, count in elements.items():
        case.deviation(
            api,
            quantities=[quantity],
            elements=count,
            because=because,
            source=source,
            when=differentiated[quantity],
            dtypes=[dtype],
            devices=["cpu"],
            kernels=kernels,
        )
