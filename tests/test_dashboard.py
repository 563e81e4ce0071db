"""The dashboard without a browser: uploads, choices, words, charts, files, the command, and the page's logic."""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import math
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

import empowersim as es
from empowersim.errors import PopulationError, ScenarioError, SimulationError
from empowersim.experiments.answer import Ceilings
from empowersim.experiments.live import Asked
from empowersim.experiments.live_file import Need
from empowersim.fronts import dashboard_cli, numbers, views_text
from empowersim.fronts.dashboard import charts, checks, deep, districts, drawing, files, options, state, tabs, words
from empowersim.fronts.dashboard.shared import live
from empowersim.fronts.dashboard.shown import Shown, look
from empowersim.fronts.dashboard.uploads import MOST_DEPTH, MOST_ROWS, Upload, scenario_of, stored_survey, survey_alone
from empowersim.fronts.labels import text
from empowersim.parameters.places import places

ROOT = Path(__file__).resolve().parents[1]
SMALL = Asked(households=300, months=24, futures=4, seed=1)
HOSTILE = '<img src=x onerror="alert(1)"> & $a_b$ **b** :red[x] {y}'
MEDAN = (ROOT / "scenarios" / "medan.yaml").read_bytes()


def small(monkeypatch) -> None:
    monkeypatch.setattr(state, "HOUSEHOLDS", SMALL.households)


@pytest.fixture(scope="module")
def session() -> state.Session:
    made = state.begin()
    made.months = 24
    return made


def shown_of(session: state.Session) -> Shown:
    asked = replace(SMALL, months=session.months)
    order = sorted(session.beside, key=lambda name: session.beside[name])
    policies = [session.mix, *(session.saved.get(name, name) for name in order)]
    scenario = session.file.read(session.file.text(policies, asked, reference=session.reference))
    slots = {session.mix.name: 0, **session.beside}
    return Shown(live().compare(scenario, asked), slots, session.mix.name, session.file.reference)


@pytest.fixture(scope="module")
def shown(session) -> Shown:
    return shown_of(session)


# ---------------------------------------------------------------- districts


def test_the_district_to_begin_with_is_the_scenario_of_the_study():
    made, filed = districts.district("medan_urban").scenario, es.load(ROOT / "scenarios" / "medan.yaml")
    assert list(made.policies) == list(filed.policies)
    for name, policy in made.policies.items():
        assert es.diff(policy, filed.policies[name]) == []
        assert policy.label == filed.policies[name].label
    assert replace(made.settings, households=20_000) == filed.settings


def test_every_place_of_the_library_has_a_district_in_both_languages():
    assert set(districts.names()) == set(places())
    assert districts.names()[0] == "medan_urban"
    for name in districts.names():
        file = districts.district(name)
        assert file.place.name == name if hasattr(file.place, "name") else True
        need = file.need(file.scenario.policies["balanced_mix"], 60)
        assert 0.5 < need.money / (1e5 * file.represents) < 1.5
        assert {text(f"dashboard.place.{name}", lang) for lang in ("en", "id")} == set(file.scenario.title.values())


# ---------------------------------------------------------------- uploads


def refused(content: bytes, name: str = "mine.yaml", survey: Upload | None = None) -> str:
    with pytest.raises((ScenarioError, PopulationError)) as error:
        scenario_of(Upload(name, content), survey)
    return str(error.value)


def test_an_uploaded_scenario_is_read_like_any_other():
    file = scenario_of(Upload("medan.yaml", MEDAN))
    assert file.scenario.digest == es.load(ROOT / "scenarios" / "medan.yaml").digest
    assert file.shown == "medan.yaml"


def test_what_is_wrong_is_told_with_line_and_key():
    said = refused(MEDAN.replace(b"discount_rate: 3 %/year", b"discount_rate: 3 metres"))
    assert re.search(r"mine\.yaml:27: base\.economics\.discount_rate: expected", said)
    said = refused(MEDAN.replace(b"adult_literacy: {budget: 60", b"adult_litercy: {budget: 60"))
    assert "did you mean adult_literacy?" in said
    assert "expected keys such as base:" in refused(b"- a\n- b\n")
    assert "well-formed YAML" in refused(b"a: [1,\nb: 2")
    assert refused(b"\xff\xfe\x00bad").startswith("mine.yaml:1: expected UTF-8 text")


