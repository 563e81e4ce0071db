"""Kinds of fields and the one reader that checks a tree against a table of fields.

A table of fields (`model`) drives three things from one place: the check of a file, the JSON Schema for
editors and the tables of the manual. The reader finds all problems in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from empowersim.errors import Problem
from empowersim.scenario.document import SUFFIXES, WHOLE, Node, nearest, stem
from empowersim.scenario.units import PERCENT, Kind, UnitError
from empowersim.schema import REGION_TYPES

TRUE: Final = ("yes", "true", "on", "ya")
FALSE: Final = ("no", "false", "off", "tidak")
LANGUAGES: Final = ("en", "id")
_COMMA: Final = "inside { } a comma ends the value: write the number without commas, or in quotes"
_SHIFT: Final = re.compile(
    r"(?P<points>\d+(\.\d+)?) (points?|poin) (from|dari) (?P<start>[a-z_]+) (to|ke) (?P<end>[a-z_]+)"
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class Text:
    """A line or a paragraph of text."""

    expected: str = "a text"

    def read(self, node: Node, problems: list[Problem]) -> str | None:
        """Value, or None with a problem."""
        if node.text is None:
            problems.append(node.problem(self.expected))
            return None
        return node.text

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class Name:
    """An identifier: letters, digits and underscores, beginning with a letter."""

    expected: str = "a name of letters, digits and underscores"

    def read(self, node: Node, problems: list[Problem]) -> str | None:
        """Value, or None with a problem."""
        if node.text is None or not _NAME.fullmatch(node.text):
            problems.append(node.problem(self.expected, remedy="begin with a letter, as medan_2024"))
            return None
        return node.text

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"type": "string", "pattern": f"^{_NAME.pattern}$"}


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    expected: str = "yes or no"

    def read(self, node: Node, problems: list[Problem]) -> bool | None:
        """Value, or None with a problem."""
        low = (node.text or "").lower()
        if low in TRUE or low in FALSE:
            return low in TRUE
        problems.append(node.problem(self.expected))
        return None

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"anyOf": [{"type": "boolean"}, {"enum": [*TRUE, *FALSE]}]}


@dataclass(frozen=True)
class Choice:
    """One of a list of names."""

    what: str
    names: Callable[[], tuple[str, ...]]

    @property
    def expected(self) -> str:
        """For messages."""
        return self.what

    def read(self, node: Node, problems: list[Problem]) -> str | None:
        """Value, or None with a problem that names the nearest."""
        names = self.names()
        if node.text in names:
            return node.text
        problems.append(node.problem(self.what, remedy=nearest(node.text or "", names)))
        return None

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"enum": list(self.names())}


@dataclass(frozen=True)
class Label:
    """A text for people, in English and Indonesian."""

    expected: str = "a text, or {en: ..., id: ...}"

    def read(self, node: Node, problems: list[Problem]) -> dict[str, str] | None:
        """Language -> text; a single text serves both languages."""
        if node.text is not None:
            return dict.fromkeys(LANGUAGES, node.text)
        if node.entries is None:
            problems.append(node.problem(self.expected))
            return None
        found: dict[str, str] = {}
        for key, child in node.entries.items():
            if key not in LANGUAGES:
                problems.append(child.problem("en or id", f"the key '{key}'", nearest(key, LANGUAGES)))
            elif child.text is None:
                problems.append(child.problem("a text"))
            else:
                found[key] = child.text
        first = next(iter(found.values()), "")
        return {language: found.get(language, first) for language in LANGUAGES}

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        both = {language: {"type": "string"} for language in LANGUAGES}
        return {"anyOf": [{"type": "string"}, {"type": "object", "properties": both, "additionalProperties": False}]}


@dataclass(frozen=True)
class Texts:
    """A list of texts, or a single one."""

    expected: str = "a text or a list of texts"

    def read(self, node: Node, problems: list[Problem]) -> tuple[str, ...] | None:
        """Values, or None with a problem."""
        if node.text is not None:
            return (node.text,)
        if node.items is None or any(item.text is None for item in node.items):
            problems.append(node.problem(self.expected))
            return None
        return tuple(item.text or "" for item in node.items)

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


@dataclass(frozen=True)
class Names:
    """A list of names out of a list, or a single one."""

    what: str
    names: Callable[[], tuple[str, ...]]

    @property
    def expected(self) -> str:
        """For messages."""
        return f"{self.what}, or a list of them"

    def read(self, node: Node, problems: list[Problem]) -> tuple[str, ...] | None:
        """Values in the order of the table, once each; a problem for each that is unknown."""
        items = (node,) if node.text is not None else node.items
        if items is None:
            problems.append(node.problem(self.expected))
            return None
        known = self.names()
        found = set()
        for item in items:
            if item.text in known:
                found.add(item.text)
            else:
                problems.append(item.problem(self.what, remedy=nearest(item.text or "", known)))
        return tuple(name for name in known if name in found)

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        one = {"enum": list(self.names())}
        return {"anyOf": [one, {"type": "array", "items": one}]}


@dataclass(frozen=True)
class Shift:
    """A shift of points from one name to another; the value is (from, to, share)."""

    names: tuple[str, ...]

    @property
    def expected(self) -> str:
        """For messages."""
        return f"a shift of points, as '10 points from {self.names[-1]} to {self.names[-2]}'"

    def read(self, node: Node, problems: list[Problem]) -> tuple[str, str, float] | None:
        """Value, or None with a problem."""
        match = _SHIFT.fullmatch((node.text or "").strip())
        if match is None:
            problems.append(node.problem(self.expected))
            return None
        points, start, end = float(match["points"]), match["start"], match["end"]
        unknown = [name for name in (start, end) if name not in self.names]
        for name in unknown:
            remedy = nearest(name, self.names)
            problems.append(node.problem(f"roles ({', '.join(self.names)})", f"'{name}'", remedy))
        if not unknown and start == end:
            problems.append(node.problem("two different roles", f"'{start}' twice", "name another role"))
        return None if unknown or start == end else (start, end, points * PERCENT)

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"type": "string", "pattern": _SHIFT.pattern}


@dataclass(frozen=True)
class ByRegion:
    """A number for all region types, or a mapping with one for each."""

    kind: Kind
    zero: str = ""
    """What 0 means."""

    @property
    def expected(self) -> str:
        """For messages."""
        what = f" ({self.zero} = 0)" if self.zero else ""
        return f"{self.kind.expected}, for all region types or {{region type: value}} for each{what}"

    def read(self, node: Node, problems: list[Problem]) -> dict[str, float] | None:
        """Region type -> value, or None with problems."""
        one = Quantity(self.kind)
        if node.text is not None:
            value = one.read(node, problems)
            return None if value is None else dict.fromkeys(REGION_TYPES, value)
        if node.entries is None:
            problems.append(node.problem(self.expected))
            return None
        found: dict[str, float] = {}
        for key, child in node.entries.items():
            if key not in REGION_TYPES:
                problems.append(child.problem("a region type", f"the key '{key}'", nearest(key, REGION_TYPES)))
            elif (value := one.read(child, problems)) is not None:
                found[key] = value
        missing = [name for name in REGION_TYPES if name not in node.entries]
        if missing:
            remedy = f"add {missing[0]}: 1 %" + (f" ({self.zero} = 0 %)" if self.zero else "")
            problems.append(node.problem("a value for each region type", f"none for {', '.join(missing)}", remedy))
        return {name: found[name] for name in REGION_TYPES if name in found}

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        one = {"anyOf": [self.kind.json(), {"$ref": "#/$defs/passport"}]}
        each = {"type": "object", "properties": dict.fromkeys(REGION_TYPES, one), "additionalProperties": False}
        return {"anyOf": [*one["anyOf"], each]}


@dataclass(frozen=True)
class Free:
    """A mapping that somebody else reads: passed on as plain values."""

    expected: str = "a mapping"

    def read(self, node: Node, problems: list[Problem]) -> Any:
        """Plain value, or None with a problem."""
        if node.entries is None:
            problems.append(node.problem(self.expected))
            return None
        return plain(node)

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        return {"type": "object"}


@dataclass(frozen=True)
class Open:
    """A mapping of names to sections whose checking needs more than the table; the node is returned."""

    what: str
    section: Callable[[], Section]
    names: Callable[[], tuple[str, ...]] | None = None

    @property
    def expected(self) -> str:
        """For messages."""
        return self.what

    def read(self, node: Node, problems: list[Problem]) -> Node | None:
        """The node itself, or None with a problem."""
        if node.entries is None:
            problems.append(node.problem(self.what))
            return None
        return node


@dataclass(frozen=True)
class Quantity:
    """A number with a unit."""

    kind: Kind

    @property
    def expected(self) -> str:
        """For messages."""
        return self.kind.expected

    def read(self, node: Node, problems: list[Problem], suffix: str = "") -> float | None:
        """Value in the unit of the kind, or None with a problem."""
        if node.text is None:
            problems.append(node.problem(self.kind.expected))
            return None
        try:
            return self.kind.read(node.text, suffix)
        except UnitError as error:
            problems.append(node.problem(self.kind.expected, remedy=str(error)))
            return None

    def json(self) -> dict[str, Any]:
        """JSON Schema of the key without a unit in its name."""
        return self.kind.json()


@dataclass(frozen=True)
class Numbers:
    """A mapping of names to plain numbers, checked one by one by `check`, which raises with the remedy."""

    what: str
    names: Callable[[], tuple[str, ...]]
    check: Callable[[str, str], float]
    passports: bool = False
    """Whether a number may stand with its passport."""

    @property
    def expected(self) -> str:
        """For messages."""
        return self.what

    def read(self, node: Node, problems: list[Problem]) -> dict[str, float] | None:
        """Name -> value; names in the order of the table."""
        if node.entries is None:
            problems.append(node.problem(self.what))
            return None
        names = self.names()
        found: dict[str, float] = {}
        for key, child in node.entries.items():
            if key not in names:
                problems.append(child.problem(self.what, f"the key '{key}'", nearest(key, names)))
            elif child.is_null:
                continue
            elif child.text is None:
                problems.append(child.problem("a number"))
            else:
                try:
                    found[key] = self.check(key, child.text)
                except UnitError as error:
                    problems.append(child.problem(f"a value of {key}", remedy=str(error)))
        return {name: found[name] for name in names if name in found}

    def json(self) -> dict[str, Any]:
        """JSON Schema."""
        values: dict[str, Any] = {"type": ["number", "string", "boolean", "null"]}
        if self.passports:
            values = {"anyOf": [values, {"$ref": "#/$defs/passport"}]}
        return {"type": "object", "properties": dict.fromkeys(self.names(), values), "additionalProperties": False}


Type = Any


@dataclass(frozen=True)
class Field:
    """One key that a section may hold."""

    name: str
    type: Type
    meaning: str
    default: str = ""
    """For the manual: what holds where the key is absent."""
    required: bool = False


@dataclass(frozen=True)
class Section:
    """A mapping with known keys."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    examples: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """Keys without units at their ends."""
        return tuple(item.name for item in self.fields)

    def field(self, name: str) -> Field:
        """Field of that name; KeyError if there is none."""
        for item in self.fields:
            if item.name == name:
                return item
        raise KeyError(name)


def suffix_of(key: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Split a key into a known name and the unit at its end; ("", "") where neither is known."""
    if key in names:
        return key, ""
    for suffix in SUFFIXES:
        if key.endswith(suffix) and key[: -len(suffix)] in names:
            return key[: -len(suffix)], suffix
    return "", ""


