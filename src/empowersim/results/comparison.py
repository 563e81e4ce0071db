"""A finished comparison: what it was asked, and its tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from empowersim.errors import StoreError
from empowersim.results.display import Shown
from empowersim.results.tables import OUTCOMES, RATIOS, Table

_FIGURES: Final = ("better", "worse", "unchanged")
_ESTIMATE: Final = ("mean", "low", "high")


@dataclass(frozen=True)
class Comparison(Shown):
    """Policies compared on the same futures: everything the fronts show, and nothing they compute.

    `tables` holds the tables named in `results.tables.TABLES`. With a single policy there are no differences, no
    winners, no kept gains and no cost-effectiveness.
    """

    scenario: str
    title: str
    seed: int
    replicates: int
    households: int
    """Households simulated in each future."""
    represents: float
    """Households they stand for; money and places are of these."""
    months: int
    burn_in: int
    policies: tuple[str, ...]
    """Policies compared, in the order of the scenario file; the reference among them."""
    reference: str
    all_policies: tuple[str, ...]
    """All policies of the scenario file, so that a policy keeps its colour in every comparison."""
    labels: Mapping[str, Mapping[str, str]]
    """Policy -> language (en, id) -> what people call it."""
    discount_rate: float
    """Share a year."""
    unchanged_band: float
    price_year: int | None
    notes: tuple[str, ...]
    """What was imputed or assumed, in sentences."""
    assumed: tuple[int, int]
    """Figures in use that are assumed (confidence C), of how many; (0, 0) where not known."""
    run_id: str
    """Digest of all that went in: the same id means the same results."""
    inputs: Mapping[str, Any]
    """What `run_id` is a digest of."""
    tables: Mapping[str, Table] = field(repr=False)

    def __getattr__(self, name: str) -> Table:
        tables = self.__dict__.get("tables") or {}
        if name in tables:
            table: Table = tables[name]
            return table
        raise AttributeError(f"a Comparison has no {name!r}; its tables are {', '.join(tables)}")

    @property
    def others(self) -> tuple[str, ...]:
        """Policies compared against the reference."""
        return tuple(name for name in self.policies if name != self.reference)

    def label(self, policy: str, lang: str = "en") -> str:
        """What people call a policy, in English (`en`) or Indonesian (`id`)."""
        labels = self.labels.get(policy, {})
        return labels.get(lang) or labels.get("en") or policy.replace("_", " ")

    def table(self, name: str) -> Table:
        """Return a table by name; KeyError names those there are."""
        if name not in self.tables:
            raise KeyError(f"no table {name!r}; there are {', '.join(self.tables)}")
        return self.tables[name]

    def to_arrow(self, name: str) -> Any:
        """Return a table as pyarrow Table, with units and provenance in its metadata."""
        return self.table(name).to_arrow(self.metadata())

    def to_pandas(self, name: str) -> Any:
        """Return a table as pandas DataFrame."""
        return self.table(name).to_pandas()

    def to_frame(self, lang: str = "en") -> Any:
        """Return all outcomes of all policies as a pandas DataFrame, a row a policy and outcome.

        Columns: `policy` (name), `label` (what people call it, in English or Indonesian), `outcome`, `unit`; the level
        `mean` with its 95 % interval `low` to `high`; `difference` from the reference, future by future, with
        `difference_low` to `difference_high`; `probability_better` than the reference and `probability_best` of all
        (shares of futures). What cannot be told is NaN, as the difference of the reference. Needs pandas; `to_pandas`
        gives any other table.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise StoreError(
                "a DataFrame needs pandas, which is not installed: pip install 'empowersim[data]'"
            ) from error
        keys = ["policy", "outcome"]
        renamed = {"mean": "difference", "low": "difference_low", "high": "difference_high"}
        against = self.to_pandas("differences").rename(columns=renamed)
        frame = pd.merge(
            self.to_pandas("outcomes"),
            against[[*keys, *renamed.values(), "probability_better"]],
            on=keys,
            how="left",
            validate="one_to_one",
        )
        frame.insert(1, "label", [self.label(policy, lang) for policy in frame["policy"]])
        last = ["probability_better", "probability_best"]
        return frame[[name for name in frame.columns if name not in last] + last]

    def metadata(self) -> dict[str, str]:
        """Return what every stored table says of its origin."""
        return {"empowersim_run_id": self.run_id, "empowersim_inputs": json.dumps(dict(self.inputs), sort_keys=True)}

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain numbers and names, None for what cannot be told.

        Keys `scenario`, `seed`, `replicates`, `households`, `months`, `policies` (name -> outcome ->
        mean, low, high), `differences` (name -> outcome -> mean, low, high, probability_better,
        variance_ratio_unpaired), `winners` (name -> better, worse, unchanged, with groups beside), `kept`
        (name -> outcome -> months after the end), `budget` (name -> dimension -> group -> list of years),
        `access` (name -> programme or `all` -> figure), `mentors` (name -> figure), `stages` (name -> stage),
        `icer` (effect -> list of policies in order of cost), and a few more. Nothing in it depends on the machine,
        the hour, or the number of threads.
        """
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "replicates": self.replicates,
            "households": self.households,
            "months": self.months,
            "reference": self.reference,
            "represents": number_or_none(self.represents),
            "burn_in": self.burn_in,
            "run_id": self.run_id,
            "units": {name: outcome.unit for name, outcome in OUTCOMES.items()},
            "policies": _nested(self.tables["outcomes"], _ESTIMATE),
            "differences": _nested(
                self.tables["differences"], ("mean", "low", "high", "probability_better", "variance_ratio_unpaired")
            ),
            "winners": {name: self._winners(name) for name in self.others},
            "best": {
                policy: {
                    outcome: entry["probability_best"] for outcome, entry in outcomes.items() if outcome not in RATIOS
                }
                for policy, outcomes in _nested(self.tables["outcomes"], ("probability_best",)).items()
            },
            "kept": self._kept(),
            "budget": self._budget(),
            "access": _tree(self.tables["access"], ("policy", "item", "figure"), _ESTIMATE),
            "mentors": _tree(self.tables["mentors"], ("policy", "figure"), _ESTIMATE),
            "stages": _tree(
                self.tables["stages"],
                ("policy", "stage"),
                (*_ESTIMATE, "difference", "difference_low", "difference_high"),
            ),
            "icer": self._icer(),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    def _kept(self) -> dict[str, Any]:
        table = self.tables["kept"]
        numbers = tuple(column for column in table.columns if column not in {"policy", "outcome", "after", "unit"})
        found: dict[str, Any] = {}
        for row, (policy, outcome, after) in enumerate(
            zip(table["policy"].tolist(), table["outcome"].tolist(), table["after"].tolist(), strict=True)
        ):
            entry = {column: number_or_none(float(table[column][row])) for column in numbers}
            found.setdefault(policy, {}).setdefault(outcome, {})[f"{after}_months"] = entry
        return found

    def _budget(self) -> dict[str, Any]:
        table = self.tables["budget"]
        keys = [table[column].tolist() for column in ("policy", "dimension", "group", "year", "months")]
        numbers = {column: table[column].tolist() for column in (*_ESTIMATE, "discounted")}
        found: dict[str, Any] = {}
        entry: dict[str, Any]
        for row, (policy, dimension, group, year, covered) in enumerate(zip(*keys, strict=True)):
            entry = {"year": year, "months": covered}
            entry |= {name: number_or_none(values[row]) for name, values in numbers.items()}
            found.setdefault(policy, {}).setdefault(dimension, {}).setdefault(group, []).append(entry)
        return found

    def _icer(self) -> dict[str, Any]:
        table = self.tables["icer"]
        numbers = ("cost", "amount", "extra_cost", "extra_amount", "ratio", "low", "high")
        found: dict[str, Any] = {}
        for row, effect in enumerate(table["effect"].tolist()):
            entry: dict[str, Any] = {name: str(table[name][row]) for name in ("policy", "status")}
            entry["against"] = str(table["against"][row]) or None
            entry |= {name: number_or_none(float(table[name][row])) for name in numbers}
            found.setdefault(effect, []).append(entry)
        return found

    def _winners(self, policy: str) -> dict[str, Any]:
        table = self.tables["winners"].where(policy=policy)
        shares: dict[tuple[str, str], dict[str, float | None]] = {}
        for dimension, group, figure, value in zip(
            table["dimension"].tolist(),
            table["group"].tolist(),
            table["figure"].tolist(),
            table["mean"].tolist(),
            strict=True,
        ):
            shares.setdefault((dimension, group), {})[figure] = number_or_none(value)
        whole = shares.get(("all", "all"), {})
        found: dict[str, Any] = {figure: whole.get(figure) for figure in _FIGURES}
        for dimension in ("region", "quintile", "contact"):
            found[f"by_{dimension}"] = {
                group: figures for (kind, group), figures in shares.items() if kind == dimension
            }
        return found

    def __str__(self) -> str:
        what = f"{len(self.policies)} policies" if self.others else f"policy {self.reference}"
        return (
            f"{self.scenario}: {what}, {self.replicates} futures, {self.households:,} households, {self.months} months"
        )


def _nested(table: Table, columns: tuple[str, ...]) -> dict[str, Any]:
    return _tree(table, ("policy", "outcome"), columns)


def _tree(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, Any]:
    """Numbers of a table under nested keys, one level a key column."""
    found: dict[str, Any] = {}
    numbers = [table[column].tolist() for column in columns]
    for row, path in enumerate(zip(*(table[key].tolist() for key in keys), strict=True)):
        place = found
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = {column: number_or_none(values[row]) for column, values in zip(columns, numbers, strict=True)}
    return found


def number_or_none(value: float) -> float | None:
    """Return a finite number as it is (negative zero as zero), None for what cannot be told."""
    # adding 0.0 turns a negative zero into zero
    return value + 0.0 if math.isfinite(value) else None
