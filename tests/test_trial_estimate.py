"""The estimator of a virtual trial: nominal coverage, clusters, scales and the treated, against hand and textbook.

Statistical tests draw 400 made-up trials with fixed seeds and compare counts with exact binomial bounds; were the
seeds free, each would raise a false alarm once in a thousand times (ALARM).
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from helpers_panels import GIVEN, WAVE, bounds, estimate, panel, trial

from empowersim.errors import EmpowersimError, SimulationError
from empowersim.fronts.terminal import console
from empowersim.fronts.trial_terminal import said_p, show_trial, trial_json
from empowersim.trials.estimate import effect, effects
from empowersim.trials.model import Arm
from empowersim.trials.run import Value
from empowersim.trials.survey import reference_of

DRAWS = 400
ALARM = 1e-3


def many(study, asked, *, robust=True, **how):
    """The estimate in `DRAWS` made-up trials."""
    return [effect(panel(study, seed=7, replicate=r, **how), study, asked, robust=robust) for r in range(DRAWS)]


def within(hits: int, share: float) -> bool:
    low, high = bounds(share, DRAWS, ALARM)
    return low <= hits <= high


# --- coverage -----------------------------------------------------------------------------------------------------


CASES = {
    "villages": ({"unit": "village"}, estimate(), {"effect": 0.4, "icc": 0.2}),
    "villages with attrition": ({"unit": "village"}, estimate("sd"), {"effect": 0.4, "icc": 0.1, "attrition": 0.3}),
    "households": ({"unit": "household", "villages": 10}, estimate(), {"effect": 0.4, "icc": 0.2}),
    # a third more than the comparison: taking its mean as known would cover too little
    "percent": ({"unit": "village"}, estimate("percent"), {"effect": 1.0, "icc": 0.2}),
    "treated": ({"unit": "village", "take_up": 0.5}, estimate(on="treated"), {"effect": 0.6, "icc": 0.1}),
    "percent of the treated": (
        {"unit": "household", "villages": 12, "take_up": 0.5},
        estimate("percent", on="treated"),
        {"effect": 1.0},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_interval_holds_the_true_effect_in_95_of_100_trials(case):
    study, asked, how = CASES[case]
    found = many(trial(**study), asked, **how)
    assert within(sum(one.covered for one in found), 0.95)
    if asked.scale == "level":
        assert {round(one.true_value, 9) for one in found} == {how["effect"]}
        error = np.std([one.value for one in found], ddof=1)
        assert np.mean([one.value for one in found]) == pytest.approx(how["effect"], abs=4 * error / math.sqrt(DRAWS))
        # 400 draws tell a standard deviation to within 3.5 %
        assert np.mean([one.se for one in found]) == pytest.approx(error, rel=0.14)


def test_errors_that_forget_the_villages_cover_far_too_little():
    """The check on coverage above fails with naive errors: neighbours who are alike are not so many households."""
    study, asked, how = CASES["villages"]
    covered = {
        robust: sum(one.covered for one in many(trial(**study), asked, robust=robust, **how))
        for robust in (True, False)
    }
    assert within(covered[True], 0.95)
    assert not within(covered[False], 0.95)
    # the design effect 1 + 24 x .2 shrinks the interval to 1 / sqrt(5.8): it covers 58 of 100
    assert within(covered[False], 0.58)


@pytest.mark.parametrize("asked", [estimate(), estimate("odds_ratio", "poor"), estimate("points", "poor")])
def test_a_programme_that_does_nothing_is_found_in_5_of_100_trials(asked):
    found = many(trial(villages=60), asked, effect=0.0, icc=0.15)
    assert within(sum(one.p < 0.05 for one in found), 0.05)


def test_naive_errors_find_something_where_there_is_nothing():
    found = many(trial(villages=60), estimate(), robust=False, effect=0.0, icc=0.15)
    assert not within(sum(one.p < 0.05 for one in found), 0.05)


# --- by hand ------------------------------------------------------------------------------------------------------


def sandwich(design, instruments, residual, groups):
    """Covariance of an instrumental-variable estimate with its finite-sample correction, written out."""
    rows, columns = design.shape
    scores = np.array([(instruments[groups == g] * residual[groups == g, None]).sum(axis=0) for g in np.unique(groups)])
    bread = np.linalg.inv(instruments.T @ design)
    count = len(scores)
    return count / (count - 1) * (rows - 1) / (rows - columns) * bread @ (scores.T @ scores) @ bread.T


def test_the_regression_is_the_difference_of_means_with_the_sandwich_of_the_villages():
    study = trial(villages=20)
    made = panel(study, seed=3, effect=0.5, icc=0.3, attrition=0.2)
    found = effect(made, study, estimate())
    seen = made.found[WAVE]
    y, z, village = made.measured[WAVE]["consumption"][seen], made.arm[seen] == 1, made.village[seen]
    design = np.column_stack((np.ones(y.size), z))
    difference = y[z].mean() - y[~z].mean()
    by_hand = sandwich(design, design, y - y[~z].mean() - difference * z, village)
    assert found.value == pytest.approx(difference)
    assert found.se == pytest.approx(math.sqrt(by_hand[1, 1]))
    assert (found.degrees, found.clusters, found.observations) == (19, 20, seen.sum())
    assert found.high - found.value == pytest.approx(2.093024 * found.se)  # t of 19 degrees
    assert found.control_mean == pytest.approx(y[~z].mean())
    assert found.control_sd == pytest.approx(y[~z].std(ddof=1))


def test_households_that_were_drawn_have_errors_for_unequal_variances():
    study = trial(unit="household", villages=8)
    made = panel(study, seed=3, effect=0.5)
    y, z = made.measured[WAVE]["consumption"].copy(), made.arm == 1
    y[z] = 3 * y[z]
    made.measured[WAVE]["consumption"] = y
    found = effect(made, study, estimate())
    parts = [((y[arm] - y[arm].mean()) ** 2).sum() / arm.sum() ** 2 for arm in (z, ~z)]
    assert found.se == pytest.approx(math.sqrt(sum(parts) * y.size / (y.size - 2)))
    assert found.clusters == y.size


def test_standard_deviations_and_percent_by_hand():
    study = trial(villages=20)
    made = panel(study, seed=4, effect=0.5, icc=0.3)
    level, sd, percent = effects(made, study)
    y, z = made.measured[WAVE]["consumption"], made.arm == 1
    assert sd.value == pytest.approx((y[z].mean() - y[~z].mean()) / y[~z].std(ddof=1))
    assert sd.se == pytest.approx(level.se / y[~z].std(ddof=1))
    assert sd.true_value == pytest.approx(0.5 / y[~z].std(ddof=1))
    assert percent.value == pytest.approx(100 * (y[z].mean() / y[~z].mean() - 1))
    assert percent.true_value == pytest.approx(50 / made.untreated[WAVE]["consumption"][z].mean())
    # the two arms share no village, so their means are independent
    design = np.column_stack((~z, z)).astype(float)
    means = sandwich(design, design, y - np.where(z, y[z].mean(), y[~z].mean()), made.village)
    m0, m1 = y[~z].mean(), y[z].mean()
    assert percent.se == pytest.approx(100 * math.sqrt(means[1, 1] / m0**2 + means[0, 0] * m1**2 / m0**4))
    assert sd.p == percent.p == level.p


def test_points_are_hundredths_of_a_share():
    study = trial()
    made = panel(study, seed=4, effect=0.5)
    level, points = (effect(made, study, estimate(scale, "poor")) for scale in ("level", "points"))
    for name in ("value", "se", "low", "high", "true_value", "true_se"):
        assert getattr(points, name) == pytest.approx(100 * getattr(level, name))
    assert points.value < 0


def test_the_odds_ratio_of_a_two_by_two_table():
    """Its log has the variance 1/a + 1/b + 1/c + 1/d; HC1 adds n / (n - 2)."""
    study = trial(unit="household", villages=8)
    made = panel(study, seed=5, effect=0.6)
    y, z = made.measured[WAVE]["poor"], made.arm == 1
    a, b, c, d = y[z].sum(), (1 - y[z]).sum(), y[~z].sum(), (1 - y[~z]).sum()
    found = effect(made, study, estimate("odds_ratio", "poor"))
    error = math.sqrt((1 / a + 1 / b + 1 / c + 1 / d) * y.size / (y.size - 2))
    assert found.value == pytest.approx(a * d / (b * c))
    assert found.se == pytest.approx(found.value * error)
    assert math.log(found.high / found.value) == pytest.approx(math.log(found.value / found.low))
    assert math.log(found.high / found.value) == pytest.approx(1.972 * error, rel=1e-3)
    base = made.untreated[WAVE]["poor"][z].mean()
    assert found.true_value == pytest.approx(a / b / (base / (1 - base)))
    assert found.no_effect == 1


@pytest.mark.parametrize("probability", [False, True])
def test_the_odds_ratio_is_that_of_a_clustered_logit(probability):
    """The outcome may be a probability: then it is the logit by quasi-likelihood."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    study = trial(villages=30)
    made = panel(study, seed=6, effect=0.6, icc=0.2)
    if probability:
        made.measured[WAVE]["poor"] = 1 / (1 + np.exp(made.measured[WAVE]["consumption"]))
    found = effect(made, study, estimate("odds_ratio", "poor"))
    design = np.column_stack((np.ones(made.arm.size), made.arm))
    model = GLM(made.measured[WAVE]["poor"], design, family=Binomial())
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": made.village}, use_t=True)
    assert found.value == pytest.approx(math.exp(fitted.params[1]), rel=1e-6)
    assert found.se / found.value == pytest.approx(fitted.bse[1], rel=1e-5)


