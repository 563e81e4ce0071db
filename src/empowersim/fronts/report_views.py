"""Sections of a report on the answer itself: verdict, question, mix, time, difference, money and staff."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from empowersim.fronts import numbers
from empowersim.fronts.report_data import Told, joined
from empowersim.fronts.report_html import cards as as_cards
from empowersim.fronts.report_html import folded, heading, listed, paragraph, table
from empowersim.fronts.terminal import people_in_words
from empowersim.fronts.views import shown
from empowersim.fronts.views_effect import POVERTY, banded
from empowersim.fronts.views_text import cards, verdict
from empowersim.results.tables import COST, COST_PER_EXIT, COST_PER_YEAR, EXITS, LEVELS, OUTCOMES, YEARS_AVERTED

HEADLINE: Final = "poverty_headcount"
COMPARED: Final = ("poverty_headcount", "poverty_gap", "mean_consumption", "empowerment_index")
QUANTILES: Final = ("q05", "q25", "q50", "q75", "q95")
STAFF: Final = (
    "posts",
    "vacancy",
    "clients_per_mentor",
    "months_between_visits",
    "hours_available",
    "share_visits",
    "share_sessions",
    "share_travel",
    "share_administration",
    "share_training",
    "share_unused",
    "departures",
    "cost_per_client",
)


def summary(told: Told) -> list[str]:
    """What it comes to: sentences, cards of the best policy, in how many futures it is best, what to keep in mind."""
    first, *rest = verdict(told.answer, told.lang)
    parts = [heading(told.say("head.summary"), 2, "summary"), paragraph(first, "verdict")]
    parts += [paragraph(words) for words in rest]
    if told.leader is not None:
        parts += [paragraph(told.say("cards", policy=told.name(told.leader))), _cards(told, told.leader)]
        parts.append(told.view("best_in", "best", told.rows(told.answer.table("best"), told.say("table.best"))))
    parts.append(listed(told.say(f"caveat.{name}") for name in ("model", "assumed", "futures")))
    return parts


def _cards(told: Told, policy: str) -> str:
    change, ends = told.estimate("differences", policy=policy, outcome=HEADLINE)
    below = told.say("card.change", change=joined((change, ends)), reference=told.reference)
    made = [(told.outcome(HEADLINE), told.mean("outcomes", policy=policy, outcome=HEADLINE), below)]
    for what, figure, ends in cards(told.answer, policy, told.lang):
        made.append((what, figure, told.say("card.range", ends=ends) if ends else ""))
    return as_cards(made)


def question(told: Told) -> list[str]:
    """Who, where, against what, how long, in whose money."""
    made, lang = told.comparison, told.lang
    rows = [
        ("people", people_in_words(made.households, made.represents, lang)),
        ("reference", told.reference),
        ("policies", "; ".join(told.name(policy) for policy in made.others) or numbers.NONE),
        ("horizon", numbers.months(made.months, lang)),
        ("burn_in", numbers.months(made.burn_in, lang)),
        ("perspective", told.say("perspective")),
        ("discount", told.say("a_year", share=numbers.percent(made.discount_rate, 1, lang))),
        ("prices", str(made.price_year) if made.price_year else told.say("not_told")),
        ("futures", numbers.number(made.replicates, 0, lang)),
        ("outcomes", "; ".join(told.outcome(name) for name in LEVELS)),
    ]
    scenario = told.answer.scenario
    if scenario is not None:
        rows.insert(0, ("place", _place(told)))
    heads = (told.say("column.what"), told.say("column.figure"))
    return [
        heading(told.say("head.question"), 2, "question"),
        paragraph(told.say("intro.question")),
        table(told.say("table.question"), heads, [(told.say(f"question_row.{key}"), value) for key, value in rows]),
    ]


def _place(told: Told) -> str:
    from empowersim.scenario.compile import place_with

    assert told.answer.scenario is not None
    place = place_with(told.answer.scenario.world)
    name = str(getattr(place, f"title_{told.lang}", "") or place.name)
    return name


def mix(told: Told) -> list[str]:
    """What each policy buys, and how that stands to the ceilings."""
    made = told.comparison
    parts = [heading(told.say("head.mix"), 2, "mix"), paragraph(told.say("intro.mix"))]
    if len(told.answer.table("mix")):
        parts.append(told.view("mix", "mix-chart", told.rows(told.answer.table("mix"), told.say("table.mix"))))
    parts.append(heading(told.say("head.ceilings"), 3))
    if told.answer.ceilings.money is None and told.answer.ceilings.posts is None:
        parts.append(paragraph(told.say("ceiling.none")))
    if len(told.answer.table("meters")) and made.others:
        parts.append(told.view("meters", "meters", told.rows(told.answer.table("meters"), told.say("table.meters"))))
    return parts + _programmes(told)


def _programmes(told: Told) -> list[str]:
    """Places a programme offers, and how many are filled."""
    made = told.comparison
    figures = ("places_offered", "places_filled", "filled_share", "applicants", "waiting")
    rows = []
    for policy in made.policies:
        access = made.tables["access"].where(policy=policy)
        for item in dict.fromkeys(access["item"].tolist()):
            if item != "all":
                cells = [told.mean("access", policy=policy, item=item, figure=figure) for figure in figures]
                rows.append([told.name(policy), told.item(item), *cells])
    if not rows:
        return []
    heads = [told.say("column.policy"), told.say("column.programme"), *(told.known("figure", name) for name in figures)]
    return [folded(told.say("data.programmes"), table(told.say("table.programmes"), heads, rows, range(2, len(heads))))]


def over_time(told: Told) -> list[str]:
    """When an effect shows: P0, P1 and P2 over the months."""
    parts = [heading(told.say("head.over_time"), 2, "over-time"), paragraph(told.say("intro.over_time"))]
    for measure in POVERTY:
        name = f"t-{measure.replace('_', '-')}"
        parts.append(told.view("fan", name, _monthly(told, measure), measure=measure))
    return parts


def _monthly(told: Told, measure: str) -> str:
    """Every month of every policy as the chart draws it: medians, and of two policies the spread."""
    made, parts = told.comparison, []
    rows = {name: made.tables["bands"].where(policy=name, measure=measure) for name in made.policies}
    unit = str(rows[made.reference]["unit"][0])
    medians = [
        [str(month + 1), *(told.written(float(rows[name]["q50"][month]), unit) for name in made.policies)]
        for month in range(made.months)
    ]
    heads = [told.say("column.month"), *(told.name(name) for name in made.policies)]
    caption = told.say("table.medians", outcome=told.outcome(measure))
    parts.append(table(caption, heads, medians, range(1, len(heads))))
    for name in banded(told.answer):
        spread = [
            [str(month + 1), *(told.written(float(rows[name][q][month]), unit) for q in QUANTILES)]
            for month in range(made.months)
        ]
        caption = told.say("table.quantiles", outcome=told.outcome(measure), policy=told.name(name))
        heads = [told.say("column.month"), *(told.say(f"quantile.{q}") for q in QUANTILES)]
        parts.append(table(caption, heads, spread, range(1, len(heads))))
    return "".join(parts)


def compared(told: Told) -> list[str]:
    """Which policy is better, and how sure that is: paired differences on the same futures."""
    made = told.comparison
    parts = [heading(told.say("head.compared"), 2, "compared")]
    if not made.others:
        return [*parts, paragraph(told.say("alone"))]
    parts.append(paragraph(told.say("intro.compared", reference=told.reference)))
    for outcome in COMPARED:
        name = f"d-{outcome.replace('_', '-')}"
        parts.append(told.view("difference", name, difference_table(told, [outcome]), outcome=outcome))
    parts.append(folded(told.say("data.pairs"), told.rows(told.answer.table("pairs"), told.say("table.pairs"))))
    rest = [name for name in OUTCOMES if name not in COMPARED]
    parts.append(folded(told.say("data.differences"), difference_table(told, rest)))
    return parts


def difference_table(told: Told, outcomes: Iterable[str]) -> str:
    """Differences of all policies from the reference in some outcomes."""
    rows = []
    for outcome in outcomes:
        for policy in told.comparison.others:
            level = told.mean("outcomes", policy=policy, outcome=outcome)
            change, ends = told.estimate("differences", policy=policy, outcome=outcome)
            found = told.comparison.tables["differences"].where(policy=policy, outcome=outcome)
            share = float(found["probability_better"][0]) if len(found) else math.nan
            told_share = numbers.in_hundred(share, told.lang) if math.isfinite(share) else numbers.NONE
            rows.append([told.outcome(outcome), told.name(policy), level, change, ends or numbers.NONE, told_share])
    names = ("outcome", "policy", "level", "difference", "interval", "better")
    heads = [told.say(f"column.{name}") for name in names]
    return table(told.say("table.differences", reference=told.reference), heads, rows, range(2, len(heads)))


def money(told: Told) -> list[str]:
    """Money and staff by year, and what one more unit of effect costs."""
    parts = [heading(told.say("head.money"), 2, "money"), paragraph(told.say("intro.money"))]
    parts.append(told.view("money", "money-chart", _money_table(told)))
    parts.append(_cost_table(told))
    if "staff" in shown(told.answer):
        parts.append(told.view("staff", "staff", told.rows(told.answer.table("staff"), told.say("table.hours"))))
    return parts + _staff(told)


def _money_table(told: Told) -> str:
    made = told.comparison
    years = sorted(set(made.tables["budget"]["year"].tolist()))
    heads = [told.say("column.policy"), told.say("column.part"), *(told.say("column.year_n", n=str(y)) for y in years)]
    heads += [told.say("column.whole"), told.say("column.today")]
    rows = []
    for policy in made.policies:
        budget = made.tables["budget"].where(policy=policy)
        for dimension, group in dict.fromkeys(zip(budget["dimension"].tolist(), budget["group"].tolist(), strict=True)):
            part = budget.where(dimension=dimension, group=group)
            amounts = part["mean"].tolist()
            if dimension == "all" or any(amounts):
                whole = [*amounts, sum(amounts), float(part["discounted"].sum())]
                cells = [numbers.rupiah(amount, told.lang) for amount in whole]
                rows.append([told.name(policy), told.known("item", group), *cells])
    return table(told.say("table.money"), heads, rows, range(2, len(heads)))


def _cost_table(told: Told) -> str:
    made = told.comparison
    names = (COST, YEARS_AVERTED, COST_PER_YEAR, EXITS, COST_PER_EXIT)
    rows = []
    for policy in made.policies:
        cells = [joined(told.estimate("outcomes", policy=policy, outcome=name)) for name in names]
        rows.append([told.name(policy), *cells])
    heads = [told.say("column.policy"), *(told.outcome(name) for name in names)]
    colours = [told.colour(name) for name in made.policies]
    return table(told.say("table.costs"), heads, rows, range(1, len(heads)), colours)


def _staff(told: Told) -> list[str]:
    mentors = told.comparison.tables["mentors"]
    names = [policy for policy in told.comparison.policies if len(mentors.where(policy=policy))]
    if not names:
        return [paragraph(told.say("no_mentors"))]
    rows = []
    for figure in STAFF:
        rows.append([told.known("staff", figure), *(_staff_cell(told, policy, figure) for policy in names)])
    heads = [told.say("column.figure"), *(told.name(name) for name in names)]
    return [table(told.say("table.staff"), heads, rows, range(1, len(heads)))]


def _staff_cell(told: Told, policy: str, figure: str) -> str:
    rows = told.comparison.tables["mentors"].where(policy=policy, figure=figure)
    if not len(rows):
        return numbers.NONE
    value, unit = float(rows["mean"][0]), str(rows["unit"][0])
    plain = not unit.startswith(("share", "IDR"))
    decimals = 1 if figure == "months_between_visits" else 0
    return numbers.number(value, decimals, told.lang) if plain else told.written(value, unit)
