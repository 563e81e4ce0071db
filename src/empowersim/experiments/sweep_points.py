"""The work of a sweep: a batch of runs in, their outcomes or the reason of their failure out.

A worker reads a point once and keeps it. A point that differs only by parameters is not read again: the parameters of
the compiled scenario are replaced, which gives the same bits.
"""

from __future__ import annotations

import re
import traceback
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError
from empowersim.experiments.asked import passport_of, survey_digest
from empowersim.experiments.compare import POOLED_HOUSEHOLDS
from empowersim.experiments.reduce import outcome_values
from empowersim.parameters import Parameters, digest
from empowersim.parameters.factors import factors
from empowersim.results.provenance import program_digest, run_id
from empowersim.results.sweep_journal import FailedRun, MadeRun
from empowersim.results.tables import OUTCOMES
from empowersim.scenario.changes import Changeable
from empowersim.scenario.model import _parameter_value

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension

Vector = NDArray[np.float64]

PARAMETER: Final = "base.parameters."
"""Beginning of the key paths that need no new reading of the scenario."""

KEPT_POINTS: Final = 512
"""Compiled scenarios that a worker keeps at hand (some 35 kB each)."""

STAGES: Final = ("scenario", "population", "simulation", "outcomes", "worker")
"""Where a run can fail; `worker` is the loss of the process itself, again and again."""

PACKAGE: Final = Path(__file__).resolve().parents[1]
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Settings:
    """What all runs of a sweep have in common."""

    policies: tuple[str, ...]
    """In the order of the scenario; the reference is one of them."""
    reference: str
    households: int | None
    months: int | None
    seed: int | None
    """None: as each point's scenario says."""
    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One run: the numbers of its point, draw and replicate."""

    point: int
    draw: int
    replicate: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Runs for a worker, with what they need of the tables of points and draws."""

    tasks: tuple[Task, ...]
    changes: Mapping[int, Mapping[str, str]]
    """Point -> key path -> text."""
    draws: Mapping[int, Vector]
    """Draw -> values of the drawn parameters."""


@dataclass(frozen=True, eq=False)
class Ready:
    """One point under one draw, ready to be simulated."""

    compiled: Any
    policies: tuple[Any, ...]
    households: int | None
    months: int
    burn_in: int
    seed: int
    discount_rate: float
    inputs: Mapping[str, Any]
    """All that a run depends on but its replicate."""


class Points:
    """The compiled scenarios of a sweep, made when they are first asked for."""

    def __init__(
        self, base: Changeable, settings: Settings, drawn: Sequence[str], extension: Extension | None = None
    ) -> None:
        """`drawn` names the parameters of a draw, in the order of its values."""
        self._extension = extension
        self._base = base
        self._settings = settings
        self._drawn = tuple(drawn)
        self._kept: OrderedDict[tuple[tuple[str, str], ...], tuple[Any, str | None]] = OrderedDict()
        self._last: tuple[tuple[Any, ...], Ready] | None = None
        self._outcomes = np.array([list(OUTCOMES).index(name) for name in settings.outcomes])

    def ready(self, changes: Mapping[str, str], values: Sequence[float]) -> Ready:
        """The point with these changes under the draw with these values. Raises `EmpowersimError`."""
        key = (tuple(changes.items()), tuple(values))
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        compiled, survey = self._compiled({path: text for path, text in changes.items() if not _is_parameter(path)})
        fixed = {name for factor in compiled.factors_off for name in factors()[factor].parameters}
        moved = {name: float(value) for name, value in zip(self._drawn, values, strict=True)}
        for path, text in changes.items():
            if _is_parameter(path):
                moved[path.removeprefix(PARAMETER)] = parameter_value(path, text)
        parameters = compiled.parameters._replace(
            **{name: np.float32(value) for name, value in moved.items() if name not in fixed}
        )
        made = self._settled(replace(compiled, parameters=parameters), survey)
        self._last = (key, made)
        return made

    def _compiled(self, changes: Mapping[str, str]) -> tuple[Any, str | None]:
        """The compiled scenario with changes that are no parameters, and the digest of its survey."""
        from empowersim.scenario.compile import compile_scenario

        key = tuple(changes.items())
        if key not in self._kept:
            scenario = self._base.scenario(changes)
            self._kept[key] = (compile_scenario(scenario), survey_digest(scenario))
            if len(self._kept) > KEPT_POINTS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _settled(self, compiled: Any, survey: str | None) -> Ready:
        asked, own = self._settings, compiled.scenario.settings
        missing = [name for name in asked.policies if name not in compiled.policies]
        if missing:
            raise SimulationError(f"policies: expected {', '.join(missing)} in the scenario, found none")
        months = own.months if asked.months is None else asked.months
        seed = own.seed if asked.seed is None else asked.seed
        households = own.households if asked.households is None else asked.households
        return Ready(
            compiled=compiled,
            policies=tuple(compiled.policies[name] for name in asked.policies),
            households=households,
            months=months,
            burn_in=own.burn_in,
            seed=seed,
            discount_rate=float(own.discount_rate),
            inputs={
                "scenario": compiled.scenario.digest,
                "survey": survey,
                "parameters": digest(compiled.parameters),
                "program": program_digest(),
                "policies": list(asked.policies),
                "reference": asked.reference,
                "households": households,
                "months": months,
                "burn_in": own.burn_in,
                "seed": seed,
                **passport_of(self._extension),
            },
        )

    def values(self, ready: Ready, replicate: int, threads: int, stage: Stage) -> Vector:
        """Simulate one future; outcomes of shape (policies, outcomes), by the engine and reduction of `compare`."""
        from empowersim.engine.simulate import simulate
        from empowersim.engine.stream import simulate_stream

        compiled, at = ready.compiled, self._settings.policies.index(self._settings.reference)
        common = {
            "travel": compiled.travel,
            "parameters": compiled.parameters,
            "months": ready.months,
            "burn_in": ready.burn_in,
            "seed": ready.seed,
            "replicate": replicate,
            "threads": threads,
            "extension": self._extension,
        }
        stage.name = "population"
        if (ready.households or 0) > POOLED_HOUSEHOLDS:
            streamed = compiled.streamed(ready.households, ready.seed, replicate)
            stage.name = "simulation"
            runs = simulate_stream(streamed, ready.policies, reference=at, **common)
        else:
            people = compiled.population(ready.households, ready.seed, replicate)
            stage.name = "simulation"
            runs = simulate(people, ready.policies, **common)
        stage.name = "outcomes"
        rows = [outcome_values(run, runs[at], ready.discount_rate) for run in runs]
        found: Vector = np.array(rows, dtype=np.float64)[:, self._outcomes]
        return found


