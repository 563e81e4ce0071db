"""Districts that the dashboard brings along: one for each place of the library, with ready policies to begin with.

The yearly money of a place is about Rp 100,000 a household, to one digit: Rp 60 billion in Medan, as in
``scenarios/medan.yaml``. It is where sliders begin, no recommendation.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from empowersim.errors import Problem, ScenarioError
from empowersim.experiments.live_file import LiveFile
from empowersim.experiments.mix_space import money
from empowersim.fronts.labels import text
from empowersim.parameters.places import places
from empowersim.scenario.document import Node, parse

FIRST: Final = "medan_urban"
"""Place that is shown where nothing else is asked for."""
_TEMPLATE: Final = Path(__file__).with_name("district.yaml")
_A_HOUSEHOLD: Final = 100_000
"""IDR a household and year that the policies to begin with spend."""
_PARTS: Final = 5


def names() -> tuple[str, ...]:
    """Places of the library, the first one first."""
    return (FIRST, *(name for name in places() if name != FIRST))


def district_text(place: str) -> str:
    """Scenario file of a place of the library; `KeyError` if there is no such place."""
    households = int(places()[place].households)
    spent = households * _A_HOUSEHOLD
    size = 10 ** math.floor(math.log10(spent))
    whole = round(spent / size) * size
    filled = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in {
        "place": place,
        "households": str(households),
        "title_en": text(f"dashboard.place.{place}", "en"),
        "title_id": text(f"dashboard.place.{place}", "id"),
        "whole": money(whole),
        "fifth": money(whole // _PARTS),
    }.items():
        filled = filled.replace("{" + name + "}", value)
    return filled


def district(place: str) -> LiveFile:
    """The district of a place, ready for mixes."""
    return read_text(district_text(place), f"{place}.yaml")


def read_text(written: str, shown: str, survey: str = "") -> LiveFile:
    """Read a scenario file that stands in no folder; it may not extend another. Raises `ScenarioError`."""
    problems: list[Problem] = []
    root = parse(written, shown, problems)
    if root is None:
        raise ScenarioError(problems)
    if root.entries is None:
        raise ScenarioError([Problem(shown, root.line, "", "keys such as base: and policies:", root.show())])
    asks = root.get("extends")
    if asks is not None:
        raise ScenarioError([_alone(asks)])
    return LiveFile(root, shown, survey=survey)


def _alone(asks: Node) -> Problem:
    return asks.problem("a file that needs no other", remedy="copy what it extends into it, and leave extends away")
