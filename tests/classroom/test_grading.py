"""Grading as a teacher does it: one folder, honest and other submissions, one run of nbgrader for all."""

import csv
import os
import re
import shutil

import nbformat
import pytest

from b2t.classroom import assignments, course, grading
from b2t.classroom.__main__ import main
from b2t.classroom.collecting import grade_id
from tests.classroom.handing_in import fill, hand_in, points, solutions, zoo_answer

pytestmark = pytest.mark.slow
linux_only = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="memory is limited on Linux only"
)

# One bug a submission; what builds on the exercise keeps its points.
BUGS = {
    "bytes": ("decode", zoo_answer("decode", "decoding token by token")),
    "attention": ("attention", zoo_answer("attention", "softmax over the query axis")),
    "transformer": ("layer_norm", zoo_answer("layer_norm", "no bias")),
}
OVERLAPS = (
    "def merge(ids, pair, new_id):\n    return [new_id if p == pair else p[0] for p in zip(ids, ids[1:])]"
)

GREEDY = {
    "merge": 'for i in range(100):\n    print("x" * 10**6)\n\n',
    "train": "def train(texts, vocab_size):\n    while True:\n        pass",
    "encode": "def encode(text, merges):\n    kept = []\n    while True: kept.append(bytearray(10**7))",
    "decode": "def decode(ids, merges):\n    import os\n    os._exit(0)",
}
SLY = {
    "merge": "class checks:\n    examples = staticmethod(lambda *args, **more: 'fine')",
    "train": "import sys\nsys.exit()",
    "encode": """

right = encode


def encode(text, merges):
    import sys

    print("a remark", file=sys.stderr)
    return right(text, merges)
""",
    "decode": "def decode(ids, merges):\n    return ''",
}
REACHING = """
import pathlib, shutil, os
pathlib.Path("../../../stray.txt").write_text("up")
pathlib.Path.home().joinpath("stray.txt").write_text("home")
shutil.rmtree("../../..", ignore_errors=True)
print(sorted(os.environ))

"""


def tamper(nb):
    """Empty a check, raise its points, declare another an answer, delete a third, and hand one in twice."""
    by_id = {grade_id(cell): cell for cell in nb.cells}
    by_id["decode-check"].source = "pass"
    by_id["decode-check"].metadata.nbgrader.points = 1000
    by_id["stream-check"].metadata.nbgrader.solution = True
    by_id["stream-check"].source = "pass"
    nb.cells = [cell for cell in nb.cells if grade_id(cell) not in ("encode-check", "setup")]


@pytest.fixture(scope="session")
def graded(built, tmp_path_factory):
    """The marks of all submissions, and what the environment was like."""
    folder = tmp_path_factory.mktemp("submissions")
    for name in assignments.NAMES:
        right = solutions(name)
        wrong, code = BUGS[name]
        for student, version in (("right", "instructor"), ("untouched", "student")):
            (folder / student).mkdir(exist_ok=True)
            shutil.copy(built / version / "assignments" / f"{name}.ipynb", folder / student)
        hand_in(built, folder, "one bug", name, {**right, wrong: code})
    right = solutions("bytes")
    hand_in(built, folder, "overlaps", "bytes", {**right, "merge": OVERLAPS})
    hand_in(built, folder, "greedy", "bytes", {**right, **GREEDY, "merge": GREEDY["merge"] + right["merge"]})
    sly = {**right, **SLY, "encode": right["encode"] + SLY["encode"], "stream": "stream = None"}
    hand_in(built, folder, "sly", "bytes", sly, tamper)
    hand_in(built, folder, "reaching", "bytes", {**right, "merge": REACHING + right["merge"]})
    unfinished = {"merge": "def merge(ids, pair, new_id)", "decode": f"{right['decode']}\nwhile True: pass"}
    hand_in(built, folder, "unfinished", "bytes", {**right, **unfinished})
    (folder / "garbage").mkdir()
    (folder / "garbage" / "bytes.ipynb").write_text("{not a notebook")
    os.environ["B2T_TEST_TOKEN"] = "secret"
    marks = grading.grade(folder, built / "course", cell_seconds=10.0, memory_mb=2000)
    return {(m.student, m.assignment, m.exercise): m for m in marks}


def got(graded, student, assignment):
    """Points of the exercises that the machine grades."""
    found = {ex: m.points for (who, what, ex), m in graded.items() if (who, what) == (student, assignment)}
    found.pop("question", None)
    return found


@pytest.mark.parametrize("assignment", assignments.NAMES)
def test_right_answers_get_all_points_and_no_answers_none(graded, assignment):
    assert got(graded, "right", assignment) == points(assignment)
    assert got(graded, "untouched", assignment) == dict.fromkeys(points(assignment), 0)
    assert graded["untouched", assignment, "question"].points == 0


