"""nbgrader's step that executes a notebook, in a temporary folder, by a process with limits."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Integer

from b2t.classroom.running import Limits, failure

KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "OMP_NUM_THREADS",
)
"""The environment that a submission sees; no tokens, no proxies, no names of other folders."""
LIBRARY = Path(__file__).resolve().parents[2]
DEFAULT = Limits()
GRACE = 120  # seconds on top of the notebook's time, for kernels to start


class ContainedExecute(NbGraderPreprocessor):
    """Execute in a process with limits, and keep nothing of it but the outputs of the cells."""

    cell_seconds = Float(DEFAULT.cell_seconds, help="time of one cell").tag(config=True)
    total_seconds = Float(DEFAULT.total_seconds, help="time of a notebook").tag(config=True)
    memory_mb = Integer(DEFAULT.memory_mb, help="memory of a process, in MB").tag(config=True)
    file_mb = Integer(DEFAULT.file_mb, help="size of a file that is written, in MB").tag(config=True)
    output_kb = Integer(DEFAULT.output_kb, help="size of what a cell shows, in kB").tag(config=True)

    def preprocess(self, nb, resources):
        """Execute the notebook elsewhere, and copy the outputs."""
        limits = Limits(**{each.name: getattr(self, each.name) for each in dataclasses.fields(Limits)})
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        ran = execute(nb, limits)
        for cell, outputs in zip(code, ran or [[failure("GraderStopped", STOPPED)] for _ in code]):
            cell.outputs = [as_stdout(output) for output in outputs]
        return nb, resources


STOPPED = "the notebook's run came to no end; nothing of it was kept"


def as_stdout(output):
    """Let a warning be no failure: nbgrader gives no points for a check that writes to stderr."""
    if output.output_type == "stream":
        output.name = "stdout"
    return output


def execute(nb: nbformat.NotebookNode, limits: Limits) -> list | None:
    """Execute a notebook in a temporary folder.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        It stays as it is.
    limits : Limits

    Returns
    -------
    list of list of outputs, or None
        Those of each code cell, in order; None when the process gave no notebook back.
    """
    command = [sys.executable, "-P", "-m", "b2t.classroom.running", json.dumps(dataclasses.asdict(limits))]
    with tempfile.TemporaryDirectory(prefix="b2t-", ignore_cleanup_errors=True) as folder:
        work = Path(folder, "home", "course", "student", "work")  # a few steps up are still inside
        work.mkdir(parents=True)
        try:
            done = subprocess.run(
                command,
                input=nbformat.writes(nb).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=work,
                env=environment(Path(folder, "home")),
                timeout=limits.total_seconds + GRACE,
            )
            cells = nbformat.reads(done.stdout.decode(), as_version=4).cells
        except (subprocess.TimeoutExpired, ValueError, nbformat.reader.NotJSONError):
            return None
    return [cell.outputs for cell in cells if cell.cell_type == "code"]


def environment(home: Path) -> dict[str, str]:
    """Make the environment of a submission: its own home, this library, the CPU."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    paths = os.pathsep.join([str(LIBRARY), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {name: str(home) for name in ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP")}
    rest = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
    return {**kept, **own, **rest}
