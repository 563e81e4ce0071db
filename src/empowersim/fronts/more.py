"""Further tables of a comparison on a terminal: mentors, gains kept, budget, access, stages, cost-effectiveness."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.engine.outputs import STAGES
from empowersim.fronts.grids import (
    CELL_WIDTH,
    GAP,
    POLICY_WIDTH,
    add_row,
    bracketed,
    columns_that_fit,
    grid,
    number_column,
    plus_minus_of,
    policy_column,
    text_column,
)
from empowersim.fronts.numbers import NONE, interval, months, number, percent, quantity, rupiah, signed
from empowersim.fronts.plots import name_of, said

if TYPE_CHECKING:
    from empowersim.results.comparison import Comparison

_MENTOR_COLUMNS: Final = (
    ("posts", "posts", 1.0, 0),
    ("clients_per_mentor", "clients each", 1.0, 0),
    ("months_between_visits", "months between visits", 1.0, 1),
    ("share_administration", "% of hours: office", 100.0, 0),
    ("share_travel", "road", 100.0, 0),
    ("contact", "people", 100.0, 0),
    ("departures", "% leave a year", 100.0, 1),
)
_MENTOR_MORE: Final = (
    ("vacancy", "% of posts vacant", 100.0, 1),
    ("competence", "competence, 0 to 100", 100.0, 0),
    ("burnout", "burnout, 0 to 100", 100.0, 0),
    ("clients", "clients", 1.0, 0),
    ("visits_per_client", "visits to a client a month", 1.0, 2),
    ("share_training", "% of hours: training", 100.0, 1),
    ("share_sessions", "groups", 100.0, 1),
    ("share_visits", "visits", 100.0, 1),
    ("share_unused", "unused", 100.0, 1),
    ("hours_available", "hours each a month", 1.0, 0),
    ("cost_per_client", "Rp thousand a client and month", 1e-3, 0),
)

_KEPT_SHOWN: Final = ("poverty_headcount", "poverty_gap", "mean_consumption", "empowerment_index", "say", "voice")


def mentored(comparison: Comparison) -> list[str]:
    """Return the policies that have mentors, in the order of the file."""
    there = set(comparison.tables["mentors"]["policy"].tolist())
    return [name for name in comparison.policies if name in there]


def mentor_tables(comparison: Comparison, width: int, *, everything: bool = False) -> list[Any]:
    """Return the tables of the mentors' ledger; none where no policy has mentors."""
    names = mentored(comparison)
    if not names:
        return []
    title = "Mentors, mean of the months in which they work"
    made = [_mentor_table(comparison, names, _MENTOR_COLUMNS, title, narrow=True)]
    if everything:
        for columns in columns_that_fit(width, _MENTOR_MORE):
            made.append(_mentor_table(comparison, names, columns, ""))
    return made


def _mentor_table(comparison: Comparison, names: list[str], columns: Any, title: str, *, narrow: bool = False) -> Any:
    table = grid(title)
    policy_column(table, comparison)
    for _, head, _, _ in columns:
        number_column(table, head, 7 if narrow else CELL_WIDTH)
    for policy in names:
        figures = _figures(comparison.tables["mentors"].where(policy=policy))
        figures["contact"] = figures["share_sessions"] + figures["share_visits"]
        cells = [number(factor * figures[figure], decimals) for figure, _, factor, decimals in columns]
        add_row(table, [comparison.label(policy), *cells])
    return table


def further_tables(comparison: Comparison, width: int) -> list[Any]:
    """Return the tables that are printed only when everything is asked for."""
    made = [
        _kept_table(comparison),
        _budget_table(comparison, width),
        _access_table(comparison),
        _displacement_table(comparison),
        _stage_table(comparison),
        *_icer_tables(comparison),
    ]
    return [table for table in made if table is not None]


def kept_sentences(comparison: Comparison, outcome: str) -> list[str]:
    """Say of policies that end within the horizon how much of their gain in an outcome is left."""
    table = comparison.tables["kept"].where(outcome=outcome)
    sentences = []
    for policy in comparison.others:
        rows = table.where(policy=policy)
        parts = []
        for row in range(len(rows)):
            share, low, high = (float(rows[name][row]) for name in ("kept", "kept_low", "kept_high"))
            if isfinite(share):
                ends = interval(percent(low, 0), percent(high, 0))
                parts.append(f"{percent(share, 0)} ({ends}) {months(int(rows['after'][row]))} later")
        if parts:
            what = said(outcome)
            sentences.append(
                f"Of what “{comparison.label(policy)}” has won on the {what} when it ends, there is left: "
                f"{'; '.join(parts)}."
            )
    return sentences


def _kept_table(comparison: Comparison) -> Any:
    kept = comparison.tables["kept"]
    if not len(kept):
        return None
    legend = "difference from the reference at the end of the policy and later (means of three months); 95 % intervals"
    table = grid("Gains kept after the end of a policy", legend)
    policy_column(table, comparison)
    for head in ("outcome", "months later", "gain at the end", "gain left", "share kept"):
        text_column(table, head) if head == "outcome" else number_column(table, head, 20)
    before = ""
    for row in range(len(kept)):
        outcome, unit = str(kept["outcome"][row]), str(kept["unit"][row])
        if outcome not in _KEPT_SHOWN:
            continue
        gain, later = (quantity(float(kept[name][row]), unit, difference=True) for name in ("gain", "later"))
        share = [percent(float(kept[name][row]), 0) for name in ("kept", "kept_low", "kept_high")]
        ends = interval(*share[1:])
        cells = [
            name_of(outcome),
            number(float(kept["after"][row])),
            gain,
            later,
            share[0] + (f" ({ends})" * bool(ends)),
        ]
        label = comparison.label(str(kept["policy"][row]))
        add_row(table, [label if label != before else "", *cells])
        before = label
    return table


