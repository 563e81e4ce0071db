"""Power of virtual trials: against the formula, the same for any number of workers, intervals by hand.

Statistical tests draw made-up trials with fixed seeds; were the seeds free, each comparison would raise a false alarm
once in a thousand times (ALARM).
"""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from helpers_panels import GIVEN, WAVE, bounds, drawing, estimate, panel, trial

from empowersim.errors import SimulationError
from empowersim.fronts.terminal import console
from empowersim.fronts.trial_terminal import bar, power_json, show_power
from empowersim.trials.model import Arm
from empowersim.trials.power import Design, PowerTable, detectable_errors, formula_power, power, wilson

ALARM = 1e-3


def table(study=None, *, asked="consumption_level", how=None, **sizes):
    sizes = {"draws": 100, "seed": 5, "level": 0.05, **sizes}
    draw = drawing(**({"effect": 0.4, "icc": 0.1} if how is None else how))
    return power(study or trial(), None, estimate=asked, draw=draw, **sizes)


# --- against the formula ------------------------------------------------------------------------------------------


CASES = {
    # standard error by hand: sqrt(variance x (1 + (households - 1) x icc) x (1/n1 + 1/n0))
    "villages": (trial(villages=40, households=20), "consumption_level", {"effect": 0.35, "icc": 0.1}, 39),
    "many villages": (trial(villages=120, households=5), "consumption_sd", {"effect": 0.25, "icc": 0.3}, 119),
    "households": (
        trial(unit="household", villages=8, households=20),
        "consumption_level",
        {"effect": 0.4, "icc": 0.3},
        158,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_share_of_trials_that_see_the_effect_is_that_of_the_formula(case):
    study, asked, how, degrees = CASES[case]
    draws = 400
    (row,) = table(study, asked=asked, how=how, draws=draws).rows
    villages, each = study.sample.villages, study.sample.households_per_village
    excess = 1 + (each - 1) * how["icc"] if study.unit == "village" else 1.0
    error = math.sqrt(excess * 4 / (villages * each))
    expected = formula_power(how["effect"] / error, degrees)
    assert 0.3 < expected < 0.9
    low, high = bounds(expected, draws, ALARM)
    assert low <= round(row.power * draws) <= high
    # measured in the draws, the formula's inputs are noisy by a few hundredths
    assert row.formula_power == pytest.approx(expected, abs=0.08)
    assert row.icc == pytest.approx(how["icc"], abs=0.03)
    assert row.spread == pytest.approx(error, rel=0.13)
    assert row.se == pytest.approx(error, rel=0.1)
    assert row.detectable == pytest.approx(detectable_errors(degrees) * error, rel=0.1)


def test_a_design_of_the_size_the_formula_asks_for_has_the_power():
    """What `villages_needed` says of a small trial holds when that many villages are drawn."""
    how = {"effect": 0.3, "icc": 0.1}
    (small,) = table(trial(villages=20), how=how, draws=200).rows
    assert small.power < 0.5
    needed = int(small.villages_needed)
    draws = 300
    (large,) = table(trial(), how=how, villages=(needed,), draws=draws).rows
    # the target, give or take chance and the error of an estimate from 200 small trials
    assert bounds(0.72, draws, ALARM)[0] <= round(large.power * draws) <= bounds(0.88, draws, ALARM)[1]


def test_percent_and_odds_ratios_have_a_formula_too():
    study = trial(
        villages=60, estimates=(estimate("percent"), estimate("odds_ratio", "poor"), estimate("points", "poor"))
    )
    how = {"effect": 0.22, "icc": 0.05}
    for asked in ("consumption_percent", "poor_odds_ratio", "poor_points"):
        (row,) = table(study, asked=asked, how=how, draws=200).rows
        assert 0.2 < row.power < 0.98
        assert row.formula_power == pytest.approx(row.power, abs=0.12)
    assert row.covered > 0.9


def test_the_formula_knows_the_treated():
    """Their effect is larger and so is its error: power is that of the offer."""
    study = trial(estimates=(estimate(), estimate(name="treated", on="treated")))
    how = {"effect": 0.6, "icc": 0.1}
    offered, treated = (
        table(study, asked=asked, how=how, take_up=(0.5,)).rows[0] for asked in ("consumption_level", "treated")
    )
    assert treated.estimate == pytest.approx(2 * offered.estimate, rel=0.05)
    assert treated.detectable == pytest.approx(2 * offered.detectable, rel=0.05)
    assert treated.formula_power == pytest.approx(offered.formula_power, abs=0.02)
    assert treated.power == pytest.approx(offered.power, abs=0.05)


def test_nothing_is_seen_as_often_as_the_level_says():
    draws = 400
    for level in (0.05, 0.2):
        (row,) = table(how={"icc": 0.1}, draws=draws, level=level).rows
        low, high = bounds(level, draws, ALARM)
        assert low <= round(row.power * draws) <= high
        assert row.true_value == 0.0


# --- what a trial is planned for ----------------------------------------------------------------------------------


def by_hand(effect, *, each=25, icc=0.1, villages=20):
    """Villages at which the effect is 2.8 standard errors or so, for the degrees of freedom of `villages`."""
    return (detectable_errors(villages - 1) / effect) ** 2 * 4 * (1 + (each - 1) * icc) / each


def test_a_few_draws_are_enough_for_the_number_of_villages():
    """It follows from the true effect, not from what a handful of trials happen to find."""
    for seed in range(5):
        (row,) = table(trial(villages=20), how={"effect": 0.3, "icc": 0.1}, draws=8, seed=seed).rows
        assert row.planned == row.true_value == pytest.approx(0.3)
        assert row.estimate != row.planned
        assert row.villages_needed == pytest.approx(by_hand(0.3), rel=0.35)


def test_a_programme_without_effect_needs_no_number_of_villages():
    made = table(villages=(8, 20), how={"icc": 0.1}, draws=8)
    assert {row.planned for row in made.rows} == {0.0}
    assert all(math.isinf(row.villages_needed) and math.isfinite(row.detectable) for row in made.rows)
    flat = " ".join(shown(made).split())
    assert "There is no true effect: no number of villages is enough." in flat
    assert power_json(made)["rows"][0]["villages_needed"] is None


def test_where_the_comparison_gains_too_only_what_trials_find_can_be_planned_for():
    how = {"effect": 0.5, "icc": 0.1}
    (pure,) = table(how={**how, "spillover": 0.02}).rows
    (hidden,) = table(how={**how, "spillover": 0.2}).rows
    assert pure.planned == pure.true_value == pytest.approx(0.5)
    assert hidden.true_value == pytest.approx(0.5)
    assert hidden.planned == hidden.estimate == pytest.approx(0.3, abs=0.06)
    assert hidden.villages_needed > 2 * pure.villages_needed


def test_against_an_arm_that_is_given_something_its_own_gain_is_no_spillover():
    arms = (Arm("control"), Arm("small", GIVEN), Arm("treated", GIVEN))
    (row,) = table(trial(arms=arms), asked=estimate(against="small"), how={"effect": 0.5}, draws=8).rows
    assert row.true_value == row.planned == 0.0
    assert row.estimate != 0.0


def test_odds_ratios_are_planned_for_on_their_logs():
    study = trial(villages=40, estimates=(estimate("odds_ratio", "poor"),))
    (row,) = table(study, asked="poor_odds_ratio", how={"effect": 0.4, "icc": 0.05}, draws=50).rows
    assert row.planned == row.true_value < 1.0
    (again,) = table(study, asked="poor_odds_ratio", how={"effect": 0.4, "icc": 0.05}, draws=300,
                     villages=(int(row.villages_needed),)).rows  # fmt: skip
    assert bounds(0.68, 300, ALARM)[0] <= round(again.power * 300) <= bounds(0.9, 300, ALARM)[1]


# --- textbook -----------------------------------------------------------------------------------------------------


def test_wilson_intervals_by_hand():
    """p = 8/10, z = 1.96: (0.8 + z²/20 ± z sqrt(0.016 + z²/400)) / (1 + z²/10); none of ten: z² / (10 + z²)."""
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))
    assert wilson(10, 10) == (pytest.approx(0.7225, abs=1e-4), 1.0)


