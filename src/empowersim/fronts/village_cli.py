"""The command village: one subdistrict to look at, in a browser. It reads words and serves a page."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

DONE: Final = 0
_ANY_PORT: Final = 65535


def add_village(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "village",
        help="watch one subdistrict month by month in a browser",
        description=(
            "Serve a page, to this machine only, that shows one subdistrict month by month: households by village,\n"
            "coloured by poverty or empowerment, mentors on their way between villages, and charts that grow. Step,\n"
            "play and reset; sliders for mentors, for the places of each programme and for the luck. Dashed lines are\n"
            "the reference policy on the same random numbers. Nothing is fetched from the network. Ctrl-C ends it."
        ),
        examples=(
            "  empowersim village\n"
            "  empowersim village scenarios/remote-islands.yaml --policy mix_resident --households 1000\n"
            "  empowersim village medan --lang id --open\n"
            "  empowersim village medan --port 0"
        ),
    )
    command.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="medan",
        help="scenario file (YAML), or the name of a ready scenario (default: medan)",
    )
    command.add_argument(
        "--policy", metavar="NAME", help="policy to begin with (default: the last of the file that has mentors)"
    )
    command.add_argument(
        "--households", metavar="N", type=int, help="households of the view, 50 to 3000 (default: 600)"
    )
    command.add_argument("--months", metavar="T", type=int, help="months to watch (default: as the file says)")
    command.add_argument(
        "--world",
        choices=("file", "trap", "no_trap"),
        default="file",
        help="in the world with a poverty trap, or without one (default: as the file says)",
    )
    command.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    command.add_argument("--port", metavar="P", type=_port, default=8765, help="port (default: 8765; 0 = any free one)")
    command.add_argument("--open", action="store_true", help="also open the page in the browser")
    command.add_argument("--lang", choices=("en", "id"), default="en", help="language of the page (default: en)")
    command.set_defaults(handler=_village)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _ANY_PORT:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {_ANY_PORT}, found {text}")
    return int(text)


def _village(asked: argparse.Namespace) -> int:
    from empowersim.fronts.village_view_server import bound, check_installed, serve

    check_installed()
    from empowersim._jit import is_compiled
    from empowersim.fronts.village_view_levers import Levers
    from empowersim.fronts.village_view_model import VillageViewModel

    levers = Levers(
        asked.file,
        asked.policy,
        households=asked.households,
        months=asked.months,
        world=asked.world,
        survey=asked.survey,
        lang=asked.lang,
    )
    listener = bound(asked.port)
    with listener:
        if not is_compiled():
            print("first run: compiling, half a minute or so", file=sys.stderr, flush=True)
        VillageViewModel(levers).step()  # compiles, and finds what cannot run, before anybody looks

        def ready(address: str) -> None:
            print(f"Village view: {address} (Ctrl-C ends it)", flush=True)
            if asked.open:
                import webbrowser

                webbrowser.open(address)

        print("starting the page, a few seconds", file=sys.stderr, flush=True)
        serve(levers, listener, ready)
    return DONE
