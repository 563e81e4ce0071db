"""The same model, agent by agent, in Mesa: a view of the engine's arrays, and the engine's own rules.

    from empowersim.abm import EmpowermentModel
    model = EmpowermentModel("scenarios/medan.yaml", "mix_mentors", rng=1, households=600)
    model.run(12)
    model.households.agg("consumption", max)

Needs nothing beyond the package itself (Mesa is one of its dependencies), but Mesa is imported only here.
"""

from __future__ import annotations

from empowersim.abm.agents import HouseholdAgent, MentorAgent, VillageAgent
from empowersim.abm.model import EmpowermentModel
from empowersim.abm.sets import ArraySet, Groups

__all__ = ["ArraySet", "EmpowermentModel", "Groups", "HouseholdAgent", "MentorAgent", "VillageAgent"]
