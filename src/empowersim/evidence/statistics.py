"""Rows of the evidence that are more than one difference of means: transitions, ratios, spreads, and signs.

A statistic gives a number, a predicate holds or does not. Each takes the studies (a function from a name to
its worlds) and the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.trials.run import Value, Worlds, on_scale

Float64Array = NDArray[np.float64]
Get = Callable[[str], Worlds]
Statistic = Callable[[Get, Any], Value]
Predicate = Callable[[Get, Any], bool]

STATISTICS: Final[dict[str, Statistic]] = {}
PREDICATES: Final[dict[str, Predicate]] = {}
STUDIES_OF: Final[dict[str, tuple[str, ...]]] = {}
"""Studies that a statistic or a predicate reads."""

SITES: Final = ("bangladesh", "ethiopia", "ghana", "india", "pakistan", "honduras", "peru")
"""Sites of the graduation studies, in the order of C161 to C167."""

_POOR_FIRST: Final = 0.1672
"""Share poor in the first wave of C003-C006 (6.14 + 10.58 %)."""
_POOR_SECOND: Final = 0.1245
"""Share poor in the second (6.14 + 6.31 %)."""
_POOR_2008: Final = 0.154
_POOR_2010: Final = 0.133
_HEADCOUNT_2011: Final = 0.125
_FEWEST: Final = 10
"""Households below which a group says nothing."""
_UNKNOWN: Final = Value(float("nan"), float("nan"))


def _statistic(*studies: str) -> Callable[[Statistic], Statistic]:
    def keep(function: Statistic) -> Statistic:
        name = function.__name__
        STATISTICS[name], STUDIES_OF[name] = function, studies
        return function

    return keep


def _predicate(*studies: str) -> Callable[[Predicate], Predicate]:
    def keep(function: Predicate) -> Predicate:
        name = function.__name__
        PREDICATES[name], STUDIES_OF[name] = function, studies
        return function

    return keep


def _mean(values: Float64Array, factor: float = 1.0) -> Value:
    return Value(factor * float(values.mean()), factor * float(values.std(ddof=1) / np.sqrt(values.size)))


def _correlation(first: Float64Array, second: Float64Array) -> Value:
    r = float(np.corrcoef(first, second)[0, 1])
    return Value(r, (1.0 - r * r) / float(np.sqrt(first.size)))


def _welfare(worlds: Worlds, wave: str) -> Float64Array:
    """Log consumption as surveyed, without growth of everybody."""
    return worlds.outcomes("control", wave)["log_consumption"]


def _poor(worlds: Worlds, wave: str, share: float) -> NDArray[np.bool_]:
    """The poorest `share` of a wave."""
    values = _welfare(worlds, wave)
    marked: NDArray[np.bool_] = values <= np.quantile(values, share)
    return marked


# --- income dynamics ---------------------------------------------------------------------------------------------


@_statistic("indonesia_panel")
def shock_left_after_four_years(get: Get, p: Any) -> Value:
    """Share of a shock to the persistent part of earnings that is left after 48 months (C001)."""
    return _persistence(get("indonesia_panel"), "48")


@_statistic("indonesia_panel")
def persistence_of_a_year(get: Get, p: Any) -> Value:
    """Share of a shock to the persistent part of earnings that is left after 12 months (C002)."""
    return _persistence(get("indonesia_panel"), "12")


def _persistence(worlds: Worlds, wave: str) -> Value:
    world = worlds.world("control")
    month = worlds.trial.wave(wave).month
    before = world.states[0]["capacity"].astype(np.float64)
    after = world.states[month]["capacity"].astype(np.float64)
    slope = float((before * after).mean() / (before * before).mean())
    return Value(slope, float(np.sqrt((1 - slope * slope) / before.size)))


def _transition(first: bool, second: bool) -> Statistic:
    def share(get: Get, p: Any) -> Value:
        worlds = get("indonesia_panel")
        poor, later = _poor(worlds, "0", _POOR_FIRST), _poor(worlds, "48", _POOR_SECOND)
        return _mean(((poor == first) & (later == second)).astype(np.float64), 100.0)

    return share


for _name, _first, _second in (
    ("poor_both_times", True, True),
    ("fell_into_poverty", False, True),
    ("left_poverty", True, False),
    ("never_poor", False, False),
):
    STATISTICS[_name], STUDIES_OF[_name] = _transition(_first, _second), ("indonesia_panel",)


@_statistic("indonesia_panel")
def exit_within_four_years(get: Get, p: Any) -> Value:
    """Share of the poor who are not poor 48 months later, percent (C007)."""
    worlds = get("indonesia_panel")
    poor, later = _poor(worlds, "0", _POOR_FIRST), _poor(worlds, "48", _POOR_SECOND)
    return _mean((~later[poor]).astype(np.float64), 100.0)


@_statistic("indonesia_panel")
def welfare_correlation_four_years(get: Get, p: Any) -> Value:
    """Correlation of surveyed log consumption 48 months apart (C008)."""
    worlds = get("indonesia_panel")
    return _correlation(_welfare(worlds, "0"), _welfare(worlds, "48"))


@_statistic("indonesia_panel")
def poor_both_times_two_years(get: Get, p: Any) -> Value:
    """Share poor in both of two surveys 24 months apart, percent (C009)."""
    worlds = get("indonesia_panel")
    both = _poor(worlds, "0", _POOR_2008) & _poor(worlds, "24", _POOR_2010)
    return _mean(both.astype(np.float64), 100.0)


@_statistic("indonesia_panel")
def welfare_correlation_two_years(get: Get, p: Any) -> Value:
    """Correlation of surveyed log consumption 24 months apart (C010)."""
    worlds = get("indonesia_panel")
    return _correlation(_welfare(worlds, "0"), _welfare(worlds, "24"))


def _below(times: float) -> Statistic:
    def share(get: Get, p: Any) -> Value:
        values = _welfare(get("indonesia_panel"), "0")
        line = 0.0 if times == 1.0 else float(np.quantile(values, _HEADCOUNT_2011)) + float(np.log(times))
        return _mean((values < line).astype(np.float64), 100.0)

    return share


for _name, _times in (("below_the_line", 1.0), ("below_1_2_lines", 1.2), ("below_1_5_lines", 1.5)):
    STATISTICS[_name], STUDIES_OF[_name] = _below(_times), ("indonesia_panel",)


@_statistic("indonesia_panel")
def noise_in_yearly_change(get: Get, p: Any) -> Value:
    """Share of the variance of a year's surveyed change that the true change does not explain (C015)."""
    worlds = get("indonesia_panel")
    change = _welfare(worlds, "12") - _welfare(worlds, "0")
    world = worlds.world("control")
    seen = worlds.drawn.eligible
    true = np.log(world.states[12]["normal_income"][seen]) - np.log(world.states[0]["normal_income"][seen])
    return Value(1.0 - float(np.var(true) / np.var(change)), 0.01)


