"""Draw a study and look at it twice: as its authors could, and as only a simulation can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.observe import FIRST, STREAMS, drawn
from empowersim.errors import SimulationError
from empowersim.experiments.asked import SEEDS, whole_number
from empowersim.rng import TRAITS, Kind, Stream
from empowersim.trials.follow import Offer, State, Study, World
from empowersim.trials.model import Arm, Estimate, Trial
from empowersim.trials.population import population_of
from empowersim.trials.survey import CUT, add_indices, measure, reference_of, tops_of

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Outcomes = dict[str, Float64Array]
_NOBODY: Final = Arm("nobody")


@dataclass(frozen=True)
class Value:
    """A simulated number and its simulation error (standard error)."""

    value: float
    se: float


@dataclass(frozen=True)
class Panel:
    """One virtual trial; n eligible households."""

    household: NDArray[np.int64]
    village: NDArray[np.int64]
    arm: NDArray[np.int32]
    """Shape (n,): index into `Trial.arms`."""
    accepted: BoolArray
    found: dict[str, BoolArray]
    """Wave -> (n,): interviewed."""
    measured: dict[str, Outcomes]
    """Wave -> outcome -> (n,), as an enumerator writes it down."""
    true: dict[str, Outcomes]
    """The same without any error, in the world of the assignment."""
    untreated: dict[str, Outcomes]
    """The same household in the world without any arm."""


class Drawn:
    """A study with its households drawn, ranked and assigned; worlds are followed when asked for."""

    def __init__(self, trial: Trial, parameters: Any, seed: int, replicate: int) -> None:
        """Draw the households of `trial` and burn them in."""
        if trial.context.trap:
            parameters = parameters._replace(trap=np.float32(1.0))
        whole_number("seed", seed, 0, SEEDS - 1)
        whole_number("replicate", replicate, 0, SEEDS - 1)
        self.trial, self.parameters = trial, parameters
        self.seed, self.replicate = seed, replicate
        population = population_of(trial, seed, replicate)
        self.ids = population.households.household_id
        self.village = population.households.village.astype(np.int64)
        self.study = Study(trial, population, parameters, seed, replicate)
        months = {0} | {wave.month for wave in trial.waves}
        self.noise = {month: self._survey_draws(month) for month in months}
        self.transitory = {month: noise[int(Stream.SURVEY_TRANSITORY - FIRST)] for month, noise in self.noise.items()}
        self.baseline: State = self.study.baseline(self.transitory[0])
        self.eligible = self._eligible()
        if not self.eligible.any():
            raise SimulationError(f"{trial.title}: no household is eligible")
        once = drawn(self.ids, Kind.HOUSEHOLD, TRAITS, int(Stream.STUDY_RANKING), 4, seed, replicate, normal=False)
        first = int(Stream.STUDY_RANKING)
        self.lots = once[int(Stream.STUDY_LOT) - first]
        self.reached = self.eligible & (once[int(Stream.STUDY_REACH) - first] < trial.reach)
        self.arm = self._assign(once[int(Stream.STUDY_ASSIGNMENT) - first])

    def _survey_draws(self, month: int) -> NDArray[np.float32]:
        """Standard normals (streams of a survey, n) of a month."""
        return drawn(self.ids, Kind.HOUSEHOLD, month, int(FIRST), int(STREAMS), self.seed, self.replicate, normal=True)

    def _eligible(self) -> BoolArray:
        """Who meets the limits at baseline and ranks among the poorest."""
        rules = self.trial.eligibility
        meets = np.ones(self.ids.size, np.bool_)
        for limit in rules.limits:
            values = self.baseline[limit.column]
            meets &= (values >= limit.low) & (values <= limit.high)
        if rules.poorest < 1.0:
            noise = drawn(
                self.ids, Kind.HOUSEHOLD, TRAITS, int(Stream.STUDY_RANKING), 4, self.seed, self.replicate, normal=True
            )[0]
            rank = np.log(np.maximum(self.baseline["consumption"], 1e-6)) + rules.ranking_noise * noise
            rank = rank + rules.weight_on_assets * self.baseline["assets"]
            meets &= rank <= np.quantile(rank[meets], rules.poorest) if meets.any() else meets
        return meets

    def _assign(self, lots: NDArray[np.float32]) -> NDArray[np.int32]:
        """Arm (n,) of each household: by village or by household, in exact proportion to the arms' shares."""
        shares = np.array([arm.share for arm in self.trial.arms], np.float64)
        bounds = np.cumsum(shares) / shares.sum()
        if self.trial.unit == "village":
            ids = np.arange(self.trial.sample.villages, dtype=np.int64)
            draws = drawn(
                ids, Kind.VILLAGE, TRAITS, int(Stream.STUDY_VILLAGE), 4, self.seed, self.replicate, normal=False
            )[0]
            place = (np.argsort(np.argsort(draws, kind="stable"), kind="stable") + 0.5) / ids.size
            return np.searchsorted(bounds, place)[self.village].astype(np.int32)
        order = np.lexsort((self.ids, lots))
        order = order[self.eligible[order]]
        arm = np.zeros(self.ids.size, np.int32)
        arm[order] = np.searchsorted(bounds, (np.arange(order.size) + 0.5) / max(order.size, 1))
        return arm

    def world(self, arms: tuple[Arm, ...], to: tuple[BoolArray, ...]) -> World:
        """Follow the world in which each arm is offered to the households marked."""
        offers = [Offer(arm, mark & self.reached, self.lots) for arm, mark in zip(arms, to, strict=True)]
        return self.study.follow(offers, [wave.month for wave in self.trial.waves], self.transitory)

    def world_of(self, arm: Arm) -> World:
        """Follow the world in which every eligible household is offered `arm`."""
        return self.world((arm,), (np.ones(self.ids.size, np.bool_),))

    def outcomes(self, state: State, month: int, *, noisy: bool, tops: dict[str, float] | None = None) -> Outcomes:
        """Outcomes (n,) of a state at a survey, without the indices; amounts cut at `tops`."""
        noise = self.noise[month] if noisy else None
        return measure(state, self.parameters, noise, tops)


