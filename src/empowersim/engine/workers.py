"""Work spread over threads; results come back in the order of the work, whoever finishes first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of `items`, whatever the order of finish.

    At most `threads` run at once and at most one more waits finished, so memory does not grow with the
    number of items. With one thread nothing leaves the calling thread.
    """
    if threads <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    left = iter(items)
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="worker")
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
