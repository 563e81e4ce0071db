"""The tables of an answer, each from tables of its comparison: nothing here simulates, and no number has two origins.

`found` is an `answer.Answer` everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from empowersim.engine.outputs import HOURS
from empowersim.errors import SimulationError
from empowersim.experiments.cost_effectiveness import Cloud, acceptability, increments, thresholds_for
from empowersim.experiments.decide_money import CLOUD
from empowersim.experiments.ranking import Ranking, posterior_means, rank
from empowersim.experiments.statistics import MONTHS_A_YEAR, Vector
from empowersim.results.answer_tables import ANSWER_TABLES, PREFIX
from empowersim.results.comparison import Comparison
from empowersim.results.tables import (
    COST,
    COST_DISCOUNTED,
    COST_PER_EXIT,
    COST_STATE,
    EXITS,
    OUTCOMES,
    YEARS_DISCOUNTED,
    Table,
)

GAP: Final = "poverty_gap"
MENTORS: Final = "mentors"
ITEMS: Final = ("programmes", MENTORS, "community")
USES: Final = HOURS[1:]
WITHIN, OVER, NO_CEILING = "within", "over", "none"
_ALMOST: Final = 1e-9
"""Relative: a budget that is spent to the last rupiah is within its ceiling."""
DIFFER: Final = 0.02
"""Costs of policies that lie further apart than this share of the dearest are told to differ."""

Rows = list[tuple[Any, ...]]


def made_table(name: str, found: Any) -> Table:
    """A table of an answer by its name in `ANSWER_TABLES`; KeyError names those there are."""
    if name not in _MAKERS:
        raise KeyError(f"no table {name!r}; there are {', '.join(ANSWER_TABLES)}")
    return Table.from_rows(PREFIX + name, _MAKERS[name](found))


# ---------------------------------------------------------------- 1, 4: verdict and differences


def _of(found: Any) -> tuple[Comparison, Rows]:
    """The comparison of an answer, and rows to be."""
    return found.comparison, []


def _cards(found: Any) -> Rows:
    made, rows = _of(found)
    for policy in made.others:
        levels, changes = made.outcomes.where(policy=policy), made.differences.where(policy=policy)
        for card, table, outcome in (
            ("lifted", changes, EXITS),
            ("gap", changes, GAP),
            ("cost", levels, COST),
            ("price", levels, COST_PER_EXIT),
        ):
            rows.append((policy, card, OUTCOMES[outcome].unit, *(table.one(end, outcome=outcome) for end in _ENDS)))
        share = levels.one("probability_best", outcome=found.outcome)
        rows.append((policy, "best", "share of futures", share, math.nan, math.nan))
    return rows


_ENDS: Final = ("mean", "low", "high")


def values_of(made: Comparison, outcome: str) -> Vector:
    """An outcome in every future, shape (futures, policies)."""
    table = made.futures.where(outcome=outcome)
    return np.stack([table.where(policy=policy)["value"] for policy in made.policies], axis=1)


def _ranking(found: Any) -> Ranking | None:
    """The ranking of an answer; two tables read it, so it is kept with the answer."""
    kept: dict[str, Ranking | None] = found.__dict__
    if "_ranked" not in kept:
        kept["_ranked"] = _ranked(found)
    return kept["_ranked"]


def _ranked(found: Any) -> Ranking | None:
    made = found.comparison
    values = values_of(made, found.outcome)
    if len(made.policies) < 2 or np.isnan(values).any(axis=1).all():
        return None
    better = OUTCOMES[found.outcome].better or 1
    return rank(values, better, base=made.policies.index(made.reference), seed=made.seed)


def _pairs(found: Any) -> Rows:
    ranking, made = _ranking(found), found.comparison
    if ranking is None:
        return []
    unit = OUTCOMES[found.outcome].unit
    return [
        (
            made.policies[pair.policy],
            made.policies[pair.against],
            found.outcome,
            unit,
            *pair.estimate,
            pair.share_better,
            pair.standing,
        )
        for pair in ranking.pairs
    ]


def _best(found: Any) -> Rows:
    ranking, made = _ranking(found), found.comparison
    if ranking is None:
        return []
    shares, chances = ranking.share_best.tolist(), ranking.best.tolist()
    return [
        (policy, found.outcome, share, chance)
        for policy, share, chance in zip(made.policies, shares, chances, strict=True)
    ]


# ---------------------------------------------------------------- 2, 5: the mix, money and staff


def _mix(found: Any) -> Rows:
    made, rows = _of(found)
    years = made.months / MONTHS_A_YEAR
    for policy in made.policies:
        ledger = made.ledger.where(policy=policy, figure="cost")
        access = made.access.where(policy=policy)
        items = list(dict.fromkeys(ledger["item"].tolist()))
        spent = {item: math.fsum(ledger.where(item=item)["mean"].tolist()) / years for item in items}
        whole = math.fsum(spent.values())
        programmes = set(access["item"].tolist())
        for item in items:
            kind = ITEMS[0] if item in programmes else MENTORS if item == MENTORS else ITEMS[2]
            if kind == MENTORS and not spent[item]:
                continue  # no mentors
            places = [math.nan, math.nan]
            if kind == ITEMS[0]:
                part = access.where(item=item)
                places = [part.one("mean", figure=figure) / years for figure in ("places_offered", "places_filled")]
            rows.append((policy, kind, item, spent[item], spent[item] / whole if whole else math.nan, *places))
    return rows


def _meters(found: Any) -> Rows:
    made, rows = _of(found)
    ceilings = found.ceilings
    for policy in made.policies:
        money = max(made.budget.where(policy=policy, dimension="all")["mean"].tolist(), default=0.0)
        rows.append(_meter(policy, "money", "IDR/year", money, ceilings.money))
        staff = made.mentors.where(policy=policy)
        posts = staff.one("mean", figure="posts") if len(staff) else 0.0
        rows.append(_meter(policy, "posts", "posts", posts, ceilings.posts))
        if len(staff):
            hours = _hours(made, policy)
            at_work = hours["available"] > 0
            used = sum(hours[use][at_work] for use in USES)
            there, spent = float(hours["available"][at_work].mean()), float(np.mean(used))
            rows.append(_meter(policy, "hours", "hours/month", spent, there))
    return rows


def _meter(policy: str, meter: str, unit: str, used: float, ceiling: float | None) -> tuple[Any, ...]:
    if ceiling is None:
        return (policy, meter, unit, used, math.nan, math.nan, NO_CEILING)
    share = used / ceiling if ceiling > 0.0 else (math.inf if used > 0.0 else 0.0)
    return (policy, meter, unit, used, ceiling, share, OVER if share > 1.0 + _ALMOST else WITHIN)


def _hours(made: Comparison, policy: str) -> dict[str, Vector]:
    """Mentors' hours by use, shape (months,)."""
    ledger = made.ledger.where(policy=policy, item=MENTORS)
    return {use: ledger.where(figure=f"hours_{use}")["mean"] for use in HOURS}


