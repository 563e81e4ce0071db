"""Sets of agents are lists of row numbers: what they answer from arrays is what Mesa's agents would have said."""

from __future__ import annotations

import copy

import mesa
import numpy as np
import pytest
from helpers_abm import finished, model
from mesa.agent import AgentSet

from empowersim.abm import HouseholdAgent, LazyAgentSet, MentorAgent, VillageAgent
from empowersim.abm.attributes import ATTRIBUTES, KINDS
from empowersim.errors import SimulationError


@pytest.fixture(scope="module")
def lived():
    """A model in which a year has been lived; its arrays are not to be changed."""
    made = model(households=150)
    made.run(12)
    return made


def plain(agents):
    """The same agents in Mesa's own set."""
    return AgentSet(agents.to_list(), random=agents.random)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_what_agents_say_one_by_one(lived, kind):
    agents = lived.rows(kind)
    assert len(agents) > 0
    for name in ATTRIBUTES[kind]:
        assert agents.get(name) == [getattr(agent, name) for agent in agents.to_list()], name


def test_properties_have_units_and_meanings():
    assert HouseholdAgent.savings.__doc__ == "Liquid savings (L)."
    assert VillageAgent.line.__doc__ == "Poverty line per person and month (IDR/person/month)."
    assert MentorAgent.burnout.__doc__ == "How tired the mentor is (0-1)."
    for agent in (HouseholdAgent, VillageAgent, MentorAgent):
        for name in ATTRIBUTES[agent.kind]:
            assert getattr(agent, name).__doc__.endswith("."), name


def test_a_set_is_one_of_mesas_and_a_sequence(lived):
    homes = lived.households
    held = homes[3]
    assert isinstance(homes, AgentSet)
    assert isinstance(held, mesa.Agent)
    assert len(homes) == 150
    assert [agent.row for agent in homes[10:13]] == [10, 11, 12]
    assert homes[-1].row == 149
    assert [agent.row for agent in homes[[5, 2]]] == [5, 2]
    assert held in homes
    assert held not in homes[5:]
    assert homes.index(held) == 3
    assert homes.count(held) == 1
    assert "no agent" not in homes
    assert next(iter(homes)) is lived.households[0]
    with pytest.raises(IndexError):
        homes[150]


def test_an_agent_is_the_same_while_it_is_held(lived):
    held = lived.households[3]
    assert lived.households[3] is held
    assert held.village.households.to_list()[3] is held
    assert lived.agents_by_type[HouseholdAgent][3] is held


def test_all_agents_are_villages_mentors_and_households(lived):
    everybody = lived.agents
    assert len(everybody) == len(lived.villages) + len(lived.mentors) + 150
    assert {type(agent) for agent in everybody} == {VillageAgent, MentorAgent, HouseholdAgent}
    assert set(lived.agent_types) == {VillageAgent, MentorAgent, HouseholdAgent}
    assert len(set(everybody.get("unique_id"))) == len(everybody)
    assert len(everybody.select(agent_type=MentorAgent)) == len(lived.mentors)
    assert lived.households.get("unique_id") == lived.column("household_id").tolist()


def test_agg_hands_over_all_values(lived):
    homes, consumption = lived.households, lived.column("consumption").astype(np.float64)
    assert homes.agg("consumption", np.mean) == consumption.mean()
    assert homes.agg("consumption", [min, max, len]) == [consumption.min(), consumption.max(), 150]
    assert homes[20:40].agg("savings", sum) == sum(lived.column("savings")[20:40].astype(np.float64))
    assert homes.agg("poor", np.count_nonzero) == (consumption < 1).sum()
    assert homes.agg("enrolled", lambda held: sum(map(len, held))) == lived.world.slots().sum()


