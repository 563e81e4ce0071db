"""The tables of results: one registry of columns for arrays, Parquet files, plots and documents.

Tables are tidy: one row says one thing, its unit stands beside it. A number that cannot be told is
NaN in arrays and null in files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import MEASURES
from empowersim.errors import StoreError


class TableColumn(NamedTuple):
    """What a column of a result table holds."""

    name: str
    kind: str
    """`text`, `whole` (int64) or `real` (float64)."""
    unit: str
    """`row` where the column `unit` of the same row says it."""
    meaning: str


class Outcome(NamedTuple):
    """A figure that policies are compared by."""

    name: str
    unit: str
    better: int
    """+1 where more is better, -1 where less is."""
    meaning: str


COST: Final = "cost"
COST_DISCOUNTED: Final = "cost_discounted"
YEARS_AVERTED: Final = "household_years_out_of_poverty"
COST_PER_YEAR: Final = "cost_per_household_year_out_of_poverty"

LEVELS: Final = (
    "poverty_headcount",
    "poverty_gap",
    "squared_poverty_gap",
    "mean_consumption",
    "bottom40_consumption",
    "literacy",
    "health",
    "schooling",
    "empowerment_index",
    "independence",
)
"""Outcomes that are monthly measures; their value in a future is the mean of the last twelve months."""

_MEASURE: Final = {measure.name: measure for measure in MEASURES}

OUTCOMES: Final[dict[str, Outcome]] = {
    outcome.name: outcome
    for outcome in (
        *(Outcome(name, _MEASURE[name].unit, _MEASURE[name].better, _MEASURE[name].meaning) for name in LEVELS),
        Outcome(COST, "IDR", -1, "cost over the whole horizon, undiscounted, of the represented households"),
        Outcome(
            COST_PER_YEAR,
            "IDR/household-year",
            -1,
            "extra cost over household-years out of poverty won, against the reference; a ratio of means",
        ),
        Outcome(COST_DISCOUNTED, "IDR", -1, "cost over the whole horizon in money of the first month"),
        Outcome(YEARS_AVERTED, "household-years", 1, "household-years below the line fewer than under the reference"),
    )
}
"""All outcomes, in the order in which they are shown."""

_POLICY: Final = TableColumn("policy", "text", "", "name of the policy in the scenario file")
_UNIT: Final = TableColumn("unit", "text", "", "unit of the numbers of the row")
_MEAN: Final = TableColumn("mean", "real", "row", "mean over futures")
_LOW: Final = TableColumn("low", "real", "row", "lower end of the 95 % Student t interval over futures")
_HIGH: Final = TableColumn("high", "real", "row", "upper end of the 95 % Student t interval over futures")
_MONTH: Final = TableColumn("month", "whole", "months", "month of the policy, 0 = the first")
_OUTCOME: Final = TableColumn("outcome", "text", "", "name of the outcome")

TABLES: Final[dict[str, tuple[TableColumn, ...]]] = {
    "outcomes": (
        _POLICY,
        _OUTCOME,
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
        TableColumn("probability_best", "real", "share of futures", "futures in which the policy is the best of all"),
    ),
    "differences": (
        _POLICY,
        _OUTCOME,
        _UNIT,
        TableColumn("mean", "real", "row", "policy minus reference, mean over futures"),
        TableColumn("low", "real", "row", "lower end of the 95 % interval of the paired difference"),
        TableColumn("high", "real", "row", "upper end of the 95 % interval of the paired difference"),
        TableColumn(
            "probability_better", "real", "share of futures", "futures in which the policy is better, ties half"
        ),
        TableColumn(
            "variance_ratio_unpaired", "real", "ratio", "variance without common random numbers over variance with"
        ),
    ),
    "winners": (
        _POLICY,
        TableColumn("dimension", "text", "", "`all`, `region`, `quintile` (of starting consumption) or `contact`"),
        TableColumn("group", "text", "", "group of the dimension; quintile 1 is the poorest"),
        TableColumn(
            "figure",
            "text",
            "",
            "`households` (share of all), shares of the group `better`, `worse`, `unchanged`, `any_change`, "
            "or `change` of consumption",
        ),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
    ),
    "paths": (
        _POLICY,
        TableColumn("measure", "text", "", "name of the monthly measure"),
        _UNIT,
        _MONTH,
        _MEAN,
        _LOW,
        _HIGH,
        TableColumn("difference", "real", "row", "policy minus reference, mean over futures"),
        TableColumn("difference_low", "real", "row", "lower end of the 95 % interval of the paired difference"),
        TableColumn("difference_high", "real", "row", "upper end of the 95 % interval of the paired difference"),
    ),
    "ledger": (
        _POLICY,
        TableColumn("item", "text", "", "name of the programme, or `mentors`"),
        TableColumn("figure", "text", "", "places, applicants, enrolled, cost, or hours by use"),
        _UNIT,
        _MONTH,
        TableColumn("mean", "real", "row", "mean over futures, of the represented households"),
    ),
    "futures": (
        _POLICY,
        TableColumn("replicate", "whole", "", "number of the future, 0 = the first"),
        _OUTCOME,
        _UNIT,
        TableColumn("value", "real", "row", "value of the outcome in this future"),
    ),
}
"""Columns of each table, in order."""

_DTYPES: Final[dict[str, Any]] = {"whole": np.int64, "real": np.float64}


@dataclass(frozen=True)
class Table:
    """A table as columns: numpy arrays of one length, in the order of `TABLES`."""

    name: str
    columns: Mapping[str, NDArray[Any]]

    @classmethod
    def from_rows(cls, name: str, rows: list[tuple[Any, ...]]) -> Table:
        """Make a table from rows in the order of its registered columns."""
        made = {}
        for place, column in enumerate(TABLES[name]):
            values = [row[place] for row in rows]
            if column.kind == "text":
                made[column.name] = np.array(values, dtype=np.str_)
            else:
                made[column.name] = np.array(values, dtype=_DTYPES[column.kind])
        return cls(name, made)

    def __len__(self) -> int:
        return int(next(iter(self.columns.values())).size)

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.columns[column]

    def where(self, **equals: str | int) -> Table:
        """Return the rows whose columns equal what is asked, as ``where(policy="skills")``."""
        keep = np.ones(len(self), dtype=np.bool_)
        for column, value in equals.items():
            keep &= self.columns[column] == value
        return Table(self.name, {name: values[keep] for name, values in self.columns.items()})

    def one(self, column: str, **equals: str | int) -> float:
        """Return a number of the only row that equals what is asked; KeyError if not exactly one does."""
        rows = self.where(**equals)
        if len(rows) != 1:
            raise KeyError(f"{len(rows)} rows of {self.name} have {equals}")
        return float(rows.columns[column][0])

    def to_arrow(self, metadata: Mapping[str, str] | None = None) -> Any:
        """Return a pyarrow Table; units and meanings stand in the fields' metadata, `metadata` in the schema's."""
        import pyarrow as pa

        types = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64()}
        fields, arrays = [], []
        for column in TABLES[self.name]:
            notes = {"unit": column.unit, "meaning": column.meaning}
            fields.append(pa.field(column.name, types[column.kind], metadata=notes))
            values = self.columns[column.name]
            plain = values.tolist() if column.kind == "text" else values
            arrays.append(pa.array(plain, type=types[column.kind], from_pandas=column.kind == "real"))
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=dict(metadata or {})))

    @classmethod
    def from_arrow(cls, name: str, table: Any) -> Table:
        """Read a table back; StoreError if columns are missing."""
        missing = [column.name for column in TABLES[name] if column.name not in table.column_names]
        if missing:
            raise StoreError(f"{name}: expected columns {', '.join(missing)}, found {', '.join(table.column_names)}")
        made = {}
        for column in TABLES[name]:
            values = table.column(column.name).combine_chunks()
            if column.kind == "text":
                made[column.name] = np.array(values.to_pylist(), dtype=np.str_)
            else:
                filled = values.to_numpy(zero_copy_only=False)
                made[column.name] = np.array(filled, dtype=_DTYPES[column.kind])
        return cls(name, made)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame; needs pandas (``pip install 'empowersim[data]'``)."""
        try:
            import pandas as pd
        except ImportError as error:
            raise StoreError(
                "a DataFrame needs pandas, which is not installed: pip install 'empowersim[data]'"
            ) from error
        return pd.DataFrame({name: _plain(values) for name, values in self.columns.items()})


def _plain(values: NDArray[Any]) -> Any:
    return values.tolist() if values.dtype.kind == "U" else values
