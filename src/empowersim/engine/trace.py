"""One household under the glass: what reached it each month, what was drawn, and what the rules made of it.

The block goes through its months in `kernels.advance`, one at a time, as in any run. Before each month its rationing is
taken on a copy, by the same loops, so that doses, places and draws of the household are seen as its month sees them.
The account of a month (`engine.account`) is compared with the engine's own result to the last bit; where they differ a
`SimulationError` says so.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel, loop
from empowersim.engine.account import ACCOUNT, PARTS, Account, traced_difference, write_account
from empowersim.engine.allocation import POSTS, enrol, observed, rank_queue, screen_tile, visit, wanted_in_tile
from empowersim.engine.arrays import (
    DOSES,
    DRAWS,
    MENTOR_STATE,
    Running,
    copy_of,
    running_of,
    scratch_for,
)
from empowersim.engine.ends import ends_of, starting_consumption
from empowersim.engine.inputs import Policy, Travel
from empowersim.engine.kernels import (
    advance,
    begin_month,
    clear,
    close_places,
    serve_villages,
    village_doses,
)
from empowersim.engine.lives import Begun, empty_tally, schedule_of
from empowersim.engine.plans import Portion, new_mentors, offer_of, plan_of, with_portion
from empowersim.engine.strips import dose_strip, draw_strip
from empowersim.errors import SimulationError
from empowersim.maths import ONE, ZERO
from empowersim.parameters import record_of
from empowersim.rng import TRAITS, Kind, philox, uniform_from
from empowersim.rules import programmes
from empowersim.schema import CHANNEL_ROW, ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

FloatArray = NDArray[np.float32]
_record: Any = namedtuple

Visiting = _record(
    "Visiting", ["vacant", "wanted", "due", "made", "area_due", "area_made", "clients", "sessions", "held"]
)
"""A household and its mentor in a month: visits wanted a month, due now and made; due and made in the mentor's whole
area; its clients; sessions wanted and the share of sessions held. All zero without mentors."""

Application = _record(
    "Application", ["open", "had", "eligible", "chance", "draw", "key", "ahead", "applicants", "places"]
)
"""A household at an intake of a programme: 1 if there is one; state of its place before; 1 if eligible; chance of
accepting and the draw; its key (infinite: unwilling), how many stand before it, applicants and places."""

_VISITING: Final = len(Visiting._fields)
_APPLICATION: Final = len(Application._fields)
_CONSUMPTION: Final = ROW["consumption"]
_REGISTER: Final = ROW["register_error"]
_EMPOWERMENT: Final = ROW["empowerment"]
_AGENCY: Final = ROW["agency_base"]
_MOTIVATION: Final = ROW["motivation"]
_LINE: Final = VILLAGE_ROW["line"]
_VISITS: Final = CHANNEL_ROW["visits"]
_SESSIONS: Final = CHANNEL_ROW["sessions"]
_VACANT: Final = 7
_TOWARDS_PROGRAMME: Final = np.uint32(Kind.PROGRAMME << 24)
_TOWARDS_MENTOR: Final = np.uint32(Kind.MENTOR << 24)
_ONCE: Final = np.uint32(TRAITS & 0xFFFFFFFF)
_NOT_ASKING: Final = np.float32(np.inf)

assert MENTOR_STATE[_VACANT] == "vacant"


# ---------------------------------------------------------------- what reaches the household


@loop
def stand_in_line(
    block: Any,
    running: Any,
    plan: Any,
    p: Any,
    slot: int,
    scratch: Any,
    address: Any,
    key0: Any,
    key1: Any,
    tile: int,
    lane: int,
    row: Any,
) -> int:
    """Fill an `Application` but for its places: where a household stands among those who ask for a programme."""
    queue, mark = scratch.queue, scratch.lanes
    own = _NOT_ASKING
    row[1] = np.float32(running.slots[tile, slot, lane])
    screen_tile(block, running.slots, plan, slot, tile, mark)
    row[2] = mark[0, lane]
    motivation = block.state[tile, _MOTIVATION, lane]
    high = block.id_high[tile, lane] | _TOWARDS_PROGRAMME
    words = philox(block.id_low[tile, lane], np.uint32(high), _ONCE, plan.number[slot], key0, key1)
    row[3] = programmes.acceptance(p, plan.take_up[slot], motivation)
    row[4] = uniform_from(words[0])
    row[5] = _NOT_ASKING
    ahead, asking = 0, 0
    for turn in range(2):
        # first the household's own key, then everybody's against it
        for t in range(block.state.shape[0]):
            if turn == 0 and t != tile:
                continue
            screen_tile(block, running.slots, plan, slot, t, mark)
            for at in range(LANES):
                queue.low[0, at] = block.id_low[t, at]
                queue.high[0, at] = block.id_high[t, at]
                queue.columns[0, at] = block.state[t, _CONSUMPTION, at]
                queue.columns[1, at] = block.state[t, _REGISTER, at]
                queue.columns[2, at] = block.state[t, _EMPOWERMENT, at] + block.state[t, _AGENCY, at]
                queue.columns[3, at] = block.state[t, _MOTIVATION, at]
            rank_queue(queue, plan, p, slot, queue.keys, address, key0, key1)
            if turn == 0:
                if mark[0, lane] > ZERO:
                    own = queue.keys[0, lane]
                row[5] = own
                continue
            for at in range(LANES):
                if mark[0, at] > ZERO and queue.keys[0, at] < _NOT_ASKING:
                    asking += 1
                    earlier = t < tile or (t == tile and at < lane)
                    if queue.keys[0, at] < own or (queue.keys[0, at] == own and earlier):
                        ahead += 1
    row[6] = np.float32(ahead)
    row[7] = np.float32(asking)
    return 0


@loop
def ask_for_visits(
    block: Any,
    running: Any,
    plan: Any,
    offer: Any,
    scratch: Any,
    address: Any,
    key0: Any,
    key1: Any,
    tile: int,
    lane: int,
    row: Any,
) -> int:
    """Fill a `Visiting` as it stands before the mentor sets out; returns the mentor's number."""
    m = 0
    while offer.mentor_tiles[m + 1] <= tile:
        m += 1
    row[0] = ONE if running.mentors[m, _VACANT] > ZERO else ZERO
    clients, area_due = 0, 0
    wanted = scratch.demand
    for t in range(offer.mentor_tiles[m], offer.mentor_tiles[m + 1]):
        wanted_in_tile(running.slots, plan, t, _VISITS, wanted[t], LANES)
        wanted_in_tile(running.slots, plan, t, _SESSIONS, scratch.lanes[0], LANES)
        for at in range(LANES):
            if wanted[t, at] + scratch.lanes[0, at] > ZERO:
                clients += 1
            due = 0
            if wanted[t, at] > ZERO:
                high = block.id_high[t, at] | _TOWARDS_MENTOR
                words = philox(block.id_low[t, at], np.uint32(high), address, np.uint32(0), key0, key1)
                due = int(wanted[t, at] + uniform_from(words[1]))
            area_due += due
            if t == tile and at == lane:
                row[1] = wanted[t, at]
                row[2] = np.float32(due)
                row[7] = scratch.lanes[0, at]
    row[4] = np.float32(area_due)
    row[6] = np.float32(clients)
    return m


