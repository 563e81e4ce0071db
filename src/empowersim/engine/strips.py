"""The loops over households: draw the numbers, gather the doses, take the month, add it up.

They work on strips: a few neighbouring tiles of one village. What depends on parameters and village alone is worked out
once a strip instead of once a tile, and a strip's draws and doses stay close to the core. Every pass is a loop of
its own, because each vectorises better alone.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim._jit import (
    LANES,
    add_signed32,
    bits_float,
    float_bits,
    loop,
    make_record_reader,
    make_row_access,
    make_tile_view,
    select,
    to_int32,
    wide_vectors,
)
from empowersim.engine.arrays import (
    DOSES,
    DRAWS,
    FINISHED,
    GUIDANCE,
    WORK_ROWS,
    load_dose,
    load_draw,
    load_household,
    read_village,
    store_changed,
    view_bytes,
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
    Details,
    Sums,
    VillageSums,
    contribution,
    detail,
    towards_village,
)
from empowersim.maths import ONE, ZERO, flag, greater, is_in_tail, log, normal_in_centre, tail_depth
from empowersim.parameters import Parameters
from empowersim.rng import Stream, normal_from, philox, uniform_from
from empowersim.rules.month import Draw, household_month
from empowersim.rules.programmes import leaves, worth_of_a_trade
from empowersim.schema import CHANNEL_ROW, ROW, ROWS, VILLAGE_ROWS

read_parameters = make_record_reader(Parameters)
view_sums = make_tile_view(len(Sums._fields), np.float32)
view_village_sums = make_tile_view(len(VillageSums._fields), np.float32)
view_details = make_tile_view(len(Details._fields), np.float32)
view_work = make_tile_view(WORK_ROWS, np.float32)
_, _, add_sums = make_row_access(Sums)
_, _, add_village_sums = make_row_access(VillageSums)
_, _, add_detail_rows = make_row_access(Details)

HOLDS, ACTIVE, FRESH = range(WORK_ROWS)
"""Working rows: who holds any place, who one of the programme at hand, who has just got it."""

_DRAW: Final = {name: row for row, name in enumerate(Draw._fields)}
_DROP_OUT: Final = _DRAW["drop_out"]
_GUIDED: Final = len(GUIDANCE)
_GUIDANCE_ROW: Final = DOSES - _GUIDED
"""First of the dose rows that hold what a mentor brings."""
_FIT: Final = CHANNEL_ROW["fit"]
_TECHNICAL: Final = CHANNEL_ROW["technical"]
_VISITS: Final = CHANNEL_ROW["visits"]
_SESSIONS: Final = CHANNEL_ROW["sessions"]
_SIZE: Final = ROW["size"]
_CHILDREN: Final = ROW["children"]
_CONSUMPTION: Final = ROW["consumption"]
_WELFARE: Final = ROW["welfare"]
NORMALS: Final = 3
"""Draws that are standard normal; they stand first."""
_NO_WORD: Final = np.uint32(0)
_GROUP_1: Final = np.uint32(1)
_GROUP_2: Final = np.uint32(2)
_FINISHED: Final = np.float32(FINISHED)

assert [int(stream) for stream in list(Stream)[:12]] == list(range(12)), "streams of the month are 0 to 11"
assert list(_DRAW) == [stream.name.lower() for stream in list(Stream)[:3]] + [
    "illness",
    "job",
    "attendance",
    "drop_out",
    "asset_death",
    "schooling",
    "asset_quality",
    "benefit",
    "theft",
], "rows of a draw follow the streams"


@loop
def draw_strip(
    id_low: Any, id_high: Any, draws: Any, lanes: Any, first: int, count: int, month: Any, key0: Any, key1: Any
) -> int:
    """Draw the numbers of a strip's month: uniforms by stream, the first three turned into normals.

    In nine rows of ten no draw lies in a tail of the normal, and its polynomial need not be worked out.
    """
    wide_vectors()
    centre = view_lane(lanes, 0)
    for place in range(count):
        low = view_words(id_low, (first + place) * LANES)
        high = view_words(id_high, (first + place) * LANES)
        view = view_draws(draws, place * DRAWS * LANES)
        for lane in range(LANES):
            a0, a1, a2, a3 = philox(low[0, lane], high[0, lane], month, _NO_WORD, key0, key1)
            b0, b1, b2, b3 = philox(low[0, lane], high[0, lane], month, _GROUP_1, key0, key1)
            c0, c1, c2, c3 = philox(low[0, lane], high[0, lane], month, _GROUP_2, key0, key1)
            view[0, lane], view[1, lane] = bits_float(np.int32(a0)), bits_float(np.int32(a1))
            view[2, lane], view[3, lane] = bits_float(np.int32(a2)), bits_float(np.int32(a3))
            view[4, lane], view[5, lane] = bits_float(np.int32(b0)), bits_float(np.int32(b1))
            view[6, lane], view[7, lane] = bits_float(np.int32(b2)), bits_float(np.int32(b3))
            view[8, lane], view[9, lane] = bits_float(np.int32(c0)), bits_float(np.int32(c1))
            view[10, lane], view[11, lane] = bits_float(np.int32(c2)), bits_float(np.int32(c3))
        for row in range(NORMALS):
            tails = np.int32(0)
            for lane in range(LANES):
                drawn = uniform_from(np.uint32(float_bits(view[row, lane])))
                depth = tail_depth(drawn)
                centre[0, lane] = normal_in_centre(drawn, depth)
                tails = add_signed32(tails, to_int32(is_in_tail(depth)))
            if tails == 0:
                for lane in range(LANES):
                    view[row, lane] = centre[0, lane]
            else:
                for lane in range(LANES):
                    view[row, lane] = normal_from(np.uint32(float_bits(view[row, lane])))
        for row in range(NORMALS, DRAWS):
            for lane in range(LANES):
                view[row, lane] = uniform_from(np.uint32(float_bits(view[row, lane])))
    return 0


@loop
def _fill_strip(doses: Any, work: Any, everybody: Any, count: int) -> int:
    """Start a strip's doses with what everybody in the village gets, and nobody holding a place."""
    wide_vectors()
    for place in range(count):
        for row in range(DOSES):
            given = view_lane(doses, (place * DOSES + row) * LANES)
            amount = everybody[row]
            for lane in range(LANES):
                given[0, lane] = amount
        rows = view_work(work, place * WORK_ROWS * LANES)
        for lane in range(LANES):
            rows[HOLDS, lane] = ZERO
    return 0


