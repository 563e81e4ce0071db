"""The command line. It reads words, calls the public functions and prints; it computes nothing.

Exit codes: 0 done; 2 something is wrong with what was given (message on standard error, no
traceback); 130 stopped with Ctrl-C.

Everything heavy is imported inside the handlers, so that ``empowersim --help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from empowersim._version import __version__
from empowersim.errors import EmpowersimError
from empowersim.fronts.audit_cli import add_audit, add_executor, add_from, asked_burn_in, asked_executor
from empowersim.fronts.cli_words import add_lang, error_in_words, lang_of, say_written
from empowersim.fronts.dashboard_cli import add_dashboard
from empowersim.fronts.decide_cli import add_decide
from empowersim.fronts.evidence_cli import add_evidence
from empowersim.fronts.optimise_cli import add_optimise
from empowersim.fronts.report_cli import add_report
from empowersim.fronts.sensitivity_cli import add_sensitivity
from empowersim.fronts.story_cli import add_story
from empowersim.fronts.sweep_cli import add_sweep
from empowersim.fronts.village_cli import add_village

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from empowersim.experiments.compare import Plan, Progress
    from empowersim.experiments.factors import FactorPlan
    from empowersim.results.comparison import Comparison
    from empowersim.results.factors import FactorTable

DONE: Final = 0
WRONG: Final = 2
STOPPED: Final = 130

_FILE = "scenario file (YAML)"


class _Parser(argparse.ArgumentParser):
    """A parser whose options must be written in full, with examples under its help."""

    def __init__(self, *arguments: Any, examples: str = "", **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        if examples:
            options["epilog"] = f"examples:\n{examples}"
        super().__init__(*arguments, **options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (those of the process if None); return the exit code."""
    parser = _parser()
    try:
        asked = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has printed its message
        return int(stop.code or DONE)
    try:
        handler: Callable[[argparse.Namespace], int] = asked.handler
        code = handler(asked)
        sys.stdout.flush()
        return code
    except EmpowersimError as error:
        print(error_in_words(error, asked.command, lang_of(asked)), file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        # the reader (head, less) has gone; keep Python from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print(f"\n{_stopped(lang_of(asked))}", file=sys.stderr, flush=True)
        if threading.active_count() > 1:
            os._exit(STOPPED)  # futures under way cannot be interrupted; do not wait for them
        return STOPPED


def _stopped(lang: Any) -> str:
    from empowersim.fronts.labels import text

    return text("cli.stopped", lang)


# ---------------------------------------------------------------- what may be asked


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="empowersim",
        description="Simulate community-empowerment programmes: who gains, who loses, what it costs, how sure.",
        examples=(
            "  empowersim check scenarios/medan.yaml\n"
            "  empowersim compare scenarios/medan.yaml --households 5000 --replicates 20\n"
            "  empowersim compare scenarios/medan.yaml --out out/medan\n"
            "  empowersim compare scenarios/medan.yaml --world both\n"
            "  empowersim factors scenarios/medan.yaml\n"
            "  empowersim decide scenarios/medan.yaml --settle best\n"
            "  empowersim optimise scenarios/optimise/medan.yaml\n"
            "  empowersim sweep scenarios/sweeps/mentors.yaml --out out/mentors\n"
            "  empowersim story scenarios/medan.yaml --find leaves-poverty --policies no_programme,mix_mentors\n"
            "  empowersim trial togo\n"
            "  empowersim validate\n"
            "  empowersim cite scenarios/medan.yaml\n"
            "\n'empowersim COMMAND --help' tells more of a command."
        ),
    )
    parser.add_argument("--version", action="version", version=f"empowersim {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_compare(commands)
    _add_run(commands)
    _add_factors(commands)
    add_decide(commands)
    add_optimise(commands)
    add_report(commands)
    add_dashboard(commands)
    add_sweep(commands)
    add_sensitivity(commands)
    add_story(commands)
    add_village(commands)
    add_audit(commands)
    add_evidence(commands)
    _add_check(commands)
    _add_diff(commands)
    _add_cite(commands)
    _add_schema(commands)
    _add_lists(commands)
    return parser


def _add_compare(commands: Any) -> None:
    command = commands.add_parser(
        "compare",
        help="compare the policies of a scenario on the same futures",
        description=(
            "Compare the policies of a scenario on the same simulated futures: levels and paired differences with\n"
            "95 % intervals, in how many of 100 futures a policy is better, winners and losers, cost.\n"
            "What is not given here stands in the file; more than a million --households mean one future unless\n"
            "--replicates says otherwise. The numbers do not depend on --threads.\n"
            "With --world both (or trap: both in the file) policies are compared in a world with a poverty trap and\n"
            "in one without, on the same random numbers, and a table says whether the answer changes."
        ),
        examples=(
            "  empowersim compare scenarios/medan.yaml\n"
            "  empowersim compare scenarios/medan.yaml --policies skills_training,balanced_mix --replicates 50\n"
            "  empowersim compare scenarios/medan.yaml --households 20000 --months 60 --out out/medan\n"
            "  empowersim compare scenarios/medan.yaml --world both --out out/medan-worlds\n"
            "  empowersim compare scenarios/medan.yaml --json > medan.json"
        ),
    )
    command.add_argument("file", metavar="FILE", help=_FILE)
    command.add_argument(
        "--policies", metavar="A,B", type=_names, help="only these policies (the reference always comes along)"
    )
    command.add_argument("--reference", metavar="NAME", help="policy that the others are compared with")
    _add_world(command, ("file", "trap", "no_trap", "both"))
    _add_sizes(command)
    add_executor(command)
    add_from(command)
    command.set_defaults(handler=_compare)


def _add_run(commands: Any) -> None:
    command = commands.add_parser(
        "run",
        help="simulate one policy",
        description=(
            "Simulate one policy of a scenario: its outcomes with 95 % intervals, its money, its paths. More than a\n"
            "million --households mean one future unless --replicates says otherwise."
        ),
        examples=(
            "  empowersim run scenarios/medan.yaml --policy balanced_mix\n"
            "  empowersim run scenarios/medan.yaml --policy no_programme --months 120 --json\n"
            "  empowersim run scenarios/indonesia.yaml --policy mix_mentors --households 74000000 --months 120"
        ),
    )
    command.add_argument("file", metavar="FILE", help=_FILE)
    command.add_argument("--policy", metavar="NAME", help="policy to simulate (default: the reference of the file)")
    _add_world(command, ("file", "trap", "no_trap", "both"))
    _add_sizes(command)
    add_executor(command)
    add_from(command)
    command.set_defaults(handler=_run)


def _add_factors(commands: Any) -> None:
    command = commands.add_parser(
        "factors",
        help="say what each supporting and inhibiting factor accounts for",
        description=(
            "Take the supporting and inhibiting factors of a scenario away, one at a time, on the same simulated\n"
            "futures, and say what each accounts for: poverty, empowerment, say and voice, visits to clients, with\n"
            "95 % intervals. "
            "With two files, both rankings side by side. Default size: 10 futures of 10,000 households."
        ),
        examples=(
            "  empowersim factors scenarios/medan.yaml\n"
            "  empowersim factors scenarios/medan.yaml --policy mix_mentors --outcome visits_per_client\n"
            "  empowersim factors scenarios/medan.yaml --of effect --out out/factors\n"
            "  empowersim factors scenarios/medan.yaml scenarios/remote-islands.yaml"
        ),
    )
    command.add_argument("file", metavar="FILE", help=f"{_FILE}, or FILE:POLICY")
    command.add_argument("other", metavar="FILE2", nargs="?", help="another scenario file whose ranking is set beside")
    command.add_argument(
        "--policy",
        metavar="NAME",
        help="policy under which the factors are taken away (default: the last with mentors)",
    )
    command.add_argument("--factors", metavar="A,B", type=_names, help="only these factors")
    command.add_argument(
        "--outcome", metavar="NAME", default="poverty_headcount", help="outcome to rank by (default: poverty_headcount)"
    )
    command.add_argument(
        "--of",
        choices=("level", "effect"),
        default="level",
        help="rank by what a factor adds to the level of the outcome, or to the effect of the policy (default: level)",
    )
    _add_world(command, ("file", "trap", "no_trap"))
    _add_sizes(command)
    command.set_defaults(handler=_factors)


def _add_world(command: argparse.ArgumentParser, choices: Sequence[str]) -> None:
    both = ", or in both" if "both" in choices else ""
    command.add_argument(
        "--world",
        choices=choices,
        default="file",
        help=f"in the world with a poverty trap, or without one{both} (default: as the file says)",
    )


def _add_sizes(command: argparse.ArgumentParser) -> None:
    sizes = command.add_argument_group("size and length (default: as the file says)")
    sizes.add_argument("--replicates", metavar="R", type=int, help="futures to simulate")
    sizes.add_argument("--households", metavar="N", type=int, help="households in each future")
    sizes.add_argument("--months", metavar="T", type=int, help="months from the start of the policies")
    sizes.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers, 0 to 4294967295")
    sizes.add_argument("--threads", metavar="K", type=int, help="threads (default: all cores)")
    _add_survey(sizes)
    outputs = command.add_argument_group("what comes out")
    outputs.add_argument(
        "--out", metavar="DIR", help="also write Parquet tables, provenance.json and PNG figures into this folder"
    )
    outputs.add_argument("--force", action="store_true", help="replace results of other inputs in that folder")
    add_lang(outputs)
    outputs.add_argument("--all", action="store_true", help="print all tables and outcomes, not only the chief ones")
    outputs.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _add_survey(command: Any) -> None:
    command.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")


def _add_check(commands: Any) -> None:
    command = commands.add_parser(
        "check",
        help="check a scenario file and say what it means",
        description=(
            "Check a scenario file. If it can be run, say in plain sentences what it means; if not, list everything\n"
            "that is wrong with it, with line, key, what was expected, what was found and what to do (exit code 2)."
        ),
        examples="  empowersim check scenarios/medan.yaml\n  empowersim check mine.yaml --json",
    )
    command.add_argument("file", metavar="FILE", help=_FILE)
    _add_survey(command)
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_check)


