"""Results of an analysis as a folder: sheets of named columns in Parquet, `provenance.json` beside them.

For analyses whose tables are their own. Written as `results.store` writes comparisons: under a temporary name, then
moved into place, provenance last; results of other inputs are not overwritten unless asked.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from empowersim.errors import StoreError
from empowersim.results.provenance import surroundings
from empowersim.results.store import FORMAT, PROVENANCE, check_target
from empowersim.results.tables import TableColumn

_TYPES: Final = {"text": "string", "whole": "int64", "real": "float64"}
_LARGE: Final = 1000.0


@dataclass(frozen=True)
class Sheet:
    """Rows under named columns; NaN in a real column stands for what cannot be told (null in the file)."""

    name: str
    columns: tuple[TableColumn, ...]
    rows: Sequence[Sequence[Any]]

    def to_arrow(self, metadata: Mapping[str, str] | None = None) -> Any:
        """Return a pyarrow Table; units and meanings stand in the fields' metadata."""
        import pyarrow as pa

        fields, arrays = [], []
        for place, column in enumerate(self.columns):
            kind = getattr(pa, _TYPES[column.kind])()
            notes = {"unit": column.unit, "meaning": column.meaning}
            fields.append(pa.field(column.name, kind, metadata=notes))
            arrays.append(pa.array([row[place] for row in self.rows], type=kind, from_pandas=column.kind == "real"))
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=dict(metadata or {})))

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame; needs pandas (``pip install 'empowersim[data]'``)."""
        try:
            import pandas as pd
        except ImportError as error:
            raise StoreError(
                "a DataFrame needs pandas, which is not installed: pip install 'empowersim[data]'"
            ) from error
        return pd.DataFrame(list(self.rows), columns=[column.name for column in self.columns])

    def html(self, title: str = "", names: Sequence[str] = ()) -> str | None:
        """Return the sheet as HTML for notebooks, under a title, with some of its columns (default: all).

        None without pandas: a notebook shows the plain text then.
        """
        from html import escape

        try:
            frame = self.to_pandas()
        except StoreError:
            return None
        shown = frame[list(names)] if names else frame
        table: str = shown.to_html(index=False, border=0, na_rep="", float_format=_four_digits)
        return f"<p><b>{escape(title)}</b></p>{table}" if title else table


def _four_digits(value: float) -> str:
    """Return a number with four digits, those of a large one in full."""
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.4g}"


def write_sheets(
    kind: str,
    sheets: Sequence[Sheet],
    folder: str | os.PathLike[str],
    *,
    run_id: str,
    inputs: Mapping[str, Any],
    extra: Callable[[Path], None] | None = None,
    force: bool = False,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write sheets and provenance; return the files, `provenance.json` last.

    `extra` adds files (figures) to the folder it is given. Raises `StoreError` when the folder holds other results, is
    a file, cannot be written, or the disk is full; what stood there before then still stands.
    """
    import pyarrow.parquet as pq

    target = Path(folder)
    check_target(run_id, target, force=force)
    partial: Path | None = None
    metadata = {"empowersim_run_id": run_id, "empowersim_inputs": json.dumps(dict(inputs), sort_keys=True)}
    try:
        target.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
        for sheet in sheets:
            pq.write_table(sheet.to_arrow(metadata), partial / f"{sheet.name}.parquet", compression="zstd")
        if extra is not None:
            extra(partial)
        document = {
            "format": FORMAT,
            "run_id": run_id,
            "inputs": dict(inputs),
            "made_with": surroundings(command),
            "kind": kind,
            "tables": {
                sheet.name: {one.name: {"unit": one.unit, "meaning": one.meaning} for one in sheet.columns}
                for sheet in sheets
            },
        }
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        (partial / PROVENANCE).write_text(text + "\n", encoding="utf-8")
        made = sorted(path.name for path in partial.iterdir() if path.name != PROVENANCE)
        for name in [*made, PROVENANCE]:
            os.replace(partial / name, target / name)
    except OSError as error:
        reason = "the disk is full; free some space" if error.errno == errno.ENOSPC else str(error.strerror or error)
        raise StoreError(f"{target}: results could not be written: {reason}, or name another folder") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
    return [target / name for name in [*made, PROVENANCE]]