def test_an_odds_ratio_of_none_has_no_value():
    study = trial(villages=8)
    made = panel(study, seed=5)
    made.measured[WAVE]["poor"] = np.zeros(made.arm.size)
    found = effect(made, study, estimate("odds_ratio", "poor"))
    assert [math.isnan(value) for value in (found.value, found.se, found.low, found.high, found.p)] == [True] * 5
    assert not found.covered


@pytest.mark.parametrize("unit", ["village", "household"])
def test_the_effect_on_the_treated_is_the_ratio_of_two_differences(unit):
    study = trial(unit=unit, villages=20, take_up=0.6)
    made = panel(study, seed=8, effect=0.7, icc=0.2)
    y, z, d = made.measured[WAVE]["consumption"], made.arm == 1, made.accepted.astype(float)
    found = effect(made, study, estimate(on="treated"))
    offered = effect(made, study, estimate())
    wald = offered.value / d[z].mean()
    assert 0.5 < d[z].mean() < 0.7
    assert found.value == pytest.approx(wald)
    constant = y.mean() - wald * d.mean()
    groups = made.village if unit == "village" else made.household
    columns = [np.column_stack((np.ones(y.size), one)) for one in (d, z)]
    by_hand = sandwich(*columns, y - constant - wald * d, groups)
    assert found.se == pytest.approx(math.sqrt(by_hand[1, 1]))
    assert found.true_value == pytest.approx(0.7)
    assert offered.true_value == pytest.approx(0.7 * d[z].mean())


