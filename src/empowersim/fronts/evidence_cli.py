"""The commands on evidence: trial, power, validate, calibrate. They read words and print; they compute nothing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.cli_words import add_lang

if TYPE_CHECKING:
    from empowersim.trials.model import Trial

DONE: Final = 0
_TRIAL = "trial file (YAML), or the name of a packaged one"


def add_evidence(commands: Any) -> None:
    """Add the commands to the parser's subcommands."""
    _add_trial(commands)
    _add_power(commands)
    _add_validate(commands)
    _add_calibrate(commands)


def _add_world(command: Any) -> None:
    command.add_argument(
        "--world",
        choices=("file", "trap", "no_trap", "both"),
        default="file",
        help="with or without a poverty trap, or both (default: as the file says)",
    )
    command.add_argument("--fit", metavar="FILE", help="parameter file of a calibration, instead of the shipped values")


def _add_trial(commands: Any) -> None:
    command = commands.add_parser(
        "trial",
        help="draw a study, survey it and estimate its effects",
        description=(
            "Draw a study as its file describes it, survey it with errors and attrition, estimate what its authors "
            "estimated, and print it beside the true effect that only a simulation knows."
        ),
        examples="  empowersim trial togo\n  empowersim trial my_study.yaml --json\n  empowersim trial togo --check",
    )
    command.add_argument("file", metavar="FILE", nargs="?", help=_TRIAL)
    command.add_argument("--list", action="store_true", help="list the packaged trials")
    command.add_argument("--check", action="store_true", help="say what the file assumes, and draw nothing")
    command.add_argument("--seed", metavar="S", type=int, default=1, help="seed of all random numbers (default: 1)")
    command.add_argument("--replicate", metavar="R", type=int, default=0, help="which drawing (default: 0)")
    command.add_argument("--naive", action="store_true", help="errors as if households were independent, to compare")
    _add_world(command)
    add_lang(command, "words")
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_trial)


def _add_power(commands: Any) -> None:
    command = commands.add_parser(
        "power",
        help="how large a trial must be to see an effect",
        description="Draw a study many times at several sizes and say in how many of them its effect is seen.",
        examples=(
            "  empowersim power nairobi --estimate mentor_profit_12_percent --villages 20,50,100\n"
            "  empowersim power my_study.yaml --households 20,40 --take-up 0.4,0.8 --draws 400"
        ),
    )
    command.add_argument("file", metavar="FILE", help=_TRIAL)
    command.add_argument("--estimate", metavar="NAME", help="which estimate of the file (default: its first)")
    command.add_argument("--villages", metavar="N,N", type=_integers, default=(), help="numbers of villages to try")
    command.add_argument("--households", metavar="N,N", type=_integers, default=(), help="households a village to try")
    command.add_argument("--take-up", metavar="P,P", type=_shares, default=(), help="take-up (0-1) to try")
    command.add_argument("--draws", metavar="R", type=int, default=200, help="trials of each size (default: 200)")
    command.add_argument("--seed", metavar="S", type=int, default=1, help="seed of all random numbers (default: 1)")
    command.add_argument("--threads", metavar="K", type=int, default=0, help="threads (default: 0, all cores)")
    _add_world(command)
    add_lang(command, "words")
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_power)


def _add_validate(commands: Any) -> None:
    command = commands.add_parser(
        "validate",
        help="simulate every row of the evidence base and judge it",
        description=(
            "Simulate the studies of the evidence base, compare each row with what was published, and write the table "
            "and the forest plot. No row is hidden: what cannot be simulated stands there with the reason."
        ),
        examples="  empowersim validate\n  empowersim validate --rows C050a,C110\n  empowersim validate --out docs",
    )
    command.add_argument("--rows", metavar="ROW,ROW", type=_words, help="only these rows (nothing is written then)")
    command.add_argument("--out", metavar="DIR", help="write evidence.md and the forest plot into this folder")
    command.add_argument("--size", metavar="X", type=float, default=1.0, help="factor on the villages of every study")
    command.add_argument("--seed", metavar="S", type=int, default=1, help="seed of all random numbers (default: 1)")
    command.add_argument("--threads", metavar="K", type=int, default=0, help="threads (default: 0, all cores)")
    _add_world(command)
    add_lang(command, "words")
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_validate)


