"""Decide: which policy is best, how sure, what it costs, and what more knowledge would be worth.

Four questions, each with its own uncertainty, never mixed:

1. which policy is best on average over futures, and in how many futures is it best (`ranking`), with futures added
   until it is known, if asked (`stopping`);
2. what if the parameters are other than we think: draws of parameters, all on the same futures (`regret`);
3. what does it cost, and at which willingness to pay is it worth it (`cost_effectiveness`);
4. what would it be worth to know the parameters (`information`).

Results depend on the scenario, the seed and what is asked; not on threads, and not on how futures were added: n futures
reached step by step are the same as n asked for at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from empowersim.errors import SimulationError
from empowersim.experiments.asked import english_title, whole_number
from empowersim.experiments.compare import Plan, Progress
from empowersim.experiments.decide_futures import Future, ParameterDraws, plan_with, simulated
from empowersim.experiments.decide_money import Drawn, Found
from empowersim.experiments.decide_plan import DRAW_FUTURES, EFFECTS, DecisionPlan, plan_decision
from empowersim.experiments.decide_tables import shared_error, tables_of
from empowersim.experiments.executors import available_threads
from empowersim.experiments.statistics import LEVEL, Vector, weighted_mean
from empowersim.experiments.stopping import MOST, Goal, Stopped, run_until
from empowersim.results.decision import Decision, none_if_nan
from empowersim.results.tables import COST_DISCOUNTED, OUTCOMES

SKEWED: Final = 2.0
"""Skewness of a difference beyond which intervals for normal differences are doubtful (that of an exponential)."""

FEW_DRAWS: Final = 30
"""Effective parameter draws below which shares and values of information are only indications."""


def decide(
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
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Decision:
    """Rank the policies of a scenario (a loaded one, or the path of a file) and say how sure the ranking is.

    `until` adds futures until the confidence sequence of every difference from the reference has this half-width, in
    the unit of the outcome; `settle` until the sign of the difference of two policies is known, or which is ``"best"``;
    both stop at `most` futures. Without them the number of futures is `replicates`, or stands in the file. `draws` adds
    regret, cost-effectiveness and value of information over parameter draws, each with `draw_futures` futures.
    `threshold` is the willingness to pay in rupiah for a unit of the `effect` (`years` or `exits`). `world` is `file`,
    `trap`, `no_trap` or `both`. What is None stands in the file. Raises `SimulationError`, and what `compare` raises.
    """
    made = plan_decision(
        scenario,
        policies=policies,
        reference=reference,
        outcome=outcome,
        until=until,
        settle=settle,
        level=level,
        most=most,
        draws=draws,
        draw_futures=draw_futures,
        world=world,
        effect=effect,
        threshold=threshold,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
    )
    return execute_decision(made, threads=threads, progress=progress)


# ---------------------------------------------------------------- doing it


def execute_decision(made: DecisionPlan, *, threads: int | None = None, progress: Progress | None = None) -> Decision:
    """Run a plan; `threads` None means all cores. The result does not depend on `threads`."""
    cores = whole_number("threads", threads if threads is not None else available_threads(), 1)
    counter = _Counter(made.steps, progress)
    found = {name: _found(made, one, cores, counter) for name, one in made.plans.items()}
    return _decision(made, found)


class _Counter:
    """Progress over all that is simulated; what a rule saves is taken off the total."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._done, self._progress = total, 0, progress
        self.told("simulating")

    def told(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self._done, max(self._total, 1), what)

    def one_more(self, _: int = 0) -> None:
        self._done += 1
        self.told("simulating")

    def saved(self, steps: int) -> None:
        self._total -= steps


def _found(made: DecisionPlan, one: Plan, cores: int, counter: _Counter) -> Found:
    """Everything simulated in one world."""
    place = list(OUTCOMES).index(made.outcome)
    futures: list[Future] = []

    def more(first: int, after: int) -> Vector:
        new = list(simulated([(one, number) for number in range(first, after)], cores, counter.one_more))
        futures.extend(new)
        return np.array([future.values[:, place] for future in new])

    stopped: Stopped | None = None
    if made.rule is None:
        more(0, one.replicates)
    else:
        stopped = run_until(made.rule, more)
        counter.saved(made.rule.most - len(futures))
    values = np.array([future.values[:, place] for future in futures])
    if np.isnan(values).any(axis=1).all():
        raise SimulationError(
            f"outcome: expected {made.outcome} to have a value under every policy, found none in any future; "
            "choose another outcome, other policies, or more households"
        )
    return Found(
        plan=one,
        futures=tuple(futures),
        values=values,
        stopped=stopped,
        better=OUTCOMES[made.outcome].better,
        drawn=None if made.draws is None else _drawn(made, made.draws, one, cores, counter),
    )


def _drawn(made: DecisionPlan, draws: ParameterDraws, one: Plan, cores: int, counter: _Counter) -> Drawn:
    """All futures of all parameter draws, the same futures in each."""
    wanted = (made.outcome, COST_DISCOUNTED, EFFECTS[made.effect])
    places = [list(OUTCOMES).index(name) for name in wanted]
    kept: list[Vector] = []
    budgets: list[Vector] = []
    for future in _all_draws(draws, one, made.draw_futures, cores, counter.one_more):
        kept.append(future.values[:, places])
        budgets.append(future.budget)
    shape = (len(draws.values), made.draw_futures)
    cube = np.array(kept).reshape(*shape, len(one.policies), len(places))
    spent = np.array(budgets).reshape(*shape, len(one.policies), -1)
    return Drawn(draws, cube[..., 0], cube[..., 1], cube[..., 2], spent.mean(axis=1))