@pytest.mark.parametrize("assignment", assignments.NAMES)
def test_a_bug_loses_its_own_points(graded, assignment):
    assert got(graded, "one bug", assignment) == {**points(assignment), BUGS[assignment][0]: 0}
    assert re.match(r"\w+: .* \(.+\)", graded["one bug", assignment, BUGS[assignment][0]].message)


def test_what_builds_on_a_wrong_answer_is_graded_on_the_librarys(graded):
    assert got(graded, "overlaps", "bytes") == {**points("bytes"), "merge": 0}


@linux_only
def test_greedy_code_costs_its_own_exercise(graded):
    assert got(graded, "greedy", "bytes") == {**points("bytes"), "train": 0, "encode": 0, "decode": 0}
    said = {name: graded["greedy", "bytes", name].message for name in ("train", "encode", "decode")}
    assert said["train"] == "TimeLimit: the cell ran longer than 10 seconds"
    assert "MemoryError" in said["encode"] and "KernelDied" in said["decode"]


def test_an_answer_that_does_not_run_is_named_not_the_name_it_leaves_out(graded):
    assert got(graded, "unfinished", "bytes") == {**points("bytes"), "merge": 0, "decode": 0}
    said = {name: graded["unfinished", "bytes", name].message for name in ("merge", "decode")}
    assert said["merge"].startswith("SyntaxError: expected ':'") and "above the check" in said["merge"]
    assert said["decode"] == "TimeLimit: the cell ran longer than 10 seconds (in a cell above the check)"


def test_what_a_cell_prints_is_cut(graded, built):
    kept = built / "course" / "autograded" / "greedy" / "bytes" / "bytes.ipynb"
    assert kept.stat().st_size < 10**6 and "rest of this output was dropped" in kept.read_text("utf-8")


def test_changed_checks_are_put_back(graded):
    assert got(graded, "sly", "bytes") == {
        **dict.fromkeys(points("bytes"), 0),
        "encode": 5,
    }
    assert graded["sly", "bytes", "decode"].of == 3


def test_what_is_written_outside_stays_in_the_copy(graded, built):
    assert got(graded, "reaching", "bytes") == points("bytes")
    assert not list(built.rglob("stray.txt"))
    nb = nbformat.read(built / "course" / "autograded" / "reaching" / "bytes" / "bytes.ipynb", as_version=4)
    shown = "".join(output.get("text", "") for cell in nb.cells for output in cell.get("outputs", []))
    assert "HOME" in shown and "B2T_TEST_TOKEN" not in shown


def test_a_file_that_is_no_notebook_is_named(graded):
    assert "no notebook" in graded["garbage", "bytes", ""].message


def test_the_table_and_the_pages(graded, built, tmp_path):
    marks = list(graded.values())
    text = grading.table(marks)
    assert "right, attention: 24 of 32 points" in text and "untouched, bytes: 0 of 28 points" in text
    grading.write_csv(marks, tmp_path / "marks.csv")
    with (tmp_path / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(marks)
    page = built / "course" / "feedback" / "one bug" / "attention" / "attention.html"
    assert re.search(r"detector \w+", re.sub("<[^>]+>", "", page.read_text("utf-8")))


def test_a_submission_that_nbgrader_cannot_grade_does_not_stop_the_others(built, tmp_path, monkeypatch):
    def fail(nbgrader, each, feedback):
        raise course.CourseFailed("the log\nthe reason\n")

    hand_in(built, tmp_path, "ada", "bytes", {})
    monkeypatch.setattr(grading, "run_nbgrader", fail)
    (mark,) = grading.grade(tmp_path, built / "course")
    assert mark.student == "ada" and mark.message.endswith("the reason")


def test_a_change_in_the_folder_is_noticed(built, tmp_path, monkeypatch):
    path = hand_in(built, tmp_path, "ada", "bytes", {})
    monkeypatch.setattr(grading, "run_nbgrader", lambda *given: path.write_text("changed"))
    monkeypatch.setattr(grading, "read_marks", lambda *given: [])
    with pytest.raises(RuntimeError, match="has changed while"):
        grading.grade(tmp_path, built / "course")


def test_fill_leaves_checks_alone(built):
    release = nbformat.read(built / "student" / "assignments" / "bytes.ipynb", as_version=4)
    filled = fill(release, {"merge": "merge = None", "decode-check": "pass"})
    changed = [grade_id(a) for a, b in zip(release.cells, filled.cells) if a.source != b.source]
    assert changed == ["merge-answer"]


@pytest.mark.parametrize("folder", ["", "no such folder"])
def test_a_folder_that_is_none(folder, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["b2t.classroom", "grade", folder])
    with pytest.raises(SystemExit):
        main()
    assert f"{folder!r} is no folder; make grade FOLDER=submissions" in capsys.readouterr().err
