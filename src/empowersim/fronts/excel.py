"""The numbers of an answer as an Excel file: cells are numbers with formats, never text, and nothing is a formula.

The figures are those of the result tables, to sixteen digits, in the unit that stands beside them. The same answer
gives the same bytes: no hour stands in the file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from empowersim._version import __version__
from empowersim.errors import StoreError
from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, text
from empowersim.fronts.notes import note_in
from empowersim.fronts.report_data import Told, answer_in, one_line
from empowersim.fronts.terminal import people_in_words
from empowersim.fronts.views_effect import POVERTY
from empowersim.results.tables import OUTCOMES

SHEETS: Final = (
    "README",
    "inputs",
    "results",
    "differences",
    "over_time",
    "money",
    "mentors",
    "reach",
    "assumptions",
    "provenance",
)
"""Names of the sheets, the same in both languages so that programs find them."""

_CELL: Final = 32_767
"""Letters that a cell holds."""
_WIDEST: Final = 60
_NARROWEST: Final = 9
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A fixed date: the file says when nothing was made."""
_FORMATS: Final = (("share", "0.00%"), ("IDR", "#,##0"), ("household", "#,##0.0"), ("posts", "#,##0.0"))
_PLAIN: Final = "#,##0.0000"

Cell = str | float | int
Row = Sequence[Cell]


