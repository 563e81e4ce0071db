"""Pieces of work for the tests of executors. Light to import, because every worker imports it."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any


def squared(batch: int) -> int:
    return batch * batch


def slowly(batch: int) -> int:
    time.sleep(0.02)
    return batch * batch


def late_first(batch: int) -> int:
    """The first piece finishes last."""
    time.sleep(1.0 if batch == 0 else 0.0)
    return batch


def who(_: int) -> int:
    return os.getpid()


def surroundings(_: int) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.endswith("_THREADS")}


def dies(folder: str, deadly: dict[int, int], batch: int) -> int:
    """A piece that is killed as by the system when memory runs out, as often as `deadly` says; each time is noted."""
    for time_ in range(deadly.get(batch, 0)):
        try:
            (Path(folder) / f"{batch}.{time_}").touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
    (Path(folder) / f"done.{batch}.{os.getpid()}.{time.monotonic_ns()}").touch()
    return batch * batch


def deadly(folder: Any, **times: int) -> Any:
    return partial(dies, str(folder), {int(name[1:]): count for name, count in times.items()})


class Odd(Exception):
    """An exception that does not survive pickling."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def raises(batch: int) -> int:
    if batch == 1:
        raise ValueError("one is wrong")
    if batch == 2:
        raise Odd(1, 2)
    return batch


def unpicklable(batch: int) -> Any:
    return lambda: batch
