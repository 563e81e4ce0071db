"""Quantities as people write them: ``60 billion IDR/year``, ``Rp 12,5 miliar/tahun``, ``24 bulan``, ``30 %``.

`split` reads a text into number, scale, currency and units; `Kind` says which of them a field wants and
turns the text into a plain float. Money is in rupiah, time in months, shares in 0 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MONTHS_A_YEAR: Final = 12.0
PERCENT: Final = 0.01

SCALES: Final[dict[str, float]] = {
    **dict.fromkeys(("hundred", "ratus"), 1e2),
    **dict.fromkeys(("thousand", "ribu", "rb"), 1e3),
    **dict.fromkeys(("million", "mn", "juta", "jt"), 1e6),
    **dict.fromkeys(("billion", "bn", "miliar", "milyar"), 1e9),
    **dict.fromkeys(("trillion", "tn", "triliun", "trilyun"), 1e12),
}
CURRENCIES: Final = frozenset({"rp", "idr", "rupiah"})
FOREIGN: Final = frozenset({"usd", "dollar", "dollars", "eur", "euro", "sgd", "myr", "vnd", "dong", "ppp"})
UNITS: Final[dict[str, str]] = {
    **dict.fromkeys(("month", "months", "mo", "bulan", "bln"), "month"),
    **dict.fromkeys(("year", "years", "yr", "yrs", "tahun", "thn", "annum"), "year"),
    **dict.fromkeys(("person", "persons", "people", "capita", "orang", "kapita", "jiwa"), "person"),
    **dict.fromkeys(("household", "households", "family", "families", "keluarga", "kk"), "household"),
    **dict.fromkeys(("place", "places", "participant", "participants", "tempat", "peserta"), "place"),
    **dict.fromkeys(("child", "children", "pupil", "pupils", "anak", "siswa"), "child"),
    **dict.fromkeys(("course", "courses", "kursus", "pelatihan"), "course"),
    **dict.fromkeys(("class", "classes", "kelas"), "class"),
    **dict.fromkeys(("meeting", "meetings", "pertemuan"), "meeting"),
    **dict.fromkeys(("visit", "visits", "kunjungan"), "visit"),
    **dict.fromkeys(("session", "sessions", "sesi"), "session"),
    **dict.fromkeys(("line", "lines", "garis"), "line"),
    **dict.fromkeys(("post", "posts", "mentor", "mentors", "pendamping"), "post"),
    **dict.fromkeys(("hour", "hours", "jam"), "hour"),
    **dict.fromkeys(("case", "cases", "kasus"), "case"),
    **dict.fromkeys(("village", "villages", "desa", "kampung", "kelurahan"), "village"),
    **dict.fromkeys(("income", "pendapatan"), "income"),
}
PERCENT_WORDS: Final = frozenset({"%", "percent", "persen", "pct"})
FILLERS: Final = frozenset({"of", "dari"})
SLASHES: Final = frozenset({"/", "per", "a", "an", "each", "every", "tiap", "setiap", "se"})
SHORT_RATES: Final = {"sebulan": "month", "setahun": "year", "monthly": "month", "yearly": "year", "annually": "year"}

_TOKEN: Final = re.compile(
    r"(?P<number>[-+]?\d[\d.,_]*(?:[eE][-+]?\d+)?)|(?P<word>[^\W\d_]+)|(?P<sign>[%/])|(?P<gap>\s+|(?<=[Rr]p)\.)"
)
_PLAIN: Final = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_GROUPED: Final = re.compile(r"[-+]?\d{1,3}([.,])\d{3}(\1\d{3})*")


class UnitError(ValueError):
    """A text that is not the quantity asked for; the message is the remedy."""


@dataclass(frozen=True)
class Quantity:
    """The parts of a text such as ``Rp 4,5 juta per orang per bulan``."""

    number: str
    scale: float = 1.0
    currency: bool = False
    percent: bool = False
    noun: str = ""
    per: tuple[str, ...] = ()


def split(text: str) -> Quantity:
    """Take a text apart; raises `UnitError` with the remedy."""
    words = _tokens(text)
    number, scale, currency, percent, noun = "", 1.0, False, False, ""
    per: list[str] = []
    expect_unit = False
    for kind, word in words:
        low = word.lower()
        if expect_unit:
            if low not in UNITS:
                raise UnitError(f"'{word}' is not a unit known here")
            per.append(UNITS[low])
            expect_unit = False
        elif kind == "number":
            if number:
                raise UnitError("write one number")
            number = word
        elif low in CURRENCIES:
            currency = True
        elif low in FOREIGN:
            raise UnitError("money is in rupiah (IDR): convert it at the price year of the scenario")
        elif not number:
            raise UnitError(f"write the number before '{word}'")
        elif low in FILLERS:
            continue
        elif low in PERCENT_WORDS:
            percent = True
        elif low in SCALES and not noun and not per:
            scale *= SCALES[low]
        elif low in SHORT_RATES:
            per.append(SHORT_RATES[low])
        elif low in SLASHES:
            expect_unit = True
        elif low in UNITS:
            if noun:
                raise UnitError(f"write per or / before '{word}'")
            noun = UNITS[low]
        elif low == "m":
            raise UnitError("'m' can mean million or miliar: write it out")
        else:
            raise UnitError(f"'{word}' is not a unit known here")
    if expect_unit:
        raise UnitError("name the unit after the last / or per")
    if not number:
        raise UnitError("write a number")
    return Quantity(number, scale, currency, percent, noun, tuple(per))


def _tokens(text: str) -> list[tuple[str, str]]:
    text = text.strip().replace("per cent", "%")
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise UnitError(f"'{text[position]}' has no meaning here")
        kind = str(match.lastgroup)
        if kind != "gap":
            word = match.group()
            if kind == "number" and word[-1] in ".,":
                raise UnitError(f"'{word}' is not a number")
            found.append((kind, word))
        position = match.end()
    return found


def number(text: str, *, grouped: bool = False, careful: bool = False) -> float:
    """Value of a number in English (``1,500.5``) or Indonesian (``1.500,5``) writing.

    One separator before three digits (``1.500``) has two readings. `grouped`: it parts thousands (rupiah and
    counts have no decimals). `careful`: refuse it. Otherwise a point is a decimal point, and a comma is refused.
    """
    plain = text.replace("_", "")
    if "." in plain and "," in plain:
        decimal = max(".", ",", key=plain.rfind)
        whole, _, rest = plain.rpartition(decimal)
        other = "," if decimal == "." else "."
        if decimal in whole or (not _GROUPED.fullmatch(whole)):
            raise UnitError(f"'{text}' mixes points and commas: write it without separators")
        return float(f"{whole.replace(other, '')}.{rest}")
    groups = _GROUPED.fullmatch(plain)
    if groups and plain.lstrip("+-")[0] != "0":
        separator = groups.group(1)
        whole = plain.replace(separator, "")
        if grouped or plain.count(separator) > 1:
            return float(whole)
        if careful or separator == ",":
            decimal = plain.replace(",", ".")
            raise UnitError(
                f"'{text}' can be read as {float(decimal):g} or {whole}: write {float(decimal):g} or {whole}"
            )
    plain = plain.replace(",", ".")
    if not _PLAIN.fullmatch(plain):
        raise UnitError(f"'{text}' is not a number")
    return float(plain)


@dataclass(frozen=True)
class Kind:
    """What a quantity must look like, and what it becomes.

    `time`: "" a plain amount; "length" a length of time, in months; "per_month" or "per_year" a flow, given by month
    or by year and turned into the one named.
    """

    expected: str
    """For messages, with an example."""
    currency: bool = False
    time: str = ""
    percent: bool = False
    """May be written in percent."""
    nouns: frozenset[str] = frozenset()
    per: frozenset[str] = frozenset()
    lower: float = float("-inf")
    upper: float = float("inf")
    bounds_text: str = ""
    whole: bool = False
    bare: bool = False
    """A number alone is enough (its unit is in the name of the key, or it has none)."""
    suffixes: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """Unit at the end of the key -> (factor, time unit of the flow)."""

    def read(self, text: str, suffix: str = "") -> float:
        """Value of a text in the unit of this kind; raises `UnitError` with the remedy."""
        quantity = split(text)
        exact = self.currency or self.whole or "place" in self.nouns
        scaled = quantity.scale != 1.0 or (suffix != "" and self.suffixes[suffix][0] != 1.0)
        value = number(quantity.number, grouped=exact and not scaled, careful=exact) * quantity.scale
        if suffix:
            factor, unit = self.suffixes[suffix]
            if quantity.currency or quantity.percent or quantity.noun or quantity.per:
                raise UnitError("the unit is in the key's name: write a number alone")
            value *= factor
            per = [unit] if unit else []
        else:
            value, per = self._plain(quantity, value)
        value = self._in_time(quantity, value, per, bool(suffix))
        if not self.lower <= value <= self.upper:
            raise UnitError(f"it must be {self.bounds_text or self._bounds()}")
        if self.whole:
            if value != round(value):
                raise UnitError("it must be a whole number")
            value = float(round(value))
        return value

    def _plain(self, quantity: Quantity, value: float) -> tuple[float, list[str]]:
        if quantity.currency != self.currency:
            raise UnitError("name the currency: IDR or Rp" if self.currency else "this is not an amount of money")
        if quantity.percent:
            if not self.percent:
                raise UnitError("this cannot be a percentage")
            value *= PERCENT
        times = {"month", "year"}
        nouns = self.nouns | (times if self.time == "length" else set())
        if quantity.noun and quantity.noun not in nouns:
            raise UnitError(f"'{quantity.noun}' does not fit here")
        per = list(quantity.per)
        for unit in per:
            if unit not in self.per | (times if self.time.startswith("per_") else set()):
                raise UnitError(f"'per {unit}' does not fit here")
        return value, [unit for unit in per if unit in times]

    def _in_time(self, quantity: Quantity, value: float, per: list[str], suffixed: bool) -> float:
        if self.time == "length":
            if quantity.noun == "year":
                return value * MONTHS_A_YEAR
            if not quantity.noun and not self.bare and not suffixed:
                raise UnitError("name the unit: months or years")
        elif self.time:
            if len(per) > 1:
                raise UnitError("write one of /month and /year")
            if not per:
                if not self.bare:
                    raise UnitError("say how often: /month or /year")
            elif self.time == "per_month" and per[0] == "year":
                return value / MONTHS_A_YEAR
            elif self.time == "per_year" and per[0] == "month":
                return value * MONTHS_A_YEAR
        return value

    def _bounds(self) -> str:
        if self.upper == float("inf"):
            return f"at least {self.lower:g}"
        return f"between {self.lower:g} and {self.upper:g}"

    def json(self, suffix: str = "") -> dict[str, Any]:
        """JSON Schema of a value of this kind."""
        if suffix or self.bare:
            return {"type": ["number", "string"]}
        return {"type": "string", "pattern": r"\d"}


def plain(
    expected: str,
    lower: float,
    upper: float,
    *,
    whole: bool = False,
    nouns: tuple[str, ...] = (),
    percent: bool = False,
) -> Kind:
    """Kind of a plain number between two bounds, with or without the nouns named."""
    return Kind(expected, bare=True, lower=lower, upper=upper, whole=whole, nouns=frozenset(nouns), percent=percent)


def a_month(expected: str, upper: float, *nouns: str) -> Kind:
    """Kind of a number a month, from 0 to `upper`; its unit may be left out."""
    return Kind(expected, time="per_month", bare=True, lower=0.0, upper=upper, nouns=frozenset(nouns))


_MONEY_SUFFIX: Final = {"_idr": (1.0, ""), "_million_idr": (1e6, ""), "_billion_idr": (1e9, "")}
_FLOW_SUFFIX: Final = {
    f"{amount}_per_{unit}": (factor, unit)
    for amount, (factor, _) in _MONEY_SUFFIX.items()
    for unit in ("month", "year")
}
HEADS: Final = frozenset({"person", "household", "place", "child", "post", "village"})

MONEY: Final = Kind(
    "an amount of money, as '3.8 million IDR' or 'Rp 3,8 juta'",
    currency=True,
    per=HEADS,
    lower=0.0,
    bounds_text="0 or more",
    suffixes=_MONEY_SUFFIX,
)
MONEY_PER_MONTH: Final = Kind(
    "money a month, as '250 thousand IDR/month' or 'Rp 250 ribu/bulan'",
    currency=True,
    time="per_month",
    per=HEADS,
    lower=0.0,
    bounds_text="0 or more",
    suffixes=_FLOW_SUFFIX,
)
BUDGET: Final = Kind(
    "money a year, as '60 billion IDR/year' or 'Rp 60 miliar/tahun'",
    currency=True,
    time="per_year",
    lower=0.0,
    bounds_text="0 or more",
    suffixes=_FLOW_SUFFIX,
)
LINE: Final = Kind(
    "money a person and month, as '690 thousand IDR/person/month' or 'Rp 690 ribu/orang/bulan'",
    currency=True,
    time="per_month",
    per=frozenset({"person"}),
    lower=1e3,
    upper=1e8,
    bounds_text="between 1 thousand and 100 million IDR/person/month",
    suffixes={"_idr_per_person_per_month": (1.0, "month")},
)
PLACES: Final = Kind(
    "places a year, as '3000 places/year' or '250 places/month'",
    time="per_year",
    nouns=frozenset({"place", "household", "child", "person"}),
    lower=0.0,
    upper=1e9,
    suffixes={"_per_year": (1.0, "year"), "_per_month": (1.0, "month")},
)
SHARE: Final = Kind(
    "a share, as '30 %' or 0.3",
    percent=True,
    bare=True,
    per=frozenset(),
    nouns=frozenset({"income"}),
    lower=0.0,
    upper=1.0,
    bounds_text="between 0 and 1 (0 % and 100 %)",
    suffixes={"_percent": (PERCENT, "")},
)
HAZARD: Final = Kind(
    "a share a month, as '5 %/month'",
    percent=True,
    time="per_month",
    lower=0.0,
    upper=1.0,
    bounds_text="between 0 and 1 a month",
    suffixes={"_percent_per_month": (PERCENT, "month"), "_percent_per_year": (PERCENT, "year")},
)
RATE: Final = Kind(
    "a rate a year, as '3 %/year'",
    percent=True,
    time="per_year",
    lower=-0.1,
    upper=0.5,
    bounds_text="between -10 % and 50 % a year",
    suffixes={"_percent_per_year": (PERCENT, "year")},
)
LENGTH: Final = Kind(
    "a whole number of months, as '6 months', '2 years' or '6 bulan'",
    time="length",
    lower=1.0,
    upper=1200.0,
    bounds_text="between 1 month and 100 years",
    whole=True,
    suffixes={"_months": (1.0, "month"), "_years": (MONTHS_A_YEAR, "")},
)
DELAY: Final = Kind(
    "a whole number of months, as '0 months', '2 years' or '6 bulan'",
    time="length",
    lower=0.0,
    upper=1200.0,
    bounds_text="between 0 months and 100 years",
    whole=True,
    suffixes={"_months": (1.0, "month"), "_years": (MONTHS_A_YEAR, "")},
)
HOURS: Final = Kind(
    "hours, as '2.75 hours'",
    nouns=frozenset({"hour"}),
    per=frozenset({"month", "session", "visit", "household"}),
    lower=0.0,
    upper=744.0,
    bounds_text="between 0 and 744 hours",
)
