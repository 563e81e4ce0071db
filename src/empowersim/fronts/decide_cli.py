"""The command `decide`. It reads words, calls the public functions and prints; it computes nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.cli_words import add_lang, say_written

if TYPE_CHECKING:
    from empowersim.results.decision import Decision

DONE: Final = 0


def add_decide(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "decide",
        help="which policy is best, how sure, and what more knowledge would be worth",
        description=(
            "Rank the policies of a scenario by one outcome, on the same simulated futures, and say how sure that is:\n"
            "paired differences with intervals that hold together, probability of being best and of every rank,\n"
            "expected loss of a wrong choice; apart from it, in how many futures each is best.\n"
            "--until and --settle add futures until an answer is known, with an error rate that holds although it is\n"
            "looked at again and again. --draws adds uncertain parameters: regret, acceptability, value of information."
        ),
        examples=(
            "  empowersim decide scenarios/medan.yaml --households 2000\n"
            "  empowersim decide scenarios/medan.yaml --until 0.0002\n"
            "  empowersim decide scenarios/medan.yaml --settle balanced_mix,mix_mentors --most 300\n"
            "  empowersim decide scenarios/medan.yaml --settle best --outcome empowerment_index\n"
            "  empowersim decide scenarios/medan.yaml --draws 60 --world both --threshold 200000000 --out out/decide\n"
            "  empowersim decide scenarios/medan.yaml --draws 200 --uncertain passports --parameters kin_sharing"
        ),
    )
    command.add_argument("file", metavar="FILE", help="scenario file (YAML)")
    command.add_argument(
        "--policies", metavar="A,B", type=_names, help="only these policies (the reference always comes along)"
    )
    command.add_argument("--reference", metavar="NAME", help="policy that differences are taken from")
    command.add_argument(
        "--outcome", metavar="NAME", default="poverty_headcount", help="outcome to rank by (default: poverty_headcount)"
    )
    command.add_argument("--level", metavar="P", type=float, default=0.95, help="level of intervals (default: 0.95)")
    command.add_argument(
        "--world",
        choices=("file", "trap", "no_trap", "both"),
        default="file",
        help="in the world with a poverty trap, without one, or in both (default: as the file says)",
    )
    _add_stopping(command)
    _add_draws(command)
    _add_sizes(command)
    command.set_defaults(handler=_decide)


def _add_stopping(command: Any) -> None:
    stopping = command.add_argument_group("how many futures (default: as --replicates or the file says)")
    stopping.add_argument(
        "--until",
        metavar="W",
        type=float,
        help="add futures until every difference from the reference is known to plus or minus W, in the outcome's unit "
        "(a share: 0.001 is 0.1 points)",
    )
    stopping.add_argument(
        "--settle", metavar="A,B", type=_names, help="add futures until it is known which of two is better, or: best"
    )
    stopping.add_argument("--most", metavar="N", type=int, default=500, help="futures at most (default: 500)")
    stopping.add_argument("--replicates", metavar="R", type=int, help="a fixed number of futures instead")


def _add_draws(command: Any) -> None:
    draws = command.add_argument_group("uncertain parameters, and money")
    draws.add_argument("--draws", metavar="N", type=int, default=0, help="parameter draws (default: 0, none)")
    draws.add_argument(
        "--uncertain",
        choices=("ensemble", "passports"),
        default="ensemble",
        help="draws from the calibrated ensemble, or uniform over the bounds of the passports (default: ensemble)",
    )
    draws.add_argument("--parameters", metavar="P,P", type=_names, help="with passports: only these parameters")
    draws.add_argument("--fit", metavar="FILE", help="parameter file of a calibration, instead of the shipped ensemble")
    draws.add_argument(
        "--draw-replicates", metavar="R", type=int, default=10, help="futures of each draw (default: 10)"
    )
    draws.add_argument(
        "--effect",
        choices=("years", "exits"),
        default="years",
        help="what money buys: household-years out of poverty, or sustained exits (default: years)",
    )
    draws.add_argument(
        "--threshold", metavar="RP", type=float, help="willingness to pay, rupiah for one unit of the effect"
    )


def _add_sizes(command: Any) -> None:
    sizes = command.add_argument_group("size and length (default: as the file says)")
    sizes.add_argument("--households", metavar="N", type=int, help="households in each future")
    sizes.add_argument("--months", metavar="T", type=int, help="months from the start of the policies")
    sizes.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers, 0 to 4294967295")
    sizes.add_argument("--threads", metavar="K", type=int, help="threads (default: all cores)")
    sizes.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    outputs = command.add_argument_group("what comes out")
    outputs.add_argument(
        "--out", metavar="DIR", help="also write Parquet tables, provenance.json and PNG figures into this folder"
    )
    outputs.add_argument("--force", action="store_true", help="replace results of other inputs in that folder")
    add_lang(outputs)
    outputs.add_argument("--all", action="store_true", help="print all pairs, ranks and parameters")
    outputs.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("expected names with commas between them, as skills_training,balanced_mix")
    return names


def _decide(asked: argparse.Namespace) -> int:
    from empowersim._jit import is_compiled
    from empowersim.experiments.decide import execute_decision
    from empowersim.experiments.decide_plan import plan_decision
    from empowersim.fronts.decide_api import parameter_draws
    from empowersim.fronts.labels import text
    from empowersim.fronts.terminal import console, progress_on
    from empowersim.results import store
    from empowersim.results.decision import write_decision
    from empowersim.scenario.load import load

    loaded = load(asked.file, survey=asked.survey)
    draws = parameter_draws(
        asked.draws,
        uncertain=asked.uncertain,
        parameters=asked.parameters,
        fit=asked.fit,
        seed=loaded.settings.seed if asked.seed is None else asked.seed,
    )
    given = ("policies", "reference", "outcome", "until", "settle", "level", "most", "world", "effect", "threshold")
    sizes = ("replicates", "households", "months", "seed")
    made = plan_decision(
        loaded,
        draws=draws,
        draw_futures=asked.draw_replicates,
        **{name: getattr(asked, name) for name in (*given, *sizes)},
    )
    if asked.out is not None:
        # say so before the run, not after
        store.check_target(made.run_id, asked.out, force=asked.force)
        store.check_writable(asked.out)
    what = text("cli.decide_months", asked.lang, count=len(made.any.policies), months=made.any.months)
    with progress_on(sys.stderr, what, first_run=not is_compiled(), unit="futures", lang=asked.lang) as progress:
        found = execute_decision(made, threads=asked.threads, progress=progress)
    if asked.json:
        print(found.to_json())
    else:
        from empowersim.fronts.decide_terminal import show_decision

        show_decision(found, console(), everything=asked.all, lang=asked.lang)
    if asked.out is not None:
        files = write_decision(found, asked.out, force=asked.force, extra=_figures(asked.lang))
        say_written(asked, asked.out, (path.name for path in files))
    return DONE


def _figures(lang: Any) -> Callable[[Decision, Path], None]:
    from empowersim.fronts.decide_plots import save_decision_figures

    def figures(decision: Decision, folder: Path) -> None:
        save_decision_figures(decision, folder, lang=lang)

    return figures
