"""Places and region types: figures, passports, and how they agree with the published tables."""

from __future__ import annotations

import copy
import csv
import re

import numpy as np
import pytest

from empowersim.engine.inputs import Travel
from empowersim.engine.synthetic import synthetic
from empowersim.engine.traits import body_mu
from empowersim.errors import ParameterError
from empowersim.parameters import parameters
from empowersim.parameters import places as module
from empowersim.parameters.places import (
    DRAWN,
    TRAITS,
    TRAVEL,
    figure_names,
    place,
    place_passports,
    places,
    region_passports,
    regions,
    survey_passports,
    travel,
)
from empowersim.schema import REGION_TYPES, VILLAGE, VILLAGE_ROW

PRESETS = ("indonesia", "interior_adat", "medan_urban", "peri_urban", "remote_islands", "rural_road")


def all_passports():
    found = {passport.name: passport for passport in (*region_passports(), *survey_passports())}
    for name in PRESETS:
        found |= {passport.name: passport for passport in place_passports(name)}
    return found.values()


def test_presets_are_the_promised_ones():
    assert tuple(places()) == PRESETS
    assert {name: [one.name for one in entry.regions] for name, entry in places().items()} == {
        "indonesia": list(REGION_TYPES),
        "interior_adat": ["interior"],
        "medan_urban": ["urban"],
        "peri_urban": ["peri_urban"],
        "remote_islands": ["small_island"],
        "rural_road": ["rural_road"],
    }


def test_every_figure_has_a_complete_passport_within_its_bounds():
    for passport in all_passports():
        assert passport.unit, passport
        assert passport.meaning, passport
        assert passport.source, passport
        assert passport.confidence in {"A", "B", "C"}, passport
        for value in np.atleast_1d(passport.value):
            assert passport.lower <= value <= passport.upper, passport
        if passport.confidence == "C":
            assert not passport.source.startswith("well known"), passport


def test_figures_called_read_name_an_address_of_the_evidence_or_a_computation(shared):
    with (shared / "evidence" / "indonesia_context.csv").open(encoding="utf-8", newline="") as stream:
        known = " ".join(row["source"] for row in csv.DictReader(stream))
    checked = 0
    for passport in all_passports():
        if passport.confidence != "A" or passport.source.startswith("computed"):
            continue
        (address,) = re.findall(r"https://[^\s;,)]+", passport.source)
        assert address in known, passport
        checked += 1
    assert checked > 15


