"""Figures of a decision. Each function takes a `Decision` and ``ax=`` and returns the axes it drew on.

Policies have the colours that they have in the figures of a comparison (`fronts.plots`). Nothing is told by colour
alone: lines and clouds carry names, cells of the heat map carry numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from empowersim.fronts.labels import named, text
from empowersim.fronts.numbers import Lang, number, percent, rupiah
from empowersim.fronts.plots import (
    COLOURS,
    REFERENCE_COLOUR,
    Style,
    _axes,
    _caption,
    _finish,
    _folded,
    _label_ends,
    name_of,
    spread,
    styles,
)

if TYPE_CHECKING:
    from empowersim.results.decision import Decision
    from empowersim.results.tables import Table

FIGURES: Final = ("plane", "acceptability", "ranks", "partial", "looks")
"""Figures that `save_decision_figures` writes where there is something to draw, as `plane.png` and so on."""

_TEXT: Final = "#222222"
_SIZE: Final = 11
_BILLION: Final = 1e-9
_BARS: Final = 12
_NARROWEST: Final = 8.0
"""Inches across that the longest title needs."""
_DARK: Final = 0.55
"""Probability above which a number stands in white on its cell."""
_CIRCLE: Final = 100
_SHOWN: Final = 0.01
"""Acceptability that a policy must reach somewhere to have a line."""
_GAP: Final = 0.1
"""Share of the height of the axes that a label of two lines takes."""


def plane(decision: Decision, world: str | None = None, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw extra cost against extra effect: a cloud and an ellipse a policy, the reference in the origin.

    With a threshold asked for, the line through the origin: below and right of it a policy is worth its money.
    """
    world = world or decision.worlds[0]
    axes = _axes(ax, (9.0, 6.2))
    style = _styles(decision)
    points, ovals = decision.table("plane", world), decision.table("ellipses", world)
    axes.axhline(0, color=REFERENCE_COLOUR, linewidth=1)
    axes.axvline(0, color=REFERENCE_COLOUR, linewidth=1)
    angle = np.linspace(0.0, 2.0 * np.pi, _CIRCLE)
    ends: list[tuple[float, str]] = []
    for policy in decision.policies:
        mine, oval = points.where(policy=policy), ovals.where(policy=policy)
        if not len(mine):
            continue
        look = style[policy]
        size = 8.0 + 240.0 * mine["weight"] if decision.draws else 14.0
        axes.scatter(
            mine["extra_effect"],
            mine["extra_cost"] * _BILLION,
            s=size,
            color=look.colour,
            marker=look.marker or "o",
            alpha=0.35,
            linewidths=0,
        )
        first, second = (
            np.array([float(oval[f"{what}_{axis}"][0]) for what in ("effect", "cost")]) for axis in ("first", "second")
        )
        ring = np.outer(first, np.cos(angle)) + np.outer(second, np.sin(angle))
        centre = (float(oval["effect"][0]), float(oval["cost"][0]))
        axes.plot(
            centre[0] + ring[0],
            (centre[1] + ring[1]) * _BILLION,
            color=look.colour,
            linestyle=look.line,
            linewidth=1.6,
        )
        ends.append((centre[1] * _BILLION, policy))
    if decision.threshold is not None:
        right = max(axes.get_xlim()[1], 0.0)
        axes.plot([0, right], [0, right * decision.threshold * _BILLION], color=_TEXT, linestyle=":", linewidth=1.4)
        words = text("decide_plots.line", lang, threshold=rupiah(decision.threshold, lang))
        axes.annotate(
            words, (right, right * decision.threshold * _BILLION), fontsize=_SIZE - 1, color=_TEXT, ha="right"
        )
    _label_ends(axes, cast(Any, decision), ends, style, lang)
    axes.set_xlabel(text("decide_plots.extra_effect", lang, effect=name_of(decision.effect, lang)), color=_TEXT)
    axes.set_ylabel(text("decide_plots.extra_cost", lang), color=_TEXT)
    _finish(axes, text("decide_plots.plane", lang, reference=decision.label(decision.reference, lang)), lang=lang)
    level = percent(decision.level, 0, lang)
    _caption(axes, text("decide_plots.draws" if decision.draws else "decide_plots.futures", lang, level=level), 2)
    return axes


