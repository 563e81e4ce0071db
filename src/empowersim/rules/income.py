"""Earning capacity, wage work and business income.

Source of the forms: the project's household model, section 1 (permanent, persistent and transitory
income after Newhouse 2005; business income concave in assets with practice, initiative and advice as
factors, after Banerjee et al. 2015, Campos et al. 2017 and Brooks et al. 2018). Coefficients: ``income.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, ZERO, clip, exp, flag, lesser, log

_TINY_ASSETS = HALF**20
"""Keeps the logarithm of no assets finite; far below any asset that matters (L)."""


@rule
def next_capacity(p: Any, capacity: float, draw: float) -> float:
    """Persistent part of log earning capacity next month (log); `draw` standard normal. AR(1), C001-C002."""
    return p.capacity_persistence * capacity + p.capacity_innovation_sd * draw


@rule
def job_finding_chance(p: Any, skill: float, technical_course: float) -> float:
    """Chance (0-1 a month) of finding regular work; skill helps, a course locks in (C103-C105)."""
    locked_in = p.course_lock_in * lesser(p.lock_in_dose * technical_course, ONE)
    return p.job_finding * (ONE + p.finding_per_skill * skill) * (ONE - locked_in)


@rule
def job_loss_chance(p: Any, skill: float) -> float:
    """Chance (0-1 a month) of losing regular work; skill protects in part (assumed)."""
    return p.job_loss * (ONE - p.loss_per_skill * skill)


@rule
def next_job(p: Any, job: float, skill: float, technical_course: float, draw: float) -> float:
    """Regular work (1) or not (0); `draw` uniform."""
    kept = flag(draw > job_loss_chance(p, skill))
    found = flag(draw < job_finding_chance(p, skill, technical_course))
    return select(job > HALF, kept, found)


@rule
def business_time(p: Any, assets: float, advice: float) -> float:
    """Share of working time (0-1) that the business absorbs; `assets` in L, `advice` 0-1 (C054, C088)."""
    wanted = p.business_time_most * assets / (assets + p.business_time_half_assets)
    return lesser(wanted * (ONE + p.business_time_per_advice * advice), p.business_time_cap)


@rule
def wage_time(p: Any, job: float, wage_supply: float, in_business: float) -> float:
    """Share of time (0-1) in wage work: what the place offers, and what the business leaves."""
    offered = wage_supply * select(job > HALF, ONE, p.casual_work_time)
    return lesser(offered, ONE - in_business)


@rule
def log_earning_power(
    p: Any, permanent: float, persistent: float, literacy: float, skill: float, job: float, growth: float
) -> float:
    """Log wage of full working time (log L a month), before the transitory part.

    Literacy counts as `grades_in_literacy` school grades at the Mincer return (C020); technical skill pays
    in a job; `growth` is the log rise of everybody's earnings since the start.
    """
    schooling = p.grades_in_literacy * p.return_per_grade * literacy
    return p.earning_level + growth + permanent + persistent + schooling + p.wage_per_skill * skill * job


@rule
def wage_income(p: Any, power: float, time: float, draw: float) -> float:
    """Wage income (L a month); `power` in log L, `time` a share, `draw` standard normal."""
    return exp(power + p.transitory_sd * draw) * time / p.work_time


@rule
def business_base(p: Any, permanent: float, persistent: float, assets: float, market_access: float) -> float:
    """Business income (L a month) before practice, initiative and advice; concave in `assets` (L)."""
    scale = exp(
        p.business_capacity_share * (permanent + persistent) + p.business_curvature * log(assets + _TINY_ASSETS)
    )
    return p.business_scale * market_access * scale


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
