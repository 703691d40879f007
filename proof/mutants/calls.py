"""One call of a framework's function: which mutants it reaches, and what it gives in the place of each. In a worker."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.workers.asked import quietly

from . import kinds
from .tensors import FIRST, LARGE, LAST, MIDDLE, SHARE, Arrays, Tensors, held, mapped

RESULTS = 4
"""Results of one call that are made wrong one by one."""

WEIGHTS = 6
"""Weights of one layer whose gradients are made wrong one by one."""

SMALL = 1e-4

_WIDER = {"float16": "float32", "bfloat16": "float32", "float32": "float64", "float64": "float32", "int32": "int64",
          "int64": "int32"}  # fmt: skip
_ELEMENTS = {kinds.FIRST_WRONG: FIRST, kinds.MIDDLE_WRONG: MIDDLE, kinds.LAST_WRONG: LAST}
_ABSENT = inspect.Parameter.empty
_ARRAYS = Arrays()


class OtherError(Exception):
    """What is raised in the place of a framework's own exception."""


@dataclass
class Call:
    """A function about to be called.

    ``holder`` is the layer or optimizer whose method it is. ``arguments_only`` says that the rest of it is another
    call's, that of the layer which is called. ``first`` says that it is the unit's first call of this name. ``reached`` is called when the mutant has changed something,
    ``refused`` when the framework does not take the changed arguments.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    tensors: Tensors
    signature: inspect.Signature | None = None
    holder: Any = None
    reached: Callable[[], None] = lambda: None
    refused: Callable[[], None] = lambda: None
    first: bool = True
    arguments_only: bool = False
    _places: dict[str, int | str] = field(init=False)

    def __post_init__(self) -> None:
        parameters = () if self.signature is None else self.signature.parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._places = {names[i] if i < len(names) else str(i): i for i in range(len(self.args))}
        self._places |= {key: key for key in self.kwargs}

    def run(self) -> Any:
        return self.function(*self.args, **self.kwargs)

    # Which mutants it reaches --------------------------------------------------------------------------------------

    def record(self, reaches: Callable[[str, str], None]) -> Any:
        """Call it as it is, and say which mutants it reaches: kinds, with arguments."""
        self._record_arguments(reaches)
        before = self._snapshot()
        try:
            result = self.run()
        except Exception:
            reaches(kinds.OTHER_ERROR, "")
            raise
        if not self.arguments_only:
            self._record_changes(before, reaches)
            self._record_results(result, reaches)
        return result

    @quietly(None)
    def _record_arguments(self, reaches: Callable[[str, str], None]) -> None:
        for name, place in self._places.items():
            value, tensors = self._at(place), self._tensors_in(self._at(place))
            if self._can_be_default(name, place):
                reaches(kinds.AT_DEFAULT, name)
            elif tensors and self._default(name) is _ABSENT:
                reaches(kinds.ZERO, name)
            if self.arguments_only:
                continue
            if any(self.tensors.are(each) and self.tensors.differentiable(each) for each in held(value)):
                for kind in sorted(kinds.GRADIENTS):
                    reaches(kind, name)
        for name in self._weights():
            for kind in sorted(kinds.GRADIENTS):
                reaches(kind, f"weight {name}")

    @quietly(None)
    def _record_changes(self, before: list[tuple[Tensors, Any, Any]], reaches: Callable[[str, str], None]) -> None:
        changed = self._changed(before)
        if changed:
            reaches(kinds.NOT_DONE, "")
            if any(of.floating(old) for of, _, old in changed):
                reaches(kinds.DONE_SCALED, "")
        elif any(self._is_input(each) for each in self._inputs()):
            reaches(kinds.OVERWRITTEN, "")

    @quietly(None)
    def _record_results(self, result: Any, reaches: Callable[[str, str], None]) -> None:
        leaves = [leaf for leaf in held(result) if self._of(leaf) is not None]
        floats = [leaf for leaf in leaves if self._is_float(leaf)]
        for number, leaf in enumerate(leaves[:RESULTS]):
            several = self._size(leaf) > 1
            if self._is_float(leaf):
                reaches(kinds.SCALED, str(number))
            if several:
                reaches(kinds.SHIFTED, str(number))
            for kind in (kinds.FIRST_WRONG, *((kinds.MIDDLE_WRONG, kinds.LAST_WRONG) if several else ())):
                reaches(kind, str(number))
            if self._old(number, leaf) is not None:
                reaches(kinds.OLD_STATE, str(number))
        if not leaves:
            return
        for kind in (kinds.BATCH_OF_ONE, kinds.LARGE_SIZES, kinds.STRIDED):
            if self._situation(kind):
                reaches(kind, "")
        if any(self._has_nan(leaf) for leaf in floats):
            reaches(kinds.NAN_HIDDEN, "")
        if any(self._dtype(leaf) in _WIDER and not self._kept(leaf) for leaf in leaves):
            reaches(kinds.OTHER_DTYPE, "")
        if floats:
            for kind in (kinds.IN_FLOAT32, kinds.OF_PROCESS, kinds.OF_CALL):
                reaches(kind, "")

    # What it gives as a mutant -------------------------------------------------------------------------------------

    def mutated(self, kind: str, argument: str) -> Any:
        """Call it as a mutant."""
        if kind in kinds.ARGUMENTS:
            return self._with_other_argument(kind, argument)
        if kind in kinds.GRADIENTS:
            return self._with_other_gradient(kind, argument)
        if kind == kinds.OTHER_ERROR:
            try:
                return self.run()
            except Exception as error:
                self.reached()
                raise OtherError(str(error)) from error
        if kind in (kinds.NOT_DONE, kinds.DONE_SCALED):
            return self._with_other_change(kind)
        if kind == kinds.OVERWRITTEN:
            return self._overwriting()
        applies = kind not in kinds.SITUATIONS or kind == kinds.NAN_HIDDEN or self._situation(kind)
        before = [leaf for leaf in self._inputs() if self._of(leaf) is not None]
        result = self.run()
        if not applies or (kind == kinds.OF_CALL and not self.first):
            return result
        return self._with_other_results(result, kind, argument, before)

    def _with_other_argument(self, kind: str, name: str) -> Any:
        if name not in self._places:
            return self.run()
        place = self._places[name]
        if kind == kinds.ZERO:
            if not self._tensors_in(self._at(place)):
                return self.run()
            changed = mapped(self._at(place), lambda leaf: self._changing(leaf, lambda of, x: of.zeros(x)))
            args, kwargs = self._replaced(place, changed)
        elif self._can_be_default(name, place):
            args, kwargs = self._at_default(name, place)
            self.reached()
        else:
            return self.run()
        try:
            return self.function(*args, **kwargs)
        except Exception:
            self.refused()
            raise

    def _with_other_gradient(self, kind: str, name: str) -> Any:
        changes: dict[str, Callable[[Any], Any]] = {
            kinds.NO_GRADIENT: lambda gradient: None,
            kinds.ZERO_GRADIENT: lambda gradient: gradient * 0,
            kinds.DOUBLED_GRADIENT: lambda gradient: gradient * 2,
        }

        def change(gradient: Any) -> Any:
            if gradient is None:
                return None
            if not self.tensors.are(gradient) or not self.tensors.known(gradient) or self.tensors.array(gradient).any():
                self.reached()
            return changes[kind](gradient)

        def through(leaf: Any) -> Any:
            if self.tensors.are(leaf) and self.tensors.differentiable(leaf):
                return self.tensors.backward(leaf, change)
            return leaf

        if name.startswith("weight "):
            return self._with_other_weight(name.removeprefix("weight "), through)
        if name not in self._places:
            return self.run()
        args, kwargs = self._replaced(self._places[name], mapped(self._at(self._places[name]), through))
        return self.function(*args, **kwargs)

    def _with_other_weight(self, name: str, through: Callable[[Any], Any]) -> Any:
        weights = self._weights()
        if name not in weights:
            return self.run()
        if hasattr(self.holder, "named_parameters"):
            *path, last = name.split(".")
            module = self.holder
            for part in path:
                module = getattr(module, part)
            parameter = module._parameters.pop(last)
            try:
                setattr(module, last, through(parameter))
                return self.run()
            finally:
                delattr(module, last)
                module.register_parameter(last, parameter)
        import keras

        variable = weights[name]
        with keras.StatelessScope(state_mapping=[(variable, through(variable.value))]) as scope:
            result = self.run()
        for other in self.holder.variables:
            now = scope.get_current_value(other)
            if other is not variable and now is not None:
                other.assign(now)
        return result

    def _with_other_change(self, kind: str) -> Any:
        before = self._snapshot()
        result = self.run()
        for of, thing, old in self._changed(before):
            if kind == kinds.NOT_DONE:
                of.overwrite(thing, old)
                self.reached()
            elif of.floating(old):
                of.overwrite(thing, old + of.scaled(of.copy(thing) - old, 1 + SMALL))
                self.reached()
        return result

    def _overwriting(self) -> Any:
        result = self.run()
        for leaf in self._inputs():
            if self._is_input(leaf):
                of = self._tensors(leaf)
                of.overwrite(leaf, of.scaled(of.copy(leaf), 1 + SHARE))
                self.reached()
        return result

    def _with_other_results(self, result: Any, kind: str, argument: str, before: list[Any]) -> Any:
        numbers = iter(range(1_000_000))

        def change(leaf: Any) -> Any:
            if self._of(leaf) is None:
                return leaf
            number = next(numbers)
            if kind in kinds.OF_A_RESULT and str(number) != argument:
                return leaf
            if kind == kinds.OLD_STATE:
                old = self._old(number, leaf)
                return leaf if old is None else self._changing(leaf, lambda of, x: old)
            return self._changing(leaf, lambda of, x: _wrong(of, x, kind))

        return mapped(result, change)

    # Arguments -----------------------------------------------------------------------------------------------------

    def _at(self, place: int | str) -> Any:
        return self.args[place] if isinstance(place, int) else self.kwargs[place]

    def _default(self, name: str) -> Any:
        parameter = self.signature.parameters.get(name) if self.signature is not None else None
        return _ABSENT if parameter is None else parameter.default

    def _can_be_default(self, name: str, place: int | str) -> bool:
        """Whether the argument can be left out, and that is not what it is anyway."""
        default, value = self._default(name), self._at(place)
        if default is not _ABSENT:
            return not _same(value, default)
        if self.signature is not None and name in self.signature.parameters:
            return False  # It is required.
        if value is None:
            return False  # Without a signature, that is the likeliest default.
        if isinstance(place, str):
            return True
        return place == len(self.args) - 1 > 0 and self.signature is None and not self._tensors_in(value)

    def _at_default(self, name: str, place: int | str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if isinstance(place, str):
            return self.args, {key: value for key, value in self.kwargs.items() if key != place}
        default = self._default(name)
        return (self.args[:-1], self.kwargs) if default is _ABSENT else self._replaced(place, default)

    def _replaced(self, place: int | str, value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if isinstance(place, str):
            return self.args, {**self.kwargs, place: value}
        return (*self.args[:place], value, *self.args[place + 1 :]), self.kwargs

    def _inputs(self) -> list[Any]:
        """Everything that the arguments hold."""
        return [leaf for value in (*self.args, *self.kwargs.values()) for leaf in held(value)]

    def _tensors_in(self, value: Any) -> list[Any]:
        return [leaf for leaf in held(value) if self.tensors.are(leaf) or isinstance(leaf, np.ndarray)]

    def _situation(self, kind: str) -> bool:
        given = [leaf for leaf in self._inputs() if self.tensors.are(leaf)]
        shapes = [self.tensors.shape(leaf) for leaf in given]
        if kind == kinds.BATCH_OF_ONE:
            return bool(shapes) and len(shapes[0]) > 1 and shapes[0][0] == 1
        if kind == kinds.LARGE_SIZES:
            return any((size or 0) >= LARGE for shape in shapes for size in (shape[1:] or shape))
        return any(not self.tensors.contiguous(leaf) for leaf in given)

    def _is_input(self, leaf: Any) -> bool:
        """Whether a function could write into this argument."""
        of = self._of(leaf)
        return of is not None and of.writable(leaf) and self._is_float(leaf) and not hasattr(leaf, "assign")

    # What is changed in its place ------------------------------------------------------------------------------------

    def _weights(self) -> dict[str, Any]:
        """The trainable weights of the layer whose call it is."""
        if hasattr(self.holder, "named_parameters"):
            return dict([(n, p) for n, p in self.holder.named_parameters() if p.requires_grad][:WEIGHTS])
        if hasattr(self.holder, "trainable_variables") and hasattr(self.holder, "call") and _is_keras(self.holder):
            prefix = f"{self.holder.name}/"
            return {v.path.removeprefix(prefix): v for v in self.holder.trainable_variables[:WEIGHTS]}
        return {}

    @quietly([])
    def _snapshot(self) -> list[tuple[Tensors, Any, Any]]:
        """Copies of everything that the call may change: arguments, a layer's buffers, an optimizer's variables."""
        things = [leaf for value in (*self.args, *self.kwargs.values(), self.holder) for leaf in held(value)]
        things += _owned(self.holder)
        things = [getattr(t, "value", t) if _is_keras(t) else t for t in things]
        found: dict[int, tuple[Tensors, Any, Any]] = {}
        for thing in things:
            of = self._of(thing)
            if of is not None and of.writable(thing):
                found[id(thing)] = of, thing, of.copy(thing)
        return list(found.values())

    def _changed(self, before: list[tuple[Tensors, Any, Any]]) -> list[tuple[Tensors, Any, Any]]:
        return [
            (of, thing, old)
            for of, thing, old in before
            if of.shape(thing) == of.shape(old) and of.array(thing).tobytes() != of.array(old).tobytes()
        ]

    # Results -------------------------------------------------------------------------------------------------------

    def _of(self, leaf: Any) -> Tensors | None:
        """What a leaf is a tensor of; Python's numbers are NumPy's."""
        if self.tensors.are(leaf):
            return self.tensors
        return _ARRAYS if _ARRAYS.are(leaf) or isinstance(leaf, (bool, int, float)) else None

    def _tensors(self, leaf: Any) -> Tensors:
        return self.tensors if self.tensors.are(leaf) else _ARRAYS

    def _dtype(self, leaf: Any) -> str:
        return "" if isinstance(leaf, (bool, int, float)) else self._tensors(leaf).dtype(leaf)

    def _is_float(self, leaf: Any) -> bool:
        of = self._of(leaf)
        return isinstance(leaf, float) if isinstance(leaf, (bool, int, float)) else of is not None and of.floating(leaf)

    def _size(self, leaf: Any) -> int:
        if isinstance(leaf, (bool, int, float)):
            return 1
        shape = self._tensors(leaf).shape(leaf)
        return int(np.prod([size or 2 for size in shape]))

    def _has_nan(self, leaf: Any) -> bool:
        of = self._tensors(leaf)
        return bool(np.isnan(leaf if isinstance(leaf, float) else of.array(leaf)).any()) if _known(of, leaf) else False

    def _kept(self, leaf: Any) -> bool:
        """Whether a result must stay the object it is: a variable, or an argument that is changed in its place."""
        variable = hasattr(leaf, "assign") or type(leaf).__name__ == "Parameter"
        return variable or any(leaf is each for each in (*self._inputs(), getattr(self.function, "__self__", None)))

    def _old(self, number: int, leaf: Any) -> Any:
        """The argument of a result's shape and dtype, or zeros for a state that was not given; ``None``: there is none."""
        of = self._of(leaf)
        if of is not self.tensors or self._kept(leaf):
            return None
        alike = [
            each for each in self._inputs()
            if of.are(each) and of.shape(each) == of.shape(leaf) and of.dtype(each) == of.dtype(leaf) and each is not leaf
        ]  # fmt: skip
        if alike:
            return alike[min(max(number - 1, 0), len(alike) - 1)]
        return of.zeros(leaf) if number > 0 else None

    def _changing(self, leaf: Any, change: Callable[[Tensors, Any], Any]) -> Any:
        """A leaf changed, in its place where it must stay the object it is."""
        of = self._of(leaf)
        if of is None:
            return leaf
        number = isinstance(leaf, (bool, int, float))
        try:
            changed = change(of, np.asarray(leaf) if number else leaf)
        except Exception:  # What cannot be made wrong like this, such as a tensor of a kind of its own, stays right.
            return leaf
        if changed is leaf:
            return leaf
        if not _known(of, leaf) or not _equal(of, np.asarray(leaf) if number else leaf, changed):
            self.reached()
        if number:
            return changed.item()
        if self._kept(leaf) and of.writable(leaf):
            if of.dtype(changed) == of.dtype(leaf):
                of.overwrite(leaf, changed)
            return leaf
        return changed


