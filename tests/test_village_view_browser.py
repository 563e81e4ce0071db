"""The village view in a real browser: it loads, steps, plays, resets; nothing comes from elsewhere, nothing fails.

Skipped where there is no Chromium or no playwright to drive it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = [name for name in ("playwright", "solara", "solara_assets") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (package chromium of the system)"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)} (pip install 'empowersim[notebooks,test]')"),
]

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
MONTHS = 8
STOPPED = 130
PATIENCE = 30_000
"""Milliseconds that anything on the page may take on a busy machine."""


class Server:
    """`empowersim village` in a process of its own, on any free port."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "empowersim", "village", *arguments, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.address = self._told()

    def _told(self) -> str:
        """The address that it tells once the page can be opened."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        if found is None:
            self.process.kill()
            raise AssertionError(f"no address but {line!r}: {self.process.communicate()[1]}")
        return found[0]

    def stop(self) -> tuple[int, str]:
        """Ctrl-C; exit code and what it said on standard error."""
        self.process.send_signal(signal.SIGINT)
        try:
            _, said = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
        return self.process.returncode, said


@pytest.fixture(scope="module")
def server(root) -> Iterator[Server]:
    one = Server(
        root,
        "scenarios/remote-islands.yaml",
        "--policy",
        "mix_resident",
        "--households",
        "200",
        "--months",
        str(MONTHS),
    )
    yield one
    one.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield chromium
        chromium.close()


class Visit:
    """A page of the view, and all that it asked for and complained of."""

    def __init__(self, browser: Any, address: str, width: int = 1366, height: int = 768) -> None:
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE)
        self.page.route("**/*", lambda route: self._pass(route, address))
        self.page.on("websocket", lambda one: self._note(one.url.replace("ws://", "http://"), address))
        self.page.on("console", lambda one: self.complaints.append(one.text) if one.type == "error" else None)
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.on("response", lambda one: self.complaints.append(one.url) if one.status >= 400 else None)
        self.page.goto(address)
        self.wait_for_month(0)

    def _note(self, url: str, address: str) -> bool:
        inside = url.startswith((address, "data:", "blob:"))
        if not inside:
            self.outside.append(url)
        return inside

    def _pass(self, route: Any, address: str) -> None:
        if self._note(route.request.url, address):
            route.continue_()
        else:
            route.abort()

    def wait_for_month(self, month: int, words: str = "") -> str:
        """The sentence of the month once the page has reached it, and says `words`."""
        line = self.page.locator(f".village-view [data-month='{month}']", has_text=words)
        line.wait_for()
        return line.inner_text()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def figure(self, name: str) -> str:
        """The picture as it is sent."""
        return self.page.locator(f"img[data-figure='{name}']").get_attribute("src")

    def figure_other_than(self, name: str, before: str) -> str:
        """The picture once it is another."""
        until = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < until:
            now = self.figure(name)
            if now != before:
                return now
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the {name} did not change")


@pytest.fixture(scope="module")
def visit(browser, server) -> Iterator[Visit]:
    one = Visit(browser, server.address)
    yield one
    one.page.close()


def reset(visit: Visit, words: str = "") -> str:
    visit.press("Reset")
    return visit.wait_for_month(0, words)


def test_the_page_loads_with_everything_on_it(visit):
    page = visit.page
    assert reset(visit).startswith("Before the first month: 200 households in ")
    assert page.locator("h1").inner_text() == "Empowerment programmes on remote islands: “Mix with resident mentors”"
    assert "Empowerment programmes on remote islands" in page.title()
    for name in ("Mentors here (full-time posts)", "Adult literacy: places a year", "Future (which luck)"):
        assert page.get_by_role("slider", name=name).count() == 1
    for figure, words in (("map", "Map of "), ("charts", "Charts of poverty")):
        image = page.locator(f"img[data-figure='{figure}']")
        assert image.get_attribute("alt").startswith(words)
        assert image.evaluate("one => one.complete && one.naturalWidth > 400 && one.clientWidth > 300")
    assert not page.get_by_text("Page 0").is_visible()


def test_a_step_changes_the_number_the_sentence_and_both_pictures(visit):
    before = reset(visit), visit.figure("map"), visit.figure("charts")
    visit.press("Step")
    first = visit.wait_for_month(1)
    assert re.match(r"Month 1: [\d.]+ % of persons are poor \([\d.]+ % under “No programme”, same luck\)", first)
    charts = visit.figure_other_than("charts", before[2])
    visit.figure_other_than("map", before[1])
    visit.press("Step")
    assert visit.wait_for_month(2) != first.replace("Month 1", "Month 2")
    visit.figure_other_than("charts", charts)


def test_the_colour_switch_changes_the_map_alone(visit):
    reset(visit)
    visit.press("Step")
    visit.wait_for_month(1)
    by_poverty, charts = visit.figure("map"), visit.figure("charts")
    visit.press("empowerment")
    by_empowerment = visit.figure_other_than("map", by_poverty)
    assert visit.figure("charts") == charts
    visit.press("poverty")
    assert visit.figure_other_than("map", by_empowerment) == by_poverty  # the same picture for the same month


def test_a_slider_makes_another_policy_of_the_next_run(visit):
    reset(visit, "1 mentor (0.1 posts)")
    slider = visit.page.get_by_role("slider", name="Mentors here (full-time posts)")
    slider.focus()
    slider.press("End")
    assert slider.get_attribute("aria-valuenow") == "6"
    told = slider.evaluate("one => getComputedStyle(one, '::after').content")
    assert "6" in told or "aria-valuenow" in told
    assert re.search(r"[3-6] mentors", reset(visit, "mentors (6.0 posts)"))
    slider.press("Home")
    reset(visit, "no mentors")
    visit.press("Step")
    assert "visits: 0, by no mentors" in visit.wait_for_month(1)


def test_another_future_is_another_luck(visit):
    slider = visit.page.get_by_role("slider", name="Future (which luck)")
    slider.focus()
    maps = []
    for key in ("Home", "ArrowRight", "Home"):
        reset(visit)
        visit.press("Step")
        visit.wait_for_month(1)
        before = visit.figure("map")
        slider.press(key)
        reset(visit)
        visit.figure_other_than("map", before)
        visit.press("Step")
        visit.wait_for_month(1)
        maps.append(visit.figure("map"))
    assert maps[0] == maps[2] != maps[1]


def test_it_plays_to_the_last_month_and_stops(visit):
    reset(visit)
    visit.press("▶")
    assert visit.wait_for_month(MONTHS).endswith("That was the last month.")
    for name in ("▶", "❚❚", "Step"):
        button = visit.page.get_by_role("button", name=name, exact=True)
        assert button.count() == 0 or button.is_disabled()
    reset(visit)
    visit.press("Step")
    visit.wait_for_month(1)


def test_another_policy_of_the_file_can_be_chosen(visit):
    visit.page.get_by_label("Policy").click(force=True)
    visit.page.get_by_role("option", name="No programme").click()
    visit.page.get_by_role("heading", name="“No programme”").wait_for()
    visit.wait_for_month(0, "no mentors")
    assert visit.page.get_by_role("slider", name="Adult literacy: places a year").count() == 0


def test_nothing_came_from_elsewhere_and_nothing_failed(visit):
    assert visit.outside == []
    assert visit.complaints == []


def test_it_fits_a_phone(browser, server):
    visit = Visit(browser, server.address, 390, 844)
    page = visit.page
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        shown = page.locator("img[data-figure='map']").bounding_box()
        assert shown["x"] >= 0
        assert 330 <= shown["width"] <= 390 - shown["x"]
        below = page.locator("img[data-figure='charts']").bounding_box()
        assert below["y"] >= shown["y"] + shown["height"]
        step = page.get_by_role("button", name="Step", exact=True)
        if not step.is_visible():
            page.locator(".v-app-bar__nav-icon").click()
        step.click()
        visit.wait_for_month(1)
        assert visit.outside == []
        assert visit.complaints == []
    finally:
        page.close()


def test_what_we_draw_and_say_has_no_barrier(browser, server):
    """By axe-core, which comes with the package; controls are Mesa's and not judged here."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    visit = Visit(browser, server.address)
    try:
        found = axe.Axe().run(visit.page, context=".village-view").response["violations"]
        assert [(one["id"], one["help"]) for one in found if one["impact"] in {"serious", "critical"}] == []
    finally:
        visit.page.close()


