"""The household month: the order of the rules, and the stream that feeds each decision.

=====  ==============================================  ==========================
step   what                                            draw (`rng.Stream`)
=====  ==============================================  ==========================
1      persistent earning capacity                     CAPACITY (normal)
2      illness                                         ILLNESS
3      regular work found or lost                      JOB
4      attendance                                      ATTENDANCE
5      contact with the mentor, advice, trust,         BENEFIT
       motivation; late or wrong benefits
6      learning: skill, business, initiative,          -
       literacy, health practice
7      children: enrolment, learning                   SCHOOLING
8      assets: drift, noise, death, investment         ASSETS (normal), ASSET_DEATH
9      work and business, with the assets held at      TRANSITORY (normal)
       the start of the month
10     loss, insurance, claims, kin                    -
11     theft, consumption, savings, durables, grants   THEFT, ASSET_QUALITY
12     well-being, empowerment, voice, health          -
13     independence counter                            -
=====  ==============================================  ==========================

Leaving a programme early (DROP_OUT) is decided where places are kept. Every draw is made in
every month whether it is needed or not: which number feeds a decision never depends on another decision.
Departures from the prototype, besides those named in the docstrings of rules: attendance follows last month's trust;
leaving a programme counts from the next month on and ends every kind of place; sessions count as meetings in voice and
participation; the dispersion of a place scales the persistent part of earnings but not of accustomed assets; insurance
makes good a share of what a village-wide shock has left.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import ONE, ZERO, flag, greater, lesser, log, positive
from empowersim.rules import (
    agency,
    assets,
    community,
    health,
    income,
    literacy,
    mentoring,
    programmes,
    schooling,
    spending,
)
from empowersim.schema import CHANNELS, HOUSEHOLD, VILLAGE, column

_record: Any = namedtuple

Household = _record("Household", [column.name for column in HOUSEHOLD])
"""One household: a float32 for each column of `schema.HOUSEHOLD`."""

Village = _record("Village", [column.name for column in VILLAGE])
"""One village: a float32 for each column of `schema.VILLAGE`."""

Dose = _record(
    "Dose",
    [
        *CHANNELS,
        "competence",
        "trust_bonus",
        "local",
        "session_quality",
        "facilitation",
        "education",
        "representation",
        "technical_role",
        "coordinated",
    ],
)
"""What reaches a household this month; money in L, visits and sessions as they took place."""

Draw = _record(
    "Draw",
    [
        "capacity",
        "transitory",
        "assets",
        "illness",
        "job",
        "attendance",
        "drop_out",
        "asset_death",
        "schooling",
        "asset_quality",
        "benefit",
        "theft",
    ],
)
"""The draws of a household month: the first three standard normal, the others uniform in (0, 1)."""

MONTHS_UNSEEN_MOST = ONE * column("unseen").upper
"""Cap of the counter of months without a visit: never seen."""


@rule
def household_month(p: Any, village: Any, home: Any, dose: Any, draw: Any, month: float) -> Any:
    """One month of one household: the `Household` as it stands at the end of the month.

    `p` Parameters, `village` Village (means of last month), `home` Household at the start, `dose` Dose,
    `draw` Draw, `month` = 1 in the first month of the policies and so on, 0 during the burn-in.
    """
    # 1-3 capacity, illness, work
    capacity = income.next_capacity(p, home.capacity, draw.capacity)
    recovering = health.recovery_factor(p, home.care_practice, village.health_access)
    illness = health.next_illness(p, home.illness, home.health_practice, village.morbidity, recovering, draw.illness)
    held = assets.assets_from_k(p, home.assets)
    reach = income.work_within_reach(p, village.distant_work, home.savings, held)
    job = income.next_job(p, home.job, home.technical_skill, dose.technical, village.regular_work, reach, draw.job)

    # 4-5 mentor and attendance
    attended = programmes.attends(p, home.trust, home.motivation, village, dose.fit, draw.attendance)
    sessions = dose.sessions * attended
    contacts = mentoring.contacts(p, dose.visits, sessions, dose.session_quality)
    reached = mentoring.contact(p, contacts, dose.competence, home.trust)
    taught = lesser(reached * dose.education, ONE)
    facilitated = lesser(reached * dose.facilitation, ONE)
    represented = lesser(reached * dose.representation, ONE)
    advice = mentoring.next_advice(p, home.advice, taught)
    first = mentoring.first_trust(p, village.outsider_trust, dose.trust_bonus, village.adat, dose.local)
    met = mentoring.next_trust(p, home.trust, first, dose.visits, sessions, dose.competence)
    transfers = dose.stipend + dose.asset_grant + dose.cash_grant
    late = mentoring.benefit_error_chance(p, village.signal, dose.technical_role)
    trust = mentoring.trust_after_benefits(p, met, flag(transfers > ZERO), late, draw.benefit)
    gatherings = (dose.health_group + dose.sessions) * attended
    motivation = mentoring.next_motivation(p, home.motivation, facilitated, gatherings, transfers)

    # 6 learning
    pace = programmes.teachability(p, home.literacy, village.pace)
    meetings = dose.health_group * attended
    business = dose.business * attended
    initiative_course = dose.initiative * attended
    lessons = dose.literacy * attended
    skill = programmes.next_skill(p, home.technical_skill, dose.technical * attended, job, pace)
    knowledge = programmes.next_knowledge(p, home.business_knowledge, business, initiative_course, taught, pace)
    practice = programmes.next_practice(
        p,
        home.business_practice,
        knowledge,
        motivation,
        community.practice_from_neighbours(p, home.business_practice, village.mean_practice),
        village.pace,
    )
    initiative = programmes.next_initiative(p, home.initiative, initiative_course, pace)
    reading = literacy.next_literacy(p, home.literacy, home.literacy_base, lessons, village.pace)
    health_practice = health.next_health_practice(
        p,
        home.health_practice,
        dose.prevention * attended,
        community.health_practice_from_neighbours(p, home.health_practice, village.mean_participation),
        pace,
    )

    care = health.next_health_practice(p, home.care_practice, dose.basic_care * attended, ZERO, pace)
    family = health.next_health_practice(
        p, home.family_practice, (dose.nutrition + dose.reproductive) * attended, ZERO, pace
    )

    # 7 children
    log_normal = log(greater(home.normal_income, p.smallest_income))
    leaving = schooling.leaving_chance(
        p, log_normal, home.child_learning, home.child_growth, reading, illness, dose.scholarship
    )
    returning = schooling.returning_chance(p, dose.scholarship)
    in_school = schooling.next_in_school(home.in_school, leaving, returning, draw.schooling)
    learning = schooling.next_child_learning(
        p, home.child_learning, dose.tutoring, attended, positive(reading - home.literacy_base)
    )

    # 8 assets
    competence = assets.upkeep_competence(p, practice, advice)
    own = assets.own_level(p, home.own_assets + village.asset_shift, log_normal, initiative)
    change = assets.drift(p, home.assets, own, competence)
    invested = assets.investment(p, home.assets, change)
    k = assets.next_k(
        p, home.assets, change, own, competence, village.asset_death_hazard, draw.assets, draw.asset_death
    )

    # 9 work and business
    persistent = village.spread * capacity
    idle = income.idle_time(p, job, village.wage_supply)
    in_business = income.business_time(p, held, advice, idle)
    in_wage = income.wage_time(p, job, village.wage_supply, in_business)
    grown = village.growth * greater(month - ONE, ZERO)
    power = income.log_earning_power(p, home.permanent, persistent, reading, skill, job, grown, village.distant_work)
    market = community.market_share(p, village.market_access, village.collective)
    base = income.business_base(p, home.permanent, persistent, held, market, idle)
    earned = income.wage_income(p, power, in_wage, draw.transitory) + income.profit(
        p, base, practice, initiative, advice
    )

    # 10 loss, insurance, kin
    lost = health.income_lost_to_illness(p, illness)
    shock = community.next_shock(p, home.shock, village.shock_now)
    received = income.income_after_loss(earned, lost, shock)
    insured_share = health.insured_share(p, illness, log_normal, village.rural)
    insured = health.insured_money(insured_share, lost, earned, shock)
    success = community.referral_success(p, dose.coordinated)
    claims = community.next_claims(p, home.claims, represented, dose.brokering, home.voice, success)
    due = community.entitlement(p, claims, village.missing_entitlement, home.normal_income)
    shared = community.shared_by_kin(p, home.normal_income, village.mean_income) + due

    # 11 spending
    money = spending.cash_in_hand(p, received + village.own_food, insured, shared, dose.stipend)
    normal_income = spending.next_normal_income(p, home.normal_income, money)
    buffer = spending.wanted_buffer(p, practice, normal_income)
    stolen = community.theft_chance(p, village.theft_hazard, village.mean_poor, village.collective)
    held_back = spending.savings_after_theft(p, home.savings, stolen, draw.theft)
    consumed = spending.consumption(p, money, normal_income, held_back, buffer, invested, dose.saving)
    savings = spending.next_savings(p, held_back, money, consumed, invested, dose.cash_grant)
    durables = assets.next_durables(p, home.durables, normal_income, dose.cash_grant)
    granted = assets.added_assets(p, dose.asset_grant, dose.cash_grant, draw.asset_quality)
    k = assets.k_after_grant(p, k, granted)

    # 12 the person
    log_consumption = log(consumed)
    course = programmes.empowering_course(p, business, initiative_course, lessons)
    groups = dose.health_group + dose.sessions
    poor = flag(consumed < ONE)

    # 13 independence
    stands = flag(consumed > p.independence_line) * flag(transfers + dose.visits + dose.sessions <= ZERO)

    return Household(
        home.permanent,
        home.own_assets,
        home.size,
        home.children,
        home.schooling_years,
        home.female_head,
        home.literacy_base,
        home.agency_base,
        home.register_error,
        capacity,
        job,
        k,
        savings,
        durables,
        normal_income,
        skill,
        knowledge,
        practice,
        initiative,
        reading,
        motivation,
        claims,
        learning,
        in_school,
        health.next_health(p, home.health, log_consumption, health_practice, illness),
        illness,
        health_practice,
        care,
        family,
        health.next_child_growth(p, home.child_growth, log_consumption, family),
        agency.next_well_being(p, home.well_being, log_consumption, advice),
        agency.next_empowerment(p, home.empowerment, facilitated, course),
        agency.next_voice(p, home.voice, represented, meetings + sessions, dose.deliberation),
        trust,
        advice,
        programmes.next_participation(p, home.participation, attended * lesser(groups, ONE)),
        select(dose.visits > ZERO, ZERO, lesser(home.unseen + ONE, MONTHS_UNSEEN_MOST)),
        (home.standing + ONE) * stands,
        (home.above + ONE) * (ONE - poor),
        home.poor_months + poor * flag(month >= ONE),
        home.began_poor,
        shock,
        consumed,
        received,
        dose.visits,
        transfers,
        home.welfare,
    )
