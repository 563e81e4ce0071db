"""Sweeps on a terminal: progress with rate and time left, what came of a sweep, how sure it is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from empowersim.fronts import labels
from empowersim.fronts.grids import add_row, bare, grid, heads, heads_of_change, number_column, print_table, text_column
from empowersim.fronts.labels import text
from empowersim.fronts.notes import note_in
from empowersim.fronts.numbers import NONE, Lang, interval, localised, number, percent, signed
from empowersim.results.tables import OUTCOMES

if TYPE_CHECKING:
    from empowersim.experiments.sweep_variance import PointRow
    from empowersim.experiments.sweeps import SweepReport, Told
    from empowersim.results.sweep_read import SweepTables

MOST_POINTS: Final = 40
"""Points that a table shows; all of them are in the JSON document and in the folder."""

_EVERY: Final = 5.0
_QUIET: Final = 2.0
_MINUTE: Final = 60.0
_MANY: Final = 100


@contextmanager
def sweep_progress(stream: IO[str], what: str, *, first_run: bool, lang: Lang = "en") -> Iterator[Told]:
    """Show how far a sweep is: a bar on a terminal, else a plain line every few seconds, with rate and time left."""
    began = time.monotonic()
    if first_run:
        print(text("progress.compiling", lang), file=stream, flush=True)
    if not stream.isatty():
        said = [began + _QUIET - _EVERY]

        def plain(made: int, kept: int, total: int) -> None:
            now = time.monotonic()
            if made == 0 or made + kept == total or now - said[0] < _EVERY:
                return
            said[0] = now
            print(f"{what}: {pace(made, kept, total, now - began, lang)}", file=stream, flush=True)

        yield plain
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[pace]}"),
        console=Console(file=stream, highlight=False),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=None, pace="")

        def told(made: int, kept: int, total: int) -> None:
            told_so_far = pace(made, kept, total, time.monotonic() - began, lang)
            bar.update(task, completed=made + kept, total=total, pace=told_so_far)

        yield told


def pace(made: int, kept: int, total: int, seconds: float, lang: Lang = "en") -> str:
    """How far, how fast, how long still: 1,200 of 10,000 runs, 85/s, 2 min left."""
    so_far = {"done": number(made + kept, 0, lang), "total": number(total, 0, lang)}
    if not made:
        return text("sweep.pace", lang, **so_far)
    rate = made / max(seconds, 1e-9)
    if rate >= 1:
        speed = text("progress.a_second", lang, count=number(rate, 1 if rate < _MANY else 0, lang))
    else:
        speed = text("sweep.seconds_each", lang, seconds=number(1 / rate, 1, lang))
    left = (total - made - kept) / rate
    if left >= 2 * _MINUTE:
        span = text("sweep.minutes", lang, n=number(left / _MINUTE, 0, lang))
    else:
        span = text("sweep.seconds", lang, n=number(left, 0, lang))
    return text("sweep.pace_left", lang, **so_far, speed=speed, left=span)


def _shape(points: int, draws: int, replicates: int, runs: int, lang: Lang) -> str:
    counts = {"points": points, "draws": draws, "replicates": replicates, "runs": runs}
    return text("sweep.shape", lang, **{name: number(count, 0, lang) for name, count in counts.items()})


def show_report(report: SweepReport, out: Any, lang: Lang = "en") -> None:
    """Print what running a sweep came to."""
    for one in report.damage:
        out.print(text("sweep.again", lang, damage=one), style="yellow", markup=False)
    for note in report.notes:
        out.print(note_in(note, lang), markup=False)
    shape = _shape(report.points, report.draws, report.replicates, report.runs, lang)
    out.print(shape, style="bold", markup=False)
    counts = {"made": number(report.made, 0, lang), "kept": number(report.kept, 0, lang), "folder": report.folder}
    if report.failed:
        told = text("sweep.made_failed", lang, **counts, failed=number(report.failed, 0, lang))
    else:
        told = text("sweep.made", lang, **counts)
    out.print(told, markup=False)


def show_status(found: Mapping[str, Any], out: Any, lang: Lang = "en") -> None:
    """Print how far a sweep is."""
    shape = _shape(found["points"], found["draws"], found["replicates"], found["runs"], lang)
    out.print(text("sweep.shape_of", lang, name=found["name"], shape=shape), style="bold", markup=False)
    counts = {name: number(found[name], 0, lang) for name in ("made", "failed", "left")}
    tables = number(len(found["tables"]), 0, lang)
    out.print(text("sweep.status", lang, **counts, tables=tables), markup=False)
    for one in found["damage"]:
        out.print(text("sweep.damaged", lang, damage=one), style="yellow", markup=False)
    if not found["same_program"]:
        out.print(text("sweep.other_program", lang), style="yellow", markup=False)
    if found["left"] or found["damage"]:
        out.print(text("sweep.go_on", lang, folder=found["folder"]), markup=False)


def show_failures(tables: SweepTables, out: Any, lang: Lang = "en") -> None:
    """Print why runs failed: each reason once, with how many runs it has."""
    rows = tables.failures.to_pylist()
    if not rows:
        return
    reasons: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        reasons.setdefault((row["stage"], row["error"], row["message"]), []).append(row)
    table = grid(text("sweep.failures", lang), text("sweep.failures_legend", lang))
    for head in ("stage", "error", "message"):
        text_column(table, text(f"sweep.{head}", lang), 60)
    number_column(table, text("sweep.runs", lang))
    text_column(table, text("sweep.first", lang))
    for (stage, error, message), found in reasons.items():
        first = found[0]
        place = f"{first['point']}, {first['draw']}, {first['replicate']}"
        add_row(table, [stage, error, message, number(len(found), 0, lang), place])
    print_table(out, table, lang)


def show_rows(tables: SweepTables, rows: Sequence[PointRow], out: Any, lang: Lang = "en") -> None:
    """Print a table of points and policies for one outcome: mean, interval, and where the spread comes from."""
    if not rows:
        return
    outcome = OUTCOMES[rows[0].outcome]
    factor, decimals = bare(outcome.unit)
    several = tables.draws.num_rows > 1
    key = "sweep.rows_several" if several else "sweep.rows"
    caption = text(key, lang, reference=tables.reference, unit=heads(outcome.unit, lang))
    meaning = labels.help(outcome.name, lang)
    table = grid(text("sweep.rows_title", lang, name=outcome.name, meaning=meaning), caption)
    number_column(table, text("sweep.point", lang))
    for name in tables.axes:
        text_column(table, name)
    text_column(table, text("heads.policy", lang))
    number_column(table, text("sweep.mean", lang, unit=heads_of_change(outcome.unit, lang)))
    number_column(table, text("sweep.interval", lang))
    if several:
        for head in ("sd_chance", "sd_parameters", "share_parameters"):
            number_column(table, text(f"sweep.{head}", lang))
    number_column(table, text("sweep.runs", lang))
    points = tables.points.to_pylist()
    for row in rows:
        if row.point >= MOST_POINTS:
            break
        say = number if row.kind == "level" else signed
        more = decimals + (row.kind == "difference")
        middle, low, high = (factor * value for value in row.estimate)
        cells = [str(row.point), *(_axis(points[row.point][name], lang) for name in tables.axes), row.policy]
        ends = interval(say(low, more, lang), say(high, more, lang), lang) if math.isfinite(low) else NONE
        cells += [say(middle, more, lang), ends]
        if several:
            split = row.split
            share = f"{percent(split.share, 0, lang)} ± {number(100 * split.share_error, 0, lang)}"
            spreads = (
                math.sqrt(max(one, 0.0)) if math.isfinite(one) else math.nan for one in (split.chance, split.parameters)
            )
            cells += [*(number(factor * one, more, lang) for one in spreads), share]
        add_row(table, [*cells, number(row.runs, 0, lang)])
    print_table(out, table, lang)
    if tables.points.num_rows > MOST_POINTS:
        rest = number(tables.points.num_rows - MOST_POINTS, 0, lang)
        out.print(text("sweep.more_points", lang, count=rest), markup=False)


def show_table(found: Any, out: Any) -> None:
    """Print an Arrow table."""
    table = grid("")
    for name in found.column_names:
        table.add_column(name, overflow="fold")
    for row in found.to_pylist():
        add_row(table, [_axis(value) for value in row.values()])
    out.print(table)


def _axis(value: Any, lang: Lang = "en") -> str:
    if value is None:
        return NONE
    return localised(f"{value:.6g}", lang) if isinstance(value, float) else str(value)


def show_plan(plan: Any, out: Any, lang: Lang = "en") -> None:
    """Print what a design would run."""
    shape = _shape(len(plan.points), len(plan.draws), plan.replicates, plan.runs, lang)
    out.print(text("sweep.shape_of", lang, name=plan.design.name, shape=shape), style="bold", markup=False)
    policies, reference = plan.settings.policies, plan.settings.reference
    names = ", ".join(policies)
    out.print(text("sweep.policies", lang, count=len(policies), names=names, reference=reference), markup=False)
    if plan.draws.names:
        out.print(text("sweep.drawn", lang, count=len(plan.draws.names)), markup=False)
    table = grid(text("sweep.first_points", lang))
    number_column(table, text("sweep.point", lang))
    for axis in plan.design.axes:
        text_column(table, axis.name, 32)
    for at, point in enumerate(plan.points[:_SHOWN]):
        add_row(table, [str(at), *point.texts])
    print_table(out, table, lang)


_SHOWN: Final = 10
