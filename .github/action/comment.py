"""The action's comment: one on the pull request, written again with every run.

It needs the standard library only, and is run apart from everything that the gate installed.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- framework parity gate -->"
LONGEST = 60_000
"""Characters that are told; GitHub takes 65,536."""


def ask(method: str, url: str, token: str, body: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def comment(api: str, repository: str, number: int, token: str, text: str) -> str:
    """Write the comment anew, or a first one; the address of what was written."""
    issue = f"{api}/repos/{repository}/issues"
    page = 1
    while found := ask("GET", f"{issue}/{number}/comments?per_page=100&page={page}", token):
        for each in found:
            if each["body"].startswith(MARK):
                return str(ask("PATCH", f"{issue}/comments/{each['id']}", token, {"body": text})["html_url"])
        page += 1
    return str(ask("POST", f"{issue}/{number}/comments", token, {"body": text})["html_url"])


def main() -> int:
    given = os.environ
    told = (Path(given["PLACE"]) / "reports" / "gate.md").read_text(encoding="utf-8")[:LONGEST]
    page = f"\n\n[The page with every change]({given['PAGE']})\n" if given.get("PAGE") else "\n"
    api, repository = given.get("GITHUB_API_URL", "https://api.github.com"), given["GITHUB_REPOSITORY"]
    try:
        print(comment(api, repository, int(given["NUMBER"]), given["GITHUB_TOKEN"], f"{MARK}\n{told}{page}"))
    except urllib.error.HTTPError as error:
        # The verdict stands in the job's summary, too: a token that may not comment makes no upgrade unsafe.
        print(f"::warning::no comment was written ({error}): give the job the permission pull-requests: write")
    return 0


if __name__ == "__main__":
    sys.exit(main())
