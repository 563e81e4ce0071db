"""How the traits of a household hang together: figures of a place turned into tables, and the rules that read them.

The welfare score z of a household is standard normal within its region type. From it follow

* consumption: the person who stands at the same place among all *persons* has score z + b, because poor
  households are larger; consumption is that quantile of a lognormal body with a Pareto tail;
* size: 1 + Poisson(m(z) - 1) with m(z) = M exp(-b z - b^2/2). The tilt b is the one number for which the mean
  size is M and the poor have the published mean size. As m is an exponential tilt, the person-weighted score is
  exactly normal with mean -b, so headcount, gap and Gini of persons are those of the body with its tail;
* schooling, literacy and enrolment: normal scores correlated with z (a Gaussian copula), cut at thresholds that
  meet the published shares.

All tables are solved once per place, in float64, from the figures alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import erfc, exp, log, sqrt
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import rule, to_float32
from empowersim.errors import ParameterError
from empowersim.maths import ONE, ZERO, clip, flag, logistic
from empowersim.maths import exp as exp32
from empowersim.parameters.places import DRAWN, SPREAD, Place, PlaceRegion, Relations
from empowersim.rng import TRAITS, philox
from empowersim.schema import column

FloatArray = NDArray[np.float32]
Float64Array = NDArray[np.float64]

_SIDE: Final = 6
_STEPS: Final = 64
_POINTS: Final = 2 * _SIDE * _STEPS + 1
_LOW: Final = np.float32(-_SIDE)
_SCALE: Final = np.float32(_STEPS)
_LAST: Final = np.float32(_POINTS - 1)

_GRID: Final = np.linspace(-8.0, 8.0, 4097)
"""Welfare scores over which expectations are taken."""

_ROUNDING: Final = 1e-9

MOST_MEMBERS: Final = int(column("size").upper)
MOST_CHILDREN: Final = int(column("children").upper)

_NORMAL: Final = NormalDist()
_ONCE: Final = np.uint32(TRAITS & 0xFFFFFFFF)
_KIND_BITS: Final = np.uint64(24)
_HIGH_BITS: Final = np.uint64(32)
_HIGH_MASK: Final = np.uint64(0xFFFFFF)
_LOW_MASK: Final = np.uint64(0xFFFFFFFF)


class Tables(NamedTuple):
    """Figures of a place as the rules read them; R region types of the place, in its order."""

    log_consumption: FloatArray
    """Shape (R, points): log of consumption over the poverty line, by welfare score."""
    size_level: FloatArray
    """Shape (R,): log of the mean household size at welfare score 0."""
    size_tilt: FloatArray
    """Shape (R,): fall of log mean size per unit of welfare score."""
    child: FloatArray
    """Shape (R,): probability that a member other than the first is of school age."""
    years: FloatArray
    """Shape (K,): possible years of schooling, ascending."""
    years_from: FloatArray
    """Shape (R, K): schooling score from which the best-educated adult has those years."""
    years_score: FloatArray
    """Shape (R, K): mean schooling score of the households with those years."""
    literacy_level: FloatArray
    """Shape (R,): logit of functional literacy at literacy score 0."""
    literacy_slope: FloatArray
    """Shape (R,): logit per unit of literacy score."""
    enrolled_from: FloatArray
    """Shape (R,): enrolment score from which the children are enrolled."""
    female_head: FloatArray
    """Shape (R,): probability."""
    village_share: FloatArray
    """Shape (2,): loadings of the welfare score on the village and on the household."""
    schooling: FloatArray
    """Shape (2,): loadings of the schooling score on welfare and on the household's own draw."""
    literacy: FloatArray
    """Shape (2,): loadings of the literacy score on the schooling score and on the own draw."""
    enrolment: FloatArray
    """Shape (2,): loadings of the enrolment score on welfare and on the own draw."""


def normal_cdf(values: Any) -> Float64Array:
    """Standard normal distribution function of each value."""
    flat = np.atleast_1d(np.asarray(values, np.float64))
    return np.array([erfc(-value / sqrt(2.0)) / 2.0 for value in flat])


