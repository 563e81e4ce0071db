"""Read a design file of a sweep strictly: all its problems are found in one pass."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from empowersim.errors import Problem, ScenarioError
from empowersim.experiments.sweep_design import (
    ALL,
    AXIS,
    DESIGN,
    FORMAT,
    GRID,
    LATIN,
    LIST,
    REFUSE,
    RESERVED,
    SOBOL,
    Axis,
    Design,
    Sample,
    Uncertain,
    kept_outcomes,
)
from empowersim.results.tables import OUTCOMES, RATIOS
from empowersim.scenario.document import Node, join, nearest, read
from empowersim.scenario.fields import read_section
from empowersim.scenario.units import UnitError, number


def read_design(path: str | os.PathLike[str]) -> Design:
    """Read a design file. Raises `ScenarioError` with all its problems."""
    problems: list[Problem] = []
    shown = os.fspath(path)
    root = read(Path(path), shown, problems)
    found = None if root is None else _design(root, Path(path), shown, problems)
    if problems or found is None:
        raise ScenarioError(sorted(dict.fromkeys(problems), key=lambda one: one.line))
    return found


def _design(root: Node, path: Path, shown: str, problems: list[Problem]) -> Design | None:
    given = read_section(root, DESIGN, problems)
    version = root.get("sweep")
    if version is not None and version.text != str(FORMAT):
        problems.append(version.problem(f"format {FORMAT} of sweep designs", remedy=f"write sweep: {FORMAT}"))
    axes = _axes(given.get("vary"), problems)
    combine = given.get("combine", GRID)
    sample = _sample(given.get("sample"))
    _check_axes(root, axes, combine, sample, given, problems)
    outcomes = _outcomes(root.get("outcomes"), given.get("outcomes", (ALL,)), problems)
    uncertain = _uncertain(root.get("uncertain"), given.get("uncertain"), problems)
    if problems:
        return None
    folder = path.parent
    policies = given.get("policies")
    whole = {name: int(given[name]) if name in given else None for name in ("households", "months", "seed")}
    return Design(
        file=shown,
        name=given.get("name", path.stem.replace("-", "_")),
        scenario=folder / given["scenario"],
        policies=None if policies is None or policies == (ALL,) else policies,
        reference=given.get("reference"),
        replicates=int(given["replicates"]),
        outcomes=outcomes,
        axes=axes,
        combine=combine,
        sample=sample,
        table=folder / given["table"] if "table" in given else None,
        uncertain=uncertain,
        infeasible=given.get("infeasible", REFUSE),
        lines=_lines(root),
        text=path.read_text(encoding="utf-8-sig"),
        **whole,
    )


def _lines(node: Node, path: str = "") -> dict[str, int]:
    found: dict[str, int] = {}
    for key, child in (node.entries or {}).items():
        found[join(path, key)] = child.line
        found |= _lines(child, join(path, key))
    return found


# ---------------------------------------------------------------- axes


def _axes(node: Node | None, problems: list[Problem]) -> tuple[Axis, ...]:
    found = []
    for name, entry in (node.entries or {}).items() if node is not None else ():
        if name in RESERVED or name in OUTCOMES or not name.isidentifier():
            remedy = "letters, digits and underscores" if not name.isidentifier() else f"try {name}_axis"
            problems.append(entry.problem("a name of an axis that no column of the results has", f"'{name}'", remedy))
        axis = _axis(name, entry, problems)
        if axis is not None:
            found.append(axis)
    return tuple(found)


def _axis(name: str, node: Node, problems: list[Problem]) -> Axis | None:
    before = len(problems)
    given = read_section(node, AXIS, problems)
    if len(problems) > before:
        return None
    paths = (*((given["path"],) if "path" in given else ()), *given.get("paths", ()))
    if not paths:
        problems.append(node.problem("path: or paths:", "neither", "add path: policies.NAME.mentors.budget"))
    kinds: list[str] = [kind for kind in ("values", "choices", "column") if kind in given]
    if "from" in given or "to" in given:
        kinds.append("range")
    if len(kinds) != 1:
        expected = "one of values:, choices:, column:, or from: with to:"
        problems.append(node.problem(expected, " and ".join(kinds) or "none of them", "say where its values come from"))
        return None
    kind = kinds[0]
    low = high = 0.0
    if kind == "range":
        ends = [_end(node, given, key, problems) for key in ("from", "to")]
        if None in ends:
            return None
        low, high = float(ends[0] or 0.0), float(ends[1] or 0.0)
        _check_range(node, given, low, high, problems)
    elif "scale" in given or "whole" in given:
        problems.append(node.problem("scale: and whole: only with from: and to:", f"{kind}:", "remove them"))
    texts = tuple(given.get("values", given.get("choices", ())))
    if kind in {"values", "choices"} and not texts:
        problems.append(node.problem("at least one value", "none", "values: [6, 12]"))
    if len(set(texts)) < len(texts):
        problems.append(node.problem("each value once", ", ".join(texts), "delete the double one"))
    return Axis(
        name=name,
        paths=paths,
        kind=kind,
        texts=texts,
        low=low,
        high=high,
        column=given.get("column", ""),
        unit=given.get("unit", ""),
        log=given.get("scale") == "log",
        whole=given.get("whole", False),
        line=node.line,
    )


def _end(node: Node, given: Mapping[str, Any], key: str, problems: list[Problem]) -> float | None:
    """An end of a range, or None with a problem."""
    if key not in given:
        problems.append(node.problem("both from: and to:", f"no {key}:", f"add {key}:"))
        return None
    child = node.get(key)
    assert child is not None
    try:
        return number(given[key])
    except UnitError as error:
        problems.append(child.problem("a number alone (its unit stands in unit:)", remedy=str(error)))
        return None


def _check_range(node: Node, given: Mapping[str, Any], low: float, high: float, problems: list[Problem]) -> None:
    if not low < high:
        problems.append(node.problem("from: below to:", f"{low:g} and {high:g}", "swap them, or use values:"))
    if given.get("scale") == "log" and low <= 0.0:
        problems.append(node.problem("from: above 0 with scale: log", f"{low:g}", "use scale: linear"))
    if given.get("whole") and not (low.is_integer() and high.is_integer()):
        problems.append(node.problem("whole ends with whole: yes", f"{low:g} and {high:g}", "round them"))


def _sample(given: Mapping[str, Any] | None) -> Sample | None:
    if given is None or "points" not in given:
        return None
    return Sample(given.get("method", LATIN), int(given["points"]), int(given.get("seed", 1)))


def _check_axes(
    root: Node,
    axes: tuple[Axis, ...],
    combine: str,
    sample: Sample | None,
    given: Mapping[str, Any],
    problems: list[Problem],
) -> None:
    """Problems of axes that only show when they are seen together."""
    at = root.get("vary") or root
    taken: dict[str, str] = {}
    for axis in axes:
        for path in axis.paths:
            if path in taken:
                found = f"{path} in {taken[path]} and {axis.name}"
                problems.append(Problem(root.file, axis.line, f"vary.{axis.name}", "each key path once", found))
            taken[path] = axis.name
    listed = [axis for axis in axes if axis.kind == "values"]
    if combine == LIST and len({len(axis.texts) for axis in listed}) > 1:
        found = ", ".join(f"{axis.name} {len(axis.texts)}" for axis in listed)
        problems.append(at.problem("as many values on each axis with combine: list", found, "or combine: grid"))
    sampled = [axis.name for axis in axes if axis.sampled]
    if sampled and sample is None and root.get("sample") is None:
        remedy = "add sample: {method: latin_hypercube, points: 64}"
        problems.append(at.problem(f"sample: for the ranges of {', '.join(sampled)}", "none", remedy))
    if sample is not None:
        node = root.get("sample") or root
        if not sampled:
            problems.append(node.problem("an axis with from: and to: (or choices:)", "none", "remove sample:"))
        check_power(node, sample.method, sample.points, "points", problems)
    columns = [axis.name for axis in axes if axis.kind == "column"]
    if bool(columns) != ("table" in given):
        expected, found = ("table: with the columns", "none") if columns else ("an axis with column:", "only table:")
        problems.append(at.problem(expected, found, "a table needs axes with column:, and they need it"))


def check_power(node: Node, method: str, count: int, key: str, problems: list[Problem]) -> None:
    """Add a problem unless a Sobol sample has a power of 2 as its size: only then is it balanced."""
    if method != SOBOL or count & (count - 1) == 0:
        return
    below = 1 << (count.bit_length() - 1)
    child = node.get(key) or node
    problems.append(child.problem("a power of 2 for a Sobol sample", f"{count}", f"take {below} or {2 * below}"))


def _outcomes(node: Node | None, asked: tuple[str, ...], problems: list[Problem]) -> tuple[str, ...]:
    known = kept_outcomes()
    if asked == (ALL,):
        return known
    items = {item.text: item for item in (node.items or (node,))} if node is not None else {}
    for name in asked:
        if name in RATIOS:
            parts = " and ".join(RATIOS[name])
            remedy = f"keep {parts}; the ratio is one of their means"
            problems.append(items[name].problem("an outcome that a single future has", f"'{name}'", remedy))
        elif name not in known:
            problems.append(items[name].problem("an outcome", f"'{name}'", nearest(name, known)))
    return tuple(name for name in known if name in asked)


def _uncertain(node: Node | None, given: Mapping[str, Any] | None, problems: list[Problem]) -> Uncertain | None:
    if node is None or given is None:
        return None
    parameters, ensemble = tuple(given.get("parameters", ())), given.get("ensemble", "")
    if not parameters and not ensemble:
        problems.append(node.problem("parameters: or ensemble:", "neither", "add ensemble: calibrated"))
    if parameters and "draws" not in given:
        problems.append(node.problem("draws: with parameters:", "none", "add draws: 20"))
    draws = int(given["draws"]) if "draws" in given else None
    method = given.get("method", LATIN)
    if draws is not None:
        check_power(node, method, draws, "draws", problems)
    return Uncertain(parameters, ensemble, draws, method, int(given.get("seed", 1)), node.line)
