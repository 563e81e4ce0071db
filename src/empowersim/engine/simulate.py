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
from empowersim.engine.allocation import MENTOR_FIELDS, PRIORITIES, RULES
from empowersim.engine.arrays import FINISHED, Block, Offer, Plan, Scratch, Tally, copy_of, scratch_for, slots_of
from empowersim.engine.inputs import Mentors, Policy, Population, Programme, Travel
from empowersim.engine.kernels import advance
from empowersim.engine.metrics import BINS, SUM_ROW, Details, Sums, measures
from empowersim.engine.outputs import HOURS, Float64Array, Run
from empowersim.engine.start import blocks_of, rows_in_order, settle, working_rows
from empowersim.errors import SimulationError
from empowersim.parameters import record_of
from empowersim.rng import TRAITS, Kind, Stream, philox, uniform_from
from empowersim.schema import CHANNEL_ROW, ROW, VILLAGE_ROW

LONGEST_PLACE: Final = int(FINISHED) - 1
"""Months a place may last: its counter is a byte."""

_MONEY: Final = frozenset({"stipend", "asset_grant", "cash_grant"})
_GRANTS: Final = frozenset({"asset_grant", "cash_grant"})
_YEAR: Final = 12
_CONDITIONS: Final = 8
_MONTHLY_REPORT: Final = 12


@dataclass(frozen=True)
class _Task:
    """One block, started and burnt in."""

    block: Block
    households: int
    region: int
    subdistrict: int


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
    judged: int = _MONTHLY_REPORT,
) -> list[Run]:
    """Simulate every policy on the same households and the same random numbers; one `Run` a policy.

    `months` after the start of the policies (at least 1); `burn_in` months before it, without any programme;
    `seed` and `replicate` 0 to 2**32 - 1; `threads` 0 = as many as pay; `judged` = months at the end over which a
    household's consumption is averaged. The result does not depend on `threads`. Raises `SimulationError`.
    """
    _check(population, policies, months, burn_in, seed, replicate, judged)
    values = record_of(parameters)
    key0, key1 = np.uint32(seed), np.uint32(replicate)
    mean_line = _mean_line(population)
    workers = threads or default_threads(population.count)
    judged = min(judged, months)
    idle = _plan(Policy("burn-in"), travel, 0, 0.0)

    def begin(block: Block, index: int) -> _Task:
        settle(block, working_rows(), values, key0, key1)
        offer = Offer(np.full((1, 1), -1, np.int64), np.zeros(1, np.int64))
        advance(
            block,
            slots_of(block, 1),
            idle,
            offer,
            _tally(1, 1),
            scratch.get(),
            values,
            _schedule(-burn_in, 0, months, 0, months),
            key0,
            key1,
            mean_line,
        )
        return _Task(block, int(block.live.sum()), int(regions[index]), int(order[index]))

    blocks = blocks_of(population)
    scratch = _ScratchPerThread(max(block.state.shape[0] for block in blocks))
    order, regions = _subdistricts(population)
    with ThreadPoolExecutor(workers) as pool:
        tasks = list(_run(pool, workers, begin, [(block, index) for index, block in enumerate(blocks)]))

        def live(policy: Policy, task: _Task) -> _Done:
            plan = _plan(policy, travel, task.region, task.households / population.represents)
            block = copy_of(task.block)
            slots = slots_of(block, len(policy.programmes))
            block.state[:, ROW["welfare"]] = 0.0
            before = rows_in_order(block, "consumption").copy()
            offer = _offer(policy, population, task, block.state.shape[0], months, key0, key1)
            tally = _tally(len(policy.programmes), months)
            advance(
                block,
                slots,
                plan,
                offer,
                tally,
                scratch.get(),
                values,
                _schedule(0, months, months - judged, min(policy.end, months), months),
                key0,
                key1,
                mean_line,
            )
            return tally, _vectors(block, slots, before, judged), np.maximum(offer.places, 0)

        jobs = [(policy, task) for policy in policies for task in tasks]
        done = list(_run(pool, workers, live, jobs))
    size = len(tasks)
    return [
        _gather(policy, population, travel, tasks, done[at * size : (at + 1) * size], months, judged, replicate)
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
            "months must be at least 1, burn-in at least 0, judged months at least 1; "
            f"found {months}, {burn_in}, {judged}"
        )
    for name, value in (("seed", seed), ("replicate", replicate)):
        if not 0 <= value < 2**32:
            raise SimulationError(f"{name} must lie in 0 .. {2**32 - 1}, found {value}")
    for policy in policies:
        for programme in policy.programmes:
            if not 1 <= programme.duration <= LONGEST_PLACE:
                raise SimulationError(
                    f"policy {policy.name}, programme {programme.name}: a place lasts 1 to {LONGEST_PLACE} months, "
                    f"found {programme.duration}"
                )
            unknown = sorted(set(programme.doses) - set(CHANNEL_ROW))
            if unknown:
                raise SimulationError(f"programme {programme.name}: no channel is called {', '.join(unknown)}")
            if len(programme.conditions) > _CONDITIONS:
                raise SimulationError(f"programme {programme.name}: at most {_CONDITIONS} conditions")


