"""Measure everything and print one table: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import ablation, competitors, history, kernel, processes
from benchmarks.report import Line, as_text
from benchmarks.settings import FULL_RUN, QUICK_RUN, Settings

SECTIONS: dict[str, Callable[[Settings], list[Line]]] = {
    "kernel": kernel.speed,
    "limit": kernel.limit,
    "peers": competitors.against_peers,
    "growth": kernel.growth,
    "memory": lambda settings: [*kernel.state(settings), *processes.memory(settings)],
    "sweep": processes.sweep,
    "start": processes.start,
    "nation": processes.nation,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections asked for; returns 0, also where a target is missed: a slow day is no error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller populations, about a minute")
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--ablation", action="store_true", help="instead, what each decision of the engine gains")
    parser.add_argument("--record", action="store_true", help="add to history.jsonl and to docs/performance.md")
    asked = parser.parse_args(arguments)
    settings = QUICK_RUN if asked.quick else FULL_RUN
    chosen = {"ablation": ablation.ablation} if asked.ablation else SECTIONS
    lines: list[Line] = []
    for name, section in chosen.items():
        if asked.only is None or asked.ablation or name in asked.only:
            print(f"measuring {name}", file=sys.stderr, flush=True)
            lines += section(settings)
    print(as_text(lines))
    if asked.record:
        history.record(lines, asked.quick, table="ablation" if asked.ablation else "table")
    return 0


if __name__ == "__main__":
    sys.exit(main())