@kernel
def _prepare(
    block: Any,
    running: Any,
    plan: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    values: Any,
    when: Any,
    where: Any,
    seed: Any,
    replicate: Any,
    applications: Any,
    visiting: Any,
) -> int:
    """Begin a month as `advance` does, up to the households' own months, and gather what reaches one tile.

    `when` = (month, end, calendar), `where` = (tile, lane, village). On return `block.state` is what the month finds,
    `scratch.doses` and `scratch.draws` are the tile's.
    """
    p = values[0]
    month, end, calendar = when[0], when[1], when[2]
    tile, lane, v = where[0], where[1], where[2]
    address = np.uint32(np.int64(month) & 0xFFFFFFFF)
    mentored = plan.mentor[POSTS] > 0.0 and offer.mentor_tiles.size > 1
    active = plan.number.size > 0 or plan.community_start.size > 0 or mentored
    begin_month(block, month, calendar, address, seed, replicate)
    if month == end:
        close_places(running.slots)
    clear(scratch.doses)
    clear(scratch.work)
    clear(scratch.village_doses)
    if active and month < end:
        serve_villages(block, running, plan, offer, tally, scratch, month)
        for slot in range(plan.number.size):
            if offer.places[slot, month] >= 0:
                row = applications[slot]
                row[0] = ONE
                row[8] = np.float32(offer.places[slot, month])
                stand_in_line(block, running, plan, p, slot, scratch, address, seed, replicate, tile, lane, row)
        enrol(block, running, plan, p, offer, tally, scratch, month, address, seed, replicate)
        if mentored:
            m = ask_for_visits(block, running, plan, offer, scratch, address, seed, replicate, tile, lane, visiting)
            visit(block, running, plan, p, offer, tally, scratch, month, address, seed, replicate)
            made = ZERO
            for t in range(offer.mentor_tiles[m], offer.mentor_tiles[m + 1]):
                for at in range(LANES):
                    made += scratch.demand[t, at]
            visiting[3] = scratch.demand[tile, lane]
            visiting[5] = made
            visiting[8] = scratch.held[tile]
        village_doses(running, plan, scratch, v)
        dose_strip(block, running, plan, tally, scratch, tile, 1, month, block.village[v, _LINE], mentored)
    draw_strip(block.id_low, block.id_high, scratch.draws, scratch.lanes, tile, 1, address, seed, replicate)
    return 0


