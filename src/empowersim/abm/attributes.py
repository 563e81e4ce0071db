"""What can be asked of an agent, and of all agents of a kind at once: one registry for properties and for agent sets.

The columns are those of `schema` and of the engine's mentors; the rest is what the engine's rules say of a row as it
stands, and names. Units stand in the docstring of each property.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.abm.world import MENTOR_ROW, IntArray, World
from empowersim.engine.allocation import POSTS
from empowersim.errors import SimulationError
from empowersim.rng import Kind
from empowersim.schema import HOUSEHOLD, REGION_TYPES, ROW, VILLAGE, VILLAGE_ROW, Column

HOUSEHOLDS: Final = "household"
VILLAGES: Final = "village"
MENTORS: Final = "mentor"
KINDS: Final = (VILLAGES, MENTORS, HOUSEHOLDS)
"""Kinds of agents, in the order in which a model lists them."""

MENTOR: Final[tuple[Column, ...]] = (
    Column("facilitative", "0-1", 0.0, 1.0, "state", "competence in bringing people together"),
    Column("educational", "0-1", 0.0, 1.0, "state", "competence in teaching"),
    Column("representational", "0-1", 0.0, 1.0, "state", "competence in speaking for people"),
    Column("technical", "0-1", 0.0, 1.0, "state", "competence in administration and data"),
    Column("burnout", "0-1", 0.0, 1.0, "state", "how tired the mentor is"),
    Column("months_in_post", "months", 0.0, 1200.0, "state", "months in the area"),
    Column("months_since_course", "months", 0.0, 1200.0, "state", "months since the last course"),
    Column("vacant", "months", 0.0, 120.0, "state", "months that the post still stays vacant; 0 = somebody is there"),
)
"""Columns of a mentor, as `arrays.MENTOR_STATE` has them."""

assert [column.name for column in MENTOR] == list(MENTOR_ROW)

_FIGURES: Final = {
    "empowerment_index": ("0-1", "geometric index of income, literacy, health, say, voice, participation"),
    "productive_assets": ("L", "productive assets, months of the poverty-line budget"),
    "independent": ("0/1", "a year above the independence line without transfer or mentor"),
    "deprivation": ("0-1", "share of the weights in which the household is deprived (Alkire and Foster)"),
}
_MENTOR_FIGURES: Final = {
    "hours": ("hours/month", "hours that the mentor gives, as tired as it is; 0 while vacant or when nobody serves"),
    "competence": ("0-1", "competence at work, the mean over its roles; 0 while vacant or when nobody serves"),
}


@dataclass(frozen=True)
class Attribute:
    """Something that every agent of a kind has."""

    name: str
    unit: str
    meaning: str
    every: Callable[[World], NDArray[Any]]
    """Of all rows shown, in their order."""
    one: Callable[[World, int], Any]
    """Of one row."""
    write: Callable[[World, IntArray, NDArray[np.float32]], None] | None = None
    """Write values (n,) into rows (n,); None where it cannot be set."""
    lower: float = -np.inf
    upper: float = np.inf

    @property
    def text(self) -> str:
        """Docstring of the property."""
        meaning = self.meaning[:1].upper() + self.meaning[1:]
        return f"{meaning} ({self.unit})." if self.unit else f"{meaning}."

    def checked(self, world: World, rows: IntArray, values: Any) -> None:
        """Write values (one, or one a row) within bounds; `SimulationError` for others."""
        if self.write is None:
            raise SimulationError(f"{self.name}: expected something that can be set, found what the model works out")
        try:
            numbers = np.asarray(values, np.float32)
            given = np.broadcast_to(numbers, rows.shape)
        except (TypeError, ValueError):
            raise SimulationError(f"{self.name}: expected a number, or {rows.size} of them, found {values!r}") from None
        wrong = given[~((given >= self.lower) & (given <= self.upper))]
        if wrong.size:
            raise SimulationError(
                f"{self.name}: expected {self.lower:g} to {self.upper:g} ({self.unit}), found {float(wrong[0]):g}"
            )
        self.write(world, rows, given)
        world.touched()


# ---------------------------------------------------------------------- columns


def _household_column(column: Column) -> Attribute:
    row, name = ROW[column.name], column.name

    def one(world: World, household: int) -> float:
        under, tile, lane = world.home(household)
        return float(under.block.state[tile, row, lane])

    def write(world: World, rows: IntArray, values: NDArray[np.float32]) -> None:
        world.write(row, rows, values)

    return _of_column(column, lambda world: world.column(name), one, write)


def _village_column(column: Column) -> Attribute:
    row, name = VILLAGE_ROW[column.name], column.name

    def write(world: World, rows: IntArray, values: NDArray[np.float32]) -> None:
        for village, value in zip(rows.tolist(), values, strict=True):
            world.village_row(village)[row] = value

    return _of_column(
        column,
        lambda world: world.village_column(name),
        lambda world, village: float(world.village_row(village)[row]),
        write,
    )


def _mentor_column(column: Column) -> Attribute:
    row, name = MENTOR_ROW[column.name], column.name

    def write(world: World, rows: IntArray, values: NDArray[np.float32]) -> None:
        for mentor, value in zip(rows.tolist(), values, strict=True):
            world.mentor_row(mentor)[row] = value

    return _of_column(
        column,
        lambda world: world.mentor_column(name),
        lambda world, mentor: float(world.mentor_row(mentor)[row]),
        write,
    )


def _of_column(column: Column, every: Any, one: Any, write: Any) -> Attribute:
    return Attribute(
        name=column.name,
        unit=column.unit,
        meaning=column.meaning,
        every=every,
        one=one,
        write=None if column.role == "output" else write,
        lower=column.lower,
        upper=column.upper,
    )


# ---------------------------------------------------------------------- what is worked out


def _picked(name: str, unit: str, meaning: str, every: Callable[[World], NDArray[Any]]) -> Attribute:
    """An attribute of which one row is picked from all."""
    return Attribute(name, unit, meaning, every, lambda world, row: every(world)[row].item())


def _identity(kind: int, first: str, ids: str, what: str) -> tuple[Attribute, ...]:
    """Names that agents of each kind have."""

    def block(world: World, row: int) -> int:
        return world.shown[world.block_of(row, getattr(world, first))[0]]

    return (
        Attribute(
            ids,
            "",
            f"permanent id of the {what}",
            lambda world: getattr(world, ids),
            lambda world, row: int(getattr(world, ids)[row]),
        ),
        Attribute(
            "unique_id",
            "",
            "kind and permanent id of the agent, as in the address of its draws: a household's is its permanent id",
            lambda world: world.unique(kind, getattr(world, ids)),
            lambda world, row: int(world.unique(kind, getattr(world, ids)[row : row + 1])[0]),
        ),
        Attribute(
            "region",
            "",
            "region type, a name of `schema.REGION_TYPES`",
            lambda world: world.regions(getattr(world, first)),
            lambda world, row: REGION_TYPES[world.burnt.begun[block(world, row)].region],
        ),
        Attribute(
            "subdistrict",
            "",
            "number of the subdistrict, as in `Run.subdistrict`",
            lambda world: world.spread([world.subdistricts[at] for at in world.shown], getattr(world, first)),
            lambda world, row: int(world.subdistricts[block(world, row)]),
        ),
    )


def _poor(world: World, household: int) -> bool:
    under, tile, lane = world.home(household)
    return bool(under.block.state[tile, ROW["consumption"], lane] < 1.0)


def _figure(name: str) -> Attribute:
    unit, meaning = _FIGURES[name]
    return _picked(name, unit, meaning, lambda world: world.figure(name))


def _mentor_figure(name: str) -> Attribute:
    unit, meaning = _MENTOR_FIGURES[name]
    return _picked(name, unit, meaning, lambda world: world.mentor_figure(name))


def _posts(world: World) -> NDArray[Any]:
    shares = [
        world.under[number].plan.mentor[POSTS] / max(world.first_mentor[at + 1] - world.first_mentor[at], 1)
        for at, number in enumerate(world.shown)
    ]
    found: NDArray[Any] = world.spread(shares, world.first_mentor)
    return found


def _registry(*attributes: Attribute) -> dict[str, Attribute]:
    return {attribute.name: attribute for attribute in attributes}


ATTRIBUTES: Final[dict[str, dict[str, Attribute]]] = {
    HOUSEHOLDS: _registry(
        *(_household_column(column) for column in HOUSEHOLD),
        Attribute(
            "poor",
            "0/1",
            "consumption is below the poverty line",
            lambda world: world.column("consumption") < 1.0,
            _poor,
        ),
        _picked("holds_place", "0/1", "holds a place of a programme now", lambda world: np.any(world.slots(), axis=0)),
        _picked(
            "stage", "", "how far the household has come, a name of `outputs.STAGES`", lambda world: world.stages()
        ),
        *(_figure(name) for name in _FIGURES),
        _picked("village_id", "", "permanent id of its village", lambda world: world.village_id[world.village_of]),
        *_identity(Kind.HOUSEHOLD, "first", "household_id", "household"),
    ),
    VILLAGES: _registry(
        *(_village_column(column) for column in VILLAGE),
        _picked(
            "household_count",
            "households",
            "households that live there",
            lambda world: np.bincount(world.village_of, minlength=world.villages),
        ),
        *_identity(Kind.VILLAGE, "first_village", "village_id", "village"),
    ),
    MENTORS: _registry(
        *(_mentor_column(column) for column in MENTOR),
        *(_mentor_figure(name) for name in _MENTOR_FIGURES),
        _picked("post", "share", "share of a full-time post", _posts),
        *_identity(Kind.MENTOR, "first_mentor", "mentor_id", "mentor's post"),
    ),
}
"""Kind of agent -> name -> attribute."""


def attribute(kind: str, name: str) -> Attribute:
    """The attribute of a kind of agent; AttributeError names the nearest if there is none."""
    known = ATTRIBUTES[kind]
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise AttributeError(f"a {kind} has no column {name!r}; {hint}")
    return known[name]
