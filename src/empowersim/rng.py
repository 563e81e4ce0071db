"""Randomness is an address: a draw is a pure function of (seed, replicate, who, month, stream).

Generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2,
3", SC'11), a published counter-based generator; its known answers are checked in the tests. There
is no state: the same address always gives the same number, whatever else was drawn, in whatever
order, on whatever thread.

The address of a draw::

    key     = (seed, replicate)                     two 32-bit words
    counter = (who: low 32 bits,
               kind of actor in 8 bits | who: high 24 bits,
               month (two's complement; `TRAITS` for what is drawn once),
               group of four streams, or a programme's number)

One evaluation gives four words: the four streams of a group. Streams are numbered constants
and are never renumbered; a retired number is not used again.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import add32, loop, low_word, rule, to_float32
from empowersim.maths import HALF, normal_quantile

_M0: Final = np.uint64(0xD2511F53)
_M1: Final = np.uint64(0xCD9E8D57)
_WORD: Final = np.uint64(0xFFFFFFFF)
_HALFWAY: Final = np.uint64(32)
_W0: Final = np.uint32(0x9E3779B9)
_W1: Final = np.uint32(0xBB67AE85)
_ROUNDS: Final = 10
_UNIT: Final = np.float32(2.0**-23)
_DROP_BITS: Final = np.uint32(9)
_KIND_SHIFT: Final = 24
_UPPER: Final = np.uint32(5)
_LOWER: Final = np.uint32(6)
_SHIFT: Final = 2.0**26
_FINE_UNIT: Final = 2.0**-53
"""A float64 uniform takes 27 bits of one word and 26 of the next."""

TRAITS: Final = -(2**31)
"""The "month" of what is drawn once in a life: traits and starting values."""

STREAMS_A_GROUP: Final = 4

EXTENSIONS: Final = 1024
"""First stream that belongs to extensions (`engine.extension`); no stream of the model lies here or beyond."""


class Kind(IntEnum):
    """Who draws. Part of the address, so that household 7 and village 7 share nothing."""

    HOUSEHOLD = 0
    VILLAGE = 1
    SUBDISTRICT = 2
    MENTOR = 3
    PROGRAMME = 4
    SURVEY = 5
    # analyses, which are no actors of the model
    ENSEMBLE = 240
    SEARCH = 243
    DECISION = 246


class Stream(IntEnum):
    """Numbered streams; stream s is word s % 4 of group s // 4. Never renumber."""

    # every month, of a household
    CAPACITY = 0
    TRANSITORY = 1
    ASSETS = 2
    ILLNESS = 3
    JOB = 4
    ATTENDANCE = 5
    DROP_OUT = 6
    ASSET_DEATH = 7
    SCHOOLING = 8
    ASSET_QUALITY = 9
    BENEFIT = 10
    THEFT = 11
    # in a month with a survey, of a household
    SURVEY_CONSUMPTION = 32
    SURVEY_FOOD = 33
    SURVEY_ASSETS = 34
    SURVEY_DURABLES = 35
    SURVEY_SAVINGS = 36
    SURVEY_HOURS = 37
    SURVEY_SALES = 38
    SURVEY_WAGES = 39
    SURVEY_WELL_BEING = 40
    SURVEY_HEALTH = 41
    SURVEY_VOICE = 42
    SURVEY_EMPOWERMENT = 43
    SURVEY_LITERACY = 44
    SURVEY_LEARNING = 45
    SURVEY_ATTRITION = 46
    SURVEY_TRANSITORY = 47
    SURVEY_BIRTH = 48
    # once, of a household (month TRAITS)
    WELFARE_RANK = 64
    START_CAPACITY = 65
    OWN_ASSETS = 66
    START_ASSETS = 67
    SIZE = 68
    CHILDREN = 69
    SCHOOLING_YEARS = 70
    LITERACY = 71
    START_SAVINGS = 72
    START_JOB = 73
    START_ILLNESS = 74
    IN_SCHOOL = 75
    FEMALE_HEAD = 76
    HEAD_AGE = 77
    TRADE_APTITUDE = 78
    IMPUTATION = 79
    REGISTER_ERROR = 80
    AGENCY = 81
    STUDY_RANKING = 84
    STUDY_ASSIGNMENT = 85
    STUDY_REACH = 86
    STUDY_LOT = 87
    # every month, of a village
    VILLAGE_SHOCK = 128
    VILLAGE_SHOCK_SIZE = 129
    # once, of a village or subdistrict (month TRAITS)
    VILLAGE_SIZE = 160
    VILLAGE_LEVEL = 161
    REGION = 162
    PLACE_ROUNDING = 163
    VILLAGE_PACE = 164
    VILLAGE_SIGNAL = 165
    VILLAGE_ADAT = 166
    VILLAGE_HEALTH = 167
    STUDY_VILLAGE = 168
    # every month, of a mentor
    TURNOVER = 224
    ACCESS = 225
    # of a household towards a programme (kind PROGRAMME, group = programme number)
    TAKE_UP = 192
    LOTTERY = 193


@rule
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox4x32-10: four uint32 words from four counter and two key words (all uint32).

    Words travel in 64 bits whose upper half does not count: one multiplication then gives both halves of a product,
    and nothing has to be moved between lanes.
    """
    w0, w1, w2, w3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    for _ in range(_ROUNDS):
        product0 = _M0 * (w0 & _WORD)
        product1 = _M1 * (w2 & _WORD)
        w0, w1 = (product1 >> _HALFWAY) ^ w1 ^ np.uint64(k0), product1
        w2, w3 = (product0 >> _HALFWAY) ^ w3 ^ np.uint64(k1), product0
        k0, k1 = add32(k0, _W0), add32(k1, _W1)
    return low_word(w0), low_word(w1), low_word(w2), low_word(w3)


@rule
def uniform_from(word: Any) -> float:
    """Float32 uniform strictly inside (0, 1) from the upper 23 bits of a word.

    With one bit more, the half added to the largest word would be rounded up and give exactly 1.
    """
    return (to_float32(np.int32(word >> _DROP_BITS)) + HALF) * _UNIT


@loop
def _fill(kind: Any, purpose: Any, seed: Any, first: Any, out: Any) -> None:
    for member in range(out.shape[0]):
        for column in range(out.shape[1]):
            high, low, _, _ = philox(
                np.uint32(member), kind, np.uint32(purpose), np.uint32(first + column), np.uint32(seed), np.uint32(0)
            )
            out[member, column] = (np.float64(high >> _UPPER) * _SHIFT + np.float64(low >> _LOWER) + 0.5) * _FINE_UNIT


def uniforms(members: int, columns: int, *, kind: Kind, purpose: int, seed: int, first: int = 0) -> NDArray[np.float64]:
    """Return float64 uniforms strictly inside (0, 1) for an analysis, shape (members, columns), from `first` on.

    A number is a function of (seed, kind, purpose, member, column); it does not depend on how many others are drawn.
    `seed` and `purpose` are whole numbers from 0 to 2^32 - 1; `kind` is one of the kinds of analyses.
    """
    out = np.empty((members, columns))
    _fill(np.uint32(kind << _KIND_SHIFT), purpose, seed, first, out)
    return out


@rule
def normal_from(word: Any) -> float:
    """Standard normal from a word, by inverse CDF (at most 5.3 in absolute value)."""
    return normal_quantile(uniform_from(word))
