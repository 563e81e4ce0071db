"""What takes longer than a slider: each assumption alone, from end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from empowersim.experiments.live import Asked
from empowersim.experiments.tornado import FUTURES, Tornado, tornado
from empowersim.parameters import passports

FIRST_TOPIC: Final = "mentoring"
_LEFT_OUT: Final = ("survey", "outcomes")
"""Topics of which nothing moves an effect, or which are chosen and not unknown."""
_HOUSEHOLDS: Final = 2000
"""Households of a future here: there are two simulations an assumption."""


def topics() -> list[str]:
    """Topics of assumptions that can be moved, the first one first."""
    found = dict.fromkeys(one.topic for one in passports().values() if one.topic not in _LEFT_OUT)
    return [FIRST_TOPIC, *(topic for topic in found if topic != FIRST_TOPIC)]


def storm(
    scenario: Any,
    policy: str,
    against: str,
    outcome: str,
    chosen: Sequence[str],
    asked: Asked,
    told: Callable[[int, int, str], None],
) -> Tornado:
    """Move the assumptions of some topics, one at a time; what `told` raises ends it."""
    households = _HOUSEHOLDS if asked.households is None else min(asked.households, _HOUSEHOLDS)
    return tornado(
        scenario,
        policy,
        against,
        outcome=outcome,
        parameters=list(chosen),
        futures=FUTURES,
        households=households,
        months=asked.months,
        seed=asked.seed,
        progress=told,
    )