def draw(trial: Trial, parameters: Any, *, seed: int, replicate: int = 0) -> Panel:
    """Draw one virtual trial as it would be run: assigned, offered, surveyed with errors and attrition.

    `parameters` as from `parameters.parameters`; `seed`, `replicate` 0 to 2**32 - 1.
    """
    one = Drawn(trial, parameters, seed, replicate)
    arms = trial.arms
    lived = one.world(arms, tuple(one.arm == index for index in range(len(arms))))
    without = one.world((_NOBODY,), (np.zeros(one.ids.size, np.bool_),))
    seen = one.eligible
    comparison = one.arm[seen] == 0
    found: dict[str, BoolArray] = {}
    measured: dict[str, Outcomes] = {}
    true: dict[str, Outcomes] = {}
    untreated: dict[str, Outcomes] = {}
    for wave in trial.waves:
        month = wave.month
        gone = drawn(one.ids, Kind.HOUSEHOLD, month, int(FIRST), int(STREAMS), seed, replicate, normal=False)
        found[wave.name] = (gone[int(Stream.SURVEY_ATTRITION - FIRST)] >= wave.attrition)[seen]
        for world, noisy, into in ((lived, True, measured), (lived, False, true), (without, False, untreated)):
            tops = None
            if noisy:
                uncut = one.outcomes(world.states[month], month, noisy=True)
                tops = tops_of({item: uncut[item][seen] for item in CUT}, one.parameters)
            columns = one.outcomes(world.states[month], month, noisy=noisy, tops=tops)
            into[wave.name] = {name: column[seen] for name, column in columns.items()}
        for into in (measured, true):
            add_indices(into[wave.name], reference_of(into[wave.name], comparison))
        add_indices(untreated[wave.name], reference_of(true[wave.name], comparison))
    return Panel(
        household=one.ids[seen],
        village=one.village[seen],
        arm=one.arm[seen],
        accepted=lived.accepted[seen],
        found=found,
        measured=measured,
        true=true,
        untreated=untreated,
    )


