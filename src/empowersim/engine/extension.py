"""An extension: rules, numbers, columns and draws that a user adds to the model, or puts in place of the model's own.

Everything in it is checked when it is made: what can be said without compiling anything is said here, with the name of
the rule, file and line. `engine.machine` compiles it.

A rule of an extension is a scalar float32 function under the same flags as the model's own (`rule`)::

    rule(p, village, start, home, dose, draw, month) -> home        of a household, before or after its month
    rule(p, village, draw, month) -> village                        of a village, before its households' month

`p` holds the parameters of the model and of the extension, `village` the village with last month's means and the
extension's columns (``mean_NAME`` = last month's mean of a household column NAME of the extension), `start` the
household at the start of the month and `home` as it stands now, both with the extension's columns, `dose` what reached
it, `draw` the draws of the month, the model's and the extension's, `month` = 1 in the first month of the policies and
so on, 0 in the burn-in. A rule returns what it was given with some columns changed: ``home._replace(savings=...)``.
"""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

import numpy as np

import empowersim.rules as rule_modules
from empowersim._jit import Compiled
from empowersim.engine.extension_rule import by_code, by_text, can_be_held, held_by, is_shipped, told_of
from empowersim.engine.kernels import advance
from empowersim.engine.rebuild import PACKAGE, reached_from
from empowersim.engine.start import settle
from empowersim.errors import SimulationError
from empowersim.parameters import Parameters
from empowersim.rules.month import Draw, Household, Village

OF_HOUSEHOLD: Final = ("p", "village", "start", "home", "dose", "draw", "month")
OF_VILLAGE: Final = ("p", "village", "draw", "month")
MEAN: Final = "mean_"
"""Before the name of a household column of an extension: its mean in the village last month."""
MOST_STREAMS: Final = 1 << 20
"""Numbers that streams of extensions may have: 0 and up to here."""

_LONGEST: Final = 60


@dataclass(frozen=True)
class Number:
    """A parameter of an extension, with its passport."""

    value: float
    unit: str = ""
    lower: float = -math.inf
    upper: float = math.inf
    meaning: str = ""
    source: str = "assumed"


@dataclass(frozen=True)
class State:
    """A column that an extension adds to every household or village: carried from month to month."""

    start: float = 0.0
    """Value at the start of the burn-in."""
    unit: str = ""
    lower: float = -math.inf
    upper: float = math.inf
    meaning: str = ""


