"""The dashboard in a real browser: what a planner sees, clicks, types and takes along."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest
from helpers_dashboard import ROOT, answered, browser, chromium, served

pytest.importorskip("streamlit", reason="needs the extra dashboard")
pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="needs Chromium (Debian: apt install chromium)"),
    # playwright leaves its pipe to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

WIDE = {"width": 1366, "height": 768}
HOSTILE = '<img src=x onerror="window.hurt=1">$a_b$ **b**'


@pytest.fixture(scope="module")
def address():
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def chrome():
    with browser() as found:
        yield found


class Watched:
    """A page with all that it asked for and said."""

    def __init__(self, chrome, address, viewport=WIDE) -> None:
        self.context = chrome.new_context(viewport=viewport, accept_downloads=True)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda one: self.asked.append(one.url))
        self.page.on("console", lambda one: self.errors.append(one.text) if one.type == "error" else None)
        self.page.on("pageerror", lambda one: self.errors.append(str(one)))
        self.page.goto(address)
        answered(self.page)

    def outside(self, address: str) -> list[str]:
        own = (address, address.replace("http", "ws", 1), "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]

    def verdict(self) -> str:
        return self.page.inner_text(".verdict")

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_role("combobox", name=label).first.click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.page.wait_for_timeout(300)
        answered(self.page)

    def fill(self, label: str, value: str) -> None:
        box = self.page.get_by_label(label, exact=True)
        box.fill(value)
        box.press("Enter")
        self.page.wait_for_timeout(300)
        answered(self.page)


@pytest.fixture
def seen(chrome, address):
    made = Watched(chrome, address)
    yield made
    errors, outside = list(made.errors), made.outside(address)
    made.context.close()
    assert errors == []
    assert outside == []


def test_the_first_screen_answers_without_a_click_and_without_scrolling(seen):
    page = seen.page
    assert "“My mix”" in seen.verdict()
    assert "No programme" in seen.verdict()
    assert page.evaluate("document.documentElement.lang") == "en"
    charts = page.locator('[data-testid="stVegaLiteChart"]')
    assert charts.count() >= 2
    for number in range(2):
        box = charts.nth(number).bounding_box()
        assert box["y"] + box["height"] <= WIDE["height"]
        assert charts.nth(number).locator("svg").count() == 1
    for what in ("Money a year: Rp 60 billion of Rp 60 billion", "Mentors: 192 of 200 posts"):
        box = page.get_by_role("meter", name=re.compile(re.escape(what))).bounding_box()
        assert box["y"] + box["height"] <= WIDE["height"]
    for number in range(2):
        assert "“My mix”" in charts.nth(number).get_attribute("aria-label")
    assert page.locator("h1").count() == 1


def test_a_slider_moves_the_answer_and_the_charts(seen):
    page = seen.page
    before = (seen.verdict(), page.inner_html('[data-testid="stVegaLiteChart"] >> nth=1'))
    slider = page.get_by_role("slider", name="Skills training").first
    slider.focus()
    slider.press("Home")
    page.wait_for_function(
        "before => document.querySelector('.verdict')?.innerText !== before", arg=before[0], timeout=20_000
    )
    answered(page)
    box = page.get_by_label("Skills training, exact amount in Rp billion a year", exact=True)
    assert float(box.input_value()) == 0
    used = float(
        re.search(r"Money a year: Rp ([0-9.]+) billion", page.inner_text('[data-testid="stSidebar"]')).group(1)
    )
    assert 36 < used <= 48
    page.wait_for_function(
        "before => document.querySelectorAll('[data-testid=\"stVegaLiteChart\"]')[1]?.innerHTML !== before",
        arg=before[1],
        timeout=20_000,
    )


def test_a_broken_ceiling_says_so_and_greys_what_is_out_of_date(seen):
    page, before = seen.page, seen.verdict()
    seen.fill("Skills training, exact amount in Rp billion a year", "31.5")
    alert = page.locator('[role="alert"]').first
    assert "over the ceiling of Rp 60 billion" in alert.inner_text()
    assert "for the last mix within the ceilings" in alert.inner_text()
    assert seen.verdict() == before
    style = page.evaluate("getComputedStyle(document.querySelector('.st-key-results_stale')).filter")
    assert "grayscale" in style
    page.get_by_role("button", name="Scale to fit").click()
    page.wait_for_selector('[role="alert"]', state="detached", timeout=20_000)
    answered(page)
    assert page.locator(".st-key-results_stale").count() == 0
    assert seen.verdict() != before


def test_two_people_at_once_do_not_disturb_each_other(chrome, address, seen):
    other = Watched(chrome, address)
    mine = seen.verdict()
    other.fill("Mentors, exact number of posts", "11")
    other.choose("Language", "Bahasa Indonesia")
    assert "Bauran saya" in other.verdict()
    assert seen.verdict() == mine
    seen.fill("Mentors, exact number of posts", "23")
    assert "Mentors: 23 of 200 posts" in seen.page.inner_text('[data-testid="stSidebar"]')
    assert "Pendamping: 11 dari 200 posisi" in other.page.inner_text('[data-testid="stSidebar"]')
    assert other.errors == []
    other.context.close()


def test_indonesian_speaks_indonesian(seen):
    page = seen.page
    seen.fill("Name of the mix", "Rencana 2025")
    seen.choose("Language", "Bahasa Indonesia")
    assert page.evaluate("document.documentElement.lang") == "id"
    assert "“Rencana 2025”" in seen.verdict()
    assert "“Tanpa program”" in seen.verdict()
    body = page.inner_text("body")
    assert re.search(r"Rp \d+(,\d+)? miliar", body)
    assert re.search(r"\d+,\d %", body)
    assert not re.search(r"\b(billion|households|futures|mentors|poverty)\b", body, re.IGNORECASE)


def test_markup_in_a_name_is_text(seen):
    page = seen.page
    seen.fill("Name of the mix", HOSTILE)
    assert HOSTILE in seen.verdict()
    page.get_by_role("button", name="Save mix").click()
    answered(page)
    assert page.evaluate("window.hurt") is None
    assert page.locator('img[src="x"]').count() == 0
    drawn = page.locator('[data-testid="stVegaLiteChart"] svg').nth(1).text_content()
    assert "<img" in drawn


def test_what_is_taken_along_is_what_was_shown_and_the_command_line_gives_it_again(seen, tmp_path):
    page = seen.page
    seen.fill("Mentors, exact number of posts", "40")
    page.get_by_role("button", name="Save mix").click()
    answered(page)
    seen.fill("Skills training, exact amount in Rp billion a year", "7.25")
    verdict = seen.verdict()
    page.get_by_role("tab", name="Table and files").click()
    answered(page)
    found = {}
    for name in ("Scenario file", "Table (CSV)", "Report (HTML)", "Excel"):
        with page.expect_download(timeout=60_000) as waiting:
            page.get_by_role("button", name=name).click()
        found[name] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(found[name])
    assert found["Scenario file"].name == "medan_urban_mix.yaml"
    run = subprocess.run(
        [sys.executable, "-m", "empowersim", "compare", str(found["Scenario file"]), "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(run.stdout)
    assert list(told["policies"]) == ["no_programme", "mix_0", "balanced_mix", "mix_1"]
    table = list(csv.DictReader(io.StringIO(found["Table (CSV)"].read_text(encoding="utf-8-sig"))))
    assert len(table) > 200
    for row in table:
        kind = "policies" if row["kind"] == "outcomes" else "differences"
        one = told[kind][row["policy"]][row["outcome"]]
        for end in ("mean", "low", "high"):
            assert (float(row[end]) if row[end] else None) == one[end]
    gain = told["differences"]["mix_0"]["sustained_exits_won"]
    for end in ("low", "high"):
        assert f"{abs(gain[end]):,.0f}" in verdict
    cost = told["policies"]["mix_0"]["cost"]["mean"]
    page_of = found["Report (HTML)"].read_text(encoding="utf-8")
    assert "<script" not in page_of
    assert len(page_of) < 1_000_000
    assert told["run_id"] in page_of
    assert f"Rp {cost / 1e9:.0f} billion" in page_of
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(found["Excel"])
    values = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    there = [value for value in values if isinstance(value, (int, float))]
    # a workbook keeps 15 digits or more
    for value in (cost, gain["mean"], gain["low"]):
        assert any(abs(one - value) <= 1e-14 * abs(value) for one in there)


def test_uploads_are_used_or_refused_with_a_reason(seen, tmp_path):
    page = seen.page
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: &a [1]\nb: *a\n", encoding="utf-8")
    page.get_by_text("Use your own file").click()
    uploader = page.locator('[data-testid="stFileUploader"] input[type="file"]').first
    uploader.set_input_files(bad)
    page.wait_for_selector('[data-testid="stSidebar"] [role="alert"]', timeout=20_000)
    said = page.inner_text('[data-testid="stSidebar"] [role="alert"]')
    assert "bad.yaml:1: expected values written out, found an anchor (&a)" in said
    assert "“My mix”" in seen.verdict()
    text = (ROOT / "scenarios" / "remote-islands.yaml").read_text(encoding="utf-8")
    hostile = tmp_path / "islands.yaml"
    picture = '![x](http://192.0.2.1/x.png) <img src=x onerror="window.hurt=1">'
    hostile.write_text(
        text.replace(
            "  skills_training:\n    cost_per_place", f"  skills_training:\n    label: '{picture}'\n    cost_per_place"
        ).replace("{en: Balanced mix, id: Campuran seimbang}", f"'{picture}'"),
        encoding="utf-8",
    )
    uploader.set_input_files(hostile)
    page.wait_for_function("() => document.body.innerText.includes('Rp 19.9 billion of Rp 20 billion')", timeout=30_000)
    answered(page)
    # no picture is fetched (the fixture looks at all requests), and the words stand there
    assert page.get_by_role("slider", name=re.compile("192.0.2.1")).count() >= 1
    assert picture in page.inner_text('[data-testid="stSidebar"]')
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hurt") is None


def test_firming_up_can_be_stopped(seen):
    page = seen.page
    seen.fill("Mentors, exact number of posts", "57")
    page.get_by_role("button", name="Firm up: 200 futures").click()
    page.wait_for_selector('[data-testid="stProgress"]', timeout=20_000)
    assert "of 200 futures" in page.inner_text('[data-testid="stProgress"]')
    page.get_by_role("button", name="Stop").click()
    answered(page)
    assert "20 futures" in page.inner_text(".caution >> nth=-1") or "20 futures" in page.inner_text("body")
    page.get_by_role("button", name="Firm up: 60 futures").click()
    page.wait_for_function("() => document.body.innerText.includes('60 futures of')", timeout=60_000)
    answered(page)


def test_access(seen):
    from axe_playwright_python.sync_playwright import Axe

    page = seen.page

    def serious() -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{one['id']}: {node['html'][:160]}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    assert serious() == []
    seen.fill("Skills training, exact amount in Rp billion a year", "31.5")
    assert serious() == []
    for tab in ("Money and people", "Who and where", "Table and files"):
        page.get_by_role("tab", name=tab).click()
        answered(page)
        assert serious() == [], tab


def test_the_keyboard_reaches_inputs_in_reading_order(seen):
    page = seen.page
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                """() => { const e = document.activeElement;
                const by = e.getAttribute('aria-labelledby');
                return e.getAttribute('aria-label') || (by && document.getElementById(by)?.innerText)
                  || (e.labels && e.labels[0]?.innerText) || e.innerText || ''; }"""
            ).strip()
        )
    wanted = [
        "Skip to the results",
        "Language",
        "Place",
        "Name of the mix",
        "Start from",
        "Skills training",
        "Skills training, exact amount",
        "Adult literacy",
        "Mentors (full-time posts)",
        "Mentors, exact number",
        "Save mix",
        "Compare with",
    ]
    at = -1
    for name in wanted:
        later = [place for place, one in enumerate(names) if place > at and name in one]
        assert later, f"{name!r} does not come after {names[at]!r} in {names}"
        at = later[0]


def test_a_narrow_screen_shows_the_answer_first(chrome, address):
    made = Watched(chrome, address, {"width": 390, "height": 844})
    box = made.page.locator(".verdict").bounding_box()
    assert box["y"] < 400
    assert box["x"] >= 0
    assert box["width"] <= 390
    assert made.page.evaluate("document.documentElement.scrollWidth") <= 390
    made.context.close()


def test_ctrl_c_is_clean_while_it_starts_and_while_it_works(chrome):
    with served():
        pass  # the helper looks at what was said at the end
    with served() as address:
        page = chrome.new_page()
        page.goto(address)
        page.wait_for_selector('[data-testid="stApp"]', timeout=20_000)
        page.close()


def test_a_page_that_cannot_be_reached_from_outside(address):
    import socket

    port = int(address.rpartition(":")[2])
    own = [one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    for host in own:
        if host.startswith("127."):
            continue
        with socket.socket() as tried:
            tried.settimeout(1)
            assert tried.connect_ex((host, port)) != 0
