"""Simulate more households than fit in memory: subdistricts are made, lived, counted and forgotten.

A thread takes a stretch of a few subdistricts. It makes their households, burns each in once, takes it through every
policy, counts what became of its households against the reference, and lets it go; sums and counts are all that
leaves. Memory therefore does not grow with the population, and the cost grows in proportion.

Sums are added in the order of the subdistricts, as `simulate` adds them, so a streamed run has the same monthly
measures, places, money and hours as one that keeps its households, to the last bit. What needs every household at once,
fifths of the population by starting consumption, is cut from classes (`changes`).

A policy that shares its places by poverty must know how many are poor in every subdistrict when it begins. For it,
everybody is made and burnt in twice: first to be counted, then to live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.arrays import Tally
from empowersim.engine.changes import Counting, add, changes_of, count, counting
from empowersim.engine.gather import Total
from empowersim.engine.inputs import Policy, Population, StreamedPopulation, Travel
from empowersim.engine.lives import REPORTED, Begun, Lives
from empowersim.engine.outputs import Run
from empowersim.engine.plans import shares_of
from empowersim.engine.simulate import check, default_threads, mean_line_of, subdistricts_of
from empowersim.engine.start import block_bounds, blocks_of
from empowersim.engine.workers import in_order

Told = Callable[[float], None]
"""Called with the share of the work (0-1) that is done."""

_STRETCH: Final = 16_000
"""Households that a thread makes at once: enough that what a stretch costs beside its households does not count."""
_MOST_SUBDISTRICTS: Final = 8
"""Subdistricts of a stretch at most: each leaves its own sums."""


class _Leaves(NamedTuple):
    """What a stretch leaves behind."""

    sums: list[list[tuple[Tally, NDArray[np.int64]]]]
    """Subdistrict, policy -> sums and places offered."""
    counts: list[Counting]
    """A policy each."""


def streamed_of(population: Population) -> StreamedPopulation:
    """A population that is in memory already, as a stream: what is laid out of it and simulated is not."""
    bounds = block_bounds(population)
    order, region = subdistricts_of(population)
    homes, villages = population.households, population.villages

    def make(first: int, last: int) -> Population:
        rows = slice(int(bounds[first]), int(bounds[last]))
        return Population(
            households=type(homes)(**{name: values[rows] for name, values in vars(homes).items()}),
            villages=villages,
            subdistrict_id=population.subdistrict_id,
            represents=population.represents,
        )

    return StreamedPopulation(
        households=np.diff(bounds),
        region=region,
        subdistrict_id=population.subdistrict_id[order],
        mean_line=mean_line_of(population),
        represents=population.represents,
        make=make,
        notes=population.notes,
    )


def simulate_stream(
    stream: StreamedPopulation,
    policies: Sequence[Policy],
    *,
    reference: int = 0,
    travel: Travel,
    parameters: Any,
    months: int,
    burn_in: int,
    seed: int,
    replicate: int = 0,
    threads: int = 0,
    judged: int = REPORTED,
    calendar: int = 0,
    told: Told | None = None,
) -> list[Run]:
    """Simulate every policy on the households of a stream; one `Run` a policy, without household vectors.

    `reference` = index of the policy that `Run.changes` compares with; `told` hears how far the run is. All else is as
    in `simulate`. The result depends neither on `threads` nor on how the stream is cut. Raises `SimulationError`.
    """
    check(stream.count, policies, months, burn_in, seed, replicate, judged)
    lives = Lives(
        policies,
        travel=travel,
        parameters=parameters,
        months=months,
        burn_in=burn_in,
        seed=seed,
        replicate=replicate,
        judged=judged,
        calendar=calendar,
        mean_line=stream.mean_line,
    )
    workers = threads or default_threads(stream.count)
    band = float(parameters.unchanged_band)
    stretches = _stretches(stream.households)
    by_poverty = any(policy.sharing != "equal" for policy in policies)
    clock = _Clock(stream.count, burn_in * (1 + by_poverty) + months * len(policies), told)

    def begun(stretch: tuple[int, int]) -> Iterator[Begun]:
        first, after = stretch
        made = stream.make(first, after)
        for at, block in enumerate(blocks_of(made, parameters), start=first):
            yield lives.begin(block, int(stream.region[at]), int(stream.subdistrict_id[at]))

    def poor_in(stretch: tuple[int, int]) -> list[float]:
        return [one.poor for one in begun(stretch)]

    poor = np.zeros(stream.households.size)
    if by_poverty:
        for (first, after), counted in zip(stretches, in_order(poor_in, stretches, workers), strict=True):
            poor[first:after] = counted
            clock.passed(stream.households[first:after].sum() * burn_in)
    shares = [shares_of(policy, stream.households, poor, stream.represents) for policy in policies]

    last = len(policies) - 1

    def live(stretch: tuple[int, int]) -> _Leaves:
        sums, counts = [], [counting() for _ in policies]
        for at, one in enumerate(begun(stretch), start=stretch[0]):
            lived = [
                lives.live(one, number, float(shares[number][at]), spent=number == last)
                for number in range(len(policies))
            ]
            for mine, here in zip(counts, lived, strict=True):
                count(mine, here.ends, lived[reference].ends, one.region, band)
            sums.append([(each.tally, each.places) for each in lived])
        return _Leaves(sums, counts)

    totals = [Total(policy, travel, months) for policy in policies]
    counts = [counting() for _ in policies]
    for (first, after), left in zip(stretches, in_order(live, stretches, workers), strict=True):
        for at, by_policy in enumerate(left.sums, start=first):
            for total, (tally, places) in zip(totals, by_policy, strict=True):
                total.add(tally, places, int(stream.region[at]))
        for mine, more in zip(counts, left.counts, strict=True):
            add(mine, more)
        clock.passed(stream.households[first:after].sum() * (burn_in + months * len(policies)))
    return [
        total.run(
            replicate=replicate,
            represents=stream.represents,
            households=stream.count,
            vectors=_no_vectors(),
            changes=changes_of(mine),
        )
        for total, mine in zip(totals, counts, strict=True)
    ]


def _stretches(households: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First subdistrict, and the one after the last, of each stretch; `households` by subdistrict."""
    found: list[tuple[int, int]] = []
    first, inside = 0, 0
    for at, count_here in enumerate(households.tolist()):
        if at > first and (inside + count_here > _STRETCH or at - first >= _MOST_SUBDISTRICTS):
            found.append((first, at))
            first, inside = at, 0
        inside += count_here
    found.append((first, int(households.size)))
    return found


class _Clock:
    """Says how much of the work is done."""

    def __init__(self, households: int, months: int, told: Told | None) -> None:
        self._all = households * months
        self._done = 0
        self._told = told
        if told is not None:
            told(0.0)

    def passed(self, household_months: int) -> None:
        """More of the work is done."""
        self._done += int(household_months)
        if self._told is not None:
            self._told(self._done / self._all)


def _no_vectors() -> dict[str, NDArray[Any]]:
    """The household vectors of a run that keeps no household."""
    types: dict[str, Any] = {
        "household_id": np.int64,
        "region": np.int32,
        "subdistrict": np.int32,
        "size": np.float32,
        "start_consumption": np.float32,
        "end_consumption": np.float32,
        "touched": np.bool_,
        "stage": np.int8,
    }
    return {name: np.empty(0, dtype) for name, dtype in types.items()}
