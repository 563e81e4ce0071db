"""Compare policies on the same futures: levels, paired differences, winners and losers, money.

A future (replicate) is one draw of households and of everything that happens to them. All policies
live through the same futures, so a difference between two policies is the policies' doing. Each
future is reduced to small tables at once; no household of a finished future stays in memory.

Definitions
-----------
value of an outcome in a future
    mean of the last twelve months of the horizon (of all months if there are fewer); months in which
    a measure does not exist are left out. `cost` is the total over the horizon.
intervals
    95 % Student t over futures; a difference is taken future by future and has its own interval.
probability of being better
    plain share of the futures simulated, a tie counting half.
cost per household-year out of poverty
    (cost - cost of the reference) / (household-years of poverty fewer than under the reference), as a ratio of
    means over futures with Fieller's interval. Not told where the years won are not distinguishable from
    zero, where they are fewer, and for the reference itself.
cost per sustained exit
    the same over households that were poor at the start and have stood above the line for a year, more than under
    the reference (mean of the last twelve months).
gains kept
    of a policy that ends within the horizon: its paired difference from the reference, mean of the three months that
    end 12 (24) months after its end, over that of its last three months; a ratio of means with Fieller's interval.
winners and losers
    households whose consumption, in the mean of the last twelve months, differs from their own under the
    reference in the same future by more than the parameter `unchanged_band`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.asked import (
    SEEDS,
    english_title,
    known_policy,
    loaded_scenario,
    passport_of,
    survey_digest,
    whole_number,
)
from empowersim.experiments.executors import Executor, available_threads, map_replicates
from empowersim.experiments.people import People, people_of
from empowersim.experiments.reduce import Reduced, reduce_runs
from empowersim.experiments.summary import summarise
from empowersim.experiments.warm import ready_for
from empowersim.experiments.winners import STREAMED_NOTE
from empowersim.results.comparison import Comparison
from empowersim.results.provenance import program_digest, run_id

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension
    from empowersim.engine.inputs import Policy
    from empowersim.engine.outputs import Run
    from empowersim.engine.simulate import Burnt

    BurntIn = Callable[[int], Burnt]

__all__ = ["Comparison", "Plan", "Progress", "compare", "execute", "plan", "simulate"]

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what is being done. A step is a future, or a household if streamed."""

POOLED_HOUSEHOLDS: Final = 200_000
"""Up to this many households, whole futures share the cores, and all households of a future are in memory; above,
futures are streamed: subdistricts share the cores, and each is forgotten when it is counted."""

ONE_FUTURE_ABOVE: Final = 1_000_000
"""A population larger than this, asked for in place of that of the file, is simulated in one future unless a number of
futures is asked for, too."""