def test_files_that_would_grow_or_reach_others_are_refused(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("hidden,words\n1,2\n", encoding="utf-8")
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    assert "mine.yaml:1: expected values written out, found an anchor (&a)" in refused(bomb)
    assert "found an alias" in refused(b"a: 1\nb: *a\n")
    assert f"at most {MOST_DEPTH} levels" in refused(b"a: " + b"[" * 100 + b"]" * 100)
    assert "at most 256 kB" in refused(b"#" * 300_000)
    assert "values" in refused(b"a: [" + b"1," * 30_000 + b"]")
    assert "expected a file that needs no other" in refused(f"extends: {secret}\n".encode() + MEDAN)
    reads = MEDAN.replace(
        b"  simulation:\n",
        b"  population: {survey: {file: SECRET, kind: households, headcount: 9 %, "
        b"columns: {household: a, size: b, consumption: c}}}\n  simulation:\n",
    )
    said = refused(reads.replace(b"SECRET", str(secret).encode()))
    assert "expected the survey file, uploaded too" in said
    assert "hidden" not in said


def test_names_of_uploads_are_only_shown():
    assert Upload("../../etc/x.yaml", b"").shown == "x.yaml"
    assert Upload("\\\\server\\a\\b.yaml", b"").shown == "b.yaml"
    assert Upload("a\x00\n\u202eb.yaml", b"").shown == "ab.yaml"
    assert Upload("", b"").shown == "upload"
    assert len(Upload("x" * 500 + ".yaml", b"").shown) == 80


def survey(rows: int = 240) -> bytes:
    lines = ["household,village,size,consumption,female_head"]
    lines += [f"{n},{n // 20},{1 + n % 6},{500 + 37 * (n * 7919 % 101)},{n % 4 == 0:d}" for n in range(rows)]
    return "\n".join(lines).encode()


def test_a_survey_alone_takes_the_rest_from_a_place():
    file = survey_alone(Upload("homes.csv", survey()), "medan_urban")
    made = live().compare(file.scenario, replace(SMALL, futures=2), policies=["balanced_mix"])
    assert made.households == 300
    share = 100 * sum(one.share * one.poverty_rate for one in places()["medan_urban"].regions)
    assert f"{share:.3g}" in f"{100 * file.scenario.survey.headcount:.3g}"
    with pytest.raises(PopulationError, match=r"other\.csv:1: expected columns named as ours .*found a, b"):
        survey_alone(Upload("other.csv", b"a,b\n1,2\n"), "medan_urban")


def test_a_survey_beside_a_scenario_is_the_one_that_is_read():
    said = MEDAN.replace(
        b"  simulation:\n",
        b"  population:\n    survey:\n      file: ../nowhere.csv\n      kind: households\n      headcount: 10 %\n"
        b"      columns: "
        b"{household: household, village: village, size: size, consumption: consumption}\n  simulation:\n",
    )
    file = scenario_of(Upload("s.yaml", said), Upload("homes.csv", survey()))
    assert file.represents == 610_000
    broken = survey().replace(b"\n3,0,4,", b"\n3,0,many,")
    assert "size" in refused(said, survey=Upload("homes.csv", broken))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", b"", "an empty file"),
        ("a.txt", b"x", r"ends with \.csv or \.parquet"),
        ("a.csv", b"a\n" * (MOST_ROWS + 2), "at most 100,000 rows"),
        ("a.csv", b"," * 3000 + b"\n", "2,000 columns"),
        ("a.csv", b"x" * (26 * 2**20), "at most 25 MB"),
        ("a.parquet", b"PAR1 no parquet at all PAR1", "a damaged one"),
        ("a.parquet", b"x", "expected a Parquet file, found other bytes"),
    ],
)
def test_surveys_are_counted_before_they_are_read(name, content, match):
    with pytest.raises(PopulationError, match=match):
        stored_survey(Upload(name, content))


