"""Write constraints.txt: the versions that pip chooses for the package and its test tools, for each Python.

Usage: ``python scripts/make_constraints.py python3.11 python3.12 python3.13`` (each a working interpreter with pip).
Where the Pythons agree a line has no marker; where they differ there is a line for each.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Versions known to work together, for the package and its test tools. Made by scripts/make_constraints.py.
# pip install -c constraints.txt -e ".[test]"
"""


def chosen(python: str) -> tuple[str, dict[str, str]]:
    """Return the interpreter's version and what pip would install there, name -> version."""
    ask = [python, "-c", "import sys; print('{}.{}'.format(*sys.version_info[:2]))"]
    version = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    report = subprocess.run([*command, f"{ROOT}[test]"], stdout=subprocess.PIPE, text=True, check=True).stdout
    items = [item["metadata"] for item in json.loads(report)["install"]]
    names = {re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"] for item in items}
    names.pop("empowersim")
    return version, names


def main(pythons: list[str]) -> None:
    """Ask each interpreter and write the file."""
    found = dict(map(chosen, pythons))
    lines = []
    for name in sorted({name for versions in found.values() for name in versions}):
        by_version: dict[str, list[str]] = {}
        for python, versions in found.items():
            if name in versions:
                by_version.setdefault(versions[name], []).append(python)
        if len(by_version) == 1:
            lines.append(f"{name}=={next(iter(by_version))}")
            continue
        for version, where in by_version.items():
            marker = " or ".join(f'python_version == "{python}"' for python in where)
            lines.append(f"{name}=={version} ; {marker}")
    (ROOT / "constraints.txt").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
