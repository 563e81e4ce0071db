"""How long a planner waits: from a slider's key press to the new charts in the browser, and the parts of it.

    python benchmarks/dashboard_latency.py [--changes 12]

5,000 households, 60 months, 20 futures, all cores. Each change is a mix that was never seen before. Parts: the lives of
the new mix (numba kernels), the whole live comparison (reduction and tables on top), building the charts, and the whole
way in headless Chromium. Minimum and median of the changes; the machine should do nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "src"))


def timed(changes: int, work: Callable[[int], object]) -> list[float]:
    found = []
    for number in range(changes):
        start = time.perf_counter()
        work(number)
        found.append(1000.0 * (time.perf_counter() - start))
    return found


def told(what: str, milliseconds: list[float]) -> None:
    print(f"{what:<52} min {min(milliseconds):7.0f} ms   median {statistics.median(milliseconds):7.0f} ms", flush=True)


def engine(changes: int) -> None:
    """The parts without a browser."""
    import json

    from empowersim.engine.simulate import run_from
    from empowersim.experiments.compare import _common
    from empowersim.experiments.executors import map_replicates
    from empowersim.experiments.live import _Keys
    from empowersim.fronts import views
    from empowersim.fronts.dashboard import charts, state, words
    from empowersim.fronts.dashboard.shared import live
    from empowersim.fronts.dashboard.shown import Shown

    session = state.begin()
    asked = session.asked

    def question(posts: int) -> state.Question:
        state.set_posts(session, posts)
        return state.question(session)

    made = live().plan(session.file.read(question(100).text), asked)
    live().execute(made)
    keys, common = _Keys(made), _common(made)
    burnt = [live().cache.get(keys.burn_in(number), lambda: None) for number in range(made.replicates)]
    policy = made.compiled.policies[session.mix.name]

    def lives(_: int) -> list[object]:
        def one(number: int) -> object:
            return run_from(burnt[number], [policy], replicate=number, threads=1, **common)

        return list(map_replicates(one, range(made.replicates), live().threads))

    told("lives of the mix (20 futures, kernels)", timed(changes, lives))

    def compared(number: int) -> None:
        said = question(101 + number)
        session.shown = Shown(  # type: ignore[attr-defined]
            live().compare(session.file.read(said.text), asked), said.slots, session.mix.name, session.file.reference
        )

    told("file, lives, reduction, tables (`Live.compare`)", timed(changes, compared))
    shown: Shown = session.shown  # type: ignore[attr-defined]

    def drawn(_: int) -> None:
        words.cards_html(words.cards(shown, "en"))
        words.ranked(shown, "en")
        for chart in (
            charts.fan(shown, "poverty_gap", "en"),
            charts.difference(shown, "sustained_exits_won", "en"),
        ):
            json.dumps(chart.spec)

    told("words and charts of the first screen (Vega-Lite)", timed(changes, drawn))

    def pictured(_: int) -> None:
        for view in ("fan", "difference"):
            views.draw(shown.answer, view).figure.savefig("/dev/null", format="svg")

    told("the same two charts by matplotlib as SVG", timed(min(changes, 4), pictured))


def browser(changes: int) -> None:
    """The whole way: key press to new charts."""
    from helpers_dashboard import answered, browser, served

    with served() as address, browser() as chrome:
        page = chrome.new_page(viewport={"width": 1366, "height": 768})
        start = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(".verdict", timeout=120_000)
        answered(page)
        print(f"first screen, everything still to be simulated: {time.perf_counter() - start:.1f} s")
        slider = page.get_by_role("slider", name="Skills training").first
        slider.focus()
        words, drawn = [], []
        for _ in range(changes):
            # stamped inside the page, so that waiting for the answer here adds nothing
            page.evaluate(
                """() => { const chart = () => document.querySelectorAll('[data-testid="stVegaLiteChart"]')[1];
                const meter = () => document.querySelector('.meter p')?.innerText;
                const [old, used] = [chart()?.innerHTML, meter()];
                window.said = window.drawn = 0; window.begun = performance.now();
                const look = () => {
                  if (!window.said && meter() && meter() !== used) window.said = performance.now() - window.begun;
                  if (chart()?.querySelector('svg') && chart().innerHTML !== old)
                    window.drawn = performance.now() - window.begun; else requestAnimationFrame(look); };
                requestAnimationFrame(look); }"""
            )
            slider.press("ArrowLeft")
            page.wait_for_function("window.drawn > 0", timeout=30_000)
            words.append(page.evaluate("window.said"))
            drawn.append(page.evaluate("window.drawn"))
            answered(page)
        told("in the browser: key press to the meters", words)
        told("in the browser: key press to the new charts", drawn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=12, help="changes of the slider (default: 12)")
    parser.add_argument("--no-browser", action="store_true", help="only the parts without a browser")
    asked = parser.parse_args()
    engine(asked.changes)
    if not asked.no_browser:
        browser(asked.changes)


if __name__ == "__main__":
    main()