def _lag(seasons: int) -> Statistic:
    def correlation(get: Get, p: Any) -> Value:
        worlds = get("rice_farms")
        waves = worlds.trial.waves
        logs = []
        for wave in waves:
            values = np.log(np.maximum(worlds.outcomes("control", wave.name)["sales"], 1e-6))
            logs.append(values - values.mean())
        pairs = [_correlation(logs[at], logs[at + seasons]) for at in range(len(waves) - seasons)]
        return Value(
            float(np.mean([pair.value for pair in pairs])),
            float(np.mean([pair.se for pair in pairs])),
        )

    return correlation


for _seasons in range(1, 6):
    _name = f"revenue_correlation_lag_{_seasons}"
    STATISTICS[_name], STUDIES_OF[_name] = _lag(_seasons), ("rice_farms",)


@_statistic("rice_farms")
def revenue_forgets(get: Get, p: Any) -> Value:
    """Correlation of surveyed log revenue five seasons apart over that of neighbouring seasons."""
    far, near = _lag(5)(get, p), _lag(1)(get, p)
    return Value(far.value / near.value, far.se / near.value)


@_statistic("west_bengal")
def growth_of_the_effect(get: Get, p: Any) -> Value:
    """Effect on consumption at 84 months over that at 36 (C205 over C206)."""
    later, sooner = (_percent(get("west_bengal"), "treated", wave) for wave in ("84", "36"))
    return Value(later.value / sooner.value, later.se / abs(sooner.value))


