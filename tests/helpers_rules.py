"""Calling a compiled rule by name with plain numbers, and households in the middle of their bounds."""

from __future__ import annotations

import importlib
import inspect
from collections import namedtuple
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from empowersim._jit import LANES
from empowersim.engine import allocation
from empowersim.engine.outputs import HOURS
from empowersim.parameters import RECORD
from empowersim.rules.month import Dose, Draw, Household, Village
from empowersim.schema import HOUSEHOLD, ROW

CASES = Path(__file__).parent / "rules"

MODULES = {
    name: importlib.import_module(f"empowersim.rules.{name}")
    for name in (
        "agency",
        "assets",
        "community",
        "health",
        "income",
        "literacy",
        "mentoring",
        "month",
        "programmes",
        "schooling",
        "spending",
        "start",
    )
} | {name: importlib.import_module(f"empowersim.engine.{name}") for name in ("allocation", "metrics")}
"""Topic -> module; every topic has its file of hand-worked cases."""

RECORDS = {"village": Village, "home": Household, "dose": Dose, "draw": Draw}

JustMentor = namedtuple("JustMentor", ["mentor"])


def compiled(topic: str) -> dict[str, Any]:
    """Compiled functions that a module defines itself (not those that it imports), by name."""
    module = MODULES[topic]
    return {
        name: value
        for name, value in vars(module).items()
        if hasattr(value, "py_func") and value.py_func.__module__ == module.__name__
    }


@cache
def cases(topic: str) -> list[dict[str, Any]]:
    """Hand-worked cases of a topic."""
    found: list[dict[str, Any]] = yaml.safe_load((CASES / f"{topic}.yaml").read_text(encoding="utf-8"))
    return found


def record(values: dict[str, float], others: float = np.nan) -> Any:
    """Parameters of a rule: those of a case, and one and the same senseless value for all others."""
    row = np.full(len(RECORD), others, np.float32).view(RECORD)
    for name, value in values.items():
        row[name] = value
    return row[0]


def filled(kind: Any, values: dict[str, float]) -> Any:
    """A named tuple of float32 with the values of a case, zero elsewhere; KeyError for an unknown name."""
    unknown = set(values) - set(kind._fields)
    if unknown:
        raise KeyError(f"{kind.__name__} has no {sorted(unknown)}")
    return kind(*(np.float32(values.get(name, 0.0)) for name in kind._fields))


def call(topic: str, case: dict[str, Any], others: float = np.nan) -> Any:
    """What a rule returns for the inputs of a case; parameters that the case does not name are `others`."""
    name, inputs = case["rule"], case["inputs"]
    if name in SPECIAL:
        return SPECIAL[name](**inputs)
    function = compiled(topic)[name]
    arguments = []
    for wanted in inspect.signature(function.py_func).parameters:
        if wanted == "p":
            arguments.append(record(case.get("parameters", {}), others))
        elif isinstance(inputs[wanted], dict):
            arguments.append(filled(RECORDS[wanted], inputs[wanted]))
        else:
            arguments.append(np.float32(inputs[wanted]))
    wanted_inputs = set(inspect.signature(function.py_func).parameters) - {"p"}
    assert set(inputs) == wanted_inputs, f"{name} takes {sorted(wanted_inputs)}"
    return function(*arguments)


# --- functions over arrays, called with the little they look at --------------------------------------------------


def _cut(keys: list[float], places: int) -> Any:
    values = np.array(keys, np.float32)
    before = values.copy()
    served = allocation.cut(values, values.size, places, np.zeros(values.size, np.float32))
    assert np.array_equal(values, before), "the keys themselves are not moved"
    return served


def _visit_key(order: str, home: dict[str, float], noise: float, lottery: float) -> float:
    state = np.zeros((1, len(HOUSEHOLD), LANES), np.float32)
    for name, value in home.items():
        state[0, ROW[name], 3] = value
    rank = allocation.RULES.index(order)
    return float(allocation.visit_key(state, 0, 3, rank, np.float32(noise), np.float32(lottery)))


def mentor_numbers(values: dict[str, float]) -> Any:
    """Plan with the numbers of a block's mentors and nothing else."""
    given = {"posts": 1.0, "competence": 0.6, "trust_bonus": 0.0, "observation_noise": 0.0} | values
    assert set(given) == set(allocation.MENTOR_FIELDS)
    return JustMentor(np.array([given[name] for name in allocation.MENTOR_FIELDS], np.float64))


def ledger(hours: Any, trips: Any) -> dict[str, float]:
    """Entries of the first month by name."""
    return {name: hours[row, 0] for row, name in enumerate(HOURS)} | {"trips": trips[0, 0], "groups": trips[1, 0]}


def hours_of_month(mentor: dict[str, float], share: float, clients: int, meetings: float) -> dict[str, float]:
    """What becomes of one mentor's month; `visits` is the number that can be made."""
    hours, trips = np.zeros((len(HOURS), 1)), np.zeros((2, 1))
    held, visits = allocation.hours_of_month(
        mentor_numbers(mentor), float(share), int(clients), float(meetings), hours, trips, 0
    )
    return ledger(hours, trips) | {"held": held, "visits": visits}


def spend_visits(mentor: dict[str, float], made: float) -> dict[str, float]:
    """Entries that visits add to an empty ledger."""
    hours, trips = np.zeros((len(HOURS), 1)), np.zeros((2, 1))
    allocation.spend_visits(mentor_numbers(mentor), float(made), hours, trips, 0)
    return ledger(hours, trips)


SPECIAL = {
    "cut": _cut,
    "visit_key": _visit_key,
    "hours_of_month": hours_of_month,
    "spend_visits": spend_visits,
}
