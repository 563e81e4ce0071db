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
COST_STATE: Final = "cost_to_state"
COST_PARTNER: Final = "cost_to_partners"
YEARS_AVERTED: Final = "household_years_out_of_poverty"
YEARS_DISCOUNTED: Final = "household_years_out_of_poverty_discounted"
COST_PER_YEAR: Final = "cost_per_household_year_out_of_poverty"
EXITS: Final = "sustained_exits_won"
COST_PER_EXIT: Final = "cost_per_sustained_exit"
VISITS_PER_CLIENT: Final = "visits_per_client"

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
"""Headline outcomes that are monthly measures; their value in a future is the mean of the last twelve months."""

MORE_LEVELS: Final = (
    "multidimensional_poverty",
    "multidimensional_headcount",
    "gini",
    "vulnerable",
    "chronic_poverty",
    "transient_poverty",
    "sustained_exit",
    "well_being",
    "say",
    "voice",
    "motivation",
    "claims",
    "collective",
    "culture",
    "thefts",
    "child_growth",
    "child_learning",
    "trust",
    "visits",
)
"""Further outcomes of the same kind."""

_MEASURE: Final = {measure.name: measure for measure in MEASURES}


def _levels(names: tuple[str, ...]) -> tuple[Outcome, ...]:
    return tuple(Outcome(name, _MEASURE[name].unit, _MEASURE[name].better, _MEASURE[name].meaning) for name in names)


OUTCOMES: Final[dict[str, Outcome]] = {
    outcome.name: outcome
    for outcome in (
        *_levels(LEVELS),
        Outcome(COST, "IDR", -1, "cost over the whole horizon, undiscounted, of the represented households"),
        Outcome(
            COST_PER_YEAR,
            "IDR/household-year",
            -1,
            "extra cost over household-years out of poverty won, against the reference; a ratio of means",
        ),
        Outcome(COST_DISCOUNTED, "IDR", -1, "cost over the whole horizon in money of the first month"),
        Outcome(YEARS_AVERTED, "household-years", 1, "household-years below the line fewer than under the reference"),
        *_levels(MORE_LEVELS),
        Outcome(
            VISITS_PER_CLIENT, "visits/client/month", 0, "visits of mentors over households that are their clients"
        ),
        Outcome(COST_STATE, "IDR", -1, "part of the cost over the whole horizon that the state pays"),
        Outcome(COST_PARTNER, "IDR", 0, "part of the cost over the whole horizon that partners pay"),
        Outcome(YEARS_DISCOUNTED, "household-years", 1, "household-years out of poverty won, discounted like cost"),
        Outcome(
            EXITS,
            "households",
            1,
            "households that were poor at the start and have stood above the line for a year, more than under the "
            "reference; mean of the last twelve months",
        ),
        Outcome(
            COST_PER_EXIT,
            "IDR/household",
            -1,
            "extra cost over sustained exits won, against the reference; a ratio of means",
        ),
    )
}
"""All outcomes, in the order in which they are shown."""

