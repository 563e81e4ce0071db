"""The loops: a block of households through a run of months. Loops only; the science is in `rules`.

Every tile goes through three passes, because each vectorises better alone: draw the numbers,
gather the doses, take the month. Village means of last month and rationing are the only ways in which households meet.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim._jit import LANES, kernel, loop, make_row_access, make_tile_view, select, wide_vectors
from empowersim.engine.allocation import COMPETENCE, POSTS, TRUST_BONUS, enrol, visit
from empowersim.engine.arrays import (
    DOSES,
    FINISHED,
    WORK_ROWS,
    load_dose,
    load_draw,
    load_household,
    read_village,
    store_household,
    view_doses,
    view_draws,
    view_lane,
    view_state,
    view_words,
)
from empowersim.engine.metrics import (
    BIN_LOW,
    BIN_WIDTH,
    BINS,
    SUM_ROW,
    Details,
    Sums,
    contribution,
    detail,
)
from empowersim.maths import ONE, ZERO, flag, greater, log, normal_quantile
from empowersim.rng import Kind, Stream, philox, uniform_from
from empowersim.rules.community import village_shock
from empowersim.rules.month import Draw, household_month
from empowersim.rules.programmes import leaves
from empowersim.schema import CHANNEL_ROW, ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

view_sums = make_tile_view(len(Sums._fields), np.float32)
view_details = make_tile_view(len(Details._fields), np.float32)
_, _, add_sums = make_row_access(Sums)
_, _, add_details = make_row_access(Details)

view_work = make_tile_view(WORK_ROWS, np.float32)
view_bytes = make_tile_view(1, np.uint8)
_HOLDS, _ACTIVE, _FRESH = range(WORK_ROWS)

_HOUSEHOLDS: Final = SUM_ROW["households"]
_SUM_INCOME: Final = SUM_ROW["normal_income"]
_SUM_PRACTICE: Final = SUM_ROW["practice"]
_SUM_PARTICIPATION: Final = SUM_ROW["participation"]
_DRAW: Final = {name: row for row, name in enumerate(Draw._fields)}
_DROP_OUT: Final = _DRAW["drop_out"]
_COMPETENCE_ROW: Final = DOSES - 2
_TRUST_ROW: Final = DOSES - 1
_VISITS: Final = CHANNEL_ROW["visits"]
_SESSIONS: Final = CHANNEL_ROW["sessions"]
_SIZE: Final = ROW["size"]
_CHILDREN: Final = ROW["children"]
_CONSUMPTION: Final = ROW["consumption"]
_WELFARE: Final = ROW["welfare"]
_LINE: Final = VILLAGE_ROW["line"]
_SHOCK_HAZARD: Final = VILLAGE_ROW["shock_hazard"]
_SHOCK_SIZE: Final = VILLAGE_ROW["shock_size"]
_SHOCK_NOW: Final = VILLAGE_ROW["shock_now"]
_MEAN_INCOME: Final = VILLAGE_ROW["mean_income"]
_MEAN_PRACTICE: Final = VILLAGE_ROW["mean_practice"]
_MEAN_PARTICIPATION: Final = VILLAGE_ROW["mean_participation"]
_KIND_BITS: Final = np.uint32(24)
_NO_WORD: Final = np.uint32(0)
_GROUP_1: Final = np.uint32(1)
_GROUP_2: Final = np.uint32(2)
_VILLAGE_GROUP: Final = np.uint32(Stream.VILLAGE_SHOCK // 4)
_VILLAGE_KIND: Final = np.uint32(np.uint32(Kind.VILLAGE) << _KIND_BITS)
_FINISHED: Final = np.float32(FINISHED)

assert [int(stream) for stream in list(Stream)[:10]] == list(range(10)), "streams of the month are 0 to 9"
assert list(_DRAW) == [stream.name.lower() for stream in list(Stream)[:3]] + [
    "illness",
    "job",
    "attendance",
    "drop_out",
    "asset_death",
    "schooling",
    "asset_quality",
], "rows of a draw follow the streams"


@loop
def draw_tile(block: Any, tile: int, draws: Any, month: Any, key0: Any, key1: Any) -> int:
    """Draw the numbers of a tile's month: uniforms by stream, the first three turned into normals."""
    wide_vectors()
    low = view_words(block.id_low, tile * LANES)
    high = view_words(block.id_high, tile * LANES)
    view = view_draws(draws, 0)
    for lane in range(LANES):
        a0, a1, a2, a3 = philox(low[0, lane], high[0, lane], month, _NO_WORD, key0, key1)
        b0, b1, b2, b3 = philox(low[0, lane], high[0, lane], month, _GROUP_1, key0, key1)
        c0, c1, _, _ = philox(low[0, lane], high[0, lane], month, _GROUP_2, key0, key1)
        view[0, lane] = uniform_from(a0)
        view[1, lane] = uniform_from(a1)
        view[2, lane] = uniform_from(a2)
        view[3, lane] = uniform_from(a3)
        view[4, lane] = uniform_from(b0)
        view[5, lane] = uniform_from(b1)
        view[6, lane] = uniform_from(b2)
        view[7, lane] = uniform_from(b3)
        view[8, lane] = uniform_from(c0)
        view[9, lane] = uniform_from(c1)
    for lane in range(LANES):
        view[0, lane] = normal_quantile(view[0, lane])
        view[1, lane] = normal_quantile(view[1, lane])
        view[2, lane] = normal_quantile(view[2, lane])
    return 0


