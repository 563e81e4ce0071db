"""Views of what policies do: the fan over time, the paired difference, in how many futures each is best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, label, text
from empowersim.fronts.style import (
    REFERENCE_COLOUR,
    TEXT,
    End,
    Look,
    axes_of,
    beside,
    called,
    finish,
    look_of,
    name_ends,
    policy_styles,
    rows_of,
)
from empowersim.results.tables import OUTCOMES

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer

POVERTY: Final = ("poverty_headcount", "poverty_gap", "squared_poverty_gap")
"""P0 alone misleads: depth and severity stand beside it."""
BANDS: Final = (("q05", "q95", 0.12), ("q25", "q75", 0.22))
YEAR: Final = 12
DOTS: Final = 20
"""Dots that stand for all futures: each is five in a hundred."""


def fan(
    found: Answer,
    measure: str = POVERTY[0],
    *,
    policies: Sequence[str] | None = None,
    lang: Lang = "en",
    style: str = "screen",
    ax: Any = None,
) -> Any:
    """Draw a measure over the months: medians of all policies, the spread of futures of two of them.

    Bands hold 90 and 50 of 100 futures, around the reference and the best policy. `policies` picks lines. KeyError for
    a measure whose spread is not kept (`experiments.summary.BANDED`).
    """
    look, made = look_of(style), found.comparison
    table = made.tables["bands"].where(measure=measure)
    if not len(table):
        known = dict.fromkeys(made.tables["bands"]["measure"].tolist())
        raise KeyError(f"no spread of {measure!r} is kept; there are {', '.join(known)}")
    unit = str(table["unit"][0])
    factor, words = scale(unit, lang)
    axes, drawn = axes_of(ax, look, 4.8), policy_styles(made)
    shown = [name for name in made.policies if policies is None or name in policies]
    ends = []
    for policy in shown:
        rows, way = table.where(policy=policy), drawn[policy]
        x = rows["month"] + 1
        if policy in banded(found) and made.replicates > 1:
            for low, high, alpha in BANDS:
                axes.fill_between(
                    x, factor * rows[low], factor * rows[high], color=way.colour, alpha=alpha, linewidth=0
                )
        middle = factor * rows["q50"]
        axes.plot(
            x,
            middle,
            color=way.colour,
            linestyle=way.line,
            marker=way.marker,
            markersize=2 * look.line,
            markevery=max(1, len(rows) // 8),
            linewidth=look.line,
        )
        told = middle[~np.isnan(middle)].tolist()
        if told:
            ends.append(End(called(made, policy, lang), way.colour, told[-1]))
    axes.set_xlim(1, max(made.months, 2))
    if unit.startswith("share") or unit == "0-1":
        axes.set_ylim(bottom=0)
    ticks = [1, *range(YEAR, made.months + 1, YEAR)] if made.months >= YEAR else None
    if ticks:
        axes.set_xticks(ticks)
    name_ends(axes, look, ends)
    across = text("views.months", lang)
    if made.replicates > 1:
        across += "\n" + text("views.bands", lang, n=numbers.number(made.replicates, 0, lang))
    title = f"{label(measure, lang)}, {words}" if words else label(measure, lang)
    return finish(axes, look, title, across=across, up="" if look.titled else title, lang=lang)


def fans(found: Answer, *, lang: Lang = "en", style: str = "screen") -> Any:
    """Draw P0, P1 and P2 one below the other; returns the figure."""
    from matplotlib.figure import Figure

    look = look_of(style)
    figure = Figure(figsize=(look.width, 1.4 * look.width), layout="constrained")
    for axes, measure in zip(figure.subplots(len(POVERTY), 1), POVERTY, strict=True):
        fan(found, measure, lang=lang, style=style, ax=axes)
    return figure


def banded(found: Answer) -> tuple[str, ...]:
    """Return the policies that have bands: the reference, and the best of the others."""
    return (found.comparison.reference, *found.ranking[:1])


def difference(
    found: Answer,
    outcome: str = "",
    *,
    against: str | None = None,
    dots: bool = False,
    lang: Lang = "en",
    style: str = "screen",
    ax: Any = None,
) -> Any:
    """Draw each policy's paired difference from another (None: the reference): dot, 95 % interval, better in x of 100.

    `outcome` empty is that of the answer. With `dots` 20 quantile dots show the futures, five in a hundred each. A
    KeyError names the outcomes or the policies there are.
    """
    look, made = look_of(style), found.comparison
    name = outcome or found.outcome
    base = made.reference if against is None else against
    if name not in OUTCOMES:
        raise KeyError(f"no outcome {name!r}; there are {', '.join(OUTCOMES)}")
    if base not in made.policies:
        raise KeyError(f"no policy {base!r}; there are {', '.join(made.policies)}")
    shown = [policy for policy in made.policies if policy != base]
    factor, unit = scale(OUTCOMES[name].unit, lang, change=True)
    axes, drawn = axes_of(ax, look, 1.8 + 0.6 * max(len(shown), 1)), policy_styles(made)
    axes.axvline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=0.6 * look.line)
    for place, policy in enumerate(shown):
        one, colour = found.difference(policy, base, name), drawn[policy].colour
        if not math.isfinite(one.mean):
            continue
        if math.isfinite(one.low):
            ends = [factor * one.low, factor * one.high]
            axes.plot(ends, [place, place], color=colour, linewidth=1.25 * look.line, solid_capstyle="butt")
        marker = drawn[policy].marker or "o"
        axes.plot([factor * one.mean], [place], color=colour, marker=marker, markersize=4 * look.line, linestyle="")
        if dots:
            spots = factor * quantile_dots(found, policy, base, name)
            axes.plot(spots, np.full(len(spots), place + 0.28), color=colour, marker="|", linestyle="", markersize=7)
        beside(axes, look, place, better_words(one.mean, one.probability_better, lang))
    rows_of(axes, [called(made, policy, lang) for policy in shown])
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=5)
    across = unit
    if made.replicates > 1:
        across += "\n" + text("views.paired", lang, n=numbers.number(made.replicates, 0, lang))
    title = text("views.difference", lang, outcome=label(name, lang), against=called(made, base, lang))
    return finish(axes, look, title, across=across, grid="x", lang=lang)


def quantile_dots(found: Answer, policy: str, against: str, outcome: str) -> Any:
    """Return `DOTS` quantiles of the paired difference over futures, in the middle of their steps; shape (DOTS,)."""
    table = found.comparison.tables["futures"].where(outcome=outcome)
    apart = table.where(policy=policy)["value"] - table.where(policy=against)["value"]
    return np.quantile(apart[~np.isnan(apart)], (np.arange(DOTS) + 0.5) / DOTS)


def better_words(mean: float, share: float, lang: Lang) -> str:
    """Say in how many futures a policy is better; that nothing differs where nothing does."""
    if mean == 0.0:
        return text("views.no_difference", lang)
    return text("views.better_in", lang, share=numbers.in_hundred(share, lang)) if math.isfinite(share) else ""


def best_in(found: Answer, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw in how many of 100 futures each policy is the best of all in the outcome of the answer."""
    look, made = look_of(style), found.comparison
    table, drawn = found.table("best"), policy_styles(made)
    shares = dict(zip(table["policy"].tolist(), table["share"].tolist(), strict=True))
    axes = axes_of(ax, look, 1.6 + 0.5 * max(len(shares), 1))
    for place, (policy, share) in enumerate(shares.items()):
        hatch = "//" if policy == made.reference else ""
        axes.barh(place, 100 * share, height=0.6, color=drawn[policy].colour, hatch=hatch, edgecolor="white")
        axes.annotate(
            numbers.in_hundred(share, lang),
            (100 * share, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=look.size,
            color=TEXT,
        )
    rows_of(axes, [called(made, policy, lang) for policy in shares])
    axes.set_xlim(0, 135)
    axes.set_xticks([0, 25, 50, 75, 100])
    title = text("views.best_in", lang, outcome=label(found.outcome, lang))
    return finish(axes, look, title, across=text("views.of_futures", lang), grid="x", lang=lang)


def scale(unit: str, lang: Lang, *, change: bool = False) -> tuple[float, str]:
    """Return the factor on the values of an axis, and its unit in words."""
    if unit.startswith("share"):
        return 100.0, text("views.points", lang) if change else "%"
    if unit.startswith("IDR/person"):
        return 1e-3, text("views.thousand", lang)
    if unit.startswith("IDR"):
        return 1e-9, text("views.billion", lang)
    if unit.startswith("household-years"):
        return 1.0, text("views.household_years", lang)
    if unit.startswith("household"):
        return 1.0, text("views.households", lang)
    return 1.0, "" if unit in ("0-1", "1") else unit


__all__ = [
    "BANDS",
    "DOTS",
    "POVERTY",
    "Look",
    "banded",
    "best_in",
    "difference",
    "fan",
    "fans",
    "quantile_dots",
    "scale",
]