def test_percent_of_the_treated_is_of_what_they_would_have_without():
    """Takers with the arm have a mean that is seen; less the effect on them it is what they would have."""
    study = trial(unit="household", take_up=0.5)
    made = panel(study, seed=9, effect=0.9)
    level = effect(made, study, estimate(on="treated")).value
    taken = made.measured[WAVE]["consumption"][made.accepted].mean()
    found = effect(made, study, estimate("percent", on="treated"))
    assert found.value == pytest.approx(100 * level / (taken - level))


def test_the_comparison_is_never_among_the_treated():
    """Whatever a panel says that comparison households accepted, it was nothing of this arm."""
    study = trial(take_up=0.6)
    made = panel(study, seed=8, effect=0.7)
    everyone = replace(made, accepted=made.accepted | (made.arm == 0))
    asked = estimate(on="treated")
    assert effect(everyone, study, asked) == effect(made, study, asked)


# --- the truth ----------------------------------------------------------------------------------------------------


def test_what_the_comparison_gains_is_told_apart():
    study = trial(villages=200)
    made = panel(study, seed=2, effect=0.5, spillover=0.2)
    found = effect(made, study, estimate())
    assert found.true_value == pytest.approx(0.5)
    assert found.spillover == pytest.approx(0.2)
    assert found.value == pytest.approx(0.3, abs=4 * found.se)


