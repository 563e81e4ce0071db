"""Figures of the village view: the map of a subdistrict and the charts that grow below each other.

Figures are made without pyplot and handed on as PNG; their colours are those of `fronts.plots`, and nothing is told by
colour alone: what is poor has another shape, lines carry their names, areas are hatched.
"""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.fronts.numbers import Lang, number, percent
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR
from empowersim.fronts.village_view_map import Layout, mentor_positions
from empowersim.fronts.village_view_words import word

Colour = Literal["poverty", "empowerment"]

VULNERABLE: Final = 1.5
"""Upper end of the vulnerable, in poverty lines: those from 1 to 1.5 lines (World Bank, Aspiring Indonesia, 2019)."""
INDEX_RANGE: Final = (0.2, 0.8)
"""Empowerment index at which the colours begin and end: nearly all households lie between."""

_TEXT: Final = "#222222"
_GRID: Final = "#DDDDDD"
_VILLAGE: Final = "#F4F4F4"
_POINTS: Final = 11.5
"""Size of letters: not below 11 pixels on a narrow phone, where a figure is shrunk to 350 pixels."""
_DPI: Final = 140
_MAP_WIDTH: Final = 4.7
_LINE: Final = 0.235
"""Height of a line of the legend; inches, as all sizes."""
_CHART_SIZE: Final = (4.6, 5.7)
_MARKER_AREA: Final = 0.62
"""Part of the space of a household that its mark fills, squared side."""
_LONGEST: Final = 24
"""Letters of the name of the reference that fit into a legend."""
_LOWEST_TOP: Final = 1e-3
_HATCHES: Final = ("", "///", "...", "xxx")


class Mentor(NamedTuple):
    """A mentor on the map."""

    name: str
    village: int
    """Index; -1 = in none yet."""
    before: int
    """The month before."""
    vacant: bool


@dataclass(frozen=True)
class Scene:
    """What the map shows of one month; H households, V villages."""

    month: int
    layout: Layout
    consumption: NDArray[np.float32]
    """Shape (H,), poverty lines."""
    empowerment: NDArray[np.float32]
    """Shape (H,), empowerment index, 0 to 1."""
    enrolled: NDArray[np.bool_]
    """Shape (H,): holds a place."""
    poor_share: NDArray[np.float32]
    """Shape (V,): share of households below the line."""
    mentors: tuple[Mentor, ...]


@dataclass(frozen=True)
class Series:
    """What the charts show: a value a month lived."""

    months: int
    """Length of the run."""
    headcount: list[float]
    gap: list[float]
    empowerment: list[float]
    reference_headcount: list[float]
    reference_gap: list[float]
    reference_empowerment: list[float]
    hours: dict[str, list[float]]
    """Use of mentors' hours (visits, sessions, travel, office) -> hours a month in the view."""
    reference: str
    """What people call the reference."""


def draw_map(scene: Scene, colour: Colour = "poverty", lang: Lang = "en") -> Any:
    """The map as a matplotlib figure: households by village in `colour`, mentors below the village they are in."""
    from matplotlib.figure import Figure

    left, right, bottom, top = scene.layout.frame
    inch = _MAP_WIDTH / (right - left)
    map_height = inch * (top - bottom)
    below = _LINE * (5 if colour == "poverty" else 6)
    height = map_height + below + _LINE
    figure = Figure(figsize=(_MAP_WIDTH, height))
    axes = figure.add_axes((0.0, below / height, 1.0, map_height / height))
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_axis_off()
    title = word("map_title", lang).format(month=scene.month)
    figure.text(0.5, 1.0 - 0.5 * _LINE / height, title, fontsize=_POINTS, color=_TEXT, ha="center", va="center")
    _villages(axes, scene, lang)
    if colour == "empowerment":
        _scale(figure, height, below, lang)
    handles = _households(axes, scene, colour, _MARKER_AREA * (72.0 * inch) ** 2, lang)
    handles += _mentors(axes, scene, lang)
    figure.legend(
        handles=handles, loc="lower center", fontsize=_POINTS - 0.5, frameon=False, labelspacing=0.35, borderpad=0.1
    )
    return figure


