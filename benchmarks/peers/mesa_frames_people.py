"""The household month in mesa-frames: agents are rows of a polars frame, and numpy works on its columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF

from benchmarks.peers.columns import Columns
from benchmarks.peers.translate import over_arrays
from benchmarks.world import World, flat
from empowersim.engine.arrays import DOSES
from empowersim.rules.month import Dose, Draw, Household, Village


class HouseholdSet(AgentSetPolars):
    """Households of a world, without a programme, as a frame with a column for each of the state's."""

    def __init__(self, model: Any, world: World) -> None:
        super().__init__(model)
        people = flat(world.blocks)
        self.shared = Columns(world, people, over_arrays())
        columns = dict(zip(Household._fields, people.state, strict=True))
        self.add(pl.DataFrame({"unique_id": np.arange(world.households, dtype=np.int64), **columns}))
        self.no_dose = Dose(*np.zeros((DOSES, world.households), np.float32))

    def step(self) -> None:
        """Live a month."""
        model, shared = self.model, self.shared
        at, random = model.at, model.random
        place = Village(*shared.begin(at))
        home = Household(*(self.agents[name].to_numpy() for name in Household._fields))
        if model.by_address:
            draw = shared.draw(0, home.size.size, at)
        else:
            normal = random.standard_normal((3, home.size.size), dtype=np.float32)
            draw = Draw(*normal, *random.random((9, home.size.size), dtype=np.float32))
        after = shared.month(shared.values, place, home, self.no_dose, draw, np.float32(at + 1))
        changed = zip(Household._fields, home, after, strict=True)
        new = [pl.Series(name, np.asarray(values, np.float32)) for name, old, values in changed if values is not old]
        self.agents = self.agents.with_columns(new)
        shared.add_up(after, place, at)


class MesaFramesPeople(ModelDF):
    """A mesa-frames model of a world, as the other peers are called.

    `by_address` takes the kernel's draws, to check that the month is the same one; the model's own are what is timed.
    """

    def __init__(self, world: World, *, by_address: bool = False) -> None:
        super().__init__(seed=world.seed)
        self.by_address = by_address
        self.at = 0
        self._homes = HouseholdSet(self, world)
        self.agents += self._homes
        self._homes = self.get_agents_of_type(HouseholdSet)

    def step(self) -> None:
        """Live a month."""
        self.agents.do("step")
        self.at += 1

    def live(self, months: int) -> None:
        """Live on for some months."""
        for _ in range(months):
            self.step()

    @property
    def state(self) -> Any:
        """State of all households, shape (ROWS, households)."""
        homes = self.get_agents_of_type(HouseholdSet).agents
        return np.array([homes[name].to_numpy() for name in Household._fields])

    def headcounts(self) -> Any:
        """Poverty headcount (share of persons) by month."""
        return self.get_agents_of_type(HouseholdSet).shared.headcounts()
