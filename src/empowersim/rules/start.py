"""The model's state of a household of whom a survey or a census tells a few figures.

Observed consumption is taken as normal income; the permanent part of earning capacity is the one at which the
model expects that income, given work, literacy and the household's accustomed assets. What
nobody observes is drawn from its stationary law; a burn-in does the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, TWO, ZERO, clip, exp, flag, log
from empowersim.rules import assets, income, spending

SPAN = TWO * TWO * TWO
"""Half the range of log earning capacity in which the permanent part is searched."""
_K_MOST = TWO * (TWO + ONE)


@rule
def capacity_sd(p: Any) -> float:
    """Stationary s.d. (log) of the persistent part of earning capacity."""
    return p.capacity_innovation_sd / np.sqrt(ONE - p.capacity_persistence * p.capacity_persistence)


@rule
def start_capacity(p: Any, welfare_score: float, draw: float) -> float:
    """Persistent part (log) of a household standing at `welfare_score` (standard normal); `draw` standard normal.

    Of the spread in earning capacity the persistent part has the share of its variance; who stands high
    is likely to be having good years.
    """
    sd = capacity_sd(p)
    share = sd * sd / (sd * sd + p.permanent_sd * p.permanent_sd)
    return sd * (np.sqrt(share) * welfare_score + np.sqrt(ONE - share) * draw)


@rule
def job_share(p: Any, regular_work: float) -> float:
    """Stationary share of households with regular work, without training; `regular_work` factor of the place."""
    finding = p.job_finding * regular_work
    return finding / (finding + p.job_loss)


@rule
def illness_shares(p: Any, morbidity: float) -> Any:
    """Stationary shares of households with severe and with moderate illness (0-1)."""
    severe = p.severe_hazard * morbidity / p.severe_recovery
    moderate = p.moderate_hazard * morbidity / p.moderate_recovery
    return severe / (ONE + severe + moderate), moderate / (ONE + severe + moderate)


@rule
def expected_income(
    p: Any, village: Any, permanent: float, persistent: float, level: float, literacy: float, kept: float
) -> float:
    """Income (L a month) the model expects at the accustomed assets `level` (k); `kept` = share (0-1) after illness."""
    held = assets.assets_from_k(p, clip(level, ZERO, _K_MOST))
    regular = job_share(p, village.regular_work)
    idle_employed = income.idle_time(p, ONE, village.wage_supply)
    idle_casual = income.idle_time(p, ZERO, village.wage_supply)
    employed = income.wage_time(p, ONE, village.wage_supply, income.business_time(p, held, ZERO, idle_employed))
    casual = income.wage_time(p, ZERO, village.wage_supply, income.business_time(p, held, ZERO, idle_casual))
    time = regular * exp(village.distant_work) * employed + (ONE - regular) * casual
    power = income.log_earning_power(p, permanent, persistent, literacy, ZERO, ZERO, ZERO, ZERO)
    variance = HALF * p.transitory_sd * p.transitory_sd
    idle = regular * idle_employed + (ONE - regular) * idle_casual
    base = income.business_base(p, permanent, persistent, held, village.market_access, idle)
    return kept * (income.wage_income(p, power + variance, time, ZERO) + base) + village.own_food


@rule
def kept_after_illness(p: Any, morbidity: float) -> float:
    """Share of earnings (0-1) that illness leaves on average."""
    severe, moderate = illness_shares(p, morbidity)
    return ONE - severe * p.severe_income_loss - moderate * p.moderate_income_loss


@rule
def earns_more(
    p: Any, village: Any, permanent: float, capacity: float, own_assets: float, literacy: float, consumption: float
) -> float:
    """1 where the income expected at `permanent` (log) exceeds `consumption` (L a month), else 0."""
    level = assets.own_level(p, own_assets + village.asset_shift, log(consumption), ZERO)
    kept = kept_after_illness(p, village.morbidity)
    expected = expected_income(p, village, permanent, village.spread * capacity, level, literacy, kept)
    return flag(expected > consumption)


@rule
def start_k(p: Any, level: float, draw: float) -> float:
    """k (0 to 6) around the accustomed `level`, from its stationary law without a trap; `draw` standard normal."""
    months_back = (TWO * (TWO + ONE)) / p.asset_return_rate
    return clip(level + p.asset_noise_sd * np.sqrt(months_back) * draw, ZERO, _K_MOST)


@rule
def start_savings(p: Any, normal_income: float, draw: float) -> float:
    """Savings (L): the wanted buffer, spread lognormally; `draw` standard normal."""
    return spending.wanted_buffer(p, ZERO, normal_income) * exp(p.start_savings_sd * draw)


@rule
def start_illness(p: Any, morbidity: float, draw: float) -> float:
    """Illness 0, 1 or 2 at the model's own prevalence; `draw` uniform."""
    severe, moderate = illness_shares(p, morbidity)
    return select(draw < severe, TWO, flag(draw < severe + moderate))


@rule
def start_well_being(p: Any, consumption: float) -> float:
    """Well-being (SD) that goes with a consumption (L a month)."""
    return p.well_being_per_consumption * log(consumption)


@rule
def start_health(p: Any, consumption: float) -> float:
    """Physical health (SD) that goes with a consumption (L a month)."""
    return p.health_per_consumption * log(consumption)


@rule
def start_child_growth(p: Any, consumption: float) -> float:
    """Growth of small children (SD) that goes with a consumption (L a month)."""
    return p.growth_per_consumption * log(consumption)
