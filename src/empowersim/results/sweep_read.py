"""Reading a sweep back: its tables in one call, as Arrow or pandas, or an SQL query over them.

Tables
------
runs
    one row a run and policy: `run_id`, `point`, `draw`, `replicate`, `policy`, a column an outcome
points
    one row a point: `point`, `point_id`, a column an axis, `changes` (key path -> text, as JSON)
draws
    one row a draw: `draw`, `draw_id`, `weight` (relative), `member` (of an ensemble), a column a drawn parameter
failures
    one row a failed run: `run_id`, `point`, `draw`, `replicate`, `stage`, `error`, `message`, `traceback`
results
    runs, with the axes of the point and the weight of the draw beside them
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from empowersim.errors import EmpowersimError, StoreError
from empowersim.results.sweep_journal import MadeRun
from empowersim.results.sweep_store import (
    DRAWS,
    FAILURES,
    MANIFEST,
    POINTS,
    RUNS,
    damage_of,
    journalled,
    part_file,
    read_manifest,
    read_parts,
)
from empowersim.results.tables import OUTCOMES

RESULTS: Final = "results"
KEYS: Final = ("point", "draw", "replicate")
_FAILED: Final = ("stage", "error", "message", "traceback")
_NOT_AXES: Final = frozenset({"point", "point_id", "changes"})


@dataclass(frozen=True, eq=False)
class SweepTables:
    """The tables of a sweep, finished or not."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)
    runs: Any = field(repr=False)
    """Arrow table, as are the others."""
    points: Any = field(repr=False)
    draws: Any = field(repr=False)
    failures: Any = field(repr=False)
    asked: int
    """Runs of the whole sweep."""

    @property
    def policies(self) -> tuple[str, ...]:
        """Policies of each run."""
        return tuple(self.manifest["settings"]["policies"])

    @property
    def reference(self) -> str:
        """The policy that others are compared with."""
        return str(self.manifest["settings"]["reference"])

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes that were kept."""
        return tuple(self.manifest["settings"]["outcomes"])

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(name for name in self.points.column_names if name not in _NOT_AXES)

    @property
    def made(self) -> int:
        """Runs that have outcomes."""
        return int(self.runs.num_rows // max(len(self.policies), 1))

    @property
    def failed(self) -> int:
        """Runs that failed."""
        return int(self.failures.num_rows)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be made."""
        return self.made + self.failed == self.asked

    @property
    def results(self) -> Any:
        """Arrow table of the runs with the axes of their points and the weights of their draws."""
        found = self.runs
        # points and draws are numbered from 0 without a gap, so a number is a place
        for table, key, names in ((self.points, "point", self.axes), (self.draws, "draw", ("weight",))):
            at = found[key]
            for name in names:
                found = found.append_column(table.schema.field(name), table[name].take(at))
        return found

    def pandas(self, name: str = RESULTS) -> Any:
        """One of the tables as a pandas frame. Raises `EmpowersimError` without pandas."""
        try:
            import pandas  # noqa: F401
        except ImportError as error:
            raise EmpowersimError("frames need pandas: install it with pip install 'empowersim[analysis]'") from error
        return getattr(self, name).to_pandas()

    def sql(self, query: str) -> Any:
        """Arrow table that an SQL query gives; it may name runs, points, draws, failures and results.

        Raises `EmpowersimError` without duckdb, or with the words of duckdb for a query that it does not understand.
        """
        try:
            import duckdb
        except ImportError as error:
            raise EmpowersimError("SQL needs duckdb: install it with pip install 'empowersim[analysis]'") from error
        with duckdb.connect(":memory:") as base:
            for name in (RUNS, POINTS, DRAWS, FAILURES, RESULTS):
                base.register(name, getattr(self, name))
            base.execute("set enable_external_access = false")  # a question reads the sweep, and writes nothing
            try:
                return base.sql(query).to_arrow_table()
            except duckdb.Error as error:
                raise EmpowersimError(
                    f"SQL: expected a query over runs, points, draws, failures, results; {error}"
                ) from error


