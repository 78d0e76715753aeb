"""b2t.show: the source that a page shows is the source that runs."""

import ast
import inspect
import math

import numpy as np
import pytest

from b2t import show
from b2t.bpe import core
from b2t.bpe.tokenizer import Tokenizer


def test_a_function_under_its_dotted_name():
    shown = show.source(core.merge, docstring=True)
    code = inspect.getsource(core.merge).rstrip()
    assert repr(shown) == code
    assert shown._repr_markdown_() == f"`b2t.bpe.core.merge`\n\n```python\n{code}\n```"


def test_docstrings_keep_their_first_line_and_the_code_stays():
    short, whole = repr(show.source(core.merge)), repr(show.source(core.merge, docstring=True))
    first = inspect.getdoc(core.merge).splitlines()[0]
    assert first in short and "Parameters" in whole and "Parameters" not in short
    trees = [ast.parse(code).body[0] for code in (short, whole)]
    assert ast.dump(ast.Module(trees[0].body[1:], [])) == ast.dump(ast.Module(trees[1].body[1:], []))


def test_classes_methods_and_several_objects():
    assert repr(show.source(Tokenizer)).startswith("class Tokenizer")
    method = show.source(Tokenizer.encode)
    assert repr(method).startswith("def encode(")
    assert "`b2t.bpe.tokenizer.Tokenizer.encode`" in method._repr_markdown_()
    both = show.source(core.merge, core.best_pair)
    assert repr(both).count("\ndef ") == 1 and both._repr_markdown_().count("```python") == 2


@pytest.mark.parametrize(
    ("code", "short"),
    [
        (
            'def f():\n    r"""One \\d.\n\n    Two.\n    """\n    return 1',
            'def f():\n    r"""One \\d."""\n    return 1',
        ),
        ('def f():\n    """\n    One.\n\n    Two.\n    """', 'def f():\n    """One."""'),
        ("def f():\n    '''One.'''\n    return 1", 'def f():\n    """One."""\n    return 1'),
        ('def f():\n    """Says "yes"."""', 'def f():\n    """Says "yes"."""'),
        ("def f(): return 1", "def f(): return 1"),
        ('def f(): "One."', 'def f(): "One."'),
        (
            'class A:\n    """One.\n\n    x\n    """\n\n    def f(self):\n        """Two.\n\n        y"""',
            'class A:\n    """One."""\n\n    def f(self):\n        """Two."""',
        ),
    ],
)
def test_first_lines(code, short):
    assert show.first_lines(code) == short


@pytest.mark.parametrize("thing", [math.pi, core, Tokenizer([]), "merge"])
def test_what_has_no_source_of_its_own(thing):
    with pytest.raises(TypeError, match="functions, classes and methods of b2t, not"):
        show.source(thing)


def test_nothing_and_strangers():
    with pytest.raises(TypeError, match="at least one"):
        show.source()
    with pytest.raises(ValueError, match=r"inspect\.cleandoc is not defined in b2t"):
        show.source(inspect.cleandoc)


def test_a_table_aligns_numbers_to_the_right():
    made = show.table(["word", "n", "share"], [["a|b", 1234, "5 %"], ["猫", 2, "-0.5"]])
    assert made._repr_markdown_().splitlines() == [
        "| word | n | share |",
        "| :-- | --: | --: |",
        "| a&#124;b | 1,234 | 5 % |",
        "| 猫 | 2 | -0.5 |",
    ]
    assert repr(show.table(["x"], [[0.5], [True], [np.float32(2)]])) == "x\n0.50\nTrue\n2.00"


@pytest.mark.parametrize("rows", [[], [[1, 2], [3]]])
def test_a_crooked_table_is_refused(rows):
    with pytest.raises(ValueError, match="2 columns"):
        show.table(["a", "b"], rows)