def _scale(figure: Any, height: float, below: float, lang: Lang) -> None:
    """The scale of the empowerment index, under the map."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    axes = figure.add_axes((0.1, (below - 0.7 * _LINE) / height, 0.8, 0.5 * _LINE / height))
    bar = figure.colorbar(
        ScalarMappable(Normalize(*INDEX_RANGE), "cividis"), axes, orientation="horizontal", extend="both"
    )
    bar.set_label(word("empowerment_scale", lang), fontsize=_POINTS - 0.5, color=_TEXT)
    axes.tick_params(labelsize=_POINTS - 0.5, colors=_TEXT)
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 1, lang))


def _villages(axes: Any, scene: Scene, lang: Lang) -> None:
    from matplotlib.patches import Circle

    for village, (x, y) in enumerate(scene.layout.centres):
        radius = scene.layout.radii[village]
        axes.add_patch(Circle((x, y), radius, facecolor=_VILLAGE, edgecolor=_GRID, zorder=0))
        said = word("village_poor", lang).format(share=percent(float(scene.poor_share[village]), 0, lang))
        name = word("village", lang).format(number=village + 1)
        axes.text(
            x,
            y + radius + 0.1 * scene.layout.line,
            f"{name}\n{said}",
            ha="center",
            va="bottom",
            fontsize=_POINTS - 0.5,
            linespacing=1.05,
            color=_TEXT,
        )


def _households(axes: Any, scene: Scene, colour: Colour, area: float, lang: Lang) -> list[Any]:
    """Draw the households; return what the legend shows of them."""
    from matplotlib.lines import Line2D

    places = scene.layout.households
    edges = np.where(scene.enrolled, "black", "none")
    poor = scene.consumption < 1.0
    near = ~poor & (scene.consumption < VULNERABLE)
    if colour == "poverty":
        kinds = (
            ("poor", poor, "v", COLOURS[1]),
            ("near", near, "D", COLOURS[3]),
            ("above", ~poor & ~near, "o", COLOURS[0]),
        )
        handles = []
        for name, those, marker, shade in kinds:
            axes.scatter(
                *places[those].T,
                s=area * (0.7 if marker == "D" else 1.0),
                c=shade,
                marker=marker,
                linewidths=1.0,
                edgecolors=edges[those],
                zorder=2,
            )
            handles.append(
                Line2D([], [], color=shade, marker=marker, linestyle="", markersize=7, label=word(name, lang))
            )
    else:
        axes.scatter(
            *places.T,
            s=area,
            c=scene.empowerment,
            cmap="cividis",
            vmin=INDEX_RANGE[0],
            vmax=INDEX_RANGE[1],
            linewidths=1.0,
            edgecolors=edges,
            zorder=2,
        )
        handles = []
    ring = Line2D(
        [], [], color="none", marker="o", markeredgecolor="black", linestyle="", markersize=7, label=word("ring", lang)
    )
    return [*handles, ring]


def _mentors(axes: Any, scene: Scene, lang: Lang) -> list[Any]:
    """Draw the mentors and where they came from; return what the legend shows of them."""
    from matplotlib.lines import Line2D

    if not scene.mentors:
        return []
    now = mentor_positions(scene.layout, [mentor.village for mentor in scene.mentors])
    before = mentor_positions(scene.layout, [mentor.before for mentor in scene.mentors])
    for mentor, here, there in zip(scene.mentors, now, before, strict=True):
        if np.isnan(here).any():
            continue
        if not np.isnan(there).any() and mentor.before != mentor.village:
            axes.plot(*np.stack([there, here]).T, color="#777777", linewidth=1.6, linestyle=(0, (4, 3)), zorder=3)
        axes.text(
            *here,
            mentor.name,
            ha="center",
            va="center",
            fontsize=_POINTS - 0.5,
            fontweight="bold",
            color=_TEXT if mentor.vacant else "white",
            zorder=4,
            bbox={
                "boxstyle": "round,pad=0.25",
                "facecolor": "white" if mentor.vacant else _TEXT,
                "edgecolor": _TEXT,
                "linestyle": "--" if mentor.vacant else "-",
            },
        )
    handles = [Line2D([], [], color=_TEXT, marker="s", linestyle="", markersize=8, label=word("mentor", lang))]
    if any(mentor.vacant for mentor in scene.mentors):
        handles.append(
            Line2D(
                [], [], color="white", marker="s", markeredgecolor=_TEXT, linestyle="", markersize=8,
                label=word("vacant_legend", lang),
            )
        )  # fmt: skip
    return handles


def draw_charts(series: Series, lang: Lang = "en") -> Any:
    """The charts as one matplotlib figure: poverty, empowerment and mentors' hours, a month to the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_CHART_SIZE)
    poverty, empowerment, hours = figure.subplots(3, 1, sharex=True)
    figure.subplots_adjust(left=0.115, right=0.975, top=0.945, bottom=0.095, hspace=0.34)
    _lines(
        poverty,
        [
            (word("headcount", lang), [100.0 * value for value in series.headcount], COLOURS[1], "-", "o"),
            (word("gap", lang), [100.0 * value for value in series.gap], COLOURS[0], "-.", "s"),
        ],
        [[100.0 * value for value in values] for values in (series.reference_headcount, series.reference_gap)],
        series.reference,
        lang,
    )
    _lines(
        empowerment,
        [(word("empowerment", lang), series.empowerment, COLOURS[2], "-", "^")],
        [series.reference_empowerment],
        series.reference,
        lang,
    )
    _hours(hours, series.hours, lang)
    for axes, title in ((poverty, "poverty_chart"), (empowerment, "empowerment_chart"), (hours, "hours_chart")):
        axes.set_title(word(title, lang), fontsize=_POINTS, color=_TEXT, loc="left")
        axes.set_xlim(0, series.months)
        axes.set_ylim(bottom=0.0)
        axes.grid(color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=_POINTS - 0.5, colors=_TEXT)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    hours.set_xlabel(word("months", lang), fontsize=_POINTS, color=_TEXT)
    return figure


