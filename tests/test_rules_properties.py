"""What must hold in every household month, whatever the state, the doses and the draws.

Bounds, no NaN, directions of effect, money that neither appears nor vanishes, and the fixed points of assets with
and without the trap. Hypothesis looks for counterexamples; the month is compiled once.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers_rules import filled
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from empowersim.parameters import RECORD, parameters, passports, record_of
from empowersim.rules import assets, income, survey
from empowersim.rules.month import Dose, Draw, Household, Village, household_month
from empowersim.schema import HOUSEHOLD, VILLAGE

P = record_of(parameters())[0]
TINY = 2e-5
"""Rounding of float32, relative to the size of the numbers (and absolute below one)."""

# Ranges that a test draws from: the bounds of the registry, but for what the registry leaves open (money) and for
# states that no rule cuts. Of these the room left below the bound is what one month can add.
HOME_RANGES = {column.name: (column.lower, column.upper) for column in HOUSEHOLD} | {
    "permanent": (-2.0, 2.0),
    "own_assets": (-5.0, 4.0),
    "capacity": (-2.0, 2.0),  # 6 standard deviations of its stationary law
    "savings": (0.0, 100.0),
    "durables": (0.0, 100.0),
    "normal_income": (0.03125, 50.0),
    "child_learning": (-4.0, 5.75),  # tutoring is not cut: at most 0.12 SD a month at three doses
    "voice": (0.0, 11.75),  # meetings are not cut: 16 a month outrun the loss near the bound
    "standing": (0.0, 1199.0),
    "above": (0.0, 1199.0),
    "poor_months": (0.0, 1199.0),
    "consumption": (0.03125, 50.0),
    "income": (0.0, 50.0),
    "transfers": (0.0, 50.0),
    "welfare": (0.0, 1000.0),
}
VILLAGE_RANGES = {column.name: (column.lower, column.upper) for column in VILLAGE} | {
    "growth": (-0.00390625, 0.00390625),
    "line": (1e5, 1e6),
    "venue_hours": (0.0, 8.0),
    "mean_income": (0.03125, 50.0),
}
DOSE_RANGES = {
    "technical": (0.0, 1.0),
    "business": (0.0, 1.0),
    "initiative": (0.0, 1.0),
    "literacy": (0.0, 3.0),
    "tutoring": (0.0, 3.0),
    "health_group": (0.0, 8.0),
    "scholarship": (0.0, 1.0),
    "saving": (0.0, 0.5),
    "stipend": (0.0, 5.0),
    "asset_grant": (0.0, 20.0),
    "cash_grant": (0.0, 20.0),
    "visits": (0.0, 31.0),
    "sessions": (0.0, 8.0),
    "prevention": (0.0, 8.0),
    "basic_care": (0.0, 8.0),
    "nutrition": (0.0, 4.0),
    "reproductive": (0.0, 4.0),
    "brokering": (0.0, 4.0),
    "deliberation": (0.0, 4.0),
    "fit": (-1.0, 1.0),
    "competence": (0.0, 1.0),
    "trust_bonus": (0.0, 0.84375),
    "local": (0.0, 1.0),
    "session_quality": (0.25, 1.0),
    "facilitation": (0.0, 2.5),
    "education": (0.0, 2.5),
    "representation": (0.0, 5.0),
    "technical_role": (0.0, 4.0),
    "coordinated": (0.0, 1.0),
}
NORMAL = {"capacity", "transitory", "assets"}
DRAW_RANGES = {
    name: (-5.25, 5.25) if name in NORMAL else (2.0**-23, 1.0 - 2.0**-23)  # what the generator can give
    for name in Draw._fields
}
WHOLE = {
    "size",
    "children",
    "schooling_years",
    "female_head",
    "job",
    "in_school",
    "illness",
    "unseen",
    "standing",
    "above",
    "poor_months",
    "began_poor",
    "rural",
    "busy",
    "harvest_start",
    "harvest_length",
    "local",
    "coordinated",
}


KINDS = {
    "village": (Village, VILLAGE_RANGES),
    "home": (Household, HOME_RANGES),
    "dose": (Dose, DOSE_RANGES),
    "draw": (Draw, DRAW_RANGES),
}
FIELDS = sum(len(kind._fields) for kind, _ in KINDS.values())


def dense_at_zero(name, ranges):
    """Hazards and money: small numbers matter most."""
    return ranges[name][0] >= 0.0 and (ranges is DRAW_RANGES or ranges[name][1] >= 20.0)


def situation_of(data, kinds):
    """Village, home, dose and draw from one byte a field: 0 the lower end of its range, 255 the upper."""
    found, at = {}, 0
    for record, (kind, ranges) in kinds.items():
        values = {}
        for name in kind._fields:
            place = data[at] / 255.0
            at += 1
            low, high = ranges[name]
            value = low + (high - low) * (place * place if dense_at_zero(name, ranges) else place)
            values[name] = round(value) if name in WHOLE and record != "draw" else value
        found[record] = filled(kind, values)
    # trust at first meeting is at most 1: the sum of the place's and of the mentor's part
    room = np.float32(1.0) - found["village"].outsider_trust
    found["dose"] = found["dose"]._replace(trust_bonus=min(found["dose"].trust_bonus, room))
    return found


bytes_of_a_month = st.binary(min_size=FIELDS, max_size=FIELDS)
situations = bytes_of_a_month.map(lambda data: situation_of(data, KINDS))
months = st.integers(0, 240)
NOTHING = filled(Dose, {})


@pytest.fixture(scope="module", autouse=True)
def compiled_month():
    """Compile the month once, before anything is timed out or shrunk."""
    middle = dict.fromkeys(("normal_income", "consumption", "savings"), 0.5)
    live(filled(Village, {"wage_supply": 0.8}), filled(Household, middle), NOTHING, filled(Draw, {"illness": 0.5}))


def live(village, home, dose, draw, month=0.0, p=P):
    """The household at the end of the month."""
    return Household(*(np.float32(value) for value in household_month(p, village, home, dose, draw, np.float32(month))))


def with_values(record, **values):
    return record._replace(**{name: np.float32(value) for name, value in values.items()})


def within(found, low, high):
    room = TINY * max(1.0, abs(float(found)))
    return low - room <= found <= high + room


# --- bounds and NaN -----------------------------------------------------------------------------------------------


@settings(max_examples=400)
@given(situations, months)
def test_every_column_stays_in_its_bounds(situation, month):
    after = live(**situation, month=month)
    outside = {
        column.name: value
        for column, value in zip(HOUSEHOLD, after, strict=True)
        if not within(value, column.lower, column.upper)
    }
    assert outside == {}


def corner_of(bits):
    """Parameters of which each stands at its lower or its upper bound."""
    values = [tuple(one.upper if bits >> at & 1 else one.lower for at, one in enumerate(passports().values()))]
    return np.array(values, RECORD)[0]


SHARES = {"0-1", "0/1", "0/1/2", "k"}
CUT = [column for column in HOUSEHOLD if column.unit in SHARES and column.name != "own_assets"]


@settings(max_examples=200)
@given(situations, st.integers(0, 2 ** len(RECORD) - 1))
def test_shares_stay_shares_at_every_corner_of_the_parameters(situation, corner):
    after = live(**situation, month=12, p=corner_of(corner))
    outside = {
        column.name: getattr(after, column.name)
        for column in CUT
        if not within(getattr(after, column.name), column.lower, column.upper)
    }
    assert outside == {}
    assert np.isfinite(np.array(after)).all()


def whole_range(columns):
    """The registry's bounds themselves; open ones end at a million L."""
    return {column.name: (column.lower, min(column.upper, 1e6)) for column in columns}


