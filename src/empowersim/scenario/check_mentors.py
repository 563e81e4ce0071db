"""Checks of the mentors of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any, Final

from empowersim.errors import Problem
from empowersim.scenario import library
from empowersim.scenario.document import Node, merge
from empowersim.scenario.fields import find, read_section
from empowersim.scenario.model import MENTORS, ROLES, MentorsDocument
from empowersim.schema import REGION_TYPES

ROUNDING: Final = 1e-9
"""By how much shares that sum to 1 may miss it."""
_DIGITS: Final = 12


def read_mentors(node: Node | None, problems: list[Problem]) -> MentorsDocument:
    """Mentors of a policy, with the figures of their type; no posts where `node` is None."""
    types = library.mentor_types()
    said = read_section(node, MENTORS, problems) if node is not None else {}
    kind = said.get("type", "contract")
    if node is not None:
        count, budget = find(node, "count"), find(node, "budget")
        if count is not None and budget is not None:
            problems.append(budget.problem("count or budget, not both", "both", "keep the one that is decided"))
        elif count is None and budget is None and node.entries:
            remedy = "add count: 100 or budget: 10 billion IDR/year"
            problems.append(node.problem("a number of mentors (count) or a budget", "neither", remedy))
    whole = merge(types[kind], node) if node is not None and node.entries is not None else types[kind]
    figures = read_section(types[kind], MENTORS, problems)
    usual = figures["role_mix"]
    figures.update(said)
    figures["role_mix"] = _role_mix(node, usual, said.get("role_mix", {}), said.get("shift"), problems)
    said_where = figures.get("where")
    figures["where"] = {name: said_where.get(name, 1.0) for name in REGION_TYPES} if said_where else {}
    for key in ("visits", "sessions"):
        figures.setdefault(key, 0.0)
    figures["rotation"] = int(figures["rotation"])
    _desk(node, figures, problems)
    names = [item.name for item in dataclass_fields(MentorsDocument) if item.name not in ("node", "type")]
    values: dict[str, Any] = {name: figures.get(name) for name in names}
    return MentorsDocument(type=kind, node=whole, **values)


def check_where(name: str, staff: MentorsDocument, place: str, regions: Sequence[str], problems: list[Problem]) -> None:
    """Problems where posts are weighted by region types that the place does not have, or by nothing but 0."""
    node = find(staff.node, "where")
    if node is None or node.entries is None:
        return
    for key, entry in node.entries.items():
        if key not in regions:
            problems.append(entry.problem(f"a region type of {place}", f"'{key}'", f"{place} has {', '.join(regions)}"))
    if staff.any and not any(staff.where[region] for region in regions):
        problems.append(node.problem(f"somewhere for the mentors of {name}", "0 everywhere", "leave where out"))


def _role_mix(
    node: Node | None,
    usual: dict[str, float],
    said: dict[str, float],
    shift: tuple[str, str, float] | None,
    problems: list[Problem],
) -> dict[str, float]:
    """Shares of the four roles after a shift; a problem unless they sum to 1 and none is negative."""
    mix = {**usual, **said}
    total = sum(mix.values())
    where = find(node, "role_mix")
    readable = where is not None and len(said) == len(where.entries or {})
    if where is not None and readable and abs(total - 1.0) > ROUNDING:
        told = ", ".join(f"{role} {100 * mix[role]:g} %" for role in ROLES)
        remedy = f"they are {told}: change another role too, or use shift"
        problems.append(where.problem("shares of the four roles that sum to 100 %", f"{100 * total:g} %", remedy))
    if shift is not None:
        start, end, share = shift
        mix = {**mix, start: mix[start] - share, end: mix[end] + share}
        entry = find(node, "shift")
        if mix[start] < -ROUNDING and entry is not None:
            has = 100.0 * (mix[start] + share)
            problems.append(entry.problem(f"at most the {has:g} points that {start} has"))
    return {role: max(round(mix[role], _DIGITS), 0.0) for role in ROLES}


def _desk(node: Node | None, figures: Mapping[str, Any], problems: list[Problem]) -> None:
    """A budget pays for the coordination desk first, must leave something for mentors, and cannot buy what is free."""
    desk = 12.0 * figures["coordination_cost"] if figures["coordination"] else 0.0
    budget = find(node, "budget")
    if budget is not None and figures.get("budget") and figures["budget"] <= desk:
        expected = "a budget that pays more than the coordination desk"
        problems.append(budget.problem(expected, remedy=f"the desk costs {desk / 1e6:g} million IDR a year"))
    elif budget is not None and figures.get("budget") and not figures["pay"]:
        problems.append(budget.problem("mentors who are paid", "a pay of 0", "give count instead of a budget"))