RATIOS: Final[dict[str, tuple[str, str]]] = {
    COST_PER_YEAR: (COST, YEARS_AVERTED),
    COST_PER_EXIT: (COST, EXITS),
}
"""Outcomes that are the extra of one outcome over another (both against the reference), as ratios of means."""

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
    "kept": (
        _POLICY,
        _OUTCOME,
        TableColumn("after", "whole", "months", "months after the end of the policy"),
        _UNIT,
        TableColumn("gain", "real", "row", "paired difference from the reference at the end of the policy"),
        TableColumn("gain_low", "real", "row", "lower end of its 95 % interval"),
        TableColumn("gain_high", "real", "row", "upper end of its 95 % interval"),
        TableColumn("later", "real", "row", "paired difference from the reference `after` months later"),
        TableColumn("later_low", "real", "row", "lower end of its 95 % interval"),
        TableColumn("later_high", "real", "row", "upper end of its 95 % interval"),
        TableColumn("kept", "real", "share", "`later` over `gain`, a ratio of means; null where no gain is certain"),
        TableColumn("kept_low", "real", "share", "lower end of its 95 % Fieller interval"),
        TableColumn("kept_high", "real", "share", "upper end of its 95 % Fieller interval"),
    ),
    "budget": (
        _POLICY,
        TableColumn("dimension", "text", "", "`all`, `payer` or `item`"),
        TableColumn("group", "text", "", "`all`; `state`, `partners`; `programmes`, `mentors`, `community`"),
        TableColumn("year", "whole", "years", "year of the policy, 1 = the first"),
        TableColumn("months", "whole", "months", "months of the horizon that fall into the year"),
        _UNIT,
        TableColumn("mean", "real", "row", "cost of the year, undiscounted, mean over futures"),
        _LOW,
        _HIGH,
        TableColumn("discounted", "real", "row", "cost of the year in money of the first month, mean over futures"),
    ),
    "access": (
        _POLICY,
        TableColumn("item", "text", "", "name of the programme, or `all`"),
        TableColumn(
            "figure",
            "text",
            "",
            "places over the horizon `places_offered`, `places_filled`, `filled_share`; mean of intakes `applicants` "
            "and `waiting`; `waiting_last` after the last intake; of all households `served`, `displaced` (served "
            "under the reference but not here), `untouched_worse` (worse off, served neither here nor there)",
        ),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
    ),
    "mentors": (
        _POLICY,
        TableColumn("figure", "text", "", "figure of the mentors' ledger, a mean of the months in which mentors work"),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
    ),
    "stages": (
        _POLICY,
        TableColumn("stage", "text", "", "furthest stage that a household has reached at the end"),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
        TableColumn("difference", "real", "row", "policy minus reference, mean over futures"),
        TableColumn("difference_low", "real", "row", "lower end of the 95 % interval of the paired difference"),
        TableColumn("difference_high", "real", "row", "upper end of the 95 % interval of the paired difference"),
    ),
    "icer": (
        TableColumn("effect", "text", "", "outcome that counts as the effect, discounted where it can be"),
        TableColumn("rank", "whole", "", "place in the order of cost, 1 = the cheapest"),
        _POLICY,
        TableColumn("cost", "real", "IDR", "discounted cost over the horizon, mean over futures"),
        TableColumn("amount", "real", "row", "effect over the horizon against the reference, mean over futures"),
        _UNIT,
        TableColumn(
            "status",
            "text",
            "",
            "`cheapest`, `frontier`, `dominated` (another costs no more and does no less), "
            "`extendedly_dominated` (a mix of two others does), or `tied`",
        ),
        TableColumn("against", "text", "", "policy before it on the frontier, empty where there is none"),
        TableColumn("extra_cost", "real", "IDR", "cost more than that of the policy before it on the frontier"),
        TableColumn("extra_amount", "real", "row", "effect more than that of the policy before it on the frontier"),
        TableColumn("ratio", "real", "IDR/unit of the effect", "extra cost over extra effect, a ratio of means"),
        TableColumn("low", "real", "IDR/unit of the effect", "lower end of its 95 % Fieller interval"),
        TableColumn("high", "real", "IDR/unit of the effect", "upper end of its 95 % Fieller interval"),
    ),
    "bands": (
        _POLICY,
        TableColumn("measure", "text", "", "name of the monthly measure"),
        _UNIT,
        _MONTH,
        TableColumn("q05", "real", "row", "5 in 100 futures lie below"),
        TableColumn("q25", "real", "row", "a quarter of the futures lies below"),
        TableColumn("q50", "real", "row", "median over futures"),
        TableColumn("q75", "real", "row", "a quarter of the futures lies above"),
        TableColumn("q95", "real", "row", "5 in 100 futures lie above"),
    ),
    "reach": (
        _POLICY,
        TableColumn(
            "figure",
            "text",
            "",
            "`inclusion_error` (of those served, not poor at the start), `exclusion_error` (of the poor at the start, "
            "not served), `served_of_poor`, `served_of_others`; served = ever enrolled or visited",
        ),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
    ),
    "places": (
        _POLICY,
        TableColumn("subdistrict", "whole", "", "number of a subdistrict of the first future"),
        TableColumn("region", "text", "", "its region type"),
        TableColumn("households", "whole", "households", "households simulated"),
        TableColumn("poor_at_start", "real", "share of households", "below the line when the policies began"),
        TableColumn("served", "real", "share of households", "ever enrolled or visited"),
        TableColumn("change", "real", "L/month", "mean change of consumption against the reference"),
    ),
    "years": (
        _POLICY,
        TableColumn("measure", "text", "", "name of the monthly measure"),
        _UNIT,
        TableColumn("year", "whole", "years", "year of the policy, 1 = the first"),
        TableColumn("months", "whole", "months", "months of the horizon that fall into the year"),
        TableColumn("mean", "real", "row", "mean of the months of the year, then over futures"),
        _LOW,
        _HIGH,
        TableColumn("difference", "real", "row", "policy minus reference, mean over futures"),
        TableColumn("difference_low", "real", "row", "lower end of the 95 % interval of the paired difference"),
        TableColumn("difference_high", "real", "row", "upper end of the 95 % interval of the paired difference"),
    ),
    "groups": (
        _POLICY,
        TableColumn(
            "dimension",
            "text",
            "",
            "`all`, `decile` (of persons by starting consumption), `start` (poor, below 1.5 lines, others), `head`, "
            "`schooling` (primary at most), `children` (of school age), `region`, `custom` (how strongly it governs "
            "the village), `villages` (fifths by poverty at the start)",
        ),
        TableColumn("group", "text", "", "group of the dimension; tenth 1 and fifth 1 are the poorest"),
        TableColumn(
            "figure",
            "text",
            "",
            "`households` (share of all), shares of the group `poor_at_start`, `served`, `poor_reference` and `poor` "
            "(at the end, under reference and policy), `better`, `worse`; `served_of_poor`; `change` of consumption",
        ),
        _UNIT,
        _MEAN,
        _LOW,
        _HIGH,
    ),
    "villages": (
        _POLICY,
        TableColumn("village", "whole", "", "number of a village of the first future"),
        TableColumn("subdistrict", "whole", "", "number of its subdistrict"),
        TableColumn("region", "text", "", "its region type"),
        TableColumn("households", "whole", "households", "households simulated"),
        TableColumn("poor_at_start", "real", "share of households", "below the line when the policies began"),
        TableColumn("served", "real", "share of households", "ever enrolled or visited"),
        TableColumn("served_of_poor", "real", "share of poor households", "of the poor at the start, served"),
        TableColumn(
            "poor_change", "real", "share of households", "below the line at the end, minus under the reference"
        ),
        TableColumn("change", "real", "L/month", "mean change of consumption against the reference"),
    ),
}
"""Columns of each table of a comparison, in order."""

