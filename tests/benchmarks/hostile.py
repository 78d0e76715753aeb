"""Hostile input, ours and others': `python -m tests.benchmarks.hostile --help`.

Seven texts of one "word" each, at five sizes, to learn from and to encode. How time grows is the slope of log
time over log size, by least squares: 1 is in proportion, 2 is squared. It is given for all processor time and
for the program's own ("user"), without the system's handing out memory. Every point is a process of its own;
who exceeds a limit at one size is not asked at larger ones.
"""

import argparse
import math
import statistics
from collections.abc import Callable

import numpy as np

from b2t import data
from tests.benchmarks import isolated, measure, peers

SIZES = (625_000, 1_250_000, 2_500_000, 5_000_000, 10_000_000)
N_MERGES = 512
LEAST = 0.02  # seconds: a shorter time is a few ticks of the clock of some systems
SECONDS, SECONDS_OURS = 20, 120
JOINED = ("👩", "👨", "👧", "👦", "🧑", "🚀", "🌈", "💻")
TRAIN = ("b2t", "rustbpe", "tokenizers", "bpeasy", "gigatoken, GPT-2's pattern")


def draw(characters: str | list[str], n: int) -> str:
    """Characters by chance, the same ones each time."""
    return "".join(np.random.default_rng(0).choice(list(characters), n))


def han(n: int) -> str:
    """Characters as frequent as in the poems, without spaces or punctuation."""
    return draw([character for character in data.text("tang_poems")[:200_000] if character.isalpha()], n)


# name to a function from bytes wanted to a text of about as many
INPUTS: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "random letters": lambda n: draw("abcdefghijklmnopqrstuvwxyz", n),
    "Chinese, no spaces": lambda n: han(n // 3),
    "spaces": lambda n: " " * n,
    "newlines": lambda n: "\n" * n,
    "combining marks": lambda n: "e" + draw([chr(code) for code in range(0x300, 0x370)], n // 2),
    "emoji joiners": lambda n: "\u200d".join(draw(JOINED, n // 7)),
}


def make(name: str, n_bytes: int) -> str:
    """Make a hostile input of about a number of bytes."""
    return INPUTS[name](n_bytes)


def slope(sizes: list[int], seconds: list[float]) -> float | None:
    """Fit log time over log size, by the times that the clock can tell; None when they are fewer than three.

    Examples
    --------
    >>> slope([1, 2, 4], [3.0, 12.0, 48.0])
    2.0
    >>> slope([1, 2, 4], [0.0, 0.001, 0.1])
    """
    points = [(n, time) for n, time in zip(sizes, seconds) if time >= LEAST]
    if len(points) < 3:
        return None
    return round(float(np.polyfit(*np.log(points).T, 1)[0]), 3)


def climb(what: str, who: str, text: str, sizes: list[int], limits: dict, repeats: int = 1) -> dict:
    """Run one contestant at one size after the other, until one is too much for it."""
    seconds, user, ended = [], [], ""
    for n_bytes in sizes:
        job = {"what": what, "who": who, "text": text, "n_bytes": n_bytes, "vocab_size": 256 + N_MERGES}
        got = [isolated.run(**limits, **job) for _ in range(repeats)]
        ended = next((outcome.ended for outcome in got if outcome.ended), "")
        if ended:
            break
        seconds.append(round(statistics.median(outcome.process for outcome in got), 4))
        user.append(round(statistics.median(outcome.user for outcome in got), 4))
    return {
        "what": what,
        "input": text,
        "contestant": who,
        "seconds": seconds,
        "user": user,
        "slope": slope(sizes, seconds),
        "slope_user": slope(sizes, user),
        "ended": ended and f"{sizes[len(seconds)] / 1e6:g} MB: {ended}",
    }


def show(row: dict) -> None:
    """Print how one contestant did."""
    times = " ".join(f"{seconds:7.3f}" for seconds in row["seconds"])
    grows = [f"{row[key]:.2f}" if row[key] is not None else "-" for key in ("slope", "slope_user")]
    line = f"  {row['contestant']:28} {times:40} slope {grows[0]:5} user {grows[1]:5} {row['ended']}"
    print(line.rstrip(), flush=True)


def n_log_n(sizes: list[int]) -> float:
    """The slope that n log n has over these sizes."""
    return slope(sizes, [n * math.log(n) for n in sizes])


def chosen(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("tests.benchmarks.hostile", description=__doc__.partition("\n")[0])
    parser.add_argument("--input", nargs="+", choices=INPUTS, default=list(INPUTS))
    parser.add_argument("--bytes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--ours", action="store_true", help="ours alone")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="a rival's limit of processor time")
    parser.add_argument("--what", nargs="+", choices=("train", "encode"), default=("train", "encode"))
    parser.add_argument("--repeats", type=int, default=3, help="runs of ours a size; their median counts")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Run all contestants over all inputs, print the times, keep them."""
    options = chosen(arguments)
    measure.one_core()
    measure.head("Hostile input: seconds of processor time, a process each")
    print(f"sizes {[f'{n / 1e6:g} MB' for n in options.bytes]}; rivals within {options.seconds} s and 4 GB")
    print(f"n log n would have the slope {n_log_n(options.bytes):.2f}")
    rows = []
    for what in options.what:
        contestants = TRAIN if what == "train" else tuple(peers.ENCODERS)
        for text in options.input:
            print(f"\n{what}, {text}")
            for who in contestants[:1] if options.ours else contestants:
                ours = who == "b2t"
                limits = {"seconds": SECONDS_OURS if ours else options.seconds}
                rows.append(climb(what, who, text, options.bytes, limits, options.repeats if ours else 1))
                show(rows[-1])
    for what in options.what:
        slopes = [
            row["slope"]
            for row in rows
            if row["what"] == what and row["contestant"] == "b2t" and row["slope"]
        ]
        print(f"\nsteepest slope of ours, {what}: {max(slopes, default=float('nan')):.2f}")
    measure.save("hostile", rows)


if __name__ == "__main__":
    main()
