"""Functional literacy of adults, 0 to 1; one school grade is 1/6.

Classes teach what is not yet known (C121); what is learned fades unless used (C122), down to
the level that the household's daily life keeps alive. That floor is ours: the prototype started everybody
at zero, and without it a whole literate population would forget how to read. A missed month of class counts
as forgetting. Coefficients: ``literacy.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule
from empowersim.maths import ONE, ZERO, clip, flag, lesser, positive


@rule
def next_literacy(p: Any, literacy: float, base: float, lessons: float, pace: float) -> float:
    """Literacy (0-1) next month; `lessons` = class intensity attended, `pace` of the place."""
    learned = lesser(p.literacy_gain * pace * lessons, ONE) * (ONE - literacy)
    above = positive(literacy - base)
    forgotten = p.literacy_loss * above * (ONE - p.use_of_literacy * literacy) * flag(lessons <= ZERO)
    return clip(literacy + learned - forgotten, ZERO, ONE)
