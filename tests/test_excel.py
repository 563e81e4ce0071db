"""The Excel file: cells are numbers with formats, equal to the engine's tables and to what the report shows."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import pytest

from empowersim.errors import StoreError
from empowersim.experiments.answer import Answer, Ceilings, answer, answer_of
from empowersim.fronts.excel import SHEETS, excel_path, write_excel

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")

FILE = "scenarios/medan.yaml"
DIGITS = 1e-15
"""Relative: the format keeps 16 digits, a float64 has up to 17."""


@pytest.fixture(scope="module")
def found() -> Answer:
    return answer(
        FILE,
        policies=["balanced_mix", "mix_mentors"],
        households=200,
        replicates=3,
        months=24,
        threads=2,
        ceilings=Ceilings(12e9, 40.0),
    )


def opened(answer: Any, lang: Any = "en") -> Any:
    buffer = io.BytesIO()
    write_excel(answer, buffer, lang)
    return openpyxl.load_workbook(io.BytesIO(buffer.getvalue()))


@pytest.fixture(scope="module")
def book(found: Answer) -> Any:
    return opened(found)


def rows(book: Any, sheet: str) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in book[sheet].iter_rows(min_row=2)]


def same(cell: Any, value: float) -> bool:
    return cell is None if not math.isfinite(value) else math.isclose(cell, value, rel_tol=DIGITS, abs_tol=0.0)


def test_sheets_and_frozen_heads(book):
    assert tuple(book.sheetnames) == SHEETS
    for sheet in SHEETS[1:]:
        assert book[sheet].freeze_panes == "A2"
        assert all(isinstance(cell.value, str) and cell.font.bold for cell in book[sheet][1])
        assert all(dimension.width >= 9 for dimension in book[sheet].column_dimensions.values())


@pytest.mark.parametrize(
    ("sheet", "table", "keys", "figures"),
    [
        ("results", "outcomes", ("policy", "outcome", "unit"), ("mean", "low", "high", "probability_best")),
        ("differences", "differences", ("policy", "outcome", "unit"), ("mean", "low", "high", "probability_better")),
        ("money", "budget", ("policy", "unit", "year"), ("mean", "low", "high", "discounted")),
        ("mentors", "mentors", ("policy", "figure", "unit"), ("mean", "low", "high")),
    ],
)
def test_every_number_is_that_of_the_tables(found, book, sheet, table, keys, figures):
    stored = found.comparison.tables[table]
    told = rows(book, sheet)
    heads = [cell.value for cell in book[sheet][1]]
    kept = [at for at in range(len(stored)) if sheet != "differences" or stored["policy"][at] != "no_programme"]
    assert len(told) == len(kept) > 0
    places = {"policy": 0, "outcome": 2, "figure": 2, "unit": heads.index("unit"), "year": 4}
    first = heads.index("difference from the reference" if sheet == "differences" else "mean")
    for at, row in zip(kept, told, strict=True):
        for key in keys:
            # a month of the poverty line is written out
            assert row[places[key]] == (told_unit(str(stored[key][at])) if key == "unit" else stored[key][at])
        for place, figure in enumerate(figures):
            assert same(row[first + place], float(stored[figure][at])), (row, figure)


def told_unit(unit: str) -> str:
    words = {"share of the line": "share of the poverty line", "L": "months of the poverty line"}
    return words.get(unit, unit)


def test_reach_holds_winners_errors_and_places(found, book):
    made = found.comparison
    told = {(row[0], row[2], row[4]): row[6] for row in rows(book, "reach")}
    for policy in made.others:
        for figure in ("inclusion_error", "exclusion_error"):
            assert same(told[policy, figure, "all"], made.reach.one("mean", policy=policy, figure=figure))
        better = made.winners.one("mean", policy=policy, dimension="quintile", group="1", figure="better")
        assert same(told[policy, "better", "fifth 1 (1 = poorest)"], better)
        served = made.access.one("mean", policy=policy, item="all", figure="served")
        assert same(told[policy, "served", "all"], served)


def test_cells_are_numbers_with_formats_and_never_formulas(book):
    for sheet in SHEETS:
        for row in book[sheet].iter_rows(min_row=2):
            for cell in row:
                assert cell.data_type in ("n", "s"), cell.coordinate
                # a unit may be 1, and digests of digits are words
                if isinstance(cell.value, str) and sheet not in ("inputs", "provenance") and cell.value != "1":
                    assert not cell.value.replace(".", "", 1).lstrip("-").isdigit(), cell.coordinate
    sheet = book["results"]
    shapes = {row[4].value: row[5].number_format for row in sheet.iter_rows(min_row=2)}
    assert shapes["share of persons"] == "0.00%"
    assert shapes["IDR"] == "#,##0"
    assert {row[8].number_format for row in sheet.iter_rows(min_row=2) if row[8].value is not None} == {"0.00%"}


def test_assumptions_have_sources_and_grades(found, book):
    from empowersim.fronts.api import sources

    figures = sources(found.scenario)
    told = rows(book, "assumptions")
    assert [row[0] for row in told[: len(figures)]] == [figure["name"] for figure in figures]
    assert [row[4] for row in told[: len(figures)]] == [figure["confidence"] for figure in figures]
    assert all(row[5] for row in told[: len(figures)])
    assert len(told) == len(figures) + len(found.comparison.notes)


def test_the_same_answer_gives_the_same_bytes(found):
    first, second = io.BytesIO(), io.BytesIO()
    write_excel(found, first)
    write_excel(found, second)
    assert first.getvalue() == second.getvalue()


def test_indonesian_words_and_the_same_numbers(found, book):
    other = opened(found, "id")
    assert tuple(other.sheetnames) == SHEETS
    heads = [cell.value for cell in other["results"][1]]
    assert {"kebijakan", "satuan", "rata-rata"} <= set(heads)
    assert [row[5:9] for row in rows(other, "results")] == [row[5:9] for row in rows(book, "results")]
    units = {row[4] for row in rows(other, "results")}
    assert "bagian dari penduduk" in units
    assert not {unit for unit in units if unit.startswith(("share", "IDR", "household"))}
    assert {row[1] for row in rows(other, "results")} == {
        "Tanpa program",
        "Campuran seimbang",
        "Campuran dengan pendamping",
    }


@pytest.mark.parametrize(
    "name", ["=cmd()", "+1+1", "-1", "@SUM(A1)", "http://example.org", "<b>&", "a\x07\nb", "x" * 40_000]
)
def test_hostile_names_are_strings(found, name):
    made = replace(found.comparison, labels={policy: {"en": name} for policy in found.comparison.policies}, title=name)
    told = opened(answer_of(made))
    for row in told["results"].iter_rows(min_row=2):
        assert row[1].data_type == "s"
        assert len(row[1].value) <= 32_767
        assert row[1].hyperlink is None
    if name.isprintable() and len(name) < 100:
        assert told["results"]["B2"].value == name


def test_report_and_excel_say_the_same(found, book):
    import html
    import re

    from empowersim.fronts import numbers
    from empowersim.fronts.report import report_html

    text = html.unescape(re.sub(r"<[^>]+>", " ", report_html(found)))
    for row in rows(book, "differences"):
        if row[2] in ("poverty_headcount", "poverty_gap"):
            assert numbers.points(row[5], 2) in text
        if row[2] == "cost":
            assert numbers.rupiah(row[5]) in text


def test_what_cannot_be_written_is_told(found, tmp_path):
    with pytest.raises(StoreError, match=r"expected a name that ends in \.xlsx, found no ending"):
        excel_path("report")
    with pytest.raises(StoreError, match="can be written"):
        write_excel(found, tmp_path / "nowhere" / "report.xlsx")
    assert list(tmp_path.iterdir()) == []
    write_excel(found, tmp_path / "report.xlsx")
    assert openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames == list(SHEETS)
