"""Load a scenario file: read, merge, check everything, and give the frozen `Scenario`.

All problems of a file are found in one pass and raised together as one `ScenarioError`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from empowersim.errors import ParameterError, Problem, ScenarioError
from empowersim.parameters.places import place as place_of
from empowersim.scenario import library, ready
from empowersim.scenario.check_community import partner_share, read_communities
from empowersim.scenario.check_mentors import check_where, read_mentors
from empowersim.scenario.document import Node, merge, nearest, parse, read_with_parents, strip_passports
from empowersim.scenario.fields import find, read_section
from empowersim.scenario.model import (
    CONDITION,
    CONDITION_COLUMNS,
    ECONOMICS,
    FILE,
    FORMAT_VERSION,
    MOST_CONDITIONS,
    OBSERVED_COLUMNS,
    POLICY,
    PROGRAMME,
    SIMULATION,
    ConditionDocument,
    PolicyDocument,
    ProgrammeDocument,
    Scenario,
    Settings,
    SurveyDocument,
    World,
    _column_value,
)
from empowersim.scenario.survey_source import mapping_problems
from empowersim.scenario.units import UnitError

SHARED_KEYS = ("programmes", "mentors", "community", "sharing", "runs_for")
"""Keys of base that every policy starts from, and the only ones that a policy may change."""
INFINITY = float("inf")


def load(path: str | os.PathLike[str], *, survey: str | os.PathLike[str] | None = None) -> Scenario:
    """Load the scenario file at `path`; `survey` names the survey file instead of the one the scenario names.

    A bare name, as `medan`, is the ready scenario of that name (`scenario.ready`). Raises `ScenarioError` with all
    problems of the file (and of the files it extends).

    Examples:
        >>> from empowersim.scenario.load import load
        >>> medan = load("scenarios/medan.yaml")
        >>> medan.name, medan.reference, len(medan.policies)
        ('medan', 'no_programme', 9)

    """
    problems: list[Problem] = []
    found = ready.find(path)
    shown = os.fspath(path if found == Path(path) else found)
    root = read_with_parents(found, shown, problems)
    return finish(root, shown, problems, os.fspath(survey) if survey is not None else "")


def loads(text: str, name: str = "scenario.yaml") -> Scenario:
    r"""Load a scenario from a text; `name` stands in messages. `extends` is looked up in the working folder.

    Examples:
        >>> from empowersim.scenario.load import loads
        >>> loads("empowersim: 1\nname: x\nbase: {world: {place: medan_urbann}}\npolicies: {none: {}}")
        Traceback (most recent call last):
        empowersim.errors.ScenarioError: ...did you mean medan_urban?

    """
    problems: list[Problem] = []
    root = parse(text, name, problems)
    if root is not None and root.entries is None:
        problems.append(Problem(name, root.line, "", "keys such as base: and policies:", root.show()))
        root = None
    if root is not None and (asks := root.get("extends")) is not None and asks.text:
        parent = read_with_parents(ready.find(asks.text), asks.text, problems, asks)
        own = replace(root, entries={key: value for key, value in (root.entries or {}).items() if key != "extends"})
        root = own if parent is None else merge(parent, own)
    return finish(root, name, problems, "")


def problems_of(path: str | os.PathLike[str]) -> tuple[Problem, ...]:
    """All problems of a scenario file; empty where there is none."""
    try:
        load(path)
    except ScenarioError as error:
        return error.problems
    return ()


def finish(root: Node | None, shown: str, problems: list[Problem], survey: str) -> Scenario:
    """Check a merged tree and make the scenario; `problems` so far. Raises `ScenarioError` with all of them."""
    scenario = None
    if root is not None:
        scenario = _Loader(strip_passports(root), shown, problems, survey).scenario()
    if problems or scenario is None:
        raise ScenarioError(_sorted(problems, shown))
    return scenario


def _sorted(problems: list[Problem], shown: str) -> list[Problem]:
    """Problems once each, the file's own first, by line."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file != shown, problem.file, problem.line))


