"""Households of a survey as a population: each once, or drawn by weight to any number.

With a number of households asked for, villages are rebuilt from survey clusters:

* a simulated village v is one cluster of the survey, chosen at (shift + v x silver ratio) mod 1 among the clusters of
  its region type with probability in proportion to the mean weight of the cluster's households;
* it has as many households as the cluster has in the survey, each drawn from that cluster alone, with replacement,
  with probability in proportion to weight, at the household's own address.

Clusters, not single households, are drawn because neighbours live in one village: what they share (roads, shocks,
what they learn from each other) must stay shared. Households within the cluster are drawn anew, not copied as a whole,
so that weights hold inside a cluster too and no two simulated villages are twins. Each survey household is
expected in proportion to its weight, and a larger sample only adds.

What the survey does not know is imputed household by household, by the relations of a named place (`engine.traits`),
and said in `Population.notes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import kernel
from empowersim.engine.inputs import FloatArray, Households, Population, Villages
from empowersim.engine.synthetic import (
    GOLDEN,
    SILVER,
    check_request,
    even_shifts,
    even_words,
    village_context,
    village_pace,
    village_ranks,
)
from empowersim.engine.traits import (
    Float64Array,
    Tables,
    children_of,
    enrolled_of,
    literacy_of,
    schooling_score_of,
    tables,
    trait_words,
    years_of,
)
from empowersim.errors import PopulationError, Problem
from empowersim.maths import ONE, ZERO, normal_quantile
from empowersim.parameters.places import Place
from empowersim.rng import STREAMS_A_GROUP, Kind, Stream, normal_from, uniform_from
from empowersim.schema import REGION_TYPES, column

KNOWN: Final = ("children", "schooling_years", "female_head", "literacy", "in_school")
"""Columns that are imputed where the survey lacks them, in the order of the rows of the kernel's arrays."""

OPTIONAL: Final = (*KNOWN, "illness", "weight", "region", "subdistrict")
REQUIRED: Final = ("village", "consumption", "size")

