"""What every household of a future gains under a policy: where a story stands among all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim.experiments.sheets import Sheet
from empowersim.experiments.story import future_of
from empowersim.results.tables import TableColumn

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class HouseholdGains:
    """Every household of one future under two policies, the second against the first; arrays of shape (households,)."""

    policies: tuple[str, str]
    replicate: int
    household: NDArray[np.int64]
    """Ids, as `es.story` takes them."""
    reached: NDArray[np.bool_]
    """Whether the second policy ever enrolled or visited it."""
    start: Vector
    """Consumption over the poverty line when the policies begin."""
    gain: Vector
    """Mean difference of consumption in the last twelve months, poverty lines."""
    rupiah: Vector
    """The same in IDR a month, the whole household."""

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, a row a household; needs pandas."""
        columns = (
            TableColumn("household", "whole", "", "id of the household"),
            TableColumn("reached", "whole", "0/1", "whether the second policy ever enrolled or visited it"),
            TableColumn("start", "real", "poverty lines", "consumption when the policies begin"),
            TableColumn("gain", "real", "poverty lines", "mean difference of consumption in the last twelve months"),
            TableColumn("rupiah", "real", "IDR/month", "the same, the whole household"),
        )
        rows = zip(
            self.household.tolist(),
            self.reached.tolist(),
            self.start.tolist(),
            self.gain.tolist(),
            self.rupiah.tolist(),
            strict=True,
        )
        return Sheet("gains", columns, list(rows)).to_pandas()


def household_gains(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    replicate: int = 0,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
) -> HouseholdGains:
    """What each household of a future gains under the second of two policies against the first.

    Asked as `experiments.story.story` is, and with the same luck: the household with the largest `gain` is the one that
    ``find="gains-most"`` tells of. Raises `ScenarioError` or `SimulationError`.
    """
    told = future_of(scenario, policies=policies, replicate=replicate, households=households, months=months, seed=seed)
    first, second = told.runs()
    gain = second.end_consumption.astype(np.float64) - first.end_consumption.astype(np.float64)
    return HouseholdGains(
        policies=told.names,
        replicate=told.replicate,
        household=first.household_id,
        reached=second.touched,
        start=first.start_consumption.astype(np.float64),
        gain=gain,
        rupiah=gain * told.rupiah(),
    )
