"""Sentences that explain a scenario, differences, and the sources of what it uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from empowersim.parameters import passports
from empowersim.scenario.cite import FEATURES, NEEDS, NO_TRAP_ONLY, TRAP_ONLY, used_parameters
from empowersim.scenario.compile import doses
from empowersim.scenario.describe import describe, describe_difference, used_passports
from empowersim.scenario.load import load, loads
from empowersim.scenario.words import counted, listed, months, rupiah, share
from empowersim.schema import CHANNELS

ROOT = Path(__file__).parents[1]
SMALL = """\
empowersim: 1
name: small
title: A small comparison
base:
  world: {place: medan_urban, households: 600 thousand, poverty_line: 700 thousand IDR/person/month}
  simulation: {households: 1000, months: 36, burn_in: 6 months, replicates: 4, seed: 7}
  parameters: {practice_ramp: 0.03}
define:
  course:
    label: {en: Evening course, id: Kursus malam}
    eligible: {consumption: {at_most: 1.5 lines}, children: {at_least: 1 child}}
    priority: poorest_first
    take_up: 40 %
    drop_out: 2 %/month
    duration: 4 months
    gives: {business: 1 course, stipend: 100 thousand IDR/month, visits: 2 visits/month}
    cost_per_place: 1.6 million IDR
    cost_per_month: 25 thousand IDR/month
    overhead: 20 %
    intake_every: 2 months
policies:
  none: {}
  evening:
    label: {en: Evening courses, id: Kursus malam}
    programmes: {course: {budget: 2.52 billion IDR/year}}
    mentors: {count: 10, pay: 4 million IDR/month, training: 6 million IDR/year, hours: 140 hours, rule: poorest_first}
    runs_for: 24 months