class Worlds:
    """Every arm's world of a drawn study, surveyed on the same draws: the study without sampling error."""

    def __init__(self, trial: Trial, parameters: Any, *, seed: int, replicate: int = 0) -> None:
        """Draw the study; worlds are followed when first asked for."""
        self.trial = trial
        self.drawn = Drawn(trial, parameters, seed, replicate)
        self._worlds: dict[str, World] = {}
        self._cuts: dict[int, dict[str, float]] = {}
        self._outcomes: dict[tuple[str, str], Outcomes] = {}

    def world(self, arm: str) -> World:
        """The world of the arm of that name."""
        if arm not in self._worlds:
            self._worlds[arm] = self.drawn.world_of(self.trial.arm(arm))
        return self._worlds[arm]

    def outcomes(self, arm: str, wave: str, *, noisy: bool = True, among: BoolArray | None = None) -> Outcomes:
        """Outcomes of the eligible (or those in `among`) in an arm's world; indices standardised on the first arm."""
        key = (arm, f"{wave}{noisy}")
        if among is not None or key not in self._outcomes:
            month = self.trial.wave(wave).month
            seen = self.drawn.eligible if among is None else among

            tops = self._tops(month) if noisy else None

            def cut(world: World) -> Outcomes:
                columns = self.drawn.outcomes(world.states[month], month, noisy=noisy, tops=tops)
                return {name: column[seen] for name, column in columns.items()}

            values = cut(self.world(arm))
            base = cut(self.world(self.trial.arms[0].name))
            add_indices(values, reference_of(base, np.ones(int(seen.sum()), np.bool_)))
            if among is not None:
                return values
            self._outcomes[key] = values
        return self._outcomes[key]

    def _tops(self, month: int) -> dict[str, float]:
        """Amounts at which a survey is cut: percentiles over the eligible, each in the world of its own arm."""
        if month not in self._cuts:
            drawn = self.drawn
            mixed = {item: np.empty(drawn.ids.size) for item in CUT}
            for index, arm in enumerate(self.trial.arms):
                mine = drawn.arm == index
                if (mine & drawn.eligible).any():
                    found = drawn.outcomes(self.world(arm.name).states[month], month, noisy=True)
                    for item in CUT:
                        mixed[item][mine] = found[item][mine]
            self._cuts[month] = tops_of({item: mixed[item][drawn.eligible] for item in CUT}, drawn.parameters)
        return self._cuts[month]

    def effect(self, estimate: Estimate) -> Value:
        """What the study would find for an estimate with sampling error removed, and the simulation's own error."""
        treated = self.outcomes(estimate.arm, estimate.wave)[estimate.outcome]
        control = self.outcomes(estimate.against, estimate.wave)[estimate.outcome]
        if estimate.on == "treated":
            took = self.world(estimate.arm).accepted[self.drawn.eligible]
            treated, control = treated[took], control[took]
        return on_scale(treated, control, estimate.scale)


def on_scale(treated: Float64Array, control: Float64Array, scale: str) -> Value:
    """Difference of two paired samples (n,) on the scale of an estimate (see `model.Estimate`)."""
    difference = treated - control
    mean, se = float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(difference.size))
    if scale == "odds_ratio":
        p, q = float(treated.mean()), float(control.mean())
        ratio = p / (1 - p) / (q / (1 - q))
        return Value(ratio, ratio * se / max(q * (1 - q), 1e-12))
    unit = {
        "sd": float(control.std(ddof=1)),
        "percent": float(control.mean()) / 100.0,
        "points": 0.01,
        "level": 1.0,
    }[scale]
    return Value(mean / unit, se / abs(unit))


def expected(trial: Trial, parameters: Any, *, seed: int, replicate: int = 0) -> dict[str, Value]:
    """Every estimate of a trial with sampling error removed: all households under every arm, on the same draws."""
    worlds = Worlds(trial, parameters, seed=seed, replicate=replicate)
    return {estimate.name: worlds.effect(estimate) for estimate in trial.estimates}