def _add_diff(commands: Any) -> None:
    command = commands.add_parser(
        "diff",
        help="say what two scenario files, or two policies, do differently",
        description="Say in plain sentences what two scenario files, or two policies, do differently.",
        examples=(
            "  empowersim diff medan.yaml islands.yaml                     two files\n"
            "  empowersim diff medan.yaml balanced_mix mix_mentors         two policies of a file\n"
            "  empowersim diff medan.yaml:skills islands.yaml:skills       policies of two files"
        ),
    )
    command.add_argument("a", metavar="A", help="FILE or FILE:POLICY")
    command.add_argument("b", metavar="B", help="FILE or FILE:POLICY, or the first policy")
    command.add_argument("c", metavar="C", nargs="?", help="the second policy, with A a file and B a policy")
    command.set_defaults(handler=_diff)


def _add_cite(commands: Any) -> None:
    command = commands.add_parser(
        "cite",
        help="list the sources of exactly the figures that a scenario uses",
        description=(
            "List the sources of exactly the figures that a scenario uses, grouped by confidence:\n"
            "A read in a source, B well known or fitted, C assumed."
        ),
        examples="  empowersim cite scenarios/medan.yaml\n  empowersim cite scenarios/medan.yaml --format json",
    )
    command.add_argument("file", metavar="FILE", help=_FILE)
    command.add_argument("--format", choices=("text", "json", "bibtex-like"), default="text", help="default: text")
    command.set_defaults(handler=_cite)


