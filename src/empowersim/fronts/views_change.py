"""Views of what would change the answer: the tornado of the difference, the grades of the assumptions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, label, text
from empowersim.fronts.style import (
    COLOURS,
    REFERENCE_COLOUR,
    TEXT,
    axes_of,
    below,
    beside,
    called,
    finish,
    look_of,
    rows_of,
    shade,
)
from empowersim.fronts.views_effect import scale
from empowersim.results.tables import OUTCOMES

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer

MOST: Final = 12
"""Assumptions in the chart; the table has all."""
GRADES: Final = ("A", "B", "C")


def tornado(found: Answer, *, most: int = MOST, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw what each assumption alone does to the difference between the two best policies, the widest on top.

    Blue is at its low end, orange hatched at its high end; beside it stand the evidence grade and the switching value,
    where there is one. ValueError for an answer without a tornado.
    """
    from matplotlib.patches import Patch

    storm = found.tornado
    if storm is None:
        raise ValueError("this answer has no tornado; make one with deepened(answer, scenario)")
    look, made = look_of(style), found.comparison
    factor, unit = scale(OUTCOMES[storm.outcome].unit, lang, change=True)
    rows = [bar for bar in storm.bars if bar.width > 0.0][:most]
    axes = axes_of(ax, look, 2.2 + 0.45 * max(len(rows), 1))
    ends = ((COLOURS[0], ""), (COLOURS[1], "//"))
    for place, bar in enumerate(rows):
        for value, (colour, hatch) in zip((bar.at_low, bar.at_high), ends, strict=True):
            long = factor * (value - storm.base)
            axes.barh(
                place,
                long,
                left=factor * storm.base,
                height=0.6,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                alpha=0.9,
            )
        beside(axes, look, place, bar_words(bar, lang))
    axes.axvline(factor * storm.base, color=TEXT, linewidth=0.6 * look.line)
    axes.axvline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=0.6 * look.line)
    rows_of(axes, [bar.name.replace("_", " ") for bar in rows], 32)
    axes.margins(x=0.05)
    if not rows:
        axes.annotate(text("views.nothing_moves", lang), (0.5, 0.5), xycoords="axes fraction", ha="center")
    handles = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=text(f"views.{key}", lang))
        for key, (colour, hatch) in zip(("at_low", "at_high"), ends, strict=True)
    ]
    below(axes, look, handles)
    title = text(
        "views.tornado",
        lang,
        outcome=label(storm.outcome, lang),
        policy=called(made, storm.policy, lang),
        against=called(made, storm.against, lang),
    )
    across = unit + "\n" + text("views.futures_each", lang, n=numbers.number(storm.futures, 0, lang))
    return finish(axes, look, title, across=across.strip(), grid="x", lang=lang)


def bar_words(bar: Any, lang: Lang) -> str:
    """Say the grade of an assumption, and where it would turn the answer."""
    if bar.switches_at != bar.switches_at:
        return text("views.grade_only", lang, grade=bar.confidence)
    value = numbers.shortest(bar.switches_at, lang, 3)
    return text("views.grade_switches", lang, grade=bar.confidence, value=value)


def grades(found: Answer, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw how many figures of each group were read in a source (A), are well known or fitted (B), or assumed (C)."""
    from matplotlib.patches import Patch

    look, table = look_of(style), found.table("assumptions")
    counted = Counter(zip(table["group"].tolist(), table["confidence"].tolist(), strict=True))
    kinds = list(dict.fromkeys(table["group"].tolist()))
    axes = axes_of(ax, look, 2.0 + 0.45 * max(len(kinds), 1))
    for place, kind in enumerate(kinds):
        left = 0
        for order, grade in enumerate(GRADES):
            count = counted[kind, grade]
            colour, hatch = shade(order)
            axes.barh(place, count, left=left, height=0.6, color=colour, hatch=hatch, edgecolor="white")
            left += count
        axes.annotate(
            ", ".join(f"{numbers.number(counted[kind, grade], 0, lang)} {grade}" for grade in GRADES),
            (left, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=look.size,
            color=TEXT,
        )
    rows_of(axes, [text(f"views.kind.{kind}", lang) for kind in kinds])
    axes.set_xlim(0, 1.35 * max([sum(counted[kind, grade] for grade in GRADES) for kind in kinds], default=1))
    handles = []
    for order, grade in enumerate(GRADES):
        colour, hatch = shade(order)
        handles.append(
            Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=text(f"views.grade.{grade}", lang))
        )
    below(axes, look, handles, 1)
    return finish(axes, look, text("views.grades", lang), across=text("views.figures", lang), grid="x", lang=lang)
