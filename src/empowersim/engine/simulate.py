"""Simulate: a population under several policies, on the same random numbers.

Pure: inputs in, arrays out. Each block is started and burnt in once; every policy then goes on from a
copy of it. That is exact, not an approximation, because no generator carries state. Threads take
(block, policy) tasks; each writes its own tally, and tallies are added in block order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.engine.arrays import Block, Offer, Running, Scratch, Tally, copy_of, running_of, scratch_for
from empowersim.engine.inputs import Mentors, Policy, Population, Travel
from empowersim.engine.kernels import advance
from empowersim.engine.metrics import BINS, SUM_ROW, Details, Sums, measures
from empowersim.engine.outputs import HOURS, MENTOR_SERIES, STAGES, Float64Array, Run
from empowersim.engine.plans import GRANTS, YEAR, check_policy, new_mentors, offer_of, plan_of, shares_of
from empowersim.engine.start import blocks_of, rows_in_order, settle, working_rows
from empowersim.errors import SimulationError
from empowersim.parameters import record_of
from empowersim.rules.month import MONTHS_UNSEEN_MOST
from empowersim.schema import ROW, VILLAGE_ROW

_REPORTED: Final = 12
"""Months at the end in which distribution and index are computed every month."""


@dataclass(frozen=True)
class _Task:
    """One block, started and burnt in."""

    block: Block
    households: int
    poor: float
    region: int
    identity: int


_Done = tuple[Tally, dict[str, Any], NDArray[np.int64]]
"""What a task gives back: sums, household vectors, places offered."""


def simulate(
    population: Population,
    policies: Sequence[Policy],
    *,
    travel: Travel,
    parameters: Any,
    months: int,
    burn_in: int,
    seed: int,
    replicate: int = 0,
    threads: int = 0,
    judged: int = _REPORTED,
    calendar: int = 0,
) -> list[Run]:
    """Simulate every policy on the same households and the same random numbers; one `Run` a policy.

    `months` after the start of the policies (at least 1); `burn_in` months before it, without any programme;
    `seed` and `replicate` 0 to 2**32 - 1; `threads` 0 = as many as pay; `judged` = months at the end over which
    a household's consumption is averaged; `calendar` = month of the year in which the policies start (0 = January).
    The result does not depend on `threads`. Raises `SimulationError`.
    """
    _check(population, policies, months, burn_in, seed, replicate, judged)
    values = record_of(parameters)
    key0, key1 = np.uint32(seed), np.uint32(replicate)
    mean_line = _mean_line(population)
    workers = threads or default_threads(population.count)
    judged = min(judged, months)
    idle = Policy("burn-in")
    blocks = blocks_of(population, parameters)
    scratch = _ScratchPerThread(max(block.state.shape[0] for block in blocks))
    order, regions = _subdistricts(population)

    def go(block: Block, running: Running, plan: Any, offer: Offer, tally: Tally, schedule: Any) -> None:
        advance(block, running, plan, offer, tally, scratch.get(), values, schedule, key0, key1, mean_line)

    def begin(block: Block, index: int) -> _Task:
        settle(block, working_rows(), values, key0, key1)
        identity = int(population.subdistrict_id[order[index]])
        offer = offer_of(idle, identity, 0.0, block.state.shape[0], block.village.shape[0], 1, key0, key1)
        schedule = _schedule(-burn_in, 0, months, 0, months, calendar)
        go(block, running_of(block, 1, 1, 1), plan_of(idle, travel, 0, 0.0), offer, empty_tally(idle, 1), schedule)
        is_poor = (block.state[:, ROW["consumption"]] < 1.0) & (block.live > 0)
        block.state[:, ROW["began_poor"]] = is_poor
        return _Task(block, int(block.live.sum()), float(is_poor.sum()), int(regions[index]), identity)

    with ThreadPoolExecutor(workers) as pool:
        tasks = list(_run(pool, workers, begin, [(block, index) for index, block in enumerate(blocks)]))
        households = np.array([task.households for task in tasks])
        poor = np.array([task.poor for task in tasks])

        def live(policy: Policy, task: _Task, share: float) -> _Done:
            block = copy_of(task.block)
            block.state[:, ROW["welfare"]] = 0.0
            before = rows_in_order(block, "consumption").copy()
            offer = offer_of(
                policy, task.identity, share, block.state.shape[0], block.village.shape[0], months, key0, key1
            )
            mentors = offer.mentor_tiles.size - 1
            running = running_of(block, len(policy.programmes), mentors, len(policy.community))
            running.mentors[:] = new_mentors(policy.mentors, mentors)
            tally = empty_tally(policy, months)
            schedule = _schedule(0, months, months - judged, min(policy.end, months), months, calendar)
            go(block, running, plan_of(policy, travel, task.region, share), offer, tally, schedule)
            return tally, _vectors(block, running, before, judged, parameters), np.maximum(offer.places, 0)

        jobs = [
            (policy, task, float(share))
            for policy in policies
            for task, share in zip(tasks, shares_of(policy, households, poor, population.represents), strict=True)
        ]
        done = list(_run(pool, workers, live, jobs))
    size = len(tasks)
    return [
        _gather(policy, population, travel, tasks, done[at * size : (at + 1) * size], months, replicate)
        for at, policy in enumerate(policies)
    ]


def default_threads(households: int) -> int:
    """Threads that pay for a population: all cores, one for a small one."""
    return (os.cpu_count() or 1) if households >= 4 * LANES * LANES else 1


def _run(pool: ThreadPoolExecutor, workers: int, work: Callable[..., Any], jobs: Sequence[tuple[Any, ...]]) -> Any:
    """Results of `work` in the order of the jobs; without a pool where one worker is wanted."""
    if workers == 1:
        return [work(*job) for job in jobs]
    return pool.map(lambda job: work(*job), jobs)


class _ScratchPerThread:
    """Working memory of the calling thread, large enough for every block of a run."""

    def __init__(self, tiles: int) -> None:
        self._local = local()
        self._tiles = tiles

    def get(self) -> Scratch:
        kept: Scratch | None = getattr(self._local, "scratch", None)
        if kept is None:
            kept = scratch_for(self._tiles, len(Sums._fields), len(Details._fields))
            self._local.scratch = kept
        return kept


def _check(
    population: Population,
    policies: Sequence[Policy],
    months: int,
    burn_in: int,
    seed: int,
    replicate: int,
    judged: int,
) -> None:
    """Raise `SimulationError` for inputs that the kernel cannot run."""
    if population.count == 0:
        raise SimulationError("the population has no households")
    if months < 1 or burn_in < 0 or judged < 1:
        raise SimulationError(
            f"months must be at least 1, burn-in at least 0, judged months at least 1; "
            f"found {months}, {burn_in}, {judged}"
        )
    for name, value in (("seed", seed), ("replicate", replicate)):
        if not 0 <= value < 2**32:
            raise SimulationError(f"{name} must lie in 0 .. {2**32 - 1}, found {value}")
    for policy in policies:
        check_policy(policy)


def _schedule(start: int, stop: int, judged_from: int, end: int, months: int, calendar: int) -> NDArray[np.int64]:
    """Months of a call, as `kernels.advance` takes them."""
    return np.array([start, stop, judged_from, LANES, end, months - _REPORTED, calendar], np.int64)


def detailed_months(months: int) -> NDArray[np.bool_]:
    """Months in which distribution and index are computed: the last of each year, and the last twelve."""
    month = np.arange(months)
    marked: NDArray[np.bool_] = (month >= months - _REPORTED) | (month % YEAR == YEAR - 1)
    return marked


def _mean_line(population: Population) -> Any:
    """Poverty line (IDR/person/month) of the mean household, the yardstick of classes of consumption."""
    line = population.villages.context[VILLAGE_ROW["line"]][population.households.village]
    return np.float32(line.astype(np.float64).mean())


def _subdistricts(population: Population) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Index and region type of the subdistricts that hold households, in order."""
    present, first = np.unique(population.villages.subdistrict[population.households.village], return_index=True)
    region = population.villages.region[population.households.village[first]]
    return present.astype(np.int64), region


