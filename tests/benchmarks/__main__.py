"""`python -m tests.benchmarks [name ...]`, which is `make bench`: each benchmark in a process of its own.

All of them take about 50 minutes. `make bench BENCH="encoding --quick"` runs one, with its arguments; the
names are training, encoding, memory, hostile, encoder, widgets, corpora.
"""

import subprocess
import sys

NAMES = ("training", "encoding", "memory", "hostile", "encoder", "widgets")


def main(arguments: list[str]) -> int:
    """Run one with its arguments, or all; give the first exit status that is not 0."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    commands = [arguments] if arguments else [[name] for name in NAMES]
    statuses = [
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *rest]).returncode
        for name, *rest in commands
    ]
    return next(filter(None, statuses), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