def test_a_parquet_file_that_unpacks_to_millions_of_rows_is_refused_unread():
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({"a": np.zeros(3_000_000)}), stream, compression="zstd")
    assert len(stream.getvalue()) < 200_000
    with pytest.raises(PopulationError, match="found 3,000,000"):
        stored_survey(Upload("a.parquet", stream.getvalue()))


# ---------------------------------------------------------------- ceilings and choices


def test_ceilings_are_round_and_kept_by_the_ready_policies():
    file = districts.district("medan_urban")
    ceiling = checks.usual_ceiling(file)
    assert ceiling == checks.Ceiling(60e9, 200)
    for policy in file.scenario.policies.values():
        assert ceiling.kept(file.need(policy, 60))
    over = Need(money=60.4e9, mentors=1e9, posts=201)
    assert (ceiling.money_kept(over), ceiling.posts_kept(over), ceiling.kept(over)) == (False, False, False)
    assert checks.step_of(60e9) == 1e9
    assert checks.step_of(12e9) == 2e8
    assert checks.unit_of(60e9) == (1e9, "billion")
    assert checks.unit_of(1.5e9) == (1e6, "million")
    assert checks.unit_of(7e12) == (1e12, "trillion")


def test_a_session_begins_with_an_answer_within_its_ceilings():
    for place in districts.names():
        made = state.begin(place=place)
        policy = made.file.read(state.question(made).text).policies[made.mix.name]
        assert made.ceiling.kept(made.file.need(policy, made.months)), place
        assert made.beside == {"balanced_mix": 1}
        assert made.mix.posts > 0


def test_what_is_shown_keeps_its_slot():
    made = state.begin()
    assert state.save(made)
    state.set_posts(made, 50)
    assert state.save(made)
    assert made.beside == {"balanced_mix": 1, "mix_1": 2, "mix_2": 3}
    assert [one.label for one in made.saved.values()] == ["My mix", "My mix 2"]
    assert not state.save(made)
    state.show(made, ["mix_2", "mix_3"])
    assert made.beside == {"mix_2": 3, "mix_3": 1}
    state.forget_hidden(made)
    assert set(made.saved) == {"mix_2", "mix_3"}
    assert made.saved["mix_2"].posts == 50
    state.start_from(made, "mix_2")
    assert (made.mix.posts, made.mix.name) == (50, "mix_0")
    made.reference = "mix_2"
    state.show(made, ["mix_3"])
    assert made.reference == ""


def test_choices_are_whole_and_never_below_zero():
    made = state.begin()
    state.set_money(made, "tutoring", 2_500_000_000.4)
    state.set_money(made, "skills_training", -5)
    state.set_posts(made, 12.6)
    state.set_label(made, "  " + HOSTILE + "\n")
    assert (made.mix.of("tutoring"), made.mix.of("skills_training"), made.mix.posts) == (2_500_000_000, 0, 13)
    assert made.mix.label == HOSTILE
    state.set_language(made, "id")
    assert made.mix.label == HOSTILE
    state.set_label(made, "")
    assert made.mix.label == "Bauran saya"
    state.set_language(made, "en")
    assert made.mix.label == "My mix"
    other = state.go_to(made, "remote_islands")
    assert (other.lang, other.place, other.saved) == ("en", "remote_islands", {})


def test_a_question_is_firmed_up_only_as_long_as_it_is_the_same():
    made = state.begin()
    made.firm = (state.question(made).digest, 60)
    assert state.question(made).asked.futures == 60
    assert "replicates: 60" in state.question(made).text
    state.set_posts(made, 10)
    assert state.question(made).asked.futures == 20


# ---------------------------------------------------------------- words


