"""Rankings against closed forms and hand counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm, t

from empowersim.experiments.decision_draws import Purpose, chi_squares, normals, uniforms
from empowersim.experiments.ranking import (
    best_share,
    losses,
    posterior_means,
    rank,
    rank_shares,
)
from empowersim.experiments.statistics import t_interval


def test_draws_are_addresses():
    few = uniforms(5, 3, purpose=Purpose.POSTERIOR, seed=9)
    many = uniforms(50, 8, purpose=Purpose.POSTERIOR, seed=9)
    assert np.array_equal(few, many[:5, :3])
    assert np.array_equal(many[:, 2:], uniforms(50, 6, purpose=Purpose.POSTERIOR, seed=9, first=2))
    assert not np.array_equal(few, uniforms(5, 3, purpose=Purpose.PARAMETERS, seed=9))
    assert not np.array_equal(few, uniforms(5, 3, purpose=Purpose.POSTERIOR, seed=10))


@pytest.mark.parametrize("degrees", [1, 2, 5, 30, 2500])
def test_chi_squares_have_their_distribution(degrees):
    """Kolmogorov-Smirnov at a false-alarm rate of 1 in 1,000; the seed is fixed."""
    assert kstest(chi_squares(4000, degrees, seed=1), chi2(degrees).cdf).pvalue > 1e-3


def test_normals_have_their_distribution():
    assert kstest(normals(4000, 1, purpose=Purpose.POSTERIOR, seed=1)[:, 0], norm.cdf).pvalue > 1e-3


def made(futures=15, gap=0.4, seed=4):
    generator = np.random.default_rng(seed)
    common = generator.normal(0, 3, size=(futures, 1))
    return common + generator.normal(0, 1, size=(futures, 2)) + np.array([0.0, gap])


def test_two_policies_have_the_closed_form_of_student():
    """Probability of being best and expected loss of two policies: Student t and its unit loss (Raiffa, Schlaifer)."""
    values = made()
    difference = values[:, 1] - values[:, 0]
    middle, error, degrees = difference.mean(), difference.std(ddof=1) / math.sqrt(15), 14
    z = middle / error
    gain = middle * t.cdf(z, degrees) + error * t.pdf(z, degrees) * (degrees + z * z) / (degrees - 1)
    found = rank(values, 1, base=0)
    # 20,000 draws: four standard errors
    assert found.best[1] == pytest.approx(t.cdf(z, degrees), abs=4 * 0.0036)
    assert found.loss[0] == pytest.approx(gain, rel=0.05)
    assert found.loss[1] == pytest.approx(gain - middle, rel=0.1)
    assert found.loss[0] - found.loss[1] == pytest.approx(middle, abs=4 * error / math.sqrt(20_000) * 1.2)


def test_the_distribution_of_a_difference_is_the_paired_student_t():
    values = made()
    drawn = posterior_means(values)
    difference = values[:, 1] - values[:, 0]
    scaled = (drawn[:, 1] - drawn[:, 0] - difference.mean()) / (difference.std(ddof=1) / math.sqrt(15))
    assert kstest(scaled, t(14).cdf).pvalue > 1e-3


def test_the_two_questions_are_kept_apart():
    """More futures make the best mean certain, and leave the share of futures where it is."""
    few, many = rank(made(10), 1), rank(made(4000), 1)
    assert many.best[1] > 0.999
    assert many.loss[1] < few.loss[1] / 10
    assert many.share_best[1] == pytest.approx(norm.cdf(0.4 / math.sqrt(2)), abs=0.03)
    assert many.future_loss[1] > 0.3


def test_less_can_be_better():
    values = made(400, gap=2.0)
    assert rank(values, 1).best[1] == pytest.approx(1.0)
    assert rank(values, -1).best[0] == pytest.approx(1.0)
    assert rank(values, -1).pairs[0].standing == "worse"


def test_twins_share_everything():
    values = made(30)
    found = rank(np.column_stack([values, values[:, 1]]), 1)
    assert found.best[1] == found.best[2]
    assert np.array_equal(found.ranks[1], found.ranks[2])
    assert found.share_best.sum() == pytest.approx(1.0)
    assert [pair.standing for pair in found.pairs if {pair.policy, pair.against} == {1, 2}] == ["equal"]
    assert [pair.probability_better for pair in found.pairs if {pair.policy, pair.against} == {1, 2}] == [0.5]


def test_ranks_by_hand():
    rows = np.array([[3.0, 1.0, 2.0], [3.0, 3.0, 1.0]])
    assert rank_shares(rows).tolist() == [[0.75, 0.25, 0.0], [0.25, 0.25, 0.5], [0.0, 0.5, 0.5]]
    assert best_share(rows).tolist() == [0.75, 0.25, 0.0]
    assert best_share(rows, np.array([0.8, 0.2])).tolist() == pytest.approx([0.9, 0.1, 0.0])
    assert losses(rows).tolist() == [0.0, 1.0, 1.5]


def test_intervals_are_those_of_bonferroni_and_rank_sets_follow():
    generator = np.random.default_rng(7)
    values = generator.normal(size=(40, 4)) + np.array([0.0, 0.05, 5.0, -5.0])
    found = rank(values, 1, base=0)
    for pair in found.pairs:
        wanted = t_interval(values[:, pair.policy] - values[:, pair.against], 1 - 0.05 / 6)
        assert pair.estimate == wanted
    assert all(pair.against == 0 for pair in found.pairs if 0 in {pair.policy, pair.against})
    assert found.rank_set.tolist() == [[2, 3], [2, 3], [1, 1], [4, 4]]


def test_all_intervals_hold_together():
    """400 rankings of 4 equal policies at 5 futures: a difference is missed in 5 % at most (false alarm 1 in 1,000)."""
    generator, missed = np.random.default_rng(11), 0
    for _ in range(400):
        values = generator.normal(size=(5, 4)) * np.array([1.0, 3.0, 0.2, 1.0])
        estimates = [t_interval(values[:, i] - values[:, j], 1 - 0.05 / 6) for i in range(4) for j in range(i)]
        missed += any(one.low > 0 or one.high < 0 for one in estimates)
    assert missed <= 34


def test_one_future_ranks_but_does_not_say_how_sure():
    found = rank(np.array([[1.0, 2.0]]), 1)
    assert np.isnan(found.best).all()
    assert found.share_best.tolist() == [0.0, 1.0]


def test_futures_without_a_value_are_left_out():
    values = made(20)
    holed = np.vstack([values, [[math.nan, 1.0]]])
    assert rank(holed, 1).level.tolist() == rank(values, 1).level.tolist()
    with pytest.raises(ValueError, match="a future in which all"):
        rank(np.full((3, 2), math.nan), 1)
