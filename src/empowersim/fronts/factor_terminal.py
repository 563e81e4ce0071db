"""A factor analysis on a terminal: a table sorted by size, a ranking in sentences, two rankings side by side."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.grids import (
    GAP,
    add_row,
    bare,
    grid,
    heads_of_change,
    number_column,
    plus_minus_of,
    print_table,
    text_column,
)
from empowersim.fronts.labels import bundled, text
from empowersim.fronts.numbers import (
    NONE,
    Lang,
    counted,
    interval,
    months,
    number,
    quantity,
    signed,
    without_points,
)
from empowersim.fronts.plots import name_of, said
from empowersim.fronts.terminal import people_in_words, show_notes
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


def show_factors(
    table: FactorTable, out: Any, outcome: str, of: Part = "level", *, everything: bool = False, lang: Lang = "en"
) -> None:
    """Print a factor analysis on a rich console: head, table, sentences."""
    out.print(_head(table, lang), style="bold", markup=False)
    out.print()
    width = max(NARROWEST, out.width)
    for grid_of_factors in factor_grids(table, width, outcome, of, everything=everything, lang=lang):
        print_table(out, grid_of_factors, lang)
        out.print()
    for sentence in sentences(table, outcome, of, lang):
        out.print(sentence, markup=False)
    show_notes(table.notes, out, lang)


def show_two(
    first: FactorTable, second: FactorTable, out: Any, outcome: str, of: Part = "level", *, lang: Lang = "en"
) -> None:
    """Print the rankings of two analyses side by side, and which factors changed rank most."""
    out.print(text("factors.two", lang, outcome=said(outcome, lang)), style="bold")
    for table in (first, second):
        out.print(_head(table, lang), markup=False)
    out.print()
    print_table(out, two_rankings(first, second, outcome, of, lang), lang)
    out.print()
    for sentence in change_sentences(first, second, outcome, of, lang):
        out.print(sentence, markup=False)


def factor_grids(
    table: FactorTable, width: int, outcome: str, of: Part = "level", *, everything: bool = False, lang: Lang = "en"
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
    if of == "effect":
        title = text("factors.title_effect", lang, reference=_reference(table, lang))
    else:
        title = text("factors.title_level", lang)
    return [
        _factor_grid(table, order, columns[at : at + even], of, "" if at else title, lang)
        for at in range(0, len(columns), even)
    ]


def _unsure(table: FactorTable) -> tuple[str, ...]:
    """Factors that cannot be told from zero; none in a single future, where nothing can be told."""
    return table.unmeasurable() if table.replicates > 1 else ()


def _columns(table: FactorTable, outcome: str, everything: bool) -> list[str]:
    return list(dict.fromkeys((outcome, *(table.outcomes if everything else HEADLINES))))


def _factor_grid(
    table: FactorTable, order: Sequence[str], columns: Sequence[str], of: Part, title: str, lang: Lang
) -> Any:
    made = grid(title, text("factors.legend", lang) if title else "")
    text_column(made, text("factors.factor", lang), _NAME_WIDTH)
    cells: dict[str, list[str]] = {factor: [] for factor in order}
    for name in columns:
        made.add_column(
            f"{name_of(name, lang)}{heads_of_change(OUTCOMES[name].unit, lang)}",
            max_width=_CELL_WIDTH,
            justify="right",
        )
        for one in table.contributions(name, of):
            if one.factor in cells:
                cells[one.factor].append(_cell(one, name, of, lang))
    for factor in order:
        add_row(made, [table.label(factor, lang), *cells[factor]])
    return made


def _cell(one: Contribution, outcome: str, of: Part, lang: Lang = "en") -> str:
    scale, decimals = bare(OUTCOMES[outcome].unit)
    middle, _, high = one.part(of)
    told = plus_minus_of(middle, high, scale, decimals + 1, signed, lang)
    if told == NONE:
        return NONE
    if not any(digit in told for digit in "123456789"):
        return "0"
    return told if one.measurable(of) else f"({told})"


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


def sentences(table: FactorTable, outcome: str, of: Part = "level", lang: Lang = "en") -> list[str]:
    """Rank the factors in sentences: on the outcome, on visits to clients, on the effect; say what does nothing."""
    told = [_ranking(table, outcome, of, lang)]
    visits = _visits(table, lang)
    if visits:
        told.append(visits)
    if of == "level":
        told += _effect(table, outcome, lang)
    told += _against_the_label(table, outcome, of, lang)
    groups = {
        "small": _small(table, _columns(table, outcome, False), of),
        "unsure": _unsure(table),
        "idle": table.idle(),
        "off": table.already_off,
    }
    told += [text(f"factors.{key}", lang, names=_listed(table, names, lang)) for key, names in groups.items() if names]
    told.append(text("factors.closing" if table.replicates > 1 else "factors.closing_one", lang))
    return told


def _ranking(table: FactorTable, outcome: str, of: Part, lang: Lang) -> str:
    what = said(outcome, lang)
    if of == "effect":
        what = text("factors.the_effect", lang, policy=_policy(table, lang), outcome=what)
    single = table.replicates == 1
    told = [one for one in table.contributions(outcome, of) if one.measurable(of) or (single and one.part(of)[0])]
    if not told:
        return text("factors.none", lang, what=what)
    parts = "; ".join(f"“{table.label(one.factor, lang)}” {_amount(one, outcome, of, lang)}" for one in told[:_SAID])
    key = "factors.ranking_one" if single else "factors.ranking"
    return counted(key, len(told), lang, all=len(table.factors), what=what, parts=parts)


def _amount(one: Contribution, outcome: str, of: Part, lang: Lang) -> str:
    unit = OUTCOMES[outcome].unit
    middle, low, high = (quantity(value, unit, lang, difference=True) for value in one.part(of))
    ends = interval(without_points(low, lang), without_points(high, lang), lang)
    return f"{middle} ({ends})" if ends else middle


def _visits(table: FactorTable, lang: Lang) -> str:
    told = [
        one
        for one in table.contributions(VISITS_PER_CLIENT)
        if one.measurable() and abs(one.mean) >= _LEAST and isfinite(one.relative)
    ]
    if not told:
        return ""
    parts = [
        text(
            "factors.visits_part",
            lang,
            factor=table.label(one.factor, lang),
            ratio=number(one.relative, 2, lang),
            without=number(one.without, 2, lang),
            with_it=number(one.with_factor, 2, lang),
        )
        for one in told[:_SAID]
    ]
    return text("factors.visits", lang, parts="; ".join(parts))


def _effect(table: FactorTable, outcome: str, lang: Lang) -> list[str]:
    """What the policy does, and what it would do without the factors that its effect hangs on most."""
    whole, unit = table.effect(outcome), OUTCOMES[outcome].unit
    if table.policy == table.reference or not isfinite(whole):
        return []
    what = {
        "policy": _policy(table, lang),
        "outcome": said(outcome, lang),
        "change": quantity(whole, unit, lang, difference=True),
        "reference": _reference(table, lang),
    }
    told = [one for one in table.contributions(outcome, "effect") if one.measurable("effect")][:_SAID]
    if not told:
        return [text("factors.effect_none", lang, **what)]
    parts = [
        text(
            "factors.effect_part",
            lang,
            change=quantity(whole - one.effect, unit, lang, difference=True),
            factor=table.label(one.factor, lang),
        )
        for one in told
    ]
    return [text("factors.effect", lang, **what, parts=", ".join(parts))]


def _against_the_label(table: FactorTable, outcome: str, of: Part, lang: Lang) -> list[str]:
    better = OUTCOMES[outcome].better
    wrong = [
        one.factor
        for one in table.contributions(outcome, of)
        if one.measurable(of)
        and better * one.part(of)[0] * (1 if table.directions[one.factor] == "supports" else -1) < 0
    ]
    return [text("factors.against_name", lang, names=_listed(table, wrong, lang))] if wrong else []


def two_rankings(first: FactorTable, second: FactorTable, outcome: str, of: Part = "level", lang: Lang = "en") -> Any:
    """Return the ranks and contributions of two analyses side by side, in the order of the first; a rich table."""
    scale, decimals = bare(OUTCOMES[outcome].unit)
    made = grid(
        text("factors.rank_title", lang, unit=heads_of_change(OUTCOMES[outcome].unit, lang)),
        text("factors.rank_legend", lang, none=NONE),
    )
    text_column(made, text("factors.factor", lang), _NAME_WIDTH)
    for name in _names(first, second):
        number_column(made, name, 24)
    number_column(made, text("factors.change", lang))
    last = len(first.factors) + len(second.factors)
    changes = rank_changes(first, second, outcome, of)
    for one in sorted(changes, key=lambda change: (change.rank_first or last, change.rank_second or last)):
        if one.rank_first is None and one.rank_second is None:
            continue
        cells = []
        for rank, found in ((one.rank_first, one.first), (one.rank_second, one.second)):
            if found is None:
                cells.append(text("factors.switched_off", lang))
                continue
            middle, _, high = found.part(of)
            told = plus_minus_of(middle, high, scale, decimals + 2, signed, lang)
            cells.append(f"{rank}  {told}" if rank is not None else f"{NONE}  {told}")
        moved = signed(one.change, 0, lang) if one.change else "0"
        add_row(made, [_label(first, second, one.factor, lang), *cells, moved])
    return made


def change_sentences(
    first: FactorTable, second: FactorTable, outcome: str, of: Part = "level", lang: Lang = "en"
) -> list[str]:
    """Say which factors changed rank most from the first analysis to the second."""
    names = _names(first, second)
    changes = rank_changes(first, second, outcome, of)
    what = said(outcome, lang)
    moved = [one for one in changes if one.change]
    if not moved:
        return [text("factors.same_rank", lang, outcome=what)]
    tops = []
    for table, name in zip((first, second), names, strict=True):
        leading = [one for one in table.contributions(outcome, of) if one.measurable(of)][:_SAID]
        listed = ", ".join(f"“{table.label(one.factor, lang)}”" for one in leading)
        if listed:
            tops.append(text("factors.in_one", lang, name=name, factors=listed))
        else:
            tops.append(text("factors.in_none", lang, name=name))
    told = [
        text("factors.moved_most", lang, outcome=what, parts="; ".join(tops)),
        text("factors.differ", lang, count=len(moved), all=len(changes)),
    ]
    # far down a ranking many ranks mean little
    high_up = [one for one in moved if min(one.rank_first or _DEEP, one.rank_second or _DEEP) < _DEEP]
    for way, key in ((1, "factors.more_in"), (-1, "factors.less_in")):
        parts = [
            text(
                "factors.from_to",
                lang,
                factor=_label(first, second, one.factor, lang),
                first=_rank(one.rank_first, lang),
                second=_rank(one.rank_second, lang),
            )
            for one in high_up
            if one.change * way > 0
        ]
        if parts:
            listed = ", ".join(parts[: _SAID + 1])
            told.append(text(key, lang, count=_DEEP - 1, name=names[1], parts=listed))
    return told


def _rank(rank: int | None, lang: Lang) -> str:
    return text("factors.not_measurable", lang) if rank is None else text("factors.rank", lang, rank=rank)


def _names(first: FactorTable, second: FactorTable) -> tuple[str, str]:
    if first.scenario != second.scenario:
        return first.scenario, second.scenario
    if first.policy != second.policy:
        return first.policy, second.policy
    return f"{first.scenario} (1)", f"{second.scenario} (2)"


def _label(first: FactorTable, second: FactorTable, factor: str, lang: Lang) -> str:
    return first.label(factor, lang) if factor in first.labels else second.label(factor, lang)


def _policy(table: FactorTable, lang: Lang) -> str:
    return table.policy_label.get(lang) or table.policy_label.get("en") or table.policy.replace("_", " ")


def _reference(table: FactorTable, lang: Lang) -> str:
    return table.reference_label.get(lang) or table.reference_label.get("en") or table.reference


def _listed(table: FactorTable, names: Iterable[str], lang: Lang) -> str:
    return "; ".join(table.label(name, lang) for name in names)


def _head(table: FactorTable, lang: Lang) -> str:
    return text(
        "factors.head",
        lang,
        title=bundled(table.title, lang),
        policy=_policy(table, lang),
        futures=counted("terminal.futures", table.replicates, lang),
        people=people_in_words(table.households, table.represents, lang),
        months=months(table.months, lang),
    )
