"""A session of mutants: choose them, try them, write what came of them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS

from .allowed import ALLOWED, Allowance, read_allowed
from .bench import Bench, Reached, Site
from .kinds import IN_FLOAT32, SCALED, SITUATIONS, STRIDED, Mutant
from .outcome import COUNTED, EXCUSED, UNREACHED, Outcome, score
from .trial import try_all

OF_A_CASE = 4
"""Mutants of a sample that are drawn from what one case file reaches."""

Chosen = dict[tuple[str, str], list[tuple[Mutant, Sequence[Site]]]]


def _order(seed: int, name: object) -> bytes:
    return blake2b(f"{seed} {name}".encode(), digest_size=8).digest()


def choose(bench: Bench, number: int | None, only: str = "*") -> tuple[Chosen, Reached]:
    """The mutants to try, by framework and public name: all of them, or a number of them, chosen by the seed."""
    if number is None:
        reached = bench.reached(bench.files)
        mutants = [mutant for mutant in reached if fnmatchcase(mutant.api, only)]
    else:
        mutants = []
        sites: dict[Mutant, Sequence[Site]] = {}
        for file in sorted(bench.files, key=lambda file: _order(bench.seed, file.path.name)):
            if len(mutants) >= number:
                break
            part = bench.reached([file])
            new = sorted(set(part) - set(sites), key=lambda mutant: _order(bench.seed, mutant))
            mutants += new[: min(OF_A_CASE, number - len(mutants))]
            sites |= {mutant: part[mutant] for mutant in new}
        reached = sites
    chosen: Chosen = defaultdict(list)
    for mutant in sorted(mutants):
        where = [site for site in reached[mutant] if _can(bench, mutant, site)]
        if where:
            chosen[mutant.framework, mutant.api].append((mutant, where))
    return chosen, reached


def _can(bench: Bench, mutant: Mutant, site: Site) -> bool:
    return mutant.kind != IN_FLOAT32 or "float64" in bench.cases[site.item.case].dtypes


def never(reached: Reached) -> dict[str, list[str]]:
    """The names with float results that are never called in a situation, by situation."""
    names = sorted({mutant.api for mutant in reached if mutant.kind == SCALED})
    of_torch = {mutant.api for mutant in reached if mutant.framework == "torch"}
    met = {(mutant.kind, mutant.api) for mutant in reached}
    return {
        kind: [name for name in names if (kind, name) not in met and (kind != STRIDED or name in of_torch)]
        for kind in SITUATIONS
    }


def tried(bench: Bench, chosen: Chosen) -> Iterator[Outcome]:
    """What came of the mutants; the frameworks are tried at the same time."""

    def one(framework: str) -> None:
        for (of, _), mutants in chosen.items():
            if of == framework:
                results.extend(try_all(bench, mutants))
                said = Counter(outcome.word for outcome in results[-len(mutants) :])
                print(f"{mutants[0][0].api}: {', '.join(f'{n} {w}' for w, n in said.items())}", flush=True)

    results: list[Outcome] = []
    with ThreadPoolExecutor(len(FRAMEWORKS)) as pool:
        for done in [pool.submit(one, framework) for framework in FRAMEWORKS]:
            done.result()
    yield from sorted(results, key=lambda outcome: outcome.mutant)


def summary(outcomes: Sequence[Outcome], allowed: Sequence[Allowance]) -> dict[str, Any]:
    """The record of a session: counts by name and by kind, and everything that was not killed and blamed."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    of_kinds: dict[str, Counter[str]] = defaultdict(Counter)
    words = Counter[str]()
    for outcome in outcomes:
        word = EXCUSED if outcome.word in COUNTED[1:] and _because(outcome, allowed) else outcome.word
        for counts in (names[outcome.mutant.api], of_kinds[outcome.mutant.kind], words):
            counts[word] += 1
    return {
        "counts": dict(words),
        "score": score(words),
        "kinds": {kind: dict(counts) for kind, counts in of_kinds.items()},
        "names": {name: dict(counts) for name, counts in sorted(names.items())},
        "survivors": [_survivor(outcome, allowed) for outcome in outcomes if outcome.word in COUNTED[1:]],
        "others": [
            [outcome.mutant.api, outcome.mutant.kind, outcome.mutant.argument, outcome.word]
            for outcome in outcomes
            if outcome.word not in COUNTED and outcome.word != UNREACHED
        ],
    }


def _survivor(outcome: Outcome, allowed: Sequence[Allowance]) -> dict[str, Any]:
    mutant = outcome.mutant
    return {
        "framework": mutant.framework, "api": mutant.api, "kind": mutant.kind, "argument": mutant.argument,
        "word": outcome.word, "item": outcome.item, "reason": outcome.reason, "attempts": outcome.attempts,
        "cases": list(outcome.cases), "because": _because(outcome, allowed),
    }  # fmt: skip


def _because(outcome: Outcome, allowed: Sequence[Allowance]) -> str:
    """Why a mutant may survive; empty where nothing says so."""
    return next((each.because for each in allowed if each.covers(outcome.mutant, outcome.cases)), "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Try mutants and write what came of them; 0 when every survivor may survive."""
    parser = argparse.ArgumentParser(prog="python -m proof.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="where to write the record")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutants", type=int, help="how many to try, chosen by the seed (default: all)")
    parser.add_argument("--only", default="*", help="a pattern of public names")
    parser.add_argument("--cases", type=Path, help="a folder of case files, instead of the project's own")
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    allowed = read_allowed(ALLOWED)
    pythons = {name: getattr(options, f"{name}_python") for name in FRAMEWORKS}
    bench = Bench(pythons, options.seed, *([options.cases.resolve()] if options.cases else []))
    try:
        chosen, reached = choose(bench, options.mutants, options.only)
        print(f"{sum(map(len, chosen.values()))} mutants of {len(chosen)} names, {time.monotonic() - began:.0f} s")
        outcomes = list(tried(bench, chosen))
        record = {"seed": options.seed, "versions": bench.versions, "seconds": round(time.monotonic() - began)}
    finally:
        bench.close()
    record |= summary(outcomes, allowed) | {"never": never(reached) if options.mutants is None else {}}
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for each in record["survivors"]:
        if not each["because"]:
            at = f" ({each['argument']})" if each["argument"] else ""
            print(f"{each['word']}: {each['api']}: {each['kind']}{at}, tried in {', '.join(each['cases'])}")
    print(record["counts"], record["score"], f"{record['seconds']} s")
    return int(any(not each["because"] for each in record["survivors"]))


if __name__ == "__main__":
    sys.exit(main())
