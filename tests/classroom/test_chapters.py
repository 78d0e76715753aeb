"""A student's chapter holds no solution, an instructor's all of it, and both lead to the same pages."""

import ast
import re

import nbformat
import pytest

from b2t.book.notebooks import is_normal
from b2t.classroom.chapters import FOLDED, instructor, student, tags, write
from tests.conftest import ROOT

NO_ANSWERS = {"All 499"}  # folds for everybody; any other is taken for an answer
CHAPTERS = sorted((ROOT / "chapters").rglob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def everything(nb):
    """All text of a notebook, outputs included."""
    return nbformat.writes(nb)


def solution_lines(nb):
    """Lines of solutions that no other cell of the chapter has, long enough to tell."""
    solved = {line for cell in nb.cells if "solution" in tags(cell) for line in cell.source.splitlines()}
    others = "\n".join(cell.source for cell in nb.cells if "solution" not in tags(cell))
    return {line.strip() for line in solved if len(line.strip()) > 20 and line.strip() not in others}


def answers(nb):
    """What the chapter folds away as an answer."""
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    found = [fold["text"] for fold in FOLDED.finditer(text) if fold["summary"].strip() not in NO_ANSWERS]
    return [line.strip() for fold in found for line in fold.splitlines() if len(line.strip()) > 20]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_versions(path):
    nb = read(path)
    theirs, ours = student(nb), instructor(nb)
    sources = "\n".join(cell.source for cell in theirs.cells)
    assert not [cell for cell in theirs.cells if "solution" in tags(cell)]
    assert not [line for line in solution_lines(nb) if line in everything(theirs).replace("\\n", "\n")]
    assert not [line for line in answers(nb) if line in sources]
    for tag in ("exercise", "check"):
        kept = [
            [cell.source for cell in version.cells if tag in tags(cell)] for version in (nb, theirs, ours)
        ]
        assert kept[0] == kept[1] == kept[2]
        assert not [cell for cell in theirs.cells if tag in tags(cell) and cell.outputs]
    code = [[cell.source for cell in version.cells if cell.cell_type == "code"] for version in (nb, ours)]
    assert code[0] == code[1], "the tests execute the chapter, so the instructor's version passes its checks"
    unfolded = "\n".join(cell.source for cell in ours.cells)
    assert all(line in unfolded for line in {*solution_lines(nb), *answers(nb)})
    assert nb == read(path), "the chapter itself has changed"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_an_untouched_chapter_passes_no_check(path):
    cells = [cell for cell in student(read(path)).cells if {"exercise", "check"} & set(tags(cell))]
    assert [tags(cell)[0] for cell in cells] == ["exercise", "check"] * (len(cells) // 2)
    for stub, check in zip(cells[::2], cells[1::2]):
        asked_for = ast.parse(stub.source).body[-1].name
        assert "raise NotImplementedError" in stub.source
        assert asked_for in {
            node.id for node in ast.walk(ast.parse(check.source)) if isinstance(node, ast.Name)
        }


def test_the_chapters_have_what_is_taken_out():
    notebooks = [read(path) for path in CHAPTERS]
    assert sum(len(solution_lines(nb)) for nb in notebooks) > 50
    assert sum(len(answers(nb)) for nb in notebooks) > 10


def test_a_fold_that_is_no_answer_stays():
    text = "<details>\n<summary>All 499</summary>\n\nfn\n\n</details>"
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    assert [version(nb).cells[0].source for version in (student, instructor)] == [text, text]


def test_files_links_and_a_second_time(tmp_path):
    for out in ("first", "second"):
        write(ROOT / "chapters", tmp_path / out)
    first = {p.relative_to(tmp_path / "first"): p.read_bytes() for p in (tmp_path / "first").rglob("*.*")}
    second = {p.relative_to(tmp_path / "second"): p.read_bytes() for p in (tmp_path / "second").rglob("*.*")}
    assert first == second
    for name in ("student", "instructor"):
        folder = tmp_path / "first" / name
        assert {p.relative_to(folder) for p in folder.rglob("*.ipynb")} == {
            p.relative_to(ROOT / "chapters") for p in CHAPTERS
        }
        for path in folder.rglob("*.ipynb"):
            assert is_normal(path.read_text("utf-8"))
            prose = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
            links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+\.(?:ipynb|md))", prose)
            assert not [link for link in links if not path.parent.joinpath(link).exists()]
    assert not list(tmp_path.rglob("assignments"))


def test_a_students_teaching_guide_asks_and_does_not_answer(tmp_path):
    write(ROOT / "chapters", tmp_path)
    for page in (ROOT / "chapters/appendix/teaching").glob("*.md"):
        text = page.read_text("utf-8")
        theirs, ours = (
            (tmp_path / name / page.relative_to(ROOT / "chapters")).read_text("utf-8")
            for name in ("student", "instructor")
        )
        assert ours == text and len(re.findall("Answer to", text)) > 3
        assert "Answer to" not in theirs and ">>>" not in theirs
        questions = re.findall(r"^\*\*\d\.\*\* .*$", text, flags=re.M)
        assert questions and all(question in theirs for question in questions)
