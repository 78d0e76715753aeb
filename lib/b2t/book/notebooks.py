"""Execute, normalise, check and measure the book's notebooks.

``python -m b2t.book.notebooks run|normalise|check|stats FILE...``

Notebooks are committed executed, in one normal form, so that a difference between two commits is a difference
in what the book says. Folders stand for the notebooks inside them.
"""

import argparse
import hashlib
import os
import statistics
import sys
import time
from pathlib import Path

import nbformat

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KEPT_CELL_METADATA = ("tags", "mystnb")
# Closed where a notebook is opened, as in the page: JupyterLab and VS Code know the first, Colab the second.
CLOSED = {"jupyter": {"source_hidden": True, "outputs_hidden": True}, "cellView": "form"}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
FIGURE_REPR = "<Figure>"


class NotebookFailed(Exception):
    """A notebook raised, or left something in its outputs that must not be committed."""


def normalise(nb):
    """Bring a notebook into the book's normal form, in place.

    Cell ids become hashes of the cell (a counter tells equal cells apart); of the metadata only tags,
    ``mystnb`` and the kernel's name stay, and hidden solutions are closed (`CLOSED`); neighbouring stream
    outputs merge; a figure's text form, which names its size, becomes ``<Figure>``; a widget view goes where
    a ``text/html`` form says the same. Execution counts stay.

    Parameters
    ----------
    nb : nbformat.NotebookNode

    Returns
    -------
    nbformat.NotebookNode
        The same object.

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("1 + 1", metadata={"collapsed": True})
    >>> cell = normalise(nbformat.v4.new_notebook(cells=[cell])).cells[0]
    >>> cell.id, cell.metadata
    ('51acba95', {})
    """
    nb.metadata = nbformat.from_dict(METADATA)
    nb.nbformat, nb.nbformat_minor = 4, 5
    seen = {}
    for cell in nb.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = nbformat.from_dict(
            {k: cell.metadata[k] for k in KEPT_CELL_METADATA if cell.metadata.get(k)}
            | (CLOSED if {"solution", "hide-cell"} <= {*cell.metadata.get("tags", ())} else {})
        )
        if cell.cell_type == "code":
            cell.outputs = [_normal_output(output, cell) for output in _merge_streams(cell.outputs)]
    return nb


def _merge_streams(outputs):
    merged = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" == last.get("output_type") and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _normal_output(output, cell):
    data = output.get("data", {})
    if "text/html" in data:
        data.pop(WIDGET_VIEW, None)
    if data.get("text/plain", "").startswith("<Figure") and {"image/svg+xml", "image/png"} & data.keys():
        data["text/plain"] = FIGURE_REPR
    if output.output_type == "execute_result":
        output.execution_count = cell.execution_count
    return output


def to_text(nb):
    """Write a notebook as the text of its file: JSON with sorted keys, an indent of 1 and a final newline.

    Parameters
    ----------
    nb : nbformat.NotebookNode

    Returns
    -------
    str

    Examples
    --------
    >>> to_text(nbformat.v4.new_notebook()).splitlines()[:2]
    ['{', ' "cells": [],']
    """
    nbformat.validate(nb)
    return nbformat.writes(nb).rstrip("\n") + "\n"


def is_normal(text):
    """Say whether the text of a notebook file is in normal form.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_normal(to_text(normalise(nbformat.v4.new_notebook())))
    True
    >>> is_normal(nbformat.writes(nbformat.v4.new_notebook(metadata={"widgets": {}})))
    False
    """
    return to_text(normalise(nbformat.reads(text, as_version=4))) == text