class Stage:
    """How far a run has come."""

    def __init__(self) -> None:
        self.name = STAGES[0]


@dataclass(frozen=True)
class Work:
    """Callable that a worker is given: `work(batch)` returns one `MadeRun` a task, in their order."""

    base: Changeable
    settings: Settings
    drawn: tuple[str, ...]
    key: str
    """Digest of the above, under which a worker keeps its compiled points."""
    program: str
    """`program_digest` of those who ask."""
    threads: int = 1
    extension: Extension | None = None

    def __call__(self, batch: Batch) -> list[MadeRun]:
        """Make the runs of a batch. A run that fails is told as such; raises `SimulationError` for another program."""
        if program_digest() != self.program:
            raise SimulationError(
                f"this worker runs another program (digest {program_digest()}, expected {self.program}); "
                "install the same version of empowersim on all machines"
            )
        points = _points_of(self)
        return [self._one(points, task, batch) for task in batch.tasks]

    def _one(self, points: Points, task: Task, batch: Batch) -> MadeRun:
        changes, values = batch.changes[task.point], batch.draws[task.draw]
        identity, stage, key = "", Stage(), (task.point, task.draw, task.replicate)
        try:
            ready = points.ready(changes, values.tolist())
            identity = run_id({**ready.inputs, "replicate": task.replicate})
            with _quiet():
                return MadeRun(identity, *key, points.values(ready, task.replicate, self.threads, stage))
        except Exception as error:  # whatever it is: it is this run's, and the rest goes on
            identity = identity or run_id(
                {"changes": dict(changes), "draw": [value.hex() for value in values.tolist()], "work": self.key,
                 "replicate": task.replicate}
            )  # fmt: skip
            return MadeRun(identity, *key, None, failure_of(stage.name, error))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep means of nothing from warning once a run."""
    with np.errstate(all="ignore"):
        yield


_WORKING: dict[str, Points] = {}


def _points_of(work: Work) -> Points:
    """The points of a sweep that this process keeps; those of another sweep are let go."""
    if work.key not in _WORKING:
        _WORKING.clear()
        _WORKING[work.key] = Points(work.base, work.settings, work.drawn, work.extension)
    return _WORKING[work.key]


def _is_parameter(path: str) -> bool:
    return path.startswith(PARAMETER) and path.count(".") == PARAMETER.count(".")


def parameter_value(path: str, text: str) -> float:
    """Value of a parameter at a key path, as a scenario file reads it.

    Raises `SimulationError` for a text that is not one, or lies outside its bounds.
    """
    name = path.removeprefix(PARAMETER)
    if name not in Parameters._fields or name == "trap":
        near = get_close_matches(name, Parameters._fields, n=1)
        hint = f"did you mean {near[0]}?" if near else "see docs/parameters.md"
        raise SimulationError(f"{path}: expected a parameter of the model, found {name}; {hint}")
    try:
        return _parameter_value(name, text)
    except ValueError as error:
        raise SimulationError(f"{path}: expected a value of {name}, found {text!r}; {error}") from error


def failure_of(stage: str, error: BaseException) -> FailedRun:
    """What is kept of an error: the same text on every machine, so no folders and no addresses in memory."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__)[1:]:
        frames.append(f"{_shown(frame.filename)}:{frame.lineno} in {frame.name}: {frame.line or ''}".rstrip(": "))
    message = _ADDRESS.sub("0x...", str(error))
    return FailedRun(stage, type(error).__name__, message, "\n".join(frames))


def _shown(filename: str) -> str:
    """Path of a source file below its package."""
    path = Path(filename)
    if PACKAGE in path.parents:
        return path.relative_to(PACKAGE.parent).as_posix()
    parts = path.parts
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return "/".join(parts[parts.index(folder) + 1 :])
    return path.name
