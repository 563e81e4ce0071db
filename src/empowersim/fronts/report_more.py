"""Sections of a report behind the answer: more money, who and where, what would change it, assumptions, evidence."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Final

from empowersim.fronts import numbers
from empowersim.fronts.notes import note_in
from empowersim.fronts.report_data import Told, joined
from empowersim.fronts.report_html import folded, heading, listed, paragraph, table
from empowersim.fronts.views import shown
from empowersim.fronts.views_who import group_name
from empowersim.results.tables import OUTCOMES

GRADES: Final = ("A", "B", "C")
ERRORS: Final = ("inclusion_error", "exclusion_error", "served_of_poor", "served_of_others")
COST_TO_OTHERS: Final = ("displaced", "untouched_worse")
MISS: Final = 2.0
"""|z| above which a row of the evidence is missed."""


def more_money(told: Told) -> list[str]:
    """What half the budget would do and what twice as much; cost and effect where policies differ in cost."""
    curve, there = told.answer.curve, shown(told.answer)
    parts = [heading(told.say("head.budget"), 2, "budget")]
    if curve is None:
        parts.append(paragraph(told.say("none.budget"), "none"))
    else:
        rows = told.answer.table("budget_curve").where(outcome=told.answer.outcome)
        caption = told.say("table.budget", policy=told.name(curve.policy), outcome=told.outcome(told.answer.outcome))
        parts.append(told.view("curve", "curve", told.rows(rows, caption, ("policy", "outcome"))))
    parts.append(heading(told.say("head.plane"), 3))
    if "plane" in there:
        parts.append(told.view("plane", "plane", told.rows(told.answer.table("plane"), told.say("table.plane"))))
        accepted = told.rows(
            told.answer.table("acceptability").where(chosen="yes"), told.say("table.accepted"), ("chosen",)
        )
        parts.append(told.view("acceptability", "acceptability", accepted))
    else:
        parts.append(paragraph(told.say("none.plane")))
    icer = told.comparison.tables["icer"]
    for effect in dict.fromkeys(icer["effect"].tolist()):
        one = icer.where(effect=effect)
        cells = [_icer_row(told, one, row) for row in range(len(one))]
        heads = [told.say(f"column.{name}") for name in ("policy", "cost", "effect", "standing", "ratio", "interval")]
        parts.append(table(told.say("table.icer", effect=told.outcome(effect)), heads, cells, (1, 2, 4, 5)))
    return parts


def _icer_row(told: Told, rows: Any, row: int) -> list[str]:
    ratio, low, high = (numbers.rupiah(float(rows[name][row]), told.lang) for name in ("ratio", "low", "high"))
    return [
        told.name(str(rows["policy"][row])),
        numbers.rupiah(float(rows["cost"][row]), told.lang),
        numbers.number(float(rows["amount"][row]), 0, told.lang),
        told.known("standing", str(rows["status"][row])),
        ratio,
        numbers.interval(low, high, told.lang) or numbers.NONE,
    ]


def who(told: Told) -> list[str]:
    """Who gains and who loses, who is reached by mistake and who is missed, where."""
    made, there = told.comparison, shown(told.answer)
    parts = [heading(told.say("head.who"), 2, "who")]
    if told.leader is None:
        return [*parts, paragraph(told.say("alone"))]
    band = numbers.percent(made.unchanged_band, 0, told.lang)
    parts.append(paragraph(told.say("intro.who", reference=told.reference, band=band)))
    groups = made.tables["groups"].where(policy=told.leader)
    if "deciles" in there:
        caption = told.say("table.deciles", policy=told.name(told.leader))
        parts.append(told.view("deciles", "deciles", _group_table(told, groups.where(dimension="decile"), caption)))
    if "groups" in there:
        caption = told.say("table.groups", policy=told.name(told.leader))
        parts.append(told.view("groups", "groups", _group_table(told, groups, caption)))
    parts += [heading(told.say("head.reach"), 3), paragraph(told.say("intro.reach"))]
    parts.append(told.view("errors", "errors", _reach_table(told)) if "errors" in there else _reach_table(told))
    if "villages" in there:
        rows = made.tables["villages"].where(policy=told.leader)
        caption = told.say("table.villages", policy=told.name(told.leader))
        parts += [heading(told.say("head.places"), 3), paragraph(told.say("intro.places"))]
        parts.append(told.view("villages", "villages", told.rows(rows, caption, ("policy",))))
    return [*parts, _stages(told)]


def _group_table(told: Told, rows: Any, caption: str) -> str:
    """A row a group, the figures beside it with their unit."""
    figures = list(dict.fromkeys(rows["figure"].tolist()))
    cells = []
    for dimension, group in dict.fromkeys(zip(rows["dimension"].tolist(), rows["group"].tolist(), strict=True)):
        part = rows.where(dimension=dimension, group=group)
        said = []
        for figure in figures:
            one = part.where(figure=figure)
            said.append(told.written(float(one["mean"][0]), str(one["unit"][0])) if len(one) else numbers.NONE)
        cells.append([group_name(dimension, group, told.lang), *said])
    heads = [told.say("column.group"), *(told.known("reach", figure) for figure in figures)]
    return table(caption, heads, cells, range(1, len(heads)))


def _reach_table(told: Told) -> str:
    """Inclusion and exclusion errors, displaced households, those nobody serves who end worse off."""
    made = told.comparison
    rows = []
    for policy in made.policies:
        cells = [joined(told.estimate("access", policy=policy, item="all", figure="served"))]
        cells += [joined(told.estimate("reach", policy=policy, figure=name)) for name in ERRORS]
        cells += [told.mean("access", policy=policy, item="all", figure=name) for name in COST_TO_OTHERS]
        rows.append([told.name(policy), *cells])
    heads = [told.say("column.policy"), *(told.known("reach", name) for name in ("served", *ERRORS, *COST_TO_OTHERS))]
    colours = [told.colour(name) for name in made.policies]
    return table(told.say("table.reach"), heads, rows, range(1, len(heads)), colours)


def _stages(told: Told) -> str:
    made = told.comparison
    stages = list(dict.fromkeys(made.tables["stages"]["stage"].tolist()))
    rows = []
    for policy in made.policies:
        rows.append([told.name(policy), *(told.mean("stages", policy=policy, stage=stage) for stage in stages)])
    heads = [told.say("column.policy"), *(told.known("stage", stage) for stage in stages)]
    return folded(told.say("data.stages"), table(told.say("table.stages"), heads, rows, range(1, len(heads))))


def what_would_change(told: Told) -> list[str]:
    """The tornado of the difference between two policies, and where an assumption turns its sign."""
    storm = told.answer.tornado
    parts = [heading(told.say("head.change"), 2, "change")]
    if storm is None:
        return [*parts, paragraph(told.say("none.tornado"), "none")]
    unit = OUTCOMES[storm.outcome].unit
    names = {
        "policy": told.name(storm.policy),
        "against": told.name(storm.against),
        "outcome": told.outcome(storm.outcome),
    }
    rows = []
    for bar in storm.bars:
        ends = [told.written(value, unit, difference=True) for value in (bar.at_low, bar.at_high)]
        switch = numbers.shortest(bar.switches_at, told.lang, 4)
        values = [numbers.shortest(value, told.lang, 4) for value in (bar.low, bar.base, bar.high)]
        last = told.say("no_switch") if math.isnan(bar.switches_at) else switch
        rows.append([bar.name, bar.unit, bar.confidence, *values, *ends, last])
    columns = ("assumption", "unit", "grade", "low", "base", "high", "at_low", "at_high", "switches")
    heads = [told.say(f"column.{name}") for name in columns]
    futures = numbers.number(storm.futures, 0, told.lang)
    parts.append(paragraph(told.say("intro.tornado", futures=futures, **names)))
    parts.append(told.view("tornado", "tornado", table(told.say("table.tornado", **names), heads, rows, range(3, 9))))
    if not storm.switching:
        return [*parts, paragraph(told.say("switches_none"))]
    sentences = [
        told.say(
            "switches",
            name=bar.name.replace("_", " "),
            value=numbers.shortest(bar.switches_at, told.lang, 4),
            base=numbers.shortest(bar.base, told.lang, 4),
            grade=bar.confidence,
        )
        for bar in storm.switching
    ]
    return [*parts, heading(told.say("head.switching"), 3), listed(sentences)]


def assumed(told: Told) -> list[str]:
    """Every figure in use with its source and grade, and what was imputed."""
    parts = [heading(told.say("head.assumptions"), 2, "assumptions")]
    parts.append(listed(told.say(f"grade.{grade}") for grade in GRADES))
    scenario = told.answer.scenario
    if scenario is None:
        count, known = told.comparison.assumed
        said = {"count": numbers.number(count, 0, told.lang), "known": numbers.number(known, 0, told.lang)}
        parts.append(paragraph(told.say("none.assumptions", **said), "none"))
    else:
        from empowersim.fronts.api import sources

        figures = sources(scenario)
        counted = Counter(str(figure["confidence"]) for figure in figures)
        words = numbers.listed([f"{counted[grade]} {grade}" for grade in GRADES], told.lang)
        parts.append(
            paragraph(told.say("intro.assumptions", count=numbers.number(len(figures), 0, told.lang), grades=words))
        )
        parts.append(told.view("grades", "grades", _grade_table(told, figures)))
        heads = [told.say(f"column.{name}") for name in ("figure", "value", "unit", "meaning", "source")]
        for grade in reversed(GRADES):
            rows = [
                [figure["name"], figure["value"], figure["unit"], figure["meaning"], figure["source"]]
                for figure in figures
                if figure["confidence"] == grade
            ]
            if rows:
                caption = told.say("table.assumptions", grade=grade, count=numbers.number(len(rows), 0, told.lang))
                parts.append(folded(caption, table(caption, heads, rows, words="en" if told.lang != "en" else "")))
    if told.comparison.notes:
        notes = [note_in(note, told.lang) for note in told.comparison.notes]
        parts += [heading(told.say("head.notes"), 3), listed(notes)]
    return parts


def _grade_table(told: Told, figures: list[dict[str, Any]]) -> str:
    """How many figures of each group have each grade."""
    counted = Counter((str(one["group"]), str(one["confidence"])) for one in figures)
    groups = dict.fromkeys(str(one["group"]) for one in figures)
    rows = [[told.known("figures", group), *(str(counted[group, grade]) for grade in GRADES)] for group in groups]
    return table(told.say("table.grades"), [told.say("column.group"), *GRADES], rows, (1, 2, 3))


def evidence(told: Told) -> list[str]:
    """How well the shipped calibration meets published studies, what it misses, what the evidence leaves open."""
    from empowersim.calibration.store import load_fit
    from empowersim.evidence.base import targets
    from empowersim.fronts.evidence_page import SHIPPED_FIT

    fit = load_fit(SHIPPED_FIT)
    known = targets()
    rows = [(name, row) for name, row in fit.rows.items() if row["fitted"]]
    met = [name for name, row in rows if abs(row["z"]) <= MISS]
    parts = [heading(told.say("head.evidence"), 2, "evidence"), paragraph(told.say("intro.evidence"))]
    lines = [told.say("evidence_line.met", met=str(len(met)), rows=str(len(rows)), digest=fit.digest)]
    if fit.leave_one_out is not None:
        total = fit.leave_one_out["total"]
        share = numbers.percent(float(total["left_out_within_2"]), 0, told.lang)
        lines.append(told.say("evidence_line.left_out", share=share, rows=str(total["rows"])))
    status = Counter(str(entry["status"]) for entry in fit.parameters.values() if "status" in entry)
    if status:
        parts_of = {name.replace(" ", "_"): str(status[name]) for name in ("identified", "weakly", "not identified")}
        lines.append(told.say("evidence_line.identified", count=str(sum(status.values())), **parts_of))
    lines += [told.say("evidence_line.own"), told.say("evidence_line.more")]
    parts.append(listed(lines))
    missed = [
        [
            name,
            known[name].study,
            known[name].outcome,
            numbers.shortest(row["value"], told.lang, 3),
            numbers.signed(row["z"], 2, told.lang),
        ]
        for name, row in sorted(rows, key=lambda pair: -abs(pair[1]["z"]))
        if abs(row["z"]) > MISS
    ]
    if missed:
        heads = [told.say(f"column.{name}") for name in ("row", "study", "outcome", "simulated", "z")]
        parts.append(table(told.say("table.missed"), heads, missed, (3, 4), words="en" if told.lang != "en" else ""))
    return parts
