"""What a policy costs and what the money buys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.experiments.statistics import MONTHS_A_YEAR
from empowersim.schema import REGION_TYPES

Vector = NDArray[np.float64]

RESULTS = ("better", "worse", "unchanged")
"""What can become of a household, in the order of `change_codes`."""

FIFTHS: Final = 5
"""Parts of the population by starting consumption."""


def total(monthly: Vector) -> float:
    """Return the sum of a monthly flow (shape (months,)) over the horizon, undiscounted."""
    return math.fsum(monthly.tolist())


def discounted(monthly: Vector, rate: float) -> float:
    """Return the present value, at the start of the policy, of a monthly flow (shape (months,)).

    `rate` is a share a year (0.03 = 3 %). A month's money is counted at the start of the month, so
    the first month is not discounted.
    """
    factors = _factors(len(monthly), rate)
    return math.fsum(value * factor for value, factor in zip(monthly.tolist(), factors, strict=True))


def _factors(months: int, rate: float) -> list[float]:
    return [(1 + rate) ** (-month / MONTHS_A_YEAR) for month in range(months)]


def by_year(monthly: Vector, rate: float = 0.0) -> list[float]:
    """Return the sum of a monthly flow (shape (months,)) in each year of the policy; the last year may be short.

    With a `rate` (share a year) in money of the first month, month by month as in `discounted`.
    """
    values = [value * factor for value, factor in zip(monthly.tolist(), _factors(len(monthly), rate), strict=True)]
    return [math.fsum(values[start : start + MONTHS_A_YEAR]) for start in range(0, len(values), MONTHS_A_YEAR)]


def household_years_averted(poor_months: Vector, reference_poor_months: Vector, rate: float = 0.0) -> float:
    """Return the household-years out of poverty won against the reference over the horizon.

    Both arrays (shape (months,)) hold poor households of the represented population by month.
    Negative where the policy leaves more households poor. With a `rate` discounted as money is.
    """
    return discounted(reference_poor_months - poor_months, rate) / MONTHS_A_YEAR


def mean_until(series: Vector, month: int, width: int = 3) -> float:
    """Return the mean of the last `width` months before `month` of a series (shape (months,)); NaN outside the horizon.

    Months in which the measure does not exist (NaN) are left out.
    """
    if month < width or month > len(series):
        return math.nan
    present = [value for value in series[month - width : month].tolist() if not math.isnan(value)]
    return math.fsum(present) / len(present) if present else math.nan


def displaced(touched: NDArray[np.bool_], reference_touched: NDArray[np.bool_]) -> float:
    """Return the share of all households served (ever enrolled or visited) under the reference but not here."""
    return float((reference_touched & ~touched).mean())


def untouched_worse(codes: NDArray[np.int8], touched: NDArray[np.bool_], reference_touched: NDArray[np.bool_]) -> float:
    """Return the share of all households that end worse off (code 1) though served neither here nor there."""
    return float(((codes == RESULTS.index("worse")) & ~touched & ~reference_touched).mean())


class Step(NamedTuple):
    """A policy in the order of cost, and how it stands against the frontier."""

    place: int
    """Index of the policy as it was given."""
    status: str
    """One of `STATUSES`."""
    before: int | None
    """Index of the policy before it on the frontier; None for the cheapest and for what is not on it."""


STATUSES: Final = ("cheapest", "frontier", "dominated", "extendedly_dominated", "tied")


def frontier(costs: Sequence[float], effects: Sequence[float]) -> list[Step]:
    """Put policies in order of cost and find those that no other policy, and no mix of two others, beats.

    The textbook rule of incremental cost-effectiveness (Drummond and others 2015, chapter 4): strike out who costs no
    less and does no more than another (dominated), then who buys its effect dearer than the next one does (extendedly
    dominated). Policies equal to an earlier one in cost and effect are `tied`.
    """
    order = sorted(range(len(costs)), key=lambda place: (costs[place], -effects[place], place))
    status = dict.fromkeys(order, "frontier")
    kept: list[int] = []
    for place in order:
        if kept and costs[place] == costs[kept[-1]] and effects[place] == effects[kept[-1]]:
            status[place] = "tied"
        elif kept and effects[place] <= effects[kept[-1]]:
            status[place] = "dominated"
        else:
            while len(kept) > 1 and _price(costs, effects, kept[-1], place) < _price(costs, effects, *kept[-2:]):
                status[kept.pop()] = "extendedly_dominated"
            kept.append(place)
    before: dict[int, int] = dict(zip(kept[1:], kept[:-1], strict=True))
    if kept:
        status[kept[0]] = "cheapest"
    return [Step(place, status[place], before.get(place)) for place in order]


def _price(costs: Sequence[float], effects: Sequence[float], cheap: int, dear: int) -> float:
    """Extra cost over extra effect; both are above zero on a frontier, but a free effect has price 0."""
    return (costs[dear] - costs[cheap]) / (effects[dear] - effects[cheap])


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


def welfare_groups(
    consumption: NDArray[np.float32], size: NDArray[np.float32], parts: int = FIFTHS
) -> NDArray[np.int8]:
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
    groups += [("quintile", str(number + 1), quintile == number) for number in range(FIFTHS)]
    groups += [("contact", "touched", touched), ("contact", "untouched", ~touched)]
    return groups