# --- graduation --------------------------------------------------------------------------------------------------


def _ratio(outcome: str, scale: str = "sd") -> Statistic:
    def kept(get: Get, p: Any) -> Value:
        worlds = get("graduation_pooled")
        later, sooner = (
            on_scale(worlds.outcomes("treated", wave)[outcome], worlds.outcomes("control", wave)[outcome], scale)
            for wave in ("36", "24")
        )
        se = abs(later.value / sooner.value) * np.hypot(later.se / later.value, sooner.se / sooner.value)
        return Value(later.value / sooner.value, float(se))

    return kept


for _outcome in (
    "consumption",
    "food",
    "asset_index",
    "savings",
    "hours",
    "income_index",
    "health",
    "well_being",
    "voice",
    "empowerment",
):
    _name = f"{_outcome}_kept_after_a_year"
    STATISTICS[_name], STUDIES_OF[_name] = _ratio(_outcome), ("graduation_pooled",)


@_statistic(*(f"graduation_{site}" for site in SITES))
def spread_between_sites(get: Get, p: Any) -> Value:
    """Standard deviation (points) between the seven sites of the effect on consumption at 24 months (C168)."""
    effects = np.array([_percent(get(f"graduation_{site}"), "treated", "24").value for site in SITES])
    return Value(float(effects.std(ddof=1)), 0.1)


def _percent(worlds: Worlds, arm: str, wave: str, outcome: str = "consumption") -> Value:
    return on_scale(worlds.outcomes(arm, wave)[outcome], worlds.outcomes("control", wave)[outcome], "percent")


# --- trap --------------------------------------------------------------------------------------------------------


def _trap_groups(worlds: Worlds) -> tuple[NDArray[np.bool_], Float64Array, Float64Array]:
    """Who stands above the threshold after the transfer, and k then and four years later (treated households)."""
    world = worlds.world("treated")
    seen = worlds.drawn.eligible
    first, last = world.states[1], world.states[48]
    threshold = _threshold(worlds)
    before, after = first["assets"][seen].astype(np.float64), last["assets"][seen].astype(np.float64)
    return before > threshold, before, after


def _threshold(worlds: Worlds) -> float:
    """k at which assets of the treated neither rise nor fall over four years: the zero of a local regression."""
    world = worlds.world("treated")
    seen = worlds.drawn.eligible
    before = world.states[1]["assets"][seen].astype(np.float64)
    change = world.states[48]["assets"][seen].astype(np.float64) - before
    grid = np.linspace(1.4, 3.2, 181)
    weights = np.exp(-0.5 * ((grid[:, None] - before[None, :]) / 0.08) ** 2)
    mean = (weights @ change) / np.maximum(weights.sum(axis=1), 1e-12)
    enough = weights.sum(axis=1) > 10.0
    rises = np.flatnonzero(enough[:-1] & enough[1:] & (mean[:-1] < 0) & (mean[1:] >= 0))
    return float(grid[rises[0]]) if rises.size else float("nan")


@_statistic("balboni")
def unstable_threshold(get: Get, p: Any) -> Value:
    """Productive assets (k) from which the treated climb rather than fall back (C040)."""
    return Value(_threshold(get("balboni")), 0.02)


@_statistic("balboni")
def below_the_threshold(get: Get, p: Any) -> Value:
    """Share of the treated below the threshold just after the transfer, percent (C042)."""
    above, _, _ = _trap_groups(get("balboni"))
    return _mean((~above).astype(np.float64), 100.0)


def _asset_change(wanted: bool) -> Statistic:
    def change(get: Get, p: Any) -> Value:
        above, before, after = _trap_groups(get("balboni"))
        which = above == wanted
        if int(which.sum()) < _FEWEST:
            return _UNKNOWN
        return _mean(after[which] - before[which], 100.0)

    return change


