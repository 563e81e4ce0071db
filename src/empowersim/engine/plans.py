"""A policy as arrays: what each block is offered, what its programmes give, how its mentors work.

Places, posts and villages of the represented district are shared among the simulated blocks by the policy's
rule; fractions are rounded by the block's own address, so that nothing is lost on average and, under equal sharing,
no block depends on another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import kernel
from empowersim.engine.allocation import MENTOR_FIELDS, POSTS, PRIORITIES, RULES
from empowersim.engine.arrays import DOSES, FINISHED, MENTOR_STATE, Offer, Plan
from empowersim.engine.inputs import CommunityProgramme, Mentors, Policy, Programme, Travel
from empowersim.errors import SimulationError
from empowersim.rng import TRAITS, Kind, Stream, philox, uniform_from
from empowersim.schema import CHANNEL_ROW, REGION_TYPES, ROW, VILLAGE, VILLAGE_ROW

LONGEST_PLACE: Final = int(FINISHED) - 1
"""Months a place may last: its counter is a byte."""

MOST_CONDITIONS: Final = 8
SHARING: Final = ("equal", "by_poverty", "poorest_half")
"""Rules by which places and posts are shared among subdistricts."""
MONEY: Final = frozenset({"stipend", "asset_grant", "cash_grant"})
GRANTS: Final = frozenset({"asset_grant", "cash_grant"})
YEAR: Final = 12
_NOT_FOR_VILLAGES: Final = MONEY | {"visits", "sessions"}
_SETTLED: Final = 600.0
"""Months in post of mentors who do not change: long settled in."""
_MOST_MENTORS: Final = 2**16
_LOW_WORD: Final = np.uint64(0xFFFFFFFF)
_SUBDISTRICT: Final = np.uint32(Kind.SUBDISTRICT << 24)
_ONCE: Final = np.uint32(TRAITS & 0xFFFFFFFF)


class Portion(NamedTuple):
    """What a block gets of all that a policy has for the represented district, as shares (0-1)."""

    places: float
    posts: float


NOTHING: Final = Portion(0.0, 0.0)
EVERYTHING: Final = Portion(1.0, 1.0)


def check_policy(policy: Policy) -> None:
    """Raise `SimulationError` for a policy that the kernel cannot run."""
    for programme in policy.programmes:
        where = f"policy {policy.name}, programme {programme.name}"
        if not 1 <= programme.duration <= LONGEST_PLACE:
            raise SimulationError(f"{where}: a place lasts 1 to {LONGEST_PLACE} months, found {programme.duration}")
        unknown = sorted(set(programme.doses) - set(CHANNEL_ROW))
        if unknown:
            raise SimulationError(f"{where}: no channel is called {', '.join(unknown)}")
        columns = sorted({condition.column for condition in programme.conditions} - set(ROW))
        if columns:
            raise SimulationError(f"{where}: no household column is called {', '.join(columns)}")
        if programme.priority not in PRIORITIES:
            raise SimulationError(f"{where}: priority is one of {', '.join(PRIORITIES)}; found {programme.priority}")
        if programme.intake_every < 1 or programme.first_intake < 0:
            raise SimulationError(
                f"{where}: intakes come every 1 or more months from month 0 on; "
                f"found every {programme.intake_every} from {programme.first_intake}"
            )
        shares = {
            "take-up": programme.take_up,
            "drop-out": programme.drop_out,
            "partner's share": programme.partner_share,
        }
        _check_shares(where, shares)
        if programme.places_per_year < 0.0:
            raise SimulationError(f"{where}: places a year are 0 or more, found {programme.places_per_year:g}")
        if len(programme.conditions) > MOST_CONDITIONS:
            raise SimulationError(f"{where}: at most {MOST_CONDITIONS} conditions, found {len(programme.conditions)}")
    for community in policy.community:
        where = f"policy {policy.name}, community programme {community.name}"
        wrong = sorted(set(community.doses) - (set(CHANNEL_ROW) - _NOT_FOR_VILLAGES))
        if wrong:
            raise SimulationError(f"{where}: cannot give {', '.join(wrong)} to a whole village")
        columns = sorted((set(community.sets) | set(community.scales)) - set(VILLAGE_ROW))
        if columns:
            raise SimulationError(f"{where}: no village column is called {', '.join(columns)}")
        _check_shares(where, {"coverage": community.coverage, "partner's share": community.partner_share})
        if community.start < 0:
            raise SimulationError(f"{where}: it starts in month 0 or later, found {community.start}")
        if community.travel_factor != 1.0 and community.start > 0:
            raise SimulationError(f"{where}: what changes travel must start in month 0, found {community.start}")
    if policy.sharing not in SHARING:
        raise SimulationError(f"policy {policy.name}: sharing is one of {', '.join(SHARING)}; found {policy.sharing}")
    _check_mentors(f"policy {policy.name}", policy.mentors)


def _check_mentors(where: str, mentors: Mentors) -> None:
    """Raise `SimulationError` for mentors who cannot be."""
    if mentors.rule not in RULES:
        raise SimulationError(f"{where}: mentors' rule is one of {', '.join(RULES)}; found {mentors.rule}")
    if mentors.posts < 0.0 or mentors.hours < 0.0:
        raise SimulationError(f"{where}: posts and hours are 0 or more, found {mentors.posts:g} and {mentors.hours:g}")
    if mentors.group_size <= 0.0 or mentors.pay_ratio <= 0.0:
        raise SimulationError(
            f"{where}: group size and pay ratio are above 0, found {mentors.group_size:g} and {mentors.pay_ratio:g}"
        )
    if mentors.where and (len(mentors.where) != len(REGION_TYPES) or min(mentors.where) < 0.0):
        raise SimulationError(f"{where}: a weight of 0 or more for each of {', '.join(REGION_TYPES)}")
    _check_shares(where, {f"role share {position}": share for position, share in enumerate(mentors.role_mix, start=1)})
    if abs(sum(mentors.role_mix) - 1.0) > 1e-6:
        raise SimulationError(f"{where}: role shares must sum to 1, found {sum(mentors.role_mix):g}")


def _check_shares(where: str, shares: Mapping[str, float]) -> None:
    """Raise `SimulationError` for a share outside 0 to 1."""
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise SimulationError(f"{where}: {name} lies between 0 and 1, found {share:g}")


def portions_of(
    policy: Policy,
    households: NDArray[np.int64],
    poor: NDArray[np.float64],
    regions: NDArray[np.integer[Any]],
    represents: float,
) -> list[Portion]:
    """What each simulated block gets of a policy; places and posts each sum to the slice's share.

    `households`, `poor` (weighted count below the line at the start) and `regions` (region type) by block. Posts follow
    places, weighted by what `Mentors.where` says of the region type; a slice in which every weight is 0 gets no posts.
    """
    places = shares_of(policy, households, poor, represents)
    posts = places
    if policy.mentors.where:
        weighted = places * np.array(policy.mentors.where)[regions]
        posts = weighted * (places.sum() / weighted.sum()) if weighted.sum() > 0.0 else weighted
    return [Portion(*both) for both in zip(places.tolist(), posts.tolist(), strict=True)]


def shares_of(policy: Policy, households: NDArray[np.int64], poor: NDArray[np.float64], represents: float) -> Any:
    """Share of the represented district's places that each simulated block gets; sums to the slice's share."""
    slice_share = households.sum() / represents
    weights = households.astype(np.float64)
    if policy.sharing != "equal" and poor.sum() > 0:
        weights = poor.copy()
        if policy.sharing == "poorest_half":
            rate = poor / households
            weights[rate < np.median(rate)] = 0.0
    return slice_share * weights / weights.sum()


def plan_of(policy: Policy, travel: Travel, region: int, portion: Portion) -> Plan:
    """Turn a policy into arrays for a block of one region type that gets `portion` of what the district has."""
    programmes = policy.programmes
    row = np.full((len(programmes), MOST_CONDITIONS), -1, np.int64)
    low = np.zeros((len(programmes), MOST_CONDITIONS), np.float32)
    high = np.zeros((len(programmes), MOST_CONDITIONS), np.float32)
    seen = np.zeros((len(programmes), MOST_CONDITIONS), np.bool_)
    for s, programme in enumerate(programmes):
        for c, condition in enumerate(programme.conditions):
            row[s, c], low[s, c] = ROW[condition.column], condition.low
            high[s, c], seen[s, c] = condition.high, condition.observed
    doses = [
        (s, channel, amount)
        for s, programme in enumerate(programmes)
        for channel, amount in programme.doses.items()
        if amount != 0
    ]
    village_doses = np.zeros((len(policy.community), DOSES), np.float32)
    for c, community in enumerate(policy.community):
        for channel, amount in community.doses.items():
            village_doses[c, CHANNEL_ROW[channel]] = amount
    changes = _changes(policy.community)
    columns = [VILLAGE[VILLAGE_ROW[name]] for _, name, _, _ in changes]

    def of(name: str, dtype: Any) -> Any:
        return np.array([getattr(programme, name) for programme in programmes], dtype)

    return Plan(
        condition_row=row,
        condition_low=low,
        condition_high=high,
        condition_observed=seen,
        number=of("number", np.uint32),
        noise=of("targeting_noise", np.float32),
        take_up=of("take_up", np.float32),
        drop_out=of("drop_out", np.float32),
        priority=np.array([PRIORITIES.index(programme.priority) for programme in programmes], np.int64),
        duration=of("duration", np.int64),
        once=of("once", np.bool_),
        per_child=of("per_child", np.bool_),
        demand=of("demand", np.float32),
        dose_slot=np.array([s for s, _, _ in doses], np.int64),
        dose_channel=np.array([CHANNEL_ROW[channel] for _, channel, _ in doses], np.int64),
        dose_amount=np.array([amount for _, _, amount in doses], np.float32),
        dose_first=np.array([channel in GRANTS for _, channel, _ in doses], np.bool_),
        dose_money=np.array([channel in MONEY for _, channel, _ in doses], np.bool_),
        dose_per_child=np.array([channel in MONEY and programmes[s].per_child for s, channel, _ in doses], np.bool_),
        community_start=np.array([community.start for community in policy.community], np.int64),
        community_end=np.array([community.start + community.duration for community in policy.community], np.int64),
        community_dose=village_doses,
        community_of=np.array([c for c, _, _, _ in changes], np.int64),
        community_row=np.array([VILLAGE_ROW[name] for _, name, _, _ in changes], np.int64),
        community_value=np.array([value for _, _, value, _ in changes], np.float32),
        community_scales=np.array([factor for _, _, _, factor in changes], np.bool_),
        community_low=np.array([column.lower for column in columns], np.float32),
        community_high=np.array([column.upper for column in columns], np.float32),
        mentor_rule=RULES.index(policy.mentors.rule),
        mentor=_mentor_numbers(policy.mentors, travel, region, portion.posts, _travel_factor(policy)),
    )


def with_portion(plan: Plan, policy: Policy, portion: Portion) -> Plan:
    """The plan of a policy for a block of the same region type that gets another portion."""
    mentor = plan.mentor.copy()
    mentor[POSTS] = policy.mentors.posts * portion.posts
    return plan._replace(mentor=mentor)


def _changes(community: Sequence[CommunityProgramme]) -> list[tuple[int, str, float, bool]]:
    """Changes of village columns: (programme, column, value, whether it is a factor)."""
    found = []
    for c, programme in enumerate(community):
        found += [(c, name, value, False) for name, value in programme.sets.items()]
        found += [(c, name, value, True) for name, value in programme.scales.items()]
    return found


def _travel_factor(policy: Policy) -> float:
    """Factor on mentors' travel time: villages that got a link weigh by their share."""
    factor = 1.0
    for community in policy.community:
        factor *= 1.0 - community.coverage * (1.0 - community.travel_factor)
    return factor


