"""Files that only one process writes, and lines that outlive a kill: what journals and stores have in common."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from empowersim.errors import StoreError

_LOCKED_BYTE: Final = 1


def locked(path: Path, refused: str) -> BinaryIO:
    """Hold the lock file at `path` for as long as the returned file is open; the system lets go when we die.

    Raises `StoreError` with the words `refused` where another process holds it.
    """
    stream = path.open("a+b")
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
        raise StoreError(refused) from error
    return stream


def sync_folder(folder: Path) -> None:
    """Make a new file's name survive a loss of power, where the system can do that."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LineFile:
    """A text file of JSON objects, one a line, of which a kill can only tear the last; one process may hold it.

    A torn last line is dropped when the file is opened; any other line that cannot be read is refused. `OSError` comes
    as it is: who writes the file says what it means.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], keys: frozenset[str], *, held: str, broken: str) -> None:
        """Open or make a file that begins with `header`.

        `keys` are those of every further line. `held` is said where another process has the file, `broken` of a line
        that is none ("{number}" and "{found}" in it are filled in). The lines there are `header` and `entries` then.
        """
        self.header: dict[str, Any] = {}
        self.entries: list[dict[str, Any]] = []
        self._stream: BinaryIO | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock: BinaryIO | None = locked(path.with_name(path.name + ".lock"), held)
        try:
            whole = self._read(path, header, keys, broken) if path.exists() else 0
            self._stream = path.open("ab")
            if self._stream.seek(0, os.SEEK_END) > whole:
                self._stream.truncate(whole)  # a line that was being written when something stopped it
            if whole == 0:
                self.header = dict(header)
                self.add([header])
                sync_folder(path.parent)
        except BaseException:
            self.close()
            raise

    def add(self, entries: list[Mapping[str, Any]]) -> None:
        """Write lines, all on the disk before this returns."""
        assert self._stream is not None
        for entry in entries:
            self._stream.write(json.dumps(entry, allow_nan=False).encode() + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Let go of the file. What was added stays."""
        for stream in (self._stream, self._lock):
            if stream is not None:
                stream.close()
        self._stream = self._lock = None

    def _read(self, path: Path, header: Mapping[str, Any], keys: frozenset[str], broken: str) -> int:
        """Read the file; return the number of its bytes that are whole lines."""
        whole = 0
        opening = json.dumps(header).encode().partition(b": ")[0]
        lines = [line for line in re.split(rb"(?<=\n)", path.read_bytes()) if line]
        for number, line in enumerate(lines, start=1):
            entry = _parsed(line, frozenset(header) if number == 1 else keys)
            if entry is None:
                # a file that is no journal at all has a first line that does not begin as one
                if number == len(lines) and (number > 1 or line[: len(opening)] == opening[: len(line)]):
                    return whole
                raise StoreError(broken.format(number=number, found=repr(line[:40])))
            if number == 1:
                self.header = entry
            else:
                self.entries.append(entry)
            whole += len(line)
        return whole


def _parsed(line: bytes, keys: frozenset[str]) -> dict[str, Any] | None:
    """Return a whole line as an object that has `keys`; None for anything else."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and keys <= set(entry) else None
