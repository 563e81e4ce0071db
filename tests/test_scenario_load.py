"""Merging, extending, starting from each other, digests."""

from __future__ import annotations

from pathlib import Path

import pytest

from empowersim.scenario import library
from empowersim.scenario.document import merge, parse, strip_passports
from empowersim.scenario.fields import plain
from empowersim.scenario.load import load, loads

ROOT = Path(__file__).parents[1]
DEFINITIONS = {"label", "meaning", "priority", "per_child", "once", "rule", "eligible", "rotation"} | {
    *("local", "resident", "refresher", "coaching", "peer_group", "permanent", "handover", "coordination", "dynamics")
}
SMALL = """\
empowersim: 1
name: small
title: {en: Small, id: Kecil}
base:
  world: {place: medan_urban, households: 600 thousand}
  simulation: {households: 1000, months: 12, burn_in: 6 months, replicates: 2, seed: 7}
  parameters: {practice_ramp: 0.03}
policies:
  none: {}
  skills:
    label: {en: Skills, id: Keterampilan}
    programmes:
      skills_training: {budget: 8.36 billion IDR/year, take_up: 50 %}
  both:
    like: skills
    programmes:
      adult_literacy: {places: 400 places/year}
    mentors: {count: 12}
"""


def merged(under: str, over: str) -> object:
    problems: list = []
    first, second = parse(under, "u", problems), parse(over, "o", problems)
    assert first is not None
    assert second is not None
    assert not problems
    return plain(merge(first, second))


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        ("{a: {b: 1, c: 2}}", "{a: {c: 3, d: 4}}", {"a": {"b": 1, "c": 3, "d": 4}}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{a: {b: 1}}", "{a: 2}", {"a": 2}),
        ("{a: 2}", "{a: {b: 1}}", {"a": {"b": 1}}),
        ("{a: {b: 1, c: 2}}", "{a: {b: null}}", {"a": {"c": 2}}),
        ("{a: {b: 1}, c: 2}", "{a: ~}", {"c": 2}),
        ("{budget: 1, take_up: 2}", "{places: 3}", {"take_up": 2, "places": 3}),
        ("{places: 1}", "{budget_idr_per_year: 3}", {"budget_idr_per_year": 3}),
        ("{duration: 2 months}", "{duration_months: 3}", {"duration_months": 3}),
        ("{duration_months: 3}", "{duration: 2 months}", {"duration": "2 months"}),
        ("{cost_per_place: 1, cost_per_month: 2}", "{cost_per_month: 3}", {"cost_per_place": 1, "cost_per_month": 3}),
        ("{training: 1, training_hours: 2}", "{training_hours: 3}", {"training": 1, "training_hours": 3}),
    ],
)
def test_merge(under: str, over: str, result: object) -> None:
    assert merged(under, over) == result


def test_passports_are_taken_off_and_kept() -> None:
    problems: list = []
    node = parse("take_up: {value: 40 %, bounds: [20 %, 70 %], confidence: C, source: assumed}", "x", problems)
    assert node is not None
    leaf = (strip_passports(node).entries or {})["take_up"]
    assert leaf.text == "40 %"
    assert leaf.passport is not None
    assert (leaf.passport.source, leaf.passport.confidence, leaf.passport.bounds) == ("assumed", "C", ("20 %", "70 %"))


def test_small_scenario() -> None:
    scenario = loads(SMALL)
    assert scenario.name == "small"
    assert scenario.title == {"en": "Small", "id": "Kecil"}
    assert scenario.reference == "none"
    settings = scenario.settings
    assert (settings.households, settings.months, settings.burn_in, settings.replicates, settings.seed) == (
        1000,
        12,
        6,
        2,
        7,
    )
    assert settings.discount_rate == 0.03
    assert scenario.parameters == {"practice_ramp": 0.03}
    assert scenario.price_year == 2024
    assert list(scenario.policies) == ["none", "skills", "both"]
    assert scenario.labels["skills"] == {"en": "Skills", "id": "Keterampilan"}
    assert scenario.labels["none"] == {"en": "None", "id": "None"}


def test_a_world_smaller_than_the_default_slice_is_simulated_whole() -> None:
    text = SMALL.replace("600 thousand", "700").replace("households: 1000, months", "months")
    assert loads(text).settings.households == 700
    assert loads(SMALL.replace("households: 1000, months", "months")).settings.households == 20_000


def test_like_inherits_programmes_but_not_the_label() -> None:
    both = loads(SMALL).policies["both"]
    assert [programme.name for programme in both.programmes] == ["adult_literacy", "skills_training"]
    assert both.programmes[1].take_up == 0.5
    assert both.label["en"] == "Both"
    assert both.mentors.count == 12


def test_null_takes_a_programme_away() -> None:
    scenario = loads(SMALL + "  literacy_only:\n    like: both\n    programmes: {skills_training: null}\n")
    assert [one.name for one in scenario.policies["literacy_only"].programmes] == ["adult_literacy"]


def test_programmes_of_base_run_in_every_policy_unless_taken_away() -> None:
    text = SMALL.replace("policies:", "  programmes: {cash_transfer: {places: 10 places/year}}\npolicies:", 1)
    scenario = loads(text + "  bare: {programmes: {cash_transfer: null}}\n  empty: {programmes: null}\n")
    names = {name: [one.name for one in policy.programmes] for name, policy in scenario.policies.items()}
    assert names["none"] == ["cash_transfer"]
    assert names["skills"] == ["cash_transfer", "skills_training"]
    assert names["bare"] == names["empty"] == []


