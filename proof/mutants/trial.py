"""Trying mutants: each is computed in units that reach it, until a row turns red."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from parity.judge.row import BOTH, Row
from parity.plan.work import Item

from .bench import Bench, Request, Site, results_of
from .inject import REACHED
from .inject import REFUSED as REFUSES
from .kinds import AT_DEFAULT, IN_FLOAT32, OF_CALL, OF_PROCESS, Mutant
from .outcome import COUNTED, KILLED, ONLY_TRAPS, RED_BEFORE, REFUSED, SURVIVED, UNBLAMED, UNREACHED, Outcome

MOST = 12
"""Attempts until a mutant counts as a survivor."""

OF_ARGUMENTS = 48
"""Attempts where an argument is left at its default: it may matter in few variants."""

UNCHANGED = "changed no result"
"""The mutant changed what a call gave, and no result of the implementation."""

WITHOUT_RESULT = 48
"""Attempts, beside those, in which a mutant changes no result of the implementation that calls the function."""

WITHOUT_EFFECT = 8
"""Attempts, beside those, in which a mutant changes nothing at all."""

PREFERRED = ("float32", "float64")


def attempts(bench: Bench, mutant: Mutant, sites: Sequence[Site]) -> Iterator[tuple[Item, str]]:
    """Where to try a mutant: case by case, the cheap ones first, then in other variants and dtypes.

    A unit that fails without the mutant shows nothing of its results, so it comes last. The cheapest cases of all files
    come before others: cases of one file are alike, and where one of them hides a mutant, the next one may, too.
    """
    by_case: dict[str, list[Site]] = {}
    for site in sorted(sites, key=lambda site: (site.fails, site.seconds)):
        by_case.setdefault(site.item.case, []).append(site)
    of_file: Counter[str] = Counter()
    number_in_file: dict[str, int] = {}
    for case, found in by_case.items():
        number_in_file[case] = of_file[found[0].item.file]
        of_file[found[0].item.file] += 1
    by_case = {case: by_case[case] for case in sorted(by_case, key=number_in_file.__getitem__)}
    rounds = max(map(len, by_case.values()), default=0)
    for number in range(rounds + 1):
        for found in by_case.values():
            if number < len(found):
                site = found[number]
                yield _in(site.item, _dtypes(bench, site.item, mutant)[:1]), site.api
            if number in (1, rounds):
                for dtype in _dtypes(bench, found[0].item, mutant)[1:]:
                    yield _in(found[0].item, [dtype]), found[0].api


def attempt(bench: Bench, mutant: Mutant, item: Item, api: str) -> tuple[str, Row | None]:
    """What comes of a mutant in one unit, and the row that shows it."""
    request = Request(item, mutant.framework, api, bench.seed, inferred=mutant.kind == OF_CALL, mutant=mutant)
    seen = bench.submit(request).result()
    noted = {asked.kind for asked in seen.asked}
    lost = seen.failure is not None and seen.failure.stage in ("crash", "timeout")
    if REFUSES in noted:
        return REFUSED, None
    if REACHED not in noted and not lost:
        return UNREACHED, None
    if results_of(seen) == results_of(bench.own(item, mutant.framework, api, inferred=request.inferred)):
        return UNCHANGED, None
    before = bench.red_before(item, mutant.framework, api)
    if before:
        return RED_BEFORE, before[0]
    red = bench.red(item, api, seen)
    if not red and mutant.kind == OF_PROCESS:
        red = bench.red(item, api, seen, bench.submit(replace(request, again=True)).result())
    blamed = [row for row in red if row.blame == mutant.framework and api in (row.left, row.right)]
    wrongly = [row for row in red if row.blame not in (mutant.framework, BOTH, "")]
    if blamed and not wrongly:
        return KILLED, blamed[0]
    return (UNBLAMED, (wrongly or red)[0]) if red else (SURVIVED, None)


def try_mutant(bench: Bench, mutant: Mutant, sites: Sequence[Site]) -> Outcome:
    """Try a mutant until it is killed and blamed, or everything that could kill it has been tried."""
    real = [site for site in sites if not site.trap]
    if not real:
        return Outcome(mutant, ONLY_TRAPS, cases=tuple(dict.fromkeys(site.item.case for site in sites)))
    most = OF_ARGUMENTS if mutant.kind == AT_DEFAULT else MOST
    words: Counter[str] = Counter()
    cases: dict[str, None] = {}
    shown: dict[str, tuple[str, str]] = {}
    for item, api in dict.fromkeys(attempts(bench, mutant, real)):
        word, row = attempt(bench, mutant, item, api)
        words[word] += 1
        shown.setdefault(word, (item.name, "" if row is None else row.reason))
        if word in COUNTED or word == UNCHANGED:
            cases[item.case] = None
        counted, unchanged = sum(words[word] for word in COUNTED), words[UNCHANGED]
        without = words.total() - counted - unchanged
        if word == KILLED or counted >= most or unchanged >= WITHOUT_RESULT:
            break
        if without >= WITHOUT_EFFECT + counted + unchanged:
            break
    order = (KILLED, UNBLAMED, SURVIVED, UNCHANGED, REFUSED, UNREACHED, RED_BEFORE)
    word = next(word for word in order if words[word])
    return Outcome(mutant, SURVIVED if word == UNCHANGED else word, *shown[word], words.total(), tuple(cases))


def try_all(bench: Bench, mutants: Sequence[tuple[Mutant, Sequence[Site]]]) -> Iterator[Outcome]:
    """Try the mutants of one public name, and again in a fresh process where one of them has left something behind."""
    found = [try_mutant(bench, mutant, sites) for mutant, sites in mutants]
    place = next((site for _, sites in mutants for site in sites if not site.trap), None)
    framework = mutants[0][0].framework
    if place is None or bench.is_as_it_was(place.item, framework, place.api):
        yield from found
        return
    for mutant, sites in mutants:
        bench.restart(framework)
        yield try_mutant(bench, mutant, sites)
    bench.restart(framework)


def _dtypes(bench: Bench, item: Item, mutant: Mutant) -> list[str]:
    """The dtypes to try an item in, the best first."""
    has = bench.cases[item.case].dtypes
    if mutant.kind == IN_FLOAT32:
        return ["float64"]
    preferred = [dtype for dtype in PREFERRED if dtype in has]
    return preferred + [dtype for dtype in has if dtype not in preferred]


def _in(item: Item, dtypes: Sequence[str]) -> Item:
    return Item(item.file, item.case, item.variant, dtypes[0], item.device, item.mode)
