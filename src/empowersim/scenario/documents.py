"""The frozen values that a checked scenario file becomes. Money in IDR, time in months, shares 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from empowersim.errors import SimulationError
from empowersim.scenario.document import Node

GRANT_CHANNELS: Final = ("asset_grant", "cash_grant")
"""Channels given once, at the start."""

ROLES: Final = ("facilitative", "educational", "representational", "technical")
"""Roles of a mentor, in the order of `engine.inputs.Mentors.role_mix`."""


@dataclass(frozen=True)
class Settings:
    """Size and length of a run."""

    households: int | None
    """None: each household of a survey once."""
    months: int
    burn_in: int
    replicates: int
    seed: int
    discount_rate: float
    """A year."""


class BothWorlds(Enum):
    """Stands in `World.trap` where a file asks for both worlds.

    Neither true nor false: whoever takes it for one of them gets a `SimulationError`, so that no world is chosen in
    silence. `scenario.worlds` turns such a scenario into one for each world.
    """

    BOTH = "both"

    def __bool__(self) -> bool:
        raise SimulationError(ONE_WORLD)


BOTH: Final = BothWorlds.BOTH

ONE_WORLD: Final = (
    "base.world.trap: expected one world (yes or no), found both; add --world no_trap or --world trap, or in Python "
    "take the scenarios of scenario.worlds.worlds() one by one; compare_worlds() and --world both of compare and run "
    "show both"
)
"""What is said where one world is needed."""


@dataclass(frozen=True)
class World:
    """Where people live. None: as the place has it."""

    place: str
    households: int | None
    poverty_line: float | None
    """IDR a person and month."""
    poverty_rate: float | None
    price_year: int | None
    trap: bool | BothWorlds
    """Productive assets follow a curve with a poverty trap; or both worlds are asked for."""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SurveyDocument:
    """Households from a survey."""

    file: str
    folders: tuple[str, ...]
    kind: str
    columns: Mapping[str, Any]
    headcount: float | None
    poverty_line: float | None
    region_type: str | None
    obtain: str
    node: Node = field(compare=False, repr=False)


@dataclass(frozen=True)
class ConditionDocument:
    """Bounds of one column."""

    column: str
    low: float
    high: float
    observed: bool


@dataclass(frozen=True)
class ProgrammeDocument:
    """One programme of a policy, all figures resolved. Money in IDR, time in months."""

    name: str
    label: Mapping[str, str]
    meaning: str
    budget: float | None
    """IDR a year."""
    places: float | None
    """Places a year."""
    conditions: tuple[ConditionDocument, ...]
    targeting_noise: float
    priority: str
    take_up: float
    drop_out: float
    duration: int
    gives: Mapping[str, float]
    """Channel -> courses over the whole length, dose a month, share, IDR a month or IDR once."""
    demand: Mapping[str, float]
    """Region type -> graduates a household at which the worth of one more halves; empty = no limit."""
    partner: float
    """Share of the cost that a partner pays, 0 to 1."""
    per_child: bool
    children: float
    cost_per_place: float
    cost_per_month: float
    overhead: float
    first_intake: int
    last_intake: int | None
    intake_every: int
    once: bool
    node: Node = field(compare=False, repr=False)

    @property
    def heads(self) -> float:
        """Children (or one household) that monthly cost and stipend are counted for."""
        return self.children if self.per_child else 1.0

    @property
    def unit_cost(self) -> float:
        """Full cost of a place held to its end, IDR, overhead in."""
        monthly = (self.cost_per_month + self.gives.get("stipend", 0.0)) * self.heads * self.duration
        grants = sum(self.gives.get(channel, 0.0) for channel in GRANT_CHANNELS) * self.heads
        return (self.cost_per_place + monthly + grants) * (1.0 + self.overhead)

    @property
    def places_per_year(self) -> float:
        """Places a year, from the budget where that is what the file gives; 0 without either."""
        if self.places is not None:
            return self.places
        if self.budget is None or self.unit_cost <= 0.0:
            return 0.0
        return self.budget / self.unit_cost

    @property
    def cost_per_year(self) -> float:
        """Cost of a year in which all places are filled and kept, IDR."""
        return self.places_per_year * self.unit_cost


@dataclass(frozen=True)
class CommunityDocument:
    """One community programme of a policy, all figures resolved. Money in IDR, time in months."""

    name: str
    label: Mapping[str, str]
    meaning: str
    coverage: float | None
    """Share of the villages served; None where a budget decides."""
    budget: float | None
    """IDR a year, on average over the run."""
    start: int
    duration: int | None
    """None: to the end."""
    gives: Mapping[str, float]
    """Channel -> dose a month for every household of a served village."""
    sets: Mapping[str, float]
    """Column of a village -> value."""
    scales: Mapping[str, float]
    """Column of a village -> factor."""
    travel_factor: float
    cost_once: float
    cost_per_month: float
    partner: float
    node: Node = field(compare=False, repr=False)


@dataclass(frozen=True)
class MentorsDocument:
    """The mentors of a policy, all figures resolved. Money in IDR, hours a month."""

    count: float | None
    budget: float | None
    type: str
    pay: float
    wage_share: float
    """Part of the pay that the mentor takes home, 0 to 1."""
    training: float
    """IDR a post and year, on top of the refresher."""
    allowance: float
    competence: float
    role_mix: Mapping[str, float]
    """Role -> share of the time with people; they sum to 1."""
    refresher: bool
    refresher_cost: float
    coaching: bool
    supervisor_pay: float
    """IDR a month."""
    posts_per_supervisor: float
    peer_group: bool
    permanent: bool
    rotation: int
    """Months between moves to another area; 0 = never."""
    handover: bool
    local: bool
    trust_bonus: float
    resident: bool
    resident_round_trip: float
    resident_trip_cost: float
    coordination: bool
    coordination_cost: float
    """IDR a month for the whole place."""
    dynamics: bool
    rule: str
    observation_noise: float
    visits: float
    sessions: float
    hours: float
    admin_hours: float
    admin_hours_per_client: float
    training_hours: float
    session_hours: float
    visit_hours: float
    group_size: float
    session_cost: float
    where: Mapping[str, float] = field(default_factory=dict)
    """Region type -> weight in sharing posts, all of them; empty = posts go where places go."""
    node: Node | None = field(default=None, compare=False, repr=False)

    @property
    def any(self) -> bool:
        """Whether there are mentors at all."""
        return bool(self.count or self.budget)

    @property
    def pay_per_month(self) -> float:
        """Pay of a post a month with other training and the allowance of residents, IDR; no course or supervision."""
        return self.pay + self.training / 12.0 + (self.allowance if self.resident else 0.0)

    @property
    def supervisor_cost(self) -> float:
        """Share of a post in its coaching supervisor, IDR a month; control without coaching is not counted."""
        return self.supervisor_pay / self.posts_per_supervisor if self.coaching else 0.0

    @property
    def cost_per_month(self) -> float:
        """Cost of a filled post a month without trips and sessions, IDR."""
        course = self.refresher_cost / 12.0 if self.refresher else 0.0
        return self.pay_per_month + course + self.supervisor_cost

    @property
    def desk_cost(self) -> float:
        """Cost of the coordination desk a month, IDR."""
        return self.coordination_cost if self.coordination else 0.0

    @property
    def take_home(self) -> float:
        """What a mentor takes home a month, IDR."""
        return self.pay * self.wage_share + (self.allowance if self.resident else 0.0)


@dataclass(frozen=True)
class PolicyDocument:
    """One policy, resolved."""

    name: str
    label: Mapping[str, str]
    note: str
    programmes: tuple[ProgrammeDocument, ...]
    mentors: MentorsDocument
    runs_for: int | None
    community: tuple[CommunityDocument, ...] = ()
    sharing: str = "equal"


@dataclass(frozen=True)
class Scenario:
    """A checked scenario file."""

    name: str
    title: Mapping[str, str]
    note: str
    path: str
    digest: str
    """Of the resolved content, not of the formatting; 16 hexadecimal digits."""
    reference: str
    settings: Settings
    world: World
    survey: SurveyDocument | None
    parameters: Mapping[str, float]
    policies: Mapping[str, PolicyDocument]
    factors: tuple[str, ...] = ()
    """Factors that are switched off, in the order of the registry."""
    survey_path: str = ""
    """File that the user names instead of the one the scenario names."""

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Policy -> language -> label."""
        return {name: dict(policy.label) for name, policy in self.policies.items()}

    @property
    def price_year(self) -> int | None:
        """Year of all prices, as the file or the place has it."""
        if self.world.price_year is not None:
            return self.world.price_year
        return self.place.price_year if self.place is not None else None

    @property
    def place(self) -> Any:
        """`parameters.places.Place` that the scenario names."""
        from empowersim.parameters.places import places

        return places()[self.world.place]
