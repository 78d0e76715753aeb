"""An assignment's source, a Markdown page, as the notebook that nbgrader makes the student's version from.

A page has a title and prose, a block ``python imports``, and a section an exercise, whose heading ends in its
points. Blocks of a section: ``python answer``, the solution between nbgrader's marks; ``python library``,
what the exercise may build on, which only the grader runs; ``python check``. A section without blocks is
an open question; its fold is the rubric.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from b2t.book.notebooks import METADATA
from b2t.book.repository import SETUP, address
from b2t.classroom.chapters import FOLDED

SOURCES = Path(__file__).resolve().parents[3] / "chapters" / "assignments"
NAMES = ("bytes", "attention", "transformer")
HEADING = re.compile(r"^## (?P<title>.+) \((?P<points>\d+) points?\)$", re.MULTILINE)
BLOCK = re.compile(r"^```python (?P<kind>\w+)\n(?P<code>.*?)^```$\n*", re.MULTILINE | re.DOTALL)
PRELUDE = "from b2t import checks"


@dataclass(frozen=True)
class Exercise:
    """One section of an assignment.

    Parameters
    ----------
    title : str
    points : int
    prose : str
        The specification.
    blocks : dict of str to str
        ``answer``, ``library``, ``check``; empty for an open question.
    rubric : str
        What a good answer has.
    """

    title: str
    points: int
    prose: str
    blocks: dict[str, str] = field(default_factory=dict)
    rubric: str = ""

    @property
    def name(self) -> str:
        """Return the function or class that is asked for, the last one of the answer; or ``question``."""
        names = re.findall(r"^(?:def|class) (\w+)", self.blocks.get("answer", ""), re.MULTILINE)
        return names[-1] if names else "question"


@dataclass(frozen=True)
class Assignment:
    """A whole page: its prose, what it imports, its exercises."""

    name: str
    prose: str
    imports: str
    exercises: tuple[Exercise, ...]


def read(path: Path) -> Assignment:
    """Read a page.

    Raises
    ------
    ValueError
        When two exercises ask for the same name.
    """
    prose, *parts = HEADING.split(path.read_text(encoding="utf-8"))
    exercises = tuple(exercise(*parts[i : i + 3]) for i in range(0, len(parts), 3))
    names = [each.name for each in exercises]
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name} has two exercises of one name among {names}")
    imports = BLOCK.search(prose)["code"].rstrip()
    return Assignment(path.stem, BLOCK.sub("", prose).strip(), imports, exercises)


def exercise(title: str, points: str, text: str) -> Exercise:
    """Read the section under a heading.

    Examples
    --------
    >>> one = exercise("One", "2", "Write.\\n```python answer\\ndef one():\\n    return 1\\n```\\n")
    >>> one.name, one.points, one.prose
    ('one', 2, 'Write.')
    """
    blocks = {block["kind"]: block["code"].rstrip() for block in BLOCK.finditer(text)}
    fold = FOLDED.search(text)
    prose = FOLDED.sub("", BLOCK.sub("", text)).strip()
    return Exercise(title, int(points), prose, blocks, fold["text"].strip() if fold else "")


def notebook(assignment: Assignment) -> nbformat.NotebookNode:
    """Make nbgrader's source notebook, with solutions, hidden lines and rubrics."""
    setup = SETUP.format(address=address())
    cells = [
        cell("markdown", assignment.prose, "title", locked=True),
        cell("code", setup, "setup", locked=True),
        cell("code", assignment.imports, "imports", locked=True),
    ]
    for each in assignment.exercises:
        cells += exercise_cells(each)
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def exercise_cells(each: Exercise) -> list[nbformat.NotebookNode]:
    """Make the cells of an exercise: prose, answer, check."""
    heading = f"## {each.title} ({each.points} points)\n\n{each.prose}"
    prose = cell("markdown", heading, f"{each.name}-prose", locked=True)
    if not each.blocks:
        answer = marked("", "SOLUTION", f"What a good answer has:\n\n{each.rubric}").strip()
        return [prose, cell("markdown", answer, each.name, grade=True, solution=True, points=each.points)]
    return [
        prose,
        cell("code", each.blocks["answer"], f"{each.name}-answer", solution=True),
        cell("code", check_source(each), f"{each.name}-check", grade=True, locked=True, points=each.points),
    ]


def check_source(each: Exercise) -> str:
    """Write a check as the grader runs it: first the library's own, whatever the cells above have defined."""
    hidden = "\n".join(filter(None, [PRELUDE, each.blocks.get("library")]))
    return marked("### ", "HIDDEN TESTS", hidden) + each.blocks["check"]


def marked(comment: str, region: str, text: str) -> str:
    """Put nbgrader's marks around some lines."""
    return f"{comment}BEGIN {region}\n{text}\n{comment}END {region}\n"


def cell(kind: str, source: str, grade_id: str, *, grade=False, solution=False, locked=False, points=None):
    """Make a cell with nbgrader's metadata, the first code cell tagged as the chapters' is."""
    meta = {"grade": grade, "solution": solution, "locked": locked, "task": False, "schema_version": 3}
    meta |= {"grade_id": grade_id, "cell_type": kind} | ({"points": points} if grade else {})
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    metadata = {"nbgrader": meta} | ({"tags": ["setup", "hide-cell"]} if grade_id == "setup" else {})
    return make(source, id=grade_id, metadata=metadata)
