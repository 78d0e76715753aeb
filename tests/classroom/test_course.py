"""The course that nbgrader works in, and what is handed out of it."""

import nbformat
import pytest

from b2t.classroom import assignments, course
from b2t.classroom.collecting import grade_id
from tests.classroom.handing_in import PAGES, solutions

pytestmark = pytest.mark.slow


def read(built, kind, name):
    return nbformat.read(built / kind / "assignments" / f"{name}.ipynb", as_version=4)


def hidden(nb):
    return [cell for cell in nb.cells if "HIDDEN" in cell.source or "SOLUTION" in cell.source]


@pytest.mark.parametrize("name", assignments.NAMES)
def test_what_is_handed_out_holds_no_answers(built, name):
    handed_out, ours = read(built, "student", name), read(built, "instructor", name)
    text = nbformat.writes(handed_out).replace("\\n", "\n").replace('\\"', '"')
    lines = {line.strip() for answer in solutions(name).values() for line in answer.splitlines()}
    prose = "\n".join(each.prose + each.blocks.get("check", "") for each in PAGES[name].exercises)
    given = {line for line in lines if line.startswith(("class ", "def ")) or line in prose}
    given |= {line for line in lines if line in PAGES[name].imports}
    kept = {line for line in lines - given if len(line) > 20 and line in text}
    assert kept <= NORM, "an answer's line is in the student's version"
    rubrics = [line for each in PAGES[name].exercises for line in each.rubric.splitlines() if line]
    assert rubrics and not [line for line in rubrics if line in text]
    assert all(line in nbformat.writes(ours).replace('\\"', '"') for line in rubrics)
    assert not hidden(handed_out) and len(hidden(ours)) == 2 * len(solutions(name)) + 1


# The exercise "A layer" gives a module for the norms.
NORM = {
    "self.weight = nn.Parameter(torch.ones(d_model))",
    "self.bias = nn.Parameter(torch.zeros(d_model))",
    "return layer_norm(x, self.weight, self.bias)",
}


@pytest.mark.parametrize("name", assignments.NAMES)
def test_checks_are_locked_and_carry_the_points(built, name):
    cells = {grade_id(cell): cell.metadata.nbgrader for cell in read(built, "student", name).cells}
    for each in PAGES[name].exercises:
        mark = cells[f"{each.name}-check" if each.blocks else each.name]
        assert mark.grade and mark.points == each.points and mark.locked == bool(each.blocks)


def test_a_second_build_is_the_same(built, tmp_path):
    course.make(tmp_path / "course")
    for path in tmp_path.rglob("*.ipynb"):
        assert path.read_bytes() == (built / path.relative_to(tmp_path)).read_bytes()


def test_building_anew_keeps_submissions(tmp_path):
    (tmp_path / "course" / "submitted" / "ada").mkdir(parents=True)
    with pytest.raises(course.CourseFailed, match="holds submissions"):
        course.build(tmp_path)
    assert (tmp_path / "course" / "submitted" / "ada").is_dir()


def test_what_nbgrader_says_when_it_fails_is_passed_on(tmp_path):
    with pytest.raises(course.CourseFailed, match="bytes"):
        course.done(course.api(tmp_path).generate_assignment("bytes"))


def test_two_exercises_of_one_name_are_refused(tmp_path):
    block = "```python answer\ndef one(): ...\n```\n"
    page = tmp_path / "page.md"
    page.write_text(
        f"# A\n```python imports\n```\n## 1. One (2 points)\n{block}## 2. Two (2 points)\n{block}"
    )
    with pytest.raises(ValueError, match="two exercises of one name"):
        assignments.read(page)
