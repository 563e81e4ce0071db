"""Rationing: places of programmes and hours of mentors go to the smallest (priority, id).

One more place adds one household and moves nobody else: who is served is the set of the n
smallest keys, ties going to the smaller id, and no key depends on n.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from empowersim._jit import LANES, add_signed32, loop, rule, select, to_int32, wide_vectors
from empowersim.engine.arrays import (
    FINISHED,
    MENTOR_STATE,
    view_bytes,
    view_lane,
    view_queue,
    view_state,
    view_words,
)
from empowersim.engine.outputs import MENTOR_SERIES
from empowersim.maths import HALF, ONE, ZERO, exp, flag, greater, log
from empowersim.rng import TRAITS, Kind, Stream, philox, uniform_from
from empowersim.rules import mentoring, mentors
from empowersim.rules.month import MONTHS_UNSEEN_MOST
from empowersim.rules.programmes import acceptance
from empowersim.schema import CHANNEL_ROW, ROW, ROWS

PRIORITIES: Final = ("lottery", "poorest_first", "neediest_first", "most_motivated")
"""Orders in which applicants get places."""

RULES: Final = (
    "equal",
    "round_robin",
    "neediest_first",
    "poorest_first",
    "near_threshold",
    "random",
    "cluster",
    "responsive",
    "max_gain",
    "two_tier",
)
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
    "facilitative",
    "educational",
    "representational",
    "technical",
    "refresher",
    "coaching",
    "peer_group",
    "permanent",
    "pay_ratio",
    "rotation",
    "handover",
    "local",
    "coordination",
    "dynamics",
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
_TRUST_BONUS, _MIX = _FIELD["trust_bonus"], _FIELD["facilitative"]
_REFRESHER, _COACHING, _PEERS, _PERMANENT, _PAY, _ROTATION, _HANDOVER, _LOCAL, _COORDINATION, _DYNAMICS = (
    _FIELD[name]
    for name in (
        "refresher",
        "coaching",
        "peer_group",
        "permanent",
        "pay_ratio",
        "rotation",
        "handover",
        "local",
        "coordination",
        "dynamics",
    )
)
COMPETENCE: Final = _FIELD["competence"]
POSTS: Final = _POSTS

_CONSUMPTION: Final = ROW["consumption"]
_EMPOWERMENT: Final = ROW["empowerment"]
_REGISTER: Final = ROW["register_error"]
_UNSEEN: Final = ROW["unseen"]
_AGENCY: Final = ROW["agency_base"]
_CHILDREN: Final = ROW["children"]
_MOTIVATION: Final = ROW["motivation"]
_PRACTICE: Final = ROW["business_practice"]
_TRUST: Final = ROW["trust"]
_BURNOUT, _IN_POST, _SINCE_COURSE, _VACANT = range(4, len(MENTOR_STATE))
_ROLES: Final = 4
_YEAR: Final = np.float32(12)
_UNSEEN_MOST: Final = np.float32(MONTHS_UNSEEN_MOST)
_MENTOR_GROUP: Final = np.uint32(Stream.TURNOVER // 4)
_POST_SERIES, _VACANT_SERIES, _COMPETENCE_SERIES, _BURNOUT_SERIES, _LEFT_SERIES, _CLIENT_SERIES, _VISITED_SERIES = (
    range(len(MENTOR_SERIES))
)
_VISITS_CHANNEL: Final = CHANNEL_ROW["visits"]
_SESSIONS_CHANNEL: Final = CHANNEL_ROW["sessions"]
_LOTTERY, _POOREST, _NEEDIEST, _MOTIVATED = range(len(PRIORITIES))
_EQUAL, _ROUND_ROBIN, _NEEDIEST_FIRST, _POOREST_FIRST, _NEAR, _RANDOM, _CLUSTER, _RESPONSIVE, _GAIN, _TWO_TIER = range(
    len(RULES)
)
_TOWARDS_PROGRAMME: Final = np.uint32(Kind.PROGRAMME << 24)
_TOWARDS_MENTOR: Final = np.uint32(Kind.MENTOR << 24)
_ONCE: Final = np.uint32(TRAITS & 0xFFFFFFFF)
_TIE: Final = np.float32(1e-5)
"""Weight of the lottery that breaks ties; below what any order tells apart."""
_NOT_ASKING: Final = np.float32(np.inf)
_FINISHED: Final = np.float32(FINISHED)
_SERVED: Final = np.float32(np.inf)
_SMALL: Final = np.float32(1e-6)
_CLUSTER_STEP: Final = 7
"""Tiles by which the place of the day moves on each month; a small prime visits all in turn."""
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
def screen_tile(block: Any, slots: Any, plan: Any, slot: int, tile: int, mark: Any) -> Any:
    """Mark (1) who of a tile may apply for a programme; returns how many.

    Who may is alive, eligible in the register's eyes, and does not hold the place or, where that counts, has not held
    it before.
    """
    wide_vectors()
    state = view_state(block.state, tile * ROWS * LANES)
    live = view_lane(block.live, tile * LANES)
    held = view_bytes(slots, (tile * slots.shape[1] + slot) * LANES)
    may = view_lane(mark, 0)
    noise = plan.noise[slot]
    again = ONE if not plan.once[slot] else ZERO
    for lane in range(LANES):
        had = np.float32(held[0, lane])
        may[0, lane] = live[0, lane] * greater(flag(had == ZERO), again * flag(had == _FINISHED))
    for c in range(plan.condition_row.shape[1]):
        row = plan.condition_row[slot, c]
        if row < 0:
            break
        low, high = plan.condition_low[slot, c], plan.condition_high[slot, c]
        column = view_lane(block.state, (tile * ROWS + row) * LANES)
        if plan.condition_observed[slot, c]:
            for lane in range(LANES):
                seen = observed(column[0, lane], state[_REGISTER, lane], noise)
                may[0, lane] = may[0, lane] * within(seen, low, high)
        else:
            for lane in range(LANES):
                may[0, lane] = may[0, lane] * within(column[0, lane], low, high)
    count = np.int32(0)
    for lane in range(LANES):
        count = add_signed32(count, to_int32(may[0, lane]))
    return count


@loop
def rank_queue(queue: Any, plan: Any, p: Any, slot: int, keys: Any, address: Any, key0: Any, key1: Any) -> int:
    """Keys of the queued (the smaller, the earlier); infinite for the unwilling.

    Willing or not is drawn once in a life (its own draw towards this programme), the lottery anew at every intake; it
    also breaks ties of other orders, so that equals are not served village by village.
    """
    wide_vectors()
    low_id, high_id = view_words(queue.low, 0), view_words(queue.high, 0)
    columns = view_queue(queue.columns, 0)
    key = view_lane(keys, 0)
    number, noise, take_up = plan.number[slot], plan.noise[slot], plan.take_up[slot]
    order = plan.priority[slot]
    poorest, neediest, motivated = flag(order == _POOREST), flag(order == _NEEDIEST), flag(order == _MOTIVATED)
    by_lottery = greater(ONE - poorest - neediest - motivated, _TIE)
    for lane in range(LANES):
        high = high_id[0, lane] | _TOWARDS_PROGRAMME
        w0, _, _, _ = philox(low_id[0, lane], np.uint32(high), _ONCE, number, key0, key1)
        _, w1, _, _ = philox(low_id[0, lane], np.uint32(high), address, number, key0, key1)
        seen = observed(columns[0, lane], columns[1, lane], noise)
        rank = poorest * seen + neediest * columns[2, lane]
        rank = rank - motivated * columns[3, lane]
        willing = flag(uniform_from(w0) < acceptance(p, take_up, columns[3, lane]))
        key[0, lane] = select(willing > ZERO, rank + by_lottery * uniform_from(w1), _NOT_ASKING)
    return 0


@loop
def enrol(
    block: Any,
    running: Any,
    plan: Any,
    p: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    month: int,
    address: Any,
    key0: Any,
    key1: Any,
) -> int:
    """Fill the places that programmes offer this month from the eligible and willing.

    Who may apply is queued in the order of households and drawn for in full vectors: most of a district may not.
    """
    slots, keys, who, queue = running.slots, scratch.keys, scratch.who, scratch.queue
    last = block.state.shape[0] - 1
    for slot in range(plan.number.size):
        places = offer.places[slot, month]
        if places < 0:
            continue
        count = 0
        queued = 0
        for tile in range(block.state.shape[0]):
            marked = screen_tile(block, slots, plan, slot, tile, scratch.lanes)
            lane = 0
            while marked > 0 or (tile == last and queued > 0):
                if marked > 0:
                    while scratch.lanes[0, lane] == ZERO:
                        lane += 1
                    queue.low[0, queued] = block.id_low[tile, lane]
                    queue.high[0, queued] = block.id_high[tile, lane]
                    queue.columns[0, queued] = block.state[tile, _CONSUMPTION, lane]
                    queue.columns[1, queued] = block.state[tile, _REGISTER, lane]
                    queue.columns[2, queued] = block.state[tile, _EMPOWERMENT, lane] + block.state[tile, _AGENCY, lane]
                    queue.columns[3, queued] = block.state[tile, _MOTIVATION, lane]
                    queue.who[queued] = tile * LANES + lane
                    queued += 1
                    marked -= 1
                    lane += 1
                if queued == LANES or (tile == last and marked == 0):
                    rank_queue(queue, plan, p, slot, queue.keys, address, key0, key1)
                    for position in range(queued):
                        if queue.keys[0, position] < _NOT_ASKING:
                            keys[count] = queue.keys[0, position]
                            who[count] = queue.who[position]
                            count += 1
                    queued = 0
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
            running.graduates[slot] += 1.0
            children = np.int64(block.state[tile, _CHILDREN, lane])
            tally.starters[slot, month] += children if plan.per_child[slot] else 1
    return 0


@loop
def wanted_in_tile(slots: Any, plan: Any, tile: int, channel: int, wanted: Any, lanes: int) -> int:
    """What each household's places ask of its mentor: the largest wish for visits, the sum of all sessions."""
    for lane in range(lanes):
        wanted[lane] = ZERO
    for n in range(plan.dose_slot.size):
        if plan.dose_channel[n] == channel:
            slot, amount = plan.dose_slot[n], plan.dose_amount[n]
            for lane in range(lanes):
                held = np.float32(slots[tile, slot, lane])
                asked = amount * flag(held > ZERO) * flag(held < _FINISHED)
                added = wanted[lane] + asked if channel == _SESSIONS_CHANNEL else greater(wanted[lane], asked)
                wanted[lane] = added
    return 0


