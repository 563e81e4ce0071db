"""Figures of a virtual trial: its estimates beside the truth, and the power of designs.

Each function takes ``ax=`` and returns the axes it drew on; ``axes.figure.savefig("power.png")`` keeps it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import EmpowersimError
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR

if TYPE_CHECKING:
    from empowersim.fronts.evidence_api import TrialResult
    from empowersim.trials.estimate import Effect
    from empowersim.trials.power import PowerTable

_TEXT: Final = "#222222"
_SIZE: Final = 11
_IN_HUNDRED: Final = 100.0
_SHIFT: Final = 0.12
_SCALES: Final = {
    "percent": "% of the comparison",
    "sd": "standard deviations of the comparison",
    "points": "percentage points",
    "level": "own unit of the outcome",
    "odds_ratio": "odds ratio",
}


def trial_estimates(found: TrialResult, *, scale: str | None = None, names: Sequence[str] = (), ax: Any = None) -> Any:
    """Draw the estimates of a virtual trial with their 95 % intervals, and the true effect beside each.

    `scale` picks the estimates on one scale (None: the scale of the first), `names` some by name. A filled dot is what
    the study finds; an open diamond is the truth, which no study sees. `EmpowersimError` if nothing is left to draw.
    """
    wanted = [one for one in found.effects if not names or one.name in names]
    chosen = scale or (wanted[0].scale if wanted else "")
    shown = [one for one in wanted if one.scale == chosen and math.isfinite(one.value)]
    if not shown:
        scales = ", ".join(dict.fromkeys(one.scale for one in found.effects))
        raise EmpowersimError(f"expected estimates on one scale ({scales}), found none on {chosen!r} of those names")
    axes = _axes(ax, (9.0, 1.7 + 0.55 * len(shown)))
    axes.axvline(shown[0].no_effect, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.2)
    for place, one in enumerate(shown):
        _row(axes, one, place)
    axes.set_yticks(range(len(shown)), [one.name.replace("_", " ") for one in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel(f"effect, {_SCALES.get(chosen, chosen)}", color=_TEXT)
    axes.legend(frameon=False, fontsize=_SIZE - 1, loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)
    return _finished(axes, found.trial.title)


def power_curve(table: PowerTable, *, ax: Any = None) -> Any:
    """Draw the power of each design with its 95 % interval, and the textbook formula, over the households of a design.

    A line for each number of households of a village and take-up; the dashed line is the power asked for.
    """
    axes = _axes(ax, (9.0, 5.2))
    groups: dict[tuple[int, float], list[Any]] = {}
    for row in table.rows:
        groups.setdefault((row.design.households, row.design.take_up), []).append(row)
    for number, ((households, take_up), rows) in enumerate(groups.items()):
        rows.sort(key=lambda row: row.design.villages)
        colour = COLOURS[number % len(COLOURS)]
        at = [row.design.villages for row in rows]
        middle = [_IN_HUNDRED * row.power for row in rows]
        below = [_IN_HUNDRED * (row.power - row.low) for row in rows]
        above = [_IN_HUNDRED * (row.high - row.power) for row in rows]
        label = f"{households} households a village, take-up {_IN_HUNDRED * take_up:.3g} %"
        axes.errorbar(
            at,
            middle,
            yerr=[below, above],
            color=colour,
            marker="o",
            markersize=7,
            capsize=4,
            linestyle="",
            label=label,
        )
        formula = [_IN_HUNDRED * row.formula_power for row in rows]
        axes.plot(at, formula, color=colour, linestyle=":", linewidth=1.8, label="the textbook formula for the same")
    axes.axhline(_IN_HUNDRED * table.target, color=REFERENCE_COLOUR, linestyle="--", linewidth=1.2)
    axes.set_ylim(0.0, _IN_HUNDRED + 3.0)
    axes.set_xscale("log")
    ticks = sorted({row.design.villages for row in table.rows})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("villages of the study", color=_TEXT)
    axes.set_ylabel("power, % of virtual trials", color=_TEXT)
    axes.legend(frameon=False, fontsize=_SIZE - 1, loc="lower right")
    return _finished(axes, f"Power to see {table.estimate.name.replace('_', ' ')}")


def _row(axes: Any, one: Effect, place: int) -> None:
    """Interval, estimate and truth of one estimate."""
    known = [value for value in (one.low, one.high) if math.isfinite(value)]
    axes.plot(known, [place - _SHIFT] * len(known), color=COLOURS[0], linewidth=2.5)
    found = None if place else "what the study finds (95 % interval)"
    truth = None if place else "the true effect"
    axes.plot([one.value], [place - _SHIFT], color=COLOURS[0], marker="o", markersize=8, linestyle="", label=found)
    axes.plot(
        [one.true_value],
        [place + _SHIFT],
        color=COLOURS[1],
        marker="D",
        markersize=7,
        markerfacecolor="white",
        markeredgewidth=1.8,
        linestyle="",
        label=truth,
    )


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()


def _finished(axes: Any, title: str) -> Any:
    axes.set_title(title, loc="left", fontsize=_SIZE + 1, color=_TEXT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_SIZE - 1, colors=_TEXT)
    return axes