def acceptability(decision: Decision, world: str | None = None, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw acceptability curves, a line a policy that is ever likelier than 1 %, and the frontier behind them."""
    world = world or decision.worlds[0]
    axes = _axes(ax, (9.0, 5.2))
    style = _styles(decision)
    table = decision.table("acceptability", world)
    chosen = table.where(frontier="yes")
    ends: list[tuple[float, str]] = []
    axes.plot(chosen["threshold"] * 1e-6, chosen["probability"], color="#BBBBBB", linewidth=7, solid_capstyle="butt")
    for policy in decision.policies:
        mine = table.where(policy=policy)
        if not float(mine["probability"].max()) >= _SHOWN:  # nor where it cannot be told
            continue
        look = style[policy]
        x = mine["threshold"] * 1e-6
        axes.plot(x, mine["probability"], color=look.colour, linestyle=look.line, linewidth=2)
        ends.append((float(mine["probability"][-1]), policy))
    if decision.threshold is not None:
        axes.axvline(decision.threshold * 1e-6, color=_TEXT, linestyle=":", linewidth=1.4)
    axes.set_xlim(0, float(chosen["threshold"][-1]) * 1e-6)
    axes.set_ylim(0, 1.04)
    _label_ends(axes, cast(Any, decision), ends, style, lang)
    axes.set_xlabel(text("decide_plots.willingness", lang), color=_TEXT)
    _finish(axes, text("decide_plots.acceptability", lang), lang=lang)
    _caption(axes, text("decide_plots.frontier", lang), 2)
    return axes


def ranks(decision: Decision, world: str | None = None, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw the probability of each rank as a heat map, policies in the order of their mean, numbers in the cells."""
    world = world or decision.worlds[0]
    count = len(decision.policies)
    axes = _axes(ax, (max(3.4 + 0.75 * count, _NARROWEST), 1.8 + 0.55 * count))
    table, ranking = decision.table("ranks", world), decision.table("ranking", world)
    means = dict(zip(ranking["policy"].tolist(), ranking["mean"].tolist(), strict=True))
    order = sorted(decision.policies, key=lambda name: -decision.better * means[name])
    column = "probability" if np.isfinite(table["probability"]).all() else "share"
    cells = np.array([table.where(policy=policy)[column] for policy in order])
    axes.imshow(cells, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, place), value in np.ndenumerate(cells):
        if value >= 0.005:
            colour = "white" if value > _DARK else _TEXT
            cell = number(100 * value, 0, lang)
            axes.annotate(cell, (place, row), ha="center", va="center", fontsize=_SIZE, color=colour)
    axes.set_xticks(range(count), [str(place + 1) for place in range(count)])
    axes.set_yticks(range(count), [_folded(decision.label(name, lang)) for name in order])
    axes.set_xlabel(text("decide_plots.rank", lang) + ", %", color=_TEXT)
    _finish(axes, text("decide_plots.ranks", lang, outcome=name_of(decision.outcome, lang)), lang=lang)
    axes.grid(visible=False)
    return axes


def partial(decision: Decision, world: str | None = None, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw the value of perfect information on single parameters as bars; pale where it is not told from noise.

    ValueError without parameter draws.
    """
    world = world or decision.worlds[0]
    table = decision.table("partial", world)
    if not len(table):
        raise ValueError("the value of information needs parameter draws: decide(..., draws=60)")
    shown = min(_BARS, len(table))
    axes = _axes(ax, (9.0, 1.8 + 0.4 * shown))
    for row in range(shown):
        value, error = (float(table[name][row]) * _BILLION for name in ("value", "se"))
        alpha = 1.0 if table["told"][row] == "yes" else 0.35
        axes.barh(row, value, height=0.62, color=COLOURS[0], alpha=alpha, linewidth=0)
        axes.plot([max(value - error, 0.0), value + error], [row, row], color=_TEXT, linewidth=1.4)
    axes.axvline(float(table["noise"][0]) * _BILLION, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.4)
    axes.set_yticks(range(shown), [str(name).replace("_", " ") for name in table["parameter"][:shown]])
    axes.set_ylim(shown - 0.4, -0.6)
    axes.set_xlim(left=0)
    threshold = rupiah(decision.partial_threshold[world], lang)
    axes.set_xlabel(text("decide_plots.worth", lang, threshold=threshold), color=_TEXT)
    _finish(axes, text("decide_plots.partial", lang), grid="x", lang=lang)
    _caption(axes, text("decide_plots.noise", lang), 2)
    return axes


def looks(decision: Decision, world: str | None = None, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw the watched differences and their confidence sequences as futures were added.

    ValueError where the number of futures was fixed.
    """
    world = world or decision.worlds[0]
    table = decision.table("looks", world)
    if not len(table):
        raise ValueError("nothing was watched: ask with until or settle")
    axes = _axes(ax, (9.0, 5.2))
    style = _styles(decision)
    factor = 100.0 if decision.unit.startswith("share") else 1.0
    axes.axhline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.2)
    last = table.where(futures=int(table["futures"].max()))
    ends: list[tuple[float, str]] = []
    for policy, against in _pairs(last):
        rows = table.where(policy=policy, against=against)
        shown = policy if policy != decision.best(world) and policy != decision.reference else against
        look = style[shown]
        x = rows["futures"]
        middle, low, high = (factor * rows[name] for name in ("mean", "low", "high"))
        axes.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(x, middle, color=look.colour, linestyle=look.line, marker=look.marker or "o", markersize=4)
        words = text(
            "decide_plots.minus", lang, policy=decision.label(policy, lang), against=decision.label(against, lang)
        )
        ends.append((float(middle[-1]), words))
    low, high = axes.get_ylim()
    gap = (high - low) * _GAP
    for (value, words), place in zip(ends, spread([value for value, _ in ends], gap, low, high), strict=True):
        axes.annotate(
            _folded(words),
            xy=(1.0, value),
            xytext=(1.03, place),
            xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=_SIZE,
            color=_TEXT,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": _TEXT, "linewidth": 0.6},
        )
    unit = text("decide_plots.points", lang) if factor != 1.0 else named("units", decision.unit, lang)
    axes.set_xlabel(text("decide_plots.looks_x", lang), color=_TEXT)
    axes.set_ylabel(text("decide_plots.looks_y", lang, unit=unit), color=_TEXT)
    _finish(axes, f"{text('decide_plots.looks', lang)}: {name_of(decision.outcome, lang)}", lang=lang)
    _caption(axes, text("decide_plots.sequence", lang), 2)
    return axes


def save_decision_figures(decision: Decision, folder: Path, *, lang: Lang = "en") -> list[Path]:
    """Write the figures of a decision as PNG into a folder, one of each a world; return the files.

    What was not asked for (parameters, looks) has no figure. With one world a file is called `plane.png`, with two
    `plane-trap.png` and `plane-no_trap.png`.
    """
    drawing = {"plane": plane, "acceptability": acceptability, "ranks": ranks, "partial": partial, "looks": looks}
    files = []
    for world in decision.worlds:
        for name in FIGURES:
            if not len(decision.table(name, world)):
                continue
            suffix = f"-{world}" if len(decision.worlds) > 1 else ""
            files.append(Path(folder) / f"{name}{suffix}.png")
            drawing[name](decision, world, lang=lang).figure.savefig(files[-1], dpi=110)
    return files


def _styles(decision: Decision) -> dict[str, Style]:
    return styles(cast(Any, decision))  # reads reference and all policies, as a comparison has them


def _pairs(table: Table) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(table["policy"].tolist(), table["against"].tolist(), strict=True)))
