from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empowersim.fronts.numbers import (
    in_hundred,
    interval,
    months,
    number,
    percent,
    points,
    quantity,
    rupiah,
    signed,
)

SCALES = {"million": 1e6, "billion": 1e9, "trillion": 1e12, "juta": 1e6, "miliar": 1e9, "triliun": 1e12}


def read_back(text: str, lang: str) -> float:
    """What a person reads."""
    text = text.replace("−", "-").replace("Rp ", "").removeprefix("+")
    word = text.split()[-1]
    scale = SCALES.get(word, 1.0)
    digits = text.split()[0]
    digits = digits.replace(",", "") if lang == "en" else digits.replace(".", "").replace(",", ".")
    return float(digits) * scale


@pytest.mark.parametrize(
    ("value", "english", "indonesian"),
    [
        (53.6e9, "Rp 53.6 billion", "Rp 53,6 miliar"),
        (60e9, "Rp 60 billion", "Rp 60 miliar"),
        (300e9, "Rp 300 billion", "Rp 300 miliar"),
        (1.234e12, "Rp 1.23 trillion", "Rp 1,23 triliun"),
        (3.4e6, "Rp 3.4 million", "Rp 3,4 juta"),
        (690_000, "Rp 690,000", "Rp 690.000"),
        (999.96e6, "Rp 1 billion", "Rp 1 miliar"),
        (999_999.7, "Rp 1 million", "Rp 1 juta"),
        (0, "Rp 0", "Rp 0"),
        (-0.2, "Rp 0", "Rp 0"),
        (-2.5e9, "−Rp 2.5 billion", "−Rp 2,5 miliar"),
        (math.nan, "–", "–"),
        (None, "–", "–"),
        (math.inf, "–", "–"),
    ],
)
def test_rupiah_as_people_say_them(value: float | None, english: str, indonesian: str) -> None:
    assert rupiah(value) == english
    assert rupiah(value, "id") == indonesian


@given(st.floats(-1e15, 1e15), st.sampled_from(["en", "id"]))
def test_rupiah_read_back_are_right_to_three_digits(value: float, lang: str) -> None:
    assert read_back(rupiah(value, lang), lang) == pytest.approx(value, rel=5.01e-3, abs=0.51)


@given(st.floats(1e6, 1e15))
def test_rupiah_above_a_million_are_short_and_below_a_thousand_of_their_word(value: float) -> None:
    head = rupiah(value).split()[1]
    assert 1 <= float(head.replace(",", "")) < 1000 or rupiah(value).endswith("trillion")
    assert not head.endswith(".0")


@given(st.floats(-1e9, 1e9), st.integers(0, 4), st.sampled_from(["en", "id"]))
def test_number_read_back_is_right_to_its_decimals(value: float, decimals: int, lang: str) -> None:
    assert read_back(number(value, decimals, lang), lang) == pytest.approx(value, abs=0.51 * 10**-decimals, rel=1e-12)


def test_numbers_are_set_in_the_way_of_the_language() -> None:
    assert number(12345.678, 1) == "12,345.7"
    assert number(12345.678, 1, "id") == "12.345,7"
    assert number(-0.04, 1) == "0.0"
    assert signed(0.04, 1) == "0.0"
    assert signed(0.06, 1) == "+0.1"
    assert signed(-3, 0) == "−3"


def test_shares_and_points() -> None:
    assert percent(0.174) == "17.4 %"
    assert percent(0.174, lang="id") == "17,4 %"
    assert points(-0.0085) == "−0.85 points"
    assert points(0.0085, lang="id") == "+0,85 poin"
    assert in_hundred(0.87) == "87 of 100 futures"
    assert in_hundred(0.87, "id") == "87 dari 100 kemungkinan"
    assert percent(math.nan) == points(None) == in_hundred(math.nan) == "–"


@pytest.mark.parametrize(
    ("count", "english", "indonesian"),
    [
        (1, "1 month", "1 bulan"),
        (18, "18 months", "18 bulan"),
        (12, "12 months", "12 bulan"),
        (60, "5 years", "5 tahun"),
    ],
)
def test_lengths_of_time(count: int, english: str, indonesian: str) -> None:
    assert months(count) == english
    assert months(count, "id") == indonesian


@pytest.mark.parametrize(
    ("value", "unit", "level", "change"),
    [
        (0.0712, "share of persons", "7.1 %", "+7.12 points"),
        (1_412_300.0, "IDR/person/month", "Rp 1.412 million", "+Rp 1.412 million"),
        (60e9, "IDR", "Rp 60 billion", "+Rp 60 billion"),
        (1234.4, "household-years", "1,234", "+1,234"),
        (0.41234, "0-1", "0.412", "+0.4123"),
    ],
)
def test_quantities_follow_their_unit(value: float, unit: str, level: str, change: str) -> None:
    assert quantity(value, unit) == level
    assert quantity(value, unit, difference=True) == change


def test_an_interval_without_ends_is_silent() -> None:
    assert interval("1", "2") == "1 to 2"
    assert interval("–", "–") == ""
