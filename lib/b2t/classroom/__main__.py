"""``python -m b2t.classroom build`` and ``python -m b2t.classroom grade FOLDER``."""

import argparse
import sys
from pathlib import Path

from b2t.classroom import course, grading

OUT = Path(__file__).resolve().parents[3] / "_build" / "classroom"


def main() -> None:
    """Read the command line, and do it."""
    parser = argparse.ArgumentParser(prog="python -m b2t.classroom")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write chapters and assignments for students and instructors")
    build.add_argument("--out", type=Path, default=OUT)
    grade = commands.add_parser("grade", help="grade FOLDER/STUDENT/ASSIGNMENT.ipynb")
    grade.add_argument("folder", type=existing)
    grade.add_argument("--course", type=Path, default=OUT / "course")
    grade.add_argument("--cell-seconds", type=float, default=60.0, help="time of one cell")
    grade.add_argument(
        "--memory-mb", type=int, default=4000, help="memory of a process, where it can be limited"
    )
    given = parser.parse_args()
    try:
        (build_all if given.command == "build" else grade_all)(given)
    except (course.CourseFailed, ValueError, RuntimeError) as error:
        sys.exit(str(error))


def existing(folder: str) -> Path:
    """Read the name of a folder; an empty one, which would be the folder we are in, is none."""
    if not folder or not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{folder!r} is no folder; make grade FOLDER=submissions names one")
    return Path(folder)


def build_all(given) -> None:
    """Write everything, and say where it is."""
    course.build(given.out)
    print(f"For students:    {given.out / 'student'}")
    print(f"For instructors: {given.out / 'instructor'}")
    print(
        f"To grade:        make grade FOLDER=…, with STUDENT/ASSIGNMENT.ipynb inside ({given.out / 'course'})"
    )


def grade_all(given) -> None:
    """Grade a folder, print the marks and write them as a table."""
    if not (given.course / "release").is_dir():
        raise ValueError(f"there is no course in {given.course}: make classroom")
    limits = {"cell_seconds": given.cell_seconds, "memory_mb": given.memory_mb}
    marks = grading.grade(given.folder, given.course, **limits)
    print(grading.table(marks))
    grading.write_csv(marks, given.course / "marks.csv")
    print(f"As a table: {given.course / 'marks.csv'}; pages for students: {given.course / 'feedback'}")


if __name__ == "__main__":
    main()
