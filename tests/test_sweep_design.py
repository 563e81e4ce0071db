"""Design files: what they may say, what is told of mistakes, and the points and draws that they make."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_sweeps import HEAD, design_in

from empowersim.errors import ScenarioError
from empowersim.experiments.sweep_design_file import read_design
from empowersim.experiments.sweep_plan import plan_sweep, yaml_of
from empowersim.experiments.sweep_sampling import Ensemble, draws_of, number_text, points_of, unit_sample
from empowersim.fronts.sweep_api import ensemble_of, plan_of
from empowersim.parameters import passports
from empowersim.results.provenance import file_digest
from empowersim.results.sweep_store import parquet
from empowersim.scenario.document import read_with_parents
from empowersim.scenario.load import load

SKILLS = "policies.skills.programmes.skills_training.budget"


def points(folder, text):
    return points_of(read_design(design_in(folder, text)))


def problems(call, *arguments):
    with pytest.raises(ScenarioError) as caught:
        call(*arguments)
    return caught.value.problems


# ---------------------------------------------------------------- points


def test_a_grid_is_crossed_and_a_list_goes_side_by_side(tmp_path):
    axes = f"replicates: 1\nvary:\n  a: {{path: {SKILLS}, values: [1, 2], unit: billion IDR/year}}\n"
    axes += "  b: {path: base.world.trap, values: [no, yes]}\n"
    grid = points(tmp_path, axes)
    assert [point.texts for point in grid] == [
        ("1 billion IDR/year", "no"),
        ("1 billion IDR/year", "yes"),
        ("2 billion IDR/year", "no"),
        ("2 billion IDR/year", "yes"),
    ]
    assert grid[3].changes == {SKILLS: "2 billion IDR/year", "base.world.trap": "yes"}
    assert len({point.point_id for point in grid}) == 4
    assert [point.texts[1] for point in points(tmp_path, axes + "combine: list\n")] == ["no", "yes"]


def test_paths_move_together(tmp_path):
    text = (
        "replicates: 1\nvary: {a: {paths: [base.parameters.kin_sharing, base.parameters.permanent_sd], values: [0.3]}}"
    )
    assert points(tmp_path, text)[0].changes == {
        "base.parameters.kin_sharing": "0.3",
        "base.parameters.permanent_sd": "0.3",
    }


def test_a_table_gives_a_point_a_row_and_is_crossed_with_a_grid(tmp_path):
    (tmp_path / "t.csv").write_text("budget,kin\n5,0.1\n7.5,0.2\n", encoding="utf-8")
    text = f"""
replicates: 1
table: t.csv
vary:
  a: {{path: {SKILLS}, column: budget, unit: billion IDR/year}}
  k: {{path: base.parameters.kin_sharing, column: kin}}
  trap: {{path: base.world.trap, values: [no, yes]}}
"""
    found = points(tmp_path, text)
    assert [point.numbers[:2] for point in found] == [(5.0, 0.1), (7.5, 0.2)] * 2
    (tmp_path / "t.csv").write_text("budgets,kin\n5,\n", encoding="utf-8")
    told = problems(points, tmp_path, text)
    assert [(one.expected, one.remedy) for one in told] == [
        (f"a column of {tmp_path / 't.csv'}", "did you mean budgets?")
    ]
    (tmp_path / "t.csv").write_text("budget,kin\n5,\n", encoding="utf-8")
    assert [(one.line, one.key, one.found) for one in problems(points, tmp_path, text)] == [(2, "k", "an empty cell")]


RANGES = f"""
replicates: 1
vary:
  a: {{path: {SKILLS}, from: 2, to: 10, unit: billion IDR/year}}
  b: {{path: base.parameters.kin_sharing, from: 0.01, to: 0.1, scale: log}}
  c: {{path: base.simulation.months, from: 3, to: 6, whole: yes}}
  d: {{path: base.world.trap, choices: [no, yes]}}
