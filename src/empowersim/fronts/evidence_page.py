"""Write the evidence page and its forest plot: the same verdicts that the terminal shows, as files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.evidence.base import FOLDER
from empowersim.evidence.judge import Verdict
from empowersim.evidence.report import KnownParameter, evidence_page, known_of, left_out_of

if TYPE_CHECKING:
    from empowersim.calibration.store import StoredFit

SHIPPED_FIT: Final = FOLDER / "fit.yaml"
"""The calibration whose values the package ships."""
PAGE: Final = "evidence.md"
_FEW: Final = 20.0
"""Equal members below which an ensemble is called small."""
FIGURE: Final = "evidence_forest.png"


def is_of(fitted: Mapping[str, float], values: Any) -> bool:
    """Whether `values` (Parameters) are those of a fit, to the four digits that passports keep."""
    return all(abs(float(getattr(values, name)) - value) <= 1e-3 * abs(value) + 1e-9 for name, value in fitted.items())


def notes_on(found: StoredFit) -> list[str]:
    """What a reader must know of a calibration beside its tables."""
    from empowersim.calibration.evidence import evidence_problem

    size = float(found.made.get("size", 1.0))
    notes = [f"The calibration and its leave-one-out simulated the studies at {size:g} times their size."]
    if found.ensemble is not None:
        members, worth = len(found.ensemble["members"]), float(found.ensemble["effective_size"])
        low = "; so few that a sample of them says little of the tails" if worth < _FEW else ""
        notes.append(f"The ensemble of the parameter file has {members} members, worth {worth:.1f} equal ones{low}.")
    if found.made.get("program") not in (None, evidence_problem(size=size).version):
        notes.append("**The program or the studies have changed since the calibration was made.**")
    return notes


def page_of(
    verdicts: Sequence[Verdict],
    *,
    values: Any,
    seed: int,
    size: float,
    fit: str | None,
    figure: str,
    worlds: Mapping[str, Sequence[Verdict]] | None = None,
    baselines: Mapping[str, Sequence[Verdict]] | None = None,
) -> str:
    """Return the page as Markdown; `fit` names a parameter file (None: the shipped one, if `values` are its values)."""
    from empowersim.calibration.store import load_fit, overrides
    from empowersim.parameters import digest

    notes: list[str] = []
    left_out, version = None, digest(values)
    identified: tuple[KnownParameter, ...] = ()
    path = Path(fit) if fit is not None else SHIPPED_FIT
    if path.is_file():
        found = load_fit(path)
        if is_of(overrides(found), values):
            left_out, identified = left_out_of(found.leave_one_out), known_of(found.parameters)
            notes = notes_on(found)
            version = f"{digest(values)}, calibration {found.digest}"
    return evidence_page(
        verdicts,
        version=version,
        seed=seed,
        size=size,
        left_out=left_out,
        identified=identified,
        figure=figure,
        worlds=worlds,
        baselines=baselines,
        notes=notes,
    )


def write_evidence(
    verdicts: Sequence[Verdict],
    folder: str | os.PathLike[str],
    *,
    values: Any,
    seed: int,
    size: float,
    fit: str | None = None,
    worlds: Mapping[str, Sequence[Verdict]] | None = None,
    baselines: Mapping[str, Sequence[Verdict]] | None = None,
) -> list[Path]:
    """Write the page into `folder` and the figure into its folder `img`; return the paths."""
    import matplotlib

    matplotlib.use("Agg")
    from empowersim.fronts.forest import forest

    target = Path(folder)
    (target / "img").mkdir(parents=True, exist_ok=True)
    figure = target / "img" / FIGURE
    drawn = forest(verdicts)
    drawn.savefig(figure, dpi=80, metadata={"Software": None})
    page = target / PAGE
    text = page_of(
        verdicts,
        values=values,
        seed=seed,
        size=size,
        fit=fit,
        figure=f"img/{FIGURE}",
        worlds=worlds,
        baselines=baselines,
    )
    page.write_text(text, encoding="utf-8")
    return [page, figure]
