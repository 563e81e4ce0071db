"""How a block lives: started, burnt in, and taken through a policy from a copy of where the burn-in left it."""

from __future__ import annotations

from collections.abc import Sequence
from threading import local
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.arrays import Block, Offer, Plan, Running, Scratch, Tally, copy_of, running_of
from empowersim.engine.ends import Ends, ends_of, starting_consumption
from empowersim.engine.extension import Extension
from empowersim.engine.inputs import Policy, Travel
from empowersim.engine.machine import SHIPPED, Machine, machine_of
from empowersim.engine.metrics import BINS, Details, Sums
from empowersim.engine.outputs import HOURS, MENTOR_SERIES
from empowersim.engine.plans import NOTHING, YEAR, Portion, new_mentors, offer_of, plan_of, portions_of, with_portion
from empowersim.engine.start import working_rows
from empowersim.schema import ROW

REPORTED: Final = 12
"""Months at the end in which distribution and index are computed every month."""

_IDLE: Final = Policy("burn-in")


class Begun(NamedTuple):
    """One block, started and burnt in."""

    block: Block
    households: int
    poor: float
    region: int
    identity: int


def shared_among(begun: Sequence[Begun], policy: Policy, represents: float) -> list[Portion]:
    """What each block of a population that stands for `represents` households gets of a policy, in their order."""
    households = np.array([one.households for one in begun])
    poor = np.array([one.poor for one in begun])
    return portions_of(policy, households, poor, np.array([one.region for one in begun]), represents)


class Lived(NamedTuple):
    """One block at the end of a policy."""

    tally: Tally
    """`spread` has its detailed months only."""
    ends: Ends
    places: NDArray[np.int64]
    """Shape (S, M): places offered."""


class Under(NamedTuple):
    """One block under a policy, on its way through the months."""

    number: int
    """Of the policy."""
    block: Block
    running: Running
    plan: Plan
    offer: Offer
    tally: Tally
    start: NDArray[np.float32]
    """As in `Ends`."""


class Lives:
    """What all blocks of a run have in common, and working memory for each thread."""

    def __init__(
        self,
        policies: Sequence[Policy],
        *,
        travel: Travel,
        parameters: Any,
        months: int,
        burn_in: int,
        seed: int,
        replicate: int,
        judged: int,
        calendar: int,
        mean_line: np.float32,
        extension: Extension | None = None,
    ) -> None:
        """As in `simulate`; `mean_line` as in `kernels.advance`."""
        self._machine = machine_of(extension)
        self._policies = policies
        self._travel = travel
        self._parameters = parameters
        self._values = self._machine.values(parameters)
        self._months = months
        self._judged = min(judged, months)
        self._key = np.uint32(seed), np.uint32(replicate)
        self._mean_line = mean_line
        self._before = schedule_of(-burn_in, 0, months, 0, months, calendar)
        self._during = [
            schedule_of(0, months, months - self._judged, min(policy.end, months), months, calendar)
            for policy in policies
        ]
        self._detailed = np.flatnonzero(detailed_months(months))
        self._idle = plan_of(_IDLE, travel, 0, NOTHING)
        self._plans: dict[tuple[int, int], Plan] = {}
        self._scratch = ScratchPerThread(machine=self._machine)
        self._own = local()

    def begin(self, block: Block, region: int, identity: int, *, until: int = 0) -> Begun:
        """Start a laid out block of a region type, with its permanent id, and burn it in; the block itself changes.

        Under an extension the block that is handed back has its columns, too. The burn-in is broken off
        before the month `until` (0 or less; 0 = never), for those who want to look inside.
        """
        block = self._machine.settle(block, self._rows(), self._parameters, *self._key)
        tiles, villages = block.state.shape[0], block.village.shape[0]
        before = self._before.copy()
        before[1] = until
        offer = offer_of(_IDLE, identity, NOTHING, tiles, villages, 1, *self._key)
        self._go(block, running_of(block, 1, 1, 1), self._idle, offer, empty_tally(_IDLE, 1), before)
        self._machine.check(block, "at the end of the burn-in")
        is_poor = (block.state[:, ROW["consumption"]] < 1.0) & (block.live > 0)
        block.state[:, ROW["began_poor"]] = is_poor
        return Begun(block, int(block.live.sum()), float(is_poor.sum()), region, identity)

    def live(self, begun: Begun, number: int, portion: Portion, *, spent: bool = False) -> Lived:
        """Take a block through policy `number`, of which it gets `portion` of the places and posts.

        The block is copied first, unless it is to be `spent` because no other policy needs it.
        """
        under = self.open(begun, number, portion, spent=spent, spread=self._spread())
        self.go_on(under, 0, self._months)
        return self.close(under)

    def open(
        self,
        begun: Begun,
        number: int,
        portion: Portion,
        *,
        spent: bool = False,
        spread: NDArray[np.float64] | None = None,
    ) -> Under:
        """A block on the first day of a policy; arguments as in `live`, `spread` as in `empty_tally`."""
        policy, months = self._policies[number], self._months
        block = begun.block if spent else copy_of(begun.block)
        block.state[:, ROW["welfare"]] = 0.0
        start = starting_consumption(block)
        tiles, villages = block.state.shape[0], block.village.shape[0]
        offer = offer_of(policy, begun.identity, portion, tiles, villages, months, *self._key)
        mentors = offer.mentor_tiles.size - 1
        running = running_of(block, len(policy.programmes), mentors, len(policy.community))
        running.mentors[:] = new_mentors(policy.mentors, mentors)
        plan = with_portion(self._plan(number, begun.region), policy, portion)
        return Under(number, block, running, plan, offer, empty_tally(policy, months, spread), start)

    def go_on(self, under: Under, first: int, after: int) -> None:
        """Take a block under a policy through the months `first` .. `after` - 1, which must be its next ones.

        A run in parts is the run in one, to the last bit: nothing that a month needs lies outside of `under`.
        """
        when = self._during[under.number].copy()
        when[:2] = first, after
        self._go(under.block, under.running, under.plan, under.offer, under.tally, when)

    def close(self, under: Under) -> Lived:
        """What a block has become after the last month of the run."""
        self._machine.check(under.block, f"at the end of policy {self._policies[under.number].name}")
        ends = ends_of(under.block, under.running, under.start, self._judged, self._parameters)
        tally = under.tally._replace(spread=under.tally.spread[self._detailed])
        return Lived(tally, ends, np.maximum(under.offer.places, 0))

    def _go(self, block: Block, running: Running, plan: Plan, offer: Offer, tally: Tally, when: Any) -> None:
        scratch = self._scratch.get(block.state.shape[0])
        go = self._machine.advance
        go(block, running, plan, offer, tally, scratch, self._values, when, *self._key, self._mean_line)

    def _plan(self, number: int, region: int) -> Plan:
        """A policy as arrays in a region type; two threads that make the same one at once make it alike."""
        if (number, region) not in self._plans:
            self._plans[number, region] = plan_of(self._policies[number], self._travel, region, NOTHING)
        return self._plans[number, region]

    def _rows(self) -> NDArray[np.float32]:
        if not hasattr(self._own, "rows"):
            self._own.rows = working_rows()
        rows: NDArray[np.float32] = self._own.rows
        return rows

    def _spread(self) -> NDArray[np.float64]:
        """Classes of consumption of the calling thread, empty."""
        if not hasattr(self._own, "spread"):
            self._own.spread = np.zeros((self._months, BINS, 2))
        spread: NDArray[np.float64] = self._own.spread
        spread[self._detailed] = 0.0
        return spread