@kernel
def _seen(consumption: float, error: float, noise: float) -> Any:
    """Consumption as the register has it."""
    return observed(consumption, error, noise)


def seen_by_register(home: FloatArray, noise: float) -> float:
    """Consumption (L a month) of a household as a programme with this targeting noise sees it."""
    return float(_seen(home[ROW["consumption"]], home[ROW["register_error"]], np.float32(noise)))


# ---------------------------------------------------------------- the trace


@dataclass(frozen=True, eq=False)
class Trace:
    """A household's months under one policy; row m is month m. M months, S programmes, C community programmes."""

    policy: Policy
    start: FloatArray
    """Shape (ROWS,): the household when the policy begins."""
    before: FloatArray
    """Shape (M, ROWS): the household at the end of the month before."""
    home: FloatArray
    """Shape (M, ROWS): as its month finds it; trust may have changed with the mentor."""
    after: FloatArray
    """Shape (M, ROWS): at the end of the month."""
    village: FloatArray
    """Shape (M, VILLAGE_ROWS): as the month finds it."""
    dose: FloatArray
    """Shape (M, DOSES), in the order of `rules.month.Dose`."""
    draw: FloatArray
    """Shape (M, DRAWS), in the order of `rules.month.Draw`."""
    account: FloatArray
    """Shape (M, len(Account._fields))."""
    applications: FloatArray
    """Shape (M, S, len(Application._fields))."""
    visiting: FloatArray
    """Shape (M, len(Visiting._fields))."""
    held: NDArray[np.uint8]
    """Shape (M, S): places during the month: 0 never held, 255 over, else months left, this one included."""
    kept: NDArray[np.uint8]
    """Shape (M, S): places after the month."""
    served: NDArray[np.uint8]
    """Shape (M, C): 1 where a community programme serves the village."""
    stage: NDArray[np.int8]
    """Shape (M,): index into `outputs.STAGES` at the end of the month."""

    def column(self, name: str) -> FloatArray:
        """A column of `schema.HOUSEHOLD` at the end of each month."""
        return self.after[:, ROW[name]]


def position_of(begun: Begun, household_id: int) -> tuple[int, int] | None:
    """Tile and lane of a household in a block; None if it does not live there."""
    low, high = np.uint32(household_id & 0xFFFFFFFF), np.uint32(household_id >> 32)
    block = begun.block
    high_word = block.id_high & np.uint32(0x00FFFFFF)
    found = np.argwhere((block.live > 0) & (block.id_low == low) & (high_word == high))
    return (int(found[0][0]), int(found[0][1])) if len(found) else None


