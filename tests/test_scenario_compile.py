"""From checked files to what the engine takes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from empowersim.engine import allocation
from empowersim.errors import PopulationError
from empowersim.parameters import parameters
from empowersim.scenario.compile import compile_scenario, cost_per_year, plan_mentors, programme_number
from empowersim.scenario.load import load, loads
from empowersim.scenario.model import LONGEST_PLACE, MENTOR_RULES, PRIORITIES

ROOT = Path(__file__).parents[1]
HEAD = "empowersim: 1\nname: x\nbase: {world: {place: %s}}\npolicies:\n  none: {}\n  one: %s\n"


def one(text: str, place: str = "medan_urban"):
    scenario = loads(HEAD % (place, text))
    return scenario, compile_scenario(scenario)


def test_names_are_those_of_the_engine() -> None:
    assert PRIORITIES == allocation.PRIORITIES
    assert MENTOR_RULES == allocation.RULES
    assert LONGEST_PLACE < 255  # the engine counts a place down in a byte


def test_number_of_a_programme_never_changes() -> None:
    assert programme_number("skills_training") == 3239179859
    assert programme_number("adult_literacy") == 3521129828
    assert programme_number("skills_trainin") != programme_number("skills_training")


# costs worked out by hand from the library
@pytest.mark.parametrize(
    ("policy", "programme", "places"),
    [
        ("skills_training", "skills_training", 60e9 / 4.18e6),  # 3.8 million and 10 %
        ("adult_literacy", "adult_literacy", 60e9 / 825e3),  # 750 thousand and 10 %
        # (50,000 + 60,250) x 1.7 x 12 and 10 %
        ("scholarship_tutoring", "scholarship_tutoring", 60e9 / 2_474_010),
        ("health_education", "health_education", 60e9 / 264e3),  # 20,000 x 12 and 10 %
        ("entrepreneurship", "entrepreneurship_training", 60e9 / 4.95e6),  # 4.5 million and 10 %
    ],
)
def test_places_of_the_medan_scenario(policy: str, programme: str, places: float) -> None:
    compiled = compile_scenario(load(ROOT / "scenarios" / "medan.yaml"))
    (found,) = compiled.policies[policy].programmes
    assert found.name == programme
    assert found.places_per_year == pytest.approx(places, rel=1e-4)


def test_scholarship_cost_to_the_rupiah() -> None:
    scenario = load(ROOT / "scenarios" / "medan.yaml")
    (programme,) = scenario.policies["scholarship_tutoring"].programmes
    assert programme.unit_cost == pytest.approx(2_474_010)  # 110,250 x 1.7 children x 12 months x 1.1


def test_policies_of_the_medan_scenario_have_equal_budgets() -> None:
    scenario = load(ROOT / "scenarios" / "medan.yaml")
    compiled = compile_scenario(scenario)
    assert compiled.represents == 610_000
    for name, policy in scenario.policies.items():
        expected = 0.0 if name == "no_programme" else 60e9
        assert cost_per_year(policy, compiled.place) == pytest.approx(expected, rel=1e-9)
    mixed = {programme.name for programme in compiled.policies["balanced_mix"].programmes}
    mentored = {programme.name for programme in compiled.policies["mix_mentors"].programmes}
    assert len(mixed) == 5
    assert mixed - mentored == {"health_education"}
    assert compiled.policies["mix_mentors"].mentors.posts > 100
    assert compiled.policies["balanced_mix"].mentors.posts == 0


def test_a_programme_in_the_engines_terms() -> None:
    _, compiled = one(
        "{programmes: {graduation_package: {places: 120 places/year, first_intake: 3 months, last_intake: 2 years}}, "
        "runs_for: 36 months}"
    )
    policy = compiled.policies["one"]
    (programme,) = policy.programmes
    assert policy.end == 36
    assert (programme.first_intake, programme.last_intake, programme.intake_every) == (3, 24, 3)
    assert (programme.duration, programme.places_per_year) == (24, 120)
    assert programme.doses["technical"] == pytest.approx(0.5 / 24)  # half a course over two years
    assert programme.doses["asset_grant"] == 9e6  # once
    assert programme.doses["stipend"] == 250e3  # a month
    (condition,) = programme.conditions
    assert (condition.column, condition.low, condition.high, condition.observed) == ("consumption", -np.inf, 0.9, True)
    assert programme.targeting_noise == 0.4


def test_parameters_trap_and_figures() -> None:
    text = (HEAD % ("medan_urban", "{}")).replace(
        "base: {world: {place: medan_urban}}",
        "base: {world: {place: medan_urban, trap: yes, price_year: 2023, poverty_rate: 12 %, "
        "figures: {wage_supply: 0.7}}, "
        "parameters: {practice_ramp: 0.03}}",
    )
    compiled = compile_scenario(loads(text))
    assert compiled.parameters.trap == 1
    assert compiled.parameters.practice_ramp == np.float32(0.03)
    assert compiled.parameters.income_pass_through == parameters().income_pass_through
    (region,) = compiled.place.regions
    assert region.poverty_rate == 0.12
    assert region.type.trait("wage_supply") == 0.7
    assert compiled.place.price_year == 2023
    assert len(compiled.travel.access) == 5


def test_population_is_made_as_asked() -> None:
    _, compiled = one("{}")
    population = compiled.population(500, seed=3, replicate=1)
    assert population.count == 500
    assert population.represents == compiled.represents == 610_000
    again = compiled.population(500, seed=3, replicate=1)
    assert np.array_equal(population.households.consumption, again.households.consumption)
    other = compiled.population(500, seed=3, replicate=2)
    assert not np.array_equal(population.households.consumption, other.households.consumption)


# ---------------------------------------------------------------- mentors


def test_posts_counted_in_the_file() -> None:
    _, compiled = one(
        "{programmes: {mentoring_only: {places: 1200 places/year}}, "
        "mentors: {count: 24, type: professional, local: yes}}"
    )
    mentors = compiled.policies["one"].mentors
    assert mentors.posts == 24
    assert mentors.competence == 0.7
    assert mentors.trust_bonus == 0.25
    assert mentors.pay_per_month == 6.5e6
    assert (mentors.refresher, mentors.refresher_cost) == (True, 5e6)


def test_trust_bonus_needs_local_mentors() -> None:
    _, compiled = one("{programmes: {mentoring_only: {places: 1200 places/year}}, mentors: {count: 24}}")
    assert compiled.policies["one"].mentors.trust_bonus == 0


def test_budget_of_mentors_without_clients_is_all_pay() -> None:
    scenario, compiled = one(
        "{programmes: {skills_training: {places: 12 places/year}}, mentors: {budget: 590 million IDR/year}}"
    )
    # a contract mentor: 4.5 million a month and 5 million of training a year = 59 million a year
    assert compiled.policies["one"].mentors.posts == pytest.approx(10)
    assert plan_mentors(scenario.policies["one"], compiled.place).trips == 0


@pytest.mark.parametrize("place", ["medan_urban", "remote_islands", "indonesia"])
@pytest.mark.parametrize("resident", ["yes", "no"])
def test_budget_of_mentors_is_spent_to_the_rupiah(place: str, resident: str) -> None:
    scenario, compiled = one(
        "{programmes: {mentoring_only: {places: 6000 places/year}, family_sessions: {places: 1000 places/year}}, "
        f"mentors: {{budget: 9 billion IDR/year, resident: {resident}}}}}",
        place,
    )
    plan = plan_mentors(scenario.policies["one"], compiled.place)
    assert plan.cost == pytest.approx(9e9, rel=1e-9)
    assert plan.clients == pytest.approx(6000 + 2000)  # a year, and two years
    assert plan.trips > 0
    assert plan.sessions > 0
    assert plan.posts == compiled.policies["one"].mentors.posts


def test_islands_buy_fewer_posts_than_a_town_for_the_same_money() -> None:
    text = "{programmes: {mentoring_only: {places: 6000 places/year}}, mentors: {budget: 9 billion IDR/year}}"
    town, islands = (one(text, place)[1].policies["one"].mentors.posts for place in ("medan_urban", "remote_islands"))
    assert islands < 0.8 * town


# ---------------------------------------------------------------- surveys


SURVEY = """\
empowersim: 1
name: s
base:
  world: {place: medan_urban%s}
  population:
    survey:
      file: small.csv
      folders: data
      kind: households
      headcount: 50 %%
      columns:
        {village: village, size: size, consumption: {column: %s, transform: exp}, female_head: {column: sex, equals: f}}
      obtain: ask the statistics office
