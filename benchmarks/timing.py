"""Fair timing: every competitor runs in every round, in turn, so that a busy machine slows all alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Contender:
    """Something to time: `prepare` is not timed, `run` takes what it gave and is timed."""

    prepare: Callable[[], Any]
    run: Callable[[Any], Any]
    work: float
    """Units of work of one `run`, such as household-months."""


@dataclass(frozen=True)
class Race:
    """Times of several competitors, seconds a unit of work, in the order of the rounds."""

    rounds: Mapping[str, tuple[float, ...]]

    def best(self, name: str) -> float:
        """Smallest time, seconds a unit of work."""
        return min(self.rounds[name])

    def speed(self, name: str) -> float:
        """Units of work a second in the best round."""
        return 1.0 / self.best(name)

    def spread(self, name: str) -> float:
        """How far the slowest round lies above the fastest, as a share of the fastest."""
        return max(self.rounds[name]) / self.best(name) - 1.0

    def ratio(self, fast: str, slow: str) -> float:
        """How many times faster `fast` is than `slow`: the ratio of the best rounds."""
        return self.best(slow) / self.best(fast)

    def ratio_spread(self, fast: str, slow: str) -> float:
        """Range of the ratio over the rounds, each taken within its round, as a share of `ratio`."""
        pairs = [b / a for a, b in zip(self.rounds[fast], self.rounds[slow], strict=True)]
        return (max(pairs) - min(pairs)) / self.ratio(fast, slow)


def race(contenders: Mapping[str, Contender], rounds: int) -> Race:
    """Run each contender once to warm up, then `rounds` times (at least 1) in turn, each round beginning with another.

    The collector of garbage is off while the clock runs, and has run before.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, found {rounds}")
    names = list(contenders)
    for name in names:
        contenders[name].run(contenders[name].prepare())
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            contender = contenders[name]
            ready = contender.prepare()
            gc.collect()
            gc.disable()
            try:
                begin = perf_counter()
                contender.run(ready)
                seconds = perf_counter() - begin
            finally:
                gc.enable()
            taken[name].append(seconds / contender.work)
    return Race({name: tuple(times) for name, times in taken.items()})
