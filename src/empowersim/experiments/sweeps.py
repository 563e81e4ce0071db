"""Run a sweep in a folder: hand out what is left, keep what comes back, write the tables of what is whole.

Everything finished is on the disk before its worker's next batch is looked at. `sweep_state` begins and expands.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from empowersim.errors import StoreError
from empowersim.experiments.executors import Executor, WorkerLost
from empowersim.experiments.sweep_points import Batch, Task
from empowersim.experiments.sweep_state import Chunk, Sweep, begin, expand
from empowersim.results.provenance import program_digest, run_id
from empowersim.results.sweep_journal import FailedRun, MadeRun
from empowersim.results.sweep_read import failures_table, runs_of, runs_table
from empowersim.results.sweep_store import (
    FAILURES,
    MANIFEST,
    RUNS,
    Damage,
    damage_of,
    journalled,
    read_manifest,
    read_parts,
    unlisted,
)

__all__ = ["Sweep", "SweepReport", "Told", "begin", "expand", "run", "status"]

Told = Callable[[int, int, int], None]
"""Called with runs made now, runs there already, and runs in all."""

BATCH_SECONDS: Final = 0.5
"""Seconds that a batch should take: long against its way to a worker, short against what a kill may cost."""

MOST_IN_BATCH: Final = 200


@dataclass(frozen=True)
class SweepReport:
    """What running a sweep came to."""

    folder: str
    key: str
    """Digest of what all runs depend on."""
    points: int
    draws: int
    replicates: int
    runs: int
    """Runs asked for in all."""
    made: int
    """Runs made this time."""
    kept: int
    """Runs that were there already."""
    failed: int
    """Runs without outcomes."""
    damage: tuple[Damage, ...] = ()
    """Files that were not what was written; their runs were made again."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain = {name: value for name, value in vars(self).items() if name not in {"damage", "notes"}}
        return {**plain, "damage": [str(one) for one in self.damage], "notes": list(self.notes)}


def run(sweep: Sweep, executor: Executor, *, retry_failed: bool = False, told: Told | None = None) -> SweepReport:
    """Make all runs that are not made yet; what the executor is changes nothing but the time it takes.

    `retry_failed` makes failed runs again. Raises `StoreError` if the folder cannot be written (disk full): what was
    made is safe. Ctrl-C and kills lose only the runs under way.
    """
    damage = tuple(sweep.folder.damaged())
    runner = _Runner(sweep, executor, retry_failed, told)
    runner.go()
    points, draws, replicates = sweep.counts()
    return SweepReport(
        folder=os.fspath(sweep.folder.path),
        key=sweep.key,
        points=points,
        draws=draws,
        replicates=replicates,
        runs=sweep.runs,
        made=runner.made,
        kept=runner.kept,
        failed=runner.failed,
        damage=(*damage, *runner.torn),
        notes=executor.notes,
    )


