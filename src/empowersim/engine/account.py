"""The account of a household month: the chances it stood against, and what its consumption is made of, by the rules.

Nothing is estimated afterwards: every figure comes from the rules that the month calls, in its order, and the parts
make the engine's own consumption to the last bit (`engine.trace` checks it each month).

A yes or no is a draw against a chance. Where a rule keeps its chance to itself, the chance is found by asking the rule:
the draw at which its answer turns, by halving (34 times, beyond the precision of float32).
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import kernel, loop, make_record_reader, make_row_access, make_tile_view
from empowersim.engine.arrays import (
    load_dose,
    load_draw,
    load_household,
    read_village,
    view_doses,
    view_draws,
    view_state,
)
from empowersim.maths import HALF, ONE, ZERO, greater, log, positive
from empowersim.rules import assets, community, health, income, mentoring, programmes, schooling, spending
from empowersim.rules.month import household_month
from empowersim.schema import ROWS

FloatArray = NDArray[np.float32]
_record: Any = namedtuple

Account = _record(
    "Account",
    [
        # chances of the month (0-1)
        "ill",
        "severe",
        "recovers",
        "finds",
        "loses",
        "attends",
        "late",
        "leaves_school",
        "returns_school",
        "dies",
        "stolen",
        # what consumption is made of, in the order of the rules
        "wages",
        "profit",
        "lost",
        "insured",
        "shock",
        "own_food",
        "kin",
        "due",
        "stipend",
        "accustomed",
        "practice",
        "savings",
        "invested",
        "saving",
        # what the month did besides
        "attended",
        "money",
        "asset_loss",
        "granted",
        "theft_loss",
    ],
)
"""A household month in its own terms; money in L a month.

