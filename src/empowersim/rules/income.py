"""Earning capacity, wage work and business income.

Source of the forms: the project's household model, section 1 (permanent, persistent and transitory
income after Newhouse 2005; business income concave in assets with practice, initiative and advice as
factors, after Banerjee et al. 2015, Campos et al. 2017 and Brooks et al. 2018). Coefficients: ``income.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, ZERO, clip, exp, flag, lesser, log, positive

_TINY_ASSETS = HALF**20
"""Keeps the logarithm of no assets finite; far below any asset that matters (L)."""


@rule
def next_capacity(p: Any, capacity: float, draw: float) -> float:
    """Persistent part of log earning capacity next month (log); `draw` standard normal. AR(1), C001-C002."""
    return p.capacity_persistence * capacity + p.capacity_innovation_sd * draw


@rule
def work_within_reach(p: Any, distant_work: float, savings: float, assets: float) -> float:
    """How far (0 and up) wealth opens better-paid work away from home: the way must be paid, or borrowed (C201-C208).

    `distant_work` = log wage premium of such work, 0 where there is none; `savings` and productive `assets` in L.
    """
    return distant_work * lesser((savings + assets) / p.journey_cost, ONE)


@rule
def job_finding_chance(p: Any, skill: float, technical_course: float, regular_work: float, reach: float) -> float:
    """Chance (0-1 a month) of finding regular work; skill helps, a course locks in (C103-C105), wealth opens more.

    `regular_work` = factor of the place (1 = usual), `reach` of better work away.
    """
    locked_in = p.course_lock_in * lesser(p.lock_in_dose * technical_course, ONE)
    opened = ONE + p.finding_per_skill * skill + p.finding_per_reach * reach
    return lesser(p.job_finding * regular_work * opened * (ONE - locked_in), ONE)


@rule
def job_loss_chance(p: Any, skill: float) -> float:
    """Chance (0-1 a month) of losing regular work; skill protects in part (assumed)."""
    return p.job_loss * (ONE - p.loss_per_skill * skill)


@rule
def next_job(
    p: Any, job: float, skill: float, technical_course: float, regular_work: float, reach: float, draw: float
) -> float:
    """Regular work (1) or not (0); `regular_work` factor of the place, `reach` of distant work, `draw` uniform."""
    kept = flag(draw > job_loss_chance(p, skill))
    found = flag(draw < job_finding_chance(p, skill, technical_course, regular_work, reach))
    return select(job > HALF, kept, found)


@rule
def idle_time(p: Any, job: float, wage_supply: float) -> float:
    """Share of time (0-1) for which the place has no wage work and a usual business no use."""
    offered = wage_supply * select(job > HALF, ONE, p.casual_work_time)
    return positive(ONE - offered - p.business_time_most)


@rule
def business_time(p: Any, assets: float, advice: float, idle: float) -> float:
    """Share of working time (0-1) that the business absorbs: more with `assets` (L), `advice` (0-1) and `idle` time.

    C054, C080, C088; where there is hardly any wage work a small stock fills many hours (C212).
    """
    reach = assets / (assets + p.business_time_half_assets)
    wanted = p.business_time_most * (ONE + p.business_time_per_advice * advice) + p.idle_time_used * idle
    return lesser(reach * wanted, p.business_time_cap)


@rule
def wage_time(p: Any, job: float, wage_supply: float, in_business: float) -> float:
    """Share of time (0-1) in wage work: what the place offers, and what the business leaves.

    A business takes the place of part of the casual work (C081, C082).
    """
    casual = p.casual_work_time * positive(ONE - p.casual_work_displaced * in_business)
    offered = wage_supply * select(job > HALF, ONE, casual)
    return lesser(offered, ONE - in_business)


@rule
def log_earning_power(
    p: Any,
    permanent: float,
    persistent: float,
    literacy: float,
    skill: float,
    job: float,
    growth: float,
    distant_work: float,
) -> float:
    """Log wage of full working time (log L a month), before the transitory part.

    Literacy counts as `grades_in_literacy` school grades at the Mincer return (C020); technical skill pays
    in a job; `growth` is the log rise of everybody's earnings since the start, `distant_work` the log premium of
    regular work away from home.
    """
    schooling = p.grades_in_literacy * p.return_per_grade * literacy
    in_a_job = (p.wage_per_skill * skill + distant_work) * job
    return p.earning_level + growth + permanent + persistent + schooling + in_a_job


@rule
def wage_income(p: Any, power: float, time: float, draw: float) -> float:
    """Wage income (L a month); `power` in log L, `time` a share, `draw` standard normal."""
    return exp(power + p.transitory_sd * draw) * time / p.work_time


@rule
def business_base(
    p: Any, permanent: float, persistent: float, assets: float, market_access: float, idle: float
) -> float:
    """Business income (L a month) before practice, initiative and advice; concave in `assets` (L).

    Hands that have nothing else to do raise what the same assets bring (`idle` = share of time; C210-C212).
    """
    scale = exp(
        p.business_capacity_share * (permanent + persistent) + p.business_curvature * log(assets + _TINY_ASSETS)
    )
    return p.business_scale * market_access * (ONE + p.profit_per_idle_time * idle) * scale


@rule
def profit(p: Any, base: float, practice: float, initiative: float, advice: float) -> float:
    """Business income (L a month): practices (C100-C102), initiative (C107-C108), advice (C110-C111) multiply."""
    return (
        base
        * (ONE + p.profit_per_practice * practice)
        * (ONE + p.profit_per_initiative * initiative)
        * (ONE + p.profit_per_advice * advice)
    )


@rule
def sales(p: Any, base: float, practice: float, initiative: float, advice: float) -> float:
    """Sales (L a month): they rise less than profit with practice (C101 against C102)."""
    return (
        p.sales_margin
        * base
        * (ONE + p.sales_per_practice * p.profit_per_practice * practice)
        * (ONE + p.sales_per_initiative * p.profit_per_initiative * initiative)
        * (ONE + p.sales_per_advice * p.profit_per_advice * advice)
    )


@rule
def income_after_loss(earned: float, illness_loss: float, shock_loss: float) -> float:
    """Income (L a month) left after the shares lost to illness and to a village-wide shock."""
    return earned * (ONE - illness_loss) * (ONE - clip(shock_loss, ZERO, ONE))
