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
from empowersim.results.tables import COST, EXITS, OUTCOMES

_BILLION: Final = 1e9
_WINNERS: Final = ("better", "unchanged", "worse")


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


def who_chart(shown: Shown, dimension: str, lang: Lang) -> Chart:
    """Who ends better and worse off under the mix than under the reference, group by group."""
    rows: list[dict[str, Any]] = []
    told: list[tuple[str, ...]] = []
    table = shown.comparison.winners.where(policy=shown.mix, dimension=dimension)
    for group, figure, mean in zip(*(table[column].tolist() for column in ("group", "figure", "mean")), strict=True):
        if figure not in _WINNERS or isnan(mean):
            continue
        called = group_name(dimension, group, lang)
        part = text(f"dashboard.who.{figure}", lang)
        said = numbers.percent(mean, 1, lang)
        rows.append({"group": called, "part": part, "value": mean, "said": said})
        told.append((called, part, said))
    order = [text(f"dashboard.who.{figure}", lang) for figure in _WINNERS]
    rows.sort(key=lambda row: order.index(row["part"]))
    title = text(
        "dashboard.chart.who",
        lang,
        mix=shown.name(shown.mix, lang),
        reference=shown.name(shown.comparison.reference, lang),
        by=text(f"dashboard.by.{dimension}", lang),
    )
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("group", "part", "share"))
    alt = "; ".join(f"{row[0]}: {row[1]} {row[2]}" for row in told)
    return bars(
        title, rows, lang, axis=text("dashboard.chart.share_people", lang), heads=heads, told=told, alt=alt, share=True
    )


def group_name(dimension: str, group: str, lang: Lang) -> str:
    """What people call a group of households."""
    if dimension == "quintile":
        return text("dashboard.who.quintile", lang, n=group)
    if dimension == "all":
        return text("dashboard.who.all", lang)
    return text(f"dashboard.who.{group}", lang)


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
    """Subdistricts of the first future as a grid, the poorest first; None where there is none."""
    table = shown.comparison.places.where(policy=shown.mix)
    if not len(table):
        return None
    values = table[figure].tolist()
    poor = table["poor_at_start"].tolist()
    order = sorted(range(len(table)), key=lambda row: (-poor[row], int(table["subdistrict"][row])))
    low, high = min(values), max(values)
    rows, told = [], []
    for place, row in enumerate(order):
        called = text("dashboard.places.one", lang, n=int(table["subdistrict"][row]) + 1)
        # consumption is counted in months of the poverty-line budget
        said = (
            numbers.signed(_HUNDRED * values[row], 1, lang)
            if figure == "change"
            else numbers.percent(values[row], 0, lang)
        )
        cells = (
            called,
            group_name("region", str(table["region"][row]), lang),
            numbers.number(float(table["households"][row]), 0, lang),
            numbers.percent(poor[row], 1, lang),
            numbers.percent(float(table["served"][row]), 1, lang),
            numbers.signed(_HUNDRED * float(table["change"][row]), 2, lang),
        )
        told.append(cells)
        dark = (values[row] - low) < _HALF * ((high - low) or 1.0)
        rows.append(
            {
                "row": place // _ACROSS,
                "column": place % _ACROSS,
                "value": values[row] * _HUNDRED,
                "said": said,
                "tip": f"{called}: {said}",
                "dark": dark,
            }
        )
    what = text(f"dashboard.places.{figure}", lang)
    title = text("dashboard.places.title", lang, what=what, mix=shown.name(shown.mix, lang))
    heads = tuple(
        text(f"dashboard.places.head.{head}", lang)
        for head in ("place", "region", "households", "poor", "served", "change")
    )
    ends = [
        numbers.percent(end, 0, lang) if figure != "change" else numbers.signed(_HUNDRED * end, 1, lang)
        for end in (low, high)
    ]
    alt = text(
        "dashboard.places.alt", lang, what=what, low=ends[0], high=ends[1], count=numbers.number(len(rows), 0, lang)
    )
    return Chart(title, grid(rows, title, what, lang), alt, heads, tuple(told))


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
