"""A month, agent by agent: villages begin it, places and visits are shared out, every household lives it, it is closed.

The parts in between are the engine's own (`engine.steps`). Agents that override nothing are not even made where that
changes nothing: villages and mentors are asked only if their class says something of its own.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.abm.agents import HouseholdAgent, MentorAgent, VillageAgent
from empowersim.abm.attributes import MENTOR, MENTORS, VILLAGES
from empowersim.abm.world import World
from empowersim.engine.arrays import GUIDANCE, MENTOR_STATE
from empowersim.engine.lives import ScratchPerThread, Under, schedule_of
from empowersim.engine.outputs import MENTOR_SERIES
from empowersim.engine.steps import Reached, begin_villages, end_month, live_lane, live_row, reach, share_out
from empowersim.errors import SimulationError
from empowersim.rules.month import Dose, Draw, Household, Village
from empowersim.schema import HOUSEHOLD, ROWS, VILLAGE, Column

FloatArray = NDArray[np.float32]
_record: Any = namedtuple

Mentor = _record("Mentor", MENTOR_STATE)
"""A mentor as a month finds it: a float32 for each of `arrays.MENTOR_STATE`."""

Guidance = _record("Guidance", GUIDANCE)
"""What a mentor brings to the households of its area: a float32 for each of `arrays.GUIDANCE`."""

_VISITED: Final = MENTOR_SERIES.index("visited")
_VACANT: Final = MENTOR_STATE.index("vacant")
_ROUNDING: Final = 1e-3
"""Visits of an area by which a sum of float32 may be off."""


class Bounds:
    """Bounds of the fields of a record."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        """Take them from the columns."""
        self.names = [column.name for column in columns]
        self.lower = np.array([column.lower for column in columns], np.float32)
        self.upper = np.array([column.upper for column in columns], np.float32)

    def row(self, record: Any, whose: str) -> FloatArray:
        """The record as a row of float32; `SimulationError` if a field is no number or out of its bounds."""
        try:
            row = np.array(record, np.float32)
        except (TypeError, ValueError):
            row = np.empty(0, np.float32)
        if row.shape != self.lower.shape:
            raise SimulationError(
                f"{whose}: expected a record of {len(self.names)} numbers, as `after._replace(...)` gives, "
                f"found {type(record).__name__}"
            )
        inside = (row >= self.lower) & (row <= self.upper)
        if not inside.all():
            at = int(np.argmin(inside))
            raise SimulationError(
                f"{whose}: {self.names[at]}: expected {self.lower[at]:g} to {self.upper[at]:g}, found {row[at]:g}"
            )
        return row


_HOME: Final = Bounds(HOUSEHOLD)
_PLACE: Final = Bounds(VILLAGE)
_CREW: Final = Bounds(MENTOR)


class AgentMonths:
    """Takes a world through its months with agents."""

    def __init__(self, model: Any) -> None:
        """Nothing is lived yet; `model` an `EmpowermentModel`."""
        self.model = model
        self.world: World = model.world
        self._scratch = ScratchPerThread()
        self._reached: dict[int, Reached] = {}
        self._villages: dict[int, Any] = {}
        self._lived: NDArray[np.bool_] | None = None
        self._others = [at for at in range(len(self.world.under)) if at not in self.world.shown]
        self._out = np.zeros((ROWS, LANES), np.float32)

    # ------------------------------------------------------------------ the month

    def step(self) -> None:
        """Live the next month; subdistricts that are not shown go by the kernel."""
        world = self.world
        world.live_by_kernel(self._others)
        for at in range(len(world.shown)):
            self._begin(at)
        self._lived = np.zeros(world.households, np.bool_)
        try:
            self.model.activate()
            missing = np.flatnonzero(~self._lived)
        finally:
            self._lived = None
        if missing.size:
            raise SimulationError(
                f"month {world.month}: expected every household to live its month, found {missing.size} that did not "
                f"(row {missing[0]} first); a `step` of your own calls super().step(), and `activate` asks all"
            )
        for at in range(len(world.shown)):
            self._end(at)

    def _begin(self, at: int) -> None:
        world, under = self.world, self._under(at)
        schedule, tiles = self._schedule(), under.block.state.shape[0]
        if at not in self._reached:
            self._reached[at] = Reached(tiles)
        reached = self._reached[at]
        scratch = self._scratch.get(tiles)
        begin_villages(under.block, under.running, schedule, *world.key)
        self._ask_villages(at, "begin")
        if self._speaks(MENTORS, "begin") and world.serving:
            for mentor in self._mentors_in(at):
                row = world.mentor_row(mentor)
                agent = self.model.agent(MENTORS, mentor)
                row[:] = _CREW.row(agent.begin(Mentor(*row)), f"{agent!r}: begin")
        there = [mentor for mentor in self._mentors_in(at) if world.mentor_row(mentor)[_VACANT] <= 0.0]
        share_out(
            under.block,
            under.running,
            under.plan,
            under.offer,
            under.tally,
            scratch,
            world.values,
            schedule,
            *world.key,
            reached.wanted,
        )
        if world.serving and (self._speaks(MENTORS, "share") or self._speaks(MENTORS, "guide")):
            for mentor in there:
                self._ask_mentor(mentor, under, scratch, reached)
        reach(
            under.block,
            under.running,
            under.plan,
            under.offer,
            under.tally,
            scratch,
            schedule,
            *world.key,
            reached.draws,
            reached.doses,
            reached.holds,
        )
        world.touched()

    def _end(self, at: int) -> None:
        world, under, reached = self.world, self._under(at), self._reached[at]
        end_month(
            under.block,
            under.running,
            under.plan,
            under.offer,
            under.tally,
            self._scratch.get(under.block.state.shape[0]),
            world.values,
            self._schedule(),
            world.mean_line,
            reached.draws,
            reached.doses,
            reached.holds,
        )
        self._ask_villages(at, "end")
        self._villages.clear()

    def _schedule(self) -> NDArray[np.int64]:
        world = self.world
        month, months = world.month, world.months
        return schedule_of(month, month + 1, months - world.judged, world.end, months, 0)

    # ------------------------------------------------------------------ villages and mentors

    def _speaks(self, kind: str, method: str) -> bool:
        """Whether the class of a kind of agent has a method of its own."""
        shipped = {VILLAGES: VillageAgent, MENTORS: MentorAgent}[kind]
        return getattr(self.model.classes[kind], method) is not getattr(shipped, method)

    def _ask_villages(self, at: int, method: str) -> None:
        if not self._speaks(VILLAGES, method):
            return
        world = self.world
        for village in range(int(world.first_village[at]), int(world.first_village[at + 1])):
            row = world.village_row(village)
            agent = self.model.agent(VILLAGES, village)
            row[:] = _PLACE.row(getattr(agent, method)(Village(*row)), f"{agent!r}: {method}")

    def _mentors_in(self, at: int) -> range:
        return range(int(self.world.first_mentor[at]), int(self.world.first_mentor[at + 1]))

    def _ask_mentor(self, mentor: int, under: Under, scratch: Any, reached: Reached) -> None:
        """Ask a mentor whom it visits and what it brings."""
        agent = self.model.agent(MENTORS, mentor)
        _, tiles = self.world.tiles_of(mentor)
        live = under.block.live[tiles] > 0
        visits = scratch.demand[tiles]
        before = visits[live]
        if self._speaks(MENTORS, "share"):
            made = agent.share(reached.wanted[0, tiles][live], before.copy())
            shared = self._shared(agent, made, before)
            visits[live] = shared
            change = np.count_nonzero(shared > 0) - np.count_nonzero(before > 0)
            under.tally.mentors[_VISITED, self.world.month] += change
        if self._speaks(MENTORS, "guide") and tiles.stop > tiles.start:
            brought = agent.guide(Guidance(*scratch.guidance[tiles.start]))
            row = np.array(brought, np.float32)
            if row.shape != (len(GUIDANCE),) or not np.isfinite(row).all():
                raise SimulationError(f"{agent!r}: guide: expected a Guidance of numbers, found {brought!r}")
            scratch.guidance[tiles] = row

    def _shared(self, agent: Any, made: Any, before: FloatArray) -> FloatArray:
        shared = np.asarray(made, np.float32)
        if shared.shape != before.shape or not (shared >= 0).all():
            raise SimulationError(
                f"{agent!r}: share: expected {before.size} numbers of visits, 0 or more, found an array of shape "
                f"{shared.shape}"
            )
        if shared.sum(dtype=np.float64) > before.sum(dtype=np.float64) + _ROUNDING:
            raise SimulationError(
                f"{agent!r}: share: its hours allow {before.sum():g} visits in all, found {shared.sum():g}"
            )
        return shared

    # ------------------------------------------------------------------ households

    def live(self, agent: HouseholdAgent) -> None:
        """Take a household through the month that is being lived."""
        row, world = agent.row, self.world
        if self._lived is None:
            raise SimulationError(f"{agent!r}: a month is lived by model.step(), in a model with engine='agents'")
        if self._lived[row]:
            raise SimulationError(f"{agent!r}: expected one step a month, found a second in month {world.month}")
        self._lived[row] = True
        at, under = world.block_of(row, world.first)
        tile, lane = divmod(int(world.spot[row]), LANES)
        reached, block = self._reached[at], under.block
        since: Any = np.float32(world.month + 1)
        if type(agent).live is HouseholdAgent.live:
            village = int(block.tile_village[tile])
            live_lane(
                block.state, block.village, village, reached.draws, reached.doses, world.values, tile, lane, since
            )
            return
        home = Household(*block.state[tile, :, lane])
        dose, draw = Dose(*reached.doses[tile, :, lane]), Draw(*reached.draws[tile, :, lane])
        after = agent.live(home, self._village(int(world.village_of[row])), dose, draw, since)
        block.state[tile, :, lane] = _HOME.row(after, f"{agent!r}: live")

    def rule(self, home: Any, village: Any, dose: Any, draw: Any, since: float) -> Any:
        """`rules.month.household_month` of these figures, compiled."""
        live_row(
            self.world.values,
            np.array(village, np.float32),
            np.array(home, np.float32),
            np.array(dose, np.float32),
            np.array(draw, np.float32),
            np.float32(since),
            self._out,
        )
        return Household(*self._out[:, 0])

    def _village(self, village: int) -> Any:
        if village not in self._villages:
            self._villages[village] = Village(*self.world.village_row(village))
        return self._villages[village]

    def _under(self, at: int) -> Under:
        return self.world.under[self.world.shown[at]]


__all__ = ["AgentMonths", "Bounds", "Guidance", "Mentor"]