@dataclass(frozen=True, eq=False)
class Extension:
    """Rules and what they need, added to the model. Compared by identity; `digest` tells what it says.

    Raises `SimulationError` for what cannot be, naming rule, file and line.
    """

    name: str
    """Of letters, digits, ``-`` and ``_``: it stands in every result."""
    add: Sequence[Any] = ()
    """Rules of households after their month, in this order."""
    before: Sequence[Any] = ()
    """Rules of households before their month."""
    villages: Sequence[Any] = ()
    """Rules of villages before their households' month, after the model's own shocks are struck."""
    replace: Mapping[Any, Any] = field(default_factory=dict)
    """Rule of the model (``income.next_job``, or the function) -> rule of the same arguments in its place."""
    parameters: Mapping[str, Number | float] = field(default_factory=dict)
    """What rules read as ``p.NAME``."""
    columns: Mapping[str, State] = field(default_factory=dict)
    """Columns of households, read as ``home.NAME``; ``village.mean_NAME`` = their means in the village last month."""
    village_columns: Mapping[str, State] = field(default_factory=dict)
    """Columns of villages, read as ``village.NAME``."""
    draws: Mapping[str, int] = field(default_factory=dict)
    """Uniforms of a household and month, read as ``draw.NAME``, each with the number of its stream (0 and up), which
    must never change: it is part of the address of the draw."""
    village_draws: Mapping[str, int] = field(default_factory=dict)
    """The same of a village and month: one number for all its households."""
    note: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        freeze = object.__setattr__
        for part in ("add", "before", "villages"):
            given = getattr(self, part)
            freeze(self, part, (given,) if callable(given) else tuple(given))
        freeze(self, "replace", {_shipped_name(self, old): new for old, new in self.replace.items()})
        freeze(self, "parameters", {name: _number(self, name, one) for name, one in self.parameters.items()})
        for part in ("columns", "village_columns", "draws", "village_draws"):
            freeze(self, part, dict(getattr(self, part)))
        _check_names(self)
        for kind, wanted in (("add", OF_HOUSEHOLD), ("before", OF_HOUSEHOLD), ("villages", OF_VILLAGE)):
            for one in getattr(self, kind):
                _check_rule(self, one)
                _check_arguments(self, one, wanted)
        for old, new in self.replace.items():
            _check_rule(self, new)
            _check_arguments(self, new, tuple(inspect.signature(replaceable()[old].py_func).parameters))

    # ------------------------------------------------------------------ what it says

    @cached_property
    def digest(self) -> str:
        """Digest (16 hexadecimal digits) of all that can change a number: rules, values, columns, streams."""
        told = hashlib.blake2b(digest_size=8)
        told.update(_said(self, with_values=True).encode())
        for one in self.rules():
            told.update(told_of(one, by_text).encode())
        return told.hexdigest()

    @cached_property
    def code_digest(self) -> str:
        """Digest of all that compiled code depends on: as `digest`, without the values of parameters and the name."""
        told = hashlib.blake2b(digest_size=8)
        told.update(_said(self, with_values=False).encode())
        for one in self.rules():
            told.update(told_of(one, by_code).encode())
        return told.hexdigest()

    def passport(self) -> dict[str, Any]:
        """What results say of the extension they were made under: name, digest and the values of its parameters."""
        return {"name": self.name, "digest": self.digest, "parameters": self.values()}

    def values(self) -> dict[str, float]:
        """Values of its parameters by name."""
        return {name: float(one.value) for name, one in self.parameters.items()}  # type: ignore[union-attr]

    def rules(self) -> list[Any]:
        """All rules of the extension in a fixed order."""
        return [*self.before, *self.add, *self.villages, *(self.replace[name] for name in sorted(self.replace))]

    def sentence(self) -> str:
        """What the extension does to the model, in a sentence."""
        parts = [
            f"{word} {', '.join(names)}"
            for word, names in (
                ("adds", [str(one.__name__) for one in (*self.villages, *self.before, *self.add)]),
                ("puts its own rule in place of", sorted(self.replace)),
            )
            if names
        ]
        return f"Under the extension {self.name} (digest {self.digest}), which {' and '.join(parts) or 'does nothing'}."

    # ------------------------------------------------------------------ others like it

    def with_values(self, **values: float) -> Extension:
        """The same extension with other values of its parameters; nothing is compiled anew."""
        known = dict(self.parameters)
        for name, value in values.items():
            if name not in known:
                raise SimulationError(f"{where_of(self)}: {_unknown(name, known, 'a parameter of the extension')}")
            known[name] = replace(known[name], value=value)  # type: ignore[type-var]
        return replace(self, parameters=known)

    def __add__(self, other: Extension) -> Extension:
        """Both extensions at once, the rules of the first before those of the second.

        Raises `SimulationError` where both use a name, a stream, or replace the same rule.
        """
        joined: dict[str, Any] = {}
        for part in ("replace", "parameters", "columns", "village_columns", "draws", "village_draws"):
            mine, theirs = getattr(self, part), getattr(other, part)
            both = sorted(set(mine) & set(theirs))
            if both:
                raise SimulationError(f"{self.name} + {other.name}: both have {', '.join(both)} in {part}")
            joined[part] = {**mine, **theirs}
        for part in ("add", "before", "villages"):
            joined[part] = (*getattr(self, part), *getattr(other, part))
        return Extension(f"{self.name}_{other.name}", **joined)

    def travels(self, where: str, *, script: bool = False) -> None:
        """Raise `SimulationError` unless another process can import the rules; `where` says what asks.

        `script` = rules of the script that runs are found again by a process that it starts.
        """
        for one in self.rules():
            module, inside = str(one.__module__), str(one.__qualname__)
            home = import_module("__main__")
            found = script and hasattr(home, "__file__") and not hasattr(home, "get_ipython")
            if "<" in inside or (module == "__main__" and not found):
                raise SimulationError(
                    f"{where_of(self, one)}: {where} needs rules that another process can import, found one that "
                    f"stands {'inside a function' if '<' in inside else 'in the notebook or script that runs'}; put "
                    "the rules into a file of their own, say floods.py, and import them from there, or use threads "
                    "(executor serial)"
                )