def _lines(
    axes: Any,
    lines: list[tuple[str, list[float], str, str, str]],
    references: list[list[float]],
    reference: str,
    lang: Lang,
) -> None:
    """Lines from month 1 on, with a mark and their last value; those of the `reference` over them, dashed."""
    for name, values, colour, style, marker in lines:
        last = f" {number(values[-1], 1 if max(values) >= 1.0 else 3, lang)}" if values else ""
        axes.plot(
            range(1, len(values) + 1),
            values,
            color=colour,
            linestyle=style,
            linewidth=2.4,
            marker=marker,
            markersize=6,
            markevery=[-1] if values else None,
            label=name + last,
        )
    said = word("reference", lang).format(reference=textwrap.shorten(reference, _LONGEST, placeholder="…"))
    for number_of, values in enumerate(references):
        label = said if number_of == 0 else None
        axes.plot(
            range(1, len(values) + 1), values, color=REFERENCE_COLOUR, linestyle=(0, (3, 2)), linewidth=1.4, label=label
        )
    highest = max((value for values in (*references, *(line[1] for line in lines)) for value in values), default=1.0)
    axes.set_ylim(0.0, (1.7 + 0.4 * (len(lines) - 1)) * max(highest, _LOWEST_TOP))
    axes.legend(
        fontsize=_POINTS - 0.5, frameon=False, loc="upper left", handlelength=2.2, labelspacing=0.25, borderpad=0.1
    )


def _hours(axes: Any, hours: dict[str, list[float]], lang: Lang) -> None:
    """A stack of hours by use, hatched."""
    total = max((sum(values) for values in zip(*hours.values(), strict=True)), default=0.0)
    if total <= 0.0:
        axes.text(
            0.5, 0.5, word("no_mentors", lang), transform=axes.transAxes, ha="center", fontsize=_POINTS, color=_TEXT
        )
        axes.set_ylim(0.0, 1.0)
        return
    # each month is half a step to either side of its number
    edges = np.arange(len(next(iter(hours.values()))) + 1) + 0.5
    below = np.zeros(len(edges))
    for (name, values), colour, hatch in zip(hours.items(), COLOURS, _HATCHES, strict=True):
        above = below + np.asarray([*values, values[-1]])
        axes.fill_between(
            edges,
            below,
            above,
            step="post",
            facecolor=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.0,
            label=word(f"hours_{name}", lang),
        )
        below = above
    axes.set_ylim(0.0, 1.7 * total)
    axes.legend(
        fontsize=_POINTS - 0.5,
        frameon=False,
        loc="upper left",
        ncols=2,
        handlelength=1.4,
        columnspacing=1.0,
        labelspacing=0.25,
        borderpad=0.1,
    )


def png(figure: Any) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, pil_kwargs={"compress_level": 2})
    return file.getvalue()