def find(node: Node | None, name: str) -> Node | None:
    """Entry for field `name`, whatever unit its key carries; None where absent."""
    if node is None or node.entries is None:
        return None
    for key, child in node.entries.items():
        if not child.is_null and (
            key == name or (name not in WHOLE and stem(key) == name) or key.startswith(name + "_idr")
        ):
            return child
    return None


def read_section(node: Node, section: Section, problems: list[Problem]) -> dict[str, Any]:
    """Values of all keys given; adds a problem for each that is unknown, unreadable, doubled or missing."""
    if node.entries is None:
        problems.append(node.problem(f"a mapping ({section.meaning})"))
        return {}
    values: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for key, child in node.entries.items():
        name, suffix = suffix_of(key, section.names)
        if not name:
            remedy = _COMMA if key[:1].isdigit() else nearest(key, section.names)
            problems.append(child.problem(f"a key of {section.name}", f"the key '{key}'", remedy))
            continue
        kind = section.field(name).type
        if suffix and not (isinstance(kind, Quantity) and suffix in kind.kind.suffixes):
            fitting = list(kind.kind.suffixes) if isinstance(kind, Quantity) else []
            remedy = f"write {name}{fitting[0]} or {name} with the unit in the value" if fitting else f"write {name}"
            problems.append(child.problem(f"a unit that fits {name}", f"the key '{key}'", remedy))
            continue
        if child.is_null:
            continue
        if name in seen:
            problems.append(child.problem(f"{name} once", f"{seen[name]} and {key}", "delete one of the two"))
            continue
        seen[name] = key
        if isinstance(kind, Section):
            values[name] = read_section(child, kind, problems)
            continue
        value = kind.read(child, problems, suffix) if suffix else kind.read(child, problems)
        if value is not None:
            values[name] = value
    for item in section.fields:
        if item.required and item.name not in seen and not _given(node, item.name):
            expected = f"the key {item.name}"
            problems.append(node.problem(expected, "none", f"add {item.name}: ({item.meaning})"))
    return values


def _given(node: Node, name: str) -> bool:
    """Whether the key stands there, even if unreadable."""
    return any(suffix_of(key, (name,))[0] == name and not child.is_null for key, child in (node.entries or {}).items())


def plain(node: Node) -> Any:
    """Tree as plain values: mappings, lists, numbers where an unquoted text is one, else texts."""
    if node.entries is not None:
        return {key: plain(child) for key, child in node.entries.items() if not child.is_null}
    if node.items is not None:
        return [plain(child) for child in node.items]
    if not node.quoted:
        for make in (int, float):
            try:
                return make(node.text or "")
            except ValueError:
                continue
    return node.text
