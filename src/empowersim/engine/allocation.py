"""Rationing: places of programmes and hours of mentors go to the smallest (priority, id).

One more place adds one household and moves nobody else: who is served is the set of the n
smallest keys, ties going to the smaller id, and no key depends on n.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from empowersim._jit import LANES, loop, rule, select, wide_vectors
from empowersim.engine.arrays import FINISHED, view_lane, view_state, view_words
from empowersim.maths import ONE, ZERO, exp, flag, greater, log
from empowersim.rng import Kind, philox, uniform_from
from empowersim.schema import CHANNEL_ROW, ROW, ROWS

PRIORITIES: Final = ("lottery", "poorest_first", "neediest_first", "most_motivated")
"""Orders in which applicants get places."""

RULES: Final = ("equal", "round_robin", "neediest_first", "poorest_first", "near_threshold", "random")
"""Orders in which a mentor's clients get visits when hours are short."""

MENTOR_FIELDS: Final = (
    "posts",
    "hours",
    "admin_hours",
    "admin_hours_per_client",
    "training_hours",
    "session_hours",
    "visit_hours",
    "group_size",
    "round_trip_hours",
    "sessions_per_trip",
    "visits_per_trip",
    "access",
    "signal_factor",
    "competence",
    "trust_bonus",
    "observation_noise",
)
"""Numbers of a block's mentors, in the order of `Plan.mentor`; visit and session hours fit the region type."""

_FIELD: Final = {name: position for position, name in enumerate(MENTOR_FIELDS)}
_POSTS, _HOURS, _ADMIN, _ADMIN_CLIENT, _TRAINING = (
    _FIELD[name] for name in ("posts", "hours", "admin_hours", "admin_hours_per_client", "training_hours")
)
_SESSION, _VISIT, _GROUP, _ROUND_TRIP = (
    _FIELD[name] for name in ("session_hours", "visit_hours", "group_size", "round_trip_hours")
)
_PER_SESSION_TRIP, _PER_VISIT_TRIP, _ACCESS, _SIGNAL, _NOISE = (
    _FIELD[name] for name in ("sessions_per_trip", "visits_per_trip", "access", "signal_factor", "observation_noise")
)
COMPETENCE: Final = _FIELD["competence"]
TRUST_BONUS: Final = _FIELD["trust_bonus"]
POSTS: Final = _POSTS

_CONSUMPTION: Final = ROW["consumption"]
_EMPOWERMENT: Final = ROW["empowerment"]
_INITIATIVE: Final = ROW["initiative"]
_REGISTER: Final = ROW["register_error"]
_UNSEEN: Final = ROW["unseen"]
_CHILDREN: Final = ROW["children"]
_VISITS_ROW: Final = ROW["visits"]
_VISITS_CHANNEL: Final = CHANNEL_ROW["visits"]
_SESSIONS_CHANNEL: Final = CHANNEL_ROW["sessions"]
_LOTTERY, _POOREST, _NEEDIEST, _MOTIVATED = range(len(PRIORITIES))
_EQUAL, _ROUND_ROBIN, _NEEDIEST_FIRST, _POOREST_FIRST, _NEAR, _RANDOM = range(len(RULES))
_TOWARDS_PROGRAMME: Final = np.uint32(Kind.PROGRAMME << 24)
_TOWARDS_MENTOR: Final = np.uint32(Kind.MENTOR << 24)
_NOT_ASKING: Final = np.float32(np.inf)
_FINISHED: Final = np.float32(FINISHED)
_SERVED: Final = np.float32(np.inf)
_TOLERANCE: Final = 1e-9
"""Guards a whole number of visits against the last bit of the hours."""

AVAILABLE, ADMINISTRATION, TRAINING, TRAVEL, SESSIONS, VISITS = range(6)


class Served(NamedTuple):
    """Cut of a rationing: all keys below `key`, and of those equal to it the first `ties` by id."""

    key: Any
    ties: int


