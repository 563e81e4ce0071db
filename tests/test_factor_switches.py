"""Factors as switches: each has neutral values that exist, switches add up, and all off is the plain model."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from empowersim.engine.inputs import Mentors, Programme, Travel
from empowersim.engine.simulate import simulate
from empowersim.errors import ParameterError
from empowersim.parameters import passports
from empowersim.parameters.factors import factors
from empowersim.scenario.compile import Compiled, compile_scenario
from empowersim.scenario.factors import without
from empowersim.scenario.load import load
from empowersim.schema import VILLAGE_ROW

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compile_scenario(load(ROOT / "scenarios" / "remote-islands.yaml"))


def test_there_are_at_least_22_factors_of_both_directions() -> None:
    directions = [factor.direction for factor in factors().values()]
    assert len(directions) >= 22
    assert {"supports", "inhibits"} == set(directions)


@pytest.mark.parametrize("name", list(factors()))
def test_a_factor_moves_things_that_exist_and_says_so(name: str) -> None:
    factor = factors()[name]
    assert set(factor.parameters) <= set(passports())
    assert set(factor.village) <= set(VILLAGE_ROW)
    assert set(factor.travel) <= {item.name for item in fields(Travel)}
    assert set(factor.mentors) <= {item.name for item in fields(Mentors)}
    assert set(factor.programme) <= {item.name for item in fields(Programme)}
    assert factor.parameters or factor.village or factor.travel or factor.mentors or factor.programme
    assert set(factor.label) == {"en", "id"}
    assert factor.confidence in "ABC"
    assert factor.source
    assert factor.moves


def run(world: Any, policy: str) -> Any:
    return simulate(
        world.population(600, 3, 0),
        [world.policies[policy]],
        travel=world.travel,
        parameters=world.parameters,
        months=18,
        burn_in=6,
        seed=3,
        threads=1,
    )[0]


def test_switches_add_up_in_any_order(compiled: Compiled) -> None:
    both = without(compiled, ["distance", "theft", "turnover"])
    again = without(without(without(compiled, ["turnover"]), ["theft"]), ["distance"])
    assert both.parameters == again.parameters
    assert both.travel == again.travel
    assert both.policies == again.policies
    assert dict(both.village) == dict(again.village)


def test_nothing_off_changes_nothing(compiled: Compiled) -> None:
    assert without(compiled, []) is compiled


def test_all_factors_off_is_the_plain_model_exactly(compiled: Compiled) -> None:
    """The plain model set up by hand: neutral figures in the inputs themselves, no use of the switches."""
    name = next(policy for policy, made in compiled.policies.items() if made.mentors.posts > 0)
    everything = run(without(compiled, list(factors())), name)
    policy = compiled.policies[name]
    mentors: dict[str, Any] = {}
    programme: dict[str, Any] = {}
    village: dict[str, float] = {}
    values: dict[str, Any] = {}
    travel: dict[str, Any] = {}
    for factor in factors().values():
        mentors |= factor.mentors
        programme |= factor.programme
        village |= factor.village
        travel |= {key: (float(value),) * 5 for key, value in factor.travel.items()}
        values |= {key: np.float32(value) for key, value in factor.parameters.items()}
    population = compiled.population(600, 3, 0)
    for key, value in village.items():
        population.villages.context[VILLAGE_ROW[key]] = value
    plain = simulate(
        population,
        [
            replace(
                policy,
                mentors=replace(policy.mentors, **mentors),
                programmes=tuple(replace(item, **programme) for item in policy.programmes),
            )
        ],
        travel=replace(compiled.travel, **travel),
        parameters=compiled.parameters._replace(**values),
        months=18,
        burn_in=6,
        seed=3,
        threads=1,
    )[0]
    assert np.array_equal(plain.monthly, everything.monthly, equal_nan=True)
    assert np.array_equal(plain.end_consumption, everything.end_consumption)


def test_a_factor_that_a_scenario_does_not_use_changes_nothing(compiled: Compiled) -> None:
    policy = replace(
        compiled.policies["mix_resident"], mentors=replace(compiled.policies["mix_resident"].mentors, rotation=0)
    )
    world = replace(compiled, policies={"x": policy})
    before, after = run(world, "x"), run(without(world, ["area_transfer"]), "x")
    assert np.array_equal(before.monthly, after.monthly, equal_nan=True)


def test_distance_costs_visits_on_islands(compiled: Compiled) -> None:
    name = next(policy for policy in compiled.policies if "commuting" in policy or "mentors" in policy)
    near, far = run(without(compiled, ["distance"]), name), run(compiled, name)
    assert near.series("visits").mean() > far.series("visits").mean()


def test_an_unknown_factor_is_named_with_the_nearest(compiled: Compiled) -> None:
    with pytest.raises(ParameterError, match="no factor is called distanse; did you mean distance"):
        without(compiled, ["distanse"])


# what a factor must move, by its name: measure of the run, and the sign of (with it - without it)
DIRECTIONS = {
    "distance": ("visits", -1),
    "weather_and_access": ("visits", -1),
    "no_signal": ("visits", -1),
    "administration": ("visits", -1),
    "caseload": ("visits", -1),
    "growing_trust": ("trust", 1),
    "language_gap": ("trust", -1),
    "village_shocks": ("income", -1),
    "asset_deaths": ("assets", -1),
    "theft": ("thefts", 1),
    "health_access": ("health", -1),
    "illness": ("health", -1),
    "kin_sharing": ("poverty_gap", -1),
    "entitlements": ("claims", 1),
    "motivation": ("motivation", 1),
    "dropping_out": ("enrolled", -1),
}


@pytest.fixture(scope="module")
def islands(compiled: Compiled) -> Any:
    """The islands with few commuting mentors for many clients, so that hours bind."""
    policy = compiled.policies["mix_commuting"]
    few = replace(policy.mentors, posts=policy.mentors.posts * 3, dynamics=False)
    world = replace(compiled, policies={"x": replace(policy, mentors=few)})
    return world, run(world, "x")


@pytest.mark.parametrize("name", DIRECTIONS)
def test_a_factor_moves_what_it_should_in_its_direction(islands: Any, name: str) -> None:
    world, with_it = islands
    measure, sign = DIRECTIONS[name]
    change = np.nanmean(with_it.series(measure)) - np.nanmean(run(without(world, [name]), "x").series(measure))
    assert sign * change > 0
