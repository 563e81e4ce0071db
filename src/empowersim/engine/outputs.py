"""What a simulation gives back: monthly means, a ledger of money and hours, and household vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


class Measure(NamedTuple):
    """A monthly mean of the simulated population."""

    name: str
    unit: str
    better: int
    """+1 where more is better, -1 where less is, 0 where neither."""
    meaning: str


MEASURES: Final[tuple[Measure, ...]] = (
    Measure("poverty_headcount", "share of persons", -1, "FGT P0: persons below the poverty line"),
    Measure("poverty_gap", "share of the line", -1, "FGT P1: mean shortfall of all persons, the non-poor counting 0"),
    Measure("squared_poverty_gap", "share of the line", -1, "FGT P2: mean squared shortfall"),
    Measure("mean_consumption", "IDR/person/month", 1, "mean consumption per person"),
    Measure("bottom40_consumption", "IDR/person/month", 1, "mean consumption of the poorest 40 % of persons"),
    Measure("literacy", "0-1", 1, "mean functional literacy of the least literate working adult"),
    Measure("health", "share of households", 1, "households without an earner who is ill"),
    Measure("schooling", "share of children", 1, "children of school age who are enrolled"),
    Measure("empowerment_index", "0-1", 1, "geometric index of income, literacy, health, say, voice, participation"),
    Measure("independence", "share of households", 1, "a year above 1.2 lines without transfer or mentor"),
    Measure("well_being", "SD", 1, "mean psychological well-being"),
    Measure("income", "IDR/person/month", 1, "mean earned income per person"),
    Measure("assets", "L", 1, "mean productive assets, months of the poverty-line budget"),
    Measure("job", "share of households", 1, "households with regular work"),
    Measure("child_learning", "SD", 1, "mean learning gained by tutoring, children of school age"),
    Measure("trust", "0-1", 1, "mean trust in the mentor"),
    Measure("visits", "visits/household/month", 0, "mean visits of mentors"),
    Measure(
        "multidimensional_headcount", "share of persons", -1, "Alkire-Foster H: deprived in a third of the weights"
    ),
    Measure("multidimensional_poverty", "0-1", -1, "Alkire-Foster M0: headcount times intensity"),
    Measure("gini", "0-1", -1, "Gini of consumption per person"),
    Measure("vulnerable", "share of households", -1, "below the line at least once in the last 24 months"),
    Measure("chronic_poverty", "share of households", -1, "below the line in half of the months or more"),
    Measure("transient_poverty", "share of households", -1, "below the line in some months, less than half"),
    Measure("sustained_exit", "share of households", 1, "poor when the policies began, above the line for a year"),
    Measure("say", "SD", 1, "mean empowerment: say in decisions, control over own life"),
    Measure("voice", "SD", 1, "mean voice in the community and towards the state"),
    Measure("motivation", "0-1", 1, "mean will to take part and act"),
    Measure("claims", "0-1", 1, "mean share of missing entitlements obtained"),
    Measure("child_growth", "SD", 1, "mean growth of small children above what it would be"),
    Measure("collective", "0-1", 1, "mean collective capability of the villages"),
    Measure("culture", "0-1", 1, "mean index of local values kept"),
    Measure("thefts", "per 1000 households and month", -1, "expected thefts"),
    Measure("enrolled", "share of households", 0, "households in at least one programme"),
)

MEASURE_ROW: Final[dict[str, int]] = {measure.name: row for row, measure in enumerate(MEASURES)}

HOURS: Final = ("available", "administration", "training", "travel", "sessions", "visits")
"""Uses of mentors' hours, in the order of `Run.hours`; `available` is the total to be used."""


MENTOR_SERIES: Final = ("posts", "vacant", "competence", "burnout", "departures", "clients", "visited")
"""Monthly series on mentors: posts, posts vacant, mean competence, mean burnout, departures, client households, clients
seen this month."""

