"""Takes the README's picture of the report in ``reports/`` with headless Chromium. Run by ``nox -s screenshots``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports" / "parity.html"
PICTURE = ROOT / "docs" / "images" / "report.png"


def main() -> int:
    """Write the picture; the exit status is 1 when the report or Chromium is missing."""
    chromium = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if chromium is None:
        print("error: no Chromium on the path; install it (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    if not REPORT.exists():
        print(f"error: {REPORT} is missing; run nox -s parity first", file=sys.stderr)
        return 1
    PICTURE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        shot = ["--hide-scrollbars", "--window-size=1100,1000", f"--user-data-dir={profile}", f"--screenshot={PICTURE}"]
        subprocess.run([chromium, *flags, *shot, REPORT.as_uri()], check=True, capture_output=True)
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
