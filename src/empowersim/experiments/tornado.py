"""What would change the answer: each assumption alone from end to end, and where the better policy would be the other.

The difference between two policies is simulated with one parameter at its low and at its high end and all others
as they stand, on the same futures, so that what moves is the parameter's doing. A **switching value** is where the mean
difference crosses zero, on straight lines between the simulated values. One at a time shows no interplay:
`sensitivity` does.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError
from empowersim.experiments.asked import loaded_scenario
from empowersim.experiments.compare import Progress
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.experiments.mix_journal import MixJournal
from empowersim.experiments.responses import Input, ask, parameter_inputs
from empowersim.experiments.statistics import t_interval
from empowersim.parameters import passports

Vector = NDArray[np.float64]
FUTURES: Final = 6
WHAT: Final = "moving one assumption at a time"


@dataclass(frozen=True)
class Bar:
    """One parameter of a tornado; differences are means over futures, in the unit of the outcome."""

    name: str
    meaning: str
    unit: str
    confidence: str
    """Evidence grade of the parameter: A read in a source, B well known or fitted, C assumed."""
    low: float
    """Low end of the parameter."""
    base: float
    """Its value in the scenario."""
    high: float
    at_low: float
    """Difference between the policies with the parameter at its low end."""
    at_high: float
    switches_at: float
    """Value nearest to the scenario's at which the difference crosses zero; NaN where it does not between the ends."""

    @property
    def width(self) -> float:
        """Distance between the two differences."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Tornado:
    """What moves the difference between two policies, the widest first."""

    policy: str
    against: str
    outcome: str
    base: float
    """Difference as the scenario stands: `policy` minus `against`."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    futures: int
    bars: tuple[Bar, ...]

    @property
    def switching(self) -> tuple[Bar, ...]:
        """The parameters that turn the sign between their ends."""
        return tuple(bar for bar in self.bars if not math.isnan(bar.switches_at))


def tornado(
    scenario: Any,
    policy: str,
    against: str,
    *,
    outcome: str = "poverty_gap",
    parameters: Sequence[str] | None = None,
    spread: Mapping[str, tuple[float, float]] | None = None,
    futures: int = FUTURES,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Tornado:
    """Move each parameter from end to end and see what becomes of `policy` minus `against`.

    `parameters` = names or topics (None: every uncertain parameter that the scenario uses); ends are the bounds of
    the passports, or those in `spread` (name -> low, high). With a file `journal` every point is written down as it is
    simulated, and one that is there is not simulated again. The other arguments as in `compare`. Raises
    `ScenarioError`, `ParameterError`, `StoreError` or `SimulationError`.
    """
    loaded = loaded_scenario(scenario)
    inputs = parameter_inputs(loaded, parameters, spread=spread)
    if policy == against:
        raise SimulationError(f"policy and against are both {policy}; ask for two different policies")
    question = ask(
        scenario,
        inputs,
        outcomes=[outcome],
        policy=policy,
        against=against,
        futures=futures,
        households=households,
        months=months,
        seed=seed,
    )
    points: list[dict[str, float]] = [{}]
    for one in inputs:
        points += [{one.name: one.low}, {one.name: one.high}]
    with MixJournal(question.asked(), journal) as kept:
        answers = _answered(question, points, kept, threads, progress)
    middle = t_interval(answers[0])
    base = float(np.mean(answers[0]))
    known = passports()
    values = dict(loaded.parameters)
    bars = []
    for at, one in enumerate(inputs):
        at_low, at_high = (float(np.mean(answers[place])) for place in (1 + 2 * at, 2 + 2 * at))
        stands = float(values.get(one.name, known[one.name].value))
        bars.append(
            Bar(
                one.name,
                one.meaning,
                one.unit,
                known[one.name].confidence,
                one.low,
                stands,
                one.high,
                at_low,
                at_high,
                switching_value(one, stands, base, at_low, at_high),
            )
        )
    order = sorted(bars, key=lambda bar: (-bar.width, bar.name))
    return Tornado(policy, against, outcome, base, middle.low, middle.high, question.futures, tuple(order))


def _answered(
    question: Any,
    points: Sequence[Mapping[str, float]],
    kept: MixJournal,
    threads: int | None,
    progress: Progress | None,
) -> list[Vector]:
    """The difference in each future at every point; those that the journal knows are not simulated."""
    keys = [repr(sorted(point.items())) for point in points]
    missing = [number for number, key in enumerate(keys) if kept.get(key) is None]
    done, told = len(points) - len(missing), len(points)
    if progress is not None:
        progress(done, told, WHAT)
    pool = min(available_threads() if threads is None else threads, max(len(missing), 1))
    for number, answer in zip(missing, map_replicates(_Answer(question, points), missing, pool), strict=True):
        kept.add([(keys[number], answer)])
        done += 1
        if progress is not None:
            progress(done, told, WHAT)
    return [np.asarray(kept.get(key)) for key in keys]


@dataclass(frozen=True)
class _Answer:
    """The difference in each future at a point."""

    question: Any
    points: Sequence[Mapping[str, float]]

    def __call__(self, number: int) -> Vector:
        found: Vector = self.question.answer(self.points[number])[:, 0]
        return found


def switching_value(one: Input, stands: float, base: float, at_low: float, at_high: float) -> float:
    """Value of an input at which a difference crosses zero, the nearest to where it `stands`; NaN where none does.

    Straight lines between (low, `at_low`), (stands, `base`) and (high, `at_high`).
    """
    crossings = []
    for x0, y0, x1, y1 in ((one.low, at_low, stands, base), (stands, base, one.high, at_high)):
        if x1 > x0 and y0 * y1 < 0.0:
            crossings.append(x0 + (x1 - x0) * y0 / (y0 - y1))
        elif y0 == 0.0 != y1 and x0 != stands:
            crossings.append(x0)
        elif y1 == 0.0 != y0 and x1 != stands:
            crossings.append(x1)
    return min(crossings, key=lambda value: abs(value - stands), default=math.nan)
