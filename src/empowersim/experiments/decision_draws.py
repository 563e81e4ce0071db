"""Draws for decisions, by address: a draw is a function of (seed, purpose, member, column).

The generator and the form of the address are those of `rng`; the kind of actor is a number that no actor of the model
has. A member does not depend on how many members there are.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import loop
from empowersim.rng import philox

Vector = NDArray[np.float64]

DECISION: Final = 246
"""Kind of actor in the address: a draw for a decision. `rng.Kind` has no such number."""


class Purpose(IntEnum):
    """What a draw is for, so that two uses share nothing."""

    POSTERIOR = 0
    SPREAD = 1
    PARAMETERS = 2
    REGRESSION = 3
    DUMMIES = 4


_KIND: Final = np.uint32(DECISION << 24)
_FIRST: Final = np.uint32(5)
_SECOND: Final = np.uint32(6)
_SHIFT: Final = 2.0**26
_UNIT: Final = 2.0**-53
_EXACT: Final = 2000
"""Degrees of freedom up to which a chi-square is summed; above, Wilson and Hilferty's cube is right to six digits."""


@loop
def _fill(purpose: Any, seed: Any, first: Any, out: Any) -> None:
    for member in range(out.shape[0]):
        for column in range(out.shape[1]):
            high, low, _, _ = philox(
                np.uint32(member), _KIND, np.uint32(purpose), np.uint32(first + column), np.uint32(seed), np.uint32(0)
            )
            out[member, column] = (np.float64(high >> _FIRST) * _SHIFT + np.float64(low >> _SECOND) + 0.5) * _UNIT


def uniforms(members: int, columns: int, *, purpose: Purpose, seed: int, first: int = 0) -> Vector:
    """Return uniforms strictly inside (0, 1), shape (members, columns), from column `first` on.

    `seed` is 0 to 2^32 - 1.
    """
    out = np.empty((members, columns))
    _fill(int(purpose), seed, first, out)
    return out


def normals(members: int, columns: int, *, purpose: Purpose, seed: int, first: int = 0) -> Vector:
    """Return standard normals, shape (members, columns), by the formula of Box and Muller (1958)."""
    drawn = uniforms(members, 2 * columns, purpose=purpose, seed=seed, first=2 * first)
    made: Vector = np.sqrt(-2.0 * np.log(drawn[:, 0::2])) * np.cos(2.0 * math.pi * drawn[:, 1::2])
    return made


def chi_squares(members: int, degrees: int, *, seed: int) -> Vector:
    """Return chi-square variables with whole `degrees` of freedom (1 or more), shape (members,).

    A sum of squared normals, so of -2 log(uniform) two by two; above `_EXACT` degrees by the cube of a normal (Wilson
    and Hilferty 1931).
    """
    if degrees > _EXACT:
        normal = normals(members, 1, purpose=Purpose.SPREAD, seed=seed)[:, 0]
        share = 2.0 / (9.0 * degrees)
        made: Vector = degrees * (1.0 - share + normal * math.sqrt(share)) ** 3
        return made
    total = np.zeros(members)
    drawn = uniforms(members, degrees // 2 + 2, purpose=Purpose.SPREAD, seed=seed)
    for column in range(degrees // 2):
        total += -2.0 * np.log(drawn[:, column])
    if degrees % 2:
        angle = np.cos(2.0 * math.pi * drawn[:, -1])
        total += -2.0 * np.log(drawn[:, -2]) * angle * angle
    return total
