"""Scenario discovery: a box that is known is found through the adapter; the adapter's model is ours."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from empowersim.errors import SimulationError
from empowersim.experiments.adapters import designs, ema_model, ema_model_of
from empowersim.experiments.discovery import discover, workbench
from empowersim.experiments.responses import Input

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # ema_workbench and its libraries warn of their own affairs
    pytest.mark.skipif(find_spec("ema_workbench") is None, reason="needs ema_workbench, of the extra `analysis`"),
]
ROOT = Path(__file__).resolve().parents[1]
MEDAN = ROOT / "scenarios" / "medan.yaml"
UNITS = [Input(name, 0.0, 1.0) for name in "abcd"]


def corner(values):
    """1 in the box a < 0.4, 0.3 < b < 0.7; c and d do nothing."""
    return [[float(values["a"] < 0.4 and 0.3 < values["b"] < 0.7)]]


def experiments(model, scenarios: int, policies: int = 0):
    ema = workbench()
    with ema.SequentialEvaluator(model) as evaluator:
        return evaluator.perform_experiments(*designs(model, scenarios, policies, seed=4), reporting_interval=10**6)


def test_prim_finds_a_known_box_through_the_adapter() -> None:
    """Ends within 0.06 of the true ones at 1,500 runs (a peel takes 5 % of what is left)."""
    runs, answers = experiments(ema_model_of(corner, UNITS, ["trouble"]), 1500)
    (box,) = discover(runs, answers["trouble"] > 0.5, density=0.9)
    limits = {one.name: one for one in box.limits}
    assert set(limits) == {"a", "b"}
    assert limits["a"].high == pytest.approx(0.4, abs=0.06)
    assert limits["a"].low == limits["a"].from_low
    assert limits["b"].low == pytest.approx(0.3, abs=0.06)
    assert limits["b"].high == pytest.approx(0.7, abs=0.06)
    assert box.density >= 0.9
    assert box.coverage >= 0.85
    assert max(limits["a"].p_high, limits["b"].p_low, limits["b"].p_high) < 1e-6
    assert box.holds({"a": 0.2, "b": 0.5, "c": 0.9})
    assert not box.holds({"a": 0.8, "b": 0.5})
    assert "cases lie inside" in str(box)
    inside = np.array([box.holds(row) for row in runs[list("ab")].to_dict("records")])
    assert box.cases == (inside & (answers["trouble"] > 0.5)).sum()
    assert box.coverage == box.cases / (answers["trouble"] > 0.5).sum()


def test_a_switch_can_bound_a_box() -> None:
    inputs = [Input("trap", 0.0, 1.0, "switch"), Input("a", 0.0, 1.0)]
    runs, answers = experiments(ema_model_of(lambda values: [[float(values["trap"])]], inputs, ["trouble"]), 100)
    (box,) = discover(runs, answers["trouble"] > 0.5)
    assert [one.name for one in box.limits] == ["trap"]
    assert box.density == box.coverage == 1.0


def test_words_are_refused_by_name() -> None:
    with pytest.raises(SimulationError, match="words in rule"):
        discover({"rule": ["equal", "random"] * 10, "a": np.arange(20.0)}, np.arange(20) < 5)


def test_no_cases_no_box() -> None:
    values = {"a": np.linspace(0, 1, 20)}
    with pytest.raises(SimulationError, match="no run is"):
        discover(values, np.zeros(20, bool))
    with pytest.raises(SimulationError, match="every run is"):
        discover(values, np.ones(20, bool))
    with pytest.raises(SimulationError, match="each of 20 runs"):
        discover(values, np.ones(3, bool))


def test_a_scenario_is_a_model_of_levers_uncertainties_and_outcomes() -> None:
    ema = workbench()
    model = ema_model(
        MEDAN,
        policy="mix_mentors",
        against="balanced_mix",
        parameters=["contact_saturation", "trap"],
        levers={"mentor_budget": "policies.mix_mentors.mentors.budget=6..24 billion IDR/year"},
        outcomes=("poverty_headcount", "empowerment_index", "cost"),
        households=200,
        months=13,
        futures=2,
    )
    assert [one.name for one in model.uncertainties] == ["contact_saturation", "trap"]
    assert isinstance(model.uncertainties["trap"], ema.BooleanParameter)
    assert [(one.name, one.lower_bound, one.upper_bound) for one in model.levers] == [("mentor_budget", 6.0, 24.0)]
    kinds = {one.name: one.kind for one in model.outcomes}
    assert kinds["empowerment_index"] == ema.ScalarOutcome.MAXIMIZE
    assert kinds["cost"] == ema.ScalarOutcome.MINIMIZE
    runs, answers = experiments(model, 3, 2)
    assert len(runs) == 6
    function = model.function
    for row in range(6):
        values = {name: runs[name].iloc[row] for name in ("contact_saturation", "trap", "mentor_budget")}
        again = function(**values)
        assert {name: column[row] for name, column in answers.items()} == again
    cheap = runs["mentor_budget"] == runs["mentor_budget"].min()
    assert answers["cost"][cheap].max() < answers["cost"][~cheap].min()


def test_designs_can_be_repeated_and_fill_every_row() -> None:
    model = ema_model_of(corner, UNITS, ["trouble"])
    (first, none), (again, _), (other, _) = (designs(model, 10, seed=seed) for seed in (1, 1, 2))
    assert none is None
    assert [dict(one) for one in first] == [dict(one) for one in again]
    assert [dict(one) for one in first] != [dict(one) for one in other]
    assert sorted(int(10 * one["c"]) for one in first) == list(range(10)), "one a row: a Latin hypercube"


def test_the_example_of_the_guide_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    script = ROOT / "scripts" / "discover_scenarios.py"
    monkeypatch.setattr(sys, "argv", [str(script), "--runs", "40", "--households", "200", "--months", "13"])
    runpy.run_path(str(script), run_name="__main__")
    shown = capsys.readouterr().out
    assert "runs are cases of interest" in shown
    assert "inside" in shown
