"""The command `report`. It reads words, compares if it must, and writes files; it computes nothing."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import StoreError

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer, Ceilings

DONE: Final = 0
_READABLE: Final = 0o644


def add_report(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "report",
        help="write a report to hand in, and an Excel file",
        description=(
            "Write one HTML file that says what was asked, which policy is best and how sure that is, what it costs,\n"
            "who gains and who is missed, what would change the answer, and on which sources all of it stands.\n"
            "It has no scripts, prints to A4, and needs no network.\n"
            "Of a folder that compare --out wrote nothing is simulated again; a scenario file is compared first."
        ),
        examples=(
            "  empowersim report scenarios/medan.yaml --households 2000 -o report.html\n"
            "  empowersim report scenarios/medan.yaml --lang id -o laporan.html --excel laporan.xlsx\n"
            "  empowersim report scenarios/medan.yaml --deep --ceiling 'Rp 65 miliar/tahun' -o report.html\n"
            "  empowersim report out/medan --scenario scenarios/medan.yaml -o report.html"
        ),
    )
    command.add_argument("source", metavar="DIR|FILE", help="folder of results, or a scenario file (YAML)")
    command.add_argument("-o", "--output", metavar="FILE", default="report.html", help="default: report.html")
    command.add_argument("--excel", metavar="FILE", help="also write the numbers as an Excel file (.xlsx)")
    command.add_argument("--lang", choices=("en", "id"), default="en", help="language (default: en)")
    command.add_argument("--force", action="store_true", help="replace files that are there")
    made = command.add_argument_group("what stands in it")
    made.add_argument("--scenario", metavar="FILE", help="with a folder: its scenario file, for sources and grades")
    made.add_argument("--ceiling", metavar="MONEY", help="money there is, as '12 billion IDR/year'")
    made.add_argument("--mentors", metavar="N", type=_posts, help="mentor posts there are")
    made.add_argument(
        "--deep", action="store_true", help="also simulate other sizes of the budget and every assumption moved: slow"
    )
    made.add_argument("--keep", metavar="DIR", help="with --deep: keep what is simulated here, and go on from it")
    sizes = command.add_argument_group("with a scenario file: size and length (default: as the file says)")
    sizes.add_argument("--policies", metavar="A,B", type=_names, help="only these policies, and the reference")
    sizes.add_argument("--replicates", metavar="N", type=int, help="futures")
    sizes.add_argument("--households", metavar="N", type=int, help="households in each future")
    sizes.add_argument("--months", metavar="T", type=int, help="months from the start of the policies")
    sizes.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers, 0 to 4294967295")
    sizes.add_argument("--threads", metavar="K", type=int, help="threads (default: all cores)")
    sizes.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    command.set_defaults(handler=run_report)


def run_report(asked: argparse.Namespace) -> int:
    """Write what is asked for; raises `StoreError`, `ScenarioError` or `SimulationError` for what cannot be done."""
    from empowersim.fronts.excel import excel_path, write_excel
    from empowersim.fronts.report import report_html

    # say what cannot be written before the run, not after
    targets = [_free(Path(asked.output), asked.force)]
    if asked.excel is not None:
        targets.append(_free(excel_path(asked.excel), asked.force))
        _needs_xlsxwriter()
    if targets[0].suffix.lower() not in (".html", ".htm"):
        raise StoreError(f"{targets[0]}: expected a name that ends in .html for the report; use --excel for an .xlsx")
    found, file = _found(asked)
    _write(targets[0], report_html(found, asked.lang, file=file).encode("utf-8"))
    if asked.excel is not None:
        content = io.BytesIO()
        write_excel(found, content, asked.lang, file=file)
        _write(targets[1], content.getvalue())
    for target in targets:
        print(f"Written: {target} ({target.stat().st_size // 1024} kB)")
    return DONE


def _found(asked: argparse.Namespace) -> tuple[Answer, str]:
    """The answer, and the name of its scenario file."""
    from empowersim.experiments.answer import Ceilings

    source = Path(asked.source)
    ceilings = Ceilings(None if asked.ceiling is None else _money(asked.ceiling), asked.mentors)
    if not source.exists():
        raise StoreError(f"{source}: expected a folder of results or a scenario file, found nothing of that name")
    found, file = _stored(asked, source, ceilings) if source.is_dir() else _compared(asked, ceilings)
    return (_deepened(asked, found) if asked.deep else found), file


def _stored(asked: argparse.Namespace, source: Path, ceilings: Ceilings) -> tuple[Answer, str]:
    from empowersim.experiments.answer import answer_of
    from empowersim.scenario.load import load

    given = ("policies", "replicates", "households", "months", "seed")
    wrong = [name for name in given if getattr(asked, name) is not None]
    if wrong:
        raise StoreError(
            f"{source}: expected a scenario file with --{wrong[0]}; results that are stored stay as they are"
        )
    if asked.scenario is None:
        if asked.deep:
            raise StoreError("--deep: expected the scenario to simulate; add --scenario FILE, or name the file itself")
        return answer_of(source, ceilings=ceilings), ""
    scenario = load(asked.scenario, survey=asked.survey)
    return answer_of(source, ceilings=ceilings, scenario=scenario), asked.scenario


def _compared(asked: argparse.Namespace, ceilings: Ceilings) -> tuple[Answer, str]:
    from empowersim._jit import is_compiled
    from empowersim.experiments.answer import answer_of
    from empowersim.experiments.compare import execute, plan
    from empowersim.fronts.labels import text
    from empowersim.fronts.terminal import progress_on
    from empowersim.scenario.load import load

    if asked.scenario is not None:
        raise StoreError("--scenario: expected with a folder of results; here the scenario is named already")
    loaded = load(asked.source, survey=asked.survey)
    sizes = {name: getattr(asked, name) for name in ("policies", "replicates", "households", "months", "seed")}
    made = plan(loaded, **sizes)
    what = text("report.simulated", asked.lang, policies=len(made.policies), months=made.months)
    with progress_on(sys.stderr, what, first_run=not is_compiled(), lang=asked.lang) as progress:
        result = execute(made, threads=asked.threads, progress=progress)
    return answer_of(result, ceilings=ceilings, scenario=loaded), asked.source


def _deepened(asked: argparse.Namespace, found: Answer) -> Answer:
    from empowersim._jit import is_compiled
    from empowersim.experiments.answer import deepened
    from empowersim.fronts.labels import text
    from empowersim.fronts.terminal import progress_on

    what = text("report.simulated_deep", asked.lang)
    with progress_on(sys.stderr, what, first_run=not is_compiled(), unit="simulations", lang=asked.lang) as progress:
        return deepened(found, threads=asked.threads, keep=asked.keep, progress=progress)


def _money(words: str) -> float:
    """Money of a year in IDR, read as in scenario files; a year is meant where nothing is said of time."""
    from empowersim.scenario.units import BUDGET, MONEY, UnitError, split

    try:
        return (BUDGET if split(words).per else MONEY).read(words)
    except UnitError as error:
        raise StoreError(f"--ceiling: expected {BUDGET.expected}, found {words!r}; {error}") from error


def _posts(words: str) -> float:
    try:
        found = float(words)
    except ValueError:
        found = -1.0
    if not found >= 0.0:
        raise argparse.ArgumentTypeError(f"expected a number of posts, 0 or more, found {words!r}")
    return found


def _names(words: str) -> list[str]:
    names = [name.strip() for name in words.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("expected names with commas between them, as skills_training,balanced_mix")
    return names


def _free(target: Path, force: bool) -> Path:
    """A path that may be written: in a folder that is there, and not there yet unless `force`."""
    if target.is_dir():
        raise StoreError(f"{target}: expected a file name, found a folder; name a file in it")
    if not target.parent.is_dir():
        raise StoreError(f"{target}: expected a folder {target.parent} that is there; make it first")
    if target.exists() and not force:
        raise StoreError(f"{target}: expected no such file yet, found one; name another, or add --force to replace it")
    return target


def _needs_xlsxwriter() -> None:
    from importlib.util import find_spec

    if find_spec("xlsxwriter") is None:
        raise StoreError("an Excel file needs XlsxWriter, which is not installed: pip install 'empowersim[report]'")


def _write(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    made = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".writing-", delete=False) as file:
            made = Path(file.name)
            file.write(content)
        made.chmod(_READABLE)
        os.replace(made, target)
    except OSError as error:
        raise StoreError(f"{target}: expected a place that can be written, found {error.strerror or error}") from error
    finally:
        if made is not None:
            made.unlink(missing_ok=True)
