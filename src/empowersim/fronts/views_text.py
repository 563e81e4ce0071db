"""The views in words: the verdict in a few sentences, and one sentence for each chart, from its own tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.answer_tables import USES
from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, bundled, label, text
from empowersim.fronts.views_change import GRADES
from empowersim.fronts.views_effect import POVERTY, banded
from empowersim.fronts.views_money import METERS, _chosen, item_name, meter_words, staffed
from empowersim.fronts.views_who import ERRORS, SHOWN, group_name
from empowersim.results.tables import OUTCOMES

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer
    from empowersim.experiments.statistics import Paired

LONGEST: Final = 80
"""Letters of a name in a sentence."""
MOSTLY: Final = 2 / 3
"""Share of futures from which a thing is so in most of them."""
SEEN: Final = 0.0005
"""Share of households from which those who end worse off are told: below, it would be written as 0.0 %."""
FEW_MOVED: Final = 3
"""Switching values in a sentence; the chart and the table have all."""


def name(found: Answer, policy: str, lang: Lang = "en") -> str:
    """Return what a sentence calls a policy: on one line; names of users as they are, only cut where endless."""
    words = " ".join("".join(one if one.isprintable() else " " for one in found.comparison.label(policy, lang)).split())
    said = bundled(words or policy, lang)
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "…"


def sure_words(share: float, lang: Lang = "en") -> str:
    """Say a share of futures in words: in all, in most, in about as many as not, in few; nothing if not known."""
    if not math.isfinite(share):
        return ""
    kind = "always" if share >= 1 else "mostly" if share >= MOSTLY else "open" if share > 1 - MOSTLY else "seldom"
    return text(f"answer.sure.{kind}", lang)


def changed(one: Paired, outcome: str, lang: Lang = "en") -> str:
    """Return a paired difference with its interval in the unit of the outcome, as the terminal writes them."""
    unit = OUTCOMES[outcome].unit
    middle, low, high = (numbers.quantity(end, unit, lang, difference=True) for end in (one.mean, one.low, one.high))
    ends = _ends(low, high, lang)
    return f"{middle} ({ends})" if ends else middle


def _ends(low: str, high: str, lang: Lang) -> str:
    """Return an interval after its middle, whose word "points" stands for all three."""
    return numbers.interval(numbers.without_points(low, lang), numbers.without_points(high, lang), lang)


def verdict(found: Answer, lang: Lang = "en") -> list[str]:
    """Return the verdict in sentences: which policy, how sure, what it costs, who loses; "not a forecast" last.

    The first says by the intervals what may be said: clear, shared, unclear, the same, harm, or one future only.
    """
    made, told = found.comparison, found.verdict
    if told is None:
        return [text("answer.alone", lang, best=name(found, made.reference, lang)), _caution(found, lang)]
    best, reference = name(found, told.best, lang), name(found, made.reference, lang)
    outcome = label(found.outcome, lang)
    common: dict[str, object] = {"reference": reference, "outcome": outcome}
    change = changed(told.against_reference, found.outcome, lang)
    kind = told.kind
    if kind == "same":
        return [text("answer.same", lang, **common), _caution(found, lang)]
    values: dict[str, object] = {"best": best, "change": change, **common}
    if kind in ("clear", "shared"):
        values["count"] = numbers.number(len(made.policies), 0, lang)
        values["share"] = numbers.in_hundred(told.best_share, lang)
    if kind == "shared":
        values["runner_up"] = name(found, told.runner_up, lang)
        second = found.difference(told.runner_up, made.reference)
        kind_said = "shared" if (second.low > 0 or second.high < 0) else "shared_one"
        said = [text(f"answer.{kind_said}", lang, **values)]
    else:
        said = [text(f"answer.{kind}", lang, **values)]
    said.append(_lifted(found, lang))
    if told.small and kind in ("clear", "shared"):
        said.append(text("answer.small", lang))
    if told.harmful and kind != "harm":
        names = numbers.listed([f"“{name(found, policy, lang)}”" for policy in told.harmful], lang)
        said.append(text("answer.harmful", lang, reference=reference, policies=names))
    if told.worse_off >= SEEN:
        share = numbers.percent(told.worse_off, 1, lang)
        said.append(text("answer.worse_off", lang, share=share, best=best, reference=reference))
    return [*said, _caution(found, lang)]


def _lifted(found: Answer, lang: Lang) -> str:
    told, made = found.verdict, found.comparison
    assert told is not None
    one = told.lifted
    low, high = one.low, one.high
    sign = 0 if not math.isfinite(low) or low <= 0 <= high else 1 if low > 0 else -1
    key = {1: "answer.lifted", 0: "answer.lifted_unclear", -1: "answer.lifted_fewer"}[sign]
    whole = numbers.number(one.mean, 0, lang) if sign > 0 else numbers.signed(one.mean, 0, lang)
    show = numbers.number if sign > 0 else numbers.signed
    ends = numbers.interval(show(low, 0, lang), show(high, 0, lang), lang)
    cost, months = numbers.rupiah(told.cost, lang), numbers.months(made.months, lang)
    inside = f"{whole}; {ends}" if sign <= 0 and ends else f"{whole} ({ends})" if ends else whole
    return text(key, lang, lifted=inside, cost=cost, months=months)


def _caution(found: Answer, lang: Lang) -> str:
    return text("answer.forecast", lang, futures=numbers.counted("terminal.futures", found.comparison.replicates, lang))


def cards(found: Answer, policy: str | None = None, lang: Lang = "en") -> list[tuple[str, str, str]]:
    """Return the cards of a policy (None: the best): what it is, the figure, its interval (empty without one)."""
    chosen, table = _chosen(found, policy), found.table("cards")
    made = []
    for row in range(len(table)):
        if str(table["policy"][row]) != chosen:
            continue
        card, unit = str(table["card"][row]), str(table["unit"][row])
        change = card in ("lifted", "gap")
        if card == "best":
            made.append((text("answer.card.best", lang), numbers.in_hundred(float(table["mean"][row]), lang), ""))
            continue
        middle, low, high = (
            numbers.quantity(float(table[end][row]), unit, lang, difference=change) for end in ("mean", "low", "high")
        )
        ends = _ends(low, high, lang)
        made.append((text(f"answer.card.{card}", lang), middle, ends))
    return made


# ---------------------------------------------------------------- one sentence a view


def sentence(found: Answer, view: str, lang: Lang = "en", **more: Any) -> str:
    """Return the sentence of a view by its name; `more` as the view takes it (`measure`, `policy`, ...).

    KeyError names the views there are.
    """
    if view not in SENTENCES:
        raise KeyError(f"no view {view!r}; there are {', '.join(SENTENCES)}")
    return SENTENCES[view](found, lang, **more)


def _mix(found: Answer, lang: Lang) -> str:
    table, told = found.table("mix"), []
    for policy in dict.fromkeys(table["policy"].tolist()):
        rows = table.where(policy=policy)
        parts = [
            text("views.say.mix_part", lang, item=item_name(found, item, lang), share=numbers.percent(share, 0, lang))
            for item, share in zip(rows["item"].tolist(), rows["share"].tolist(), strict=True)
        ]
        amount = numbers.rupiah(math.fsum(rows["money"].tolist()), lang)
        whole = text("views.say.mix_whole", lang, amount=amount, parts=", ".join(parts))
        told.append(text("views.say.each", lang, policy=name(found, policy, lang), told=whole))
    return text("views.say.mix", lang, told="; ".join(told) or numbers.NONE)


def _meters(found: Answer, lang: Lang) -> str:
    table, told = found.table("meters"), []
    for policy in found.comparison.others or found.comparison.policies:
        for meter in METERS:
            row = table.where(policy=policy, meter=meter)
            if not len(row) or not float(row["share"][0]) > 0.0:
                continue
            over = str(row["standing"][0]) == "over"
            words = meter_words(meter, float(row["used"][0]), float(row["ceiling"][0]), over, lang)
            both = f"{text(f'views.meter.{meter}', lang)} {words}"
            told.append(text("views.say.each", lang, policy=name(found, policy, lang), told=both))
    return text("views.say.meters", lang, told="; ".join(told)) if told else text("views.say.meters_none", lang)


def _fan(found: Answer, lang: Lang, measure: str = POVERTY[0]) -> str:
    made, told = found.comparison, []
    for policy in made.policies:
        rows = made.tables["bands"].where(policy=policy, measure=measure)
        unit = str(rows["unit"][0])
        first, last = (numbers.quantity(float(rows["q50"][at]), unit, lang) for at in (0, -1))
        values: dict[str, object] = {"policy": name(found, policy, lang), "first": first, "last": last}
        if policy in banded(found) and made.replicates > 1:
            low, high = (numbers.quantity(float(rows[end][-1]), unit, lang) for end in ("q05", "q95"))
            told.append(text("views.say.fan_band", lang, low=low, high=high, **values))
        else:
            told.append(text("views.say.fan_each", lang, **values))
    return text("views.say.fan", lang, outcome=label(measure, lang), told="; ".join(told))


def _difference(found: Answer, lang: Lang, outcome: str = "", against: str | None = None) -> str:
    made, told = found.comparison, []
    chosen, base = outcome or found.outcome, against or made.reference
    for policy in made.policies:
        if policy == base:
            continue
        one = found.difference(policy, base, chosen)
        sure = text("views.no_difference", lang)
        if one.mean != 0.0:
            sure = text("views.better_in", lang, share=numbers.in_hundred(one.probability_better, lang))
        change = changed(one, chosen, lang)
        told.append(text("views.say.difference_each", lang, policy=name(found, policy, lang), change=change, sure=sure))
    values = {"outcome": label(chosen, lang), "against": name(found, base, lang)}
    return text("views.say.difference", lang, told="; ".join(told) or numbers.NONE, **values)


def _best_in(found: Answer, lang: Lang) -> str:
    table = found.table("best")
    told = [
        text("views.say.each", lang, policy=name(found, policy, lang), told=numbers.in_hundred(share, lang))
        for policy, share in zip(table["policy"].tolist(), table["share"].tolist(), strict=True)
    ]
    return text("views.say.best_in", lang, outcome=label(found.outcome, lang), told="; ".join(told) or numbers.NONE)


def _money(found: Answer, lang: Lang, policy: str | None = None) -> str:
    chosen = _chosen(found, policy)
    rows = found.comparison.tables["budget"].where(policy=chosen, dimension="all")
    amounts, level = rows["mean"].tolist(), found.ceilings.money
    values: dict[str, object] = {
        "policy": name(found, chosen, lang),
        "told": "; ".join(numbers.rupiah(amount, lang) for amount in amounts),
    }
    if level is None:
        return text("views.say.money", lang, **values)
    values["ceiling"] = numbers.rupiah(level, lang)
    over = [
        text("views.say.year", lang, n=numbers.number(year, 0, lang))
        for year, amount in zip(rows["year"].tolist(), amounts, strict=True)
        if amount > level * (1 + 1e-9)
    ]
    if over:
        return text("views.say.money_over", lang, years=numbers.listed(over, lang), **values)
    return text("views.say.money_within", lang, **values)


def _staff(found: Answer, lang: Lang, policy: str | None = None) -> str:
    chosen = _chosen(found, policy) if policy is not None else staffed(found)
    table, said = found.table("staff").where(policy=chosen), name(found, chosen, lang)
    if not len(table):
        return text("views.say.staff_none", lang, policy=said)
    hours = {use: math.fsum(table.where(use=use)["hours"].tolist()) for use in ("available", *USES)}
    most = max(USES, key=lambda use: hours[use])
    share = math.fsum(hours[use] for use in USES) / hours["available"]
    use = text(f"views.use.{most}", lang)
    return text("views.say.staff", lang, policy=said, share=numbers.percent(share, 0, lang), use=use)


def _curve(found: Answer, lang: Lang, outcome: str = "") -> str:
    if found.curve is None:
        raise ValueError("this answer has no budget curve; make one with deepened(answer, scenario)")
    chosen = outcome or found.outcome
    rows, told = found.table("budget_curve").where(outcome=chosen), []
    for row in range(len(rows)):
        unit = str(rows["unit"][row])
        middle, low, high = (
            numbers.quantity(float(rows[end][row]), unit, lang, difference=True) for end in ("mean", "low", "high")
        )
        ends = _ends(low, high, lang)
        size = numbers.percent(float(rows["size"][row]), 0, lang)
        told.append(text("views.say.curve_each", lang, size=size, change=f"{middle} ({ends})" if ends else middle))
    policy = name(found, found.curve.policy, lang)
    return text("views.say.curve", lang, outcome=label(chosen, lang), policy=policy, told="; ".join(told))


def _plane(found: Answer, lang: Lang) -> str:
    table, told = found.table("plane"), []
    for policy in found.comparison.others:
        rows = table.where(policy=policy)
        cost, years = (math.fsum(rows[column].tolist()) / len(rows) for column in ("cost", "effect"))
        values = {"cost": numbers.rupiah(cost, lang), "years": numbers.signed(years, 0, lang)}
        told.append(text("views.say.plane_each", lang, policy=name(found, policy, lang), **values))
    return text("views.say.plane", lang, told="; ".join(told) or numbers.NONE)


def _acceptability(found: Answer, lang: Lang) -> str:
    table = found.table("acceptability").where(chosen="yes")
    told: list[str] = []
    last = ""
    for threshold, policy in zip(table["threshold"].tolist(), table["policy"].tolist(), strict=True):
        if policy != last:
            key = "views.say.acceptability_from" if told else "views.say.acceptability_first"
            more = {"amount": numbers.rupiah(threshold, lang)} if told else {}
            told.append(text(key, lang, policy=name(found, policy, lang), **more))
        last = policy
    return text("views.say.acceptability", lang, told="; ".join(told) or numbers.NONE)


def _errors(found: Answer, lang: Lang) -> str:
    table, told = found.comparison.tables["reach"], []
    for policy in found.comparison.policies:
        missed, wrong = (table.one("mean", policy=policy, figure=figure) for figure in ERRORS)
        if math.isfinite(wrong):
            values = {"missed": numbers.percent(missed, 0, lang), "wrong": numbers.percent(wrong, 0, lang)}
            told.append(text("views.say.errors_each", lang, policy=name(found, policy, lang), **values))
    return text("views.say.errors", lang, told="; ".join(told)) if told else text("views.say.errors_none", lang)


def _groups(found: Answer, lang: Lang, policy: str | None = None, by: str = "") -> str:
    chosen = _chosen(found, policy)
    table = found.comparison.tables["groups"].where(policy=chosen)
    rows = []
    for dimension in (by,) if by else SHOWN:
        part = table.where(dimension=dimension, figure="better")
        shares = list(zip(part["group"].tolist(), part["mean"].tolist(), strict=True))
        rows += [(share, group_name(dimension, group, lang)) for group, share in shares if by or len(shares) > 1]
    if not rows:
        return text("views.say.none", lang)
    (low, least), (high, most) = min(rows), max(rows)
    worse = table.one("mean", dimension="all", group="all", figure="worse")
    values = {"most": most, "least": least, "worse": numbers.percent(worse, 1, lang)}
    ends = {"high": numbers.percent(high, 1, lang), "low": numbers.percent(low, 1, lang)}
    return text("views.say.groups", lang, policy=name(found, chosen, lang), **values, **ends)


def _deciles(found: Answer, lang: Lang, policy: str | None = None) -> str:
    return _groups(found, lang, policy, "decile")


def _villages(found: Answer, lang: Lang, policy: str | None = None) -> str:
    chosen = _chosen(found, policy)
    table = found.comparison.tables["villages"].where(policy=chosen)
    if not len(table):
        return text("views.say.none", lang)
    order = sorted(range(len(table)), key=lambda row: (-float(table["poor_at_start"][row]), int(table["village"][row])))
    poor, served = (
        [numbers.percent(float(table[column][order[at]]), 0, lang) for at in (0, -1)]
        for column in ("poor_at_start", "served")
    )
    return text(
        "views.say.villages",
        lang,
        count=numbers.number(len(table), 0, lang),
        policy=name(found, chosen, lang),
        poor=poor[0],
        served=served[0],
        poor_last=poor[1],
        served_last=served[1],
    )


def _tornado(found: Answer, lang: Lang) -> str:
    storm = found.tornado
    if storm is None:
        raise ValueError("this answer has no tornado; make one with deepened(answer, scenario)")
    both = {"policy": name(found, storm.policy, lang), "against": name(found, storm.against, lang)}
    if not storm.bars or storm.bars[0].width == 0.0:
        return text("views.say.tornado_none", lang, **both)
    unit, widest = OUTCOMES[storm.outcome].unit, storm.bars[0]
    ends = sorted((widest.at_low, widest.at_high))
    base, low, high = (numbers.quantity(value, unit, lang, difference=True) for value in (storm.base, *ends))
    switching = text("views.say.no_switch", lang)
    if storm.switching:
        told = [_switch(bar, lang) for bar in storm.switching[:FEW_MOVED]]
        switching = text("views.say.switch", lang, told="; ".join(told))
    values = {"base": base, "widest": widest.name.replace("_", " "), "low": low, "high": high, "switching": switching}
    return text("views.say.tornado", lang, **both, **values)


def _switch(bar: Any, lang: Lang) -> str:
    value, base = (numbers.shortest(number, lang, 3) for number in (bar.switches_at, bar.base))
    return text("views.say.switch_each", lang, name=bar.name.replace("_", " "), value=value, base=base)


def _grades(found: Answer, lang: Lang) -> str:
    grades = Counter(found.table("assumptions")["confidence"].tolist())
    counts = {grade.lower(): numbers.number(grades[grade], 0, lang) for grade in GRADES}
    return text("views.say.grades", lang, all=numbers.number(sum(grades.values()), 0, lang), **counts)


SENTENCES: Final[dict[str, Callable[..., str]]] = {
    "mix": _mix,
    "meters": _meters,
    "fan": _fan,
    "difference": _difference,
    "best_in": _best_in,
    "money": _money,
    "staff": _staff,
    "curve": _curve,
    "plane": _plane,
    "acceptability": _acceptability,
    "errors": _errors,
    "deciles": _deciles,
    "groups": _groups,
    "villages": _villages,
    "tornado": _tornado,
    "grades": _grades,
}
"""Name of a view (`views.VIEWS`) -> what says it in a sentence."""

__all__ = ["SENTENCES", "cards", "changed", "name", "sentence", "sure_words", "verdict"]