def test_against_another_programme_the_truth_is_what_is_gained_beyond_it():
    study = trial(villages=60, arms=(Arm("control"), Arm("small", GIVEN), Arm("large", GIVEN)))
    made = panel(study, seed=2, effect=0.0)
    for index, gain in enumerate((0.0, 0.3, 1.0)):
        for column in (made.true, made.measured):
            column[WAVE]["consumption"] = column[WAVE]["consumption"] + gain * (made.arm == index)
    found = effect(made, study, estimate(arm="large", against="small"))
    assert found.true_value == pytest.approx(0.7)
    assert found.value == pytest.approx(0.7, abs=4 * found.se)


def test_the_error_of_the_truth_shrinks_with_the_sample_and_counts_villages():
    """Gains that neighbours share: their mean is as uncertain as that of 20 villages."""
    study = trial(villages=40, households=50)
    made = panel(study, seed=2)
    gains = np.random.default_rng(1).normal(size=40)
    made.true[WAVE]["consumption"] = made.untreated[WAVE]["consumption"] + gains[made.village]
    found = effect(made, study, estimate())
    mine = gains[np.unique(made.village[made.arm == 1])]
    assert found.true_value == pytest.approx(mine.mean())
    assert found.true_se == pytest.approx(mine.std(ddof=1) / math.sqrt(20))


def test_the_truth_of_an_index_is_in_the_unit_of_the_survey():
    """Survey errors widen the items; the true gain must not look larger for that."""
    rng = np.random.default_rng(3)
    study = trial(unit="household", villages=400)
    made = panel(study, seed=2)
    n = made.arm.size
    untreated = {name: rng.normal(5.0, 1.0, n) for name in ("productive_assets", "durables")}
    true = {name: values + 0.5 * (made.arm == 1) for name, values in untreated.items()}
    measured = {name: values + rng.normal(0.0, 1.0, n) for name, values in true.items()}
    for outcomes, base in ((untreated, true), (true, true), (measured, measured)):
        reference = reference_of(
            {"profit": values_of(n), "sales": values_of(n), "wages": values_of(n), **base}, made.arm == 0
        )
        outcomes["asset_index"] = sum(
            (values - reference[k][0]) / reference[k][1] for k, values in list(outcomes.items())
        )
    made = replace(
        made,
        measured={WAVE: measured | {name: values_of(n) for name in ("profit", "sales", "wages")}},
        true={WAVE: true},
        untreated={WAVE: untreated},
    )
    found = effect(made, study, estimate("sd", "asset_index"))
    # two items of measured s.d. sqrt(2), each up by .5; their sum has s.d. sqrt(2) again
    assert found.true_value == pytest.approx(2 * 0.5 / math.sqrt(2) / math.sqrt(2), rel=0.03)
    assert found.covered


def values_of(count: int) -> np.ndarray:
    return np.linspace(0.0, 1.0, count)


# --- what cannot be estimated -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arm": "treatd"}, "did you mean treated?"),
        ({"against": "nobody"}, "expected an arm of the trial (control, treated), found 'nobody'"),
        ({"outcome": "consumpion"}, "did you mean consumption?"),
        ({"wave": "36"}, "expected a survey of the trial (24), found '36'"),
        ({"scale": "log"}, "expected a scale (sd, percent, points, level, odds_ratio), found 'log'"),
        ({"on": "all"}, "expected whom the effect is on (offered, treated), found 'all'"),
    ],
)
def test_names_that_are_not_there_are_told_with_the_nearest(changes, words):
    study = trial(villages=8)
    with pytest.raises(SimulationError) as told:
        effect(panel(study, seed=1), study, estimate(**changes))
    assert words in str(told.value)


