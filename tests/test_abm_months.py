"""The Mesa model lives the engine's months: by the kernel and agent by agent, to the last bit, in any order."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_abm import MONTHS, SEED, differing, engine_run, finished, model, scenario

from empowersim.abm import EmpowermentModel, HouseholdAgent, MentorAgent, VillageAgent
from empowersim.engine.outputs import HOURS, MEASURES
from empowersim.errors import SimulationError
from empowersim.schema import HOUSEHOLD, VILLAGE


def test_in_the_scenario_everything_happens():
    """What the equality below is worth: all programmes, visits, sessions, served villages, and mentors who leave."""
    run = finished("everything", "kernel").result()
    assert len(run.programme_names) == 5
    assert (run.places_filled.sum(axis=1) > 0).all()
    assert (run.hours[:, :25].sum(axis=1) > 0).all()
    assert (run.community_cost.sum(axis=1) > 0).all()
    assert run.series("visits").max() > 0.1
    assert run.mentors[4].sum() > 0, "departures"
    assert run.series("visits")[25:].max() == 0, "the policy ends after 25 months"
    assert len(finished("everything", "kernel").villages) > 1


@pytest.mark.parametrize("policy", ["nothing", "everything", "shared"])
def test_steps_by_the_kernel_are_the_run_of_the_engine(policy):
    assert differing(finished(policy, "kernel").result(), engine_run(policy)) == []


@pytest.mark.parametrize("policy", ["nothing", "everything", "shared"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_agents_live_the_months_of_the_kernel(policy, shuffle):
    assert MONTHS >= 24
    by_kernel, by_agents = finished(policy, "kernel"), finished(policy, "agents", shuffle)
    assert differing(by_agents.result(), by_kernel.result()) == []
    for column in HOUSEHOLD:
        assert by_agents.column(column.name).tobytes() == by_kernel.column(column.name).tobytes(), column.name
    for column in VILLAGE:
        assert by_agents.village_column(column.name).tobytes() == by_kernel.village_column(column.name).tobytes()
    assert [agent.burnout for agent in by_agents.mentors] == [agent.burnout for agent in by_kernel.mentors]


def test_the_order_is_another_when_agents_are_shuffled():
    seen = []

    class Seen(HouseholdAgent):
        def step(self):
            seen.append(self.row)
            super().step()

    made = model(engine="agents", household_class=Seen, months=1)
    made.step()
    rows = list(range(len(made.households)))
    assert seen != rows
    assert sorted(seen) == rows


def test_many_subdistricts_at_once_or_one_of_them():
    """Enough households for several subdistricts; agents of one of them leave the numbers of all as they are."""
    whole = model(households=12_000, months=3)
    assert len(whole.world.under) > 2
    assert differing(whole.run(), engine_run("everything", 12_000, 3)) == []
    chosen = int(whole.world.subdistricts[1])
    part = model(households=12_000, months=3, engine="agents", subdistrict=chosen)
    assert differing(part.run(), whole.result()) == []
    inside = whole.column("subdistrict") == chosen
    assert 0 < inside.sum() == len(part.households)
    assert part.column("consumption").tobytes() == whole.column("consumption")[inside].tobytes()
    assert part.households.get("unique_id") == whole.column("household_id")[inside].tolist()
    assert {village.subdistrict for village in part.villages} == {chosen}
    assert {mentor.mentor_id for mentor in part.mentors} < {mentor.mentor_id for mentor in whole.mentors}


def test_what_is_collected_is_what_the_engine_has():
    run = engine_run("everything")
    for engine in ("kernel", "agents"):
        frame = finished("everything", engine).datacollector.get_model_vars_dataframe()
        assert len(frame) == MONTHS
        for row, measure in enumerate(MEASURES):
            assert frame[measure.name].to_numpy().tobytes() == run.monthly[row].tobytes(), measure.name
        assert frame["cost"].to_numpy().tobytes() == run.cost.tobytes()
        for row, use in enumerate(HOURS):
            assert frame[f"hours_{use}"].to_numpy().tobytes() == run.hours[row].tobytes(), use


def test_what_is_known_on_the_way_does_not_change_later():
    made = model()
    made.run(10)
    early = made.so_far
    run = engine_run("everything")
    assert early.monthly[:, :10].tobytes() == run.monthly[:, :10].tobytes()
    assert np.isnan(early.series("poverty_gap")[10:]).all()
    assert early.household_id.size == 0
    with pytest.raises(SimulationError, match="expected all 27 months lived, found 10"):
        made.result()


def test_a_future_is_that_of_the_seed_and_the_replicate():
    first, again = model(rng=3, months=1), model(rng=3, months=1)
    other, next_one = model(rng=4, months=1), model(rng=3, replicate=1, months=1)
    assert first.column("capacity").tobytes() == again.column("capacity").tobytes()
    assert first.column("capacity").tobytes() != other.column("capacity").tobytes()
    assert first.column("capacity").tobytes() != next_one.column("capacity").tobytes()


def test_the_seed_may_come_from_numpy():
    def seed(rng):
        return model(rng=rng, months=1, households=40).seed

    assert seed(11) == 11
    assert seed(None) == SEED, "that of the file"
    assert seed(np.random.default_rng(5)) == seed(np.random.default_rng(5)) != seed(np.random.default_rng(6))
    assert seed(np.random.SeedSequence(5)) == int(np.random.SeedSequence(5).generate_state(1)[0])
    assert 0 <= seed(np.random.PCG64(5)) < 2**32
    stream = np.random.default_rng(5)
    assert seed(stream) != seed(stream), "a generator moves on"
    with pytest.raises(SimulationError, match="rng: expected a whole number from 0 to 4294967295, found -1"):
        seed(-1)


def test_the_luck_is_the_same_under_every_policy():
    draws = {}

    class Watched(HouseholdAgent):
        def live(self, home, village, dose, draw, since):
            draws.setdefault((self.model.policy, self.row, int(since)), np.array(draw).tobytes())
            return super().live(home, village, dose, draw, since)

    for policy in ("nothing", "everything"):
        model(policy, engine="agents", household_class=Watched, months=2, households=60).run()
    one = {key[1:]: value for key, value in draws.items() if key[0] == "nothing"}
    other = {key[1:]: value for key, value in draws.items() if key[0] == "everything"}
    assert len(one) == 120
    assert one == other


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"policy": "everythin"}, "did you mean everything?"),
        ({"engine": "kernels"}, "did you mean kernel?"),
        ({"months": 0}, "months: expected a whole number of 1 or more"),
        ({"replicate": -1}, "replicate: expected a whole number"),
        ({"subdistrict": 99}, "subdistrict: expected one of 0"),
        ({"household_class": MentorAgent}, "household_class: expected a subclass of HouseholdAgent"),
        ({"village_class": HouseholdAgent}, "village_class: expected a subclass of VillageAgent"),
        ({"rules": object(), "engine": "agents"}, "compiled rules need engine='kernel'"),
    ],
)
def test_what_cannot_be_is_said(given, message):
    with pytest.raises(SimulationError) as caught:
        model(**given)
    assert message in str(caught.value)


def test_only_a_scenario_makes_a_model():
    with pytest.raises(SimulationError, match="expected a loaded scenario or the path of a file, found dict"):
        EmpowermentModel({"a": 1})


def test_a_run_ends():
    made = model(months=2, households=60)
    assert made.running
    assert made.run(1) is None
    assert made.run() is not None
    assert not made.running
    with pytest.raises(SimulationError, match="expected a month below 2"):
        made.step()
    assert getattr(made, "steps", 2) == made.month == made.months == 2
    with pytest.raises(SimulationError, match="at most 0"):
        made.run(1)


def test_the_kernel_does_not_ask_a_subclass_and_says_so():
    class Saver(HouseholdAgent):
        def live(self, home, village, dose, draw, since):
            return super().live(home, village, dose, draw, since)

    class Named(HouseholdAgent):
        def doubled(self):
            return 2 * self.consumption

    class Quiet(VillageAgent):
        def end(self, village):
            return village

    with pytest.raises(SimulationError, match="Saver has its own `live`, which the kernel does not ask"):
        model(household_class=Saver)
    with pytest.raises(SimulationError, match="Quiet has its own `end`"):
        model(village_class=Quiet)
    made = model(household_class=Named, months=1)
    assert made.households[0].doubled() == 2 * made.households[0].consumption


def test_the_reference_of_the_file_is_the_policy_unless_another_is_named():
    assert EmpowermentModel(scenario(), households=40, months=1).policy == "nothing"


def test_progress_is_told():
    told = []
    model(months=3, households=40).run(progress=lambda *step: told.append(step))
    assert told == [(1, 3, "months"), (2, 3, "months"), (3, 3, "months")]
