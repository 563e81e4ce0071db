"""Journal of a chunk of a sweep: finished runs, on the disk before they count as made.

A binary file that is only appended to. Its first line names the sweep and the chunk; each record is its length, its
digest and its bytes. A record that was being written when something stopped it is noticed by its digest and dropped
with all that follows; its runs are made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import StoreError
from empowersim.results.files import sync_folder
from empowersim.results.store import _reason

FORMAT: Final = 1
_HEAD: Final = struct.Struct("<4sQ16s")
_MARK: Final = b"runs"
_DIGEST: Final = 16


@dataclass(frozen=True)
class FailedRun:
    """A run without outcomes."""

    stage: str
    error: str
    message: str
    traceback: str


@dataclass(frozen=True, eq=False)
class MadeRun:
    """A finished run: which it is, and its outcomes or why it has none."""

    run_id: str
    point: int
    draw: int
    replicate: int
    values: NDArray[np.float64] | None
    """Shape (policies, outcomes)."""
    failed: FailedRun | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        """Point, draw and replicate: no two runs of a sweep share them."""
        return self.point, self.draw, self.replicate


def packed(runs: Sequence[MadeRun]) -> bytes:
    """Runs as the bytes of one record: a line of JSON, then the outcomes as little-endian float64."""
    good = [run for run in runs if run.values is not None]
    values = np.stack([run.values for run in good if run.values is not None]) if good else np.zeros((0, 0, 0))
    head = {
        "keys": [run.key for run in good],
        "ids": [run.run_id for run in good],
        "shape": list(values.shape),
        "failed": [{"key": run.key, "id": run.run_id, **asdict(run.failed)} for run in runs if run.failed is not None],
    }
    return json.dumps(head).encode() + b"\n" + values.astype("<f8").tobytes()


def unpacked(payload: bytes) -> list[MadeRun]:
    """The runs of a record."""
    line, _, raw = payload.partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    values = np.frombuffer(raw, dtype="<f8").reshape(head["shape"]).astype(np.float64)
    found = [
        MadeRun(run, key[0], key[1], key[2], values[at])
        for at, (key, run) in enumerate(zip(head["keys"], head["ids"], strict=True))
    ]
    for one in head["failed"]:
        key, identity = one.pop("key"), one.pop("id")
        found.append(MadeRun(identity, key[0], key[1], key[2], None, FailedRun(**one)))
    return found


class ChunkJournal:
    """The journal of one chunk, open for appending. Only the holder of the sweep's lock may open it."""

    def __init__(self, path: Path, sweep: str, chunk: int) -> None:
        """Open or begin the journal at `path`. `runs` are those found in it, `dropped` bytes were torn or damaged."""
        self.path = path
        self._opening = opening(sweep, chunk)
        self.runs: list[MadeRun] = []
        self.dropped = 0
        try:
            raw = path.read_bytes() if path.exists() else b""
            self.runs, self._good = _read(raw, self._opening)
            self.dropped = len(raw) - self._good
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise StoreError(_safe(error, path)) from error
        try:
            os.ftruncate(self._file, self._good)
            os.lseek(self._file, 0, os.SEEK_END)
            if self._good == 0:
                self._append(self._opening)
                sync_folder(path.parent)
        except OSError as error:
            os.close(self._file)
            raise StoreError(_safe(error, path)) from error

    def add(self, runs: Sequence[MadeRun]) -> None:
        """Keep finished runs; they are on the disk when this returns. `StoreError` if they cannot be, none is lost."""
        payload = packed(runs)
        record = _HEAD.pack(_MARK, len(payload), _sum(payload)) + payload
        try:
            self._append(record)
        except OSError as error:
            raise StoreError(_safe(error, self.path)) from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, record: bytes) -> None:
        """Write all of a record or, if the system refuses, nothing of it."""
        rest = memoryview(record)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._good)
            os.lseek(self._file, 0, os.SEEK_END)
            raise
        self._good += len(record)


def _safe(error: OSError, path: Path) -> str:
    return f"{_reason(error, path)}; the runs kept so far are safe, and the sweep goes on from them"


def opening(sweep: str, chunk: int) -> bytes:
    """First line of the journal of a chunk."""
    return f"empowersim sweep journal {FORMAT} {sweep} {chunk}\n".encode()


def read_journal(path: Path, sweep: str, chunk: int) -> list[MadeRun]:
    """The whole runs of a journal that another process may be writing to; empty if there is none."""
    try:
        return _read(path.read_bytes(), opening(sweep, chunk))[0]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(_reason(error, path)) from error


def _read(raw: bytes, first: bytes) -> tuple[list[MadeRun], int]:
    """Runs of all whole records, and where the whole part ends; nothing of the journal of another sweep."""
    if not raw.startswith(first):
        return [], 0
    found: list[MadeRun] = []
    end = len(first)
    for payload in _payloads(raw, end):
        found += unpacked(payload)
        end += _HEAD.size + len(payload)
    return found, end


def _payloads(raw: bytes, at: int) -> Iterator[bytes]:
    """The payloads from `at` on, up to the first that is not whole."""
    while at + _HEAD.size <= len(raw):
        mark, size, digest = _HEAD.unpack_from(raw, at)
        payload = raw[at + _HEAD.size : at + _HEAD.size + size]
        if mark != _MARK or len(payload) != size or _sum(payload) != digest:
            return
        yield payload
        at += _HEAD.size + size


def _sum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest()
