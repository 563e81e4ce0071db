"""A sweep on disk: a folder that survives anything that stops a run, and that any reader of Parquet can query.

::

    sweep.json           what was asked: scenario, policies, axes, digests, stages (a stage more for each expansion)
    inputs/              design.yaml as it was given (design-1.yaml and so on for expansions); scenario.yaml, the
                         scenario as it was read, with what it extends and only the policies of the sweep
    points/              one table a stage: what each point is
    draws/               one table a stage: what each draw of the parameters is
    runs/                few large tables: one row a run and policy, one column an outcome
    failures/            one row a failed run: stage, message, traceback
    parts.json           the finished tables of runs and failures with their checksums
    journal/             finished runs of chunks that are not finished; empty at the end

Runs are cut into chunks of fixed membership. When all runs of a chunk are made, its table is written in a fixed order,
so the bytes of the tables do not depend on who made the runs, in which order, or what was interrupted.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from empowersim.errors import StoreError
from empowersim.results.files import locked, sync_folder
from empowersim.results.store import _reason
from empowersim.results.sweep_journal import ChunkJournal, MadeRun, read_journal

FORMAT: Final = 1
"""Version of the folder's layout."""

MANIFEST: Final = "sweep.json"
PARTS: Final = "parts.json"
INPUTS: Final = "inputs"
SCENARIO: Final = "inputs/scenario.yaml"
RUNS: Final = "runs"
FAILURES: Final = "failures"
POINTS: Final = "points"
DRAWS: Final = "draws"
JOURNAL: Final = "journal"
TABLES: Final = (POINTS, DRAWS, RUNS, FAILURES)
_LOCK: Final = ".lock"
_WRITING: Final = ".writing-"
_DIGEST: Final = 16
_OURS: Final = re.compile(r"\d{5}\.(parquet|log)|design(-\d+)?\.yaml|scenario\.yaml|\.writing-.*")
"""Names of the files that a sweep writes into the folders below; others are left alone."""


@dataclass(frozen=True)
class Damage:
    """A file of a sweep that is not what was written."""

    file: str
    """Below the folder."""
    found: str
    chunk: int
    """Chunk whose runs are to be made again; -1 where none is."""

    def __str__(self) -> str:
        return f"{self.file}: {self.found}"


