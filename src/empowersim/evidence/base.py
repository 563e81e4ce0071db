"""The evidence base as data: targets, and how each of them is read off the simulation.

``targets.csv`` holds the published rows as they were collected, ``own_targets.csv`` the few rows that the project
worked out itself, and ``rows.yaml`` says for every row how it is simulated, or why it is not.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from empowersim.errors import EmpowersimError, Problem, ScenarioError
from empowersim.scenario.document import Node, nearest, parse

FOLDER: Final = Path(__file__).parent

COLUMNS: Final = (
    "id",
    "study",
    "country",
    "arm_or_group",
    "outcome",
    "horizon_months",
    "effect",
    "unit",
    "se_or_ci",
    "n",
    "confidence",
    "citation",
    "note",
)
"""Columns of both files of targets."""

KINDS: Final = ("number", "range", "list", "sign", "order", "statement")
USES: Final = ("fitted", "predicted", "shown")
"""`fitted`: enters the calibration, or a parameter or context was set with it. `predicted`: neither. `shown`: follows
from other rows or from construction, and is counted in no score."""

THEMES: Final[dict[str, str]] = {
    "dynamics": "Income and poverty without any programme",
    "graduation": "Graduation package, six sites pooled",
    "sites": "Graduation package, site by site",
    "long_run": "The poorest and the long run",
    "trap": "The poverty trap in Bangladesh",
    "cash": "Cash",
    "business": "Business training and mentors",
    "jobs": "Training for work",
    "literacy": "Adult literacy",
    "schooling": "Schooling and tutoring",
    "health": "Health and illness",
    "other": "Other",
}
"""Themes in the order of the report, and their titles."""

NORMAL_95: Final = 1.96
"""Half width of a 95 % interval in standard errors."""

_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_INTERVAL: Final = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
_STANDARD_ERROR: Final = re.compile(r"se (\d+(?:\.\d+)?)(?: \(.*\))?")
_BOUND: Final = re.compile(rf"([<>]) ({_NUMBER})")
_SAME: Final = re.compile(r"As (\w+)(?:\.|: (.+))")
_LABEL: Final = re.compile(r"\([^()]*\)")
_SAMPLE: Final = re.compile(r"(?:about )?(\d+)(?: vs (\d+))?(?:$| in | households| births| ultra-poor)")


@dataclass(frozen=True)
class Target:
    """One published result. Texts are as collected; numbers are in the row's own `unit`, None where a text has none."""

    id: str
    study: str
    country: str
    arm: str
    outcome: str
    horizon_months: float
    """Months since the first input, or between two surveys; 0 where time plays no part."""
    effect: str
    unit: str
    se_text: str
    n: str
    confidence: str
    """A read in a source, B well known, C uncertain."""
    citation: str
    note: str
    kind: str
    """One of `KINDS`."""
    own: bool = False
    """Worked out by the project (``own_targets.csv``)."""
    value: float | None = None
    """Of a number."""
    low: float | None = None
    """Lower end of a range; None if it is open."""
    high: float | None = None
    values: tuple[float, ...] = ()
    """Of a list."""
    se: float | None = None
    """Standard error as published; of the log odds if the row is an odds ratio."""
    sample: int | None = None
    """Persons or households behind the estimate."""

    @property
    def is_odds_ratio(self) -> bool:
        """Whether the row is compared on the log scale."""
        return self.unit.startswith("odds ratio")

    @property
    def is_numeric(self) -> bool:
        """Whether a simulated number can be set against the row as it stands."""
        return self.kind in ("number", "range")


@dataclass(frozen=True)
class Mapped:
    """How a row is simulated, or why it is not: exactly one of the two."""

    id: str
    theme: str
    """One of `THEMES`."""
    trial: str = ""
    """Packaged trial whose `estimate` is the row."""
    estimate: str = ""
    statistic: str = ""
    """Name in `statistics.STATISTICS`: a number."""
    predicate: str = ""
    """Name in `statistics.PREDICATES`: holds or does not."""
    group: str = ""
    """Study, left out as a whole in leave-one-study-out."""
    use: str = ""
    """One of `USES`; empty for rows that are not simulated."""
    tau: float = 0.0
    """Standard deviation, in the row's unit (log odds for odds ratios), by which a right model may still miss the row:
    how much one place or study differs from the next."""
    why: str = ""
    """Why `tau`, and what else a reader should know of the comparison."""
    target: float | None = None
    """Number that a text such as `fades to about 0` is read as."""
    parts: tuple[str, ...] = ()
    """Rows of ``own_targets.csv`` that stand for this one."""
    reason: str = ""
    """Why the row is not simulated."""
    input: str = ""
    """Why the row goes into the model instead of coming out of it."""
    miss: str = ""
    """What a miss of this row points to."""

    @property
    def simulated(self) -> bool:
        """Whether the simulation gives a number or a yes or no for the row."""
        return bool(self.estimate or self.statistic or self.predicate)

    @property
    def fitted(self) -> bool:
        """Whether the row is simulated and enters the calibration."""
        return self.use == "fitted"

    @property
    def numeric(self) -> bool:
        """Whether the simulation gives a number."""
        return bool(self.estimate or self.statistic)

    @property
    def in_sd(self) -> bool:
        """Whether the estimate is counted in standard deviations of the comparison arm."""
        return self.estimate.endswith("_sd")


