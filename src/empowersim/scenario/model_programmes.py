"""What a scenario file may say of programmes, for households and for whole villages: tables of fields."""

from __future__ import annotations

from typing import Final

from empowersim.scenario.fields import (
    ByRegion,
    Choice,
    Field,
    Flag,
    Label,
    Numbers,
    Open,
    Quantity,
    Section,
    Text,
)
from empowersim.scenario.units import (
    BUDGET,
    DELAY,
    HAZARD,
    LENGTH,
    MONEY,
    MONEY_PER_MONTH,
    PLACES,
    SHARE,
    Kind,
    UnitError,
    a_month,
    number,
    plain,
    split,
)
from empowersim.schema import CHANNELS, HOUSEHOLD, ROW, VILLAGE, VILLAGE_ROW

PRIORITIES: Final = ("lottery", "poorest_first", "neediest_first", "most_motivated")
COURSE_CHANNELS: Final = ("technical", "business", "initiative")
"""Channels given as standard courses over the whole length of a place."""
MONEY_CHANNELS: Final = ("stipend", "asset_grant", "cash_grant")
MOST_CONDITIONS: Final = 8
"""Conditions that the engine checks."""
LONGEST_PLACE: Final = 240.0
"""Months that the engine can count down for a place."""

COURSES: Final = Quantity(
    plain("a number of standard courses over the whole length, as '1 course'", 0, 10, nouns=("course",))
)
MEETINGS: Final = Quantity(a_month("health meetings a month, as '1 meeting/month'", 8, "meeting"))

GIVES: Final = Section(
    "gives",
    "what a household gets that holds a place",
    (
        Field("technical", COURSES, "standard technical courses over the length of a place"),
        Field("business", COURSES, "standard business courses over the length of a place"),
        Field("initiative", COURSES, "standard personal-initiative courses over the length of a place"),
        Field(
            "literacy",
            Quantity(a_month("adult literacy class, 1 = a standard class", 3, "class")),
            "intensity of a literacy class",
        ),
        Field(
            "tutoring",
            Quantity(a_month("tutoring of the children, 1 = a standard dose", 3)),
            "intensity of tutoring",
        ),
        Field("health_group", MEETINGS, "health group meetings a month, of whatever topic"),
        Field("prevention", MEETINGS, "health meetings a month on preventing disease (part of health_group)"),
        Field("basic_care", MEETINGS, "health meetings a month on basic care (part of health_group)"),
        Field("nutrition", MEETINGS, "health meetings a month on nutrition (part of health_group)"),
        Field("reproductive", MEETINGS, "health meetings a month on reproductive health (part of health_group)"),
        Field(
            "brokering",
            Quantity(a_month("cases a month, as '0.33 cases/month'", 4, "case")),
            "cases a month in which somebody helps to claim an entitlement",
        ),
        Field(
            "deliberation",
            Quantity(a_month("village meetings a month, as '0.33 meetings/month'", 4, "meeting")),
            "village meetings a month in which people choose",
        ),
        Field(
            "fit",
            Quantity(plain("cultural fit from -1 (offends custom) to 1 (lives from it)", -1, 1)),
            "how what is offered fits local custom",
        ),
        Field(
            "scholarship",
            Quantity(plain("a share of the cost of schooling, as '50 %' or 0.5", 0, 1, percent=True)),
            "share of the cost of schooling covered",
        ),
        Field(
            "saving",
            Quantity(plain("a share of income, as '2 % of income' or 0.02", 0, 0.5, percent=True, nouns=("income",))),
            "obligatory saving, share of income",
        ),
        Field("stipend", Quantity(MONEY_PER_MONTH), "cash every month (a child where per_child)"),
        Field("asset_grant", Quantity(MONEY), "productive asset at the start, its worth"),
        Field("cash_grant", Quantity(MONEY), "cash at the start"),
        Field(
            "visits",
            Quantity(a_month("visits a month, as '1 visit/month'", 31, "visit")),
            "visits of a mentor wanted a month (hours permitting)",
        ),
        Field(
            "sessions",
            Quantity(a_month("group sessions a month, as '1 session/month'", 8, "session")),
            "group sessions with a mentor wanted a month",
        ),
    ),
)
assert set(GIVES.names) == set(CHANNELS)

VILLAGE_CHANNELS: Final = (
    "literacy",
    "tutoring",
    "health_group",
    "prevention",
    "basic_care",
    "nutrition",
    "reproductive",
    "brokering",
    "deliberation",
    "fit",
)
"""Channels that can be given to a whole village: no money, no courses, no mentors."""

VILLAGE_GIVES: Final = Section(
    "village gives",
    "what every household of a served village gets",
    tuple(field for field in GIVES.fields if field.name in VILLAGE_CHANNELS),
)

