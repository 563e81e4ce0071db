"""A month of a block in parts, for those who live it agent by agent: the loops of `kernels.advance`, in its order.

::

    begin_villages     season and shocks; places end when the policy ends
    share_out          programmes for villages, places, mentors' months
    reach              the draws of every household, and the doses that reach it
    live_lane          one household's month, in whatever order (`live_row`: of figures that are handed in)
    end_month          sums, distribution, places counted down, village means for next month

Nothing is decided here. A month in parts is the month of `advance`, to the last bit, because households meet only
through last month's means and through `share_out`.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel, make_record_reader, make_row_access, make_tile_view
from empowersim.engine.allocation import MENTOR_FIELDS, POSTS, enrol, guide, visit, wanted_in_tile
from empowersim.engine.arrays import (
    DOSES,
    DRAWS,
    MENTOR_STATE,
    STRIP,
    Block,
    load_dose,
    load_draw,
    load_household,
    read_village,
    store_changed,
    store_household,
    view_doses,
    view_draws,
    view_state,
)
from empowersim.engine.kernels import (
    begin_month,
    clear,
    close_places,
    end_village,
    flush,
    serve_villages,
    village_doses,
)
from empowersim.engine.metrics import deprivation, empowerment_index, is_independent
from empowersim.engine.strips import (
    HOLDS,
    add_details,
    add_spread,
    add_to_measures,
    add_to_village,
    dose_strip,
    draw_strip,
    end_places,
    judge_strip,
    read_parameters,
)
from empowersim.maths import ZERO
from empowersim.rules import mentors
from empowersim.rules.assets import assets_from_k
from empowersim.rules.month import Dose, Draw, Household, household_month
from empowersim.schema import CHANNEL_ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

FloatArray = NDArray[np.float32]
_record: Any = namedtuple

Figures = _record("Figures", ["empowerment_index", "productive_assets", "independent", "deprivation"])
"""What rules say of a household as it stands: index (0-1), productive assets (L), a year above the line without aid
(0/1), share of weights in which it is deprived (0-1)."""

MENTOR_FIGURES: Final = ("hours", "competence")
"""What rules say of a mentor as it stands: hours a month that it gives, and competence at work (0-1)."""

_FIGURES: Final = len(Figures._fields)
view_figures = make_tile_view(_FIGURES, np.float32)
_, store_figures, _ = make_row_access(Figures)
read_home = make_record_reader(Household)
read_dose = make_record_reader(Dose)
read_draw = make_record_reader(Draw)

_LINE: Final = VILLAGE_ROW["line"]
_HEALTH_ACCESS: Final = VILLAGE_ROW["health_access"]
_VISITS: Final = CHANNEL_ROW["visits"]
_SESSIONS: Final = CHANNEL_ROW["sessions"]
_HOURS: Final = MENTOR_FIELDS.index("hours")
_BURNOUT: Final = MENTOR_STATE.index("burnout")
_VACANT: Final = MENTOR_STATE.index("vacant")
_MONTHS: Final = 12
_FLUSH: Final = 64
"""As in `kernels`: where lane sums go over into float64 is part of the result."""
_NOBODY: Final = np.float32(0)


class Reached:
    """What reaches the households of a block in a month; arrays by tile."""

    def __init__(self, tiles: int) -> None:
        """Room for `tiles` tiles."""
        self.draws: FloatArray = np.zeros((tiles, DRAWS, LANES), np.float32)
        self.doses: FloatArray = np.zeros((tiles, DOSES, LANES), np.float32)
        self.holds: FloatArray = np.zeros((tiles, LANES), np.float32)
        """1 for who holds a place of any programme."""
        self.wanted: FloatArray = np.zeros((2, tiles, LANES), np.float32)
        """Visits, and group sessions, that places ask for a month."""


@kernel
def begin_villages(block: Any, running: Any, schedule: Any, seed: Any, replicate: Any) -> int:
    """Set the season, strike the village-wide shocks, end all places in the month in which the policy ends.

    `schedule` as in `kernels.advance`; the month is its first.
    """
    month, end, calendar = schedule[0], schedule[3], schedule[5]
    address = np.uint32(np.int64(month) & 0xFFFFFFFF)
    begin_month(block, month, calendar, address, seed, replicate)
    if month == end:
        close_places(running.slots)
    return 0


@kernel
def share_out(
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
    wanted: Any,
) -> int:
    """Ration: villages served, places filled, mentors' months shared out; `wanted` as in `Reached`.

    On return `scratch.demand` holds the visits each household gets, `scratch.guidance` what its mentor brings.
    """
    p = values[0]
    month, end = schedule[0], schedule[3]
    address = np.uint32(np.int64(month) & 0xFFFFFFFF)
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    active = plan.number.size > 0 or plan.community_start.size > 0 or mentored
    clear(wanted)
    if active and month >= 0 and month < end:
        serve_villages(block, running, plan, offer, tally, scratch, month)
        enrol(block, running, plan, p, offer, tally, scratch, month, address, seed, replicate)
        if mentored:
            for tile in range(block.state.shape[0]):
                wanted_in_tile(running.slots, plan, tile, _VISITS, wanted[0, tile], LANES)
                wanted_in_tile(running.slots, plan, tile, _SESSIONS, wanted[1, tile], LANES)
            visit(block, running, plan, p, offer, tally, scratch, month, address, seed, replicate)
    return 0


@kernel
def reach(
    block: Any,
    running: Any,
    plan: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    schedule: Any,
    seed: Any,
    replicate: Any,
    draws: Any,
    doses: Any,
    holds: Any,
) -> int:
    """Draw the numbers of every household's month and gather what reaches it; the arrays as in `Reached`."""
    month, end = schedule[0], schedule[3]
    address = np.uint32(np.int64(month) & 0xFFFFFFFF)
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    active = plan.number.size > 0 or plan.community_start.size > 0 or mentored
    running_now = active and month >= 0 and month < end
    tiles = block.state.shape[0]
    clear(doses)
    clear(holds)
    tile = np.int64(0)
    while tile < tiles:
        v = block.tile_village[tile]
        count = 1
        while count < STRIP and tile + count < tiles and block.tile_village[tile + count] == v:
            count += 1
        draw_strip(block.id_low, block.id_high, scratch.draws, scratch.lanes, tile, count, address, seed, replicate)
        if running_now:
            village_doses(running, plan, scratch, v)
            line = block.village[v, _LINE]
            dose_strip(block, running, plan, tally, scratch, tile, count, month, line, mentored)
        for place in range(count):
            for row in range(DRAWS):
                for lane in range(LANES):
                    draws[tile + place, row, lane] = scratch.draws[place, row, lane]
            if running_now:
                for row in range(DOSES):
                    for lane in range(LANES):
                        doses[tile + place, row, lane] = scratch.doses[place, row, lane]
                for lane in range(LANES):
                    holds[tile + place, lane] = scratch.work[place, HOLDS, lane]
        tile += count
    return 0


