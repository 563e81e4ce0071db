"""What a simulation takes in: plain frozen values, already checked, in model units.

The scenario layer makes them; the engine never reads a file. Money is in rupiah of the price year
of the scenario. Amounts are those of the *represented* population (a district of `World.represents`
households); the engine scales them to the slice it simulates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Condition:
    """A household is eligible while ``low <= column <= high`` (column of `schema.HOUSEHOLD`).

    `observed` marks what the administration sees only with error: the programme's `targeting_noise`
    is added to the logarithm of the column (use it for consumption).
    """

    column: str
    low: float = -np.inf
    high: float = np.inf
    observed: bool = False


@dataclass(frozen=True)
class Programme:
    """One programme as offered under one policy.

    `number` (0 to 2**32 - 1) is the programme's address in the random numbers: it must depend on the
    programme alone, so that the same household answers the same offer alike under every policy.
    """

    name: str
    number: int
    conditions: tuple[Condition, ...]
    doses: dict[str, float]
    """Channel (`schema.CHANNELS`) -> dose a month; grants are paid once, in the first month."""
    duration: int
    """Months from start to end of a place."""
    take_up: float
    """Probability that an eligible household accepts, 0 to 1; drawn once in its life."""
    drop_out: float = 0.0
    """Monthly hazard of leaving before the end."""
    priority: str = "lottery"
    """Who comes first: `lottery`, `poorest_first`, `neediest_first` (lowest empowerment), `most_motivated`."""
    targeting_noise: float = 0.0
    """Standard deviation (log) of what the administration sees of consumption."""
    places_per_year: float = 0.0
    """Places of the represented district."""
    first_intake: int = 0
    """Month of the first intake (0 = first month of the policy)."""
    intake_every: int = 3
    """Months between intakes."""
    last_intake: int = 10**6
    once: bool = True
    """A household takes part at most once."""
    per_child: bool = False
    """Stipend, grants and monthly cost are per child of school age."""
    cost_per_place: float = 0.0
    """IDR once, when a place is filled (trainers, materials, venue; grants are counted apart)."""
    cost_per_month: float = 0.0
    """IDR a month for each enrolled household (or child); stipends are counted apart."""
    overhead: float = 0.0
    """Administration as a share of all other costs of the programme."""
    demand: float = 0.0
    """Graduates a household of the place at which the local market for the trade halves the worth of one more;
    0 = no limit."""
    partner_share: float = 0.0
    """Share of the cost that somebody other than the state pays (0-1)."""


@dataclass(frozen=True)
class CommunityProgramme:
    """Something given to whole villages: meetings that all may join, a road, a signal, a leader won over.

    Villages are served in the order of (mean income last month, id), the poorest first.
    """

    name: str
    number: int
    coverage: float
    """Share of the villages served (0-1)."""
    start: int = 0
    """Month in which it begins."""
    duration: int = 10**6
    """Months it runs; changes of `sets` and `scales` stay."""
    doses: dict[str, float] = field(default_factory=dict)
    """Channel -> dose a month for every household of a served village (no money)."""
    sets: dict[str, float] = field(default_factory=dict)
    """Column of `schema.VILLAGE` -> value it takes at the start."""
    scales: dict[str, float] = field(default_factory=dict)
    """Column of `schema.VILLAGE` -> factor at the start; the result is held within the column's bounds."""
    travel_factor: float = 1.0
    """Factor on mentors' travel time in blocks, weighted by the share of villages served."""
    cost_once: float = 0.0
    """IDR a village at the start."""
    cost_per_month: float = 0.0
    """IDR a village and month."""
    partner_share: float = 0.0


@dataclass(frozen=True)
class Travel:
    """What it costs a mentor to reach people, by region type (arrays in the order of REGION_TYPES)."""

    round_trip_hours: tuple[float, ...]
    visit_time_factor: tuple[float, ...]
    walk_hours: tuple[float, ...]
    sessions_per_trip: tuple[float, ...]
    visits_per_trip: tuple[float, ...]
    access: tuple[float, ...]
    trip_cost: tuple[float, ...]
    """IDR a trip."""
    signal_factor: tuple[float, ...]
    """Factor on administration time (1 = good signal)."""


