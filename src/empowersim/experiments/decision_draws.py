"""Draws for decisions, by address: a draw is a function of (seed, purpose, member, column).

The generator is `rng.uniforms`; a member does not depend on how many members there are.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from empowersim import rng

Vector = NDArray[np.float64]


class Purpose(IntEnum):
    """What a draw is for, so that two uses share nothing."""

    POSTERIOR = 0
    SPREAD = 1
    PARAMETERS = 2
    REGRESSION = 3
    DUMMIES = 4


_EXACT: Final = 2000
"""Degrees of freedom up to which a chi-square is summed; above, Wilson and Hilferty's cube is right to six digits."""


def uniforms(members: int, columns: int, *, purpose: Purpose, seed: int, first: int = 0) -> Vector:
    """Return uniforms strictly inside (0, 1), shape (members, columns), from column `first` on.

    `seed` is 0 to 2^32 - 1.
    """
    return rng.uniforms(members, columns, kind=rng.Kind.DECISION, purpose=int(purpose), seed=seed, first=first)


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
