"""Which items of the five source documents the catalogue covers, and how the last run judged them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..catalog.load import CaseFile
from ..record.gpu import NEVER, GpuRun
from .guide import GENERATED, operation
from .inventory import Covered, Entry, Executed, resolve, wanted_of
from .markdown import prose, table
from .measured import Verdict

INTRODUCTION = """\
The project was asked for from five documents on moving between TensorFlow and PyTorch. Each row is an item of one of
them: an operation, an argument with its value, a claim, a workflow, or an error of the document. The inventory is
`docs/inventory.csv`.

A row is **covered** when the last full run did all of this:

- The cases in the row called every function that the row names, with the arguments that it names, in that framework.
  The workers record these calls. `docs/executed.csv` keeps the call that proves each name.
- The run compared what the column "compared" lists: results (forward), gradients, states, statistics of random
  numbers, or errors that are raised.
- Every comparison of those cases was at parity. What a framework cannot do, or does wrong, is declared, occurs as
  declared, and is counted beside it. A trap is a port that goes wrong; it ran, and went wrong as declared.

`torch.nn.Conv1d(stride=1, bias)` is a call with a stride of 1, given or left at that default, and with an argument
`bias`. `torch.Tensor.data =` is an assignment. `not tf.placeholder` is a name that was asked for and no longer exists;
the column "today" says what stands for it."""


@dataclass(frozen=True)
class State:
    """How far an entry is covered: ``covered``, ``partly`` or ``missing``, and what is not."""

    word: str
    gaps: tuple[str, ...]


Judged = tuple[Entry, Covered, State]


def states_of(
    entries: Sequence[Entry],
    files: Sequence[CaseFile],
    verdicts: Mapping[str, Verdict],
    executed: Sequence[Executed],
) -> list[Judged]:
    """Each entry with what covers it, and how far. Raises ``InventoryError`` for a case or trap that is not there."""
    found = []
    for number, entry in enumerate(entries, start=2):
        covered = resolve(number, entry, files)
        found.append((entry, covered, _state(number, entry, covered, verdicts, executed)))
    return found


def coverage(found: Sequence[Judged], verdicts: Mapping[str, Verdict], gpu: Mapping[str, GpuRun]) -> str:
    """The text of ``coverage.md``."""
    lines = ["# Coverage of the source documents", "", f"{counted(found)} {GENERATED}", "", INTRODUCTION, ""]
    for document in _documents(found):
        rows = [row for row in found if document in row[0].documents.split()]
        lines += [f"## Document {document}", "", counted(rows, document), ""]
        header = ("item", "kind", "TensorFlow", "PyTorch", "compared", "operations", "verdict", "on a GPU", "today")
        lines += [*table(header, [list(_cells(*row, verdicts, gpu)) for row in rows]), ""]
    return "\n".join(lines).rstrip() + "\n"


def counted(found: Sequence[Judged], document: str = "") -> str:
    """How many items are covered: of one document, or of all, where an item counts in each that has it."""
    states = Counter(
        state.word for entry, _, state in found for name in entry.documents.split() if document in ("", name)
    )
    total = sum(states.values())
    items = f"{total} item{'' if total == 1 else 's'}"
    return f"{items}: {states['covered']} covered, {states['partly']} partly, {states['missing']} missing."


def _documents(found: Sequence[Judged]) -> list[str]:
    return sorted({document for entry, _, _ in found for document in entry.documents.split()})


def _state(
    number: int,
    entry: Entry,
    covered: Covered,
    verdicts: Mapping[str, Verdict],
    executed: Sequence[Executed],
) -> State:
    """How far an entry is covered by what the last run executed and compared."""
    met = {one.wanted for one in executed if one.case in covered.cases}
    wanted = [want.text for want in wanted_of(number, entry)]
    judged = [verdicts.get(name, Verdict(name)) for name in covered.cases]
    compared = {
        "forward": any(verdict.outputs for verdict in judged),
        "gradient": any(verdict.gradients for verdict in judged),
        "state": any(verdict.states for verdict in judged),
        "statistic": any(case.draws for _, case in covered.cases.values()),
        "error": any(verdict.errors for verdict in judged),
    }
    gaps = [f"not executed: {text}" for text in wanted if text not in met]
    gaps += [f"not compared: {text}" for text in entry.compared.split() if not compared[text]]
    gaps += [] if covered.cases else ["no case"]
    if not gaps:
        return State("covered", ())
    nothing = not covered.cases or (wanted and not any(text in met for text in wanted))
    return State("missing" if nothing else "partly", tuple(gaps))


def _cells(
    entry: Entry,
    covered: Covered,
    state: State,
    verdicts: Mapping[str, Verdict],
    gpu: Mapping[str, GpuRun],
) -> Iterator[str]:
    yield from (prose(text) for text in (entry.item, entry.kind))
    for names in (entry.tensorflow, entry.pytorch):
        yield ", ".join(f"`{name.strip()}`" for name in names.split(";") if name.strip())
    yield entry.compared.replace(" ", ", ")
    operations = []
    for name, (file, _) in covered.cases.items():
        traps = covered.traps.get(name, ())
        operations.append(operation(file, name) + (f" ({', '.join(map(prose, traps))})" if traps else ""))
    yield ", ".join(operations)
    yield "; ".join([_verdict(covered, verdicts), *(f"**{state.word}**: {prose(gap)}" for gap in state.gaps)])
    yield _on_gpu(covered, gpu)
    yield prose(entry.today)


def _verdict(covered: Covered, verdicts: Mapping[str, Verdict]) -> str:
    if not covered.cases:
        return "**missing**"
    found = [verdicts.get(name, Verdict(name)) for name in covered.cases]
    if any(verdict.failed for verdict in found):
        return "**not at parity**"
    if not all(verdict.passed for verdict in found):
        return "**not run**"
    declared = sum(bool(verdict.expected) for verdict in found)
    parts = ["at parity"]
    if declared:
        parts.append("with declared exceptions" if len(found) == 1 else f"{declared} with declared exceptions")
    if covered.traps:
        number = sum(map(len, covered.traps.values()))
        parts.append("the trap occurs" if number == 1 else f"{number} traps occur")
    return ", ".join(parts)


def _on_gpu(covered: Covered, gpu: Mapping[str, GpuRun]) -> str:
    """Where the cases have run on a GPU: ``never``, or how many of them, and the run that shows it."""
    runs = [gpu[name] for name in covered.cases if name in gpu]
    if not runs:
        return NEVER
    sign = "✗" if any(run.failed for run in runs) else "✓"
    shown = " and ".join(dict.fromkeys(f"{run.gpu}, run {run.run}" for run in runs))
    return f"{sign} {len(runs)} of {len(covered.cases)} on {prose(shown)}"
