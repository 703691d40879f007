"""Tables as a page carries them: columns with each text once, as compressed JSON that a script unpacks."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd


def columns(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Each column by name: its ``texts`` and the number of one for each row (``codes``), or its ``numbers``."""
    return {str(name): _column(table[name]) for name in table.columns}


def packed(content: Mapping[str, Any]) -> str:
    """JSON, compressed, in letters that cannot end the element they stand in."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _column(values: pd.Series[Any]) -> dict[str, Any]:
    if values.dtype.kind == "f":
        return {"numbers": _numbers(values.to_numpy())}
    codes, texts = pd.factorize(values.astype(str))
    return {"texts": [str(text) for text in texts], "codes": codes.tolist()}


def _numbers(values: Any) -> Sequence[float | str | None]:
    """JSON has no infinity and no NaN, which stands for a number that does not exist."""
    found: list[float | str | None] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)):
        found[place] = None if np.isnan(values[place]) else "inf"
    return found
