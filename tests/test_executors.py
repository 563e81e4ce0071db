"""Executors: one interface, the same results, and nothing lost or done twice when workers are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helpers_work
import pytest

from empowersim.errors import EmpowersimError, SimulationError
from empowersim.experiments import dask_cluster, execution, executors, processes
from empowersim.experiments.executors import KINDS, Executor, WorkerLost, WorkFailed, make_executor
from empowersim.experiments.processes import Processes

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning", "default::DeprecationWarning")
TWO = 2


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests want two workers on any machine."""
    monkeypatch.setattr(executors, "available_threads", lambda: TWO)


@pytest.fixture(scope="module", params=KINDS)
def each(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Each executor, once for the tests that harm no worker."""
    if request.param == "dask":
        pytest.importorskip("distributed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executors, "available_threads", lambda: TWO)
        made = make_executor(request.param)
    with made:
        yield made


def results(executor: Executor, work: Any, batches: Any) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for done in executor.run(work, batches):
        assert done.index not in found, "twice"
        found[done.index] = done.result if done.error is None else done.error
    return found


# --- the interface ----------------------------------------------------------------------------------------------------


def test_all_pieces_come_back_once(each: Executor) -> None:
    assert results(each, helpers_work.squared, range(40)) == {index: index * index for index in range(40)}
    assert results(each, helpers_work.squared, []) == {}


def test_results_can_be_had_in_order(each: Executor) -> None:
    assert list(each.in_order(helpers_work.late_first, range(30))) == list(range(30))


def test_batches_are_taken_as_they_are_needed(each: Executor) -> None:
    taken: list[int] = []

    def batches() -> Iterator[int]:
        for batch in range(1000):
            taken.append(batch)
            yield batch

    finished = each.run(helpers_work.slowly, batches())
    for _ in range(5):
        next(finished)
    assert len(taken) <= 5 + dask_cluster._AHEAD * TWO
    finished.close()
    assert results(each, helpers_work.squared, range(3)) == {0: 0, 1: 1, 2: 4}, "of use after a run was left"


def test_in_order_few_results_wait_for_a_late_one(each: Executor) -> None:
    taken: list[int] = []

    def batches() -> Iterator[int]:
        for batch in range(200):
            taken.append(batch)
            yield batch

    ordered = each.in_order(helpers_work.late_first, batches())
    assert next(ordered) == 0
    assert len(taken) <= execution.WAITING * TWO + 1
    assert list(ordered) == list(range(1, 200))


def test_an_error_of_a_piece_is_told_and_the_rest_goes_on(each: Executor) -> None:
    found = results(each, helpers_work.raises, range(5))
    assert [found[0], found[3], found[4]] == [0, 3, 4]
    assert type(found[1]) is ValueError
    assert str(found[1]) == "one is wrong"
    if each.kind != "serial":
        assert "helpers_work.py" in "".join(found[1].__notes__)
        assert isinstance(found[2], WorkFailed)
        assert str(found[2]) == "Odd: 1 and 2"
        assert isinstance(results(each, helpers_work.unpicklable, [1])[0], Exception)
    with pytest.raises(ValueError, match="one is wrong"):
        list(each.in_order(helpers_work.raises, range(5)))


def test_workers_are_other_processes_with_few_threads(each: Executor) -> None:
    pids = set(results(each, helpers_work.who, range(8)).values())
    if each.kind == "serial":
        assert pids == {os.getpid()}
        return
    assert os.getpid() not in pids
    assert len(pids) <= TWO
    told = results(each, helpers_work.surroundings, [0])[0]
    assert {told[name] for name in processes.ONE_THREAD} == {"1"}


# --- what is asked for ------------------------------------------------------------------------------------------------


def test_threads_times_workers_never_exceed_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "available_threads", lambda: 8)
    for workers, threads, expected in [
        (None, 1, (8, 1)),
        (None, 3, (2, 3)),
        (4, 2, (4, 2)),
        (9, 1, (8, 1)),
        (4, 4, (2, 4)),
        (2, 99, (1, 8)),
    ]:
        made = make_executor("processes", workers=workers, threads=threads)
        assert (made.workers, made.threads) == expected
        assert made.workers * made.threads <= 8
        lowered = (workers or made.workers, threads) != expected
        assert bool(made.notes) == lowered
        if lowered:
            assert "8 cores" in made.notes[0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kind": "proceses"}, "did you mean processes"),
        ({"kind": "processes", "workers": 0}, "workers: expected a whole number of 1 or more"),
        ({"kind": "processes", "threads": 0}, "threads: expected"),
        ({"kind": "serial", "workers": 3}, "executor serial has one"),
        ({"kind": "processes", "scheduler": "tcp://x:1"}, "scheduler: expected with executor dask only"),
        ({"kind": "dask", "scheduler": "tcp://x:1", "workers": 2}, "leave workers away"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        make_executor(**asked)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SimulationError, match=r"empowersim\[dist\]"):
        make_executor("dask")


# --- killed workers ---------------------------------------------------------------------------------------------------


def finished(folder: Path) -> list[int]:
    return sorted(int(path.name.split(".")[1]) for path in folder.glob("done.*"))


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_a_piece_whose_worker_is_killed_is_done_by_another(kind: str, tmp_path: Path) -> None:
    if kind == "dask":
        pytest.importorskip("distributed")
    with make_executor(kind) as executor:
        found = results(executor, helpers_work.deadly(tmp_path, n0=1, n3=2, n7=99), range(12))
    lost = found.pop(7)
    assert isinstance(lost, WorkerLost)
    assert isinstance(lost, EmpowersimError)
    assert "piece 7" in str(lost)
    assert "memory" in str(lost)
    assert found == {index: index * index for index in range(12) if index != 7}
    assert len(list(tmp_path.glob("7.*"))) == 3, "begun three times"
    if kind == "processes":
        assert finished(tmp_path) == [index for index in range(12) if index != 7], "none twice"


@pytest.mark.parametrize(("kind", "kills", "every"), [("processes", 9, 0.3), ("dask", 2, 0.7)])
def test_workers_killed_at_random_moments_lose_nothing(kind: str, kills: int, every: float) -> None:
    """Kills while workers start and while they work; the moments are those of the clock, the results may not differ.

    A piece is given up after three deaths. Two kills cannot be three deaths. Nine can, if three of them hit one piece
    of 20 ms, begun again at once, 300 ms apart: practically never.
    """
    if kind == "dask":
        pytest.importorskip("distributed")
    over = threading.Event()
    killed: list[int] = []
    with make_executor(kind) as executor:
        results(executor, helpers_work.squared, range(2))  # workers are there

        def pids() -> list[int]:
            if isinstance(executor, Processes):
                return executor.pids
            return [worker.pid for worker in executor._cluster.workers.values() if worker.pid]  # type: ignore[attr-defined]

        def kill() -> None:
            while not over.wait(every) and len(killed) < kills:
                living = pids()
                if living:
                    victim = living[len(killed) % len(living)]
                    try:
                        os.kill(victim, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                    killed.append(victim)

        killer = threading.Thread(target=kill)
        killer.start()
        found = results(executor, helpers_work.slowly, range(200))
        over.set()
        killer.join()
    assert len(killed) >= 2
    assert found == {index: index * index for index in range(200)}


def test_workers_that_cannot_start_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_serve", helpers_work.who)  # takes the pipe, says nothing and ends
    with (
        make_executor("processes", workers=1) as executor,
        pytest.raises(SimulationError, match=r"before they could begin.*__name__"),
    ):
        results(executor, helpers_work.squared, range(2))


CALLER = """
import sys, helpers_work
from empowersim.experiments.executors import make_executor

if __name__ == "__main__":
    with make_executor("processes", workers=1) as executor:
        for done in executor.run(helpers_work.slowly, range(100000)):
            print(executor.pids[0], flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_leave_with_their_parent(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "caller.py"
    script.write_text(CALLER)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    caller = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert caller.stdout is not None
    worker = int(caller.stdout.readline())
    os.kill(caller.pid, how)
    caller.communicate(timeout=60)
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{worker}/stat").exists() and " Z " in Path(f"/proc/{worker}/stat").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the worker outlives its parent")


WARMS = """
import os, sys, time
from pathlib import Path
from empowersim import _jit
from empowersim.experiments import warm

def compiles():
    with open(sys.argv[1], "a") as stream:
        stream.write("compiled\\n")
    time.sleep(float(sys.argv[2]))
    (_jit.cache_folder() / "kernel.nbc").touch()

warm._simulate_a_little = compiles
warm.warm()
"""


def warming(tmp_path: Path, seconds: float) -> subprocess.Popen[bytes]:
    """A process that needs kernels which nobody has compiled."""
    environment = {**os.environ, "EMPOWERSIM_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", WARMS, str(tmp_path / "log"), str(seconds)], env=environment)


def test_of_processes_that_start_together_one_compiles(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    for process in [warming(tmp_path, 0.4) for _ in range(3)]:
        assert process.wait(20) == 0
    assert (tmp_path / "log").read_text() == "compiled\n"


def test_who_is_killed_while_compiling_blocks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    first = warming(tmp_path, 60.0)
    while not (tmp_path / "log").exists():
        time.sleep(0.02)
    second = warming(tmp_path, 0.0)
    first.kill()
    first.wait()
    assert second.wait(20) == 0
    assert (tmp_path / "log").read_text() == "compiled\n" * 2


# --- schedulers -------------------------------------------------------------------------------------------------------


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_cluster, "_CONNECT", 1.0)
    with (
        make_executor("dask", scheduler="tcp://127.0.0.1:9") as executor,
        pytest.raises(SimulationError, match="expected a dask scheduler that answers"),
    ):
        results(executor, helpers_work.squared, range(2))


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster somebody else has started, with two workers."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
    ) as cluster:
        yield cluster


