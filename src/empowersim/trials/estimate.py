"""What the authors of a study would estimate from its survey, next to the true effect that only a simulation knows.

One regression serves every scale: the outcome on the indicator of the arm, with errors that are robust to what the
assignment leaves together. Its two means and their covariance are then put on the scale of the estimate by the delta
method. Of an indicator the odds ratio found this way is that of a logit regression, errors included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import EmpowersimError, SimulationError
from empowersim.experiments.asked import known_name
from empowersim.trials.model import Arm, Estimate, Trial
from empowersim.trials.survey import INDICES, reference_of

if TYPE_CHECKING:
    from empowersim.trials.run import Panel

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEVEL: Final = 0.95
"""Coverage of the interval of an estimate."""
SCALES: Final = ("sd", "percent", "points", "level", "odds_ratio")
FEWEST_UNITS: Final = 2
"""Units of randomisation in each arm below which there is no standard error."""
SMALL_SPILLOVER: Final = 0.05
"""Share of the true effect up to which a gain of the comparison is none worth a word."""
_IN_PERCENT: Final = 100.0


@dataclass(frozen=True)
class Effect:
    """One estimate of one virtual trial. Values, errors and intervals are on `scale` unless another unit is named."""

    name: str
    outcome: str
    arm: str
    against: str
    wave: str
    scale: str
    on: str
    robust: bool
    """Whether the errors allow for the unit of randomisation and for unequal variances."""
    value: float
    """NaN where the scale has no value: percent of a mean of 0, odds of a share of 0 or 1."""
    se: float
    """Standard error; of an odds ratio the standard error of its log times the ratio."""
    low: float
    high: float
    """Ends of the 95 % interval; of an odds ratio not symmetric, as it is one of the log."""
    p: float
    """Two-sided probability of an estimate as far from no effect if there is none; NaN where it cannot be told."""
    degrees: float
    """Degrees of freedom of Student's t."""
    observations: int
    clusters: int
    """Units of randomisation among them: villages, or households."""
    control_mean: float
    control_sd: float
    """Of the measured outcome in the comparison arm, in the outcome's own unit."""
    true_value: float
    """Mean over the households assigned to the arm (those who accepted, for `on: treated`) of the outcome without any
    error minus what it would be if nobody were treated."""
    true_se: float
    """Simulation error of `true_value` as the effect on all such households."""
    spillover: float
    """The same mean over the comparison households: what the study's own comparison hides."""

    @property
    def covered(self) -> bool:
        """Whether the interval holds the true effect."""
        return self.low <= self.true_value <= self.high

    @property
    def spilled(self) -> bool:
        """Whether the comparison itself gained a part of the true effect that matters (more than `SMALL_SPILLOVER`).

        Against an arm that is given something this is that arm's own gain.
        """
        if not (math.isfinite(self.spillover) and math.isfinite(self.true_value)):
            return False
        own, other = abs(self.true_value - self.no_effect), abs(self.spillover - self.no_effect)
        return other > SMALL_SPILLOVER * own

    @property
    def no_effect(self) -> float:
        """Value that stands for no effect on this scale: 0, of an odds ratio 1."""
        return 1.0 if self.scale == "odds_ratio" else 0.0


@dataclass(frozen=True)
class _Means:
    """Mean outcome without and with the arm, and the covariance of the two estimates."""

    control: float
    treated: float
    control_variance: float
    treated_variance: float
    covariance: float
    degrees: float

    def variance_of(self, by_control: float, by_treated: float) -> float:
        """Variance of a function of the two means with these derivatives (delta method)."""
        found = (
            by_control**2 * self.control_variance
            + by_treated**2 * self.treated_variance
            + 2.0 * by_control * by_treated * self.covariance
        )
        return max(found, 0.0)


def is_given(arm: Arm) -> bool:
    """Whether an arm changes anything for its households; a comparison usually does not."""
    return bool(arm.components or arm.forces)


