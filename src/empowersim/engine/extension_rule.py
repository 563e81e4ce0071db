"""A rule that a user wrote: compiled, with its own text, and with a digest of all that it says or does."""

from __future__ import annotations

import builtins
import inspect
import linecache
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, ModuleType
from typing import Any, Final

import numpy as np

from empowersim._jit import _RULE_FLAGS, Compiled
from empowersim.engine.rebuild import PACKAGE, taken_from
from empowersim.errors import SimulationError

_NUMBERS: Final = (bool, int, float, np.generic)
_PURE: Final = ("builtins", "math")
"""Modules whose functions give the same for the same arguments."""


class Rule(Compiled):
    """A compiled rule of a user, which remembers its own text."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, _RULE_FLAGS)
        self.text = _text_of(function)


def rule(function: Callable[..., Any]) -> Any:
    """Compile a scalar rule of an extension, under the flags of the model's own rules; Python may call it, too.

    Everything is float32: take numbers from `p`, or write ``F(0.2)``; 0, 1 and a half are `ZERO`, `ONE` and `HALF`.
    A rule has no branches: use `select`, `flag`, `lesser`, `greater`, `clip`.
    """
    if not inspect.isfunction(function):
        raise SimulationError(f"rule: expected a function, found {function!r}")
    return Rule(function)


def held_by(one: Any) -> Iterator[tuple[str, Any]]:
    """What a rule takes from outside itself: globals, what it takes of modules, and variables of a function around it.

    A name that stands nowhere is left to the compiler, which says so.
    """
    function = one.py_func
    for name, attributes in sorted(taken_from(function.__code__).items()):
        value = function.__globals__.get(name, vars(builtins).get(name, one))
        if isinstance(value, ModuleType) and attributes:
            yield from ((f"{name}.{part}", getattr(value, part, None)) for part in sorted(attributes))
        else:
            yield name, value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


def can_be_held(value: Any) -> bool:
    """Whether compiled code may hold on to a value: it never changes, hides no draw, and has a digest."""
    if isinstance(value, tuple):
        return all(can_be_held(one) for one in value)
    if isinstance(value, BuiltinFunctionType):
        return value.__module__ in _PURE
    kind = isinstance(value, type) and (value.__module__ in _PURE or issubclass(value, np.generic))
    record = isinstance(value, type) and hasattr(value, "_fields")
    return isinstance(value, (*_NUMBERS, str, Compiled, np.ufunc)) or kind or record or _is_of_the_package(value)


def _is_of_the_package(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(f"{PACKAGE}.")


def is_shipped(one: Any) -> bool:
    """Whether a compiled function stands in the package, whose sources are part of every digest already."""
    return _is_of_the_package(one) and not isinstance(one, Rule)


def by_text(one: Any) -> str:
    """What a rule says, by its text: the same for every version of Python."""
    return getattr(one, "text", "") or by_code(one)


def by_code(one: Any) -> str:
    """What a rule does, by its compiled form: also where its text cannot be had or has changed on disk."""
    return _code_of(one.py_func.__code__)


def _code_of(code: CodeType) -> str:
    constants = [_code_of(value) if isinstance(value, CodeType) else repr(value) for value in code.co_consts]
    return repr((code.co_code.hex(), constants, code.co_names, code.co_varnames, code.co_freevars))


def told_of(one: Any, by: Callable[[Any], str], seen: tuple[int, ...] = ()) -> str:
    """A rule with all that it holds on to, as text."""
    if is_shipped(one):
        return f"{one.__module__}.{one.__qualname__}"
    held = []
    for name, value in held_by(one):
        if isinstance(value, Compiled):
            held.append((name, "itself" if id(value) in (*seen, id(one)) else told_of(value, by, (*seen, id(one)))))
        elif isinstance(value, (type, BuiltinFunctionType, np.ufunc)) or _is_of_the_package(value):
            held.append((name, f"{getattr(value, '__module__', '')}.{getattr(value, '__name__', name)}"))
        else:
            held.append((name, f"{type(value).__name__} {value!r}"))
    return repr((one.__name__, by(one), held))


def _text_of(function: Callable[..., Any]) -> str:
    """Source text of a function as it stood when it was made; empty where it cannot be had."""
    try:
        linecache.checkcache()
        return inspect.cleandoc(inspect.getsource(function))
    except (OSError, TypeError):
        return ""
