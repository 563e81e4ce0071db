"""What a mix is worth: simulated with a whole generation of other mixes on the same futures.

A future is one draw of households and luck, lived with one draw of the parameters, in one world or in both. All mixes
of a generation go on from the burn-in of a future as its policies, so a future is burnt in once for all of them, and
two mixes differ only through what they do.

Futures of the search and held-out futures share nothing: the held-out ones have the numbers 0, 1, 2, ... that `compare`
gives its futures, those of the search begin at `SEARCH_FROM`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import Run
from empowersim.experiments.economics import change_codes, welfare_groups
from empowersim.experiments.mix_journal import MixJournal
from empowersim.experiments.mix_space import Mix, Space
from empowersim.experiments.reduce import outcome_values
from empowersim.results.provenance import run_id
from empowersim.results.tables import OUTCOMES, RATIOS
from empowersim.schema import REGION_TYPES

Vector = NDArray[np.float64]

SEARCH_FROM: Final = 2**31
"""Number of the first future of a search."""

REMOTE: Final = ("interior", "small_island")
"""Region types that count as remote: no road leads there all the year."""

WORSE: Final = "worse_off"
MEASURES: Final[dict[str, tuple[str, int, str]]] = {
    WORSE: (
        "share of households",
        -1,
        "households that consume less than under the reference by more than `unchanged_band`",
    ),
    "served": ("share of households", 1, "households that were enrolled or visited at least once"),
    "served_remote": (
        "share of those served",
        1,
        f"households served that live in a region type {' or '.join(REMOTE)}",
    ),
    "served_women_headed": ("share of those served", 1, "households served that a woman headed at the start"),
    "served_poorest": (
        "share of those served",
        1,
        "households served that were among the poorest 40 % of persons at the start",
    ),
}
"""What constraints may be put on: name -> unit, +1 where more is better, meaning. People are counted, not places."""

AVAILABLE: Final = tuple(name for name in OUTCOMES if name not in RATIOS)
"""Outcomes that may be objectives."""
FIGURES: Final = (*AVAILABLE, *MEASURES)
"""Everything that is kept of a policy in a future, in the order of arrays."""
AT: Final = {name: place for place, name in enumerate(FIGURES)}
_FIFTHS_OF_POOREST: Final = 2

Candidate = Mix | str
"""A mix, or the name of a policy of the scenario."""

Mapper = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]
"""``mapper(work, jobs)``: results in the order of the jobs. `work` and jobs are picklable."""


def unit_of(figure: str) -> str:
    """Unit of a figure."""
    return MEASURES[figure][0] if figure in MEASURES else OUTCOMES[figure].unit


def better_of(figure: str) -> int:
    """+1 where more of a figure is better, -1 where less is, 0 where neither."""
    return MEASURES[figure][1] if figure in MEASURES else OUTCOMES[figure].better


@dataclass(frozen=True)
class Futures:
    """A set of futures on which mixes are compared: the same for every mix."""

    name: str
    first: int
    """Number of the first future."""
    count: int
    draws: tuple[Mapping[str, float], ...] = ({},)
    """Parameter values that differ from the shipped ones; future i lives with draw i modulo their number."""

    @property
    def draw_of(self) -> NDArray[np.int64]:
        """Draw of each future, shape (count,)."""
        return np.arange(self.count) % len(self.draws)

    @property
    def plain(self) -> dict[str, Any]:
        """What tells these futures from others."""
        return {"first": self.first, "count": self.count, "draws": [dict(sorted(one.items())) for one in self.draws]}


@dataclass(frozen=True)
class Job:
    """One future in one world, and the policies that live through it; picklable."""

    compiled: Any
    """`scenario.compiled.Compiled` with the policies of the job, the reference first."""
    policies: tuple[str, ...]
    households: int | None
    months: int
    burn_in: int
    seed: int
    replicate: int
    discount_rate: float


def simulate_job(job: Job) -> Vector:
    """Simulate a job on one thread; shape (policies without the reference, len(FIGURES))."""
    from empowersim.engine.simulate import simulate

    compiled = job.compiled
    population = compiled.population(job.households, job.seed, job.replicate)
    runs = simulate(
        population,
        [compiled.policies[name] for name in job.policies],
        travel=compiled.travel,
        parameters=compiled.parameters,
        months=job.months,
        burn_in=job.burn_in,
        seed=job.seed,
        replicate=job.replicate,
        threads=1,
    )
    women = population.households.female_head > 0
    band = float(compiled.parameters.unchanged_band)
    return np.array([_figures(run, runs[0], women, band, job.discount_rate) for run in runs[1:]])


def _figures(run: Run, base: Run, women: NDArray[np.bool_], band: float, rate: float) -> list[float]:
    values = dict(zip(OUTCOMES, outcome_values(run, base, rate), strict=True))
    served = run.touched
    remote = np.isin(run.region, [REGION_TYPES.index(name) for name in REMOTE])
    poorest = welfare_groups(base.start_consumption, base.size) < _FIFTHS_OF_POOREST
    reached = int(served.sum())

    def among(members: NDArray[np.bool_]) -> float:
        return int((served & members).sum()) / reached if reached else float("nan")

    measures = {
        WORSE: float((change_codes(run.end_consumption, base.end_consumption, band) == 1).mean()),
        "served": float(served.mean()),
        "served_remote": among(remote),
        "served_women_headed": among(women),
        "served_poorest": among(poorest),
    }
    return [*(values[name] for name in AVAILABLE), *measures.values()]


@dataclass
class Evaluator:
    """Gives the figures of candidates on a set of futures, from the journal or by simulating them."""

    changeable: Any
    """`scenario.changes.Changeable` of the scenario file."""
    space: Space
    reference: str
    worlds: tuple[str, ...]
    """`no_trap`, `trap`, or both."""
    households: int | None
    months: int
    burn_in: int
    seed: int
    discount_rate: float
    mapper: Mapper
    journal: MixJournal
    told: Callable[[int], None] | None = None
    """Called with the number of simulations that have been done or were found in the journal."""
    simulated: int = 0
    """Candidates that were simulated, not read from the journal."""

    def figures(self, candidates: Sequence[Candidate], futures: Futures) -> Vector:
        """Figures of candidates, shape (candidates, worlds, futures, len(FIGURES))."""
        digest = run_id(futures.plain)
        keys = [f"{digest} {key_of(one)}" for one in candidates]
        missing = {key: one for key, one in zip(keys, candidates, strict=True) if self.journal.get(key) is None}
        if missing:
            made = self._simulate(list(missing.values()), futures)
            self.journal.add(list(zip(missing, made, strict=True)))
            self.simulated += len(missing)
        elif self.told is not None:
            self.told(len(self.worlds) * futures.count)
        return np.array([self.journal.get(key) for key in keys])

    def _simulate(self, candidates: Sequence[Candidate], futures: Futures) -> list[Vector]:
        from empowersim.scenario.compile import compile_scenario
        from empowersim.scenario.worlds import in_world

        names: list[str] = []
        changes: dict[str, str] = {}
        for number, one in enumerate(candidates):
            name = one if isinstance(one, str) else f"mix_{number}"
            names.append(name)
            if isinstance(one, Mix):
                changes |= {f"policies.{name}.{path}": text for path, text in self.space.below(one).items()}
        scenario = self.changeable.scenario(changes)
        # a policy depends neither on parameters nor on the world: all are compiled once
        whole = compile_scenario(in_world(scenario, self.worlds[0]))
        kept = {name: whole.policies[name] for name in dict.fromkeys((self.reference, *names))}
        alone = replace(scenario, policies={self.reference: scenario.policies[self.reference]})
        jobs = []
        for world in self.worlds:
            lived = in_world(alone, world)
            # what the file itself fixes stays fixed
            values = [replace(lived, parameters={**draw, **lived.parameters}) for draw in futures.draws]
            drawn = [replace(compile_scenario(one), policies=kept) for one in values]
            jobs += [
                Job(
                    compiled=drawn[number % len(drawn)],
                    policies=(self.reference, *names),
                    households=self.households,
                    months=self.months,
                    burn_in=self.burn_in,
                    seed=self.seed,
                    replicate=futures.first + number,
                    discount_rate=self.discount_rate,
                )
                for number in range(futures.count)
            ]
        found = []
        for made in self.mapper(simulate_job, jobs):
            found.append(made)
            if self.told is not None:
                self.told(1)
        cube = np.stack(found).reshape(len(self.worlds), futures.count, len(names), len(FIGURES))
        return [np.ascontiguousarray(cube[:, :, place]) for place in range(len(names))]


def key_of(candidate: Candidate) -> str:
    """Text that tells a candidate from all others."""
    return candidate.key if isinstance(candidate, Mix) else f"policy {candidate}"
