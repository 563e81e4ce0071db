"""A household's story in words, in English (`en`) or Indonesian (`id`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.labels import named, text, text_with
from empowersim.fronts.numbers import MINUS, NONE, Lang, counted, months, number, percent, rupiah

if TYPE_CHECKING:
    from empowersim.experiments.story_events import Event
    from empowersim.experiments.story_result import Life, Parting, Story

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_SMALL: Final = 0.05
"""Parts of a change below this share of the largest are not named."""
_NAMED: Final = 3
_DIGITS: Final = 3
_MOST_DIGITS: Final = 9


def when(month: int, lang: Lang = "en") -> str:
    """Name of a month, 0 = the first: January of year 1."""
    return text("story.when", lang, month=text(f"months.{_MONTHS[month % 12]}", lang), year=month // 12 + 1)


def sentence(story: Story, life: int, place: int, lang: Lang = "en") -> str:
    """Say what event `place` of life 0 or 1 is and why, to go on after the name of the policy; a full stop included."""
    event = story.lives[life].events[place]
    told = text_with(f"story.event.{event.kind}", lang, _said(event, story, lang))
    why = story.contrast(life, place)
    if why is not None:
        told += "; " + _contrast(event, why, story.label(story.lives[1 - life].policy, lang), lang)
    return told + "."


def _contrast(event: Event, why: Mapping[str, Any], other: str, lang: Lang) -> str:
    if event.kind == "misses" and why["reason"] == "chance":
        return text("story.contrast.misses", lang, other=other, chance=_chance(why["chance"], lang))
    state = text(f"story.state.{event.kind}", lang)
    facts = {"other": other, "chance": _chance(why["chance"], lang), "state": state}
    return text_with(f"story.contrast.{why['reason']}", lang, facts)


def _said(event: Event, story: Story, lang: Lang) -> dict[str, str]:
    """The facts of an event as words; money of the household in rupiah a month."""
    facts = event.facts
    said: dict[str, str] = {}
    if "draw" in facts:
        said["draw"] = _chance(facts["draw"], lang)
    if "draw" in facts and "chance" in facts:
        said["draw"], said["chance"] = _apart(facts["draw"], facts["chance"], lang)
        said["met"] = text("story.met", lang, draw=said["draw"], chance=said["chance"])
    for name in ("money", "loss", "given", "worth"):
        if name in facts:
            said[name] = rupiah(float(facts[name]) * story.rupiah, lang)
    for name in ("lost", "insured", "share"):
        if name in facts:
            said[name] = percent(facts[name], 0, lang)
    if "programme" in facts:
        said["programme"] = f"“{story.label(facts['programme'], lang)}”"
    if "severe" in facts:
        said["severity"] = text("story.severe" if facts["severe"] else "story.moderate", lang)
    if "places" in facts:
        said |= {
            "position": number(facts["ahead"] + 1, 0, lang),
            "applicants": number(facts["applicants"], 0, lang),
            "order": text(f"story.order.{facts['order']}", lang),
            "places": counted("story.places", facts["places"], lang),
        }
    if "column" in facts:
        said |= _condition(facts, lang)
    if "left" in facts:
        said["left"] = months(int(facts["left"]), lang)
    if event.kind in {"falls_poor", "leaves_poverty"}:
        said |= {name: rupiah(float(facts[name]) * story.rupiah, lang) for name in ("before", "after")}
        told = parts_in_words(facts["parts"], story, lang)
        said["parts"] = text("story.because", lang, parts=told) if told else ""
    elif event.kind == "stage":
        said |= {name: text(f"stages.{facts[name]}", lang) for name in ("before", "after")}
    elif event.kind == "mentor_changes":
        said |= {name: number(facts[name], 2, lang) for name in ("before", "after")}
    if event.kind in {"visited", "not_visited"}:
        said |= {name: number(facts[name], 0, lang) for name in ("made", "due")}
    return said


def _condition(facts: Mapping[str, Any], lang: Lang) -> dict[str, str]:
    high = facts["value"] > facts["high"]
    limit = number(facts["high"] if high else facts["low"], 2, lang)
    seen = f" {text('story.seen', lang)}" if facts["observed"] else ""
    return {
        "column": _name(facts["column"], lang) + seen,
        "value": number(facts["value"], 2, lang),
        "limit": text("story.above" if high else "story.below", lang, limit=limit),
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
        said.append(f"{text(f'story.part.{name}', lang)} {'+' if parts[name] > 0 else ''}{amount}")
    return ", ".join(said)


def head(story: Story, lang: Lang = "en") -> str:
    """Who the household is."""
    about = story.about
    return text(
        "story.head",
        lang,
        id=story.household,
        village=about["village"],
        region=text(f"story.region.{about['region']}", lang),
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
        return [text("story.same", lang, a=a, b=b)]
    said = [_parting(f"parts_{story.parting.cause}", story.parting, lang)]
    if story.reached is None:
        said.append(text("story.never", lang))
    elif story.parting.cause != "dose":
        said.append(_parting("reached", story.reached, lang))
    return said


def _parting(word: str, parting: Parting, lang: Lang) -> str:
    shown = []
    for name, (first, second) in list(parting.what.items())[:_NAMED]:
        before, after = _apart(first, second, lang)
        shown.append(f"{_name(name, lang)} {before} → {after}")
    return text_with(f"story.{word}", lang, {"when": when(parting.month, lang), "what": ", ".join(shown)})


def _name(name: str, lang: Lang) -> str:
    return named("story.name", name, lang)


def closing(story: Story, lang: Lang = "en") -> str:
    """How the lives differ in the last year, and by which parts."""
    last, mean = story.last_year, story.gain
    count = story.months - last.start
    amount = rupiah(abs(mean) * story.rupiah, lang)
    a, b = (story.label(life.policy, lang) for life in story.lives)
    return text(
        "story.end",
        lang,
        months=months(count, lang),
        change=text("story.more" if mean >= 0.0 else "story.less", lang, amount=amount),
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
        for month, told in texts[life]:
            if (month, told) not in both:
                said.setdefault(month, []).append(_under(story, life, lang) + told)
            elif life == 0:
                said.setdefault(month, []).append(text("story.both", lang) + told)
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
    said = [counted(f"story.count_{kind}", count, lang) for kind, count in counts.items()]
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
    return text("story.under", lang, policy=story.label(story.lives[life].policy, lang))


def narrative(story: Story, lang: Lang = "en", *, everything: bool = False) -> list[str]:
    """The whole story as lines of plain text."""
    lines: list[str] = [head(story, lang), *partings(story, lang), ""]
    for month, sentences in chronicle(story, lang, everything=everything):
        lines.append(when(month, lang))
        lines += [f"  {told}" for told in sentences]
    extra: Sequence[str] = (
        [] if everything else [told for told in (besides(story, life, lang) for life in (0, 1)) if told]
    )
    last = [] if story.parting is None else [closing(story, lang)]
    return [*lines, "", *extra, *last]
