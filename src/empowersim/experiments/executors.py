"""How futures are spread over the cores: one seam, results always in the order of the futures."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_threads() -> int:
    """Return the cores this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def map_replicates(function: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of `items`, whatever the order of finish.

    At most `threads` run at once and at most one more waits finished, so memory does not grow with the
    number of items. With one thread nothing leaves the calling thread.
    """
    if threads <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    left = iter(items)
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="replicate")
    try:
        for item in left:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # on an error or Ctrl-C what has not begun is dropped
        pool.shutdown(wait=True, cancel_futures=True)
