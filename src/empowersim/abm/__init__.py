"""The same model, agent by agent, in Mesa: a view of the engine's arrays and of the engine's own rules.

::

    from empowersim.abm import EmpowermentModel

    model = EmpowermentModel("scenarios/medan.yaml", "mix_mentors", rng=1, households=600)
    model.run(12)
    model.households.agg("consumption", max)

A model is one future of one policy. Agents are row numbers with properties; they are made when they are touched. A
month goes by the engine's kernel, or household by household (``engine="agents"``), with the same result to the last
bit; subclasses of the agents change what a household, a mentor or a village does. `docs/howto/mesa.md` shows how.
"""

from __future__ import annotations

from empowersim.abm.agents import HouseholdAgent, MentorAgent, VillageAgent
from empowersim.abm.lazyset import Groups, LazyAgentSet
from empowersim.abm.model import EmpowermentModel

__all__ = ["EmpowermentModel", "Groups", "HouseholdAgent", "LazyAgentSet", "MentorAgent", "VillageAgent"]
