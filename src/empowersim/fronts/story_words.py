"""A household's story in words, in English (`en`) or Indonesian (`id`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.numbers import MINUS, NONE, Lang, months, number, percent, rupiah
from empowersim.fronts.story_text import (
    CONTRASTS,
    MET,
    MONTHS,
    NAMES,
    ORDERS,
    PARTS,
    REGIONS,
    SENTENCES,
    STAGES,
    STATES,
    WORDS,
)

if TYPE_CHECKING:
    from empowersim.experiments.story_events import Event
    from empowersim.experiments.story_result import Life, Parting, Story

_SMALL: Final = 0.05
"""Parts of a change below this share of the largest are not named."""
_NAMED: Final = 3
_DIGITS: Final = 3
_MOST_DIGITS: Final = 9


def when(month: int, lang: Lang = "en") -> str:
    """Name of a month, 0 = the first: January of year 1."""
    return WORDS["when"][lang].format(month=MONTHS[lang][month % 12], year=month // 12 + 1)


def sentence(story: Story, life: int, place: int, lang: Lang = "en") -> str:
    """Say what event `place` of life 0 or 1 is and why, to go on after the name of the policy; a full stop included."""
    event = story.lives[life].events[place]
    text = SENTENCES[event.kind][lang].format(**_said(event, story, lang))
    why = story.contrast(life, place)
    if why is not None:
        text += "; " + _contrast(event, why, story.label(story.lives[1 - life].policy, lang), lang)
    return text + "."


def _contrast(event: Event, why: Mapping[str, Any], other: str, lang: Lang) -> str:
    if event.kind == "misses" and why["reason"] == "chance":
        return CONTRASTS["misses"][lang].format(other=other, chance=_chance(why["chance"], lang))
    facts = {"other": other, "chance": _chance(why["chance"], lang), "state": STATES[event.kind][lang]}
    return CONTRASTS[why["reason"]][lang].format(**facts)


def _said(event: Event, story: Story, lang: Lang) -> dict[str, str]:
    """The facts of an event as words; money of the household in rupiah a month."""
    facts = event.facts
    said: dict[str, str] = {}
    if "draw" in facts:
        said["draw"] = _chance(facts["draw"], lang)
    if "draw" in facts and "chance" in facts:
        said["draw"], said["chance"] = _apart(facts["draw"], facts["chance"], lang)
        said["met"] = MET[lang].format(**said)
    for name in ("money", "loss", "given", "worth"):
        if name in facts:
            said[name] = rupiah(float(facts[name]) * story.rupiah, lang)
    for name in ("lost", "insured", "share"):
        if name in facts:
            said[name] = percent(facts[name], 0, lang)
    if "programme" in facts:
        said["programme"] = f"“{story.label(facts['programme'], lang)}”"
    if "severe" in facts:
        said["severity"] = WORDS["severe" if facts["severe"] else "moderate"][lang]
    if "places" in facts:
        said |= {
            "position": number(facts["ahead"] + 1, 0, lang),
            "applicants": number(facts["applicants"], 0, lang),
            "order": ORDERS[facts["order"]][lang],
            "places": WORDS["place" if facts["places"] == 1 else "places"][lang].format(
                n=number(facts["places"], 0, lang)
            ),
        }
    if "column" in facts:
        said |= _condition(facts, lang)
    if "left" in facts:
        said["left"] = months(int(facts["left"]), lang)
    if event.kind in {"falls_poor", "leaves_poverty"}:
        said |= {name: rupiah(float(facts[name]) * story.rupiah, lang) for name in ("before", "after")}
        told = parts_in_words(facts["parts"], story, lang)
        said["parts"] = WORDS["because"][lang].format(parts=told) if told else ""
    elif event.kind == "stage":
        said |= {name: STAGES[facts[name]][lang] for name in ("before", "after")}
    elif event.kind == "mentor_changes":
        said |= {name: number(facts[name], 2, lang) for name in ("before", "after")}
    if event.kind in {"visited", "not_visited"}:
        said |= {name: number(facts[name], 0, lang) for name in ("made", "due")}
    return said


def _condition(facts: Mapping[str, Any], lang: Lang) -> dict[str, str]:
    high = facts["value"] > facts["high"]
    limit = number(facts["high"] if high else facts["low"], 2, lang)
    seen = f" {WORDS['seen'][lang]}" if facts["observed"] else ""
    return {
        "column": _name(facts["column"], lang) + seen,
        "value": number(facts["value"], 2, lang),
        "limit": WORDS["above" if high else "below"][lang].format(limit=limit),
    }


def _chance(value: float, lang: Lang, digits: int = _DIGITS) -> str:
    """A draw or a chance to three digits: 0.00950, 0.680."""
    if value <= 0.0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    return number(rounded, max(digits - 1 - floor(log10(rounded)), 0), lang)


def _apart(first: float, second: float, lang: Lang, digits: int = _DIGITS) -> tuple[str, str]:
    """Two numbers to as many digits as tell them apart, at least `digits`: 2.13215 and 2.13217, 0 and 1.00."""
    while True:
        said = tuple((MINUS if value < 0.0 else "") + _chance(abs(value), lang, digits) for value in (first, second))
        if said[0] != said[1] or first == second or digits >= _MOST_DIGITS:
            return said[0], said[1]
        digits += 1


def parts_in_words(parts: Mapping[str, float], story: Story, lang: Lang = "en") -> str:
    """The largest parts of a difference (L a month), largest first: work −Rp 312,000, savings +Rp 40,000."""
    largest = max((abs(value) for value in parts.values()), default=0.0)
    large = sorted(((abs(value), name) for name, value in parts.items() if abs(value) > _SMALL * largest), reverse=True)
    said = []
    for _, name in large[:_NAMED]:
        amount = rupiah(parts[name] * story.rupiah, lang)
        said.append(f"{PARTS[name][lang]} {'+' if parts[name] > 0 else ''}{amount}")
    return ", ".join(said)


def head(story: Story, lang: Lang = "en") -> str:
    """Who the household is."""
    about = story.about
    return WORDS["head"][lang].format(
        id=story.household,
        village=about["village"],
        region=REGIONS[about["region"]][lang],
        size=number(about["size"], 0, lang),
        children=number(about["children"], 0, lang),
        years=number(about["schooling_years"], 0, lang),
        start=rupiah(float(about["consumption"]) * story.rupiah, lang),
        ratio=number(about["consumption"], 2, lang),
    )


def partings(story: Story, lang: Lang = "en") -> list[str]:
    """When the lives part, through what, and when the household itself is reached."""
    a, b = (story.label(life.policy, lang) for life in story.lives)
    if story.parting is None:
        return [WORDS["same"][lang].format(a=a, b=b)]
    said = [_parting(f"parts_{story.parting.cause}", story.parting, lang)]
    if story.reached is None:
        said.append(WORDS["never"][lang])
    elif story.parting.cause != "dose":
        said.append(_parting("reached", story.reached, lang))
    return said


def _parting(word: str, parting: Parting, lang: Lang) -> str:
    shown = []
    for name, (first, second) in list(parting.what.items())[:_NAMED]:
        before, after = _apart(first, second, lang)
        shown.append(f"{_name(name, lang)} {before} → {after}")
    return WORDS[word][lang].format(when=when(parting.month, lang), what=", ".join(shown))


def _name(name: str, lang: Lang) -> str:
    return NAMES[name][lang] if name in NAMES else name.replace("_", " ")


def closing(story: Story, lang: Lang = "en") -> str:
    """How the lives differ in the last year, and by which parts."""
    last, mean = story.last_year, story.gain
    count = story.months - last.start
    amount = rupiah(abs(mean) * story.rupiah, lang)
    a, b = (story.label(life.policy, lang) for life in story.lives)
    return WORDS["end"][lang].format(
        months=months(count, lang),
        change=WORDS["more" if mean >= 0.0 else "less"][lang].format(amount=amount),
        a=a,
        b=b,
        parts=parts_in_words(story.parts_over(last), story, lang) or NONE,
    )


def chronicle(story: Story, lang: Lang = "en", *, everything: bool = False) -> list[tuple[int, list[str]]]:
    """The months in which something happened, with a sentence an event; what happened in both lives is said once.

    Without `everything`, what comes every month (attending, visits) and repeated refusals of a place are left out:
    `besides` counts them.
    """
    said: dict[int, list[str]] = {}
    shown = [_shown(life, everything) for life in story.lives]
    texts = [
        [(story.lives[life].events[at].month, sentence(story, life, at, lang)) for at in shown[life]] for life in (0, 1)
    ]
    both = set(texts[0]) & set(texts[1])
    for life in (0, 1):
        for month, text in texts[life]:
            if (month, text) not in both:
                said.setdefault(month, []).append(_under(story, life, lang) + text)
            elif life == 0:
                said.setdefault(month, []).append(WORDS["both"][lang] + text)
    return sorted(said.items())


def besides(story: Story, life: int, lang: Lang = "en") -> str:
    """Count what `chronicle` leaves out of a life; the empty text if it leaves out nothing."""
    told = story.lives[life]
    shown = set(_shown(told, False))
    counts: dict[str, int] = {}
    for place, event in enumerate(told.events):
        if place not in shown:
            counts[event.kind] = counts.get(event.kind, 0) + 1
    if not counts:
        return ""
    said = []
    for kind, count in counts.items():
        text = WORDS[f"count_{kind}"][lang].format(n=number(count, 0, lang))
        said.append(text.replace("months", "month").replace("intakes", "intake") if count == 1 else text)
    return _under(story, life, lang) + ", ".join(said) + "."


def _shown(life: Life, everything: bool) -> list[int]:
    """Places of the events that are told one by one."""
    refused: set[str] = set()
    shown = []
    for place, event in enumerate(life.events):
        if not everything:
            if event.minor:
                continue
            if event.kind == "place_not_won":
                if event.facts["programme"] in refused:
                    continue
                refused.add(event.facts["programme"])
        shown.append(place)
    return shown


def _under(story: Story, life: int, lang: Lang) -> str:
    return WORDS["under"][lang].format(policy=story.label(story.lives[life].policy, lang))


def narrative(story: Story, lang: Lang = "en", *, everything: bool = False) -> list[str]:
    """The whole story as lines of plain text."""
    lines: list[str] = [head(story, lang), *partings(story, lang), ""]
    for month, sentences in chronicle(story, lang, everything=everything):
        lines.append(when(month, lang))
        lines += [f"  {text}" for text in sentences]
    extra: Sequence[str] = (
        [] if everything else [text for text in (besides(story, life, lang) for life in (0, 1)) if text]
    )
    last = [] if story.parting is None else [closing(story, lang)]
    return [*lines, "", *extra, *last]