def test_workers_that_join_late_get_work_and_those_that_left_get_none(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "_LOOK_EVERY", 0.0)
    scheduler.scale(1)
    with make_executor("dask", scheduler=scheduler.scheduler_address) as executor:
        executor.workers = 7  # as if five had left since
        assert results(executor, helpers_work.squared, range(6)) == {index: index * index for index in range(6)}
        assert executor.workers <= 2


def test_a_running_scheduler_is_used_and_left_as_it_is(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with make_executor("dask", scheduler=scheduler.scheduler_address) as executor:
        assert results(executor, helpers_work.squared, range(20)) == {index: index * index for index in range(20)}
        assert executor.workers == 2
    with make_executor("dask", scheduler=scheduler.scheduler_address) as executor:
        assert list(executor.in_order(helpers_work.squared, range(20))) == [index * index for index in range(20)]
        assert executor.address == scheduler.scheduler_address
    assert len(scheduler.workers) == 2

    # workers of another program are refused, at the start and later
    monkeypatch.setattr(dask_cluster, "program_digest", lambda: "0123456789abcdef")
    with (
        make_executor("dask", scheduler=scheduler.scheduler_address) as executor,
        pytest.raises(SimulationError, match="expected program 0123456789abcdef as here, found"),
    ):
        results(executor, helpers_work.squared, range(2))
    monkeypatch.setattr(Executor, "_admit", None, raising=False)
    monkeypatch.setattr(dask_cluster.Dask, "_admit", lambda self: setattr(self, "workers", 2))
    with (
        make_executor("dask", scheduler=scheduler.scheduler_address) as executor,
        pytest.raises(SimulationError, match="the caller 0123456789abcdef"),
    ):
        results(executor, helpers_work.squared, range(2))
    monkeypatch.undo()

    # more threads than the machine of the workers has
    with make_executor("dask", scheduler=scheduler.scheduler_address) as executor:
        executor.threads = 4096
        with pytest.raises(SimulationError, match="start fewer workers there"):
            results(executor, helpers_work.squared, range(2))