ENDS = {
    "village": (Village, whole_range(VILLAGE)),
    "home": (Household, whole_range(HOUSEHOLD)),
    "dose": (Dose, DOSE_RANGES | dict.fromkeys(("technical", "business", "initiative"), (0.0, 10.0))),
    "draw": (Draw, DRAW_RANGES),
}
extreme = bytes_of_a_month.map(lambda data: situation_of(data, ENDS))
only_ends = bytes_of_a_month.map(lambda data: situation_of(bytes(255 * (byte > 127) for byte in data), ENDS))


@settings(max_examples=400)
@given(extreme | only_ends, st.sampled_from((0, 1, 240, 1200)))
def test_no_input_in_range_gives_nan(situation, month):
    after = np.array(live(**situation, month=month))
    assert [column.name for column, value in zip(HOUSEHOLD, after, strict=True) if not np.isfinite(value)] == []


@settings(max_examples=60)
@given(situations)
def test_a_life_of_forty_years_stays_in_its_bounds(situation):
    """The same month over and over, the hardest way to push a state to its bound; grants only once."""
    village, home, dose, draw = situation.values()
    # what no rule cuts is judged at doses a programme can really give
    dose = with_values(dose, tutoring=min(dose.tutoring, 1.0) * 0.5, health_group=min(dose.health_group, 4.0))
    dose = with_values(dose, sessions=min(dose.sessions, 4.0), deliberation=min(dose.deliberation, 0.5))
    dose = with_values(dose, representation=min(dose.representation, 1.0))
    # a third of a standard deviation of luck every month for forty years makes three in capacity
    draw = with_values(draw, **{name: 0.0625 * getattr(draw, name) for name in NORMAL})
    village = with_values(village, growth=0.0)
    home = with_values(home, standing=0.0, above=0.0, poor_months=0.0)
    for month in range(480):
        home = live(village, home, dose, draw, month)
        if month == 0:
            dose = with_values(dose, asset_grant=0.0, cash_grant=0.0)
    outside = {
        column.name: value
        for column, value in zip(HOUSEHOLD, home, strict=True)
        if not within(value, column.lower, column.upper)
    }
    assert outside == {}


@settings(max_examples=200)
@given(situations)
def test_traits_never_change(situation):
    village, home, dose, draw = situation.values()
    after = live(village, home, dose, draw)
    traits = [column.name for column in HOUSEHOLD if column.role == "trait"]
    assert len(traits) == 9
    assert {name: getattr(after, name) for name in traits} == {name: getattr(home, name) for name in traits}


@settings(max_examples=200)
@given(situations)
def test_a_switch_stays_a_switch(situation):
    village, home, dose, draw = situation.values()
    after = live(village, home, dose, draw)
    assert after.job in {0.0, 1.0}
    assert after.in_school in {0.0, 1.0}
    assert after.illness in {0.0, 1.0, 2.0}
    assert after.standing in {0.0, home.standing + 1.0}
    assert after.unseen in {0.0, min(home.unseen + 1.0, 600.0)}


