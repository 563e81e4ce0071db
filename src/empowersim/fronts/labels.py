"""All words that people read, in English (`en`) and Indonesian (`id`): one file, ``labels.toml``, one reader.

An entry of the file has a key with dots, as ``terminal.head``, and under it

- ``en`` and ``id``: the text in both languages, with the same placeholders ``{name}``;
- ``one`` (may be left out): the English text where what is counted is one;
- ``unit.en``, ``unit.id``, ``help.en``, ``help.id`` (may be left out): the unit and a sentence that explains it.

``text("terminal.head", lang, title="Medan")`` fills an entry in. What fills a placeholder is never searched for
placeholders, so names of users are safe. The file is read when the first text is asked for, and once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, get_args

from empowersim.errors import EmpowersimError

Lang = Literal["en", "id"]
LANGUAGES: Final[tuple[Lang, ...]] = get_args(Lang)
FILE: Final = Path(__file__).with_name("labels.toml")
NAMES: Final = "names"
"""Section of what people call outcomes, measures and columns; the one of `label`, `unit` and `help`."""
BUNDLED: Final = "bundled"
"""Section of titles and names that the package brings along and that files of users may repeat."""

_FORMS: Final = ("en", "id", "one")
_MORE: Final = ("unit", "help")


class LabelError(EmpowersimError, KeyError):
    """A text that does not exist, or that was filled in with the wrong values; a `KeyError`, too."""

    def __str__(self) -> str:
        return str(self.args[0])


class Entry(NamedTuple):
    """An entry of the label file; `None` and empty mappings for what it leaves out."""

    en: str
    id: str
    one: str | None = None
    unit: Mapping[str, str] = MappingProxyType({})
    help: Mapping[str, str] = MappingProxyType({})


def text(key: str, lang: Lang = "en", **values: object) -> str:
    """Return the text of a key in a language, its placeholders filled with `values`.

    `LabelError` names the nearest key if there is none, and the placeholders if `values` are not exactly theirs.
    """
    return _filled(key, _in(_entry(key), lang), values)


def text_of(count: float, key: str, lang: Lang = "en", **values: object) -> str:
    """Return the text of a key as `text` does, in the singular where the count is one; `numbers.counted` says it."""
    entry = _entry(key)
    form = entry.one if count == 1 and lang == "en" and entry.one is not None else _in(entry, lang)
    return _filled(key, form, values)


def text_with(key: str, lang: Lang, values: Mapping[str, object]) -> str:
    """Return the text of a key as `text` does, where `values` may hold more than the text asks for."""
    form = _in(_entry(key), lang)
    wanted = _wanted(key)
    return _filled(key, form, {name: value for name, value in values.items() if name in wanted})


def label(name: str, lang: Lang = "en") -> str:
    """Return what people call an outcome, measure or column; a name without an entry in plain words."""
    return named(NAMES, name, lang)


def unit(name: str, lang: Lang = "en") -> str:
    """Return the unit of an outcome, measure or column in words; empty where it has none."""
    return _more(name, "unit", lang)


def help(name: str, lang: Lang = "en") -> str:  # noqa: A001
    """Return a sentence that explains an outcome, measure or column; empty where the file has none."""
    return _more(name, "help", lang)


def bundled(words: str, lang: Lang = "en") -> str:
    """Return a title or name of the package in a language; what differs from it by a letter is a user's, and stays."""
    return words if lang == "en" else _bundled().get(words, words)


def known(key: str) -> bool:
    """Return whether the file has an entry of that key."""
    return key in entries()


def named(section: str, name: str, lang: Lang = "en") -> str:
    """Return what a section calls a thing of the package; a name that it does not have, a user's, in plain words."""
    entry = entries().get(f"{section}.{name}")
    return name.replace("_", " ") if entry is None else _in(entry, lang)


@cache
def entries() -> Mapping[str, Entry]:
    """Return all entries of the label file by key; `LabelError` names an entry that is not whole."""
    found: dict[str, Entry] = {}
    _collect("", tomllib.loads(FILE.read_text(encoding="utf-8")), found)
    return MappingProxyType(found)


def placeholders(form: str) -> frozenset[str]:
    """Return the names in braces of a text."""
    return frozenset(name for _, name, _, _ in Formatter().parse(form) if name is not None)


def _collect(path: str, table: Mapping[str, Any], found: dict[str, Entry]) -> None:
    for name, value in table.items():
        key = f"{path}.{name}" if path else name
        if not isinstance(value, dict):
            raise LabelError(f"{FILE.name}: {key}: expected en and id under a key, found {value!r}")
        if not any(isinstance(value.get(form), str) for form in _FORMS):
            _collect(key, value, found)
            continue
        unknown = [one for one in value if one not in (*_FORMS, *_MORE)]
        if unknown or not all(isinstance(value.get(lang), str) for lang in LANGUAGES):
            raise LabelError(f"{FILE.name}: {key}: expected {', '.join((*_FORMS, *_MORE))}, found {', '.join(value)}")
        more = {part: MappingProxyType(dict(value.get(part, {}))) for part in _MORE}
        found[key] = Entry(value["en"], value["id"], value.get("one"), **more)


def _entry(key: str) -> Entry:
    known = entries()
    if key in known:
        return known[key]
    near = get_close_matches(key, known, n=1, cutoff=0.0)
    raise LabelError(f"{FILE.name}: expected a key of the file, found {key!r}; the nearest is {near[0]!r}")


def _in(entry: Entry, lang: Lang) -> str:
    if lang not in LANGUAGES:
        raise LabelError(f"language: expected one of {', '.join(LANGUAGES)}, found {lang!r}")
    return entry.en if lang == "en" else entry.id


def _filled(key: str, form: str, values: Mapping[str, object]) -> str:
    wanted = _wanted(key)
    if values.keys() != wanted:
        raise LabelError(
            f"{FILE.name}: {key}: expected values for {', '.join(sorted(wanted)) or 'no placeholder'}, "
            f"found {', '.join(sorted(values)) or 'none'}"
        )
    return form.format_map(values) if wanted else form.replace("{{", "{").replace("}}", "}")


@cache
def _wanted(key: str) -> frozenset[str]:
    entry = entries()[key]
    return placeholders(entry.en) | placeholders(entry.one or "")


def _more(name: str, part: str, lang: Lang) -> str:
    entry = entries().get(f"{NAMES}.{name}")
    found: Mapping[str, str] = getattr(entry, part) if entry is not None else {}
    return found.get(lang, "")


@cache
def _bundled() -> Mapping[str, str]:
    return {one.en: one.id for key, one in entries().items() if key.startswith(f"{BUNDLED}.")}
