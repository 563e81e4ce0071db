"""Small parts that all generated pages share: numbers, tables, the note at the top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

NOTE = "<!-- Made by scripts/make_docs.py. Change the package and run `python3 go.py docs`. -->"


def note_of(source: str) -> str:
    """Return the note of a page that has a source of its own under docs/registry/."""
    return f"<!-- Made by scripts/make_docs.py from {source}. Change that and run `python3 go.py docs`. -->"


def number(value: float) -> str:
    """Write a number as short as it can be read back."""
    return "no bound" if abs(value) == float("inf") else f"{value:.7g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" for _ in head) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"


def listed(names: Iterable[object]) -> str:
    """Write names one after another, as code."""
    return ", ".join(f"`{name}`" for name in names)