@settings(max_examples=200)
@given(situations, st.sampled_from((0, 1, 30)))
def test_months_in_poverty_and_above_are_counted(situation, month):
    """Poverty counts from the first month of the policies on; months above the line always."""
    village, home, dose, draw = situation.values()
    after = live(village, home, dose, draw, month)
    poor = after.consumption < 1.0
    assert after.above == (0.0 if poor else home.above + 1.0)
    assert after.poor_months == home.poor_months + (1.0 if poor and month > 0 else 0.0)
    assert after.began_poor == home.began_poor
    aided = dose.stipend + dose.asset_grant + dose.cash_grant + dose.visits + dose.sessions > 0.0
    stands = after.consumption > P["independence_line"] and not aided
    assert after.standing == (home.standing + 1.0 if stands else 0.0)


# --- directions ---------------------------------------------------------------------------------------------------


def more(record, field, by):
    """Raise a field of the dose, the village, the home or the draw; never past its range."""
    ranges = {"dose": DOSE_RANGES, "village": VILLAGE_RANGES, "home": HOME_RANGES, "draw": DRAW_RANGES}[record]

    def change(situation):
        old = getattr(situation[record], field)
        new = min(float(old) + by, ranges[field][1])
        if field == "trust_bonus":
            new = min(new, 1.0 - float(situation["village"].outsider_trust))
        assume(new > old)
        return {**situation, record: with_values(situation[record], **{field: new})}

    return change


def well(situation):
    """Nobody is ill or falls ill, and no flood takes what illness would (insurance looks at illness alone)."""
    return {
        **situation,
        "village": with_values(situation["village"], shock_now=0.0),
        "home": with_values(situation["home"], illness=0.0, shock=0.0),
        "draw": with_values(situation["draw"], illness=1.0 - 2.0**-23),
    }


def severely_ill(situation):
    """The same household severely ill for another month."""
    return {**well(situation), "home": with_values(situation["home"], illness=2.0, shock=0.0)}


def learned_something(situation):
    """Learning above zero: below it fading raises, and tutoring holds it back."""
    home = situation["home"]
    return {**situation, "home": with_values(home, child_learning=abs(home.child_learning))}


def visited(situation):
    return {**situation, "dose": with_values(situation["dose"], visits=max(situation["dose"].visits, 1.0))}


def beginner_who_comes(situation):
    """Attends, and has much to learn: an adept locked in a course loses more skill without work than it gains."""
    return {
        **situation,
        "home": with_values(situation["home"], technical_skill=min(situation["home"].technical_skill, 0.5)),
        "village": with_values(situation["village"], pace=1.0),
        "draw": with_values(situation["draw"], attendance=2.0**-23),
    }


def at_first_meeting(situation):
    """A mentor comes for the first time, and no benefit goes wrong."""
    return {**visited(situation), "home": with_values(situation["home"], trust=0.0)}


def no_habit_beyond_knowledge(situation):
    """Practice stands well below knowledge: above it, motivation only hastens the way down."""
    home = situation["home"]
    most = np.float32(0.875) * home.business_knowledge
    return {**situation, "home": with_values(home, business_practice=min(home.business_practice, most))}


def without_a_business(situation):
    """Nothing owned: hands that find wage work leave no business that needed them."""
    return {**situation, "home": with_values(situation["home"], assets=0.0)}


def no_work_away(situation):
    return {**situation, "village": with_values(situation["village"], distant_work=0.0)}


def work_away(situation):
    """Work away pays half as much again, and there is regular work in the place."""
    return {**situation, "village": with_values(situation["village"], distant_work=0.5, regular_work=1.0)}


def keeps_a_job(situation):
    return {
        **situation,
        "home": with_values(situation["home"], job=1.0),
        "draw": with_values(situation["draw"], job=1.0 - 2.0**-23),
    }


def same(situation):
    return situation


def ungiven(situation):
    return {**situation, "dose": with_values(situation["dose"], cash_grant=0.0, asset_grant=0.0)}


