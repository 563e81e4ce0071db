"""Parts of the tables on a terminal: a grid that folds, a column of policies, cells with their interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.labels import text
from empowersim.fronts.numbers import Lang, interval, number

if TYPE_CHECKING:
    from empowersim.results.comparison import Comparison

POLICY_WIDTH: Final = 16
CELL_WIDTH: Final = 12
GAP: Final = 2
_CELL: Final = {"en": CELL_WIDTH, "id": CELL_WIDTH + 1}
"""Width of a column of figures: the longest word of the names of outcomes, and a comma."""
_EDGES: Final = 2
_BETWEEN: Final = 3
"""Characters at the two ends of a table, and between two of its columns."""
_LEAST: Final = 4


def grid(title: str, caption: str = "") -> Any:
    """Return an empty rich table in the style of the house."""
    from rich import box
    from rich.table import Table

    return Table(
        title=title,
        caption=caption or None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, GAP // 2),
        expand=False,
    )


def policy_column(table: Any, comparison: Comparison, lang: Lang = "en") -> None:
    """Add the column of policies, folded where their names are long."""
    widest = max(len(comparison.label(policy, lang)) for policy in comparison.policies)
    head, least = text("heads.policy", lang), min(widest, POLICY_WIDTH)
    table.add_column(head, min_width=least, max_width=POLICY_WIDTH, overflow="fold")


def text_column(table: Any, head: str, max_width: int = 24) -> None:
    """Add a column of words, folded where they are long."""
    table.add_column(head, max_width=max_width, overflow="fold")


def number_column(table: Any, head: str, max_width: int | None = None) -> None:
    """Add a column of numbers; where the terminal is too narrow they are folded, never cut."""
    table.add_column(head, justify="right", max_width=max_width, overflow="fold")


def add_row(table: Any, cells: Iterable[str]) -> None:
    """Add a row of plain texts: nothing in them is markup."""
    from rich.text import Text

    table.add_row(*(Text(cell) for cell in cells))


def cell_width(lang: Lang = "en") -> int:
    """Return the width of a column of figures."""
    return _CELL[lang]


def print_table(out: Any, table: Any, lang: Lang = "en") -> None:
    """Print a table on a rich console, no wider than it: where all does not fit, words are folded and nothing is lost.

    Rich folds the widest columns first and may cut a table whose first column is fixed. English tables that it does not
    cut are left to it; of the others columns keep their longest word as long as there is room.
    """
    if table.columns and (lang != "en" or _is_cut(table, out)):
        _fit(table, out.width)
    out.print(table)


def _is_cut(table: Any, out: Any) -> bool:
    """Whether rich would print less of a table than there is."""
    fixed = any(column.min_width for column in table.columns)
    return fixed and any(len(line.rstrip()) > out.width for line in _lines(table, out.width))


def _lines(table: Any, width: int) -> list[str]:
    """Lines of a table as rich makes them for a width, before it cuts them."""
    from rich.console import Console

    console = Console(width=width, no_color=True, highlight=False)
    return "".join(part.text for part in console.render(table)).split("\n")


def _fit(table: Any, width: int) -> None:
    """Set the widths of the columns of a table that is wider than `width`; a column that must not wrap keeps its."""
    cells = [[_plain(column.header), *map(_plain, column.cells)] for column in table.columns]
    lines = [max((len(line) for cell in column for line in cell.split("\n")), default=0) for column in cells]
    fixed = [bool(column.no_wrap) for column in table.columns]
    words = [_longest(column, lambda _: True) for column in cells]
    figures = [_longest(column, lambda word: any(map(str.isdigit, word))) for column in cells]
    for at, whole in enumerate(lines):
        if fixed[at]:
            words[at] = figures[at] = whole
    room = width - _EDGES - _BETWEEN * (len(cells) - 1)
    wanted = [
        line if fixed[at] else max(min(line, column.max_width or line), min(words[at], line))
        for at, (line, column) in enumerate(zip(lines, table.columns, strict=True))
    ]
    capped = [min(line, column.max_width or line) for line, column in zip(lines, table.columns, strict=True)]
    if sum(capped) <= room and capped == wanted:
        return
    given = list(words)
    while sum(given) > room:
        # the longest words are folded first, then figures, and what must not be folded last
        place = max(range(len(given)), key=lambda at: (not fixed[at], given[at] > max(figures[at], _LEAST), given[at]))
        if given[place] <= 1:
            break
        given[place] -= 1
    while sum(given) < room and any(want > have for want, have in zip(wanted, given, strict=True)):
        place = max(range(len(given)), key=lambda at: (wanted[at] - given[at], -at))
        given[place] += 1
    for column, each in zip(table.columns, given, strict=True):
        column.min_width, column.max_width, column.width = None, None, each


def _longest(cells: Sequence[str], chosen: Callable[[str], bool]) -> int:
    """Length of the longest word of cells among those that are chosen."""
    return max((len(word) for cell in cells for word in cell.split() if chosen(word)), default=1)


def _plain(cell: Any) -> str:
    return str(getattr(cell, "plain", cell))


def columns_that_fit(width: int, names: Sequence[Any], lang: Lang = "en") -> list[Sequence[Any]]:
    """Split columns evenly into as few tables as `width` allows beside a column of policies."""
    gap = GAP if lang == "en" else _BETWEEN
    each = max(1, (width - POLICY_WIDTH - GAP) // (cell_width(lang) + gap))
    count = -(-len(names) // each)
    even = -(-len(names) // max(count, 1))
    return [names[at : at + even] for at in range(0, len(names), even)]


def heads(unit: str, lang: Lang = "en") -> str:
    """Unit of a column, as its head says it; the cells then hold bare numbers."""
    return text(f"heads.{_head(unit)}", lang)


def heads_of_change(unit: str, lang: Lang = "en") -> str:
    """As `heads`, for a column of differences: shares differ by points."""
    key = _head(unit)
    changed = {"percent": "points", "hundred": "of_hundred"}
    return text(f"heads.{changed.get(key, key)}", lang)


def _head(unit: str) -> str:
    """Key of the unit of a column."""
    starts = (("share", "percent"), ("IDR", "thousand"), ("visits/", "a_month"), ("per 1000", "per_thousand"))
    for start, key in starts:
        if unit.startswith(start):
            return key
    return "sd" if unit == "SD" else "hundred"


def bare(unit: str) -> tuple[float, int]:
    """Factor and decimals of a level in a column headed by `heads`; a difference has one decimal more."""
    if unit.startswith("IDR"):
        return 1e-3, 0
    if unit == "SD" or unit.startswith(("visits/", "per 1000")):
        return 1.0, 2
    return 100.0, 1


def plus_minus(
    row: Any, factor: float, decimals: int, say: Callable[[float, int, Lang], str], lang: Lang = "en"
) -> str:
    """Mean and half the width of a symmetric interval."""
    middle, high = (float(row[column][0]) for column in ("mean", "high"))
    return plus_minus_of(middle, high, factor, decimals, say, lang)


def plus_minus_of(
    middle: float,
    high: float,
    factor: float,
    decimals: int,
    say: Callable[[float, int, Lang], str] = number,
    lang: Lang = "en",
) -> str:
    """Mean and half the width of a symmetric interval, from the mean and the upper end."""
    told = say(factor * middle, decimals, lang)
    if not isfinite(high) or high == middle:
        return told
    return f"{told} ±{number(factor * (high - middle), decimals, lang)}"


def bracketed(middle: str, low: str, high: str, lang: Lang = "en") -> str:
    """Amount and interval, the scale said once where it is the same."""
    head, _, scale = middle.rpartition(" ")
    if scale and all(end.endswith(f" {scale}") for end in (low, high)) and head.startswith("Rp "):
        low, high = (end.removesuffix(f" {scale}").removeprefix("Rp ") for end in (low, high))
    ends = interval(low, high, lang)
    return f"{middle} ({ends})" if ends else middle
