"""Submissions for the tests: the handed-out notebook, with answers filled in."""

import copy

import nbformat

from b2t.classroom import assignments
from b2t.classroom.collecting import grade_id

PAGES = {name: assignments.read(assignments.SOURCES / f"{name}.md") for name in assignments.NAMES}


def solutions(assignment):
    """The right answer of each exercise."""
    return {each.name: each.blocks["answer"] for each in PAGES[assignment].exercises if each.blocks}


def points(assignment):
    """The points of each exercise that the machine grades."""
    return {each.name: each.points for each in PAGES[assignment].exercises if each.blocks}


def zoo_answer(name, bug):
    """Code that puts a bug of the zoo in the place of an answer."""
    lines = ["from b2t.checks import zoo", f"{name} = next(b.code for b in zoo.BUGS if b.name == {bug!r})"]
    return "\n".join(lines)


def fill(release, answers):
    """Write answers into a copy of a notebook that was handed out."""
    nb = copy.deepcopy(release)
    for cell in nb.cells:
        name = (grade_id(cell) or "").removesuffix("-answer")
        if name in answers and cell.metadata.nbgrader.solution:
            cell.source = answers[name]
    return nb


def hand_in(built, folder, student, assignment, answers, change=lambda nb: None):
    """Write a submission: the student's version with these answers."""
    release = nbformat.read(built / "student" / "assignments" / f"{assignment}.ipynb", as_version=4)
    nb = fill(release, answers)
    change(nb)
    target = folder / student / f"{assignment}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, target)
    return target
