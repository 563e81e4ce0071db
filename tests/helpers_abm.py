"""What the tests of the Mesa model share: a scenario in which everything is on, and models of it."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np

from empowersim.abm import EmpowermentModel
from empowersim.engine.outputs import Run
from empowersim.engine.simulate import simulate
from empowersim.scenario.load import loads

SEED = 7
HOUSEHOLDS = 220
MONTHS = 27

EVERYTHING = """
empowersim: 1
name: everything
reference: nothing
base:
  world: {place: remote_islands, households: 3000, price_year: 2024}
  parameters: {turnover_base: 0.015}
  simulation: {households: 220, months: 27, burn_in: 6 months, replicates: 1, seed: 7}
policies:
  nothing: {}
  everything:
    runs_for: 25 months
    programmes:
      skills_training: {budget: 4 billion IDR/year}
      adult_literacy: {budget: 2 billion IDR/year}
      scholarship_tutoring: {budget: 4 billion IDR/year}
      health_education: {budget: 2 billion IDR/year}
      entrepreneurship_training: {budget: 3 billion IDR/year}
    community:
      community_deliberation: {coverage: 60 %}
      health_post: {coverage: 50 %, start: 3 months}
    mentors:
      count: 60
      type: contract
      visits: 2 visits/month
      sessions: 1 session/month
      rule: neediest_first
      rotation: 9 months
  shared:
    like: everything
    mentors: {rule: equal}
"""
ALONE = "kin_sharing: 0, practice_diffusion: 0, collective_per_participation: 0, culture_harm: 0, theft_per_poverty: 0"


@cache
def scenario(text: str = EVERYTHING) -> Any:
    """A loaded scenario."""
    return loads(text)


def alone() -> Any:
    """The same scenario where neighbours meet in nothing."""
    return scenario(EVERYTHING.replace("{turnover_base", f"{{{ALONE}, turnover_base"))


def model(policy: str = "everything", **given: Any) -> EmpowermentModel:
    """A small model."""
    return EmpowermentModel(scenario(), policy, **{"rng": SEED, **given})


@cache
def finished(policy: str, engine: str, shuffle: bool = True, households: int = HOUSEHOLDS) -> EmpowermentModel:
    """A model after its last month; not to be changed."""
    made = model(policy, engine=engine, shuffle=shuffle, households=households)
    made.run()
    return made


@cache
def engine_run(policy: str, households: int = HOUSEHOLDS, months: int = MONTHS) -> Run:
    """The run of `engine.simulate`."""
    from empowersim.experiments.compare import plan

    made = plan(scenario(), policies=[policy], reference=policy, households=households, months=months, seed=SEED)
    people = made.compiled.population(households, SEED, 0)
    run = simulate(
        people,
        [made.compiled.policies[policy]],
        travel=made.compiled.travel,
        parameters=made.compiled.parameters,
        months=months,
        burn_in=made.burn_in,
        seed=SEED,
    )
    return run[0]


def differing(one: Run, other: Run) -> list[str]:
    """Fields of two runs that are not the same to the last bit."""
    found = []
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        same = a.tobytes() == b.tobytes() and a.shape == b.shape if isinstance(a, np.ndarray) else a == b
        if not same:
            found.append(field.name)
    return found
