"""Turn a checked scenario into what the engine takes in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from math import exp
from typing import Final

from empowersim.engine.inputs import CommunityProgramme, Condition, Mentors, Policy, Programme, Travel
from empowersim.errors import SimulationError
from empowersim.parameters import parameters
from empowersim.parameters.places import Place, PlaceRegion, travel
from empowersim.parameters.places import place as place_of
from empowersim.scenario import library
from empowersim.scenario.compiled import Compiled
from empowersim.scenario.documents import BOTH, ONE_WORLD
from empowersim.scenario.factors import without
from empowersim.scenario.model import (
    COURSE_CHANNELS,
    MENTORS,
    ROLES,
    CommunityDocument,
    MentorsDocument,
    PolicyDocument,
    ProgrammeDocument,
    Scenario,
    World,
)
from empowersim.schema import REGION_TYPES

__all__ = [
    "CommunityPlan",
    "Compiled",
    "MentorPlan",
    "compile_scenario",
    "cost_per_year",
    "demand_of",
    "doses",
    "pay_ratio",
    "place_with",
    "plan_community",
    "plan_mentors",
    "post_shares",
    "programme_number",
]

FOREVER: Final = 10**6
_MONTHS: Final = 12.0
_HALVINGS: Final = 100
_FULL_TIME: Final = "contract"
"""Type of mentor whose hours are those of a full-time job."""


def compile_scenario(scenario: Scenario) -> Compiled:
    """Turn a scenario into policies, parameters, travel figures and a maker of populations.

    Factors that the scenario switches off are off. Raises `SimulationError` for a scenario that asks for both worlds
    (`scenario.worlds` gives one for each), and `ParameterError` only if a packaged file is broken: `load` has checked
    the rest.
    """
    if scenario.world.trap is BOTH:
        raise SimulationError(f"{scenario.path}: {ONE_WORLD}")
    place = place_with(scenario.world)
    overrides = dict(scenario.parameters)
    if scenario.world.trap:
        overrides["trap"] = 1.0
    months = scenario.settings.months
    compiled = Compiled(
        scenario=scenario,
        policies={name: _policy(document, place, months) for name, document in scenario.policies.items()},
        parameters=parameters(overrides),
        travel=Travel(**travel()),
        place=place,
    )
    return without(compiled, scenario.factors)


def place_with(world: World) -> Place:
    """The place of a world with the figures that the scenario changes."""
    figures = dict(world.figures)
    for name in ("households", "poverty_line", "poverty_rate"):
        value = getattr(world, name)
        if value is not None:
            figures[name] = float(value)
    place = place_of(world.place).override(figures)
    return place if world.price_year is None else replace(place, price_year=world.price_year)


def programme_number(name: str) -> int:
    """Address of a programme in the random numbers: a 32-bit digest of its name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little")


def doses(programme: ProgrammeDocument, mentors: MentorsDocument | None = None) -> dict[str, float]:
    """Channel -> dose a month (grants once), with the visits and sessions that the policy wants for everybody."""
    found = {}
    for channel, amount in programme.gives.items():
        found[channel] = amount / programme.duration if channel in COURSE_CHANNELS else amount
    if mentors is not None:
        for channel, wanted in (("visits", mentors.visits), ("sessions", mentors.sessions)):
            if wanted > 0.0:
                found[channel] = max(found.get(channel, 0.0), wanted)
    return {channel: found[channel] for channel in sorted(found)}


def pay_ratio(staff: MentorsDocument, place: Place) -> float:
    """What a mentor takes home for full-time hours over the minimum wage of the place (mean over the posts).

    Volunteers without any pay count as paid the minimum wage: they do not leave for want of pay.
    """
    full_time = MENTORS.field("hours").type.read(library.mentor_types()[_FULL_TIME].get("hours"), [])
    wage = sum(
        part * region.minimum_wage for part, region in zip(post_shares(staff, place), place.regions, strict=True)
    )
    home = staff.take_home * full_time / staff.hours if staff.hours > 0.0 else 0.0
    return float(home / wage) if home > 0.0 else 1.0


def post_shares(staff: MentorsDocument, place: Place) -> list[float]:
    """Share of the posts in each region type of a place, in its order, summing to 1; sharing by poverty is left out."""
    if not staff.where:
        return [region.share for region in place.regions]
    weights = [region.share * staff.where[region.name] for region in place.regions]
    whole = sum(weights)
    return [weight / whole for weight in weights] if whole > 0.0 else weights


