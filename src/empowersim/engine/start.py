"""From an observed population to blocks of model households, each started from its own address."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel, loop, make_tile_view, rule, select, wide_vectors
from empowersim.engine.arrays import (
    Block,
    load_household,
    read_village,
    store_household,
    view_state,
    view_words,
)
from empowersim.engine.inputs import Population
from empowersim.maths import HALF, ONE, ZERO, flag, greater, log
from empowersim.rng import TRAITS, Kind, Stream, normal_from, philox, uniform_from
from empowersim.rules import agency, assets, mentoring, start
from empowersim.rules.month import MONTHS_UNSEEN_MOST, Household
from empowersim.schema import ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

_TRAITS: Final = np.uint32(TRAITS & 0xFFFFFFFF)
_GROUP_ASSETS: Final = np.uint32(Stream.WELFARE_RANK // 4)
_GROUP_WORK: Final = np.uint32(Stream.START_SAVINGS // 4)
_GROUP_REGISTER: Final = np.uint32(Stream.REGISTER_ERROR // 4)
_HOUSEHOLD_KIND: Final = np.uint32(Kind.HOUSEHOLD << 24)
_LOW_WORD: Final = np.uint64(0xFFFFFFFF)
_WORD_BITS: Final = np.uint64(32)
_CAPACITY, _OWN, _ASSETS, _SAVINGS, _JOB, _ILLNESS, _REGISTER, _AGENCY, _BELOW, _ABOVE = range(10)
_WORK_ROWS: Final = 10
_HALVINGS: Final = 18
"""Bisections: the permanent part is found to 0.0001 of a log point."""
_AT_ONCE: Final = 6
"""Bisections in one pass over a tile."""
_CONSUMPTION: Final = ROW["consumption"]
_LITERACY: Final = ROW["literacy"]
_SCORE: Final = ROW["welfare"]
view_work = make_tile_view(_WORK_ROWS, np.float32)

assert Stream.START_ASSETS // 4 == Stream.WELFARE_RANK // 4
assert Stream.AGENCY == Stream.REGISTER_ERROR + 1
assert Stream.START_ILLNESS // 4 == Stream.START_SAVINGS // 4


@loop
def draw_start(block: Any, tile: int, work: Any, p: Any, key0: Any, key1: Any) -> int:
    """Fill a tile's working rows with the draws of a start, and open the search for the permanent part."""
    wide_vectors()
    low_id = view_words(block.id_low, tile * LANES)
    high_id = view_words(block.id_high, tile * LANES)
    state = view_state(block.state, tile * ROWS * LANES)
    rows = view_work(work, 0)
    for lane in range(LANES):
        low, high = low_id[0, lane], high_id[0, lane]
        _, w1, w2, w3 = philox(low, high, _TRAITS, _GROUP_ASSETS, key0, key1)
        x0, x1, x2, _ = philox(low, high, _TRAITS, _GROUP_WORK, key0, key1)
        r0, r1, _, _ = philox(low, high, _TRAITS, _GROUP_REGISTER, key0, key1)
        rows[_CAPACITY, lane] = start.start_capacity(p, state[_SCORE, lane], normal_from(w1))
        rows[_OWN, lane] = p.own_level_sd * normal_from(w2)
        rows[_ASSETS, lane] = normal_from(w3)
        rows[_SAVINGS, lane] = normal_from(x0)
        rows[_JOB, lane] = uniform_from(x1)
        rows[_ILLNESS, lane] = uniform_from(x2)
        rows[_REGISTER, lane] = normal_from(r0)
        rows[_AGENCY, lane] = normal_from(r1)
        rows[_BELOW, lane] = -start.SPAN
        rows[_ABOVE, lane] = start.SPAN
    return 0


@rule
def halved(p: Any, village: Any, below: float, above: float, home: Any) -> Any:
    """The half of an interval (log) in which a household's permanent earning capacity lies.

    `home` = its capacity, own assets, literacy and consumption, as `rules.start.earns_more` takes them.
    """
    middle = HALF * (below + above)
    more = start.earns_more(p, village, middle, home[0], home[1], home[2], home[3])
    return select(more > ZERO, below, middle), select(more > ZERO, middle, above)


