"""Follow the households of a study through a world: the same kernels as everywhere, stopped at each survey.

A world is a set of offers. The world of the assignment offers each household the components of its own arm; the world
of an arm offers them to every eligible household; the world without any offers nothing. Draws are
addressed, so the same household lives the same luck in each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.arrays import FINISHED, Block, Running, copy_of, running_of, scratch_for
from empowersim.engine.inputs import Mentors, Policy, Population, Programme
from empowersim.engine.kernels import advance
from empowersim.engine.lives import empty_tally
from empowersim.engine.observe import work_of
from empowersim.engine.plans import EVERYTHING, MONEY, new_mentors, offer_of, plan_of
from empowersim.engine.start import blocks_of, settle, working_rows
from empowersim.parameters import record_of
from empowersim.schema import HOUSEHOLD, ROW
from empowersim.trials.model import Arm, Force, Trial
from empowersim.trials.population import REGION, no_travel

_OFFER: Final = 1
"""Number of the offer in the random numbers: every arm asks the same household in the same way."""
_PLENTY: Final = 1e9
"""Places and mentors' hours without limit: a study delivers what it planned."""

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
State = dict[str, Any]
"""Column -> float32 (households,), in household order."""


@dataclass(frozen=True)
class Offer:
    """An arm, and the households to whom it is offered (n,)."""

    arm: Arm
    to: BoolArray
    lots: FloatArray
    """Uniform (n,): who gets a component that not all takers get."""


@dataclass(frozen=True)
class World:
    """One world as surveyed."""

    states: dict[int, State]
    """Month -> columns of `schema.HOUSEHOLD`, with `held` (L) and the fields of `rules.survey.Work`."""
    accepted: BoolArray
    """Shape (n,): ever got something."""


class Study:
    """A drawn study: its households after the burn-in, from which worlds are followed."""

    def __init__(self, trial: Trial, population: Population, parameters: Any, seed: int, replicate: int) -> None:
        """Start and burn in the households of `population`; `parameters` as from `parameters.parameters`."""
        self.trial = trial
        self.population = population
        self.parameters = parameters
        self.seed, self.replicate = np.uint32(seed), np.uint32(replicate)
        self.values = record_of(parameters)
        (self.block,) = blocks_of(population, parameters)
        tiles = self.block.state.shape[0]
        self.scratch = scratch_for(tiles)
        self.alive = self.block.live > 0
        settle(self.block, working_rows(), self.values, self.seed, self.replicate)
        idle = Policy("burn-in")
        self._go(self.block, running_of(self.block, 1, 1, 1), idle, -trial.burn_in, 0, 1)
        below = self.block.state[:, ROW["consumption"]] < 1.0
        self.block.state[:, ROW["began_poor"]] = below & self.alive

    def _go(self, block: Block, running: Running, policy: Policy, start: int, stop: int, months: int) -> None:
        """Advance a block through the months ``start .. stop - 1`` of a policy."""
        tiles, villages = block.state.shape[0], block.village.shape[0]
        offer = offer_of(policy, 0, EVERYTHING, tiles, villages, months, self.seed, self.replicate)
        schedule = np.array([start, stop, months, months, months, 0], np.int64)
        plan = plan_of(policy, no_travel(), REGION, EVERYTHING)
        tally = empty_tally(policy, months)
        line = np.float32(1.0)
        advance(
            block, running, plan, offer, tally, self.scratch, self.values, schedule, self.seed, self.replicate, line
        )

    def state(self, block: Block, month: int, transitory: FloatArray) -> State:
        """Columns of all households at the end of a month (0 = before the study), padding left out."""
        found: State = {column.name: block.state[:, ROW[column.name], :][self.alive] for column in HOUSEHOLD}
        scale = np.float64(self.parameters.asset_scale)
        found["held"] = np.expm1(found["assets"].astype(np.float64)) / scale
        return found | work_of(block, self.values, transitory, month)

    def baseline(self, transitory: FloatArray) -> State:
        """Columns at the end of the burn-in."""
        return self.state(self.block, 0, transitory)

    def follow(self, offers: Iterable[Offer], months: Iterable[int], transitory: dict[int, FloatArray]) -> World:
        """Follow one world and look at it after each of `months` (0 = baseline)."""
        offers = tuple(offers)
        asked = sorted(set(months))
        last = max([*asked, 1])
        block = copy_of(self.block)
        policy, kept = self._policy(offers)
        running = running_of(block, len(policy.programmes), 1, 0)
        running.mentors[:] = new_mentors(policy.mentors, 1)
        for slot, (offer, share) in enumerate(kept):
            closed = np.full(block.live.shape, FINISHED, np.uint8)
            closed[self.alive] = np.where(offer.to & (offer.lots < share), 0, FINISHED)
            running.slots[:, slot, :] = closed
        never = running.slots == FINISHED
        forces = [(offer, force) for offer in offers for force in offer.arm.forces]
        states = {0: self.state(block, 0, transitory[0])} if 0 in asked else {}
        month = 0
        for stop in _stops(asked, forces, last):
            for offer, force in forces:
                if force.first - 1 <= month < force.first - 1 + force.months:
                    self._impose(block, offer, force)
            self._go(block, running, policy, month, stop, last)
            month = stop
            if month in asked:
                states[month] = self.state(block, month, transitory[month])
        got = ((running.slots != 0) & ~never).any(axis=1)[self.alive]
        return World(states, got)

    def _impose(self, block: Block, offer: Offer, force: Force) -> None:
        """Set a column of the households of an offer."""
        column = block.state[:, ROW[force.column], :]
        rows = column[self.alive]
        rows[offer.to] = np.float32(force.value)
        column[self.alive] = rows

    def _policy(self, offers: tuple[Offer, ...]) -> tuple[Policy, list[tuple[Offer, float]]]:
        """The components of all offers as programmes without limit of places, and for each its offer and share."""
        programmes: list[Programme] = []
        kept: list[tuple[Offer, float]] = []
        money = self.trial.context.household_size
        for offer in offers:
            for component in offer.arm.components:
                doses = {
                    channel: amount * (money if channel in MONEY else 1.0)
                    for channel, amount in component.doses.items()
                }
                programmes.append(
                    Programme(
                        name=f"{offer.arm.name} {len(programmes)}",
                        number=_OFFER,
                        conditions=(),
                        doses=doses,
                        duration=component.months,
                        take_up=offer.arm.take_up,
                        drop_out=component.drop_out,
                        places_per_year=_PLENTY,
                        first_intake=component.first - 1,
                        intake_every=12,
                        last_intake=component.first - 1,
                    )
                )
                kept.append((offer, component.share))
        mentors = Mentors(
            posts=1.0 if programmes else 0.0,
            hours=_PLENTY,
            admin_hours=0.0,
            admin_hours_per_client=0.0,
            training_hours=0.0,
            competence=self.trial.competence,
            dynamics=False,
            rule="equal",
            resident=True,
            resident_round_trip=0.0,
        )
        return Policy("world", tuple(programmes), mentors), kept


def _stops(asked: list[int], forces: list[tuple[Offer, Force]], last: int) -> list[int]:
    """Months at which the run is held: every survey, and every month in which a state is imposed."""
    stops = {month for month in asked if month > 0} | {last}
    for _, force in forces:
        stops |= set(range(max(force.first - 1, 1), min(force.first + force.months, last + 1)))
    return sorted(stops)
