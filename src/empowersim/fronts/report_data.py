"""What the sections of a report share: the answer in a language, names of policies, quantities, tables, charts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts import numbers, views
from empowersim.fronts.labels import Lang, bundled, entries, label, text
from empowersim.fronts.plots import styles
from empowersim.fronts.report_html import chart, folded
from empowersim.fronts.report_html import table as as_table
from empowersim.fronts.views_text import sentence

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer
    from empowersim.results.comparison import Comparison
    from empowersim.results.tables import Table

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ENDS: Final = ("mean", "low", "high")
_GROUPS: Final = frozenset({"group", "region", "kind", "stage", "standing", "meter", "use", "dimension"})


def answer_in(answer: Any) -> Answer:
    """Return the answer of a report from an `Answer` or a `Comparison`; `TypeError` for anything else."""
    from empowersim.experiments.answer import Answer, answer_of
    from empowersim.results.comparison import Comparison

    if isinstance(answer, Answer):
        return answer
    if isinstance(answer, Comparison):
        return answer_of(answer)
    raise TypeError(f"a report: expected an Answer or a Comparison, found {type(answer).__name__}")


@dataclass(frozen=True)
class Told:
    """An answer in a language."""

    answer: Answer
    lang: Lang
    file: str = ""
    """Name of the scenario file in the commands that repeat the results."""

    @property
    def comparison(self) -> Comparison:
        """The comparison of the answer."""
        return self.answer.comparison

    def say(self, key: str, **values: object) -> str:
        """Return a text of the report's own section of the label file."""
        return text(f"report.{key}", self.lang, **values)

    def name(self, policy: str) -> str:
        """Return what people call a policy, whole and on one line; names of the package in the language."""
        return bundled(one_line(self.comparison.label(policy, self.lang)), self.lang) or policy

    @property
    def title(self) -> str:
        """Title of the scenario, on one line."""
        return bundled(one_line(self.comparison.title), self.lang)

    @property
    def reference(self) -> str:
        """Name of the policy that others are compared with."""
        return self.name(self.comparison.reference)

    @property
    def leader(self) -> str | None:
        """The policy that ranks first against the reference; None where there is no other."""
        return next(iter(self.answer.ranking), None)

    def colour(self, policy: str) -> str:
        """Colour of a policy, the same in every chart and table."""
        return styles(self.comparison)[policy].colour

    def mean(self, table: str, **equals: str | int) -> str:
        """Return the mean of the only row that equals what is asked, in its unit; a dash where there is none."""
        return self.estimate(table, **equals)[0]

    def estimate(self, table: str, **equals: str | int) -> tuple[str, str]:
        """Return the mean of the only row and its interval, in its unit; dash and nothing where there is none."""
        rows = self.comparison.tables[table].where(**equals)
        if not len(rows):
            return numbers.NONE, ""
        unit, change = str(rows["unit"][0]), table == "differences"
        middle, low, high = (self.written(float(rows[end][0]), unit, difference=change) for end in _ENDS)
        return middle, numbers.interval(numbers.without_points(low, self.lang), high, self.lang)

    def written(self, value: float, unit: str, *, difference: bool = False) -> str:
        """Return a value in its unit, as the terminal writes it."""
        if unit.startswith(("L/", "share of the ceiling")):
            return numbers.percent(value, 1, self.lang)
        if unit.startswith("probability"):
            return numbers.sure(value, self.lang)
        return numbers.quantity(value, unit, self.lang, difference=difference)

    def outcome(self, name: str) -> str:
        """What people call an outcome or measure."""
        return label(name, self.lang)

    def known(self, part: str, name: str) -> str:
        """Return what the label file calls a group, figure or stage; names that it does not know in plain words."""
        key = f"report.{part}.{name}"
        return text(key, self.lang) if key in entries() else name.replace("_", " ")

    def unit(self, unit: str) -> str:
        """A unit in words; one that the label file does not know as it is."""
        key = f"excel.units.{unit}"
        return text(key, self.lang) if key in entries() else unit

    def view(self, view: str, name: str, data: str, **more: Any) -> str:
        """Return a view (`views.VIEWS`) as a chart with its sentence; `data` = its numbers, folded below."""
        figure = views.draw(self.answer, view, lang=self.lang, **more).figure
        words = sentence(self.answer, view, self.lang, **more)
        return chart(figure, name, "", words, folded(self.say("data.chart"), data), self.lang)

    def rows(self, table: Table, caption: str, leave_out: Sequence[str] = ()) -> str:
        """Return a whole result table, every number in its unit."""
        from empowersim.results.tables import COLUMNS

        known = {column.name: column for columns in COLUMNS.values() for column in columns}
        known |= {column.name: column for column in COLUMNS.get(table.name, ())}
        columns = [name for name in table.columns if name not in leave_out and name != "unit"]
        units = table["unit"].tolist() if "unit" in table.columns else [""] * len(table)
        made = []
        for row in range(len(table)):
            cells = []
            for name in columns:
                value = table[name][row]
                if known[name].kind == "text":
                    cells.append(self._word(name, str(value)))
                elif known[name].kind == "whole":
                    cells.append(str(int(value)))
                else:
                    unit = units[row] if known[name].unit == "row" else known[name].unit
                    change = name.startswith("difference") or name.endswith("change") or table.name == "budget_curve"
                    cells.append(self.written(float(value), unit, difference=change and name != "cost"))
            made.append(cells)
        heads = [self.known("column", name) for name in columns]
        numeric = [at for at, name in enumerate(columns) if known[name].kind != "text"]
        return as_table(caption, heads, made, numeric)

    def _word(self, column: str, word: str) -> str:
        if column in ("policy", "against"):
            return self.name(word) if word in self.comparison.all_policies else word
        if column in ("outcome", "measure"):
            return self.outcome(word)
        if column == "item":
            return self.item(word)
        if column == "figure":
            return self.known("reach", word)
        if column in _GROUPS:
            return self.known("group", word)
        return word

    def item(self, item: str) -> str:
        """What people call a programme, the mentors, or a part of the budget."""
        from empowersim.fronts.views_money import item_name

        key = f"report.item.{item}"
        return text(key, self.lang) if key in entries() else item_name(self.answer, item, self.lang)


def one_line(words: str) -> str:
    """Return words without line breaks and control characters."""
    return _CONTROLS.sub(" ", words).strip()


def joined(parts: Sequence[str]) -> str:
    """Return a figure and what stands behind it in brackets, where there is something."""
    head, *rest = (part for part in parts if part)
    return f"{head} ({', '.join(rest)})" if rest else head
