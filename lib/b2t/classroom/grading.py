"""Grade a folder of submissions, and say who got how many points for what."""

import csv
import hashlib
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbformat

from b2t.classroom.collecting import Submission, collect, grade_id
from b2t.classroom.course import CourseFailed, api, done

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FAILED = re.compile(
    r"detector (?P<detector>\w+) wanted: .* seen: (?P<seen>.*) at: .* usually: (?P<hint>.*?)"
    r"( also: .*| not run: .*)?$"
)
COLUMNS = ("student", "assignment", "exercise", "points", "of", "message")
BY_HAND = "to be read by you"


@dataclass(frozen=True)
class Mark:
    """What one exercise of one submission got.

    Parameters
    ----------
    student, assignment, exercise : str
    points : float or None
        None where a person has to read the answer.
    of : float
        The most there is.
    message : str
        What the check said, in its first lines; empty with full points.
    """

    student: str
    assignment: str
    exercise: str
    points: float | None
    of: float
    message: str = ""


def grade(folder: Path, course: Path, feedback: bool = True, **limits) -> list[Mark]:
    """Grade all submissions in a folder.

    Parameters
    ----------
    folder : Path
        ``STUDENT/…/ASSIGNMENT.ipynb``; copied, and left as it is.
    course : Path
        What `b2t.classroom.course.build` wrote as ``course``. Its gradebook takes the marks up, and what was
        there of the same student and assignment goes.
    feedback : bool
        Whether nbgrader also writes a page for each student, ``course/feedback/STUDENT/ASSIGNMENT``.
    **limits
        As for `b2t.classroom.course.configure`.

    Returns
    -------
    list of Mark
        In the order of students, assignments and exercises. A submission that cannot be graded has one, with
        the reason.

    Raises
    ------
    ValueError
        When there is nothing to grade.
    RuntimeError
        When a file in `folder` is not what it was before: a submission has reached it.
    """
    before = digest(folder)
    taken, refused = collect(folder, course)
    nbgrader, marks = api(course, **limits), []
    for each in taken:
        try:
            run_nbgrader(nbgrader, each, feedback)
            marks += read_marks(nbgrader.gradebook, course, each)
        except CourseFailed as error:
            refused[each] = f"nbgrader could not grade it: {str(error).strip().splitlines()[-1]}"
    marks += [Mark(each.student, each.assignment, "", 0.0, 0.0, why) for each, why in refused.items()]
    if digest(folder) != before:
        raise RuntimeError(
            f"{folder} has changed while its submissions ran: compare it with what was handed in"
        )
    return sorted(marks, key=lambda mark: (mark.student, mark.assignment))


def run_nbgrader(nbgrader, each: Submission, feedback: bool) -> None:
    """Let nbgrader grade a submission and write the student's page."""
    with warnings.catch_warnings():
        # nbgrader 0.9.6 reads its gradebook before it has added the new submission to the session
        warnings.filterwarnings("ignore", message=r"Object of type <\w+> not in session")
        done(nbgrader.autograde(each.assignment, each.student, force=True, create=True))
        if feedback:
            done(nbgrader.generate_feedback(each.assignment, each.student, force=True))


def digest(folder: Path) -> dict[str, str]:
    """Take a fingerprint of each file below a folder."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_marks(gradebook, course: Path, each: Submission) -> list[Mark]:
    """Read what nbgrader found out about a submission."""
    name = f"{each.assignment}.ipynb"
    nb = nbformat.read(course / "autograded" / each.student / each.assignment / name, as_version=4)
    with gradebook as book:
        grades = book.find_submission_notebook(each.assignment, each.assignment, each.student).grades
        found = {grade.name: (grade.score, grade.max_score, grade.needs_manual_grade) for grade in grades}
    marks, before = [], ""
    for cell in nb.cells:
        if grade_id(cell) in found:
            points, most, by_hand = found[grade_id(cell)]
            said = BY_HAND if by_hand else message(cell)
            if said.startswith("NameError") and before:
                said = f"{before} (in a cell above the check)"
            before = ""
            exercise = grade_id(cell).removesuffix("-check")
            marks.append(
                Mark(each.student, each.assignment, exercise, None if by_hand else points, most, said)
            )
        else:
            before = message(cell) or before
    return marks


def message(cell) -> str:
    """Return what a check said when it failed, in one line: the detector, what it saw, the usual cause."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            said = " ".join(COLOUR.sub("", f"{output.ename}: {output.evalue}").split())
            failed = FAILED.search(said)
            return (f"{failed['detector']}: {failed['seen']} ({failed['hint']})" if failed else said)[:240]
    return ""


def table(marks: list[Mark]) -> str:
    """Write marks as lines of text, a line an exercise and one for the sum of each submission."""
    lines = []
    for key in dict.fromkeys((mark.student, mark.assignment) for mark in marks):
        own = [mark for mark in marks if (mark.student, mark.assignment) == key]
        got, most = sum(mark.points or 0 for mark in own), sum(mark.of for mark in own)
        unread = sum(mark.of for mark in own if mark.points is None)
        rest = f", {unread:g} more to be read by you" if unread else ""
        lines.append(f"{key[0]}, {key[1]}: {got:g} of {most:g} points{rest}")
        for mark in own:
            points = "  ?" if mark.points is None else f"{mark.points:3g}"
            lines.append(f"  {points} of {mark.of:g}  {mark.exercise:<20} {mark.message}".rstrip())
    return "\n".join(lines)


def write_csv(marks: list[Mark], path: Path) -> None:
    """Write marks as a table for a spreadsheet."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for mark in marks:
            values = [getattr(mark, column) for column in COLUMNS]
            writer.writerow(["" if value is None else safe(value) for value in values])


def safe(value):
    """Keep a spreadsheet from taking text that a submission chose for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