class _Runner:
    """One go at a sweep: hands out batches, keeps what comes back, finishes chunks."""

    def __init__(self, sweep: Sweep, executor: Executor, retry_failed: bool, told: Told | None) -> None:
        self.sweep, self.executor, self.retry_failed, self.told = sweep, executor, retry_failed, told
        self.made = self.kept = self.failed = 0
        self.torn: list[Damage] = []
        self._open: dict[int, Chunk] = {}
        self._out: dict[int, tuple[int, list[tuple[int, int, int]]]] = {}
        """Batch -> its chunk and runs, while a worker has it."""
        self._again: deque[tuple[int, list[tuple[int, int, int]]]] = deque()
        """Runs of batches whose worker was lost, one by one: only the run that kills workers is given up."""
        self._began = 0.0
        self._timed = 0

    def go(self) -> None:
        """Run until nothing is left."""
        work = self.sweep.work(self.executor.threads)
        fresh = self._fresh()
        while True:
            self._out.clear()
            with closing(self.executor.run(work, self._batches(fresh))) as finished:
                for done in finished:
                    self._take(done)
            if not self._again:
                break
        assert not self._open, "a chunk was left unfinished"

    def _batches(self, fresh: Iterator[tuple[int, list[tuple[int, int, int]]]]) -> Iterator[Batch]:
        index = 0
        while True:
            piece = self._again.popleft() if self._again else next(fresh, None)
            if piece is None:
                return
            self._out[index] = piece
            index += 1
            yield self._batch(piece[1])

    def _batch(self, keys: Sequence[tuple[int, int, int]]) -> Batch:
        return Batch(
            tasks=tuple(Task(*key) for key in keys),
            changes={key[0]: self.sweep.changes[key[0]] for key in keys},
            draws={key[1]: self.sweep.draws[key[1]] for key in keys},
        )

    def _fresh(self) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
        """The runs that are left, cut into batches that do not cross chunks."""
        finished = self.sweep.folder.parts()
        self._tell()
        for chunk in self.sweep.chunks():
            entry = finished.get(chunk.number)
            if entry is not None and not (self.retry_failed and entry["failed"]):
                self.kept += len(chunk.keys)
                self.failed += entry["failed"]
                self._tell()
                continue
            if entry is not None:
                self._reopen(chunk.number, entry)
            journal = self.sweep.folder.journal(chunk.number, self.sweep.key)
            if journal.dropped:
                self.torn.append(
                    Damage(
                        str(Path("journal") / journal.path.name), f"{journal.dropped} bytes at its end were torn", -1
                    )
                )
            wanted = set(chunk.keys)
            chunk.made = {one.key: one for one in journal.runs if one.key in wanted}
            journal.runs = []
            if self.retry_failed:
                chunk.made = {key: one for key, one in chunk.made.items() if one.failed is None}
            self.kept += len(chunk.made)
            self._open[chunk.number] = chunk
            self._tell()
            left = [key for key in chunk.keys if key not in chunk.made]
            self._finish_if_whole(chunk)
            at = 0
            while at < len(left):
                size = self._size()
                yield chunk.number, left[at : at + size]
                at += size

    def _size(self) -> int:
        """Runs of the next batch, from the pace so far; it changes no result."""
        if self._timed == 0:
            return 1
        pace = self._timed / max(time.monotonic() - self._began, 1e-9) / max(self.executor.workers, 1)
        return max(1, min(MOST_IN_BATCH, int(pace * BATCH_SECONDS)))

    def _take(self, done: Any) -> None:
        """Keep what came of a batch."""
        number, keys = self._out.pop(done.index)
        if isinstance(done.error, WorkerLost):
            if len(keys) > 1:
                self._again.extend((number, [key]) for key in keys)
                return
            lost = FailedRun("worker", type(done.error).__name__, str(done.error), "")
            identity = run_id({"sweep": self.sweep.key, "lost": list(keys[0])})
            result = [MadeRun(identity, *keys[0], None, lost)]
        elif done.error is not None:
            raise done.error
        else:
            result = done.result
        if self._began:
            self._timed += len(result)
        else:
            self._began = time.monotonic()
        self.sweep.folder.journal(number, self.sweep.key).add(result)
        chunk = self._open[number]
        chunk.made |= {one.key: one for one in result}
        self.made += len(result)
        self._finish_if_whole(chunk)
        self._tell()

    def _finish_if_whole(self, chunk: Chunk) -> None:
        if len(chunk.made) < len(chunk.keys):
            return
        settings, key = self.sweep.settings, self.sweep.key
        runs = runs_table(chunk.made.values(), settings.policies, settings.outcomes, key)
        failed = sum(one.failed is not None for one in chunk.made.values())
        failures = failures_table(chunk.made.values(), key) if failed else None
        self.sweep.folder.finish(chunk.number, runs, failures, failed)
        self.failed += failed
        del self._open[chunk.number]

    def _reopen(self, number: int, entry: Mapping[str, Any]) -> None:
        """Take the failed runs out of a finished chunk."""
        import pyarrow.parquet as pq

        kept: list[MadeRun] = []
        if entry[RUNS] is not None:
            table = pq.read_table(self.sweep.folder.path / entry[RUNS]["file"])
            kept = runs_of(table, self.sweep.settings.policies, self.sweep.settings.outcomes)
        self.sweep.folder.reopen(number, kept, self.sweep.key)
        self.sweep.folder.journal(number, self.sweep.key).runs = kept

    def _tell(self) -> None:
        if self.told is not None:
            self.told(self.made, self.kept, self.sweep.runs)


# ---------------------------------------------------------------- status


def status(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """How far a sweep is, without touching it: counts, finished tables, and what is damaged.

    Raises `StoreError` where there is no sweep.
    """
    path = Path(folder)
    manifest = read_manifest(path)
    if manifest is None:
        raise StoreError(f"{path}: expected a sweep with a {MANIFEST}, found none")
    parts = read_parts(path)
    bad = unlisted(path) + damage_of(path, parts)
    good = {chunk: entry for chunk, entry in parts.items() if chunk not in {one.chunk for one in bad}}
    policies = max(len(manifest["settings"]["policies"]), 1)
    open_runs = {one.key: one for one in journalled(path, manifest["key"], good)}
    tables = sum(entry[RUNS]["rows"] // policies for entry in good.values() if entry[RUNS])
    failed = sum(entry["failed"] for entry in good.values()) + sum(one.failed is not None for one in open_runs.values())
    made = tables + sum(one.failed is None for one in open_runs.values())
    runs = sum(stage["runs"] for stage in manifest["stages"])
    last = manifest["stages"][-1]
    return {
        "folder": os.fspath(path),
        "name": manifest["name"],
        "key": manifest["key"],
        "points": last["points_in_all"],
        "draws": last["draws_in_all"],
        "replicates": last["replicates"],
        "policies": manifest["settings"]["policies"],
        "runs": runs,
        "made": made,
        "failed": failed,
        "left": runs - made - failed,
        "tables": [entry[kind]["file"] for entry in good.values() for kind in (RUNS, FAILURES) if entry[kind]],
        "damage": [str(one) for one in bad],
        "same_program": manifest["identity"]["program"] == program_digest(),
    }
