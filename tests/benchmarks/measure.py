"""Take turns, time each turn, say medians and ratios, and keep them under `_build/bench/`."""

import csv
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "_build" / "bench"
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class Turn(NamedTuple):
    """Seconds of one run: on the clock, and of processor time, which other programs do not lengthen."""

    wall: float
    process: float


Run = Callable[[], object]


def one_core() -> None:
    """Keep this process, and those that it starts, on one core and each library on one thread."""
    os.environ |= dict.fromkeys(ONE_THREAD, "1") | {"TOKENIZERS_PARALLELISM": "false"}
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(run: Run) -> tuple[Turn, object]:
    """Run once."""
    wall, process = time.perf_counter(), time.process_time()
    result = run()
    return Turn(time.perf_counter() - wall, time.process_time() - process), result


def take_turns(contestants: dict[str, Callable[[], Run]], rounds: int) -> tuple[dict, dict]:
    """Run all contestants once a round, in changing order.

    Taking turns spreads whatever else the machine does over all of them. A contestant is a function that
    prepares a run and returns it; preparing is not timed.

    Returns
    -------
    turns : dict of str to list of Turn
    results : dict of str to object
        What the last run of each returned.
    """
    turns, results = {name: [] for name in contestants}, {}
    for i in range(rounds):
        for name in list(contestants) if i % 2 == 0 else list(contestants)[::-1]:
            turn, results[name] = timed(contestants[name]())
            turns[name].append(turn)
    return turns, results


def rows(task: str, turns: dict[str, list[Turn]], ours: dict[str, str], clock: str = "process") -> list[dict]:
    """Sum up one task: a row a contestant, with the ratio of our median to its.

    Parameters
    ----------
    task : str
    turns : dict of str to list of Turn
    ours : dict of str to str
        For each contestant, which of our entries it is compared with.
    clock : {"process", "wall"}
        What medians, spread and ratio are taken of.
    """
    times = {name: [getattr(turn, clock) for turn in runs] for name, runs in turns.items()}
    median = {name: statistics.median(seconds) for name, seconds in times.items()}
    return [
        {
            "task": task,
            "contestant": name,
            "seconds": round(median[name], 5),
            "least": round(min(seconds), 5),
            "most": round(max(seconds), 5),
            "wall": round(statistics.median(turn.wall for turn in turns[name]), 5),
            "runs": len(seconds),
            "ratio": round(median[ours[name]] / median[name], 3),
            "note": "",
        }
        for name, seconds in times.items()
    ]


def show(summed: list[dict]) -> None:
    """Print the rows of one task."""
    print(f"\n{summed[0]['task']}  (median of {summed[0]['runs']})")
    for row in summed:
        ratio = f"ours / this {row['ratio']:6.2f}" if row["ratio"] != 1 else " " * 18
        spread = f"(least {row['least']:.4f}, most {row['most']:.4f}; wall {row['wall']:.4f})"
        line = f"  {row['contestant']:28} {row['seconds']:9.4f} s  {spread}  {ratio}  {row['note']}"
        print(line.rstrip(), flush=True)


def table(all_rows: list[dict]) -> str:
    """Write a table in Markdown: a line a task, a column a contestant, seconds and the ratio ours / this."""
    names = list(dict.fromkeys(row["contestant"] for row in all_rows))
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for task in dict.fromkeys(row["task"] for row in all_rows):
        cells = {row["contestant"]: row for row in all_rows if row["task"] == task}
        shown = [f"{cells[n]['seconds']:.3g} ({cells[n]['ratio']:.2f})" if n in cells else "" for n in names]
        lines.append(f"| {task} | {' | '.join(shown)} |")
    return "\n".join(lines)


def save(name: str, all_rows: list[dict]) -> None:
    """Keep rows as tab-separated values, and beside them what they were measured on."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    keys = list(dict.fromkeys(key for row in all_rows for key in row))
    with open(RESULTS / f"{name}.tsv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, keys, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(all_rows)
    (RESULTS / f"{name}.json").write_text(json.dumps(machine(), indent=1) + "\n", encoding="utf-8")
    print(f"\nkept in {(RESULTS / name).relative_to(ROOT)}.tsv and .json", flush=True)


def machine() -> dict:
    """Say what this runs on: processor, cores, load, versions."""
    packages = ("numpy", "regex", "rustbpe", "tokenizers", "bpeasy", "tiktoken", "gigatoken")
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }


def head(title: str) -> None:
    """Print what this runs on."""
    about = machine()
    print(
        f"\n# {title}\n{about['processor']}, {about['cores']} cores, load {about['load']}, {about['system']}"
    )
    print(
        f"Python {about['python']}, " + ", ".join(f"{k} {v}" for k, v in about["versions"].items()),
        flush=True,
    )


def version(package: str) -> str:
    """Version of an installed package, or that it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