def effects(panel: Panel, trial: Trial, *, robust: bool = True) -> tuple[Effect, ...]:
    """Return every estimate of a trial, in the order of its file; errors as `effect`.

    Of an arm that is only simulated (a share of 0) nobody is found: its estimates are there, without any number.
    """
    return tuple(
        effect(panel, trial, one, robust=robust) if _is_drawn(trial, one) else _unseen(one, robust)
        for one in trial.estimates
    )


def effect(panel: Panel, trial: Trial, estimate: Estimate, *, robust: bool = True) -> Effect:
    """Estimate one number of a study from its survey, as its authors did, and say what is true.

    Households assigned to `estimate.arm` or `estimate.against` and found at the survey enter a regression of the
    measured outcome on the indicator of the arm. Errors are clustered by village, with one degree of freedom fewer
    than villages, if villages were drawn; if households were, they are robust to unequal variances (HC1): what
    neighbours share does not go with the arm then. ``robust=False`` takes all households as independent and alike.

    `on: treated` instruments acceptance by assignment (two-stage least squares). The standard deviation of `sd` counts
    as known; the mean of `percent` counts as estimated, which makes its interval a little wider than published ones.

    `SimulationError` for names that the trial does not have and for arms with fewer than two units found;
    `EmpowersimError` if statsmodels is not installed.
    """
    arm, against = _arms(trial, estimate)
    known_name(estimate.scale, SCALES, f"{estimate.name}: as", "a scale")
    known_name(estimate.on, ("offered", "treated"), f"{estimate.name}: on", "whom the effect is on")
    outcomes = _wave(panel.measured, estimate)
    known_name(estimate.outcome, outcomes, f"{estimate.name}: outcome", "an outcome of the survey")
    measured = outcomes[estimate.outcome]
    of_arm, of_comparison = panel.arm == arm, panel.arm == against
    seen = (of_arm | of_comparison) & panel.found[estimate.wave] & np.isfinite(measured)
    units = panel.village if trial.unit == "village" else panel.household
    for name, members in ((estimate.arm, of_arm), (estimate.against, of_comparison)):
        _enough(trial, estimate, name, units, members, panel.found[estimate.wave], seen)

    errors = _Errors(robust, panel.village[seen] if robust and trial.unit == "village" else None)
    assigned = of_arm[seen].astype(np.float64)
    comparison = measured[seen & of_comparison]
    control_mean, control_sd = float(comparison.mean()), float(comparison.std(ddof=1))
    if estimate.on == "treated":
        # what a comparison arm is said to have accepted is nothing of this arm
        means = _means_of_takers(measured[seen], assigned, (panel.accepted & of_arm)[seen].astype(np.float64), errors)
    else:
        means = _means(measured[seen], assigned, errors)
    value, se, low, high, p = _on_scale(means, estimate.scale, control_sd)

    takers = of_arm & panel.accepted if estimate.on == "treated" else of_arm
    true_value, true_se, spillover = _truth(panel, trial, estimate, takers, of_comparison, control_sd)
    return Effect(
        name=estimate.name,
        outcome=estimate.outcome,
        arm=estimate.arm,
        against=estimate.against,
        wave=estimate.wave,
        scale=estimate.scale,
        on=estimate.on,
        robust=robust,
        value=value,
        se=se,
        low=low,
        high=high,
        p=p,
        degrees=means.degrees,
        observations=int(seen.sum()),
        clusters=int(np.unique(units[seen]).size),
        control_mean=control_mean,
        control_sd=control_sd,
        true_value=true_value,
        true_se=true_se,
        spillover=spillover,
    )


# ---------------------------------------------------------------- what is asked


def _is_drawn(trial: Trial, estimate: Estimate) -> bool:
    """Whether the study itself has households of both arms; unknown names count as drawn, for `effect` to tell."""
    shares = {arm.name: arm.share for arm in trial.arms}
    return all(shares.get(name, 1.0) > 0.0 for name in (estimate.arm, estimate.against))


