"""Search among mixes: an evolutionary front, the greedy baseline, and which points dominate which.

The optimiser is NSGA-II of pymoo (Deb et al. 2002; Blank and Deb 2020), asked and told by generations. It was chosen by
trial on a cheap Medan (600 households, 36 months, 240 evaluations, three seeds, three objectives): mean hypervolume
above the same point 10.19 for NSGA-II on the vector of `mix_space`, 10.17 for SMS-EMOA, 10.04 for pymoo's mixed
variables, 10.08 for NSGA-II and 10.01 for TPE of Optuna, which need 7 and 50 times as long for themselves.

NSGA-II rarely moves a single unit, so the last quarter of the generations looks at neighbours of the front: money
shifted from one item to another, or another option. On a space of 798 mixes whose front is known (tests), that brings
the share of the front that is found from 90 % to all of it, with 260 mixes looked at.

The search sees its mixes only through a function that gives objectives and constraints, so it can be tried on any.
Duplicates are recognised after rounding to whole units. Infeasible mixes rank after feasible ones, by how much they
miss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError
from empowersim.experiments.mix_draws import FOR_MOVES, FOR_START, uniforms
from empowersim.experiments.mix_space import Mix, Space

Vector = NDArray[np.float64]

Score = Callable[[Sequence[Mix]], tuple[Vector, Vector]]
"""Mixes -> objectives, all to be made small, shape (mixes, objectives), and by how much each constraint is missed, met
where 0 or less, shape (mixes, constraints)."""

SLICES: Final = 10
"""Parts of the budget that the greedy baseline hands out one by one."""
LOCAL: Final = 0.25
"""Share of the generations, the last, that look at the neighbours of the front."""
_TRIES: Final = 8
"""Moves that are drawn for each neighbour that is wanted: many lead to what was seen."""
_TOO_SMALL: Final = 1e-12
_WORST: Final = 1e30


@dataclass(frozen=True)
class Searched:
    """All mixes that a search looked at, once each, in the order in which they were first seen."""

    mixes: tuple[Mix, ...]
    objectives: Vector
    """Shape (mixes, objectives), to be made small."""
    misses: Vector
    """Shape (mixes, constraints): met where 0 or less."""
    generation: NDArray[np.int64]
    """Shape (mixes,): generation in which a mix was first seen, 0 = the first."""

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Whether each mix meets all constraints, shape (mixes,)."""
        return np.asarray((self.misses <= 0.0).all(axis=1), dtype=np.bool_)

    @property
    def front(self) -> list[int]:
        """Places of the feasible mixes that no other feasible mix dominates."""
        able = np.flatnonzero(self.feasible)
        return [int(able[place]) for place in non_dominated(self.objectives[able])]


def non_dominated(objectives: Vector) -> list[int]:
    """Places of the rows that no other row dominates (no larger anywhere, smaller somewhere); of equal rows the first.

    Rows that hold NaN are never among them. Shape (points, objectives), all to be made small.
    """
    kept: list[int] = []
    for place, row in enumerate(objectives):
        if np.isnan(row).any():
            continue
        no_larger, smaller = (objectives <= row).all(axis=1), (objectives < row).any(axis=1)
        earlier_twin = (objectives[:place] == row).all(axis=1).any()
        if not (no_larger & smaller).any() and not earlier_twin:
            kept.append(place)
    return kept


