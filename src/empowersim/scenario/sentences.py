"""Sentences about the parts of a policy: programmes, community programmes, mentors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isclose, isinf
from typing import Final

from empowersim.parameters.places import Place, travel
from empowersim.scenario import library
from empowersim.scenario.compile import CommunityPlan, MentorPlan, pay_ratio, post_shares
from empowersim.scenario.fields import read_section
from empowersim.scenario.model import (
    GRANT_CHANNELS,
    ROLE_MIX,
    CommunityDocument,
    ConditionDocument,
    MentorsDocument,
    ProgrammeDocument,
)
from empowersim.scenario.words import counted, digits, listed, months, rupiah, share
from empowersim.schema import CHANNELS, HOUSEHOLD, REGION_TYPES, ROW

ORDER: Final = {
    "lottery": "a lottery decides who comes first",
    "poorest_first": "the poorest, as the administration sees them, come first",
    "neediest_first": "those with the least say over their lives come first",
    "most_motivated": "those with the most initiative come first",
}
RULE: Final = {
    "equal": "all clients get an equal part of the visits",
    "round_robin": "who has waited longest for a visit comes first",
    "neediest_first": "those with the least say over their lives are visited first",
    "poorest_first": "the poorest, as the register has them, are visited first",
    "near_threshold": "those nearest to the poverty line are visited first",
    "random": "chance decides who is visited first",
    "cluster": "mentors see all of one neighbourhood before the next, which saves travel",
    "responsive": "those who are most motivated and ask come first",
    "max_gain": "those whom a visit is expected to help most come first",
    "two_tier": "the poorest part, as the register has them, gets all visits; the rest only sessions",
}
SHARING_WORDS: Final = {
    "equal": "by their households",
    "by_poverty": "by their poor households",
    "poorest_half": "by the poor households of the poorer half of them",
}
_GIVEN: Final = {
    "technical": ("standard technical course", ""),
    "business": ("standard business course", ""),
    "initiative": ("standard personal-initiative course", ""),
    "health_group": ("health meeting", " a month"),
    "brokering": ("case", " a month taken to offices"),
    "deliberation": ("village meeting", " a month in which people choose"),
    "visits": ("mentor visit", " a month"),
    "sessions": ("group session", " a month"),
}
_SUBJECT: Final = {
    "consumption": "consumption",
    "income": "income",
    "literacy": "functional literacy (0 to 1)",
}
_COUNTED: Final = {
    "children": ("child of school age", "children of school age"),
    "schooling_years": ("year of schooling of an adult", "years of schooling of an adult"),
    "size": ("member", "members"),
}


def places_words(programme: ProgrammeDocument) -> str:
    """Places a year and what they cost."""
    a_year = counted(round(programme.places_per_year), "place")
    if programme.budget is not None:
        money = f"{a_year} a year: {rupiah(programme.budget)} a year at {rupiah(programme.unit_cost)} a place"
    elif programme.unit_cost > 0.0:
        money = f"{a_year} a year at {rupiah(programme.unit_cost)} a place, {rupiah(programme.cost_per_year)} a year"
    else:
        money = f"{a_year} a year, which cost nothing themselves"
    return f"{programme.label['en']}: {money}."


def terms(programme: ProgrammeDocument) -> str:
    """Who may take part, what a place gives and costs, when people are taken in."""
    each = "child" if programme.per_child else "household"
    leave = f", and {share(programme.drop_out)} leave each month" if programme.drop_out > 0.0 else ""
    sentences = [
        f"Eligible: {who(programme.conditions)}; {ORDER[programme.priority]}.",
        f"{share(programme.take_up)} of them accept{leave}.",
        f"A place lasts {months(programme.duration)} and gives {gives_words(programme.gives, programme.per_child)}.",
    ]
    costs = []
    if programme.cost_per_place:
        costs.append(f"{rupiah(programme.cost_per_place)} once")
    if programme.cost_per_month:
        costs.append(f"{rupiah(programme.cost_per_month)} a month for each {each}")
    if any(programme.gives.get(channel, 0.0) for channel in (*GRANT_CHANNELS, "stipend")):
        costs.append("what it pays out")
    if costs:
        top = f", and {share(programme.overhead)} on top for administration" if programme.overhead else ""
        sentences.append(f"It costs {listed(costs)}{top}.")
    if programme.partner:
        sentences.append(f"A partner pays {share(programme.partner)} of it.")
    if any(programme.demand.values()):
        sentences.append(
            f"The trade is worth half as much once {demand_words(programme.demand)} of households have learned it."
        )
    if programme.per_child:
        sentences.append(f"A household is counted with {counted(programme.children, 'child', 'children')} (assumed).")
    return " ".join([*sentences, *intakes(programme)])


def demand_words(demand: Mapping[str, float]) -> str:
    """Demand in words; several region types with the same figure stand together."""
    limited = {region: value for region, value in demand.items() if value}
    values = list(dict.fromkeys(limited.values()))
    if len(values) == 1 and len(limited) == len(demand):
        return share(values[0])
    return listed(
        [f"{share(value)} ({', '.join(r for r in limited if limited[r] == value)})" for value in values], "or"
    )


def intakes(programme: ProgrammeDocument) -> list[str]:
    """When people are taken in."""
    said = []
    every = "every month" if programme.intake_every == 1 else f"every {months(programme.intake_every)}"
    first = f" from month {programme.first_intake} on" if programme.first_intake else ""
    last = f" until month {programme.last_intake}" if programme.last_intake is not None else ""
    said.append(f"Intake {every}{first}{last}.")
    if not programme.once:
        said.append("A household may take part again.")
    return said


def who(conditions: tuple[ConditionDocument, ...]) -> str:
    """Who is eligible."""
    if not conditions:
        return "every household"
    return "households with " + listed([_condition(one) for one in conditions])


def _condition(one: ConditionDocument) -> str:
    column = HOUSEHOLD[ROW[one.column]]
    if column.unit == "0/1" and one.low == one.high:
        return f"{one.column.replace('_', ' ')}: {'yes' if one.low else 'no'}"
    subject = _SUBJECT.get(one.column, one.column.replace("_", " "))
    unit = " poverty lines" if column.unit == "L/month" else ""
    seen = " as the administration sees it" if one.observed else ""
    if one.column in _COUNTED:
        singular, plural = _COUNTED[one.column]
        if one.low == one.high:
            return f"exactly {counted(one.low, singular, plural)}"
        if isinf(one.high):
            return f"at least {counted(one.low, singular, plural)}"
        top = counted(one.high, singular, plural)
        return f"at most {top}" if isinf(one.low) else f"{one.low:g} to {top}"
    if one.low == one.high:
        return f"{subject} of exactly {one.low:g}{unit}{seen}"
    if isinf(one.high):
        return f"{subject} of at least {one.low:g}{unit}{seen}"
    if isinf(one.low):
        return f"{subject} of at most {one.high:g}{unit}{seen}"
    return f"{subject} from {one.low:g} to {one.high:g}{unit}{seen}"


def gives_words(gives: Mapping[str, float], per_child: bool = False) -> str:
    """What somebody gets, by channel: courses over the length of a place, doses a month, grants once."""
    heads = " for each child" if per_child else ""
    parts = []
    topics = [(channel, gives[channel]) for channel in _TOPICS if gives.get(channel)]
    for channel in CHANNELS:
        if channel not in gives or channel in _TOPICS or channel == "fit":
            continue
        amount = gives[channel]
        if channel == "literacy":
            parts.append(f"an adult literacy class ({amount:g} of a standard class)")
        elif channel == "tutoring":
            parts.append(f"tutoring ({amount:g} of a standard dose)")
        elif channel == "scholarship":
            parts.append(f"a scholarship for {share(amount)} of the cost of schooling")
        elif channel == "saving":
            parts.append(f"obligatory saving of {share(amount)} of income")
        elif channel == "stipend":
            parts.append(f"{rupiah(amount)} a month in cash{heads}")
        elif channel in GRANT_CHANNELS:
            what = "a productive asset worth" if channel == "asset_grant" else "cash of"
            parts.append(f"{what} {rupiah(amount)} at the start{heads}")
        else:
            noun, often = _GIVEN[channel]
            parts.append(f"{counted(amount, noun)}{often}")
        if channel == "health_group" and topics:
            said = listed([f"{digits(amount)} on {_TOPICS[topic]}" for topic, amount in topics])
            parts[-1] += f" ({said})"
            topics = []
    if topics:
        said = listed([f"{digits(amount)} on {_TOPICS[topic]}" for topic, amount in topics])
        parts.append(f"meetings a month: {said}")
    fit = gives.get("fit", 0.0)
    if fit:
        parts.append(f"something that {'fits' if fit > 0.0 else 'rubs against'} custom ({fit:+g} from -1 to 1)")
    return listed(parts)


_TOPICS: Final = {
    "prevention": "preventing disease",
    "basic_care": "basic care",
    "nutrition": "nutrition",
    "reproductive": "reproductive health",
}


def community_words(one: CommunityDocument, plan: CommunityPlan) -> str:
    """One community programme in sentences."""
    enough = "" if plan.enough else " (its budget would pay for more villages than there are)"
    served = counted(round(plan.villages), "village")
    money = f"; {rupiah(plan.cost)} a year on average over the run" if plan.cost > 0.0 else ""
    sentences = [
        f"{one.label['en']}: {served} of {plan.of:,.0f}, {share(plan.coverage)}, the poorest first{money}{enough}."
    ]
    does = []
    if one.gives:
        does.append(f"gives every household {gives_words(one.gives)}")
    if one.sets:
        does.append("sets " + listed([f"{plain_words(name)} to {value:g}" for name, value in one.sets.items()]))
    if one.scales:
        does.append("multiplies " + listed([f"{plain_words(name)} by {value:g}" for name, value in one.scales.items()]))
    if one.travel_factor != 1.0:
        does.append(f"makes the way of mentors {share(one.travel_factor)} of what it was")
    begin = f"from month {one.start} on" if one.start else "from the start"
    last = f" for {months(one.duration)}" if one.duration is not None else ""
    sentences.append(f"It {listed(does)}, {begin}{last}.")
    costs = []
    if one.cost_once:
        costs.append(f"{rupiah(one.cost_once)} once")
    if one.cost_per_month:
        costs.append(f"{rupiah(one.cost_per_month)} a month")
    if costs:
        sentences.append(f"A village costs {listed(costs)}.")
    if one.partner:
        sentences.append(f"A partner pays {share(one.partner)} of it.")
    return " ".join(sentences)


def plain_words(name: str) -> str:
    """Column of a village in words."""
    return name.replace("_", " ")


def mentor_words(staff: MentorsDocument, plan: MentorPlan, place: Place) -> str:
    """Posts, what they cost and how they work."""
    node = library.mentor_types()[staff.type].get("label")
    kind = (node.entries or {})["en"].text if node is not None else staff.type
    where = " living where they work" if staff.resident else ""
    local = ", from the place itself" if staff.local else ""
    posts = counted(plan.posts if plan.posts < 10 else round(plan.posts), "full-time post")
    sentences = [
        f"Mentors: {posts} ({kind}{where}{local}), "
        f"{rupiah(staff.cost_per_month)} a month each with courses and supervision, {staff.hours:g} hours a month; "
        f"{rupiah(plan.cost)} a year with trips and sessions."
    ]
    sentences += _working(staff, place)
    if plan.clients > 0.0 and plan.posts > 0.0:
        load = plan.clients / plan.posts
        sentences.append(
            f"Once all places are filled each has about {digits(load)} households to visit; {RULE[staff.rule]}."
        )
    elif plan.clients <= 0.0 and (staff.visits or staff.sessions):
        sentences.append("They have nobody to visit: the policy has no programme for households. Add one.")
    elif plan.clients <= 0.0:
        sentences.append("No programme of the policy asks for visits: add visits to mentors or to a programme.")
    if staff.visits or staff.sessions:
        wanted = []
        if staff.visits:
            wanted.append(counted(staff.visits, "visit"))
        if staff.sessions:
            wanted.append(counted(staff.sessions, "group session"))
        sentences.append(f"Every household in a programme is to get {listed(wanted)} a month, as far as hours go.")
    return " ".join(sentences)


def where_words(where: Mapping[str, float]) -> str:
    """How posts are shared among region types."""
    told = listed([f"{plain_words(name)} {weight:g}" for name, weight in where.items() if weight != 1.0])
    return f"{told} posts where others of as many households get 1" if told else "where the places go"


def _working(staff: MentorsDocument, place: Place) -> list[str]:
    """How mentors work: way, pay against the minimum wage, courses and supervision, roles."""
    said = [_way(staff, place)]
    if staff.pay:
        said.append(f"They take home {share(pay_ratio(staff, place))} of the minimum wage for full-time hours.")
    if not staff.dynamics:
        said.append("They neither learn nor tire nor leave.")
    else:
        has = [name for name, holds in _SUPPORT.items() if holds(staff)]
        lacks = [name for name in ("a yearly course", "coaching supervisors") if name not in has]
        said.append(f"They have {listed(has) or 'no support'}" + (f", but no {listed(lacks, 'or')}." if lacks else "."))
    if staff.where:
        parts = zip(post_shares(staff, place), place.regions, strict=True)
        shared = listed([f"{share(part)} in {plain_words(region.name)} subdistricts" for part, region in parts])
        said.append(f"Of the posts {shared}.")
    if staff.rotation:
        how = "with" if staff.handover else "without"
        said.append(f"They are moved to another area every {months(staff.rotation)}, {how} a joint visit.")
    usual = library.mentor_types()[staff.type].get("role_mix")
    if usual is not None and not _same(staff.role_mix, read_section(usual, ROLE_MIX, [])):
        mix = listed([f"{share(amount)} {role}" for role, amount in staff.role_mix.items()])
        said.append(f"Their time with people is {mix}.")
    if staff.coordination:
        said.append(f"A desk between offices helps their referrals, at {rupiah(staff.desk_cost)} a month.")
    return said


_SUPPORT: Final[dict[str, Callable[[MentorsDocument], bool]]] = {
    "a yearly course": lambda staff: staff.refresher,
    "coaching supervisors": lambda staff: staff.coaching,
    "peer groups": lambda staff: staff.peer_group,
    "permanent posts": lambda staff: staff.permanent,
}


def _same(mix: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether two role mixes are the same but for rounding."""
    return all(isclose(amount, other[role], abs_tol=1e-9) for role, amount in mix.items())


def _way(staff: MentorsDocument, place: Place) -> str:
    """The way to clients and back, and how often it can be made."""
    figures = travel()
    at = [REGION_TYPES.index(region.name) for region in place.regions]
    hours = [figures["round_trip_hours"][k] for k in at]
    access = [figures["access"][k] for k in at]
    if staff.resident:
        hours, access = [min(one, staff.resident_round_trip) for one in hours], [1.0]
    span = digits(hours[0]) if len(set(hours)) == 1 else f"{digits(min(hours))} to {digits(max(hours))}"
    made = "" if min(access) == 1.0 else f", and {share(min(access))} of the trips can be made in a mean month"
    if len(set(access)) > 1:
        made = f", and {share(min(access))} to {share(max(access))} of the trips can be made in a mean month"
    unit = "hour" if span == "1" else "hours"
    return f"The way to clients and back takes {span} {unit}{made}."
