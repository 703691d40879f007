"""A script of its own for one variant of a case and one implementation, such as a report of a bug needs.

It makes the same inputs as a run, computes the formula and the implementation with their gradients, and prints how far
they are from each other. It needs the framework, NumPy, autograd and einops, and this package only where the formula
uses what Autograd's NumPy does not have right.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from textwrap import fill, indent

from ..catalog.calls import Function, captures, signature
from ..catalog.case import Case, Implementation
from ..catalog.dtypes import FLOATS
from ..catalog.formulas import asked
from ..catalog.frameworks import FRAMEWORKS
from ..catalog.mapping import weights_of
from ..catalog.modes import EAGER
from ..catalog.tensors import Tensor
from ..catalog.variants import Variant
from ..formula.names import needs_package
from . import snippets
from .patterns import Patterns
from .source import Source, bracketed, builds_pair, imported

NAMES = (
    "CASE VARIANT SEED DTYPE DEVICE MODE math np anp tf torch keras blake2b make_vjp rearrange differentiable "
    "bits rounded normal uniform distinct every special integers booleans numbers whole dtypes cotangent data "
    "higher as_tuple reference truth arguments pullback results true given implementation device tensor array "
    "capture model built call variables weights tensors wrt traced differentiate again gradients found name "
    "names values expected value nearest same error place"
)
"""The names of a script, which nothing that it takes from a case file may have."""

PACKAGED = "from parity.formula.namespace import EXACT as anp"
FLOAT32 = "float32"
TAB = "    "


def script(
    case: Case,
    variant: Variant,
    implementation: Implementation,
    *,
    dtype: str,
    seed: int = 0,
    device: str = "cpu",
    mode: str = EAGER,
) -> str:
    """The script with these constants."""
    default, given = constants(case), constants(case, dtype, seed, device, mode)
    return "".join(given if part == default else part for part in parts(case, variant, implementation))


def constants(case: Case, dtype: str = "", seed: int = 0, device: str = "cpu", mode: str = EAGER) -> str:
    """The lines that say in which circumstances a script runs: nothing else in it depends on them."""
    dtype = dtype or (FLOAT32 if FLOAT32 in case.dtypes else case.dtypes[0])
    return f'SEED = {seed}\nDTYPE = "{dtype}"\nDEVICE = "{device}"\nMODE = "{mode}"\n'


def parts(case: Case, variant: Variant, implementation: Implementation) -> tuple[str, ...]:
    """The script in parts, many of which other scripts have, too. The :func:`constants` are one of them."""
    return tuple(_Writer(case, variant, implementation).parts())


@cache
def _source(formula: Function, implementation: Function) -> Source:
    return Source({"reference": formula, "implementation": implementation}, NAMES.split())


class _Writer:
    """Writes one script."""

    def __init__(self, case: Case, variant: Variant, implementation: Implementation) -> None:
        assert case.formula is not None
        self.case, self.variant, self.implementation = case, variant, implementation
        self.function, self.torch = implementation.function, implementation.framework == "torch"
        self.module = "torch" if self.torch else "tf"
        self.sizes, self.weights = case.axis_sizes(variant), case.weights(variant)
        self.tensors = {**case.inputs(variant), **self.weights}
        self.results = {**case.outputs(variant), **case.states(variant)}
        self.quantities = case.quantities(variant)[: len(self.results)]
        self.differentiated = [name for name, tensor in self.tensors.items() if tensor.gradient]
        self.arguments = case.inputs(variant) if implementation.is_layer else self.tensors
        self.variables = case.variables(implementation, variant)
        self.trained = {n: part for n, part in self.variables.items() if weights_of(part) & set(self.differentiated)}
        self.patterns = Patterns(self.sizes, case.labels, self.weights)
        self.source = _source(case.formula, self.function)
        code = "".join(self.source.texts["implementation"])
        self.keras = not self.torch and ("keras" in code or case.draws)
        self.packaged = any(needs_package(name) for name, _ in asked(case.formula))
        self.captures = captures(self.function)
        self.captured = not self.captures and not case.eager_only and implementation.divergence is None

    def parts(self) -> Iterator[str]:
        case, api, running = self.case, self.implementation.api, list(self.run())
        yield f'"""{case.name}{f" [{self.variant.id}]" if self.variant.id else ""}: '
        yield f"{api} in {FRAMEWORKS[self.implementation.framework].title}, against a formula.\n"
        yield from (self.about(), self.imports("rearrange(" in "".join(running)), constants(case))
        yield f"\nCASE, VARIANT = {json.dumps(case.name)}, {json.dumps(self.variant.id)}\n"
        yield from (self.generators(), self.data(), "\n\n# The formula, computed one precision up.\n")
        yield from _spaced([*self.source.texts["reference"], snippets.AS_TUPLE])
        yield from (*self.truth(), f"\n\n# The implementation: {api}.\n")
        yield from _spaced([*self.source.texts["implementation"], *self.framework()])
        yield from ("\n\n", *running, self.comparison())

    # The head ----------------------------------------------------------------------------------------------------

    def about(self) -> str:
        packages = "torch" if self.torch else "tensorflow keras"
        packages += " tf_keras" if any("tf_keras" in text for text in self.source.texts["implementation"]) else ""
        packages += " framework-parity" if self.packaged else ""
        return (
            f"\n{fill(self.case.summary, 100)}\n\nOf every result and gradient this prints the largest absolute error, "
            f'its place, and both values there.\n\n    pip install {packages} numpy autograd einops\n"""\n\n'
        )

    def imports(self, rearranged: bool) -> str:
        lines = {"import math", "from hashlib import blake2b", "import numpy as np"}
        lines |= {PACKAGED if self.packaged else "import autograd.numpy as anp"}
        lines |= {"import torch"} if self.torch else {"import tensorflow as tf"}
        lines |= {"import keras"} if self.keras else set()
        lines |= {"from einops import rearrange"} if rearranged else set()
        if self.differentiated:
            lines |= {"from autograd import make_vjp", "from autograd.builtins import tuple as differentiable"}
        return imported(lines | self.source.imports) + "\n\n"

    # The inputs --------------------------------------------------------------------------------------------------

    def generators(self) -> str:
        used = {tensor.distribution for tensor in self.tensors.values()}
        used |= {"normal"} if self.differentiated else set()
        formats = {
            *self.case.dtypes,
            *(t.dtype for t in self.tensors.values()),
            *(r.dtype for r in self.results.values()),
        }
        rounded = snippets.ROUNDED_TO_BFLOAT16 if "bfloat16" in formats else snippets.ROUNDED
        needed = [text for name, text in snippets.DISTRIBUTIONS.items() if name in used]
        needed = [snippets.BITS, rounded, *needed, *([snippets.COTANGENT] if self.differentiated else [])]
        return "".join(_spaced(['np.seterr(all="ignore")', *needed])) + "\n\n"

    def data(self) -> str:
        lines = (f'{TAB}"{name}": {self.drawn(name, t)},  # {" ".join(t.axes)}' for name, t in self.tensors.items())
        return "\n".join(["data = {", *(line.removesuffix("  # ") for line in lines), "}", ""])

    def drawn(self, name: str, tensor: Tensor) -> str:
        if tensor.distribution == "special":
            return f'special("{name}", {tensor.shape(self.sizes)}, {json.dumps(tensor.bounds)})'
        bounds = [str(self.sizes[b] if isinstance(b, str) else b) for b in tensor.bounds]
        if tensor.distribution == "normal":
            usual = (("mean", 0), ("std", 1))
            bounds = [f"{key}={b}" for (key, value), b in zip(usual, tensor.bounds, strict=True) if b != value]
        if tensor.dtype not in ("", "int64", "bool"):
            bounds.append(f'dtype="{tensor.dtype}"')
        named = [] if tensor.distribution == "every" else [f'"{name}"']
        return f"{tensor.distribution}({', '.join([*named, str(tensor.shape(self.sizes)), *bounds])})"

    # The formula -------------------------------------------------------------------------------------------------

    def truth(self) -> Iterator[str]:
        assert self.case.formula is not None
        returned = "differentiable(as_tuple(results))" if self.differentiated else "as_tuple(results)"
        called = f"results = {self.called('reference', self.case.formula, 'anp', self.tensors)}\nreturn {returned}"
        yield f"\n\ndef truth({', '.join(self.tensors)}):\n{indent(called, TAB)}\n\n\n"
        whole = any(tensor.whole for tensor in self.tensors.values())
        yield snippets.HIGHER + (snippets.ARGUMENTS_WITH_INTEGERS if whole else snippets.ARGUMENTS)
        results = f"true = dict(zip({_names(self.quantities)}, truth(*arguments)))"
        yield "\n".join([*(self.true_gradients() if self.differentiated else [results]), ""])

    def cotangent(self, name: str, result: str) -> str:
        """An expression for the cotangent of a result."""
        spec, more = self.results[name], ""
        if spec.dtype in FLOATS:
            more += f', dtype="{spec.dtype}"'
        if spec.at_most:
            axes = (str(self.sizes[a]) if a in self.sizes else f"{result}.shape[{i}]" for i, a in enumerate(spec.axes))
            more += f", most=({', '.join(axes)},)"
        return f'cotangent("{name}", {result}{more})'

    def true_gradients(self) -> Iterator[str]:
        positions = tuple(list(self.tensors).index(name) for name in self.differentiated)
        given = (
            f"np.conj({self.cotangent(name, f'results[{index}]')}).astype(results[{index}].dtype)"
            if result.gradient
            else f"np.zeros_like(results[{index}])"
            for index, (name, result) in enumerate(self.results.items())
        )
        gradients = (f"grad:{name}" for name in self.differentiated)
        yield f"pullback, results = make_vjp(truth, {positions})(*arguments)"
        yield f"true = dict(zip({_names(self.quantities)}, results))"
        yield f"given = {bracketed('[]', given)}"
        yield f"names = {_names(gradients)}"
        yield "true |= zip(names, pullback(tuple(given)))"

    # The implementation ------------------------------------------------------------------------------------------

    def framework(self) -> Iterator[str]:
        """The framework's settings, the conversion of its tensors, and what is called."""
        if self.keras:
            yield snippets.KERAS
        yield snippets.TORCH if self.torch else snippets.TENSORFLOW
        if self.captured or self.captures:
            yield snippets.TORCH_CAPTURE if self.torch else snippets.TENSORFLOW_CAPTURE
        if not self.implementation.is_layer:
            called = self.called("implementation", self.function, self.module, self.tensors)
            yield f"def call({', '.join(self.tensors)}):\n{indent(f'return {called}', TAB)}"
        if self.differentiated and not self.torch:
            yield snippets.DIFFERENTIATE.format(wrt=indent(self.wrt(), TAB).strip(), results=self.differentiable())
            if self.captured:
                yield snippets.AGAIN
        if self.differentiated and self.torch:
            yield snippets.TRACED

    def run(self) -> Iterator[str]:
        if self.case.draws:
            yield snippets.TORCH_SEED if self.torch else snippets.KERAS_SEED
        if self.torch:
            yield from (self.build(), self.compute())
        else:
            yield "with tf.device(DEVICE):\n"
            yield from (indent(self.build(), TAB), indent(self.compute(), TAB))

    def build(self) -> str:
        """Making the inputs, and the layer with its variables."""
        watched = ".requires_grad_()" if self.torch else ""
        laid_out = {name: self.laid_out(f'data["{name}"]', name, t.axes) for name, t in self.arguments.items()}
        tensors = (f"tensor({laid_out[n]}{_own(t)}){watched if t.gradient else ''}" for n, t in self.arguments.items())
        lines = [f"tensors = {bracketed('[]', tensors)}"]
        if self.implementation.is_layer:
            lines += self.layer()
        return "\n".join([*lines, ""])

    def layer(self) -> Iterator[str]:
        built = self.called("implementation", self.function, self.module, {})
        pair = builds_pair(self.function)
        made = f"{'built' if pair is None else 'model, call' if pair else 'model = call'} = {built}"
        yield f"with device:\n{indent(made, TAB)}" if self.torch else made
        if pair is None:
            yield "model, call = built if isinstance(built, tuple) else (built, built)"
        if self.variables:
            filled = (f'"{name}": {self.patterns.filled(part)}' for name, part in self.variables.items())
            keras = snippets.KERAS_TRACED if len(self.arguments) > 1 and self.captured else snippets.KERAS_VARIABLES
            yield (snippets.TORCH_VARIABLES if self.torch else keras).strip()
            yield f"weights = {bracketed('{}', filled, lines=True)}"
            yield (snippets.TORCH_FILL if self.torch else snippets.KERAS_FILL).strip()

    def compute(self) -> str:
        call = "capture(call)" if self.captured else "call"
        if self.torch or not self.differentiated:
            lines = [f"results = as_tuple({call}(*tensors))"]
        else:
            lines = [(snippets.BY_MODE if self.captured else snippets.EAGERLY).strip()]
        found = (
            f'"{quantity}": {self.restored(f"array(results[{index}])", name, result.axes)}'
            for index, (quantity, (name, result)) in enumerate(zip(self.quantities, self.results.items(), strict=True))
        )
        lines.append(f"found = {bracketed('{}', found, lines=True)}")
        if self.differentiated:
            lines += self.gradients()
        return "\n".join([*lines, ""])

    def gradients(self) -> Iterator[str]:
        """The lines from the cotangents, in the implementation's layouts, to the gradients, in the canonical ones."""
        cast = "tensor({}).to(results[{}].dtype)" if self.torch else "tf.cast(tensor({}), results[{}].dtype)"
        given = (
            cast.format(self.laid_out(self.cotangent(name, f'found["{quantity}"]'), name, result.axes), index)
            for index, (quantity, (name, result)) in enumerate(zip(self.quantities, self.results.items(), strict=True))
            if result.gradient
        )
        yield f"given = {bracketed('[]', given)}"
        if self.torch:
            yield f"wrt = {self.wrt()}"
            yield snippets.TORCH_GRADIENTS.format(results=self.differentiable()).strip()
        else:
            yield "gradients = pullback(given)"
        found = (f'"grad:{name}": {value}' for name, value in self.brought_back())
        yield f"found |= {bracketed('{}', found, lines=True)}"

    def brought_back(self) -> Iterator[tuple[str, str]]:
        """The names of what is differentiated, each with an expression for its gradient."""
        direct = [name for name, tensor in self.arguments.items() if tensor.gradient]
        for index, name in enumerate(direct):
            yield name, self.restored(f"array(gradients[{index}])", name, self.tensors[name].axes)
        for index, part in enumerate(self.trained.values(), start=len(direct)):
            for name, value in self.patterns.brought_back(f"array(gradients[{index}])", part):
                if name in self.differentiated:
                    yield name, value

    def wrt(self) -> str:
        """What the gradients are with respect to: tensors, then variables."""
        tensors = (f"tensors[{index}]" for index, tensor in enumerate(self.arguments.values()) if tensor.gradient)
        value = "" if self.torch else ".value"
        return bracketed("[]", [*tensors, *(f'variables["{name}"]{value}' for name in self.trained)])

    def differentiable(self) -> str:
        """The results that gradients are taken of."""
        chosen = [index for index, result in enumerate(self.results.values()) if result.gradient]
        return "results" if len(chosen) == len(self.results) else bracketed("[]", (f"results[{i}]" for i in chosen))

    # The end -----------------------------------------------------------------------------------------------------

    def comparison(self) -> str:
        exact = [quantity for quantity in self.case.quantities(self.variant) if self.case.is_exact(quantity)]
        kept = "np.isfinite(nearest)" + (f" & (name not in {_names(exact)})" if exact else "")
        everything = len(exact) == len(self.case.quantities(self.variant))
        expected = "nearest" if everything else f"np.where({kept}, expected, nearest)"
        own = {
            quantity: result.dtype
            for quantity, result in zip(self.quantities, self.results.values(), strict=True)
            if result.dtype in FLOATS
        } | {f"grad:{name}": self.tensors[name].dtype for name in self.differentiated if self.tensors[name].dtype}
        named = f"dtypes = {json.dumps(own)}\n" if own else ""
        printed = snippets.PRINT.format(expected=expected, dtype=", dtypes.get(name, DTYPE)" if own else "")
        return f"\n\n# How far they are from each other.\n\n\n{snippets.NUMBERS}\n\n{named}{printed}"

    # What the parts share ----------------------------------------------------------------------------------------

    def laid_out(self, value: str, name: str, axes: Sequence[str]) -> str:
        return self.patterns.laid_out(value, self.implementation.layout(name, axes), axes)

    def restored(self, value: str, name: str, axes: Sequence[str]) -> str:
        return self.patterns.restored(value, self.implementation.layout(name, axes), axes)

    def called(self, name: str, function: Function, module: str, tensors: Iterable[str]) -> str:
        """A call of a function of the declaration, as the harness calls it, with the values of this variant."""
        asks, given = signature(function), list(tensors)
        defaults = inspect.signature(function).parameters
        arguments = [module]
        for position, tensor in enumerate(asks.tensors, start=1):
            value = tensor if tensor in given else "None"
            if tensor in given or defaults[tensor].default is not None:
                arguments.append(value if len(arguments) == position else f"{tensor}={value}")
        if asks.takes_all:
            arguments += [f"{tensor}={tensor}" for tensor in given if tensor not in asks.tensors]
        settings = {**self.sizes, **self.case.settings(self.variant)}
        own = {"dtype": "DTYPE", "capture": "capture"}
        arguments += [f"{key}={own.get(key) or self.source.literal(settings[key])}" for key in asks.keywords]
        return name + bracketed("()", arguments)


def _own(tensor: Tensor) -> str:
    """The argument that gives a tensor a float format of its own."""
    return f', dtype="{tensor.dtype}"' if tensor.dtype in FLOATS else ""


def _spaced(definitions: Iterable[str]) -> Iterator[str]:
    """Definitions one after the other, with two empty lines around those of functions and classes."""
    space = "\n"
    for definition in definitions:
        long = definition.startswith(("def ", "class "))
        yield ("\n\n" if long else space) + definition.strip() + "\n"
        space = "\n\n" if long else ""


def _names(names: Iterable[str]) -> str:
    return bracketed("[]", (f'"{name}"' for name in names))
