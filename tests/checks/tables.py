"""Committed tables: who catches what, what each says. ``python -m tests.checks.tables`` writes them."""

from pathlib import Path

import torch

from b2t import checks
from b2t.checks import zoo

HERE = Path(__file__).parent


def matrix() -> str:
    """One line a bug: check, bug, detectors."""
    lines = []
    for check in checks.ENTRY_POINTS:
        lines.append(f"\n{check}")
        for bug, found in zoo.matrix(check).items():
            lines.append(f"  {bug}: {' '.join(found)}")
    return "\n".join(lines).strip() + "\n"


def messages() -> str:
    """Write one message a detector: that of the first bug it catches."""
    said = {}
    for bug in zoo.BUGS:
        for failure in bug.run().failures:
            said.setdefault(
                (bug.check, failure.detector), f"{bug.check}, bug: {bug.name}\n{plain(failure)}\n"
            )
    return "\n".join(said.values())


def plain(failure) -> str:
    """A message without the names of other detectors, which the matrix has."""
    alone = checks.CheckFailed(failure.detector, failure.wanted, failure.seen, failure.at, failure.hint)
    return str(alone)


if __name__ == "__main__":
    torch.set_num_threads(1)
    (HERE / "matrix.txt").write_text(matrix(), encoding="utf-8")
    (HERE / "messages.txt").write_text(messages(), encoding="utf-8")