@rule
def visit_key(p: Any, state: Any, tile: int, lane: int, order: int, noise: float, lottery: float) -> float:
    """Key of a client waiting for a visit: the smaller, the earlier.

    It goes by what the mentor observes: the register's error about consumption, smaller where trust is high.
    """
    error = state[tile, _REGISTER, lane] * (ONE - state[tile, _TRUST, lane])
    seen = observed(state[tile, _CONSUMPTION, lane], error, noise)
    if order == _NEEDIEST_FIRST:
        return state[tile, _EMPOWERMENT, lane] + state[tile, _AGENCY, lane] + noise * error
    if order in (_POOREST_FIRST, _TWO_TIER):
        return seen
    if order == _NEAR:
        return np.abs(log(seen / p.independence_line))
    if order in (_RANDOM, _CLUSTER):
        return lottery
    if order == _RESPONSIVE:
        return -state[tile, _MOTIVATION, lane]
    if order == _GAIN:
        works = p.contact_base + p.contact_per_trust * state[tile, _TRUST, lane]
        return -works * (ONE - state[tile, _PRACTICE, lane]) * exp(-noise * error)
    return -state[tile, _UNSEEN, lane]


class Month(NamedTuple):
    """How a mentor's month is laid out."""

    held: float
    """Share of the group sessions that take place (0-1)."""
    visits: int
    """Visits that can be made."""
    total: float
    """Hours there."""
    admin: float
    travel: float
    """Hours on the road to sessions."""
    need: float
    """Hours wanted for administration, training and sessions."""
    per_visit: float
    """Hours a visit, its part of the trip included."""


