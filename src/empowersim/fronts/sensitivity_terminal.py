"""A sensitivity analysis on a terminal: a table of the inputs that matter, and what is luck or idle."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.responses import difference_unit
from empowersim.fronts.grids import add_row, grid, number_column, print_table, text_column
from empowersim.fronts.labels import bundled, text
from empowersim.fronts.numbers import (
    NONE,
    Lang,
    counted,
    interval,
    localised,
    months,
    number,
    percent,
    shortest,
)
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


def show_sensitivity(found: Sensitivity, out: Any, *, everything: bool = False, lang: Lang = "en") -> None:
    """Print an analysis on a rich console: head, a table an outcome, sentences."""
    out.print(_head(found, lang), style="bold", markup=False)
    for outcome in found.outcomes:
        out.print()
        print_table(out, index_table(found, outcome, everything=everything, lang=lang), lang)
        for sentence in sentences(found, outcome, lang):
            out.print(sentence, markup=False)
    if not everything and len(found.inputs) > _SHOWN:
        out.print(text("sensitivity.more", lang), markup=False, style="dim")


def _head(found: Sensitivity, lang: Lang) -> str:
    people = counted("terminal.people", found.households, lang) if found.households is not None else ""
    size = ", ".join(part for part in (people, months(found.months, lang)) if part)
    facts = {
        "title": bundled(found.title, lang),
        "policy": found.label(found.policy, lang),
        "runs": number(len(found.values), 0, lang),
        "inputs": len(found.inputs),
        "futures": counted("terminal.futures", found.futures, lang),
        "size": size,
    }
    if found.against is None:
        return text("sensitivity.head", lang, **facts)
    return text("sensitivity.head_against", lang, **facts, against=found.label(found.against, lang))


def index_table(found: Sensitivity, outcome: str, *, everything: bool = False, lang: Lang = "en") -> Any:
    """Return the rich table of an outcome's indices, the most important input first."""
    ranked = found.ranked(outcome)
    shown = ranked if everything else ranked[:_SHOWN]
    inputs = {one.name: one for one in found.inputs}
    what = said(outcome, lang)
    if found.against is not None:
        what = text("sensitivity.difference_of", lang, outcome=what)
    table = grid(
        text(f"sensitivity.{found.method}", lang, outcome=what), text(f"sensitivity.{found.method}_legend", lang)
    )
    text_column(table, text("sensitivity.input", lang), _NAME)
    if found.method == "morris":
        unit = difference_unit(outcome)
        mu_star = text("sensitivity.mu_star", lang, unit=_head_of(unit, lang))
        more = [text(f"sensitivity.{name}", lang) for name in ("interval", "mu", "sigma")]
        for head in [*_ends_heads(lang), mu_star, *more]:
            number_column(table, head, 24)
        for one in shown:
            star, low, high, mu, sigma = (
                _amount(v, unit, lang) for v in (one.mu_star, one.low, one.high, one.mu, one.sigma)
            )
            ends = interval(low, high, lang)
            add_row(table, [one.name, *_ends(inputs[one.name], lang), star, ends, mu, sigma])
        return table
    names = ("first", "interval", "total", "interval")
    for head in [*_ends_heads(lang), *(text(f"sensitivity.{name}", lang) for name in names)]:
        number_column(table, head, 20)
    for one in shown:
        first, first_low, first_high = (number(v, 3, lang) for v in (one.first, one.first_low, one.first_high))
        total, total_low, total_high = (number(v, 3, lang) for v in (one.total, one.total_low, one.total_high))
        cells = [first, interval(first_low, first_high, lang), total, interval(total_low, total_high, lang)]
        add_row(table, [one.name, *_ends(inputs[one.name], lang), *cells])
    return table


def _ends_heads(lang: Lang) -> list[str]:
    return [text("sensitivity.from", lang), text("sensitivity.to", lang)]


def _ends(one: Input, lang: Lang) -> list[str]:
    unit = f" {one.unit}" if one.kind == "lever" else ""
    return [f"{shortest(end, lang)}{unit}" for end in (one.low, one.high)]


def _head_of(unit: str, lang: Lang) -> str:
    """Unit of the sizes of effects, as the head of their column says it."""
    if unit.startswith("share"):
        return text("heads.points", lang)
    if unit == "IDR":
        return text("heads.billion", lang)
    return text("heads.rupiah", lang) if unit.startswith("IDR") else ""


def _amount(value: float, unit: str, lang: Lang = "en") -> str:
    """A size in the unit of the outcome, to three digits."""
    if not isfinite(value):
        return NONE
    scaled = value * (100.0 if unit.startswith("share") else 1e-9 if unit == "IDR" else 1.0)
    if scaled == 0.0:
        return "0"
    return number(scaled, min(max(_DIGITS - 1 - floor(log10(abs(scaled))), 0), _MOST), lang)


def sentences(found: Sensitivity, outcome: str, lang: Lang = "en") -> list[str]:
    """Say what matters most, what does nothing, and how much of what is seen is luck."""
    made = []
    what = said(outcome, lang)
    ranked = [one for one in found.ranked(outcome) if one.name not in found.idle(outcome)]
    chance = found.chance[outcome]
    if not chance.spread > 0.0:
        return [text("sensitivity.nothing", lang, outcome=what)]
    weights = [one.mu_star if found.method == "morris" else one.total for one in ranked]
    chief = [one.name for one, weight in zip(ranked, weights, strict=True) if weight > _LITTLE * weights[0]]
    made.append(text("sensitivity.most", lang, outcome=what, inputs=", ".join(chief[:3])))
    if found.method == "sobol":
        alone = sum(one.first for one in ranked if isfinite(one.first))
        if len(ranked) > 1 and 0.0 <= alone <= 1.0:
            made.append(text("sensitivity.alone", lang, share=percent(alone, 0, lang)))
        else:
            key = "sensitivity.off_one" if len(ranked) == 1 else "sensitivity.off"
            made.append(text(key, lang, sum=localised(f"{alone:.2f}", lang)))
    idle = found.idle(outcome)
    if idle:
        few = ", ".join(idle[:4]) + (", ..." if len(idle) > 4 else "")
        made.append(counted("sensitivity.idle", len(idle), lang, all=len(found.inputs), names=few))
    if not isfinite(chance.left):
        return [*made, text("sensitivity.one_future", lang)]
    key = "sensitivity.much_luck" if chance.left > _MUCH else "sensitivity.luck"
    shares = {"share": percent(chance.left, 1, lang), "unpaired": percent(chance.unpaired, 1, lang)}
    return [*made, text(key, lang, **shares)]
