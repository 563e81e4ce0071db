"""Virtual trials on the real engine: worlds, offers, assignment, and an estimator that is right about the model.

Tests of chance draw with fixed seeds and compare counts with exact binomial bounds; were the seeds free, each would
raise a false alarm once in ten thousand times (ALARM). What can be the same bit for bit is compared bit for bit.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from helpers_panels import bounds, estimate, trial

from empowersim.errors import SimulationError
from empowersim.parameters import parameters
from empowersim.rng import Stream
from empowersim.schema import HOUSEHOLD
from empowersim.trials.estimate import effect
from empowersim.trials.model import Arm, Component, Context, Eligibility, Force, Limit, Sample, Wave
from empowersim.trials.run import Drawn, Worlds, draw, expected, on_scale

ALARM = 1e-4
P = parameters()
ALONE = P._replace(kin_sharing=np.float32(0), practice_diffusion=np.float32(0))
"""Parameters under which households of a village have nothing to do with each other."""

PACKAGE = (
    Component({"asset_grant": 1.5}),
    Component({"business": 0.5, "sessions": 1.0}, months=4),
    Component({"visits": 4.0, "health_group": 1.0}, months=12),
    Component({"stipend": 0.1}, first=3, months=6),
)
CONTROL, TREATED = Arm("control"), Arm("treated", PACKAGE, take_up=0.6)
COLUMNS = tuple(column.name for column in HOUSEHOLD)


def study(*arms: Arm, waves=(0, 6, 12), **changes):
    """A small study: comparison and package unless other arms are given, surveys in the months of `waves`."""
    how = {"villages": 12, "households": 20} | changes
    return trial(
        **how, arms=arms or (CONTROL, TREATED), waves=tuple(Wave(str(month), month) for month in waves), estimates=()
    )


def drawn(made, p=P, seed=3, replicate=0):
    return Drawn(made, p, seed, replicate)


def everybody(one):
    return np.ones(one.ids.size, np.bool_)


def differing(first, second, rows=slice(None), among=slice(None)):
    """Columns in which two worlds differ in any bit; `rows`, `among` say which households of each."""
    assert first.states.keys() == second.states.keys()
    return {
        name
        for month, state in first.states.items()
        for name in state
        if not np.array_equal(state[name][rows], second.states[month][name][among])
    }


def same(first, second, rows=slice(None), among=slice(None)):
    """Whether two worlds have the same bits."""
    return not differing(first, second, rows, among)


def lived_in(one):
    """The world of the assignment."""
    arms = one.trial.arms
    return one.world(arms, tuple(one.arm == index for index in range(len(arms))))


def component(channel="stipend", amount=0.1, **how):
    return Component({channel: amount}, **how)


# --- worlds -------------------------------------------------------------------------------------------------------


def test_an_arm_without_anything_is_the_world_without_arms():
    one = drawn(study())
    nobody = one.world((), ())
    assert same(one.world_of(CONTROL), nobody)
    assert same(one.world((TREATED,), (~everybody(one),)), nobody)
    assert not same(one.world_of(TREATED), nobody)
    assert not one.world_of(CONTROL).accepted.any()


def test_following_a_world_leaves_the_study_as_it_was():
    """Worlds are followed from copies: the second is what it would have been as the first."""
    one = drawn(study())
    first = one.world_of(TREATED)
    one.world_of(CONTROL)
    assert same(first, one.world_of(TREATED))
    assert same(first, drawn(study()).world_of(TREATED))


def test_more_villages_leave_the_others_what_they_are():
    few, many = drawn(study()), drawn(study(villages=18))
    first = slice(few.ids.size)
    assert np.array_equal(few.ids, many.ids[first])
    for arm in (CONTROL, TREATED):
        assert same(few.world_of(arm), many.world_of(arm), among=first)
    assert np.array_equal(few.noise[6], many.noise[6][:, first])


def test_more_households_leave_the_others_what_they_are_but_for_the_village_mean():
    few = drawn(study(), ALONE)
    many = drawn(study(households=31), ALONE)
    old = np.isin(many.ids, few.ids)
    assert old.sum() == few.ids.size
    for arm in (CONTROL, TREATED):
        assert same(few.world_of(arm), many.world_of(arm), among=old)
    shared = drawn(study()), drawn(study(households=31))
    assert not same(shared[0].world_of(CONTROL), shared[1].world_of(CONTROL), among=old)


@pytest.mark.parametrize("eligibility", [Eligibility(), Eligibility(poorest=0.4)], ids=["all", "the poorest"])
def test_a_village_that_was_drawn_lives_what_its_arm_gives(eligibility):
    one = drawn(study(CONTROL, TREATED, Arm("grant", PACKAGE[:1]), eligibility=eligibility))
    lived = lived_in(one)
    for index, arm in enumerate(one.trial.arms):
        mine = one.arm == index
        assert differing(lived, one.world_of(arm), mine, mine) == set()


def test_households_that_were_drawn_differ_from_their_arm_only_through_their_village():
    made = study(unit="household")
    apart, together = drawn(made, ALONE), drawn(made)
    for index, arm in enumerate(made.arms):
        for one, equal in ((apart, True), (together, False)):
            mine = one.arm == index
            assert same(lived_in(one), one.world_of(arm), mine, mine) is equal


def test_the_untreated_are_untouched_in_other_villages():
    panel = draw(study(), P, seed=3)
    control = panel.arm == 0
    moved = {True: [], False: []}
    for name, values in panel.true["12"].items():
        if name not in ("asset_index", "income_index", "profit_and_sales"):
            equal = values == panel.untreated["12"][name]
            assert equal[control].all(), name
            moved[bool(equal[panel.accepted].all())].append(name)
    # food follows consumption; in_school and employed may stay the same in so few
    assert {"consumption", "savings", "productive_assets", "profit", "voice", "well_being"} <= set(moved[False])


def test_a_panel_is_what_its_worlds_say():
    made = study(eligibility=Eligibility(poorest=0.5))
    panel, one = draw(made, P, seed=3), drawn(made)
    lived, seen = lived_in(one), one.eligible
    assert 0 < seen.sum() < seen.size
    assert np.array_equal(panel.household, one.ids[seen])
    assert np.array_equal(panel.village, one.ids[seen] // 10**6)
    assert np.array_equal(panel.arm, one.arm[seen])
    assert np.array_equal(panel.accepted, lived.accepted[seen])
    state = lived.states[12]
    assert np.array_equal(panel.true["12"]["consumption"], state["consumption"][seen].astype(np.float64))
    assert np.array_equal(panel.measured["12"]["employed"], panel.true["12"]["employed"])
    error = np.log(panel.measured["12"]["consumption"] / panel.true["12"]["consumption"])
    assert error == pytest.approx(float(P.survey_consumption) * one.noise[12][0][seen].astype(np.float64), abs=1e-6)
    for wave in ("0", "6", "12"):
        assert {values.shape for values in panel.measured[wave].values()} == {(seen.sum(),)}


def test_before_anything_is_given_nobody_differs():
    panel = draw(study(), P, seed=3)
    for name, values in panel.true["0"].items():
        assert np.array_equal(values, panel.untreated["0"][name]), name


def test_replicates_and_seeds_are_other_households():
    made = study()
    panels = [draw(made, P, seed=seed, replicate=replicate) for seed, replicate in ((3, 0), (3, 1), (4, 0))]
    values = [panel.true["12"]["consumption"] for panel in panels]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.mean(values[a] == values[b]) < 0.01
        assert not np.array_equal(panels[a].arm, panels[b].arm)


# --- months -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [(0, 6, 9, 12), (0, 1, 2, 3, 6, 7, 12), (0, 6, 12, 20)], ids=str)
def test_looking_more_often_changes_nothing(extra):
    made, often = study(), study(waves=extra)
    first, second = drawn(made), drawn(often)
    for arm in made.arms:
        one, other = first.world_of(arm), second.world_of(arm)
        for month in (0, 6, 12):
            for name in one.states[month]:
                assert np.array_equal(one.states[month][name], other.states[month][name]), (arm.name, month, name)
    panel, seen = draw(made, P, seed=3), draw(often, P, seed=3)
    for outcomes in (panel.measured, panel.true, panel.untreated):
        of = {id(panel.measured): seen.measured, id(panel.true): seen.true, id(panel.untreated): seen.untreated}
        for name, values in outcomes["12"].items():
            assert np.array_equal(values, of[id(outcomes)]["12"][name]), name


def transfers(arm, months, **how):
    """Transfers (L) of those who accept, months x households, and who accepts."""
    one = drawn(study(CONTROL, arm, waves=months, **how))
    world = one.world_of(arm)
    return np.array([world.states[month]["transfers"] for month in months]), world.accepted


def test_a_grant_arrives_once_and_in_full():
    months = (1, 2, 3, 4, 5, 16, 28)
    for channel in ("asset_grant", "cash_grant"):
        arm = Arm("grant", (component(channel, 1.5, first=4, months=3),), take_up=0.5)
        found, accepted = transfers(arm, months, context=Context(household_size=4.0))
        assert 0 < accepted.sum() < accepted.size
        assert not found[:, ~accepted].any()
        for month, given in zip(months, found, strict=True):
            assert given[accepted] == pytest.approx(1.5 if month == 4 else 0.0)


def test_granted_assets_are_worth_what_was_given():
    """On average: their quality varies evenly between a half and one and a half."""
    one = drawn(study(CONTROL, Arm("grant", PACKAGE[:1]), waves=(1,), villages=40))
    gain = one.world_of(one.trial.arms[1]).states[1]["held"] - one.world_of(CONTROL).states[1]["held"]
    spread = 1.5 * float(P.grant_quality_spread)
    assert gain.min() > 1.5 - 1.01 * spread
    assert gain.max() < 1.5 + 1.01 * spread
    # evenly distributed: standard error spread / sqrt(3 n); false alarm at 4 of them: 6e-5
    assert gain.mean() == pytest.approx(1.5, abs=4 * spread / np.sqrt(3 * gain.size))


def test_a_stipend_comes_in_the_months_of_the_file():
    months = (*range(1, 9), 15, 27)
    arm = Arm("stipend", (component(amount=0.2, first=3, months=4),), take_up=0.7)
    found, accepted = transfers(arm, months, context=Context(household_size=7.0))
    due = np.isin(months, (3, 4, 5, 6))
    assert found[due][:, accepted] == pytest.approx(0.2)
    assert not found[~due].any()
    assert not found[:, ~accepted].any()


def test_who_leaves_early_leaves_at_the_hazard():
    arm = Arm("stipend", (component(months=24, drop_out=0.05),))
    found, accepted = transfers(arm, (1, 13), villages=50)
    assert accepted.all()
    low, high = bounds(0.95**12, accepted.size, ALARM)
    assert low <= (found[1] > 0).sum() <= high
    assert (found[0] > 0).all()


def test_a_state_that_is_forced_is_held_for_its_months_and_only_then():
    """With recovery switched off the month itself leaves illness alone, so what is seen is what was imposed."""
    p = P._replace(severe_recovery=np.float32(0), severe_hazard=np.float32(0), moderate_hazard=np.float32(0))
    one = drawn(study(CONTROL, waves=(0, 1, 2, 3, 4), unit="household"), p)
    half = np.arange(one.ids.size) % 2 == 0
    ill = Arm("ill", forces=(Force("illness", 2.0, first=2, months=2),))
    forced, free = one.world((ill,), (half,)), one.world_of(CONTROL)
    for month, held in ((0, False), (1, False), (2, True), (3, True), (4, True)):
        found = forced.states[month]["illness"]
        assert (found[half] == 2).all() == held
        assert np.array_equal(found[~half], free.states[month]["illness"][~half])
    for name, values in free.states[1].items():
        assert np.array_equal(forced.states[1][name], values), name
    # motivation returns by itself: it is set anew each month, and let go after the last
    keen = Arm("keen", forces=(Force("motivation", 1.0, first=2, months=2),))
    world = one.world((keen,), (half,))
    after_a_month = 1.0 - float(P.motivation_return) * (1.0 - float(P.motivation_start))
    for month in (2, 3):
        assert world.states[month]["motivation"][half] == pytest.approx(after_a_month, abs=1e-6)
    assert (world.states[4]["motivation"][half] < after_a_month - 1e-4).all()


def test_illness_costs_its_share_of_income():
    """In the world where the same household stays well it earns the same before the loss."""
    p = P._replace(severe_recovery=np.float32(0), severe_hazard=np.float32(0), moderate_hazard=np.float32(0))
    arm = Arm("ill", forces=(Force("illness", 2.0),))
    one = drawn(study(CONTROL, arm, waves=(1,), eligibility=Eligibility(limits=(Limit("illness", 0.0, 0.0),))), p)
    ill, well = one.world_of(arm).states[1], one.world_of(CONTROL).states[1]
    struck = one.eligible & (well["illness"] == 0)
    assert struck.sum() > 100
    kept = ill["income"][struck] / well["income"][struck]
    assert kept == pytest.approx(1.0 - float(P.severe_income_loss), rel=1e-5)


# --- who takes up -------------------------------------------------------------------------------------------------


def test_every_component_and_arm_asks_in_the_same_way():
    keen = Arm("keen", (component("visits", 8.0, months=6), component("stipend", 0.1, first=8)), take_up=0.5)
    one = drawn(study(CONTROL, TREATED, keen, waves=(3, 8)))
    half, more = one.world_of(keen), one.world_of(TREATED)
    assert np.array_equal(half.accepted, one.world_of(replace(keen, components=PACKAGE)).accepted)
    assert (half.accepted <= more.accepted).all()
    assert half.accepted.sum() < more.accepted.sum()
    # the part that comes later goes to those who took the first, although visits have raised their motivation
    assert np.array_equal(half.states[8]["transfers"] > 0, half.accepted)
    assert np.array_equal(half.states[3]["visits"] > 0, half.accepted)


@pytest.mark.parametrize("take_up", [0.08, 0.52, 0.95])
def test_take_up_is_met(take_up):
    one = drawn(study(villages=80))
    accepted = one.world_of(Arm("offered", PACKAGE[:1], take_up=take_up)).accepted
    low, high = bounds(take_up, accepted.size, ALARM)
    assert low <= accepted.sum() <= high


def test_lots_are_nested_and_met():
    parts = (
        component(amount=0.01, share=0.28),
        component(amount=0.1, share=0.6),
        component(amount=1.0),
    )
    found, _ = transfers(Arm("by lot", parts), (1,), villages=80)
    kinds, counts = np.unique(found[0].round(3), return_counts=True)
    assert kinds == pytest.approx([1.0, 1.1, 1.11])
    for share, hits in ((0.28, counts[2]), (0.6, counts[1] + counts[2])):
        low, high = bounds(share, found.shape[1], ALARM)
        assert low <= hits <= high


def test_reach_is_nested_met_and_hides_nobody():
    made = study(villages=80, eligibility=Eligibility(poorest=0.5))
    near, far = (drawn(replace(made, reach=reach)) for reach in (0.4, 0.8))
    assert (near.reached <= far.reached).all()
    assert not (far.reached & ~far.eligible).any()
    low, high = bounds(0.4, int(near.eligible.sum()), ALARM)
    assert low <= near.reached.sum() <= high
    everyone = Arm("all", PACKAGE[:1])
    assert np.array_equal(near.world_of(everyone).accepted, near.reached)
    assert np.array_equal(near.arm, far.arm)
    # who was not reached is surveyed all the same, as intention to treat has it
    assert draw(replace(made, reach=0.4), P, seed=3).household.size == near.eligible.sum()


# --- assignment ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "villages"), [("village", 12), ("village", 31), ("household", 7)])
def test_arms_get_their_shares_exactly(unit, villages):
    shares = {"control": 1.0, "treated": 2.0, "never": 0.0}
    arms = tuple(Arm(name, share=share) for name, share in shares.items())
    one = drawn(study(*arms, unit=unit, villages=villages, eligibility=Eligibility(poorest=0.37)))
    units = one.arm[one.eligible] if unit == "household" else one.arm[:: one.trial.sample.households_per_village]
    for index, share in enumerate(shares.values()):
        assert abs((units == index).sum() - share / 3.0 * units.size) < 1.0
    if unit == "village":
        assert all(np.unique(one.arm[one.village == village]).size == 1 for village in range(villages))
    else:
        assert any(np.unique(one.arm[one.eligible & (one.village == village)]).size > 1 for village in range(villages))


def test_assignment_has_nothing_to_do_with_the_household():
    """Mean log consumption at baseline by arm, 40 draws; false alarm of the t bound: 1e-4."""
    made = study(unit="household", waves=(0,))
    gaps = []
    for replicate in range(40):
        one = drawn(made, replicate=replicate)
        logs = np.log(one.baseline["consumption"])
        gaps.append(logs[one.arm == 1].mean() - logs[one.arm == 0].mean())
    assert abs(np.mean(gaps)) < 4.32 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))


def test_attrition_is_met_and_differs_between_surveys():
    made = study(villages=80, waves=(0,))
    made = replace(made, waves=(Wave("0", 0), Wave("6", 6, 0.1), Wave("12", 12, 0.3)))
    panel = draw(made, P, seed=3)
    assert panel.found["0"].all()
    for wave, gone in (("6", 0.1), ("12", 0.3)):
        low, high = bounds(gone, panel.household.size, ALARM)
        assert low <= (~panel.found[wave]).sum() <= high
    both = (~panel.found["6"] & ~panel.found["12"]).sum()
    low, high = bounds(0.03, panel.household.size, ALARM)
    assert low <= both <= high
    for of_arm in (0, 1):
        low, high = bounds(0.3, int((panel.arm == of_arm).sum()), ALARM)
        assert low <= (~panel.found["12"][panel.arm == of_arm]).sum() <= high


def test_the_poorest_are_those_who_consume_least():
    made = study(eligibility=Eligibility(poorest=0.35, ranking_noise=0.0, weight_on_assets=0.0))
    one = drawn(made)
    consumed = one.baseline["consumption"]
    assert abs(one.eligible.sum() - 0.35 * one.ids.size) <= 1.0
    assert consumed[one.eligible].max() < consumed[~one.eligible].min()
    noisy = drawn(replace(made, eligibility=replace(made.eligibility, ranking_noise=0.5)))
    assert abs(noisy.eligible.sum() - 0.35 * one.ids.size) <= 1.0
    assert consumed[one.eligible].mean() < consumed[noisy.eligible].mean() < consumed.mean()
    by_assets = drawn(replace(made, eligibility=replace(made.eligibility, weight_on_assets=0.5)))
    assert one.baseline["assets"][by_assets.eligible].mean() < one.baseline["assets"][one.eligible].mean()


def test_limits_are_kept_and_come_before_the_ranking():
    limits = (Limit("job", 0.0, 0.0), Limit("assets", low=1.0))
    one = drawn(study(eligibility=Eligibility(limits=limits)))
    meets = (one.baseline["job"] == 0) & (one.baseline["assets"] >= 1.0)
    assert np.array_equal(one.eligible, meets)
    assert 0 < meets.sum() < meets.size
    ranked = drawn(study(eligibility=Eligibility(poorest=0.5, limits=limits)))
    assert (ranked.eligible <= meets).all()
    assert abs(ranked.eligible.sum() - 0.5 * meets.sum()) <= 1.0


def test_a_study_of_nobody_is_refused():
    with pytest.raises(SimulationError, match="A made-up study: no household is eligible"):
        draw(study(eligibility=Eligibility(limits=(Limit("consumption", low=1e6),))), P, seed=3)


# --- context ------------------------------------------------------------------------------------------------------


def test_the_trap_is_a_switch_of_the_study():
    made = study()
    trapped = replace(made, context=Context(trap=True))
    in_trap = drawn(trapped).world_of(TREATED)
    assert same(in_trap, drawn(made, P._replace(trap=np.float32(1))).world_of(TREATED))
    assert not same(in_trap, drawn(made).world_of(TREATED))


def test_the_sample_is_that_of_the_file():
    context = Context(consumption=1.7, spread=0.4, village_share=0.3, household_size=4, children=1, female_heads=0.35)
    one = drawn(study(villages=150, households=20, waves=(0,), context=context))
    population = one.study.population
    logs = np.log(population.households.consumption).reshape(150, 20)
    # standard errors by village and by household; false alarm at 4 of them: 6e-5
    error = 0.4 * np.sqrt(0.3 / 150 + 0.7 / 3000)
    assert logs.mean() == pytest.approx(np.log(1.7), abs=4 * error)
    between, within = logs.mean(axis=1).var(ddof=1) - logs.var(axis=1, ddof=1).mean() / 20, logs.var(axis=1, ddof=1)
    assert within.mean() == pytest.approx(0.7 * 0.16, rel=4 * np.sqrt(2 / 2850))
    assert between == pytest.approx(0.3 * 0.16, rel=4 * np.sqrt(2 / 149) * 1.2)
    assert (one.baseline["size"] == 4).all()
    assert (one.baseline["children"] == 1).all()
    low, high = bounds(0.35, 3000, ALARM)
    assert low <= one.baseline["female_head"].sum() <= high


def test_village_columns_of_a_context_reach_the_households():
    plain, growing = study(), study(context=Context(villages={"growth": 0.01}))
    before, after = drawn(plain).world_of(CONTROL), drawn(growing).world_of(CONTROL)
    assert np.array_equal(before.states[0]["income"], after.states[0]["income"])
    ratio = after.states[12]["wages"].sum() / before.states[12]["wages"].sum()
    assert ratio == pytest.approx(np.exp(0.01 * 11), rel=0.03)


# --- what a study would find without error ------------------------------------------------------------------------


def test_effects_on_a_scale_by_hand():
    treated, control = np.array([3.0, 5.0, 4.0, 8.0]), np.array([2.0, 3.0, 4.0, 3.0])
    se = np.std([1.0, 2.0, 0.0, 5.0], ddof=1) / 2
    sd = np.sqrt(2.0 / 3.0)
    for scale, unit in (("level", 1.0), ("points", 0.01), ("percent", 0.03), ("sd", sd)):
        found = on_scale(treated, control, scale)
        assert (found.value, found.se) == pytest.approx((2.0 / unit, se / unit)), scale
    odds = on_scale(np.array([0.2, 0.4]), np.array([0.3, 0.5]), "odds_ratio")
    assert odds.value == pytest.approx((0.3 / 0.7) / (0.4 / 0.6))
    with pytest.raises(KeyError):
        on_scale(treated, control, "share")


ASKED = (
    estimate("level", on="offered", wave="12", name="offered"),
    estimate("level", on="treated", wave="12", name="treated"),
    estimate("percent", wave="12", name="percent"),
    estimate("sd", "asset_index", wave="12", name="index"),
)


def test_the_treated_carry_the_whole_effect():
    """Where neighbours share nothing, who declines gains nothing: the effect on the offered is take-up times that."""
    made = replace(study(), estimates=ASKED)
    worlds = Worlds(made, ALONE, seed=3)
    found = {asked.name: worlds.effect(asked) for asked in ASKED}
    accepted = worlds.world("treated").accepted
    assert found["offered"].value == pytest.approx(accepted.mean() * found["treated"].value)
    treated, control = (worlds.outcomes(arm, "12") for arm in ("treated", "control"))
    gain = treated["consumption"] - control["consumption"]
    assert not gain[~accepted].any()
    assert found["treated"].value == pytest.approx(gain[accepted].mean())
    assert found["percent"].value == pytest.approx(100 * gain.mean() / control["consumption"].mean())
    items = ("productive_assets", "durables")
    index = sum((treated[item] - control[item]).mean() / control[item].std() for item in items)
    spread = sum((control[item] - control[item].mean()) / control[item].std() for item in items).std(ddof=1)
    assert found["index"].value == pytest.approx(index / spread)
    assert expected(made, ALONE, seed=3) == found


def test_the_truth_has_no_error_of_the_survey_in_it():
    worlds = Worlds(study(), P, seed=3)
    plain, noisy = (worlds.outcomes("treated", "12", noisy=noise)["consumption"] for noise in (False, True))
    assert np.array_equal(plain, worlds.world("treated").states[12]["consumption"].astype(np.float64))
    assert not np.array_equal(plain, noisy)
    some = np.arange(plain.size) < 7
    assert np.array_equal(worlds.outcomes("treated", "12", noisy=False, among=some)["consumption"], plain[:7])


def test_the_simulation_error_shrinks_with_the_sample():
    errors, values = {}, {}
    for villages in (20, 80):
        found = expected(replace(study(villages=villages), estimates=ASKED), P, seed=3)
        errors[villages] = {name: one.se for name, one in found.items()}
        values[villages] = {name: one.value for name, one in found.items()}
    for name, error in errors[20].items():
        assert 1.4 < error / errors[80][name] < 2.8, name
        # 20 of the 80 villages are the same; false alarm at 5 errors: 6e-7
        assert abs(values[20][name] - values[80][name]) < 5 * error, name


def test_threads_do_not_count():
    """Studies drawn at the same time are what they are alone: no draw depends on another."""
    made = [replace(study(villages=villages), estimates=ASKED) for villages in (12, 15, 18, 21)]
    alone = [expected(one, P, seed=3) for one in made]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: expected(one, P, seed=3), made)) == alone


def test_survey_draws_of_a_month_are_its_own():
    one = drawn(study())
    assert one.noise[6].shape == one.noise[12].shape == (16, one.ids.size)
    flat = np.corrcoef(np.vstack([one.noise[6], one.noise[12]]))
    # 496 pairs of 240 households: the largest of chance is about .22; false alarm at .30: 1e-3
    assert np.abs(flat - np.eye(32)).max() < 0.30
    consumed = int(Stream.SURVEY_CONSUMPTION) - int(Stream.SURVEY_CONSUMPTION)
    assert one.noise[6][consumed].std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * one.ids.size))


# --- the estimator on the model -----------------------------------------------------------------------------------

DRAWS = 120
NOTHING = replace(study(CONTROL, Arm("treated"), waves=(12,)), sample=Sample(24, 25))
"""A programme that does nothing, drawn by village; neighbours are alike."""
SOMETHING = replace(NOTHING, arms=(CONTROL, replace(TREATED, take_up=0.8)))


@pytest.fixture(scope="module")
def nothing():
    """Null trials, each estimated with errors clustered by village and with naive ones."""
    asked = estimate(outcome="log_consumption", wave="12")
    panels = [draw(NOTHING, P, seed=11, replicate=replicate) for replicate in range(DRAWS)]
    return {robust: [effect(one, NOTHING, asked, robust=robust) for one in panels] for robust in (True, False)}


def test_a_null_programme_is_found_in_5_of_100_trials(nothing):
    low, high = bounds(0.05, DRAWS, ALARM)
    assert all(one.true_value == 0.0 for one in nothing[True])
    assert low <= sum(one.p < 0.05 for one in nothing[True]) <= high


def test_naive_errors_find_a_null_programme_too_often(nothing):
    _, high = bounds(0.05, DRAWS, ALARM)
    assert sum(one.p < 0.05 for one in nothing[False]) > high


@pytest.mark.parametrize("on", ["offered", "treated"])
def test_the_interval_holds_the_true_effect_of_a_programme(on):
    asked = estimate("percent", wave="12", on=on)
    found = [effect(draw(SOMETHING, P, seed=12, replicate=replicate), SOMETHING, asked) for replicate in range(DRAWS)]
    low, high = bounds(0.95, DRAWS, ALARM)
    assert low <= sum(one.covered for one in found) <= high
    errors = np.array([one.value - one.true_value for one in found])
    assert abs(errors.mean()) < 4 * errors.std(ddof=1) / np.sqrt(DRAWS)
    # the effect is there: else coverage would say nothing
    assert np.mean([one.true_value for one in found]) > 5.0
    assert np.std(errors, ddof=1) == pytest.approx(np.mean([one.se for one in found]), rel=0.25)


def test_the_estimate_without_error_is_what_trials_find_on_average():
    """`expected` of a large sample against the mean of small trials; false alarm at 4 standard errors: 6e-5."""
    asked = estimate("percent", wave="12")
    found = [effect(draw(SOMETHING, P, seed=12, replicate=replicate), SOMETHING, asked) for replicate in range(DRAWS)]
    large = replace(SOMETHING, sample=Sample(400, 25), estimates=(asked,))
    (truth,) = expected(large, P, seed=5).values()
    values = np.array([one.value for one in found])
    error = np.hypot(values.std(ddof=1) / np.sqrt(DRAWS), truth.se)
    assert values.mean() == pytest.approx(truth.value, abs=4 * error)
