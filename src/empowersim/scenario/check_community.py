"""Checks of community programmes of a policy, and of who pays for a programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from empowersim.errors import Problem
from empowersim.scenario import library
from empowersim.scenario.document import Node, merge, nearest
from empowersim.scenario.fields import find, read_section
from empowersim.scenario.model import COMMUNITY, CommunityDocument

ROUNDING: Final = 1e-9
"""By how much shares that sum to 1 may miss it."""


def partner_share(node: Node | None, said: Mapping[str, float] | None, problems: list[Problem]) -> float:
    """Share that a partner pays; the shares given sum to 1."""
    if node is None or not said:
        return 0.0
    state, partner = said.get("state"), said.get("partner")
    if state is not None and partner is not None and abs(state + partner - 1.0) > ROUNDING:
        found = f"{100 * (state + partner):g} %"
        problems.append(node.problem("shares that sum to 100 %", found, "give one of them: the other follows"))
    return partner if partner is not None else 1.0 - (1.0 if state is None else state)


def read_communities(node: Node | None, shown: str, problems: list[Problem]) -> tuple[CommunityDocument, ...]:
    """Community programmes of a policy, in the order of their names."""
    found = []
    shipped = library.community()
    for name, entry in (node.entries or {}).items() if node is not None else ():
        if entry.is_null and name in shipped:
            continue
        own = [key for key in ("like", "gives", "sets", "scales", "travel_factor") if find(entry, key) is not None]
        if name not in shipped and not own:
            expected = "a community programme of the library, or one with gives, sets or scales of its own"
            problems.append(entry.problem(expected, f"the key '{name}'", nearest(name, tuple(shipped))))
            continue
        if entry.entries is None:
            problems.append(entry.problem("a mapping (settings of a community programme)"))
            continue
        asks = entry.get("like")
        wanted = name if asks is None else asks.text or ""
        if asks is not None and wanted not in shipped:
            expected = "a community programme of the library"
            problems.append(asks.problem(expected, remedy=nearest(wanted, tuple(shipped))))
            continue
        entries = {key: value for key, value in entry.entries.items() if key != "like"}
        whole = replace(entry, entries=entries)
        if wanted in shipped:
            whole = replace(merge(shipped[wanted], whole), path=entry.path)
        document = _community(name, whole, shown, problems)
        if document is not None:
            found.append(document)
    return tuple(sorted(found, key=lambda one: one.name))


def _community(name: str, node: Node, shown: str, problems: list[Problem]) -> CommunityDocument | None:
    """Check one community programme."""
    before = len(problems)
    said = read_section(node, COMMUNITY, problems)
    coverage, budget = find(node, "coverage"), find(node, "budget")
    if coverage is not None and budget is not None:
        where = max(budget, coverage, key=lambda one: (one.file == shown, one.line))
        problems.append(where.problem("budget or coverage, not both", "both", "keep the one that is decided"))
    elif coverage is None and budget is None:
        remedy = "add coverage: 20 % (of the villages) or budget: 2 billion IDR/year"
        problems.append(node.problem("a share of villages (coverage) or a budget", "neither", remedy))
    scales = find(node, "scales")
    for column in set(said.get("sets", {})) & set(said.get("scales", {})):
        assert scales is not None
        entry = (scales.entries or {})[column]
        problems.append(entry.problem(f"{column} set or scaled, not both", "both", "keep one of them"))
    if not any(find(node, key) is not None for key in ("gives", "sets", "scales", "travel_factor")):
        remedy = "add gives: {deliberation: 0.33 meetings/month} or sets: {leader: 1}"
        problems.append(node.problem("something that villages get (gives, sets or scales)", "nothing", remedy))
    start, factor = find(node, "start"), find(node, "travel_factor")
    if start is not None and factor is not None and said.get("start", 0.0) > 0.0:
        remedy = "remove start: what changes travel runs from the first month on"
        problems.append(start.problem("a start in month 0 where travel changes", remedy=remedy))
    if len(problems) > before:
        return None
    document = CommunityDocument(
        name=name,
        label=said.get("label", dict.fromkeys(("en", "id"), name.replace("_", " ").capitalize())),
        meaning=said.get("meaning", ""),
        coverage=said.get("coverage"),
        budget=said.get("budget"),
        start=int(said.get("start", 0)),
        duration=None if said.get("duration") is None else int(said["duration"]),
        gives={key: said["gives"][key] for key in sorted(said.get("gives", {}))},
        sets=said.get("sets", {}),
        scales=said.get("scales", {}),
        travel_factor=said.get("travel_factor", 1.0),
        cost_once=said.get("cost_once", 0.0),
        cost_per_month=said.get("cost_per_month", 0.0),
        partner=partner_share(find(node, "paid_by"), said.get("paid_by"), problems),
        node=node,
    )
    if document.budget and document.cost_once + document.cost_per_month <= 0.0:
        assert budget is not None
        remedy = "add cost_once or cost_per_month, or give coverage instead of a budget"
        problems.append(budget.problem("something that costs something", "a cost of 0 a village", remedy))
        return None
    return document