@kernel
def live_lane(
    state: Any, villages: Any, v: int, draws: Any, doses: Any, values: Any, tile: int, lane: int, month: Any
) -> int:
    """Take the household in a lane through its month; `month` as in `rules.month.household_month`."""
    p = read_parameters(values, 0)
    homes = view_state(state, tile * ROWS * LANES)
    given = view_doses(doses, tile * DOSES * LANES)
    numbers = view_draws(draws, tile * DRAWS * LANES)
    village = read_village(villages, v * VILLAGE_ROWS)
    after = household_month(
        p, village, load_household(homes, lane), load_dose(given, lane), load_draw(numbers, lane), month
    )
    store_changed(homes, lane, after)
    return 0


@kernel
def live_row(values: Any, village: Any, home: Any, dose: Any, draw: Any, month: Any, out: Any) -> int:
    """One household's month from figures: `village`, `home`, `dose`, `draw` are rows in the order of their records.

    `out` (ROWS, LANES): the household at the end of the month stands in its first lane.
    """
    after = household_month(
        read_parameters(values, 0),
        read_village(village, 0),
        read_home(home, 0),
        read_dose(dose, 0),
        read_draw(draw, 0),
        month,
    )
    store_household(view_state(out, 0), 0, after)
    return 0


@kernel
def end_month(
    block: Any,
    running: Any,
    plan: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    values: Any,
    schedule: Any,
    mean_line: Any,
    draws: Any,
    doses: Any,
    holds: Any,
) -> int:
    """Add the month up, count places down, and take the village means for next month."""
    p = values[0]
    month, judged, end, detailed_from = schedule[0], schedule[2], schedule[3], schedule[4]
    tiles = block.state.shape[0]
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    active = plan.number.size > 0 or plan.community_start.size > 0 or mentored
    running_now = active and month >= 0 and month < end
    tallied = month >= 0
    detailed = tallied and (month >= detailed_from or month % _MONTHS == _MONTHS - 1)
    since = np.float32(month + 1 if month >= 0 else 0)
    clear(scratch.sums)
    clear(scratch.details)
    clear(scratch.work)
    clear(scratch.village_doses)
    tile = np.int64(0)
    unflushed = 0
    for v in range(block.village.shape[0]):
        line = block.village[v, _LINE]
        clear(scratch.village_sums)
        if running_now:
            village_doses(running, plan, scratch, v)
        while tile < tiles and block.tile_village[tile] == v:
            count = 1
            while count < STRIP and tile + count < tiles and block.tile_village[tile + count] == v:
                count += 1
            for place in range(count):
                for row in range(DRAWS):
                    for lane in range(LANES):
                        scratch.draws[place, row, lane] = draws[tile + place, row, lane]
                for row in range(DOSES):
                    for lane in range(LANES):
                        scratch.doses[place, row, lane] = doses[tile + place, row, lane]
                for lane in range(LANES):
                    scratch.work[place, HOLDS, lane] = holds[tile + place, lane]
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
                add_spread(block.state, block.live, scratch.lanes, tally.spread[month], line, mean_line, tile, count)
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


