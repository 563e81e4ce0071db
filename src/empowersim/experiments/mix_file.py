"""What a search for a mix is asked: a search file, strictly checked, or a scenario file and a budget.

All problems of a search file are found in one pass. What may be paid for and the options of choices are tried on the
scenario itself, so that a wrong one is told with its line in the search file and what the scenario format expects.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from empowersim.errors import Problem, ScenarioError
from empowersim.experiments.asked import SEEDS, whole_number
from empowersim.experiments.mix_evaluate import AVAILABLE, MEASURES
from empowersim.experiments.mix_fields import FILE, ITEM, LIMIT, OBJECTIVES, ROBUST, WORLDS, Limit, Search
from empowersim.experiments.mix_space import COMMUNITY, MENTORS, ROLE_UNITS, Choice, Item, Space
from empowersim.scenario.changes import Changeable
from empowersim.scenario.document import Node, nearest, read, strip_passports
from empowersim.scenario.documents import ROLES
from empowersim.scenario.fields import read_section
from empowersim.scenario.units import BUDGET, UnitError
from empowersim.scenario.worlds import NAMES, NO_TRAP, TRAP

_PROBE: Final = "probe_of_search"
_PLENTY: Final = "1 trillion IDR/year"
"""A budget with which anything can run: whether a setting is right does not depend on it."""
_MISSED: Final = 1e-9
"""By how much a step may miss a whole part of 100 % through rounding."""


class _Problems:
    """Problems of one file, each pointing at a node."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def at(self, node: Node, expected: str, found: str = "", remedy: str = "") -> None:
        self.found.append(node.problem(expected, found, remedy))

    def stop(self) -> None:
        if self.found:
            raise ScenarioError(sorted(dict.fromkeys(self.found), key=lambda one: one.line))


