"""Who won and who lost, by group: from every household of a future, or from the counts of a streamed one.

Streamed runs have no households to put in order, so fifths of the population are cut from classes of starting
consumption, 0.3 to 0.4 % wide: a class that holds a cut is shared between both fifths in proportion to its persons.
Everything else is the same count. Changes of consumption are added up in steps of 2**-24 L.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import CHANGE_FIGURES, STAGES, Changes, Run
from empowersim.experiments.economics import (
    FIFTHS,
    RESULTS,
    change_codes,
    displaced,
    household_groups,
    untouched_worse,
    welfare_groups,
)
from empowersim.schema import REGION_TYPES

Vector = NDArray[np.float64]

WINNER_FIGURES: Final = (
    ("households", "share of all households"),
    *((name, "share of the group") for name in RESULTS),
    ("any_change", "share of the group"),
    ("change", "L/month"),
)

REACH: Final = ("inclusion_error", "exclusion_error", "served_of_poor", "served_of_others")
"""Shares of households: of those served, who were not poor at the start; of the poor at the start, who were not
served; and how many of the poor, and of the others, were served. Served = ever enrolled or visited."""

PLACE_FIGURES: Final = ("subdistrict", "region", "households", "poor_at_start", "served", "change")
"""Of each subdistrict: its number, the number of its region type, households simulated, share poor at the start, share
served, and mean change of consumption against the reference (L a month)."""

STREAMED_NOTE: Final = (
    "Households were made, simulated, counted and forgotten subdistrict by subdistrict. Fifths of the population are "
    "therefore cut from classes of starting consumption 0.4 % wide."
)

_AT: Final = {name: place for place, name in enumerate(CHANGE_FIGURES)}


class Told(NamedTuple):
    """What became of the households of a future. Arrays have one row a policy."""

    groups: tuple[tuple[str, str], ...]
    """Dimension and name of each group."""
    winners: Vector
    """Shape (policies, groups, len(WINNER_FIGURES))."""
    shares: Vector
    """Shape (policies, 3): shares of all households that are served, displaced, untouched and worse off."""
    stages: Vector
    """Shape (policies, len(STAGES)): share of households."""
    reach: Vector
    """Shape (policies, len(REACH)); NaN where nobody is served, and for streamed runs."""
    places: Vector
    """Shape (policies, subdistricts, len(PLACE_FIGURES)); no subdistrict for streamed runs."""


def told(runs: Sequence[Run], reference: int, band: float) -> Told:
    """What became of the households of one future, one run a policy; `band` as in `change_codes`."""
    counted = [run.changes for run in runs if run.changes is not None]
    return _from_counts(counted) if len(counted) == len(runs) else _from_households(runs, runs[reference], band)


def _from_households(runs: Sequence[Run], base: Run, band: float) -> Told:
    quintile = welfare_groups(base.start_consumption, base.size)
    winners, shares = [], []
    for run in runs:
        groups = household_groups(base.region, quintile, run.touched | base.touched)
        codes = change_codes(run.end_consumption, base.end_consumption, band)
        change = run.end_consumption.astype(np.float64) - base.end_consumption
        winners.append([_count(members, codes, change) for _, _, members in groups])
        shares.append(
            [
                float(run.touched.mean()),
                displaced(run.touched, base.touched),
                untouched_worse(codes, run.touched, base.touched),
            ]
        )
    return Told(
        groups=tuple((dimension, name) for dimension, name, _ in groups),
        winners=np.array(winners),
        shares=np.array(shares),
        stages=np.array([np.bincount(run.stage, minlength=len(STAGES)) / run.stage.size for run in runs]),
        reach=np.array([reach_of(base.start_consumption < 1.0, run.touched) for run in runs]),
        places=np.array([_places(run, base) for run in runs]),
    )


def reach_of(poor: NDArray[np.bool_], served: NDArray[np.bool_]) -> list[float]:
    """The figures of `REACH` from two marks a household, shape (households,); NaN where a share is of nobody."""

    def share(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
        return float(of[among].mean()) if among.any() else math.nan

    missed = share(~served, poor) if served.any() else math.nan
    return [share(~poor, served), missed, share(served, poor), share(served, ~poor)]


def _places(run: Run, base: Run) -> Vector:
    numbers, inside = np.unique(base.subdistrict, return_inverse=True)
    homes = np.bincount(inside).astype(np.float64)
    change = run.end_consumption.astype(np.float64) - base.end_consumption
    shares = [np.bincount(inside, of) / homes for of in (base.start_consumption < 1.0, run.touched, change)]
    region = np.bincount(inside, base.region) / homes
    return np.stack([numbers.astype(np.float64), region, homes, *shares], axis=1)


def _count(members: NDArray[np.bool_], codes: NDArray[np.int8], change: Vector) -> list[float]:
    size = int(members.sum())
    if size == 0:
        return [0.0, *[math.nan] * (len(WINNER_FIGURES) - 1)]
    counts = np.bincount(codes[members], minlength=len(RESULTS)) / size
    changed = change[members]
    return [size / members.size, *counts.tolist(), float((changed != 0).mean()), float(changed.mean())]


def _from_counts(counted: Sequence[Changes]) -> Told:
    everybody = int(counted[0].stages.sum())
    fifths = _fifths(counted[0].by_class[:, _AT["persons"]])
    winners = []
    for one in counted:
        by_fifth = fifths @ one.by_class
        rows = [one.by_region.sum(axis=0), *one.by_region, *by_fifth, *one.by_contact]
        winners.append([_shares(row, everybody, one.change_unit) for row in rows])
    names = [("all", "all"), *(("region", name) for name in REGION_TYPES)]
    names += [("quintile", str(number + 1)) for number in range(FIFTHS)]
    names += [("contact", "touched"), ("contact", "untouched")]
    shares = [[one.touched, one.displaced, one.untouched_worse] for one in counted]
    return Told(
        groups=tuple(names),
        winners=np.array(winners),
        shares=np.array(shares) / everybody,
        stages=np.array([one.stages for one in counted]) / everybody,
        reach=np.full((len(counted), len(REACH)), np.nan),
        places=np.zeros((len(counted), 0, len(PLACE_FIGURES))),
    )


def _fifths(persons: NDArray[np.int64]) -> Vector:
    """Share (0-1) of each class that belongs to each fifth of the persons; shape (FIFTHS, classes)."""
    until = np.cumsum(persons).astype(np.float64)
    since = until - persons
    cuts = until[-1] * np.arange(FIFTHS + 1) / FIFTHS
    inside = np.minimum(until, cuts[1:, None]) - np.maximum(since, cuts[:-1, None])
    shares: Vector = np.maximum(inside, 0.0) / np.maximum(persons, 1)
    return shares


def _shares(row: Vector | NDArray[np.int64], everybody: int, unit: float) -> list[float]:
    """Figures of a group from its counts, as `_count` gives them."""
    size = float(row[_AT["households"]])
    if size == 0:
        return [0.0, *[math.nan] * (len(WINNER_FIGURES) - 1)]
    parts = [float(row[_AT[name]]) / size for name in (*RESULTS, "changed")]
    return [size / everybody, *parts, float(row[_AT["change"]]) * unit / size]
