"""What the machine makes of the loops: vector instructions, no memory taken, the same bits however a strip is cut."""

from __future__ import annotations

import gc
import re
import sys
import tracemalloc

import numpy as np
import pytest
from helpers_engine import TRAVEL, people, programme
from llvmlite import binding

from empowersim._jit import LANES
from empowersim.engine.arrays import DOSES, DRAWS, STRIP
from empowersim.engine.inputs import Policy
from empowersim.engine.simulate import simulate
from empowersim.engine.strips import draw_strip, month_of_strip
from empowersim.parameters import parameters, record_of
from empowersim.schema import HOUSEHOLD, ROWS, VILLAGE, VILLAGE_ROWS

ENOUGH = 100
"""Packed multiplications below which a loop cannot have been turned into vectors: a month has some 500."""
SEED = np.uint32(7)


def wide_register() -> str:
    """Name of the widest float registers of this machine, empty where it has none of 256 bits or more."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return "zmm"
    return "ymm" if features.get("avx2") else ""


def block_of(tiles: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """State, villages, draws and doses of a strip, all within their bounds."""
    chance = np.random.default_rng(1)

    def within(columns, shape):
        low = np.array([max(column.lower, -3.0) for column in columns])[:, None]
        high = np.array([min(column.upper, 3.0) for column in columns])[:, None]
        return (low + (high - low) * chance.random(shape)).astype(np.float32)

    state = np.stack([within(HOUSEHOLD, (ROWS, LANES)) for _ in range(tiles)])
    villages = within(VILLAGE, (VILLAGE_ROWS, 1)).T.copy()
    draws = chance.random((STRIP, DRAWS, LANES)).astype(np.float32)
    doses = chance.random((STRIP, DOSES, LANES)).astype(np.float32)
    return state, villages, draws, doses


def month(state, villages, draws, doses, first, count):
    month_of_strip(state, villages, 0, draws, doses, record_of(parameters()), first, count, np.float32(3))


def draw(low, high, draws, first, count):
    lanes = np.zeros((1, LANES), np.float32)
    draw_strip(low, high, draws, lanes, first, count, np.uint32(5), SEED, SEED)


def identities(tiles):
    low = np.arange(tiles * LANES, dtype=np.uint32).reshape(tiles, LANES)
    return low, np.zeros_like(low)


def test_loops_over_households_are_vector_code():
    register = wide_register()
    if not register:
        pytest.skip("this machine has neither 512- nor 256-bit float registers")
    state, villages, draws, doses = block_of(1)
    month(state, villages, draws, doses, 0, 1)
    draw(*identities(1), draws, 0, 1)
    for loop, packed in ((month_of_strip, "v(?:mul|fmadd)[a-z0-9]*ps"), (draw_strip, "v(?:mul|fmadd)[a-z0-9]*ps")):
        code = "\n".join(loop.outside.inspect_asm().values())
        assert len(re.findall(rf"\t{packed}\t[^\n]*%{register}", code)) >= ENOUGH
        assert not re.findall(r"call\w*\s+\S*(?:expf?|logf?|powf?|sqrtf?)\b", code), "a function of the C library"


def test_a_strip_may_be_cut_anywhere():
    state, villages, draws, doses = block_of(STRIP)
    whole, cut = state.copy(), state.copy()
    month(whole, villages, draws, doses, 0, STRIP)
    for tile in range(STRIP):
        month(cut, villages, draws[tile:], doses[tile:], tile, 1)
    np.testing.assert_array_equal(whole, cut)
    assert np.isfinite(whole).all()
    assert (whole != state).any()


def test_draws_may_be_cut_anywhere():
    low, high = identities(STRIP)
    whole, cut = np.zeros((2, STRIP, DRAWS, LANES), np.float32)
    draw(low, high, whole, 0, STRIP)
    for tile in range(STRIP):
        draw(low, high, cut[tile:], tile, 1)
    np.testing.assert_array_equal(whole, cut)


def test_a_longer_life_takes_no_more_memory_but_for_its_own_months():
    population, policy = people(600), Policy("one", (programme(),))

    def peak(months):
        """Bytes at the peak of a run beside those of its results."""
        tracemalloc.start()
        runs = simulate(
            population, [policy], travel=TRAVEL, parameters=parameters(), months=months, burn_in=0, seed=1, threads=1
        )
        kept, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert runs[0].months == months
        return kept, highest

    peak(12)
    (kept, highest), (kept_long, highest_long) = peak(24), peak(240)
    per_month = (kept_long - kept) / 216
    assert per_month < 2000
    assert highest_long - highest < 216 * 60_000, "class tables of a month and its sums, nothing that grows faster"


def test_the_same_run_again_and_again_takes_no_more_memory():
    population, policy = people(600), Policy("one", (programme(),))

    def once():
        simulate(population, [policy], travel=TRAVEL, parameters=parameters(), months=6, burn_in=0, seed=1, threads=1)

    for _ in range(200):  # Python's own stores of small objects fill first
        once()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(200):
        once()
    gc.collect()
    assert sys.getallocatedblocks() - before < 10 * 200, "a leaked argument would be some 70 objects a run"
