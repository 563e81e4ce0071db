"""The commands `audit` and `burn-in`. They read words, call the public functions and print; they compute nothing."""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import EmpowersimError
from empowersim.fronts.cli_words import add_lang, lang_of, say_written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from empowersim.experiments.compare import Progress

DONE: Final = 0
MOVED: Final = 1
"""Exit code of an audit that found somebody moved who should not have."""

_FILE: Final = "scenario file (YAML)"


def add_audit(commands: Any) -> None:
    """Add the commands to the parser's subcommands."""
    _add_audit(commands)
    _add_burn_in(commands)


def add_executor(command: Any) -> None:
    """Add the options that say who does the work: --executor, --workers, --scheduler."""
    group = command.add_argument_group("who does the work (the numbers do not depend on it)")
    group.add_argument(
        "--executor",
        choices=("threads", "serial", "processes", "dask"),
        default="threads",
        help="threads of this process, one piece after another, processes, or a dask cluster (default: threads)",
    )
    group.add_argument("--workers", metavar="K", type=int, help="pieces at once (default: as many as the cores allow)")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a running dask scheduler, as tcp://10.0.0.5:8786, whose workers are used; means --executor dask",
    )


@contextmanager
def asked_executor(asked: argparse.Namespace) -> Iterator[Any]:
    """The executor that the options ask for, ready to be used; None for threads."""
    from empowersim.experiments.executors import make_executor
    from empowersim.fronts.labels import text
    from empowersim.fronts.notes import note_in

    kind = "dask" if asked.scheduler is not None and asked.executor == "threads" else asked.executor
    if kind == "threads":
        if asked.workers is not None:
            raise EmpowersimError(
                "--workers: expected with --executor processes or dask, found with threads; use --threads"
            )
        yield None
        return
    with make_executor(
        kind, workers=asked.workers, threads=getattr(asked, "threads", None) or 1, scheduler=asked.scheduler
    ) as executor:
        lang = lang_of(asked)
        for note in executor.notes:
            print(text("cli.executor_note", lang, note=note_in(note, lang)), file=sys.stderr)
        yield executor


def add_from(command: Any) -> None:
    """Add the option that goes on from a burn-in: --from."""
    command.add_argument(
        "--from",
        dest="burnt",
        metavar="F",
        help="go on from the futures that 'empowersim burn-in' kept in this file; size and seed are then its own",
    )


def asked_burn_in(asked: argparse.Namespace) -> Any:
    """The burn-in that --from names, None without; it sets the sizes that are not given to its own."""
    if asked.burnt is None:
        return None
    if asked.executor != "threads" or asked.scheduler is not None:
        raise EmpowersimError("--from: expected with --executor threads, found with another; leave one of them away")
    from empowersim.experiments.branch import read_burn_in

    found = read_burn_in(asked.burnt)
    own = {"replicates": found.replicates, "households": found.inputs["households"], "seed": found.inputs["seed"]}
    for name, value in own.items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    return found


def _add_audit(commands: Any) -> None:
    command = commands.add_parser(
        "audit",
        help="make sure that a policy moves nobody whom it does not reach",
        description=(
            "Audit the pairing of futures with a policy of the scenario: a policy that does nothing, one place for\n"
            "one household, subdistricts in another order, other threads and executors, one household more. Says that\n"
            "nothing else moved, or names the first month, household and draw that did (exit code 1). With contact\n"
            "between households on, counts exactly who moved though untreated, month by month.\n"
            f"Default size: the file's, but at most {_size()}."
        ),
        examples=(
            "  empowersim audit scenarios/medan.yaml\n"
            "  empowersim audit scenarios/medan.yaml --policy skills_training --households 12000 --months 36\n"
            "  empowersim audit scenarios/medan.yaml --executors processes,dask --json"
        ),
    )
    command.add_argument("file", metavar="FILE", help=_FILE)
    command.add_argument("--policy", metavar="NAME", help="policy to audit (default: the last of the file)")
    command.add_argument("--households", metavar="N", type=int, help="households to follow")
    command.add_argument("--months", metavar="T", type=int, help="months from the start of the policy")
    command.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers (default: the file's)")
    command.add_argument("--replicate", metavar="R", type=int, default=0, help="which future (default: 0)")
    command.add_argument(
        "--executors",
        metavar="A,B",
        type=_executors,
        default=("processes",),
        help="executors tried beside threads: processes, dask, or none (default: processes)",
    )
    command.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    command.add_argument("--all", action="store_true", help="print the spillover of every month, not of a few")
    command.add_argument("--out", metavar="DIR", help="also write audit.json, with its provenance, into this folder")
    add_lang(command, "words")
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_audit)


