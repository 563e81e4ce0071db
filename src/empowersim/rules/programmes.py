"""Attendance, what courses teach, and leaving a programme early.

Knowledge turns into practice only slowly, which is why trainings look weak at first (C100-C103, C112).
Coefficients: ``programmes.yaml``, ``mentoring.yaml`` (practice learned from a mentor).
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule
from empowersim.maths import ONE, ZERO, clip, flag, logistic


@rule
def attends(p: Any, trust: float, initiative: float, venue_hours: float, draw: float) -> float:
    """Whether the household attends this month (0 or 1); `venue_hours` one way, `draw` uniform."""
    pull = (
        p.attendance_intercept
        + p.attendance_per_trust * trust
        + p.attendance_per_initiative * initiative
        - p.attendance_per_hour * venue_hours
    )
    return flag(draw < logistic(pull))


@rule
def next_skill(p: Any, skill: float, course: float, job: float, pace: float) -> float:
    """Technical skill (0-1) next month; `course` = share attended; it fades without a job to use it."""
    learned = p.skill_per_course * pace * course * (ONE - skill)
    return clip(skill + learned - p.skill_loss * skill * (ONE - job), ZERO, ONE)


@rule
def next_knowledge(p: Any, knowledge: float, business: float, initiative: float, contact: float, pace: float) -> float:
    """Business knowledge (0-1) next month from courses attended and from contact with a mentor."""
    taught = p.knowledge_per_course * pace * (business + p.knowledge_from_initiative * initiative)
    gained = (taught + p.practice_from_contact * contact) * (ONE - knowledge)
    return clip(knowledge + gained - p.knowledge_loss * knowledge, ZERO, ONE)


@rule
def next_practice(p: Any, practice: float, knowledge: float, diffused: float, pace: float) -> float:
    """Business practice (0-1) next month: knowledge becomes habit slowly, neighbours are imitated."""
    return clip(practice + p.practice_ramp * pace * (knowledge - practice) + diffused, ZERO, ONE)


@rule
def next_initiative(p: Any, initiative: float, course: float, pace: float) -> float:
    """Personal initiative (0-1) next month; `course` = share of an initiative course attended."""
    learned = p.initiative_per_course * pace * course * (ONE - initiative)
    return clip(initiative + learned - p.initiative_loss * initiative, ZERO, ONE)


@rule
def empowering_course(p: Any, business: float, initiative: float, literacy: float) -> float:
    """Empowering content of the courses attended (course shares a month)."""
    return initiative + p.empowerment_from_business * business + p.empowerment_from_literacy * literacy


@rule
def next_participation(p: Any, participation: float, attended: float) -> float:
    """Moving average (0-1) of attendance in groups."""
    return p.participation_memory * participation + (ONE - p.participation_memory) * attended


@rule
def leaves(hazard: float, draw: float) -> bool:
    """Whether the household leaves a programme this month; `hazard` a month, `draw` uniform."""
    return draw < hazard
