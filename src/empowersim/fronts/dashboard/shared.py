"""What all sessions of the dashboard share: simulated lives, keyed by what they depend on. Nothing of a session."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from empowersim.experiments.live import Live

if TYPE_CHECKING:
    from empowersim.experiments.live_file import LiveFile
    from empowersim.fronts.labels import Lang


@cache
def live() -> Live:
    """The one engine of this process."""
    return Live()


def prepare(lang: Lang, file: LiveFile | None) -> None:
    """Simulate what the first screen will ask, so that nobody need wait for it."""
    from empowersim.fronts.dashboard import files, state

    session = state.begin(lang, file=file)
    said = state.question(session, head=files.head(session.file.shown))
    live().execute(live().plan(session.file.read(said.text), said.asked))
