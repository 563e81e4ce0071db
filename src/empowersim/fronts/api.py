"""Public functions about scenario files: check, describe, diff, cite, and what the package brings along."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from empowersim.errors import EmpowersimError, Problem, ScenarioError

if TYPE_CHECKING:
    from empowersim.scenario.model import Scenario

PathLike = str | os.PathLike[str]

CITE_FORMATS: Final = ("text", "json", "bibtex-like")

_GRADES: Final = {
    "A": "read in a source",
    "B": "well known, or fitted to evidence",
    "C": "assumed",
}


def check(path: PathLike, *, survey: PathLike | None = None) -> tuple[Problem, ...]:
    """Return all problems of a scenario file; empty if it can be run. Nothing is simulated.

    Examples:
        >>> import empowersim as es
        >>> es.check("scenarios/medan.yaml")
        ()

    """
    from empowersim.scenario.load import load

    try:
        load(path, survey=survey)
    except ScenarioError as error:
        return error.problems
    return ()


def describe(scenario: Scenario | PathLike) -> list[str]:
    """Say in plain sentences what a scenario (or its file) means; raises `ScenarioError`.

    Examples:
        >>> import empowersim as es
        >>> print(es.describe("scenarios/medan.yaml")[1])
        The world stands for 610,000 households of Medan (city), urban.

    """
    from empowersim.scenario.describe import describe as sentences

    return list(sentences(_loaded(scenario)))


def diff(a: Any, b: Any, *, policies: tuple[str, str] | None = None) -> list[str]:
    """Say in plain sentences what `b` changes against `a`.

    `a` and `b` are scenarios or paths; with `policies` (one of `a`, one of `b`) only these two policies are
    compared. Raises `ScenarioError`, or `EmpowersimError` for a policy that is not there.

    Examples:
        >>> import empowersim as es
        >>> print(es.diff("scenarios/medan.yaml", "scenarios/remote-islands.yaml")[1])
        households represented is 610,000 in the first and 190,000 in the second.

    """
    from empowersim.scenario.describe import describe_difference

    first, second = _loaded(a), _loaded(b)
    if policies is None:
        return list(describe_difference(first, second))
    return list(describe_difference(policy_of(first, policies[0]), policy_of(second, policies[1])))


def policy_of(scenario: Scenario, name: str) -> Any:
    """Return one policy of a scenario; `EmpowersimError` names the nearest if there is none of that name.

    Examples:
        >>> import empowersim as es
        >>> policy_of(es.load("scenarios/medan.yaml"), "balanced_mixx")
        Traceback (most recent call last):
        empowersim.errors.EmpowersimError: scenarios/medan.yaml: expected a policy of the file (...mean balanced_mix?

    """
    from difflib import get_close_matches

    if name in scenario.policies:
        return scenario.policies[name]
    near = get_close_matches(name, scenario.policies, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise EmpowersimError(
        f"{scenario.path}: expected a policy of the file ({', '.join(scenario.policies)}), found {name!r}{hint}"
    )


def sources(scenario: Scenario | PathLike) -> list[dict[str, Any]]:
    """Return the passport of every figure that a scenario uses: group, name, value, unit, source, confidence.

    A scenario with ``trap: both`` uses those of both worlds.
    """
    from empowersim.scenario.worlds import passports_of_worlds

    return [
        {
            "group": passport.group,
            "name": passport.name,
            "value": passport.value,
            "unit": passport.unit,
            "meaning": passport.meaning,
            "confidence": passport.confidence,
            "source": passport.source,
        }
        for passport in passports_of_worlds(_loaded(scenario))
    ]


def cite(scenario: Scenario | PathLike, *, format: str = "text") -> str:  # noqa: A002
    """Return the sources of exactly the figures that a scenario uses, grouped by confidence.

    `format` is `text`, `json` (one document: confidence -> list of figures) or `bibtex-like` (one
    entry a source, with the figures that stand on it).

    Examples:
        >>> import empowersim as es
        >>> print(es.cite("scenarios/medan.yaml").splitlines()[0].startswith("medan uses"))
        True

    """
    if format not in CITE_FORMATS:
        raise EmpowersimError(f"format: expected one of {', '.join(CITE_FORMATS)}, found {format!r}")
    from empowersim.scenario.documents import BOTH

    loaded = _loaded(scenario)
    figures = sources(loaded)
    graded = {grade: [figure for figure in figures if figure["confidence"] == grade] for grade in _GRADES}
    if format == "json":
        document = {"scenario": loaded.name, "digest": loaded.digest, "confidence": _GRADES, "figures": graded}
        return json.dumps(document, indent=1, ensure_ascii=False)
    if format == "bibtex-like":
        return "\n\n".join(_entries(figures))
    where = ", in its two worlds together" if loaded.world.trap is BOTH else ""
    lines = [f"{loaded.name} uses {len(figures)} figures{where}."]
    for grade, found in graded.items():
        if not found:
            continue
        lines += ["", f"{grade}: {_GRADES[grade]} ({len(found)} of {len(figures)})"]
        for source, names in _by_source(found).items():
            lines += [f"  {source}", *(f"    {line}" for line in names)]
    return "\n".join(lines)


def places() -> list[dict[str, Any]]:
    """Return the places that a scenario can name: name, titles, households, poverty line and rate, region types.

    Examples:
        >>> import empowersim as es
        >>> [place["name"] for place in es.places()][:3]
        ['indonesia', 'interior_adat', 'medan_urban']

    """
    from empowersim.parameters.places import places as presets

    return [
        {
            "name": place.name,
            "title": {"en": place.title_en, "id": place.title_id},
            "meaning": place.meaning,
            "households": place.households,
            "price_year": place.price_year,
            "regions": {
                region.name: {
                    "share": region.share,
                    "poverty_line": region.poverty_line,
                    "poverty_rate": region.poverty_rate,
                }
                for region in place.regions
            },
        }
        for place in presets().values()
    ]


def programmes() -> list[dict[str, Any]]:
    """Return the programmes of the library: name, label (en, id) and meaning.

    Examples:
        >>> import empowersim as es
        >>> next(one["label"]["id"] for one in es.programmes() if one["name"] == "adult_literacy")
        'Keaksaraan dasar'

    """
    from empowersim.scenario.library import catalogue

    return catalogue()


def _loaded(scenario: Any) -> Any:
    if isinstance(scenario, (str, os.PathLike)):
        from empowersim.scenario.load import load

        return load(scenario)
    return scenario


def _by_source(figures: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for figure in figures:
        unit = "" if figure["value"].endswith(figure["unit"]) else f" {figure['unit']}"
        line = f"{figure['name']} = {figure['value']}{unit}"
        found.setdefault(figure["source"], []).append(line)
    return found


def _entries(figures: list[dict[str, Any]]) -> list[str]:
    made: list[str] = []
    keys: dict[str, int] = {}
    grades: dict[str, set[str]] = {}
    for figure in figures:
        grades.setdefault(figure["source"], set()).add(figure["confidence"])
    for source, lines in _by_source(figures).items():
        words = re.findall(r"[A-Za-z0-9]+", source.lower())
        stem = "-".join(words[:3]) or "source"
        keys[stem] = keys.get(stem, 0) + 1
        key = stem if keys[stem] == 1 else f"{stem}-{keys[stem]}"
        names = ", ".join(line.split(" = ")[0] for line in lines)
        grade = ", ".join(sorted(grades[source]))
        made.append(
            f"@misc{{{key},\n  title = {{{_braced(source)}}},\n  note = {{confidence {grade}; used for {names}}}\n}}"
        )
    return made


def _braced(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")
