"""Checks of what is asked: the two ceilings, and where sliders end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from empowersim.experiments.live_file import LiveFile, Need

_SLACK: Final = 0.5
"""Rupiah, or part of a post, that rounding may seem to add."""
_UNITS: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_ENOUGH: Final = 2.0
_STEPS: Final = 100
_LEAST_POSTS: Final = 20
_TENS: Final = 10


@dataclass(frozen=True)
class Ceiling:
    """What may be spent: IDR a year, and mentor posts."""

    money: float
    posts: float

    def money_kept(self, need: Need) -> bool:
        """Whether the money is enough."""
        return need.money <= self.money + _SLACK

    def posts_kept(self, need: Need) -> bool:
        """Whether the posts are enough."""
        return need.posts <= self.posts + _SLACK

    def kept(self, need: Need) -> bool:
        """Whether both are."""
        return self.money_kept(need) and self.posts_kept(need)


def usual_ceiling(file: LiveFile) -> Ceiling:
    """The ceilings to begin with: what the dearest policy of the file asks for, rounded up."""
    months = file.scenario.settings.months
    needs = [file.need(policy, months) for policy in file.scenario.policies.values()]
    money = max((need.money for need in needs), default=0.0) or 1e9
    posts = max((need.posts for need in needs), default=0.0)
    step = step_of(money)
    return Ceiling(
        money=math.ceil(money / step - 1e-9) * step, posts=max(math.ceil(posts / _TENS) * _TENS, _LEAST_POSTS)
    )


def unit_of(money: float) -> tuple[float, str]:
    """Size and name of the unit in which amounts up to `money` are told: trillion, billion or million."""
    return next(((size, name) for size, name in _UNITS if money >= _ENOUGH * size), _UNITS[-1])


def step_of(money: float) -> float:
    """A round step (1, 2 or 5 times a power of ten, in IDR) of which about a hundred make `money`."""
    rough = max(money, 1e6) / _STEPS
    size = 10.0 ** math.floor(math.log10(rough))
    return float(next(part * size for part in (1.0, 2.0, 5.0, 10.0) if part * size >= rough - 1e-6 * rough))


__all__ = ["Ceiling", "step_of", "unit_of", "usual_ceiling"]