def write_excel(answer: Any, target: str | os.PathLike[str] | IO[bytes], lang: Lang = "en", *, file: str = "") -> None:
    """Write an Excel file to a path or a binary buffer, its words in English (`en`) or Indonesian (`id`).

    `answer` as in `report.report_html`. Raises `StoreError` if the extra is missing or the file cannot be written.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise StoreError(
            "an Excel file needs XlsxWriter, which is not installed: pip install 'empowersim[report]'"
        ) from error
    found = answer_in(answer)
    told = Told(found, lang, file or f"{found.comparison.scenario}.yaml")
    where = os.fspath(target) if isinstance(target, (str, os.PathLike)) else target
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(where, options)
    book.set_properties(
        {"title": told.title, "author": f"empowersim {__version__}", "created": _MADE.replace(tzinfo=None)}
    )
    made = _Book(book, told)
    made.readme()
    made.inputs()
    made.results()
    made.differences()
    made.over_time()
    made.money()
    made.mentors()
    made.reach()
    made.assumptions()
    made.provenance()
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise StoreError(f"{where}: expected a place for the Excel file that can be written, found {error}") from error


class _Book:
    """One file being written."""

    def __init__(self, book: Any, told: Told) -> None:
        self.book, self.told = book, told
        self.head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.numbers: dict[str, Any] = {}

    def say(self, key: str, **values: object) -> str:
        return text(f"excel.{key}", self.told.lang, **values)

    def format_of(self, unit: str) -> Any:
        """Format of numbers in a unit."""
        wanted = next((shape for start, shape in _FORMATS if unit.startswith(start)), _PLAIN)
        if wanted not in self.numbers:
            self.numbers[wanted] = self.book.add_format({"num_format": wanted})
        return self.numbers[wanted]

    def whole(self) -> Any:
        """Format of counts that have no thousands to set apart."""
        return self.numbers.setdefault("0", self.book.add_format({"num_format": "0"}))

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Row], unit_at: int | None = None) -> None:
        """Write a sheet of rows below a frozen head; the format of a row's numbers follows the unit in it."""
        sheet = self.book.add_worksheet(name)
        heads = [self.say(f"column.{column}") for column in columns]
        for at, head in enumerate(heads):
            sheet.write_string(0, at, head, self.head)
        widths = [max(_NARROWEST, min(len(head), 24)) for head in heads]
        last = 0
        for last, row in enumerate(rows, start=1):
            number = self.format_of(str(row[unit_at])) if unit_at is not None else None
            for at, cell in enumerate(row):
                shown = self.cell(sheet, last, at, cell, number, columns[at])
                widths[at] = min(_WIDEST, max(widths[at], shown))
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width + 2)
        sheet.freeze_panes(1, 0)
        if last:
            sheet.autofilter(0, 0, last, len(columns) - 1)

    def cell(self, sheet: Any, row: int, at: int, cell: Cell, number: Any, column: str) -> int:
        """Write a cell: words as words, numbers as numbers, nothing where there is no number; return its width."""
        if isinstance(cell, str):
            told = one_line(self.told.unit(cell) if column == "unit" else cell)[:_CELL]
            sheet.write_string(row, at, told)
            return len(told)
        if not math.isfinite(cell):
            return 0
        if isinstance(cell, int):
            sheet.write_number(row, at, cell, self.whole())
            return _NARROWEST
        shape = self.format_of("share") if column in _SHARES else number
        sheet.write_number(row, at, cell, shape)
        return 16 if abs(cell) >= 1e9 else _NARROWEST + 2

    def readme(self) -> None:
        told = self.told
        made = told.comparison
        sheet = self.book.add_worksheet("README")
        sheet.set_column(0, 0, 110)
        sheet.write_string(0, 0, told.title[:_CELL], self.title)
        futures = numbers.counted("terminal.futures", made.replicates, told.lang)
        people = people_in_words(made.households, made.represents, told.lang)
        lines = [
            told.say("under_title", futures=futures, people=people, months=numbers.months(made.months, told.lang)),
            told.say("not_a_forecast"),
            self.say("readme.numbers"),
            self.say("readme.intervals"),
            *(self.say(f"readme.{name}") for name in SHEETS[1:]),
            self.say("readme.origin", version=__version__, run_id=made.run_id),
        ]
        for row, line in enumerate(lines, start=2):
            sheet.write_string(row, 0, line[:_CELL], self.wrapped)

    def inputs(self) -> None:
        made, told = self.told.comparison, self.told
        rows: list[Row] = [
            (self.say("input.scenario"), made.scenario, ""),
            (self.say("input.title"), told.title, ""),
            (self.say("input.reference"), told.reference, ""),
            (self.say("input.households"), made.households, "households"),
            (self.say("input.represents"), made.represents, "households"),
            (self.say("input.futures"), made.replicates, ""),
            (self.say("input.months"), made.months, "months"),
            (self.say("input.burn_in"), made.burn_in, "months"),
            (self.say("input.seed"), made.seed, ""),
            (self.say("input.discount"), made.discount_rate, "share/year"),
            (self.say("input.band"), made.unchanged_band, "share"),
            (self.say("input.prices"), made.price_year if made.price_year else math.nan, ""),
        ]
        if told.answer.ceilings.money is not None:
            rows.append((self.say("input.ceiling"), told.answer.ceilings.money, "IDR/year"))
        if told.answer.ceilings.posts is not None:
            rows.append((self.say("input.posts"), told.answer.ceilings.posts, "posts"))
        rows += [(self.say("input.policy"), told.name(policy), policy) for policy in made.policies]
        scenario = told.answer.scenario
        if scenario is not None:
            from empowersim.scenario.compile import cost_per_year, place_with

            place = place_with(scenario.world)
            for policy in made.policies:
                planned = cost_per_year(scenario.policies[policy], place, made.months)
                rows.append((self.say("input.planned", policy=told.name(policy)), planned, "IDR/year"))
        self.table("inputs", ("what", "value", "unit"), rows, unit_at=2)

    def results(self) -> None:
        made, told = self.told.comparison, self.told
        table = made.tables["outcomes"]
        rows: list[Row] = []
        for at in range(len(table)):
            policy, outcome = str(table["policy"][at]), str(table["outcome"][at])
            figures = (float(table[name][at]) for name in ("mean", "low", "high", "probability_best"))
            names = (policy, told.name(policy), outcome, told.outcome(outcome), str(table["unit"][at]))
            rows.append((*names, *figures, made.replicates))
        columns = ("policy", "name", "outcome", "outcome_name", "unit", "mean", "low", "high", "best", "futures")
        self.table("results", columns, rows, unit_at=4)

    def differences(self) -> None:
        made, told = self.told.comparison, self.told
        table = made.tables["differences"]
        rows: list[Row] = []
        for at in range(len(table)):
            policy, outcome = str(table["policy"][at]), str(table["outcome"][at])
            if policy == made.reference:
                continue
            figures = (float(table[name][at]) for name in ("mean", "low", "high", "probability_better"))
            better = OUTCOMES[outcome].better if outcome in OUTCOMES else 0
            names = (policy, told.name(policy), outcome, told.outcome(outcome), str(table["unit"][at]))
            rows.append((*names, *figures, self.say(f"direction.{('less', 'either', 'more')[better + 1]}")))
        columns = (
            "policy",
            "name",
            "outcome",
            "outcome_name",
            "unit",
            "difference",
            "low",
            "high",
            "better",
            "direction",
        )
        self.table("differences", columns, rows, unit_at=4)

    def over_time(self) -> None:
        made, told = self.told.comparison, self.told
        rows: list[Row] = []
        for measure in (*POVERTY, "mean_consumption", "empowerment_index"):
            table = made.tables["paths"].where(measure=measure)
            names = ("mean", "low", "high", "difference", "difference_low", "difference_high")
            for at in range(len(table)):
                policy, unit = str(table["policy"][at]), str(table["unit"][at])
                figures = (float(table[name][at]) for name in names)
                rows.append(
                    (
                        policy,
                        told.name(policy),
                        measure,
                        told.outcome(measure),
                        unit,
                        int(table["month"][at]) + 1,
                        *figures,
                    )
                )
        columns = ("policy", "name", "outcome", "outcome_name", "unit", "month", "mean", "low", "high")
        self.table("over_time", (*columns, "difference", "difference_low", "difference_high"), rows, unit_at=4)

    def money(self) -> None:
        told = self.told
        table = told.comparison.tables["budget"]
        rows: list[Row] = []
        for at in range(len(table)):
            policy, group = str(table["policy"][at]), str(table["group"][at])
            figures = (float(table[name][at]) for name in ("mean", "low", "high", "discounted"))
            rows.append(
                (
                    policy,
                    told.name(policy),
                    told.known("item", group),
                    str(table["unit"][at]),
                    int(table["year"][at]),
                    *figures,
                )
            )
        columns = ("policy", "name", "part", "unit", "year", "mean", "low", "high", "discounted")
        self.table("money", columns, rows, unit_at=3)

    def mentors(self) -> None:
        self._figures("mentors", "staff")

    def reach(self) -> None:
        """Who is reached and who ends better or worse off."""
        made, told = self.told.comparison, self.told
        rows: list[Row] = []
        table = made.tables["winners"]
        for at in range(len(table)):
            policy, dimension, group, figure = (
                str(table[name][at]) for name in ("policy", "dimension", "group", "figure")
            )
            if policy != made.reference:
                who = told.say("group.quintile", n=group) if dimension == "quintile" else told.known("group", group)
                figures = (float(table[name][at]) for name in ("mean", "low", "high"))
                rows.append(
                    (policy, told.name(policy), figure, self._reached(figure), who, str(table["unit"][at]), *figures)
                )
        for name in ("reach", "access"):
            if name not in made.tables:
                continue
            table = made.tables[name]
            for at in range(len(table)):
                policy, figure, unit = (str(table[part][at]) for part in ("policy", "figure", "unit"))
                item = str(table["item"][at]) if "item" in table.columns else "all"
                who = told.known("group", item) if item == "all" else told.item(item)
                figures = (float(table[part][at]) for part in ("mean", "low", "high"))
                rows.append((policy, told.name(policy), figure, self._reached(figure), who, unit, *figures))
        columns = ("policy", "name", "figure", "figure_name", "group", "unit", "mean", "low", "high")
        self.table("reach", columns, rows, unit_at=5)

    def _reached(self, figure: str) -> str:
        for part in ("reach", "figure", "column"):
            known = self.told.known(part, figure)
            if known != figure.replace("_", " "):
                return known
        return figure.replace("_", " ")

    def _figures(self, name: str, part: str) -> None:
        told = self.told
        table = told.comparison.tables[name]
        rows: list[Row] = []
        for at in range(len(table)):
            policy, figure = str(table["policy"][at]), str(table["figure"][at])
            figures = (float(table[end][at]) for end in ("mean", "low", "high"))
            rows.append((policy, told.name(policy), figure, told.known(part, figure), str(table["unit"][at]), *figures))
        columns = ("policy", "name", "figure", "figure_name", "unit", "mean", "low", "high")
        self.table(name, columns, rows, unit_at=4)

    def assumptions(self) -> None:
        """Figures in use with source and grade; the notes alone where the scenario is not known."""
        told = self.told
        columns = ("figure", "value", "unit", "meaning", "grade", "source")
        rows: list[Row] = []
        if told.answer.scenario is not None:
            from empowersim.fronts.api import sources

            rows = [
                (
                    str(one["name"]),
                    _as_number(str(one["value"])),
                    str(one["unit"]),
                    str(one["meaning"]),
                    str(one["confidence"]),
                    str(one["source"]),
                )
                for one in sources(told.answer.scenario)
            ]
        else:
            count, known = told.comparison.assumed
            said = {"count": numbers.number(count, 0, told.lang), "known": numbers.number(known, 0, told.lang)}
            rows.append((told.say("none.assumptions", **said), "", "", "", "", ""))
        rows += [(self.say("note"), "", "", note_in(note, told.lang), "", "") for note in told.comparison.notes]
        self.table("assumptions", columns, rows)

    def provenance(self) -> None:
        from empowersim.fronts.report import commands, python

        made = self.told.comparison
        rows: list[Row] = [(self.say("origin.version"), __version__), (self.say("origin.run_id"), made.run_id)]
        for key, value in made.inputs.items():
            told = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            rows.append(
                (key, told if isinstance(told, (int, float)) and not isinstance(told, bool) else str(told or "–"))
            )
        lines = (*commands(self.told).splitlines(), *python(self.told).splitlines())
        rows += [(self.say("origin.command"), line) for line in lines]
        self.table("provenance", ("what", "value"), rows)


_SHARES: Final = frozenset({"best", "better"})
"""Columns that are shares whatever the unit of their row."""


def _as_number(words: str) -> Cell:
    """The value of a figure as a number where it is one, else its words."""
    try:
        return float(words.replace(",", ""))
    except ValueError:
        return words


def excel_path(name: str | os.PathLike[str]) -> Path:
    """Return the path of an Excel file; `StoreError` for a name that does not end in .xlsx."""
    path = Path(name)
    if path.suffix.lower() != ".xlsx":
        raise StoreError(f"{path}: expected a name that ends in .xlsx, found {path.suffix or 'no ending'}")
    return path
