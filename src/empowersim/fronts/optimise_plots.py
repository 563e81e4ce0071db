"""Figures of a search for a mix: the front, and what its mixes pay for. Each takes ``ax=`` and returns its axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.mix_evaluate import unit_of
from empowersim.experiments.mix_result import BALANCED, BASELINE, BEST, GREEDY, ONLY, REFERENCE, THRIFTY
from empowersim.fronts.labels import named, text
from empowersim.fronts.numbers import Lang
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR, name_of, ticks_in, title_lines
from empowersim.results.tables import COST_DISCOUNTED

if TYPE_CHECKING:
    from empowersim.experiments.mix_result import Optimisation, Point

FIGURES: Final = ("front.png", "mixes.png")
"""Files that `save_optimisation` writes."""
_BILLION: Final = 1e9
_LONGEST: Final = 140
"""Characters above which a title is folded, whatever room there is."""
_TITLE: Final = 12.0
"""Points of the letters of a title, as matplotlib has them."""
_RIGHT: Final = 0.85
"""Part of the width from which on words stand to the left of their point."""
_HATCHES: Final = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")
_PALETTE: Final = (*COLOURS, "#E69F00", "#56B4E9", "#F0E442", "#999999")


def front(found: Optimisation, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw the gain in the main objective against cost on held-out futures; colour: the last other objective.

    A gain is the paired difference from the reference, so its interval says what the mix does and not how the futures
    differ. Baselines are squares and triangles; the chosen points carry their intervals.
    """
    axes = ax if ax is not None else _figure((9.0, 6.0))
    main = found.main
    factor = 100.0 if unit_of(main).startswith(("share", "0")) else 1.0
    others = [name for name in found.objectives if name != main and unit_of(name) != "IDR"]
    base = found.point(REFERENCE)

    def place(one: Point) -> tuple[float, float]:
        return one.gain[COST_DISCOUNTED].mean / _BILLION, one.gain[main].mean * factor

    for one in found.front:
        looked = [one.searched[name] - base.searched[name] for name in (COST_DISCOUNTED, main)]
        axes.plot([looked[0] / _BILLION], [looked[1] * factor], marker="o", color="#CCCCCC", markersize=5, zorder=1)
    colour = [one.held_out[others[-1]].mean for one in found.front] if others else COLOURS[0]
    across, up = zip(*(place(one) for one in found.front), strict=True)
    drawn = axes.scatter(across, up, c=colour, s=60, cmap="viridis", edgecolors="white", zorder=3)
    if others:
        axes.figure.colorbar(drawn, ax=axes, label=name_of(others[-1], lang))
    for one in found.points:
        x, y = place(one)
        if one.kind == BASELINE:
            main_one = one.name in (BALANCED, GREEDY)
            marker, paint = ("s", COLOURS[1]) if main_one else ("^", REFERENCE_COLOUR)
            axes.plot([x], [y], marker=marker, color=paint, linestyle="", zorder=4)
        elif one.name in (BEST, THRIFTY):
            ends = [one.gain[main].low * factor, one.gain[main].high * factor]
            axes.plot([x, x], ends, color=COLOURS[0], linewidth=1.2, zorder=2)
        else:
            continue
        words = _point(one, lang)
        right = x > _RIGHT * max(across)
        axes.annotate(
            words,
            (x, y),
            xytext=(-7 if right else 7, 5),
            textcoords="offset points",
            fontsize=9,
            zorder=5,
            ha="right" if right else "left",
        )
    axes.axhline(0.0, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.0)
    held = text("optimise_plots.held", lang, n=found.held_out_futures)
    axes.set_xlabel(f"{text('optimise_plots.cost', lang)}\n{held}", fontsize=9)
    unit = text("optimise_plots.points", lang) if factor != 1.0 else named("units", unit_of(main), lang)
    axes.set_ylabel(f"{name_of(main, lang)}, {unit}")
    against = text("optimise_plots.against", lang, base=base.policy)
    _dress(axes, f"{text('optimise_plots.front', lang)}: {name_of(main, lang)} {against}", lang=lang)
    return axes


def mixes(found: Optimisation, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw what each mix of the front, and the greedy one, pays for: stacked bars in order of cost."""
    shown = [*(one for one in found.points if one.kind == BASELINE and one.name in (BALANCED, GREEDY) and one.money)]
    shown += list(found.front)
    axes = ax if ax is not None else _figure((9.0, 1.8 + 0.32 * len(shown)))
    left = [0.0] * len(shown)
    for number, item in enumerate(found.items):
        amounts = [one.money.get(item, 0) / _BILLION for one in shown]
        axes.barh(
            range(len(shown)),
            amounts,
            left=left,
            color=_PALETTE[number % len(_PALETTE)],
            hatch=_HATCHES[number % len(_HATCHES)],
            edgecolor="white",
            linewidth=0.3,
            label=named("programmes", item, lang),
        )
        left = [so_far + amount for so_far, amount in zip(left, amounts, strict=True)]
    names = [_point(one, lang) for one in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.invert_yaxis()
    axes.axvline(found.budget / _BILLION, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3, fontsize=9, frameon=False)
    _dress(axes, text("optimise_plots.mixes", lang), grid="x", lang=lang)
    return axes


def save_optimisation(found: Optimisation, folder: Path, *, lang: Lang = "en", dpi: int = 150) -> list[Path]:
    """Write `FIGURES` into a folder; return the files."""
    files = []
    for name, draw in zip(FIGURES, (front, mixes), strict=True):
        files.append(folder / name)
        draw(found, lang=lang).figure.savefig(files[-1], dpi=dpi)
    return files


def _point(one: Point, lang: Lang) -> str:
    """What a point of the front is called."""
    if one.name in {BEST, THRIFTY, BALANCED, GREEDY}:
        return text(f"optimise_plots.{one.name}", lang)
    return named("programmes", one.name.removeprefix(ONLY), lang)


def _figure(size: tuple[float, float]) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()


def _dress(axes: Any, title: str, grid: str = "y", lang: Lang = "en") -> None:
    ticks_in(axes, lang)
    axes.set_title("\n".join(title_lines(axes, title, _LONGEST, _TITLE)), loc="left")
    axes.grid(axis=grid, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
