"""What a scenario file may say: one table of fields a section, and the frozen values that a checked file becomes.

The tables drive the check (`fields.read_section`), the JSON Schema (`schema_json`) and the manual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from empowersim import parameters as parameter_files
from empowersim.scenario.document import Node
from empowersim.scenario.fields import (
    Choice,
    Field,
    Flag,
    Free,
    Label,
    Name,
    Numbers,
    Open,
    Quantity,
    Section,
    Text,
    Texts,
)
from empowersim.scenario.units import (
    BUDGET,
    DELAY,
    HAZARD,
    HOURS,
    LENGTH,
    LINE,
    MONEY,
    MONEY_PER_MONTH,
    PLACES,
    RATE,
    SHARE,
    Kind,
    UnitError,
    number,
    split,
)
from empowersim.schema import CHANNELS, HOUSEHOLD, REGION_TYPES, ROW

FORMAT_VERSION: Final = 1
PRIORITIES: Final = ("lottery", "poorest_first", "neediest_first", "most_motivated")
MENTOR_RULES: Final = ("equal", "round_robin", "neediest_first", "poorest_first", "near_threshold", "random")
COURSE_CHANNELS: Final = ("technical", "business", "initiative")
"""Channels given as standard courses over the whole length of a place."""
GRANT_CHANNELS: Final = ("asset_grant", "cash_grant")
"""Channels given once, at the start."""
MONEY_CHANNELS: Final = ("stipend", "asset_grant", "cash_grant")
MOST_CONDITIONS: Final = 8
"""Conditions that the engine checks."""
LONGEST_PLACE: Final = 240.0
"""Months that the engine can count down for a place."""


def _plain(
    expected: str,
    lower: float,
    upper: float,
    *,
    whole: bool = False,
    nouns: tuple[str, ...] = (),
    percent: bool = False,
) -> Quantity:
    return Quantity(
        Kind(expected, bare=True, lower=lower, upper=upper, whole=whole, nouns=frozenset(nouns), percent=percent)
    )


def _a_month(expected: str, upper: float, *nouns: str, percent: bool = False) -> Quantity:
    return Quantity(
        Kind(expected, time="per_month", bare=True, lower=0.0, upper=upper, nouns=frozenset(nouns), percent=percent)
    )


_SEED: Final = Quantity(
    Kind(
        "a whole number from 0 to 4294967295",
        bare=True,
        lower=0,
        upper=2**32 - 1,
        whole=True,
        bounds_text="between 0 and 4294967295",
    )
)
HOUSEHOLDS: Final = _plain(
    "a whole number of households, as 20000 or '610 thousand'", 1, 1e9, whole=True, nouns=("household",)
)
LENGTH_IN_NAME: Final = Quantity(
    Kind(
        "a whole number of months, as 60 or '5 years'",
        time="length",
        bare=True,
        whole=True,
        lower=1,
        upper=1200,
        bounds_text="between 1 and 1200 months",
    )
)
COURSES: Final = _plain("a number of standard courses over the whole length, as '1 course'", 0, 10, nouns=("course",))

GIVES: Final = Section(
    "gives",
    "what a household gets that holds a place",
    (
        Field("technical", COURSES, "standard technical courses over the length of a place"),
        Field("business", COURSES, "standard business courses over the length of a place"),
        Field("initiative", COURSES, "standard personal-initiative courses over the length of a place"),
        Field(
            "literacy",
            _a_month("adult literacy class, 1 = a standard class", 3, "class"),
            "intensity of a literacy class",
        ),
        Field("tutoring", _a_month("tutoring of the children, 1 = a standard dose", 3), "intensity of tutoring"),
        Field(
            "health_group",
            _a_month("health meetings a month, as '1 meeting/month'", 8, "meeting"),
            "health group meetings a month",
        ),
        Field(
            "scholarship",
            _plain("a share of the cost of schooling, as '50 %' or 0.5", 0, 1, percent=True),
            "share of the cost of schooling covered",
        ),
        Field(
            "saving",
            _plain("a share of income, as '2 % of income' or 0.02", 0, 0.5, percent=True, nouns=("income",)),
            "obligatory saving, share of income",
        ),
        Field("stipend", Quantity(MONEY_PER_MONTH), "cash every month (a child where per_child)"),
        Field("asset_grant", Quantity(MONEY), "productive asset at the start, its worth"),
        Field("cash_grant", Quantity(MONEY), "cash at the start"),
        Field(
            "visits",
            _a_month("visits a month, as '1 visit/month'", 31, "visit"),
            "visits of a mentor wanted a month (hours permitting)",
        ),
        Field(
            "sessions",
            _a_month("group sessions a month, as '1 session/month'", 8, "session"),
            "group sessions with a mentor wanted a month",
        ),
    ),
)
assert set(GIVES.names) == set(CHANNELS)


def _column_value(name: str, text: str) -> float:
    """Value of a condition on column `name`; raises `UnitError`."""
    column = HOUSEHOLD[ROW[name]]
    low = text.strip().lower()
    if column.unit == "0/1" and low in ("yes", "true", "ya", "no", "false", "tidak"):
        return float(low in ("yes", "true", "ya"))
    quantity = split(text)
    value = number(quantity.number) * quantity.scale
    fits = {
        "persons": ("person", "child"),
        "years": ("year",),
        "months": ("month",),
        "L/month": ("line",),
        "L": ("line",),
    }
    if quantity.percent:
        if column.unit != "0-1":
            raise UnitError(f"{name} is in {column.unit}, not in percent")
        value /= 100
    elif quantity.currency:
        raise UnitError(f"{name} is in {column.unit}; write it in poverty lines, as '1.5 lines'")
    elif quantity.noun and quantity.noun not in fits.get(column.unit, ()):
        raise UnitError(f"{name} is in {column.unit}")
    if not column.lower <= value <= column.upper:
        raise UnitError(f"{name} runs from {column.lower:g} to {column.upper:g} ({column.unit})")
    return value


CONDITION: Final = Section(
    "condition",
    "bounds of a column that an eligible household keeps",
    (
        Field("at_least", Text(), "eligible from this value on"),
        Field("at_most", Text(), "eligible up to this value"),
        Field("is", Text(), "eligible at exactly this value (yes or no)"),
        Field("observed", Flag(), "seen by the administration only with error", "yes for consumption and income"),
    ),
)
OBSERVED_COLUMNS: Final = ("consumption", "income")
CONDITION_COLUMNS: Final = tuple(
    column.name for column in HOUSEHOLD if column.name not in ("welfare", "shock", "register_error")
)

PROGRAMME: Final = Section(
    "programme",
    "settings of a programme; what is not said comes from the library",
    (
        Field(
            "like", Text(), "programme of the library (or of define) to start from", "the programme of the same name"
        ),
        Field("label", Label(), "name for people, {en, id}"),
        Field("meaning", Text(), "what the programme does, in a sentence"),
        Field("budget", Quantity(BUDGET), "money a year; places follow from the cost of a place"),
        Field("places", Quantity(PLACES), "places a year"),
        Field(
            "eligible",
            Open("columns of a household with at_least, at_most or is", lambda: CONDITION, lambda: CONDITION_COLUMNS),
            "who may take part: all conditions hold",
        ),
        Field(
            "targeting_noise",
            _plain("a log standard deviation, as 0.4", 0, 2),
            "error of the consumption that the administration sees (log s.d.)",
        ),
        Field(
            "priority", Choice("an order of applicants", lambda: PRIORITIES), "who comes first when places are short"
        ),
        Field("take_up", Quantity(SHARE), "share of eligible households that accept"),
        Field("drop_out", Quantity(HAZARD), "share that leaves early each month"),
        Field(
            "duration",
            Quantity(
                Kind(
                    LENGTH.expected,
                    time="length",
                    lower=1,
                    upper=LONGEST_PLACE,
                    bounds_text="between 1 and 240 months",
                    whole=True,
                    suffixes=LENGTH.suffixes,
                )
            ),
            "length of a place",
            required=True,
        ),
        Field("gives", GIVES, "what a household gets, by channel"),
        Field("per_child", Flag(), "stipend, grants and monthly cost are for each child of school age", "no"),
        Field(
            "children",
            _plain("children a household, as 1.7", 0.1, 20, nouns=("child", "person")),
            "children of school age of a household that takes part, assumed when a budget is turned into places",
        ),
        Field("cost_per_place", Quantity(MONEY), "cost once a place is filled, grants apart", "0"),
        Field(
            "cost_per_month", Quantity(MONEY_PER_MONTH), "cost a month of a household (or child), stipend apart", "0"
        ),
        Field("overhead", Quantity(SHARE), "administration on top, as a share of all other cost", "0"),
        Field("first_intake", Quantity(DELAY), "months until the first intake", "0 months"),
        Field("last_intake", Quantity(DELAY), "months after which nobody is taken in", "never ends"),
        Field("intake_every", Quantity(LENGTH), "months between intakes", "3 months"),
        Field("once", Flag(), "a household takes part at most once", "yes"),
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
            "count", _plain("a number of full-time posts, as 120", 0, 1e7, nouns=("post", "person")), "full-time posts"
        ),
        Field("budget", Quantity(BUDGET), "money a year for pay, training and trips; posts follow from it"),
        Field("label", Label(), "name for people, {en, id}", "that of the type"),
        Field(
            "type",
            Choice("a type of mentor", _mentor_types),
            "type whose figures hold where nothing else is said",
            "contract",
        ),
        Field("pay", Quantity(MONEY_PER_MONTH), "pay of a post a month, all on-costs in"),
        Field("training", Quantity(BUDGET), "training of a post, money a year"),
        Field("allowance", Quantity(MONEY_PER_MONTH), "remote allowance of a resident post a month"),
        Field("competence", _plain("competence, 0 to 1", 0, 1, percent=True), "how much a visit achieves"),
        Field("local", Flag(), "mentors come from the place: people trust them sooner", "no"),
        Field(
            "trust_bonus",
            _plain("trust, 0 to 1", 0, 0.85, percent=True),
            "trust at first meeting that a local mentor has above an outsider",
        ),
        Field("resident", Flag(), "mentors live where they work", "no"),
        Field("resident_round_trip", Quantity(HOURS), "round trip of a resident mentor, hours"),
        Field(
            "rule",
            Choice("a rule for whom to visit first", lambda: MENTOR_RULES),
            "who is visited first when hours are short",
        ),
        Field(
            "observation_noise",
            _plain("a log standard deviation, as 0.4", 0, 2),
            "error of the consumption that mentors go by (log s.d.)",
        ),
        Field(
            "visits",
            _a_month("visits a month, as '1 visit/month'", 31, "visit"),
            "visits a month wanted for everybody in a programme of the policy",
            "as each programme says",
        ),
        Field(
            "sessions",
            _a_month("group sessions a month, as '1 session/month'", 8, "session"),
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
            _plain("persons in a group, as 25", 1, 200, nouns=("person", "household")),
            "households in a group",
        ),
        Field("session_cost", Quantity(MONEY), "snacks, materials and room of a group session"),
    ),
)

POLICY: Final = Section(
    "policy",
    "what a policy does differently from base",
    (
        Field("like", Name(), "another policy of the file to start from", "base"),
        Field("label", Label(), "name for people, {en, id}"),
        Field("note", Text(), "a remark"),
        Field("programmes", Open("names of programmes with their settings", lambda: PROGRAMME), "programmes that run"),
        Field("mentors", MENTORS, "mentors that work"),
        Field("runs_for", Quantity(LENGTH), "length after which everything stops, to see what lasts", "to the end"),
    ),
)


def _places() -> tuple[str, ...]:
    from empowersim.parameters.places import places

    return tuple(places())


OWN_KEYS: Final = ("households", "poverty_line", "poverty_rate", "share")
"""Figures of a place that have a key of their own, or cannot be changed alone."""


def _figure_names() -> tuple[str, ...]:
    from empowersim.parameters.places import figure_names

    return tuple(name for name in figure_names() if name not in OWN_KEYS)


def _figure_value(name: str, text: str) -> float:
    from empowersim.errors import ParameterError
    from empowersim.parameters.places import places

    quantity = split(text)
    value = number(quantity.number) * quantity.scale * (0.01 if quantity.percent else 1.0)
    try:
        next(iter(places().values())).override({name: value})
    except ParameterError as error:
        raise UnitError(str(error)) from None
    return value


WORLD: Final = Section(
    "world",
    "where people live",
    (
        Field(
            "place", Choice("a place of the library", _places), "place whose figures make the households", required=True
        ),
        Field(
            "households",
            HOUSEHOLDS,
            "households represented: money, places and mentors are those of all of them",
            "those of the place",
        ),
        Field("poverty_line", Quantity(LINE), "poverty line", "that of the place"),
        Field("poverty_rate", Quantity(SHARE), "share of persons below the line at the start", "that of the place"),
        Field(
            "price_year", _plain("a year, as 2024", 1990, 2100, whole=True), "year of all prices", "that of the place"
        ),
        Field(
            "figures",
            Numbers("a figure of a place or region type", _figure_names, _figure_value),
            "other figures of the place, within their bounds",
            "those of the place",
        ),
        Field("trap", Flag(), "assets follow a curve with a poverty trap", "no"),
    ),
)

SURVEY: Final = Section(
    "survey",
    "households from a survey instead of made ones",
    (
        Field("file", Text(), "CSV or Parquet file", required=True),
        Field("folders", Texts(), "folders where the file may lie, relative to this file"),
        Field(
            "kind",
            Choice("households or members, whichever a row of the survey is", lambda: ("households", "members")),
            "one row a household or one row a person",
            required=True,
        ),
        Field(
            "columns",
            Free("our names with the columns of the survey"),
            "our column -> column of the survey, or {column, transform, equals, levels}",
            required=True,
        ),
        Field("headcount", Quantity(SHARE), "share of persons below the line; the line is set there"),
        Field(
            "poverty_line",
            _plain("a number in the survey's own unit of consumption", 1e-12, 1e15),
            "poverty line in the unit of the survey",
        ),
        Field(
            "region_type",
            Choice("a region type", lambda: REGION_TYPES),
            "region type of all households, where no column says it",
            "the only one of the place",
        ),
        Field("obtain", Text(), "how to get the file, for whoever has not got it"),
    ),
)

POPULATION: Final = Section("population", "who lives there", (Field("survey", SURVEY, "households from a survey"),))

SIMULATION: Final = Section(
    "simulation",
    "size and length of a run",
    (
        Field(
            "households",
            HOUSEHOLDS,
            "households simulated: a slice of those represented",
            "20000, or each household of a survey once",
        ),
        Field("months", LENGTH_IN_NAME, "months simulated", "60"),
        Field("burn_in", Quantity(DELAY), "months before the policies begin", "24 months"),
        Field("replicates", _plain("a whole number of futures, as 20", 1, 1e6, whole=True), "futures simulated", "20"),
        Field(
            "seed",
            _SEED,
            "seed of the random numbers",
            "1",
        ),
    ),
)

ECONOMICS: Final = Section(
    "economics",
    "how money of different years compares",
    (Field("discount_rate", Quantity(RATE), "discount rate", "3 %/year"),),
)


def _parameter_names() -> tuple[str, ...]:
    return tuple(name for name in parameter_files.passports() if name != "trap")


def _parameter_value(name: str, text: str) -> float:
    passport = parameter_files.passports()[name]
    quantity = split(text)
    value = number(quantity.number) * quantity.scale * (0.01 if quantity.percent else 1.0)
    if quantity.currency or quantity.noun or len(quantity.per) > 1:
        raise UnitError(f"write a number in {passport.unit}")
    if not passport.lower <= value <= passport.upper:
        raise UnitError(f"it must be between {passport.lower:g} and {passport.upper:g} ({passport.unit})")
    return value


BASE: Final = Section(
    "base",
    "the world, and what all policies share",
    (
        Field("world", WORLD, "where people live", required=True),
        Field("population", POPULATION, "who lives there", "made from the figures of the place"),
        Field("simulation", SIMULATION, "size and length of a run"),
        Field("economics", ECONOMICS, "how money of different years compares"),
        Field(
            "parameters",
            Numbers("a parameter of the model", _parameter_names, _parameter_value),
            "values that differ from the shipped ones, within their bounds",
        ),
        Field(
            "programmes",
            Open("names of programmes with their settings", lambda: PROGRAMME),
            "programmes that run in every policy",
        ),
        Field("mentors", MENTORS, "mentors that work in every policy"),
        Field("runs_for", Quantity(LENGTH), "length after which all policies stop", "to the end"),
    ),
)

FILE: Final = Section(
    "scenario file",
    "a scenario",
    (
        Field(
            "empowersim",
            _plain(f"the version of the format, {FORMAT_VERSION}", FORMAT_VERSION, FORMAT_VERSION, whole=True),
            "version of the format",
            required=True,
        ),
        Field("name", Name(), "short name", required=True),
        Field("title", Label(), "title for people, {en, id}"),
        Field("note", Text(), "a remark"),
        Field("extends", Text(), "another scenario file that this one changes"),
        Field("reference", Name(), "policy that the others are compared with", "the first"),
        Field("base", BASE, "the world, and what all policies share", required=True),
        Field(
            "policies",
            Open("names of policies", lambda: POLICY),
            "policies, each as what it does differently",
            required=True,
        ),
        Field(
            "define",
            Open("names of programmes with their settings", lambda: PROGRAMME),
            "programmes defined here, no code needed",
        ),
    ),
)

SECTIONS: Final = (
    FILE,
    BASE,
    WORLD,
    POPULATION,
    SURVEY,
    SIMULATION,
    ECONOMICS,
    POLICY,
    PROGRAMME,
    CONDITION,
    GIVES,
    MENTORS,
)
"""All tables, in the order of the manual."""
