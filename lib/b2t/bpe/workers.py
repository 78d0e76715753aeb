"""Work shared out among processes, with the results in order and no more than a few of them waiting."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

AHEAD = 2  # items handed out for each worker: one at work, one ready
_job: list = []  # in a worker: the function and what it shares


def ordered_map(function: Callable, shared: Any, items: Iterable, workers: int) -> Iterator:
    """Give ``function(shared, item)`` for each item, in order, as `map` does.

    Only ``AHEAD * workers`` items are taken before the first result is asked for: so the memory does not grow
    with their number.

    Parameters
    ----------
    function : function of (shared, item)
        One that can be pickled: defined at the top of a module.
    shared : object
        Sent to each worker once.
    items : iterable
        Sent to some worker, one by one.
    workers : int
        With 1, all is done in this process. Others are started afresh (spawned): in a script, what calls this
        stands behind ``if __name__ == "__main__":``.

    Yields
    ------
    object
        The results. An error in a worker is raised here, in its turn.

    Examples
    --------
    >>> list(ordered_map(pow, 2, [1, 2, 3], workers=1))
    [2, 4, 8]
    """
    check_workers(workers)
    if workers == 1:
        yield from (function(shared, item) for item in items)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), begin_work, (function, shared))
    waiting = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker process ended early: it ran out of memory, was stopped, or could not start, as in a "
            'script whose main part does not stand behind if __name__ == "__main__":. workers=1 starts none'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def check_workers(workers: int) -> None:
    """Refuse a number of processes that cannot be."""
    if workers != int(workers) or workers < 1:
        raise ValueError(f"workers is {workers}; it is a number of processes, 1 or more")


def begin_work(function: Callable, shared: Any) -> None:
    """Keep, in a worker, what all its items share."""
    _job[:] = function, shared


def work(item: Any) -> Any:
    """Do one item, in a worker."""
    function, shared = _job
    return function(shared, item)
