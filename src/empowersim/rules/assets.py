"""Productive assets with and without a poverty trap, and durable goods.

Assets are carried as k = ln(1 + scale x K), K in L. Without the trap k returns to the household's
own level (none found by Kraay and McKenzie 2014, Arunachalam and Shenoy 2017); with it k follows a cubic with
an unstable threshold (Balboni et al. 2022, C040-C046). Coefficients: ``assets.yaml``.
"""

from __future__ import annotations

from typing import Any

from empowersim._jit import rule, select
from empowersim.maths import HALF, ONE, TWO, ZERO, clip, exp, flag, lesser, log, positive

_YEAR = (TWO + ONE) * (TWO + TWO)
"""Months in a year: rates of asset change are a year."""
_MOST = TWO * (TWO + ONE)
"""Largest k the model carries, the upper bound of the column."""


@rule
def assets_from_k(p: Any, k: float) -> float:
    """Productive assets (L) of k."""
    return (exp(k) - ONE) / p.asset_scale


@rule
def upkeep_competence(p: Any, practice: float, advice: float) -> float:
    """How well the household keeps what it owns (0-1): from practice and from advice."""
    return lesser(p.upkeep_per_practice * practice + advice, ONE)


@rule
def own_level(p: Any, own_assets: float, log_normal_income: float, initiative: float) -> float:
    """Accustomed level of k: it rises with normal income (log L a month), so growth lifts everybody's (C201-C208)."""
    earned = p.own_level_per_income * log_normal_income
    return p.own_level_mean + own_assets + earned + p.own_level_per_initiative * initiative


@rule
def drift_to_own_level(p: Any, k: float, own: float, competence: float) -> float:
    """Change of k a year without a trap: back to the own level; competence slows the fall."""
    held = select(k > own, ONE - p.decay_prevented * competence, ONE)
    return -p.asset_return_rate * (k - own) * held


@rule
def drift_with_trap(p: Any, k: float, competence: float) -> float:
    """Change of k a year with a trap: stable low and high points, a threshold that competence lowers."""
    threshold = p.trap_threshold - p.threshold_fall * competence
    return -p.trap_speed * (k - p.trap_low) * (k - threshold) * (k - p.trap_high)


@rule
def drift(p: Any, k: float, own: float, competence: float) -> float:
    """Change of k a year in the world that the trap switch selects."""
    return select(p.trap > HALF, drift_with_trap(p, k, competence), drift_to_own_level(p, k, own, competence))


@rule
def investment(p: Any, k: float, change: float) -> float:
    """What growth of assets costs this month (L), paid out of income; `change` of k a year."""
    return positive(change / _YEAR) * exp(k) / p.asset_scale


@rule
def next_k(
    p: Any, k: float, change: float, own: float, competence: float, hazard: float, noise: float, death: float
) -> float:
    """k next month (0 to 6): drift, noise (standard normal), and the death of animals above the usual stock.

    `hazard` is the monthly hazard of such a loss, `death` its uniform draw (C166); competence prevents part.
    """
    usual = select(p.trap > HALF, p.trap_low, own)
    spread = select(p.trap > HALF, p.trap_noise_sd, p.asset_noise_sd)
    moved = k + change / _YEAR + spread * noise
    lost = flag(death < hazard * (ONE - p.deaths_prevented * competence)) * p.death_loss * positive(moved - usual)
    return clip(moved - lost, ZERO, _MOST)


@rule
def granted_asset(p: Any, grant: float, draw: float) -> float:
    """Worth of a granted asset (L): its quality varies evenly around one (C042); `draw` uniform."""
    return grant * (ONE + p.grant_quality_spread * (TWO * draw - ONE))


@rule
def added_assets(p: Any, grant: float, cash: float, draw: float) -> float:
    """Productive assets (L) that come in: a granted asset of its quality (`draw` uniform), and part of a cash grant."""
    return granted_asset(p, grant, draw) + p.windfall_to_assets * cash


@rule
def k_after_grant(p: Any, k: float, added: float) -> float:
    """k (0 to 6) after `added` L of productive assets came in."""
    return select(added > ZERO, clip(log(exp(k) + p.asset_scale * added), ZERO, _MOST), k)


@rule
def usual_durables(p: Any, normal_income: float) -> float:
    """Durable goods (L) that go with an income (L a month): bought out of what bare living leaves (C085)."""
    return p.durables_level * positive(normal_income - p.durables_from_income)


@rule
def next_durables(p: Any, durables: float, normal_income: float, cash: float) -> float:
    """Durable goods (L) next month: towards their usual level, plus a share of a windfall (C092)."""
    usual = usual_durables(p, normal_income)
    return durables + p.durables_adjustment * (usual - durables) + p.windfall_to_durables * cash