@pytest.mark.parametrize(("unit", "what"), [("village", "villages"), ("household", "households")])
def test_one_unit_of_an_arm_is_too_few(unit, what):
    study = trial(unit=unit, villages=6, households=2)
    made = panel(study, seed=1)
    units = made.village if unit == "village" else made.household
    made.found[WAVE] = (made.arm == 0) | (units == units[made.arm == 1][0])
    with pytest.raises(SimulationError, match=rf"at least 2 {what} of arm 'treated' found at survey 24, found 1"):
        effect(made, study, estimate())


def test_nobody_treated_has_no_effect_on_the_treated():
    study = trial(villages=8)
    made = replace(panel(study, seed=1), accepted=np.zeros(200, np.bool_))
    with pytest.raises(SimulationError, match=r"nobody accepted the offer.*raise take_up"):
        effect(made, study, estimate(on="treated"))


def test_without_the_statistics_library_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.regression.linear_model", None)
    study = trial(villages=8)
    with pytest.raises(EmpowersimError, match=r"pip install 'empowersim\[analysis\]'"):
        effect(panel(study, seed=1), study, estimate())


def test_answers_that_are_missing_are_left_out():
    study = trial(villages=12)
    made = panel(study, seed=1, effect=0.3)
    lost = np.arange(made.arm.size) % 3 == 0
    gaps = panel(study, seed=1, effect=0.3)
    gaps.measured[WAVE]["consumption"] = np.where(lost, np.nan, gaps.measured[WAVE]["consumption"])
    made.found[WAVE] = ~lost
    assert effect(gaps, study, estimate()) == effect(made, study, estimate())


# --- on the terminal ----------------------------------------------------------------------------------------------


def shown(study, found, **more):
    stream = StringIO()
    show_trial(study, found, console(stream), **more)
    return stream.getvalue()


def test_the_table_of_a_trial_says_what_was_found_and_what_is_true():
    study = trial(villages=30)
    found = effects(panel(study, seed=2, effect=0.5, icc=0.1), study)
    text = shown(study, found)
    flat = " ".join(text.split())
    assert "A made-up study" in flat
    assert "consumption_level, L/month" in flat
    assert f"+{found[2].value:.1f} %" in flat
    assert f"{found[2].low:.1f} to {found[2].high:.1f}" in flat
    assert " 750 " in flat
    assert flat.count(" in 30 ") == 3
    assert "3 of 3 intervals hold the true effect" in flat
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "\x1b" not in text


def test_the_column_of_any_size_is_shown_when_it_is_known():
    study = trial(villages=30)
    found = effects(panel(study, seed=2, effect=0.5), study)
    text = shown(study, found, expected={"consumption_sd": Value(0.4567, 0.01)})
    assert "any size" in text
    assert "+0.457" in text
    assert "any size" not in shown(study, found)


def test_a_miss_and_a_spillover_are_said():
    study = trial(villages=200)
    found = effects(panel(study, seed=2, effect=0.5, spillover=0.4), study)
    text = " ".join(shown(study, found).split())
    assert " no " in text
    assert " yes " not in text
    assert "0 of 3 intervals" in text
    assert "comparison is affected by the programme" in text


def test_the_json_of_a_trial_is_strict_and_complete():
    study = trial(villages=30)
    made = panel(study, seed=2, effect=0.5)
    made.measured[WAVE]["poor"] = np.zeros(made.arm.size)
    asked = (*study.estimates, estimate("odds_ratio", "poor"))
    study = replace(study, estimates=asked)
    document = json.loads(json.dumps(trial_json(study, effects(made, study)), allow_nan=False))
    assert [row["name"] for row in document["estimates"]] == [one.name for one in asked]
    assert document["estimates"][0]["true_value"] == pytest.approx(0.5)
    assert document["estimates"][0]["covered"] is True
    assert document["estimates"][-1]["value"] is None


def test_small_probabilities_are_not_said_to_be_nothing():
    assert (said_p(0.0004), said_p(0.04321), said_p(math.nan)) == ("<0.001", "0.043", "–")
