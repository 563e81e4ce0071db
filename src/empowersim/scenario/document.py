"""YAML as a tree that remembers where everything stands: file, line and key path of every value.

The tree holds texts, not numbers: what a text means is decided by the field that reads it. So `no`,
`12e9` and `690.000` are never changed behind the writer's back by rules of YAML.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import yaml

from empowersim.errors import Problem, ScenarioError
from empowersim.scenario import ready

LONGEST_SHOWN: Final = 60
_QUOTES: Final = ("'", '"', "|", ">")
NULL_TEXTS: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class Passport:
    """Where a number comes from, as written beside it."""

    source: str
    confidence: str
    """A read in a source, B well known or fitted, C assumed."""
    bounds: tuple[str, str] = ("", "")
    meaning: str = ""


@dataclass(frozen=True)
class Node:
    """A scalar, a mapping or a list of a file. Exactly one of `text`, `entries`, `items` is set."""

    file: str
    line: int
    path: str
    """Keys from the top of its own file, joined by dots."""
    text: str | None = None
    quoted: bool = False
    entries: dict[str, Node] | None = None
    items: tuple[Node, ...] | None = None
    passport: Passport | None = field(default=None, compare=False)

    @property
    def is_null(self) -> bool:
        """Whether nothing is written here (an empty value, ``null`` or ``~``)."""
        return self.text is not None and not self.quoted and self.text in NULL_TEXTS

    def get(self, key: str) -> Node | None:
        """Entry of a mapping, or None; null counts as absent."""
        node = (self.entries or {}).get(key)
        return None if node is None or node.is_null else node

    def show(self) -> str:
        """What a message says was found here."""
        if self.entries is not None:
            return f"a mapping with {', '.join(list(self.entries)[:3])}" if self.entries else "an empty mapping"
        if self.items is not None:
            return f"a list of {len(self.items)}"
        if self.is_null:
            return "nothing"
        text = self.text or ""
        return f"'{text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + '...'}'"

    def problem(self, expected: str, found: str = "", remedy: str = "") -> Problem:
        """Make a problem that points here."""
        return Problem(self.file, self.line, self.path, expected, found or self.show(), remedy)


def nearest(name: str, valid: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    """Remedy that names the nearest valid name, or lists the names when none is near."""
    names = list(valid)
    lowered = {known.lower(): known for known in names}
    near = get_close_matches(name.lower(), list(lowered), n=1)
    if near:
        return f"did you mean {lowered[near[0]]}?"
    if not names:
        return ""
    return "choose from " + ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")


def join(path: str, key: str) -> str:
    """Path of `key` below `path`."""
    return f"{path}.{key}" if path else key


def parse(text: str, file: str, problems: list[Problem]) -> Node | None:
    """Make the tree of a YAML text; adds to `problems` and returns None where it is not YAML."""
    before = len(problems)
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            problems.append(Problem(file, number, "", "spaces to indent", "a tab", "replace the tab by two spaces"))
    if len(problems) > before:
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = (error.problem or "something else").replace("\n", " ")
        problems.append(
            Problem(
                file,
                mark.line + 1 if mark else 0,
                "",
                "well-formed YAML",
                f"an error ({said})",
                "look for a missing colon, quote or indent on this line or the one before",
            )
        )
        return None
    except yaml.YAMLError as error:  # an unreadable character, which has no mark
        said = str(error).splitlines()[0]
        problems.append(Problem(file, 0, "", "well-formed YAML", f"an error ({said})", "save the file as UTF-8 text"))
        return None
    if root is None:
        return Node(file, 1, "", entries={})
    return _convert(root, file, "", root.start_mark.line + 1, problems)


def _convert(raw: yaml.Node, file: str, path: str, line: int, problems: list[Problem]) -> Node:
    if isinstance(raw, yaml.ScalarNode):
        quoted = raw.style in _QUOTES
        return Node(file, line, path, text=raw.value, quoted=quoted)
    if isinstance(raw, yaml.SequenceNode):
        items = tuple(
            _convert(item, file, f"{path}[{index}]", item.start_mark.line + 1, problems)
            for index, item in enumerate(raw.value)
        )
        return Node(file, line, path, items=items)
    assert isinstance(raw, yaml.MappingNode)
    entries: dict[str, Node] = {}
    for key, value in raw.value:
        key_line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(file, key_line, path, "a plain key", "a list or mapping as key"))
            continue
        name = key.value
        where = join(path, name)
        if name in entries:
            found = f"the key twice (first on line {entries[name].line})"
            problems.append(Problem(file, key_line, where, "each key once", found, "delete one of the two"))
            continue
        if name == "<<":
            remedy = "use extends: or like:, which say in messages where a value comes from"
            problems.append(Problem(file, key_line, where, "a key", "a YAML merge (<<)", remedy))
            continue
        entries[name] = _convert(value, file, where, key_line, problems)
    return Node(file, line, path, entries=entries)


def read(path: Path, shown: str, problems: list[Problem], asked_at: Node | None = None) -> Node | None:
    """Read the file at `path`, called `shown` in messages; `asked_at` is the node that asks for it."""

    def unreadable(found: str, remedy: str) -> None:
        if asked_at is None:
            problems.append(Problem(shown, 0, "", "a scenario file", found, remedy))
        else:
            problems.append(asked_at.problem("the path of a scenario file, relative to this file", found, remedy))

    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        folder = path.parent
        names = [other.name for other in sorted(folder.glob("*.y*ml"))] if folder.is_dir() else []
        near = get_close_matches(path.name, names, n=1)
        found = f"no file {shown}" if folder.is_dir() else f"no folder {os.path.dirname(shown)}"
        unreadable(found, f"did you mean {near[0]}?" if near else "check the spelling of the path")
        return None
    except IsADirectoryError:
        unreadable(f"a folder called {shown}", "name a file in it")
        return None
    except UnicodeDecodeError:
        unreadable(f"bytes in {shown} that are not UTF-8 text", "save the file as UTF-8")
        return None
    except OSError as error:
        unreadable(f"that {shown} cannot be read ({error.strerror})", "check who may read the file")
        return None
    root = parse(text, shown, problems)
    if root is not None and root.entries is None:
        problems.append(Problem(shown, root.line, "", "keys such as base: and policies:", root.show()))
        return None
    return root


def read_with_parents(path: Path, shown: str, problems: list[Problem], asked_at: Node | None = None) -> Node | None:
    """Read a file and all that it extends, merged: the file's own values win. `asked_at` names this file."""
    return _read_chain(path, shown, problems, asked_at, ())