@loop
def halve(block: Any, tile: int, work: Any, p: Any, village: Any) -> int:
    """Halve the interval in which each household's permanent earning capacity lies, `_AT_ONCE` times."""
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    rows = view_work(work, 0)
    for lane in range(LANES):
        consumed = greater(state[_CONSUMPTION, lane], p.smallest_income)
        home = (rows[_CAPACITY, lane], rows[_OWN, lane], state[_LITERACY, lane], consumed)
        # written out, not looped, so that what does not change from one to the next is computed once
        below, above = halved(p, village, rows[_BELOW, lane], rows[_ABOVE, lane], home)
        below, above = halved(p, village, below, above, home)
        below, above = halved(p, village, below, above, home)
        below, above = halved(p, village, below, above, home)
        below, above = halved(p, village, below, above, home)
        below, above = halved(p, village, below, above, home)
        rows[_BELOW, lane] = below
        rows[_ABOVE, lane] = above
    return 0


@loop
def complete(block: Any, tile: int, work: Any, p: Any, village: Any) -> int:
    """Write the whole state of a tile's households from what was observed, searched and drawn."""
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    rows = view_work(work, 0)
    for lane in range(LANES):
        seen = load_household(state, lane)
        consumed = greater(seen.consumption, p.smallest_income)
        capacity, own = rows[_CAPACITY, lane], rows[_OWN, lane]
        permanent = HALF * (rows[_BELOW, lane] + rows[_ABOVE, lane])
        level = assets.own_level(p, own + village.asset_shift, log(consumed), ZERO)
        unknown = start.start_illness(p, village.morbidity, rows[_ILLNESS, lane])
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
                agency.base_agency(p, seen.schooling_years, seen.female_head, rows[_AGENCY, lane]),
                rows[_REGISTER, lane],
                capacity,
                flag(rows[_JOB, lane] < start.job_share(p, village.regular_work)),
                start.start_k(p, level, rows[_ASSETS, lane]),
                start.start_savings(p, consumed, rows[_SAVINGS, lane]),
                assets.usual_durables(p, consumed),
                consumed,
                ZERO,
                ZERO,
                ZERO,
                ZERO,
                seen.literacy,
                p.motivation_start,
                ZERO,
                ZERO,
                flag(seen.in_school > HALF),
                start.start_health(p, consumed),
                select(seen.illness < ZERO, unknown, seen.illness),
                ZERO,
                ZERO,
                ZERO,
                start.start_child_growth(p, consumed),
                start.start_well_being(p, consumed),
                ZERO,
                ZERO,
                mentoring.first_trust(p, village.outsider_trust, ZERO, village.adat, ZERO),
                ZERO,
                ZERO,
                MONTHS_UNSEEN_MOST,
                ZERO,
                ZERO,
                ZERO,
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