class SweepFolder:
    """A folder of a sweep, held by this process alone for as long as it is open. A context manager."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Make the folder if need be and lock it. Raises `StoreError` if it cannot be written or is held already."""
        self.path = Path(folder)
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: expected a folder for the sweep, found a file; name another folder")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = locked(self.path / _LOCK, _busy(self.path))
            for name in (*TABLES, JOURNAL, INPUTS):
                (self.path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(_reason(error, self.path)) from error
        self._journals: dict[int, ChunkJournal] = {}

    def __enter__(self) -> SweepFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        for journal in self._journals.values():
            journal.close()
        self._journals.clear()
        self._lock.close()

    # ------------------------------------------------------------ what was asked

    def manifest(self) -> dict[str, Any] | None:
        """What stands in `sweep.json`, or None in a new folder. Raises `StoreError` if it cannot be read."""
        return read_manifest(self.path)

    def clear(self) -> None:
        """Remove all that a sweep wrote here; other files stay."""
        try:
            (self.path / MANIFEST).unlink(missing_ok=True)  # first: a folder without it is new
            for name in (*TABLES, JOURNAL, INPUTS):
                for file in (self.path / name).iterdir():
                    if _OURS.fullmatch(file.name):
                        file.unlink()
            (self.path / PARTS).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(_reason(error, self.path)) from error

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write `sweep.json`, whole or not at all."""
        self.write(MANIFEST, json.dumps({"format": FORMAT, **manifest}, indent=1, ensure_ascii=False).encode() + b"\n")

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the folder, whole or not at all, and on the disk when this returns."""
        target = self.path / name
        partial: str | None = None
        try:
            handle, partial = tempfile.mkstemp(prefix=_WRITING, dir=target.parent)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(partial).chmod(0o644)
            os.replace(partial, target)
            sync_folder(target.parent)
        except OSError as error:
            if partial is not None:
                Path(partial).unlink(missing_ok=True)
            raise StoreError(_reason(error, target)) from error

    def write_table(self, name: str, table: Any) -> dict[str, Any]:
        """Write an Arrow table; return what `parts.json` says of it."""
        content = parquet(table)
        self.write(name, content)
        return {"file": name, "rows": table.num_rows, "bytes": len(content), "digest": _sum(content)}

    # ------------------------------------------------------------ finished parts

    def parts(self) -> dict[int, dict[str, Any]]:
        """Chunk -> its entry in `parts.json`."""
        return read_parts(self.path)

    def finish(self, chunk: int, runs: Any, failures: Any, failed: int) -> None:
        """Write the tables of a chunk (Arrow; None where there is no row), list them, and let go of its journal."""
        entry: dict[str, Any] = {"chunk": chunk, "failed": failed, RUNS: None, FAILURES: None}
        for kind, table in ((FAILURES, failures), (RUNS, runs)):
            if table is not None and table.num_rows:
                entry[kind] = self.write_table(part_file(kind, chunk), table)
        self._list({**self.parts(), chunk: entry})
        self.drop_journal(chunk)

    def reopen(self, chunk: int, kept: Iterable[MadeRun], sweep: str) -> None:
        """Turn a finished chunk into an unfinished one with these runs, in an order in which nothing can be lost."""
        self.drop_journal(chunk)
        journal = self.journal(chunk, sweep)
        journal.add(list(kept))
        self._list({number: entry for number, entry in self.parts().items() if number != chunk})
        self._remove_files(chunk)

    def damaged(self) -> list[Damage]:
        """Check the finished parts against their checksums; what is damaged, or not listed, is let go and named."""
        found: list[Damage] = []
        try:
            parts = self.parts()
        except StoreError as error:
            found.append(Damage(PARTS, f"cannot be read ({error}); the tables are written again", -1))
            parts = {}
        found += unlisted(self.path)
        bad = damage_of(self.path, parts)
        found += bad
        for one in bad:
            parts.pop(one.chunk, None)
        if found:
            self._list(parts)
        for chunk in {one.chunk for one in bad}:
            self._remove_files(chunk)
        self._sweep_up(parts)
        return found

    def _list(self, parts: Mapping[int, Mapping[str, Any]]) -> None:
        listed = {"format": FORMAT, "parts": [parts[chunk] for chunk in sorted(parts)]}
        self.write(PARTS, json.dumps(listed, indent=1).encode() + b"\n")

    def _remove_files(self, chunk: int) -> None:
        for kind in (RUNS, FAILURES):
            (self.path / part_file(kind, chunk)).unlink(missing_ok=True)

    def _sweep_up(self, parts: Mapping[int, Mapping[str, Any]]) -> None:
        """Remove what was being written when something stopped it, and journals of chunks that are finished."""
        known = {entry[kind]["file"] for entry in parts.values() for kind in (RUNS, FAILURES) if entry[kind]}
        for kind in (RUNS, FAILURES):
            for file in (self.path / kind).iterdir():
                if _OURS.fullmatch(file.name) and file.relative_to(self.path).as_posix() not in known:
                    file.unlink()
        for folder in (self.path, *(self.path / name for name in (POINTS, DRAWS, JOURNAL, INPUTS))):
            for file in folder.glob(f"{_WRITING}*"):
                file.unlink()
        for chunk in parts:
            (self.path / journal_file(chunk)).unlink(missing_ok=True)

    # ------------------------------------------------------------ journals

    def journal(self, chunk: int, sweep: str) -> ChunkJournal:
        """The journal of a chunk of the sweep with this digest, open for appending."""
        if chunk not in self._journals:
            self._journals[chunk] = ChunkJournal(self.path / journal_file(chunk), sweep, chunk)
        return self._journals[chunk]

    def drop_journal(self, chunk: int) -> None:
        """Let go of a journal and remove its file."""
        journal = self._journals.pop(chunk, None)
        if journal is not None:
            journal.close()
        (self.path / journal_file(chunk)).unlink(missing_ok=True)


def part_file(kind: str, number: int) -> str:
    """Name of a table below the folder, as ``runs/00003.parquet``."""
    return f"{kind}/{number:05d}.parquet"


def journal_file(chunk: int) -> str:
    """Name of the journal of a chunk below the folder."""
    return f"{JOURNAL}/{chunk:05d}.log"


def parquet(table: Any) -> bytes:
    """An Arrow table as the bytes of a Parquet file: the same table gives the same bytes."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What stands in `sweep.json` of a folder, None without one. Raises `StoreError` if it is of another format."""
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: expected JSON, found {error}; restore it, or begin anew with --force") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        said = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise StoreError(f"{path}: expected a sweep of format {FORMAT}, found {said}; name another folder")
    return found


def read_parts(folder: Path) -> dict[int, dict[str, Any]]:
    """Chunk -> its entry in `parts.json`; empty without one. Raises `StoreError` if it cannot be read."""
    path = folder / PARTS
    try:
        found = json.loads(path.read_bytes())
        for entry in found["parts"]:
            missing = [key for key in ("chunk", "failed", RUNS, FAILURES) if key not in entry]
            for kind in (RUNS, FAILURES):
                missing += [
                    key for key in ("file", "rows", "bytes", "digest") if entry.get(kind) and key not in entry[kind]
                ]
            if missing:
                raise ValueError(f"an entry without {', '.join(missing)}")
        return {int(entry["chunk"]): entry for entry in found["parts"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: expected the list of finished tables, found {error}") from error


def unlisted(folder: Path) -> list[Damage]:
    """Says so where tables are there but no list of them; a first table that was just being written has its journal."""
    if (folder / PARTS).exists():
        return []
    tables = [
        path for path in (folder / RUNS).glob("*.parquet") if not (folder / JOURNAL / f"{path.stem}.log").exists()
    ]
    return [Damage(PARTS, f"is not there; {len(tables)} tables are written again", -1)] if tables else []


def damage_of(folder: Path, parts: Mapping[int, Mapping[str, Any]]) -> list[Damage]:
    """The listed tables that are not there, or whose bytes are not those that were written."""
    found = []
    for chunk, entry in parts.items():
        for kind in (RUNS, FAILURES):
            if entry[kind] is None:
                continue
            name = entry[kind]["file"]
            try:
                content = (folder / name).read_bytes()
            except FileNotFoundError:
                found.append(Damage(name, "is not there", chunk))
                continue
            except OSError as error:
                raise StoreError(_reason(error, folder / name)) from error
            if len(content) != entry[kind]["bytes"]:
                found.append(Damage(name, f"has {len(content)} bytes of {entry[kind]['bytes']}", chunk))
            elif _sum(content) != entry[kind]["digest"]:
                found.append(Damage(name, "has not the content that was written (checksum)", chunk))
    return found


def journalled(folder: Path, sweep: str, finished: Iterable[int]) -> list[MadeRun]:
    """Finished runs of chunks that are not `finished`, of a sweep that may be going on.

    A chunk is listed before its journal goes, so a stop between the two leaves both.
    """
    known = set(finished)
    return [
        run
        for path in sorted((folder / JOURNAL).glob("*.log"))
        if int(path.stem) not in known
        for run in read_journal(path, sweep, int(path.stem))
    ]  # fmt: skip


def _sum(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_DIGEST).hexdigest()


def _busy(folder: Path) -> str:
    return (
        f"{folder}: expected a folder that no other sweep is writing to, found one that does; wait for it, stop it, or "
        "name another folder"
    )