def _add_schema(commands: Any) -> None:
    command = commands.add_parser(
        "schema",
        help="print the JSON Schema of scenario files, for editors",
        description="Print the JSON Schema of scenario files, with which an editor completes and checks keys.",
        examples="  empowersim schema > scenario.schema.json",
    )
    command.set_defaults(handler=_schema)


def _add_lists(commands: Any) -> None:
    for name, what, handler in (
        ("places", "the places a scenario can name", _places),
        ("programmes", "the programmes of the library", _programmes),
    ):
        command = commands.add_parser(
            name,
            help=f"list {what}",
            description=f"List {what}.",
            examples=f"  empowersim {name}\n  empowersim {name} --json",
        )
        add_lang(command, "words")
        command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        command.set_defaults(handler=handler)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("expected names with commas between them, as skills_training,balanced_mix")
    return names


# ---------------------------------------------------------------- handlers


def _compare(asked: argparse.Namespace) -> int:
    return _simulate(asked, _in_world(asked), policies=asked.policies, reference=asked.reference)


def _run(asked: argparse.Namespace) -> int:
    loaded = _in_world(asked)
    name = asked.policy if asked.policy is not None else loaded.reference
    return _simulate(asked, loaded, policies=[name], reference=name)


def _in_world(asked: argparse.Namespace) -> Any:
    from empowersim.scenario.worlds import in_world

    return in_world(_load(asked), asked.world)