@cache
def replaceable() -> dict[str, Compiled]:
    """Rules of the model that an extension may replace, by name (``income.next_job``), in the order of the files.

    They are those that the months of a policy, or the start of a household, call.
    """
    called = {**reached_from(advance.py_func), **reached_from(settle.py_func)}
    found = {}
    for module in sorted(one.name for one in iter_modules(rule_modules.__path__)):
        inside = import_module(f"{PACKAGE}.rules.{module}")
        for name, value in vars(inside).items():
            if id(value) in called and value.__module__ == inside.__name__:
                found[f"{module}.{name}"] = value
    return found


# ---------------------------------------------------------------------- checks


def where_of(extension: Extension, one: Any = None) -> str:
    """Where something stands: the extension, or one of its rules with file and line."""
    if one is None:
        return f"extension {extension.name}"
    function = getattr(one, "py_func", one)
    code = getattr(function, "__code__", None)
    at = f" ({Path(code.co_filename).name}:{code.co_firstlineno})" if code is not None else ""
    return f"extension {extension.name}: rule {getattr(function, '__name__', function)}{at}"


def _unknown(name: str, known: Any, kind: str) -> str:
    near = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
    return f"expected {kind}, found {name!r}; {hint}"


def _check_name(name: str) -> None:
    if not name or len(name) > _LONGEST or not name.replace("-", "_").isidentifier():
        raise SimulationError(
            f"extension: expected a name of letters, digits, - and _ ({_LONGEST} at most), found {name!r}"
        )


def _shipped_name(extension: Extension, old: Any) -> str:
    """Name of the rule of the model that is to be replaced."""
    known = replaceable()
    if isinstance(old, Compiled):
        for name, one in known.items():
            if one is old:
                return name
        old = f"{str(old.py_func.__module__).rpartition('.')[2]}.{old.py_func.__name__}"
    name = str(old).removeprefix(f"{PACKAGE}.").removeprefix("rules.")
    if name not in known:
        near = get_close_matches(name, known, n=1) or [one for one in known if one.endswith(f".{name}")]
        hint = f"did you mean {near[0]}?" if near else "empowersim.extend.replaceable() lists them"
        raise SimulationError(
            f"{where_of(extension)}: replace: expected a rule of the model (topic.name), found {old!r}; {hint}"
        )
    return name


def _number(extension: Extension, name: str, given: Any) -> Number:
    """A parameter as a `Number`, within its bounds."""
    one = given if isinstance(given, Number) else Number(given)
    real = isinstance(one.value, (int, float, np.number)) and math.isfinite(one.value)
    if not real or not one.lower <= one.value <= one.upper:
        raise SimulationError(
            f"{where_of(extension)}: parameters.{name}: expected a number from {one.lower:g} to {one.upper:g}"
            f"{' ' + one.unit if one.unit else ''}, found {one.value!r}"
        )
    return one


