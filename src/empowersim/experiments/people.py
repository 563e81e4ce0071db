"""Who is reached, who gains, who is left out: households in groups and in villages, from the runs of one future.

What a household is (who heads it, its schooling, its village) stands in the burn-in, what becomes of it in the runs.
Streamed runs keep no household, so they have no groups here (`winners` has fifths and region types of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import Run
from empowersim.engine.start import rows_in_order
from empowersim.experiments.economics import RESULTS, change_codes, welfare_groups
from empowersim.schema import REGION_TYPES, VILLAGE_ROW

if TYPE_CHECKING:
    from empowersim.engine.simulate import Burnt

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

LINE: Final = 1.0
"""The poverty line, L a month."""
NEAR_POOR: Final = 1.5
"""Lines below which the World Bank counts Indonesians as vulnerable (Aspiring Indonesia, 2019)."""
PRIMARY: Final = 6.0
"""Years of primary school."""
TENTHS: Final = 10
FIFTHS: Final = 5

DIMENSIONS: Final[dict[str, tuple[str, ...]]] = {
    "all": ("all",),
    "decile": tuple(str(number + 1) for number in range(TENTHS)),
    "start": ("poor", "near_poor", "other"),
    "head": ("woman", "man"),
    "schooling": ("primary", "more"),
    "children": ("with", "without"),
    "region": REGION_TYPES,
    "custom": ("integrated", "mixing", "traditional"),
    "villages": tuple(str(number + 1) for number in range(FIFTHS)),
}
"""Dimension -> its groups. Tenth 1 and fifth 1 are the poorest, of persons and of villages; `custom` says how strongly
custom governs the village."""

GROUPS: Final = tuple((dimension, group) for dimension, groups in DIMENSIONS.items() for group in groups)

GROUP_FIGURES: Final[dict[str, str]] = {
    "households": "share of households",
    "poor_at_start": "share of the group",
    "served": "share of the group",
    "served_of_poor": "share of the poor of the group",
    "poor_reference": "share of the group",
    "poor": "share of the group",
    "better": "share of the group",
    "worse": "share of the group",
    "change": "L/month",
}
"""Figure -> its unit. `poor` and `poor_reference`: below the line by mean consumption of the last twelve months, under
the policy and under the reference; the others as in `winners` and `REACH`."""

VILLAGE_FIGURES: Final = (
    "village",
    "subdistrict",
    "region",
    "households",
    "poor_at_start",
    "served",
    "served_of_poor",
    "poor_change",
    "change",
)
"""Of each village: numbers of it, of its subdistrict and of its region type, households simulated, shares of them;
`poor_change` = share below the line at the end minus the same under the reference; `change` in L a month."""


class People(NamedTuple):
    """What the households of a future are; arrays of shape (households,), in the order of a `Run`'s."""

    village: Codes
    """Number of the village, 0 = the first of the future."""
    female_head: NDArray[np.bool_]
    schooling: NDArray[np.float32]
    """Years of schooling of the best-educated adult."""
    children: NDArray[np.float32]
    """Members of school age."""
    custom: NDArray[np.float32]
    """How strongly custom governs the village, 0-1."""


def people_of(burnt: Burnt) -> People:
    """Read off a burn-in what its households are; traits do not change, so it does not matter that it is over."""
    village, custom, before = [], [], 0
    columns: dict[str, list[NDArray[np.float32]]] = {"female_head": [], "schooling_years": [], "children": []}
    for begun in burnt.begun:
        block = begun.block
        inside = np.repeat(block.tile_village, (block.live > 0).sum(axis=1))
        village.append(before + inside)
        custom.append(block.village[inside, VILLAGE_ROW["adat"]])
        before += block.village.shape[0]
        for name, parts in columns.items():
            parts.append(rows_in_order(block, name).astype(np.float32))
    made = {name: np.concatenate(parts) for name, parts in columns.items()}
    return People(
        village=np.concatenate(village).astype(np.int64),
        female_head=made["female_head"] > 0,
        schooling=made["schooling_years"],
        children=made["children"],
        custom=np.concatenate(custom),
    )


def grouped(runs: Sequence[Run], reference: int, band: float, people: People | None) -> tuple[Vector, Vector]:
    """Figures of groups and of villages of one future.

    Shapes (policies, len(GROUPS), len(GROUP_FIGURES)) and (policies, villages, len(VILLAGE_FIGURES)). A group in which
    nobody is has 0 households and NaN for the rest; so has every group, and there is no village, where households are
    not kept or not known (`people` None).
    """
    base = runs[reference]
    if people is None or not base.size.size:
        nobody = np.full((len(runs), len(GROUPS), len(GROUP_FIGURES)), np.nan)
        nobody[:, :, 0] = 0.0
        return nobody, np.zeros((len(runs), 0, len(VILLAGE_FIGURES)))
    counted = [_marks(run, base, band) for run in runs]
    codes = codes_of(base, people)
    groups = [np.concatenate([_figures(marks, *one) for one in codes.values()]) for marks in counted]
    places = np.array([_villages(marks, base, people) for marks in counted])
    return np.array(groups), places


