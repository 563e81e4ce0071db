"""Regret, cost-effectiveness and the value of information against closed forms and worked examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from empowersim.experiments.cost_effectiveness import (
    Cloud,
    acceptability,
    ellipse,
    increments,
    thresholds_for,
)
from empowersim.experiments.information import (
    PartialValue,
    _at_most,
    degrees_allowed,
    partial_information,
    perfect_information,
    smooth,
    spline_basis,
)
from empowersim.experiments.regret import parted, regret, weighted_quantile


def equal(count):
    return np.full(count, 1.0 / count)


def quantiles(count):
    """Standard normal quantiles in the middles of `count` equal parts: a normal sample without luck."""
    return norm.ppf((np.arange(count) + 0.5) / count)


def unit_loss(mean, sd):
    """Expected value of perfect information on a normal difference (unit normal loss; Raiffa and Schlaifer 1961)."""
    return sd * norm.pdf(mean / sd) - abs(mean) * norm.cdf(-abs(mean) / sd)


# ---------------------------------------------------------------- increments


def sure(costs, effects):
    return Cloud(np.array([costs], dtype=float), np.array([effects], dtype=float), np.ones(1))


def test_increments_of_a_worked_example():
    """Six programmes by hand: D costs more than C and does less (strict), B is beaten by a mix of A and C (extended).

    A (0; 0), B (20; 1), C (30; 3), D (40; 2.5), E (75; 4), F (120; 4.5). B to C costs 5 a unit after A to B at 20, so B
    is struck out; then A to C is 10, C to E 45, E to F 90.
    """
    found = increments(sure([0, 20, 30, 40, 75, 120], [0, 1, 3, 2.5, 4, 4.5]))
    assert [one.status for one in found] == [
        "cheapest",
        "extendedly_dominated",
        "frontier",
        "dominated",
        "frontier",
        "frontier",
    ]
    on_it = [one for one in found if one.status == "frontier"]
    assert [one.ratio for one in on_it] == [10.0, 45.0, 90.0]
    assert [one.before for one in on_it] == [0, 2, 4]
    assert all(math.isnan(one.ratio) for one in found if one.status != "frontier")


def test_the_policy_to_choose_changes_at_the_ratios():
    cloud = sure([0, 20, 30, 40, 75, 120], [0, 1, 3, 2.5, 4, 4.5])
    chosen = [one.best for one in acceptability(cloud, [0, 9.9, 10.1, 44.9, 45.1, 89.9, 90.1])]
    assert chosen == [0, 0, 2, 2, 4, 4, 5]


def test_a_ratio_has_an_interval_only_where_the_effect_is_sure():
    effect = np.column_stack([np.zeros(1000), 2.0 + 0.1 * quantiles(1000), 2.05 + 0.1 * quantiles(1000)[::-1]])
    cost = np.tile([0.0, 10.0, 11.0], (1000, 1))
    first, second, third = increments(Cloud(cost, effect, equal(1000)))
    assert first.status == "cheapest"
    assert (second.low, second.high) == pytest.approx((10 / (2 + 0.196), 10 / (2 - 0.196)), rel=0.005)
    assert third.ratio == pytest.approx(20.0, rel=0.01)
    assert math.isnan(third.low)


def test_thresholds_are_round_and_hold_the_one_asked_for():
    grid = thresholds_for([math.nan, 3.1e7], 2.5e7 + 1)
    assert grid[0] == 0
    assert 2.5e7 + 1 in grid.tolist()
    assert 6.2e7 <= grid[-1] <= 16e7
    assert thresholds_for([math.nan])[-1] > 0


# ---------------------------------------------------------------- acceptability and EVPI


def test_acceptability_and_evpi_of_two_policies_have_the_normal_closed_form():
    """Net benefit of the second is 100 m e - 50 with e normal (1, 0.5): probability and unit normal loss."""
    e = 1.0 + 0.5 * quantiles(4000)
    cloud = Cloud(np.tile([0.0, 50.0], (4000, 1)), np.column_stack([np.zeros(4000), e]), equal(4000))
    for threshold in (40.0, 50.0, 100.0):
        (at,) = acceptability(cloud, [threshold])
        mean, sd = threshold - 50, 0.5 * threshold
        assert at.probability[1] == pytest.approx(norm.cdf(mean / sd), abs=5e-4)
        assert at.evpi == pytest.approx(unit_loss(mean, sd), abs=0.01)
        assert at.probability.sum() == pytest.approx(1.0)


def test_the_frontier_follows_the_mean_and_not_the_likeliest():
    """A rare large gain: the policy with the higher mean has the lower acceptability (Fenwick and others 2001)."""
    effect = np.column_stack([np.zeros(10), np.array([*[-1.0] * 7, 9.0, 9.0, 9.0])])
    (at,) = acceptability(Cloud(np.zeros((10, 2)), effect, equal(10)), [1.0])
    assert at.best == 1
    assert at.probability.tolist() == pytest.approx([0.7, 0.3])
    assert at.evpi == pytest.approx(0.7)


def test_nothing_is_to_be_known_where_one_policy_is_always_best():
    assert perfect_information(np.array([[1e11, 2e11], [3e11, 3.1e11]]), equal(2)) == 0.0


def test_the_ellipse_holds_its_share_of_a_normal_cloud():
    generator = np.random.default_rng(2)
    first, second = generator.normal(size=(2, 20_000))
    points = np.column_stack([3 + 2 * first, 1e9 + 1e9 * (0.6 * first + 0.8 * second)])
    cloud = Cloud(points[:, [1]], points[:, [0]], equal(len(points)))
    found = ellipse(cloud, 0, 0.9)
    inside = np.linalg.solve(found.axes, (points - [found.effect, found.cost]).T)
    assert (np.sum(inside**2, axis=0) <= 1).mean() == pytest.approx(0.9, abs=0.01)


# ---------------------------------------------------------------- EVPPI


def test_partial_values_of_a_linear_normal_case_have_the_closed_form():
    """Difference 0.3 + a + b / 2 + noise: EVPPI is the unit normal loss of the parameter's own part.

    2,000 draws; five standard errors of the estimate (about 0.011 and 0.011), and the noise parameter is worth nothing.
    """
    generator = np.random.default_rng(1)
    a, b, c = generator.normal(size=(3, 2000))
    benefits = np.column_stack([np.zeros(2000), 0.3 + a + 0.5 * b + generator.normal(0, 0.5, size=2000)])
    found = {one.parameter: one for one in partial_information({"a": a, "b": b, "c": c}, benefits, equal(2000))}
    assert found["a"].value == pytest.approx(unit_loss(0.3, 1.0), abs=0.055)
    assert found["b"].value == pytest.approx(unit_loss(0.3, 0.5), abs=0.055)
    assert (found["a"].told, found["b"].told, found["c"].told) == (True, True, False)
    assert found["a"].explained == pytest.approx(1 / 1.5, abs=0.05)
    assert 0.004 < found["a"].se < 0.03


def test_no_parameter_is_worth_more_than_all_of_them():
    generator = np.random.default_rng(1)
    a = generator.normal(size=200)
    benefits = np.column_stack([np.zeros(200), 0.3 + a])
    free, cut = (partial_information({"a": a}, benefits, equal(200), whole=whole)[0] for whole in (math.inf, 0.05))
    assert free.value > 0.1
    assert (free.told, cut.value, cut.told) == (True, 0.05, bool(max(cut.noise, cut.se) < 0.05))
    nothing = partial_information({"a": a}, benefits, equal(200), whole=0.0)[0]
    assert (nothing.value, nothing.told) == (0.0, False)


def test_a_value_below_its_own_error_is_not_told():
    shaky = PartialValue("a", value=1.0, se=2.0, noise=0.5, told=True, degrees=1, explained=0.1)
    assert not _at_most(shaky, math.inf).told
    assert _at_most(shaky._replace(se=0.4), math.inf).told


def test_a_curved_effect_is_found_by_the_spline():
    """Difference x^2 - 1 of a standard normal: mean 0, so EVPPI = E|x^2 - 1| / 2 = 2 phi(1) = 0.484."""
    x = quantiles(1500)
    noise = np.random.default_rng(3).normal(0, 0.3, size=1500)
    (found,) = partial_information({"x": x}, np.column_stack([np.zeros(1500), x * x - 1 + noise]), equal(1500))
    assert found.degrees > 1
    assert found.value == pytest.approx(2 * norm.pdf(1), rel=0.06)


def test_weighted_draws_give_what_repeated_draws_give():
    generator = np.random.default_rng(4)
    x = generator.normal(size=60)
    benefits = np.column_stack([np.zeros(60), x + generator.normal(size=60), 0.5 * x])
    times = generator.integers(1, 5, size=60)
    weights = times / times.sum()
    repeated = np.repeat(np.arange(60), times)
    assert perfect_information(benefits, weights) == pytest.approx(
        perfect_information(benefits[repeated], equal(len(repeated)))
    )
    assert weighted_quantile(x, weights, 0.9) == weighted_quantile(x[repeated], equal(len(repeated)), 0.9)


def test_noise_on_few_draws_is_not_told_from_noise():
    """40 parameters that explain nothing, 60 draws of very unequal weight: told in 1 % each (4 or fewer of 40)."""
    generator = np.random.default_rng(5)
    weights = generator.dirichlet(np.full(60, 0.2))
    benefits = np.column_stack([np.zeros(60), generator.normal(size=60), generator.normal(size=60)])
    names = {f"p{number}": generator.uniform(size=60) for number in range(40)}
    found = partial_information(names, benefits, weights)
    assert sum(one.told for one in found) <= 4
    assert sum(one.value > 0 for one in found) > 10, "without the bar they would look valuable"


def test_the_degrees_follow_the_effective_draws():
    assert degrees_allowed(equal(6)) == 1
    assert degrees_allowed(equal(17)) == 3
    assert degrees_allowed(equal(1000)) == 5


@pytest.mark.parametrize("degrees", [0, 1, 2, 3, 5])
def test_the_basis_is_a_natural_spline(degrees):
    """As many columns as degrees, a constant, and straight lines at both ends."""
    values = np.linspace(-2.0, 3.0, 501)
    basis = spline_basis(values, equal(501), degrees)
    assert basis.shape == (501, 1 + degrees)
    assert np.linalg.matrix_rank(basis) == 1 + degrees
    bend = np.abs(np.diff(basis, 2, axis=0))
    if degrees > 1:
        assert bend[[0, -1]].max() < 0.02 * bend.max()
    else:
        assert bend.max() < 1e-12


def test_a_parameter_that_does_not_vary_explains_nothing():
    assert smooth(np.full(30, 2.0), np.random.default_rng(1).normal(size=(30, 2)), equal(30)).degrees == 0


# ---------------------------------------------------------------- luck and parameters


def luck(draws=300, futures=5, noise=2.0, seed=0):
    """Two policies; the true difference is normal (0.5, 1) over draws; luck of a draw's own and luck shared by all."""
    generator = np.random.default_rng(seed)
    true = np.column_stack([np.zeros(draws), generator.normal(0.5, 1.0, size=draws)])
    shared = generator.normal(0, 3, size=(1, futures, 1))
    values = true[:, np.newaxis, :] + shared + generator.normal(0, noise, size=(draws, futures, 2))
    return true, values