def execute(path, timeout=600, gpu=False):
    """Execute a notebook from the top in a fresh kernel of this interpreter; the file stays as it is.

    Parameters
    ----------
    path : str or Path
        Its folder is the kernel's working directory, and ``import b2t`` finds this library.
    timeout : float, default 600
        Seconds that one cell may take.
    gpu : bool, default False
        Let the kernel see the machine's GPUs. The committed outputs come from the CPU.

    Returns
    -------
    nbformat.NotebookNode
        Executed and normalised.

    Raises
    ------
    NotebookFailed
        If a cell raises or takes too long, or if its outputs hold stderr or a widget without ``text/html``.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    path = Path(path)
    nb = nbformat.read(path, as_version=4)
    client = NotebookClient(
        nb,
        kernel_manager_class=kernel_manager_class(),
        kernel_name="python3",
        timeout=timeout,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        record_timing=False,
        # The kernel talks to us over this machine's loopback, and logs a warning each time that it does.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    try:
        client.execute(env=_environment(gpu))
    except (CellExecutionError, CellTimeoutError) as error:
        raise NotebookFailed(_where(path, nb, error)) from None
    problems = leftovers(nb)
    if problems:
        raise NotebookFailed("\n".join(f"{path}, {problem}" for problem in problems))
    return normalise(nb)


def kernel_manager_class():
    """Make a class of kernel managers that start this interpreter."""
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from traitlets import default

    class ThisInterpreter(KernelSpecManager):
        """Whatever kernels a user has registered, python3 is the interpreter that runs this module."""

        def get_kernel_spec(self, kernel_name):
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    class Manager(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _this_interpreter(self):
            return ThisInterpreter(parent=self)

    return Manager


def _environment(gpu):
    library = str(Path(__file__).resolve().parents[2])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return env if gpu else {**env, "CUDA_VISIBLE_DEVICES": ""}


def _where(path, nb, error):
    """Name the cell that was running: the last one that has a count or outputs."""
    started = [
        i
        for i, cell in enumerate(nb.cells)
        if cell.cell_type == "code" and (cell.execution_count or cell.outputs)
    ]
    failed = [i for i in started if any(o.output_type == "error" for o in nb.cells[i].outputs)]
    number = (failed or started or [0])[-1]
    lines = [line for line in nb.cells[number].source.splitlines() if line.strip()] or [""]
    what = f"{error.ename}: {error.evalue}" if hasattr(error, "ename") else f"no answer in time ({error})"
    return f"{path}, cell {number} (it starts: {lines[0]!r})\n{what}\nThe file was left as it was."


def leftovers(nb):
    """List what an executed notebook must not carry: stderr, and widgets with no ``text/html`` form.

    Parameters
    ----------
    nb : nbformat.NotebookNode

    Returns
    -------
    list of str
        One line a problem, naming the cell.

    Examples
    --------
    >>> stderr = nbformat.v4.new_output("stream", name="stderr", text="UserWarning: slow")
    >>> leftovers(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[stderr])]))
    ["cell 0 wrote to stderr: 'UserWarning: slow'"]
    """
    problems = []
    for number, cell in enumerate(nb.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                problems.append(f"cell {number} wrote to stderr: {output.text.strip()[:300]!r}")
            if WIDGET_VIEW in output.get("data", {}) and "text/html" not in output.data:
                problems.append(f"cell {number} shows a widget that has no text/html form")
    return problems


def measure(nb):
    """Measure a notebook.

    Parameters
    ----------
    nb : nbformat.NotebookNode

    Returns
    -------
    dict
        ``cells``; ``median`` and ``largest`` code cell in lines; ``prose``, prose cells per code cell;
        ``bytes`` of stored outputs.

    Examples
    --------
    >>> cells = [nbformat.v4.new_markdown_cell("Why"), nbformat.v4.new_code_cell("a = 1\\nb = 2")]
    >>> measure(nbformat.v4.new_notebook(cells=cells))
    {'cells': 2, 'median': 2, 'largest': 2, 'prose': 1.0, 'bytes': 0}
    """
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    prose = sum(cell.cell_type == "markdown" for cell in nb.cells)
    sizes = [len(cell.source.splitlines()) for cell in code] or [0]
    values = [
        value
        for cell in code
        for out in cell.outputs
        for value in [*out.get("data", {}).values(), out.get("text", "")]
    ]
    return {
        "cells": len(nb.cells),
        "median": statistics.median(sizes),
        "largest": max(sizes),
        "prose": round(prose / max(len(code), 1), 2),
        "bytes": sum(len(str(value).encode()) for value in values),
    }


def _row(path, nb, seconds=None):
    sizes = measure(nb)
    took = "-" if seconds is None else f"{seconds:.1f} s"
    cells = "{cells:>3} cells  median {median:>4} lines  largest {largest:>3}  prose/code {prose:<4}".format(
        **sizes
    )
    return f"{Path(path).name:<36} {took:>8}  {cells}  outputs {sizes['bytes'] / 1000:6.1f} kB"


def _replace(path, text):
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(text, encoding="utf-8", newline="\n")
    os.replace(scratch, path)


def _run(path, options):
    start = time.perf_counter()
    nb = execute(path, options.timeout, options.gpu)
    _replace(path, to_text(nb))
    print(_row(path, nb, time.perf_counter() - start), flush=True)


def _normalise(path, options):
    _replace(path, to_text(normalise(nbformat.read(path, as_version=4))))


def _check(path, options):
    if not is_normal(path.read_text(encoding="utf-8")):
        raise NotebookFailed(
            f"{path} is not in normal form; run: python -m b2t.book.notebooks normalise {path}"
        )


def _stats(path, options):
    print(_row(path, nbformat.read(path, as_version=4)))


def _paths(names):
    for name in map(Path, names):
        found = sorted(name.rglob("*.ipynb")) if name.is_dir() else [name]
        yield from (path for path in found if not any(part.startswith((".", "_")) for part in path.parts))


def main(argv=None):
    """Run the command line; every notebook gets its turn, even after one has failed.

    Parameters
    ----------
    argv : list of str, optional
        Arguments; the process's own by default.

    Returns
    -------
    int
        0, or 1 when a notebook failed.
    """
    parser = argparse.ArgumentParser(prog="python -m b2t.book.notebooks", description=__doc__.splitlines()[0])
    commands = {"run": _run, "normalise": _normalise, "check": _check, "stats": _stats}
    parser.add_argument("command", choices=commands)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--timeout", type=float, default=600, help="seconds that one cell may take")
    parser.add_argument(
        "--gpu", action="store_true", help="let notebooks use the GPU (do not commit what comes out)"
    )
    options = parser.parse_args(argv)
    failed = 0
    for path in _paths(options.files):
        try:
            commands[options.command](path, options)
        except NotebookFailed as error:
            failed = 1
            print(error, file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