def test_the_power_of_a_t_test_of_64_a_group_for_half_a_standard_deviation():
    """The standard example of sample-size tables (Cohen 1988): 64 in each group for d = .5 give power .80."""
    assert formula_power(0.5 * math.sqrt(32), 126) == pytest.approx(0.8015, abs=5e-4)
    assert formula_power(0.0, 126) == pytest.approx(0.05)
    assert formula_power(-2.0, 30) == formula_power(2.0, 30)
    assert formula_power(1e6, 30) == 1.0
    assert math.isnan(formula_power(math.nan, 30))


@pytest.mark.parametrize("degrees", [3, 19, 500])
@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_the_detectable_effect_has_the_target_power(degrees, target):
    assert formula_power(detectable_errors(degrees, 0.05, target), degrees) == pytest.approx(target)


def test_with_many_degrees_of_freedom_it_is_the_well_known_2_8():
    assert detectable_errors(100000) == pytest.approx(1.959964 + 0.841621, abs=1e-3)


# --- designs ------------------------------------------------------------------------------------------------------


def test_sizes_and_take_up_are_crossed_and_given_to_the_trial():
    seen = []

    def draw(study, parameters, *, seed, replicate):
        seen.append(
            (study.sample.villages, study.sample.households_per_village, study.arm("treated").take_up, replicate)
        )
        assert study.arm("control").take_up == 1.0
        assert (parameters, seed) == ("p", 9)
        return panel(study, seed=seed, replicate=replicate)

    made = power(
        trial(), "p", estimate="consumption_sd", villages=(8, 12), households=(10, 20), take_up=(0.5, 1.0),
        draws=2, seed=9, draw=draw, workers=1,
    )  # fmt: skip
    designs = [(v, h, t) for v in (8, 12) for h in (10, 20) for t in (0.5, 1.0)]
    assert [(row.design.villages, row.design.households, row.design.take_up) for row in made.rows] == designs
    assert seen == [(*design, replicate) for design in designs for replicate in (0, 1)]
    assert [row.observations for row in made.rows] == [v * h for v, h, _ in designs]
    assert [row.clusters for row in made.rows] == [v for v, _, _ in designs]


