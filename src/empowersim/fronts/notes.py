"""Notes of results in the language of the reader.

What a run says of its limits is kept in English beside its numbers, so that a result does not depend on a language.
The section ``[notes]`` of the label file has the pattern of each such sentence in both languages: a sentence that fits
a pattern is said anew in the other language, with its names and numbers; one that fits none stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from string import Formatter
from typing import Final

from empowersim.fronts.labels import Lang, bundled, entries, known, named, text
from empowersim.fronts.numbers import localised_within

SECTION: Final = "notes"


def note_in(note: str, lang: Lang = "en") -> str:
    """Return a note of a result, which is English, in a language; as it is where no pattern fits."""
    if lang == "en":
        return note
    for key, pattern in _patterns():
        found = pattern.fullmatch(note)
        if found:
            return _filled(key, found, lang)
    return note


def _value(name: str, value: str, lang: Lang) -> str:
    """What stands in a note for a placeholder: a name of the package, phrases of the file, or words with numbers."""
    if name == "region":
        return named("groups", value, lang) if known(f"groups.{value}") else value
    title = bundled(value, lang)
    if title != value:
        return title
    pieces = [_phrase(piece, lang) for piece in value.split(", ")]
    if None not in pieces:
        return ", ".join(str(piece) for piece in pieces)
    return _phrase(value, lang) or localised_within(value, lang)


def _phrase(words: str, lang: Lang) -> str | None:
    """A phrase that may stand in a note, in a language; None if the file does not have it."""
    for key, pattern in _patterns():
        found = pattern.fullmatch(words) if key.startswith(f"{SECTION}.part") else None
        if found:
            return _filled(key, found, lang)
    return None


def _filled(key: str, found: re.Match[str], lang: Lang) -> str:
    return text(key, lang, **{name: _value(name, value, lang) for name, value in found.groupdict().items()})


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Keys and patterns of the section, the longest first: a short one could swallow the words of a longer."""
    known = {key: entry.en for key, entry in entries().items() if key.startswith(f"{SECTION}.")}
    order = sorted(known, key=lambda key: -len(known[key]))
    return tuple((key, re.compile(_pattern(known[key]), re.DOTALL)) for key in order)


def _pattern(form: str) -> str:
    parts = []
    for words, name, _, _ in Formatter().parse(form):
        parts.append(re.escape(words))
        if name is not None:
            parts.append(f"(?P<{name}>.+?)")
    return "".join(parts)