def is_search(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a search file and not a scenario. Raises `ScenarioError` where it cannot be read."""
    problems: list[Problem] = []
    root = read(Path(path), os.fspath(path), problems)
    if root is None:
        raise ScenarioError(problems)
    return "optimise" in (root.entries or {})


def load_search(
    path: str | os.PathLike[str], *, survey: str | os.PathLike[str] | None = None, **changed: Any
) -> Search:
    """Read a search file, or a scenario file with ``budget=``; what is in `changed` and not None wins over the file.

    `changed`: `budget` (a text or IDR a year), `evaluations`, `generation`, `seed`, `search_futures`, `held_out`,
    `draws`, `worlds` (one of WORLDS), `robust`, `households`, `months`. Raises `ScenarioError` with all problems.
    """
    shown, problems = os.fspath(path), _Problems()
    root = read(Path(path), shown, problems.found)
    if root is None:
        problems.stop()
    assert root is not None
    root = strip_passports(root)
    asked = {key: value for key, value in changed.items() if value is not None}
    searching = "optimise" in (root.entries or {})
    said = read_section(root, FILE, problems.found) if searching else {}
    problems.stop()
    source = Path(path).parent / said["scenario"] if searching else Path(path)
    relative = os.path.normpath(os.path.join(os.path.dirname(shown), said["scenario"])) if searching else shown
    if searching and not source.is_file():
        problems.at(root.entries["scenario"], "a scenario file, relative to this file", remedy="check the path")  # type: ignore[index]
        problems.stop()
    scenario = Changeable(relative, survey=survey)
    made = _Reader(root if searching else Node(shown, 0, "", entries={}), said, asked, scenario, problems)
    return made.search(shown)


class _Reader:
    """One pass over what is asked, against the scenario."""

    def __init__(
        self, root: Node, said: Mapping[str, Any], asked: Mapping[str, Any], scenario: Changeable, problems: _Problems
    ) -> None:
        self.root, self.said, self.asked = root, said, asked
        self.changeable, self.problems = scenario, problems
        self.loaded = scenario.scenario()

    def node(self, key: str) -> Node:
        """Where a key stands; the file itself where it does not."""
        return (self.root.entries or {}).get(key) or self.root

    def search(self, shown: str) -> Search:
        """The search; raises `ScenarioError`."""
        said, loaded = self.said, self.loaded
        budget = self._budget()
        reference = self._policy("reference", str(loaded.reference))
        like = self._policy("like", self._last_with_mentors())
        balanced = self._policy("balanced", "balanced_mix" if "balanced_mix" in loaded.policies else "")
        how, futures = dict(said.get("search", {})), dict(said.get("futures", {}))
        step = how.get("step", 0.01)
        units = round(1.0 / step) if step else 0
        if not step or abs(units * step - 1.0) > _MISSED:
            self.problems.at(self.node("search"), "a step that divides 100 %, as 1 % or 2.5 %", f"{step:.3%}")
            units = 100
        items = self._items(like, reference, budget, units, how.get("smallest", 0.02))
        choices = self._choices(like)
        objectives = self._objectives()
        limits = self._limits()
        self.problems.stop()
        count = int(self._asked("search_futures", futures.get("search", 6), 1))
        draws = self._asked("draws", futures.get("draws", count), 0)
        worlds = self.asked.get("worlds", futures.get("worlds", "both"))
        robust = self.asked.get("robust", futures.get("robust", "mean"))
        for key, value, known in (("worlds", worlds, WORLDS), ("robust", robust, ROBUST)):
            if value not in known:
                self.problems.at(self.root, f"{key} of {', '.join(known)}", f"'{value}'", nearest(str(value), known))
        settings = loaded.settings
        households = self.asked.get("households", futures.get("households", settings.households))
        self.problems.stop()
        space = Space(
            budget=budget,
            items=items,
            units=units,
            spend_at_least=how.get("spend_at_least", 0.1),
            roles=bool(said.get("role_mix", False)) and any(item.name == MENTORS for item in items),
            choices=choices,
            like=like,
            usual=self._usual_roles(like),
        )
        return Search(
            name=said.get("name", loaded.name),
            title=said.get("title", loaded.title),
            file=shown,
            scenario=self.changeable,
            reference=reference,
            balanced=balanced,
            space=space,
            objectives=objectives,
            limits=limits,
            worlds=self._worlds(str(worlds)),
            robust=str(robust),
            evaluations=self._asked("evaluations", how.get("evaluations", 480), 1),
            generation=self._asked("generation", how.get("generation", 24), 4),
            seed=self._asked("seed", how.get("seed", 1), 0),
            slices=int(how.get("slices", 10)),
            search_futures=count,
            held_out=self._asked("held_out", futures.get("held_out", 30), 2),
            draws=min(draws, count),
            households=None if households is None else int(households),
            months=self._asked("months", futures.get("months", settings.months), 1),
        )

    def _asked(self, name: str, otherwise: float, low: int) -> int:
        value = self.asked.get(name)
        return whole_number(name, int(otherwise) if value is None else value, low, SEEDS - 1)

    def _budget(self) -> int:
        given = self.asked.get("budget", self.said.get("budget"))
        if given is None:
            remedy = "add --budget '60 billion IDR/year' (budget=), or write a search file"
            self.problems.at(self.root, "a yearly budget", "none", remedy)
        elif isinstance(given, str):
            try:
                given = BUDGET.read(given)
            except UnitError as error:
                self.problems.at(self.root, f"budget: {BUDGET.expected}", f"'{given}'", str(error))
        self.problems.stop()
        if not isinstance(given, (int, float)) or not math.isfinite(given) or given <= 0:
            self.problems.at(self.node("budget"), "a budget above 0", f"{given}")
            self.problems.stop()
        return int(given)

    def _policy(self, key: str, otherwise: str) -> str:
        name = str(self.said.get(key, otherwise))
        if name and name not in self.loaded.policies:
            remedy = nearest(name, list(self.loaded.policies))
            self.problems.at(self.node(key), f"a policy of {self.loaded.path}", f"'{name}'", remedy)
            return ""
        return name

    def _last_with_mentors(self) -> str:
        named = [name for name, policy in self.loaded.policies.items() if policy.mentors.any]
        return named[-1] if named else ""

    def _worlds(self, asked: str) -> tuple[str, ...]:
        if asked == "file":
            trap = self.loaded.world.trap
            return NAMES if not isinstance(trap, bool) else ((TRAP if trap else NO_TRAP),)
        return NAMES if asked == "both" else (asked,)

    # ------------------------------------------------------------ what is paid for

    def _items(self, like: str, reference: str, budget: int, units: int, smallest: float) -> tuple[Item, ...]:
        node = self.said.get("money")
        found: list[Item] = []
        if node is None:
            named = {one.name for policy in self.loaded.policies.values() for one in policy.programmes}
            order = [name for policy in self.loaded.policies.values() for name in (p.name for p in policy.programmes)]
            found = [Item(name, smallest=smallest) for name in dict.fromkeys(order) if name in named]
            if like and self.loaded.policies[like].mentors.any:
                found.append(Item(MENTORS, smallest=smallest))
        for name, entry in (node.entries or {}).items() if node is not None else ():
            self._tried(f"money.{name}", f"{Item(name).path}.budget", replace(entry, text=_PLENTY, entries=None), like)
            bounds = {} if entry.is_null else read_section(entry, ITEM, self.problems.found)
            own = bounds.get("smallest", smallest)
            found.append(Item(name, bounds.get("at_least", 0.0), bounds.get("at_most", 1.0), own))
        if not found:
            self.problems.at(self.node("money"), "something that the budget may pay for", "nothing")
        self._nothing_besides(like, reference, {item.name for item in found})
        return tuple(self._with_desk(item, like, budget, units) for item in found)

    def _nothing_besides(self, like: str, reference: str, names: set[str]) -> None:
        """What a mix would run outside the budget would be money that nobody counts."""
        if not like or not reference:
            return
        policy, base = self.loaded.policies[like], self.loaded.policies[reference]
        always = {one.name for one in base.programmes} | {COMMUNITY + one.name for one in base.community}
        runs = [one.name for one in policy.programmes] + [COMMUNITY + one.name for one in policy.community]
        runs += [MENTORS] if policy.mentors.any and not base.mentors.any else []
        for name in runs:
            if name not in names | always:
                remedy = f"add {name}: {{}} below money, or let the mixes be like another policy"
                self.problems.at(
                    self.node("like"), "a policy of which everything is paid for", f"{like} with {name}", remedy
                )

    def _with_desk(self, item: Item, like: str, budget: int, units: int) -> Item:
        """Mentors with a coordination desk need the money of the desk before the first of them is paid."""
        if item.name != MENTORS or not like:
            return item
        desk = 12.0 * self.loaded.policies[like].mentors.desk_cost
        least = (math.floor(desk / (budget // units)) + 1) / units if desk else 0.0
        return replace(item, smallest=max(item.smallest, least))

    def _usual_roles(self, like: str) -> tuple[int, ...]:
        """Roles of the policy that mixes are like, in whole parts; empty where they are none."""
        if not like:
            return ()
        mix = self.loaded.policies[like].mentors.role_mix
        parts = [mix[role] * ROLE_UNITS for role in ROLES]
        return tuple(map(round, parts)) if all(abs(part - round(part)) < _MISSED for part in parts) else ()

    # ------------------------------------------------------------ choices, objectives, constraints

    def _choices(self, like: str) -> tuple[Choice, ...]:
        node = self.said.get("choices")
        found = []
        for path, entry in (node.entries or {}).items() if node is not None else ():
            items = entry.items if entry.items is not None else (entry,)
            texts = tuple(item.text or "" for item in items)
            if any(item.text is None for item in items) or len(set(texts)) < 2:
                self.problems.at(
                    entry, "a list of two or more different values", remedy="as [round_robin, poorest_first]"
                )
                continue
            for item in items:
                self._tried(f"choices.{path}", path, item, like)
            found.append(Choice(path, texts))
        return tuple(found)

    def _tried(self, key: str, path: str, item: Node, like: str) -> None:
        """Try one setting on the scenario: what is wrong with it there is a problem of this file."""
        where = f"policies.{_PROBE}.{path}"
        changes = {f"policies.{_PROBE}.like": like} if like else {}
        if path.startswith(f"{MENTORS}."):
            changes[f"policies.{_PROBE}.{MENTORS}.budget"] = _PLENTY
        try:
            self.changeable.scenario({**changes, where: item.text or ""}, origin=item.file, lines={where: item.line})
        except ScenarioError as error:
            self.problems.found += [replace(one, file=item.file, line=item.line, key=key) for one in error.problems]

    def _objectives(self) -> tuple[str, ...]:
        node = self.said.get("objectives")
        if node is None:
            return OBJECTIVES
        items = node.items if node.items is not None else (node,)
        names = []
        for item in items:
            if item.text not in AVAILABLE:
                self.problems.at(item, "an outcome", remedy=nearest(item.text or "", AVAILABLE))
            else:
                names.append(item.text)
        if len(set(names)) != len(names) or len(names) < 2:
            self.problems.at(node, "two or more different outcomes", remedy=f"as [{', '.join(OBJECTIVES)}]")
        return tuple(names)

    def _limits(self) -> tuple[Limit, ...]:
        node = self.said.get("constraints")
        found = []
        for name, entry in (node.entries or {}).items() if node is not None else ():
            if name not in MEASURES:
                self.problems.at(entry, "a measure", f"the key '{name}'", nearest(name, list(MEASURES)))
                continue
            bounds = read_section(entry, LIMIT, self.problems.found)
            if not bounds:
                self.problems.at(entry, "at_most or at_least", remedy="as {at_most: 5 %}")
            found.append(Limit(name, bounds.get("at_least"), bounds.get("at_most")))
        return tuple(found)
