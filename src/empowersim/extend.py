"""Extend the model with compiled rules: the public face of `engine.extension`, and what rules are written with.

::

    import empowersim as es
    from empowersim.extend import ONE, Extension, Number, rule

    @rule
    def windfall(p, village, start, home, dose, draw, month):
        return home._replace(savings=home.savings + p.windfall * home.normal_income)

    gift = Extension("windfall", add=windfall, parameters={"windfall": Number(0.02, "share of income", 0, 1)})
    es.compare("scenarios/medan.yaml", extension=gift)

`docs/howto/extend.md` has a savings group and a new shock.
"""

from __future__ import annotations

from empowersim._jit import select
from empowersim.engine.extension import Extension, Number, State, replaceable
from empowersim.engine.extension_check import check_types
from empowersim.engine.extension_loops import records_of
from empowersim.engine.extension_rule import rule
from empowersim.engine.luck import luck
from empowersim.maths import (
    HALF,
    ONE,
    TWO,
    ZERO,
    F,
    clip,
    exp,
    flag,
    greater,
    lesser,
    log,
    logistic,
    normal_quantile,
    positive,
)


def check(extension: Extension) -> None:
    """Compile each rule of an extension alone, in a second or two; `SimulationError` says what is wrong, and where.

    A run does the same before its kernels are compiled.
    """
    check_types(extension, records_of(extension))


__all__ = [
    "HALF",
    "ONE",
    "TWO",
    "ZERO",
    "Extension",
    "F",
    "Number",
    "State",
    "check",
    "clip",
    "exp",
    "flag",
    "greater",
    "lesser",
    "log",
    "logistic",
    "luck",
    "normal_quantile",
    "positive",
    "replaceable",
    "rule",
    "select",
]
