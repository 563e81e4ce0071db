"""From an observed population to blocks of model households, each started from its own address."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim._jit import LANES, kernel
from empowersim.engine.arrays import (
    Block,
    load_household,
    read_village,
    store_household,
    view_state,
)
from empowersim.engine.inputs import Population
from empowersim.maths import HALF, ZERO, flag, greater
from empowersim.rng import TRAITS, Kind, Stream, normal_from, philox, uniform_from
from empowersim.rules import assets, start
from empowersim.rules.month import MONTHS_UNSEEN_MOST, Household
from empowersim.schema import ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

_TRAITS: Final = np.uint32(TRAITS & 0xFFFFFFFF)
_GROUP_ASSETS: Final = np.uint32(Stream.WELFARE_RANK // 4)
_GROUP_WORK: Final = np.uint32(Stream.START_SAVINGS // 4)
_GROUP_REGISTER: Final = np.uint32(Stream.REGISTER_ERROR // 4)
_KIND_BITS: Final = 24

assert Stream.START_ASSETS // 4 == Stream.WELFARE_RANK // 4 and Stream.START_ILLNESS // 4 == Stream.START_SAVINGS // 4


@kernel
def settle(block: Any, values: Any, seed: Any, replicate: Any) -> int:
    """Complete the state of households whose observed figures stand in their rows.

    On entry the rows consumption, size, children, schooling_years, female_head, literacy, in_school and illness (-1 =
    unknown) hold what was observed and the row welfare holds the welfare score.
    """
    p = values[0]
    for tile in range(block.state.shape[0]):
        village = read_village(block.village, block.tile_village[tile] * VILLAGE_ROWS)
        state = view_state(block.state, tile * ROWS * LANES)
        for lane in range(LANES):
            seen = load_household(state, lane)
            low, high = block.id_low[tile, lane], block.id_high[tile, lane]
            _, w1, w2, w3 = philox(low, high, _TRAITS, _GROUP_ASSETS, seed, replicate)
            x0, x1, x2, _ = philox(low, high, _TRAITS, _GROUP_WORK, seed, replicate)
            r0, _, _, _ = philox(low, high, _TRAITS, _GROUP_REGISTER, seed, replicate)
            consumed = greater(seen.consumption, p.smallest_income)
            capacity = start.start_capacity(p, seen.welfare, normal_from(w1))
            own = p.own_level_sd * normal_from(w2)
            permanent = start.start_permanent(p, village, consumed, capacity, own, seen.literacy)
            level = assets.own_level(p, own, permanent + capacity, ZERO)
            illness = seen.illness
            if illness < ZERO:
                illness = start.start_illness(p, village.morbidity, uniform_from(x2))
            store_household(
                state,
                lane,
                Household(
                    permanent,
                    own,
                    seen.size,
                    seen.children,
                    seen.schooling_years,
                    seen.female_head,
                    seen.literacy,
                    normal_from(r0),
                    capacity,
                    flag(uniform_from(x1) < start.job_share(p)),
                    start.start_k(p, level, normal_from(w3)),
                    start.start_savings(p, consumed, normal_from(x0)),
                    p.durables_level * consumed,
                    consumed,
                    ZERO,
                    ZERO,
                    ZERO,
                    ZERO,
                    seen.literacy,
                    ZERO,
                    flag(seen.in_school > HALF),
                    start.start_health(p, consumed),
                    illness,
                    ZERO,
                    start.start_well_being(p, consumed),
                    ZERO,
                    ZERO,
                    village.outsider_trust,
                    ZERO,
                    ZERO,
                    MONTHS_UNSEEN_MOST,
                    ZERO,
                    ZERO,
                    consumed,
                    consumed,
                    ZERO,
                    ZERO,
                    ZERO,
                ),
            )
    return 0


_OBSERVED: Final = ("consumption", "size", "children", "schooling_years", "female_head", "literacy", "in_school", "illness")


def blocks_of(population: Population) -> list[Block]:
    """Lay a population out in blocks, one a subdistrict, with the observed figures in their rows.

    A tile never holds households of two villages. Villages without households are left out.
    """
    homes, places = population.households, population.villages
    count = homes.household_id.size
    subdistrict = places.subdistrict[homes.village]
    bounds = np.flatnonzero(np.diff(subdistrict)) + 1
    starts = np.concatenate(([0], bounds))
    stops = np.concatenate((bounds, [count]))
    return [_block(population, int(first), int(last)) for first, last in zip(starts, stops, strict=True)]


def _block(population: Population, first: int, last: int) -> Block:
    """Lay out the households first .. last - 1, which form one subdistrict."""
    homes, places = population.households, population.villages
    village, position, sizes = _positions(homes.village[first:last])
    tiles_each = -(-sizes // LANES)
    tiles = int(tiles_each.sum())
    first_tile = np.concatenate(([0], np.cumsum(tiles_each)[:-1]))
    slot = np.searchsorted(village, homes.village[first:last])
    tile = first_tile[slot] + position // LANES
    lane = position % LANES
    state = np.zeros((tiles, ROWS, LANES), np.float32)
    state[:, ROW["size"]] = 1.0
    state[:, ROW["consumption"]] = 1.0
    live = np.zeros((tiles, LANES), np.float32)
    live[tile, lane] = 1.0
    id_low = np.zeros((tiles, LANES), np.uint32)
    id_high = np.zeros((tiles, LANES), np.uint32)
    ids = homes.household_id[first:last]
    id_low[tile, lane] = (ids & 0xFFFFFFFF).astype(np.uint32)
    id_high[tile, lane] = (ids >> 32).astype(np.uint32) | np.uint32(Kind.HOUSEHOLD << _KIND_BITS)
    for name in _OBSERVED:
        state[tile, ROW[name], lane] = getattr(homes, name)[first:last]
    state[tile, ROW["welfare"], lane] = homes.welfare_score[first:last]
    context = np.ascontiguousarray(places.context[:, village].T, np.float32)
    context[:, VILLAGE_ROW["mean_income"]] = _mean_by(slot, homes.consumption[first:last], sizes)
    village_ids = places.village_id[village]
    return Block(
        state=state,
        live=live,
        id_low=id_low,
        id_high=id_high,
        tile_village=np.repeat(np.arange(village.size, dtype=np.int64), tiles_each),
        village=context,
        village_low=(village_ids & 0xFFFFFFFF).astype(np.uint32),
        village_high=(village_ids >> 32).astype(np.uint32),
    )


def _positions(village_of: Any) -> Any:
    """Villages present, each household's position in its village, and village sizes."""
    village, begin, sizes = np.unique(village_of, return_index=True, return_counts=True)
    position = np.arange(village_of.size) - np.repeat(begin, sizes)
    return village, position, sizes


def _mean_by(group: Any, values: Any, sizes: Any) -> Any:
    """Mean of `values` by group, in household order."""
    return (np.bincount(group, weights=values.astype(np.float64), minlength=sizes.size) / sizes).astype(np.float32)


def rows_in_order(block: Block, name: str) -> Any:
    """One column of a block as a vector in household order, padding left out."""
    alive = block.live > 0
    return block.state[:, ROW[name], :][alive]
