"""Views of who and where: errors of targeting, tenths and groups of households, villages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from empowersim.experiments.people import DIMENSIONS
from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, text
from empowersim.fronts.style import (
    BETTER,
    REFERENCE_COLOUR,
    TEXT,
    WORSE,
    axes_of,
    below,
    called,
    finish,
    look_of,
    rows_of,
    shade,
)
from empowersim.fronts.views_money import _chosen

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer

ERRORS: Final = ("exclusion_error", "inclusion_error")
SHOWN: Final = ("head", "schooling", "children", "start", "region", "custom", "villages")
"""Dimensions of the chart of groups."""
FIGURES: Final = ("better", "worse")
SEEN: Final = 0.05
"""Percent from which a bar of households who end worse off has its figure."""
GRID_COLUMNS: Final = 8
CELLS: Final = 48
"""Villages in a grid, the poorest first; the table has all."""
_DARK: Final = 0.55
"""Share of the colours' range below which figures in a cell are white."""


def errors(found: Answer, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw of the poor who is missed (exclusion error) and of those reached who was not poor (inclusion error)."""
    from matplotlib.patches import Patch

    look, made = look_of(style), found.comparison
    table = made.tables["reach"]
    shown = [name for name in made.policies if math.isfinite(table.one("mean", policy=name, figure=ERRORS[1]))]
    axes = axes_of(ax, look, 1.9 + 0.75 * max(len(shown), 1))
    faces = (shade(1), shade(0))
    for place, policy in enumerate(shown):
        for shift, figure, (colour, hatch) in zip((-0.2, 0.2), ERRORS, faces, strict=True):
            share = table.one("mean", policy=policy, figure=figure)
            axes.barh(place + shift, 100 * share, height=0.36, color=colour, hatch=hatch, edgecolor="white")
            _after(axes, 100 * share, place + shift, numbers.percent(share, 0, lang), look.size)
    rows_of(axes, [called(made, policy, lang) for policy in shown])
    axes.set_xlim(0, 115)
    axes.set_xticks([0, 25, 50, 75, 100])
    if not shown:
        axes.annotate(text("views.nobody_served", lang), (0.5, 0.5), xycoords="axes fraction", ha="center")
    handles = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=text(f"views.{figure}", lang))
        for figure, (colour, hatch) in zip(ERRORS, faces, strict=True)
    ]
    below(axes, look, handles, 1)
    return finish(axes, look, text("views.errors", lang), across=text("views.percent", lang), grid="x", lang=lang)


def _after(axes: Any, x: float, y: float, words: str, size: float, side: int = 1) -> None:
    """Write words at the end of a bar, to its right (`side` 1) or left (-1)."""
    ha = "left" if side > 0 else "right"
    axes.annotate(
        words, (x, y), xytext=(4 * side, 0), textcoords="offset points", ha=ha, va="center", fontsize=size, color=TEXT
    )


def group_name(dimension: str, group: str, lang: Lang = "en") -> str:
    """Return what people call a group of households; fifths and tenths by number, 1 the poorest."""
    if dimension in ("decile", "villages"):
        return text(f"views.group.{dimension}", lang, n=group)
    return text(f"views.group.{dimension}_{group}", lang)


def groups(
    found: Answer,
    policy: str | None = None,
    *,
    by: str = "",
    lang: Lang = "en",
    style: str = "screen",
    ax: Any = None,
) -> Any:
    """Draw who ends better and worse off under a policy (None: the best), and how many of each group it reaches.

    `by` = a dimension of `experiments.people.DIMENSIONS` (``decile``, ``head``, ...); empty: several at once. KeyError
    for one that there is not.
    """
    from matplotlib.patches import Patch

    look, made = look_of(style), found.comparison
    if by and by not in DIMENSIONS:
        raise KeyError(f"no dimension {by!r}; there are {', '.join(DIMENSIONS)}")
    chosen = _chosen(found, policy)
    table = made.tables["groups"].where(policy=chosen)
    rows = [
        (dimension, group, table.where(dimension=dimension, group=group))
        for dimension in ((by,) if by else SHOWN)
        for group in dict.fromkeys(table.where(dimension=dimension)["group"].tolist())
    ]
    kinds = [dimension for dimension, *_ in rows]
    rows = [row for row in rows if by or kinds.count(row[0]) > 1]  # a group that is everybody says nothing
    axes = axes_of(ax, look, 2.2 + 0.4 * max(len(rows), 1))
    widest = 0.0
    for place, (_, _, part) in enumerate(rows):
        better, worse, served = (100 * part.one("mean", figure=one) for one in (*FIGURES, "served"))
        axes.barh(place, better, height=0.6, color=BETTER, edgecolor="white")
        axes.barh(place, -worse, height=0.6, color=WORSE, hatch="//", edgecolor="white")
        _after(axes, better, place, numbers.percent(better / 100, 1, lang), look.size)
        if worse >= SEEN:
            _after(axes, -worse, place, numbers.percent(worse / 100, 1, lang), look.size, -1)
        reached = text("views.reached", lang, share=numbers.percent(served / 100, 0, lang))
        axes.annotate(
            reached,
            (1.02, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=look.size,
            color=TEXT,
            annotation_clip=False,
        )
        widest = max(widest, better, worse)
    axes.axvline(0, color=REFERENCE_COLOUR, linewidth=0.6 * look.line)
    room = 1.35 * (widest or 1.0)
    least = max((100 * part.one("mean", figure="worse") for *_, part in rows), default=0.0)
    axes.set_xlim(-max(1.6 * least + 0.15 * room, 0.1 * room), room)
    axes.xaxis.set_major_formatter(lambda value, _: numbers.shortest(abs(value), lang))
    rows_of(axes, [group_name(dimension, group, lang) for dimension, group, _ in rows], 40)
    if not rows:
        axes.annotate(text("views.no_groups", lang), (0.5, 0.5), xycoords="axes fraction", ha="center")
    handles = [
        Patch(facecolor=BETTER, edgecolor="white", label=text("views.better", lang)),
        Patch(facecolor=WORSE, hatch="//", edgecolor="white", label=text("views.worse", lang)),
    ]
    below(axes, look, handles)
    title = text("views.groups", lang, policy=called(made, chosen, lang), reference=called(made, made.reference, lang))
    return finish(axes, look, title, across=text("views.share_of_group", lang), grid="x", lang=lang)


def deciles(
    found: Answer, policy: str | None = None, *, lang: Lang = "en", style: str = "screen", ax: Any = None
) -> Any:
    """Draw who ends better and worse off by tenth of starting consumption, 1 the poorest; as `groups`."""
    return groups(found, policy, by="decile", lang=lang, style=style, ax=ax)


def villages(
    found: Answer,
    policy: str | None = None,
    *,
    figure: str = "poor_at_start",
    lang: Lang = "en",
    style: str = "screen",
    ax: Any = None,
) -> Any:
    """Draw a grid of the villages of the first future, the poorest first, a figure in each cell.

    `figure` = `poor_at_start`, `served`, `served_of_poor` (cividis, one direction) or `poor_change` (two directions
    from zero). Grey hatched cells have no figure. Villages are drawn anew in each future: other futures have others.
    """
    look, made = look_of(style), found.comparison
    chosen = _chosen(found, policy)
    if figure not in ("poor_at_start", "served", "served_of_poor", "poor_change"):
        raise KeyError(
            f"no figure {figure!r} of villages; there are poor_at_start, served, served_of_poor, poor_change"
        )
    table = made.tables["villages"].where(policy=chosen)
    order = sorted(range(len(table)), key=lambda row: (-float(table["poor_at_start"][row]), int(table["village"][row])))
    order = order[:CELLS]
    columns = min(GRID_COLUMNS, max(len(order), 1))
    deep = max(-(-len(order) // columns), 1)
    axes = axes_of(ax, look, 1.3 + 0.75 * deep)
    axes.set_xlim(0, columns)
    axes.set_ylim(deep, 0)
    values = np.array([float(table[figure][row]) for row in order])
    _cells(
        axes, values, [int(table["village"][row]) + 1 for row in order], columns, figure == "poor_change", lang, look
    )
    if not order:
        axes.annotate(text("views.no_villages", lang), (0.5, 0.5), xycoords="axes fraction", ha="center")
    axes.set_xticks([])
    axes.set_yticks([])
    about = {} if figure == "poor_at_start" else {"policy": called(made, chosen, lang)}
    title = text(f"views.villages.{figure}", lang, **about)
    across = text("views.villages_note", lang)
    if len(table) > CELLS:
        counts = {"shown": numbers.number(CELLS, 0, lang), "all": numbers.number(len(table), 0, lang)}
        across += "\n" + text("views.villages_cut", lang, **counts)
    finish(axes, look, title, across=across, grid="", lang=lang)
    axes.spines[["left", "bottom"]].set_visible(False)
    return axes


def _cells(axes: Any, values: Any, numbers_of: list[int], columns: int, signed: bool, lang: Lang, look: Any) -> None:
    """Fill a grid: each cell its colour, its figure and the number of its village."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    told = values[~np.isnan(values)]
    if signed:
        reach = max(float(np.abs(told).max(initial=0.0)), 1e-9)
        shade_of, low, high = colormaps["PuOr_r"], -reach, reach
    else:
        shade_of, low, high = colormaps["cividis"], 0.0, max(float(told.max(initial=0.0)), 1e-9)
    for place, (value, number) in enumerate(zip(values.tolist(), numbers_of, strict=True)):
        row, column = divmod(place, columns)
        if math.isnan(value):
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor="#DDDDDD", hatch="///", edgecolor="white"))
            words, colour = numbers.NONE, TEXT
        else:
            share = (value - low) / (high - low)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade_of(share), edgecolor="white", linewidth=2))
            bright = 0.25 < share < 0.75 if signed else share > _DARK
            colour = TEXT if bright else "white"
            words = numbers.signed(100 * value, 1, lang) if signed else numbers.percent(value, 0, lang)
        middle = (column + 0.5, row + 0.42)
        axes.annotate(words, middle, ha="center", va="center", fontsize=look.size, color=colour)
        axes.annotate(
            text("views.village", lang, n=number),
            (column + 0.5, row + 0.78),
            ha="center",
            va="center",
            fontsize=look.size,
            color=colour,
        )