def _policy(document: PolicyDocument, place: Place, months: int) -> Policy:
    staff = document.mentors
    plan = plan_mentors(document, place)
    mentors = Mentors(
        posts=plan.posts,
        hours=staff.hours,
        admin_hours=staff.admin_hours,
        admin_hours_per_client=staff.admin_hours_per_client,
        training_hours=staff.training_hours,
        session_hours=staff.session_hours,
        visit_hours=staff.visit_hours,
        group_size=staff.group_size,
        competence=staff.competence,
        role_mix=tuple(staff.role_mix[role] for role in ROLES),  # type: ignore[arg-type]
        refresher=staff.refresher,
        refresher_cost=staff.refresher_cost,
        coaching=staff.coaching,
        supervisor_cost=staff.supervisor_cost,
        peer_group=staff.peer_group,
        permanent=staff.permanent,
        pay_ratio=pay_ratio(staff, place),
        rotation=staff.rotation,
        handover=staff.handover,
        local=staff.local,
        coordination=staff.coordination,
        coordination_cost=staff.coordination_cost,
        dynamics=staff.dynamics,
        trust_bonus=staff.trust_bonus if staff.local else 0.0,
        pay_per_month=staff.pay_per_month,
        session_cost=staff.session_cost,
        rule=staff.rule,  # type: ignore[arg-type]
        observation_noise=staff.observation_noise,
        resident=staff.resident,
        resident_round_trip=staff.resident_round_trip,
        resident_trip_cost=staff.resident_trip_cost,
        where=tuple(staff.where[name] for name in REGION_TYPES) if staff.where else (),
    )
    end = FOREVER if document.runs_for is None else document.runs_for
    return Policy(
        name=document.name,
        programmes=tuple(_programme(programme, staff, place) for programme in document.programmes),
        mentors=mentors if staff.any else Mentors(),
        community=tuple(_community(one, place, min(months, end)) for one in document.community),
        sharing=document.sharing,  # type: ignore[arg-type]
        end=end,
    )


def _community(document: CommunityDocument, place: Place, months: int) -> CommunityProgramme:
    return CommunityProgramme(
        name=document.name,
        number=programme_number(document.name),
        coverage=plan_community(document, place, months).coverage,
        start=document.start,
        duration=FOREVER if document.duration is None else document.duration,
        doses=dict(document.gives),
        sets=dict(document.sets),
        scales=dict(document.scales),
        travel_factor=document.travel_factor,
        cost_once=document.cost_once,
        cost_per_month=document.cost_per_month,
        partner_share=document.partner,
    )


def demand_of(document: ProgrammeDocument, place: Place) -> float:
    """Graduates a household at which one more is worth half: mean over the households of the place; 0 = no limit.

    The engine takes one number a programme, so in a place of several region types it is their mean.
    """
    return sum(region.share * document.demand.get(region.name, 0.0) for region in place.regions)


def _programme(document: ProgrammeDocument, mentors: MentorsDocument, place: Place) -> Programme:
    return Programme(
        name=document.name,
        number=programme_number(document.name),
        conditions=tuple(Condition(one.column, one.low, one.high, one.observed) for one in document.conditions),
        doses=doses(document, mentors),
        duration=document.duration,
        take_up=document.take_up,
        drop_out=document.drop_out,
        priority=document.priority,
        targeting_noise=document.targeting_noise,
        places_per_year=document.places_per_year,
        first_intake=document.first_intake,
        intake_every=document.intake_every,
        last_intake=FOREVER if document.last_intake is None else document.last_intake,
        once=document.once,
        per_child=document.per_child,
        cost_per_place=document.cost_per_place,
        cost_per_month=document.cost_per_month,
        overhead=document.overhead,
        demand=demand_of(document, place),
        partner_share=document.partner,
    )


@dataclass(frozen=True)
class MentorPlan:
    """What the mentors of a policy are expected to cost once all places are filled; the run counts what happens."""

    posts: float
    clients: float
    """Households in programmes that want visits or sessions."""
    pay: float
    """IDR a year: pay, courses, supervision, and the coordination desk."""
    trips: float
    """IDR a year."""
    sessions: float
    """IDR a year."""

    @property
    def cost(self) -> float:
        """IDR a year."""
        return self.pay + self.trips + self.sessions