def _schedule(start: int, stop: int, judged_from: int, end: int, months: int) -> NDArray[np.int64]:
    """Months of a call, as `kernels.advance` takes them."""
    return np.array([start, stop, judged_from, LANES, end, months - _MONTHLY_REPORT], np.int64)


def detailed_months(months: int) -> NDArray[np.bool_]:
    """Months in which distribution and index are computed: the last of each year, and the last twelve."""
    month = np.arange(months)
    marked: NDArray[np.bool_] = (month >= months - _MONTHLY_REPORT) | (month % _YEAR == _YEAR - 1)
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


def _tally(programmes: int, months: int) -> Tally:
    """An empty tally."""
    slots = max(programmes, 1)
    counts: list[NDArray[np.int64]] = [np.zeros((slots, months), np.int64) for _ in range(5)]
    return Tally(
        sums=np.zeros((months, len(Sums._fields))),
        details=np.zeros((months, len(Details._fields))),
        spread=np.zeros((months, BINS, 2)),
        filled=counts[0],
        applicants=counts[1],
        enrolled=counts[2],
        units=counts[3],
        starters=counts[4],
        hours=np.zeros((len(HOURS), months)),
        trips=np.zeros((2, months)),
    )


def _plan(policy: Policy, travel: Travel, region: int, share: float) -> Plan:
    """Turn a policy into arrays for a block of one region type that is `share` of the represented district."""
    programmes = policy.programmes
    row = np.full((len(programmes), _CONDITIONS), -1, np.int64)
    low = np.zeros((len(programmes), _CONDITIONS), np.float32)
    high = np.zeros((len(programmes), _CONDITIONS), np.float32)
    seen = np.zeros((len(programmes), _CONDITIONS), np.bool_)
    for s, programme in enumerate(programmes):
        for c, condition in enumerate(programme.conditions):
            row[s, c], low[s, c] = ROW[condition.column], condition.low
            high[s, c], seen[s, c] = condition.high, condition.observed
    doses = [
        (s, channel, amount)
        for s, programme in enumerate(programmes)
        for channel, amount in programme.doses.items()
        if amount != 0
    ]

    def of(name: str, dtype: Any) -> Any:
        return np.array([getattr(programme, name) for programme in programmes], dtype)

    return Plan(
        condition_row=row,
        condition_low=low,
        condition_high=high,
        condition_observed=seen,
        number=of("number", np.uint32),
        noise=of("targeting_noise", np.float32),
        take_up=of("take_up", np.float32),
        drop_out=of("drop_out", np.float32),
        priority=np.array([PRIORITIES.index(programme.priority) for programme in programmes], np.int64),
        duration=of("duration", np.int64),
        once=of("once", np.bool_),
        per_child=of("per_child", np.bool_),
        dose_slot=np.array([s for s, _, _ in doses], np.int64),
        dose_channel=np.array([CHANNEL_ROW[channel] for _, channel, _ in doses], np.int64),
        dose_amount=np.array([amount for _, _, amount in doses], np.float32),
        dose_first=np.array([channel in _GRANTS for _, channel, _ in doses], np.bool_),
        dose_money=np.array([channel in _MONEY for _, channel, _ in doses], np.bool_),
        dose_per_child=np.array([channel in _MONEY and programmes[s].per_child for s, channel, _ in doses], np.bool_),
        mentor_rule=RULES.index(policy.mentors.rule),
        mentor=_mentor_numbers(policy.mentors, travel, region, share),
    )


def _mentor_numbers(mentors: Mentors, travel: Travel, region: int, share: float) -> NDArray[np.float64]:
    """Numbers of a block's mentors, in the order of `allocation.MENTOR_FIELDS`."""
    trip = mentors.resident_round_trip if mentors.resident else travel.round_trip_hours[region]
    numbers = {
        "posts": mentors.posts * share,
        "hours": mentors.hours,
        "admin_hours": mentors.admin_hours,
        "admin_hours_per_client": mentors.admin_hours_per_client,
        "training_hours": mentors.training_hours,
        "session_hours": mentors.session_hours,
        "visit_hours": mentors.visit_hours * travel.visit_time_factor[region] + travel.walk_hours[region],
        "group_size": mentors.group_size,
        "round_trip_hours": min(trip, travel.round_trip_hours[region]),
        "sessions_per_trip": travel.sessions_per_trip[region],
        "visits_per_trip": travel.visits_per_trip[region],
        "access": 1.0 if mentors.resident else travel.access[region],
        "signal_factor": travel.signal_factor[region],
        "competence": mentors.competence,
        "trust_bonus": mentors.trust_bonus,
        "observation_noise": mentors.observation_noise,
    }
    return np.array([numbers[name] for name in MENTOR_FIELDS])