class _Loader:
    """One pass over a merged tree; collects problems."""

    def __init__(self, root: Node, shown: str, problems: list[Problem], survey: str) -> None:
        self.root = root
        self.shown = shown
        self.problems = problems
        self.survey = survey
        self.define: dict[str, Node] = {}
        self.broken: set[str] = set()
        """Programmes of `define` whose problems are told already."""

    def scenario(self) -> Scenario | None:
        """The scenario, or None where the problems leave nothing to build."""
        version = self.root.get("empowersim")
        if version is not None and version.text != str(FORMAT_VERSION):
            remedy = f"write empowersim: {FORMAT_VERSION}, or use the program that reads this format"
            self.problems.append(version.problem(f"format version {FORMAT_VERSION}", remedy=remedy))
            return None
        before = len(self.problems)
        top = self._top()
        base = self.root.get("base")
        self.define = self._definitions(top.get("define"))
        policies = self._policies(base, top.get("policies"))
        settings = self._settings(base, top.get("base", {}))
        world, survey = self._world(base, top.get("base", {}), settings)
        if world is not None:
            regions = [region.name for region in place_of(world.place).regions]
            for name, policy in policies.items():
                check_where(name, policy.mentors, world.place, regions, self.problems)
        if "policies" in top and not top["policies"].entries:
            self.problems.append(top["policies"].problem("at least one policy", "none", "add no_programme: {}"))
        reference = self._reference(top, policies)
        if len(self.problems) > before or world is None or settings is None:
            return None
        if find(find(base, "simulation"), "households") is None:
            settings = replace(settings, households=None if survey is not None else self._slice(world, settings))
        scenario = Scenario(
            name=top["name"],
            title=top.get("title", dict.fromkeys(("en", "id"), top["name"])),
            note=top.get("note", ""),
            path=self.shown,
            digest="",
            reference=reference,
            settings=settings,
            world=world,
            survey=survey,
            parameters=top["base"].get("parameters", {}),
            policies=policies,
            factors=top["base"].get("factors", {}).get("off", ()),
            survey_path=self.survey,
        )
        return replace(scenario, digest=digest_of(scenario))

    @staticmethod
    def _slice(world: World, settings: Settings) -> int:
        """Households simulated where the file does not say: the default, or all of a small world."""
        represented = int(world.households or place_of(world.place).households)
        return min(settings.households or represented, represented)

    def _top(self) -> dict[str, Any]:
        """Values of the file's own keys, base read along."""
        return read_section(self.root, FILE, self.problems)

    # ------------------------------------------------------------ programmes

    def _definitions(self, node: Node | None) -> dict[str, Node]:
        """Programmes defined in the file, with what they start from laid under."""
        raw = dict(node.entries or {}) if node is not None else {}
        found: dict[str, Node] = {}
        for name, entry in raw.items():
            if entry.is_null:
                continue
            if entry.entries is None:
                self.problems.append(entry.problem("a mapping (settings of a programme)"))
                continue
            whole = self._on_parent(name, entry, raw, (name,))
            if whole is not None:
                found[name] = whole
            else:
                self.broken.add(name)
        for name, entry in found.items():
            self._programme(name, entry, offered=False)
        return found

    def _on_parent(self, name: str, entry: Node, raw: Mapping[str, Node], chain: tuple[str, ...]) -> Node | None:
        """`entry` laid on the programme that it is `like`, or on the library programme of its own name.

        None, with a problem, where there is no such programme.
        """
        asks = entry.get("like")
        shipped = library.programmes()
        own = replace(entry, entries={key: value for key, value in (entry.entries or {}).items() if key != "like"})
        if asks is None:
            return merge(shipped[name], own) if name in shipped else own
        wanted = asks.text or ""
        if wanted in raw and wanted not in chain:
            parent = raw[wanted]
            under = self._on_parent(wanted, parent, raw, (*chain, wanted)) if parent.entries is not None else None
            return None if under is None else merge(under, own)
        if wanted in shipped:
            return merge(shipped[wanted], own)
        if wanted in raw:
            circle = " -> ".join((*chain, wanted))
            self.problems.append(
                asks.problem("programmes that are not like each other in a circle", circle, "remove this line")
            )
            return None
        names = (*raw, *shipped)
        self.problems.append(asks.problem("a programme of the library or of define", remedy=nearest(wanted, names)))
        return None

    def _programmes(self, node: Node | None) -> tuple[ProgrammeDocument, ...]:
        """Programmes of a policy, in the order of their names."""
        found = []
        names = (*self.define, *library.programmes())
        for name, entry in (node.entries or {}).items() if node is not None else ():
            known = name in self.define or name in library.programmes() or name in self.broken
            if not known and find(entry, "like") is None:
                expected = "a programme of the library or of define"
                self.problems.append(entry.problem(expected, f"the key '{name}'", nearest(name, names)))
                continue
            if entry.is_null or name in self.broken:
                continue
            if entry.entries is None:
                self.problems.append(entry.problem("a mapping (settings of a programme)"))
                continue
            if find(entry, "like") is not None:
                whole = self._on_parent(name, entry, self.define, (name,))
            else:
                whole = merge(self.define.get(name) or library.programmes()[name], entry)
            if whole is None:
                continue
            document = self._programme(name, replace(whole, path=entry.path), offered=True)
            if document is not None:
                found.append(document)
        return tuple(sorted(found, key=lambda programme: programme.name))

    def _programme(self, name: str, node: Node, *, offered: bool) -> ProgrammeDocument | None:
        """Check one programme; `offered` ones need a budget or places."""
        before = len(self.problems)
        said = read_section(node, PROGRAMME, self.problems)
        conditions = self._conditions(said.get("eligible"))
        for key in ("targeting_noise", "priority", "take_up", "drop_out", "children", "first_intake", "intake_every"):
            if key not in said and find(node, key) is None:
                said[key] = PROGRAMME.field(key).type.read(library.default("programme", key), self.problems)
        budget, places = find(node, "budget"), find(node, "places")
        if budget is not None and places is not None:
            where = max(budget, places, key=lambda one: (one.file == self.shown, one.line))
            self.problems.append(where.problem("budget or places, not both", "both", "keep the one that is decided"))
        first, last = said.get("first_intake"), said.get("last_intake")
        if first is not None and last is not None and last < first:
            entry = find(node, "last_intake")
            assert entry is not None
            found = f"month {last:g} before the first intake in month {first:g}"
            self.problems.append(entry.problem("a last intake after the first", found, "swap the two"))
        if offered and budget is None and places is None:
            remedy = "add budget: 10 billion IDR/year or places: 1000 places/year"
            self.problems.append(node.problem("a budget or places", "neither", remedy))
        if not said.get("gives") and find(node, "gives") is None:
            remedy = "add gives: {technical: 1 course} or another channel"
            self.problems.append(node.problem("something that households get (gives)", "nothing", remedy))
        if len(self.problems) > before:
            return None
        document = ProgrammeDocument(
            name=name,
            label=said.get("label", dict.fromkeys(("en", "id"), name.replace("_", " ").capitalize())),
            meaning=said.get("meaning", ""),
            budget=said.get("budget"),
            places=said.get("places"),
            conditions=conditions,
            targeting_noise=said["targeting_noise"],
            priority=said["priority"],
            take_up=said["take_up"],
            drop_out=said["drop_out"],
            duration=int(said["duration"]),
            gives={key: said["gives"][key] for key in sorted(said["gives"])},
            demand=said.get("demand", {}),
            partner=partner_share(find(node, "paid_by"), said.get("paid_by"), self.problems),
            per_child=said.get("per_child", False),
            children=said["children"],
            cost_per_place=said.get("cost_per_place", 0.0),
            cost_per_month=said.get("cost_per_month", 0.0),
            overhead=said.get("overhead", 0.0),
            first_intake=int(said["first_intake"]),
            last_intake=None if last is None else int(last),
            intake_every=int(said["intake_every"]),
            once=said.get("once", True),
            node=node,
        )
        if document.budget and document.unit_cost <= 0.0:
            assert budget is not None
            remedy = "add cost_per_place, or give places instead of a budget"
            self.problems.append(
                budget.problem("a programme whose places cost something", "a cost of 0 a place", remedy)
            )
            return None
        return document

    def _conditions(self, node: Node | None) -> tuple[ConditionDocument, ...]:
        """Conditions of eligibility, in the order of the columns."""
        found: dict[str, ConditionDocument] = {}
        for column, entry in (node.entries or {}).items() if node is not None else ():
            if column not in CONDITION_COLUMNS:
                expected = "a column of a household"
                self.problems.append(entry.problem(expected, f"the key '{column}'", nearest(column, CONDITION_COLUMNS)))
                continue
            if entry.is_null:
                continue
            if entry.text is not None:
                remedy = f"write {column}: {{at_most: {entry.text}}} or {{at_least: ...}} or {{is: ...}}"
                self.problems.append(entry.problem("at_least, at_most or is", remedy=remedy))
                continue
            said = read_section(entry, CONDITION, self.problems)
            value = {key: self._column(column, entry, key) for key in ("at_least", "at_most", "is") if key in said}
            if None in value.values():
                continue
            if "is" in value and len(value) > 1:
                self.problems.append(entry.problem("is: alone", "is: with another bound", "delete one of them"))
                continue
            if not value:
                self.problems.append(entry.problem("at_least, at_most or is", "none of them"))
                continue
            low = value.get("is", value.get("at_least", -INFINITY))
            high = value.get("is", value.get("at_most", INFINITY))
            assert low is not None
            assert high is not None
            if low > high:
                found_text = f"at_least {low:g} above at_most {high:g}"
                self.problems.append(entry.problem("a range that somebody can be in", found_text, "swap the two"))
                continue
            observed = said.get("observed", column in OBSERVED_COLUMNS)
            found[column] = ConditionDocument(column, low, high, observed)
        if len(found) > MOST_CONDITIONS and node is not None:
            self.problems.append(node.problem(f"at most {MOST_CONDITIONS} columns", f"{len(found)}", "drop some"))
        return tuple(found[column] for column in CONDITION_COLUMNS if column in found)

    def _column(self, column: str, entry: Node, key: str) -> float | None:
        node = (entry.entries or {})[key]
        try:
            return _column_value(column, node.text or "")
        except UnitError as error:
            self.problems.append(node.problem(f"a value of {column}", remedy=str(error)))
            return None

    # ------------------------------------------------------------ policies

    def _policies(self, base: Node | None, node: Node | None) -> dict[str, PolicyDocument]:
        raw = dict(node.entries or {}) if node is not None else {}
        shared = {
            key: value for key, value in ((base.entries if base else None) or {}).items() if key.startswith(SHARED_KEYS)
        }
        start = Node(self.shown, base.line if base else 1, "base", entries=shared)
        # base alone, so that what every policy replaces is checked too
        self._policy("", start)
        found = {}
        for name, written in raw.items():
            entry = replace(written, text=None, quoted=False, entries={}) if written.is_null else written
            if entry.entries is None:
                self.problems.append(entry.problem("a mapping (what the policy does differently)"))
                continue
            document = self._policy(name, self._resolved(name, entry, start, raw, (name,)))
            if document is not None:
                found[name] = document
        return found

    def _resolved(self, name: str, entry: Node, start: Node, raw: Mapping[str, Node], chain: tuple[str, ...]) -> Node:
        asks = entry.get("like")
        if asks is None:
            return merge(start, entry)
        wanted = asks.text or ""
        if wanted in chain:
            circle = " -> ".join((*chain, wanted))
            self.problems.append(
                asks.problem("policies that are not like each other in a circle", circle, "remove this line")
            )
            return merge(start, entry)
        parent = raw.get(wanted)
        if parent is None or parent.entries is None:
            others = [other for other in raw if other != name]
            self.problems.append(asks.problem("a policy of this file", remedy=nearest(wanted, others)))
            return merge(start, entry)
        under = self._resolved(wanted, parent, start, raw, (*chain, wanted))
        inherited = {key: value for key, value in (under.entries or {}).items() if key not in ("label", "note", "like")}
        return merge(replace(under, entries=inherited), entry)

    def _policy(self, name: str, node: Node) -> PolicyDocument | None:
        before = len(self.problems)
        said = read_section(node, POLICY, self.problems)
        programmes = self._programmes(said.get("programmes"))
        mentors = read_mentors(find(node, "mentors"), self.problems)
        communities = read_communities(said.get("community"), self.shown, self.problems)
        if len(self.problems) > before or mentors is None:
            return None
        runs_for = said.get("runs_for")
        return PolicyDocument(
            name=name,
            label=said.get("label", dict.fromkeys(("en", "id"), name.replace("_", " ").capitalize())),
            note=said.get("note", ""),
            programmes=programmes,
            mentors=mentors,
            runs_for=None if runs_for is None else int(runs_for),
            community=communities,
            sharing=said.get("sharing", "equal"),
        )

    # ------------------------------------------------------------ the world

    def _settings(self, base: Node | None, said: Mapping[str, Any]) -> Settings | None:
        values: dict[str, Any] = {}
        for section in (SIMULATION, ECONOMICS):
            given = said.get(section.name, {})
            for item in section.fields:
                default = library.default(section.name, item.name)
                values[item.name] = given.get(item.name, item.type.read(default, self.problems))
        if any(value is None for value in values.values()):
            return None
        whole = {name: int(value) for name, value in values.items() if name != "discount_rate"}
        return Settings(**whole, discount_rate=float(values["discount_rate"]))

    def _world(
        self, base: Node | None, said: Mapping[str, Any], settings: Settings | None
    ) -> tuple[World | None, SurveyDocument | None]:
        given = said.get("world", {})
        survey = self._survey(find(find(base, "population"), "survey"), said.get("population", {}).get("survey"))
        if "place" not in given:
            return None, survey
        households = given.get("households")
        world = World(
            place=given["place"],
            households=None if households is None else int(households),
            poverty_line=given.get("poverty_line"),
            poverty_rate=given.get("poverty_rate"),
            price_year=None if given.get("price_year") is None else int(given["price_year"]),
            trap=given.get("trap", False),
            figures=given.get("figures", {}),
        )
        self._within_bounds(base, world)
        regions = [region.name for region in place_of(world.place).regions]
        if survey is not None and "region" not in survey.columns:
            chosen = find(survey.node, "region_type")
            if chosen is None and len(regions) > 1:
                remedy = f"add region_type: {regions[0]} (or {', '.join(regions[1:])}), or map a column region"
                self.problems.append(survey.node.problem("the region type of the households", "none", remedy))
            elif chosen is not None and survey.region_type is not None and survey.region_type not in regions:
                remedy = f"{world.place} has {', '.join(regions)}"
                self.problems.append(chosen.problem(f"a region type of {world.place}", remedy=remedy))
        if settings is not None and (survey is None or world.households is not None):
            self._fits(base, world, settings)
        return world, survey

    def _within_bounds(self, base: Node | None, world: World) -> None:
        """Figures of the place that the file changes stay within the bounds of their passports."""
        node = find(base, "world")
        for name in ("households", "poverty_line", "poverty_rate"):
            entry, value = find(node, name), getattr(world, name)
            if entry is None or value is None:
                continue
            try:
                place_of(world.place).override({name: float(value)})
            except ParameterError as error:
                self.problems.append(entry.problem(f"a value of {name} within its bounds", remedy=str(error)))

    def _fits(self, base: Node | None, world: World, settings: Settings) -> None:
        """A slice cannot be larger than what it is cut from."""
        represented = world.households or place_of(world.place).households
        node = find(find(base, "simulation"), "households")
        if node is not None and settings.households is not None and settings.households > represented:
            expected = f"at most the {represented:,.0f} households that the world represents"
            found = f"{settings.households:,} simulated ones"
            self.problems.append(node.problem(expected, found, "simulate fewer, or represent more"))

    def _survey(self, node: Node | None, said: Mapping[str, Any] | None) -> SurveyDocument | None:
        if node is None or not said:
            return None
        rate, line = find(node, "headcount"), find(node, "poverty_line")
        if (rate is None) == (line is None):
            found = "neither" if rate is None else "both"
            remedy = "add headcount: 30 % (the line is set there) or poverty_line: in the survey's own unit"
            self.problems.append(node.problem("headcount or poverty_line", found, remedy))
        if any(key not in said for key in ("file", "kind", "columns")):
            return None
        columns = find(node, "columns")
        assert columns is not None
        mapping_problems(columns, said["kind"], self.problems)
        return SurveyDocument(
            file=said["file"],
            folders=said.get("folders", ()),
            kind=said["kind"],
            columns=said["columns"],
            headcount=said.get("headcount"),
            poverty_line=said.get("poverty_line"),
            region_type=said.get("region_type"),
            obtain=said.get("obtain", ""),
            node=node,
        )

    def _reference(self, top: Mapping[str, Any], policies: Mapping[str, PolicyDocument]) -> str:
        node = find(self.root, "reference")
        names = list(top["policies"].entries or {}) if "policies" in top else []
        if node is None:
            return names[0] if names else ""
        if names and node.text not in names:
            self.problems.append(node.problem("a policy of this file", remedy=nearest(node.text or "", names)))
        return node.text or ""


# ---------------------------------------------------------------- digest


def digest_of(scenario: Scenario) -> str:
    """Digest (16 hexadecimal digits) of all that moves results: no titles, labels or notes, no order of keys."""
    parts = {
        "format": FORMAT_VERSION,
        "name": scenario.name,
        "reference": scenario.reference,
        "settings": _canonical(scenario.settings),
        "world": _canonical(scenario.world),
        "survey": _canonical(scenario.survey),
        "parameters": _canonical(scenario.parameters),
        "factors": _canonical(scenario.factors),
        "policies": _canonical(scenario.policies),
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


_SILENT = frozenset({"label", "meaning", "note", "node", "obtain", "folders"})


def _canonical(value: Any) -> Any:
    """Plain value for the digest; numbers as the shortest text that reads back to the same float."""
    if is_dataclass(value):
        return {
            item.name: _canonical(getattr(value, item.name))
            for item in dataclass_fields(value)
            if item.name not in _SILENT
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_canonical(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return repr(float(value))
