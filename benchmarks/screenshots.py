"""Takes the README's pictures of the report in ``reports/`` with headless Chromium. Run by ``nox -s screenshots``."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.chromium import MissingError, chromium

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports" / "parity.html"
IMAGES = ROOT / "docs" / "images"
READY = "return Boolean(document.querySelector('#rows output'))"
OPENED = "#rows?case=lstm&verdict=pass&dtype=float32&words=torch.nn.LSTM+keras"
"""Rows of which the first is opened for the picture of a row."""


def main() -> int:
    """Write the pictures; the exit status is 1 when the report, Chromium or its driver is missing."""
    if not REPORT.exists():
        print(f"error: {REPORT} is missing; run nox -s parity first", file=sys.stderr)
        return 1
    try:
        started = chromium("--hide-scrollbars", "--window-size=1200,1500")
    except MissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with started as browser:
        for name, place in (("report", ""), ("row", OPENED)):
            browser.get("about:blank")
            browser.get(f"{REPORT.as_uri()}{place}")
            while not browser.execute_script(READY):
                pass
            if place:
                browser.execute_script("document.querySelector('#rows tbody a').click()")
                browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
            picture = IMAGES / f"{name}.png"
            browser.save_screenshot(str(picture))
            print(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