sample: {{method: METHOD, points: 16, seed: 3}}
"""


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
def test_samples_are_spread_evenly_over_each_axis(tmp_path, method):
    """One point in each sixteenth of a range, four of each whole number, eight of each choice, as both promise."""
    found = points(tmp_path, RANGES.replace("METHOD", method))
    a, b, c = (np.array([point.numbers[at] for point in found]) for at in range(3))
    assert sorted(np.floor((a - 2) / 8 * 16).astype(int)) == list(range(16))
    assert sorted(np.floor(np.log(b / 0.01) / np.log(10) * 16).astype(int)) == list(range(16))
    assert sorted(c) == sorted([3, 4, 5, 6] * 4)
    assert sorted(point.texts[3] for point in found) == ["no"] * 8 + ["yes"] * 8
    again = points(tmp_path, RANGES.replace("METHOD", method))
    assert [point.texts for point in again] == [point.texts for point in found]
    other = points(tmp_path, RANGES.replace("METHOD", method).replace("seed: 3", "seed: 4"))
    assert [point.texts for point in other] != [point.texts for point in found]


def test_a_sobol_sequence_begins_with_the_shorter_one_and_fills_better_than_chance():
    long, short = unit_sample("sobol", 64, 3, 5), unit_sample("sobol", 16, 3, 5)
    assert (long[:16] == short).all()
    from scipy.stats import qmc

    chance = np.random.default_rng(1).random((64, 3))
    assert qmc.discrepancy(long) < qmc.discrepancy(chance) / 3


def test_numbers_are_written_so_that_they_are_read_back():
    """A point before three digits would be read as thousands in rupiah."""
    assert number_text(12.345) == "12.3450"
    for value in (12.345, 1.5, 1 / 3, 1e-7, 123456.789, 2.0):
        assert float(number_text(value)) == value


# ---------------------------------------------------------------- draws


def test_draws_stay_within_the_passports_and_are_stratified(tmp_path):
    text = "replicates: 1\nuncertain: {parameters: all, draws: 8, seed: 2}\n"
    draws = plan_of(design_in(tmp_path, text)).draws
    known = passports()
    assert "trap" not in draws.names
    assert not {name for name in draws.names if known[name].topic in {"survey", "outcomes"}}
    assert len(draws.names) > 200
    low, high = (np.array([getattr(known[name], end) for name in draws.names]) for end in ("lower", "upper"))
    cells = np.floor((draws.values - low) / (high - low) * 8).astype(int)
    assert (np.sort(cells, axis=0) == np.arange(8)[:, None]).all()
    assert draws.weights.tolist() == [1.0] * 8


def test_groups_leave_out_what_is_set_and_names_do_not(tmp_path):
    text = "replicates: 1\nvary: {k: {path: base.parameters.kin_sharing, values: [0.1]}}\n"
    draws = plan_of(design_in(tmp_path, text + "uncertain: {parameters: income, draws: 2}\n")).draws
    assert set(draws.names) <= {name for name, one in passports().items() if one.topic == "income"}
    told = problems(plan_of, design_in(tmp_path, text + "uncertain: {parameters: [kin_sharing], draws: 2}\n"))
    assert told[0].expected == "parameters that nothing else sets"
    told = problems(plan_of, design_in(tmp_path, "replicates: 1\nuncertain: {parameters: [kin_sharin], draws: 2}\n"))
    assert (told[0].key, told[0].line, told[0].remedy) == ("uncertain.parameters", 8, "did you mean kin_sharing?")


def test_definitions_are_drawn_only_where_they_are_asked_for(tmp_path):
    text = "replicates: 1\nuncertain: {parameters: outcomes, draws: 2}\n"
    names = plan_of(design_in(tmp_path, text)).draws.names
    assert "independence_line" in names
    assert {passports()[name].topic for name in names} == {"outcomes"}


def an_ensemble():
    return Ensemble(("kin_sharing", "permanent_sd"), np.array([[0.1, 0.3], [0.2, 0.4]]), np.array([0.75, 0.25]), "toy")


def test_members_of_an_ensemble_come_with_their_weights_or_as_often_as_they_weigh(tmp_path):
    design = read_design(design_in(tmp_path, "replicates: 1\nuncertain: {ensemble: calibrated}\n"))
    draws = draws_of(design, an_ensemble(), [])
    assert draws.values.tolist() == [[0.1, 0.3], [0.2, 0.4]]
    assert draws.weights.tolist() == [0.75, 0.25]
    text = "replicates: 1\nuncertain: {ensemble: calibrated, parameters: [earning_level], draws: 16, method: METHOD}\n"
    for method in ("sobol", "latin_hypercube"):
        design = read_design(design_in(tmp_path, text.replace("METHOD", method)))
        draws = draws_of(design, an_ensemble(), ["permanent_sd"])
        assert draws.names == ("kin_sharing", "earning_level")
        assert sorted(draws.members) == [0] * 12 + [1] * 4
        assert (draws.values[:, 0] == np.where(draws.members == 0, 0.1, 0.2)).all()
        assert len(set(draws.values[:, 1])) == 16


def test_the_calibrated_ensemble_is_read(tmp_path):
    design = read_design(design_in(tmp_path, "replicates: 1\nuncertain: {ensemble: calibrated}\n"))
    ensemble = ensemble_of(design)
    assert ensemble.values.shape == (len(ensemble.weights), len(ensemble.names))
    assert ensemble.weights.sum() == pytest.approx(1.0)
    assert len(plan_sweep(design, ensemble).draws) == len(ensemble.weights)
    design = read_design(design_in(tmp_path, "replicates: 1\nuncertain: {ensemble: none.yaml}\n"))
    assert problems(ensemble_of, design)[0].key == "uncertain.ensemble"


# ---------------------------------------------------------------- mistakes


def test_all_mistakes_of_a_design_are_told_at_once_with_their_lines(tmp_path):
    text = """
