"""A scenario in both worlds, with and without a poverty trap, and whether the answer changes.

Both worlds take the same draws, so a future of one world is the same future of the other but for the curve that
assets follow. Each world is a whole comparison, the same to the last bit as that of a file which names this world.

Definitions
-----------
difference
    of a policy from the reference, within one world, with the interval that its comparison has. An outcome that is a
    ratio of means (a cost of something won) is one against the reference already, and stands here as it is.
level
    of the reference itself, which has no difference.
change
    the difference (the level) with the trap minus that without, future by future, with a 95 % Student t interval. Not
    told for ratios of means.
told from zero
    a difference whose interval leaves zero out. With one future there is no interval, so nothing is told from zero.
order
    policies by the mean of an outcome, the better first; equal ones as the file has them. Policies whose mean cannot
    be told stand in no order; where all means are equal there is none.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.asked import loaded_scenario
from empowersim.experiments.compare import Plan, Progress, execute, plan
from empowersim.experiments.execution import Executor
from empowersim.experiments.statistics import NOTHING, Estimate, Vector, t_interval
from empowersim.results.comparison import Comparison, number_or_none
from empowersim.results.store import Extra, check_target, check_writable, write_comparison
from empowersim.results.tables import OUTCOMES, RATIOS
from empowersim.scenario.worlds import NAMES, NO_TRAP, TRAP, in_world

LEVEL: Final = "level"
DIFFERENCE: Final = "difference"

SAME: Final = "same"
OPPOSITE: Final = "opposite"
NO_TRAP_ONLY: Final = "no_trap_only"
TRAP_ONLY: Final = "trap_only"
NEITHER: Final = "neither"
SIGNS: Final[Mapping[str, str]] = {
    SAME: "told from zero in both worlds, with the same sign",
    OPPOSITE: "told from zero in both worlds, with opposite signs",
    NO_TRAP_ONLY: "told from zero only without the trap",
    TRAP_ONLY: "told from zero only with the trap",
    NEITHER: "told from zero in neither world",
}
"""What becomes of a difference from one world to the other."""

WORLDS_FILE: Final = "worlds.csv"


@dataclass(frozen=True)
class WorldRow:
    """One outcome of one policy in both worlds, in the unit of the outcome."""

    policy: str
    outcome: str
    unit: str
    kind: str
    """`level` (of the reference) or `difference` (from the reference)."""
    no_trap: Estimate
    trap: Estimate
    change: Estimate
    """With the trap minus without, paired by future."""
    sign: str
    """A key of `SIGNS`; empty for a level or a ratio, and where a difference cannot be told in one of the worlds."""


@dataclass(frozen=True)
class WorldOrder:
    """Policies by one outcome in both worlds, the better first."""

    outcome: str
    no_trap: tuple[str, ...]
    trap: tuple[str, ...]
    no_trap_share: float
    """Share of futures in which the first of the order is the best, 0 to 1; NaN without an order and for ratios."""
    trap_share: float

    @property
    def best(self) -> tuple[str, str]:
        """Best policy without and with the trap; empty where there is none."""
        return (self.no_trap or ("",))[0], (self.trap or ("",))[0]

    @property
    def same_best(self) -> bool:
        """Whether one policy is the best in both worlds (or none is)."""
        return self.best[0] == self.best[1]

    @property
    def same_order(self) -> bool:
        """Whether the whole order is the same."""
        return self.no_trap == self.trap


@dataclass(frozen=True)
class Worlds:
    """A comparison in both worlds, and how far their answers agree."""

    comparisons: Mapping[str, Comparison] = field(repr=False)
    """World (`no_trap`, `trap`) -> its comparison."""
    rows: tuple[WorldRow, ...] = field(repr=False)
    """Policies in the order of the file, outcomes in the order of `results.tables.OUTCOMES`."""
    orders: tuple[WorldOrder, ...] = field(repr=False)
    """One for each outcome of which more, or less, is better; none for a single policy."""

    def row(self, policy: str, outcome: str) -> WorldRow:
        """The row of a policy and an outcome; KeyError if there is none."""
        for one in self.rows:
            if (one.policy, one.outcome) == (policy, outcome):
                return one
        raise KeyError((policy, outcome))

    def order(self, outcome: str) -> WorldOrder:
        """The order of an outcome; KeyError if there is none."""
        for one in self.orders:
            if one.outcome == outcome:
                return one
        raise KeyError(outcome)

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and names, None for what cannot be told.

        `worlds` (name -> the document of its comparison), `levels` (outcome -> estimates of the reference),
        `differences` (policy -> outcome -> estimates and `sign`), `orders` (outcome -> `no_trap`, `trap`, `best`,
        `same_best`, `same_order`). Estimates are `no_trap`, `trap` and `change`, each with mean, low and high.
        """
        levels: dict[str, Any] = {}
        differences: dict[str, Any] = {}
        for one in self.rows:
            entry: dict[str, Any] = {name: _plain(getattr(one, name)) for name in (*NAMES, "change")}
            if one.kind == LEVEL:
                levels[one.outcome] = entry
            else:
                differences.setdefault(one.policy, {})[one.outcome] = {**entry, "sign": one.sign or None}
        return {
            "worlds": {name: comparison.to_dict() for name, comparison in self.comparisons.items()},
            "levels": levels,
            "differences": differences,
            "orders": {
                one.outcome: {
                    NO_TRAP: list(one.no_trap),
                    TRAP: list(one.trap),
                    "best": {
                        name: {"policy": policy or None, "share_of_futures": number_or_none(share)}
                        for name, policy, share in zip(
                            NAMES, one.best, (one.no_trap_share, one.trap_share), strict=True
                        )
                    },
                    "same_best": one.same_best,
                    "same_order": one.same_order,
                }
                for one in self.orders
            },
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text, the same bytes for the same inputs."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    def to_csv(self) -> str:
        """Return the table as CSV: one line a policy and outcome, empty cells for what cannot be told.

        The columns `rank_...` are places in the order (1 = the best), `best_...` the policy that is first in it;
        `run_...` names the results that the line was taken from.
        """
        ends = ("mean", "low", "high")
        head = ["policy", "outcome", "unit", "kind"]
        head += [f"{name}_{end}" for name in (*NAMES, "change") for end in ends]
        head += ["sign", "rank_no_trap", "rank_trap", "best_no_trap", "best_trap", "same_best", "same_order"]
        head += ["run_no_trap", "run_trap"]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        orders = {one.outcome: one for one in self.orders}
        runs = [self.comparisons[name].run_id for name in NAMES]
        for one in self.rows:
            numbers = [_cell(value) for estimate in (one.no_trap, one.trap, one.change) for value in estimate]
            order = orders.get(one.outcome)
            ranked = _ranked(order, one.policy) if order is not None else [""] * 6
            writer.writerow([one.policy, one.outcome, one.unit, one.kind, *numbers, one.sign, *ranked, *runs])
        return text.getvalue()


# ---------------------------------------------------------------- from a scenario


def compare_worlds(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Worlds:
    """Compare the policies of a scenario (a loaded one, or the path of a file) in both worlds, whatever it asks for.

    Everything else is as in `compare`, and so is what is raised. `progress` counts the futures of both worlds.
    """
    plans = plan_worlds(
        scenario,
        policies=policies,
        reference=reference,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
    )
    return execute_worlds(plans, threads=threads, progress=progress)


def plan_worlds(scenario: Any, **asked: Any) -> dict[str, Plan]:
    """Check what is asked, as in `compare.plan`, for each world: name -> plan. Nothing is simulated."""
    loaded = loaded_scenario(scenario)
    return {name: plan(in_world(loaded, name), **asked) for name in NAMES}


def execute_worlds(
    plans: Mapping[str, Plan],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Worlds:
    """Run the plans of `plan_worlds`; `threads` and `executor` as in `compare.execute`."""
    total = sum(made.steps for made in plans.values())
    before = 0
    found: dict[str, Comparison] = {}
    for name, made in plans.items():
        shifted = _shifted(progress, before, total)
        found[name] = execute(made, threads=threads, progress=shifted, executor=executor)
        before += made.steps
    return worlds_of(found[NO_TRAP], found[TRAP])


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Progress of one world as part of that of both."""
    if progress is None:
        return None

    def told(done: int, _: int, what: str) -> None:
        progress(before + done, total, what)

    return told


# ---------------------------------------------------------------- from two comparisons


def worlds_of(no_trap: Comparison, trap: Comparison) -> Worlds:
    """Set two comparisons side by side, as `write_worlds` stored them or `compare` made them.

    Raises `SimulationError` unless both have the same policies, reference, futures, seed and length.
    """
    for name in ("policies", "reference", "replicates", "seed", "households", "months", "burn_in"):
        here, there = getattr(no_trap, name), getattr(trap, name)
        if here != there:
            raise SimulationError(f"{name}: expected the same in both worlds, found {here} and {there}")
    pair = (no_trap, trap)
    values = tuple(_values(comparison) for comparison in pair)
    rows = [_row(pair, values, policy, outcome) for policy in no_trap.policies for outcome in OUTCOMES]
    orders = [_order(pair, name) for name, outcome in OUTCOMES.items() if outcome.better] if no_trap.others else []
    return Worlds(comparisons=dict(zip(NAMES, pair, strict=True)), rows=tuple(rows), orders=tuple(orders))


def _values(comparison: Comparison) -> dict[tuple[str, str], Vector]:
    """Policy and outcome -> value in each future, in the order of the futures."""
    table = comparison.tables["futures"]
    found: dict[tuple[str, str], dict[int, float]] = {}
    columns = (table[name].tolist() for name in ("policy", "outcome", "replicate", "value"))
    for policy, outcome, replicate, value in zip(*columns, strict=True):
        found.setdefault((policy, outcome), {})[replicate] = value
    return {key: np.array([futures[number] for number in sorted(futures)]) for key, futures in found.items()}


def _row(
    pair: tuple[Comparison, ...], values: tuple[dict[tuple[str, str], Vector], ...], policy: str, outcome: str
) -> WorldRow:
    reference = pair[0].reference
    kind = LEVEL if policy == reference else DIFFERENCE
    table = "outcomes" if kind == LEVEL or outcome in RATIOS else "differences"
    no_trap, trap = (_estimate(comparison, table, policy, outcome) for comparison in pair)
    change = NOTHING
    if outcome not in RATIOS:
        without, within = (
            here[policy, outcome] if kind == LEVEL else here[policy, outcome] - here[reference, outcome]
            for here in values
        )
        change = t_interval(within - without)
    sign = "" if kind == LEVEL or outcome in RATIOS else _sign(no_trap, trap)
    return WorldRow(policy, outcome, OUTCOMES[outcome].unit, kind, no_trap, trap, change, sign)


def _estimate(comparison: Comparison, table: str, policy: str, outcome: str) -> Estimate:
    row = comparison.tables[table].where(policy=policy, outcome=outcome)
    return Estimate(*(float(row[column][0]) for column in ("mean", "low", "high")))


def _sign(no_trap: Estimate, trap: Estimate) -> str:
    if math.isnan(no_trap.mean) or math.isnan(trap.mean):
        return ""
    first, second = _side(no_trap), _side(trap)
    if first and second:
        return SAME if first == second else OPPOSITE
    return NO_TRAP_ONLY if first else TRAP_ONLY if second else NEITHER


def _side(estimate: Estimate) -> int:
    """1 or -1 where an interval leaves zero out, else 0; without an interval 0."""
    return int(estimate.low > 0.0) - int(estimate.high < 0.0)


def _order(pair: tuple[Comparison, ...], outcome: str) -> WorldOrder:
    (no_trap, first), (trap, second) = (_ordered(comparison, outcome) for comparison in pair)
    return WorldOrder(outcome, no_trap, trap, first, second)


def _ordered(comparison: Comparison, outcome: str) -> tuple[tuple[str, ...], float]:
    """Policies by an outcome, the better first, and in which share of futures the first is the best."""
    table = comparison.tables["outcomes"].where(outcome=outcome)
    means = {
        policy: value
        for policy, value in zip(table["policy"].tolist(), table["mean"].tolist(), strict=True)
        if math.isfinite(value)
    }
    if len(set(means.values())) < 2:
        return (), math.nan
    better = OUTCOMES[outcome].better
    order = tuple(sorted(means, key=lambda policy: -better * means[policy]))
    return order, math.nan if outcome in RATIOS else float(table.one("probability_best", policy=order[0]))


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {name: number_or_none(value) for name, value in zip(("mean", "low", "high"), estimate, strict=True)}


def _cell(value: float) -> str:
    """Shortest text that reads back to the same number; empty for what cannot be told."""
    told = number_or_none(value)
    return "" if told is None else repr(told)


def _ranked(order: WorldOrder, policy: str) -> list[str]:
    ranks = [str(here.index(policy) + 1) if policy in here else "" for here in (order.no_trap, order.trap)]
    return [*ranks, *order.best, *("yes" if same else "no" for same in (order.same_best, order.same_order))]


# ---------------------------------------------------------------- on disk


def check_worlds(plans: Mapping[str, Plan], folder: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise `StoreError` unless the results of these plans may go into `folder`. Ask before a long run, not after."""
    for name, made in plans.items():
        check_target(made.run_id, Path(folder) / name, force=force)
    for name in plans:
        check_writable(Path(folder) / name)


def write_worlds(
    found: Worlds,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    extra: Extra | None = None,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write `no_trap/` and `trap/`, each as `write_comparison` does, then `worlds.csv`; return all files.

    Raises `StoreError` as `write_comparison` does; both folders are checked before either is written.
    """
    target = Path(folder)
    for name, comparison in found.comparisons.items():
        check_target(comparison.run_id, target / name, force=force)
    files: list[Path] = []
    for name, comparison in found.comparisons.items():
        files += write_comparison(comparison, target / name, force=force, extra=extra, command=command)
    table, partial = target / WORLDS_FILE, target / f".writing-{WORLDS_FILE}"
    try:
        partial.write_text(found.to_csv(), encoding="utf-8")
        os.replace(partial, table)
    except OSError as error:
        raise StoreError(f"{table}: expected a file that can be written, found {error.strerror or error}") from error
    return [*files, table]
