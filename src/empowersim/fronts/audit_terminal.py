"""An audit of pairing on a terminal: the questions and their answers, the spillover, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.audit_walk import WHERE
from empowersim.fronts.grids import grid, number_column, text_column
from empowersim.fronts.numbers import number

if TYPE_CHECKING:
    from empowersim.experiments.audit_result import Audit, Check

_ANSWERS: Final = {True: "nobody moved", False: "MOVED", None: "not asked"}
_WIDTH: Final = 76
_HEADS: Final = {
    "treated": "treated",
    "same_village": "same village",
    "same_subdistrict": "same subdistrict",
    "elsewhere": "elsewhere",
}
_FEW: Final = (0, 1, 2, 5, 11, 23, 47)
"""Months of a spillover that are shown, and the last."""


def show_audit(found: Audit, out: Any, *, everything: bool = False) -> None:
    """Print an audit on a rich console; `everything` = the spillover of every month."""
    table = grid(
        f"Pairing of {found.scenario}: {found.policy}",
        f"{number(found.households)} households in {found.subdistricts} subdistricts, {found.months} months",
    )
    text_column(table, "question", _WIDTH)
    text_column(table, "answer", 14)
    for check in found.checks:
        table.add_row(check.question, _ANSWERS[check.passed])
    out.print(table)
    for check in found.checks:
        for line in sentences(check):
            out.print(line, markup=False)
    for spillover in found.spillovers:
        table = grid(
            f"Spillover of {spillover.what}",
            "households different from their life without it, contact on",
        )
        number_column(table, "month")
        number_column(table, "treated so far")
        for where in WHERE:
            number_column(table, _HEADS[where])
        months = range(found.months) if everything else [one for one in _FEW if one < found.months - 1]
        for month in [*months, *([] if everything else [found.months - 1])]:
            table.add_row(
                str(month), number(int(spillover.treated[month])), *(number(int(n)) for n in spillover.moved[month])
            )
        out.print(table)
    out.print(verdict(found.checks), markup=False)


def sentences(check: Check) -> list[str]:
    """What is to be said about a check beside its answer."""
    said = []
    if check.passed is False:
        said.append(f"{check.question}:")
        if check.moved:
            whom = "1 household" if check.moved == 1 else f"{number(check.moved)} households"
            said.append(f"  {whom} moved that should not have.")
        if check.first is not None:
            first = check.first
            said.append(
                f"  The first: month {first.month}, household {first.household} in subdistrict {first.subdistrict}, "
                f"{', '.join(first.columns)}; {f'draw {first.stream}: ' if first.stream else ''}{first.why}."
            )
    if check.note:
        said.append(f"  {check.note}" if said else f"{check.question}: {check.note}.")
    return said


def verdict(checks: Sequence[Check]) -> str:
    """The audit in a sentence."""
    asked = [check for check in checks if check.passed is not None]
    wrong = [check for check in asked if not check.passed]
    if wrong:
        return f"{len(wrong)} of {len(asked)} questions found somebody moved who should not have."
    skipped = len(checks) - len(asked)
    rest = f"; {skipped} could not be asked" if skipped else ""
    return f"All {len(asked)} questions: whoever the policy does not reach lives the same life to the last bit{rest}."
