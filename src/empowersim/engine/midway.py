"""Branching in the middle: one policy for some months, then any number of continuations from exactly there.

What a continuation takes over at month m:

* households and villages as they stand, with everything that programmes for villages have changed;
* places of programmes that it shares with the first policy (the same number); other places end, as at the end of a
  policy;
* its mentors, if it has as many in a block as the first policy; otherwise new ones begin their first day;
* villages served by programmes that both have. A programme for villages that is new and should have begun before m
  begins at m.

Everything else runs on the calendar of month 0: intakes come when they would have come. A continuation that is the
first policy gives the bits of the run in one; "no programme" gives those of a policy that ends at m.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.engine.arrays import FINISHED, Running, copy_of
from empowersim.engine.gather import Total
from empowersim.engine.inputs import Policy, Travel
from empowersim.engine.lives import REPORTED, Begun, Lived, Lives, Under, shared_among
from empowersim.engine.outputs import Float64Array, Run
from empowersim.engine.plans import Portion
from empowersim.engine.simulate import Burnt, check
from empowersim.errors import SimulationError

_BY_PROGRAMME = ("places_offered", "places_filled", "applicants", "enrolled", "programme_cost")
_BY_MONTH = ("hours", "mentor_cost", "mentors", "partner_cost")
_OF_HOUSEHOLDS = ("sums", "details", "villages", "spread")
"""Fields of a tally that know no programme: those of both parts are added."""


@dataclass(frozen=True)
class Midway:
    """A run in the middle of its months; nothing in it changes."""

    burnt: Burnt
    policy: Policy
    month: int
    """First month that is not lived yet."""
    settings: Mapping[str, Any]
    """As in `Lives`, of the whole run."""
    under: tuple[Under, ...]
    """The blocks, in their order."""

    @property
    def months(self) -> int:
        """Months of the whole run."""
        return int(self.settings["months"])


def run_until(
    burnt: Burnt,
    policy: Policy,
    month: int,
    *,
    travel: Travel,
    parameters: Any,
    months: int,
    burn_in: int,
    seed: int,
    replicate: int = 0,
    judged: int = REPORTED,
    calendar: int = 0,
) -> Midway:
    """Let a policy go on from a burn-in through the months 0 .. `month` - 1 of a run of `months`.

    The other arguments as in `run_from`. Raises `SimulationError`, also unless 0 < month < months.
    """
    check(burnt.count, [policy], months, burn_in, seed, replicate, judged)
    if not 0 < month < months:
        raise SimulationError(f"month: expected one within the run, 1 to {months - 1}, found {month}")
    settings = {
        "travel": travel,
        "parameters": parameters,
        "months": months,
        "burn_in": burn_in,
        "seed": seed,
        "replicate": replicate,
        "judged": judged,
        "calendar": calendar,
        "mean_line": burnt.mean_line,
    }
    lives = Lives([policy], **settings)
    under = []
    for begun, portion in zip(burnt.begun, shared_among(burnt.begun, policy, burnt.represents), strict=True):
        opened = lives.open(begun, 0, portion)
        lives.go_on(opened, 0, month)
        under.append(opened)
    return Midway(burnt, policy, month, settings, tuple(under))


def go_on_with(midway: Midway, policies: Sequence[Policy]) -> list[Run]:
    """Let each policy go on from the middle to the end; one `Run` a policy, over all months of both parts.

    Programmes of the first policy that a continuation does not have come after its own. Raises `SimulationError`.
    """
    settings = midway.settings
    check(
        midway.burnt.count,
        policies,
        midway.months,
        settings["burn_in"],
        settings["seed"],
        settings["replicate"],
        settings["judged"],
    )
    return [_continued(midway, _on_time(policy, midway)) for policy in policies]


def _continued(midway: Midway, policy: Policy) -> Run:
    lives = Lives([policy], **midway.settings)
    before = Total(midway.policy, midway.settings["travel"], midway.months)
    after = Total(policy, midway.settings["travel"], midway.months)
    earlier = Lives([midway.policy], **midway.settings)
    done: list[Lived] = []
    portions = shared_among(midway.burnt.begun, policy, midway.burnt.represents)
    for begun, first, portion in zip(midway.burnt.begun, midway.under, portions, strict=True):
        under = _taken_over(lives, begun, first, policy, midway, portion)
        lives.go_on(under, midway.month, midway.months)
        lived, was = lives.close(under), earlier.close(first)
        whole = {name: getattr(was.tally, name) + getattr(lived.tally, name) for name in _OF_HOUSEHOLDS}
        before.add(was.tally._replace(**whole), was.places, begun.region)
        served = _served(midway.policy, policy, was, lived)
        after.add(lived.tally._replace(**whole, served=served), lived.places, begun.region)
        done.append(lived)
    common: dict[str, Any] = {
        "replicate": midway.settings["replicate"],
        "represents": midway.burnt.represents,
        "households": midway.burnt.count,
        "vectors": {
            **midway.burnt.vectors,
            "size": np.concatenate([lived.ends.size for lived in done]),
            "start_consumption": np.concatenate([lived.ends.start for lived in done]),
            "end_consumption": np.concatenate([lived.ends.end for lived in done]),
            "touched": np.concatenate([lived.ends.touched for lived in done]),
            "stage": np.concatenate([lived.ends.stage for lived in done]),
        },
    }
    return _joined(before.run(**common), after.run(**common), midway.month)


def _taken_over(lives: Lives, begun: Begun, first: Under, policy: Policy, midway: Midway, portion: Portion) -> Under:
    """The block where the first policy left it, on the first day of its continuation."""
    fresh = lives.open(begun, 0, portion)
    old, new = first.running, fresh.running
    was = {programme.number: slot for slot, programme in enumerate(midway.policy.programmes)}
    stays = {programme.number: slot for slot, programme in enumerate(policy.programmes)}
    over = [slot for number, slot in was.items() if number not in stays]
    slots = np.zeros((new.slots.shape[0], new.slots.shape[1] + len(over), LANES), np.uint8)
    for number, slot in stays.items():
        if number in was:
            slots[:, slot] = old.slots[:, was[number]]
            new.graduates[slot] = old.graduates[was[number]]
    for at, slot in enumerate(over, start=new.slots.shape[1]):
        slots[:, at] = np.where(old.slots[:, slot] != 0, FINISHED, np.uint8(0))
    if policy.end <= midway.month:
        slots[slots != 0] = FINISHED
    served = new.served
    villages = {community.number: row for row, community in enumerate(midway.policy.community)}
    for row, community in enumerate(policy.community):
        if community.number in villages:
            served[row] = old.served[villages[community.number]]
    same = np.array_equal(first.offer.mentor_tiles, fresh.offer.mentor_tiles)
    running = Running(slots, old.mentors.copy() if same else new.mentors, served, new.graduates)
    return fresh._replace(block=copy_of(first.block), running=running, start=first.start)


def _served(first: Policy, policy: Policy, was: Lived, lived: Lived) -> NDArray[np.int64]:
    """Villages served by month, with those of the first part: who was served then is not begun with anew."""
    rows = {community.number: row for row, community in enumerate(first.community)}
    served = lived.tally.served.copy()
    for row, community in enumerate(policy.community):
        if community.number in rows:
            served[row] += was.tally.served[rows[community.number]]
    return served


def _on_time(policy: Policy, midway: Midway) -> Policy:
    """The policy with programmes for villages that are new begun at the branch at the earliest."""
    known = {community.number for community in midway.policy.community}
    return replace(
        policy,
        community=tuple(
            one if one.number in known or one.start >= midway.month else replace(one, start=midway.month)
            for one in policy.community
        ),
    )


def _joined(before: Run, after: Run, month: int) -> Run:
    """One run: the months before `month` from the first part, the others from the second."""

    def spliced(one: Float64Array, other: Float64Array) -> Float64Array:
        return np.concatenate([one[..., :month], other[..., month:]], axis=-1)

    def by_name(name: str, names: str) -> Float64Array:
        first, second = getattr(before, names), getattr(after, names)
        every = _names(second, first)
        nothing = np.zeros(after.months)
        one, other = getattr(before, name), getattr(after, name)
        rows = [
            spliced(
                one[first.index(item)] if item in first else nothing,
                other[second.index(item)] if item in second else nothing,
            )
            for item in every
        ]
        return np.array(rows).reshape(len(every), after.months)

    changed: dict[str, Any] = {
        "programme_names": _names(after.programme_names, before.programme_names),
        "community_names": _names(after.community_names, before.community_names),
        "community_cost": by_name("community_cost", "community_names"),
    }
    changed |= {name: by_name(name, "programme_names") for name in _BY_PROGRAMME}
    changed |= {name: spliced(getattr(before, name), getattr(after, name)) for name in _BY_MONTH}
    return replace(after, **changed)


def _names(own: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Own names, then those that only the other part has."""
    return (*own, *(name for name in others if name not in own))
