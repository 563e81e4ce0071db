"""A finished decision analysis: which policy, how sure, what it costs, what more knowledge would be worth."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from empowersim.results import store
from empowersim.results.comparison import number_or_none
from empowersim.results.decision_tables import DECISION_TABLES, NAMES
from empowersim.results.tables import Table

KIND: Final = "decision"


@dataclass(frozen=True)
class Decision:
    """Policies ranked on the same futures, in one world or both; the fronts show it and compute nothing.

    `tables` holds those of `results.decision_tables.DECISION_TABLES`; what was not asked for is an empty table.
    """

    scenario: str
    title: str
    worlds: tuple[str, ...]
    outcome: str
    unit: str
    better: int
    """+1 where more of the outcome is better, -1 where less is."""
    effect: str
    effect_unit: str
    level: float
    """Of all intervals, 0 to 1."""
    policies: tuple[str, ...]
    reference: str
    all_policies: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]]
    seed: int
    households: int
    represents: float
    months: int
    burn_in: int
    price_year: int | None
    discount_rate: float
    futures: Mapping[str, int]
    """World -> futures simulated with the parameters of the scenario."""
    goal: str
    """`fixed` number of futures, `until` a half-width, `settle` a pair, `best` policy known."""
    goal_width: float | None
    goal_pair: tuple[str, ...]
    met: Mapping[str, bool]
    """World -> whether the goal was met."""
    needed: Mapping[str, float | None]
    """World -> futures in all at which the goal would be met at the present means and spreads; None: at none."""
    most: int
    skewness: Mapping[str, float | None]
    """World -> largest skewness, in size, of the differences that are watched or ranked."""
    source: str
    """Of the parameter draws: `ensemble`, `passports`, or empty without draws."""
    draws: int
    draw_futures: int
    effective_draws: float | None
    """1 / sum of squared weights."""
    threshold: float | None
    """Rupiah for a unit of effect, as asked for."""
    partial_threshold: Mapping[str, float | None]
    """World -> threshold at which the value of single parameters was worked out."""
    notes: tuple[str, ...]
    run_id: str
    inputs: Mapping[str, Any]
    tables: Mapping[str, Table] = field(repr=False)

    def table(self, name: str, world: str | None = None) -> Table:
        """Return a table by its short name (`ranking`), of one world if named; KeyError names those there are."""
        key = name if name in self.tables else f"decision_{name}"
        if key not in self.tables:
            raise KeyError(f"no table {name!r}; there are {', '.join(DECISION_TABLES)}")
        found = self.tables[key]
        return found if world is None else found.where(world=world)

    def to_arrow(self, name: str) -> Any:
        """Return a table as pyarrow Table, with units and provenance in its metadata."""
        return self.table(name).to_arrow(self.metadata())

    def to_pandas(self, name: str) -> Any:
        """Return a table as pandas DataFrame."""
        return self.table(name).to_pandas()

    def metadata(self) -> dict[str, str]:
        """Return what every stored table says of its origin."""
        return {"empowersim_run_id": self.run_id, "empowersim_inputs": json.dumps(dict(self.inputs), sort_keys=True)}

    def label(self, policy: str, lang: str = "en") -> str:
        """What people call a policy, in English (`en`) or Indonesian (`id`)."""
        labels = self.labels.get(policy, {})
        return labels.get(lang) or labels.get("en") or policy.replace("_", " ")

    def best(self, world: str | None = None) -> str:
        """Policy with the best mean of the outcome in a world (the first one if None)."""
        table = self.table("ranking", world or self.worlds[0])
        signed = [self.better * value for value in table["mean"].tolist()]
        return str(table["policy"][signed.index(max(signed))])

    def robust(self, world: str | None = None) -> str | None:
        """Policy with the least expected regret over parameter draws; None without draws."""
        table = self.table("regret", world or self.worlds[0])
        if not len(table):
            return None
        expected = table["expected"].tolist()
        return str(table["policy"][expected.index(min(expected))])

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as plain numbers and names, None for what cannot be told.

        What was asked and found in short, then `tables`: table -> list of rows (column -> value). The large tables of
        single futures, draws and points are left out: they are in the Parquet files.
        """
        plain = {
            name: _plain(getattr(self, name))
            for name in self.__dataclass_fields__
            if name not in {"tables", "inputs", "labels", "all_policies"}
        }
        plain["best"] = {world: self.best(world) for world in self.worlds}
        plain["least_expected_regret"] = {world: self.robust(world) for world in self.worlds}
        plain["tables"] = {name: _rows(self.table(name)) for name in DECISION_TABLES if name not in LARGE}
        return plain

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        futures = ", ".join(f"{count} futures ({world})" for world, count in self.futures.items())
        return f"{self.scenario}: {len(self.policies)} policies by {self.outcome}, {futures}, {self.draws} draws"


LARGE: Final = frozenset({"futures", "draws", "parameters", "plane", "looks"})
"""Tables that are not part of the JSON document."""


def _rows(table: Table) -> list[dict[str, Any]]:
    columns = {name: [_plain(value) for value in values.tolist()] for name, values in table.columns.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return number_or_none(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def none_if_nan(value: float) -> float | None:
    """Return None for NaN, the value otherwise."""
    return None if math.isnan(value) else value


def write_decision(
    decision: Decision,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    extra: store.Extra | None = None,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write tables, provenance and what `extra` adds, as `store.write_comparison` does; return the files."""
    return store._write(cast(Any, decision), KIND, NAMES, folder, force, extra, command)


def read_decision(folder: str | os.PathLike[str]) -> Decision:
    """Read a decision that `write_decision` wrote; `StoreError` if it is not there, damaged or mixed."""
    found: Decision = store._read(Decision, KIND, dict.fromkeys(NAMES), folder, "decide --out")
    return found