def test_places_of_a_policy_take_back_the_budget_it_starts_from() -> None:
    text = SMALL + "  fewer: {like: skills, programmes: {skills_training: {places_per_month: 5}}}\n"
    (programme,) = loads(text).policies["fewer"].programmes
    assert programme.budget is None
    assert programme.places_per_year == 60


def test_extends(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "deep" / "middle.yaml").write_text("extends: ../small.yaml\nbase: {simulation: {months: 24}}\n")
    child = tmp_path / "child.yaml"
    child.write_text("extends: deep/middle.yaml\nname: child\nreference: skills\npolicies: {both: null}\n")
    scenario = load(child)
    assert scenario.name == "child"
    assert scenario.settings.months == 24
    assert scenario.settings.seed == 7
    assert list(scenario.policies) == ["none", "skills"]
    assert scenario.reference == "skills"


def test_digest_does_not_see_formatting() -> None:
    reordered = """\
# a comment
name: small
reference: none
policies:
  both: {like: skills, mentors: {count: 12.0}, programmes: {adult_literacy: {places_per_year: 400}}}
  skills:
    note: a remark
    programmes: {skills_training: {take_up: 0.5, budget: "Rp 8,36 miliar/tahun"}}
  none: {}
base:
  parameters: {practice_ramp: 3e-2}
  simulation: {seed: 7, replicates: 2, burn_in_months: 6, months: 1 year, households: "1.000"}
  world: {households: 600000, place: medan_urban}
empowersim: 1
"""
    assert loads(reordered).digest == loads(SMALL).digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("seed: 7", "seed: 8"),
        ("months: 12", "months: 13"),
        ("600 thousand", "601 thousand"),
        ("practice_ramp: 0.03", "practice_ramp: 0.031"),
        ("take_up: 50 %", "take_up: 51 %"),
        ("8.36 billion", "8.37 billion"),
        ("count: 12", "count: 13"),
        ("medan_urban", "peri_urban"),
    ],
)
def test_digest_sees_every_change_of_content(before: str, after: str) -> None:
    assert before in SMALL
    assert loads(SMALL.replace(before, after)).digest != loads(SMALL).digest


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load(path).digest == loads(SMALL).digest


def test_programme_defined_only_in_the_file() -> None:
    text = SMALL.replace(
        "policies:",
        """define:
  circle:
    label: {en: Savings circle, id: Kelompok tabungan}
    eligible:
      {consumption: {at_most: 1.2 lines}, female_head: {is: yes}, schooling_years: {at_least: 3, at_most: 9 years}}
    take_up: 40 %
    duration: 1 year
    gives: {business: 0.6 courses, saving: 5 % of income}
    cost_per_month: Rp 30 ribu/bulan
  big_circle: {like: circle, duration: 2 years}
policies:""",
        1,
    )
    text += "  circles: {programmes: {circle: {budget: 360 million IDR/year}, big_circle: {places: 5 places/year}}}\n"
    big, circle = loads(text).policies["circles"].programmes
    assert [(one.column, one.low, one.high, one.observed) for one in circle.conditions] == [
        ("schooling_years", 3.0, 9.0, False),
        ("female_head", 1.0, 1.0, False),
        ("consumption", -float("inf"), 1.2, True),
    ]
    assert circle.unit_cost == 360_000
    assert circle.places_per_year == 1000
    assert (big.duration, big.unit_cost, big.take_up) == (24, 720_000, 0.4)
    assert circle.priority == "lottery"


def test_every_library_programme_is_sound_and_bilingual() -> None:
    assert {"skills_training", "adult_literacy", "scholarship_tutoring", "health_education"} <= set(library.names())
    lines = "".join(f"  p_{name}: {{programmes: {{{name}: {{places: 12 places/year}}}}}}\n" for name in library.names())
    scenario = loads("empowersim: 1\nname: all\nbase: {world: {place: medan_urban}}\npolicies:\n" + lines)
    for name in library.names():
        (programme,) = scenario.policies[f"p_{name}"].programmes
        assert programme.label["en"] != programme.label["id"]
        assert programme.meaning
        assert programme.gives


def test_every_library_number_has_a_passport_and_lies_within_its_bounds() -> None:
    from empowersim.scenario.document import walk
    from empowersim.scenario.units import number, split

    figures = 0
    for name, node in {**library.programmes(), **library.community(), **library.mentor_types()}.items():
        for path, leaf in walk(node):
            if leaf.passport is None:
                # definitions and choices, not figures
                assert path.split(".")[0] in DEFINITIONS, (name, path)
                continue
            figures += 1
            assert leaf.passport.source, (name, path)
            assert leaf.passport.confidence in {"A", "B", "C"}, (name, path)
            low, value, high = (
                number(part.number, grouped=part.currency) * part.scale
                for part in map(split, (leaf.passport.bounds[0], leaf.text or "", leaf.passport.bounds[1]))
            )
            assert low <= value <= high, (name, path)
    assert figures > 300


@pytest.mark.parametrize(
    "name", ["medan", "remote-islands", "survey-vietnam", "mentors-or-courses", "mentors-or-courses-islands"]
)
def test_shipped_scenarios_load(name: str) -> None:
    scenario = load(ROOT / "scenarios" / f"{name}.yaml")
    assert scenario.reference == "no_programme"
    assert not scenario.policies["no_programme"].programmes
    for policy in scenario.policies.values():
        assert policy.label["en"] != policy.label["id"]
