"""Who carries out pieces of work: the one interface of all executors, and the executor that needs no help.

A piece of work is ``work(batch)``, both picklable. Results never depend on who computes them, in which order, or how
often a piece had to be begun again: draws have addresses, so a piece is a pure function of its batch.
"""

from __future__ import annotations

import os
import pickle
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self

from empowersim.errors import SimulationError

Work = Callable[[Any], Any]

ATTEMPTS: Final = 3
"""Times a piece is begun when the worker that has it dies, before it is given up."""

WAITING: Final = 4
"""Pieces a worker that may be finished and wait for an earlier one, where results are wanted in order."""


class WorkerLost(SimulationError):  # noqa: N818  (lost, not at fault)
    """A piece of work whose worker died each time; its remedy is in the message."""


class WorkFailed(SimulationError):  # noqa: N818
    """An exception of a piece of work that could not itself be sent back; holds its name, message and traceback."""


@dataclass(frozen=True)
class Done:
    """One piece of work that is over: with a result, or with an error."""

    index: int
    """Place of its batch among the batches, from 0."""
    result: Any = None
    error: BaseException | None = None
    """What `work` raised (the traceback of the worker is among its notes), or `WorkerLost`; None if all went well."""


def available_threads() -> int:
    """Return the cores this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Executor(ABC):
    """Carries out work; a context manager. Leaving it ends the workers that it started."""

    kind: str
    workers: int
    """Pieces carried out at once."""
    threads: int
    """Threads that a piece of work may use."""
    notes: tuple[str, ...]
    """What the user should know, as a number of workers that was lowered to the cores there are."""

    def __init__(self, workers: int, threads: int, notes: tuple[str, ...] = ()) -> None:
        self.workers, self.threads, self.notes = workers, threads, notes

    @abstractmethod
    def run(self, work: Work, batches: Iterable[Any], *, window: int | None = None) -> Generator[Done, None, None]:
        """Yield a `Done` for each batch, in the order of finish.

        `batches` is consumed as workers become free. With a `window`, no batch is begun that stands `window` or
        more places after the first unfinished one. A piece whose worker dies is begun again, `ATTEMPTS` times in all.
        What is not yielded yet is dropped when the iterator is closed. Raises `SimulationError` where no worker can
        be had at all.
        """

    def start(self) -> None:  # noqa: B027  (not every executor has something to start)
        """Make sure that the number of workers is known; `run` does it, too."""

    def close(self) -> None:  # noqa: B027  (not every executor has something to end)
        """End the workers. The executor can be used again; it then starts new ones."""

    def in_order(self, work: Work, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the results in the order of the batches; an error of a piece is raised where its result would stand.

        Few results wait for an earlier one (`WAITING` a worker), so memory does not grow with the number of batches.
        """
        self.start()
        early: dict[int, Done] = {}
        wanted = 0
        with closing(self.run(work, batches, window=WAITING * self.workers)) as finished:
            for done in finished:
                early[done.index] = done
                while wanted in early:
                    one = early.pop(wanted)
                    if one.error is not None:
                        raise one.error
                    yield one.result
                    wanted += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Serial(Executor):
    """One piece after another in the calling thread."""

    kind = "serial"

    def run(self, work: Work, batches: Iterable[Any], *, window: int | None = None) -> Generator[Done, None, None]:
        """As in `Executor.run`; nothing is pickled."""
        for index, batch in enumerate(batches):
            yield attempted(work, index, batch)


def attempted(work: Work, index: int, batch: Any) -> Done:
    """Carry out a piece of work here; what it raises becomes the error (but Ctrl-C and exit are passed on)."""
    try:
        return Done(index, work(batch))
    except Exception as error:
        return Done(index, None, error)


def answer(job: bytes, index: int, batch: bytes) -> bytes:
    """Carry out a pickled piece of work in a worker and pickle what came of it: (result, error) of a `Done`."""
    try:
        done = attempted(unpacked(job), index, pickle.loads(batch))
    except Exception as error:  # work or batch cannot be unpickled here
        done = Done(index, None, error)
    if done.error is None:
        try:
            return packed((done.result, None))
        except Exception as error:
            done = Done(index, None, error)
    assert done.error is not None
    return packed((None, _that_travels(done.error)))


def packed(value: Any) -> bytes:
    """A value as bytes for a worker or from one."""
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


@lru_cache(maxsize=4)
def unpacked(job: bytes) -> Work:
    """The work of a job, unpickled once in a worker, so that it may keep what it has worked out."""
    work: Work = pickle.loads(job)
    return work


def _that_travels(error: BaseException) -> BaseException:
    """An exception that is the same after pickling, with the traceback of the worker among its notes."""
    where = "".join(traceback.format_exception(error)).rstrip()
    error.add_note(f"in the worker:\n{where}")
    try:
        again = pickle.loads(pickle.dumps(error))
        if type(again) is type(error) and str(again) == str(error):
            return error
    except Exception:  # an exception whose constructor wants more than its message
        pass
    told = WorkFailed(f"{type(error).__name__}: {error}")
    told.add_note(f"in the worker:\n{where}")
    return told
