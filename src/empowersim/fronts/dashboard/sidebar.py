"""The left side: place, language, sliders with number boxes, meters, what stands beside, ceilings, uploads."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from empowersim.errors import EmpowersimError
from empowersim.experiments.live_file import LONGEST_LABEL, LiveFile, Need
from empowersim.fronts import numbers
from empowersim.fronts.dashboard import state, tabs, words
from empowersim.fronts.dashboard.checks import Ceiling, step_of, unit_of
from empowersim.fronts.dashboard.districts import names as place_names
from empowersim.fronts.dashboard.held import HELD, LAST, policy_name
from empowersim.fronts.dashboard.shown import MOST
from empowersim.fronts.dashboard.state import FILE, Question, Session
from empowersim.fronts.dashboard.uploads import (
    MOST_ROWS,
    MOST_SCENARIO_BYTES,
    MOST_SURVEY_BYTES,
    SCENARIO_ENDINGS,
    SURVEY_ENDINGS,
    Upload,
    scenario_of,
    survey_alone,
)
from empowersim.fronts.labels import LANGUAGES, text

_NAMES: Final = {"en": "English", "id": "Bahasa Indonesia"}
_MOST_POSTS: Final = 100_000
_TIMES: Final = 20
"""How far above the ceiling a number box goes."""
_LENGTHS: Final = (12, 24, 36, 48, 60, 72, 96, 120)


def where(session: Session) -> None:
    """Language, place, and which world where the file has both."""
    lang = session.lang
    st.session_state["lang"] = lang
    left, right = st.columns(2, gap="small")
    left.selectbox(
        text("dashboard.language", lang),
        LANGUAGES,
        format_func=lambda one: _NAMES[one],
        key="lang",
        on_change=lambda: state.set_language(session, st.session_state["lang"]),
    )
    there = [*place_names(), *([FILE] if session.place == FILE else [])]
    st.session_state["place"] = session.place
    right.selectbox(
        text("dashboard.place.label", lang),
        there,
        format_func=lambda one: _place_name(session, one),
        key="place",
        on_change=lambda: move(st.session_state["place"]),
    )
    if session.file.both_worlds:
        st.session_state["world"] = bool(session.trap)
        st.radio(
            text("dashboard.world.label", lang),
            (False, True),
            format_func=lambda trap: text("dashboard.world.trap" if trap else "dashboard.world.no_trap", lang),
            key="world",
            on_change=lambda: setattr(session, "trap", st.session_state["world"]),
        )


def _place_name(session: Session, place: str) -> str:
    if place == FILE:
        return text("dashboard.place.file", session.lang, name=Path(session.file.shown).name)
    return text(f"dashboard.place.{place}", session.lang)


def move(place: str, file: LiveFile | None = None) -> None:
    """Go to a place of the library, or to a file."""
    held: Session = st.session_state[HELD]
    if place == FILE and file is None:
        return
    st.session_state[HELD] = state.go_to(held, place, file)
    st.session_state.pop(LAST, None)


def levers(session: Session) -> None:
    """Name of the mix, where it starts from, money of each programme, mentors."""
    lang = session.lang
    st.session_state["label"] = session.mix.label
    left, right = st.columns(2, gap="small")
    left.text_input(
        text("dashboard.mix.name", lang),
        max_chars=LONGEST_LABEL,
        key="label",
        on_change=lambda: state.set_label(session, st.session_state["label"]),
    )
    st.session_state["like"] = None
    right.selectbox(
        text("dashboard.mix.like", lang),
        state.choices(session),
        index=None,
        format_func=lambda one: policy_name(session, one),
        placeholder=text("dashboard.mix.choose", lang),
        key="like",
        help=text("dashboard.mix.like_help", lang),
        on_change=lambda: _start(session, st.session_state["like"]),
    )
    known = {lever.name: lever for lever in session.file.levers}
    used = [name for name, lever in known.items() if lever.used]
    unit = text(f"numbers.{unit_of(session.ceiling.money)[1]}", lang)
    st.html(words.paragraph(text("dashboard.mix.money", lang, unit=unit), "caution"))
    for name in dict.fromkeys((*used, *session.more)):
        _money_row(session, name)
    _posts_row(session)


def other_programmes(session: Session) -> None:
    """Programmes of the library that no policy of the file runs."""
    lang = session.lang
    known = {lever.name: lever for lever in session.file.levers}
    used = [name for name, lever in known.items() if lever.used]
    rest = [name for name in known if name not in used]
    st.session_state["more"] = [name for name in session.more if name in rest]
    st.multiselect(
        text("dashboard.mix.more", lang),
        rest,
        format_func=lambda one: tabs.lever_name(session.file, one, lang),
        key="more",
        placeholder=text("dashboard.mix.more_none", lang),
        on_change=lambda: _set_more(session, st.session_state["more"]),
    )


def _start(session: Session, policy: str | None) -> None:
    if policy is not None:
        state.start_from(session, policy)


def _set_more(session: Session, chosen: list[str]) -> None:
    for gone in set(session.more) - set(chosen):
        state.set_money(session, gone, 0.0)
    session.more = tuple(chosen)


def _money_row(session: Session, name: str) -> None:
    lang = session.lang
    amount = float(session.mix.of(name))
    size, unit = unit_of(session.ceiling.money)
    step = step_of(session.ceiling.money) / size
    called = words.plain(tabs.lever_name(session.file, name, lang))
    said = text(f"numbers.{unit}", lang)
    top = max(session.ceiling.money, amount) / size

    def changed(key: str) -> None:
        state.set_money(session, name, st.session_state[key] * size)

    for key in (f"slide_{name}", f"exact_{name}"):
        st.session_state[key] = amount / size
    left, right = st.columns([9, 5], gap="small", vertical_alignment="bottom")
    left.slider(
        called,
        0.0,
        float(top),
        step=float(step),
        key=f"slide_{name}",
        on_change=partial(changed, f"slide_{name}"),
    )
    right.number_input(
        text("dashboard.mix.exact", lang, programme=called, unit=said),
        0.0,
        float(top) * _TIMES,
        step=float(step),
        format="%.3f" if step < 0.1 else "%.1f",
        key=f"exact_{name}",
        label_visibility="collapsed",
        on_change=partial(changed, f"exact_{name}"),
    )


def _posts_row(session: Session) -> None:
    lang = session.lang
    top = int(max(session.ceiling.posts, session.mix.posts))
    for key in ("slide_posts", "exact_posts"):
        st.session_state[key] = session.mix.posts
    left, right = st.columns([9, 5], gap="small", vertical_alignment="bottom")
    left.slider(
        text("dashboard.mix.posts", lang),
        0,
        top,
        key="slide_posts",
        on_change=lambda: state.set_posts(session, st.session_state["slide_posts"]),
    )
    right.number_input(
        text("dashboard.mix.posts_exact", lang),
        0,
        max(top, _MOST_POSTS),
        key="exact_posts",
        label_visibility="collapsed",
        on_change=lambda: state.set_posts(session, st.session_state["exact_posts"]),
    )


def meters(session: Session, said: Question | EmpowersimError) -> Need | None:
    """What the mix asks for against both ceilings; returned too, None where it is no policy."""
    if isinstance(said, EmpowersimError):
        return None
    policy = session.file.read(said.text).policies[session.mix.name]
    need = session.file.need(policy, session.months)
    st.html(words.meters(need, session.ceiling, session.lang))
    if not session.ceiling.kept(need):

        def fit() -> None:
            ceiling = session.ceiling
            session.mix = session.file.fitted(
                session.mix, policy, session.months, money=ceiling.money, posts=ceiling.posts
            )

        st.button(text("dashboard.over.fit", session.lang), key="fit", type="primary", on_click=fit, width="stretch")
    return need


def side_by_side(session: Session) -> None:
    """Save the mix; choose what stands beside it."""
    lang = session.lang
    if st.session_state.pop("_full", False):
        st.html(words.paragraph(text("dashboard.saved.full", lang), "alert", "status"))

    def save() -> None:
        st.session_state["_full"] = not state.save(session)

    st.button(text("dashboard.saved.save", lang), key="save", on_click=save, width="stretch")
    st.session_state["beside"] = list(session.beside)
    st.multiselect(
        text("dashboard.saved.beside", lang),
        state.choices(session),
        format_func=lambda one: policy_name(session, one),
        key="beside",
        max_selections=MOST - 1,
        placeholder=text("dashboard.mix.choose", lang),
        on_change=lambda: state.show(session, st.session_state["beside"]),
    )
    if any(name not in session.beside for name in session.saved):
        st.button(text("dashboard.saved.forget", lang), key="forget", on_click=lambda: state.forget_hidden(session))


def sizes(session: Session) -> None:
    """Ceilings, horizon, and when the mix stops."""
    lang = session.lang
    size, unit = unit_of(session.ceiling.money)
    with st.expander(text("dashboard.size.head", lang)):
        st.session_state["ceiling_money"] = session.ceiling.money / size
        st.number_input(
            text("dashboard.size.money", lang, unit=text(f"numbers.{unit}", lang)),
            0.0,
            key="ceiling_money",
            step=step_of(session.ceiling.money) / size,
            on_change=lambda: _ceiling(session, st.session_state["ceiling_money"] * size, session.ceiling.posts),
        )
        st.session_state["ceiling_posts"] = int(session.ceiling.posts)
        st.number_input(
            text("dashboard.size.posts", lang),
            0,
            _MOST_POSTS,
            key="ceiling_posts",
            on_change=lambda: _ceiling(session, session.ceiling.money, st.session_state["ceiling_posts"]),
        )
        st.session_state["months"] = session.months
        st.number_input(
            text("dashboard.size.months", lang),
            state.SHORTEST,
            state.LONGEST,
            step=12,
            key="months",
            on_change=lambda: setattr(session, "months", int(st.session_state["months"])),
        )
        st.session_state["runs_for"] = session.mix.runs_for
        lengths = sorted({*_LENGTHS, *([session.mix.runs_for] if session.mix.runs_for else [])})
        st.selectbox(
            text("dashboard.mix.runs_for", lang),
            [None, *lengths],
            format_func=lambda one: text("dashboard.mix.to_end", lang) if one is None else numbers.months(one, lang),
            key="runs_for",
            on_change=lambda: state.set_runs_for(session, st.session_state["runs_for"]),
        )


def _ceiling(session: Session, money: float, posts: float) -> None:
    session.ceiling = Ceiling(float(round(money)), float(posts))


def uploads(session: Session) -> None:
    """A scenario or a survey of one's own."""
    lang = session.lang
    with st.expander(text("dashboard.upload.head", lang), expanded="_refused" in st.session_state):
        scenario = st.file_uploader(
            text("dashboard.upload.scenario", lang, size=numbers.number(MOST_SCENARIO_BYTES // 1024, 0, lang)),
            type=list(SCENARIO_ENDINGS),
            key="upload_scenario",
        )
        survey = st.file_uploader(
            text(
                "dashboard.upload.survey",
                lang,
                size=numbers.number(MOST_SURVEY_BYTES // 2**20, 0, lang),
                rows=numbers.number(MOST_ROWS, 0, lang),
            ),
            type=list(SURVEY_ENDINGS),
            key="upload_survey",
        )
        _take(session, scenario, survey)
        refused = st.session_state.get("_refused")
        if refused:
            st.html(words.alert([text("dashboard.upload.refused", lang), *refused.splitlines()]))
        elif session.place == FILE and (scenario is not None or survey is not None):
            st.html(words.paragraph(text("dashboard.upload.used", lang), "said"))


def _take(session: Session, scenario: Any, survey: Any) -> None:
    """Use what was uploaded, once: the same files again change nothing."""
    given = [None if one is None else Upload(one.name, one.getvalue()) for one in (scenario, survey)]
    sign = hashlib.blake2b(repr([one and (one.name, one.digest) for one in given]).encode(), digest_size=16).hexdigest()
    if sign == st.session_state.get("_uploaded"):
        return
    st.session_state["_uploaded"] = sign
    st.session_state.pop("_refused", None)
    first, second = given
    if first is None and second is None:
        return
    place = session.place if session.place != FILE else place_names()[0]
    try:
        if first is not None:
            found = scenario_of(first, second)
        else:
            assert second is not None
            found = survey_alone(second, place)
    except EmpowersimError as error:
        st.session_state["_refused"] = str(error)
        return
    move(FILE, found)
    st.rerun()