def test_luck_is_not_counted_as_uncertainty_of_parameters():
    """EVPI without luck is that of the true means on average; with it, it is near twice as much (100 repetitions)."""
    corrected, raw, true = [], [], []
    for seed in range(100):
        means, values = luck(seed=seed)
        found = parted(values, equal(300))
        corrected.append(perfect_information(found.corrected, equal(300)))
        raw.append(perfect_information(found.raw, equal(300)))
        true.append(perfect_information(means, equal(300)))
    assert np.mean(true) == pytest.approx(unit_loss(0.5, 1.0), rel=0.03)
    assert np.mean(corrected) == pytest.approx(np.mean(true), rel=0.08)
    assert np.mean(raw) > 1.7 * np.mean(true)


def test_the_variance_between_draws_is_unbiased_with_unequal_weights():
    """2,000 repetitions of 20 weighted draws of 4 futures: within 4 standard errors of the true weighted spread."""
    generator = np.random.default_rng(6)
    weights = generator.dirichlet(np.full(20, 0.5))
    gaps = []
    for _ in range(2000):
        means = generator.normal(size=20)
        values = means[:, np.newaxis, np.newaxis] + generator.normal(0, 1, size=(20, 4, 1))
        found = parted(values + generator.normal(0, 2, size=(1, 4, 1)), weights)
        spread = weights @ (found.raw[:, 0] - weights @ found.raw[:, 0]) ** 2
        gaps.append(spread - found.chance[0] - weights @ (means - weights @ means) ** 2)
    assert abs(np.mean(gaps)) < 4 * np.std(gaps) / math.sqrt(2000)


