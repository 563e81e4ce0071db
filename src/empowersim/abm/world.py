"""The arrays behind a Mesa model: one future of one policy, taken through the months block by block.

Nothing here knows Mesa. A month goes by the kernel, or in the parts of `engine.steps` with a function in their middle
that lets the households live.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.engine.arrays import DOSES, DRAWS, FINISHED, MENTOR_STATE
from empowersim.engine.gather import Total
from empowersim.engine.lives import REPORTED, Lives, ScratchPerThread, Under, schedule_of, shared_among
from empowersim.engine.metrics import SUM_ROW
from empowersim.engine.outputs import Run
from empowersim.engine.simulate import Burnt, burn_in_of, check, default_threads
from empowersim.engine.steps import Given, close_month, given_for, live_alone, open_month
from empowersim.errors import SimulationError
from empowersim.experiments.compare import Plan
from empowersim.parameters import record_of
from empowersim.rules.month import Dose, Draw, Household, Village
from empowersim.schema import ROW, ROWS, VILLAGE_ROW

MENTOR_ROW: Final = {name: row for row, name in enumerate(MENTOR_STATE)}
HouseholdColumn = NDArray[np.float32]
Live = Callable[[int], Household]
"""What a household makes of its month: given its row, its state at the end."""


class World:
    """One future under one policy; households, mentors and villages have row numbers in the order of the engine."""

    def __init__(self, made: Plan, policy: str, replicate: int, subdistrict: int | None) -> None:
        """Make and burn in the households of a checked plan; `subdistrict` = number of the only block to be shown."""
        self.made = made
        self.policy = made.compiled.policies[policy]
        self.months = made.months
        self.month = 0
        """Months lived so far."""
        self._key = np.uint32(made.seed), np.uint32(replicate)
        self.replicate = replicate
        compiled = made.compiled
        self.values = record_of(compiled.parameters)
        settings: dict[str, Any] = {
            "travel": compiled.travel,
            "parameters": compiled.parameters,
            "burn_in": made.burn_in,
            "seed": made.seed,
            "replicate": replicate,
        }
        people = compiled.population(made.households, made.seed, replicate)
        check(people.count, [self.policy], self.months, made.burn_in, made.seed, replicate, REPORTED)
        self.burnt: Burnt = burn_in_of(people, **settings)
        self.lives = Lives(
            [self.policy],
            months=self.months,
            judged=REPORTED,
            calendar=0,
            mean_line=self.burnt.mean_line,
            **settings,
        )
        portions = shared_among(self.burnt.begun, self.policy, self.burnt.represents)
        self.under: tuple[Under, ...] = tuple(
            self.lives.open(begun, 0, portion) for begun, portion in zip(self.burnt.begun, portions, strict=True)
        )
        self.shown = self._shown(subdistrict)
        """Numbers of the blocks of which there are agents."""
        self._lay_out()
        self._scratch = ScratchPerThread()
        self._given: dict[int, Given] = {}
        self.schedule = schedule_of(
            0, 0, self.months - min(REPORTED, self.months), min(self.policy.end, self.months), self.months, 0
        )

    def _shown(self, subdistrict: int | None) -> tuple[int, ...]:
        count = len(self.under)
        if subdistrict is None:
            return tuple(range(count))
        if not 0 <= subdistrict < count:
            raise SimulationError(f"subdistrict: expected a number from 0 to {count - 1}, found {subdistrict}")
        return (subdistrict,)

    def _lay_out(self) -> None:
        """Where each row lies: block, tile and lane of a household, block and index of a village or mentor."""
        blocks = [self.under[number].block for number in self.shown]
        places = [np.nonzero(block.live > 0) for block in blocks]
        self.block_of = np.concatenate([np.full(tile.size, at) for at, (tile, _) in enumerate(places)])
        self.tile = np.concatenate([tile for tile, _ in places])
        self.lane = np.concatenate([lane for _, lane in places])
        self.first = np.concatenate([[0], np.cumsum([tile.size for tile, _ in places])])
        villages = [block.village.shape[0] for block in blocks]
        self.first_village = np.concatenate([[0], np.cumsum(villages)])
        self.village_block = np.repeat(np.arange(len(blocks)), villages)
        self.village_of = np.concatenate(
            [
                self.first_village[at] + block.tile_village[tile]
                for at, (block, (tile, _)) in enumerate(zip(blocks, places, strict=True))
            ]
        )
        mentors = [self.under[number].offer.mentor_tiles.size - 1 for number in self.shown]
        self.first_mentor = np.concatenate([[0], np.cumsum(mentors)])
        self.mentor_block = np.repeat(np.arange(len(blocks)), mentors)
        self.mentor_of = np.concatenate(
            [
                self._mentors_of(at, tile, self.under[number].offer.mentor_tiles)
                for at, (number, (tile, _)) in enumerate(zip(self.shown, places, strict=True))
            ]
        )
        low = np.concatenate([block.id_low[place] for block, place in zip(blocks, places, strict=True)])
        high = np.concatenate([block.id_high[place] for block, place in zip(blocks, places, strict=True)])
        self.household_id = (low.astype(np.int64) | (high.astype(np.int64) & 0xFFFFFF) << 32).astype(np.int64)

    def _mentors_of(self, at: int, tile: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of the mentor in whose area each household lives; -1 without mentors."""
        if bounds.size < 2:
            return np.full(tile.size, -1)
        return self.first_mentor[at] + np.searchsorted(bounds, tile, side="right") - 1

    # ------------------------------------------------------------ looking

    def shown_under(self, at: int) -> Under:
        """The block at position `at` of those shown."""
        return self.under[self.shown[at]]

    @property
    def households(self) -> int:
        """Households shown."""
        return int(self.tile.size)

    @property
    def villages(self) -> int:
        """Villages shown."""
        return int(self.village_block.size)

    @property
    def mentors(self) -> int:
        """Posts of mentors in the blocks shown, vacant ones included."""
        return int(self.mentor_block.size)

    def column(self, row: int) -> HouseholdColumn:
        """One column of the households shown, shape (households,), in their order: a copy."""
        parts = []
        for at in range(len(self.shown)):
            inside = slice(self.first[at], self.first[at + 1])
            parts.append(self.shown_under(at).block.state[self.tile[inside], row, self.lane[inside]])
        return np.concatenate(parts)

    def slots(self) -> NDArray[np.bool_]:
        """Who holds a place of each programme, shape (programmes, households)."""
        count = len(self.policy.programmes)
        found = np.zeros((count, self.households), np.bool_)
        for at in range(len(self.shown)):
            inside = slice(self.first[at], self.first[at + 1])
            held = self.shown_under(at).running.slots[self.tile[inside], :count, self.lane[inside]]
            found[:, inside] = ((held > 0) & (held != FINISHED)).T
        return found

    def village_column(self, row: int) -> HouseholdColumn:
        """One column of the villages shown, shape (villages,): a copy."""
        return np.concatenate([self.shown_under(at).block.village[:, row] for at in range(len(self.shown))])

    def mentor_column(self, row: int) -> HouseholdColumn:
        """One column of the mentors shown, shape (mentors,): a copy."""
        parts = [
            self.shown_under(at).running.mentors[: self.first_mentor[at + 1] - self.first_mentor[at], row]
            for at in range(len(self.shown))
        ]
        return np.concatenate(parts)

    def cell(self, household: int) -> tuple[Any, int, int]:
        """State array, tile and lane of a household."""
        return self.shown_under(int(self.block_of[household])).block.state, self.tile[household], self.lane[household]

    def village_cells(self, village: int) -> NDArray[np.float32]:
        """The row of a village, shape (VILLAGE_ROWS,): a view."""
        at = int(self.village_block[village])
        row: NDArray[np.float32] = self.shown_under(at).block.village[village - self.first_village[at]]
        return row

    def mentor_cells(self, mentor: int) -> NDArray[np.float32]:
        """The row of a mentor, shape (len(MENTOR_STATE),): a view."""
        at = int(self.mentor_block[mentor])
        row: NDArray[np.float32] = self.shown_under(at).running.mentors[mentor - self.first_mentor[at]]
        return row

    # ------------------------------------------------------------ living

    def step_by_kernel(self) -> None:
        """One month of all blocks by the kernel."""
        for under in self.under:
            self.lives.go_on(under, self.month, self.month + 1)
        self.month += 1

    def step_by_households(self, order: Sequence[int] | NDArray[np.int64], live: Live) -> None:
        """One month in parts; `live(row)` gives the state at the end of the month of each household, in any `order`.

        Blocks of which there are no agents go by the kernel.
        """
        shown = set(self.shown)
        for number, under in enumerate(self.under):
            if number not in shown:
                self.lives.go_on(under, self.month, self.month + 1)
        for at in range(len(self.shown)):
            self._open(at)
        after = {int(row): live(int(row)) for row in order}
        for row, home in after.items():
            state, tile, lane = self.cell(row)
            state[tile, :, lane] = home
        for at in range(len(self.shown)):
            self._padding(at)
            self._close(at)
        self.month += 1

    def given(self, household: int) -> tuple[Household, Village, Dose, Draw]:
        """What a household has, and what the month that is open hands to it."""
        at, tile, lane = int(self.block_of[household]), self.tile[household], self.lane[household]
        given = self._given[at]
        block = self.shown_under(at).block
        village = block.village[int(block.tile_village[tile])]
        return (
            Household(*block.state[tile, :, lane]),
            Village(*village),
            Dose(*given.doses[tile, :, lane]),
            Draw(*given.draws[tile, :, lane]),
        )

    def live(self, home: Household, village: Village, dose: Dose, draw: Draw, since: float) -> Household:
        """`rules.month.household_month` of one household, compiled."""
        state = np.zeros((ROWS, LANES), np.float32)
        doses, draws = np.zeros((DOSES, LANES), np.float32), np.zeros((DRAWS, LANES), np.float32)
        state[:, 0], doses[:, 0], draws[:, 0] = home, dose, draw
        out = np.empty(ROWS, np.float32)
        live_alone(self.values, np.array(village, np.float32), state, doses, draws, np.float32(since), out)
        return Household(*out)

    def _open(self, at: int) -> None:
        under = self.shown_under(at)
        if at not in self._given:
            self._given[at] = given_for(under.block.state.shape[0], under.block.village.shape[0])
        scratch = self._scratch.get(under.block.state.shape[0])
        open_month(*under[1:6], scratch, self._given[at], self.values, self.schedule, self.month, *self._key)

    def _close(self, at: int) -> None:
        under = self.shown_under(at)
        scratch = self._scratch.get(under.block.state.shape[0])
        close_month(
            *under[1:6], scratch, self._given[at], self.values, self.schedule, self.month, self.burnt.mean_line
        )

    def _padding(self, at: int) -> None:
        """Nobody lives in a padded lane; its columns are multiplied by 0 in every sum, so they only must stay finite."""

    # ------------------------------------------------------------ results

    def run(self) -> Run:
        """The run so far; months to come are empty. After the last month it is the run of `engine.simulate`."""
        total = Total(self.policy, self.made.compiled.travel, self.months)
        closed = [self.lives.close(under) for under in self.under]
        for begun, lived in zip(self.burnt.begun, closed, strict=True):
            total.add(lived.tally, lived.places, begun.region)
        found: Run = total.run(
            replicate=self.replicate,
            represents=self.burnt.represents,
            households=self.burnt.count,
            vectors={
                **self.burnt.vectors,
                "size": np.concatenate([lived.ends.size for lived in closed]),
                "start_consumption": np.concatenate([lived.ends.start for lived in closed]),
                "end_consumption": np.concatenate([lived.ends.end for lived in closed]),
                "touched": np.concatenate([lived.ends.touched for lived in closed]),
                "stage": np.concatenate([lived.ends.stage for lived in closed]),
            },
        )
        return found


def threads_for(households: int) -> int:
    """Threads that pay for a model of this size."""
    return default_threads(households)


__all__ = ["MENTOR_ROW", "ROW", "SUM_ROW", "VILLAGE_ROW", "World"]
