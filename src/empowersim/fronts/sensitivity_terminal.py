"""A sensitivity analysis on a terminal: a table of the inputs that matter, and what is luck or idle."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.responses import difference_unit
from empowersim.fronts.grids import add_row, grid, number_column, text_column
from empowersim.fronts.numbers import NONE, interval, months, number, percent
from empowersim.fronts.plots import said

if TYPE_CHECKING:
    from empowersim.experiments.responses import Input
    from empowersim.experiments.sensitivity_result import Sensitivity

_SHOWN: Final = 15
_NAME: Final = 34
_DIGITS: Final = 3
_MOST: Final = 8
_LITTLE: Final = 0.05
"""Inputs that move less than this share of the most are not named."""
_MUCH: Final = 0.05
"""Share of luck from which more futures are advised."""


def show_sensitivity(found: Sensitivity, out: Any, *, everything: bool = False) -> None:
    """Print an analysis on a rich console: head, a table an outcome, sentences."""
    out.print(_head(found), style="bold")
    for outcome in found.outcomes:
        out.print()
        out.print(index_table(found, outcome, everything=everything))
        for sentence in sentences(found, outcome):
            out.print(sentence, markup=False)
    if not everything and len(found.inputs) > _SHOWN:
        out.print("All inputs: --all.", markup=False, style="dim")


def _head(found: Sensitivity) -> str:
    of = found.label(found.policy)
    against = f" against “{found.label(found.against)}”" if found.against is not None else ""
    futures = f"{found.futures} future{'s' if found.futures != 1 else ''}"
    people = f"{number(found.households)} households, " if found.households is not None else ""
    return (
        f"{found.title}: what moves “{of}”{against}; {number(len(found.values))} runs of {len(found.inputs)} inputs, "
        f"each in {futures} of {people}{months(found.months)}"
    )


def index_table(found: Sensitivity, outcome: str, *, everything: bool = False) -> Any:
    """Return the rich table of an outcome's indices, the most important input first."""
    ranked = found.ranked(outcome)
    shown = ranked if everything else ranked[:_SHOWN]
    inputs = {one.name: one for one in found.inputs}
    difference = "difference of " if found.against is not None else ""
    if found.method == "morris":
        table = grid(
            f"Morris screening: {difference}{said(outcome)}",
            "mu*: how much the outcome moves, on average, as the input goes from its low to its high end, with its 95 "
            "% interval; mu: with its sign; sigma: large where the effect depends on other inputs",
        )
        text_column(table, "input", _NAME)
        unit = difference_unit(outcome)
        for head in ("from", "to", "mu*" + _head_of(unit), "95 %", "mu", "sigma"):
            number_column(table, head, 24)
        for one in shown:
            star, low, high, mu, sigma = (_amount(v, unit) for v in (one.mu_star, one.low, one.high, one.mu, one.sigma))
            add_row(table, [one.name, *_ends(inputs[one.name]), star, interval(low, high), mu, sigma])
        return table
    table = grid(
        f"Sobol indices: {difference}{said(outcome)}",
        "first: share of the variance an input makes alone; total: share it has any part in; 95 % intervals",
    )
    text_column(table, "input", _NAME)
    for head in ("from", "to", "first", "95 %", "total", "95 %"):
        number_column(table, head, 20)
    for one in shown:
        first = [number(v, 3) for v in (one.first, one.first_low, one.first_high)]
        total = [number(v, 3) for v in (one.total, one.total_low, one.total_high)]
        add_row(
            table, [one.name, *_ends(inputs[one.name]), first[0], interval(*first[1:]), total[0], interval(*total[1:])]
        )
    return table


def _ends(one: Input) -> list[str]:
    unit = f" {one.unit}" if one.kind == "lever" else ""
    return [f"{one.low:g}{unit}", f"{one.high:g}{unit}"]


def _head_of(unit: str) -> str:
    """Unit of the sizes of effects, as the head of their column says it."""
    if unit.startswith("share"):
        return ", points"
    if unit == "IDR":
        return ", Rp billion"
    return ", Rp" if unit.startswith("IDR") else ""


def _amount(value: float, unit: str) -> str:
    """A size in the unit of the outcome, to three digits."""
    if not isfinite(value):
        return NONE
    scaled = value * (100.0 if unit.startswith("share") else 1e-9 if unit == "IDR" else 1.0)
    if scaled == 0.0:
        return "0"
    return number(scaled, min(max(_DIGITS - 1 - floor(log10(abs(scaled))), 0), _MOST))


def sentences(found: Sensitivity, outcome: str) -> list[str]:
    """Say what matters most, what does nothing, and how much of what is seen is luck."""
    made = []
    ranked = [one for one in found.ranked(outcome) if one.name not in found.idle(outcome)]
    chance = found.chance[outcome]
    if not chance.spread > 0.0:
        return [f"Nothing that moves here moves the {said(outcome)}: it is the same in every run."]
    weights = [one.mu_star if found.method == "morris" else one.total for one in ranked]
    chief = [one.name for one, weight in zip(ranked, weights, strict=True) if weight > _LITTLE * weights[0]]
    made.append(f"The {said(outcome)} is moved most by {', '.join(chief[:3])}.")
    if found.method == "sobol":
        alone = sum(one.first for one in ranked if isfinite(one.first))
        if len(ranked) > 1 and 0.0 <= alone <= 1.0:
            made.append(
                f"Inputs on their own make about {percent(alone, 0)} of its variance; the rest is inputs acting "
                "together, and the error of the indices."
            )
        else:
            made.append(
                f"First indices add up to {alone:.2f}; only their error keeps them from "
                f"{'1' if len(ranked) == 1 else 'lying between 0 and 1'}: more --samples make it smaller."
            )
    idle = found.idle(outcome)
    if idle:
        few = ", ".join(idle[:4]) + (", ..." if len(idle) > 4 else "")
        made.append(
            f"{len(idle)} of {len(found.inputs)} inputs {'moves' if len(idle) == 1 else 'move'} nothing at all "
            f"(exactly zero): {few}."
        )
    if not isfinite(chance.left):
        made.append("One future cannot tell how much of this is luck: ask for more with --futures.")
        return made
    text = (
        f"Of the variance between runs {percent(chance.left)} is luck (with futures of its own for every run it would "
        f"be {percent(chance.unpaired)})."
    )
    made.append(text + (" Ask for more with --futures or --households." if chance.left > _MUCH else ""))
    return made
