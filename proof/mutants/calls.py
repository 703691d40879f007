"""One call of a framework's function: which mutants it reaches, and what it gives as each of them. Runs in a worker."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from parity.workers.asked import quietly

from . import holders, kinds
from .tensors import FIRST, LARGE, LAST, MIDDLE, SHARE, Tensors, Values, held, mapped

RESULTS = 4
"""Results of one call that are made wrong one by one."""

SMALL = 1e-4
"""By what share a result is too large, in formats that have so many digits."""

_OTHER_DTYPE = {
    "float16": "float32", "bfloat16": "float32", "float32": "float64", "float64": "float32", "int32": "int64",
    "int64": "int32",
}  # fmt: skip
_ELEMENTS = {kinds.FIRST_WRONG: FIRST, kinds.MIDDLE_WRONG: MIDDLE, kinds.LAST_WRONG: LAST}
_GRADIENTS: dict[str, Callable[[Any], Any]] = {
    kinds.NO_GRADIENT: lambda gradient: None,
    kinds.ZERO_GRADIENT: lambda gradient: gradient * 0,
    kinds.DOUBLED_GRADIENT: lambda gradient: gradient * 2,
}
_OF_SHAPES = (kinds.BATCH_OF_ONE, kinds.LARGE_SIZES, kinds.STRIDED)
_ABSENT = inspect.Parameter.empty

Reaches = Callable[[str, str], None]
Changed = tuple[Tensors, Any, Any]
"""A tensor that a call may change: its library, itself, a copy of what it was."""


class OtherError(Exception):
    """What is raised in the place of a framework's own exception."""


