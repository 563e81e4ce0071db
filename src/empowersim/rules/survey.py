"""What an enumerator would find in a household at the end of a month: hours, wages, profit and sales.

Consumption, assets and the rest stand in the state; these follow from it by the same rules that the month uses, with
the assets held at the end of the month and a transitory part of its own.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from empowersim._jit import rule
from empowersim.maths import ONE, ZERO, greater
from empowersim.rules import assets, community, income

_record: Any = namedtuple

Work = _record("Work", ["business_time", "wage_time", "wages", "profit", "sales"])
"""Shares of time, and L a month, of one household."""


@rule
def work_found(p: Any, village: Any, home: Any, draw: float, month: float) -> Any:
    """`Work` of a household; `draw` standard normal, `month` = months since the start (0 and up)."""
    held = assets.assets_from_k(p, home.assets)
    idle = income.idle_time(p, home.job, village.wage_supply)
    in_business = income.business_time(p, held, home.advice, idle)
    in_wage = income.wage_time(p, home.job, village.wage_supply, in_business)
    grown = village.growth * greater(month - ONE, ZERO)
    persistent = village.spread * home.capacity
    power = income.log_earning_power(
        p, home.permanent, persistent, home.literacy, home.technical_skill, home.job, grown, village.distant_work
    )
    market = community.market_share(p, village.market_access, village.collective)
    base = income.business_base(p, home.permanent, persistent, held, market, idle)
    return Work(
        in_business,
        in_wage,
        income.wage_income(p, power, in_wage, draw),
        income.profit(p, base, home.business_practice, home.initiative, home.advice),
        income.sales(p, base, home.business_practice, home.initiative, home.advice),
    )
