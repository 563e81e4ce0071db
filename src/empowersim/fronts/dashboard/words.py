"""Sentences, cards and meters of the screen, from the tables of a comparison. HTML comes out of `html.escape` alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from empowersim.experiments.live_file import Need
from empowersim.fronts import numbers
from empowersim.fronts.dashboard.checks import Ceiling
from empowersim.fronts.dashboard.shown import Shown
from empowersim.fronts.labels import Lang, label, text
from empowersim.results.tables import COST, COST_PER_EXIT, EXITS

_POVERTY: Final = "poverty_headcount"
_FULL: Final = 100.0


@dataclass(frozen=True)
class Card:
    """A figure with what it is and what is known of it."""

    what: str
    figure: str
    below: str


def verdict(shown: Shown, lang: Lang) -> str:
    """Is the mix worth it? One sentence, or two; honest where nothing can be told apart."""
    comparison = shown.comparison
    one = comparison.differences.where(policy=shown.mix, outcome=EXITS)
    mean, low, high = (float(one[part][0]) for part in ("mean", "low", "high"))
    apart = low > 0.0 or high < 0.0
    kind = "unclear" if not apart else "clear" if mean > 0.0 else "harm"
    cost = comparison.outcomes.one("mean", policy=shown.mix, outcome=COST)
    values = {
        "mix": shown.name(shown.mix, lang),
        "reference": shown.name(comparison.reference, lang),
        "ends": numbers.interval(numbers.number(low, 0, lang), numbers.number(high, 0, lang), lang) or numbers.NONE,
        "cost": numbers.rupiah(cost, lang),
        "months": numbers.months(comparison.months, lang),
    }
    if kind == "clear":
        said = text("dashboard.verdict.clear", lang, exits=numbers.number(mean, 0, lang), **values)
    elif kind == "harm":
        said = text("dashboard.verdict.harm", lang, exits=numbers.number(-mean, 0, lang), **values)
    else:
        said = text("dashboard.verdict.unclear", lang, **values)
    if len(comparison.others) > 1:
        best = comparison.outcomes.one("probability_best", policy=shown.mix, outcome=EXITS)
        count = numbers.number(len(comparison.policies), 0, lang)
        said += " " + text("dashboard.verdict.best", lang, count=count, share=numbers.in_hundred(best, lang))
    return said


def caution(shown: Shown, lang: Lang) -> str:
    """What kind of number all this is."""
    comparison = shown.comparison
    return text(
        "dashboard.verdict.forecast",
        lang,
        futures=numbers.counted("terminal.futures", comparison.replicates, lang),
        households=numbers.number(comparison.households, 0, lang),
    )


def cards(shown: Shown, lang: Lang) -> tuple[Card, ...]:
    """Four figures of the mix: poverty rate, households lifted, cost, cost per household lifted."""
    comparison = shown.comparison
    outcomes = comparison.outcomes.where(policy=shown.mix)
    changes = comparison.differences.where(policy=shown.mix)
    reference = shown.name(comparison.reference, lang)
    poverty = numbers.points(changes.one("mean", outcome=_POVERTY), 2, lang)
    exits = [changes.one(part, outcome=EXITS) for part in ("mean", "low", "high")]
    costs = [outcomes.one(part, outcome=COST) for part in ("mean", "low", "high")]
    price = [outcomes.one(part, outcome=COST_PER_EXIT) for part in ("mean", "low", "high")]

    def ends(low: str, high: str) -> str:
        told = numbers.NONE in (low, high)
        return "" if told else text("dashboard.card.range", lang, low=low, high=high)

    return (
        Card(
            label(_POVERTY, lang),
            numbers.percent(outcomes.one("mean", outcome=_POVERTY), 1, lang),
            text("dashboard.card.change", lang, change=poverty, reference=reference),
        ),
        Card(
            text("dashboard.card.exits", lang),
            numbers.signed(exits[0], 0, lang),
            ends(numbers.signed(exits[1], 0, lang), numbers.signed(exits[2], 0, lang)),
        ),
        Card(
            text("dashboard.card.cost", lang, months=numbers.months(comparison.months, lang)),
            numbers.rupiah(costs[0], lang),
            ends(numbers.rupiah(costs[1], lang), numbers.rupiah(costs[2], lang)),
        ),
        Card(
            text("dashboard.card.per_exit", lang),
            numbers.rupiah(price[0], lang),
            ends(numbers.rupiah(price[1], lang), numbers.rupiah(price[2], lang))
            or text("dashboard.card.no_price", lang),
        ),
    )


def meters(need: Need, ceiling: Ceiling, lang: Lang) -> str:
    """Two meters as HTML: money a year and mentor posts, used of their ceilings, in words too."""
    left = ceiling.money - need.money
    posts_left = ceiling.posts - need.posts
    money = text(
        "dashboard.meter.money",
        lang,
        used=numbers.rupiah(need.money, lang),
        ceiling=numbers.rupiah(ceiling.money, lang),
    )
    posts = text(
        "dashboard.meter.posts",
        lang,
        used=numbers.number(need.posts, 0, lang),
        ceiling=numbers.number(ceiling.posts, 0, lang),
    )
    told_money = (
        text("dashboard.meter.left", lang, left=numbers.rupiah(left, lang))
        if ceiling.money_kept(need)
        else text("dashboard.meter.over", lang, over=numbers.rupiah(-left, lang))
    )
    told_posts = (
        text("dashboard.meter.posts_left", lang, left=numbers.number(posts_left, 0, lang))
        if ceiling.posts_kept(need)
        else text("dashboard.meter.posts_over", lang, over=numbers.number(-posts_left, 0, lang))
    )
    return _meter(money, told_money, need.money, ceiling.money) + _meter(posts, told_posts, need.posts, ceiling.posts)


def _meter(what: str, told: str, used: float, ceiling: float) -> str:
    share = _FULL * used / ceiling if ceiling > 0 else (_FULL if used > 0 else 0.0)
    state = "over" if share > _FULL + 1e-6 else "kept"
    width = min(share, _FULL)
    return (
        f'<div class="meter {state}"><p>{escape(what)} <span>({escape(told)})</span></p>'
        f'<div role="meter" aria-label="{escape(what, quote=True)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{width:.0f}" aria-valuetext="{escape(told, quote=True)}">'
        f'<div style="width:{width:.1f}%"></div></div></div>'
    )


def over(need: Need, ceiling: Ceiling, lang: Lang) -> list[str]:
    """Ceilings that a mix breaks, each in a sentence."""
    found = []
    if not ceiling.money_kept(need):
        found.append(
            text(
                "dashboard.over.money",
                lang,
                asked=numbers.rupiah(need.money, lang),
                over=numbers.rupiah(need.money - ceiling.money, lang),
                ceiling=numbers.rupiah(ceiling.money, lang),
            )
        )
    if not ceiling.posts_kept(need):
        found.append(
            text(
                "dashboard.over.posts",
                lang,
                asked=numbers.number(need.posts, 0, lang),
                over=numbers.number(need.posts - ceiling.posts, 0, lang),
                ceiling=numbers.number(ceiling.posts, 0, lang),
            )
        )
    return found


def cards_html(items: Iterable[Card]) -> str:
    """Cards as a list."""
    return (
        '<ul class="cards">'
        + "".join(
            f"<li>{escape(one.what)}<strong>{escape(one.figure)}</strong>{escape(one.below)}</li>" for one in items
        )
        + "</ul>"
    )


def paragraph(words: str, kind: str = "", role: str = "") -> str:
    """A paragraph; `kind` its class, `role` as in ARIA: a status is read out when it changes."""
    live = ' aria-live="polite"' if role == "status" else ""
    tell = f' role="{role}"{live}' if role else ""
    return f'<p class="{kind}"{tell}>{escape(words)}</p>'


def table_html(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names its rows; it scrolls sideways where it is too wide."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        "<tr>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def alert(sentences: Sequence[str]) -> str:
    """A warning that is read out at once: a sign and words, never a colour alone."""
    first, *rest = [escape(one) for one in sentences]
    return (
        f'<div class="alert" role="alert"><b aria-hidden="true">⚠</b>{first}'
        + "".join(f"<br>{one}" for one in rest)
        + "</div>"
    )
