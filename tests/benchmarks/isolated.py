"""One job in a process of its own, under limits of time and memory: what it took, or how it ended.

So a rival that would take an hour, or all of the memory, or that crashes, can stand in a table with others.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import corpora, measure

GB = 1 << 30


class Outcome(NamedTuple):
    """Seconds of processor time and bytes of memory that a run took; `ended` says why there are none.

    Of `process`, `user` is the program's own; the rest is the system's, most of it for handing out memory.
    """

    process: float | None = None
    user: float | None = None
    peak: int | None = None
    ended: str = ""


def run(seconds: int, memory: int = 4 * GB, **job) -> Outcome:
    """Do a job in a process of its own.

    Parameters
    ----------
    seconds : int
        Limit of processor time, from when it has loaded and prepared everything.
    memory : int
        Limit of its address space, in bytes, where the system has one.
    **job
        `what` ("train" or "encode"), `who`, `text` (the name of a corpus or of a hostile input), `n_bytes`,
        `vocab_size`.

    Returns
    -------
    Outcome
    """
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.isolated",
        json.dumps(job | {"seconds": seconds, "memory": memory}),
    ]
    paths = os.pathsep.join([str(measure.ROOT / "lib"), str(measure.ROOT)])
    try:
        done = subprocess.run(
            command,
            cwd=measure.ROOT,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10 * seconds + 120,
        )
    except subprocess.TimeoutExpired:
        return Outcome(ended=f"stopped at {10 * seconds + 120} s of the clock")
    if done.returncode == 0:
        return Outcome(**json.loads(done.stdout.splitlines()[-1]))
    return Outcome(ended=how_it_ended(done.returncode, done.stderr, seconds))


def how_it_ended(code: int, stderr: str, seconds: int) -> str:
    """Say in words why a process gave no result.

    Examples
    --------
    >>> how_it_ended(-signal.SIGXCPU, "", 20)
    'stopped at 20 s'
    >>> how_it_ended(1, "Traceback:\\nMemoryError", 20)
    'crashed: MemoryError'
    """
    if code == -signal.SIGXCPU:
        return f"stopped at {seconds} s"
    last = [line for line in stderr.splitlines() if line.strip()][-1:]
    reason = [signal.Signals(-code).name] if code < 0 else []
    return "crashed: " + ", ".join([*reason, *(line.strip()[:100] for line in last)])


# ---- in the process of its own -----------------------------------------------------------------


def prepare(job: dict, text: str):
    """Import what the job needs, make what it works with, and return the run."""
    from tests.benchmarks import encoding, peers

    if job["what"] == "train":
        return peers.TRAINERS[job["who"]].prepare(text, job["vocab_size"])
    encode = peers.ENCODERS[job["who"]](encoding.gpt2).to_list
    return lambda: encode(text)


def read_text(job: dict) -> str:
    """Read the corpus, or make the hostile input, that the job is about."""
    from tests.benchmarks import hostile

    if job["text"] in hostile.INPUTS:
        return hostile.make(job["text"], job["n_bytes"])
    return corpora.corpus(job["text"], job["n_bytes"])


def resident(key: str) -> int:
    """Bytes of this process in memory, now ("VmRSS") or at most so far ("VmHWM")."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition(key + ":")[2].split()[0]) * 1024
    except (OSError, IndexError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def forget_peak() -> None:
    """Let the most so far begin again from now, where the system can do that."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        pass


def limit(seconds: int, memory: int) -> None:
    """Bound the processor time from now on, the address space, and leave no core file."""
    import resource

    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    bounds = {
        resource.RLIMIT_CPU: int(spent) + 1 + seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CORE: 0,
    }
    for which, bound in bounds.items():
        hard = resource.getrlimit(which)[1]
        try:
            resource.setrlimit(which, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard))
        except (ValueError, OSError):  # macOS bounds no address space
            pass


def main() -> None:
    """Do the job of the command line and print what it took."""
    job = json.loads(sys.argv[1])
    measure.one_core()
    text = read_text(job)
    work = prepare(job, text)
    forget_peak()
    before = resident("VmRSS")
    limit(job["seconds"], job["memory"])
    user = os.times().user
    turn, _ = measure.timed(work)
    took = {"process": turn.process, "user": os.times().user - user}
    print("\n" + json.dumps(took | {"peak": max(resident("VmHWM") - before, 0)}))


if __name__ == "__main__":
    main()