@dataclass
class Call:
    """A function about to be called.

    ``holder`` is the layer or optimizer whose method it is. ``arguments_only`` says that the rest of it is another
    call's, that of the layer which is called. ``first`` says that it is the unit's first call of this name. ``reached``
    is called when the mutant has changed something, ``refused`` when the framework does not take the other arguments.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    values: Values
    signature: inspect.Signature | None = None
    holder: Any = None
    reached: Callable[[], None] = lambda: None
    refused: Callable[[], None] = lambda: None
    first: bool = True
    arguments_only: bool = False
    _places: dict[str, int | str] = field(init=False)

    def __post_init__(self) -> None:
        try:
            if self.signature is not None:
                self.signature.bind(*self.args, **self.kwargs)
        except TypeError:  # The call will raise, or it is of an overload that the signature does not tell.
            self.signature = None
        parameters = () if self.signature is None else self.signature.parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._places = {names[i] if i < len(names) else str(i): i for i in range(len(self.args))}
        self._places |= {key: key for key in self.kwargs}

    def run(self) -> Any:
        return self.function(*self.args, **self.kwargs)

    # Which mutants it reaches --------------------------------------------------------------------------------------

    def record(self, reaches: Reaches) -> Any:
        """Call it as it is, and say which mutants it reaches: kinds, with arguments."""
        self._record_arguments(reaches)
        before = self._snapshot()
        try:
            result = self.run()
        except Exception:
            reaches(kinds.OTHER_ERROR, "")
            raise
        if not self.arguments_only:
            changed = self._changed(before)
            self._record_changes(changed, reaches)
            self._record_results(result, changed, reaches)
        return result

    @quietly(None)
    def _record_arguments(self, reaches: Reaches) -> None:
        gradients = [] if self.arguments_only else [f"weight {name}" for name in holders.weights(self.holder)]
        for name, place in self._places.items():
            value = self._at(place)
            if self._can_be_default(name, place):
                reaches(kinds.AT_DEFAULT, name)
            elif self._has_tensors(value) and self._default(name) is _ABSENT:
                reaches(kinds.ZERO, name)
            if not self.arguments_only and any(map(self._differentiable, held(value))):
                gradients.append(name)
        for name in gradients:
            for kind in _GRADIENTS:
                reaches(kind, name)

    @quietly(None)
    def _record_changes(self, changed: list[Changed], reaches: Reaches) -> None:
        if changed:
            reaches(kinds.NOT_DONE, "")
            if any(of.floating(old) for of, _, old in changed):
                reaches(kinds.DONE_SCALED, "")
        elif any(map(self._overwritable, self._inputs())):
            reaches(kinds.OVERWRITTEN, "")

    @quietly(None)
    def _record_results(self, result: Any, changed: list[Changed], reaches: Reaches) -> None:
        values = self.values
        leaves = [leaf for leaf in held(result) if values.of(leaf) is not None and not self._is_copy(leaf, changed)]
        leaves += [thing for _, thing, _ in changed]
        floats = list(filter(values.floating, leaves))
        for number, leaf in enumerate(leaves[:RESULTS]):
            several = values.several(leaf)
            of_it = [kinds.SCALED] if values.floating(leaf) else []
            of_it += [kinds.FIRST_WRONG, *([kinds.SHIFTED, kinds.MIDDLE_WRONG, kinds.LAST_WRONG] if several else [])]
            of_it += [kinds.OLD_STATE] if self._old(number, leaf) is not None else []
            for kind in of_it:
                reaches(kind, str(number))
        of_all = [kind for kind in _OF_SHAPES if leaves and self._is_so(kind)]
        of_all += [kinds.NAN_HIDDEN] if any(map(values.has_nan, floats)) else []
        of_all += [kinds.IN_FLOAT32, kinds.OF_PROCESS, kinds.OF_CALL] if floats else []
        if any(of.dtype(leaf) in _OTHER_DTYPE and not self._kept(leaf) for leaf in leaves if (of := values.of(leaf))):
            of_all.append(kinds.OTHER_DTYPE)
        for kind in of_all:
            reaches(kind, "")

    # What it gives as a mutant -------------------------------------------------------------------------------------

    def mutated(self, kind: str, argument: str) -> Any:
        """Call it as a mutant."""
        if kind in kinds.ARGUMENTS:
            return self._with_other_argument(kind, argument)
        if kind in _GRADIENTS:
            return self._with_other_gradient(_GRADIENTS[kind], argument)
        if kind == kinds.OTHER_ERROR:
            return self._with_other_error()
        if kind in (kinds.NOT_DONE, kinds.DONE_SCALED):
            return self._with_other_change(kind)
        if kind == kinds.OVERWRITTEN:
            return self._overwriting()
        applies = self._is_so(kind) if kind in _OF_SHAPES else kind != kinds.OF_CALL or self.first
        before = self._snapshot()
        result = self.run()
        return self._with_other_results(result, self._changed(before), kind, argument) if applies else result

    def _with_other_argument(self, kind: str, name: str) -> Any:
        place = self._places.get(name)
        if place is None:
            return self.run()
        if kind == kinds.ZERO and self._has_tensors(self._at(place)):
            changed = mapped(self._at(place), lambda leaf: self._changing(leaf, lambda of, x: of.zeros(x)))
            args, kwargs = self._replaced(place, changed)
        elif kind == kinds.AT_DEFAULT and self._can_be_default(name, place):
            args, kwargs = self._at_default(name, place)
            self.reached()
        else:
            return self.run()
        try:
            return self.function(*args, **kwargs)
        except Exception:
            self.refused()
            raise

    def _with_other_gradient(self, other: Callable[[Any], Any], name: str) -> Any:
        tensors = self.values.tensors

        def change(gradient: Any) -> Any:
            if gradient is None:
                return None
            if not tensors.are(gradient) or not tensors.known(gradient) or tensors.array(gradient).any():
                self.reached()
            return other(gradient)

        def through(leaf: Any) -> Any:
            return tensors.backward(leaf, change) if self._differentiable(leaf) else leaf

        weight = name.removeprefix("weight ")
        if weight != name and weight in holders.weights(self.holder):
            with holders.reading(self.holder, weight, lambda read: tensors.backward(read, change)):
                return self.run()
        if name not in self._places:
            return self.run()
        args, kwargs = self._replaced(self._places[name], mapped(self._at(self._places[name]), through))
        return self.function(*args, **kwargs)

    def _with_other_error(self) -> Any:
        try:
            return self.run()
        except Exception as error:
            self.reached()
            raise OtherError(str(error)) from error

    def _with_other_change(self, kind: str) -> Any:
        before = self._snapshot()
        result = self.run()
        for of, thing, old in self._changed(before):
            if kind == kinds.NOT_DONE:
                of.overwrite(thing, old)
                self.reached()
            elif of.floating(old):
                of.overwrite(thing, old + of.scaled(of.copy(thing) - old, 1 + of.share(old, SMALL)))
                self.reached()
        return result

    def _overwriting(self) -> Any:
        result = self.run()
        for leaf in self._inputs():
            of = self.values.of(leaf)
            if of is not None and self._overwritable(leaf):
                of.overwrite(leaf, of.scaled(of.copy(leaf), 1 + of.share(leaf, SHARE)))
                self.reached()
        return result

    def _with_other_results(self, result: Any, changed: list[Changed], kind: str, argument: str) -> Any:
        count = -1

        def change(leaf: Any) -> Any:
            if self.values.of(leaf) is None or self._is_copy(leaf, changed):
                return leaf
            return of_number(leaf)

        def of_number(leaf: Any) -> Any:
            nonlocal count
            count += 1
            if kind in kinds.OF_A_RESULT and str(count) != argument:
                return leaf
            if kind == kinds.OLD_STATE:
                old = self._old(count, leaf)
                return leaf if old is None else self._changing(leaf, lambda of, x: old)
            return self._changing(leaf, lambda of, x: _wrong(of, x, kind))

        other = mapped(result, change)
        for of, thing, _ in changed:
            wrong = of_number(thing)
            if wrong is not thing and of.dtype(wrong) == of.dtype(thing):
                of.overwrite(thing, wrong)
        return other

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
        required = self.signature is not None and name in self.signature.parameters
        if required or value is None:  # Without a signature, None is the likeliest default.
            return False
        if isinstance(place, str):
            return True
        return place == len(self.args) - 1 > 0 and self.signature is None and not self._has_tensors(value)

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

    def _has_tensors(self, value: Any) -> bool:
        return any(
            self.values.of(leaf) is not None and not isinstance(leaf, (bool, int, float)) for leaf in held(value)
        )

    def _differentiable(self, leaf: Any) -> bool:
        return self.values.tensors.are(leaf) and self.values.tensors.differentiable(leaf)

    def _overwritable(self, leaf: Any) -> bool:
        """Whether a function could write into this argument."""
        of = self.values.of(leaf)
        made = hasattr(leaf, "is_leaf") and not leaf.is_leaf  # Nothing but the calls that come looks at those again.
        return of is not None and of.writable(leaf) and of.floating(leaf) and not hasattr(leaf, "assign") and not made

    def _is_so(self, kind: str) -> bool:
        """Whether the arguments are of the shapes, or in the layout, for which the kind is wrong."""
        tensors = self.values.tensors
        given = list(filter(tensors.are, self._inputs()))
        shapes = [tensors.shape(leaf) for leaf in given]
        if kind == kinds.BATCH_OF_ONE:
            return bool(shapes) and len(shapes[0]) > 1 and shapes[0][0] == 1
        if kind == kinds.LARGE_SIZES:
            return any((size or 0) >= LARGE for shape in shapes for size in (shape[1:] or shape))
        return any(not tensors.contiguous(leaf) for leaf in given)

    # What is changed in its place ------------------------------------------------------------------------------------

    @quietly([])
    def _snapshot(self) -> list[Changed]:
        """Copies of everything that the call may change: arguments, and what a layer or an optimizer holds."""
        things = [leaf for value in (*self.args, *self.kwargs.values(), self.holder) for leaf in held(value)]
        things += holders.changing(self.holder)
        things = [getattr(thing, "value", thing) if holders.is_keras(thing) else thing for thing in things]
        found: dict[int, Changed] = {}
        for thing in things:
            of = self.values.of(thing)
            if of is not None and of.writable(thing):
                found[id(thing)] = of, thing, of.copy(thing)
        return list(found.values())

    def _changed(self, before: list[Changed]) -> list[Changed]:
        return [
            (of, thing, old)
            for of, thing, old in before
            if of.shape(thing) == of.shape(old) and not of.equal(thing, old)
        ]

    # Results -------------------------------------------------------------------------------------------------------

    def _is_copy(self, leaf: Any, changed: list[Changed]) -> bool:
        """Whether a result only says what the call has written: what it wrote is made wrong then."""
        of = self.values.of(leaf)
        return any(
            leaf is thing or (own is of and own.known(leaf) and own.equal(leaf, thing)) for own, thing, _ in changed
        )

    def _kept(self, leaf: Any) -> bool:
        """Whether a result must stay the object it is: a variable, or an argument that is changed in its place."""
        variable = hasattr(leaf, "assign") or type(leaf).__name__ == "Parameter"
        own = (*self._inputs(), getattr(self.function, "__self__", None))
        return variable or (self.values.tensors.are(leaf) and any(leaf is each for each in own))

    def _old(self, number: int, leaf: Any) -> Any:
        """The argument of a result's shape and dtype, or zeros for a state that was not given, or ``None``."""
        if not self.values.tensors.are(leaf) or self._kept(leaf):
            return None
        alike = [each for each in self._inputs() if each is not leaf and self.values.alike(each, leaf)]
        if alike:
            return alike[min(max(number - 1, 0), len(alike) - 1)]
        return self.values.tensors.zeros(leaf) if number > 0 else None

    def _changing(self, leaf: Any, change: Callable[[Tensors, Any], Any]) -> Any:
        """A leaf changed, in its place where it must stay the object it is."""
        of = self.values.of(leaf)
        if of is None:
            return leaf
        try:
            changed = change(of, leaf)
            same = changed is leaf or (of.known(leaf) and of.equal(leaf, changed))
        except Exception:  # What cannot be made wrong like this, such as a tensor of a kind of its own, stays right.
            return leaf
        if same:
            return leaf
        self.reached()
        if self._kept(leaf) and of.writable(leaf):
            if of.dtype(changed) == of.dtype(leaf):
                of.overwrite(leaf, changed)
            return leaf
        return changed


