"""What a design file of a sweep may say: the tables of its keys, and the checked design that it becomes.

A design has up to three parts that are kept apart. ``vary`` are choices and worlds: named axes that together make the
points. ``uncertain`` is what is not known of parameters: it makes the draws. ``replicates`` is chance. A run is one
point under one draw in one future, with all policies in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from empowersim.errors import Problem
from empowersim.results.tables import OUTCOMES, RATIOS
from empowersim.scenario.fields import (
    Choice,
    Field,
    Flag,
    Name,
    Open,
    Quantity,
    Section,
    Text,
    Texts,
)
from empowersim.scenario.model import HOUSEHOLDS, LENGTH_IN_NAME
from empowersim.scenario.units import plain

FORMAT: Final = 1
"""Version of the design file."""

GRID: Final = "grid"
LIST: Final = "list"
LATIN: Final = "latin_hypercube"
SOBOL: Final = "sobol"
METHODS: Final = (LATIN, SOBOL)
REFUSE: Final = "refuse"
RECORD: Final = "record"
CALIBRATED: Final = "calibrated"
ALL: Final = "all"

RESERVED: Final = frozenset(
    {"point", "point_id", "draw", "replicate", "policy", "run_id", "changes", "weight", "member"}
)
"""Names of columns of the results, which no axis may have."""

MOST_RUNS: Final = 10_000_000
"""More than this many points, draws or replicates is taken for a slip of the pen."""

_COUNT: Final = Quantity(plain("a whole number of 1 or more", 1, MOST_RUNS, whole=True))
_SEED: Final = Quantity(plain("a whole number from 0 to 4294967295", 0, 2**32 - 1, whole=True))
_METHOD: Final = Choice("a way of sampling", lambda: METHODS)
_SCALE: Final = Choice("linear or log", lambda: ("linear", "log"))

AXIS: Final = Section(
    "an axis",
    "an axis: path (or paths) and what stands there",
    (
        Field("path", Text("a key path, as policies.mix.mentors.budget"), "key path of the scenario file"),
        Field("paths", Texts("key paths"), "key paths that all get the same value"),
        Field("values", Texts("a list of values"), "values, crossed with those of other axes (or set side by side)"),
        Field("choices", Texts("a list of values"), "values that a sample picks from, equally often"),
        Field("from", Text("a number"), "lower end of a range that is sampled"),
        Field("to", Text("a number"), "upper end of a range that is sampled"),
        Field("column", Text("a column of the table"), "column of the table that holds the values"),
        Field("unit", Text("a unit, as billion IDR/year"), "unit that follows each number", "none"),
        Field("scale", _SCALE, "how a range is sampled", "linear"),
        Field("whole", Flag(), "sample whole numbers only", "no"),
    ),
)

SAMPLE: Final = Section(
    "sample",
    "how ranges are sampled",
    (
        Field("method", _METHOD, "latin_hypercube or sobol", "latin_hypercube"),
        Field("points", _COUNT, "points of the sample (sobol: a power of 2)", required=True),
        Field("seed", _SEED, "seed of the sample", "1"),
    ),
)

UNCERTAIN: Final = Section(
    "uncertain",
    "parameters that are not known: drawn from their passports, from a calibrated ensemble, or both",
    (
        Field("parameters", Texts("names of parameters, topics, assumed, derived, fitted, or all"), "drawn uniformly"),
        Field("ensemble", Text("calibrated, or a parameter file"), "members with their weights"),
        Field("draws", _COUNT, "draws (without it: each member of the ensemble once)"),
        Field("method", _METHOD, "latin_hypercube or sobol", "latin_hypercube"),
        Field("seed", _SEED, "seed of the draws", "1"),
    ),
)

DESIGN: Final = Section(
    "a sweep design",
    "a sweep",
    (
        Field("sweep", Text("the version of the format"), "1", required=True),
        Field("name", Name(), "name of the sweep", "that of the file"),
        Field("note", Text(), "what it is for"),
        Field("scenario", Text("the path of a scenario file, relative to this file"), "scenario file", required=True),
        Field("policies", Texts("names of policies"), "policies to simulate; the reference comes along", "all"),
        Field("reference", Text("a policy of the scenario"), "policy that others are compared with", "the scenario's"),
        Field("households", HOUSEHOLDS, "households simulated", "the scenario's"),
        Field("months", LENGTH_IN_NAME, "months simulated", "the scenario's"),
        Field("seed", _SEED, "seed of all simulations", "the scenario's"),
        Field("replicates", _COUNT, "futures of every point and draw", required=True),
        Field("outcomes", Texts("names of outcomes, or all"), "outcomes that are kept", "all"),
        Field("vary", Open("named axes", lambda: AXIS), "axes: name -> path and values"),
        Field(
            "combine", Choice("grid or list", lambda: (GRID, LIST)), "axes with values: crossed, or side by side", GRID
        ),
        Field("sample", SAMPLE, "how ranges and choices are sampled"),
        Field("table", Text("a CSV file"), "table with one point a row, relative to this file"),
        Field("uncertain", UNCERTAIN, "parameter uncertainty"),
        Field(
            "infeasible",
            Choice("refuse or record", lambda: (REFUSE, RECORD)),
            "a point that is no valid scenario: refuse the design, or record its runs as failed",
            REFUSE,
        ),
    ),
)


@dataclass(frozen=True)
class Axis:
    """One named axis of a design."""

    name: str
    paths: tuple[str, ...]
    kind: str
    """``values``, ``choices``, ``range`` or ``column``."""
    texts: tuple[str, ...] = ()
    """Values or choices as they stand in the file, without the unit."""
    low: float = 0.0
    high: float = 0.0
    column: str = ""
    unit: str = ""
    log: bool = False
    whole: bool = False
    line: int = 0

    @property
    def sampled(self) -> bool:
        """Whether a sample says its values."""
        return self.kind in {"range", "choices"}


@dataclass(frozen=True)
class Sample:
    """How ranges are sampled."""

    method: str
    points: int
    seed: int


@dataclass(frozen=True)
class Uncertain:
    """What is drawn of parameters."""

    parameters: tuple[str, ...]
    """Names, topics, statuses or `all`, as asked."""
    ensemble: str
    """`calibrated`, the path of a parameter file, or empty."""
    draws: int | None
    method: str
    seed: int
    line: int = 0


@dataclass(frozen=True)
class Design:
    """A checked design file; the scenario it names is not yet read."""

    file: str
    name: str
    scenario: Path
    policies: tuple[str, ...] | None
    reference: str | None
    households: int | None
    months: int | None
    seed: int | None
    replicates: int
    outcomes: tuple[str, ...]
    """In the order of `results.tables.OUTCOMES`."""
    axes: tuple[Axis, ...]
    combine: str
    sample: Sample | None
    table: Path | None
    uncertain: Uncertain | None
    infeasible: str
    lines: Mapping[str, int]
    """Key -> line, for later messages."""
    text: str
    """The file as it was read."""

    def problem(self, key: str, expected: str, found: str, remedy: str = "") -> Problem:
        """A problem of this file at a key."""
        return Problem(self.file, self.lines.get(key, 0), key, expected, found, remedy)


def kept_outcomes() -> tuple[str, ...]:
    """Names of all outcomes that one future has: ratios of means over futures are left out."""
    return tuple(name for name in OUTCOMES if name not in RATIOS)
