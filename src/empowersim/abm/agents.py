"""Households, mentors and villages as Mesa agents: a row number, and properties over the engine's arrays.

An agent is made when it is touched. One that carries nothing of its own is forgotten when nobody holds it, and made
again alike; one that has been given an attribute of its own is kept. Subclasses override the methods below to change
what happens, in a model with ``engine="agents"``; from month 0 on, as the burn-in goes by the model's own rules.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from empowersim.abm.attributes import ATTRIBUTES, HOUSEHOLDS, MENTORS, VILLAGES, Attribute
from empowersim.abm.compat import Agent
from empowersim.errors import SimulationError
from empowersim.rng import Kind


class RowAgent(Agent):  # type: ignore[misc]
    """An agent that stands for a row of the arrays."""

    kind: ClassVar[str]
    """Kind of actor, a name of `attributes.KINDS`."""
    address: ClassVar[int]
    """The same in the address of a draw, a `rng.Kind`."""
    model: Any
    """The `EmpowermentModel` to which it belongs."""
    pos: Any = None
    """For Mesa's spaces; the model itself does not use it."""

    def __init__(self, model: Any, row: int) -> None:
        """Stand for a row; the model calls this. Mesa does not count these agents, the arrays do."""
        self.__dict__["model"] = model
        self.__dict__["row"] = row

    row: int
    """Row in the arrays of the model, from 0."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in self.__dict__:
            self.model.keep(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.unique_id}, row {self.row}>"

    def luck(self, stream: int) -> float:
        """A uniform (0-1) of this agent in this month for rules of your own: the same under every policy.

        `stream` 0 and up is yours to number; draws of one stream are independent between agents and months, and no
        draw of the model moves. It is the number that a compiled rule gets for the same stream.
        """
        return float(self.model.luck(self, stream))

    def remove(self) -> None:
        """Not possible: a row stays. Raises `SimulationError`."""
        raise SimulationError(f"{self!r}: expected an agent of your own, found a row of the arrays, which stays")

    @classmethod
    def create_agents(cls, model: Any, n: int, *args: Any, **kwargs: Any) -> Any:
        """Not possible: rows come from the scenario. Raises `SimulationError`."""
        raise SimulationError(
            f"{cls.__name__}: rows come from the scenario; ask EmpowermentModel for more households, not for {n} agents"
        )


class HouseholdAgent(RowAgent):
    """A household; its columns are those of `schema.HOUSEHOLD`, money in L (months of its poverty-line budget)."""

    kind = HOUSEHOLDS
    address = Kind.HOUSEHOLD

    @property
    def village(self) -> Any:
        """The village in which it lives (`VillageAgent`)."""
        return self.model.agent(VILLAGES, int(self.model.world.village_of[self.row]))

    @property
    def mentor(self) -> Any:
        """The mentor of its area (`MentorAgent`), None where there is none; the post may be vacant."""
        mentor = int(self.model.world.mentor_of[self.row])
        return None if mentor < 0 else self.model.agent(MENTORS, mentor)

    @property
    def enrolled(self) -> tuple[str, ...]:
        """Names of the programmes of which it holds a place now."""
        return tuple(self.model.places_of(self.row))

    def step(self) -> None:
        """Live this month; `EmpowermentModel.step` asks for it once a month (``engine="agents"``)."""
        self.model.living.live(self)

    def live(self, home: Any, village: Any, dose: Any, draw: Any, since: float) -> Any:
        """One month: the `Household` at its end. Override it to add to the month, or to replace it.

        `home` (`rules.month.Household`) as the month finds it, `village` (`Village`) with last month's means, `dose`
        (`Dose`) what reaches it, `draw` (`Draw`) the draws of the month, `since` = 1 in the first month of the policies
        and so on. As shipped it is `rules.month.household_month`, compiled.
        """
        return self.model.living.rule(home, village, dose, draw, since)


class VillageAgent(RowAgent):
    """A village; its columns are those of `schema.VILLAGE`."""

    kind = VILLAGES
    address = Kind.VILLAGE

    @property
    def households(self) -> Any:
        """Its households (`LazyAgentSet`)."""
        return self.model.rows(HOUSEHOLDS, np.flatnonzero(self.model.world.village_of == self.row))

    @property
    def mentors(self) -> Any:
        """The mentors whose areas reach into it (`LazyAgentSet`)."""
        world = self.model.world
        found = np.unique(world.mentor_of[world.village_of == self.row])
        return self.model.rows(MENTORS, found[found >= 0])

    @property
    def served(self) -> tuple[str, ...]:
        """Names of the programmes for villages that serve it now."""
        return tuple(self.model.programmes_in(self.row))

    def begin(self, village: Any) -> Any:
        """The village (`rules.month.Village`) as its households find it, season and shocks set; override to change it.

        What is changed stays changed, except `busy` and `shock_now`, which are set anew every month.
        """
        return village

    def end(self, village: Any) -> Any:
        """The village after its month, with the means that its households meet next month; override to change it."""
        return village


class MentorAgent(RowAgent):
    """A mentor's post; who holds it may change. Its columns are in `attributes.MENTOR`."""

    kind = MENTORS
    address = Kind.MENTOR

    @property
    def households(self) -> Any:
        """The households of its area (`LazyAgentSet`)."""
        return self.model.rows(HOUSEHOLDS, self._area())

    @property
    def clients(self) -> Any:
        """Households of its area that hold a place which asks for visits or group sessions now."""
        area = self._area()
        return self.model.rows(HOUSEHOLDS, area[self.model.asking()[area]])

    @property
    def visited(self) -> Any:
        """Households of its area that it visited in the last month lived."""
        area = self._area()
        return self.model.rows(HOUSEHOLDS, area[self.model.column("visits")[area] > 0.0])

    @property
    def villages(self) -> Any:
        """The villages into which its area reaches (`LazyAgentSet`)."""
        return self.model.rows(VILLAGES, np.unique(self.model.world.village_of[self._area()]))

    def _area(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.model.world.mentor_of == self.row)

    def begin(self, mentor: Any) -> Any:
        """The mentor (`months.Mentor`) before it shares out its month; override to change it. It stays changed."""
        return mentor

    def share(self, wanted: NDArray[np.float32], visits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Visits this month to each household of its area (in the order of `households`); override to share otherwise.

        `wanted` (n,) visits a month that their places ask for, `visits` (n,) as the mentors' rule of the policy has
        them. The hours are spent by that rule: there may not be more visits in all.
        """
        return visits

    def guide(self, guidance: Any) -> Any:
        """What it brings to the households of its area this month (`months.Guidance`); override to change it."""
        return guidance


def _property(name: str, found: Attribute) -> property:
    """The property of an attribute."""

    def read(self: RowAgent) -> Any:
        return found.one(self.model.world, self.row)

    def write(self: RowAgent, value: Any) -> None:
        found.checked(self.model.world, np.array([self.row]), value)

    return property(read, write if found.write is not None else None, None, found.text)


for _agent in (HouseholdAgent, VillageAgent, MentorAgent):
    for _name, _found in ATTRIBUTES[_agent.kind].items():
        setattr(_agent, _name, _property(_name, _found))