def test_words_are_those_of_the_tables(shown):
    made, mix = shown.comparison, shown.mix
    said = words.verdict(shown, "en")
    mean = made.differences.one("mean", policy=mix, outcome="sustained_exits_won")
    low = made.differences.one("low", policy=mix, outcome="sustained_exits_won")
    assert numbers.number(low, 0) in said
    kind = "lifts" if low > 0 else "cannot be told apart"
    assert kind in said
    assert "No programme" in said
    figures = {what: figure for what, figure, _ in words.cards(shown, "en")}
    assert len(figures) == 5
    assert numbers.signed(mean, 0) in figures.values()
    assert numbers.quantity(made.outcomes.one("mean", policy=mix, outcome="cost"), "IDR") in figures.values()
    assert (
        numbers.in_hundred(made.outcomes.one("probability_best", policy=mix, outcome="poverty_gap")) in figures.values()
    )
    assert words.ranked(shown, "en") in views_text.verdict(shown.answer, "en")
    indonesian = words.verdict(shown, "id")
    assert "Tanpa program" in indonesian
    assert numbers.rupiah(made.outcomes.one("mean", policy=mix, outcome="cost"), "id") in indonesian


def told_with(shown: Shown, mean: float, low: float, high: float) -> str:
    table = shown.comparison.differences
    columns = {name: values.copy() for name, values in table.columns.items()}
    rows = (columns["policy"] == shown.mix) & (columns["outcome"] == "sustained_exits_won")
    for name, value in (("mean", mean), ("low", low), ("high", high)):
        columns[name][rows] = value
    tables = {**shown.comparison.tables, "differences": replace(table, columns=columns)}
    return words.verdict(replace(shown, comparison=replace(shown.comparison, tables=tables)), "en")


def test_the_verdict_is_honest(shown):
    assert "lifts 450 more households" in told_with(shown, 450, 300, 600)
    assert "(300 to 600)" in told_with(shown, 450, 300, 600)
    assert "cannot be told apart" in told_with(shown, 450, -3, 900)
    assert "450 fewer households" in told_with(shown, -450, -600, -300)
    assert "cannot be told apart" in told_with(shown, 450, math.nan, math.nan)


def test_ceilings_are_told_in_words():
    ceiling = checks.Ceiling(60e9, 200)
    need = Need(money=62.5e9, mentors=2e9, posts=210)
    assert words.over(need, ceiling, "en") == [
        "The mix asks for Rp 62.5 billion a year. That is Rp 2.5 billion over the ceiling of Rp 60 billion.",
        "The mix asks for 210 mentors. That is 10 over the ceiling of 200 posts.",
    ]
    assert words.over(need, ceiling, "id")[0] == (
        "Bauran ini memerlukan Rp 62,5 miliar per tahun, Rp 2,5 miliar melebihi pagu Rp 60 miliar."
    )
    assert words.over(Need(60e9, 0, 200), ceiling, "en") == []
    html = words.meters(need, ceiling, "en")
    assert html.count('role="meter"') == 2
    assert "Rp 2.5 billion over the ceiling" in html
    assert 'aria-valuenow="100"' in html
    assert "10 posts left" in words.meters(Need(30e9, 0, 190), ceiling, "en")


def test_markup_in_names_is_text(session):
    hostile = replace(session, mix=replace(session.mix, label=HOSTILE), beside={}, saved={})
    made = shown_of(hostile)
    page = words.paragraph(words.verdict(made, "en")) + words.cards_html(words.cards(made, "en"))
    chart = charts.difference(made, "poverty_gap", "en")
    page += words.table_html(chart.title, chart.heads, chart.rows) + words.alert([HOSTILE])
    assert "<img" not in page
    assert "&lt;img" in page
    # in a chart it is a value of data, never part of an expression
    spec = json.dumps(chart.spec)
    assert HOSTILE in [row["policy"] for row in chart.spec["data"]["values"]]
    assert "expr" not in spec
    assert not re.search(r'"(filter|test|calculate)": "[^"]*img', spec)


def test_labels_of_widgets_are_no_markdown():
    assert words.plain("![x](http://a.b/c.png) :red[y] `z`") == r"\!\[x\](http\://a.b/c.png) \:red\[y\] \`z\`"
    assert words.plain("Bantuan sosial (PKH), tahap 1") == "Bantuan sosial (PKH), tahap 1"


