"""Charts of the tabs, from the tables of a comparison and the amounts of mixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Final

from empowersim.experiments.budget_curve import BudgetCurve
from empowersim.experiments.live_file import LiveFile, LiveMix
from empowersim.experiments.tornado import Tornado
from empowersim.fronts import numbers
from empowersim.fronts.dashboard.drawing import Chart, bars, curve, grid, scale, tornado
from empowersim.fronts.dashboard.shown import Shown
from empowersim.fronts.labels import Lang, bundled, label, text
from empowersim.fronts.views_who import group_name
from empowersim.results.tables import COST, EXITS, OUTCOMES

_BILLION: Final = 1e9


def lever_name(file: LiveFile, name: str, lang: Lang) -> str:
    """What people call a programme."""
    known = {lever.name: lever for lever in file.levers}
    if name not in known:
        return name.replace("_", " ")
    said = known[name].label
    return bundled(said.get(lang) or said.get("en") or name.replace("_", " "), lang)


def mix_chart(
    shown: Shown, file: LiveFile, mixes: Mapping[str, LiveMix], costs: Mapping[str, float], lang: Lang
) -> Chart:
    """What each policy buys: its yearly money by programme, mentors last; `costs` = mentors' part, IDR a year."""
    rows: list[dict[str, Any]] = []
    told: list[tuple[str, ...]] = []
    for name, mix in mixes.items():
        called = shown.name(name, lang)
        parts = [(lever_name(file, lever, lang), float(amount)) for lever, amount in mix.money if amount]
        parts.append((text("dashboard.part.mentors", lang), costs[name]))
        whole = sum(amount for _, amount in parts)
        for part, amount in parts:
            if amount <= 0.0:
                continue
            said = numbers.rupiah(amount, lang)
            rows.append({"group": called, "part": part, "value": amount / _BILLION, "said": said})
            told.append((called, part, said, numbers.percent(amount / whole, 0, lang)))
    title = text("dashboard.chart.mix", lang)
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("policy", "part", "money_year", "share"))
    alt = "; ".join(f"{row[0]}: {row[1]} {row[2]}" for row in told)
    axis = text("dashboard.chart.share_money", lang)
    return bars(title, rows, lang, axis=axis, heads=heads, told=told, alt=alt, share=True)


def money_chart(shown: Shown, lang: Lang, ceiling: float) -> Chart:
    """What each policy spends in each year, by kind, against the ceiling."""
    rows: list[dict[str, Any]] = []
    told: list[tuple[str, ...]] = []
    for name in shown.ordered:
        called = shown.name(name, lang)
        table = shown.comparison.budget.where(policy=name, dimension="item")
        for group, year, mean, low, high in zip(
            *(table[column].tolist() for column in ("group", "year", "mean", "low", "high")), strict=True
        ):
            if not mean:
                continue
            part = text(f"dashboard.part.{group}", lang)
            when = text("dashboard.chart.year", lang, n=year)
            said = numbers.rupiah(mean, lang)
            ends = numbers.interval(numbers.rupiah(low, lang), numbers.rupiah(high, lang), lang)
            rows.append({"column": called, "group": when, "part": part, "value": mean / _BILLION, "said": said})
            told.append((called, when, part, said, ends or numbers.NONE))
    title = text("dashboard.chart.money", lang)
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("policy", "year", "part", "money", "range"))
    alt = text("dashboard.chart.money_alt", lang, ceiling=numbers.rupiah(ceiling, lang))
    return bars(
        title,
        rows,
        lang,
        axis=text("dashboard.chart.billion", lang),
        heads=heads,
        told=told,
        alt=alt,
        column="column",
        ceiling=ceiling / _BILLION,
        ceiling_name=text("dashboard.chart.ceiling", lang, ceiling=numbers.rupiah(ceiling, lang)),
    )


