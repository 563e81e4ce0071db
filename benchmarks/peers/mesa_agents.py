"""The household month in Mesa: an agent a household, a step a month, villages that take their means at the end.

Three renderings of one model:

* `call`: every agent holds a `Household` and calls the package's compiled `household_month` with it;
* `in_place`: an agent holds a row of numbers that compiled code changes where it stands, the least that a step costs
  in Mesa, and as far from a usual Mesa model as its users can go;
* `plain`: the same rules run as interpreted Python on plain numbers, as most Mesa models do.

The first two end with the kernel's bits.
"""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

from benchmarks.peers.numpy_arrays import lane_sums
from benchmarks.peers.translate import over_numbers
from benchmarks.world import World, flat
from empowersim._jit import make_record_reader, rule
from empowersim.engine.arrays import DOSES
from empowersim.maths import ONE, ZERO, normal_quantile
from empowersim.rng import Kind, Stream, philox, uniform_from
from empowersim.rules import community, month
from empowersim.rules.month import Dose, Draw, Household, Village, household_month
from empowersim.schema import ROW, ROWS, VILLAGE_ROW

_read_household = make_record_reader(Household)
_read_village = make_record_reader(Village)
_read_dose = make_record_reader(Dose)
_G0, _G1, _G2 = np.uint32(0), np.uint32(1), np.uint32(2)
_MEANS = {
    "mean_income": "normal_income",
    "mean_practice": "business_practice",
    "mean_participation": "participation",
}
"""Column of a village -> the household column whose mean it holds."""


@rule
def draws_of(low: Any, high: Any, address: Any, key0: Any, key1: Any) -> Any:
    """The draws of one household month."""
    a0, a1, a2, a3 = philox(low, high, address, _G0, key0, key1)
    b0, b1, b2, b3 = philox(low, high, address, _G1, key0, key1)
    c0, c1, c2, c3 = philox(low, high, address, _G2, key0, key1)
    return Draw(
        normal_quantile(uniform_from(a0)),
        normal_quantile(uniform_from(a1)),
        normal_quantile(uniform_from(a2)),
        uniform_from(a3),
        uniform_from(b0),
        uniform_from(b1),
        uniform_from(b2),
        uniform_from(b3),
        uniform_from(c0),
        uniform_from(c1),
        uniform_from(c2),
        uniform_from(c3),
    )


@rule
def live_month(values: Any, village: Any, state: Any, dose: Any, who: Any, now: Any, since: Any) -> int:
    """Take one household through a month, in place; `who` and `now` are the words of its address."""
    draw = draws_of(who[0], who[1], now[0], now[1], now[2])
    home = _read_household(state, 0)
    after = household_month(values[0], _read_village(village, 0), home, _read_dose(dose, 0), draw, since[0])
    for row in range(ROWS):
        state[row] = after[row]
    return 0


class HouseholdAgent(mesa.Agent):
    """A household: a row of numbers, and the village it lives in."""

    def __init__(self, model: Any, village: Any, state: Any, who: Any) -> None:
        super().__init__(model)
        self.village = village
        self.state = state
        self.who = who

    def step(self) -> None:
        """Live a month."""
        model = self.model
        live_month(model.values, self.village.state, self.state, model.dose, self.who, model.now, model.since)


class CallingHouseholdAgent(HouseholdAgent):
    """The same household as a named tuple of float32, which the compiled rule takes and gives back."""

    def step(self) -> None:
        """Live a month."""
        model = self.model
        draw = Draw(*map(np.float32, draws_of(*self.who, *model.now)))
        village, home = self.village.record, self.state
        after = household_month(model.values[0], village, home, model.no_dose, draw, model.since[0])
        self.state = Household(*map(np.float32, after))  # Python gets float32 back as its own float


class PlainHouseholdAgent(HouseholdAgent):
    """The same household with its rules in interpreted Python."""

    def step(self) -> None:
        """Live a month."""
        model = self.model
        draw = Draw(*map(float, draws_of(*self.who, *model.now)))
        village, home = self.village.record, self.state
        self.state = model.month(model.values, village, home, model.no_dose, draw, model.at + 1.0)


RENDERINGS = {"call": CallingHouseholdAgent, "in_place": HouseholdAgent, "plain": PlainHouseholdAgent}


