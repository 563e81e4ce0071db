"""What a policy costs and what the money buys."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from empowersim.experiments.statistics import MONTHS_A_YEAR
from empowersim.schema import REGION_TYPES

Vector = NDArray[np.float64]

RESULTS = ("better", "worse", "unchanged")
"""What can become of a household, in the order of `change_codes`."""


def total(monthly: Vector) -> float:
    """Return the sum of a monthly flow (shape (months,)) over the horizon, undiscounted."""
    return math.fsum(monthly.tolist())


def discounted(monthly: Vector, rate: float) -> float:
    """Return the present value, at the start of the policy, of a monthly flow (shape (months,)).

    `rate` is a share a year (0.03 = 3 %). A month's money is counted at the start of the month, so
    the first month is not discounted.
    """
    factors = [(1 + rate) ** (-month / MONTHS_A_YEAR) for month in range(len(monthly))]
    return math.fsum(value * factor for value, factor in zip(monthly.tolist(), factors, strict=True))


def household_years_averted(poor_months: Vector, reference_poor_months: Vector) -> float:
    """Return the household-years out of poverty won against the reference over the horizon.

    Both arrays (shape (months,)) hold poor households of the represented population by month.
    Negative where the policy leaves more households poor.
    """
    return total(reference_poor_months - poor_months) / MONTHS_A_YEAR


def change_codes(end: NDArray[np.float32], reference_end: NDArray[np.float32], band: float) -> NDArray[np.int8]:
    """Say of each household whether it ends better (0), worse (1) or unchanged (2) than under the reference.

    Consumption in L a month, shape (households,). Unchanged means: within `band` (share, 0 to 1) of the
    household's own consumption under the reference.
    """
    reference = reference_end.astype(np.float64)
    change = end.astype(np.float64) - reference
    margin = band * reference
    codes = np.full(change.shape, 2, dtype=np.int8)
    codes[change > margin] = 0
    codes[change < -margin] = 1
    return codes


def welfare_groups(consumption: NDArray[np.float32], size: NDArray[np.float32], parts: int = 5) -> NDArray[np.int8]:
    """Return the quintile (or tenth: `parts` = 10) of each household, 0 = poorest; shape (households,).

    Groups hold equal numbers of persons, not of households, as official statistics count: a household belongs where the
    middle of its members falls. Households of equal consumption keep their order.
    """
    order = np.argsort(consumption, kind="stable")
    persons = size.astype(np.float64)[order]
    middle = np.cumsum(persons) - persons / 2
    share = middle / persons.sum() if persons.size else middle
    groups = np.empty(consumption.shape, dtype=np.int8)
    groups[order] = np.minimum((share * parts).astype(np.int8), parts - 1)
    return groups


def household_groups(
    region: NDArray[np.int32], quintile: NDArray[np.int8], touched: NDArray[np.bool_]
) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Return the groups winners are counted in: (dimension, name, who belongs to it)."""
    groups = [("all", "all", np.ones(region.shape, dtype=np.bool_))]
    groups += [("region", name, region == number) for number, name in enumerate(REGION_TYPES)]
    groups += [("quintile", str(number + 1), quintile == number) for number in range(5)]
    groups += [("contact", "touched", touched), ("contact", "untouched", ~touched)]
    return groups
