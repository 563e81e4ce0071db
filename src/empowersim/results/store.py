"""Results on disk: a folder of Parquet tables with `provenance.json` beside them.

Writing is safe against interruption: everything is made under a temporary name inside the folder
and only then moved into place, file by file, `provenance.json` last. Every table carries the `run_id`
of its results, so a folder half moved is noticed when it is read.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from empowersim.errors import StoreError
from empowersim.results.comparison import Comparison
from empowersim.results.factors import FactorTable
from empowersim.results.provenance import surroundings
from empowersim.results.tables import COLUMNS, FACTOR_TABLES, TABLES, Table

PROVENANCE: Final = "provenance.json"

FORMAT: Final = 3
"""Version of the folder's layout."""

Extra = Callable[[Any, Path], None]
"""Writes more files (figures) of a result into a folder."""


def write_comparison(
    comparison: Comparison,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    extra: Extra | None = None,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write a comparison's tables, provenance and what `extra` adds; return the files, `provenance.json` last.

    Results of the same inputs are replaced (they are the same); those of other inputs only with
    `force`. Raises `StoreError` when the folder is a file, cannot be written, or the disk is full; what
    stood there before then still stands.
    """
    return _write(comparison, "comparison", TABLES, folder, force, extra, command)


def write_factors(
    table: FactorTable,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    extra: Extra | None = None,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write a factor analysis as `write_comparison` writes a comparison."""
    return _write(table, "factor_analysis", FACTOR_TABLES, folder, force, extra, command)


def _write(
    result: Comparison | FactorTable,
    kind: str,
    names: Iterable[str],
    folder: str | os.PathLike[str],
    force: bool,
    extra: Extra | None,
    command: Sequence[str] | None,
) -> list[Path]:
    target = Path(folder)
    check_target(result.run_id, target, force=force)
    partial: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
        _write_tables(result, names, partial)
        if extra is not None:
            extra(result, partial)
        document = _provenance(result, kind, names, command)
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        (partial / PROVENANCE).write_text(text + "\n", encoding="utf-8")
        made = sorted(path.name for path in partial.iterdir() if path.name != PROVENANCE)
        return [_move(partial / name, target / name) for name in [*made, PROVENANCE]]
    except OSError as error:
        raise StoreError(_reason(error, target)) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def check_target(run_id: str, folder: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise `StoreError` unless results of `run_id` may go into `folder`. Ask before a long run, not after."""
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise StoreError(f"{target}: expected a folder for the results, found a file; name another folder")
    there = _stored_id(target)
    if there is not None and there != run_id and not force:
        raise StoreError(
            f"{target}: holds results of other inputs (run {there}; these are run {run_id}); "
            "name another folder, or add --force (force=True) to replace them"
        )


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Make the folder if need be and write to it once; `StoreError` if that cannot be done."""
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise StoreError(f"{target}: expected a folder for the results, found a file; name another folder")
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target):
            pass
    except OSError as error:
        raise StoreError(_reason(error, target)) from error


def read_comparison(folder: str | os.PathLike[str]) -> Comparison:
    """Read a comparison that `write_comparison` wrote; `StoreError` if it is not there, damaged or mixed."""
    found: Comparison = _read(Comparison, "comparison", TABLES, folder, "compare --out")
    return found


def read_factors(folder: str | os.PathLike[str]) -> FactorTable:
    """Read a factor analysis that `write_factors` wrote; `StoreError` if it is not there, damaged or mixed."""
    found: FactorTable = _read(FactorTable, "factor_analysis", FACTOR_TABLES, folder, "factors --out")
    return found


def _read(made: type[Any], kind: str, names: Mapping[str, Any], folder: str | os.PathLike[str], command: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = Path(folder)
    stored = _read_provenance(source)
    if stored is None:
        raise StoreError(f"{source}: expected results with a {PROVENANCE}, found none; write them with {command}")
    if stored.get("format") != FORMAT:
        raise StoreError(f"{source / PROVENANCE}: expected format {FORMAT}, found {stored.get('format')}; run again")
    if kind not in stored:
        raise StoreError(f"{source / PROVENANCE}: expected key {kind}, found none; write such results with {command}")
    tables: dict[str, Table] = {}
    for name in names:
        path = source / f"{name}.parquet"
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{path}: expected a Parquet table, found {error}; run again with --force") from error
        origin = (table.schema.metadata or {}).get(b"empowersim_run_id", b"").decode()
        if origin != stored["run_id"]:
            raise StoreError(
                f"{path}: expected run {stored['run_id']} as in {PROVENANCE}, found run {origin or 'unknown'}; "
                "the folder was being written when something stopped it: run again with --force"
            )
        tables[name] = Table.from_arrow(name, table)
    asked = stored[kind]
    try:
        return made(
            **{name: _restored(asked[name]) for name in _asked(made)},
            run_id=stored["run_id"],
            inputs=stored["inputs"],
            tables=tables,
        )
    except KeyError as error:
        raise StoreError(f"{source / PROVENANCE}: expected key {kind}.{error.args[0]}, found none") from error


def read_provenance(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return `provenance.json` of a folder of results; `StoreError` if there is none."""
    found = _read_provenance(Path(folder))
    if found is None:
        raise StoreError(f"{folder}: expected results with a {PROVENANCE}, found none")
    return found


def _asked(made: Any) -> tuple[str, ...]:
    """Fields of a result that stand in its provenance as they are."""
    return tuple(entry.name for entry in fields(made) if entry.name not in {"run_id", "inputs", "tables"})


def _restored(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _provenance(
    result: Comparison | FactorTable, kind: str, names: Iterable[str], command: Sequence[str] | None
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run_id": result.run_id,
        "inputs": dict(result.inputs),
        "made_with": surroundings(command),
        kind: {name: getattr(result, name) for name in _asked(result)},
        "tables": {
            name: {column.name: {"unit": column.unit, "meaning": column.meaning} for column in COLUMNS[name]}
            for name in names
        },
    }


def _write_tables(result: Comparison | FactorTable, names: Iterable[str], folder: Path) -> None:
    import pyarrow.parquet as pq

    for name in names:
        pq.write_table(result.to_arrow(name), folder / f"{name}.parquet", compression="zstd")


def _move(source: Path, target: Path) -> Path:
    os.replace(source, target)
    return target


def stored_run(folder: str | os.PathLike[str]) -> str | None:
    """Return the `run_id` of the results in a folder; None where there are none. `StoreError` if they are damaged."""
    return _stored_id(Path(folder))


def _stored_id(folder: Path) -> str | None:
    found = _read_provenance(folder)
    return None if found is None else str(found.get("run_id"))


def _read_provenance(folder: Path) -> dict[str, Any] | None:
    path = folder / PROVENANCE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: expected JSON, found {error}; remove the folder or name another") from error
    if not isinstance(found, dict):
        raise StoreError(f"{path}: expected a JSON object, found {type(found).__name__}; name another folder")
    return found


def _reason(error: OSError, target: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{target}: the disk is full; free some space or name a folder on another disk"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{target}: expected a folder that can be written, found one that cannot; name another with --out"
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return f"{target}: expected a folder for the results, found a file on the way; name another folder"
    return f"{target}: results could not be written: {error.strerror or error}"
