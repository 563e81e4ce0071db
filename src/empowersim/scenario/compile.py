"""Turn a checked scenario into what the engine takes in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from empowersim.engine.inputs import Condition, Mentors, Policy, Population, Programme, Travel
from empowersim.parameters import parameters
from empowersim.parameters.places import Place, travel
from empowersim.parameters.places import place as place_of
from empowersim.scenario.model import (
    COURSE_CHANNELS,
    MentorsDocument,
    PolicyDocument,
    ProgrammeDocument,
    Scenario,
    World,
)
from empowersim.schema import REGION_TYPES

FOREVER: Final = 10**6
_MONTHS: Final = 12.0
_HALVINGS: Final = 100


@dataclass(frozen=True)
class Compiled:
    """A scenario in the engine's terms."""

    scenario: Scenario
    policies: Mapping[str, Policy]
    parameters: Any
    """`parameters.Parameters`, with the values that the scenario changes."""
    travel: Travel
    place: Place
    """The place with the figures that the scenario changes."""

    @property
    def represents(self) -> float:
        """Households that the simulated ones stand for."""
        return float(self._survey.represents) if self.scenario.survey is not None else self.place.households

    @property
    def data_digest(self) -> str:
        """Digest of the survey file that is read; empty where there is none."""
        return str(self._survey.read.digest) if self.scenario.survey is not None else ""

    def population(self, households: int | None = None, seed: int | None = None, replicate: int = 0) -> Population:
        """Make the households of one replicate; what is None stands in the scenario.

        `households` 1 or more; with a survey None means each of its households once. `seed` and `replicate` 0 to
        2**32 - 1. Raises `PopulationError`.
        """
        settings = self.scenario.settings
        count = settings.households if households is None else households
        chosen_seed = settings.seed if seed is None else seed
        if self.scenario.survey is not None:
            found: Population = self._survey.population(count, chosen_seed, replicate, self.parameters)
            return found
        from empowersim.engine.synthetic import synthetic

        assert count is not None
        return synthetic(
            self.place, households=count, seed=chosen_seed, replicate=replicate, parameters=self.parameters
        )

    @cached_property
    def _survey(self) -> Any:
        """`SurveySource` of the scenario; Any, because it is imported only where a survey is used."""
        from empowersim.scenario.survey_source import SurveySource

        survey = self.scenario.survey
        assert survey is not None
        return SurveySource(self.scenario, survey, self.place)


def compile_scenario(scenario: Scenario) -> Compiled:
    """Turn a scenario into policies, parameters, travel figures and a maker of populations.

    Raises `ParameterError` only if a packaged file is broken: `load` has checked the scenario.
    """
    place = place_with(scenario.world)
    overrides = dict(scenario.parameters)
    if scenario.world.trap:
        overrides["trap"] = 1.0
    return Compiled(
        scenario=scenario,
        policies={name: _policy(document, place) for name, document in scenario.policies.items()},
        parameters=parameters(overrides),
        travel=Travel(**travel()),
        place=place,
    )


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


def _policy(document: PolicyDocument, place: Place) -> Policy:
    staff = document.mentors
    plan = plan_mentors(document, place)
    trust = staff.trust_bonus if staff.local else 0.0
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
        trust_bonus=trust,
        pay_per_month=staff.pay_per_month,
        session_cost=staff.session_cost,
        rule=staff.rule,  # type: ignore[arg-type]
        observation_noise=staff.observation_noise,
        resident=staff.resident,
        resident_round_trip=staff.resident_round_trip,
    )
    return Policy(
        name=document.name,
        programmes=tuple(_programme(programme, staff) for programme in document.programmes),
        mentors=mentors if staff.any else Mentors(),
        end=FOREVER if document.runs_for is None else document.runs_for,
    )


def _programme(document: ProgrammeDocument, mentors: MentorsDocument) -> Programme:
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
    )


@dataclass(frozen=True)
class MentorPlan:
    """What the mentors of a policy are expected to cost once all places are filled; the run counts what happens."""

    posts: float
    clients: float
    """Households in programmes that want visits or sessions."""
    pay: float
    """IDR a year."""
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
            pay=_MONTHS * posts * staff.pay_per_month,
            trips=_MONTHS * trips,
            sessions=_MONTHS * groups * staff.session_cost,
        )

    if staff.count is not None:
        return plan(staff.count)
    if not staff.budget:
        return plan(0.0)
    low, high = 0.0, staff.budget / (_MONTHS * staff.pay_per_month)
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
    cost = groups_held = 0.0
    for region in place.regions:
        at = REGION_TYPES.index(region.name)
        figure = {name: values[at] for name, values in figures.items()}
        round_trip = figure["round_trip_hours"]
        access = figure["access"]
        if staff.resident:
            round_trip, access = min(round_trip, staff.resident_round_trip), 1.0
        office = (staff.admin_hours + staff.admin_hours_per_client * clients / posts) * figure["signal_factor"]
        rest = max(staff.hours - office - staff.training_hours, 0.0)
        groups = sessions / posts / staff.group_size
        need = groups * (staff.session_hours + round_trip / figure["sessions_per_trip"])
        held = min(access, rest / need) if need > 0.0 else 0.0
        rest = max(rest - held * need, 0.0)
        visit = (
            staff.visit_hours * figure["visit_time_factor"]
            + figure["walk_hours"]
            + round_trip / figure["visits_per_trip"]
        )
        made = min(rest * access / visit, visits / posts)
        trips = groups * held / figure["sessions_per_trip"] + made / figure["visits_per_trip"]
        cost += region.share * posts * trips * figure["trip_cost"]
        groups_held += region.share * posts * groups * held
    return cost, groups_held


def cost_per_year(document: PolicyDocument, place: Place) -> float:
    """Expected cost of a policy a year, IDR, with all places filled and kept to the end."""
    return sum(programme.cost_per_year for programme in document.programmes) + plan_mentors(document, place).cost
