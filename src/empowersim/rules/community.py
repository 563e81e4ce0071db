"""What neighbours share: last month's community values, and shocks that hit all of a village.

Households meet only through last month's means, so their order cannot matter. Kin sharing is
kept small (C150), diffusion of practice has no evidence row: assumed. Coefficients: ``community.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, ZERO, clip, flag, greater, positive


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
def referral_success(p: Any, coordinated: float) -> float:
    """Share (0-1) of referrals that succeed; `coordinated` 1 = a desk between offices."""
    return select(coordinated > HALF, p.referral_success_coordinated, p.referral_success)


@rule
def next_claims(p: Any, claims: float, represented: float, cases: float, voice: float, success: float) -> float:
    """Share (0-1) of missing entitlements obtained; `represented` contact 0-1, `cases` brokered a month, `voice` SD."""
    effort = p.claims_per_contact * represented + p.claims_per_case * cases + p.claims_per_voice * positive(voice)
    return clip(claims + success * effort * (ONE - claims) - p.claims_loss * claims, ZERO, ONE)


@rule
def entitlement(p: Any, claims: float, missing: float, normal_income: float) -> float:
    """Entitlements that come in (L a month), of `missing` L; they are meant for households up to an income limit."""
    return claims * missing * flag(normal_income < p.claims_income_limit)


@rule
def market_share(p: Any, access: float, collective: float) -> float:
    """Share (0 and up) of the price that reaches the household; collective bargaining narrows the wedge."""
    wedge = positive(ONE - access)
    return access + wedge * p.bargaining * positive(collective - p.collective_start)


@rule
def theft_chance(p: Any, hazard: float, mean_poor: float, collective: float) -> float:
    """Chance (0-1 a month) of a theft: more where many are poor, less where neighbours watch."""
    return hazard * (ONE + p.theft_per_poverty * mean_poor) * (ONE - p.theft_prevented * collective)


@rule
def next_collective(p: Any, collective: float, participation: float, deliberation: float) -> float:
    """Collective capability (0-1) next month; mean `participation` 0-1, `deliberation` meetings a month."""
    gained = (p.collective_per_participation * participation + p.collective_per_meeting * deliberation) * (
        ONE - collective
    )
    return clip(collective + gained + p.collective_return * (p.collective_start - collective), ZERO, ONE)


@rule
def next_culture(p: Any, culture: float, misfit: float, adat: float) -> float:
    """Index (0-1) of local values kept; `misfit` = mean misfit of what people take part in, 0-1."""
    harmed = p.culture_harm * misfit * adat
    return clip(culture - harmed + p.culture_return * (p.culture_start - culture), ZERO, ONE)


@rule
def next_shock(p: Any, shock: float, shock_now: float) -> float:
    """Share of income (0-1) lost to village-wide shocks: a new one, or what is left of the last."""
    return greater(p.shock_memory * shock, shock_now)


@rule
def village_shock(hazard: float, size: float, draw: float) -> float:
    """Share of income (0-1) that a village-wide shock takes this month; 0 in most months."""
    return flag(draw < hazard) * size
