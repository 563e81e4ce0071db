"""Where results come from: digests of what went in, and the place where they were made."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from empowersim._version import __version__

_CHUNK: Final = 1 << 20
_PACKAGES: Final = ("numpy", "numba", "llvmlite", "pyarrow", "matplotlib")


def run_id(inputs: Mapping[str, Any]) -> str:
    """Digest (16 hexadecimal digits) of the inputs of a run, whatever the order of the keys."""
    text = json.dumps(dict(inputs), sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def file_digest(path: str | os.PathLike[str]) -> str:
    """Digest (16 hexadecimal digits) of the content of a file."""
    digest = hashlib.blake2b(digest_size=8)
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@cache
def program_digest() -> str:
    """Digest (16 hexadecimal digits) of all sources and data files that can change a number."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package).as_posix()
        if path.suffix in {".py", ".yaml"} and not name.startswith("fronts/"):
            digest.update(name.encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()


def surroundings(command: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what made the results: versions, git commit if any, platform, processor, command, hour (UTC).

    None of it changes a number, so none of it is part of `run_id`.
    """
    return {
        "empowersim": __version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "command": list(command) if command is not None else _command(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def git_commit() -> str | None:
    """Return the commit the package was run from, ``-modified`` added if files differ; None outside a work tree."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", "src")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-modified" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _command() -> list[str]:
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return [name, *sys.argv[1:]]
