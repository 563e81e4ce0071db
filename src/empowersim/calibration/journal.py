"""Journal of a calibration: every evaluation is written down as it is made and never made again.

A text file, one JSON object a line. The first line names the problem; each further line is one evaluation: the
parameter values as exact hexadecimal floats, and the rows. A line is on the disk before the next step of the
calibration. So a calibration that was killed walks the same path again without simulating anything twice, and goes on
from where it was.

Priors, start and studies are no part of the identity of a journal: they do not change what a simulation gives.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

from empowersim.calibration.problem import Problem, Simulated, Vector
from empowersim.errors import StoreError
from empowersim.results.provenance import run_id

FORMAT: Final = 1
"""Version of the journal's layout."""

_LOCKED_BYTE: Final = 1
_OPENING: Final = b'{"journal": '

Rows = dict[str, Simulated]


def key_of(point: Vector) -> str:
    """Return the key of a parameter vector: its numbers as exact hexadecimal floats."""
    return " ".join(float(value).hex() for value in point)


def clean(rows: Mapping[str, Any]) -> Rows:
    """Return rows as plain float64 pairs, everything that is not finite as NaN: what a journal can give back."""

    def finite(value: Any) -> float:
        number = math.nan if value is None else float(value)
        return number if math.isfinite(number) else math.nan

    made = {}
    for row, pair in rows.items():
        value, se = pair
        made[str(row)] = Simulated(finite(value), finite(se))
    return made


def identity(problem: Problem) -> dict[str, Any]:
    """Return what the evaluations of a problem depend on, as plain values."""
    return {
        "names": list(problem.names),
        "lower": [float(value) for value in problem.lower],
        "upper": [float(value) for value in problem.upper],
        "rows": list(problem.rows),
        "seed": int(problem.seed),
        "version": problem.version,
    }


class Journal:
    """The evaluations of one problem, in memory and (with a `path`) in a file that only one process may hold.

    Raises `StoreError` if the file belongs to another problem, is held by another process, is damaged elsewhere than
    in its last line, or cannot be written.
    """

    def __init__(self, problem: Problem, path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._known: dict[str, Rows] = {}
        self._stream: BinaryIO | None = None
        self._lock: BinaryIO | None = None
        if self.path is None:
            return
        try:
            self._open(self.path, problem)
        except OSError as error:
            self.close()
            reason = error.strerror or error
            raise StoreError(f"{self.path}: expected a file that can be written, found: {reason}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of evaluations that are known."""
        return len(self._known)

    def get(self, key: str) -> Rows | None:
        """Return the rows of an evaluation, or None if it was never made."""
        return self._known.get(key)

    def add(self, key: str, rows: Mapping[str, Any]) -> Rows:
        """Keep an evaluation, on the disk before this returns; return its rows as they will be read again."""
        kept = clean(rows)
        if self._stream is not None:
            plain = {row: [_plain(one.value), _plain(one.se)] for row, one in kept.items()}
            self._write({"key": key, "rows": plain})
        self._known[key] = kept
        return kept

    def close(self) -> None:
        """Let go of the file. What was added stays."""
        for stream in (self._stream, self._lock):
            if stream is not None:
                stream.close()
        self._stream = self._lock = None

    def _open(self, path: Path, problem: Problem) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path)
        wanted = identity(problem)
        header = {"journal": FORMAT, "digest": run_id(wanted), "problem": wanted}
        whole = self._read(path, header) if path.exists() else 0
        self._stream = path.open("ab")
        if self._stream.seek(0, os.SEEK_END) > whole:
            self._stream.truncate(whole)  # a line that was being written when something stopped it
        if whole == 0:
            self._write(header)
            _sync_folder(path.parent)

    def _write(self, entry: Mapping[str, Any]) -> None:
        assert self._stream is not None
        try:
            self._stream.write(json.dumps(entry, allow_nan=False).encode() + b"\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"{self.path}: expected room to write an evaluation, found: {reason}") from error

    def _read(self, path: Path, header: Mapping[str, Any]) -> int:
        """Read the file; return the number of its bytes that are whole lines."""
        whole = 0
        lines = [line for line in re.split(rb"(?<=\n)", path.read_bytes()) if line]
        for number, line in enumerate(lines, start=1):
            entry = _parsed(line, {"journal", "problem"} if number == 1 else {"key", "rows"})
            if entry is None:
                if number == len(lines) and (number > 1 or line.startswith(_OPENING) or _OPENING.startswith(line)):
                    return whole
                raise StoreError(
                    f"{path}:{number}: expected a line of a calibration journal, found {line[:40]!r}; "
                    "name another file, or remove this one to start anew"
                )
            if number == 1:
                _check_header(path, entry, header)
            else:
                self._known[entry["key"]] = clean(entry["rows"])
            whole += len(line)
        return whole


def _parsed(line: bytes, keys: set[str]) -> dict[str, Any] | None:
    """Return a whole line as an object that has `keys`; None for anything else."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and keys <= set(entry) else None


def _check_header(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if found["journal"] != FORMAT:
        raise StoreError(
            f"{path}:1: expected a journal of format {FORMAT}, found format {found['journal']}; name another file"
        )
    if found.get("digest") == wanted["digest"]:
        return
    there, here = found["problem"], wanted["problem"]
    differences = [_difference(key, there.get(key), here[key]) for key in here if there.get(key) != here[key]]
    raise StoreError(
        f"{path}:1: expected the journal of this calibration, found one of another: {'; '.join(differences)}; "
        "name another file, or remove this one to start anew"
    )


def _difference(key: str, there: Any, here: Any) -> str:
    if isinstance(there, list) and isinstance(here, list) and key in {"names", "rows"}:
        parts = [f"{key} only in the file: {_few(there, here)}"] if set(there) - set(here) else []
        parts += [f"{key} not in the file: {_few(here, there)}"] if set(here) - set(there) else []
        return "; ".join(parts) or f"{key} in another order"
    return f"{key} {there} in the file, {here} asked"


def _few(items: Iterable[str], without: Iterable[str]) -> str:
    left = sorted(set(items) - set(without))
    shown = 5
    return ", ".join(left[:shown]) + (f" and {len(left) - shown} more" if len(left) > shown else "")


def _plain(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _locked(path: Path) -> BinaryIO:
    """Hold the lock beside a journal for as long as the returned file is open; the system lets go when we die."""
    beside = path.with_name(path.name + ".lock")
    stream = beside.open("a+b")
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, _LOCKED_BYTE)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise StoreError(
            f"{path}: expected a journal that nobody else writes, found it held by another calibration; "
            "wait for it, or name another file"
        ) from error
    return stream


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a loss of power, where the system can do that."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