def test_the_first_screen_is_prepared(monkeypatch):
    small(monkeypatch)
    from empowersim.fronts.dashboard.shared import prepare

    prepare("en", None)
    made = state.begin()
    said = state.question(made, head=files.head(made.file.shown))
    assert live().missing(live().plan(made.file.read(said.text), said.asked)) == 0


def test_two_policies_of_one_name_are_told_apart(session):
    twins = replace(session, mix=replace(session.mix, label="Balanced mix"), beside={"balanced_mix": 1}, saved={})
    made = shown_of(twins)
    assert [made.name(name, "en") for name in made.ordered] == ["Balanced mix", "Balanced mix (2)", "No programme"]
    # what somebody typed is not translated unless it is the bundled name
    assert made.name("balanced_mix", "id") == "Campuran seimbang"


# ---------------------------------------------------------------- charts


def test_the_fan_shows_the_bands_of_the_tables(shown):
    made = charts.fan(shown, "poverty_headcount", "en")
    rows = made.spec["data"]["values"]
    mix = [row for row in rows if row["policy"] == shown.name(shown.mix, "en")]
    table = shown.comparison.bands.where(policy=shown.mix, measure="poverty_headcount")
    assert [row["q50"] for row in mix] == [100 * value for value in table["q50"].tolist()]
    assert [row["q95"] for row in mix] == [100 * value for value in table["q95"].tolist()]
    other = [row for row in rows if row["policy"] == "Balanced mix"]
    assert other
    assert all("q05" not in row for row in other)
    assert made.spec["layer"][2]["encoding"]["y"]["scale"]["zero"] is True
    assert made.rows[0][1] in made.alt


def test_differences_show_the_table(shown):
    for outcome in ("poverty_gap", "sustained_exits_won", "cost"):
        made = charts.difference(shown, outcome, "en")
        factor = {"poverty_gap": 100, "cost": 1e-9}.get(outcome, 1)
        for row, name in zip(made.spec["data"]["values"], shown.ordered, strict=False):
            one = shown.comparison.differences.where(policy=name, outcome=outcome)
            assert row["mean"] == pytest.approx(factor * float(one["mean"][0]), rel=1e-12)
            assert numbers.in_hundred(float(one["probability_better"][0])) in row["said"]
    changes = charts.change_over_time(shown, "poverty_gap", "id")
    assert changes.rows[0][1] == "Tahun 1"
    assert len(changes.rows) == 2 * len(shown.comparison.others)


def test_a_policy_has_one_look_on_the_screen_and_in_the_report(session):
    from empowersim.fronts.plots import styles

    gap = replace(session, beside={"skills_training": 3}, saved={}, reference="")
    made = shown_of(gap)
    colours = styles(made.answer.comparison)
    for name in made.comparison.others:
        assert colours[name].colour == made.look(name).colour
    assert made.look("skills_training") == look(3)
    assert made.look("no_programme").dash == look(None).dash
    against = shown_of(replace(gap, reference="skills_training"))
    assert styles(against.answer.comparison)[against.mix].colour == look(0).colour
    assert against.ordered[-1] == "skills_training"
    domain = charts.fan(made, "poverty_gap", "en").spec["layer"][2]["encoding"]["color"]["scale"]
    assert dict(zip(domain["domain"], domain["range"], strict=True))["Skills training"] == look(3).colour


def test_labels_at_line_ends_do_not_lie_on_each_other():
    made = charts._apart({"a": 1.0, "b": 1.01, "c": 1.02, "d": 5.0}, 0.5, 5.0)
    heights = sorted(made.values())
    assert all(upper - lower >= 0.5 - 1e-12 for lower, upper in itertools.pairwise(heights))
    crowded = charts._apart(dict.fromkeys("abcd", 5.0), 0.5, 5.0)
    assert max(crowded.values()) == 5.0
    assert sorted(crowded.values()) == [3.5, 4.0, 4.5, 5.0]


