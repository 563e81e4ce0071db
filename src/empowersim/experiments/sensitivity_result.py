"""What a sensitivity analysis found: indices, how much is luck, and the runs behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.experiments.responses import Input, difference_unit
from empowersim.experiments.sheets import Sheet
from empowersim.results.tables import TableColumn

Vector = NDArray[np.float64]
Method = Literal["morris", "sobol"]


class Screened(NamedTuple):
    """An input after Morris screening, in the unit of the outcome."""

    name: str
    mu: float
    """Mean elementary effect, with its sign."""
    mu_star: float
    low: float
    high: float
    """95 % interval of `mu_star`."""
    sigma: float


class Share(NamedTuple):
    """An input after Sobol's method: shares of the variance of the outcome; NaN where the outcome does not move."""

    name: str
    first: float
    first_low: float
    first_high: float
    total: float
    total_low: float
    total_high: float


class Chance(NamedTuple):
    """How much of what is seen is luck."""

    spread: float
    """Variance of the answers over the samples."""
    left: float
    """Share of `spread` that is luck, though all samples live through the same futures; NaN with one future."""
    unpaired: float
    """Share of what would be seen that were luck, had every sample had futures of its own; NaN with one future."""


@dataclass(frozen=True)
class Sensitivity:
    """What a sensitivity analysis found. `indices` and `chance` have an entry an outcome."""

    method: Method
    title: str
    scenario: str
    policy: str
    against: str | None
    labels: Mapping[str, Mapping[str, str]]
    """Policy -> language (en, id) -> name for people."""
    inputs: tuple[Input, ...]
    outcomes: tuple[str, ...]
    samples: int
    futures: int
    households: int | None
    months: int
    seed: int
    indices: Mapping[str, tuple[Any, ...]]
    """Outcome -> `Screened` or `Share` of each input, in the order of `inputs`."""
    chance: Mapping[str, Chance]
    run_id: str
    asked: Mapping[str, Any]
    values: Vector = field(repr=False)
    """Shape (runs, inputs): values of the inputs."""
    answers: Vector = field(repr=False)
    """Shape (runs, futures, outcomes)."""

    def label(self, policy: str, lang: str = "en") -> str:
        """What people call a policy."""
        labels = self.labels.get(policy, {})
        return labels.get(lang) or labels.get("en") or policy.replace("_", " ")

    def ranked(self, outcome: str) -> list[Any]:
        """Indices of an outcome, the most important input first (by `mu_star`, or `total`); KeyError if unknown."""
        weight = "mu_star" if self.method == "morris" else "total"
        found = self.indices[outcome]
        return sorted(found, key=lambda one: -getattr(one, weight) if np.isfinite(getattr(one, weight)) else 1.0)

    def idle(self, outcome: str) -> tuple[str, ...]:
        """Inputs that moved nothing at all: exactly zero in every run."""
        weight = "mu_star" if self.method == "morris" else "total"
        return tuple(one.name for one in self.indices[outcome] if getattr(one, weight) == 0.0)

    def _repr_html_(self) -> str | None:
        """The indices as notebooks show them."""
        of = self.label(self.policy) + (f" against {self.label(self.against)}" if self.against else "")
        return _index_sheet(self).html(f"{self.title}: {of}" if self.title else "")

    def to_frame(self, outcome: str | None = None) -> Any:
        """Return the indices as a pandas DataFrame, the most important input first; needs pandas.

        `outcome` picks one (None: all); KeyError if the analysis has none of that name.
        """
        frame = _index_sheet(self).to_pandas()
        if outcome is None:
            return frame
        if outcome not in self.outcomes:
            raise KeyError(f"no outcome {outcome!r} in this analysis; it has {', '.join(self.outcomes)}")
        return frame[frame["outcome"] == outcome].reset_index(drop=True)

    def sheets(self) -> list[Sheet]:
        """The indices, the runs behind them, and how much is luck, as tables."""
        return [_index_sheet(self), _chance_sheet(self), _run_sheet(self), _answer_sheet(self)]

    def to_dict(self) -> dict[str, Any]:
        """Return the analysis as plain numbers and names, None for what cannot be told."""
        return {
            "method": self.method,
            "scenario": self.scenario,
            "policy": self.policy,
            "against": self.against,
            "samples": self.samples,
            "runs": len(self.values),
            "futures": self.futures,
            "households": self.households,
            "months": self.months,
            "seed": self.seed,
            "run_id": self.run_id,
            "inputs": {
                one.name: {"low": one.low, "high": one.high, "kind": one.kind, "unit": one.unit} for one in self.inputs
            },
            "outcomes": {
                name: {
                    "unit": difference_unit(name),
                    "chance": _plain(self.chance[name]),
                    "indices": {one.name: _plain(one, skip="name") for one in self.ranked(name)},
                    "idle": list(self.idle(name)),
                }
                for name in self.outcomes
            },
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)