def empty_tally(policy: Policy, months: int) -> Tally:
    """An empty tally."""
    slots = max(len(policy.programmes), 1)
    counts: list[NDArray[np.int64]] = [np.zeros((slots, months), np.int64) for _ in range(5)]
    return Tally(
        sums=np.zeros((months, len(Sums._fields))),
        details=np.zeros((months, len(Details._fields))),
        villages=np.zeros((months, 4)),
        mentors=np.zeros((len(MENTOR_SERIES), months)),
        served=np.zeros((max(len(policy.community), 1), months), np.int64),
        spread=np.zeros((months, BINS, 2)),
        filled=counts[0],
        applicants=counts[1],
        enrolled=counts[2],
        units=counts[3],
        starters=counts[4],
        hours=np.zeros((len(HOURS), months)),
        trips=np.zeros((2, months)),
    )


def _vectors(
    block: Block, running: Running, before: NDArray[np.float32], judged: int, parameters: Any
) -> dict[str, Any]:
    """Household vectors of a finished block."""
    alive = block.live > 0
    seen = block.state[:, ROW["unseen"], :] < np.float32(MONTHS_UNSEEN_MOST)
    touched = ((running.slots != 0).any(axis=1) | seen)[alive]
    return {
        "start": before,
        "end": rows_in_order(block, "welfare") / np.float32(judged),
        "size": rows_in_order(block, "size"),
        "touched": touched,
        "stage": _stages(block, touched, parameters),
    }


