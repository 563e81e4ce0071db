"""A finished factor analysis: what each supporting or inhibiting factor contributes under one policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum, isfinite, nan
from typing import Any, Final, Literal, NamedTuple

from empowersim.results.comparison import number_or_none
from empowersim.results.tables import OUTCOMES, VISITS_PER_CLIENT, Table

HEADLINES: Final = ("poverty_headcount", "poverty_gap", "empowerment_index", VISITS_PER_CLIENT, "say", "voice")
"""Outcomes by which a factor is told to matter or not."""

MEASURABLE: Final = "measurable"
NOT_MEASURABLE: Final = "not_measurable"
IDLE: Final = "idle"


Part = Literal["level", "effect"]
"""What a factor contributes to: the level of an outcome, or the effect of the policy against the reference."""


class Contribution(NamedTuple):
    """What a factor contributes to an outcome: value with it minus value without, same futures."""

    factor: str
    mean: float
    low: float
    high: float
    with_factor: float
    without: float
    relative: float
    """`with_factor` over `without`."""
    effect: float
    """Contribution to the effect of the policy against the reference."""
    effect_low: float
    effect_high: float
    status: str
    """Of the level: `measurable`, `not_measurable` (the interval holds 0) or `idle` (exactly 0 in every future)."""

    def part(self, of: Part = "level") -> tuple[float, float, float]:
        """Mean, low and high of the contribution to the level or to the effect."""
        if of == "effect":
            return self.effect, self.effect_low, self.effect_high
        return self.mean, self.low, self.high

    def measurable(self, of: Part = "level") -> bool:
        """Whether the interval lies on one side of 0."""
        _, low, high = self.part(of)
        return low > 0.0 or high < 0.0


class RankChange(NamedTuple):
    """A factor in two rankings."""

    factor: str
    first: Contribution | None
    second: Contribution | None
    rank_first: int | None
    """1 = largest measurable contribution; None where it is not measurable, or not in the analysis."""
    rank_second: int | None
    change: int
    """Places gained (+) or lost (-) from the first to the second; unranked counts as one place below the last."""


@dataclass(frozen=True)
class FactorTable:
    """Contributions of factors under one policy, each from futures with and without it.

    `tables` holds `factors` and `factor_futures` as named in `results.tables.FACTOR_TABLES`.
    """

    scenario: str
    title: str
    policy: str
    reference: str
    policy_label: Mapping[str, str]
    """Language (en, id) -> what people call the policy."""
    reference_label: Mapping[str, str]
    seed: int
    replicates: int
    households: int
    represents: float
    months: int
    burn_in: int
    factors: tuple[str, ...]
    """Factors taken away one at a time, in the order of the registry."""
    labels: Mapping[str, Mapping[str, str]]
    """Factor -> language (en, id) -> name for people."""
    directions: Mapping[str, str]
    """Factor -> `supports` or `inhibits`, as the registry says."""
    already_off: tuple[str, ...]
    """Factors that the scenario switches off itself."""
    price_year: int | None
    notes: tuple[str, ...]
    run_id: str
    inputs: Mapping[str, Any]
    tables: Mapping[str, Table] = field(repr=False)

    def table(self, name: str) -> Table:
        """Return a table by name; KeyError names those there are."""
        if name not in self.tables:
            raise KeyError(f"no table {name!r}; there are {', '.join(self.tables)}")
        return self.tables[name]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes that were looked at."""
        return tuple(dict.fromkeys(self.tables["factors"]["outcome"].tolist()))

    def label(self, factor: str, lang: str = "en") -> str:
        """What people call a factor, in English (`en`) or Indonesian (`id`)."""
        labels = self.labels.get(factor, {})
        return labels.get(lang) or labels.get("en") or factor.replace("_", " ")

    def contributions(self, outcome: str, of: Part = "level") -> list[Contribution]:
        """Return the contributions to an outcome, the largest in size first; KeyError for an unknown outcome.

        Contributions that cannot be told (no clients, say) come last; factors of equal size keep the order of the
        registry.
        """
        if outcome not in self.outcomes:
            raise KeyError(f"no outcome {outcome!r}; there are {', '.join(self.outcomes)}")
        rows = self.tables["factors"].where(outcome=outcome)
        columns = [rows[name].tolist() for name in Contribution._fields]
        found = [Contribution(*values) for values in zip(*columns, strict=True)]
        return sorted(found, key=lambda one: -abs(one.part(of)[0]) if isfinite(one.part(of)[0]) else 1.0)

    def effect(self, outcome: str) -> float:
        """Return the effect of the policy with all factors at work: mean difference from the reference; NaN if none."""
        rows = self.tables["factor_futures"].where(factor="", outcome=outcome)
        found = [value for value in (rows["value"] - rows["reference"]).tolist() if isfinite(value)]
        return fsum(found) / len(found) if found else nan

    def unmeasurable(self) -> tuple[str, ...]:
        """Factors at work whose contribution to none of the headline outcomes can be told from zero."""
        table = self.tables["factors"]
        statuses: dict[str, set[str]] = {name: set() for name in self.factors}
        for name, outcome, status in zip(
            table["factor"].tolist(), table["outcome"].tolist(), table["status"].tolist(), strict=True
        ):
            if outcome in HEADLINES:
                statuses[name].add(status)
        idle = self.idle()
        return tuple(name for name, found in statuses.items() if MEASURABLE not in found and name not in idle)

    def idle(self) -> tuple[str, ...]:
        """Factors that change nothing at all in this scenario: without them every figure is the same."""
        table = self.tables["factors"]
        moving = set(table["factor"][table["status"] != IDLE].tolist())
        return tuple(name for name in self.factors if name not in moving)

    def to_arrow(self, name: str) -> Any:
        """Return a table as pyarrow Table, with units and provenance in its metadata."""
        return self.table(name).to_arrow(self.metadata())

    def to_pandas(self, name: str = "factors") -> Any:
        """Return a table as pandas DataFrame."""
        return self.table(name).to_pandas()

    def metadata(self) -> dict[str, str]:
        """Return what every stored table says of its origin."""
        return {"empowersim_run_id": self.run_id, "empowersim_inputs": json.dumps(dict(self.inputs), sort_keys=True)}

    def to_dict(self) -> dict[str, Any]:
        """Return the analysis as plain numbers and names, None for what cannot be told."""
        ranked = {outcome: self.contributions(outcome) for outcome in self.outcomes}
        numbers = [name for name in Contribution._fields if name not in {"factor", "status"}]
        found: dict[str, Any] = {
            name: {"label": self.label(name), "direction": self.directions[name], "outcomes": {}}
            for name in self.factors
        }
        for outcome, contributions in ranked.items():
            for one in contributions:
                entry: dict[str, Any] = {name: number_or_none(getattr(one, name)) for name in numbers}
                found[one.factor]["outcomes"][outcome] = entry | {"status": one.status}
        return {
            "scenario": self.scenario,
            "policy": self.policy,
            "reference": self.reference,
            "seed": self.seed,
            "replicates": self.replicates,
            "households": self.households,
            "represents": number_or_none(self.represents),
            "months": self.months,
            "burn_in": self.burn_in,
            "run_id": self.run_id,
            "units": {outcome: OUTCOMES[outcome].unit for outcome in self.outcomes},
            "factors": found,
            "ranking": {outcome: [one.factor for one in ranked[outcome] if one.measurable()] for outcome in ranked},
            "ranking_of_effect": {
                outcome: [one.factor for one in self.contributions(outcome, "effect") if one.measurable("effect")]
                for outcome in ranked
            },
            "not_measurable": list(self.unmeasurable()),
            "idle": list(self.idle()),
            "already_off": list(self.already_off),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        return (
            f"{self.scenario}: {len(self.factors)} factors under {self.policy}, {self.replicates} futures, "
            f"{self.households:,} households, {self.months} months"
        )


def rank_changes(first: FactorTable, second: FactorTable, outcome: str, of: Part = "level") -> list[RankChange]:
    """Return the factors of two analyses with their ranks in both, the largest change of rank first.

    Ranks are those of the size of measurable contributions to `outcome`. KeyError as in `FactorTable.contributions`.
    """
    sides = [{one.factor: one for one in table.contributions(outcome, of)} for table in (first, second)]
    ranks = [
        {name: place for place, name in enumerate((n for n, one in side.items() if one.measurable(of)), start=1)}
        for side in sides
    ]
    found = []
    for name in dict.fromkeys([*first.factors, *second.factors]):
        places = [rank.get(name) for rank in ranks]
        counted = [place if place is not None else len(rank) + 1 for place, rank in zip(places, ranks, strict=True)]
        change = counted[0] - counted[1] if places != [None, None] else 0
        found.append(RankChange(name, sides[0].get(name), sides[1].get(name), places[0], places[1], change))
    return sorted(found, key=lambda one: (-abs(one.change), min(one.rank_first or 999, one.rank_second or 999)))
