"""Calibration: journal, fit, posterior, leaving studies out, parameter file. On toy problems with known answers."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from empowersim.calibration.evaluate import Evaluator
from empowersim.calibration.fit import UNDEFINED_Z, fit
from empowersim.calibration.journal import Journal, key_of
from empowersim.calibration.leave_out import leave_one_out
from empowersim.calibration.posterior import draw, ensemble, identifiability, laplace, profile
from empowersim.calibration.problem import Problem, Simulated, passport_priors
from empowersim.calibration.run import calibrate
from empowersim.calibration.store import load_fit, members, overrides, stored, weights, write_fit
from empowersim.errors import ParameterError, SimulationError, StoreError
from empowersim.parameters import parameters, passports
from empowersim.rng import Kind, uniforms

# --- toy problems -------------------------------------------------------------------------------------------------

X = np.linspace(0.0, 3.0, 8)
TARGET = 2.0 * np.exp(-0.7 * X) + np.array([0.02, -0.01, 0.03, -0.02, 0.0, 0.01, -0.03, 0.02])
SE = 0.05


def decay(values):
    """Simulate a nonlinear toy: a exp(-b x) at eight places."""
    return {f"D{i}": (values["a"] * math.exp(-values["b"] * x), 0.0) for i, x in enumerate(X)}


def decay_z(rows):
    return {f"D{i}": (rows[f"D{i}"].value - TARGET[i]) / SE for i in range(len(X))}


DECAY = Problem(
    names=("a", "b"),
    start=(1.0, 1.5),
    lower=(0.1, 0.05),
    upper=(5.0, 3.0),
    prior_mean=(1.0, 1.0),
    prior_sd=(1.2, 0.7),
    rows=tuple(f"D{i}" for i in range(8)),
    groups={f"D{i}": f"study {i // 2}" for i in range(8)},
    simulate=decay,
    residuals=decay_z,
    seed=7,
    version="toy",
)

RNG = np.random.default_rng(11)
SYSTEM = RNG.normal(size=(9, 3))
AIM = RNG.normal(size=9) * 0.7 + SYSTEM @ np.array([0.4, -0.3, 0.2])


def line(values):
    x = np.array([values["p"], values["q"], values["r"]])
    return {f"L{i}": (float(SYSTEM[i] @ x), 0.0) for i in range(9)}


def line_z(rows):
    return {f"L{i}": rows[f"L{i}"].value - AIM[i] for i in range(9)}


LINE = Problem(
    names=("p", "q", "r"),
    start=(0.0, 0.0, 0.0),
    lower=(-9.0,) * 3,
    upper=(9.0,) * 3,
    prior_mean=(0.0, 0.0, 0.0),
    prior_sd=(1.0, 2.0, 0.5),
    rows=tuple(f"L{i}" for i in range(9)),
    groups={f"L{i}": f"study {i % 3}" for i in range(9)},
    simulate=line,
    residuals=line_z,
)


def exact_line(keep):
    """Optimum of the linear toy fitted to the rows `keep`, by the normal equations."""
    a, b = SYSTEM[keep], AIM[keep]
    return np.linalg.solve(a.T @ a + np.diag(1 / np.array(LINE.prior_sd) ** 2), a.T @ b)


def product(values):
    return {"P": (values["x"] * values["y"], 0.0), "W": (values["w"], 0.0), "N": (0.3 + 0.0 * values["n"], 0.0)}


def product_z(rows):
    return {"P": (rows["P"].value - 1.0) / 0.05, "W": (rows["W"].value - 0.5) / 0.1, "N": rows["N"].value}


PRODUCT = Problem(
    names=("x", "y", "w", "n"),
    start=(1.0, 1.0, 0.0, 0.0),
    lower=(0.0, 0.0, -2.0, -2.0),
    upper=(2.0, 2.0, 2.0, 2.0),
    prior_mean=(1.0, 1.0, 0.0, 0.0),
    prior_sd=(0.5, 0.5, 1.0, 1.0),
    rows=("P", "W", "N"),
    groups={"P": "one", "W": "two", "N": "two"},
    simulate=product,
    residuals=product_z,
)


def fitted(problem, **options):
    with Evaluator(problem, workers=1) as evaluator:
        return fit(evaluator, **{"tolerance": 1e-12, "step": 1e-4, "central": True, **options})


# --- the problem --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": (1.0,)}, "start: expected 2 numbers, found 1"),
        ({"start": (9.0, 1.0)}, "a: expected a start from 0.1 to 5, found 9"),
        ({"lower": (5.0, 0.05)}, "lower below upper"),
        ({"prior_sd": (0.0, 1.0)}, "spread above 0"),
        ({"names": ("a", "a")}, "each name once"),
        ({"groups": {"D0": "one"}}, "none for D1"),
    ],
)
def test_a_problem_that_does_not_fit_together_is_refused(change, said):
    with pytest.raises(ParameterError, match=said):
        replace(DECAY, **change)


def test_priors_come_from_the_passports():
    names = [*list(passports())[:3], "practice_ramp"]
    assert passports()["practice_ramp"].prior is not None
    prior = passport_priors(names)
    for at, name in enumerate(names):
        one = passports()[name]
        assert prior["start"][at] == one.value
        assert prior["prior_mean"][at] == (one.value if one.prior is None else one.prior)
        assert (prior["lower"][at], prior["upper"][at]) == (one.lower, one.upper)
        assert prior["prior_sd"][at] == pytest.approx((one.upper - one.lower) / 4)
    with pytest.raises(ParameterError, match="no parameter is called"):
        passport_priors(["earning_levle"])


# --- the fit ------------------------------------------------------------------------------------------------------


def test_fit_finds_the_optimum_of_a_nonlinear_problem():
    """Against a dense grid around it, made without any optimiser."""
    found = fitted(DECAY)
    assert found.converged

    def loss(a, b):
        z = (a * np.exp(-b * X) - TARGET) / SE
        return float(z @ z) + ((a - 1) / 1.2) ** 2 + ((b - 1) / 0.7) ** 2

    assert found.loss == pytest.approx(loss(**found.values), rel=1e-12)
    width = 1e-4
    for da in (-width, 0, width):
        for db in (-width, 0, width):
            if (da, db) != (0, 0):
                assert loss(found.values["a"] + da, found.values["b"] + db) > found.loss
    assert found.values["a"] == pytest.approx(2.0, abs=0.1)
    assert found.values["b"] == pytest.approx(0.7, abs=0.1)
    assert set(found.rows) == set(DECAY.rows)
    assert found.rows["D0"].z == pytest.approx((found.values["a"] - TARGET[0]) / SE)


def test_laplace_covariance_is_the_analytic_one():
    found = fitted(DECAY)
    a, b = found.values["a"], found.values["b"]
    jacobian = np.column_stack([np.exp(-b * X), -a * X * np.exp(-b * X)]) / SE
    exact = np.linalg.inv(jacobian.T @ jacobian + np.diag([1 / 1.2**2, 1 / 0.7**2]))
    np.testing.assert_allclose(laplace(found).own_covariance(), exact, rtol=1e-5)
    np.testing.assert_allclose(laplace(found).centre, DECAY.scaled(found.point), atol=1e-5)


def test_fit_of_a_linear_problem_is_the_normal_equations():
    found = fitted(LINE)
    np.testing.assert_allclose(found.point, exact_line(np.arange(9)), atol=1e-8)


def test_wide_steps_bridge_a_simulation_that_is_smooth_only_in_pieces():
    """Rounded to steps of 0.002, the derivative over a hair's breadth is zero or huge; over 0.1 sd it is right."""

    def stairs(values):
        return {row: (round(value / 0.002) * 0.002, 0.0) for row, (value, _) in decay(values).items()}

    found = fitted(replace(DECAY, simulate=stairs), step=0.1, central=False, tolerance=1e-4)
    assert found.converged
    assert found.loss < fitted(DECAY).loss + 0.1
    narrow = fitted(replace(DECAY, simulate=stairs), step=1e-7, central=False, tolerance=1e-4)
    assert narrow.loss > found.loss + 1


