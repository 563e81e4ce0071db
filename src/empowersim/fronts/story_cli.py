"""The command story: the same household under two policies. It reads words and prints; it computes nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from empowersim.fronts.cli_words import add_lang, say_written

DONE: Final = 0
FINDS: Final = ("gains-most", "loses-most", "leaves-poverty", "typical")


def add_story(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "story",
        help="tell what happens to one household under two policies, and why",
        description=(
            "Follow one household through the same future under two policies, month by month: what happened, and why\n"
            "(which draw stood against which chance, who came first, whose hours ran out), in words and a figure.\n"
            "The luck is the same in both lives, so where they part it is the policies' doing; the difference in\n"
            "consumption is traced to work, business, illness, kin, savings and so on by asking the rules themselves.\n"
            "Month 0 is January of year 1."
        ),
        examples=(
            "  empowersim story scenarios/medan.yaml --find gains-most --policies no_programme,mix_mentors\n"
            "  empowersim story scenarios/medan.yaml --household 801 --policies balanced_mix,mix_mentors --all\n"
            "  empowersim story scenarios/medan.yaml --find leaves-poverty --lang id --out out/story\n"
            "  empowersim story scenarios/medan.yaml --household 801 --json > story.json"
        ),
    )
    command.add_argument("file", metavar="FILE", help="scenario file (YAML)")
    who = command.add_mutually_exclusive_group(required=True)
    who.add_argument("--household", metavar="ID", type=int, help="id of the household")
    who.add_argument(
        "--find",
        choices=FINDS,
        help="pick one: who gains or loses most in the last year under the second policy against the first, a poor "
        "household that leaves poverty under the second only, or the median of those whom the second reaches",
    )
    command.add_argument(
        "--policies",
        metavar="A,B",
        help="the two policies (default: the reference and the last of the file)",
    )
    command.add_argument(
        "--world",
        choices=("file", "trap", "no_trap"),
        default="file",
        help="in the world with a poverty trap, or without one (default: as the file says)",
    )
    command.add_argument("--replicate", metavar="R", type=int, default=0, help="which future (default: 0)")
    command.add_argument(
        "--households", metavar="N", type=int, help="households of the future (default: as the file says)"
    )
    command.add_argument("--months", metavar="T", type=int, help="months to tell (default: as the file says)")
    command.add_argument("--seed", metavar="S", type=int, help="seed of all random numbers (default: as the file says)")
    command.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    command.add_argument("--all", action="store_true", help="tell every attendance, visit and refused place, too")
    add_lang(command, "words and figure")
    command.add_argument(
        "--out", metavar="DIR", help="also write story.txt, story.png and Parquet tables into this folder"
    )
    command.add_argument("--force", action="store_true", help="replace results of other inputs in that folder")
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    command.set_defaults(handler=_story)


def _story(asked: argparse.Namespace) -> int:
    from empowersim._jit import is_compiled
    from empowersim.experiments.story import story
    from empowersim.fronts.labels import text
    from empowersim.fronts.story_words import narrative
    from empowersim.results.store import check_writable
    from empowersim.scenario.load import load
    from empowersim.scenario.worlds import in_world

    if asked.out is not None:
        check_writable(asked.out)
    policies = None if asked.policies is None else [name.strip() for name in asked.policies.split(",") if name.strip()]
    if not is_compiled():
        print(text("progress.compiling", asked.lang), file=sys.stderr, flush=True)
    told = story(
        in_world(load(asked.file, survey=asked.survey), asked.world),
        asked.household,
        find=asked.find,
        policies=policies,
        replicate=asked.replicate,
        households=asked.households,
        months=asked.months,
        seed=asked.seed,
    )
    if asked.json:
        print(told.to_json())
    else:
        for line in narrative(told, asked.lang, everything=asked.all):
            _print(line)
    if asked.out is not None:
        _write(asked, told)
    return DONE


def _print(line: str) -> None:
    from textwrap import fill

    from rich.text import Text

    from empowersim.fronts.terminal import console

    out = console()
    folded = fill(line, out.width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    out.print(Text(folded, style="bold" if _is_month(line) else ""), soft_wrap=True)


def _is_month(line: str) -> bool:
    """Whether a line is the name of a month: short, and no sentence."""
    return bool(line) and not line.endswith(".")


def _write(asked: argparse.Namespace, told: Any) -> None:
    from empowersim.experiments.sheets import write_sheets
    from empowersim.fronts.story_plot import save_story
    from empowersim.fronts.story_words import narrative

    def extra(folder: Path) -> None:
        text = "\n".join(narrative(told, asked.lang, everything=True))
        (folder / "story.txt").write_text(text + "\n", encoding="utf-8")
        save_story(told, folder, lang=asked.lang)

    files = write_sheets(
        "story", told.sheets(), asked.out, run_id=told.run_id, inputs=told.asked, extra=extra, force=asked.force
    )
    say_written(asked, asked.out, (path.name for path in files))
