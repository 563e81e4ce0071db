"""What a search for a mix found: the front, its baselines, and how sure it is that one is better than another.

Definitions
-----------
counted value (`mean`)
    mean over futures and worlds; each future has its own luck and its own draw of the parameters.
counted value (`worst`)
    in each world the mean over the worst tenth of the draws (at least one), then the worse of the worlds; worst is
    what is worst for that outcome. With one draw a future, as usual, this is the worst tenth of futures: bad luck
    and bad parameters together.
held out
    the same mix on futures that the search never saw. A mix that was chosen because it looked best on some futures
    looks better there than it is (the winner's curse); on held-out futures that is taken off.
paired difference
    of two mixes, future by future, after the mean over the worlds; 95 % Student t interval and share of futures in
    which the first is better, as in `compare`.
told apart
    the interval of the paired difference leaves zero out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from empowersim.experiments.mix_evaluate import AT, MEASURES, Futures, better_of, unit_of
from empowersim.experiments.mix_fields import Limit
from empowersim.experiments.statistics import Estimate, Paired, Vector, paired, t_interval
from empowersim.results.comparison import number_or_none
from empowersim.results.tables import COST, COST_DISCOUNTED, YEARS_AVERTED

MEAN: Final = "mean"
TENTH: Final = 0.1
"""Share of the draws that count as the worst."""
OVERSPENT: Final = 0.02
"""Share of the budget by which mean spending may exceed it: whole households and posts do not come out even."""
ALWAYS: Final = (COST, COST_DISCOUNTED, "poverty_headcount", "poverty_gap", "empowerment_index", YEARS_AVERTED)
"""Outcomes that are reported whatever the objectives are."""

FRONT: Final = "front"
BASELINE: Final = "baseline"
REFERENCE: Final = "reference"
BEST: Final = "best_mix"
THRIFTY: Final = "thrifty_mix"
GREEDY: Final = "greedy_mix"
BALANCED: Final = "balanced"
ONLY: Final = "only_"


def reported(objectives: Sequence[str]) -> tuple[str, ...]:
    """Figures that are reported, in their order: objectives, other outcomes, measures."""
    return (*dict.fromkeys((*objectives, *ALWAYS)), *MEASURES)


def worst_draws(values: Vector, futures: Futures, better: int) -> float:
    """Mean over the worst tenth of the draws, at least one; `values` of shape (futures,), NaN left out."""
    draws = futures.draw_of
    by_draw = [_mean(values[draws == number]) for number in range(min(len(futures.draws), futures.count))]
    told = sorted((value for value in by_draw if not math.isnan(value)), reverse=better < 0)
    return _mean(np.array(told[: max(1, math.ceil(TENTH * len(told)))])) if told else math.nan


def counted(values: Vector, futures: Futures, figure: str, robust: str) -> float:
    """The value of a figure that a search counts; `values` of shape (worlds, futures)."""
    if robust == MEAN:
        return _mean(np.array([_mean(world) for world in values]))
    worst = [worst_draws(world, futures, better_of(figure)) for world in values]
    return math.nan if any(map(math.isnan, worst)) else (min(worst) if better_of(figure) > 0 else max(worst))


def _mean(values: Vector) -> float:
    present = values[~np.isnan(values)].tolist()
    return math.fsum(present) / len(present) if present else math.nan


def misses(limits: Sequence[Limit], values: Mapping[str, float], money: float) -> list[float]:
    """By how much each bound is missed, met where 0 or less; what cannot be told misses its bound.

    The first bound is the budget itself: what is handed out never exceeds it, but what is spent can, where few villages
    or posts stand for many. `values` holds the measures and `cost`; `money` is the budget of the whole run, IDR.
    """
    found = [values[COST] / money - 1.0 - OVERSPENT]
    for limit in limits:
        value = values[limit.measure]
        for bound, sign in ((limit.at_most, 1.0), (limit.at_least, -1.0)):
            if bound is not None:
                found.append(1.0 if math.isnan(value) else sign * (value - bound))
    return found


@dataclass(frozen=True)
class Point:
    """A mix or a baseline, on the futures of the search and on held-out ones."""

    name: str
    kind: str
    """`front`, `baseline` or `reference`."""
    money: Mapping[str, int]
    """Item -> IDR a year; empty for a policy of the scenario that is not written as a mix."""
    role_mix: Mapping[str, float]
    settings: Mapping[str, str]
    below: Mapping[str, str]
    """Key path below a policy -> text of a scenario file; empty for a policy of the scenario."""
    policy: str
    """Name of the policy of the scenario; empty for a mix."""
    searched: Mapping[str, float]
    """Figure -> counted value on the futures of the search."""
    held_out: Mapping[str, Estimate]
    """Figure -> mean of held-out futures (and worlds), with its 95 % interval."""
    gain: Mapping[str, Estimate]
    """Figure -> paired difference from the reference on held-out futures, with its 95 % interval."""
    by_world: Mapping[str, Mapping[str, float]]
    """World -> figure -> mean of held-out futures."""
    worst: Mapping[str, float]
    """Figure -> mean of the worst tenth of held-out draws, in the world in which it is worse."""
    shipped: Mapping[str, Mapping[str, float]]
    """World -> figure -> mean of the futures that `compare` simulates, with the shipped parameters; may be empty."""
    meets: bool
    """Whether it keeps all constraints on held-out futures, as counted."""
    undominated: bool
    """Whether no other point of the front dominates it on held-out futures, as counted."""


@dataclass(frozen=True)
class Versus:
    """One point against another in one figure, on held-out futures."""

    point: str
    against: str
    figure: str
    searched: float
    """Difference of the counted values on the futures of the search."""
    held_out: Paired
    by_world: Mapping[str, Estimate]
    worst: float
    """Difference in the worst tenth of the draws (worst for the point compared), in the world where that is worse."""

    @property
    def told_apart(self) -> bool:
        """Whether the interval of the paired difference leaves zero out."""
        return self.held_out.low > 0.0 or self.held_out.high < 0.0

    @property
    def better(self) -> bool:
        """Whether the point is better on held-out futures, told apart or not."""
        return self.held_out.mean * better_of(self.figure) > 0.0


def point_of(cube: Vector, figures: Sequence[str]) -> dict[str, Estimate]:
    """Means of figures over futures, the mean over worlds taken first; `cube` (worlds, futures, len(FIGURES))."""
    return {name: t_interval(_over_worlds(cube, name)) for name in figures}


def gain_of(cube: Vector, base: Vector, figures: Sequence[str]) -> dict[str, Estimate]:
    """Paired differences of figures from those of `base`, future by future; arrays as in `point_of`."""
    return {name: t_interval(_over_worlds(cube, name) - _over_worlds(base, name)) for name in figures}


def by_world(cube: Vector, worlds: Sequence[str], figures: Sequence[str]) -> dict[str, dict[str, float]]:
    """World -> figure -> mean over futures."""
    return {
        world: {name: _mean(part[:, AT[name]]) for name in figures} for world, part in zip(worlds, cube, strict=True)
    }


def versus(
    names: tuple[str, str],
    figure: str,
    searched: tuple[float, float],
    cubes: tuple[Vector, Vector],
    futures: Futures,
    worlds: Sequence[str],
) -> Versus:
    """Compare two points on the same held-out futures; cubes of shape (worlds, futures, len(FIGURES))."""
    better, at = better_of(figure), AT[figure]
    first, second = cubes
    gaps = first[:, :, at] - second[:, :, at]
    worst = [worst_draws(world, futures, better) for world in gaps]
    return Versus(
        point=names[0],
        against=names[1],
        figure=figure,
        searched=searched[0] - searched[1],
        held_out=paired(_over_worlds(first, figure), _over_worlds(second, figure), better),
        by_world={world: t_interval(part) for world, part in zip(worlds, gaps, strict=True)},
        worst=min(worst) if better > 0 else max(worst),
    )


def _over_worlds(cube: Vector, figure: str) -> Vector:
    found: Vector = cube[:, :, AT[figure]].mean(axis=0)
    return found


@dataclass(frozen=True)
class Optimisation:
    """A search, and what it found."""

    name: str
    title: Mapping[str, str]
    scenario: str
    """Path of the scenario file as it was given."""
    budget: int
    """IDR a year."""
    items: tuple[str, ...]
    objectives: tuple[str, ...]
    main: str
    robust: str
    worlds: tuple[str, ...]
    limits: tuple[Limit, ...]
    reference: str
    evaluations: int
    """Different mixes that the evolutionary search looked at."""
    feasible: int
    front_size: int
    """Points of the front on the futures of the search; `points` holds some spread over it."""
    search_futures: int
    held_out_futures: int
    draws: int
    """Draws of the parameters in the search; 0 = the shipped values."""
    households: int | None
    represents: float
    months: int
    burn_in: int
    seed: int
    """Seed of the simulation, as of `compare`."""
    search_seed: int
    best: str
    """The chosen point: the best in `main` on the futures of the search, of those that keep the constraints."""
    thrifty: str
    """The best in `main` of those that cost no more than the balanced mix; empty if none does, or it is `best`."""
    points: tuple[Point, ...] = field(repr=False)
    """The reference, baselines, then the front in order of cost."""
    comparisons: tuple[Versus, ...] = field(repr=False)
    growth: tuple[tuple[int, float], ...] = field(repr=False)
    """Mixes seen after each generation, and the hypervolume of their front over that of the last."""
    looked_at: tuple[Mapping[str, Any], ...] = field(repr=False)
    """All mixes of the search: `number`, `generation`, `feasible`, the mix, and the counted values of objectives."""
    notes: tuple[str, ...]
    run_id: str
    inputs: Mapping[str, Any] = field(repr=False)

    def point(self, name: str) -> Point:
        """A point by name; KeyError if there is none."""
        for one in self.points:
            if one.name == name:
                return one
        raise KeyError(name)

    @property
    def front(self) -> tuple[Point, ...]:
        """The points of the front that were judged on held-out futures, in order of cost."""
        return tuple(one for one in self.points if one.kind == FRONT)

    def versus(self, point: str, against: str, figure: str) -> Versus:
        """A comparison; KeyError if it was not made."""
        for one in self.comparisons:
            if (one.point, one.against, one.figure) == (point, against, figure):
                return one
        raise KeyError((point, against, figure))

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and names, None for what cannot be told."""
        return {
            "name": self.name,
            "run_id": self.run_id,
            "scenario": self.scenario,
            "budget": self.budget,
            "objectives": {name: {"unit": unit_of(name), "better": better_of(name)} for name in self.objectives},
            "main": self.main,
            "robust": self.robust,
            "worlds": list(self.worlds),
            "constraints": [
                {"measure": one.measure, "at_least": one.at_least, "at_most": one.at_most} for one in self.limits
            ],
            "reference": self.reference,
            "evaluations": self.evaluations,
            "feasible": self.feasible,
            "front_size": self.front_size,
            "futures": {"search": self.search_futures, "held_out": self.held_out_futures, "draws": self.draws},
            "households": self.households,
            "represents": self.represents,
            "months": self.months,
            "seed": {"simulation": self.seed, "search": self.search_seed},
            "best": self.best,
            "thrifty": self.thrifty or None,
            "points": [_point(one) for one in self.points],
            "comparisons": [_versus(one) for one in self.comparisons],
            "growth": [{"evaluations": seen, "hypervolume": number_or_none(size)} for seen, size in self.growth],
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: number_or_none(value) for name, value in values.items()}