@dataclass(frozen=True)
class Mentors:
    """The mentors of a policy, as full-time posts of the represented district."""

    posts: float = 0.0
    hours: float = 150.0
    """Working hours a month of a full-time post."""
    admin_hours: float = 20.0
    admin_hours_per_client: float = 0.12
    training_hours: float = 8.0
    session_hours: float = 2.75
    visit_hours: float = 0.75
    group_size: float = 25.0
    competence: float = 0.6
    """Competence (0-1) of a new mentor in each of the four roles."""
    role_mix: tuple[float, float, float, float] = (0.35, 0.30, 0.15, 0.20)
    """Shares of time with people: facilitative, educational, representational, technical; they sum to 1."""
    refresher: bool = False
    """A five-day course for every mentor once a year."""
    refresher_cost: float = 0.0
    """IDR a mentor and course."""
    coaching: bool = False
    """Supervisors coach (feedback, faster learning) instead of controlling."""
    supervisor_cost: float = 0.0
    """IDR a month for each post: its share of a supervisor."""
    peer_group: bool = False
    permanent: bool = False
    """Permanent status instead of a yearly contract."""
    pay_ratio: float = 1.0
    """Pay over the local minimum wage."""
    rotation: int = 0
    """Months after which mentors are moved to another area; 0 = never."""
    handover: bool = True
    """Old and new mentor visit together when an area changes hands."""
    local: bool = False
    """Mentors come from the place and speak its language."""
    coordination: bool = False
    """A desk with health, school, labour and civil registry offices: referrals succeed more often."""
    coordination_cost: float = 0.0
    """IDR a month for the represented district."""
    dynamics: bool = True
    """Mentors learn, tire and leave; False keeps them as they start."""
    trust_bonus: float = 0.0
    """Added to the trust at first meeting (local mentor, neighbour)."""
    pay_per_month: float = 0.0
    """IDR a month for a full-time post, all on-costs in."""
    session_cost: float = 0.0
    """IDR a group session (snacks, materials, room)."""
    rule: Literal[
        "equal",
        "round_robin",
        "neediest_first",
        "poorest_first",
        "near_threshold",
        "random",
        "cluster",
        "responsive",
        "max_gain",
        "two_tier",
    ] = "round_robin"
    observation_noise: float = 0.0
    """Standard deviation (log) of the consumption that mentors go by in `poorest_first` and `near_threshold`."""
    resident: bool = False
    """Mentors live where they work: the round trip is `resident_round_trip` hours."""
    resident_round_trip: float = 1.0
    resident_trip_cost: float = 0.0
    """IDR a trip of a resident mentor."""
    where: tuple[float, ...] = ()
    """Weight of each region type (`schema.REGION_TYPES`) in sharing posts among subdistricts; empty = all alike."""


@dataclass(frozen=True)
class Policy:
    """Programmes and mentors that run together from month 0 on."""

    name: str
    programmes: tuple[Programme, ...] = ()
    mentors: Mentors = field(default_factory=Mentors)
    community: tuple[CommunityProgramme, ...] = ()
    sharing: Literal["equal", "by_poverty", "poorest_half"] = "equal"
    """How places and posts are shared among subdistricts: by households, by poor households, or by poor
    households within the poorer half of the subdistricts."""
    end: int = 10**6
    """Month in which everything stops (intakes, doses, visits), to see what lasts."""


@dataclass(frozen=True)
class Households:
    """Observed households before the model starts; arrays of length n, ascending in `household_id`.

    Consumption is a ratio to the poverty line (1 = the line). `welfare_score` is its standard normal
    score in its region: where the household stands, in standard deviations.
    """

    household_id: NDArray[np.int64]
    village: NDArray[np.int32]
    """Index into `Villages`, ascending: households of a village stand together."""
    consumption: FloatArray
    welfare_score: FloatArray
    size: FloatArray
    children: FloatArray
    schooling_years: FloatArray
    female_head: FloatArray
    literacy: FloatArray
    in_school: FloatArray
    illness: FloatArray
    """0, 1 or 2; -1 where unknown (drawn at the model's own prevalence)."""


@dataclass(frozen=True)
class Villages:
    """Villages; arrays of length v. `context` has one row a `schema.VILLAGE` column."""

    village_id: NDArray[np.int64]
    subdistrict: NDArray[np.int32]
    """Index of the subdistrict, ascending: villages of a subdistrict stand together."""
    region: NDArray[np.int32]
    """Index into REGION_TYPES; the same for all villages of a subdistrict."""
    context: FloatArray
    """Shape (len(schema.VILLAGE), v)."""


@dataclass(frozen=True)
class StreamedPopulation:
    """Subdistricts of a population that are made when they are needed; arrays of length s, one a subdistrict.

    Every one holds at least one household.
    """

    households: NDArray[np.int64]
    region: NDArray[np.int32]
    """Index into REGION_TYPES."""
    subdistrict_id: NDArray[np.int64]
    mean_line: np.float32
    """Poverty line (IDR/person/month), mean over the households."""
    represents: float
    make: Callable[[int, int], Population]
    """``make(first, last)``: the subdistricts first .. last - 1, the same bits every time; any thread may call."""
    notes: tuple[str, ...] = ()
    """As in `Population`."""

    @property
    def count(self) -> int:
        """Households simulated."""
        return int(self.households.sum())


@dataclass(frozen=True)
class Population:
    """Households in villages in subdistricts, standing for `represents` households."""

    households: Households
    villages: Villages
    subdistrict_id: NDArray[np.int64]
    represents: float
    notes: tuple[str, ...] = ()
    """What was imputed or assumed, in plain sentences, for the reader of the results."""

    @property
    def count(self) -> int:
        """Households simulated."""
        return int(self.households.household_id.size)

    @property
    def share(self) -> float:
        """Simulated share of the represented population."""
        return self.count / self.represents if self.represents else 0.0
