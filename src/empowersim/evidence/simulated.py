"""Simulate the rows of the evidence base: every study drawn once, every row read off it.

Studies are independent, so threads take one each; the numbers do not depend on how many there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from empowersim.evidence.base import Mapped, mappings
from empowersim.evidence.statistics import PREDICATES, STATISTICS, STUDIES_OF
from empowersim.trials.library import find
from empowersim.trials.load import load
from empowersim.trials.model import Trial
from empowersim.trials.run import Value, Worlds

Progress = Callable[[int, int, str], None]
"""Called with studies done, studies in all, and the name of the one just done."""


@cache
def trial_called(name: str) -> Trial:
    """The packaged trial of that name."""
    return load(find(name))


def sized(trial: Trial, size: float) -> Trial:
    """A trial with `size` times its villages (at least 20)."""
    villages = max(20, round(trial.sample.villages * size))
    return replace(trial, sample=replace(trial.sample, villages=villages))


class Studies:
    """Drawn studies by name, each made when first asked for; safe between threads."""

    def __init__(
        self,
        parameters: Any,
        *,
        seed: int,
        size: float = 1.0,
        changes: Mapping[str, Trial] | None = None,
        trap: bool | None = None,
    ) -> None:
        """Studies under `parameters`; `size` scales villages, `changes` replaces trials, `trap` sets the world."""
        self.parameters, self.seed, self.size, self.trap = parameters, seed, size, trap
        self._changes = dict(changes or {})
        self._made: dict[str, Worlds] = {}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def __call__(self, name: str) -> Worlds:
        """The worlds of a study."""
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            if name not in self._made:
                trial = self._changes.get(name) or trial_called(name)
                if self.trap is not None:
                    trial = replace(trial, context=replace(trial.context, trap=self.trap))
                self._made[name] = Worlds(sized(trial, self.size), self.parameters, seed=self.seed)
            return self._made[name]

    def forget(self, name: str) -> None:
        """Let go of a study's worlds."""
        self._made.pop(name, None)


def studies_of(mapped: Mapped) -> tuple[str, ...]:
    """Names of the studies that a row reads."""
    return STUDIES_OF.get(mapped.statistic or mapped.predicate or "", ()) or ((mapped.trial,) if mapped.trial else ())


def simulate_rows(
    rows: Iterable[str],
    parameters: Any,
    *,
    seed: int = 1,
    size: float = 1.0,
    threads: int = 1,
    progress: Progress | None = None,
    changes: Mapping[str, Trial] | None = None,
    trap: bool | None = None,
) -> dict[str, Value | bool]:
    """Simulate rows of the evidence base: row id -> number, or whether its predicate holds.

    `parameters` as from `parameters.parameters`; rows without a mapping are left out. `trap` puts all studies into the
    trap world (True) or the world without one (False); None leaves them as their files say. KeyError for unknown rows.
    """
    table = mappings()
    wanted = {row: table[row] for row in rows if table[row].simulated}
    studies = Studies(parameters, seed=seed, size=size, changes=changes, trap=trap)
    groups = _groups(wanted)
    done = 0

    def work(group: list[str]) -> dict[str, Value | bool]:
        found = {row: _value(wanted[row], studies, parameters) for row in group}
        for name in {name for row in group for name in studies_of(wanted[row])}:
            studies.forget(name)
        return found

    results: dict[str, Value | bool] = {}
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        for group, found in zip(groups, pool.map(work, groups), strict=True):
            results |= found
            done += 1
            if progress is not None:
                progress(done, len(groups), " ".join(studies_of(wanted[group[0]])))
    return {row: results[row] for row in wanted}


def _groups(wanted: Mapping[str, Mapped]) -> list[list[str]]:
    """Rows that share a study, together, so that each study is drawn once."""
    groups: list[tuple[set[str], list[str]]] = []
    for row, mapped in wanted.items():
        names, rows = set(studies_of(mapped)), [row]
        apart = []
        for group in groups:
            if group[0] & names:
                names |= group[0]
                rows = group[1] + rows
            else:
                apart.append(group)
        groups = [*apart, (names, rows)]
    return [rows for _, rows in groups]


def _value(mapped: Mapped, studies: Studies, parameters: Any) -> Value | bool:
    """Simulate one row."""
    if mapped.predicate:
        return PREDICATES[mapped.predicate](studies, parameters)
    if mapped.statistic:
        return STATISTICS[mapped.statistic](studies, parameters)
    worlds = studies(mapped.trial)
    for estimate in worlds.trial.estimates:
        if estimate.name == mapped.estimate:
            return worlds.effect(estimate)
    raise KeyError(f"{mapped.trial} has no estimate called {mapped.estimate}")


_COUNTED = (
    "maths.py",
    "rng.py",
    "schema.py",
    "rules",
    "engine",
    "trials/follow.py",
    "trials/population.py",
    "trials/run.py",
    "trials/survey.py",
    "evidence/simulated.py",
    "evidence/statistics.py",
)
"""Sources on which a simulated row depends, beside the fitted parameters."""


def studies_digest(rows: Iterable[str], size: float) -> str:
    """Digest (16 hexadecimal digits) of what simulated rows depend on beside parameters."""
    package = Path(__file__).parent.parent
    wanted, table = sorted(rows), mappings()
    studies = sorted({name for row in wanted for name in studies_of(table[row])})
    text = f"{wanted} {size!r} {[(name, trial_called(name).digest) for name in studies]}"
    found = hashlib.blake2b(text.encode(), digest_size=8)
    for name in _COUNTED:
        root = package / name
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            found.update(path.relative_to(package).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()
