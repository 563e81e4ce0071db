"""A whole calibration: fit, identifiability, ensemble, leaving studies out, and the file that keeps them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from empowersim.calibration.evaluate import Evaluator
from empowersim.calibration.fit import STEP, Progress, fit
from empowersim.calibration.leave_out import leave_one_out
from empowersim.calibration.posterior import ensemble, identifiability
from empowersim.calibration.problem import Problem
from empowersim.calibration.store import StoredFit, stored

PhaseProgress = Callable[[str, int, float, float], None]
"""`fit.Progress` with the phase before it: `fit`, `ensemble` or `leave out`."""


def calibrate(
    problem: Problem,
    journal: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    step: float = STEP,
    central: bool = False,
    maximum: int | None = None,
    tolerance: float = 1e-4,
    members: int = 0,
    ensemble_seed: int = 0,
    leave_out_steps: int | None = 1,
    made: Mapping[str, Any] | None = None,
    progress: PhaseProgress | None = None,
) -> StoredFit:
    """Run a calibration from beginning to end and return what is worth keeping; `store.write_fit` writes it.

    `journal` is the file of evaluations. If it is there, what it holds is not simulated again; a calibration that was
    killed ends the same as one that was not. `workers` None means all cores. `step`, `central`, `maximum` and
    `tolerance` are those of `fit.fit`; `members` is the size of the ensemble (0: none) and `leave_out_steps` the
    `steps` of `leave_out.leave_one_out` (0: not done; None: full fits, each of at most `maximum` evaluations). `made`
    adds to what the file says about how it was made. Raises what these raise.
    """

    def phase(name: str) -> Progress | None:
        return None if progress is None else partial(progress, name)

    with Evaluator(problem, journal, workers=workers) as evaluator:
        found = fit(
            evaluator,
            step=step,
            central=central,
            maximum=maximum,
            tolerance=tolerance,
            progress=phase("fit"),
        )
        sample = None
        if members:
            sample = ensemble(found, evaluator, members, ensemble_seed, progress=phase("ensemble"))
        left_out = None
        if leave_out_steps != 0:
            left_out = leave_one_out(
                found,
                evaluator,
                steps=leave_out_steps,
                maximum=maximum,
                tolerance=tolerance,
                progress=phase("leave out"),
            )
        return stored(
            found,
            identified=identifiability(found),
            ensemble=sample,
            left_out=left_out,
            made={"evaluations_in_all": evaluator.asked, **dict(made or {})},
        )