# what is done; how the situation is prepared; columns that must not fall; columns that must not rise
DIRECTIONS = {
    "more business course": (
        more("dose", "business", 0.25),
        same,
        ("business_knowledge", "business_practice", "empowerment", "income"),
        (),
    ),
    "more technical course": (more("dose", "technical", 0.25), beginner_who_comes, ("technical_skill",), ("job",)),
    "more initiative course": (
        more("dose", "initiative", 0.25),
        same,
        ("initiative", "empowerment", "business_knowledge", "income"),
        (),
    ),
    "more literacy class": (
        more("dose", "literacy", 0.5),
        same,
        ("literacy", "empowerment", "in_school", "child_learning"),
        (),
    ),
    "more tutoring": (more("dose", "tutoring", 0.5), learned_something, ("child_learning",), ()),
    "more meetings": (more("dose", "health_group", 1.0), same, ("voice", "participation", "motivation"), ()),
    "more meetings on prevention": (more("dose", "prevention", 1.0), same, ("health_practice", "health"), ()),
    "more meetings on basic care": (more("dose", "basic_care", 1.0), same, ("care_practice",), ()),
    "more meetings on nutrition": (more("dose", "nutrition", 1.0), same, ("family_practice", "child_growth"), ()),
    "more brokering": (more("dose", "brokering", 1.0), same, ("claims",), ()),
    "more deliberation": (more("dose", "deliberation", 1.0), same, ("voice",), ()),
    "more representation": (more("dose", "representation", 0.5), same, ("claims", "voice"), ()),
    "more education": (more("dose", "education", 0.5), same, ("advice", "business_knowledge"), ()),
    "more facilitation": (more("dose", "facilitation", 0.5), same, ("motivation", "empowerment"), ()),
    "more meetings on reproductive health": (more("dose", "reproductive", 1.0), same, ("family_practice",), ()),
    "more technical role": (more("dose", "technical_role", 1.0), same, ("trust",), ()),
    "a mentor who speaks the language": (more("dose", "local", 1.0), at_first_meeting, ("trust",), ()),
    "smaller sessions": (more("dose", "session_quality", 0.25), same, ("advice",), ()),
    "a better fit": (more("dose", "fit", 0.5), same, ("participation", "business_knowledge"), ()),
    "a desk between offices": (more("dose", "coordinated", 1.0), same, ("claims",), ()),
    "more scholarship": (more("dose", "scholarship", 0.25), same, ("in_school",), ()),
    "more obligatory saving": (more("dose", "saving", 0.1), same, ("savings",), ("consumption", "well_being")),
    "more stipend": (
        more("dose", "stipend", 0.5),
        same,
        ("consumption", "savings", "durables", "normal_income", "well_being", "health", "transfers"),
        ("standing",),
    ),
    "a larger asset": (more("dose", "asset_grant", 2.0), same, ("assets", "transfers"), ("standing",)),
    "a larger windfall": (more("dose", "cash_grant", 2.0), same, ("savings", "durables", "assets"), ("standing",)),
    "more visits": (
        more("dose", "visits", 1.0),
        no_habit_beyond_knowledge,
        # not income: advice draws time into the business, which may cost as much in wages as it brings
        ("trust", "advice", "business_knowledge", "business_practice", "empowerment", "voice"),
        ("unseen", "standing"),
    ),
    "more group sessions": (more("dose", "sessions", 1.0), same, ("trust", "voice", "participation"), ()),
    "an abler mentor": (
        more("dose", "competence", 0.25),
        visited,
        ("trust", "advice", "business_knowledge", "empowerment"),
        (),
    ),
    "a mentor from the place": (more("dose", "trust_bonus", 0.25), same, ("trust",), ()),
    "more trust": (
        more("home", "trust", 0.25),
        same,
        ("trust", "advice", "participation", "business_knowledge", "initiative", "technical_skill"),
        (),
    ),
    "severe illness": (
        severely_ill,
        well,
        ("illness",),
        ("income", "consumption", "health", "well_being", "in_school", "normal_income"),
    ),
    "more health practice": (more("home", "health_practice", 0.25), same, ("health_practice",), ("illness",)),
    "more morbidity": (more("village", "morbidity", 1.0), same, ("illness",), ("income",)),
    "a village-wide shock": (
        more("village", "shock_now", 0.2),
        same,
        ("shock",),
        ("income", "consumption", "normal_income", "well_being"),
    ),
    "a shock still felt": (more("home", "shock", 0.2), same, ("shock",), ("income", "consumption")),
    "a better market": (more("village", "market_access", 0.5), same, ("income", "consumption"), ()),
    # not where there is a business: it may lose more by fewer idle hands than a poor wage brings
    "more wage work": (more("village", "wage_supply", 0.2), without_a_business, ("income", "consumption"), ()),
    "more regular work": (more("village", "regular_work", 0.5), same, ("job",), ()),
    "better work away": (more("village", "distant_work", 0.25), same, ("job",), ()),
    "better work away, for who has it": (
        more("village", "distant_work", 0.25),
        keeps_a_job,
        ("income", "consumption", "savings"),
        (),
    ),
    "food of their own": (
        more("village", "own_food", 0.25),
        same,
        ("consumption", "savings", "normal_income", "durables", "well_being"),
        ("job",),
    ),
    "a place with more assets": (more("village", "asset_shift", 0.5), same, ("assets",), ()),
    "a longer way to the class": (
        more("village", "venue_hours", 1.0),
        same,
        (),
        ("participation", "business_knowledge", "technical_skill", "initiative", "health_practice", "literacy"),
    ),
    "a faster place": (
        more("village", "pace", 0.5),
        same,
        ("technical_skill", "business_knowledge", "initiative", "literacy", "health_practice"),
        (),
    ),
    "richer kin": (more("village", "mean_income", 1.0), same, ("consumption", "normal_income"), ()),
    "better neighbours": (more("village", "mean_practice", 0.25), same, ("business_practice", "income"), ()),
    "neighbours in groups": (more("village", "mean_participation", 0.25), same, ("health_practice",), ()),
    "weaker insurance": (more("village", "rural", 1.0), same, (), ("consumption", "normal_income")),
    "more animals die": (more("village", "asset_death_hazard", 0.2), same, (), ("assets",)),
    "a better draw of capacity": (more("draw", "capacity", 1.0), same, ("capacity", "income"), ()),
    "a better month": (more("draw", "transitory", 1.0), same, ("income", "consumption", "savings"), ()),
    "luck with the animals": (more("draw", "assets", 1.0), same, ("assets",), ()),
    "a better animal": (more("draw", "asset_quality", 0.25), same, ("assets",), ()),
    "more skill": (more("home", "technical_skill", 0.25), same, ("technical_skill", "job"), ()),
    "more literate adults": (
        more("home", "literacy", 0.25),
        same,
        ("literacy", "income", "in_school", "child_learning"),
        (),
    ),
    "more practice": (more("home", "business_practice", 0.25), same, ("business_practice", "income"), ()),
    "more initiative": (more("home", "initiative", 0.25), same, ("initiative", "income", "participation"), ()),
    "more assets": (more("home", "assets", 0.5), ungiven, ("assets",), ()),
    # not where work away pays better: who finds it leaves a business that may have brought more this month
    "more savings": (more("home", "savings", 1.0), no_work_away, ("savings", "consumption", "well_being"), ()),
    "savings where work away pays better": (more("home", "savings", 1.0), work_away, ("job",), ()),
    "a higher habit": (more("home", "normal_income", 0.5), same, ("normal_income", "assets", "durables"), ()),
    "children who lag less": (more("home", "child_learning", 0.5), same, ("child_learning", "in_school"), ()),
}


