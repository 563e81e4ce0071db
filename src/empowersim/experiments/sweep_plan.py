"""A sweep that is asked for and checked: its scenario, points, draws, and the order in which its runs are made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import EmpowersimError, Problem, ScenarioError
from empowersim.experiments.asked import passport_of, survey_digest
from empowersim.experiments.sweep_design import RECORD, Axis, Design
from empowersim.experiments.sweep_points import PARAMETER, Points, Settings, _is_parameter, parameter_value
from empowersim.experiments.sweep_sampling import Draws, Ensemble, Point, draws_of, points_of
from empowersim.results.provenance import program_digest, run_id
from empowersim.scenario.changes import Changeable
from empowersim.scenario.document import Node, nearest, read_with_parents
from empowersim.scenario.load import load

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension

CHECKED: Final = 200
"""Points of a design that are read before anything runs; of more, every value is read once, alone."""

CHUNK: Final = 500
"""Runs of a chunk, at least."""

MOST_CHUNKS: Final = 50
"""Chunks of a stage: of larger sweeps the chunks are larger, not more."""

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER_AXIS: Final = "number"
_TEXT_AXIS: Final = "text"


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """A checked sweep; nothing is simulated yet."""

    design: Design
    scenario: bytes
    """The scenario as YAML: merged with what it extends, only the policies of the sweep."""
    survey: str
    """Path of the survey file, empty where there is none."""
    settings: Settings
    points: list[Point]
    draws: Draws
    identity: Mapping[str, Any]
    """What all runs of the sweep depend on, as plain values: two sweeps that differ here cannot share a folder."""

    @property
    def replicates(self) -> int:
        """Futures of each point and draw."""
        return self.design.replicates

    @property
    def runs(self) -> int:
        """Runs in all."""
        return len(self.points) * len(self.draws) * self.replicates

    @property
    def contents(self) -> str:
        """Digest of the points, draws and replicates: which part of the sweep a design asks for."""
        return run_id(
            {
                "points": sorted(point.point_id for point in self.points),
                "draws": sorted(self.draws.keys()),
                "replicates": self.replicates,
            }
        )


def plan_sweep(design: Design, ensemble: Ensemble | None = None, extension: Extension | None = None) -> SweepPlan:
    """Check a design against its scenario. Raises `ScenarioError` with all problems, or another `EmpowersimError`."""
    shown = str(design.scenario)
    loaded = load(design.scenario)
    policies, reference = _policies(design, loaded)
    problems: list[Problem] = []
    root = read_with_parents(design.scenario, shown, problems)
    assert root is not None  # it was just loaded
    problems += _problems_of_paths(design, policies)
    if problems:
        raise ScenarioError(problems)
    survey = ""
    if loaded.survey is not None:
        from empowersim.scenario.survey_source import find_survey

        survey = str(Path(find_survey(loaded, loaded.survey)).resolve())
    text = yaml_of(_with_policies(root, policies, reference), f"as read from {Path(shown).name}")
    base = Changeable(design.scenario)
    points = points_of(design)
    settled = [
        *loaded.parameters,
        *(p.removeprefix(PARAMETER) for a in design.axes for p in a.paths if _is_parameter(p)),
    ]
    draws = draws_of(design, ensemble, settled)
    settings = Settings(
        policies=policies,
        reference=reference,
        households=design.households,
        months=design.months,
        seed=design.seed,
        outcomes=design.outcomes,
    )
    if design.infeasible != RECORD:
        _check_points(design, base, settings, points)
    identity = {
        "scenario": loaded.digest,
        "survey": survey_digest(loaded),
        "program": program_digest(),
        "policies": list(policies),
        "reference": reference,
        "households": design.households,
        "months": design.months,
        "seed": design.seed,
        "outcomes": list(design.outcomes),
        "axes": {axis.name: {"paths": list(axis.paths), "unit": axis.unit} for axis in design.axes},
        "drawn": list(draws.names),
        "ensemble": ensemble.origin if ensemble is not None else None,
        **passport_of(extension),
    }
    return SweepPlan(design, text, survey, settings, points, draws, identity)


def _policies(design: Design, loaded: Any) -> tuple[tuple[str, ...], str]:
    """Policies of the sweep in the order of the scenario, and the reference."""
    known = list(loaded.policies)
    problems = [
        design.problem("policies", "a policy of the scenario", f"'{name}'", nearest(name, known))
        for name in design.policies or ()
        if name not in known
    ]
    reference = design.reference if design.reference is not None else str(loaded.reference)
    if reference not in known:
        problems.append(
            design.problem("reference", "a policy of the scenario", f"'{reference}'", nearest(reference, known))
        )
    if problems:
        raise ScenarioError(problems)
    wanted = {*(known if design.policies is None else design.policies), reference}
    return tuple(name for name in known if name in wanted), reference


def _problems_of_paths(design: Design, policies: Sequence[str]) -> list[Problem]:
    """Axes that change what the design fixes, or what no policy of the sweep has."""
    problems = []
    fixed = {"households": design.households, "months": design.months, "seed": design.seed}
    for axis in design.axes:
        for path in axis.paths:
            keys = path.split(".")
            at = f"vary.{axis.name}"
            if keys[0] == "policies" and len(keys) > 1 and keys[1] not in policies:
                remedy = nearest(keys[1], list(policies))
                problems.append(
                    Problem(design.file, axis.line, at, "a policy of the sweep in the path", f"'{path}'", remedy)
                )
            if keys[:2] == ["base", "simulation"] and fixed.get(keys[-1]) is not None:
                remedy = f"remove {keys[-1]}: of the design"
                problems.append(Problem(design.file, axis.line, at, f"{keys[-1]} said once", f"'{path}'", remedy))
            if path == "reference":
                problems.append(Problem(design.file, axis.line, at, "a path other than the reference", f"'{path}'"))
    return problems


def _check_points(design: Design, base: Changeable, settings: Settings, points: Sequence[Point]) -> None:
    """Read the points (of very many: each value alone, and an even choice of points); all problems at once."""
    lines = {path: axis.line for axis in design.axes for path in axis.paths}
    reader = Points(base, settings, ())
    cases: list[Mapping[str, str]] = [point.changes for point in points[:: -(-len(points) // CHECKED)]]
    if len(points) > CHECKED:
        values = {(axis.name, point.texts[at]) for point in points for at, axis in enumerate(design.axes)}
        by_name = {axis.name: axis for axis in design.axes}
        few = [one for one in sorted(values) if not by_name[one[0]].sampled]
        cases += [dict.fromkeys(by_name[name].paths, text) for name, text in few[:CHECKED]]
    problems: dict[Problem, None] = {}
    for changes in cases:
        for path, text in changes.items():
            if _is_parameter(path):
                try:
                    parameter_value(path, text)
                except EmpowersimError as error:
                    remedy = str(error).partition("; ")[2]
                    found = Problem(design.file, lines[path], path, "a value of the parameter", f"'{text}'", remedy)
                    problems[found] = None
        plain = {path: text for path, text in changes.items() if not _is_parameter(path)}
        try:
            base.scenario(plain, origin=design.file, lines=lines)
        except ScenarioError as error:
            problems |= dict.fromkeys(error.problems)
        if not problems:
            try:
                reader.ready(changes, ())
            except EmpowersimError as error:
                raise ScenarioError(
                    [design.problem("vary", "points that can be simulated", f"{dict(changes)}", str(error))]
                ) from error
    if problems:
        # a sample has many values beyond the same bound: one of them says it
        once = {(one.file, one.line, one.key, one.expected, one.remedy): one for one in reversed(problems)}
        raise ScenarioError(sorted(once.values(), key=lambda one: (one.file != design.file, one.line, one.key)))


# ---------------------------------------------------------------- order of the runs


def shuffled(
    stages: Sequence[tuple[int, int, int]], stage: int, points: Sequence[str], draws: Sequence[str], seed: int
) -> NDArray[np.int32]:
    """Runs of a stage in the order in which they are made, shape (runs, 3): point, draw, replicate.

    A stage is (points, draws, replicates) after it; its runs are those that no stage before it has. Whatever the
    moment at which a sweep is cut, all points have as many runs, give or take one: a round has every point once, under
    one draw in one future, and points and draws are shuffled within it by a digest of their contents.
    """
    made = stages[stage - 1] if stage else (0, 0, 0)
    count = stages[stage]
    point_order = sorted(range(count[0]), key=lambda at: _mixed(seed, "point", points[at]))
    draw_order = sorted(range(count[1]), key=lambda at: _mixed(seed, "draw", draws[at]))
    rounds = []
    for replicate in range(count[2]):
        for draw in draw_order:
            old = draw < made[1] and replicate < made[2]
            turn = _turn(seed, draws[draw], replicate, count[0])
            order = np.array(point_order[turn:] + point_order[:turn], dtype=np.int32)
            order = order[order >= made[0]] if old else order
            rounds.append(np.column_stack([order, np.full_like(order, draw), np.full_like(order, replicate)]))
    return np.concatenate(rounds) if rounds else np.zeros((0, 3), np.int32)


def _mixed(*parts: Any) -> bytes:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()


def _turn(seed: int, draw: str, replicate: int, points: int) -> int:
    """Where a round begins in the order of the points, so that a cut does not always miss the same ones."""
    return int.from_bytes(_mixed(seed, "turn", draw, replicate), "little") % max(points, 1)


def chunk_size(runs: int) -> int:
    """Runs of a chunk of a stage with so many runs."""
    return max(CHUNK, -(-runs // MOST_CHUNKS))


# ---------------------------------------------------------------- the scenario, as it was read


def _with_policies(root: Node, policies: Iterable[str], reference: str) -> Node:
    """The tree with these policies, those that they are like, and the reference said outright."""
    from dataclasses import replace

    entries = dict(root.entries or {})
    there = entries["policies"].entries or {}
    kept: set[str] = set()
    wanted = list(policies)
    while wanted:
        name = wanted.pop()
        if name in kept or name not in there:
            continue
        kept.add(name)
        like = there[name].get("like")
        if like is not None and like.text:
            wanted.append(like.text)
    entries["policies"] = replace(entries["policies"], entries={name: there[name] for name in there if name in kept})
    entries["reference"] = Node(root.file, root.line, "reference", text=reference)
    return replace(root, entries=entries)


def yaml_of(root: Node, head: str) -> bytes:
    """A tree as YAML that is read back to the same tree (but for the numbers of lines)."""
    lines = [f"# The scenario of a sweep, {head}.", *_written(root, 0)]
    return ("\n".join(lines) + "\n").encode()


def _written(node: Node, depth: int) -> Iterator[str]:
    import json

    indent = "  " * depth
    children: Iterable[tuple[str, Node]]
    if node.entries is not None:
        children = (
            (f"{key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)}:", child)
            for key, child in node.entries.items()
        )
    else:
        children = (("-", item) for item in node.items or ())
    for lead, child in children:
        if child.text is not None:
            text = json.dumps(child.text, ensure_ascii=False) if child.quoted else child.text
            yield f"{indent}{lead} {text}".rstrip()
        elif not (child.entries or child.items):
            yield f"{indent}{lead} {'{}' if child.entries is not None else '[]'}"
        else:
            yield f"{indent}{lead}"
            yield from _written(child, depth + 1)


# ---------------------------------------------------------------- tables


def axis_kinds(axes: Sequence[Axis], points: Sequence[Point]) -> dict[str, str]:
    """Axis -> ``number`` where all its values are numbers, else ``text``: the type of its column."""
    return {
        axis.name: _TEXT_AXIS if any(np.isnan(point.numbers[at]) for point in points) else _NUMBER_AXIS
        for at, axis in enumerate(axes)
    }


def points_table(axes: Sequence[Axis], points: Sequence[Point], kinds: Mapping[str, str], first: int) -> Any:
    """Arrow table of points, the first with number `first`: point, point_id, a column an axis, changes as JSON."""
    import json

    import pyarrow as pa

    columns: dict[str, Any] = {
        "point": pa.array(range(first, first + len(points)), pa.int32()),
        "point_id": pa.array([point.point_id for point in points]),
    }
    fields = [pa.field("point", pa.int32()), pa.field("point_id", pa.string())]
    for at, axis in enumerate(axes):
        number = kinds[axis.name] == _NUMBER_AXIS
        kind = pa.float64() if number else pa.string()
        columns[axis.name] = pa.array([point.numbers[at] if number else point.texts[at] for point in points], kind)
        fields.append(pa.field(axis.name, kind, metadata={"unit": axis.unit, "paths": ", ".join(axis.paths)}))
    columns["changes"] = pa.array([json.dumps(dict(point.changes), ensure_ascii=False) for point in points])
    fields.append(pa.field("changes", pa.string()))
    return pa.table(columns, schema=pa.schema(fields))


def draws_table(draws: Draws, first: int) -> Any:
    """Arrow table of draws, the first with number `first`: draw_id, weight (relative), member, a column a parameter."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        "draw": pa.array(range(first, first + len(draws)), pa.int32()),
        "draw_id": pa.array(draws.keys(), pa.string()),
        "weight": pa.array(draws.weights, pa.float64()),
        "member": pa.array([None if one < 0 else int(one) for one in draws.members], pa.int32()),
    }
    for at, name in enumerate(draws.names):
        columns[name] = pa.array(draws.values[:, at], pa.float64())
    return pa.table(columns)
