"""Which numbers a scenario uses, and where they come from.

Parameters of the rules in effect, the place, its region types, the programmes, the mentors and the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from empowersim.parameters import passports
from empowersim.parameters.factors import factors
from empowersim.parameters.places import place, place_passports, region_passports
from empowersim.scenario import library
from empowersim.scenario.compile import doses
from empowersim.scenario.document import Node, walk
from empowersim.scenario.fields import find, suffix_of
from empowersim.scenario.model import PROGRAMME, Scenario
from empowersim.schema import REGION_TYPES


@dataclass(frozen=True)
class Cited:
    """One number in use, with its passport."""

    group: str
    """`parameter`, `place`, `region`, `programme`, `community`, `mentors` or `setting`."""
    name: str
    value: str
    """As written, with its unit where the text has one."""
    unit: str
    confidence: str
    """A read in a source, B well known or fitted, C assumed."""
    source: str
    meaning: str = ""
    rows: tuple[str, ...] = ()
    """Evidence rows that inform it."""


_COURSES: Final = frozenset({"technical", "business", "initiative", "literacy"})
_VISITS: Final = frozenset({"visits", "sessions"})
_GROUPS: Final = frozenset({"health_group", "sessions"})
_KNOWLEDGE: Final = frozenset({"business", "initiative"}) | _VISITS
_TECHNICAL: Final = frozenset({"technical"})
_INITIATIVE: Final = frozenset({"initiative"})
_TUTORING: Final = frozenset({"tutoring"})
_FAMILY: Final = frozenset({"nutrition", "reproductive"})
_HEALTH: Final = frozenset({"prevention", "basic_care"}) | _FAMILY
_MONEY: Final = frozenset({"stipend", "asset_grant", "cash_grant"})
_CHOOSING: Final = frozenset({"deliberation"})
_CLAIMS: Final = _VISITS | _GROUPS | _CHOOSING | {"brokering"}
_ATTENDED: Final = _COURSES | _GROUPS | _TUTORING | _HEALTH
_MENTORS: Final = frozenset({"mentors"})

FEATURES: Final = (
    "mentors",
    "refresher",
    "no_refresher",
    "coaching",
    "no_coaching",
    "peer_group",
    "permanent",
    "handover",
    "no_handover",
    "coordination",
    "two_tier",
    "cluster",
)
"""Ways in which the mentors of some policy work, on which parameters depend as they do on channels."""

NEEDS: Final[dict[str, frozenset[str]]] = {
    # what a channel does
    **dict.fromkeys(
        ("skill_per_course", "skill_loss", "wage_per_skill", "finding_per_skill", "loss_per_skill"), _TECHNICAL
    ),
    **dict.fromkeys(("course_lock_in", "lock_in_dose"), _TECHNICAL),
    "knowledge_per_course": frozenset({"business", "initiative"}),
    **dict.fromkeys(("knowledge_from_initiative", "initiative_per_course", "initiative_loss"), _INITIATIVE),
    **dict.fromkeys(("profit_per_initiative", "sales_per_initiative", "own_level_per_initiative"), _INITIATIVE),
    **dict.fromkeys(("knowledge_loss", "practice_ramp", "profit_per_practice", "sales_per_practice"), _KNOWLEDGE),
    **dict.fromkeys(("buffer_per_practice", "upkeep_per_practice", "sales_margin"), _KNOWLEDGE),
    "practice_diffusion": _KNOWLEDGE | _GROUPS,
    **dict.fromkeys(("deaths_prevented", "decay_prevented", "threshold_fall", "practice_per_motivation"), _KNOWLEDGE),
    "literacy_gain": frozenset({"literacy"}),
    **dict.fromkeys(("literacy_loss", "use_of_literacy"), frozenset({"literacy"})),
    **dict.fromkeys(("learning_per_literacy", "literacy_reference"), _COURSES | _HEALTH | _VISITS),
    "learning_per_tutoring": _TUTORING,
    "learning_from_adults": frozenset({"literacy"}),
    **dict.fromkeys(("learning_fade", "leaving_per_learning"), _TUTORING | frozenset({"literacy"})),
    **dict.fromkeys(("leaving_prevented", "returning_per_scholarship"), frozenset({"scholarship"})),
    **dict.fromkeys(("practice_per_meeting", "practice_loss"), _HEALTH),
    **dict.fromkeys(("health_per_practice", "illness_prevented"), frozenset({"prevention"}) | _GROUPS),
    "recovery_per_care": frozenset({"basic_care"}),
    "growth_per_family_practice": _FAMILY,
    **dict.fromkeys(("diffusion_practice_health", "diffusion_ceiling", "participation_memory"), _GROUPS),
    **dict.fromkeys(("windfall_to_assets", "windfall_to_durables"), frozenset({"cash_grant"})),
    "grant_quality_spread": frozenset({"asset_grant"}),
    **dict.fromkeys(
        (
            "attendance_intercept",
            "attendance_per_trust",
            "attendance_per_hour",
            "attendance_per_motivation",
            "attendance_busy",
            "attendance_leader",
        ),
        _ATTENDED,
    ),
    **dict.fromkeys(("attendance_fit", "culture_harm", "culture_return"), frozenset({"fit"})),
    # contact with mentors
    **dict.fromkeys(("contact_saturation", "practice_from_contact", "contact_base", "contact_per_trust"), _VISITS),
    **dict.fromkeys(("advice_fade", "advice_build_up", "profit_per_advice", "sales_per_advice"), _VISITS),
    **dict.fromkeys(("business_time_per_advice", "well_being_per_advice"), _VISITS),
    **dict.fromkeys(("empowerment_per_contact", "voice_per_contact", "motivation_per_contact"), _VISITS),
    "contact_floor": _VISITS,
    "trust_per_visit": frozenset({"visits"}),
    **dict.fromkeys(("trust_per_session", "session_as_contact", "session_crowding"), frozenset({"sessions"})),
    **dict.fromkeys(("benefit_error", "benefit_error_offline", "trust_lost_to_error"), _MONEY),
    "benefit_error_technical": _MONEY,
    "motivation_per_transfer": _MONEY,
    **dict.fromkeys(("motivation_per_meeting",), _GROUPS),
    **dict.fromkeys(("motivation_return", "take_up_per_motivation"), _GROUPS | _VISITS),
    # mentors themselves
    **dict.fromkeys(("settling_months", "settling_effect", "competence_per_month", "burnout_learning_limit"), _MENTORS),
    **dict.fromkeys(("burnout_per_overload", "burnout_per_admin", "burnout_admin_limit"), _MENTORS),
    **dict.fromkeys(("burnout_per_travel", "burnout_travel_limit", "burnout_recovery"), _MENTORS),
    **dict.fromkeys(("hours_lost_to_burnout", "turnover_base", "turnover_per_burnout"), _MENTORS),
    **dict.fromkeys(("turnover_per_log_pay", "vacancy_months"), _MENTORS),
    "competence_per_course": frozenset({"refresher"}),
    "turnover_no_refresher": frozenset({"no_refresher"}),
    **dict.fromkeys(("competence_per_coaching", "burnout_coaching"), frozenset({"coaching"})),
    "turnover_no_feedback": frozenset({"no_coaching"}),
    "burnout_peers": frozenset({"peer_group"}),
    "turnover_permanent": frozenset({"permanent"}),
    "trust_kept_with_handover": frozenset({"handover"}),
    "trust_kept_without_handover": frozenset({"no_handover"}),
    "two_tier_share": frozenset({"two_tier"}),
    "cluster_visits": frozenset({"cluster"}),
    **dict.fromkeys(("usual_facilitative", "usual_educational", "usual_representational"), _VISITS),
    "usual_technical": _VISITS | _MONEY,
    # agency, claims, collective capability
    "empowerment_per_course": frozenset({"business", "initiative", "literacy"}),
    "empowerment_decay": frozenset({"business", "initiative", "literacy"}) | _VISITS,
    "empowerment_from_business": frozenset({"business"}),
    "empowerment_from_literacy": frozenset({"literacy"}),
    "voice_per_meeting": _GROUPS | _VISITS,
    "voice_per_deliberation": _CHOOSING,
    "voice_decay": _GROUPS | _VISITS | _CHOOSING,
    "claims_per_contact": _VISITS,
    "claims_per_case": frozenset({"brokering"}),
    "claims_per_voice": _GROUPS | _VISITS | _CHOOSING,
    **dict.fromkeys(("claims_loss", "claims_income_limit", "referral_success"), _CLAIMS),
    "referral_success_coordinated": frozenset({"coordination"}),
    "collective_per_participation": _GROUPS,
    "collective_per_meeting": _CHOOSING,
    **dict.fromkeys(("collective_return", "bargaining"), _GROUPS | _CHOOSING),
}
"""Parameter -> channels and features without which it has nothing to act on: what they move stays at zero."""

TRAP_ONLY: Final = ("trap_speed", "trap_low", "trap_threshold", "trap_high", "threshold_fall", "trap_noise_sd")
NO_TRAP_ONLY: Final = ("asset_return_rate", "decay_prevented", "asset_noise_sd")
NOT_IN_THE_MONTH: Final = ("survey",)
"""Topics of parameters that describe measurement, not people."""

DECISIONS: Final = (
    "budget",
    "places",
    "coverage",
    "start",
    "count",
    "priority",
    "rule",
    "type",
    "first_intake",
    "last_intake",
    "once",
    "per_child",
)
"""What a planner decides: no evidence stands behind it, and none is needed."""
_OBSERVING: Final = ("poorest_first", "neediest_first", "near_threshold", "max_gain", "two_tier")
"""Rules by which mentors go by what they observe with error."""
_TEXTS: Final = ("label", "meaning", "note", "like")


def used_passports(scenario: Scenario) -> list[Cited]:
    """All numbers that the policies of a scenario use, each with value, source and confidence, in a fixed order."""
    found = [
        *_parameters(scenario),
        *_place(scenario),
        *_programmes(scenario),
        *_communities(scenario),
        *_mentors(scenario),
        *_settings(scenario),
    ]
    return list(dict.fromkeys(found))


def channels(scenario: Scenario) -> frozenset[str]:
    """Channels that some policy gives (visits and sessions only where there are mentors)."""
    found = set()
    for policy in scenario.policies.values():
        for programme in policy.programmes:
            given = {channel for channel, amount in doses(programme, policy.mentors).items() if amount != 0.0}
            found |= given if policy.mentors.any else given - {"visits", "sessions"}
        for community in policy.community:
            found |= {channel for channel, amount in community.gives.items() if amount != 0.0}
    return frozenset(found)


def features(scenario: Scenario) -> frozenset[str]:
    """Ways (`FEATURES`) in which the mentors of some policy work; none where nobody is to be visited."""
    found = set()
    if not channels(scenario) & _VISITS:
        return frozenset()
    for staff in (policy.mentors for policy in scenario.policies.values() if policy.mentors.any):
        if staff.coordination:
            found.add("coordination")
        if staff.rule in ("two_tier", "cluster"):
            found.add(staff.rule)
        if not staff.dynamics:
            continue
        found |= {
            "mentors",
            "refresher" if staff.refresher else "no_refresher",
            "coaching" if staff.coaching else "no_coaching",
            "handover" if staff.handover else "no_handover",
        }
        found |= {name for name in ("peer_group", "permanent") if getattr(staff, name)}
    return frozenset(found)


def used_parameters(scenario: Scenario) -> list[str]:
    """Names of the parameters that act in some policy of the scenario."""
    given = channels(scenario) | features(scenario)
    idle = NO_TRAP_ONLY if scenario.world.trap else TRAP_ONLY
    return [
        name
        for name, passport in passports().items()
        if passport.topic not in NOT_IN_THE_MONTH and name not in idle and (name not in NEEDS or NEEDS[name] & given)
    ]


def _parameters(scenario: Scenario) -> list[Cited]:
    found = []
    neutral = {
        name: (value, factor) for factor in scenario.factors for name, value in factors()[factor].parameters.items()
    }
    for name in used_parameters(scenario):
        passport = passports()[name]
        value, source, confidence = passport.value, passport.source, passport.confidence
        if name == "trap" and scenario.world.trap:
            value, source = 1.0, f"switched on in {scenario.path}"
        if name in scenario.parameters:
            value, source, confidence = scenario.parameters[name], f"set in {scenario.path} instead of {value:g}", "C"
        if name in neutral:
            value, source = float(neutral[name][0]), f"the factor {neutral[name][1]} is off in {scenario.path}"
            confidence = "C"
        found.append(
            Cited("parameter", name, f"{value:g}", passport.unit, confidence, source, passport.meaning, passport.rows)
        )
    return found


def _place(scenario: Scenario) -> list[Cited]:
    here = [region.name for region in place(scenario.world.place).regions]
    changed: dict[str, float] = {**scenario.world.figures}
    for name in ("households", "poverty_line", "poverty_rate"):
        value = getattr(scenario.world, name)
        if value is not None:
            changed[name] = float(value)
    found = []
    for passport in place_passports(scenario.world.place):
        figure = passport.name.rpartition(".")[2]
        if figure in changed:
            continue
        found.append(
            Cited(
                "place",
                passport.name,
                _value(passport.value),
                passport.unit,
                passport.confidence,
                passport.source,
                passport.meaning,
            )
        )
    for passport in region_passports():
        figure = passport.name.rpartition(".")[2]
        if figure in changed:
            continue
        values = dict(zip(REGION_TYPES, passport.value, strict=True)) if isinstance(passport.value, tuple) else {}
        shown = ", ".join(f"{region} {values[region]:g}" for region in here)
        found.append(
            Cited("region", passport.name, shown, passport.unit, passport.confidence, passport.source, passport.meaning)
        )
    for name, value in changed.items():
        found.append(Cited("place", f"{scenario.world.place}.{name}", f"{value:g}", "", "C", f"set in {scenario.path}"))
    return found


def _value(value: Any) -> str:
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, tuple) else f"{value:g}"


def _programmes(scenario: Scenario) -> list[Cited]:
    found = []
    here = {region.name for region in place(scenario.world.place).regions}
    for policy in scenario.policies.values():
        for programme in policy.programmes:
            found += [
                cited for cited in _figures("programme", programme.name, programme.node) if not _elsewhere(cited, here)
            ]
            for item in PROGRAMME.fields:
                name = item.name
                if name in DECISIONS or find(programme.node, name) is not None or not _has_default(name):
                    continue
                if name == "children" and not programme.per_child:
                    continue
                found += _figures("programme", f"{programme.name}.{name}", library.default("programme", name))
    return found


def _elsewhere(cited: Cited, here: set[str]) -> bool:
    """Whether a figure is of a region type that the place does not have."""
    return ".demand." in cited.name and cited.name.rpartition(".")[2] not in here


def _communities(scenario: Scenario) -> list[Cited]:
    return [
        cited
        for policy in scenario.policies.values()
        for community in policy.community
        for cited in _figures("community", community.name, community.node)
    ]


def _has_default(name: str) -> bool:
    return name in ((library.defaults().entries or {})["programme"].entries or {})


def _mentors(scenario: Scenario) -> list[Cited]:
    found = []
    for policy in scenario.policies.values():
        staff = policy.mentors
        if not staff.any or staff.node is None:
            continue
        idle = set() if staff.resident else {"allowance", "resident_round_trip", "resident_trip_cost"}
        idle |= set() if staff.refresher else {"refresher_cost"}
        idle |= set() if staff.coaching else {"supervisor_pay", "posts_per_supervisor"}
        idle |= set() if staff.coordination else {"coordination_cost"}
        idle |= set() if staff.training else {"training"}
        idle |= set() if staff.local else {"trust_bonus"}
        idle |= set() if staff.rule in _OBSERVING else {"observation_noise"}
        found += [
            cited for cited in _figures("mentors", staff.type, staff.node) if cited.name.split(".")[1] not in idle
        ]
    return found


def _settings(scenario: Scenario) -> list[Cited]:
    default = library.default("economics", "discount_rate")
    rate = scenario.settings.discount_rate
    assert default.passport is not None
    source = default.passport.source if f"{100 * rate:g} %/year" == default.text else f"set in {scenario.path}"
    return [Cited("setting", "discount_rate", f"{rate:g}", "1/year", "C", source, "discount rate")]


def _figures(group: str, name: str, node: Node) -> list[Cited]:
    """Numbers of a tree, each as its file has it."""
    found = []
    for path, leaf in walk(node):
        key = path.split(".")[0]
        if suffix_of(key, DECISIONS)[0] or key in _TEXTS:
            continue
        if leaf.passport is not None:
            source, confidence = leaf.passport.source, leaf.passport.confidence
        elif not any(character.isdigit() for character in leaf.text or ""):
            continue
        elif leaf.file.startswith("library:"):
            source, confidence = "definition of the programme", "C"
        else:
            source, confidence = f"set in {leaf.file}, line {leaf.line}", "C"
        full = f"{name}.{path}" if path else name
        meaning = leaf.passport.meaning if leaf.passport is not None else ""
        found.append(Cited(group, full, leaf.text or "", "", confidence, source, meaning))
    return found
