"""What became of households against a reference, counted block by block, where no household can be kept.

Households are sorted into classes of their consumption at the start, fine enough to cut fifths of the population from
when all blocks are in. Everything counted is a whole number, so that neither threads nor the order of blocks can
change a bit.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import kernel
from empowersim.engine.ends import Ends
from empowersim.engine.outputs import CHANGE_FIGURES, STAGES, Changes
from empowersim.schema import REGION_TYPES

Counts = NDArray[np.int64]

_SHIFT: Final = np.int32(15)
"""Bits of a float32 that a class forgets: 256 classes for every doubling of consumption, 0.3 to 0.4 % wide."""
_OCTAVES_BELOW, _OCTAVES_ABOVE = 8, 12
"""Doublings below and above the poverty line that have classes; who is beyond is in the last one."""
_PER_OCTAVE: Final = 1 << (23 - int(_SHIFT))
_FIRST: Final = (127 - _OCTAVES_BELOW) * _PER_OCTAVE
CLASSES: Final = (_OCTAVES_BELOW + _OCTAVES_ABOVE) * _PER_OCTAVE
CHANGE_UNIT: Final = 2.0**-24
"""Unit (L a month) in which changes of consumption are added up: the spacing of float32 around the poverty line."""
_MOST_CHANGE: Final = 2.0**15
_CHANGE: Final = CHANGE_FIGURES.index("change")
_BETTER, _WORSE, _UNCHANGED = range(3)


@kernel
def _count(
    start: Any,
    size: Any,
    end: Any,
    reference: Any,
    touched: Any,
    touched_there: Any,
    stage: Any,
    region: int,
    band: float,
    by_class: Any,
    by_region: Any,
    by_contact: Any,
    stages: Any,
    served: Any,
) -> None:
    """Add a block; `start` as the bits of float32, `reference` = consumption at the end under the reference."""
    for home in range(end.size):
        level = np.float64(reference[home])
        change = np.float64(end[home]) - level
        result = _UNCHANGED
        if change > band * level:
            result = _BETTER
        elif change < -band * level:
            result = _WORSE
        amount = np.int64(np.rint(min(max(change, -_MOST_CHANGE), _MOST_CHANGE) / CHANGE_UNIT))
        persons = np.int64(np.rint(size[home]))
        here, there = touched[home], touched_there[home]
        cell = min(max(np.int64(start[home] >> _SHIFT) - _FIRST, 0), CLASSES - 1)
        contact = 0 if here or there else 1
        for row in (by_class[cell], by_region[region], by_contact[contact]):
            row[0] += 1
            row[1] += persons
            row[2 + result] += 1
            row[5] += change != 0.0
            row[6] += amount
        stages[stage[home]] += 1
        served[0] += here
        served[1] += there and not here
        served[2] += contact == 1 and result == _WORSE


class Counting(NamedTuple):
    """Counts of a policy, open for more blocks."""

    by_class: Counts
    by_region: Counts
    by_contact: Counts
    stages: Counts
    served: Counts
    """Shape (3,): households touched, displaced, untouched and worse off."""


def counting() -> Counting:
    """Counts of no household yet."""
    figures = len(CHANGE_FIGURES)
    return Counting(
        by_class=np.zeros((CLASSES, figures), np.int64),
        by_region=np.zeros((len(REGION_TYPES), figures), np.int64),
        by_contact=np.zeros((2, figures), np.int64),
        stages=np.zeros(len(STAGES), np.int64),
        served=np.zeros(3, np.int64),
    )


def count(counts: Counting, here: Ends, there: Ends, region: int, band: float) -> None:
    """Add a block: its households under a policy and the reference; `band` = the share that counts as no change."""
    _count(
        there.start.view(np.int32),
        there.size,
        here.end,
        there.end,
        here.touched,
        there.touched,
        here.stage,
        region,
        band,
        *counts,
    )


def add(total: Counting, part: Counting) -> None:
    """Add the counts of other blocks."""
    for field, more in zip(total, part, strict=True):
        np.add(field, more, out=field)


def changes_of(counts: Counting) -> Changes:
    """The counts of all blocks as a result."""
    return Changes(
        by_class=counts.by_class,
        by_region=counts.by_region,
        by_contact=counts.by_contact,
        change_unit=CHANGE_UNIT,
        stages=counts.stages,
        touched=int(counts.served[0]),
        displaced=int(counts.served[1]),
        untouched_worse=int(counts.served[2]),
    )
