"""The report says what the tables say, in both languages; markup is text; the same answer gives the same bytes."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from empowersim.errors import StoreError
from empowersim.experiments.answer import Answer, Ceilings, answer, answer_of
from empowersim.experiments.budget_curve import BudgetCurve, budget_curve
from empowersim.experiments.tornado import tornado
from empowersim.fronts import numbers, views
from empowersim.fronts.cli import main
from empowersim.fronts.report import CONTENTS, report_html
from empowersim.fronts.report_checklists import CHEERS, ODD
from empowersim.fronts.report_html import escaped
from empowersim.fronts.views_text import sentence, verdict
from empowersim.results.store import write_comparison
from empowersim.results.tables import EXITS
from empowersim.scenario.load import load

FILE = "scenarios/medan.yaml"
POLICIES = ["balanced_mix", "mix_mentors"]
SIZES = {"households": 300, "replicates": 4, "months": 24, "threads": 2}
LANGUAGES = ("en", "id")
CHARTS = [*views.VIEWS, "fan", "fan", *["difference"] * 3]
"""P0, P1 and P2 over time, and differences in four outcomes."""
HOSTILE = '<script>alert(1)</script> & "=cmd()" $x_1$ \x07\n' + "long " * 60


@pytest.fixture(scope="module")
def plain() -> Answer:
    return answer(FILE, policies=POLICIES, **SIZES)


@pytest.fixture(scope="module")
def whole(plain: Answer) -> Answer:
    """An answer with curve and tornado (small ones), its scenario, and ceilings."""
    small = {"households": 200, "months": 12, "threads": 2}
    curve: BudgetCurve = budget_curve(FILE, "balanced_mix", sizes=(0.5, 1.0, 2.0), replicates=2, **small)
    storm = tornado(FILE, "mix_mentors", "balanced_mix", parameters=["kin_sharing", "job_finding"], futures=2, **small)
    return replace(plain, curve=curve, tornado=storm, ceilings=Ceilings(40e9, 500.0))


@pytest.fixture(scope="module")
def pages(whole: Answer) -> dict[str, str]:
    return {lang: report_html(whole, lang) for lang in LANGUAGES}


def shown(page: str) -> str:
    """Text of a page without tags."""
    bare = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", bare))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_file_without_scripts_below_a_megabyte(pages, lang):
    page = pages[lang]
    assert len(page.encode()) < 1_000_000
    assert page.startswith(f'<!DOCTYPE html>\n<html lang="{lang}">')
    assert "<script" not in page.lower()
    assert not re.search(r"\son\w+=", page)
    assert not re.search(r'(src|href)="(?!#)', re.sub(r'xlink:href="#', 'href="#', page).replace('xmlns:xlink="', ""))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_chart_has_title_description_and_numbers(pages, lang):
    page = pages[lang]
    charts = re.findall(r"<figure>(.*?)</figure>", page, flags=re.DOTALL)
    assert len(charts) == page.count("<svg") == len(CHARTS)
    for chart in charts:
        title, words = (re.search(rf"<{tag} id=[^>]*>([^<]+)</{tag}>", chart) for tag in ("title", "desc"))
        assert title is not None
        assert title[1].strip()
        assert words is not None
        assert len(words[1]) > len("a few words")
        assert "<details>" in chart
        assert "<table>" in chart


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ids_are_unique_and_links_lead_somewhere(pages, lang):
    ids = re.findall(r'\sid="([^"]+)"', pages[lang])
    assert len(ids) == len(set(ids))
    asked = set(re.findall(r'href="#([^"]+)"', pages[lang])) | set(re.findall(r"url\(#([^)]+)\)", pages[lang]))
    assert asked <= set(ids)
    assert set(CONTENTS) <= set(ids)
    named = {name for group in re.findall(r'aria-labelledby="([^"]+)"', pages[lang]) for name in group.split()}
    assert named <= set(ids)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_figures_are_those_of_the_tables_and_of_the_terminal(whole, pages, lang):
    text = shown(pages[lang])
    made = whole.comparison
    leader = whole.ranking[0]
    level = made.outcomes.one("mean", policy=leader, outcome="poverty_headcount")
    assert numbers.percent(level, 1, lang) in text
    for outcome in ("poverty_headcount", "poverty_gap"):
        change = made.differences.one("mean", policy=leader, outcome=outcome)
        assert numbers.points(change, 2, lang) in text
    assert numbers.signed(made.differences.one("mean", policy=leader, outcome=EXITS), 0, lang) in text
    assert numbers.rupiah(made.outcomes.one("mean", policy=leader, outcome="cost"), lang) in text
    for said in verdict(whole, lang):
        assert said in text
    for view in views.VIEWS:
        assert sentence(whole, view, lang) in text
    error = made.reach.one("mean", policy=leader, figure="exclusion_error")
    assert numbers.percent(error, 1, lang) in text


def test_the_language_is_switched_whole(pages):
    english, indonesian = shown(pages["en"]), shown(pages["id"])
    for words in (
        "Not a forecast",
        "What would change the answer",
        "better in",
        "months since the start",
        "households",
    ):
        assert words in english
    for words in ("Bukan ramalan", "Apa yang dapat mengubah kesimpulan", "lebih baik dalam", "bulan sejak awal"):
        assert words in indonesian
    # what stays English is marked as English: sources and meanings of figures, studies, commands
    marked = re.sub(r'<tbody lang="en">.*?</tbody>', "", pages["id"], flags=re.DOTALL)
    marked = re.sub(r"<pre.*?</pre>", "", marked, flags=re.DOTALL)
    left = shown(marked)
    for words in (" of 100 futures", " years ", "better off", "difference", "percentage points", " billion", "policy"):
        assert words not in left, words


def test_axes_of_indonesian_charts_have_no_english_points(pages):
    ticks = re.findall(r"<text[^>]*>(?:<[^>]+>)*([^<]*)</text>", pages["id"])
    assert ticks
    assert [tick for tick in ticks if re.fullmatch(r"[−-]?\d+\.\d+", tick)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_answer_gives_the_same_bytes(whole, pages, lang):
    assert report_html(whole, lang) == pages[lang]


def test_hostile_names_are_text(plain):
    made = replace(
        plain.comparison, title=HOSTILE, labels={name: {"en": HOSTILE} for name in plain.comparison.policies}
    )
    page = report_html(answer_of(made))
    assert "<script" not in page
    assert "\x07" not in page
    assert escaped("<script>alert(1)</script>") in page
    assert page.count("<svg") == len(CHARTS) - len(("curve", "tornado", "grades"))


def test_what_was_not_done_is_said(plain):
    text = shown(report_html(plain.comparison))
    assert text.count("Not done for this report") == 2 + 1  # curve, tornado, and the tornado's line of CHEERS
    assert "Their list needs the scenario file" in text
    assert "No ceilings were named" in text


def test_one_policy_and_one_future(plain):
    lone = answer(FILE, policies=["no_programme"], households=200, replicates=1, months=12)
    text = shown(report_html(lone))
    assert "A single policy was simulated" in text
    assert "a single future says nothing of uncertainty" in text


def test_ceilings_are_kept_or_broken_in_words(whole):
    rows = whole.table("meters")
    assert set(rows["standing"].tolist()) == {"within", "over"}
    assert sentence(whole, "meters") in shown(report_html(whole))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_checklists_are_whole(pages, lang):
    assert len(CHEERS) == 28
    assert len(ODD) == 17
    assert {section for _, section in (*CHEERS, *ODD)} <= {*CONTENTS, "top", ""}
    for caption, items in (("CHEERS 2022", CHEERS), ("ODD+D", ODD)):
        part = re.search(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", pages[lang], flags=re.DOTALL)
        assert part
        rows = re.findall(r"<tr><th scope=\"row\">", part[1])
        assert len(rows) == len(items)


def test_every_figure_in_use_has_its_source(whole, pages):
    from empowersim.fronts.api import sources

    for figure in sources(whole.scenario):
        assert escaped(figure["source"]) in pages["en"]
        assert f'<th scope="row">{escaped(figure["name"])}</th>' in pages["en"]


def test_a_report_of_something_else():
    with pytest.raises(TypeError, match="expected an Answer or a Comparison, found dict"):
        report_html({})


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(plain, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    write_comparison(plain.comparison, folder)
    return folder


def test_a_folder_of_results_gives_the_report_of_its_scenario(stored, plain, tmp_path, capsys):
    target = tmp_path / "report.html"
    assert main(["report", str(stored), "--scenario", FILE, "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == report_html(
        answer_of(plain.comparison, scenario=load(FILE)), file=FILE
    )
    assert str(target) in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_scenario_file_is_compared_first(plain, tmp_path):
    target = tmp_path / "laporan.html"
    asked = ["--policies", ",".join(POLICIES), "--households", "300", "--replicates", "4", "--months", "24"]
    assert main(["report", FILE, *asked, "--lang", "id", "-o", str(target), "--excel", str(tmp_path / "l.xlsx")]) == 0
    assert target.read_text(encoding="utf-8") == report_html(plain, "id", file=FILE)
    assert (tmp_path / "l.xlsx").stat().st_size > 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["nowhere.yaml"], "nowhere.yaml: expected a folder of results or a scenario file"),
        (["{stored}", "--replicates", "5"], "expected a scenario file with --replicates"),
        (["{stored}", "--deep"], "--deep: expected the scenario to simulate"),
        (["{stored}", "--scenario", "scenarios/remote-islands.yaml"], "scenario"),
        (["{stored}", "-o", "report.pdf"], "expected a name that ends in .html"),
        (["{stored}", "-o", "nowhere/report.html"], "expected a folder nowhere"),
        (["{stored}", "--excel", "report.csv"], "expected a name that ends in .xlsx, found .csv"),
        (["{stored}", "--ceiling", "12 billion"], "--ceiling: expected money a year"),
        (["{stored}", "--ceiling", "12 billion USD"], "money is in rupiah"),
        ([FILE, "--scenario", FILE], "--scenario: expected with a folder of results"),
    ],
)
def test_mistakes_are_told(asked, words, stored, capsys):
    given = [part.replace("{stored}", str(stored)) for part in asked]
    assert main(["report", *given]) == 2
    assert words in capsys.readouterr().err


def test_nothing_is_replaced_unasked(stored, tmp_path, capsys):
    target = tmp_path / "report.html"
    target.write_text("mine", encoding="utf-8")
    assert main(["report", str(stored), "-o", str(target)]) == 2
    assert "add --force" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "mine"
    assert main(["report", str(stored), "-o", str(target), "--force"]) == 0
    assert target.stat().st_size > len("mine")


def test_excel_without_its_extra(plain, monkeypatch):
    import sys

    from empowersim.fronts.excel import write_excel

    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(StoreError, match=r"pip install 'empowersim\[report\]'"):
        write_excel(plain, "unused.xlsx")
