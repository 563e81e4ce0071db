"""A household's story as a value: two lives, where they part, and what the difference is made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.lives import REPORTED
from empowersim.engine.outputs import STAGES
from empowersim.experiments.sheets import Sheet
from empowersim.experiments.story_events import Event
from empowersim.results.display import Shown
from empowersim.results.tables import TableColumn
from empowersim.schema import HOUSEHOLD

Vector = NDArray[np.float64]

SERIES: Final = (
    "consumption",
    "income",
    "savings",
    "normal_income",
    "job",
    "illness",
    "in_school",
    "technical_skill",
    "business_practice",
    "literacy",
    "motivation",
    "trust",
    "empowerment",
    "voice",
    "well_being",
    "health",
    "visits",
    "transfers",
)
"""Columns of the household that are kept month by month."""


@dataclass(frozen=True)
class Life:
    """A household under one policy."""

    policy: str
    events: tuple[Event, ...]
    months: Mapping[str, Vector]
    """`SERIES` and `stage` (index into STAGES), each of shape (months,); money in L."""


@dataclass(frozen=True)
class Parting:
    """The first month in which two lives differ, and what parts them."""

    month: int
    cause: str
    """`dose` (something reaches the household), `village` (neighbours or what is done to the village), `mentor` (a
    change of mentor moves trust), or `state`."""
    what: Mapping[str, tuple[float, float]]
    """Name of the channel or column -> its value under the first and the second policy."""
    consumption_month: int | None
    """First month in which consumption differs; None if it never does."""


@dataclass(frozen=True)
class Story(Shown):
    """The same household under two policies (`lives`), the second told against the first."""

    scenario: str
    title: str
    household: int
    found: str
    """How it was picked: a word of FIND, or the empty text for an id."""
    about: Mapping[str, Any]
    """Traits and start of the household: persons, region, village, line (IDR/person/month), consumption (L), and so
    on."""
    replicate: int
    seed: int
    households: int
    labels: Mapping[str, Mapping[str, str]]
    programmes: Mapping[str, Mapping[str, str]]
    """Programme -> language (en, id) -> name for people."""
    lives: tuple[Life, Life]
    parting: Parting | None
    """None where the two lives are the same to the last bit."""
    reached: Parting | None
    """The first month in which a dose differs: something reaches the household itself; None if nothing ever does."""
    contrasts: tuple[tuple[int, int, Mapping[str, Any]], ...]
    """(life, place in its events, why it did not happen in the other) of drawn events of one life only."""
    parts: Mapping[str, Vector]
    """Group of `story_events.GROUPS` -> its part of consumption under the second less the first, L, shape (months,)."""
    run_id: str
    asked: Mapping[str, Any] = field(repr=False)

    @property
    def months(self) -> int:
        """Months told."""
        return int(self.lives[0].months["consumption"].size)

    @property
    def rupiah(self) -> float:
        """Rupiah of one L: the poverty line of a person times the persons of the household."""
        return float(self.about["line"]) * float(self.about["size"])

    @property
    def difference(self) -> Vector:
        """Consumption under the second policy less that under the first, L a month, shape (months,)."""
        first, second = (life.months["consumption"] for life in self.lives)
        return second - first

    def label(self, policy: str, lang: str = "en") -> str:
        """What people call a policy or a programme."""
        labels = self.labels.get(policy) or self.programmes.get(policy) or {}
        return labels.get(lang) or labels.get("en") or policy.replace("_", " ")

    def contrast(self, life: int, place: int) -> Mapping[str, Any] | None:
        """Why event `place` of life 0 or 1 did not happen in the other; None if it did, or if no draw decides it."""
        for which, at, facts in self.contrasts:
            if (which, at) == (life, place):
                return facts
        return None

    def parts_over(self, months: slice) -> dict[str, float]:
        """Mean difference of consumption over some months by group, L a month; they add up to the mean difference."""
        return {name: math.fsum(values[months].tolist()) / values[months].size for name, values in self.parts.items()}

    def to_frame(self, name: str = "months") -> Any:
        """Return a table as pandas DataFrame: `months` (a row a policy and month), `events` or `parts`; needs pandas.

        Money is in L. KeyError for another name.
        """
        sheets = {sheet.name: sheet for sheet in self.sheets()}
        if name not in sheets:
            raise KeyError(f"no table {name!r} in a story; it has {', '.join(sheets)}")
        return sheets[name].to_pandas()

    def sheets(self) -> list[Sheet]:
        """Months, events and parts as tables."""
        return [_month_sheet(self), _event_sheet(self), _part_sheet(self)]

    @property
    def last_year(self) -> slice:
        """The last months, as many as households are judged by."""
        return slice(max(self.months - REPORTED, 0), None)

    @property
    def gain(self) -> float:
        """Mean difference of consumption in the last year, L a month."""
        return float(self.difference[self.last_year].mean())

    def to_dict(self) -> dict[str, Any]:
        """Return the story as plain numbers and names."""
        last = self.last_year
        return {
            "scenario": self.scenario,
            "household": self.household,
            "found": self.found,
            "replicate": self.replicate,
            "seed": self.seed,
            "households": self.households,
            "months": self.months,
            "run_id": self.run_id,
            "about": dict(self.about),
            "rupiah_of_one_L": self.rupiah,
            "parting": None if self.parting is None else _parting(self.parting),
            "reached": None if self.reached is None else _parting(self.reached),
            "difference_last_year": {
                "parts": self.parts_over(last),
                "consumption": float(self.difference[last].mean()),
            },
            "lives": [
                {
                    "policy": life.policy,
                    "months": {name: values.tolist() for name, values in life.months.items()},
                    "events": [
                        {
                            "month": event.month,
                            "kind": event.kind,
                            "rule": event.rule,
                            "facts": _plain(event.facts),
                            "not_in_the_other": _plain(self.contrast(number, place)),
                        }
                        for place, event in enumerate(life.events)
                    ],
                }
                for number, life in enumerate(self.lives)
            ],
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)


def _parting(parting: Parting) -> dict[str, Any]:
    return {
        "month": parting.month,
        "cause": parting.cause,
        "what": {name: list(both) for name, both in parting.what.items()},
        "consumption_month": parting.consumption_month,
    }


def _plain(value: Any) -> Any:
    """Plain JSON values; what is not finite (no bound) is None."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


