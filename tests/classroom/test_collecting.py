"""What comes back is put into a fresh copy of what was handed out."""

import nbformat
import pytest

from b2t.classroom.assignments import Assignment, exercise, notebook
from b2t.classroom.collecting import find, grade_id, read, rebuild


@pytest.fixture
def release():
    one = exercise("One", "2", "Write.\n```python answer\ndef one(): ...\n```\n```python check\none()\n```\n")
    return notebook(Assignment("bytes", "# Bytes", "import math", (one,)))


def answer(nb, source):
    (cell,) = [cell for cell in nb.cells if grade_id(cell) == "one-answer"]
    cell.source = source
    return cell


def copy(nb):
    return nbformat.reads(nbformat.writes(nb), as_version=4)


def test_answers_and_added_cells_are_kept_in_their_place(release):
    back = copy(release)
    place = back.cells.index(answer(back, "one = helper"))
    back.cells.insert(place, nbformat.v4.new_code_cell("helper = 1"))
    found = rebuild(back, release)
    sources = [cell.source for cell in found.cells]
    assert sources.index("helper = 1") + 1 == sources.index("one = helper")
    assert len(found.cells) == len(release.cells) + 1
    nbformat.validate(found)


def test_all_else_is_as_it_was_handed_out(release):
    back = copy(release)
    answer(back, "one = 1")
    for cell in back.cells:
        if grade_id(cell) != "one-answer":
            cell.source = "pass"
    back.cells = [back.cells[-1], *back.cells[:-1]]
    back.metadata["kernelspec"] = {"name": "other", "display_name": "Other"}
    found = rebuild(back, release)
    expected = copy(release)
    answer(expected, "one = 1")
    assert found.cells == expected.cells and found.metadata == expected.metadata


def test_of_two_answers_the_last_counts_and_a_missing_one_is_the_stub(release):
    back = copy(release)
    answer(back, "one = 1")
    back.cells.append(copy(release).cells[-2])
    back.cells[-1].source = "one = 2"
    assert "one = 2" in [cell.source for cell in rebuild(back, release).cells]
    back.cells = [cell for cell in back.cells if grade_id(cell) != "one-answer"]
    assert rebuild(back, release).cells == release.cells


def test_find(tmp_path):
    for name in (
        "ada/bytes.ipynb",
        "bo/attention/attention.ipynb",
        "bo/.ipynb_checkpoints/bytes.ipynb",
        "x.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert [(each.student, each.assignment) for each in find(tmp_path)] == [
        ("ada", "bytes"),
        ("bo", "attention"),
    ]
    (tmp_path / "ada" / "old").mkdir()
    (tmp_path / "ada" / "old" / "bytes.ipynb").write_text("{}")
    with pytest.raises(ValueError, match="two files for bytes"):
        find(tmp_path)


def test_an_empty_folder_says_what_it_needs(tmp_path):
    with pytest.raises(ValueError, match="a folder for each student"):
        find(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"cells": 1}', "\x00"])
def test_garbage_is_refused(tmp_path, content):
    (tmp_path / "bytes.ipynb").write_text(content)
    with pytest.raises(ValueError, match=r"no notebook|no nbgrader marks"):
        read(tmp_path / "bytes.ipynb")


def test_a_link_is_refused(tmp_path):
    (tmp_path / "bytes.ipynb").symlink_to(tmp_path / "other")
    with pytest.raises(ValueError, match="a link"):
        read(tmp_path / "bytes.ipynb")
