"""What the benchmarks simulate: one scenario, its blocks started and burnt in once, and copies of them to live on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from empowersim.engine.arrays import Block, Offer, Plan, Running, Tally, copy_of, running_of
from empowersim.engine.inputs import Policy, Population
from empowersim.engine.kernels import advance
from empowersim.engine.lives import ScratchPerThread, empty_tally, schedule_of
from empowersim.engine.plans import new_mentors, offer_of, plan_of, portions_of
from empowersim.engine.simulate import mean_line_of, subdistricts_of
from empowersim.engine.start import blocks_of, settle, working_rows
from empowersim.parameters import record_of
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load
from empowersim.schema import ROW

FILE = Path(__file__).with_name("five-and-mentors.yaml")
IDLE, FULL = "no_programme", "five_and_mentors"
JUDGED = 12


@dataclass
class Life:
    """One block under one policy, from its first month on."""

    block: Block
    running: Running
    plan: Plan
    offer: Offer
    tally: Tally


class World:
    """A population of `households` of the benchmark's scenario, started and burnt in."""

    def __init__(self, households: int, *, months: int = 60, burn_in: int = 24, seed: int = 1) -> None:
        self.compiled = compile_scenario(load(FILE))
        self.months, self.seed = months, seed
        self.population: Population = self.compiled.population(households, seed)
        self.parameters = self.compiled.parameters
        self.values = record_of(self.parameters)
        self.key = (np.uint32(seed), np.uint32(0))
        self.mean_line = mean_line_of(self.population)
        self.blocks = blocks_of(self.population, self.parameters)
        order, self.regions = subdistricts_of(self.population)
        self.identities = [int(self.population.subdistrict_id[index]) for index in order]
        tiles = max(block.state.shape[0] for block in self.blocks)
        self.scratch = ScratchPerThread(tiles)
        rows = working_rows()
        for block in self.blocks:
            settle(block, rows, self.values, *self.key)
        if burn_in:
            burnt = self.lives(Policy("burn-in"))
            self.advance(burnt, -burn_in, 0)
            self.blocks = [life.block for life in burnt]
        for block in self.blocks:
            block.state[:, ROW["began_poor"]] = (block.state[:, ROW["consumption"]] < 1.0) & (block.live > 0)

    @property
    def households(self) -> int:
        """Households simulated."""
        return self.population.count

    @cached_property
    def _counts(self) -> tuple[Any, Any]:
        """Households, and poor ones, by block."""
        poor = [float(((block.state[:, ROW["consumption"]] < 1.0) * block.live).sum()) for block in self.blocks]
        return np.array([int(block.live.sum()) for block in self.blocks]), np.array(poor)

    def policy(self, name: str) -> Policy:
        """A policy of the scenario."""
        return self.compiled.policies[name]

    def lives(self, policy: Policy) -> list[Life]:
        """Copies of all blocks on the first day of a policy."""
        portions = portions_of(policy, *self._counts, self.regions, self.population.represents)
        made = []
        for index, (block, portion) in enumerate(zip(self.blocks, portions, strict=True)):
            tiles, villages = block.state.shape[0], block.village.shape[0]
            offer = offer_of(policy, self.identities[index], portion, tiles, villages, self.months, *self.key)
            mentors = offer.mentor_tiles.size - 1
            running = running_of(block, len(policy.programmes), mentors, len(policy.community))
            running.mentors[:] = new_mentors(policy.mentors, mentors)
            plan = plan_of(policy, self.compiled.travel, int(self.regions[index]), portion)
            made.append(Life(copy_of(block), running, plan, offer, empty_tally(policy, self.months)))
        return made

    def advance(self, lives: Sequence[Life], first: int, stop: int, threads: int = 1, judged: int = JUDGED) -> None:
        """Take lives through the months ``first .. stop - 1``, on one thread or several."""
        schedule = schedule_of(first, stop, self.months - judged, self.months, self.months, 0)

        def go(life: Life) -> None:
            advance(
                life.block,
                life.running,
                life.plan,
                life.offer,
                life.tally,
                self.scratch.get(),
                self.values,
                schedule,
                *self.key,
                self.mean_line,
            )

        if threads == 1:
            for life in lives:
                go(life)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(go, lives))


@dataclass(frozen=True)
class Flat:
    """All blocks as plain columns without padding, villages numbered throughout."""

    state: Any
    """Shape (ROWS, households), float32."""
    village_of: Any
    """Shape (households,), ascending."""
    village: Any
    """Shape (villages, VILLAGE_ROWS), float32."""
    low: Any
    high: Any
    """Shape (households,): the two words of a household's address."""
    village_low: Any
    village_high: Any


def flat(blocks: Sequence[Block]) -> Flat:
    """Columns of the households of some blocks, in their order (copies)."""
    first, village_of = 0, []
    for block in blocks:
        each = np.broadcast_to((block.tile_village + first)[:, None], block.live.shape)
        village_of.append(each[block.live > 0])
        first += block.village.shape[0]
    alive = [block.live > 0 for block in blocks]
    state = [block.state.transpose(1, 0, 2)[:, live] for block, live in zip(blocks, alive, strict=True)]
    return Flat(
        state=np.ascontiguousarray(np.concatenate(state, axis=1)),
        village_of=np.concatenate(village_of),
        village=np.concatenate([block.village for block in blocks]),
        low=np.concatenate([block.id_low[live] for block, live in zip(blocks, alive, strict=True)]),
        high=np.concatenate([block.id_high[live] for block, live in zip(blocks, alive, strict=True)]),
        village_low=np.concatenate([block.village_low for block in blocks]),
        village_high=np.concatenate([block.village_high for block in blocks]),
    )


def sums_of(lives: Sequence[Life]) -> Any:
    """Monthly sums of all blocks, shape (months, len(metrics.Sums))."""
    return np.sum([life.tally.sums for life in lives], axis=0)
