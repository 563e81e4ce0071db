"""What each factor accounts for: tables by hand, then real ablations of a tiny scenario."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from helpers_runs import make_factors, toy
from hypothesis import given
from hypothesis import strategies as st

import empowersim
from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.factors import ANALYSED, ablate, plan_factors, tables_of
from empowersim.fronts import cli, factor_terminal, plots
from empowersim.results.factors import HEADLINES, rank_changes
from empowersim.results.store import read_comparison, read_factors, write_comparison, write_factors
from empowersim.results.tables import FACTOR_TABLES

SCENARIO = """
empowersim: 1
name: NAME
title: {en: A tiny place, id: Tempat kecil}
base:
  world: {place: PLACE}
  simulation: {households: 300, months: 14, burn_in: 3 months, replicates: 3, seed: 5}
policies:
  no_programme: {label: {en: No programme, id: Tanpa program}}
  mentored:
    label: {en: Skills and mentors, id: Keterampilan dan pendamping}
    programmes: {skills_training: {budget: 60 billion IDR/year}}
    mentors: {budget: 20 billion IDR/year, type: contract, visits: 2 visits/month}
  alone:
    label: {en: Skills alone, id: Keterampilan saja}
    programmes: {skills_training: {budget: 60 billion IDR/year}}
"""
SIZES = {"replicates": 2, "households": 300}
SOME = ("distance", "illness", "burnout", "register_errors", "kin_sharing", "low_attendance")
"""Factors that act on travel, villages, mentors, programmes and parameters."""

STEPS = {
    "rain": [(0.10, 0.04), (0.12, 0.05), (0.11, 0.06)],
    "leader": [(-0.20, -0.01), (-0.21, 0.01), (-0.19, 0.0)],
    "noise": [(0.30, 0.0), (-0.30, 0.0), (0.01, 0.0)],
    "nothing_at_all": [(0.0, 0.0)] * 3,
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("town"), "town", "medan_urban")


@pytest.fixture(scope="module")
def islands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("islands"), "islands", "remote_islands")


def written(folder: Path, name: str, place: str, more: str = "") -> Path:
    path = folder / f"{name}.yaml"
    text = SCENARIO.replace("NAME", name).replace("PLACE", place).replace("policies:", f"{more}policies:")
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------- by hand


def test_a_contribution_is_the_value_with_minus_the_value_without() -> None:
    row = make_factors(STEPS).table("factors").where(factor="rain", outcome="poverty_gap")
    found = {name: float(row[name][0]) for name in ("with_factor", "without", "mean", "effect", "relative")}
    assert found == pytest.approx(
        {"with_factor": 0.5, "without": 0.39, "mean": 0.11, "effect": 0.05, "relative": 0.5 / 0.39}
    )
    # t of 2 degrees of freedom, standard deviation 0.01
    half = 4.302653 * 0.01 / math.sqrt(3)
    assert (row["low"][0], row["high"][0]) == pytest.approx((0.11 - half, 0.11 + half))
    assert row["direction"].tolist() == ["inhibits"]


def test_factors_are_ranked_by_size_and_told_from_zero_or_not() -> None:
    table = make_factors(STEPS)
    ranked = table.contributions("poverty_headcount")
    assert [one.factor for one in ranked] == ["leader", "rain", "noise", "nothing_at_all"]
    assert [one.status for one in ranked] == ["measurable", "measurable", "not_measurable", "idle"]
    assert table.contributions("voice", "effect")[0].factor == "rain"
    assert [one.measurable("effect") for one in table.contributions("voice", "effect")] == [True, False, False, False]
    assert (table.unmeasurable(), table.idle()) == (("noise",), ("nothing_at_all",))
    assert table.to_dict()["ranking"]["poverty_gap"] == ["leader", "rain"]
    assert table.effect("say") == pytest.approx(-0.1)
    with pytest.raises(KeyError, match="no outcome 'happiness'; there are poverty_headcount"):
        table.contributions("happiness")


def test_what_does_not_exist_without_clients_comes_last_and_is_null() -> None:
    cube = np.full((2, 2, len(ANALYSED)), 0.4)
    cube[1] = 0.3
    cube[:, :, ANALYSED.index("visits_per_client")] = math.nan
    directions = {"rain": "inhibits"}
    table = make_factors({"rain": [(0.1, 0.0)] * 2}, tables=tables_of(("rain",), directions, [cube, cube]))
    one = table.contributions("visits_per_client")[0]
    assert (math.isnan(one.mean), one.status) == (True, "idle")
    assert table.to_dict()["factors"]["rain"]["outcomes"]["visits_per_client"]["mean"] is None
    assert table.idle() == ()
    assert set(HEADLINES) <= set(ANALYSED)


def test_changes_of_rank_by_hand() -> None:
    first = make_factors({"a": [(0.3, 0)] * 2, "b": [(0.2, 0)] * 2, "c": [(0.1, 0)] * 2})
    second = make_factors({"a": [(0.1, 0)] * 2, "b": [(0.2, 0)] * 2, "c": [(0.0, 0)] * 2, "d": [(0.9, 0)] * 2})
    changes = {one.factor: one for one in rank_changes(first, second, "poverty_gap")}
    ranks = {name: (one.rank_first, one.rank_second, one.change) for name, one in changes.items()}
    # d is first in the second; what is not ranked counts as one place below the last
    assert ranks == {"a": (1, 3, -2), "b": (2, 2, 0), "c": (3, None, -1), "d": (None, 1, 3)}
    assert list(changes) == ["d", "a", "c", "b"]
    assert changes["d"].first is None
    assert all(one.change == 0 for one in rank_changes(first, first, "poverty_gap"))


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=6), st.lists(st.floats(-1, 1), min_size=2, max_size=6))
def test_ranks_are_a_count_and_changes_mirror(a: list[float], b: list[float]) -> None:
    first, second = (
        make_factors({f"f{n}": [(value, 0.0), (value, 0.0)] for n, value in enumerate(values)}) for values in (a, b)
    )
    there = {one.factor: one for one in rank_changes(first, second, "say")}
    back = {one.factor: one for one in rank_changes(second, first, "say")}
    ranks = sorted(one.rank_first for one in there.values() if one.rank_first is not None)
    assert ranks == list(range(1, len(ranks) + 1))
    assert {name: one.change for name, one in there.items()} == {name: -one.change for name, one in back.items()}


# ---------------------------------------------------------------- simulated


def test_the_world_without_a_factor_is_that_of_a_scenario_which_switches_it_off(islands: Path) -> None:
    table = ablate(islands, "mentored", factors=SOME, threads=1, **SIZES)
    assert table.factors == tuple(name for name in table.factors if name in SOME)
    assert set(table.factors) == set(SOME)
    for name in SOME:
        off = written(islands.parent, f"without_{name}", "remote_islands")
        off.write_text(off.read_text().replace("  simulation:", f"  factors: {{off: [{name}]}}\n  simulation:"))
        compared = empowersim.compare(off, policies=["mentored"], threads=1, **SIZES)
        rows = table.table("factor_futures").where(factor=name)
        for outcome in ("poverty_gap", "mean_consumption", "visits_per_client", "trust", "cost"):
            own = rows.where(outcome=outcome)["value"]
            there = compared.futures.where(policy="mentored", outcome=outcome)["value"]
            np.testing.assert_array_equal(own, there, err_msg=f"{name} {outcome}")
            reference = compared.futures.where(policy="no_programme", outcome=outcome)["value"]
            np.testing.assert_array_equal(rows.where(outcome=outcome)["reference"], reference)


def test_with_all_factors_it_is_the_scenario_itself(town: Path) -> None:
    table = ablate(town, factors=["illness"], threads=1, **SIZES)
    assert table.policy == "mentored"
    compared = empowersim.compare(town, policies=["mentored"], threads=1, **SIZES)
    for outcome in ANALYSED:
        whole = table.table("factor_futures").where(factor="", outcome=outcome)["value"]
        there = compared.futures.where(policy="mentored", outcome=outcome)["value"]
        np.testing.assert_array_equal(whole, there, err_msg=outcome)
    assert table.effect("poverty_gap") == pytest.approx(
        compared.differences.one("mean", policy="mentored", outcome="poverty_gap"), abs=1e-12
    )


def test_mentors_factors_are_idle_for_a_policy_without_mentors(town: Path) -> None:
    table = ablate(town, "alone", factors=["distance", "burnout", "illness"], threads=1, **SIZES)
    assert table.idle() == ("distance", "burnout")
    entry = table.to_dict()["factors"]["distance"]["outcomes"]["poverty_headcount"]
    assert (entry["mean"], entry["low"], entry["high"], entry["status"]) == (0, 0, 0, "idle")
    assert table.contributions("health")[0].factor == "illness"
    assert table.contributions("health")[0].mean < 0


def test_distance_takes_visits_on_islands_and_not_in_town(town: Path, islands: Path) -> None:
    far, near = (
        ablate(path, factors=["distance"], threads=1, **SIZES).contributions("visits_per_client")[0]
        for path in (islands, town)
    )
    assert far.mean < -0.1
    assert far.relative < 0.9
    assert abs(near.mean) < 0.1 * abs(far.mean)


def test_threads_change_nothing_and_factors_may_come_alone(town: Path) -> None:
    both = ablate(town, factors=["illness", "register_errors"], threads=1, **SIZES)
    assert ablate(town, factors=["register_errors", "illness"], threads=2, **SIZES).to_json() == both.to_json()
    alone = ablate(town, factors=["register_errors"], threads=1, **SIZES)
    assert alone.contributions("poverty_gap") == [
        one for one in both.contributions("poverty_gap") if one.factor == "register_errors"
    ]
    assert alone.run_id != both.run_id


def test_factors_that_the_scenario_switches_off_are_not_taken_away_again(tmp_path: Path) -> None:
    path = written(tmp_path, "off", "medan_urban")
    path.write_text(path.read_text().replace("  simulation:", "  factors: {off: [illness, theft]}\n  simulation:"))
    made = plan_factors(path, replicates=1, households=100)
    assert not {"illness", "theft"} & set(made.factors)
    assert len(made.factors) > 20
    table = ablate(path, factors=["illness", "distance"], replicates=1, households=100)
    assert (table.factors, set(table.already_off)) == (("distance",), {"illness", "theft"})


def test_wrong_names_are_told_before_anything_runs(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("empowersim.engine.simulate.simulate", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(SimulationError, match=r"policy: expected a policy of the file.*did you mean mentored"):
        ablate(town, "mentord")
    with pytest.raises(SimulationError, match=r"factors: expected a factor.*did you mean distance"):
        ablate(town, factors=["distanc"])
    with pytest.raises(SimulationError, match="households: expected a whole number of 1 or more, found 0"):
        ablate(town, households=0)


# ---------------------------------------------------------------- kept and shown


def test_round_trip_keeps_every_number(tmp_path: Path) -> None:
    table = make_factors(STEPS)
    files = write_factors(table, tmp_path / "out", extra=lambda made, folder: plots.save_tornado(made, folder) and None)
    assert sorted(path.name for path in files) == sorted(
        [*(f"{name}.parquet" for name in FACTOR_TABLES), "provenance.json", "tornado.png"]
    )
    back = read_factors(tmp_path / "out")
    assert back.to_json() == table.to_json()
    assert back.to_arrow("factors").schema.field("mean").metadata[b"unit"] == b"row"
    assert len(back.to_pandas()) == len(STEPS) * len(ANALYSED)
    with pytest.raises(StoreError, match="holds results of other inputs"):
        write_factors(make_factors(STEPS, seed=2), tmp_path / "out")


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_comparison(toy(2), tmp_path / "compared")
    with pytest.raises(StoreError, match="expected key factor_analysis, found none; write such results with factors"):
        read_factors(tmp_path / "compared")
    write_factors(make_factors(STEPS), tmp_path / "factors")
    with pytest.raises(StoreError, match="expected key comparison, found none"):
        read_comparison(tmp_path / "factors")


def shown(function: object, *arguments: object, width: int = 80, **options: object) -> str:
    from rich.console import Console

    out = io.StringIO()
    at = next(place for place, value in enumerate(arguments) if value is None)
    console = Console(file=out, width=width, highlight=False, no_color=True)
    function(*arguments[:at], console, *arguments[at + 1 :], **options)  # type: ignore[operator]
    return out.getvalue()


def test_terminal_ranks_in_plain_words_and_folds() -> None:
    table = make_factors(STEPS)
    for width in (80, 100, 160):
        text = shown(factor_terminal.show_factors, table, None, "poverty_headcount", width=width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
    plain = " ".join(text.split())
    assert "2 of 4 factors move the poverty rate (P0) measurably; most of all: “leader (en)” −20.00 points" in plain
    assert "Nothing measurable on any of these outcomes (intervals hold zero): noise (en)." in plain
    assert "Not at work here (without them every figure is the same): nothing_at_all (en)." in plain
    # rain is called an inhibitor, and raises poverty; leader a support, and lowers it
    assert "against their name" not in plain
    assert "“mix (en)” changes the poverty rate (P0) by −10.00 points against “nothing (en)”" in plain
    assert "it would be −15.00 points without “rain (en)”" in plain
    assert "noise" not in text.split("\n\n")[1]
    everything = shown(factor_terminal.show_factors, table, None, "poverty_headcount", everything=True)
    assert "noise (en)" in everything
    assert "(+0.33" in everything


def test_a_single_future_ranks_but_is_sure_of_nothing() -> None:
    table = make_factors({name: steps[:1] for name, steps in STEPS.items()})
    plain = " ".join(shown(factor_terminal.show_factors, table, None, "poverty_headcount").split())
    assert "3 of 4 factors move the poverty rate (P0) in the one future simulated; most of all: “noise (en)”" in plain
    assert "ask for more replicates" in plain
    assert "Nothing measurable" not in plain
    none = factor_terminal.sentences(make_factors({"a": [(0.0, 0.0)] * 2}), "voice")
    assert none[0] == "No factor changes the voice measurably."
    assert factor_terminal.factor_grids(make_factors({"a": [(0.0, 0.0)] * 2}), 80, "voice") == []


def test_a_support_that_hinders_is_said_to() -> None:
    table = make_factors({"rain": [(-0.1, 0.0)] * 3, "leader": [(0.1, 0.0)] * 3})
    said = factor_terminal.sentences(table, "poverty_gap")
    assert "against their name (a support that hinders, or the reverse): rain (en); leader (en)." in " ".join(said)


def test_two_rankings_side_by_side_say_what_moved() -> None:
    first = make_factors(STEPS, scenario="town")
    second = make_factors(
        {**STEPS, "leader": [(0.0, 0.0)] * 3, "rain": [(0.4, 0.0), (0.41, 0.0), (0.42, 0.0)]}, scenario="islands"
    )
    text = shown(factor_terminal.show_two, first, second, None, "poverty_headcount")
    plain = " ".join(text.split())
    assert "The rankings differ: 2 of 4 factors change rank." in plain
    assert "it is more in islands for “rain (en)” (rank 2 to rank 1)" in plain
    assert "it is less in islands for “leader (en)” (rank 1 to not measurable)" in plain
    assert "nothing_at_all" not in text
    same = factor_terminal.change_sentences(first, first, "poverty_headcount")
    assert same == ["The factors rank the same on the poverty rate (P0) in both."]


def test_tornado_draws_the_largest_on_top_with_its_interval() -> None:
    table = make_factors(STEPS)
    axes = plots.tornado(table, "poverty_headcount")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["leader (en)", "rain (en)", "noise (en)"]
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([-20, 11, 1 / 3])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    # pale: cannot be told from zero
    assert [bar.get_alpha() for bar in axes.patches] == [1.0, 1.0, 0.3]
    leader = table.contributions("poverty_headcount")[0]
    assert any(
        np.allclose(line.get_xdata(), [100 * leader.low, 100 * leader.high])
        for line in axes.lines
        if len(line.get_xdata()) == 2
    )
    colours = [bar.get_facecolor()[:3] for bar in axes.patches]
    assert colours[0] != colours[1]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["factor helps", "factor hinders"]
    assert len(plots.tornado(table, "poverty_headcount", most=1).patches) == 1
    assert "dampak" in plots.tornado(table, "poverty_headcount", of="effect", lang="id").get_title(loc="left")
    idle = plots.tornado(make_factors({"a": [(0.0, 0.0)] * 2}), "voice")
    assert [text.get_text() for text in idle.texts] == ["no factor changes it"]


def test_command_line_prints_ranks_writes_and_compares(
    town: Path, islands: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ["--replicates", "2", "--households", "300", "--threads", "1", "--factors", "distance,illness,burnout"]
    assert cli.main(["factors", str(town), *sizes, "--out", str(tmp_path / "one")]) == 0
    text = capsys.readouterr().out
    assert "A tiny place, “Skills and mentors”: 2 futures, 300 households standing for 610,000, 14 months" in text
    assert "tornado.png" in text
    assert cli.main(["factors", str(town), *sizes, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == read_factors(tmp_path / "one").to_dict()
    assert document["policy"] == "mentored"
    both = ["factors", f"{town}:mentored", str(islands), *sizes, "--outcome", "visits_per_client"]
    assert cli.main([*both, "--out", str(tmp_path / "two")]) == 0
    text = capsys.readouterr().out
    assert "Which factors matter: visits to a client" in text
    assert {path.name for path in (tmp_path / "two").iterdir()} == {"town", "islands"}
    assert cli.main([*both, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {one["factor"] for one in document["rank_changes"]} == {"distance", "illness", "burnout"}
    assert document["second"]["scenario"] == "islands"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--outcome", "povety_gap"], "--outcome: expected one of the outcomes"),
        (["--policy", "alon"], "did you mean alone?"),
        (["--factors", "distanc"], "did you mean distance?"),
        (["--replicates", "0"], "replicates: expected a whole number of 1 or more, found 0"),
        (["--of", "sum"], "invalid choice: 'sum'"),
        (["--of", "effect", "--policy", "no_programme"], "--of effect: expected a policy other than the reference"),
    ],
)
def test_wrong_wishes_are_told_in_one_sentence(
    town: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["factors", str(town), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_two_analyses_of_one_kind_cannot_share_a_folder(
    town: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["factors", str(town), str(town), "--out", str(tmp_path)]) == 2
    assert "expected two scenarios or two policies, found town.mentored twice" in capsys.readouterr().err
