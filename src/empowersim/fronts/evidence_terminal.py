"""Verdicts and calibrations on the terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from empowersim.evidence.base import THEMES
from empowersim.evidence.judge import Verdict, score, written
from empowersim.fronts.grids import grid, number_column, text_column

if TYPE_CHECKING:
    from empowersim.calibration.store import StoredFit

_EVERY: Final = 5.0
"""Seconds between two lines of progress."""
_MANY: Final = 12
"""Parameters shown in a list of the terminal."""


def show_verdicts(verdicts: Sequence[Verdict], out: Any, *, world: str = "", everything: bool = False) -> None:
    """Print verdicts on a rich console: misses, or every judged row, then the score."""
    judged = [one for one in verdicts if one.passed is not None]
    shown = judged if everything else [one for one in judged if one.passed is False]
    title = "Evidence, row by row" if everything else "Rows that the model misses"
    table = grid(f"{title}{f', {world}' if world else ''}", "z: distance in scales; a row passes up to 2")
    text_column(table, "row", 8)
    text_column(table, "study", 26)
    text_column(table, "outcome", 34)
    number_column(table, "target")
    number_column(table, "simulated")
    number_column(table, "z")
    text_column(table, "", 6)
    text_column(table, "use", 9)
    order = {theme: place for place, theme in enumerate(THEMES)}
    for one in sorted(shown, key=lambda verdict: order[verdict.theme]):
        z = "" if one.z is None else f"{one.z:+.2f}"
        word = "pass" if one.passed else "MISS"
        table.add_row(one.id, one.study, one.outcome, one.target, one.simulated, z, word, one.use)
    if shown:
        out.print(table)
    for sentence in score_sentences(verdicts):
        out.print(sentence, markup=False)


def score_sentences(verdicts: Sequence[Verdict]) -> list[str]:
    """The score in sentences."""
    scores = score(verdicts)
    lines = []
    for name, words in (("all", "in all"), ("fitted", "of the fitted rows"), ("predicted", "of the predicted rows")):
        one = scores[name]
        if one.numeric + one.signs:
            share = f" ({100 * one.share:.0f} %)" if one.numeric else ""
            lines.append(
                f"{one.within} of {one.numeric} numeric rows of confidence A and B within 2{share}, "
                f"{one.held} of {one.signs} signs and orders hold {words}."
            )
    listed = sum(one.passed is None for one in verdicts)
    if listed:
        lines.append(f"{listed} rows are inputs or are not simulated; docs/evidence.md says why.")
    return lines


def verdicts_json(
    verdicts: Sequence[Verdict], *, world: str, parameters: str, seed: int, size: float
) -> dict[str, Any]:
    """Verdicts as one document of plain values."""
    from dataclasses import asdict

    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    rows = [{key: plain(value) for key, value in asdict(one).items()} for one in verdicts]
    scores = {name: {**asdict(one), "share": plain(one.share)} for name, one in score(verdicts).items()}
    made = {"world": world or "file", "parameters": parameters, "seed": seed, "size": size}
    return {**made, "score": scores, "rows": rows}


def calibration_progress(stream: IO[str]) -> Callable[[str, int, float, float], None]:
    """Return a callback that writes how far a calibration is, a line every few seconds."""
    last = [0.0]

    def told(phase: str, number: int, chi2: float, left: float) -> None:
        now = time.monotonic()
        if now - last[0] < _EVERY:
            return
        last[0] = now
        remaining = f", {left / 60:.0f} minutes left at most" if math.isfinite(left) else ""
        print(f"{phase}: evaluation {number}, chi2 {chi2:.1f}{remaining}", file=stream, flush=True)

    return told


def show_fit(found: StoredFit, out: Any) -> None:
    """Print what a calibration found on a rich console."""
    table = grid("Parameters, by what the evidence says of them", "ratio: posterior over prior standard deviation")
    text_column(table, "parameter", 30)
    for name in ("value", "prior", "ratio"):
        number_column(table, name)
    text_column(table, "status", 16)
    text_column(table, "strongest partner", 34)
    for name, entry in sorted(found.parameters.items(), key=lambda item: item[1].get("ratio", 1.0)):
        partner = f"{entry['partner']} ({entry['correlation']:+.2f})" if entry.get("partner") else ""
        table.add_row(
            name,
            written(entry["value"]),
            written(entry["prior_mean"]),
            written(entry.get("ratio")),
            entry.get("status", ""),
            partner,
        )
    out.print(table)
    rows = sum(bool(row.get("fitted")) for row in found.rows.values())
    out.print(f"chi2 {found.chi2:.1f} over {rows} rows, prior {found.penalty:.1f}; digest {found.digest}", markup=False)
    if found.leave_one_out is not None:
        total = found.leave_one_out["total"]
        out.print(
            f"Leaving out study by study: {100 * total['left_out_within_2']:.0f} % of {total['rows']} rows within 2 "
            f"(in the fit {100 * total['fitted_within_2']:.0f} %).",
            markup=False,
        )
