"""Sweeps on a terminal: progress with rate and time left, what came of a sweep, how sure it is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from empowersim.fronts.grids import add_row, bare, grid, heads, heads_of_change, number_column, text_column
from empowersim.fronts.numbers import NONE, interval, number, percent, signed
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
def sweep_progress(stream: IO[str], what: str, *, first_run: bool) -> Iterator[Told]:
    """Show how far a sweep is: a bar on a terminal, else a plain line every few seconds, with rate and time left."""
    began = time.monotonic()
    if first_run:
        print("first run: compiling, half a minute or so", file=stream, flush=True)
    if not stream.isatty():
        said = [began + _QUIET - _EVERY]

        def plain(made: int, kept: int, total: int) -> None:
            now = time.monotonic()
            if made == 0 or made + kept == total or now - said[0] < _EVERY:
                return
            said[0] = now
            print(f"{what}: {pace(made, kept, total, now - began)}", file=stream, flush=True)

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
            text = pace(made, kept, total, time.monotonic() - began)
            bar.update(task, completed=made + kept, total=total, pace=text)

        yield told


def pace(made: int, kept: int, total: int, seconds: float) -> str:
    """How far, how fast, how long still: 1,200 of 10,000 runs, 85/s, 2 min left."""
    text = f"{number(made + kept)} of {number(total)} runs"
    if not made:
        return text
    rate = made / max(seconds, 1e-9)
    speed = f"{number(rate, 1 if rate < _MANY else 0)}/s" if rate >= 1 else f"{number(1 / rate, 1)} s each"
    left = (total - made - kept) / rate
    span = f"{number(left / _MINUTE)} min" if left >= 2 * _MINUTE else f"{number(left)} s"
    return f"{text}, {speed}, {span} left"


def show_report(report: SweepReport, out: Any) -> None:
    """Print what running a sweep came to."""
    for one in report.damage:
        out.print(f"{one}; its runs were made again", style="yellow", markup=False)
    for note in report.notes:
        out.print(note, markup=False)
    shape = f"{number(report.points)} points x {number(report.draws)} draws x {number(report.replicates)} replicates"
    out.print(f"{shape} = {number(report.runs)} runs", style="bold", markup=False)
    said = f"{number(report.made)} made now, {number(report.kept)} there already"
    if report.failed:
        said += f", {number(report.failed)} failed"
    out.print(f"{said}; in {report.folder}", markup=False)


def show_status(found: Mapping[str, Any], out: Any) -> None:
    """Print how far a sweep is."""
    shape = (
        f"{number(found['points'])} points x {number(found['draws'])} draws x {number(found['replicates'])} replicates"
    )
    out.print(f"{found['name']}: {shape} = {number(found['runs'])} runs", style="bold", markup=False)
    out.print(
        f"{number(found['made'])} made, {number(found['failed'])} failed, {number(found['left'])} left; "
        f"{number(len(found['tables']))} tables",
        markup=False,
    )
    for one in found["damage"]:
        out.print(f"damaged: {one}", style="yellow", markup=False)
    if not found["same_program"]:
        out.print("made by another version of the program: this one cannot go on with it", style="yellow", markup=False)
    if found["left"] or found["damage"]:
        out.print(f"go on with: empowersim sweep {found['folder']}", markup=False)


def show_failures(tables: SweepTables, out: Any) -> None:
    """Print why runs failed: each reason once, with how many runs it has."""
    rows = tables.failures.to_pylist()
    if not rows:
        return
    reasons: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        reasons.setdefault((row["stage"], row["error"], row["message"]), []).append(row)
    table = grid("Failed runs, by reason", "traceback: table failures; make them again with --retry-failed")
    for head in ("stage", "error", "message"):
        text_column(table, head, 60)
    number_column(table, "runs")
    text_column(table, "first (point, draw, replicate)")
    for (stage, error, message), found in reasons.items():
        first = found[0]
        add_row(
            table,
            [stage, error, message, number(len(found)), f"{first['point']}, {first['draw']}, {first['replicate']}"],
        )
    out.print(table)


def show_rows(tables: SweepTables, rows: Sequence[PointRow], out: Any) -> None:
    """Print a table of points and policies for one outcome: mean, interval, and where the spread comes from."""
    if not rows:
        return
    outcome = OUTCOMES[rows[0].outcome]
    factor, decimals = bare(outcome.unit)
    several = tables.draws.num_rows > 1
    caption = f"the reference {tables.reference} as it is{heads(outcome.unit)}, others less the reference"
    if several:
        caption += (
            "; SD by chance: between futures; by parameters: between draws; share: of the variance, ± standard error"
        )
    table = grid(f"{outcome.name}: {outcome.meaning}", caption)
    number_column(table, "point")
    for name in tables.axes:
        text_column(table, name)
    text_column(table, "policy")
    number_column(table, f"mean{heads_of_change(outcome.unit)}")
    number_column(table, "95 % interval")
    if several:
        for head in ("SD, chance", "SD, parameters", "share, parameters"):
            number_column(table, head)
    number_column(table, "runs")
    points = tables.points.to_pylist()
    for row in rows:
        if row.point >= MOST_POINTS:
            break
        say = number if row.kind == "level" else signed
        more = decimals + (row.kind == "difference")
        middle, low, high = (factor * value for value in row.estimate)
        cells = [str(row.point), *(_axis(points[row.point][name]) for name in tables.axes), row.policy]
        cells += [say(middle, more), interval(say(low, more), say(high, more)) if math.isfinite(low) else NONE]
        if several:
            split = row.split
            share = f"{percent(split.share, 0)} ± {number(100 * split.share_error)}"
            spreads = (
                math.sqrt(max(one, 0.0)) if math.isfinite(one) else math.nan for one in (split.chance, split.parameters)
            )
            cells += [*(number(factor * one, more) for one in spreads), share]
        add_row(table, [*cells, number(row.runs)])
    out.print(table)
    if tables.points.num_rows > MOST_POINTS:
        rest = tables.points.num_rows - MOST_POINTS
        out.print(f"{number(rest)} more points: --json has them all, --sql asks for some", markup=False)


def show_table(found: Any, out: Any) -> None:
    """Print an Arrow table."""
    table = grid("")
    for name in found.column_names:
        table.add_column(name, overflow="fold")
    for row in found.to_pylist():
        add_row(table, [_axis(value) for value in row.values()])
    out.print(table)


def _axis(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_plan(plan: Any, out: Any) -> None:
    """Print what a design would run."""
    shape = (
        f"{number(len(plan.points))} points x {number(len(plan.draws))} draws x {number(plan.replicates)} replicates"
    )
    out.print(f"{plan.design.name}: {shape} = {number(plan.runs)} runs", style="bold", markup=False)
    policies, reference = plan.settings.policies, plan.settings.reference
    out.print(f"{len(policies)} policies in each run: {', '.join(policies)} (reference {reference})", markup=False)
    if plan.draws.names:
        out.print(f"{len(plan.draws.names)} parameters are drawn", markup=False)
    table = grid("The first points")
    number_column(table, "point")
    for axis in plan.design.axes:
        text_column(table, axis.name, 32)
    for at, point in enumerate(plan.points[:_SHOWN]):
        add_row(table, [str(at), *point.texts])
    out.print(table)


_SHOWN: Final = 10