def plan_mentors(document: PolicyDocument, place: Place) -> MentorPlan:
    """Posts of a policy: as counted in the file, or as many as its budget pays with their trips and sessions.

    Clients are those that hold places when all are filled and nobody leaves early. A month is spent in the engine's
    order: administration, training, sessions, visits; the mean over the region types of the place.
    """
    staff = document.mentors
    clients = visits = sessions = 0.0
    for programme in document.programmes:
        given = doses(programme, staff)
        held = programme.places_per_year * programme.duration / _MONTHS
        if given.get("visits", 0.0) > 0.0 or given.get("sessions", 0.0) > 0.0:
            clients += held
        visits += held * given.get("visits", 0.0)
        sessions += held * given.get("sessions", 0.0)

    def plan(posts: float) -> MentorPlan:
        trips, groups = _month(staff, place, posts, clients, visits, sessions)
        return MentorPlan(
            posts=posts,
            clients=clients,
            pay=_MONTHS * (posts * staff.cost_per_month + (staff.desk_cost if posts > 0.0 else 0.0)),
            trips=_MONTHS * trips,
            sessions=_MONTHS * groups * staff.session_cost,
        )

    if staff.count is not None:
        return plan(staff.count)
    if not staff.budget:
        return plan(0.0)
    low, high = 0.0, staff.budget / (_MONTHS * staff.cost_per_month)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if plan(middle).cost <= staff.budget else (low, middle)
    return plan(low)


def _month(
    staff: MentorsDocument, place: Place, posts: float, clients: float, visits: float, sessions: float
) -> tuple[float, float]:
    """Cost of the trips of a month (IDR) and group sessions held, of all posts."""
    if posts <= 0.0 or clients <= 0.0:
        return 0.0, 0.0
    figures = travel()
    staff_trip = staff.resident_trip_cost
    cost = groups_held = 0.0
    for part, region in zip(post_shares(staff, place), place.regions, strict=True):
        if part <= 0.0:
            continue
        at = REGION_TYPES.index(region.name)
        thick = region.share / part  # clients of a post here, against the mean of the place
        figure = {name: values[at] for name, values in figures.items()}
        round_trip = figure["round_trip_hours"]
        access, fare = figure["access"], figure["trip_cost"]
        if staff.resident:
            round_trip, access = min(round_trip, staff.resident_round_trip), 1.0
            fare = min(fare, staff_trip)
        office = (staff.admin_hours + staff.admin_hours_per_client * clients / posts * thick) * figure["signal_factor"]
        rest = max(staff.hours - office - staff.training_hours, 0.0)
        groups = sessions / posts / staff.group_size * thick
        need = groups * (staff.session_hours + round_trip / figure["sessions_per_trip"])
        held = min(access, rest / need) if need > 0.0 else 0.0
        rest = max(rest - held * need, 0.0)
        visit = (
            staff.visit_hours * figure["visit_time_factor"]
            + figure["walk_hours"]
            + round_trip / figure["visits_per_trip"]
        )
        made = min(rest * access / visit, visits / posts * thick)
        trips = groups * held / figure["sessions_per_trip"] + made / figure["visits_per_trip"]
        cost += part * posts * trips * fare
        groups_held += part * posts * groups * held
    return cost, groups_held


@dataclass(frozen=True)
class CommunityPlan:
    """What a community programme is expected to reach and cost."""

    villages: float
    """Villages served."""
    of: float
    """Villages of the place."""
    cost: float
    """IDR a year, on average over the run."""
    enough: bool
    """False where the budget would pay for more villages than there are."""

    @property
    def coverage(self) -> float:
        """Share of the villages served."""
        return self.villages / self.of


def plan_community(document: CommunityDocument, place: Place, months: int) -> CommunityPlan:
    """Villages that a community programme serves in a run of `months`: as the file says, or as its budget pays for.

    Villages of a place are its households over the mean size of a village of each region type.
    """
    of = sum(place.households * region.share / _mean_village(region) for region in place.regions)
    runs = max(min(months - document.start, document.duration or months), 0)
    a_village = document.cost_once * (runs > 0) + document.cost_per_month * runs
    years = months / _MONTHS
    if document.coverage is not None:
        villages = document.coverage * of
    else:
        villages = (document.budget or 0.0) * years / a_village if a_village > 0.0 else 0.0
    served = min(villages, of)
    return CommunityPlan(villages=served, of=of, cost=served * a_village / years, enough=villages <= of)


def _mean_village(region: PlaceRegion) -> float:
    """Mean households of a village: sizes are lognormal."""
    return region.type.village_households * exp(region.type.village_log_sd**2 / 2.0)


def cost_per_year(document: PolicyDocument, place: Place, months: int = 60) -> float:
    """Expected cost of a policy a year, IDR, all places filled and kept to the end; `months` = length of the run."""
    until = months if document.runs_for is None else min(months, document.runs_for)
    villages = sum(plan_community(one, place, until).cost for one in document.community)
    programmes = sum(programme.cost_per_year for programme in document.programmes)
    return programmes + plan_mentors(document, place).cost + villages
