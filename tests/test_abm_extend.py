"""Subclasses change what households, mentors and villages do, and the pairing holds: nobody else's luck moves."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_abm import SEED, alone, differing, engine_run, model

from empowersim.abm import EmpowermentModel, HouseholdAgent, MentorAgent, VillageAgent
from empowersim.engine.observe import drawn
from empowersim.errors import SimulationError
from empowersim.rng import Kind
from empowersim.schema import HOUSEHOLD, VILLAGE

HOMES = 70
SMALL = {"households": HOMES, "engine": "agents"}
CHOSEN = 4


class Passing(HouseholdAgent):
    """Says what the model says, the long way round."""

    def live(self, home, village, dose, draw, since):
        return super().live(home, village, dose, draw, since)


class PassingMentor(MentorAgent):
    def begin(self, mentor):
        return mentor._replace(burnout=mentor.burnout)

    def share(self, wanted, visits):
        return visits

    def guide(self, guidance):
        return guidance


class PassingVillage(VillageAgent):
    def begin(self, village):
        return village._replace(line=village.line)

    def end(self, village):
        return village


class Hopeful(HouseholdAgent):
    """One household grows used to more than it earns."""

    def live(self, home, village, dose, draw, since):
        after = super().live(home, village, dose, draw, since)
        if self.row != CHOSEN:
            return after
        return after._replace(normal_income=after.normal_income * np.float32(1.1))


def others(made):
    """All columns of all households but the chosen one."""
    rows = np.arange(len(made.households)) != CHOSEN
    return {column.name: made.column(column.name)[rows] for column in HOUSEHOLD}


def same(one, other):
    return [name for name, values in one.items() if values.tobytes() != other[name].tobytes()]


def test_agents_that_say_what_the_model_says_change_no_bit():
    given = {"household_class": Passing, "mentor_class": PassingMentor, "village_class": PassingVillage}
    made = model(engine="agents", households=HOMES, months=27, **given)
    assert differing(made.run(), engine_run("everything", HOMES)) == []


def test_without_contact_a_household_that_changes_changes_nobody_else():
    """No kin, no neighbours, no rationing: all others keep their bits for two years."""
    given = {"rng": SEED, "months": 24, **SMALL}
    as_it_was = EmpowermentModel(alone(), "nothing", **given)
    changed = EmpowermentModel(alone(), "nothing", household_class=Hopeful, **given)
    as_it_was.run()
    changed.run()
    assert changed.households[CHOSEN].consumption != as_it_was.households[CHOSEN].consumption
    assert same(others(changed), others(as_it_was)) == []


def test_with_contact_it_reaches_others_through_last_months_village_means_only():
    given = {**SMALL, "households": 220}
    as_it_was, changed = model("nothing", **given), model("nothing", household_class=Hopeful, **given)
    village = changed.households[CHOSEN].village
    neighbours = village.households.rows[village.households.rows != CHOSEN]
    strangers = np.flatnonzero(changed.column("village_id") != village.village_id)
    assert neighbours.size
    assert strangers.size
    seen = False
    for _ in range(12):
        means = [column.name for column in VILLAGE if column.name.startswith("mean_")]
        before = all(
            changed.village_column(name).tobytes() == as_it_was.village_column(name).tobytes() for name in means
        )
        changed.step()
        as_it_was.step()
        one, other = others(changed), others(as_it_was)
        if before and not seen:  # neighbours met the same means
            assert same(one, other) == []
        differs = changed.column("consumption") != as_it_was.column("consumption")
        seen = seen or bool(differs[neighbours].any())
        assert not differs[strangers].any()
    assert seen


def test_the_luck_of_a_user_is_an_address():
    first, other = model(**SMALL, months=2), model("nothing", **SMALL, months=2)
    homes = first.households.map("luck", 5)
    assert homes == other.households.map("luck", 5), "under every policy"
    ids = first.column("household_id")
    assert homes == drawn(ids, Kind.HOUSEHOLD, 0, 1028, 4, SEED, 0, normal=False)[1].tolist()
    assert homes != first.households.map("luck", 6)
    assert first.villages.map("luck", 5) != homes[: len(first.villages)]
    now = first.mentors.map("luck", 0)
    first.step()
    assert first.households.map("luck", 5) != homes
    assert first.mentors.map("luck", 0) != now
    assert len(set(homes)) == HOMES
    assert all(0 < value < 1 for value in homes)
    with pytest.raises(SimulationError, match="stream: expected a whole number from 0"):
        first.households[0].luck(-1)


def test_a_flood_hits_a_whole_village_in_the_same_month_under_every_policy():
    class Floodplain(VillageAgent):
        def begin(self, village):
            self.flooded = self.luck(0) < 0.2
            return village._replace(shock_now=np.float32(0.5)) if self.flooded else village

    seen = {}
    for policy in ("nothing", "everything"):
        made = model(policy, village_class=Floodplain, months=12, **SMALL)
        for month in range(12):
            made.step()
            flooded = made.villages.map(lambda village: village.flooded)
            seen.setdefault(month, []).append(flooded)
            for village in made.villages:
                if village.flooded:
                    assert min(village.households.get("shock")) >= 0.5
    assert all(one == other for one, other in seen.values())
    assert 0 < sum(sum(one) for one, _ in seen.values()) < 12 * len(made.villages)


def test_agents_may_keep_something_of_their_own():
    class Group(HouseholdAgent):
        def __init__(self, model, row):
            super().__init__(model, row)
            self.pot = 0.0

        def live(self, home, village, dose, draw, since):
            after = super().live(home, village, dose, draw, since)
            paid = 0.05 * float(after.savings)
            self.pot += paid
            return after._replace(savings=np.float32(float(after.savings) - paid))

    made = model("nothing", household_class=Group, months=3, **SMALL)
    made.run()
    pots = made.households.get("pot")
    assert len(pots) == HOMES
    assert sum(pot > 0 for pot in pots) > HOMES / 2
    assert made.households.agg("pot", sum) == sum(pots)


def test_a_mentor_may_share_its_visits_otherwise_but_not_make_more():
    class ToTheFirst(MentorAgent):
        def share(self, wanted, visits):
            self.allowed = float(visits.sum())
            mine = np.zeros_like(visits)
            if wanted.size:
                mine[0] = visits.sum()
            return mine

    made = model(mentor_class=ToTheFirst, months=6, **SMALL)
    made.run()
    visits = made.column("visits")
    firsts = [mentor.households[0].row for mentor in made.mentors if not mentor.vacant]
    assert visits.sum() == pytest.approx(sum(visits[row] for row in firsts))
    assert visits.sum() > 1
    assert sum(mentor.allowed for mentor in made.mentors) == pytest.approx(float(visits.sum()))
    represented = made.world.burnt.represents / HOMES
    assert made.so_far.mentors[6, 5] / represented == np.count_nonzero(visits)

    class Tireless(MentorAgent):
        def share(self, wanted, visits):
            return visits + 1

    with pytest.raises(SimulationError, match=r"share: its hours allow .* visits in all, found"):
        model(mentor_class=Tireless, months=6, **SMALL).run()

    class Confused(MentorAgent):
        def share(self, wanted, visits):
            return visits[:3]

    with pytest.raises(SimulationError, match=r"share: expected .* numbers of visits"):
        model(mentor_class=Confused, months=1, **SMALL).run()


def test_a_mentor_may_be_another_person():
    class Star(MentorAgent):
        def begin(self, mentor):
            return mentor._replace(burnout=0, facilitative=1, educational=1, representational=1, technical=1)

        def guide(self, guidance):
            return guidance._replace(trust_bonus=0.3)

    usual, star = model(months=12, **SMALL), model(months=12, mentor_class=Star, **SMALL)
    usual.run()
    star.run()
    assert star.column("trust").mean() > usual.column("trust").mean()
    assert star.so_far.mentors[2, 11] > usual.so_far.mentors[2, 11]


def test_a_village_may_end_its_month_otherwise():
    class Forgetful(VillageAgent):
        def end(self, village):
            return village._replace(collective=0)

    made = model(months=3, village_class=Forgetful, **SMALL)
    made.run()
    assert set(made.village_column("collective").tolist()) == {0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"literacy": 1.5}, "row 0>: live: literacy: expected 0 to 1, found 1.5"),
        ({"consumption": float("nan")}, "consumption: expected 0 to inf, found nan"),
        (None, "live: expected a record of .* numbers, as `after._replace\\(...\\)` gives, found NoneType"),
    ],
)
def test_a_rule_that_gives_nonsense_is_named(change, message):
    class Wrong(HouseholdAgent):
        def live(self, home, village, dose, draw, since):
            after = super().live(home, village, dose, draw, since)
            return None if change is None else after._replace(**change)

    with pytest.raises(SimulationError, match=message):
        model(household_class=Wrong, months=1, shuffle=False, **SMALL).run()


def test_everybody_lives_once_a_month():
    class Idle(HouseholdAgent):
        def step(self):
            if self.row != 3:
                super().step()

    class Eager(HouseholdAgent):
        def step(self):
            super().step()
            super().step()

    with pytest.raises(SimulationError, match=r"found 1 that did not \(row 3 first\)"):
        model(household_class=Idle, months=1, **SMALL).step()
    broken = model(household_class=Idle, months=2, **SMALL)
    with pytest.raises(SimulationError, match="found 1 that did not"):
        broken.step()
    with pytest.raises(SimulationError, match="month 0: it was broken off by an error; make the model anew"):
        EmpowermentModel.step(broken)  # past Mesa, which from 3.5 on asks no step again after an error
    assert broken.month == 0
    with pytest.raises(SimulationError, match="expected one step a month, found a second in month 0"):
        model(household_class=Eager, months=1, **SMALL).step()
    for engine in ("kernel", "agents"):
        with pytest.raises(SimulationError, match=r"a month is lived by model\.step"):
            model(households=40, engine=engine).households[0].step()


def test_an_order_of_your_own_changes_nothing():
    class PoorestFirst(EmpowermentModel):
        def activate(self):
            self.households.sort("consumption", ascending=True).do("step")

    from helpers_abm import scenario

    made = PoorestFirst(scenario(), "everything", rng=SEED, months=27, **SMALL)
    assert differing(made.run(), engine_run("everything", HOMES)) == []
