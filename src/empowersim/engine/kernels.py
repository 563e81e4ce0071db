"""The loops: a block of households through a run of months. Loops only; the science is in `rules`.

Every tile goes through three passes, because each vectorises better alone: draw the numbers,
gather the doses, take the month. Village means of last month and rationing are the only ways in which households meet.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim._jit import LANES, kernel, loop, make_row_access, make_tile_view, select, wide_vectors
from empowersim.engine.allocation import POSTS, cut, enrol, visit
from empowersim.engine.arrays import (
    DOSES,
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
    SUM_ROW,
    Details,
    Sums,
    contribution,
    detail,
)
from empowersim.maths import ONE, ZERO, clip, flag, greater, log, normal_quantile
from empowersim.rng import Kind, Stream, philox, uniform_from
from empowersim.rules.community import next_collective, next_culture, theft_chance, village_shock
from empowersim.rules.month import Draw, household_month
from empowersim.rules.programmes import leaves, worth_of_a_trade
from empowersim.schema import CHANNEL_ROW, ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

view_sums = make_tile_view(len(Sums._fields), np.float32)
view_details = make_tile_view(len(Details._fields), np.float32)
_, _, add_sums = make_row_access(Sums)
_, _, add_details = make_row_access(Details)

view_work = make_tile_view(WORK_ROWS, np.float32)

_HOLDS, _ACTIVE, _FRESH = range(WORK_ROWS)

_HOUSEHOLDS: Final = SUM_ROW["households"]
_SUM_INCOME: Final = SUM_ROW["normal_income"]
_SUM_PRACTICE: Final = SUM_ROW["practice"]
_SUM_PARTICIPATION: Final = SUM_ROW["participation"]
_DRAW: Final = {name: row for row, name in enumerate(Draw._fields)}
_DROP_OUT: Final = _DRAW["drop_out"]
_GUIDED: Final = len(GUIDANCE)
_GUIDANCE_ROW: Final = DOSES - _GUIDED
"""First of the dose rows that hold what a mentor brings."""
_FIT: Final = CHANNEL_ROW["fit"]
_TECHNICAL: Final = CHANNEL_ROW["technical"]
_DELIBERATION: Final = CHANNEL_ROW["deliberation"]
_MONTHS: Final = 12
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
_MEAN_POOR: Final = VILLAGE_ROW["mean_poor"]
_COLLECTIVE: Final = VILLAGE_ROW["collective"]
_CULTURE: Final = VILLAGE_ROW["culture"]
_ADAT: Final = VILLAGE_ROW["adat"]
_THEFT_HAZARD: Final = VILLAGE_ROW["theft_hazard"]
_BUSY: Final = VILLAGE_ROW["busy"]
_HARVEST_START: Final = VILLAGE_ROW["harvest_start"]
_HARVEST_LENGTH: Final = VILLAGE_ROW["harvest_length"]
_SUM_MISFIT: Final = SUM_ROW["misfit"]
_SUM_POOR: Final = SUM_ROW["poor_households"]
_KIND_BITS: Final = np.uint32(24)
_NO_WORD: Final = np.uint32(0)
_GROUP_1: Final = np.uint32(1)
_GROUP_2: Final = np.uint32(2)
_VILLAGE_GROUP: Final = np.uint32(Stream.VILLAGE_SHOCK // 4)
_VILLAGE_KIND: Final = np.uint32(np.uint32(Kind.VILLAGE) << _KIND_BITS)
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
def draw_tile(block: Any, tile: int, draws: Any, month: Any, key0: Any, key1: Any) -> int:
    """Draw the numbers of a tile's month: uniforms by stream, the first three turned into normals."""
    wide_vectors()
    low = view_words(block.id_low, tile * LANES)
    high = view_words(block.id_high, tile * LANES)
    view = view_draws(draws, 0)
    for lane in range(LANES):
        a0, a1, a2, a3 = philox(low[0, lane], high[0, lane], month, _NO_WORD, key0, key1)
        b0, b1, b2, b3 = philox(low[0, lane], high[0, lane], month, _GROUP_1, key0, key1)
        c0, c1, c2, c3 = philox(low[0, lane], high[0, lane], month, _GROUP_2, key0, key1)
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
        view[10, lane] = uniform_from(c2)
        view[11, lane] = uniform_from(c3)
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
    running: Any,
    plan: Any,
    tally: Any,
    scratch: Any,
    tile: int,
    month: int,
    line: float,
    mentored: bool,
    lanes: int,
) -> int:
    """Gather what reaches each household of a tile: doses of its places and of its village, visits and sessions."""
    doses, work, slots = scratch.doses, scratch.work, running.slots
    given = view_doses(doses, 0)
    for row in range(DOSES):
        everybody = scratch.village_doses[row]
        for lane in range(lanes):
            given[row, lane] = everybody
    clear(work)
    first = tile * ROWS * LANES
    size = view_lane(block.state, first + _SIZE * LANES)
    children = view_lane(block.state, first + _CHILDREN * LANES)
    ones = view_lane(scratch.ones, 0)
    households = block.households[0]
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
                    share = ONE
                    if channel == _SESSIONS:
                        share = scratch.held[tile] if mentored else ZERO
                    if channel == _TECHNICAL:
                        share = worth_of_a_trade(plan.demand[slot], np.float32(running.graduates[slot] / households))
                    give(doses, channel, amount * share, row, work, lanes)
            n += 1
    if mentored:
        made = view_lane(scratch.demand, tile * LANES)
        for lane in range(lanes):
            given[_VISITS, lane] += made[0, lane]
        for position in range(_GUIDED):
            brought = scratch.guidance[tile, position]
            for lane in range(lanes):
                given[_GUIDANCE_ROW + position, lane] = brought
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
        store_changed(state, lane, after)
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
def add_tile(block: Any, tile: int, scratch: Any, p: Any, village: Any, detailed: bool, month: float) -> int:
    """Add a tile to the lane sums of its village; `month` = months of the policies so far, this one included."""
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    live = view_lane(block.live, tile * LANES)
    holds = view_work(scratch.work, _HOLDS * LANES)
    fit = view_lane(scratch.doses, _FIT * LANES)
    sums = view_sums(scratch.sums, 0)
    for lane in range(LANES):
        home = load_household(state, lane)
        add_sums(sums, lane, contribution(p, home, village, live[0, lane], holds[0, lane], fit[0, lane], month))
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
def end_village(block: Any, tally: Any, scratch: Any, p: Any, v: int, month: int, tallied: bool, detailed: bool) -> int:
    """Enter a village's sums into the tally and its means into the village, for next month."""
    sums, village = scratch.sums, block.village[v]
    households = lane_total(sums, _HOUSEHOLDS)
    stolen = theft_chance(p, village[_THEFT_HAZARD], village[_MEAN_POOR], village[_COLLECTIVE])
    if tallied:
        for row in range(sums.shape[0]):
            tally.sums[month, row] += lane_total(sums, row)
        if detailed:
            for row in range(scratch.details.shape[0]):
                tally.details[month, row] += lane_total(scratch.details, row)
        tally.villages[month, 0] += households
        tally.villages[month, 1] += households * np.float64(village[_COLLECTIVE])
        tally.villages[month, 2] += households * np.float64(village[_CULTURE])
        tally.villages[month, 3] += households * np.float64(stolen)
    participation = np.float32(lane_total(sums, _SUM_PARTICIPATION) / households)
    misfit = np.float32(lane_total(sums, _SUM_MISFIT) / households)
    village[_MEAN_INCOME] = np.float32(lane_total(sums, _SUM_INCOME) / households)
    village[_MEAN_PRACTICE] = np.float32(lane_total(sums, _SUM_PRACTICE) / households)
    village[_MEAN_PARTICIPATION] = participation
    village[_MEAN_POOR] = np.float32(lane_total(sums, _SUM_POOR) / households)
    village[_COLLECTIVE] = next_collective(p, village[_COLLECTIVE], participation, scratch.village_doses[_DELIBERATION])
    village[_CULTURE] = next_culture(p, village[_CULTURE], misfit, village[_ADAT])
    return 0


