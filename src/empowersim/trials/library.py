"""The trial files that come with the package: one for each study of the evidence base."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

from empowersim.errors import Problem, ScenarioError
from empowersim.scenario.document import nearest

FOLDER: Final = Path(__file__).parent.parent / "evidence" / "trials"


@cache
def packaged() -> dict[str, Path]:
    """Name -> path of every trial file of the package, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def find(name_or_path: str | os.PathLike[str]) -> Path:
    """Path of a trial file: a file that exists, or the name of a packaged one.

    Raises `ScenarioError` that names the nearest packaged trial.
    """
    text = os.fspath(name_or_path)
    path = Path(text)
    if path.is_file():
        return path
    if text in packaged():
        return packaged()[text]
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    remedy = nearest(text, tuple(packaged()))
    raise ScenarioError([Problem(text, 0, "", "a trial file or the name of a packaged trial", "neither", remedy)])