def _mentor_numbers(mentors: Mentors, travel: Travel, region: int, share: float, factor: float) -> NDArray[np.float64]:
    """Numbers of a block's mentors, in the order of `allocation.MENTOR_FIELDS`."""
    trip = travel.round_trip_hours[region] * factor
    numbers = {
        "posts": mentors.posts * share,
        "hours": mentors.hours,
        "admin_hours": mentors.admin_hours,
        "admin_hours_per_client": mentors.admin_hours_per_client,
        "training_hours": mentors.training_hours,
        "session_hours": mentors.session_hours,
        "visit_hours": mentors.visit_hours * travel.visit_time_factor[region] + travel.walk_hours[region],
        "group_size": mentors.group_size,
        "round_trip_hours": min(trip, mentors.resident_round_trip) if mentors.resident else trip,
        "sessions_per_trip": travel.sessions_per_trip[region],
        "visits_per_trip": travel.visits_per_trip[region],
        "access": 1.0 if mentors.resident else travel.access[region],
        "signal_factor": travel.signal_factor[region],
        "competence": mentors.competence,
        "trust_bonus": mentors.trust_bonus,
        "observation_noise": mentors.observation_noise,
        "facilitative": mentors.role_mix[0],
        "educational": mentors.role_mix[1],
        "representational": mentors.role_mix[2],
        "technical": mentors.role_mix[3],
        "refresher": float(mentors.refresher),
        "coaching": float(mentors.coaching),
        "peer_group": float(mentors.peer_group),
        "permanent": float(mentors.permanent),
        "pay_ratio": mentors.pay_ratio,
        "rotation": float(mentors.rotation),
        "handover": float(mentors.handover),
        "local": float(mentors.local),
        "coordination": float(mentors.coordination),
        "dynamics": float(mentors.dynamics),
    }
    return np.array([numbers[name] for name in MENTOR_FIELDS])


