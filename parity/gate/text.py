"""The gate's summary: one screen in a terminal, and the same as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ..report.markdown import code, prose, table
from .classes import BY_NAME, NEW, UNCHANGED
from .compare import Change, title
from .verdict import MOST, Group, Verdict


def lines(verdict: Verdict) -> Iterator[str]:
    """The summary as lines of text."""
    yield f"{verdict.headline}. {told(verdict)} (exit status {verdict.status})"
    for name, setting, old, new in verdict.environments():
        yield f"  {title(name) or name} {setting}: {old} -> {new}"
    yield from (f"  {note}" for note in verdict.notes)
    yield ""
    counts, operations = verdict.counts, verdict.operations
    for name, count in counts.items():
        places = f"in {operations.get(name, 0):,} quantities of operations"
        yield f"  {count:>8,}  {name:<26} {BY_NAME[name].meaning}; {places}"
    groups = [group for group in verdict.groups if group.example.change != NEW.name]
    if groups:
        yield ""
    for number, group in enumerate(groups[:MOST], start=1):
        change = group.example
        yield f"{number:>2}. {heading(group)}"
        yield f"    {described(verdict, change)}"
        yield f"    {verdict.reproduce(change)}"
    if len(groups) > MOST:
        yield f"    and {len(groups) - MOST:,} more: gate.html and gate.csv have them all"
    for stale in verdict.stale:
        yield f"  expectation {stale.expectation.name}: {stale.why} (owner {stale.expectation.owner})"


def markdown(verdict: Verdict) -> str:
    """The summary for a pull request's comment or a job's summary."""
    text = [f"## Upgrade gate: {prose(verdict.headline)}", "", f"{prose(told(verdict))}.", ""]
    differing = list(verdict.environments())
    if differing:
        rows = [(title(name) or name, setting, code(old), code(new)) for name, setting, old, new in differing]
        text += [*table(("", "setting", "old", "new"), rows), ""]
    text += [f"- {prose(note)}" for note in verdict.notes]
    operations = verdict.operations
    rows3 = [
        (name, f"{n:,}", f"{operations.get(name, 0):,}", BY_NAME[name].meaning) for name, n in verdict.counts.items()
    ]
    text += [*table(("class", "results", "operations and quantities", "meaning"), rows3), ""]
    groups = [group for group in verdict.groups if group.example.change not in (UNCHANGED.name, NEW.name)]
    for number, group in enumerate(groups[:MOST], start=1):
        text.append(f"{number}. **{prose(heading(group))}**  ")
        text.append(f"   {prose(described(verdict, group.example))}  ")
        text.append(f"   {code(verdict.reproduce(group.example))}")
    if len(groups) > MOST:
        text += ["", f"{len(groups) - MOST:,} more are in `gate.html` and `gate.csv`."]
    if verdict.stale:
        text += ["", "Expectations out of date:", ""]
        text += [f"- {prose(s.expectation.name)}: {s.why} (owner {prose(s.expectation.owner)})" for s in verdict.stale]
    return "\n".join(text) + "\n"


def told(verdict: Verdict) -> str:
    """Drift against regression, and what of it concerns the code that was named."""
    return "; ".join(filter(None, (verdict.sentence, verdict.here)))


def heading(group: Group) -> str:
    """What changed, where, and how often."""
    change = group.example
    items = len({each.item for each in group.changes})
    quantities = sorted({each.quantity for each in group.changes if each.quantity})
    often = f", {items:,} items" if items > 1 else f", {change.item}"
    shown = f" ({', '.join(quantities[:3])}{' ...' if len(quantities) > 3 else ''})" if quantities else ""
    accepted = " [expected]" if change.expectation else ""
    return f"{change.change}: {change.case}, {change.implementation}{often}{shown}{accepted}"


def described(verdict: Verdict, change: Change) -> str:
    """One change in words: who moved, by how much, and which way."""
    parts = [change.detail] if change.detail else []
    if change.ulps:
        parts.append(f"{'at most ' if change.at_most else ''}{change.ulps:.4g} ulp apart")
    if change.old_share is not None and change.new_share is not None and change.old_share != change.new_share:
        parts.append(f"share of the allowance {change.old_share:.3g} to {change.new_share:.3g}")
    if change.old != change.new and change.old:
        parts.append(f"{change.old} to {change.new}")
    if places := verdict.places(change):
        parts.append(f"used here: {places}")
    if moved := verdict.mover(change):
        parts.append(moved)
    if change.truth in ("better", "worse"):
        parts.append(f"{'nearer the truth' if change.truth == 'better' else 'further from the truth'}")
    if change.expectation:
        parts.append(f"expected: {change.expectation}")
    return "; ".join(parts) or change.change
