"""Simulate: a population under several policies, on the same random numbers.

Pure: inputs in, arrays out. Each block is started and burnt in once (`burn_in_of`); every policy then goes on from a
copy of it (`run_from`). That is exact, not an approximation, because no generator carries state, and a burn-in can be
kept for policies that are thought of later. Threads take
(block, policy) tasks; each writes its own tally, and tallies are added in block order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.engine.arrays import Block
from empowersim.engine.extension import Extension
from empowersim.engine.gather import Total
from empowersim.engine.inputs import Policy, Population, Travel
from empowersim.engine.lives import REPORTED, Begun, Lived, Lives, shared_among
from empowersim.engine.outputs import Run
from empowersim.engine.plans import check_policy
from empowersim.engine.start import blocks_of
from empowersim.errors import SimulationError
from empowersim.schema import VILLAGE_ROW


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
    judged: int = REPORTED,
    calendar: int = 0,
    extension: Extension | None = None,
) -> list[Run]:
    """Simulate every policy on the same households and the same random numbers; one `Run` a policy.

    `months` after the start of the policies (at least 1); `burn_in` months before it, without any programme;
    `seed` and `replicate` 0 to 2**32 - 1; `threads` 0 = as many as pay; `judged` = months at the end over which
    a household's consumption is averaged; `calendar` = month of the year in which the policies start (0 = January);
    `extension` = rules that are added to the model. The result does not depend on `threads`. All households are in
    memory at once; `stream.simulate_stream` is for more of them. Raises `SimulationError`.
    """
    check(population.count, policies, months, burn_in, seed, replicate, judged)
    common = {"travel": travel, "parameters": parameters, "burn_in": burn_in, "seed": seed, "replicate": replicate}
    common["extension"] = extension
    burnt = burn_in_of(population, threads=threads, calendar=calendar, **common)
    return run_from(burnt, policies, months=months, threads=threads, judged=judged, calendar=calendar, **common)


@dataclass(frozen=True)
class Burnt:
    """A population at the end of its burn-in: what any number of policies can go on from. Nothing in it changes."""

    begun: tuple[Begun, ...]
    """The blocks, in their order."""
    vectors: Mapping[str, NDArray[Any]]
    """`household_id`, `region` and `subdistrict` of the households, as in `Run`."""
    represents: float
    mean_line: np.float32
    """As in `kernels.advance`."""
    notes: tuple[str, ...] = ()
    """As in `Population`."""

    @property
    def count(self) -> int:
        """Households simulated."""
        return int(self.vectors["household_id"].size)


def burn_in_of(
    population: Population,
    *,
    travel: Travel,
    parameters: Any,
    burn_in: int,
    seed: int,
    replicate: int = 0,
    threads: int = 0,
    calendar: int = 0,
    extension: Extension | None = None,
) -> Burnt:
    """Start the households of a population and let them live `burn_in` months without any programme."""
    check(population.count, (), 1, burn_in, seed, replicate, 1)
    mean_line = mean_line_of(population)
    lives = Lives(
        (),
        travel=travel,
        parameters=parameters,
        months=1,
        burn_in=burn_in,
        seed=seed,
        replicate=replicate,
        judged=1,
        calendar=calendar,
        mean_line=mean_line,
        extension=extension,
    )
    order, regions = subdistricts_of(population)

    def begin(block: Block, index: int) -> Begun:
        return lives.begin(block, int(regions[index]), int(population.subdistrict_id[order[index]]))

    workers = threads or default_threads(population.count)
    with ThreadPoolExecutor(workers) as pool:
        blocks = [(block, index) for index, block in enumerate(blocks_of(population, parameters))]
        begun = tuple(_run(pool, workers, begin, blocks))
    homes = population.households
    return Burnt(
        begun=begun,
        vectors={
            "household_id": homes.household_id,
            "region": population.villages.region[homes.village],
            "subdistrict": population.villages.subdistrict[homes.village],
        },
        represents=population.represents,
        mean_line=mean_line,
        notes=population.notes,
    )


def run_from(
    burnt: Burnt,
    policies: Sequence[Policy],
    *,
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
) -> list[Run]:
    """Let every policy go on from a burn-in; one `Run` a policy, with the bits of `simulate`.

    `parameters`, `burn_in`, `seed`, `replicate`, `calendar` and `extension` must be those of the burn-in. Raises
    `SimulationError`.
    """
    check(burnt.count, policies, months, burn_in, seed, replicate, judged)
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
        mean_line=burnt.mean_line,
        extension=extension,
    )
    jobs = [
        (one, number, portion)
        for number, policy in enumerate(policies)
        for one, portion in zip(burnt.begun, shared_among(burnt.begun, policy, burnt.represents), strict=True)
    ]
    workers = threads or default_threads(burnt.count)
    with ThreadPoolExecutor(workers) as pool:
        done: list[Lived] = list(_run(pool, workers, lives.live, jobs))
    size = len(burnt.begun)
    return [
        _gather(policy, burnt, travel, done[at * size : (at + 1) * size], months, replicate)
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


def check(
    households: int,
    policies: Sequence[Policy],
    months: int,
    burn_in: int,
    seed: int,
    replicate: int,
    judged: int,
) -> None:
    """Raise `SimulationError` for inputs that the kernel cannot run."""
    if households == 0:
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


def mean_line_of(population: Population) -> np.float32:
    """Poverty line (IDR/person/month) of the mean household, the yardstick of classes of consumption."""
    line = population.villages.context[VILLAGE_ROW["line"]][population.households.village]
    return np.float32(line.astype(np.float64).mean())


def subdistricts_of(population: Population) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Index and region type of the subdistricts that hold households, in order."""
    present, first = np.unique(population.villages.subdistrict[population.households.village], return_index=True)
    region = population.villages.region[population.households.village[first]]
    return present.astype(np.int64), region


def _gather(policy: Policy, burnt: Burnt, travel: Travel, done: Sequence[Lived], months: int, replicate: int) -> Run:
    """Add up the blocks of a policy, in block order, and put its household vectors together."""
    total = Total(policy, travel, months)
    for one, lived in zip(burnt.begun, done, strict=True):
        total.add(lived.tally, lived.places, one.region)
    return total.run(
        replicate=replicate,
        represents=burnt.represents,
        households=burnt.count,
        vectors={
            **burnt.vectors,
            "size": np.concatenate([lived.ends.size for lived in done]),
            "start_consumption": np.concatenate([lived.ends.start for lived in done]),
            "end_consumption": np.concatenate([lived.ends.end for lived in done]),
            "touched": np.concatenate([lived.ends.touched for lived in done]),
            "stage": np.concatenate([lived.ends.stage for lived in done]),
        },
    )
