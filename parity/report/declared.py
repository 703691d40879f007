"""What the pages show of a case's declaration: code, mappings, traps. A run writes it into ``catalogue.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..catalog.case import Case, Implementation
from ..catalog.known import Divergence
from ..catalog.load import display
from ..catalog.variants import Variant
from ..script.writer import parts
from .code import code, helpers, title
from .diagram import arrows


class Texts:
    """Texts by number, each kept once: much of a case is alike in many of its variants."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def numbers(self, texts: Iterable[str]) -> list[int]:
        return [self.number(text) for text in texts]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)


def declared(case: Case, file: Path) -> dict[str, Any]:
    """A case as JSON. Numbers stand for ``texts``; a ``mapping`` and a ``script`` are there for each variant.

    Where its source cannot be read, ``problem`` says so: the rows are worth more than the code beside them.
    """
    told = {"case": case.name, "family": "", "summary": case.summary, "implementations": {}}
    try:
        return told | _source(case, file)
    except Exception as error:  # The file may be gone by now, or hold what nobody has thought of.
        return told | {"problem": f"{type(error).__name__}: {error}"}


def _source(case: Case, file: Path) -> dict[str, Any]:
    texts = Texts()
    every = [*case.implementations, *case.divergences]
    assert case.formula is not None
    return {
        "family": title(file),
        "place": f"{display(case.file)}:{case.line}",
        "formula": texts.number(code(case.formula, case.name)),
        "helpers": texts.number(helpers([case.formula, *(each.function for each in every)])),
        "pooled": case.pooled,
        "variants": [variant.id for variant in case.variants],
        "implementations": {each.api: _implementation(case, each, texts) for each in every},
        "texts": list(texts),
    }


def _implementation(case: Case, implementation: Implementation, texts: Texts) -> dict[str, Any]:
    return {
        "framework": implementation.framework,
        "kind": "layer" if implementation.is_layer else "function",
        "code": texts.number(code(implementation.function, case.name)),
        "mapping": [texts.number(_mapping(case, implementation, variant)) for variant in case.variants],
        "script": [texts.numbers(_script(case, implementation, variant)) for variant in case.variants],
        "naive": _naive(implementation.divergence) if implementation.divergence is not None else None,
    }


def _runs(case: Case, implementation: Implementation, variant: Variant) -> bool:
    """Whether it is run for a variant: a naive port is for some only."""
    naive = implementation.divergence
    return naive is None or naive.applies(case.settings(variant))


def _mapping(case: Case, implementation: Implementation, variant: Variant) -> str:
    """The arrows of the mapping as JSON."""
    return json.dumps(arrows(case, implementation, variant) if _runs(case, implementation, variant) else [])


def _script(case: Case, implementation: Implementation, variant: Variant) -> Sequence[str]:
    """The parts of the stand-alone script."""
    return parts(case, variant, implementation) if _runs(case, implementation, variant) else ()


def _naive(divergence: Divergence) -> dict[str, str]:
    names = ("title", "because", "source", "fix")
    return {name: getattr(divergence, name) for name in names}
