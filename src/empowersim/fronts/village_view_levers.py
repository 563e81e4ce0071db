"""The sliders of the village view: mentors and places of one subdistrict, as changes of the scenario file.

A policy counts mentors and places for everybody that the scenario represents; a slider counts them for the households
of the view. A slider that nobody moved changes nothing, so the page begins with the policy as the file has it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.asked import known_name, known_policy, whole_number
from empowersim.fronts.numbers import Lang
from empowersim.fronts.village_view_words import word
from empowersim.scenario import ready
from empowersim.scenario.changes import Changeable
from empowersim.scenario.compile import compile_scenario

if TYPE_CHECKING:
    from empowersim.scenario.documents import Scenario

HOUSEHOLDS: Final = 600
"""Households of a view unless told otherwise: one subdistrict, and a month is drawn in a blink."""
FEWEST: Final = 50
MOST: Final = 3000
"""Households beyond which dots can no longer be told apart."""
FUTURES: Final = 20

MENTORS: Final = "mentors"
_PLACES: Final = "places_"
_TENTH: Final = 0.1
_FEWEST_MENTORS: Final = 6
_FEWEST_PLACES: Final = 40
_REACH: Final = 4.0
"""Sliders reach to this multiple of what the policy has, if that is more than the fewest."""


@dataclass(frozen=True)
class Lever:
    """One slider."""

    name: str
    """Argument of the model."""
    label: str
    value: float
    """What the policy of the file comes to in this subdistrict, rounded to `step`."""
    exact: float
    """The same, not rounded."""
    most: float
    step: float
    whole: bool
    path: str
    """Key path of the policy's part in the scenario file."""

    def as_slider(self) -> dict[str, Any]:
        """The slider as Mesa's SolaraViz takes it."""
        numbers = {"value": self.value, "min": 0.0, "max": self.most, "step": self.step}
        if self.whole:
            numbers = {name: int(number) for name, number in numbers.items()}
        return {"type": "SliderInt" if self.whole else "SliderFloat", "label": self.label, **numbers}


class Levers:
    """A scenario file, one of its policies, and what may be moved."""

    def __init__(
        self,
        file: str | os.PathLike[str],
        policy: str | None = None,
        *,
        households: int | None = None,
        months: int | None = None,
        world: str = "file",
        survey: str | os.PathLike[str] | None = None,
        lang: Lang = "en",
    ) -> None:
        """Read a scenario file (or the ready scenario of that name).

        `policy`: None = the last policy of the file that has mentors, else the last. `households` 50 to 3000 (default
        600); `months` 1 or more (default: as the file says); `world`: file, trap or no_trap. Raises `ScenarioError` and
        `SimulationError`.
        """
        known_name(lang, ("en", "id"), "lang", "a language")
        known_name(world, ("file", "trap", "no_trap"), "world", "a world")
        path = ready.find(file)
        self._file = Changeable(path, survey=survey)
        self._fixed = {} if world == "file" else {"base.world.trap": "yes" if world == "trap" else "no"}
        self.lang = lang
        self.scenario: Scenario = self._file.scenario(self._fixed)
        self.policy = _chosen(self.scenario, policy)
        self.households = whole_number("households", HOUSEHOLDS if households is None else households, FEWEST, MOST)
        settings = self.scenario.settings
        self.months = whole_number("months", settings.months if months is None else months, 1)
        self.seed = settings.seed
        self._compiled = compile_scenario(self.scenario)
        self.share = self.households / self._compiled.represents
        """Part of the represented households that is in the view."""
        self.levers = self._levers()

    @property
    def title(self) -> str:
        """What people call the scenario."""
        title = self.scenario.title
        return title.get(self.lang) or self.scenario.name

    def label(self, policy: str) -> str:
        """What people call a policy of the file."""
        return self.scenario.policies[policy].label.get(self.lang) or policy.replace("_", " ")

    def with_policy(self, policy: str) -> Levers:
        """The same view under another policy of the file."""
        other = object.__new__(Levers)
        other.__dict__.update(self.__dict__)
        other.policy = _chosen(self.scenario, policy)
        other.levers = other._levers()
        return other

    def sliders(self) -> dict[str, Any]:
        """`model_params` of SolaraViz: sliders for mentors, for the places of each programme, and for the future."""
        found: dict[str, Any] = {lever.name: lever.as_slider() for lever in self.levers}
        future = {
            "type": "SliderInt",
            "label": word("future", self.lang),
            "value": 1,
            "min": 1,
            "max": FUTURES,
            "step": 1,
        }
        return {**found, "future": future}

    def changes(self, values: Mapping[str, float]) -> dict[str, str]:
        """Changes of the scenario file for slider values: key path -> text. Values that were not moved change nothing.

        A name that is no lever raises `KeyError`.
        """
        known = {lever.name: lever for lever in self.levers}
        changes: dict[str, str] = {}
        for name, value in values.items():
            lever = known[name]
            if math.isclose(value, lever.value, abs_tol=lever.step / 2.0):
                continue
            number = f"{value / self.share:.9f}"
            changes[f"{lever.path}.budget"] = "null"
            if name == MENTORS:
                changes[f"{lever.path}.count"] = f"{number} posts"
            else:
                changes[f"{lever.path}.places"] = f"{number} places/year"
        return changes

    def scenario_with(self, values: Mapping[str, float]) -> Scenario:
        """The scenario under slider values. Raises `ScenarioError` as a file would."""
        changes = self.changes(values)
        return self._file.scenario({**self._fixed, **changes}, origin="sliders") if changes else self.scenario

    def _levers(self) -> tuple[Lever, ...]:
        """Mentors of the policy, then places of each of its programmes."""
        policy = self._compiled.policies[self.policy]
        said = {
            one.name: one.label.get(self.lang) or one.name for one in self.scenario.policies[self.policy].programmes
        }
        posts = policy.mentors.posts * self.share
        found = [
            Lever(
                name=MENTORS,
                label=word("mentors_slider", self.lang),
                value=round(posts, 1),
                exact=posts,
                most=float(math.ceil(max(_FEWEST_MENTORS, _REACH * posts))),
                step=_TENTH,
                whole=False,
                path=f"policies.{self.policy}.mentors",
            )
        ]
        for programme in policy.programmes:
            places = programme.places_per_year * self.share
            most = 10 * math.ceil(max(_FEWEST_PLACES, _REACH * places) / 10)
            found.append(
                Lever(
                    name=_PLACES + programme.name,
                    label=word("places_slider", self.lang).format(programme=said[programme.name]),
                    value=float(round(places)),
                    exact=places,
                    most=float(max(min(most, self.households), round(places))),
                    step=1.0,
                    whole=True,
                    path=f"policies.{self.policy}.programmes.{programme.name}",
                )
            )
        return tuple(found)


def _chosen(scenario: Scenario, policy: str | None) -> str:
    if policy is not None:
        return known_policy(policy, scenario.policies, "policy")
    staffed = [name for name, one in scenario.policies.items() if one.mentors.count or one.mentors.budget]
    return staffed[-1] if staffed else list(scenario.policies)[-1]
