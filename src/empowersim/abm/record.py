"""The engine's own run of a world that is on its way: what its blocks have added up so far."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from empowersim.engine.gather import Total
from empowersim.engine.lives import detailed_months
from empowersim.engine.outputs import Run

_VECTORS: Final = {
    "size": "size",
    "start_consumption": "start",
    "end_consumption": "end",
    "touched": "touched",
    "stage": "stage",
}
"""Household vectors of a run -> field of `ends.Ends`."""


def run_of(world: Any, vectors: bool) -> Run:
    """The run of a `world.World` so far; blocks are added in their order. Without `vectors` those are empty."""
    total = Total(world.policy, world.made.compiled.travel, world.months)
    detailed = np.flatnonzero(detailed_months(world.months))
    ends = []
    for begun, under in zip(world.burnt.begun, world.under, strict=True):
        tally = under.tally._replace(spread=under.tally.spread[detailed])
        total.add(tally, np.maximum(under.offer.places, 0), begun.region)
        if vectors:
            ends.append(world.lives.close(under).ends)
    if vectors:
        known = dict(world.burnt.vectors)
        known |= {name: np.concatenate([getattr(one, field) for one in ends]) for name, field in _VECTORS.items()}
    else:
        known = {name: values[:0] for name, values in world.burnt.vectors.items()}
        known |= {name: np.empty(0, np.float32) for name in _VECTORS}
    with np.errstate(divide="ignore", invalid="ignore"):  # months to come hold nobody
        return total.run(
            replicate=world.replicate,
            represents=world.burnt.represents,
            households=world.burnt.count,
            vectors=known,
        )