@rule
def hours_of_month(
    plan: Any, total: float, share: float, trips_possible: float, per_trip: float, clients: int, meetings: float
) -> Any:
    """Lay out one mentor's month in the order administration, training, sessions, visits.

    `total` hours there of a mentor who is `share` of a full-time post; `trips_possible` 0-1 this month; `per_trip`
    visits a trip; `clients` households and `meetings` household-sessions wanted. Visits are a whole number.
    """
    mentor = plan.mentor
    admin = (mentor[_ADMIN] * share + mentor[_ADMIN_CLIENT] * clients) * mentor[_SIGNAL]
    training = mentor[_TRAINING] * share
    groups = np.ceil(meetings / mentor[_GROUP])
    travel_a_session = mentor[_ROUND_TRIP] / mentor[_PER_SESSION_TRIP]
    sessions = groups * (mentor[_SESSION] + travel_a_session)
    travel_a_visit = mentor[_ROUND_TRIP] / per_trip
    per_visit = mentor[_VISIT] + travel_a_visit
    need = admin + training + sessions
    admin = min(total, admin)
    rest = max(total - admin - training, 0.0)
    held = min(trips_possible, rest / sessions) if sessions > 0.0 else 0.0
    rest = max(rest - held * sessions, 0.0)
    visits = np.floor(rest * trips_possible / per_visit + _TOLERANCE)
    return Month(held, int(visits), total, admin, groups * held * travel_a_session, need, per_visit)