def _unseen(estimate: Estimate, robust: bool) -> Effect:
    """The effect of an estimate of which the study sees nothing."""
    words = (
        estimate.name,
        estimate.outcome,
        estimate.arm,
        estimate.against,
        estimate.wave,
        estimate.scale,
        estimate.on,
    )
    none = math.nan
    return Effect(*words, robust, none, none, none, none, none, none, 0, 0, none, none, none, none, none)


def _arms(trial: Trial, estimate: Estimate) -> tuple[int, int]:
    """Indices of the arm and of what it is set against."""
    names = [arm.name for arm in trial.arms]
    for key, name in (("arm", estimate.arm), ("against", estimate.against)):
        known_name(name, names, f"{estimate.name}: {key}", "an arm of the trial")
    return names.index(estimate.arm), names.index(estimate.against)


def _wave(of: dict[str, dict[str, Float64Array]], estimate: Estimate) -> dict[str, Float64Array]:
    known_name(estimate.wave, of, f"{estimate.name}: survey", "a survey of the trial")
    return of[estimate.wave]


def _enough(
    trial: Trial,
    estimate: Estimate,
    name: str,
    units: NDArray[np.int64],
    members: BoolArray,
    found: BoolArray,
    seen: BoolArray,
) -> None:
    """`SimulationError` unless an arm has units enough for a standard error; the remedy fits where they were lost.

    `units` (n,) are those of randomisation, `members` (n,) the arm's households, `found` (n,) those found at the
    survey, `seen` (n,) those that enter the regression.
    """
    count = np.unique(units[members & seen]).size
    if count >= FEWEST_UNITS:
        return
    village = trial.unit == "village"
    what, key = ("villages", "villages") if village else ("households", "households_per_village")
    remedy = f"enlarge population.{key} or widen eligibility"
    if trial.arm(name).share <= 0.0:
        remedy = f"give arms.{name} a share above 0, as it is only simulated"
    elif np.unique(units[members]).size >= FEWEST_UNITS > np.unique(units[members & found]).size:
        remedy = f"lower surveys.{estimate.wave}.attrition"
    raise SimulationError(
        f"{trial.name}: {estimate.name}: expected at least {FEWEST_UNITS} {what} of arm {name!r} found at "
        f"survey {estimate.wave}, found {count}; {remedy}"
    )


# ---------------------------------------------------------------- the regression


@dataclass(frozen=True)
class _Errors:
    """How the errors of a regression are found."""

    robust: bool
    groups: NDArray[np.int64] | None
    """Village (n,) by which errors are clustered; None = every household for itself."""


def _least_squares() -> Any:
    """The regression of the statistics library; `EmpowersimError` says how to install it."""
    try:
        from statsmodels.regression.linear_model import OLS
    except ImportError as error:
        raise EmpowersimError(
            "estimates need statsmodels, which is not installed: pip install 'empowersim[analysis]'"
        ) from error
    return OLS


def _fit(outcome: Float64Array, regressor: Float64Array, errors: _Errors) -> Any:
    """Regress `outcome` (n,) on a constant and `regressor` (n,); the fitted model of the library."""
    design = np.column_stack((np.ones(outcome.size), regressor))
    model = _least_squares()(outcome, design)
    if not errors.robust:
        return model.fit(use_t=True)
    if errors.groups is None:
        return model.fit(cov_type="HC1", use_t=True)
    # the library wants its groups numbered from 0
    groups = np.unique(errors.groups, return_inverse=True)[1]
    return model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)


def _degrees(fitted: Any) -> float:
    """Degrees of freedom of the t distribution: the library keeps those of clusters apart."""
    return float(getattr(fitted, "df_resid_inference", None) or fitted.df_resid)