def trace_household(
    begun: Begun,
    household_id: int,
    policy: Policy,
    *,
    portion: Portion,
    travel: Travel,
    parameters: Any,
    months: int,
    seed: int,
    replicate: int,
    judged: int,
    calendar: int,
    mean_line: np.float32,
) -> Trace:
    """Follow a household of a burnt-in block through a policy; `portion` and the rest as in `lives.Lives`.

    The block itself is not changed. Raises `SimulationError` if the household does not live there, or if an account
    differs from what the engine did (which would be a fault of this module).
    """
    found = position_of(begun, household_id)
    if found is None:
        raise SimulationError(f"household {household_id}: expected one of the block, found none of this id")
    tile, lane = found
    key = np.uint32(seed), np.uint32(replicate)
    values = record_of(parameters)
    block = copy_of(begun.block)
    block.state[:, ROW["welfare"]] = 0.0
    began = starting_consumption(block)
    tiles, villages = block.state.shape[0], block.village.shape[0]
    offer = offer_of(policy, begun.identity, portion, tiles, villages, months, *key)
    running = running_of(block, len(policy.programmes), offer.mentor_tiles.size - 1, len(policy.community))
    running.mentors[:] = new_mentors(policy.mentors, offer.mentor_tiles.size - 1)
    plan = with_portion(plan_of(policy, travel, begun.region, portion), policy, portion)
    tally, scratch = empty_tally(policy, months), scratch_for(tiles)
    end, judged = min(policy.end, months), min(judged, months)
    village = int(block.tile_village[tile])
    number = int((block.live[:tile] > 0).sum() + (block.live[tile, :lane] > 0).sum())
    slots, communities = len(policy.programmes), len(policy.community)
    made = Trace(
        policy=policy,
        start=block.state[tile, :, lane].copy(),
        before=np.zeros((months, ROWS), np.float32),
        home=np.zeros((months, ROWS), np.float32),
        after=np.zeros((months, ROWS), np.float32),
        village=np.zeros((months, VILLAGE_ROWS), np.float32),
        dose=np.zeros((months, DOSES), np.float32),
        draw=np.zeros((months, DRAWS), np.float32),
        account=np.zeros((months, ACCOUNT), np.float32),
        applications=np.zeros((months, max(slots, 1), _APPLICATION), np.float32),
        visiting=np.zeros((months, _VISITING), np.float32),
        held=np.zeros((months, slots), np.uint8),
        kept=np.zeros((months, slots), np.uint8),
        served=np.zeros((months, communities), np.uint8),
        stage=np.zeros(months, np.int8),
    )
    rows = np.zeros((ACCOUNT, LANES), np.float32)
    expected = np.zeros(ROWS, np.float32)
    where = np.array([tile, lane, village], np.int64)
    for month in range(months):
        early, busy = copy_of(block), _copy_of_running(running)
        when = np.array([month, end, calendar], np.int64)
        made.before[month] = block.state[tile, :, lane]
        _prepare(
            early,
            busy,
            plan,
            offer,
            empty_tally(policy, months),
            scratch,
            values,
            when,
            where,
            *key,
            made.applications[month],
            made.visiting[month],
        )
        made.home[month] = early.state[tile, :, lane]
        made.village[month] = early.village[village]
        made.dose[month], made.draw[month] = scratch.doses[0, :, lane], scratch.draws[0, :, lane]
        made.held[month] = busy.slots[tile, :slots, lane]
        if month < end:  # afterwards nobody serves; the marks only stand
            made.served[month] = busy.served[:communities, village]
        consumed = write_account(
            values,
            made.village[month],
            early.state[tile],
            scratch.doses[0],
            scratch.draws[0],
            lane,
            np.float32(month + 1),
            rows,
            expected,
        )
        made.account[month] = rows[:, 0]
        schedule = schedule_of(month, month + 1, months - judged, end, months, calendar)
        advance(block, running, plan, offer, tally, scratch, values, schedule, *key, mean_line)
        made.after[month] = block.state[tile, :, lane]
        made.kept[month] = running.slots[tile, :slots, lane]
        made.stage[month] = ends_of(block, running, began, judged, parameters).stage[number]
        _check(made, month, expected, consumed)
    return made


def _copy_of_running(running: Running) -> Running:
    return Running(
        slots=running.slots.copy(),
        mentors=running.mentors.copy(),
        served=running.served.copy(),
        graduates=running.graduates.copy(),
    )


def _check(made: Trace, month: int, expected: FloatArray, consumed: Any) -> None:
    """Raise `SimulationError` unless the account of a month is what the engine did, to the last bit."""
    written = [row for name, row in ROW.items() if name != "welfare"]
    same = made.after[month][written].tobytes() == expected[written].tobytes()
    if not same or np.float32(consumed) != made.after[month, ROW["consumption"]]:
        wrong = [name for name, row in ROW.items() if name != "welfare" and made.after[month, row] != expected[row]]
        raise SimulationError(
            f"month {month}: expected the account of a household to equal the engine's own month, found a difference "
            f"in {', '.join(wrong) or 'consumption'}; this is a fault of the program: please report it"
        )


__all__ = [
    "PARTS",
    "Account",
    "Application",
    "Trace",
    "Visiting",
    "position_of",
    "seen_by_register",
    "trace_household",
    "traced_difference",
]
