"""What all sessions of the dashboard share: simulated lives, keyed by what they depend on. Nothing of a session."""

from __future__ import annotations

from functools import cache

from empowersim.experiments.live import Live


@cache
def live() -> Live:
    """The one engine of this process."""
    return Live()


def prepare(written: str, shown: str) -> None:
    """Simulate what a scenario file asks, so that the first screen need not wait."""
    from empowersim.scenario.load import loads

    live().execute(live().plan(loads(written, shown), None))
