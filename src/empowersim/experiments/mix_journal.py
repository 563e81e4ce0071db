"""Journal of a search: every simulated mix is written down as it is made and never simulated again.

A text file, one JSON object a line. The first line says what the evaluations depend on; each further line is one mix on
one set of futures. A line is on the disk before the search goes on. The path of a search is a function of its numbers,
so a search that was killed walks the same path again without simulating anything twice, and ends with the same bytes.

How long a search is, and what it looks for, are no part of a journal's identity: a longer search goes on from it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import StoreError
from empowersim.results.files import LineFile
from empowersim.results.provenance import run_id

Vector = NDArray[np.float64]

FORMAT: Final = 1
"""Version of the journal's layout."""


class MixJournal:
    """The evaluations of one scenario, in memory and (with a `path`) in a file that only one process may hold.

    Raises `StoreError` if the file belongs to other inputs, is held by another process, is damaged elsewhere than in
    its last line, or cannot be written.
    """

    def __init__(self, identity: Mapping[str, Any], path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._known: dict[str, Vector] = {}
        self._file: LineFile | None = None
        if self.path is None:
            return
        try:
            self._open(self.path, dict(identity))
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of evaluations that are known."""
        return len(self._known)

    def get(self, key: str) -> Vector | None:
        """Return the figures of an evaluation, or None if it was never made."""
        return self._known.get(key)

    def add(self, found: Sequence[tuple[str, Vector]]) -> None:
        """Keep evaluations, all on the disk before this returns."""
        if self._file is not None:
            try:
                self._file.add([{"key": key, "values": _plain(values.tolist())} for key, values in found])
            except OSError as error:
                raise self._failed(error) from error
        self._known.update(found)

    def close(self) -> None:
        """Let go of the file. What was added stays."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _failed(self, error: OSError) -> StoreError:
        reason = error.strerror or error
        return StoreError(
            f"{self.path}: an evaluation could not be written: {reason}; what was written before is kept: make room, "
            "or allow writing, and run the same command again"
        )

    def _open(self, path: Path, identity: dict[str, Any]) -> None:
        plain = json.loads(json.dumps(identity, allow_nan=False))  # as it will be read back
        header = {"journal": FORMAT, "digest": run_id(plain), "inputs": plain}
        self._file = LineFile(
            path,
            header,
            frozenset({"key", "values"}),
            held=f"{path}: expected a folder that no other search writes to, found it held by another; wait for it, or "
            "name another folder",
            broken=f"{path}:{{number}}: expected a line of the journal of a search, found {{found}}; name another "
            "folder, or remove this file to start anew",
        )
        try:
            _check(path, self._file.header, header)
        except StoreError:
            self.close()
            raise
        for entry in self._file.entries:
            self._known[str(entry["key"])] = np.array(entry["values"], dtype=np.float64)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if math.isfinite(value) else None


def _check(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if found["journal"] == FORMAT and found.get("digest") == wanted["digest"]:
        return
    there, here = found["inputs"], wanted["inputs"]
    different = [key for key in here if there.get(key) != here[key]] or ["format"]
    raise StoreError(
        f"{path}:1: expected the journal of this search, found one of another (it differs in {', '.join(different)}); "
        "name another folder, or add --force (force=True) to start anew"
    )
