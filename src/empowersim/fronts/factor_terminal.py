"""A factor analysis on a terminal: a table sorted by size, a ranking in sentences, two rankings side by side."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.grids import GAP, add_row, bare, grid, heads_of_change, number_column, plus_minus_of, text_column
from empowersim.fronts.numbers import NONE, interval, months, number, quantity, signed
from empowersim.fronts.plots import name_of, said
from empowersim.results.factors import HEADLINES, Contribution, FactorTable, Part, rank_changes
from empowersim.results.tables import OUTCOMES, VISITS_PER_CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NARROWEST: Final = 60
_NAME_WIDTH: Final = 26
_CELL_WIDTH: Final = 16
_SAID: Final = 3
"""Factors that a sentence names."""
_DEEP: Final = 11
"""Rank from which a change of rank is not worth a sentence."""
_LEAST: Final = 0.005
"""Change of visits to a client and month below which it is not worth a sentence."""


def show_factors(table: FactorTable, out: Any, outcome: str, of: Part = "level", *, everything: bool = False) -> None:
    """Print a factor analysis on a rich console: head, table, sentences."""
    out.print(_head(table), style="bold")
    out.print()
    for grid_of_factors in factor_grids(table, max(NARROWEST, out.width), outcome, of, everything=everything):
        out.print(grid_of_factors)
        out.print()
    for sentence in sentences(table, outcome, of):
        out.print(sentence, markup=False)
    for note in table.notes:
        out.print(f"Note: {note}", markup=False, style="dim")


def show_two(first: FactorTable, second: FactorTable, out: Any, outcome: str, of: Part = "level") -> None:
    """Print the rankings of two analyses side by side, and which factors changed rank most."""
    out.print(f"Which factors matter: {said(outcome)}", style="bold")
    for table in (first, second):
        out.print(_head(table), markup=False)
    out.print()
    out.print(two_rankings(first, second, outcome, of))
    out.print()
    for sentence in change_sentences(first, second, outcome, of):
        out.print(sentence, markup=False)


def factor_grids(
    table: FactorTable, width: int, outcome: str, of: Part = "level", *, everything: bool = False
) -> list[Any]:
    """Return the table of contributions, folded to `width`: factors by size on `outcome`, outcomes as columns.

    Without `everything` only headline outcomes are shown, and factors that move one of them by a digit that is printed.
    """
    columns = _columns(table, outcome, everything)
    each = max(1, (width - _NAME_WIDTH - GAP) // (_CELL_WIDTH + GAP))
    count = -(-len(columns) // each)
    even = -(-len(columns) // count)
    quiet = set() if everything else {*table.idle(), *_unsure(table), *_small(table, columns, of)}
    order = [one.factor for one in table.contributions(outcome, of) if one.factor not in quiet]
    if not order:
        return []
    reference = table.reference_label.get("en") or table.reference
    what = f"the effect against “{reference}”" if of == "effect" else "each outcome"
    title = f"What each factor contributes to {what}: with it minus without it, ± half the 95 % interval"
    return [
        _factor_grid(table, order, columns[at : at + even], of, "" if at else title)
        for at in range(0, len(columns), even)
    ]


def _unsure(table: FactorTable) -> tuple[str, ...]:
    """Factors that cannot be told from zero; none in a single future, where nothing can be told."""
    return table.unmeasurable() if table.replicates > 1 else ()


def _columns(table: FactorTable, outcome: str, everything: bool) -> list[str]:
    return list(dict.fromkeys((outcome, *(table.outcomes if everything else HEADLINES))))


def _factor_grid(table: FactorTable, order: Sequence[str], columns: Sequence[str], of: Part, title: str) -> Any:
    made = grid(title, "( ): cannot be told from zero; 0: too small for the digits shown" if title else "")
    text_column(made, "factor", _NAME_WIDTH)
    cells: dict[str, list[str]] = {factor: [] for factor in order}
    for name in columns:
        made.add_column(
            f"{name_of(name)}{heads_of_change(OUTCOMES[name].unit)}", max_width=_CELL_WIDTH, justify="right"
        )
        for one in table.contributions(name, of):
            if one.factor in cells:
                cells[one.factor].append(_cell(one, name, of))
    for factor in order:
        add_row(made, [table.label(factor), *cells[factor]])
    return made


def _cell(one: Contribution, outcome: str, of: Part) -> str:
    scale, decimals = bare(OUTCOMES[outcome].unit)
    middle, _, high = one.part(of)
    text = plus_minus_of(middle, high, scale, decimals + 1, signed)
    if text == NONE:
        return NONE
    if not any(digit in text for digit in "123456789"):
        return "0"
    return text if one.measurable(of) else f"({text})"


def _small(table: FactorTable, columns: Sequence[str], of: Part) -> list[str]:
    """Factors whose contribution to every column prints as nothing."""
    seen = {
        one.factor
        for name in columns
        for one in table.contributions(name, of)
        if _cell(one, name, of) not in {"0", NONE}
    }
    gone = {*seen, *table.idle(), *_unsure(table)}
    return [name for name in table.factors if name not in gone]


def sentences(table: FactorTable, outcome: str, of: Part = "level") -> list[str]:
    """Rank the factors in sentences: on the outcome, on visits to clients, on the effect; say what does nothing."""
    told = [_ranking(table, outcome, of)]
    visits = _visits(table)
    if visits:
        told.append(visits)
    if of == "level":
        told += _effect(table, outcome)
    told += _against_the_label(table, outcome, of)
    named = [
        ("Measurable, but too small for the digits shown: ", _small(table, _columns(table, outcome, False), of)),
        ("Nothing measurable on any of these outcomes (intervals hold zero): ", _unsure(table)),
        ("Not at work here (without them every figure is the same): ", table.idle()),
        ("Switched off by the scenario: ", table.already_off),
    ]
    told += [f"{words}{_listed(table, names)}." for words, names in named if names]
    futures = "" if table.replicates > 1 else " One future says nothing of uncertainty: ask for more replicates."
    told.append(f"Each line is a world without one factor; contributions do not add up.{futures}")
    return told


def _ranking(table: FactorTable, outcome: str, of: Part) -> str:
    what = said(outcome)
    if of == "effect":
        what = f"effect of “{_policy(table)}” on the {what}"
    single = table.replicates == 1
    told = [one for one in table.contributions(outcome, of) if one.measurable(of) or (single and one.part(of)[0])]
    if not told:
        return f"No factor changes the {what} measurably."
    parts = [f"“{table.label(one.factor)}” {_amount(one, outcome, of)}" for one in told[:_SAID]]
    count = f"{len(told)} of {len(table.factors)} factors {'moves' if len(told) == 1 else 'move'} the {what}"
    sure = "in the one future simulated" if single else "measurably"
    return f"{count} {sure}; most of all: {'; '.join(parts)}."


def _amount(one: Contribution, outcome: str, of: Part) -> str:
    unit = OUTCOMES[outcome].unit
    middle, low, high = (quantity(value, unit, difference=True) for value in one.part(of))
    ends = interval(low.removesuffix(" points"), high.removesuffix(" points"))
    return f"{middle} ({ends})" if ends else middle


def _visits(table: FactorTable) -> str:
    told = [
        one
        for one in table.contributions(VISITS_PER_CLIENT)
        if one.measurable() and abs(one.mean) >= _LEAST and isfinite(one.relative)
    ]
    if not told:
        return ""
    parts = [
        f"“{table.label(one.factor)}” × {number(one.relative, 2)} "
        f"({number(one.without, 2)} without it, {number(one.with_factor, 2)} with it)"
        for one in told[:_SAID]
    ]
    return f"Visits to a client a month: {'; '.join(parts)}."


def _effect(table: FactorTable, outcome: str) -> list[str]:
    """What the policy does, and what it would do without the factors that its effect hangs on most."""
    whole, unit = table.effect(outcome), OUTCOMES[outcome].unit
    if table.policy == table.reference or not isfinite(whole):
        return []
    reference = table.reference_label.get("en") or table.reference
    change = quantity(whole, unit, difference=True)
    what = f"“{_policy(table)}” changes the {said(outcome)} by {change} against “{reference}”"
    told = [one for one in table.contributions(outcome, "effect") if one.measurable("effect")][:_SAID]
    if not told:
        return [f"{what}; no one factor moves that effect measurably."]
    parts = [
        f"{quantity(whole - one.effect, unit, difference=True)} without “{table.label(one.factor)}”" for one in told
    ]
    return [f"{what}; it would be {', '.join(parts)} (ranked so: --of effect)."]


def _against_the_label(table: FactorTable, outcome: str, of: Part) -> list[str]:
    better = OUTCOMES[outcome].better
    wrong = [
        one.factor
        for one in table.contributions(outcome, of)
        if one.measurable(of)
        and better * one.part(of)[0] * (1 if table.directions[one.factor] == "supports" else -1) < 0
    ]
    if not wrong:
        return []
    return [f"Here they work against their name (a support that hinders, or the reverse): {_listed(table, wrong)}."]


def two_rankings(first: FactorTable, second: FactorTable, outcome: str, of: Part = "level") -> Any:
    """Return the ranks and contributions of two analyses side by side, in the order of the first; a rich table."""
    scale, decimals = bare(OUTCOMES[outcome].unit)
    made = grid(
        f"Rank by size of the contribution{heads_of_change(OUTCOMES[outcome].unit)}",
        f"{NONE}: cannot be told from zero; change: places gained (+) or lost from the first to the second",
    )
    text_column(made, "factor", _NAME_WIDTH)
    for name in _names(first, second):
        number_column(made, name, 24)
    number_column(made, "change")
    last = len(first.factors) + len(second.factors)
    changes = rank_changes(first, second, outcome, of)
    for one in sorted(changes, key=lambda change: (change.rank_first or last, change.rank_second or last)):
        if one.rank_first is None and one.rank_second is None:
            continue
        cells = []
        for rank, found in ((one.rank_first, one.first), (one.rank_second, one.second)):
            if found is None:
                cells.append("switched off")
                continue
            middle, _, high = found.part(of)
            text = plus_minus_of(middle, high, scale, decimals + 2, signed)
            cells.append(f"{rank}  {text}" if rank is not None else f"{NONE}  {text}")
        add_row(made, [_label(first, second, one.factor), *cells, signed(one.change) if one.change else "0"])
    return made


def change_sentences(first: FactorTable, second: FactorTable, outcome: str, of: Part = "level") -> list[str]:
    """Say which factors changed rank most from the first analysis to the second."""
    names = _names(first, second)
    changes = rank_changes(first, second, outcome, of)
    what = said(outcome)
    moved = [one for one in changes if one.change]
    if not moved:
        return [f"The factors rank the same on the {what} in both."]
    tops = []
    for table, name in zip((first, second), names, strict=True):
        leading = [one for one in table.contributions(outcome, of) if one.measurable(of)][:_SAID]
        listed = ", ".join(f"“{table.label(one.factor)}”" for one in leading)
        tops.append(f"in {name} {listed or 'no factor measurably'}")
    told = [f"The {what} is moved most {'; '.join(tops)}."]
    told.append(f"The rankings differ: {len(moved)} of {len(changes)} factors change rank.")
    # far down a ranking many ranks mean little
    high_up = [one for one in moved if min(one.rank_first or _DEEP, one.rank_second or _DEEP) < _DEEP]
    for way, words in ((1, "more"), (-1, "less")):
        parts = [
            f"“{_label(first, second, one.factor)}” ({_rank(one.rank_first)} to {_rank(one.rank_second)})"
            for one in high_up
            if one.change * way > 0
        ]
        if parts:
            told.append(
                f"Among the first {_DEEP - 1}, it is {words} in {names[1]} for {', '.join(parts[: _SAID + 1])}."
            )
    return told


def _rank(rank: int | None) -> str:
    return f"rank {rank}" if rank is not None else "not measurable"


def _names(first: FactorTable, second: FactorTable) -> tuple[str, str]:
    if first.scenario != second.scenario:
        return first.scenario, second.scenario
    if first.policy != second.policy:
        return first.policy, second.policy
    return f"{first.scenario} (1)", f"{second.scenario} (2)"


def _label(first: FactorTable, second: FactorTable, factor: str) -> str:
    return first.label(factor) if factor in first.labels else second.label(factor)


def _policy(table: FactorTable) -> str:
    return table.policy_label.get("en") or table.policy.replace("_", " ")


def _listed(table: FactorTable, names: Iterable[str]) -> str:
    return "; ".join(table.label(name) for name in names)


def _head(table: FactorTable) -> str:
    futures = f"{table.replicates} future{'s' if table.replicates != 1 else ''}"
    stand = f" standing for {number(table.represents)}" if table.represents != table.households else ""
    people = f"{number(table.households)} households{stand}"
    return f"{table.title}, “{_policy(table)}”: {futures}, {people}, {months(table.months)}"
