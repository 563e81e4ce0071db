"""The model that the village view steps: `EmpowermentModel` under slider values, with the reference policy beside it.

The reference lives the same luck, so the difference between the two is the policy's doing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim.abm import EmpowermentModel
from empowersim.engine.outputs import HOURS
from empowersim.fronts.numbers import number, percent
from empowersim.fronts.village_view_levers import MENTORS, Levers
from empowersim.fronts.village_view_map import lay_out, most_visited
from empowersim.fronts.village_view_plots import Mentor, Scene, Series
from empowersim.fronts.village_view_words import word

USES: Final = {
    "visits": ("visits",),
    "sessions": ("sessions",),
    "travel": ("travel",),
    "office": ("administration", "training"),
}
"""Parts of the chart of mentors' hours -> uses of `engine.outputs.HOURS`."""


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
        common: dict[str, Any] = {
            "rng": levers.seed,
            "households": levers.households,
            "months": levers.months,
            "replicate": future - 1,
        }
        super().__init__(levers.scenario_with(kwargs), levers.policy, **common)
        self.reference = EmpowermentModel(levers.scenario, levers.scenario.reference, **common)
        """The reference policy as the file has it, in step with this model."""
        self.layout = lay_out(self.state.village_of, self.column("household_id"), self.state.villages)
        count = self.state.mentors
        self._where = [-1] * count
        self._before = [-1] * count
        self._empowerment: list[float] = []
        self._reference_empowerment: list[float] = []

    def step(self) -> None:
        """Live one month under both policies; after the last month nothing happens any more."""
        if not self.running:
            self.steps = self.month  # Mesa counts calls
            return
        super().step()
        self.reference.step()
        self._follow_mentors()
        self._empowerment.append(_mean_index(self))
        self._reference_empowerment.append(_mean_index(self.reference))

    def scene(self) -> Scene:
        """What the map shows of this month."""
        vacant = self.mentor_column("vacant") > 0.0 if self._where else np.zeros(0)
        return Scene(
            month=self.month,
            layout=self.layout,
            consumption=self.column("consumption"),
            empowerment=self.column("empowerment_index"),
            enrolled=self.column("holds_place"),
            poor_share=self.village_column("mean_poor"),
            mentors=tuple(
                Mentor(str(mentor + 1), here, before, bool(away))
                for mentor, (here, before, away) in enumerate(zip(self._where, self._before, vacant, strict=True))
            ),
        )

    def series(self) -> Series:
        """What the charts show of the months lived."""
        run, other = self.so_far, self.reference.so_far
        lived = slice(0, self.month)
        uses = dict(zip(HOURS, run.hours[:, lived] * self.levers.share, strict=True))
        return Series(
            months=self.months,
            headcount=run.series("poverty_headcount")[lived].tolist(),
            gap=run.series("poverty_gap")[lived].tolist(),
            empowerment=list(self._empowerment),
            reference_headcount=other.series("poverty_headcount")[lived].tolist(),
            reference_gap=other.series("poverty_gap")[lived].tolist(),
            reference_empowerment=list(self._reference_empowerment),
            hours={name: sum(uses[use] for use in parts).tolist() for name, parts in USES.items()},
            reference=self.levers.label(self.levers.scenario.reference),
        )

    def sentence(self) -> str:
        """The state in one sentence."""
        lang = self.levers.lang
        if self.month == 0:
            return word("start", lang).format(
                households=number(self.levers.households, 0, lang),
                villages=number(self.state.villages, 0, lang),
                mentors=self._mentors_said(),
            )
        series = self.series()
        said = word("state", lang).format(
            month=self.month,
            poor=percent(series.headcount[-1], 1, lang),
            poor_reference=percent(series.reference_headcount[-1], 1, lang),
            reference=series.reference,
            gap=percent(series.gap[-1], 1, lang),
            index=number(series.empowerment[-1], 3, lang),
            index_reference=number(series.reference_empowerment[-1], 3, lang),
            enrolled=number(int(self.column("holds_place").sum()), 0, lang),
            visits=number(float(self.column("visits").sum()), 0, lang),
            mentors=self._mentors_said(),
        )
        return said if self.running else said + word("end", lang)

    def _mentors_said(self) -> str:
        count, posts = len(self._where), self.values[MENTORS]
        name = "none" if count == 0 else "one" if count == 1 else "many"
        lang = self.levers.lang
        return word(name, lang).format(count=number(count, 0, lang), posts=number(posts, 1, lang))

    def _follow_mentors(self) -> None:
        """Where each mentor visited most in the month lived; one who visited nobody stays where it was."""
        visits = self.column("visits")
        self._before = self._where
        found = [
            most_visited(visits, self.state.village_of, np.flatnonzero(self.state.mentor_of == mentor))
            for mentor in range(len(self._where))
        ]
        self._where = [now if now >= 0 else was for now, was in zip(found, self._before, strict=True)]


def _mean_index(model: EmpowermentModel) -> float:
    """Mean empowerment index of the households now; the engine sums it itself in some months only."""
    return float(np.mean(model.column("empowerment_index"), dtype=np.float64))
