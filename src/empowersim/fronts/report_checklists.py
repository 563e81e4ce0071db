"""Two checklists with where the report says each item: CHEERS 2022 for economic evaluations, ODD+D for the model.

CHEERS 2022: Husereau and others 2022, Value in Health 25(1):3-9. ODD+D: Mueller and others 2013, Environmental
Modelling and Software 48:37-48. Items are named in our words; what the report does not do is said to be not done.
"""

from __future__ import annotations

from typing import Final

from empowersim.fronts.report_data import Told
from empowersim.fronts.report_html import escaped, heading, link, paragraph, table

CHEERS: Final = (
    ("title", "top"),
    ("abstract", "summary"),
    ("background", "question"),
    ("plan", ""),
    ("population", "question"),
    ("setting", "question"),
    ("comparators", "mix"),
    ("perspective", "question"),
    ("horizon", "question"),
    ("discount", "question"),
    ("outcomes", "question"),
    ("measurement", "over-time"),
    ("valuation", ""),
    ("resources", "money"),
    ("currency", "question"),
    ("model", "odd"),
    ("analytics", "assumptions"),
    ("heterogeneity", "who"),
    ("distribution", "who"),
    ("uncertainty", "compared"),
    ("engagement", ""),
    ("parameters", "assumptions"),
    ("results", "compared"),
    ("effect_uncertainty", "change"),
    ("effect_engagement", ""),
    ("findings", "summary"),
    ("funding", ""),
    ("interests", ""),
)
"""Items in the order of the list, and the section of the report that says each; empty = not done."""

ODD: Final = (
    ("purpose", "question"),
    ("entities", ""),
    ("schedule", ""),
    ("background", "evidence"),
    ("decisions", ""),
    ("learning", ""),
    ("sensing", ""),
    ("prediction", ""),
    ("interaction", ""),
    ("collectives", ""),
    ("heterogeneity", "who"),
    ("stochasticity", "reproduce"),
    ("observation", "over-time"),
    ("implementation", "reproduce"),
    ("initialisation", "assumptions"),
    ("input", "assumptions"),
    ("submodels", ""),
)
"""Elements in order, and the section of the report that says more; all have an answer of their own."""

_SECTIONS: Final = {"over-time": "over_time", "top": "top"}


def checklists(told: Told) -> list[str]:
    """Both checklists as tables."""
    return [
        heading(told.say("head.cheers"), 2, "cheers"),
        paragraph(told.say("intro.cheers")),
        _checklist(told, "cheers", CHEERS),
        heading(told.say("head.odd"), 2, "odd"),
        paragraph(told.say("intro.odd")),
        _checklist(told, "odd", ODD),
    ]


def _checklist(told: Told, kind: str, items: tuple[tuple[str, str], ...]) -> str:
    rows = []
    for number, (item, section) in enumerate(items, start=1):
        head = told.say(f"{kind}_item.{item}")
        answer = escaped(_answer(told, kind, item))
        place = link(f"#{section}", told.say(f"head.{_SECTIONS.get(section, section)}")) if section else "–"
        rows.append((f"{number}. {head}", answer, place))
    heads = [told.say(f"column.{name}") for name in ("item", "answer", "section")]
    return table(told.say(f"table.{kind}"), heads, rows, markup=(1, 2))


def _answer(told: Told, kind: str, item: str) -> str:
    """What the report says of an item; what hangs on the material says how it is in this report."""
    answer = told.answer
    if kind == "cheers" and item == "effect_uncertainty":
        return told.say("cheers_said.effect_uncertainty" if answer.tornado is not None else "none.tornado")
    if kind == "cheers" and item == "parameters":
        return told.say("cheers_said.parameters" if told.answer.scenario is not None else "cheers_said.no_parameters")
    if kind == "cheers" and item == "uncertainty" and told.comparison.replicates < 2:
        return told.say("cheers_said.one_future")
    return told.say(f"{kind}_said.{item}")
