"""Compiled kernels before workers need them: one process compiles, the others wait and then read them from disk.

Without this, workers that start together on a machine that has never run the program would each compile the same
kernels for a minute, and write them to the same files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension

_HOUSEHOLDS: Final = 40
_LOCK: Final = "compiling.lock"


@cache
def warm() -> None:
    """Make sure that the kernels of a simulation are on disk for this processor; compiles only if they are not.

    Safe to call from any number of processes at once: a file lock lets one of them compile. The lock goes with the
    process, so a killed one blocks nobody. On systems without `fcntl` there is no lock, and each may compile.
    """
    from llvmlite.binding import get_host_cpu_name

    from empowersim._jit import cache_folder, is_compiled

    folder = cache_folder()
    mark = folder / f"warm-{get_host_cpu_name()}"
    if mark.exists() and is_compiled():
        return
    with _alone(folder / _LOCK):
        if mark.exists() and is_compiled():
            return
        _simulate_a_little()
        mark.touch()


@cache
def warm_extension(extension: Extension) -> None:
    """The same for the kernels of an extension."""
    from empowersim._jit import cache_folder
    from empowersim.engine.machine import is_ready

    if is_ready(extension):
        return
    with _alone(cache_folder() / _LOCK):
        if not is_ready(extension):
            _simulate_a_little(extension)


def ready_for(kind: str, extension: Extension | None) -> None:
    """See to it that the workers of an executor can use an extension: its rules can be imported, and are compiled.

    Raises `SimulationError` for rules of a notebook or of the inside of a function, which no other process can import.
    """
    if extension is None or kind == "serial":
        return
    extension.travels(f"executor {kind}", script=kind == "processes")
    warm()
    warm_extension(extension)


def _simulate_a_little(extension: Extension | None = None) -> None:
    """Call every kernel of a run once, with the types of a run."""
    from empowersim.engine.inputs import Mentors, Policy, Travel
    from empowersim.engine.simulate import simulate
    from empowersim.engine.stream import simulate_stream
    from empowersim.engine.synthetic import synthetic, synthetic_streamed
    from empowersim.parameters import parameters
    from empowersim.parameters.places import place, places, travel

    where = place(sorted(places())[0])
    size = {"households": _HOUSEHOLDS, "seed": 0, "replicate": 0}
    asked: dict[str, Any] = {
        "travel": Travel(**travel()),
        "parameters": parameters(),
        "months": 1,
        "burn_in": 1,
        "seed": 0,
    }
    asked["extension"] = extension
    policies = [Policy("warm", mentors=Mentors(posts=1.0))]
    simulate(synthetic(where, **size), policies, threads=1, **asked)
    simulate_stream(synthetic_streamed(where, **size), policies, threads=1, **asked)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a file; waits for whoever holds it."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)  # releases the lock, too
