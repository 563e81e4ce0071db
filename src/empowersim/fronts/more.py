"""Further tables of a comparison on a terminal: mentors, gains kept, budget, access, stages, cost-effectiveness."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.engine.outputs import STAGES
from empowersim.fronts.grids import (
    GAP,
    POLICY_WIDTH,
    add_row,
    bracketed,
    cell_width,
    columns_that_fit,
    grid,
    number_column,
    plus_minus_of,
    policy_column,
    text_column,
)
from empowersim.fronts.labels import named, text
from empowersim.fronts.numbers import NONE, Lang, interval, months, number, percent, quantity, rupiah, signed
from empowersim.fronts.plots import name_of, said

if TYPE_CHECKING:
    from empowersim.results.comparison import Comparison

_MENTOR_COLUMNS: Final = (
    ("posts", 1.0, 0),
    ("clients_per_mentor", 1.0, 0),
    ("months_between_visits", 1.0, 1),
    ("share_administration", 100.0, 0),
    ("share_travel", 100.0, 0),
    ("contact", 100.0, 0),
    ("departures", 100.0, 1),
)
_MENTOR_MORE: Final = (
    ("vacancy", 100.0, 1),
    ("competence", 100.0, 0),
    ("burnout", 100.0, 0),
    ("clients", 1.0, 0),
    ("visits_per_client", 1.0, 2),
    ("share_training", 100.0, 1),
    ("share_sessions", 100.0, 1),
    ("share_visits", 100.0, 1),
    ("share_unused", 100.0, 1),
    ("hours_available", 1.0, 0),
    ("cost_per_client", 1e-3, 0),
)
"""Figures of the mentors' ledger: name, factor and decimals; their heads stand in the label file."""
_NARROW: Final = {"en": 7, "id": 10}
"""Width of the chief columns of mentors, which are narrow: the longest word of their heads."""

_KEPT_SHOWN: Final = ("poverty_headcount", "poverty_gap", "mean_consumption", "empowerment_index", "say", "voice")


def mentored(comparison: Comparison) -> list[str]:
    """Return the policies that have mentors, in the order of the file."""
    there = set(comparison.tables["mentors"]["policy"].tolist())
    return [name for name in comparison.policies if name in there]


def mentor_tables(comparison: Comparison, width: int, *, everything: bool = False, lang: Lang = "en") -> list[Any]:
    """Return the tables of the mentors' ledger; none where no policy has mentors."""
    names = mentored(comparison)
    if not names:
        return []
    title = text("more.mentors", lang)
    made = [_mentor_table(comparison, names, _MENTOR_COLUMNS, title, lang, narrow=True)]
    if everything:
        for columns in columns_that_fit(width, _MENTOR_MORE, lang):
            made.append(_mentor_table(comparison, names, columns, "", lang))
    return made


def _mentor_table(
    comparison: Comparison, names: list[str], columns: Any, title: str, lang: Lang, *, narrow: bool = False
) -> Any:
    table = grid(title)
    policy_column(table, comparison, lang)
    for figure, _, _ in columns:
        number_column(table, text(f"more.mentor.{figure}", lang), _NARROW[lang] if narrow else cell_width(lang))
    for policy in names:
        figures = _figures(comparison.tables["mentors"].where(policy=policy))
        figures["contact"] = figures["share_sessions"] + figures["share_visits"]
        cells = [number(factor * figures[figure], decimals, lang) for figure, factor, decimals in columns]
        add_row(table, [comparison.label(policy, lang), *cells])
    return table


def further_tables(comparison: Comparison, width: int, lang: Lang = "en") -> list[Any]:
    """Return the tables that are printed only when everything is asked for."""
    made = [
        _kept_table(comparison, lang),
        _budget_table(comparison, width, lang),
        _access_table(comparison, lang),
        _displacement_table(comparison, lang),
        _stage_table(comparison, lang),
        *_icer_tables(comparison, lang),
    ]
    return [table for table in made if table is not None]


