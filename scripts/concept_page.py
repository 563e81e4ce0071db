"""The table of concepts: each concept of the source study, and where the model has it or why it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from known_names import ROOT, complaint, kinds, matches
from page_parts import listed, note_of, table

REGISTRY = "docs/registry/concepts.yaml"
ROWS = 95
STATUSES = {
    "core": "core",
    "option": "option",
    "folded": "folded",
    "documented": "documented only",
}
TIERS = (1, 2, 3)
_PLAIN = ("concept", "term", "tier", "status", "how", "default", "into", "reason")


@dataclass(frozen=True)
class Concept:
    """One concept of the source study and its place in the model."""

    row: int
    concept: str
    term: str
    """As the study has it, in Indonesian."""
    tier: int
    """1 core, 2 optional, 3 not for the model: what the design asked for."""
    status: str
    """What became of it, a key of `STATUSES`."""
    how: str
    default: str = ""
    """What an option is when a scenario says nothing."""
    into: tuple[int, ...] = ()
    """Rows that a folded concept shares its place with."""
    reason: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind of name (`known_names.kinds`) -> names."""


class RegistryError(Exception):
    """What is wrong with a registry, one complaint a line."""


def concepts(path: Path | None = None) -> dict[int, Concept]:
    """Read the registry and check it; raises `RegistryError` with all complaints."""
    entries = yaml.safe_load((path or ROOT / REGISTRY).read_text(encoding="utf-8"))
    found: dict[int, Concept] = {}
    wrong: list[str] = []
    for row, entry in entries["rows"].items():
        lists = {key: tuple(value) for key, value in entry.items() if key in kinds()}
        unknown = set(entry) - set(lists) - set(_PLAIN)
        missing = {"concept", "term", "tier", "status", "how"} - set(entry)
        wrong += [f"row {row}: unknown key {key}" for key in sorted(unknown)]
        wrong += [f"row {row}: {key} is missing" for key in sorted(missing)]
        if unknown or missing:
            continue
        plain = {key: entry[key] for key in _PLAIN if key in entry} | {"into": tuple(entry.get("into", ()))}
        found[row] = Concept(row=row, where=lists, **plain)
        wrong += [f"row {row}: {text}" for text in check(found[row])]
    if list(found) != list(range(1, ROWS + 1)) and not wrong:
        wrong.append(f"rows must run from 1 to {ROWS}, each once and in order")
    wrong += [
        f"row {c.row}: folded into row {into}, which is not there"
        for c in found.values()
        for into in c.into
        if into not in found
    ]
    wrong += [
        f"row {c.row}: folded into row {into}, which is itself {found[into].status}"
        for c in found.values()
        for into in c.into
        if into in found and found[into].status not in ("core", "option")
    ]
    if wrong:
        raise RegistryError("\n".join(wrong))
    return found


def check(concept: Concept) -> Iterator[str]:
    """Yield what is wrong with one row."""
    if concept.status not in STATUSES:
        yield f"status {concept.status} is none of {', '.join(STATUSES)}"
    if concept.tier not in TIERS:
        yield f"tier {concept.tier} is none of {TIERS}"
    in_model = concept.status in ("core", "option")
    if in_model and not concept.where:
        yield "is in the model, but says not where"
    if in_model and not concept.where.get("code"):
        yield "is in the model, but names no code"
    if concept.status == "option" and not concept.default:
        yield "is an option, but says not what holds by default"
    if concept.status == "folded" and not concept.into:
        yield "is folded, but says not into what"
    if concept.status in ("folded", "documented") and not concept.reason:
        yield "is not a mechanism of its own, but says not why"
    for kind, names in concept.where.items():
        yield from (complaint(kind, name) for name in names if not matches(kind, name))


@cache
def sections() -> dict[str, Any]:
    """Return the headings of the page, with first and last row."""
    entries: dict[str, Any] = yaml.safe_load((ROOT / REGISTRY).read_text(encoding="utf-8"))["sections"]
    return entries


def concept_page() -> Iterator[str]:
    """Yield the lines of the page."""
    known = concepts()
    head = yaml.safe_load((ROOT / REGISTRY).read_text(encoding="utf-8"))
    yield from (note_of(REGISTRY), "", "# Concepts of the source study", "", head["opening"].strip(), "")
    counts = {status: sum(c.status == status for c in known.values()) for status in STATUSES}
    yield from table(
        ("status", "rows", "meaning"),
        ((STATUSES[status], str(counts[status]), meaning) for status, meaning in head["statuses"].items()),
    )
    yield from ("", head["tiers"].strip(), "", "## Before you use the study", "", head["warnings"].strip())
    for title, (first, last) in sections().items():
        yield from ("", f"## {title}", "")
        rows = (row_of(known[row]) for row in range(first, last + 1))
        yield from table(("", "concept", "Indonesian", "tier", "status", "how", "where"), rows)


def row_of(concept: Concept) -> tuple[str, ...]:
    """Return the cells of a concept."""
    status = STATUSES[concept.status]
    if concept.default:
        status += f" ({concept.default})"
    if concept.into:
        status += " into " + ", ".join(map(str, concept.into))
    told = concept.how + (f" *Why:* {concept.reason}" if concept.reason else "")
    where = "; ".join(f"{kinds()[kind].title} {listed(names)}" for kind, names in concept.where.items())
    return (str(concept.row), concept.concept, concept.term, str(concept.tier), status, told, where)
