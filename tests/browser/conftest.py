"""What the browser tests share: headless Chromium, and pages made from real runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks.chromium import MissingError, chromium
from parity.gate.compare import compare
from parity.gate.page import page
from parity.gate.snapshot import read_snapshot
from parity.gate.verdict import Share, Verdict

CASES = Path(__file__).resolve().parents[2] / "cases"
RECORDED = Path(__file__).resolve().parents[1] / "gate" / "recorded"

WRONG = """
from parity import Case, normal

wrong = Case(
    "wrong", "y = 2 x, with a slip.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"),
    dtypes=["float32"],
)

@wrong.reference
def _(np, x):
    return 2 * x

@wrong.torch("torch.mul")
def _(torch, x):
    return x * 2.001

@wrong.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 2)

@wrong.tensorflow("tf.add")
def _(tf, x):
    raise ValueError("<img src=x onerror='document.title = 1'>")
"""


class Page:
    """One page in a browser."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, place="", width=1280, dark=False):
        """Open a page anew, at a place of it, and wait until its script has shown what it shows."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        media = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.get("about:blank")
        self.driver.get(f"{path.as_uri()}{place}")
        self.wait("return document.readyState === 'complete' && !document.querySelector('.place > p:not(.note)')")
        return self

    def run(self, script, *given):
        return self.driver.execute_script(script, *given)

    def wait(self, script):
        WebDriverWait(self.driver, 20).until(lambda driver: driver.execute_script(script))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """The texts of elements, also where they are scrolled out of view."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText.trim())", selector)

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def complaints(self):
        """What the browser's console has said since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def violations(self):
        """What the accessibility checker objects to."""
        found = Axe().run(self.driver)["violations"]
        return [(each["id"], node["html"][:200]) for each in found for node in each["nodes"]]

    def copied(self, button):
        """What pressing a button puts into the clipboard."""
        self.run("navigator.clipboard.writeText = async (text) => { window.clipboard = text; }")
        button.click()
        self.wait("return window.clipboard !== undefined")
        return self.run("return window.clipboard")


@pytest.fixture(scope="session")
def driver():
    try:
        started = chromium("--force-prefers-reduced-motion")
    except MissingError as error:
        pytest.fail(f"the browser tests need a browser: {error}", pytrace=False)
    yield started
    started.quit()


@pytest.fixture
def browser(driver):
    opened = Page(driver)
    opened.complaints()
    yield opened
    assert opened.complaints() == []


@pytest.fixture(scope="session")
def reports(tmp_path_factory, pythons):
    """A folder with the reports of a parity run and a timing run: two of the catalogue's files, and a wrong case."""
    folder = tmp_path_factory.mktemp("browser")
    cases = folder / "cases"
    cases.mkdir()
    for name in ("linear.py", "softmax.py"):
        shutil.copy(CASES / name, cases)
    (cases / "wrong.py").write_text(WRONG)
    (folder / "pytest.ini").write_text("[pytest]\n")
    chosen = [f"--{name}-python={python}" for name, python in pythons.items()]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "PARITY_", "NOX_"))}
    for options in (["--timings", "--processes=2", "-k", "linear"], []):
        command = [sys.executable, "-m", "pytest", "cases", "-q", "--reports=reports", *chosen, *options]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stdout + done.stderr
    assert json.loads((folder / "reports" / "environment.json").read_text())["verdicts"]["fail"]
    return folder / "reports"


@pytest.fixture(scope="session")
def gate_page(tmp_path_factory):
    """The gate's page of the recorded pair."""
    old, new = read_snapshot(RECORDED / "old"), read_snapshot(RECORDED / "new")
    path = tmp_path_factory.mktemp("gate") / "gate.html"
    path.write_text(
        page(Verdict(old, new, compare(old, new).changes, Share(26, 26), command="nox -s gate --")), encoding="utf-8"
    )
    return path
