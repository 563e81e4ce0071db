"""What a scenario file may say of mentors: tables of fields."""

from __future__ import annotations

from typing import Final

from empowersim.scenario.fields import Choice, Field, Flag, Label, Quantity, Section, Shift
from empowersim.scenario.units import (
    BUDGET,
    DELAY,
    HOURS,
    MONEY,
    MONEY_PER_MONTH,
    SHARE,
    a_month,
    plain,
)
from empowersim.schema import REGION_TYPES

MENTOR_RULES: Final = (
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

ROLE_MIX: Final = Section(
    "role mix",
    "shares of a mentor's time with people; they sum to 100 %",
    (
        Field("facilitative", Quantity(SHARE), "motivating, mediating, organising groups: motivation and confidence"),
        Field("educational", Quantity(SHARE), "informing and training: practice, and advice that helps"),
        Field("representational", Quantity(SHARE), "obtaining resources, advocating: entitlements and voice"),
        Field("technical", Quantity(SHARE), "data, plans, money: benefits on time, a register with fewer errors"),
    ),
)


WHERE: Final = Section(
    "where",
    "posts by region type, against 1 elsewhere: {interior: 2} gives interior subdistricts two posts where others of as "
    "many households get one; 0 = none",
    tuple(
        Field(name, Quantity(plain("a weight, as 2", 0, 1000)), f"weight of {name.replace('_', ' ')} subdistricts", "1")
        for name in REGION_TYPES
    ),
)


def _mentor_types() -> tuple[str, ...]:
    from empowersim.scenario.library import mentor_types

    return tuple(mentor_types())


MENTORS: Final = Section(
    "mentors",
    "the mentors of a policy",
    (
        Field(
            "count",
            Quantity(plain("a number of full-time posts, as 120", 0, 1e7, nouns=("post", "person"))),
            "full-time posts",
        ),
        Field(
            "budget",
            Quantity(BUDGET),
            "money a year for pay, courses, supervision, trips and sessions; posts follow from it",
        ),
        Field("label", Label(), "name for people, {en, id}", "that of the type"),
        Field(
            "type",
            Choice("a type of mentor", _mentor_types),
            "type whose figures hold where nothing else is said",
            "contract",
        ),
        Field("pay", Quantity(MONEY_PER_MONTH), "pay of a post a month, all on-costs in"),
        Field(
            "wage_share",
            Quantity(SHARE),
            "part of the pay that the mentor takes home; it is set against the minimum wage of the place, and low pay "
            "makes mentors leave",
        ),
        Field(
            "allowance", Quantity(MONEY_PER_MONTH), "remote allowance of a resident post a month; taken home in full"
        ),
        Field("training", Quantity(BUDGET), "other training of a post, money a year", "0"),
        Field("refresher", Flag(), "a five-day course every year: mentors learn, and fewer leave"),
        Field("refresher_cost", Quantity(MONEY), "cost of that course for a mentor"),
        Field(
            "coaching",
            Flag(),
            "supervisors coach, on top of ordinary control: mentors learn faster, tire less, and fewer leave",
            "no",
        ),
        Field("supervisor_pay", Quantity(MONEY_PER_MONTH), "cost of a coaching supervisor a month"),
        Field(
            "posts_per_supervisor",
            Quantity(plain("posts to a supervisor, as 20", 10, 30, nouns=("post", "person"))),
            "posts that a coaching supervisor looks after",
        ),
        Field("peer_group", Flag(), "mentors meet each other: they tire less", "no"),
        Field("permanent", Flag(), "permanent status instead of a yearly contract: fewer leave", "no"),
        Field(
            "rotation",
            Quantity(DELAY),
            "months after which mentors are moved to another area; 0 months = never",
            "0 months",
        ),
        Field("handover", Flag(), "the old and the new mentor visit together: more of the trust is kept", "yes"),
        Field("competence", Quantity(plain("competence, 0 to 1", 0, 1, percent=True)), "competence of a new mentor"),
        Field("role_mix", ROLE_MIX, "how the time with people is shared among the four roles"),
        Field(
            "shift",
            Shift(tuple(field.name for field in ROLE_MIX.fields)),
            "a change of the role mix in points of 100, as '10 points from technical to representational'",
        ),
        Field("local", Flag(), "mentors come from the place and speak its language: people trust them sooner", "no"),
        Field(
            "trust_bonus",
            Quantity(plain("trust, 0 to 1", 0, 0.85, percent=True)),
            "trust at first meeting that a local mentor has above an outsider",
        ),
        Field(
            "where",
            WHERE,
            "how posts are shared among region types",
            "as the places of programmes",
        ),
        Field("resident", Flag(), "mentors live where they work, with the allowance", "no"),
        Field("resident_round_trip", Quantity(HOURS), "round trip of a resident mentor, hours"),
        Field("resident_trip_cost", Quantity(MONEY), "cost of a trip of a resident mentor"),
        Field(
            "coordination",
            Flag(),
            "a desk with health, school, labour and registry offices: more referrals succeed",
            "no",
        ),
        Field("coordination_cost", Quantity(MONEY_PER_MONTH), "cost of the desk a month, for the whole place"),
        Field(
            "rule",
            Choice("a rule for whom to visit first", lambda: MENTOR_RULES),
            "who is visited first when hours are short",
        ),
        Field(
            "observation_noise",
            Quantity(plain("a log standard deviation, as 0.4", 0, 2)),
            "error of what mentors go by in choosing whom to visit (log s.d.); it shrinks with trust",
        ),
        Field(
            "visits",
            Quantity(a_month("visits a month, as '1 visit/month'", 31, "visit")),
            "visits a month wanted for everybody in a programme of the policy",
            "as each programme says",
        ),
        Field(
            "sessions",
            Quantity(a_month("group sessions a month, as '1 session/month'", 8, "session")),
            "group sessions a month wanted for everybody in a programme of the policy",
            "as each programme says",
        ),
        Field("hours", Quantity(HOURS), "working hours of a post a month"),
        Field("admin_hours", Quantity(HOURS), "office hours of a post a month"),
        Field("admin_hours_per_client", Quantity(HOURS), "office hours for each client a month"),
        Field("training_hours", Quantity(HOURS), "meetings and training, hours a month"),
        Field("session_hours", Quantity(HOURS), "hours of a group session, preparation in"),
        Field("visit_hours", Quantity(HOURS), "hours of a visit"),
        Field(
            "group_size",
            Quantity(plain("persons in a group, as 25", 1, 200, nouns=("person", "household"))),
            "households in a group",
        ),
        Field("session_cost", Quantity(MONEY), "snacks, materials and room of a group session"),
        Field("dynamics", Flag(), "mentors learn, tire and leave; no keeps them as they start", "yes"),
    ),
)
