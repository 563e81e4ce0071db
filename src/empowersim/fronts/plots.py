"""Figures of a comparison. Each function takes ``ax=`` and returns the axes it drew on.

Without ``ax`` a figure of its own is made, without pyplot: nothing of the user's matplotlib state is
touched. ``axes.figure.savefig("paths.png")`` keeps it.

Policies keep one colour in every figure: the reference is dark grey and dashed, the others take the
first four colours of Okabe and Ito (2008) and then a new line style and marker. Nothing is told by
colour alone: lines carry their names at their ends. Bands and bars are 95 % intervals over futures.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from empowersim.engine.outputs import MEASURES, Measure
from empowersim.experiments.asked import known_name
from empowersim.fronts.labels import label, named, text
from empowersim.fronts.numbers import (
    Lang,
    in_hundred,
    interval,
    localised,
    months,
    percent,
    quantity,
    without_points,
)
from empowersim.results.tables import OUTCOMES

if TYPE_CHECKING:
    from empowersim.results.comparison import Comparison
    from empowersim.results.factors import Contribution, FactorTable, Part

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
REFERENCE_COLOUR: Final = "#555555"
_TEXT: Final = "#222222"
_GRID: Final = "#DDDDDD"
_LINES: Final = ("-", "-.", ":")
_MARKERS: Final = ("o", "s", "^", "D")
_SIZE: Final = 11
_TITLE: Final = 68
"""Characters of a line of a title."""
_SHORTEST: Final = 24
_NUMBERS: Final = 30.0
"""Points that numbers at an axis take."""
_MARGIN: Final = 20.0
"""Points left of the axes besides the names, and right of them."""
_BETTER, _WORSE = "#0072B2", "#D55E00"

FIGURES: Final = ("paths.png", "differences.png", "winners.png")
"""Files that `save_figures` writes."""

HEADLINES: Final = ("poverty_headcount", "poverty_gap", "mean_consumption", "empowerment_index")
"""Outcomes of the figure of differences."""


_POLICY: Final = "a policy of the comparison"


class Style(NamedTuple):
    """How a policy is drawn, in every figure."""

    colour: str
    line: str
    marker: str


def styles(comparison: Comparison) -> dict[str, Style]:
    """Return the style of every policy of the scenario file, whichever of them are compared."""
    found = {comparison.reference: Style(REFERENCE_COLOUR, "--", "")}
    others = [name for name in comparison.all_policies if name != comparison.reference]
    for number, name in enumerate(others):
        lap = number // len(COLOURS)
        line, marker = _LINES[lap % len(_LINES)], _MARKERS[lap % len(_MARKERS)]
        found[name] = Style(COLOURS[number % len(COLOURS)], line, marker)
    return found


def name_of(outcome: str, lang: Lang = "en") -> str:
    """Return what people call an outcome or measure."""
    return label(outcome, lang)


def said(outcome: str, lang: Lang = "en") -> str:
    """Return what people call an outcome or measure inside a sentence, as "poverty rate (P0)"."""
    name = name_of(outcome, lang)
    return name[:1].lower() + name[1:]


def paths(
    comparison: Comparison,
    measure: str = "poverty_headcount",
    *,
    policies: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    lang: Lang = "en",
    ax: Any = None,
) -> Any:
    """Draw a monthly measure over time, a line a policy, named at its end.

    Bands (95 % interval of the mean) stand around two lines at most: the reference and the policy that ends best.
    `policies` picks lines, `labels` those that are named (default: all). KeyError for a measure that is not in
    `engine.outputs.MEASURES`, `SimulationError` for a policy that is not in the comparison.
    """
    entry = _measure(measure)
    shown = _chosen(comparison, policies) if policies is not None else comparison.policies
    factor, unit = _scale(entry.unit, lang)
    axes = _lines(comparison, entry, shown, labels, ("mean", "low", "high"), factor, lang, _axes(ax, (9.0, 5.2)))
    title = f"{name_of(measure, lang)}, {unit}" if unit else name_of(measure, lang)
    _finish(axes, title, lang=lang)
    _caption(axes, text("plots.band", lang, n=comparison.replicates), comparison.replicates)
    return axes


def effects(
    comparison: Comparison,
    measure: str = "poverty_headcount",
    *,
    policies: Sequence[str] | None = None,
    lang: Lang = "en",
    ax: Any = None,
) -> Any:
    """Draw the paired difference of each policy from the reference over time: when an effect shows, whether it fades.

    A band (95 % interval of the paired difference) stands around the policy that ends best. Errors as in `paths`.
    """
    entry = _measure(measure)
    chosen = _chosen(comparison, policies) if policies is not None else comparison.others
    shown = (comparison.reference, *(name for name in chosen if name != comparison.reference))
    factor, unit = _scale(entry.unit, lang, difference=True)
    columns = ("difference", "difference_low", "difference_high")
    axes = _lines(comparison, entry, shown, None, columns, factor, lang, _axes(ax, (9.0, 5.2)))
    against = text("plots.against", lang, reference=comparison.label(comparison.reference, lang))
    _finish(axes, f"{name_of(measure, lang)}: {against}" + (f", {unit}" if unit else ""), lang=lang)
    _caption(axes, text("plots.paired", lang, n=comparison.replicates), comparison.replicates)
    return axes


def differences(
    comparison: Comparison, outcome: str = "poverty_headcount", *, lang: Lang = "en", ax: Any = None
) -> Any:
    """Draw each policy's paired difference from the reference: a dot, its 95 % interval, and in words how sure.

    KeyError for an outcome that is not in `results.tables.OUTCOMES`.
    """
    if outcome not in OUTCOMES:
        raise KeyError(f"no outcome {outcome!r}; there are {', '.join(OUTCOMES)}")
    shown = comparison.others
    axes = _axes(ax, (9.0, 1.6 + 0.55 * max(len(shown), 1)))
    factor, unit = _scale(OUTCOMES[outcome].unit, lang, difference=True)
    style = styles(comparison)
    axes.axvline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.2)
    table = comparison.tables["differences"].where(outcome=outcome)
    for place, name in enumerate(shown):
        row = {column: table.one(column, policy=name) for column in ("mean", "low", "high", "probability_better")}
        if not math.isfinite(row["mean"]):
            continue
        middle = row["mean"] * factor
        if math.isfinite(row["low"]):
            axes.plot(
                [row["low"] * factor, row["high"] * factor], [place, place], color=style[name].colour, linewidth=2.5
            )
        axes.plot(
            [middle], [place], color=style[name].colour, marker=style[name].marker or "o", markersize=8, linestyle=""
        )
        words = (
            text("plots.same", lang)
            if middle == 0
            else text("plots.better_in", lang, share=in_hundred(row["probability_better"], lang))
        )
        axes.annotate(
            words,
            (1.02, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=_SIZE,
            color=_TEXT,
            annotation_clip=False,
        )
    axes.set_yticks(range(len(shown)), [_folded(comparison.label(name, lang)) for name in shown])
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.set_xlabel(unit, color=_TEXT)
    against = text("plots.against", lang, reference=comparison.label(comparison.reference, lang))
    _finish(axes, f"{name_of(outcome, lang)}: {against}", grid="x", lang=lang)
    _caption(axes, text("plots.bars", lang, n=comparison.replicates), comparison.replicates)
    return axes


def winners(
    comparison: Comparison, *, policy: str | None = None, by: str = "quintile", lang: Lang = "en", ax: Any = None
) -> Any:
    """Draw shares of households that end better (to the right) and worse off (to the left) than under the reference.

    A bar a policy; or, with `policy`, a bar a group of `by` (`quintile` of starting consumption, `region`,
    `contact`). `SimulationError` for a policy that is not in the comparison, or another `by`.
    """
    table = comparison.tables["winners"]
    if policy is not None:
        known_name(policy, comparison.others, "policy", _POLICY)
        known_name(by, [name for name in dict.fromkeys(table["dimension"].tolist()) if name != "all"], "by", "groups")
    if policy is None:
        rows = [(comparison.label(name, lang), table.where(policy=name, dimension="all")) for name in comparison.others]
    else:
        part = table.where(policy=policy, dimension=by)
        rows = [
            (_group_label(by, group, lang), part.where(group=group)) for group in dict.fromkeys(part["group"].tolist())
        ]
    axes = _axes(ax, (9.0, 1.6 + 0.5 * max(len(rows), 1)))
    for place, (_, group) in enumerate(rows):
        better, worse = (100 * group.one("mean", figure=figure) for figure in ("better", "worse"))
        for value, colour, hatch, side in ((better, _BETTER, "", 1), (worse, _WORSE, "//", -1)):
            axes.barh(place, side * value, height=0.6, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
            axes.annotate(
                percent(value / 100, 1, lang),
                (side * value, place),
                xytext=(4 * side, 0),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=_SIZE,
                color=_TEXT,
            )
    axes.axvline(0, color=REFERENCE_COLOUR, linewidth=1.2)
    axes.set_yticks(range(len(rows)), [_folded(label) for label, _ in rows])
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    widest = max((abs(edge) for edge in axes.get_xlim()), default=1.0)
    axes.set_xlim(-1.25 * widest, 1.25 * widest)
    axes.xaxis.set_major_formatter(lambda value, _: localised(f"{abs(value):g}", lang))
    axes.set_xlabel(text("plots.sides", lang), color=_TEXT)
    title = text("plots.winners", lang, reference=comparison.label(comparison.reference, lang))
    _finish(axes, f"{comparison.label(policy, lang)}: {title}" if policy else title, grid="x", lang=lang)
    _caption(axes, text("plots.unchanged", lang, band=percent(comparison.unchanged_band, 0, lang)), 2)
    return axes


def tornado(
    table: FactorTable,
    outcome: str = "poverty_headcount",
    *,
    of: Part = "level",
    most: int = 16,
    lang: Lang = "en",
    ax: Any = None,
) -> Any:
    """Draw what each factor contributes to an outcome: a bar a factor, the largest on top, with its 95 % interval.

    `of` = `level` (of the outcome) or `effect` (of the policy against the reference). Up to `most` factors are shown,
    of those that change the outcome at all. Blue bars help, orange hatched ones hinder, whichever side they point to;
    where neither way is better they are grey. Pale bars cannot be told from zero. KeyError for an unknown outcome.
    """
    contributions = [one for one in table.contributions(outcome, of) if one.part(of)[0] != 0.0]
    shown = [one for one in contributions if math.isfinite(one.part(of)[0])][:most]
    entry = OUTCOMES[outcome]
    factor, unit = _scale(entry.unit, lang, difference=True)
    axes = _axes(ax, (10.0, 1.9 + 0.42 * max(len(shown), 2)))
    for place, one in enumerate(shown):
        middle, low, high = (factor * value for value in one.part(of))
        helps = middle * entry.better > 0
        colour = REFERENCE_COLOUR if entry.better == 0 else _BETTER if helps else _WORSE
        pale = 1.0 if one.measurable(of) else 0.3
        hatch = "" if helps or entry.better == 0 else "//"
        axes.barh(place, middle, height=0.62, color=colour, alpha=pale, hatch=hatch, edgecolor="white", linewidth=0)
        if math.isfinite(low):
            axes.plot([low, high], [place, place], color=_TEXT, linewidth=1.6)
        side = 1 if middle > 0 else -1
        end = max(middle, high) if side > 0 else min(middle, low)
        axes.annotate(
            without_points(quantity(middle / factor, entry.unit, lang, difference=True), lang),
            (end if math.isfinite(end) else middle, place),
            xytext=(5 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=_SIZE,
            color=_TEXT,
        )
    if not shown:
        axes.annotate(text("plots.no_factor", lang), (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=_SIZE)
    axes.axvline(0, color=REFERENCE_COLOUR, linewidth=1.2)
    axes.set_yticks(range(len(shown)), [_folded(table.label(one.factor, lang), 40) for one in shown])
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    axes.margins(x=0.2)
    _legend(axes, shown, entry.better, of, lang)
    axes.set_xlabel(unit or name_of(outcome, lang), color=_TEXT)
    policy = table.policy_label.get(lang) or table.policy_label.get("en") or table.policy
    _finish(axes, text(f"plots.tornado_{of}", lang, outcome=name_of(outcome, lang), policy=policy), grid="x", lang=lang)
    _caption(axes, text("plots.tornado_bars", lang, n=table.replicates), table.replicates)
    return axes


def _legend(axes: Any, shown: Sequence[Contribution], better: int, of: Part, lang: Lang) -> None:
    from matplotlib.patches import Patch

    kinds = {one.part(of)[0] * better > 0 for one in shown}
    if better == 0:
        handles = [Patch(color=REFERENCE_COLOUR, label=text("plots.changes", lang))] if shown else []
    else:
        handles = [
            Patch(facecolor=_BETTER if helps else _WORSE, hatch="" if helps else "//", edgecolor="white", label=words)
            for helps, words in ((True, text("plots.helps", lang)), (False, text("plots.hinders", lang)))
            if helps in kinds
        ]
    if handles:
        left, right = axes.get_xlim()
        axes.legend(handles=handles, loc=f"lower {'left' if -left > right else 'right'}", fontsize=_SIZE, frameon=False)


def save_tornado(
    table: FactorTable,
    folder: Path,
    outcome: str = "poverty_headcount",
    *,
    of: Part = "level",
    lang: Lang = "en",
    dpi: int = 150,
) -> Path:
    """Write ``tornado.png`` of a factor analysis into `folder`."""
    figure = tornado(table, outcome, of=of, lang=lang).figure
    told = "; ".join(
        f"{table.label(one.factor, lang)}: {quantity(one.part(of)[0], OUTCOMES[outcome].unit, lang, difference=True)}"
        for one in table.contributions(outcome, of)
        if one.measurable(of)
    )
    words = f"{name_of(outcome, lang)}, {months(table.months, lang)}. {told or text('plots.no_factor', lang)}."
    figure.savefig(folder / "tornado.png", dpi=dpi, metadata={"Description": words})
    return folder / "tornado.png"


def save_figures(comparison: Comparison, folder: Path, *, lang: Lang = "en", dpi: int = 150) -> list[Path]:
    """Write `FIGURES` of a comparison as PNG into `folder`; of a single policy only the paths."""
    made = {"paths.png": _path_sheet(comparison, lang)}
    if comparison.others:
        made["differences.png"] = _difference_sheet(comparison, lang)
        made["winners.png"] = winners(comparison, lang=lang).figure
    for name, figure in made.items():
        figure.savefig(folder / name, dpi=dpi, metadata={"Description": describe_paths(comparison, lang=lang)})
    return [folder / name for name in made]


def describe_paths(comparison: Comparison, measure: str = "poverty_headcount", *, lang: Lang = "en") -> str:
    """Say in a sentence what the figure of paths shows, for those who cannot see it."""
    unit = next(one.unit for one in MEASURES if one.name == measure)
    table = comparison.tables["paths"].where(measure=measure)
    parts = []
    for name in comparison.policies:
        rows = table.where(policy=name)
        present = np.flatnonzero(~np.isnan(rows["mean"]))
        if not present.size:
            continue
        ends = [quantity(float(rows["mean"][place]), unit, lang) for place in (present[0], present[-1])]
        last = int(present[-1])
        low, high = (quantity(float(rows[column][last]), unit, lang) for column in ("low", "high"))
        width = interval(low, high, lang)
        change = text("plots.from_to", lang, first=ends[0], last=ends[1])
        parts.append(f"{comparison.label(name, lang)}: {change}" + (f" ({width})" if width else ""))
    after = months(comparison.months, lang)
    return f"{name_of(measure, lang)}, {after}. " + "; ".join(parts) + "."


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions apart to at least `gap`, as little as possible, within [low, high] if they fit."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    blocks: list[list[float]] = []  # sum of wanted starts, members
    for rank, place in enumerate(order):
        blocks.append([values[place] - rank * gap, 1])
        # neighbours out of order share their mean: least squares under the gap
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, members = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += members
    starts = [total / members for total, members in blocks for _ in range(int(members))]
    top = max(low, high - gap * (len(values) - 1))
    placed = [0.0] * len(values)
    for rank, (place, start) in enumerate(zip(order, starts, strict=True)):
        placed[place] = min(max(start, low), top) + rank * gap
    return placed


# ---------------------------------------------------------------- parts


def _chosen(comparison: Comparison, policies: Sequence[str]) -> tuple[str, ...]:
    """The policies asked for; `SimulationError` for one that is not in the comparison."""
    return tuple(known_name(name, comparison.policies, "policies", _POLICY) for name in policies)


def _measure(name: str) -> Measure:
    for entry in MEASURES:
        if entry.name == name:
            return entry
    raise KeyError(f"no measure {name!r}; there are {', '.join(entry.name for entry in MEASURES)}")


def _lines(
    comparison: Comparison,
    entry: Measure,
    shown: Sequence[str],
    labels: Sequence[str] | None,
    columns: tuple[str, str, str],
    factor: float,
    lang: Lang,
    axes: Any,
) -> Any:
    """Lines over months with bands and names at their ends; `columns` are middle, low and high."""
    style = styles(comparison)
    table = comparison.tables["paths"].where(measure=entry.name)
    lines = {name: table.where(policy=name) for name in shown}
    banded = _banded(comparison, shown, lines, entry.better)
    ends: list[tuple[float, str]] = []
    for name, rows in lines.items():
        look, x = style[name], rows["month"] + 1
        middle, low, high = (rows[column] * factor for column in columns)
        if name in banded:
            alpha = 0.12 if name == comparison.reference else 0.22
            axes.fill_between(x, low, high, color=look.colour, alpha=alpha, linewidth=0)
        axes.plot(
            x,
            middle,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=4,
            markevery=max(1, len(rows) // 8),
            linewidth=2,
            label=comparison.label(name, lang),
        )
        present = np.flatnonzero(~np.isnan(middle))
        if present.size and (labels is None or name in labels):
            ends.append((float(middle[present[-1]]), name))
    axes.set_xlim(1, max(comparison.months, 2))
    if columns[0] == "mean" and entry.unit.startswith("share"):
        axes.set_ylim(bottom=0)
    _label_ends(axes, comparison, ends, style, lang)
    axes.set_xlabel(text("plots.months", lang), color=_TEXT)
    return axes


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()


def _path_sheet(comparison: Comparison, lang: Lang) -> Any:
    """Levels above, differences below: levels of policies lie too close to be told apart from zero on."""
    if not comparison.others:
        return paths(comparison, lang=lang).figure
    from matplotlib.figure import Figure

    above, below = Figure(figsize=(9.0, 9.0), layout="constrained").subplots(2, 1)
    rows = comparison.tables["paths"].where(measure="poverty_headcount")
    lines = {name: rows.where(policy=name) for name in comparison.policies}
    named = _banded(comparison, comparison.policies, lines, -1) or {comparison.reference}
    paths(comparison, labels=tuple(named), lang=lang, ax=above)
    effects(comparison, lang=lang, ax=below)
    return above.figure


def _difference_sheet(comparison: Comparison, lang: Lang) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15.0, 2 * (1.8 + 0.55 * len(comparison.others))), layout="constrained")
    for axes, outcome in zip(figure.subplots(2, 2).flat, HEADLINES, strict=True):
        differences(comparison, outcome, lang=lang, ax=axes)
        axes.set_title(name_of(outcome, lang), loc="left", fontsize=_SIZE + 2, color=_TEXT)
        axes.set_xlabel(axes.get_xlabel().partition("\n")[0])
    against = text("plots.against", lang, reference=comparison.label(comparison.reference, lang))
    figure.suptitle(against[0].upper() + against[1:], fontsize=_SIZE + 4, color=_TEXT)
    if comparison.replicates > 1:
        figure.supxlabel(text("plots.bars", lang, n=comparison.replicates), fontsize=_SIZE, color=_TEXT)
    return figure


def _banded(comparison: Comparison, shown: Sequence[str], lines: dict[str, Any], better: int) -> set[str]:
    """The reference, and of the others the one that ends best (the first where neither way is better)."""
    if comparison.replicates < 2:
        return set()
    others = [name for name in shown if name != comparison.reference]
    best = max(others, key=lambda name: (better * float(np.nan_to_num(lines[name]["mean"][-1])),), default=None)
    return {name for name in (comparison.reference, best) if name is not None and name in shown}


def _label_ends(
    axes: Any, comparison: Comparison, ends: list[tuple[float, str]], style: dict[str, Style], lang: Lang
) -> None:
    if not ends:
        return
    low, high = axes.get_ylim()
    height = axes.figure.get_size_inches()[1] * 72 * axes.get_position().height
    wrapped = [_folded(comparison.label(name, lang), 26) for _, name in ends]
    lines = max(words.count("\n") + 1 for words in wrapped)
    gap = (high - low) * (1.25 * _SIZE * lines) / max(height, 1)
    # a curve that leaves the axes is labelled at their edge
    places = spread([min(max(value, low), high) for value, _ in ends], gap, low, high)
    right = axes.get_xlim()[1]
    for (value, name), place, words in zip(ends, places, wrapped, strict=True):
        axes.annotate(
            words,
            xy=(right, value),
            xytext=(1.03, (place - low) / (high - low)),
            textcoords=axes.transAxes,
            va="center",
            ha="left",
            fontsize=_SIZE,
            color=style[name].colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": style[name].colour,
                "linewidth": 0.8,
                "shrinkA": 2,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _scale(unit: str, lang: Lang, *, difference: bool = False) -> tuple[float, str]:
    """Factor on the values of an axis, and its unit in words."""
    if unit.startswith("share"):
        words = text("plots.points", lang) if difference else "%"
        return 100.0, words
    if unit == "IDR/person/month":
        return 1e-3, text("plots.thousand_a_person", lang)
    if unit.startswith("IDR"):
        return 1e-9, text("plots.billion", lang)
    if unit.startswith("visits/"):
        return 1.0, text("plots.visits", lang)
    return 1.0, "" if unit == "0-1" else named("units", unit, lang)


def _group_label(by: str, group: str, lang: Lang) -> str:
    return text("plots.quintile", lang, n=group) if by == "quintile" else named("groups", group, lang)


def _folded(label: str, width: int = 30) -> str:
    return "\n".join(textwrap.wrap(label, width)) or label


def ticks_in(axes: Any, lang: Lang) -> None:
    """Write the numbers at the axes with the separators of a language."""
    if lang == "en":
        return
    from matplotlib.ticker import ScalarFormatter

    class InLanguage(ScalarFormatter):
        """Numbers as matplotlib writes them, with other separators."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return localised(str(super().__call__(x, pos)), lang)

    for axis in (axes.xaxis, axes.yaxis):
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(InLanguage())


