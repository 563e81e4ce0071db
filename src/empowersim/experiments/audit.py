"""The audit of pairing: whether a difference between two policies is nothing but the policies' doing.

Policies are compared on the same futures. That is worth something only if whoever a policy does not reach lives the
very same life, to the last bit. The audit tries it on the scenario at hand, with its own policy:

nothing       a policy that is there but offers nothing, or whose places give nothing, moves nobody
one_place     one place of a programme, contact off: only the household that gets it moves
contact       the same with contact on: only its own village moves; the spillover is counted month by month
untreated     the whole policy, contact off: whoever has no place, visit or served village does not move
order         neither the order of the subdistricts nor the company of other policies moves anybody
spread        neither threads, nor streaming, nor other executors change a bit
one_more      one household more, contact off and nothing rationed: it moves nobody; contact on: its own village only

**Contact** is how households reach each other: kin share, neighbours learn and take part, thieves come from the poor,
villages grow capable or lose their culture. It is off where the parameters of `CONTACT` are zero.

Where something moved that should not have, the audit names the first month, the household and the draw: it lives that
month of that household again from the address of its draws, and looks which draw would give what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from empowersim.engine.inputs import Policy, Population, Travel
from empowersim.engine.lives import REPORTED, Begun, Lives, shared_among
from empowersim.engine.outputs import Run
from empowersim.engine.plans import Portion
from empowersim.engine.simulate import Burnt, burn_in_of, mean_line_of, run_from, simulate, subdistricts_of
from empowersim.engine.start import blocks_of
from empowersim.engine.stream import simulate_stream, streamed_of
from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_policy, loaded_scenario, whole_number
from empowersim.experiments.audit_changes import (
    LIVED,
    OnePlace,
    count_unlike,
    for_all,
    no_doses,
    no_places,
    reordered,
    unlike_lives,
    unlike_runs,
)
from empowersim.experiments.audit_result import Audit, Check, Spillover
from empowersim.experiments.audit_walk import WHERE, Moved, Side, Walked, walk, walk_burn_in
from empowersim.experiments.compare import execute, plan
from empowersim.experiments.executors import make_executor
from empowersim.parameters import record_of

CONTACT: Final = (
    "kin_sharing",
    "practice_diffusion",
    "collective_per_participation",
    "culture_harm",
    "theft_per_poverty",
)
"""Parameters by which households reach each other; at zero nobody does."""

HOUSEHOLDS: Final = 6000
"""Households of an audit, unless asked for otherwise: a few subdistricts."""
MONTHS: Final = 24
_THREADS: Final = (2, 3)
_REFERENCE: Final = Policy("nothing")

Progress = Callable[[int, int, str], None]


def audit(
    scenario: Any,
    policy: str | None = None,
    *,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    replicate: int = 0,
    executors: Sequence[str] = ("processes",),
    progress: Progress | None = None,
) -> Audit:
    """Audit the pairing of a policy of a scenario (a loaded one, or the path of a file).

    `policy` None = the last of the file that is not the reference. `households` None = those of the file, at most
    `HOUSEHOLDS`; `months` None = those of the file, at most `MONTHS`. `executors` of `executors.KINDS` are tried beside
    threads. Raises `ScenarioError`, `SimulationError` and the like for what cannot be run.
    """
    loaded = loaded_scenario(scenario)
    others = [name for name in loaded.policies if name != loaded.reference]
    if policy is None and not others:
        raise SimulationError(f"{loaded.name}: expected a policy beside the reference, found none to audit")
    name = known_policy(policy, loaded.policies, "policy") if policy is not None else others[-1]
    own = loaded.settings
    size = households
    if size is None and own.households is not None:
        size = min(own.households, HOUSEHOLDS)
    made = plan(
        loaded,
        policies=[name],
        replicates=whole_number("replicate", replicate, 0) + 1,
        households=size,
        months=min(own.months, MONTHS) if months is None else months,
        seed=seed,
    )
    if made.streamed:
        raise SimulationError(
            f"households: an audit looks at every household, found {made.households:,}; ask for fewer"
        )
    return _Auditor(made, name, replicate).all(executors, progress)


class _Auditor:
    """A policy under audit, with its households at the end of their burn-in, with and without contact."""

    def __init__(self, made: Any, name: str, replicate: int) -> None:
        self.made, self.name, self.replicate = made, name, replicate
        self.policy: Policy = made.compiled.policies[name]
        self.policies = [made.compiled.policies[one] for one in made.policies]
        self.travel: Travel = made.compiled.travel
        self.open = made.compiled.parameters
        self.closed = self.open._replace(**dict.fromkeys(CONTACT, np.float32(0)))
        self.key = (made.seed, replicate)
        self.population: Population = made.compiled.population(made.households, made.seed, replicate)
        self.burnt = {id(values): self._burn_in(self.population, values) for values in (self.open, self.closed)}

    def all(self, executors: Sequence[str], progress: Progress | None) -> Audit:
        """Ask every question."""
        checks: list[Check] = []
        spillovers: list[Spillover] = []
        questions: list[Callable[[], tuple[list[Check], list[Spillover]]]] = [
            self._nothing,
            self._one_place,
            self._untreated,
            self._order,
            self._spread_over_threads,
            *(lambda kind=kind: self._spread_over(kind) for kind in executors),
            self._one_more,
        ]
        for done, question in enumerate(questions):
            if progress is not None:
                progress(done, len(questions), "auditing")
            found, counted = question()
            checks += found
            spillovers += counted
        if progress is not None:
            progress(len(questions), len(questions), "auditing")
        made = self.made
        inputs = {**made.inputs, "audit": self.name, "replicate": self.replicate, "executors": list(executors)}
        return Audit(
            scenario=str(made.scenario.name),
            policy=self.name,
            seed=made.seed,
            replicate=self.replicate,
            households=self.population.count,
            subdistricts=len(self.burnt[id(self.open)].begun),
            months=made.months,
            burn_in=made.burn_in,
            checks=tuple(checks),
            spillovers=tuple(spillovers),
            inputs=inputs,
        )

    # ------------------------------------------------------------ the questions

    def _nothing(self) -> tuple[list[Check], list[Spillover]]:
        found = []
        for what, empty in (("offers no place", no_places(self.policy)), ("gives nothing", no_doses(self.policy))):
            walked = self._walk(self.open, _REFERENCE, empty, allowed=())
            found.append(_check("nothing", f"{self.name}, changed so that it {what}, moves nobody", walked))
        return found, []

    def _one_place(self) -> tuple[list[Check], list[Spillover]]:
        checks, spillovers = [], []
        for programme in self.policy.programmes:
            alone = replace(self.policy, programmes=(programme,), community=(), end=max(self.policy.end, 1))
            for values, allowed, name in (
                (self.closed, ("treated",), "one_place"),
                (self.open, ("treated", "same_village"), "contact"),
            ):
                on = "on" if values is self.open else "off"
                question = f"one place of {programme.name}, contact {on}: nobody moves but " + (
                    "the household that has it, and its village" if values is self.open else "the household that has it"
                )
                walked = self._with_one_place(values, alone, allowed)
                if walked is None:
                    note = f"nobody asks for {programme.name} within {self.made.months} months"
                    checks.append(Check(name, question, None, note=note))
                    continue
                if walked.treated.max() != 1:
                    note = f"{walked.treated.max()} households were treated in place of one"
                    checks.append(replace(_check(name, question, walked), passed=False, note=note))
                    continue
                checks.append(_check(name, question, walked))
                if values is self.open:
                    spillovers.append(Spillover(f"one place of {programme.name}", walked.moved, walked.treated))
        return checks, spillovers

    def _with_one_place(self, values: Any, policy: Policy, allowed: Sequence[str]) -> Walked | None:
        """Walk with one place in the first subdistrict where somebody takes it; None if nobody does anywhere."""
        for chosen in (one.identity for one in self.burnt[id(values)].begun):
            walked = self._walk(values, _REFERENCE, policy, allowed=allowed, changed=OnePlace(chosen))
            if walked.treated.max() > 0:
                return walked
        return None

    def _untreated(self) -> tuple[list[Check], list[Spillover]]:
        alone = self._walk(self.closed, _REFERENCE, self.policy, allowed=("treated",))
        among = self._walk(self.open, _REFERENCE, self.policy, allowed=WHERE)
        question = f"{self.name}, contact off: whoever has no place, visit or served village does not move"
        return (
            [_check("untreated", question, alone)],
            [Spillover(f"all of {self.name}", among.moved, among.treated)],
        )

    def _order(self) -> tuple[list[Check], list[Spillover]]:
        plain = self._simulate(self.population, self.policies)
        count = len(self.burnt[id(self.open)].begun)
        order = np.array([*range(1, count, 2), *range(0, count, 2)][::-1], np.int64)
        other = reordered(self.population, order)
        found = []
        question = "the subdistricts in another order: every household lives the same life"
        if count < 2:
            note = "there is one subdistrict only; ask for more households"
            found.append(Check("order", question, None, note=note))
        else:
            turned = self._simulate(other, self.policies)
            wrong = [name for one, two in zip(plain, turned, strict=True) for name in unlike_lives(one, two)]
            found.append(self._lived(question, "order", wrong, other, max(map(count_unlike, plain, turned))))
        together = {run.policy: run for run in plain}
        wrong = []
        for policies in (self.policies[::-1], [self.policy]):
            for run in self._simulate(self.population, policies):
                wrong += [f"{run.policy}: {name}" for name in unlike_runs(run, together[run.policy])]
        question = f"{self.name} alone, and after the other policies: the same run to the last bit"
        found.append(self._lived(question, "order", wrong, self.population, 0))
        return found, []

    def _spread_over_threads(self) -> tuple[list[Check], list[Spillover]]:
        plain = self._simulate(self.population, self.policies)
        found = []
        for threads in _THREADS:
            other = self._simulate(self.population, self.policies, threads=threads)
            wrong = [f"{a.policy}: {name}" for a, b in zip(plain, other, strict=True) for name in unlike_runs(a, b)]
            question = f"{threads} threads in place of one: the same runs to the last bit"
            found.append(self._lived(question, "spread", wrong, self.population, max(map(count_unlike, plain, other))))
        streamed = simulate_stream(
            streamed_of(self.population), self.policies, parameters=self.open, threads=1, **self._common()
        )
        kept_only = {"changes", "household_id", "region", "subdistrict", *LIVED}
        wrong = [
            f"{a.policy}: {name}"
            for a, b in zip(plain, streamed, strict=True)
            for name in unlike_runs(a, b, apart_from=kept_only)
        ]
        question = "subdistricts made, lived and forgotten one by one: the same sums to the last bit"
        found.append(self._lived(question, "spread", wrong, self.population, 0))
        return found, []

    def _spread_over(self, kind: str) -> tuple[list[Check], list[Spillover]]:
        made = replace(self.made, replicates=max(self.made.replicates, 2))
        plain = execute(made, threads=1)
        with make_executor(kind) as executor:
            other = execute(made, executor=executor)
        wrong = [
            f"{name}.{column}"
            for name, table in plain.tables.items()
            for column, values in table.columns.items()
            if values.tobytes() != other.table(name)[column].tobytes()
        ]
        question = f"executor {kind}, {executor.workers} workers: the same tables to the last bit"
        return [self._lived(question, "spread", wrong, self.population, 0)], []

    def _one_more(self) -> tuple[list[Check], list[Spillover]]:
        made, questions = self.made, []
        count = self.population.count
        given = f"{count + 1:,} households in place of {count:,}"
        if made.households is None:
            note = "each household of the survey stands once; there is no further one"
            return [Check("one_more", f"{given}: nobody else moves", None, note=note)], []
        larger = made.compiled.population(count + 1, made.seed, self.replicate)
        new = int(larger.households.village[-1])
        beside = set(larger.households.household_id[larger.households.village == new].tolist())
        plenty = for_all(self.policy, self.population.represents)
        for values, on in ((self.closed, "off"), (self.open, "on")):
            for what, policy in (("no policy", _REFERENCE), (f"{self.name} with a place for everybody", plenty)):
                question = f"{given}, {what}, contact {on}: nobody moves" + (
                    " outside its village" if on == "on" else " but the new one"
                )
                one, two = (
                    run_from(self._burn_in(who, values), [policy], parameters=values, threads=1, **self._common())[0]
                    for who in (self.population, larger)
                )
                differs = np.zeros(count, np.bool_)
                for name in LIVED:
                    differs |= getattr(one, name) != getattr(two, name)[:count]
                if on == "on":
                    differs &= ~np.isin(one.household_id, list(beside))
                moved = int(differs.sum())
                spared = beside if on == "on" else set()
                first = self._locate(larger, values, policy, spared) if moved else None
                questions.append(Check("one_more", question, moved == 0, moved, first))
        return questions, []

    # ------------------------------------------------------------ how they are asked

    def _common(self) -> dict[str, Any]:
        made = self.made
        return {
            "travel": self.travel,
            "months": made.months,
            "burn_in": made.burn_in,
            "seed": made.seed,
            "replicate": self.replicate,
        }

    def _burn_in(self, population: Population, values: Any) -> Burnt:
        common = {name: value for name, value in self._common().items() if name != "months"}
        return burn_in_of(population, parameters=values, threads=1, **common)

    def _simulate(self, population: Population, policies: Sequence[Policy], threads: int = 1) -> list[Run]:
        return simulate(population, policies, parameters=self.open, threads=threads, **self._common())

    def _lives(self, policies: Sequence[Policy], values: Any, mean_line: np.float32) -> Lives:
        return Lives(policies, parameters=values, judged=REPORTED, calendar=0, mean_line=mean_line, **self._common())

    def _walk(self, values: Any, one: Policy, other: Policy, *, allowed: Sequence[str], changed: Any = None) -> Walked:
        """Walk two policies on the same burn-in."""
        burnt = self.burnt[id(values)]
        lives = self._lives([one, other], values, burnt.mean_line)
        a, b = Side(lives, 0, _begun(burnt, one)), Side(lives, 1, _begun(burnt, other), changed)
        return walk(a, b, self.made.months, allowed=allowed, key=self.key, values=record_of(values))

    def _lived(self, question: str, name: str, wrong: list[str], other: Population, moved: int) -> Check:
        """An answer on whole runs; where they differ, the first household that moves is looked for block by block."""
        if not wrong:
            return Check(name, question, True)
        first = self._locate(other, self.open, self.policy, set())
        told = f"different: {', '.join(dict.fromkeys(wrong))}"
        if first is None:
            told += "; not found when the blocks are walked one by one, so it hangs on how, and with what, they are run"
        return Check(name, question, False, moved, first, told)

    def _locate(self, other: Population, values: Any, policy: Policy, spared: set[int]) -> Moved | None:
        """The first household that moves between the population and another one with (partly) the same households.

        Those of `spared` may move.
        """
        both = (self.population, other)
        lives = [self._lives([policy], values, mean_line_of(one)) for one in both]
        laid = [lambda one=one: _laid_out(one, values) for one in both]
        record = record_of(values)
        early = walk_burn_in(
            laid[0], laid[1], (lives[0], lives[1]), self.made.burn_in, key=self.key, values=record, spared=spared
        )
        if early is not None:
            return early
        burnt = [self._burn_in(one, values) for one in both]
        shares = _begun(burnt[0], policy)
        begun = _begun(burnt[1], policy)
        # both get what the first gets: a share of places that is rounded otherwise would hide what is looked for
        equal = {at: (one, shares[at][1]) for at, (one, _) in begun.items() if at in shares}
        a, b = Side(lives[0], 0, shares), Side(lives[1], 0, equal)
        return walk(a, b, self.made.months, allowed=(), key=self.key, values=record, spared=spared).first


# ---------------------------------------------------------------- small helpers


def _check(name: str, question: str, walked: Walked) -> Check:
    return Check(name, question, walked.unexpected == 0, walked.unexpected, walked.first)


def _begun(burnt: Burnt, policy: Policy) -> dict[int, tuple[Begun, Portion]]:
    """Blocks by permanent id, each with its portion of the places and posts of a policy."""
    portions = shared_among(burnt.begun, policy, burnt.represents)
    return {one.identity: (one, portion) for one, portion in zip(burnt.begun, portions, strict=True)}


def _laid_out(population: Population, values: Any) -> list[Any]:
    order, regions = subdistricts_of(population)
    return [
        (block, int(regions[at]), int(population.subdistrict_id[order[at]]))
        for at, block in enumerate(blocks_of(population, values))
    ]
