"""What is asked of an experiment, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from empowersim.errors import SimulationError
from empowersim.results.provenance import file_digest

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension

SEEDS: Final = 2**32


def loaded_scenario(scenario: Any) -> Any:
    """Return a loaded scenario as it is; load the path of a file."""
    if isinstance(scenario, (str, os.PathLike)):
        from empowersim.scenario.load import load

        return load(scenario)
    return scenario


def known_name(name: str, known: Iterable[str], what: str, kind: str) -> str:
    """Return `name` if it is one of `known`; `SimulationError` names the nearest if it is not.

    `what` is the argument in which it was given, `kind` what it should be ("a policy of the file").
    """
    names = list(known)
    if name in names:
        return name
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "choose one of these"
    raise SimulationError(f"{what}: expected {kind} ({', '.join(names)}), found {name!r}; {hint}")


def known_policy(name: str, known: Iterable[str], what: str) -> str:
    """Return `name` if it is a policy of the file; `SimulationError` names the nearest if it is not."""
    return known_name(name, known, what, "a policy of the file")


def whole_number(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return a whole number from `low` to `high` (None: no bound); `SimulationError` if `value` is not one."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        reach = f"of {low} or more" if high is None else f"from {low} to {high}"
        raise SimulationError(f"{name}: expected a whole number {reach}, found {value!r}")
    return int(value)


def survey_digest(scenario: Any) -> str | None:
    """Digest of the survey's content; None for synthetic households. `PopulationError` if the file is not there."""
    if scenario.survey is None:
        return None
    from empowersim.scenario.survey_source import find_survey

    return file_digest(find_survey(scenario, scenario.survey))


def passport_of(extension: Extension | None) -> dict[str, Any]:
    """What the inputs of a run say of the extension it was made under; nothing for the model itself."""
    if extension is None:
        return {}
    if not hasattr(extension, "passport"):
        raise SimulationError(f"extension: expected an Extension, found {type(extension).__name__}")
    return {"extension": extension.passport()}


def english_title(title: Any, name: str) -> str:
    """Return the English title of a scenario, its name where there is none."""
    if isinstance(title, Mapping):
        return str(title.get("en") or name)
    return str(title or name)
