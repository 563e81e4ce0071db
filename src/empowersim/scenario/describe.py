"""What a scenario means, in plain sentences: the world, then each policy."""

from __future__ import annotations

from empowersim.parameters import passports
from empowersim.parameters.factors import factors
from empowersim.scenario.cite import Cited, used_passports
from empowersim.scenario.compile import cost_per_year, place_with, plan_community, plan_mentors
from empowersim.scenario.differences import describe_difference
from empowersim.scenario.documents import BOTH
from empowersim.scenario.model import PolicyDocument, Scenario
from empowersim.scenario.sentences import SHARING_WORDS, community_words, mentor_words, places_words, terms
from empowersim.scenario.words import counted, listed, months, rupiah, share

__all__ = ["Cited", "describe", "describe_difference", "describe_policy", "used_passports"]


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
    if not policy.programmes and not policy.mentors.any and not policy.community:
        return [f"Policy {called}{is_reference} has no programme and no mentor. It costs nothing."]
    horizon = scenario.settings.months
    total = cost_per_year(policy, place, horizon)
    stop = f" Everything stops after {months(policy.runs_for)}." if policy.runs_for is not None else ""
    lines = [f"Policy {called}{is_reference} costs about {rupiah(total)} a year.{stop}"]
    if policy.note:
        lines.append(f"  Note: {policy.note}")
    for programme in policy.programmes:
        said = terms(programme)
        under = told.setdefault(f"{programme.name} {said}", name)
        lines.append(f"  {places_words(programme)} {said if under == name else f'Terms as under {under}.'}")
    plan = plan_mentors(policy, place)
    if policy.mentors.any:
        lines.append("  " + mentor_words(policy.mentors, plan, place))
    elif _wants_visits(policy):
        lines.append("  Nobody makes the visits or holds the sessions that it asks for: the policy has no mentors.")
    until = horizon if policy.runs_for is None else min(horizon, policy.runs_for)
    lines += [f"  {community_words(one, plan_community(one, place, until))}" for one in policy.community]
    if policy.sharing != "equal":
        lines.append(f"  Subdistricts share places and posts {SHARING_WORDS[policy.sharing]}.")
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
    if scenario.world.trap is BOTH:
        lines.append(
            "Two worlds are compared, on the same random numbers: one in which productive assets return to the "
            "household's own level, and one in which they follow a curve with a poverty trap."
        )
    elif scenario.world.trap:
        lines.append("Productive assets follow a curve with a poverty trap.")
    for name, value in scenario.parameters.items():
        shipped = passports()[name]
        lines.append(f"{name} is {value:g} instead of {shipped.value:g} ({shipped.unit}): {shipped.meaning}.")
    for name, value in scenario.world.figures.items():
        lines.append(f"{name} of the place is set to {value:g}.")
    if scenario.factors:
        named = [factors()[name].label["en"] for name in scenario.factors]
        lines.append(f"These factors are switched off, in every policy: {', '.join(named)}.")
    return lines


def _survey(scenario: Scenario) -> str:
    survey = scenario.survey
    assert survey is not None
    if survey.headcount is not None:
        line = f"the poverty line is set so that {share(survey.headcount)} of persons are poor at the start"
    else:
        line = f"the poverty line is {survey.poverty_line:g} in the unit of the survey"
    return f"Households come from the survey {survey.file}, a row a {survey.kind.rstrip('s')}; {line}."
