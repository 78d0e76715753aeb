"""Show library source in a notebook, so that no reader has to leave the page to see how a thing is done."""

import ast
import inspect
import numbers
import re
import textwrap


class Source:
    """Code of one or more library objects, ready for a notebook's last line.

    The notebook shows Markdown: the dotted name of each object above its code. Everywhere else, and in the
    text form that the tests compare, it is the bare code.

    Parameters
    ----------
    parts : list of tuple of str
        ``(dotted name, code)``, in the order in which they are shown.

    Examples
    --------
    >>> Source([("b2t.demo.half", "def half(x):\\n    return x / 2")])
    def half(x):
        return x / 2
    """

    def __init__(self, parts):
        self.parts = parts

    def __repr__(self):
        return "\n\n\n".join(code for _, code in self.parts)

    def _repr_markdown_(self):
        return "\n\n".join(f"`{name}`\n\n```python\n{code}\n```" for name, code in self.parts)


def source(*objs, docstring=False):
    """Return the source of functions, classes or methods of ``b2t``.

    Parameters
    ----------
    *objs : function, class, method or property
        Objects defined in ``b2t``.
    docstring : bool, default False
        Keep docstrings whole. By default only the first line of each stays, since the page around the code
        says the rest.

    Returns
    -------
    Source
        Shown by Jupyter as a Markdown code block; its ``repr`` is the code.

    Raises
    ------
    TypeError
        If no object is given, or one has no source of its own (an instance, a constant, a module).
    ValueError
        If an object is not defined in ``b2t``.

    Examples
    --------
    >>> from b2t.show import first_lines
    >>> print(str(source(first_lines)).splitlines()[1])
        \"""Cut every docstring in ``code`` down to its first line.\"""
    """
    if not objs:
        raise TypeError("source() needs at least one function or class, for example source(b2t.show.source)")
    parts = [_dotted_name_and_code(obj) for obj in objs]
    return Source([(name, code if docstring else first_lines(code)) for name, code in parts])


def _dotted_name_and_code(obj):
    target = inspect.unwrap(obj.fget if isinstance(obj, property) else getattr(obj, "__func__", obj))
    if not (inspect.isfunction(target) or inspect.isclass(target)):
        raise TypeError(
            f"source() shows functions, classes and methods of b2t, not {type(obj).__name__}: {obj!r:.60}"
        )
    name = f"{target.__module__}.{target.__qualname__}"
    if target.__module__.split(".")[0] != "b2t":
        raise ValueError(f"{name} is not defined in b2t; use inspect.getsource to see other code")
    return name, textwrap.dedent(inspect.getsource(target)).rstrip()


def first_lines(code):
    """Cut every docstring in ``code`` down to its first line.

    Parameters
    ----------
    code : str
        Python source that parses by itself.

    Returns
    -------
    str
        The same source, each docstring being one line.

    Examples
    --------
    >>> print(first_lines('def f(x):\\n    \"""Double.\\n\\n    Long story.\\n    \"""\\n    return 2 * x'))
    def f(x):
        \"""Double.\"""
        return 2 * x
    """
    lines = code.splitlines()
    for node in sorted(_docstrings(ast.parse(code)), key=lambda node: -node.lineno):
        indent = lines[node.lineno - 1][: node.col_offset]
        literal = "\n".join(lines[node.lineno - 1 : node.end_lineno]).strip()
        prefix, text = re.match(r"(\w*)(?:\"\"\"|'''|\"|')(.*)", literal, re.DOTALL).groups()
        summary = inspect.cleandoc(text).rstrip("\"'").split("\n")[0].strip()
        lines[node.lineno - 1 : node.end_lineno] = [f'{indent}{prefix}"""{summary}"""']
    return "\n".join(lines)


def _docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = node.body[0]
            if ast.get_docstring(node, clean=False) is not None and first.lineno > node.lineno:
                yield first.value


class Table:
    """A small table for a notebook's last line: Markdown in the notebook, tab-separated text elsewhere.

    Parameters
    ----------
    header : list of str
        One a column.
    rows : list of list of str
        The cells, written out.
    """

    def __init__(self, header, rows):
        self.header, self.rows = header, rows

    def __repr__(self):
        return "\n".join("\t".join(cells) for cells in [self.header, *self.rows])

    def _repr_markdown_(self):
        numeric = [all(map(_is_number, column)) for column in zip(*self.rows)]
        rule = ["--:" if right else ":--" for right in numeric]
        lines = [self.header, rule, *self.rows]
        return "\n".join(
            f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |" for cells in lines
        )


def table(header, rows):
    """Write rows as a table: 1234 as 1,234, 0.5 as 0.50, columns of numbers to the right.

    Parameters
    ----------
    header : sequence
        One title a column.
    rows : iterable of sequence
        Cells: numbers, or anything with a ``str``; Markdown in a cell works.

    Returns
    -------
    Table
        Shown by Jupyter as a table.

    Raises
    ------
    ValueError
        If there is no row, or one has not as many cells as the header.

    Examples
    --------
    >>> table(["text", "bytes"], [["自由", 6], ["free", 1234]])
    text    bytes
    自由    6
    free    1,234
    """
    header, rows = list(map(str, header)), [list(map(_written, row)) for row in rows]
    wrong = [row for row in rows if len(row) != len(header)]
    if wrong or not rows:
        found = f"a row has {len(wrong[0])} cells: {wrong[0]}" if wrong else "there is no row"
        raise ValueError(f"the header has {len(header)} columns, but {found}")
    return Table(header, rows)


def _written(cell):
    if isinstance(cell, numbers.Integral) and not isinstance(cell, bool):
        return f"{cell:,}"
    return f"{cell:.2f}" if isinstance(cell, numbers.Real) and not isinstance(cell, bool) else str(cell)


def _is_number(cell):
    return re.fullmatch(r"[-−+]?[\d.,]+(e[-+]?\d+)?(\s±\s[\d.]+)?\s?[%×]?|", cell) is not None