def offer_of(
    policy: Policy, identity: int, portion: Portion, tiles: int, villages: int, months: int, seed: Any, replicate: Any
) -> Offer:
    """Places by month, mentors' areas and villages served of a block with permanent id `identity`."""
    offered: tuple[Programme | CommunityProgramme, ...] = (*policy.programmes, *policy.community)
    numbers = np.array([one.number for one in offered], np.int64) ^ int(Stream.PLACE_ROUNDING)
    rounding = np.empty(len(offered))
    _round(identity, numbers, seed, replicate, rounding)
    places = np.full((max(len(policy.programmes), 1), months), -1, np.int64)
    for s, programme in enumerate(policy.programmes):
        last = min(months, programme.last_intake + 1, policy.end)
        a_time = programme.places_per_year * portion.places * programme.intake_every / YEAR
        _open(programme.first_intake, last, programme.intake_every, a_time, rounding[s], places[s])
    posts = policy.mentors.posts * portion.posts
    count = min(max(1, round(posts)), tiles) if posts > 0 else 0
    bounds = np.linspace(0, tiles, count + 1).round().astype(np.int64) if count else np.zeros(1, np.int64)
    ids = identity * _MOST_MENTORS + np.arange(max(count, 1), dtype=np.int64)
    served = [
        min(villages, int(np.floor(community.coverage * villages + part)))
        for community, part in zip(policy.community, rounding[len(policy.programmes) :], strict=True)
    ]
    return Offer(
        places=places,
        mentor_tiles=bounds,
        mentor_low=(ids & 0xFFFFFFFF).astype(np.uint32),
        mentor_high=(ids >> 32).astype(np.uint32),
        villages=np.array(served, np.int64),
    )


