"""The action's gate: what the inputs name is judged; the verdict goes into the job's summary and the step's outputs.

Its own status is 0 whatever the verdict: the last step of the action ends with the gate's.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

LONGEST = 60_000
"""Characters of the job's summary: GitHub takes a mebibyte, and a comment 65,536."""


def arguments(given: dict[str, str]) -> list[str]:
    """The gate's command line. Raises ``SystemExit`` for inputs that contradict each other."""
    place, repository = Path(given["PLACE"]), Path(given["REPOSITORY"])
    found = [f"--reports={place / 'reports'}", f"--environments={place / 'environments'}"]
    if given["CANDIDATE"]:
        found += [f"--candidate={each}" for each in given["CANDIDATE"].split()]
        found += [f"--current={each}" for each in given["CURRENT"].split()]
    elif given["CURRENT"]:
        raise SystemExit("error: current is given without candidate")
    elif given["DIFF"] or given["HEAD"]:
        found += [f"--diff={given['DIFF'] or given['BASE'] + '...' + given['HEAD']}", f"--repository={repository}"]
    if given["USED_BY"]:
        found.append(f"--used-by={repository / given['USED_BY']}")
    if given["PARTICIPANTS"]:
        found.append(f"--participants={given['PARTICIPANTS']}")
    found += ["--require-complete"] if given["REQUIRE_COMPLETE"] == "true" and not given["SELECT"] else []
    found += ["--no-speed"] if given["SPEED"] != "true" else []
    return [*found, *shlex.split(given["SELECT"])]


def main() -> int:
    given = dict(os.environ)
    command = [sys.executable, "-m", "parity", "gate", *arguments(given)]
    # The catalogue is the action's own: nothing of the pull request is run, and its files are only read.
    status = subprocess.run(command, cwd=given["ACTION"]).returncode
    told = (Path(given["PLACE"]) / "reports" / "gate.md").read_text(encoding="utf-8")[:LONGEST]
    with open(given["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as summary:
        summary.write(told)
    verdict = told.partition("\n")[0].removeprefix("## Upgrade gate: ")
    with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:
        outputs.write(f"status={status}\nverdict={verdict}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