def test_there_are_enough_directions():
    assert len(DIRECTIONS) >= 20
    given_doses = {name for name in DOSE_RANGES if any(step for step in DIRECTIONS.values() if name in repr_of(step))}
    assert given_doses == set(Dose._fields), "every dose has a direction"


def repr_of(step):
    """Names of the field that a step raises."""
    closure = step[0].__closure__ or ()
    return {cell.cell_contents for cell in closure if isinstance(cell.cell_contents, str)}


@pytest.mark.parametrize("what", DIRECTIONS)
@settings(max_examples=150)
@given(situation=situations)
def test_direction(what, situation):
    change, prepare, up, down = DIRECTIONS[what]
    # beyond 1.5 a whole course a month teaches more than there is to know, and who knows more ends with less
    village = with_values(situation["village"], pace=min(situation["village"].pace, 1.5))
    before = prepare({**situation, "village": village})
    after = change(before)
    without, with_it = live(**before, month=6), live(**after, month=6)
    against = {}
    for names, sign in ((up, 1.0), (down, -1.0)):
        for name in names:
            old, new = float(getattr(without, name)), float(getattr(with_it, name))
            if sign * (new - old) < -TINY * max(1.0, abs(old), abs(new)):
                against[name] = (old, new)
    assert against == {}, "without, with"


TYPICAL = {
    "normal_income": 1.1,
    "savings": 0.3,
    "durables": 1.0,
    "assets": 2.0,
    "own_assets": -0.2,
    "literacy": 0.5,
    "literacy_base": 0.4,
    "trust": 0.5,
    "initiative": 0.2,
    "business_knowledge": 0.2,
    "business_practice": 0.1,
    "technical_skill": 0.2,
    "health_practice": 0.2,
    "child_learning": 0.1,
    "children": 2.0,
    "size": 4.0,
    "unseen": 3.0,
    "consumption": 1.1,
    "capacity": 0.1,
}
PLACE = {
    "wage_supply": 0.8,
    "market_access": 1.0,
    "spread": 1.0,
    "morbidity": 1.0,
    "pace": 1.0,
    "venue_hours": 0.2,
    "outsider_trust": 0.15,
    "mean_income": 1.1,
    "asset_death_hazard": 0.012,
    "regular_work": 1.0,
}
QUIET = dict.fromkeys(DRAW_RANGES, 0.5) | dict.fromkeys(NORMAL, 0.0)


def test_the_place_and_wealth_really_do_something():
    """A quiet typical household without a job; the draw is one that finds work only if something helps."""
    home, found = filled(Household, TYPICAL), filled(Draw, {**QUIET, "job": 1.25 * float(P["job_finding"])})
    rich = with_values(home, savings=20.0)
    usual = filled(Village, {**PLACE, "distant_work": 0.5})
    assert live(filled(Village, PLACE), home, NOTHING, found).job == 0.0
    assert live(filled(Village, {**PLACE, "regular_work": 2.0}), home, NOTHING, found).job == 1.0
    assert live(filled(Village, PLACE), rich, NOTHING, found).job == 0.0
    assert live(usual, rich, NOTHING, found).job == 1.0
    fed, bare = (live(filled(Village, {**PLACE, "own_food": food}), home, NOTHING, found) for food in (0.2, 0.0))
    assert fed.consumption > bare.consumption + 0.05
    assert fed.income == bare.income


