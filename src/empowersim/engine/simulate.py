"""Simulate: a population under several policies, on the same random numbers.

Pure: inputs in, arrays out. Each block is started and burnt in once; every policy then goes on from a
copy of it. That is exact, not an approximation, because no generator carries state. Threads take
(block, policy) tasks; each writes its own tally, and tallies are added in block order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.engine.arrays import Block
from empowersim.engine.gather import Total
from empowersim.engine.inputs import Policy, Population, Travel
from empowersim.engine.lives import REPORTED, Begun, Lived, Lives
from empowersim.engine.outputs import Run
from empowersim.engine.plans import check_policy, shares_of
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
) -> list[Run]:
    """Simulate every policy on the same households and the same random numbers; one `Run` a policy.

    `months` after the start of the policies (at least 1); `burn_in` months before it, without any programme;
    `seed` and `replicate` 0 to 2**32 - 1; `threads` 0 = as many as pay; `judged` = months at the end over which
    a household's consumption is averaged; `calendar` = month of the year in which the policies start (0 = January).
    The result does not depend on `threads`. All households are in memory at once; `stream.simulate_stream` is for
    more of them. Raises `SimulationError`.
    """
    check(population.count, policies, months, burn_in, seed, replicate, judged)
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
        mean_line=mean_line_of(population),
    )
    workers = threads or default_threads(population.count)
    order, regions = subdistricts_of(population)

    def begin(block: Block, index: int) -> Begun:
        return lives.begin(block, int(regions[index]), int(population.subdistrict_id[order[index]]))

    with ThreadPoolExecutor(workers) as pool:
        blocks = blocks_of(population, parameters)
        begun: list[Begun] = list(_run(pool, workers, begin, [(block, index) for index, block in enumerate(blocks)]))
        households = np.array([one.households for one in begun])
        poor = np.array([one.poor for one in begun])
        jobs = [
            (one, number, float(share))
            for number, policy in enumerate(policies)
            for one, share in zip(begun, shares_of(policy, households, poor, population.represents), strict=True)
        ]
        done: list[Lived] = list(_run(pool, workers, lives.live, jobs))
    size = len(begun)
    return [
        _gather(policy, population, travel, begun, done[at * size : (at + 1) * size], months, replicate)
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


def _gather(
    policy: Policy,
    population: Population,
    travel: Travel,
    begun: Sequence[Begun],
    done: Sequence[Lived],
    months: int,
    replicate: int,
) -> Run:
    """Add up the blocks of a policy, in block order, and put its household vectors together."""
    total = Total(policy, travel, months)
    for one, lived in zip(begun, done, strict=True):
        total.add(lived.tally, lived.places, one.region)
    homes = population.households
    return total.run(
        replicate=replicate,
        represents=population.represents,
        households=population.count,
        vectors={
            "household_id": homes.household_id,
            "region": population.villages.region[homes.village],
            "subdistrict": population.villages.subdistrict[homes.village],
            "size": np.concatenate([lived.ends.size for lived in done]),
            "start_consumption": np.concatenate([lived.ends.start for lived in done]),
            "end_consumption": np.concatenate([lived.ends.end for lived in done]),
            "touched": np.concatenate([lived.ends.touched for lived in done]),
            "stage": np.concatenate([lived.ends.stage for lived in done]),
        },
    )
