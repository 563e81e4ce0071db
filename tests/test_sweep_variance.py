"""How sure a sweep is: known answers by hand, and estimators that are right on average."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_sweeps import design_in, ran

from empowersim.errors import SimulationError
from empowersim.experiments.sweep_variance import rows_json, split_variance, summarise_sweep, variance_split
from empowersim.results.sweep_read import read_sweep


def test_a_table_worked_out_by_hand():
    """Draws (1, 3), (2, 8): draw means 2 and 5, future means 1.5 and 5.5, mean 3.5.

    Squares: between draws 2 x ((2 - 3.5)^2 + (5 - 3.5)^2) = 9 with 1 degree; rest 4 x 1 = 4 with 1 degree. So
    A = (9 - 4) / 2 = 2.5; within draws (2 + 18) / 2 = 10 = B + C, so B = 10 - 4 = 6.
    """
    found = split_variance([[1.0, 3.0], [2.0, 8.0]])
    assert found.mean == 3.5
    assert found.parameters == pytest.approx(2.5)
    assert found.chance == pytest.approx(10.0)
    assert found.common == pytest.approx(6.0)
    assert found.share == pytest.approx(0.2)


def test_what_is_only_chance_or_only_parameters():
    luck = split_variance([[1.0, 2.0, 6.0]] * 4)
    assert (luck.parameters, luck.share) == (0.0, 0.0)
    assert luck.chance == pytest.approx(7.0)
    draws = split_variance([[1.0] * 3, [2.0] * 3, [6.0] * 3])
    assert (draws.chance, draws.share) == (0.0, 1.0)
    assert draws.parameters == pytest.approx(7.0)


def test_what_cannot_be_told_is_nan_and_incomplete_futures_are_left_out():
    one = split_variance([[1.0, 2.0, 6.0]])
    assert math.isnan(one.parameters)
    assert one.chance == pytest.approx(7.0)
    assert math.isnan(split_variance([[1.0], [2.0]]).chance)
    whole = split_variance([[1.0, 3.0], [2.0, 8.0]])
    holed = split_variance([[1.0, 3.0, 5.0], [2.0, 8.0, math.nan]])
    assert (holed.parameters, holed.chance, holed.replicates) == (whole.parameters, whole.chance, 2)
    with pytest.raises(SimulationError, match="shape"):
        split_variance([1.0, 2.0])


@pytest.mark.parametrize("weighted", [False, True])
def test_the_estimators_are_unbiased(weighted):
    """4,000 tables with A = 4, B = 9, C = 1: means of the estimates within 4 standard errors.

    Six such checks a case, false alarm below 0.0004 a case. The estimator of nested replicates would give 1 for A.
    """
    chance = np.random.default_rng(11)
    draws, futures = 6, 3
    weights = np.array([1.0, 1.0, 2.0, 3.0, 1.0, 2.0]) if weighted else None
    found = []
    for _ in range(4000):
        a = 2.0 * chance.standard_normal((draws, 1))
        b = 3.0 * chance.standard_normal((1, futures))
        one = split_variance(a + b + chance.standard_normal((draws, futures)), weights)
        found.append((one.parameters, one.common, one.chance))
    table = np.array(found)
    error = table.std(axis=0, ddof=1) / math.sqrt(len(table))
    assert (np.abs(table.mean(axis=0) - [4.0, 9.0, 10.0]) < 4 * error).all()
    assert 4 * error[0] < 1.0  # sharp enough to see the bias of the nested estimator


def test_intervals_over_draws_and_futures_hold_what_they_promise():
    """2,000 tables of 8 draws and 6 futures: a 95 % interval holds the mean in 93 to 97.5 % of them.

    The binomial standard error is 0.5 points, so a false alarm is below 1 in 1,000 for a coverage of 95 %; leaving B
    out would cover some 60 %.
    """
    from empowersim.experiments.sweep_variance import _estimate

    chance = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        table = (
            chance.standard_normal((8, 1)) + 2.0 * chance.standard_normal((1, 6)) + 0.5 * chance.standard_normal((8, 6))
        )
        found = _estimate(table, np.ones(8))
        held += found.low <= 0.0 <= found.high
    assert 0.93 <= held / 2000 <= 0.975


def test_a_sweep_is_read_back_by_point_and_split(tmp_path):
    text = """
replicates: 3
vary: {skills: {path: policies.skills.programmes.skills_training.budget, values: [100, 600], unit: billion IDR/year}}
uncertain: {parameters: [permanent_sd], draws: 2}
"""
    ran(design_in(tmp_path, text), tmp_path / "out")
    tables = read_sweep(tmp_path / "out")
    frame = tables.pandas()
    splits = variance_split(tables, "mean_consumption", "skills")
    for point, split in enumerate(splits):
        rows = frame[(frame.point == point) & (frame.policy == "skills")]
        wide = rows.pivot(index="draw", columns="replicate", values="mean_consumption").to_numpy()
        means = wide.mean(axis=1)
        rest = wide - means[:, None] - wide.mean(axis=0) + wide.mean()
        assert split.parameters == pytest.approx(np.var(means, ddof=1) - (rest**2).sum() / 2 / 3)
        assert split.chance == pytest.approx(wide.var(axis=1, ddof=1).mean())
    rows = summarise_sweep(tables, "mean_consumption")
    assert [(row.point, row.policy, row.kind, row.runs) for row in rows] == [
        (0, "nothing", "level", 6),
        (0, "skills", "difference", 6),
        (1, "nothing", "level", 6),
        (1, "skills", "difference", 6),
    ]
    plain = rows_json(tables, rows)
    assert plain[3]["axes"] == {"skills": 600.0}
    assert set(plain[3]["variance"]) == {"chance", "parameters", "common", "share", "share_error"}
    with pytest.raises(SimulationError, match="did you mean mean_consumption"):
        variance_split(tables, "mean_consumptio", "skills")


def test_a_draw_that_always_fails_is_left_out_and_does_not_take_the_others_with_it():
    table = np.random.default_rng(3).normal(size=(6, 8))
    holed = np.vstack([table, np.full((1, 8), np.nan)])
    weights = np.array([1, 2, 3, 1, 2, 3, 9.0])
    assert split_variance(holed, weights) == split_variance(table, weights[:-1])


def test_the_error_of_the_share_knows_that_futures_are_few():
    """Mean reported error within a third of the spread of the share over 150 tables (seed 5)."""
    chance = np.random.default_rng(5)
    found = []
    for _ in range(150):
        own, common = chance.normal(size=(16, 1)), chance.normal(size=(1, 4))
        found.append(split_variance(own + common + np.sqrt(0.1) * chance.normal(size=(16, 4))))
    spread = np.std([one.share for one in found])
    assert np.mean([one.share_error for one in found]) == pytest.approx(spread, rel=0.33)
