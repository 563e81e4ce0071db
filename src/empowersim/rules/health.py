"""Illness of an earner, informal insurance of the loss, preventive practice, physical health.

Severe illness is poorly insured, moderate illness well, and the poor least (Gertler and Gruber 2002; Sparrow
et al. 2014; C030-C035). Practice comes from taking part in groups (Prost et al. 2013,
C140-C142). Coefficients: ``health.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, TWO, ZERO, clip, flag, lesser

SEVERE = ONE + HALF
"""Between moderate (1) and severe (2)."""


@rule
def recovery_factor(p: Any, care: float, access: float) -> float:
    """Factor (0 and up) on the hazard of recovery: `care` practice 0-1 helps, poor `access` to services 0-1 delays."""
    return (ONE + p.recovery_per_care * care) * (ONE - p.recovery_per_access * (ONE - access))


@rule
def next_illness(p: Any, illness: float, practice: float, morbidity: float, recovering: float, draw: float) -> float:
    """Illness next month: 0 none, 1 moderate, 2 severe. One uniform serves onset and recovery, as only one applies.

    `practice` of prevention 0-1, `morbidity` and `recovering` factors, `draw` uniform.
    """
    prevented = (ONE - p.illness_prevented * practice) * morbidity
    severe = p.severe_hazard * prevented
    onset = select(draw < severe, TWO, flag(draw < severe + p.moderate_hazard * prevented))
    recovery = recovering * select(illness > SEVERE, p.severe_recovery, p.moderate_recovery)
    stays = select(draw > recovery, illness, ZERO)
    return select(illness < HALF, onset, stays)


@rule
def income_lost_to_illness(p: Any, illness: float) -> float:
    """Share of income (0-1) lost this month."""
    return select(illness > SEVERE, p.severe_income_loss, select(illness > HALF, p.moderate_income_loss, ZERO))


@rule
def insured_share(p: Any, illness: float, log_normal_income: float, rural: float) -> float:
    """Share (0-1) of the loss from illness that relatives and neighbours make good; less for poor and rural."""
    base = select(illness > SEVERE, p.severe_insured, p.moderate_insured)
    return clip(base + p.insured_per_income * log_normal_income - p.rural_insurance * rural, ZERO, p.insured_most)


@rule
def insured_money(insured: float, lost: float, earned: float, shock: float) -> float:
    """Money (L a month) that relatives and neighbours make good, of what a village-wide shock has left to lose.

    `insured` share of the loss, `lost` share of what is `earned` (L a month), `shock` share lost to the shock.
    """
    left: Any = ONE - shock
    return insured * lost * earned * left


@rule
def next_health_practice(p: Any, practice: float, meetings: float, diffused: float, pace: float) -> float:
    """Preventive practice (0-1) next month; `meetings` attended a month, `diffused` learned from neighbours."""
    learned = lesser(p.practice_per_meeting * pace * meetings, ONE) * (ONE - practice)
    return clip(practice + learned - p.practice_loss * practice + diffused, ZERO, ONE)


@rule
def next_child_growth(p: Any, growth: float, log_consumption: float, family_practice: float) -> float:
    """Growth of small children (SD): it follows feeding practice and consumption over years."""
    target = p.growth_per_family_practice * family_practice + p.growth_per_consumption * log_consumption
    return growth + p.growth_adjustment * (target - growth)


@rule
def next_health(p: Any, health: float, log_consumption: float, practice: float, illness: float) -> float:
    """Physical health (SD) next month: follows consumption, practice and severe illness (C056)."""
    target = p.health_per_consumption * log_consumption + p.health_per_practice * practice
    hurt = p.severe_health_loss * flag(illness > SEVERE)
    return health + p.health_adjustment * (target - hurt - health)