def _add_calibrate(commands: Any) -> None:
    command = commands.add_parser(
        "calibrate",
        help="fit the parameters to the evidence base",
        description=(
            "Fit one set of parameters to all studies; say which the evidence identifies, draw an ensemble around the "
            "fit, and predict every study from the others. Evaluations are kept in a journal: a calibration that "
            "is stopped goes on where it was, and ends the same."
        ),
        examples=(
            "  empowersim calibrate --out out/fit.yaml\n"
            "  empowersim calibrate --parameters profit_per_practice,advice_fade --rows C102,C110 --members 0"
        ),
    )
    command.add_argument("--out", metavar="FILE", default="out/fit.yaml", help="file to write (default: out/fit.yaml)")
    command.add_argument("--journal", metavar="FILE", help="journal of evaluations (default: beside it)")
    command.add_argument("--parameters", metavar="P,P", type=_words, help="only these (default: all that are fitted)")
    command.add_argument("--rows", metavar="ROW,ROW", type=_words, help="only these rows (default: the fitted)")
    command.add_argument("--members", metavar="M", type=int, default=100, help="members of the ensemble (default: 100)")
    command.add_argument("--leave-out-steps", metavar="K", type=int, default=2, help="steps of each refit")
    command.add_argument("--evaluations", metavar="N", type=int, help="most evaluations of the fit itself")
    command.add_argument("--size", metavar="X", type=float, default=1.0, help="factor on the villages of every study")
    command.add_argument("--seed", metavar="S", type=int, default=1, help="seed of all random numbers (default: 1)")
    command.add_argument("--workers", metavar="K", type=int, default=0, help="processes (default: 0, all cores)")
    add_lang(command, "words")
    command.set_defaults(handler=_calibrate)


# ---------------------------------------------------------------- reading words


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise argparse.ArgumentTypeError("expected words with commas between them, as C102,C110")
    return words


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in _words(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers with commas between them, as 20,50; found {text!r}"
        ) from None


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in _words(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected shares with commas between them, as 0.4,0.8; found {text!r}"
        ) from None


def _check_numbers(asked: argparse.Namespace) -> None:
    """Raise `EmpowersimError` for an option that no command can use, before anything is simulated."""
    from empowersim.errors import EmpowersimError
    from empowersim.experiments.asked import SEEDS, whole_number

    reach: dict[str, tuple[int, int | None]] = {
        "seed": (0, SEEDS - 1),
        "replicate": (0, SEEDS - 1),
        "draws": (1, None),
        "threads": (0, None),
        "workers": (0, None),
        "members": (0, None),
        "leave_out_steps": (0, None),
        "evaluations": (1, None),
    }
    for name, (low, high) in reach.items():
        value = getattr(asked, name, None)
        if value is not None:
            whole_number(f"--{name.replace('_', '-')}", value, low, high)
    size = getattr(asked, "size", 1.0)
    if not 0.0 < size < float("inf"):
        raise EmpowersimError(f"--size: expected a number above 0, found {size:g}")


def _check_folders(*folders: str | os.PathLike[str]) -> None:
    """Make folders that results go to; `StoreError` with a remedy where nothing can be written, before long work."""
    from empowersim.errors import StoreError
    from empowersim.results.store import check_writable

    for folder in folders:
        try:
            check_writable(folder)
        except StoreError as error:
            said = str(error)
            raise StoreError(said if ";" in said else f"{said}; name another folder") from error


def _threads(asked: int) -> int:
    from empowersim.experiments.executors import available_threads

    return asked or available_threads()


def _values(asked: argparse.Namespace) -> Any:
    """Parameters as shipped, or those of a calibration."""
    from empowersim.parameters import parameters

    if asked.fit is None:
        return parameters()
    from empowersim.calibration.store import load_fit, overrides

    return parameters(overrides(load_fit(asked.fit)))


def _in_worlds(trial: Trial, world: str) -> list[tuple[str, Trial]]:
    """A trial in the worlds asked for, each with a word on it."""
    from dataclasses import replace

    named = {"trap": True, "no_trap": False}
    if world == "file":
        return [("", trial)]
    chosen = list(named) if world == "both" else [world]
    return [
        (f" ({name.replace('_', ' ')})", replace(trial, context=replace(trial.context, trap=named[name])))
        for name in reversed(chosen)
    ]


