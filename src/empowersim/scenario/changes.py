"""A scenario file with some of its values changed: what sweeps, optimisers and sensitivity analyses vary.

A change is a key path of the file and the text that is to stand there, as a person would write it:
``{"policies.balanced_mix.mentors.budget": "12 billion IDR/year", "base.parameters.kin_sharing": "0.2"}``. The changed
tree passes the same checks as a file, so a bad name, unit or bound is found before anything runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from empowersim.errors import Problem, ScenarioError
from empowersim.scenario.document import Node, join, nearest, read_with_parents
from empowersim.scenario.load import finish
from empowersim.scenario.model import Scenario


class Changeable:
    """A scenario file, read once, of which changed scenarios are made."""

    def __init__(self, path: str | os.PathLike[str], *, survey: str | os.PathLike[str] | None = None) -> None:
        """Read the file at `path`; `survey` as in `load`. Raises `ScenarioError`."""
        problems: list[Problem] = []
        self.path = os.fspath(path)
        self._survey = os.fspath(survey) if survey is not None else ""
        root = read_with_parents(Path(path), self.path, problems)
        if root is None or problems:
            raise ScenarioError(problems)
        self._root = root

    def scenario(
        self,
        changes: Mapping[str, str] | None = None,
        *,
        origin: str = "changes",
        lines: Mapping[str, int] | None = None,
    ) -> Scenario:
        """The scenario with the values at some key paths changed.

        A path whose parents are not in the file makes them; the text ``null`` takes a value away. Problems of a changed
        value name `origin` (the design file that asks for it) and its line in `lines` (path -> line). Raises
        `ScenarioError` with all problems.
        """
        root = self._root
        problems: list[Problem] = []
        for path, text in (changes or {}).items():
            leaf = Node(origin, (lines or {}).get(path, 0), path, text=text)
            root = _with(root, tuple(path.split(".")), "", leaf, problems)
        if problems:
            raise ScenarioError(problems)
        return finish(root, self.path, [], self._survey)


def _with(node: Node, keys: tuple[str, ...], above: str, leaf: Node, problems: list[Problem]) -> Node:
    """The tree with `leaf` at `keys` below `node`, whose own path is `above`."""
    entries = node.entries
    if entries is None:
        if node.is_null:
            entries = {}
        else:
            expected = f"keys below {above}" if above else "keys"
            problems.append(replace(leaf, path=leaf.path).problem(expected, node.show(), "this value has no parts"))
            return node
    key, rest = keys[0], keys[1:]
    if not key:
        problems.append(leaf.problem("a key path such as base.world.trap", f"'{leaf.path}'", "no empty keys"))
        return node
    if not above and key not in entries and key not in _TOP:
        problems.append(leaf.problem("a key path of the scenario file", f"'{leaf.path}'", nearest(key, [*_TOP])))
        return node
    here = join(above, key)
    below = entries.get(key, Node(leaf.file, leaf.line, here, entries={}))
    made = _with(below, rest, here, leaf, problems) if rest else leaf
    return replace(node, text=None, entries={**entries, key: made})


_TOP = ("base", "policies", "define", "reference", "name")
"""First keys of paths that may be changed."""
