"""Both worlds: `trap: both` in a file, a comparison in each world, and whether the answer changes."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from helpers_runs import make_comparison, make_run

from empowersim.errors import ScenarioError, SimulationError, StoreError
from empowersim.experiments import worlds as side_by_side
from empowersim.experiments.compare import compare, plan, simulate
from empowersim.experiments.factors import ablate
from empowersim.experiments.statistics import Estimate, t_interval
from empowersim.experiments.worlds import compare_worlds, plan_worlds, worlds_of, write_worlds
from empowersim.fronts import cli
from empowersim.fronts.api import cite, describe, diff, sources
from empowersim.fronts.terminal import console
from empowersim.fronts.world_terminal import show_worlds, world_verdict
from empowersim.results.store import read_comparison
from empowersim.results.tables import LEVELS, OUTCOMES, RATIOS
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.documents import BOTH
from empowersim.scenario.load import load, loads
from empowersim.scenario.schema_json import schema_json
from empowersim.scenario.worlds import in_world, worlds

ROOT = Path(__file__).resolve().parents[1]

TOWN = """
empowersim: 1
name: town
title: {en: A town, id: Kota}
base:
  world: {place: medan_urban, trap: TRAP}
  simulation: {households: 400, months: 24, burn_in: 6 months, replicates: 2, seed: 5}
policies:
  no_programme: {}
  skills:
    programmes: {skills_training: {budget: 60 billion IDR/year}}
  assets:
    programmes: {graduation_package: {budget: 60 billion IDR/year}}
"""


def town(trap: str) -> str:
    return TOWN.replace("TRAP", trap)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same file with each word for `trap`, and without the key."""
    folder = tmp_path_factory.mktemp("worlds")
    found = {}
    for word in ("both", "yes", "no"):
        found[word] = folder / f"{word}.yaml"
        found[word].write_text(town(word), encoding="utf-8")
    found["silent"] = folder / "silent.yaml"
    found["silent"].write_text(TOWN.replace(", trap: TRAP", ""), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def simulated(files: dict[str, Path]) -> side_by_side.Worlds:
    return compare_worlds(files["both"], threads=1)


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("word", "trap"), [("both", BOTH), ("keduanya", BOTH), ("Both", BOTH), ("yes", True), ("tidak", False)]
)
def test_a_file_says_yes_no_or_both(word: str, trap: object) -> None:
    assert loads(town(word)).world.trap is trap


