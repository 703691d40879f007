"""``docs/verdict-quality.md``, and the README's figures, from what was measured in ``docs/proof/``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from parity.judge.tolerance import FEW, MULTIPLE, ROUNDINGS, TOGETHER
from proof.marked import Marked
from proof.mutants import page
from proof.precision.page import section as precision_section
from proof.seeds import LONG, PARTS, SHARES, Part, long, total
from proof.sensitivity import APART, JUDGE, USUAL, bound
from proof.strangers.measure import ALARM, ERRED, MISS, described

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = "verdict-quality.md"
PLOT = "images/sensitivity.svg"
IN_SHORT = Marked(DOCS.parent / "README.md", title="measured verdicts", session="prove")
RECORDS = ("seeds", "faults", "mutants", "sensitivity", "strangers")
NEAREST = 10
"""Rows that came nearest to their allowance and are named."""


def document(folder: Path) -> str:
    """The page. Raises ``FileNotFoundError`` when something has not been measured."""
    seeds, faults, mutants, sensitivity, strangers = (_read(folder, name) for name in RECORDS)
    parts = (
        _top(),
        _seeds(seeds),
        _faults(faults),
        page.section(mutants),
        _sensitivity(sensitivity),
        precision_section(_read(folder, "precision")),
        _strangers(strangers),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def in_short(
    seeds: Mapping[str, Any],
    faults: Mapping[str, Any],
    mutants: Mapping[str, Any],
    sensitivity: Mapping[str, Any],
    strangers: Mapping[str, Any],
) -> Iterator[str]:
    """The figures of the records for the README."""
    totals = {name: total(seeds[name]) for name in PARTS}
    runs = "; ".join(f"{title}: {run['seeds']:,} of {wanted:,} seeds" for _, title, wanted, _, run in _runs(seeds))
    alarms, rows = sum(len(t["alarms"]) for t in totals.values()), sum(t["rows"] for t in totals.values())
    yield f"- Right results rejected: {alarms:,} of {rows:,} ({runs})."
    yield (
        f"- Faults injected into the frameworks: {len(faults['faults'])}. Noticed, and attributed to the right "
        f"operation, quantities and framework: {sum(f['killed'] and f['attributed'] for f in faults['faults'])}."
    )
    yield page.in_short(mutants)
    kinds = Counter(finding["kind"] for finding in strangers["findings"])
    yield (
        f"- Operations declared from the frameworks' documentation alone: {strangers['operations']}, with "
        f"{strangers['right']} right and {strangers['wrong']} wrong versions. Right ones rejected: {kinds[ALARM]}. "
        f"Wrong ones that pass: {kinds[MISS]}."
    )
    yield (
        f"- The smallest relative error δ of a whole float32 result that is noticed, in {len(sensitivity['cases'])} "
        "operations, and how often a right one is rejected, beside the usual comparisons with their defaults"
        f"{''.join(_apart(sensitivity['cases']))}:"
    )
    yield ""
    yield from _comparisons(sensitivity["cases"])


def _top() -> Iterator[str]:
    yield "# The quality of the verdicts"
    yield ""
    yield (
        "Measured by `python3 -m nox -s prove`, which also writes this page: do not edit it. How allowances come about "
        "is in [tolerances.md](tolerances.md)."
    )
    yield ""


def _seeds(record: Mapping[str, Any]) -> Iterator[str]:
    yield "## False alarms"
    yield ""
    yield (
        "Correct implementations, run with other seeds: every row is compared as in any run, and none should be "
        f"rejected. PyTorch {record['versions']['torch']}, TensorFlow {record['versions']['tensorflow']}."
    )
    yield ""
    yield "| what | case files | formats | seeds so far | items | rows | false alarms |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    totals = {name: total(record[name]) for name in PARTS}
    parts = [name for name in PARTS if totals[name]["items"]]
    for part, title, wanted, files, counts in _runs(record):
        seeds, rejected = f"{counts['seeds']:,} of {wanted:,}", len(counts["alarms"])
        what = f"{title} | {files} | {', '.join(part.dtypes)} | {seeds}"
        yield f"| {what} | {counts['items']:,} | {counts['rows']:,} | {rejected} |"
    yield ""
    yield f"A file takes long when one variant of its cases takes more than {LONG:g} s a seed: it trains models."
    yield ""
    kernels = sum((Counter(totals[name]["kernels"]) for name in parts), Counter[str]())
    listed = "; ".join(f"{names}: {count:,}" for names, count in kernels.most_common())
    yield f"Items by the kernels that computed them, PyTorch's and TensorFlow's, which the processor decides: {listed}."
    yield ""
    alarms = [alarm for name in parts for alarm in totals[name]["alarms"]]
    for (case, left), count in Counter((a["case"], a["left"]) for a in alarms).items():
        example = next(a for a in alarms if (a["case"], a["left"]) == (case, left))
        where = f"{example['dtype']}, seed {example['seed']}"
        yield f"- `{case}`, {left}: {count} rows, such as {where}: {example['reason']}"
    if alarms:
        yield ""
    yield (
        f"The largest share of its allowance ({ROUNDINGS:g} · u · S) that an item used, and its largest ρ "
        f"({TOGETHER:g} + {FEW:g}/√N + {MULTIPLE:g} ρ' is allowed):"
    )
    yield ""
    yield "| share up to | " + " | ".join(PARTS[name].title for name in parts) + " |"
    yield "| --- |" + " --- |" * len(parts)
    for upper in map(str, SHARES):
        cells = (f"{totals[name]['shares'].get(upper, 0) / totals[name]['items']:.3%}" for name in parts)
        yield f"| {float(upper):.1%} | " + " | ".join(cells) + " |"
    yield ""
    yield "| ρ up to | " + " | ".join(PARTS[name].title for name in parts) + " |"
    yield "| --- |" + " --- |" * len(parts)
    for upper in (str(4 * share) for share in SHARES):
        cells = (f"{totals[name]['rhos'].get(upper, 0) / totals[name]['items']:.3%}" for name in parts)
        yield f"| {float(upper):g} | " + " | ".join(cells) + " |"
    yield ""
    yield from _nearest(record)


def _runs(record: Mapping[str, Any]) -> Iterator[tuple[Part, str, int, int, dict[str, Any]]]:
    """What was run: the part, what to call it, the seeds that are wanted, the files, and their counts."""
    slow = long(record)
    for name, part in PARTS.items():
        lasting = {file: counts for file, counts in record[name].items() if file in slow and part.long < part.seeds}
        others = {file: counts for file, counts in record[name].items() if file not in lasting}
        yield part, part.title, part.seeds, len(others), total(others)
        if lasting:
            yield part, f"{part.title}, in files that take long", part.long, len(lasting), total(lasting)


def _nearest(record: Mapping[str, Any]) -> Iterator[str]:
    files = [file for part in PARTS for file in record[part].values()]
    rows = [file["nearest"] for file in files if file["nearest"].get("error_ratio")]
    yield (
        "The rows that came nearest to being rejected, one for each file of cases. (Sweeps of all 16-bit numbers come "
        "to 100 %: numbers below the smallest normal one may be taken for zero, and TensorFlow does so.)"
    )
    yield ""
    yield "| share | item | quantity | implementation |"
    yield "| --- | --- | --- | --- |"
    for row in sorted(rows, key=lambda row: row["error_ratio"], reverse=True)[:NEAREST]:
        item = f"`{row['case']}`, {row['dtype']}, seed {row['seed']}"
        yield f"| {row['error_ratio']:.1%} | {item} | `{row['quantity']}` | {row['left']} |"
    yield ""


def _faults(record: Mapping[str, Any]) -> Iterator[str]:
    faults = record["faults"]
    killed = sum(fault["killed"] for fault in faults)
    attributed = sum(fault["attributed"] for fault in faults)
    yield "## Faults"
    yield ""
    yield (
        f"{len(faults)} faults, injected into the frameworks from outside: {killed} killed, {attributed} attributed to "
        "the right operation, quantities and framework, with everything else at parity. They are declared in "
        "`proof/faults/`."
    )
    yield ""
    yield "| kind | fault | injected into | killed | attributed | worst row: error / allowed | cause named |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for fault in sorted(faults, key=lambda fault: (fault["kind"], fault["name"])):
        worst = fault["worst"] or {}
        ratio = worst.get("error_ratio")
        size = worst.get("verdict", "") if ratio is None else f"{ratio:.3g}"
        yield (
            f"| {fault['kind']} | `{fault['name']}` | {', '.join(f'`{t}`' for t in fault['targets'].values())} | "
            f"{'yes' if fault['killed'] else '**no**'} | {'yes' if fault['attributed'] else '**no**'} | {size} | "
            f"{worst.get('cause', '')} |"
        )
    yield ""


def _sensitivity(record: Mapping[str, Any]) -> Iterator[str]:
    rows: Sequence[Mapping[str, Any]] = record["cases"]
    yield "## Sensitivity"
    yield ""
    yield (
        "The smallest relative disturbance δ of a float32 result that is noticed, when the whole result is multiplied "
        f"by 1 + δ: the median over the quantities of an operation and {record['seeds']} seeds. A false alarm is an "
        "undisturbed, right result that is rejected. The usual comparisons compare the two frameworks, with their "
        "defaults for float32."
    )
    yield ""
    yield f"![The share of operations in which a disturbance is noticed, for each comparison]({PLOT})"
    yield ""
    yield from _comparisons(rows)
    yield ""
    yield f"The table above is of all operations below{''.join(_apart(rows))}."
    yield ""
    yield "| operation | " + " | ".join((JUDGE, *USUAL)) + " |"
    yield "| --- |" + " --- |" * (1 + len(USUAL))
    for row in sorted(rows, key=lambda row: str(row["case"])):
        cells = []
        for name in (JUDGE, *USUAL):
            noticed, alarms = row["noticed"][name], row["false_alarms"][name]
            cells.append(
                ("never" if noticed is None else f"{noticed:.1e}") + (f", {alarms:.0%} false" if alarms else "")
            )
        yield f"| `{row['case']}` | " + " | ".join(cells) + " |"


def _strangers(record: Mapping[str, Any]) -> Iterator[str]:
    findings: Sequence[Mapping[str, Any]] = record["findings"]
    kinds = Counter(finding["kind"] for finding in findings)
    yield ""
    yield "## Strangers' declarations"
    yield ""
    yield (
        "Operations declared as a user declares them: from the documentation of PyTorch, TensorFlow and Keras, outside "
        "the catalogue (`proof/strangers/cases/`). Each has three or more wrong versions beside the right ones, with "
        "mistakes that ports make: a position too far, a missing scale, a lost gradient, lost digits. An alarm is a "
        "right version that is rejected, a miss a wrong one that passes or that the other framework is blamed for, an "
        "error what could not be judged; each is counted once for an operation, variant, dtype and version."
    )
    yield ""
    yield "| operations | right versions | wrong versions | items | seeds | alarms | misses | errors |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    counts = " | ".join(f"{record[name]:,}" for name in ("operations", "right", "wrong", "items", "seeds"))
    yield f"| {counts} | {kinds[ALARM]} | {kinds[MISS]} | {kinds[ERRED]} |"
    if findings:
        yield ""
        yield from (f"- {described(finding)}" for finding in findings)


def _apart(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is noticed in sums of so many terms that adding them up, which is right, hides smaller errors."""
    for row in rows:
        if terms := APART.get(row["case"]):
            yield (
                f"; without `{row['case']}`, one sum of {terms:,} terms, where adding them up one by one may be off by "
                f"8 u √(1 + n/3) = {bound(terms):.1e} and {row['noticed'][JUDGE]:.1e} is noticed"
            )


