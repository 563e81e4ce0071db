"""What an enumerator writes down: each outcome worked out by hand from a small state, and the noise by its address.

Bounds on chance stand at 4 standard errors with fixed seeds: were the seeds free, each would raise a false alarm 6
times in 100,000.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_panels import trial

from empowersim.engine.observe import FIRST, STREAMS, drawn
from empowersim.parameters import parameters
from empowersim.rng import Kind, Stream, normal_from, philox, uniform_from
from empowersim.trials.model import Context, Eligibility, Limit, Wave
from empowersim.trials.run import Drawn, draw
from empowersim.trials.survey import INDICES, OUTCOMES, add_indices, measure, reference_of, tops_of

P = parameters()
STATE = {
    "consumption": [0.6, 0.9, 1.2, 2.0],
    "held": [0.0, 0.4, 0.6, 5.0],
    "durables": [0.0, 1.0, 2.0, 3.0],
    "savings": [0.0, 0.1, 1.0, 4.0],
    "business_time": [0.0, 0.1, 0.2, 0.6],
    "wage_time": [0.5, 0.4, 0.3, 0.0],
    "job": [0.0, 0.0, 1.0, 1.0],
    "wages": [0.8, 0.6, 0.5, 0.0],
    "profit": [0.0, 0.2, 0.5, 1.5],
    "sales": [0.0, 1.0, 2.0, 6.0],
    "literacy": [0.5, 0.5, 0.75, 1.0],
    "literacy_base": [0.5, 0.25, 0.5, 1.0],
    "health_practice": [0.0, 0.2, 0.5, 1.0],
    "health": [0.0, 1.0, -1.0, 0.5],
    "well_being": [-1.0, 0.0, 0.5, 1.0],
    "voice": [0.0, 0.1, 0.2, 0.3],
    "empowerment": [0.0, 0.2, 0.4, 0.6],
    "child_learning": [0.0, 0.1, 0.2, 0.3],
    "in_school": [1.0, 0.0, 1.0, 1.0],
    "participation": [0.0, 0.5, 0.7, 1.0],
    "illness": [0.0, 1.0, 2.0, 0.0],
    "income": [0.7, 0.8, 1.0, 1.5],
    "advice": [0.0, 0.1, 0.5, 1.0],
    "business_practice": [0.0, 0.3, 0.6, 0.9],
}
STATE = {name: np.array(values, np.float32) for name, values in STATE.items()}
TRUE = measure(STATE, P, None)
MADE = P._replace(
    survey_week_hours=np.float32(50),
    survey_business_assets=np.float32(0.5),
    survey_extreme_line=np.float32(0.7),
    survey_savings_floor=np.float32(0.1),
    survey_own_wages=np.float32(0.5),
    grades_in_literacy=np.float32(6),
    asset_scale=np.float32(10),
)
"""Numbers that hands can work with."""

BY_HAND = {
    "consumption": [0.6, 0.9, 1.2, 2.0],
    "log_consumption": [math.log(0.6), math.log(0.9), math.log(1.2), math.log(2.0)],
    "food": [math.log(0.6), math.log(0.9), math.log(1.2), math.log(2.0)],
    "productive_assets": [0.0, 0.4, 0.6, 5.0],
    "log_productive_assets": [0.0, math.log(5.0), math.log(7.0), math.log(51.0)],
    "durables": [0.0, 1.0, 2.0, 3.0],
    "assets_value": [0.0, 1.5, 3.6, 12.0],
    "savings": [math.log(0.1), math.log(0.2), math.log(1.1), math.log(4.1)],
    "hours": [25.0, 25.0, 25.0, 30.0],
    "business_hours": [0.0, 5.0, 10.0, 30.0],
    "wage_hours": [25.0, 20.0, 15.0, 0.0],
    "casual_hours": [25.0, 20.0, 0.0, 0.0],
    "earnings": [0.8, 0.8, 1.0, 1.5],
    "own_earnings": [0.4, 0.5, 0.75, 1.5],
    "wages": [0.8, 0.6, 0.5, 0.0],
    "profit": [0.0, 0.2, 0.5, 1.5],
    "log_profit": [math.log(1e-6), math.log(0.2), math.log(0.5), math.log(1.5)],
    "sales": [0.0, 1.0, 2.0, 6.0],
    "employed": [0, 0, 1, 1],
    "in_business": [0, 0, 1, 1],
    "poor": [1, 1, 0, 0],
    "extreme_poor": [1, 0, 0, 0],
    "well_being": [-1.0, 0.0, 0.5, 1.0],
    "health": [0.0, 1.0, -1.0, 0.5],
    "voice": [0.0, 0.1, 0.2, 0.3],
    "empowerment": [0.0, 0.2, 0.4, 0.6],
    "literacy_test": [3.0, 3.0, 4.5, 6.0],
    "literacy_grades": [3.0, 3.0, 4.5, 6.0],
    "child_learning": [0.0, 0.1, 0.2, 0.3],
    "in_school": [1, 0, 1, 1],
    "participation": [0.0, 0.5, 0.7, 1.0],
    "illness": [0, 1, 2, 0],
    "income": [0.7, 0.8, 1.0, 1.5],
    "advice": [0.0, 0.1, 0.5, 1.0],
    "practice": [0.0, 0.3, 0.6, 0.9],
    "literacy_gain": [0.0, 0.25, 0.25, 0.0],
}


def study(**changes):
    return trial(**({"villages": 12, "households": 20, "waves": (Wave("0", 0), Wave("6", 6))} | changes))


# --- by hand ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_HAND)
def test_an_outcome_without_error_by_hand(name):
    assert measure(STATE, MADE, None)[name] == pytest.approx(np.array(BY_HAND[name], float), rel=1e-6, abs=1e-7)


def test_the_chance_of_a_newborn_by_hand():
    p = P._replace(
        neonatal_log_odds=np.float32(-3), neonatal_per_practice=np.float32(2), neonatal_per_health=np.float32(0.5)
    )
    log_odds = np.array([-3.0, -3.0 - 0.4 - 0.5, -3.0 - 1.0 + 0.5, -3.0 - 2.0 - 0.25])
    odds = np.exp(log_odds)
    assert measure(STATE, p, None)["neonatal_death"] == pytest.approx(odds / (1 + odds), rel=1e-6)


def test_every_outcome_is_described_and_every_description_is_an_outcome():
    assert set(BY_HAND) | {"neonatal_death"} == set(TRUE)
    assert set(TRUE) | set(INDICES) == set(OUTCOMES)
    assert {name for name, outcome in OUTCOMES.items() if outcome.name != name} == set()
    worse = {name for name, outcome in OUTCOMES.items() if outcome.better < 0}
    assert worse == {"poor", "extreme_poor", "neonatal_death", "illness"}


def test_indices_by_hand():
    outcomes = {
        "productive_assets": np.array([1.0, 3.0, 8.0]),
        "durables": np.array([10.0, 20.0, 0.0]),
        "sales": np.array([0.0, 2.0, 1.0]),
        "wages": np.array([1.0, 1.0, 4.0]),
        "profit": np.array([5.0, 7.0, 6.0]),
    }
    reference = reference_of(outcomes, np.array([True, True, False]))
    assert reference["productive_assets"] == (2.0, 1.0)
    assert reference["durables"] == (15.0, 5.0)
    add_indices(outcomes, reference)
    assert outcomes["asset_index"] == pytest.approx([-2.0, 2.0, 3.0])
    assert outcomes["profit_and_sales"] == pytest.approx([-2.0, 2.0, 0.0])
    # wages of the comparison do not vary: their spread is held above zero, so the index is finite
    assert np.isfinite(outcomes["income_index"]).all()
    assert outcomes["income_index"][:2] == pytest.approx([-1.0, 1.0])


# --- noise --------------------------------------------------------------------------------------------------------

SIZES = {
    "consumption": ("SURVEY_CONSUMPTION", "survey_consumption"),
    "productive_assets": ("SURVEY_ASSETS", "survey_assets"),
    "durables": ("SURVEY_DURABLES", "survey_assets"),
    "business_hours": ("SURVEY_HOURS", "survey_hours"),
    "wage_hours": ("SURVEY_HOURS", "survey_hours"),
    "wages": ("SURVEY_WAGES", "survey_wages"),
    "profit": ("SURVEY_SALES", "survey_sales"),
    "sales": ("SURVEY_SALES", "survey_sales"),
}
"""Items with a multiplicative error: its stream and the parameter of its size."""
ADDED = {
    "well_being": ("SURVEY_WELL_BEING", "survey_well_being"),
    "health": ("SURVEY_HEALTH", "survey_scale"),
    "voice": ("SURVEY_VOICE", "survey_scale"),
    "empowerment": ("SURVEY_EMPOWERMENT", "survey_scale"),
    "literacy_test": ("SURVEY_LITERACY", "survey_literacy"),
    "child_learning": ("SURVEY_LEARNING", "survey_learning"),
}
MORE_NOISE = ("log_consumption", "food", "log_productive_assets", "assets_value", "savings", "hours", "casual_hours")
EXACT = ("employed", "in_business", "in_school", "neonatal_death", "literacy_grades", "participation", "income")


def noise_of(stream: str, size: float = 1.0):
    """Survey draws that are zero but for one stream."""
    made = np.zeros((int(STREAMS), 4), np.float32)
    made[int(Stream[stream]) - int(FIRST)] = size
    return made


def untrimmed(p=P):
    return p._replace(survey_top=np.float32(100))


@pytest.mark.parametrize("name", SIZES)
def test_a_multiplied_error_has_its_own_stream_and_size(name):
    stream, size = SIZES[name]
    error = float(getattr(P, size))
    for sign in (1.0, -2.0):
        found = measure(STATE, untrimmed(), noise_of(stream, sign))[name]
        assert found == pytest.approx(TRUE[name] * math.exp(sign * error), rel=1e-6)


@pytest.mark.parametrize("name", ADDED)
def test_an_added_error_has_its_own_stream_and_size(name):
    stream, size = ADDED[name]
    found = measure(STATE, untrimmed(), noise_of(stream, 1.5))[name]
    assert found == pytest.approx(TRUE[name] + 1.5 * float(getattr(P, size)), rel=1e-6)


def test_food_shares_the_error_of_consumption_and_has_one_of_its_own():
    both = noise_of("SURVEY_CONSUMPTION") + noise_of("SURVEY_FOOD", 2.0)
    error = float(P.survey_consumption) + 2.0 * float(P.survey_food)
    found = measure(STATE, untrimmed(), both)
    assert found["food"] == pytest.approx(TRUE["food"] + error, rel=1e-6)
    assert found["log_consumption"] == pytest.approx(TRUE["log_consumption"] + float(P.survey_consumption), rel=1e-6)


def test_who_is_poor_in_a_survey_is_who_says_so():
    """An error of two standard deviations takes one household over each line."""
    found = measure(STATE, P, noise_of("SURVEY_CONSUMPTION", 1.5))
    factor = math.exp(1.5 * float(P.survey_consumption))
    assert factor > 1.2
    assert found["poor"].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found["extreme_poor"].tolist() == [0.0, 0.0, 0.0, 0.0]


def test_savings_are_reported_with_their_floor():
    found = measure(STATE, P, noise_of("SURVEY_SAVINGS"))["savings"]
    floor, error = float(P.survey_savings_floor), math.exp(float(P.survey_savings))
    assert found == pytest.approx(np.log(floor + error * np.array([0.0, 0.1, 1.0, 4.0])), rel=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_what_nobody_misreports(name):
    noise = np.full((int(STREAMS), 4), 1.7, np.float32)
    assert np.array_equal(measure(STATE, P, noise)[name], TRUE[name])


def test_every_outcome_has_noise_or_is_exact():
    noise = np.full((int(STREAMS), 4), 1.7, np.float32)
    found = measure(STATE, untrimmed(), noise)
    noisy = {name for name, values in found.items() if not np.array_equal(values, TRUE[name])}
    assert {*SIZES, *ADDED, *MORE_NOISE} <= noisy
    assert not noisy & set(EXACT)


def big(count=1000):
    values = np.arange(1.0, count + 1.0, dtype=np.float32)
    rising = dict.fromkeys(("consumption", "held", "durables", "profit", "sales", "wages", "savings"), values)
    return dict.fromkeys(STATE, np.zeros(count, np.float32)) | rising


def test_amounts_are_cut_at_their_percentile_and_only_in_a_survey():
    state, quiet = big(), np.zeros((int(STREAMS), 1000), np.float32)
    p = P._replace(survey_top=np.float32(99))
    uncut, true = measure(state, p, quiet), measure(state, p, None)
    surveyed = measure(state, p, quiet, tops_of(uncut, p))
    top = 1.0 + 0.99 * 999
    for name in ("productive_assets", "durables", "profit", "sales"):
        assert surveyed[name].max() == pytest.approx(top), name
        assert np.array_equal(surveyed[name], np.minimum(true[name], surveyed[name].max())), name
        assert true[name].max() == 1000.0
    for name in ("consumption", "wages"):
        assert np.array_equal(surveyed[name], true[name]), name
    lower = measure(state, p, quiet, tops_of(uncut, p._replace(survey_top=np.float32(95))))
    assert lower["profit"].max() == pytest.approx(1.0 + 0.95 * 999)


# --- addresses ----------------------------------------------------------------------------------------------------


def test_noise_stands_at_its_address():
    """One household, one month, one stream: the number is that of the generator, whoever else is asked."""
    ids = np.array([7, 3_000_001, 2**33 + 5], np.int64)
    found = drawn(ids, Kind.HOUSEHOLD, 12, int(FIRST), int(STREAMS), 5, 2, normal=True)
    uniform = drawn(ids, Kind.HOUSEHOLD, 12, int(FIRST), int(STREAMS), 5, 2, normal=False)
    assert found.shape == (int(STREAMS), 3)
    for at, number in enumerate(ids.tolist()):
        for stream in (Stream.SURVEY_CONSUMPTION, Stream.SURVEY_WAGES, Stream.SURVEY_TRANSITORY):
            words = philox(
                np.uint32(number & 0xFFFFFFFF),
                np.uint32(number >> 32),
                np.uint32(12),
                np.uint32(int(stream) // 4),
                np.uint32(5),
                np.uint32(2),
            )
            word = words[int(stream) % 4]
            assert found[int(stream) - int(FIRST), at] == np.float32(normal_from(word))
            assert uniform[int(stream) - int(FIRST), at] == np.float32(uniform_from(word))
    alone = drawn(ids[1:2], Kind.HOUSEHOLD, 12, int(FIRST), int(STREAMS), 5, 2, normal=True)
    assert np.array_equal(alone[:, 0], found[:, 1])
    for other in ({"month": 13}, {"seed": 6}, {"replicate": 3}, {"kind": Kind.VILLAGE}):
        how = {"kind": Kind.HOUSEHOLD, "month": 12, "seed": 5, "replicate": 2} | other
        moved = drawn(
            ids, how["kind"], how["month"], int(FIRST), int(STREAMS), how["seed"], how["replicate"], normal=True
        )
        assert not (moved == found).any(), other


def test_a_survey_is_the_same_when_it_is_made_again():
    panels = [draw(study(), P, seed=8) for _ in range(2)]
    for wave in ("0", "6"):
        for name, values in panels[0].measured[wave].items():
            assert np.array_equal(values, panels[1].measured[wave][name]), name


def test_noise_has_nothing_to_do_with_what_is_true():
    """Errors of surveyed log consumption: mean 0, the size of the passport, unrelated to consumption."""
    panel = draw(study(villages=100), P, seed=8)
    error = panel.measured["6"]["log_consumption"] - panel.true["6"]["log_consumption"]
    size, count = float(P.survey_consumption), error.size
    # false alarm at 4 standard errors: 6e-5 each
    assert error.mean() == pytest.approx(0.0, abs=4 * size / math.sqrt(count))
    assert error.std() == pytest.approx(size, rel=4 / math.sqrt(2 * count))
    assert abs(np.corrcoef(error, panel.true["6"]["log_consumption"])[0, 1]) < 4 / math.sqrt(count)
    again = panel.measured["0"]["log_consumption"] - panel.true["0"]["log_consumption"]
    assert abs(np.corrcoef(error, again)[0, 1]) < 4 / math.sqrt(count)


# --- what is earned at a survey -----------------------------------------------------------------------------------

HEALTHY = Eligibility(limits=(Limit("illness", 0.0, 0.0),))


def earning(months=(1, 12), context=None, **fixed):
    """A study in which no assets die, with some parameters `fixed`, and its world without any programme."""
    p = P._replace(**{name: np.float32(value) for name, value in fixed.items()})
    villages = {"asset_death_hazard": 0.0} | ({} if context is None else context)
    waves = tuple(Wave(str(month), month) for month in months)
    made = study(villages=40, waves=waves, context=Context(villages=villages), eligibility=HEALTHY)
    one = Drawn(made, p, 4, 0)
    return one, one.world_of(made.arms[0])


def test_what_is_earned_at_a_survey_is_what_the_month_brought():
    """Without transitory draws the two differ by a month's change of assets alone, and by nothing on average."""
    for growth in (0.0, 0.02):
        _, world = earning(context={"growth": growth}, transitory_sd=0.0, asset_noise_sd=0.0)
        for month in (1, 12):
            state = world.states[month]
            well = (state["illness"] == 0) & (state["shock"] == 0)
            ratio = (state["wages"] + state["profit"])[well] / state["income"][well]
            assert well.sum() > 500
            assert np.median(ratio) == pytest.approx(1.0, abs=2e-3)
            assert np.abs(ratio - 1.0).max() < 0.05