def test_the_move_keeps_the_mean_and_meets_the_covariance():
    _, values = luck(draws=200, futures=8, noise=1.0)
    found = parted(values, equal(200))
    assert found.corrected.mean(axis=0) == pytest.approx(found.raw.mean(axis=0))
    assert found.corrected.var(axis=0) == pytest.approx(found.between)
    assert found.between == pytest.approx(found.raw.var(axis=0) - found.chance)


def test_without_luck_nothing_moves():
    true, _ = luck(draws=50)
    shared = np.random.default_rng(1).normal(size=(1, 6, 1))
    found = parted(true[:, np.newaxis, :] + shared, equal(50))
    assert found.corrected == pytest.approx(found.raw, abs=1e-6)
    assert np.array_equal(found.corrected[:, 0], found.raw[:, 0]), "a column that does not vary stays as it is"


def test_one_future_cannot_be_corrected():
    found = parted(np.array([[[1.0, 2.0]], [[2.0, 1.0]]]), equal(2))
    assert np.array_equal(found.raw, found.corrected)
    assert np.isnan(found.chance).all()


def test_regret_by_hand():
    """Less is better; three draws with weights 0.5, 0.3, 0.2."""
    values = np.array([[1.0, 2.0, 4.0], [3.0, 1.0, 1.0], [5.0, 2.0, 6.0]])
    found = regret(values, -1, np.array([0.5, 0.3, 0.2]), 0.75)
    assert found.by_draw.tolist() == [[0, 1, 3], [2, 0, 0], [3, 0, 4]]
    assert found.expected.tolist() == pytest.approx([1.2, 0.5, 2.3])
    assert found.largest.tolist() == [3, 1, 4]
    assert found.high.tolist() == [2, 1, 3]
    assert found.share_best.tolist() == pytest.approx([0.5, 0.15 + 0.2, 0.15])
