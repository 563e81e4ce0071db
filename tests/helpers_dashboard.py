"""A dashboard that runs, and a browser to look at it; used by the tests and by the script that takes the pictures."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVE = """
import argparse, sys
from empowersim.errors import EmpowersimError
from empowersim.fronts.dashboard_cli import add_dashboard

class Commands:
    def __init__(self, inner): self.inner = inner
    def add_parser(self, name, examples, **keywords): return self.inner.add_parser(name, **keywords)

parser = argparse.ArgumentParser()
add_dashboard(Commands(parser.add_subparsers()))
asked = parser.parse_args(["dashboard", *sys.argv[1:]])
sys.exit(asked.handler(asked))
"""


def chromium() -> str | None:
    """Path of a Chromium that is installed; None without one."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Address of a dashboard that runs as long as the block; it is ended with Ctrl-C, which must be clean."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", SERVE, "--no-browser", "--port", str(port), *arguments]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            until = time.monotonic() + 60
            while True:
                with socket.socket() as tried:
                    tried.settimeout(0.2)
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(
                        f"the dashboard did not start: {process.stderr.read() if process.stderr else ''}"
                    )
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert process.returncode == 0, f"code {process.returncode}: {errors}"
        assert "Traceback" not in errors, errors


@contextmanager
def browser() -> Iterator[object]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as made:
        found = made.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


def answered(page, timeout: int = 60_000) -> None:
    """Wait until the script has ended and its charts are drawn."""
    page.wait_for_selector(".verdict, .alert", timeout=timeout)
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=\"stStatusWidget\"]')"
        " && !document.querySelector('[data-testid=\"stProgress\"]')"
        " && document.querySelector('[data-testid=\"stApp\"]')?.dataset.testScriptState === 'notRunning'",
        timeout=timeout,
    )
    page.wait_for_function(
        "() => !document.querySelector('.verdict')"
        " || document.querySelectorAll('[data-testid=\"stVegaLiteChart\"] svg').length > 1",
        timeout=timeout,
    )
    page.wait_for_timeout(150)
