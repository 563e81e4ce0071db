"""What a planner asks of a comparison: the verdict, the budget curve, the tornado, who is reached."""

from __future__ import annotations

import math

import numpy as np
import pytest

import empowersim as es
from empowersim.errors import SimulationError
from empowersim.experiments.answer import Answer, answer, deepened, standing
from empowersim.experiments.budget_curve import budget_curve, plan_curve, scaled
from empowersim.experiments.responses import Input
from empowersim.experiments.statistics import Paired
from empowersim.experiments.summary import BANDED
from empowersim.experiments.tornado import switching_value, tornado
from empowersim.experiments.winners import reach_of
from empowersim.scenario.compile import cost_per_year, place_with
from empowersim.scenario.load import load

MEDAN = "scenarios/medan.yaml"
SMALL = {"households": 400, "months": 14, "seed": 3}


@pytest.fixture(scope="module")
def found() -> Answer:
    return answer(MEDAN, policies=["balanced_mix", "mix_mentors"], replicates=4, **SMALL)


# ---------------------------------------------------------------- verdict


def test_the_verdict_is_read_off_the_tables_of_the_comparison(found: Answer) -> None:
    verdict, made = found.verdict, found.comparison
    assert verdict is not None
    gaps = {name: made.differences.one("mean", policy=name, outcome="poverty_gap") for name in made.others}
    assert verdict.best == min(gaps, key=lambda name: gaps[name])
    assert verdict.against_reference.mean == gaps[verdict.best]
    assert {verdict.best, verdict.runner_up} == {"balanced_mix", "mix_mentors"}
    for end in ("low", "high"):
        told = made.differences.one(end, policy=verdict.best, outcome="poverty_gap")
        assert getattr(verdict.against_reference, end) == told
    assert verdict.cost == pytest.approx(made.differences.one("mean", policy=verdict.best, outcome="cost"))
    assert verdict.best_share == made.outcomes.one("probability_best", policy=verdict.best, outcome="poverty_gap")


def test_where_more_is_better_the_highest_is_best() -> None:
    found = answer(MEDAN, outcome="literacy", policies=["adult_literacy", "skills_training"], replicates=3, **SMALL)
    assert found.ranking[0] == "adult_literacy"


def test_a_single_policy_has_no_verdict() -> None:
    assert Answer(es.simulate(MEDAN, "balanced_mix", replicates=2, **SMALL)).verdict is None


@pytest.mark.parametrize(
    ("ends", "better", "expected"),
    [
        ((-0.2, -0.3, -0.1), -1, "better"),
        ((0.2, 0.1, 0.3), -1, "worse"),
        ((0.2, 0.1, 0.3), 1, "better"),
        ((-0.1, -0.3, 0.1), -1, "unclear"),
        ((0.0, 0.0, 0.0), -1, "same"),
        ((0.2, math.nan, math.nan), 1, "unclear"),
        ((0.2, 0.1, 0.3), 0, "unclear"),
    ],
)
def test_standing(ends: tuple[float, float, float], better: int, expected: str) -> None:
    assert standing(Paired(*ends, 0.5, 1.0), better) == expected


# ---------------------------------------------------------------- budget curve


def test_the_budget_as_it_is_gives_the_bits_of_a_comparison() -> None:
    curve = budget_curve(MEDAN, "mix_mentors", sizes=(0.5, 1.0), replicates=3, **SMALL)
    plain = es.compare(MEDAN, policies=["mix_mentors"], replicates=3, **SMALL)
    told = plain.differences.where(policy="mix_mentors")
    again = curve.comparison.differences.where(policy=curve.at(1.0))
    for column in ("mean", "low", "high"):
        assert np.array_equal(told[column], again[column], equal_nan=True)


def test_a_size_multiplies_all_that_is_paid_for() -> None:
    scenario = load("scenarios/remote-islands.yaml")
    place = place_with(scenario.world)
    for name in ("mix_commuting", "mix_links", "balanced_mix"):
        policy = scenario.policies[name]
        for size in (0.5, 2.0):
            changed = cost_per_year(scaled(policy, size), place)
            assert changed == pytest.approx(size * cost_per_year(policy, place), rel=1e-9)


def test_costs_of_a_curve_rise_with_the_size() -> None:
    rows = budget_curve(MEDAN, "balanced_mix", sizes=(2.0, 0.5, 1.0), replicates=2, **SMALL).rows("poverty_gap")
    assert [row[0] for row in rows] == [0.5, 1.0, 2.0]
    assert rows[0][1] < rows[1][1] < rows[2][1]