def _staff(found: Any) -> Rows:
    made, rows = _of(found)
    for policy in made.policies:
        hours = _hours(made, policy)
        if not hours["available"].any():
            continue
        for year, start in enumerate(range(0, made.months, MONTHS_A_YEAR), start=1):
            inside = {use: math.fsum(hours[use][start : start + MONTHS_A_YEAR].tolist()) for use in HOURS}
            unused = max(inside["available"] - math.fsum(inside[use] for use in USES), 0.0)
            rows += [(policy, year, use, inside[use]) for use in HOURS]
            rows.append((policy, year, "unused", unused))
    return rows


# ---------------------------------------------------------------- 6: cost and effect


def _apart(made: Comparison) -> tuple[Vector, Vector]:
    """Discounted cost and effect against the reference in every future, shapes (futures, policies)."""
    base = made.policies.index(made.reference)
    cost, effect = (values_of(made, outcome) for outcome in (COST_DISCOUNTED, YEARS_DISCOUNTED))
    return cost - cost[:, [base]], effect - effect[:, [base]]


def costs_differ(made: Comparison) -> bool:
    """Whether policies other than the reference cost different amounts: only then a plane of costs says something."""
    costs = [made.outcomes.one("mean", policy=policy, outcome=COST) for policy in made.others]
    return len(costs) > 1 and max(costs) - min(costs) > DIFFER * max(costs)


def _plane(found: Any) -> Rows:
    made = found.comparison
    cost, effect = _apart(made)
    numbers = made.futures.where(policy=made.reference, outcome=COST)["replicate"].tolist()
    return [
        (policy, number, cost[row, place], effect[row, place])
        for place, policy in enumerate(made.policies)
        if policy != made.reference
        for row, number in enumerate(numbers)
    ]