def _stages(block: Block, touched: Any, p: Any) -> Any:
    """Where each household stands: index into `outputs.STAGES`, the furthest that applies."""

    def row(name: str) -> Any:
        return rows_in_order(block, name)

    taught = np.max([row(name) for name in ("technical_skill", "business_knowledge", "health_practice")], axis=0)
    months = p.standard_shock_months
    survives = (1 - p.standard_shock_share) * row("normal_income") * months + row("savings") >= months
    acts = np.maximum(row("business_practice"), row("technical_skill") * row("job"))
    stage = np.zeros(touched.size, np.int8)
    for name, holds in (
        ("aware", touched | (row("motivation") > p.motivation_start + p.stage_threshold)),
        ("trained", taught > p.stage_threshold),
        ("acting", acts > p.stage_threshold),
        ("independent", (row("standing") >= p.independence_months) & survives),
    ):
        stage[holds] = STAGES.index(name)
    return stage


def _gather(
    policy: Policy,
    population: Population,
    travel: Travel,
    tasks: Sequence[_Task],
    done: Sequence[_Done],
    months: int,
    replicate: int,
) -> Run:
    """Add up the blocks of a policy, in block order, and scale to the represented population."""
    count, communities = len(policy.programmes), len(policy.community)
    total = empty_tally(policy, months)
    trip_cost = np.zeros(months)
    offered = np.zeros_like(total.filled)
    for task, (tally, _, places) in zip(tasks, done, strict=True):
        offered += places
        for field, part in zip(total, tally, strict=True):
            np.add(field, part, out=field)
        a_trip = travel.trip_cost[task.region]
        if policy.mentors.resident:
            a_trip = min(a_trip, policy.mentors.resident_trip_cost)
        trip_cost += tally.trips[0] * a_trip
    scale = population.represents / population.count

    def represented(counted: Any) -> Float64Array:
        scaled: Float64Array = scale * np.asarray(counted, np.float64)
        return scaled

    names = ("start", "end", "size", "touched", "stage")
    vectors = {name: np.concatenate([part[name] for _, part, _ in done]) for name in names}
    homes = population.households
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
        represents=population.represents,
        households=population.count,
        monthly=measures(total.sums, total.details, total.villages, total.spread, detailed_months(months)),
        programme_names=tuple(programme.name for programme in policy.programmes),
        places_offered=represented(offered[:count]),
        places_filled=represented(total.filled[:count]),
        applicants=represented(total.applicants[:count]),
        enrolled=represented(total.enrolled[:count]),
        programme_cost=programme_cost,
        hours=represented(total.hours),
        mentor_cost=_mentor_pay(policy.mentors, mentors, months, policy.end)
        + scale * (trip_cost + total.trips[1] * policy.mentors.session_cost),
        mentors=mentors,
        community_names=tuple(community.name for community in policy.community),
        community_cost=community_cost[:communities],
        partner_cost=partner @ programme_cost + partner_of_villages @ community_cost[:communities],
        poor_household_months=represented(total.sums[:, SUM_ROW["poor_households"]]),
        household_id=homes.household_id,
        region=population.villages.region[homes.village],
        subdistrict=population.villages.subdistrict[homes.village],
        size=vectors["size"],
        start_consumption=vectors["start"],
        end_consumption=vectors["end"],
        touched=vectors["touched"],
        stage=vectors["stage"],
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