for _name, _wanted in (("asset_change_above", True), ("asset_change_below", False)):
    STATISTICS[_name], STUDIES_OF[_name] = _asset_change(_wanted), ("balboni",)


@_statistic("balboni")
def unstable_slope(get: Get, p: Any) -> Value:
    """Growth a year of the gap to the threshold, in its neighbourhood (C046)."""
    worlds = get("balboni")
    threshold = _threshold(worlds)
    _, before, after = _trap_groups(worlds)
    near = np.abs(before - threshold) < 0.5
    if int(near.sum()) < _FEWEST:  # also where there is no threshold (NaN)
        return _UNKNOWN
    slope = float(np.polyfit(before[near] - threshold, after[near] - threshold, 1)[0])
    return Value(float(np.log(max(slope, 1e-3))) / 4.0, 0.005)


# --- illness -----------------------------------------------------------------------------------------------------


def _lost(worlds: Worlds, arm: str, among: NDArray[np.bool_] | None = None) -> tuple[float, float, float]:
    """Fall of consumption (L), of income (L), and consumption without illness, among those ill at the survey."""
    wave = worlds.trial.waves[-1].name
    ill, well = worlds.outcomes(arm, wave, noisy=False), worlds.outcomes("control", wave, noisy=False)
    struck = (ill["illness"] > 0) & (well["illness"] == 0)
    if among is not None:
        struck &= among
    fall = well["consumption"][struck] - ill["consumption"][struck]
    loss = well["income"][struck] - ill["income"][struck]
    return float(fall.mean()), float(loss.mean()), float(well["consumption"][struck].mean())


def _insured(arm: str) -> Statistic:
    def share(get: Get, p: Any) -> Value:
        fall, loss, _ = _lost(get("illness"), arm)
        return Value(100.0 * (1.0 - fall / loss), 0.5)

    return share


for _name, _arm in (("insured_share_severe", "severe"), ("insured_share_moderate", "moderate")):
    STATISTICS[_name], STUDIES_OF[_name] = _insured(_arm), ("illness",)


@_statistic("illness")
def consumption_fall_severe(get: Get, p: Any) -> Value:
    """Change of consumption while an earner is severely ill, percent (C033)."""
    fall, _, usual = _lost(get("illness"), "severe")
    return Value(-100.0 * fall / usual, 0.3)


@_predicate("illness")
def earnings_fall_consumption_hardly(get: Get, p: Any) -> bool:
    """Moderate illness lowers earnings, and consumption by less than a third of that (C034)."""
    fall, loss, _ = _lost(get("illness"), "moderate")
    return loss > 0 and fall < loss / 3.0


def _moderate(poor: bool) -> Statistic:
    def change(get: Get, p: Any) -> Value:
        worlds = get("illness")
        wave = worlds.trial.waves[-1].name
        among = (worlds.outcomes("control", wave, noisy=False)["consumption"] < 1.0) == poor
        fall, _, usual = _lost(worlds, "moderate", among)
        return Value(-100.0 * fall / usual, 0.3)

    return change


for _name, _is_poor in (("moderate_illness_of_the_poor", True), ("moderate_illness_of_the_others", False)):
    STATISTICS[_name], STUDIES_OF[_name] = _moderate(_is_poor), ("illness",)


@_predicate("illness")
def only_the_poor_cut_consumption(get: Get, p: Any) -> bool:
    """Moderate illness cuts consumption of the poor by more than 2 %, of the others by less than 2.5 % (C035)."""
    return _moderate(True)(get, p).value < -2.0 and _moderate(False)(get, p).value > -2.5


# --- the rest ----------------------------------------------------------------------------------------------------


def _effect(worlds: Worlds, arm: str, wave: str, outcome: str, scale: str, against: str = "control") -> Value:
    return on_scale(worlds.outcomes(arm, wave)[outcome], worlds.outcomes(against, wave)[outcome], scale)


