"""The pages in a real browser: what they show is the record, and everything can be reached."""

import csv
import io
from dataclasses import replace

import pytest
from selenium.webdriver.common.keys import Keys

from parity.judge.row import COLUMNS, VERDICTS, Row
from parity.record.read import read_rows
from parity.record.write import RecordWriter
from parity.report.html import write_report

WIDTHS = (390, 800, 1280)
LINES = "#rows tbody tr"
HOSTILE = "<img src=x onerror='document.title = 1'></script><script>document.title = 2</script>{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def rows(reports):
    return read_rows(reports)


@pytest.fixture
def parity(reports):
    return reports / "parity.html"


def shown(browser):
    """How many rows the page says that it has found."""
    return int(browser.texts("#rows output")[0].split(" of ")[0].replace(",", ""))


# What is there ---------------------------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_csv(browser, parity, rows):
    browser.open(parity)
    for verdict in VERDICTS:
        assert browser.texts(f"[data-count='{verdict}']") == [str(int(rows.verdict.eq(verdict).sum()))]
    assert shown(browser) == len(rows)
    assert browser.texts("header .verdict")[0].lower().endswith("not at parity")


def test_a_count_leads_to_its_rows(browser, parity, rows):
    browser.open(parity)
    browser.one("[data-count=fail]").click()
    browser.wait("return location.hash === '#rows?verdict=fail'")
    assert shown(browser) == int(rows.verdict.eq("fail").sum())


def test_the_root_causes_come_first_and_lead_to_their_rows(browser, parity, rows):
    browser.open(parity)
    causes = browser.texts(".causes li")
    assert [each.split(", wrong: ")[1].split(" in float32")[0] for each in causes] == ["tf.add", "torch.mul"]
    assert sum(int(each.split()[2]) for each in causes) == len(rows[rows.verdict.isin(["fail", "error"])])
    headings = browser.all("#red tr[data-heading]")
    assert [each.get_attribute("id") for each in headings] == ["cause-1", "cause-2"]
    browser.all(".causes li a")[1].click()
    browser.wait("return location.hash === '#cause-2'")
    assert headings[1].is_displayed()
    following = browser.run("return arguments[0].nextElementSibling.innerText", headings[1])
    assert "torch.mul" in following
    browser.run("arguments[0].click()", browser.one("#red thead button"))
    assert not headings[0].is_displayed(), "sorted, rows do not stand below their cause"


def test_a_cell_of_the_matrix_leads_to_its_rows(browser, parity, rows):
    browser.open(parity)
    browser.one("#matrix button[aria-expanded]").click()
    link = next(each for each in browser.all("#matrix tr.more a") if each.is_displayed())
    link.click()
    browser.wait("return location.hash.startsWith('#rows?')")
    assert 0 < shown(browser) < len(rows)
    assert browser.run("return document.getElementById('rows-implementation').value") != ""


@pytest.mark.parametrize(("column", "value"), [("verdict", "expected"), ("dtype", "float16"), ("case", "wrong")])
def test_a_filter_shows_what_the_csv_has_and_stays_in_the_address(browser, parity, rows, column, value):
    browser.open(parity, "#rows")
    choice = browser.one(f"#rows-{column}")
    browser.run("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", choice, value)
    wanted = int(rows[column].eq(value).sum())
    assert shown(browser) == wanted > 0
    address = browser.run("return location.hash")
    assert address == f"#rows?{column}={value}"
    browser.open(parity, address)
    assert shown(browser) == wanted


def test_words_filter_and_all_of_them_must_occur(browser, parity, rows):
    browser.open(parity, "#rows?words=GRAD%3Ax+torch.nn")
    either = rows.left.str.contains("torch.nn", regex=False) | rows.right.str.contains("torch.nn", regex=False)
    reasons = rows.reason.str.contains("torch.nn", regex=False)
    assert shown(browser) == int((rows.quantity.eq("grad:x") & (either | reasons)).sum()) > 0


def test_columns_sort_both_ways(browser, parity, rows):
    browser.open(parity, "#rows?verdict=pass")
    error = next(each for each in browser.all("#rows thead button") if each.text.startswith("Error"))
    browser.run("arguments[0].click()", error)
    errors = sorted(rows[rows.verdict.eq("pass")].max_abs_error)
    assert [float(text) for text in browser.texts(f"{LINES} td:nth-child(6)")[:1]] == [errors[0]]
    browser.run("arguments[0].click()", error)
    assert float(browser.texts(f"{LINES} td:nth-child(6)")[0]) == pytest.approx(errors[-1], rel=5e-3)
    assert browser.run("return document.querySelector('#rows th[aria-sort]').getAttribute('aria-sort')") == "descending"
    assert "sort=max_abs_error&descending=yes" in browser.run("return location.hash")