# --- targets -----------------------------------------------------------------------------------------------------


@cache
def targets() -> dict[str, Target]:
    """Return all targets by id, in the order of the files: the published ones, then the project's own."""
    found: dict[str, Target] = {}
    for name, own in (("targets.csv", False), ("own_targets.csv", True)):
        for target in read_targets((FOLDER / name).read_text(encoding="utf-8"), name, own=own):
            if target.id in found:
                raise ScenarioError([Problem(name, 0, target.id, "each id once", "a second row of that id")])
            found[target.id] = target
    return found


def read_targets(text: str, file: str, *, own: bool = False) -> list[Target]:
    """Return the targets of a CSV text; `ScenarioError` names all rows that cannot be read."""
    reader = csv.reader(text.splitlines())
    head = tuple(next(reader, ()))
    if head != COLUMNS:
        raise ScenarioError([Problem(file, 1, "", f"the columns {', '.join(COLUMNS)}", ", ".join(head) or "nothing")])
    found: list[Target] = []
    problems: list[Problem] = []
    for cells in reader:
        line = reader.line_num
        if len(cells) != len(COLUMNS):
            problems.append(
                Problem(file, line, "", f"{len(COLUMNS)} cells", str(len(cells)), "quote cells with commas")
            )
            continue
        row = dict(zip(COLUMNS, cells, strict=True))
        if not _is_number(row["horizon_months"]):
            problems.append(Problem(file, line, row["id"], "months", f"'{row['horizon_months']}'"))
        elif row["confidence"] not in ("A", "B", "C"):
            problems.append(Problem(file, line, row["id"], "confidence A, B or C", f"'{row['confidence']}'"))
        else:
            found.append(_target(row, own))
    if problems:
        raise ScenarioError(problems)
    return found


def _target(row: dict[str, str], own: bool) -> Target:
    effect, unit = row["effect"].strip(), row["unit"]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] = ()
    interval, bound = _INTERVAL.fullmatch(effect), _BOUND.match(effect)
    if unit == "statement":
        kind = "statement"
    elif _is_number(effect):
        kind, value = "number", float(effect)
    elif interval:
        kind, low, high = "range", float(interval[1]), float(interval[2])
    elif bound and bound.end() == len(effect) and float(bound[2]) != 0.0:
        kind = "range"
        low, high = (float(bound[2]), None) if bound[1] == ">" else (None, float(bound[2]))
    elif parts := _list_of(effect):
        kind, values = "list", parts
    elif "<" in effect or ">" in effect:
        kind = "sign"
    else:
        kind = "order" if unit in ("sign", "slope") else "statement"
    return Target(
        id=row["id"],
        study=row["study"],
        country=row["country"],
        arm=row["arm_or_group"],
        outcome=row["outcome"],
        horizon_months=float(row["horizon_months"]),
        effect=effect,
        unit=unit,
        se_text=row["se_or_ci"],
        n=row["n"],
        confidence=row["confidence"],
        citation=row["citation"],
        note=row["note"],
        kind=kind,
        own=own,
        value=value,
        low=low,
        high=high,
        values=values,
        se=standard_error(row["se_or_ci"], on_log=unit.startswith("odds ratio")),
        sample=sample_size(row["n"]),
    )


def _list_of(text: str) -> tuple[float, ...]:
    """Numbers of `a/b/c`, each with or without a label in brackets; empty if it is not such a list."""
    parts = [_LABEL.sub("", part).strip() for part in text.split("/")]
    return tuple(float(part) for part in parts) if len(parts) > 1 and all(map(_is_number, parts)) else ()


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text.strip()) is not None


def standard_error(text: str, *, on_log: bool = False) -> float | None:
    """Return the standard error that a text states, or None.

    Understood are `se 0.023 (memory, C)` and a bare 95 % interval `0.08-0.13` (half its width over 1.96; with `on_log`
    half its width in logs). Anything else could mean something else, and is not guessed at.
    """
    stated, interval = _STANDARD_ERROR.fullmatch(text.strip()), _INTERVAL.fullmatch(text.strip())
    if stated:
        return float(stated[1])
    if interval is None:
        return None
    low, high = float(interval[1]), float(interval[2])
    width = math.log(high / low) if on_log else high - low
    return width / 2.0 / NORMAL_95


def sample_size(text: str) -> int | None:
    """Return how many persons or households a text says are behind an estimate, or None.

    Numbers of studies, sites and trials are not samples, nor is a number of participants without their comparison.
    """
    found = _SAMPLE.match(text.strip())
    return int(found[1]) + int(found[2] or 0) if found else None


# --- mappings ----------------------------------------------------------------------------------------------------


@cache
def mappings() -> dict[str, Mapped]:
    """Return how each row is simulated, or why it is not: id -> `Mapped`, in the order of `targets`."""
    return read_mappings((FOLDER / "rows.yaml").read_text(encoding="utf-8"), "rows.yaml", targets())


