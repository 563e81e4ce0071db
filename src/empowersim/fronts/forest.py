"""The forest plot of the evidence base: published targets against what the simulation gives, row by row."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from empowersim.evidence.base import THEMES
from empowersim.evidence.judge import PASSES, Verdict
from empowersim.fronts.labels import text
from empowersim.fronts.numbers import Lang, localised
from empowersim.fronts.plots import ticks_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PASS_COLOUR: Final = "#0072B2"
MISS_COLOUR: Final = "#D55E00"
_TARGET_COLOUR: Final = "#555555"
_TEXT_COLOUR: Final = "#222222"
_BAND_COLOUR: Final = "#F3F3F3"
_GRID_COLOUR: Final = "#DDDDDD"

_ROW_INCHES: Final = 0.2
_HEAD_INCHES: Final = 1.6
_WIDTH_INCHES: Final = 19.0
_LONGEST_LABEL: Final = 46
_LINEAR_TO: Final = 20.0
"""Percent up to which the axis is linear; beyond it grows with the logarithm, or 217 % would hide everything else."""

PANELS: Final = ("percent", "sd", "other")
"""Panels from left to right: keys of their titles."""


def panel_of(verdict: Verdict) -> str:
    """Return the panel in which a row is drawn: `percent`, `sd` or `other`."""
    unit = verdict.unit
    if verdict.kind == "sign" or verdict.on_log or verdict.scale is None:
        return "other"
    if unit.startswith("percent"):
        return "percent"
    return "sd" if unit.startswith(("SD", "control SD")) else "other"


def forest(verdicts: Sequence[Verdict], *, lang: Lang = "en", ax: Sequence[Axes] | None = None) -> Figure:
    """Draw every judged row once and return the figure.

    Grey bars are targets with twice their scale (|z| = 2, if the simulation had no error of its own); dots are the
    simulation, filled blue where they pass, open orange where they miss. Rows in percent and in standard deviations
    stand on their own axes; all other rows in scales, so that the bar is from -2 to 2. Signs and orders, which have no
    number, say whether they hold. Within a panel rows are sorted by theme.

    `ax` takes three axes (percent, standard deviations, other); without it a figure is made, tall enough to be read.
    Rows without a verdict are not drawn. ValueError if `ax` does not hold three axes.
    """
    judged = [one for one in verdicts if one.passed is not None]
    order = {theme: at for at, theme in enumerate(THEMES)}
    rows = {name: [one for one in judged if panel_of(one) == name] for name in PANELS}
    for members in rows.values():
        members.sort(key=lambda one: order[one.theme])
    axes = _axes(max(map(len, rows.values()))) if ax is None else list(ax)
    if len(axes) != len(PANELS):
        raise ValueError(f"ax: expected {len(PANELS)} axes, found {len(axes)}")
    for name, one in zip(PANELS, axes, strict=True):
        _panel(one, rows[name], name, lang)
    figure = axes[0].figure
    passed = sum(one.passed is True for one in judged)
    if ax is None:
        figure.suptitle(text("forest.title", lang, passed=passed, count=len(judged)), fontsize=13)
        _legend(figure, lang)
    return cast("Figure", figure)


def _axes(rows: int) -> list[Axes]:
    from matplotlib.figure import Figure

    height = _HEAD_INCHES + _ROW_INCHES * (rows + len(THEMES))
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    return list(figure.subplots(1, len(PANELS)))


def _panel(ax: Axes, members: list[Verdict], name: str, lang: Lang) -> None:
    """Draw the rows of one panel from top to bottom, a heading over each theme."""
    ax.set_title(text(f"forest.{name}", lang), fontsize=11, color=_TEXT_COLOUR)
    places, labels, height, theme = [], [], 0, ""
    for one in members:
        if one.theme != theme:
            theme = one.theme
            ax.axhspan(height - 0.5, height + 0.5, color=_BAND_COLOUR, zorder=0)
            ax.text(
                0.01,
                height,
                text(f"themes.{theme}", lang),
                transform=ax.get_yaxis_transform(),
                va="center",
                fontsize=8,
                weight="bold",
            )
            height += 1
        _row(ax, one, height, lang, in_scales=name == "other")
        places.append(height)
        labels.append(_label(one, lang))
        height += 1
    ax.set_yticks(places, labels, fontsize=7.5)
    ax.set_ylim(max(height, 1) - 0.5, -0.5)  # a panel may be empty
    ax.axvline(0.0, color=_TARGET_COLOUR, linewidth=0.8, zorder=1)
    ax.grid(axis="x", color=_GRID_COLOUR, linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8)
    ticks_in(ax, lang)
    if name == "percent":
        ax.set_xscale("symlog", linthresh=_LINEAR_TO, linscale=1.2)
        ticks = (-100, -20, -10, 0, 10, 20, 100, 300)
        low, high = ax.get_xlim()
        shown = [tick for tick in ticks if low <= tick <= high]
        ax.set_xticks(shown, [str(tick).replace("-", "−") for tick in shown])
        ax.minorticks_off()
        ax.set_xlabel(text("forest.axis_percent", lang, limit=f"{_LINEAR_TO:g}"), fontsize=9)
    else:
        ax.set_xlabel(text(f"forest.axis_{name}", lang), fontsize=9)


def _row(ax: Axes, one: Verdict, height: int, lang: Lang, *, in_scales: bool) -> None:
    """Draw a target with its bar and the simulated dot, or the word that tells whether a sign holds."""
    colour = PASS_COLOUR if one.passed else MISS_COLOUR
    face = colour if one.passed else "white"
    if one.z is None or one.value is None or one.scale is None:
        ax.text(0.1, height, one.simulated, va="center", fontsize=7.5, color=colour)
        return
    if in_scales:
        low, high, value, scale, error = 0.0, 0.0, one.z, 1.0, 0.0
    else:
        open_ends = (one.low if one.low is not None else one.high, one.high if one.high is not None else one.low)
        low, high = (end if end is not None else 0.0 for end in open_ends)
        value, scale, error = one.value, one.scale, one.se_simulated or 0.0
    low_bar, high_bar = low - PASSES * scale, high + PASSES * scale
    ax.plot([low_bar, high_bar], [height, height], color=_TARGET_COLOUR, linewidth=1.2, alpha=0.6, zorder=2)
    ax.plot([low, high], [height, height], "|-", color=_TARGET_COLOUR, markersize=7, linewidth=3, zorder=2)
    for end, place, marker in ((one.low, low_bar, "<"), (one.high, high_bar, ">")):
        if end is None:  # anything beyond passes too
            ax.plot(place, height, marker, color=_TARGET_COLOUR, markersize=5, zorder=2)
    if not math.isfinite(value):
        ax.text(high_bar, height, text("forest.no_number", lang), va="center", fontsize=7.5, color=MISS_COLOUR)
        return
    bar = PASSES * error if math.isfinite(error) else 0.0
    ax.errorbar(
        value, height, xerr=bar, fmt="o", markersize=4.5, color=colour, markerfacecolor=face, elinewidth=1.0, zorder=3
    )


def _label(one: Verdict, lang: Lang) -> str:
    """Row, what and when, short enough for a line."""
    what = textwrap.shorten(f"{one.outcome}, {one.country}", _LONGEST_LABEL, placeholder="…")
    if not one.horizon_months:
        return text("forest.no_months", lang, outcome=what, row=one.id)
    return text("forest.months", lang, outcome=what, months=localised(f"{one.horizon_months:g}", lang), row=one.id)


def _legend(figure: Any, lang: Lang) -> None:
    """Say what bars and dots are, under the title."""
    from matplotlib.lines import Line2D

    def dot(face: str, edge: str) -> Line2D:
        return Line2D([], [], linestyle="", marker="o", markerfacecolor=face, markeredgecolor=edge)

    entries = [
        (Line2D([], [], color=_TARGET_COLOUR, linewidth=1.2, marker="|"), text("forest.legend_target", lang)),
        (dot(PASS_COLOUR, PASS_COLOUR), text("forest.legend_pass", lang)),
        (dot("white", MISS_COLOUR), text("forest.legend_miss", lang)),
    ]
    figure.legend(*zip(*entries, strict=True), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
