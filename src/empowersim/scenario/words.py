"""Amounts in plain English for the sentences that explain a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Final

_SCALES: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_DIGITS: Final = 3
_SMALL: Final = 100.0


def digits(value: float, count: int = _DIGITS) -> str:
    """Number in `count` significant digits, without zeros at the end; whole thousands in full."""
    if value == 0.0:
        return "0"
    places = max(0, count - 1 - floor(log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rupiah(amount: float) -> str:
    """Money in three digits: Rp 4.18 million, Rp 690,000."""
    rounded = float(f"{amount:.{_DIGITS}g}")
    for size, name in _SCALES:
        if rounded >= size:
            return f"Rp {digits(amount / size)} {name}"
    return f"Rp {amount:,.0f}"


def months(count: float) -> str:
    """Length of time: 1 month, 6 months, 2 years."""
    whole = round(count)
    if whole >= 24 and whole % 12 == 0:
        return f"{whole // 12} years"
    return f"{whole} month{'' if whole == 1 else 's'}"


def share(value: float) -> str:
    """Share in percent, three digits: 60 %, 8.47 %."""
    return f"{digits(100.0 * value)} %"


def counted(value: float, one: str, many: str = "") -> str:
    """Number with its noun: 1 course, 0.5 courses, 14,354 places."""
    text = f"{value:,.0f}" if value >= _SMALL or value == round(value) else digits(value)
    return f"{text} {one if value == 1.0 else many or one + 's'}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """One, two and three."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
