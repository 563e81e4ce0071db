"""The commands on sweeps: sweep and expand. They read words and print; they compute nothing.

Exit codes: 0 done; 1 done, but some runs failed; 2 something is wrong with what was given; 130 stopped with Ctrl-C
(the folder keeps what was made).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import EmpowersimError
from empowersim.fronts.cli_words import add_lang

if TYPE_CHECKING:
    from empowersim.experiments.sweep_plan import SweepPlan

DONE: Final = 0
FAILED: Final = 1
STOPPED: Final = 130

_OUTCOME: Final = "poverty_headcount"


def add_sweep(commands: Any) -> None:
    """Add the commands to the parser's subcommands."""
    command = commands.add_parser(
        "sweep",
        help="run a scenario at many points: grids, samples, uncertain parameters",
        description=(
            "Run the scenario of a design file at all its points, under all draws of its uncertain parameters, in all\n"
            "futures, with all policies on the same random numbers. What is made is on the disk at once: a sweep that\n"
            "was stopped, killed or cut off goes on where it was, and ends with the same bytes. Without a design file\n"
            "the sweep that the folder holds goes on. No executor changes a number. See docs/howto/sweep.md."
        ),
        examples=(
            "  empowersim sweep scenarios/sweeps/mentors.yaml --out out/mentors\n"
            "  empowersim sweep scenarios/sweeps/mentors.yaml --check          what it would run\n"
            "  empowersim sweep out/mentors                                    go on after a stop\n"
            "  empowersim sweep out/mentors --status\n"
            "  empowersim sweep out/mentors --retry-failed\n"
            "  empowersim sweep out/mentors --executor dask --scheduler tcp://127.0.0.1:8786\n"
            "  empowersim sweep out/mentors --sql 'select policy, avg(poverty_gap) from results group by policy'"
        ),
    )
    command.add_argument("design", metavar="DESIGN", help="design file (YAML), or the folder of a sweep")
    command.add_argument("--out", metavar="DIR", help="folder of the sweep")
    command.add_argument("--check", action="store_true", help="say what a design would run, and run nothing")
    command.add_argument("--status", action="store_true", help="say how far the sweep in a folder is, and run nothing")
    command.add_argument(
        "--sql", metavar="QUERY", help="query over runs, points, draws, failures, results; run nothing"
    )
    command.add_argument("--retry-failed", action="store_true", help="make failed runs again")
    command.add_argument("--force", action="store_true", help="replace another sweep in the folder")
    _add_common(command)
    command.set_defaults(handler=_sweep)
    command = commands.add_parser(
        "expand",
        help="add points, draws or replicates to a sweep",
        description=(
            "Add to the sweep of a folder the points, draws and replicates that a larger design has, or replicates\n"
            "up to a number, and run what is new. Nothing that was made is made again, nothing is taken away."
        ),
        examples=(
            "  empowersim expand out/mentors --replicates 40\n"
            "  empowersim expand out/mentors --design larger.yaml --executor serial"
        ),
    )
    command.add_argument("out", metavar="DIR", help="folder of the sweep")
    command.add_argument(
        "--replicates", metavar="N", type=int, help="replicates there shall be of every point and draw"
    )
    command.add_argument("--design", metavar="FILE", help="larger design of the same sweep")
    _add_common(command)
    command.set_defaults(handler=_expand)


def _add_common(command: Any) -> None:
    work = command.add_argument_group("who works")
    work.add_argument(
        "--executor", choices=("serial", "processes", "dask"), default="processes", help="default: processes"
    )
    work.add_argument("--workers", metavar="K", type=int, help="workers (default: as many as the cores allow)")
    work.add_argument("--threads", metavar="K", type=int, default=1, help="threads of each run (default: 1)")
    work.add_argument("--scheduler", metavar="TCP", help="address of a dask scheduler, as tcp://127.0.0.1:8786")
    outputs = command.add_argument_group("what comes out")
    outputs.add_argument(
        "--outcome", metavar="NAME", help=f"outcome of the table (default: {_OUTCOME}, or the first that is kept)"
    )
    add_lang(outputs, "words")
    outputs.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _sweep(asked: argparse.Namespace) -> int:
    is_folder = os.path.isdir(asked.design)
    if is_folder and asked.out is not None and os.path.abspath(asked.out) != os.path.abspath(asked.design):
        raise EmpowersimError(
            f"DESIGN: expected a design file with --out, found the folder {asked.design}; leave --out"
        )
    folder = asked.design if is_folder else asked.out
    if asked.check:
        return _check(asked, is_folder)
    if folder is None:
        raise EmpowersimError("--out: expected the folder of the sweep, found none; add --out out/NAME, or --check")
    if asked.status:
        return _status(asked, folder)
    if asked.sql is not None:
        return _sql(asked, folder)
    if is_folder and asked.force:
        raise EmpowersimError("--force: expected with a design file, found the folder of a sweep; name the design")
    from empowersim.fronts.sweep_api import plan_of

    plan = None if is_folder else plan_of(asked.design)
    return _run(asked, folder, plan, force=asked.force, retry_failed=asked.retry_failed)


