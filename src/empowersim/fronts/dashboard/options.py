"""What the command hands to the script: a scenario file, its survey, a language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from empowersim.errors import Problem, ScenarioError
from empowersim.experiments.live_file import LiveFile
from empowersim.scenario.document import read_with_parents


def to_arguments(file: str | None, survey: str | None, lang: str) -> list[str]:
    """Arguments for `from_arguments`."""
    return [json.dumps({"file": file, "survey": survey, "lang": lang})]


def from_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    """Keywords of `page.show`."""
    said = json.loads(arguments[0]) if arguments else {}
    file = said.get("file")
    reader = partial(named_file, file, said.get("survey") or "") if file else None
    return {"lang": said.get("lang", "en"), "file": reader}


def named_file(path: str, survey: str = "") -> LiveFile:
    """Read a scenario file of this machine, with all that it extends. Raises `ScenarioError`."""
    problems: list[Problem] = []
    root = read_with_parents(Path(path), path, problems)
    if root is None or problems:
        raise ScenarioError(problems)
    return LiveFile(root, path, survey=survey)
