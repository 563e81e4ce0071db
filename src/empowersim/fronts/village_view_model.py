"""The model that the village view steps: `EmpowermentModel` under slider values, with the reference policy beside it.

The reference lives the same luck, so the difference between the two is the policy's doing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.abm import EmpowermentModel
from empowersim.engine.metrics import empowerment_index
from empowersim.engine.outputs import HOURS
from empowersim.fronts.numbers import number, percent
from empowersim.fronts.village_view_levers import MENTORS, Levers
from empowersim.fronts.village_view_map import lay_out, most_visited
from empowersim.fronts.village_view_plots import Mentor, Scene, Series
from empowersim.fronts.village_view_words import word
from empowersim.rules.month import Household

USES: Final = {
    "visits": ("visits",),
    "sessions": ("sessions",),
    "travel": ("travel",),
    "office": ("administration", "training"),
}
"""Parts of the chart of mentors' hours -> uses of `engine.outputs.HOURS`."""

_POVERTY: Final = ("poverty_headcount", "poverty_gap")


class VillageViewModel(EmpowermentModel):
    """One subdistrict under a policy whose mentors and places stand at slider values."""

    def __init__(self, levers: Levers, *, future: int = 1, rng: Any = None, **kwargs: float) -> None:
        """`future` 1 or more says which luck; `kwargs` are slider values (`Levers.changes`), those left out untouched.

        `rng` is not used: the luck is the scenario's seed and the future. Raises as `EmpowermentModel`.
        """
        del rng
        self.levers = levers
        self.values = {lever.name: kwargs.get(lever.name, lever.value) for lever in levers.levers}
        """Slider values in force."""
        common = {"rng": levers.seed, "households": levers.households, "months": levers.months, "replicate": future - 1}
        scenario = levers.scenario_with(kwargs)
        super().__init__(scenario, levers.policy, **common)
        self.reference = EmpowermentModel(scenario, scenario.reference, **common)
        """The reference policy of the file, in step with this model."""
        self.layout = lay_out(self.world.village_of, self.world.household_id, self.world.villages)
        count = self.world.mentors
        self._where = [-1] * count
        self._before = [-1] * count
        self._empowerment: list[float] = []
        self._reference_empowerment: list[float] = []
