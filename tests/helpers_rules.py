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
from empowersim.engine.arrays import GUIDANCE, MENTOR_STATE
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
        "mentors",
        "month",
        "programmes",
        "schooling",
        "spending",
        "start",
        "survey",
    )
} | {name: importlib.import_module(f"empowersim.engine.{name}") for name in ("allocation", "metrics")}
"""Topic -> module; every topic has its file of hand-worked cases."""

RECORDS = {"village": Village, "home": Household, "dose": Dose, "draw": Draw}

# the little that loops over arrays look at
JustMentor = namedtuple("JustMentor", ["mentor"])
JustState = namedtuple("JustState", ["state"])
JustLedger = namedtuple("JustLedger", ["hours", "trips"])


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
        function = SPECIAL[name]
        if "p" in inspect.signature(function).parameters:
            return function(record(case.get("parameters", {}), others), **inputs)
        return function(**inputs)
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


def state_of(homes: list[dict[str, float]]) -> Any:
    """Tiles of which the lane 3 holds a household each, in an otherwise empty state."""
    state = np.zeros((len(homes), len(HOUSEHOLD), LANES), np.float32)
    for tile, home in enumerate(homes):
        for name, value in home.items():
            state[tile, ROW[name], 3] = value
    return state


def _visit_key(p: Any, order: str, home: dict[str, float], noise: float, lottery: float) -> float:
    rank = allocation.RULES.index(order)
    return float(allocation.visit_key(p, state_of([home]), 0, 3, rank, np.float32(noise), np.float32(lottery)))


def mentor_numbers(values: dict[str, float]) -> Any:
    """Plan with the numbers of a block's mentors and nothing else; those not named are NaN, so that none is missed."""
    assert set(values) <= set(allocation.MENTOR_FIELDS)
    return JustMentor(np.array([values.get(name, np.nan) for name in allocation.MENTOR_FIELDS], np.float64))


def hours_of_month(
    mentor: dict[str, float],
    total: float,
    share: float,
    trips_possible: float,
    per_trip: float,
    clients: int,
    meetings: float,
) -> Any:
    """Lay out a mentor's month."""
    return allocation.hours_of_month(
        mentor_numbers(mentor),
        float(total),
        float(share),
        np.float32(trips_possible),
        float(per_trip),
        int(clients),
        float(meetings),
    )


def enter_hours(
    mentor: dict[str, float], laid: Any, share: float, meetings: float, made: float, per_trip: float
) -> dict[str, float]:
    """What a month adds to an empty ledger, by name; `road` is what the function returns."""
    if isinstance(laid, dict):
        whole = {name: int(value) if name == "visits" else float(value) for name, value in laid.items()}
        laid = allocation.Month(**whole)
    ledger = JustLedger(np.zeros((len(HOURS), 1)), np.zeros((2, 1)))
    road = allocation.enter_hours(
        mentor_numbers(mentor), laid, float(share), float(meetings), float(made), float(per_trip), ledger, 0
    )
    hours = {name: ledger.hours[row, 0] for row, name in enumerate(HOURS)}
    return hours | {"road": road, "trips": ledger.trips[0, 0], "groups": ledger.trips[1, 0]}


def crew_of(state: dict[str, float]) -> Any:
    """A crew of two of whom the second has the state of a case."""
    crew = np.full((2, len(MENTOR_STATE)), 0.5, np.float32)
    crew[1] = [state.get(name, 0.0) for name in MENTOR_STATE]
    return crew


def by_name(crew: Any) -> dict[str, float]:
    """State of the second mentor by name, after a look that the first was left alone."""
    assert (crew[0] == 0.5).all()
    return dict(zip(MENTOR_STATE, crew[1].tolist(), strict=True))


def _roll(p: Any, mentor: dict[str, float], crew: dict[str, float]) -> dict[str, float]:
    state = crew_of(crew)
    allocation.roll(p, mentor_numbers(mentor).mentor, state, 1)
    return by_name(state)


def _keep_trust(trust: list[float], unseen: list[float], kept: float) -> list[float]:
    state = state_of([{"trust": t, "unseen": u} for t, u in zip(trust, unseen, strict=True)])
    allocation.keep_trust(JustState(state), 0, len(trust) - 1, np.float32(kept))
    return [float(value) for value in state[:, ROW["trust"], 3]]


def _guide(p: Any, mentor: dict[str, float], crew: dict[str, float], members: float) -> dict[str, float]:
    guidance = np.zeros((3, len(GUIDANCE)), np.float32)
    mean = allocation.guide(p, mentor_numbers(mentor), crew_of(crew), 1, np.float32(members), guidance, 1, 3)
    assert not guidance[0].any(), "the area of another mentor"
    assert np.array_equal(guidance[1], guidance[2])
    return dict(zip(GUIDANCE, guidance[1].tolist(), strict=True)) | {"mean": mean}


def _end_of_month(
    p: Any, mentor: dict[str, float], crew: dict[str, float], load: float, admin: float, road: float, draw: float
) -> dict[str, float]:
    """State of a mentor after its month, and the trust of a household that had a trust of 0.5."""
    state, homes = crew_of(crew), JustState(state_of([{"trust": 0.5}]))
    leaves = allocation.end_of_month(
        p, mentor_numbers(mentor), homes, state, 1, float(load), float(admin), float(road), np.float32(draw), 0, 1
    )
    return by_name(state) | {"leaves": leaves, "trust": homes.state[0, ROW["trust"], 3]}


SPECIAL = {
    "cut": _cut,
    "visit_key": _visit_key,
    "hours_of_month": hours_of_month,
    "enter_hours": enter_hours,
    "roll": _roll,
    "keep_trust": _keep_trust,
    "guide": _guide,
    "end_of_month": _end_of_month,
}