def _acceptability(found: Any) -> Rows:
    """The only uncertainty is that futures are few; a decision over parameter draws has more (`decide`)."""
    made = found.comparison
    if len(made.policies) < 2 or made.replicates < 2:
        return []
    cost, effect = _apart(made)
    points = posterior_means(np.column_stack([cost, effect]), draws=CLOUD, seed=made.seed)
    half = len(made.policies)
    cloud = Cloud(points[:, :half], points[:, half:], np.full(len(points), 1.0 / len(points)))
    steps = [step.ratio for step in increments(cloud)]
    highest = float(np.abs(cost).max()) or 1.0
    return [
        (at.threshold, policy, at.probability[place], at.benefit[place], "yes" if place == at.best else "no")
        for at in acceptability(cloud, thresholds_for(steps, None, highest).tolist())
        for place, policy in enumerate(made.policies)
    ]


def _curve(found: Any) -> Rows:
    curve = found.curve
    if curve is None:
        return []
    rows = []
    for size in curve.sizes:
        name = curve.at(size)
        cost = curve.comparison.outcomes.one("mean", policy=name, outcome=COST)
        changes = curve.comparison.differences.where(policy=name)
        for outcome in dict.fromkeys((found.outcome, EXITS, "poverty_headcount", GAP, "mean_consumption")):
            told = (changes.one(end, outcome=outcome) for end in (*_ENDS, "probability_better"))
            rows.append((curve.policy, size, cost, outcome, OUTCOMES[outcome].unit, *told))
    return rows


# ---------------------------------------------------------------- 8, 9: assumptions, the tidy table


def _tornado(found: Any) -> Rows:
    if found.tornado is None:
        return []
    return [
        (
            bar.name,
            bar.meaning,
            bar.unit,
            bar.confidence,
            bar.low,
            bar.base,
            bar.high,
            bar.at_low,
            bar.at_high,
            bar.switches_at,
        )
        for bar in found.tornado.bars
    ]


def _assumptions(found: Any) -> Rows:
    if found.scenario is None:
        raise SimulationError(
            "the assumptions of an answer stand in its scenario, and this one was made without: give scenario= beside "
            "the results"
        )
    from empowersim.scenario.worlds import passports_of_worlds

    return [
        (one.group, one.name, one.value, one.unit, one.confidence, one.source, one.meaning)
        for one in passports_of_worlds(found.scenario)
    ]


def _tidy(found: Any) -> Rows:
    """Every outcome as it is compared (year 0), every measure and every cost year by year."""
    made, rows = _of(found)
    paid = {COST: ("all", "all"), COST_STATE: ("payer", "state"), "cost_to_partners": ("payer", "partners")}
    for policy in made.policies:
        levels = made.outcomes.where(policy=policy)
        for row, (outcome, unit) in enumerate(zip(levels["outcome"].tolist(), levels["unit"].tolist(), strict=True)):
            rows.append((policy, outcome, unit, 0, *(levels[end][row] for end in _ENDS), made.replicates))
        years = made.years.where(policy=policy)
        for row, (measure, unit) in enumerate(zip(years["measure"].tolist(), years["unit"].tolist(), strict=True)):
            numbers = (years[end][row] for end in _ENDS)
            rows.append((policy, measure, unit, int(years["year"][row]), *numbers, made.replicates))
        for outcome, (dimension, group) in paid.items():
            part = made.budget.where(policy=policy, dimension=dimension, group=group)
            for row, year in enumerate(part["year"].tolist()):
                rows.append((policy, outcome, "IDR", year, *(part[end][row] for end in _ENDS), made.replicates))
    return rows


_MAKERS: Final[dict[str, Callable[[Any], Rows]]] = {
    "cards": _cards,
    "meters": _meters,
    "mix": _mix,
    "staff": _staff,
    "pairs": _pairs,
    "best": _best,
    "plane": _plane,
    "acceptability": _acceptability,
    "budget_curve": _curve,
    "tornado": _tornado,
    "assumptions": _assumptions,
    "tidy": _tidy,
}

assert tuple(sorted(_MAKERS)) == tuple(sorted(ANSWER_TABLES))
