"""What is asked of a decision analysis, checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_name, known_policy, loaded_scenario, whole_number
from empowersim.experiments.compare import Plan, plan
from empowersim.experiments.decide_futures import ParameterDraws
from empowersim.experiments.statistics import LEVEL
from empowersim.experiments.stopping import MOST, Rule
from empowersim.results.decision import none_if_nan
from empowersim.results.provenance import run_id
from empowersim.results.tables import EXITS, OUTCOMES, RATIOS, YEARS_DISCOUNTED
from empowersim.scenario.worlds import in_world, worlds

EFFECTS: Final[Mapping[str, str]] = {"years": YEARS_DISCOUNTED, "exits": EXITS}
"""What counts as the effect of money: household-years out of poverty, or households that left it for good."""

DECIDED: Final = tuple(name for name, outcome in OUTCOMES.items() if outcome.better and name not in RATIOS)
"""Outcomes that policies can be ranked by: more, or less, is better, and each future has a value."""

DRAW_FUTURES: Final = 10
"""Futures of each parameter draw, unless asked otherwise."""

BEST: Final = "best"
"""Given in place of a pair: settle which policy is best."""


@dataclass(frozen=True)
class DecisionPlan:
    """A decision analysis that is asked for and checked, but not yet run."""

    plans: Mapping[str, Plan]
    """World -> plan."""
    outcome: str
    effect: str
    rule: Rule | None
    """None: a fixed number of futures."""
    level: float
    draws: ParameterDraws | None
    draw_futures: int
    threshold: float | None
    inputs: Mapping[str, Any]
    run_id: str

    @property
    def any(self) -> Plan:
        """The plan of the first world."""
        return next(iter(self.plans.values()))

    @property
    def steps(self) -> int:
        """Futures at most: those of the scenario, and those of the draws, in all worlds."""
        each = self.rule.most if self.rule else self.any.replicates
        drawn = len(self.draws.values) * self.draw_futures if self.draws else 0
        return len(self.plans) * (each + drawn)


def plan_decision(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    outcome: str = "poverty_headcount",
    until: float | None = None,
    settle: Sequence[str] | str | None = None,
    level: float = LEVEL,
    most: int = MOST,
    draws: ParameterDraws | None = None,
    draw_futures: int = DRAW_FUTURES,
    world: str = "file",
    effect: str = "years",
    threshold: float | None = None,
    **size: Any,
) -> DecisionPlan:
    """Check what is asked, as in `decide`, without simulating anything."""
    loaded = in_world(loaded_scenario(scenario), world)
    plans = {name: plan(one, policies=policies, reference=reference, **size) for name, one in worlds(loaded)}
    first = next(iter(plans.values()))
    if len(first.policies) < 2:
        raise SimulationError(
            f"policies: expected two or more, found {', '.join(first.policies)} alone; a decision needs a choice"
        )
    known_name(outcome, DECIDED, "outcome", "an outcome of which more, or less, is better")
    known_name(effect, EFFECTS, "effect", "an effect of money")
    if not 0.5 <= level < 1.0:
        raise SimulationError(f"level: expected a share from 0.5 to below 1, found {level:g}; 0.95 is usual")
    if threshold is not None and not 0.0 < threshold < math.inf:
        raise SimulationError(f"threshold: expected rupiah above 0 for a unit of the effect, found {threshold:g}")
    rule = _rule(first, outcome, until, settle, level, most)
    if rule is not None and size.get("replicates") is not None:
        raise SimulationError(
            "replicates: expected none beside until or settle, which add futures themselves; cap them with most"
        )
    if draws is not None:
        whole_number("draw_futures", draw_futures, 1)
    inputs = {
        "analysis": "decision",
        "worlds": {name: dict(made.inputs) for name, made in plans.items()},
        "outcome": outcome,
        "effect": effect,
        "level": level,
        "threshold": threshold,
        "rule": None if rule is None else [rule.goal, none_if_nan(rule.width), list(rule.pair), rule.most],
        "draws": None if draws is None else _digest_of(draws),
        "draw_futures": draw_futures if draws is not None else None,
    }
    return DecisionPlan(plans, outcome, effect, rule, level, draws, draw_futures, threshold, inputs, run_id(inputs))


def _rule(
    made: Plan, outcome: str, until: float | None, settle: Sequence[str] | str | None, level: float, most: int
) -> Rule | None:
    if until is not None and settle is not None:
        raise SimulationError("settle: expected either until or settle, found both; ask one after the other")
    whole_number("most", most, 2)
    common: dict[str, Any] = {
        "base": made.policies.index(made.reference),
        "better": OUTCOMES[outcome].better,
        "level": level,
        "most": most,
    }
    if until is not None:
        if not 0.0 < until < math.inf:
            raise SimulationError(f"until: expected a half-width above 0 in {OUTCOMES[outcome].unit}, found {until:g}")
        return Rule("until", width=float(until), **common)
    if settle is None:
        return None
    names = [settle] if isinstance(settle, str) else list(settle)
    if names == [BEST]:
        return Rule(BEST, **common)
    if len(names) != 2 or names[0] == names[1]:
        raise SimulationError(f"settle: expected two policies, as A,B, or {BEST}; found {','.join(names)}")
    first, second = (made.policies.index(known_policy(name, made.policies, "settle")) for name in names)
    return Rule("settle", pair=(first, second), **common)


def _digest_of(draws: ParameterDraws) -> str:
    return run_id({"values": [dict(one) for one in draws.values], "weights": list(draws.weights)})
