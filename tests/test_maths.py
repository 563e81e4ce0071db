"""The elementary functions: their error against float64, their shape, and the same bits in every kind of loop."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from empowersim import maths
from empowersim._jit import _KERNEL_FLAGS

compiled = numba.njit(**_KERNEL_FLAGS)  # the flags of a kernel without its disk cache, which knows nothing of tests


@compiled
def _apply_exp(values, out):
    for i in range(values.size):
        out[i] = maths.exp(values[i])


@compiled
def _apply_log(values, out):
    for i in range(values.size):
        out[i] = maths.log(values[i])


@compiled
def _apply_quantile(values, out):
    for i in range(values.size):
        out[i] = maths.normal_quantile(values[i])


@compiled
def _apply_logistic(values, out):
    for i in range(values.size):
        out[i] = maths.logistic(values[i])


def applied(loop, values: np.ndarray) -> np.ndarray:
    """Run a compiled loop over float32 values."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    out = np.empty_like(values)
    loop(values, out)
    return out


EXPONENTS = np.linspace(-87, 88, 1_000_003, dtype=np.float32)
POSITIVES = np.exp(np.linspace(-87, 88, 1_000_003)).astype(np.float32)
NEAR_ONE = np.linspace(0.5, 2, 1_000_003, dtype=np.float32)
PROBABILITIES = ((np.arange(2**24, dtype=np.float64)[::17] + 0.5) * 2.0**-24).astype(np.float32)
TAIL = ((np.arange(200_000, dtype=np.float64) + 0.5) * 2.0**-24).astype(np.float32)


def test_exp_is_within_its_stated_relative_error():
    exact = np.exp(EXPONENTS.astype(np.float64))
    assert np.max(np.abs(applied(_apply_exp, EXPONENTS) / exact - 1)) <= 2.5e-7


@pytest.mark.parametrize("values", [POSITIVES, NEAR_ONE], ids=["whole range", "near one"])
def test_log_is_within_its_stated_error(values):
    exact = np.log(values.astype(np.float64))
    error = np.abs(applied(_apply_log, values) - exact)
    assert np.all(error <= np.maximum(2.5e-7 * np.abs(exact), 1e-7))


@pytest.mark.parametrize("values", [PROBABILITIES, TAIL, 1 - TAIL[8:]], ids=["all", "lower tail", "upper tail"])
def test_normal_quantile_is_within_its_stated_error(values):
    inside = values[(values >= 1e-7) & (values <= 1 - 1e-7)]
    exact = special.ndtri(inside.astype(np.float64))
    assert np.max(np.abs(applied(_apply_quantile, inside) - exact)) <= 3e-6


def test_logistic_stays_near_the_exact_curve():
    values = np.linspace(-80, 80, 100_003, dtype=np.float32)
    assert np.max(np.abs(applied(_apply_logistic, values) - special.expit(values.astype(np.float64)))) <= 2e-7


@pytest.mark.parametrize(
    ("loop", "values", "slack"),
    [
        (_apply_exp, np.linspace(-20, 20, 100_001), 0.0),
        (_apply_log, np.geomspace(1e-30, 1e30, 100_001), 0.0),
        (_apply_quantile, np.linspace(0.0005, 0.9995, 100_001), 1e-6),
    ],
    ids=["exp", "log", "quantile"],
)
def test_functions_rise(loop, values, slack):
    """Steps of the grid are wider than rounding; the quantile's two branches may meet within their error."""
    assert np.min(np.diff(applied(loop, values))) >= -slack


def test_exp_and_log_undo_each_other():
    values = np.linspace(-20, 20, 100_001, dtype=np.float32)
    assert np.max(np.abs(applied(_apply_log, applied(_apply_exp, values)) - values)) <= 5e-6


@pytest.mark.parametrize(
    ("function", "loop", "values"),
    [
        (maths.exp, _apply_exp, np.linspace(-90, 90, 4099)),
        (maths.log, _apply_log, np.geomspace(1e-38, 1e38, 4099)),
        (maths.normal_quantile, _apply_quantile, np.linspace(1e-6, 1 - 1e-6, 4099)),
        (maths.logistic, _apply_logistic, np.linspace(-90, 90, 4099)),
    ],
    ids=["exp", "log", "quantile", "logistic"],
)
def test_scalar_calls_and_vector_loops_give_the_same_bits(function, loop, values):
    """What lets a Mesa agent, one household at a time, tread in the steps of the fast engine."""
    values = values.astype(np.float32)
    one_by_one = np.array([function(value) for value in values], dtype=np.float32)
    assert np.array_equal(one_by_one.view(np.int32), applied(loop, values).view(np.int32))


@pytest.mark.parametrize("length", [1, 7, 31, 32, 33, 100])
def test_bits_do_not_depend_on_the_length_of_the_loop(length):
    """The odd end of a loop runs as scalar code; the middle in vectors."""
    values = np.linspace(-5, 5, 128, dtype=np.float32)
    whole = applied(_apply_exp, values)
    assert np.array_equal(applied(_apply_exp, values[:length]), whole[:length])


def test_known_values():
    assert maths.exp(np.float32(0)) == 1
    assert maths.log(np.float32(1)) == 0
    assert maths.normal_quantile(np.float32(0.5)) == 0
    assert maths.logistic(np.float32(0)) == 0.5


def test_arguments_out_of_range_give_finite_numbers():
    assert np.isfinite(maths.exp(np.float32(1e30)))
    assert 0 < maths.exp(np.float32(-1e30)) < 1e-37
    assert np.isfinite(maths.log(np.float32(0)))
    assert maths.log(np.float32(-1)) == maths.log(np.float32(0))


FLOATS = st.floats(-1e6, 1e6, width=32)


@given(FLOATS, FLOATS, FLOATS)
def test_clip_moves_into_the_range_and_no_further(value, a, b):
    low, high = min(a, b), max(a, b)
    moved = maths.clip(np.float32(value), np.float32(low), np.float32(high))
    assert low <= moved <= high
    assert moved in (value, low, high)


@given(FLOATS)
def test_positive_and_flag(value):
    assert maths.positive(np.float32(value)) == (value if value > 0 else 0)
    assert maths.flag(value > 0) == (1 if value > 0 else 0)
