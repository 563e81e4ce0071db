"""Numbers as people say them, in English (`en`) or Indonesian (`id`): one function a kind of number.

English writes 17.4 % and Rp 53.6 billion; Indonesian 17,4 % and Rp 53,6 miliar. What cannot be told
(NaN, None) is a dash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from empowersim.fronts import labels
from empowersim.fronts.labels import text, text_of

Lang = labels.Lang

NONE: Final = "–"
MINUS: Final = "−"

_SCALES: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
DIGITS: Final = 3
"""Significant digits of an amount of money."""

_CERTAIN: Final = 0.995
"""Probability above which it is told as ">99 %", and below the rest of which as "<1 %"."""
_NUMBER: Final = re.compile(r"(?<![\w.,/-])[-+]?\d[\d,]*(?:\.\d+)?(?:%|(?=[\s);:\]]|,\s|$))")
_SWAPPED: Final = str.maketrans(",.", ".,")


def number(value: float | None, decimals: int = 0, lang: Lang = "en") -> str:
    """Return a number with `decimals` places, thousands set apart: 12,345.6 or 12.345,6.

    Examples:
        >>> number(12345.6, 1), number(12345.6, 1, "id")
        ('12,345.6', '12.345,6')

    """
    value = _told(value)
    if math.isnan(value):
        return NONE
    digits = localised(f"{abs(value):,.{decimals}f}", lang)
    negative = value < 0 and any(digit in digits for digit in "123456789")
    return (MINUS if negative else "") + digits


def localised(digits: str, lang: Lang = "en") -> str:
    """Return a number that Python wrote, as 1,234.5, with the separators of the language: 1.234,5 in Indonesian."""
    return digits.translate(_SWAPPED) if lang == "id" else digits


def localised_within(words: str, lang: Lang = "en") -> str:
    """Return words in which Python wrote numbers, as "0.25 (0.10 to 0.40)", these with the separators of the language.

    Names, as of files, keep their points: a number stands between spaces, brackets or signs.
    """
    if lang == "en":
        return words
    return _NUMBER.sub(lambda found: localised(found[0], lang).replace("-", MINUS).replace("%", " %"), words)


def shortest(value: float, lang: Lang = "en", digits: int = 6) -> str:
    """Return a number in at most `digits` significant digits, without zeros at its end: 0.25 or 0,25."""
    return localised(f"{value:.{digits}g}", lang)


def signed(value: float | None, decimals: int = 0, lang: Lang = "en") -> str:
    """Return a number as `number` does, a plus before what is above zero once rounded."""
    digits = number(value, decimals, lang)
    positive = digits != NONE and not digits.startswith(MINUS) and any(digit in digits for digit in "123456789")
    return "+" + digits if positive else digits


def percent(share: float | None, decimals: int = 1, lang: Lang = "en") -> str:
    """Return a share (1 = all) in percent: 17.4 % or 17,4 %.

    Examples:
        >>> percent(0.174), percent(0.174, lang="id")
        ('17.4 %', '17,4 %')

    """
    digits = number(100 * _told(share), decimals, lang)
    return digits if digits == NONE else f"{digits} %"


def sure(probability: float, lang: Lang = "en") -> str:
    """Return a probability in percent; never 100 % or 0 %, which no number of futures or draws can show."""
    if not math.isfinite(probability):
        return NONE
    if probability > _CERTAIN:
        return text("numbers.certain", lang)
    return percent(probability, 0, lang) if probability >= 1 - _CERTAIN else text("numbers.hardly", lang)


def points(share: float | None, decimals: int = 2, lang: Lang = "en") -> str:
    """Return a difference of shares in percentage points, signed: −0.85 points or −0,85 poin.

    Examples:
        >>> points(-0.0085), points(-0.0085, lang="id")
        ('−0.85 points', '−0,85 poin')

    """
    digits = signed(100 * _told(share), decimals, lang)
    return digits if digits == NONE else text("numbers.points", lang, value=digits)


def without_points(told: str, lang: Lang = "en") -> str:
    """Return what `points` or `quantity` made without the word points, where that is said once for several."""
    return told.removesuffix(text("numbers.points", lang, value=""))


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
    for scale, word in _SCALES:
        if size >= scale:
            return f"{sign}Rp {_short(size / scale, lang, digits)} {text(f'numbers.{word}', lang)}"
    whole = number(size, 0, lang)
    return f"{sign if whole != '0' else ''}Rp {whole}"


def months(count: int, lang: Lang = "en") -> str:
    """Return a length of time: 18 months, 5 years; 18 bulan, 5 tahun. Whole years from two years on.

    Examples:
        >>> months(24), months(7, "id")
        ('2 years', '7 bulan')

    """
    if count >= 24 and count % 12 == 0:
        return counted("numbers.years", count // 12, lang)
    return counted("numbers.months", count, lang)


def counted(key: str, count: float, lang: Lang = "en", **values: object) -> str:
    """Return the text of a key of the label file for a number of things, `{n}`; in the singular where it is one."""
    return text_of(count, key, lang, n=number(count, 0, lang), **values)


def listed(parts: Sequence[str], lang: Lang = "en") -> str:
    """Return one thing after another, the last after "and": a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return text("numbers.and", lang, first=", ".join(parts[:-1]), second=parts[-1])


def in_hundred(share: float | None, lang: Lang = "en") -> str:
    """Return a share of futures as people count them: 87 of 100 futures.

    Examples:
        >>> in_hundred(0.87), in_hundred(0.87, "id")
        ('87 of 100 futures', '87 dari 100 kemungkinan')

    """
    count = number(100 * _told(share), 0, lang)
    if count == NONE:
        return NONE
    return text("numbers.in_hundred", lang, n=count)


def interval(low: str, high: str, lang: Lang = "en") -> str:
    """Return two formatted ends of an interval; nothing where there is none."""
    if NONE in (low, high):
        return ""
    return text("numbers.interval", lang, low=low, high=high)


def yes_no(value: bool, lang: Lang = "en") -> str:
    """Return yes or no."""
    return text("numbers.yes" if value else "numbers.no", lang)


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
        amount = rupiah(value, lang, DIGITS + 1 if unit == "IDR/person/month" else DIGITS)
        return f"+{amount}" if difference and value > 0 else amount
    if unit.startswith("household"):
        return signed(value, 0, lang) if difference else number(value, 0, lang)
    return signed(value, 4, lang) if difference else number(value, 3, lang)


def _short(value: float, lang: Lang, digits: int) -> str:
    """Significant digits, without trailing zeros after the point."""
    decimals = max(0, digits - 1 - math.floor(math.log10(value)))
    figure = number(value, decimals, lang)
    point = "." if lang == "en" else ","
    return figure.rstrip("0").rstrip(point) if point in figure else figure


def _told(value: float | None) -> float:
    """Return the value, NaN for what cannot be told."""
    return value if value is not None and math.isfinite(value) else math.nan
