"""The decision analysis from a scenario file to tables, figures, files and the terminal: small runs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from empowersim.errors import ParameterError, SimulationError, StoreError
from empowersim.experiments.compare import compare
from empowersim.experiments.decide import decide as decide_with
from empowersim.experiments.decide_futures import passport_draws, weighted_draws
from empowersim.experiments.stopping import BATCH, FIRST
from empowersim.fronts import cli, decide_plots
from empowersim.fronts.decide_api import decide, parameter_draws
from empowersim.fronts.decide_cli import add_decide
from empowersim.fronts.decide_terminal import show_decision
from empowersim.fronts.terminal import console
from empowersim.parameters import passports
from empowersim.results.decision import read_decision, write_decision
from empowersim.results.decision_tables import DECISION_TABLES
from empowersim.results.tables import OUTCOMES

SCENARIO = """
empowersim: 1
name: tiny
title: {en: A tiny town, id: Kota kecil}
base:
  world: {place: medan_urban}
  simulation: {households: 200, months: 14, burn_in: 2 months, replicates: 6, seed: 5}
policies:
  no_programme: {label: {en: No programme, id: Tanpa program}}
  twin: {label: {en: The same again, id: Sama saja}}
  skills:
    label: {en: Skills training, id: Pelatihan keterampilan}
    programmes: {skills_training: {budget: 60 billion IDR/year}}
  literacy:
    label: {en: Literacy, id: Keaksaraan}
    programmes: {adult_literacy: {budget: 60 billion IDR/year}}
