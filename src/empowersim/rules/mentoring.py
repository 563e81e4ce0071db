"""Contact with a mentor: effective contact, trust and the flow of advice.

A visit works through competence and trust and saturates (domain model 2.4; Brooks et al. 2018, C110-C111). Trust
grows with visits and sessions and decays without contact, down to the trust that a stranger gets
(a departure from the prototype, where it decayed to zero). No study gives the effect of
mentors in Indonesia: these coefficients are assumed and lead the sensitivity analysis.
Coefficients: ``mentoring.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import ONE, ZERO, exp, flag, greater, lesser, positive


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
