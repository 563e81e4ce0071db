"""Verdicts and calibrations on the terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from empowersim.evidence.base import THEMES
from empowersim.evidence.judge import Verdict, score, written
from empowersim.fronts.grids import grid, number_column, print_table, text_column
from empowersim.fronts.labels import named, text
from empowersim.fronts.numbers import Lang, localised, localised_within

if TYPE_CHECKING:
    from empowersim.calibration.store import StoredFit

_EVERY: Final = 5.0
"""Seconds between two lines of progress."""
_MANY: Final = 12
"""Parameters shown in a list of the terminal."""


def show_verdicts(
    verdicts: Sequence[Verdict], out: Any, *, world: str = "", everything: bool = False, lang: Lang = "en"
) -> None:
    """Print verdicts on a rich console: misses, or every judged row, then the score."""
    judged = [one for one in verdicts if one.passed is not None]
    shown = judged if everything else [one for one in judged if one.passed is False]
    title = text("evidence.rows" if everything else "evidence.missed", lang)
    if world:
        title = text("evidence.in_world", lang, title=title, world=world_in_words(world, lang))
    table = grid(title, text("evidence.legend", lang))
    text_column(table, text("evidence.row", lang), 8)
    text_column(table, text("evidence.study", lang), 26)
    text_column(table, text("evidence.outcome", lang), 34)
    number_column(table, text("evidence.target", lang))
    number_column(table, text("evidence.simulated", lang))
    number_column(table, text("evidence.z", lang))
    text_column(table, "", 6)
    text_column(table, text("evidence.use", lang), 9)
    order = {theme: place for place, theme in enumerate(THEMES)}
    for one in sorted(shown, key=lambda verdict: order[verdict.theme]):
        z = "" if one.z is None else localised(f"{one.z:+.2f}", lang)
        word = text("evidence.pass" if one.passed else "evidence.miss", lang)
        use = text(f"evidence.use_of.{one.use}", lang) if one.use else ""
        figures = (localised_within(one.target, lang), localised_within(one.simulated, lang))
        table.add_row(one.id, one.study, one.outcome, *figures, z, word, use)
    if shown:
        print_table(out, table, lang)
    for sentence in score_sentences(verdicts, lang):
        out.print(sentence, markup=False)


def world_in_words(world: str, lang: Lang = "en") -> str:
    """Return what a world is called in a title: trap, no trap."""
    return named("evidence.world", world.replace(" ", "_"), lang)


def score_sentences(verdicts: Sequence[Verdict], lang: Lang = "en") -> list[str]:
    """The score in sentences."""
    scores = score(verdicts)
    lines = []
    for name in ("all", "fitted", "predicted"):
        one = scores[name]
        if not one.numeric + one.signs:
            continue
        counts = {"within": one.within, "numeric": one.numeric, "held": one.held, "signs": one.signs}
        where = text(f"evidence.where.{name}", lang)
        if one.numeric:
            lines.append(text("evidence.score", lang, **counts, share=f"{100 * one.share:.0f}", where=where))
        else:
            lines.append(text("evidence.score_none", lang, **counts, where=where))
    listed = sum(one.passed is None for one in verdicts)
    if listed:
        lines.append(text("evidence.listed", lang, count=listed))
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


def calibration_progress(stream: IO[str], lang: Lang = "en") -> Callable[[str, int, float, float], None]:
    """Return a callback that writes how far a calibration is, a line every few seconds."""
    last = [0.0]

    def told(phase: str, number: int, chi2: float, left: float) -> None:
        now = time.monotonic()
        if now - last[0] < _EVERY:
            return
        last[0] = now
        facts = {"phase": phase, "number": number, "chi2": localised(f"{chi2:.1f}", lang)}
        if math.isfinite(left):
            line = text("evidence.calibrating_left", lang, **facts, minutes=f"{left / 60:.0f}")
        else:
            line = text("evidence.calibrating", lang, **facts)
        print(line, file=stream, flush=True)

    return told


def show_fit(found: StoredFit, out: Any, lang: Lang = "en") -> None:
    """Print what a calibration found on a rich console."""
    table = grid(text("evidence.fit", lang), text("evidence.fit_legend", lang))
    text_column(table, text("evidence.parameter", lang), 30)
    for name in ("value", "prior", "ratio"):
        number_column(table, text(f"evidence.{name}", lang))
    text_column(table, text("evidence.status", lang), 16)
    text_column(table, text("evidence.partner", lang), 34)
    for name, entry in sorted(found.parameters.items(), key=lambda item: item[1].get("ratio", 1.0)):
        strength = localised(f"{entry['correlation']:+.2f}", lang) if entry.get("partner") else ""
        partner = f"{entry['partner']} ({strength})" if strength else ""
        table.add_row(
            name,
            localised(written(entry["value"]), lang),
            localised(written(entry["prior_mean"]), lang),
            localised(written(entry.get("ratio")), lang),
            entry.get("status", ""),
            partner,
        )
    print_table(out, table, lang)
    rows = sum(bool(row.get("fitted")) for row in found.rows.values())
    figures = {"chi2": localised(f"{found.chi2:.1f}", lang), "prior": localised(f"{found.penalty:.1f}", lang)}
    out.print(text("evidence.chi2", lang, **figures, rows=rows, digest=found.digest), markup=False)
    if found.leave_one_out is not None:
        total = found.leave_one_out["total"]
        shares = {"out": f"{100 * total['left_out_within_2']:.0f}", "fitted": f"{100 * total['fitted_within_2']:.0f}"}
        out.print(text("evidence.left_out", lang, **shares, rows=total["rows"]), markup=False)
