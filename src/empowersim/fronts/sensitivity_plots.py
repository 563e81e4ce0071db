"""Figures of a sensitivity analysis: mu* against sigma, or bars of Sobol indices with their intervals.

Each function takes ``ax=`` and returns the axes it drew on; ``axes.figure.savefig("morris.png")`` keeps it.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.labels import named, text
from empowersim.fronts.numbers import Lang
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR, name_of, ticks_in, title_lines

if TYPE_CHECKING:
    from empowersim.experiments.sensitivity_result import Sensitivity

_TEXT: Final = "#222222"
_SIZE: Final = 11
_NAMED: Final = 12
_BARS: Final = 16
_LONGEST: Final = 140
"""Characters above which a title is folded, whatever room there is."""


def morris_scatter(found: Sensitivity, outcome: str, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw mu* (with its 95 % interval) against sigma, the chief inputs numbered and named; KeyError if unknown."""
    axes = _axes(ax, (11.0, 6.0))
    scale, unit = _scale(found, outcome, lang)
    ranked = [one for one in found.ranked(outcome) if one.mu_star > 0.0]
    most = max((one.high for one in ranked), default=1.0) * scale
    axes.plot(
        [0.0, most],
        [0.0, most],
        color=REFERENCE_COLOUR,
        linestyle=":",
        linewidth=1.2,
        label=text("sensitivity_plots.linear", lang),
    )
    for place, one in enumerate(ranked):
        at, sigma = one.mu_star * scale, one.sigma * scale
        axes.plot([one.low * scale, one.high * scale], [sigma, sigma], color=COLOURS[0], linewidth=1.0, alpha=0.6)
        axes.scatter(at, sigma, s=34, color=COLOURS[0], edgecolors="white", linewidths=0.6, zorder=3)
        if place < _NAMED:
            axes.annotate(
                str(place + 1), (at, sigma), xytext=(5, 4), textcoords="offset points", fontsize=_SIZE - 1, color=_TEXT
            )
    named = "\n".join(f"{place}  {one.name}" for place, one in enumerate(ranked[:_NAMED], start=1))
    axes.annotate(
        named, (1.02, 1.0), xycoords="axes fraction", va="top", fontsize=_SIZE - 1, color=_TEXT, annotation_clip=False
    )
    axes.set_xlabel(text("sensitivity_plots.mu_star", lang) + unit, color=_TEXT)
    axes.set_ylabel(text("sensitivity_plots.sigma", lang) + unit, color=_TEXT)
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=0.0)
    axes.margins(x=0.15)
    axes.legend(frameon=False, fontsize=_SIZE - 1)
    return _finished(axes, found, outcome, lang)


def sobol_bars(found: Sensitivity, outcome: str, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw first and total indices, a pair of bars an input, with 95 % intervals; KeyError if unknown."""
    ranked = [one for one in found.ranked(outcome) if isfinite(one.total)][:_BARS]
    axes = _axes(ax, (9.0, 1.9 + 0.5 * max(len(ranked), 2)))
    for place, one in enumerate(ranked):
        rows = (
            (-0.2, one.first, one.first_low, one.first_high, COLOURS[0], ""),
            (0.2, one.total, one.total_low, one.total_high, COLOURS[1], "//"),
        )
        for shift, middle, low, high, colour, hatch in rows:
            name = None if place else text("sensitivity_plots.total" if hatch else "sensitivity_plots.first", lang)
            axes.barh(
                place + shift,
                middle,
                height=0.36,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0,
                label=name,
            )
            axes.plot([low, high], [place + shift, place + shift], color=_TEXT, linewidth=1.4)
    axes.axvline(0.0, color=REFERENCE_COLOUR, linewidth=1.2)
    axes.set_yticks(range(len(ranked)), [one.name for one in ranked])
    axes.set_ylim(max(len(ranked), 1) - 0.4, -0.6)
    axes.set_xlabel(text("sensitivity_plots.share", lang), color=_TEXT)
    if ranked:
        axes.legend(frameon=False, fontsize=_SIZE - 1, loc="lower right")
    return _finished(axes, found, outcome, lang)


def save_sensitivity(found: Sensitivity, folder: Path, *, lang: Lang = "en", dpi: int = 150) -> list[Path]:
    """Write a figure an outcome (``morris-poverty_headcount.png``) into a folder; return the paths."""
    draw = morris_scatter if found.method == "morris" else sobol_bars
    made = []
    for outcome in found.outcomes:
        path = folder / f"{found.method}-{outcome}.png"
        draw(found, outcome, lang=lang).figure.savefig(path, dpi=dpi)
        made.append(path)
    return made


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()


def _scale(found: Sensitivity, outcome: str, lang: Lang) -> tuple[float, str]:
    """Factor and unit of an axis: shares in percentage points, rupiah in millions."""
    from empowersim.experiments.responses import difference_unit

    unit = difference_unit(outcome)
    if unit.startswith("share"):
        return 100.0, text(f"sensitivity_plots.{'percent' if found.against is None else 'points'}", lang)
    if unit == "IDR":
        return 1e-9, text("sensitivity_plots.billion", lang)
    return 1.0, f" ({named('units', unit, lang)})" if unit else ""


def _finished(axes: Any, found: Sensitivity, outcome: str, lang: Lang) -> Any:
    policy, other = found.label(found.policy, lang), found.label(found.against, lang) if found.against else ""
    if found.against:
        of = text("sensitivity_plots.against", lang, policy=policy, other=other)
    else:
        of = text("sensitivity_plots.level", lang, policy=policy)
    title = text(f"sensitivity_plots.{found.method}", lang, outcome=name_of(outcome, lang), of=of)
    ticks_in(axes, lang)
    lines = title_lines(axes, title, _LONGEST, _SIZE + 1)
    axes.set_title("\n".join(lines), loc="left", fontsize=_SIZE + 1, color=_TEXT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_SIZE - 1, colors=_TEXT)
    return axes
