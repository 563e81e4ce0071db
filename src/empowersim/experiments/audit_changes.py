"""What an audit of pairing changes and compares: policies that do little, subdistricts in another order, whole runs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.inputs import Households, Mentors, Policy, Population, Villages
from empowersim.engine.lives import Under
from empowersim.engine.outputs import MEASURES, Run

_FOR_ALL: Final = 100.0
"""Places a year for each represented household: nothing is rationed."""
_COUNTED: Final = ("places_offered", "places_filled", "applicants", "enrolled")
LIVED: Final = ("size", "start_consumption", "end_consumption", "touched", "stage")
_SUMS_AGREE: Final = 1e-12
"""Relative difference that sums of floats may have when they are taken in another order."""

# ---------------------------------------------------------------- policies that do little


def no_places(policy: Policy) -> Policy:
    """The policy as it stands, without a place and a village to serve; its mentors have no clients."""
    return replace(
        policy,
        programmes=tuple(replace(one, places_per_year=0.0) for one in policy.programmes),
        community=tuple(replace(one, coverage=0.0) for one in policy.community),
    )


def no_doses(policy: Policy) -> Policy:
    """The policy as it stands, with places and villages that get nothing at all."""
    return replace(
        policy,
        programmes=tuple(replace(one, doses={}) for one in policy.programmes),
        community=tuple(replace(one, doses={}, sets={}, scales={}) for one in policy.community),
    )


def for_all(policy: Policy, represents: float) -> Policy:
    """The programmes of the policy with places for everybody, no mentors, and no limit to what a trade is worth.

    Nothing is rationed then, and no household bears on another but by contact.
    """
    return replace(
        policy,
        programmes=tuple(replace(one, places_per_year=_FOR_ALL * represents, demand=0.0) for one in policy.programmes),
        mentors=Mentors(),
        community=(),
        sharing="equal",
    )


@dataclass(frozen=True)
class OnePlace:
    """Offers one place of the first programme, at its first intake, in one subdistrict; nothing anywhere else."""

    identity: int

    def __call__(self, under: Under, identity: int) -> Under:
        """The block with permanent id `identity`, offered what it should be."""
        places = under.offer.places
        times = np.flatnonzero(places[0] >= 0)
        places[:] = np.where(places >= 0, 0, places)
        if identity == self.identity and times.size:
            places[0, times[0]] = 1
        return under


# ---------------------------------------------------------------- comparing


def reordered(population: Population, order: NDArray[np.int64]) -> Population:
    """The same subdistricts, with their permanent ids, in another order."""
    homes, villages = population.households, population.villages
    rows = np.concatenate([np.flatnonzero(villages.subdistrict == one) for one in order])
    of = villages.subdistrict[homes.village]
    households = np.concatenate([np.flatnonzero(of == one) for one in order])
    picked = {field.name: getattr(homes, field.name)[households] for field in fields(Households)}
    picked["village"] = np.argsort(rows).astype(np.int32)[homes.village[households]]
    return replace(
        population,
        households=Households(**picked),
        villages=Villages(
            village_id=villages.village_id[rows],
            subdistrict=np.argsort(order).astype(np.int32)[villages.subdistrict[rows]],
            region=villages.region[rows],
            context=villages.context[:, rows],
        ),
        subdistrict_id=population.subdistrict_id[order],
    )


def unlike_runs(a: Run, b: Run, *, apart_from: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """What of two runs has not the very same bits: names of fields, and of monthly measures with their first month."""
    found = []
    for field in fields(Run):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if field.name in apart_from:
            continue
        if field.name == "monthly":
            rows = np.flatnonzero((one.view(np.uint64) != other.view(np.uint64)).any(axis=1))
            for row in rows[:1]:
                month = int(np.flatnonzero(one[row].view(np.uint64) != other[row].view(np.uint64))[0])
                found.append(f"{MEASURES[row].name} from month {month} on")
        elif isinstance(one, np.ndarray):
            if one.shape != other.shape or one.tobytes() != other.tobytes():
                found.append(field.name)
        elif one != other:
            found.append(field.name)
    return found


def unlike_lives(a: Run, b: Run) -> list[str]:
    """As `unlike_runs` for households in another order; sums of floats, taken in another order, may round otherwise."""
    home = np.argsort(b.household_id)
    first = np.argsort(a.household_id)
    found = [name for name in LIVED if getattr(a, name)[first].tobytes() != getattr(b, name)[home].tobytes()]
    found += [name for name in _COUNTED if getattr(a, name).tobytes() != getattr(b, name).tobytes()]
    if not np.allclose(a.monthly, b.monthly, rtol=_SUMS_AGREE, atol=0.0, equal_nan=True):
        found.append("monthly")
    return [f"{a.policy}: {name}" for name in found]


def count_unlike(a: Run, b: Run) -> int:
    """Households whose life is not the same in two runs."""
    one, other = np.argsort(a.household_id), np.argsort(b.household_id)
    differs = np.zeros(one.size, np.bool_)
    for name in LIVED:
        differs |= getattr(a, name)[one] != getattr(b, name)[other]
    return int(differs.sum())
