"""The model that the village view steps: `EmpowermentModel` under slider values, with the reference policy beside it.

The reference lives the same luck, so the difference between the two is the policy's doing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.abm import EmpowermentModel
from empowersim.engine.metrics import empowerment_index
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
