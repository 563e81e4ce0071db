"""What half the money would do, and twice as much: a policy at several sizes of its budget, on the same futures.

A size multiplies all that the policy pays for: budgets, or places, posts and coverage where the file gives those.
Nothing is scaled afterwards: every size is a policy of its own and is simulated. So places that nobody fills, trades
that are saturated and mentors who cannot be reached show as what they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_policy, loaded_scenario
from empowersim.experiments.compare import Comparison, Plan, Progress, execute, plan
from empowersim.experiments.execution import Executor
from empowersim.results.store import check_target, read_comparison, stored_run, write_comparison

SIZES: Final = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Sizes of the budget that are simulated, as multiples of the file's."""
MOST: Final = 10.0


@dataclass(frozen=True)
class BudgetCurve:
    """A policy at several sizes of its budget."""

    policy: str
    sizes: tuple[float, ...]
    """From the smallest up."""
    comparison: Comparison
    """Of the reference and all sizes, which are its policies, named by `at`."""

    def at(self, size: float) -> str:
        """Name in the comparison of the policy at a size; KeyError if it was not simulated."""
        if size not in self.sizes:
            raise KeyError(size)
        return _name(self.policy, size)

    def rows(self, outcome: str) -> list[tuple[float, float, float, float, float]]:
        """(size, cost over the run in IDR, difference from the reference, its low and high end) by size."""
        found = []
        for size in self.sizes:
            name = self.at(size)
            cost = self.comparison.outcomes.one("mean", policy=name, outcome="cost")
            table = self.comparison.differences
            middle, low, high = (table.one(end, policy=name, outcome=outcome) for end in ("mean", "low", "high"))
            found.append((size, cost, middle, low, high))
        return found


def budget_curve(
    scenario: Any,
    policy: str,
    *,
    sizes: Sequence[float] = SIZES,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    keep: str | os.PathLike[str] | None = None,
) -> BudgetCurve:
    """Simulate a policy of a scenario (a loaded one, or the path of a file) at several sizes of its budget.

    `sizes` = multiples of the file's budget, above 0 and up to 10; the other arguments as in `compare`. With a folder
    `keep` the comparison is written there, and read if it is there already. Raises `ScenarioError`, `StoreError` or
    `SimulationError`, also for a policy that costs nothing or is the reference.
    """
    made, wanted = plan_curve(
        scenario, policy, sizes=sizes, replicates=replicates, households=households, months=months, seed=seed
    )
    if keep is not None:
        if stored_run(keep) == made.run_id:
            return BudgetCurve(policy, wanted, read_comparison(keep))
        check_target(made.run_id, keep)
    found = execute(made, threads=threads, progress=progress, executor=executor)
    if keep is not None:
        write_comparison(found, keep)
    return BudgetCurve(policy, wanted, found)


def plan_curve(
    scenario: Any, policy: str, *, sizes: Sequence[float] = SIZES, **asked: Any
) -> tuple[Plan, tuple[float, ...]]:
    """Check what is asked, without simulating anything; returns the plan and the sizes in order."""
    loaded = loaded_scenario(scenario)
    document = loaded.policies[known_policy(policy, list(loaded.policies), "policy")]
    wanted = tuple(sorted(set(map(float, sizes))))
    wrong = [size for size in wanted if not 0.0 < size <= MOST]
    if wrong or not wanted:
        raise SimulationError(
            f"sizes: expected multiples of the budget above 0 and up to {MOST:g}, found {list(sizes)}"
        )
    if policy == loaded.reference:
        raise SimulationError(f"{policy} is what others are compared with; ask for another policy")
    if not document.programmes and not document.mentors.any and not document.community:
        raise SimulationError(f"{policy} costs nothing: there is no budget to change")
    at = {_name(policy, size): scaled(document, size) for size in wanted}
    from empowersim.scenario.load import digest_of

    grown = replace(loaded, policies={loaded.reference: loaded.policies[loaded.reference], **at})
    grown = replace(grown, digest=digest_of(grown))
    return plan(grown, **asked), wanted


def scaled(document: Any, size: float) -> Any:
    """A policy (`scenario.documents.PolicyDocument`) with all that it pays for multiplied by `size`."""

    def times(amount: float | None) -> float | None:
        return None if amount is None else amount * size

    mentors = document.mentors
    desk = 12.0 * mentors.desk_cost
    # the coordination desk costs the same whatever the size
    budget = mentors.budget if not mentors.budget or size == 1.0 else desk + (mentors.budget - desk) * size
    label = {lang: f"{words} × {size:g}" for lang, words in document.label.items()}
    return replace(
        document,
        name=_name(document.name, size),
        label=label,
        programmes=tuple(
            replace(one, budget=times(one.budget), places=times(one.places)) for one in document.programmes
        ),
        mentors=replace(mentors, count=times(mentors.count), budget=budget),
        community=tuple(
            replace(
                one,
                budget=times(one.budget),
                coverage=None if one.coverage is None else min(one.coverage * size, 1.0),
            )
            for one in document.community
        ),
    )


def _name(policy: str, size: float) -> str:
    return f"{policy}_at_{100.0 * size:g}"