def evolve(
    space: Space,
    score: Score,
    *,
    shape: tuple[int, int],
    evaluations: int,
    population: int,
    seed: int,
    starts: Sequence[Mix] = (),
    told: Callable[[int], None] | None = None,
) -> Searched:
    """Look at up to `evaluations` mixes in generations of `population`, beginning with `starts`; twins are seen once.

    `shape` is the number of objectives and of constraints that `score` gives. `seed` (0 to 2^32 - 1) decides every
    chance event of the search: the result is a function of the arguments and of what `score` gives. `told` is called
    with the number of mixes seen. Raises `SimulationError` where pymoo is missing.
    """
    algorithm = _algorithm(space, shape, population, seed, starts)
    seen = _Seen()
    generations = -(-evaluations // population)
    local = int(generations * LOCAL)
    for generation in range(generations - local):
        asked = algorithm.ask()
        if asked is None or len(asked) == 0:
            break  # nothing new can be bred
        wanted = [space.decode(vector) for vector in asked.get("X")]
        places = seen.look(wanted, score, generation)
        # NSGA-II cannot rank what is not a number: such a mix stands behind all others
        asked.set("F", np.nan_to_num(np.stack([seen.objectives[at] for at in places]), nan=_WORST))
        if shape[1]:
            asked.set("G", np.nan_to_num(np.stack([seen.misses[at] for at in places]), nan=1.0))
        algorithm.tell(infills=asked)
        if told is not None:
            told(len(seen.mixes))
    for generation in range(generations - local, generations):
        near = _neighbours(space, seen, population, seed, generation)
        if near:
            seen.look(near, score, generation)
        if told is not None:
            told(len(seen.mixes))
    return seen.searched()


class _Seen:
    """Mixes that were looked at, once each."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.mixes: list[Mix] = []
        self.objectives: list[Vector] = []
        self.misses: list[Vector] = []
        self.born: list[int] = []

    def look(self, wanted: Sequence[Mix], score: Score, generation: int) -> list[int]:
        """Score what is new among `wanted`; return the place of each."""
        fresh = list({mix.key: mix for mix in wanted if mix.key not in self.place}.values())
        if fresh:
            objectives, misses = score(fresh)
            for mix, row, miss in zip(fresh, objectives, misses, strict=True):
                self.place[mix.key] = len(self.mixes)
                self.mixes.append(mix)
                self.objectives.append(np.asarray(row))
                self.misses.append(np.asarray(miss))
                self.born.append(generation)
        return [self.place[mix.key] for mix in wanted]

    def searched(self) -> Searched:
        """All of it."""
        return Searched(
            tuple(self.mixes), np.array(self.objectives), np.array(self.misses), np.array(self.born, dtype=np.int64)
        )


def _neighbours(space: Space, seen: _Seen, count: int, seed: int, generation: int) -> list[Mix]:
    """Up to `count` new mixes, each one move away from a point of the front so far.

    A move shifts one unit, a twentieth or a tenth of the budget from one item (or from what is not spent) to another,
    or takes another option of a choice. Point, move and size are drawn by address.
    """
    found = seen.searched()
    front = found.front
    drawn = uniforms(_TRIES * count, 4, purpose=FOR_MOVES + generation, seed=seed)
    sizes = sorted({1, max(1, space.units // 20), max(1, space.units // 10)})
    parts = len(space.items) + 1
    fresh: dict[str, Mix] = {}
    for which, first, second, size in drawn.tolist() if front else ():
        mix = found.mixes[front[int(which * len(front))]]
        move = int(first * (parts + len(space.choices)))
        moved = (
            space.shifted(mix, move, int(second * parts), sizes[int(size * len(sizes))])
            if move < parts
            else space.turned(mix, move - parts, second)
        )
        if moved is not None and moved.key not in seen.place:
            fresh.setdefault(moved.key, moved)
        if len(fresh) == count:
            break
    return list(fresh.values())


def _algorithm(space: Space, shape: tuple[int, int], population: int, seed: int, starts: Sequence[Mix]) -> Any:
    """NSGA-II, set up: its first generation are the starts and mixes drawn by address."""
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.config import Config
        from pymoo.core.problem import Problem
        from pymoo.core.repair import Repair
    except ImportError as error:
        raise SimulationError(
            "optimise needs pymoo, which is not installed: pip install 'empowersim[analysis]'"
        ) from error
    Config.warnings["not_compiled"] = False

    class Rounded(Repair):  # type: ignore[misc]
        """Every vector at the place of its mix, so that twins are recognised."""

        def _do(self, _problem: Any, found: Any, **_: Any) -> Any:
            return np.array([space.encode(space.decode(row)) for row in found])

    drawn = uniforms(population, space.dimensions, purpose=FOR_START, seed=seed)
    first = [space.encode(mix) for mix in starts]
    first += [space.encode(space.decode(row)) for row in drawn[: max(population - len(first), 0)]]
    problem = Problem(
        n_var=space.dimensions,
        n_obj=shape[0],
        n_ieq_constr=shape[1],
        xl=np.zeros(space.dimensions),
        xu=np.ones(space.dimensions),
    )
    algorithm = NSGA2(pop_size=population, sampling=np.array(first), repair=Rounded())
    algorithm.setup(problem, seed=seed, termination=("n_gen", 10**9), verbose=False)
    return algorithm


def greedy(
    space: Space, figures: Callable[[Sequence[Mix]], tuple[Vector, Vector]], *, slices: int = SLICES
) -> list[Mix]:
    """Hand out the budget slice by slice, each to what gains most for a rupiah; return all mixes on the way.

    `figures` gives for mixes what is to be made small and what they cost, each of shape (mixes,). Slices that gain
    nothing are not handed out. Money that nobody takes up costs nothing, so a gain without cost is taken at once.
    Settings with alternatives stand at their first; constraints are not looked at.
    """
    step = max(1, space.units // slices)
    path = [space.least()]
    value, cost = (part[0] for part in figures(path))
    while True:
        options = [grown for item in range(len(space.items)) if (grown := space.more(path[-1], item, step)) is not None]
        if not options:
            return path
        values, costs = figures(options)
        gains = value - values
        prices = np.maximum(costs - cost, _TOO_SMALL * space.budget)
        rates = np.where(gains > 0.0, gains / prices, -math.inf)
        best = int(np.argmax(rates))
        if not rates[best] > 0.0:
            return path
        path.append(options[best])
        value, cost = values[best], costs[best]


def thinned(objectives: Vector, most: int, always: Sequence[int] = ()) -> list[int]:
    """At most `most` rows that are spread over all: `always`, the best of each objective, then the farthest from those.

    Distances are taken after each objective is scaled to its range. The order of the rows is kept.
    """
    count = len(objectives)
    if count <= most:
        return list(range(count))
    spanned = objectives.max(axis=0) - objectives.min(axis=0)
    scaled = (objectives - objectives.min(axis=0)) / np.where(spanned > 0.0, spanned, 1.0)
    kept = list(dict.fromkeys([*always, *(int(place) for place in objectives.argmin(axis=0))]))[:most]
    while len(kept) < most:
        away = np.min([((scaled - scaled[place]) ** 2).sum(axis=1) for place in kept], axis=0)
        away[kept] = -1.0
        kept.append(int(away.argmax()))
    return sorted(kept)