def compare(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    extension: Extension | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the policies of a scenario (a loaded one, or the path of a file) on the same futures.

    `policies` picks some by name (the reference always comes along); `reference` is the policy the others
    are compared with; under an `extension` (`empowersim.extend`) all of them live by its rules, on the same luck. What
    is None stands in the scenario file, but `households` above `ONE_FUTURE_ABOVE` mean one
    future unless `replicates` says otherwise; `threads` None means all cores. The result
    does not depend on `threads`. Raises `ScenarioError`, `PopulationError`, `ParameterError` or
    `SimulationError`, the last also for a scenario that asks for both worlds (``trap: both``): no world is chosen for
    you, `experiments.worlds.compare_worlds` compares in both.

    Examples:
        >>> import empowersim as es
        >>> small = {"policies": ["balanced_mix"], "households": 300, "months": 6, "replicates": 2}
        >>> made = es.compare("scenarios/medan.yaml", **small)
        >>> made.policies, made.reference
        (('no_programme', 'balanced_mix'), 'no_programme')
        >>> es.compare("scenarios/medan.yaml", threads=1, **small).to_json() == made.to_json()
        True

    """
    made = plan(
        scenario,
        policies=policies,
        reference=reference,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
        extension=extension,
    )
    return execute(made, threads=threads, progress=progress)


def simulate(
    scenario: Any,
    policy: str | None = None,
    *,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    extension: Extension | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate one policy (default: the reference of the file): its levels, paths and ledger, with intervals.

    The result is a `Comparison` of a single policy, so it has no differences and no winners.

    Examples:
        >>> import empowersim as es
        >>> one = es.simulate("scenarios/medan.yaml", "balanced_mix", households=300, months=6, replicates=2)
        >>> one.policies, one.others
        (('balanced_mix',), ())

    """
    loaded = loaded_scenario(scenario)
    name = policy if policy is not None else str(loaded.reference)
    made = plan(
        loaded,
        policies=[name],
        reference=name,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
        extension=extension,
    )
    return execute(made, threads=threads, progress=progress)


@dataclass(frozen=True)
class Plan:
    """A comparison that is asked for and checked, but not yet run."""

    scenario: Any
    compiled: Any
    policies: tuple[str, ...]
    reference: str
    replicates: int
    households: int | None
    """None: each household of a survey once."""
    months: int
    burn_in: int
    seed: int
    inputs: Mapping[str, Any]
    run_id: str
    extension: Extension | None = None

    @property
    def streamed(self) -> bool:
        """Whether households are too many to be in memory at once."""
        return (self.households or 0) > POOLED_HOUSEHOLDS

    @property
    def steps(self) -> int:
        """Steps in all that progress is told in: futures, or households of all futures where they are streamed."""
        return self.replicates * ((self.households or 0) if self.streamed else 1)


def plan(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    extension: Extension | None = None,
) -> Plan:
    """Check what is asked, as in `compare`, and give it its `run_id`, without simulating anything."""
    from empowersim.parameters import digest
    from empowersim.scenario.compile import compile_scenario

    loaded = loaded_scenario(scenario)
    known = list(loaded.policies)
    chosen_reference = known_policy(reference, known, "reference") if reference is not None else str(loaded.reference)
    wanted = known if policies is None else [known_policy(name, known, "policies") for name in policies]
    names = tuple(name for name in known if name in wanted or name == chosen_reference)
    own = loaded.settings
    if replicates is None:
        replicates = 1 if (households or 0) > ONE_FUTURE_ABOVE else own.replicates
    counts = {
        "replicates": whole_number("replicates", replicates, 1),
        "months": whole_number("months", months if months is not None else own.months, 1),
        "burn_in": whole_number("burn_in", own.burn_in, 0),
        "seed": whole_number("seed", seed if seed is not None else own.seed, 0, SEEDS - 1),
    }
    asked = households if households is not None else own.households
    size = None if asked is None else whole_number("households", asked, 1)
    compiled = compile_scenario(loaded)
    inputs = {
        "scenario": loaded.digest,
        "survey": survey_digest(loaded),
        "parameters": digest(compiled.parameters),
        "program": program_digest(),
        "policies": list(names),
        "reference": chosen_reference,
        "households": size,
        **counts,
        **passport_of(extension),
    }
    return Plan(
        scenario=loaded,
        compiled=compiled,
        policies=names,
        reference=chosen_reference,
        households=size,
        inputs=inputs,
        run_id=run_id(inputs),
        extension=extension,
        **counts,
    )


def execute(
    made: Plan,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    burnt: BurntIn | None = None,
) -> Comparison:
    """Run a plan; `threads` None means all cores.

    With an `executor` (`executors.make_executor`) its workers do it in place of threads: they share the futures, or
    the subdistricts of a streamed population. With `burnt` futures go on from burn-ins that were made before
    (`experiments.branch` sees to it that they are those of the plan). The result depends on none of them.
    """
    if executor is not None:
        ready_for(executor.kind, made.extension)
    cores = whole_number("threads", threads if threads is not None else available_threads(), 1)
    if made.streamed:
        futures = _streamed_futures(made, cores, progress, executor)
    else:
        futures = _futures(made, cores, progress, executor, burnt)
    tables, first = summarise(futures, made.reference)
    loaded = made.scenario
    return Comparison(
        scenario=str(loaded.name),
        title=english_title(loaded.title, str(loaded.name)),
        seed=made.seed,
        replicates=made.replicates,
        households=first.households,
        represents=first.represents,
        months=made.months,
        burn_in=made.burn_in,
        policies=made.policies,
        reference=made.reference,
        all_policies=tuple(loaded.policies),
        labels={name: dict(loaded.labels.get(name, {})) for name in loaded.policies},
        discount_rate=float(loaded.settings.discount_rate),
        unchanged_band=float(made.compiled.parameters.unchanged_band),
        price_year=getattr(loaded, "price_year", None),
        notes=first.notes if made.extension is None else (*first.notes, made.extension.sentence()),
        assumed=_assumed(loaded),
        run_id=made.run_id,
        inputs=made.inputs,
        tables=tables,
    )


@dataclass(frozen=True, eq=False)
class FutureWork:
    """A picklable piece of work: ``work(replicate)`` simulates one future of a plan and reduces it."""

    made: Plan
    threads: int
    """Threads inside the future."""
    burnt: BurntIn | None = None
    """As in `execute`."""

    def __call__(self, replicate: int) -> Reduced:
        """The future `replicate`."""
        from empowersim.engine.simulate import run_from

        made = self.made
        burnt = (self.burnt or BurnInWork(made, self.threads))(replicate)
        runs = run_from(burnt, _chosen(made), replicate=replicate, threads=self.threads, **_common(made))
        return _reduced(made, runs, burnt.notes, people_of(burnt))


@dataclass(frozen=True, eq=False)
class BurnInWork:
    """A picklable piece of work: ``work(replicate)`` makes the households of a future of a plan and burns them in."""

    made: Plan
    threads: int

    def __call__(self, replicate: int) -> Burnt:
        """The burn-in of the future `replicate`."""
        from empowersim.engine.simulate import burn_in_of

        made = self.made
        population = made.compiled.population(made.households, made.seed, replicate)
        common = {name: value for name, value in _common(made).items() if name != "months"}
        return burn_in_of(population, replicate=replicate, threads=self.threads, **common)


def _futures(
    made: Plan, cores: int, progress: Progress | None, executor: Executor | None, burnt: BurntIn | None
) -> Iterator[Reduced]:
    """The futures of a plan, each with all its households in memory."""
    if progress is not None:
        progress(0, made.replicates, "simulating")
    if executor is not None:
        found = executor.in_order(FutureWork(made, executor.threads, burnt), range(made.replicates))
    else:
        pool, inner = (min(cores, made.replicates), 1) if made.replicates > 1 else (1, cores)
        found = map_replicates(FutureWork(made, inner, burnt), range(made.replicates), pool)
    for done, reduced in enumerate(found, start=1):
        if progress is not None:
            progress(done, made.replicates, "simulating")
        yield reduced


def _streamed_futures(
    made: Plan, cores: int, progress: Progress | None, executor: Executor | None
) -> Iterator[Reduced]:
    """The futures of a plan, one after another, each subdistrict forgotten when it is counted."""
    from empowersim.engine.stream import simulate_stream

    reference = made.policies.index(made.reference)
    for replicate in range(made.replicates):
        people = made.compiled.streamed(made.households, made.seed, replicate)
        spread = None
        if executor is not None:
            from empowersim.experiments.national import Nation, spread_over

            assert made.households is not None
            nation = Nation(
                made.compiled,
                made.policies,
                reference,
                made.households,
                made.months,
                made.burn_in,
                made.seed,
                replicate,
                made.extension,
            )
            spread = spread_over(executor, nation)

        def told(share: float, before: int = replicate * people.count, inside: int = people.count) -> None:
            if progress is not None:
                progress(before + int(share * inside), made.steps, "simulating")

        runs = simulate_stream(
            people,
            _chosen(made),
            reference=reference,
            replicate=replicate,
            threads=cores,
            told=told,
            spread=spread,
            **_common(made),
        )
        yield _reduced(made, runs, (*people.notes, STREAMED_NOTE))


def _chosen(made: Plan) -> list[Policy]:
    return [made.compiled.policies[name] for name in made.policies]


def _common(made: Plan) -> dict[str, Any]:
    """What all futures of a plan are simulated with."""
    return {
        "travel": made.compiled.travel,
        "parameters": made.compiled.parameters,
        "months": made.months,
        "burn_in": made.burn_in,
        "seed": made.seed,
        "extension": made.extension,
    }


def _reduced(made: Plan, runs: Sequence[Run], notes: Sequence[str], people: People | None = None) -> Reduced:
    return reduce_runs(
        runs,
        made.policies.index(made.reference),
        band=float(made.compiled.parameters.unchanged_band),
        discount_rate=float(made.scenario.settings.discount_rate),
        notes=notes,
        ends=[policy.end for policy in _chosen(made)],
        people=people,
    )


def _assumed(scenario: Any) -> tuple[int, int]:
    from empowersim.scenario.cite import used_passports

    confidences = [passport.confidence for passport in used_passports(scenario)]
    return sum(grade == "C" for grade in confidences), len(confidences)