def _finish(axes: Any, title: str, grid: str = "y", lang: Lang = "en") -> None:
    ticks_in(axes, lang)
    axes.set_title("\n".join(title_lines(axes, title)), loc="left", fontsize=_SIZE + 2, color=_TEXT)
    axes.grid(axis=grid, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_SIZE, colors=_TEXT)
    axes.xaxis.label.set_size(_SIZE)
    axes.yaxis.label.set_size(_SIZE)


def title_lines(axes: Any, title: str, most: int = _TITLE, size: float = _SIZE + 2) -> list[str]:
    """Return a title in lines of at most `most` characters or, where names at the left leave no room, of fewer.

    `size` is that of its letters, in points.
    """
    lines = textwrap.wrap(title, most)
    if len(axes.figure.axes) > 1:
        return lines  # another's figure, whose room is not known
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    def points(told: str, letters: float) -> float:
        return float(text_to_path.get_text_width_height_descent(told, FontProperties(size=letters), ismath=False)[0])

    names = [line for label in axes.get_yticklabels() for line in label.get_text().split("\n") if line]
    left = max((points(name, _SIZE) for name in names), default=_NUMBERS) + bool(axes.get_ylabel()) * 2 * _SIZE
    room = 72 * axes.figure.get_size_inches()[0] - left - _MARGIN
    width = most
    while width > _SHORTEST and any(points(line, size) > room for line in lines):
        width -= 2
        lines = textwrap.wrap(title, width)
    return lines


def _caption(axes: Any, words: str, replicates: int) -> None:
    if replicates > 1:
        axes.set_xlabel(f"{axes.get_xlabel()}\n{words}", fontsize=_SIZE, color=_TEXT)


__all__ = [
    "COLOURS",
    "FIGURES",
    "HEADLINES",
    "REFERENCE_COLOUR",
    "Style",
    "describe_paths",
    "differences",
    "effects",
    "name_of",
    "paths",
    "said",
    "save_figures",
    "save_tornado",
    "spread",
    "styles",
    "ticks_in",
    "title_lines",
    "tornado",
    "winners",
]