def _expand(asked: argparse.Namespace) -> int:
    from empowersim.fronts.sweep_api import plan_of

    if asked.design is None and asked.replicates is None:
        raise EmpowersimError("expected --replicates or --design, found neither; say what to add")
    larger = None if asked.design is None else plan_of(asked.design)
    return _run(asked, asked.out, None, larger=larger, replicates=asked.replicates)


def _run(asked: argparse.Namespace, folder: str, plan: SweepPlan | None, **more: Any) -> int:
    from empowersim._jit import is_compiled
    from empowersim.fronts.labels import text
    from empowersim.fronts.sweep_api import run_in
    from empowersim.fronts.sweep_terminal import sweep_progress

    made, what = [0, 0, 0], text("sweep.name", asked.lang)
    try:
        with sweep_progress(sys.stderr, what, first_run=not is_compiled(), lang=asked.lang) as told:

            def counted(*numbers: int) -> None:
                made[:] = numbers
                told(*numbers)

            report = run_in(
                folder,
                plan,
                executor=asked.executor,
                workers=asked.workers,
                threads=asked.threads,
                scheduler=asked.scheduler,
                told=counted,
                **more,
            )
    except KeyboardInterrupt:
        kept = text("cli.sweep_stopped", asked.lang, kept=made[0] + made[1], all=made[2], folder=folder)
        print(f"\n{kept}", file=sys.stderr, flush=True)
        return STOPPED
    _show(asked, folder, report)
    return FAILED if report.failed else DONE


def _show(asked: argparse.Namespace, folder: str, report: Any) -> None:
    from empowersim.experiments.sweep_variance import rows_json, summarise_sweep
    from empowersim.results.sweep_read import read_sweep

    tables = read_sweep(folder, verify=False)
    outcome = asked.outcome or (_OUTCOME if _OUTCOME in tables.outcomes else tables.outcomes[0])
    rows = summarise_sweep(tables, outcome)
    if asked.json:
        print(json.dumps({**report.to_dict(), "rows": rows_json(tables, rows)}, indent=1, allow_nan=False))
        return
    from empowersim.fronts.sweep_terminal import show_failures, show_report, show_rows
    from empowersim.fronts.terminal import console

    out = console()
    show_rows(tables, rows, out, asked.lang)
    show_failures(tables, out, asked.lang)
    show_report(report, out, asked.lang)


def _check(asked: argparse.Namespace, is_folder: bool) -> int:
    if is_folder:
        raise EmpowersimError(f"--check: expected a design file, found the folder {asked.design}; try --status")
    from empowersim.fronts.sweep_api import plan_of
    from empowersim.fronts.sweep_terminal import show_plan
    from empowersim.fronts.terminal import console

    plan = plan_of(asked.design)
    if asked.json:
        counts = {
            "points": len(plan.points),
            "draws": len(plan.draws),
            "replicates": plan.replicates,
            "runs": plan.runs,
        }
        identity = {**dict(plan.identity), "axes": {axis.name: list(axis.paths) for axis in plan.design.axes}}
        print(json.dumps({"name": plan.design.name, **counts, **identity}, indent=1, ensure_ascii=False))
    else:
        show_plan(plan, console(), asked.lang)
    return DONE


def _status(asked: argparse.Namespace, folder: str) -> int:
    from empowersim.experiments.sweeps import status
    from empowersim.fronts.sweep_terminal import show_status
    from empowersim.fronts.terminal import console

    found = status(folder)
    if asked.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        show_status(found, console(), asked.lang)
    return DONE


def _sql(asked: argparse.Namespace, folder: str) -> int:
    from empowersim.fronts.sweep_terminal import show_table
    from empowersim.fronts.terminal import console
    from empowersim.results.sweep_read import read_sweep

    found = read_sweep(folder).sql(asked.sql)
    if asked.json:
        print(json.dumps(found.to_pylist(), indent=1, ensure_ascii=False, default=str))
    else:
        show_table(found, console())
    return DONE
