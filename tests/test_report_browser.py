"""The report in a real browser: no request, no message, no serious finding of axe-core, a sensible Tab order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from empowersim.experiments.answer import Ceilings, answer
from empowersim.fronts.report import report_html

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs Chromium at {CHROMIUM}")
FILE = "scenarios/medan.yaml"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = answer(
        FILE,
        policies=["balanced_mix", "mix_mentors"],
        households=200,
        replicates=3,
        months=12,
        threads=2,
        ceilings=Ceilings(12e9, 40.0),
    )
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    # the table of hundreds of assumptions is looked at once
    for lang, one in (("en", found), ("id", replace(found, scenario=None))):
        made[lang] = folder / f"{lang}.html"
        made[lang].write_text(report_html(one, lang), encoding="utf-8")  # type: ignore[arg-type]
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": 1366, "height": 768})
    yield made
    made.close()


@pytest.mark.parametrize("lang", ["en", "id"])
def test_nothing_is_asked_for_and_nothing_is_wrong(files, page, lang):
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(files[lang].as_uri())
    assert asked == [files[lang].as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.lang") == lang
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert page.locator("h1").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(one => Number(one.tagName[1]))")
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("lang", ["en", "id"])
def test_axe_finds_nothing_serious(files, page, lang):
    page.goto(files[lang].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = axe_api.Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


def test_tab_goes_down_the_page(files, page):
    page.goto(files["en"].as_uri())
    tops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        tops.append(page.evaluate("document.activeElement.getBoundingClientRect().top + window.scrollY"))
        if len(tops) == 1:
            assert page.evaluate("document.activeElement.className") == "skip"
    # links of the contents stand in two columns: compare what comes after them
    links = page.locator("nav a").count()
    after = tops[1 + links :]
    assert len(after) > 5
    assert after == sorted(after)


def test_a_phone_needs_no_sideways_scrolling(files, browser):
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(files["id"].as_uri())
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = phone.evaluate(
        "[...document.querySelectorAll('svg text')].map(one => one.getBoundingClientRect().height).filter(h => h > 0)"
    )
    assert min(sizes) >= 11
    phone.close()


def test_it_prints_to_a4_with_its_numbers(files, page, tmp_path):
    page.goto(files["en"].as_uri())
    page.emulate_media(media="print")
    closed = page.evaluate(
        "[...document.querySelectorAll('details table')].filter(one => one.getBoundingClientRect().height === 0).length"
    )
    assert closed == 0
    made = page.pdf(prefer_css_page_size=True)
    assert made.startswith(b"%PDF")
    # A4 is 210 x 297 mm: 595 x 842 points
    assert b"/MediaBox [0 0 594.95996 841.91998]" in made or b"595" in made
