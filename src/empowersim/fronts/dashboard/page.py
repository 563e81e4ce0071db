"""The page: widgets of Streamlit around plain functions. It decides nothing and computes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import streamlit as st

from empowersim._jit import is_compiled
from empowersim.errors import EmpowersimError
from empowersim.experiments.live import FUTURES
from empowersim.experiments.live_file import LiveFile, Need
from empowersim.fronts import numbers
from empowersim.fronts.dashboard import charts, files, sidebar, state, words
from empowersim.fronts.dashboard.held import DONE, HELD, LAST, draw, policy_name
from empowersim.fronts.dashboard.more import show_more
from empowersim.fronts.dashboard.shared import live
from empowersim.fronts.dashboard.shown import Shown
from empowersim.fronts.dashboard.state import FIRM, Question, Session
from empowersim.fronts.labels import Lang, label, text
from empowersim.results.comparison import Comparison
from empowersim.results.tables import EXITS

_STYLE: Final = Path(__file__).with_name("style.css")
_FAN: Final = ("poverty_headcount", "poverty_gap", "squared_poverty_gap", "empowerment_index", "independence")
_OUTCOMES: Final = (*_FAN, EXITS, "household_years_out_of_poverty", "cost")
_SIDEBAR: Final = 380


def show(lang: Lang = "en", file: Callable[[], LiveFile] | None = None, place: str = "") -> None:
    """Draw the page for the session that asks; `file` reads the scenario named on the command line."""
    if HELD not in st.session_state:
        st.session_state[HELD] = state.begin(
            lang, file=None if file is None else file(), **({"place": place} if place else {})
        )
    session: Session = st.session_state[HELD]
    st.set_page_config(page_title="empowersim", layout="wide", initial_sidebar_state=_SIDEBAR)
    st.html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
    # the language of the page is said to screen readers; the only script there is, and it holds no text of anybody
    st.html(
        f"<script>document.documentElement.lang = {'id' if session.lang == 'id' else 'en'!r};</script>",
        unsafe_allow_javascript=True,
    )
    with st.sidebar:
        st.html(f'<a class="skip" href="#results">{text("dashboard.skip", session.lang)}</a>')
        sidebar.where(session)
        sidebar.levers(session)
    said = _ask(session)
    with st.sidebar:
        need = sidebar.meters(session, said)
        sidebar.side_by_side(session)
        sidebar.other_programmes(session)
        sidebar.sizes(session)
        sidebar.uploads(session)
    st.html(f'<h1 id="results" tabindex="-1">{text("dashboard.title", session.lang)}</h1>')
    _main(session, said, need)


def _ask(session: Session) -> Question | EmpowersimError:
    try:
        return state.question(session, head=files.head(session.file.shown))
    except EmpowersimError as error:
        return error


def _main(session: Session, said: Question | EmpowersimError, need: Need | None) -> None:
    lang = session.lang
    if isinstance(said, EmpowersimError):
        st.html(words.alert(str(said).splitlines()))
        return
    assert need is not None
    stale = not session.ceiling.kept(need)
    last: tuple[Comparison, Question, Session, Need] | None = st.session_state.get(LAST)
    if stale:
        sentences = words.over(need, session.ceiling, lang)
        if last is not None:
            before = last[3]
            sentences.append(
                text(
                    "dashboard.over.stale",
                    lang,
                    money=numbers.rupiah(before.money, lang),
                    posts=numbers.number(before.posts, 0, lang),
                )
            )
        else:
            sentences.append(text("dashboard.over.none", lang))
        st.html(words.alert(sentences))
        if last is None:
            return
        comparison, said = last[0], last[1]
    else:
        try:
            comparison = _answered(session, said)
        except EmpowersimError as error:
            st.html(words.alert(str(error).splitlines()))
            return
        st.session_state[LAST] = (comparison, said, None, need)
    shown = Shown(comparison, said.slots, session.mix.name, session.file.reference)
    with st.container(key="results_stale" if stale else "results"):
        _first_screen(session, shown)
        show_more(session, shown, said)


def _answered(session: Session, said: Question) -> Comparison:
    """The comparison; a progress bar where it takes long enough to be seen."""
    lang = session.lang
    key = (said.text, session.file.survey)
    done: tuple[Any, Comparison] | None = st.session_state.get(DONE)
    if done is not None and done[0] == key:
        return done[1]
    scenario = session.file.read(said.text)
    engine = live()
    made = engine.plan(scenario, said.asked, reference=session.reference or None)
    waiting = engine.missing(made)
    if waiting <= 2 * FUTURES and is_compiled():
        st.session_state[DONE] = (key, engine.execute(made))
        return cast(Comparison, st.session_state[DONE][1])
    with st.empty().container():
        first = not is_compiled()
        what = text("dashboard.wait_first", lang) if first else text("dashboard.wait", lang, n=said.asked.futures)
        bar = st.progress(0.0, text=what)
        if said.asked.futures > session.futures:
            st.button(text("dashboard.firm.stop", lang), key="stop", on_click=lambda: setattr(session, "firm", ("", 0)))

        def told(done: int, total: int, _: str) -> None:
            count = text("dashboard.firm.progress", lang, done=done, total=total)
            bar.progress(done / total, text=f"{what}: {count}")

        st.session_state[DONE] = (key, engine.execute(made, progress=told))
    st.rerun()


def _first_screen(session: Session, shown: Shown) -> None:
    lang = session.lang
    st.html(words.paragraph(words.verdict(shown, lang), "verdict", "status"))
    st.html(words.paragraph(words.ranked(shown, lang), "said") + words.cards_html(words.cards(shown, lang)))
    left, right = st.columns(2, gap="medium")
    with left:
        measure = st.selectbox(
            text("dashboard.outcome.label", lang), _FAN, format_func=lambda one: label(one, lang), key="fan_outcome"
        )
        kind = st.radio(
            text("dashboard.chart.as", lang),
            ("level", "change"),
            format_func=lambda one: text(f"dashboard.chart.as_{one}", lang),
            key="fan_kind",
            horizontal=True,
            label_visibility="collapsed",
        )
        drawn = charts.fan if kind == "level" else charts.change_over_time
        draw(drawn(shown, measure, lang), "fan", text(f"dashboard.chart.note_{kind}", lang, **_band(shown, lang)))
    with right:
        one, two = st.columns(2)
        outcome = one.selectbox(
            text("dashboard.outcome.difference", lang),
            _OUTCOMES,
            index=_OUTCOMES.index(EXITS),
            format_func=lambda name: label(name, lang),
            key="difference_outcome",
        )
        against = ["", *session.beside]
        st.session_state["reference"] = session.reference
        two.selectbox(
            text("dashboard.comparator.label", lang),
            against,
            format_func=lambda name: policy_name(session, name or session.file.reference),
            key="reference",
            on_change=lambda: setattr(session, "reference", st.session_state["reference"]),
        )
        draw(charts.difference(shown, outcome, lang), "difference", "")
    st.html(words.paragraph(words.caution(shown, lang), "caution"))
    _firm(session, shown)


def _band(shown: Shown, lang: Lang) -> dict[str, str]:
    comparison = shown.comparison
    return {
        "n": numbers.number(comparison.replicates, 0, lang),
        "reference": shown.name(comparison.reference, lang),
    }


def _firm(session: Session, shown: Shown) -> None:
    lang = session.lang
    now = shown.comparison.replicates
    more = [count for count in FIRM if count > now]
    if not more:
        return
    columns = st.columns([1] * len(more) + [1])
    for column, count in zip(columns, more, strict=False):

        def firm(futures: int = count) -> None:
            session.firm = ("", 0)
            session.firm = (state.question(session, head=files.head(session.file.shown)).digest, futures)

        column.button(text("dashboard.firm.button", lang, n=count), key=f"firm_{count}", on_click=firm, width="stretch")


__all__ = ["show"]
