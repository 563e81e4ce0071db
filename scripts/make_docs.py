"""Write the documents that are made from the package: numbers, state, concepts, and the pages with tables in them.

Usage: ``python scripts/make_docs.py`` writes them; with ``--check`` it only says which are out of date (exit code 1).
A test makes the same check.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from concept_page import concept_page
from known_names import LIBRARY, MENTOR_TYPES, ROOT
from page_parts import NOTE, number, table
from template_pages import template_pages

from empowersim import schema
from empowersim.engine.outputs import HOURS, MEASURES, MENTOR_SERIES, STAGES
from empowersim.parameters import CONFIDENCE, FOLDER, TOPICS, Passport, passports, read_yaml
from empowersim.parameters.places import FigurePassport, place_passports, places, region_passports
from empowersim.rng import STREAMS_A_GROUP, Kind, Stream

BETTER = {1: "more", -1: "less", 0: "neither"}


def pages() -> dict[str, str]:
    """Return the documents, path below the project's folder -> text."""
    return {
        "docs/parameters.md": "\n".join(parameter_page()) + "\n",
        "docs/places.md": "\n".join(place_page()) + "\n",
        "docs/programmes.md": "\n".join(programme_page()) + "\n",
        "docs/state.md": "\n".join(state_page()) + "\n",
        "docs/concepts.md": "\n".join(concept_page()) + "\n",
        **template_pages(),
    }


def parameter_page() -> Iterator[str]:
    """Yield the lines of the table of parameters."""
    known = passports()
    yield from (NOTE, "", "# Parameters", "")
    yield (
        f"The {len(known)} coefficients of the model: the household month, mentors, villages, outcomes. Each stands "
        "once, in a YAML file of `src/empowersim/parameters/`; a scenario may change it within its bounds."
    )
    yield ""
    yield confidences(known.values())
    yield (
        "Status: *fitted* to evidence (most of it jointly with others), *derived* from one row, *assumed*. "
        "Evidence rows (C001 and so on) are those of the project's table of calibration targets."
    )
    yield "A fitted number is only as good as the rules around it. None was measured in Medan."
    for topic in TOPICS:
        members = [passport for passport in known.values() if passport.topic == topic]
        yield from ("", f"## {topic.capitalize()}", "", topic_title(topic), "")
        head = ("name", "value", "unit", "bounds", "meaning", "status", "confidence", "evidence rows", "source")
        yield from table(head, map(parameter_row, members))


def confidences(items: Iterable[Passport | FigurePassport]) -> str:
    """Say how many numbers have which grade."""
    grades = [passport.confidence for passport in items]
    counts = (f"{grades.count(grade)} {grade} ({meaning})" for grade, meaning in CONFIDENCE.items())
    return "Confidence: " + ", ".join(counts) + "."


def topic_title(topic: str) -> str:
    """Return what the topic's file says of itself in its first line."""
    first = (FOLDER / f"{topic}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ")


def parameter_row(passport: Passport) -> tuple[str, ...]:
    """Return the cells of one parameter."""
    return (
        f"`{passport.name}`",
        number(passport.value),
        passport.unit,
        f"{number(passport.lower)} to {number(passport.upper)}",
        passport.meaning,
        passport.status,
        passport.confidence,
        " ".join(passport.rows) or "none",
        passport.source,
    )


def place_page() -> Iterator[str]:
    """Yield the lines of the figures of region types and places."""
    yield from (NOTE, "", "# Places", "")
    yield (
        "Figures of region types and of the places that a scenario may name, each with its source. "
        "A scenario may change a figure of its place within the bounds."
    )
    everything = {passport.name: passport for name in places() for passport in place_passports(name)}
    everything |= {passport.name: passport for passport in region_passports()}
    yield from ("", confidences(everything.values()))
    yield from ("", "## Region types", "", "What villages of one type share, wherever they lie.", "")
    head = ("figure", *schema.REGION_TYPES, "unit", "bounds", "meaning", "confidence", "source")
    yield from table(head, map(region_row, region_passports()))
    shared: dict[str, FigurePassport] = {}
    head = ("figure", "value", "unit", "year", "meaning", "confidence", "source")
    for name in places():
        own = []
        for passport in place_passports(name):
            if passport.name.startswith("places."):
                shared[passport.name] = passport
            elif not passport.name.startswith("regions."):
                own.append(passport)
        yield from ("", f"## {name}", "")
        yield from table(head, (figure_row(passport, f"{name}.") for passport in own))
    yield from ("", "## Relations between traits, the same everywhere", "")
    yield from table(head, (figure_row(passport, "places.") for passport in shared.values()))


