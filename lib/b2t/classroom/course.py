"""The nbgrader course: a folder with the assignments' sources, the student's versions and the gradebook."""

import os
import shutil
import sysconfig
from pathlib import Path

from b2t.book.notebooks import to_text
from b2t.classroom import assignments, chapters

CONFIG = """# Written by python -m b2t.classroom build; nbgrader reads it when it is started in this folder.
from pathlib import Path

from b2t.classroom.course import configure

configure(get_config(), Path(__file__).resolve().parent)
"""
STUB = 'raise NotImplementedError("write this, run the cell, then the check below")'
ANSWER = "*Write your answer here.*"


def configure(config, root: Path, **limits) -> None:
    """Set what nbgrader needs to know, in its own configuration object.

    Parameters
    ----------
    config : traitlets.config.Config
    root : Path
        The course's folder.
    **limits
        Of `b2t.classroom.contained.ContainedExecute`: ``cell_seconds``, ``total_seconds``, ``memory_mb``.
    """
    from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, LimitOutput, SaveAutoGrades

    from b2t.classroom.contained import ContainedExecute

    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "bytes-to-transformers"
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.text_stub = ANSWER
    config.Autograde.autograde_preprocessors = [
        *(ContainedExecute, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata)
    ]
    config.ContainedExecute.update(limits)


def api(root: Path, **limits):
    """Open a course with nbgrader; a test or a script may then call what its commands call.

    Parameters
    ----------
    root : Path
        The course's folder.
    **limits
        As for `configure`.

    Returns
    -------
    nbgrader.apps.api.NbGraderAPI
    """
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    scripts = sysconfig.get_path("scripts")  # nbgrader starts alembic by its name
    if scripts not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = scripts + os.pathsep + os.environ["PATH"]
    config = Config()
    configure(config, root, **limits)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


class CourseFailed(Exception):
    """nbgrader could not do its part; the message holds its log."""


def done(answer: dict) -> None:
    """Raise what nbgrader reports as a failure.

    Raises
    ------
    CourseFailed
    """
    if not answer["success"]:
        raise CourseFailed("\n".join(filter(None, [answer.get("log"), answer.get("error")])))


def make(root: Path, sources: Path = assignments.SOURCES) -> None:
    """Write a new course, and let nbgrader make the student's versions.

    Parameters
    ----------
    root : Path
        A folder that is not there yet.
    sources : Path
        Where the assignments' pages are.
    """
    for name in assignments.NAMES:
        folder = root / "source" / name
        folder.mkdir(parents=True)
        text = to_text(assignments.notebook(assignments.read(sources / f"{name}.md")))
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8", newline="\n")
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    nbgrader = api(root)
    for name in assignments.NAMES:
        done(nbgrader.generate_assignment(name))


def build(out: Path, chapters_folder: Path = assignments.SOURCES.parent) -> None:
    """Write everything: both versions of the chapters, and the course.

    Parameters
    ----------
    out : Path
        Emptied first, submissions and marks included only if there are none.
    chapters_folder : Path
        The book's chapters, with the assignments' pages inside.

    Raises
    ------
    CourseFailed
        When the course holds submissions: building anew would lose their marks.
    """
    course = out / "course"
    if any(course.glob("submitted/*")):
        raise CourseFailed(f"{course} holds submissions and marks; move it away before you build anew")
    for name in ("student", "instructor", "course"):
        shutil.rmtree(out / name, ignore_errors=True)
    chapters.write(chapters_folder, out)
    make(course, chapters_folder / "assignments")
    for name, kind in (("student", "release"), ("instructor", "source")):
        folder = out / name / "assignments"
        folder.mkdir()
        for assignment in assignments.NAMES:
            shutil.copy(course / kind / assignment / f"{assignment}.ipynb", folder)