@loop
def _hold_strip(
    slots: Any, slot: int, duration: float, per_child: bool, state: Any, work: Any, first: int, count: int
) -> Any:
    """Who holds a place of a programme in a strip, and who has just got it; returns places held and units paid for."""
    wide_vectors()
    places = np.int32(0)
    units = np.int32(0)
    for place in range(count):
        rows = view_work(work, place * WORK_ROWS * LANES)
        held = view_bytes(slots, ((first + place) * slots.shape[1] + slot) * LANES)
        for lane in range(LANES):
            left = np.float32(held[0, lane])
            now = flag(left > ZERO) * flag(left < _FINISHED)
            rows[ACTIVE, lane] = now
            rows[FRESH, lane] = now * flag(left == duration)
            rows[HOLDS, lane] = greater(rows[HOLDS, lane], now)
            places = add_signed32(places, to_int32(now))
        if per_child:
            children = view_lane(state, ((first + place) * ROWS + _CHILDREN) * LANES)
            for lane in range(LANES):
                units = add_signed32(units, to_int32(rows[ACTIVE, lane] * children[0, lane]))
    return places, units if per_child else places


@loop
def _give(doses: Any, channel: int, amount: float, row: int, work: Any, count: int) -> int:
    """Add a dose to the households marked in a working row."""
    wide_vectors()
    for place in range(count):
        marked = view_lane(work, (place * WORK_ROWS + row) * LANES)
        given = view_lane(doses, (place * DOSES + channel) * LANES)
        for lane in range(LANES):
            given[0, lane] += marked[0, lane] * amount
    return 0


@loop
def _give_sessions(doses: Any, amount: float, row: int, work: Any, held: Any, first: int, count: int) -> int:
    """Add the group sessions that take place (`held` = their share, by tile) to the households marked."""
    wide_vectors()
    for place in range(count):
        marked = view_lane(work, (place * WORK_ROWS + row) * LANES)
        given = view_lane(doses, (place * DOSES + _SESSIONS) * LANES)
        took_place = amount * held[first + place]
        for lane in range(LANES):
            given[0, lane] += marked[0, lane] * took_place
    return 0