@pytest.mark.parametrize(
    ("field", "amount", "column"),
    [
        ("technical", 0.25, "technical_skill"),
        ("business", 0.25, "business_knowledge"),
        ("initiative", 0.25, "initiative"),
        ("literacy", 1.0, "literacy"),
        ("tutoring", 1.0, "child_learning"),
        ("prevention", 1.0, "health_practice"),
        ("saving", 0.02, "savings"),
        ("stipend", 0.2, "consumption"),
        ("asset_grant", 2.0, "assets"),
        ("cash_grant", 2.0, "durables"),
        ("visits", 1.0, "advice"),
        ("sessions", 1.0, "voice"),
    ],
)
def test_a_dose_really_does_something(field, amount, column):
    """Directions above allow for no effect at all (someone stays away); a typical household that comes must gain."""
    village, home, draw = filled(Village, PLACE), filled(Household, TYPICAL), filled(Draw, QUIET)
    without = live(village, home, filled(Dose, {"competence": 0.6, "education": 1.0, "session_quality": 1.0}), draw)
    with_it = live(
        village, home, filled(Dose, {"competence": 0.6, "education": 1.0, "session_quality": 1.0, field: amount}), draw
    )
    assert getattr(with_it, column) > getattr(without, column) * (1 + 1e-4)


def test_a_scholarship_keeps_a_child_at_school_and_brings_one_back():
    village, out = filled(Village, PLACE), filled(Household, TYPICAL)
    within_school = with_values(out, in_school=1.0)
    # a household at 1.1 lines with some learning and literacy loses a child below about 0.0025, with a
    # full scholarship below 0.0015; a child returns below 0.03, with the scholarship below 0.06
    some, full = filled(Dose, {}), filled(Dose, {"scholarship": 1.0})
    low, high = filled(Draw, {**QUIET, "schooling": 0.002}), filled(Draw, {**QUIET, "schooling": 0.045})
    assert live(village, within_school, some, low).in_school == 0.0
    assert live(village, within_school, full, low).in_school == 1.0
    assert live(village, out, some, high).in_school == 0.0
    assert live(village, out, full, high).in_school == 1.0


@settings(max_examples=150)
@given(situations)
def test_who_stays_away_learns_nothing_from_courses(situation):
    """At the largest draw nobody comes but those who surely would; these are left out."""
    village, home, dose, draw = situation.values()
    draw = with_values(draw, attendance=1.0 - 2.0**-23)
    with_courses = live(village, home, dose, draw)
    fields = ("business", "initiative", "literacy", "health_group")
    without = live(village, home, with_values(dose, **dict.fromkeys(fields, 0.0)), draw)
    for name in ("business_knowledge", "initiative", "literacy", "health_practice", "empowerment"):
        assert getattr(with_courses, name) == getattr(without, name), name


# --- time, work and what a household is used to -------------------------------------------------------------------

shares = st.floats(0.0, 1.0, width=32)
amounts = st.floats(0.0, 120.0, width=32)
log_incomes = st.floats(-3.0, 4.0, width=32)
corners = st.integers(0, 2 ** len(RECORD) - 1)
jobs = st.sampled_from((np.float32(0.0), np.float32(1.0)))


def single(*values):
    return [np.float32(value) for value in values]


@settings(max_examples=300)
@given(corners, jobs, shares, shares)
def test_idle_time_is_a_share_and_falls_with_work(corner, job, supply, more_supply):
    p = corner_of(corner)
    low, high = sorted(single(supply, more_supply))
    some, less = income.idle_time(p, job, low), income.idle_time(p, job, high)
    assert 0.0 <= less <= some <= 1.0
    assert income.idle_time(p, np.float32(1.0), low) <= income.idle_time(p, np.float32(0.0), low)


@settings(max_examples=300)
@given(corners, amounts, shares, shares, shares)
def test_idle_hands_never_make_a_business_smaller(corner, held, advice, one, other):
    p = corner_of(corner)
    held, advice = single(held, advice)
    low, high = sorted(single(one, other))
    less, time = income.business_time(p, held, advice, low), income.business_time(p, held, advice, high)
    assert 0.0 <= less <= time <= 1.0
    nothing, market = single(0.0, 1.0)
    earned = [income.business_base(p, nothing, nothing, held, market, idle) for idle in (low, high)]
    assert 0.0 <= earned[0] <= earned[1] * (1.0 + TINY)


@settings(max_examples=300)
@given(corners, jobs, shares, amounts, shares)
def test_nobody_works_more_than_all_the_time(corner, job, supply, held, advice):
    """Casual work is displaced down to nothing, never below; regular work only where there is no time left."""
    p = corner_of(corner)
    supply, held, advice = single(supply, held, advice)
    in_business = np.float32(income.business_time(p, held, advice, income.idle_time(p, job, supply)))
    in_wage = income.wage_time(p, job, supply, in_business)
    assert 0.0 <= in_wage <= supply
    assert in_wage + in_business <= 1.0 + TINY
    regular = income.wage_time(p, np.float32(1.0), supply, in_business)
    assert regular == min(supply, np.float32(1.0) - in_business)
    assert income.wage_time(p, np.float32(0.0), supply, in_business) <= regular


@settings(max_examples=300)
@given(corners, jobs, shares, shares, shares)
def test_a_larger_business_leaves_less_wage_work(corner, job, supply, one, other):
    p = corner_of(corner)
    low, high = sorted(single(one, other))
    supply = np.float32(supply)
    assert income.wage_time(p, job, supply, high) <= income.wage_time(p, job, supply, low)


