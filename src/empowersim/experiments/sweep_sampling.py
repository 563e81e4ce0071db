"""The points and the draws of a sweep: grids, lists, tables, Latin hypercubes and Sobol sequences.

A point is a value for each axis, a draw a value for each uncertain parameter. Both are made once, when a sweep begins,
and kept in its folder.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import EmpowersimError, Problem, ScenarioError
from empowersim.experiments.sweep_design import ALL, LIST, SOBOL, Axis, Design, Uncertain
from empowersim.parameters import SURVEYS, SWITCH, passports, uncertain
from empowersim.results.provenance import run_id
from empowersim.scenario.document import nearest

Matrix = NDArray[np.float64]

NO_MEMBER: Final = -1
"""Member of a draw that takes nothing from an ensemble."""


_LOOKS_GROUPED: Final = re.compile(r"[-+]?\d{1,3}\.\d{3}")


@dataclass(frozen=True)
class Point:
    """One point of a sweep."""

    texts: tuple[str, ...]
    """For each axis what stands in the scenario, unit and all."""
    numbers: tuple[float, ...]
    """For each axis the number alone; NaN where it is a word."""
    changes: Mapping[str, str]
    """Key path -> text, as `scenario.changes.Changeable` takes them."""

    @property
    def point_id(self) -> str:
        """Digest (16 hexadecimal digits) of the changes."""
        return run_id({"changes": dict(self.changes)})


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Parameter sets of a calibration, not equally likely."""

    names: tuple[str, ...]
    values: Matrix
    """Shape (members, names)."""
    weights: NDArray[np.float64]
    """Shape (members,); they add up to 1."""
    origin: str
    """The file and its digest, for the record."""


@dataclass(frozen=True, eq=False)
class Draws:
    """What is drawn of the parameters; one draw without any parameter where nothing is uncertain."""

    names: tuple[str, ...] = ()
    values: Matrix = field(default_factory=lambda: np.zeros((1, 0)))
    """Shape (draws, names)."""
    weights: NDArray[np.float64] = field(default_factory=lambda: np.ones(1))
    """Shape (draws,), relative."""
    members: NDArray[np.int64] = field(default_factory=lambda: np.full(1, NO_MEMBER))
    """Shape (draws,): member of the ensemble, or `NO_MEMBER`."""

    def __len__(self) -> int:
        """Number of draws."""
        return len(self.weights)

    def keys(self) -> list[str]:
        """Digest of each draw."""
        return [
            run_id({name: float(value).hex() for name, value in zip(self.names, row, strict=True)})
            for row in self.values
        ]


def unit_sample(method: str, count: int, dimensions: int, seed: int) -> Matrix:
    """Return `count` points in the unit cube, shape (count, dimensions), by `scipy.stats.qmc`.

    A Latin hypercube (McKay, Beckman and Conover 1979) has one point in each of `count` slices of every axis. A Sobol
    sequence (1967; directions of Joe and Kuo 2008, scrambled after Owen 1998) of a power of 2 is balanced in every
    axis, and a longer one begins with the shorter. Raises `EmpowersimError` without scipy.
    """
    try:
        from scipy.stats import qmc
    except ImportError as error:
        raise EmpowersimError(
            "sampled axes and draws need scipy: install it with pip install 'empowersim[analysis]'"
        ) from error
    made = qmc.Sobol if method == SOBOL else qmc.LatinHypercube
    try:
        sampler = made(d=dimensions, rng=seed)
    except TypeError:  # scipy before 1.15
        sampler = made(d=dimensions, seed=seed)
    found: Matrix = np.asarray(sampler.random(count), dtype=np.float64)
    return found


# ---------------------------------------------------------------- points


def points_of(design: Design) -> list[Point]:
    """Return the points of a design: its grid (or list), crossed with the rows of its table, crossed with its sample.

    Raises `ScenarioError` for a table that cannot be used, `EmpowersimError` without scipy.
    """
    axes = design.axes
    listed = [axis for axis in axes if axis.kind == "values"]
    together = zip if design.combine == LIST else itertools.product
    grid: list[dict[str, str]] = [
        dict(zip((axis.name for axis in listed), combination, strict=True))
        for combination in (together(*(axis.texts for axis in listed)) if listed else [()])
    ]
    tables: list[dict[str, str]] = _table_rows(design) if design.table is not None else [{}]
    samples: list[dict[str, str]] = _sampled(design)
    found = []
    for parts in itertools.product(grid, tables, samples):
        values = {name: text for part in parts for name, text in part.items()}
        found.append(point_of(axes, [values[axis.name] for axis in axes]))
    return list({point.point_id: point for point in found}.values())


def point_of(axes: Sequence[Axis], values: Sequence[str]) -> Point:
    """Return the point with these values, one an axis, as written without the unit."""
    texts = tuple(
        f"{text} {axis.unit}" if axis.unit and _number(text) is not None else text
        for axis, text in zip(axes, values, strict=True)
    )
    numbers = tuple(math.nan if (value := _number(text)) is None else value for text in values)
    changes = {path: text for axis, text in zip(axes, texts, strict=True) for path in axis.paths}
    return Point(texts, numbers, changes)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _sampled(design: Design) -> list[dict[str, str]]:
    """Rows of the sample: axis -> value as written; one empty row without a sample."""
    axes = [axis for axis in design.axes if axis.sampled]
    if not axes or design.sample is None:
        return [{}]
    cube = unit_sample(design.sample.method, design.sample.points, len(axes), design.sample.seed)
    return [{axis.name: _at(axis, float(u)) for axis, u in zip(axes, row, strict=True)} for row in cube]


