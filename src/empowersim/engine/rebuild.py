"""Compiled functions built anew with others in place of some that they call; the originals stay as they are.

Numba fixes what a function calls when it compiles it. A kernel that is to call another rule is therefore made again
from the same code with other globals, and so is every function on the way from the kernel to the rule; functions that
do not reach the rule are shared. No source text is generated or executed, and no module is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dis import get_instructions
from types import CodeType, FunctionType, ModuleType
from typing import Any

from empowersim._jit import Compiled, kernel_kept_under

PACKAGE = "empowersim"

_NOTHING = ("EXTENDED_ARG", "CACHE", "PUSH_NULL")
"""Steps that may stand between a module and what is taken of it; long functions need the first."""


def taken_from(code: CodeType) -> dict[str, set[str]]:
    """Globals that a code object reads, nested code included, each with the attributes it takes of it."""
    found: dict[str, set[str]] = {}
    last = ""
    for step in get_instructions(code):
        if step.opname in _NOTHING:
            continue
        name = str(step.argval)
        if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            found.setdefault(name, set())
        elif last and step.opname in {"LOAD_ATTR", "LOAD_METHOD"}:
            found[last].add(name)
        last = name if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"} else ""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            for name, attributes in taken_from(constant).items():
                found.setdefault(name, set()).update(attributes)
    return found


def called_by(function: Callable[..., Any]) -> Iterator[Compiled]:
    """Compiled functions that a Python function reads, by name or as ``module.name``."""
    around = function.__globals__
    for name, attributes in taken_from(function.__code__).items():
        value = around.get(name)
        if isinstance(value, Compiled):
            yield value
        elif _is_ours(value):
            yield from (one for one in map(vars(value).get, attributes) if isinstance(one, Compiled))


def reached_from(function: Callable[..., Any]) -> dict[int, Compiled]:
    """All compiled functions that a function calls, directly or through others, by identity."""
    found: dict[int, Compiled] = {}
    waiting = list(called_by(function))
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found[id(one)] = one
            waiting.extend(called_by(one.py_func))
    return found


class Rebuilder:
    """Makes compiled functions anew; the same one asked for twice is made once."""

    def __init__(self, swaps: Mapping[Any, Any], role: str) -> None:
        """`swaps` = what stands in whose place (compared by identity); `role` = a name for what is being built."""
        self._swaps = {id(old): new for old, new in swaps.items()}
        self._role = role
        self._made: dict[int, Compiled] = {}
        self._kept = list(swaps)  # identities hold as long as the objects live

    def rule(self, compiled: Compiled) -> Compiled:
        """A compiled function that calls the replacements; the very same one if it reaches none."""
        swapped = self._swaps.get(id(compiled))
        if swapped is not None:
            return swapped
        if id(compiled) not in self._made:
            function = self._function(compiled.py_func)
            self._made[id(compiled)] = compiled if function is compiled.py_func else compiled.made_of(function)
            self._kept.append(compiled)
        return self._made[id(compiled)]

    def kernel(self, kernel: Any) -> Any:
        """A kernel that calls the replacements, its machine code kept under the role; itself if it reaches none."""
        function = self._function(kernel.py_func)
        return kernel if function is kernel.py_func else kernel_kept_under(function, self._role)

    def _function(self, function: Any) -> Any:
        around = function.__globals__
        changed: dict[str, Any] = {}
        for name, attributes in sorted(taken_from(function.__code__).items()):
            if name not in around:
                continue
            value = around[name]
            new = self._module(value, attributes, function) if _is_ours(value) else self._value(value)
            if new is not value:
                changed[name] = new
        if not changed:
            return function
        made = FunctionType(
            function.__code__, {**around, **changed}, function.__name__, function.__defaults__, function.__closure__
        )
        made.__qualname__, made.__module__, made.__doc__ = (
            function.__qualname__,
            function.__module__,
            function.__doc__,
        )
        return made

    def _value(self, value: Any) -> Any:
        return self.rule(value) if isinstance(value, Compiled) else self._swaps.get(id(value), value)

    def _module(self, module: ModuleType, attributes: set[str], function: Any) -> ModuleType:
        """A module as one function sees it: with replacements in place of what it takes from there."""
        inside = vars(module)
        changed = {}
        for name in sorted(attributes & inside.keys()):
            new = self._value(inside[name])
            if new is not inside[name]:
                changed[name] = new
        if not changed:
            return module
        seen = ModuleType(f"{module.__name__} for {function.__qualname__} in {self._role}")
        vars(seen).update(inside)
        vars(seen).update(changed)
        return seen


def _is_ours(value: Any) -> bool:
    return isinstance(value, ModuleType) and value.__name__.partition(".")[0] == PACKAGE