def new_mentors(mentors: Mentors, count: int) -> NDArray[np.float32]:
    """State of `count` mentors on their first day: competence of their type, rested, newly arrived unless fixed."""
    start = dict.fromkeys(MENTOR_STATE, 0.0)
    start |= dict.fromkeys(MENTOR_STATE[:4], mentors.competence)
    start["months_since_course"] = 0.0 if mentors.refresher else float(YEAR)
    if not mentors.dynamics:
        start["months_in_post"] = _SETTLED
    return np.tile(np.array([start[name] for name in MENTOR_STATE], np.float32), (max(count, 1), 1))


@kernel
def _round(identity: int, numbers: Any, seed: Any, replicate: Any, out: Any) -> None:
    """Uniforms (0-1) of a subdistrict towards programmes, by which fractions of places are rounded."""
    who = np.uint32(np.uint64(identity) & _LOW_WORD)
    for n in range(numbers.size):
        words = philox(who, _SUBDISTRICT, _ONCE, np.uint32(np.uint64(numbers[n]) & _LOW_WORD), seed, replicate)
        out[n] = np.float64(uniform_from(words[0]))


@kernel
def _open(first: int, last: int, every: int, a_time: float, rounding: float, places: Any) -> None:
    """Places of the intakes in months first, first + every, ... before `last`: whole numbers, `a_time` on average."""
    given = np.floor(a_time * 0.0 + rounding)
    intake = 1
    for month in range(first, last, every):
        until = np.floor(a_time * np.float64(intake) + rounding)
        places[month] = np.int64(until - given)
        given = until
        intake += 1