class ScratchPerThread:
    """Working memory of the calling thread, large enough for the largest block it has seen."""

    def __init__(self, tiles: int = 0, machine: Machine = SHIPPED) -> None:
        """Make room for `tiles` tiles from the start, as the kernels of `machine` want it."""
        self._local = local()
        self._tiles = tiles
        self._machine = machine

    def get(self, tiles: int = 0) -> Scratch:
        """Working memory for a block of `tiles` tiles."""
        wanted = max(tiles, self._tiles)
        kept: Scratch | None = getattr(self._local, "scratch", None)
        if kept is None or kept.demand.shape[0] < wanted:
            kept = self._machine.scratch(wanted)
            self._local.scratch = kept
        return kept


def schedule_of(start: int, stop: int, judged_from: int, end: int, months: int, calendar: int) -> NDArray[np.int64]:
    """Months of a call, as `kernels.advance` takes them."""
    return np.array([start, stop, judged_from, end, months - REPORTED, calendar], np.int64)


def detailed_months(months: int) -> NDArray[np.bool_]:
    """Months in which distribution and index are computed: the last of each year, and the last twelve."""
    month = np.arange(months)
    marked: NDArray[np.bool_] = (month >= months - REPORTED) | (month % YEAR == YEAR - 1)
    return marked


def empty_tally(policy: Policy, months: int, spread: NDArray[np.float64] | None = None) -> Tally:
    """An empty tally; `spread` (all zero, shape (months, BINS, 2)) is used as it is."""
    slots = max(len(policy.programmes), 1)
    counts: list[NDArray[np.int64]] = [np.zeros((slots, months), np.int64) for _ in range(5)]
    return Tally(
        sums=np.zeros((months, len(Sums._fields))),
        details=np.zeros((months, len(Details._fields))),
        villages=np.zeros((months, 4)),
        mentors=np.zeros((len(MENTOR_SERIES), months)),
        served=np.zeros((max(len(policy.community), 1), months), np.int64),
        spread=np.zeros((months, BINS, 2)) if spread is None else spread,
        filled=counts[0],
        applicants=counts[1],
        enrolled=counts[2],
        units=counts[3],
        starters=counts[4],
        hours=np.zeros((len(HOURS), months)),
        trips=np.zeros((2, months)),
    )