FACTOR_TABLES: Final[dict[str, tuple[TableColumn, ...]]] = {
    "factors": (
        TableColumn("factor", "text", "", "name of the factor in the registry"),
        TableColumn("direction", "text", "", "`supports` or `inhibits`, as the registry says"),
        _OUTCOME,
        _UNIT,
        TableColumn("with_factor", "real", "row", "value with the factors as the scenario has them, mean over futures"),
        TableColumn("without", "real", "row", "value with this factor off, mean over futures"),
        TableColumn("mean", "real", "row", "contribution: value with the factor minus value without, mean of futures"),
        TableColumn("low", "real", "row", "lower end of the 95 % interval of the paired contribution"),
        TableColumn("high", "real", "row", "upper end of the 95 % interval of the paired contribution"),
        TableColumn("relative", "real", "ratio", "value with the factor over value without, a ratio of means"),
        TableColumn("effect", "real", "row", "contribution to the effect of the policy against the reference"),
        TableColumn("effect_low", "real", "row", "lower end of its 95 % interval"),
        TableColumn("effect_high", "real", "row", "upper end of its 95 % interval"),
        TableColumn("status", "text", "", "`measurable`, `not_measurable` (interval holds 0) or `idle` (exactly 0)"),
    ),
    "factor_futures": (
        TableColumn("factor", "text", "", "name of the factor; empty: all factors as the scenario has them"),
        TableColumn("replicate", "whole", "", "number of the future, 0 = the first"),
        _OUTCOME,
        _UNIT,
        TableColumn("value", "real", "row", "value of the outcome under the policy in this future"),
        TableColumn("reference", "real", "row", "value of the outcome under the reference in this future"),
    ),
}
"""Columns of the tables of a factor analysis, in order."""

COLUMNS: Final = {**TABLES, **FACTOR_TABLES}
"""Columns of every table there is."""

_DTYPES: Final[dict[str, Any]] = {"whole": np.int64, "real": np.float64}


@dataclass(frozen=True)
class Table:
    """A table as columns: numpy arrays of one length, in the order of `COLUMNS`."""

    name: str
    columns: Mapping[str, NDArray[Any]]

    @classmethod
    def from_rows(cls, name: str, rows: list[tuple[Any, ...]]) -> Table:
        """Make a table from rows in the order of its registered columns."""
        made = {}
        for place, column in enumerate(COLUMNS[name]):
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
        for column in COLUMNS[self.name]:
            notes = {"unit": column.unit, "meaning": column.meaning}
            fields.append(pa.field(column.name, types[column.kind], metadata=notes))
            values = self.columns[column.name]
            plain = values.tolist() if column.kind == "text" else values
            arrays.append(pa.array(plain, type=types[column.kind], from_pandas=column.kind == "real"))
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=dict(metadata or {})))

    @classmethod
    def from_arrow(cls, name: str, table: Any) -> Table:
        """Read a table back; StoreError if columns are missing."""
        missing = [column.name for column in COLUMNS[name] if column.name not in table.column_names]
        if missing:
            raise StoreError(f"{name}: expected columns {', '.join(missing)}, found {', '.join(table.column_names)}")
        made = {}
        for column in COLUMNS[name]:
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