@loop
def clear(rows: Any) -> int:
    """Set all of a working array to zero."""
    flat = rows.reshape(rows.size)
    for position in range(flat.size):
        flat[position] = ZERO
    return 0


@loop
def hold_tile(
    slots: Any, tile: int, slot: int, duration: float, per_child: bool, children: Any, work: Any, lanes: int
) -> Any:
    """Who holds a place of a programme in a tile, and who has just got it; returns places held and units paid for.

    Working rows: HOLDS collects over programmes, ACTIVE and FRESH are this programme's.
    """
    rows = view_work(work, 0)
    held = view_bytes(slots, (tile * slots.shape[1] + slot) * LANES)
    places = np.int32(0)
    units = np.int32(0)
    for lane in range(lanes):
        left = np.float32(held[0, lane])
        now = flag(left > ZERO) * flag(left < _FINISHED)
        rows[_ACTIVE, lane] = now
        rows[_FRESH, lane] = now * flag(left == duration)
        rows[_HOLDS, lane] = greater(rows[_HOLDS, lane], now)
        places += np.int32(now)
    if per_child:
        for lane in range(lanes):
            units += np.int32(rows[_ACTIVE, lane] * children[0, lane])
    return places, units if per_child else places


@loop
def give(doses: Any, channel: int, amount: float, row: int, work: Any, lanes: int) -> int:
    """Add a dose to the lanes marked in a working row."""
    rows = view_work(work, 0)
    given = view_lane(doses, channel * LANES)
    for lane in range(lanes):
        given[0, lane] += rows[row, lane] * amount
    return 0


@loop
def give_money(doses: Any, channel: int, amount: float, row: int, work: Any, size: Any, heads: Any, lanes: int) -> int:
    """Add rupiah to the lanes marked in a working row, as L of the household: `amount` over the line, times `heads`."""
    rows = view_work(work, 0)
    given = view_lane(doses, channel * LANES)
    for lane in range(lanes):
        given[0, lane] += rows[row, lane] * heads[0, lane] * amount / size[0, lane]
    return 0