def test_without_sizes_the_trial_is_taken_as_it_is():
    (row,) = table(trial(villages=10, households=7, take_up=0.9), draws=3).rows
    assert row.design == Design(10, 7, 0.9)


def test_only_the_arms_of_the_estimate_get_the_take_up():
    arms = (Arm("control"), Arm("small", GIVEN, take_up=0.3), Arm("treated", GIVEN, take_up=0.4))
    seen = []

    def draw(study, _, *, seed, replicate):
        seen.append([arm.take_up for arm in study.arms])
        return panel(study, seed=seed, replicate=replicate)

    power(trial(arms=arms), None, estimate=estimate(), take_up=(0.8,), draws=1, seed=1, draw=draw)
    power(trial(arms=arms), None, estimate=estimate(against="small"), take_up=(0.8,), draws=1, seed=1, draw=draw)
    assert seen == [[1.0, 0.3, 0.8], [1.0, 0.8, 0.8]]


def test_lower_take_up_needs_a_larger_trial():
    made = table(villages=(20, 60), take_up=(0.3, 1.0), how={"effect": 0.5, "icc": 0.1}, draws=60)
    found = {(row.design.villages, row.design.take_up): row.power for row in made.rows}
    assert found[20, 0.3] < found[60, 0.3] < found[60, 1.0]
    assert found[20, 0.3] < found[20, 1.0]
    assert {row.design.take_up for row in made.rows if row.villages_needed > 60} == {0.3}


def test_the_smallest_design_with_the_power_is_named():
    made = table(villages=(10, 40, 80), households=(10, 40), how={"effect": 0.45, "icc": 0.1}, draws=100)
    enough = [row for row in made.rows if row.power >= 0.8]
    assert 1 < len(enough) < len(made.rows)
    best = made.smallest()
    assert best in enough
    assert all(
        best.design.villages * best.design.households <= row.design.villages * row.design.households for row in enough
    )
    assert replace(made, target=1.1).smallest() is None
    assert made.smallest(take_up=0.123) is None


def test_the_table_does_not_depend_on_the_number_of_workers():
    asked = {"villages": (8, 16), "take_up": (0.5, 1.0), "draws": 12}
    assert table(workers=1, **asked) == table(workers=3, **asked)


def test_more_workers_draw_at_the_same_time():
    """Two draws that wait for each other end only if they run side by side."""
    both = threading.Barrier(2, timeout=20)

    def draw(study, _, *, seed, replicate):
        both.wait()
        return panel(study, seed=seed, replicate=replicate)

    made = power(trial(villages=8), None, estimate="consumption_sd", draws=2, seed=1, draw=draw, workers=2)
    assert made.rows[0].draws == 2