`lost` = share lost to illness, `insured` = share of that loss made good, `shock` = share lost to village-wide shocks,
`kin` = given or taken, `due` = entitlements, `accustomed` = normal income before the month, `practice` = business
practice (it sets the wanted buffer), `savings` after theft, `saving` = obligatory share; `asset_loss` L of assets
that died, `granted` L of productive assets, `theft_loss` L of savings.
"""

PARTS: Final = Account._fields[Account._fields.index("wages") : Account._fields.index("attended")]
"""Parts of consumption, in the order in which a difference is traced to them."""

_FIRST_PART: Final = Account._fields.index("wages")
_PARTS: Final = len(PARTS)
ACCOUNT: Final = len(Account._fields)
view_account = make_tile_view(ACCOUNT, np.float32)
_, store_account, _ = make_row_access(Account)
read_account = make_record_reader(Account)
_HALVINGS: Final = 34


@loop
def chance_of_illness(p: Any, home: Any, morbidity: float, recovering: float, state: float, worse: float) -> Any:
    """Draw below which `next_illness` answers "above `worse`" for the well, or "well" for the ill (`state` > 0)."""
    low, high = ZERO, ONE
    for _ in range(_HALVINGS):
        middle = HALF * (low + high)
        after = health.next_illness(p, state, home.health_practice, morbidity, recovering, middle)
        yes = after > worse if state < HALF else after < HALF
        if yes:
            low = middle
        else:
            high = middle
    return np.float32(high if low > ZERO else ZERO)


@loop
def chance_of_attending(p: Any, home: Any, village: Any, fit: float) -> Any:
    """Draw below which the household attends."""
    low, high = ZERO, ONE
    for _ in range(_HALVINGS):
        middle = HALF * (low + high)
        if programmes.attends(p, home.trust, home.motivation, village, fit, middle) > HALF:
            low = middle
        else:
            high = middle
    return np.float32(high if low > ZERO else ZERO)


@loop
def chance_of_death(p: Any, k: float, change: float, own: float, competence: float, hazard: float, noise: float) -> Any:
    """Draw below which productive assets die; 0 where there is nothing above the usual stock to lose."""
    kept = assets.next_k(p, k, change, own, competence, hazard, noise, ONE)
    low, high = ZERO, ONE
    for _ in range(_HALVINGS):
        middle = HALF * (low + high)
        if assets.next_k(p, k, change, own, competence, hazard, noise, middle) < kept:
            low = middle
        else:
            high = middle
    return np.float32(high if low > ZERO else ZERO)


@loop
def consumed_from(p: Any, part: Any) -> float:
    """Consumption (L a month) that the rules make of the parts of an `Account`; the last steps of a household month."""
    earned = part.wages + part.profit
    received = income.income_after_loss(earned, part.lost, part.shock)
    insured = health.insured_money(part.insured, part.lost, earned, part.shock)
    money = spending.cash_in_hand(p, received + part.own_food, insured, part.kin + part.due, part.stipend)
    normal_income = spending.next_normal_income(p, part.accustomed, money)
    buffer = spending.wanted_buffer(p, part.practice, normal_income)
    return spending.consumption(p, money, normal_income, part.savings, buffer, part.invested, part.saving)


@loop
def account_of(p: Any, village: Any, home: Any, after: Any, dose: Any, draw: Any, month: float) -> Any:
    """`Account` of a month from `home` to `after`, by the rules that the month calls and in its order."""
    recovering = health.recovery_factor(p, home.care_practice, village.health_access)
    ill = chance_of_illness(p, home, village.morbidity, recovering, ZERO, HALF)
    severe = chance_of_illness(p, home, village.morbidity, recovering, ZERO, health.SEVERE)
    recovers = chance_of_illness(p, home, village.morbidity, recovering, greater(home.illness, ONE), ZERO)
    held = assets.assets_from_k(p, home.assets)
    reach = income.work_within_reach(p, village.distant_work, home.savings, held)
    finds = income.job_finding_chance(p, home.technical_skill, dose.technical, village.regular_work, reach)
    loses = income.job_loss_chance(p, home.technical_skill)
    chance_attend = chance_of_attending(p, home, village, dose.fit)
    attended = programmes.attends(p, home.trust, home.motivation, village, dose.fit, draw.attendance)
    late = mentoring.benefit_error_chance(p, village.signal, dose.technical_role)
    log_normal = log(greater(home.normal_income, p.smallest_income))
    leaves = schooling.leaving_chance(
        p, log_normal, home.child_learning, home.child_growth, after.literacy, after.illness, dose.scholarship
    )
    returns = schooling.returning_chance(p, dose.scholarship)
    competence = assets.upkeep_competence(p, after.business_practice, after.advice)
    own = assets.own_level(p, home.own_assets + village.asset_shift, log_normal, after.initiative)
    change = assets.drift(p, home.assets, own, competence)
    hazard = village.asset_death_hazard
    dies = chance_of_death(p, home.assets, change, own, competence, hazard, draw.assets)
    invested = assets.investment(p, home.assets, change)
    k = assets.next_k(p, home.assets, change, own, competence, hazard, draw.assets, draw.asset_death)
    unhurt = assets.next_k(p, home.assets, change, own, competence, hazard, draw.assets, ONE)
    asset_loss = assets.assets_from_k(p, unhurt) - assets.assets_from_k(p, k)
    idle = income.idle_time(p, after.job, village.wage_supply)
    in_business = income.business_time(p, held, after.advice, idle)
    in_wage = income.wage_time(p, after.job, village.wage_supply, in_business)
    grown = village.growth * greater(month - ONE, ZERO)
    persistent = village.spread * after.capacity
    power = income.log_earning_power(
        p, home.permanent, persistent, after.literacy, after.technical_skill, after.job, grown, village.distant_work
    )
    market = community.market_share(p, village.market_access, village.collective)
    base = income.business_base(p, home.permanent, persistent, held, market, idle)
    wages = income.wage_income(p, power, in_wage, draw.transitory)
    profit = income.profit(p, base, after.business_practice, after.initiative, after.advice)
    lost = health.income_lost_to_illness(p, after.illness)
    insured = health.insured_share(p, after.illness, log_normal, village.rural)
    kin = community.shared_by_kin(p, home.normal_income, village.mean_income)
    due = community.entitlement(p, after.claims, village.missing_entitlement, home.normal_income)
    stolen = community.theft_chance(p, village.theft_hazard, village.mean_poor, village.collective)
    held_back = spending.savings_after_theft(p, home.savings, stolen, draw.theft)
    earned = wages + profit
    received = income.income_after_loss(earned, lost, after.shock)
    made_good = health.insured_money(insured, lost, earned, after.shock)
    money = spending.cash_in_hand(p, received + village.own_food, made_good, kin + due, dose.stipend)
    granted = assets.added_assets(p, dose.asset_grant, dose.cash_grant, draw.asset_quality)
    return Account(
        ill,
        severe,
        recovers,
        finds,
        loses,
        chance_attend,
        late,
        leaves,
        returns,
        dies,
        stolen,
        wages,
        profit,
        lost,
        insured,
        after.shock,
        village.own_food,
        kin,
        due,
        dose.stipend,
        home.normal_income,
        after.business_practice,
        held_back,
        invested,
        dose.saving,
        attended,
        money,
        positive(asset_loss),
        granted,
        home.savings - held_back,
    )


@kernel
def write_account(
    values: Any, village: Any, state: Any, doses: Any, draws: Any, lane: int, since: float, out: Any, after: Any
) -> Any:
    """The month of one lane: its `Account` into `out`, its `Household` at the end into `after`; both of a tile's shape.

    Returns the consumption that the parts of the account make.
    """
    p = values[0]
    place = read_village(village, 0)
    home = load_household(view_state(state, 0), lane)
    dose = load_dose(view_doses(doses, 0), lane)
    draw = load_draw(view_draws(draws, 0), lane)
    result = household_month(p, place, home, dose, draw, since)
    for row in range(ROWS):
        after[row] = ZERO
    for row in range(len(result)):
        after[row] = result[row]
    made = account_of(p, place, home, result, dose, draw, since)
    store_account(view_account(out, 0), 0, made)
    return consumed_from(p, made)


@kernel
def _waterfall(values: Any, now: Any, second: Any, out: Any) -> None:
    """Difference of consumption between two accounts, part by part: each part of `second` takes its place in `now`."""
    p = values[0]
    before = consumed_from(p, read_account(now, 0))
    for part in range(_PARTS):
        now[_FIRST_PART + part] = second[_FIRST_PART + part]
        made = consumed_from(p, read_account(now, 0))
        out[part] = np.float64(made) - np.float64(before)
        before = made


def traced_difference(values: Any, first: FloatArray, second: FloatArray) -> dict[str, float]:
    """Trace consumption of `second` less that of `first` (two `Account` vectors) to its parts, L a month.

    Parts are replaced one after another in the order of `PARTS`, and the rules asked each time what is consumed; the
    differences add up to the whole exactly. A part that acts through another (a lost job while ill) is counted where
    its turn comes. `values` = parameters as one record.
    """
    out = np.zeros(_PARTS)
    _waterfall(values, np.array(first, np.float32), np.ascontiguousarray(second), out)
    return dict(zip(PARTS, out.tolist(), strict=True))
