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

from empowersim.fronts.labels import Lang, entries, text
from empowersim.fronts.numbers import localised

SECTION: Final = "notes"
_NUMBER: Final = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?=\s?%|[\s);:,]|$)")


def note_in(note: str, lang: Lang = "en") -> str:
    """Return a note of a result, which is English, in a language; as it is where no pattern fits."""
    if lang == "en":
        return note
    for key, pattern in _patterns():
        found = pattern.fullmatch(note)
        if found:
            return text(key, lang, **{name: _value(value, lang) for name, value in found.groupdict().items()})
    return note


def _value(value: str, lang: Lang) -> str:
    """What stands in a note for a placeholder: a phrase that the file knows, or its numbers in the language."""
    for key, pattern in _patterns():
        found = pattern.fullmatch(value)
        if found and key.startswith(f"{SECTION}.part"):
            return text(key, lang, **{name: _value(part, lang) for name, part in found.groupdict().items()})
    return _NUMBER.sub(lambda number: localised(number[0], lang), value)


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
