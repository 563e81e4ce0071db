"""Take the pictures of the dashboard in docs/img: both languages, a laptop's screen and a telephone's.

Run from the project's folder, with Chromium installed: python scripts/dashboard_pictures.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from helpers_dashboard import answered, browser, served  # noqa: E402

SIZES = {"wide": {"width": 1366, "height": 768}, "narrow": {"width": 390, "height": 844}}
TABS = {"who": ("Who and where", "Siapa dan di mana"), "money": ("Money and people", "Uang dan pendamping")}


def main() -> None:
    folder = ROOT / "docs" / "img"
    for at, lang in enumerate(("en", "id")):
        with served("--lang", lang) as address, browser() as chrome:
            for size, viewport in SIZES.items():
                page = chrome.new_page(viewport=viewport)
                page.goto(address)
                answered(page)
                page.wait_for_timeout(500)
                page.screenshot(path=folder / f"dashboard_{size}_{lang}.png")
                if size == "wide":
                    for name, tabs in TABS.items():
                        page.get_by_role("tab", name=tabs[at]).click()
                        page.wait_for_timeout(500)
                        answered(page)
                        page.get_by_role("tab", name=tabs[at]).evaluate("tab => tab.scrollIntoView(true)")
                        page.wait_for_timeout(800)
                        page.screenshot(path=folder / f"dashboard_{name}_{lang}.png", full_page=False)
                    box = page.get_by_label(
                        ("Mentors, exact number of posts", "Pendamping, jumlah posisi yang tepat")[at], exact=True
                    )
                    box.fill("260")
                    box.press("Enter")
                    page.wait_for_selector('[role="alert"]')
                    page.wait_for_timeout(500)
                    page.screenshot(path=folder / f"dashboard_ceiling_{lang}.png")
                page.close()


if __name__ == "__main__":
    main()