STAGES: Final = ("unaware", "aware", "trained", "acting", "independent")
"""Where a household stands on its way at the end."""


CHANGE_FIGURES: Final = ("households", "persons", "better", "worse", "unchanged", "changed", "change")
"""What is counted of households against a reference; `changed` = end with another consumption, `change` = the sum of
differences in units of `Changes.change_unit`."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What became of the households of a streamed run against the reference: whole numbers of simulated households.

    Better, worse and unchanged are as in `experiments.economics.change_codes`.
    """

    by_class: NDArray[np.int64]
    """Shape (classes, len(CHANGE_FIGURES)): by class of consumption at the start, from the lowest up."""
    by_region: NDArray[np.int64]
    """Shape (len(REGION_TYPES), len(CHANGE_FIGURES))."""
    by_contact: NDArray[np.int64]
    """Shape (2, len(CHANGE_FIGURES)): touched under this policy or the reference, and not."""
    change_unit: float
    """L a month."""
    stages: NDArray[np.int64]
    """Shape (len(STAGES),)."""
    touched: int
    """Households ever enrolled or visited under this policy."""
    displaced: int
    """Households touched under the reference but not here."""
    untouched_worse: int
    """Households worse off though touched neither here nor there."""


@dataclass(frozen=True)
class Run:
    """One policy in one replicate. Money and places are those of the represented population.

    Months run from 0 (first month of the policy) to `months` - 1. A streamed run keeps no household: its household
    vectors are empty, and `changes` says what became of them.
    """

    policy: str
    replicate: int
    months: int
    represents: float
    """Households represented."""
    households: int
    """Households simulated."""
    monthly: Float64Array
    """Shape (len(MEASURES), months)."""
    programme_names: tuple[str, ...]
    places_offered: Float64Array
    """Shape (programmes, months): places offered in the month."""
    places_filled: Float64Array
    """Shape (programmes, months): households that started in the month."""
    applicants: Float64Array
    """Shape (programmes, months): eligible and willing households at an intake, waiting ones included."""
    enrolled: Float64Array
    """Shape (programmes, months): households holding a place."""
    programme_cost: Float64Array
    """Shape (programmes, months), IDR, overhead included."""
    hours: Float64Array
    """Shape (len(HOURS), months): mentors' hours by use."""
    mentor_cost: Float64Array
    """Shape (months,), IDR: pay, trips and sessions."""
    mentors: Float64Array
    """Shape (len(MENTOR_SERIES), months); counts are those of the represented district."""
    community_names: tuple[str, ...]
    community_cost: Float64Array
    """Shape (community programmes, months), IDR."""
    partner_cost: Float64Array
    """Shape (months,), IDR: the part of the cost that partners pay."""
    poor_household_months: Float64Array
    """Shape (months,): represented households below the line."""
    household_id: NDArray[np.int64]
    region: NDArray[np.int32]
    """Shape (households,): index into schema.REGION_TYPES."""
    subdistrict: NDArray[np.int32]
    size: NDArray[np.float32]
    start_consumption: NDArray[np.float32]
    """Shape (households,), L/month: consumption in the last month before the policy."""
    end_consumption: NDArray[np.float32]
    """Shape (households,), L/month: mean of the judged months (the last twelve)."""
    touched: NDArray[np.bool_]
    """Shape (households,): ever enrolled or visited under this policy."""

    stage: NDArray[np.int8]
    """Shape (households,): index into STAGES at the end."""
    changes: Changes | None = None
    """Against the reference; None where households are kept."""

    @property
    def cost(self) -> Float64Array:
        """Cost of the policy by month, IDR."""
        total: Float64Array = self.programme_cost.sum(axis=0) + self.community_cost.sum(axis=0) + self.mentor_cost
        return total

    def series(self, measure: str) -> Float64Array:
        """Monthly values of one measure; KeyError if there is none of that name."""
        values: Float64Array = self.monthly[MEASURE_ROW[measure]]
        return values