def _means(outcome: Float64Array, assigned: Float64Array, errors: _Errors) -> _Means:
    """Mean outcome of the two arms from the regression on the assignment."""
    fitted = _fit(outcome, assigned, errors)
    constant, difference = (float(value) for value in fitted.params)
    v00, v01, v11 = (float(fitted.cov_params()[place]) for place in ((0, 0), (0, 1), (1, 1)))
    return _Means(constant, constant + difference, v00, v00 + v11 + 2.0 * v01, v00 + v01, _degrees(fitted))


def _means_of_takers(outcome: Float64Array, assigned: Float64Array, took: Float64Array, errors: _Errors) -> _Means:
    """Mean outcome with and without the arm of those who accept when asked.

    The outcome times having taken, on having taken, gives their mean with the arm; the outcome of those who have not,
    on not having taken, their mean without it; and the outcome itself, on having taken, the difference of the two.
    Assignment is the instrument of all three, so the three variances give the covariance.
    """
    with_arm, with_variance, degrees = _instrumented(outcome * took, took, assigned, errors)
    without, without_variance, _ = _instrumented(outcome * (1.0 - took), 1.0 - took, assigned, errors)
    _, variance, _ = _instrumented(outcome, took, assigned, errors)
    covariance = (with_variance + without_variance - variance) / 2.0
    return _Means(without, with_arm, without_variance, with_variance, covariance, degrees)


def _instrumented(
    outcome: Float64Array, regressor: Float64Array, instrument: Float64Array, errors: _Errors
) -> tuple[float, float, float]:
    """Slope of `outcome` on `regressor` by two-stage least squares, its variance and its degrees of freedom.

    With one instrument the slope is the ratio of two differences of means, and its robust variance is that of a
    regression of the residual on the instrument over the squared first stage. `SimulationError` if nobody accepted.
    """
    first = _contrast(regressor, instrument)
    if first == 0.0:
        raise SimulationError("nobody accepted the offer: there is no effect on the treated; raise take_up of the arm")
    slope = _contrast(outcome, instrument) / first
    fitted = _fit(outcome - slope * regressor, instrument, errors)
    return slope, float(fitted.cov_params()[1, 1]) / first**2, _degrees(fitted)


def _contrast(values: Float64Array, mark: Float64Array) -> float:
    """Mean of those marked (1) minus mean of the others (0)."""
    return float(values[mark > 0].mean() - values[mark <= 0].mean())


# ---------------------------------------------------------------- the scale


def _unit(scale: str, control_sd: float) -> float:
    """Size of one step of a linear scale in the outcome's own unit."""
    return {"sd": control_sd, "points": 1.0 / _IN_PERCENT, "level": 1.0}[scale]


def _on_scale(means: _Means, scale: str, control_sd: float) -> tuple[float, float, float, float, float]:
    """Value, standard error, ends of the interval and p of the difference of two means on a scale."""
    from scipy.stats import t

    quantile = float(t.ppf((1.0 + LEVEL) / 2.0, means.degrees))

    def p_of(value: float, se: float) -> float:
        return 2.0 * float(t.sf(abs(value) / se, means.degrees)) if se > 0 else math.nan

    m0, m1 = means.control, means.treated
    if scale == "odds_ratio":
        if not (0.0 < m0 < 1.0 and 0.0 < m1 < 1.0):
            return math.nan, math.nan, math.nan, math.nan, math.nan
        log = math.log(m1 / (1.0 - m1)) - math.log(m0 / (1.0 - m0))
        se = math.sqrt(means.variance_of(-1.0 / (m0 * (1.0 - m0)), 1.0 / (m1 * (1.0 - m1))))
        ratio, half = math.exp(log), quantile * se
        return ratio, ratio * se, math.exp(log - half), math.exp(log + half), p_of(log, se)

    difference, plain = m1 - m0, math.sqrt(means.variance_of(-1.0, 1.0))
    p = p_of(difference, plain)
    if scale == "percent":
        if m0 == 0.0:
            return math.nan, math.nan, math.nan, math.nan, p
        value = _IN_PERCENT * (m1 / m0 - 1.0)
        se = _IN_PERCENT * math.sqrt(means.variance_of(-m1 / m0**2, 1.0 / m0))
    else:
        unit = _unit(scale, control_sd)
        if unit == 0.0:
            return math.nan, math.nan, math.nan, math.nan, p
        value, se = difference / unit, plain / unit
    return value, se, value - quantile * se, value + quantile * se, p


