"""Journal of a calibration: every evaluation is written down as it is made and never made again.

A text file, one JSON object a line. The first line names the problem; each further line is one evaluation: the
parameter values as exact hexadecimal floats, and the rows. A line is on the disk before the next step of the
calibration. So a calibration that was killed walks the same path again without simulating anything twice, and goes on
from where it was.

Priors, start and studies are no part of the identity of a journal: they do not change what a simulation gives.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from empowersim.calibration.problem import Problem, Simulated, Vector
from empowersim.errors import StoreError
from empowersim.results.files import LineFile
from empowersim.results.provenance import run_id

FORMAT: Final = 1
"""Version of the journal's layout."""

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
        self._file: LineFile | None = None
        if self.path is None:
            return
        try:
            self._open(self.path, problem)
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"{self.path}: expected a file that can be written, found: {reason}") from error

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
        if self._file is not None:
            plain = {row: [_plain(one.value), _plain(one.se)] for row, one in kept.items()}
            try:
                self._file.add([{"key": key, "rows": plain}])
            except OSError as error:
                reason = error.strerror or error
                raise StoreError(f"{self.path}: expected room to write an evaluation, found: {reason}") from error
        self._known[key] = kept
        return kept

    def close(self) -> None:
        """Let go of the file. What was added stays."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _open(self, path: Path, problem: Problem) -> None:
        wanted = identity(problem)
        header = {"journal": FORMAT, "digest": run_id(wanted), "problem": wanted}
        self._file = LineFile(
            path,
            header,
            frozenset({"key", "rows"}),
            held=f"{path}: expected a journal that nobody else writes, found it held by another calibration; "
            "wait for it, or name another file",
            broken=f"{path}:{{number}}: expected a line of a calibration journal, found {{found}}; "
            "name another file, or remove this one to start anew",
        )
        try:
            _check_header(path, self._file.header, header)
        except StoreError:
            self.close()
            raise
        for entry in self._file.entries:
            self._known[entry["key"]] = clean(entry["rows"])


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