replicates: 0
replicate: 3
outcomes: [poverty, cost_per_sustained_exit]
vary:
  draw: {path: base.world.trap, values: [no]}
  a: {path: base.parameters.kin_sharing, from: 2, to: 1}
  b: {path: base.parameters.kin_sharing, values: [1, 1], scale: log}
  c: {values: [1]}
  d: {path: x.y, column: z}
sample: {method: sobol, points: 12}
uncertain: {draws: 3, method: sobol}
"""
    head = HEAD.replace("outcomes: [poverty_headcount, mean_consumption, cost]\n", "")
    told = problems(read_design, design_in(tmp_path, text, head=head))
    found = {(one.line, one.key): one for one in told}
    assert [key for _, key in found] == [
        "replicates",
        "replicate",
        "outcomes[0]",
        "outcomes[1]",
        "vary",
        "vary.draw",
        "vary.a",
        "vary.b",
        "vary.c",
        "sample.points",
        "uncertain",
        "uncertain.draws",
    ]
    by_key = {key: one for (_, key), one in found.items()}
    assert [by_key[key].line for key in ("replicates", "replicate", "outcomes[0]", "vary.a")] == [7, 8, 9, 12]
    assert by_key["replicate"].remedy == "did you mean replicates?"
    assert by_key["outcomes[0]"].remedy.startswith("did you mean poverty_")
    assert by_key["outcomes[1]"].remedy.startswith("keep cost and sustained_exits_won")
    assert by_key["sample.points"].remedy == "take 8 or 16"
    assert str(by_key["vary.a"]).startswith(f"{tmp_path / 'design.yaml'}:12: vary.a: expected")


def test_what_the_scenario_says_against_a_design_is_told_with_the_line_of_the_design(tmp_path):
    text = """
replicates: 1
vary:
  a: {path: policies.skills.programmes.skils_training.budget, values: [1, 2], unit: billion IDR/year}
  b: {path: base.parameters.kin_sharing, values: [0.1, 7]}
"""
    told = problems(plan_of, design_in(tmp_path, text))
    assert {(one.line, one.remedy) for one in told if "skils" in one.key} == {(10, "did you mean skills_training?")}
    assert any(one.line == 11 and "between 0 and" in str(one) for one in told)
    unused = "replicates: 1\nvary: {a: {path: policies.unused.sharing, values: [equal]}}\n"
    assert "a policy of the sweep" in problems(plan_of, design_in(tmp_path, unused))[0].expected
    head = HEAD.replace("[skills]", "[skill]")
    assert problems(plan_of, design_in(tmp_path, unused, head=head))[0].remedy == "did you mean skills?"


def test_a_value_said_by_the_design_and_by_an_axis_is_refused(tmp_path):
    text = "replicates: 1\nmonths: 3\nvary: {m: {path: base.simulation.months, values: [2, 3]}}\n"
    assert problems(plan_of, design_in(tmp_path, text))[0].expected == "months said once"


# ---------------------------------------------------------------- what is kept


def test_the_scenario_that_is_kept_means_the_same(tmp_path, root):
    """Every shipped scenario, written as a sweep writes it, is read back to the same digest."""
    for path in sorted((root / "scenarios").glob("*.yaml")):
        loaded = load(path)
        if loaded.survey is not None:
            continue  # its file is found beside the original
        problems_found = []
        tree = read_with_parents(path, str(path), problems_found)
        copy = tmp_path / path.name
        copy.write_bytes(yaml_of(tree, "a test"))
        assert load(copy).digest == loaded.digest, path.name


def test_the_same_table_gives_the_same_bytes():
    import pyarrow as pa

    table = pa.table({"a": np.arange(1000), "b": np.linspace(0, 1, 1000), "c": ["x", "y"] * 500})
    again = pa.concat_tables([table.slice(0, 300), table.slice(300)]).combine_chunks()
    assert parquet(table) == parquet(again)


@pytest.mark.parametrize("name", ["mentors", "shares"])
def test_the_shipped_designs_can_be_run(root, name):
    plan = plan_of(root / "scenarios" / "sweeps" / f"{name}.yaml")
    assert plan.runs > 0
    assert plan.identity["scenario"] == load(root / "scenarios" / "medan.yaml").digest
    assert file_digest(root / "scenarios" / "sweeps" / f"{name}.yaml")


def test_a_range_beyond_a_bound_is_told_once_and_not_point_by_point(tmp_path):
    text = """
replicates: 1
vary:
  a: {path: base.parameters.kin_sharing, from: 0.1, to: 0.9}
sample: {method: latin_hypercube, points: 40, seed: 1}
"""
    (told,) = problems(plan_of, design_in(tmp_path, text))
    assert (told.line, told.key) == (10, "base.parameters.kin_sharing")
    assert "between 0 and 0.2" in told.remedy
