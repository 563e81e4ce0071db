"""The household month in numpy: whole columns of float32, walked over in chunks of villages that fit the cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.columns import YEAR, Columns
from benchmarks.peers.translate import over_arrays, over_arrays_exactly
from benchmarks.world import World, flat
from empowersim._jit import LANES
from empowersim.engine.arrays import DOSES
from empowersim.engine.metrics import Details, Sums, VillageSums
from empowersim.maths import ONE, ZERO
from empowersim.rules.month import Dose, Draw, Household, Village

CHUNK = 16384
"""Households walked over at once; the best of the powers of two from 1,024 to 65,536."""


class NumpyArrays:
    """Households of a world as columns, without a programme.

    `exact` uses the kernel's own polynomials and order of summing, and so ends every household with the kernel's bits;
    without it numpy's functions are used, as one would for speed. `own_generator` draws from numpy's fastest generator
    instead of Philox: faster still, but a household's luck then depends on who else is there.
    """

    def __init__(self, world: World, *, exact: bool = False, own_generator: bool = False, chunk: int = CHUNK) -> None:
        people = flat(world.blocks)
        self.exact = exact
        self.shared = Columns(world, people, over_arrays_exactly() if exact else over_arrays())
        self.state = people.state
        self.at = 0
        self._generator = np.random.Generator(np.random.SFC64(world.seed)) if own_generator else None  # noqa: TID251
        self._chunks = self._cut(chunk)
        largest = max(stop - first for first, stop, _, _, _ in self._chunks)
        self._nothing = np.zeros((DOSES, largest), np.float32)

    def _cut(self, chunk: int) -> list[tuple[int, int, int, int, Any]]:
        """Households first, stop and villages first, stop of each chunk, and where its villages begin in it."""
        begin = np.concatenate(([0], np.cumsum(self.shared.households)))
        found, first = [], 0
        while first < begin.size - 1:
            last = max(int(np.searchsorted(begin, begin[first] + chunk, side="right")) - 1, first + 1)
            found.append((int(begin[first]), int(begin[last]), first, last, begin[first:last] - begin[first]))
            first = last
        return found

    def live(self, months: int) -> None:
        """Live on for some months."""
        for _ in range(months):
            self._one_month()
            self.at += 1

    def _one_month(self) -> None:
        shared, at = self.shared, self.at
        context = shared.begin(at)
        since = np.float32(at + 1)
        total, more = np.zeros(len(Sums._fields)), np.zeros(len(Details._fields))
        means = np.zeros((len(VillageSums._fields), shared.households.size))
        for first, stop, first_village, last_village, begins in self._chunks:
            home = Household(*self.state[:, first:stop])
            place = Village(*(column[first:stop] for column in context))
            dose = Dose(*self._nothing[:, : stop - first])
            after = shared.month(shared.values, place, home, dose, self._draw(first, stop), since)
            added = shared.contribution(shared.values, after, place, ONE, ZERO, since)
            nearby = shared.towards_village(after, ONE, ZERO)
            if at % YEAR == YEAR - 1:
                more += shared.detailed(after)
            for row, (old, new) in enumerate(zip(home, after, strict=True)):
                if new is not old:
                    self.state[row, first:stop] = new
            for row, given in enumerate(added):
                total[row] += given.sum(dtype=np.float64) if np.ndim(given) else float(given) * (stop - first)
            for row, given in enumerate(nearby):
                values = given if np.ndim(given) else np.full(stop - first, given, np.float32)
                if self.exact:
                    means[row, first_village:last_village] = lane_sums(values, begins)
                else:
                    means[row, first_village:last_village] = np.add.reduceat(values, begins, dtype=np.float64)
        shared.sums.append(total)
        shared.details.append(more)
        shared.end(means)

    def _draw(self, first: int, stop: int) -> Draw:
        """The twelve draws of some households: three normals and nine uniforms."""
        if self._generator is None:
            return self.shared.draw(first, stop, self.at)
        normal = self._generator.standard_normal((3, stop - first), dtype=np.float32)
        return Draw(*normal, *self._generator.random((9, stop - first), dtype=np.float32))

    def headcounts(self) -> Any:
        """Poverty headcount (share of persons) by month."""
        return self.shared.headcounts()


def lane_sums(values: Any, begins: Any) -> Any:
    """Sums by village in the kernel's order: float32 lane by lane over the tiles, then float64 over the lanes.

    `values` shape (households,), `begins` where each village begins.
    """
    found = np.empty(begins.size)
    for place, (first, stop) in enumerate(zip(begins, [*begins[1:], values.size], strict=True)):
        padded = np.zeros(-(-(stop - first) // LANES) * LANES, np.float32)
        padded[: stop - first] = values[first:stop]
        lanes = np.zeros(LANES, np.float32)
        for tile in padded.reshape(-1, LANES):
            lanes += tile
        found[place] = sum(lanes.tolist())
    return found