@pytest.mark.parametrize("word", ["maybe", "2", "[yes, no]", "neither"])
def test_another_word_is_refused_with_line_and_key(word: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(town(word), "town.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.key, problem.expected) == (6, "base.world.trap", "yes, no or both")


def test_the_schema_for_editors_knows_it() -> None:
    import yaml

    validator = jsonschema.Draft202012Validator(schema_json())
    for word, valid in (("both", True), ("yes", True), ("maybe", False)):
        assert validator.is_valid(yaml.safe_load(town(word))) is valid, word


def test_a_file_with_both_is_two_scenarios_that_are_those_of_the_single_files(files: dict[str, Path]) -> None:
    both, yes, no, silent = (load(files[word]) for word in ("both", "yes", "no", "silent"))
    assert silent.digest == no.digest
    assert len({both.digest, yes.digest, no.digest}) == 3
    (first, without), (second, within) = worlds(both)
    assert (first, second) == ("no_trap", "trap")
    assert (without.world, within.world) == (no.world, yes.world)
    assert (without.digest, within.digest) == (no.digest, yes.digest)
    assert (plan(without).run_id, plan(within).run_id) == (plan(no).run_id, plan(yes).run_id)
    # a file that names its world asks for that one
    assert worlds(yes) == (("trap", yes),)
    assert worlds(silent) == (("no_trap", silent),)
    # and there and back is the same file
    assert in_world(in_world(yes, "both"), "trap").digest == yes.digest
    assert in_world(in_world(yes, "both"), "file") == in_world(yes, "both") == replace(both, path=yes.path)


def test_an_unknown_world_is_refused() -> None:
    with pytest.raises(SimulationError, match=r"world: expected one of no_trap, trap, both, file, found 'traps'"):
        in_world(loads(town("yes")), "traps")


@pytest.mark.parametrize(
    "use",
    [
        compare,
        simulate,
        plan,
        ablate,
        compile_scenario,
        lambda scenario: bool(scenario.world.trap),
    ],
    ids=["compare", "simulate", "plan", "ablate", "compile_scenario", "bool"],
)
def test_no_world_is_chosen_in_silence(use: object) -> None:
    with pytest.raises(SimulationError, match=r"base\.world\.trap: expected one world \(yes or no\), found both; add"):
        use(loads(town("both")))  # type: ignore[operator]


def test_check_and_diff_say_it_in_a_sentence() -> None:
    both, yes, no = (loads(town(word)) for word in ("both", "yes", "no"))
    (line,) = [line for line in describe(both) if "Two worlds" in line]
    assert line == (
        "Two worlds are compared, on the same random numbers: one in which productive assets return to the household's "
        "own level, and one in which they follow a curve with a poverty trap."
    )
    assert not [line for line in describe(no) if "trap" in line]
    assert [line for line in describe(yes) if "trap" in line] == [
        "Productive assets follow a curve with a poverty trap."
    ]
    assert diff(no, both) == ["poverty trap is off in the first and both off and on (two worlds) in the second."]
    assert diff(no, yes) == ["poverty trap is off in the first and on in the second."]


def test_cite_counts_the_figures_of_both_worlds_once_each() -> None:
    both, yes, no = (loads(town(word)) for word in ("both", "yes", "no"))

    def keys(scenario: object) -> list[tuple[str, str]]:
        return [(one["group"], one["name"]) for one in sources(scenario)]  # type: ignore[arg-type]

    found = keys(both)
    assert set(found) == {*keys(yes), *keys(no)}
    only_trap, only_no_trap = set(keys(yes)) - set(keys(no)), set(keys(no)) - set(keys(yes))
    assert ("parameter", "trap_threshold") in only_trap
    assert ("parameter", "asset_noise_sd") in only_no_trap
    assert len(found) == len(keys(no)) + len(only_trap)
    (switch,) = [one for one in sources(both) if one["name"] == "trap"]
    assert switch["value"] == "0 and 1"
    assert switch["source"].startswith("both worlds are asked for in scenario.yaml; ")
    assert cite(both).splitlines()[0] == f"town uses {len(found)} figures, in its two worlds together."
    assert "worlds" not in cite(no).splitlines()[0]


# ---------------------------------------------------------------- simulated


def test_each_world_is_to_the_last_bit_the_comparison_of_a_file_that_names_it(
    files: dict[str, Path], simulated: side_by_side.Worlds
) -> None:
    for world, word in (("no_trap", "no"), ("trap", "yes")):
        alone = compare(files[word], threads=2)
        here = simulated.comparisons[world]
        assert here.to_json() == alone.to_json()
        assert here.run_id == alone.run_id
        for name, table in alone.tables.items():
            for column, values in table.columns.items():
                assert here.tables[name][column].tobytes() == values.tobytes(), (world, name, column)


def test_both_worlds_start_alike_and_differ(simulated: side_by_side.Worlds) -> None:
    without, within = simulated.comparisons.values()
    assert without.run_id != within.run_id
    assert without.notes == within.notes  # the same households
    level = simulated.row("no_programme", "poverty_headcount")
    assert level.kind == "level"
    assert level.no_trap.mean != level.trap.mean
    # what assets do not touch within two years lives the same luck
    assert simulated.row("no_programme", "literacy").change == Estimate(0.0, 0.0, 0.0)
    assert any(simulated.row("assets", name).no_trap.mean != simulated.row("assets", name).trap.mean for name in LEVELS)


def test_estimates_are_those_of_the_comparisons(simulated: side_by_side.Worlds) -> None:
    assert [(row.policy, row.outcome) for row in simulated.rows] == [
        (policy, outcome) for policy in ("no_programme", "skills", "assets") for outcome in OUTCOMES
    ]
    for row in simulated.rows:
        for name, comparison in simulated.comparisons.items():
            levels = row.kind == "level" or row.outcome in RATIOS
            table = comparison.outcomes if levels else comparison.differences
            told = [table.one(end, policy=row.policy, outcome=row.outcome) for end in ("mean", "low", "high")]
            np.testing.assert_array_equal(told, getattr(row, name))


def test_sizes_policies_and_reference_reach_both_worlds(files: dict[str, Path]) -> None:
    plans = plan_worlds(files["no"], policies=["assets"], reference="skills", households=50, months=3, seed=9)
    assert list(plans) == ["no_trap", "trap"]
    for made in plans.values():
        assert made.policies == ("skills", "assets")
        assert (made.reference, made.households, made.months, made.seed) == ("skills", 50, 3, 9)
    assert plans["no_trap"].run_id != plans["trap"].run_id
    with pytest.raises(SimulationError, match="did you mean skills"):
        plan_worlds(files["no"], policies=["skils"])


def test_progress_counts_the_futures_of_both_worlds(files: dict[str, Path]) -> None:
    told: list[tuple[int, int]] = []
    compare_worlds(
        files["both"],
        policies=["no_programme"],
        households=30,
        months=2,
        threads=1,
        progress=lambda done, total, _: told.append((done, total)),
    )
    assert told == [(0, 4), (1, 4), (2, 4), (2, 4), (3, 4), (4, 4)]


# ---------------------------------------------------------------- the table, by hand


def fabricated(no_trap: dict[str, list[float]], trap: dict[str, list[float]]) -> side_by_side.Worlds:
    """Policy -> poverty (all measures) in each future, in both worlds; `nothing` is the reference."""
    pair = [
        make_comparison(
            [
                [
                    make_run(policy, future, level=levels[future], poor=1000 * levels[future])
                    for policy, levels in world.items()
                ]
                for future in range(len(world["nothing"]))
            ],
            scenario=name,
        )
        for name, world in (("no_trap", no_trap), ("trap", trap))
    ]
    return worlds_of(*pair)


@pytest.fixture(scope="module")
def pair() -> side_by_side.Worlds:
    """Three futures.

    Differences of the poverty rate from `nothing`, without and with the trap: `steady` -4, -5, -6 and -2, -3, -4
    points; `turning` -1, -2, -3 and +1, +2, +3; `fading` -7, -8, -9 and -5, 0, +5; `idle` nothing in either;
    `unsure` +3, -1, -2 and -8, -9, -10.
    """
    base, harder = [0.20, 0.22, 0.24], [0.30, 0.32, 0.34]

    def moved(start: list[float], *steps: int) -> list[float]:
        return [value + step / 100 for value, step in zip(start, steps, strict=True)]

    return fabricated(
        {
            "nothing": base,
            "steady": moved(base, -4, -5, -6),
            "turning": moved(base, -1, -2, -3),
            "fading": moved(base, -7, -8, -9),
            "idle": base,
            "unsure": moved(base, 3, -1, -2),
        },
        {
            "nothing": harder,
            "steady": moved(harder, -2, -3, -4),
            "turning": moved(harder, 1, 2, 3),
            "fading": moved(harder, -5, 0, 5),
            "idle": harder,
            "unsure": moved(harder, -8, -9, -10),
        },
    )


HALF = 4.302652729911275 * 0.01 / math.sqrt(3)
"""Half the width of the 95 % interval of three futures that lie one point apart: t(0.975, 2) s / sqrt(n)."""


def test_levels_and_differences_by_hand(pair: side_by_side.Worlds) -> None:
    level = pair.row("nothing", "poverty_headcount")
    assert (level.kind, level.sign) == ("level", "")
    np.testing.assert_allclose(level.no_trap, [0.22, 0.22 - 2 * HALF, 0.22 + 2 * HALF])
    # every future is ten points harder, so the change has no spread
    np.testing.assert_allclose(level.change, [0.1, 0.1, 0.1])
    steady = pair.row("steady", "poverty_headcount")
    np.testing.assert_allclose(steady.no_trap, [-0.05, -0.05 - HALF, -0.05 + HALF])
    np.testing.assert_allclose(steady.trap, [-0.03, -0.03 - HALF, -0.03 + HALF])
    np.testing.assert_allclose(steady.change, [0.02, 0.02, 0.02])
    turning = pair.row("turning", "poverty_headcount")
    # changes of 2, 4 and 6 points, future by future
    np.testing.assert_allclose(turning.change, [0.04, 0.04 - 2 * HALF, 0.04 + 2 * HALF])


def test_the_change_is_paired_by_future() -> None:
    """The interval of the change is not that of two independent worlds: here it is many times narrower."""
    generator = np.random.default_rng(3)
    base = generator.uniform(0.2, 0.4, 40)
    effect = generator.uniform(-0.1, 0.0, 40)
    shift = generator.normal(0.02, 0.002, 40)
    found = fabricated(
        {"nothing": base.tolist(), "one": (base + effect).tolist()},
        {"nothing": (base + 0.1).tolist(), "one": (base + 0.1 + effect + shift).tolist()},
    )
    row = found.row("one", "poverty_headcount")
    np.testing.assert_allclose(row.change, t_interval(shift), atol=1e-12)
    apart = math.hypot(row.no_trap.high - row.no_trap.mean, row.trap.high - row.trap.mean)
    assert row.change.high - row.change.mean < 0.1 * apart


@pytest.mark.parametrize(
    ("policy", "sign"),
    [
        ("steady", "same"),
        ("turning", "neither"),  # -2 +- 2.48 and 2 +- 2.48 points
        ("fading", "no_trap_only"),
        ("idle", "neither"),
        ("unsure", "trap_only"),
    ],
)
def test_signs_by_hand(pair: side_by_side.Worlds, policy: str, sign: str) -> None:
    assert pair.row(policy, "poverty_headcount").sign == sign


def test_opposite_signs_and_single_futures() -> None:
    base = {"nothing": [0.2, 0.2], "one": [0.1, 0.1]}
    found = fabricated(base, {"nothing": [0.2, 0.2], "one": [0.3, 0.3]})
    assert found.row("one", "poverty_headcount").sign == "opposite"
    alone = fabricated({name: levels[:1] for name, levels in base.items()}, {"nothing": [0.2], "one": [0.3]})
    row = alone.row("one", "poverty_headcount")
    assert row.sign == "neither"  # one future tells nothing
    assert row.change.mean == pytest.approx(0.2)
    assert math.isnan(row.change.low)


def test_orders_by_hand(pair: side_by_side.Worlds) -> None:
    order = pair.order("poverty_headcount")
    # means without: fading -8, steady -5, turning -2, nothing and idle and unsure 0, in the order of the file
    assert order.no_trap == ("fading", "steady", "turning", "nothing", "idle", "unsure")
    # with: unsure -9, steady -3, nothing, fading and idle 0, turning +2
    assert order.trap[:2] == ("unsure", "steady")
    assert order.trap[-1] == "turning"
    assert set(order.trap[2:5]) == {"nothing", "fading", "idle"}
    assert order.best == ("fading", "unsure")
    assert (order.same_best, order.same_order) == (False, False)
    assert (order.no_trap_share, order.trap_share) == (1.0, 1.0)
    # of literacy more is better: the same numbers the other way round
    assert pair.order("literacy").best == ("nothing", "turning")
    # cost is the same for all: there is no order, and none is the same as none
    assert pair.order("cost").no_trap == ()
    assert (pair.order("cost").best, pair.order("cost").same_order) == (("", ""), True)


def test_worlds_that_agree() -> None:
    base = {"nothing": [0.20, 0.22], "one": [0.10, 0.12], "two": [0.15, 0.16]}
    found = fabricated(base, base)
    assert all(one.same_best and one.same_order for one in found.orders)
    assert all(row.change.mean == 0.0 for row in found.rows if not math.isnan(row.change.mean))
    assert {row.sign for row in found.rows} <= {"same", "neither", ""}


@pytest.mark.parametrize("change", [{"seed": 2}, {"replicates": 9}, {"reference": "one"}, {"months": 1}])
def test_comparisons_of_different_things_are_not_set_side_by_side(change: dict[str, object]) -> None:
    made = fabricated({"nothing": [0.2], "one": [0.1]}, {"nothing": [0.2], "one": [0.1]}).comparisons["no_trap"]
    name = next(iter(change))
    with pytest.raises(SimulationError, match=f"{name}: expected the same in both worlds"):
        worlds_of(made, replace(made, **change))  # type: ignore[arg-type]


def test_the_document_by_hand(pair: side_by_side.Worlds) -> None:
    document = json.loads(pair.to_json())
    assert list(document) == ["worlds", "levels", "differences", "orders"]
    assert {name: one["scenario"] for name, one in document["worlds"].items()} == {"no_trap": "no_trap", "trap": "trap"}
    assert document["worlds"]["trap"] == pair.comparisons["trap"].to_dict()
    entry = document["differences"]["steady"]["poverty_headcount"]
    assert entry["sign"] == "same"
    assert entry["change"]["mean"] == pytest.approx(0.02)
    assert document["levels"]["poverty_headcount"]["trap"]["mean"] == pytest.approx(0.32)
    assert document["orders"]["poverty_headcount"]["best"] == {
        "no_trap": {"policy": "fading", "share_of_futures": 1.0},
        "trap": {"policy": "unsure", "share_of_futures": 1.0},
    }
    assert document["orders"]["cost"]["best"]["trap"] == {"policy": None, "share_of_futures": None}


def test_the_csv_by_hand(pair: side_by_side.Worlds) -> None:
    lines = list(csv.DictReader(io.StringIO(pair.to_csv())))
    assert len(lines) == 6 * len(OUTCOMES)
    (steady,) = [one for one in lines if (one["policy"], one["outcome"]) == ("steady", "poverty_headcount")]
    row = pair.row("steady", "poverty_headcount")
    for name in ("no_trap", "trap", "change"):
        estimate = getattr(row, name)
        assert tuple(float(steady[f"{name}_{end}"]) for end in ("mean", "low", "high")) == tuple(estimate)
    assert (steady["kind"], steady["sign"], steady["unit"]) == ("difference", "same", row.unit)
    assert (steady["rank_no_trap"], steady["rank_trap"]) == ("2", "2")
    assert (steady["best_no_trap"], steady["best_trap"]) == ("fading", "unsure")
    assert (steady["same_best"], steady["same_order"]) == ("no", "no")
    assert [steady[f"run_{name}"] for name in pair.comparisons] == [one.run_id for one in pair.comparisons.values()]
    (cost,) = [one for one in lines if (one["policy"], one["outcome"]) == ("idle", "cost_per_sustained_exit")]
    assert cost["change_mean"] == cost["no_trap_mean"] == cost["sign"] == ""


def test_sentences_say_whether_the_answer_changes(pair: side_by_side.Worlds) -> None:
    first, *_ = world_verdict(pair)
    assert first == (
        "The answer changes: on the poverty rate (P0) “fading (en)” is best without the trap (100 of 100 futures), "
        "“unsure (en)” is best with the trap (100 of 100 futures)."
    )
    base = {"nothing": [0.20, 0.22, 0.21], "one": [0.10, 0.12, 0.11], "two": [0.15, 0.18, 0.16]}
    first, signs, _ = world_verdict(fabricated(base, base))
    assert first == (
        "The answer stands: on the poverty rate (P0) “one (en)” is best in both worlds (100 of 100 futures without the "
        "trap, 100 of 100 futures with it); the order of all policies is the same."
    )
    assert signs.startswith("Of 20 differences (policies by chief outcomes) 20 can be told from zero in both worlds")
    noisy = {"nothing": [0.20, 0.22, 0.21], "one": [0.10, 0.32, 0.19]}
    first, *_ = world_verdict(fabricated(noisy, noisy))
    assert first.endswith("Its difference from “nothing (en)” can be told from zero in neither world.")
    idle = {"nothing": [0.2, 0.2], "one": [0.2, 0.2]}
    assert world_verdict(fabricated(idle, idle))[0] == (
        "No policy changes anything on the poverty rate (P0), in either world."
    )


@pytest.mark.parametrize("everything", [False, True])
def test_the_terminal_folds(pair: side_by_side.Worlds, everything: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = io.StringIO()
    show_worlds(pair, console(stream), everything=everything)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    places = [
        text.index(words) for words in ("== The world without", "== The world with a", "== Does the answer change?")
    ]
    assert places == sorted(places)
    assert "fading (en) (100)" in text
    after = text[places[-1] :]
    assert ("Empowerment index, points of 100: difference" in " ".join(after.split())) is everything


# ---------------------------------------------------------------- on disk


def test_written_and_read_back(pair: side_by_side.Worlds, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = write_worlds(pair, out)
    assert files[-1] == out / "worlds.csv"
    assert sorted(path.name for path in out.iterdir()) == ["no_trap", "trap", "worlds.csv"]
    assert (out / "worlds.csv").read_text(encoding="utf-8") == pair.to_csv()
    back = worlds_of(*(read_comparison(out / name) for name in ("no_trap", "trap")))
    assert back.to_csv() == pair.to_csv()
    write_worlds(pair, out)
    base = {"nothing": [0.2], "one": [0.1]}
    other = fabricated(base, base)
    with pytest.raises(StoreError, match="holds results of other inputs"):
        write_worlds(worlds_of(*(replace(one, run_id="other") for one in other.comparisons.values())), out)
    assert (out / "worlds.csv").read_text(encoding="utf-8") == pair.to_csv()


def test_a_table_that_cannot_be_written_is_told(pair: side_by_side.Worlds, tmp_path: Path) -> None:
    (tmp_path / "worlds.csv").mkdir()
    with pytest.raises(StoreError, match=r"worlds\.csv: expected a file that can be written"):
        write_worlds(pair, tmp_path)


# ---------------------------------------------------------------- the command line


def command(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_compare_prints_writes_and_refuses(
    files: dict[str, Path], simulated: side_by_side.Worlds, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert command("compare", files["both"], "--out", out) == 0
    text = capsys.readouterr().out
    assert "== The world with a poverty trap" in text
    assert "no_trap/outcomes.parquet" in text
    assert text.rstrip().endswith("worlds.csv")
    assert (out / "worlds.csv").read_text(encoding="utf-8") == simulated.to_csv()
    for name, comparison in simulated.comparisons.items():
        assert read_comparison(out / name).to_json() == comparison.to_json()
        assert (out / name / "differences.png").exists()
    assert command("compare", files["both"], "--json") == 0
    assert capsys.readouterr().out == simulated.to_json() + "\n"
    # other inputs are refused before anything runs
    assert command("compare", files["both"], "--seed", 6, "--out", out) == 2
    assert "no_trap: holds results of other inputs" in capsys.readouterr().err


def test_world_overrules_the_file(
    files: dict[str, Path], simulated: side_by_side.Worlds, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*arguments: object) -> str:
        assert command("compare", *arguments, "--json") == 0
        return capsys.readouterr().out

    trap, no_trap = (simulated.comparisons[name].to_json() + "\n" for name in ("trap", "no_trap"))
    assert printed(files["both"], "--world", "trap") == trap == printed(files["yes"])
    assert printed(files["both"], "--world", "no_trap") == no_trap == printed(files["yes"], "--world", "no_trap")
    assert printed(files["silent"], "--world", "both") == simulated.to_json() + "\n"


def test_run_in_both_worlds(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ("--households", 60, "--months", 4)
    assert command("run", files["both"], "--policy", "assets", *sizes, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["differences"] == document["orders"] == {}
    assert set(document["levels"]) == set(OUTCOMES)
    for world in ("no_trap", "trap"):
        assert command("run", files["both"], "--policy", "assets", *sizes, "--world", world, "--json") == 0
        assert json.loads(capsys.readouterr().out) == document["worlds"][world]
    assert command("run", files["both"], "--policy", "assets", *sizes) == 0
    assert "“Assets” in both worlds" in capsys.readouterr().out


def test_factors_asks_for_one_world(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ("--households", 60, "--months", 4, "--replicates", 1, "--factors", "distance", "--json")
    assert command("factors", files["both"], *sizes) == 2
    error = capsys.readouterr().err
    assert "found both; add --world no_trap or --world trap" in error
    assert str(files["both"]) in error
    assert command("factors", files["both"], "--world", "trap", *sizes) == 0
    named = capsys.readouterr().out
    assert command("factors", files["yes"], *sizes) == 0
    assert capsys.readouterr().out == named
    assert command("factors", files["both"], "--world", "both", *sizes) == 2
    assert "invalid choice: 'both'" in capsys.readouterr().err


def test_check_and_cite_on_the_command_line(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", files["both"]) == 0
    assert "Two worlds are compared" in capsys.readouterr().out
    assert command("cite", files["both"], "--format", "json") == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert {"trap_threshold", "asset_noise_sd"} <= {one["name"] for graded in figures.values() for one in graded}


def test_help_names_worlds_and_the_commands_on_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--help") == 0
    text = capsys.readouterr().out
    for words in ("trial", "power", "validate", "calibrate"):
        assert f"\n    {words}" in text
    assert "  empowersim trial togo\n" in text
    assert "  empowersim validate\n" in text
    for name in ("compare", "run"):
        assert command(name, "--help") == 0
        assert "--world {file,trap,no_trap,both}" in capsys.readouterr().out


def test_the_shipped_example_asks_for_both() -> None:
    scenario = load(ROOT / "scenarios" / "both-worlds.yaml")
    assert scenario.world.trap is BOTH
    assert [name for name, _ in worlds(scenario)] == ["no_trap", "trap"]