@loop
def _give_money(
    doses: Any, channel: int, amount: float, row: int, work: Any, state: Any, per_child: bool, first: int, count: int
) -> int:
    """Add rupiah to the households marked, as L of the household: `amount` over the line, times children if so paid."""
    wide_vectors()
    for place in range(count):
        marked = view_lane(work, (place * WORK_ROWS + row) * LANES)
        given = view_lane(doses, (place * DOSES + channel) * LANES)
        size = view_lane(state, ((first + place) * ROWS + _SIZE) * LANES)
        children = view_lane(state, ((first + place) * ROWS + _CHILDREN) * LANES)
        if per_child:
            for lane in range(LANES):
                given[0, lane] += marked[0, lane] * children[0, lane] * amount / size[0, lane]
        else:
            for lane in range(LANES):
                given[0, lane] += marked[0, lane] * amount / size[0, lane]
    return 0


@loop
def _give_guidance(doses: Any, visits: Any, guidance: Any, first: int, count: int) -> int:
    """Bring the visits made to each household of a strip, and what the mentor of its tile brings along."""
    wide_vectors()
    for place in range(count):
        made = view_lane(visits, (first + place) * LANES)
        given = view_lane(doses, (place * DOSES + _VISITS) * LANES)
        for lane in range(LANES):
            given[0, lane] += made[0, lane]
        for position in range(_GUIDED):
            brought = guidance[first + place, position]
            given = view_lane(doses, (place * DOSES + _GUIDANCE_ROW + position) * LANES)
            for lane in range(LANES):
                given[0, lane] = brought
    return 0


@loop
def dose_strip(
    block: Any,
    running: Any,
    plan: Any,
    tally: Any,
    scratch: Any,
    first: int,
    count: int,
    month: int,
    line: float,
    mentored: bool,
) -> int:
    """Gather what reaches each household of a strip: doses of its places and of its village, visits and sessions."""
    doses, work, state = scratch.doses, scratch.work, block.state
    _fill_strip(doses, work, scratch.village_doses, count)
    n = 0
    for slot in range(plan.number.size):
        per_child = plan.per_child[slot]
        places, units = _hold_strip(
            running.slots, slot, np.float32(plan.duration[slot]), per_child, state, work, first, count
        )
        tally.enrolled[slot, month] += places
        tally.units[slot, month] += units
        while n < plan.dose_slot.size and plan.dose_slot[n] == slot:
            channel, amount = plan.dose_channel[n], plan.dose_amount[n]
            row = FRESH if plan.dose_first[n] else ACTIVE
            if places > 0 and channel != _VISITS:
                if plan.dose_money[n]:
                    _give_money(doses, channel, amount / line, row, work, state, plan.dose_per_child[n], first, count)
                elif channel == _SESSIONS:
                    if mentored:
                        _give_sessions(doses, amount, row, work, scratch.held, first, count)
                else:
                    share = ONE
                    if channel == _TECHNICAL:
                        graduates = np.float32(running.graduates[slot] / block.households[0])
                        share = worth_of_a_trade(plan.demand[slot], graduates)
                    _give(doses, channel, amount * share, row, work, count)
            n += 1
    if mentored:
        _give_guidance(doses, scratch.demand, scratch.guidance, first, count)
    return 0


@loop
def month_of_strip(
    state: Any, villages: Any, v: int, draws: Any, doses: Any, values: Any, first: int, count: int, month: float
) -> int:
    """Take a strip of village `v` through one month: the same composed rule for every household."""
    wide_vectors()
    p = read_parameters(values, 0)
    village = read_village(villages, v * VILLAGE_ROWS)
    for place in range(count):
        homes = view_state(state, (first + place) * ROWS * LANES)
        given = view_doses(doses, place * DOSES * LANES)
        numbers = view_draws(draws, place * DRAWS * LANES)
        for lane in range(LANES):
            after = household_month(
                p, village, load_household(homes, lane), load_dose(given, lane), load_draw(numbers, lane), month
            )
            store_changed(homes, lane, after)
    return 0