@_predicate("job_training")
def employment_rises_after_training(get: Get, p: Any) -> bool:
    """Employment effect small within a year, larger after, and kept (C103)."""
    worlds = get("job_training")
    first, second, third = (
        _effect(worlds, "treated", wave.name, "employed", "points").value for wave in worlds.trial.waves[:3]
    )
    return first < 3.5 and second > first and third > first


@_predicate("niger_literacy")
def better_method_keeps_a_gain(get: Get, p: Any) -> bool:
    """The better class is still ahead seven months after the end, and standard learners have lost (C122)."""
    worlds = get("niger_literacy")
    ahead = _effect(worlds, "better", "15", "literacy_grades", "level", "standard").value
    at_end = _effect(worlds, "standard", "8", "literacy_grades", "level").value
    later = _effect(worlds, "standard", "15", "literacy_grades", "level").value
    return ahead > 0 and later < at_end


@_predicate("womens_groups")
def effect_grows_with_coverage(get: Get, p: Any) -> bool:
    """Log odds of newborn death fall with the share taking part, close to a straight line (C142)."""
    worlds = get("womens_groups")
    arms = [arm for arm in worlds.trial.arms if arm.components]
    wave = worlds.trial.waves[-1].name
    coverage = np.array([arm.take_up for arm in arms])
    logs = np.array([np.log(_effect(worlds, arm.name, wave, "neonatal_death", "odds_ratio").value) for arm in arms])
    order = np.argsort(coverage)
    falls = bool(np.all(np.diff(logs[order]) < 0))
    return falls and float(np.corrcoef(coverage, logs)[0, 1]) ** 2 > 0.95


@_predicate("progresa")
def ineligible_consume_more(get: Get, p: Any) -> bool:
    """Consumption of ineligible households rises where their neighbours get cash (C150)."""
    worlds = get("progresa")
    others = ~worlds.drawn.eligible
    wave = worlds.trial.waves[-1].name
    treated = worlds.outcomes("treated", wave, noisy=False, among=others)["consumption"]
    control = worlds.outcomes("control", wave, noisy=False, among=others)["consumption"]
    return float((treated - control).mean()) > 0


@_predicate("bandiera_bangladesh")
def effects_sustained(get: Get, p: Any) -> bool:
    """Assets and consumption at seven years keep at least two thirds of the effect at four (C086)."""
    worlds = get("bandiera_bangladesh")

    def kept(outcome: str) -> bool:
        four, seven = (_effect(worlds, "treated", wave, outcome, "percent").value for wave in ("48", "84"))
        return four > 0 and seven > 2.0 / 3.0 * four

    return kept("consumption") and kept("productive_assets")


@_predicate("bandiera_bangladesh")
def others_not_crowded_out(get: Get, p: Any) -> bool:
    """Business income of the ineligible does not fall (C089); wages of others are not modelled."""
    worlds = get("bandiera_bangladesh")
    others = ~worlds.drawn.eligible
    treated = worlds.outcomes("treated", "48", noisy=False, among=others)["profit"]
    control = worlds.outcomes("control", "48", noisy=False, among=others)["profit"]
    return float(treated.mean()) >= 0.99 * float(control.mean())


@_predicate("west_bengal")
def earnings_of_the_treated_rise(get: Get, p: Any) -> bool:
    """Earnings of the treated are higher at each later survey (C207: 18, 36, 84 months)."""
    worlds = get("west_bengal")
    levels = [float(worlds.outcomes("treated", wave, noisy=False)["earnings"].mean()) for wave in ("18", "36", "84")]
    return levels[0] < levels[1] < levels[2]


@_predicate("wings")
def visits_keep_businesses_alive(get: Get, p: Any) -> bool:
    """More businesses live with visits than without (C214)."""
    worlds = get("wings")
    return _effect(worlds, "treated", "12", "in_business", "points", "no_visits").value > 0


@_predicate("graduation_pooled")
def package_without_grant_works(get: Get, p: Any) -> bool:
    """Mentor, training and groups without a grant raise consumption at 24 months."""
    return _effect(get("graduation_pooled"), "no_grant", "24", "consumption", "percent").value > 0
