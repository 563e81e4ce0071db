"""The engine behind sliders: comparisons of which only what is new is simulated.

A future is made and burnt in once; a policy lives it once. Both are kept in a cache that all sessions share, so a
change of one mix costs the months of that mix, and moving back to a mix that was seen before costs nothing. That is
exact: draws have addresses, so nothing that was simulated before could have moved a bit of what comes after.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from empowersim.engine.inputs import Policy
from empowersim.engine.outputs import Run
from empowersim.engine.simulate import Burnt, run_from
from empowersim.errors import SimulationError
from empowersim.experiments.asked import whole_number
from empowersim.experiments.branch import inputs_of
from empowersim.experiments.budget_curve import BudgetCurve, plan_curve
from empowersim.experiments.compare import (
    BurnInWork,
    Comparison,
    Plan,
    Progress,
    _common,
    _reduced,
    execute,
    plan,
)
from empowersim.experiments.execution import Executor
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.experiments.live_cache import SharedCache
from empowersim.experiments.people import People, people_of
from empowersim.experiments.reduce import Reduced
from empowersim.results.provenance import run_id

HOUSEHOLDS: Final = 5000
MONTHS: Final = 60
FUTURES: Final = 20
MOST_HOUSEHOLDS: Final = 50_000
"""Households of a future at most: above, a change takes too long to be waited for."""

_OF_THE_FUTURE: Final = frozenset({"replicate", "households", "represents", "groups", "notes"})
"""Fields of a reduced future that are the same for all its policies; the others have an entry a policy."""


@dataclass(frozen=True)
class Asked:
    """How large and how long a live comparison is."""

    households: int | None = HOUSEHOLDS
    """None: each household of a survey once."""
    months: int = MONTHS
    futures: int = FUTURES
    seed: int | None = None
    """None: that of the scenario."""


class Live:
    """Compares policies of scenarios, and remembers what it has simulated.

    One object may be used by many threads at a time; what they share is read only. ``Live().compare(scenario)`` has
    the bits of ``compare(scenario)`` with the same arguments.
    """

    def __init__(self, cache: SharedCache | None = None, *, threads: int | None = None) -> None:
        """`cache` None makes one of its own; `threads` None means all cores."""
        self.cache = SharedCache() if cache is None else cache
        self.threads = whole_number("threads", available_threads() if threads is None else threads, 1)

    def plan(
        self,
        scenario: Any,
        asked: Asked | None = None,
        *,
        policies: Sequence[str] | None = None,
        reference: str | None = None,
    ) -> Plan:
        """Check what is asked; `SimulationError` for more than `MOST_HOUSEHOLDS` or as in `compare.plan`."""
        size = Asked() if asked is None else asked
        if size.households is not None:
            whole_number("households", size.households, 1, MOST_HOUSEHOLDS)
        return plan(
            scenario,
            policies=policies,
            reference=reference,
            replicates=size.futures,
            households=size.households,
            months=size.months,
            seed=size.seed,
        )

    def compare(
        self,
        scenario: Any,
        asked: Asked | None = None,
        *,
        policies: Sequence[str] | None = None,
        reference: str | None = None,
        progress: Progress | None = None,
    ) -> Comparison:
        """Compare policies of a loaded scenario on the same futures, as `compare.compare` does, to the last bit.

        `progress` is called in the calling thread after each future; what it raises ends the work, and futures that
        are done are kept. Raises what `compare` raises.
        """
        return self.execute(self.plan(scenario, asked, policies=policies, reference=reference), progress=progress)

    def execute(self, made: Plan, *, progress: Progress | None = None) -> Comparison:
        """Run a plan."""
        return execute(made, progress=progress, executor=_Remembered(self, made))

    def curve(
        self, scenario: Any, policy: str, asked: Asked | None = None, *, progress: Progress | None = None
    ) -> BudgetCurve:
        """A policy at several sizes of its budget, as `budget_curve.budget_curve` gives it; seen sizes cost nothing."""
        size = Asked() if asked is None else asked
        made, sizes = plan_curve(
            scenario,
            policy,
            replicates=size.futures,
            households=size.households,
            months=size.months,
            seed=size.seed,
        )
        return BudgetCurve(policy, sizes, self.execute(made, progress=progress))

    def missing(self, made: Plan) -> int:
        """Lives (a policy in a future) of a plan that are not remembered: 0 means that an answer costs no waiting."""
        keys = _Keys(made)
        return sum(
            keys.life(name, number) not in self.cache for name in made.policies for number in range(made.replicates)
        )

    def future(self, made: Plan, keys: _Keys, replicate: int) -> Reduced:
        """One future of a plan, reduced; what is remembered is not made again."""
        common = _common(made)

        def burnt() -> Burnt:
            return self.cache.get(keys.burn_in(replicate), lambda: BurnInWork(made, 1)(replicate))

        def people() -> People:
            return self.cache.get(keys.people(replicate), lambda: people_of(burnt()))

        def run(name: str) -> Run:
            def live() -> Run:
                policy = _nameless(made.compiled.policies[name])
                return run_from(burnt(), [policy], replicate=replicate, threads=1, **common)[0]

            return self.cache.get(keys.life(name, replicate), live)

        def pair(names: tuple[str, ...]) -> Reduced:
            def reduce() -> Reduced:
                two = replace(made, policies=names, reference=names[0])
                return _reduced(two, [run(name) for name in names], burnt().notes, people())

            return self.cache.get(keys.pair(names, replicate), reduce)

        others = [name for name in made.policies if name != made.reference]
        if not others:
            return merged({}, pair((made.reference,)), made.policies, made.reference)
        pairs = {name: pair((made.reference, name)) for name in others}
        return merged(pairs, pairs[others[0]], made.policies, made.reference)


def merged(pairs: Mapping[str, Reduced], any_pair: Reduced, policies: tuple[str, ...], reference: str) -> Reduced:
    """Put reduced pairs of (reference, a policy) of one future together, in the order of `policies`.

    Every figure of a policy is a function of its own run and of that of the reference, so nothing is lost.
    """
    chosen = [(any_pair, 0) if name == reference else (pairs[name], 1) for name in policies]
    found: dict[str, Any] = {"policies": policies}
    for item in fields(Reduced):
        if item.name in found:
            continue
        first = getattr(any_pair, item.name)
        if item.name in _OF_THE_FUTURE:
            found[item.name] = first
        elif isinstance(first, np.ndarray):
            found[item.name] = np.stack([getattr(one, item.name)[at] for one, at in chosen])
        else:
            found[item.name] = tuple(getattr(one, item.name)[at] for one, at in chosen)
    return Reduced(**found)


def _nameless(policy: Policy) -> Policy:
    """What a policy does, whatever it is called: two names of one thing are simulated once."""
    return replace(policy, name="")


class _Keys:
    """Digests of what the parts of a plan depend on."""

    def __init__(self, made: Plan) -> None:
        self.made = made
        compiled = made.compiled
        self.world = f"{run_id(inputs_of(made))}-{_digest(compiled.travel)}"
        self.policies = {name: _digest(_nameless(compiled.policies[name])) for name in made.policies}
        self.rate = repr(float(made.scenario.settings.discount_rate))

    def burn_in(self, replicate: int) -> tuple[Any, ...]:
        return ("burn-in", self.world, replicate)

    def people(self, replicate: int) -> tuple[Any, ...]:
        return ("people", self.world, replicate)

    def life(self, name: str, replicate: int) -> tuple[Any, ...]:
        return ("life", self.world, self.made.months, self.policies[name], replicate)

    def pair(self, names: tuple[str, ...], replicate: int) -> tuple[Any, ...]:
        lives = tuple(self.policies[name] for name in names)
        return ("pair", self.world, self.made.months, lives, self.rate, replicate)


def _digest(value: Policy | Any) -> str:
    """Digest of a frozen value of numbers and texts: its repr gives every float exactly."""
    return hashlib.blake2b(repr(value).encode(), digest_size=16).hexdigest()


class _Remembered(Executor):
    """Gives `compare.execute` its futures from what is remembered."""

    kind = "live"

    def __init__(self, live: Live, made: Plan) -> None:
        super().__init__(live.threads, 1)
        if made.streamed:
            raise SimulationError(f"households: expected {MOST_HOUSEHOLDS:,} at most, found {made.households:,}")
        self.live, self.made = live, made

    def in_order(self, work: Callable[[Any], Any], batches: Iterable[Any]) -> Iterator[Any]:
        """Futures in their order; `work` is what would make them anew."""
        keys = _Keys(self.made)
        numbers = list(batches)
        return map_replicates(
            lambda number: self.live.future(self.made, keys, number), numbers, min(self.workers, len(numbers))
        )

    def run(self, work: Any, batches: Iterable[Any], *, window: int | None = None) -> Any:
        """Not how a plan is carried out here."""
        raise NotImplementedError


__all__ = ["FUTURES", "HOUSEHOLDS", "MONTHS", "MOST_HOUSEHOLDS", "Asked", "Live", "merged"]
