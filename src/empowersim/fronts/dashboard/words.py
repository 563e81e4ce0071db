"""Sentences, cards and meters of the screen, from the tables of a comparison. HTML comes out of `html.escape` alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from empowersim.experiments.live_file import Need
from empowersim.fronts import numbers, views_text
from empowersim.fronts.dashboard.checks import Ceiling
from empowersim.fronts.dashboard.shown import Shown
from empowersim.fronts.labels import Lang, text
from empowersim.results.tables import COST, EXITS

_FULL: Final = 100.0
_SIGNS: Final = frozenset("\\`*_[]<>:$~#|!")
"""Signs without which Markdown makes no picture, link, mathematics, colour or emphasis."""


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


def ranked(shown: Shown, lang: Lang) -> str:
    """Which policy is best by the poverty gap, and how sure that is: the first sentence of the report, too."""
    return views_text.verdict(shown.answer, lang)[0]


def cards(shown: Shown, lang: Lang) -> list[tuple[str, str, str]]:
    """Cards of the mix, as the report has them: what it is, the figure, its interval."""
    return views_text.cards(shown.answer, shown.mix, lang)


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


def cards_html(items: Iterable[tuple[str, str, str]]) -> str:
    """Cards as a list."""
    return (
        '<ul class="cards">'
        + "".join(
            f"<li>{escape(what)}<strong>{escape(figure)}</strong>{escape(below)}</li>" for what, figure, below in items
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


def plain(words: str) -> str:
    """Words for the label of a widget, where Markdown would be read: no picture, no link, no mathematics."""
    return "".join(f"\\{one}" if one in _SIGNS else one for one in words)


def alert(sentences: Sequence[str]) -> str:
    """A warning that is read out at once: a sign and words, never a colour alone."""
    first, *rest = [escape(one) for one in sentences]
    return (
        f'<div class="alert" role="alert"><b aria-hidden="true">⚠</b>{first}'
        + "".join(f"<br>{one}" for one in rest)
        + "</div>"
    )
