"""Words that the commands share, in the language asked for: the option, what was written, what went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empowersim.errors import EmpowersimError, Problem
    from empowersim.fronts.labels import Lang


def add_lang(command: Any, what: str = "words and figures") -> None:
    """Add the option --lang to a command or a group of its options."""
    command.add_argument("--lang", choices=("en", "id"), default="en", help=f"language of {what} (default: en)")


def lang_of(asked: argparse.Namespace) -> Lang:
    """Return the language asked for; English where a command does not ask."""
    found: Lang = getattr(asked, "lang", "en")
    return found


def say_written(asked: argparse.Namespace, folder: object, names: Iterable[str]) -> None:
    """Say which files were written; beside a JSON document on standard error."""
    from empowersim.fronts.labels import text

    said = sys.stderr if getattr(asked, "json", False) else sys.stdout
    print(text("cli.written", lang_of(asked), folder=folder, files=", ".join(names)), file=said)


def error_in_words(error: EmpowersimError, command: str, lang: Lang = "en") -> str:
    """Return what the command line says of an error: the command, how many problems, each with place and remedy.

    What was expected and found is named as the file has it, in English; the words around it are translated.
    """
    from empowersim.fronts.labels import text

    problems: tuple[Problem, ...] = tuple(getattr(error, "problems", ()))
    told = "\n".join(_problem(one, lang) for one in problems) if lang != "en" and problems else str(error)
    count = text("cli.problems", lang, count=len(problems)) + "\n" if len(problems) > 1 else ""
    return text("cli.error", lang, command=command, problem=f"{count}{told}")


def _problem(one: Problem, lang: Lang) -> str:
    from empowersim.fronts.labels import text

    where = f"{one.file}:{one.line}" if one.line else one.file
    key = f" {one.key}:" if one.key else ""
    told = text("cli.problem", lang, where=where + ":" + key, expected=one.expected, found=one.found)
    return f"{told}; {one.remedy}" if one.remedy else told
