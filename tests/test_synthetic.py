"""Synthetic households: marginals against published figures, and every household from its own address.

Statistical checks compare a sample with its target in standard errors that allow for villages, and fail beyond
4 of them: one check in 16,000 would fail by chance with another seed, so fewer than one in 200 runs of all checks
here. Seeds are fixed: a check that passes today passes tomorrow.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empowersim.engine.inputs import Population
from empowersim.engine.synthetic import layout, synthetic, synthetic_range
from empowersim.errors import ParameterError, SimulationError
from empowersim.parameters.places import place, places
from empowersim.rng import TRAITS, Kind, Stream
from empowersim.schema import REGION_TYPES, VILLAGE, VILLAGE_ROW, column

LIMIT = 4.0
COUNT = 200_000
COLUMNS = (
    "consumption",
    "welfare_score",
    "size",
    "children",
    "schooling_years",
    "female_head",
    "literacy",
    "in_school",
    "illness",
)
PRESETS = tuple(places())
NORTH_SUMATRA = place("rural_road").override({"poverty_rate": 0.0799, "poverty_line": 642_423})


@pytest.fixture(scope="module")
def populations() -> dict[str, Population]:
    return {name: synthetic(one, households=COUNT, seed=11, replicate=2) for name, one in places().items()}


def deviation(population, numerator, denominator, target, chosen=None):
    """Standard errors between a ratio of sums over households and its target; villages are the clusters."""
    chosen = np.ones(population.count, bool) if chosen is None else chosen
    village = population.households.village[chosen]
    top = np.bincount(village, np.asarray(numerator, float)[chosen])
    bottom = np.bincount(village, np.asarray(denominator, float)[chosen])
    ratio = top.sum() / bottom.sum()
    error = np.sqrt(((top - ratio * bottom) ** 2).sum()) / bottom.sum()
    return (ratio - target) / error


def gini(value, weight):
    order = np.argsort(value)
    value, weight = value[order].astype(float), weight[order].astype(float)
    above = np.cumsum(value * weight) - value * weight / 2
    return 1 - 2 * (above * weight).sum() / ((value * weight).sum() * weight.sum())


def share_of_poorest(value, weight, part):
    order = np.argsort(value)
    value, weight = value[order].astype(float), weight[order].astype(float)
    persons, money = np.cumsum(weight) / weight.sum(), np.cumsum(value * weight) / (value * weight).sum()
    return np.interp(part, persons, money)


def in_region(population, name):
    return (population.villages.region == REGION_TYPES.index(name))[population.households.village]


# --- marginals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_published_shares_are_met_within_sampling_error(populations, name):
    population = populations[name]
    h = population.households
    ones = np.ones(population.count)
    poor = h.consumption < 1
    for region in place(name).regions:
        mine = in_region(population, region.name)
        assert mine.sum() > 3000
        checks = {
            "poverty_rate": deviation(population, h.size * poor, h.size, region.poverty_rate, mine),
            "household_size": deviation(population, h.size, ones, region.household_size, mine),
            "household_size_poor": deviation(population, h.size, ones, region.household_size_poor, mine & poor),
            "school_age_share": deviation(population, h.children, h.size, region.school_age_share, mine),
            "out_of_school": deviation(
                population, (1 - h.in_school) * h.children, h.children, region.out_of_school, mine
            ),
            "low_literacy_poor": deviation(population, h.literacy < 0.4, ones, region.low_literacy_poor, mine & poor),
            "female_head": deviation(population, h.female_head, ones, region.female_head, mine),
        }
        assert all(abs(z) < LIMIT for z in checks.values()), (region.name, checks)


@pytest.mark.parametrize("name", ["medan_urban", "interior_adat"])
def test_schooling_and_illiteracy_of_single_adults_are_the_published_ones(name):
    # with one adult a household the best and the least educated adult are the person that tables count
    one = place(name).override({"adults": 1.0})
    population = synthetic(one, households=COUNT, seed=12, replicate=0)
    h, ones = population.households, np.ones(population.count)
    assert abs(deviation(population, h.schooling_years, ones, one.regions[0].schooling_mean)) < LIMIT
    assert abs(deviation(population, h.literacy < 0.15, ones, one.regions[0].illiteracy)) < LIMIT


def test_certificates_of_single_adults_follow_the_national_table():
    country = place("medan_urban").override({"adults": 1.0, "schooling_mean": 9.0315})  # the table's own mean
    population = synthetic(country, households=COUNT, seed=13, replicate=0)
    years, ones = population.households.schooling_years, np.ones(population.count)
    published = {(0, 5): 0.1226, (6, 6): 0.2462, (9, 9): 0.2274, (12, 12): 0.3022, (14, 17): 0.1016}
    assert sum(((years >= low) & (years <= high)).mean() for low, high in published) == 1.0
    for (low, high), share in published.items():
        found = (years >= low) & (years <= high)
        assert abs(deviation(population, found, ones, share)) < LIMIT


@pytest.mark.parametrize("name", PRESETS)
def test_households_have_better_and_worse_adults_than_the_mean(populations, name):
    population = populations[name]
    h = population.households
    for region in place(name).regions:
        mine = in_region(population, region.name)
        assert region.schooling_mean + 0.5 < h.schooling_years[mine].mean() < region.schooling_mean + 3.0
        # at least one of 1.6 adults: more than one adult's chance, less than the sum
        assert region.illiteracy < (h.literacy[mine] < 0.15).mean() < 1.6 * region.illiteracy * 1.1


def test_poverty_gaps_of_north_sumatra_are_the_official_ones():
    # only the headcount and the body's spread are put in: P1 and P2 (March 2024) check the shape below the line
    population = synthetic(NORTH_SUMATRA, households=400_000, seed=14, replicate=0)
    h = population.households
    gap = np.clip(1 - h.consumption, 0, None)
    assert abs(deviation(population, h.size * gap, h.size, 0.01227)) < LIMIT
    assert abs(deviation(population, h.size * gap**2, h.size, 0.00302)) < LIMIT


@pytest.mark.parametrize(
    ("one", "published", "tolerance"),
    [
        (NORTH_SUMATRA, 0.297, 0.008),
        (place("indonesia"), 0.379, 0.015),
        # urban consumption and its Pareto tail are heavy: the sample Gini itself moves by about 0.005
        (place("medan_urban").override({"body_sigma": 0.4271, "tail_quantile": 0.5, "tail_alpha": 1.86}), 0.399, 0.015),
        (place("rural_road").override({"body_sigma": 0.3853, "tail_quantile": 0.56, "tail_alpha": 2.39}), 0.306, 0.010),
    ],
    ids=["North Sumatra", "Indonesia", "Indonesia urban", "Indonesia rural"],
)
def test_gini_of_persons_is_the_published_one(one, published, tolerance):
    h = synthetic(one, households=400_000, seed=15, replicate=0).households
    assert gini(h.consumption, h.size) == pytest.approx(published, abs=tolerance)


def test_share_of_the_poorest_forty_percent_is_known_to_come_out_high():
    # official, September 2024: 18.41 %; it was not fitted, and the body with its tail gives about 19.9 %. A tail
    # that brought both the Gini and this share would need a third part between body and tail.
    h = synthetic(place("indonesia"), households=400_000, seed=16, replicate=0).households
    found = share_of_poorest(h.consumption, h.size, 0.4)
    assert 0.1841 < found < 0.1841 + 0.02


def test_no_household_is_beyond_the_highest_rank(populations):
    # rank 0.9999 of persons: x (0.38/0.0001)**0.4 above the start of the tail
    top = populations["medan_urban"].households.consumption
    assert (top == top.max()).sum() > 1
    assert top.max() < 60


def test_regions_of_a_mixed_place_have_their_shares(populations):
    population = populations["indonesia"]
    for region in place("indonesia").regions:
        lived = in_region(population, region.name).mean()
        assert lived == pytest.approx(region.share, abs=0.02)


def test_more_subdistricts_bring_the_mix_closer():
    def worst(households):
        whole = layout(place("indonesia"), households=households, seed=1, replicate=0)
        count = np.diff(whole.first_household[whole.first_village])
        lived = np.bincount(whole.region, count, minlength=5) / households
        return np.abs(lived - [one.share for one in place("indonesia").regions]).max()

    assert worst(20_000_000) < 0.002
    assert worst(1_000_000) < 0.01


def test_welfare_is_standard_normal_and_villages_hold_their_share_of_it(populations):
    population = populations["medan_urban"]
    z, village = population.households.welfare_score.astype(float), population.households.village
    count = np.bincount(village)
    mean = np.bincount(village, z) / count
    within = ((z - mean[village]) ** 2).sum() / (z.size - count.size)
    # between-village variance less what sampling of households adds to it
    between = np.var(mean[count > 50]) - within * np.mean(1 / count[count > 50])
    assert z.mean() == pytest.approx(0.0, abs=0.01)
    assert z.std() == pytest.approx(1.0, abs=0.01)
    assert between == pytest.approx(0.12, abs=0.01)
    for probability, quantile in ((0.01, -2.3263), (0.25, -0.6745), (0.5, 0.0), (0.9, 1.2816), (0.999, 3.0902)):
        error = 3 * np.sqrt(probability * (1 - probability) / 20_000)
        assert (z < quantile).mean() == pytest.approx(probability, abs=error)


def test_poor_households_are_larger_less_schooled_less_literate_and_their_children_less_often_in_school(populations):
    for population in populations.values():
        h = population.households
        poor, parents = h.consumption < 1, h.children > 0
        assert h.size[poor].mean() > h.size[~poor].mean() + 0.3
        assert h.schooling_years[poor].mean() < h.schooling_years[~poor].mean() - 1
        assert h.literacy[poor].mean() < h.literacy[~poor].mean() - 0.05
        assert h.in_school[poor & parents].mean() < h.in_school[~poor & parents].mean() - 0.02


def test_more_schooling_goes_with_more_literacy_but_does_not_decide_it(populations):
    h = populations["rural_road"].households
    correlation = np.corrcoef(h.schooling_years, h.literacy)[0, 1]
    assert 0.4 < correlation < 0.8


@given(
    rate=st.floats(0.03, 0.35),
    size=st.floats(3.2, 5.5),
    ratio=st.floats(1.0, 1.35),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=25)
def test_headcount_of_persons_is_met_for_any_figures(rate, size, ratio, seed):
    figures = {
        "poverty_rate": rate,
        "household_size": size,
        "household_size_poor": size * ratio,
        "low_literacy_poor": 0.6,
    }
    population = synthetic(place("medan_urban").override(figures), households=30_000, seed=seed, replicate=0)
    h = population.households
    poor = h.consumption < 1
    # 5.5 standard errors: one of the 50 checks fails by chance in fewer than one run in 400,000
    assert abs(deviation(population, h.size * poor, h.size, rate)) < 5.5
    assert abs(deviation(population, h.size, poor, size * ratio, poor)) < 5.5


# --- addresses -----------------------------------------------------------------------------------------------------


def assert_same(small: Population, large: Population) -> None:
    """`small` is bit for bit the beginning of `large`."""
    n, villages = small.count, small.villages.village_id.size
    for name in (*COLUMNS, "household_id", "village"):
        a, b = getattr(small.households, name), getattr(large.households, name)[:n]
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes(), name
    for name in ("village_id", "subdistrict", "region"):
        assert getattr(small.villages, name).tobytes() == getattr(large.villages, name)[:villages].tobytes(), name
    assert small.villages.context.tobytes() == large.villages.context[:, :villages].tobytes()
    subdistricts = small.subdistrict_id.size
    np.testing.assert_array_equal(small.subdistrict_id, large.subdistrict_id[:subdistricts])


@pytest.mark.parametrize("name", PRESETS)
def test_a_larger_population_only_adds(name):
    large = synthetic(place(name), households=30_000, seed=3, replicate=1)
    for count in (1, 7, 299, 2_999, 3_000, 3_001, 29_999):
        assert_same(synthetic(place(name), households=count, seed=3, replicate=1), large)


@given(count=st.integers(1, 40_000), more=st.integers(1, 40_000), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_adding_any_number_changes_nobody(count, more, seed):
    one = place("indonesia")
    assert_same(
        synthetic(one, households=count, seed=seed, replicate=0),
        synthetic(one, households=count + more, seed=seed, replicate=0),
    )


@pytest.mark.parametrize("name", ["indonesia", "medan_urban"])
def test_any_subdistrict_can_be_made_alone(name):
    one = place(name)
    whole = synthetic(one, households=40_000, seed=5, replicate=9)
    subdistrict = whole.villages.subdistrict[whole.households.village]
    represented = 0.0
    for s in range(whole.subdistrict_id.size):
        part = synthetic_range(one, first_subdistrict=s, subdistricts=1, households=40_000, seed=5, replicate=9)
        mine, villages = subdistrict == s, whole.villages.subdistrict == s
        for column_name in (*COLUMNS, "household_id"):
            found = getattr(part.households, column_name).tobytes()
            assert found == getattr(whole.households, column_name)[mine].tobytes()
        assert part.villages.context.tobytes() == np.ascontiguousarray(whole.villages.context[:, villages]).tobytes()
        np.testing.assert_array_equal(part.villages.village_id, whole.villages.village_id[villages])
        assert part.subdistrict_id.tolist() == [s]
        assert set(part.villages.subdistrict) == {0}
        assert part.households.village[0] == 0
        represented += part.represents
    assert represented == pytest.approx(one.households)


def philox_in_python(counter, key):
    """Philox4x32-10 in Python integers."""
    c, k, mask = list(counter), list(key), 0xFFFFFFFF
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & mask, (a >> 32) ^ c[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def test_a_household_depends_on_its_own_address_alone():
    # whether a woman heads it is one draw of the household: computed here from the address, in another language
    made = synthetic(place("medan_urban"), households=3_000, seed=77, replicate=5).households
    group, word = divmod(int(Stream.FEMALE_HEAD), 4)
    for who in (0, 1, 2, 299, 300, 2_999):
        words = philox_in_python((who, int(Kind.HOUSEHOLD) << 24, TRAITS & 0xFFFFFFFF, group), (77, 5))
        uniform = words[word] / 2**32
        assert abs(uniform - 0.15) > 1e-6
        assert made.female_head[who] == float(uniform < 0.15)
    assert 0 < made.female_head.mean() < 1


def test_seeds_and_replicates_give_other_households():
    one = place("medan_urban")
    a, b, c = (
        synthetic(one, households=20_000, seed=seed, replicate=replicate).households.welfare_score
        for seed, replicate in ((1, 0), (1, 1), (2, 0))
    )
    for x, y in ((a, b), (a, c), (b, c)):
        assert abs(np.corrcoef(x, y)[0, 1]) < 0.15  # village effects of few villages may coincide a little


def test_the_same_request_gives_the_same_bits():
    one = place("indonesia")
    assert_same(
        synthetic(one, households=5_000, seed=8, replicate=0), synthetic(one, households=5_000, seed=8, replicate=0)
    )


# --- form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_populations_keep_the_contract_of_the_engine(populations, name):
    population = populations[name]
    h, v = population.households, population.villages
    assert population.count == COUNT
    assert population.represents == place(name).households
    np.testing.assert_array_equal(h.household_id, np.arange(COUNT))
    np.testing.assert_array_equal(v.village_id, np.arange(v.village_id.size))
    assert set(np.unique(np.diff(h.village))) <= {0, 1}
    assert set(np.unique(np.diff(v.subdistrict))) <= {0, 1}
    assert h.village[-1] == v.village_id.size - 1
    assert v.subdistrict[-1] == population.subdistrict_id.size - 1
    for s in range(population.subdistrict_id.size):
        assert np.unique(v.region[v.subdistrict == s]).size == 1
    for column_name in COLUMNS:
        values = getattr(h, column_name)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        if column_name not in {"welfare_score", "illness"}:
            assert values.min() >= column(column_name).lower
            assert values.max() <= column(column_name).upper
    assert (h.children < h.size).all()
    assert (h.illness == -1).all()
    assert (h.in_school[h.children == 0] == 1).all()
    assert np.isfinite(v.context).all()


@pytest.mark.parametrize("name", PRESETS)
def test_villages_carry_the_traits_of_their_region_type(populations, name):
    v = populations[name].villages
    for region in place(name).regions:
        mine = v.region == region.index
        assert np.unique(v.context[VILLAGE_ROW["line"], mine]).tolist() == [region.poverty_line]
        for trait in ("wage_supply", "shock_hazard", "rural", "outsider_trust"):
            np.testing.assert_allclose(v.context[VILLAGE_ROW[trait], mine], region.type.trait(trait), rtol=1e-6)
        pace = v.context[VILLAGE_ROW["pace"], mine]
        assert pace.min() >= 0.3
        assert np.median(pace) == pytest.approx(region.type.trait("pace"), rel=0.05)
        assert pace.std() > 0


@pytest.mark.parametrize("name", PRESETS)
def test_signal_and_custom_differ_between_villages_by_their_shares(populations, name):
    v = populations[name].villages
    signal, adat, health = (v.context[VILLAGE_ROW[trait]] for trait in ("signal", "adat", "health_access"))
    assert set(np.unique(signal)) | set(np.unique(adat)) <= {0.0, 0.5, 1.0}
    for region in place(name).regions:
        mine = v.region == region.index
        none, weak = region.type.drawn_by("signal")
        strong, mixing = region.type.drawn_by("adat")
        mean, spread = region.type.drawn_by("health_access")
        # even sequences: n villages miss a share by a few in n, not by its square root
        near = 6.0 / mine.sum()
        assert (signal[mine] == 0.0).mean() == pytest.approx(none, abs=near)
        assert (signal[mine] == 0.5).mean() == pytest.approx(weak, abs=near)
        assert (adat[mine] == 1.0).mean() == pytest.approx(strong, abs=near)
        assert (adat[mine] == 0.5).mean() == pytest.approx(mixing, abs=near)
        assert health[mine].mean() == pytest.approx(mean, abs=near * spread + 1e-3)
        assert health[mine].min() >= mean - spread - 1e-6
        assert health[mine].max() <= mean + spread + 1e-6
        assert health[mine].std() == pytest.approx(spread / 3**0.5, abs=0.3 * spread)


def test_shares_of_signal_are_met_exactly_in_expectation():
    # over many seeds each of the first villages is without signal with the region's own probability
    one = place("remote_islands")
    none = np.array(
        [
            synthetic(one, households=1500, seed=seed, replicate=0).villages.context[VILLAGE_ROW["signal"], :3] == 0
            for seed in range(1500)
        ]
    )
    # 3 x 1,500 draws, those of one seed tied to each other: 4.5 standard errors of independent seeds
    assert np.abs(none.mean(axis=0) - 0.18).max() < 4.5 * np.sqrt(0.18 * 0.82 / 1500)


def test_custom_signal_and_welfare_of_villages_are_unrelated():
    v = synthetic(place("remote_islands"), households=400_000, seed=5, replicate=0)
    mean = np.bincount(v.households.village, v.households.welfare_score) / np.bincount(v.households.village)
    rows = [v.villages.context[VILLAGE_ROW[trait]] for trait in ("signal", "adat", "health_access", "pace")]
    correlation = np.corrcoef([mean, *rows]) - np.eye(5)
    assert np.abs(correlation).max() < 0.09  # 4 standard errors of independent draws over 1,900 villages


def test_what_a_place_says_of_custom_moves_its_villages():
    none = place("rural_road").override(
        {"adat_strong": 0.0, "adat_mixing": 0.0, "signal_none": 1.0, "signal_weak": 0.0}
    )
    context = synthetic(none, households=20_000, seed=1, replicate=0).villages.context
    assert not context[VILLAGE_ROW["adat"]].any()
    assert not context[VILLAGE_ROW["signal"]].any()
    with pytest.raises(ParameterError, match=r"signal_none 0\.9 and signal_weak 0\.19 sum to more than 1"):
        synthetic(place("rural_road").override({"signal_none": 0.9}), households=10, seed=1, replicate=0)


def test_states_of_villages_start_at_zero(populations):
    context = populations["indonesia"].villages.context
    for one in VILLAGE:
        if one.role == "state":
            assert not context[VILLAGE_ROW[one.name]].any()


def test_villages_have_the_sizes_of_their_region_type():
    whole = layout(place("indonesia"), households=5_000_000, seed=4, replicate=0)
    size = np.diff(whole.first_household)
    region = np.repeat(whole.region, np.diff(whole.first_village))
    for position, one in enumerate(place("indonesia").regions):
        mine = size[region == position]
        assert np.median(mine) == pytest.approx(one.type.village_households, rel=0.03)
        assert np.log(mine).std() == pytest.approx(one.type.village_log_sd, rel=0.08)
        assert mine.min() >= 1


def test_a_country_of_households_is_laid_out_without_making_them():
    whole = layout(place("indonesia"), households=74_000_000, seed=1, replicate=0)
    assert whole.households == 74_000_000
    assert whole.subdistricts > 20_000
    last = synthetic_range(
        place("indonesia"),
        first_subdistrict=whole.subdistricts - 1,
        subdistricts=1,
        households=74_000_000,
        seed=1,
        replicate=0,
    )
    assert last.households.household_id[-1] == 73_999_999


def test_notes_say_what_was_made_and_how_close_the_mix_is():
    notes = synthetic(place("indonesia"), households=20_000, seed=1, replicate=0).notes
    assert notes[0].startswith("The 20,000 households are synthetic")
    assert "standing for 74,000,000 households" in notes[0]
    assert any("in these 7 subdistricts" in note and "(of 40.0% in the place)" in note for note in notes)
    assert any("assumed correlations" in note for note in notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"households": 0}, "a population needs at least one household, found 0"),
        ({"seed": -1}, "seed must lie between 0 and 2**32 - 1, found -1"),
        ({"replicate": 2**32}, "replicate must lie between 0 and 2**32 - 1, found 4294967296"),
    ],
)
def test_impossible_requests_are_refused(change, message):
    with pytest.raises(SimulationError) as caught:
        synthetic(place("medan_urban"), **{"households": 10, "seed": 1, "replicate": 0, **change})
    assert str(caught.value) == message


def test_a_subdistrict_that_does_not_exist_is_refused():
    with pytest.raises(SimulationError, match="subdistricts 4 to 5 do not exist: 10 households of medan_urban"):
        synthetic_range(place("medan_urban"), first_subdistrict=4, subdistricts=2, households=10, seed=1, replicate=0)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (
            {"poverty_rate": 0.55, "tail_quantile": 0.5},
            "medan_urban, urban: poverty_rate must lie below tail_quantile, where the Pareto tail begins",
        ),
        (
            {"household_size": 2.0, "household_size_poor": 6.0},
            "medan_urban, urban: household_size 2 and household_size_poor 6 differ too much: the richest households "
            "would have less than one member",
        ),
        (
            {"illiteracy": 0.5},
            "medan_urban, urban: illiteracy 0.5 and low_literacy_poor 0.35 contradict each other: more households are "
            "illiterate than have a low literacy; raise low_literacy_poor",
        ),
        (
            {"school_age_share": 0.4, "household_size": 1.6, "household_size_poor": 1.6},
            "medan_urban, urban: school_age_share leaves no adult in a household",
        ),
    ],
)
def test_figures_that_contradict_each_other_are_refused(figures, message):
    with pytest.raises(ParameterError) as caught:
        synthetic(place("medan_urban").override(figures), households=10, seed=1, replicate=0)
    assert str(caught.value) == message
