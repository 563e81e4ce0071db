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


def columns_that_fit(width: int, names: Sequence[Any]) -> list[Sequence[Any]]:
    """Split columns evenly into as few tables as `width` allows beside a column of policies."""
    each = max(1, (width - POLICY_WIDTH - GAP) // (CELL_WIDTH + GAP))
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
