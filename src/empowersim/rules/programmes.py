"""Attendance, what courses teach, and leaving a programme early.

Knowledge turns into practice only slowly, which is why trainings look weak at first (C100-C103, C112).
Coefficients: ``programmes.yaml``, ``mentoring.yaml`` (practice learned from a mentor).
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, ZERO, clip, flag, greater, lesser, logistic, positive


@rule
def attends(p: Any, trust: float, motivation: float, village: Any, fit: float, draw: float) -> float:
    """Whether the household attends this month (0 or 1); `fit` -1 to 1, `draw` uniform.

    Trust, motivation, the way to the meeting place, the peak season, the local leader, and fit where custom is strong.
    """
    pull = (
        p.attendance_intercept
        + p.attendance_per_trust * trust
        + p.attendance_per_motivation * (motivation - p.motivation_start)
        - p.attendance_per_hour * village.venue_hours
        + p.attendance_busy * village.busy
        + p.attendance_leader * (village.leader - HALF)
        + p.attendance_fit * fit * village.adat
    )
    return flag(draw < logistic(pull))


@rule
def next_skill(p: Any, skill: float, course: float, job: float, pace: float) -> float:
    """Technical skill (0-1) next month; `course` = share attended; it fades without a job to use it."""
    learned = lesser(p.skill_per_course * pace * course, ONE) * (ONE - skill)
    return clip(skill + learned - p.skill_loss * skill * (ONE - job), ZERO, ONE)


@rule
def next_knowledge(p: Any, knowledge: float, business: float, initiative: float, contact: float, pace: float) -> float:
    """Business knowledge (0-1) next month from courses attended and from contact with a mentor."""
    taught = p.knowledge_per_course * pace * (business + p.knowledge_from_initiative * initiative)
    gained = lesser(taught + p.practice_from_contact * contact, ONE) * (ONE - knowledge)
    return clip(knowledge + gained - p.knowledge_loss * knowledge, ZERO, ONE)


@rule
def next_practice(p: Any, practice: float, knowledge: float, motivation: float, diffused: float, pace: float) -> float:
    """Business practice (0-1) next month: knowledge becomes habit, faster with motivation; neighbours are imitated.

    Motivation speeds the gain, never the loss of a habit that has outlived its knowledge.
    """
    moved = positive(ONE + p.practice_per_motivation * (motivation - p.motivation_start))
    will = select(knowledge > practice, moved, ONE)
    return clip(practice + p.practice_ramp * will * pace * (knowledge - practice) + diffused, ZERO, ONE)


@rule
def teachability(p: Any, literacy: float, pace: float) -> float:
    """Factor (0 and up) on what courses teach: `pace` of the place, and `literacy` (0-1) against that of the trials."""
    return pace * positive(ONE + p.learning_per_literacy * (literacy - p.literacy_reference))


@rule
def acceptance(p: Any, take_up: float, motivation: float) -> float:
    """Chance (0-1) of accepting an offer made with `take_up`; motivation moves it."""
    return clip(take_up * (ONE + p.take_up_per_motivation * (motivation - p.motivation_start)), ZERO, ONE)


@rule
def worth_of_a_trade(demand: float, graduates: float) -> float:
    """Worth (0-1) of one more graduate of a trade; `graduates` a household, `demand` where it halves (0 = never)."""
    limited = demand / greater(demand + graduates, demand * HALF)
    return select(demand > ZERO, limited, ONE)


@rule
def next_initiative(p: Any, initiative: float, course: float, pace: float) -> float:
    """Personal initiative (0-1) next month; `course` = share of an initiative course attended."""
    learned = lesser(p.initiative_per_course * pace * course, ONE) * (ONE - initiative)
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
