"""An executor over dask.distributed: a cluster of processes on this machine, or the workers of a running scheduler.

When a worker dies, the scheduler suspects every piece that the worker had, also those that only waited there. So a
suspected piece is begun again alone, with nothing else under way: if its worker dies again, it was the piece.

Workers must run the very same program as the caller, or results of two programs would be mixed and nobody would know:
every worker is asked for the digest of its program at the start, and again with every piece, so that one that joins
later is asked as well.
"""

from __future__ import annotations

import pickle
import queue
import socket
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError
from importlib import import_module
from typing import Any, Final

from empowersim.errors import SimulationError
from empowersim.experiments.execution import (
    ATTEMPTS,
    Done,
    Executor,
    Work,
    WorkerLost,
    answer,
    available_threads,
    packed,
)
from empowersim.experiments.processes import ONE_THREAD, Piece
from empowersim.experiments.warm import warm
from empowersim.results.provenance import program_digest

_PATIENCE: Final = 60.0
"""Seconds without any worker after which the run ends."""
_LOOK_EVERY: Final = 2.0
"""Seconds between two looks at a silent cluster."""
_AHEAD: Final = 2
"""Pieces a worker that are with the scheduler at once: the next one is there when a worker is free."""
_CONNECT: Final = 20.0
"""Seconds to reach a scheduler."""
_HERE: Final = "127.0.0.1"