@contextmanager
def _progress(asked: argparse.Namespace, what: str, unit: str) -> Iterator[Callable[[int, int, str], None]]:
    from empowersim._jit import is_compiled
    from empowersim.fronts.terminal import progress_on

    with progress_on(sys.stderr, what, first_run=not is_compiled(), unit=unit, lang=asked.lang) as progress:
        yield progress


def _print_json(document: Any) -> None:
    import json

    print(json.dumps(document, indent=1, ensure_ascii=False))


# ---------------------------------------------------------------- doing it


def _trial(asked: argparse.Namespace) -> int:
    from empowersim.errors import EmpowersimError
    from empowersim.fronts.labels import bundled
    from empowersim.trials.library import find, packaged
    from empowersim.trials.load import describe, load, sources

    _check_numbers(asked)
    if asked.list:
        for name, path in packaged().items():
            print(f"{name}: {bundled(load(path).title, asked.lang)}")
        return DONE
    if asked.file is None:
        raise EmpowersimError("expected a trial file or the name of a packaged trial; see empowersim trial --list")
    path = find(asked.file)
    trial = load(path)
    if asked.check:
        for what, value, source in describe(trial, sources(path)):
            print(f"{what}: {value}" + (f"  [{source}]" if source else ""))
        return DONE
    from dataclasses import replace

    from empowersim.fronts.terminal import console
    from empowersim.fronts.trial_terminal import show_trial, trial_json
    from empowersim.trials.estimate import effects
    from empowersim.trials.run import draw, expected

    values, documents = _values(asked), []
    for note, world in _in_worlds(trial, asked.world):
        named = replace(world, title=world.title + note)
        panel = draw(named, values, seed=asked.seed, replicate=asked.replicate)
        found = effects(panel, named, robust=not asked.naive)
        without_error = expected(named, values, seed=asked.seed, replicate=asked.replicate)
        if asked.json:
            documents.append(trial_json(named, found, expected=without_error))
        else:
            show_trial(named, found, console(), expected=without_error, lang=asked.lang)
            print()
    if asked.json:
        _print_json(documents[0] if len(documents) == 1 else documents)
    return DONE


def _power(asked: argparse.Namespace) -> int:
    from dataclasses import replace

    from empowersim.errors import EmpowersimError
    from empowersim.fronts.labels import text
    from empowersim.fronts.terminal import console
    from empowersim.fronts.trial_terminal import power_json, show_power
    from empowersim.trials.library import find
    from empowersim.trials.load import load
    from empowersim.trials.power import power

    _check_numbers(asked)
    trial = load(find(asked.file))
    if not trial.estimates:
        raise EmpowersimError(f"{trial.title}: expected an estimate to look for, found none in the file")
    estimate = asked.estimate or trial.estimates[0].name
    values, documents = _values(asked), []
    for note, world in _in_worlds(trial, asked.world):
        with _progress(asked, text("power.progress", asked.lang), "trials") as progress:
            table = power(
                replace(world, title=world.title + note),
                values,
                estimate=estimate,
                villages=asked.villages,
                households=asked.households,
                take_up=asked.take_up,
                draws=asked.draws,
                seed=asked.seed,
                workers=_threads(asked.threads),
                progress=progress,
            )
        if asked.json:
            documents.append(power_json(table))
        else:
            show_power(table, console(), asked.lang)
    if asked.json:
        _print_json(documents[0] if len(documents) == 1 else documents)
    return DONE


def _validate(asked: argparse.Namespace) -> int:
    from empowersim.errors import EmpowersimError
    from empowersim.evidence.base import chosen
    from empowersim.fronts.labels import text
    from empowersim.parameters import digest

    _check_numbers(asked)
    if asked.out is not None and (asked.rows is not None or asked.world != "file"):
        raise EmpowersimError("--out: expected all rows in the worlds of the files; leave --rows and --world away")
    rows, values = chosen(asked.rows), _values(asked)
    if asked.out is not None:
        _check_folders(asked.out, f"{asked.out}/img")
    worlds: tuple[tuple[str, bool | None], ...] = (("", None),) if asked.world == "file" else _WORLDS[asked.world]
    judged = {name: _judged(asked, rows, values, name, trap) for name, trap in worlds}
    if asked.json:
        documents = [_verdicts_json(verdicts, name, digest(values), asked) for name, verdicts in judged.items()]
        _print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for name, verdicts in judged.items():
            _show_verdicts(asked, verdicts, name, short=asked.rows is None)
    if asked.out is not None:
        from empowersim.calibration.evidence import unfitted
        from empowersim.fronts.evidence_page import write_evidence

        written = write_evidence(
            judged[""],
            asked.out,
            values=values,
            seed=asked.seed,
            size=asked.size,
            fit=asked.fit,
            worlds={
                f"the world with{'' if trap else 'out'} a trap": _judged(asked, rows, values, name, trap)
                for name, trap in _WORLDS["both"]
            },
            baselines={name: _judged(asked, rows, found, "not fitted", None) for name, found in unfitted().items()},
        )
        files = ", ".join(path.name for path in written)
        print(text("cli.written", asked.lang, folder=asked.out, files=files), file=sys.stderr)
    return DONE