@kernel
def _figures(block: Any, values: Any, out: Any) -> int:
    """Fill `out` (T, len(Figures), LANES)."""
    p = read_parameters(values, 0)
    for tile in range(block.state.shape[0]):
        homes = view_state(block.state, tile * ROWS * LANES)
        found = view_figures(out, tile * _FIGURES * LANES)
        access = block.village[block.tile_village[tile], _HEALTH_ACCESS]
        for lane in range(LANES):
            home = load_household(homes, lane)
            made = Figures(
                empowerment_index(p, home),
                assets_from_k(p, home.assets),
                is_independent(p, home.standing, home.normal_income, home.savings),
                deprivation(p, home, access),
            )
            store_figures(found, lane, made)
    return 0


@kernel
def _mentor_figures(plan: Any, crew: Any, values: Any, guidance: Any, out: Any) -> int:
    """Fill `out` (mentors, len(MENTOR_FIGURES)); `guidance` is not written to."""
    p = values[0]
    for m in range(out.shape[0]):
        out[m, 0] = ZERO
        out[m, 1] = ZERO
        if crew[m, _VACANT] <= ZERO:
            there = plan.mentor[_HOURS] * plan.mentor[POSTS] / out.shape[0]
            out[m, 0] = np.float32(there * mentors.hours_left(p, crew[m, _BURNOUT]))
            out[m, 1] = guide(p, plan, crew, m, _NOBODY, guidance, 0, 0)
    return 0


def figures_of(block: Block, values: Any) -> FloatArray:
    """What rules say of the households of a block as they stand, shape (len(Figures), households), in their order."""
    out = np.zeros((block.state.shape[0], _FIGURES, LANES), np.float32)
    _figures(block, values, out)
    found: FloatArray = np.stack([out[:, row, :][block.live > 0] for row in range(_FIGURES)])
    return found


def mentor_figures_of(plan: Any, crew: FloatArray, count: int, values: Any, guidance: FloatArray) -> FloatArray:
    """What rules say of the first `count` mentors of a block as they stand, shape (count, len(MENTOR_FIGURES))."""
    out = np.zeros((count, len(MENTOR_FIGURES)), np.float32)
    _mentor_figures(plan, crew, values, guidance, out)
    return out
