"""What a trial file describes: a study, as frozen plain values in model units.

A trial file is a reading of one published (or planned) study. Money in the file is in the study's own currency;
here it is in L, one month of the poverty-line budget of a household, of which the file gives the price.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Context:
    """Where the study took place: the only things that may differ between studies beside what was done."""

    consumption: float = 1.0
    """Median consumption of households, L a month (1 = the poverty line)."""
    spread: float = 0.45
    """Standard deviation of log consumption between households."""
    household_size: float = 5.0
    """Persons of a household."""
    children: float = 2.0
    """Members of school age."""
    schooling_years: float = 5.0
    schooling_spread: float = 3.0
    """Standard deviation of the years of schooling."""
    female_heads: float = 0.2
    """Share (0-1) of households headed by a woman."""
    enrolled: float = 0.9
    """Share (0-1) of households whose children go to school at the start."""
    literacy: float = 0.5
    """Mean functional literacy (0-1) of the least literate working adult; a school grade is 1/6."""
    literacy_spread: float = 0.25
    """Standard deviation of the same."""
    village_share: float = 0.15
    """Share (0-1) of the variance of log consumption that lies between villages."""
    own_assets: float = 0.0
    """Shift of the accustomed level of productive assets against the model's mean, k units."""
    own_food: float = 0.0
    """Food grown for own use, L a month: consumption that is no income in a survey of earnings."""
    villages: dict[str, float] = field(default_factory=dict)
    """Column of `schema.VILLAGE` -> value of all villages; columns left out have the defaults of `NEUTRAL`."""
    trap: bool = False
    """Poverty-trap world."""


NEUTRAL: dict[str, float] = {
    "wage_supply": 0.8,
    "market_access": 1.0,
    "growth": 0.0,
    "asset_death_hazard": 0.012,
    "shock_hazard": 0.0,
    "shock_size": 0.0,
    "spread": 1.0,
    "morbidity": 1.0,
    "rural": 1.0,
    "pace": 1.0,
    "line": 1.0,
    "venue_hours": 0.0,
    "outsider_trust": 0.15,
    "missing_entitlement": 0.0,
    "health_access": 1.0,
    "signal": 1.0,
    "adat": 0.0,
    "leader": 0.5,
    "harvest_start": 0.0,
    "harvest_length": 0.0,
    "theft_hazard": 0.0,
    "regular_work": 1.0,
    "distant_work": 0.0,
}
"""Context columns of a village in a study that says nothing about them."""


@dataclass(frozen=True)
class Sample:
    """How many households the study looks at, before eligibility."""

    villages: int = 100
    households_per_village: int = 50


@dataclass(frozen=True)
class Limit:
    """Eligible while ``low <= column <= high`` at baseline; `column` of `schema.HOUSEHOLD`."""

    column: str
    low: float = float("-inf")
    high: float = float("inf")


@dataclass(frozen=True)
class Eligibility:
    """Who is studied. `poorest` is a share (0-1] of households, by consumption as the ranking sees it."""

    poorest: float = 1.0
    ranking_noise: float = 0.5
    """Standard deviation (log) of the ranking's error on consumption."""
    weight_on_assets: float = 0.15
    """How much few productive assets count in the ranking, log consumption a k unit."""
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Component:
    """One thing an arm gives.

    `doses`: channel of `schema.CHANNELS` -> dose a month; money channels (`asset_grant`, `cash_grant`, `stipend`) in L;
    grants are paid once, in month `first`. `share` of the takers get the component (1 = all), by lot.
    """

    doses: dict[str, float]
    first: int = 1
    """Month in which it begins, 1 = the first month of the study."""
    months: int = 1
    drop_out: float = 0.0
    """Monthly hazard of leaving it."""
    share: float = 1.0


@dataclass(frozen=True)
class Force:
    """A state that an arm imposes on its households, as nature does: `column` is set to `value` before each month."""

    column: str
    value: float
    first: int = 1
    months: int = 1


@dataclass(frozen=True)
class Arm:
    """One arm. The arm without components is the comparison."""

    name: str
    components: tuple[Component, ...] = ()
    take_up: float = 1.0
    """Share of those offered who accept; the same draw for every component and every arm."""
    forces: tuple[Force, ...] = ()
    share: float = 1.0
    """Weight of the arm in the assignment."""


@dataclass(frozen=True)
class Wave:
    """One survey. Month 0 is the baseline, before anything is given."""

    name: str
    month: int
    attrition: float = 0.0
    """Share (0-1) of the sample that is not found again, at random."""


@dataclass(frozen=True)
class Estimate:
    """What the authors estimated: one number of a table.

    `outcome` is a name of `trials.survey.OUTCOMES`. `scale`: `sd` (of the comparison arm), `percent` (of its mean),
    `points` (percentage points of a share), `level` (the outcome's own unit), `odds_ratio`.
    """

    name: str
    outcome: str
    arm: str
    against: str
    wave: str
    scale: str = "percent"
    on: str = "offered"
    """`offered` (intention to treat) or `treated` (those who accepted against those who would have)."""


@dataclass(frozen=True)
class Trial:
    """A study, ready to be drawn."""

    name: str
    title: str
    source: str
    context: Context
    sample: Sample
    eligibility: Eligibility
    arms: tuple[Arm, ...]
    waves: tuple[Wave, ...]
    estimates: tuple[Estimate, ...] = ()
    unit: str = "village"
    """Unit of randomisation: `household` or `village`."""
    competence: float = 0.6
    """Competence (0-1) of those who visit."""
    reach: float = 1.0
    """Share of the eligible households of a village that the offer reaches (coverage)."""
    currency: str = "L"
    line: float = 1.0
    """One month of a household's poverty-line budget in that currency."""
    burn_in: int = 24
    file: str = ""
    digest: str = ""

    def arm(self, name: str) -> Arm:
        """The arm called `name`; KeyError if there is none."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)

    def wave(self, name: str) -> Wave:
        """The survey called `name`; KeyError if there is none."""
        for wave in self.waves:
            if wave.name == name:
                return wave
        raise KeyError(name)