def codes_of(base: Run, people: People) -> dict[str, tuple[Codes, int]]:
    """Dimension -> group of each household (shape (households,)) and number of groups, in the order of DIMENSIONS."""
    start = base.start_consumption
    everybody = np.zeros(start.shape, np.int64)
    homes = np.bincount(people.village)
    poor = np.bincount(people.village, start < LINE) / np.maximum(homes, 1)
    fifth = welfare_groups((-poor).astype(np.float32), homes.astype(np.float32), FIFTHS)
    found = {
        "all": everybody,
        "decile": welfare_groups(start, base.size, TENTHS).astype(np.int64),
        "start": (start >= LINE).astype(np.int64) + (start >= NEAR_POOR * LINE),
        "head": np.where(people.female_head, 0, 1),
        "schooling": np.where(people.schooling <= PRIMARY, 0, 1),
        "children": np.where(people.children > 0, 0, 1),
        "region": base.region.astype(np.int64),
        "custom": np.rint(2.0 * people.custom).astype(np.int64),
        "villages": fifth[people.village].astype(np.int64),
    }
    return {name: (found[name], len(groups)) for name, groups in DIMENSIONS.items()}


class _Marks(NamedTuple):
    """What became of each household; arrays of shape (households,)."""

    pattern: Codes
    """The marks of `MARKS` as bits, the first the lowest: one count of patterns holds the counts of all marks."""
    change: Vector
    """L a month."""


MARKS: Final = ("poor_at_start", "served", "poor_reference", "poor", "better", "worse")
PATTERNS: Final = 1 << len(MARKS)
_BITS: Final = (np.arange(PATTERNS)[:, np.newaxis] >> np.arange(len(MARKS))) & 1
_POOR_AND_SERVED: Final = _BITS[:, 0] & _BITS[:, 1]


def _marks(run: Run, base: Run, band: float) -> _Marks:
    became = change_codes(run.end_consumption, base.end_consumption, band)
    marks = (
        base.start_consumption < LINE,
        run.touched,
        base.end_consumption < LINE,
        run.end_consumption < LINE,
        became == RESULTS.index("better"),
        became == RESULTS.index("worse"),
    )
    pattern = np.zeros(became.shape, np.int64)
    for bit, mark in enumerate(marks):
        pattern |= mark.astype(np.int64) << bit
    return _Marks(pattern, run.end_consumption.astype(np.float64) - base.end_consumption)


def _figures(marks: _Marks, code: Codes, count: int) -> Vector:
    """The figures of the groups of one dimension, shape (groups, len(GROUP_FIGURES))."""
    patterns = np.bincount(code * PATTERNS + marks.pattern, minlength=count * PATTERNS).reshape(count, PATTERNS)
    homes = patterns.sum(axis=1).astype(np.float64)
    counts = dict(zip(MARKS, (patterns @ _BITS).T.astype(np.float64), strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {name: number / homes for name, number in counts.items()}
        shares["served_of_poor"] = (patterns @ _POOR_AND_SERVED) / counts["poor_at_start"]
        shares["change"] = np.bincount(code, marks.change, minlength=count) / homes
    shares["households"] = homes / code.size
    made: Vector = np.stack([shares[name] for name in GROUP_FIGURES], axis=1)
    return made


def _villages(marks: _Marks, base: Run, people: People) -> Vector:
    """The figures of the villages of a future, shape (villages, len(VILLAGE_FIGURES))."""
    code, count = people.village, int(people.village.max()) + 1
    figures = _figures(marks, code, count)
    at = {name: figures[:, place] for place, name in enumerate(GROUP_FIGURES)}
    _, first = np.unique(code, return_index=True)
    found = {
        "village": np.arange(count, dtype=np.float64),
        "subdistrict": base.subdistrict[first].astype(np.float64),
        "region": base.region[first].astype(np.float64),
        "households": np.bincount(code, minlength=count).astype(np.float64),
        "poor_change": at["poor"] - at["poor_reference"],
        **{name: at[name] for name in ("poor_at_start", "served", "served_of_poor", "change")},
    }
    made: Vector = np.stack([found[name] for name in VILLAGE_FIGURES], axis=1)
    return made


__all__ = [
    "DIMENSIONS",
    "GROUPS",
    "GROUP_FIGURES",
    "VILLAGE_FIGURES",
    "People",
    "codes_of",
    "grouped",
    "people_of",
]
