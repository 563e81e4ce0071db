"""Who is who in a model: numbers of agents, the agents that have been made, and the sets that Mesa asks for.

Agents are numbered within a model: villages first, then mentors, households, and agents that a user has added.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from empowersim.abm.agents import HouseholdAgent, MentorAgent, RowAgent, VillageAgent
from empowersim.abm.attributes import ATTRIBUTES, HOUSEHOLDS, KINDS, MENTORS, VILLAGES
from empowersim.abm.compat import Model
from empowersim.abm.lazyset import LazyAgentSet
from empowersim.abm.world import World
from empowersim.errors import SimulationError

SHIPPED: Final[dict[str, type[RowAgent]]] = {VILLAGES: VillageAgent, MENTORS: MentorAgent, HOUSEHOLDS: HouseholdAgent}
"""Class of the agents of each kind unless a user gives another."""


class Directory(Model):  # type: ignore[misc]
    """A Mesa model whose agents are rows of a `World`."""

    world: World
    classes: dict[str, Any]

    def number_rows(self) -> None:
        """Give every row a number; nobody is made."""
        counts = (self.world.villages, self.world.mentors, self.world.households)
        self._count = dict(zip(KINDS, counts, strict=True))
        self._first = dict(zip(KINDS, np.cumsum([0, *counts[:-1]]).tolist(), strict=True))
        self._rows_end = sum(counts)
        self._made: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._kept: dict[int, Any] = {}
        self._guests: dict[int, Any] = {}
        self._next_guest = self._rows_end

    @property
    def households(self) -> LazyAgentSet:
        """All households, in the order of the engine."""
        return self.rows(HOUSEHOLDS)

    @property
    def mentors(self) -> LazyAgentSet:
        """All mentors' posts."""
        return self.rows(MENTORS)

    @property
    def villages(self) -> LazyAgentSet:
        """All villages."""
        return self.rows(VILLAGES)

    @property
    def agents(self) -> LazyAgentSet:
        """All agents: villages, mentors, households, and those that you have added."""
        if not self._guests:
            return LazyAgentSet.of(self, range(self._rows_end))
        return LazyAgentSet.of(self, np.array([*range(self._rows_end), *self._guests], np.int64))

    @agents.setter
    def agents(self, agents: Any) -> None:
        raise AttributeError("model.agents is Mesa's; keep agents of your own under another name")

    @property
    def agent_types(self) -> list[type]:
        """Classes of the agents there are."""
        return list(self.agents_by_type)

    @property
    def agents_by_type(self) -> dict[type, Any]:
        """Agents by class."""
        sets = {self.classes[kind]: self.rows(kind) for kind in KINDS}
        return {**{kind: found for kind, found in sets.items() if len(found)}, **super().agents_by_type}

    def register_agent(self, agent: Any) -> None:
        """Take an agent of your own into the model (Mesa's `Agent` does so itself); its id is above all rows'."""
        super().register_agent(agent)
        number = self._next_guest
        self._next_guest += 1
        agent.unique_id += int(self.world.household_id.max()) + 1
        self._guests[number] = agent

    def deregister_agent(self, agent: Any) -> None:
        """Let an agent of your own go."""
        super().deregister_agent(agent)
        self._guests = {number: one for number, one in self._guests.items() if one is not agent}

    def rows(self, kind: str, rows: NDArray[np.int64] | None = None) -> LazyAgentSet:
        """The agents of a kind (`attributes.KINDS`) with these rows (None: all)."""
        first = self._first[kind]
        if rows is None:
            return LazyAgentSet.of(self, range(first, first + self._count[kind]))
        return LazyAgentSet.of(self, rows.astype(np.int64) + first)

    def agent(self, kind: str, row: int) -> Any:
        """The agent of a kind with a row, made if it is not there."""
        return self.agent_number(self._first[kind] + row)

    def agent_number(self, number: int) -> Any:
        """The agent with a number within the model, made if it is not there."""
        kind = self.kind_of(number)
        if kind is None:
            return self._guests[number]
        found = self._kept.get(number)
        if found is None:
            found = self._made.get(number)
        if found is None:
            found = self.classes[kind](self, number - self._first[kind])
            self._made[number] = found
        return found

    def keep(self, agent: RowAgent) -> None:
        """Keep an agent that carries something of its own."""
        self._kept.setdefault(self._first[agent.kind] + agent.row, agent)

    def kind_of(self, number: int) -> str | None:
        """Kind of the agent with a number; None for one that a user has added."""
        if number >= self._rows_end:
            return None
        return next(kind for kind in reversed(KINDS) if number >= self._first[kind])

    def type_of(self, number: int) -> type:
        """Class of the agent with a number."""
        kind = self.kind_of(number)
        return type(self._guests[number]) if kind is None else self.classes[kind]

    def first_number(self, kind: str) -> int:
        """Number of the first agent of a kind."""
        return int(self._first[kind])

    def number_of(self, agent: Any) -> int:
        """Number of an agent within the model; `SimulationError` for one of another model."""
        number = self.number_or_none(agent)
        if number is None:
            raise SimulationError(f"expected an agent of this model, found {agent!r}")
        return number

    def number_or_none(self, agent: Any) -> int | None:
        """Number of an agent within the model; None for anything else."""
        if getattr(agent, "model", None) is not self:
            return None
        if isinstance(agent, RowAgent):
            return int(self._first[agent.kind] + agent.row)
        for number, one in self._guests.items():
            if one is agent:
                return int(number)
        return None

    def answers(self, kind: str, name: str) -> bool:
        """Whether the arrays answer for an attribute of a kind: it is one of theirs, and no subclass says otherwise."""
        shipped = SHIPPED[kind]
        return name in ATTRIBUTES[kind] and getattr(self.classes[kind], name) is getattr(shipped, name)