def _ends(estimate: Estimate) -> dict[str, float | None]:
    return {
        "mean": number_or_none(estimate.mean),
        "low": number_or_none(estimate.low),
        "high": number_or_none(estimate.high),
    }


def _point(one: Point) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "policy": one.policy or None,
        "idr_a_year": dict(one.money),
        "role_mix": dict(one.role_mix),
        "settings": dict(one.settings),
        "search": _numbers(one.searched),
        "held_out": {name: _ends(value) for name, value in one.held_out.items()},
        "difference": {name: _ends(value) for name, value in one.gain.items()},
        "worlds": {world: _numbers(values) for world, values in one.by_world.items()},
        "worst_tenth": _numbers(one.worst),
        "as_compare": {world: _numbers(values) for world, values in one.shipped.items()},
        "keeps_constraints": one.meets,
        "undominated": one.undominated,
    }


def _versus(one: Versus) -> dict[str, Any]:
    return {
        "point": one.point,
        "against": one.against,
        "figure": one.figure,
        "unit": unit_of(one.figure),
        "search": number_or_none(one.searched),
        "held_out": _ends(Estimate(one.held_out.mean, one.held_out.low, one.held_out.high)),
        "probability_better": number_or_none(one.held_out.probability_better),
        "told_apart": one.told_apart,
        "worlds": {world: _ends(value) for world, value in one.by_world.items()},
        "worst_tenth": number_or_none(one.worst),
    }