# ---------------------------------------------------------------- the truth


def _truth(
    panel: Panel, trial: Trial, estimate: Estimate, takers: BoolArray, comparison: BoolArray, control_sd: float
) -> tuple[float, float, float]:
    """True effect on those marked, its simulation error, and the spillover on the comparison.

    Against an arm that is given something, the true effect is what this arm gains beyond what that one does.
    """
    villages = panel.village if trial.unit == "village" else panel.household
    gain, without = _gains(panel, estimate)
    here = _gain_on_scale(gain[takers], without[takers], villages[takers], estimate.scale, control_sd)
    there = _gain_on_scale(gain[comparison], without[comparison], villages[comparison], estimate.scale, control_sd)
    if not is_given(trial.arm(estimate.against)):
        return here[0], here[1], there[0]
    if estimate.scale == "odds_ratio":
        ratio = here[0] / there[0]
        return ratio, ratio * math.hypot(here[1] / here[0], there[1] / there[0]), there[0]
    return here[0] - there[0], math.hypot(here[1], there[1]), there[0]


def _gains(panel: Panel, estimate: Estimate) -> tuple[Float64Array, Float64Array]:
    """Gain (n,) of each household over the world without any arm, and the outcome there, in the survey's unit."""
    true, untreated = panel.true[estimate.wave], panel.untreated[estimate.wave]
    items = INDICES.get(estimate.outcome, ())
    without = untreated[estimate.outcome]
    if not items or any(item not in true for item in items):
        return true[estimate.outcome] - without, without
    # the unit of an index is the spread of its items as surveyed, errors included
    reference = reference_of(panel.measured[estimate.wave], panel.arm == 0)
    gain = sum((true[item] - untreated[item]) / reference[item][1] for item in items)
    return np.asarray(gain, np.float64), without


def _gain_on_scale(
    gain: Float64Array, without: Float64Array, units: NDArray[np.int64], scale: str, control_sd: float
) -> tuple[float, float]:
    """Mean of `gain` on a scale and its simulation error; NaN where there is nobody or the scale has no value."""
    kept = np.isfinite(gain) & np.isfinite(without)
    gain, without, units = gain[kept], without[kept], units[kept]
    if gain.size == 0:
        return math.nan, math.nan
    mean, base = float(gain.mean()), float(without.mean())
    if scale == "odds_ratio":
        share = base + mean
        if not (0.0 < base < 1.0 and 0.0 < share < 1.0):
            return math.nan, math.nan
        ratio = share / (1.0 - share) / (base / (1.0 - base))
        # derivative of the log odds ratio by each household's own two outcomes
        parts = (gain + without - share) / (share * (1.0 - share)) - (without - base) / (base * (1.0 - base))
        return ratio, ratio * _error_of_mean(parts, units)
    if scale == "percent":
        if base == 0.0:
            return math.nan, math.nan
        parts = (gain - mean - mean / base * (without - base)) / base
        return _IN_PERCENT * mean / base, _IN_PERCENT * _error_of_mean(parts, units)
    unit = _unit(scale, control_sd)
    if unit == 0.0:
        return math.nan, math.nan
    return mean / unit, _error_of_mean(gain - mean, units) / unit


def _error_of_mean(deviations: Float64Array, units: NDArray[np.int64]) -> float:
    """Standard error of a mean from the deviations (n,) of its parts, those of a unit taken together."""
    place = np.unique(units, return_inverse=True)[1]
    sums = np.bincount(place, deviations)
    if sums.size < FEWEST_UNITS:
        return math.nan
    return math.sqrt(float((sums**2).sum()) * sums.size / (sums.size - 1)) / deviations.size