def _all_draws(
    draws: ParameterDraws, one: Plan, futures: int, cores: int, told: Callable[[int], None]
) -> Iterator[Future]:
    """Futures of the draws, in the order of draws and futures; a few draws are made ready at a time."""
    for begin in range(0, len(draws.values), 2 * cores):
        some = [plan_with(one, values) for values in draws.values[begin : begin + 2 * cores]]
        yield from simulated([(made, number) for made in some for number in range(futures)], cores, told)


def _decision(made: DecisionPlan, found: Mapping[str, Found]) -> Decision:
    first = made.any
    loaded = first.scenario
    future = next(iter(found.values())).futures[0]
    summary = tables_of(
        found,
        outcome=made.outcome,
        effect=EFFECTS[made.effect],
        level=made.level,
        threshold=made.threshold,
        rule=made.rule,
        seed=first.seed,
    )
    goal: Goal | str = made.rule.goal if made.rule else "fixed"
    pair = tuple(first.policies[place] for place in made.rule.pair) if made.rule and goal == "settle" else ()
    return Decision(
        scenario=str(loaded.name),
        title=english_title(loaded.title, str(loaded.name)),
        worlds=tuple(found),
        outcome=made.outcome,
        unit=OUTCOMES[made.outcome].unit,
        better=OUTCOMES[made.outcome].better,
        effect=EFFECTS[made.effect],
        effect_unit=OUTCOMES[EFFECTS[made.effect]].unit,
        level=made.level,
        policies=first.policies,
        reference=first.reference,
        all_policies=tuple(loaded.policies),
        labels={name: dict(loaded.labels.get(name, {})) for name in loaded.policies},
        seed=first.seed,
        households=future.households,
        represents=future.represents,
        months=first.months,
        burn_in=first.burn_in,
        price_year=getattr(loaded, "price_year", None),
        discount_rate=float(loaded.settings.discount_rate),
        futures={name: len(one.futures) for name, one in found.items()},
        goal=goal,
        goal_width=none_if_nan(made.rule.width) if made.rule else None,
        goal_pair=pair,
        met={name: one.stopped.met if one.stopped else True for name, one in found.items()},
        needed={name: none_if_nan(one.stopped.needed) if one.stopped else None for name, one in found.items()},
        most=made.rule.most if made.rule else first.replicates,
        skewness=summary.skewness,
        source=made.draws.source if made.draws else "",
        draws=len(made.draws.values) if made.draws else 0,
        draw_futures=made.draw_futures if made.draws else 0,
        effective_draws=made.draws.effective if made.draws else None,
        threshold=made.threshold,
        partial_threshold=summary.partial_threshold,
        notes=(*future.notes, *_notes(made, found, summary.skewness)),
        run_id=made.run_id,
        inputs=made.inputs,
        tables=summary.tables,
    )


def _notes(made: DecisionPlan, found: Mapping[str, Found], skewness: Mapping[str, float | None]) -> list[str]:
    """What a reader must know of the limits of this analysis, in sentences."""
    notes = []
    skewed = [one for one in skewness.values() if one is not None and abs(one) > SKEWED]
    if skewed:
        notes.append(
            f"Some differences between policies are skewed (skewness {max(skewed, key=abs):.1f}): intervals that "
            "assume normal differences are less sure than they say; more households in each future make it less."
        )
    if made.rule is not None:
        notes.append(
            "Futures were added until a rule was met: the sequences of the differences it watched hold at their level; "
            "all other intervals and probabilities are those of a number of futures fixed beforehand."
        )
    if min(len(one.futures) for one in found.values()) == 1:
        notes.append("One future says nothing of uncertainty: ask for more replicates.")
    draws = made.draws
    if draws is None:
        return notes
    if draws.effective < FEW_DRAWS:
        notes.append(
            f"The {len(draws.values)} parameter draws say as much as {draws.effective:.1f} equally likely ones: shares "
            "of draws and values of information are indications, no more. Uniform draws: --uncertain passports."
        )
    for world, one in found.items():
        close = _too_close(one)
        if close:
            notes.append(
                f"Over parameter draws {close[0]} and {close[1]} are closer ({world}) than the luck of the "
                f"{made.draw_futures} futures that all draws share: which has less regret is open; more futures a draw "
                "(--draw-replicates) tell."
            )
    if made.draw_futures == 1:
        notes.append("With one future a draw, luck cannot be told from parameters: ask for two or more.")
    own = sorted(set(draws.names) & set(made.any.scenario.parameters))
    if own:
        notes.append(f"Parameters that the scenario file sets itself were not varied: {', '.join(own)}.")
    return notes


def _too_close(one: Found) -> tuple[str, str] | None:
    """The two policies with the best means over draws, if their difference is within two errors of shared luck."""
    drawn = one.drawn
    if drawn is None or drawn.values.shape[1] < 2:
        return None
    means = weighted_mean(drawn.weights, drawn.values.mean(axis=1))
    first, second = np.argsort(-one.better * means, kind="stable")[:2].tolist()
    apart = drawn.values[:, :, first] - drawn.values[:, :, second]
    error = shared_error(apart, drawn.weights)
    gap = abs(float(means[first] - means[second]))
    return (one.plan.policies[first], one.plan.policies[second]) if gap < 2.0 * error else None
