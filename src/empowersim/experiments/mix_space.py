"""The mixes that a yearly budget can pay for, and how an optimiser that knows only numbers walks among them.

A budget is cut into equal units (1 % each unless asked otherwise). A mix gives whole units to programmes, to community
programmes and to mentors; what is left is not spent. So the amounts never add up to more than the budget, two mixes are
equal or differ by something a planner would write down, and a mix that was simulated once is recognised.

The optimiser's vector holds numbers from 0 to 1: one for each item, one for the share of the budget that is handed out,
four for the roles of mentors where these are free, and one for each choice. Shares are exponential spacings,
``w = -log(1 - z)`` over their sum, which are uniform on the simplex where `z` is uniform on the cube (Devroye 1986,
section V.2). Parts that are too small to run are dropped, caps are filled and their excess shared, and the rest is
rounded by largest remainders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError
from empowersim.scenario.documents import ROLES

Vector = NDArray[np.float64]

MENTORS: Final = "mentors"
COMMUNITY: Final = "community."
"""What the name of an item begins with that is given to villages."""
ROLE_UNITS: Final = 20
"""Parts that a mentor's time with people is cut into: steps of 5 %."""
_ALMOST: Final = 1e-9
"""By how much a share may miss a whole number of units through rounding."""
_TOP: Final = 1.0 - 1e-12
_THOUSANDS: Final = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


@dataclass(frozen=True)
class Item:
    """Something that the budget may pay for: a programme, ``community.NAME``, or ``mentors``."""

    name: str
    at_least: float = 0.0
    """Share of the budget, 0 to 1."""
    at_most: float = 1.0
    smallest: float = 0.0
    """Share of the budget below which it cannot run; it gets nothing then."""

    @property
    def path(self) -> str:
        """Key path below a policy."""
        if self.name == MENTORS or self.name.startswith(COMMUNITY):
            return self.name
        return f"programmes.{self.name}"


@dataclass(frozen=True)
class Choice:
    """A setting of a policy with alternatives, as ``mentors.rule``."""

    path: str
    """Key path below a policy."""
    options: tuple[str, ...]
    """Texts as they stand in a scenario file."""


