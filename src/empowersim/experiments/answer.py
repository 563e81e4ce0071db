"""The one object that terminal, report, dashboard and spreadsheet show: a comparison and what a planner asks of it.

A verdict is read off the futures that were simulated. The budget curve and the tornado need more of them, so they are
made when asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_name, loaded_scenario
from empowersim.experiments.budget_curve import SIZES, BudgetCurve, budget_curve
from empowersim.experiments.compare import Progress, compare
from empowersim.experiments.statistics import Paired, paired
from empowersim.experiments.tornado import Tornado, tornado
from empowersim.results.comparison import Comparison
from empowersim.results.tables import EXITS, OUTCOMES, RATIOS

MAIN: Final = "poverty_gap"
"""Outcome by which policies are ranked unless another is asked for."""

Standing = Literal["better", "worse", "unclear", "same"]


@dataclass(frozen=True)
class Verdict:
    """What the futures say, before any words. Differences are policy minus the other, in the unit of the outcome."""

    outcome: str
    best: str
    """The policy with the best mean of the outcome among those compared against the reference."""
    against_reference: Paired
    standing: Standing
    """Of the best against the reference: `unclear` where the interval holds zero, `same` where nothing differs."""
    runner_up: str
    """The second; empty with a single policy beside the reference."""
    against_runner_up: Paired | None
    ahead: Standing
    """Of the best against the runner-up; `same` without one."""
    best_share: float
    """Share of futures in which it is the best of all policies, the reference among them."""
    lifted: Paired
    """Households that were poor and have stood above the line for a year, more than under the reference."""
    cost: float
    """IDR over the whole run, more than under the reference."""
    worse_off: float
    """Share of households that end worse off than under the reference."""


@dataclass(frozen=True)
class Answer:
    """A comparison with its verdict and, where they were asked for, its budget curve and its tornado."""

    comparison: Comparison
    outcome: str = MAIN
    curve: BudgetCurve | None = None
    """Of the best policy."""
    tornado: Tornado | None = None
    """Of the best policy against the runner-up, or against the reference where there is none."""

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """Policies against the reference, the best mean first; ties in the order of the file."""
        better = OUTCOMES[self.outcome].better or 1
        means = {name: self.difference(name, self.comparison.reference).mean for name in self.comparison.others}
        return tuple(sorted(means, key=lambda name: -better * _told(means[name], better)))

    def difference(self, policy: str, against: str, outcome: str = "") -> Paired:
        """`policy` minus `against` in an outcome (default: the main one), with its 95 % interval, from the futures."""
        name = outcome or self.outcome
        table = self.comparison.futures.where(outcome=name)
        one, other = (table.where(policy=side)["value"] for side in (policy, against))
        return paired(one, other, OUTCOMES[name].better)

    @cached_property
    def verdict(self) -> Verdict | None:
        """The verdict; None where a single policy was simulated."""
        if not self.comparison.others:
            return None
        made, base = self.comparison, self.comparison.reference
        best, *others = self.ranking
        runner_up = others[0] if others else ""
        first = self.difference(best, base)
        second = self.difference(best, runner_up) if runner_up else None
        better = OUTCOMES[self.outcome].better
        return Verdict(
            outcome=self.outcome,
            best=best,
            against_reference=first,
            standing=standing(first, better),
            runner_up=runner_up,
            against_runner_up=second,
            ahead="same" if second is None else standing(second, better),
            best_share=made.outcomes.one("probability_best", policy=best, outcome=self.outcome),
            lifted=self.difference(best, base, EXITS),
            cost=self.difference(best, base, "cost").mean,
            worse_off=made.winners.one("mean", policy=best, dimension="all", group="all", figure="worse"),
        )


def answer(
    scenario: Any,
    *,
    outcome: str = MAIN,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    deep: bool = False,
    sizes: Sequence[float] = SIZES,
    futures: int = 6,
    progress: Progress | None = None,
) -> Answer:
    """Compare the policies of a scenario (a loaded one, or the path of a file) and say what follows.

    With `deep` the budget curve of the best policy and the tornado of the best against the runner-up are made, too
    (`futures` a point of the tornado; most of the time goes there). Other arguments as in `compare`. Raises
    `ScenarioError`, `SimulationError` or `ParameterError`.
    """
    chosen = known_name(outcome, [name for name in OUTCOMES if name not in RATIOS], "outcome", "outcomes")
    made = compare(
        scenario,
        policies=policies,
        reference=reference,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    found = Answer(made, chosen)
    return (
        deepened(found, scenario, sizes=sizes, futures=futures, threads=threads, progress=progress) if deep else found
    )


def deepened(
    found: Answer,
    scenario: Any,
    *,
    sizes: Sequence[float] = SIZES,
    futures: int = 6,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Answer:
    """The answer with its budget curve and tornado; `scenario` must be the one that it was made of.

    Both live through the futures of the comparison (the tornado through the first of them). A best policy that
    costs nothing has no curve. Raises `SimulationError` for a scenario of another name.
    """
    verdict, made = found.verdict, found.comparison
    loaded = loaded_scenario(scenario)
    if str(loaded.name) != made.scenario:
        raise SimulationError(f"expected the scenario {made.scenario} of the comparison, found {loaded.name}")
    if verdict is None:
        return found
    size: dict[str, Any] = {"households": made.households, "months": made.months, "seed": made.seed, "threads": threads}
    against = verdict.runner_up or made.reference
    document = loaded.policies[verdict.best]
    paid = bool(document.programmes or document.mentors.any or document.community)
    curve = None
    if paid and verdict.best != loaded.reference:
        curve = budget_curve(scenario, verdict.best, sizes=sizes, replicates=made.replicates, progress=progress, **size)
    storm = tornado(
        scenario,
        verdict.best,
        against,
        outcome=found.outcome,
        futures=min(futures, made.replicates),
        progress=progress,
        **size,
    )
    return replace(found, curve=curve, tornado=storm)


def standing(difference: Paired, better: int) -> Standing:
    """How one policy stands against another: by the interval of their difference, and `better` of the outcome."""
    if difference.mean == 0.0 and difference.low == difference.high:
        return "same"
    if math.isnan(difference.low) or difference.low <= 0.0 <= difference.high or better == 0:
        return "unclear"
    return "better" if difference.mean * better > 0 else "worse"


def _told(value: float, better: int) -> float:
    """A value to rank by: what cannot be told ranks last."""
    return -better * np.inf if math.isnan(value) else value