def kept_sentences(comparison: Comparison, outcome: str, lang: Lang = "en") -> list[str]:
    """Say of policies that end within the horizon how much of their gain in an outcome is left."""
    table = comparison.tables["kept"].where(outcome=outcome)
    sentences = []
    for policy in comparison.others:
        rows = table.where(policy=policy)
        parts = []
        for row in range(len(rows)):
            share, low, high = (float(rows[name][row]) for name in ("kept", "kept_low", "kept_high"))
            if isfinite(share):
                ends = interval(percent(low, 0, lang), percent(high, 0, lang), lang)
                after = months(int(rows["after"][row]), lang)
                parts.append(text("more.kept_part", lang, share=percent(share, 0, lang), ends=ends, months=after))
        if parts:
            label, what = comparison.label(policy, lang), said(outcome, lang)
            sentences.append(text("more.kept_said", lang, policy=label, what=what, parts="; ".join(parts)))
    return sentences


def _kept_table(comparison: Comparison, lang: Lang) -> Any:
    kept = comparison.tables["kept"]
    if not len(kept):
        return None
    table = grid(text("more.kept", lang), text("more.kept_legend", lang))
    policy_column(table, comparison, lang)
    text_column(table, text("more.outcome", lang))
    for head in ("months_later", "gain_at_end", "gain_left", "share_kept"):
        number_column(table, text(f"more.{head}", lang), 20)
    before = ""
    for row in range(len(kept)):
        outcome, unit = str(kept["outcome"][row]), str(kept["unit"][row])
        if outcome not in _KEPT_SHOWN:
            continue
        gain, later = (quantity(float(kept[name][row]), unit, lang, difference=True) for name in ("gain", "later"))
        share = [percent(float(kept[name][row]), 0, lang) for name in ("kept", "kept_low", "kept_high")]
        ends = interval(share[1], share[2], lang)
        cells = [
            name_of(outcome, lang),
            number(float(kept["after"][row]), 0, lang),
            gain,
            later,
            share[0] + (f" ({ends})" * bool(ends)),
        ]
        label = comparison.label(str(kept["policy"][row]), lang)
        add_row(table, [label if label != before else "", *cells])
        before = label
    return table