def _add_burn_in(commands: Any) -> None:
    command = commands.add_parser(
        "burn-in",
        help="burn a scenario in once, for many policies to go on from",
        description=(
            "Make the households of a scenario, let them live through its burn-in, and keep them in a file, from\n"
            "which 'empowersim compare FILE --from F' goes on: with the same numbers as without, for this file and\n"
            "any other of the same world. A file of another world, size or program is refused, and what differs is\n"
            "named."
        ),
        examples=(
            "  empowersim burn-in scenarios/medan.yaml --out out/medan.npz\n"
            "  empowersim compare scenarios/medan.yaml --from out/medan.npz --policies mix_mentors\n"
            "  empowersim compare scenarios/medan.yaml --from out/medan.npz --policies mix_coached --months 120"
        ),
    )
    command.add_argument("file", metavar="FILE", help=_FILE)
    command.add_argument("--out", metavar="F", required=True, help="file to write, as out/medan.npz")
    command.add_argument("--replicates", metavar="R", type=int, help="futures (default: the file's)")
    command.add_argument("--households", metavar="N", type=int, help="households in each future")
    command.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers, 0 to 4294967295")
    command.add_argument("--threads", metavar="K", type=int, help="threads (default: all cores)")
    command.add_argument(
        "--world", choices=("file", "trap", "no_trap"), default="file", help="with or without a poverty trap"
    )
    command.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    add_lang(command, "words")
    command.set_defaults(handler=_burn_in)


def _size() -> str:
    return "6,000 households and 24 months"


def _executors(text: str) -> tuple[str, ...]:
    known = ("serial", "processes", "dask")
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if words == ("none",):
        return ()
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        raise argparse.ArgumentTypeError(f"expected {', '.join(known)} or none, found {text!r}")
    return words


def _audit(asked: argparse.Namespace) -> int:
    from empowersim.experiments.audit import audit
    from empowersim.fronts.labels import text
    from empowersim.results.store import check_writable
    from empowersim.scenario.load import load

    if asked.out is not None:
        check_writable(asked.out)
    loaded = load(asked.file, survey=asked.survey)
    with _progress(asked, text("cli.pairing", asked.lang), "questions") as progress:
        found = audit(
            loaded,
            asked.policy,
            households=asked.households,
            months=asked.months,
            seed=asked.seed,
            replicate=asked.replicate,
            executors=asked.executors,
            progress=progress,
        )
    if asked.json:
        import json

        print(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    else:
        from empowersim.fronts.audit_terminal import show_audit
        from empowersim.fronts.terminal import console

        show_audit(found, console(), everything=asked.all, lang=asked.lang)
    if asked.out is not None:
        from empowersim.experiments.audit_result import write_audit

        path = write_audit(found, asked.out)
        say_written(asked, asked.out, [path.name])
    return DONE if found.passed else MOVED


def _burn_in(asked: argparse.Namespace) -> int:
    from empowersim.experiments.branch import each_burn_in, inputs_of, plan_burn_in, write_burn_in
    from empowersim.fronts.labels import text
    from empowersim.fronts.numbers import number
    from empowersim.scenario.load import load
    from empowersim.scenario.worlds import in_world

    loaded = in_world(load(asked.file, survey=asked.survey), asked.world)
    made = plan_burn_in(loaded, replicates=asked.replicates, households=asked.households, seed=asked.seed)
    with _progress(asked, text("cli.burn_in_months", asked.lang, months=made.burn_in), "futures") as progress:
        futures = each_burn_in(made, range(made.replicates), threads=asked.threads, progress=progress)
        path = write_burn_in(asked.out, inputs_of(made), futures)
    facts = {"path": path, "months": made.burn_in}
    if made.households:
        size = {"futures": made.replicates, "households": number(made.households, 0, asked.lang)}
        print(text("cli.burnt", asked.lang, **facts, **size))
    else:
        print(text("cli.burnt_survey", asked.lang, **facts))
    print(f"  empowersim compare {asked.file} --from {path}")
    return DONE


@contextmanager
def _progress(asked: argparse.Namespace, what: str, unit: str) -> Iterator[Progress]:
    from empowersim._jit import is_compiled
    from empowersim.fronts.terminal import progress_on

    with progress_on(sys.stderr, what, first_run=not is_compiled(), unit=unit, lang=asked.lang) as progress:
        yield progress
