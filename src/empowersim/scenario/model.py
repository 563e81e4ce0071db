"""What a scenario file may say: one table of fields a section.

The tables drive the check (`fields.read_section`), the JSON Schema (`schema_json`) and the manual. Programmes stand in
`model_programmes`, mentors in `model_mentors`, the frozen values that a checked file becomes in `documents`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from empowersim import parameters as parameter_files
from empowersim.errors import Problem
from empowersim.scenario.document import Node
from empowersim.scenario.documents import (
    BOTH,
    GRANT_CHANNELS,
    ROLES,
    BothWorlds,
    CommunityDocument,
    ConditionDocument,
    MentorsDocument,
    PolicyDocument,
    ProgrammeDocument,
    Scenario,
    Settings,
    SurveyDocument,
    World,
)
from empowersim.scenario.fields import (
    FALSE,
    TRUE,
    Choice,
    Field,
    Flag,
    Free,
    Label,
    Name,
    Names,
    Numbers,
    Open,
    Quantity,
    Section,
    Text,
    Texts,
)
from empowersim.scenario.model_mentors import MENTOR_RULES, MENTORS, ROLE_MIX
from empowersim.scenario.model_programmes import (
    COMMUNITY,
    CONDITION,
    CONDITION_COLUMNS,
    COURSE_CHANNELS,
    GIVES,
    LONGEST_PLACE,
    MONEY_CHANNELS,
    MOST_CONDITIONS,
    OBSERVED_COLUMNS,
    PAID_BY,
    PRIORITIES,
    PROGRAMME,
    VILLAGE_CHANNELS,
    VILLAGE_COLUMNS,
    VILLAGE_GIVES,
    _column_value,
)
from empowersim.scenario.units import (
    DELAY,
    LENGTH,
    LINE,
    RATE,
    SHARE,
    Kind,
    UnitError,
    number,
    plain,
    split,
)
from empowersim.schema import REGION_TYPES

__all__ = [
    "COMMUNITY",
    "CONDITION",
    "CONDITION_COLUMNS",
    "COURSE_CHANNELS",
    "FILE",
    "FORMAT_VERSION",
    "GIVES",
    "GRANT_CHANNELS",
    "LONGEST_PLACE",
    "MENTORS",
    "MENTOR_RULES",
    "MONEY_CHANNELS",
    "MOST_CONDITIONS",
    "OBSERVED_COLUMNS",
    "PAID_BY",
    "PRIORITIES",
    "PROGRAMME",
    "ROLES",
    "ROLE_MIX",
    "SECTIONS",
    "VILLAGE_CHANNELS",
    "VILLAGE_COLUMNS",
    "VILLAGE_GIVES",
    "CommunityDocument",
    "ConditionDocument",
    "MentorsDocument",
    "PolicyDocument",
    "ProgrammeDocument",
    "Scenario",
    "Settings",
    "SurveyDocument",
    "World",
    "_column_value",
]

FORMAT_VERSION: Final = 1
SHARING: Final = ("equal", "by_poverty", "poorest_half")
"""Ways of sharing places and posts among subdistricts."""

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
HOUSEHOLDS: Final = Quantity(
    plain("a whole number of households, as 20000 or '610 thousand'", 1, 1e9, whole=True, nouns=("household",))
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
COMMUNITY_FIELD: Final = Open("names of community programmes with their settings", lambda: COMMUNITY)
SHARING_FIELD: Final = Choice("a way of sharing among subdistricts", lambda: SHARING)

POLICY: Final = Section(
    "policy",
    "what a policy does differently from base",
    (
        Field("like", Name(), "another policy of the file to start from", "base"),
        Field("label", Label(), "name for people, {en, id}"),
        Field("note", Text(), "a remark"),
        Field("programmes", Open("names of programmes with their settings", lambda: PROGRAMME), "programmes that run"),
        Field("mentors", MENTORS, "mentors that work"),
        Field("community", COMMUNITY_FIELD, "community programmes that run"),
        Field(
            "sharing",
            SHARING_FIELD,
            "how places and posts are shared among subdistricts: by households, by poor households, or by poor "
            "households of the poorer half of the subdistricts",
            "equal",
        ),
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


BOTH_WORDS: Final = ("both", "keduanya")


@dataclass(frozen=True)
class FlagOrBoth:
    """Yes, no, or both worlds."""

    expected: str = "yes, no or both"

    def read(self, node: Node, problems: list[Problem]) -> bool | BothWorlds | None:
        """Value, or None with a problem."""
        if (node.text or "").lower() in BOTH_WORDS:
            return BOTH
        return Flag(self.expected).read(node, problems)

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"anyOf": [{"type": "boolean"}, {"enum": [*TRUE, *FALSE, *BOTH_WORDS]}]}


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
            "price_year",
            Quantity(plain("a year, as 2024", 1990, 2100, whole=True)),
            "year of all prices",
            "that of the place",
        ),
        Field(
            "figures",
            Numbers("a figure of a place or region type", _figure_names, _figure_value),
            "other figures of the place, within their bounds",
            "those of the place",
        ),
        Field("trap", FlagOrBoth(), "assets follow a curve with a poverty trap; both: two worlds side by side", "no"),
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
            Quantity(plain("a number in the survey's own unit of consumption", 1e-12, 1e15)),
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
        Field(
            "replicates",
            Quantity(plain("a whole number of futures, as 20", 1, 1e6, whole=True)),
            "futures simulated",
            "20",
        ),
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


def _factor_names() -> tuple[str, ...]:
    from empowersim.parameters.factors import factors

    return tuple(factors())


FACTORS: Final = Section(
    "factors",
    "factors that help or hinder empowerment, as a switchboard",
    (Field("off", Names("a factor", _factor_names), "factors that do not work in this world", "none"),),
)

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
        Field("community", COMMUNITY_FIELD, "community programmes that run in every policy"),
        Field("sharing", SHARING_FIELD, "how places and posts are shared in every policy", "equal"),
        Field("factors", FACTORS, "supporting and inhibiting factors that are switched off"),
        Field("runs_for", Quantity(LENGTH), "length after which all policies stop", "to the end"),
    ),
)

FILE: Final = Section(
    "scenario file",
    "a scenario",
    (
        Field(
            "empowersim",
            Quantity(plain(f"the version of the format, {FORMAT_VERSION}", FORMAT_VERSION, FORMAT_VERSION, whole=True)),
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
    FACTORS,
    POLICY,
    PROGRAMME,
    CONDITION,
    GIVES,
    PAID_BY,
    COMMUNITY,
    VILLAGE_GIVES,
    MENTORS,
    ROLE_MIX,
)
"""All tables, in the order of the manual."""
