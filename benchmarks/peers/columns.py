"""What the peers that work on whole columns share: draws by address, villages as columns, and the month's sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.translate import Translation
from benchmarks.world import Flat, World
from empowersim import maths
from empowersim.engine import metrics
from empowersim.engine.metrics import SUM_ROW, VILLAGE_SUM_ROW, Details, Sums, VillageSums
from empowersim.maths import ONE, ZERO
from empowersim.rng import _M0, _M1, _W0, _W1, Kind, Stream
from empowersim.rules import community, month
from empowersim.rules.month import Draw, Household, Village
from empowersim.schema import VILLAGE, VILLAGE_ROW

YEAR = 12
_HALF_WORD, _WORD = np.uint64(32), np.uint64(0xFFFFFFFF)
_CHANGING = tuple(VILLAGE_ROW[column.name] for column in VILLAGE if column.role == "state")
MEANS = {
    "mean_income": "normal_income",
    "mean_practice": "practice",
    "mean_participation": "participation",
    "mean_poor": "poor",
}
"""Column of a village -> the sum of `metrics.VillageSums` whose mean it holds."""


def philox(c0: Any, c1: Any, c2: int, c3: int, k0: int, k1: int) -> tuple[Any, Any, Any, Any]:
    """Philox4x32-10 over arrays of uint64 that hold 32-bit words."""
    m0, m1 = np.uint64(_M0), np.uint64(_M1)
    x0, x1, x2, x3 = c0, c1, np.uint64(c2), np.uint64(c3)
    for _ in range(10):
        p0, p1 = m0 * x0, m1 * x2
        x0, x1 = (p1 >> _HALF_WORD) ^ x1 ^ np.uint64(k0), p1 & _WORD
        x2, x3 = (p0 >> _HALF_WORD) ^ x3 ^ np.uint64(k1), p0 & _WORD
        k0, k1 = (k0 + int(_W0)) & 0xFFFFFFFF, (k1 + int(_W1)) & 0xFFFFFFFF
    return x0, x1, x2, x3


def uniform(words: Any) -> Any:
    """Float32 uniforms strictly inside (0, 1) from 32-bit words."""
    return ((words >> np.uint64(9)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)


class Columns:
    """The rules over arrays, the villages of a world as columns, and what a month of households adds up to."""

    def __init__(self, world: World, people: Flat, rules: Translation) -> None:
        self.month = rules.module(month).household_month
        self.contribution = rules.module(metrics).contribution
        self.towards_village = rules.module(metrics).towards_village
        self.detail = rules.module(metrics).detail
        self._community = rules.module(community)
        self._quantile = rules.module(maths).normal_quantile
        self.values = world.parameters
        self.key = tuple(int(word) for word in world.key)
        self.village_of = people.village_of
        self.village = np.ascontiguousarray(people.village.T)
        """Shape (VILLAGE_ROWS, villages)."""
        self.households = np.bincount(people.village_of, minlength=self.village.shape[1])
        self._context = list(np.ascontiguousarray(self.village[:, people.village_of]))
        self._low, self._high = people.low.astype(np.uint64), people.high.astype(np.uint64)
        kind = np.uint64(int(Kind.VILLAGE) << 24)
        self._village_low = people.village_low.astype(np.uint64)
        self._village_high = kind | people.village_high.astype(np.uint64)
        self.sums: list[Any] = []
        self.details: list[Any] = []

    def draw(self, first: int, stop: int, at: int) -> Draw:
        """The twelve draws of some households in month `at`, by address as in the kernel."""
        low, high = self._low[first:stop], self._high[first:stop]
        words = [word for group in range(3) for word in philox(low, high, at & 0xFFFFFFFF, group, *self.key)]
        numbers = [uniform(word) for word in words]
        return Draw(*(self._quantile(number) for number in numbers[:3]), *numbers[3:])

    def begin(self, at: int) -> list[Any]:
        """Begin month `at`: season and village-wide shocks; returns the village columns of every household."""
        village = self.village
        group = int(Stream.VILLAGE_SHOCK) // 4
        draw = uniform(philox(self._village_low, self._village_high, at & 0xFFFFFFFF, group, *self.key)[0])
        hazard, size = village[VILLAGE_ROW["shock_hazard"]], village[VILLAGE_ROW["shock_size"]]
        village[VILLAGE_ROW["shock_now"]] = self._community.village_shock(hazard, size, draw)
        since = (at - village[VILLAGE_ROW["harvest_start"]].astype(np.int64)) % YEAR
        village[VILLAGE_ROW["busy"]] = since.astype(np.float32) < village[VILLAGE_ROW["harvest_length"]]
        for row in _CHANGING:
            self._context[row] = village[row][self.village_of]
        return self._context

    def end(self, sums: Any) -> None:
        """End a month: means of the villages from `sums`, shape (len(VillageSums), villages), for the next month."""
        village, p, rules = self.village, self.values, self._community
        for column, source in MEANS.items():
            village[VILLAGE_ROW[column]] = sums[VILLAGE_SUM_ROW[source]] / self.households
        participation = village[VILLAGE_ROW["mean_participation"]]
        misfit = (sums[VILLAGE_SUM_ROW["misfit"]] / self.households).astype(np.float32)
        collective, culture = village[VILLAGE_ROW["collective"]], village[VILLAGE_ROW["culture"]]
        village[VILLAGE_ROW["collective"]] = rules.next_collective(p, collective, participation, ZERO)
        village[VILLAGE_ROW["culture"]] = rules.next_culture(p, culture, misfit, village[VILLAGE_ROW["adat"]])

    def add_up(self, after: Household, place: Village, at: int) -> None:
        """Enter the month of all households at once into `sums` and `details`, and end it."""
        households = after.consumption.size
        total, means = np.zeros(len(Sums._fields)), np.zeros((len(VillageSums._fields), self.village.shape[1]))
        for row, values in enumerate(self.contribution(self.values, after, place, ONE, ZERO, np.float32(at + 1))):
            total[row] = float(values) * households if np.ndim(values) == 0 else values.sum(dtype=np.float64)
        for row, values in enumerate(self.towards_village(after, ONE, ZERO)):
            if np.ndim(values) == 0:
                means[row] = float(values) * self.households
            else:
                means[row] = np.bincount(self.village_of, values, minlength=self.households.size)
        self.sums.append(total)
        self.details.append(self.detailed(after) if at % YEAR == YEAR - 1 else np.zeros(len(Details._fields)))
        self.end(means)

    def detailed(self, after: Household) -> Any:
        """Sums of what is worked out in detailed months only."""
        return np.array([values.sum(dtype=np.float64) for values in self.detail(self.values, after, ONE)])

    def headcounts(self) -> Any:
        """Poverty headcount (share of persons) by month."""
        return headcounts(np.array(self.sums))


def headcounts(sums: Any) -> Any:
    """Poverty headcount (share of persons) by month from sums of shape (months, len(Sums))."""
    return sums[:, SUM_ROW["poor_persons"]] / sums[:, SUM_ROW["persons"]]
