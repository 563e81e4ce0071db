"""The household month in starsim: a module with an array a column, a step a month, and starsim's own random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import starsim as ss

from benchmarks.peers.columns import Columns
from benchmarks.peers.translate import over_arrays
from benchmarks.world import World, flat
from empowersim.engine.arrays import DOSES
from empowersim.rules.month import Dose, Draw, Household, Village

NORMAL = ("capacity", "transitory", "assets")
"""The draws that are standard normal; all others are uniform."""


class Livelihoods(ss.Module):
    """Households of a world, without a programme.

    `by_address` takes the kernel's draws, to check that the month is the same one; starsim's own are what is timed.
    """

    def __init__(self, world: World, *, by_address: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.people_of_world = flat(world.blocks)
        self.shared = Columns(world, self.people_of_world, over_arrays())
        self.by_address = by_address
        self.at = 0
        self.define_states(*(ss.FloatArr(f"home_{name}") for name in Household._fields))
        if not by_address:
            for name in Draw._fields:
                setattr(self, f"draw_{name}", ss.normal() if name in NORMAL else ss.random())

    def init_post(self) -> None:
        """Give every household the state it has in the world."""
        super().init_post()
        for name, values in zip(Household._fields, self.people_of_world.state, strict=True):
            getattr(self, f"home_{name}")[:] = values
        self.no_dose = Dose(*np.zeros((DOSES, self.people_of_world.state.shape[1]), np.float32))

    def step(self) -> None:
        """Live a month."""
        shared, at = self.shared, self.at
        place = Village(*shared.begin(at))
        arrays = [getattr(self, f"home_{name}") for name in Household._fields]
        home = Household(*(array.values for array in arrays))
        if self.by_address:
            draw = shared.draw(0, home.size.size, at)
        else:
            uids = self.sim.people.auids
            draw = Draw(*(getattr(self, f"draw_{name}").rvs(uids).astype(np.float32) for name in Draw._fields))
        after = shared.month(shared.values, place, home, self.no_dose, draw, np.float32(at + 1))
        for array, old, new in zip(arrays, home, after, strict=True):
            if new is not old:
                array[:] = new
        shared.add_up(after, place, at)
        self.at += 1


class StarsimPeople:
    """A starsim simulation of a world, as the other peers are called."""

    def __init__(self, world: World, *, months: int, by_address: bool = False) -> None:
        self._module = Livelihoods(world, by_address=by_address, name="livelihoods")
        self._sim = ss.Sim(
            n_agents=world.households,
            modules=self._module,
            start=0,
            dur=months,
            dt=1,
            rand_seed=world.seed,
            verbose=0,
            copy_inputs=False,
        )
        self._sim.init()

    def live(self, months: int) -> None:
        """Live on for some months, at most the `months` asked for."""
        for _ in range(months):
            self._sim.run_one_step()

    @property
    def state(self) -> Any:
        """State of all households, shape (ROWS, households)."""
        return np.array([getattr(self._module, f"home_{name}").values for name in Household._fields])

    def headcounts(self) -> Any:
        """Poverty headcount (share of persons) by month."""
        return self._module.shared.headcounts()
