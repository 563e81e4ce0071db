"""Means of columns of households month by month, policy by policy: also of columns that an extension adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_name, whole_number
from empowersim.experiments.compare import Plan, plan
from empowersim.schema import HOUSEHOLD, ROW, VILLAGE, VILLAGE_ROW

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ColumnMeans:
    """What `column_means` found."""

    months: NDArray[np.int64]
    """Months from 0 on; a value stands at the end of its month."""
    means: Mapping[str, Mapping[str, Vector]]
    """Policy -> column -> mean over households, shape (months,)."""
    units: Mapping[str, str]
    """Column -> unit."""
    run_id: str

    def __getitem__(self, policy: str) -> Mapping[str, Vector]:
        return self.means[policy]

    def to_pandas(self) -> Any:
        """A data frame with a row for each policy and month, and a column for each column."""
        import pandas as pd

        parts = [
            pd.DataFrame({"policy": policy, "month": self.months, **columns}) for policy, columns in self.means.items()
        ]
        return pd.concat(parts, ignore_index=True)


def column_means(
    scenario: Any,
    columns: Sequence[str],
    *,
    policies: Sequence[str] | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    replicate: int = 0,
    extension: Extension | None = None,
) -> ColumnMeans:
    """Mean over all households of `columns` at the end of each month, in one future.

    A column is one of `schema.HOUSEHOLD`, of `schema.VILLAGE` (each household counts with its village), or one that
    the `extension` adds. The other arguments as in `compare`; only policies that are asked for are simulated. Raises
    `SimulationError` for an unknown column, naming the nearest, and for more households than are kept in memory.
    """
    whole_number("replicate", replicate, 0)
    made = plan(
        scenario,
        policies=policies,
        reference=None if policies is None else next(iter(policies), None),
        replicates=replicate + 1,
        households=households,
        months=months,
        seed=seed,
        extension=extension,
    )
    if made.streamed:
        raise SimulationError(
            f"households: expected a population that is kept in memory, found {made.households:,}; ask for fewer"
        )
    own = {} if extension is None else dict(extension.columns)
    of_village = {} if extension is None else dict(extension.village_columns)
    units = {one.name: one.unit for one in (*VILLAGE, *HOUSEHOLD)}
    units |= {name: one.unit for name, one in (*own.items(), *of_village.items())}
    for name in columns:
        known_name(name, units, "columns", "a column")
    means = _followed(made, columns, replicate, (list(own), list(of_village)))
    return ColumnMeans(np.arange(made.months), means, {name: units[name] for name in columns}, made.run_id)


def _followed(
    made: Plan, columns: Sequence[str], replicate: int, own: tuple[list[str], list[str]]
) -> dict[str, dict[str, Vector]]:
    from empowersim.engine.lives import REPORTED, Lives, shared_among
    from empowersim.engine.simulate import mean_line_of, subdistricts_of
    from empowersim.engine.start import blocks_of

    compiled = made.compiled
    population = compiled.population(made.households, made.seed, replicate)
    policies = [compiled.policies[name] for name in made.policies]
    lives = Lives(
        policies,
        travel=compiled.travel,
        parameters=compiled.parameters,
        months=made.months,
        burn_in=made.burn_in,
        seed=made.seed,
        replicate=replicate,
        judged=REPORTED,
        calendar=0,
        mean_line=mean_line_of(population),
        extension=made.extension,
    )
    order, regions = subdistricts_of(population)
    begun = [
        lives.begin(block, int(regions[index]), int(population.subdistrict_id[order[index]]))
        for index, block in enumerate(blocks_of(population, compiled.parameters))
    ]
    households = np.array([one.households for one in begun])
    found: dict[str, dict[str, Vector]] = {}
    for number, policy in enumerate(policies):
        sums = {name: np.zeros(made.months) for name in columns}
        for one, portion in zip(begun, shared_among(begun, policy, population.represents), strict=True):
            under = lives.open(one, number, portion)
            for month in range(made.months):
                lives.go_on(under, month, month + 1)
                for name in columns:
                    sums[name][month] += _total(under.block, name, own)
            lives.close(under)
        found[made.policies[number]] = {name: values / households.sum() for name, values in sums.items()}
    return found


def _total(block: Any, name: str, own: tuple[list[str], list[str]]) -> float:
    """Sum of a column over the households of a block."""
    alive = block.live > 0
    of_households, of_villages = own
    if name in ROW or name in of_households:
        rows = block.state[:, ROW[name]] if name in ROW else block.own[:, of_households.index(name)]
        return float(rows[alive].sum(dtype=np.float64))
    villages = (
        block.village[:, VILLAGE_ROW[name]] if name in VILLAGE_ROW else block.own_village[:, of_villages.index(name)]
    )
    people = alive.sum(axis=1)
    return float((villages[block.tile_village].astype(np.float64) * people).sum())
