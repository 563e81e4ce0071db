"""The picture of a household's story: consumption under both policies, with marks of what happened.

``axes.figure.savefig("story.png")`` keeps it. Nothing is told by colour alone: lines differ in their dashes, events in
their marks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from empowersim.fronts.labels import text
from empowersim.fronts.numbers import Lang, number
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR

if TYPE_CHECKING:
    from empowersim.experiments.story_result import Story

MARKS: Final[dict[str, str]] = {
    "illness_starts": "v",
    "job_found": "P",
    "job_lost": "X",
    "place_won": "*",
    "place_left": "<",
    "asset_grant": "s",
    "cash_grant": "D",
    "asset_death": "d",
    "theft": "h",
    "village_shock": "|",
    "leaves_school": "1",
    "mentor_changes": "o",
}
"""Signs of the events that are marked."""

_TEXT: Final = "#222222"
_SIZE: Final = 11
_MARK: Final = 70.0


def draw_story(story: Story, *, lang: Lang = "en", ax: Any = None) -> Any:
    """Draw consumption of the household under both policies, in rupiah a month; returns the axes."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(11.0, 5.6), layout="constrained").subplots()
    thousand = story.rupiah / 1000.0
    months = np.arange(story.months)
    looks = ((REFERENCE_COLOUR, "--"), (COLOURS[0], "-"))
    named: set[str] = set()
    for life, (colour, dashes) in zip(story.lives, looks, strict=True):
        values = life.months["consumption"] * thousand
        ax.plot(months, values, color=colour, linestyle=dashes, linewidth=1.8, label=story.label(life.policy, lang))
        for event in life.events:
            if event.kind not in MARKS:
                continue
            sign = MARKS[event.kind]
            name = "" if event.kind in named else text(f"story_plot.mark.{event.kind}", lang)
            named.add(event.kind)
            edge = {} if sign in "|1" else {"edgecolors": "white", "linewidths": 0.6}
            ax.scatter(
                event.month,
                values[event.month],
                marker=sign,
                s=_MARK,
                color=colour,
                zorder=3,
                label=name or None,
                **edge,
            )
    ax.axhline(thousand, color=COLOURS[1], linewidth=1.4, linestyle=":", label=text("story_plot.line", lang))
    ax.set_ylim(bottom=0.0)
    ax.set_xlim(-1, story.months)
    ax.set_xlabel(text("story_plot.month", lang), color=_TEXT)
    ax.set_ylabel(text("story_plot.money", lang), color=_TEXT)
    ax.set_title(text("story_plot.title", lang, id=story.household), loc="left", color=_TEXT, fontsize=_SIZE + 1)
    handles, names = ax.get_legend_handles_labels()
    lines = [place for place, handle in enumerate(handles) if hasattr(handle, "get_linestyle")]
    lines = [place for place in lines if not hasattr(handles[place], "get_offsets")]
    order = [*lines, *(place for place in range(len(handles)) if place not in lines)]
    ax.yaxis.set_major_formatter(lambda value, _: number(value, 0, lang))
    ax.legend(
        [handles[at] for at in order],
        [names[at] for at in order],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=_SIZE - 1,
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def save_story(story: Story, folder: Path, *, lang: Lang = "en", dpi: int = 150) -> Path:
    """Write ``story.png`` into a folder; return its path."""
    path = folder / "story.png"
    draw_story(story, lang=lang).figure.savefig(path, dpi=dpi)
    return path