@settings(max_examples=300)
@given(
    corners, st.tuples(shares, shares, st.floats(0.0, 3.0, width=32), st.floats(0.0, 2.0, width=32)), amounts, amounts
)
def test_savings_and_assets_never_lower_the_chance_of_a_job(corner, place, one, other):
    p = corner_of(corner)
    skill, course, regular, distant = single(*place)
    low, high = sorted(single(one, other))
    chances = {}
    for name, savings, held in (("poor", low, low), ("saver", high, low), ("owner", low, high)):
        reach = np.float32(income.work_within_reach(p, distant, savings, held))
        assert 0.0 <= reach <= distant
        chances[name] = income.job_finding_chance(p, skill, course, regular, reach)
        assert 0.0 <= chances[name] <= 1.0
    assert chances["poor"] <= chances["saver"]
    assert chances["poor"] <= chances["owner"]


@settings(max_examples=300)
@given(corners, st.floats(-4.0, 4.0, width=32), log_incomes, log_incomes, st.floats(-1.0, 1.0, width=32))
def test_the_own_level_rises_with_normal_income(corner, own, one, other, initiative):
    p = corner_of(corner)
    own, initiative = single(own, initiative)
    low, high = sorted(single(one, other))
    less, level = assets.own_level(p, own, low, initiative), assets.own_level(p, own, high, initiative)
    assert less <= level
    step = float(level) - float(less)
    assert step == pytest.approx(float(p["own_level_per_income"]) * (float(high) - float(low)), abs=1e-5)


@settings(max_examples=300)
@given(corners, amounts, amounts)
def test_usual_durables_rise_with_income_from_a_floor_on(corner, one, other):
    p = corner_of(corner)
    low, high = sorted(single(one, other))
    assert 0.0 <= assets.usual_durables(p, low) <= assets.usual_durables(p, high)
    assert assets.usual_durables(p, np.float32(p["durables_from_income"])) == 0.0


@settings(max_examples=200)
@given(situations, months)
def test_a_survey_finds_what_the_month_has_paid(situation, month):
    """The look at a household composes the rules of work a second time; here both meet."""
    village, home, dose, draw = well(situation).values()
    after = live(village, home, dose, draw, month)
    # the month works with the assets and the collective capability at its start
    found = survey.work_found(P, village, with_values(after, assets=home.assets), draw.transitory, np.float32(month))
    earned = float(found.wages) + float(found.profit)
    assert earned == pytest.approx(float(after.income), rel=TINY, abs=TINY)
    assert 0.0 <= found.business_time <= 1.0
    assert 0.0 <= found.wage_time <= 1.0
    assert min(found) >= 0.0


# --- money --------------------------------------------------------------------------------------------------------


def invested_by(village, home, after):
    """What growth of assets cost this month (L), from the rules of assets alone."""
    competence = assets.upkeep_competence(P, after.business_practice, after.advice)
    log_normal = np.float32(np.log(max(home.normal_income, P["smallest_income"])))
    own = assets.own_level(P, home.own_assets + village.asset_shift, log_normal, after.initiative)
    change = assets.drift(P, home.assets, np.float32(own), np.float32(competence))
    return float(assets.investment(P, home.assets, np.float32(change)))


def money_of(home, after):
    """Cash of the month (L), read off the step of normal income, which moves by a tenth of the difference."""
    step = float(P["normal_income_update"])
    return float(home.normal_income) + (float(after.normal_income) - float(home.normal_income)) / step


@settings(max_examples=400)
@given(situations)
def test_money_is_kept(situation):
    """Cash in hand + savings + windfall = consumption + investment + savings + what goes into things."""
    village, home, dose, draw = situation.values()
    village = with_values(village, theft_hazard=0.0)  # a theft is a loss of its own
    after = live(village, home, dose, draw)
    money, invested = money_of(home, after), invested_by(village, home, after)
    into_things = float(dose.cash_grant) * (float(P["windfall_to_assets"]) + float(P["windfall_to_durables"]))
    had = money + float(home.savings) + float(dose.cash_grant)
    used = float(after.consumption) + invested + float(after.savings) + into_things
    size = max(1.0, had, used, 10.0 * float(home.normal_income))
    short = float(home.savings) + money - float(after.consumption) - invested
    if short >= 0.0:
        assert used == pytest.approx(had, abs=TINY * size)
    else:  # the floor: savings stop at what is left of the windfall, never below
        left = float(dose.cash_grant) - into_things
        assert float(after.savings) == pytest.approx(left, abs=TINY * size)
        assert used == pytest.approx(had - short, abs=TINY * size)


@settings(max_examples=200)
@given(situations)
def test_a_household_never_eats_what_it_does_not_have(situation):
    village, home, dose, draw = situation.values()
    after = live(village, home, dose, draw)
    money = money_of(home, after)
    size = max(1.0, money + float(home.savings), 10.0 * float(home.normal_income))
    assert float(after.consumption) <= money + float(home.savings) + TINY * size


@settings(max_examples=200)
@given(situations)
def test_a_windfall_goes_whole_into_savings_durables_and_assets(situation):
    village, home, dose, draw = situation.values()
    dose = with_values(dose, asset_grant=0.0, cash_grant=0.0)
    home = with_values(home, assets=min(home.assets, 4.0))
    without = live(village, home, dose, draw)
    with_it = live(village, home, with_values(dose, cash_grant=4.0), draw)
    assume(with_it.assets < 6.0)
    scale = float(P["asset_scale"])

    def worth(household):
        return float(household.savings) + float(household.durables) + np.exp(float(household.assets)) / scale

    assert worth(with_it) - worth(without) == pytest.approx(4.0, abs=TINY * max(1.0, worth(with_it)))
    assert with_it.consumption == without.consumption


