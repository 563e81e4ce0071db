"""The tabs below the first screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from empowersim.errors import EmpowersimError
from empowersim.experiments.answer import Ceilings
from empowersim.experiments.live_file import LiveMix
from empowersim.fronts import numbers
from empowersim.fronts.dashboard import deep, files, tabs, words
from empowersim.fronts.dashboard.drawing import Chart
from empowersim.fronts.dashboard.held import DEEP, draw
from empowersim.fronts.dashboard.shared import live
from empowersim.fronts.dashboard.shown import Shown
from empowersim.fronts.dashboard.state import Question, Session
from empowersim.fronts.labels import label, text
from empowersim.results.tables import EXITS, RATIOS

_MOST_DEEP: Final = 6


def show_more(session: Session, shown: Shown, said: Question) -> None:
    """Draw the tab that is open; the others cost nothing."""
    lang = session.lang
    names = ("mix", "money", "effect", "who", "change", "table")
    drawn: dict[str, Callable[[Session, Shown, Question], None]] = {
        "mix": _tab_mix,
        "money": _tab_money,
        "effect": _tab_effect,
        "who": _tab_who,
        "change": _tab_change,
        "table": _tab_table,
    }
    made = st.tabs([text(f"dashboard.tab.{name}", lang) for name in names], key=f"tabs_{lang}", on_change="rerun")
    for name, tab in zip(names, made, strict=True):
        if tab.open:
            with tab:
                drawn[name](session, shown, said)


def _mixes(session: Session, shown: Shown) -> dict[str, LiveMix]:
    found = {}
    for name in shown.ordered[:-1]:
        if name == session.mix.name:
            found[name] = session.mix
        else:
            found[name] = session.saved.get(name) or session.file.start(name, name, name)
    return found


def _tab_mix(session: Session, shown: Shown, said: Question) -> None:
    scenario = session.file.read(said.text)
    mixes = {name: mix for name, mix in _mixes(session, shown).items() if name in scenario.policies}
    needs = {name: session.file.need(scenario.policies[name], session.months) for name in mixes}
    mentors = {name: need.mentors for name, need in needs.items()}
    draw(tabs.mix_chart(shown, session.file, mixes, mentors, session.lang), "mix", "")
    heads = tuple(text(f"dashboard.heads.{head}", session.lang) for head in ("policy", "money_year", "posts"))
    rows = [
        (
            shown.name(name, session.lang),
            numbers.rupiah(need.money, session.lang),
            numbers.number(need.posts, 0, session.lang),
        )
        for name, need in needs.items()
    ]
    st.html(words.table_html(text("dashboard.tab.mix", session.lang), heads, rows))


def _tab_money(session: Session, shown: Shown, _: Question) -> None:
    draw(tabs.money_chart(shown, session.lang, session.ceiling.money), "money", "")
    hours = tabs.hours_chart(shown, session.lang)
    if hours is not None:
        draw(hours, "hours", "")


def _tab_effect(session: Session, shown: Shown, said: Question) -> None:
    lang = session.lang
    heads, rows = tabs.money_table(shown, lang)
    st.html(words.table_html(text("dashboard.tab.effect", lang), heads, rows))
    outcome = _outcome()
    found = _kept(session, said, "curve", f"{outcome}", text("dashboard.effect.button", lang), _curve)
    if found is not None:
        draw(tabs.curve_chart(found, outcome, shown, lang), "curve", "")


def _curve(session: Session, shown_text: str, said: Question, told: Callable[[int, int, str], None]) -> Any:
    return live().curve(session.file.read(shown_text), session.mix.name, said.asked, progress=told)


def _outcome() -> str:
    """The outcome that policies are compared by on the first screen."""
    return str(st.session_state.get("difference_outcome", EXITS))


def _kept(
    session: Session,
    said: Question,
    kind: str,
    more: str,
    button: str,
    make: Callable[[Session, str, Question, Callable[[int, int, str], None]], Any],
) -> Any:
    """What was made for this question; a button where it was not, progress and a stop while it is made."""
    lang = session.lang
    key = f"{kind} {said.digest} {said.asked.futures} {more}"
    store: dict[str, Any] = st.session_state.setdefault(DEEP, {})
    if key in store:
        return store[key]
    if not st.button(button, key=f"make_{kind}"):
        return None
    bar = st.progress(0.0, text=button)
    st.button(text("dashboard.firm.stop", lang), key=f"stop_{kind}")

    def told(done: int, total: int, _: str) -> None:
        bar.progress(done / total, text=text("dashboard.firm.steps", lang, done=done, total=total))

    try:
        found = make(session, said.text, said, told)
    except EmpowersimError as error:
        st.html(words.alert(str(error).splitlines()))
        return None
    while len(store) >= _MOST_DEEP:
        del store[next(iter(store))]
    store[key] = found
    st.rerun()


def _tab_who(session: Session, shown: Shown, _: Question) -> None:
    lang = session.lang
    heads, rows = tabs.reach_table(shown, lang)
    st.html(words.table_html(text("dashboard.reach.title", lang), heads, rows))
    st.html(words.paragraph(text("dashboard.reach.note", lang), "caution"))
    left, right = st.columns(2)
    with left:
        dimension = st.selectbox(
            text("dashboard.by.label", lang),
            tabs.DIMENSIONS,
            format_func=lambda one: text(f"dashboard.by.{one}", lang),
            key="who_dimension",
        )
        _chart(tabs.who_chart(shown, dimension, lang), "who")
    with right:
        figure = st.selectbox(
            text("dashboard.places.label", lang),
            tabs.VILLAGE_FIGURES,
            format_func=lambda one: text(f"dashboard.places.{one}", lang),
            key="places_figure",
        )
        _chart(tabs.places_chart(shown, figure, lang), "places")


def _chart(chart: Chart | None, key: str) -> None:
    if chart is not None:
        draw(chart, key, "")


def _tab_change(session: Session, shown: Shown, said: Question) -> None:
    lang = session.lang
    others = [name for name in shown.ordered[1:] if name != shown.mix]
    left, right = st.columns(2)
    against = left.selectbox(
        text("dashboard.change.against", lang),
        others,
        format_func=lambda one: shown.name(one, lang),
        key="storm_against",
    )
    topics = right.multiselect(
        text("dashboard.change.topics", lang),
        deep.topics(),
        default=[deep.FIRST_TOPIC],
        format_func=lambda one: text(f"dashboard.topic.{one}", lang),
        key="storm_topics",
        placeholder=text("dashboard.mix.choose", lang),
    )
    outcome = _outcome()
    if not topics or outcome in RATIOS:
        return
    st.html(words.paragraph(text("dashboard.change.note", lang, outcome=label(outcome, lang)), "caution"))

    def storm(held: Session, written: str, question: Question, told: Callable[[int, int, str], None]) -> Any:
        return deep.storm(held.file.read(written), held.mix.name, against, outcome, topics, question.asked, told)

    more = f"{against} {outcome} {sorted(topics)}"
    found = _kept(session, said, "storm", more, text("dashboard.change.button", lang), storm)
    if found is not None:
        draw(tabs.tornado_chart(found, shown, lang), "storm", text("dashboard.change.grades", lang))


def _tab_table(session: Session, shown: Shown, said: Question) -> None:
    lang = session.lang
    heads, rows = tabs.tidy(shown, lang)
    names = files.names(session.file.scenario.name)
    buttons = st.columns(4)
    answer = _deepened(session, shown, said)
    buttons[2].download_button(
        text("dashboard.file.report", lang),
        partial(files.report, answer, names["scenario"], lang),
        names["report"],
        "text/html",
        key="get_report",
        on_click="ignore",
        width="stretch",
    )
    buttons[3].download_button(
        text("dashboard.file.excel", lang),
        partial(files.excel, answer, names["scenario"], lang),
        names["excel"],
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        key="get_excel",
        on_click="ignore",
        width="stretch",
    )
    buttons[0].download_button(
        text("dashboard.file.scenario", lang),
        said.text.encode(),
        names["scenario"],
        "application/yaml",
        key="get_scenario",
        on_click="ignore",
        width="stretch",
    )
    buttons[1].download_button(
        text("dashboard.file.csv", lang),
        tabs.csv_of(shown, semicolon=lang == "id"),
        names["csv"],
        "text/csv",
        key="get_csv",
        on_click="ignore",
        width="stretch",
    )
    st.html(words.table_html(text("dashboard.tab.table", lang), heads, rows))


def _deepened(session: Session, shown: Shown, said: Question) -> Any:
    """The answer with the budget curve and the tornado that were made for it on the page."""
    store: dict[str, Any] = st.session_state.get(DEEP, {})
    found = {}
    for key, value in store.items():
        kind, digest, futures, _ = key.split(" ", 3)
        if digest == said.digest and int(futures) == said.asked.futures:
            found["curve" if kind == "curve" else "tornado"] = value
    ceilings = Ceilings(session.ceiling.money, session.ceiling.posts)
    return replace(shown.answer, ceilings=ceilings, scenario=session.file.read(said.text), **found)