def hours_chart(shown: Shown, lang: Lang) -> Chart | None:
    """What the hours of mentors go to; None where no policy has mentors."""
    rows: list[dict[str, Any]] = []
    told: list[tuple[str, ...]] = []
    for name in shown.ordered:
        table = shown.comparison.mentors.where(policy=name)
        for figure, mean in zip(table["figure"].tolist(), table["mean"].tolist(), strict=True):
            if not figure.startswith("share_") or not mean > 0.0:
                continue
            called = shown.name(name, lang)
            part = text(f"dashboard.hours.{figure.removeprefix('share_')}", lang)
            said = numbers.percent(mean, 0, lang)
            rows.append({"group": called, "part": part, "value": mean, "said": said})
            told.append((called, part, said))
    if not rows:
        return None
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("policy", "part", "share"))
    alt = "; ".join(f"{row[0]}: {row[1]} {row[2]}" for row in told)
    title = text("dashboard.chart.hours", lang)
    return bars(
        title, rows, lang, axis=text("dashboard.chart.share_hours", lang), heads=heads, told=told, alt=alt, share=True
    )


DIMENSIONS: Final = ("decile", "start", "head", "schooling", "children", "region", "custom", "villages")
VILLAGE_FIGURES: Final = ("poor_at_start", "served", "served_of_poor", "poor_change")


def who_chart(shown: Shown, dimension: str, lang: Lang) -> Chart | None:
    """Who ends better and worse off under the mix than under the reference, group by group; None without groups."""
    rows: list[dict[str, Any]] = []
    told: list[tuple[str, ...]] = []
    table = shown.comparison.groups.where(policy=shown.mix, dimension=dimension)
    for group in dict.fromkeys(table["group"].tolist()):
        one = table.where(group=group)
        better, worse, served = (one.one("mean", figure=figure) for figure in ("better", "worse", "served"))
        if isnan(better):
            continue
        called = group_name(dimension, group, lang)
        for figure, value in (("better", better), ("unchanged", 1.0 - better - worse), ("worse", worse)):
            said = numbers.percent(value, 1, lang)
            rows.append({"group": called, "part": text(f"dashboard.who.{figure}", lang), "value": value, "said": said})
        told.append((called, *(numbers.percent(value, 1, lang) for value in (better, worse, served))))
    if not rows:
        return None
    title = text(
        "dashboard.chart.who",
        lang,
        mix=shown.name(shown.mix, lang),
        reference=shown.name(shown.comparison.reference, lang),
        by=text(f"dashboard.by.{dimension}", lang),
    )
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("group", "better_off", "worse_off", "served"))
    alt = "; ".join(f"{row[0]}: {row[1]} / {row[2]}" for row in told)
    return bars(
        title,
        rows,
        lang,
        axis=text("dashboard.chart.share_people", lang),
        heads=heads,
        told=told,
        alt=f"{heads[1]} / {heads[2]}: {alt}",
        share=True,
    )