def test_more_rows_are_shown_on_demand(browser, parity, rows):
    browser.open(parity, "#rows")
    assert len(browser.all(LINES)) == min(100, len(rows))
    browser.run("document.querySelector('#rows > .place > .more').click()")
    assert len(browser.all(LINES)) == min(200, len(rows))


def test_what_is_shown_is_copied_as_the_csv_has_it(browser, reports, parity):
    browser.open(parity, "#rows?case=wrong")
    button = next(each for each in browser.all("#rows .tools button") if each.text == "Copy as CSV")
    with (reports / "parity.csv").open(newline="", encoding="utf-8") as stream:
        header, *lines = csv.reader(stream)
    copied_header, *copied = csv.reader(io.StringIO(browser.copied(button)))
    assert copied_header == header == list(COLUMNS)
    texts = [
        number for number, name in enumerate(COLUMNS) if name in ("variant", "quantity", "left", "right", "reason")
    ]
    wanted = sorted([line[number] for number in texts] for line in lines if line[1] == "wrong")
    assert sorted([line[number] for number in texts] for line in copied) == wanted


def test_a_table_of_the_page_is_filtered_and_copied(browser, parity):
    browser.open(parity, "#divergences?words=softmax")
    visible = [each for each in browser.all("#divergences tbody tr") if each.is_displayed()]
    assert 0 < len(visible) < len(browser.all("#divergences tbody tr"))
    lines = list(csv.reader(io.StringIO(browser.copied(browser.one("#divergences .tools button")))))
    assert len(lines) == 1 + len(visible)
    assert lines[0][:3] == ["Operation", "Port", "Largest error"]
    assert all("softmax" in line[0] for line in lines[1:])


# One row ---------------------------------------------------------------------------------------------------------


def test_a_row_opens_and_has_an_address(browser, parity):
    browser.open(parity, "#rows?case=wrong&verdict=fail&implementation=tf.multiply")
    browser.one(f"{LINES} a").click()
    browser.wait("return document.getElementById('detail').open")
    headings = browser.texts("#detail h3")
    assert headings == [
        "Which side is off", "The worst element", "Distribution of the errors", "How the allowance is derived", "Code",
        "Weights and layouts", "Timings", "Run it again",
    ]  # fmt: skip
    said = browser.one("#detail").text
    assert "torch.mul is further from the formula." in said
    assert (
        "return x * 2.001" in browser.run("return document.getElementById('detail').textContent") or "x * 2.001" in said
    )
    assert "'cases/wrong.py::wrong-float32-cpu'" in said or "cases/wrong.py::wrong-float32-cpu" in said
    address = browser.run("return location.hash")
    browser.open(parity, address)
    assert browser.run("return document.getElementById('detail').open")
    assert browser.texts("#detail h3") == headings


def test_from_row_to_row_and_back(browser, parity):
    browser.open(parity, "#rows?case=wrong")
    browser.one(f"{LINES} a").click()
    browser.wait("return document.getElementById('detail').open")
    first = browser.run("return location.hash")
    browser.one("#detail .next").click()
    browser.wait("return !document.querySelector('#detail .previous').disabled")
    assert browser.run("return location.hash") != first
    browser.one("#detail .close").click()
    browser.wait("return location.hash === '#rows?case=wrong'")
    assert not browser.run("return document.getElementById('detail').open")


def test_a_link_to_a_row_of_another_run_says_so(browser, parity):
    browser.open(parity, "#row?case=gone&left=torch.gone")
    assert browser.texts("#detail h2") == ["No such row"]


def test_the_allowance_of_the_page_is_that_of_the_csv(browser, parity, rows):
    row = rows[rows.case.eq("linear") & rows.right.eq("reference") & rows.rule.eq("8 u S")].iloc[0]
    names = ("case", "variant", "dtype", "device", "mode", "quantity", "left", "right")
    query = "&".join(f"{name}={row[name]}" for name in names)
    browser.open(parity, f"#row?{query}")
    steps = " ".join(browser.texts("#detail ol li"))
    assert f"allowed = 8 u S = {row.allowed:.3g}".replace("e-0", "e-") in steps


def test_the_script_of_a_row_is_for_its_dtype_and_seed(browser, parity, rows):
    row = rows[rows.case.eq("linear") & rows.dtype.eq("float16") & rows.right.eq("reference")].iloc[0]
    names = ("case", "variant", "dtype", "device", "mode", "quantity", "left", "right")
    browser.open(parity, "#row?" + "&".join(f"{name}={row[name]}" for name in names))
    (script,) = browser.run("return [...document.querySelectorAll('#detail details pre')].map((e) => e.textContent)")[
        -1:
    ]
    assert 'SEED = 0\nDTYPE = "float16"\nDEVICE = "cpu"\nMODE = "eager"\n' in script
    assert script.startswith(f'"""linear [{row.variant}]: {row.left} in ')
    compile(script, "script", "exec")