def test_select_by_function_by_name_and_by_array_are_the_same(lived):
    homes, poor = lived.households, lived.column("poor")
    assert 0 < poor.sum() < 150
    rows = np.flatnonzero(poor).tolist()
    for chosen in (lambda agent: agent.poor, "poor", poor):
        assert homes.select(chosen).get("unique_id") == lived.column("household_id")[rows].tolist()
        assert homes.select(chosen, at_most=3).rows.tolist() == rows[:3]
    assert len(homes.select(at_most=0.1)) == 15
    assert homes.select("poor").kind == "household"
    own = homes.copy()
    assert own.select("poor", inplace=True) is own
    assert len(own) == len(rows)
    assert len(homes) == 150
    with pytest.raises(SimulationError, match="expected a function, the name of a column, or 150 truth values"):
        homes.select(np.array([1, 0]))


def test_sort_as_mesa_sorts(lived):
    homes = lived.households
    held = list(homes)  # Mesa's own set holds nobody
    assert len(held) == 150
    for key in ("illness", "consumption", lambda agent: agent.size):
        for ascending in (False, True):
            ours = [agent.unique_id for agent in homes.sort(key, ascending=ascending)]
            theirs = [agent.unique_id for agent in plain(homes).sort(key, ascending=ascending)]
            assert ours == theirs, (key, ascending)


def test_groups_as_mesa_groups(lived):
    homes = lived.households
    held = list(homes)  # Mesa's own set holds nobody
    assert len(held) == 150
    for by in ("stage", "village_id", lambda agent: agent.illness):
        ours, theirs = homes.groupby(by), plain(homes).groupby(by)
        assert list(ours.groups) == list(theirs.groups)
        assert ours.count() == theirs.count()
        assert ours.agg("consumption", np.mean) == pytest.approx(theirs.agg("consumption", np.mean), rel=1e-12)
        assert all(isinstance(group, LazyAgentSet) for _, group in ours)
    listed = homes.groupby("stage", result_type="list")
    assert sum(map(len, listed.groups.values())) == 150
    assert listed.agg("consumption", len) == homes.groupby("stage").count()


def test_get_and_missing_values(lived):
    homes = lived.households[:4]
    assert homes.get(["size", "region"]) == [[agent.size, agent.region] for agent in homes]
    assert homes.get("colour", handle_missing="default", default_value="grey") == ["grey"] * 4
    with pytest.raises(AttributeError):
        homes.get("colour")
    with pytest.raises(ValueError, match="handle_missing"):
        homes.get("size", handle_missing="ignore")


def test_do_map_and_shuffle(lived):
    homes, seen = lived.households, []
    assert homes.do(lambda agent, note: seen.append((agent.row, note)), "x") is homes
    assert seen == [(row, "x") for row in range(150)]
    assert homes[:3].map("luck", 0) == [homes[row].luck(0) for row in range(3)]
    mixed = homes.shuffle()
    assert mixed.rows.tolist() != homes.rows.tolist()
    assert sorted(mixed.rows.tolist()) == homes.rows.tolist()
    seen.clear()
    homes.shuffle_do(lambda agent: seen.append(agent.row))
    assert sorted(seen) == list(range(150))
    assert seen != list(range(150))


def test_sets_are_sets(lived):
    homes = lived.households
    some = homes[:5]
    assert len(some & homes[3:9]) == 2
    assert len(some | homes[3:9]) == 9
    assert (some - homes[:4]).rows.tolist() == [4]
    assert len(homes[:2] & homes[4:6]) == 0
    own = copy.copy(some)
    own.remove(homes[0])
    own.discard(homes[100])
    own.add(homes[7])
    own.add(homes[7])
    assert own.rows.tolist() == [1, 2, 3, 4, 7]
    assert some.rows.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError):
        own.remove(homes[0])
    with pytest.raises(SimulationError, match="expected an agent of this model"):
        own.add(finished("nothing", "kernel").households[0])