def _simulate(asked: argparse.Namespace, loaded: Any, **policies: Any) -> int:
    from empowersim.experiments.compare import plan
    from empowersim.scenario.documents import BOTH

    burnt = asked_burn_in(asked)
    if loaded.world.trap is not BOTH:
        return _finish(asked, plan(loaded, **policies, **_sizes(asked)), burnt)
    from empowersim.experiments.worlds import plan_worlds

    if burnt is not None:
        raise EmpowersimError("--from: expected one world, found both; a burn-in belongs to one of them")
    return _finish_worlds(asked, plan_worlds(loaded, **policies, **_sizes(asked)))


def _load(asked: argparse.Namespace) -> Any:
    from empowersim.scenario.load import load

    return load(asked.file, survey=asked.survey)


def _sizes(asked: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in ("replicates", "households", "months", "seed")}


def _finish(asked: argparse.Namespace, made: Plan, burnt: Any = None) -> int:
    from empowersim.experiments.compare import execute
    from empowersim.results import store

    if burnt is not None:
        burnt.check(made)
    if asked.out is not None:
        # say so before the run, not after
        store.check_target(made.run_id, asked.out, force=asked.force)
        store.check_writable(asked.out)
    what = _what("cli.policies_months", asked, len(made.policies), months=made.months)
    with asked_executor(asked) as executor, _progress(asked, what, _unit(made)) as progress:
        result = execute(
            made,
            threads=asked.threads,
            progress=progress,
            executor=executor,
            burnt=None if burnt is None else burnt.future,
        )
    if asked.json:
        print(result.to_json())
    else:
        from empowersim.fronts.terminal import console, show

        show(result, console(), everything=asked.all, lang=asked.lang)
    if asked.out is not None:
        from empowersim.results.store import write_comparison

        _say_written(asked, write_comparison(result, asked.out, force=asked.force, extra=_figures(asked)))
    return DONE


def _finish_worlds(asked: argparse.Namespace, plans: Mapping[str, Plan]) -> int:
    from empowersim.experiments.worlds import check_worlds, execute_worlds, write_worlds

    if asked.out is not None:
        check_worlds(plans, asked.out, force=asked.force)
    made = next(iter(plans.values()))
    what = _what("cli.policies_worlds", asked, len(made.policies), months=made.months, worlds=len(plans))
    with asked_executor(asked) as executor, _progress(asked, what, _unit(made)) as progress:
        found = execute_worlds(plans, threads=asked.threads, progress=progress, executor=executor)
    if asked.json:
        print(found.to_json())
    else:
        from empowersim.fronts.terminal import console
        from empowersim.fronts.world_terminal import show_worlds

        show_worlds(found, console(), everything=asked.all, lang=asked.lang)
    if asked.out is not None:
        _say_written(asked, write_worlds(found, asked.out, force=asked.force, extra=_figures(asked)))
    return DONE


def _factors(asked: argparse.Namespace) -> int:
    from empowersim.experiments.factors import execute_factors
    from empowersim.fronts.labels import text
    from empowersim.results import store

    plans = _factor_plans(asked)
    folders = _factor_folders(asked, plans)
    for made, folder in zip(plans, folders, strict=False):  # no folders without --out
        store.check_target(made.run_id, folder, force=asked.force)
        store.check_writable(folder)
    found: list[FactorTable] = []
    for made in plans:
        facts = {"name": made.scenario.name, "factors": len(made.factors), "months": made.months}
        with _progress(asked, text("cli.factors_months", asked.lang, **facts)) as progress:
            found.append(execute_factors(made, threads=asked.threads, progress=progress))
    _show_factors(asked, found)
    for table, folder in zip(found, folders, strict=False):
        _write_factors(asked, table, folder)
    return DONE


