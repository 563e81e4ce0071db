"""Quantities with units, in English and Indonesian."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empowersim.scenario import units
from empowersim.scenario.units import UnitError, number


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (units.BUDGET, "60 billion IDR/year", 60e9),
        (units.BUDGET, "Rp 12,5 miliar/tahun", 12.5e9),
        (units.BUDGET, "Rp60bn a year", 60e9),
        (units.BUDGET, "5 miliar rupiah per bulan", 60e9),
        (units.BUDGET, "5 miliar rupiah sebulan", 60e9),
        (units.BUDGET, "1.5e9 IDR/year", 1.5e9),
        (units.LINE, "690000 IDR/person/month", 690e3),
        (units.LINE, "Rp 690.000 per orang per bulan", 690e3),
        (units.LINE, "Rp. 690,000 / kapita / bln", 690e3),
        (units.LINE, "8.28 juta rupiah/orang/tahun", 690e3),
        (units.MONEY, "1.234.567 IDR", 1234567),
        (units.MONEY, "1,234,567.5 IDR", 1234567.5),
        (units.MONEY, "1.234.567,5 IDR", 1234567.5),
        (units.MONEY, "3.8 juta rupiah per peserta", 3.8e6),
        (units.MONEY_PER_MONTH, "60250 IDR/child/month", 60250),
        (units.MONEY_PER_MONTH, "1.2 million IDR/year", 1e5),
        (units.LENGTH, "2 years", 24),
        (units.LENGTH, "6 bulan", 6),
        (units.LENGTH, "1.5 tahun", 18),
        (units.DELAY, "0 months", 0),
        (units.SHARE, "30 %", 0.3),
        (units.SHARE, "30 persen", 0.3),
        (units.SHARE, "30 per cent", 0.3),
        (units.SHARE, "0,25", 0.25),
        (units.HAZARD, "1.2%/bulan", 0.012),
        (units.HAZARD, "12 %/year", 0.01),
        (units.RATE, "3 %/tahun", 0.03),
        (units.PLACES, "3.000 tempat/tahun", 3000),
        (units.PLACES, "250 places/month", 3000),
        (units.HOURS, "2.75 hours", 2.75),
    ],
)
def test_reads(kind: units.Kind, text: str, value: float) -> None:
    assert kind.read(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "text", "remedy"),
    [
        (units.BUDGET, "60 billion/year", "name the currency: IDR or Rp"),
        (units.BUDGET, "60 billion IDR", "say how often: /month or /year"),
        (units.BUDGET, "60 billion IDR/week", "'week' is not a unit known here"),
        (units.BUDGET, "60 IDR/year/month", "write one of /month and /year"),
        (units.BUDGET, "60 IDR/", "name the unit after the last / or per"),
        (units.BUDGET, "a lot", "write the number before 'a'"),
        (units.BUDGET, "", "write a number"),
        (units.BUDGET, "6 7 IDR/year", "write one number"),
        (units.BUDGET, "5 USD/year", "money is in rupiah (IDR): convert it at the price year of the scenario"),
        (units.BUDGET, "Rp 60 M/tahun", "'m' can mean million or miliar: write it out"),
        (units.BUDGET, "Rp 1.500 juta/tahun", "'1.500' can be read as 1.5 or 1500: write 1.5 or 1500"),
        (units.BUDGET, "Rp 1.5. juta/tahun", "'1.5.' is not a number"),
        (units.BUDGET, "Rp 1,23,4.5/tahun", "'1,23,4.5' mixes points and commas: write it without separators"),
        (units.BUDGET, "Rp 5 juta & lebih/tahun", "'&' has no meaning here"),
        (units.MONEY, "10 % IDR", "this cannot be a percentage"),
        (units.SHARE, "Rp 3", "this is not an amount of money"),
        (units.SHARE, "3 %/month", "'per month' does not fit here"),
        (units.SHARE, "1.1", "it must be between 0 and 1 (0 % and 100 %)"),
        (units.LENGTH, "6", "name the unit: months or years"),
        (units.LENGTH, "6 households", "'household' does not fit here"),
        (units.LENGTH, "0.5 months", "it must be between 1 month and 100 years"),
        (units.LENGTH, "2.5 months", "it must be a whole number"),
        (units.HOURS, "1,125 hours", "'1,125' can be read as 1.125 or 1125: write 1.125 or 1125"),
    ],
)
def test_refuses_with_a_remedy(kind: units.Kind, text: str, remedy: str) -> None:
    with pytest.raises(UnitError) as caught:
        kind.read(text)
    assert str(caught.value) == remedy


def test_unit_in_the_key() -> None:
    assert units.BUDGET.read("12e9", "_idr_per_year") == 12e9
    assert units.BUDGET.read("1", "_billion_idr_per_month") == 12e9
    assert units.BUDGET.read("12 billion", "_idr_per_year") == 12e9
    assert units.LENGTH.read("2", "_years") == 24
    assert units.SHARE.read("80", "_percent") == pytest.approx(0.8)
    with pytest.raises(UnitError, match="write a number alone"):
        units.BUDGET.read("12 IDR/year", "_idr_per_year")


@given(st.integers(0, 10**15))
def test_thousands_read_the_same_in_both_languages(amount: int) -> None:
    english = f"{amount:,}"
    indonesian = english.replace(",", ".")
    assert units.MONEY.read(f"{english} IDR") == amount
    assert units.MONEY.read(f"Rp {indonesian}") == amount
    assert units.MONEY.read(f"Rp {amount}") == amount


@given(st.integers(0, 10**6), st.integers(0, 99))
def test_decimals_read_the_same_in_both_languages(whole: int, hundredths: int) -> None:
    english = f"{whole:,}.{hundredths:02d}"
    indonesian = english.translate(str.maketrans(",.", ".,"))
    assert number(english) == number(indonesian) == float(f"{whole}.{hundredths:02d}")


@given(
    st.floats(0, 1e6, allow_nan=False).map(lambda x: round(x, 2)),
    st.sampled_from([("thousand", "ribu"), ("million", "juta"), ("billion", "miliar"), ("trillion", "triliun")]),
    st.sampled_from([("year", "tahun", 1), ("month", "bulan", 12)]),
)
def test_round_trip_through_words(amount: float, scale: tuple[str, str], period: tuple[str, str, int]) -> None:
    factor = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}[scale[0]]
    digits = f"{amount:.2f}"
    english = units.BUDGET.read(f"{digits} {scale[0]} IDR/{period[0]}")
    indonesian = units.BUDGET.read(f"Rp {digits.replace('.', ',')} {scale[1]}/{period[1]}")
    assert english == indonesian
    assert english == pytest.approx(float(digits) * factor * period[2], rel=1e-12)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    for kind in (units.BUDGET, units.SHARE, units.LENGTH):
        try:
            value = kind.read(text)
        except UnitError as error:
            assert str(error)  # noqa: PT017 - either way must hold
        else:
            assert kind.lower <= value <= kind.upper