@dataclass(frozen=True)
class Mix:
    """One mix: whole units of the budget, parts of the roles, and the place of each choice among its options."""

    units: tuple[int, ...]
    roles: tuple[int, ...] = ()
    """Parts of `ROLE_UNITS` in the order of ROLES; empty: as the policy says that the mix is like."""
    options: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Text that tells the mix from all others of its space."""
        return "/".join(" ".join(map(str, part)) for part in (self.units, self.roles, self.options))


@dataclass(frozen=True)
class Space:
    """All mixes of a budget."""

    budget: int
    """IDR a year."""
    items: tuple[Item, ...]
    units: int = 100
    """Parts that the budget is cut into."""
    spend_at_least: float = 0.0
    """Share of the budget that every mix hands out, 0 to 1."""
    roles: bool = False
    """Whether the mix of roles of the mentors is free."""
    usual: tuple[int, ...] = ()
    """Roles of the policy that mixes are like, in parts of `ROLE_UNITS`; empty where they are not whole parts."""
    choices: tuple[Choice, ...] = ()
    like: str = ""
    """Policy whose other settings hold in every mix; empty: those of base."""

    def __post_init__(self) -> None:
        """Raise `SimulationError` for a space that holds no mix."""
        if not self.items:
            raise SimulationError("money: expected something that the budget may pay for, found nothing")
        if self.unit < 1:
            raise SimulationError(f"budget: expected at least {self.units} IDR a year, found {self.budget}")
        least, most = sum(self._floors), sum(self._caps)
        if least > self.units:
            raise SimulationError(f"money: at_least adds up to {least / self.units:.0%} of the budget; lower some")
        if most < math.ceil(self.spend_at_least * self.units - _ALMOST):
            raise SimulationError(
                f"money: at_most adds up to {most / self.units:.0%} of the budget, less than spend_at_least "
                f"({self.spend_at_least:.0%}); raise some"
            )
        for item, floor, cap in zip(self.items, self._floors, self._caps, strict=True):
            if floor > cap:
                raise SimulationError(f"money.{item.name}: expected at_least up to at_most, found more; lower it")

    @property
    def unit(self) -> int:
        """IDR a year of one unit; rounded down, so that all units together never exceed the budget."""
        return self.budget // self.units

    @property
    def dimensions(self) -> int:
        """Length of the optimiser's vector."""
        return len(self.items) + 1 + (len(ROLES) if self.roles else 0) + len(self.choices)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the items."""
        return tuple(item.name for item in self.items)

    @property
    def _floors(self) -> tuple[int, ...]:
        return tuple(math.ceil(item.at_least * self.units - _ALMOST) for item in self.items)

    @property
    def _caps(self) -> tuple[int, ...]:
        return tuple(math.floor(item.at_most * self.units + _ALMOST) for item in self.items)

    @property
    def smallest(self) -> tuple[int, ...]:
        """Fewest units with which each item runs."""
        return tuple(max(1, math.ceil(item.smallest * self.units - _ALMOST)) for item in self.items)

    # ------------------------------------------------------------ numbers to mixes and back

    def decode(self, vector: Sequence[float] | Vector) -> Mix:
        """The mix of a vector of numbers from 0 to 1, shape (dimensions,)."""
        z = np.clip(np.asarray(vector, dtype=np.float64), 0.0, _TOP)
        count = len(self.items)
        least = max(self.spend_at_least, sum(self._floors) / self.units)
        spent = math.floor((least + (1.0 - least) * min(float(z[count]) / _TOP, 1.0)) * self.units + _ALMOST)
        units = allocate(_spacings(z[:count]), spent, self._floors, self._caps, self.smallest)
        after = count + 1
        roles: tuple[int, ...] = ()
        if self.roles:
            weights = _spacings(z[after : after + len(ROLES)])
            nothing, all_of_it = (0,) * len(ROLES), (ROLE_UNITS,) * len(ROLES)
            roles = allocate(weights, ROLE_UNITS, nothing, all_of_it, (1,) * len(ROLES))
            after += len(ROLES)
        options = tuple(
            min(int(number * len(choice.options)), len(choice.options) - 1)
            for number, choice in zip(z[after:].tolist(), self.choices, strict=True)
        )
        return self.plain(Mix(units, roles, options))

    def encode(self, mix: Mix) -> Vector:
        """A vector that `decode` turns into `mix`, shape (dimensions,)."""
        free = [units - floor for units, floor in zip(mix.units, self._floors, strict=True)]
        numbers = _heights(free)
        least = max(self.spend_at_least, sum(self._floors) / self.units)
        spent = sum(mix.units) / self.units
        numbers.append(min(max((spent - least) / (1.0 - least), 0.0), 1.0) if least < 1.0 else 1.0)
        if self.roles:
            numbers += _heights(mix.roles or self.usual or (ROLE_UNITS // len(ROLES),) * len(ROLES))
        options = mix.options or (0,) * len(self.choices)
        numbers += [(at + 0.5) / len(choice.options) for at, choice in zip(options, self.choices, strict=True)]
        return np.array(numbers)

    def plain(self, mix: Mix) -> Mix:
        """The mix with what cannot matter at its first option: settings of what gets no money, roles as usual."""
        nothing = {item.path for item, units in zip(self.items, mix.units, strict=True) if not units}
        options = tuple(
            0 if any(choice.path.startswith(f"{path}.") for path in nothing) else at
            for at, choice in zip(mix.options, self.choices, strict=True)
        )
        usual = MENTORS in nothing or not self.roles or mix.roles == self.usual
        return Mix(mix.units, () if usual else mix.roles, options)

    def of_units(self, units: Sequence[int]) -> Mix:
        """The mix with these units, the first option of every choice, and roles as in the policy it is like."""
        return Mix(tuple(units), (), (0,) * len(self.choices))

    def equal(self) -> Mix:
        """The whole budget in equal parts over all items, as far as their bounds allow."""
        return self.of_units(allocate([1.0] * len(self.items), self.units, self._floors, self._caps, self.smallest))

    def alone(self, item: int) -> Mix:
        """The whole budget for one item, as far as the bounds allow."""
        weights = [float(place == item) for place in range(len(self.items))]
        return self.of_units(allocate(weights, self.units, self._floors, self._caps, self.smallest, only=True))

    def least(self) -> Mix:
        """What must be paid for, and nothing else."""
        return self.of_units(self._floors)

    def more(self, mix: Mix, item: int, units: int) -> Mix | None:
        """The mix with up to `units` more for one item; None where the budget or the bounds leave no room."""
        room = min(units, self._caps[item] - mix.units[item], self.units - sum(mix.units))
        if not mix.units[item] and room < self.smallest[item]:
            room = min(self.smallest[item], self._caps[item], self.units - sum(mix.units))
            if room < self.smallest[item]:
                return None
        if room < 1:
            return None
        grown = [had + room * (place == item) for place, had in enumerate(mix.units)]
        return Mix(tuple(grown), mix.roles, mix.options)

    def shifted(self, mix: Mix, start: int, end: int, units: int) -> Mix | None:
        """The mix with units moved from one item to another; the number of items stands for what is not spent.

        What would fall below its smallest is emptied. None where nothing can be moved within the bounds.
        """
        count, room = len(self.items), list(mix.units)
        room.append(self.units - sum(mix.units))
        floors, caps, smallest = (*self._floors, 0), (*self._caps, self.units), (*self.smallest, 0)
        moved = min(units, room[start] - floors[start], caps[end] - room[end])
        if start < count and floors[start] == 0 and 0 < room[start] - moved < smallest[start]:
            moved = room[start]
        if start == end or moved < 1 or not smallest[end] <= room[end] + moved <= caps[end]:
            return None
        room[start], room[end] = room[start] - moved, room[end] + moved
        if sum(room[:count]) < math.ceil(self.spend_at_least * self.units - _ALMOST):
            return None
        return self.plain(Mix(tuple(room[:count]), mix.roles, mix.options))

    def turned(self, mix: Mix, choice: int, number: float) -> Mix:
        """The mix with another option of a choice; `number` (0 to 1) says which of the others."""
        options = list(mix.options or (0,) * len(self.choices))
        others = [at for at in range(len(self.choices[choice].options)) if at != options[choice]]
        options[choice] = others[min(int(number * len(others)), len(others) - 1)]
        return self.plain(Mix(mix.units, mix.roles, tuple(options)))

    # ------------------------------------------------------------ mixes to money and to a scenario

    def amounts(self, mix: Mix) -> dict[str, int]:
        """Item -> IDR a year."""
        return {item.name: units * self.unit for item, units in zip(self.items, mix.units, strict=True)}

    def settings(self, mix: Mix) -> dict[str, str]:
        """Path of each choice -> the option taken."""
        return {choice.path: choice.options[at] for choice, at in zip(self.choices, mix.options, strict=True)}

    def role_mix(self, mix: Mix) -> dict[str, float]:
        """Role -> share of a mentor's time with people; empty where the policy that the mix is like decides."""
        return {role: part / ROLE_UNITS for role, part in zip(ROLES, mix.roles, strict=False)}

    def below(self, mix: Mix) -> dict[str, str]:
        """Key path below a policy -> text, as a scenario file says the mix."""
        found = {"like": self.like} if self.like else {}
        nothing = []
        for item, amount in zip(self.items, self.amounts(mix).values(), strict=True):
            if amount:
                found[f"{item.path}.budget"] = money(amount)
            else:
                found[item.path] = "null"
                nothing.append(item.path)
        for role, share in self.role_mix(mix).items():
            found[f"mentors.role_mix.{role}"] = f"{100 * share:.0f} %"
        if mix.roles:
            found["mentors.shift"] = "null"
        for path, text in self.settings(mix).items():
            if not any(path.startswith(f"{gone}.") for gone in nothing):
                found[path] = text
        return found


