"""How work is spread: over threads inside a process, over processes of this machine, over a dask cluster.

`make_executor` gives one of three executors with one interface (`execution.Executor`). None of them changes a bit of a
result; they differ in what they survive and where they can run.
"""

from __future__ import annotations

from typing import Final

from empowersim.engine.workers import in_order as map_replicates
from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_name, whole_number
from empowersim.experiments.execution import Done, Executor, Serial, WorkerLost, WorkFailed, available_threads

__all__ = [
    "KINDS",
    "Done",
    "Executor",
    "WorkFailed",
    "WorkerLost",
    "available_threads",
    "make_executor",
    "map_replicates",
]

KINDS: Final = ("serial", "processes", "dask")
"""Executors that can be asked for."""


def make_executor(
    kind: str = "serial", *, workers: int | None = None, threads: int = 1, scheduler: str | None = None
) -> Executor:
    """Return an executor; use it as a context manager.

    `kind` is one of `KINDS`; `workers` = pieces at once (None: as many as the cores allow), `threads` = threads of a
    piece. Workers times threads never exceed the cores this process may use: more are lowered, and `notes` says so.
    `scheduler` (``tcp://host:port``, with ``dask`` only) = address of a running scheduler, whose own workers are used;
    without it ``dask`` starts a cluster on this machine. Workers start when they are first needed. Raises
    `SimulationError` for what cannot be, and where the extra for dask is not installed.
    """
    known_name(kind, KINDS, "executor", "an executor")
    whole_number("threads", threads, 1)
    if workers is not None:
        whole_number("workers", workers, 1)
    if scheduler is not None:
        if kind != "dask":
            raise SimulationError(f"scheduler: expected with executor dask only, found with {kind}; leave it away")
        if workers is not None:
            raise SimulationError(
                f"workers: a scheduler has its own workers, found {workers}; leave workers away, and start as many "
                "workers at the scheduler as you want"
            )
        from empowersim.experiments.dask_cluster import Dask

        return Dask(0, threads, scheduler=scheduler)
    if kind == "serial":
        if workers not in (None, 1):
            raise SimulationError(f"workers: executor serial has one, found {workers}; choose processes or dask")
        fewer, notes = _within(1, threads)
        return Serial(1, fewer, notes)
    cores = available_threads()
    fewer, notes = _within(1, threads)
    most = max(1, cores // fewer)
    if workers is not None and workers > most:
        notes = (*notes, f"{workers} workers were asked for; {cores} cores allow {most} with --threads {fewer}.")
    count = most if workers is None else min(workers, most)
    if kind == "processes":
        from empowersim.experiments.processes import Processes

        return Processes(count, fewer, notes)
    from empowersim.experiments.dask_cluster import Dask

    return Dask(count, fewer, notes)


def _within(workers: int, threads: int) -> tuple[int, tuple[str, ...]]:
    """Threads that the cores allow, and a note if they are fewer than asked for."""
    cores = available_threads()
    most = max(1, cores // workers)
    if threads <= most:
        return threads, ()
    return most, (f"{threads} threads a worker were asked for; {cores} cores allow {most}.",)