def test_bounds_hold():
    found = fitted(replace(DECAY, upper=(1.5, 3.0)))
    assert found.values["a"] == pytest.approx(1.5, abs=1e-4)
    assert found.values["a"] <= 1.5


def test_difference_quotients_stay_within_the_bounds():
    asked = []

    def noted(values):
        asked.append(values)
        return decay(values)

    fitted(replace(DECAY, simulate=noted, start=(5.0, 0.05), upper=(5.0, 3.0)), central=False, step=0.1)
    assert all(0.1 <= one["a"] <= 5.0 and 0.05 <= one["b"] <= 3.0 for one in asked)


def test_fixed_parameters_do_not_move_and_other_rows_do_not_count():
    found = fitted(DECAY, fixed={"b": 0.5}, rows=("D0", "D1"))
    assert found.values["b"] == pytest.approx(0.5, abs=1e-12)
    factors = np.exp(-0.5 * X[:2])
    exact = (factors @ TARGET[:2] / SE**2 + 1 / 1.2**2) / (factors @ factors / SE**2 + 1 / 1.2**2)
    assert found.values["a"] == pytest.approx(exact, abs=1e-6)
    assert not found.jacobian[:, 1].any()
    assert found.fitted == ("D0", "D1")


def test_a_fit_ends_after_the_evaluations_it_was_allowed():
    with Evaluator(DECAY, workers=1) as evaluator:
        found = fit(evaluator, maximum=7)
        assert not found.converged
        assert "7 evaluations" in found.message
        assert evaluator.asked == found.evaluations <= 7
        assert found.jacobian.shape == (8, 2)
        with pytest.raises(SimulationError, match="expected 3 evaluations or more, found 2"):
            fit(evaluator, maximum=2)