def _factor_plans(asked: argparse.Namespace) -> list[FactorPlan]:
    from empowersim.experiments.asked import known_name
    from empowersim.experiments.factors import ANALYSED, plan_factors
    from empowersim.scenario.load import load
    from empowersim.scenario.worlds import in_world

    known_name(asked.outcome, ANALYSED, "--outcome", "one of the outcomes")
    plans = []
    for given in (asked.file, asked.other):
        if given is None:
            continue
        file, own = _split(given)
        policy = own if own is not None else asked.policy
        loaded = in_world(load(file, survey=asked.survey), asked.world)
        made = plan_factors(loaded, policy, factors=asked.factors, **_sizes(asked))
        if asked.of == "effect" and made.policy == made.reference:
            raise EmpowersimError(
                f"--of effect: expected a policy other than the reference, found {made.policy}; name one with --policy"
            )
        plans.append(made)
    return plans


def _factor_folders(asked: argparse.Namespace, plans: Sequence[FactorPlan]) -> list[str]:
    """One folder an analysis; none without --out. Two analyses get a folder each below it."""
    if asked.out is None:
        return []
    if len(plans) == 1:
        return [asked.out]
    names = [made.scenario.name for made in plans]
    if len(set(names)) == 1:
        names = [f"{made.scenario.name}.{made.policy}" for made in plans]
    if len(set(names)) == 1:
        raise EmpowersimError(f"expected two scenarios or two policies, found {names[0]} twice")
    return [os.path.join(asked.out, name) for name in names]


def _show_factors(asked: argparse.Namespace, found: Sequence[FactorTable]) -> None:
    from empowersim.fronts.factor_terminal import show_factors, show_two
    from empowersim.fronts.terminal import console
    from empowersim.results.factors import rank_changes

    if asked.json:
        if len(found) == 1:
            print(found[0].to_json())
            return
        changes = [
            {"factor": one.factor, "rank_first": one.rank_first, "rank_second": one.rank_second, "change": one.change}
            for one in rank_changes(found[0], found[1], asked.outcome, asked.of)
        ]
        documents = {"first": found[0].to_dict(), "second": found[1].to_dict()}
        _print_json({"outcome": asked.outcome, "of": asked.of, "rank_changes": changes, **documents})
        return
    if len(found) == 2:
        show_two(found[0], found[1], console(), asked.outcome, asked.of, lang=asked.lang)
    else:
        show_factors(found[0], console(), asked.outcome, asked.of, everything=asked.all, lang=asked.lang)


def _write_factors(asked: argparse.Namespace, table: FactorTable, folder: str) -> None:
    from empowersim.fronts.plots import save_tornado
    from empowersim.results.store import write_factors

    def figures(made: FactorTable, target: Path) -> None:
        save_tornado(made, target, asked.outcome, of=asked.of, lang=asked.lang)

    files = write_factors(table, folder, force=asked.force, extra=figures)
    say_written(asked, folder, (path.name for path in files))


def _unit(made: Plan) -> str:
    return "households" if made.streamed else "futures"


def _what(key: str, asked: argparse.Namespace, count: int, **values: object) -> str:
    """What is simulated in each step, for the lines of progress."""
    from empowersim.fronts.numbers import counted

    return counted(key, count, asked.lang, **values)


@contextmanager
def _progress(asked: argparse.Namespace, what: str, unit: str = "futures") -> Iterator[Progress]:
    from empowersim._jit import is_compiled
    from empowersim.fronts.terminal import progress_on

    with progress_on(sys.stderr, what, first_run=not is_compiled(), unit=unit, lang=asked.lang) as progress:
        yield progress


def _figures(asked: argparse.Namespace) -> Callable[[Comparison, Path], None]:
    from empowersim.fronts.plots import save_figures

    def figures(comparison: Comparison, folder: Path) -> None:
        save_figures(comparison, folder, lang=asked.lang)

    return figures


def _say_written(asked: argparse.Namespace, files: Sequence[Path]) -> None:
    say_written(asked, asked.out, (path.relative_to(asked.out).as_posix() for path in files))


