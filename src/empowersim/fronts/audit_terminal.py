"""An audit of pairing on a terminal: the questions and their answers, the spillover, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.audit_walk import WHERE
from empowersim.fronts.grids import grid, number_column, print_table, text_column
from empowersim.fronts.labels import text
from empowersim.fronts.notes import note_in
from empowersim.fronts.numbers import Lang, counted, number

if TYPE_CHECKING:
    from empowersim.experiments.audit_result import Audit, Check

_ANSWERS: Final = {True: "nobody", False: "moved", None: "not_asked"}
_WIDTH: Final = 76
_FEW: Final = (0, 1, 2, 5, 11, 23, 47)
"""Months of a spillover that are shown, and the last."""


def show_audit(found: Audit, out: Any, *, everything: bool = False, lang: Lang = "en") -> None:
    """Print an audit on a rich console; `everything` = the spillover of every month."""
    size = {"households": number(found.households, 0, lang), "subdistricts": found.subdistricts, "months": found.months}
    table = grid(
        text("audit.title", lang, scenario=found.scenario, policy=found.policy), text("audit.size", lang, **size)
    )
    text_column(table, text("audit.question", lang), _WIDTH)
    text_column(table, text("audit.answer", lang), 14)
    for check in found.checks:
        table.add_row(note_in(check.question, lang), text(f"audit.{_ANSWERS[check.passed]}", lang))
    print_table(out, table, lang)
    for check in found.checks:
        for line in sentences(check, lang):
            out.print(line, markup=False)
    for spillover in found.spillovers:
        what = note_in(spillover.what, lang)
        table = grid(text("audit.spillover", lang, what=what), text("audit.spillover_legend", lang))
        number_column(table, text("audit.month", lang))
        number_column(table, text("audit.treated_so_far", lang))
        for where in WHERE:
            number_column(table, text(f"audit.where.{where}", lang))
        months = range(found.months) if everything else [one for one in _FEW if one < found.months - 1]
        for month in [*months, *([] if everything else [found.months - 1])]:
            counts = (int(spillover.treated[month]), *(int(n) for n in spillover.moved[month]))
            table.add_row(str(month), *(number(count, 0, lang) for count in counts))
        print_table(out, table, lang)
    out.print(verdict(found.checks, lang), markup=False)


def sentences(check: Check, lang: Lang = "en") -> list[str]:
    """What is to be said about a check beside its answer."""
    question = note_in(check.question, lang)
    said = []
    if check.passed is False:
        said.append(f"{question}:")
        if check.moved:
            said.append(counted("audit.whom", check.moved, lang))
        if check.first is not None:
            first = check.first
            why = text("audit.draw", lang, stream=first.stream, why=first.why) if first.stream else first.why
            place = {"month": first.month, "household": first.household, "subdistrict": first.subdistrict}
            said.append(text("audit.first", lang, **place, columns=", ".join(first.columns), why=why))
    if check.note:
        note = note_in(check.note, lang)
        said.append(f"  {note}" if said else f"{question}: {note}.")
    return said


def verdict(checks: Sequence[Check], lang: Lang = "en") -> str:
    """The audit in a sentence."""
    asked = [check for check in checks if check.passed is not None]
    wrong = [check for check in asked if not check.passed]
    if wrong:
        return text("audit.wrong", lang, wrong=len(wrong), asked=len(asked))
    skipped = len(checks) - len(asked)
    if skipped:
        return text("audit.passed_but", lang, asked=len(asked), skipped=skipped)
    return text("audit.passed", lang, asked=len(asked))
