"""Both worlds on a terminal: each comparison, then tables and sentences on whether the answer changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.worlds import (
    NEITHER,
    NO_TRAP_ONLY,
    OPPOSITE,
    SAME,
    TRAP_ONLY,
    WorldOrder,
    Worlds,
)
from empowersim.fronts.grids import (
    add_row,
    bare,
    grid,
    heads,
    heads_of_change,
    number_column,
    plus_minus_of,
    policy_column,
    print_table,
    text_column,
)
from empowersim.fronts.labels import text
from empowersim.fronts.numbers import NONE, Lang, in_hundred, number, signed
from empowersim.fronts.plots import name_of, said
from empowersim.fronts.terminal import HEADLINE, SECOND, show
from empowersim.results.tables import LEVELS, OUTCOMES
from empowersim.scenario.worlds import NO_TRAP, TRAP

if TYPE_CHECKING:
    from empowersim.experiments.statistics import Estimate
    from empowersim.results.comparison import Comparison

_HEADS: Final = (NO_TRAP, TRAP, "change")
_CELL_WIDTH: Final = 14
_NAME_WIDTH: Final = 22
_TOLD_WIDTH: Final = 22


def world_in_words(world: str, lang: Lang = "en") -> str:
    """Return what a world (`trap`, `no_trap`) is called after the word world: with a poverty trap."""
    return text(f"worlds.{world}", lang)


def show_worlds(found: Worlds, out: Any, *, everything: bool = False, lang: Lang = "en") -> None:
    """Print both comparisons on a rich console, then whether the answer changes."""
    for name, comparison in found.comparisons.items():
        out.print(text("worlds.world", lang, world=world_in_words(name, lang)), style="bold", markup=False)
        show(comparison, out, everything=everything, lang=lang)
        out.print()
    out.print(text("worlds.changes", lang), style="bold", markup=False)
    for table in world_tables(found, everything=everything, lang=lang):
        out.print()
        print_table(out, table, lang)
    out.print()
    for sentence in world_verdict(found, lang):
        out.print(sentence, markup=False)


def world_tables(found: Worlds, *, everything: bool = False, lang: Lang = "en") -> list[Any]:
    """Return the rich tables of both worlds side by side.

    The levels of the reference, the differences of the other policies (poverty rate and gap; with `everything` all
    chief outcomes), and the best policy by outcome.
    """
    made = [_levels(found, lang)]
    if _any(found).others:
        made += [_differences(found, outcome, lang) for outcome in (LEVELS if everything else (HEADLINE, SECOND))]
        made.append(_orders(found, lang))
    return made


def world_verdict(found: Worlds, lang: Lang = "en") -> list[str]:
    """Return in sentences whether the best policy and the signs of the differences are the same in both worlds."""
    closing = text("worlds.closing", lang)
    if not _any(found).others:
        return [closing]
    orders = [found.order(outcome) for outcome in (HEADLINE, SECOND)]
    sentences = [_answer(found, orders[0], lang)]
    if not orders[1].same_best:
        sentences.append(_answer(found, orders[1], lang))
    return [*sentences, _signs(found, lang), closing]


# ---------------------------------------------------------------- tables


def _levels(found: Worlds, lang: Lang) -> Any:
    comparison = _any(found)
    reference = comparison.label(comparison.reference, lang)
    table = grid(text("worlds.levels", lang, policy=reference), text("worlds.levels_legend", lang))
    text_column(table, text("more.outcome", lang), _NAME_WIDTH)
    for head in _HEADS:
        number_column(table, text(f"worlds.head.{head}", lang), _CELL_WIDTH)
    for outcome in LEVELS:
        row = found.row(comparison.reference, outcome)
        factor, decimals = bare(row.unit)
        name = f"{name_of(outcome, lang)}{heads(row.unit, lang)}"
        levels = [plus_minus_of(one.mean, one.high, factor, decimals, lang=lang) for one in (row.no_trap, row.trap)]
        add_row(table, [name, *levels, _change(row.change, row.unit, lang)])
    return table


def _differences(found: Worlds, outcome: str, lang: Lang) -> Any:
    comparison = _any(found)
    reference = comparison.label(comparison.reference, lang)
    name = f"{name_of(outcome, lang)}{heads_of_change(OUTCOMES[outcome].unit, lang)}"
    table = grid(
        text("worlds.differences", lang, outcome=name, reference=reference), text("worlds.differences_legend", lang)
    )
    policy_column(table, comparison, lang)
    for head in _HEADS:
        number_column(table, text(f"worlds.head.{head}", lang), _CELL_WIDTH)
    text_column(table, text("worlds.told", lang), _TOLD_WIDTH)
    for policy in comparison.others:
        row = found.row(policy, outcome)
        cells = [_change(one, row.unit, lang) for one in (row.no_trap, row.trap, row.change)]
        add_row(table, [comparison.label(policy, lang), *cells, _sign(row.sign, lang)])
    return table


def _change(one: Estimate, unit: str, lang: Lang) -> str:
    factor, decimals = bare(unit)
    return plus_minus_of(one.mean, one.high, factor, decimals + 1, signed, lang)


def _sign(sign: str, lang: Lang) -> str:
    return text(f"worlds.sign.{sign}", lang) if sign else NONE


def _orders(found: Worlds, lang: Lang) -> Any:
    table = grid(text("worlds.best", lang), text("worlds.best_legend", lang))
    text_column(table, text("more.outcome", lang), _NAME_WIDTH)
    for head in _HEADS[:2]:
        text_column(table, text(f"worlds.head.{head}", lang), _NAME_WIDTH)
    text_column(table, text("worlds.order", lang))
    for outcome in LEVELS:
        one = found.order(outcome)
        best = [_best(found, policy, share, lang) for policy, share in zip(one.best, _shares(one), strict=True)]
        order = text("worlds.order_same" if one.same_order else "worlds.order_changes", lang)
        add_row(table, [name_of(outcome, lang), *best, order])
    return table


def _best(found: Worlds, policy: str, share: float, lang: Lang) -> str:
    return f"{_any(found).label(policy, lang)} ({number(100 * share, 0, lang)})" if policy else NONE


# ---------------------------------------------------------------- sentences


def _answer(found: Worlds, one: WorldOrder, lang: Lang) -> str:
    """Whether the best policy by one outcome is the same."""
    what = said(one.outcome, lang)
    if not any(one.best):
        return text("worlds.nothing", lang, outcome=what)
    label = _any(found).label
    shares = [in_hundred(share, lang) for share in _shares(one)]
    if not one.same_best:
        first, second = (
            text(f"worlds.best_{where}", lang, policy=label(policy, lang), share=share)
            if policy
            else text(f"worlds.none_{where}", lang)
            for policy, share, where in zip(one.best, shares, ("without", "with"), strict=True)
        )
        return text("worlds.answer_changes", lang, outcome=what, first=first, second=second)
    policy, reference = one.best[0], _any(found).reference
    sentence = text(
        "worlds.stands",
        lang,
        outcome=what,
        policy=label(policy, lang),
        without=shares[0],
        with_it=shares[1],
        order=text("worlds.stands_same" if one.same_order else "worlds.stands_others", lang),
    )
    sign = "" if policy == reference else found.row(policy, one.outcome).sign
    if sign not in {"", SAME}:
        where = text("worlds.but_opposite", lang) if sign == OPPOSITE else _sign(sign, lang)
        sentence += text("worlds.its_difference", lang, reference=label(reference, lang), where=where)
    return sentence


def _signs(found: Worlds, lang: Lang) -> str:
    """How many differences keep their sign."""
    signs = [found.row(policy, outcome).sign for policy in _any(found).others for outcome in LEVELS]
    return text(
        "worlds.signs",
        lang,
        count=len(signs),
        same=signs.count(SAME),
        opposite=signs.count(OPPOSITE),
        alone=signs.count(NO_TRAP_ONLY) + signs.count(TRAP_ONLY),
        neither=signs.count(NEITHER) + signs.count(""),
    )


def _shares(one: WorldOrder) -> tuple[float, float]:
    return one.no_trap_share, one.trap_share


def _any(found: Worlds) -> Comparison:
    """Either comparison: for policies and labels, which are the same in both."""
    return found.comparisons[NO_TRAP]
