"""Where the village view puts villages, households and mentors: a scheme, not geography.

Positions follow from the number of villages and of their households alone, so that the same subdistrict always looks
the same and a household stands still while its colour changes. One unit is the space of one household.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

GOLDEN_ANGLE: Final = math.pi * (3.0 - math.sqrt(5.0))
"""Turn from one seed of a sunflower to the next (Vogel 1979), radians: no two stand on one ray."""

_ASIDE: Final = 1.5
"""Room between two villages of a row."""
_LANDSCAPE: Final = 1.1
"""Columns over rows of villages that are aimed at."""
_LETTERS: Final = 0.044
"""Height of a line of letters, share of the width of the map."""
_NAME: Final = 2.1
"""Lines that the name of a village takes above it."""
_STAFF: Final = 1.1
"""Lines that mentors take below a village."""
_SIDE_BY_SIDE: Final = 1.4
"""From one mentor to the next of the same village, lines."""


class Layout(NamedTuple):
    """Where everything stands; V villages, H households."""

    centres: NDArray[np.float64]
    """Shape (V, 2)."""
    radii: NDArray[np.float64]
    """Shape (V,)."""
    households: NDArray[np.float64]
    """Shape (H, 2)."""
    line: float
    """Height of a line of letters."""

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of everything, with room for names above and mentors below."""
        left, right = (self.centres[:, 0] - self.radii).min(), (self.centres[:, 0] + self.radii).max()
        bottom, top = (self.centres[:, 1] - self.radii).min(), (self.centres[:, 1] + self.radii).max()
        below, above = _STAFF * self.line, _NAME * self.line
        return float(left) - _ASIDE, float(right) + _ASIDE, float(bottom) - below, float(top) + above


def lay_out(village: NDArray[np.integer], identity: NDArray[np.integer], villages: int) -> Layout:
    """Positions of households: `village` (index, 0 to `villages` - 1) and permanent `identity` of each, shape (H,).

    Villages stand in rows, the last row in the middle; households of a village spiral out from its centre in the order
    of their identities, evenly thick. Needs one village or more.
    """
    counts = np.bincount(village, minlength=villages)
    radii = np.sqrt(np.maximum(counts, 1) / math.pi) + 1.0
    columns = min(villages, math.ceil(math.sqrt(villages * _LANDSCAPE)))
    step = 2.0 * float(radii.max()) + _ASIDE
    line = _LETTERS * columns * step
    row, column = np.divmod(np.arange(villages), columns)
    in_row = np.bincount(row)
    tallest = np.array([radii[row == one].max() for one in range(len(in_row))])
    down = np.concatenate([[0.0], np.cumsum(tallest[:-1] + tallest[1:] + (_NAME + _STAFF) * line)])
    aside = 0.5 * (columns - in_row[row])
    centres = np.stack([(column + aside) * step, -down[row]], axis=1)
    rank = _ranks(village, identity, counts)
    distance = np.sqrt((rank + 0.5) / math.pi)
    angle = rank * GOLDEN_ANGLE
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1) * distance[:, None]
    return Layout(centres, radii, centres[village] + around, line)


def _ranks(
    village: NDArray[np.integer], identity: NDArray[np.integer], counts: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Place of each household among those of its village, from 0, in the order of their identities."""
    order = np.lexsort((identity, village))
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rank = np.empty(len(village), np.intp)
    rank[order] = np.arange(len(village)) - np.repeat(first, counts)
    return rank


def mentor_positions(layout: Layout, villages: Sequence[int]) -> NDArray[np.float64]:
    """Positions of mentors, shape (M, 2): side by side below the village in which each is (index; -1 = in none).

    A mentor who is in no village is NaN.
    """
    found = np.full((len(villages), 2), np.nan)
    for here in sorted({village for village in villages if village >= 0}):
        members = [mentor for mentor, village in enumerate(villages) if village == here]
        x, y = layout.centres[here]
        for place, mentor in enumerate(members):
            aside = (place - (len(members) - 1) / 2.0) * _SIDE_BY_SIDE * layout.line
            found[mentor] = x + aside, y - layout.radii[here] - 0.6 * layout.line
    return found


def most_visited(visits: NDArray[np.floating], village: NDArray[np.integer], rows: NDArray[np.integer]) -> int:
    """Village (index) in which the households `rows` were visited most; the first of several, -1 without a visit."""
    if len(rows) == 0 or not visits[rows].any():
        return -1
    return int(np.bincount(village[rows], weights=visits[rows]).argmax())
