"""Where a session's choices lie between two runs of the script, and how charts are put on the page."""

from __future__ import annotations

from typing import Final

import streamlit as st

from empowersim.fronts.dashboard import words
from empowersim.fronts.dashboard.drawing import Chart
from empowersim.fronts.dashboard.state import Session
from empowersim.fronts.labels import Lang, bundled, text

HELD: Final = "_session"
LAST: Final = "_last"
DEEP: Final = "_deep"
DONE: Final = "_done"


def draw(chart: Chart, key: str, note: str) -> None:
    """A chart, its sentence, and its numbers below."""
    lang: Lang = st.session_state[HELD].lang
    st.vega_lite_chart(spec=chart.spec, theme=None, key=f"chart_{key}", alt=chart.alt, width="stretch")
    st.html(words.paragraph(chart.alt, "said") + (words.paragraph(note, "caution") if note else ""))
    with st.expander(text("dashboard.chart.data", lang)):
        st.html(words.table_html(chart.title, chart.heads, chart.rows))


def policy_name(session: Session, name: str) -> str:
    """What people call a policy of the file or a saved mix."""
    if name in session.saved:
        return session.saved[name].label
    labels = session.file.scenario.policies[name].label
    return bundled(labels.get(session.lang) or labels.get("en") or name, session.lang)
