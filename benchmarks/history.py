"""The history of the figures: one JSON object a line, only ever added to."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Line, as_markdown

FILE = Path(__file__).with_name("history.jsonl")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
TABLES = {
    "table": ("<!-- table: made by python -m benchmarks --record -->", "<!-- end of table -->"),
    "ablation": ("<!-- ablation: made by python -m benchmarks --ablation --record -->", "<!-- end of ablation -->"),
}
"""Marks between which a table stands in docs/performance.md."""


def machine() -> dict[str, Any]:
    """What a figure depends on besides the code: cores, processor, versions. No name of the machine."""
    import numba
    import numpy

    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": numpy.__version__,
        "system": platform.system(),
    }


def _processor() -> str:
    """Processor model and its widest vector instructions, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    model = found.group(1).strip() if found else "unknown"
    widest = next((name for name in ("avx512f", "avx2", "sse2") if re.search(rf"\b{name}\b", text)), "")
    return f"{model}, {widest}" if widest else model


def entry(lines: Sequence[Line], quick: bool) -> dict[str, Any]:
    """Return the object that a run adds to the history."""
    from empowersim._jit import source_digest

    return {
        "date": datetime.date.today().isoformat(),
        "sources": source_digest(),
        "quick": quick,
        "machine": machine(),
        "lines": [line.as_json() for line in lines],
    }


def record(lines: Sequence[Line], quick: bool, table: str = "table", file: Path = FILE, page: Path = PAGE) -> None:
    """Add a run to the history, and put its table into docs/performance.md if that page has the marks for it.

    `table` is one of `TABLES`.

    Raises `ValueError` if a figure is not finite.
    """
    made = entry(lines, quick)
    text = json.dumps(made, allow_nan=False, ensure_ascii=False)
    with file.open("a", encoding="utf-8") as out:
        out.write(text + "\n")
    if page.exists():
        page.write_text(with_table(page.read_text(encoding="utf-8"), made, lines, table), encoding="utf-8")


def with_table(page: str, made: dict[str, Any], lines: Sequence[Line], table: str) -> str:
    """Return the text of a page with its table replaced; the page as it is where it has no marks."""
    begin, end = TABLES[table]
    if begin not in page or end not in page:
        return page
    at = made["machine"]
    told = (
        f"{made['date']}, sources `{made['sources']}`, {at['cores']} cores of {at['processor']}, "
        f"Python {at['python']}, numba {at['numba']}, numpy {at['numpy']}{', quick mode' if made['quick'] else ''}."
    )
    before, rest = page.split(begin, 1)
    after = rest.split(end, 1)[1]
    return f"{before}{begin}\n\n{told}\n\n{as_markdown(lines)}\n\n{end}{after}"


def read(file: Path = FILE) -> list[dict[str, Any]]:
    """Return all recorded runs, the oldest first; empty where there is no history yet."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