def read_mappings(text: str, file: str, known: dict[str, Target]) -> dict[str, Mapped]:
    """Return the mappings of a YAML text, in the order of `known`.

    `ScenarioError` names everything that is wrong: themes, rows or keys that do not exist, rows of `known` that are
    left out, and rows that are both simulated and not.
    """
    problems: list[Problem] = []
    root = parse(text, file, problems)
    if root is None:
        raise ScenarioError(problems)
    found: dict[str, Mapped] = {}
    for theme, section in (root.entries or {}).items():
        if theme not in THEMES:
            problems.append(section.problem("a theme", f"'{theme}'", nearest(theme, tuple(THEMES))))
            continue
        for row, node in (section.entries or {}).items():
            if row not in known:
                problems.append(node.problem("a row of the evidence files", f"'{row}'", nearest(row, tuple(known))))
            elif row in found:
                problems.append(node.problem("each row once", f"{row} again (also under {found[row].theme})"))
            else:
                found[row] = _mapped(row, theme, node, known, problems)
    problems += [
        Problem(file, 0, row, "a mapping or a reason for every row of the evidence files", "none", f"add {row}")
        for row in known
        if row not in found
    ]
    if problems:
        raise ScenarioError(problems)
    return {row: replace(found[row], miss=_spelt_out(found[row].miss, found)) for row in known}


def _spelt_out(text: str, rows: dict[str, Mapped]) -> str:
    """Return what `As C162.` or `As C162: More.` stands for; the row named may itself point to another."""
    same = _SAME.fullmatch(text)
    if same is None or same[1] not in rows:
        return text
    said = _spelt_out(rows[same[1]].miss, rows)
    return f"{said} {same[2]}" if same[2] else said


_TEXTS: Final = ("trial", "estimate", "statistic", "predicate", "group", "use", "why", "reason", "input", "miss")
_NUMBERS: Final = ("tau", "target")
_KEYS: Final = (*_TEXTS, *_NUMBERS, "parts")


def _mapped(row: str, theme: str, node: Node, known: dict[str, Target], problems: list[Problem]) -> Mapped:
    texts: dict[str, str] = {}
    numbers: dict[str, float] = {}
    parts: tuple[str, ...] = ()
    for key, child in (node.entries or {}).items():
        if key in _TEXTS and child.text:
            texts[key] = child.text
        elif key in _NUMBERS and child.text and _is_number(child.text):
            numbers[key] = float(child.text)
        elif key == "parts" and child.items:
            parts = tuple(item.text or "" for item in child.items)
            unknown = [part for part in parts if part not in known]
            if unknown:
                problems.append(child.problem("rows of the evidence files", ", ".join(unknown)))
        elif key in _KEYS:
            problems.append(child.problem("a number" if key in _NUMBERS else "a list" if key == "parts" else "a text"))
        else:
            problems.append(child.problem("a key of a row", f"'{key}'", nearest(key, _KEYS)))
    if numbers.get("tau", 0.0) < 0.0:
        problems.append(node.problem("a tau of 0 or more", f"{numbers['tau']:g}"))
    mapped = Mapped(
        id=row,
        theme=theme,
        parts=parts,
        tau=numbers.get("tau", 0.0),
        target=numbers.get("target"),
        **texts,
    )
    _check(mapped, known[row], node, numbers, problems)
    return mapped


def _check(mapped: Mapped, target: Target, node: Node, numbers: dict[str, float], problems: list[Problem]) -> None:
    """Add what is contradictory or left out in one row."""
    ways = [key for key in ("estimate", "statistic", "predicate", "reason", "input") if getattr(mapped, key)]
    if len(ways) != 1:
        expected = "exactly one of estimate, statistic, predicate, reason, input"
        problems.append(node.problem(expected, " and ".join(ways) or "none"))
        return
    if bool(mapped.trial) != bool(mapped.estimate):
        problems.append(node.problem("a trial with an estimate, and only then", "one without the other"))
    if not mapped.simulated:
        return
    if mapped.use not in USES:
        problems.append(node.problem(f"use: {', '.join(USES)}", f"'{mapped.use}'", nearest(mapped.use, USES)))
    if not mapped.group:
        problems.append(node.problem("a group (the study)", "none"))
    if mapped.numeric and not (target.is_numeric or mapped.target is not None):
        problems.append(node.problem(f"a target: number that '{target.effect}' is read as", "none"))
    if mapped.numeric and not ("tau" in numbers and mapped.why):
        problems.append(node.problem("a tau and why", "one of them or neither"))


def chosen(rows: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the ids of rows in the order of the files; all for None. A row that stands in parts brings its parts.

    Raises `EmpowersimError` for an unknown id, naming the nearest.
    """
    known = mappings()
    if rows is None:
        return tuple(known)
    wanted: set[str] = set()
    for row in rows:
        if row not in known:
            raise EmpowersimError(
                f"rows: expected rows of the evidence base, found {row!r}; {nearest(row, tuple(known))}"
            )
        wanted |= {row, *known[row].parts}
    return tuple(row for row in known if row in wanted)
