"""The engine as a whole: measures against the households behind them, a steady world, effects in the right direction.

Effects are paired: the same households with the same draws, with and without the programme. A direction counts as
shown beyond 4 standard errors of the mean over future worlds (replicates) or villages; seeds are fixed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from helpers_engine import (
    SCENARIOS,
    TRAVEL,
    Glass,
    Mentors,
    below,
    hamlets,
    people,
    programme,
    run,
    town,
)

from empowersim.engine.inputs import Policy, Population
from empowersim.engine.metrics import BOTTOM
from empowersim.engine.outputs import MEASURE_ROW, MEASURES, Run
from empowersim.engine.simulate import simulate
from empowersim.errors import SimulationError
from empowersim.parameters import parameters
from empowersim.parameters.places import place, places
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import loads
from empowersim.schema import HOUSEHOLD, REGION_TYPES, VILLAGE_ROW

LIMIT = 4.0
NOTHING = Policy("nothing")
MIXED = Policy(
    "mixed",
    (
        programme(
            "package",
            5,
            conditions=below(1.2),
            doses={"stipend": 2e5, "business": 0.2, "tutoring": 0.5, "health_group": 1.0, "visits": 1.0},
            places_per_year=1e5,
            intake_every=3,
            last_intake=99,
            duration=9,
        ),
    ),
    Mentors(posts=600.0),
)


# --- measures against the households behind them ----------------------------------------------------------------------


def poverty(consumption: np.ndarray, size: np.ndarray, power: int) -> float:
    """FGT of persons; `consumption` in poverty lines."""
    c, persons = consumption.astype(float), size.astype(float)
    short = np.where(c < 1.0, 1.0 - c, 0.0) ** power * (c < 1.0)
    return float((persons * short).sum() / persons.sum())


def poorest_mean(value: np.ndarray, size: np.ndarray) -> float:
    """Mean of the poorest 40 % of persons."""
    order = np.argsort(value, kind="stable")
    persons, money = size[order].astype(float), value[order]
    before = np.concatenate(([0.0], np.cumsum(persons)[:-1]))
    taken = np.clip(BOTTOM * persons.sum() - before, 0.0, persons)
    return float((taken * money).sum() / taken.sum())


def lines_of(population: Population) -> np.ndarray:
    """Poverty line of every household, IDR a person and month."""
    return population.villages.context[VILLAGE_ROW["line"]][population.households.village].astype(float)


@pytest.mark.parametrize("name", ["medan_urban", "indonesia", "remote_islands"])
def test_poverty_and_distribution_are_those_of_the_households(name: str) -> None:
    population = people(12_000, name)
    line = lines_of(population)
    for result in run(population, NOTHING, MIXED, months=15, burn_in=3, judged=1):
        last, size = result.end_consumption, result.size
        for measure, power in (("poverty_headcount", 0), ("poverty_gap", 1), ("squared_poverty_gap", 2)):
            assert result.series(measure)[-1] == pytest.approx(poverty(last, size, power), rel=1e-6), measure
        assert result.series("mean_consumption")[-1] == pytest.approx(np.average(last * line, weights=size), rel=1e-6)
        # classes of consumption are 1.25 % wide
        assert result.series("bottom40_consumption")[-1] == pytest.approx(poorest_mean(last * line, size), rel=5e-4)
        poor = (last < 1).sum() * population.represents / population.count
        assert result.poor_household_months[-1] == pytest.approx(poor, rel=1e-12)


def test_households_are_in_their_places() -> None:
    population = people(12_000, "indonesia")
    result = run(population, NOTHING, months=1)[0]
    homes, villages = population.households, population.villages
    assert np.array_equal(result.household_id, homes.household_id)
    assert np.array_equal(result.size, homes.size)
    assert np.array_equal(result.region, villages.region[homes.village])
    assert np.array_equal(result.subdistrict, villages.subdistrict[homes.village])
    assert np.array_equal(result.start_consumption, homes.consumption)


def test_judged_consumption_is_the_mean_of_the_judged_months() -> None:
    population = people(3000)
    line = lines_of(population)
    result = run(population, MIXED, months=20, judged=7)[0]
    mean = np.average(result.end_consumption * line, weights=result.size)
    assert mean == pytest.approx(result.series("mean_consumption")[-7:].mean(), rel=1e-6)
    glass = Glass(people(2500), MIXED, months=20, judged=7)
    seen = []
    for month in range(20):
        glass.advance(month + 1)
        seen.append(glass.row("consumption").astype(float))
    vector = run(people(2500), MIXED, months=20, judged=7)[0].end_consumption
    assert vector == pytest.approx(np.mean(seen[-7:], axis=0), rel=1e-5)
    # more months judged than there are: all
    short = run(people(2500), MIXED, months=20, judged=99)[0].end_consumption
    assert short == pytest.approx(np.mean(seen, axis=0), rel=1e-5)


def test_every_other_measure_is_that_of_the_households() -> None:
    population = people(2500)
    p = parameters()
    glass = Glass(population, MIXED, months=14, burn_in=6)
    result = run(population, MIXED, months=14, burn_in=6)[0]
    glass.advance(13)
    held = glass.slot() > 0
    held &= glass.slot() < 255
    filled_before = glass.tally.filled.sum()
    glass.advance(14)
    column = {one.name: glass.row(one.name).astype(float) for one in HOUSEHOLD}
    size, children = column["size"], column["children"]
    line = lines_of(population)[0]
    last = {measure.name: result.monthly[MEASURE_ROW[measure.name], -1] for measure in MEASURES}
    assert glass.tally.filled.sum() == filled_before  # no intake in the last month, so `held` is who is enrolled
    assert last["enrolled"] == pytest.approx(held.mean(), rel=1e-12)
    assert last["income"] == pytest.approx(np.average(column["income"], weights=size) * line, rel=1e-6)
    assert last["literacy"] == pytest.approx(column["literacy"].mean(), rel=1e-6)
    assert last["health"] == pytest.approx((column["illness"] == 0).mean(), rel=1e-12)
    assert last["schooling"] == pytest.approx(np.average(column["in_school"], weights=children), rel=1e-12)
    assert last["child_learning"] == pytest.approx(np.average(column["child_learning"], weights=children), rel=1e-5)
    months, share = float(p.standard_shock_months), float(p.standard_shock_share)
    survives = (1 - share) * column["normal_income"] * months + column["savings"] >= months
    stands = (column["standing"] >= p.independence_months) & survives
    assert last["independence"] == pytest.approx(stands.mean(), abs=0.5 / stands.size)
    assert last["well_being"] == pytest.approx(column["well_being"].mean(), rel=1e-4, abs=1e-6)
    assert last["job"] == pytest.approx(column["job"].mean(), rel=1e-12)
    assert last["trust"] == pytest.approx(column["trust"].mean(), rel=1e-6)
    assert last["visits"] == pytest.approx(column["visits"].mean(), rel=1e-6)
    assert last["assets"] == pytest.approx((np.expm1(column["assets"]) / p.asset_scale).mean(), rel=1e-5)
    for name in ("enrolled", "literacy", "schooling", "child_learning", "independence", "trust", "visits", "assets"):
        assert last[name] > 0, name


def test_the_empowerment_index_of_households_that_can_be_worked_out() -> None:
    p = parameters()
    weights = np.array([getattr(p, f"index_weight_{one}") for one in _DIMENSIONS], float)
    weights /= weights.sum()
    population = town([40])
    glass = Glass(population, NOTHING, months=1).advance(1)
    last = run(population, NOTHING, months=1)[0].series("empowerment_index")[0]
    base = float(p.participation_base)
    scores = [
        glass.row("consumption") / p.index_income_top,
        glass.row("literacy"),
        1 - glass.row("illness") / 2,
        *[1 / (1 + np.exp(-1.702 * (glass.row("agency_base") + glass.row(name)))) for name in ("empowerment", "voice")],
        base + (1 - base) * glass.row("participation"),
    ]
    clipped = np.clip(np.array(scores, float), float(p.index_floor), 1.0)
    assert last == pytest.approx(np.exp(weights @ np.log(clipped)).mean(), rel=1e-5)


_DIMENSIONS = ("income", "literacy", "health", "empowerment", "voice", "participation")


def test_every_column_stays_within_its_bounds() -> None:
    for name in ("medan_urban", "remote_islands"):
        glass = Glass(people(2500, name), MIXED, months=60, burn_in=12)
        for month in range(6, 61, 6):
            glass.advance(month)
            for one in HOUSEHOLD:
                values = glass.row(one.name)
                assert np.isfinite(values).all(), one.name
                assert values.min() >= one.lower, one.name
                assert values.max() <= one.upper, one.name


def test_traits_never_change() -> None:
    glass = Glass(people(2500), MIXED, months=24)
    traits = [one.name for one in HOUSEHOLD if one.role == "trait"]
    before = {name: glass.row(name).copy() for name in traits}
    glass.advance(24)
    for name in traits:
        assert np.array_equal(before[name], glass.row(name)), name


def test_measures_lie_within_their_range() -> None:
    for result in run(people(3000, "remote_islands"), NOTHING, MIXED, months=24, burn_in=6):
        for measure in MEASURES:
            values = result.series(measure.name)[11::12]
            assert np.isfinite(values).all(), measure.name
            if measure.unit.startswith(("share", "0-1")):
                assert ((values >= 0) & (values <= 1)).all(), measure.name
        assert (result.series("poverty_gap") <= result.series("poverty_headcount")).all()
        assert (result.series("squared_poverty_gap") <= result.series("poverty_gap")).all()
        known = np.isfinite(result.series("bottom40_consumption"))
        assert (result.series("bottom40_consumption") < result.series("mean_consumption"))[known].all()


def test_a_population_without_children_has_no_schooling() -> None:
    result = run(town([40], children=0), NOTHING)[0]
    assert np.isnan(result.series("schooling")).all()
    assert np.isfinite(result.series("poverty_headcount")).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"months": 0}, "months must be at least 1"),
        ({"burn_in": -1}, "burn-in at least 0"),
        ({"judged": 0}, "judged months at least 1"),
        ({"seed": -1}, "seed must lie in 0"),
        ({"replicate": 2**32}, "replicate must lie in 0"),
    ],
)
def test_impossible_requests_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        run(town([40]), NOTHING, **settings)


def test_unknown_channels_and_too_many_conditions_are_refused() -> None:
    with pytest.raises(SimulationError, match=r"no channel is called visit$"):
        run(town([40]), Policy("x", (programme(doses={"visit": 1.0}),)))
    with pytest.raises(SimulationError, match="at most 8 conditions"):
        run(town([40]), Policy("x", (programme(conditions=below(1.0) * 9),)))
    with pytest.raises(SimulationError, match="no households"):
        simulate(town([0]), [NOTHING], travel=TRAVEL, parameters=parameters(), months=1, burn_in=0, seed=1)


# --- a steady world ---------------------------------------------------------------------------------------------------

REPLICATES = 6


@cache
def worlds(name: str) -> tuple[float, np.ndarray]:
    """Published poverty rate of persons, and headcounts of the worlds, shape (REPLICATES, months)."""
    at = place(name)
    persons = np.array([region.share * region.household_size for region in at.regions])
    rates = np.array([region.poverty_rate for region in at.regions])
    count = 12_000 if len(at.regions) == 1 else 36_000  # a mix of region types needs many subdistricts
    series = [
        run(people(count, name, 3, r), NOTHING, months=60, burn_in=24, seed=3, replicate=r)[0].series(
            "poverty_headcount"
        )
        for r in range(REPLICATES)
    ]
    return float(persons @ rates / persons.sum()), np.array(series)


@pytest.mark.parametrize("name", list(places()))
def test_poverty_without_programmes_stays_near_the_published_rate(name: str) -> None:
    published, series = worlds(name)
    for year in range(5):
        mean = series[:, 12 * year : 12 * (year + 1)].mean()
        # a tenth of the rate: sampling of 6 worlds, and a drift of the model that is small against what programmes do
        assert mean == pytest.approx(published, rel=0.10), year
    assert abs(series[:, 48:].mean() - series[:, :12].mean()) < 0.05 * published


def test_poverty_of_medan_and_of_the_islands() -> None:
    assert worlds("medan_urban")[1].mean() == pytest.approx(0.0794, abs=0.008)
    assert 0.14 < worlds("remote_islands")[1].mean() < 0.22  # the districts of Nias


def test_without_programmes_nothing_else_drifts_far() -> None:
    result = run(people(12_000, "medan_urban", 3), NOTHING, months=60, burn_in=24, seed=3)[0]
    for name, drift in (
        ("mean_consumption", 0.03),
        ("literacy", 0.01),
        ("health", 0.02),
        ("schooling", 0.05),
        ("job", 0.05),
        ("income", 0.03),
    ):
        first, last = result.series(name)[:12].mean(), result.series(name)[48:].mean()
        assert last == pytest.approx(first, rel=drift), name
    for name in ("trust", "child_learning", "visits", "enrolled"):
        assert np.ptp(result.series(name)) < 1e-6, name


# --- effects point the right way --------------------------------------------------------------------------------------

DOCUMENT = """
empowersim: 1
name: effects
base: {world: {place: PLACE}}
policies:
  nothing: {}
  literacy: {programmes: {adult_literacy: {places: 60000 places/year}}}
  school: {programmes: {scholarship_tutoring: {places: 60000 places/year}}}
  health: {programmes: {health_education: {places: 200000 places/year}}}
  graduation:
    programmes: {graduation_package: {places: 30000 places/year}}
    mentors: {count: 1500}
  cash: {programmes: {cash_transfer: {places: 60000 places/year}}}
  business: {programmes: {entrepreneurship_training: {places: 60000 places/year}}}
  skills: {programmes: {skills_training: {places: 60000 places/year}}}
  mentored:
    programmes: {mentoring_only: {places: 60000 places/year}}
    mentors: {count: 1500}