@kernel
def settle(block: Any, work: Any, values: Any, seed: Any, replicate: Any) -> int:
    """Complete the state of households whose observed figures stand in their rows.

    On entry the rows consumption, size, children, schooling_years, female_head, literacy, in_school and illness (-1 =
    unknown) hold what was observed and the row welfare holds the welfare score. `work` = working rows of a thread,
    `values` = parameters as one record.
    """
    p = values[0]
    for tile in range(block.state.shape[0]):
        village = read_village(block.village, block.tile_village[tile] * VILLAGE_ROWS)
        draw_start(block, tile, work, p, seed, replicate)
        for _ in range(_HALVINGS // _AT_ONCE):
            halve(block, tile, work, p, village)
        complete(block, tile, work, p, village)
    return 0


def working_rows() -> NDArray[np.float32]:
    """Working memory of `settle`, one a thread."""
    return np.zeros((_WORK_ROWS, LANES), np.float32)


_OBSERVED: Final = (
    "consumption",
    "size",
    "children",
    "schooling_years",
    "female_head",
    "literacy",
    "in_school",
    "illness",
)


def blocks_of(population: Population, parameters: Any) -> list[Block]:
    """Lay a population out in blocks, one a subdistrict, with the observed figures in their rows.

    A tile never holds households of two villages. Villages without households are left out.
    """
    bounds = block_bounds(population)
    return [lay_out(population, parameters, int(first), int(last)) for first, last in pairwise(bounds)]


def block_bounds(population: Population) -> NDArray[np.int64]:
    """Row of the first household of each subdistrict that holds any, and of the end; shape (blocks + 1,)."""
    subdistrict = population.villages.subdistrict[population.households.village]
    inner = np.flatnonzero(np.diff(subdistrict)) + 1
    return np.concatenate(([0], inner, [subdistrict.size])).astype(np.int64)


@kernel
def _place(sizes: Any, ids: Any, live: Any, id_low: Any, id_high: Any, position: Any) -> None:
    """Give every household, village by village, its lane of a tile; `position` = where its first number stands."""
    home, tile = 0, 0
    for v in range(sizes.size):
        for k in range(sizes[v]):
            at, lane = tile + k // LANES, k % LANES
            who = np.uint64(ids[home])
            live[at, lane] = ONE
            id_low[at, lane] = np.uint32(who & _LOW_WORD)
            id_high[at, lane] = np.uint32(who >> _WORD_BITS) | _HOUSEHOLD_KIND
            position[home] = at * ROWS * LANES + lane
            home += 1
        tile += (sizes[v] + LANES - 1) // LANES


@kernel
def _enter(values: Any, position: Any, row: int, state: Any) -> None:
    """Write a column of the households, in their order, into a row of their tiles; `state` flat."""
    for home in range(values.size):
        state[position[home] + row * LANES] = values[home]


def lay_out(population: Population, parameters: Any, first: int, last: int) -> Block:
    """Lay out the households first .. last - 1, which form one subdistrict."""
    homes, places = population.households, population.villages
    village_of = homes.village[first:last]
    begin = np.concatenate(([0], np.flatnonzero(np.diff(village_of)) + 1))
    village = village_of[begin]
    sizes = np.diff(np.append(begin, last - first))
    tiles_each = -(-sizes // LANES)
    tiles = int(tiles_each.sum())
    state = np.zeros((tiles, ROWS, LANES), np.float32)
    state[:, ROW["size"]] = 1.0
    state[:, ROW["consumption"]] = 1.0
    live = np.zeros((tiles, LANES), np.float32)
    id_low = np.zeros((tiles, LANES), np.uint32)
    id_high = np.zeros((tiles, LANES), np.uint32)
    position = np.empty(last - first, np.int64)
    _place(sizes, homes.household_id[first:last], live, id_low, id_high, position)
    flat = state.reshape(-1)
    for name in _OBSERVED:
        _enter(getattr(homes, name)[first:last], position, ROW[name], flat)
    _enter(homes.welfare_score[first:last], position, ROW["welfare"], flat)
    context = np.ascontiguousarray(places.context[:, village].T, np.float32)
    context[:, VILLAGE_ROW["collective"]] = parameters.collective_start
    context[:, VILLAGE_ROW["culture"]] = parameters.culture_start
    slot = np.repeat(np.arange(village.size), sizes)
    context[:, VILLAGE_ROW["mean_poor"]] = _mean_by(slot, (homes.consumption[first:last] < 1).astype(np.float32), sizes)
    context[:, VILLAGE_ROW["mean_income"]] = _mean_by(slot, homes.consumption[first:last], sizes)
    village_ids = places.village_id[village]
    return Block(
        state=state,
        live=live,
        id_low=id_low,
        id_high=id_high,
        households=np.array([last - first], np.float64),
        tile_village=np.repeat(np.arange(village.size, dtype=np.int64), tiles_each),
        village=context,
        village_low=(village_ids & 0xFFFFFFFF).astype(np.uint32),
        village_high=(village_ids >> 32).astype(np.uint32),
    )


def _mean_by(group: Any, values: Any, sizes: Any) -> Any:
    """Mean of `values` by group, in household order."""
    return (np.bincount(group, weights=values.astype(np.float64), minlength=sizes.size) / sizes).astype(np.float32)


def rows_in_order(block: Block, name: str) -> Any:
    """One column of a block as a vector in household order, padding left out."""
    alive = block.live > 0
    return block.state[:, ROW[name], :][alive]
