"""The public function `optimise`: the ensemble of parameters is fetched here, the work is done in `experiments`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empowersim.experiments.mix_plan import MixPlan
    from empowersim.experiments.mix_result import Optimisation

PathLike = str | os.PathLike[str]


def optimise(
    path: PathLike,
    budget: str | int | None = None,
    *,
    out: PathLike | None = None,
    force: bool = False,
    fit: PathLike | None = None,
    threads: int | None = None,
    executor: Any = None,
    progress: Callable[[int, int, str], None] | None = None,
    **asked: Any,
) -> Optimisation:
    """Search for the best mix under a yearly budget (a text as ``"60 billion IDR/year"``, or IDR).

    `path` is a search file, or a scenario file with `budget`. `asked` wins over the file: `evaluations`, `generation`,
    `seed`, `search_futures`, `held_out`, `draws` (0: the shipped parameters), `worlds`, `robust`, `households` and
    `months`.
    Draws of the parameters come from the calibrated ensemble (`fit`: another parameter file). With `out` evaluations
    are kept there as they are made, so that a search that was stopped goes on, and the results are written there.
    `force` replaces results of other inputs. The result depends neither on `threads` nor on `executor`.
    """
    from empowersim.experiments.mix import execute_mix
    from empowersim.experiments.mix_store import write_optimisation

    made = plan(path, budget, fit=fit, **asked)
    if out is not None:
        ready(made, out, force=force)
    found = execute_mix(made, folder=out, threads=threads, executor=executor, progress=progress)
    if out is not None:
        write_optimisation(found, out, extra=figures())
    return found


def plan(path: PathLike, budget: str | int | None = None, *, fit: PathLike | None = None, **asked: Any) -> MixPlan:
    """Check a search and fetch the ensemble it draws from; nothing is simulated."""
    from empowersim.calibration.store import load_fit, members, weights
    from empowersim.evidence.base import FOLDER
    from empowersim.experiments.mix_plan import plan_mix

    stored = load_fit(Path(fit) if fit is not None else FOLDER / "fit.yaml")
    return plan_mix(path, members=members(stored), weights=weights(stored), budget=budget, **asked)


def ready(made: MixPlan, out: PathLike, *, force: bool = False, resume: bool = False) -> int:
    """Make sure that results may go into a folder; return the bytes of the journal that is there.

    With `force` a journal of other inputs is removed; with `resume` there must be one. Raises `StoreError`.
    """
    from empowersim.errors import StoreError
    from empowersim.experiments.mix import JOURNAL
    from empowersim.experiments.mix_journal import MixJournal
    from empowersim.results.store import check_target, check_writable

    check_target(made.run_id, out, force=True)  # a file in its place, or a damaged record
    check_writable(out)
    journal = Path(out) / JOURNAL
    if resume and not journal.exists():
        raise StoreError(f"{out}: expected the journal of a search to resume, found none; name its folder with --out")
    if not journal.exists():
        check_target(made.run_id, out, force=force)
        return 0
    try:
        MixJournal(made.identity, journal).close()
    except StoreError as error:
        if not force or "held by another" in str(error):
            raise
        journal.unlink()
        return 0
    return journal.stat().st_size


def figures(lang: str = "en") -> Callable[[Any, Path], None]:
    """What draws the figures of a result into a folder."""

    def draw(found: Any, folder: Path) -> None:
        from empowersim.fronts.optimise_plots import save_optimisation

        save_optimisation(found, folder, lang="id" if lang == "id" else "en")

    return draw