def read_sweep(folder: str | os.PathLike[str], *, verify: bool = True) -> SweepTables:
    """Read a sweep, also one that is unfinished or going on: what is in its journals is read, too.

    `verify` checks the tables against their checksums. Raises `StoreError` where there is no sweep, or a table is
    damaged: it names the table and says how its runs are made again.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(folder)
    manifest = read_manifest(path)
    if manifest is None:
        raise StoreError(f"{path}: expected a sweep with a {MANIFEST}, found none; make one with empowersim sweep")
    parts = read_parts(path)
    bad = damage_of(path, parts) if verify else []
    if bad:
        said = "; ".join(str(one) for one in bad)
        raise StoreError(f"{path}: {said}; 'empowersim sweep {path}' makes the runs of such tables again")
    settings, key = manifest["settings"], manifest["key"]
    policies, outcomes = settings["policies"], settings["outcomes"]
    found: dict[str, list[Any]] = {
        RUNS: [runs_table([], policies, outcomes, key)],
        FAILURES: [failures_table([], key)],
    }
    try:
        for chunk in sorted(parts):
            for kind, tables in found.items():
                if parts[chunk][kind] is not None:
                    tables.append(pq.read_table(path / parts[chunk][kind]["file"]))
        stages = range(len(manifest["stages"]))
        points, draws = (
            pa.concat_tables([pq.read_table(path / part_file(kind, stage)) for stage in stages])
            for kind in (POINTS, DRAWS)
        )
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path}: expected the tables of a sweep, found {error}") from error
    open_runs = {run.key: run for run in journalled(path, key, parts)}
    found[RUNS].append(runs_table(open_runs.values(), policies, outcomes, key))
    found[FAILURES].append(failures_table(open_runs.values(), key))
    return SweepTables(
        folder=path,
        manifest=manifest,
        runs=pa.concat_tables(found[RUNS]),
        failures=pa.concat_tables(found[FAILURES]),
        points=points,
        draws=draws,
        asked=sum(stage["runs"] for stage in manifest["stages"]),
    )


def runs_table(runs: Any, policies: Sequence[str], outcomes: Sequence[str], sweep: str) -> Any:
    """Arrow table of the runs that have outcomes, by point, draw, replicate and policy; what cannot be told is null."""
    import pyarrow as pa

    good = sorted((run for run in runs if run.values is not None), key=lambda run: run.key)
    values = np.stack([run.values for run in good]) if good else np.zeros((0, len(policies), len(outcomes)))
    flat = values.reshape(-1, len(outcomes))
    columns: dict[str, Any] = {"run_id": pa.array([run.run_id for run in good for _ in policies], pa.string())}
    fields = [pa.field("run_id", pa.string(), nullable=False)]
    for at, name in enumerate(KEYS):
        columns[name] = pa.array(np.repeat([run.key[at] for run in good], len(policies)).astype(np.int32))
        fields.append(pa.field(name, pa.int32(), nullable=False))
    columns["policy"] = pa.array([*policies] * len(good), pa.string())
    fields.append(pa.field("policy", pa.string(), nullable=False))
    for at, name in enumerate(outcomes):
        columns[name] = pa.array(np.ascontiguousarray(flat[:, at]), pa.float64(), from_pandas=True)
        one = OUTCOMES[name]
        fields.append(pa.field(name, pa.float64(), metadata={"unit": one.unit, "meaning": one.meaning}))
    return pa.table(columns, schema=pa.schema(fields, metadata={"empowersim_sweep": sweep}))


def failures_table(runs: Any, sweep: str) -> Any:
    """Arrow table of the runs that failed, by point, draw and replicate."""
    import pyarrow as pa

    bad = sorted((run for run in runs if run.failed is not None), key=lambda run: run.key)
    columns: dict[str, Any] = {"run_id": pa.array([run.run_id for run in bad], pa.string())}
    for at, name in enumerate(KEYS):
        columns[name] = pa.array([run.key[at] for run in bad], pa.int32())
    for name in _FAILED:
        columns[name] = pa.array([getattr(run.failed, name) for run in bad], pa.string())
    return pa.table(columns).replace_schema_metadata({"empowersim_sweep": sweep})


def runs_of(table: Any, policies: Sequence[str], outcomes: Sequence[str]) -> list[MadeRun]:
    """The runs of a table that `runs_table` made."""
    count = len(policies)
    values = np.column_stack([table[name].to_numpy() for name in outcomes]).reshape(-1, count, len(outcomes))
    heads = zip(*(table[name].to_pylist()[::count] for name in ("run_id", *KEYS)), strict=True)
    return [MadeRun(run, point, draw, replicate, values[at]) for at, (run, point, draw, replicate) in enumerate(heads)]
