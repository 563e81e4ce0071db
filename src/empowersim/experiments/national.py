"""One large population over the workers of an executor: its subdistricts split among processes or machines.

What travels to a worker is the compiled scenario and numbers of subdistricts; the worker makes the households itself.
What comes back are the sums of these subdistricts, added here in their own order, so the result has the bits of a run
on one thread. A survey that was read travels with the scenario: workers need not see its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from empowersim.engine.lives import REPORTED
from empowersim.engine.stream import Stretch, Stretches
from empowersim.experiments.execution import Executor

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension
    from empowersim.scenario.compiled import Compiled


@dataclass(frozen=True, eq=False)
class Nation:
    """All that the stretches of one future have in common; compared by identity, so that a worker makes it once."""

    compiled: Compiled
    policies: tuple[str, ...]
    reference: int
    """Index of the policy that the others are compared with."""
    households: int
    months: int
    burn_in: int
    seed: int
    replicate: int
    extension: Extension | None = None

    def stretches(self) -> Stretches:
        """The run of a stretch, ready to be called; the layout of the population is worked out anew."""
        return Stretches(
            self.compiled.streamed(self.households, self.seed, self.replicate),
            [self.compiled.policies[name] for name in self.policies],
            reference=self.reference,
            travel=self.compiled.travel,
            parameters=self.compiled.parameters,
            months=self.months,
            burn_in=self.burn_in,
            seed=self.seed,
            replicate=self.replicate,
            judged=REPORTED,
            calendar=0,
            extension=self.extension,
        )


@dataclass(frozen=True, eq=False)
class StretchWork:
    """A picklable piece of work: ``work(stretch)`` counts the poor of a stretch, or lets it live."""

    nation: Nation
    what: str
    """``poor`` or ``live``."""

    def __call__(self, stretch: Stretch) -> Any:
        """As the method `what` of `engine.stream.Stretches`."""
        return getattr(_stretches(self.nation), self.what)(stretch)


@lru_cache(maxsize=2)
def _stretches(nation: Nation) -> Stretches:
    return nation.stretches()


def spread_over(executor: Executor, nation: Nation) -> Any:
    """A `engine.stream.Spread` that sends the stretches of a nation to the workers of an executor."""

    def spread(what: str, stretches: Sequence[Stretch]) -> Iterator[Any]:
        return executor.in_order(StretchWork(nation, what), stretches)

    return spread
