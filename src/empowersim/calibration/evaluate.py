"""Evaluations: the simulation at many parameter vectors, on several processes, through the journal."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from types import TracebackType
from typing import Any

from empowersim.calibration.journal import Journal, Rows, key_of
from empowersim.calibration.problem import Problem, Simulate, Vector
from empowersim.errors import SimulationError
from empowersim.experiments.executors import available_threads

Told = Callable[[str, Rows, bool], None]
"""Called for each evaluation with its key, its rows, and whether it was simulated just now."""

_simulate: Simulate | None = None


class Evaluator:
    """Simulates a problem at parameter vectors, each only once. Use it in a ``with`` statement.

    `path` is the file of the journal (None: memory only). `workers` None means all cores; more than the cores are not
    used. What is returned depends on neither. Workers are fresh (spawned) processes, so a script that makes an
    evaluator with more than one must do so under ``if __name__ == "__main__"``.
    """

    def __init__(
        self, problem: Problem, path: str | os.PathLike[str] | None = None, *, workers: int | None = None
    ) -> None:
        if workers is not None and workers < 1:
            raise SimulationError(f"workers: expected 1 or more, found {workers}")
        cores = available_threads()
        self.problem = problem
        self.workers = cores if workers is None else min(workers, cores)
        self.simulated = 0
        """Evaluations made by this object, not read from the journal."""
        self.journal = Journal(problem, path)
        self._pool: ProcessPoolExecutor | None = None
        self._asked: set[str] = set()

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers and let go of the journal."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self.journal.close()

    @property
    def asked(self) -> int:
        """Different parameter vectors asked for so far; the same for a calibration that was resumed."""
        return len(self._asked)

    def __call__(self, points: Sequence[Vector], told: Told | None = None) -> list[Rows]:
        """Return the rows at each of `points` (vectors in own units, order of `Problem.names`), in their order.

        What is not in the journal is simulated, and written to it in the order of finish.
        """
        keys = [key_of(point) for point in points]
        self._asked.update(keys)
        missing: dict[str, Vector] = {}
        for key, point in zip(keys, points, strict=True):
            rows = self.journal.get(key)
            if rows is None:
                missing[key] = point
            elif told is not None:
                told(key, rows, False)
        self._simulate_all(missing, told)
        found = [self.journal.get(key) for key in keys]
        return [rows for rows in found if rows is not None]

    def _simulate_all(self, missing: Mapping[str, Vector], told: Told | None) -> None:
        problem = self.problem

        def keep(key: str, rows: Any) -> None:
            self.simulated += 1
            kept = self.journal.add(key, rows)
            if told is not None:
                told(key, kept, True)

        if self.workers == 1 or len(missing) == 1:
            for key, point in missing.items():
                keep(key, problem.simulate(problem.named(point)))
            return
        if not missing:
            return
        pool = self._open_pool()
        waiting = {pool.submit(_evaluate, problem.named(point)): key for key, point in missing.items()}
        try:
            for done in as_completed(waiting):
                keep(waiting[done], done.result())
        finally:
            for future in waiting:
                future.cancel()

    def _open_pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self.problem.simulate,),
            )
        return self._pool


def _begin(simulate: Simulate) -> None:
    """Make a worker ready: it simulates, leaves Ctrl-C to its parent, and does not outlive it."""
    global _simulate  # noqa: PLW0603
    _simulate = simulate
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _evaluate(values: dict[str, float]) -> dict[str, tuple[float, float]]:
    assert _simulate is not None
    made = {}
    for row, pair in _simulate(values).items():
        value, se = pair
        made[row] = (float(value), float(se))
    return made
