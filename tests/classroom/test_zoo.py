"""Each bug of the zoo loses the points of its own exercise, and no others."""

import ast
import re

import pytest
import torch

from b2t.checks import CheckFailed, zoo
from b2t.classroom import assignments

PAGES = {name: assignments.read(assignments.SOURCES / f"{name}.md") for name in assignments.NAMES}
EXERCISES = {each.name: (page, each) for page in PAGES.values() for each in page.exercises if each.blocks}
GRADED_BY = {
    "bpe_train": "train",
    "bpe_encode": "encode",
    "bpe_decode": "decode",
    "utf8_stream": "stream",
    "attention": "attention",
    "causal_mask": "causal_mask",
    "padding_mask": "padding_mask",
    "multi_head_attention": "MultiHeadAttention",
    "sinusoidal": "sinusoidal",
    "rotary": "rotate",
    "layer_norm": "layer_norm",
    "embedding": "embed",
    "encoder_layer": "EncoderLayer",
    "encoder": "Encoder",
}  # check: the exercise that it grades
# Wrong where pre-norm is asked for; the exercise asks for post-norm, where the first of them is right.
ELSEWHERE = {bug.name for bug in zoo.BUGS if "norm_first" in bug.options}
BUGS = [bug for bug in zoo.BUGS if bug.name not in ELSEWHERE]


class Evaluated:
    """A function in the place of a module that is put into eval mode."""

    def __init__(self, fn):
        self.fn = fn

    def eval(self):
        return self.fn


def twin(bug):
    """A bug in the form that its exercise asks for."""
    code = bug.code() if bug.fresh else bug.code
    if bug.check == "embedding":
        return lambda ids, table: code(ids)
    return (lambda *sizes, **more: Evaluated(code)) if bug.check == "encoder" else code


def names_in(source):
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def uses(name):
    """The other exercises whose solution or check mentions a name."""
    page = EXERCISES[name][0]
    others = [each for each in page.exercises if each.blocks and each.name != name]
    return [each for each in others if name in names_in(each.blocks["answer"] + "\n" + each.blocks["check"])]


def run(exercises, page, replaced=None):
    """Run exercises in one namespace, as a notebook does, hidden lines included; say which ones fail."""
    space, failed = {"__name__": "__main__"}, []
    exec(page.imports, space)
    for each in exercises:
        exec(each.blocks["answer"], space)
        if replaced and each.name in replaced:
            space[each.name] = replaced[each.name]
        try:
            exec(assignments.check_source(each), space)
        except CheckFailed:
            failed.append(each.name)
    return failed


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_every_check_of_the_zoo_grades_an_exercise():
    assert set(GRADED_BY) == {bug.check for bug in zoo.BUGS}
    assert set(GRADED_BY.values()) | {"merge"} == set(EXERCISES)
    assert len(zoo.BUGS) - len(BUGS) == len(ELSEWHERE) == 2


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_the_solutions_pass(page):
    assert run([each for each in page.exercises if each.blocks], page) == []


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.check}-{bug.name}")
def test_a_bug_fails_its_own_exercise_and_no_other(bug, capsys):
    name = GRADED_BY[bug.check]
    page, own = EXERCISES[name]
    assert run([own, *uses(name)], page, {name: twin(bug)}) == [name]


def test_exercises_that_build_on_earlier_ones():
    found = {name: [each.name for each in uses(name)] for name in EXERCISES}
    assert {name: others for name, others in found.items() if others} == {
        "merge": ["train", "encode"],
        "attention": ["MultiHeadAttention"],
        "layer_norm": ["EncoderLayer"],
        "embed": ["Encoder"],
        "EncoderLayer": ["Encoder"],
    }


def test_and_without_the_hidden_lines_they_would_fail_too(monkeypatch):
    monkeypatch.setattr(assignments, "check_source", lambda each: each.blocks["check"])
    wrong = next(bug for bug in zoo.BUGS if bug.check == "attention")
    page, own = EXERCISES["attention"]
    assert len(run([own, *uses("attention")], page, {"attention": twin(wrong)})) == 2


WAITS = """
def stream(pieces):
    shown, held = [], b""
    for piece in pieces:
        held += piece
        try:
            shown, held = [*shown, held.decode()], b""
        except UnicodeDecodeError:
            shown.append("")
    return [*shown, held.decode(errors="replace")]
"""
AT_THE_END = """
def stream(pieces):
    return b"".join(pieces).decode(errors="replace")
"""


@pytest.mark.parametrize(
    ("code", "said"), [(WAITS, "waits for the unfinished"), (AT_THE_END, "not ['a', ''")]
)
def test_a_stream_that_shows_its_text_late_gets_nothing(code, said):
    page, own = EXERCISES["stream"]
    space = {}
    exec(page.imports + code, space)
    with pytest.raises(CheckFailed, match=re.escape(said)):
        exec(assignments.check_source(own), space)
