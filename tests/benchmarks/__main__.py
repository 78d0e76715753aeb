"""`python -m tests.benchmarks [rounds]`, which is `make bench`."""

import os
import platform
import sys

THREADS = "2"
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), THREADS)

import torch  # noqa: E402  the thread counts must be set first

from tests.benchmarks import encoder, training, widgets  # noqa: E402


def main() -> None:
    """Run all of it."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    torch.set_num_threads(int(THREADS))
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {THREADS} threads")
    training.main(rounds)
    encoder.main(4 * rounds)
    widgets.main()


if __name__ == "__main__":
    main()