PAID_BY: Final = Section(
    "paid by",
    "who pays; shares sum to 100 %",
    (
        Field("state", Quantity(SHARE), "share of the cost that the state pays", "the rest"),
        Field("partner", Quantity(SHARE), "share of the cost that somebody else pays", "0 %"),
    ),
)


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
    column.name
    for column in HOUSEHOLD
    if column.name not in ("welfare", "shock", "register_error", "agency_base", "poor_months", "began_poor")
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
        Field("budget", Quantity(BUDGET), "money a year from all who pay; places follow from the cost of a place"),
        Field("places", Quantity(PLACES), "places a year"),
        Field(
            "eligible",
            Open("columns of a household with at_least, at_most or is", lambda: CONDITION, lambda: CONDITION_COLUMNS),
            "who may take part: all conditions hold",
        ),
        Field(
            "targeting_noise",
            Quantity(plain("a log standard deviation, as 0.4", 0, 2)),
            "error of the consumption that the administration sees (log s.d.); it includes some who should be left out "
            "and leaves out some who should be included",
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
        Field(
            "demand",
            ByRegion(
                plain("graduates as a share of households, as '3 %'", 0, 1, percent=True, nouns=("household",)),
                zero="no limit",
            ),
            "graduates as a share of the households of a place at which one more is worth half as much",
            "no limit",
        ),
        Field("per_child", Flag(), "stipend, grants and monthly cost are for each child of school age", "no"),
        Field(
            "children",
            Quantity(plain("children a household, as 1.7", 0.1, 20, nouns=("child", "person"))),
            "children of school age of a household that takes part, assumed when a budget is turned into places",
        ),
        Field("cost_per_place", Quantity(MONEY), "cost once a place is filled, grants apart", "0"),
        Field(
            "cost_per_month", Quantity(MONEY_PER_MONTH), "cost a month of a household (or child), stipend apart", "0"
        ),
        Field("overhead", Quantity(SHARE), "administration on top, as a share of all other cost", "0"),
        Field("paid_by", PAID_BY, "who pays", "the state"),
        Field("first_intake", Quantity(DELAY), "months until the first intake", "0 months"),
        Field("last_intake", Quantity(DELAY), "months after which nobody is taken in", "never ends"),
        Field("intake_every", Quantity(LENGTH), "months between intakes", "3 months"),
        Field("once", Flag(), "a household takes part at most once", "yes"),
    ),
)

NOT_CHANGEABLE: Final = ("line", "rural", "spread", "adat")
"""Traits of a village that no programme changes."""
VILLAGE_COLUMNS: Final = tuple(
    column.name for column in VILLAGE if column.role == "trait" and column.name not in NOT_CHANGEABLE
)
_LARGEST_FACTOR: Final = 10.0


def _village_number(name: str, text: str) -> float:
    """Plain number of a text; raises `UnitError`."""
    quantity = split(text)
    if quantity.currency or quantity.noun not in ("", "hour", "month") or quantity.per:
        raise UnitError(f"write a number in {VILLAGE[VILLAGE_ROW[name]].unit}")
    return number(quantity.number) * quantity.scale * (0.01 if quantity.percent else 1.0)


def _village_value(name: str, text: str) -> float:
    """Value of a column of a village; raises `UnitError`."""
    value, column = _village_number(name, text), VILLAGE[VILLAGE_ROW[name]]
    if not column.lower <= value <= column.upper:
        raise UnitError(f"{name} runs from {column.lower:g} to {column.upper:g} ({column.unit})")
    return value


def _village_factor(name: str, text: str) -> float:
    """Factor on a column of a village; raises `UnitError`."""
    value = _village_number(name, text)
    if not 0.0 <= value <= _LARGEST_FACTOR:
        raise UnitError(f"a factor runs from 0 to {_LARGEST_FACTOR:g}")
    return value


COMMUNITY: Final = Section(
    "community programme",
    "something given to whole villages, the poorest first; what is not said comes from the library",
    (
        Field("like", Text(), "community programme of the library to start from", "the one of the same name"),
        Field("label", Label(), "name for people, {en, id}"),
        Field("meaning", Text(), "what it does, in a sentence"),
        Field("coverage", Quantity(SHARE), "share of the villages served"),
        Field(
            "budget",
            Quantity(BUDGET),
            "money a year from all who pay, on average over the run; the share of villages served follows from it",
        ),
        Field("start", Quantity(DELAY), "months until it begins", "0 months"),
        Field("duration", Quantity(LENGTH), "months it runs; what it sets and scales stays", "to the end"),
        Field("gives", VILLAGE_GIVES, "what every household of a served village gets"),
        Field(
            "sets",
            Numbers("a trait of a village", lambda: VILLAGE_COLUMNS, _village_value, passports=True),
            "traits of a served village and the values they take",
        ),
        Field(
            "scales",
            Numbers("a trait of a village", lambda: VILLAGE_COLUMNS, _village_factor, passports=True),
            "traits of a served village and the factors they are multiplied by",
        ),
        Field(
            "travel_factor",
            Quantity(plain("a factor, as 0.6", 0, 3)),
            "factor on the way of mentors to served villages",
            "1",
        ),
        Field("cost_once", Quantity(MONEY), "cost of a village at the start", "0"),
        Field("cost_per_month", Quantity(MONEY_PER_MONTH), "cost of a village a month", "0"),
        Field("paid_by", PAID_BY, "who pays", "the state"),
    ),
)
