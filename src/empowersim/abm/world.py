"""The arrays behind a Mesa model: one future of one policy, block by block, and where each row lies in them.

Nothing here knows Mesa. Households, villages and mentors have row numbers, in the order of the engine: subdistrict by
subdistrict, village by village.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.abm.record import run_of
from empowersim.engine.arrays import FINISHED, MENTOR_STATE
from empowersim.engine.ends import ends_of
from empowersim.engine.lives import REPORTED, Lives, Under, shared_among
from empowersim.engine.outputs import STAGES, Run
from empowersim.engine.simulate import Burnt, burn_in_of, check, default_threads
from empowersim.engine.steps import MENTOR_FIGURES, Figures, figures_of, mentor_figures_of
from empowersim.errors import SimulationError
from empowersim.experiments.compare import Plan
from empowersim.parameters import record_of
from empowersim.rng import Kind
from empowersim.schema import REGION_TYPES, ROW, ROWS, VILLAGE_ROW

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

MENTOR_ROW: Final = {name: row for row, name in enumerate(MENTOR_STATE)}
_KIND_SHIFT: Final = 56
"""Above it stands the kind of an actor in its unique id, as in the address of a draw."""
_HIGH: Final = 0xFFFFFF


class World:
    """One future of one policy; the rows shown are those of all subdistricts, or of one."""

    def __init__(self, made: Plan, policy: str, replicate: int, subdistrict: int | None, rules: Any = None) -> None:
        """Make and burn in the households of a plan; `subdistrict` as in `Run.subdistrict`, None = all.

        `rules` = an extension of the engine, or None. Raises `SimulationError`.
        """
        compiled = made.compiled
        self.made, self.replicate = made, replicate
        self.policy = compiled.policies[policy]
        self.months, self.month = made.months, 0
        self.end = min(self.policy.end, self.months)
        """Month in which everything that serves ends, at the latest that of the run."""
        self.judged = min(REPORTED, self.months)
        self.key = np.uint32(made.seed), np.uint32(replicate)
        self.values = record_of(compiled.parameters)
        """Parameters as one record, as kernels take them."""
        settings: dict[str, Any] = {
            "travel": compiled.travel,
            "parameters": compiled.parameters,
            "burn_in": made.burn_in,
            "seed": made.seed,
            "replicate": replicate,
        }
        if rules is not None:
            settings["extension"] = rules
        people = compiled.population(made.households, made.seed, replicate)
        check(people.count, [self.policy], self.months, made.burn_in, made.seed, replicate, REPORTED)
        self.burnt: Burnt = burn_in_of(people, **settings)
        self.mean_line = self.burnt.mean_line
        self.lives = Lives(
            [self.policy], months=self.months, judged=REPORTED, calendar=0, mean_line=self.mean_line, **settings
        )
        portions = shared_among(self.burnt.begun, self.policy, self.burnt.represents)
        # nobody else goes on from this burn-in, so its blocks need not be copied
        self.under: tuple[Under, ...] = tuple(
            self.lives.open(begun, 0, portion, spent=True)
            for begun, portion in zip(self.burnt.begun, portions, strict=True)
        )
        first = np.cumsum([0, *(begun.households for begun in self.burnt.begun)])
        self.subdistricts: IntArray = self.burnt.vectors["subdistrict"][first[:-1]].astype(np.int64)
        """Number of the subdistrict of each block."""
        self.shown = self._shown(subdistrict)
        """Blocks whose rows are shown."""
        ids = [self.burnt.vectors["household_id"][first[at] : first[at + 1]] for at in self.shown]
        self.household_id: IntArray = np.concatenate(ids).astype(np.int64)
        """Permanent id of each household."""
        self._lay_out()
        self._memory: dict[str, tuple[int, Any]] = {}
        self._changes = 0

    def _shown(self, subdistrict: int | None) -> tuple[int, ...]:
        if subdistrict is None:
            return tuple(range(len(self.under)))
        found = np.flatnonzero(self.subdistricts == subdistrict)
        if isinstance(subdistrict, bool) or not found.size:
            there = ", ".join(str(one) for one in self.subdistricts[:8])
            more = ", ..." if self.subdistricts.size > 8 else ""
            raise SimulationError(f"subdistrict: expected one of {there}{more}, found {subdistrict!r}")
        return (int(found[0]),)

    def _lay_out(self) -> None:
        """Work out where each row lies."""
        under = [self.under[at] for at in self.shown]
        spots = [np.flatnonzero(one.block.live.reshape(-1) > 0) for one in under]
        villages = [one.block.village.shape[0] for one in under]
        mentors = [self._posts_in(one) for one in under]
        self.first: IntArray = np.cumsum([0, *(spot.size for spot in spots)])
        """Row of the first household of each block shown, and of the end."""
        self.first_village: IntArray = np.cumsum([0, *villages])
        self.first_mentor: IntArray = np.cumsum([0, *mentors])
        self.spot: IntArray = np.concatenate(spots)
        """Tile x LANES + lane of each household in its block."""
        tiles = [spot // LANES for spot in spots]
        self.village_of: IntArray = np.concatenate(
            [self.first_village[at] + one.block.tile_village[tiles[at]] for at, one in enumerate(under)]
        )
        """Row of the village of each household."""
        self.mentor_of: IntArray = np.concatenate(
            [
                self.first_mentor[at] + np.searchsorted(one.offer.mentor_tiles, tiles[at], side="right") - 1
                if mentors[at]
                else np.full(tiles[at].size, -1)
                for at, one in enumerate(under)
            ]
        ).astype(np.int64)
        """Row of the mentor in whose area each household lives; -1 where there is none."""
        self.village_id: IntArray = np.concatenate(
            [_joined(one.block.village_low, one.block.village_high) for one in under]
        )
        self.mentor_id: IntArray = np.concatenate(
            [_joined(one.offer.mentor_low, one.offer.mentor_high)[: mentors[at]] for at, one in enumerate(under)]
        )

    def _posts_in(self, under: Under) -> int:
        return max(under.offer.mentor_tiles.size - 1, 0) if self.policy.mentors.posts > 0.0 else 0

    # ------------------------------------------------------------------ rows

    @property
    def households(self) -> int:
        """Households shown."""
        return int(self.first[-1])

    @property
    def villages(self) -> int:
        """Villages shown."""
        return int(self.first_village[-1])

    @property
    def mentors(self) -> int:
        """Mentors' posts shown, vacant ones included."""
        return int(self.first_mentor[-1])

    @property
    def serving(self) -> bool:
        """Whether programmes and mentors serve in the month that is being lived, or comes next."""
        return bool(self.month < self.policy.end)

    def block_of(self, row: int, first: IntArray) -> tuple[int, Under]:
        """Position among the blocks shown, and the block, of a row; `first` of its kind (`first_village`, say)."""
        at = int(np.searchsorted(first, row, side="right")) - 1
        return at, self.under[self.shown[at]]

    def home(self, row: int) -> tuple[Under, int, int]:
        """Block, tile and lane of a household."""
        _, under = self.block_of(row, self.first)
        return under, int(self.spot[row]) // LANES, int(self.spot[row]) % LANES

    def village_row(self, village: int) -> FloatArray:
        """The figures of a village, in the order of `schema.VILLAGE`: a view."""
        at, under = self.block_of(village, self.first_village)
        found: FloatArray = under.block.village[village - self.first_village[at]]
        return found

    def mentor_row(self, mentor: int) -> FloatArray:
        """The figures of a mentor, in the order of `arrays.MENTOR_STATE`: a view."""
        at, under = self.block_of(mentor, self.first_mentor)
        found: FloatArray = under.running.mentors[mentor - self.first_mentor[at]]
        return found

    def tiles_of(self, mentor: int) -> tuple[int, slice]:
        """Position of its block among those shown, and the tiles of the area, of a mentor."""
        at, under = self.block_of(mentor, self.first_mentor)
        m = mentor - self.first_mentor[at]
        return at, slice(int(under.offer.mentor_tiles[m]), int(under.offer.mentor_tiles[m + 1]))

    def spread(self, by_block: list[Any], first: IntArray) -> Any:
        """One value a block shown, for each row that it holds."""
        return np.repeat(np.asarray(by_block), np.diff(first))

    # ------------------------------------------------------------------ columns

    def column(self, name: str) -> FloatArray:
        """A column of `schema.HOUSEHOLD`, shape (households,): a copy."""
        if name not in ROW:
            return self._extra(name)
        parts = []
        for at, number in enumerate(self.shown):
            spot = self.spot[self.first[at] : self.first[at + 1]]
            flat = self.under[number].block.state.reshape(-1)
            parts.append(flat[spot // LANES * (ROWS * LANES) + ROW[name] * LANES + spot % LANES])
        return np.concatenate(parts)

    def write(self, row: int, households: IntArray, values: FloatArray) -> None:
        """Write values (n,) into the row of `schema.ROW` of these households (n,)."""
        at = np.searchsorted(self.first, households, side="right") - 1
        for number in np.unique(at).tolist():
            mine = at == number
            spot = self.spot[households[mine]]
            self.under[self.shown[number]].block.state[spot // LANES, row, spot % LANES] = values[mine]

    def _extra(self, name: str) -> FloatArray:
        """A column that an extension of the engine adds."""
        extension = getattr(self.lives, "_machine", None)
        names = list(getattr(getattr(extension, "extension", None), "columns", ()))
        if name not in names:
            raise KeyError(name)
        row = names.index(name)
        own = [(self.under[at].block.own, self.under[at].block.live) for at in self.shown]  # type: ignore[attr-defined]
        found: FloatArray = np.concatenate([columns[:, row, :][live > 0] for columns, live in own])
        return found

    def village_column(self, name: str) -> FloatArray:
        """A column of `schema.VILLAGE`, shape (villages,): a copy."""
        return np.concatenate([self.under[at].block.village[:, VILLAGE_ROW[name]] for at in self.shown])

    def mentor_column(self, name: str) -> FloatArray:
        """A column of `arrays.MENTOR_STATE`, shape (mentors,): a copy."""
        parts = [
            self.under[number].running.mentors[: self.first_mentor[at + 1] - self.first_mentor[at], MENTOR_ROW[name]]
            for at, number in enumerate(self.shown)
        ]
        return np.concatenate(parts)

    def slots(self) -> NDArray[np.bool_]:
        """Who holds a place of each programme now, shape (programmes, households)."""
        count = len(self.policy.programmes)
        found = np.zeros((count, self.households), np.bool_)
        for at, number in enumerate(self.shown):
            spot = self.spot[self.first[at] : self.first[at + 1]]
            held = self.under[number].running.slots[spot // LANES, :count, spot % LANES]
            found[:, self.first[at] : self.first[at + 1]] = ((held > 0) & (held != FINISHED)).T
        return found if self.serving else np.zeros_like(found)

    # ------------------------------------------------------------------ what the rules say

    def figure(self, name: str) -> FloatArray:
        """A field of `steps.Figures` of the households as they stand, shape (households,)."""

        def work() -> FloatArray:
            return np.concatenate([figures_of(self.under[at].block, self.values) for at in self.shown], axis=1)

        found: FloatArray = self._kept("figures", work)[Figures._fields.index(name)]
        return found

    def mentor_figure(self, name: str) -> FloatArray:
        """A field of `steps.MENTOR_FIGURES` of the mentors as they stand, shape (mentors,); 0 when nobody serves."""

        def work() -> FloatArray:
            parts = []
            for at, number in enumerate(self.shown):
                under, count = self.under[number], int(self.first_mentor[at + 1] - self.first_mentor[at])
                empty = np.zeros((1, 1), np.float32)
                parts.append(mentor_figures_of(under.plan, under.running.mentors, count, self.values, empty))
            return np.concatenate(parts)

        found: FloatArray = self._kept("mentors", work)[:, MENTOR_FIGURES.index(name)]
        return found if self.serving else np.zeros_like(found)

    def stages(self) -> NDArray[Any]:
        """How far each household has come, a name of `outputs.STAGES`, shape (households,)."""

        def work() -> NDArray[np.int8]:
            parameters = self.made.compiled.parameters
            under = [self.under[at] for at in self.shown]
            return np.concatenate(
                [ends_of(one.block, one.running, one.start, self.judged, parameters).stage for one in under]
            )

        found: NDArray[Any] = np.array(STAGES)[self._kept("stages", work)]
        return found

    def touched(self) -> None:
        """Say that somebody has written into the arrays."""
        self._changes += 1

    def _kept(self, name: str, work: Any) -> Any:
        """What `work` makes, made again only after a change."""
        at, value = self._memory.get(name, (-1, None))
        if at != self._changes:
            value = work()
            self._memory[name] = self._changes, value
        return value

    # ------------------------------------------------------------------ names

    def regions(self, first: IntArray) -> NDArray[Any]:
        """Name of the region type of each row."""
        found: NDArray[Any] = np.array(REGION_TYPES)[
            self.spread([self.burnt.begun[at].region for at in self.shown], first)
        ]
        return found

    def unique(self, kind: int, ids: IntArray) -> IntArray:
        """Unique ids: kind and permanent id, as in the address of a draw; that of a household is its permanent id."""
        return (np.int64(kind) << _KIND_SHIFT) | ids

    def unique_households(self) -> IntArray:
        """Unique id of each household."""
        return self.unique(Kind.HOUSEHOLD, self.household_id)

    # ------------------------------------------------------------------ months and results

    def live_by_kernel(self, blocks: list[int] | None = None) -> None:
        """Take blocks (None: all) through the next month by the kernel; `month` is for the caller to move on."""
        which = [self.under[at] for at in (range(len(self.under)) if blocks is None else blocks)]
        workers = default_threads(self.burnt.count)
        if workers == 1 or len(which) == 1:
            for under in which:
                self.lives.go_on(under, self.month, self.month + 1)
            return
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda under: self.lives.go_on(under, self.month, self.month + 1), which))

    def run(self, *, vectors: bool = True) -> Run:
        """The run so far, of all subdistricts; measures of months to come are NaN.

        After the last month it is the run of `engine.simulate`, to the last bit. Without `vectors` its household
        vectors are empty.
        """
        return run_of(self, vectors)


def _joined(low: NDArray[np.uint32], high: NDArray[np.uint32]) -> IntArray:
    """Permanent ids from their two words."""
    return low.astype(np.int64) | ((high.astype(np.int64) & _HIGH) << 32)
