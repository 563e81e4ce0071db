"""A store of results in memory that sessions share: bounded in bytes, keyed by content, safe for threads.

What is asked for twice at the same time is made once: who comes second waits for who came first. A key must be a
digest of all that a value depends on, so that sharing can never mix two sessions up.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import fields, is_dataclass
from typing import Any, Final, TypeVar, cast

import numpy as np

Value = TypeVar("Value")

MOST_BYTES: Final = 768 * 2**20
"""Bytes that a cache holds unless told otherwise: some thirty policies of 20 futures of 5,000 households."""


def bytes_of(value: Any) -> int:
    """Bytes of all arrays inside a value: dataclasses, mappings and sequences are looked into."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if is_dataclass(value) and not isinstance(value, type):
        return sum(bytes_of(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, Mapping):
        return sum(bytes_of(one) for one in value.values())
    if isinstance(value, (tuple, list)):
        return sum(bytes_of(one) for one in value)
    return 0


class SharedCache:
    """Values by key; what was used longest ago goes first when there are too many bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """`most_bytes` (1 or more) bounds what is kept; a value larger than that is given, and not kept."""
        if most_bytes < 1:
            raise ValueError(f"most_bytes: expected 1 or more, found {most_bytes}")
        self.most_bytes = most_bytes
        self.made = 0
        """Values that had to be made so far."""
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._begun: dict[Hashable, Future[Any]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Bytes kept now."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key; ``make()`` gives it where there is none.

        `make` runs in the calling thread and outside of all locks. An error of `make` is raised in every thread that
        waits for it, and nothing is kept: the next who asks tries again.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast(Value, self._kept[key][0])
            waited = self._begun.get(key)
            mine: Future[Any] = Future()
            if waited is None:
                self._begun[key] = mine
        if waited is not None:
            return cast(Value, waited.result())
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._begun[key]
            mine.set_exception(error)
            raise
        self._keep(key, value)
        mine.set_result(value)
        return value

    def _keep(self, key: Hashable, value: Any) -> None:
        size = bytes_of(value)
        with self._lock:
            self.made += 1
            del self._begun[key]
            if size > self.most_bytes:
                return
            self._kept[key] = (value, size)
            self._bytes += size
            while self._bytes > self.most_bytes:
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= gone

    def clear(self) -> None:
        """Forget all that is kept."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0


__all__ = ["MOST_BYTES", "SharedCache", "bytes_of"]