def test_progress_is_told_trial_by_trial():
    told = []
    table(villages=(8, 10), draws=2, progress=lambda done, total, what: told.append((done, total, what)))
    assert [one[:2] for one in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told[-1][2] == "10 villages x 25 households, take-up 100 %"


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"asked": "consumption_sdd"}, "did you mean consumption_sd?"),
        ({"asked": estimate(arm="treat")}, "did you mean treated?"),
        ({"villages": (3,)}, "villages: expected 4 or more, as villages are assigned, found 3"),
        ({"villages": (8.5,)}, "villages: expected a whole number of 1 or more, found 8.5"),
        ({"households": (0,)}, "households: expected a whole number of 1 or more, found 0"),
        ({"take_up": (1.2,)}, "take_up: expected a share above 0 and at most 1, found 1.2"),
        ({"take_up": (0,)}, "take_up: expected a share above 0 and at most 1, found 0"),
        ({"draws": 0}, "draws: expected a whole number of 1 or more, found 0"),
        ({"seed": -1}, "seed: expected a whole number from 0 to 4294967295, found -1"),
        ({"level": 1.0}, "level: expected a share above 0 and below 1, found 1.0"),
        ({"target": 0.0}, "target: expected a share above 0 and below 1, found 0.0"),
    ],
)
def test_what_cannot_be_drawn_is_told_before_anything_is(sizes, words):
    with pytest.raises(SimulationError) as told:
        table(**sizes)
    assert words in str(told.value)


def test_a_trial_that_fails_is_told():
    def draw(study, _, *, seed, replicate):
        made = panel(study, seed=seed, replicate=replicate)
        return replace(made, found={WAVE: np.zeros(made.arm.size, np.bool_)})

    said = r"at least 2 villages of arm 'treated' found at survey 24, found 0; lower surveys\.24\.attrition$"
    with pytest.raises(SimulationError, match=said):
        power(trial(), None, estimate="consumption_sd", draws=4, seed=1, draw=draw, workers=2)


def test_what_to_do_about_too_few_depends_on_where_they_were_lost():
    def draw(study, _, *, seed, replicate):
        made = panel(study, seed=seed, replicate=replicate)
        return replace(made, measured={WAVE: {"consumption": np.full(made.arm.size, np.nan)}})

    with pytest.raises(SimulationError, match=r"found 0; enlarge population\.villages or widen eligibility$"):
        power(trial(), None, estimate="consumption_sd", draws=1, seed=1, draw=draw)
    arms = (Arm("control"), Arm("treated", GIVEN), Arm("asked", GIVEN, share=0.0))

    def undrawn(study, _, *, seed, replicate):
        made = panel(study, seed=seed, replicate=replicate)
        return replace(made, arm=np.minimum(made.arm, 1))

    with pytest.raises(SimulationError, match=r"give arms\.asked a share above 0, as it is only simulated$"):
        power(trial(arms=arms), None, estimate=estimate(arm="asked"), draws=1, seed=1, draw=undrawn)


# --- on the terminal ----------------------------------------------------------------------------------------------


def shown(made: PowerTable) -> str:
    stream = StringIO()
    show_power(made, console(stream))
    return stream.getvalue()


def test_bars_are_as_long_as_the_power():
    assert (bar(0.0), bar(0.52), bar(1.0), bar(math.nan)) == ("··········", "█████·····", "██████████", "··········")


def test_the_table_of_power_names_the_smallest_design():
    made = table(villages=(8, 60), how={"effect": 0.5, "icc": 0.1}, draws=100)
    text = shown(made)
    flat = " ".join(text.split())
    small, large = made.rows
    assert small.power < 0.8 <= large.power
    assert f"{bar(small.power)} {100 * small.power:.0f}" in flat
    assert "The smallest of these designs with 80 % power: 60 villages x 25 households, take-up 100 %" in flat
    assert "lies between villages" in flat
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "\x1b" not in text


def test_where_no_design_is_large_enough_the_formula_says_how_large():
    made = table(villages=(8, 10), how={"effect": 0.3, "icc": 0.1}, draws=50)
    assert made.smallest() is None
    needed = min(row.villages_needed for row in made.rows)
    flat = " ".join(shown(made).split())
    assert "None of these designs has 80 % power" in flat
    assert f"about {needed:.0f} villages x 25 households at take-up 100 %" in flat


def test_a_power_that_few_trials_leave_open_is_said_to_be_open():
    made = table(villages=(60,), how={"effect": 0.45, "icc": 0.1}, draws=10)
    assert made.rows[0].low < 0.8 <= made.rows[0].power
    assert "though 10 trials leave" in " ".join(shown(made).split())


def test_the_json_of_power_is_strict_and_complete():
    made = table(villages=(8, 60), households=(1, 25), how={"effect": 0.5, "icc": 0.1}, draws=20)
    document = json.loads(json.dumps(power_json(made), allow_nan=False))
    assert [row["design"]["households"] for row in document["rows"]] == [1, 25, 1, 25]
    assert document["rows"][0]["icc"] is None  # one household a village: nobody has a neighbour
    assert document["smallest"] == {"villages": 60, "households": 25, "take_up": 1.0}
    assert document["estimate"]["name"] == "consumption_level"
