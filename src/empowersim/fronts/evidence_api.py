"""Public functions on evidence: one virtual trial, its power, and the whole evidence base."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empowersim.evidence.judge import Verdict
    from empowersim.trials.estimate import Effect
    from empowersim.trials.model import Trial
    from empowersim.trials.power import PowerTable
    from empowersim.trials.run import Value

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class TrialResult:
    """One drawing of a study."""

    trial: Trial
    effects: tuple[Effect, ...]
    """What the authors could estimate, each beside the true effect."""
    expected: dict[str, Value]
    """The same estimates without sampling error."""


def _values(parameters: Any) -> Any:
    from empowersim.parameters import parameters as shipped

    return shipped() if parameters is None else parameters


def trial(
    study: PathLike, *, seed: int = 1, replicate: int = 0, parameters: Any = None, robust: bool = True
) -> TrialResult:
    """Draw, survey and estimate a study: a trial file, or the name of a packaged one (`togo`).

    `parameters` as from `empowersim.parameters.parameters` (None: the shipped values); ``robust=False`` gives errors as
    if households were independent. Raises `ScenarioError` for what is wrong in the file, `SimulationError` if nobody is
    eligible.
    """
    from empowersim.trials.estimate import effects
    from empowersim.trials.library import find
    from empowersim.trials.load import load
    from empowersim.trials.run import draw, expected

    loaded, values = load(find(study)), _values(parameters)
    panel = draw(loaded, values, seed=seed, replicate=replicate)
    return TrialResult(
        loaded,
        effects(panel, loaded, robust=robust),
        expected(loaded, values, seed=seed, replicate=replicate),
    )


def power(
    study: PathLike,
    *,
    estimate: str | None = None,
    villages: Sequence[int] = (),
    households: Sequence[int] = (),
    take_up: Sequence[float] = (),
    draws: int = 200,
    seed: int = 1,
    parameters: Any = None,
    threads: int = 1,
) -> PowerTable:
    """Draw a study many times at several sizes and say in how many its effect is seen (see `trials.power.power`).

    `estimate` None takes the first of the file; empty sizes stay as the file has them.
    """
    from empowersim.errors import EmpowersimError
    from empowersim.trials.library import find
    from empowersim.trials.load import load
    from empowersim.trials.power import power as power_of

    loaded = load(find(study))
    if not loaded.estimates:
        raise EmpowersimError(f"{loaded.title}: expected an estimate to look for, found none in the file")
    return power_of(
        loaded,
        _values(parameters),
        estimate=estimate or loaded.estimates[0].name,
        villages=villages,
        households=households,
        take_up=take_up,
        draws=draws,
        seed=seed,
        workers=threads,
    )


def validate(
    rows: Sequence[str] | None = None,
    *,
    seed: int = 1,
    size: float = 1.0,
    parameters: Any = None,
    threads: int = 1,
) -> tuple[Verdict, ...]:
    """Simulate rows of the evidence base (None: all) and judge them; `size` scales the villages of every study."""
    from empowersim.evidence.base import chosen
    from empowersim.evidence.judge import judge_all
    from empowersim.evidence.simulated import simulate_rows

    wanted = chosen(rows)
    return judge_all(simulate_rows(wanted, _values(parameters), seed=seed, size=size, threads=threads), wanted)