def _check_names(extension: Extension) -> None:
    taken = {
        "parameters": set(Parameters._fields),
        "columns": {*Household._fields, *(one.removeprefix(MEAN) for one in Village._fields if MEAN in one)},
        "village_columns": {*Village._fields, *(MEAN + one for one in extension.columns)},
        "draws": set(Draw._fields),
    }
    taken["village_draws"] = taken["draws"] | set(extension.draws)
    for part, names in taken.items():
        for name, one in getattr(extension, part).items():
            if not str(name).isidentifier() or str(name).startswith("_"):
                raise SimulationError(
                    f"{where_of(extension)}: {part}: expected a name for a rule to read, found {name!r}"
                )
            if name in names:
                raise SimulationError(f"{where_of(extension)}: {part}: the name {name} is taken; choose another")
            if part.endswith("columns"):
                _check_state(extension, f"{part}.{name}", one)
    for part in ("draws", "village_draws"):
        numbers = getattr(extension, part)
        for name, number in numbers.items():
            whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
            if not whole or not 0 <= number < MOST_STREAMS:
                raise SimulationError(
                    f"{where_of(extension)}: {part}.{name}: expected the number of a stream, 0 to {MOST_STREAMS - 1}, "
                    f"found {number!r}"
                )
        twice = [name for name, number in numbers.items() if list(numbers.values()).count(number) > 1]
        if twice:
            raise SimulationError(
                f"{where_of(extension)}: {part}: {', '.join(twice)} have the same stream, and so the same luck; give "
                "each a number of its own"
            )


def _check_state(extension: Extension, where: str, one: Any) -> None:
    if not isinstance(one, State):
        raise SimulationError(f"{where_of(extension)}: {where}: expected a State(start, ...), found {one!r}")
    if not math.isfinite(one.start) or not one.lower <= one.start <= one.upper:
        raise SimulationError(
            f"{where_of(extension)}: {where}: expected a start from {one.lower:g} to {one.upper:g}, found {one.start:g}"
        )


def _check_arguments(extension: Extension, one: Any, wanted: tuple[str, ...]) -> None:
    found = tuple(inspect.signature(one.py_func).parameters)
    if found != wanted:
        raise SimulationError(
            f"{where_of(extension, one)}: expected the arguments ({', '.join(wanted)}), found ({', '.join(found)})"
        )


def _check_rule(extension: Extension, one: Any) -> None:
    """Raise `SimulationError` unless a rule is compiled and mentions only what compiled code may hold on to."""
    if not isinstance(one, Compiled):
        raise SimulationError(
            f"{where_of(extension, one)}: expected a compiled rule, found {type(one).__name__}; put "
            "@empowersim.extend.rule above it"
        )
    for name, value in held_by(one):
        if can_be_held(value):
            if isinstance(value, Compiled) and not is_shipped(value) and value is not one:
                _check_rule(extension, value)
            continue
        where = f"{where_of(extension, one)}: it holds on to {name}"
        if "random" in f"{getattr(value, '__module__', '')} {getattr(value, '__self__', '')} {value!r}".lower():
            raise SimulationError(
                f"{where}, a source of random numbers that no policy would share; name a draw in draws or "
                "village_draws, and read it as draw.NAME"
            )
        raise SimulationError(
            f"{where}, a {type(value).__name__}, which compiled code cannot see change; use a parameter (p.NAME), a "
            "column, a number or another rule"
        )


# ---------------------------------------------------------------------- digests


def _said(extension: Extension, *, with_values: bool) -> str:
    """The declarations of an extension as text."""
    counts = f"{len(extension.before)} {len(extension.add)} {len(extension.villages)} {sorted(extension.replace)}"
    states = {part: {name: vars(one) for name, one in getattr(extension, part).items()} for part in _STATES}
    streams = {part: getattr(extension, part) for part in ("draws", "village_draws")}
    numbers = extension.values() if with_values else list(extension.parameters)
    return repr((counts, numbers, states if with_values else {part: list(states[part]) for part in states}, streams))


_STATES: Final = ("columns", "village_columns")
