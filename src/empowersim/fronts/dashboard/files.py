"""Files that the dashboard gives away: names, and the words at the top of a scenario."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer
    from empowersim.fronts.labels import Lang

_SAFE: Final = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST: Final = 40


def names(scenario: str) -> dict[str, str]:
    """File names by kind, from the name of a scenario: letters, digits and underscores only."""
    stem = _SAFE.sub("_", scenario).strip("_")[:_LONGEST] or "scenario"
    return {
        "scenario": f"{stem}_mix.yaml",
        "csv": f"{stem}_mix.csv",
        "report": f"{stem}_mix.html",
        "excel": f"{stem}_mix.xlsx",
    }


def head(shown: str) -> tuple[str, ...]:
    """Comment at the top of a scenario that somebody takes along; one line each."""
    name = _SAFE.sub("_", Path(shown).stem).strip("_")[:_LONGEST]
    return (
        f"A mix tried in the dashboard, beside policies of {name}. The numbers of the screen come out again with",
        "",
        "  empowersim compare FILE",
        "",
    )


def report(answer: Answer, file: str, lang: Lang) -> bytes:
    """The report of what is on the screen, as one HTML file; `file` is the scenario file that its commands name."""
    from empowersim.fronts.report import report_html

    return report_html(answer, lang, file=file).encode()


def excel(answer: Answer, file: str, lang: Lang) -> bytes:
    """The same as a workbook."""
    from empowersim.fronts.excel import write_excel

    stream = io.BytesIO()
    write_excel(answer, stream, lang, file=file)
    return stream.getvalue()
