"""Run a submission's cells in a process of its own: ``python -m b2t.classroom.running LIMITS < IN > OUT``.

A cell that takes too long, kills its kernel or exhausts the memory costs its own exercise: the rest goes on
in a fresh kernel, in which the set-up cells have run again. The exercises do not need each other's cells.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from b2t.book.notebooks import kernel_manager_class

SETUP = ("setup", "imports")
OUT_OF_MEMORY = "MemoryError"


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    cell_seconds, total_seconds : float
        Time of one cell, and of the whole notebook.
    memory_mb : int
        Memory of a process, in MB; where the system has no such limit, none.
    file_mb : int
        Size of a file that it writes, in MB.
    output_kb : int
        Size of what a cell shows, in kB; the rest is dropped.
    """

    cell_seconds: float = 60.0
    total_seconds: float = 600.0
    memory_mb: int = 4000
    file_mb: int = 200
    output_kb: int = 100


class Client(NotebookClient):
    """A client that keeps no more of a cell's output than is allowed."""

    output_bytes, kept, shown_for = 0, 0, None

    def output(self, outs, msg, display_id, cell_index):
        """Take a message in, cut to what is left of the cell's allowance."""
        if self.shown_for != cell_index:
            self.shown_for, self.kept = cell_index, 0
        content = msg["content"]
        size = len(json.dumps({**content, "traceback": []}))
        left, self.kept = self.output_bytes - self.kept, self.kept + size
        if msg["msg_type"] == "error":  # says that the check failed: never dropped, only cut
            content.update(evalue=content["evalue"][:4000], traceback=cut(content["traceback"]))
        elif size > left:
            if left <= 0 or msg["msg_type"] != "stream":
                return None
            content["text"] = content["text"][:left] + "\n… the rest of this output was dropped\n"
        return super().output(outs, msg, display_id, cell_index)


def cut(traceback: list[str]) -> list[str]:
    """Keep the ends of a traceback."""
    lines = [line[:4000] for line in traceback]
    return lines if len(lines) <= 40 else [*lines[:20], "…", *lines[-20:]]


def failure(name: str, message: str) -> nbformat.NotebookNode:
    """Write the output of a cell that could not run to its end."""
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def run(nb: nbformat.NotebookNode, limits: Limits) -> nbformat.NotebookNode:
    """Execute a notebook, in place, whatever its cells do.

    Parameters
    ----------
    nb : nbformat.NotebookNode
    limits : Limits

    Returns
    -------
    nbformat.NotebookNode
        The same object. Each code cell has run, or has an error among its outputs that says why not.
    """
    client = Client(
        nb,
        kernel_manager_class=kernel_manager_class(),
        kernel_name="python3",
        allow_errors=True,
        record_timing=False,
        raise_on_iopub_timeout=False,
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
    )
    client.output_bytes = 1000 * limits.output_kb
    asyncio.run(run_all(client, limits))
    return nb


async def run_all(client: Client, limits: Limits) -> None:
    """Run all cells, in as many kernels as it takes."""
    deadline = time.monotonic() + limits.total_seconds
    todo = [i for i, cell in enumerate(client.nb.cells) if cell.cell_type == "code"]
    setup = [i for i in todo if client.nb.cells[i].metadata.get("nbgrader", {}).get("grade_id") in SETUP]
    todo = [i for i in todo if i not in setup]
    while todo and time.monotonic() < deadline:
        async with client.async_setup_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            kernel = client.km.provisioner.pid
            try:
                for i in setup:
                    await run_cell(client, i, deadline - time.monotonic())
                while todo and not await run_cell(
                    client, i := todo.pop(0), min(limits.cell_seconds, deadline - time.monotonic())
                ):
                    pass
            finally:
                end(kernel)
    for i in todo:
        client.nb.cells[i].outputs = [failure("TimeLimit", "the time of the whole notebook was used up")]


async def run_cell(client: Client, index: int, seconds: float) -> bool:
    """Run one cell, and say whether it takes a fresh kernel to go on."""
    cell = client.nb.cells[index]
    client.timeout = max(1, round(seconds))
    try:
        await client.async_execute_cell(cell, index)
    except CellTimeoutError:
        cell.outputs.append(failure("TimeLimit", f"the cell ran longer than {client.timeout} seconds"))
        return True
    except DeadKernelError:
        cell.outputs.append(failure("KernelDied", "the cell ended its own process, or used too much memory"))
        return True
    return OUT_OF_MEMORY in json.dumps(cell.outputs)


def end(kernel: int) -> None:
    """Kill a kernel and the processes it has started, except those that left its group."""
    try:
        os.killpg(kernel, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        pass


def limit_resources(limits: Limits) -> None:
    """Limit this process and those that it starts, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, megabytes in (
        ("RLIMIT_DATA", limits.memory_mb),
        ("RLIMIT_FSIZE", limits.file_mb),
        ("RLIMIT_CORE", 0),
    ):
        kind, size = getattr(resource, name), megabytes * 10**6
        hard = resource.getrlimit(kind)[1]
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(kind, (size, size))


if __name__ == "__main__":
    given = Limits(**json.loads(sys.argv[1]))
    limit_resources(given)
    submission = nbformat.reads(sys.stdin.buffer.read().decode(), as_version=4)
    sys.stdout.buffer.write(nbformat.writes(run(submission, given)).encode())