def test_progress_counts_every_evaluation_and_chi2_never_rises():
    told = []
    found = fitted(DECAY, maximum=500, progress=lambda *one: told.append(one))
    assert [number for number, _, _ in told] == list(range(1, found.evaluations + 1))
    assert told[-1][1] == pytest.approx(found.chi2, rel=1e-3)
    assert all(left >= 0 for _, _, left in told)


def test_a_row_that_cannot_be_told():
    """At the start it is an error; on the way it counts as far away, and as flat."""

    def holes(values):
        rows = decay(values)
        return {**rows, "D0": (math.nan if values["a"] < 1.2 else rows["D0"][0], 0.0)}

    with pytest.raises(SimulationError, match="found none for D0"):
        fitted(replace(DECAY, simulate=holes))
    found = fitted(replace(DECAY, simulate=holes, start=(1.3, 1.5)))
    assert found.loss == pytest.approx(fitted(DECAY).loss, rel=1e-6)
    alone = fitted(replace(DECAY, simulate=lambda v: {**decay(v), "D0": (math.nan, 0.0)}), rows=DECAY.rows[1:])
    assert math.isnan(alone.rows["D0"].z)
    assert alone.chi2 < UNDEFINED_Z**2


def test_missing_residuals_are_an_error():
    with pytest.raises(SimulationError, match="none for D7"):
        fitted(replace(DECAY, residuals=lambda rows: {k: v for k, v in decay_z(rows).items() if k != "D7"}))


# --- the journal --------------------------------------------------------------------------------------------------


def test_a_journal_gives_back_exactly_what_it_was_given(tmp_path):
    path = tmp_path / "journal"
    point = np.array([0.1, 1 / 3])
    rows = {"D0": (0.1 + 0.2, 1e-300), "D1": (math.nan, np.float64(math.inf))}
    with Journal(DECAY, path) as journal:
        kept = journal.add(key_of(point), rows)
    with Journal(DECAY, path) as journal:
        again = journal.get(key_of(point))
    assert again["D0"] == kept["D0"] == Simulated(0.1 + 0.2, 1e-300)
    assert math.isnan(again["D1"].value)
    assert math.isnan(again["D1"].se)
    assert journal.get(key_of(np.nextafter(point, 1))) is None


def journal_of(path, count=3):
    with Journal(DECAY, path) as journal:
        for i in range(count):
            values = {"a": 1.0 + i, "b": 1.0}
            journal.add(key_of(DECAY.point(values)), decay(values))
    return path.read_bytes()


@pytest.mark.parametrize("cut", [1, 2, 40, 10_000])
def test_a_torn_last_line_is_dropped_and_written_again(tmp_path, cut):
    path = tmp_path / "journal"
    whole = journal_of(path)
    last = whole.rindex(b"\n", 0, -1) + 1
    path.write_bytes(whole[: max(last, len(whole) - cut)] if cut < 10_000 else whole[:last] + b"\0\0\0\n")
    with Journal(DECAY, path) as journal:
        assert len(journal) == 2
        journal.add(key_of(np.array([3.0, 1.0])), decay({"a": 3.0, "b": 1.0}))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kept", [0, 1, 5, 100])
def test_a_torn_first_line_starts_anew(tmp_path, kept):
    path = tmp_path / "journal"
    whole = journal_of(path)
    path.write_bytes(whole[:kept])
    assert journal_of(path) == whole


