"""The one object that terminal, report, dashboard and spreadsheet show: a comparison and what a planner asks of it.

A verdict is read off the futures that were simulated. The budget curve and the tornado need more of them, so they are
made when asked for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from empowersim.errors import SimulationError
from empowersim.experiments.answer_tables import costs_differ, made_table
from empowersim.experiments.asked import known_name, loaded_scenario
from empowersim.experiments.budget_curve import SIZES, BudgetCurve, budget_curve
from empowersim.experiments.compare import Progress, compare
from empowersim.experiments.statistics import Paired, paired
from empowersim.experiments.tornado import Tornado, tornado
from empowersim.results.answer_tables import ANSWER_TABLES
from empowersim.results.comparison import Comparison
from empowersim.results.store import PROVENANCE, read_comparison
from empowersim.results.tables import EXITS, OUTCOMES, RATIOS, Table

MAIN: Final = "poverty_gap"
"""Outcome by which policies are ranked unless another is asked for."""

Standing = Literal["better", "worse", "unclear", "same"]
Kind = Literal["clear", "shared", "unclear", "same", "harm", "one_future"]

SMALL: Final = 0.001
"""Share of all households: fewer than these lifted is called a small effect."""


@dataclass(frozen=True)
class Ceilings:
    """What there is to spend; None where nobody said."""

    money: float | None = None
    """IDR a year."""
    posts: float | None = None
    """Mentors, as full-time posts."""

    def __post_init__(self) -> None:
        for name, value in (("money", self.money), ("posts", self.posts)):
            if value is not None and not (math.isfinite(value) and value >= 0.0):
                raise SimulationError(f"ceiling of {name}: expected a number of 0 or more, found {value!r}")


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
    harmful: tuple[str, ...] = ()
    """Policies that are surely worse than the reference, the worst first."""
    small: bool = False
    """Whether the best lifts fewer than `SMALL` of all households, more or less than the reference."""

    @property
    def kind(self) -> Kind:
        """What may be said.

        `clear`: better than the reference and than all others; `shared`: better than the reference, but not to be told
        from the runner-up; `unclear`: not to be told from the reference; `same`: nothing differs; `harm`: even the
        best is worse than the reference; `one_future`: one future tells nothing of chance.
        """
        if self.standing == "same":
            return "same"
        if math.isnan(self.against_reference.low):
            return "one_future"
        if self.standing == "unclear":
            return "unclear"
        if self.standing == "worse":
            return "harm"
        return "clear" if not self.runner_up or self.ahead == "better" else "shared"


@dataclass(frozen=True)
class Answer:
    """A comparison with its verdict and, where they were asked for, its budget curve and its tornado."""

    comparison: Comparison
    outcome: str = MAIN
    curve: BudgetCurve | None = None
    """Of the best policy."""
    tornado: Tornado | None = None
    """Of the best policy against the runner-up, or against the reference where there is none."""
    ceilings: Ceilings = Ceilings()
    scenario: Any = field(default=None, repr=False, compare=False)
    """The loaded scenario; None where only results are at hand."""

    def table(self, name: str) -> Table:
        """Return a table of the answer (`results.answer_tables.ANSWER_TABLES`) or of its comparison, by name.

        What was not asked for is an empty table; KeyError names the tables that there are. `assumptions` needs the
        scenario: `SimulationError` without it.
        """
        if name in ANSWER_TABLES:
            kept: dict[str, Table] = self.__dict__.setdefault("_tables", {})
            if name not in kept:
                kept[name] = made_table(name, self)
            return kept[name]
        if name in self.comparison.tables:
            return self.comparison.tables[name]
        raise KeyError(f"no table {name!r}; there are {', '.join((*ANSWER_TABLES, *self.comparison.tables))}")

    def to_arrow(self, name: str) -> Any:
        """Return a table as pyarrow Table, with units and provenance in its metadata."""
        return self.table(name).to_arrow(self.comparison.metadata())

    def to_pandas(self, name: str) -> Any:
        """Return a table as pandas DataFrame."""
        return self.table(name).to_pandas()

    @property
    def costs_differ(self) -> bool:
        """Whether the policies cost different amounts, so that cost is worth a plane against effect."""
        return costs_differ(self.comparison)

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
        lifted = self.difference(best, base, EXITS)
        against = {name: self.difference(name, base) for name in reversed(self.ranking)}
        return Verdict(
            outcome=self.outcome,
            best=best,
            against_reference=first,
            standing=standing(first, better),
            runner_up=runner_up,
            against_runner_up=second,
            ahead="same" if second is None else standing(second, better),
            best_share=made.outcomes.one("probability_best", policy=best, outcome=self.outcome),
            lifted=lifted,
            cost=self.difference(best, base, "cost").mean,
            worse_off=made.winners.one("mean", policy=best, dimension="all", group="all", figure="worse"),
            harmful=tuple(name for name, one in against.items() if standing(one, better) == "worse"),
            small=abs(lifted.mean) < SMALL * made.represents,
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
    ceilings: Ceilings | None = None,
    deep: bool = False,
    sizes: Sequence[float] = SIZES,
    futures: int = 6,
    keep: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Compare the policies of a scenario (a loaded one, or the path of a file) and say what follows.

    `ceilings` are what there is to spend. With `deep` the budget curve of the best policy and the tornado of the best
    against the runner-up are made, too (`futures` a point of the tornado; most of the time goes there); what they
    simulate is kept in the folder `keep`, if named, and not simulated again. Other arguments as in `compare`. Raises
    `ScenarioError`, `SimulationError` or `ParameterError`.
    """
    chosen = _outcome(outcome)
    loaded = loaded_scenario(scenario)
    made = compare(
        loaded,
        policies=policies,
        reference=reference,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    found = Answer(made, chosen, ceilings=ceilings or Ceilings(), scenario=loaded)
    if not deep:
        return found
    return deepened(found, loaded, sizes=sizes, futures=futures, threads=threads, keep=keep, progress=progress)


def answer_of(
    results: Comparison | str | os.PathLike[str],
    *,
    outcome: str = MAIN,
    ceilings: Ceilings | None = None,
    scenario: Any = None,
) -> Answer:
    """Say what follows from a comparison that was made: the result itself, or the folder it was written to.

    `scenario` (a loaded one, or the path of its file) adds the assumptions, and lets `deepened` go on. Raises
    `StoreError` for a folder without results, `SimulationError` for a scenario that is another than that compared.
    """
    chosen = _outcome(outcome)
    made = results if isinstance(results, Comparison) else read_comparison(results)
    loaded = None if scenario is None else _same(made, scenario)
    return Answer(made, chosen, ceilings=ceilings or Ceilings(), scenario=loaded)


def is_results(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder of results, as ``compare --out`` writes them, and not a scenario file."""
    return (Path(path) / PROVENANCE).is_file()


def deepened(
    found: Answer,
    scenario: Any = None,
    *,
    sizes: Sequence[float] = SIZES,
    futures: int = 6,
    parameters: Sequence[str] | None = None,
    threads: int | None = None,
    keep: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Answer:
    """The answer with its budget curve and tornado; `scenario` must be the one that it was made of (None: its own).

    Both live through the futures of the comparison (the tornado through the first of them). A best policy that
    costs nothing has no curve. `parameters` are those of the tornado (None: every uncertain one in use). What is
    simulated is kept in the folder `keep`, so that what was killed goes on. Raises `SimulationError` for another
    scenario.
    """
    verdict, made = found.verdict, found.comparison
    chosen = found.scenario if scenario is None else scenario
    if chosen is None:
        raise SimulationError("a budget curve and a tornado simulate: give the scenario that the results were made of")
    loaded = _same(made, chosen)
    if verdict is None:
        return replace(found, scenario=loaded)
    size: dict[str, Any] = {
        "households": made.inputs.get("households", made.households),
        "months": made.months,
        "seed": made.seed,
        "threads": threads,
    }
    against = verdict.runner_up or made.reference
    document = loaded.policies[verdict.best]
    paid = bool(document.programmes or document.mentors.any or document.community)
    folder = None if keep is None else Path(keep)
    curve = None
    if paid and verdict.best != loaded.reference:
        curve = budget_curve(
            loaded,
            verdict.best,
            sizes=sizes,
            replicates=made.replicates,
            keep=None if folder is None else folder / "budget_curve",
            progress=progress,
            **size,
        )
    storm = tornado(
        loaded,
        verdict.best,
        against,
        outcome=found.outcome,
        parameters=parameters,
        futures=min(futures, made.replicates),
        journal=None if folder is None else folder / "tornado.jsonl",
        progress=progress,
        **size,
    )
    return replace(found, curve=curve, tornado=storm, scenario=loaded)


def _outcome(name: str) -> str:
    return known_name(name, [one for one in OUTCOMES if one not in RATIOS], "outcome", "outcomes")


def _same(made: Comparison, scenario: Any) -> Any:
    """The loaded scenario; `SimulationError` unless it is the one that was compared."""
    loaded = loaded_scenario(scenario)
    if str(loaded.name) != made.scenario:
        raise SimulationError(f"expected the scenario {made.scenario} of the comparison, found {loaded.name}")
    there = made.inputs.get("scenario")
    if there is not None and there != loaded.digest:
        raise SimulationError(
            f"{made.scenario}: expected the scenario as it was compared, found one changed since; compare again"
        )
    return loaded


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