@pytest.mark.parametrize("lang", ["en", "id"])
def test_every_chart_says_itself_and_has_its_numbers(session, shown, lang):
    mixes = {session.mix.name: session.mix}
    made = [
        charts.fan(shown, "poverty_gap", lang),
        charts.difference(shown, "poverty_gap", lang),
        tabs.mix_chart(shown, session.file, mixes, {session.mix.name: 12e9}, lang),
        tabs.money_chart(shown, lang, 60e9),
        tabs.hours_chart(shown, lang),
        *(tabs.who_chart(shown, dimension, lang) for dimension in tabs.DIMENSIONS),
        *(tabs.places_chart(shown, figure, lang) for figure in tabs.VILLAGE_FIGURES),
    ]
    for chart in made:
        assert len(chart.alt) > 10
        assert chart.rows
        assert all(len(row) == len(chart.heads) for row in chart.rows)
        text_of = json.dumps(chart.spec, ensure_ascii=False, allow_nan=False)
        assert "http" not in text_of
        assert chart.spec["config"]["locale"]["number"]["decimal"] == ("." if lang == "en" else ",")


def test_the_curve_and_the_tornado_are_drawn_as_they_were_simulated(session, shown):
    scenario = session.file.read(session.file.text([session.mix, "balanced_mix"], SMALL))
    found = live().curve(scenario, session.mix.name, SMALL)
    made = tabs.curve_chart(found, "poverty_gap", shown, "en")
    assert [row["name"] for row in made.spec["data"]["values"]] == ["50 %", "75 %", "100 %", "150 %", "200 %"]
    at = made.spec["data"]["values"][2]
    whole = shown.comparison.differences.one("mean", policy=session.mix.name, outcome="poverty_gap")
    assert at["mean"] == pytest.approx(100 * whole, rel=1e-12)
    steps = []
    storm = deep.storm(
        scenario,
        session.mix.name,
        "balanced_mix",
        "poverty_gap",
        ["literacy"],
        replace(SMALL, futures=2),
        lambda done, total, what: steps.append((done, total)),
    )
    assert steps[-1][0] == steps[-1][1] == 1 + 2 * len(storm.bars)
    drawn = tabs.tornado_chart(storm, shown, "id")
    assert len(drawn.rows) == len(storm.bars)
    assert {row[1] for row in drawn.rows} <= {"A", "B", "C"}
    assert deep.topics()[0] == "mentoring"
    for topic in deep.topics():
        assert text(f"dashboard.topic.{topic}", "id")


def test_bars_put_parts_in_greys_that_alternate():
    assert len(set(drawing._SHADES)) == len(drawing._SHADES)


# ---------------------------------------------------------------- files


def test_the_table_to_take_along_holds_the_numbers_of_the_tables(shown):
    for semicolon in (False, True):
        content = tabs.csv_of(shown, semicolon=semicolon)
        assert content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";" if semicolon else ","))
        found = {(row["kind"], row["policy"], row["outcome"]): row for row in rows}
        for kind in ("outcomes", "differences"):
            table = shown.comparison.table(kind)
            for policy, outcome, mean in zip(*(table[c].tolist() for c in ("policy", "outcome", "mean")), strict=True):
                said = found[kind, policy, outcome]["mean"].replace(",", ".")
                assert (said == "" and math.isnan(mean)) or float(said) == mean


def test_cells_that_a_spreadsheet_would_run_are_texts():
    assert tabs._cell("=1+1", ",") == "'=1+1"
    assert tabs._cell("@x", ",") == "'@x"
    assert tabs._cell("-cmd", ",") == "'-cmd"
    assert tabs._cell("-1.5", ",") == "-1.5"
    assert tabs._cell('a "b", c', ",") == '"a ""b"", c"'


def test_file_names_are_plain():
    assert files.names("medan")["scenario"] == "medan_mix.yaml"
    assert files.names("../<x>")["report"] == "x_mix.html"
    assert files.names("//")["excel"] == "scenario_mix.xlsx"
    assert all("\n" not in line for line in files.head("a\nb: c.yaml"))


