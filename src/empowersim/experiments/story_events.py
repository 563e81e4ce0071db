"""What happened to a household month by month: events with the draw, the chance and the rule behind each.

An event says what the rules of the month did; nothing is inferred from outcomes alone. `facts` are plain numbers and
names: money in L (one month of the household's poverty-line budget), chances and draws 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from empowersim.engine.account import Account, traced_difference
from empowersim.engine.arrays import FINISHED
from empowersim.engine.inputs import Programme
from empowersim.engine.outputs import STAGES
from empowersim.engine.trace import Application, Trace, Visiting, seen_by_register
from empowersim.rules.health import SEVERE
from empowersim.rules.month import Dose, Draw
from empowersim.rules.programmes import leaves
from empowersim.schema import CHANNEL_ROW, ROW, VILLAGE_ROW

GATHERINGS: Final = (
    "technical",
    "business",
    "initiative",
    "literacy",
    "tutoring",
    "health_group",
    "prevention",
    "basic_care",
    "nutrition",
    "reproductive",
    "sessions",
)
"""Channels whose good depends on going there."""

KINDS: Final[dict[str, str]] = {
    "illness_starts": "rules.health.next_illness",
    "illness_ends": "rules.health.next_illness",
    "job_found": "rules.income.next_job",
    "job_lost": "rules.income.next_job",
    "place_won": "engine.allocation.enrol",
    "place_not_won": "engine.allocation.enrol",
    "unwilling": "rules.programmes.acceptance",
    "not_eligible": "engine.allocation.screen_tile",
    "place_finished": "engine.strips.end_places",
    "place_left": "rules.programmes.leaves",
    "place_closed": "engine.kernels.close_places",
    "attends": "rules.programmes.attends",
    "misses": "rules.programmes.attends",
    "visited": "engine.allocation.visit",
    "not_visited": "engine.allocation.visit",
    "no_mentor": "engine.allocation.visit",
    "mentor_changes": "rules.mentors.trust_kept",
    "asset_grant": "rules.assets.granted_asset",
    "cash_grant": "rules.spending.next_savings",
    "asset_death": "rules.assets.next_k",
    "theft": "rules.community.theft_chance",
    "village_shock": "rules.community.village_shock",
    "benefit_late": "rules.mentoring.trust_after_benefits",
    "leaves_school": "rules.schooling.next_in_school",
    "returns_to_school": "rules.schooling.next_in_school",
    "falls_poor": "rules.spending.consumption",
    "leaves_poverty": "rules.spending.consumption",
    "stage": "engine.ends",
    "village_served": "engine.kernels.serve_villages",
    "village_left": "engine.kernels.serve_villages",
}
"""Kinds of events, and the rule or loop that decides each."""

MINOR: Final = frozenset({"attends", "misses", "visited", "not_visited", "no_mentor"})
"""Kinds that come every month; the rest are told one by one."""

_DRAWS: Final[dict[str, tuple[str, str]]] = {
    "illness_starts": ("illness", "ill"),
    "illness_ends": ("illness", "recovers"),
    "job_found": ("job", "finds"),
    "job_lost": ("job", "loses"),
    "attends": ("attendance", "attends"),
    "misses": ("attendance", "attends"),
    "asset_death": ("asset_death", "dies"),
    "theft": ("theft", "stolen"),
    "benefit_late": ("benefit", "late"),
    "leaves_school": ("schooling", "leaves_school"),
    "returns_to_school": ("schooling", "returns_school"),
}
"""Events decided by a draw of the month: field of `Draw`, field of `Account` that holds the chance."""

_HELD: Final[dict[str, str]] = {
    "illness_starts": "illness",
    "illness_ends": "illness",
    "job_found": "job",
    "job_lost": "job",
    "leaves_school": "in_school",
    "returns_to_school": "in_school",
}
"""Events that begin or end a state, and the column that holds it."""

_HALF: Final = 0.5


@dataclass(frozen=True)
class Event:
    """Something that happened to a household in a month (0 = the first of the policy)."""

    month: int
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """Rule or loop of the package that decides such events."""
        return KINDS[self.kind]

    @property
    def minor(self) -> bool:
        """Whether such events come every month."""
        return self.kind in MINOR


class _Month:
    """A month of a trace by name."""

    def __init__(self, trace: Trace, month: int) -> None:
        self.number = month
        self.trace = trace
        self.account = Account(*trace.account[month].tolist())
        self.draw = Draw(*trace.draw[month].tolist())
        self.dose = Dose(*trace.dose[month].tolist())
        self.visiting = Visiting(*trace.visiting[month].tolist())

    def was(self, name: str) -> float:
        """A column at the end of the month before."""
        return float(self.trace.before[self.number, ROW[name]])

    def now(self, name: str) -> float:
        """A column at the end of this month."""
        return float(self.trace.after[self.number, ROW[name]])

    def drawn(self, kind: str) -> dict[str, float]:
        """The draw and the chance of an event that a draw decides."""
        draw, chance = _DRAWS[kind]
        return {"draw": getattr(self.draw, draw), "chance": getattr(self.account, chance)}

    def event(self, kind: str, **facts: Any) -> Event:
        return Event(self.number, kind, facts)


def events_of(trace: Trace, values: Any) -> tuple[Event, ...]:
    """All events of a trace in the order of months and, within a month, of its rules.

    `values` = parameters as one record (`parameters.record_of`).
    """
    found: list[Event] = []
    told: set[tuple[str, str]] = set()
    for month in range(len(trace.after)):
        one = _Month(trace, month)
        found += _village(one)
        found += _places(one, told)
        found += _mentor(one)
        found += _health_and_work(one)
        found += _gathering(one)
        found += _school(one)
        found += _goods(one)
        found += _ends_of_places(one)
        found += _standing(one, values)
    return tuple(found)


def _village(one: _Month) -> Iterator[Event]:
    trace, month = one.trace, one.number
    shock = float(trace.village[month, VILLAGE_ROW["shock_now"]])
    if shock > 0.0:
        yield one.event("village_shock", share=shock)
    for number, programme in enumerate(trace.policy.community):
        now = bool(trace.served[month, number])
        before = bool(trace.served[month - 1, number]) if month else False
        if now and not before:
            yield one.event("village_served", programme=programme.name)
        if before and not now:
            yield one.event("village_left", programme=programme.name)


def _places(one: _Month, told: set[tuple[str, str]]) -> Iterator[Event]:
    """Intakes: won, not won, unwilling, not eligible. What stays the same is told once."""
    trace, month = one.trace, one.number
    for slot, programme in enumerate(trace.policy.programmes):
        asked = Application(*trace.applications[month, slot].tolist())
        if not asked.open:
            continue
        line = {
            "programme": programme.name,
            "order": programme.priority,
            "ahead": int(asked.ahead),
            "applicants": int(asked.applicants),
            "places": int(asked.places),
        }
        may_apply = asked.had == 0 or (asked.had == FINISHED and not programme.once)
        if not may_apply:
            continue
        if not asked.eligible:
            why = _refused(one, programme)
            if ("not_eligible", programme.name) not in told:
                told.add(("not_eligible", programme.name))
                yield one.event("not_eligible", programme=programme.name, **why)
            continue
        told.discard(("not_eligible", programme.name))
        if not np.isfinite(asked.key):
            if ("unwilling", programme.name) not in told:
                told.add(("unwilling", programme.name))
                yield one.event("unwilling", programme=programme.name, draw=asked.draw, chance=asked.chance)
            continue
        if _holds(int(trace.held[month, slot])):
            yield one.event("place_won", **line)
        elif asked.places > 0:
            yield one.event("place_not_won", **line)


def _holds(state: int) -> bool:
    return 0 < state < int(FINISHED)


def _refused(one: _Month, programme: Programme) -> dict[str, Any]:
    """The first condition that a household does not meet, as the programme sees it."""
    home = one.trace.home[one.number]
    for condition in programme.conditions:
        value = float(home[ROW[condition.column]])
        if condition.observed:
            value = seen_by_register(home, programme.targeting_noise)
        if not np.float32(condition.low) <= np.float32(value) <= np.float32(condition.high):
            return {
                "column": condition.column,
                "value": value,
                "low": float(condition.low),
                "high": float(condition.high),
                "observed": condition.observed,
            }
    return {}


def _mentor(one: _Month) -> Iterator[Event]:
    visit = one.visiting
    trust, kept = one.was("trust"), float(one.trace.home[one.number, ROW["trust"]])
    if visit.due > 0:
        line = {"due": visit.area_due, "made": visit.area_made, "clients": int(visit.clients)}
        if visit.made > 0:
            yield one.event("visited", visits=visit.made, **line)
        elif visit.vacant:
            yield one.event("no_mentor")
        else:
            yield one.event("not_visited", **line)
    if kept < trust:
        yield one.event("mentor_changes", before=trust, after=kept)


def _health_and_work(one: _Month) -> Iterator[Event]:
    was, now, account = one.was("illness"), one.now("illness"), one.account
    if was < _HALF < now:
        severely = now > float(SEVERE)
        chance = account.severe if severely else account.ill
        yield one.event(
            "illness_starts",
            severe=severely,
            draw=one.draw.illness,
            chance=chance,
            lost=account.lost,
            insured=account.insured,
            money=account.lost * (account.wages + account.profit),
        )
    if now < _HALF < was:
        yield one.event("illness_ends", **one.drawn("illness_ends"))
    had, has = one.was("job"), one.now("job")
    if has > had:
        yield one.event("job_found", **one.drawn("job_found"))
    if has < had:
        yield one.event("job_lost", **one.drawn("job_lost"))


def _gathering(one: _Month) -> Iterator[Event]:
    offered = [name for name in GATHERINGS if getattr(one.dose, name) > 0.0]
    if offered:
        kind = "attends" if one.account.attended else "misses"
        yield one.event(kind, offered=tuple(offered), **one.drawn(kind))
    transfers = one.dose.stipend + one.dose.asset_grant + one.dose.cash_grant
    if transfers > 0.0 and one.draw.benefit < one.account.late:
        yield one.event("benefit_late", **one.drawn("benefit_late"))


def _school(one: _Month) -> Iterator[Event]:
    if one.now("children") < _HALF:
        return  # nobody of school age
    was, now = one.was("in_school"), one.now("in_school")
    if now < was:
        yield one.event("leaves_school", **one.drawn("leaves_school"))
    if now > was:
        yield one.event("returns_to_school", **one.drawn("returns_to_school"))


def _goods(one: _Month) -> Iterator[Event]:
    account = one.account
    if account.asset_loss > 0.0:
        yield one.event("asset_death", loss=account.asset_loss, **one.drawn("asset_death"))
    if account.theft_loss > 0.0:
        yield one.event("theft", loss=account.theft_loss, **one.drawn("theft"))
    if one.dose.asset_grant > 0.0:
        yield one.event("asset_grant", given=one.dose.asset_grant, worth=account.granted, draw=one.draw.asset_quality)
    if one.dose.cash_grant > 0.0:
        yield one.event("cash_grant", given=one.dose.cash_grant)


def _ends_of_places(one: _Month) -> Iterator[Event]:
    trace, month = one.trace, one.number
    for slot, programme in enumerate(trace.policy.programmes):
        held, kept = int(trace.held[month, slot]), int(trace.kept[month, slot])
        before = int(trace.kept[month - 1, slot]) if month else 0
        if _holds(before) and held == FINISHED:
            yield one.event("place_closed", programme=programme.name)
        if not (_holds(held) and kept == FINISHED):
            continue
        if leaves(programme.drop_out, one.draw.drop_out) and held > 1:
            facts = {"draw": one.draw.drop_out, "chance": programme.drop_out, "left": held - 1}
            yield one.event("place_left", programme=programme.name, **facts)
        else:
            yield one.event("place_finished", programme=programme.name)


def _standing(one: _Month, values: Any) -> Iterator[Event]:
    trace, month = one.trace, one.number
    was, now = one.was("consumption"), one.now("consumption")
    if (was < 1.0) != (now < 1.0):
        facts: dict[str, Any] = {"before": was, "after": now, "parts": {}}
        if month:
            facts["parts"] = grouped(traced_difference(values, trace.account[month - 1], trace.account[month]))
        yield one.event("falls_poor" if now < 1.0 else "leaves_poverty", **facts)
    before = int(trace.stage[month - 1]) if month else None
    if before is not None and before != trace.stage[month]:
        yield one.event("stage", before=STAGES[before], after=STAGES[int(trace.stage[month])])


GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "work": ("wages",),
    "business": ("profit",),
    "illness": ("lost", "insured"),
    "shock": ("shock",),
    "own_food": ("own_food",),
    "kin": ("kin",),
    "claims": ("due",),
    "transfers": ("stipend",),
    "habit": ("accustomed",),
    "savings": ("practice", "savings"),
    "investment": ("invested",),
    "saving": ("saving",),
}
"""Parts of consumption as they are told: group -> parts of an `Account`."""


def grouped(parts: Mapping[str, float]) -> dict[str, float]:
    """Parts of a difference by group, L a month; they add up to the same."""
    return {name: float(sum(parts[part] for part in own)) for name, own in GROUPS.items()}


def contrast(event: Event, other: Trace) -> dict[str, Any] | None:
    """Why an event did not happen in another life in the same month: the same draw against that life's own chance.

    None for events that no draw of the month decides. `reason` is `chance` (the draw did not meet the other chance),
    `state` (the question did not arise: already ill, no work to lose, nothing offered, nothing to be stolen).
    """
    if event.kind not in _DRAWS:
        return None
    one = _Month(other, event.month)
    facts = one.drawn(event.kind)
    if event.kind == "illness_starts" and event.facts["severe"]:
        facts["chance"] = one.account.severe
    if event.kind == "illness_starts" and not event.facts["severe"] and one.was("illness") < _HALF < one.now("illness"):
        return None  # it falls ill there, too, severely
    return {**facts, "reason": "chance" if _arises(one, event.kind) else "state"}


def _arises(one: _Month, kind: str) -> bool:
    """Whether a life stands before the question that a draw decides: well, in work, with something to lose."""
    if kind in {"attends", "misses"}:
        return any(getattr(one.dose, name) > 0.0 for name in GATHERINGS)
    if kind == "benefit_late":
        return bool(one.dose.stipend + one.dose.asset_grant + one.dose.cash_grant > 0.0)
    if kind == "asset_death":
        return bool(one.account.dies > 0.0)
    if kind == "theft":
        return one.was("savings") > 0.0
    holds = one.was(_HELD[kind]) > _HALF
    return holds if kind in {"illness_ends", "job_lost", "leaves_school"} else not holds


def happened(events: tuple[Event, ...], event: Event) -> bool:
    """Whether a life has an event of the same kind (and programme) in the same month."""
    return any(
        one.month == event.month
        and one.kind == event.kind
        and one.facts.get("programme") == event.facts.get("programme")
        and one.facts.get("severe") == event.facts.get("severe")
        for one in events
    )


def differing_channels(a: Trace, b: Trace, month: int) -> dict[str, tuple[float, float]]:
    """Doses that reach the household in one life and not, or otherwise, in the other: channel -> both amounts."""
    return {
        name: (float(a.dose[month, row]), float(b.dose[month, row]))
        for name, row in CHANNEL_ROW.items()
        if a.dose[month, row] != b.dose[month, row]
    }
