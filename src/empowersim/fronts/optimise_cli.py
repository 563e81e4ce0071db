"""The command `optimise`. It reads words and prints; it computes nothing.

Exit codes: 0 done; 2 something is wrong with what was given; 130 stopped with Ctrl-C (the folder keeps what was made).
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from contextlib import ExitStack
from typing import Any, Final

from empowersim.errors import EmpowersimError
from empowersim.fronts.cli_words import add_lang, say_written

DONE: Final = 0
STOPPED: Final = 130
_NAMES: Final = (
    "evaluations",
    "search_futures",
    "held_out",
    "draws",
    "worlds",
    "robust",
    "households",
    "months",
    "seed",
)


def add_optimise(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "optimise",
        help="search for the best mix under a yearly budget",
        description=(
            "Search for the best mix under a yearly budget: money for each programme and for mentors, roles, whom\n"
            "mentors visit first, sharing. Gives a front of cost, poverty and empowerment, judged on futures that the\n"
            "search never saw, and says how sure it is that the best mix beats the balanced one, each programme\n"
            "alone and the greedy mix. FILE is a search file, or a scenario file with --budget. With --out a search\n"
            "that was stopped goes on where it was, and ends with the same bytes. See docs/howto/optimise.md."
        ),
        examples=(
            "  empowersim optimise scenarios/optimise/medan.yaml\n"
            "  empowersim optimise scenarios/optimise/medan.yaml --out out/optimise-medan\n"
            "  empowersim optimise scenarios/optimise/medan.yaml --out out/optimise-medan --resume --evaluations 960\n"
            "  empowersim optimise scenarios/medan.yaml --budget '30 billion IDR/year' --households 2000 --draws 0\n"
            "  empowersim compare out/optimise-medan/best.yaml"
        ),
    )
    command.add_argument("file", metavar="FILE", help="search file, or scenario file (YAML)")
    command.add_argument("--budget", metavar="MONEY", help="money a year, as '60 billion IDR/year'")
    how = command.add_argument_group("how is searched (default: as the file says)")
    how.add_argument("--evaluations", metavar="N", type=int, help="mixes that are tried (default: 480)")
    how.add_argument(
        "--futures",
        metavar="R",
        type=int,
        dest="search_futures",
        help="futures that each mix lives through (default: 6)",
    )
    how.add_argument(
        "--held-out", metavar="H", type=int, help="other futures on which the front is judged (default: 30)"
    )
    how.add_argument(
        "--draws", metavar="D", type=int, help="parameter draws among them, 0 = shipped values (default: one a future)"
    )
    how.add_argument("--worlds", choices=("file", "no_trap", "trap", "both"), help="default: both")
    how.add_argument(
        "--robust", choices=("mean", "worst"), help="count the mean, or the worst world and tenth of draws"
    )
    how.add_argument("--households", metavar="N", type=int, help="households in each future")
    how.add_argument("--months", metavar="T", type=int, help="months from the start of the policies")
    how.add_argument("--seed", metavar="S", type=int, help="seed of the search; that of the futures is the scenario's")
    how.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    how.add_argument("--fit", metavar="FILE", help="parameter file of a calibration, instead of the shipped ensemble")
    work = command.add_argument_group("who works")
    work.add_argument(
        "--executor", choices=("threads", "serial", "processes", "dask"), default="threads", help="default: threads"
    )
    work.add_argument("--workers", metavar="K", type=int, help="threads or workers (default: all cores)")
    work.add_argument("--scheduler", metavar="TCP", help="address of a dask scheduler, as tcp://127.0.0.1:8786")
    outputs = command.add_argument_group("what comes out")
    outputs.add_argument("--out", metavar="DIR", help="folder for evaluations, tables, figures and best.yaml")
    outputs.add_argument(
        "--resume", action="store_true", help="go on with the search in that folder; there must be one"
    )
    outputs.add_argument("--force", action="store_true", help="replace results of other inputs in that folder")
    add_lang(outputs)
    outputs.add_argument("--all", action="store_true", help="print all points of the front, not only a few")
    outputs.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_optimise)


def _optimise(asked: argparse.Namespace) -> int:
    from empowersim._jit import is_compiled
    from empowersim.experiments.mix import execute_mix
    from empowersim.experiments.mix_store import write_optimisation
    from empowersim.fronts import optimise_api
    from empowersim.fronts.labels import text
    from empowersim.fronts.terminal import progress_on

    if asked.resume and asked.out is None:
        raise EmpowersimError("--resume: expected --out with the folder of the search, found none; add --out DIR")
    options = {name: getattr(asked, name) for name in _NAMES}
    made = optimise_api.plan(asked.file, asked.budget, fit=asked.fit, survey=asked.survey, **options)
    if asked.out is not None:
        there = optimise_api.ready(made, asked.out, force=asked.force, resume=asked.resume)
        if there:
            print(text("cli.going_on", asked.lang), file=sys.stderr)
    what = text("cli.mixes_months", asked.lang, mixes=made.search.evaluations, months=made.search.months)
    try:
        with ExitStack() as stack:
            executor, threads = _workers(asked, stack)
            progress = stack.enter_context(
                progress_on(sys.stderr, what, first_run=not is_compiled(), unit="simulations", lang=asked.lang)
            )
            found = execute_mix(made, folder=asked.out, threads=threads, executor=executor, progress=progress)
    except KeyboardInterrupt:
        if asked.out:
            said = text("cli.optimise_kept", asked.lang, folder=asked.out)
        else:
            said = text("cli.optimise_stopped", asked.lang)
        print(f"\n{said}", file=sys.stderr, flush=True)
        if threading.active_count() > 1:
            os._exit(STOPPED)  # futures under way cannot be interrupted; do not wait for them
        return STOPPED
    if asked.json:
        print(found.to_json())
    else:
        from empowersim.fronts.optimise_terminal import show_optimisation
        from empowersim.fronts.terminal import console

        show_optimisation(found, console(), everything=asked.all, lang=asked.lang)
    if asked.out is not None:
        files = write_optimisation(found, asked.out, extra=optimise_api.figures(asked.lang))
        say_written(asked, asked.out, (path.name for path in files))
        best = text("cli.best_scenario", asked.lang, file=os.path.join(asked.out, "best.yaml"))
        print(best, file=sys.stderr if asked.json else sys.stdout)
    return DONE


def _workers(asked: argparse.Namespace, stack: ExitStack) -> tuple[Any, int | None]:
    """Executor and threads that are asked for."""
    if asked.executor == "threads":
        if asked.scheduler is not None:
            raise EmpowersimError("--scheduler: expected with --executor dask only; add --executor dask")
        return None, asked.workers
    from empowersim.experiments.executors import make_executor

    executor = make_executor(asked.executor, workers=asked.workers, scheduler=asked.scheduler)
    return stack.enter_context(executor), 1
