"""Switch factors off in a compiled scenario: every factor has neutral values, and they are put in place of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from empowersim.engine.inputs import Policy, Travel
from empowersim.errors import ParameterError
from empowersim.parameters.factors import Factor, factors
from empowersim.scenario.compiled import Compiled
from empowersim.schema import REGION_TYPES


def without(compiled: Compiled, names: Sequence[str]) -> Compiled:
    """The scenario with the named factors switched off; the order of names does not matter.

    Raises `ParameterError` for a name that is no factor, naming the nearest.
    """
    chosen = [_factor(name) for name in names]
    if not chosen:
        return compiled
    village = dict(compiled.village)
    for factor in chosen:
        village |= factor.village
    values = {name: np.float32(value) for factor in chosen for name, value in factor.parameters.items()}
    return replace(
        compiled,
        parameters=compiled.parameters._replace(**values),
        travel=_travel_without(compiled.travel, chosen),
        policies={name: _policy_without(policy, chosen) for name, policy in compiled.policies.items()},
        village=village,
        factors_off=tuple(dict.fromkeys((*compiled.factors_off, *(factor.name for factor in chosen)))),
    )


def _factor(name: str) -> Factor:
    """The factor called `name`."""
    known = factors()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ParameterError(f"no factor is called {name}{hint}")
    return known[name]


def _travel_without(travel: Travel, chosen: Sequence[Factor]) -> Travel:
    """Travel with neutral values in every region type."""
    changed = {name: (float(value),) * len(REGION_TYPES) for factor in chosen for name, value in factor.travel.items()}
    return replace(travel, **changed)


def _policy_without(policy: Policy, chosen: Sequence[Factor]) -> Policy:
    """A policy with neutral values of its mentors and programmes."""
    mentors: dict[str, Any] = {name: value for factor in chosen for name, value in factor.mentors.items()}
    programme: dict[str, Any] = {name: value for factor in chosen for name, value in factor.programme.items()}
    return replace(
        policy,
        mentors=replace(policy.mentors, **mentors),
        programmes=tuple(replace(item, **programme) for item in policy.programmes),
    )