@loop
def begin_month(block: Any, month: int, calendar: int, address: Any, key0: Any, key1: Any) -> int:
    """Set the season and strike the village-wide shocks; `calendar` = month of the year in which month 0 falls."""
    season = (month + calendar) % _MONTHS
    for v in range(block.village.shape[0]):
        words = philox(
            block.village_low[v],
            np.uint32(_VILLAGE_KIND | block.village_high[v]),
            address,
            _VILLAGE_GROUP,
            key0,
            key1,
        )
        village = block.village[v]
        village[_SHOCK_NOW] = village_shock(village[_SHOCK_HAZARD], village[_SHOCK_SIZE], uniform_from(words[0]))
        since = (season - int(village[_HARVEST_START])) % _MONTHS
        village[_BUSY] = flag(np.float32(since) < village[_HARVEST_LENGTH])
    return 0


@loop
def serve_villages(block: Any, running: Any, plan: Any, offer: Any, tally: Any, scratch: Any, month: int) -> int:
    """Let community programmes begin and end: choose their villages, the poorest first, and change what they change."""
    villages = block.village.shape[0]
    for c in range(plan.community_start.size):
        if month == plan.community_start[c]:
            for v in range(villages):
                scratch.keys[v] = block.village[v, _MEAN_INCOME]
            served = cut(scratch.keys, villages, offer.villages[c], scratch.heap)
            ties = served.ties
            for v in range(villages):
                chosen = scratch.keys[v] < served.key
                if scratch.keys[v] == served.key and ties > 0:
                    chosen = True
                    ties -= 1
                if chosen:
                    running.served[c, v] = np.uint8(1)
            for n in range(plan.community_row.size):
                if plan.community_of[n] == c:
                    row = plan.community_row[n]
                    for v in range(villages):
                        if running.served[c, v] == 1:
                            value = plan.community_value[n]
                            if plan.community_scales[n]:
                                value = value * block.village[v, row]
                            block.village[v, row] = clip(value, plan.community_low[n], plan.community_high[n])
        if month >= plan.community_end[c]:
            for v in range(villages):
                running.served[c, v] = np.uint8(0)
        for v in range(villages):
            tally.served[c, month] += running.served[c, v]
    return 0