def size_tilt(region: PlaceRegion) -> float:
    """Fall of log mean household size per unit of welfare score.

    Solves: share of households that are poor = poverty rate of persons x mean size / mean size of the poor.
    """
    households = region.poverty_rate * region.household_size / region.household_size_poor
    return _NORMAL.inv_cdf(region.poverty_rate) - _NORMAL.inv_cdf(households)


def body_mu(region: PlaceRegion) -> float:
    """Mean of log consumption (IDR a person and month) in the body: the shift that meets the poverty rate."""
    return log(region.poverty_line) - region.body_sigma * _NORMAL.inv_cdf(region.poverty_rate)


def log_ratio(region: PlaceRegion, relations: Relations, person_score: Float64Array) -> Float64Array:
    """Log of consumption over the poverty line at a normal score among persons."""
    start = _NORMAL.inv_cdf(region.tail_quantile)
    score = np.minimum(person_score, _NORMAL.inv_cdf(relations.top_rank))
    poor = _NORMAL.inv_cdf(region.poverty_rate)
    body = region.body_sigma * (np.minimum(score, start) - poor)
    above = np.minimum(normal_cdf(-score), 1.0 - region.tail_quantile)
    tail: Float64Array = (log(1.0 - region.tail_quantile) - np.log(above)) / region.tail_alpha
    return body + tail


@lru_cache(maxsize=64)
def tables(place: Place) -> Tables:
    """Solve the tables of a place.

    Raises `ParameterError` where figures contradict each other, as a mean size of the poor that makes rich
    households smaller than one person, or more illiterate households than poor ones with low literacy allow.
    """
    relations = place.relations
    ranks = np.linspace(-float(_SIDE), float(_SIDE), _POINTS)
    rows = [_region_row(place, region, ranks) for region in place.regions]
    years = rows[0]["years"]
    single = {
        name: np.array([row[name] for row in rows], np.float32)
        for name in (
            "log_consumption",
            "size_level",
            "size_tilt",
            "child",
            "years_from",
            "years_score",
            "literacy_level",
            "literacy_slope",
            "enrolled_from",
            "female_head",
        )
    }
    return Tables(
        years=np.array(years, np.float32),
        village_share=_loadings(sqrt(relations.village_variance_share)),
        schooling=_loadings(relations.welfare_schooling),
        literacy=_loadings(relations.schooling_literacy),
        enrolment=_loadings(relations.welfare_enrolment),
        **single,
    )


def _loadings(correlation: float) -> FloatArray:
    """Weights of a shared and an own standard normal whose sum is standard normal."""
    return np.array([correlation, sqrt(1.0 - correlation * correlation)], np.float32)


def _region_row(place: Place, region: PlaceRegion, ranks: Float64Array) -> dict[str, Any]:
    """Solve one region type of a place."""
    relations, where = place.relations, f"{place.name}, {region.name}"
    for first, second in (DRAWN["signal"], DRAWN["adat"]):
        one, other = (region.type.spread[SPREAD.index(figure)] for figure in (first, second))
        if one + other > 1.0 + _ROUNDING:
            raise ParameterError(f"{where}: {first} {one:g} and {second} {other:g} sum to more than 1")
    if not region.poverty_rate < region.tail_quantile:
        raise ParameterError(f"{where}: poverty_rate must lie below tail_quantile, where the Pareto tail begins")
    tilt = size_tilt(region)
    level = log(region.household_size) - tilt * tilt / 2.0
    density = np.exp(-_GRID * _GRID / 2.0)
    density /= density.sum()
    size = np.exp(level - tilt * _GRID)
    if np.exp(level - tilt * _SIDE) < 1.0:
        raise ParameterError(
            f"{where}: household_size {region.household_size:g} and household_size_poor "
            f"{region.household_size_poor:g} differ too much: the richest households would have less than one member"
        )
    child = region.school_age_share * region.household_size / (region.household_size - 1.0)
    if child >= 1.0:
        raise ParameterError(f"{where}: school_age_share leaves no adult in a household")

    values, cuts, scores = _schooling(region, relations)
    literacy_level, literacy_slope = _literacy(where, region, relations, tilt)

    # children of school age live where households are large: the target is a share of children
    children = density * (size - 1.0)
    children /= children.sum()
    r = relations.welfare_enrolment
    own = sqrt(1.0 - r * r)

    def out_of_school(cut: float) -> float:
        return float(children @ normal_cdf((cut - r * _GRID) / own)) - region.out_of_school

    return {
        "log_consumption": log_ratio(region, relations, ranks + tilt),
        "size_level": level,
        "size_tilt": tilt,
        "child": child,
        "years": values,
        "years_from": cuts,
        "years_score": scores,
        "literacy_level": literacy_level,
        "literacy_slope": literacy_slope,
        "enrolled_from": _root(out_of_school),
        "female_head": region.female_head,
    }


