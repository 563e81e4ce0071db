"""Which members of an ensemble of parameters the futures of a search live with.

Members are not equally likely. `spread` takes a systematic sample: one uniform number places a comb of equal steps on
the cumulated weights (Kitagawa 1996), so that a member of weight w is taken about w x count times, and the sample is
as spread out as the ensemble allows. The uniform number has an address, as every draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from empowersim import rng
from empowersim.errors import SimulationError

FOR_SEARCH: Final = 0
FOR_HELD_OUT: Final = 1
FOR_START: Final = 2
FOR_MOVES: Final = 16
"""What a draw is for, so that two uses share nothing; moves of generation g have the number FOR_MOVES + g."""


def uniforms(members: int, columns: int, *, purpose: int, seed: int) -> NDArray[np.float64]:
    """Return uniforms strictly inside (0, 1), shape (members, columns); `seed` 0 to 2^32 - 1."""
    return rng.uniforms(members, columns, kind=rng.Kind.SEARCH, purpose=purpose, seed=seed)


def spread(
    members: Sequence[Mapping[str, float]], weights: Sequence[float] | None, count: int, *, purpose: int, seed: int
) -> tuple[Mapping[str, float], ...]:
    """Take `count` members of an ensemble in proportion to their weights (None: all alike).

    Raises `SimulationError` unless there is one weight of 0 or more for each member, not all 0.
    """
    likely = [1.0] * len(members) if weights is None else [float(weight) for weight in weights]
    if len(likely) != len(members) or not members or min(likely) < 0.0 or sum(likely) <= 0.0:
        raise SimulationError(
            f"draws: expected one weight of 0 or more for each of {len(members)} parameter sets, found {len(likely)}"
        )
    until = list(accumulate(likely))
    begin = float(uniforms(1, 1, purpose=purpose, seed=seed)[0, 0])
    marks = [(number + begin) / count * until[-1] for number in range(count)]
    places = np.searchsorted(np.array(until), np.array(marks), side="right")
    return tuple(members[min(int(place), len(members) - 1)] for place in places)
