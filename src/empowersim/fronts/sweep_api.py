"""Public functions on sweeps: run one, expand one. Reading back is `results.sweep_read.read_sweep`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from empowersim.errors import EmpowersimError, ScenarioError, StoreError

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension
    from empowersim.experiments.sweep_design import Design
    from empowersim.experiments.sweep_plan import SweepPlan
    from empowersim.experiments.sweep_sampling import Ensemble
    from empowersim.experiments.sweeps import SweepReport, Told

PathLike = str | os.PathLike[str]


def sweep(
    design: PathLike | None = None,
    out: PathLike | None = None,
    *,
    executor: str = "processes",
    workers: int | None = None,
    threads: int = 1,
    scheduler: str | None = None,
    force: bool = False,
    retry_failed: bool = False,
    extension: Extension | None = None,
    told: Told | None = None,
) -> SweepReport:
    """Run a sweep in the folder `out`, from the start or from where it was stopped; read it with `read_sweep(out)`.

    `design` is a design file; without it the sweep that the folder holds goes on. `executor` is ``serial``,
    ``processes`` or ``dask`` (at `scheduler`, or on this machine); none of them changes a result. `force` replaces
    another sweep, `retry_failed` makes failed runs again, `extension` (`empowersim.extend`) adds rules to the model in
    every run (a sweep goes on under the one it was begun with), `told` is called with runs made, there already, and in
    all. Raises `ScenarioError` with all problems of the design, `StoreError`, or another `EmpowersimError`.
    """
    if out is None:
        raise EmpowersimError("out: expected the folder of the sweep, found none; name one")
    return run_in(
        out,
        None if design is None else plan_of(design, extension),
        executor=executor,
        workers=workers,
        threads=threads,
        scheduler=scheduler,
        force=force,
        retry_failed=retry_failed,
        extension=extension,
        told=told,
    )


def expand_sweep(
    out: PathLike,
    *,
    design: PathLike | None = None,
    replicates: int | None = None,
    executor: str = "processes",
    workers: int | None = None,
    threads: int = 1,
    scheduler: str | None = None,
    extension: Extension | None = None,
    told: Told | None = None,
) -> SweepReport:
    """Add the points, draws and replicates of a larger `design`, or replicates up to a number, and run what is new.

    Raises as `sweep` does, and `SimulationError` if nothing would be added.
    """
    return run_in(
        out,
        None,
        larger=None if design is None else plan_of(design, extension),
        replicates=replicates,
        executor=executor,
        workers=workers,
        threads=threads,
        scheduler=scheduler,
        extension=extension,
        told=told,
    )


def plan_of(design: PathLike, extension: Extension | None = None) -> SweepPlan:
    """Read and check a design file, with the ensemble that it asks for; nothing is simulated."""
    from empowersim.experiments.sweep_design_file import read_design
    from empowersim.experiments.sweep_plan import plan_sweep

    read = read_design(design)
    return plan_sweep(read, ensemble_of(read), extension)


def ensemble_of(design: Design) -> Ensemble | None:
    """The calibrated ensemble that a design asks for; None without one. `ScenarioError` if it cannot be read."""
    asked = design.uncertain
    if asked is None or not asked.ensemble:
        return None
    import numpy as np

    from empowersim.calibration.store import load_fit, members, weights
    from empowersim.experiments.sweep_design import CALIBRATED
    from empowersim.experiments.sweep_sampling import Ensemble
    from empowersim.fronts.evidence_page import SHIPPED_FIT

    path = SHIPPED_FIT if asked.ensemble == CALIBRATED else Path(design.file).parent / asked.ensemble
    try:
        fit = load_fit(path)
    except StoreError as error:
        raise ScenarioError(
            [
                design.problem(
                    "uncertain.ensemble", "calibrated, or a parameter file", str(error), "make it with calibrate"
                )
            ]
        ) from error
    found = members(fit)
    if not found:
        raise ScenarioError(
            [design.problem("uncertain.ensemble", "a parameter file with an ensemble", f"none in {path.name}")]
        )
    names = tuple(fit.parameters)
    values = np.array([[one[name] for name in names] for one in found])
    return Ensemble(names, values, np.array(weights(fit)), f"{asked.ensemble} {fit.digest}")


def run_in(
    out: PathLike,
    plan: SweepPlan | None,
    *,
    larger: SweepPlan | None = None,
    replicates: int | None = None,
    executor: str,
    workers: int | None,
    threads: int,
    scheduler: str | None,
    force: bool = False,
    retry_failed: bool = False,
    extension: Extension | None = None,
    told: Told | None = None,
    noted: Callable[[tuple[str, ...]], None] | None = None,
) -> SweepReport:
    """Begin `plan`, go on with what is there, or expand it by `larger` and `replicates`; then run what is left."""
    from dataclasses import replace

    from empowersim.experiments.executors import make_executor
    from empowersim.experiments.sweeps import Sweep, begin, expand, run
    from empowersim.experiments.warm import ready_for
    from empowersim.results.sweep_store import MANIFEST, SweepFolder, read_manifest

    if plan is None and read_manifest(Path(out)) is None:
        raise StoreError(f"{out}: expected a sweep with a {MANIFEST}, found none; name a design file and --out")
    notes: tuple[str, ...] = ()
    with (
        make_executor(executor, workers=workers, threads=threads, scheduler=scheduler) as crew,
        SweepFolder(out) as folder,
    ):
        ready_for(crew.kind, extension)
        here = Sweep(folder, extension) if plan is None else begin(folder, plan, force=force, extension=extension)
        if larger is not None or replicates is not None:
            here, notes = expand(here, plan=larger, replicates=replicates)
        if noted is not None:
            noted((*notes, *crew.notes))
        report = run(here, crew, retry_failed=retry_failed, told=told)
    return replace(report, notes=(*notes, *report.notes))
