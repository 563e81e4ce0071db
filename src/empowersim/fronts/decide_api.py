"""The public function `decide`: where parameter draws come from is chosen here, the work is done in `experiments`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import SimulationError

if TYPE_CHECKING:
    from empowersim.experiments.decide_futures import ParameterDraws
    from empowersim.results.decision import Decision

UNCERTAIN: Final = ("ensemble", "passports")
"""Where parameter draws come from."""


def decide(
    scenario: Any,
    *,
    draws: int | ParameterDraws = 0,
    uncertain: str = "ensemble",
    parameters: Sequence[str] | None = None,
    fit: str | os.PathLike[str] | None = None,
    **asked: Any,
) -> Decision:
    """Rank the policies of a scenario and say how sure the ranking is; see `experiments.decide.decide`.

    `draws` parameter draws (0: none) come from the calibrated `ensemble` (of the file `fit`, the shipped one if None),
    with its weights, or from the `passports`: `parameters` (all if None), independent and uniform over their bounds.
    Everything else is as in `experiments.decide.decide`. Returns a frozen `Decision`.
    """
    from empowersim.experiments.asked import loaded_scenario
    from empowersim.experiments.decide import decide as run

    loaded = loaded_scenario(scenario)
    seed = asked.get("seed")
    drawn = (
        parameter_draws(
            draws,
            uncertain=uncertain,
            parameters=parameters,
            fit=fit,
            seed=loaded.settings.seed if seed is None else seed,
        )
        if isinstance(draws, int)
        else draws
    )
    return run(loaded, draws=drawn, **asked)


def parameter_draws(
    count: int,
    *,
    uncertain: str = "ensemble",
    parameters: Sequence[str] | None = None,
    fit: str | os.PathLike[str] | None = None,
    seed: int = 1,
) -> ParameterDraws | None:
    """Return `count` parameter draws, None for 0.

    Of an ensemble the first `count` members, their weights made to add up to 1 (all members if it has fewer); `seed`
    addresses draws from passports. Raises `SimulationError` or `StoreError`.
    """
    from empowersim.experiments.asked import SEEDS, known_name, whole_number
    from empowersim.experiments.decide_futures import passport_draws, weighted_draws

    known_name(uncertain, UNCERTAIN, "uncertain", "a source of parameter draws")
    whole_number("seed", seed, 0, SEEDS - 1)
    if whole_number("draws", count, 0) == 0:
        return None
    if uncertain == "passports":
        if fit is not None:
            raise SimulationError(
                "fit: expected none beside passports, which need no calibration; leave one of them away"
            )
        return passport_draws(count, seed=seed, names=parameters)
    if parameters is not None:
        raise SimulationError(
            "parameters: expected none beside an ensemble, whose members vary together; name them with passports"
        )
    from empowersim.calibration.store import load_fit, members, weights

    source = Path(fit) if fit is not None else _shipped()
    stored = load_fit(source)
    found = members(stored)
    if not found:
        raise SimulationError(f"{source}: ensemble: expected members, found none; calibrate with --members 60")
    return weighted_draws("ensemble", found[:count], weights(stored)[:count])


def _shipped() -> Path:
    from empowersim.fronts.evidence_page import SHIPPED_FIT

    return SHIPPED_FIT
