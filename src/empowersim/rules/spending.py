"""Consumption and saving: smoothing over a buffer stock.

Consumption follows normal income with a part of this month's; savings above the wanted
buffer are spent, below it rebuilt. Business practice raises the wanted buffer (C053).
Coefficients: ``spending.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule
from empowersim.maths import ONE, ZERO, clip, flag, greater, positive


@rule
def cash_in_hand(p: Any, income: float, insured: float, shared: float, stipend: float) -> float:
    """Money of the month (L): income, the insured part of a loss, what kin give or take, stipends."""
    return greater(income + insured + shared + stipend, p.smallest_income)


@rule
def savings_after_theft(p: Any, savings: float, chance: float, draw: float) -> float:
    """Savings (L) left after the month's thefts: a share is lost where `draw` (uniform) lies below `chance`."""
    return savings * (ONE - p.theft_loss * flag(draw < chance))


@rule
def next_normal_income(p: Any, normal_income: float, money: float) -> float:
    """Income the household is used to (L a month), slowly following `money`."""
    return normal_income + p.normal_income_update * (money - normal_income)


@rule
def wanted_buffer(p: Any, practice: float, normal_income: float) -> float:
    """Savings (L) the household wants to hold."""
    return p.buffer_level * (ONE + p.buffer_per_practice * practice) * normal_income


@rule
def consumption(
    p: Any, money: float, normal_income: float, savings: float, buffer: float, invested: float, saving: float
) -> float:
    """Consumption (L a month), never more than money and savings; `saving` = obligatory share of money."""
    usual = p.income_pass_through * money + (ONE - p.income_pass_through) * normal_income
    surplus = p.excess_savings_spent * positive(savings - buffer) - p.buffer_rebuilding * positive(buffer - savings)
    return clip(usual - saving * money - invested + surplus, p.smallest_share * normal_income, money + savings)


@rule
def next_savings(p: Any, savings: float, money: float, consumed: float, invested: float, cash: float) -> float:
    """Savings (L) next month; of a windfall `cash` (L) the share not put into assets or durables stays (C092)."""
    kept = cash * (ONE - p.windfall_to_assets - p.windfall_to_durables)
    return greater(savings + money - consumed - invested, ZERO) + kept
