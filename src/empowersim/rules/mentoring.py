"""Contact with a mentor: effective contact, trust and the flow of advice.

A visit works through competence and trust and saturates (domain model 2.4; Brooks et al. 2018, C110-C111). Trust
grows with visits and sessions and decays without contact, down to the trust that a stranger gets
(a departure from the prototype, where it decayed to zero). No study gives the effect of
mentors in Indonesia: these coefficients are assumed and lead the sensitivity analysis.
Coefficients: ``mentoring.yaml``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from empowersim._jit import rule, select
from empowersim.maths import ONE, ZERO, clip, exp, flag, greater, lesser, positive


@rule
def contact(p: Any, visits: float, competence: float, trust: float) -> float:
    """Effective contact (0-1) of `visits` a month by a mentor of `competence` (0-1)."""
    effective = visits * competence * (p.contact_base + p.contact_per_trust * trust)
    return ONE - exp(-effective / p.contact_saturation)


@rule
def next_advice(p: Any, advice: float, reached: float) -> float:
    """Flow of advice (0-1) next month: it builds up fast and fades slower."""
    speed = select(reached > advice, p.advice_build_up, p.advice_fade)
    return advice + speed * (reached - advice)


@rule
def next_trust(p: Any, trust: float, first: float, visits: float, sessions: float, competence: float) -> float:
    """Trust (0-1) next month; `first` = trust at first meeting, `sessions` attended a month."""
    alone = visits + sessions < p.contact_floor
    met = greater(trust, select(alone, ZERO, first))
    gained = competence * (p.trust_per_visit * visits + p.trust_per_session * sessions) * (ONE - met)
    return lesser(met + gained - p.trust_decay * positive(met - first) * flag(alone), ONE)


@rule
def session_quality(p: Any, members: float) -> float:
    """Quality (0-1] of a group session of `members` households: it falls beyond a crowd."""
    return np.sqrt(p.session_crowding / greater(members, p.session_crowding))


@rule
def contacts(p: Any, visits: float, sessions: float, quality: float) -> float:
    """Visits a month that a household's visits and attended sessions amount to, for advice."""
    return visits + p.session_as_contact * sessions * quality


@rule
def first_trust(p: Any, outsider: float, bonus: float, adat: float, local: float) -> float:
    """Trust (0-1) at first meeting: more in a neighbour, less where custom is strong and the language another."""
    return clip(outsider + bonus - p.language_gap * adat * (ONE - local), ZERO, ONE)


@rule
def benefit_error_chance(p: Any, signal: float, technical: float) -> float:
    """Chance (0-1 a month) of a late or wrong benefit; `technical` = role time relative to the usual."""
    offline = ONE + p.benefit_error_offline * (ONE - signal)
    return p.benefit_error * offline * exp(p.benefit_error_technical * (ONE - technical))


@rule
def trust_after_benefits(p: Any, trust: float, paid: float, chance: float, draw: float) -> float:
    """Trust (0-1) after a month in which a benefit may have come late or wrong; `paid` 1 if one was due."""
    return trust * (ONE - p.trust_lost_to_error * paid * flag(draw < chance))


@rule
def next_motivation(p: Any, motivation: float, facilitated: float, meetings: float, transfers: float) -> float:
    """Motivation (0-1) next month; `facilitated` contact 0-1, `meetings` attended, `transfers` L a month."""
    gained = (p.motivation_per_contact * facilitated + p.motivation_per_meeting * meetings) * (ONE - motivation)
    drawn = p.motivation_return * (p.motivation_start - motivation)
    return clip(motivation + gained + drawn + p.motivation_per_transfer * transfers, ZERO, ONE)
