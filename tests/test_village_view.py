"""The village view without a browser: positions, sliders as policies, sentences, figures, the command."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empowersim.engine.simulate import simulate
from empowersim.errors import EmpowersimError, ScenarioError, SimulationError
from empowersim.fronts.cli import main
from empowersim.fronts.village_view_levers import MENTORS, Levers
from empowersim.fronts.village_view_map import lay_out, mentor_positions, most_visited
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load

MEDAN = "scenarios/medan.yaml"
ISLANDS = "scenarios/remote-islands.yaml"


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch, root):
    monkeypatch.chdir(root)


# --- positions ----------------------------------------------------------------------------------------------------


@st.composite
def subdistricts(draw):
    """Village of each household, in order, and identities that are no two the same."""
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=12))
    village = np.repeat(np.arange(len(sizes)), sizes)
    identity = np.array(draw(st.permutations(range(100, 100 + len(village)))))
    return village, identity, len(sizes)


@given(subdistricts())
def test_no_two_households_stand_on_each_other_and_all_in_their_village(subdistrict):
    village, identity, count = subdistrict
    layout = lay_out(village, identity, count)
    apart = np.linalg.norm(layout.households[:, None] - layout.households[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 0.7  # a household has the room of one unit
    from_centre = np.linalg.norm(layout.households[:, None] - layout.centres[None], axis=2)
    assert (from_centre.argmin(axis=1) == village).all()
    assert (from_centre[np.arange(len(village)), village] < layout.radii[village]).all()
    between = np.linalg.norm(layout.centres[:, None] - layout.centres[None], axis=2) + 1e9 * np.eye(count)
    assert (between >= layout.radii[:, None] + layout.radii[None]).all()
    left, right, bottom, top = layout.frame
    assert (layout.households[:, 0] > left).all()
    assert (layout.households[:, 0] < right).all()
    assert (layout.households[:, 1] > bottom).all()
    assert (layout.households[:, 1] < top).all()


@given(subdistricts())
def test_a_household_stands_where_its_identity_says_whatever_its_row(subdistrict):
    village, identity, count = subdistrict
    layout = lay_out(village, identity, count)
    order = np.argsort(identity)
    again = lay_out(village[order], identity[order], count)
    assert np.array_equal(again.households, layout.households[order])


def test_mentors_stand_below_their_village_beside_each_other():
    layout = lay_out(np.repeat([0, 1, 2], 40), np.arange(120), 3)
    places = mentor_positions(layout, [1, -1, 1, 2])
    assert np.isnan(places[1]).all()
    assert (places[[0, 2], 1] < layout.centres[1, 1] - layout.radii[1]).all()
    assert places[0, 0] < layout.centres[1, 0] < places[2, 0]
    assert places[3, 0] == layout.centres[2, 0]
    assert places[[0, 2, 3], 1].min() > layout.frame[2]


def test_a_mentor_is_where_it_visited_most():
    visits = np.array([0.0, 1.0, 0.5, 0.4, 9.0])
    village = np.array([0, 0, 1, 1, 2])
    assert most_visited(visits, village, np.array([0, 1, 2, 3])) == 0
    assert most_visited(visits, village, np.array([2, 3])) == 1
    assert most_visited(visits, village, np.array([0])) == -1
    assert most_visited(visits, village, np.array([], int)) == -1


# --- sliders are policies -------------------------------------------------------------------------------------------


def test_sliders_begin_with_what_the_policy_has_here():
    levers = Levers(ISLANDS, "mix_resident", households=600)
    policy = compile_scenario(load(ISLANDS)).policies["mix_resident"]
    share = 600 / 190_000
    by_name = {lever.name: lever for lever in levers.levers}
    assert by_name[MENTORS].exact == pytest.approx(policy.mentors.posts * share)
    for programme in policy.programmes:
        assert by_name[f"places_{programme.name}"].exact == pytest.approx(programme.places_per_year * share)
    for lever in levers.levers:
        assert abs(lever.value - lever.exact) <= lever.step / 2
        assert 0 <= lever.value <= lever.most
    sliders = levers.sliders()
    assert [*sliders] == [*by_name, "future"]
    assert sliders["places_adult_literacy"]["label"] == "Adult literacy: places a year"
    assert Levers(ISLANDS, "mix_resident", lang="id").sliders()["future"]["label"].startswith("Masa depan")


def test_a_slider_that_nobody_moved_leaves_the_policy_as_the_file_has_it():
    levers = Levers(ISLANDS, "mix_resident")
    untouched = {lever.name: lever.value for lever in levers.levers}
    assert levers.changes(untouched) == {}
    assert levers.scenario_with(untouched).digest == load(ISLANDS).digest


def test_a_slider_that_was_moved_is_a_policy_of_the_scenario():
    levers = Levers(ISLANDS, "mix_resident", households=600)
    changed = levers.scenario_with({MENTORS: 3.0, "places_skills_training": 40})
    here = compile_scenario(changed).policies["mix_resident"]
    before = compile_scenario(levers.scenario).policies["mix_resident"]
    assert here.mentors.posts * levers.share == pytest.approx(3.0, rel=1e-9)
    assert here.mentors.resident
    found = {programme.name: programme.places_per_year * levers.share for programme in here.programmes}
    assert found.pop("skills_training") == pytest.approx(40, rel=1e-9)
    was = {programme.name: programme.places_per_year * levers.share for programme in before.programmes}
    assert found == {name: places for name, places in was.items() if name != "skills_training"}
    others = compile_scenario(changed).policies
    assert others["mix_commuting"] == compile_scenario(levers.scenario).policies["mix_commuting"]


def test_a_policy_without_mentors_can_be_given_some_and_one_with_mentors_none():
    given_some = Levers(MEDAN, "balanced_mix").scenario_with({MENTORS: 2.0})
    levers = Levers(MEDAN, "balanced_mix")
    assert compile_scenario(given_some).policies["balanced_mix"].mentors.posts * levers.share == pytest.approx(2.0)
    none = Levers(MEDAN, "mix_coached").scenario_with({MENTORS: 0.0})
    assert compile_scenario(none).policies["mix_coached"].mentors.posts == 0.0


def test_what_cannot_be_asked_is_told():
    with pytest.raises(SimulationError, match="did you mean mix_resident"):
        Levers(ISLANDS, "mix_residents")
    with pytest.raises(SimulationError, match="households: expected a whole number from 50 to 3000, found 5000"):
        Levers(ISLANDS, households=5000)
    with pytest.raises(ScenarioError, match="did you mean medan"):
        Levers("medam")
    with pytest.raises(KeyError):
        Levers(MEDAN).changes({"mentor": 2.0})


def test_the_first_policy_shown_is_one_with_mentors():
    assert Levers(MEDAN).policy == "mix_coached"
    assert Levers(MEDAN).with_policy("balanced_mix").policy == "balanced_mix"
    assert [lever.name for lever in Levers(MEDAN).with_policy("no_programme").levers] == [MENTORS]