def _budget_table(comparison: Comparison, width: int) -> Any:
    budget = comparison.tables["budget"]
    years = sorted(set(budget["year"].tolist()))
    room = max(2, (width - POLICY_WIDTH - 5 * GAP - 26) // 8)
    shown = years if len(years) <= room else [*years[: room - 1], years[-1]]
    table = grid(
        "Budget by year, billion Rp",
        "all: what is spent in the year; whole: all years; today: whole, discounted to the first month",
    )
    policy_column(table, comparison)
    text_column(table, "part", 10)
    for head in [*(f"year {year}" for year in shown), "whole", "today"]:
        number_column(table, head)
    for policy in comparison.policies:
        rows = budget.where(policy=policy)
        parts = dict.fromkeys(zip(rows["dimension"].tolist(), rows["group"].tolist(), strict=True))
        label = comparison.label(policy)
        for dimension, group in parts:
            part = rows.where(dimension=dimension, group=group)
            if dimension != "all" and not part["mean"].any():
                continue  # nothing of the kind
            by_year = dict(zip(part["year"].tolist(), part["mean"].tolist(), strict=True))
            amounts = [*(by_year[year] for year in shown), float(part["mean"].sum()), float(part["discounted"].sum())]
            add_row(table, [label, group, *(number(1e-9 * amount, 1) for amount in amounts)])
            label = ""
    return table


def _access_table(comparison: Comparison) -> Any:
    access = comparison.tables["access"]
    table = grid(
        "Places, and who waits",
        "applicants and waiting: eligible and willing households, mean of the intakes; last: after the last intake",
    )
    policy_column(table, comparison)
    text_column(table, "programme")
    for head in ("places", "filled, %", "applicants", "waiting", "last"):
        number_column(table, head)
    for policy in comparison.policies:
        rows = access.where(policy=policy)
        label = comparison.label(policy)
        for item in dict.fromkeys(rows["item"].tolist()):
            if item == "all":
                continue
            figures = _figures(rows.where(item=item))
            cells = [number(figures["places_offered"]), number(100 * figures["filled_share"], 0)]
            cells += [number(figures[name]) for name in ("applicants", "waiting", "waiting_last")]
            add_row(table, [label, item.replace("_", " "), *cells])
            label = ""
    return table if table.row_count else None


def _displacement_table(comparison: Comparison) -> Any:
    reference = comparison.label(comparison.reference)
    table = grid(
        "Who is served, and at whose cost, % of all households",
        f"served: ever enrolled or visited; displaced: served under “{reference}” but not here; others worse: served "
        "neither here nor there, and worse off at the end",
    )
    policy_column(table, comparison)
    for head in ("served", "displaced", "others worse"):
        number_column(table, head)
    for policy in comparison.policies:
        figures = _figures(comparison.tables["access"].where(policy=policy, item="all"))
        shares = [figures[name] for name in ("served", "displaced", "untouched_worse")]
        cells = [number(100 * share, 2) for share in shares]
        add_row(
            table, [comparison.label(policy), *(cells if policy != comparison.reference else [cells[0], NONE, NONE])]
        )
    return table


def _figures(rows: Any) -> dict[str, float]:
    return dict(zip(rows["figure"].tolist(), rows["mean"].tolist(), strict=True))


def _stage_table(comparison: Comparison) -> Any:
    stages = comparison.tables["stages"]
    table = grid("Furthest stage that households have reached at the end, %; below it the difference")
    policy_column(table, comparison)
    for stage in STAGES:
        number_column(table, stage, CELL_WIDTH)
    for policy in comparison.policies:
        cells = []
        for stage in STAGES:
            rows = stages.where(policy=policy, stage=stage)
            columns = ("mean", "high", "difference", "difference_high")
            middle, high, change, change_high = (float(rows[name][0]) for name in columns)
            text = plus_minus_of(middle, high, 100.0, 1)
            if policy != comparison.reference:
                text += "\n" + plus_minus_of(change, change_high, 100.0, 2, signed)
            cells.append(text)
        add_row(table, [comparison.label(policy), *cells])
    return table


_STATUS: Final = {
    "cheapest": "cheapest",
    "frontier": "on the frontier",
    "dominated": "dominated",
    "extendedly_dominated": "dominated by a mix",
    "tied": "tied",
}


def _icer_tables(comparison: Comparison) -> list[Any]:
    icer = comparison.tables["icer"]
    made = []
    for effect in dict.fromkeys(icer["effect"].tolist()):
        rows = icer.where(effect=effect)
        table = grid(
            f"Cost-effectiveness: {said(effect)}",
            "policies in order of discounted cost; the price of one more against the policy before on the frontier",
        )
        policy_column(table, comparison)
        for head in ("cost", "effect", "standing", "price of one more"):
            text_column(table, head) if head == "standing" else number_column(table, head)
        for row in range(len(rows)):
            ratio = [rupiah(float(rows[name][row])) for name in ("ratio", "low", "high")]
            cells = [rupiah(float(rows["cost"][row])), number(float(rows["amount"][row]))]
            cells += [_STATUS[str(rows["status"][row])], _price(*ratio)]
            add_row(table, [comparison.label(str(rows["policy"][row])), *cells])
        made.append(table)
    return made


def _price(middle: str, low: str, high: str) -> str:
    """Price of one more with its interval; where effects cannot be told apart it has none."""
    if middle == NONE:
        return NONE
    return f"{middle} (not certain)" if NONE in {low, high} else bracketed(middle, low, high)