def test_damage_elsewhere_and_other_files_are_refused_and_left_alone(tmp_path):
    path = tmp_path / "journal"
    lines = journal_of(path).splitlines(keepends=True)
    damaged = b"".join([lines[0], b"{]\n", *lines[2:]])
    for content, said in [(damaged, "journal:2: expected a line"), (b"my diary", "journal:1"), (b"a\nb\n", ":1")]:
        path.write_bytes(content)
        with pytest.raises(StoreError, match=said):
            Journal(DECAY, path)
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 8}, "seed 7 in the file, 8 asked"),
        ({"version": "new"}, "version toy in the file, new asked"),
        ({"upper": (6.0, 3.0)}, "upper"),
        ({"rows": DECAY.rows[1:]}, "rows only in the file: D0"),
        ({"names": ("a", "c")}, "names only in the file: b; names not in the file: c"),
    ],
)
def test_the_journal_of_another_problem_is_refused(tmp_path, change, said):
    path = tmp_path / "journal"
    before = journal_of(path)
    with pytest.raises(StoreError, match="found one of another") as caught:
        Journal(replace(DECAY, **change), path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_another_prior_or_start_may_use_the_same_journal(tmp_path):
    path = tmp_path / "journal"
    journal_of(path)
    with Journal(replace(DECAY, prior_mean=(2.0, 1.0), start=(3.0, 1.0)), path) as journal:
        assert len(journal) == 3


def test_two_cannot_hold_one_journal(tmp_path):
    path = tmp_path / "journal"
    with Journal(DECAY, path), pytest.raises(StoreError, match="held by another calibration"):
        Journal(DECAY, path)
    Journal(DECAY, path).close()


def test_a_resumed_fit_simulates_nothing_twice(tmp_path):
    path = tmp_path / "journal"
    with Evaluator(DECAY, path, workers=1) as evaluator:
        first = fit(evaluator)
        assert evaluator.simulated == first.evaluations
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == first.evaluations + 1
    keys = [json.loads(one)["key"] for one in lines[1:]]
    assert len(set(keys)) == len(keys)
    for kept in (0, 1, len(keys) // 2, len(keys)):
        path.write_bytes(b"".join(lines[: kept + 1]))
        with Evaluator(DECAY, path, workers=1) as evaluator:
            again = fit(evaluator)
            assert evaluator.simulated == len(keys) - kept
        assert again.values == first.values
        assert again.evaluations == first.evaluations


# --- killed and resumed -------------------------------------------------------------------------------------------

SCRIPT = """
import math, os, signal, sys
from empowersim.calibration.problem import Problem
from empowersim.calibration.run import calibrate
from empowersim.calibration.store import write_fit

ROWS = tuple(f"D{i}" for i in range(8))


def simulate(values):
    return {row: (values["a"] * math.exp(-values["b"] * i * 0.4), 0.01) for i, row in enumerate(ROWS)}


def residuals(rows):
    return {row: (rows[row].value - 2 * math.exp(-0.28 * i) - 0.01 * (i % 3)) / 0.05 for i, row in enumerate(ROWS)}


if __name__ == "__main__":
    journal, result, workers, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    count = 0

    def progress(phase, number, chi2, left):
        global count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)

    problem = Problem(
        names=("a", "b"), start=(1.0, 1.5), lower=(0.1, 0.05), upper=(5.0, 3.0), prior_mean=(1.0, 1.0),
        prior_sd=(1.2, 0.7), rows=ROWS, groups={row: f"study {i // 2}" for i, row in enumerate(ROWS)},
        simulate=simulate, residuals=residuals, seed=3, version="script",
    )
    found = calibrate(problem, journal, workers=workers, maximum=60, members=4, leave_out_steps=2, progress=progress)
    write_fit(result, found)
    print(count)
"""


def run_script(folder, name, workers, last):
    """Run the script; it kills itself (SIGKILL) after `last` evaluations, 0: never."""
    script = folder / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(script), str(folder / f"{name}.journal"), str(folder / f"{name}.yaml")]
    source = str(Path(__file__).resolve().parents[1] / "src")
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [*command, str(workers), str(last)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": paths},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_anywhere_and_resumed_it_ends_the_same(tmp_path):
    """The parameter file has the same bytes, with one worker and with two."""
    done = run_script(tmp_path, "whole", 1, 0)
    assert done.returncode == 0, done.stderr
    whole = (tmp_path / "whole.yaml").read_bytes()
    evaluations = int(done.stdout)
    stops = [1, 4, evaluations // 2, evaluations - 2]
    for last in stops:
        name = f"killed-{last}"
        assert run_script(tmp_path, name, 1, last).returncode == -signal.SIGKILL
        assert not (tmp_path / f"{name}.yaml").exists()
        written = len((tmp_path / f"{name}.journal").read_bytes().splitlines()) - 1
        assert 1 <= written <= last
        assert run_script(tmp_path, name, 1, 0).returncode == 0
        assert (tmp_path / f"{name}.yaml").read_bytes() == whole
    # killed again and again, now with two workers
    for last in (3, 9, 14):
        assert run_script(tmp_path, "again", 2, last).returncode == -signal.SIGKILL
    assert run_script(tmp_path, "again", 2, 0).returncode == 0
    assert (tmp_path / "again.yaml").read_bytes() == whole


def test_workers_change_nothing(tmp_path):
    with Evaluator(DECAY, tmp_path / "one", workers=1) as evaluator:
        alone = fit(evaluator)
    with Evaluator(DECAY, tmp_path / "two", workers=2) as evaluator:
        together = fit(evaluator)
    assert (alone.values, alone.chi2, alone.evaluations) == (together.values, together.chi2, together.evaluations)
    np.testing.assert_array_equal(alone.jacobian, together.jacobian)


def broken(values):
    if values["a"] != 1.0:
        raise ValueError("the study has no households")
    return decay(values)


def test_an_error_of_the_simulation_comes_through_and_what_was_done_stays(tmp_path):
    path = tmp_path / "journal"
    for workers in (1, 2):
        with (
            Evaluator(replace(DECAY, simulate=broken), path, workers=workers) as evaluator,
            pytest.raises(ValueError, match="no households"),
        ):
            fit(evaluator)
        with Journal(DECAY, path) as journal:
            assert len(journal) >= 1


# --- draws and the ensemble ---------------------------------------------------------------------------------------


def test_draws_have_an_address_of_their_own():
    one = uniforms(5, 3, kind=Kind.ENSEMBLE, purpose=2, seed=9)
    np.testing.assert_array_equal(one, uniforms(50, 7, kind=Kind.ENSEMBLE, purpose=2, seed=9)[:5, :3])
    assert not (one == uniforms(5, 3, kind=Kind.ENSEMBLE, purpose=3, seed=9)).any()
    assert not (one == uniforms(5, 3, kind=Kind.ENSEMBLE, purpose=2, seed=10)).any()


def test_draws_are_uniform():
    """Kolmogorov-Smirnov over 20,000 draws; false alarm 1 in 1,000, seed fixed."""
    drawn = uniforms(2000, 10, kind=Kind.ENSEMBLE, purpose=0, seed=1).ravel()
    assert 0 < drawn.min() < drawn.max() < 1
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3


def test_ensemble_has_the_mean_and_covariance_of_the_posterior():
    """Linear toy, bounds far away: the posterior is exactly normal, so all weights are equal.

    20 checks of means, variances and correlations in a sample of 4,000, each at 4.5 standard errors: a false alarm in
    less than 1 of 5,000 seeds; the seed is fixed.
    """
    size = 4000
    with Evaluator(LINE, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-12, step=0.01)
        made = ensemble(found, evaluator, size, seed=5)
    precision = SYSTEM.T @ SYSTEM + np.diag(1 / np.array(LINE.prior_sd) ** 2)
    exact = np.linalg.inv(precision)
    sample = np.array([[one.values[name] for name in LINE.names] for one in made.members])
    sd = np.sqrt(np.diag(exact))
    assert np.all(np.abs(sample.mean(axis=0) - exact_line(np.arange(9))) < 4.5 * sd / math.sqrt(size))
    assert np.all(np.abs(sample.var(axis=0) / sd**2 - 1) < 4.5 * math.sqrt(2 / size))
    correlation, wanted = np.corrcoef(sample.T), exact / np.outer(sd, sd)
    apart = np.abs(np.arctanh(correlation[np.triu_indices(3, 1)]) - np.arctanh(wanted[np.triu_indices(3, 1)]))
    assert np.all(apart < 4.5 / math.sqrt(size - 3))
    whitened = (sample - exact_line(np.arange(9))) @ np.linalg.cholesky(precision)
    assert all(stats.kstest(whitened[:, at], "norm").pvalue > 1e-5 for at in range(3))
    assert made.effective_size == pytest.approx(size, rel=1e-6)
    assert math.fsum(one.weight for one in made.members) == pytest.approx(1)


def test_ensemble_is_cut_off_at_the_bounds_as_the_posterior_is():
    """A strongly correlated normal cut off near its middle, against plain rejection.

    Mean and variance of both parameters within 4.5 standard errors, 3,000 draws against 200,000; seed fixed.
    """
    problem = replace(
        PRODUCT,
        names=("x", "y"),
        start=(1.0, 1.0),
        lower=(0.9, 0.0),
        upper=(2.0, 1.05),
        prior_mean=(1.0, 1.0),
        prior_sd=(0.5, 0.5),
        simulate=lambda v: {"P": (v["x"] + v["y"], 0.0), "W": (0.0, 0.0), "N": (0.0, 0.0)},
        residuals=lambda rows: {"P": (rows["P"].value - 2.1) / 0.1, "W": 0.0, "N": 0.0},
    )
    found = fitted(problem)
    approximation = laplace(found)
    drawn = draw(approximation, problem.scaled(found.point), 3000, 3)
    low, high = problem.scaled_bounds()
    assert np.all((drawn >= low - 1e-12) & (drawn <= high + 1e-12))
    exact = np.random.default_rng(2).multivariate_normal(approximation.centre, approximation.covariance, 1_000_000)
    exact = exact[np.all((exact >= low) & (exact <= high), axis=1)]
    assert 200_000 < len(exact) < 900_000
    for at in range(2):
        one, other = drawn[:, at], exact[:, at]
        assert abs(one.mean() - other.mean()) < 4.5 * other.std() / math.sqrt(3000)
        kurtosis = stats.kurtosis(other, fisher=False)
        assert abs(one.var() / other.var() - 1) < 4.5 * math.sqrt((kurtosis - 1) / 3000)


def test_a_fit_held_back_by_a_bound_piles_up_there():
    """The exact posterior at a bound: a truncated normal whose mean lies outside; its tail is 30 sd away."""
    problem = replace(
        DECAY,
        names=("a",),
        start=(1.0,),
        lower=(0.0,),
        upper=(2.0,),
        prior_mean=(1.0,),
        prior_sd=(1.0,),
        simulate=lambda v: dict.fromkeys(DECAY.rows, (v["a"], 0.0)),
        residuals=lambda rows: {row: (one.value - 5.0) / 0.2 for row, one in rows.items()},
    )
    found = fitted(problem)
    precision = 1 + 8 / 0.2**2
    centre, sd = (1 + 8 * 5 / 0.2**2) / precision, precision**-0.5
    drawn = 1.0 + draw(laplace(found), problem.scaled(found.point), 2000, 4)[:, 0]
    exact = stats.truncnorm((0 - centre) / sd, (2 - centre) / sd, loc=centre, scale=sd)
    assert drawn.max() <= 2.0
    assert abs(drawn.mean() - exact.mean()) < 4.5 * exact.std() / math.sqrt(2000)  # false alarm 7 in a million


def test_weights_turn_the_approximation_into_the_posterior():
    """Nonlinear toy with a coarse posterior: weighted means against a numerical integral, plain means miss it."""
    wide = replace(DECAY, residuals=lambda rows: {row: z / 12 for row, z in decay_z(rows).items()})
    with Evaluator(wide, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-10, step=1e-3)
        made = ensemble(found, evaluator, 3000, seed=8)
    a, b = np.meshgrid(np.linspace(0.1, 5, 600), np.linspace(0.05, 3, 600), indexing="ij")
    z = (a[..., None] * np.exp(-b[..., None] * X) - TARGET) / SE / 12
    density = np.exp(-0.5 * ((z**2).sum(axis=-1) + ((a - 1) / 1.2) ** 2 + ((b - 1) / 0.7) ** 2))
    weight = np.array([one.weight for one in made.members])
    for name, axis in (("a", a), ("b", b)):
        sample = np.array([one.values[name] for one in made.members])
        exact = float((axis * density).sum() / density.sum())
        mean = float(weight @ sample)
        error = math.sqrt(float(weight**2 @ (sample - mean) ** 2))
        assert abs(mean - exact) < 4.5 * error  # false alarm 7 in a million
        if name == "b":
            assert abs(sample.mean() - exact) > 4.5 * sample.std() / math.sqrt(3000)
    assert 300 < made.effective_size < 2900


def test_a_larger_ensemble_begins_with_the_smaller_one():
    with Evaluator(DECAY, workers=1) as evaluator:
        found = fit(evaluator)
        few, many = ensemble(found, evaluator, 3, seed=1), ensemble(found, evaluator, 9, seed=1)
    assert [one.values for one in few.members] == [one.values for one in many.members[:3]]
    with Evaluator(DECAY, workers=1) as evaluator, pytest.raises(SimulationError, match="1 or more"):
        ensemble(found, evaluator, 0)


# --- identifiability and profiles ---------------------------------------------------------------------------------


def test_what_the_evidence_does_not_identify_is_said():
    found = identifiability(fitted(PRODUCT))
    by_name = {one.name: one for one in found.parameters}
    w, n, x, y = (by_name[name] for name in "wnxy")
    # one row knows w with 0.1 against a prior of 1
    assert w.status == "identified"
    assert w.ratio == pytest.approx(1 / math.sqrt(1 + 100), rel=1e-4)
    assert w.contraction == pytest.approx(100 / 101, rel=1e-4)
    assert (n.status, n.ratio, n.ratio_alone) == ("not identified", pytest.approx(1), pytest.approx(1))
    # the product is known, the two factors are not
    for one, other in ((x, "y"), (y, "x")):
        assert one.status == "weakly"
        assert one.ratio_alone < 0.15
        assert one.partner == other
        assert one.correlation < -0.98
    open_direction = found.directions[0]
    assert open_direction.ratio > 0.99
    assert {name for name, _ in open_direction.loadings} == {"x", "y"}
    loadings = dict(open_direction.loadings)
    assert loadings["x"] == pytest.approx(-loadings["y"], rel=0.05)
    assert len(found.directions) == 3
    assert all("n" not in dict(one.loadings) for one in found.directions)


def test_profile_of_a_linear_problem_is_exact():
    with Evaluator(LINE, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-12, step=0.01)
        points = profile(found, evaluator, "q", [-1.0, 0.0, 1.5], steps=1)
        with pytest.raises(ParameterError, match="expected values from -9 to 9, found 10"):
            profile(found, evaluator, "q", [10.0])
        with pytest.raises(ParameterError, match="expected a fitted parameter"):
            profile(found, evaluator, "s", [0.0])
    covariance = laplace(found).own_covariance()
    for point in points:
        rise = (point.value - found.values["q"]) ** 2 / covariance[1, 1]
        assert point.chi2 + point.penalty == pytest.approx(found.loss + rise, rel=1e-6)
        assert point.values["q"] == pytest.approx(point.value)


@pytest.mark.parametrize("value", [0.5, 0.65, 0.75, 0.9])
def test_profile_of_a_nonlinear_problem_is_a_close_upper_bound(value):
    with Evaluator(DECAY, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-10, step=1e-3)
        exact = fit(evaluator, fixed={"b": value}, tolerance=1e-10, step=1e-3).loss
        losses = [
            point.chi2 + point.penalty
            for steps in (1, 2, 6)
            for point in profile(found, evaluator, "b", [value], steps=steps)
        ]
    assert losses == sorted(losses, reverse=True)
    assert exact - 1e-6 <= losses[-1] <= losses[0] <= exact + 0.05 * (exact - found.loss)


# --- leaving studies out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 3, None])
def test_leaving_out_is_exact_on_a_linear_problem(steps):
    with Evaluator(LINE, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-12, step=0.01)
        left_out = leave_one_out(found, evaluator, steps=steps, tolerance=1e-12)
    assert [one.group for one in left_out.groups] == ["study 0", "study 1", "study 2"]
    for at, score in enumerate(left_out.groups):
        out = np.arange(9) % 3 == at
        exact = exact_line(~out)
        np.testing.assert_allclose(LINE.point(left_out.values[score.group]), exact, atol=1e-6)
        z = SYSTEM[out] @ exact - AIM[out]
        here = [one for one in left_out.predictions if one.group == score.group]
        np.testing.assert_allclose([one.predicted_z for one in here], z, atol=1e-5)
        np.testing.assert_allclose(score.left_out, np.abs(z).mean(), atol=1e-5)
        assert score.left_out_within_2 == np.mean(np.abs(z) <= 2)
        assert score.rows == 3
    assert left_out.total.rows == 9
    assert left_out.total.left_out > left_out.total.fitted  # a prediction is harder than a fit


def test_leaving_out_a_nonlinear_study_nears_the_full_refit_with_more_steps():
    with Evaluator(DECAY, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-10, step=1e-3)
        full = leave_one_out(found, evaluator, steps=None, tolerance=1e-10)
        apart = {}
        for steps in (1, 6):
            rough = leave_one_out(found, evaluator, steps=steps)
            apart[steps] = max(
                abs(one.predicted_z - other.predicted_z)
                for one, other in zip(rough.predictions, full.predictions, strict=True)
            )
    assert apart[6] < 0.02
    assert apart[6] < apart[1]


def test_the_first_step_is_always_taken_so_that_a_study_left_out_is_out():
    """With a simulation that gets worse by any step, staying at the full fit would be a fitted number in disguise."""
    with Evaluator(DECAY, workers=1) as evaluator:
        found = fit(evaluator, tolerance=1e-10, step=1e-3)
    spoilt = replace(found, jacobian=-found.jacobian)
    with Evaluator(DECAY, workers=1) as evaluator:
        left_out = leave_one_out(spoilt, evaluator, steps=1)
    assert all(left_out.values[group] != found.values for group in left_out.values)
    with Evaluator(DECAY, workers=1) as evaluator, pytest.raises(SimulationError, match="1 or more, or None"):
        leave_one_out(found, evaluator, steps=0)


# --- the parameter file -------------------------------------------------------------------------------------------


@pytest.fixture
def whole(tmp_path):
    return calibrate(DECAY, tmp_path / "journal", workers=1, members=4, made={"households": 100})


def test_a_parameter_file_gives_back_what_was_written(whole, tmp_path):
    path = write_fit(tmp_path / "sub" / "fit.yaml", whole)
    again = load_fit(path)
    assert again == whole
    assert again.digest == whole.digest
    assert again.made["households"] == 100
    assert again.made["evaluations_in_all"] > again.made["evaluations"]
    assert overrides(again) == {name: entry["value"] for name, entry in whole.parameters.items()}
    assert [list(one) for one in members(again)] == [["a", "b"]] * 4
    assert math.fsum(weights(again)) == pytest.approx(1)
    assert set(again.leave_one_out["groups"]) == {"study 0", "study 1", "study 2", "study 3"}
    assert again.parameters["a"]["status"] == "identified"
    assert write_fit(path, again).read_bytes() == path.read_bytes()
    assert [one.name for one in path.parent.iterdir()] == ["fit.yaml"]


def test_a_bare_fit_can_be_kept_and_nan_survives(tmp_path):
    found = fitted(replace(DECAY, simulate=lambda v: {**decay(v), "EXTRA": (math.nan, math.nan)}))
    path = write_fit(tmp_path / "fit.yaml", stored(found))
    again = load_fit(path)
    assert math.isnan(again.rows["EXTRA"]["value"])
    assert (again.rows["EXTRA"]["fitted"], again.rows["D0"]["fitted"]) == (False, True)
    assert members(again) == weights(again) == []
    assert overrides(found) == overrides(again)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: 1", "format: 99", "format: expected 1, found 99"),
        ("penalty:", "penalties:", "penalty: expected this key"),
        ("households: 100", "households: 200", "changed after it was made"),
        ("made:", "made: [", "expected a parameter file in YAML"),
    ],
)
def test_parameter_files_that_cannot_be_trusted_are_refused(whole, tmp_path, old, new, said):
    path = write_fit(tmp_path / "fit.yaml", whole)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StoreError, match=said) as caught:
        load_fit(path)
    assert str(path) in str(caught.value)