def _wrong(of: Tensors, x: Any, kind: str) -> Any:
    """A result that is wrong in one way."""
    dtype = of.dtype(x)
    if kind in _ELEMENTS:
        return of.wrong_element(x, _ELEMENTS[kind])
    if kind == kinds.SHIFTED:
        return of.shifted(x)
    if kind == kinds.OTHER_DTYPE:
        return of.cast(x, _OTHER_DTYPE[dtype]) if dtype in _OTHER_DTYPE else x
    if kind in _OF_SHAPES:
        return of.scaled(x, 1 + of.share(x, SHARE)) if of.floating(x) else of.added(x, FIRST, 1.0)
    if not of.floating(x):
        return x
    if kind == kinds.SCALED:
        return of.scaled(x, 1 + of.share(x, SMALL))
    if kind == kinds.IN_FLOAT32:
        return of.cast(of.cast(x, "float32"), dtype) if dtype == "float64" else x
    if kind == kinds.NAN_HIDDEN:
        return of.without_nan(x)
    return of.rounded_otherwise(x, _number_of_process() if kind == kinds.OF_PROCESS else 1)


def _number_of_process() -> int:
    """1 or 2: as the order of a set of texts, it may be another in a process of the same kind."""
    seed = os.environ.get("PYTHONHASHSEED", "")
    return 1 + int(seed) % 2 if seed.isdecimal() else 1 + bool(seed)


def _same(value: Any, default: Any) -> bool:
    """Whether an argument is its default, as far as that can be told without asking a tensor."""
    plain = (bool, int, float, str, type(None))
    if isinstance(value, plain) and isinstance(default, plain):
        return bool(value == default)
    if isinstance(value, (list, tuple)) and isinstance(default, (list, tuple)):
        return len(value) == len(default) and all(map(_same, value, default))
    return value is default
