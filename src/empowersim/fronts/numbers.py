"""Numbers as people say them, in English (`en`) or Indonesian (`id`): one function a kind of number.

English writes 17.4 % and Rp 53.6 billion; Indonesian 17,4 % and Rp 53,6 miliar. What cannot be told
(NaN, None) is a dash.
"""

from __future__ import annotations

import math
from typing import Final, Literal

Lang = Literal["en", "id"]

NONE: Final = "–"
MINUS: Final = "−"

_SCALES: Final[tuple[tuple[float, dict[str, str]], ...]] = (
    (1e12, {"en": "trillion", "id": "triliun"}),
    (1e9, {"en": "billion", "id": "miliar"}),
    (1e6, {"en": "million", "id": "juta"}),
)
DIGITS: Final = 3
"""Significant digits of an amount of money."""

_WORDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "month": {"en": ("month", "months"), "id": ("bulan", "bulan")},
    "year": {"en": ("year", "years"), "id": ("tahun", "tahun")},
}


def number(value: float | None, decimals: int = 0, lang: Lang = "en") -> str:
    """Return a number with `decimals` places, thousands set apart: 12,345.6 or 12.345,6.

    Examples:
        >>> number(12345.6, 1), number(12345.6, 1, "id")
        ('12,345.6', '12.345,6')

    """
    value = _told(value)
    if math.isnan(value):
        return NONE
    text = f"{abs(value):,.{decimals}f}"
    if lang == "id":
        text = text.translate(str.maketrans(",.", ".,"))
    negative = value < 0 and any(digit in text for digit in "123456789")
    return (MINUS if negative else "") + text


def signed(value: float | None, decimals: int = 0, lang: Lang = "en") -> str:
    """Return a number as `number` does, a plus before what is above zero once rounded."""
    text = number(value, decimals, lang)
    positive = text != NONE and not text.startswith(MINUS) and any(digit in text for digit in "123456789")
    return "+" + text if positive else text


def percent(share: float | None, decimals: int = 1, lang: Lang = "en") -> str:
    """Return a share (1 = all) in percent: 17.4 % or 17,4 %.

    Examples:
        >>> percent(0.174), percent(0.174, lang="id")
        ('17.4 %', '17,4 %')

    """
    text = number(100 * _told(share), decimals, lang)
    return text if text == NONE else f"{text} %"


def points(share: float | None, decimals: int = 2, lang: Lang = "en") -> str:
    """Return a difference of shares in percentage points, signed: −0.85 points or −0,85 poin.

    Examples:
        >>> points(-0.0085), points(-0.0085, lang="id")
        ('−0.85 points', '−0,85 poin')

    """
    text = signed(100 * _told(share), decimals, lang)
    return text if text == NONE else f"{text} {'points' if lang == 'en' else 'poin'}"


def rupiah(value: float | None, lang: Lang = "en", digits: int = DIGITS) -> str:
    """Return an amount of rupiah to `digits` digits: Rp 53.6 billion or Rp 53,6 miliar; in full below a million.

    Examples:
        >>> rupiah(53.6e9), rupiah(53.6e9, "id")
        ('Rp 53.6 billion', 'Rp 53,6 miliar')

    """
    value = _told(value)
    if math.isnan(value):
        return NONE
    sign, size = (MINUS if value < 0 else ""), float(round(abs(value)))
    if size >= _SCALES[-1][0]:
        # round first: 999.96 million is a billion
        size = float(f"{size:.{digits}g}")
    for scale, words in _SCALES:
        if size >= scale:
            return f"{sign}Rp {_short(size / scale, lang, digits)} {words[lang]}"
    text = number(size, 0, lang)
    return f"{sign if text != '0' else ''}Rp {text}"


def months(count: int, lang: Lang = "en") -> str:
    """Return a length of time: 18 months, 5 years; 18 bulan, 5 tahun. Whole years from two years on.

    Examples:
        >>> months(24), months(7, "id")
        ('2 years', '7 bulan')

    """
    if count >= 24 and count % 12 == 0:
        return _counted(count // 12, "year", lang)
    return _counted(count, "month", lang)


def in_hundred(share: float | None, lang: Lang = "en") -> str:
    """Return a share of futures as people count them: 87 of 100 futures.

    Examples:
        >>> in_hundred(0.87), in_hundred(0.87, "id")
        ('87 of 100 futures', '87 dari 100 kemungkinan')

    """
    count = number(100 * _told(share), 0, lang)
    if count == NONE:
        return NONE
    return f"{count} of 100 futures" if lang == "en" else f"{count} dari 100 kemungkinan"


def interval(low: str, high: str) -> str:
    """Return two formatted ends of an interval; nothing where there is none."""
    if NONE in (low, high):
        return ""
    return f"{low} to {high}"


def quantity(value: float | None, unit: str, lang: Lang = "en", *, difference: bool = False) -> str:
    """Return a value in the unit of its outcome, as `results.tables.OUTCOMES` names units.

    A `difference` is signed, and of shares in percentage points.
    """
    value = _told(value)
    if math.isnan(value):
        return NONE
    if unit.startswith("share"):
        return points(value, 2, lang) if difference else percent(value, 1, lang)
    if unit.startswith("IDR"):
        # a change of consumption is small against its level
        text = rupiah(value, lang, DIGITS + 1 if unit == "IDR/person/month" else DIGITS)
        return f"+{text}" if difference and value > 0 else text
    if unit.startswith("household"):
        return signed(value, 0, lang) if difference else number(value, 0, lang)
    return signed(value, 4, lang) if difference else number(value, 3, lang)


def _short(value: float, lang: Lang, digits: int) -> str:
    """Significant digits, without trailing zeros after the point."""
    decimals = max(0, digits - 1 - math.floor(math.log10(value)))
    text = number(value, decimals, lang)
    point = "." if lang == "en" else ","
    return text.rstrip("0").rstrip(point) if point in text else text


def _counted(count: int, word: str, lang: Lang) -> str:
    one, many = _WORDS[word][lang]
    return f"{number(count, 0, lang)} {one if count == 1 else many}"


def _told(value: float | None) -> float:
    """Return the value, NaN for what cannot be told."""
    return value if value is not None and math.isfinite(value) else math.nan
