"""Synthetic households of a place, each made from its own address.

Where somebody lives follows from ids alone:

* subdistrict s has the region type that the mix gives to position (shift + s x golden ratio) mod 1, and that
  type's number of villages; the shift is random. The mix is thus met as closely as whole subdistricts allow, in
  every population size and every replicate;
* village v has a size from its own address, and a village welfare effect from (shift + v x silver ratio) mod 1:
  uniform for each village, and spread evenly over neighbours, so that few villages already represent the place;
* its signal, its custom and its access to health services are read off three more even sequences, so that the
  shares of a region type are met in expectation exactly, and closely by few villages;
* ids of subdistricts, villages and households are consecutive.

A larger population therefore only adds: the first n households are the same bit for bit, in the same
villages; only the last village and the last subdistrict are cut. Any subdistrict can be made alone (`synthetic_range`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel, loop, make_tile_view, wide_vectors
from empowersim.engine.inputs import FloatArray, Households, Population, StreamedPopulation, Villages
from empowersim.engine.traits import (
    Float64Array,
    Tables,
    children_of,
    consumption_of,
    enrolled_of,
    literacy_of,
    size_of,
    size_tilt,
    tables,
    trait_words,
    years_of,
)
from empowersim.errors import SimulationError
from empowersim.maths import ONE, ZERO, normal_quantile
from empowersim.maths import exp as exp32
from empowersim.parameters.places import DRAWN, TRAITS, Place
from empowersim.rng import STREAMS_A_GROUP, Kind, Stream, normal_from, uniform_from
from empowersim.schema import VILLAGE, VILLAGE_ROW, VILLAGE_ROWS

GOLDEN: Final = np.uint32(0x9E3779B9)
"""Golden ratio less 1, times 2**32: the most evenly spread sequence of multiples mod 1."""

SILVER: Final = np.uint32(0x6A09E667)
"""Square root of 2 less 1, times 2**32: a second even sequence, independent of the first."""

EVEN_STEPS: Final = {
    "signal": np.uint32(0xBB67AE85),
    "adat": np.uint32(0xA54FF53A),
    "health_access": np.uint32(0x510E527F),
}
"""Fractional parts of the square roots of 3, 7 and 11, times 2**32: steps of the sequences that traits are drawn by."""

_HOUSEHOLD: Final = np.uint32(Kind.HOUSEHOLD)
_VILLAGE: Final = np.uint32(Kind.VILLAGE)
_SUBDISTRICT: Final = np.uint32(Kind.SUBDISTRICT)
_RANK_GROUP: Final = np.uint32(Stream.WELFARE_RANK // STREAMS_A_GROUP)
_SIZE_GROUP: Final = np.uint32(Stream.SIZE // STREAMS_A_GROUP)
_SCHOOL_GROUP: Final = np.uint32(Stream.IN_SCHOOL // STREAMS_A_GROUP)
_HEAD_GROUP: Final = np.uint32(Stream.FEMALE_HEAD // STREAMS_A_GROUP)
_VILLAGE_GROUP: Final = np.uint32(Stream.VILLAGE_SIZE // STREAMS_A_GROUP)
_PACE_GROUP: Final = np.uint32(Stream.VILLAGE_PACE // STREAMS_A_GROUP)
_HALF: Final = np.float32(0.5)
_UNKNOWN: Final = np.float32(-1.0)
_RANK, _SCHOOLING, _LETTERS, _SCHOOL, _MEMBERS, _CHILDREN, _HEAD = range(7)
_TRAIT_ROWS: Final = 7
_view_traits = make_tile_view(_TRAIT_ROWS, np.float32)
_MIDDLE: Final = 0.5
"""The middle of three classes of signal and of custom."""


@dataclass(frozen=True)
class Layout:
    """Who lives where: ids of villages and households of each subdistrict from 0 on."""

    region: NDArray[np.int64]
    """Shape (subdistricts,): index into `Place.regions`."""
    first_village: NDArray[np.int64]
    """Shape (subdistricts + 1,): id of the first village of each subdistrict."""
    first_household: NDArray[np.int64]
    """Shape (villages + 1,): id of the first household of each village."""
    welfare: FloatArray
    """Shape (villages,): standard normal welfare effect of each village."""
    pace: FloatArray
    """Shape (villages,): factor on the pace of change."""
    ranks: Float64Array
    """Shape (len(DRAWN), villages): place (0-1) of each village in the distribution of each drawn trait."""

    @property
    def subdistricts(self) -> int:
        """Number of subdistricts."""
        return int(self.region.size)

    @property
    def households(self) -> int:
        """Number of households."""
        return int(self.first_household[-1])


@kernel
def _shifts(seed: Any, replicate: Any, out: Any) -> None:
    """Random shifts of the even sequences: region types, village effects, signal, custom, health services."""
    out[0] = trait_words(np.uint64(0), _SUBDISTRICT, _VILLAGE_GROUP, seed, replicate)[2]
    out[1] = trait_words(np.uint64(0), _VILLAGE, _VILLAGE_GROUP, seed, replicate)[1]
    drawn = trait_words(np.uint64(0), _VILLAGE, _PACE_GROUP, seed, replicate)
    for k in range(1, STREAMS_A_GROUP):
        out[1 + k] = drawn[k]


@kernel
def _make_sizes(region: Any, median: Any, log_sd: Any, seed: Any, replicate: Any, size: Any) -> None:
    """Households (at least 1) of villages 0 and on."""
    for i in range(region.size):
        word = trait_words(np.uint64(i), _VILLAGE, _VILLAGE_GROUP, seed, replicate)[0]
        drawn = median[region[i]] * exp32(log_sd[region[i]] * normal_from(word))
        size[i] = max(np.int64(drawn + _HALF), 1)


@kernel
def _make_paces(log_sd: Any, seed: Any, replicate: Any, factor: Any) -> None:
    """Factor on the pace of change of villages 0 and on; its median is 1."""
    for i in range(factor.size):
        word = trait_words(np.uint64(i), _VILLAGE, _PACE_GROUP, seed, replicate)[0]
        factor[i] = exp32(log_sd * normal_from(word))


@kernel
def _make_effects(words: Any, out: Any) -> None:
    """Standard normals from words."""
    for i in range(words.size):
        out[i] = normal_quantile(uniform_from(words[i]))


@loop
def _draw_traits(first: int, work: Any, seed: Any, replicate: Any) -> int:
    """Draw what the households of a tile, ids from `first` on, get once in a life; four of it become normals."""
    wide_vectors()
    rows = _view_traits(work, 0)
    for lane in range(LANES):
        who = np.uint64(first + lane)
        rank, _, _, _ = trait_words(who, _HOUSEHOLD, _RANK_GROUP, seed, replicate)
        members, children, years, letters = trait_words(who, _HOUSEHOLD, _SIZE_GROUP, seed, replicate)
        _, _, _, school = trait_words(who, _HOUSEHOLD, _SCHOOL_GROUP, seed, replicate)
        head, _, _, _ = trait_words(who, _HOUSEHOLD, _HEAD_GROUP, seed, replicate)
        rows[_RANK, lane] = uniform_from(rank)
        rows[_SCHOOLING, lane] = uniform_from(years)
        rows[_LETTERS, lane] = uniform_from(letters)
        rows[_SCHOOL, lane] = uniform_from(school)
        rows[_MEMBERS, lane] = uniform_from(members)
        rows[_CHILDREN, lane] = uniform_from(children)
        rows[_HEAD, lane] = uniform_from(head)
    for lane in range(LANES):
        rows[_RANK, lane] = normal_quantile(rows[_RANK, lane])
        rows[_SCHOOLING, lane] = normal_quantile(rows[_SCHOOLING, lane])
        rows[_LETTERS, lane] = normal_quantile(rows[_LETTERS, lane])
        rows[_SCHOOL, lane] = normal_quantile(rows[_SCHOOL, lane])
    return 0


@kernel
def _make_households(
    first: int,
    village_start: Any,
    village_region: Any,
    welfare: Any,
    t: Any,
    seed: Any,
    replicate: Any,
    work: Any,
    out: Any,
) -> None:
    """Fill `out`, one row a column of `_COLUMNS`, with the households `first` and on, village by village.

    `work` = working memory, shape (`_TRAIT_ROWS`, LANES).
    """
    v = 0
    for begin in range(0, out.shape[1], LANES):
        _draw_traits(first + begin, work, seed, replicate)
        for lane in range(min(LANES, out.shape[1] - begin)):
            i = begin + lane
            while i >= village_start[v + 1]:
                v += 1
            kind = village_region[v]
            z = t.village_share[0] * welfare[v] + t.village_share[1] * work[_RANK, lane]
            size = size_of(work[_MEMBERS, lane], t.size_level[kind], t.size_tilt[kind], z)
            children = children_of(work[_CHILDREN, lane], size, t.child[kind])
            schooling = t.schooling[0] * z + t.schooling[1] * work[_SCHOOLING, lane]
            out[0, i] = consumption_of(t.log_consumption[kind], z)
            out[1, i] = z
            out[2, i] = size
            out[3, i] = children
            out[4, i] = years_of(schooling, t.years, t.years_from[kind])
            out[5, i] = ONE if work[_HEAD, lane] < t.female_head[kind] else ZERO
            out[6, i] = literacy_of(
                schooling, work[_LETTERS, lane], t.literacy, t.literacy_level[kind], t.literacy_slope[kind]
            )
            out[7, i] = enrolled_of(z, work[_SCHOOL, lane], t.enrolment, t.enrolled_from[kind], children)


_COLUMNS: Final = (
    "consumption",
    "welfare_score",
    "size",
    "children",
    "schooling_years",
    "female_head",
    "literacy",
    "in_school",
)
"""Columns of `Households` in the order of the rows that `_make_households` fills."""


def layout(place: Place, *, households: int, seed: int, replicate: int) -> Layout:
    """Subdistricts, villages and ids of a population of `households` households; the last village is cut.

    Raises `SimulationError` unless there is at least one household and seed and replicate fit 32 bits.
    """
    check_request(households, seed, replicate)
    return _layout(place, households, seed, replicate)


def check_request(households: int, seed: int, replicate: int) -> None:
    """Raise `SimulationError` unless there is at least one household and seed and replicate fit 32 bits."""
    if households < 1:
        raise SimulationError(f"a population needs at least one household, found {households}")
    for name, value in (("seed", seed), ("replicate", replicate)):
        if not 0 <= value < 2**32:
            raise SimulationError(f"{name} must lie between 0 and 2**32 - 1, found {value}")


def region_weights(place: Place) -> NDArray[np.float64]:
    """Share of the *subdistricts* that each region type of the place gets, so that households meet the mix."""
    mean = [r.type.villages * r.type.village_households * exp(r.type.village_log_sd**2 / 2) for r in place.regions]
    weights = np.array([region.share for region in place.regions]) / np.array(mean)
    return np.asarray(weights / weights.sum())


def even_words(shift: Any, step: np.uint32, count: int) -> NDArray[np.uint32]:
    """Words ``shift + i x step`` (mod 2**32) for i = 0 to `count` - 1: an even random sequence."""
    numbers = np.arange(count, dtype=np.uint64)
    words = (np.uint64(shift) + numbers * np.uint64(step)) & np.uint64(0xFFFFFFFF)
    return words.astype(np.uint32)


def even_shifts(seed: int, replicate: int) -> NDArray[np.uint32]:
    """Random shifts of the even sequences: region types, village effects, and each trait of `DRAWN`."""
    shifts = np.empty(2 + len(DRAWN), np.uint32)
    _shifts(np.uint32(seed), np.uint32(replicate), shifts)
    return shifts


@lru_cache(maxsize=8)
def _layout(place: Place, households: int, seed: int, replicate: int) -> Layout:
    types = [region.type for region in place.regions]
    median = np.array([one.village_households for one in types], np.float32)
    log_sd = np.array([one.village_log_sd for one in types], np.float32)
    villages_in = np.array([one.villages for one in types], np.int64)
    bounds = np.cumsum(region_weights(place))
    shifts = even_shifts(seed, replicate)

    guess = households / float(villages_in @ (median * region_weights(place)))
    count = int(guess * 1.25) + 4
    while True:
        words = even_words(shifts[0], GOLDEN, count)
        region = np.searchsorted(bounds[:-1], words / 2.0**32, side="right").astype(np.int64)
        village_region = np.repeat(region, villages_in[region])
        size = np.empty(village_region.size, np.int64)
        _make_sizes(village_region, median, log_sd, np.uint32(seed), np.uint32(replicate), size)
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(size)])
        if start[-1] >= households:
            break
        count *= 2
    first_village = np.concatenate([np.zeros(1, np.int64), np.cumsum(villages_in[region])])
    villages = int(np.searchsorted(start, households, side="left"))
    subdistricts = int(np.searchsorted(first_village, villages, side="left"))
    start = start[: villages + 1].copy()
    start[-1] = households
    first_village = first_village[: subdistricts + 1].copy()
    first_village[-1] = villages
    welfare = np.empty(villages, np.float32)
    _make_effects(even_words(shifts[1], SILVER, villages), welfare)
    pace = village_pace(place, villages, seed, replicate)
    ranks = village_ranks(villages, seed, replicate)
    found = Layout(region[:subdistricts].copy(), first_village, start, welfare, pace, ranks)
    for array in (found.region, found.first_village, found.first_household, found.welfare, found.pace, found.ranks):
        array.flags.writeable = False
    return found


def synthetic(place: Place, *, households: int, seed: int, replicate: int, parameters: Any = None) -> Population:
    """Return `households` synthetic households of a place, with ids 0 and on.

    The same seed and replicate give the same households; more households only add. `parameters` is taken so that all
    makers of populations are called alike: no rule here depends on it. Raises `SimulationError` for an impossible
    number, `ParameterError` where figures of the place contradict each other.
    """
    whole = layout(place, households=households, seed=seed, replicate=replicate)
    return replace(_build(place, whole, 0, whole.subdistricts, seed, replicate), notes=notes(place, whole))


def synthetic_streamed(place: Place, *, households: int, seed: int, replicate: int) -> StreamedPopulation:
    """Return the same households as `synthetic`, made subdistrict by subdistrict when they are needed."""
    whole = layout(place, households=households, seed=seed, replicate=replicate)
    lived = np.diff(whole.first_household[whole.first_village])
    line = np.array([one.poverty_line for one in place.regions], np.float32).astype(np.float64)[whole.region]
    return StreamedPopulation(
        households=lived,
        region=np.array([one.index for one in place.regions], np.int32)[whole.region],
        subdistrict_id=np.arange(whole.subdistricts, dtype=np.int64),
        mean_line=np.float32(float(lived @ line) / whole.households),
        represents=place.households,
        make=lambda first, last: _build(place, whole, first, last, seed, replicate),
        notes=notes(place, whole),
    )


def synthetic_range(
    place: Place, *, first_subdistrict: int, subdistricts: int, households: int, seed: int, replicate: int
) -> Population:
    """Return `subdistricts` subdistricts from `first_subdistrict` on, of a population of `households` households.

    They are the same, bit for bit, as in the whole population, without making the others; `represents` is their
    part of the place. Raises `SimulationError` if the population has no such subdistricts.
    """
    whole = layout(place, households=households, seed=seed, replicate=replicate)
    if first_subdistrict < 0 or subdistricts < 1 or first_subdistrict + subdistricts > whole.subdistricts:
        raise SimulationError(
            f"subdistricts {first_subdistrict} to {first_subdistrict + subdistricts - 1} do not exist: "
            f"{households} households of {place.name} live in subdistricts 0 to {whole.subdistricts - 1}"
        )
    made = _build(place, whole, first_subdistrict, first_subdistrict + subdistricts, seed, replicate)
    return replace(made, notes=notes(place, whole))


def _build(place: Place, whole: Layout, first: int, last: int, seed: int, replicate: int) -> Population:
    """Make the subdistricts `first` to `last` - 1 of a layout."""
    t: Tables = tables(place)
    low, high = int(whole.first_village[first]), int(whole.first_village[last])
    start = whole.first_household[low : high + 1]
    begin, end = int(start[0]), int(start[-1])
    per_subdistrict = np.diff(whole.first_village[first : last + 1])
    subdistrict = np.repeat(np.arange(last - first), per_subdistrict)
    region = np.repeat(whole.region[first:last], per_subdistrict)
    out = np.empty((len(_COLUMNS), end - begin), np.float32)
    work = np.zeros((_TRAIT_ROWS, LANES), np.float32)
    _make_households(
        begin, start - begin, region, whole.welfare[low:high], t, np.uint32(seed), np.uint32(replicate), work, out
    )
    columns = dict(zip(_COLUMNS, out, strict=True))
    columns["illness"] = np.full(end - begin, _UNKNOWN, np.float32)
    return Population(
        households=Households(
            household_id=np.arange(begin, end, dtype=np.int64),
            village=np.repeat(np.arange(high - low, dtype=np.int32), np.diff(start)),
            **columns,
        ),
        villages=Villages(
            village_id=np.arange(low, high, dtype=np.int64),
            subdistrict=subdistrict.astype(np.int32),
            region=np.array([one.index for one in place.regions], np.int32)[region],
            context=village_context(place, region, whole.pace[low:high], whole.ranks[:, low:high]),
        ),
        subdistrict_id=np.arange(first, last, dtype=np.int64),
        represents=place.households * (end - begin) / whole.households,
    )


def village_context(place: Place, region: NDArray[np.int64], pace: FloatArray, ranks: Float64Array) -> FloatArray:
    """Context of villages: shape (len(schema.VILLAGE), villages); states start at 0.

    `region` is the index into `Place.regions`, `pace` the village's own factor on the pace of its region type,
    `ranks` its places (0-1) in the distributions of the traits of `DRAWN`.
    """
    context = np.zeros((VILLAGE_ROWS, region.size), np.float32)
    for name in TRAITS:
        values = np.array([one.type.trait(name) for one in place.regions], np.float32)
        context[VILLAGE_ROW[name]] = values[region]
    context[VILLAGE_ROW["regular_work"]] = 1.0
    context[VILLAGE_ROW["line"]] = np.array([one.poverty_line for one in place.regions], np.float32)[region]
    row, upper = VILLAGE_ROW["pace"], next(one.upper for one in VILLAGE if one.name == "pace")
    context[row] = np.clip(context[row] * pace, place.relations.pace_floor, upper)
    for trait, rank in zip(DRAWN, ranks, strict=True):
        first, second = np.array([one.type.drawn_by(trait) for one in place.regions])[region].T
        context[VILLAGE_ROW[trait]] = _DRAW[trait](rank, first, second)
    return context


def _signal(rank: Any, none: Any, weak: Any) -> Any:
    """Signal (0 none, 0.5 weak, 1 strong) at a rank, from the shares of villages with none and with a weak one."""
    return np.where(rank < none, 0.0, np.where(rank < none + weak, _MIDDLE, 1.0))


def _adat(rank: Any, strong: Any, mixing: Any) -> Any:
    """Custom (1 strongly traditional, 0.5 mixing, 0 integrated) at a rank, from the shares of the first two."""
    return np.where(rank < strong, 1.0, np.where(rank < strong + mixing, _MIDDLE, 0.0))


def _health_access(rank: Any, mean: Any, spread: Any) -> Any:
    """Access to health services at a rank: uniform around the mean."""
    return np.clip(mean + spread * (2.0 * rank - 1.0), 0.0, 1.0)


_DRAW: Final = {"signal": _signal, "adat": _adat, "health_access": _health_access}


def village_ranks(count: int, seed: int, replicate: int) -> Float64Array:
    """Places (0-1) of villages 0 to `count` - 1 in the distribution of each trait of `DRAWN`, evenly spread."""
    shifts = even_shifts(seed, replicate)[2:]
    return np.stack([even_words(shifts[k], EVEN_STEPS[trait], count) / 2.0**32 for k, trait in enumerate(DRAWN)])


def village_pace(place: Place, count: int, seed: int, replicate: int) -> FloatArray:
    """Factors on the pace of change of villages 0 to `count` - 1: lognormal around 1."""
    factor = np.empty(count, np.float32)
    _make_paces(np.float32(place.relations.pace_log_sd), np.uint32(seed), np.uint32(replicate), factor)
    return factor


def notes(place: Place, whole: Layout) -> tuple[str, ...]:
    """What a reader of the results should know of a synthetic population, in plain sentences."""
    said = [
        f"The {whole.households:,} households are synthetic: made from published figures of {place.title_en} "
        f"({place.price_year}), standing for {place.households:,.0f} households; no real household is among them.",
        "Consumption a person follows a lognormal body with a Pareto tail, shifted so that the share of persons below "
        "the poverty line is the published one; "
        f"{place.relations.village_variance_share:.0%} of the variance of the welfare rank lies between villages "
        "(assumed).",
    ]
    for region in place.regions:
        poor = region.poverty_rate * region.household_size / region.household_size_poor
        said.append(
            f"{region.name}: {region.poverty_rate:.2%} of persons below Rp {region.poverty_line:,.0f} a person and "
            f"month; {region.household_size:g} persons a household and {region.household_size_poor:g} a poor one, so "
            f"{poor:.2%} of households are poor (mean size falls by {size_tilt(region):.0%} a standard deviation of "
            "welfare)."
        )
    if len(place.regions) > 1:
        lived = np.bincount(
            whole.region, np.diff(whole.first_household[whole.first_village]), minlength=len(place.regions)
        )
        parts = [
            f"{region.name} {count / whole.households:.1%} (of {region.share:.1%} in the place)"
            for region, count in zip(place.regions, lived, strict=True)
        ]
        said.append(
            f"Households by region type in these {whole.subdistricts} subdistricts: {', '.join(parts)}; "
            "the more subdistricts, the closer."
        )
    said.append(
        "Schooling, functional literacy and enrolment are tied to welfare by assumed correlations; whether somebody is "
        "ill is unknown at the start and drawn by the model."
    )
    return tuple(said)
