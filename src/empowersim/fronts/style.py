"""How views look: one colour a policy everywhere, two styles of figure, names that cannot break a chart.

`screen` is for reports and slides, `journal` for print: narrower, smaller type, no title (the caption has it), lines
thin. Colours are the first four of Okabe and Ito (2008), the reference is dark grey and dashed; a name stands beside
every line, so nothing is told by colour alone.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from empowersim.errors import EmpowersimError
from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, bundled
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR, Style, spread, styles
from empowersim.results.comparison import Comparison

StyleName = Literal["screen", "journal"]

TEXT: Final = "#222222"
GRID: Final = "#DDDDDD"
BETTER, WORSE = COLOURS[0], COLOURS[1]
HATCHES: Final = ("", "//", "..", "xx", "--", "\\\\")
LONGEST: Final = 60
"""Letters of a name in a chart; the cut is shown."""
FOLD: Final = 26
"""Letters in a line of a name beside a chart."""
_TITLE: Final = 80
_TITLE_OF_AXES: Final = 64
_LINE_HEIGHT: Final = 1.3
_POINTS_AN_INCH: Final = 72.0
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_SHADES: Final = ("#3B4A6B", "#8A6D3B", "#5F8A63", "#7D5A7A", "#6E6E6E", "#A8643C", "#4F7F86", "#5E5E9A")
"""Parts of a whole (not policies): told apart by hatches, too."""


class Look(NamedTuple):
    """Sizes of a style."""

    width: float
    """Inches."""
    size: float
    """Type, points."""
    line: float
    """Lines, points."""
    titled: bool


LOOKS: Final[dict[str, Look]] = {
    "screen": Look(width=9.0, size=11.0, line=2.0, titled=True),
    "journal": Look(width=6.3, size=8.0, line=1.2, titled=False),
}


def look_of(style: str) -> Look:
    """Return the sizes of a style; `EmpowersimError` names the styles there are."""
    if style not in LOOKS:
        raise EmpowersimError(f"style: expected one of {', '.join(LOOKS)}, found {style!r}")
    return LOOKS[style]


def plain(words: str, most: int = LONGEST) -> str:
    """Return words as a chart can show them: on one line, at most `most` letters, no mathematics in them."""
    line = " ".join(_CONTROLS.sub(" ", words).split()) or "?"
    short = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return short.replace("$", r"\$")


def called(comparison: Comparison, policy: str, lang: Lang = "en", most: int = LONGEST) -> str:
    """Return what a chart calls a policy; names of the package in the language, those of users as they are."""
    return plain(bundled(comparison.label(policy, lang), lang), most)


def folded(words: str, width: int = FOLD) -> str:
    """Return words over several lines of at most `width` letters."""
    return "\n".join(textwrap.wrap(words, width, break_long_words=True)) or words


def policy_styles(comparison: Comparison) -> dict[str, Style]:
    """Return colour, dash and marker of every policy, by its place in the scenario file: the same in every chart."""
    return styles(comparison)


def shade(place: int) -> tuple[str, str]:
    """Return colour and hatch of a part of a whole, by its place."""
    return _SHADES[place % len(_SHADES)], HATCHES[place % len(HATCHES)]


def axes_of(ax: Any, look: Look, height: float) -> Any:
    """Return the axes given, or those of a figure of its own, `height` inches at the width of a screen."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    high = height * (1.0 if look.titled else look.width / LOOKS["screen"].width)
    return Figure(figsize=(look.width, max(high, 1.2)), layout="constrained").subplots()


