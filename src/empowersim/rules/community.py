"""What neighbours share: last month's community values, and shocks that hit all of a village.

Households meet only through last month's means, so their order cannot matter. Kin sharing is
kept small (C150), diffusion of practice has no evidence row: assumed. Coefficients: ``community.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule
from empowersim.maths import ONE, flag, greater, positive


@rule
def practice_from_neighbours(p: Any, practice: float, mean_practice: float) -> float:
    """Business practice (0-1 a month) imitated from better neighbours."""
    return p.practice_diffusion * positive(mean_practice - practice)


@rule
def health_practice_from_neighbours(p: Any, practice: float, mean_participation: float) -> float:
    """Health practice (0-1 a month) picked up where many take part in groups."""
    gain = p.diffusion_practice_health * p.practice_diffusion * mean_participation * (ONE - practice)
    return gain * flag(practice < p.diffusion_ceiling)


@rule
def shared_by_kin(p: Any, normal_income: float, mean_income: float) -> float:
    """What kin give (+) or take (-), L a month: a small share of the distance to the village mean."""
    return p.kin_sharing * (mean_income - normal_income)


@rule
def next_shock(p: Any, shock: float, shock_now: float) -> float:
    """Share of income (0-1) lost to village-wide shocks: a new one, or what is left of the last."""
    return greater(p.shock_memory * shock, shock_now)


@rule
def village_shock(hazard: float, size: float, draw: float) -> float:
    """Share of income (0-1) that a village-wide shock takes this month; 0 in most months."""
    return flag(draw < hazard) * size