def test_wages_carry_a_transitory_draw_of_their_own():
    """The same world looked at with other draws: wages alone move, by as much as the draw says."""
    one, world = earning(months=(12,))
    none = np.zeros(one.ids.size, np.float32)
    drawn_wages, plain = world.states[12], one.study.follow((), (12,), {12: none}).states[12]
    for name, values in plain.items():
        assert np.array_equal(values, drawn_wages[name]) is (name != "wages"), name
    working = plain["wages"] > 0.01
    ratio = np.log(drawn_wages["wages"][working] / plain["wages"][working])
    said = float(P.transitory_sd) * one.transitory[12][working]
    assert working.sum() > 500
    assert ratio == pytest.approx(said, abs=1e-5)
    # and it is not the draw of the month itself, which its income holds; false alarm at 4 standard errors: 6e-5
    well = working & (plain["illness"] == 0)
    own = np.log(plain["income"][well] / (plain["wages"] + plain["profit"])[well])
    assert own.std() > 0.3 * float(P.transitory_sd)
    assert abs(np.corrcoef(own, one.transitory[12][well])[0, 1]) < 4 / math.sqrt(well.sum())


def test_time_is_shared_between_business_and_wages():
    _, world = earning()
    for month in (1, 12):
        state = world.states[month]
        assert (state["business_time"] >= 0).all()
        assert (state["wage_time"] >= 0).all()
        assert (state["business_time"] + state["wage_time"]).max() <= 1.0 + 1e-6
        in_a_job = state["job"] > 0.5
        assert state["wage_time"][in_a_job].mean() > state["wage_time"][~in_a_job].mean()
    held = world.states[12]["held"]
    assert held == pytest.approx(np.expm1(world.states[12]["assets"].astype(float)) / float(P.asset_scale), rel=1e-5)
