"""The kernel: a block of households through a run of months, village by village. The science is in `rules`.

Village means of last month and rationing are the only ways in which households meet.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim._jit import LANES, kernel, loop, rule
from empowersim.engine.allocation import POSTS, cut, enrol, visit
from empowersim.engine.arrays import DOSES, FINISHED, STRIP
from empowersim.engine.metrics import VILLAGE_SUM_ROW
from empowersim.engine.strips import (
    add_details,
    add_spread,
    add_to_measures,
    add_to_village,
    dose_strip,
    draw_strip,
    end_places,
    judge_strip,
    month_of_strip,
)
from empowersim.maths import ZERO, clip, flag
from empowersim.rng import Kind, Stream, philox, uniform_from
from empowersim.rules.community import next_collective, next_culture, theft_chance, village_shock
from empowersim.schema import CHANNEL_ROW, VILLAGE_ROW

_HOUSEHOLDS: Final = VILLAGE_SUM_ROW["households"]
_SUM_INCOME: Final = VILLAGE_SUM_ROW["normal_income"]
_SUM_PRACTICE: Final = VILLAGE_SUM_ROW["practice"]
_SUM_PARTICIPATION: Final = VILLAGE_SUM_ROW["participation"]
_SUM_MISFIT: Final = VILLAGE_SUM_ROW["misfit"]
_SUM_POOR: Final = VILLAGE_SUM_ROW["poor"]
_DELIBERATION: Final = CHANNEL_ROW["deliberation"]
_MONTHS: Final = 12
_FLUSH: Final = 64
"""Tiles after which lane sums go over into float64, so that float32 never adds up more than that."""
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
_KIND_BITS: Final = np.uint32(24)
_VILLAGE_GROUP: Final = np.uint32(Stream.VILLAGE_SHOCK // 4)
_VILLAGE_KIND: Final = np.uint32(np.uint32(Kind.VILLAGE) << _KIND_BITS)


@loop
def clear(rows: Any) -> int:
    """Set all of a working array to zero."""
    flat = rows.reshape(rows.size)
    for position in range(flat.size):
        flat[position] = ZERO
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
def lane_total(sums: Any, row: int) -> float:
    """Sum over the lanes, in order, in float64."""
    total = 0.0
    for lane in range(LANES):
        total += np.float64(sums[row, lane])
    return total


@loop
def flush(sums: Any, rows: Any) -> int:
    """Move lane sums into float64 totals, in order, and begin them anew."""
    for row in range(sums.shape[0]):
        rows[row] += lane_total(sums, row)
    clear(sums)
    return 0


@loop
def end_village(block: Any, tally: Any, scratch: Any, p: Any, v: int, month: int, tallied: bool) -> int:
    """Enter a village's state into the tally and its means into the village, for next month."""
    sums, village = scratch.village_sums, block.village[v]
    households = lane_total(sums, _HOUSEHOLDS)
    stolen = theft_chance(p, village[_THEFT_HAZARD], village[_MEAN_POOR], village[_COLLECTIVE])
    if tallied:
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


@rule
def begin_village(
    block: Any, scratch: Any, values: Any, v: int, tile: int, address: Any, since: float, seed: Any, replicate: Any
) -> int:
    """What happens in a village before its households live their month: nothing, unless an extension says so."""
    return 0


@rule
def live_strip(
    block: Any,
    scratch: Any,
    values: Any,
    v: int,
    tile: int,
    count: int,
    address: Any,
    since: float,
    seed: Any,
    replicate: Any,
) -> int:
    """Take a strip of village `v` through its month; an extension puts its own rules around it."""
    return month_of_strip(block.state, block.village, v, scratch.draws, scratch.doses, values, tile, count, since)


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

    `schedule` = (first month, month after the last, first judged month, active months, detailed from, calendar
    month in which month 0 falls), int64; months below zero are the burn-in: no programmes, nothing tallied.
    `values` = parameters as one record, `mean_line` = mean poverty line (IDR/person/month) to which classes of
    consumption refer.
    """
    p = values[0]
    start, stop, judged = schedule[0], schedule[1], schedule[2]
    end, detailed_from, calendar = schedule[3], schedule[4], schedule[5]
    tiles = block.state.shape[0]
    villages = block.village.shape[0]
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    clear(scratch.sums)
    clear(scratch.details)
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
        tile = np.int64(0)  # a literal would have the loops compiled once more, for zero
        unflushed = 0
        for v in range(villages):
            line = block.village[v, _LINE]
            clear(scratch.village_sums)
            begin_village(block, scratch, values, v, tile, address, since, seed, replicate)
            if running_now:
                village_doses(running, plan, scratch, v)
            while tile < tiles and block.tile_village[tile] == v:
                count = 1
                while count < STRIP and tile + count < tiles and block.tile_village[tile + count] == v:
                    count += 1
                draw_strip(
                    block.id_low, block.id_high, scratch.draws, scratch.lanes, tile, count, address, seed, replicate
                )
                if running_now:
                    dose_strip(block, running, plan, tally, scratch, tile, count, month, line, mentored)
                live_strip(block, scratch, values, v, tile, count, address, since, seed, replicate)
                add_to_village(block.state, block.live, scratch.doses, scratch.village_sums, tile, count)
                if tallied:
                    add_to_measures(
                        block.state,
                        block.live,
                        block.village,
                        v,
                        scratch.work,
                        scratch.sums,
                        values,
                        tile,
                        count,
                        since,
                    )
                if detailed:
                    add_details(block.state, block.live, scratch.details, values, tile, count)
                    add_spread(
                        block.state, block.live, scratch.lanes, tally.spread[month], line, mean_line, tile, count
                    )
                if month >= judged:
                    judge_strip(block.state, tile, count)
                if running_now:
                    end_places(running.slots, plan.drop_out, scratch.draws, tile, count)
                tile += count
                unflushed += count
                if tallied and (unflushed >= _FLUSH or tile == tiles):
                    flush(scratch.sums, tally.sums[month])
                    flush(scratch.details, tally.details[month])
                    unflushed = 0
            end_village(block, tally, scratch, p, v, month, tallied)
    return 0
