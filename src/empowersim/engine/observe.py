"""Looking at households: what they work and earn at the end of a month, and the numbers that a survey draws."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel, make_row_access, make_tile_view
from empowersim.engine.arrays import Block, load_household, read_village, view_state
from empowersim.rng import STREAMS_A_GROUP, Stream, normal_from, philox, uniform_from
from empowersim.rules.survey import Work, work_found
from empowersim.schema import ROWS, VILLAGE_ROWS

FIRST: Final = Stream.SURVEY_CONSUMPTION
"""First of the streams of a survey."""
STREAMS: Final = Stream.SURVEY_TRANSITORY - Stream.SURVEY_CONSUMPTION + 1
"""How many there are."""

_WORK: Final = len(Work._fields)
view_work_found = make_tile_view(_WORK, np.float32)
_, store_work, _ = make_row_access(Work)


@kernel
def _uniforms(low: Any, high: Any, address: Any, first: Any, seed: Any, replicate: Any, out: Any) -> None:
    """Uniforms of neighbouring groups of streams for each household."""
    for i in range(low.size):
        for group in range(out.shape[0] // STREAMS_A_GROUP):
            words = philox(low[i], high[i], address, np.uint32(first + group), seed, replicate)
            out[STREAMS_A_GROUP * group, i] = uniform_from(words[0])
            out[STREAMS_A_GROUP * group + 1, i] = uniform_from(words[1])
            out[STREAMS_A_GROUP * group + 2, i] = uniform_from(words[2])
            out[STREAMS_A_GROUP * group + 3, i] = uniform_from(words[3])


@kernel
def _normals(low: Any, high: Any, address: Any, first: Any, seed: Any, replicate: Any, out: Any) -> None:
    """Standard normals of neighbouring groups of streams for each household."""
    for i in range(low.size):
        for group in range(out.shape[0] // STREAMS_A_GROUP):
            words = philox(low[i], high[i], address, np.uint32(first + group), seed, replicate)
            out[STREAMS_A_GROUP * group, i] = normal_from(words[0])
            out[STREAMS_A_GROUP * group + 1, i] = normal_from(words[1])
            out[STREAMS_A_GROUP * group + 2, i] = normal_from(words[2])
            out[STREAMS_A_GROUP * group + 3, i] = normal_from(words[3])


@kernel
def _look(block: Any, values: Any, draws: Any, month: Any, out: Any) -> None:
    """Fill `out` (tiles, len(Work), LANES) with what each household works and earns."""
    p = values[0]
    for tile in range(block.state.shape[0]):
        village = read_village(block.village, block.tile_village[tile] * VILLAGE_ROWS)
        state = view_state(block.state, tile * ROWS * LANES)
        found = view_work_found(out, tile * _WORK * LANES)
        for lane in range(LANES):
            store_work(
                found, lane, work_found(p, village, load_household(state, lane), draws[tile, lane], np.float32(month))
            )


def words_of(ids: NDArray[np.int64], kind: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Low and high word of permanent ids (n,) of a `rng.Kind`, as the generator takes them."""
    return (ids & 0xFFFFFFFF).astype(np.uint32), (ids >> 32).astype(np.uint32) | np.uint32(kind << 24)


def drawn(
    ids: NDArray[np.int64],
    kind: int,
    month: int,
    first: int,
    count: int,
    seed: int,
    replicate: int,
    *,
    normal: bool,
) -> NDArray[np.float32]:
    """Numbers of `count` streams from `first` on in a month, shape (count, n): standard normal or uniform (0, 1).

    `first` and `count` are multiples of four (whole groups); `month` may be `rng.TRAITS` for what is drawn once.
    """
    low, high = words_of(ids, kind)
    out = np.empty((count, ids.size), np.float32)
    fill = _normals if normal else _uniforms
    address = np.uint32(month & 0xFFFFFFFF)
    fill(low, high, address, np.uint32(first // STREAMS_A_GROUP), np.uint32(seed), np.uint32(replicate), out)
    return out


def work_of(block: Block, values: Any, transitory: NDArray[np.float32], month: int) -> dict[str, NDArray[np.float32]]:
    """What the households of a block work and earn, by field of `rules.survey.Work`, each (households,).

    `transitory` (households,) standard normal, `month` = months since the start of the study.
    """
    alive = block.live > 0
    draws = np.zeros(block.live.shape, np.float32)
    draws[alive] = transitory
    out = np.zeros((block.state.shape[0], _WORK, LANES), np.float32)
    _look(block, values, draws, month, out)
    return {name: out[:, row, :][alive] for row, name in enumerate(Work._fields)}
