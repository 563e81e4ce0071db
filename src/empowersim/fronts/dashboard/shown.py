"""What a screen shows of policies: names as people call them, a colour and a dash that each keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from empowersim.experiments.answer import Answer
from empowersim.experiments.live_file import clean_label
from empowersim.fronts.labels import Lang, bundled
from empowersim.fronts.plots import COLOURS, REFERENCE_COLOUR
from empowersim.results.comparison import Comparison

DASHES: Final = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
REFERENCE_DASH: Final = (4, 4)
MARKS: Final = ("circle", "square", "triangle-up", "diamond")
MOST: Final = len(COLOURS)
"""Policies beside the reference that can be told apart by colour."""


@dataclass(frozen=True)
class Look:
    """How a policy is drawn, everywhere."""

    colour: str
    dash: tuple[int, ...]
    mark: str


def look(slot: int | None) -> Look:
    """The look of a slot, 0 to `MOST` - 1; None is the reference."""
    if slot is None:
        return Look(REFERENCE_COLOUR, REFERENCE_DASH, "stroke")
    return Look(COLOURS[slot], DASHES[slot], MARKS[slot])


@dataclass(frozen=True)
class Shown:
    """A comparison on the screen, and the slot of each policy."""

    comparison: Comparison
    slots: Mapping[str, int]
    """Policy -> slot; the reference has none."""
    mix: str
    """The policy that is being changed."""
    baseline: str = ""
    """The reference of the scenario file; drawn in grey, whatever the others are compared with."""

    def look(self, policy: str) -> Look:
        """How a policy is drawn."""
        return look(self.slots.get(policy))

    def name(self, policy: str, lang: Lang) -> str:
        """What people call a policy: a bundled name in the language, a name that somebody typed as it was typed.

        One line, and no two alike: the second of a name carries a number.
        """
        return self._names(lang)[policy]

    def _names(self, lang: Lang) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for policy in (self.comparison.reference, *self.comparison.others):
            called = bundled(clean_label(self.comparison.label(policy, lang)), lang) or policy
            number, told = 1, called
            while told in found.values():
                number += 1
                told = f"{called} ({number})"
            found[policy] = told
        return found

    @cached_property
    def answer(self) -> Answer:
        """The answer that report and spreadsheet are made of, with colours as on the screen."""
        base = self.comparison.reference
        slotted = {slot: name for name, slot in self.slots.items() if name != base}
        # an empty slot keeps its colour for whoever comes next
        held = [slotted.get(slot, f"slot_{slot}") for slot in range(MOST)]
        rest = tuple(name for name in (*held, *self.comparison.others) if name != base)
        return Answer(replace(self.comparison, all_policies=tuple(dict.fromkeys((base, *rest)))))

    @property
    def ordered(self) -> tuple[str, ...]:
        """The mix, the others by slot, the reference last."""
        others = sorted((name for name in self.comparison.others), key=lambda name: self.slots.get(name, MOST))
        return (*others, self.comparison.reference)