def move(page: Any, name: str, key: str, presses: int) -> None:
    """Move a slider by the keyboard."""
    slider = page.get_by_role("slider", name=name)
    slider.focus()
    for _ in range(presses):
        slider.press(key)


def test_the_picture_of_the_manual_and_ctrl_c(browser, root, tmp_path):
    """Taken anew with EMPOWERSIM_PICTURES=docs/img; two mentors, more places, a month in which both move."""
    from matplotlib.image import imread

    folder = Path(os.environ.get("EMPOWERSIM_PICTURES", tmp_path))
    server = Server(root, "scenarios/remote-islands.yaml", "--policy", "mix_resident", "--households", "1000")
    visit = Visit(browser, server.address)
    page = visit.page
    try:
        move(page, "Mentors here (full-time posts)", "ArrowRight", 17)
        move(page, "Adult literacy: places a year", "ArrowRight", 60)
        reset(visit, "2 mentors (2.0 posts)")
        move(page, "Render Interval (steps)", "ArrowRight", 10)
        visit.press("Step")
        visit.wait_for_month(21)
        move(page, "Render Interval (steps)", "Home", 1)
        visit.press("Step")
        visit.wait_for_month(22)
        page.mouse.move(700, 700)
        page.screenshot(path=folder / "village-view.png")
        visit.press("empowerment")
        page.wait_for_timeout(500)
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "village-view-phone.png")
    finally:
        page.close()
        code, said = server.stop()
    assert code == STOPPED
    assert "Traceback" not in said
    assert imread(folder / "village-view.png").shape[:2] == (768, 1366)
    assert imread(folder / "village-view-phone.png").shape[:2] == (844, 390)
    assert visit.outside == []
    assert visit.complaints == []