policies: {none: {}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "s.yaml").write_text(SURVEY % (", households: 4000", "ln"))
    rows = [
        "village,size,ln,sex",
        *(f"{i // 5},{2 + i % 3},{1 + 0.1 * i},{'f' if i % 4 == 0 else 'm'}" for i in range(20)),
    ]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "small.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_survey_beside_the_scenario(folder: Path) -> None:
    compiled = compile_scenario(load(folder / "s.yaml"))
    population = compiled.population()
    assert compiled.scenario.settings.households is None
    assert population.count == 20
    assert population.represents == compiled.represents == 4000
    assert population.households.female_head.sum() == 5
    assert len(compiled.data_digest) == 16
    assert compiled.population(50).count == 50


def test_survey_stands_for_itself_where_the_world_does_not_say(folder: Path) -> None:
    (folder / "s.yaml").write_text(SURVEY % ("", "ln"))
    compiled = compile_scenario(load(folder / "s.yaml"))
    assert compiled.represents == compiled.population().represents == 20


def test_survey_named_by_the_user_or_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = folder / "elsewhere"
    moved.mkdir()
    (folder / "data" / "small.csv").rename(moved / "small.csv")
    named = compile_scenario(load(folder / "s.yaml", survey=moved / "small.csv"))
    assert named.population().count == 20
    monkeypatch.setenv("EMPOWERSIM_DATA", str(moved))
    assert compile_scenario(load(folder / "s.yaml")).population().count == 20