@settings(max_examples=200)
@given(situations)
def test_a_stipend_is_eaten_or_saved(situation):
    """Where neither the floor of money nor that of savings is met, not a rupiah of it is lost."""
    village, home, dose, draw = situation.values()
    dose = with_values(dose, stipend=0.0, saving=0.0)
    without = live(village, home, dose, draw)
    with_it = live(village, home, with_values(dose, stipend=0.5), draw)
    assume(money_of(home, without) > 0.0625)
    assume(without.savings > dose.cash_grant * 0.43 + 0.001)

    def had(household):
        return float(household.consumption) + float(household.savings)

    assert had(with_it) - had(without) == pytest.approx(0.5, abs=TINY * max(1.0, had(with_it)))


@settings(max_examples=200)
@given(situations)
def test_a_granted_asset_is_worth_half_to_one_and_a_half_of_its_price(situation):
    village, home, dose, draw = situation.values()
    dose = with_values(dose, asset_grant=0.0, cash_grant=0.0)
    home = with_values(home, assets=min(home.assets, 4.0))
    without = live(village, home, dose, draw)
    with_it = live(village, home, with_values(dose, asset_grant=4.0), draw)
    assume(with_it.assets < 6.0)
    gained = (np.exp(float(with_it.assets)) - np.exp(float(without.assets))) / float(P["asset_scale"])
    assert gained == pytest.approx(4.0 * (0.5 + float(draw.asset_quality)), abs=1e-4 * np.exp(float(with_it.assets)))


# --- assets in the long run ---------------------------------------------------------------------------------------

TRAP = record_of(parameters({"trap": 1.0}))[0]


def settled(p, k, years, competence=0.0, own=0.0):
    """k after `years` without noise and without deaths."""
    k, own, competence = np.float32(k), np.float32(own), np.float32(competence)
    for _ in range(12 * years):
        change = np.float32(assets.drift(p, k, own, competence))
        k = np.float32(assets.next_k(p, k, change, own, competence, np.float32(0), np.float32(0), np.float32(0.5)))
    return float(k)


LOW, THRESHOLD, HIGH = (float(TRAP[name]) for name in ("trap_low", "trap_threshold", "trap_high"))


@pytest.mark.parametrize("point", [LOW, THRESHOLD, HIGH])
def test_the_three_points_of_the_trap_are_at_rest(point):
    assert settled(TRAP, point, 1) == pytest.approx(point, abs=1e-5)


@pytest.mark.parametrize("step", [-0.05, 0.05])
def test_the_low_and_the_high_point_are_stable_and_the_threshold_is_not(step):
    for point in (LOW, HIGH):
        assert abs(settled(TRAP, point + step, 10) - point) < abs(step) / 2
    away = settled(TRAP, THRESHOLD + step, 10) - THRESHOLD
    assert away * step > 0.0
    assert abs(away) > 1.5 * abs(step)


@pytest.mark.parametrize(
    ("start", "end"), [(0.0, LOW), (LOW + 0.3, LOW), (2.85, LOW), (2.95, HIGH), (3.6, HIGH), (6.0, HIGH)]
)
def test_where_a_household_ends_depends_on_where_it_starts(start, end):
    assert settled(TRAP, start, 150) == pytest.approx(end, abs=0.02)


@pytest.mark.parametrize(("competence", "end"), [(0.0, LOW), (1.0, HIGH)])
def test_competence_carries_a_household_over_the_threshold(competence, end):
    """2.5 lies below the threshold of 2.9, but above that of 2.25 which full competence leaves."""
    assert settled(TRAP, 2.5, 150, competence) == pytest.approx(end, abs=0.02)


@pytest.mark.parametrize("own", [0.5, 2.31, 4.0])
@pytest.mark.parametrize("start", [0.0, 2.0, 6.0])
@pytest.mark.parametrize("competence", [0.0, 1.0])
def test_without_the_trap_k_returns_to_the_own_level(own, start, competence):
    assert settled(P, start, 120, competence, own) == pytest.approx(own, abs=0.01)
    ten = settled(P, start, 10, competence, own)
    assert min(start, own) - 1e-4 <= ten <= max(start, own) + 1e-4, "it does not overshoot"


def test_in_a_whole_household_the_trap_holds_or_lets_go():
    """Forty years of quiet months: with the trap two starts end far apart, without it they end alike."""
    village, draw = filled(Village, {**PLACE, "asset_death_hazard": 0.0}), filled(Draw, QUIET)
    still = {**TYPICAL, "capacity": 0.0, "own_assets": 0.0, "initiative": 0.0, "business_practice": 0.0}
    still |= {"business_knowledge": 0.0}
    ends = {}
    for name, p in (("trap", TRAP), ("none", P)):
        for start in (2.4, 3.2):
            home = filled(Household, {**still, "assets": start})
            for _ in range(480):
                home = live(village, home, NOTHING, draw, 0.0, p)
            ends[name, start] = float(home.assets)
    assert ends["trap", 2.4] < 1.4
    assert ends["trap", 3.2] > 3.2
    assert ends["none", 2.4] == pytest.approx(ends["none", 3.2], abs=0.01)
