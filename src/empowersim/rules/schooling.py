"""Children: being in school, and what tutoring teaches.

Children leave school more often where money is short, an earner is ill, adults read little or the
children lag; a scholarship holds part of them. Tutoring gains fade (Banerjee et al. 2007, C130-C132).
Enrolment was not in the prototype: all its coefficients are assumed. Coefficients: ``schooling.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, exp, flag, lesser


@rule
def leaving_chance(
    p: Any,
    log_normal_income: float,
    learning: float,
    growth: float,
    literacy: float,
    illness: float,
    scholarship: float,
) -> float:
    """Chance (0-1 a month) that the children of a household leave school; `scholarship` = share of cost covered."""
    pull = (
        p.leaving_per_consumption * log_normal_income
        + p.leaving_per_learning * learning
        + p.leaving_per_growth * growth
        + p.leaving_per_literacy * literacy
        + p.leaving_per_illness * illness
    )
    return lesser(p.leaving_hazard * exp(pull), ONE) * (ONE - p.leaving_prevented * scholarship)


@rule
def returning_chance(p: Any, scholarship: float) -> float:
    """Chance (0-1 a month) that children out of school return."""
    return lesser(p.returning_hazard * (ONE + p.returning_per_scholarship * scholarship), ONE)


@rule
def next_in_school(in_school: float, leaving: float, returning: float, draw: float) -> float:
    """Children enrolled (1) or not (0); `draw` uniform."""
    return select(in_school > HALF, flag(draw > leaving), flag(draw < returning))


@rule
def next_child_learning(p: Any, learning: float, tutoring: float, attended: float, adults_gained: float) -> float:
    """Learning of the children (SD) above what they would have; `tutoring` 1 = a standard dose.

    Adults who have learned to read (`adults_gained`, 0-1 of literacy) teach at home (C223-C225).
    """
    dose = lesser(tutoring, ONE)
    taught = p.learning_per_tutoring * tutoring * attended + p.learning_from_adults * adults_gained
    return learning + taught - p.learning_fade * learning * (ONE - dose)