# By keyboard, in the dark, on a phone ----------------------------------------------------------------------------


def test_by_keyboard(browser, parity):
    browser.open(parity)
    browser.press(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    browser.press(Keys.ENTER)
    browser.wait("return location.hash === '#main'")
    browser.run("document.querySelector('#rows tbody a').focus()")
    browser.press(Keys.ENTER)
    browser.wait("return document.getElementById('detail').open")
    assert browser.run("return document.activeElement.tagName") == "H2"
    browser.press(Keys.ESCAPE)
    browser.wait("return !document.getElementById('detail').open")
    browser.run("document.querySelector('#matrix button[aria-expanded]').focus()")
    browser.press(Keys.SPACE)
    assert browser.run("return document.activeElement.getAttribute('aria-expanded')") == "true"
    assert any(row.is_displayed() for row in browser.all("#matrix tr.more"))


def test_dark_and_light(browser, parity):
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = browser.open(parity).run(ground)
    dark = browser.open(parity, dark=True).run(ground)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 23, 27)")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["parity.html", "timings.html", "gate.html"])
def test_nothing_is_wider_than_the_window(browser, reports, gate_page, name, width):
    browser.open(gate_page if name == "gate.html" else reports / name, width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    if name == "parity.html":
        browser.run("document.querySelector('#rows tbody a').click()")
        browser.wait("return document.getElementById('detail').open")
        assert browser.run("const d = document.getElementById('detail'); return d.scrollWidth <= d.clientWidth")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["parity.html", "timings.html", "gate.html"])
def test_the_accessibility_checker_finds_nothing(browser, reports, gate_page, name, dark):
    browser.open(gate_page if name == "gate.html" else reports / name, dark=dark)
    assert browser.violations() == []
    if name == "parity.html":
        browser.run("document.querySelector('#rows tbody a').click()")
        browser.wait("return document.getElementById('detail').open")
        assert browser.violations() == []


# The other pages -------------------------------------------------------------------------------------------------


def test_the_timings_sort_and_filter(browser, reports):
    browser.open(reports / "timings.html", "#timings?words=backward")
    lines = [each.text for each in browser.all("#timings tbody tr") if each.is_displayed()]
    assert lines
    assert all("backward" in line for line in lines)
    browser.run("document.querySelectorAll('#timings thead button')[4].click()")
    cells = "[...document.querySelectorAll('#timings tbody tr:not([hidden]) td:nth-child(5)')]"
    times = browser.run(f"return {cells}.map((cell) => Number(cell.dataset.value))")
    assert times == sorted(times)


def test_the_changes_of_the_gate_are_filtered(browser, gate_page):
    browser.open(gate_page)
    everything = len(browser.all("#changes tbody tr"))
    browser.open(gate_page, "#changes?class=broke+parity")
    lines = browser.texts("#changes tbody tr th")
    assert 0 < len(lines) < everything
    assert all(line.startswith("broke parity") for line in lines)


# Hostile strings -------------------------------------------------------------------------------------------------


def test_hostile_strings_do_nothing(browser, tmp_path):
    names = ("case", "variant", "dtype", "device", "mode", "quantity", "left", "right", "blame", "shape", "cause",
             "reason", "rule", "worst_index", "left_value", "growth", "distribution")  # fmt: skip
    row = replace(Row(**dict.fromkeys(names, HOSTILE)), verdict="fail", allowed=1.0, max_abs_error=2.0, error_ratio=2.0)
    implementation = {"framework": HOSTILE, "kind": HOSTILE, "code": 0, "mapping": [1],
                      "naive": dict.fromkeys(("title", "because", "source", "fix"), HOSTILE)}  # fmt: skip
    writer = RecordWriter(tmp_path)
    writer.add([row, replace(row, verdict="expected")], [])
    writer.add_declaration({
        "case": HOSTILE, "family": HOSTILE, "summary": HOSTILE, "place": HOSTILE, "formula": 0, "helpers": 0,
        "variants": [HOSTILE], "implementations": {HOSTILE: implementation}, "texts": [HOSTILE, "[]"],
    })  # fmt: skip
    writer.environment(
        {"catalogue": {"files": {HOSTILE: HOSTILE}}, "reproduction": {"before": HOSTILE, "after": HOSTILE}}
    )
    writer.close()
    title = browser.open(write_report(tmp_path)).run("return document.title")
    browser.run("document.querySelector('#rows tbody a').click()")
    browser.wait("return document.getElementById('detail').open")
    assert HOSTILE in browser.run("return document.getElementById('detail').textContent")
    assert browser.run("return document.title") == title
    assert browser.all("img") == []
