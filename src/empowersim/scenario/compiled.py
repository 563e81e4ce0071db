"""A scenario in the engine's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from empowersim.engine.inputs import Policy, Population, StreamedPopulation, Travel
from empowersim.parameters.places import Place
from empowersim.scenario.documents import Scenario
from empowersim.schema import VILLAGE_ROW


@dataclass(frozen=True)
class Compiled:
    """A scenario in the engine's terms."""

    scenario: Scenario
    policies: Mapping[str, Policy]
    parameters: Any
    """`parameters.Parameters`, with the values that the scenario changes."""
    travel: Travel
    place: Place
    """The place with the figures that the scenario changes."""
    village: Mapping[str, float] = field(default_factory=dict)
    """Column of `schema.VILLAGE` -> value that it has in every village (factors switched off)."""
    factors_off: tuple[str, ...] = ()
    """Factors that are switched off."""

    @property
    def represents(self) -> float:
        """Households that the simulated ones stand for."""
        return float(self._survey.represents) if self.scenario.survey is not None else self.place.households

    @property
    def data_digest(self) -> str:
        """Digest of the survey file that is read; empty where there is none."""
        return str(self._survey.read.digest) if self.scenario.survey is not None else ""

    def population(self, households: int | None = None, seed: int | None = None, replicate: int = 0) -> Population:
        """Make the households of one replicate; what is None stands in the scenario.

        `households` 1 or more; with a survey None means each of its households once. `seed` and `replicate` 0 to
        2**32 - 1. Raises `PopulationError`.
        """
        count, chosen_seed = self._asked(households, seed)
        if self.scenario.survey is not None:
            found: Population = self._survey.population(count, chosen_seed, replicate, self.parameters)
        else:
            from empowersim.engine.synthetic import synthetic

            assert count is not None
            found = synthetic(
                self.place, households=count, seed=chosen_seed, replicate=replicate, parameters=self.parameters
            )
        return _with_columns(found, self.village)

    def streamed(
        self, households: int | None = None, seed: int | None = None, replicate: int = 0
    ) -> StreamedPopulation:
        """The same households as `population`, made subdistrict by subdistrict; those of a survey are in memory."""
        if self.scenario.survey is not None:
            from empowersim.engine.stream import streamed_of

            return streamed_of(self.population(households, seed, replicate))
        from empowersim.engine.synthetic import synthetic_streamed

        count, chosen_seed = self._asked(households, seed)
        assert count is not None
        found = synthetic_streamed(self.place, households=count, seed=chosen_seed, replicate=replicate)
        if not self.village:
            return found
        line = self.village.get("line", found.mean_line)
        return replace(
            found,
            mean_line=np.float32(line),
            make=lambda first, last: _with_columns(found.make(first, last), self.village),
        )

    def _asked(self, households: int | None, seed: int | None) -> tuple[int | None, int]:
        """Number of households and seed: what is None stands in the scenario."""
        settings = self.scenario.settings
        return (settings.households if households is None else households, settings.seed if seed is None else seed)

    @cached_property
    def _survey(self) -> Any:
        """`SurveySource` of the scenario; Any, because it is imported only where a survey is used."""
        from empowersim.scenario.survey_source import SurveySource

        survey = self.scenario.survey
        assert survey is not None
        return SurveySource(self.scenario, survey, self.place)


def _with_columns(population: Population, columns: Mapping[str, float]) -> Population:
    """The population with some columns of all villages set to one value each."""
    if not columns:
        return population
    context = population.villages.context.copy()
    for name, value in columns.items():
        context[VILLAGE_ROW[name]] = value
    return replace(population, villages=replace(population.villages, context=context))
