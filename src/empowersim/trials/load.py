"""Load a trial file: read, merge, check everything, and give the frozen `Trial`.

All problems of a file are found in one pass and raised together as one `ScenarioError`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from empowersim.errors import Problem, ScenarioError
from empowersim.scenario.document import (
    Node,
    Passport,
    merge,
    nearest,
    parse,
    read_with_parents,
    strip_passports,
    walk,
)
from empowersim.scenario.fields import find, read_section
from empowersim.scenario.model_programmes import CONDITION, CONDITION_COLUMNS, COURSE_CHANNELS, _column_value
from empowersim.scenario.units import UnitError
from empowersim.schema import CHANNELS
from empowersim.trials import library
from empowersim.trials.fields_of import (
    ARM,
    ESTIMATE,
    FILE,
    FORCE,
    FORCED_COLUMNS,
    FORMAT_VERSION,
    OUTCOME,
    SCALES,
    SURVEY,
    VILLAGE_KEYS,
    Money,
    component,
    context,
)
from empowersim.trials.model import (
    Arm,
    Component,
    Context,
    Eligibility,
    Estimate,
    Force,
    Limit,
    Sample,
    Trial,
    Wave,
)
from empowersim.trials.survey import OUTCOMES

LATEST_SURVEY: Final = 600
"""Last month in which a survey may stand."""
_PLAIN_ARM: Final = "treated"
"""The arm whose name is left out of the names of estimates."""
_SHARES: Final = frozenset({"0/1", "0-1", "probability"})
_NO_ZERO: Final = frozenset({"SD", "index", "log", "log L", "k"})
"""Units in which no value means none: a percentage of them says nothing."""
_INFINITY: Final = float("inf")


def load(path: str | os.PathLike[str]) -> Trial:
    """Load a trial file; `path` may also be the name of a packaged trial.

    Raises `ScenarioError` with all problems of the file and of the files it extends.
    """
    return _finish(*_read(path))


def loads(text: str, name: str = "trial.yaml") -> Trial:
    """Load a trial from a text; `name` stands in messages. `extends` is looked up in the working folder."""
    problems: list[Problem] = []
    root = parse(text, name, problems)
    if root is not None and root.entries is None:
        problems.append(Problem(name, root.line, "", "keys such as arms: and surveys:", root.show()))
        root = None
    if root is not None and (asks := root.get("extends")) is not None and asks.text:
        parent = read_with_parents(Path(asks.text), asks.text, problems, asks)
        own = replace(root, entries={key: value for key, value in (root.entries or {}).items() if key != "extends"})
        root = own if parent is None else merge(parent, own)
    return _finish(root, name, problems)


def problems_of(path: str | os.PathLike[str]) -> tuple[Problem, ...]:
    """All problems of a trial file; empty where there is none."""
    try:
        load(path)
    except ScenarioError as error:
        return error.problems
    return ()


def sources(path: str | os.PathLike[str]) -> dict[str, Passport]:
    """Key path (as ``context.wage_supply``) -> passport of every number of a trial file that carries one."""
    root, _, problems = _read(path)
    if root is None:
        raise ScenarioError(problems)
    return {where: node.passport for where, node in walk(strip_passports(root)) if node.passport is not None}


def describe(trial: Trial, passports: Mapping[str, Passport] | None = None) -> list[tuple[str, str, str]]:
    """Everything a trial assumes as rows (what, value, source), for a check before it runs.

    `passports` as from `sources`; where none is given the source is empty.
    """
    known = dict(passports or {})

    def said(key: str) -> str:
        passport = known.pop(key, None)
        return "" if passport is None else f"{passport.source} ({passport.confidence})"

    rows = [("study", trial.title, trial.source), ("digest", trial.digest, "")]
    rows.append(("1 L", f"{trial.line:g} {trial.currency}", said("money.line")))
    for name, value in asdict(trial.context).items():
        if name == "villages":
            rows += [(column, f"{own:g}", said(f"context.{column}")) for column, own in value.items()]
        else:
            shown = ("yes" if value else "no") if name == "trap" else f"{value:g}"
            rows.append((name, shown, said(f"context.{name}")))
    sample, rules = trial.sample, trial.eligibility
    rows.append(
        ("households", f"{sample.villages} villages of {sample.households_per_village}", said("population.villages"))
    )
    rows.append(("eligible", f"poorest {rules.poorest:.0%}", said("eligibility.poorest")))
    rows.append(("error of the ranking", f"{rules.ranking_noise:g}", said("eligibility.ranking_noise")))
    rows.append(("weight on assets", f"{rules.weight_on_assets:g}", said("eligibility.weight_on_assets")))
    for limit in rules.limits:
        rows.append((f"eligible: {limit.column}", _between(limit), said(f"eligibility.where.{limit.column}")))
    rows.append(("randomised", f"by {trial.unit}, reach {trial.reach:.0%}", said("randomisation.reach")))
    rows.append(("competence of visitors", f"{trial.competence:g}", said("visitors.competence")))
    for arm in trial.arms:
        key = f"arms.{arm.name}"
        rows.append(
            (f"arm {arm.name}", f"share {arm.share:g}, take-up {arm.take_up:.0%}", said(f"{key}.take_up")),
        )
        for part in arm.components:
            doses = ", ".join(f"{channel} {dose:g}" for channel, dose in part.doses.items())
            doses += " a month" if part.months > 1 else ""
            extra = "" if part.share >= 1.0 else f", to {part.share:.0%}"
            extra += "" if part.drop_out <= 0.0 else f", {part.drop_out:.1%} leave a month"
            rows.append((f"arm {arm.name}", f"{_when(part.first, part.months)}: {doses}{extra}", ""))
        for force in arm.forces:
            text = f"{_when(force.first, force.months)}: {force.column} held at {force.value:g}"
            rows.append((f"arm {arm.name}", text, ""))
    for wave in trial.waves:
        rows.append(
            (f"survey in month {wave.month}", f"attrition {wave.attrition:.0%}", said(f"surveys.{wave.name}.attrition"))
        )
    for estimate in trial.estimates:
        text = f"{estimate.outcome}, {estimate.arm} against {estimate.against}, month {estimate.wave}"
        rows.append((f"estimate {estimate.name}", f"{text}, {estimate.scale}, {estimate.on}", ""))
    rows += [(key, "as above", said(key)) for key in tuple(known)]
    return rows


def _between(limit: Limit) -> str:
    if limit.low == limit.high:
        return f"{limit.low:g}"
    low = "" if limit.low == -_INFINITY else f"at least {limit.low:g}"
    high = "" if limit.high == _INFINITY else f"at most {limit.high:g}"
    return ", ".join(part for part in (low, high) if part)


def _when(first: int, months: int) -> str:
    return f"month {first}" if months == 1 else f"months {first}-{first + months - 1}"


def _read(path: str | os.PathLike[str]) -> tuple[Node | None, str, list[Problem]]:
    problems: list[Problem] = []
    found = library.find(path)
    shown = os.fspath(found)
    return read_with_parents(found, shown, problems), shown, problems


def _of_trials(problem: Problem) -> Problem:
    """The problem in the words of trials: what reads a file was made for scenarios."""
    return replace(problem, expected=problem.expected.replace("scenario file", "trial file"))


def _finish(root: Node | None, shown: str, problems: list[Problem]) -> Trial:
    trial = None
    if root is not None:
        trial = _Loader(strip_passports(root), shown, problems).trial()
    if problems or trial is None:
        once = dict.fromkeys(map(_of_trials, problems))
        raise ScenarioError(sorted(once, key=lambda one: (one.file != shown, one.file, one.line)))
    return trial


def digest_of(trial: Trial) -> str:
    """Digest of all that moves results: no name, title, source or file."""
    parts = _canonical(asdict(replace(trial, name="", title="", source="", file="", digest="")))
    text = json.dumps({"format": FORMAT_VERSION, **parts}, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _canonical(value: Any) -> Any:
    """Plain value for the digest; numbers to 12 digits, so that 35 % and 0.35 are the same."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_canonical(item) for item in value]
    if isinstance(value, (bool, str)):
        return value
    return f"{float(value):.12g}"