def reach_table(shown: Shown, lang: Lang) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Who is missed and who is served though not poor, of each policy that serves anybody: heads and rows."""
    rows = []
    for name in shown.ordered:
        one = shown.comparison.reach.where(policy=name)
        cells = []
        for figure in _REACH:
            mean, low, high = (numbers.percent(one.one(part, figure=figure), 1, lang) for part in _PARTS)
            ends = numbers.interval(low, high, lang)
            cells.append(f"{mean} ({ends})" if ends else mean)
        rows.append((shown.name(name, lang), *cells))
    return (text("dashboard.heads.policy", lang), *(text(f"dashboard.reach.{name}", lang) for name in _REACH)), rows


def places_chart(shown: Shown, figure: str, lang: Lang) -> Chart | None:
    """Villages of the first future as a grid, the poorest first; None where there is none."""
    table = shown.comparison.villages.where(policy=shown.mix)
    if not len(table):
        return None
    signed = figure == "poor_change"
    order = sorted(range(len(table)), key=lambda row: (-float(table["poor_at_start"][row]), int(table["village"][row])))
    rows: list[dict[str, Any]] = []
    told: list[tuple[str, ...]] = []

    def said(name: str, row: int) -> str:
        value = float(table[name][row])
        return numbers.signed(_HUNDRED * value, 1, lang) if name == "poor_change" else numbers.percent(value, 0, lang)

    for place, row in enumerate(order):
        called = text("dashboard.places.one", lang, n=int(table["village"][row]) + 1)
        homes = numbers.number(float(table["households"][row]), 0, lang)
        region = group_name("region", str(table["region"][row]), lang)
        told.append((called, region, homes, *(said(name, row) for name in VILLAGE_FIGURES)))
        value = float(table[figure][row])
        if place < _CELLS and not isnan(value):
            rows.append(
                {
                    "row": place // _ACROSS,
                    "column": place % _ACROSS,
                    "value": value * _HUNDRED,
                    "said": said(figure, row),
                    "tip": f"{called}: {said(figure, row)}",
                }
            )
    values = [row["value"] for row in rows]
    low, high = min(values, default=0.0), max(values, default=1.0)
    for one in rows:
        # cividis is dark below its middle; the two-sided scale is dark at both ends
        at = abs(one["value"]) / (max(abs(low), abs(high)) or 1.0) if signed else one["value"] / (high or 1.0)
        one["dark"] = at > _FAR if signed else at < _HALF
    what = text(f"dashboard.places.{figure}", lang)
    title = text("dashboard.places.title", lang, what=what, mix=shown.name(shown.mix, lang))
    heads = tuple(
        text(f"dashboard.places.head.{head}", lang) for head in ("place", "region", "households", *VILLAGE_FIGURES)
    )
    ends = [numbers.number(end, 1, lang) for end in (low, high)]
    count = numbers.number(len(table), 0, lang)
    alt = text("dashboard.places.alt", lang, what=what, low=ends[0], high=ends[1], count=count)
    return Chart(title, grid(rows, title, what, lang, signed=signed), alt, heads, tuple(told))


def curve_chart(found: BudgetCurve, outcome: str, shown: Shown, lang: Lang) -> Chart:
    """The effect of the mix at several sizes of its budget, over what each costs."""
    factor, axis = scale(outcome, lang, difference=True)
    unit = OUTCOMES[outcome].unit
    points, told = [], []
    for size, cost, mean, low, high in found.rows(outcome):
        name = numbers.percent(size, 0, lang)
        points.append((name, cost / _BILLION, mean * factor, low * factor, high * factor))
        change, least, most = (numbers.quantity(value, unit, lang, difference=True) for value in (mean, low, high))
        told.append((name, numbers.rupiah(cost, lang), change, numbers.interval(least, most, lang) or numbers.NONE))
    title = text(
        "dashboard.chart.curve",
        lang,
        outcome=label(outcome, lang),
        mix=shown.name(shown.mix, lang),
        reference=shown.name(found.comparison.reference, lang),
    )
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("size", "money", "change", "range"))
    alt = "; ".join(f"{row[0]}: {row[2]}" for row in told)
    across = text("dashboard.chart.cost_billion", lang)
    return Chart(title, curve(points, title, across, axis, lang), alt, heads, tuple(told))


def tornado_chart(found: Tornado, shown: Shown, lang: Lang) -> Chart:
    """What each assumption alone does to the difference, the widest first, with its grade and switching value."""
    factor, axis = scale(found.outcome, lang, difference=True)
    unit = OUTCOMES[found.outcome].unit
    drawn = [(bar.name.replace("_", " "), bar.at_low * factor, bar.at_high * factor) for bar in found.bars[:_MOST_BARS]]
    told = []
    for bar in found.bars:
        ends = [numbers.quantity(value, unit, lang, difference=True) for value in (bar.at_low, bar.at_high)]
        switch = (
            text("dashboard.chart.no_switch", lang)
            if isnan(bar.switches_at)
            else numbers.shortest(bar.switches_at, lang, 4)
        )
        told.append(
            (
                bar.name.replace("_", " "),
                bar.confidence,
                bar.unit,
                *(numbers.shortest(value, lang, 4) for value in (bar.low, bar.base, bar.high)),
                *ends,
                switch,
            )
        )
    names = {"policy": shown.name(found.policy, lang), "against": shown.name(found.against, lang)}
    title = text("dashboard.chart.tornado", lang, outcome=label(found.outcome, lang), **names)
    heads = tuple(
        text(f"dashboard.heads.{head}", lang)
        for head in ("assumption", "grade", "unit", "low", "base", "high", "at_low", "at_high", "switches")
    )
    count = numbers.number(len(found.switching), 0, lang)
    alt = text("dashboard.chart.tornado_alt", lang, widest=told[0][0] if told else numbers.NONE, count=count, **names)
    return Chart(title, tornado(drawn, found.base * factor, title, axis, lang), alt, heads, tuple(told))


_REACH: Final = ("inclusion_error", "exclusion_error", "served_of_poor", "served_of_others")
_ACROSS: Final = 8
_CELLS: Final = 48
_FAR: Final = 0.6
_MOST_BARS: Final = 12
_HUNDRED: Final = 100.0
_HALF: Final = 0.5


def money_table(shown: Shown, lang: Lang) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Cost and effect of each policy against the reference: heads and rows."""
    rows = []
    for name in shown.ordered[:-1]:
        one = shown.comparison.differences.where(policy=name)
        cells = [shown.name(name, lang)]
        for outcome in (COST, EXITS, "poverty_headcount", "poverty_gap"):
            unit = OUTCOMES[outcome].unit
            mean, low, high = (
                numbers.quantity(one.one(part, outcome=outcome), unit, lang, difference=True)
                for part in ("mean", "low", "high")
            )
            ends = numbers.interval(low, high, lang)
            cells.append(f"{mean} ({ends})" if ends else mean)
        rows.append(tuple(cells))
    heads = (
        text("dashboard.heads.policy", lang),
        *(label(outcome, lang) for outcome in (COST, EXITS, "poverty_headcount", "poverty_gap")),
    )
    return heads, rows