"""


@cache
def effects(name: str = "medan_urban") -> tuple[dict[str, list[Run]], list[Run]]:
    """Runs of every policy in six worlds of 5,000 households, and those without a programme."""
    compiled = compile_scenario(loads(DOCUMENT.replace("PLACE", name)))
    found: dict[str, list[Run]] = {policy: [] for policy in compiled.policies}
    for r in range(REPLICATES):
        results = run(people(5000, name, 7, r), *compiled.policies.values(), months=36, burn_in=12, seed=7, replicate=r)
        for result in results:
            found[result.policy].append(result)
    return found, found.pop("nothing")


def standard_errors(policy: str, measure: str, name: str = "medan_urban") -> float:
    """Mean paired difference in the last year, in standard errors over the worlds; positive = better."""
    treated, plain = effects(name)
    better = MEASURES[MEASURE_ROW[measure]].better
    differences = better * np.array(
        [
            one.series(measure)[-12:].mean() - other.series(measure)[-12:].mean()
            for one, other in zip(treated[policy], plain, strict=True)
        ]
    )
    return float(differences.mean() / (differences.std(ddof=1) / np.sqrt(REPLICATES)))


@pytest.mark.parametrize("name", ["medan_urban", "remote_islands"])
@pytest.mark.parametrize(
    ("policy", "measure"),
    [
        ("literacy", "literacy"),
        ("school", "schooling"),
        ("school", "child_learning"),
        ("health", "health"),
        ("health", "empowerment_index"),
        ("graduation", "mean_consumption"),
        ("graduation", "bottom40_consumption"),
        ("graduation", "poverty_headcount"),
        ("graduation", "poverty_gap"),
        ("graduation", "assets"),
        ("graduation", "well_being"),
        ("graduation", "empowerment_index"),
        ("graduation", "trust"),
        ("cash", "poverty_headcount"),
        ("cash", "squared_poverty_gap"),
        ("cash", "bottom40_consumption"),
        ("business", "income"),
        ("skills", "job"),
        ("mentored", "empowerment_index"),
        ("mentored", "trust"),
        ("mentored", "income"),
    ],
)
def test_a_programme_raises_what_it_is_for(policy: str, measure: str, name: str) -> None:
    assert standard_errors(policy, measure, name) > LIMIT


@pytest.mark.parametrize("policy", ["literacy", "school", "health", "graduation", "cash", "business", "skills"])
def test_no_programme_harms_what_it_is_not_for(policy: str) -> None:
    for measure in ("poverty_gap", "mean_consumption", "literacy", "health", "schooling", "empowerment_index"):
        treated, plain = effects()
        same = all(
            np.array_equal(one.series(measure), other.series(measure), equal_nan=True)
            for one, other in zip(treated[policy], plain, strict=True)
        )
        assert same or standard_errors(policy, measure) > -LIMIT, measure


@pytest.mark.parametrize(
    "doses", [{"stipend": 3e5}, {"asset_grant": 1e7}, {"business": 0.2}], ids=lambda d: next(iter(d))
)
def test_more_places_do_not_make_more_poverty(doses: dict[str, float]) -> None:
    offers = (0.0, 5e3, 2e4, 6e4, 2e5)
    policies = [
        Policy(
            f"{offer:.0f}",
            (
                programme(
                    doses=doses,
                    conditions=below(1.1),
                    places_per_year=offer,
                    priority="poorest_first",
                    intake_every=3,
                    last_intake=99,
                    duration=24 if "stipend" in doses else 5,
                ),
            ),
        )
        for offer in offers
    ]
    # over all months: with many places all are served early, and the last year shows what is left of it
    gaps = []
    for r in range(REPLICATES):
        results = run(people(5000, "medan_urban", 7, r), *policies, months=36, seed=7, replicate=r)
        gaps.append([result.series("poverty_gap").mean() for result in results])
    gaps = np.array(gaps)
    steps = np.diff(gaps, axis=1)
    error = steps.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
    assert (steps.mean(axis=0) < 2 * error).all()
    whole = gaps[:, -1] - gaps[:, 0]
    assert whole.mean() < -LIMIT * whole.std(ddof=1) / np.sqrt(REPLICATES)


def test_the_trap_holds_the_poor_back_and_a_large_grant_frees_them() -> None:
    grant = Policy(
        "grant",
        (programme(doses={"asset_grant": 2e7}, conditions=below(1.0), places_per_year=1e6, cost_per_place=1.0),),
    )
    gains = {}
    for trap in (0.0, 1.0):
        plain, treated = run(hamlets(), NOTHING, grant, months=60, trap=trap)
        gain = treated.end_consumption - plain.end_consumption
        gains[trap] = gain[treated.touched].mean()
    # without a trap assets return to their own level within five years; with one some stay above the threshold
    assert 0 < gains[0.0] < gains[1.0]


def test_a_village_wide_shock_strikes_whole_villages() -> None:
    population = people(2500)
    context = population.villages.context.copy()
    context[VILLAGE_ROW["shock_hazard"]] = 0.3
    context[VILLAGE_ROW["shock_size"]] = 0.25
    shaken = replace(population, villages=replace(population.villages, context=context))
    glass = Glass(shaken, NOTHING, months=6).advance(1)
    village = shaken.households.village
    shock = np.array([np.unique(glass.row("shock")[village == v]).tolist() for v in range(village.max() + 1)])
    assert shock.shape == (village.max() + 1, 1)  # one value in each village
    assert set(shock.ravel()) == {np.float32(0.0), np.float32(0.25)}
    calm = run(population, NOTHING, months=12)[0]
    stormy = run(shaken, NOTHING, months=12)[0]
    assert stormy.series("income").mean() < calm.series("income").mean()


def test_region_types_are_named_in_the_order_of_stored_results() -> None:
    assert REGION_TYPES == ("urban", "peri_urban", "rural_road", "interior", "small_island")
    assert SCENARIOS.is_dir()
