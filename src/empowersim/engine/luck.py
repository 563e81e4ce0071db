"""The draws of an extension by their address, for those who live a household agent by agent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.observe import drawn
from empowersim.errors import SimulationError
from empowersim.rng import EXTENSIONS, STREAMS_A_GROUP, Kind

_KINDS = {"household": Kind.HOUSEHOLD, "village": Kind.VILLAGE}


def luck(
    stream: int, who: int | Sequence[int], month: int, *, seed: int, replicate: int = 0, of: str = "household"
) -> NDArray[np.float32]:
    """Uniforms in (0, 1) of a stream of an extension, shape (n,): the numbers that compiled rules get as ``draw.NAME``.

    `stream` = number of the draw in `Extension.draws` (or `village_draws` with `of` = "village"), `who` = permanent ids
    of households (villages), `month` from 0, negative in the burn-in. Raises `SimulationError` for another `of`.
    """
    if of not in _KINDS:
        raise SimulationError(f"luck: of: expected household or village, found {of!r}")
    ids = np.atleast_1d(np.asarray(who, np.int64))
    first = EXTENSIONS + stream // STREAMS_A_GROUP * STREAMS_A_GROUP
    found = drawn(ids, _KINDS[of], month, first, STREAMS_A_GROUP, seed, replicate, normal=False)
    own: NDArray[np.float32] = found[stream % STREAMS_A_GROUP]
    return own