def test_setting_writes_into_the_arrays_within_bounds():
    made = model(households=40, months=2)
    home = made.households[5]
    home.savings = 2.5
    assert made.column("savings")[5] == 2.5
    made.households[10:12].set("literacy", [0.25, 0.75])
    assert made.column("literacy")[10:12].tolist() == [0.25, 0.75]
    made.villages.set("signal", 1)
    assert set(made.village_column("signal").tolist()) == {1.0}
    made.mentors.set("burnout", 0.5)
    assert made.mentors[0].burnout == 0.5
    for message, change in (
        (r"literacy: expected 0 to 1 \(0-1\), found 2", lambda: setattr(home, "literacy", 2)),
        ("literacy: expected 0 to 1", lambda: setattr(home, "literacy", float("nan"))),
        ("savings: expected a number, or 40 of them", lambda: made.households.set("savings", [1.0, 2.0])),
        ("consumption: expected something that can be set", lambda: made.households.set("consumption", 1.0)),
    ):
        with pytest.raises(SimulationError, match=message):
            change()
    with pytest.raises(AttributeError):
        home.consumption = 1.0
    with pytest.raises(AttributeError, match=r"did you mean savings\?"):
        made.column("saving")


def test_what_is_set_is_lived_on():
    rich, as_it_was = model(households=40, months=1), model(households=40, months=1)
    rich.households[5].savings = 50.0
    rich.step()
    as_it_was.step()
    changed = np.flatnonzero(rich.column("consumption") != as_it_was.column("consumption"))
    assert changed.tolist() == [5]


def test_figures_follow_changes():
    made = model(households=40, months=2)
    before = made.households[5].deprivation
    made.households[5].literacy = 0.0
    assert made.households[5].deprivation >= before
    early = made.column("empowerment_index")
    made.step()
    assert not np.array_equal(made.column("empowerment_index"), early)


def test_who_belongs_to_whom(lived):
    for village in lived.villages:
        assert {home.village for home in village.households} == {village}
        assert len(village.households) == village.household_count
    for mentor in lived.mentors:
        assert {home.mentor for home in mentor.households} == {mentor}
        assert mentor.visited.rows.tolist() == [home.row for home in mentor.households if home.visits > 0]
        assert set(mentor.villages.to_list()) == {home.village for home in mentor.households}
        assert {mentor} <= {one for village in mentor.villages for one in village.mentors}
        wants = {"skills_training", "adult_literacy", "scholarship_tutoring", "health_education"}
        wants |= {"entrepreneurship_training"}
        assert mentor.clients.rows.tolist() == [home.row for home in mentor.households if wants & set(home.enrolled)]
    assert sum(len(mentor.households) for mentor in lived.mentors) == 150
    assert sum(len(mentor.visited) for mentor in lived.mentors) > 0
    held = lived.world.slots()
    names = lived.world.policy.programmes
    for home in lived.households:
        assert home.enrolled == tuple(one.name for one, mark in zip(names, held[:, home.row], strict=True) if mark)
    assert any(village.served for village in lived.villages)
    assert finished("nothing", "kernel").households[0].mentor is None
    assert len(finished("nothing", "kernel").mentors) == 0


def test_hours_of_mentors_are_those_of_the_ledger():
    """What mentors have for the month that comes is what the ledger then says was there, posts being rounded alike."""
    made = model(households=150)
    for _ in range(6):
        promised = [mentor.hours for mentor in made.mentors if not mentor.vacant]
        made.step()
        there = made.so_far.hours[0, made.month - 1] * made.world.burnt.count / made.world.burnt.represents
        assert sum(promised) == pytest.approx(there, rel=1e-6)


def test_agents_of_your_own_live_beside_the_rows():
    made = model(households=40, months=2)

    class Trader(mesa.Agent):
        pass

    trader = Trader(made)
    assert trader in made.agents
    assert made.agents[-1] is trader
    assert trader.unique_id > made.column("household_id").max()
    assert list(made.agents_by_type[Trader]) == [trader]
    assert made.agents.select(agent_type=Trader).to_list() == [trader]
    trader.remove()
    assert trader not in made.agents
    with pytest.raises(SimulationError, match="a row of the arrays, which stays"):
        made.households[0].remove()
    with pytest.raises(SimulationError, match="rows come from the scenario"):
        HouseholdAgent.create_agents(made, 3)
    with pytest.raises(AttributeError):
        made.agents = []