def _wrong(of: Tensors, x: Any, kind: str) -> Any:
    """A result that is wrong in one way."""
    dtype, floating = of.dtype(x), of.floating(x)
    if kind in _ELEMENTS:
        return of.wrong_element(x, _ELEMENTS[kind])
    if kind == kinds.SHIFTED:
        return of.shifted(x)
    if kind == kinds.OTHER_DTYPE:
        return of.cast(x, _WIDER[dtype]) if dtype in _WIDER else x
    if kind in (kinds.BATCH_OF_ONE, kinds.LARGE_SIZES, kinds.STRIDED):
        return of.scaled(x, 1 + SHARE) if floating else of.added(x, FIRST, 1.0)
    if not floating:
        return x
    if kind == kinds.SCALED:
        return of.scaled(x, 1 + SMALL)
    if kind == kinds.IN_FLOAT32:
        return of.cast(of.cast(x, "float32"), dtype) if dtype == "float64" else x
    if kind == kinds.NAN_HIDDEN:
        return of.without_nan(x)
    return of.next_number(x, os.getpid() if kind == kinds.OF_PROCESS else 0)


def _owned(holder: Any) -> list[Any]:
    """What an object changes of itself when it is called or steps."""
    if hasattr(holder, "param_groups"):
        return [parameter for group in holder.param_groups for parameter in group["params"]]
    if hasattr(holder, "named_buffers"):
        return [buffer for _, buffer in holder.named_buffers()]
    if _is_keras(holder) and hasattr(holder, "non_trainable_variables"):
        return list(holder.non_trainable_variables)
    return []


def _is_keras(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "keras"


def _known(of: Tensors, leaf: Any) -> bool:
    return isinstance(leaf, (bool, int, float)) or of.known(leaf)


def _equal(of: Tensors, one: Any, other: Any) -> bool:
    """Whether two tensors have the same dtype and bits."""
    if of.dtype(one) != of.dtype(other):
        return False
    return bool(of.array(one).tobytes() == of.array(other).tobytes())


def _same(value: Any, default: Any) -> bool:
    plain = (bool, int, float, str, type(None))
    if value is default:
        return True
    if isinstance(value, plain) and isinstance(default, plain):
        return bool(value == default)
    if isinstance(value, (list, tuple)) and isinstance(default, (list, tuple)):
        return len(value) == len(default) and all(map(_same, value, default))
    return False


