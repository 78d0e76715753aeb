"""Take turns, time each turn, report medians and ratios."""

import statistics
import time
from collections.abc import Callable


def take_turns(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Run all contestants once a round, in changing order; seconds a run.

    Taking turns spreads whatever else the machine does over all of them.
    """
    seconds = {name: [] for name in contestants}
    for i in range(rounds):
        order = list(contestants) if i % 2 == 0 else list(contestants)[::-1]
        for name in order:
            start = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def report(title: str, seconds: dict[str, list[float]], ours: str) -> None:
    """Print medians, and how many times ours each of the others takes."""
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"\n{title}  (median of {len(seconds[ours])})")
    for name, median in medians.items():
        ratio = "" if name == ours else f"   ours / this = {medians[ours] / median:.3f}"
        spread = max(seconds[name]) - min(seconds[name])
        print(f"  {name:34} {median:9.4f} s   spread {spread:7.4f} s{ratio}")
