"""How much a run of the benchmarks measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Settings:
    """Sizes and rounds; `FULL_RUN` and `QUICK_RUN` are the two that the command offers."""

    quick: bool
    rounds: int
    """Rounds of a race."""
    households: int
    """Households of the kernel, its parts and the peers that work on arrays."""
    agents: int
    """Households of the peers that step agent by agent."""
    checked: int
    """Households on which the peers are checked against the kernel for a year."""
    lucky: int
    """Households on which peers with their own random numbers are checked for a year."""
    peer_months: int
    sizes: tuple[int, ...]
    """Populations whose speed is compared."""
    largest: int
    """Population on which threads are compared and memory is measured."""
    sweep_runs: int


FULL_RUN = Settings(
    quick=False,
    rounds=7,
    households=100_000,
    agents=2_000,
    checked=3_000,
    lucky=20_000,
    peer_months=6,
    sizes=(1_000, 10_000, 100_000, 1_000_000),
    largest=1_000_000,
    sweep_runs=10_000,
)
QUICK_RUN = Settings(
    quick=True,
    rounds=3,
    households=100_000,
    agents=500,
    checked=1_000,
    lucky=20_000,
    peer_months=2,
    sizes=(1_000, 10_000, 100_000),
    largest=200_000,
    sweep_runs=200,
)