def _judged(asked: argparse.Namespace, rows: Sequence[str], values: Any, world: str, trap: bool | None) -> Any:
    """Verdicts of rows in one world (None: as the trial files say)."""
    from empowersim.evidence.judge import judge_all
    from empowersim.evidence.simulated import simulate_rows
    from empowersim.fronts.evidence_terminal import world_in_words
    from empowersim.fronts.labels import text

    if world:
        what = text("evidence.studies_in", asked.lang, world=world_in_words(world, asked.lang))
    else:
        what = text("evidence.studies", asked.lang)
    with _progress(asked, what, "studies") as progress:
        simulated = simulate_rows(
            rows,
            values,
            seed=asked.seed,
            size=asked.size,
            threads=_threads(asked.threads),
            progress=progress,
            trap=trap,
        )
    return judge_all(simulated, rows)


_WORLDS: Final[dict[str, tuple[tuple[str, bool | None], ...]]] = {
    "trap": (("trap", True),),
    "no_trap": (("no trap", False),),
    "both": (("no trap", False), ("trap", True)),
}


def _show_verdicts(asked: argparse.Namespace, verdicts: Any, world: str, *, short: bool) -> None:
    from empowersim.fronts.evidence_terminal import show_verdicts
    from empowersim.fronts.terminal import console

    show_verdicts(verdicts, console(), world=world, everything=not short, lang=asked.lang)


def _verdicts_json(verdicts: Any, world: str, parameters: str, asked: argparse.Namespace) -> dict[str, Any]:
    from empowersim.fronts.evidence_terminal import verdicts_json

    return verdicts_json(verdicts, world=world, parameters=parameters, seed=asked.seed, size=asked.size)


def _calibrate(asked: argparse.Namespace) -> int:
    from pathlib import Path

    from empowersim.calibration.evidence import evidence_problem
    from empowersim.calibration.run import calibrate
    from empowersim.calibration.store import write_fit
    from empowersim.errors import StoreError
    from empowersim.evidence.base import chosen
    from empowersim.fronts.evidence_terminal import calibration_progress, show_fit
    from empowersim.fronts.labels import text
    from empowersim.fronts.terminal import console

    _check_numbers(asked)
    chosen(asked.rows)  # names the nearest row to one that is not known
    problem = evidence_problem(names=asked.parameters, rows=asked.rows, seed=asked.seed, size=asked.size)
    target = Path(asked.out)
    journal = Path(asked.journal) if asked.journal else target.with_suffix(".journal")
    for option, file in (("--out", target), ("--journal", journal)):
        if file.is_dir():
            raise StoreError(f"{option}: expected a file to write, found the folder {file}; name a file in it")
    if target == journal:
        raise StoreError(f"--journal: expected another file than --out, found {journal} twice; name another")
    _check_folders(target.parent, journal.parent)
    size = {"parameters": len(problem.names), "rows": len(problem.rows)}
    print(text("evidence.journal", asked.lang, **size, journal=journal), file=sys.stderr)
    found = calibrate(
        problem,
        journal,
        workers=_threads(asked.workers),
        step=_STEP,
        tolerance=_TOLERANCE,
        maximum=asked.evaluations,
        members=asked.members,
        leave_out_steps=asked.leave_out_steps,
        made={"size": asked.size, "program": problem.version},
        progress=calibration_progress(sys.stderr, asked.lang),
    )
    write_fit(target, found)
    show_fit(found, console(), asked.lang)
    print(text("evidence.use_fit", asked.lang, target=target), file=sys.stderr)
    return DONE


_STEP: Final = 0.25
"""Width of a difference quotient in prior standard deviations: wider than the pieces that single households leave."""
_TOLERANCE: Final = 3e-3
"""Share of the loss that a further step must promise."""
