"""The package's own rules, over numpy arrays or over plain Python numbers.

A rule is a small function of numbers without branches. Given other primitives in place of `select`, `exp` and their
like, the very same function works on whole arrays. Nothing of the science is written a second time.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from empowersim import _jit, maths


class Translation:
    """Rules with other primitives: names of `_jit` and `maths` -> what stands for them."""

    def __init__(self, primitives: Mapping[str, Any], constant: Callable[[Any], Any] = lambda value: value) -> None:
        self._primitives = primitives
        self._constant = constant
        self._spaces: dict[str, dict[str, Any]] = {}

    def module(self, module: ModuleType) -> SimpleNamespace:
        """The names of a module, translated."""
        return SimpleNamespace(**self._space(module))

    def _space(self, module: ModuleType) -> dict[str, Any]:
        name = module.__name__
        if name not in self._spaces:
            space = self._spaces[name] = {}
            space.update({key: self._translated(key, value, name, space) for key, value in vars(module).items()})
        return self._spaces[name]

    def _translated(self, key: str, value: Any, here: str, space: dict[str, Any]) -> Any:
        if key in self._primitives and any(value is getattr(home, key, None) for home in (_jit, maths)):
            return self._primitives[key]
        if isinstance(value, _jit.Compiled):
            home = value.py_func.__module__
            if home == here:
                return FunctionType(value.py_func.__code__, space, value.py_func.__name__)
            return self._space(sys.modules[home])[value.py_func.__name__]
        if isinstance(value, ModuleType) and value.__name__.startswith("empowersim."):
            return self.module(value)
        return self._constant(value) if isinstance(value, np.floating) else value


def _where(condition: Any, yes: Any, no: Any) -> Any:
    return np.where(condition, yes, no)


def _flag(condition: Any) -> Any:
    return condition.astype(np.float32)


def _quantile(log: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The normal quantile over an array, its tail computed only where it is needed."""
    m = maths
    centre = (m._C0, m._C1, m._C2, m._C3, m._C4, m._C5, m._C6, m._C7, m._C8)
    tail = (m._T0, m._T1, m._T2, m._T3, m._T4, m._T5, m._T6, m._T7, m._T8)

    def polynomial(coefficients: tuple[Any, ...], at: Any) -> Any:
        value = coefficients[0]
        for coefficient in coefficients[1:]:
            value = value * at + coefficient
        return value

    def normal_quantile(probability: Any) -> Any:
        w = -log(m._FOUR * probability * (m.ONE - probability))
        value = polynomial(centre, w - m._Q_CENTRE)
        rare = np.flatnonzero(w >= m._Q_SPLIT)
        value[rare] = polynomial(tail, np.sqrt(w[rare]) - m._Q_TAIL)
        return m._SQRT2 * (probability + probability - m.ONE) * value

    return normal_quantile


def over_arrays() -> Translation:
    """Rules over float32 arrays as a numpy user would write them: numpy's own `exp`, `log`, `minimum`, `maximum`."""
    smallest = maths._SMALLEST

    def log(value: Any) -> Any:
        return np.log(np.maximum(value, smallest))

    return Translation(
        {
            "select": _where,
            "flag": _flag,
            "lesser": np.minimum,
            "greater": np.maximum,
            "clip": lambda value, low, high: np.minimum(np.maximum(value, low), high),
            "positive": lambda value: np.maximum(value, maths.ZERO),
            "exp": np.exp,
            "log": log,
            "normal_quantile": _quantile(log),
        }
    )


def over_arrays_exactly() -> Translation:
    """Rules over float32 arrays with the package's own polynomials: the same bits as the kernel, and slower."""
    return Translation(
        {
            "select": _where,
            "flag": _flag,
            "to_int32": lambda value: value.astype(np.int32),
            "to_float32": lambda value: value.astype(np.float32),
            "float_bits": lambda value: np.ascontiguousarray(value).view(np.int32),
            "bits_float": lambda value: np.ascontiguousarray(value).view(np.float32),
            "add_signed32": np.add,
            "and_signed32": np.bitwise_and,
            "shift_left32": np.left_shift,
            "shift_right32": np.right_shift,
        }
    )


def over_numbers() -> Translation:
    """Rules over plain Python floats (64 bits), as most agent-based models are written."""

    def lesser(a: float, b: float) -> float:
        return min(b, a)

    def greater(a: float, b: float) -> float:
        return max(b, a)

    def clip(value: float, low: float, high: float) -> float:
        return low if value < low else min(high, value)

    return Translation(
        {
            "select": lambda condition, yes, no: yes if condition else no,
            "flag": lambda condition: 1.0 if condition else 0.0,
            "lesser": lesser,
            "greater": greater,
            "clip": clip,
            "positive": lambda value: value if value > 0.0 else 0.0,
            "exp": math.exp,
            "log": math.log,
            "logistic": lambda value: 1.0 / (1.0 + math.exp(-value)),
        },
        constant=float,
    )