def money(amount: int) -> str:
    """An amount of IDR a year as a scenario file says it, exactly."""
    for size, word in _THOUSANDS:
        if amount % size == 0:
            return f"{amount // size} {word} IDR/year"
    return f"{amount} IDR/year"


def _spacings(z: Vector) -> list[float]:
    return [-math.log1p(-value) for value in z.tolist()]


def _heights(parts: Sequence[int]) -> list[float]:
    """Numbers whose spacings are in the proportions of `parts`; equal parts stand at 1 - 1/e."""
    total = sum(parts)
    return [1.0 - math.exp(-len(parts) * part / total) if total else 0.5 for part in parts]


def allocate(
    weights: Sequence[float],
    total: int,
    floors: Sequence[int],
    caps: Sequence[int],
    smallest: Sequence[int],
    *,
    only: bool = False,
) -> tuple[int, ...]:
    """Share `total` whole units in proportion to `weights`, between `floors` and `caps`; nothing below `smallest`.

    What no item can take is left: the result adds up to `total` or less. All weights 0 count as equal. With `only` an
    item of weight 0 gets no more than its floor, even where units are left.
    """
    count = len(weights)
    weight = list(weights) if sum(weights) > 0.0 else [1.0] * count
    active = [place for place in range(count) if weight[place] > 0.0]
    while True:
        targets = _targets(weight, total, floors, caps, active)
        small = [at for at in active if floors[at] == 0 and targets[at] < smallest[at] - _ALMOST]
        if not small:
            break
        active.remove(min(small, key=lambda at: (targets[at] - smallest[at], -at)))
    units = [math.floor(target + _ALMOST) for target in targets]
    left = total - sum(units)
    order = sorted(active, key=lambda at: (units[at] - targets[at], at))
    while left > 0 and (open_ := [at for at in order if units[at] < caps[at]]):
        for at in open_[:left]:
            units[at] += 1
        left = total - sum(units)
    if left > 0 and not only:
        for at in sorted(range(count), key=lambda place: (-weight[place], place)):
            room = min(left, caps[at] - units[at])
            if room >= smallest[at] or (units[at] > 0 and room > 0):
                units[at] += room
                left -= room
    return tuple(units)


def _targets(
    weight: Sequence[float], total: int, floors: Sequence[int], caps: Sequence[int], active: Sequence[int]
) -> list[float]:
    """Shares of `total` before rounding: floors, then proportions, the excess over caps shared among the rest."""
    targets = [float(floor) for floor in floors]
    open_ = list(active)
    free = float(total - sum(floors))
    while open_ and free > 0.0:
        whole = sum(weight[at] for at in open_)
        full = [at for at in open_ if floors[at] + free * weight[at] / whole > caps[at]]
        if not full:
            for at in open_:
                targets[at] = floors[at] + free * weight[at] / whole
            break
        for at in full:
            targets[at] = float(caps[at])
            free -= caps[at] - floors[at]
            open_.remove(at)
    return targets