def _plain(row: Any, skip: str = "") -> dict[str, Any]:
    return {
        name: (value if not isinstance(value, float) or np.isfinite(value) else None)
        for name, value in row._asdict().items()
        if name != skip
    }


# ---------------------------------------------------------------- tables

_INPUT: Final = TableColumn("input", "text", "", "name of the parameter, or key path of the lever")
_OUTCOME: Final = TableColumn("outcome", "text", "", "name of the outcome")
_UNIT: Final = TableColumn("unit", "text", "", "unit of the outcome")


def _index_sheet(found: Sensitivity) -> Sheet:
    numbers: tuple[TableColumn, ...]
    if found.method == "morris":
        numbers = (
            TableColumn("mu", "real", "row", "mean elementary effect, from the lower to the upper end"),
            TableColumn("mu_star", "real", "row", "mean size of the elementary effects"),
            TableColumn("low", "real", "row", "lower end of the 95 % interval of mu_star"),
            TableColumn("high", "real", "row", "upper end of the 95 % interval of mu_star"),
            TableColumn("sigma", "real", "row", "standard deviation of the elementary effects"),
        )
    else:
        numbers = tuple(
            TableColumn(name, "real", "share", f"{what} Sobol index{end}")
            for what in ("first", "total")
            for name, end in (
                (what, ""),
                (f"{what}_low", ", lower end of its 95 % interval"),
                (f"{what}_high", ", upper end of its 95 % interval"),
            )
        )
    rows = [(name, difference_unit(name), *one) for name in found.outcomes for one in found.ranked(name)]
    return Sheet("indices", (_OUTCOME, _UNIT, _INPUT, *numbers), rows)


def _chance_sheet(found: Sensitivity) -> Sheet:
    columns = (
        _OUTCOME,
        TableColumn("spread", "real", "unit squared", "variance of the answers over the samples"),
        TableColumn("left", "real", "share", "share of it that is luck, with common futures"),
        TableColumn("unpaired", "real", "share", "share that were luck, had every sample had futures of its own"),
    )
    return Sheet("chance", columns, [(name, *found.chance[name]) for name in found.outcomes])


def _run_sheet(found: Sensitivity) -> Sheet:
    columns = (
        TableColumn("run", "whole", "", "number of the run, in the order of the design"),
        *(TableColumn(one.name, "real", one.unit, one.meaning or "lever") for one in found.inputs),
    )
    return Sheet("runs", columns, [(at, *row) for at, row in enumerate(found.values.tolist())])


def _answer_sheet(found: Sensitivity) -> Sheet:
    columns = (
        TableColumn("run", "whole", "", "number of the run"),
        TableColumn("replicate", "whole", "", "number of the future"),
        _OUTCOME,
        TableColumn("value", "real", "row", "answer in this future"),
    )
    rows = [
        (run, replicate, name, float(found.answers[run, replicate, at]))
        for run in range(found.answers.shape[0])
        for replicate in range(found.answers.shape[1])
        for at, name in enumerate(found.outcomes)
    ]
    return Sheet("answers", columns, rows)
