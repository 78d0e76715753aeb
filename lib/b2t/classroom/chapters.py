"""Two versions of a chapter: a student's, without solutions, and an instructor's, with all unfolded."""

import copy
import re
import shutil
from pathlib import Path

import nbformat

from b2t.book.notebooks import normalise, to_text

FOLDED = re.compile(
    r"\n*<details>\s*<summary>(?P<summary>.*?)</summary>(?P<text>.*?)</details>\n*", re.DOTALL
)
ANSWERS = ("Answer", "Why", "What a good answer has", "What it shows", "Solution")
"""How the summaries begin that fold an answer away; others, such as hints, are for students, too."""


def tags(cell) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def student(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out what gives answers away: solution cells, folded answers, the outputs of checks.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        An executed chapter; it stays as it is.

    Returns
    -------
    nbformat.NotebookNode

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("def one(): return 1", metadata={"tags": ["solution"]})
    >>> why = nbformat.v4.new_markdown_cell("So? <details><summary>Why</summary>Because.</details>")
    >>> [cell.source for cell in student(nbformat.v4.new_notebook(cells=[cell, why])).cells]
    ['So?']
    """
    nb = copy.deepcopy(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = without_answers(cell.source)
        elif {"exercise", "check"} & set(tags(cell)):
            cell.outputs, cell.execution_count = [], None
    nb.cells = [cell for cell in nb.cells if cell.source.strip() and "solution" not in tags(cell)]
    return normalise(nb)


def without_answers(text: str) -> str:
    """Drop folded answers, and keep what else is folded."""
    return FOLDED.sub(lambda folded: "\n\n" if is_answer(folded) else folded[0], text).strip()


def instructor(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Unfold what the pages fold: answers and rubrics become plain text, solutions plain cells.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        An executed chapter; it stays as it is.

    Returns
    -------
    nbformat.NotebookNode

    Examples
    --------
    >>> cell = nbformat.v4.new_markdown_cell("So? <details><summary>Why</summary>Because.</details>")
    >>> print(instructor(nbformat.v4.new_notebook(cells=[cell])).cells[0].source)
    So?
    <BLANKLINE>
    **Why.**
    <BLANKLINE>
    Because.
    """
    nb = copy.deepcopy(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = FOLDED.sub(unfolded, cell.source).strip()
        elif "solution" in tags(cell):
            cell.metadata["tags"] = [tag for tag in tags(cell) if not tag.startswith("hide-")]
    return normalise(nb)


def unfolded(folded: re.Match) -> str:
    """Write a folded answer as plain text under a bold line."""
    if not is_answer(folded):
        return folded[0]
    return f"\n\n**{folded['summary'].strip().rstrip('.')}.**\n\n{folded['text'].strip()}\n\n"


def is_answer(folded: re.Match) -> bool:
    """Say whether a fold holds an answer."""
    return folded["summary"].strip().startswith(ANSWERS)


VERSIONS = {"student": student, "instructor": instructor}


def write(chapters: Path, out: Path) -> None:
    """Write both versions of a folder of chapters; pages that are no notebooks go along, so that links hold.

    The teaching guide is one of them: a student's has the exam's questions without their answers.

    Parameters
    ----------
    chapters : Path
        The book's chapters.
    out : Path
        Gets the folders ``student`` and ``instructor``.
    """
    notebooks = {path: nbformat.read(path, as_version=4) for path in sorted(chapters.rglob("*.ipynb"))}
    for name, version in VERSIONS.items():
        shutil.copytree(
            chapters, out / name, ignore=shutil.ignore_patterns("*.ipynb", "assignments", ".*", "__pycache__")
        )
        for page in (out / "student").rglob("*.md"):
            text = without_answers(page.read_text(encoding="utf-8"))
            page.write_text(text + "\n", encoding="utf-8", newline="\n")
        for path, nb in notebooks.items():
            if not any(part.startswith(".") for part in path.relative_to(chapters).parts):
                target = out / name / path.relative_to(chapters)
                target.write_text(to_text(version(nb)), encoding="utf-8", newline="\n")
