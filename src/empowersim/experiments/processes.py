"""An executor of processes on this machine, which outlives any of its workers.

Each worker is a spawned process (not a forked one: compiled code and threads do not survive a fork) with a pipe of its
own. It holds one piece of work at a time, so the parent knows what is lost when a worker is killed, by a person or for
want of memory: it starts another worker and gives it the same piece. The pools of the standard library either break as
a whole when a worker dies, or wait for it forever.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any, Final

from empowersim.errors import SimulationError
from empowersim.experiments.execution import ATTEMPTS, Done, Executor, Work, WorkerLost, answer, packed
from empowersim.experiments.warm import warm

ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Variables that libraries read the number of their own threads from."""

_LEAVE: Final = 5.0
"""Seconds that an idle worker has to leave before it is killed."""
_READY: Final = b"ready"


@dataclass
class Piece:
    """A piece of work on its way."""

    index: int
    batch: bytes
    begun: int = 0


@dataclass(eq=False)
class _Worker:
    """A worker process and the parent's end of its pipe."""

    process: Any
    pipe: Any
    ready: bool = False
    job: int = -1
    piece: Piece | None = None


class Processes(Executor):
    """Spawned processes, one piece of work each at a time."""

    kind = "processes"

    def __init__(self, workers: int, threads: int, notes: tuple[str, ...] = ()) -> None:
        """`workers` processes, each of which may use `threads` threads."""
        super().__init__(workers, threads, notes)
        self._context = multiprocessing.get_context("spawn")
        self._crew: list[_Worker] = []
        self._jobs = 0
        self._stillborn = 0

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers there are."""
        return [worker.process.pid for worker in self._crew]

    def run(self, work: Work, batches: Iterable[Any], *, window: int | None = None) -> Generator[Done, None, None]:
        """As in `Executor.run`."""
        warm()
        self._jobs += 1
        job = packed(work)
        left = enumerate(batches)
        again: deque[Piece] = deque()
        coming, more = 0, True
        try:
            while True:
                for worker in self._free():
                    piece = again.popleft() if again else None
                    if piece is None and more and (window is None or coming - self._first(again, coming) < window):
                        index, batch = next(left, (-1, None))
                        more = index >= 0
                        coming += more
                        piece = Piece(index, packed(batch)) if more else None
                    if piece is not None:
                        self._give(worker, job, piece)
                if not more and not again and not any(worker.piece for worker in self._crew):
                    return
                for worker in self._heard():
                    done, lost = self._take(worker)
                    if lost is not None and lost.begun < ATTEMPTS:
                        again.append(lost)
                    elif lost is not None:
                        yield Done(lost.index, None, self._given_up(lost, worker))
                    elif done is not None:
                        yield done
        finally:
            # an iterator that is closed early, or Ctrl-C: what is under way would answer a question nobody asks
            for worker in [one for one in self._crew if one.piece is not None]:
                self._bury(worker)

    def close(self) -> None:
        """End the workers: idle ones by closing their pipe, the others at once."""
        for worker in self._crew:
            worker.pipe.close()
            if worker.piece is not None or not worker.ready:
                worker.process.kill()
        for worker in self._crew:
            worker.process.join(_LEAVE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()
        self._crew = []

    def _free(self) -> list[_Worker]:
        """Workers that wait for work, after starting as many as are missing."""
        while len(self._crew) < self.workers:
            self._crew.append(self._started())
        return [worker for worker in self._crew if worker.ready and worker.piece is None]

    def _first(self, again: Iterable[Piece], coming: int) -> int:
        """Index of the first piece that is begun and not done; that of the coming one if there is none."""
        begun = [*(worker.piece for worker in self._crew if worker.piece is not None), *again]
        return min((piece.index for piece in begun), default=coming)

    def _started(self) -> _Worker:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), name="empowersim-worker", daemon=True)
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(dict.fromkeys(ONE_THREAD, str(self.threads)))  # read when the libraries are imported
        try:
            process.start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        theirs.close()
        return _Worker(process, mine)

    def _give(self, worker: _Worker, job: bytes, piece: Piece) -> None:
        piece.begun += 1
        worker.piece = piece
        new = worker.job != self._jobs
        try:
            worker.pipe.send_bytes(packed((piece.index, piece.batch, job if new else None)))
            worker.job = self._jobs
        except OSError:
            pass  # it has died; its pipe says so when it is listened to

    def _heard(self) -> list[_Worker]:
        """Workers that have something to say, or have died."""
        by_end = {worker.pipe: worker for worker in self._crew}
        by_end |= {worker.process.sentinel: worker for worker in self._crew}
        found: list[_Worker] = []
        for end in connection.wait(list(by_end)):
            worker = by_end[end]
            if worker not in found:
                found.append(worker)
        return found

    def _take(self, worker: _Worker) -> tuple[Done | None, Piece | None]:
        """What a worker says: a piece done; or, if it has died, the piece that it had."""
        piece = worker.piece
        try:
            said = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            self._bury(worker)
            if not worker.ready:
                self._note_stillborn(worker)
            return None, piece
        if said == _READY:
            worker.ready, self._stillborn = True, 0
            return None, None
        assert piece is not None
        worker.piece = None
        result, error = pickle.loads(said)
        return Done(piece.index, result, error), None

    def _bury(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self._crew.remove(worker)

    def _note_stillborn(self, worker: _Worker) -> None:
        self._stillborn += 1
        if self._stillborn >= ATTEMPTS:
            raise SimulationError(
                f"executor processes: {ATTEMPTS} workers ended ({_ending(worker)}) before they could begin; if this "
                "is called from a script, the call must stand under: if __name__ == '__main__':"
            )

    def _given_up(self, piece: Piece, worker: _Worker) -> WorkerLost:
        return WorkerLost(
            f"piece {piece.index}: its worker process ended {piece.begun} times ({_ending(worker)}) before it was "
            "done; if memory runs out, ask for fewer workers or fewer households"
        )


def _ending(worker: _Worker) -> str:
    """How a dead worker ended, in words."""
    code = worker.process.exitcode
    if code is not None and code < 0:
        return f"last by signal {signal.Signals(-code).name}"
    return f"last with code {code}"


def _serve(pipe: Any) -> None:
    """What a worker does: take a piece, carry it out, answer; until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    warm()
    job = b""
    try:
        pipe.send_bytes(_READY)
        while True:
            index, batch, new = pickle.loads(pipe.recv_bytes())
            job = new or job
            pipe.send_bytes(answer(job, index, batch))
    except (EOFError, OSError):
        return


def _leave_with_parent() -> None:
    """End this process at once when its parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
