"""The addressed generator: known answers, golden addresses, and independence of neighbours.

The statistical tests look at fixed addresses, so they never flicker: they were true or false when written. Each
family below is judged at a false-alarm rate of one in a million over all its tests together (Bonferroni), so a failure
means a broken generator or a broken address, not bad luck. A change of the address scheme draws all numbers anew and
would be caught by the golden tests first.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import stats

from empowersim import rng
from empowersim._jit import _KERNEL_FLAGS
from empowersim.rng import Kind, Stream

FALSE_ALARM = 1e-6
COUNT = 1 << 16

compiled = numba.njit(**_KERNEL_FLAGS)

# --- known answers ------------------------------------------------------------------------------------------------

# Random123 (Salmon et al., version 1.x), file kat_vectors, lines `philox4x32 10`
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[np.uint32]:
    return [np.uint32(int(word, 16)) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS, ids=["zeros", "ones", "pi"])
def test_philox_gives_the_published_answers(counter, key, answer):
    assert [int(word) for word in rng.philox(*words(counter), *words(key))] == [int(word) for word in words(answer)]


def philox_in_python(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as the paper writes it, in whole numbers of any length."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b % 2**32, (a >> 32) ^ c[3] ^ k[1], a % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def test_vector_code_equals_the_definition_in_whole_numbers():
    out = draws(households=np.arange(3, 1003, dtype=np.int64), month=7, group=2, seed=11, replicate=5)
    for row in range(0, 1000, 37):
        assert [int(word) for word in out[row]] == philox_in_python([row + 3, 0, 7, 2], [11, 5])


# --- golden addresses ---------------------------------------------------------------------------------------------

STREAM_NUMBERS = {
    "CAPACITY": 0,
    "TRANSITORY": 1,
    "ASSETS": 2,
    "ILLNESS": 3,
    "JOB": 4,
    "ATTENDANCE": 5,
    "DROP_OUT": 6,
    "ASSET_DEATH": 7,
    "SCHOOLING": 8,
    "ASSET_QUALITY": 9,
    "BENEFIT": 10,
    "THEFT": 11,
    "SURVEY_CONSUMPTION": 32,
    "SURVEY_FOOD": 33,
    "SURVEY_ASSETS": 34,
    "SURVEY_DURABLES": 35,
    "SURVEY_SAVINGS": 36,
    "SURVEY_HOURS": 37,
    "SURVEY_SALES": 38,
    "SURVEY_WAGES": 39,
    "SURVEY_WELL_BEING": 40,
    "SURVEY_HEALTH": 41,
    "SURVEY_VOICE": 42,
    "SURVEY_EMPOWERMENT": 43,
    "SURVEY_LITERACY": 44,
    "SURVEY_LEARNING": 45,
    "SURVEY_ATTRITION": 46,
    "SURVEY_TRANSITORY": 47,
    "SURVEY_BIRTH": 48,
    "WELFARE_RANK": 64,
    "START_CAPACITY": 65,
    "OWN_ASSETS": 66,
    "START_ASSETS": 67,
    "SIZE": 68,
    "CHILDREN": 69,
    "SCHOOLING_YEARS": 70,
    "LITERACY": 71,
    "START_SAVINGS": 72,
    "START_JOB": 73,
    "START_ILLNESS": 74,
    "IN_SCHOOL": 75,
    "FEMALE_HEAD": 76,
    "HEAD_AGE": 77,
    "TRADE_APTITUDE": 78,
    "IMPUTATION": 79,
    "REGISTER_ERROR": 80,
    "AGENCY": 81,
    "STUDY_RANKING": 84,
    "STUDY_ASSIGNMENT": 85,
    "STUDY_REACH": 86,
    "STUDY_LOT": 87,
    "VILLAGE_SHOCK": 128,
    "VILLAGE_SHOCK_SIZE": 129,
    "VILLAGE_SIZE": 160,
    "VILLAGE_LEVEL": 161,
    "REGION": 162,
    "PLACE_ROUNDING": 163,
    "VILLAGE_PACE": 164,
    "VILLAGE_SIGNAL": 165,
    "VILLAGE_ADAT": 166,
    "VILLAGE_HEALTH": 167,
    "STUDY_VILLAGE": 168,
    "TAKE_UP": 192,
    "LOTTERY": 193,
    "TURNOVER": 224,
    "ACCESS": 225,
}
KIND_NUMBERS = {"HOUSEHOLD": 0, "VILLAGE": 1, "SUBDISTRICT": 2, "MENTOR": 3, "PROGRAMME": 4, "SURVEY": 5}
KIND_NUMBERS |= {"ENSEMBLE": 240, "SEARCH": 243, "DECISION": 246}


def test_no_stream_was_renumbered():
    """A new stream gets a new number and a new line here; a number that has been used stays as it is."""
    assert {stream.name: int(stream) for stream in Stream} == STREAM_NUMBERS
    assert len(Stream.__members__) == len(set(STREAM_NUMBERS.values())), "two names for one stream"


def test_no_kind_was_renumbered():
    assert {kind.name: int(kind) for kind in Kind} == KIND_NUMBERS
    assert max(Kind) < 2**8


def test_layout_of_the_address_is_fixed():
    assert rng.TRAITS == -(2**31)
    assert rng.STREAMS_A_GROUP == 4


def test_golden_draws():
    """Four words of household 12,345 in month 6, group 1, seed 2026, replicate 3; and of its traits, group 16.

    Computed with `philox_in_python`; uniform = (upper 23 bits + 1/2) / 2**23, normal = its quantile in float64.
    """
    monthly = draws(np.array([12_345]), month=6, group=1, seed=2026, replicate=3)[0]
    traits = draws(np.array([12_345]), month=rng.TRAITS, group=16, seed=2026, replicate=3)[0]
    assert [f"{int(word):08x}" for word in monthly] == GOLDEN_MONTHLY.split()
    assert [f"{int(word):08x}" for word in traits] == GOLDEN_TRAITS.split()
    assert f"{float(rng.uniform_from(monthly[0])):.7f}" == GOLDEN_UNIFORM
    assert f"{float(rng.normal_from(monthly[0])):.5f}" == GOLDEN_NORMAL


GOLDEN_MONTHLY = "c64cf31c a7e81daa 90237e6c d8f0c4f2"
GOLDEN_TRAITS = "1f546cd9 e0f33766 a9e1e9f5 97c19430"
GOLDEN_UNIFORM = "0.7746117"
GOLDEN_NORMAL = "0.75412"


# --- from words to numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [0, 1, 255, 256, 2**31 - 1, 2**31, 2**32 - 256, 2**32 - 1])
def test_uniforms_lie_strictly_inside_zero_and_one(word):
    value = rng.uniform_from(np.uint32(word))
    assert 0 < value < 1
    assert abs(float(value) - (word + 0.5) / 2**32) <= 2.0**-24  # half of a step of 2**-23


@pytest.mark.parametrize("word", [0, 2**32 - 1])
def test_extreme_normals_are_finite(word):
    value = float(rng.normal_from(np.uint32(word)))
    assert 5.29 < abs(value) < 5.30
    assert (value > 0) == (word > 0)


def test_normals_rise_with_the_word():
    values = [float(rng.normal_from(np.uint32(word))) for word in range(0, 2**32, 2**22)]
    assert values == sorted(values)


# --- uniformity and independence over neighbouring addresses ------------------------------------------------------


@compiled
def _fill(households, month, group, seed, replicate, out):
    for i in range(households.size):
        low = np.uint32(households[i] & 0xFFFFFFFF)
        high = np.uint32(households[i] >> 32)
        a, b, c, d = rng.philox(low, high, np.uint32(month), np.uint32(group), np.uint32(seed), np.uint32(replicate))
        out[i, 0] = a
        out[i, 1] = b
        out[i, 2] = c
        out[i, 3] = d


@compiled
def _uniforms(words, out):
    for i in range(words.size):
        out[i] = rng.uniform_from(words[i])


@compiled
def _normals(words, out):
    for i in range(words.size):
        out[i] = rng.normal_from(words[i])


def draws(households, *, month=0, group=0, seed=1, replicate=0) -> np.ndarray:
    """Words of shape (households, 4) at the given addresses."""
    out = np.empty((len(households), 4), dtype=np.uint32)
    _fill(np.asarray(households, dtype=np.int64), month % 2**32, group, seed, replicate, out)
    return out


def uniform(words: np.ndarray) -> np.ndarray:
    out = np.empty(words.size, dtype=np.float32)
    _uniforms(np.ascontiguousarray(words).ravel(), out)
    return out.reshape(words.shape).astype(np.float64)


def normal(words: np.ndarray) -> np.ndarray:
    out = np.empty(words.size, dtype=np.float32)
    _normals(np.ascontiguousarray(words).ravel(), out)
    return out.reshape(words.shape).astype(np.float64)


IDS = np.arange(COUNT)


def neighbours() -> dict[str, np.ndarray]:
    """Sequences of COUNT uniforms, each walking along one part of the address."""
    one = np.array([77])
    return {
        "households": uniform(draws(IDS)[:, 0]),
        "distant households": uniform(draws(IDS * 65_537)[:, 2]),
        "months": uniform(np.concatenate([draws(one, month=month)[:, 1] for month in range(COUNT)])),
        "streams of a group": uniform(draws(IDS[: COUNT // 4], month=5).ravel()),
        "groups": uniform(np.concatenate([draws(one, group=group)[:, 3] for group in range(COUNT)])),
        "seeds": uniform(np.concatenate([draws(one, seed=seed)[:, 0] for seed in range(COUNT)])),
        "replicates": uniform(np.concatenate([draws(one, replicate=r)[:, 0] for r in range(COUNT)])),
        "traits": uniform(draws(IDS, month=rng.TRAITS, group=16)[:, 0]),
    }


SEQUENCES = neighbours()
ALONG = pytest.mark.parametrize("values", SEQUENCES.values(), ids=SEQUENCES.keys())


@ALONG
def test_draws_along_an_axis_are_uniform(values):
    p_value = stats.kstest(values, "uniform").pvalue
    counts = np.bincount((values * 256).astype(np.int64), minlength=256)
    p_cells = stats.chisquare(counts).pvalue
    # too even is as suspect as too uneven
    limit = FALSE_ALARM / (4 * len(SEQUENCES))
    assert limit < p_value < 1 - limit
    assert limit < p_cells < 1 - limit


@ALONG
@pytest.mark.parametrize("lag", [1, 2, 3, 4, 32, 100])
def test_neighbours_on_an_axis_are_not_correlated(values, lag):
    r = np.corrcoef(values[:-lag], values[lag:])[0, 1]
    z = r * np.sqrt(values.size - lag)
    assert 2 * stats.norm.sf(abs(z)) > FALSE_ALARM / (6 * len(SEQUENCES))


@ALONG
def test_pairs_of_neighbours_fill_the_square_evenly(values):
    """Chi-square of successive, non-overlapping pairs in 32 x 32 cells."""
    cells = (values * 32).astype(np.int64).reshape(-1, 2)
    counts = np.bincount(cells[:, 0] * 32 + cells[:, 1], minlength=1024)
    limit = FALSE_ALARM / (2 * len(SEQUENCES))
    assert limit < stats.chisquare(counts).pvalue < 1 - limit


def test_different_parts_of_the_address_draw_independently():
    """The same households in the next month, replicate, seed, stream, kind of actor: no pair is correlated."""
    base = {"month": 3, "group": 1, "seed": 9, "replicate": 2}
    high_bit = IDS + (int(Kind.VILLAGE) << 56)
    columns = {
        "base": draws(IDS, **base)[:, 0],
        "next stream": draws(IDS, **base)[:, 1],
        "next group": draws(IDS, **base | {"group": 2})[:, 0],
        "next month": draws(IDS, **base | {"month": 4})[:, 0],
        "once": draws(IDS, **base | {"month": rng.TRAITS})[:, 0],
        "next seed": draws(IDS, **base | {"seed": 10})[:, 0],
        "next replicate": draws(IDS, **base | {"replicate": 3})[:, 0],
        "seed and replicate swapped": draws(IDS, **base | {"seed": 2, "replicate": 9})[:, 0],
        "villages": draws(high_bit, **base)[:, 0],
    }
    table = np.array([uniform(column) for column in columns.values()])
    correlations = np.corrcoef(table)[np.triu_indices(len(columns), 1)]
    limit = stats.norm.isf(FALSE_ALARM / 2 / correlations.size) / np.sqrt(COUNT)
    assert np.max(np.abs(correlations)) < limit


def test_differences_of_neighbouring_addresses_flip_half_of_the_bits():
    """Avalanche: one step along any part of the address flips each of 128 bits with probability one half."""
    base = draws(IDS, month=10, group=3, seed=5, replicate=7)
    others = (
        draws(IDS ^ 1, month=10, group=3, seed=5, replicate=7),
        draws(IDS, month=11, group=3, seed=5, replicate=7),
        draws(IDS, month=10, group=2, seed=5, replicate=7),
        draws(IDS, month=10, group=3, seed=4, replicate=7),
        draws(IDS, month=10, group=3, seed=5, replicate=6),
    )
    limit = stats.norm.isf(FALSE_ALARM / 2 / (len(others) * 128))
    for other in others:
        flips = np.unpackbits((base ^ other).view(np.uint8), axis=1).mean(axis=0)
        # pairs i, i ^ 1 count twice, hence COUNT / 2 independent comparisons at the least
        assert np.max(np.abs(flips - 0.5)) < limit * 0.5 / np.sqrt(COUNT / 2)


def test_a_draw_does_not_depend_on_its_company():
    """Alone, in another order, or among others: an address gives its own number."""
    many = draws(IDS, month=8)
    shuffled = IDS[::-1][::3]
    assert np.array_equal(draws(shuffled, month=8), many[shuffled])
    assert np.array_equal(draws(np.array([321]), month=8)[0], many[321])


# --- normals ------------------------------------------------------------------------------------------------------

NORMALS = normal(draws(np.arange(250_000), month=1))


def test_normals_have_the_moments_of_a_normal():
    """z-scores of the first four moments, each beyond its limit once in a million over all four."""
    n = NORMALS.size
    flat = NORMALS.ravel()
    scores = [
        flat.mean() * np.sqrt(n),
        (flat.var() - 1) / np.sqrt(2 / n),
        (flat**3).mean() / np.sqrt(15 / n),
        ((flat**4).mean() - 3) / np.sqrt(96 / n),
    ]
    assert np.max(np.abs(scores)) < stats.norm.isf(FALSE_ALARM / 2 / 4)


@pytest.mark.parametrize("threshold", [1.0, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("sign", [-1, 1], ids=["below", "above"])
def test_tails_hold_as_many_normals_as_they_should(threshold, sign):
    n, expected = NORMALS.size, stats.norm.sf(threshold)
    seen = int((sign * NORMALS > threshold).sum())
    assert stats.binomtest(seen, n, expected).pvalue > FALSE_ALARM / 8


def test_normals_follow_the_normal_curve():
    assert stats.kstest(NORMALS.ravel(), "norm").pvalue > FALSE_ALARM
