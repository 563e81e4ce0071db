"""Draws for ensembles of parameters, by address: a draw is a function of (seed, member, sweep, direction).

The generator and the form of the address are those of `rng`; the kind of actor is a number that no actor of the model
has. A member does not depend on how many members there are.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import loop
from empowersim.rng import philox

ENSEMBLE: Final = 240
"""Kind of actor in the address: a member of an ensemble. `rng.Kind` has no such number."""

_KIND: Final = np.uint32(ENSEMBLE << 24)
_FIRST: Final = np.uint32(5)
_SECOND: Final = np.uint32(6)
_SHIFT: Final = 2.0**26
_UNIT: Final = 2.0**-53


@loop
def _fill(sweep: Any, seed: Any, out: Any) -> None:
    for member in range(out.shape[0]):
        for direction in range(out.shape[1]):
            high, low, _, _ = philox(
                np.uint32(member), _KIND, np.uint32(sweep), np.uint32(direction), np.uint32(seed), np.uint32(0)
            )
            out[member, direction] = (np.float64(high >> _FIRST) * _SHIFT + np.float64(low >> _SECOND) + 0.5) * _UNIT


def uniforms(members: int, directions: int, *, sweep: int, seed: int) -> NDArray[np.float64]:
    """Return uniforms strictly inside (0, 1), shape (members, directions), of a sweep.

    `seed` is a whole number from 0 to 2^32 - 1.
    """
    out = np.empty((members, directions))
    _fill(sweep, seed, out)
    return out