@loop
def judge_strip(state: Any, first: int, count: int) -> int:
    """Add the month's consumption to what a household is judged by."""
    wide_vectors()
    for place in range(count):
        homes = view_state(state, (first + place) * ROWS * LANES)
        for lane in range(LANES):
            homes[_WELFARE, lane] += homes[_CONSUMPTION, lane]
    return 0


@loop
def end_places(slots: Any, drop_out: Any, draws: Any, first: int, count: int) -> int:
    """Count a month off every place; some leave before the end (one draw serves all places of a household)."""
    wide_vectors()
    for place in range(count):
        draw = view_lane(draws, (place * DRAWS + _DROP_OUT) * LANES)
        for slot in range(drop_out.size):
            hazard = drop_out[slot]
            held = view_bytes(slots, ((first + place) * slots.shape[1] + slot) * LANES)
            for lane in range(LANES):
                left = np.float32(held[0, lane])
                active = flag(left > ZERO) * flag(left < _FINISHED)
                over = greater(flag(leaves(hazard, draw[0, lane])), flag(left == ONE))
                after = select(over > ZERO, _FINISHED, left - ONE)
                held[0, lane] = np.uint8(select(active > ZERO, after, left))
    return 0


@loop
def add_to_village(state: Any, lived: Any, doses: Any, sums: Any, first: int, count: int) -> int:
    """Add a strip to the lane sums of its village: what its people meet next month."""
    wide_vectors()
    view = view_village_sums(sums, 0)
    for place in range(count):
        homes = view_state(state, (first + place) * ROWS * LANES)
        live = view_lane(lived, (first + place) * LANES)
        fit = view_lane(doses, (place * DOSES + _FIT) * LANES)
        for lane in range(LANES):
            add_village_sums(view, lane, towards_village(load_household(homes, lane), live[0, lane], fit[0, lane]))
    return 0


@loop
def add_to_measures(
    state: Any,
    lived: Any,
    villages: Any,
    v: int,
    work: Any,
    sums: Any,
    values: Any,
    first: int,
    count: int,
    month: float,
) -> int:
    """Add a strip to the lane sums of its block; `month` = months of the policies so far, this one included."""
    wide_vectors()
    p = read_parameters(values, 0)
    village = read_village(villages, v * VILLAGE_ROWS)
    view = view_sums(sums, 0)
    for place in range(count):
        homes = view_state(state, (first + place) * ROWS * LANES)
        live = view_lane(lived, (first + place) * LANES)
        holds = view_lane(work, (place * WORK_ROWS + HOLDS) * LANES)
        for lane in range(LANES):
            home = load_household(homes, lane)
            add_sums(view, lane, contribution(p, home, village, live[0, lane], holds[0, lane], month))
    return 0


@loop
def add_details(state: Any, lived: Any, details: Any, values: Any, first: int, count: int) -> int:
    """Add a strip to the lane sums of detailed months."""
    wide_vectors()
    p = read_parameters(values, 0)
    view = view_details(details, 0)
    for place in range(count):
        homes = view_state(state, (first + place) * ROWS * LANES)
        live = view_lane(lived, (first + place) * LANES)
        for lane in range(LANES):
            add_detail_rows(view, lane, detail(p, load_household(homes, lane), live[0, lane]))
    return 0


@loop
def add_spread(
    state: Any, lived: Any, lanes: Any, spread: Any, line: float, mean_line: float, first: int, count: int
) -> int:
    """Sort persons of a strip into classes of consumption."""
    wide_vectors()
    at = view_lane(lanes, 0)
    for place in range(count):
        tile = first + place
        homes = view_state(state, tile * ROWS * LANES)
        for lane in range(LANES):
            a_person = homes[_CONSUMPTION, lane] * line
            at[0, lane] = (log(a_person / mean_line) - np.float32(BIN_LOW)) / np.float32(BIN_WIDTH)
        for lane in range(LANES):
            if lived[tile, lane] > ZERO:
                here = min(max(int(at[0, lane]), 0), BINS - 1)
                persons = np.float64(homes[_SIZE, lane])
                spread[here, 0] += persons
                spread[here, 1] += persons * (homes[_CONSUMPTION, lane] * line)
    return 0
