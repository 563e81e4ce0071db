"""Ready scenarios by name: `medan` means ``scenarios/medan.yaml``, wherever a notebook or a command is started."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from empowersim.errors import Problem, ScenarioError

FOLDER: Final = "scenarios"
_CHECKOUT: Final = Path(__file__).resolve().parents[3]
"""The clone in which the package is installed; its scenarios are not part of an installed wheel."""


def ready_scenarios(start: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Name -> path of the ready scenarios, by name.

    They stand in the folder ``scenarios`` of the nearest of these that has one: `start` (None: the working folder), the
    folders above it, the working folder and those above it, the clone of the package. Empty where none has one.
    """
    starts = [Path(start).resolve()] if start is not None else []
    for here in (*starts, Path.cwd(), _CHECKOUT):
        for folder in (here, *here.parents):
            found = {path.stem: path for path in sorted((folder / FOLDER).glob("*.yaml"))}
            if found:
                return found
    return {}


def find(name_or_path: str | os.PathLike[str], start: str | os.PathLike[str] | None = None) -> Path:
    """Path of a scenario file: of the ready scenario of that name, or `name_or_path` as it is, seen from `start`.

    Only a bare name (`medan`: no folder, no ending) of which there is no file is looked up. One that is nearly the name
    of a ready scenario is a `ScenarioError` that names it.
    """
    name = Path(name_or_path)
    path = Path(start or "") / name
    if name.suffix or len(name.parts) != 1 or path.exists():
        return path
    known = ready_scenarios(start)
    near = get_close_matches(name.name, known, n=1)
    if near and name.name not in known:
        expected = f"a scenario file, or the name of a ready scenario ({', '.join(known)})"
        raise ScenarioError([Problem(str(name), 0, "", expected, "neither", f"did you mean {near[0]}?")])
    return known.get(name.name, path)