def _schooling(region: PlaceRegion, relations: Relations) -> tuple[list[float], list[float], list[float]]:
    """Years of schooling of the best-educated adult: values, scores from which they hold, mean scores.

    The national shares of certificates are shifted along a normal score until adults have the place's mean
    years; the best of `adults` independent adults then stays below a value with probability share^adults.
    """
    values: list[float] = []
    shares: list[float] = []
    levels = zip(relations.education_shares, relations.education_years_low, relations.education_years_high, strict=True)
    for share, low, high in levels:
        years = np.arange(low, high + 1.0)
        values.extend(years.tolist())
        shares.extend([share / len(years)] * len(years))
    below = np.cumsum([0.0, *shares])[:-1]
    base = np.array([-np.inf, *(_NORMAL.inv_cdf(float(share)) for share in below[1:])])

    def mean_years(shift: float) -> float:
        cdf = np.append(normal_cdf(base - shift), 1.0)
        return float(np.diff(cdf) @ np.array(values)) - region.schooling_mean

    cdf = normal_cdf(base - _root(mean_years)) ** relations.adults
    cuts = [-float("inf"), *(_NORMAL.inv_cdf(float(share)) for share in cdf[1:])]
    edges = np.array([*cuts, float("inf")])
    mass = np.diff(np.append(cdf, 1.0))
    heights = np.exp(-edges * edges / 2.0) / sqrt(2.0 * np.pi)
    return values, cuts, ((heights[:-1] - heights[1:]) / mass).tolist()


def _literacy(where: str, region: PlaceRegion, relations: Relations, tilt: float) -> tuple[float, float]:
    """Level and slope of the logit of functional literacy in the literacy score.

    Two targets: a household has an illiterate adult if one of `adults` is illiterate, and
    `low_literacy_poor` of the poor households stand below the low mark.
    """
    illiterate = _NORMAL.inv_cdf(1.0 - (1.0 - region.illiteracy) ** relations.adults)
    r = relations.schooling_literacy * relations.welfare_schooling
    own = sqrt(1.0 - r * r)
    poor = _NORMAL.inv_cdf(region.poverty_rate) - tilt
    grid = np.linspace(-8.0, poor, 2049)
    density = np.exp(-grid * grid / 2.0)
    density[[0, -1]] /= 2.0
    density /= density.sum()

    def low_among_poor(cut: float) -> float:
        return float(density @ normal_cdf((cut - r * grid) / own)) - region.low_literacy_poor

    low = _root(low_among_poor)
    if low <= illiterate:
        raise ParameterError(
            f"{where}: illiteracy {region.illiteracy:g} and low_literacy_poor {region.low_literacy_poor:g} contradict "
            "each other: more households are illiterate than have a low literacy; raise low_literacy_poor"
        )
    mark = _logit(relations.low_literacy_mark)
    slope = (mark - _logit(relations.illiterate_mark)) / (low - illiterate)
    return mark - slope * low, slope