def _comparisons(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [row for row in rows if row["case"] not in APART]
    yield "| comparison | median δ noticed | largest δ that some operation needs | false alarms |"
    yield "| --- | --- | --- | --- |"
    for name in (JUDGE, *USUAL):
        noticed = [row["noticed"][name] for row in rows]
        found = [value for value in noticed if value is not None]
        largest = "never noticed" if len(found) < len(noticed) else f"{max(found):.1e}"
        alarms = sum(row["false_alarms"][name] * row["quantities"] for row in rows) / sum(r["quantities"] for r in rows)
        yield f"| {name} | {median(found):.1e} | {largest} | {alarms:.2%} |"


def plot(folder: Path) -> None:
    """Draw the share of operations in which a disturbance is noticed, against its size."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "parity"
    from matplotlib import pyplot

    rows = _read(folder, "sensitivity")["cases"]
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
    for name, style in zip((JUDGE, *USUAL), styles, strict=True):
        found = sorted(row["noticed"][name] for row in rows if row["noticed"][name] is not None)
        axes.step(found, [(i + 1) / len(rows) for i in range(len(found))], linestyle=style, label=name, where="post")
    axes.set(
        xscale="log", xlabel="relative disturbance δ of a float32 result", ylabel="share of operations", ylim=(0, 1)
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / PLOT, metadata={"Date": None})


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / "proof" / f"{name}.json").read_text(encoding="utf-8"))


def main() -> int:
    plot(DOCS)
    (DOCS / PAGE).write_text(document(DOCS), encoding="utf-8")
    IN_SHORT.write(in_short(*(_read(DOCS, name) for name in RECORDS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
