"""Every chapter keeps to the book's form; and every check that says so can fail."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from b2t.book import notebooks
from tests import notebook_checks as checks

PATHS = sorted(
    path for path in checks.ROOT.glob("chapters/**/*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
NUMBERED = [path for path in PATHS if path.name[:2].isdigit()]


def read(path):
    return nbformat.read(path, as_version=4)


def name_of(value):
    return getattr(value, "stem", None) or value.__name__


def test_there_are_chapters():
    assert NUMBERED


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_normal_form(path):
    assert notebooks.is_normal(path.read_text(encoding="utf-8")), (
        f"run: python -m b2t.book.notebooks normalise {path.relative_to(checks.ROOT)}"
    )


@pytest.mark.parametrize("path", PATHS, ids=name_of)
@pytest.mark.parametrize("check", checks.EVERY_NOTEBOOK, ids=name_of)
def test_notebook(path, check):
    assert not check(read(path), path)


@pytest.mark.parametrize("path", NUMBERED, ids=name_of)
@pytest.mark.parametrize("check", checks.NUMBERED_CHAPTER, ids=name_of)
def test_chapter(path, check):
    assert not check(read(path), path)


def test_each_idea_is_defined_inline_once():
    assert not checks.defined_twice({path.name: read(path) for path in PATHS})


# ---- the checks themselves ---------------------------------------------------------------------

PATH = checks.ROOT / "chapters/02_byte_pair_encoding.ipynb"
LINK = f"{checks.COLAB}/blob/main/chapters/{PATH.name}"


EXERCISES = (
    "## Exercises\n\n**1. Half.** *Warm-up.* On paper.\n\n"
    "### 2. Which is more?\n\n*Predict, then measure.* Guess.\n\n"
    "**3. Odd.** *Spot the bug.* Where?\n\n**4. And?** *Open question.* Why?\n\n"
)


def good_chapter():
    stub = 'def twice(x):\n    raise NotImplementedError("yours")'
    merge = checks.library_definition("b2t.bpe.core.merge")
    cells = [
        new_markdown_cell(f"# 02 · Byte pair encoding\n\n*Why?*\n\n[Open in Colab]({LINK})"),
        new_code_cell(checks.SETUP, metadata={"tags": ["setup", "hide-cell"]}),
        new_markdown_cell("See {cite:t}`gage1994bpe` and [the terms](../_toc.yml), not `[this](no.md)`."),
        new_code_cell(checks.bare(merge), metadata={"tags": ["lib:b2t.bpe.core.merge"]}),
        new_markdown_cell("The time it takes:"),
        new_code_cell("2.1", metadata={"tags": ["nbval-ignore-output"]}),
        new_code_cell("assert 2 > 1"),
        new_markdown_cell(f"{EXERCISES}**5. Twice.** *Build.* Write `twice`."),
        new_code_cell(stub, metadata={"tags": ["exercise"]}),
        new_code_cell("def twice(x):\n    return 2 * x", metadata={"tags": ["solution", "hide-cell"]}),
        new_code_cell("assert twice(2) == 4", metadata={"tags": ["check"]}),
        new_markdown_cell("**Summary.**"),
    ]
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), 1):
        cell.execution_count = count
    return new_notebook(cells=cells)


@pytest.mark.parametrize("check", [*checks.EVERY_NOTEBOOK, *checks.NUMBERED_CHAPTER], ids=name_of)
def test_a_good_chapter_passes(check):
    assert not check(good_chapter(), PATH)


def replace(number, old, new):
    def change(nb):
        assert old in nb.cells[number].source
        nb.cells[number].source = nb.cells[number].source.replace(old, new)

    return change


def retag(number, *tags):
    return lambda nb: nb.cells[number].metadata.update(tags=list(tags))


def output(number, *args, **kwargs):
    return lambda nb: nb.cells[number].outputs.append(new_output(*args, **kwargs))


def append(text, number=2):
    return lambda nb: nb.cells[number].update(source=nb.cells[number].source + text)


WRONG = [
    (checks.executed, lambda nb: nb.cells[3].update(execution_count=None)),
    (checks.executed, lambda nb: nb.cells[3].update(execution_count=7)),
    (checks.executed, lambda nb: nb.cells[3].update(source="\n")),
    (checks.no_errors, output(3, "error", ename="ValueError", evalue="", traceback=[])),
    (checks.no_errors, output(3, "stream", name="stderr", text="UserWarning")),
    (checks.no_errors, output(3, "display_data", {notebooks.WIDGET_VIEW: {}, "text/plain": "Box()"})),
    (checks.ignored_output_means_something, replace(6, "assert", "not")),
    (checks.cell_sizes, append("\npass" * 30, 6)),
    (checks.prose_carries, lambda nb: nb.cells.extend(new_code_cell("1") for _ in range(3))),
    (checks.title, replace(0, "# 02 ·", "# 2.")),
    (checks.title, lambda nb: nb.cells.pop(0)),
    (checks.setup_cell, replace(1, "git+", "git ")),
    (checks.setup_cell, retag(1, "setup")),
    (checks.colab_badge, replace(0, "02_byte", "03_byte")),
    (checks.colab_badge, append("\n[Colab](https://colab.research.google.com/github/a/b)")),
    (checks.exercise_kinds, replace(7, "*Open question.*", "*Build.*")),
    (checks.exercise_kinds, replace(7, "*Build.*", "*Do.*")),
    (checks.exercise_kinds, replace(7, "**3. Odd", "**4. Odd")),
    (checks.exercise_kinds, replace(7, "## Exercises", "## In practice")),
    (checks.known_tags, retag(3, "exercize")),
    (checks.forbidden_code, append("\nsys.path.insert(0, 'lib')", 3)),
    (checks.forbidden_code, append("\nwarnings.filterwarnings('ignore')", 3)),
    (checks.forbidden_code, append("\nfrom b2t.bpe import *", 3)),
    (checks.forbidden_code, append("\ntorch.manual_seed(0)", 3)),
    (checks.forbidden_code, append("\nnp.random.seed(0)", 3)),
    (checks.machine_paths, append(f"\n{Path('/', 'home', 'ada', 'book')}", 2)),
    (checks.machine_paths, output(3, "stream", text=f"File '{Path('/', 'root', 'x.py')}'")),
    (checks.inline_equals_library, replace(3, "def merge(", "def merge_all(")),
    (checks.inline_equals_library, append("\n    return None", 3)),
    (checks.inline_equals_library, retag(3, "lib:b2t.bpe.nowhere.merge")),
    (checks.exercises, retag(8)),
    (checks.exercises, lambda nb: nb.cells.insert(8, nb.cells.pop(9))),
    (checks.exercises, lambda nb: [cell.metadata.clear() for cell in nb.cells]),
    (checks.exercises, replace(8, "raise NotImplementedError", "print")),
    (checks.exercises, replace(9, "twice", "double")),
    (checks.exercises, retag(9, "solution")),
    (checks.exercises, replace(10, "assert ", "")),
    (checks.exercises, lambda nb: nb.cells.pop(7)),
    (checks.citations, append("{cite:p}`gage1994bpe, nobody1900`")),
    (checks.links, append("[gone](99_nowhere.ipynb#part)")),
]


@pytest.mark.parametrize(
    ("check", "spoil"), WRONG, ids=[f"{n}-{check.__name__}" for n, (check, _) in enumerate(WRONG)]
)
def test_a_spoiled_chapter_fails(check, spoil):
    nb = good_chapter()
    spoil(nb)
    assert check(nb, PATH)


def test_a_chapter_outside_the_contents_fails():
    assert checks.in_contents(good_chapter(), checks.ROOT / "chapters/98_unlisted.ipynb")
    assert len(checks.in_tables(good_chapter(), checks.ROOT / "chapters/98_unlisted.ipynb")) == 2


def test_every_check_is_proved_able_to_fail():
    proved = {check for check, _ in WRONG} | {checks.in_contents, checks.in_tables}
    assert proved == {*checks.EVERY_NOTEBOOK, *checks.NUMBERED_CHAPTER}


def test_a_second_inline_definition_fails():
    one = good_chapter()
    assert not checks.defined_twice({"02": one})
    assert checks.defined_twice({"02": one, "03": copy.deepcopy(one)})


def test_docstrings_and_annotations_make_no_difference_but_names_and_defaults_do():
    def bare(source):
        return checks.bare(checks.parse(source).body[0])

    assert bare('def f(x: int = 1, *, y: str) -> int:\n    """Doc."""\n    z: int = x\n    return z') == bare(
        "def f(x=1, *, y):\n    z = x  # shape\n    return z"
    )
    assert bare("def f(x=1):\n    return x") != bare("def f(x=2):\n    return x")
    assert bare("def f(x):\n    return x") != bare("def f(y):\n    return y")


# ---- normalising and running -------------------------------------------------------------------


def messy():
    figure = {"image/svg+xml": "<svg></svg>", "text/plain": "<Figure size 640x320 with 1 Axes>"}
    outputs = [
        new_output("stream", text="a\n"),
        new_output("stream", text="b\n"),
        new_output("display_data", figure),
        new_output("display_data", {notebooks.WIDGET_VIEW: {"model_id": "1"}, "text/html": "<p>x</p>"}),
    ]
    metadata = {"execution": {"iopub.status.busy": "now"}, "tags": ["check"]}
    cells = [new_code_cell("x", metadata=metadata, outputs=outputs, execution_count=1), new_code_cell("x")]
    language = {"name": "python", "version": "3.13.1"}
    return new_notebook(cells=cells, metadata={"widgets": {"state": {}}, "language_info": language})


def test_normalise():
    nb = notebooks.normalise(messy())
    first, second = nb.cells
    assert nb.metadata == notebooks.METADATA
    assert first.metadata == {"tags": ["check"]} and first.execution_count == 1
    assert [output.get("text") for output in first.outputs] == ["a\nb\n", None, None]
    assert first.outputs[1].data["text/plain"] == "<Figure>"
    assert list(first.outputs[2].data) == ["text/html"]
    assert second.id == first.id + "-2"
    assert notebooks.to_text(notebooks.normalise(messy())) == notebooks.to_text(nb)
    assert notebooks.is_normal(notebooks.to_text(nb))
    assert not notebooks.is_normal(notebooks.to_text(messy()))


@pytest.mark.parametrize(
    ("tags", "closed"), [(["solution", "hide-cell"], True), (["solution"], False), (["hide-cell"], False)]
)
def test_a_hidden_solution_is_closed_where_a_notebook_is_opened(tags, closed):
    nb = new_notebook(cells=[new_code_cell("2", metadata={"tags": tags})])
    metadata = notebooks.normalise(nb).cells[0].metadata
    assert ("jupyter" in metadata, "cellView" in metadata) == (closed, closed)
    assert not closed or metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}


def test_check_and_normalise_commands(tmp_path, capsys):
    file = tmp_path / "x.ipynb"
    nbformat.write(messy(), file)
    assert notebooks.main(["check", str(file)]) == 1
    assert "normalise" in capsys.readouterr().err
    assert notebooks.main(["normalise", str(file)]) == 0
    assert notebooks.main(["check", str(tmp_path)]) == 0
    assert notebooks.main(["stats", str(file)]) == 0
    assert "2 cells" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys\nprint('hot', file=sys.stderr)", "stderr: 'hot'"),
    ],
)
def test_a_failed_run_leaves_the_file_alone(tmp_path, capsys, source, says):
    file = tmp_path / "x.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("print(1)"), new_code_cell(source)]), file)
    before = file.read_bytes()
    assert notebooks.main(["run", str(file)]) == 1
    message = capsys.readouterr().err
    assert says in message and "cell 1" in message and "x.ipynb" in message
    assert file.read_bytes() == before


@pytest.mark.slow
def test_run_executes_beside_the_file_with_the_library_at_hand(tmp_path):
    file = tmp_path / "x.ipynb"
    source = "import os, sys\nimport b2t\n'torch' in sys.modules, os.listdir()"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), file)
    assert notebooks.main(["run", str(file)]) == 0
    (cell,) = read(file).cells
    assert cell.execution_count == 1
    assert cell.outputs[0].data["text/plain"] == "(False, ['x.ipynb'])"
    assert notebooks.main(["check", str(file)]) == 0


# ---- nbval, with the book's sanitiser ----------------------------------------------------------

FIGURE = {"image/svg+xml": "<?xml?><svg>2</svg>", "text/plain": "<Figure size 9x9 with 1 Axes>"}
OTHER_FIGURE = {"image/svg+xml": "<?xml?>\n<svg>3</svg>\n", "text/plain": "<Figure>"}


def shown(data, stored):
    return f"display({data!r}, raw=True)", new_output("display_data", stored)


COMPARED = [  # source, stored output, whether nbval must accept it
    ("print(42)", new_output("stream", text="42\n"), True),
    ("print(42)", new_output("stream", text="43\n"), False),
    ("6 * 7", new_output("execute_result", {"text/plain": "43"}), False),
    ("hex(0x1F600)", new_output("execute_result", {"text/plain": "'0x1f601'"}), False),
    ("print(object())", new_output("stream", text="<object object at 0x7f0000000000>\n"), True),
    (*shown({"text/html": "<b>42</b>"}, {"text/html": "<b>43</b>"}), False),
    (*shown({"text/markdown": "*42*"}, {"text/markdown": "*43*"}), False),
    (*shown({"text/html": "<svg>2</svg>"}, {"text/html": "<svg>3</svg>"}), False),
    (*shown(FIGURE, OTHER_FIGURE), True),
    ("42", new_output("display_data", {"text/plain": "42", "text/html": "42"}), False),
]


@pytest.mark.slow
def test_nbval_compares_all_but_figures_and_addresses(tmp_path):
    cells = [new_code_cell(source, outputs=[stored], execution_count=1) for source, stored, _ in COMPARED]
    nbformat.write(new_notebook(cells=cells), tmp_path / "x.ipynb")
    sanitiser = f"--nbval-sanitize-with={checks.ROOT / 'tests/nbval_sanitize.cfg'}"
    command = [
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "--nbval",
        "--nbval-current-env",
        sanitiser,
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run([sys.executable, *command, "x.ipynb"], cwd=tmp_path, capture_output=True, text=True)
    refused = {int(number) for number in re.findall(r"FAILED x.ipynb::Cell (\d+)", run.stdout)}
    assert refused == {number for number, (_, _, accepted) in enumerate(COMPARED) if not accepted}, run.stdout
