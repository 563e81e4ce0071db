from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from empowersim.experiments.executors import map_replicates
from empowersim.experiments.statistics import (
    RunningMoments,
    best_shares,
    fieller,
    paired,
    probability_better,
    t_interval,
    t_quantile,
    variance,
    variance_ratio,
)

NAN = math.nan

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("degrees", "published"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (19, 2.0930), (30, 2.0423), (99, 1.9842)],
)
def test_t_quantile_is_the_published_table(degrees: int, published: float) -> None:
    assert round(t_quantile(0.975, degrees), 4) == published


@given(st.floats(0.5, 0.9999), st.integers(1, 1500))
def test_t_quantile_agrees_with_scipy(probability: float, degrees: int) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("probability", "degrees"), [(0.3, 5), (1.0, 5), (0.9, 0)])
def test_t_quantile_refuses_what_it_cannot_do(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="t_quantile needs"):
        t_quantile(probability, degrees)


def test_t_interval_by_hand() -> None:
    # mean 3, standard deviation 1.5811, standard error 0.70711, t(4) = 2.7764
    mean, low, high = t_interval([1, 2, 3, 4, 5])
    assert mean == 3
    assert (round(low, 4), round(high, 4)) == (1.0368, 4.9632)


@given(values)
def test_t_interval_agrees_with_scipy(data: list[float]) -> None:
    mean, low, high = t_interval(data)
    error = stats.sem(data)
    if error < 1e-6:
        return
    expected = stats.t.interval(0.95, len(data) - 1, loc=np.mean(data), scale=error)
    assert (low, high) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert low <= mean <= high


def test_t_interval_leaves_nan_out() -> None:
    assert t_interval([1, NAN, 2, 3, 4, 5, NAN]) == t_interval([1, 2, 3, 4, 5])


def test_one_future_has_no_interval_and_none_has_nothing() -> None:
    mean, low, high = t_interval([7.0])
    assert mean == 7
    assert math.isnan(low)
    assert math.isnan(high)
    assert all(math.isnan(value) for value in t_interval([NAN]))


@given(st.floats(-1e12, 1e12), st.integers(2, 40))
def test_equal_futures_have_no_width_at_all(value: float, count: int) -> None:
    assert t_interval([value] * count) == (value, value, value)
    assert variance([value] * count) == 0


@given(values, st.data())
def test_mean_does_not_depend_on_the_order_of_futures(data: list[float], draw: st.DataObject) -> None:
    mixed = draw.draw(st.permutations(data))
    assert t_interval(data).mean == t_interval(mixed).mean


def test_variance_ratio_by_hand() -> None:
    # var(1, 2, 3) = 1, var(1, 2, 4) = 7/3, var(0, 0, -1) = 1/3: (1 + 7/3) / (1/3) = 10
    assert variance_ratio([1, 2, 3], [1, 2, 4]) == pytest.approx(10)


def test_variance_ratio_of_a_constant_difference_is_infinite() -> None:
    assert variance_ratio([1, 2, 3], [0, 1, 2]) == math.inf
    assert math.isnan(variance_ratio([1, 1, 1], [0, 0, 0]))
    assert math.isnan(variance_ratio([1], [0]))


def test_paired_difference_of_a_policy_with_itself_is_exactly_nothing() -> None:
    same = [0.1, 0.7, 0.3000001, 1e9]
    result = paired(same, same, -1)
    assert result[:4] == (0, 0, 0, 0.5)


def test_paired_is_far_narrower_than_the_levels_where_noise_is_shared() -> None:
    noise = np.array([5.0, -3.0, 2.0, 7.0, -9.0])
    result = paired(noise - 1 + np.array([0.1, -0.1, 0.1, -0.1, 0.0]), noise, -1)
    assert result.high < 0
    assert result.probability_better == 1
    assert result.variance_ratio_unpaired > 1000
    assert t_interval(noise).low < 0 < t_interval(noise).high


