"""The table of results: what was measured, beside what was to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One figure of the table."""

    section: str
    what: str
    value: float | None
    """None where it could not be measured; `note` says why."""
    unit: str
    spread: float | None = None
    """Range over the rounds as a share of the value."""
    target: float | None = None
    at_least: bool = True
    """Whether the target is a lower bound (a speed) or an upper bound (a time, a size)."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target or a value."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def as_json(self) -> dict[str, Any]:
        """The line as plain values."""
        return {**asdict(self), "met": self.met}


def unavailable(section: str, what: str, why: str, **target: Any) -> Line:
    """Return a line for what could not be measured here."""
    return Line(section, what, None, "", note=why, **target)


HEAD = ("", "what", "value", "spread", "target", "met", "note")


def cells(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """Return the text of the table, row by row; a section is named in its first row only."""
    rows = []
    before = ""
    for line in lines:
        value = "not available" if line.value is None else f"{number(line.value)} {line.unit}".strip()
        spread = "" if line.spread is None else f"{100 * line.spread:.0f} %"
        sign = ">=" if line.at_least else "<="
        target = "" if line.target is None else f"{sign} {number(line.target)}"
        met = {None: "", True: "yes", False: "no"}[line.met]
        rows.append((line.section if line.section != before else "", line.what, value, spread, target, met, line.note))
        before = line.section
    return rows


def number(value: float) -> str:
    """A number with three or so figures, and without an exponent."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1 or value == 0:
        return f"{value:.2f}"
    return f"{value:.3g}"


def as_text(lines: Sequence[Line]) -> str:
    """Return the table for a terminal, columns aligned."""
    rows = [HEAD, *cells(lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(told)


def as_markdown(lines: Sequence[Line]) -> str:
    """Return the table in Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD), *cells(lines)]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows)
