"""Confidence sequences and stopping rules. Statistical tests use fixed seeds and state their false-alarm rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import lambertw
from scipy.stats import binom

from empowersim.experiments.statistics import t_quantile
from empowersim.experiments.stopping import (
    BATCH,
    FIRST,
    Rule,
    at_a_look,
    futures_needed,
    mixture_variance,
    run_until,
    sequence_interval,
    sequence_multiplier,
)


def feed(values):
    """What `run_until` asks for, from futures made beforehand: shape (futures, policies)."""
    return lambda first, after: values[first:after]


def two(difference):
    """Two policies, the second better by `difference` in each future."""
    return np.column_stack([np.zeros(len(difference)), difference])


@pytest.mark.parametrize("futures", [12, 20, 100, 1000])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_ratio_is_one_over_alpha_at_the_edge(futures, alpha):
    """The multiplier inverts the Bayes factor of a t statistic under a normal prior on the effect size."""
    multiplier = sequence_multiplier(futures, alpha)
    if math.isinf(multiplier):
        assert futures < FIRST
        return
    g, u = mixture_variance(alpha), multiplier**2 / (futures - 1)
    ratio = (1 + futures * g) ** -0.5 * ((1 + u) / (1 + u / (1 + futures * g))) ** (futures / 2)
    assert ratio == pytest.approx(1 / alpha, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.1, 0.05, 0.001])
def test_the_mixture_is_tuned_as_published(alpha):
    branch = float(np.real(lambertw(-(alpha**2) / math.e, -1)))
    assert mixture_variance(alpha, 100) == pytest.approx((-branch - 1) / 100, rel=1e-12)


def test_the_sequence_is_narrowest_in_standard_errors_near_the_tuned_number():
    found = {futures: sequence_multiplier(futures, 0.05) for futures in range(20, 2000, 5)}
    assert 80 <= min(found, key=found.get) <= 250
    assert all(value > t_quantile(0.975, futures - 1) for futures, value in found.items())


def test_few_futures_exclude_nothing():
    assert sequence_multiplier(1, 0.05) == math.inf
    assert sequence_multiplier(3, 0.05) == math.inf


def test_without_spread_nothing_is_excluded_and_nothing_forecast():
    assert sequence_interval(np.full(30, 2.5), 0.05) == (2.5, -math.inf, math.inf)
    assert math.isnan(futures_needed(0.0, 1.0, 0.05))


@pytest.mark.parametrize(("needed", "look"), [(2, 20), (20, 20), (21, 30), (30, 30), (31.5, 40)])
def test_forecasts_name_a_look(needed, look):
    assert at_a_look(needed) == look
    assert math.isnan(at_a_look(math.nan))


RUNS = 400
WRONG = 0.05
MOST_WRONG = int(binom.ppf(1 - 1e-3, RUNS, WRONG))
"""Errors that a rule with an error rate of 5 % exceeds in one of 1,000 test runs, at most."""


def wrong_signs(draw, most=200):
    """In how many of the runs a sign is claimed although the true difference is 0; looks at 20, 30, ... futures."""
    generator = np.random.default_rng(20240611)
    rule = Rule("settle", pair=(1, 0), most=most)
    return sum(run_until(rule, feed(two(draw(generator, most)))).met for _ in range(RUNS))


def test_the_error_rate_holds_under_optional_stopping_normal():
    """False alarm: at most 1 in 1,000 (binomial), as the rate is 5 % at most at any number of looks."""
    assert wrong_signs(lambda generator, size: generator.normal(size=size)) <= MOST_WRONG


@pytest.mark.parametrize(
    "draw",
    [
        lambda generator, size: generator.gamma(4.0, size=size) - 4.0,  # skewness 1
        lambda generator, size: generator.standard_t(4, size=size),  # heavy tails
        lambda generator, size: generator.uniform(-1, 1, size=size),
    ],
    ids=["skewed", "heavy tails", "flat"],
)
def test_the_error_rate_holds_for_differences_that_are_not_normal(draw):
    assert wrong_signs(draw) <= MOST_WRONG


def test_strong_skewness_is_where_it_begins_to_fail_and_not_by_much():
    """Exponential differences (skewness 2, where a note is printed): below 9 % (false alarm below 1 in 1,000)."""
    found = wrong_signs(lambda generator, size: generator.exponential(size=size) - 1.0)
    assert found <= binom.ppf(1 - 1e-3, RUNS, 0.06)


def test_a_rare_difference_that_has_not_come_up_yet_is_not_certified_to_be_none():
    """A difference of 1 in 5 % of futures, its mean 0.05 asked to ±0.02: at most 5 % of runs end without it."""
    generator, missed = np.random.default_rng(8), 0
    for _ in range(RUNS):
        rare = (generator.random(200) < 0.05).astype(float)
        found = run_until(Rule("until", width=0.02, most=200), feed(two(rare)))
        last = found.last[0]
        missed += found.met and not last.low <= 0.05 <= last.high
    assert missed <= MOST_WRONG


def test_looking_again_and_again_with_t_intervals_would_not_hold_it():
    """That the tests above can fail: the usual interval at the same looks is wrong in far more than 5 %."""
    generator, wrong = np.random.default_rng(20240611), 0
    for _ in range(RUNS):
        values = generator.normal(size=200)
        for futures in range(FIRST, 201, BATCH):
            part = values[:futures]
            half = t_quantile(0.975, futures - 1) * part.std(ddof=1) / math.sqrt(futures)
            if abs(part.mean()) > half:
                wrong += 1
                break
    assert wrong > MOST_WRONG


def test_several_differences_share_the_error_rate():
    """Five policies that are all the same on average: a best one is claimed in at most 5 % (as above)."""
    generator = np.random.default_rng(3)
    rule = Rule("best", most=100)
    claims = sum(run_until(rule, feed(generator.normal(size=(100, 5)))).met for _ in range(RUNS))
    assert claims <= MOST_WRONG


def test_until_covers_the_truth_at_the_stop():
    """Stopped where the half-width is 0.4, the interval misses the mean in 5 % at most (false alarm 1 in 1,000)."""
    generator, missed = np.random.default_rng(5), 0
    rule = Rule("until", width=0.4, base=0, most=400)
    for _ in range(RUNS):
        stopped = run_until(rule, feed(two(generator.normal(0.3, 1.0, size=400))))
        assert stopped.met
        (last,) = stopped.last
        assert (last.high - last.low) / 2 <= 0.4
        missed += not last.low <= 0.3 <= last.high
    assert missed <= MOST_WRONG


def test_a_clear_difference_is_settled_at_the_first_look_with_its_sign():
    stopped = run_until(Rule("settle", pair=(1, 0)), feed(two(5 + np.random.default_rng(1).normal(size=500))))
    assert (stopped.met, len(stopped.values)) == (True, FIRST)
    assert stopped.last[0].low > 0


def test_the_rule_stops_at_the_first_look_that_meets_it_and_keeps_the_futures():
    values = two(np.random.default_rng(8).normal(0.5, 1.0, size=500))
    stopped = run_until(Rule("settle", pair=(1, 0)), feed(values))
    count = len(stopped.values)
    assert count > FIRST
    assert (count - FIRST) % BATCH == 0
    assert np.array_equal(stopped.values, values[:count])
    before = sequence_interval(values[: count - BATCH, 1], 0.05)
    assert before.low <= 0 <= before.high


def test_the_most_is_kept_and_said():
    stopped = run_until(Rule("settle", pair=(1, 0), most=33), feed(two(np.tile([1.0, -1.0], 50))))
    assert (stopped.met, len(stopped.values)) == (False, 33)
    assert stopped.last[0].futures == 33


@pytest.mark.parametrize(("spread", "goal", "alpha"), [(1.0, 0.3, 0.05), (2.0, 0.05, 0.01), (0.001, 0.002, 0.05)])
def test_the_forecast_is_the_least_number_that_is_enough(spread, goal, alpha):
    needed = futures_needed(spread, goal, alpha)
    width = [sequence_multiplier(int(one), alpha) * spread / math.sqrt(one) for one in (needed, needed - 1)]
    assert width[0] <= goal < width[1]


def test_the_forecast_comes_true_when_mean_and_spread_stay():
    pattern = np.array([1.3, -0.7] * 2000)  # mean 0.3, spread near 1, whatever the number
    short = run_until(Rule("settle", pair=(1, 0), most=40), feed(two(pattern)))
    assert not short.met
    long = run_until(Rule("settle", pair=(1, 0), most=4000), feed(two(pattern)))
    assert abs(len(long.values) - short.needed) <= 0.05 * short.needed + BATCH


def test_a_difference_of_zero_is_never_forecast_to_settle():
    stopped = run_until(Rule("settle", pair=(1, 0), most=30), feed(np.zeros((30, 2))))
    assert not stopped.met
    assert math.isnan(stopped.needed)
    assert math.isnan(futures_needed(1.0, 0.0, 0.05))


def test_a_twin_of_the_best_does_not_keep_it_from_being_settled():
    values = np.random.default_rng(2).normal(size=(60, 3))
    values[:, 1] = values[:, 0]
    values[:, 2] -= 10
    assert run_until(Rule("best", better=1, most=60), feed(values)).met