def finish(
    axes: Any, look: Look, title: str, *, across: str = "", up: str = "", grid: str = "y", lang: Lang = "en"
) -> Any:
    """Give axes their title (not in a journal), names of both sides, grid, type and numbers; return them."""
    if look.titled and _alone(axes):
        # over the whole figure: names beside the axes may leave little room above them
        axes.figure.suptitle(folded(title, _TITLE), x=0.01, ha="left", fontsize=look.size + 2, color=TEXT)
    elif look.titled:
        axes.set_title(folded(title, _TITLE_OF_AXES), loc="left", fontsize=look.size + 2, color=TEXT)
    axes.set_xlabel(across, fontsize=look.size, color=TEXT)
    axes.set_ylabel(up, fontsize=look.size, color=TEXT)
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=look.size, colors=TEXT)
    from matplotlib.ticker import ScalarFormatter

    for side in (axes.xaxis, axes.yaxis):
        if isinstance(side.get_major_formatter(), ScalarFormatter):
            side.set_major_formatter(lambda value, _: numbers.shortest(value, lang).replace("-", numbers.MINUS))
    return axes


class End(NamedTuple):
    """A name to be written at the right of a chart."""

    words: str
    colour: str
    value: float
    """Height of its point, in data."""
    at: float | None = None
    """Where its point is across, in data; None = the right edge."""


def name_ends(axes: Any, look: Look, ends: Sequence[End]) -> list[Any]:
    """Write names at the right of the axes, moved apart so that none overlap, each with a line to its point.

    Call it when the limits of the axes are final. Returns the texts. Where the names are too many for the height, they
    go on below the axes rather than over each other.
    """
    if not ends:
        return []
    low, high = axes.get_ylim()
    box = axes.get_position().height * axes.figure.get_size_inches()[1] * _POINTS_AN_INCH
    wrapped = [folded(end.words) for end in ends]
    # the tallest name sets the distance: spread() moves centres by one step
    step = look.size * _LINE_HEIGHT * max(words.count("\n") + 1 for words in wrapped) / max(box, 1.0)
    shares = [(min(max(end.value, low), high) - low) / (high - low) if high > low else 0.5 for end in ends]
    right = axes.get_xlim()[1]
    made = []
    for end, words, place in zip(ends, wrapped, spread(shares, step, 0.0, 1.0), strict=True):
        made.append(
            axes.annotate(
                words,
                xy=(right if end.at is None else end.at, min(max(end.value, low), high)),
                xytext=(1.03, place),
                textcoords=axes.transAxes,
                va="center",
                ha="left",
                fontsize=look.size,
                color=end.colour if end.colour != COLOURS[3] else TEXT,
                annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-",
                    "color": end.colour,
                    "linewidth": 0.8,
                    "shrinkA": 2,
                    "shrinkB": 0,
                    "relpos": (0, 0.5),
                },
            )
        )
    return made


def beside(axes: Any, look: Look, place: float, words: str) -> Any:
    """Write words at the right of a row of a chart of rows."""
    return axes.annotate(
        folded(words, FOLD),
        (1.02, place),
        xycoords=axes.get_yaxis_transform(),
        va="center",
        fontsize=look.size,
        color=TEXT,
        annotation_clip=False,
    )


def rows_of(axes: Any, names: Sequence[str], width: int = 34) -> None:
    """Make the vertical side of axes a list of names, the first on top."""
    axes.set_yticks(range(len(names)), [folded(name, width) for name in names])
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)


def below(axes: Any, look: Look, handles: Sequence[Any], columns: int = 3) -> None:
    """Put a legend under the axes, clear of their names."""
    if handles:
        axes.figure.legend(
            handles=list(handles), loc="outside lower left", ncols=columns, frameon=False, fontsize=look.size
        ) if _alone(axes) else axes.legend(
            handles=list(handles), loc="upper left", ncols=columns, frameon=False, fontsize=look.size
        )


def _alone(axes: Any) -> bool:
    """Whether the axes are the only ones of a figure that makes room for what is outside."""
    return len(axes.figure.axes) == 1 and axes.figure.get_layout_engine() is not None


__all__ = [
    "BETTER",
    "COLOURS",
    "GRID",
    "LOOKS",
    "REFERENCE_COLOUR",
    "TEXT",
    "WORSE",
    "End",
    "Look",
    "StyleName",
    "axes_of",
    "below",
    "beside",
    "called",
    "finish",
    "folded",
    "look_of",
    "name_ends",
    "plain",
    "policy_styles",
    "rows_of",
    "shade",
]
