"""Made-up surveys of a study with a known effect: no engine, only normal numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import binom

from empowersim.trials.model import Arm, Component, Context, Eligibility, Estimate, Sample, Trial, Wave
from empowersim.trials.run import Panel

GIVEN = (Component({"visits": 4.0}, months=12),)
WAVE = "24"


def trial(*, unit: str = "village", villages: int = 40, households: int = 25, take_up: float = 1.0, **changes) -> Trial:
    """A study with a comparison and one arm, an estimate on each scale."""
    made = Trial(
        name="made_up",
        title="A made-up study",
        source="nobody (2020)",
        context=Context(),
        sample=Sample(villages, households),
        eligibility=Eligibility(),
        arms=(Arm("control"), Arm("treated", GIVEN, take_up=take_up)),
        waves=(Wave(WAVE, 24),),
        estimates=tuple(estimate(scale) for scale in ("level", "sd", "percent")),
        unit=unit,
    )
    return replace(made, **changes)


def estimate(scale: str = "level", outcome: str = "consumption", **changes) -> Estimate:
    return replace(Estimate(f"{outcome}_{scale}", outcome, "treated", "control", WAVE, scale), **changes)


def panel(
    study: Trial,
    *,
    seed: int,
    replicate: int = 0,
    effect: float = 0.0,
    icc: float = 0.0,
    mean: float = 3.0,
    attrition: float = 0.0,
    spillover: float = 0.0,
) -> Panel:
    """One survey of `study`: an outcome of variance 1 and mean `mean`, of which `icc` is common to a village.

    Those who accept gain `effect`, comparison households `spillover`; half of the units get the arm.
    """
    rng = np.random.default_rng([seed, replicate])
    villages, each = study.sample.villages, study.sample.households_per_village
    village = np.repeat(np.arange(villages), each)
    count = village.size
    units = villages if study.unit == "village" else count
    lot = rng.permutation(units) % len(study.arms)
    arm = (lot[village] if study.unit == "village" else lot).astype(np.int32)
    accepted = (rng.random(count) < study.arms[1].take_up) & (arm > 0)
    untreated = mean + np.sqrt(icc) * rng.normal(size=villages)[village] + np.sqrt(1 - icc) * rng.normal(size=count)
    lived = untreated + effect * accepted + spillover * (arm == 0)
    found = rng.random(count) >= attrition

    def outcomes(values):
        return {"consumption": values, "poor": (values < mean).astype(np.float64)}

    return Panel(
        household=np.arange(count, dtype=np.int64),
        village=village.astype(np.int64),
        arm=arm,
        accepted=accepted,
        found={WAVE: found},
        measured={WAVE: outcomes(lived)},
        true={WAVE: outcomes(lived)},
        untreated={WAVE: outcomes(untreated)},
    )


def drawing(**how):
    """A stand-in for `trials.run.draw` that makes such surveys."""

    def draw(study: Trial, _parameters, *, seed: int, replicate: int = 0) -> Panel:
        return panel(study, seed=seed, replicate=replicate, **how)

    return draw


def bounds(share: float, draws: int, alarm: float) -> tuple[int, int]:
    """Fewest and most hits of `draws` that chance gives with the true `share`, but for a share `alarm` of cases."""
    return int(binom.ppf(alarm / 2, draws, share)), int(binom.isf(alarm / 2, draws, share))