def _at(axis: Axis, u: float) -> str:
    """Value of a sampled axis at `u` in [0, 1), as written."""
    if axis.kind == "choices":
        return axis.texts[int(u * len(axis.texts))]
    if axis.whole:
        return str(int(axis.low) + int(u * (axis.high - axis.low + 1.0)))
    if axis.log:
        return number_text(math.exp(math.log(axis.low) + u * (math.log(axis.high) - math.log(axis.low))))
    return number_text(axis.low + u * (axis.high - axis.low))


def number_text(value: float) -> str:
    """Shortest text that reads back to the same number, and never as thousands (``1.500`` has two readings)."""
    text = repr(float(value))
    return text + "0" if _LOOKS_GROUPED.fullmatch(text) else text


def _table_rows(design: Design) -> list[dict[str, str]]:
    assert design.table is not None
    axes = [axis for axis in design.axes if axis.kind == "column"]
    shown = str(design.table)
    try:
        with design.table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(
            [design.problem("table", "a CSV file in UTF-8, its first line the names", f"{shown}: {reason}")]
        ) from error
    problems = [
        Problem(design.file, axis.line, f"vary.{axis.name}", f"a column of {shown}", f"'{axis.column}'",
                nearest(axis.column, names))
        for axis in axes
        if axis.column not in names
    ]  # fmt: skip
    if not problems and not rows:
        problems.append(design.problem("table", "rows below the names", f"none in {shown}"))
    found = []
    for line, row in rows if not problems else ():
        values = {axis.name: (row[axis.column] or "").strip() for axis in axes}
        for name, text in values.items():
            if not text:
                problems.append(Problem(shown, line, name, "a value", "an empty cell", "fill it or delete the row"))
        if None in row:
            problems.append(Problem(shown, line, "", f"{len(names)} cells", "more", "put texts with commas in quotes"))
        found.append(values)
    if problems:
        raise ScenarioError(problems)
    return found


# ---------------------------------------------------------------- draws


def draws_of(design: Design, ensemble: Ensemble | None, settled: Sequence[str]) -> Draws:
    """Return the draws of a design: parameters uniform between the bounds of their passports, members of an ensemble.

    `settled` names parameters that the scenario file sets or an axis varies: a group (``all``, a topic) leaves them
    out, an ensemble does not move them, and to name one is an error. Passports know no narrower distribution than their
    bounds, so a fitted parameter is drawn uniformly, too, unless it comes with an ensemble, which knows what the
    evidence leaves open. Without ``draws`` each member stands once with its weight; with it all draws are equally
    likely, and a member is picked by where the first coordinate of the sample falls among the cumulated weights.
    """
    asked = design.uncertain
    if asked is None:
        return Draws()
    members = tuple(name for name in ensemble.names if name not in settled) if ensemble is not None else ()
    alone = _drawn_names(design, asked, settled, members)
    names = (*members, *alone)
    if asked.draws is None:
        assert ensemble is not None
        at = np.arange(len(ensemble.weights))
        return Draws(names, _columns(ensemble, members)[at], ensemble.weights.copy(), at.astype(np.int64))
    first = int(ensemble is not None)
    cube = unit_sample(asked.method, asked.draws, first + len(alone), asked.seed)
    parts: list[Matrix] = []
    chosen = np.full(asked.draws, NO_MEMBER, dtype=np.int64)
    if ensemble is not None:
        edges = np.cumsum(ensemble.weights)
        chosen = np.searchsorted(edges / edges[-1], cube[:, 0], side="right").astype(np.int64)
        parts.append(_columns(ensemble, members)[chosen])
    known = passports()
    low = np.array([known[name].lower for name in alone])
    high = np.array([known[name].upper for name in alone])
    parts.append(low + cube[:, first:] * (high - low))
    return Draws(names, np.concatenate(parts, axis=1), np.ones(asked.draws), chosen)


def _columns(ensemble: Ensemble, names: Sequence[str]) -> Matrix:
    at = [ensemble.names.index(name) for name in names]
    return ensemble.values[:, at]


def _drawn_names(design: Design, asked: Uncertain, settled: Sequence[str], members: Sequence[str]) -> tuple[str, ...]:
    """Parameters drawn from their passports, in the order of the passports."""
    known = {name: one for name, one in passports().items() if one.topic != SURVEYS and one.distribution != SWITCH}
    groups: dict[str, set[str]] = {ALL: {name for name, one in known.items() if uncertain(one)}}
    for name, one in known.items():
        groups.setdefault(one.topic, set()).add(name)
        if uncertain(one):
            groups.setdefault(one.status, set()).add(name)
    wanted: set[str] = set()
    problems = []
    for name in asked.parameters:
        if name in known and name in settled:
            remedy = "take it out of uncertain:, or out of vary: and the scenario file"
            problems.append(design.problem("uncertain.parameters", "parameters that nothing else sets", name, remedy))
        elif name in known:
            wanted.add(name)
        elif name in groups:
            wanted |= groups[name] - set(settled)
        else:
            remedy = nearest(name, [*known, *groups])
            problems.append(
                design.problem("uncertain.parameters", "a parameter, a topic or a status", f"'{name}'", remedy)
            )
    if problems:
        raise ScenarioError(problems)
    found = tuple(name for name in known if name in wanted - set(members))
    if asked.parameters and not found:
        raise ScenarioError(
            [design.problem("uncertain.parameters", "at least one parameter to draw", "none that is not set already")]
        )
    return found