def _logit(share: float) -> float:
    return log(share / (1.0 - share))


def _root(function: Callable[[float], float]) -> float:
    """Root of a monotone function between -8 and 8, by bisection."""
    low, high = -8.0, 8.0
    rising = function(high) > function(low)
    for _ in range(60):
        middle = (low + high) / 2.0
        if (function(middle) > 0.0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2.0


def mean_size(region: PlaceRegion, welfare_score: float) -> float:
    """Mean household size at a welfare score, persons."""
    tilt = size_tilt(region)
    return region.household_size * exp(-tilt * welfare_score - tilt * tilt / 2.0)


@rule
def trait_words(who: Any, kind: Any, group: Any, seed: Any, replicate: Any) -> Any:
    """Four random words drawn once in a life, of actor `who` (uint64) of a kind."""
    wide = np.uint64(who)
    high = (np.uint64(kind) << _KIND_BITS) | ((wide >> _HIGH_BITS) & _HIGH_MASK)
    return philox(np.uint32(wide & _LOW_MASK), np.uint32(high), _ONCE, np.uint32(group), seed, replicate)


@rule
def consumption_of(row: Any, welfare_score: float) -> float:
    """Consumption over the poverty line at a welfare score, from a row of `Tables.log_consumption`."""
    place = clip((welfare_score - _LOW) * _SCALE, ZERO, _LAST)
    index = min(int(place), _POINTS - 2)
    weight = place - np.float32(index)
    return exp32(row[index] * (ONE - weight) + row[index + 1] * weight)


@rule
def size_of(uniform: float, level: float, tilt: float, welfare_score: float) -> float:
    """Members of a household: 1 + Poisson with mean exp(level - tilt x score) - 1, by inversion."""
    mean = max(exp32(level - tilt * welfare_score) - ONE, ZERO)
    term = exp32(-mean)
    total = term
    others = 0
    while uniform > total and others < MOST_MEMBERS - 1:
        others += 1
        term = term * mean / np.float32(others)
        total += term
    return to_float32(np.int32(others + 1))


@rule
def children_of(uniform: float, size: float, share: float) -> float:
    """Members of school age: binomial among the members other than the first, by inversion."""
    others = int(size) - 1
    term = ONE
    for _ in range(others):
        term = term * (ONE - share)
    odds = share / (ONE - share)
    total = term
    count = 0
    while uniform > total and count < min(others, MOST_CHILDREN):
        term = term * odds * np.float32(others - count) / np.float32(count + 1)
        total += term
        count += 1
    return to_float32(np.int32(count))


@rule
def years_of(schooling_score: float, years: Any, years_from: Any) -> float:
    """Years of schooling of the best-educated adult, from the household's schooling score."""
    found = years[0]
    for k in range(1, years.size):
        if schooling_score >= years_from[k]:
            found = years[k]
    return found


@rule
def schooling_score_of(years_known: float, years: Any, years_score: Any) -> float:
    """Schooling score expected of known years: linear between the mean scores of the possible years."""
    if years_known <= years[0]:
        return years_score[0]
    for k in range(1, years.size):
        if years_known <= years[k]:
            weight = (years_known - years[k - 1]) / (years[k] - years[k - 1])
            return years_score[k - 1] + weight * (years_score[k] - years_score[k - 1])
    return years_score[years.size - 1]


@rule
def literacy_of(schooling_score: float, own: float, loadings: Any, level: float, slope: float) -> float:
    """Functional literacy (0 to 1) of the least literate working adult; `own` is a standard normal."""
    return logistic(level + slope * (loadings[0] * schooling_score + loadings[1] * own))


@rule
def enrolled_of(welfare_score: float, own: float, loadings: Any, enrolled_from: float, children: float) -> float:
    """1.0 if the children of school age are enrolled (also where there are none), else 0.0."""
    score = loadings[0] * welfare_score + loadings[1] * own
    return flag(score >= enrolled_from or children < ONE)