@loop
def dose_tile(
    block: Any,
    slots: Any,
    plan: Any,
    tally: Any,
    scratch: Any,
    tile: int,
    month: int,
    line: float,
    mentored: bool,
    lanes: int,
) -> int:
    """Gather what reaches each household of a tile: doses of its places, visits and sessions as they took place."""
    doses, work = scratch.doses, scratch.work
    clear(doses)
    clear(work)
    first = tile * ROWS * LANES
    size = view_lane(block.state, first + _SIZE * LANES)
    children = view_lane(block.state, first + _CHILDREN * LANES)
    ones = view_lane(scratch.ones, 0)
    n = 0
    for slot in range(plan.number.size):
        per_child = plan.per_child[slot]
        places, units = hold_tile(slots, tile, slot, np.float32(plan.duration[slot]), per_child, children, work, lanes)
        tally.enrolled[slot, month] += places
        tally.units[slot, month] += units
        while n < plan.dose_slot.size and plan.dose_slot[n] == slot:
            channel, amount = plan.dose_channel[n], plan.dose_amount[n]
            row = _FRESH if plan.dose_first[n] else _ACTIVE
            if places > 0 and channel != _VISITS:
                if plan.dose_money[n]:
                    heads = children if plan.dose_per_child[n] else ones
                    give_money(doses, channel, amount / line, row, work, size, heads, lanes)
                else:
                    # without mentors `held` is left over from whoever used this memory before
                    held = scratch.held[tile] if mentored else ZERO
                    share = held if channel == _SESSIONS else ONE
                    give(doses, channel, amount * share, row, work, lanes)
            n += 1
    if mentored:
        given = view_doses(doses, 0)
        made = view_lane(scratch.demand, tile * LANES)
        competence, bonus = np.float32(plan.mentor[COMPETENCE]), np.float32(plan.mentor[TRUST_BONUS])
        for lane in range(lanes):
            given[_VISITS, lane] = made[0, lane]
            given[_COMPETENCE_ROW, lane] = competence
            given[_TRUST_ROW, lane] = bonus
    return 0


@loop
def month_of_tile(block: Any, tile: int, draws: Any, doses: Any, p: Any, village: Any, month: float) -> int:
    """Take a tile through one month: the same composed rule for every lane."""
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    numbers = view_draws(draws, 0)
    given = view_doses(doses, 0)
    for lane in range(LANES):
        after = household_month(
            p, village, load_household(state, lane), load_dose(given, lane), load_draw(numbers, lane), month
        )
        store_household(state, lane, after)
    return 0


@loop
def end_places(slots: Any, plan: Any, draws: Any, tile: int, lanes: int) -> int:
    """Count a month off every place; some leave before the end (one draw serves all places of a household)."""
    draw = view_lane(draws, _DROP_OUT * LANES)
    for slot in range(plan.number.size):
        hazard = plan.drop_out[slot]
        held = view_bytes(slots, (tile * slots.shape[1] + slot) * LANES)
        for lane in range(lanes):
            left = np.float32(held[0, lane])
            active = flag(left > ZERO) * flag(left < _FINISHED)
            over = greater(flag(leaves(hazard, draw[0, lane])), flag(left == ONE))
            after = select(over > ZERO, _FINISHED, left - ONE)
            held[0, lane] = np.uint8(select(active > ZERO, after, left))
    return 0


@loop
def close_places(slots: Any) -> int:
    """End every place at once; who has had one stays marked."""
    for tile in range(slots.shape[0]):
        for slot in range(slots.shape[1]):
            for lane in range(slots.shape[2]):
                if slots[tile, slot, lane] != 0:
                    slots[tile, slot, lane] = FINISHED
    return 0


@loop
def add_tile(block: Any, tile: int, scratch: Any, p: Any, line: float, detailed: bool) -> int:
    """Add a tile to the lane sums of its village."""
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    live = view_lane(block.live, tile * LANES)
    holds = view_work(scratch.work, _HOLDS * LANES)
    sums = view_sums(scratch.sums, 0)
    for lane in range(LANES):
        add_sums(sums, lane, contribution(p, load_household(state, lane), live[0, lane], line, holds[0, lane]))
    if detailed:
        details = view_details(scratch.details, 0)
        for lane in range(LANES):
            add_details(details, lane, detail(p, load_household(state, lane), live[0, lane]))
    return 0


@loop
def add_spread(block: Any, tile: int, spread: Any, line: float, mean_line: float) -> int:
    """Sort persons of a tile into classes of consumption."""
    for lane in range(LANES):
        if block.live[tile, lane] > ZERO:
            a_person = block.state[tile, _CONSUMPTION, lane] * line
            at = int((log(a_person / mean_line) - np.float32(BIN_LOW)) / np.float32(BIN_WIDTH))
            at = min(max(at, 0), BINS - 1)
            persons = np.float64(block.state[tile, _SIZE, lane])
            spread[at, 0] += persons
            spread[at, 1] += persons * a_person
    return 0


