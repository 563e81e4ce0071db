"""What a trial file may say: tables of fields, from which the loader checks a file.

Every field names its meaning and what holds where it is absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from empowersim.errors import Problem
from empowersim.scenario.document import Node
from empowersim.scenario.fields import Choice, Field, Flag, Quantity, Section, Text
from empowersim.scenario.model_programmes import COURSE_CHANNELS, GIVES, MONEY_CHANNELS
from empowersim.scenario.units import FOREIGN, HAZARD, SHARE, Kind, UnitError, a_month, number, plain, split
from empowersim.schema import CHANNELS, HOUSEHOLD, VILLAGE
from empowersim.trials.model import NEUTRAL

FORMAT_VERSION: Final = 1
SCALES: Final = ("percent", "sd", "points", "level", "odds_ratio")
ON: Final = ("offered", "treated")
UNITS_OF_ASSIGNMENT: Final = ("village", "household")
LONGEST: Final = 240
"""Months that a component may last: the engine counts a place down from there."""
MOST_AMOUNT: Final = 1e4
"""Largest amount of money that is taken for one, in L."""
NOT_IN_CONTEXT: Final = frozenset({"line", "own_food", "asset_shift", "spread"})
"""Traits of a village with a key of their own, or without meaning in a study."""
VILLAGE_KEYS: Final = tuple(
    column.name for column in VILLAGE if column.role == "trait" and column.name not in NOT_IN_CONTEXT
)
FORCED_COLUMNS: Final = tuple(column.name for column in HOUSEHOLD if column.role == "state")
"""States of a household that an arm may impose."""

_L: Final = re.compile(r"(?<=[\d\s])L\b")
_MONTHS: Final = re.compile(r"(\d{1,4})(?:\s*(?:-|–|to)\s*(\d{1,4}))?")


@dataclass(frozen=True)
class Money:
    """The currency of a file, and the price of one L in it."""

    currency: str = "L"
    line: float = 1.0


@dataclass(frozen=True)
class Amount:
    """Money in the currency of the file, or in lines; the value is in L."""

    money: Money
    lower: float = 0.0

    @property
    def expected(self) -> str:
        """For messages, with an example."""
        own = "" if self.money.currency == "L" else f", or in {self.money.currency} as '{2.2 * self.money.line:.0f}'"
        return f"an amount of money, in lines as '2.2 lines'{own}"

    def read(self, node: Node, problems: list[Problem]) -> float | None:
        """Value in L, or None with a problem."""
        try:
            if node.text is None:
                raise UnitError("")
            return self._value(node.text)
        except UnitError as error:
            problems.append(node.problem(self.expected, remedy=str(error)))
            return None

    def _value(self, text: str) -> float:
        currency = self.money.currency
        named, rest = False, text
        if currency != "L":
            rest = re.sub(rf"(?<![^\W\d_]){re.escape(currency)}(?![^\W\d_])", " ", text, flags=re.IGNORECASE)
            named = rest != text
        rest = _L.sub(" lines", rest)
        if any(word.lower() in FOREIGN for word in re.findall(r"[^\W\d_]+", rest)):
            raise UnitError(f"amounts are in {currency} (see money:) or in lines")
        quantity = split(rest)
        if quantity.currency and currency.upper() != "IDR":
            raise UnitError(f"amounts are in {currency} (see money:) or in lines")
        if quantity.percent:
            raise UnitError("this cannot be a percentage")
        if quantity.noun not in ("", "line") or (quantity.noun and named):
            raise UnitError(f"write lines or {currency}, and nothing else")
        if not set(quantity.per) <= {"month", "household"}:
            raise UnitError("amounts are of a household, and a month where they come every month")
        value = number(quantity.number) * quantity.scale
        if not quantity.noun:
            value /= self.money.line
        if not self.lower <= value <= MOST_AMOUNT:
            raise UnitError(f"it must be between {self.lower:g} and {MOST_AMOUNT:g} lines")
        return value


@dataclass(frozen=True)
class Months:
    """A month of the study, or a range of them; the value is (first, how many)."""

    single: bool = False

    @property
    def expected(self) -> str:
        """For messages, with an example."""
        return "a month, as 1" if self.single else "months of the study, as 1-24"

    def read(self, node: Node, problems: list[Problem]) -> tuple[int, int] | None:
        """Value, or None with a problem."""
        match = _MONTHS.fullmatch((node.text or "").strip())
        if match is None or (self.single and match[2]):
            problems.append(node.problem(self.expected, remedy="1 is the first month after the baseline"))
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if first < 1 or last < first or last - first >= LONGEST:
            remedy = f"begin at 1 or later, end no earlier, and last at most {LONGEST} months"
            problems.append(node.problem(self.expected, remedy=remedy))
            return None
        return first, last - first + 1


@dataclass(frozen=True)
class Tree:
    """A mapping or a list that the loader itself takes apart; the node is returned."""

    expected: str

    def read(self, node: Node, problems: list[Problem]) -> Node:
        """The node itself."""
        return node


def _village_kind(name: str) -> Any:
    """Kind of a trait of a village."""
    column = next(column for column in VILLAGE if column.name == name)
    if column.unit == "0/1":
        return Flag()
    low, high = column.lower, column.upper
    bounds = f"between {low:g} and {high:g} ({column.unit})"
    if column.unit in ("1/month", "log/month"):
        return Quantity(
            Kind(
                "a share a month, as '1.2 %/month'" if column.unit == "1/month" else "growth, as '0.2 %/month'",
                percent=True,
                time="per_month",
                bare=True,
                lower=low,
                upper=high,
                bounds_text=bounds,
            )
        )
    return Quantity(
        Kind(
            f"a number {bounds}",
            percent=column.unit.startswith(("share", "0-1")),
            nouns=frozenset({"hour", "month", "line"}),
            bare=True,
            lower=low,
            upper=high,
            bounds_text=bounds,
        )
    )


def _shown(name: str) -> str:
    """Default of a trait of a village, as a file would write it."""
    if isinstance(_village_kind(name), Flag):
        return "yes" if NEUTRAL[name] else "no"
    return f"{NEUTRAL[name]:g}"


MONEY_SECTION: Final = Section(
    "money",
    "the currency of all amounts in the file",
    (
        Field("currency", Text(), "name of the currency", "L (poverty lines)"),
        Field(
            "line",
            Quantity(plain("a price above 0, as 167", 1e-6, 1e12)),
            "one month of the poverty-line budget of a household in that currency: the worth of 1 L",
            "1",
        ),
    ),
)

POPULATION: Final = Section(
    "population",
    "how many households the study looks at, before eligibility",
    (
        Field("villages", Quantity(plain("a whole number, as 200", 1, 20000, whole=True)), "villages", "100"),
        Field(
            "households_per_village",
            Quantity(plain("a whole number, as 50", 1, 100000, whole=True)),
            "households of a village, eligible or not",
            "50",
        ),
        Field(
            "burn_in",
            Quantity(plain("a whole number of months, as 24", 1, 600, whole=True, nouns=("month",))),
            "months lived before the baseline, so that what nobody observed settles",
            "24",
        ),
    ),
)

ELIGIBILITY: Final = Section(
    "eligibility",
    "who is studied",
    (
        Field("poorest", Quantity(SHARE), "share of households, from the poorest as the ranking sees them", "100 %"),
        Field(
            "ranking_noise",
            Quantity(plain("a log standard deviation, as 0.5", 0, 5)),
            "error of the ranking about consumption (log s.d.)",
            "0.5",
        ),
        Field(
            "weight_on_assets",
            Quantity(plain("a weight, as 0.15", 0, 5)),
            "how much few productive assets count in the ranking, log consumption a k unit",
            "0.15",
        ),
        Field(
            "where",
            Tree("columns of a household with at_least, at_most or is"),
            "bounds that columns of a household keep at baseline",
            "none",
        ),
    ),
)

RANDOMISATION: Final = Section(
    "randomisation",
    "how arms are assigned",
    (
        Field(
            "unit",
            Choice("a unit of randomisation", lambda: UNITS_OF_ASSIGNMENT),
            "what is assigned to an arm: village or household",
            "village",
        ),
        Field("reach", Quantity(SHARE), "share of the eligible households whom the offer reaches", "100 %"),
    ),
)

VISITORS: Final = Section(
    "visitors",
    "those who visit",
    (Field("competence", Quantity(SHARE), "competence (0-1) of those who visit or hold sessions", "0.6"),),
)

SURVEY: Final = Section(
    "survey",
    "one survey",
    (Field("attrition", Quantity(SHARE), "share of the sample that is not found again, at random", "0 %"),),
)

ARM: Final = Section(
    "arm",
    "one arm; the first arm of a file is the comparison",
    (
        Field("share", Quantity(plain("a weight, as 1", 0, 1e6)), "weight in the assignment; 0 = only simulated", "1"),
        Field("take_up", Quantity(SHARE), "share of those offered who accept", "100 %"),
        Field("gives", Tree("a mapping or a list of components"), "what those who accept get", "nothing"),
        Field(
            "forces",
            Tree("a mapping or a list of states, as [{illness: 2, months: 1-4}]"),
            "states of a household that the arm imposes on its households, as nature does",
            "nothing",
        ),
    ),
)

_ONE_OF: Final = "month or months is required"
_WHEN: Final = (
    Field("month", Months(single=True), "the one month in which it happens (1 = first month of the study)", _ONE_OF),
    Field("months", Months(), "first and last month, as 1-24", _ONE_OF),
)

FORCE: Final = Section("force", "a state held at a value for some months", _WHEN)


def component(money: Money) -> Section:
    """Keys of one component of an arm: channels with their doses, and when."""
    own = {
        "tutoring": Quantity(a_month("tutoring of the children, 1 = a standard dose", 10)),
        "literacy": Quantity(a_month("adult literacy class, 1 = a standard class", 10, "class")),
    }
    channels = [
        Field(
            name,
            Amount(money) if name in MONEY_CHANNELS else own.get(name, GIVES.field(name).type),
            _MEANING.get(name, CHANNELS[name]),
            "none",
        )
        for name in CHANNELS
    ]
    assert set(COURSE_CHANNELS) <= set(CHANNELS)
    rest = (
        Field("drop_out", Quantity(_DROP_OUT), "share that leaves it each month", "0 %"),
        Field("share", Quantity(SHARE), "share of the takers who get it, by lot (the same lot for all)", "100 %"),
    )
    return Section("component", "something that households get", (*channels, *_WHEN, *rest))


_DROP_OUT: Final = Kind(
    HAZARD.expected, percent=True, time="per_month", bare=True, lower=0.0, upper=1.0, bounds_text=HAZARD.bounds_text
)
_MEANING: Final = {
    "technical": "standard technical courses, spread evenly over the months",
    "business": "standard business courses, spread evenly over the months",
    "initiative": "standard personal-initiative courses, spread evenly over the months",
    "stipend": "cash every month, a household",
    "asset_grant": "productive asset in the first month, a household",
    "cash_grant": "cash in the first month, a household",
    "visits": "visits a month",
    "sessions": "group sessions a month with a visitor",
}


def context(money: Money) -> Section:
    """Keys of the context: where the study took place."""
    return Section(
        "context",
        "where the study took place: all that may differ between studies beside what was done",
        (
            Field("consumption", Amount(money, 0.05), "median consumption of households a month", "1 line"),
            Field(
                "spread",
                Quantity(plain("a log standard deviation, as 0.45", 0.01, 2)),
                "s.d. of log consumption between households",
                "0.45",
            ),
            Field(
                "village_share",
                Quantity(SHARE),
                "share of the variance of log consumption that lies between villages",
                "15 %",
            ),
            Field(
                "household_size",
                Quantity(plain("persons, as 5", 1, 30, nouns=("person",))),
                "persons of a household",
                "5",
            ),
            Field(
                "children",
                Quantity(plain("children, as 2", 0, 20, nouns=("child",))),
                "members of school age",
                "2",
            ),
            Field(
                "schooling_years",
                Quantity(plain("years, as 5", 0, 22, nouns=("year",))),
                "years of schooling of the best-educated adult, mean",
                "5",
            ),
            Field(
                "schooling_spread",
                Quantity(plain("years, as 3", 0, 10, nouns=("year",))),
                "s.d. of the same",
                "3",
            ),
            Field("female_heads", Quantity(SHARE), "share of households headed by a woman", "20 %"),
            Field("enrolled", Quantity(SHARE), "share of households whose children go to school at the start", "90 %"),
            Field(
                "literacy",
                Quantity(SHARE),
                "mean functional literacy of the least literate working adult; a school grade is 1/6",
                "0.5",
            ),
            Field(
                "literacy_spread",
                Quantity(plain("a standard deviation, as 0.25", 0, 1)),
                "s.d. of the same",
                "0.25",
            ),
            Field(
                "own_assets",
                Quantity(plain("a shift in k units, as -1", -4, 4)),
                "shift of the accustomed productive assets against the model's mean, k units (k = ln(1 + 3.1 L))",
                "0",
            ),
            Field("own_food", Amount(money), "food grown for own use, a month: consumption, but no earnings", "0"),
            Field("trap", Flag(), "poverty-trap world", "no"),
            *(
                Field(name, _village_kind(name), next(c.meaning for c in VILLAGE if c.name == name), _shown(name))
                for name in VILLAGE_KEYS
            ),
        ),
    )


ESTIMATE: Final = Section(
    "estimate",
    "one number of a table",
    (
        Field("outcome", Text("the name of an outcome"), "what is compared", required=True),
        Field("survey", Text("the month of a survey"), "when", "the last survey"),
        Field("arm", Text("the name of an arm"), "who", "the second arm"),
        Field("against", Text("the name of an arm"), "against whom", "the first arm"),
        Field("as", Choice("a scale", lambda: SCALES), "the scale of the number", "sd, points or percent by outcome"),
        Field(
            "on",
            Choice("offered or treated", lambda: ON),
            "offered: all to whom it was offered (ITT); treated: those who accepted",
            "offered",
        ),
    ),
)

OUTCOME: Final = Section(
    "outcome",
    "estimates of one outcome, at every survey after the baseline, for every arm",
    (
        Field("as", Tree("a scale or a list of scales"), "scales of the numbers", "sd, points or percent by outcome"),
        Field("surveys", Tree("a month or a list of months"), "months of the surveys", "all after the baseline"),
        Field("arms", Tree("an arm or a list of arms"), "arms compared with the first", "all with a share"),
        Field("on", Choice("offered or treated", lambda: ON), "as for an estimate", "offered"),
    ),
)

FILE: Final = Section(
    "the trial file",
    "a study",
    (
        Field("trial", Text(), f"version of the format: {FORMAT_VERSION}", required=True),
        Field("extends", Text(), "another trial file that this one changes", "none"),
        Field("title", Text(), "a title for people", "the name of the file"),
        Field("source", Text(), "the publication", "none"),
        Field("note", Text(), "remarks for readers", "none"),
        Field("money", MONEY_SECTION, "the currency of all amounts", "poverty lines"),
        Field("context", Tree("a mapping"), "where the study took place", "the defaults below"),
        Field("population", POPULATION, "how many households, before eligibility", "the defaults below"),
        Field("eligibility", ELIGIBILITY, "who is studied", "everybody"),
        Field("randomisation", RANDOMISATION, "how arms are assigned", "by village, to all"),
        Field("visitors", VISITORS, "those who visit", "the default below"),
        Field("arms", Tree("a mapping of arms"), "the arms; the first is the comparison", "control: {}"),
        Field(
            "surveys", Tree("a list of months, or a mapping of months to options"), "months, as [12, 24]", required=True
        ),
        Field("outcomes", Tree("a list or a mapping of outcomes"), "short form of many estimates", "none"),
        Field("estimates", Tree("a mapping of estimates"), "what the authors estimated", "none"),
    ),
)


def sections() -> dict[str, Section]:
    """All tables of a trial file by the name used in the manual."""
    money = Money()
    return {
        "file": FILE,
        "money": MONEY_SECTION,
        "context": context(money),
        "population": POPULATION,
        "eligibility": ELIGIBILITY,
        "randomisation": RANDOMISATION,
        "visitors": VISITORS,
        "arm": ARM,
        "component": component(money),
        "force": FORCE,
        "survey": SURVEY,
        "outcome": OUTCOME,
        "estimate": ESTIMATE,
    }
