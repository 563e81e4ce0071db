"""Where the village view puts villages, households and mentors: a scheme, not geography.

Positions follow from the number of villages and of their households alone, so that the same subdistrict always looks the
same and a household stands still while its colour changes. One unit is the space of one household.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

GOLDEN_ANGLE: Final = math.pi * (3.0 - math.sqrt(5.0))
"""Turn from one seed of a sunflower to the next (Vogel 1979), radians: no two stand on one ray."""

_GAP: Final = 5.0
"""Room between two villages, for their names and for mentors."""
_LANDSCAPE: Final = 1.1
"""Columns over rows of villages that are aimed at."""
_SIDE_BY_SIDE: Final = 3.4
"""From one mentor to the next of the same village."""
_BELOW: Final = 1.9
"""From the edge of a village to the mentors who are in it."""


class Layout(NamedTuple):
    """Where everything stands; V villages, H households."""

    centres: NDArray[np.float64]
    """Shape (V, 2)."""
    radii: NDArray[np.float64]
    """Shape (V,)."""
    households: NDArray[np.float64]
    """Shape (H, 2)."""

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of everything, with room for names above and mentors below."""
        (left, bottom), (right, top) = self.centres.min(axis=0), self.centres.max(axis=0)
        edge = float(self.radii.max()) + _GAP
        return float(left) - edge, float(right) + edge, float(bottom) - edge, float(top) + edge


def lay_out(village: NDArray[np.integer], identity: NDArray[np.integer], villages: int) -> Layout:
    """Positions of households: `village` (index, 0 to `villages` - 1) and permanent `identity` of each, shape (H,).

    Villages stand in rows, every second row half a step to the right; households of a village spiral out from its centre
    in the order of their identities, evenly thick. Needs one village or more.
    """
    counts = np.bincount(village, minlength=villages)
    radii = np.sqrt(np.maximum(counts, 1) / math.pi) + 1.0
    step = 2.0 * float(radii.max()) + _GAP
    columns = min(villages, math.ceil(math.sqrt(villages * _LANDSCAPE)))
    row, column = np.divmod(np.arange(villages), columns)
    shift = np.where((row % 2 == 1) & (villages > 2 * columns), 0.5, 0.0)
    centres = np.stack([(column + shift) * step, -row * step], axis=1).astype(np.float64)
    rank = _ranks(village, identity, counts)
    distance = np.sqrt((rank + 0.5) / math.pi)
    angle = rank * GOLDEN_ANGLE
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1) * distance[:, None]
    return Layout(centres, radii, centres[village] + around)


def _ranks(village: NDArray[np.integer], identity: NDArray[np.integer], counts: NDArray[np.integer]) -> NDArray[np.intp]:
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
            aside = (place - (len(members) - 1) / 2.0) * _SIDE_BY_SIDE
            found[mentor] = x + aside, y - layout.radii[here] - _BELOW
    return found


def most_visited(visits: NDArray[np.floating], village: NDArray[np.integer], rows: NDArray[np.integer]) -> int:
    """Village (index) in which the households `rows` were visited most; the first of several, -1 without a visit."""
    if len(rows) == 0 or not visits[rows].any():
        return -1
    return int(np.bincount(village[rows], weights=visits[rows]).argmax())