_HOUSEHOLD: Final = np.uint32(Kind.HOUSEHOLD)
_SURVEY: Final = np.uint32(Kind.SURVEY)
_SIZE_GROUP: Final = np.uint32(Stream.SIZE // STREAMS_A_GROUP)
_SCHOOL_GROUP: Final = np.uint32(Stream.IN_SCHOOL // STREAMS_A_GROUP)
_HEAD_GROUP: Final = np.uint32(Stream.FEMALE_HEAD // STREAMS_A_GROUP)
_ROW_GROUP: Final = np.uint32(Stream.IMPUTATION // STREAMS_A_GROUP)
_UNKNOWN: Final = np.float32(-1.0)


@dataclass(frozen=True)
class _Survey:
    """The survey in the order of its clusters; n households, c clusters."""

    region: NDArray[np.int64]
    """Shape (n,): index into `Place.regions`."""
    cluster_start: NDArray[np.int64]
    """Shape (c + 1,): first household of each cluster."""
    cluster_subdistrict: NDArray[np.int64]
    """Shape (c,): code of the survey's own subdistrict, or -1."""
    weight: Float64Array
    consumption: Float64Array
    """Consumption of a person over the poverty line."""
    score: FloatArray
    size: FloatArray
    known: FloatArray
    """Shape (len(KNOWN), n); NaN where unknown."""
    illness: FloatArray

    @property
    def cluster_region(self) -> NDArray[np.int64]:
        """Region type of each cluster, index into `Place.regions`."""
        return self.region[self.cluster_start[:-1]]

    @property
    def cluster_size(self) -> NDArray[np.int64]:
        """Households of each cluster."""
        return np.diff(self.cluster_start)


@kernel
def _normal_scores(ranks: Any, out: Any) -> None:
    """Standard normal quantile of each rank (0 to 1)."""
    for i in range(ranks.size):
        out[i] = normal_quantile(np.float32(ranks[i]))


@kernel
def _draw_rows(
    village_start: Any, village_cluster: Any, cluster_start: Any, cumulative: Any, seed: Any, replicate: Any, row: Any
) -> None:
    """Survey row of each simulated household: by weight within the cluster of its village.

    `cumulative` is the running sum of weights, of length n + 1.
    """
    for v in range(village_cluster.size):
        first = cluster_start[village_cluster[v]]
        last = cluster_start[village_cluster[v] + 1]
        for i in range(village_start[v], village_start[v + 1]):
            word = trait_words(np.uint64(i), _SURVEY, _ROW_GROUP, seed, replicate)[3]
            mark = cumulative[first] + np.float64(uniform_from(word)) * (cumulative[last] - cumulative[first])
            low, high = first, last - 1
            while low < high:
                middle = (low + high) // 2
                if cumulative[middle + 1] > mark:
                    high = middle
                else:
                    low = middle + 1
            row[i] = low


@kernel
def _impute(region: Any, score: Any, size: Any, known: Any, t: Any, seed: Any, replicate: Any) -> None:
    """Replace NaN in `known` (rows as `KNOWN`) by draws at the address of each household, in place."""
    for i in range(score.size):
        who = np.uint64(i)
        kind = region[i]
        body = trait_words(who, _HOUSEHOLD, _SIZE_GROUP, seed, replicate)
        school = trait_words(who, _HOUSEHOLD, _SCHOOL_GROUP, seed, replicate)[3]
        head = trait_words(who, _HOUSEHOLD, _HEAD_GROUP, seed, replicate)[0]
        if np.isnan(known[0, i]):
            known[0, i] = children_of(uniform_from(body[1]), size[i], t.child[kind])
        if np.isnan(known[1, i]):
            schooling = t.schooling[0] * score[i] + t.schooling[1] * normal_from(body[2])
            known[1, i] = years_of(schooling, t.years, t.years_from[kind])
        else:
            schooling = schooling_score_of(known[1, i], t.years, t.years_score[kind])
        if np.isnan(known[2, i]):
            known[2, i] = ONE if uniform_from(head) < t.female_head[kind] else ZERO
        if np.isnan(known[3, i]):
            known[3, i] = literacy_of(
                schooling, normal_from(body[3]), t.literacy, t.literacy_level[kind], t.literacy_slope[kind]
            )
        if np.isnan(known[4, i]):
            known[4, i] = enrolled_of(score[i], normal_from(school), t.enrolment, t.enrolled_from[kind], known[0, i])


def from_survey(
    columns: Mapping[str, NDArray[Any]],
    *,
    place: Place,
    seed: int,
    replicate: int,
    line: float | None = None,
    headcount: float | None = None,
    households: int | None = None,
    region_type: str | None = None,
    represents: float | None = None,
    name: str = "the survey",
    parameters: Any = None,
) -> Population:
    """Make a population of survey households.

    `columns` holds arrays of one length n: `village` (cluster code), `consumption` (a person, in the survey's own
    unit and period) and `size` are required; `weight`, `region` (index into `schema.REGION_TYPES`), `subdistrict`,
    `children`, `schooling_years`, `female_head`, `literacy`, `in_school` and `illness` may be given, with NaN where
    unknown. Either `line` (in the unit of consumption) or `headcount` (share of persons below the line, 0 to 1) sets
    the poverty line. `region_type` holds where the survey has no `region`; the default is the place's only one.

    Without `households` each survey household stands once; else that many are drawn by weight. `represents`
    is the number of households they stand for: by default the sum of the weights, without weights the number of
    survey households. `parameters` is taken so that all makers of populations are called alike: no rule here
    depends on it.

    Raises `PopulationError` with all problems of the columns, `SimulationError` for an impossible number.
    """
    check_request(1 if households is None else households, seed, replicate)
    arrays = _checked(columns, name)
    names = _region_names(arrays, place, region_type, name)
    level, below = _line(arrays, line, headcount, name)
    survey = _ordered(arrays, names, place, level)
    t: Tables = tables(place)

    drawn = _each_once(survey, place) if households is None else _drawn(survey, place, households, seed, replicate)
    start, region, subdistrict, row = drawn
    score, size = survey.score[row], survey.size[row]
    known = np.ascontiguousarray(survey.known[:, row])
    household_region = np.repeat(region, np.diff(start))
    _impute(household_region, score, size, known, t, np.uint32(seed), np.uint32(replicate))
    villages = region.size
    weighted = "weight" in arrays
    stand_for = represents if represents is not None else float(survey.weight.sum())
    return Population(
        households=Households(
            household_id=np.arange(row.size, dtype=np.int64),
            village=np.repeat(np.arange(villages, dtype=np.int32), np.diff(start)),
            consumption=survey.consumption[row].astype(np.float32),
            welfare_score=score,
            size=size,
            **dict(zip(KNOWN, known, strict=True)),
            illness=survey.illness[row],
        ),
        villages=Villages(
            village_id=np.arange(villages, dtype=np.int64),
            subdistrict=subdistrict.astype(np.int32),
            region=np.array([one.index for one in place.regions], np.int32)[region],
            context=village_context(
                place,
                region,
                village_pace(place, villages, seed, replicate),
                village_ranks(villages, seed, replicate),
            ),
        ),
        subdistrict_id=np.arange(int(subdistrict[-1]) + 1, dtype=np.int64),
        represents=stand_for,
        notes=_notes(survey, place, name, households, weighted, stand_for, level, headcount, below),
    )


def _checked(columns: Mapping[str, NDArray[Any]], name: str) -> dict[str, Float64Array]:
    """Columns as float64, or `PopulationError` with all that is wrong."""
    problems = []

    def wrong(key: str, expected: str, found: str, remedy: str = "") -> None:
        problems.append(Problem(name, 0, key, expected, found, remedy))

    for key in REQUIRED:
        if key not in columns:
            wrong(key, "a column", "none", "map a column of the survey to it")
    for key in columns:
        if key not in (*REQUIRED, *OPTIONAL):
            wrong(key, "one of " + ", ".join((*REQUIRED, *OPTIONAL)), "an unknown column")
    arrays = {key: np.asarray(value, np.float64) for key, value in columns.items()}
    lengths = {key: value.size for key, value in arrays.items()}
    if len(set(lengths.values())) > 1:
        wrong("", "columns of one length", ", ".join(f"{key} {count:,}" for key, count in lengths.items()))
    if arrays and not all(lengths.values()):
        wrong("", "at least one household", "none")
    for key, value in arrays.items():
        if key in KNOWN or key in {"size", "illness"}:
            spec = column(key)
            lower, upper = (-1.0, spec.upper) if key == "illness" else (spec.lower, spec.upper)
            outside = (value < lower) | (value > upper)
        elif key == "consumption":
            lower, upper, outside = 0.0, np.inf, value <= 0
        elif key == "weight":
            lower, upper, outside = 0.0, np.inf, value < 0
        elif key == "region":
            lower, upper, outside = 0.0, len(REGION_TYPES) - 1.0, ~np.isin(value, np.arange(len(REGION_TYPES)))
        else:
            continue
        if outside.any():
            above = "above 0" if key == "consumption" else f"from {lower:g} to {upper:g}"
            wrong(key, f"values {above}", f"{int(outside.sum()):,} outside, as {value[outside][0]:g}")
    for key in (*REQUIRED, "weight", "region", "subdistrict"):
        if key in arrays and not np.isfinite(arrays[key]).all():
            count = int((~np.isfinite(arrays[key])).sum())
            wrong(key, "a number in every household", f"{count:,} missing", "leave such households out")
    if "weight" in arrays and not arrays["weight"].sum() > 0:
        wrong("weight", "weights with a sum above 0", "0")
    if problems:
        raise PopulationError(problems)
    return arrays


def _region_names(
    arrays: Mapping[str, Float64Array], place: Place, region_type: str | None, name: str
) -> NDArray[np.int64]:
    """Region type of each household, as index into `Place.regions`."""
    has = [region.name for region in place.regions]
    remedy = f"the place {place.name} has {', '.join(has)}; the place indonesia has all region types"
    if "region" in arrays:
        found = [REGION_TYPES[int(code)] for code in np.unique(arrays["region"])]
        lacking = [one for one in found if one not in has]
        if lacking:
            raise PopulationError([Problem(name, 0, "region", "region types of the place", ", ".join(lacking), remedy)])
        table = np.array([has.index(one) if one in has else -1 for one in REGION_TYPES])
        return np.asarray(table[arrays["region"].astype(np.int64)], np.int64)
    if region_type is None and len(has) > 1:
        raise PopulationError(
            [
                Problem(
                    name,
                    0,
                    "region",
                    "a region type for the survey",
                    "none",
                    "map a column, or say " + " or ".join(has),
                )
            ]
        )
    chosen = region_type or has[0]
    if chosen not in has:
        raise PopulationError([Problem(name, 0, "region", "a region type of the place", chosen, remedy)])
    return np.full(arrays["size"].size, has.index(chosen), np.int64)


def _line(
    arrays: Mapping[str, Float64Array], line: float | None, headcount: float | None, name: str
) -> tuple[float, float]:
    """Poverty line in the survey's unit, and the share of persons below it."""
    consumption = arrays["consumption"]
    persons = arrays["size"] * arrays.get("weight", np.ones(consumption.size))
    if (line is None) == (headcount is None):
        given = "both" if line is not None else "neither"
        raise PopulationError([Problem(name, 0, "line", "either line or headcount", given, "give one of them")])
    if line is None:
        assert headcount is not None
        if not 0.0 < headcount < 1.0:
            raise PopulationError([Problem(name, 0, "headcount", "a share above 0 and below 1", f"{headcount:g}")])
        order = np.argsort(consumption, kind="stable")
        values, reached = consumption[order], np.cumsum(persons[order])
        last = np.append(values[1:] > values[:-1], True)  # only between different values can a line be drawn
        ends, shares = values[last], reached[last] / reached[-1]
        nearest = int(np.argmin(np.abs(shares - headcount)))
        line = float((ends[nearest] + ends[min(nearest + 1, ends.size - 1)]) / 2.0)
    elif not 0.0 < line < np.inf:
        raise PopulationError([Problem(name, 0, "line", "a poverty line above 0", f"{line:g}")])
    return line, float(persons[consumption < line].sum() / persons.sum())


def _ordered(arrays: Mapping[str, Float64Array], region: NDArray[np.int64], place: Place, line: float) -> _Survey:
    """Survey households cluster by cluster: by region type, the survey's own subdistrict, cluster, row."""
    count = region.size
    _, subdistrict = np.unique(arrays.get("subdistrict", np.zeros(count)), return_inverse=True)
    own = "subdistrict" in arrays
    order = np.lexsort((np.arange(count), arrays["village"], subdistrict, region))
    key = np.stack([region[order], subdistrict[order], arrays["village"][order]])
    change = np.flatnonzero((key[:, 1:] != key[:, :-1]).any(axis=0)) + 1
    start = np.concatenate([np.zeros(1, np.int64), change, np.array([count], np.int64)])
    weight = arrays.get("weight", np.ones(count))[order]
    consumption = arrays["consumption"][order] / line
    known = np.full((len(KNOWN), count), np.nan, np.float32)
    for row, name in enumerate(KNOWN):
        if name in arrays:
            known[row] = arrays[name][order]
    illness = arrays.get("illness", np.full(count, -1.0))[order]
    score = np.empty(count, np.float32)
    for kind in range(len(place.regions)):
        rows = np.flatnonzero(region[order] == kind)
        if rows.size:
            score[rows] = _scores(consumption[rows], weight[rows])
    return _Survey(
        region=region[order],
        cluster_start=start,
        cluster_subdistrict=subdistrict[order][start[:-1]] if own else np.full(start.size - 1, -1, np.int64),
        weight=weight,
        consumption=consumption,
        score=score,
        size=arrays["size"][order].astype(np.float32),
        known=known,
        illness=np.where(np.isnan(illness), -1.0, illness).astype(np.float32),
    )


def _scores(consumption: Float64Array, weight: Float64Array) -> FloatArray:
    """Normal score of the weighted rank of households; households of weight 0 take their neighbours' rank."""
    values, inverse = np.unique(consumption, return_inverse=True)
    mass = np.bincount(inverse, weight, minlength=values.size)
    total = mass.sum()
    if total <= 0.0:  # a region type that only has households of weight 0
        mass, total = np.bincount(inverse, minlength=values.size).astype(np.float64), float(consumption.size)
    middle = (np.cumsum(mass) - mass / 2.0) / total
    edge = 0.5 / consumption.size
    score = np.empty(values.size, np.float32)
    _normal_scores(np.clip(middle, edge, 1.0 - edge), score)
    return score[inverse]


_Layout = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""First household of each village (one more than villages), region type and subdistrict of each village,
survey row of each household."""


def _each_once(survey: _Survey, place: Place) -> _Layout:
    """Each survey household once; clusters are villages, in the survey's own subdistricts or in groups of one type."""
    region = survey.cluster_region
    own = survey.cluster_subdistrict
    subdistrict = np.empty(region.size, np.int64)
    current, filled = -1, 0
    for c in range(region.size):
        full = own[c] < 0 and filled >= place.regions[region[c]].type.villages
        if c == 0 or full or region[c] != region[c - 1] or own[c] != own[c - 1]:
            current, filled = current + 1, 0
        subdistrict[c] = current
        filled += 1
    return survey.cluster_start, region, subdistrict, np.arange(survey.region.size)


def _drawn(survey: _Survey, place: Place, households: int, seed: int, replicate: int) -> _Layout:
    """Draw `households` households by weight; the last village is cut."""
    kinds = len(place.regions)
    cumulative = np.concatenate([np.zeros(1), np.cumsum(survey.weight)])
    sizes, cluster_region = survey.cluster_size, survey.cluster_region
    chance = np.diff(cumulative[survey.cluster_start]) / sizes  # mean weight of the cluster
    villages_in = np.array([region.type.villages for region in place.regions], np.int64)
    present, lists = np.zeros(kinds), []
    for kind in range(kinds):
        clusters = np.flatnonzero((cluster_region == kind) & (chance > 0))
        lists.append((clusters, np.cumsum(chance[clusters]) / max(chance[clusters].sum(), np.finfo(float).tiny)))
        if clusters.size:
            weight = float((chance * sizes)[clusters].sum())
            mean_size = weight / chance[clusters].sum()
            present[kind] = weight / (villages_in[kind] * mean_size)
    bounds = np.cumsum(present / present.sum())
    shifts = even_shifts(seed, replicate)

    count = 8
    while True:
        words = even_words(shifts[0], GOLDEN, count)
        region = np.searchsorted(bounds[:-1], words / 2.0**32, side="right").astype(np.int64)
        village_region = np.repeat(region, villages_in[region])
        position = even_words(shifts[1], SILVER, village_region.size) / 2.0**32
        cluster = np.empty(village_region.size, np.int64)
        for kind, (clusters, upto) in enumerate(lists):
            mine = village_region == kind
            if mine.any():
                cluster[mine] = clusters[np.searchsorted(upto[:-1], position[mine], side="right")]
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[cluster])])
        if start[-1] >= households:
            break
        count *= 2
    villages = int(np.searchsorted(start, households, side="left"))
    start = start[: villages + 1].copy()
    start[-1] = households
    subdistrict = np.repeat(np.arange(region.size), villages_in[region])[:villages]
    row = np.empty(households, np.int64)
    _draw_rows(start, cluster[:villages], survey.cluster_start, cumulative, np.uint32(seed), np.uint32(replicate), row)
    return start, village_region[:villages], subdistrict, row


_RULES: Final = {
    "children": "a binomial draw among the members other than the first, with the share of persons of school age",
    "schooling_years": "a draw from the years of schooling, correlated with the welfare rank",
    "female_head": "a draw with the share of households headed by a woman",
    "literacy": "the functional literacy expected of the years of schooling, with a draw of its own",
    "in_school": "a draw with the share of children out of school, correlated with the welfare rank",
}
"""How each column is imputed, for the notes."""


def _notes(
    survey: _Survey,
    place: Place,
    name: str,
    households: int | None,
    weighted: bool,
    stand_for: float,
    line: float,
    headcount: float | None,
    below: float,
) -> tuple[str, ...]:
    """What a reader of the results should know of a survey population, in plain sentences."""
    count, clusters = survey.region.size, survey.cluster_start.size - 1
    persons = int(survey.size.sum())
    said = [f"{name} has {count:,} households with {persons:,} members in {clusters:,} villages."]
    if households is None:
        said.append(
            f"Each stands once, for {stand_for:,.0f} households in all."
            + (" The weights of the survey only say how many they stand for." if weighted else "")
        )
    else:
        how = "in proportion to their weights" if weighted else "with equal probability, as the survey has no weights"
        said.append(
            f"The {households:,} simulated households, standing for {stand_for:,.0f}, are drawn with replacement "
            f"{how}: each simulated village takes its households from one village of the survey."
        )
    set_by = f"set so that {headcount:.1%} of persons are poor" if headcount is not None else "as given"
    said.append(
        f"The poverty line is {line:g} a person in the unit of the survey, {set_by}; {below:.2%} of persons lie below."
    )
    for row, column_name in enumerate(KNOWN):
        lacking = int(np.isnan(survey.known[row]).sum())
        if lacking:
            said.append(
                f"{column_name} imputed for {lacking:,} of {count:,} households: {_RULES[column_name]}, as in "
                f"{place.name}."
            )
    lacking = int((survey.illness < 0).sum())
    if lacking:
        said.append(
            f"illness unknown for {lacking:,} of {count:,} households: drawn by the model at its own prevalence."
        )
    shares = np.bincount(survey.region, survey.weight, minlength=len(place.regions)) / survey.weight.sum()
    parts = [f"{place.regions[kind].name} ({shares[kind]:.1%} of households)" for kind in np.unique(survey.region)]
    said.append(
        f"Roads, markets, shocks, travel and the rupiah value of the poverty line are those of {place.name}: "
        f"{', '.join(parts)}."
    )
    return tuple(said)
