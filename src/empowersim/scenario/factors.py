"""A scenario without some of its factors: neutral values in parameters, villages, travel, mentors and programmes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from empowersim.engine.inputs import CommunityProgramme, Mentors, Policy, Programme, Travel
from empowersim.parameters.factors import Off, factor, factors
from empowersim.schema import REGION_TYPES


def without(compiled: Compiled, names: Sequence[str]) -> Compiled:
    """The compiled scenario with the factors `names` switched off, on top of those that are off already.

    Posts, places and budgets stay as compiled: what the money buys is the same, only what it does differs. The order of
    names does not matter unless two factors set the same value, where the later in the registry wins. Raises
    `ParameterError`, naming the nearest, for an unknown factor.
    """
    wanted = {factor(name).name for name in names}
    offs = [one.off for name, one in factors().items() if name in wanted]
    values: dict[str, float] = {}
    village: dict[str, float] = dict(compiled.village)
    for off in offs:
        values |= off.parameters
        village |= off.village
    cast = {name: np.float32(value) for name, value in values.items()}
    changed: Compiled = replace(
        compiled,
        parameters=compiled.parameters._replace(**cast) if cast else compiled.parameters,
        travel=_travel(compiled.travel, offs),
        policies={name: _policy(policy, offs) for name, policy in compiled.policies.items()},
        village=village,
        factors_off=tuple(name for name in factors() if name in {*compiled.factors_off, *wanted}),
    )


def _travel(travel: Travel, offs: Iterable[Off]) -> Travel:
    """Travel figures with the neutral values of each factor."""
    changed: dict[str, Any] = {}
    for off in offs:
        for name, value in off.travel.items():
            here = getattr(travel, name)
            neutral = here[REGION_TYPES.index(value)] if isinstance(value, str) else value
            changed[name] = tuple(neutral for _ in REGION_TYPES)
    return replace(travel, **changed)


def _policy(policy: Policy, offs: Sequence[Off]) -> Policy:
    """A policy with the neutral values of each factor."""
    return replace(
        policy,
        mentors=_mentors(policy.mentors, offs),
        programmes=tuple(_programme(one, offs) for one in policy.programmes),
        community=tuple(_community(one, offs) for one in policy.community),
    )


def _mentors(mentors: Mentors, offs: Iterable[Off]) -> Mentors:
    if mentors.posts <= 0.0:
        return mentors
    for off in offs:
        floors = {name: max(getattr(mentors, name), value) for name, value in off.mentors_at_least.items()}
        changed: dict[str, Any] = {**off.mentors, **floors}
        mentors = replace(mentors, **changed)
    return mentors


def _programme(programme: Programme, offs: Iterable[Off]) -> Programme:
    for off in offs:
        changed: dict[str, Any] = dict(off.programme)
        programme = replace(programme, doses=_doses(programme.doses, off.doses), **changed)
    return programme


def _community(community: CommunityProgramme, offs: Iterable[Off]) -> CommunityProgramme:
    for off in offs:
        community = replace(community, doses=_doses(community.doses, off.doses))
    return community


def _doses(given: Mapping[str, float], neutral: Mapping[str, float]) -> dict[str, float]:
    """Doses with neutral ones in place of those that are given."""
    return {channel: neutral.get(channel, dose) for channel, dose in given.items()}
