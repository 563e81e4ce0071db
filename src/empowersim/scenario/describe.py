"""What a scenario means, in plain sentences, and what two policies or two files do differently."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from typing import Any, Final

from empowersim.parameters import passports
from empowersim.scenario import library
from empowersim.scenario.cite import Cited, used_passports
from empowersim.scenario.compile import MentorPlan, cost_per_year, doses, place_with, plan_mentors
from empowersim.scenario.model import (
    GRANT_CHANNELS,
    ConditionDocument,
    MentorsDocument,
    PolicyDocument,
    ProgrammeDocument,
    Scenario,
)
from empowersim.scenario.words import counted, digits, listed, months, rupiah, share
from empowersim.schema import CHANNELS, HOUSEHOLD, ROW

__all__ = ["Cited", "describe", "describe_difference", "describe_policy", "used_passports"]

_ORDER: Final = {
    "lottery": "a lottery decides who comes first",
    "poorest_first": "the poorest, as the administration sees them, come first",
    "neediest_first": "those with the least say over their lives come first",
    "most_motivated": "those with the most initiative come first",
}
_RULE: Final = {
    "equal": "all clients get an equal part of the visits",
    "round_robin": "who has waited longest for a visit comes first",
    "neediest_first": "those with the least say over their lives are visited first",
    "poorest_first": "the poorest, as the register has them, are visited first",
    "near_threshold": "those nearest to the poverty line are visited first",
    "random": "chance decides who is visited first",
}
_GIVEN: Final = {
    "technical": ("standard technical course", ""),
    "business": ("standard business course", ""),
    "initiative": ("standard personal-initiative course", ""),
    "health_group": ("health meeting", " a month"),
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


def describe(scenario: Scenario) -> list[str]:
    """What the file means: the world, then each policy with its programmes, places, costs and mentors."""
    lines = _world(scenario)
    told: dict[str, str] = {}
    for name in scenario.policies:
        lines += describe_policy(scenario, name, told)
    return lines


def describe_policy(scenario: Scenario, name: str, told: dict[str, str] | None = None) -> list[str]:
    """One policy in sentences; KeyError if the scenario has none of that name.

    `told` (terms of a programme -> policy under which they were told) keeps terms from being told twice; it is filled.
    """
    told = {} if told is None else told
    policy = scenario.policies[name]
    place = place_with(scenario.world)
    label = policy.label["en"]
    called = name if label.lower().replace(" ", "_") == name else f"{name} ({label})"
    is_reference = ", the reference," if name == scenario.reference else ""
    if not policy.programmes and not policy.mentors.any:
        return [f"Policy {called}{is_reference} has no programme and no mentor. It costs nothing."]
    total = cost_per_year(policy, place)
    stop = f" Everything stops after {months(policy.runs_for)}." if policy.runs_for is not None else ""
    lines = [f"Policy {called}{is_reference} costs about {rupiah(total)} a year.{stop}"]
    if policy.note:
        lines.append(f"  Note: {policy.note}")
    for programme in policy.programmes:
        terms = _terms(programme)
        under = told.setdefault(f"{programme.name} {terms}", name)
        lines.append(f"  {_places(programme)} {terms if under == name else f'Terms as under {under}.'}")
    plan = plan_mentors(policy, place)
    if policy.mentors.any:
        lines.append("  " + _mentors(policy.mentors, plan))
    elif _wants_visits(policy):
        lines.append("  Nobody makes the visits or holds the sessions that it asks for: the policy has no mentors.")
    return lines


def _wants_visits(policy: PolicyDocument) -> bool:
    return any({"visits", "sessions"} & set(programme.gives) for programme in policy.programmes)


def _world(scenario: Scenario) -> list[str]:
    place = place_with(scenario.world)
    settings = scenario.settings
    lines = [f"{scenario.title['en']} (scenario {scenario.name})."]
    if scenario.survey is not None:
        lines.append(_survey(scenario))
        kinds = ""
    else:
        kinds = listed([f"{share(region.share)} {region.name}" for region in place.regions])
        kinds = f", {kinds}" if len(place.regions) > 1 else f", {place.regions[0].name}"
    represented = scenario.survey is None or scenario.world.households is not None
    stand = f"{place.households:,.0f} households" if represented else "the households of the survey"
    lines.append(f"The world stands for {stand} of {place.title_en}{kinds}.")
    one_line = {region.poverty_line for region in place.regions}
    rates = sum(region.share * region.poverty_rate for region in place.regions)
    line = (
        rupiah(next(iter(one_line)))
        if len(one_line) == 1
        else f"{rupiah(min(one_line))} to {rupiah(max(one_line))} by region type"
    )
    start = "" if scenario.survey is not None else f"; about {share(rates)} of persons are poor at the start"
    lines.append(f"The poverty line is {line} a person a month in prices of {place.price_year}{start}.")
    size = "each household of the survey once" if settings.households is None else f"{settings.households:,} households"
    lines.append(
        f"A run simulates {size} for {months(settings.months)} after {months(settings.burn_in)} of burn-in, in "
        f"{counted(settings.replicates, 'future')} (seed {settings.seed}); later money is discounted at "
        f"{share(settings.discount_rate)} a year."
    )
    if scenario.world.trap:
        lines.append("Productive assets follow a curve with a poverty trap.")
    for name, value in scenario.parameters.items():
        shipped = passports()[name]
        lines.append(f"{name} is {value:g} instead of {shipped.value:g} ({shipped.unit}): {shipped.meaning}.")
    for name, value in scenario.world.figures.items():
        lines.append(f"{name} of the place is set to {value:g}.")
    return lines


def _survey(scenario: Scenario) -> str:
    survey = scenario.survey
    assert survey is not None
    if survey.headcount is not None:
        line = f"the poverty line is set so that {share(survey.headcount)} of persons are poor at the start"
    else:
        line = f"the poverty line is {survey.poverty_line:g} in the unit of the survey"
    return f"Households come from the survey {survey.file}, a row a {survey.kind.rstrip('s')}; {line}."


def _places(programme: ProgrammeDocument) -> str:
    a_year = counted(round(programme.places_per_year), "place")
    if programme.budget is not None:
        money = f"{a_year} a year: {rupiah(programme.budget)} a year at {rupiah(programme.unit_cost)} a place"
    elif programme.unit_cost > 0.0:
        money = f"{a_year} a year at {rupiah(programme.unit_cost)} a place, {rupiah(programme.cost_per_year)} a year"
    else:
        money = f"{a_year} a year, which cost nothing themselves"
    return f"{programme.label['en']}: {money}."


def _terms(programme: ProgrammeDocument) -> str:
    each = "child" if programme.per_child else "household"
    leave = f", and {share(programme.drop_out)} leave each month" if programme.drop_out > 0.0 else ""
    sentences = [
        f"Eligible: {_who(programme.conditions)}; {_ORDER[programme.priority]}.",
        f"{share(programme.take_up)} of them accept{leave}.",
        f"A place lasts {months(programme.duration)} and gives {_gives(programme)}.",
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
    if programme.per_child:
        sentences.append(f"A household is counted with {counted(programme.children, 'child', 'children')} (assumed).")
    return " ".join([*sentences, *_intakes(programme)])


def _intakes(programme: ProgrammeDocument) -> list[str]:
    said = []
    every = "every month" if programme.intake_every == 1 else f"every {months(programme.intake_every)}"
    first = f" from month {programme.first_intake} on" if programme.first_intake else ""
    last = f" until month {programme.last_intake}" if programme.last_intake is not None else ""
    said.append(f"Intake {every}{first}{last}.")
    if not programme.once:
        said.append("A household may take part again.")
    return said


def _who(conditions: tuple[ConditionDocument, ...]) -> str:
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


def _gives(programme: ProgrammeDocument) -> str:
    heads = " for each child" if programme.per_child else ""
    parts = []
    given = doses(programme)
    for channel in CHANNELS:
        if channel not in given:
            continue
        amount = programme.gives.get(channel, 0.0) if channel in _COURSE_LIKE else given[channel]
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
    return listed(parts)


_COURSE_LIKE: Final = ("technical", "business", "initiative")


def _mentors(staff: MentorsDocument, plan: MentorPlan) -> str:
    node = library.mentor_types()[staff.type].get("label")
    kind = (node.entries or {})["en"].text if node is not None else staff.type
    where = " living where they work" if staff.resident else ""
    local = ", from the place itself" if staff.local else ""
    posts = counted(plan.posts if plan.posts < 10 else round(plan.posts), "full-time post")
    sentences = [
        f"Mentors: {posts} ({kind}{where}{local}), "
        f"{rupiah(staff.pay_per_month)} a month each with training, {staff.hours:g} hours a month; "
        f"{rupiah(plan.cost)} a year with trips and sessions."
    ]
    if plan.clients > 0.0 and plan.posts > 0.0:
        load = plan.clients / plan.posts
        sentences.append(
            f"Once all places are filled each has about {digits(load)} households to visit; {_RULE[staff.rule]}."
        )
    else:
        sentences.append("No programme of the policy asks for visits: add visits to mentors or to a programme.")
    if staff.visits or staff.sessions:
        wanted = []
        if staff.visits:
            wanted.append(counted(staff.visits, "visit"))
        if staff.sessions:
            wanted.append(counted(staff.sessions, "group session"))
        sentences.append(f"Every household in a programme is to get {listed(wanted)} a month, as far as hours go.")
    return " ".join(sentences)


# ---------------------------------------------------------------- differences


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
        "poverty trap": "on" if scenario.world.trap else "off",
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
    return facts


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
    stops = [("never" if one.runs_for is None else f"after {months(one.runs_for)}") for one in (a, b)]
    if stops[0] != stops[1]:
        lines.append(f"the first stops {stops[0]}, the second {stops[1]}.")
    return lines


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
        "eligible": _who(programme.conditions),
        "targeting noise": f"{programme.targeting_noise:g}",
        "order": _ORDER[programme.priority],
        "take-up": share(programme.take_up),
        "drop-out": f"{share(programme.drop_out)} a month",
        "length": months(programme.duration),
        "cost once": rupiah(programme.cost_per_place),
        "cost a month": rupiah(programme.cost_per_month),
        "overhead": share(programme.overhead),
        "children assumed": f"{programme.children:g}" if programme.per_child else "none",
        "counted for": "each child" if programme.per_child else "a household",
        "intakes": " ".join(_intakes(programme)).rstrip("."),
    }
    for channel in CHANNELS:
        if channel in programme.gives:
            amount = programme.gives[channel]
            facts[channel] = rupiah(amount) if channel in (*GRANT_CHANNELS, "stipend") else f"{amount:g}"
    return facts


def _mentor_facts(staff: MentorsDocument) -> dict[str, str]:
    facts = {
        "number": _staff(staff),
        "pay with training": f"{rupiah(staff.pay_per_month)} a month",
        "order": _RULE[staff.rule],
    }
    facts["resident"] = "yes" if staff.resident else "no"
    facts["local"] = "yes" if staff.local else "no"
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
    return facts