def tidy(shown: Shown, lang: Lang) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """All outcomes of all policies: policy, outcome, level and interval, difference and interval."""
    rows = []
    comparison = shown.comparison
    for name in shown.ordered:
        levels = comparison.outcomes.where(policy=name)
        changes = comparison.differences.where(policy=name)
        for outcome, unit in zip(levels["outcome"].tolist(), levels["unit"].tolist(), strict=True):
            mean, low, high = (numbers.quantity(levels.one(part, outcome=outcome), unit, lang) for part in _PARTS)
            cells = [
                shown.name(name, lang),
                label(outcome, lang),
                mean,
                numbers.interval(low, high, lang) or numbers.NONE,
            ]
            if name == comparison.reference:
                cells += [numbers.NONE, numbers.NONE]
            else:
                change, least, most = (
                    numbers.quantity(changes.one(part, outcome=outcome), unit, lang, difference=True) for part in _PARTS
                )
                cells += [change, numbers.interval(least, most, lang) or numbers.NONE]
            rows.append(tuple(cells))
    heads = tuple(
        text(f"dashboard.heads.{head}", lang) for head in ("policy", "outcome", "level", "range", "change", "range")
    )
    return heads, rows


_PARTS: Final = ("mean", "low", "high")


def csv_of(shown: Shown, *, semicolon: bool) -> bytes:
    """The tidy table as CSV (UTF-8 with BOM): policy, outcome, unit, mean, low, high, futures; names as in files.

    With `semicolon` columns are set apart by semicolons and decimals are commas, as an Indonesian Excel expects.
    """
    comparison = shown.comparison
    sign = ";" if semicolon else ","
    lines: list[Sequence[str]] = [("kind", "policy", "name", "outcome", "unit", "mean", "low", "high", "futures")]
    for kind in ("outcomes", "differences"):
        table = comparison.table(kind)
        for policy, outcome, unit, *values in zip(
            *(table[column].tolist() for column in ("policy", "outcome", "unit", *_PARTS)), strict=True
        ):
            cells = ["" if isnan(value) else repr(float(value)) for value in values]
            if semicolon:
                cells = [cell.replace(".", ",") for cell in cells]
            name = shown.name(policy, "en")
            lines.append((kind, policy, name, outcome, unit, *cells, str(comparison.replicates)))
    made = "\r\n".join(sign.join(_cell(cell, sign) for cell in line) for line in lines)
    return b"\xef\xbb\xbf" + made.encode() + b"\r\n"


def _cell(value: str, sign: str) -> str:
    """A cell of a CSV file; what a spreadsheet would take for a formula is kept a text."""
    formula = value[:1] in ("=", "+", "@", "\t") or (value[:1] == "-" and not value[1:2].isdigit())
    said = "'" + value if formula else value
    return '"' + said.replace('"', '""') + '"' if any(one in said for one in (sign, '"', "\n", "\r")) else said
