"""The command sensitivity: which inputs move an outcome. It reads words and prints; it computes nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.cli_words import add_lang, say_written

if TYPE_CHECKING:
    from empowersim.experiments.responses import Input
    from empowersim.experiments.sensitivity import Progress
    from empowersim.experiments.sensitivity_result import Sensitivity

DONE: Final = 0
_HOUSEHOLDS: Final = 2000
_FUTURES: Final = 4


def add_sensitivity(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "sensitivity",
        help="say which parameters and levers move an outcome, and how sure that is",
        description=(
            "Move parameters (over the bounds of their passports, or the spread of the calibrated ensemble) and\n"
            "levers of the scenario file, all through the same futures, and say which of them move an outcome.\n"
            "morris screens many inputs cheaply (samples x (inputs + 1) runs); sobol shares the variance\n"
            "of the outcome out among a few (samples x (inputs + 2) runs), with 95 % intervals. With --against the\n"
            "outcome is the difference between two policies in the same future. The numbers do not depend on --threads."
        ),
        examples=(
            "  empowersim sensitivity scenarios/medan.yaml --policy mix_mentors --against balanced_mix\n"
            "  empowersim sensitivity scenarios/medan.yaml --parameters mentoring --outcome empowerment_index\n"
            "  empowersim sensitivity scenarios/medan.yaml --method sobol --samples 128 \\\n"
            "      --parameters profit_per_practice,job_finding --out out/sobol\n"
            "  empowersim sensitivity scenarios/medan.yaml --parameters none \\\n"
            '      --lever "policies.mix_mentors.mentors.budget=6..18 billion IDR/year" --outcome voice\n'
            "  empowersim sensitivity scenarios/medan.yaml --ranges ensemble --json > screened.json"
        ),
    )
    command.add_argument("file", metavar="FILE", help="scenario file (YAML)")
    command.add_argument("--method", choices=("morris", "sobol"), default="morris", help="default: morris")
    command.add_argument(
        "--outcome",
        metavar="O,O",
        type=_words,
        default=("poverty_headcount",),
        help="outcomes to explain, from the same runs (default: poverty_headcount)",
    )
    command.add_argument("--policy", metavar="A", help="policy under which (default: the last of the file)")
    command.add_argument("--against", metavar="B", help="explain the difference of A from this policy, not the level")
    inputs = command.add_argument_group("what moves")
    inputs.add_argument(
        "--parameters",
        metavar="P,P",
        type=_words,
        default=("all",),
        help="parameters or topics (mentoring, income, ...), all (those the scenario uses), or none (default: all)",
    )
    inputs.add_argument(
        "--lever",
        metavar="PATH=LOW..HIGH UNIT",
        action="append",
        default=[],
        help="a key path of the file whose number moves; may be given more than once",
    )
    inputs.add_argument(
        "--ranges",
        choices=("bounds", "ensemble"),
        default="bounds",
        help="parameters move over their bounds, or, where they were fitted, over the mean of the calibrated ensemble "
        "± two standard deviations (default: bounds)",
    )
    inputs.add_argument("--fit", metavar="FILE", help="parameter file of a calibration, for --ranges ensemble")
    sizes = command.add_argument_group("size (what is not given stands in the file)")
    number = sizes.add_mutually_exclusive_group()
    number.add_argument("--trajectories", metavar="N", type=int, dest="samples", help="of morris (default: 20)")
    number.add_argument("--samples", metavar="N", type=int, help="of sobol: a power of two (default: 256)")
    sizes.add_argument("--futures", metavar="R", type=int, default=_FUTURES, help="of each run (default: 4)")
    sizes.add_argument(
        "--households", metavar="N", type=int, default=_HOUSEHOLDS, help=f"in each future (default: {_HOUSEHOLDS:,})"
    )
    sizes.add_argument("--months", metavar="T", type=int, help="months from the start of the policies")
    sizes.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers and of the design")
    sizes.add_argument("--threads", metavar="K", type=int, help="threads (default: all cores)")
    sizes.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    sizes.add_argument(
        "--world",
        choices=("file", "trap", "no_trap", "both"),
        default="file",
        help="in the world with a poverty trap, without one, or both as an input (default: as the file says)",
    )
    outputs = command.add_argument_group("what comes out")
    outputs.add_argument("--all", action="store_true", help="print every input, not only the first fifteen")
    outputs.add_argument(
        "--out", metavar="DIR", help="also write Parquet tables, provenance.json and figures into this folder"
    )
    outputs.add_argument("--force", action="store_true", help="replace results of other inputs in that folder")
    add_lang(outputs)
    outputs.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_sensitivity)


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise argparse.ArgumentTypeError("expected names with commas between them, as profit_per_practice,job_finding")
    return words


def _sensitivity(asked: argparse.Namespace) -> int:
    from empowersim.experiments.responses import lever, parameter_inputs
    from empowersim.experiments.sensitivity import checked_samples, runs_of, sensitivity
    from empowersim.fronts.labels import text
    from empowersim.fronts.numbers import number
    from empowersim.results.store import check_writable
    from empowersim.scenario.load import load
    from empowersim.scenario.worlds import in_world

    if asked.out is not None:
        check_writable(asked.out)
    loaded = in_world(load(asked.file, survey=asked.survey), asked.world)
    inputs: list[Input] = [lever(text) for text in asked.lever]
    if asked.parameters != ("none",):
        names = None if asked.parameters == ("all",) else asked.parameters
        inputs = [*parameter_inputs(loaded, names, spread=_spread(asked)), *inputs]
    runs = runs_of(asked.method, len(inputs), checked_samples(asked.method, asked.samples))
    size = {"runs": number(runs, 0, asked.lang), "inputs": len(inputs), "futures": asked.futures}
    with _progress(asked, text("sensitivity.progress", asked.lang, **size)) as progress:
        found = sensitivity(
            loaded,
            inputs,
            method=asked.method,
            outcomes=asked.outcome,
            policy=asked.policy,
            against=asked.against,
            samples=asked.samples,
            futures=asked.futures,
            households=asked.households,
            months=asked.months,
            seed=asked.seed,
            threads=asked.threads,
            progress=progress,
        )
    if asked.json:
        print(found.to_json())
    else:
        from empowersim.fronts.sensitivity_terminal import show_sensitivity
        from empowersim.fronts.terminal import console

        show_sensitivity(found, console(), everything=asked.all, lang=asked.lang)
    if asked.out is not None:
        _write(asked, found)
    return DONE


def _spread(asked: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Ends of fitted parameters, if the ensemble is asked for."""
    if asked.ranges == "bounds" and asked.fit is None:
        return {}
    from empowersim.fronts.evidence_api import calibrated_spread

    return calibrated_spread(asked.fit)


@contextmanager
def _progress(asked: argparse.Namespace, what: str) -> Iterator[Progress]:
    from empowersim._jit import is_compiled
    from empowersim.fronts.terminal import progress_on

    with progress_on(sys.stderr, what, first_run=not is_compiled(), unit="runs", lang=asked.lang) as progress:
        yield progress


def _write(asked: argparse.Namespace, found: Sensitivity) -> None:
    from empowersim.experiments.sheets import write_sheets
    from empowersim.fronts.sensitivity_plots import save_sensitivity

    def extra(folder: Path) -> None:
        save_sensitivity(found, folder, lang=asked.lang)

    files = write_sheets(
        "sensitivity",
        found.sheets(),
        asked.out,
        run_id=found.run_id,
        inputs=found.asked,
        extra=extra,
        force=asked.force,
    )
    say_written(asked, asked.out, (path.name for path in files))