def _budget_table(comparison: Comparison, width: int, lang: Lang) -> Any:
    budget = comparison.tables["budget"]
    years = sorted(set(budget["year"].tolist()))
    room = max(2, (width - POLICY_WIDTH - 5 * GAP - 26) // 8)
    shown = years if len(years) <= room else [*years[: room - 1], years[-1]]
    table = grid(text("more.budget", lang), text("more.budget_legend", lang, all=named("parts", "all", lang)))
    policy_column(table, comparison, lang)
    text_column(table, text("more.part", lang), 10)
    heads = [text("more.year", lang, year=year) for year in shown]
    for head in [*heads, text("more.whole", lang), text("more.today", lang)]:
        number_column(table, head)
    for policy in comparison.policies:
        rows = budget.where(policy=policy)
        parts = dict.fromkeys(zip(rows["dimension"].tolist(), rows["group"].tolist(), strict=True))
        label = comparison.label(policy, lang)
        for dimension, group in parts:
            part = rows.where(dimension=dimension, group=group)
            if dimension != "all" and not part["mean"].any():
                continue  # nothing of the kind
            by_year = dict(zip(part["year"].tolist(), part["mean"].tolist(), strict=True))
            amounts = [*(by_year[year] for year in shown), float(part["mean"].sum()), float(part["discounted"].sum())]
            cells = [number(1e-9 * amount, 1, lang) for amount in amounts]
            add_row(table, [label, named("parts", group, lang), *cells])
            label = ""
    return table


def _access_table(comparison: Comparison, lang: Lang) -> Any:
    access = comparison.tables["access"]
    table = grid(text("more.access", lang), text("more.access_legend", lang))
    policy_column(table, comparison, lang)
    text_column(table, text("more.programme", lang))
    for head in ("places", "filled", "applicants", "waiting", "last"):
        number_column(table, text(f"more.{head}", lang))
    for policy in comparison.policies:
        rows = access.where(policy=policy)
        label = comparison.label(policy, lang)
        for item in dict.fromkeys(rows["item"].tolist()):
            if item == "all":
                continue
            figures = _figures(rows.where(item=item))
            cells = [number(figures["places_offered"], 0, lang), number(100 * figures["filled_share"], 0, lang)]
            cells += [number(figures[name], 0, lang) for name in ("applicants", "waiting", "waiting_last")]
            add_row(table, [label, named("programmes", item, lang), *cells])
            label = ""
    return table if table.row_count else None


def _displacement_table(comparison: Comparison, lang: Lang) -> Any:
    reference = comparison.label(comparison.reference, lang)
    table = grid(text("more.displaced_title", lang), text("more.displaced_legend", lang, reference=reference))
    policy_column(table, comparison, lang)
    for head in ("served", "displaced", "others_worse"):
        number_column(table, text(f"more.{head}", lang))
    for policy in comparison.policies:
        figures = _figures(comparison.tables["access"].where(policy=policy, item="all"))
        shares = [figures[name] for name in ("served", "displaced", "untouched_worse")]
        cells = [number(100 * share, 2, lang) for share in shares]
        if policy == comparison.reference:
            cells[1:] = [NONE, NONE]
        add_row(table, [comparison.label(policy, lang), *cells])
    return table


def _figures(rows: Any) -> dict[str, float]:
    return dict(zip(rows["figure"].tolist(), rows["mean"].tolist(), strict=True))


def _stage_table(comparison: Comparison, lang: Lang) -> Any:
    stages = comparison.tables["stages"]
    table = grid(text("more.stages", lang))
    policy_column(table, comparison, lang)
    for stage in STAGES:
        number_column(table, text(f"stages.{stage}", lang), cell_width(lang))
    for policy in comparison.policies:
        cells = []
        for stage in STAGES:
            rows = stages.where(policy=policy, stage=stage)
            columns = ("mean", "high", "difference", "difference_high")
            middle, high, change, change_high = (float(rows[name][0]) for name in columns)
            level = plus_minus_of(middle, high, 100.0, 1, lang=lang)
            if policy != comparison.reference:
                level += "\n" + plus_minus_of(change, change_high, 100.0, 2, signed, lang)
            cells.append(level)
        add_row(table, [comparison.label(policy, lang), *cells])
    return table


def _icer_tables(comparison: Comparison, lang: Lang) -> list[Any]:
    icer = comparison.tables["icer"]
    made = []
    for effect in dict.fromkeys(icer["effect"].tolist()):
        rows = icer.where(effect=effect)
        table = grid(text("more.icer", lang, effect=said(effect, lang)), text("more.icer_legend", lang))
        policy_column(table, comparison, lang)
        number_column(table, text("terminal.cost", lang))
        number_column(table, text("more.effect", lang))
        text_column(table, text("more.standing", lang))
        number_column(table, text("more.price", lang))
        for row in range(len(rows)):
            ratio, low, high = (rupiah(float(rows[name][row]), lang) for name in ("ratio", "low", "high"))
            cells = [rupiah(float(rows["cost"][row]), lang), number(float(rows["amount"][row]), 0, lang)]
            cells += [text(f"more.status.{rows['status'][row]}", lang), _price(ratio, low, high, lang)]
            add_row(table, [comparison.label(str(rows["policy"][row]), lang), *cells])
        made.append(table)
    return made


def _price(middle: str, low: str, high: str, lang: Lang) -> str:
    """Price of one more with its interval; where effects cannot be told apart it has none."""
    if middle == NONE:
        return NONE
    if NONE in {low, high}:
        return text("more.not_certain", lang, price=middle)
    return bracketed(middle, low, high, lang)