@rule
def enter_hours(
    plan: Any, laid: Any, share: float, meetings: float, made: float, per_trip: float, tally: Any, month: int
) -> float:
    """Enter a mentor's month into the ledger of hours and trips; returns the hours on the road."""
    mentor, hours, trips = plan.mentor, tally.hours, tally.trips
    groups = np.ceil(meetings / mentor[_GROUP]) * laid.held
    on_the_road = laid.travel + made * mentor[_ROUND_TRIP] / per_trip
    hours[ADMINISTRATION, month] += laid.admin
    hours[TRAINING, month] += min(laid.total - laid.admin, mentor[_TRAINING] * share)
    hours[SESSIONS, month] += groups * mentor[_SESSION]
    hours[VISITS, month] += made * mentor[_VISIT]
    hours[TRAVEL, month] += on_the_road
    trips[0, month] += groups / mentor[_PER_SESSION_TRIP] + made / per_trip
    trips[1, month] += groups
    return on_the_road


@loop
def visit_in_rounds(
    block: Any, plan: Any, p: Any, first: int, last: int, visits: int, scratch: Any, month: Any, key0: Any, key1: Any
) -> float:
    """Give whole visits to the clients who are due, the most urgent first; returns the visits made.

    `scratch.demand` holds the visits wanted a month; on return it holds those made. A fraction of a visit is
    rounded by the household's own draw, so that over the months nobody loses it.
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
                high = block.id_high[tile, lane] | _TOWARDS_MENTOR
                words = philox(block.id_low[tile, lane], np.uint32(high), month, np.uint32(0), key0, key1)
                due = int(wanted + uniform_from(words[1]))
                if due < turn:
                    continue
                lottery = uniform_from(words[0])
                if plan.mentor_rule == _CLUSTER:
                    lottery = np.float32((tile - first + np.int64(month) * _CLUSTER_STEP) % (last - first))
                keys[count] = visit_key(p, state, tile, lane, plan.mentor_rule, noise, lottery)
                who[count] = tile * LANES + lane
                count += 1
        places = visits - made
        if plan.mentor_rule == _TWO_TIER:
            places = min(places, int(p.two_tier_share * count + HALF))
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


@rule
def roll(p: Any, mentor: Any, crew: Any, m: int) -> int:
    """Let a mentor start in a post: competence of its type, rested, newly arrived."""
    for role in range(_ROLES):
        crew[m, role] = np.float32(mentor[COMPETENCE])
    crew[m, _BURNOUT] = ZERO
    crew[m, _IN_POST] = ZERO
    crew[m, _SINCE_COURSE] = ZERO if mentor[_REFRESHER] > 0.0 else _YEAR
    crew[m, _VACANT] = ZERO
    return 0


@loop
def keep_trust(block: Any, first: int, last: int, kept: float) -> int:
    """Multiply the trust of the households of an area who have met their mentor."""
    for tile in range(first, last):
        for lane in range(LANES):
            met = flag(block.state[tile, _UNSEEN, lane] < _UNSEEN_MOST)
            block.state[tile, _TRUST, lane] *= ONE - met * (ONE - kept)
    return 0


@rule
def guide(p: Any, plan: Any, crew: Any, m: int, members: float, guidance: Any, first: int, last: int) -> Any:
    """Write what a mentor brings into the tiles of its area; returns its competence at work (0-1)."""
    mentor = plan.mentor
    months = crew[m, _IN_POST]
    mean = ZERO
    for role in range(_ROLES):
        mean += np.float32(mentor[_MIX + role]) * mentors.competence_at_work(p, crew[m, role], months)
    usual_0, usual_1 = p.usual_facilitative, p.usual_educational
    usual_2, usual_3 = p.usual_representational, p.usual_technical
    own = greater(mean, _SMALL)
    part_0 = np.float32(mentor[_MIX]) / usual_0 * mentors.competence_at_work(p, crew[m, 0], months) / own
    part_1 = np.float32(mentor[_MIX + 1]) / usual_1 * mentors.competence_at_work(p, crew[m, 1], months) / own
    part_2 = np.float32(mentor[_MIX + 2]) / usual_2 * mentors.competence_at_work(p, crew[m, 2], months) / own
    part_3 = np.float32(mentor[_MIX + 3]) / usual_3 * mentors.competence_at_work(p, crew[m, 3], months) / own
    quality = mentoring.session_quality(p, members)
    for tile in range(first, last):
        guidance[tile, 0] = mean
        guidance[tile, 1] = np.float32(mentor[_TRUST_BONUS])
        guidance[tile, 2] = np.float32(mentor[_LOCAL])
        guidance[tile, 3] = quality
        guidance[tile, 4] = part_0
        guidance[tile, 5] = part_1
        guidance[tile, 6] = part_2
        guidance[tile, 7] = part_3
        guidance[tile, 8] = np.float32(mentor[_COORDINATION])
    return mean


@rule
def end_of_month(
    p: Any,
    plan: Any,
    block: Any,
    crew: Any,
    m: int,
    load: float,
    admin: float,
    road: float,
    draw: float,
    first: int,
    last: int,
) -> bool:
    """Let a mentor learn, tire, move or leave; True if it leaves. `admin` and `road` are shares of its hours."""
    mentor = plan.mentor
    coaching, peers = np.float32(mentor[_COACHING]), np.float32(mentor[_PEERS])
    burnout = crew[m, _BURNOUT]
    course = ZERO
    crew[m, _SINCE_COURSE] += ONE
    if mentor[_REFRESHER] > 0.0 and crew[m, _SINCE_COURSE] >= _YEAR:
        course = ONE
        crew[m, _SINCE_COURSE] = ZERO
    for role in range(_ROLES):
        crew[m, role] = mentors.next_competence(p, crew[m, role], burnout, course, coaching)
    crew[m, _BURNOUT] = mentors.next_burnout(
        p, burnout, np.float32(load), np.float32(admin), np.float32(road), coaching, peers
    )
    crew[m, _IN_POST] += ONE
    refreshed = flag(crew[m, _SINCE_COURSE] < _YEAR)
    chance = mentors.leaving_chance(
        p, burnout, refreshed, coaching, np.float32(mentor[_PAY]), np.float32(mentor[_PERMANENT])
    )
    kept = mentors.trust_kept(p, np.float32(mentor[_HANDOVER]))
    if draw < chance:
        crew[m, _VACANT] = p.vacancy_months
        keep_trust(block, first, last, kept)
        return True
    if mentor[_ROTATION] > 0.0 and crew[m, _IN_POST] >= np.float32(mentor[_ROTATION]):
        crew[m, _IN_POST] = ZERO
        keep_trust(block, first, last, kept)
    return False


@loop
def visit(
    block: Any,
    running: Any,
    plan: Any,
    p: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    month: int,
    address: Any,
    key0: Any,
    key1: Any,
) -> int:
    """Share out the month of every mentor over the households of its area, and let mentors change.

    On return `scratch.demand` holds the visits each household gets, `scratch.held` the share of its group
    sessions that take place and `scratch.guidance` what its mentor brings, tile by tile.
    """
    slots, crew, mentor = running.slots, running.mentors, plan.mentor
    count = offer.mentor_tiles.size - 1
    share = mentor[_POSTS] / count
    demand = scratch.demand
    dynamic = mentor[_DYNAMICS] > 0.0
    per_trip = mentor[_PER_VISIT_TRIP]
    if plan.mentor_rule == _CLUSTER:
        per_trip *= p.cluster_visits
    for m in range(count):
        first, last = offer.mentor_tiles[m], offer.mentor_tiles[m + 1]
        who = np.uint32(offer.mentor_high[m] | _TOWARDS_MENTOR)
        w0, w1, _, _ = philox(offer.mentor_low[m], who, address, _MENTOR_GROUP, key0, key1)
        tally.mentors[_POST_SERIES, month] += share
        if crew[m, _VACANT] > ZERO:
            crew[m, _VACANT] -= ONE
            tally.mentors[_VACANT_SERIES, month] += share
            for tile in range(first, last):
                scratch.held[tile] = ZERO
                for position in range(scratch.guidance.shape[1]):
                    scratch.guidance[tile, position] = ZERO
                for lane in range(LANES):
                    demand[tile, lane] = ZERO
            if crew[m, _VACANT] <= ZERO:
                roll(p, mentor, crew, m)
            continue
        clients = 0
        meetings = 0.0
        wanted_in_all = 0.0
        for tile in range(first, last):
            wanted_in_tile(slots, plan, tile, _VISITS_CHANNEL, demand[tile], LANES)
            wanted_in_tile(slots, plan, tile, _SESSIONS_CHANNEL, scratch.lanes[0], LANES)
            for lane in range(LANES):
                wanted, sessions = demand[tile, lane], scratch.lanes[0, lane]
                wanted_in_all += wanted
                meetings += sessions
                if wanted + sessions > ZERO:
                    clients += 1
        there = mentor[_HOURS] * share * mentors.hours_left(p, crew[m, _BURNOUT])
        tally.hours[AVAILABLE, month] += there
        members = meetings / max(np.ceil(meetings / mentor[_GROUP]), 1.0)
        competence = guide(p, plan, crew, m, np.float32(members), scratch.guidance, first, last)
        tally.mentors[_COMPETENCE_SERIES, month] += share * competence
        tally.mentors[_BURNOUT_SERIES, month] += share * crew[m, _BURNOUT]
        tally.mentors[_CLIENT_SERIES, month] += clients
        load, admin, road, held = 0.0, 0.0, 0.0, 0.0
        if clients > 0:
            possible = mentors.possible_trips(np.float32(mentor[_ACCESS]), uniform_from(w1))
            laid = hours_of_month(plan, there, share, possible, per_trip, clients, meetings)
            held = laid.held
            made = wanted_in_all
            if plan.mentor_rule == _EQUAL:
                part = min(1.0, laid.visits / wanted_in_all) if wanted_in_all > 0.0 else 0.0
                made = wanted_in_all * part
                for tile in range(first, last):
                    for lane in range(LANES):
                        demand[tile, lane] *= np.float32(part)
            else:
                made = visit_in_rounds(block, plan, p, first, last, laid.visits, scratch, address, key0, key1)
            spent = enter_hours(plan, laid, share, meetings, made, per_trip, tally, month)
            load = (laid.need + wanted_in_all * laid.per_visit) / there
            admin, road = laid.admin / there, spent / there
        for tile in range(first, last):
            scratch.held[tile] = np.float32(held)
            for lane in range(LANES):
                if demand[tile, lane] > ZERO:
                    tally.mentors[_VISITED_SERIES, month] += 1.0
        if dynamic and end_of_month(p, plan, block, crew, m, load, admin, road, uniform_from(w0), first, last):
            tally.mentors[_LEFT_SERIES, month] += share
    return 0
