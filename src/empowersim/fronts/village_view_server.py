"""The village view as a page of its own, served to this machine only."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import EmpowersimError

if TYPE_CHECKING:
    from empowersim.fronts.village_view_levers import Levers

HOST: Final = "127.0.0.1"
PORT: Final = 8765

_NEEDED: Final = ("solara", "solara_assets", "ipyvuetify", "altair")
_MISSING: Final = (
    "the village view needs {missing}, which is not installed: pip install 'empowersim[notebooks]' (it brings solara, "
    "its scripts and fonts, and altair)"
)

_SETTINGS: Final = {
    "SOLARA_APP": "empowersim.fronts.village_view",
    "SOLARA_MODE": "production",
    # nothing is told to anybody, nothing is fetched: what is not in solara-assets fails at once
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_ASSETS_CDN": f"http://{HOST}:9/",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_THEME_TITLE": "empowersim",
    "SOLARA_SESSION_HTTPS_ONLY": "false",
    "SOLARA_CHECK_HOOKS": "off",
}
"""Settings of solara, which it reads once when it is imported."""


def check_installed() -> None:
    """Raise `EmpowersimError`, with what to install, where something that the view needs is missing."""
    missing = [name.replace("_", "-") for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise EmpowersimError(_MISSING.format(missing=", ".join(missing)))


def bound(port: int) -> socket.socket:
    """A socket that listens on `port` of this machine; 0 = any free one. Raises `EmpowersimError` if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise EmpowersimError(
            f"--port: expected a free port of this machine, found {port} ({error.strerror}); give another, as --port "
            f"{port + 1}, or --port 0 for any that is free"
        ) from None
    return listener


def serve(levers: Levers, listener: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve the view until Ctrl-C (`KeyboardInterrupt`); `ready` is told the address once the page can be opened."""
    os.environ.update(_SETTINGS)
    # solara advises on pages inside of pages of others at every first request; this one is for this machine
    warnings.filterwarnings("ignore", message="Cookies with samesite", category=UserWarning)
    import uvicorn

    from empowersim.fronts import village_view

    village_view.show(levers)
    from solara.server.starlette import app

    address = f"http://{HOST}:{listener.getsockname()[1]}/"
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    server = _server(config, lambda: ready(address))
    server.run(sockets=[listener])


def _server(config: Any, ready: Callable[[], None]) -> Any:
    """A uvicorn server that tells when it is ready."""
    import uvicorn

    class Telling(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                ready()

    return Telling(config)