def _check(asked: argparse.Namespace) -> int:
    from empowersim.errors import ScenarioError
    from empowersim.fronts.api import describe

    try:
        sentences = describe(_load(asked))
    except ScenarioError as error:
        if not asked.json:
            raise
        _print_json({"file": asked.file, "valid": False, "problems": [vars(problem) for problem in error.problems]})
        return WRONG
    if asked.json:
        _print_json({"file": asked.file, "valid": True, "sentences": sentences})
    else:
        _print_lines(sentences)
    return DONE


def _diff(asked: argparse.Namespace) -> int:
    from empowersim.fronts.api import diff
    from empowersim.scenario.load import load

    if asked.c is not None:
        (file, policy), names = _split(asked.a), (asked.b, asked.c)
        if policy is not None:
            raise EmpowersimError(f"expected FILE POLICY POLICY, found {asked.a} with a policy of its own")
        loaded = load(file)
        sentences = diff(loaded, loaded, policies=names)
    else:
        (file_a, policy_a), (file_b, policy_b) = _split(asked.a), _split(asked.b)
        if (policy_a is None) != (policy_b is None):
            raise EmpowersimError(
                f"expected two files, or a policy of each (FILE:POLICY), found {asked.a} and {asked.b}; "
                "for two policies of a file write: empowersim diff FILE POLICY POLICY"
            )
        chosen = (policy_a, policy_b) if policy_a is not None and policy_b is not None else None
        sentences = diff(load(file_a), load(file_b), policies=chosen)
    _print_lines(sentences or ["There is no difference that changes a result."])
    return DONE


def _split(text: str) -> tuple[str, str | None]:
    """FILE:POLICY into its parts; a file whose own name holds a colon is taken whole."""
    head, colon, tail = text.rpartition(":")
    if not colon or os.path.exists(text) or os.sep in tail:
        return text, None
    return head, tail


def _cite(asked: argparse.Namespace) -> int:
    from empowersim.fronts.api import cite

    print(cite(asked.file, format=asked.format))
    return DONE


def _schema(_: argparse.Namespace) -> int:
    from empowersim.scenario.schema_json import schema_json

    _print_json(schema_json())
    return DONE


def _places(asked: argparse.Namespace) -> int:
    from empowersim.fronts.api import places
    from empowersim.fronts.labels import text
    from empowersim.fronts.numbers import number, percent, rupiah

    found = places()
    if asked.json:
        _print_json(found)
        return DONE
    lines, lang = [], asked.lang
    for place in found:
        lines.append(f"{place['name']}: {place['title']['en']} ({place['title']['id']})")
        size = {"households": number(place["households"], 0, lang), "year": place["price_year"]}
        lines.append(text("cli.place_households", lang, **size))
        for name, region in place["regions"].items():
            share, poor = percent(region["share"], 0, lang), percent(region["poverty_rate"], 1, lang)
            line = rupiah(region["poverty_line"], lang)
            lines.append(text("cli.place_region", lang, region=name, share=share, poor=poor, line=line))
    _print_lines(lines)
    return DONE


def _programmes(asked: argparse.Namespace) -> int:
    from empowersim.fronts.api import programmes

    found = programmes()
    if asked.json:
        _print_json(found)
        return DONE
    lines = []
    for programme in found:
        label = programme["label"]
        names = f"{label.get('en', '')} ({label['id']})" if label.get("id") else label.get("en", "")
        lines.append(f"{programme['name']}: {names}")
        if programme["meaning"]:
            lines.append(f"    {programme['meaning']}")
    _print_lines(lines)
    return DONE


def _print_json(document: Any) -> None:
    import json

    print(json.dumps(document, indent=1, ensure_ascii=False))


def _print_lines(lines: Sequence[str]) -> None:
    """Print sentences, folded to the terminal; as they are where output is not a terminal."""
    if not sys.stdout.isatty():
        print("\n".join(lines))
        return
    import shutil
    import textwrap

    width = max(40, min(shutil.get_terminal_size().columns, 110))
    for line in lines:
        own = line[: len(line) - len(line.lstrip())]
        print(textwrap.fill(line.strip(), width, initial_indent=own, subsequent_indent=own + "  ") if line else "")


if __name__ == "__main__":
    sys.exit(main())
