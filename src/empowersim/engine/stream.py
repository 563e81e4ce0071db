"""Simulate more households than fit in memory: subdistricts are made, lived, counted and forgotten.

A thread, or a process anywhere, takes a stretch of a few subdistricts. It makes their households, burns each in once,
takes it through every policy, counts what became of its households against the reference, and lets it go; sums and
counts are all that leaves. Memory therefore does not grow with the population, and the cost grows in proportion.

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
from empowersim.engine.extension import Extension
from empowersim.engine.gather import Total
from empowersim.engine.inputs import Policy, Population, StreamedPopulation, Travel
from empowersim.engine.lives import REPORTED, Begun, Lives
from empowersim.engine.outputs import Run
from empowersim.engine.plans import Portion, portions_of
from empowersim.engine.simulate import check, default_threads, mean_line_of, subdistricts_of
from empowersim.engine.start import block_bounds, blocks_of
from empowersim.engine.workers import in_order

Told = Callable[[float], None]
"""Called with the share of the work (0-1) that is done."""

_STRETCH: Final = 16_000
"""Households that a thread makes at once: enough that what a stretch costs beside its households does not count."""
_MOST_SUBDISTRICTS: Final = 8
"""Subdistricts of a stretch at most: each leaves its own sums."""


class Leaves(NamedTuple):
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


class Stretch(NamedTuple):
    """A few subdistricts that are made and simulated together, and what they get of each policy."""

    first: int
    after: int
    """The first subdistrict that is no longer part of it."""
    portions: Sequence[Sequence[Portion]]
    """For each policy, what each subdistrict gets of it; empty while the poor are counted."""


Spread = Callable[[str, Sequence[Stretch]], Iterator[Any]]
"""``spread(what, stretches)``: yields what the method ``what`` (``poor`` or ``live``) of a `Stretches` gives for each
stretch, in their order, wherever it is computed."""


class Stretches:
    """What a run does with one stretch; any thread may call, and any process that has made the same stream."""

    def __init__(
        self,
        stream: StreamedPopulation,
        policies: Sequence[Policy],
        *,
        reference: int,
        parameters: Any,
        **settings: Any,
    ) -> None:
        """As in `simulate_stream`; `settings` as in `Lives`."""
        self._stream, self._parameters = stream, parameters
        self._policies, self._reference = policies, reference
        self._band = float(parameters.unchanged_band)
        self._lives = Lives(policies, parameters=parameters, mean_line=stream.mean_line, **settings)

    def poor(self, stretch: Stretch) -> list[float]:
        """Poor households of each subdistrict at the end of the burn-in."""
        return [one.poor for one in self._begun(stretch)]

    def live(self, stretch: Stretch) -> Leaves:
        """Take a stretch through every policy and count what became of its households."""
        sums, counts = [], [counting() for _ in self._policies]
        last = len(self._policies) - 1
        for at, one in enumerate(self._begun(stretch)):
            lived = [
                self._lives.live(one, number, stretch.portions[number][at], spent=number == last)
                for number in range(len(self._policies))
            ]
            for mine, here in zip(counts, lived, strict=True):
                count(mine, here.ends, lived[self._reference].ends, one.region, self._band)
            sums.append([(each.tally, each.places) for each in lived])
        return Leaves(sums, counts)

    def _begun(self, stretch: Stretch) -> Iterator[Begun]:
        stream = self._stream
        made = stream.make(stretch.first, stretch.after)
        for at, block in enumerate(blocks_of(made, self._parameters), start=stretch.first):
            yield self._lives.begin(block, int(stream.region[at]), int(stream.subdistrict_id[at]))


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
    extension: Extension | None = None,
    told: Told | None = None,
    spread: Spread | None = None,
) -> list[Run]:
    """Simulate every policy on the households of a stream; one `Run` a policy, without household vectors.

    `reference` = index of the policy that `Run.changes` compares with; `told` hears how far the run is; `spread`
    computes the stretches elsewhere, in place of `threads` of this process. All else is as in `simulate`. The result
    depends neither on `threads` or `spread` nor on how the stream is cut. Raises `SimulationError`.
    """
    check(stream.count, policies, months, burn_in, seed, replicate, judged)
    by_poverty = any(policy.sharing != "equal" for policy in policies)
    clock = _Clock(stream.count, burn_in * (1 + by_poverty) + months * len(policies), told)
    if spread is None:
        here = Stretches(
            stream,
            policies,
            reference=reference,
            travel=travel,
            parameters=parameters,
            months=months,
            burn_in=burn_in,
            seed=seed,
            replicate=replicate,
            judged=judged,
            calendar=calendar,
            extension=extension,
        )
        workers = threads or default_threads(stream.count)

        def spread(what: str, stretches: Sequence[Stretch]) -> Iterator[Any]:
            return in_order(getattr(here, what), stretches, workers)

    cuts = _stretches(stream.households)
    poor = np.zeros(stream.households.size)
    if by_poverty:
        unshared = [Stretch(first, after, ()) for first, after in cuts]
        for (first, after), counted in zip(cuts, spread("poor", unshared), strict=True):
            poor[first:after] = counted
            clock.passed(stream.households[first:after].sum() * burn_in)
    portions = [portions_of(policy, stream.households, poor, stream.region, stream.represents) for policy in policies]

    totals = [Total(policy, travel, months) for policy in policies]
    counts = [counting() for _ in policies]
    shared = [Stretch(first, after, [one[first:after] for one in portions]) for first, after in cuts]
    for stretch, left in zip(shared, spread("live", shared), strict=True):
        for at, by_policy in enumerate(left.sums, start=stretch.first):
            for total, (tally, places) in zip(totals, by_policy, strict=True):
                total.add(tally, places, int(stream.region[at]))
        for mine, more in zip(counts, left.counts, strict=True):
            add(mine, more)
        lived = stream.households[stretch.first : stretch.after].sum()
        clock.passed(lived * (burn_in + months * len(policies)))
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