class VillageAgent(mesa.Agent):
    """A village: its figures, and the households that live there."""

    def __init__(self, model: Any, state: Any, who: Any) -> None:
        super().__init__(model)
        self.state = state
        self.who = who
        self.homes: list[HouseholdAgent] = []
        self.record: Any = None

    def begin(self) -> None:
        """Set the season and strike shocks."""
        state, model = self.state, self.model
        words = philox(*self.who, model.now[0], np.uint32(Stream.VILLAGE_SHOCK // 4), *model.now[1:])
        hazard, size = state[VILLAGE_ROW["shock_hazard"]], state[VILLAGE_ROW["shock_size"]]
        state[VILLAGE_ROW["shock_now"]] = community.village_shock(hazard, size, uniform_from(words[0]))
        since = (model.at - int(state[VILLAGE_ROW["harvest_start"]])) % 12
        state[VILLAGE_ROW["busy"]] = since < state[VILLAGE_ROW["harvest_length"]]
        if model.rendering != "in_place":
            self.record = Village(*map(model.scalar, state))

    def end(self) -> None:
        """Take the means of the month, for the next one."""
        state, p, homes = self.state, self.model.parameters, self.homes
        for column, source in _MEANS.items():
            row = ROW[source]
            state[VILLAGE_ROW[column]] = _mean([home.state[row] for home in homes])
        consumed = ROW["consumption"]
        state[VILLAGE_ROW["mean_poor"]] = _mean([home.state[consumed] < 1.0 for home in homes])
        participation = state[VILLAGE_ROW["mean_participation"]]
        collective, culture = VILLAGE_ROW["collective"], VILLAGE_ROW["culture"]
        state[collective] = community.next_collective(p, state[collective], participation, ZERO)
        state[culture] = community.next_culture(p, state[culture], ZERO, state[VILLAGE_ROW["adat"]])


def _mean(values: list[Any]) -> Any:
    """Mean of a village, added up in the kernel's order."""
    return lane_sums(np.array(values, np.float32), np.zeros(1, np.int64))[0] / len(values)


class MesaModel(mesa.Model):
    """The households of a world, without a programme, as Mesa agents.

    `rendering` is one of `RENDERINGS`; `shuffled` shuffles the agents every month: any order gives the same result.
    """

    def __init__(self, world: World, *, rendering: str = "call", shuffled: bool = True) -> None:
        super().__init__(seed=world.seed)
        self.rendering, self.shuffled = rendering, shuffled
        self.scalar: Any = float if rendering == "plain" else np.float32
        self.parameters = world.values[0]
        rules = over_numbers()
        self.month = rules.module(month).household_month
        self.values: Any = world.values
        if rendering == "plain":
            self.values = type(world.parameters)(*map(float, world.parameters))
        self.key = world.key
        self.at = 0
        self.dose = np.zeros(DOSES, np.float32)
        self.no_dose = Dose(*[self.scalar(0.0)] * DOSES)
        self.now: Any = None
        self.since = np.zeros(1, np.float32)
        self.headcount: list[float] = []
        people = flat(world.blocks)
        kind = np.uint32(int(Kind.VILLAGE) << 24)
        who = np.stack([people.village_low, people.village_high | kind], axis=1)
        places = [VillageAgent(self, people.village[v].copy(), who[v]) for v in range(people.village.shape[0])]
        rows = np.ascontiguousarray(people.state.T)
        words = np.stack([people.low, people.high], axis=1)
        agent = RENDERINGS[rendering]
        for i, v in enumerate(people.village_of):
            state = rows[i] if rendering == "in_place" else Household(*map(self.scalar, rows[i]))
            home = agent(self, places[v], state, words[i])
            places[v].homes.append(home)
        self.homes = self.agents_by_type[agent]
        self.villages = self.agents_by_type[VillageAgent]

    def step(self) -> None:
        """Live a month: villages begin, households live, villages end."""
        self.now = np.array([self.at & 0xFFFFFFFF, *self.key], np.uint32)
        self.since[0] = self.at + 1
        self.villages.do("begin")
        if self.shuffled:
            self.homes.shuffle_do("step")
        else:
            self.homes.do("step")
        self.villages.do("end")
        size, consumed = ROW["size"], ROW["consumption"]
        persons = sum(float(home.state[size]) for home in self.homes)
        poor = sum(float(home.state[size]) for home in self.homes if home.state[consumed] < ONE)
        self.headcount.append(poor / persons)
        self.at += 1

    def live(self, months: int) -> None:
        """Live on for some months."""
        for _ in range(months):
            self.step()

    def columns(self) -> Any:
        """State of all households, shape (ROWS, households), in their order."""
        ordered = [home.state for village in self.villages for home in village.homes]
        return np.array(ordered, np.float32).T

    def headcounts(self) -> Any:
        """Poverty headcount (share of persons) by month."""
        return np.array(self.headcount)
