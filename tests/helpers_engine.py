"""What the tests of the engine share: small populations, hand-made towns, runs, and a block under the glass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from empowersim.engine import inputs
from empowersim.engine.arrays import Block, copy_of, running_of, scratch_for
from empowersim.engine.inputs import Condition, Households, Policy, Population, Programme, Travel, Villages
from empowersim.engine.kernels import advance
from empowersim.engine.lives import empty_tally, schedule_of
from empowersim.engine.outputs import HOURS, Run
from empowersim.engine.plans import Portion, new_mentors, offer_of, plan_of
from empowersim.engine.simulate import mean_line_of, simulate, subdistricts_of
from empowersim.engine.start import blocks_of, rows_in_order, settle, working_rows
from empowersim.engine.synthetic import DRAWN, synthetic, village_context
from empowersim.parameters import parameters, record_of
from empowersim.parameters.places import place, travel
from empowersim.schema import REGION_TYPES, ROW

Mentors = partial(inputs.Mentors, dynamics=False)
"""Mentors who neither learn nor tire nor leave; `test_mentors.py` has those who do."""

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
TRAVEL = Travel(**travel())
NO_CONTACT = {
    "kin_sharing": 0.0,
    "practice_diffusion": 0.0,
    "collective_per_participation": 0.0,
    "culture_harm": 0.0,
    "theft_per_poverty": 0.0,
}
"""Parameters under which neighbours learn, receive and suffer nothing from each other."""
FOR_ALL = 100.0
"""Places a year for each household: more than can be filled."""

ONES = (1.0,) * len(REGION_TYPES)
ZEROS = (0.0,) * len(REGION_TYPES)
NEXT_DOOR = Travel(
    round_trip_hours=ZEROS,
    visit_time_factor=ONES,
    walk_hours=ZEROS,
    sessions_per_trip=ONES,
    visits_per_trip=ONES,
    access=ONES,
    trip_cost=ZEROS,
    signal_factor=ONES,
)
"""Nobody has to travel."""


@cache
def people(households: int = 3000, place_name: str = "medan_urban", seed: int = 1, replicate: int = 0) -> Population:
    """Synthetic households of a place."""
    return synthetic(place(place_name), households=households, seed=seed, replicate=replicate)


@cache
def hamlets(households: int = 3000, place_name: str = "medan_urban") -> Population:
    """The same households with every village a subdistrict of its own: many blocks in a small population."""
    made = people(households, place_name)
    count = made.villages.village_id.size
    alone = replace(made.villages, subdistrict=np.arange(count, dtype=np.int32))
    return replace(made, villages=alone, subdistrict_id=np.arange(count, dtype=np.int64))


def town(
    sizes: Sequence[int], subdistrict: Sequence[int] | None = None, region: str = "urban", **columns: Any
) -> Population:
    """Hand-made villages of `sizes` households, which represent themselves; `columns` of `Households` to set."""
    count, villages = int(sum(sizes)), len(sizes)
    given = {
        "consumption": np.linspace(0.5, 3.0, count),
        "welfare_score": np.zeros(count),
        "size": np.full(count, 4.0),
        "children": np.ones(count),
        "schooling_years": np.full(count, 9.0),
        "female_head": np.zeros(count),
        "literacy": np.full(count, 0.6),
        "in_school": np.ones(count),
        "illness": np.zeros(count),
    }
    given |= columns
    where = place({"urban": "medan_urban", "small_island": "remote_islands"}[region])
    of = np.zeros(villages, np.int32) if subdistrict is None else np.asarray(subdistrict, np.int32)
    return Population(
        households=Households(
            household_id=np.arange(count, dtype=np.int64),
            village=np.repeat(np.arange(villages, dtype=np.int32), sizes),
            **{name: np.broadcast_to(np.asarray(value, np.float32), count).copy() for name, value in given.items()},
        ),
        villages=Villages(
            village_id=np.arange(villages, dtype=np.int64),
            subdistrict=of,
            region=np.full(villages, REGION_TYPES.index(region), np.int32),
            context=village_context(
                where,
                np.zeros(villages, np.int64),
                np.ones(villages, np.float32),
                np.full((len(DRAWN), villages), 0.999),
            ),
        ),
        subdistrict_id=np.arange(int(of.max()) + 1, dtype=np.int64),
        represents=float(count),
    )


def keep(population: Population, chosen: Any) -> Population:
    """The population with the households at `chosen` only (a mask or row numbers), all else as it was."""
    homes = population.households
    picked = {field.name: getattr(homes, field.name)[chosen] for field in fields(homes)}
    return replace(population, households=Households(**picked))


def programme(name: str = "one", number: int = 1, **changes: Any) -> Programme:
    """A programme without eligibility, doses and costs that everybody accepts, with an intake in month 0 only."""
    given: dict[str, Any] = {
        "conditions": (),
        "doses": {},
        "duration": 6,
        "take_up": 1.0,
        "places_per_year": 0.0,
        "intake_every": 12,
        "last_intake": 0,
    }
    return Programme(name=name, number=number, **(given | changes))


def below(line: float, column: str = "consumption", observed: bool = False) -> tuple[Condition, ...]:
    """Eligible up to a bound."""
    return (Condition(column, high=line, observed=observed),)


def simple_mentors(visits: float, **changes: Any) -> inputs.Mentors:
    """One mentor of the town whose month holds exactly `visits` visits of one hour and nothing else."""
    given: dict[str, Any] = {
        "posts": 1.0,
        "hours": float(visits),
        "admin_hours": 0.0,
        "admin_hours_per_client": 0.0,
        "training_hours": 0.0,
        "visit_hours": 1.0,
    }
    return Mentors(**(given | changes))


def run(population: Population, *policies: Policy, **settings: Any) -> list[Run]:
    """Simulate; names that `simulate` does not know are changed parameters."""
    own = ("travel", "months", "burn_in", "seed", "replicate", "threads", "judged", "calendar")
    given = {"travel": TRAVEL, "months": 12, "burn_in": 0, "seed": 1, "threads": 1}
    given |= {name: settings[name] for name in own if name in settings}
    changed = {name: value for name, value in settings.items() if name not in own}
    return simulate(population, policies, parameters=parameters(changed), **given)


def unlike(a: Run, b: Run, *, apart_from: Sequence[str] = ()) -> list[str]:
    """Fields in which two runs do not have the very same bits."""
    found = []
    for field in fields(Run):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray):
            same = one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
        else:
            same = one == other
        if not same and field.name not in apart_from:
            found.append(field.name)
    return found


def simulated(counted: Any, population: Population) -> Any:
    """Represented counts back in whole households of the simulation."""
    exact = np.asarray(counted) * population.count / population.represents
    assert np.allclose(exact, exact.round(), atol=1e-6)
    return exact.round().astype(int)


def hours_of(result: Run, use: str) -> Any:
    """Hours of mentors by month, for one use."""
    return result.hours[HOURS.index(use)]


class Glass:
    """One block of a population under one policy, month by month, with all that `Run` does not keep."""

    def __init__(
        self,
        population: Population,
        policy: Policy,
        *,
        block: int = 0,
        months: int = 12,
        burn_in: int = 0,
        seed: int = 1,
        judged: int = 12,
        travel_by: Travel = TRAVEL,
        calendar: int = 0,
        **overrides: float,
    ) -> None:
        values = parameters(overrides)
        self.values = record_of(values)
        self.key = (np.uint32(seed), np.uint32(0))
        self.months, self.judged, self.calendar = months, judged, calendar
        self.end = min(policy.end, months)
        self.line = mean_line_of(population)
        self.block: Block = blocks_of(population, values)[block]
        settle(self.block, working_rows(), self.values, *self.key)
        order, regions = subdistricts_of(population)
        self.share = float(self.block.live.sum()) / population.represents
        portion = Portion(self.share, self.share)
        self.plan = plan_of(policy, travel_by, int(regions[block]), portion)
        identity = int(population.subdistrict_id[order[block]])
        tiles, villages = self.block.state.shape[0], self.block.village.shape[0]
        self.offer = offer_of(policy, identity, portion, tiles, villages, months, *self.key)
        self.policy = policy
        self.running = self.fresh(self.block)
        self.tally = empty_tally(policy, months)
        self.scratch = scratch_for(self.block.state.shape[0])
        self.month = -burn_in
        if burn_in:
            self.advance(0)
        self.begin()

    def fresh(self, block: Block) -> Any:
        """What the policy keeps in a block on its first day."""
        mentors = self.offer.mentor_tiles.size - 1
        running = running_of(block, len(self.policy.programmes), mentors, len(self.policy.community))
        running.mentors[:] = new_mentors(self.policy.mentors, mentors)
        return running

    @property
    def slots(self) -> Any:
        """Programme slots of the block."""
        return self.running.slots

    def begin(self) -> None:
        """Set the sum of consumption back and note who begins poor, as at the start of every policy."""
        self.block.state[:, ROW["welfare"]] = 0.0
        poor = (self.block.state[:, ROW["consumption"]] < 1.0) & (self.block.live > 0)
        self.block.state[:, ROW["began_poor"]] = poor

    def reshape(self, block: Block) -> None:
        """Put another layout of the same households in place of the block, before the first month."""
        tiles = block.state.shape[0]
        self.block = copy_of(block)
        self.running = self.fresh(block)
        self.scratch = scratch_for(tiles)
        bounds = self.offer.mentor_tiles.copy()
        bounds[-1] = tiles if bounds.size > 1 else 0
        self.offer = self.offer._replace(mentor_tiles=bounds)

    def advance(self, month: int) -> Glass:
        """Go on to the beginning of a month."""
        schedule = schedule_of(self.month, month, self.months - self.judged, self.end, self.months, self.calendar)
        advance(
            self.block,
            self.running,
            self.plan,
            self.offer,
            self.tally,
            self.scratch,
            self.values,
            schedule,
            *self.key,
            self.line,
        )
        self.month = month
        return self

    def row(self, name: str) -> Any:
        """A column of the households, in their order."""
        return rows_in_order(self.block, name)

    def put(self, name: str, values: Any) -> None:
        """Change a column of the households."""
        self.block.state[:, ROW[name], :][self.block.live > 0] = values

    def slot(self, number: int = 0) -> Any:
        """State of a programme's places, by household: 0 never, 255 over, else months left."""
        return self.slots[:, number, :][self.block.live > 0]
