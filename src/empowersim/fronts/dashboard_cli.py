"""The command `dashboard`: it checks what can be checked, and starts the page. It computes nothing."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

DONE: Final = 0
HOST: Final = "127.0.0.1"
PORT: Final = 8501
_HIGHEST: Final = 65535
_TRIED: Final = 20
_UPLOAD_MB: Final = 26
"""A little above the largest survey, so that ours is the message that a larger one gets."""
_MESSAGE_MB: Final = 64
_FORGOTTEN_AFTER: Final = 120
_WAIT: Final = 0.2
_EVERYWHERE: Final = ("0.0.0.0", "::", "")


def add_dashboard(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command = commands.add_parser(
        "dashboard",
        help="try mixes of programmes and mentors in the browser",
        description=(
            "Open a page on this machine where budgets and mentors are moved with sliders, and the answer follows:\n"
            "what a mix does, how sure that is, whom it reaches, whether it keeps the ceilings. In English and\n"
            "Indonesian; with reports, Excel and scenario files to take along.\n"
            "Without FILE it begins with a district that the package brings along. The page is open to this machine\n"
            "only unless --host says otherwise, and nothing of it leaves the machine. Ctrl-C ends it.\n"
            "Needs the extra: pip install 'empowersim[dashboard]'"
        ),
        examples=(
            "  empowersim dashboard\n"
            "  empowersim dashboard scenarios/remote-islands.yaml --lang id\n"
            "  empowersim dashboard --port 8600 --no-browser"
        ),
    )
    command.add_argument("file", metavar="FILE", nargs="?", help="scenario file (YAML) to begin with")
    command.add_argument("--survey", metavar="FILE", help="survey file, instead of the one the scenario names")
    command.add_argument("--lang", choices=("en", "id"), default="en", help="language to begin with (default: en)")
    command.add_argument(
        "--port", metavar="N", type=_port, help=f"port (default: {PORT}, or the next one that is free)"
    )
    command.add_argument(
        "--host", metavar="ADDRESS", default=HOST, help=f"address to listen at (default: {HOST}, this machine only)"
    )
    command.add_argument("--no-browser", action="store_true", help="do not open the browser")
    command.set_defaults(handler=run_dashboard)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _HIGHEST:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to {_HIGHEST}, found {text!r}")
    return int(text)


def run_dashboard(arguments: argparse.Namespace, serve: Callable[..., None] | None = None) -> int:
    """Check, then serve until Ctrl-C; `serve` stands in for the server in tests.

    Raises `ScenarioError` for a file that cannot be used, `SimulationError` where the extra or a free port is missing.
    """
    from empowersim.errors import SimulationError
    from empowersim.fronts.dashboard.options import named_file, to_arguments

    if find_spec("streamlit") is None:
        raise SimulationError(
            "the dashboard needs Streamlit, which is not installed: pip install 'empowersim[dashboard]'"
        )
    if arguments.survey and not arguments.file:
        raise SimulationError("--survey: expected with a scenario FILE that says what its columns are; name one")
    if arguments.file:
        # all that is wrong is told here, with its line, and not on the page
        named_file(arguments.file, arguments.survey or "").try_households()
    port = _free_port(arguments.host, arguments.port)
    file = os.path.abspath(arguments.file) if arguments.file else None
    survey = os.path.abspath(arguments.survey) if arguments.survey else None
    handed = to_arguments(file, survey, arguments.lang)
    if arguments.host != HOST:
        who = "everybody on the network" if arguments.host in _EVERYWHERE else f"whoever reaches {arguments.host}"
        print(f"Open to {who}: there is no password, and uploads share this machine's memory.", file=sys.stderr)
    shown = "localhost" if arguments.host in _EVERYWHERE else arguments.host
    address = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    print(f"The dashboard is at {address}  (Ctrl-C ends it)", flush=True)
    if not arguments.no_browser and _has_browser():
        threading.Thread(target=_open_when_there, args=(shown, port, address), daemon=True).start()
    (serve or _serve)(handed, options(arguments.host, port))
    return DONE


def options(host: str, port: int) -> dict[str, Any]:
    """What Streamlit is told: nothing leaves the machine, nothing is watched, nothing is shown that is not ours."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": _UPLOAD_MB,
        "server.maxMessageSize": _MESSAGE_MB,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.disconnectedSessionTTL": _FORGOTTEN_AFTER,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
        "runner.fastReruns": True,
        "global.developmentMode": False,
        "logger.level": "error",
        "theme.base": "light",
        "theme.primaryColor": "#005a8e",
        "theme.backgroundColor": "#ffffff",
        "theme.secondaryBackgroundColor": "#f2f5f8",
        "theme.textColor": "#1a1a1a",
        "theme.font": "sans-serif",
    }


def _serve(handed: list[str], said: dict[str, Any]) -> None:
    from streamlit.web import bootstrap

    script = Path(__file__).with_name("dashboard") / "app.py"
    flags = {name.replace(".", "_"): value for name, value in said.items()}
    bootstrap.load_config_options(flag_options=flags)
    threading.Thread(target=_prepare, args=(handed,), daemon=True).start()
    # until the server is up and handles Ctrl-C itself; there is nothing yet that an end could lose
    signal.signal(signal.SIGINT, lambda *_: os._exit(DONE))
    with contextlib.suppress(KeyboardInterrupt):
        bootstrap.run(str(script), False, handed, flags)


def _prepare(handed: list[str]) -> None:
    """Simulate the first screen while the browser opens; what is wrong is told on the page."""
    from empowersim.errors import EmpowersimError
    from empowersim.fronts.dashboard.options import from_arguments
    from empowersim.fronts.dashboard.shared import prepare

    asked = from_arguments(handed)
    file = asked["file"]
    # a pool of threads refuses work with a RuntimeError once the program is ending
    with contextlib.suppress(EmpowersimError, RuntimeError):
        prepare(asked["lang"], None if file is None else file())


def _free_port(host: str, asked: int | None) -> int:
    """The port that was asked for, or the first free one from `PORT` on; `SimulationError` where it is taken."""
    from empowersim.errors import SimulationError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = ""
    for port in [asked] if asked is not None else range(PORT, PORT + _TRIED):
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((host, port))
            except socket.gaierror as error:
                raise SimulationError(
                    f"--host: expected an address of this machine, found {host!r} ({error})"
                ) from None
            except OSError as error:
                last = error.strerror or str(error)
                continue
            return port
    what = f"--port {asked}" if asked is not None else f"ports {PORT} to {PORT + _TRIED - 1}"
    raise SimulationError(f"{what} at {host}: cannot be listened to ({last}); name another with --port")


def _has_browser() -> bool:
    """Whether opening one helps: somebody sits at this machine, in front of windows."""
    windows = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(windows) and sys.stdout.isatty()


def _open_when_there(host: str, port: int, address: str) -> None:
    import time

    for _ in range(int(60 / _WAIT)):
        try:
            with socket.create_connection((host, port), timeout=_WAIT):
                webbrowser.open(address)
                return
        except OSError:
            time.sleep(_WAIT)