@pytest.mark.parametrize(
    ("region", "figure", "key", "where", "scale"),
    [
        ("medan_urban.urban", "poverty_rate", "poverty_rate", "Medan", 100),
        ("peri_urban.peri_urban", "poverty_rate", "poverty_rate", "North Sumatra urban", 100),
        ("rural_road.rural_road", "poverty_rate", "poverty_rate", "North Sumatra rural", 100),
        ("indonesia.urban", "poverty_rate", "poverty_rate", "Indonesia urban", 100),
        ("indonesia.urban", "poverty_line", "poverty_line_pc_month_urban", "Indonesia urban", 1),
        ("indonesia.rural_road", "poverty_line", "poverty_line_pc_month_rural", "Indonesia rural", 1),
        ("indonesia.interior", "household_size_poor", "household_size_poor_mean", "Indonesia", 1),
        ("indonesia.urban", "body_sigma", "lnpareto_body_sigma", "Indonesia urban", 1),
        ("indonesia.small_island", "tail_alpha", "lnpareto_tail_alpha", "Indonesia rural", 1),
        ("medan_urban.urban", "body_sigma", "lnpareto_body_sigma", "North Sumatra", 1),
        ("peri_urban.peri_urban", "schooling_mean", "mean_years_schooling_25plus", "North Sumatra", 1),
    ],
)
def test_figures_equal_the_latest_row_of_the_evidence(shared, region, figure, key, where, scale):
    with (shared / "evidence" / "indonesia_context.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["key"] == key and row["place"] == where]
    # the presets are those of 2024 (March where there is a month); older years are kept for validation
    row = max((row for row in rows if row["year"] <= "2024-03"), key=lambda row: row["year"])
    name, kind = region.split(".")
    assert getattr(place(name).region(kind), figure) * scale == pytest.approx(float(row["value"]), rel=1e-9)


def test_travel_figures_are_those_of_the_design_table(shared):
    lines = (shared / "design" / "domain.md").read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| Region | Round trip h"))
    rows = [
        [cell.strip().replace(",", "") for cell in line.strip("|").split("|")] for line in lines[start + 2 : start + 7]
    ]
    made = Travel(**travel())
    assert tuple(row[0] for row in rows) == REGION_TYPES
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    columns = TRAVEL[:-1]
    np.testing.assert_array_equal(table, np.array([getattr(made, name) for name in columns]).T)
    assert made.signal_factor == (1.0, 1.0, 1.1, 1.3, 1.3)


NEUTRAL = {"regular_work": 1.0, "distant_work": 0.0, "own_food": 0.0, "asset_shift": 0.0}
"""Traits that only the virtual trials set; a place of the library has these values."""


def test_traits_are_all_traits_of_a_village_but_the_line():
    assert {*TRAITS, *DRAWN, *NEUTRAL, "line"} == {one.name for one in VILLAGE if one.role == "trait"}
    assert not set(TRAITS) & set(DRAWN)
    assert not set(NEUTRAL) & {*TRAITS, *DRAWN}


@pytest.mark.parametrize("name", PRESETS)
def test_traits_of_studies_are_neutral_in_every_place(name):
    context = synthetic(place(name), households=2000, seed=3, replicate=0).villages.context
    assert context.shape[1] >= 1
    assert {trait: set(context[VILLAGE_ROW[trait]].tolist()) for trait in NEUTRAL} == {
        trait: {value} for trait, value in NEUTRAL.items()
    }


def test_subdistricts_of_every_region_type_are_convenient_units_of_work():
    for region in regions().values():
        assert 2000 <= region.villages * region.village_households <= 4000, region


def test_customary_communities_are_the_most_strongly_governed_by_custom():
    shares = {name: np.mean([one.type.drawn_by("adat")[0] for one in place(name).regions]) for name in PRESETS}
    assert max(shares, key=shares.get) == "interior_adat"
    assert shares["medan_urban"] == 0
    # the missing language is counted once, by the rule of first trust, not a second time in the place
    assert place("interior_adat").region("interior").type.trait("outsider_trust") == 0.15


def test_pay_is_measured_against_the_minimum_wages_that_were_read(shared):
    with (shared / "evidence" / "indonesia_context.csv").open(encoding="utf-8", newline="") as stream:
        rows = {
            row["place"]: float(row["value"])
            for row in csv.DictReader(stream)
            if row["key"] == "minimum_wage_month" and row["year"] == "2024"
        }
    assert place("medan_urban").regions[0].minimum_wage == rows["Medan"] == 3_769_082
    for name in ("peri_urban", "rural_road", "interior_adat", "remote_islands"):
        assert place(name).regions[0].minimum_wage == rows["North Sumatra"] == 2_809_915


VILLAGES = {"urban": 0.1, "peri_urban": 0.1, "rural_road": 0.68, "interior": 0.08, "small_island": 0.04}
"""Assumed shares of the country's 84,276 villages and wards: nine of ten are rural."""


def test_signals_of_all_villages_come_to_the_published_shares():
    types = regions()
    none, weak = (sum(share * types[name].drawn_by("signal")[k] for name, share in VILLAGES.items()) for k in range(2))
    assert none == pytest.approx(0.037, abs=0.002)
    assert weak == pytest.approx(0.1752, abs=0.005)


def test_persons_in_customary_communities_come_to_the_claimed_number():
    # more than 40 million of about 280 million persons
    country = place("indonesia").regions
    assert sum(one.share * sum(one.type.drawn_by("adat")) for one in country) == pytest.approx(40 / 280, abs=0.01)


def test_thefts_of_the_country_come_to_the_reported_crimes():
    p = parameters()
    a_year = sum(
        12
        * one.share
        * one.type.trait("theft_hazard")
        * (1 + float(p.theft_per_poverty) * one.poverty_rate)
        * (1 - float(p.theft_prevented) * float(p.collective_start))
        / one.household_size
        for one in place("indonesia").regions
    )
    assert 100_000 * a_year == pytest.approx(214, rel=0.05)


def test_the_country_adds_up_to_its_published_totals():
    country = place("indonesia").regions

    def mean(figure, *names):
        chosen = [one for one in country if one.name in names]
        return np.average([getattr(one, figure) for one in chosen], weights=[one.share for one in chosen])

    urban, rural = ("urban", "peri_urban"), ("rural_road", "interior", "small_island")
    assert sum(one.share for one in country if one.name in urban) == pytest.approx(0.588, abs=1e-9)
    assert mean("poverty_rate", *urban) == pytest.approx(0.0709, abs=5e-5)
    assert mean("poverty_rate", *rural) == pytest.approx(0.1179, abs=5e-5)
    assert mean("poverty_rate", *urban, *rural) == pytest.approx(0.0903, abs=2e-4)
    assert mean("schooling_mean", *urban, *rural) == pytest.approx(8.77, abs=0.05)
    assert mean("illiteracy", *rural) == pytest.approx(0.054, abs=0.001)


@pytest.mark.parametrize(
    ("rate", "line", "sigma", "fitted"),
    [
        (0.0799, 642423, 0.3929, 13.9254),  # North Sumatra
        (0.0903, 582932, 0.4077, 13.8217),  # Indonesia
        (0.0709, 601871, 0.4271, 13.9353),  # Indonesia, urban
        (0.1179, 556874, 0.3853, 13.6869),  # Indonesia, rural
    ],
)
def test_the_shift_that_meets_the_headcount_is_the_published_fit(rate, line, sigma, fitted):
    figures = {"poverty_rate": rate, "poverty_line": line, "body_sigma": sigma}
    region = place("medan_urban").override(figures).regions[0]
    assert body_mu(region) == pytest.approx(fitted, abs=0.002)


def test_override_changes_one_figure_of_one_region_and_leaves_the_preset():
    before = copy.deepcopy(place("indonesia"))
    changed = place("indonesia").override({"poverty_rate": 0.3}, "interior")
    assert changed.region("interior").poverty_rate == 0.3
    assert changed.region("urban") == before.region("urban")
    assert place("indonesia") == before


def test_override_reaches_every_kind_of_figure():
    changed = place("medan_urban").override(
        {"households": 5000, "pace": 0.5, "villages": 4, "village_households": 80, "village_variance_share": 0.3}
    )
    assert changed.households == 5000
    assert changed.regions[0].type.trait("pace") == 0.5
    assert (changed.regions[0].type.villages, changed.regions[0].type.village_households) == (4, 80)
    assert changed.relations.village_variance_share == 0.3
    for name in figure_names():
        assert name != "share"


@pytest.mark.parametrize(
    ("figures", "region", "message"),
    [
        ({"poverty_rat": 0.1}, None, "no figure of a place is called poverty_rat; did you mean poverty_rate?"),
        ({"zzz": 0.1}, None, "no figure of a place is called zzz"),
        (
            {"poverty_rate": 0.7},
            None,
            "poverty_rate = 0.7 share of persons lies outside its bounds 0.001 to 0.6",
        ),
        ({"poverty_rate": 0.1}, "interior", "medan_urban has no region type interior; it has urban"),
        ({"share": 0.5}, None, "share cannot be changed alone: the shares of the region types sum to 1"),
        (
            {"poverty_rate": float("nan")},
            None,
            "poverty_rate = nan share of persons lies outside its bounds 0.001 to 0.6",
        ),
    ],
)
def test_wrong_overrides_say_what_is_wrong(figures, region, message):
    with pytest.raises(ParameterError) as caught:
        place("medan_urban").override(figures, region)
    assert str(caught.value) == message


def test_an_unknown_place_gets_the_nearest_name_or_the_list():
    with pytest.raises(ParameterError, match=r"no place is called medan_urbn; did you mean medan_urban\?"):
        place("medan_urbn")
    with pytest.raises(ParameterError, match="the places are indonesia, interior_adat, medan_urban"):
        place("atlantis")


def _entry():
    return copy.deepcopy(module._place_files()["indonesia"])


def test_a_broken_place_file_is_refused():
    entry = _entry()
    entry["regions"]["urban"]["share"]["value"] = 0.5
    with pytest.raises(
        ParameterError, match=r"places/test\.yaml: the shares of the region types sum to 1\.1, not to 1"
    ):
        module._place("test", entry)
    entry = _entry()
    del entry["regions"]["interior"]["illiteracy"], entry["regions"]["interior"]["body_sigma"]
    with pytest.raises(ParameterError, match=r"places/test\.yaml: interior lacks body_sigma, illiteracy"):
        module._place("test", entry)
    entry = _entry()
    entry["regions"]["interior"]["poverty_rate"]["value"] = 9.03  # percent instead of a share
    with pytest.raises(ParameterError, match=r"poverty_rate = 9\.03 share of persons lies outside its bounds"):
        module._place("test", entry)