def region_row(passport: FigurePassport) -> tuple[str, ...]:
    """Return the cells of one figure of the region types."""
    values = passport.value if isinstance(passport.value, tuple) else (passport.value,) * len(schema.REGION_TYPES)
    bounds = f"{number(passport.lower)} to {number(passport.upper)}"
    name = passport.name.removeprefix("regions.")
    return (
        f"`{name}`",
        *map(number, values),
        passport.unit,
        bounds,
        passport.meaning,
        passport.confidence,
        passport.source,
    )


def figure_row(passport: FigurePassport, prefix: str) -> tuple[str, ...]:
    """Return the cells of one figure of a place."""
    values = passport.value if isinstance(passport.value, tuple) else (passport.value,)
    return (
        f"`{passport.name.removeprefix(prefix)}`",
        ", ".join(map(number, values)),
        passport.unit,
        str(passport.year or ""),
        passport.meaning,
        passport.confidence,
        passport.source,
    )


def programme_page() -> Iterator[str]:
    """Yield the lines of the library of programmes and mentor types."""
    yield from (NOTE, "", "# Programmes and mentors", "")
    yield (
        "The library that scenario files draw on. A scenario may change any figure of a programme, or define "
        "programmes of its own under `define:`. Money is in rupiah."
    )
    head = ("figure", "value", "bounds", "confidence", "source")
    for path in [*sorted(LIBRARY.glob("*.yaml")), *sorted((LIBRARY / "community").glob("*.yaml"))]:
        entry = read_yaml(path)
        label = entry["label"]
        kind = "For villages. " if path.parent != LIBRARY else ""
        yield from ("", f"## {path.stem}", "", f"{kind}{label['en']} ({label['id']}): {entry['meaning']}.", "")
        yield from table(head, figures(entry))
    entry = read_yaml(MENTOR_TYPES)
    yield from ("", "## Mentors of every type", "")
    yield from table(head, figures(entry["every"]))
    for name, kind in entry["types"].items():
        yield from ("", f"## Mentor: {name}", "", f"{kind['label']['en']} ({kind['label']['id']})", "")
        yield from table(head, figures(kind))


def figures(entry: Any, path: str = "") -> Iterator[tuple[str, ...]]:
    """Yield a row for each figure of a tree: what has a passport, and plain choices without one."""
    for key, value in entry.items():
        name = f"{path}.{key}" if path else key
        if name in ("label", "meaning"):
            continue
        if not isinstance(value, dict):
            yield (f"`{name}`", str(value), "", "", "")
        elif "value" in value:
            bounds = " to ".join(map(str, value.get("bounds", ())))
            yield (f"`{name}`", str(value["value"]), bounds, value["confidence"], value["source"])
        else:
            yield from figures(value, name)


def state_page() -> Iterator[str]:
    """Yield the lines of the document of columns, channels, measures and streams."""
    yield from (NOTE, "", "# State, doses, measures and streams", "")
    yield (
        "Money inside the model is counted in **L**: one month of the household's poverty-line budget. "
        "A *trait* never changes, a *state* is carried from month to month, an *output* is written by the month."
    )
    for title, columns in (("Columns of a household", schema.HOUSEHOLD), ("Columns of a village", schema.VILLAGE)):
        yield from ("", f"## {title}", "")
        head = ("name", "unit", "from", "to", "role", "meaning")
        rows = ((f"`{c.name}`", c.unit, number(c.lower), number(c.upper), c.role, c.meaning) for c in columns)
        yield from table(head, rows)
    yield from ("", "## What a programme can give", "")
    yield from table(("channel", "dose"), ((f"`{name}`", text) for name, text in schema.CHANNELS.items()))
    yield from ("", "## What is measured every month", "")
    head = ("name", "unit", "better", "meaning")
    yield from table(head, ((f"`{m.name}`", m.unit, BETTER[m.better], m.meaning) for m in MEASURES))
    yield from ("", "Mentors' hours are booked as: " + ", ".join(HOURS) + ".")
    yield from ("", "Mentors are followed as: " + ", ".join(MENTOR_SERIES) + ".")
    yield from ("", "Stages of a household at the end: " + ", ".join(STAGES) + ".")
    yield from ("", "Region types, from the easiest to reach to the hardest: " + ", ".join(schema.REGION_TYPES) + ".")
    yield from ("", "## Streams of random numbers", "")
    yield "A number is never given to another stream. Stream s is word s % 4 of group s // 4."
    yield ""
    yield from table(
        ("stream", "name", "group", "word"),
        ((s.value, f"`{s.name}`", s // STREAMS_A_GROUP, s % STREAMS_A_GROUP) for s in Stream),
    )
    yield from (
        "",
        "Kinds of actors, and of analyses, in an address: "
        + ", ".join(f"{k.name.lower()} {k.value}" for k in Kind)
        + ".",
    )


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` compare them; return the exit code."""
    stale = []
    for name, text in pages().items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if "--check" in arguments:
        print("out of date: " + ", ".join(stale) if stale else "up to date")
        return 1 if stale else 0
    print("written: " + ", ".join(stale) if stale else "nothing to write")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