class _Loader:
    """One pass over a merged tree; collects problems."""

    def __init__(self, root: Node, shown: str, problems: list[Problem]) -> None:
        self.root = root
        self.shown = shown
        self.problems = problems
        self.money = Money()
        self.beginnings: list[tuple[Node, int]] = []
        """Where each part of an arm says its months, and the first of them."""

    def trial(self) -> Trial | None:
        """The trial, or None where the problems leave nothing to build."""
        version = self.root.get("trial")
        if version is not None and version.text != str(FORMAT_VERSION):
            remedy = f"write trial: {FORMAT_VERSION}, or use the program that reads this format"
            self.problems.append(version.problem(f"format version {FORMAT_VERSION}", remedy=remedy))
            return None
        before = len(self.problems)
        top = read_section(self.root, FILE, self.problems)
        self._read_money(top.get("money", {}))
        place = self._context(top.get("context"))
        said = top.get("population", {})
        sample = Sample(int(said.get("villages", 100)), int(said.get("households_per_village", 50)))
        eligibility = self._eligibility(top.get("eligibility", {}))
        arms = self._arms(top.get("arms"))
        waves = self._waves(top.get("surveys"))
        self._check_beginnings(waves)
        estimates: dict[str, Estimate] = {}
        if arms and waves:
            self._outcomes(top.get("outcomes"), arms, waves, estimates)
            self._estimates(top.get("estimates"), arms, waves, estimates)
        name = Path(self.shown).stem
        unit = top.get("randomisation", {}).get("unit", "village")
        assigned = sum(arm.share > 0.0 for arm in arms)
        if unit == "village" and sample.villages < assigned and len(self.problems) == before:
            where = find(find(self.root, "population"), "villages") or self.root
            remedy = "add villages, or write randomisation: {unit: household}"
            self.problems.append(where.problem(f"a village for each of {assigned} arms", remedy=remedy))
        if len(self.problems) > before:
            return None
        trial = Trial(
            name=name,
            title=top.get("title", name),
            source=top.get("source", ""),
            context=place,
            sample=sample,
            eligibility=eligibility,
            arms=arms,
            waves=waves,
            estimates=tuple(estimates.values()),
            unit=unit,
            competence=top.get("visitors", {}).get("competence", Trial.competence),
            reach=top.get("randomisation", {}).get("reach", Trial.reach),
            currency=self.money.currency,
            line=self.money.line,
            burn_in=int(said.get("burn_in", Trial.burn_in)),
            file=self.shown,
        )
        return replace(trial, digest=digest_of(trial))

    def _read_money(self, said: Mapping[str, Any]) -> None:
        currency, line = said.get("currency", "L"), said.get("line")
        node = find(self.root, "money")
        if line is None and currency != "L" and find(node, "line") is None and node is not None:
            expected = f"the price of 1 L in {currency}"
            remedy = "add line: (one month of the poverty-line budget of a household)"
            self.problems.append(node.problem(expected, "none", remedy))
        if currency == "L" and line not in (None, 1.0) and node is not None:
            remedy = "name the currency, as currency: USD PPP, or delete line"
            self.problems.append(node.problem("a line of 1 where amounts are in L", f"{line:g}", remedy))
        self.money = Money(currency, line or 1.0)

    # ------------------------------------------------------------ context and eligibility

    def _context(self, node: Node | None) -> Context:
        if node is None:
            return Context()
        said = read_section(node, context(self.money), self.problems)
        villages = {name: float(said.pop(name)) for name in VILLAGE_KEYS if name in said}
        return Context(villages=villages, **said)

    def _eligibility(self, said: Mapping[str, Any]) -> Eligibility:
        values = {name: said[name] for name in ("poorest", "ranking_noise", "weight_on_assets") if name in said}
        if values.get("poorest", 1.0) <= 0.0:
            node = find(find(self.root, "eligibility"), "poorest")
            assert node is not None
            self.problems.append(node.problem("a share above 0", remedy="write 100 % for everybody"))
        return Eligibility(limits=self._limits(said.get("where")), **values)

    def _limits(self, node: Node | None) -> tuple[Limit, ...]:
        """Bounds of eligibility, in the order of the columns."""
        found: dict[str, Limit] = {}
        for column, entry in self._entries(node, "columns of a household").items():
            if column not in CONDITION_COLUMNS:
                remedy = nearest(column, CONDITION_COLUMNS)
                self.problems.append(entry.problem("a column of a household", f"the key '{column}'", remedy))
                continue
            if entry.is_null:
                continue
            if entry.text is not None:
                value = self._column(column, entry)
                if value is not None:
                    found[column] = Limit(column, value, value)
                continue
            asked = read_section(entry, CONDITION, self.problems)
            if "observed" in asked:
                told = (entry.entries or {})["observed"]
                self.problems.append(told.problem("at_least, at_most or is", "observed", "use poorest: instead"))
            ends = {key: self._column(column, (entry.entries or {})[key]) for key in _BOUNDS if key in asked}
            if None in ends.values():
                continue
            if not ends or ("is" in ends and len(ends) > 1):
                found_text, remedy = ("is: with another bound", "delete one of them") if ends else ("none of them", "")
                self.problems.append(entry.problem("at_least, at_most or is", found_text, remedy))
                continue
            low, high = ends.get("is", ends.get("at_least", -_INFINITY)), ends.get("is", ends.get("at_most", _INFINITY))
            assert low is not None
            assert high is not None
            if low > high:
                text = f"at_least {low:g} above at_most {high:g}"
                self.problems.append(entry.problem("a range that somebody can be in", text, "swap the two"))
                continue
            found[column] = Limit(column, low, high)
        return tuple(found[column] for column in CONDITION_COLUMNS if column in found)

    def _column(self, column: str, node: Node) -> float | None:
        try:
            return _column_value(column, node.text or "")
        except UnitError as error:
            self.problems.append(node.problem(f"a value of {column}", remedy=str(error)))
            return None

    # ------------------------------------------------------------ arms

    def _arms(self, node: Node | None) -> tuple[Arm, ...]:
        if node is None:
            return (Arm("control"),)
        arms = []
        before = len(self.problems)
        for name, entry in self._entries(node, "arms, each with what it gives").items():
            if not _is_name(name):
                remedy = "use letters, digits and underscores, beginning with a letter"
                self.problems.append(entry.problem("the name of an arm", f"'{name}'", remedy))
            asked = {} if entry.is_null else read_section(entry, ARM, self.problems)
            arms.append(
                Arm(
                    name=name,
                    components=self._components(asked.get("gives")),
                    take_up=asked.get("take_up", 1.0),
                    forces=self._forces(asked.get("forces")),
                    share=asked.get("share", 1.0),
                )
            )
        if len(self.problems) > before:
            return ()
        if not arms:
            self.problems.append(node.problem("at least one arm", "none", "add control: {}"))
        elif arms[0].share <= 0.0:
            first = (node.entries or {})[arms[0].name]
            self.problems.append(first.problem("a share above 0 of the comparison (the first arm)", "0"))
        return tuple(arms)

    def _components(self, node: Node | None) -> tuple[Component, ...]:
        found = []
        for entry in self._parts(node, "components, as [{visits: 4, months: 1-24}]"):
            before = len(self.problems)
            said = read_section(entry, component(self.money), self.problems)
            when = self._when(entry, said)
            doses = {channel: said[channel] for channel in CHANNELS if channel in said}
            if not doses and len(self.problems) == before:
                self.problems.append(entry.problem("something that households get", "nothing", "add a channel"))
            if len(self.problems) > before or when is None:
                continue
            for channel in COURSE_CHANNELS:
                if channel in doses:
                    doses[channel] /= when[1]
            found.append(Component(doses, *when, said.get("drop_out", 0.0), said.get("share", 1.0)))
        return tuple(found)

    def _forces(self, node: Node | None) -> tuple[Force, ...]:
        found = []
        for entry in self._parts(node, "states, as [{illness: 2, months: 1-4}]"):
            if entry.entries is None:
                self.problems.append(entry.problem("a mapping (a state and its months)"))
                continue
            timing = {key: value for key, value in entry.entries.items() if key in FORCE.names}
            when = self._when(entry, read_section(replace(entry, entries=timing), FORCE, self.problems))
            states = {key: value for key, value in entry.entries.items() if key not in FORCE.names}
            if not states:
                self.problems.append(entry.problem("a state of a household", "none", "add for instance illness: 2"))
            for column, child in states.items():
                if column not in FORCED_COLUMNS:
                    remedy = nearest(column, (*FORCED_COLUMNS, *FORCE.names))
                    self.problems.append(child.problem("a state of a household", f"the key '{column}'", remedy))
                    continue
                value = self._column(column, child)
                if value is not None and when is not None:
                    found.append(Force(column, value, *when))
        return tuple(found)

    def _when(self, entry: Node, said: Mapping[str, Any]) -> tuple[int, int] | None:
        """(First month, months) of a part of an arm; a problem where none or two are said."""
        given = [key for key in ("month", "months") if find(entry, key) is not None]
        if len(given) > 1:
            self.problems.append(entry.problem("month or months, not both", "both", "delete one of them"))
            return None
        if not given:
            if entry.entries is not None:
                self.problems.append(entry.problem("month or months", "neither", "add months: 1-24 or month: 1"))
            return None
        when: tuple[int, int] | None = said.get(given[0])
        if when is not None:
            self.beginnings.append((find(entry, given[0]) or entry, when[0]))
        return when

    def _check_beginnings(self, waves: tuple[Wave, ...]) -> None:
        """A problem for each part of an arm that no survey can see."""
        if not waves:
            return
        last = waves[-1].month
        for node, first in self.beginnings:
            if first > last:
                found = f"one that begins in month {first}, after the last survey ({last})"
                remedy = f"begin by month {last}, add a later survey, or delete this part"
                self.problems.append(node.problem("a part of an arm that a survey can see", found, remedy))

    # ------------------------------------------------------------ surveys and estimates

    def _waves(self, node: Node | None) -> tuple[Wave, ...]:
        if node is None:
            return ()
        if node.entries is not None:
            told = list(node.entries.items())
        else:
            told = [(item.text or "", item) for item in (node.items if node.items is not None else (node,))]
        waves = []
        for name, entry in told:
            if not name.isdecimal() or not 0 <= int(name) <= LATEST_SURVEY:
                found = f"the key '{name}'" if node.entries is not None else ""
                expected = f"the month of a survey, 0 (baseline) to {LATEST_SURVEY}"
                self.problems.append(entry.problem(expected, found))
                continue
            options = node.entries is not None and not entry.is_null
            said = read_section(entry, SURVEY, self.problems) if options else {}
            if said.get("attrition", 0.0) >= 1.0:
                where = find(entry, "attrition") or entry
                self.problems.append(where.problem("a share below 100 %", remedy="lower the attrition"))
            waves.append(Wave(str(int(name)), int(name), said.get("attrition", 0.0)))
        months = [wave.month for wave in waves]
        for month in sorted({month for month in months if months.count(month) > 1}):
            self.problems.append(node.problem("each survey once", f"month {month} twice", "delete one of the two"))
        if not told:
            self.problems.append(node.problem("at least one survey", "none", "add for instance surveys: [12, 24]"))
        return tuple(sorted(waves, key=lambda wave: wave.month))

    def _outcomes(
        self, node: Node | None, arms: tuple[Arm, ...], waves: tuple[Wave, ...], into: dict[str, Estimate]
    ) -> None:
        """Estimates of the short form: each outcome for each arm, survey and scale, named after them."""
        if node is None:
            return
        if node.items is not None or node.text is not None:
            items = node.items if node.items is not None else (node,)
            told = [(item.text or "", item, True) for item in items]
        else:
            told = [(name, entry, entry.is_null) for name, entry in (node.entries or {}).items()]
        treated = [arm.name for arm in arms[1:] if arm.share > 0.0]
        after = [wave.name for wave in waves if wave.month > 0]
        if len(arms) == 1:
            self.problems.append(
                node.problem("a second arm to compare with the first", "one arm", "add it under arms:")
            )
            return
        for outcome, entry, plain in told:
            if not self._is_outcome(outcome, entry, keyed=node.entries is not None):
                continue
            said: dict[str, Any] = {}
            if entry.entries is not None:
                said = read_section(entry, OUTCOME, self.problems)
                scales = self._list(said.get("as"), "a scale", SCALES)
            else:
                scales = None if plain else self._list(entry, "a scale", SCALES)
            chosen = self._list(said.get("arms"), "an arm of this file", tuple(arm.name for arm in arms[1:]))
            months = self._list(said.get("surveys"), "a survey of this file", tuple(wave.name for wave in waves))
            for scale in scales or (_usual_scale(outcome),):
                if not self._fits(outcome, scale, entry):
                    continue
                for arm in chosen or treated:
                    prefix = "" if arm == _PLAIN_ARM or treated == [arm] else f"{arm}_"
                    for month in months or after:
                        name = f"{prefix}{outcome}_{month}_{scale}"
                        into[name] = Estimate(name, outcome, arm, arms[0].name, month, scale, said.get("on", "offered"))

    def _estimates(
        self, node: Node | None, arms: tuple[Arm, ...], waves: tuple[Wave, ...], into: dict[str, Estimate]
    ) -> None:
        names = tuple(arm.name for arm in arms)
        for name, entry in self._entries(node, "estimates, each with its outcome").items():
            if entry.is_null:
                into.pop(name, None)
                continue
            before = len(self.problems)
            said = read_section(entry, ESTIMATE, self.problems)
            outcome = said.get("outcome", "")
            if outcome:
                self._is_outcome(outcome, (entry.entries or {})["outcome"], keyed=False)
            arm = self._one(entry, said, "arm", names, names[1] if len(names) > 1 else "")
            against = self._one(entry, said, "against", names, names[0])
            month = self._one(entry, said, "survey", tuple(wave.name for wave in waves), waves[-1].name)
            if len(self.problems) > before:
                continue
            if arm == against:
                self.problems.append(entry.problem("two different arms", f"'{arm}' twice", "name another arm"))
                continue
            scale = said.get("as", _usual_scale(outcome))
            if self._fits(outcome, scale, find(entry, "as") or entry):
                into[name] = Estimate(name, outcome, arm, against, month, scale, said.get("on", "offered"))

    def _is_outcome(self, name: str, node: Node, *, keyed: bool) -> bool:
        if name in OUTCOMES:
            return True
        found = f"the key '{name}'" if keyed else ""
        self.problems.append(node.problem("an outcome of a survey", found, nearest(name, tuple(OUTCOMES))))
        return False

    def _fits(self, outcome: str, scale: str, node: Node) -> bool:
        """Whether a scale makes sense for an outcome; a problem where it does not."""
        unit = OUTCOMES[outcome].unit
        if scale in ("points", "odds_ratio") and unit not in _SHARES:
            expected = f"a scale for {outcome} ({unit})"
            self.problems.append(node.problem(expected, f"{scale}, which is for shares", "write sd, percent or level"))
            return False
        if scale == "percent" and unit in _NO_ZERO:
            found = "percent, but the outcome has no natural zero"
            self.problems.append(node.problem(f"a scale for {outcome} ({unit})", found, "write sd or level"))
            return False
        return True

    def _one(self, entry: Node, said: Mapping[str, Any], key: str, names: tuple[str, ...], default: str) -> str:
        """A name said in an estimate, or its default; a problem where it is not one of `names`."""
        value = str(said.get(key, default))
        if value not in names:
            what = "a survey" if key == "survey" else "an arm"
            node = find(entry, key) or entry
            found = "" if find(entry, key) else "none"
            self.problems.append(node.problem(f"{what} of this file", found, nearest(value, names)))
        return value

    # ------------------------------------------------------------ small readers

    def _entries(self, node: Node | None, what: str) -> dict[str, Node]:
        """Entries of a mapping; a problem where it is something else."""
        if node is None:
            return {}
        if node.entries is None:
            self.problems.append(node.problem(f"a mapping ({what})"))
            return {}
        return node.entries

    def _parts(self, node: Node | None, what: str) -> list[Node]:
        """Parts of an arm: the items of a list, or the values of a mapping of names to parts."""
        if node is None:
            return []
        if node.items is not None:
            return list(node.items)
        if node.entries is None:
            self.problems.append(node.problem(f"a list of {what}, or a mapping of names to them"))
            return []
        parts = []
        for name, child in node.entries.items():
            if child.is_null:
                continue
            if child.entries is None:
                remedy = f"write [{{{name}: {child.text}, months: 1-24}}]" if child.text else ""
                self.problems.append(child.problem(f"a list of {what}, or a mapping of names to them", remedy=remedy))
                continue
            parts.append(child)
        return parts

    def _list(self, node: Node | None, what: str, names: tuple[str, ...]) -> tuple[str, ...] | None:
        """Names of a list or a single one; a problem for each that is unknown."""
        if node is None:
            return None
        items = node.items if node.items is not None else (node,)
        found = []
        for item in items:
            if item.text in names:
                found.append(str(item.text))
            else:
                self.problems.append(item.problem(what, remedy=nearest(item.text or "", names)))
        return tuple(found)


_BOUNDS: Final = ("at_least", "at_most", "is")


def _is_name(name: str) -> bool:
    return name.isidentifier() and name.isascii()


def _usual_scale(outcome: str) -> str:
    """Scale of an outcome where the file names none."""
    unit = OUTCOMES[outcome].unit
    if unit in ("0/1", "probability"):
        return "points"
    return "sd" if unit in _NO_ZERO else "percent"
