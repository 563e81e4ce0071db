"""From the sums of blocks to a run: added up in block order, scaled to the represented population, priced."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.arrays import Tally
from empowersim.engine.inputs import Mentors, Policy, Travel
from empowersim.engine.lives import detailed_months, empty_tally
from empowersim.engine.metrics import SUM_ROW, measures
from empowersim.engine.outputs import MENTOR_SERIES, Changes, Float64Array, Run
from empowersim.engine.plans import GRANTS, YEAR


class Total:
    """Sums of a policy over the blocks that have been added."""

    def __init__(self, policy: Policy, travel: Travel, months: int) -> None:
        """Nothing added yet; `months` of the run."""
        self._policy = policy
        self._travel = travel
        self._months = months
        self._detailed = np.flatnonzero(detailed_months(months))
        self._sum = empty_tally(policy, months)
        self._offered = np.zeros_like(self._sum.filled)
        self._trip_cost = np.zeros(months)

    def add(self, tally: Tally, places: NDArray[np.int64], region: int) -> None:
        """Add a block of a region type: its sums (`spread` of detailed months only) and the places offered to it.

        Floats are added as they come, so the blocks must come in their own order.
        """
        for field, part in zip(self._sum, tally, strict=True):
            if field is not self._sum.spread:
                np.add(field, part, out=field)
        for month, part in zip(self._detailed, tally.spread, strict=True):
            np.add(self._sum.spread[month], part, out=self._sum.spread[month])
        self._offered += places
        a_trip = self._travel.trip_cost[region]
        if self._policy.mentors.resident:
            a_trip = min(a_trip, self._policy.mentors.resident_trip_cost)
        self._trip_cost += tally.trips[0] * a_trip

    def run(
        self,
        *,
        replicate: int,
        represents: float,
        households: int,
        vectors: dict[str, NDArray[Any]],
        changes: Changes | None = None,
    ) -> Run:
        """The run of `households` simulated households that stand for `represents`; `vectors` as in `Run`."""
        policy, months, total = self._policy, self._months, self._sum
        count, communities = len(policy.programmes), len(policy.community)
        scale = represents / households

        def represented(counted: Any) -> Float64Array:
            scaled: Float64Array = scale * np.asarray(counted, np.float64)
            return scaled

        programme_cost = represented(_programme_cost(policy, total))
        community_cost = represented(_community_cost(policy, total))
        mentors = represented(total.mentors)
        filled = mentors[0] - mentors[1]
        for series in ("competence", "burnout"):
            row = MENTOR_SERIES.index(series)
            mentors[row] = np.divide(mentors[row], filled, out=np.full(months, np.nan), where=filled > 0)
        partner = np.array([programme.partner_share for programme in policy.programmes])
        partner_of_villages = np.array([community.partner_share for community in policy.community])
        return Run(
            policy=policy.name,
            replicate=replicate,
            months=months,
            represents=represents,
            households=households,
            monthly=measures(total.sums, total.details, total.villages, total.spread, detailed_months(months)),
            programme_names=tuple(programme.name for programme in policy.programmes),
            places_offered=represented(self._offered[:count]),
            places_filled=represented(total.filled[:count]),
            applicants=represented(total.applicants[:count]),
            enrolled=represented(total.enrolled[:count]),
            programme_cost=programme_cost,
            hours=represented(total.hours),
            mentor_cost=_mentor_pay(policy.mentors, mentors, months, policy.end)
            + scale * (self._trip_cost + total.trips[1] * policy.mentors.session_cost),
            mentors=mentors,
            community_names=tuple(community.name for community in policy.community),
            community_cost=community_cost[:communities],
            partner_cost=partner @ programme_cost + partner_of_villages @ community_cost[:communities],
            poor_household_months=represented(total.sums[:, SUM_ROW["poor_households"]]),
            **vectors,
            changes=changes,
        )


def _programme_cost(policy: Policy, total: Tally) -> Float64Array:
    """Cost by programme and month, IDR, of the simulated slice: places filled, months held, grants, overhead."""
    cost = np.zeros((len(policy.programmes), total.filled.shape[1]))
    for s, programme in enumerate(policy.programmes):
        grant = sum(programme.doses.get(channel, 0.0) for channel in GRANTS)
        stipend = programme.doses.get("stipend", 0.0)
        grants = grant * (total.starters[s] if programme.per_child else total.filled[s])
        monthly = (programme.cost_per_month + stipend) * total.units[s]
        cost[s] = (programme.cost_per_place * total.filled[s] + grants + monthly) * (1.0 + programme.overhead)
    return cost


def _community_cost(policy: Policy, total: Tally) -> Float64Array:
    """Cost by community programme and month, IDR, of the simulated slice: villages served, once and every month."""
    cost = np.zeros((len(policy.community), total.served.shape[1]))
    for c, community in enumerate(policy.community):
        served = total.served[c].astype(np.float64)
        begun = np.maximum(np.diff(served, prepend=0.0), 0.0)
        cost[c] = community.cost_once * begun + community.cost_per_month * served
    return cost


def _mentor_pay(mentors: Mentors, series: Float64Array, months: int, end: int) -> Float64Array:
    """Pay, supervision, courses, coordination by month (IDR) of the represented district; vacancies are not paid."""
    running = np.arange(months) < end
    filled = mentors.posts - series[1]
    course = mentors.refresher_cost / YEAR if mentors.refresher else 0.0
    cost = filled * (mentors.pay_per_month + course) + mentors.posts * mentors.supervisor_cost
    if mentors.coordination:
        cost = cost + mentors.coordination_cost
    return np.where(running, cost, 0.0)