@loop
def cut(keys: Any, count: int, places: int, heap: Any) -> Any:
    """`Served` so that exactly min(places, count) of the first `count` keys get in.

    Quickselect on a copy in `heap`; the result depends on the values alone, not on how they are partitioned.
    """
    if places >= count:
        return Served(_SERVED, 0)
    if places <= 0:
        return Served(-_SERVED, 0)
    for position in range(count):
        heap[position] = keys[position]
    wanted = places - 1
    low, high = 0, count - 1
    while low < high:
        pivot = heap[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while heap[i] < pivot:
                i += 1
            while heap[j] > pivot:
                j -= 1
            if i <= j:
                heap[i], heap[j] = heap[j], heap[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    key = heap[wanted]
    below = 0
    for position in range(count):
        if keys[position] < key:
            below += 1
    return Served(key, places - below)


@rule
def observed(consumption: float, error: float, noise: float) -> float:
    """Consumption (L a month) as the social register has it; `noise` is the log s.d. of its errors."""
    return consumption * exp(noise * error)


@rule
def within(value: float, low: float, high: float) -> float:
    """1 where low <= value <= high, else 0."""
    return flag(value >= low) * flag(value <= high)


@loop
def screen_tile(block: Any, slots: Any, plan: Any, slot: int, tile: int, keys: Any, key0: Any, key1: Any) -> int:
    """Keys of a tile's applicants for a programme (the smaller, the earlier); infinite for all others.

    An applicant is alive, eligible in the register's eyes, willing (its own draw towards this programme), and does not
    hold the place or, where that counts, has not held it before.
    """
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    live = view_lane(block.live, tile * LANES)
    low_id = view_words(block.id_low, tile * LANES)
    high_id = view_words(block.id_high, tile * LANES)
    key = view_lane(keys, 0)
    number, noise, take_up = plan.number[slot], plan.noise[slot], plan.take_up[slot]
    order = plan.priority[slot]
    poorest, neediest, motivated = flag(order == _POOREST), flag(order == _NEEDIEST), flag(order == _MOTIVATED)
    by_lottery = ONE - poorest - neediest - motivated
    for lane in range(LANES):
        high = high_id[0, lane] | _TOWARDS_PROGRAMME
        w0, w1, _, _ = philox(low_id[0, lane], np.uint32(high), np.uint32(0), number, key0, key1)
        seen = observed(state[_CONSUMPTION, lane], state[_REGISTER, lane], noise)
        rank = poorest * seen + neediest * state[_EMPOWERMENT, lane] - motivated * state[_INITIATIVE, lane]
        willing = flag(uniform_from(w0) < take_up) * live[0, lane]
        key[0, lane] = select(willing > ZERO, rank + by_lottery * uniform_from(w1), _NOT_ASKING)
    for c in range(plan.condition_row.shape[1]):
        row = plan.condition_row[slot, c]
        if row < 0:
            break
        low, high_bound = plan.condition_low[slot, c], plan.condition_high[slot, c]
        error = noise if plan.condition_observed[slot, c] else ZERO
        for lane in range(LANES):
            value = observed(block.state[tile, row, lane], state[_REGISTER, lane], error)
            key[0, lane] = select(within(value, low, high_bound) > ZERO, key[0, lane], _NOT_ASKING)
    again = not plan.once[slot]
    for lane in range(LANES):
        held = slots[tile, slot, lane]
        if held != 0 and not (again and held == FINISHED):
            key[0, lane] = _NOT_ASKING
    return 0


@loop
def enrol(
    block: Any, slots: Any, plan: Any, offer: Any, tally: Any, scratch: Any, month: int, key0: Any, key1: Any
) -> int:
    """Fill the places that programmes offer this month from the eligible and willing."""
    keys, who = scratch.keys, scratch.who
    for slot in range(plan.number.size):
        places = offer.places[slot, month]
        if places < 0:
            continue
        count = 0
        for tile in range(block.state.shape[0]):
            screen_tile(block, slots, plan, slot, tile, scratch.lanes, key0, key1)
            for lane in range(LANES):
                key = scratch.lanes[0, lane]
                if key < _NOT_ASKING:
                    keys[count] = key
                    who[count] = tile * LANES + lane
                    count += 1
        tally.applicants[slot, month] = count
        served = cut(keys, count, places, scratch.heap)
        ties = served.ties
        for position in range(count):
            key = keys[position]
            if key > served.key:
                continue
            if key == served.key:
                if ties == 0:
                    continue
                ties -= 1
            tile, lane = who[position] // LANES, who[position] % LANES
            slots[tile, slot, lane] = np.uint8(plan.duration[slot])
            tally.filled[slot, month] += 1
            children = np.int64(block.state[tile, _CHILDREN, lane])
            tally.starters[slot, month] += children if plan.per_child[slot] else 1
    return 0


@loop
def wanted_in_tile(slots: Any, plan: Any, tile: int, channel: int, wanted: Any, lanes: int) -> int:
    """Largest dose of a channel (visits or sessions a month) that each household's places ask for."""
    for lane in range(lanes):
        wanted[lane] = ZERO
    for n in range(plan.dose_slot.size):
        if plan.dose_channel[n] == channel:
            slot, amount = plan.dose_slot[n], plan.dose_amount[n]
            for lane in range(lanes):
                held = np.float32(slots[tile, slot, lane])
                wanted[lane] = greater(wanted[lane], amount * flag(held > ZERO) * flag(held < _FINISHED))
    return 0


@rule
def visit_key(state: Any, tile: int, lane: int, order: int, noise: float, lottery: float) -> float:
    """Key of a client waiting for a visit: the smaller, the earlier; the register's view, not the truth."""
    if order == _NEEDIEST_FIRST:
        return state[tile, _EMPOWERMENT, lane]
    seen = observed(state[tile, _CONSUMPTION, lane], state[tile, _REGISTER, lane], noise)
    if order == _POOREST_FIRST:
        return seen
    if order == _NEAR:
        return np.abs(log(seen))
    if order == _RANDOM:
        return lottery
    return -state[tile, _UNSEEN, lane]


@rule
def hours_of_month(plan: Any, share: float, clients: int, meetings: float, hours: Any, trips: Any, month: int) -> Any:
    """Spend one mentor's month in the order administration, training, sessions, visits.

    `share` of a full-time post, `clients` households, `meetings` household-sessions wanted. Adds to the ledger
    `hours`; returns the share of sessions that take place (0-1) and the visits that can be made (whole number).
    """
    mentor = plan.mentor
    total = mentor[_HOURS] * share
    hours[AVAILABLE, month] += total
    if clients == 0:
        return 0.0, 0
    admin = min(total, (mentor[_ADMIN] * share + mentor[_ADMIN_CLIENT] * clients) * mentor[_SIGNAL])
    training = min(total - admin, mentor[_TRAINING] * share)
    rest = total - admin - training
    groups = np.ceil(meetings / mentor[_GROUP])
    travel_a_session = mentor[_ROUND_TRIP] / mentor[_PER_SESSION_TRIP]
    need = groups * (mentor[_SESSION] + travel_a_session)
    held = min(mentor[_ACCESS], rest / need) if need > 0.0 else 0.0
    travel_a_visit = mentor[_ROUND_TRIP] / mentor[_PER_VISIT_TRIP]
    rest = max(rest - held * need, 0.0)
    visits = np.floor(rest * mentor[_ACCESS] / (mentor[_VISIT] + travel_a_visit) + _TOLERANCE)
    hours[ADMINISTRATION, month] += admin
    hours[TRAINING, month] += training
    hours[SESSIONS, month] += groups * held * mentor[_SESSION]
    hours[TRAVEL, month] += groups * held * travel_a_session
    trips[0, month] += groups * held / mentor[_PER_SESSION_TRIP]
    trips[1, month] += groups * held
    return held, int(visits)


@rule
def spend_visits(plan: Any, made: float, hours: Any, trips: Any, month: int) -> int:
    """Enter `made` visits of a month into the ledger of hours and trips."""
    mentor = plan.mentor
    hours[VISITS, month] += made * mentor[_VISIT]
    hours[TRAVEL, month] += made * mentor[_ROUND_TRIP] / mentor[_PER_VISIT_TRIP]
    trips[0, month] += made / mentor[_PER_VISIT_TRIP]
    return 0


@loop
def visit_in_rounds(
    block: Any, plan: Any, first: int, last: int, visits: int, scratch: Any, month: Any, key0: Any, key1: Any
) -> float:
    """Give whole visits to the clients who are due, the most urgent first; returns the visits made.

    `scratch.demand` holds the visits wanted a month; on return it holds those made. A household that wants less
    than one visit a month is due when its turn has come round.
    """
    demand, keys, who = scratch.demand, scratch.keys, scratch.who
    state = block.state
    noise = np.float32(plan.mentor[_NOISE])
    made = 0
    turn = 1
    while True:
        count = 0
        for tile in range(first, last):
            for lane in range(LANES):
                wanted = demand[tile, lane]
                if wanted == ZERO:
                    continue
                due = int(wanted)
                if wanted < ONE:
                    due = 1 if (state[tile, _UNSEEN, lane] + ONE) * wanted >= ONE else 0
                if due < turn:
                    continue
                lottery = ZERO
                if plan.mentor_rule == _RANDOM:
                    high = block.id_high[tile, lane] | _TOWARDS_MENTOR
                    words = philox(block.id_low[tile, lane], np.uint32(high), month, np.uint32(0), key0, key1)
                    lottery = uniform_from(words[0])
                keys[count] = visit_key(state, tile, lane, plan.mentor_rule, noise, lottery)
                who[count] = tile * LANES + lane
                count += 1
        served = cut(keys, count, visits - made, scratch.heap)
        ties = served.ties
        for position in range(count):
            key = keys[position]
            if key > served.key:
                continue
            if key == served.key:
                if ties == 0:
                    continue
                ties -= 1
            scratch.given[who[position] // LANES, who[position] % LANES] += ONE
            made += 1
        turn += 1
        if count == 0 or made >= visits:
            break
    for tile in range(first, last):
        for lane in range(LANES):
            demand[tile, lane] = scratch.given[tile, lane]
            scratch.given[tile, lane] = ZERO
    return float(made)


@loop
def visit(
    block: Any,
    slots: Any,
    plan: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    month: int,
    address: Any,
    key0: Any,
    key1: Any,
) -> int:
    """Share out the month of every mentor over the households of its area.

    On return `scratch.demand` holds the visits each household gets and `scratch.held` the share of its group
    sessions that take place, tile by tile.
    """
    mentors = offer.mentor_tiles.size - 1
    share = plan.mentor[_POSTS] / mentors
    demand = scratch.demand
    for mentor in range(mentors):
        first, last = offer.mentor_tiles[mentor], offer.mentor_tiles[mentor + 1]
        clients = 0
        meetings = 0.0
        total = 0.0
        for tile in range(first, last):
            wanted_in_tile(slots, plan, tile, _VISITS_CHANNEL, demand[tile], LANES)
            wanted_in_tile(slots, plan, tile, _SESSIONS_CHANNEL, scratch.lanes[0], LANES)
            for lane in range(LANES):
                wanted, sessions = demand[tile, lane], scratch.lanes[0, lane]
                total += wanted
                meetings += sessions
                if wanted + sessions > ZERO:
                    clients += 1
        held, visits = hours_of_month(plan, share, clients, meetings, tally.hours, tally.trips, month)
        made = total
        if plan.mentor_rule == _EQUAL:
            part = min(1.0, visits / total) if total > 0.0 else 0.0
            made = total * part
            for tile in range(first, last):
                for lane in range(LANES):
                    demand[tile, lane] *= np.float32(part)
        elif clients > 0:
            made = visit_in_rounds(block, plan, first, last, visits, scratch, address, key0, key1)
        spend_visits(plan, made, tally.hours, tally.trips, month)
        for tile in range(first, last):
            scratch.held[tile] = np.float32(held)
    return 0