# ---------------------------------------------------------------- tables

_POLICY: Final = TableColumn("policy", "text", "", "name of the policy in the scenario file")
_MONTH: Final = TableColumn("month", "whole", "months", "month of the policy, 0 = the first")


def _month_sheet(told: Story) -> Sheet:
    by_name = {column.name: column for column in HOUSEHOLD}
    columns = (
        _POLICY,
        _MONTH,
        *(TableColumn(name, "real", by_name[name].unit, by_name[name].meaning) for name in SERIES),
        TableColumn("stage", "text", "", "furthest stage reached"),
    )
    rows = [
        (
            life.policy,
            month,
            *(float(life.months[name][month]) for name in SERIES),
            STAGES[int(life.months["stage"][month])],
        )
        for life in told.lives
        for month in range(told.months)
    ]
    return Sheet("months", columns, rows)


def _event_sheet(told: Story) -> Sheet:
    columns = (
        _POLICY,
        _MONTH,
        TableColumn("kind", "text", "", "what happened"),
        TableColumn("rule", "text", "", "rule or loop that decides it"),
        TableColumn("draw", "real", "0-1", "draw that decided; null where none did"),
        TableColumn("chance", "real", "0-1", "chance that the draw stood against"),
        TableColumn("facts", "text", "", "all that is known of it, JSON"),
    )
    rows = [
        (
            life.policy,
            event.month,
            event.kind,
            event.rule,
            float(event.facts.get("draw", math.nan)),
            float(event.facts.get("chance", math.nan)),
            json.dumps(_plain(event.facts), sort_keys=True),
        )
        for life in told.lives
        for event in life.events
    ]
    return Sheet("events", columns, rows)


def _part_sheet(told: Story) -> Sheet:
    columns = (
        _MONTH,
        TableColumn("part", "text", "", "part of consumption"),
        TableColumn("difference", "real", "L/month", "second policy less first, traced to this part"),
    )
    rows = [(month, name, float(values[month])) for month in range(told.months) for name, values in told.parts.items()]
    return Sheet("parts", columns, rows)
