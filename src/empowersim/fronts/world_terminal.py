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
    text_column,
)
from empowersim.fronts.numbers import NONE, in_hundred, number, signed
from empowersim.fronts.plots import name_of, said
from empowersim.fronts.terminal import HEADLINE, SECOND, show
from empowersim.results.tables import LEVELS, OUTCOMES
from empowersim.scenario.worlds import NO_TRAP, TRAP

if TYPE_CHECKING:
    from empowersim.experiments.statistics import Estimate
    from empowersim.results.comparison import Comparison

WORLD_WORDS: Final = {NO_TRAP: "without a poverty trap", TRAP: "with a poverty trap"}
_SIGN_WORDS: Final = {
    SAME: "yes, same sign",
    OPPOSITE: "yes, opposite signs",
    NO_TRAP_ONLY: "only without the trap",
    TRAP_ONLY: "only with the trap",
    NEITHER: "in neither world",
    "": NONE,
}
_HEADS: Final = ("without trap", "with trap", "change")
_CELL_WIDTH: Final = 14
_NAME_WIDTH: Final = 22
_TOLD_WIDTH: Final = 22


def show_worlds(found: Worlds, out: Any, *, everything: bool = False) -> None:
    """Print both comparisons on a rich console, then whether the answer changes."""
    for name, comparison in found.comparisons.items():
        out.print(f"== The world {WORLD_WORDS[name]}", style="bold", markup=False)
        show(comparison, out, everything=everything)
        out.print()
    out.print("== Does the answer change?", style="bold", markup=False)
    for table in world_tables(found, everything=everything):
        out.print()
        out.print(table)
    out.print()
    for sentence in world_verdict(found):
        out.print(sentence, markup=False)


def world_tables(found: Worlds, *, everything: bool = False) -> list[Any]:
    """Return the rich tables of both worlds side by side.

    The levels of the reference, the differences of the other policies (poverty rate and gap; with `everything` all
    chief outcomes), and the best policy by outcome.
    """
    made = [_levels(found)]
    if _any(found).others:
        made += [_differences(found, outcome) for outcome in (LEVELS if everything else (HEADLINE, SECOND))]
        made.append(_orders(found))
    return made


def world_verdict(found: Worlds) -> list[str]:
    """Return in sentences whether the best policy and the signs of the differences are the same in both worlds."""
    closing = "Which of the two worlds holds, the evidence does not settle (`empowersim cite`): report both."
    if not _any(found).others:
        return [closing]
    orders = [found.order(outcome) for outcome in (HEADLINE, SECOND)]
    sentences = [_answer(found, orders[0])]
    if not orders[1].same_best:
        sentences.append(_answer(found, orders[1]))
    return [*sentences, _signs(found), closing]


# ---------------------------------------------------------------- tables


def _levels(found: Worlds) -> Any:
    comparison = _any(found)
    table = grid(
        f"“{comparison.label(comparison.reference)}” in both worlds, ± half the 95 % interval",
        "change: with the trap minus without, same futures",
    )
    text_column(table, "outcome", _NAME_WIDTH)
    for head in _HEADS:
        number_column(table, head, _CELL_WIDTH)
    for outcome in LEVELS:
        row = found.row(comparison.reference, outcome)
        factor, decimals = bare(row.unit)
        name = f"{name_of(outcome)}{heads(row.unit)}"
        levels = [plus_minus_of(one.mean, one.high, factor, decimals) for one in (row.no_trap, row.trap)]
        add_row(table, [name, *levels, _change(row.change, row.unit)])
    return table


def _differences(found: Worlds, outcome: str) -> Any:
    comparison = _any(found)
    reference = comparison.label(comparison.reference)
    table = grid(
        f"{name_of(outcome)}{heads_of_change(OUTCOMES[outcome].unit)}: difference from “{reference}” in both worlds",
        "told from zero: where the 95 % interval leaves zero out",
    )
    policy_column(table, comparison)
    for head in _HEADS:
        number_column(table, head, _CELL_WIDTH)
    text_column(table, "told from zero", _TOLD_WIDTH)
    for policy in comparison.others:
        row = found.row(policy, outcome)
        cells = [_change(one, row.unit) for one in (row.no_trap, row.trap, row.change)]
        add_row(table, [comparison.label(policy), *cells, _SIGN_WORDS[row.sign]])
    return table


def _change(one: Estimate, unit: str) -> str:
    factor, decimals = bare(unit)
    return plus_minus_of(one.mean, one.high, factor, decimals + 1, signed)


def _orders(found: Worlds) -> Any:
    table = grid(
        "Best policy in both worlds",
        "( ): futures of 100 in which it is the best; order: of all policies by mean",
    )
    text_column(table, "outcome", _NAME_WIDTH)
    for head in _HEADS[:2]:
        text_column(table, head, _NAME_WIDTH)
    text_column(table, "order")
    for outcome in LEVELS:
        one = found.order(outcome)
        best = [_best(found, policy, share) for policy, share in zip(one.best, _shares(one), strict=True)]
        add_row(table, [name_of(outcome), *best, "same" if one.same_order else "changes"])
    return table


def _best(found: Worlds, policy: str, share: float) -> str:
    return f"{_any(found).label(policy)} ({number(100 * share)})" if policy else NONE


# ---------------------------------------------------------------- sentences


def _answer(found: Worlds, one: WorldOrder) -> str:
    """Whether the best policy by one outcome is the same."""
    what = f"on the {said(one.outcome)}"
    if not any(one.best):
        return f"No policy changes anything {what}, in either world."
    shares = [in_hundred(share) for share in _shares(one)]
    if not one.same_best:
        first, second = (
            f"{_label(found, policy)} is best {where} the trap ({share})" if policy else f"no policy {where} it"
            for policy, share, where in zip(one.best, shares, ("without", "with"), strict=True)
        )
        return f"The answer changes: {what} {first}, {second}."
    order = "the order of all policies is the same" if one.same_order else "the order of the others changes"
    sentence = (
        f"The answer stands: {what} {_label(found, one.best[0])} is best in both worlds ({shares[0]} without the trap, "
        f"{shares[1]} with it); {order}."
    )
    policy, reference = one.best[0], _any(found).reference
    sign = "" if policy == reference else found.row(policy, one.outcome).sign
    if sign not in {"", SAME}:
        where = _SIGN_WORDS[sign] if sign != OPPOSITE else "in both worlds, but with opposite signs"
        sentence += f" Its difference from {_label(found, reference)} can be told from zero {where}."
    return sentence


def _signs(found: Worlds) -> str:
    """How many differences keep their sign."""
    signs = [found.row(policy, outcome).sign for policy in _any(found).others for outcome in LEVELS]
    alone = signs.count(NO_TRAP_ONLY) + signs.count(TRAP_ONLY)
    return (
        f"Of {len(signs)} differences (policies by chief outcomes) {signs.count(SAME)} can be told from zero in both "
        f"worlds with the same sign, {signs.count(OPPOSITE)} with opposite signs, {alone} in one world only, and "
        f"{signs.count(NEITHER) + signs.count('')} in neither."
    )


def _label(found: Worlds, policy: str) -> str:
    return f"“{_any(found).label(policy)}”"


def _shares(one: WorldOrder) -> tuple[float, float]:
    return one.no_trap_share, one.trap_share


def _any(found: Worlds) -> Comparison:
    """Either comparison: for policies and labels, which are the same in both."""
    return found.comparisons[NO_TRAP]
