"""Mentors as agents: hours, competence, burnout, leaving, and what a change of mentor costs.

Forms and values of the domain model, 2.4; turnover after a study of community health workers in
Kwale, Kenya, as a proxy. Nothing here has been measured on mentors in Indonesia. Coefficients: ``mentoring.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, TWO, ZERO, clip, exp, lesser, log, positive


@rule
def hours_left(p: Any, burnout: float) -> float:
    """Share (0-1) of working hours that a mentor at `burnout` (0-1) still gives."""
    return ONE - p.hours_lost_to_burnout * burnout


@rule
def competence_at_work(p: Any, competence: float, months_in_post: float) -> float:
    """Competence (0-1) as it shows; less while the mentor settles in."""
    return competence * select(months_in_post < p.settling_months, p.settling_effect, ONE)


@rule
def next_competence(p: Any, competence: float, burnout: float, course: float, coaching: float) -> float:
    """Competence (0-1) in a role next month: practice, a course this month (0/1), a coaching supervisor (0/1)."""
    practised = p.competence_per_month * select(burnout > p.burnout_learning_limit, HALF, ONE)
    learned = practised + p.competence_per_course * course + p.competence_per_coaching * coaching
    return competence + learned * (ONE - competence)


@rule
def next_burnout(
    p: Any, burnout: float, load: float, admin_share: float, travel_share: float, coaching: float, peers: float
) -> float:
    """Burnout (0-1) next month; `load` = hours wanted over hours there, shares of hours, `coaching` and `peers` 0/1."""
    strain = (
        p.burnout_per_overload * positive(load - ONE)
        + p.burnout_per_admin * positive(admin_share - p.burnout_admin_limit)
        + p.burnout_per_travel * positive(travel_share - p.burnout_travel_limit)
    )
    relief = p.burnout_recovery * burnout + p.burnout_coaching * coaching + p.burnout_peers * peers
    return clip(burnout + strain - relief, ZERO, ONE)


@rule
def leaving_chance(
    p: Any, burnout: float, refreshed: float, coaching: float, pay_ratio: float, permanent: float
) -> float:
    """Chance (0-1 a month) of leaving; `refreshed` 1 = a course in the last year, `pay_ratio` over minimum wage."""
    pull = (
        p.turnover_per_burnout * burnout
        + p.turnover_no_refresher * (ONE - refreshed)
        + p.turnover_no_feedback * (ONE - coaching)
        + p.turnover_per_log_pay * log(pay_ratio)
        + p.turnover_permanent * permanent
    )
    return lesser(p.turnover_base * exp(pull), ONE)


@rule
def trust_kept(p: Any, handover: float) -> float:
    """Share (0-1) of trust that survives a change of mentor; `handover` 1 = both visit together."""
    return select(handover > HALF, p.trust_kept_with_handover, p.trust_kept_without_handover)


@rule
def possible_trips(access: float, draw: float) -> float:
    """Share (0-1) of planned trips that weather and boats allow; its mean is `access`; `draw` uniform."""
    return clip(ONE - (ONE - access) * TWO * draw, ZERO, ONE)
