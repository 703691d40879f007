"""Headless Chromium, driven by Selenium: for the tests of the pages, their measurement and their pictures."""

from __future__ import annotations

import shutil

from selenium import webdriver

NEEDED = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "chromium-driver": ("chromedriver",)}
"""Debian's packages, and the names that their programs have on different systems."""

SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


class MissingError(Exception):
    """The browser or its driver is not installed. The message says what to install."""


def chromium(*switches: str) -> webdriver.Chrome:
    """A new browser, whose console is kept; ``switches`` come on top. Raises :class:`MissingError`."""
    found = {package: next(filter(None, map(shutil.which, names)), None) for package, names in NEEDED.items()}
    missing = [package for package, path in found.items() if path is None]
    if missing:
        raise MissingError(f"no {' and no '.join(missing)} found: apt-get install {' '.join(missing)}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(found["chromium"])
    for switch in (*SWITCHES, *switches):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(found["chromium-driver"]))