def test_report_and_workbook_hold_what_the_screen_shows(session, shown):
    pytest.importorskip("empowersim.fronts.report")
    scenario = session.file.read(session.file.text([session.mix, "balanced_mix"], SMALL))
    answer = replace(shown.answer, scenario=scenario, ceilings=Ceilings(60e9, 200))
    page = files.report(answer, "medan_mix.yaml", "id").decode()
    cost = shown.comparison.outcomes.one("mean", policy=shown.mix, outcome="cost")
    assert numbers.rupiah(cost, "id") in page
    assert '<html lang="id"' in page
    assert "medan_mix.yaml" in page
    pytest.importorskip("empowersim.fronts.excel")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(files.excel(answer, "medan_mix.yaml", "en")))
    values = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(isinstance(value, (int, float)) and abs(value - cost) <= 1e-14 * cost for value in values)


# ---------------------------------------------------------------- the command


def parsed(*arguments: str) -> argparse.Namespace:
    class Commands:
        def __init__(self, inner) -> None:
            self.inner = inner

        def add_parser(self, name, **keywords):
            keywords.pop("examples")
            return self.inner.add_parser(name, **keywords)

    parser = argparse.ArgumentParser()
    dashboard_cli.add_dashboard(Commands(parser.add_subparsers()))
    return parser.parse_args(["dashboard", *arguments])


def served(*arguments: str) -> tuple[list[str], dict]:
    found = []
    assert dashboard_cli.run_dashboard(parsed(*arguments), lambda handed, said: found.append((handed, said))) == 0
    return found[0]


def test_the_command_listens_to_this_machine_only_and_tells_nobody(capsys):
    handed, said = served("--no-browser")
    assert said["server.address"] == "127.0.0.1"
    assert said["browser.gatherUsageStats"] is False
    assert said["server.fileWatcherType"] == "none"
    assert said["runner.magicEnabled"] is False
    assert said["client.toolbarMode"] == "minimal"
    assert said["server.maxUploadSize"] == 26
    assert options.from_arguments(handed) == {"lang": "en", "file": None}
    assert f"http://127.0.0.1:{said['server.port']}" in capsys.readouterr().out
    handed, _ = served(str(ROOT / "scenarios" / "medan.yaml"), "--lang", "id", "--no-browser")
    keywords = options.from_arguments(handed)
    assert keywords["lang"] == "id"
    assert keywords["file"]().scenario.name == "medan"
    served("--host", "0.0.0.0", "--no-browser")
    assert "there is no password" in capsys.readouterr().err


def test_the_command_says_what_is_wrong_before_it_serves(tmp_path, monkeypatch):
    broken = tmp_path / "broken.yaml"
    broken.write_text("empowersim: 1\nname: x\nbse: 1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"broken\.yaml:3: bse: .*did you mean base\?"):
        served(str(broken))
    with pytest.raises(SimulationError, match="expected with a scenario FILE"):
        served("--survey", "x.csv")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimulationError, match=f"--port {port} at 127.0.0.1: cannot be listened to"):
            served("--port", str(port))
    with pytest.raises(SystemExit):
        parsed("--port", "70000")
    monkeypatch.setattr(dashboard_cli, "find_spec", lambda name: None)
    with pytest.raises(SimulationError, match=r"pip install 'empowersim\[dashboard\]'"):
        served()


def test_options_are_known_to_streamlit():
    config = pytest.importorskip("streamlit.config")
    known = config._config_options_template
    assert set(dashboard_cli.options("127.0.0.1", 8501)) <= set(known)


# ---------------------------------------------------------------- the page, without a browser


def page() -> None:
    from empowersim.fronts.dashboard.page import show

    show()


@pytest.fixture
def app(monkeypatch):
    testing = pytest.importorskip("streamlit.testing.v1")
    small(monkeypatch)
    made = testing.AppTest.from_function(page, default_timeout=120)
    return made.run()


def html_of(app) -> str:
    assert not app.exception, [one.value for one in app.exception]
    return "\n".join(str(one.proto.body) for one in app.get("html"))


