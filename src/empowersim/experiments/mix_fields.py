"""What a search file may say, and the checked search that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from empowersim.errors import Problem
from empowersim.experiments.mix_evaluate import MEASURES
from empowersim.experiments.mix_space import Space
from empowersim.scenario.changes import Changeable
from empowersim.scenario.document import Node
from empowersim.scenario.fields import Choice, Field, Flag, Label, Name, Open, Quantity, Section, Text
from empowersim.scenario.model import HOUSEHOLDS, LENGTH_IN_NAME
from empowersim.scenario.units import BUDGET, SHARE, plain

FORMAT_VERSION: Final = 1
WORLDS: Final = ("file", "no_trap", "trap", "both")
ROBUST: Final = ("mean", "worst")
OBJECTIVES: Final = ("cost_discounted", "poverty_gap", "empowerment_index")
"""What is looked at unless a file says otherwise: the first is money, the second decides which point is the best."""
_MOST: Final = 1e7


@dataclass(frozen=True)
class Listed:
    """A list whose checking needs more than the table; the node is returned."""

    expected: str

    def read(self, node: Node, problems: list[Problem]) -> Node | None:
        """The node itself, or None with a problem."""
        if node.entries is not None:
            problems.append(node.problem(self.expected))
            return None
        return node


def _whole(low: int, what: str) -> Quantity:
    return Quantity(plain(f"a whole number of {what}, {low} or more", low, _MOST, whole=True))


ITEM: Final = Section(
    "item",
    "bounds of what is paid for",
    (
        Field("at_least", Quantity(SHARE), "share of the budget that it always gets", "0 %"),
        Field("at_most", Quantity(SHARE), "share of the budget that it gets at most", "100 %"),
        Field("smallest", Quantity(SHARE), "share of the budget below which it gets nothing", "as search.smallest"),
    ),
)
LIMIT: Final = Section(
    "constraint",
    "bounds of a measure",
    (
        Field("at_most", Quantity(SHARE), "upper bound"),
        Field("at_least", Quantity(SHARE), "lower bound"),
    ),
)
SEARCH: Final = Section(
    "search",
    "how long and how finely is searched",
    (
        Field("evaluations", _whole(1, "mixes"), "different mixes that are simulated", "480"),
        Field("generation", _whole(4, "mixes"), "mixes of a generation", "24"),
        Field("seed", Quantity(plain("a whole number, 0 to 4294967295", 0, 2**32 - 1, whole=True)), "seed", "1"),
        Field("step", Quantity(SHARE), "unit that the budget is cut into", "1 %"),
        Field("smallest", Quantity(SHARE), "share of the budget below which nothing runs", "2 %"),
        Field("spend_at_least", Quantity(SHARE), "share of the budget that every mix hands out", "10 %"),
        Field("slices", _whole(1, "slices"), "slices of the greedy baseline", "10"),
    ),
)
FUTURES: Final = Section(
    "futures",
    "what mixes are tried on",
    (
        Field("search", _whole(1, "futures"), "futures that every mix of the search lives through", "6"),
        Field("held_out", _whole(2, "futures"), "other futures on which the front is judged", "30"),
        Field(
            "draws",
            _whole(0, "draws"),
            "draws of the parameters in the search; 0 = the shipped values only",
            "as search",
        ),
        Field("worlds", Choice("worlds", lambda: WORLDS), "with and without a poverty trap", "both"),
        Field("robust", Choice("mean or worst", lambda: ROBUST), "what of draws and worlds counts", "mean"),
        Field("households", HOUSEHOLDS, "households of each future", "as the scenario says"),
        Field("months", LENGTH_IN_NAME, "months simulated", "as the scenario says"),
    ),
)
FILE: Final = Section(
    "search file",
    "a search for a mix",
    (
        Field(
            "optimise",
            Quantity(plain(f"the version of the format, {FORMAT_VERSION}", FORMAT_VERSION, FORMAT_VERSION, whole=True)),
            "version of the format",
            required=True,
        ),
        Field("name", Name(), "short name", "that of the scenario"),
        Field("title", Label(), "title for people, {en, id}", "that of the scenario"),
        Field("note", Text(), "a remark"),
        Field("scenario", Text(), "scenario file, relative to this file", required=True),
        Field("budget", Quantity(BUDGET), "money a year", required=True),
        Field("like", Text(), "policy whose other settings hold in every mix", "the last with mentors"),
        Field("balanced", Text(), "policy of the scenario that the best mix is held against", "equal parts"),
        Field("reference", Text(), "policy against which households are worse off", "that of the scenario"),
        Field("money", Open("names of what may be paid for with their bounds", lambda: ITEM), "what may be paid for"),
        Field("role_mix", Flag(), "whether the roles of mentors are free", "no"),
        Field("choices", Open("key paths below a policy with lists", lambda: ITEM), "settings with alternatives"),
        Field("objectives", Listed("a list of outcomes"), "outcomes of the front", ", ".join(OBJECTIVES)),
        Field(
            "constraints",
            Open(f"measures ({', '.join(MEASURES)}) with their bounds", lambda: LIMIT, lambda: tuple(MEASURES)),
            "what every mix must keep",
        ),
        Field("search", SEARCH, "how long and how finely is searched"),
        Field("futures", FUTURES, "what mixes are tried on"),
    ),
)


@dataclass(frozen=True)
class Limit:
    """A constraint: a measure and its bounds."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class Search:
    """A search that is asked for and checked."""

    name: str
    title: Mapping[str, str]
    file: str
    scenario: Changeable = field(compare=False, repr=False)
    reference: str
    balanced: str
    """Name of a policy; empty: equal parts."""
    space: Space
    objectives: tuple[str, ...]
    limits: tuple[Limit, ...]
    worlds: tuple[str, ...]
    robust: str
    evaluations: int
    generation: int
    seed: int
    slices: int
    search_futures: int
    held_out: int
    draws: int
    """Draws of the parameters in the search; 0 = the shipped values."""
    households: int | None
    months: int

    @property
    def main(self) -> str:
        """The objective by which the best point is chosen: the first that is not money."""
        return next((name for name in self.objectives if not name.startswith("cost")), self.objectives[0])


SECTIONS: Final = (FILE, ITEM, LIMIT, SEARCH, FUTURES)
"""All tables of fields of a search file, in the order of the manual."""
