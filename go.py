#!/usr/bin/env python3
"""Set up empowersim in an environment of its own and run a job. Needs Python 3.11 to 3.13 and pip, nothing else.

python3 go.py demo    compares the policies of scenarios/medan.yaml and draws the picture of the README
python3 go.py test    style, types and tests
python3 go.py docs    writes the generated documents anew
python3 go.py site    builds the documentation site into site/
python3 go.py setup   only the environment

What follows the job's name is handed on: ``python3 go.py demo --households 20000``, ``python3 go.py test -k rng``.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "empowersim-ready"
LOG = ENVIRONMENT / "empowersim-install.log"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
DEMO_OUT = "out/demo"
DEMO = ["compare", "scenarios/medan.yaml", "--households", "5000", "--replicates", "10", "--out", DEMO_OUT, "--force"]


class SetupError(Exception):
    """Ends the run with a message for the person at the keyboard."""


def main(arguments):
    job, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    jobs = {"demo": demo, "test": test, "docs": docs, "site": site, "setup": setup_only}
    if job not in jobs:
        print(__doc__.strip())
        return 0 if job in ("help", "-h", "--help") else 2
    try:
        python = set_up()
        return jobs[job](python, rest)
    except SetupError as problem:
        print(f"go.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def demo(python, rest):
    """Compare the shipped policies on the embedded population."""
    code = run([python, "-m", "empowersim", *DEMO, *rest])
    if code == 0 and not {"--out", "--json", "--help", "-h"} & set(rest):
        say(f"Pictures and tables: {ROOT / DEMO_OUT}")
    return code


def test(python, rest):
    """Style and types first, then the tests, whose closing line comes last when all is well."""
    checks = (
        ("style", ["-m", "ruff", "check", "."]),
        ("layout", ["-m", "ruff", "format", "--check", "."]),
        ("types", ["-m", "mypy"]),
    )
    failed = [name for name, command in checks if run([python, *command]) != 0]
    if run([python, "-m", "pytest", *rest]) != 0:
        failed.append("tests")
    if failed:
        say("FAILED: " + ", ".join(failed))
    return 1 if failed else 0


def docs(python, rest):
    """Write the documents that are made from the package."""
    return run([python, "scripts/make_docs.py", *rest])


def site(python, rest):
    """Build the documentation site."""
    code = run([python, "-m", "mkdocs", "build", "--quiet", *rest])
    if code == 0:
        say(f"Open {ROOT / 'site' / 'index.html'}")
    return code


def setup_only(python, rest):
    """Say where the environment is."""
    say(f"Ready: {python}")
    return 0


def set_up():
    """Return the Python of a finished environment, made now if need be."""
    base = supported_python()
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and version_of(python) not in SUPPORTED:
        raise SetupError(
            f"the environment {ENVIRONMENT} does not work with this release; remove that folder and try again"
        )
    digest = fingerprint(python) if python.exists() else ""
    if digest and STAMP.exists() and STAMP.read_text() == digest:
        return str(python)
    if not python.exists() or run_quietly([str(python), "-m", "pip", "--version"]) != 0:  # none, or half made
        make_environment(base, python)
    install(python)
    STAMP.write_text(fingerprint(python))
    return str(python)


def supported_python():
    """Return a Python that the package supports: this one, or another one on the search path."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in reversed(SUPPORTED):
        found = shutil.which(f"python{major}.{minor}")
        if found and version_of(found) == (major, minor):
            return found
    raise SetupError(
        "empowersim needs Python 3.11, 3.12 or 3.13; this is Python {}.{} and no other was found. "
        "Install one of them and run this again with it: python3.12 go.py".format(*sys.version_info[:2])
    )


def version_of(python):
    """Return (major, minor) of an interpreter, or None where it does not start."""
    command = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        major, minor = answer.stdout.split()
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return int(major), int(minor)


def fingerprint(python):
    """Digest of what decides the contents of the environment; a moved folder counts as a change."""
    digest = hashlib.sha256(f"{ROOT} {version_of(python)}".encode())
    for name in ("pyproject.toml", "constraints.txt", "src/empowersim/_version.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def make_environment(base, python):
    """Make an empty environment with pip in it, also where Python came without ensurepip."""
    with Progress("Making an environment"):
        if run_quietly([base, "-m", "venv", "--clear", str(ENVIRONMENT)]) == 0:
            return
        # some distributions leave out ensurepip, but their own pip can install into the environment
        bare = [base, "-m", "venv", "--clear", "--without-pip", str(ENVIRONMENT)]
        if (
            run_quietly(bare) == 0
            and run_quietly([base, "-m", "pip", "--python", str(python), "install", "-q", "pip"]) == 0
        ):
            return
        if run_quietly([base, "-m", "virtualenv", "--clear", str(ENVIRONMENT)]) == 0:
            return
    shutil.rmtree(str(ENVIRONMENT), ignore_errors=True)
    raise SetupError(
        "this Python cannot make environments: its modules venv and ensurepip are missing. "
        "Install them (on Debian and Ubuntu: the package python3-venv) or run: python3 -m pip install --user virtualenv"
    )


def install(python):
    """Install the package, its libraries and its test tools, in the versions of constraints.txt."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["-c", str(ROOT / "constraints.txt"), "-e", f"{ROOT}[test]"]
    with Progress("Installing libraries (the first time only, a minute or a few)"):
        code = run_quietly(command, LOG)
    if code != 0:
        story = LOG.read_text(errors="replace").splitlines()
        lines = [line.strip() for line in story if "ERROR" in line][:6] or story[-10:]
        raise SetupError(
            "the libraries could not be installed:\n  {}\nThe whole story: {}\n"
            "Mostly it is the network: pip needs its package index, or a folder of wheels (set PIP_FIND_LINKS), "
            "or a proxy (set HTTPS_PROXY). Then run the same command again.".format("\n  ".join(lines), LOG)
        )


def run(command):
    """Run in the project's folder, output shown; return the exit code."""
    sys.stdout.flush()
    return subprocess.run([str(part) for part in command], cwd=str(ROOT), check=False).returncode


def run_quietly(command, log=None):
    """Run with the output put into a file, or thrown away; return the exit code."""
    # the machine's pip settings hold (index, proxy, wheels), except those that lead out of the environment
    away = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV")
    surroundings = {name: value for name, value in os.environ.items() if name not in away}
    surroundings["PIP_USER"] = "0"
    with open(str(log) if log else os.devnull, "wb") as sink:
        try:
            done = subprocess.run(
                command,
                cwd=str(ROOT),
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError:
            return 127
    return done.returncode


def say(text):
    print(text, flush=True)


class Progress:
    """A word before, a dot every few seconds, the time taken after: readable with and without a terminal."""

    def __init__(self, what):
        self.what = what
        self.done = threading.Event()

    def __enter__(self):
        self.start = time.monotonic()
        print(self.what + " ", end="", file=sys.stderr, flush=True)
        threading.Thread(target=self.tick, daemon=True).start()

    def tick(self):
        """Show that the work goes on."""
        while not self.done.wait(3):
            print(".", end="", file=sys.stderr, flush=True)

    def __exit__(self, *problem):
        self.done.set()
        print(f" {time.monotonic() - self.start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
