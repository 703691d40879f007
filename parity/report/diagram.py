"""Weight mappings drawn as text: what each variable of a framework is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..catalog.case import Case, Implementation
from ..catalog.layout import Labels, parse
from ..catalog.mapping import Joined, Piece, Source, Zeros
from ..catalog.variants import Variant


def diagram(case: Case) -> str:
    """The tensors of a case's first variant, and how each implementation lays them out."""
    variant = case.variants[0]
    tensors = {**case.inputs(variant), **case.weights(variant)}
    results = {**case.outputs(variant), **case.states(variant)}
    axes = {name: tensor.axes for name, tensor in tensors.items()}
    made = {name: output.axes for name, output in results.items()}
    drawn: dict[tuple[str, ...], list[str]] = {}
    for implementation in case.implementations:
        lines = tuple(_draw(arrows(case, implementation, variant)))
        drawn.setdefault(lines or ("all of it as in this operation",), []).append(implementation.api)
    if all(len(lines) == 1 and " [" not in lines[0] for lines in drawn):
        return ""
    blocks = [f"{', '.join(apis)}\n" + "\n".join(f"  {line}" for line in lines) for lines, apis in drawn.items()]
    kinds = {
        "inputs": {name: names for name, names in axes.items() if name in case.inputs(variant)},
        "weights": {name: names for name, names in axes.items() if name in case.weights(variant)},
        "results": made,
    }
    head = [f"  {kind.ljust(7)}  {_list(parts, case.labels)}" for kind, parts in kinds.items() if parts]
    return "\n\n".join(["this operation\n" + "\n".join(head), *blocks])


def further(case: Case) -> dict[str, list[str]]:
    """For each layer, the variables that other variants have and the first has not, with a variant that has them."""
    found: dict[str, list[str]] = {}
    for implementation in (i for i in case.implementations if i.is_layer):
        first = case.variables(implementation, case.variants[0])
        for variant in case.variants[1:]:
            more = [name for name in case.variables(implementation, variant) if name not in first]
            if len(more) > len(found.get(implementation.api, [""])[1:]):
                found[implementation.api] = [variant.id, *more]
    return found


def mapping(case: Case, implementation: Implementation, variant: Variant) -> list[str]:
    """A layer's variables in one variant, a line for each."""
    weights = case.weights(variant)
    axes = {name: weights[name].axes for name in weights}
    return [
        f"{name} {layout(part.layout, case.labels) if isinstance(part, Piece) else ''}".rstrip()
        + " <- "
        + " ".join(_source(part, axes, case.labels))
        for name, part in case.variables(implementation, variant).items()
    ]


def shape(axes: Sequence[str], labels: Labels) -> str:
    """Canonical axes, with the labels of those that have some: ``[G(i f g o), H, I]``."""
    return f"[{', '.join(_axis(axis, labels.get(axis, ())) for axis in axes)}]"


def layout(text: str, labels: Labels) -> str:
    """A layout in the same writing; merged axes are joined by ``x``: ``[I, G(z r n) x H]``."""
    parsed = parse(text)
    order = {**labels, **dict(parsed.label_order)}
    groups = (" x ".join(_axis(axis, order.get(axis, ())) for axis in group) or "1" for group in parsed.groups)
    return f"[{', '.join(groups)}]"


Arrow = tuple[str, str, list[str]]
"""A variable, argument or result of an implementation, ``<-`` or ``->``, and what of the case it corresponds to."""


def arrows(case: Case, implementation: Implementation, variant: Variant) -> list[Arrow]:
    """What differs from the case's own tensors: a layer's variables, and arguments and results in another layout."""
    labels = case.labels
    axes = {name: tensor.axes for name, tensor in {**case.inputs(variant), **case.weights(variant)}.items()}
    made = {name: output.axes for name, output in {**case.outputs(variant), **case.states(variant)}.items()}
    sources: dict[str, Source] = dict(case.variables(implementation, variant))
    sources |= {name: Piece(name, text) for name, text in implementation.layouts.items() if name in axes}
    rows: list[Arrow] = []
    for name, source in sources.items():
        left = f"{name} {layout(source.layout, labels)}" if isinstance(source, Piece) else name
        rows.append((left, "<-", list(_source(source, axes, labels))))
    for name, text in implementation.layouts.items():
        if name in made:
            rows.append((f"{name} {layout(text, labels)}", "->", [f"{name} {shape(made[name], labels)}"]))
    return rows


def _draw(rows: Sequence[Arrow]) -> Iterator[str]:
    width = max((len(left) for left, _, _ in rows), default=0)
    for left, arrow, right in rows:
        yield f"{left.ljust(width)}  {arrow}  {right[0]}"
        for line in right[1:]:
            yield f"{'':{width}}      {line}"


def _source(source: Source, axes: Mapping[str, Sequence[str]], labels: Labels) -> Iterator[str]:
    """What a variable is copied from, in one line, or one for each part."""
    if isinstance(source, Piece):
        yield f"{source.weight} {shape(axes[source.weight], labels)}"
    elif isinstance(source, Zeros):
        yield f"zeros {layout(source.shape, labels)}"
    elif isinstance(source, Joined):
        yield f"{'stack along a new axis' if source.new_axis else 'concat along axis'} {source.axis}:"
        for part in source.parts:
            lines = list(_source(part, axes, labels))
            if isinstance(part, Piece):
                lines[0] = f"{layout(part.layout, labels)} of {lines[0]}"
            yield f"  | {lines[0]}"
            yield from (f"  |   {line}" for line in lines[1:])


def _axis(axis: str, labels: Sequence[str]) -> str:
    return f"{axis}({' '.join(labels)})" if labels else axis


def _list(axes: Mapping[str, Sequence[str]], labels: Labels) -> str:
    return "  ".join(f"{name} {shape(names, labels)}" for name, names in axes.items())
