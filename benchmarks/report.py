"""Measure the report of N rows: writing it, its size, and how fast it is in headless Chromium.

python -m benchmarks.report [N] [REPORTS_DIR]

The rows are those of the record in REPORTS_DIR (reports/ unless named), over and over with other variants and errors.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.chromium import chromium
from parity.record.read import read_rows
from parity.record.schema import CATALOGUE, ENVIRONMENT, HTML, PARITY, QUICK

FIRST_PAINT = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
FILTER = """
const field = document.getElementById("rows-words"), began = performance.now();
field.value = arguments[0];
field.dispatchEvent(new Event("input"));
document.body.offsetHeight;  // The layout is part of what one waits for.
return performance.now() - began;
"""
CHOOSE = FILTER.replace('"rows-words"', '"rows-verdict"')
SORT = """
const began = performance.now();
[...document.querySelectorAll("#rows thead button")].find((each) => each.textContent.startsWith("Error")).click();
document.body.offsetHeight;
return performance.now() - began;
"""


def generate(source: Path, folder: Path, rows: int) -> None:
    """A record of so many rows: the recorded ones with other errors and values, which compress like real ones."""
    for name in (CATALOGUE, ENVIRONMENT, QUICK):
        shutil.copy(source / name, folder)
    table = read_rows(source)
    repeats = -(-rows // len(table))
    whole = table.loc[np.tile(table.index, repeats)[:rows]].reset_index(drop=True)
    rng = np.random.default_rng(0)
    whole["variant"] = [f"{variant}-copy={number // len(table)}" for number, variant in enumerate(whole["variant"])]
    for name in ("max_abs_error", "max_rel_error", "error_ratio", "rho", "allowed", "scale", "own_scale"):
        whole[name] = [float(f"{value:.6g}") for value in whole[name] * rng.uniform(0.5, 1.5, rows)]
    for name in ("left_value", "right_value", "truth_value"):
        whole[name] = [repr(value) for value in rng.standard_normal(rows)]
    whole.to_csv(folder / PARITY, index=False, lineterminator="\n")


def written(folder: Path) -> dict[str, float]:
    """Seconds and peak memory of writing the report, in a process of its own."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "parity", "report", str(folder)], check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"write_seconds": round(time.perf_counter() - began, 2), "peak_bytes": peak}


def shown(page: Path) -> dict[str, float]:
    """Milliseconds until the first screen is there, until all rows can be filtered, and for filters and sorting."""
    with chromium() as browser:
        began = time.perf_counter()
        browser.get(page.as_uri())
        paint = browser.execute_script(FIRST_PAINT)
        while not browser.execute_script("return document.querySelector('#rows output')"):
            time.sleep(0.01)
        ready = time.perf_counter() - began
        filters = [browser.execute_script(FILTER, words) for words in ("lstm", "grad float32", "keras.layers", "")]
        choices = [browser.execute_script(CHOOSE, verdict) for verdict in ("expected", "")]
        sort = browser.execute_script(SORT)
    return {
        "first_paint_ms": round(paint),
        "rows_ready_ms": round(1000 * ready),
        "filter_ms": round(max(*filters, *choices)),
        "sort_ms": round(sort),
    }


def main(rows: int, source: Path) -> None:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate(source, folder, rows)
        figures = {"rows": rows, **written(folder), "page_bytes": (folder / HTML).stat().st_size}
        print(json.dumps(figures | shown(folder / HTML)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, Path(sys.argv[2] if len(sys.argv) > 2 else "reports"))
