"""How large must a trial be to see the effect: the same study drawn many times, at several sizes and take-ups.

A textbook formula stands beside every simulated power. It knows the spread of the outcome, the likeness of neighbours
(intracluster correlation) and the sizes of clusters as measured in the draws, but none of the households; where the
two differ much, one of them is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError
from empowersim.experiments.asked import SEEDS, known_name, whole_number
from empowersim.experiments.executors import map_replicates
from empowersim.trials.estimate import Effect, effect, is_given
from empowersim.trials.model import Estimate, Trial

if TYPE_CHECKING:
    from empowersim.experiments.sheets import Sheet
    from empowersim.trials.run import Panel

Draw = Callable[..., "Panel"]
"""As `trials.run.draw`: (trial, parameters, *, seed, replicate) -> Panel."""
Progress = Callable[[int, int, str], None]
"""Called with the trials drawn, trials in all, and the design of the one just drawn."""

LEVEL: Final = 0.05
TARGET: Final = 0.8
"""Power that a trial is planned for."""
DRAWS: Final = 200
FEWEST_VILLAGES: Final = 4
"""Two villages of each of two arms: below that there is no standard error."""
_COVERAGE: Final = 0.95
_STEPS: Final = 100


@dataclass(frozen=True)
class Design:
    """One size of the trial."""

    villages: int
    households: int
    """Households of a village before eligibility."""
    take_up: float
    """Share (0-1] of those offered who accept."""

    def __str__(self) -> str:
        return f"{self.villages} villages x {self.households} households, take-up {100.0 * self.take_up:.3g} %"


@dataclass(frozen=True)
class Power:
    """What `draws` virtual trials of one design find. Effects and errors are on the scale of the estimate."""

    design: Design
    draws: int
    power: float
    """Share of the trials with p below the level."""
    low: float
    high: float
    """Ends of its 95 % Wilson interval."""
    estimate: float
    """Mean of the estimates that have a value."""
    spread: float
    """Standard deviation of the estimates between trials."""
    se: float
    """Mean of the standard errors that the trials report; near `spread` if they are honest."""
    true_value: float
    """Mean true effect."""
    covered: float
    """Share of the trials whose 95 % interval holds the true effect."""
    observations: float
    """Mean households found of the two arms."""
    clusters: float
    """Mean units of randomisation among them."""
    icc: float
    """Share (0-1) of the variance within arms that lies between villages."""
    formula_power: float
    """Power by the formula, for the mean estimate; NaN if there is no value."""
    detectable: float
    """Smallest effect that the formula gives the target power; of an odds ratio the ratio above 1.

    It follows from the spread of the outcome and the sizes; what is true or found does not enter.
    """
    planned: float
    """Effect that `villages_needed` is for: the true one; the mean estimate where the comparison gains, too.

    The truth hardly depends on how many trials were drawn, and a programme without effect has none. But a comparison
    that gains more than a twentieth of the true effect hides that part of it from every trial, however large. Against
    an arm that is given something the true effect is the difference already, and counts.
    """
    villages_needed: float
    """Villages, with as many households each, at which the formula gives the target power for the planned effect.

    Infinite if there is none.
    """


@dataclass(frozen=True)
class PowerTable:
    """Power of several designs for one estimate."""

    trial: str
    title: str
    estimate: Estimate
    unit: str
    """Unit of randomisation: `household` or `village`."""
    seed: int
    level: float
    target: float
    rows: tuple[Power, ...]

    def smallest(self, take_up: float | None = None) -> Power | None:
        """Return the row of the fewest households, then fewest villages, that reaches the target; None if none does.

        Only designs of that `take_up` if one is given.
        """
        enough = [row for row in self.rows if row.power >= self.target and take_up in (None, row.design.take_up)]
        return min(
            enough, key=lambda row: (row.design.villages * row.design.households, row.design.villages), default=None
        )

    def _repr_html_(self) -> str | None:
        """The table as notebooks show it."""
        names = ("villages", "households", "take_up", "power", "low", "high", "formula_power", "estimate", "true_value")
        return self.sheet().html(f"{self.title}: power to see {self.estimate.name}", names)

    def to_frame(self) -> Any:
        """Return the table as a pandas DataFrame: a row a design, columns as in `Design` and `Power`; needs pandas."""
        return self.sheet().to_pandas()

    def sheet(self) -> Sheet:
        """Return the table with units: a row a design, its columns as in `Design` and `Power`."""
        from empowersim.experiments.sheets import Sheet
        from empowersim.results.tables import TableColumn

        whole = ("villages", "households", "draws")
        units = {"villages": "villages", "households": "households", "draws": "trials", "clusters": "clusters"}
        of_estimate = ("estimate", "spread", "se", "true_value", "detectable", "planned")
        units |= dict.fromkeys(of_estimate, self.estimate.scale)
        names = (
            *("villages", "households", "take_up", "draws", "power", "low", "high", "formula_power", "estimate"),
            *("spread", "se", "true_value", "covered", "observations", "clusters", "icc", "detectable", "planned"),
            "villages_needed",
        )
        columns = tuple(
            TableColumn(name, "whole" if name in whole else "real", units.get(name, ""), name) for name in names
        )
        values = [asdict(row.design) | asdict(row) for row in self.rows]
        rows = [[row[name] for name in names] for row in values]
        return Sheet("power", columns, rows)


def power(
    trial: Trial,
    parameters: Any,
    *,
    estimate: str | Estimate,
    villages: Sequence[int] = (),
    households: Sequence[int] = (),
    take_up: Sequence[float] = (),
    draws: int = DRAWS,
    seed: int,
    level: float = LEVEL,
    target: float = TARGET,
    draw: Draw | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> PowerTable:
    """Draw a trial `draws` times at each size and say in how many the effect is seen.

    `villages`, `households` (of a village, before eligibility) and `take_up` (of the arms of the estimate that are
    given something) are crossed; an empty one stays as the trial has it. Trial r of every design shares its random
    numbers with trial r of the others. `estimate` is a name of the trial's estimates, or one of your own.

    The table does not depend on `workers` (threads). `draw` makes a virtual trial (`trials.run.draw`).
    `SimulationError` for sizes that cannot be drawn and names that the trial does not have.
    """
    asked = _asked(trial, estimate)
    whole_number("draws", draws, 1)
    whole_number("seed", seed, 0, SEEDS - 1)
    for name, value in (("level", level), ("target", target)):
        _share(name, value, below=True)
    drawing = _engine() if draw is None else draw
    designs = _designs(trial, asked, villages, households, take_up)
    trials = [_resized(trial, asked, design) for design in designs]
    items = [(place, replicate) for place in range(len(designs)) for replicate in range(draws)]

    def one(item: tuple[int, int]) -> _Found:
        place, replicate = item
        panel = drawing(trials[place], parameters, seed=seed, replicate=replicate)
        return _Found(effect(panel, trials[place], asked), _spread(panel, trials[place], asked))

    results = _told(map_replicates(one, items, max(1, workers)), items, designs, progress)
    rows = [
        _summary(design, results[place * draws : (place + 1) * draws], asked, trials[place], level, target)
        for place, design in enumerate(designs)
    ]
    return PowerTable(trial.name, trial.title, asked, trial.unit, seed, level, target, tuple(rows))


def wilson(hits: int, draws: int, coverage: float = _COVERAGE) -> tuple[float, float]:
    """Return the Wilson (1927) interval of a share of which `hits` of `draws` (1 or more) were seen."""
    from scipy.stats import norm

    z = float(norm.ppf((1.0 + coverage) / 2.0))
    share, weight = hits / draws, z * z / draws
    middle = (share + weight / 2.0) / (1.0 + weight)
    half = z * math.sqrt(share * (1.0 - share) / draws + weight / (4.0 * draws)) / (1.0 + weight)
    # the ends are exact where all or none were seen
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == draws else middle + half)


def formula_power(effect_in_errors: float, degrees: float, level: float = LEVEL) -> float:
    """Return the power of a two-sided t test when the effect is that many standard errors (noncentral t)."""
    from scipy.stats import nct, t

    if not (math.isfinite(effect_in_errors) and degrees > 0):
        return math.nan
    critical = float(t.ppf(1.0 - level / 2.0, degrees))
    size = abs(effect_in_errors)
    # beyond this the series of the noncentral t is of no use, and the answer is 1
    if size > critical + _STEPS:
        return 1.0
    return float(nct.sf(critical, degrees, size) + nct.cdf(-critical, degrees, size))


def detectable_errors(degrees: float, level: float = LEVEL, target: float = TARGET) -> float:
    """Return how many standard errors an effect must be for the formula to give it the target power."""
    if not degrees > 0:
        return math.nan
    low, high = 0.0, 1.0
    while formula_power(high, degrees, level) < target:
        low, high = high, 2.0 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if formula_power(middle, degrees, level) < target else (low, middle)
    return (low + high) / 2.0


# ---------------------------------------------------------------- designs


def _engine() -> Draw:
    from empowersim.trials.run import draw

    return draw


def _asked(trial: Trial, estimate: str | Estimate) -> Estimate:
    if isinstance(estimate, Estimate):
        return estimate
    named = {one.name: one for one in trial.estimates}
    return named[known_name(estimate, named, "--estimate", f"an estimate of {trial.name}")]


def _designs(
    trial: Trial, estimate: Estimate, villages: Sequence[int], households: Sequence[int], take_up: Sequence[float]
) -> list[Design]:
    """Every combination of the sizes, each once, in the order given."""
    arms = {arm.name: arm for arm in trial.arms}
    arm = arms[known_name(estimate.arm, arms, f"{estimate.name}: arm", "an arm of the trial")]
    sizes = [whole_number("villages", value, 1) for value in villages] or [trial.sample.villages]
    if trial.unit == "village":
        for size in sizes:
            if size < FEWEST_VILLAGES:
                raise SimulationError(
                    f"villages: expected {FEWEST_VILLAGES} or more, as villages are assigned, found {size}"
                )
    each = [whole_number("households", value, 1) for value in households] or [trial.sample.households_per_village]
    shares = [_share("take_up", value) for value in take_up] or [arm.take_up]
    return list(dict.fromkeys(Design(*one) for one in product(sizes, each, shares)))


def _share(name: str, value: float, *, below: bool = False) -> float:
    if not (0.0 < value < 1.0 or (value == 1.0 and not below)):
        most = "below 1" if below else "at most 1"
        raise SimulationError(f"{name}: expected a share above 0 and {most}, found {value!r}")
    return float(value)


def _resized(trial: Trial, estimate: Estimate, design: Design) -> Trial:
    """The trial in the size of a design."""
    sample = replace(trial.sample, villages=design.villages, households_per_village=design.households)
    arms = tuple(
        replace(arm, take_up=design.take_up) if arm.name in (estimate.arm, estimate.against) and is_given(arm) else arm
        for arm in trial.arms
    )
    return replace(trial, sample=sample, arms=arms)


# ---------------------------------------------------------------- one trial


@dataclass(frozen=True)
class _Spread:
    """What the formula needs of one trial."""

    variance: float
    """Of the outcome within arms."""
    icc: float
    counts: tuple[int, int]
    """Households found of the arm and of what it is set against."""
    likeness: float
    """Mean size of the village of a household: what the intracluster correlation is multiplied by."""
    accepted: float
    """Share of the arm that accepted."""


@dataclass(frozen=True)
class _Found:
    effect: Effect
    spread: _Spread


def _spread(panel: Panel, trial: Trial, estimate: Estimate) -> _Spread:
    """Variance within arms and intracluster correlation (analysis of variance, unequal sizes) of one trial."""
    names = [arm.name for arm in trial.arms]
    values = panel.measured[estimate.wave][estimate.outcome]
    found = panel.found[estimate.wave] & np.isfinite(values)
    of_arm = found & (panel.arm == names.index(estimate.arm))
    of_comparison = found & (panel.arm == names.index(estimate.against))
    seen = of_arm | of_comparison
    deviations = np.where(of_arm, values - values[of_arm].mean(), values - values[of_comparison].mean())[seen]
    # a village of which both arms have households counts as two
    village = np.unique(np.column_stack((panel.village, panel.arm))[seen], axis=0, return_inverse=True)[1].ravel()
    sizes = np.bincount(village).astype(np.float64)
    count, groups = float(deviations.size), float(sizes.size)
    variance = float((deviations**2).sum()) / max(count - 2.0, 1.0)
    return _Spread(
        variance=variance,
        icc=_icc(deviations, village, sizes),
        counts=(int(of_arm.sum()), int(of_comparison.sum())),
        likeness=float((sizes**2).sum() / count) if groups else math.nan,
        accepted=float(panel.accepted[of_arm].mean()),
    )


def _icc(deviations: NDArray[np.float64], village: NDArray[np.int64], sizes: NDArray[np.float64]) -> float:
    """Intracluster correlation of deviations from the means of two arms; NaN if every village has one household."""
    count, groups = float(deviations.size), float(sizes.size)
    if groups <= 2.0 or count <= groups:
        return math.nan
    means = np.bincount(village, deviations) / sizes
    between = float((sizes * means**2).sum()) / (groups - 2.0)
    within = float(((deviations - means[village]) ** 2).sum()) / (count - groups)
    typical = (count - float((sizes**2).sum()) / count) / (groups - 1.0)
    total = between + (typical - 1.0) * within
    return (between - within) / total if total > 0.0 else math.nan


def _told(
    results: Iterator[_Found], items: Sequence[tuple[int, int]], designs: Sequence[Design], progress: Progress | None
) -> list[_Found]:
    made = []
    for (place, _), found in zip(items, results, strict=True):
        made.append(found)
        if progress is not None:
            progress(len(made), len(items), str(designs[place]))
    return made


# ---------------------------------------------------------------- all trials of a design


def _summary(
    design: Design, found: Sequence[_Found], estimate: Estimate, trial: Trial, level: float, target: float
) -> Power:
    """Power of one design from its trials."""
    effects = [one.effect for one in found]
    hits = sum(1 for one in effects if one.p < level)
    low, high = wilson(hits, len(effects))
    values = _finite([one.value for one in effects])
    middle = _mean(values)
    icc = _mean(_finite([one.spread.icc for one in found]))
    degrees = _mean([one.degrees for one in effects])
    error = _formula_error(found, icc if trial.unit == "village" else 0.0, estimate)
    error *= _step(effects, estimate)
    planned = _planned(effects, middle, trial, estimate)
    least = detectable_errors(degrees, level, target)
    detectable = least * error
    return Power(
        design=design,
        draws=len(effects),
        power=hits / len(effects),
        low=low,
        high=high,
        estimate=middle,
        spread=float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
        se=_mean(_finite([one.se for one in effects])),
        true_value=_mean(_finite([one.true_value for one in effects])),
        covered=_mean([float(one.covered) for one in effects]),
        observations=_mean([float(one.observations) for one in effects]),
        clusters=_mean([float(one.clusters) for one in effects]),
        icc=icc,
        formula_power=formula_power(_in_errors(values, error, estimate.scale), degrees, level),
        detectable=math.exp(detectable) if estimate.scale == "odds_ratio" else detectable,
        planned=_mean(planned),
        villages_needed=_needed(design, trial.unit, least, _in_errors(planned, error, estimate.scale)),
    )


def _planned(effects: Sequence[Effect], found: float, trial: Trial, estimate: Estimate) -> list[float]:
    """True effects of the trials, or what they `found` on average where the truth is hidden from them or has no value.

    The comparison counts as affected by its mean over the trials.
    """
    true_values = _finite([one.true_value for one in effects])
    if true_values and not is_given(trial.arm(estimate.against)):
        spillover = _mean(_finite([one.spillover for one in effects]))
        if replace(effects[0], true_value=_mean(true_values), spillover=spillover).spilled:
            return [found]
    return true_values or [found]


def _in_errors(values: Sequence[float], error: float, scale: str) -> float:
    """Mean of effects in standard errors; of odds ratios that of their logs, which is where `error` is measured."""
    size = _mean([math.log(value) for value in values if value > 0]) if scale == "odds_ratio" else _mean(values)
    return size / error if error > 0 else math.nan


def _formula_error(found: Sequence[_Found], icc: float, estimate: Estimate) -> float:
    """Standard error of the difference of two means by the formula, in the outcome's own unit."""
    variance = _mean([one.spread.variance for one in found])
    counts = [_mean([float(one.spread.counts[place]) for one in found]) for place in (0, 1)]
    likeness = _mean([one.spread.likeness for one in found])
    excess = 1.0 + (likeness - 1.0) * max(icc, 0.0) if math.isfinite(icc) else 1.0
    error = math.sqrt(variance * excess * (1.0 / counts[0] + 1.0 / counts[1]))
    if estimate.on == "treated":
        accepted = _mean([one.spread.accepted for one in found])
        return error / accepted if accepted > 0 else math.nan
    return error


def _step(effects: Sequence[Effect], estimate: Estimate) -> float:
    """What one unit of the outcome is on the scale, near no effect; of an odds ratio on its log."""
    mean = _mean([one.control_mean for one in effects])
    if estimate.scale == "sd":
        base = _mean([one.control_sd for one in effects])
    elif estimate.scale == "percent":
        base = abs(mean) / 100.0
    elif estimate.scale == "points":
        base = 0.01
    elif estimate.scale == "odds_ratio":
        base = mean * (1.0 - mean)
    else:
        base = 1.0
    return 1.0 / base if base > 0 else math.nan


def _needed(design: Design, unit: str, least: float, ratio: float) -> float:
    """Villages at which the effect is `least` standard errors, when it is `ratio` of them now; infinite for none."""
    if not (math.isfinite(ratio) and math.isfinite(least)):
        return math.nan
    if ratio == 0.0:
        return math.inf
    needed = math.ceil(design.villages * (least / ratio) ** 2)
    return float(max(needed, FEWEST_VILLAGES if unit == "village" else 1))


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _mean(values: Sequence[float]) -> float:
    """Mean by an exact sum; NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan
