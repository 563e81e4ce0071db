"""What two policies or two scenario files do differently, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from empowersim.scenario.compile import place_with
from empowersim.scenario.documents import BOTH
from empowersim.scenario.model import (
    GRANT_CHANNELS,
    CommunityDocument,
    MentorsDocument,
    PolicyDocument,
    ProgrammeDocument,
    Scenario,
)
from empowersim.scenario.sentences import (
    ORDER,
    RULE,
    SHARING_WORDS,
    demand_words,
    gives_words,
    intakes,
    plain_words,
    where_words,
    who,
)
from empowersim.scenario.words import counted, months, rupiah, share
from empowersim.schema import CHANNELS


def describe_difference(a: Scenario | PolicyDocument, b: Scenario | PolicyDocument) -> list[str]:
    """What `b` changes against `a`: two scenarios, or two policies. Empty where nothing differs."""
    if isinstance(a, PolicyDocument) and isinstance(b, PolicyDocument):
        return _policies_differ(a, b)
    if isinstance(a, Scenario) and isinstance(b, Scenario):
        return _scenarios_differ(a, b)
    raise TypeError("compare two scenarios or two policies")


def _scenarios_differ(a: Scenario, b: Scenario) -> list[str]:
    lines = _changes("", _world_facts(a), _world_facts(b))
    for name in a.policies:
        if name not in b.policies:
            lines.append(f"Policy {name} is only in the first.")
    for name, policy in b.policies.items():
        if name not in a.policies:
            lines.append(f"Policy {name} is only in the second.")
        else:
            lines += [f"Policy {name}: {line}" for line in _policies_differ(a.policies[name], policy)]
    return lines


def _world_facts(scenario: Scenario) -> dict[str, str]:
    place, settings, survey = place_with(scenario.world), scenario.settings, scenario.survey
    facts = {
        "place": place.name,
        "households represented": f"{place.households:,.0f}",
        "price year": str(place.price_year),
        "poverty trap": _trap(scenario),
        "households simulated": "each of the survey once"
        if settings.households is None
        else f"{settings.households:,}",
        "months": str(settings.months),
        "burn-in": months(settings.burn_in),
        "futures": str(settings.replicates),
        "seed": str(settings.seed),
        "discount rate": share(settings.discount_rate),
        "reference": scenario.reference,
        "survey": "none" if survey is None else survey.file,
    }
    for region in place.regions:
        facts[f"poverty line ({region.name})"] = f"{rupiah(region.poverty_line)} a person a month"
        facts[f"poor at the start ({region.name})"] = share(region.poverty_rate)
    if survey is not None:
        facts["survey columns"] = ", ".join(
            f"{key} from {_column(value)}" for key, value in sorted(survey.columns.items())
        )
        facts["survey line"] = share(survey.headcount) if survey.headcount is not None else f"{survey.poverty_line:g}"
    for name, value in {**scenario.world.figures, **scenario.parameters}.items():
        facts[name] = f"{value:g}"
    facts["factors switched off"] = ", ".join(scenario.factors) or "none"
    return facts


def _trap(scenario: Scenario) -> str:
    if scenario.world.trap is BOTH:
        return "both off and on (two worlds)"
    return "on" if scenario.world.trap else "off"


def _column(value: Any) -> str:
    return str(value.get("column", value)) if isinstance(value, Mapping) else str(value)


def _changes(prefix: str, a: dict[str, str], b: dict[str, str]) -> list[str]:
    lines = []
    for key in (*a, *(key for key in b if key not in a)):
        before, after = a.get(key), b.get(key)
        if before == after:
            continue
        if before is None or after is None:
            value, which = (after, "second") if before is None else (before, "first")
            lines.append(f"{prefix}{key} is {value} in the {which} and not set in the other.")
        else:
            lines.append(f"{prefix}{key} is {before} in the first and {after} in the second.")
    return lines


def _policies_differ(a: PolicyDocument, b: PolicyDocument) -> list[str]:
    lines = []
    first = {programme.name: programme for programme in a.programmes}
    second = {programme.name: programme for programme in b.programmes}
    for name, programme in first.items():
        if name not in second:
            lines.append(f"only the first runs {name}: {_short(programme)}.")
    for name, programme in second.items():
        if name not in first:
            lines.append(f"only the second runs {name}: {_short(programme)}.")
        else:
            lines += _changes(f"{name}: ", _programme_facts(first[name]), _programme_facts(programme))
    if a.mentors.any != b.mentors.any:
        staff, which = (b.mentors, "second") if b.mentors.any else (a.mentors, "first")
        lines.append(f"only the {which} has mentors: {_staff(staff)}.")
    elif a.mentors.any:
        lines += _changes("mentors: ", _mentor_facts(a.mentors), _mentor_facts(b.mentors))
    villages = [{community.name: community for community in policy.community} for policy in (a, b)]
    for name, community in villages[0].items():
        if name not in villages[1]:
            lines.append(f"only the first runs {name} in {_served(community)}.")
    for name, community in villages[1].items():
        if name not in villages[0]:
            lines.append(f"only the second runs {name} in {_served(community)}.")
        else:
            lines += _changes(f"{name}: ", _community_facts(villages[0][name]), _community_facts(community))
    if a.sharing != b.sharing:
        lines.append(
            f"subdistricts share {SHARING_WORDS[a.sharing]} in the first and {SHARING_WORDS[b.sharing]} in the second."
        )
    stops = [("never" if one.runs_for is None else f"after {months(one.runs_for)}") for one in (a, b)]
    if stops[0] != stops[1]:
        lines.append(f"the first stops {stops[0]}, the second {stops[1]}.")
    return lines


def _served(one: CommunityDocument) -> str:
    if one.budget is not None:
        return f"the villages that {rupiah(one.budget)} a year pays for"
    return f"{share(one.coverage or 0.0)} of the villages"


def _community_facts(one: CommunityDocument) -> dict[str, str]:
    facts = {
        "villages": _served(one),
        "gives": gives_words(one.gives) or "nothing",
        "start": f"month {one.start}",
        "length": "to the end" if one.duration is None else months(one.duration),
        "way of mentors": f"x {one.travel_factor:g}",
        "cost once": f"{rupiah(one.cost_once)} a village",
        "cost a month": f"{rupiah(one.cost_per_month)} a village",
        "paid by a partner": share(one.partner),
    }
    facts |= {f"{plain_words(name)} set to": f"{value:g}" for name, value in one.sets.items()}
    facts |= {f"{plain_words(name)} multiplied by": f"{value:g}" for name, value in one.scales.items()}
    return facts


def _short(programme: ProgrammeDocument) -> str:
    return f"{counted(round(programme.places_per_year), 'place')} a year, {rupiah(programme.cost_per_year)} a year"


def _staff(staff: MentorsDocument) -> str:
    if staff.budget is not None:
        return f"{staff.type}, {rupiah(staff.budget)} a year"
    return f"{counted(staff.count or 0.0, 'full-time post')} of type {staff.type}"


def _programme_facts(programme: ProgrammeDocument) -> dict[str, str]:
    facts = {
        "places": f"{programme.places_per_year:,.0f} a year",
        "cost": f"{rupiah(programme.cost_per_year)} a year",
        "cost of a place": rupiah(programme.unit_cost),
        "eligible": who(programme.conditions),
        "targeting noise": f"{programme.targeting_noise:g}",
        "order": ORDER[programme.priority],
        "take-up": share(programme.take_up),
        "drop-out": f"{share(programme.drop_out)} a month",
        "length": months(programme.duration),
        "cost once": rupiah(programme.cost_per_place),
        "cost a month": rupiah(programme.cost_per_month),
        "overhead": share(programme.overhead),
        "paid by a partner": share(programme.partner),
        "demand for the trade": demand_words(programme.demand) if any(programme.demand.values()) else "no limit",
        "children assumed": f"{programme.children:g}" if programme.per_child else "none",
        "counted for": "each child" if programme.per_child else "a household",
        "intakes": " ".join(intakes(programme)).rstrip("."),
    }
    for channel in CHANNELS:
        if channel in programme.gives:
            amount = programme.gives[channel]
            facts[channel] = rupiah(amount) if channel in (*GRANT_CHANNELS, "stipend") else f"{amount:g}"
    return facts


def _mentor_facts(staff: MentorsDocument) -> dict[str, str]:
    facts = {
        "number": _staff(staff),
        "pay": f"{rupiah(staff.pay_per_month)} a month",
        "cost of a post": f"{rupiah(staff.cost_per_month)} a month with courses and supervision",
        "order": RULE[staff.rule],
    }
    flags = (
        "resident",
        "local",
        "refresher",
        "coaching",
        "peer_group",
        "permanent",
        "handover",
        "coordination",
        "dynamics",
    )
    facts |= {name.replace("_", " "): "yes" if getattr(staff, name) else "no" for name in flags}
    facts["where posts are"] = where_words(staff.where)
    facts["moved"] = f"every {months(staff.rotation)}" if staff.rotation else "never"
    facts |= {f"{role} role": share(amount) for role, amount in staff.role_mix.items()}
    facts["part of the pay taken home"] = share(staff.wage_share)
    names = (
        "competence",
        "trust_bonus",
        "visits",
        "sessions",
        "hours",
        "admin_hours",
        "admin_hours_per_client",
        "training_hours",
        "session_hours",
        "visit_hours",
        "group_size",
        "resident_round_trip",
        "observation_noise",
    )
    facts.update({name.replace("_", " "): f"{getattr(staff, name):g}" for name in names})
    facts["session cost"] = rupiah(staff.session_cost)
    facts["trip of a resident"] = rupiah(staff.resident_trip_cost)
    facts["coordination desk"] = f"{rupiah(staff.desk_cost)} a month"
    return facts
