"""Supporting and inhibiting factors: a registry of what each moves and how it is switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from empowersim.parameters import FOLDER, read_yaml

PARTS: Final = ("parameters", "village", "travel", "mentors", "programme")
"""Where a factor may act: parameters of the rules, columns of villages, travel, mentors, all programmes."""


@dataclass(frozen=True)
class Factor:
    """One factor and the neutral values that switch it off."""

    name: str
    label: Mapping[str, str]
    """Name in `en` and `id`."""
    direction: Literal["supports", "inhibits"]
    moves: str
    """What it moves, in plain words."""
    confidence: str
    """A read in a source, B well known, C assumed; of the direction: sizes are mostly assumed."""
    source: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    village: Mapping[str, float] = field(default_factory=dict)
    travel: Mapping[str, float] = field(default_factory=dict)
    mentors: Mapping[str, float | bool] = field(default_factory=dict)
    programme: Mapping[str, float] = field(default_factory=dict)


@cache
def factors() -> dict[str, Factor]:
    """Return all factors by name, in the order of the file."""
    found = {}
    for name, entry in read_yaml(FOLDER / "factors.yaml").items():
        neutral = entry.pop("neutral")
        found[name] = Factor(name=name, **entry, **{part: neutral.get(part, {}) for part in PARTS})
    return found