"""
CONSUMPTION = "mean_consumption"
ADD_EVIDENCE = cli.add_evidence


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decide") / "tiny.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plain(scenario):
    return decide(scenario, outcome=CONSUMPTION, threads=1)


@pytest.fixture(scope="module")
def full(scenario):
    return decide(
        scenario, outcome=CONSUMPTION, draws=5, draw_futures=3, world="both", threshold=1e8, replicates=4, threads=2
    )


def same(a, b, name):
    """Whether two decisions have the same bits in a table."""
    first, second = a.table(name), b.table(name)
    return all(
        np.array_equal(first[column], second[column], equal_nan=first[column].dtype.kind == "f")
        for column in first.columns
    )


# ---------------------------------------------------------------- what is found


def test_the_means_are_those_of_a_comparison(scenario, plain):
    comparison = compare(scenario, threads=1)
    for policy in plain.policies:
        ours = plain.table("ranking").where(policy=policy)
        theirs = comparison.tables["outcomes"].where(policy=policy, outcome=CONSUMPTION)
        assert [float(ours[name][0]) for name in ("mean", "low", "high")] == [
            float(theirs[name][0]) for name in ("mean", "low", "high")
        ]
        budget = comparison.tables["budget"].where(policy=policy, dimension="all")
        impact = plain.table("impact").where(policy=policy)
        assert impact["mean"].tolist() == budget["mean"].tolist()


def test_a_twin_is_as_good_and_costs_nothing(plain):
    rows = plain.table("ranking")
    best = {name: rows.where(policy=name)["probability_best"][0] for name in plain.policies}
    assert best["twin"] == best["no_programme"]
    pair = plain.table("pairs").where(policy="twin", against="no_programme")
    assert (str(pair["standing"][0]), float(pair["probability_better"][0])) == ("equal", 0.5)
    impact = plain.table("impact").where(policy="twin")
    assert not impact["extra"].any()
    assert sum(best.values()) == pytest.approx(1.0)


def test_probabilities_add_up(plain, full):
    for one in (plain, full):
        for world in one.worlds:
            ranks = one.table("ranks", world)
            for place in range(1, 5):
                assert ranks.where(rank=place)["probability"].sum() == pytest.approx(1.0)
            curve = one.table("acceptability", world)
            sums = [curve.where(threshold=at)["probability"].sum() for at in set(curve["threshold"].tolist())]
            assert sums == pytest.approx([1.0] * len(sums))


def test_results_do_not_depend_on_threads(scenario, full):
    again = decide(
        scenario, outcome=CONSUMPTION, draws=5, draw_futures=3, world="both", threshold=1e8, replicates=4, threads=1
    )
    assert again.run_id == full.run_id
    assert again.to_json() == full.to_json()
    assert all(same(again, full, name) for name in DECISION_TABLES)


def test_futures_added_are_the_futures_asked_for_at_once(scenario):
    stopped = decide(scenario, outcome=CONSUMPTION, settle=("skills", "no_programme"), most=60, threads=1)
    count = stopped.futures["no_trap"]
    assert count >= FIRST
    assert (count - FIRST) % BATCH == 0 or count == 60
    at_once = decide(scenario, outcome=CONSUMPTION, replicates=count, threads=1)
    for name in ("ranking", "ranks", "futures", "increments", "acceptability", "impact"):
        assert same(stopped, at_once, name)
    looks = stopped.table("looks")
    assert sorted(set(looks["futures"].tolist())) == list(range(FIRST, count + 1, BATCH))
    pair = stopped.table("pairs").where(policy="skills", against="no_programme")
    assert np.isfinite(pair["sequence_low"]).all()
    if stopped.met["no_trap"]:
        assert float(pair["sequence_low"][0]) > 0 or float(pair["sequence_high"][0]) < 0


def test_until_reaches_the_width_asked_for(scenario):
    width = 40_000.0
    found = decide(scenario, outcome=CONSUMPTION, policies=["skills", "literacy"], until=width, most=60, threads=1)
    assert found.goal == "until"
    last = found.table("looks").where(futures=found.futures["no_trap"])
    assert set(last["policy"].tolist()) == {"skills", "literacy"}
    halves = (last["high"] - last["low"]) / 2
    assert found.met["no_trap"] == bool((halves <= width).all())


def test_not_settled_is_said_with_how_many_more(scenario):
    found = decide(scenario, outcome=CONSUMPTION, settle=("twin", "no_programme"), most=21, threads=1)
    assert (found.met["no_trap"], found.needed["no_trap"]) == (False, None)
    text = shown(found)
    assert "Not settled after 21 futures" in text
    assert "that allows no forecast" in " ".join(text.split())


def test_a_population_too_large_for_memory_is_streamed(scenario, plain, monkeypatch):
    monkeypatch.setattr("empowersim.experiments.compare.POOLED_HOUSEHOLDS", 100)
    streamed = decide(scenario, outcome=CONSUMPTION, threads=1)
    for name in ("mean", "low", "high"):
        assert streamed.table("ranking")[name] == pytest.approx(plain.table("ranking")[name], rel=1e-6)


def test_an_outcome_without_a_value_is_refused(scenario, monkeypatch):
    nothing = [float("nan")] * len(OUTCOMES)
    monkeypatch.setattr("empowersim.experiments.decide_futures.outcome_values", lambda *_: nothing)
    with pytest.raises(SimulationError, match="to have a value under every policy"):
        decide(scenario, replicates=2, threads=1)


def test_one_future_is_certain_of_nothing(scenario, tmp_path):
    found = decide(scenario, outcome=CONSUMPTION, replicates=1, threads=1)
    assert np.isnan(found.table("ranking")["probability_best"]).all()
    assert np.isnan(found.table("acceptability")["probability"]).all()
    assert any("One future" in note for note in found.notes)
    assert "in the one future simulated" in " ".join(shown(found).split())
    assert decide_plots.save_decision_figures(found, tmp_path)


# ---------------------------------------------------------------- parameter draws


def test_a_draw_that_changes_nothing_gives_what_the_file_gives(scenario):
    """One draw with the shipped values: the means over its futures are those of the plain run."""
    name = "kin_sharing"
    draws = weighted_draws("passports", [{name: passports()[name].value}], [3.0])
    found = decide_with(scenario, outcome=CONSUMPTION, draws=draws, draw_futures=6, threads=1)
    rows = found.table("draws")
    for policy in found.policies:
        value = rows.where(policy=policy)["value"][0]
        assert value == pytest.approx(float(found.table("ranking").where(policy=policy)["mean"][0]), rel=1e-12)
    assert not found.table("information")["evpi"].any()


def test_both_worlds_stand_side_by_side(full):
    assert full.worlds == ("no_trap", "trap")
    for name in ("ranking", "regret", "increments", "information", "partial", "impact"):
        assert set(full.table(name)["world"].tolist()) == {"no_trap", "trap"}
    assert full.table("ranking", "trap")["mean"].tolist() != full.table("ranking", "no_trap")["mean"].tolist()
    regret = full.table("regret", "trap")
    assert (regret["expected"] >= 0).all()
    assert (regret["largest"] >= regret["regret_high"]).all()
    assert regret["share_best"].sum() == pytest.approx(1.0)
    assert full.partial_threshold == {"no_trap": 1e8, "trap": 1e8}


def test_the_first_draws_of_more_are_the_same(full):
    few, many = parameter_draws(5), parameter_draws(9)
    assert few.values == many.values[:5]
    assert few.weights == pytest.approx([one / sum(many.weights[:5]) for one in many.weights[:5]])
    assert full.effective_draws == few.effective
    assert parameter_draws(0) is None
    assert len(parameter_draws(10_000).values) == 60


def test_passport_draws_lie_in_their_bounds():
    draws = passport_draws(400, seed=3)
    known = passports()
    assert "trap" not in draws.names
    assert not any(known[name].topic in {"survey", "outcomes"} for name in draws.names)
    assert passport_draws(2, seed=3, names=["independence_line"]).names == ("independence_line",)
    columns = np.array([list(one.values()) for one in draws.values])
    low, high = (np.array([getattr(known[name], end) for name in draws.names]) for end in ("lower", "upper"))
    scaled = (columns - low) / (high - low)
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    # means of 400 uniforms: six standard errors for all of them together
    assert np.abs(scaled.mean(axis=0) - 0.5).max() < 6 / np.sqrt(12 * 400)
    assert passport_draws(3, seed=3, names=["kin_sharing"]).values[2] == {"kin_sharing": draws.values[2]["kin_sharing"]}


def test_what_the_file_sets_is_not_varied(scenario):
    from empowersim.scenario.load import load

    loaded = load(scenario)
    fixed = replace(loaded, parameters={"kin_sharing": 0.1})
    draws = passport_draws(3, seed=1, names=["kin_sharing"])
    found = decide_with(fixed, outcome=CONSUMPTION, draws=draws, draw_futures=2, replicates=2, threads=1)
    values = found.table("draws").where(policy="skills")["value"]
    assert len(set(values.tolist())) == 1
    assert any("kin_sharing" in note for note in found.notes)
    assert not len(found.table("partial"))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"outcome": "poverty_head"}, "did you mean poverty_headcount"),
        ({"outcome": "cost_per_sustained_exit"}, "outcome: expected"),
        ({"settle": ("skills", "skils")}, "did you mean skills"),
        ({"settle": ("skills",)}, "two policies, as A,B, or best"),
        ({"until": 0.1, "settle": "best"}, "either until or settle"),
        ({"until": -1.0}, "above 0"),
        ({"until": 0.1, "replicates": 5}, "cap them with most"),
        ({"policies": ["no_programme"]}, "a decision needs a choice"),
        ({"level": 1.5}, "0.95 is usual"),
        ({"threshold": 0.0}, "threshold: expected rupiah above 0"),
        ({"draws": 3, "parameters": ["kin_sharing"]}, "name them with passports"),
        ({"draws": 3, "uncertain": "passport"}, "did you mean passports"),
        ({"draws": 3, "uncertain": "passports", "parameters": ["kin_sharin"]}, "did you mean kin_sharing"),
        ({"draws": -1}, "draws: expected a whole number"),
        ({"effect": "year"}, "did you mean years"),
    ],
)
def test_what_is_asked_wrongly_is_named(scenario, asked, said):
    with pytest.raises(SimulationError) as error:
        decide(scenario, **asked)
    assert said in str(error.value)


def test_draws_are_checked():
    with pytest.raises(ParameterError, match="bounds"):
        weighted_draws("mine", [{"kin_sharing": 99.0}], [1.0])
    with pytest.raises(SimulationError, match="same parameters"):
        weighted_draws("mine", [{"kin_sharing": 0.1}, {"advice_fade": 0.1}], [1.0, 1.0])
    with pytest.raises(SimulationError, match="weights"):
        weighted_draws("mine", [], [])


# ---------------------------------------------------------------- files, figures, terminal


def test_what_is_written_is_read_back(full, tmp_path):
    files = write_decision(full, tmp_path, extra=decide_plots.save_decision_figures)
    names = {path.name for path in files}
    assert {"provenance.json", "decision_pairs.parquet", "plane-trap.png", "partial-no_trap.png"} <= names
    assert "looks-trap.png" not in names
    again = read_decision(tmp_path)
    assert again.to_json() == full.to_json()
    assert all(same(again, full, name) for name in DECISION_TABLES)
    (tmp_path / "decision_pairs.parquet").write_bytes(b"not parquet")
    with pytest.raises(StoreError, match="decision_pairs"):
        read_decision(tmp_path)


def test_figures_take_axes_and_speak_two_languages(full, plain, scenario):
    from matplotlib.figure import Figure

    for drawing in (decide_plots.plane, decide_plots.acceptability, decide_plots.ranks, decide_plots.partial):
        axes = Figure().subplots()
        assert drawing(full, "trap", lang="id", ax=axes) is axes
        assert axes.get_title(loc="left")
        drawing(full).figure.canvas.draw()
    with pytest.raises(ValueError, match="needs parameter draws"):
        decide_plots.partial(plain)
    with pytest.raises(ValueError, match="until or settle"):
        decide_plots.looks(plain)
    watched = decide(scenario, outcome=CONSUMPTION, settle="best", most=20, threads=1)
    if len(watched.table("looks")):
        decide_plots.looks(watched).figure.canvas.draw()


def shown(found, **asked):
    out = io.StringIO()
    show_decision(found, console(out), **asked)
    return out.getvalue()


def test_the_terminal_says_the_answer(plain, full):
    text = shown(plain)
    assert "Which is best" in text
    assert f"“{plain.label(plain.best())}” is best" in " ".join(text.split())
    assert "uncertain" not in text
    assert "100 %" not in text, "no number of futures makes a probability certain"
    both = shown(full, everything=True)
    assert "with a poverty trap" in both
    assert "least expected regret" in " ".join(both.split())
    assert "pure noise" not in both
    assert max(len(line) for line in both.splitlines()) <= 100


def test_json_is_plain_and_small(full):
    document = json.loads(full.to_json())
    assert document["best"]["trap"] == full.best("trap")
    assert document["tables"]["ranking"][0]["policy"] == "no_programme"
    assert "futures" not in document["tables"]
    assert document["tables"]["increments"]


def run(monkeypatch, capsys, *arguments):
    """The command line with the command `decide`, in this process."""
    if not hasattr(cli, "add_decide"):
        monkeypatch.setattr(cli, "add_evidence", lambda commands: (ADD_EVIDENCE(commands), add_decide(commands)))
    code = cli.main(["decide", *map(str, arguments)])
    return code, capsys.readouterr()


def test_the_command(monkeypatch, capsys, scenario, tmp_path):
    out = tmp_path / "out"
    asked = (scenario, "--outcome", CONSUMPTION, "--replicates", 3, "--threads", 1, "--out", out)
    code, said = run(monkeypatch, capsys, *asked)
    assert code == 0, said.err
    assert "Written to" in said.out
    assert (out / "plane.png").stat().st_size > 1000
    code, said = run(monkeypatch, capsys, *asked, "--json")
    assert code == 0
    assert json.loads(said.out)["run_id"] == read_decision(out).run_id
    code, said = run(monkeypatch, capsys, *asked, "--draws", 2)
    assert (code, "--force" in said.err) == (2, True)
    code, said = run(monkeypatch, capsys, scenario, "--settle", "skills")
    assert (code, "two policies" in said.err) == (2, True)
    code, said = run(monkeypatch, capsys, "--help")
    assert (code, "examples:" in said.out) == (0, True)