class Dask(Executor):
    """Workers of dask.distributed; connected to, or started, at the first piece of work."""

    kind = "dask"

    def __init__(
        self, workers: int, threads: int, notes: tuple[str, ...] = (), *, scheduler: str | None = None
    ) -> None:
        """`workers` processes on this machine, or (0) those of the `scheduler` at ``tcp://host:port``.

        Raises `SimulationError` where dask.distributed is not installed.
        """
        super().__init__(workers, threads, notes)
        try:
            self._library: Any = import_module("distributed")
        except ImportError as error:
            raise SimulationError(
                "executor dask: expected the package distributed, found none; install it with: "
                "pip install 'empowersim[dist]'"
            ) from error
        self.scheduler = scheduler
        self._looked = time.monotonic()
        self._cluster: Any = None
        self._client: Any = None

    @property
    def address(self) -> str:
        """Address of the scheduler in use."""
        return str(self._connected().scheduler.address)

    def run(self, work: Work, batches: Iterable[Any], *, window: int | None = None) -> Generator[Done, None, None]:
        """As in `Executor.run`. Raises `SimulationError`, too, for workers of another program."""
        client = self._connected()
        job = packed(work)
        over: queue.SimpleQueue[Any] = queue.SimpleQueue()
        begun: dict[Any, Piece] = {}
        suspects: deque[Piece] = deque()
        left = enumerate(batches)
        coming, more = 0, True

        def begin(piece: Piece) -> None:
            piece.begun += 1
            future = client.submit(_piece, job, piece.index, piece.batch, program_digest(), pure=False)
            begun[future] = piece
            future.add_done_callback(over.put)

        try:
            while True:
                while more and not suspects and len(begun) < _AHEAD * self.workers:
                    first = min((piece.index for piece in begun.values()), default=coming)
                    if window is not None and coming - first >= window:
                        break
                    index, batch = next(left, (-1, None))
                    more = index >= 0
                    if more:
                        coming += 1
                        begin(Piece(index, packed(batch)))
                if not begun:
                    if not suspects:
                        return
                    begin(suspects.popleft())
                future = self._next(over)
                piece = begun.pop(future)
                done = self._done(future, piece.index)
                if isinstance(done.error, WorkerLost) and piece.begun < ATTEMPTS:
                    suspects.append(piece)
                else:
                    yield done
        finally:
            # an iterator that is closed early, or Ctrl-C
            if begun and client.status == "running":
                client.cancel(list(begun), force=True)

    def start(self) -> None:
        """Connect to the scheduler, and ask its workers who they are. Raises `SimulationError`."""
        self._connected()

    def close(self) -> None:
        """Leave the scheduler; end the cluster if it was started here."""
        client, cluster = self._client, self._cluster
        self._client = self._cluster = None
        if client is not None:
            client.close()
        if cluster is not None:
            cluster.close()

    # ------------------------------------------------------------ the cluster

    def _connected(self) -> Any:
        """The client, connected to workers that may be used."""
        if self._client is None:
            self._client = self._local() if self.scheduler is None else self._remote(self.scheduler)
            self._admit()
        return self._client

    def _local(self) -> Any:
        warm()
        self._cluster = self._library.LocalCluster(
            n_workers=self.workers,
            threads_per_worker=1,
            processes=True,
            host=_HERE,
            dashboard_address=f"{_HERE}:0",  # any free port, seen from this machine only
            scheduler_kwargs={"allowed_failures": 0, "dashboard": False},
            worker_dashboard_address=None,
            env=dict.fromkeys(ONE_THREAD, str(self.threads)),
            silence_logs="CRITICAL",
        )
        return self._library.Client(self._cluster)

    def _remote(self, address: str) -> Any:
        try:
            return self._library.Client(address, timeout=_CONNECT)
        except (OSError, TimeoutError, ValueError) as error:
            raise SimulationError(
                f"scheduler {address}: expected a dask scheduler that answers, found none ({error}); start one with: "
                "dask scheduler --host 127.0.0.1 --port 8786"
            ) from error

    def _admit(self) -> None:
        """Wait for a worker, then ask all of them who they are; raises `SimulationError` for what cannot be used."""
        client = self._client
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            raise SimulationError(f"{self._where()}: {_NOBODY}") from error
        try:
            told = client.run(_who, on_error="return")
            busy = client.nthreads()
        except Exception as error:  # a worker that cannot even import the package
            raise SimulationError(f"{self._where()}: {_FOREIGN_PACKAGE} ({error})") from error
        hosts: Counter[str] = Counter()
        cores: dict[str, int] = {}
        for worker, found in told.items():
            if isinstance(found, BaseException):
                raise SimulationError(f"{self._where()}: worker {worker}: {_FOREIGN_PACKAGE} ({found})")
            program, host, available = found
            if program != program_digest():
                raise SimulationError(f"{self._where()}: {_foreign(worker, program)}")
            hosts[host] += busy[worker]
            cores[host] = available
        for host, slots in hosts.items():
            if slots * self.threads > cores[host]:
                raise SimulationError(
                    f"{self._where()}: host {host} has {cores[host]} cores, its workers do {slots} pieces at once with "
                    f"{self.threads} threads each; start fewer workers there, with --nthreads 1, or ask for fewer "
                    "threads"
                )
        self.workers = sum(hosts.values())

    def _where(self) -> str:
        return f"scheduler {self.scheduler}" if self.scheduler else "executor dask"

    # ------------------------------------------------------------ waiting

    def _next(self, over: queue.SimpleQueue[Any]) -> Any:
        """The next future that is over; `SimulationError` if there is no worker, or no scheduler, for long."""
        alone_since: float | None = None
        if time.monotonic() - self._looked > _LOOK_EVERY:
            self._somebody()
        while True:
            try:
                return over.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                there = self._somebody()
            if there:
                alone_since = None
            elif alone_since is None:
                alone_since = time.monotonic()
            elif time.monotonic() - alone_since > _PATIENCE:
                raise SimulationError(f"{self._where()}: {_NOBODY}")

    def _somebody(self) -> bool:
        """Whether the scheduler answers and has a worker; counts the workers that are there now."""
        self._looked = time.monotonic()
        if self._client.status != "running":
            return False
        try:
            there = int(sum(self._client.nthreads().values()))
        except (OSError, TimeoutError):
            return False
        self.workers = there or self.workers  # who joins late gets work, too
        return there > 0

    def _done(self, future: Any, index: int) -> Done:
        try:
            result, error = pickle.loads(future.result())
        except self._library.KilledWorker as killed:
            return Done(
                index,
                None,
                WorkerLost(
                    f"piece {index}: its worker died each time ({killed}); if memory runs out, ask for fewer workers "
                    "or fewer households"
                ),
            )
        except CancelledError as gone:
            raise SimulationError(
                f"{self._where()}: the scheduler has gone or has forgotten its work; what is finished stands, start it "
                "again and go on"
            ) from gone
        if isinstance(error, _Foreign):
            raise SimulationError(f"{self._where()}: {error}")
        return Done(index, result, error)


_NOBODY: Final = (
    f"no worker for {_PATIENCE:.0f} seconds; what is finished stands; start a worker with: dask worker ADDRESS "
    "--nthreads 1, and go on"
)
_FOREIGN_PACKAGE: Final = "expected workers with the package empowersim, found one that cannot use it; install it there"


class _Foreign(Exception):  # noqa: N818  (not an error of the work)
    """A piece has come to a worker with another program."""


def _foreign(worker: str, program: str) -> str:
    return (
        f"worker {worker}: expected program {program_digest()} as here, found {program}; install the same version of "
        "empowersim there and start the worker again"
    )


def _who() -> tuple[str, str, int]:
    """Digest of the program, host and cores of a worker."""
    return program_digest(), socket.gethostname(), available_threads()


def _piece(job: bytes, index: int, batch: bytes, program: str) -> bytes:
    """Carry out a piece in a worker of the right program; what comes of it is pickled as in `execution.answer`."""
    if program_digest() != program:
        return packed((None, _Foreign(f"a worker runs program {program_digest()}, the caller {program}")))
    warm()
    return answer(job, index, batch)
