"""The programme library, the types of mentors and the defaults: packaged YAML, read as scenario files are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from empowersim.errors import Problem, ScenarioError
from empowersim.scenario.document import Node, parse, strip_passports

_HERE: Final = Path(__file__).parent
FOLDER: Final = _HERE.parent / "programmes"


def _packaged(path: Path, shown: str) -> Node:
    problems: list[Problem] = []
    node = parse(path.read_text(encoding="utf-8"), shown, problems)
    if node is None or problems:
        raise ScenarioError(problems)
    return strip_passports(node)


@cache
def programmes() -> dict[str, Node]:
    """Programmes of the library by name: plain settings, each with its passport attached."""
    return {path.stem: _packaged(path, f"library:{path.name}") for path in sorted(FOLDER.glob("*.yaml"))}


@cache
def community() -> dict[str, Node]:
    """Community programmes of the library by name."""
    return {
        path.stem: _packaged(path, f"library:{path.name}") for path in sorted((FOLDER / "community").glob("*.yaml"))
    }


@cache
def _mentors() -> Node:
    return _packaged(_HERE / "mentor_types.yaml", "library:mentor_types.yaml")


@cache
def mentor_types() -> dict[str, Node]:
    """Types of mentors by name, with what holds for every type laid under."""
    from empowersim.scenario.document import merge

    root = _mentors().entries or {}
    every, types = root["every"], root["types"].entries or {}
    return {name: merge(every, node) for name, node in types.items()}


@cache
def defaults() -> Node:
    """Tree of what holds where a file says nothing: `simulation`, `economics`, `programme`."""
    return _packaged(_HERE / "defaults.yaml", "library:defaults.yaml")


def default(section: str, name: str) -> Node:
    """One default; KeyError if there is none."""
    node = (defaults().entries or {})[section]
    return (node.entries or {})[name]


def names() -> tuple[str, ...]:
    """Names of the programmes of the library."""
    return tuple(programmes())


def catalogue() -> list[dict[str, Any]]:
    """The library for people: name, kind, label (en, id) and meaning; programmes for households, then for villages."""
    found = []
    for kind, entries in (("programme", programmes()), ("community", community())):
        for name, node in entries.items():
            label, meaning = node.get("label"), node.get("meaning")
            texts = {key: child.text or "" for key, child in (label.entries or {}).items()} if label is not None else {}
            said = meaning.text if meaning is not None else ""
            found.append({"name": name, "kind": kind, "label": texts, "meaning": said})
    return found