def test_missing_survey_says_where_it_was_looked_for_and_how_to_get_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMPOWERSIM_DATA", raising=False)
    (folder / "data" / "small.csv").unlink()
    with pytest.raises(PopulationError) as caught:
        compile_scenario(load(folder / "s.yaml")).population()
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(folder / "s.yaml"), 7, "base.population.survey.file")
    assert problem.found == f"none at {folder / 'small.csv'}, {folder / 'data' / 'small.csv'}"
    assert problem.remedy == "ask the statistics office; name the file with --survey or its folder in EMPOWERSIM_DATA"


def test_column_that_the_survey_lacks(folder: Path) -> None:
    (folder / "s.yaml").write_text(SURVEY % ("", "lnn"))
    with pytest.raises(PopulationError) as caught:
        compile_scenario(load(folder / "s.yaml")).population()
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("small.csv", 1, "columns.consumption")
    assert problem.remedy == "did you mean ln?"


def test_bad_step_of_a_mapping_points_into_the_scenario(folder: Path) -> None:
    text = (folder / "s.yaml").read_text()
    (folder / "s.yaml").write_text(text.replace("transform: exp", "transform: expp"))
    with pytest.raises(PopulationError) as caught:
        compile_scenario(load(folder / "s.yaml")).population()
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(folder / "s.yaml"), 12)
    assert problem.key == "base.population.survey.columns.consumption.transform"


def test_the_real_survey(shared: Path) -> None:
    scenario = load(ROOT / "scenarios" / "survey-vietnam.yaml", survey=shared / "data" / "vlss_households.csv")
    population = compile_scenario(scenario).population()
    assert population.count == 5999
    assert np.unique(population.villages.village_id).size == 194
    assert population.represents == 600_000
    size = population.households.size.astype(float)
    poor = float(size[population.households.consumption < 1].sum() / size.sum())
    assert poor == pytest.approx(0.37, abs=0.001)