@loop
def village_doses(running: Any, plan: Any, scratch: Any, v: int) -> int:
    """Doses that community programmes give to every household of a village this month."""
    clear(scratch.village_doses)
    for c in range(plan.community_start.size):
        if running.served[c, v] == 1:
            for row in range(DOSES):
                scratch.village_doses[row] += plan.community_dose[c, row]
    return 0


@kernel
def advance(
    block: Any,
    running: Any,
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

    `schedule` = (first month, month after the last, first judged month, lanes, active months, detailed from, calendar
    month in which month 0 falls), int64; months below zero are the burn-in: no programmes, nothing tallied.
    `values` = parameters as one record, `mean_line` = mean poverty line (IDR/person/month) to which classes of
    consumption refer.
    """
    p = values[0]
    start, stop, judged, lanes, end, detailed_from, calendar = (
        schedule[0],
        schedule[1],
        schedule[2],
        schedule[3],
        schedule[4],
        schedule[5],
        schedule[6],
    )
    tiles = block.state.shape[0]
    villages = block.village.shape[0]
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    active = plan.number.size > 0 or plan.community_start.size > 0 or mentored
    for month in range(start, stop):
        address = np.uint32(np.int64(month) & 0xFFFFFFFF)
        running_now = active and month >= 0 and month < end
        tallied = month >= 0
        detailed = tallied and (month >= detailed_from or month % _MONTHS == _MONTHS - 1)
        since = np.float32(month + 1 if month >= 0 else 0)
        begin_month(block, month, calendar, address, seed, replicate)
        if month == end:
            close_places(running.slots)
        if not running_now:
            clear(scratch.doses)
            clear(scratch.work)
            clear(scratch.village_doses)
        else:
            serve_villages(block, running, plan, offer, tally, scratch, month)
            enrol(block, running, plan, p, offer, tally, scratch, month, address, seed, replicate)
            if mentored:
                visit(block, running, plan, p, offer, tally, scratch, month, address, seed, replicate)
        tile = 0
        for v in range(villages):
            village = read_village(block.village, v * VILLAGE_ROWS)
            line = block.village[v, _LINE]
            clear(scratch.sums)
            if detailed:
                clear(scratch.details)
            if running_now:
                village_doses(running, plan, scratch, v)
            while tile < tiles and block.tile_village[tile] == v:
                draw_tile(block, tile, scratch.draws, address, seed, replicate)
                if running_now:
                    dose_tile(block, running, plan, tally, scratch, tile, month, line, mentored, lanes)
                month_of_tile(block, tile, scratch.draws, scratch.doses, p, village, since)
                add_tile(block, tile, scratch, p, village, detailed, since)
                if month >= judged:
                    for lane in range(lanes):
                        block.state[tile, _WELFARE, lane] += block.state[tile, _CONSUMPTION, lane]
                if running_now:
                    end_places(running.slots, plan, scratch.draws, tile, lanes)
                if detailed:
                    add_spread(block, tile, tally.spread[month], line, mean_line)
                tile += 1
            end_village(block, tally, scratch, p, v, month, tallied, detailed)
    return 0