def _offer(
    policy: Policy, population: Population, task: _Task, tiles: int, months: int, seed: Any, replicate: Any
) -> Offer:
    """Places and mentors of a block: its households' share of the represented district.

    Fractions of places are carried over from intake to intake; the first is rounded by the block's own
    address, so that on average nothing is lost and no block depends on another.
    """
    share = task.households / population.represents
    places = np.full((max(len(policy.programmes), 1), months), -1, np.int64)
    for s, programme in enumerate(policy.programmes):
        intakes = np.arange(
            programme.first_intake, min(months, programme.last_intake + 1, policy.end), programme.intake_every
        )
        if intakes.size == 0:
            continue
        a_time = programme.places_per_year * share * programme.intake_every / _YEAR
        total = np.floor(a_time * np.arange(intakes.size + 1) + _rounding(programme, population, task, seed, replicate))
        places[s, intakes] = np.diff(total).astype(np.int64)
    posts = policy.mentors.posts * share
    count = min(max(1, round(posts)), tiles) if posts > 0 else 0
    bounds = np.linspace(0, tiles, count + 1).round().astype(np.int64) if count else np.zeros(1, np.int64)
    return Offer(places, bounds)


def _rounding(programme: Programme, population: Population, task: _Task, seed: Any, replicate: Any) -> float:
    """Uniform (0-1) by which a block rounds the places of a programme."""
    identity = int(population.subdistrict_id[task.subdistrict])
    words = philox(
        np.uint32(identity & 0xFFFFFFFF),
        np.uint32(Kind.SUBDISTRICT << 24),
        np.uint32(TRAITS & 0xFFFFFFFF),
        np.uint32(programme.number ^ int(Stream.PLACE_ROUNDING)),
        seed,
        replicate,
    )
    return float(uniform_from(words[0]))


def _vectors(block: Block, slots: NDArray[np.uint8], before: NDArray[np.float32], judged: int) -> dict[str, Any]:
    """Household vectors of a finished block."""
    alive = block.live > 0
    seen = block.state[:, ROW["unseen"], :] < block.state.dtype.type(600)
    return {
        "start": before,
        "end": rows_in_order(block, "welfare") / np.float32(judged),
        "size": rows_in_order(block, "size"),
        "touched": ((slots != 0).any(axis=1) | seen)[alive],
    }


def _gather(
    policy: Policy,
    population: Population,
    travel: Travel,
    tasks: Sequence[_Task],
    done: Sequence[_Done],
    months: int,
    judged: int,
    replicate: int,
) -> Run:
    """Add up the blocks of a policy, in block order, and scale to the represented population."""
    count = len(policy.programmes)
    total = _tally(count, months)
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

    vectors = {
        name: np.concatenate([part[name] for _, part, _ in done]) for name in ("start", "end", "size", "touched")
    }
    homes = population.households
    return Run(
        policy=policy.name,
        replicate=replicate,
        months=months,
        represents=population.represents,
        households=population.count,
        monthly=measures(total.sums, total.details, total.spread, detailed_months(months)),
        programme_names=tuple(programme.name for programme in policy.programmes),
        places_offered=represented(offered[:count]),
        places_filled=represented(total.filled[:count]),
        applicants=represented(total.applicants[:count]),
        enrolled=represented(total.enrolled[:count]),
        programme_cost=represented(_programme_cost(policy, total)),
        hours=represented(total.hours),
        mentor_cost=_mentor_pay(policy, months) + scale * (trip_cost + total.trips[1] * policy.mentors.session_cost),
        poor_household_months=represented(total.sums[:, SUM_ROW["poor_households"]]),
        household_id=homes.household_id,
        region=population.villages.region[homes.village],
        subdistrict=population.villages.subdistrict[homes.village],
        size=vectors["size"],
        start_consumption=vectors["start"],
        end_consumption=vectors["end"],
        touched=vectors["touched"],
    )


def _programme_cost(policy: Policy, total: Tally) -> NDArray[np.float64]:
    """Cost by programme and month, IDR, of the simulated slice: places filled, months held, grants, overhead."""
    cost = np.zeros((len(policy.programmes), total.filled.shape[1]))
    for s, programme in enumerate(policy.programmes):
        grant = sum(programme.doses.get(channel, 0.0) for channel in _GRANTS)
        stipend = programme.doses.get("stipend", 0.0)
        grants = grant * (total.starters[s] if programme.per_child else total.filled[s])
        monthly = (programme.cost_per_month + stipend) * total.units[s]
        cost[s] = (programme.cost_per_place * total.filled[s] + grants + monthly) * (1.0 + programme.overhead)
    return cost


def _mentor_pay(policy: Policy, months: int) -> NDArray[np.float64]:
    """Pay of the mentors by month, IDR, of the represented district."""
    return np.where(np.arange(months) < policy.end, policy.mentors.posts * policy.mentors.pay_per_month, 0.0)
