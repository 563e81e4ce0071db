"""A set of agents that is a list of row numbers: Mesa's `AgentSet`, answered from arrays where it can be.

What is asked by the name of a column (`agg`, `get`, `set`, `sort`, `select`, `groupby`) is answered without making an
agent. What is asked by a function is asked agent by agent, as Mesa does; an agent that is not kept is made for the
moment. As in Mesa, `agg` hands the function all values at once: here an array of float64 (numbers) in place of a list.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim.abm.attributes import attribute
from empowersim.abm.compat import AgentSet, GroupBy
from empowersim.errors import SimulationError

IntArray = NDArray[np.int64]
Numbers = range | IntArray
"""Numbers of agents within a model: villages first, then mentors, households, and agents that a user has added."""


class Groups(GroupBy):  # type: ignore[misc]
    """Groups of agents; what is asked by the name of a column is answered from arrays."""

    def agg(self, attr_name: str, func: Any) -> dict[Any, Any]:
        """Result of a function (or of several) over a column, by group."""
        return {
            name: group.agg(attr_name, func)
            if isinstance(group, LazyAgentSet)
            else func([getattr(agent, attr_name) for agent in group])
            for name, group in self.groups.items()
        }


class LazyAgentSet(AgentSet):  # type: ignore[misc]
    """An ordered set of agents of one model, held as their numbers."""

    def __init__(self, agents: Iterable[Any], random: Any = None) -> None:
        """Hold the agents of one model; `random` as in Mesa (None: that of the model)."""
        found = list(agents)
        if not found:
            raise SimulationError(
                "a set of rows: expected agents of a model, found none; begin with a set of the model"
            )
        self.model: Any = found[0].model
        self.random = random if random is not None else self.model.random
        self._numbers: Numbers = self._numbers_of(found)

    @classmethod
    def of(cls, model: Any, numbers: Numbers) -> LazyAgentSet:
        """The agents of a model with these numbers, in this order; each once."""
        made = cls.__new__(cls)
        made.model, made.random, made._numbers = model, model.random, numbers
        return made

    @classmethod
    def _from_iterable(cls, agents: Iterable[Any]) -> Any:
        """What set operations (``|``, ``&``, ``-``) make; a plain list where nobody is left."""
        found = list(agents)
        return cls(found) if found else []

    def _numbers_of(self, agents: Iterable[Any]) -> IntArray:
        numbers = dict.fromkeys(self.model.number_of(agent) for agent in agents)
        return np.fromiter(numbers, np.int64, len(numbers))

    def _with(self, numbers: Numbers, *, inplace: bool = False) -> LazyAgentSet:
        if not inplace:
            return type(self).of(self.model, numbers)
        self._numbers = numbers
        return self

    @property
    def _agents(self) -> dict[Any, None]:
        """All agents, made: for whatever a version of Mesa asks that is not answered here."""
        return dict.fromkeys(self)

    @property
    def numbers(self) -> IntArray:
        """Numbers of the agents within the model, shape (n,)."""
        if isinstance(self._numbers, range):
            return np.arange(self._numbers.start, self._numbers.stop, dtype=np.int64)
        return self._numbers

    @property
    def rows(self) -> IntArray:
        """Rows of the agents in the arrays of their kind, shape (n,). `SimulationError` for several kinds."""
        kind = self.kind
        if kind is None:
            raise SimulationError("rows: expected agents of one kind, found several, or agents of your own")
        found: IntArray = self.numbers - self.model.first_number(kind)
        return found

    @property
    def kind(self) -> str | None:
        """Kind of the agents, a name of `attributes.KINDS`; None where there are several, or none."""
        if not len(self._numbers):
            return None
        if isinstance(self._numbers, range):
            low, high = self._numbers.start, self._numbers.stop - 1
        else:
            low, high = int(self._numbers.min()), int(self._numbers.max())
        kind = self.model.kind_of(low)
        return kind if kind == self.model.kind_of(high) else None

    # ------------------------------------------------------------------ a sequence and a set

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return (self.model.agent_number(number) for number in self._plain())

    def _plain(self) -> Iterable[int]:
        return self._numbers if isinstance(self._numbers, range) else self._numbers.tolist()

    def __contains__(self, agent: object) -> bool:
        number = self.model.number_or_none(agent)
        if number is None:
            return False
        if isinstance(self._numbers, range):
            return number in self._numbers
        return bool(np.any(self._numbers == number))

    def __getitem__(self, item: Any) -> Any:
        """Return an agent, or a set of agents for a slice (Mesa has a list there) or an array of positions."""
        if isinstance(item, slice):
            return self._with(self.numbers[item])
        if isinstance(item, (list, np.ndarray)):
            return self._with(self.numbers[np.asarray(item)])
        return self.model.agent_number(int(self._numbers[operator.index(item)]))

    def __copy__(self) -> LazyAgentSet:
        return self._with(self._numbers)

    def copy(self) -> LazyAgentSet:
        """Return the same agents in a set of their own."""
        return self._with(self._numbers)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        kind = self.kind
        name = {"household": "households", "village": "villages", "mentor": "mentors"}.get(kind or "", "agents")
        return f"<{len(self):,} {name}>"

    def to_list(self) -> list[Any]:
        """All agents, made."""
        return list(self)

    def add(self, agent: Any) -> None:
        """Add an agent of the model."""
        if agent not in self:
            self._numbers = np.append(self.numbers, self.model.number_of(agent))

    def discard(self, agent: Any) -> None:
        """Leave an agent out; nothing happens if it is not there."""
        number = self.model.number_or_none(agent)
        if number is not None:
            self._numbers = self.numbers[self.numbers != number]

    def remove(self, agent: Any) -> None:
        """Leave an agent out. KeyError if it is not there."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def count(self, value: Any) -> int:
        """How often an agent is there: 0 or 1."""
        return int(value in self)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Position of an agent. ValueError if it is not there."""
        number = self.model.number_or_none(value)
        found = np.flatnonzero(self.numbers[start:stop] == number) if number is not None else np.empty(0)
        if not found.size:
            raise ValueError(f"{value!r} is not in the set")
        return int(found[0]) + start

    def _update(self, agents: Iterable[Any]) -> LazyAgentSet:
        return self._with(self._numbers_of(agents), inplace=True)

    # ------------------------------------------------------------------ answered from arrays

    def values(self, name: str) -> NDArray[Any] | None:
        """A column of the agents, shape (n,), as the arrays have it; None where only the agents can answer."""
        kind = self.kind
        if kind is None or not self.model.answers(kind, name):
            return None
        every = attribute(kind, name).every(self.model.world)
        return every if len(every) == len(self._numbers) and isinstance(self._numbers, range) else every[self.rows]

    def get(self, attr_names: Any, handle_missing: str = "error", default_value: Any = None) -> list[Any]:
        """Return the values of an attribute, or lists of values of several, agent by agent."""
        if handle_missing not in {"error", "default"}:
            raise ValueError(f"handle_missing: expected error or default, found {handle_missing!r}")
        if isinstance(attr_names, str):
            return self._listed(attr_names, handle_missing, default_value)
        columns = [self._listed(name, handle_missing, default_value) for name in attr_names]
        return [list(values) for values in zip(*columns, strict=True)]

    def _listed(self, name: str, handle_missing: str, default_value: Any) -> list[Any]:
        values = self.values(name)
        if values is not None:
            return list(values.tolist())
        if handle_missing == "default":
            return [getattr(agent, name, default_value) for agent in self]
        return [getattr(agent, name) for agent in self]

    def agg(self, attribute: str, func: Any) -> Any:
        """Return what a function (or each of several) makes of the values of an attribute."""
        values: Any = self.values(attribute)
        if values is None:
            values = [getattr(agent, attribute) for agent in self]
        elif values.dtype.kind == "f":
            values = values.astype(np.float64)
        return func(values) if callable(func) else [one(values) for one in func]

    def set(self, attr_name: str, value: Any) -> LazyAgentSet:
        """Set a column to a value, or to an array of one value an agent; any other attribute on each agent."""
        kind = self.kind
        if kind is not None and self.model.answers(kind, attr_name):
            attribute(kind, attr_name).checked(self.model.world, self.rows, value)
        else:
            for agent in self:
                setattr(agent, attr_name, value)
        return self

    def select(
        self,
        filter_func: Any = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> LazyAgentSet:
        """Return the agents for which a function is true; or a column (by its name) or an array of bool.

        `at_most` = how many, from the first (a float up to 1: that share of the set); `agent_type` = only these.
        """
        limit = int(len(self) * at_most) if isinstance(at_most, float) and at_most <= 1.0 else at_most
        most = len(self) if limit >= len(self) else int(limit)
        found = self if agent_type is None else self._with(self.numbers[self._of_type(agent_type)])
        if filter_func is None:
            numbers = found._numbers
        elif callable(filter_func):
            numbers = found._filtered(filter_func, most)
        else:
            numbers = found.numbers[found._mask(filter_func, self)]
        return self._with(numbers[:most], inplace=inplace)

    def _of_type(self, agent_type: type) -> NDArray[np.bool_]:
        types = [issubclass(self.model.type_of(number), agent_type) for number in self._plain()]
        return np.array(types, np.bool_)

    def _filtered(self, filter_func: Callable[[Any], Any], most: int) -> IntArray:
        numbers: list[int] = []
        for number in self._plain():
            if len(numbers) >= most:
                break
            if filter_func(self.model.agent_number(number)):
                numbers.append(number)
        return np.array(numbers, np.int64)

    def _mask(self, chosen: Any, whole: LazyAgentSet) -> NDArray[np.bool_]:
        """Who is chosen by an array of bool of the whole set, or by the name of a column."""
        if isinstance(chosen, str):
            return np.array(self.agg(chosen, np.asarray), np.bool_)
        mask = np.asarray(chosen)
        if mask.dtype != np.bool_ or mask.shape != (len(whole),):
            raise SimulationError(
                f"select: expected a function, the name of a column, or {len(whole)} truth values; "
                f"found an array of {mask.dtype} of shape {mask.shape}"
            )
        return mask if self is whole else mask[np.isin(whole.numbers, self.numbers)]

    def sort(self, key: Any, ascending: bool = False, inplace: bool = False) -> LazyAgentSet:
        """Return the agents by a column or a function, the largest first unless `ascending`; equals stay in order."""
        values = self.agg(key, np.asarray) if isinstance(key, str) else None
        if values is not None:
            order = np.argsort(values, kind="stable")
            if not ascending:  # reversed twice, so that equals stay in order
                order = len(self) - 1 - np.argsort(values[::-1], kind="stable")[::-1]
            return self._with(self.numbers[order], inplace=inplace)
        agents = sorted(self, key=key, reverse=not ascending)
        return self._with(self._numbers_of(agents), inplace=inplace)

    def groupby(self, by: Any, result_type: str = "agentset") -> Groups:
        """Group by a column or a function; groups stand in the order of their first agent."""
        values = self.get(by) if isinstance(by, str) else [by(agent) for agent in self]
        places: dict[Any, list[int]] = {}
        for place, value in enumerate(values):
            places.setdefault(value, []).append(place)
        numbers = self.numbers
        groups = {value: self._with(numbers[found]) for value, found in places.items()}
        return Groups(groups if result_type == "agentset" else {name: list(one) for name, one in groups.items()})

    def shuffle(self, inplace: bool = False) -> LazyAgentSet:
        """Return the agents in a random order, drawn by the model's `random`: it is no part of anybody's luck."""
        numbers = self.numbers.tolist()
        self.random.shuffle(numbers)
        return self._with(np.array(numbers, np.int64), inplace=inplace)

    # ------------------------------------------------------------------ agent by agent

    def do(self, method: Any, *args: Any, **kwargs: Any) -> LazyAgentSet:
        """Call a method (by its name) or a function on each agent; returns the set."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: Any, *args: Any, **kwargs: Any) -> LazyAgentSet:
        """Call a method or a function on each agent, in a random order; returns the set."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Results of a method (by its name) or a function on each agent."""
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self]
        return [method(agent, *args, **kwargs) for agent in self]
