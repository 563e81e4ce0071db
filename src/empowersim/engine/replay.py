"""One month of one household again, with other draws: which number of a month reaches which column.

All lanes of a tile hold the same household, each with draws of its own, so that one call shows what a stream can do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel
from empowersim.engine.arrays import DOSES, DRAWS
from empowersim.engine.observe import drawn
from empowersim.engine.strips import NORMALS, month_of_strip
from empowersim.rng import Kind, Stream
from empowersim.rules.month import Draw
from empowersim.schema import ROWS


@kernel
def _again(state: Any, villages: Any, draws: Any, doses: Any, values: Any, month: Any) -> None:
    """Take a tile through a month."""
    month_of_strip(state, villages, 0, draws, doses, values, 0, 1, month)


def draws_of(household: int, month: int, seed: int, replicate: int) -> NDArray[np.float32]:
    """The draws of a household in a month, in the order of `rules.month.Draw`, from their address alone."""
    who = np.array([household], np.int64)
    found = np.empty(DRAWS, np.float32)
    for normal in (False, True):
        numbers = drawn(who, Kind.HOUSEHOLD, month, int(Stream.CAPACITY), DRAWS, seed, replicate, normal=normal)
        part = slice(0, NORMALS) if normal else slice(NORMALS, DRAWS)
        found[part] = numbers[part, 0]
    return found


def month_again(
    row: NDArray[np.float32],
    village: NDArray[np.float32],
    draws: NDArray[np.float32],
    values: Any,
    month: int,
) -> NDArray[np.float32]:
    """The household `row` (ROWS,) at the end of a month in which no programme reaches it, for each set of draws.

    `village` (VILLAGE_ROWS,) as it stands in that month, `draws` (n, len(Draw)) with n up to LANES, `values` =
    parameters as one record, `month` from 0 (negative: burn-in). Returns (n, ROWS).
    """
    count = draws.shape[0]
    assert draws.shape[1] == len(Draw._fields)
    state = np.repeat(row.reshape(1, ROWS, 1), LANES, axis=2).copy()
    place = np.ascontiguousarray(village.reshape(1, -1))
    given = np.zeros((1, DRAWS, LANES), np.float32)
    given[0, :, :count] = draws.T
    given[0, :, count:] = draws[0].reshape(-1, 1)
    _again(
        state, place, given, np.zeros((1, DOSES, LANES), np.float32), values, np.float32(month + 1 if month >= 0 else 0)
    )
    found: NDArray[np.float32] = state[0].T[:count].copy()
    return found