def test_the_first_screen_answers_before_any_click(app):
    said = html_of(app)
    assert 'class="verdict" role="status"' in said
    assert said.count("<li>") == 5
    assert 'role="alert"' not in said
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) >= 2
    assert app.slider(key="slide_skills_training").value == 12.0
    assert app.number_input(key="exact_skills_training").value == 12.0


def test_slider_and_number_box_are_one_amount_and_the_answer_follows(app):
    before = html_of(app)
    app.slider(key="slide_skills_training").set_value(2.0).run()
    assert app.number_input(key="exact_skills_training").value == 2.0
    app.number_input(key="exact_adult_literacy").set_value(3.456).run()
    assert app.slider(key="slide_adult_literacy").value == pytest.approx(3.456)
    after = html_of(app)
    assert after != before
    mix = app.session_state["_session"].mix
    assert dict(mix.money)["adult_literacy"] == 3_456_000_000
    used = float(re.search(r"Money a year: Rp ([0-9.]+) billion of Rp 60 billion", after).group(1))
    # the rest of the money is the mentors'
    assert 29.456 + 6 < used < 29.456 + 12
    app.number_input(key="exact_posts").set_value(0).run()
    assert app.slider(key="slide_posts").value == 0
    assert "Mentors: 0 of 200 posts" in html_of(app)


def test_a_broken_ceiling_is_told_and_the_last_result_is_kept_as_such(app):
    verdict = re.search(r'class="verdict"[^>]*>([^<]*)<', html_of(app)).group(1)
    app.number_input(key="exact_skills_training").set_value(30.0).run()
    said = html_of(app)
    assert 'role="alert"' in said
    assert "over the ceiling of Rp 60 billion" in said
    assert "they are for the last mix within the ceilings (Rp 60 billion a year, 192 mentors)" in said
    assert re.search(r'class="verdict"[^>]*>([^<]*)<', said).group(1) == verdict
    app.button(key="fit").click().run()
    said = html_of(app)
    assert 'role="alert"' not in said
    assert re.search(r'class="verdict"[^>]*>([^<]*)<', said).group(1) != verdict
    assert app.number_input(key="exact_skills_training").value < 30.0


def test_languages_change_all_words_and_keep_all_choices(app):
    app.slider(key="slide_posts").set_value(77).run()
    app.text_input(key="label").set_value(HOSTILE).run()
    app.selectbox(key="lang").set_value("id").run()
    said = html_of(app)
    assert app.slider(key="slide_posts").value == 77
    assert "mengentaskan" in said or "tidak dapat dibedakan" in said
    assert "Uang per tahun: Rp " in said
    assert "documentElement.lang = 'id'" in said
    assert "&lt;img" in said
    assert "<img" not in said
    assert app.multiselect(key="beside").options[-1] == "Campuran dengan pendamping terbina"


def test_mixes_are_saved_and_shown_side_by_side(app):
    app.button(key="save").click().run()
    app.slider(key="slide_posts").set_value(60).run()
    app.button(key="save").click().run()
    assert app.multiselect(key="beside").value == ["balanced_mix", "mix_1", "mix_2"]
    assert len(app.session_state["_last"][0].policies) == 5
    app.button(key="save").click().run()
    assert "Three others are shown already" in html_of(app)
    app.multiselect(key="beside").set_value(["mix_2"]).run()
    app.button(key="forget").click().run()
    assert len(app.session_state["_last"][0].policies) == 3
    html_of(app)
    app.selectbox(key="reference").set_value("mix_2").run()
    html_of(app)


def test_firming_up_uses_more_futures_until_the_mix_changes(app):
    app.button(key="firm_60").click().run()
    assert "60 futures" in html_of(app)
    app.slider(key="slide_posts").set_value(60).run()
    assert "20 futures" in html_of(app)


def test_places_and_tabs_all_draw(app):
    app.selectbox(key="place").set_value("remote_islands").run()
    html_of(app)
    for lang in ("en", "id"):
        app.selectbox(key="lang").set_value(lang).run()
        for tab in ("mix", "money", "effect", "who", "change", "table"):
            app.session_state[f"tabs_{lang}"] = text(f"dashboard.tab.{tab}", lang)
            app.run()
            html_of(app)
