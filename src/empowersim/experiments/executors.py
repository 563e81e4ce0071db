"""How futures are spread over the cores: one seam, results always in the order of the futures."""

from __future__ import annotations

import os

from empowersim.engine.workers import in_order as map_replicates

__all__ = ["available_threads", "map_replicates"]


def available_threads() -> int:
    """Return the cores this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