@loop
def lane_total(sums: Any, row: int) -> float:
    """Sum over the lanes, in order, in float64."""
    total = 0.0
    for lane in range(LANES):
        total += np.float64(sums[row, lane])
    return total


@loop
def end_village(block: Any, tally: Any, scratch: Any, v: int, month: int, tallied: bool) -> int:
    """Enter a village's sums into the tally and its means into the village, for next month."""
    sums = scratch.sums
    if tallied:
        for row in range(sums.shape[0]):
            tally.sums[month, row] += lane_total(sums, row)
        for row in range(scratch.details.shape[0]):
            tally.details[month, row] += lane_total(scratch.details, row)
    households = lane_total(sums, _HOUSEHOLDS)
    block.village[v, _MEAN_INCOME] = np.float32(lane_total(sums, _SUM_INCOME) / households)
    block.village[v, _MEAN_PRACTICE] = np.float32(lane_total(sums, _SUM_PRACTICE) / households)
    block.village[v, _MEAN_PARTICIPATION] = np.float32(lane_total(sums, _SUM_PARTICIPATION) / households)
    return 0


@kernel
def advance(
    block: Any,
    slots: Any,
    plan: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    values: Any,
    schedule: Any,
    seed: Any,
    replicate: Any,
    mean_line: Any,
) -> int:
    """Take a block through the months ``schedule[0] .. schedule[1] - 1``.

    `schedule` = (first month, month after the last, first judged month, lanes, active months, detailed from),
    int64; months below zero are the burn-in: no programmes, nothing tallied. `values` = parameters as one record,
    `mean_line` = mean poverty line (IDR/person/month) to which classes of consumption refer.
    """
    p = values[0]
    start, stop, judged, lanes, end, detailed_from = (
        schedule[0],
        schedule[1],
        schedule[2],
        schedule[3],
        schedule[4],
        schedule[5],
    )
    tiles = block.state.shape[0]
    villages = block.village.shape[0]
    programmes = plan.number.size > 0
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    for month in range(start, stop):
        address = np.uint32(np.int64(month) & 0xFFFFFFFF)
        running = (programmes or mentored) and month >= 0 and month < end
        tallied = month >= 0
        detailed = tallied and (month >= detailed_from or month % 12 == 11)
        since = np.float32(month if month > 0 else 0)
        for v in range(villages):
            words = philox(
                block.village_low[v],
                np.uint32(_VILLAGE_KIND | block.village_high[v]),
                address,
                _VILLAGE_GROUP,
                seed,
                replicate,
            )
            block.village[v, _SHOCK_NOW] = village_shock(
                block.village[v, _SHOCK_HAZARD], block.village[v, _SHOCK_SIZE], uniform_from(words[0])
            )
        if month == end:
            close_places(slots)
        if not running:
            clear(scratch.doses)
            clear(scratch.work)
        else:
            enrol(block, slots, plan, offer, tally, scratch, month, seed, replicate)
            if mentored:
                visit(block, slots, plan, offer, tally, scratch, month, address, seed, replicate)
        tile = 0
        for v in range(villages):
            village = read_village(block.village, v * VILLAGE_ROWS)
            line = block.village[v, _LINE]
            clear(scratch.sums)
            clear(scratch.details)
            while tile < tiles and block.tile_village[tile] == v:
                draw_tile(block, tile, scratch.draws, address, seed, replicate)
                if running:
                    dose_tile(block, slots, plan, tally, scratch, tile, month, line, mentored, lanes)
                month_of_tile(block, tile, scratch.draws, scratch.doses, p, village, since)
                add_tile(block, tile, scratch, p, line, detailed)
                if month >= judged:
                    for lane in range(lanes):
                        block.state[tile, _WELFARE, lane] += block.state[tile, _CONSUMPTION, lane]
                if running:
                    end_places(slots, plan, scratch.draws, tile, lanes)
                if detailed:
                    add_spread(block, tile, tally.spread[month], line, mean_line)
                tile += 1
            end_village(block, tally, scratch, v, month, tallied)
    return 0