"""
# a place: (1.6 + 4 x (0.025 + 0.1)) x 1.2 = 2.52 million; 2.52 billion a year = 1,000 places


RAMP = passports()["practice_ramp"].value


def test_sentences_of_a_small_scenario() -> None:
    lines = describe(loads(SMALL))
    assert lines[:6] == [
        "A small comparison (scenario small).",
        "The world stands for 600,000 households of Medan (city), urban.",
        "The poverty line is Rp 700,000 a person a month in prices of 2024; about 7.94 % of persons are poor at the "
        "start.",
        "A run simulates 1,000 households for 3 years after 6 months of burn-in, in 4 futures (seed 7); later money is "
        "discounted at 3 % a year.",
        f"practice_ramp is 0.03 instead of {RAMP:g} (1/month): knowledge to practice.",
        "Policy none, the reference, has no programme and no mentor. It costs nothing.",
    ]
    assert lines[7] == (
        "  Evening course: 1,000 places a year: Rp 2.52 billion a year at Rp 2.52 million a place. "
        "Eligible: households with at least 1 child of school age and consumption of at most 1.5 poverty lines as "
        "the administration sees it; the poorest, as the administration sees them, come first. "
        "40 % of them accept, and 2 % leave each month. "
        "A place lasts 4 months and gives 1 standard business course, Rp 100,000 a month in cash and 2 mentor visits a "
        "month. "
        "It costs Rp 1.6 million once, Rp 25,000 a month for each household and what it pays out, and 20 % on top for "
        "administration. Intake every 2 months."
    )


def test_sentences_of_mentors_and_the_whole_policy() -> None:
    lines = describe(loads(SMALL))
    # 1,000 places of 4 months = 333 clients, 33.3 a post; each wants 2 visits, 5 a trip, Rp 20,000 a trip:
    # 333 x 2 / 5 x 20,000 x 12 = Rp 32 million a year; pay, other training and the course of 5 million a year:
    # (4 + 0.5) x 12 x 10 + 5 x 10 = Rp 590 million
    # 4 million x 75.6 % taken home for 140 hours is 3.24 million for 150, and 86 % of 3,769,082
    assert lines[8] == (
        "  Mentors: 10 full-time posts (contract mentor), Rp 4.92 million a month each with courses and supervision, "
        "140 hours a month; Rp 622 million a year with trips and sessions. The way to clients and back takes 0.6 "
        "hours. They take home 86 % of the minimum wage for full-time hours. They have a yearly course, but no "
        "coaching supervisors. Once all places are filled each has about 33.3 "
        "households to visit; the poorest, as the register has them, are visited first."
    )
    assert lines[6] == (
        "Policy evening (Evening courses) costs about Rp 3.14 billion a year. Everything stops after 2 years."
    )


def test_visits_without_mentors_are_pointed_out() -> None:
    text = SMALL.replace("    mentors: {count: 10", "    note: alone\n  with: {mentors: {count: 10").replace(
        "poorest_first}\n", "poorest_first}}\n"
    )
    text = text.replace("    runs_for: 24 months\n", "")
    lines = describe(loads(text))
    assert any("Nobody makes the visits" in line for line in lines)
    assert any("No programme of the policy asks for visits" in line for line in lines)


def test_terms_are_told_once() -> None:
    lines = describe(loads(SMALL + "  again: {programmes: {course: {places: 50 places/year}}}\n"))
    again = next(line for line in lines if "50 places" in line)
    assert (
        again == "  Evening course: 50 places a year at Rp 2.52 million a place, Rp 126 million a year. "
        "Terms as under evening."
    )


def test_difference_of_two_policies() -> None:
    text = SMALL + (
        "  cheaper:\n    like: evening\n"
        "    programmes: {course: {overhead: 10 %, take_up: 50 %, gives: {visits: null}}}\n"
        "    mentors: {resident: yes}\n    runs_for: null\n"
    )
    scenario = loads(text)
    lines = describe_difference(scenario.policies["evening"], scenario.policies["cheaper"])
    assert lines == [
        "course: places is 1,000 a year in the first and 1,091 a year in the second.",
        "course: cost of a place is Rp 2.52 million in the first and Rp 2.31 million in the second.",
        "course: take-up is 40 % in the first and 50 % in the second.",
        "course: overhead is 20 % in the first and 10 % in the second.",
        "course: visits is 2 in the first and not set in the other.",
        "mentors: pay is Rp 4.5 million a month in the first and Rp 5.75 million a month in the second.",
        "mentors: cost of a post is Rp 4.92 million a month with courses and supervision in the first and Rp 6.17 "
        "million a month with courses and supervision in the second.",
        "mentors: resident is no in the first and yes in the second.",
        "the first stops after 2 years, the second never.",
    ]
    assert describe_difference(scenario.policies["evening"], scenario.policies["none"]) == [
        "only the first runs course: 1,000 places a year, Rp 2.52 billion a year.",
        "only the first has mentors: 10 full-time posts of type contract.",
        "the first stops after 2 years, the second never.",
    ]
    assert describe_difference(scenario.policies["none"], scenario.policies["none"]) == []


def test_difference_of_two_files() -> None:
    first = loads(SMALL)
    second = loads(
        SMALL.replace("seed: 7", "seed: 8")
        .replace("practice_ramp: 0.03", "trap_speed: 0.2")
        .replace("count: 10", "count: 11")
        + "  more: {}\n"
    )
    assert describe_difference(first, second) == [
        "seed is 7 in the first and 8 in the second.",
        "practice_ramp is 0.03 in the first and not set in the other.",
        "trap_speed is 0.2 in the second and not set in the other.",
        "Policy evening: mentors: number is 10 full-time posts of type contract in the first and 11 full-time posts of "
        "type contract in the second.",
        "Policy more is only in the second.",
    ]
    assert describe_difference(first, first) == []
    with pytest.raises(TypeError):
        describe_difference(first, first.policies["none"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rupiah(60e9), "Rp 60 billion"),
        (rupiah(53.57e9), "Rp 53.6 billion"),
        (rupiah(999.6e6), "Rp 1 billion"),
        (rupiah(690_000), "Rp 690,000"),
        (rupiah(4_180_000.0000001), "Rp 4.18 million"),
        (rupiah(0), "Rp 0"),
        (months(1), "1 month"),
        (months(18), "18 months"),
        (months(24), "2 years"),
        (share(0.08474), "8.47 %"),
        (share(0.6), "60 %"),
        (counted(0.5, "course"), "0.5 courses"),
        (counted(1, "child", "children"), "1 child"),
        (counted(14354, "place"), "14,354 places"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (listed([]), ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert text == expected


# ---------------------------------------------------------------- sources


def test_names_of_the_table_exist() -> None:
    assert set(NEEDS) | set(TRAP_ONLY) | set(NO_TRAP_ONLY) <= set(passports())
    assert set().union(*NEEDS.values()) <= {*CHANNELS, *FEATURES}


def test_without_a_programme_no_parameter_of_a_programme_is_used() -> None:
    text = "empowersim: 1\nname: x\nbase: {world: {place: medan_urban}}\npolicies: {none: {}}\n"
    used = used_parameters(loads(text))
    assert "income_pass_through" in used
    assert not set(used) & set(NEEDS)
    assert not {cited.group for cited in used_passports(loads(text))} & {"programme", "mentors"}


def test_a_channel_brings_its_parameters_along() -> None:
    head = "empowersim: 1\nname: x\nbase: {world: {place: medan_urban}}\npolicies:\n"
    head += "  one: {programmes: {%s: {places: 1 places/year}}%s}\n"
    alone = used_parameters(loads(head % ("mentoring_only", "")))
    mentored = used_parameters(loads(head % ("mentoring_only", ", mentors: {count: 1}")))
    assert "trust_per_visit" not in alone  # nobody comes
    assert "trust_per_visit" in mentored
    assert "learning_per_tutoring" in used_parameters(loads(head % ("tutoring", "")))
    assert "learning_per_tutoring" not in mentored


def test_the_trap_switch_changes_the_rules_in_effect() -> None:
    off = set(used_parameters(loads(SMALL)))
    on = set(used_parameters(loads(SMALL.replace("poverty_line", "trap: yes, poverty_line"))))
    assert on - off == set(TRAP_ONLY)
    assert off - on == set(NO_TRAP_ONLY)


def test_sources_of_a_scenario() -> None:
    scenario = load(ROOT / "scenarios" / "medan.yaml")
    cited = used_passports(scenario)
    names = {(one.group, one.name) for one in cited}
    assert len(names) == len(cited)
    assert ("programme", "skills_training.cost_per_place") in names
    assert ("programme", "adult_literacy.targeting_noise") in names
    assert ("mentors", "contract.pay") in names
    assert ("mentors", "contract.allowance") not in names  # nobody is resident
    assert ("place", "medan_urban.urban.poverty_rate") in names
    assert ("region", "regions.round_trip_hours") in names
    assert not any(name.endswith((".budget", ".priority")) for _, name in names)
    assert {one.confidence for one in cited} == {"A", "B", "C"}
    assert all(one.source for one in cited)


def test_what_the_file_sets_is_cited_as_set_there() -> None:
    cited = {one.name: one for one in used_passports(loads(SMALL, "small.yaml"))}
    assert cited["practice_ramp"].value == "0.03"
    assert f"instead of {RAMP:g}" in cited["practice_ramp"].source
    assert cited["course.take_up"].source == "set in small.yaml, line 13"
    assert cited["medan_urban.poverty_line"].value == "700000"
    assert "medan_urban.urban.poverty_line" not in cited
    assert cited["contract.hours"].source == "set in small.yaml, line 26"


def test_policy_wide_visits_reach_every_programme() -> None:
    text = SMALL.replace("rule: poorest_first", "visits: 3 visits/month, sessions: 1 session/month")
    policy = loads(text).policies["evening"]
    given = doses(policy.programmes[0], policy.mentors)
    assert (given["visits"], given["sessions"], given["business"]) == (3.0, 1.0, 0.25)


@pytest.mark.parametrize(
    ("mentors", "said", "unsaid"),
    [
        ("{count: 10 posts, type: contract, visits: 2 visits/month}", "They have nobody to visit", "asks for visits"),
        ("{count: 10 posts, type: contract}", "No programme of the policy asks for visits", "nobody to visit"),
    ],
)
def test_mentors_without_anybody_to_visit_are_pointed_out(mentors: str, said: str, unsaid: str) -> None:
    lines = describe(
        loads(
            "empowersim: 1\nname: alone\nbase:\n  world: {place: medan_urban, households: 9 thousand}\n"
            f"policies:\n  nothing: {{}}\n  mentors: {{mentors: {mentors}}}\n"
        )
    )
    assert said in lines[-1]
    assert unsaid not in lines[-1]
