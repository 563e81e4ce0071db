"""Numbers with passports: every coefficient of the rules stands once, in a YAML file of this folder.

`passports` gives what is known of each number; `parameters` gives the values in the form that
compiled rules take: a named tuple of float32, one field a parameter.
"""

from __future__ import annotations

import hashlib
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from empowersim.errors import ParameterError

FOLDER: Final = Path(__file__).parent

TOPICS: Final = (
    "income",
    "assets",
    "spending",
    "literacy",
    "schooling",
    "health",
    "agency",
    "mentoring",
    "programmes",
    "community",
    "outcomes",
    "survey",
)
"""Files that hold one passport a parameter; the other YAML files here are tables of places."""

SURVEYS: Final = "survey"
"""Topic of what surveys get wrong: no household lives by it."""

DEFINITIONS: Final = "outcomes"
"""Topic of the yardsticks by which outcomes are measured: chosen, not unknown."""

SWITCH: Final = "switch"
"""Distribution of a parameter that is off or on."""

CONFIDENCE: Final = {"A": "read in a source", "B": "well known or fitted", "C": "assumed"}


@dataclass(frozen=True)
class Passport:
    """What is known of one number."""

    name: str
    topic: str
    value: float
    unit: str
    lower: float
    upper: float
    distribution: str
    """How it varies in uncertainty analysis: `uniform` over the bounds, or `switch`."""
    meaning: str
    status: str
    """`fitted` to evidence, `derived` from one row, or `assumed`."""
    confidence: str
    rows: tuple[str, ...]
    """Evidence rows (C001 and so on) that inform it."""
    source: str
    symbol: str = ""
    """Symbol in the design paper, if it has one."""
    prior: float | None = None
    """Of a fitted number: its value before the joint fit, centre of its prior."""


def read_yaml(path: Path) -> Any:
    """Read a packaged YAML file with the fast loader where there is one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=loader)


@cache
def passports() -> dict[str, Passport]:
    """Return all parameters by name, in the order of the files."""
    found: dict[str, Passport] = {}
    for topic in TOPICS:
        for name, entry in read_yaml(FOLDER / f"{topic}.yaml").items():
            if name in found:
                raise ParameterError(f"parameter {name} stands in two files: {topic}, {found[name].topic}")
            lower, upper = entry["bounds"]
            found[name] = Passport(
                name=name,
                topic=topic,
                value=float(entry["value"]),
                unit=entry["unit"],
                lower=float(lower),
                upper=float(upper),
                distribution=entry["distribution"],
                meaning=entry["meaning"],
                status=entry["status"],
                confidence=entry["confidence"],
                rows=tuple(entry["rows"]),
                source=entry["source"],
                symbol=str(entry.get("symbol", "")),
                prior=float(entry["prior"]) if "prior" in entry else None,
            )
    return found


Parameters: Any = namedtuple("Parameters", list(passports()))  # type: ignore[misc]
"""Values of all parameters as float32."""


RECORD: Final = np.dtype([(name, np.float32) for name in passports()])
"""The same values as one record: what compiled rules take as `p` (a pointer, cheap to hand on)."""


def record_of(values: Any) -> Any:
    """Return `Parameters` as an array of one record."""
    return np.array([tuple(values)], RECORD)


def uncertain(passport: Passport) -> bool:
    """Whether an uncertainty analysis moves a number unless asked otherwise: no switch, yardstick or survey error."""
    return passport.distribution != SWITCH and passport.topic not in {SURVEYS, DEFINITIONS}


def parameters(overrides: Mapping[str, float] | None = None) -> Any:
    """Return `Parameters` with the shipped values, changed by `overrides`.

    Raises `ParameterError` for an unknown name (naming the nearest) or a value outside its bounds.
    """
    values = {name: passport.value for name, passport in passports().items()}
    for name, value in (overrides or {}).items():
        check_override(name, value)
        values[name] = float(value)
    return Parameters(**{name: np.float32(value) for name, value in values.items()})


def check_override(name: str, value: float) -> None:
    """Raise `ParameterError` unless `name` is a parameter and `value` lies within its bounds."""
    known = passports()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ParameterError(f"no parameter is called {name}{hint}")
    passport = known[name]
    if not passport.lower <= value <= passport.upper:
        raise ParameterError(
            f"{name} = {value:g} {passport.unit} lies outside its bounds {passport.lower:g} to {passport.upper:g}"
        )


def digest(values: Any) -> str:
    """Digest (16 hexadecimal digits) of a set of parameter values."""
    text = "\n".join(f"{name}={float(value)!r}" for name, value in values._asdict().items())
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
