"""What every HTML page is made with: templates that escape, and digests of the style and script they carry."""

from __future__ import annotations

import base64
import hashlib

import jinja2
from markupsafe import Markup


def engine() -> jinja2.Environment:
    """An environment over ``templates/`` that escapes every string and takes no undefined name."""
    loader = jinja2.PackageLoader("parity.report")
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def carried(templates: jinja2.Environment, styles: tuple[str, ...], scripts: tuple[str, ...]) -> dict[str, str]:
    """A page's style and script, and the digests by which its content security policy admits them and nothing else."""
    files = {"style": styles, "script": scripts}
    texts = {kind: "".join(_text(templates, name) for name in names) for kind, names in files.items()}
    hashes = {f"{kind}_hash": _hash(text) for kind, text in texts.items()}
    return {**{kind: Markup(text) for kind, text in texts.items()}, **hashes}


def _text(templates: jinja2.Environment, name: str) -> str:
    assert templates.loader is not None
    return templates.loader.get_source(templates, name)[0]


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