def _read_chain(
    path: Path, shown: str, problems: list[Problem], asked_at: Node | None, chain: tuple[Path, ...]
) -> Node | None:
    real = path.resolve()
    if real in chain:
        circle = " -> ".join(other.name for other in (*chain[chain.index(real) :], real))
        assert asked_at is not None
        problems.append(asked_at.problem("files that do not extend each other in a circle", circle, "remove this line"))
        return None
    root = read(path, shown, problems, asked_at)
    if root is None:
        return None
    asks = root.get("extends")
    if asks is None:
        return root
    own = replace(root, entries={key: value for key, value in (root.entries or {}).items() if key != "extends"})
    if asks.text is None:
        problems.append(asks.problem("the path of one scenario file, as medan.yaml"))
        return own
    wanted = _extended(asks, path.parent, problems)
    if wanted is None:
        return own
    beside = os.path.normpath(os.path.join(os.path.dirname(shown), asks.text))
    parent_shown = beside if wanted == path.parent / asks.text else os.fspath(wanted)
    parent = _read_chain(wanted, parent_shown, problems, asks, (*chain, real))
    return own if parent is None else merge(parent, own)


def _extended(asks: Node, folder: Path, problems: list[Problem]) -> Path | None:
    """Path of the file that a file in `folder` extends; None, with a problem told, for a misspelt ready scenario."""
    assert asks.text is not None
    try:
        return ready.find(asks.text, folder)
    except ScenarioError as error:
        problem = error.problems[0]
        problems.append(asks.problem(problem.expected, asks.text, problem.remedy))
        return None


EXCLUSIVE: Final = (
    frozenset({"budget", "places"}),
    frozenset({"budget", "count"}),
    frozenset({"budget", "coverage"}),
    frozenset({"poverty_line", "headcount"}),
)
"""Two ways of saying one thing: who says the one takes back the other said further up."""

SUFFIXES: Final = (
    "_million_idr_per_month",
    "_billion_idr_per_month",
    "_million_idr_per_year",
    "_billion_idr_per_year",
    "_idr_per_person_per_month",
    "_idr_per_month",
    "_idr_per_year",
    "_percent_per_month",
    "_percent_per_year",
    "_million_idr",
    "_billion_idr",
    "_idr",
    "_percent",
    "_months",
    "_years",
    "_per_year",
    "_per_month",
)
"""Units that a key may carry at its end (longest first), as in budget_idr_per_year."""


WHOLE: Final = frozenset({"cost_per_month"})
"""Names of fields that merely look as if they ended in a unit."""


def stem(key: str) -> str:
    """`key` without a unit at its end."""
    if key in WHOLE:
        return key
    for suffix in SUFFIXES:
        if key.endswith(suffix) and len(key) > len(suffix):
            return key[: -len(suffix)]
    return key


def merge(under: Node, over: Node) -> Node:
    """`over` laid on `under`: mappings key by key, all else replaced, null takes a key away.

    A null that takes nothing away stays in the tree, so that whoever reads it can say that the name is unknown.
    """
    if under.entries is None or over.entries is None:
        return over
    said = {stem(key) for key in over.entries}
    replaced = said.union(*(group for group in EXCLUSIVE if group & said))
    kept = {key: value for key, value in under.entries.items() if key in over.entries or stem(key) not in replaced}
    for key, value in over.entries.items():
        if key not in kept:
            kept[key] = value
        elif value.is_null:
            del kept[key]
        else:
            kept[key] = merge(kept[key], value)
    return replace(over, entries=kept)


def strip_passports(node: Node) -> Node:
    """Replace ``{value: x, source: ..., confidence: ...}`` by x with its passport attached."""
    if node.items is not None:
        return replace(node, items=tuple(strip_passports(item) for item in node.items))
    if node.entries is None:
        return node
    value = node.entries.get("value")
    if value is None or value.text is None:
        return replace(node, entries={key: strip_passports(child) for key, child in node.entries.items()})

    def said(key: str) -> str:
        child = (node.entries or {}).get(key)
        return child.text or "" if child is not None else ""

    bounds = node.entries.get("bounds")
    ends = tuple(item.text or "" for item in bounds.items) if bounds is not None and bounds.items else ()
    passport = Passport(
        source=said("source"),
        confidence=said("confidence"),
        bounds=(ends[0], ends[1]) if len(ends) == 2 else ("", ""),
        meaning=said("meaning"),
    )
    return replace(value, line=node.line, path=node.path, passport=passport)


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """All scalars below `node` with their key path in the merged tree."""
    if node.entries is not None:
        for key, child in node.entries.items():
            yield from walk(child, join(path, key))
    elif node.items is not None:
        for index, child in enumerate(node.items):
            yield from walk(child, f"{path}[{index}]")
    elif not node.is_null:
        yield path, node
