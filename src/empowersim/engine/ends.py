"""What is seen of each household when a policy is over: consumption, contact, and how far it has come."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, kernel
from empowersim.engine.arrays import Block, Running
from empowersim.engine.outputs import STAGES
from empowersim.engine.start import rows_in_order
from empowersim.maths import ZERO
from empowersim.rules.month import MONTHS_UNSEEN_MOST
from empowersim.schema import ROW

FloatArray = NDArray[np.float32]

_WELFARE: Final = ROW["welfare"]
_SIZE: Final = ROW["size"]
_UNSEEN: Final = ROW["unseen"]
_MOTIVATION: Final = ROW["motivation"]
_SKILL: Final = ROW["technical_skill"]
_KNOWLEDGE: Final = ROW["business_knowledge"]
_CARE: Final = ROW["health_practice"]
_PRACTICE: Final = ROW["business_practice"]
_JOB: Final = ROW["job"]
_INCOME: Final = ROW["normal_income"]
_SAVINGS: Final = ROW["savings"]
_STANDING: Final = ROW["standing"]
_UNSEEN_MOST: Final = np.float32(MONTHS_UNSEEN_MOST)
_AWARE, _TRAINED, _ACTING, _INDEPENDENT = (STAGES.index(name) for name in ("aware", "trained", "acting", "independent"))


class Ends(NamedTuple):
    """Households of a block, in their order; arrays of shape (households,)."""

    start: FloatArray
    """L a month: consumption in the last month before the policy."""
    end: FloatArray
    """L a month: mean of the judged months."""
    size: FloatArray
    touched: NDArray[np.bool_]
    """Ever enrolled or visited."""
    stage: NDArray[np.int8]
    """Index into `outputs.STAGES`."""


@kernel
def _look(
    state: Any, live: Any, slots: Any, judged: Any, marks: Any, end: Any, size: Any, touched: Any, stage: Any
) -> None:
    """Fill the last four, in household order; `marks` as in `_marks`."""
    aware, learnt, kept, months, standing = marks[0], marks[1], marks[2], marks[3], marks[4]
    home = 0
    for tile in range(state.shape[0]):
        for lane in range(LANES):
            if live[tile, lane] == ZERO:
                continue
            met = state[tile, _UNSEEN, lane] < _UNSEEN_MOST
            for slot in range(slots.shape[1]):
                met = met or slots[tile, slot, lane] != 0
            skill = state[tile, _SKILL, lane]
            taught = max(skill, state[tile, _KNOWLEDGE, lane], state[tile, _CARE, lane])
            acts = max(state[tile, _PRACTICE, lane], skill * state[tile, _JOB, lane])
            left = kept * state[tile, _INCOME, lane] * months + state[tile, _SAVINGS, lane]
            reached = 0
            if met or state[tile, _MOTIVATION, lane] > aware:
                reached = _AWARE
            if taught > learnt:
                reached = _TRAINED
            if acts > learnt:
                reached = _ACTING
            if state[tile, _STANDING, lane] >= standing and left >= months:
                reached = _INDEPENDENT
            end[home] = state[tile, _WELFARE, lane] / judged
            size[home] = state[tile, _SIZE, lane]
            touched[home] = met
            stage[home] = reached
            home += 1


def _marks(p: Any) -> FloatArray:
    """What a stage asks for: motivation, practice, income share and months of the standard shock, months standing."""
    return np.array(
        [
            p.motivation_start + p.stage_threshold,
            p.stage_threshold,
            1 - p.standard_shock_share,
            p.standard_shock_months,
            p.independence_months,
        ],
        np.float32,
    )


def starting_consumption(block: Block) -> FloatArray:
    """Consumption (L a month) of the households as they stand, in their order."""
    values: FloatArray = rows_in_order(block, "consumption").astype(np.float32)
    return values


def ends_of(block: Block, running: Running, start: FloatArray, judged: int, parameters: Any) -> Ends:
    """Look at the households of a finished block; `start` from `starting_consumption`, `judged` months added up."""
    count = start.size
    end, size = np.empty(count, np.float32), np.empty(count, np.float32)
    touched, stage = np.empty(count, np.bool_), np.empty(count, np.int8)
    _look(block.state, block.live, running.slots, np.float32(judged), _marks(parameters), end, size, touched, stage)
    return Ends(start, end, size, touched, stage)