@pytest.mark.parametrize(
    ("policy", "sizes", "message"),
    [
        ("no_programme", (1.0,), "no_programme is what others are compared with"),
        ("balanced_mix", (0.0, 1.0), "above 0 and up to 10"),
        ("balanced_mix", (), "above 0 and up to 10"),
        ("balanced_mixx", (1.0,), "balanced_mix"),
    ],
)
def test_curves_that_make_no_sense_are_refused(policy: str, sizes: tuple[float, ...], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        plan_curve(MEDAN, policy, sizes=sizes)


# ---------------------------------------------------------------- tornado


@pytest.mark.parametrize(
    ("stands", "base", "at_low", "at_high", "expected"),
    [
        (1.0, -2.0, -4.0, 2.0, 1.5),  # from -2 at 1 to 2 at 2: half way
        (1.0, -1.0, 3.0, -2.0, 0.75),  # from 3 at 0 to -1 at 1: three quarters of the way
        (1.0, -1.0, 1.0, 3.0, 1.25),  # crosses on both sides, at 0.5 and 1.25: the nearer
        (1.0, -1.0, -2.0, -3.0, math.nan),
        (1.0, 1.0, 0.0, 2.0, 0.0),
        (0.0, -1.0, -1.0, 1.0, 1.0),  # stands at its low end
    ],
)
def test_switching_values(stands: float, base: float, at_low: float, at_high: float, expected: float) -> None:
    assert switching_value(Input("x", 0.0, 2.0), stands, base, at_low, at_high) == pytest.approx(expected, nan_ok=True)


def test_a_tornado_moves_one_parameter_at_a_time() -> None:
    wanted = {"futures": 2, **SMALL}
    parameters = ["business_scale", "severe_recovery", "kin_sharing"]
    made = tornado(MEDAN, "entrepreneurship", "no_programme", parameters=parameters, **wanted)
    assert {bar.name for bar in made.bars} == set(parameters)
    assert [bar.width for bar in made.bars] == sorted((bar.width for bar in made.bars), reverse=True)
    bar = next(bar for bar in made.bars if bar.name == "business_scale")
    from empowersim.scenario.changes import Changeable

    moved = Changeable(MEDAN).scenario({"base.parameters.business_scale": repr(bar.high)})
    plain = es.compare(moved, policies=["entrepreneurship"], replicates=2, **SMALL)
    assert bar.at_high == pytest.approx(plain.differences.one("mean", policy="entrepreneurship", outcome="poverty_gap"))
    assert made.base == pytest.approx(
        es.compare(MEDAN, policies=["entrepreneurship"], replicates=2, **SMALL).differences.one(
            "mean", policy="entrepreneurship", outcome="poverty_gap"
        )
    )


def test_a_tornado_does_not_depend_on_threads() -> None:
    wanted = {"parameters": ["business_scale", "kin_sharing"], "futures": 2, **SMALL}
    one, two = (tornado(MEDAN, "mix_mentors", "balanced_mix", threads=count, **wanted) for count in (1, 2))
    assert repr(one) == repr(two)


def test_a_policy_against_itself_is_refused() -> None:
    with pytest.raises(SimulationError, match="two different policies"):
        tornado(MEDAN, "balanced_mix", "balanced_mix")


def test_the_deep_answer_is_about_the_best_and_the_runner_up(found: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    from empowersim.experiments import answer as module

    asked = {}
    monkeypatch.setattr(module, "tornado", lambda scenario, a, b, **more: asked.update(more, pair=(a, b)))
    deep = deepened(found, MEDAN, sizes=(1.0,), futures=2)
    verdict = found.verdict
    assert verdict is not None
    assert asked["pair"] == (verdict.best, verdict.runner_up)
    assert (asked["households"], asked["months"], asked["seed"]) == (400, 14, 3)
    assert deep.curve is not None
    assert deep.curve.policy == verdict.best
    assert deep.curve.rows("poverty_gap")[0][2] == verdict.against_reference.mean
    with pytest.raises(SimulationError, match="expected the scenario medan"):
        deepened(found, "scenarios/remote-islands.yaml")


# ---------------------------------------------------------------- who is reached, and how futures spread


def test_errors_of_inclusion_and_exclusion_by_hand() -> None:
    poor = np.array([True, True, True, True, False, False, False, False, False, False])
    served = np.array([True, False, False, False, True, True, False, False, False, False])
    # served: one poor, two others; of four poor three are missed; of six others two are served
    assert reach_of(poor, served) == pytest.approx([2 / 3, 3 / 4, 1 / 4, 2 / 6])
    nobody = reach_of(poor, np.zeros(10, np.bool_))
    assert math.isnan(nobody[0])
    assert math.isnan(nobody[1])
    assert nobody[2:] == [0.0, 0.0]


def test_served_in_the_reach_table_are_those_of_the_access_table(found: Answer) -> None:
    made = found.comparison
    one = made.reach.where(policy="balanced_mix")
    shares = dict(zip(one["figure"].tolist(), one["mean"].tolist(), strict=True))
    assert shares["served_of_poor"] == pytest.approx(1 - shares["exclusion_error"])
    served = made.access.one("mean", policy="balanced_mix", item="all", figure="served")
    assert min(shares["served_of_poor"], shares["served_of_others"]) < served
    assert served < max(shares["served_of_poor"], shares["served_of_others"])


def test_bands_are_quantiles_over_the_futures(found: Answer) -> None:
    made = found.comparison
    bands = made.bands.where(policy="mix_mentors", measure="poverty_headcount")
    assert set(made.bands["measure"].tolist()) == set(BANDED)
    assert len(bands) == 14
    ends = np.stack([bands[name] for name in ("q05", "q25", "q50", "q75", "q95")])
    assert (np.diff(ends, axis=0) >= 0).all()
    singles = [
        es.simulate(MEDAN, "mix_mentors", replicates=count, **SMALL).paths.one(
            "mean", policy="mix_mentors", measure="poverty_headcount", month=5
        )
        for count in (1, 2, 3, 4)
    ]
    # means of the first 1, 2, 3, 4 futures give back the futures
    values = [
        count * after - (count - 1) * before
        for count, (before, after) in enumerate(zip([0.0, *singles[:-1]], singles, strict=True), start=1)
    ]
    expected = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
    assert ends[:, 5] == pytest.approx(expected)


def test_subdistricts_of_the_first_future_make_up_all_households(found: Answer) -> None:
    places = found.comparison.places.where(policy="balanced_mix")
    assert places["households"].sum() == 400
    assert ((places["served"] >= 0) & (places["served"] <= 1)).all()
