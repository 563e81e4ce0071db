"""Agency in its parts: well-being, empowerment and voice are three states, not one.

Well-being follows consumption (C057, C091, C151). Empowerment (say, control) does not come from income (C213);
courses and mentors raise it and it halves within a year (C059). Voice comes from meetings and lasts (C058).
Coefficients: ``agency.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule
from empowersim.maths import ONE, ZERO, greater


@rule
def next_well_being(p: Any, well_being: float, log_consumption: float, advice: float) -> float:
    """Well-being (SD) next month."""
    target = p.well_being_per_consumption * log_consumption + p.well_being_per_advice * advice
    return well_being + p.well_being_adjustment * (target - well_being)


@rule
def next_empowerment(p: Any, empowerment: float, contact: float, course: float) -> float:
    """Empowerment (SD, at least 0) next month; `contact` 0-1, `course` = empowering course share attended."""
    kept = empowerment * (ONE - p.empowerment_decay)
    return greater(kept + p.empowerment_per_contact * contact + p.empowerment_per_course * course, ZERO)


@rule
def next_voice(p: Any, voice: float, contact: float, meetings: float, deliberation: float) -> float:
    """Voice (SD, at least 0) next month; `meetings` attended, `contact` with a mentor 0-1, village meetings."""
    gained = p.voice_per_meeting * (meetings + p.voice_per_contact * contact) + p.voice_per_deliberation * deliberation
    return greater(voice * (ONE - p.voice_decay) + gained, ZERO)


@rule
def base_agency(p: Any, schooling_years: float, female_head: float, draw: float) -> float:
    """Say and voice (SD) that a household has without any programme; `draw` standard normal."""
    lean = p.agency_per_schooling * (schooling_years - p.schooling_reference) + p.agency_female_head * female_head
    return lean + p.agency_sd * draw
