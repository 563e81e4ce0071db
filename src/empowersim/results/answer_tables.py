"""Columns of the tables of an answer, registered beside those of a comparison."""

from __future__ import annotations

from typing import Final

from empowersim.results.tables import COLUMNS, TableColumn

_POLICY: Final = TableColumn("policy", "text", "", "name of the policy in the scenario file")
_OUTCOME: Final = TableColumn("outcome", "text", "", "name of the outcome")
_UNIT: Final = TableColumn("unit", "text", "", "unit of the numbers of the row")
_MEAN: Final = TableColumn("mean", "real", "row", "mean over futures")
_LOW: Final = TableColumn("low", "real", "row", "lower end of its 95 % interval")
_HIGH: Final = TableColumn("high", "real", "row", "upper end of its 95 % interval")
_THRESHOLD: Final = TableColumn("threshold", "real", "IDR/household-year", "willingness to pay for one more")

ANSWER_TABLES: Final[dict[str, tuple[TableColumn, ...]]] = {
    "cards": (
        _POLICY,
        TableColumn(
            "card",
            "text",
            "",
            "`lifted` (households out of poverty for a year, more than under the reference), `gap` (change of P1), "
            "`cost` of the whole run, `price` (extra cost of a household lifted), `best` (futures in which it is best)",
        ),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
    ),
    "meters": (
        _POLICY,
        TableColumn(
            "meter",
            "text",
            "",
            "`money` (IDR of the dearest year), `posts` (mentors, mean of the months in which they work), `hours` of "
            "mentors in such a month",
        ),
        _UNIT,
        TableColumn("used", "real", "row", "used, mean over futures"),
        TableColumn("ceiling", "real", "row", "what there is: the ceiling given, of hours those of the posts; or null"),
        TableColumn("share", "real", "share of the ceiling", "used over ceiling; above 1 is over it"),
        TableColumn("standing", "text", "", "`within`, `over`, or `none` where there is no ceiling"),
    ),
    "mix": (
        _POLICY,
        TableColumn("kind", "text", "", "`programmes`, `mentors` or `community`"),
        TableColumn("item", "text", "", "name of the programme, or `mentors`"),
        TableColumn("money", "real", "IDR/year", "spent in a year, mean over years and futures"),
        TableColumn("share", "real", "share of the money", "of what the policy spends"),
        TableColumn("places_offered", "real", "places/year", "places offered in a year; null where there are none"),
        TableColumn("places_filled", "real", "places/year", "places filled in a year"),
    ),
    "staff": (
        _POLICY,
        TableColumn("year", "whole", "years", "year of the policy, 1 = the first"),
        TableColumn("use", "text", "", "`available`, or what the hours go to, `unused` last"),
        TableColumn("hours", "real", "hours", "mentors' hours in the year, mean over futures"),
    ),
    "pairs": (
        _POLICY,
        TableColumn("against", "text", "", "policy that it is compared with"),
        _OUTCOME,
        _UNIT,
        TableColumn("mean", "real", "row", "policy minus the other, mean of the paired difference"),
        TableColumn("low", "real", "row", "lower end of the interval that holds together with those of all pairs"),
        TableColumn("high", "real", "row", "upper end of that interval"),
        TableColumn("share_better", "real", "share of futures", "futures in which it is the better one, ties half"),
        TableColumn("standing", "text", "", "`better`, `worse`, `open`, or `equal` in all futures"),
    ),
    "best": (
        _POLICY,
        _OUTCOME,
        TableColumn("share", "real", "share of futures", "futures in which it is the best of all, ties share"),
        TableColumn("probability", "real", "probability", "that its mean is the best, given the futures"),
    ),
    "plane": (
        _POLICY,
        TableColumn("replicate", "whole", "", "number of the future, 0 = the first"),
        TableColumn("cost", "real", "IDR", "discounted cost over the horizon, more than under the reference"),
        TableColumn("effect", "real", "household-years", "discounted household-years out of poverty won"),
    ),
    "acceptability": (
        _THRESHOLD,
        _POLICY,
        TableColumn("probability", "real", "probability", "that its mean net benefit is the highest"),
        TableColumn("benefit", "real", "IDR", "mean net benefit"),
        TableColumn("chosen", "text", "", "`yes` where its mean net benefit is the highest"),
    ),
    "budget_curve": (
        _POLICY,
        TableColumn("size", "real", "share of the budget", "multiple of the budget of the file"),
        TableColumn("cost", "real", "IDR", "cost over the whole run at this size, mean over futures"),
        _OUTCOME,
        _UNIT,
        TableColumn("mean", "real", "row", "difference from the reference, mean over futures"),
        _LOW,
        _HIGH,
        TableColumn("better", "real", "share of futures", "futures in which it is better than the reference"),
    ),
    "tornado": (
        TableColumn("parameter", "text", "", "name of the assumption"),
        TableColumn("meaning", "text", "", "what it means"),
        TableColumn("unit", "text", "", "unit of the parameter"),
        TableColumn("confidence", "text", "", "evidence grade: A read in a source, B well known or fitted, C assumed"),
        TableColumn("low", "real", "unit", "low end of the parameter"),
        TableColumn("base", "real", "unit", "its value in the scenario"),
        TableColumn("high", "real", "unit", "high end of the parameter"),
        TableColumn("at_low", "real", "row", "difference between the two policies at the low end"),
        TableColumn("at_high", "real", "row", "difference between the two policies at the high end"),
        TableColumn("switches_at", "real", "unit", "where the difference changes sign; null: not between the ends"),
    ),
    "assumptions": (
        TableColumn("group", "text", "", "`parameter`, `place`, `region`, `programme`, `community`, `mentors`, ..."),
        TableColumn("name", "text", "", "name of the figure"),
        TableColumn("value", "text", "", "as written, with its unit where the text has one"),
        TableColumn("unit", "text", "", "its unit"),
        TableColumn("confidence", "text", "", "evidence grade: A, B or C"),
        TableColumn("source", "text", "", "where it comes from"),
        TableColumn("meaning", "text", "", "what it means"),
    ),
    "tidy": (
        _POLICY,
        _OUTCOME,
        _UNIT,
        TableColumn("year", "whole", "years", "year of the policy; 0 = the value that policies are compared by"),
        _MEAN,
        _LOW,
        _HIGH,
        TableColumn("futures", "whole", "", "futures that the row rests on"),
    ),
}
"""Columns of each table of an answer, in order; what was not asked for is an empty table."""

PREFIX: Final = "answer_"
"""Before the name of a table of an answer in `COLUMNS`, where names of comparisons and decisions stand, too."""

COLUMNS.update({PREFIX + name: columns for name, columns in ANSWER_TABLES.items()})