def test_a_future_without_a_value_in_one_policy_is_left_out_of_both() -> None:
    assert paired([1, NAN, 3], [0, 100, 1], 1) == paired([1, 3], [0, 1], 1)


def test_paired_refuses_different_futures() -> None:
    with pytest.raises(ValueError, match="the same futures"):
        paired([1, 2], [1, 2, 3], 1)


@pytest.mark.parametrize(
    ("difference", "better", "expected"),
    [([1, 2, -1, 0], 1, 0.625), ([1, 2, -1, 0], -1, 0.375), ([0, 0], 1, 0.5), ([NAN, 1], 1, 1.0)],
)
def test_probability_better_counts_futures_and_half_of_ties(
    difference: list[float], better: int, expected: float
) -> None:
    assert probability_better(difference, better) == expected


def test_no_probability_where_neither_way_is_better() -> None:
    assert math.isnan(probability_better([1, 2], 0))


def test_fieller_worked_by_hand() -> None:
    # means 12 and 5, variances 4 and 1, covariance 2, t(2) = 4.30265, t^2/3 = 6.17094:
    # 18.82906 r^2 - 2 x 47.65812 r + 119.31624 = 0
    ratio, low, high = fieller([10, 12, 14], [4, 5, 6])
    assert ratio == 2.4
    assert (round(low, 3), round(high, 3)) == (2.267, 2.795)


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(50, 60)), min_size=3, max_size=20))
def test_fieller_ends_are_where_the_difference_touches_zero(pairs: list[tuple[float, float]]) -> None:
    # the definition: r belongs to the interval while the mean of a - r b cannot be told from zero
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    ratio, low, high = fieller(a, b)
    if math.isnan(ratio) or high - low < 1e-6 * abs(ratio):
        return
    assert t_interval(a - low * b).low == pytest.approx(0, abs=1e-6)
    assert t_interval(a - high * b).high == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "years",
    [[-1, 2, 1, -2], [-5, -6, -7, -5], [0, 0, 0, 0], [5]],
    ids=["around zero", "lost instead of won", "none", "one future"],
)
def test_fieller_tells_nothing_where_the_years_won_are_not_above_zero(years: list[float]) -> None:
    assert all(math.isnan(value) for value in fieller([100.0 + year for year in years], years))


def test_best_shares_split_ties_and_skip_futures_with_holes() -> None:
    futures = [[1, 2, 3], [3, 3, 1], [2, NAN, 5]]
    assert best_shares(futures, 1).tolist() == [0.25, 0.25, 0.5]
    assert best_shares(futures, -1).tolist() == [0.5, 0.0, 0.5]
    assert np.isnan(best_shares([[1.0], [2.0]], 1)).all()


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3) | st.just(NAN)), min_size=2, max_size=15))
def test_running_moments_agree_with_all_futures_at_once(futures: list[tuple[float, float]]) -> None:
    moments = RunningMoments((2,))
    for future in futures:
        moments.add(future)
    mean, low, high = moments.interval()
    for place in range(2):
        expected = t_interval([future[place] for future in futures])
        assert (mean[place], low[place], high[place]) == pytest.approx(tuple(expected), rel=1e-6, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_replicates_come_back_in_their_own_order(threads: int) -> None:
    from threading import Event

    first_may_end = Event()

    def work(item: int) -> int:
        if item == 0 and threads > 1:
            assert first_may_end.wait(10)
        if item == 1:
            first_may_end.set()
        return item * item

    assert list(map_replicates(work, range(7), threads)) == [0, 1, 4, 9, 16, 25, 36]


def test_an_error_in_a_replicate_reaches_the_caller() -> None:
    def work(item: int) -> int:
        if item == 3:
            raise ArithmeticError("replicate 3")
        return item

    found = []
    with pytest.raises(ArithmeticError, match="replicate 3"):
        found.extend(map_replicates(work, range(50), 2))
