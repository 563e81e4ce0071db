"""Results in a notebook: small HTML tables and told stories, in English or Indonesian.

A `Comparison` or a `Story` that ends a cell shows itself in English; ``show(result, lang="id")`` shows it in
Indonesian, or with other outcomes. No script, no style sheet, nothing from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from empowersim.experiments.asked import known_name
from empowersim.experiments.story_result import Story
from empowersim.fronts.numbers import Lang, interval, months, number, quantity
from empowersim.fronts.plots import HEADLINES, name_of
from empowersim.fronts.story_words import besides, chronicle, closing, head, partings, when
from empowersim.fronts.terminal import verdict
from empowersim.results.comparison import Comparison
from empowersim.results.tables import COST, OUTCOMES

SHOWN: Final = (*HEADLINES, COST)
"""Outcomes of the table of a comparison."""

_SAID: Final[dict[str, dict[str, str]]] = {
    "policy": {"en": "policy", "id": "kebijakan"},
    "futures": {"en": "{n} futures", "id": "{n} kemungkinan"},
    "future": {"en": "1 future", "id": "1 kemungkinan"},
    "households": {"en": "{n} households", "id": "{n} rumah tangga"},
    "stand": {"en": " standing for {n}", "id": " yang mewakili {n}"},
    "levels": {
        "en": "Mean of the last twelve months; cost: of the whole time.",
        "id": "Rata-rata dua belas bulan terakhir; biaya: seluruh masa.",
    },
    "below": {
        "en": "Below it: the difference from “{reference}” in the same futures, with its 95 % interval, and in how "
        "many of 100 futures the policy is better.",
        "id": "Di bawahnya: selisih terhadap “{reference}” pada kemungkinan yang sama, dengan selang 95 %, dan dalam "
        "berapa dari 100 kemungkinan kebijakan itu lebih baik.",
    },
    "same": {"en": "no difference", "id": "tanpa selisih"},
    "better": {"en": "better in {n} of 100", "id": "lebih baik dalam {n} dari 100"},
    "to": {"en": " to ", "id": " sampai "},
}
_SMALL: Final = "font-size: 85%; color: #555555; white-space: nowrap"
_LEFT: Final = "text-align: left; vertical-align: top"
_RIGHT: Final = "text-align: right; vertical-align: top"
_NOT_JUDGED: Final = frozenset({COST})
"""Outcomes shown without a difference: a policy is not better for being cheap."""


@dataclass(frozen=True)
class Page:
    """A piece of HTML that a notebook shows; `str` gives the text itself."""

    text: str

    def _repr_html_(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text


def show(result: Comparison | Story, *, lang: Lang = "en", outcomes: Sequence[str] | None = None) -> Page:
    """Return what a notebook shows of a comparison or a story, in English (`en`) or Indonesian (`id`).

    `outcomes` picks the columns of a comparison (default: poverty rate and gap, consumption, empowerment, cost);
    KeyError for one that is not in `results.tables.OUTCOMES`. TypeError for anything but a comparison or a story.
    """
    return Page(html(result, lang=lang, outcomes=outcomes))


def html(result: Comparison | Story, *, lang: Lang = "en", outcomes: Sequence[str] | None = None) -> str:
    """Return the HTML of `show` as text. `SimulationError` for another language."""
    known_name(lang, ("en", "id"), "lang", "a language")
    if isinstance(result, Comparison):
        parts = _comparison(result, lang, SHOWN if outcomes is None else tuple(outcomes))
    elif isinstance(result, Story):
        parts = _story(result, lang)
    else:
        raise TypeError(f"expected a Comparison or a Story, found {type(result).__name__}")
    # a dollar sign in somebody's label is no formula
    return '<div class="tex2jax_ignore mathjax_ignore">\n' + "\n".join(parts) + "\n</div>"


# ---------------------------------------------------------------- a comparison


def _comparison(comparison: Comparison, lang: Lang, outcomes: tuple[str, ...]) -> list[str]:
    for outcome in outcomes:
        if outcome not in OUTCOMES:
            raise KeyError(f"no outcome {outcome!r}; there are {', '.join(OUTCOMES)}")
    heads = [_SAID["policy"][lang], *(name_of(outcome, lang) for outcome in outcomes)]
    notes = [_SAID["levels"][lang]]
    if comparison.others:
        notes.append(_SAID["below"][lang].format(reference=comparison.label(comparison.reference, lang)))
    parts = [
        f"<p><b>{escape(_title(comparison, lang))}</b></p>",
        "<table><thead><tr>",
        *(f'<th style="{_LEFT if place == 0 else _RIGHT}">{escape(text)}</th>' for place, text in enumerate(heads)),
        "</tr></thead><tbody>",
        *(_row(comparison, policy, outcomes, lang) for policy in comparison.policies),
        "</tbody></table>",
        f'<p style="{_SMALL.partition("; white")[0]}">{escape(" ".join(notes))}</p>',
    ]
    if lang == "en":
        parts.append(f"<p>{escape(' '.join(verdict(comparison)))}</p>")
    return parts


def _title(comparison: Comparison, lang: Lang) -> str:
    count = comparison.replicates
    futures = _SAID["future"][lang] if count == 1 else _SAID["futures"][lang].format(n=number(count, 0, lang))
    people = _SAID["households"][lang].format(n=number(comparison.households, 0, lang))
    if comparison.represents != comparison.households:
        people += _SAID["stand"][lang].format(n=number(comparison.represents, 0, lang))
    # the title of a file is kept in English
    name = f"{comparison.title}: " if lang == "en" else ""
    return f"{name}{futures}, {people}, {months(comparison.months, lang)}"


def _row(comparison: Comparison, policy: str, outcomes: Iterable[str], lang: Lang) -> str:
    cells = [f'<td style="{_LEFT}">{escape(comparison.label(policy, lang))}</td>']
    cells += [f'<td style="{_RIGHT}">{_cell(comparison, policy, outcome, lang)}</td>' for outcome in outcomes]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(comparison: Comparison, policy: str, outcome: str, lang: Lang) -> str:
    unit = OUTCOMES[outcome].unit
    level = escape(quantity(comparison.tables["outcomes"].one("mean", policy=policy, outcome=outcome), unit, lang))
    if policy == comparison.reference or outcome in _NOT_JUDGED:
        return level
    row = comparison.tables["differences"].where(policy=policy, outcome=outcome)
    if all(float(row[column][0]) == 0.0 for column in ("mean", "low", "high")):
        return f'{level}<br><span style="{_SMALL}">{escape(_SAID["same"][lang])}</span>'
    middle, low, high = (
        quantity(float(row[column][0]), unit, lang, difference=True) for column in ("mean", "low", "high")
    )
    ends = interval(
        low.removesuffix(" points").removesuffix(" poin"), high.removesuffix(" points").removesuffix(" poin")
    )
    lines = [f"{middle} ({ends.replace(' to ', _SAID['to'][lang])})" if ends else middle]
    if OUTCOMES[outcome].better and comparison.replicates > 1:
        lines.append(_SAID["better"][lang].format(n=number(100 * float(row["probability_better"][0]), 0, lang)))
    return level + "".join(f'<br><span style="{_SMALL}">{escape(line)}</span>' for line in lines)


# ---------------------------------------------------------------- a story


def _story(story: Story, lang: Lang) -> list[str]:
    parts = [f"<p>{escape(' '.join([head(story, lang), *partings(story, lang)]))}</p>", "<dl>"]
    for month, sentences in chronicle(story, lang):
        parts.append(f'<dt style="{_LEFT}"><b>{escape(when(month, lang))}</b></dt>')
        parts += [f'<dd style="{_LEFT}">{escape(text)}</dd>' for text in sentences]
    parts.append("</dl>")
    last = [text for text in (besides(story, life, lang) for life in (0, 1)) if text]
    last += [] if story.parting is None else [closing(story, lang)]
    parts += [f"<p>{escape(text)}</p>" for text in last]
    return parts
