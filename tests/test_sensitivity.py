"""Sensitivity: known indices through our own path, levers and parameters of a scenario, chance, the command line."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from empowersim.errors import ParameterError, SimulationError
from empowersim.experiments.responses import Input, ask, ensemble_spread, lever, parameter_inputs
from empowersim.experiments.sensitivity import analyse, chance_of, checked_samples, runs_of, sensitivity
from empowersim.experiments.sensitivity_result import Sensitivity
from empowersim.fronts.cli import main

pytestmark = pytest.mark.skipif(find_spec("SALib") is None, reason="needs SALib, of the extra `analysis`")
MEDAN = Path(__file__).resolve().parents[1] / "scenarios" / "medan.yaml"
SMALL = {"futures": 2, "households": 300, "months": 14}
BUDGET = "policies.mix_mentors.mentors.budget=6..24 billion IDR/year"


def ishigami(values):
    x1, x2, x3 = values["x1"], values["x2"], values["x3"]
    return [[math.sin(x1) + 7.0 * math.sin(x2) ** 2 + 0.1 * x3**4 * math.sin(x1)]]


ANGLES = [Input(name, -math.pi, math.pi) for name in ("x1", "x2", "x3")]

# Ishigami and Homma (1990) with a = 7, b = 0.1: variance V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2,
# V1 = (1 + b pi^4/5)^2 / 2, V2 = a^2/8, V13 = 8 b^2 pi^8 / 225
V1 = (1.0 + 0.1 * math.pi**4 / 5.0) ** 2 / 2.0
V2 = 49.0 / 8.0
V13 = 8.0 * 0.01 * math.pi**8 / 225.0
V = V1 + V2 + V13
FIRST = {"x1": V1 / V, "x2": V2 / V, "x3": 0.0}
TOTAL = {"x1": (V1 + V13) / V, "x2": V2 / V, "x3": V13 / V}


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_sobol_gives_the_analytic_indices_of_ishigami(seed: int) -> None:
    """Within 0.02 (first) and 0.02 (total) of the analytic values at 4,096 rows; the seeds are fixed."""
    found = analyse(ishigami, ANGLES, method="sobol", samples=4096, seed=seed)
    for one in found.indices["answer"]:
        assert one.first == pytest.approx(FIRST[one.name], abs=0.02), one
        assert one.total == pytest.approx(TOTAL[one.name], abs=0.02), one
        assert one.first_low < one.first < one.first_high
        assert one.total_low < TOTAL[one.name] < one.total_high


def test_morris_gives_the_slopes_of_a_linear_function_exactly() -> None:
    """An elementary effect of a linear function is slope x range wherever it is taken; sigma is 0."""
    inputs = [Input("a", 0.0, 2.0), Input("b", -1.0, 1.0), Input("idle", 5.0, 9.0), Input("on", 0.0, 1.0, "switch")]
    found = analyse(
        lambda v: [[3.0 * v["a"] - 2.0 * v["b"] + 5.0 * inputs[3].value(v["on"])]], inputs, samples=8, seed=3
    )
    by_name = {one.name: one for one in found.indices["answer"]}
    for name, effect in {"a": 6.0, "b": -4.0, "on": 5.0}.items():
        assert by_name[name].mu == pytest.approx(effect, abs=1e-12), name
        assert by_name[name].mu_star == pytest.approx(abs(effect), abs=1e-12), name
        assert by_name[name].sigma == pytest.approx(0.0, abs=1e-12), name
    assert tuple(by_name["idle"][1:]) == (0.0,) * 5
    assert [one.name for one in found.ranked("answer")] == ["a", "on", "b", "idle"]
    assert found.idle("answer") == ("idle",)


def test_sigma_sees_what_depends_on_other_inputs() -> None:
    """y = a x b on (0, 1): the effect of `a` is b, whose mean over the grid 0, 1/3, 2/3, 1 is 1/2."""
    inputs = [Input("a", 0.0, 1.0), Input("b", 0.0, 1.0)]
    found = analyse(lambda v: [[v["a"] * v["b"]]], inputs, samples=400, seed=2)
    for one in found.indices["answer"]:
        assert one.mu_star == pytest.approx(0.5, abs=0.06)
        assert one.sigma == pytest.approx(np.std([0.0, 1 / 3, 2 / 3, 1.0]), abs=0.06)


def test_chance_by_hand() -> None:
    """Answers = sample + future + interaction; with 2 x 2 the interaction is +e, -e, -e, +e, its mean square 4 e^2."""
    additive = np.array([[0.0, 10.0], [2.0, 12.0]])
    assert chance_of(additive)[:2] == (2.0, 0.0)
    e = 0.5
    mixed = additive + np.array([[e, -e], [-e, e]])
    found = chance_of(mixed)
    assert found.spread == 2.0
    assert found.left == pytest.approx(4 * e * e / 2 / 2.0)
    alone = np.mean([np.var([0.5, 9.5], ddof=1), np.var([1.5, 12.5], ddof=1)]) / 2 / 2.0
    assert found.unpaired == pytest.approx(alone / (1 - found.left + alone))
    assert math.isnan(chance_of(additive[:, :1]).left)


def test_a_model_that_never_moves_has_no_shares() -> None:
    found = analyse(lambda _: [[1.0]], ANGLES, method="sobol", samples=4)
    assert all(math.isnan(one.total) for one in found.indices["answer"])
    assert json.loads(found.to_json())["outcomes"]["answer"]["indices"]["x1"]["total"] is None


def test_an_answer_that_is_no_number_is_named() -> None:
    with pytest.raises(SimulationError, match=r"outcome answer: expected a number.*run 0 \(x1 = "):
        analyse(lambda _: [[math.nan]], ANGLES, samples=2)


@cache
def of_medan(threads: int = 1, against: str | None = "balanced_mix") -> Sensitivity:
    inputs = [*parameter_inputs(MEDAN, ["kin_sharing", "advice_fade", "trust_per_visit"]), lever(BUDGET)]
    return sensitivity(
        MEDAN,
        inputs,
        policy="mix_mentors",
        against=against,
        outcomes=("mean_consumption", "cost"),
        samples=3,
        threads=threads,
        **SMALL,
    )


def test_the_result_does_not_depend_on_threads() -> None:
    one, two = of_medan(1), of_medan(2)
    assert one.answers.tobytes() == two.answers.tobytes()
    assert one.to_json() == two.to_json()


def test_a_lever_moves_cost_by_what_it_says() -> None:
    """18 billion rupiah a year for 14 months is 21 billion; posts are hired for it."""
    found = of_medan()
    cost = {one.name: one for one in found.indices["cost"]}
    assert cost[lever(BUDGET).name].mu == pytest.approx(21e9, rel=0.1)
    assert found.ranked("cost")[0].name == lever(BUDGET).name


def test_answers_are_those_of_the_comparison() -> None:
    """The answer at some values is what the comparison of a file that says so gives."""
    from empowersim.experiments.compare import compare
    from empowersim.scenario.changes import Changeable

    asked = ask(
        MEDAN,
        [*parameter_inputs(MEDAN, ["kin_sharing"]), lever(BUDGET)],
        policy="mix_mentors",
        against="no_programme",
        outcomes=("poverty_gap", "household_years_out_of_poverty"),
        **SMALL,
    )
    got = asked.answer({"kin_sharing": 0.125, lever(BUDGET).name: 9.0})
    changed = Changeable(MEDAN).scenario(
        {"base.parameters.kin_sharing": "0.125", "policies.mix_mentors.mentors.budget": "9 billion IDR/year"}
    )
    told = compare(changed, policies=["mix_mentors"], replicates=2, households=300, months=14)
    futures = told.table("futures")
    for at, outcome in enumerate(asked.outcomes):
        for replicate in range(2):
            values = [
                futures.one("value", policy=policy, replicate=replicate, outcome=outcome)
                for policy in ("mix_mentors", "no_programme")
            ]
            assert got[replicate, at] == values[0] - values[1]


def test_a_parameter_of_mentors_is_exactly_zero_where_there_are_none() -> None:
    inputs = parameter_inputs(MEDAN, ["trust_per_visit", "turnover_base", "job_finding"])
    for method, samples in (("morris", 2), ("sobol", 2)):
        found = sensitivity(
            MEDAN,
            inputs,
            method=method,
            policy="skills_training",
            outcomes=("mean_consumption",),
            samples=samples,
            **SMALL,
        )
        by_name = {one.name: one for one in found.indices["mean_consumption"]}
        for name in ("trust_per_visit", "turnover_base"):
            assert by_name[name][1:3] == (0.0, 0.0) if method == "morris" else by_name[name].total == 0.0
        assert found.idle("mean_consumption") == ("trust_per_visit", "turnover_base")


def test_both_worlds_may_be_an_input() -> None:
    inputs = parameter_inputs(MEDAN, ["trap", "kin_sharing"])
    assert inputs[0].kind == "switch"
    asked = ask(MEDAN, inputs, policy="entrepreneurship", **SMALL)
    assert asked.compiled({"trap": 0.4}).parameters.trap == 0.0
    assert asked.compiled({"trap": 0.6}).parameters.trap == 1.0


def test_what_moves_by_default_is_what_the_scenario_uses() -> None:
    names = [one.name for one in parameter_inputs(MEDAN)]
    assert len(names) > 100
    assert "trap" not in names
    assert not {"independence_line", "index_weight_voice"} & set(names), "definitions are chosen, not unknown"
    assert [one.name for one in parameter_inputs(MEDAN, ["independence_line"])] == ["independence_line"]
    assert "cluster_visits" not in names, "no policy of the file sends mentors by clusters"
    for one in parameter_inputs(MEDAN):
        assert one.low < one.high


def test_rounding_never_leads_outside_the_bounds() -> None:
    """-0.2 + 1 x 0.8 is 0.6000000000000001, above the bound 0.6 of `severe_insured`."""
    (one,) = parameter_inputs(MEDAN, ["severe_insured"])
    assert (one.low, one.high) == (-0.2, 0.6)
    assert one.low + 1.0 * (one.high - one.low) > one.high
    assert one.value(one.low + 1.0 * (one.high - one.low)) == one.high
    asked = ask(MEDAN, parameter_inputs(MEDAN), policy="mix_mentors", **SMALL)
    for share in (0.0, 1.0):
        asked.compiled({one.name: one.low + share * (one.high - one.low) for one in asked.inputs})


def test_ends_of_the_ensemble_are_its_mean_and_two_deviations_within_the_bounds() -> None:
    ends = ensemble_spread([{"kin_sharing": 0.1, "x": 1.0}, {"kin_sharing": 0.2, "x": 1.0}], [0.5, 0.5])
    assert ends == {"kin_sharing": (pytest.approx(0.05), pytest.approx(0.25))}
    (one,) = parameter_inputs(MEDAN, ["kin_sharing"], spread=ends)
    from empowersim.parameters import passports

    bounds = passports()["kin_sharing"]
    assert one.low == pytest.approx(max(0.05, bounds.lower))
    assert one.high == min(ends["kin_sharing"][1], bounds.upper) == bounds.upper


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (lambda: parameter_inputs(MEDAN, ["job_findin"]), "did you mean job_finding"),
        (lambda: parameter_inputs(MEDAN, ["survey_food"]), "expected the name of a parameter"),
        (lambda: [lever("policies.mix_mentors.mentors.budget=6")], "two ends"),
        (lambda: [Input("x", 1.0, 1.0)], "two ends, the lower first"),
    ],
)
def test_inputs_that_cannot_be(inputs, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        inputs()


def test_questions_that_cannot_be() -> None:
    some = parameter_inputs(MEDAN, ["kin_sharing"])
    with pytest.raises(SimulationError, match="did you mean mix_mentors"):
        ask(MEDAN, some, policy="mix_mentor")
    with pytest.raises(SimulationError, match="another policy"):
        ask(MEDAN, some, policy="mix_mentors", against="mix_mentors")
    with pytest.raises(SimulationError, match="outcome"):
        ask(MEDAN, some, outcomes=("cost_per_sustained_exit",))
    with pytest.raises(ParameterError, match="more than once"):
        ask(MEDAN, [*some, *some])
    with pytest.raises(SimulationError, match="did you mean mix_mentors"):
        ask(MEDAN, [lever("policies.mix_mentor.mentors.budget=6..24 billion IDR/year")])
    with pytest.raises(SimulationError, match="power of two"):
        checked_samples("sobol", 100)
    with pytest.raises(SimulationError, match="samples"):
        checked_samples("morris", 1)
    assert runs_of("morris", 10, 4) == 44
    assert runs_of("sobol", 10, 4) == 48


def test_the_command_writes_tables_figures_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.parquet as pq

    words = [
        "sensitivity",
        str(MEDAN),
        "--parameters",
        "kin_sharing,job_finding",
        "--households",
        "200",
        "--months",
        "13",
    ]
    words += ["--futures", "2", "--policy", "mix_mentors", "--out", str(tmp_path / "out")]
    assert main([*words, "--trajectories", "2"]) == 0
    shown = capsys.readouterr().out
    assert "Morris screening" in shown
    assert "is luck" in shown
    assert (tmp_path / "out" / "morris-poverty_headcount.png").stat().st_size > 5000
    assert pq.read_table(tmp_path / "out" / "indices.parquet").num_rows == 2
    assert pq.read_table(tmp_path / "out" / "answers.parquet").num_rows == 2 * 3 * 2
    assert main([*words, "--trajectories", "3"]) == 2, "results of other inputs are not overwritten"
    assert "--force" in capsys.readouterr().err
    assert main([*words, "--method", "sobol", "--samples", "2", "--force", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["runs"] == 2 * 4
    assert set(document["outcomes"]["poverty_headcount"]["indices"]) == {"kin_sharing", "job_finding"}
    assert (tmp_path / "out" / "sobol-poverty_headcount.png").is_file()


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sensitivity", str(MEDAN), "--parameters", "mentorin"]) == 2
    assert "did you mean mentoring" in capsys.readouterr().err
    assert main(["sensitivity", str(MEDAN), "--method", "sobol", "--samples", "30"]) == 2
    assert "power of two" in capsys.readouterr().err
    assert main(["sensitivity", str(MEDAN), "--parameters", "none"]) == 2
    assert "at least one" in capsys.readouterr().err