def test_no_file_and_no_room_are_said(whole, tmp_path):
    with pytest.raises(StoreError, match="expected a parameter file"):
        load_fit(tmp_path / "none.yaml")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="can be written"):
        write_fit(tmp_path / "file" / "fit.yaml", whole)


def income_level(values):
    return {"level": (values["earning_level"] + values["permanent_sd"], 0.0)}


def test_values_of_a_fit_are_valid_parameters():
    names = ("earning_level", "permanent_sd")
    problem = Problem(
        names=names,
        rows=("level",),
        groups={"level": "one"},
        simulate=income_level,
        residuals=lambda rows: {"level": (rows["level"].value - 2.0) / 0.01},
        **passport_priors(names),
    )
    found = calibrate(problem, workers=1, members=8)
    for values in [overrides(found), *members(found)]:
        assert parameters(values)._asdict().keys() == passports().keys()


def test_a_row_that_cannot_be_told_counts_in_the_score():
    """Left out, a row may have no value at all (a threshold that is gone): it is far off, not out of the mean."""
    from empowersim.calibration.fit import UNDEFINED_Z
    from empowersim.calibration.leave_out import Prediction, _score

    rows = [
        Prediction("a", "one", fitted=1.0, fitted_z=0.5, predicted=1.0, predicted_se=0.1, predicted_z=-1.0),
        Prediction("b", "one", 1.0, 0.5, math.nan, math.nan, math.nan),
    ]
    found = _score("one", rows)
    assert found.left_out == pytest.approx((1.0 + UNDEFINED_Z) / 2)
    assert (found.fitted, found.left_out_within_2) == (0.5, 0.5)
