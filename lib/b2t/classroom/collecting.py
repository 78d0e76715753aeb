"""Take submissions in: find them, and put what a student wrote into a fresh copy of the assignment.

So a check that was changed, moved, copied or deleted is as it was, and so are the marks that nbgrader needs.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import nbformat

from b2t.book.notebooks import METADATA
from b2t.classroom.assignments import NAMES

MAX_MB = 20


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in: whose, of which assignment, where."""

    student: str
    assignment: str
    path: Path


def find(folder: Path) -> list[Submission]:
    """Find submissions: ``FOLDER/STUDENT/…/ASSIGNMENT.ipynb``, at any depth below the student's folder.

    Raises
    ------
    ValueError
        When there is none, or a student has handed in two files of one assignment.
    """
    found = {}
    for path in sorted(folder.rglob("*.ipynb")):
        parts = path.relative_to(folder).parts
        if len(parts) < 2 or path.stem not in NAMES or any(part.startswith(".") for part in parts):
            continue
        key = parts[0], path.stem
        if key in found:
            raise ValueError(f"{key[0]} has two files for {key[1]}: {found[key]} and {path}; keep one")
        found[key] = path
    if not found:
        names = ", ".join(f"{name}.ipynb" for name in NAMES)
        raise ValueError(
            f"no submission in {folder}: it needs a folder for each student, with {names} inside"
        )
    return [Submission(*key, path) for key, path in found.items()]


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook that somebody sent.

    Raises
    ------
    ValueError
        When it is none, or bigger than `MAX_MB`, or without the marks of an assignment.
    """
    if path.is_symlink() or path.stat().st_size > MAX_MB * 10**6:
        raise ValueError(f"it is a link, or bigger than {MAX_MB} MB; open it and clear its outputs")
    try:
        nb = nbformat.read(path, as_version=4)
        marks = [cell for cell in nb.cells if grade_id(cell) and isinstance(cell.source, str)]
    except Exception as error:
        raise ValueError(f"it is no notebook ({type(error).__name__})") from error
    if not marks:
        raise ValueError(
            "its cells carry no nbgrader marks; copy the answers into the file that was handed out"
        )
    return nb


def grade_id(cell) -> str | None:
    """Return the name by which nbgrader knows a cell."""
    mark = cell.metadata.get("nbgrader", {})
    return mark.get("grade_id") if isinstance(mark, dict) else None


def rebuild(submitted: nbformat.NotebookNode, release: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Put a student's answers and added cells into a copy of the assignment.

    Parameters
    ----------
    submitted : nbformat.NotebookNode
        What came back.
    release : nbformat.NotebookNode
        What was handed out.

    Returns
    -------
    nbformat.NotebookNode
        The cells of `release`; answers come from `submitted`, the last one when there are several. Cells that
        were added stand behind the cell that they followed.
    """
    ours = {grade_id(cell): cell for cell in release.cells}
    answers, added, last = {}, {}, "imports"
    for cell in submitted.cells:
        if grade_id(cell) in ours:
            last = grade_id(cell)
            answers[last] = cell.source
        elif cell.cell_type in ("code", "markdown"):
            make = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
            added.setdefault(last, []).append(make(cell.source))
    cells = []
    for mine in copy.deepcopy(release.cells):
        if mine.metadata.nbgrader.solution:
            mine.source = answers.get(grade_id(mine), mine.source)
        cells += [mine, *added.get(grade_id(mine), [])]
    for number, cell in enumerate(cells):
        cell.id = grade_id(cell) or f"added-{number}"
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def collect(folder: Path, course: Path) -> tuple[list[Submission], dict[Submission, str]]:
    """Copy submissions into a course.

    Parameters
    ----------
    folder : Path
        As for `find`; nothing in it changes.
    course : Path
        The nbgrader course.

    Returns
    -------
    taken : list of Submission
    refused : dict of Submission to str
        What is wrong with each of the others.
    """
    taken, refused = [], {}
    for each in find(folder):
        name = f"{each.assignment}.ipynb"
        release = nbformat.read(course / "release" / each.assignment / name, as_version=4)
        try:
            nb = rebuild(read(each.path), release)
        except ValueError as error:
            refused[each] = str(error)
            continue
        target = course / "submitted" / each.student / each.assignment
        target.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, target / name)
        taken.append(each)
    return taken, refused
